/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One harness for the whole table of decoders: the first byte picks one, the second how its bytes come
 * (direction, UDP or a stream, in which pieces); the rest is what it reads. */
#include <stdlib.h>

#include "base/mem.h"
#include "fuzz.h"

enum { PIECE_MAX = 64 };

struct world {
	struct keyring *keyring;
	struct arena arena;
	struct buf json;
};

static void no_expect(struct emit *e, const struct expect *x)
{
	(void)e;
	(void)x;
}

/* A body's spans must lie in what the decoder was given: read them. */
static void read_body(struct emit *e, const struct body *b)
{
	struct world *w = e->to;
	buf_reset(&w->json);
	buf_bytes(&w->json, b->data);
	buf_bytes(&w->json, b->path);
	buf_bytes(&w->json, b->key);
}

/* Frames as track/stream.c would: the bytes come piece by piece, each call sees what is there. */
static void stream(const struct decoder *d, struct message m, struct span all, size_t piece, void *state,
		   struct emit *e)
{
	size_t at = 0, have = piece, seen = 0;
	unsigned turns = 0;
	while (at < all.n && turns++ < 100000) {
		have = have > all.n - at ? all.n - at : have;
		m.bytes = span_of(all.p + at, have);
		m.seen = seen;
		m.closing = at + have == all.n;
		struct frame f = d->frame(&m, state);
		if (f.need == 0 || f.total < f.need)
			return;
		m.cut = f.need > FRAME_CAP;
		size_t need = m.cut ? FRAME_CAP : f.need;
		if (need > have && !m.closing) {
			seen = have;
			have += piece;
			continue;
		}
		m.cut |= need > have;
		need = need > have ? have : need;
		m.bytes = span_cut(m.bytes, need);
		m.rest = f.total == BODY_OPEN ? BODY_OPEN : f.total - need;
		d->decode(&m, state, e);
		at += f.total > all.n - at ? all.n - at : (size_t)f.total;
		have = piece;
		seen = 0;
		m.to_server = piece % 3 == 0 ? !m.to_server : m.to_server;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;
	while (decoders[n])
		n++;
	if (size < 2)
		return 0;
	const struct decoder *d = decoders[data[0] % n];
	struct world w = { .keyring = keyring_new(keyring_test_key), .json = { .cap = 1 << 20 } };
	arena_init(&w.arena, 1 << 20);
	struct record_host host = { .keyring = w.keyring, .arena = &w.arena };
	struct sink sink = { fuzz_read_record, &w.json };
	struct origin at = {
		.sport = 40000, .dport = d->ports[0], .src = addr_v4(0x0a000001), .dst = addr_v4(0x0a000002), .proto = 6
	};
	struct emit e = { .at = &at, .host = &host, .sink = &sink, .expect = no_expect, .body = read_body, .to = &w };
	void *state = d->state_size ? mem_new(d->state_size) : NULL;
	/* An own copy, so that a read past the end is seen. */
	uint8_t *copy = mem_new(size - 1);
	memcpy(copy, data + 2, size - 2);
	struct message m = { .bytes = span_of(copy, size - 2), .to_server = data[1] & 1, .tag = SPAN_LIT("tag"),
			     .over = d->over & OVER_TCP ? OVER_TCP : OVER_UDP };
	if (d->bid)
		d->bid(&m, &at);
	if (d->frame && !(data[1] & 2 && d->over & ~(unsigned)OVER_TCP)) {
		stream(d, m, m.bytes, data[1] % PIECE_MAX + 1, state, &e);
	} else {
		m.closing = true;
		m.over = d->over & OVER_UDP ? OVER_UDP : m.over;
		d->decode(&m, state, &e);
	}
	free(copy);
	free(state);
	arena_done(&w.arena);
	buf_done(&w.json);
	keyring_free(w.keyring);
	return 0;
}
