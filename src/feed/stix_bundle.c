/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A STIX 2.1 bundle without custom objects: for each finding the addresses and the traffic that were observed
 * (section 6), observed-data (4.14) and a note (4.13) that says what it means; for each case a report (4.16). */
#include "feed/feed.h"
#include "record/json.h"
#include "record/uuid.h"

enum { REFS = 8 };

struct refs {
	char v[REFS][UUID_TEXT + 24];
	unsigned n;
};

static void object_open(struct feed_run *f, const char *id, const char *type)
{
	struct buf *b = &f->more[0];
	buf_printf(b, "%s\n{\"type\":\"%s\",\"spec_version\":\"2.1\",\"id\":\"%s\"", b->n ? "," : "", type, id);
}

static const char *name_it(char out[UUID_TEXT + 24], const char *type, const uint8_t space[16], struct span name)
{
	char uuid[UUID_TEXT];
	snprintf(out, UUID_TEXT + 24, "%s--%s", type, uuid_named(space, name, uuid));
	return out;
}

/* Section 2.9: the id of an observable is made of the values that make it what it is, so that everybody's is the
 * same; an object of that id is written once in a bundle. */
static bool observable(struct feed_run *f, struct refs *refs, const char *type, const struct buf *identity)
{
	if (refs->n == REFS)
		return false;
	const char *id = name_it(refs->v[refs->n++], type, uuid_stix, buf_span(identity));
	if (feed_met(f, span_str(id), true))
		return false;
	object_open(f, id, type);
	return true;
}

static const char *address(struct feed_run *f, struct refs *refs, struct addr a)
{
	struct buf id = { 0 };
	if (!a.family || refs->n == REFS)
		return NULL;
	buf_text(&id, "{\"value\":\"");
	feed_put_addr(&id, a);
	buf_text(&id, "\"}");
	if (observable(f, refs, a.family == 4 ? "ipv4-addr" : "ipv6-addr", &id)) {
		buf_text(&f->more[0], ",\"value\":\"");
		feed_put_addr(&f->more[0], a);
		buf_text(&f->more[0], "\"}");
	}
	buf_done(&id);
	return refs->v[refs->n - 1];
}

static void named(struct feed_run *f, struct refs *refs, const char *type, struct span value)
{
	struct buf id = { 0 };
	if (!value.n)
		return;
	buf_text(&id, "{\"value\":");
	json_put_text(&id, value);
	buf_text(&id, "}");
	if (observable(f, refs, type, &id)) {
		buf_text(&f->more[0], ",\"value\":");
		json_put_text(&f->more[0], value);
		buf_text(&f->more[0], "}");
	}
	buf_done(&id);
}

/* Canonical: keys in order, no blanks (section 2.9, RFC 8785). */
static void put_traffic(struct buf *b, const struct notice *n, const char *src, const char *dst)
{
	if (n->port)
		buf_printf(b, "\"dst_port\":%u,", n->port);
	if (dst)
		buf_printf(b, "\"dst_ref\":\"%s\",", dst);
	buf_printf(b, "\"protocols\":[\"%s\"", n->dst.family == 6 || (!n->dst.family && n->src.family == 6) ? "ipv6" : "ipv4");
	if (span_is(n->transport, "tcp") || span_is(n->transport, "udp") || span_is(n->transport, "icmp")) {
		buf_text(b, ",");
		json_put_text(b, n->transport);
	}
	if (n->protocol.n) {
		buf_text(b, ",");
		json_put_text(b, n->protocol);
	}
	buf_text(b, "]");
	if (src)
		buf_printf(b, ",\"src_ref\":\"%s\"", src);
}

static void traffic(struct feed_run *f, struct refs *refs, const struct notice *n)
{
	const char *src = address(f, refs, n->src), *dst = address(f, refs, n->dst);
	struct buf id = { 0 };
	if (!src && !dst)
		return;
	buf_text(&id, "{");
	put_traffic(&id, n, src, dst);
	buf_text(&id, "}");
	if (observable(f, refs, "network-traffic", &id)) {
		buf_text(&f->more[0], ",");
		put_traffic(&f->more[0], n, src, dst);
		buf_text(&f->more[0], "}");
	}
	buf_done(&id);
}

static void hash(struct feed_run *f, struct refs *refs, struct span sha256)
{
	struct buf hex = { 0 };
	if (!sha256.n)
		return;
	for (struct rd r = rd_of(sha256); rd_left(&r);)
		buf_printf(&hex, "%02x", rd_u8(&r));
	struct buf id = { 0 };
	buf_printf(&id, "{\"hashes\":{\"SHA-256\":\"%.64s\"}}", (const char *)hex.p);
	if (observable(f, refs, "file", &id))
		buf_printf(&f->more[0], ",\"hashes\":{\"SHA-256\":\"%.64s\"}}", (const char *)hex.p);
	buf_done(&id);
	buf_done(&hex);
}

static void put_times(struct buf *b, uint64_t ns)
{
	struct buf t = { 0 };
	feed_put_time(&t, ns, "Z");
	buf_printf(b, ",\"created\":\"%.*s\",\"modified\":\"%.*s\"", (int)t.n, (const char *)t.p, (int)t.n, (const char *)t.p);
	buf_done(&t);
}

static void put_refs(struct buf *b, const struct refs *refs)
{
	for (unsigned i = 0; i < refs->n; i++)
		buf_printf(b, "%s\"%s\"", i ? "," : "", refs->v[i]);
}

static void observed(struct feed_run *f, const struct notice *n, const struct refs *refs, const char *id)
{
	struct buf *b = &f->more[0];
	object_open(f, id, "observed-data");
	put_times(b, n->last);
	buf_text(b, ",\"first_observed\":\"");
	feed_put_time(b, n->first, "Z");
	buf_text(b, "\",\"last_observed\":\"");
	feed_put_time(b, n->last, "Z");
	uint64_t number = n->count ? n->count : 1;
	buf_printf(b, "\",\"number_observed\":%llu,\"object_refs\":[",
		   (unsigned long long)(number > 999999999 ? 999999999 : number));      /* its range, section 4.14 */
	put_refs(b, refs);
	buf_text(b, "]}");
}

static void note(struct feed_run *f, const struct notice *n, const char *about, const char *id)
{
	struct buf *b = &f->more[0], text = { 0 };
	object_open(f, id, "note");
	put_times(b, n->last);
	buf_printf(b, ",\"confidence\":%u,\"abstract\":", (unsigned)(n->confidence * 100));
	json_put_text(b, n->title);
	buf_bytes(&text, n->meaning);
	buf_text(b, ",\"content\":");
	json_put_text(b, text.n ? buf_span(&text) : n->title);
	buf_text(b, ",\"labels\":[");
	json_put_text(b, n->rule);
	buf_text(b, ",");
	json_put_text(b, n->severity);
	buf_printf(b,
		   "],\"object_refs\":[\"%s\"],\"external_references\":[{\"source_name\":\"auscult\",\"external_id\":", about);
	json_put_text(b, n->id);
	buf_text(b, "}]}");
	buf_done(&text);
}

static void finding(struct feed_run *f, const struct notice *n)
{
	struct refs refs = { .n = 0 };
	char data[UUID_TEXT + 24], said[UUID_TEXT + 24];
	traffic(f, &refs, n);
	named(f, &refs, "domain-name", n->host);
	named(f, &refs, "url", n->url);
	hash(f, &refs, n->sha256);
	if (!refs.n)                             /* found inside a file: nothing that a network shows */
		return;
	observed(f, n, &refs, name_it(data, "observed-data", uuid_auscult, n->id));
	note(f, n, data, name_it(said, "note", uuid_auscult, n->id));
	feed_met(f, n->id, true);
	f->n++;
}

static void report(struct feed_run *f, const struct record *r)
{
	struct buf *b = &f->more[0], refs = { 0 };
	char id[UUID_TEXT + 24];
	struct texts all = record_has(r, CASE_FINDINGS) ? r->v[CASE_FINDINGS].texts : (struct texts){ 0 };
	for (uint32_t i = 0; i < all.n; i++) {
		char data[UUID_TEXT + 24], said[UUID_TEXT + 24];
		if (feed_met(f, all.v[i], false))
			buf_printf(&refs, "%s\"%s\",\"%s\"", refs.n ? "," : "",
				   name_it(data, "observed-data", uuid_auscult, all.v[i]),
				   name_it(said, "note", uuid_auscult, all.v[i]));
	}
	if (!refs.n)
		return;
	uint64_t last = record_get_uint(r, CASE_LAST);
	object_open(f, name_it(id, "report", uuid_auscult, record_get_text(r, CASE_ID)), "report");
	put_times(b, last);
	buf_text(b, ",\"name\":");
	json_put_text(b, record_get_text(r, CASE_TITLE));
	buf_text(b, ",\"description\":");
	json_put_text(b, record_get_text(r, CASE_STORY));
	buf_text(b, ",\"report_types\":[\"observed-data\"],\"published\":\"");
	feed_put_time(b, last, "Z");
	buf_text(b, "\",\"object_refs\":[");
	buf_bytes(b, buf_span(&refs));
	buf_text(b, "],\"external_references\":[{\"source_name\":\"auscult-case\",\"external_id\":");
	json_put_text(b, record_get_text(r, CASE_ID));
	buf_text(b, "}]}");
	buf_done(&refs);
}

static void record(struct feed_run *f, const struct record *r)
{
	struct notice n;
	if (notice_of(r, &n)) {
		if (n.level > SEV_INFO)
			finding(f, &n);
	} else if (r->type == &case_type) {
		report(f, r);
	}
}

static void end(struct feed_run *f)
{
	char id[UUID_TEXT + 24];
	buf_printf(&f->out, "{\"type\":\"bundle\",\"id\":\"%s\"",
		   name_it(id, "bundle", uuid_auscult, buf_span(&f->more[0])));
	if (f->more[0].n) {                      /* an empty list is none, section 8 */
		buf_text(&f->out, ",\"objects\":[");
		buf_bytes(&f->out, buf_span(&f->more[0]));
		buf_text(&f->out, "\n]");
	}
	buf_text(&f->out, "}\n");
}

const struct feed feed_stix_bundle = {
	.name = "stix", .doc = "findings above info and their cases as a STIX 2.1 bundle", .record = record, .end = end
};
