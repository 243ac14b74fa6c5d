/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JA4: transport, version, whether a name is asked for, how many ciphers and extensions, the protocol inside; then
 * twelve digits of the hash of the sorted ciphers; then of the sorted extensions and the signature algorithms. */
#include "decode/ja4.h"

#include <stdlib.h>

#include "base/keyring.h"

enum { EXT_SNI = 0, EXT_ALPN = 16, COUNT_MAX = 99, DIGITS = JA4_DIGITS, LIST_TEXT = JA4_LIST * 5 * 2 + 2 };

void ja4_begin(struct ja4 *j)
{
	j->version = 0;
	j->alpn = (struct span){ 0 };
	j->ciphers.n = j->extensions.n = j->signatures.n = 0;
}

void ja4_add(struct ja4_list *l, uint16_t v)
{
	if ((v & 0x0F0F) == 0x0A0A && v >> 8 == (v & 0xFF))
		return;
	if (l->n < JA4_LIST)
		l->v[l->n] = v;
	l->n++;
}

static unsigned kept(const struct ja4_list *l)
{
	return l->n < JA4_LIST ? l->n : JA4_LIST;
}

static int by_value(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static const char hex[] = "0123456789abcdef";

/* "0005,000a,…" without the two that are told elsewhere when they are left out. By hand: snprintf made this the
 * dearest part of reading a hello. At most five bytes a value, for which the caller has room. */
static size_t list_put(char *out, const struct ja4_list *l, bool leave_out)
{
	size_t n = 0;
	for (unsigned i = 0; i < kept(l); i++) {
		uint16_t v = l->v[i];
		if (leave_out && (v == EXT_SNI || v == EXT_ALPN))
			continue;
		if (n)
			out[n++] = ',';
		for (int shift = 12; shift >= 0; shift -= 4)
			out[n++] = hex[v >> shift & 15];
	}
	return n;
}

static void digest(struct span text, char out[DIGITS + 1])
{
	uint8_t hash[32];
	keyring_sha256(text, hash);
	for (int i = 0; i < DIGITS; i++)
		out[i] = hex[hash[i / 2] >> (i % 2 ? 0 : 4) & 15];
	out[DIGITS] = '\0';
}

static unsigned place_of(struct span text)
{
	uint64_t h = text.n;
	struct rd r = rd_of(text);
	while (rd_left(&r) >= 8)
		h = (h ^ rd_le64(&r)) * UINT64_C(0x9e3779b97f4a7c15);
	return (unsigned)(h >> 32) % JA4_KNOWN;
}

/* Twelve digits of SHA-256; zeros of nothing. */
static void digits_of(struct span text, struct ja4_memo *memo, char out[DIGITS + 1])
{
	if (!text.n) {
		memset(out, '0', DIGITS);
		out[DIGITS] = '\0';
		return;
	}
	if (!memo || text.n > JA4_KNOWN_TEXT) {
		digest(text, out);
		return;
	}
	unsigned i = place_of(text);
	if (!span_eq(span_of(memo->known[i].text, memo->known[i].n), text)) {
		digest(text, memo->known[i].digits);
		memcpy(memo->known[i].text, text.p, text.n);
		memo->known[i].n = (uint16_t)text.n;
	}
	memcpy(out, memo->known[i].digits, DIGITS + 1);
}

static const char *version_text(uint16_t v)
{
	switch (v) {
	case 0x0002: return "s2";
	case 0x0300: return "s3";
	case 0x0301: return "10";
	case 0x0302: return "11";
	case 0x0303: return "12";
	case 0x0304: return "13";
	default: return "00";
	}
}

static bool is_plain(uint8_t c)
{
	uint8_t low = c | 0x20;
	return (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z');
}

/* First and last character; when either is no letter or digit, first and last digit of their hex form. */
static void alpn_text(struct span s, char out[3])
{
	uint8_t first = s.n ? s.p[0] : '0', last = s.n ? s.p[s.n - 1] : '0';
	bool plain = is_plain(first) && is_plain(last);
	out[0] = plain ? (char)first : hex[first >> 4];
	out[1] = plain ? (char)last : hex[last & 15];
	out[2] = '\0';
}

struct span ja4_text(struct ja4 *j, struct ja4_memo *memo, struct arena *a)
{
	char list[LIST_TEXT], ciphers[DIGITS + 1], extensions[DIGITS + 1], alpn[3];
	bool named = false;
	for (unsigned i = 0; i < kept(&j->extensions); i++)
		named |= j->extensions.v[i] == EXT_SNI;
	qsort(j->ciphers.v, kept(&j->ciphers), sizeof(uint16_t), by_value);
	qsort(j->extensions.v, kept(&j->extensions), sizeof(uint16_t), by_value);
	digits_of(span_of(list, list_put(list, &j->ciphers, false)), memo, ciphers);
	size_t n = list_put(list, &j->extensions, true);
	if (j->signatures.n) {
		if (n)
			list[n++] = '_';
		n += list_put(list + n, &j->signatures, false);
	}
	digits_of(span_of(list, n), memo, extensions);
	alpn_text(j->alpn, alpn);
	unsigned nc = j->ciphers.n < COUNT_MAX ? j->ciphers.n : COUNT_MAX;
	unsigned nx = j->extensions.n < COUNT_MAX ? j->extensions.n : COUNT_MAX;
	return span_str(arena_printf(a, "t%s%c%02u%02u%s_%s_%s", version_text(j->version), named ? 'd' : 'i', nc, nx, alpn,
				     ciphers, extensions));
}
