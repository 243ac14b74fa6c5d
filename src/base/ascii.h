/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters of ASCII, whatever the locale: text of strangers is bytes. */
#pragma once

#include "base/rd.h"

static inline bool ascii_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Neither a control nor beyond ASCII. */
static inline bool ascii_is_shown(int c)
{
	return c >= ' ' && c <= '~';
}

static inline uint8_t ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* What a hexadecimal digit is worth; -1: it is none. */
static inline int ascii_hex(uint8_t c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A few marks, the usual ones first: quicker than a call where every byte of a text is asked. */
static inline bool ascii_among(uint8_t c, const char *marks)
{
	while (*marks && (uint8_t)*marks != c)
		marks++;
	return *marks != '\0';
}

static inline bool span_is_shown(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_shown(s.p[i]))
			return false;
	return true;
}

/* Controls apart, anything: UTF-8 too. */
static inline bool span_has_control(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7F)
			return true;
	return false;
}

/* Digits and nothing else, at least one and at most max (19). */
static inline bool span_decimal(struct span s, unsigned max, uint64_t *out)
{
	uint64_t v = 0;
	if (s.n == 0 || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_digit(s.p[i]))
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return true;
}

/* The word stands at `at`, is all of s, stands somewhere in s: in whatever case. */
static inline bool span_alike_at(struct span s, size_t at, const char *word)
{
	size_t n = strlen(word);
	if (at > s.n || s.n - at < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (ascii_lower(s.p[at + i]) != ascii_lower((uint8_t)word[i]))
			return false;
	return true;
}

static inline bool span_alike(struct span s, const char *word)
{
	return s.n == strlen(word) && span_alike_at(s, 0, word);
}

static inline bool span_has_alike(struct span s, const char *word)
{
	for (size_t at = 0, n = strlen(word); at + n <= s.n; at++)
		if (span_alike_at(s, at, word))
			return true;
	return false;
}

static inline bool span_alike_any(struct span s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_alike(s, words[i]))
			return true;
	return false;
}

static inline bool span_has_alike_any(struct span s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_has_alike(s, words[i]))
			return true;
	return false;
}

/* The next word, without the blanks before it; empty at the end. */
static inline struct span rd_word(struct rd *r, const char *blanks)
{
	while (rd_left(r) && ascii_among(rd_peek(r), blanks))
		rd_skip(r, 1);
	struct rd start = *r;
	size_t n = 0;
	for (; rd_left(r) && !ascii_among(rd_peek(r), blanks); n++)
		rd_skip(r, 1);
	return rd_span(&start, n);
}

/* Without the characters of `set` before it, behind it, on both sides; without blanks. */
static inline struct span span_skip(struct span s, const char *set)
{
	while (s.n && s.p[0] && strchr(set, s.p[0]))
		s = span_from(s, 1);
	return s;
}

static inline struct span span_chop(struct span s, const char *set)
{
	while (s.n && s.p[s.n - 1] && strchr(set, s.p[s.n - 1]))
		s.n--;
	return s;
}

static inline struct span span_strip(struct span s, const char *set)
{
	return span_chop(span_skip(s, set), set);
}

static inline struct span span_trim(struct span s)
{
	while (s.n && ascii_is_blank(s.p[0]))
		s = span_from(s, 1);
	while (s.n && ascii_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* What stands on a line that may end with a carriage return. */
static inline struct span span_trim_line(struct span s)
{
	return span_chop(span_skip(s, " \t"), " \t\r");
}
