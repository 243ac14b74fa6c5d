/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations: one row for both directions, found by a keyed hash of the ends. Shared by the files
 * of track/ alone. */
#pragma once

#include "decode/decoder.h"
#include "decode/packet.h"
#include "track/health.h"

enum { FLOW_CAP = 1 << 20 };                     /* default capacity; rows are made as they are needed */

enum flow_class { CLASS_NONE, CLASS_TEXT, CLASS_BINARY, CLASS_ENCRYPTED };

enum flow_flag {
	FLOW_ANSWERED = 1, FLOW_REFUSED = 2, FLOW_CLOSED = 4, FLOW_RESET = 8, FLOW_SYN = 16,
	FLOW_OPAQUE = 32,                        /* decoder or tracker wants no more of its bytes */
	FLOW_UNKNOWN = 64,                       /* nobody bid */
	FLOW_FLIP = 128,                         /* the end with the higher key opened it */
	FLOW_MIDSTREAM = 256,                    /* picked up without its beginning */
	FLOW_EXPECTED = 512,                     /* another conversation announced it */
	FLOW_SIDE_SURE = 1024,                   /* who is the client is certain */
	FLOW_SCANNED = 2048,                     /* learnt identifiers were reported from it */
	FLOW_TOLD_SERVER = 4096, FLOW_TOLD_CLIENT = 8192,        /* what nobody listens to was told once */
};

struct held;                                     /* out-of-order segments */

/* What a direction remembers while a message is unfinished. */
struct stream {
	struct held *held;                       /* by sequence number */
	uint32_t nheld, held_bytes;
	uint8_t *pend;                           /* bytes of the unfinished message */
	uint32_t pend_n, pend_size, seen;
	uint64_t skip;                           /* bytes of the stream to pass over, or to the body */
	uint32_t body;                           /* handle of the content tracker, 0: none */
	bool resync;                             /* wait for a segment that starts a message */
};

struct half {
	uint64_t bytes;                          /* payload on the wire */
	uint64_t last;                           /* when this end spoke last */
	uint32_t packets;
	uint32_t next;                           /* TCP: next sequence number expected */
	uint32_t history;                        /* newest entry of the history ring, 0: none */
	uint8_t state;                           /* enum half_state */
	uint8_t odd;                             /* segments outside every window in a row */
	uint16_t scanned;                        /* bytes looked through for learnt identifiers */
	struct stream *s;                        /* NULL: nothing to remember */
};

enum half_state { HALF_NEW, HALF_OPEN, HALF_FIN };

struct flow {
	uint8_t ends[2][16];
	uint16_t ports[2];
	uint8_t proto, family;
	uint16_t flags;                          /* enum flow_flag */
	uint32_t row, hash;                      /* its own index; low bits of its hash */
	uint32_t next_in_slot;                   /* next row + 1 with the same slot, or of the free ones */
	uint64_t id;                             /* 0: free */
	uint64_t first, last;
	struct half half[2];                     /* [0]: from ends[0] */
	const struct decoder *decoder;
	void *state;
	struct mac macs[2];
	uint16_t vlan;
	uint8_t class;
	uint8_t ttl;                             /* of the first answer */
	uint8_t tries;                           /* segments that nobody claimed */
	uint8_t lost_sync;
	uint32_t messages, gaps;
	uint32_t tag;                            /* index of the expectation's tag + 1 */
};

struct flows;

struct flows *flows_new(struct hash_key key, uint32_t cap, struct health *h);
void          flows_free(struct flows *t);

/* Two steps, so that a batch can fetch rows from memory while others are worked on. */
struct flow_hash {
	uint64_t h;
	bool flip;                               /* the sender is ends[1] */
};
struct flow_hash flow_hash(const struct flows *t, const struct packet *p);
void             flow_prefetch_slot(const struct flows *t, struct flow_hash h);
void             flow_prefetch(const struct flows *t, struct flow_hash h);

/* The row, or NULL. */
struct flow *flow_find(struct flows *t, struct flow_hash h, const struct packet *p);
/* A fresh row. When the table is full one is evicted first: ended(ctx, row) is called for it. */
typedef void flow_ended(void *ctx, struct flow *f);
struct flow *flow_new(struct flows *t, struct flow_hash h, const struct packet *p, flow_ended *ended, void *ctx);
void         flow_drop(struct flows *t, struct flow *f);
/* Looks at the next few rows and ends those idle at time now. */
void         flows_sweep(struct flows *t, uint64_t now, uint32_t rows, flow_ended *ended, void *ctx);
/* Ends all, in the order they began. */
void         flows_end(struct flows *t, flow_ended *ended, void *ctx);

static inline struct addr flow_addr(const struct flow *f, int end)
{
	struct addr a = { .family = f->family };
	memcpy(a.b, f->ends[end], sizeof(a.b));
	return a;
}

/* Index of the end that opened the conversation. */
static inline int flow_client(const struct flow *f)
{
	return f->flags & FLOW_FLIP ? 1 : 0;
}
