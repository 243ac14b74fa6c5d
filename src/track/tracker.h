/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracker: takes packets, keeps conversations, streams, devices and zones, runs the decoders and
 * publishes every record. */
#pragma once

#include "decode/packet.h"
#include "track/device.h"
#include "track/health.h"
#include "track/zone.h"

struct tracker;
struct learnt;

enum shown_mark {
	SHOWN_PLAIN = 1,                         /* text of a PLAIN field, or the protocol's own */
	SHOWN_PERSONAL = 2,                      /* of a PATIENT or SECRET field, whatever else it is */
};

struct shown {
	const struct origin *at;                 /* of the packet that completed the message */
	struct addr from;                        /* who sent it */
	uint16_t port;
	bool is_stream;
	uint32_t seq;                            /* of the first byte; 0 for datagrams */
	struct span bytes;
	const uint8_t *marks;                    /* enum shown_mark for each byte; NULL: all of them are plain */
};

struct tracker_setup {
	struct keyring *keyring;
	const struct sink *sink;                 /* where records go; borrowed */
	struct health *health;
	const struct conf *conf;                 /* may be NULL */
	const struct oui *oui;                   /* may be NULL */
	uint32_t flow_cap;                       /* 0: FLOW_CAP */
	/* Which records of that type the sink does anything with: enum travel, or-ed; the answer is kept. NULL: all. */
	unsigned (*wants)(void *ctx, const struct record_type *t);
	/* Evidence export: told of every message that was decoded, and of every piece of a program on its way,
	 * which of its bytes may be shown. May be NULL. */
	void (*shown)(void *ctx, const struct shown *s);
	void *ctx;
};

struct tracker *tracker_new(const struct tracker_setup *s);
void            tracker_free(struct tracker *t);

enum { TRACK_BATCH = 32 };

/* n <= TRACK_BATCH parsed packets in the order of the capture. */
void tracker_packets(struct tracker *t, struct packet *p, size_t n);
/* Ends every conversation and publishes what is left, then the devices. */
void tracker_finish(struct tracker *t);

const struct devices *tracker_devices(const struct tracker *t);
const struct zones   *tracker_zones(const struct tracker *t);
/* Identifiers of patients that were met so far. */
const struct learnt  *tracker_learnt(const struct tracker *t);
/* Host for records made outside a packet's life: detectors' and the engine's own. */
const struct record_host *tracker_host(const struct tracker *t);
