/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TCP conversation: handshake, segments of at most the MSS, acknowledgements as a quiet stack
 * sends them, close. Its own clock moves on with what is sent and waited. */
#pragma once

#include "lab/net.h"

enum conv_side { CLIENT, SERVER };

struct conv {
	struct net *net;
	struct host *end[2];                     /* by conv_side */
	uint16_t port[2];
	uint32_t seq[2];
	bool owes[2];                            /* has not acknowledged yet what the other sent last */
	uint64_t now, rtt;                       /* ns */
	uint16_t mss;
	/* A man in the middle: each packet is seen twice, the second time sent by him, after `alter` may
	 * have changed its payload in place (never its length). */
	struct host *middle;
	void (*alter)(void *ctx, enum conv_side from, uint8_t *payload, size_t n);
	void *alter_ctx;
	struct span last;                        /* conv_repeat: borrowed from the last conv_send */
	enum conv_side last_side;
};

/* Puts the two ends, ports, clock and round-trip time in place; nothing is sent yet. */
struct conv conv_of(struct net *n, struct host *client, struct host *server, uint16_t port, uint64_t at);
void conv_open(struct conv *c);                  /* the three-way handshake */
void conv_syn(struct conv *c);                   /* one SYN and nothing more; repeat after a wait */
void conv_refuse(struct conv *c);                /* SYN, RST */
void conv_send(struct conv *c, enum conv_side from, struct span data);
void conv_text(struct conv *c, enum conv_side from, const char *fmt, ...) PRINTF(3, 4);
void conv_noise(struct conv *c, enum conv_side from, size_t bytes);
void conv_repeat(struct conv *c);                /* the last segment once more, byte for byte: a lost ACK */
void conv_wait(struct conv *c, uint64_t ns);
void conv_close(struct conv *c, enum conv_side first);
void conv_reset(struct conv *c, enum conv_side from);
