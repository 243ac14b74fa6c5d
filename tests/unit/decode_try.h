/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trying a decoder on a few bytes: what it publishes becomes lines "kind field=value field=value",
 * tokens stand as <length>. Every run is on an exact copy of the bytes, so that the address sanitizer
 * sees one byte too many. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/scope.h"
#include "decode/decoder.h"

struct try {
	struct arena arena;
	struct record_host host;
	struct sink sink;
	struct origin at;
	struct emit emit;
	struct buf lines;
	unsigned records, masked;
	bool sound;                              /* decode said so, each time */
};

static inline void try_value(struct buf *b, const struct field *f, const struct value *v)
{
	char text[ADDR_TEXT];
	if (field_is_token(f)) {
		buf_printf(b, "<%u>", v->token.len);
		return;
	}
	switch (f->type) {
	case F_TEXT: buf_bytes(b, v->text); break;
	case F_INT: buf_printf(b, "%lld", (long long)v->i); break;
	case F_REAL: buf_printf(b, "%g", v->d); break;
	case F_BOOL: buf_text(b, v->u ? "true" : "false"); break;
	case F_ADDR: buf_text(b, addr_text(v->addr, text)); break;
	case F_MAC: buf_text(b, mac_text(v->mac, text)); break;
	case F_TEXTS:
		for (uint32_t i = 0; i < v->texts.n; i++) {
			buf_text(b, i ? "," : "");
			buf_bytes(b, v->texts.v[i]);
		}
		break;
	case F_UINT:
	case F_TIME: buf_printf(b, "%llu", (unsigned long long)v->u); break;
	case F_HASH:
	case F_RECORD:
	case F_RECORDS: buf_text(b, "?"); break;
	}
}

static inline void try_publish(void *to, const struct record *r)
{
	struct try *t = to;
	t->records++;
	buf_text(&t->lines, r->type->name);
	for (unsigned i = 0; i < r->type->nfields; i++) {
		if (!record_has(r, i))
			continue;
		buf_printf(&t->lines, " %s=", r->type->fields[i].name);
		try_value(&t->lines, &r->type->fields[i], &r->v[i]);
	}
	buf_text(&t->lines, "\n");
}

static inline void try_masked(void *ctx, const struct field *f, struct span where, const struct token *token)
{
	(void)f;
	(void)token;
	struct try *t = ctx;
	t->masked += (unsigned)where.n;
}

static inline void try_expect(struct emit *e, const struct expect *x)
{
	struct try *t = e->to;
	buf_printf(&t->lines, "expect %s %u\n", x->decoder, x->port);
}

static inline void try_body(struct emit *e, const struct body *b)
{
	struct try *t = e->to;
	buf_printf(&t->lines, "body %s %zu\n", b->via, b->data.n);
}

static inline struct try *try_new(void)
{
	struct try *t = mem_new(sizeof(*t));
	t->host = (struct record_host){
		.keyring = keyring_new(keyring_test_key), .arena = &t->arena, .masked = try_masked, .ctx = t,
	};
	t->sink = (struct sink){ try_publish, t };
	t->emit = (struct emit){ .at = &t->at, .host = &t->host, .sink = &t->sink, .expect = try_expect, .body = try_body,
		.to = t };
	t->sound = true;
	arena_init(&t->arena, 0);
	return t;
}

static inline void try_clear(struct try *t)
{
	buf_reset(&t->lines);
	arena_reset(&t->arena);
	t->records = t->masked = 0;
	t->sound = true;
}

static inline void try_free(struct try *t)
{
	keyring_free((struct keyring *)(uintptr_t)t->host.keyring);
	arena_done(&t->arena);
	buf_done(&t->lines);
	free(t);
}

static inline const char *try_text(struct try *t)
{
	buf_u8(&t->lines, 0);
	t->lines.n -= !t->lines.full;
	return (const char *)t->lines.p;
}

/* What was published must hold this; says both when not. */
static inline void try_says(struct try *t, const char *part)
{
	const char *got = try_text(t);
	if (!strstr(got, part))
		fail_msg("expected \"%s\" in:\n%s", part, got);
}

static inline void try_never_says(struct try *t, const char *part)
{
	const char *got = try_text(t);
	if (strstr(got, part))
		fail_msg("unexpected \"%s\" in:\n%s", part, got);
}

/* One datagram, link or IP body. */
static inline bool try_datagram(struct try *t, const struct decoder *d, struct span bytes, enum over over)
{
	uint8_t *copy = malloc(bytes.n ? bytes.n : 1), *state = mem_new(d->state_size + 1);
	if (bytes.n)
		memcpy(copy, bytes.p, bytes.n);
	struct message m = { .bytes = span_of(copy, bytes.n), .over = over, .to_server = t->at.to_server };
	if (d->bid)
		(void)d->bid(&m, &t->at);
	bool ok = d->decode(&m, state, &t->emit);
	t->sound &= ok;
	free(copy);
	free(state);
	return ok;
}

/* The bytes of one direction that are there now, message by message; returns how many were used up. */
static inline size_t try_stream(struct try *t, const struct decoder *d, void *state, struct span bytes, bool to_server)
{
	size_t used = 0;
	t->at.to_server = to_server;
	for (int turns = 0; used < bytes.n && turns < 10000; turns++) {
		size_t left = bytes.n - used;
		uint8_t *copy = malloc(left);
		memcpy(copy, bytes.p + used, left);
		struct message m = { .bytes = span_of(copy, left), .over = OVER_TCP, .to_server = to_server };
		struct frame f = d->frame(&m, state);
		bool whole = f.total && f.need <= left;
		if (whole) {
			m.bytes.n = f.need;
			m.rest = f.total - f.need;
			t->sound &= d->decode(&m, state, &t->emit);
		}
		free(copy);
		if (!whole)
			return used;
		used += f.total < left ? (size_t)f.total : left;
	}
	return used;
}

static inline struct bid try_bid(const struct decoder *d, struct span bytes, enum over over, const struct origin *at)
{
	uint8_t *copy = malloc(bytes.n ? bytes.n : 1);
	if (bytes.n)
		memcpy(copy, bytes.p, bytes.n);
	struct message m = { .bytes = span_of(copy, bytes.n), .over = over, .closing = over != OVER_TCP };
	struct bid b = d->bid(&m, at);
	free(copy);
	return b;
}

/* Every prefix of a sample goes through every door; the sanitizers look on. */
static inline void try_prefixes(const struct decoder *d, struct span bytes, enum over over)
{
	struct try *t = try_new();
	uint8_t *state = mem_new(d->state_size + 1);
	for (size_t n = 0; n <= bytes.n; n++) {
		struct span part = span_cut(bytes, n);
		if (over == OVER_TCP)
			for (int to_server = 0; to_server < 2; to_server++) {
				memset(state, 0, d->state_size + 1);
				assert_true(try_stream(t, d, state, part, to_server) <= n);
			}
		if (d->bid)
			(void)try_bid(d, part, over, &t->at);
		(void)try_datagram(t, d, part, over);
		try_clear(t);
	}
	free(state);
	try_free(t);
}

/* Random bytes on an unrelated port never look like it. */
static inline void try_random_bytes_are_refused(const struct decoder *d, enum over over)
{
	struct origin at = { .sport = 40001, .dport = 40002, .ts = 1700000000000000000u };
	uint64_t x = 0x243F6A8885A308D3u;
	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[96];
		for (size_t k = 0; k < sizeof(bytes); k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			bytes[k] = (uint8_t)(x >> 32);
		}
		struct bid b = try_bid(d, span_of(bytes, sizeof(bytes)), over, &at);
		assert_true(b.score <= BID_MAYBE);
	}
}

/* "0a 0b 'text' 0c" as bytes; returns the span over out. */
static inline struct span try_bytes(const char *hex, uint8_t *out, size_t size)
{
	size_t n = 0;
	while (*hex && n < size) {
		if (*hex == ' ') {
			hex++;
		} else if (*hex == '\'') {
			for (hex++; *hex && *hex != '\'' && n < size; hex++)
				out[n++] = (uint8_t)*hex;
			hex += *hex == '\'';
		} else {
			char pair[3] = { hex[0], hex[1], 0 };
			char *end;
			out[n++] = (uint8_t)strtoul(pair, &end, 16);
			assert_true(end == pair + 2);
			hex += 2;
		}
	}
	return span_of(out, n);
}

/* One message as hexadecimal and text, and what it becomes. */
struct try_sample {
	const struct decoder *decoder;
	const char *bytes;
	bool sound;
	const char *says;                        /* NULL: no record at all */
};

/* Frees t. */
static inline void try_sample(struct try *t, const struct try_sample *s, enum over over)
{
	uint8_t room[1024];
	if (try_datagram(t, s->decoder, try_bytes(s->bytes, room, sizeof(room)), over) != s->sound)
		fail_msg("sample: %s", s->bytes);
	assert_int_equal(t->records, s->says ? 1 : 0);
	if (s->says)
		try_says(t, s->says);
	try_free(t);
}

static inline void try_sample_prefixes(const struct try_sample *s, enum over over)
{
	uint8_t room[1024];
	try_prefixes(s->decoder, try_bytes(s->bytes, room, sizeof(room)), over);
}
