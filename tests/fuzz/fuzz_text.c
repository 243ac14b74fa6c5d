/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that people and strangers write: the first byte picks the configuration, STIX indicators, the
 * list of MAC prefixes, a MUD profile, a CSAF advisory, a list of devices as CSV, the devices of earlier runs or an
 * identity card. */
#include "advisory/vex.h"
#include "detect/baseline.h"
#include "detect/indicator.h"
#include "fuzz.h"
#include "inventory/card.h"
#include "inventory/inventory.h"
#include "profile/profile.h"
#include "track/device.h"
#include "track/oui.h"
#include "track/zone.h"

static enum profile_says peer_is(void *ctx, const struct profile *p, const struct peer *peer, struct addr a)
{
	(void)ctx;
	(void)p;
	return (enum profile_says)((peer->kind + a.b[15]) % 3);
}

/* What is sound is asked and written; what was written must be sound again. */
static void profile(struct span text)
{
	struct profiles *t = profiles_new();
	struct complaints said = { 0 };
	struct buf mud = { 0 };
	const struct profile *p = profiles_read(t, text, "fuzz", &said);
	if (p) {
		struct profile_packet k = { .outgoing = text.n & 1, .peer = addr_v4(0xca720477), .peer_port = 515, .proto = 6 };
		profile_allows(p, &k, peer_is, NULL, NULL);
		profile_write(&mud, p);
		if (!profiles_read(t, buf_span(&mud), "again", &said) && !mud.full)
			abort();
	}
	buf_done(&mud);
	complaints_done(&said);
	profiles_free(t);
}

/* What is read is matched, written as a record and as VEX, and read back. */
static void csaf(struct span text)
{
	struct advisories *t = advisories_new();
	struct advisory a, back;
	struct buf out = { .cap = 4 << 20 };
	char err[ADVISORY_ERR];
	const struct record_host host = { .arena = &t->arena };
	if (csaf_read(text, &t->arena, &a, err) == 0 && advisories_add(t, &a)) {
		struct matcher *m = matcher_new(t);
		struct match v[64];
		const char *model = a.nproducts ? a.products[0].name : "CMS8000";
		struct match_subject s = { a.nproducts ? a.products[0].maker : "Contec", model, "2.0", NULL };
		unsigned n = matcher_ask(m, &s, v, 64);
		struct vex_device d = { "D-1", "bed", NULL, model, v, n < 64 ? n : 64 };
		vex_write(&out, &(struct vex_head){ "x", "p", "https://x.invalid", "AMBER", 1, "fuzz" }, &d, 1);
		buf_reset(&out);
		json_record(&out, advisory_record(&a, &host), NULL);
		buf_u8(&out, 0);
		if (!out.full)
			(void)!advisory_from_body((const char *)out.p, &t->arena, &back);
		matcher_free(m);
	}
	buf_done(&out);
	advisories_free(t);
}

static void csv(struct span text)
{
	struct arena a;
	struct assets list = { 0 };
	struct buf notes = { 0 }, out = { 0 };
	char err[240];
	arena_init(&a, 64 << 20);
	if (assets_read(text, NULL, 0, &a, &list, &notes, err) == 0)
		for (uint32_t i = 0; i < list.n; i++) {
			for (unsigned c = 0; c < ASSET_COLUMNS; c++)
				csv_cell(&out, c == 0, list.v[i].v[c]);
			csv_end(&out);
		}
	assets_done(&list);
	arena_done(&a);
	buf_done(&notes);
	buf_done(&out);
}

static void baseline(struct span text)
{
	struct baseline *b = baseline_new();
	baseline_read(b, text);
	for (size_t i = 0; i < baseline_count(b); i++) {
		const struct baseline_device *d = baseline_at(b, i);
		if (baseline_find(b, span_str(d->id), NULL) != d || d->nsayings > BASELINE_SAYINGS)
			abort();
	}
	baseline_free(b);
}

/* The same bytes as a card and as what a device says. */
static void card(struct span text)
{
	static const char *const kinds[] = { "system", "version", "maker", "model" };
	struct cards *t = cards_new();
	struct card_answer v[CARD_ANSWERS];
	struct arena words;
	char err[CARD_ERR];
	const char *sound = "{\"kind\":\"card\",\"form\":1,\"facts\":[{\"what\":\"version\",\"value\":\"1.2\"}],\"software\":["
			    "{\"name\":\"Linux kernel\",\"version\":\"2.6.27\"},{\"name\":\"DCMTK\",\"version\":\"3.6.2\"}]}";
	arena_init(&words, 1 << 20);
	(void)!cards_read(t, text, "fuzz", NULL, err);
	(void)!cards_read(t, span_str(sound), "sound", NULL, err);
	for (unsigned i = 0; i < t->n; i++)
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
			card_compare(&t->v[i], span_str(kinds[k]), SPAN_LIT("x.y"), span_cut(text, 96), &words, v);
	arena_done(&words);
	cards_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct span text = span_of(data + 1, size - 1);
	if (data[0] % 8 == 0) {
		const struct conf_key *tables[] = { zone_conf, device_conf, detect_conf, NULL };
		struct conf *c = NULL;
		struct buf errors = { 0 };
		if (conf_parse(text, "fuzz", tables, &c, &errors) == 0)
			conf_free(c);
		buf_done(&errors);
	} else if (data[0] % 8 == 1) {
		struct indicators *t = indicators_new();
		char err[256];
		if (indicators_read(t, text, "fuzz", err) == 0)
			indicators_addr(t, addr_v4(0xca720477), 515, 6);
		indicators_free(t);
	} else if (data[0] % 8 == 2) {
		profile(text);
	} else if (data[0] % 8 == 3) {
		csaf(text);
	} else if (data[0] % 8 == 4) {
		csv(text);
	} else if (data[0] % 8 == 5) {
		baseline(text);
	} else if (data[0] % 8 == 6) {
		card(text);
	} else {
		struct oui *o = NULL;
		if (oui_parse(text, &o) == 0)
			oui_free(o);
	}
	return 0;
}
