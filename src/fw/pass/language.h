/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts in Lua, Python, PHP, Perl and awk as acts: what they run, and whom they call. */
#pragma once

#include "fw/pass/act.h"

/* Whether a file is such a script: by its first line, its beginning or its name. */
bool language_is(const char *path, struct span content);
void acts_of_language(struct acts *out, const char *path, struct span content);
