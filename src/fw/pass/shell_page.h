/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Web pages with shell text in them. */
#pragma once

#include "fw/pass/shell.h"

bool shell_page_is(struct span content);
/* The page's shell text where it stands, blanks for all else: lines and offsets are those of the page. */
struct span shell_of_page(struct span content, struct arena *a);
