/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices: what was said and seen of each (clues, gathered over the field tables: no decoder's fields
 * are known here), and what the table answers. Rows and their keys: device_table.c; roles: role.c. */
#include "track/device.h"

#include <math.h>
#include <stdio.h>

#include "base/scope.h"
#include "decode/vitals.h"
#include "track/device_table.h"
#include "track/oui.h"

static const struct field clue_fields[] = {
	[CLUE_WHAT] = { "what", F_TEXT, "kind of clue: name, maker, model, version, serial, system, role, speaks …" },
	[CLUE_SAID] = { "said", F_TEXT, "what was said, or the protocol" },
	[CLUE_FROM] = { "from", F_TEXT, "record and field, or protocol and end, that it comes from" },
	[CLUE_CONFIDENCE] = { "confidence", F_REAL, "how much it counts, 0 to 1" },
	[CLUE_FIRST_PACKET] = { "first_packet", F_UINT, "number of the packet that said it first" },
	[CLUE_COUNT] = { "count", F_UINT, "how often it was said" },
};
RECORD_TYPE(clue_type, "clue", "What was seen that tells something of a device", clue_fields);

static const struct field device_fields[] = {
	[DEV_ID] = { "id", F_TEXT, "stable name: the same in every run" },
	[DEV_NAME] = { "name", F_TEXT, "host name that it gave or was configured" },
	[DEV_ROLE] = { "role", F_TEXT, "what it most likely is" },
	[DEV_ROLE_CONFIDENCE] = { "role_confidence", F_REAL, "how sure the role is, 0 to 1; 1 when configured" },
	[DEV_MEDICAL] = { "medical", F_BOOL, "touches patients or carries their data by its role" },
	[DEV_MAC] = { "mac", F_MAC, "its own MAC; none behind a router" },
	[DEV_MAC_VENDOR] = { "mac_vendor", F_TEXT, "who bought the MAC's prefix: a hint, no proof of the maker" },
	[DEV_MAC_LOCAL] = { "mac_local", F_BOOL, "the MAC is locally administered: no maker's number" },
	[DEV_ADDRESSES] = { "addresses", F_TEXTS, "addresses it had, the latest last" },
	[DEV_MAKER] = { "maker", F_TEXT, "maker that it said" },
	[DEV_MODEL] = { "model", F_TEXT, "model that it said" },
	[DEV_VERSION] = { "version", F_TEXT, "firmware or software version that it said" },
	[DEV_SERIAL] = { "serial", F_TEXT, "serial or device number that it said" },
	[DEV_PROTOCOLS] = { "protocols", F_TEXTS, "protocols it speaks, those it serves with a '+'" },
	[DEV_FIRST] = { "first", F_TIME, "when it was first seen" },
	[DEV_LAST] = { "last", F_TIME, "when it was last seen" },
	[DEV_PACKETS] = { "packets", F_UINT, "packets of its conversations, both ways" },
	[DEV_BYTES] = { "bytes", F_UINT, "bytes of its conversations, both ways", "bytes" },
	[DEV_ZONE] = { "zone", F_TEXT, "clinical, site or outside, of its latest address" },
	[DEV_CLUES] = { "clues", F_RECORDS, "what all this is from", .nested = &clue_type },
};
RECORD_TYPE(device_type, "device", "A device of the site, from all that was seen of it", device_fields);

/* ---- configuration ---- */

static bool mac_parse(const char *text, struct mac *out)
{
	struct mac m;
	char end;
	if (strlen(text) != MAC_TEXT - 1 || strspn(text, "0123456789abcdefABCDEF:-") != MAC_TEXT - 1)
		return false;
	if (sscanf(text, "%2hhx%*1[:-]%2hhx%*1[:-]%2hhx%*1[:-]%2hhx%*1[:-]%2hhx%*1[:-]%2hhx%c", &m.b[0], &m.b[1],
		   &m.b[2], &m.b[3], &m.b[4], &m.b[5], &end) != 6)
		return false;
	*out = m;
	return true;
}

static bool mac_fits(const char *text)
{
	struct mac m;
	return mac_parse(text, &m) && !mac_is_zero(m) && !mac_is_group(m);
}

static bool addr_fits(const char *text)
{
	struct addr a;
	return addr_parse(text, &a);
}

static bool role_fits(const char *text)
{
	return role_find(text) != ROLE_UNKNOWN;
}

const struct conf_key device_conf[] = {
	{ .section = "device", .name = "*", .key = "mac", .fits = mac_fits, .expected = "a MAC such as 00:1b:44:11:3a:b7",
	  .doc = "the device with this MAC is called NAME" },
	{ .section = "device", .name = "*", .key = "address", .fits = addr_fits, .expected = "an IP address",
	  .doc = "the device with this address is called NAME" },
	{ .section = "device", .name = "*", .key = "role", .fits = role_fits,
	  .expected = "a role such as patient monitor, infusion pump, ventilator, analyser, imaging, central station, "
		      "image archive, HL7 engine, printer, server, workstation, network gear or camera",
	  .doc = "what it is; overrules every guess" },
	{ .section = "device", .name = "*", .key = "network", .type = CONF_CHOICE, .expected = "enabled|disabled",
	  .fallback = "enabled", .doc = "disabled: it is not meant to send anything at all" },
	{ 0 },
};

static void configure(struct devices *t, const struct conf *c)
{
	for (const struct conf_section *s = NULL; (s = conf_each(c, "device", s));) {
		if (t->nconfigured == CONFIGURED_DEVICES)
			return;
		t->configured = mem_grow(t->configured, t->nconfigured + 1, sizeof(*t->configured));
		struct configured_device *d = &t->configured[t->nconfigured++];
		*d = (struct configured_device){ .name = mem_text(span_str(conf_name(s))) };
		(void)mac_parse(conf_text(s, "mac", ""), &d->mac);
		(void)addr_parse(conf_text(s, "address", ""), &d->addr);
		d->role = role_find(conf_text(s, "role", NULL));
		d->disabled = strcmp(conf_text(s, "network", "enabled"), "disabled") == 0;
	}
}

struct devices *devices_new(const struct record_host *host, struct zones *z, const struct conf *c, const struct oui *o)
{
	struct devices *t = mem_new(sizeof(*t));
	t->host = host;
	t->zones = z;
	t->oui = o;
	t->key = keyring_hash_key(host->keyring);
	t->ends_room = 1024;
	t->ends = mem_array(t->ends_room, sizeof(*t->ends));
	t->plans = mem_array(PLANS_MAX, sizeof(*t->plans));
	t->seen = mem_array(SEEN_SLOTS, sizeof(*t->seen));
	t->slots = mem_array(SLOT_MEMO, sizeof(*t->slots));
	t->placed = mem_new(sizeof(*t->placed));
	t->asked = mem_new(sizeof(*t->asked));
	t->label = mem_new(LABEL_TEXT);
	for (unsigned i = 0; i < DECODERS_MAX && decoders[i]; i++)
		for (unsigned serves = 0; serves < 2; serves++)
			t->of_protocol[i][serves] = role_of_protocol(decoders[i], serves);
	t->arena = mem_new(sizeof(*t->arena));
	arena_init(t->arena, 0);
	configure(t, c);
	return t;
}

void devices_free(struct devices *t)
{
	if (!t)
		return;
	table_free(t);
	for (size_t i = 0; i < t->nconfigured; i++)
		free(t->configured[i].name);
	free(t->configured);
	free(t->plans);
	free(t->seen);
	free(t->slots);
	free(t->placed);
	free(t->asked);
	free(t->label);
	arena_done(t->arena);
	free(t->arena);
	free(t);
}

/* ---- clues ---- */

struct said {
	uint8_t what, role;
	bool clinical;
	double confidence;
	const char *kind, *field;                /* outlive the table */
	struct span text;
	struct addr via, peer;
	uint64_t packet;
};

static uint64_t said_key(const struct devices *t, const struct said *s)
{
	struct hash_key k = { t->key.k0 ^ (uintptr_t)s->kind ^ (uint64_t)s->what << 56, t->key.k1 ^ (uintptr_t)s->field };
	return hash64(k, span_cut(s->text, CLUE_TEXT));
}

/* Which of 32 other ends: a rough count of them, so a rough hash. */
static uint32_t peer_bit(struct addr a)
{
	uint64_t low;
	memcpy(&low, a.b + 8, sizeof(low));
	return a.family ? UINT32_C(1) << (low * UINT64_C(0x9e3779b97f4a7c15) >> 59) : 0;
}

/* Where a clue that comes again is remembered. Whoever makes two share a place only makes them slower. */
static struct seen *seen_slot(const struct devices *t, uint32_t id, const struct said *s)
{
	struct rd head = rd_of(span_cut(s->text, 8)), tail = rd_of(span_from(s->text, s->text.n > 4 ? s->text.n - 4 : 0));
	uint64_t h = (uintptr_t)s->field ^ (uint64_t)id << 32 ^ (uint64_t)s->text.n << 16 ^ s->what;
	h = h * UINT64_C(0x9e3779b97f4a7c15) ^ rd_le32(&head);
	h = h * UINT64_C(0x9e3779b97f4a7c15) ^ rd_le32(&tail);
	return &t->seen[(h * UINT64_C(0x9e3779b97f4a7c15) >> 32) % SEEN_SLOTS];
}

static struct clue_row *clue_again(const struct device *d, uint32_t id, const struct seen *seen, const struct said *s)
{
	if (seen->device != id || seen->clue >= d->nclues || seen->kind != s->kind || seen->field != s->field)
		return NULL;
	struct clue_row *c = &d->clues[seen->clue];
	if (c->kind != s->kind || c->field != s->field || c->what != s->what)
		return NULL;
	return span_eq(span_of(c->said, c->said_bytes), span_cut(s->text, CLUE_TEXT)) ? c : NULL;
}

static struct clue_row *clue_find(const struct device *d, uint64_t key, uint8_t what)
{
	for (unsigned i = 0; i < d->nclues; i++)
		if (d->clues[i].key == key && d->clues[i].what == what)
			return &d->clues[i];
	return NULL;
}

/* Room for one more of its kind; a device that says ever new things keeps its first ones. */
static struct clue_row *clue_room(struct devices *t, struct device *d, uint8_t what)
{
	unsigned same = 0;
	for (unsigned i = 0; i < d->nclues; i++)
		same += d->clues[i].what == what;
	if (d->nclues == CLUES_MAX || same == CLUES_OF_A_KIND || t->counts.clues == CLUES_TOTAL) {
		t->counts.clues_dropped++;
		return NULL;
	}
	if (d->nclues == d->clues_room) {
		d->clues_room = d->clues_room ? (uint8_t)(d->clues_room * 2) : 2;
		d->clues = mem_grow(d->clues, d->clues_room, sizeof(*d->clues));
	}
	t->counts.clues++;
	return &d->clues[d->nclues++];
}

static void clue_fill(struct clue_row *c, uint64_t key, const struct said *s)
{
	struct span text = span_cut(s->text, CLUE_TEXT);
	*c = (struct clue_row){
		.key = key, .said = mem_text(text), .said_bytes = (uint32_t)text.n, .kind = s->kind, .field = s->field,
		.via = s->via, .first_packet = s->packet, .what = s->what, .role = s->role, .clinical = s->clinical,
		.confidence = s->confidence,
	};
	if (c->what == CLUE_ROLE)
		c->role = (uint8_t)role_find(c->said);
	c->hints = role_hints(c->what, c->said);
}

static void clue_add(struct devices *t, uint32_t id, const struct said *s)
{
	struct device *d = table_row(t, id);
	if (!d || !s->text.n)
		return;
	struct seen *seen = seen_slot(t, id, s);
	struct clue_row *c = clue_again(d, id, seen, s);
	uint64_t key = c ? c->key : said_key(t, s);
	if (!c)
		c = clue_find(d, key, s->what);
	uint32_t peer = peer_bit(s->peer);
	bool news = !c || ((c->peers | peer) != c->peers && __builtin_popcount(c->peers) < PEERS_SEVERAL);
	if (!c && (c = clue_room(t, d, s->what)))
		clue_fill(c, key, s);
	if (!c)
		return;
	c->count++;
	c->peers |= peer;
	*seen = (struct seen){ s->kind, s->field, id, (uint8_t)(c - d->clues) };
	if (news)
		table_judge(t, d);
}

static double confidence_of(uint8_t what, bool of_peer)
{
	static const double own[] = {
		[CLUE_NAME] = 0.8, [CLUE_MAKER] = 0.8, [CLUE_MODEL] = 0.8, [CLUE_VERSION] = 0.8, [CLUE_SERIAL] = 0.9,
		[CLUE_SYSTEM] = 0.7, [CLUE_APPLICATION] = 0.7, [CLUE_FACILITY] = 0.7, [CLUE_ROLE] = 0.75,
	};
	double c = what < ARRAY_LEN(own) ? own[what] : 0.5;
	return of_peer ? round(c * 75) / 100 : c;
}

/* ---- plans: what a kind of record has to say ---- */

static int16_t column(const struct record_type *t, const char *name, enum field_type type)
{
	int i = record_type_field(t, name);
	return i >= 0 && t->fields[i].type == type && !field_is_token(&t->fields[i]) ? (int16_t)i : -1;
}

static void plan_make(struct device_plan *p, const struct record_type *t)
{
	*p = (struct device_plan){ .type = t };
	for (uint8_t i = 0; i < t->nfields && i < RECORD_FIELDS; i++) {
		const struct field *f = &t->fields[i];
		if (f->clue && (f->type == F_TEXT || f->type == F_TEXTS) && !field_is_token(f))
			p->clue[p->nclues++] = i;
		if (f->clue & CLUE_PEER)
			p->of_peers |= UINT64_C(1) << i;
	}
	p->client_mac = column(t, "client_mac", F_MAC);
	p->client_addr = column(t, "your_addr", F_ADDR);
	p->client_name = column(t, "client_name", F_TEXT);
	p->client_class = column(t, "client_vendor_class", F_TEXT);
	p->message = column(t, "message", F_TEXT);
	p->is_flow = strcmp(t->name, "flow") == 0;
	p->is_vitals = strcmp(t->name, "vitals") == 0;
	p->is_claim = strcmp(t->name, "arp") == 0 || strcmp(t->name, "nd") == 0;
	p->is_silent = !p->nclues && p->client_mac < 0 && !p->is_flow && !p->is_vitals && !p->is_claim;
	if (p->is_flow)                          /* its client_mac is the frame's */
		p->client_mac = -1;
}

static const struct device_plan *plan_of(struct devices *t, const struct record_type *type)
{
	size_t i = ((uintptr_t)type >> 4) % PLANS_MAX;
	for (size_t tries = 0; tries < PLANS_MAX; tries++, i = (i + 1) % PLANS_MAX) {
		if (t->plans[i].type == type)
			return &t->plans[i];
		if (!t->plans[i].type) {
			plan_make(&t->plans[i], type);
			t->plans[i].number = ++t->nplans;
			return &t->plans[i];
		}
	}
	return NULL;
}

/* ---- feeding ---- */

uint32_t device_saw(struct devices *t, const struct origin *at, uint64_t bytes)
{
	(void)bytes;                             /* flow records tell them whole */
	uint32_t id = table_place(t, at->src, at->smac, at->ts, true);
	struct device *d = table_row(t, id);
	uint64_t routers = zone_routers(t->zones) + 1;
	if (!d || d->router || d->no_router == routers || mac_is_zero(d->mac))
		return id;
	if (zone_is_router(t->zones, d->mac)) {
		table_split(t, id);
		return device_sender(t, at);
	}
	d->no_router = routers;
	return id;
}

void device_soon(const struct devices *t, struct addr a, unsigned step)
{
	const struct end *e = table_likely(t, a);
	if (step == 0) {
		__builtin_prefetch(e, 1);
		return;
	}
	if (!e->device)
		return;
	const struct device *d = table_at(t, e->device);
	for (size_t at = 0; step == 1 && at < sizeof(*d); at += 64)
		__builtin_prefetch((const char *)d + at, 1);
	if (step == 2 && d->nleases)
		__builtin_prefetch(&d->leases[d->nleases - 1], 1);
	if (step == 2 && d->nclues)
		__builtin_prefetch(d->clues, 1);
}

static uint32_t sender_of(struct devices *t, const struct origin *at)
{
	if (t->placed->id && memo_is(t->placed, at))
		return t->placed->id;
	uint32_t id = table_place(t, at->src, at->smac, at->ts, false);
	*t->placed = (struct memo){ at->src, at->smac, true, id };
	return id;
}

static void say(struct devices *t, uint32_t id, const struct record *r, unsigned field, bool of_peer, struct span text)
{
	const struct field *f = &r->type->fields[field];
	struct said s = {
		.what = f->clue & (uint8_t)~CLUE_PEER, .kind = r->type->name, .field = f->name, .text = text,
		.via = of_peer ? r->at->dst : r->at->src, .peer = of_peer ? r->at->src : r->at->dst, .packet = r->at->packet,
	};
	s.confidence = confidence_of(s.what, of_peer);
	clue_add(t, id, &s);
}

static void record_clues(struct devices *t, const struct device_plan *p, const struct record *r, uint32_t sender)
{
	uint32_t receiver = r->set & p->of_peers ? device_receiver(t, r->at) : DEVICE_NONE;
	for (unsigned i = 0; i < p->nclues; i++) {
		unsigned field = p->clue[i];
		if (!record_has(r, field))
			continue;
		bool of_peer = r->type->fields[field].clue & CLUE_PEER;
		uint32_t id = of_peer ? receiver : sender;
		if (r->type->fields[field].type == F_TEXT) {
			say(t, id, r, field, of_peer, r->v[field].text);
			continue;
		}
		const struct texts *list = &r->v[field].texts;
		for (uint32_t n = 0; n < list->n && n < CLUES_OF_A_KIND; n++)
			say(t, id, r, field, of_peer, list->v[n]);
	}
}

static void client_said(struct devices *t, uint32_t id, const struct record *r, int16_t field, uint8_t what)
{
	if (field < 0 || !record_has(r, (unsigned)field))
		return;
	clue_add(t, id, &(struct said){
		.what = what, .confidence = confidence_of(what, true), .kind = r->type->name,
		.field = r->type->fields[field].name, .text = r->v[field].text, .packet = r->at->packet,
	});
}

/* Messages about a client that is named by its MAC, maybe relayed: DHCP. */
static void record_client(struct devices *t, const struct device_plan *p, const struct record *r)
{
	struct mac m = record_has(r, (unsigned)p->client_mac) ? r->v[p->client_mac].mac : (struct mac){ 0 };
	if (mac_is_zero(m) || mac_is_group(m))
		return;
	bool given = p->client_addr >= 0 && p->message >= 0 && span_is(record_get_text(r, (unsigned)p->message), "ack");
	struct addr a = given ? record_get_addr(r, (unsigned)p->client_addr) : (struct addr){ 0 };
	uint32_t id = table_is_station(a) ? table_lease(t, a, m, r->at->ts) : table_place_mac(t, m, r->at->ts, false);
	client_said(t, id, r, p->client_name, CLUE_NAME);
	client_said(t, id, r, p->client_class, CLUE_SYSTEM);
}

/* By the block of IEEE 11073-10101: what is measured at the body, and by a device. Chemistry comes from a laboratory,
 * weight and height are written down, and what has no number may be any figure of a message. */
static bool is_bedside(uint64_t mdc)
{
	enum { CHEMISTRY = 160, BODY = 188 };
	return mdc && mdc / 1000 != CHEMISTRY && mdc / 1000 != BODY;
}

static void record_vitals(struct devices *t, const struct record *r, uint32_t sender)
{
	struct span protocol = record_get_text(r, VITALS_PROTOCOL);
	struct said s = { .what = WHAT_SENDS_VITALS, .clinical = true, .confidence = 0.65, .kind = "vitals", .text = protocol,
			  .via = r->at->src, .peer = r->at->dst, .packet = r->at->packet };
	if (is_bedside(record_get_uint(r, VITALS_MDC)))
		clue_add(t, sender, &s);
	s.what = r->at->to_server ? WHAT_TAKES_VITALS : WHAT_READS_VITALS;
	s.via = r->at->dst;
	s.peer = r->at->src;
	clue_add(t, device_receiver(t, r->at), &s);
}

static int decoder_index(struct devices *t, const struct decoder *d)
{
	uint8_t *memo = &t->indexes[((uintptr_t)d >> 5) % INDEX_MEMO];
	if (decoders[*memo] == d)
		return *memo;
	for (int i = 0; i < DECODERS_MAX && decoders[i]; i++)
		if (decoders[i] == d)
			return *memo = (uint8_t)i;
	return -1;
}

/* A stretch of text that names a decoder; usually the decoder's own, so the pointer decides. */
static const struct decoder *decoder_named(struct devices *t, struct span name)
{
	uint8_t *memo = &t->named[((uintptr_t)name.p >> 2) % INDEX_MEMO];
	if (name.n && (const char *)name.p == decoders[*memo]->name && span_is(name, decoders[*memo]->name))
		return decoders[*memo];
	for (int i = 0; name.n && i < DECODERS_MAX && decoders[i]; i++)
		if ((const char *)name.p == decoders[i]->name && span_is(name, decoders[i]->name))
			return decoders[*memo = (uint8_t)i];
	for (int i = 0; decoders[i] && name.n; i++)
		if (span_is(name, decoders[i]->name))
			return decoders[i];
	return NULL;
}

/* Device id speaks d, or serves it: as via, with peer. */
static void speaks(struct devices *t, uint32_t id, const struct decoder *d, bool serves, struct addr via,
		   struct addr peer, uint64_t packet)
{
	struct device *row = table_row(t, id);
	int i = decoder_index(t, d);
	if (!row || i < 0)
		return;
	uint64_t *word = &(serves ? row->serves : row->speaks)[i / 64], bit = UINT64_C(1) << (i % 64);
	bool news = !(*word & bit);
	const struct guess *g = &t->of_protocol[i][serves];
	*word |= bit;
	if (g->role != ROLE_UNKNOWN)
		clue_add(t, id, &(struct said){
			.what = serves ? WHAT_SERVES : WHAT_SPEAKS, .role = (uint8_t)g->role, .clinical = d->clinical,
			.confidence = g->confidence, .kind = d->name, .field = serves ? "server" : "client",
			.text = span_str(role_name(g->role)), .via = via, .peer = peer, .packet = packet,
		});
	if (news)
		table_judge(t, row);
}

void devices_speaks(struct devices *t, const struct origin *at, const struct decoder *d)
{
	struct addr client = at->to_server ? at->src : at->dst, server = at->to_server ? at->dst : at->src;
	speaks(t, at->to_server ? sender_of(t, at) : device_receiver(t, at), d, false, client, server, at->packet);
	speaks(t, at->to_server ? device_receiver(t, at) : sender_of(t, at), d, true, server, client, at->packet);
}

static void flow_count(struct devices *t, uint32_t id, const struct record *r)
{
	struct device *d = table_row(t, id);
	if (!d)
		return;
	d->packets += record_get_uint(r, FLOW_PACKETS_TO_SERVER) + record_get_uint(r, FLOW_PACKETS_TO_CLIENT);
	d->bytes += record_get_uint(r, FLOW_BYTES_TO_SERVER) + record_get_uint(r, FLOW_BYTES_TO_CLIENT);
	uint64_t last = record_get_uint(r, FLOW_LAST);
	d->last = last > d->last ? last : d->last;
}

/* The end of a conversation: what it moved, and whether the other end really served. */
static void record_flow(struct devices *t, const struct record *r)
{
	struct addr client = record_get_addr(r, FLOW_CLIENT), server = record_get_addr(r, FLOW_SERVER);
	uint32_t c = device_by_addr(t, client), s = device_by_addr(t, server);
	flow_count(t, c, r);
	if (s != c)
		flow_count(t, s, r);
	if (!record_get_uint(r, FLOW_PACKETS_TO_CLIENT))
		return;
	struct span protocol = record_get_text(r, FLOW_PROTOCOL);
	struct device *d = table_row(t, c);
	if (d && span_is(protocol, "tls") && zone_of(t->zones, server) == ZONE_OUTSIDE) {
		uint32_t before = d->outside;
		d->outside |= peer_bit(server);
		if (d->outside != before)
			table_judge(t, d);
	}
	const struct decoder *dec = s ? decoder_named(t, protocol) : NULL;
	if (dec)
		speaks(t, s, dec, true, server, client, 0);
}

const struct device_plan *devices_plan(struct devices *t, const struct record_type *type)
{
	const struct device_plan *p = plan_of(t, type);
	return p && !p->is_silent ? p : NULL;
}

static uint64_t text_mark(uint64_t mark, struct span text)
{
	struct rd r = rd_of(text);
	mark ^= rd_left(&r) << 56;
	while (rd_left(&r) > 8)
		mark = (mark ^ rd_le64(&r)) * UINT64_C(0x9e3779b97f4a7c15);
	mark = (mark ^ span_last8(text)) * UINT64_C(0x9e3779b97f4a7c15);
	return mark ^ mark >> 29;
}

/* Told from one packet of a conversation to the next, most records say nothing new: what the last one of
 * this kind and direction said is kept as a keyed mark. */
static bool said_before(struct devices *t, const struct device_plan *p, const struct record *r)
{
	if (!r->at->flow)
		return false;
	uint64_t who = (r->at->flow << 1 | r->at->to_server) ^ (uint64_t)p->number << 40;
	uint64_t mark = t->key.k0;
	for (unsigned i = 0; i < p->nclues; i++) {
		unsigned field = p->clue[i];
		if (!record_has(r, field))
			continue;
		mark ^= field;
		if (r->type->fields[field].type == F_TEXT)
			mark = text_mark(mark, r->v[field].text);
		for (uint32_t n = 0; r->type->fields[field].type == F_TEXTS && n < r->v[field].texts.n; n++)
			mark = text_mark(mark, r->v[field].texts.v[n]);
	}
	struct told *told = &t->told[(who * UINT64_C(0x9e3779b97f4a7c15)) >> 52];
	if (told->who == who && told->mark == mark)
		return true;
	*told = (struct told){ who, mark };
	return false;
}

/* Entered by its MAC: known before it has an address. */
static bool is_entered(const struct devices *t, struct mac m)
{
	for (size_t i = 0; i < t->nconfigured; i++)
		if (!mac_is_zero(m) && mac_eq(t->configured[i].mac, m))
			return true;
	return false;
}

void devices_record(struct devices *t, const struct device_plan *p, const struct record *r)
{
	if (p->is_flow) {
		record_flow(t, r);
		return;
	}
	if (!r->at)
		return;
	if (p->is_claim) {
		struct addr a;
		struct mac m;
		if (zone_claim(r, &a, &m))
			(void)table_place(t, a, m, r->at->ts, true);
		else if (is_entered(t, r->at->smac))     /* it asks whether the address is free that it wants */
			(void)table_place_mac(t, r->at->smac, r->at->ts, true);
		return;
	}
	if (p->client_mac >= 0)
		record_client(t, p, r);
	if (!p->nclues && !p->is_vitals)
		return;
	if (said_before(t, p, r))
		return;
	uint32_t sender = sender_of(t, r->at);
	record_clues(t, p, r, sender);
	if (p->is_vitals)
		record_vitals(t, r, sender);
}

/* ---- answers ---- */

uint32_t device_by_addr(const struct devices *t, struct addr a)
{
	const struct end *e = a.family ? table_end(t, a) : NULL;
	return e ? table_root(t, e->device) : DEVICE_NONE;
}

uint64_t device_changes(const struct devices *t)
{
	return t->changes;
}

static uint32_t sender_find(const struct devices *t, const struct origin *at)
{
	uint32_t id = device_by_addr(t, at->src);
	if (id || table_is_station(at->src) || mac_is_zero(at->smac))
		return id;
	const struct end *e = table_end(t, table_mac_key(at->smac));    /* no address yet: DHCP, ARP */
	return e ? table_root(t, e->device) : DEVICE_NONE;
}

/* Several detectors ask, of every record of a message. */
uint32_t device_sender(const struct devices *t, const struct origin *at)
{
	if (!memo_is(t->asked, at))
		*t->asked = (struct memo){ at->src, at->smac, true, sender_find(t, at) };
	return t->asked->id;
}

uint32_t device_receiver(const struct devices *t, const struct origin *at)
{
	return device_by_addr(t, at->dst);
}

enum device_role device_role(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d ? (enum device_role)d->role : ROLE_UNKNOWN;
}

double device_role_confidence(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d ? d->confidence : 0;
}

bool device_is_medical(const struct devices *t, uint32_t id)
{
	return role_is_medical(device_role(t, id)) && device_role_confidence(t, id) >= 0.5;
}

uint64_t device_first(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d ? d->first : 0;
}

struct mac device_mac(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d ? d->mac : (struct mac){ 0 };
}

struct addr device_addr(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d && d->nleases ? d->leases[d->nleases - 1].a : (struct addr){ 0 };
}

bool device_is_disabled(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d && d->configured && d->configured->disabled;
}

bool device_is_configured(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d && d->configured;
}

const char *device_stable_id(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d ? d->id : "";
}

/* The surest, then the most repeated. Several models or serials from one field are those of devices
 * whose messages it passes on, not its own. */
static const char *clue_best(const struct device *d, uint8_t what, bool only_one)
{
	const struct clue_row *best = NULL;
	for (unsigned i = 0; d && i < d->nclues; i++) {
		const struct clue_row *c = &d->clues[i];
		if (c->what != what)
			continue;
		if (best && only_one && c->field == best->field && c->kind == best->kind)
			return "";
		if (!best || c->confidence > best->confidence + 1e-6 ||
		    (c->confidence > best->confidence - 1e-6 && c->count > best->count))
			best = c;
	}
	return best ? best->said : "";
}

const char *device_name(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	return d && d->configured ? d->configured->name : clue_best(d, CLUE_NAME, false);
}

const char *device_model(const struct devices *t, uint32_t id)
{
	return clue_best(table_row(t, id), CLUE_MODEL, true);
}

const char *device_label(const struct devices *t, uint32_t id)
{
	const struct device *d = table_row(t, id);
	char address[ADDR_TEXT], mac[MAC_TEXT];
	if (!d)
		return "unknown device";
	addr_text(device_addr(t, id), address);
	const char *at = address[0] ? address : mac_text(d->mac, mac), *name = device_name(t, id);
	const char *model = device_model(t, id);
	if (name[0])
		snprintf(t->label, LABEL_TEXT, "%s", name);
	else if (model[0])
		snprintf(t->label, LABEL_TEXT, "%s %s", model, at);
	else
		snprintf(t->label, LABEL_TEXT, "%s %s", d->role ? role_name((enum device_role)d->role) : "device", at);
	return t->label;
}

struct device_counts device_counts(const struct devices *t)
{
	return t->counts;
}

/* ---- publishing ---- */

/* "dns.query": written for each clue of each device. */
static struct span joined(struct arena *a, const char *left, char between, const char *right)
{
	size_t n = strlen(left), m = strlen(right);
	char *text = arena_new(a, n + m + 1);
	if (!text)
		return (struct span){ 0 };
	memcpy(text, left, n);
	text[n] = between;
	memcpy(text + n + 1, right, m);
	return span_of(text, n + 1 + m);
}

static void publish_clues(const struct device *d, struct record *r, const struct record_host *host)
{
	for (unsigned i = 0; i < d->nclues; i++) {
		const struct clue_row *c = &d->clues[i];
		struct record *out = arena_new(host->arena, sizeof(*out));
		record_begin(out, &clue_type, NULL, host);
		record_str(out, CLUE_WHAT, clue_name(c->what));
		record_str(out, CLUE_SAID, c->said);
		record_text(out, CLUE_FROM, c->field ? joined(host->arena, c->kind, '.', c->field) : span_str(c->kind));
		record_real(out, CLUE_CONFIDENCE, c->confidence);
		if (c->first_packet)
			record_uint(out, CLUE_FIRST_PACKET, c->first_packet);
		record_uint(out, CLUE_COUNT, c->count);
		record_add(r, DEV_CLUES, out);
	}
}

static void publish_protocols(const struct device *d, struct record *r, const struct record_host *host)
{
	for (int i = 0; i < DECODERS_MAX && decoders[i]; i++) {
		bool serves = d->serves[i / 64] >> (i % 64) & 1, uses = d->speaks[i / 64] >> (i % 64) & 1;
		if (serves || uses)
			record_add_text(r, DEV_PROTOCOLS, serves ? joined(host->arena, decoders[i]->name, '+', "")
								 : span_str(decoders[i]->name));
	}
}

static void publish_keys(const struct devices *t, uint32_t id, const struct device *d, struct record *r)
{
	char text[ADDR_TEXT];
	if (!mac_is_zero(d->mac)) {
		record_mac(r, DEV_MAC, d->mac);
		record_str(r, DEV_MAC_VENDOR, oui_vendor(t->oui, d->mac));
		record_bool(r, DEV_MAC_LOCAL, mac_is_local(d->mac));
	}
	for (unsigned i = 0; i < d->nleases; i++)
		record_add_text(r, DEV_ADDRESSES, span_str(addr_text(d->leases[i].a, text)));
	if (d->nleases)
		record_str(r, DEV_ZONE, zone_name(zone_of(t->zones, device_addr(t, id))));
}

static void publish_row(const struct devices *t, uint32_t id, const struct device *d, const struct sink *sink,
			const struct record_host *host)
{
	struct record r;
	record_begin(&r, &device_type, NULL, host);
	record_str(&r, DEV_ID, d->id);
	record_str(&r, DEV_NAME, device_name(t, id));
	record_str(&r, DEV_ROLE, role_name((enum device_role)d->role));
	record_real(&r, DEV_ROLE_CONFIDENCE, d->confidence);
	record_bool(&r, DEV_MEDICAL, device_is_medical(t, id));
	publish_keys(t, id, d, &r);
	record_str(&r, DEV_MAKER, clue_best(d, CLUE_MAKER, true));
	record_str(&r, DEV_MODEL, clue_best(d, CLUE_MODEL, true));
	record_str(&r, DEV_VERSION, clue_best(d, CLUE_VERSION, true));
	record_str(&r, DEV_SERIAL, clue_best(d, CLUE_SERIAL, true));
	publish_protocols(d, &r, host);
	record_time(&r, DEV_FIRST, d->first);
	record_time(&r, DEV_LAST, d->last);
	record_uint(&r, DEV_PACKETS, d->packets);
	record_uint(&r, DEV_BYTES, d->bytes);
	publish_clues(d, &r, host);
	publish(sink, &r);
}

void devices_publish(struct devices *t, const struct sink *s)
{
	struct record_host host = { .keyring = t->host->keyring, .arena = t->arena };
	uint32_t n = t->n;
	for (uint32_t id = 1; id <= n; id++)     /* routers that nobody asked about since they were known */
		if (!table_at(t, id)->merged)
			table_split(t, id);
	for (uint32_t id = 1; id <= t->n; id++) {
		const struct device *d = table_at(t, id);
		if (d->merged)
			continue;
		publish_row(t, id, d, s, &host);
		arena_reset(t->arena);
	}
}
