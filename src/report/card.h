/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The identity card of an image: maker, model, version, kernel, build dates, compiler, C library, processor, software
 * with versions, and what it consists of by SHA-256. Each fact names the words and the place it was read from and how
 * sure it is; nothing is guessed. No clock is in it: the same image gives the same bytes. docs/inspect.md has the
 * form. */
#pragma once

#include "report/image.h"

enum { CARD_FORM = 1 };

/* The card as one JSON object. members: with programs, libraries and scripts by hash. Returns how many facts. */
size_t card_write(struct buf *out, const struct image *i, bool members);
/* A paragraph for people. */
void card_report(struct buf *out, const struct layout *l, const struct image *i);
