/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EVE JSON as Suricata 7 writes it: findings as alerts, conversations as flow events, a JSON object a line. Signature
 * ids lie in the range for local rules, 1,000,000 to 1,999,999, made from the rule's name. */
#include "feed/feed.h"
#include "record/json.h"
#include "track/track.h"

static uint32_t signature_id(struct span rule)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	for (struct rd r = rd_of(rule); rd_left(&r);)
		h = (h ^ rd_u8(&r)) * UINT64_C(0x100000001b3);
	return 1000000 + (uint32_t)((h ^ h >> 32) % 1000000);
}

static void put_head(struct buf *b, uint64_t ts, const char *event)
{
	buf_text(b, "{\"timestamp\":\"");
	feed_put_time(b, ts, "+0000");
	buf_printf(b, "\",\"event_type\":\"%s\"", event);
}

static void put_end(struct buf *b, const char *side, struct addr a, uint64_t port)
{
	if (!a.family)
		return;
	buf_printf(b, ",\"%s_ip\":\"", side);
	feed_put_addr(b, a);
	buf_text(b, "\"");
	if (port)
		buf_printf(b, ",\"%s_port\":%llu", side, (unsigned long long)port);
}

static void put_proto(struct buf *b, struct span transport)
{
	static const char *const known[][2] = { { "tcp", "TCP" }, { "udp", "UDP" }, { "icmp", "ICMP" }, { "ip-1", "ICMP" },
						{ "ip-58", "IPv6-ICMP" }, { "ip-132", "SCTP" } };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_is(transport, known[i][0]))
			buf_printf(b, ",\"proto\":\"%s\"", known[i][1]);
}

static void put_list(struct buf *b, const char *key, struct span s, bool *more)
{
	if (!s.n)
		return;
	buf_printf(b, "%s\"%s\":[", *more ? "," : "", key);
	json_put_text(b, s);
	buf_text(b, "]");
	*more = true;
}

static void alert(struct buf *b, const struct notice *n)
{
	static const unsigned levels[] = { 3, 3, 2, 1, 1 };      /* 1 is the gravest */
	bool more = false;
	put_head(b, n->last, "alert");
	put_end(b, "src", n->src, 0);
	put_end(b, "dest", n->dst, n->port);
	put_proto(b, n->transport);
	buf_printf(b, ",\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":%u,\"rev\":1,\"signature\":",
		   signature_id(n->rule));
	json_put_text(b, n->title);
	buf_text(b, ",\"category\":");
	json_put_text(b, n->rule);
	buf_printf(b, ",\"severity\":%u,\"metadata\":{", levels[n->level]);
	put_list(b, "rule", n->rule, &more);
	put_list(b, "finding", n->id, &more);
	put_list(b, "case", n->case_id, &more);
	put_list(b, "severity", n->severity, &more);
	put_list(b, "device", n->device, &more);
	buf_printf(b, ",\"confidence\":[\"%.2f\"]}}", n->confidence);
	if (n->protocol.n) {
		buf_text(b, ",\"app_proto\":");
		json_put_text(b, n->protocol);
	}
	buf_text(b, "}\n");
}

/* Suricata counts frames, not payload: what stands in front of it, at least (Ethernet, IPv4, TCP with time stamps or
 * UDP), is put back. */
static uint64_t on_wire(const struct record *r, unsigned bytes, unsigned packets)
{
	bool is_tcp = span_is(record_get_text(r, FLOW_TRANSPORT), "tcp");
	return record_get_uint(r, bytes) + record_get_uint(r, packets) * (is_tcp ? 66u : 42u);
}

static void flow(struct buf *b, const struct record *r)
{
	struct span state = record_get_text(r, FLOW_STATE);
	uint64_t first = record_get_uint(r, FLOW_FIRST), last = record_get_uint(r, FLOW_LAST);
	put_head(b, last, "flow");
	buf_printf(b, ",\"flow_id\":%llu", (unsigned long long)record_get_uint(r, FLOW_ID));
	put_end(b, "src", record_get_addr(r, FLOW_CLIENT), record_get_uint(r, FLOW_CLIENT_PORT));
	put_end(b, "dest", record_get_addr(r, FLOW_SERVER), record_get_uint(r, FLOW_SERVER_PORT));
	put_proto(b, record_get_text(r, FLOW_TRANSPORT));
	if (record_has(r, FLOW_PROTOCOL)) {
		buf_text(b, ",\"app_proto\":");
		json_put_text(b, record_get_text(r, FLOW_PROTOCOL));
	}
	if (record_has(r, FLOW_CLIENT_MAC) && record_has(r, FLOW_SERVER_MAC)) {
		buf_text(b, ",\"ether\":{\"src_macs\":[\"");
		feed_put_mac(b, r->v[FLOW_CLIENT_MAC].mac);
		buf_text(b, "\"],\"dest_macs\":[\"");
		feed_put_mac(b, r->v[FLOW_SERVER_MAC].mac);
		buf_text(b, "\"]}");
	}
	buf_printf(b,
		   ",\"flow\":{\"pkts_toserver\":%llu,\"pkts_toclient\":%llu,\"bytes_toserver\":%llu,\"bytes_toclient\":%llu",
		   (unsigned long long)record_get_uint(r, FLOW_PACKETS_TO_SERVER),
		   (unsigned long long)record_get_uint(r, FLOW_PACKETS_TO_CLIENT),
		   (unsigned long long)on_wire(r, FLOW_BYTES_TO_SERVER, FLOW_PACKETS_TO_SERVER),
		   (unsigned long long)on_wire(r, FLOW_BYTES_TO_CLIENT, FLOW_PACKETS_TO_CLIENT));
	buf_text(b, ",\"start\":\"");
	feed_put_time(b, first, "+0000");
	buf_text(b, "\",\"end\":\"");
	feed_put_time(b, last, "+0000");
	bool is_new = span_is(state, "unanswered") || span_is(state, "refused");
	bool is_closed = span_is(state, "closed") || span_is(state, "reset");
	buf_printf(b, "\",\"age\":%llu,\"state\":\"%s\",\"reason\":\"timeout\",\"alerted\":false}",
		   (unsigned long long)((last - first) / 1000000000u), is_new ? "new" : is_closed ? "closed" : "established");
	if (span_is(state, "refused"))           /* RST and ACK: what makes it one */
		buf_text(b, ",\"tcp\":{\"tcp_flags_tc\":\"14\",\"rst\":true,\"state\":\"closed\"}");
	buf_text(b, "}\n");
}

static void record(struct feed_run *f, const struct record *r)
{
	struct notice n;
	if (notice_of(r, &n))
		alert(&f->out, &n);
	else if (r->type == &flow_type)
		flow(&f->out, r);
}

const struct feed feed_eve = { .name = "eve", .doc = "findings and conversations as EVE JSON lines", .flows = true,
			       .record = record };
