/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of programs that differ. */
#include "fw/compare/compare.h"

void compare_functions(struct comparison *c)
{
	(void)c;
}
