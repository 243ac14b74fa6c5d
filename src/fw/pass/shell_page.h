/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text inside texts of other kinds: pages of haserl, Android's init.rc, fstab. */
#pragma once

#include "fw/pass/shell.h"

bool shell_stands_in(struct span path, struct span content);
bool shell_read_at_start(struct span path, struct span content);         /* by init itself */
/* The shell text in the lines in which it stands, blanks for all else. Any other text is handed back. */
struct span shell_of(struct span path, struct span content, struct arena *a);
