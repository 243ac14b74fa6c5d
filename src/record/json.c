/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON writer: straight into the buffer, no tree, no printf on the way of common values. */
#include "record/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

const char *const json_reserved[] = { "kind", "time", "file", "packet", "src", "sport", "dst", "dport", "vlan", NULL };

static const char hex_digits[] = "0123456789abcdef";

enum { JSON_DEPTH = 16 };

#define LIT(b, s) buf_bytes(b, SPAN_LIT(s))

static void escape_unit(struct buf *b, uint32_t unit)
{
	const char text[] = { '\\', 'u', hex_digits[unit >> 12 & 15], hex_digits[unit >> 8 & 15],
			      hex_digits[unit >> 4 & 15], hex_digits[unit & 15] };
	buf_bytes(b, span_of(text, sizeof(text)));
}

static void escape(struct buf *b, uint32_t c)
{
	switch (c) {
	case '"': LIT(b, "\\\""); return;
	case '\\': LIT(b, "\\\\"); return;
	case '\n': LIT(b, "\\n"); return;
	case '\r': LIT(b, "\\r"); return;
	case '\t': LIT(b, "\\t"); return;
	default: break;
	}
	if (c >= 0x10000) {
		escape_unit(b, 0xD800 + ((c - 0x10000) >> 10));
		escape_unit(b, 0xDC00 + ((c - 0x10000) & 0x3FF));
	} else {
		escape_unit(b, c);
	}
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

/* True when none of the eight bytes is a control, a quote, a backslash, DEL or above ASCII. The known
 * trick of finding a small byte in a word; a borrow may cry wolf, never stay silent. */
static bool all_plain(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\', del = w ^ ones * 0x7F;
	return (((w - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones) | w) & tops) == 0;
}

static size_t plain_run(struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) >= 8) {
		struct rd ahead = r;
		uint64_t w;
		memcpy(&w, rd_span(&ahead, 8).p, sizeof(w));
		if (!all_plain(w))
			break;
		r = ahead;
	}
	while (rd_left(&r) && is_plain(rd_peek(&r)))
		rd_skip(&r, 1);
	return s.n - rd_left(&r);
}

void json_put_text(struct buf *b, struct span s)
{
	LIT(b, "\"");
	while (s.n) {
		size_t n = plain_run(s);
		buf_bytes(b, span_cut(s, n));
		s = span_from(s, n);
		if (!s.n)
			break;
		struct rd r = rd_of(s);
		uint32_t c = utf8_next(&r);
		if (c == '"' || c == '\\' || utf8_is_unsafe(c))
			escape(b, c);
		else
			utf8_put(b, c);
		s = rd_rest(&r);
	}
	LIT(b, "\"");
}

void json_put_str(struct buf *b, const char *s)
{
	json_put_text(b, span_str(s));
}

/* Decimal digits at the end of out; returns where they start. */
static struct span digits(char out[24], uint64_t v)
{
	size_t at = 24;
	do {
		out[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	return span_of(out + at, 24 - at);
}

void json_put_uint(struct buf *b, uint64_t v)
{
	char text[24];
	buf_bytes(b, digits(text, v));
}

void json_put_int(struct buf *b, int64_t v)
{
	if (v < 0)
		LIT(b, "-");
	json_put_uint(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Numbers of few digits, which measured values are: v * 10^k is whole and reads back as v, so these
 * are the fewest digits (both numbers exact, one correctly rounded division: Clinger 1990). */
static bool real_short(struct buf *b, double v)
{
	static const double tens[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
	double m = fabs(v);
	for (unsigned k = 0; k < 7 && m * tens[k] < 1e15; k++) {
		double whole = floor(m * tens[k] + 0.5);
		if (fabs(whole / tens[k] - m) > 0)
			continue;
		char text[24];
		uint64_t n = (uint64_t)whole, ten = (uint64_t)tens[k];
		if (v < 0)
			LIT(b, "-");
		json_put_uint(b, n / ten);
		if (k == 0)
			return true;
		LIT(b, ".");
		struct span frac = digits(text, n % ten);
		buf_fill(b, '0', k - frac.n);
		buf_bytes(b, frac);
		return true;
	}
	return false;
}

void json_put_real(struct buf *b, double v)
{
	if (!isfinite(v)) {
		LIT(b, "null");
		return;
	}
	if (real_short(b, v))
		return;
	char text[32];
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, v);
		if (fabs(strtod(text, NULL) - v) <= 0)
			break;
	}
	buf_text(b, text);
}

static void two(char *out, unsigned v)
{
	out[0] = (char)('0' + v / 10 % 10);
	out[1] = (char)('0' + v % 10);
}

struct date {
	unsigned year, month, day;
};

/* Days since 1970-01-01 to a Gregorian date, in 400-year eras that begin on 1 March. */
static struct date date_of(uint64_t days)
{
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	unsigned month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	return (struct date){ (unsigned)(yoe + era * 400 + (month <= 2)), month, (unsigned)(doy - (153 * mp + 2) / 5 + 1) };
}

void json_put_time(struct buf *b, uint64_t ns)
{
	char t[] = "\"0000-00-00T00:00:00.000000000Z\"";
	uint64_t s = ns / 1000000000, fraction = ns % 1000000000;
	unsigned clock = (unsigned)(s % 86400);
	struct date d = date_of(s / 86400);
	two(t + 1, d.year / 100);
	two(t + 3, d.year % 100);
	two(t + 6, d.month);
	two(t + 9, d.day);
	two(t + 12, clock / 3600);
	two(t + 15, clock / 60 % 60);
	two(t + 18, clock % 60);
	for (char *at = t + 29; at > t + 20; at--, fraction /= 10)
		*at = (char)('0' + fraction % 10);
	buf_bytes(b, span_of(t, sizeof(t) - 1));
}

void json_put_hex(struct buf *b, struct span s)
{
	LIT(b, "\"");
	struct rd r = rd_of(s);
	while (rd_left(&r)) {
		uint8_t v = rd_u8(&r);
		const char pair[] = { hex_digits[v >> 4], hex_digits[v & 15] };
		buf_bytes(b, span_of(pair, 2));
	}
	LIT(b, "\"");
}

void json_put_token(struct buf *b, const struct token *t)
{
	LIT(b, "{\"length\":");
	json_put_uint(b, t->len);
	LIT(b, ",\"hash\":");
	json_put_hex(b, span_of(t->hash, TOKEN_HASH));
	LIT(b, "}");
}

static void put_addr(struct buf *b, struct addr a)
{
	char text[ADDR_TEXT], *at = text;
	if (a.family != 4) {
		LIT(b, "\"");
		buf_text(b, addr_text(a, text));
		LIT(b, "\"");
		return;
	}
	*at++ = '"';                             /* written by hand: four of five records carry two of these */
	for (int i = 12; i < 16; i++) {
		unsigned v = a.b[i];
		if (v >= 100)
			*at++ = (char)('0' + v / 100);
		if (v >= 10)
			*at++ = (char)('0' + v / 10 % 10);
		*at++ = (char)('0' + v % 10);
		*at++ = i < 15 ? '.' : '"';
	}
	buf_bytes(b, span_of(text, (size_t)(at - text)));
}

static void put_mac(struct buf *b, struct mac m)
{
	char text[MAC_TEXT + 1], *at = text;
	for (int i = 0; i < 6; i++) {
		*at++ = i ? ':' : '"';
		*at++ = hex_digits[m.b[i] >> 4];
		*at++ = hex_digits[m.b[i] & 15];
	}
	*at++ = '"';
	buf_bytes(b, span_of(text, (size_t)(at - text)));
}

/* A field's or key's name: ours, needs no escapes. */
static void key(struct buf *b, const char *name)
{
	size_t n = strlen(name);
	uint8_t *at = buf_room(b, n + 4);
	if (!at)
		return;
	at[0] = ',';
	at[1] = '"';
	memcpy(at + 2, name, n);
	at[n + 2] = '"';
	at[n + 3] = ':';
}

static void origin(struct buf *b, const struct origin *o, const struct json_opts *opts)
{
	key(b, "time");
	json_put_time(b, o->ts);
	const char *file = opts && opts->file_name ? opts->file_name(opts->ctx, o->file) : NULL;
	if (file) {
		key(b, "file");
		json_put_str(b, file);
	}
	key(b, "packet");
	json_put_uint(b, o->packet);
	if (o->src.family) {
		key(b, "src");
		put_addr(b, o->src);
	}
	if (o->sport) {
		key(b, "sport");
		json_put_uint(b, o->sport);
	}
	if (o->dst.family) {
		key(b, "dst");
		put_addr(b, o->dst);
	}
	if (o->dport) {
		key(b, "dport");
		json_put_uint(b, o->dport);
	}
	if (o->vlan) {
		key(b, "vlan");
		json_put_uint(b, o->vlan);
	}
}

static void put_texts(struct buf *b, struct texts t)
{
	LIT(b, "[");
	for (uint32_t i = 0; i < t.n; i++) {
		if (i)
			LIT(b, ",");
		json_put_text(b, t.v[i]);
	}
	LIT(b, "]");
}

static void put_fields(struct buf *b, const struct record *r, const struct json_opts *opts, unsigned depth);

static void put_object(struct buf *b, const struct record *r, const struct json_opts *opts, unsigned depth)
{
	if (depth > JSON_DEPTH) {
		LIT(b, "null");
		return;
	}
	size_t at = b->n;
	LIT(b, "{");
	put_fields(b, r, opts, depth);
	if (b->full)
		return;
	if (b->n == at + 1) {                    /* no field set */
		LIT(b, "}");
		return;
	}
	/* The first field's comma follows the brace: close the gap of one byte. */
	memmove(b->p + at + 1, b->p + at + 2, b->n - at - 2);
	b->p[b->n - 1] = '}';
}

static void put_value(struct buf *b, const struct field *f, const struct value *v, const struct json_opts *opts,
		      unsigned depth)
{
	switch (f->type) {
	case F_TEXT: json_put_text(b, v->text); return;
	case F_UINT: json_put_uint(b, v->u); return;
	case F_INT: json_put_int(b, v->i); return;
	case F_REAL: json_put_real(b, v->d); return;
	case F_BOOL: buf_text(b, v->u ? "true" : "false"); return;
	case F_ADDR: put_addr(b, v->addr); return;
	case F_MAC: put_mac(b, v->mac); return;
	case F_TIME: json_put_time(b, v->u); return;
	case F_HASH: json_put_hex(b, span_of(v->hash, 32)); return;
	case F_TEXTS: put_texts(b, v->texts); return;
	case F_RECORD: put_object(b, v->record, opts, depth + 1); return;
	case F_RECORDS: break;
	}
	LIT(b, "[");
	for (uint32_t i = 0; i < v->records.n; i++) {
		if (i)
			LIT(b, ",");
		put_object(b, v->records.v[i], opts, depth + 1);
	}
	LIT(b, "]");
}

static void put_fields(struct buf *b, const struct record *r, const struct json_opts *opts, unsigned depth)
{
	for (uint64_t set = r->set; set; set &= set - 1) {
		unsigned i = (unsigned)__builtin_ctzll(set);
		const struct field *f = &r->type->fields[i];
		if (f->privacy == VITAL && !(opts && opts->vitals))
			continue;
		key(b, f->name);
		if (field_is_token(f))
			json_put_token(b, &r->v[i].token);
		else
			put_value(b, f, &r->v[i], opts, depth);
	}
}

void json_record(struct buf *b, const struct record *r, const struct json_opts *opts)
{
	LIT(b, "{\"kind\":\"");
	buf_text(b, r->type->name);
	LIT(b, "\"");
	if (r->at)
		origin(b, r->at, opts);
	put_fields(b, r, opts, 0);
	LIT(b, "}");
}
