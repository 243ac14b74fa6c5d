/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ArcSight Common Event Format, version 0: a finding a line. In the head "\" and "|" are escaped, in extensions "\"
 * and "=". Severity 0 to 10. */
#include "feed/feed.h"

static void put(struct buf *b, const char *key, struct span s)
{
	if (!s.n)
		return;
	buf_printf(b, "%s=", key);
	feed_put_escaped(b, s, "\\=");
	buf_text(b, " ");
}

static void put_addr(struct buf *b, const char *key4, const char *key6, const char *label6, struct addr a)
{
	if (!a.family)
		return;
	buf_printf(b, "%s=", a.family == 4 ? key4 : key6);
	feed_put_addr(b, a);
	buf_text(b, " ");
	if (a.family == 6)                       /* CEF's src and dst are IPv4 alone */
		buf_printf(b, "%sLabel=%s ", key6, label6);
}

static void record(struct feed_run *f, const struct record *r)
{
	static const unsigned levels[] = { 1, 3, 5, 8, 10 };
	struct notice n;
	if (!notice_of(r, &n))
		return;
	struct buf *b = &f->out;
	buf_text(b, "CEF:0|auscult|auscult|" AUSCULT_VERSION "|");
	feed_put_escaped(b, n.rule, "\\|");
	buf_text(b, "|");
	feed_put_escaped(b, n.title, "\\|");
	buf_printf(b, "|%u|", levels[n.level]);
	buf_printf(b, "rt=%llu start=%llu end=%llu cnt=%llu ", (unsigned long long)(n.last / 1000000),
		   (unsigned long long)(n.first / 1000000), (unsigned long long)(n.last / 1000000),
		   (unsigned long long)n.count);
	put_addr(b, "src", "c6a2", "source", n.src);
	put_addr(b, "dst", "c6a3", "destination", n.dst);
	if (n.port)
		buf_printf(b, "dpt=%u ", n.port);
	put(b, "proto", n.transport);
	put(b, "app", n.protocol);
	if (!mac_is_zero(n.mac)) {
		buf_text(b, "smac=");
		feed_put_mac(b, n.mac);
		buf_text(b, " ");
	}
	put(b, "shost", n.device);
	put(b, "dhost", n.host);
	put(b, "request", n.url);
	put(b, "filePath", n.path);
	put(b, "externalId", n.id);
	put(b, "cs1", n.case_id);
	if (n.case_id.n)
		buf_text(b, "cs1Label=case ");
	buf_printf(b, "cfp1=%.2f cfp1Label=confidence ", n.confidence);
	put(b, "msg", n.meaning);
	b->n--;                                  /* the blank at the end */
	buf_text(b, "\n");
}

const struct feed feed_cef = { .name = "cef", .doc = "findings as ArcSight CEF lines", .record = record };
