/* SPDX-License-Identifier: GPL-2.0-or-later */
/* syslog, RFC 5424: a finding a line, facility local0, structured data under the documentation enterprise number of
 * RFC 5612. Nothing is sent: a log shipper reads the file. */
#include "feed/feed.h"

enum { FACILITY_LOCAL0 = 16 };

static void put(struct buf *b, const char *key, struct span s)
{
	if (!s.n)
		return;
	buf_printf(b, " %s=\"", key);
	feed_put_escaped(b, s, "\\\"]");
	buf_text(b, "\"");
}

static void put_addr(struct buf *b, const char *key, struct addr a)
{
	if (!a.family)
		return;
	buf_printf(b, " %s=\"", key);
	feed_put_addr(b, a);
	buf_text(b, "\"");
}

static void record(struct feed_run *f, const struct record *r)
{
	static const unsigned levels[] = { 6, 5, 4, 3, 2 };      /* informational … critical */
	struct notice n;
	if (!notice_of(r, &n))
		return;
	struct buf *b = &f->out;
	buf_printf(b, "<%u>1 ", FACILITY_LOCAL0 * 8 + levels[n.level]);
	feed_put_time(b, n.last, "Z");
	buf_text(b, " - auscult - ");
	feed_put_escaped(b, span_cut(n.rule, 32), "");
	buf_text(b, " [finding@32473");
	put(b, "id", n.id);
	put(b, "case", n.case_id);
	put(b, "severity", n.severity);
	buf_printf(b, " confidence=\"%.2f\" count=\"%llu\"", n.confidence, (unsigned long long)n.count);
	put(b, "device", n.device);
	put_addr(b, "src", n.src);
	put_addr(b, "dst", n.dst);
	if (n.port)
		buf_printf(b, " port=\"%u\"", n.port);
	put(b, "transport", n.transport);
	put(b, "protocol", n.protocol);
	put(b, "host", n.host);
	put(b, "path", n.path);
	buf_text(b, "] \xef\xbb\xbf");           /* the mark that UTF-8 follows, section 6.4 */
	feed_put_escaped(b, n.title, "");
	buf_text(b, "\n");
}

const struct feed feed_syslog = { .name = "syslog", .doc = "findings as RFC 5424 syslog lines", .record = record };
