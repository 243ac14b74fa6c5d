/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware findings foretell, as STIX 2.1 indicators (sections 4.7 and 9) without custom objects: the
 * finding and its case stand as external references. */
#include "base/keyring.h"
#include "base/scope.h"
#include "record/json.h"
#include "report/firmware.h"

struct bundle {
	struct buf *out;
	size_t n;
	uint64_t now;
};

/* An id that the same finding and pattern give again; the bits of a name-based UUID (RFC 9562 5.5). */
static void put_id(struct buf *b, const char *type, struct span name)
{
	uint8_t h[32];
	keyring_sha256(name, h);
	h[6] = (uint8_t)((h[6] & 0x0f) | 0x50);
	h[8] = (uint8_t)((h[8] & 0x3f) | 0x80);
	buf_printf(b, "\"%s--", type);
	for (int i = 0; i < 16; i++)
		buf_printf(b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", h[i]);
	buf_text(b, "\"");
}

/* A text inside a pattern's single quotes. */
static void put_quoted(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'' || s.p[i] == '\\')
			buf_u8(b, '\\');
		buf_u8(b, s.p[i]);
	}
}

/* Labels say what the external references say: not every tool keeps both. */
static void put_label(struct buf *b, const char *before, const char *name, struct span id)
{
	struct buf label = { 0 };
	buf_printf(&label, "%s:%.*s", name, (int)span_cut(id, 32).n, (const char *)id.p);
	buf_text(b, before);
	json_put_text(b, buf_span(&label));
	buf_done(&label);
}

static void add(struct bundle *u, const struct record *f, const struct buf *pattern)
{
	struct buf *b = u->out, name = { 0 };
	buf_bytes(&name, record_get_text(f, FND_ID));
	buf_text(&name, "\n");
	buf_bytes(&name, buf_span(pattern));
	buf_text(b, ",\n{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":");
	put_id(b, "indicator", buf_span(&name));
	buf_text(b, ",\"created\":");
	json_put_time(b, u->now * 1000000000u);
	buf_text(b, ",\"modified\":");
	json_put_time(b, u->now * 1000000000u);
	buf_text(b, ",\"valid_from\":");
	json_put_time(b, u->now * 1000000000u);
	buf_text(b, ",\"indicator_types\":[\"anomalous-activity\"],\"pattern_type\":\"stix\",\"name\":");
	json_put_text(b, record_get_text(f, FND_TITLE));
	buf_text(b, ",\"pattern\":");
	json_put_text(b, buf_span(pattern));
	put_label(b, ",\"labels\":[", "auscult", record_get_text(f, FND_ID));
	put_label(b, ",", "auscult-case", record_get_text(f, FND_CASE));
	buf_text(b, "],\"external_references\":[{\"source_name\":\"auscult\",\"external_id\":");
	json_put_text(b, record_get_text(f, FND_ID));
	buf_text(b, "},{\"source_name\":\"auscult-case\",\"external_id\":");
	json_put_text(b, record_get_text(f, FND_CASE));
	buf_text(b, "}]}");
	buf_done(&name);
	u->n++;
}

static void predict_address(struct bundle *u, const struct record *f, const struct record *o)
{
	char text[ADDR_TEXT];
	struct addr a = record_get_addr(o, OBS_ADDRESS);
	unsigned port = (unsigned)record_get_uint(o, OBS_PORT);
	struct span transport = record_get_text(o, OBS_TRANSPORT), path = record_get_text(o, OBS_PATH);
	struct buf p = { 0 };
	addr_text(a, text);
	if (port) {
		buf_printf(&p, "[network-traffic:dst_ref.value = '%s' AND network-traffic:dst_port = %u", text, port);
		if (transport.n)
			buf_printf(&p, " AND network-traffic:protocols[*] = '%.*s'", (int)span_cut(transport, 8).n,
				   (const char *)transport.p);
		buf_text(&p, "]");
		add(u, f, &p);
		buf_reset(&p);
	}
	buf_printf(&p, "[ipv%u-addr:value = '%s']", a.family, text);
	add(u, f, &p);
	if (span_is(record_get_text(o, OBS_PROTOCOL), "nfs") && path.n && path.p[0] == '/' && a.family == 4) {
		buf_reset(&p);
		buf_printf(&p, "[url:value = 'nfs://%s", text);
		put_quoted(&p, path);
		buf_text(&p, "']");
		add(u, f, &p);
	}
	buf_done(&p);
}

/* A port alone is told from everyday traffic only when nobody else uses it. */
static bool is_telling_port(uint64_t port)
{
	static const uint16_t everyday[] = { 20,   21,	 22,   23,   25,    53,	  67,	68,   69,   80,
					     104,  110,	 111,  123,  137,   138,  139,	143,  161,  389,
					     443,  445,	 502,  514,  515,   554,  631,	993,  995,  1883,
					     1900, 2049, 2575, 2762, 3306,  3389, 3702, 5060, 5353, 5432,
					     5900, 8000, 8080, 8443, 11112, 47808 };
	for (size_t i = 0; i < ARRAY_LEN(everyday); i++)
		if (port == everyday[i])
			return false;
	return port != 0;
}

static void put_base64(struct buf *b, struct span s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct rd r = rd_of(s);
	while (rd_left(&r)) {
		size_t have = rd_left(&r) < 3 ? rd_left(&r) : 3;
		uint32_t v = (uint32_t)rd_u8(&r) << 16;
		v |= have > 1 ? (uint32_t)rd_u8(&r) << 8 : 0;
		v |= have > 2 ? rd_u8(&r) : 0;
		for (unsigned i = 0; i < 4; i++)
			buf_u8(b, i <= have ? (uint8_t)digits[v >> (18 - 6 * i) & 63] : '=');
	}
}

static void predict_listener(struct bundle *u, const struct record *f, const struct record *o)
{
	uint64_t port = record_get_uint(o, OBS_LISTENER);
	struct span transport = record_get_text(o, OBS_TRANSPORT), magic = record_get_text(o, OBS_MAGIC);
	struct buf p = { 0 };
	if (!is_telling_port(port))
		return;
	buf_printf(&p, "[network-traffic:dst_port = %llu AND network-traffic:protocols[*] = '%.*s'", (unsigned long long)port,
		   transport.n ? (int)span_cut(transport, 8).n : 3, transport.n ? (const char *)transport.p : "tcp");
	if (magic.n) {                           /* sensors that look into payloads need the word too */
		struct buf with = { 0 };
		buf_bytes(&with, buf_span(&p));
		buf_text(&with, " AND network-traffic:src_payload_ref.payload_bin = '");
		put_base64(&with, magic);
		buf_text(&with, "']");
		add(u, f, &with);
		buf_done(&with);
	}
	buf_text(&p, "]");
	add(u, f, &p);
	buf_done(&p);
}

static void predict(struct bundle *u, const struct record *f)
{
	const struct record *o = record_has(f, FND_OBSERVED) ? f->v[FND_OBSERVED].record : NULL;
	struct span severity = record_get_text(f, FND_SEVERITY);
	if (!o || span_is(severity, "info"))
		return;
	bool outward = record_has(o, OBS_ADDRESS) && addr_is_global(record_get_addr(o, OBS_ADDRESS));
	struct span host = record_get_text(o, OBS_HOST);
	if (outward)
		predict_address(u, f, o);
	if (host.n) {
		struct buf p = { 0 };
		buf_text(&p, "[domain-name:value = '");
		put_quoted(&p, host);
		buf_text(&p, "']");
		add(u, f, &p);
		buf_done(&p);
	}
	predict_listener(u, f, o);
}

size_t firmware_predict(struct buf *out, struct record *const *findings, size_t n, uint64_t now)
{
	struct bundle u = { .out = out, .now = now };
	struct buf all = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_bytes(&all, record_get_text(findings[i], FND_ID));
	buf_text(out, "{\"type\":\"bundle\",\"id\":");
	put_id(out, "bundle", buf_span(&all));
	buf_text(out, ",\"objects\":[");
	size_t start = out->n;
	for (size_t i = 0; i < n; i++)
		predict(&u, findings[i]);
	if (u.n)                                 /* the comma before the first */
		out->p[start] = ' ';
	buf_text(out, "\n]}\n");
	buf_done(&all);
	return u.n;
}
