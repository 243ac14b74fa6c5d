/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of track/ share among themselves: the tracker's insides. */
#pragma once

#include "track/content.h"
#include "track/flow.h"
#include "track/frag.h"
#include "track/history.h"
#include "track/learnt.h"
#include "track/tracker.h"

enum { EXPECTATIONS = 256, EXPECT_PORTS = 1024, MEMORY_CAP = 24 << 20 };

#define EXPECT_NS UINT64_C(120000000000)          /* an announced conversation begins within two minutes */

struct expectation {
	struct addr end;
	uint16_t port;
	enum over over;
	const struct decoder *decoder;           /* NULL: free */
	uint64_t ts;
	uint32_t tag_n;
	uint8_t tag[EXPECT_TAG];
};

/* Who listens to records of a type; found by its address. */
struct route {
	const struct record_type *type;          /* NULL: free */
	bool zones;
	uint8_t out;                             /* enum travel: which of them the sink takes */
	const struct device_plan *devices;       /* NULL: not told */
};

enum { ROUTES = 128, MEMOS = 8 };

/* What a decoder keeps across conversations: emit.memo. */
struct memo {
	const struct decoder *of;                /* NULL: free */
	void *bytes;
};

struct tracker {
	struct tracker_setup set;
	struct record_host host;                 /* of records that decoders make */
	struct arena arena;                      /* of one message */
	struct sink sink;                        /* where decoders publish: here first, then set.sink */
	struct health *health;
	struct flows *flows;
	struct frags *frags;
	struct history *history;
	struct content *content;
	struct learnt *learnt;
	struct zones *zones;
	struct devices *devices;
	struct expectation expected[EXPECTATIONS];
	uint16_t expected_ports[EXPECT_PORTS];   /* how many of them are about such a port */
	size_t memory;                           /* bytes held for streams, of MEMORY_CAP */

	/* the message that is being decoded */
	const struct packet *packet;
	struct span message;
	uint32_t message_seq;
	bool is_stream, to_server;
	uint32_t body;                           /* handle that emit_body opened, 0: none */
	struct flow *flow;                       /* its conversation */
	const struct record_type *asked;         /* type that a decoder asked for and only the device table takes */
	struct memo memos[MEMOS];                /* made when first used */
	uint8_t *marks;                          /* enum shown_mark, for each of its bytes; NULL: nobody asks */
	struct route routes[ROUTES];             /* by record type: who listens */
	const struct route *route;               /* of the latest record: the next is often of its type */
};

/* reveal.c: what evidence export may show; all three do nothing unless someone asks */
void reveal_begin(struct tracker *t);
void reveal_mark(struct tracker *t, struct span where, enum shown_mark mark);
/* The message was decoded: good or not. */
void reveal_end(struct tracker *t, bool dir, const struct origin *at, bool good);
/* Bytes of a program behind its message. */
void reveal_program(struct tracker *t, const struct flow *f, bool dir, const struct packet *p, uint32_t seq,
		    struct span bytes);

/* publish.c: where records go */
void publish_start(struct tracker *t);           /* fills t->host and t->sink */
/* To whoever listens, the device table and the zones first. */
void tracker_publish(struct tracker *t, const struct record *r);
/* emit.wants: to is the tracker. */
bool tracker_wants(struct emit *e, const struct record_type *type);

/* conversation.c: who speaks what */
enum claim { CLAIM_NONE, CLAIM_WAIT, CLAIM_MADE };
/* Asks the decoders; CLAIM_MADE: f->decoder is set. */
enum claim conversation_bid(struct tracker *t, struct flow *f, bool dir, const struct message *m,
	const struct packet *p);
/* Nobody wants these bytes: what kind they are, and whether they hold a learnt identifier. */
void conversation_unclaimed(struct tracker *t, struct flow *f, bool dir, struct span bytes, const struct packet *p);
/* Decodes one message of f's decoder, which begins at seq of its stream. Returns the body handle that it
 * opened, 0: none. */
uint32_t conversation_decode(struct tracker *t, struct flow *f, bool dir, const struct message *m,
			     const struct packet *p, uint32_t seq);
struct message conversation_message(const struct tracker *t, const struct flow *f, bool dir, struct span bytes,
				    enum over over);
/* p's conversation is f: who is who. */
void conversation_origin(const struct flow *f, bool dir, struct packet *p);

static inline bool conversation_to_server(const struct flow *f, bool dir)
{
	return flow_client(f) == (int)dir;
}

/* stream.c: TCP in order */
void stream_segment(struct tracker *t, struct flow *f, bool dir, const struct packet *p);
/* The conversation is over (in order, or cut): unfinished messages are decoded as far as they go. */
void stream_end(struct tracker *t, struct flow *f, const struct packet *p);

/* rewrite.c: the same stretch twice with different bytes */
void rewrite_check(struct tracker *t, struct flow *f, bool dir, const struct packet *p);
