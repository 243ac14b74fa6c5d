/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A decoder turns one whole message into records. It has no clock, no output and no globals; what it
 * must remember between the messages of one conversation (an RPC call until its reply) is a small
 * zeroed state that track/ keeps. A decoder is one file that ends with its `decoder_NAME`, and one
 * line in decode.def.
 *
 * PATIENT fields use one vocabulary, so that exposures of every protocol count alike: patient_id,
 * patient_name, birth_date, sex, address, phone, ssn, account, next_of_kin, guarantor, insurance,
 * physician, bed, department, visit, study, note. */
#pragma once

#include "record/record.h"

enum over {
	OVER_TCP = 1, OVER_UDP = 2,
	OVER_LINK = 4,                           /* straight in an Ethernet frame: see .ethertype */
	OVER_IP = 8,                             /* straight in IP: see .protocol */
};

enum side { SIDE_UNKNOWN, SIDE_CLIENT, SIDE_SERVER };

/* What the bytes at the start of a conversation's direction look like. From BID_LIKELY on the
 * decoder gets the conversation, best score first; BID_MAYBE only on one of its .ports. A few bytes
 * of text are never more than BID_MAYBE. side: which end must have sent this, when that is certain. */
enum { BID_NO = 0, BID_MAYBE = 30, BID_LIKELY = 60, BID_SURE = 90, BID_WAIT = -1 /* fits so far: show more */ };

struct bid {
	int score;
	enum side side;
};

struct message {
	struct span bytes;                       /* borrowed until the call ends */
	size_t seen;                             /* frame: leading bytes that an earlier call for this message saw */
	uint64_t rest;                           /* decode: bytes of the message that follow and were not asked for */
	uint32_t lost;                           /* bytes that were on the wire behind these and not captured */
	bool to_server;
	bool closing;                            /* frame: no byte will follow */
	bool cut;                                /* decode: longer than the cap or cut by the close: only its head is here */
	enum over over;
	struct span tag;                         /* what an emit_expect said of this conversation */
};

/* Where the message at the start of the bytes ends. need: bytes that decode wants to see (more than
 * there are: wait); total: bytes it occupies in the stream, >= need. What is between the two is never
 * buffered: it goes to the body that decode opens, or is skipped. total 0: this is no message. */
struct frame {
	size_t need;
	uint64_t total;
};

enum { FRAME_CAP = 256 * 1024 };                 /* need is cut to this; decode is told by .cut */
#define FRAME_WAIT(m)  ((struct frame){ (m)->bytes.n + 1, (m)->bytes.n + 1 })
#define FRAME_WHOLE(n) ((struct frame){ (n), (n) })
#define FRAME_NONE     ((struct frame){ 0, 0 })
#define BODY_OPEN      UINT64_MAX                /* total or length: until the stream closes */

/* A file on its way: the content tracker hashes it and says what kind of bytes it is. */
struct body {
	const char *via;                         /* "nfs", "http" … */
	struct span path;                        /* name as it was asked for; may be empty */
	struct span key;                         /* same key, same conversation end points: same file (a file handle) */
	struct span data;                        /* the part that is in this message's bytes already */
	uint64_t offset;                         /* of data in the file */
	uint64_t length;                         /* of data plus what follows in .rest; BODY_OPEN: until close */
	uint64_t size;                           /* of the whole file, 0: unknown */
	bool last;                               /* the file ends with this part */
	bool to_server;                          /* which way the file travels */
	bool packed;                             /* compressed for transport (HTTP content coding): not the file as it is */
	bool told;                               /* the decoder reads it itself, beside */
};

struct emit;

/* Tells track/ that (end, port) will be used for what `decoder` knows: FTP data, TFTP replies. */
struct expect {
	struct addr end;
	uint16_t port;
	enum over over;
	const char *decoder;
	struct span tag;                         /* copied, at most EXPECT_TAG bytes */
};

enum { EXPECT_TAG = 256, STATE_MAX = 4096, MEMO_MAX = 128 * 1024 };

struct emit {
	const struct origin *at;
	const struct record_host *host;
	const struct sink *sink;
	void (*expect)(struct emit *e, const struct expect *x);
	void (*body)(struct emit *e, const struct body *b);
	/* Whether anybody listens to records of that type now; NULL: all are wanted. Lets a decoder spare
	 * itself the making of many small ones. */
	bool (*wants)(struct emit *e, const struct record_type *t);
	void *to;                                /* of the three above */
	/* memo_size bytes of the decoder, zeroed once and shared by all conversations: what it worked out before and
	 * need not work out again. The same records leave with and without it; NULL: there is none. */
	void *memo;
};
/* For who wants the records alone. */
void emit_no_expect(struct emit *e, const struct expect *x);
void emit_no_body(struct emit *e, const struct body *b);

struct decoder {
	const char *name, *doc;                  /* doc names the norm */
	unsigned over;                           /* enum over, or-ed */
	uint16_t ports[8];                       /* registered or usual; a hint, never proof */
	uint16_t ethertype;                      /* OVER_LINK */
	uint8_t protocol;                        /* OVER_IP */
	bool clinical;                           /* carries care data: its messages are kept for comparison */
	bool no_content;                         /* names and states of machines alone, or ciphertext: evidence export shows
						  * its messages whole, less what a PATIENT or SECRET field holds */
	const char *client_is, *server_is;       /* roles of track/device.c that speaking it suggests; NULL: none */
	size_t state_size;                       /* <= STATE_MAX, zeroed at the start of a conversation */
	size_t memo_size;                        /* <= MEMO_MAX: see emit.memo */
	struct bid (*bid)(const struct message *m, const struct origin *at);
	struct frame (*frame)(const struct message *m, void *state);   /* TCP only */
	/* False: malformed; the caller counts it. Records published before stand. */
	bool (*decode)(const struct message *m, void *state, struct emit *e);
	const struct record_type *const *types;  /* NULL-terminated */
};

/* The table of decode.def, NULL-terminated. */
extern const struct decoder *const decoders[];
const struct decoder *decoder_find(const char *name);

static inline void emit_begin(struct emit *e, struct record *r, const struct record_type *t)
{
	record_begin(r, t, e->at, e->host);
}

static inline bool emit_wants(struct emit *e, const struct record_type *t)
{
	return !e->wants || e->wants(e, t);
}

/* These bytes are the protocol's own (lengths, types, separators): evidence export shows them. What is
 * neither shown here nor the text of a PLAIN field is overwritten there. */
static inline void emit_shown(struct emit *e, struct span s)
{
	if (e->host->shown)
		e->host->shown(e->host->ctx, s);
}

static inline void emit_record(struct emit *e, const struct record *r)
{
	publish(e->sink, r);
}

static inline void emit_expect(struct emit *e, struct expect x)
{
	e->expect(e, &x);
}

static inline void emit_body(struct emit *e, struct body b)
{
	e->body(e, &b);
}

static inline bool port_is(const struct decoder *d, const struct origin *at)
{
	for (int i = 0; i < 8 && d->ports[i]; i++)
		if (d->ports[i] == at->sport || d->ports[i] == at->dport)
			return true;
	return false;
}
