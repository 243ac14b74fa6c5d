/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identifiers of patients that decoded streams showed, remembered as keyed hashes of their words, and
 * looked for in streams that nobody decodes. A number of a patient counts alone; a name only when two
 * of its words stand near each other. Never a guess by pattern. */
#pragma once

#include "record/record.h"

enum { LEARNT_SLOTS = 1 << 15, LEARNT_SCAN = 16 * 1024 };

struct learnt;

struct learnt *learnt_new(struct hash_key key);
void           learnt_free(struct learnt *l);
bool           learnt_any(const struct learnt *l);
/* A PATIENT value that a decoder met. */
void           learnt_add(struct learnt *l, const struct field *f, struct span value, const struct token *t);
/* The first word of bytes that any learnt identifier has: false when there is none. Stricter than what
 * follows, for where silence costs nothing. */
bool           learnt_word(const struct learnt *l, struct span bytes, struct span *where);
/* True: bytes hold a learnt identifier; which one, and the name of its field. */
bool learnt_find(const struct learnt *l, struct span bytes, struct token *t, const char **field, struct span *where);
