/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What detect.c (dispatch and publication) and gather.c (what detectors call) share. Nobody else
 * includes it. */
#pragma once

#include "detect/detect.h"

enum { SEAT_DEVICES = 4096 };

struct seat {                                    /* one detector at work */
	const struct detector *detector;
	struct run run;
	struct finding *head, *tail;             /* its findings, in the order they were opened */
	unsigned n;
	uint64_t devices[SEAT_DEVICES / 64];     /* bit per device % SEAT_DEVICES: may have one; clear: has none */
};

struct handler {
	struct seat *seat;
	void (*call)(struct run *d, const struct record *r);
	unsigned when;                           /* enum when */
};

/* What detectors ask of the ends of the record that is handed out: found when the first asks. Devices and zones do not
 * change meanwhile. Devices are kept for the next record, which often has the same ends or tells the way back. */
struct ends {
	const struct origin *at;                 /* NULL: no record is handed out */
	bool has_sender, has_receiver, has_source, has_target;
	bool source_outside, target_outside;
	uint32_t sender, receiver;
	uint64_t changes;                        /* device_changes() when they were found … */
	struct addr src, dst;                    /* … of these */
	struct mac smac;
};

/* All of enum when but WHEN_FOUND. */
enum { LISTENER_HOLDS = (WHEN_TO_SERVER | WHEN_TO_CLIENT | WHEN_PORTS | WHEN_ACROSS) + 1 };

struct listener {                                /* who wants records of a type; slot of a hash table */
	const struct record_type *type;
	uint32_t first, n;                       /* in handlers */
	uint32_t of[LISTENER_HOLDS];             /* by what holds of a record: where those that it is handed begin in picked */
	unsigned ways;                           /* enum travel: what the handlers want between them */
	unsigned when;                           /* enum when: what they ask for between them */
};

struct quota {                                   /* findings of one rule on one device */
	uint32_t seat, device, n;
};

struct allowed {                                 /* one destination of an [allow] section */
	struct prefix device, to;                /* device.net.family 0: any */
	uint16_t port;                           /* 0: any */
};

struct registered {                              /* one address of a [reader], [service] or [update] section */
	struct prefix device, who;               /* device.net.family 0: any */
	enum registered_kind kind;
};

enum { DETECT_SLOTS = 4 * DETECT_FINDINGS, QUOTA_SLOTS = 2 * DETECT_FINDINGS, TEXT_SLOTS = 4 * DETECT_FINDINGS };

struct detect {
	struct detect_setup set;
	struct hash_key key;
	struct seat *seats;
	size_t nseats;
	struct listener *listeners;
	size_t nlisteners;                       /* slots, a power of two */
	struct handler *handlers;
	struct handler *picked;                  /* lists of them, each ended by one without a call */
	uint32_t npicked;
	struct allowed *allowed;
	size_t nallowed;
	struct registered *registered;
	size_t nregistered;
	struct finding **findings;
	uint32_t nfindings;
	uint32_t *slots;                         /* DETECT_SLOTS: number of a finding + 1, 0 is free */
	struct quota *quotas;                    /* QUOTA_SLOTS: n 0 is free */
	struct record **records;                 /* published by detectors */
	uint32_t nrecords;
	const char **texts;                      /* TEXT_SLOTS: the same text is kept once */
	uint32_t ntexts;
	struct arena arena;                      /* lives as long as the findings */
	struct arena kept;                       /* records published by detectors, until they judge again */
	struct arena page, line;                 /* of one publication, of one record in it */
	struct record_host host;
	uint64_t now;
	struct ends ends;
	bool guesses;                            /* nobody configured which networks are whose */
	struct detect_counts counts;
};

void registered_read(struct detect *m);          /* registered.c */
