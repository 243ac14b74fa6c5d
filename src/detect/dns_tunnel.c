/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.dns-tunnel: data carried in the names that a host asks for, or in the texts that it is given. Per host and zone
 * are kept how many different long names were asked for, which characters they are made of, and how much came back.
 * The names themselves are not kept: they may hold anything. */
#include <math.h>

#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { VARIANT, RESPONSE, RCODE_COL, QUERY, TYPE, ADDRESSES, NAMES, TEXT_BYTES, WANTS };

static const struct want wants[] = {
	[VARIANT] = { "dns", "variant" },
	[RESPONSE] = { "dns", "response" },
	[RCODE_COL] = { "dns", "rcode" },
	[QUERY] = { "dns", "query" },
	[TYPE] = { "dns", "type" },
	[ADDRESSES] = { "dns", "addresses" },
	[NAMES] = { "dns", "names" },
	[TEXT_BYTES] = { "dns", "text_bytes" },
	[WANTS] = { NULL, NULL },
};

enum option { NAMES_LEAST, LENGTH_LEAST };

static const struct option_num options[] = {
	[NAMES_LEAST] = { "names", "how many different names of one zone must carry data", NULL, 25, 5, 200 },
	[LENGTH_LEAST] = { "length", "how long the part before the zone must be on average", "characters", 28, 10, 200 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.dns-tunnel",
	.title = "Data travels in the names or texts of DNS",
	.cause = "outside party",
	.sees = "One host asks one zone for 25 different names or more whose part before the zone is 28 characters or more on "
		"average and as even as encoded data; or is given, under as many different names, six kilobytes of TXT; or "
		"asks under as many for NULL or private types. "
		"Zones that look things up by hash or address (virus scanners, block lists) and answers that only say yes or "
		"no count when the names are much longer than such a key. Names of the local network, reverse look-ups and "
		"whoever answers others do not.",
	.why = "Names are passed on to the owner of the zone even where nothing else may leave. What is carried in them may "
	       "be patients' data, and what comes back may be commands.",
	.wrong = "A service that looks up by long keys and is not known here; enter its zone's server under [allow]. Data "
		 "spelt in words, less than the counts say, or many zones that take turns are not seen; names asked for over "
		 "encrypted DNS cannot be.",
	.next = { "Find out which program of the device asks for this zone, and who owns the zone.",
		  "Refuse the zone at the site's name server, and allow DNS to the site's own server only.", ADVICE_BEDSIDE,
		  ADVICE_EVIDENCE, NULL },
	.attack = { "T1071.004", "T1048", "T1572", NULL },
	.cwe = { "CWE-923", NULL },
	.references = { "https://attack.mitre.org/techniques/T1071/004/", "RFC 1035 section 2.3.4", NULL },
};

enum {
	SETS = 256, WAYS = 4, ZONE_MAX = 72, SYMBOLS = 72, SYMBOL_OTHER = 39, SYMBOL_BYTES = 40, BYTES_APART = 32, BITS = 512,
	SERVERS = 64, SUB_MIN = 12, KEY_LENGTH = 64, TEXTS_LEAST = 6000, KEPT_FROM = 5, VOLUME = 700,
};

struct row {
	struct addr client;                      /* family 0: free */
	char zone[ZONE_MAX];
	uint32_t device;
	uint64_t first, last;
	uint32_t queries, longs;                 /* asked; of these with SUB_MIN characters before the zone */
	uint64_t sub_bytes;                      /* of the long ones */
	uint32_t symbols[SYMBOLS];
	uint64_t longs_set[BITS / 64], names_set[BITS / 64];     /* different names, by their hashes */
	uint32_t data_types, odd_types;          /* of the queries; odd: types that nothing else uses */
	uint32_t replies, denials, plain;        /* plain: only yes or no came back */
	uint64_t down_bytes, text_bytes;
	struct origin begin, latest;
};

struct state {
	struct addr servers[SERVERS];            /* who answers names: asks for others */
	unsigned nservers;
	struct row rows[SETS][WAYS];
};

struct facts {
	struct row row;
};

/* ---- names ---- */

static struct span text_of(const struct run *d, const struct record *r, enum want_index i)
{
	return record_get_text(r, (unsigned)d->col[i]);
}

/* Where the label that ends before `end` begins. Backslash escapes what follows. */
static size_t label_before(struct span name, size_t end)
{
	while (end && !(name.p[end - 1] == '.' && !(end > 1 && name.p[end - 2] == '\\')))
		end--;
	return end;
}

/* Where the zone that somebody can own begins: two labels, three under a country's second level (co.uk). */
static size_t zone_at(struct span name)
{
	size_t tld = label_before(name, name.n);
	size_t second = tld ? label_before(name, tld - 1) : 0;
	bool country = name.n - tld == 2 && tld && tld - 1 - second <= 3;
	return country && second ? label_before(name, second - 1) : second;
}

static bool is_local(struct span name)
{
	static const char *const ends[] = { ".arpa", ".local", ".lan", ".home", ".internal", ".localdomain", ".corp",
					    ".intranet" };
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (span_ends(name, span_str(ends[i])))
			return true;
	return false;
}

/* Zones whose business is to be asked by hash or address: published services of virus scanners, block and allow
 * lists. What is asked there is a key, not data; more than a key counts all the same. */
static bool is_lookup(const char *zone)
{
	static const char *const zones[] = {
		"mcafee.com", "sophosxl.net", "e5.sk", "trendmicro.com", "spamhaus.org", "surbl.org", "uribl.com", "cymru.com",
		"barracudacentral.org", "senderbase.org", "dnswl.org", "sorbs.net", "spamcop.net", "kaspersky.com", "abuse.ch",
		"webroot.com", "bitdefender.net", "avast.com", "fortiguard.net", "umbrella.com", "avira.com", "eset.com",
		"mailspike.net", "invaluement.com", "habeas.com", "brightcloud.com", "symantec.com", "norton.com",
	};
	for (size_t i = 0; i < ARRAY_LEN(zones); i++)
		if (strcmp(zone, zones[i]) == 0)
			return true;
	return false;
}

static unsigned symbol_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return 10u + c - 'a';
	return c == '-' ? 36 : c == '_' ? 37 : c == '+' || c == '/' || c == '=' ? 38 : SYMBOL_OTHER;
}

/* Bytes that are no text stand as \DDD and count as one. */
static void count_symbols(struct row *row, struct span sub)
{
	for (struct rd r = rd_of(sub); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		uint8_t next = rd_peek(&r);
		unsigned symbol = symbol_of(c);
		if (c == '\\' && next >= '0' && next <= '9') {
			unsigned byte = 0;
			for (int i = 0; i < 3; i++)
				byte = byte * 10 + rd_u8(&r) - '0';
			symbol = SYMBOL_BYTES + byte % BYTES_APART;
		}
		row->symbols[symbol] += c != '.';
		row->sub_bytes++;
	}
}

/* ---- the table ---- */

static uint64_t hash_of(const struct run *d, struct span s)
{
	return hash64(d->key, s);
}

static struct row *set_of(const struct run *d, struct addr client, struct span zone)
{
	struct state *s = d->state;
	return s->rows[(hash_of(d, zone) ^ hash_of(d, span_of(client.b, sizeof(client.b)))) % SETS];
}

static struct row *row_find(const struct run *d, struct addr client, struct span zone)
{
	struct row *set = set_of(d, client, zone);
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].client.family && addr_eq(set[i].client, client) && span_is(zone, set[i].zone))
			return &set[i];
	return NULL;
}

/* What carried most stays. */
static struct row *row_open(struct run *d, struct addr client, struct span zone)
{
	struct row *row = row_find(d, client, zone), *set = set_of(d, client, zone);
	if (row)
		return row;
	for (unsigned i = 0; i < WAYS; i++)
		if (!row || set[i].longs + set[i].text_bytes / 100 < row->longs + row->text_bytes / 100 ||
		    (set[i].longs == row->longs && set[i].last < row->last))
			row = &set[i];
	if (row->longs >= KEPT_FROM)
		detect_dropped(d);
	*row = (struct row){ .client = client };
	snprintf(row->zone, sizeof(row->zone), "%.*s", (int)zone.n, (const char *)zone.p);
	return row;
}

static void set_add(uint64_t set[BITS / 64], uint64_t hash)
{
	set[hash % BITS / 64] |= UINT64_C(1) << (hash % 64);
}

/* How many different ones left these marks (linear counting). */
static double set_count(const uint64_t set[BITS / 64])
{
	unsigned marks = 0;
	for (unsigned i = 0; i < BITS / 64; i++)
		marks += (unsigned)__builtin_popcountll(set[i]);
	return marks == BITS ? BITS * 7.0 : -BITS * log(1 - (double)marks / BITS);
}

/* ---- questions and answers ---- */

static bool carries(struct span type)
{
	static const char *const types[] = { "TXT", "NULL", "CNAME", "MX", "SRV", "KEY", "ANY", "NAPTR", "SSHFP", "CAA" };
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_is(type, types[i]))
			return true;
	return span_starts(type, SPAN_LIT("TYPE"));
}

/* NULL is experimental (RFC 1035 3.3.10); numbers from 65280 on are for private use (RFC 6895 3.1). */
static bool is_odd(struct span type)
{
	return span_is(type, "NULL") || span_starts(type, SPAN_LIT("TYPE65"));
}

static void asked(struct run *d, const struct record *r, struct row *row, struct span name, size_t zone)
{
	struct span sub = span_cut(name, zone ? zone - 1 : 0);
	uint64_t hash = hash_of(d, name);
	const struct origin *at = r->at;
	row->device = detect_sender(d, at);
	if (!row->queries) {
		row->first = at->ts;
		row->begin = *at;
	}
	row->queries++;
	row->last = at->ts > row->last ? at->ts : row->last;
	row->latest = *at;
	row->data_types += carries(text_of(d, r, TYPE));
	row->odd_types += is_odd(text_of(d, r, TYPE));
	set_add(row->names_set, hash);
	if (sub.n < SUB_MIN)
		return;
	row->longs++;
	set_add(row->longs_set, hash);
	count_symbols(row, sub);
}

/* An address of 127/8 is how lists say yes (RFC 5782 2.1). */
static bool says_yes(struct texts addresses)
{
	for (uint32_t i = 0; i < addresses.n; i++)
		if (!span_starts(addresses.v[i], SPAN_LIT("127.")))
			return false;
	return addresses.n > 0;
}

static void answered(const struct run *d, const struct record *r, struct row *row)
{
	unsigned names = (unsigned)d->col[NAMES], addresses = (unsigned)d->col[ADDRESSES];
	uint64_t texts = record_get_uint(r, (unsigned)d->col[TEXT_BYTES]);
	struct texts targets = record_has(r, names) ? r->v[names].texts : (struct texts){ 0 };
	struct texts given = record_has(r, addresses) ? r->v[addresses].texts : (struct texts){ 0 };
	row->replies++;
	row->denials += !span_is(text_of(d, r, RCODE_COL), "NOERROR");
	row->plain += !texts && !targets.n && (!given.n || says_yes(given));
	row->text_bytes += texts;
	row->down_bytes += texts;
	for (uint32_t i = 0; i < targets.n; i++)
		row->down_bytes += targets.v[i].n;
}

static void note_server(struct state *s, struct addr a)
{
	for (unsigned i = 0; i < s->nservers; i++)
		if (addr_eq(s->servers[i], a))
			return;
	if (s->nservers < SERVERS)
		s->servers[s->nservers++] = a;
}

static void on_dns(struct run *d, const struct record *r)
{
	struct span name = text_of(d, r, QUERY);
	bool response = record_get_uint(r, (unsigned)d->col[RESPONSE]) != 0;
	struct addr client = response ? r->at->dst : r->at->src;
	if (!span_is(text_of(d, r, VARIANT), "dns") || !name.n || !client.family)
		return;
	if (response)
		note_server(d->state, r->at->src);
	size_t at = zone_at(name);
	struct span zone = span_from(name, at);
	if (!at || zone.n >= ZONE_MAX || is_local(name) || detect_is_outside(d, client))
		return;
	struct row *row = response ? row_find(d, client, zone) : row_open(d, client, zone);
	if (!row)
		return;
	if (response)
		answered(d, r, row);
	else
		asked(d, r, row, name, at);
}

/* ---- judging ---- */

struct view {
	double names, longs, mean, bits;         /* different names, long ones; characters of these; bits a character */
	bool hex, up, down, odd;
};

static struct view view_of(const struct run *d, const struct row *row)
{
	struct view v = { .names = set_count(row->names_set), .longs = set_count(row->longs_set), .hex = true };
	double all = 0;
	for (unsigned i = 0; i < SYMBOLS; i++) {
		all += row->symbols[i];
		v.hex &= i < 16 || row->symbols[i] == 0;
	}
	for (unsigned i = 0; i < SYMBOLS; i++)
		v.bits -= row->symbols[i] ? row->symbols[i] / all * log2(row->symbols[i] / all) : 0;
	v.mean = row->longs ? (double)row->sub_bytes / row->longs : 0;
	/* A marker beside hexadecimal digits (a session, a host's name) leaves them nearly alone. */
	double digits = 0;
	for (unsigned i = 0; i < 16; i++)
		digits += row->symbols[i];
	v.hex = v.hex || digits > 0.9 * all;
	bool encoded = v.hex ? v.bits >= 3.6 : v.bits >= 4.5;
	bool lookup = is_lookup(row->zone) || (row->replies && row->plain + row->denials / 2 >= row->replies);
	double length = lookup ? KEY_LENGTH : d->opt[LENGTH_LEAST];
	bool fresh = v.longs >= 0.4 * row->longs || v.longs > 400;
	v.up = encoded && fresh && v.longs >= d->opt[NAMES_LEAST] && v.mean >= length &&
	       v.longs * v.mean >= VOLUME;
	v.down = !is_lookup(row->zone) && v.names >= d->opt[NAMES_LEAST] && row->text_bytes >= TEXTS_LEAST &&
		 v.names >= 0.4 * row->queries;
	v.odd = v.names >= d->opt[NAMES_LEAST] && row->odd_types >= d->opt[NAMES_LEAST] && row->odd_types * 2 >= row->queries;
	return v;
}

static bool asks_for_others(const struct run *d, struct addr a)
{
	const struct state *s = d->state;
	for (unsigned i = 0; i < s->nservers; i++)
		if (addr_eq(s->servers[i], a))
			return true;
	return false;
}

static bool holds(const struct run *d, const struct row *row, const struct view *v)
{
	bool wanted = detect_is_allowed(d, row->client, row->begin.dst, row->begin.dport);
	return (v->up || v->down || v->odd) && !asks_for_others(d, row->client) && !wanted;
}

static void weigh_row(struct run *d, const struct row *row)
{
	struct view v = view_of(d, row);
	if (!holds(d, row, &v))
		return;
	struct finding *f = detect_open(d, row->device, &row->begin, "%s", row->zone);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x && row->last >= x->row.last)
		x->row = *row;
}

static double confidence_of(const struct row *row, const struct view *v)
{
	double c = 0.55;
	c += v->up && v->mean >= 45 ? 0.1 : 0;
	c += v->up && v->longs >= 100 ? 0.1 : 0;
	c += row->data_types * 2 > row->queries ? 0.1 : 0;
	c += v->odd || (v->up && row->down_bytes > 20u * (uint64_t)row->replies) ? 0.1 : 0;
	return c;
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	const struct row *row = &x->row;
	struct view v = view_of(d, row);
	f->withdrawn = !holds(d, row, &v);
	if (f->withdrawn)
		return;
	bool medical = f->device != DEVICE_NONE && device_is_medical(d->devices, f->device);
	const char *who = detect_who(d, f->device, row->client);
	f->severity = medical ? SEV_HIGH : SEV_MEDIUM;
	f->confidence = confidence_of(row, &v);
	f->scope = SCOPE_OUTSIDE;                /* the zone's owner gets it, whoever passes it on */
	f->keeps_scope = true;
	f->count = row->queries;
	f->first = row->first;
	f->last = row->last;
	if (v.up)
		f->title = detect_text(d, "%s asked the zone %s for about %.0f different names that look like encoded data, "
				       "%.0f characters each", who, row->zone, v.longs, v.mean);
	else if (v.odd)
		f->title = detect_text(d, "%s asked the zone %s for records of a type that no service uses, under about %.0f "
				       "different names", who, row->zone, v.names);
	else
		f->title = detect_text(d, "%s was given %llu bytes of text by the zone %s, under about %.0f different names",
				       who, (unsigned long long)row->text_bytes, row->zone, v.names);
	record_str(f->observed, OBS_HOST, detect_text(d, "%s", row->zone));
	record_str(f->observed, OBS_PROTOCOL, "dns");
	record_uint(f->observed, OBS_MESSAGES, row->queries);
	record_uint(f->observed, OBS_BYTES, (v.up ? row->sub_bytes : 0) + row->down_bytes);
	record_bool(f->observed, OBS_ANSWERED, row->replies > 0);
	if (v.up)
		detect_list(f, OBS_TRAITS, v.hex ? "hexadecimal names" : "encoded names");
	if (v.odd)
		detect_list(f, OBS_TRAITS, "unused record type");
	if (row->down_bytes > 20u * (uint64_t)row->replies && row->replies)
		detect_list(f, OBS_TRAITS, "data in answers");
	detect_note(f, &row->latest, "the latest name");
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++)
		if (s->rows[i / WAYS][i % WAYS].client.family)
			weigh_row(d, &s->rows[i / WAYS][i % WAYS]);
}

static const struct on on[] = { { "dns", on_dns }, { NULL, NULL } };

const struct detector detector_dns_tunnel = {
	.name = "net.dns-tunnel", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .finish = finish, .judge = judge,
};
