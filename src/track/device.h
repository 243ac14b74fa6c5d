/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: one row each from several clues, with where each came from and how sure. */
#pragma once

#include "base/conf.h"
#include "track/track.h"

enum device_role {
	ROLE_UNKNOWN, ROLE_MONITOR, ROLE_PUMP, ROLE_VENTILATOR, ROLE_ANALYSER, ROLE_IMAGING, ROLE_CENTRAL, ROLE_PACS,
	ROLE_HL7_ENGINE, ROLE_PRINTER, ROLE_SERVER, ROLE_WORKSTATION, ROLE_NETWORK, ROLE_CAMERA, ROLES
};

const char *role_name(enum device_role r);       /* "patient monitor" … */
enum device_role role_find(const char *name);    /* ROLE_UNKNOWN when there is none of that name */
/* Touches a patient or carries a patient's data by its nature: the roles detectors care for. */
bool role_is_medical(enum device_role r);

enum device_field {
	DEV_ID, DEV_NAME, DEV_ROLE, DEV_ROLE_CONFIDENCE, DEV_MEDICAL, DEV_MAC, DEV_MAC_VENDOR, DEV_MAC_LOCAL, DEV_ADDRESSES,
	DEV_MAKER, DEV_MODEL, DEV_VERSION, DEV_SERIAL, DEV_PROTOCOLS, DEV_FIRST, DEV_LAST, DEV_PACKETS, DEV_BYTES,
	DEV_ZONE, DEV_CLUES
};
extern const struct record_type device_type;

/* One clue (DEV_CLUES): what was said, in which field of which protocol, first seen where. */
enum clue_field { CLUE_WHAT, CLUE_SAID, CLUE_FROM, CLUE_CONFIDENCE, CLUE_FIRST_PACKET, CLUE_COUNT };
extern const struct record_type clue_type;

struct devices;                                  /* the table; opaque */
enum { DEVICE_NONE = 0 };                        /* ids are 1.. and stay for the run; merged rows forward */

/* DEVICE_NONE when it is routed in from outside. */
uint32_t device_sender(const struct devices *t, const struct origin *at);
uint32_t device_receiver(const struct devices *t, const struct origin *at);
uint32_t device_by_addr(const struct devices *t, struct addr a);
/* As long as it stays the same, so do the three above. */
uint64_t device_changes(const struct devices *t);
uint32_t device_root(const struct devices *t, uint32_t id);                  /* after merges */
enum device_role device_role(const struct devices *t, uint32_t id);
bool     device_is_medical(const struct devices *t, uint32_t id);
double   device_role_confidence(const struct devices *t, uint32_t id);
uint64_t device_first(const struct devices *t, uint32_t id);                 /* ns */
struct mac device_mac(const struct devices *t, uint32_t id);
struct addr device_addr(const struct devices *t, uint32_t id);               /* the latest; family 0: none */
/* A name for people, never empty: host name, else model, else role and address. Valid until the next call. */
const char *device_label(const struct devices *t, uint32_t id);
/* A subject_type-shaped summary is made by detect/; these are its texts ("" when unknown). */
const char *device_stable_id(const struct devices *t, uint32_t id);          /* "D-" and 8 hex digits */
const char *device_name(const struct devices *t, uint32_t id);
const char *device_model(const struct devices *t, uint32_t id);

/* ---- feeding: by whoever sees the packets ---- */

struct oui;
struct zones;
extern const struct conf_key device_conf[];      /* `[device NAME]` */

/* c and o may be NULL; c is not kept, host, z and o must outlive the table. */
struct devices *devices_new(const struct record_host *host, struct zones *z, const struct conf *c, const struct oui *o);
void            devices_free(struct devices *t);

/* First packet of each direction of a conversation (after zone_saw_packet): opens the sender's row when it
 * is one of ours. Returns its id, DEVICE_NONE for who is routed in from outside. */
uint32_t device_saw(struct devices *t, const struct origin *at, uint64_t bytes);
/* a will be asked for soon: asks memory for its entry, then its row, then what belongs to that; by step from 0 to 2. */
void     device_soon(const struct devices *t, struct addr a, unsigned step);
/* What records of that type have to say of devices; NULL: nothing. Lives as long as t. */
const struct device_plan *devices_plan(struct devices *t, const struct record_type *type);
/* Every record that is published, flow records too (after zones_record), with the plan of its type. */
void     devices_record(struct devices *t, const struct device_plan *p, const struct record *r);
/* A conversation was found to be d's; at is any packet of it (at->to_server tells the ends). */
void     devices_speaks(struct devices *t, const struct origin *at, const struct decoder *d);
/* One device_type record each, in order of id. */
void     devices_publish(struct devices *t, const struct sink *s);

struct device_counts {
	uint64_t devices, merged, split, refused, clues, clues_dropped;
	uint64_t moved, contested;               /* addresses that went to another MAC; that two MACs used at once */
};
struct device_counts device_counts(const struct devices *t);
/* The administrator wrote `network = disabled` for it: it is not to send at all. */
bool device_is_disabled(const struct devices *t, uint32_t id);
bool device_is_configured(const struct devices *t, uint32_t id);
