/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What another sensor saw and wrote down: conversations without packets, messages without bytes. They go the way
 * that packets go from here on: zones, devices, detectors. */
#pragma once

#include "track/tracker.h"

struct told {
	struct origin at;                        /* from the end that opened it; ts: its first packet; flow: its number */
	uint64_t last;                           /* ns */
	uint64_t packets[2], bytes[2];           /* to the server, to the client; bytes: payload, as far as the sensor says */
	const char *transport;                   /* "tcp", "udp" … */
	const char *state;                       /* one of the flow record's; NULL: not known */
	const struct decoder *decoder;           /* what it speaks; NULL: not known */
};

/* A conversation from at will be told soon: what it needs is asked of memory, in steps from 0 to 2, a line in
 * between. */
void told_soon(struct tracker *t, const struct origin *at, unsigned step);

/* In this order, each once: it began, it was answered, what it speaks, it is over. */
void told_contact(struct tracker *t, const struct told *c);
void told_answer(struct tracker *t, const struct told *c);
void told_speaks(struct tracker *t, const struct told *c);
void told_flow(struct tracker *t, const struct told *c);

/* The address was given to the card. */
void told_lease(struct tracker *t, const struct origin *at, struct addr leased, struct mac to);

/* A message: as fields, made with tracker_host's keyring and any arena … */
void told_record(struct tracker *t, const struct record *r);
/* … or as the bytes that its sender must have sent, which the decoder reads as ever. */
void told_message(struct tracker *t, const struct decoder *d, const struct origin *at, struct span bytes);
