/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of payloads that evidence may show, by place: a stream's sequence numbers, or a datagram's
 * offsets. The bytes themselves are kept, so that a place shows only what was vouched for, whatever
 * another copy of it holds. What does not fit is not vouched for. */
#pragma once

#include "base/hash.h"

struct vouched;

enum vouch { VOUCH_PLAIN = 1, VOUCH_PERSONAL = 2 };

struct vouched *vouched_new(struct hash_key key, size_t bytes_max);
void            vouched_free(struct vouched *v);

/* marks: enum vouch for each byte, 0: nothing is known of it; NULL: all are plain. The first copy of a
 * byte stands; a place that was vouched for with two different bytes, or is personal in any message, is
 * not shown. Places count modulo 2^32, as TCP's do. */
void            vouched_add(struct vouched *v, uint64_t stream, uint32_t at, struct span bytes, const uint8_t *marks);
/* Overwrites with `fill` what is not vouched for: all of it when a vouched place holds another byte here.
 * Returns how many bytes were overwritten. */
size_t          vouched_apply(const struct vouched *v, uint64_t stream, uint32_t at, uint8_t *bytes, size_t n,
			      uint8_t fill);
/* Pages that did not fit. */
uint64_t        vouched_dropped(const struct vouched *v);
