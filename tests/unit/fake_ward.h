/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ward for detectors without packets: devices as a list, the real zones, records made by hand. The
 * test that includes this takes the place of track/device.c. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/scope.h"
#include "detect/detect.h"
#include "record/json.h"

/* ---- devices ---- */

enum { WARD_DEVICES = 8192 };

struct ward_device {
	enum device_role role;
	const char *name;
	struct mac mac;
	struct addr addr;
	uint32_t root;                           /* 0: itself */
	uint64_t first;                          /* first seen, ns; 0: long ago */
	bool disabled;
};

struct devices {
	uint32_t n;                              /* ids are 1..n */
	struct ward_device v[WARD_DEVICES];
	char text[64];
};

const char *role_name(enum device_role r)
{
	static const char *const names[ROLES] = {
		"unknown", "patient monitor", "infusion pump", "ventilator", "analyser",
		"imaging", "central station", "PACS",          "HL7 engine", "printer",
		"server",  "workstation",     "network",       "camera",
	};
	return names[r];
}

enum device_role role_find(const char *name)
{
	for (enum device_role r = ROLE_MONITOR; r < ROLES; r++)
		if (strcmp(role_name(r), name) == 0)
			return r;
	return ROLE_UNKNOWN;
}

bool role_is_medical(enum device_role r)
{
	return r >= ROLE_MONITOR && r <= ROLE_HL7_ENGINE;
}

uint32_t device_root(const struct devices *t, uint32_t id)
{
	return t->v[id].root ? t->v[id].root : id;
}

static inline uint32_t ward_by_mac(const struct devices *t, struct mac m)
{
	for (uint32_t i = 1; i <= t->n; i++)
		if (mac_eq(t->v[i].mac, m) && t->v[i].role != ROLE_NETWORK)
			return device_root(t, i);
	return DEVICE_NONE;
}

uint32_t device_sender(const struct devices *t, const struct origin *at)
{
	return ward_by_mac(t, at->smac);
}

uint32_t device_receiver(const struct devices *t, const struct origin *at)
{
	return ward_by_mac(t, at->dmac);
}

uint32_t device_by_addr(const struct devices *t, struct addr a)
{
	for (uint32_t i = 1; i <= t->n; i++)
		if (addr_eq(t->v[i].addr, a))
			return device_root(t, i);
	return DEVICE_NONE;
}

/* Never the same: tests change the list as they like, nothing of it may be kept from one record to the next. */
uint64_t device_changes(const struct devices *t)
{
	static uint64_t changes;
	(void)t;
	return ++changes;
}

enum device_role device_role(const struct devices *t, uint32_t id)
{
	return t->v[device_root(t, id)].role;
}

bool device_is_medical(const struct devices *t, uint32_t id)
{
	return role_is_medical(device_role(t, id));
}

double device_role_confidence(const struct devices *t, uint32_t id)
{
	return device_role(t, id) == ROLE_UNKNOWN ? 0 : 0.8;
}

uint64_t device_first(const struct devices *t, uint32_t id)
{
	return t->v[id].first ? t->v[id].first : 1;
}

struct mac device_mac(const struct devices *t, uint32_t id)
{
	return t->v[id].mac;
}

struct addr device_addr(const struct devices *t, uint32_t id)
{
	return t->v[id].addr;
}

const char *device_name(const struct devices *t, uint32_t id)
{
	return t->v[id].name ? t->v[id].name : "";
}

const char *device_label(const struct devices *t, uint32_t id)
{
	return device_name(t, id);
}

const char *device_model(const struct devices *t, uint32_t id)
{
	(void)t;
	(void)id;
	return "";
}

/* Another text with each call, as the real one may: callers must copy. */
const char *device_stable_id(const struct devices *t, uint32_t id)
{
	static char text[16];
	snprintf(text, sizeof(text), "D-%08x", t->v[id].mac.b[5] + 256u * t->v[id].mac.b[4]);
	return text;
}

bool device_is_disabled(const struct devices *t, uint32_t id)
{
	return t->v[id].disabled;
}

bool device_is_configured(const struct devices *t, uint32_t id)
{
	return device_is_disabled(t, id);
}

/* ---- records that track/ publishes; names as in track.h ---- */

static const struct field ward_contact_fields[] = {
	{ .name = "transport", .type = F_TEXT }, { .name = "opening", .type = F_TEXT },
};
static RECORD_TYPE(ward_contact, "contact", "", ward_contact_fields);
static const struct field ward_answer_fields[] = {
	{ .name = "transport", .type = F_TEXT }, { .name = "ttl", .type = F_UINT },
};
static RECORD_TYPE(ward_answer, "answer", "", ward_answer_fields);
enum { WARD_AGAIN_TRANSPORT, WARD_AGAIN_PROTOCOL, WARD_AGAIN_BYTES };
static const struct field ward_again_fields[] = {
	{ .name = "transport", .type = F_TEXT }, { .name = "protocol", .type = F_TEXT },
	{ .name = "bytes", .type = F_UINT },
};
static RECORD_TYPE(ward_again, "again", "", ward_again_fields);
enum {
	WARD_FLOW_PROTOCOL, WARD_FLOW_STATE, WARD_FLOW_TO_SERVER, WARD_FLOW_TO_CLIENT, WARD_FLOW_FIRST, WARD_FLOW_LAST,
	WARD_FLOW_UP, WARD_FLOW_DOWN, WARD_FLOW_CLASS, WARD_FLOW_LAST_UP, WARD_FLOW_LAST_DOWN
};
static const struct field ward_flow_fields[] = {
	{ .name = "protocol", .type = F_TEXT }, { .name = "state", .type = F_TEXT },
	{ .name = "bytes_to_server", .type = F_UINT }, { .name = "bytes_to_client", .type = F_UINT },
	{ .name = "first", .type = F_TIME }, { .name = "last", .type = F_TIME },
	{ .name = "packets_to_server", .type = F_UINT }, { .name = "packets_to_client", .type = F_UINT },
	{ .name = "class", .type = F_TEXT },
	{ .name = "last_to_server", .type = F_TIME }, { .name = "last_to_client", .type = F_TIME },
};
static RECORD_TYPE(ward_flow, "flow", "", ward_flow_fields);
enum {
	WARD_FILE_PATH, WARD_FILE_SHA256, WARD_FILE_TO_SERVER, WARD_FILE_VIA, WARD_FILE_CLASS, WARD_FILE_CODE,
	WARD_FILE_BYTES, WARD_FILE_SIZE, WARD_FILE_WHOLE
};
static const struct field ward_transfer_fields[] = {
	{ .name = "path", .type = F_TEXT },
	{ .name = "sha256", .type = F_HASH },
	{ .name = "to_server", .type = F_BOOL },
	{ .name = "via", .type = F_TEXT },
	{ .name = "class", .type = F_TEXT },
	{ .name = "code", .type = F_BOOL },
	{ .name = "bytes", .type = F_UINT },
	{ .name = "size", .type = F_UINT },
	{ .name = "whole", .type = F_BOOL },
};
static RECORD_TYPE(ward_transfer, "transfer", "", ward_transfer_fields);
enum {
	WARD_REWRITE_FIRST, WARD_REWRITE_SECOND, WARD_REWRITE_BYTES, WARD_REWRITE_PROTOCOL, WARD_REWRITE_VALUES,
	WARD_REWRITE_FIELDS, WARD_REWRITE_OK
};
static const struct field ward_rewrite_fields[] = {
	{ .name = "first_mac", .type = F_MAC }, { .name = "second_mac", .type = F_MAC },
	{ .name = "bytes", .type = F_UINT }, { .name = "protocol", .type = F_TEXT },
	{ .name = "values", .type = F_RECORDS, .nested = &changed_type },
	{ .name = "fields", .type = F_TEXTS }, { .name = "checksum_ok", .type = F_BOOL },
};
static RECORD_TYPE(ward_rewrite, "rewrite", "", ward_rewrite_fields);
enum { WARD_CLUE_WHAT, WARD_CLUE_SAID, WARD_CLUE_FROM };
static const struct field ward_clue_fields[] = {
	{ .name = "what", .type = F_TEXT }, { .name = "said", .type = F_TEXT }, { .name = "from", .type = F_TEXT },
};
static RECORD_TYPE(ward_clue, "clue", "", ward_clue_fields);
enum {
	WARD_DEV_ID, WARD_DEV_NAME, WARD_DEV_ROLE, WARD_DEV_MEDICAL, WARD_DEV_MAC, WARD_DEV_ADDRESSES, WARD_DEV_FIRST,
	WARD_DEV_LAST, WARD_DEV_PROTOCOLS, WARD_DEV_CLUES
};
static const struct field ward_device_fields[] = {
	{ .name = "id", .type = F_TEXT }, { .name = "name", .type = F_TEXT }, { .name = "role", .type = F_TEXT },
	{ .name = "medical", .type = F_BOOL }, { .name = "mac", .type = F_MAC }, { .name = "addresses", .type = F_TEXTS },
	{ .name = "first", .type = F_TIME }, { .name = "last", .type = F_TIME }, { .name = "protocols", .type = F_TEXTS },
	{ .name = "clues", .type = F_RECORDS, .nested = &ward_clue },
};
static RECORD_TYPE(ward_known, "device", "", ward_device_fields);
static const struct record_type *const ward_types[] = {
	&ward_contact, &ward_answer, &ward_again, &ward_flow, &ward_transfer, &ward_rewrite, &ward_known, NULL,
};

/* ---- the ward ---- */

struct ward {
	struct devices devices;
	struct zones *zones;
	struct indicators *indicators;
	struct keyring *keyring;
	struct detect *detect;
	struct conf *conf;
	struct conf_key *options;
	struct arena arena;
	struct record_host host;
	struct buf said;                         /* published records, a JSON line each */
	uint64_t ts, packet;
	struct mac router;
};

static inline void ward_say(void *to, const struct record *r)
{
	struct ward *w = to;
	json_record(&w->said, r, NULL);
	buf_text(&w->said, "\n");
}

static inline struct mac ward_mac(unsigned n)
{
	return (struct mac){ { 2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n } };
}

static inline struct addr ward_ip(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static inline const char *ward_file(void *ctx, uint32_t file)
{
	(void)ctx;
	(void)file;
	return "ward.pcap";
}

/* table: the detectors under test, ends with NULL. conf: text of a configuration, or NULL. */
static inline struct ward *ward_all(const struct detector *const *table, const struct decoder *const *from,
				    const char *conf, const struct profiles *profiles,
				    const struct baseline *baseline)
{
	struct ward *w = mem_new(sizeof(*w));
	w->options = detect_option_keys(table);
	const struct conf_key *keys[] = { zone_conf, detect_conf, w->options, NULL };
	struct buf errors = { 0 };
	if (conf)
		assert_int_equal(conf_parse(span_str(conf), "test", keys, &w->conf, &errors), 0);
	buf_done(&errors);
	w->keyring = keyring_new(keyring_test_key);
	w->zones = zones_new(keyring_hash_key(w->keyring), w->conf);
	w->indicators = indicators_new();
	arena_init(&w->arena, 1 << 20);
	w->host = (struct record_host){ .keyring = w->keyring, .arena = &w->arena };
	w->ts = UINT64_C(1700000000) * 1000000000u;
	char err[256];
	w->detect = detect_new(&(struct detect_setup){
		.detectors = table, .decoders = from, .types = ward_types, .devices = &w->devices, .zones = w->zones,
		.baseline = baseline, .indicators = w->indicators, .profiles = profiles, .keyring = w->keyring,
		.conf = w->conf, .file_name = ward_file,
	}, err);
	if (!w->detect)
		fail_msg("%s", err);
	return w;
}

static inline struct ward *ward_with(const struct detector *const *table, const struct decoder *const *from,
				     const char *conf, const struct profiles *profiles)
{
	return ward_all(table, from, conf, profiles, NULL);
}

static inline struct ward *ward_after(const struct detector *const *table, const struct decoder *const *from,
				      const char *conf, const struct baseline *baseline)
{
	return ward_all(table, from, conf, NULL, baseline);
}

static inline struct ward *ward_new(const struct detector *const *table, const struct decoder *const *from,
				    const char *conf)
{
	return ward_with(table, from, conf, NULL);
}

static inline void ward_free(struct ward *w)
{
	detect_free(w->detect);
	indicators_free(w->indicators);
	zones_free(w->zones);
	conf_free(w->conf);
	free(w->options);
	keyring_free(w->keyring);
	arena_done(&w->arena);
	buf_done(&w->said);
	free(w);
}

static inline uint32_t ward_device(struct ward *w, enum device_role role, const char *name, const char *ip)
{
	uint32_t id = ++w->devices.n;
	assert_true(id < WARD_DEVICES);
	w->devices.v[id] = (struct ward_device){ role, name, ward_mac(id), ward_ip(ip), 0 };
	return id;
}

/* The next packet, from one end to another; an end that is no device stands behind the router. */
static inline struct origin ward_packet(struct ward *w, const char *from, const char *to, uint16_t port, uint8_t proto)
{
	w->ts += 1000000000u;
	w->packet++;
	struct origin at = { .ts = w->ts, .packet = w->packet, .offset = 100 * w->packet, .flow = w->packet,
			     .src = ward_ip(from), .dst = ward_ip(to), .sport = 40000, .dport = port, .proto = proto,
			     .to_server = true };
	uint32_t s = device_by_addr(&w->devices, at.src), r = device_by_addr(&w->devices, at.dst);
	at.smac = s ? w->devices.v[s].mac : w->router;
	at.dmac = r ? w->devices.v[r].mac : w->router;
	return at;
}

static inline struct origin ward_back(struct ward *w, struct origin at)
{
	struct origin back = at;
	w->ts += 1000000;
	back.ts = w->ts;
	back.packet = ++w->packet;
	back.src = at.dst;
	back.dst = at.src;
	back.sport = at.dport;
	back.dport = at.sport;
	back.smac = at.dmac;
	back.dmac = at.smac;
	back.to_server = !at.to_server;
	return back;
}

static inline void ward_publish(struct ward *w, const struct record *r)
{
	zones_record(w->zones, r);
	detect_record(w->detect, r);
	arena_reset(&w->arena);
}

static inline struct origin ward_contact_to(struct ward *w, const char *from, const char *to, uint16_t port,
					    uint8_t proto)
{
	struct origin at = ward_packet(w, from, to, port, proto);
	struct record r;
	zone_saw_packet(w->zones, &at, 64, false);
	record_begin(&r, &ward_contact, &at, &w->host);
	record_str(&r, 1, proto == 6 ? "syn" : "datagram");
	ward_publish(w, &r);
	return at;
}

static inline void ward_answered(struct ward *w, struct origin at, uint8_t ttl)
{
	struct origin back = ward_back(w, at);
	struct record r;
	zone_saw_packet(w->zones, &back, ttl, true);
	record_begin(&r, &ward_answer, &back, &w->host);
	record_uint(&r, 1, ttl);
	ward_publish(w, &r);
}

static inline void ward_ended(struct ward *w, struct origin at, const char *protocol, const char *state, uint64_t up,
			      uint64_t down)
{
	struct record r;
	at.ts = w->ts += 1000000000u;
	at.packet = 0;
	record_begin(&r, &ward_flow, &at, &w->host);
	record_str(&r, WARD_FLOW_PROTOCOL, protocol);
	record_str(&r, WARD_FLOW_STATE, state);
	record_uint(&r, WARD_FLOW_TO_SERVER, up);
	record_uint(&r, WARD_FLOW_TO_CLIENT, down);
	ward_publish(w, &r);
}

/* A message as bytes, through its real decoder. */
static inline void ward_decoded(void *to, const struct record *r)
{
	struct ward *w = to;
	zones_record(w->zones, r);
	detect_record(w->detect, r);
}

static inline void ward_message(struct ward *w, const struct decoder *dec, const struct origin *at, struct span bytes)
{
	uint64_t state[STATE_MAX / 8] = { 0 };
	struct sink sink = { ward_decoded, w };
	struct emit e = { .at = at, .host = &w->host, .sink = &sink };
	struct message m = { .bytes = bytes, .to_server = at->to_server, .over = OVER_LINK };
	assert_true(dec->decode(&m, state, &e));
	arena_reset(&w->arena);
}

/* op 1 asks, 2 answers. */
static inline void ward_arp(struct ward *w, const struct decoder *arp, struct mac from, const char *sender,
			    const char *target, int op)
{
	struct buf b = { 0 };
	struct origin at = { .ts = w->ts += 1000000000u, .packet = ++w->packet, .smac = from,
			     .dmac = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } } };
	buf_be16(&b, 1);
	buf_be16(&b, 0x0800);
	buf_u8(&b, 6);
	buf_u8(&b, 4);
	buf_be16(&b, (uint16_t)op);
	buf_bytes(&b, span_of(from.b, 6));
	buf_be32(&b, addr_to4(ward_ip(sender)));
	buf_fill(&b, 0, 6);
	buf_be32(&b, addr_to4(ward_ip(target)));
	ward_message(w, arp, &at, buf_span(&b));
	buf_done(&b);
}

static inline const char *ward_said(struct ward *w)
{
	struct sink sink = { ward_say, w };
	detect_tick(w->detect, w->ts);
	detect_finish(w->detect);
	buf_reset(&w->said);
	detect_publish_all(w->detect, &sink);
	buf_u8(&w->said, 0);
	return w->said.full ? "" : (const char *)w->said.p;
}

/* Nothing at all is told; frees it. */
static inline void ward_quiet(struct ward *w)
{
	assert_string_equal(ward_said(w), "");
	ward_free(w);
}

static inline unsigned ward_count(const char *said, const char *what)
{
	unsigned n = 0;
	for (const char *p = said; (p = strstr(p, what)); p++)
		n++;
	return n;
}

#define ASSERT_SAYS(said, what) do { \
	if (!strstr(said, what)) \
		fail_msg("not said: %s\nin: %s", what, said); \
} while (0)
#define ASSERT_SILENT(said, what) do { \
	if (strstr(said, what)) \
		fail_msg("said: %s\nin: %s", what, said); \
} while (0)
