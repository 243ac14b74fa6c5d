/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One MISP event (core format, draft-dulaunoy-misp-core-format): an attribute for each value of a finding that
 * another site can look for. Distribution 0, not published: whoever imports it decides. Addresses inside the site are
 * context, not for detection. */
#include "feed/feed.h"
#include "record/json.h"
#include "record/uuid.h"

static void attribute(struct feed_run *f, const struct notice *n, const char *type, const char *category,
		      struct span value, bool detect)
{
	struct buf *b = &f->more[0], name = { 0 };
	char uuid[UUID_TEXT];
	if (!value.n)
		return;
	buf_bytes(&name, n->id);
	buf_printf(&name, "\n%s\n", type);
	buf_bytes(&name, value);
	buf_printf(b, "%s\n  {\"uuid\":\"%s\",\"type\":\"%s\",\"category\":\"%s\",\"value\":", b->n ? "," : "",
		   uuid_named(uuid_auscult, buf_span(&name), uuid), type, category);
	json_put_text(b, value);
	buf_printf(b, ",\"to_ids\":%s,\"distribution\":\"5\",\"timestamp\":\"%llu\",\"comment\":", detect ? "true" : "false",
		   (unsigned long long)(n->last / 1000000000u));
	struct buf comment = { 0 };
	buf_bytes(&comment, n->rule);
	buf_text(&comment, ": ");
	buf_bytes(&comment, n->title);
	json_put_text(b, buf_span(&comment));
	buf_text(b, "}");
	buf_done(&comment);
	buf_done(&name);
}

static void put_destination(struct feed_run *f, const struct notice *n)
{
	struct buf v = { 0 };
	if (!n->dst.family)
		return;
	bool detect = addr_is_global(n->dst);
	feed_put_addr(&v, n->dst);
	if (n->port) {
		buf_printf(&v, "|%u", n->port);
		attribute(f, n, "ip-dst|port", "Network activity", buf_span(&v), detect);
	} else {
		attribute(f, n, "ip-dst", "Network activity", buf_span(&v), detect);
	}
	buf_done(&v);
}

static void record(struct feed_run *f, const struct record *r)
{
	struct notice n;
	struct buf v = { 0 };
	if (!notice_of(r, &n) || n.level == SEV_INFO)
		return;
	put_destination(f, &n);
	if (n.src.family) {
		feed_put_addr(&v, n.src);
		attribute(f, &n, "ip-src", "Network activity", buf_span(&v), false);
		buf_reset(&v);
	}
	attribute(f, &n, "hostname", "Network activity", n.host, true);
	attribute(f, &n, "url", "Network activity", n.url, true);
	if (n.sha256.n) {
		for (struct rd h = rd_of(n.sha256); rd_left(&h);)
			buf_printf(&v, "%02x", rd_u8(&h));
		attribute(f, &n, "sha256", "Payload delivery", buf_span(&v), true);
	}
	buf_reset(&v);
	buf_bytes(&v, n.title);
	attribute(f, &n, "text", "Other", buf_span(&v), false);
	buf_done(&v);
	f->n++;
}

static void end(struct feed_run *f)
{
	struct buf *b = &f->out, name = { 0 };
	char uuid[UUID_TEXT], org[UUID_TEXT];
	struct buf date = { 0 };
	feed_put_time(&date, f->first, "");
	buf_bytes(&name, buf_span(&f->more[0]));
	buf_printf(b, "{\"Event\":{\"uuid\":\"%s\",\"info\":\"auscult: %u findings on medical devices\",\"date\":\"%.10s\",",
		   uuid_named(uuid_auscult, buf_span(&name), uuid), f->n, (const char *)date.p);
	buf_printf(b, "\"threat_level_id\":\"4\",\"analysis\":\"0\",\"distribution\":\"0\",\"published\":false,"
		      "\"timestamp\":\"%llu\",", (unsigned long long)(f->last / 1000000000u));
	buf_printf(b, "\"Orgc\":{\"name\":\"auscult\",\"uuid\":\"%s\"},",
		   uuid_named(uuid_auscult, SPAN_LIT("organisation"), org));
	buf_text(b, "\"Tag\":[{\"name\":\"tlp:amber\"}],\"Attribute\":[");
	buf_bytes(b, buf_span(&f->more[0]));
	buf_text(b, "\n]}}\n");
	buf_done(&date);
	buf_done(&name);
}

const struct feed feed_misp = {
	.name = "misp", .doc = "findings above info as one MISP event", .record = record, .end = end,
};
