/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text inside texts of other kinds: pages of haserl, Android's init.rc. */
#pragma once

#include "fw/pass/shell.h"

bool shell_stands_in(struct span path, struct span content);
bool init_rc_is(struct span path, struct span content);
/* The shell text where it stands, blanks for all else: lines and offsets are those of the file. Any other text is
 * handed back. */
struct span shell_of(struct span path, struct span content, struct arena *a);
