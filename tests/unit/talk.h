/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A conversation with one stream decoder, fed byte by byte or in steps as a network would: frames are
 * asked for, bodies skipped, records kept as JSON lines, bodies as "body PATH OFFSET LENGTH DATA". */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/scope.h"
#include "decode/decoder.h"
#include "record/json.h"

enum { TALK_BUFFER = 1 << 20 };

struct talk_way {
	uint8_t bytes[TALK_BUFFER];
	size_t n, seen;
	uint64_t skip;                           /* of a message whose rest decode does not see */
	bool closed;
};

struct talk {
	const struct decoder *d;
	struct record_host host;
	struct arena arena;
	struct buf said;                         /* NUL-terminated by talk_said */
	struct origin at;
	unsigned malformed, refused, decoded;
	size_t asked;                            /* most bytes that a frame wanted */
	uint64_t state[STATE_MAX / 8];
	void *memo;                              /* emit.memo */
	struct talk_way way[2];
};

static inline void talk_record(void *to, const struct record *r)
{
	struct talk *t = to;
	json_record(&t->said, r, NULL);
	buf_text(&t->said, "\n");
}

static inline void talk_body(struct emit *e, const struct body *b)
{
	struct talk *t = e->to;
	buf_printf(&t->said, "body %s %.*s at %ju ", b->via, (int)b->path.n, (const char *)b->path.p, (uintmax_t)b->offset);
	if (b->length == BODY_OPEN)
		buf_text(&t->said, "open");
	else
		buf_printf(&t->said, "of %ju", (uintmax_t)b->length);
	buf_printf(&t->said, "%s [%.*s]\n", b->last ? " last" : "", (int)b->data.n, (const char *)b->data.p);
}

static inline struct talk *talk_new(const char *decoder)
{
	struct talk *t = mem_new(sizeof(*t));
	t->d = decoder_find(decoder);
	assert_non_null(t->d);
	arena_init(&t->arena, 1 << 20);
	t->host = (struct record_host){ .keyring = keyring_new(keyring_test_key), .arena = &t->arena };
	t->memo = mem_new(t->d->memo_size + 1);
	t->at = (struct origin){ .packet = 1, .src = addr_v4(0x0a000001), .dst = addr_v4(0x0a000002), .sport = 4000,
		.dport = 9, .proto = 6 };
	return t;
}

static inline void talk_free(struct talk *t)
{
	free(t->memo);
	keyring_free(t->host.keyring);
	arena_done(&t->arena);
	buf_done(&t->said);
	free(t);
}

/* One step: false when more bytes are needed. */
static inline bool talk_turn(struct talk *t, bool to_server)
{
	struct talk_way *w = &t->way[to_server];
	size_t skip = w->skip < w->n ? (size_t)w->skip : w->n;
	memmove(w->bytes, w->bytes + skip, w->n - skip);
	w->n -= skip;
	w->skip -= w->skip == BODY_OPEN ? 0 : skip;
	if (w->n == 0 || w->skip)
		return false;
	struct message m = {
		.bytes = span_of(w->bytes, w->n), .seen = w->seen, .to_server = to_server, .closing = w->closed, .over = OVER_TCP,
	};
	struct frame f = t->d->frame(&m, t->state);
	assert_true(f.total == 0 || f.total >= f.need);
	if (f.total == 0) {
		t->refused++;
		w->skip = BODY_OPEN;
		return true;
	}
	m.cut = f.need > FRAME_CAP || (f.need > w->n && w->closed);
	f.need = f.need > FRAME_CAP ? FRAME_CAP : f.need;
	t->asked = f.need > t->asked ? f.need : t->asked;
	w->seen = w->n;
	if (f.need > w->n && !w->closed)
		return false;
	/* On the heap, at its exact size: the sanitizer sees every byte too far. */
	m.bytes.n = f.need < w->n ? f.need : w->n;
	AUTO_FREE uint8_t *exact = mem_new(m.bytes.n + 1);
	memcpy(exact, w->bytes, m.bytes.n);
	m.bytes.p = exact;
	m.rest = f.total == BODY_OPEN ? BODY_OPEN : f.total - m.bytes.n;
	t->at.to_server = to_server;
	struct sink sink = { talk_record, t };
	struct emit e = { .at = &t->at, .host = &t->host, .sink = &sink, .body = talk_body, .to = t,
			  .memo = t->memo };
	t->malformed += !t->d->decode(&m, t->state, &e);
	t->decoded++;
	arena_reset(&t->arena);
	w->seen = 0;
	w->skip = f.total;
	return true;
}

static inline void talk_bytes(struct talk *t, bool to_server, struct span s, size_t step)
{
	struct talk_way *w = &t->way[to_server];
	for (struct rd r = rd_of(s); rd_left(&r);) {
		struct span part = rd_span(&r, rd_left(&r) < step ? rd_left(&r) : step);
		assert_true(w->n + part.n <= TALK_BUFFER);
		memcpy(w->bytes + w->n, part.p, part.n);
		w->n += part.n;
		while (talk_turn(t, to_server))
			;
	}
}

static inline void talk_close(struct talk *t, bool to_server)
{
	t->way[to_server].closed = true;
	while (talk_turn(t, to_server))
		;
}

static inline const char *talk_said(struct talk *t)
{
	buf_u8(&t->said, 0);
	t->said.n--;
	return (const char *)t->said.p;
}

static inline void talk_expect(struct talk *t, const char *text)
{
	if (!strstr(talk_said(t), text))
		fail_msg("no %s in:\n%s", text, talk_said(t));
}

static inline void talk_never(struct talk *t, const char *text)
{
	if (strstr(talk_said(t), text))
		fail_msg("%s in:\n%s", text, talk_said(t));
}

static inline int talk_bid(const char *decoder, struct span s, bool closing)
{
	struct origin at = { .sport = 4000, .dport = 9 };
	AUTO_FREE uint8_t *exact = mem_new(s.n + 1);
	memcpy(exact, s.p, s.n);
	struct message m = { .bytes = span_of(exact, s.n), .over = OVER_TCP, .closing = closing };
	return decoder_find(decoder)->bid(&m, &at).score;
}
