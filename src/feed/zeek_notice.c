/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings as Zeek's notice.log; a rule "net.phi-cleartext" is the note "Auscult::net_phi_cleartext". */
#include "feed/zeek.h"

static void begin(struct feed_run *f)
{
	zeek_head(&f->out, "notice",
		  "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto note msg sub src dst p n peer_descr "
		  "actions suppress_for",
		  "time string addr port addr port enum enum string string addr addr port count string set[enum] interval");
}

static void put_addr(struct buf *b, struct addr a)
{
	if (a.family)
		feed_put_addr(b, a);
	else
		buf_text(b, "-");
	buf_text(b, "\t");
}

static void put_port(struct buf *b, const struct notice *n)
{
	if (n->port)
		buf_printf(b, "%u\t", n->port);
	else
		buf_text(b, "-\t");
}

static void put_note(struct buf *b, struct span rule)
{
	buf_text(b, "Auscult::");
	for (struct rd r = rd_of(rule); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		buf_u8(b, c == '.' || c == '-' ? '_' : c);
	}
	buf_text(b, "\t");
}

static void record(struct feed_run *f, const struct record *r)
{
	struct notice n;
	struct buf *b = &f->out;
	if (!notice_of(r, &n))
		return;
	feed_put_seconds(b, n.last);
	buf_text(b, "\t-\t");
	put_addr(b, n.src);
	buf_text(b, "-\t");
	put_addr(b, n.dst);
	put_port(b, &n);
	zeek_put(b, span_is(n.transport, "tcp") || span_is(n.transport, "udp") ? n.transport : (struct span){ 0 });
	put_note(b, n.rule);
	zeek_put(b, n.title);
	buf_bytes(b, n.id);                      /* sub: which finding of which case, how grave */
	buf_text(b, " ");
	buf_bytes(b, n.case_id);
	buf_text(b, " ");
	zeek_put(b, n.severity);
	put_addr(b, n.src);
	put_addr(b, n.dst);
	put_port(b, &n);
	buf_printf(b, "%llu\tauscult\tNotice::ACTION_LOG\t0.000000\t", (unsigned long long)n.count);
	zeek_row_end(b);
}

const struct feed feed_zeek_notice = { .name = "zeek", .file = "notice.log", .doc = "findings as Zeek's notice.log",
				       .begin = begin, .record = record };
