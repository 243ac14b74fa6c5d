/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice is printed once in a report. Its steps are numbered from the first page to the last, so that who needs
 * a step that stood before is sent to its number; a paragraph that stood before, to the case or finding it stood
 * under. */
#pragma once

#include "report/layout.h"

enum { ADVICE_KEPT = 256 };                      /* what does not fit is printed again in full */

struct advice {                                  /* zeroed; spans borrowed until the report is printed */
	struct { struct span text, under; unsigned step; } said[ADVICE_KEPT];
	unsigned n, steps;
};

/* `under`: id of the case or finding that is being printed. Nothing when text is empty. */
void advice_paragraph(struct advice *a, struct buf *out, const struct layout *l, const char *head, struct span text,
		      struct span under);
/* " Step 1: " and the first sentence of the first step, for the line that a report begins with. Nothing without
 * steps. */
void advice_first(struct buf *line, struct texts next);
/* The steps not said yet, then the numbers of those that were. */
void advice_steps(struct advice *a, struct buf *out, const struct layout *l, struct texts next);
