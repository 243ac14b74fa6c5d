/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.icmp-tunnel: data carried in pings. Who is pinged sends back what it was sent, and who pings sends the same
 * again; replies that hold something else, or requests that hold something new each time, carry data. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { NAME, IDENTIFIER, SEQUENCE, BYTES, DATA, CHANGED, ALTERED, WANTS };

static const struct want wants[] = {
	[NAME] = { "icmp", "name" },
	[IDENTIFIER] = { "icmp", "identifier" },
	[SEQUENCE] = { "icmp", "sequence" },
	[BYTES] = { "icmp", "bytes" },
	[DATA] = { "icmp", "data" },
	[CHANGED] = { "icmp", "changed" },
	[ALTERED] = { "icmp", "altered" },
	[WANTS] = { NULL, NULL },
};

enum option { PINGS, VOLUME };

static const struct option_num options[] = {
	[PINGS] = { "pings", "how many must carry something new", NULL, 16, 4, 10000 },
	[VOLUME] = { "volume", "how much these must carry", "bytes", 800, 100, 1e9 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.icmp-tunnel",
	.title = "Data travels in pings",
	.cause = "outside party",
	.sees = "Between two hosts at least sixteen echo requests whose data is new each time (a time in the first sixteen "
		"bytes apart), or eight replies that hold something else than their requests, or replies that nobody asked "
		"for, with eight hundred bytes together. Data that only counts up or repeats itself does not count.",
	.why = "Pings often pass where nothing else may leave. What is carried in them may be patients' data, and what comes "
	       "back may be commands.",
	.wrong = "A measuring program that fills its pings with chance. A few bytes a ping, or fewer pings than the counts "
		 "say, are not seen; data that looks like the usual filling is not either.",
	.next = { "Find out which program of the device sends these pings, and whose address answers them.", ADVICE_BEDSIDE,
		  ADVICE_BLOCK, ADVICE_EVIDENCE, NULL },
	.attack = { "T1095", "T1048", "T1572", NULL },
	.cwe = { "CWE-923", NULL },
	.references = { "RFC 792", "RFC 4443 section 4", "https://attack.mitre.org/techniques/T1095/", NULL },
};

enum { SETS = 256, WAYS = 4, ALTERED_LEAST = 8, COPY_NS = 500000000 };

struct way {                                     /* requests, or replies */
	uint32_t n, news;
	uint64_t bytes, news_bytes;
	uint64_t number, at;                     /* identifier and sequence of the latest, and when it came */
};

struct row {
	struct addr client, server;              /* family 0: free */
	struct way ask, reply;
	uint32_t altered, matched;
	bool text;
	uint64_t first, last;
	struct origin begin, latest;
};

struct state {
	struct row rows[SETS][WAYS];
};

struct facts {
	struct row row;
};

/* Opened in place of what carried least when there is none. */
static struct row *row_of(struct run *d, struct addr client, struct addr server)
{
	struct state *s = d->state;
	uint64_t h = hash64(d->key, span_of(client.b, sizeof(client.b)));
	h += 3 * hash64(d->key, span_of(server.b, sizeof(server.b)));
	struct row *set = s->rows[h % SETS], *row = &set[0];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].client.family && addr_eq(set[i].client, client) && addr_eq(set[i].server, server))
			return &set[i];
	for (unsigned i = 1; i < WAYS; i++) {
		uint64_t one = set[i].ask.news + set[i].reply.news, least = row->ask.news + row->reply.news;
		if (one < least || (one == least && set[i].last < row->last))
			row = &set[i];
	}
	if (row->ask.news + row->reply.news + row->altered)
		detect_dropped(d);
	*row = (struct row){ .client = client, .server = server };
	return row;
}

static bool is_group(struct addr a)
{
	enum addr_class c = addr_class(a);
	return c == ADDR_MULTICAST || c == ADDR_BROADCAST || c == ADDR_NONE;
}

/* The same message again, as a mirror shows it that copies packets where they come in and where they go out. */
static bool is_copy(const struct run *d, struct way *way, const struct record *r, bool changed)
{
	uint64_t number = record_get_uint(r, (unsigned)d->col[IDENTIFIER]) << 16 |
			  record_get_uint(r, (unsigned)d->col[SEQUENCE]);
	bool copy = way->n && !changed && number == way->number && r->at->ts - way->at < COPY_NS;
	way->number = number;
	way->at = r->at->ts;
	return copy;
}

static void on_icmp(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	struct span name = record_get_text(r, (unsigned)d->col[NAME]), data = record_get_text(r, (unsigned)d->col[DATA]);
	bool reply = span_is(name, "reply");
	if ((!reply && !span_is(name, "echo")) || !data.n || is_group(at->dst) || is_group(at->src))
		return;
	uint64_t bytes = record_get_uint(r, (unsigned)d->col[BYTES]);
	bool changed = record_get_uint(r, (unsigned)d->col[CHANGED]), news = changed && !span_is(data, "pattern");
	struct row *row = reply ? row_of(d, at->dst, at->src) : row_of(d, at->src, at->dst);
	struct way *way = reply ? &row->reply : &row->ask;
	if (is_copy(d, way, r, changed))
		return;
	way->n++;
	way->bytes += bytes;
	way->news += news;
	way->news_bytes += news ? bytes : 0;
	row->text |= news && span_is(data, "text");
	row->matched += record_has(r, (unsigned)d->col[ALTERED]);
	row->altered += record_get_uint(r, (unsigned)d->col[ALTERED]) && !span_is(data, "pattern");
	if (!row->first) {
		row->first = at->ts;
		row->begin = *at;
	}
	row->last = at->ts > row->last ? at->ts : row->last;
	if (news)
		row->latest = *at;
}

/* ---- judging ---- */

struct view {
	bool up, altered, unasked;
};

static struct view view_of(const struct run *d, const struct row *row)
{
	double pings = d->opt[PINGS], volume = d->opt[VOLUME];
	struct view v = { 0 };
	v.up = row->ask.news >= pings && (double)row->ask.news_bytes >= volume && row->ask.news * 2 >= row->ask.n;
	v.altered = row->altered >= ALTERED_LEAST && row->altered * 5 >= row->matched && (double)row->reply.bytes >= volume;
	v.unasked = row->reply.n > 2 * row->ask.n && row->reply.news >= pings && (double)row->reply.news_bytes >= volume;
	return v;
}

static uint32_t device_of(const struct run *d, const struct row *row)
{
	uint32_t client = device_by_addr(d->devices, row->client), server = device_by_addr(d->devices, row->server);
	return client != DEVICE_NONE && !detect_is_outside(d, row->client) ? client : server;
}

static bool holds(const struct run *d, const struct row *row, const struct view *v)
{
	bool wanted = detect_is_allowed(d, row->client, row->server, 0);
	return (v->up || v->altered || v->unasked) && !wanted;
}

static void weigh_row(struct run *d, const struct row *row)
{
	char a[ADDR_TEXT], b[ADDR_TEXT];
	struct view v = view_of(d, row);
	if (!holds(d, row, &v))
		return;
	addr_text(row->client, a);
	addr_text(row->server, b);
	uint32_t device = device_of(d, row);
	struct finding *f = detect_open(d, device, &row->begin, "%s %s", a, b);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x && row->last >= x->row.last)
		x->row = *row;
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
	bool outside = detect_is_outside(d, row->server) || detect_is_outside(d, row->client);
	bool own = f->device == DEVICE_NONE || device_by_addr(d->devices, row->client) == f->device;
	struct addr us = own ? row->client : row->server, peer = own ? row->server : row->client;
	uint64_t bytes = row->ask.bytes + row->reply.bytes;
	f->severity = outside && medical ? SEV_HIGH : SEV_MEDIUM;
	f->confidence = 0.6 + (v.altered ? 0.25 : 0) + (v.up && row->ask.news > 64 ? 0.1 : 0);
	f->scope = outside ? SCOPE_OUTSIDE : detect_scope(d, &row->begin);
	f->keeps_scope = true;
	f->count = (uint64_t)row->ask.n + row->reply.n;
	f->first = row->first;
	f->last = row->last;
	f->title = detect_text(d, "%s exchanged pings that carry data with %s%s: %llu bytes in %llu messages",
			       detect_who(d, f->device, us), detect_where(d, peer, 0), detect_whither(f->scope),
			       (unsigned long long)bytes, (unsigned long long)f->count);
	record_addr(f->observed, OBS_SOURCE, row->client);
	record_addr(f->observed, OBS_ADDRESS, peer);
	record_str(f->observed, OBS_PROTOCOL, "icmp");
	record_uint(f->observed, OBS_BYTES, bytes);
	record_uint(f->observed, OBS_MESSAGES, f->count);
	record_bool(f->observed, OBS_ANSWERED, row->reply.n > 0);
	record_str(f->observed, OBS_CONTENT, row->text ? "text" : "binary");
	if (v.up)
		detect_list(f, OBS_TRAITS, "new data in requests");
	if (v.altered)
		detect_list(f, OBS_TRAITS, "replies differ from requests");
	if (v.unasked)
		detect_list(f, OBS_TRAITS, "replies without requests");
	if (row->latest.ts)
		detect_note(f, &row->latest, "the latest with new data");
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++)
		if (s->rows[i / WAYS][i % WAYS].client.family)
			weigh_row(d, &s->rows[i / WAYS][i % WAYS]);
}

static const struct on on[] = { { "icmp", on_icmp }, { NULL, NULL } };

const struct detector detector_icmp_tunnel = {
	.name = "net.icmp-tunnel", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .finish = finish, .judge = judge,
};
