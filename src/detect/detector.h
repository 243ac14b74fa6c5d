/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A detector turns records and what is tracked into findings. It is one file that ends with its
 * `detector_NAME`, and one line in detect.def. It never sees a packet, decides on time from packets
 * only, and is handed its memory. Record and field names that nobody offers stop the start. */
#pragma once

#include "detect/indicator.h"
#include "finding/finding.h"
#include "profile/profile.h"
#include "track/device.h"
#include "track/track.h"
#include "track/zone.h"

struct baseline;
struct cards;
struct detect;                                   /* the machine that runs them */

struct want {
	const char *record, *field;
};

/* One option of the detector: `[detector NAME] key = value`. */
struct option_num {
	const char *key, *doc, *unit;
	double fallback, min, max;
};

struct run {                                     /* what a detector is called with */
	void *state;                             /* state_size bytes, zeroed at start */
	const int *col;                          /* col[i]: index of wants[i].field in its record */
	const double *opt;                       /* opt[i]: value of options[i] */
	struct detect *host;
	const struct detector *self;
	const struct devices *devices;
	const struct zones *zones;
	struct hash_key key;                     /* of tables whose keys strangers choose */
	uint64_t now;                            /* latest packet time, ns */
};

/* What must hold of a record for a handler to be called: or-ed, all of it. Asked before the call, once for all. A
 * record that comes from no packet fulfils none but WHEN_FOUND. */
enum when {
	WHEN_TO_SERVER = 1,                      /* travels from the end that opened the conversation … */
	WHEN_TO_CLIENT = 2,                      /* … or to it */
	WHEN_PORTS = 4,                          /* TCP or UDP */
	WHEN_ACROSS = 8,                         /* one end stands outside the site, and the other does not */
	WHEN_FOUND = 16,                         /* the detector has a finding already */
};

struct on {
	const char *record;                      /* kind of record; "*patient", "*secret": any that has such fields */
	void (*call)(struct run *d, const struct record *r);
	unsigned when;                           /* enum when */
};

struct detector {
	const char *name;                        /* the rule's id */
	const struct rule *rule;
	const struct on *on;                     /* ends with { NULL } */
	const struct want *wants;                /* ends with { NULL } */
	const struct option_num *options;        /* ends with { NULL } */
	size_t state_size;
	void (*start)(struct run *d);            /* may be NULL */
	void (*tick)(struct run *d);             /* each second of packet time; may be NULL */
	/* Judge what was gathered, at the end of input; live, again at each report: it must give the same
	 * when called twice. May be NULL. */
	void (*finish)(struct run *d);
	/* After that, once for each of its findings that has detect_own(); the same holds. May be NULL. */
	void (*judge)(struct run *d, struct finding *f);
};

/* The table of detect.def, NULL-terminated. */
extern const struct detector *const detectors[];

/* Finds or opens the finding of this rule, device (DEVICE_NONE: the key alone names it) and key
 * (printf), and adds the packet of `at` (may be NULL) as evidence, with first, last and count.
 * NULL only when the cap of findings is reached. A fresh one (count == 1) has severity medium,
 * confidence 0.5, scope of `at`, and observed source, address, port and transport of `at`. */
struct finding *detect_finding(struct run *d, uint32_t device, const struct origin *at, const char *key, ...)
	__attribute__((format(printf, 4, 5)));
/* The same finding once more, for who kept the pointer (a message a packet: no key to format and look up). */
void            detect_again(const struct run *d, struct finding *f, const struct origin *at);
/* Like detect_finding, but the packet is added to a fresh one only. */
struct finding *detect_open(struct run *d, uint32_t device, const struct origin *at, const char *key, ...)
	__attribute__((format(printf, 4, 5)));
/* Like detect_finding without adding evidence, NULL when there is none yet. */
struct finding *detect_find(struct run *d, uint32_t device, const char *key, ...) __attribute__((format(printf, 3, 4)));
/* The findings of this rule in the order they were opened: first with NULL, NULL at the end. */
struct finding *detect_next(struct run *d, const struct finding *f);
/* The detector's own notes on a finding: size bytes, zeroed when first asked for. NULL: memory is used up. */
void           *detect_own(struct run *d, struct finding *f, size_t size);
/* Adds a text to a list of f->observed (OBS_TRAITS, OBS_FIELDS, OBS_EXTRA) unless it stands there. */
void            detect_list(struct finding *f, enum observed_field field, const char *text);
/* The indicator came from a firmware finding: f is what that one foretold. */
void            detect_foretold(struct finding *f, const struct indicator *i);
/* Formats into the run's memory, bounded; "" when that is used up. */
const char     *detect_text(struct run *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One more packet as evidence, without counting. */
void            detect_evidence(struct finding *f, const struct origin *at);
/* The same, with what that packet shows: a text that outlives the finding. */
void            detect_note(struct finding *f, const struct origin *at, const char *note);
/* Where traffic from at->src to at->dst went, as far as is known now. Detectors that judge at finish
 * should ask again there: ARP replies may have come later. */
enum scope      detect_scope(const struct run *d, const struct origin *at);
/* What a detector knows better: outside; or inside, however far `at` (may be NULL) went, as its end is registered. */
void            detect_keep_scope(const struct run *d, struct finding *f, bool outside, const struct origin *at);
/* The address of somebody else's network, as far as is known now. Never a broadcast or the like. */
bool            detect_is_outside(const struct run *d, struct addr a);
/* Whose `at` is, and who gets it: device_sender(), device_receiver(), worked out once for all that look at a record. */
uint32_t        detect_sender(const struct run *d, const struct origin *at);
uint32_t        detect_receiver(const struct run *d, const struct origin *at);
/* 0.4 to 1: how far a judgement that stands on the device's role is believed. */
double          detect_role_weight(const struct run *d, uint32_t device);
/* Whether the rule has a finding of that device; false is certain. Asked before a key is written. */
bool            detect_may_have(const struct run *d, uint32_t device);
/* The end of `at` that opened the conversation, and the other. */
struct addr     detect_client(const struct origin *at);
struct addr     detect_server(const struct origin *at);
uint16_t        detect_server_port(const struct origin *at);
uint32_t        detect_client_device(const struct run *d, const struct origin *at);
uint32_t        detect_server_device(const struct run *d, const struct origin *at);
/* Whose network card this is, on this wire; DEVICE_NONE when nobody knows. */
uint32_t        detect_by_card(const struct run *d, struct mac m);
/* "Patient monitor mon-3 (10.1.2.3)": starts a sentence. Without a device: the address. */
const char     *detect_who(struct run *d, uint32_t device, struct addr fallback);
/* "202.114.4.119:515", "[2001:db8::1]:515"; without the port when it is 0. */
const char     *detect_where(struct run *d, struct addr a, uint16_t port);
/* ", outside the site" and the like, to end a title with; "" for SCOPE_NONE. */
const char     *detect_whither(enum scope s);
/* Whether `[allow NAME]` of the configuration lets the device reach it (central stations: zone_is_central). */
bool            detect_is_allowed(const struct run *d, struct addr device, struct addr to, uint16_t port);
/* Whether the configuration names `who` as one that reads, services, updates or scans the device. */
enum registered_kind {
	REGISTERED_READER, REGISTERED_SERVICE, REGISTERED_UPDATE, REGISTERED_SCANNER, REGISTERED_KINDS
};
bool            detect_is_registered(const struct run *d, enum registered_kind kind, struct addr device,
				     struct addr who);
bool            detect_has_registered(const struct run *d, enum registered_kind kind);   /* any at all */
/* A row of the detector's own table gave way before it could be judged: counted in the health record. */
void            detect_dropped(struct run *d);
/* Publishes a record of a detector's own (an exposure) at finish. */
void            detect_publish(struct run *d, const struct record *r);
const struct record_host *detect_host(struct run *d);
/* What earlier runs knew of the devices (the store); NULL: there was none. */
const struct baseline *detect_baseline(const struct run *d);
/* Identity cards of firmware (--card); NULL: none. */
const struct cards *detect_cards(const struct run *d);
/* What devices may do (--profile); NULL: nobody said. */
const struct profiles *detect_profiles(const struct run *d);
/* Indicators (shipped and --indicators): NULL when none matches. */
const struct indicator *detect_indicator_addr(const struct run *d, struct addr a, uint16_t port, uint8_t proto);
const struct indicator *detect_indicator_name(const struct run *d, struct span host);   /* domain, or a parent of it */
const struct indicator *detect_indicator_url(const struct run *d, struct span url);
const struct indicator *detect_indicator_hash(const struct run *d, const uint8_t sha256[32]);
/* A share, export or file path at that address (family 0: at any). */
const struct indicator *detect_indicator_path(const struct run *d, struct addr a, struct span path);
