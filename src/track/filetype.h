/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of file begins with these bytes, and whether such a file is or carries a program. */
#pragma once

#include "base/rd.h"

enum { FILETYPE_HEAD = 512, FILETYPE_NAME = 48 };   /* bytes of the file that matter: tar's mark is at 257 */

struct filetype {
	char name[FILETYPE_NAME];                /* "ELF program (ARM)", "script", "text" … */
	bool code;                               /* program, script, archive, file system or firmware */
	bool program;                            /* machine code, by a mark that no text begins with */
	bool wrapped;                            /* stands within a form: the head of the form is no part of the file */
};

/* head: the file's first bytes, up to FILETYPE_HEAD; fewer only when the file is that short. */
struct filetype filetype_of(struct span head);
