/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only way hostile bytes are read. A reader borrows bytes; a read past the end returns zero,
 * empties the reader and marks it bad for good. Read the message straight through, ask rd_ok once. */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct span {                          /* bytes someone else owns */
	const uint8_t *p;
	size_t n;
};

struct rd {                            /* a value: pass it, copy it */
	const uint8_t *p, *end;
	bool bad, big;
};

#define SPAN_LIT(s) ((struct span){ (const uint8_t *)(s), sizeof(s) - 1 })

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){ p, n };
}

static inline struct span span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

static inline struct span span_cut(struct span s, size_t max)
{
	return (struct span){ s.p, s.n < max ? s.n : max };
}

/* What is left of s behind its first n bytes; empty when there are fewer. */
static inline struct span span_from(struct span s, size_t n)
{
	return n < s.n ? (struct span){ s.p + n, s.n - n } : (struct span){ s.n ? s.p + s.n : s.p, 0 };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* As memcmp() orders them, the shorter one first. */
int span_order(struct span a, struct span b);

static inline bool span_is(struct span a, const char *text)
{
	return span_eq(a, span_str(text));
}

static inline bool span_starts(struct span a, struct span head)
{
	return a.n >= head.n && (head.n == 0 || memcmp(a.p, head.p, head.n) == 0);
}

static inline bool span_ends(struct span a, struct span tail)
{
	return a.n >= tail.n && (tail.n == 0 || memcmp(a.p + a.n - tail.n, tail.p, tail.n) == 0);
}

/* True when text stands somewhere in s. */
static inline bool span_has(struct span s, const char *text)
{
	return s.p && memmem(s.p, s.n, text, strlen(text));
}

static inline struct rd rd_of(struct span s)
{
	return (struct rd){ .p = s.p, .end = s.n ? s.p + s.n : s.p };
}

static inline bool rd_ok(const struct rd *r)
{
	return !r->bad;
}

static inline size_t rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->p);
}

static inline void rd_fail(struct rd *r)
{
	r->p = r->end;
	r->bad = true;
}

static inline void rd_order(struct rd *r, bool big)
{
	r->big = big;
}

static inline struct span rd_span(struct rd *r, uint64_t n)
{
	if (n > rd_left(r)) {
		rd_fail(r);
		return (struct span){ r->end, 0 };
	}
	struct span s = { r->p, (size_t)n };
	r->p = n ? r->p + n : r->p;              /* an empty reader may hold NULL, to which nothing is added */
	return s;
}

static inline void rd_skip(struct rd *r, uint64_t n)
{
	(void)rd_span(r, n);
}

static inline struct span rd_rest(struct rd *r)
{
	return rd_span(r, rd_left(r));
}

/* The next n bytes as a reader; r moves past them. Too few: both are bad. */
static inline struct rd rd_sub(struct rd *r, uint64_t n)
{
	struct rd sub = rd_of(rd_span(r, n));
	sub.bad = r->bad;
	sub.big = r->big;
	return sub;
}

/* The next n bytes as a reader of their own, of which the compiler knows how long it is: fixed headers are then read
 * with one check in all. False when there are fewer: both are bad. */
static inline bool rd_fixed(struct rd *r, size_t n, struct rd *out)
{
	if (rd_left(r) < n) {
		rd_fail(r);
		*out = *r;
		return false;
	}
	*out = (struct rd){ .p = r->p, .end = r->p + n, .big = r->big };
	r->p = out->end;
	return true;
}

/* For formats that point about: n bytes at off of the whole. */
static inline struct rd rd_at(struct span whole, bool big, uint64_t off, uint64_t n)
{
	struct rd r = rd_of(whole);
	r.big = big;
	rd_skip(&r, off);
	return rd_sub(&r, n);
}

/* Up to and without the byte stop, which is consumed; false and nothing consumed if it is not there. */
static inline bool rd_until(struct rd *r, uint8_t stop, struct span *out)
{
	const uint8_t *at = rd_left(r) ? memchr(r->p, stop, rd_left(r)) : NULL;
	if (!at)
		return false;
	*out = (struct span){ r->p, (size_t)(at - r->p) };
	r->p = at + 1;
	return true;
}

/* Up to the byte stop, which is consumed, or to the end: the next line, word or component of a path. */
static inline struct span rd_piece(struct rd *r, uint8_t stop)
{
	struct span s;
	return rd_until(r, stop, &s) ? s : rd_rest(r);
}

static inline uint8_t rd_peek(const struct rd *r)
{
	return rd_left(r) ? *r->p : 0;
}

static inline uint8_t rd_u8(struct rd *r)
{
	struct span s = rd_span(r, 1);
	return s.n ? s.p[0] : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	struct span s = rd_span(r, 2);
	return (uint16_t)(s.n ? s.p[0] << 8 | s.p[1] : 0);
}

static inline uint32_t rd_be24(struct rd *r)
{
	struct span s = rd_span(r, 3);
	return s.n ? (uint32_t)s.p[0] << 16 | (uint32_t)s.p[1] << 8 | s.p[2] : 0;
}

static inline uint32_t rd_be32(struct rd *r)
{
	struct span s = rd_span(r, 4);
	return s.n ? (uint32_t)s.p[0] << 24 | (uint32_t)s.p[1] << 16 | (uint32_t)s.p[2] << 8 | s.p[3] : 0;
}

static inline uint64_t rd_be64(struct rd *r)
{
	struct span s = rd_span(r, 8);
	uint64_t v = 0;
	if (s.n)
		memcpy(&v, s.p, sizeof(v));
	return be64toh(v);
}

static inline uint16_t rd_le16(struct rd *r)
{
	struct span s = rd_span(r, 2);
	return (uint16_t)(s.n ? s.p[1] << 8 | s.p[0] : 0);
}

static inline uint32_t rd_le32(struct rd *r)
{
	struct span s = rd_span(r, 4);
	return s.n ? (uint32_t)s.p[3] << 24 | (uint32_t)s.p[2] << 16 | (uint32_t)s.p[1] << 8 | s.p[0] : 0;
}

static inline uint64_t rd_le64(struct rd *r)
{
	struct span s = rd_span(r, 8);
	uint64_t v = 0;
	if (s.n)
		memcpy(&v, s.p, sizeof(v));
	return le64toh(v);
}

/* A number made of the last eight bytes of s, of all of them when there are fewer: for hashes that take eight at a
 * time. Same bytes, same number; of texts as long as each other, other bytes give another one. */
static inline uint64_t span_last8(struct span s)
{
	struct rd r = rd_of(span_from(s, s.n > 8 ? s.n - 8 : 0)), half = rd_of(span_from(s, s.n > 4 ? s.n - 4 : 0));
	uint64_t v = 0;
	if (rd_left(&r) == 8)
		return rd_le64(&r);
	if (rd_left(&r) >= 4)                    /* two halves that overlap */
		return (uint64_t)rd_le32(&r) << 32 | rd_le32(&half);
	while (rd_left(&r))
		v = v << 8 | rd_u8(&r);
	return v;
}

/* In the order set by rd_order. */
static inline uint16_t rd_u16(struct rd *r)
{
	return r->big ? rd_be16(r) : rd_le16(r);
}

static inline uint32_t rd_u32(struct rd *r)
{
	return r->big ? rd_be32(r) : rd_le32(r);
}

static inline uint64_t rd_u64(struct rd *r)
{
	return r->big ? rd_be64(r) : rd_le64(r);
}

/* Which of the 16 bytes at p are b: a bit each, the first byte's lowest. */
#ifdef __SSE2__
static inline uint32_t rd_equal16(const uint8_t *p, uint8_t b)
{
	__m128i have = _mm_loadu_si128((const __m128i *)(const void *)p);
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(have, _mm_set1_epi8((char)b)));
}
#else
static inline uint32_t rd_equal16(const uint8_t *p, uint8_t b)
{
	uint32_t hits = 0;
	for (unsigned i = 0; i < 16; i++)
		hits |= (uint32_t)(p[i] == b) << i;
	return hits;
}
#endif

/* Which of the 16 bytes at p are the same as those at q, and which are no decimal digit. */
#ifdef __SSE2__
static inline uint32_t rd_same16(const uint8_t *p, const uint8_t *q)
{
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)q);
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
}

static inline uint32_t rd_other16(const uint8_t *p)
{
	__m128i have = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));
	__m128i high = _mm_max_epu8(have, _mm_set1_epi8(10));
	return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(high, have));
}
#else
static inline uint32_t rd_same16(const uint8_t *p, const uint8_t *q)
{
	uint32_t same = 0;
	for (unsigned i = 0; i < 16; i++)
		same |= (uint32_t)(p[i] == q[i]) << i;
	return same;
}

static inline uint32_t rd_other16(const uint8_t *p)
{
	uint32_t other = 0;
	for (unsigned i = 0; i < 16; i++)
		other |= (uint32_t)((uint8_t)(p[i] - '0') > 9) << i;
	return other;
}
#endif

/* Whether both go on with the same n bytes, which are then consumed; else the readers are of no more use. */
static inline bool rd_same(struct rd *a, struct rd *b, size_t n)
{
	for (; n >= 16 && rd_left(a) >= 16 && rd_left(b) >= 16; n -= 16, a->p += 16, b->p += 16)
		if (rd_same16(a->p, b->p) != 0xffff)
			return false;
	if (n >= 16 || rd_left(a) < 16 || rd_left(b) < 16)
		return rd_left(a) >= n && rd_left(b) >= n && span_eq(rd_span(a, n), rd_span(b, n));
	if (~rd_same16(a->p, b->p) & ((UINT32_C(1) << n) - 1))
		return false;
	a->p += n;
	b->p += n;
	return true;
}

/* The decimal digits that come next, up to 15 of them, when at least 16 bytes are left; nothing is consumed. */
static inline unsigned rd_digits(const struct rd *r)
{
	return rd_left(r) < 16 ? 0 : (unsigned)__builtin_ctz(rd_other16(r->p) | 1 << 15);
}

/* Up to and without the first byte that is a or b, which is not consumed; false when neither is there, and nothing is
 * consumed. For texts that are short: long ones are memchr's. */
static inline bool rd_until_any(struct rd *r, uint8_t a, uint8_t b, struct span *out)
{
	const uint8_t *start = r->p;
	struct rd at = *r;
	while (rd_left(&at) >= 16) {
		uint32_t hits = rd_equal16(at.p, a) | rd_equal16(at.p, b);
		at.p += hits ? __builtin_ctz(hits) : 16;
		if (!hits)
			continue;
		*out = (struct span){ start, (size_t)(at.p - start) };
		r->p = at.p;
		return true;
	}
	for (; at.p < at.end; at.p++)
		if (*at.p == a || *at.p == b) {
			*out = (struct span){ start, (size_t)(at.p - start) };
			r->p = at.p;
			return true;
		}
	return false;
}

/* Cuts s at every sep into at most count parts (one or more); what is behind the last is dropped. Returns how many
 * there are. */
static inline unsigned span_split(struct span s, uint8_t sep, struct span *f, unsigned count)
{
	struct rd r = rd_of(s);
	const uint8_t *start = s.p;
	struct span *out = f;
	const struct span *last = f + count;
	while (rd_left(&r) >= 16) {
		const uint8_t *block = rd_span(&r, 16).p;
		for (uint32_t hits = rd_equal16(block, sep); hits; hits &= hits - 1) {
			const uint8_t *at = block + __builtin_ctz(hits);
			*out++ = (struct span){ start, (size_t)(at - start) };
			start = at + 1;
			if (out == last)
				return count;
		}
	}
	while (rd_left(&r)) {
		const uint8_t *at = r.p;
		if (rd_u8(&r) != sep)
			continue;
		*out++ = (struct span){ start, (size_t)(at - start) };
		start = at + 1;
		if (out == last)
			return count;
	}
	*out++ = (struct span){ start, (size_t)(r.end - start) };
	return (unsigned)(out - f);
}
