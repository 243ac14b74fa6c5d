/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: who gets no row and who shares one, before what a row says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/scope.h"
#include "decode/vitals.h"
#include "track/device.h"
#include "track/oui.h"
#include "track/zone.h"

static const uint64_t second = 1000000000;

struct ward {
	struct keyring *keyring;
	struct arena arena;
	struct record_host host;
	struct zones *zones;
	struct devices *t;
	uint64_t now, packet;
};

static void ward_open(struct ward *w, const char *conf, const struct oui *oui)
{
	static const struct conf_key *const tables[] = { device_conf, zone_conf, NULL };
	*w = (struct ward){ .keyring = keyring_new(keyring_test_key), .now = 1000 * second };
	arena_init(&w->arena, 0);
	w->host = (struct record_host){ .keyring = w->keyring, .arena = &w->arena };
	struct conf *c = NULL;
	struct buf errors = { 0 };
	assert_int_equal(conf_parse(span_str(conf), "t", tables, &c, &errors), 0);
	w->zones = zones_new(keyring_hash_key(w->keyring), c);
	w->t = devices_new(&w->host, w->zones, c, oui);
	conf_free(c);
	buf_done(&errors);
}

static void ward_close(struct ward *w)
{
	devices_free(w->t);
	zones_free(w->zones);
	keyring_free(w->keyring);
	arena_done(&w->arena);
}

static struct addr at(const char *text)
{
	struct addr a = { 0 };
	assert_true(addr_parse(text, &a));
	return a;
}

static struct mac card(uint8_t n)
{
	return (struct mac){ { 0x00, 0x1b, 0x44, 0, 0, n } };
}

/* A packet of that sender; 0: no MAC in the capture. */
static struct origin packet_of(struct ward *w, const char *src, uint8_t mac, const char *dst)
{
	struct origin o = { .ts = w->now, .packet = ++w->packet, .src = at(src), .dst = at(dst), .to_server = true };
	if (mac)
		o.smac = card(mac);
	return o;
}

static uint32_t saw(struct ward *w, const char *src, uint8_t mac, const char *dst)
{
	struct origin o = packet_of(w, src, mac, dst);
	zone_saw_packet(w->zones, &o, 64, false);
	return device_saw(w->t, &o, 60);
}

static void publish_all(struct ward *w, const struct record *r)
{
	zones_record(w->zones, r);
	const struct device_plan *p = devices_plan(w->t, r->type);
	if (p)
		devices_record(w->t, p, r);
}

static uint32_t id_of(struct ward *w, const char *addr)
{
	return device_by_addr(w->t, at(addr));
}

enum { MSG_NAME, MSG_MODEL, MSG_SERIAL, MSG_SYSTEM, MSG_PEER_NAME, MSG_ROLE, MSG_PEER_ROLE, MSG_PATIENT, MSG_PLAIN,
	MSG_LIST };
static const struct field message_fields[] = {
	[MSG_NAME] = { .name = "host", .doc = "d", .clue = CLUE_NAME },
	[MSG_MODEL] = { .name = "model", .doc = "d", .clue = CLUE_MODEL },
	[MSG_SERIAL] = { .name = "serial", .doc = "d", .clue = CLUE_SERIAL },
	[MSG_SYSTEM] = { .name = "agent", .doc = "d", .clue = CLUE_SYSTEM },
	[MSG_PEER_NAME] = { .name = "called", .doc = "d", .clue = CLUE_NAME | CLUE_PEER },
	[MSG_ROLE] = { .name = "role", .doc = "d", .clue = CLUE_ROLE },
	[MSG_PEER_ROLE] = { .name = "peer_role", .doc = "d", .clue = CLUE_ROLE | CLUE_PEER },
	[MSG_PATIENT] = { .name = "patient_name", .doc = "d", .privacy = PATIENT, .clue = CLUE_NAME },
	[MSG_PLAIN] = { .name = "text", .doc = "d" },
	[MSG_LIST] = { .name = "names", .type = F_TEXTS, .doc = "d", .clue = CLUE_NAME },
};
static RECORD_TYPE(message_type, "message", "d", message_fields);

static void says(struct ward *w, const struct origin *o, unsigned field, const char *text)
{
	struct record r;
	record_begin(&r, &message_type, o, &w->host);
	record_str(&r, field, text);
	publish_all(w, &r);
}

static void sends_value(struct ward *w, const struct origin *o, uint32_t mdc)
{
	struct record r;
	record_begin(&r, &vitals_type, o, &w->host);
	record_str(&r, VITALS_PROTOCOL, "hl7");
	record_uint(&r, VITALS_MDC, mdc);
	publish_all(w, &r);
}

static void sends_vitals(struct ward *w, const struct origin *o)
{
	sends_value(w, o, 147842);
}

enum { ARP_OP, ARP_SMAC, ARP_SADDR };
static const struct field arp_fields[] = {
	[ARP_OP] = { .name = "operation", .doc = "d" },
	[ARP_SMAC] = { .name = "sender_mac", .type = F_MAC, .doc = "d" },
	[ARP_SADDR] = { .name = "sender_addr", .type = F_ADDR, .doc = "d" },
};
static RECORD_TYPE(claim_type, "arp", "d", arp_fields);

static void claims(struct ward *w, const char *addr, uint8_t mac)
{
	struct origin o = { .ts = w->now, .packet = ++w->packet, .smac = card(mac) };
	struct record r;
	record_begin(&r, &claim_type, &o, &w->host);
	record_mac(&r, ARP_SMAC, card(mac));
	record_addr(&r, ARP_SADDR, at(addr));
	publish_all(w, &r);
}

enum { LEASE_MAC, LEASE_YOURS, LEASE_MESSAGE, LEASE_NAME };
static const struct field lease_fields[] = {
	[LEASE_MAC] = { .name = "client_mac", .type = F_MAC, .doc = "d" },
	[LEASE_YOURS] = { .name = "your_addr", .type = F_ADDR, .doc = "d" },
	[LEASE_MESSAGE] = { .name = "message", .doc = "d" },
	[LEASE_NAME] = { .name = "client_name", .doc = "d" },
};
static RECORD_TYPE(lease_type, "dhcp", "d", lease_fields);

static void lease(struct ward *w, const char *message, uint8_t mac, const char *addr, const char *name)
{
	struct origin o = packet_of(w, "10.0.0.1", 99, "10.9.0.1");      /* relayed: not the client's frame */
	struct record r;
	record_begin(&r, &lease_type, &o, &w->host);
	record_str(&r, LEASE_MESSAGE, message);
	record_mac(&r, LEASE_MAC, card(mac));
	if (addr)
		record_addr(&r, LEASE_YOURS, at(addr));
	record_str(&r, LEASE_NAME, name);
	publish_all(w, &r);
}

/* The published rows, kept. */
struct rows {
	struct arena arena;
	struct record *v[64];
	unsigned n;
};

static void keep(void *to, const struct record *r)
{
	struct rows *rows = to;
	assert_ptr_equal(r->type, &device_type);
	assert_true(rows->n < ARRAY_LEN(rows->v));
	rows->v[rows->n++] = record_copy(&rows->arena, r);
}

static struct rows rows_of(struct ward *w)
{
	struct rows rows = { 0 };
	arena_init(&rows.arena, 0);
	struct sink sink = { keep, &rows };
	devices_publish(w->t, &sink);
	return rows;
}

static bool text_is(const struct record *r, unsigned field, const char *text)
{
	return span_is(record_get_text(r, field), text);
}

/* ---- who gets no row ---- */

static void who_is_outside_never_becomes_a_device(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	assert_int_equal(saw(&w, "8.8.8.8", 1, "10.0.0.7"), DEVICE_NONE);
	struct origin o = packet_of(&w, "203.0.113.5", 1, "10.0.0.7");
	says(&w, &o, MSG_NAME, "far");
	assert_int_equal(device_sender(w.t, &o), DEVICE_NONE);
	assert_int_equal(device_counts(w.t).devices, 0);
	ward_close(&w);
}

static void who_is_only_spoken_to_has_no_row(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	saw(&w, "10.0.0.7", 1, "10.0.0.8");
	assert_int_equal(id_of(&w, "10.0.0.8"), DEVICE_NONE);
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	says(&w, &o, MSG_PEER_NAME, "NOBODY");
	assert_int_equal(device_counts(w.t).devices, 1);
	assert_string_equal(device_name(w.t, 1), "");
	ward_close(&w);
}

static void ids_that_never_were_answer_nothing(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	static const uint32_t ids[] = { 0, 1, 77, UINT32_MAX };
	for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
		assert_int_equal(device_root(w.t, ids[i]), DEVICE_NONE);
		assert_int_equal(device_role(w.t, ids[i]), ROLE_UNKNOWN);
		assert_false(device_is_medical(w.t, ids[i]));
		assert_string_equal(device_name(w.t, ids[i]), "");
		assert_string_equal(device_model(w.t, ids[i]), "");
		assert_string_equal(device_stable_id(w.t, ids[i]), "");
		assert_true(device_label(w.t, ids[i])[0]);
		assert_int_equal(device_addr(w.t, ids[i]).family, 0);
	}
	ward_close(&w);
}

static void patients_and_plain_fields_give_no_clue(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	says(&w, &o, MSG_PATIENT, "Doe, Jane");
	says(&w, &o, MSG_PLAIN, "hello");
	struct rows rows = rows_of(&w);
	assert_int_equal(rows.n, 1);
	assert_false(record_has(rows.v[0], DEV_CLUES));
	assert_false(record_has(rows.v[0], DEV_NAME));
	arena_done(&rows.arena);
	ward_close(&w);
}

/* ---- who shares a row ---- */

static void one_mac_is_one_device_with_all_its_addresses(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t id = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	claims(&w, "10.0.0.9", 1);
	assert_int_equal(id_of(&w, "10.0.0.9"), id);
	assert_int_equal(saw(&w, "fe80::7", 1, "ff02::fb"), id);
	assert_true(addr_eq(device_addr(w.t, id), at("fe80::7")));
	saw(&w, "10.0.0.7", 1, "10.0.0.8");
	assert_true(addr_eq(device_addr(w.t, id), at("10.0.0.7")));
	assert_int_equal(device_counts(w.t).devices, 1);
	ward_close(&w);
}

static void what_comes_through_a_router_is_known_by_address(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	claims(&w, "10.0.0.1", 9);
	saw(&w, "8.8.8.8", 9, "10.0.0.7");       /* shows that it is a router */
	uint32_t a = saw(&w, "10.5.0.7", 9, "10.0.0.7"), b = saw(&w, "10.5.0.8", 9, "10.0.0.7");
	uint32_t router = id_of(&w, "10.0.0.1");
	assert_true(a && b && router);
	assert_true(a != b && a != router && b != router);
	assert_true(mac_is_zero(device_mac(w.t, a)));
	assert_true(mac_eq(device_mac(w.t, router), card(9)));
	saw(&w, "10.0.0.1", 9, "10.0.0.7");
	assert_int_equal(device_role(w.t, router), ROLE_NETWORK);
	ward_close(&w);
}

static void a_mac_that_turns_out_to_be_a_routers_gives_back_what_it_took(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t first = saw(&w, "10.5.0.7", 9, "10.0.0.7");
	struct origin o = packet_of(&w, "10.5.0.7", 9, "10.0.0.7");
	says(&w, &o, MSG_NAME, "far-7");
	w.now += second;
	uint32_t second_id = saw(&w, "10.6.0.8", 9, "10.0.0.7");
	assert_int_equal(first, second_id);      /* one host with two addresses, for all we know */
	o = packet_of(&w, "10.6.0.8", 9, "10.0.0.7");
	says(&w, &o, MSG_NAME, "far-8");
	saw(&w, "10.5.0.7", 9, "10.0.0.7");      /* both at once */
	assert_int_equal(id_of(&w, "10.5.0.7"), first);
	assert_true(id_of(&w, "10.6.0.8") != first);
	assert_string_equal(device_name(w.t, first), "far-7");
	assert_string_equal(device_name(w.t, id_of(&w, "10.6.0.8")), "far-8");
	assert_true(mac_is_zero(device_mac(w.t, first)));
	struct rows rows = rows_of(&w);
	assert_int_equal(rows.n, 3);             /* the two and the router itself */
	arena_done(&rows.arena);
	ward_close(&w);
}

static void an_address_claimed_by_two_stays_with_who_is_still_heard(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t monitor = saw(&w, "10.0.0.7", 1, "10.0.0.8"), other = saw(&w, "10.0.0.66", 6, "10.0.0.8");
	for (int i = 0; i < 10; i++) {
		w.now += 30 * second;
		claims(&w, "10.0.0.7", 6);
		assert_int_equal(saw(&w, "10.0.0.7", 6, "10.0.0.8"), monitor);   /* passes its frames on */
		assert_int_equal(saw(&w, "10.0.0.7", 1, "10.0.0.8"), monitor);
	}
	assert_true(device_counts(w.t).contested >= 10);
	assert_int_equal(id_of(&w, "10.0.0.7"), monitor);
	assert_int_equal(id_of(&w, "10.0.0.66"), other);
	ward_close(&w);
}

static void who_took_an_address_before_its_owner_was_seen_does_not_keep_it(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t thief = saw(&w, "10.0.0.66", 6, "10.0.0.8");
	claims(&w, "10.0.0.7", 6);
	assert_int_equal(id_of(&w, "10.0.0.7"), thief);
	w.now += second;
	uint32_t owner = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	assert_true(owner != thief);
	assert_int_equal(saw(&w, "10.0.0.7", 6, "10.0.0.8"), owner);
	ward_close(&w);
}

static void an_address_that_fell_silent_goes_to_its_new_owner(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t old = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	says(&w, &o, MSG_NAME, "old");
	w.now += 3600 * second;
	uint32_t fresh = saw(&w, "10.0.0.7", 2, "10.0.0.8");
	assert_true(fresh != old);
	assert_string_equal(device_name(w.t, fresh), "");
	assert_string_equal(device_name(w.t, old), "old");
	assert_int_equal(device_counts(w.t).moved, 1);
	ward_close(&w);
}

static void a_lease_joins_what_was_known_by_address_with_the_clients_mac(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	claims(&w, "10.0.0.1", 9);
	saw(&w, "8.8.8.8", 9, "10.0.0.3");
	uint32_t by_addr = saw(&w, "10.5.0.7", 9, "10.0.0.3");
	struct origin o = packet_of(&w, "10.5.0.7", 9, "10.0.0.3");
	says(&w, &o, MSG_MODEL, "X1");
	lease(&w, "request", 5, NULL, "bed-5");
	lease(&w, "offer", 5, "10.5.0.7", NULL);
	assert_int_equal(id_of(&w, "10.5.0.7"), by_addr);        /* an offer is not yet in use */
	assert_true(mac_is_zero(device_mac(w.t, by_addr)));
	lease(&w, "ack", 5, "10.5.0.7", NULL);
	uint32_t id = id_of(&w, "10.5.0.7");
	assert_true(mac_eq(device_mac(w.t, id), card(5)));
	assert_int_equal(device_root(w.t, by_addr), id);
	assert_string_equal(device_name(w.t, by_addr), "bed-5");
	assert_string_equal(device_model(w.t, id), "X1");
	assert_int_equal(device_counts(w.t).merged, 1);
	ward_close(&w);
}

static void a_flood_of_senders_leaves_room_for_those_that_say_something(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	for (uint32_t i = 0; i < 100000; i++) {
		o.src = addr_v4(0x0a100000 + i);
		o.smac = (struct mac){ { 0, 0x1b, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 0 } };
		device_saw(w.t, &o, 60);
	}
	assert_true(device_counts(w.t).devices <= 49152);
	assert_true(device_counts(w.t).refused >= 100000 - 49152);
	o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	says(&w, &o, MSG_NAME, "late");
	assert_string_equal(device_name(w.t, id_of(&w, "10.0.0.7")), "late");
	ward_close(&w);
}

static void a_device_with_ever_new_addresses_and_names_is_bounded(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	for (uint32_t i = 0; i < 5000; i++) {
		struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
		char name[16];
		o.src = addr_v4(0x0a000100 + (i & 0xff) + (i >> 8 << 8));
		w.now += second;
		snprintf(name, sizeof(name), "host-%u", i);
		device_saw(w.t, &o, 60);
		says(&w, &o, MSG_NAME, name);
	}
	struct rows rows = rows_of(&w);
	for (unsigned i = 0; i < rows.n; i++) {
		assert_true(rows.v[i]->v[DEV_ADDRESSES].texts.n <= 16);
		assert_true(rows.v[i]->v[DEV_CLUES].records.n <= 24);
	}
	assert_true(device_counts(w.t).clues_dropped > 4000);
	arena_done(&rows.arena);
	ward_close(&w);
}

/* ---- what a row says ---- */

static void roles_are_found_by_every_name_they_go_by(void **state)
{
	(void)state;
	assert_int_equal(role_find(NULL), ROLE_UNKNOWN);
	assert_int_equal(role_find("unknown"), ROLE_UNKNOWN);
	assert_int_equal(role_find("toaster"), ROLE_UNKNOWN);
	for (unsigned r = 1; r < ROLES; r++)
		assert_int_equal(role_find(role_name((enum device_role)r)), r);
	assert_int_equal(role_find("PACS"), ROLE_PACS);
	assert_int_equal(role_find("Imaging"), ROLE_IMAGING);
}

/* Every role a decoder suggests must be one we know, and what is read here by name must be offered. */
static void decoders_and_this_table_agree_on_names(void **state)
{
	(void)state;
	static const struct {
		const char *decoder, *record, *field;
		enum field_type type;
	} wanted[] = {
		{ "arp", "arp", "sender_addr", F_ADDR }, { "arp", "arp", "sender_mac", F_MAC },
		{ "icmp6", "nd", "operation", F_TEXT }, { "icmp6", "nd", "target_addr", F_ADDR },
		{ "icmp6", "nd", "target_mac", F_MAC }, { "icmp6", "nd", "sender_mac", F_MAC },
		{ "icmp6", "nd", "prefixes", F_TEXTS },
		{ "dhcp", "dhcp", "client_mac", F_MAC }, { "dhcp", "dhcp", "your_addr", F_ADDR },
		{ "dhcp", "dhcp", "message", F_TEXT }, { "dhcp", "dhcp", "client_name", F_TEXT },
		{ "dhcp", "dhcp", "client_vendor_class", F_TEXT }, { "dhcp", "dhcp", "router", F_ADDR },
		{ "dhcp", "dhcp", "subnet_mask", F_ADDR },
	};
	for (int i = 0; decoders[i]; i++) {
		if (decoders[i]->client_is)
			assert_int_not_equal(role_find(decoders[i]->client_is), ROLE_UNKNOWN);
		if (decoders[i]->server_is)
			assert_int_not_equal(role_find(decoders[i]->server_is), ROLE_UNKNOWN);
	}
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		const struct decoder *d = decoder_find(wanted[i].decoder);
		assert_non_null(d);
		int field = -1;
		for (const struct record_type *const *t = d->types; *t; t++)
			if (strcmp((*t)->name, wanted[i].record) == 0) {
				field = record_type_field(*t, wanted[i].field);
				assert_int_not_equal(field, -1);
				assert_int_equal((*t)->fields[field].type, wanted[i].type);
			}
		assert_int_not_equal(field, -1);
	}
}

static void who_speaks_the_monitors_protocol_is_a_monitor_and_its_server_a_central(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t monitor = saw(&w, "10.0.0.7", 1, "10.0.0.8"), central = saw(&w, "10.0.0.8", 2, "10.0.0.7");
	assert_int_equal(device_role(w.t, monitor), ROLE_UNKNOWN);
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	devices_speaks(w.t, &o, decoder_find("contec"));
	assert_int_equal(device_role(w.t, monitor), ROLE_MONITOR);
	assert_true(device_role_confidence(w.t, monitor) > 0.9);
	assert_true(device_is_medical(w.t, monitor));
	assert_int_equal(device_role(w.t, central), ROLE_CENTRAL);
	says(&w, &o, MSG_SYSTEM, "Mozilla/5.0 (Windows NT 10.0)");       /* whatever else it is */
	assert_int_equal(device_role(w.t, monitor), ROLE_MONITOR);
	ward_close(&w);
}

static void a_sender_of_vital_signs_is_a_monitor_unless_it_takes_them_too(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t monitor = saw(&w, "10.0.0.7", 1, "10.0.0.8"), engine = saw(&w, "10.0.0.8", 2, "10.0.0.7");
	uint32_t record = saw(&w, "10.0.0.9", 3, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8"), on = packet_of(&w, "10.0.0.8", 2, "10.0.0.9");
	sends_vitals(&w, &on);
	assert_int_equal(device_role(w.t, engine), ROLE_MONITOR);
	sends_vitals(&w, &o);
	assert_int_equal(device_role(w.t, monitor), ROLE_MONITOR);
	assert_true(device_role_confidence(w.t, monitor) >= 0.6 && device_role_confidence(w.t, monitor) <= 0.8);
	assert_int_equal(device_role(w.t, engine), ROLE_HL7_ENGINE);
	assert_int_equal(device_role(w.t, record), ROLE_HL7_ENGINE);
	ward_close(&w);
}

/* Glucose, weight, and a figure without a number of the norm. */
static void a_laboratory_is_no_monitor(void **state)
{
	(void)state;
	static const uint32_t figures[] = { 160020, 188736, 0 };
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t lab = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	for (size_t i = 0; i < ARRAY_LEN(figures); i++)
		sends_value(&w, &o, figures[i]);
	assert_int_equal(device_role(w.t, lab), ROLE_UNKNOWN);
	sends_vitals(&w, &o);
	assert_int_equal(device_role(w.t, lab), ROLE_MONITOR);
	ward_close(&w);
}

static void who_calls_a_device_for_its_values_may_be_anybody(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t monitor = saw(&w, "10.0.0.7", 1, "10.0.0.8"), reader = saw(&w, "10.0.0.8", 2, "10.0.0.7");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8"), other = packet_of(&w, "10.0.0.9", 3, "10.0.0.8");
	o.to_server = other.to_server = false;           /* an answer */
	sends_vitals(&w, &o);
	assert_int_equal(device_role(w.t, monitor), ROLE_MONITOR);
	assert_int_equal(device_role(w.t, reader), ROLE_UNKNOWN);
	assert_false(device_is_medical(w.t, reader));
	saw(&w, "10.0.0.9", 3, "10.0.0.8");
	sends_vitals(&w, &other);
	assert_int_equal(device_role(w.t, reader), ROLE_CENTRAL);
	ward_close(&w);
}

static void an_archive_that_passes_images_on_stays_an_archive(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t scanner = saw(&w, "10.0.0.7", 1, "10.0.0.8"), archive = saw(&w, "10.0.0.8", 2, "10.0.0.7");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8"), on = packet_of(&w, "10.0.0.8", 2, "10.0.0.9");
	says(&w, &o, MSG_ROLE, "imaging");
	says(&w, &o, MSG_PEER_ROLE, "PACS");
	says(&w, &on, MSG_ROLE, "imaging");
	assert_int_equal(device_role(w.t, scanner), ROLE_IMAGING);
	assert_int_equal(device_role(w.t, archive), ROLE_PACS);
	ward_close(&w);
}

static void a_dicom_echo_alone_makes_nothing_medical(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t caller = saw(&w, "10.0.0.7", 1, "10.0.0.8"), called = saw(&w, "10.0.0.8", 2, "10.0.0.7");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	devices_speaks(w.t, &o, decoder_find("dicom"));
	assert_int_equal(device_role(w.t, caller), ROLE_IMAGING);
	assert_int_equal(device_role(w.t, called), ROLE_PACS);
	assert_false(device_is_medical(w.t, caller));
	assert_false(device_is_medical(w.t, called));
	ward_close(&w);
}

static void names_alone_make_nothing_medical(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t id = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	says(&w, &o, MSG_NAME, "PATIENT-MONITOR-PACS");
	says(&w, &o, MSG_SYSTEM, "MSFT 5.0");
	assert_false(device_is_medical(w.t, id));
	assert_int_equal(device_role(w.t, id), ROLE_WORKSTATION);
	assert_true(device_role_confidence(w.t, id) < 0.5);
	ward_close(&w);
}

static void the_administrator_has_the_last_word(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "[device Bed 4]\nmac = 00:1B:44:00:00:01\nrole = infusion pump\nnetwork = disabled\n"
		      "[device Archive]\naddress = 10.5.0.8\n", NULL);
	uint32_t pump = saw(&w, "10.0.0.7", 1, "10.0.0.8"), archive = saw(&w, "10.5.0.8", 2, "10.0.0.7");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	devices_speaks(w.t, &o, decoder_find("contec"));
	says(&w, &o, MSG_NAME, "else");
	assert_int_equal(device_role(w.t, pump), ROLE_PUMP);
	assert_true(device_role_confidence(w.t, pump) == 1);
	assert_string_equal(device_name(w.t, pump), "Bed 4");
	assert_true(device_is_disabled(w.t, pump));
	assert_string_equal(device_label(w.t, archive), "Archive");
	assert_false(device_is_disabled(w.t, archive));
	assert_true(device_is_configured(w.t, archive));
	ward_close(&w);
}

static void one_entered_by_mac_is_known_before_it_has_an_address(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "[device Shelf]\nmac = 00:1B:44:00:00:01\nnetwork = disabled\n", NULL);
	for (uint8_t mac = 1; mac < 3; mac++) {
		claims(&w, "0.0.0.0", mac);
		struct origin o = { .smac = card(mac) };
		assert_int_equal(device_is_disabled(w.t, device_sender(w.t, &o)), mac == 1);
		assert_int_equal(device_sender(w.t, &o) != DEVICE_NONE, mac == 1);
	}
	ward_close(&w);
}

static void models_of_others_that_pass_through_are_not_its_own(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t id = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	says(&w, &o, MSG_MODEL, "A1");
	assert_string_equal(device_model(w.t, id), "A1");
	says(&w, &o, MSG_MODEL, "B2");
	assert_string_equal(device_model(w.t, id), "");
	ward_close(&w);
}

static void labels_fall_back_from_name_to_model_to_role_and_address(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t id = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	assert_string_equal(device_label(w.t, id), "device 10.0.0.7");
	devices_speaks(w.t, &o, decoder_find("contec"));
	assert_string_equal(device_label(w.t, id), "patient monitor 10.0.0.7");
	says(&w, &o, MSG_MODEL, "X1");
	assert_string_equal(device_label(w.t, id), "X1 10.0.0.7");
	says(&w, &o, MSG_NAME, "bed-7");
	assert_string_equal(device_label(w.t, id), "bed-7");
	ward_close(&w);
}

static void a_row_is_published_with_where_each_clue_came_from(void **state)
{
	(void)state;
	struct oui *oui = NULL;
	struct ward w;
	assert_int_equal(oui_parse(SPAN_LIT("00-1B-44   (hex)\t\tChip Maker\n"), &oui), 0);
	ward_open(&w, "", oui);
	saw(&w, "10.0.0.7", 1, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	for (int i = 0; i < 3; i++)
		says(&w, &o, MSG_NAME, "bed-7");
	struct rows rows = rows_of(&w);
	assert_int_equal(rows.n, 1);
	const struct record *r = rows.v[0];
	assert_true(text_is(r, DEV_NAME, "bed-7"));
	assert_true(text_is(r, DEV_MAC_VENDOR, "Chip Maker"));
	assert_false(record_has(r, DEV_MAKER));  /* the prefix is no proof of it */
	assert_true(text_is(r, DEV_ZONE, "site"));
	assert_int_equal(r->v[DEV_CLUES].records.n, 1);
	const struct record *clue = r->v[DEV_CLUES].records.v[0];
	assert_true(text_is(clue, CLUE_WHAT, "name") && text_is(clue, CLUE_SAID, "bed-7"));
	assert_true(text_is(clue, CLUE_FROM, "message.host"));
	assert_int_equal(record_get_uint(clue, CLUE_COUNT), 3);
	assert_int_equal(record_get_uint(clue, CLUE_FIRST_PACKET), 2);
	arena_done(&rows.arena);
	ward_close(&w);
	oui_free(oui);
}

static void stable_ids_are_the_same_whatever_came_before(void **state)
{
	(void)state;
	struct ward a, b;
	ward_open(&a, "", NULL);
	ward_open(&b, "", NULL);
	uint32_t first = saw(&a, "10.0.0.7", 1, "10.0.0.8");
	saw(&b, "10.0.0.50", 7, "10.0.0.8");
	uint32_t later = saw(&b, "10.0.0.99", 1, "10.0.0.8");
	assert_int_not_equal(first, later);
	assert_string_equal(device_stable_id(a.t, first), device_stable_id(b.t, later));
	assert_int_equal(strlen(device_stable_id(a.t, first)), 10);
	ward_close(&a);
	ward_close(&b);
}

static void lists_of_names_and_what_flows_counted_are_kept(void **state)
{
	(void)state;
	struct ward w;
	ward_open(&w, "", NULL);
	uint32_t id = saw(&w, "10.0.0.7", 1, "10.0.0.8");
	struct origin o = packet_of(&w, "10.0.0.7", 1, "10.0.0.8");
	struct record r;
	record_begin(&r, &message_type, &o, &w.host);
	record_add_text(&r, MSG_LIST, SPAN_LIT("one"));
	record_add_text(&r, MSG_LIST, SPAN_LIT("two"));
	publish_all(&w, &r);
	assert_string_equal(device_name(w.t, id), "one");
	record_begin(&r, &flow_type, NULL, &w.host);
	record_addr(&r, FLOW_CLIENT, at("10.0.0.7"));
	record_addr(&r, FLOW_SERVER, at("10.0.0.8"));
	record_uint(&r, FLOW_PACKETS_TO_SERVER, 5);
	record_uint(&r, FLOW_PACKETS_TO_CLIENT, 4);
	record_uint(&r, FLOW_BYTES_TO_SERVER, 500);
	record_uint(&r, FLOW_BYTES_TO_CLIENT, 40);
	publish_all(&w, &r);
	struct rows rows = rows_of(&w);
	assert_int_equal(record_get_uint(rows.v[0], DEV_PACKETS), 9);
	assert_int_equal(record_get_uint(rows.v[0], DEV_BYTES), 540);
	arena_done(&rows.arena);
	ward_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_outside_never_becomes_a_device),
		cmocka_unit_test(who_is_only_spoken_to_has_no_row),
		cmocka_unit_test(ids_that_never_were_answer_nothing),
		cmocka_unit_test(patients_and_plain_fields_give_no_clue),
		cmocka_unit_test(one_mac_is_one_device_with_all_its_addresses),
		cmocka_unit_test(what_comes_through_a_router_is_known_by_address),
		cmocka_unit_test(a_mac_that_turns_out_to_be_a_routers_gives_back_what_it_took),
		cmocka_unit_test(an_address_claimed_by_two_stays_with_who_is_still_heard),
		cmocka_unit_test(who_took_an_address_before_its_owner_was_seen_does_not_keep_it),
		cmocka_unit_test(an_address_that_fell_silent_goes_to_its_new_owner),
		cmocka_unit_test(a_lease_joins_what_was_known_by_address_with_the_clients_mac),
		cmocka_unit_test(a_flood_of_senders_leaves_room_for_those_that_say_something),
		cmocka_unit_test(a_device_with_ever_new_addresses_and_names_is_bounded),
		cmocka_unit_test(roles_are_found_by_every_name_they_go_by),
		cmocka_unit_test(decoders_and_this_table_agree_on_names),
		cmocka_unit_test(who_speaks_the_monitors_protocol_is_a_monitor_and_its_server_a_central),
		cmocka_unit_test(a_sender_of_vital_signs_is_a_monitor_unless_it_takes_them_too),
		cmocka_unit_test(a_laboratory_is_no_monitor),
		cmocka_unit_test(who_calls_a_device_for_its_values_may_be_anybody),
		cmocka_unit_test(an_archive_that_passes_images_on_stays_an_archive),
		cmocka_unit_test(a_dicom_echo_alone_makes_nothing_medical),
		cmocka_unit_test(names_alone_make_nothing_medical),
		cmocka_unit_test(the_administrator_has_the_last_word),
		cmocka_unit_test(one_entered_by_mac_is_known_before_it_has_an_address),
		cmocka_unit_test(models_of_others_that_pass_through_are_not_its_own),
		cmocka_unit_test(labels_fall_back_from_name_to_model_to_role_and_address),
		cmocka_unit_test(a_row_is_published_with_where_each_clue_came_from),
		cmocka_unit_test(stable_ids_are_the_same_whatever_came_before),
		cmocka_unit_test(lists_of_names_and_what_flows_counted_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
