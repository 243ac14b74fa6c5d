/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the bytes are that no unpacker took: padding, text, data, or so even that only encryption and
 * compression make them. */
#pragma once

#include "fw/unpack/unpack.h"

double area_entropy(struct span s);              /* bits a byte */
/* Judges bytes [offset, offset + s.n) of a member and keeps the result. `whole`: s is all of a file in which
 * nothing was found; then only what cannot be read is worth a word. */
void   area_add(struct members *m, uint32_t member, uint64_t offset, struct span s, bool whole);
/* The entropy of an input from end to end. */
void   strip_add(struct members *m, uint32_t member, struct span s);
