/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations as Zeek's conn.log. */
#include "feed/zeek.h"
#include "track/track.h"

static void begin(struct feed_run *f)
{
	zeek_head(&f->out, "conn",
		  "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes "
		  "conn_state orig_pkts resp_pkts orig_l2_addr resp_l2_addr",
		  "time string addr port addr port enum string interval count count string count count string string");
}

static const char *state_of(const struct record *r)
{
	static const char *const known[][2] = { { "unanswered", "S0" }, { "refused", "REJ" }, { "open", "S1" },
						{ "closed", "SF" }, { "reset", "RSTO" } };
	struct span state = record_get_text(r, FLOW_STATE);
	bool is_tcp = span_is(record_get_text(r, FLOW_TRANSPORT), "tcp");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_is(state, known[i][0]))
			return !is_tcp && i == 2 ? "SF" : known[i][1];
	return "OTH";
}

/* Zeek knows tcp, udp, icmp and the rest as unknown_transport. */
static struct span proto_of(const struct record *r)
{
	struct span t = record_get_text(r, FLOW_TRANSPORT);
	if (span_is(t, "tcp") || span_is(t, "udp"))
		return t;
	return span_is(t, "ip-1") || span_is(t, "ip-58") ? SPAN_LIT("icmp") : SPAN_LIT("unknown_transport");
}

static void put_end(struct buf *b, struct addr a, uint64_t port)
{
	feed_put_addr(b, a);
	buf_printf(b, "\t%llu\t", (unsigned long long)port);
}

static void put_mac(struct buf *b, const struct record *r, unsigned field)
{
	if (record_has(r, field))
		feed_put_mac(b, r->v[field].mac);
	else
		buf_text(b, "-");
	buf_text(b, "\t");
}

static void record(struct feed_run *f, const struct record *r)
{
	struct buf *b = &f->out;
	if (r->type != &flow_type)
		return;
	uint64_t first = record_get_uint(r, FLOW_FIRST), last = record_get_uint(r, FLOW_LAST);
	struct span service = record_get_text(r, FLOW_PROTOCOL);
	feed_put_seconds(b, first);
	buf_text(b, "\t");
	zeek_uid(b, record_get_uint(r, FLOW_ID));
	buf_text(b, "\t");
	put_end(b, record_get_addr(r, FLOW_CLIENT), record_get_uint(r, FLOW_CLIENT_PORT));
	put_end(b, record_get_addr(r, FLOW_SERVER), record_get_uint(r, FLOW_SERVER_PORT));
	zeek_put(b, proto_of(r));
	zeek_put(b, span_is(service, "tls") ? SPAN_LIT("ssl") : service);
	feed_put_seconds(b, last - first);
	buf_printf(b, "\t%llu\t%llu\t%s\t%llu\t%llu\t", (unsigned long long)record_get_uint(r, FLOW_BYTES_TO_SERVER),
		   (unsigned long long)record_get_uint(r, FLOW_BYTES_TO_CLIENT), state_of(r),
		   (unsigned long long)record_get_uint(r, FLOW_PACKETS_TO_SERVER),
		   (unsigned long long)record_get_uint(r, FLOW_PACKETS_TO_CLIENT));
	put_mac(b, r, FLOW_CLIENT_MAC);
	put_mac(b, r, FLOW_SERVER_MAC);
	zeek_row_end(b);
}

const struct feed feed_zeek_conn = { .name = "zeek", .file = "conn.log", .doc = "conversations as Zeek's conn.log",
				     .flows = true, .begin = begin, .record = record };
