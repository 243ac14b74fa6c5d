/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS (RFC 8446, RFC 5246) and the SSL 2.0 shaped hello (RFC 5246 E.2): who is asked for, which
 * versions are offered and chosen, and up to TLS 1.2 the certificates. Of each direction the handshake is read
 * up to its certificate, over as many segments and records as it takes; what follows passes unread. Clients are
 * told apart by JA4 (FoxIO, BSD 3-clause; the other members of that family are not free and are not here). */
#include "base/buf.h"
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/ja4.h"
#include "decode/machine_name.h"
#include "decode/x509.h"

enum {
	CHANGE_CIPHER = 20, ALERT, HANDSHAKE, APPLICATION, HEARTBEAT,
	CLIENT_HELLO = 1, SERVER_HELLO = 2, CERTIFICATE = 11, SERVER_KEYS = 12, CERTIFICATE_REQUEST = 13,
	CERTIFICATE_STATUS = 22, SUPPLEMENT = 23, CHAIN_MAX = 16,
	RECORD_HEAD = 5, RECORD_MAX = 16384 + 2048, HELLO_HEAD = 4, HELLO_MIN = 2 + 32 + 1, HELLO_MAX = 1 << 17,
	HELLO_RECORDS = 64,                      /* that one hello may be spread over: looked through at each arrival */
	SSL2_HELLO = 0x80, SSL2_HEAD = 2, SSL2_MIN = 9 + 3 + 16, SSL2_MAX = 1024,
	RANDOM_SAMPLE = 256,
	EXT_SNI = 0, EXT_SIGNATURES = 13, EXT_ALPN = 16, EXT_VERSIONS = 43, LIST_MAX = 32, NAME_MAX_DNS = 255,
};

enum {
	EVENT, HOST, VERSION, VERSIONS, ALPN, CIPHERS, CIPHER, JA4, LEVEL, DESCRIPTION, SUBJECT, SUBJECT_SECRET, ORGANISATION,
	NAMES, ISSUER, ISSUER_ORGANISATION, SELF_SIGNED, AUTHORITY, FROM, UNTIL, IN_TIME, SERIAL, FINGERPRINT, CHAIN, PORT_USE
};

static const struct field fields[] = {
	[EVENT] = { "event", F_TEXT, "client-hello, server-hello, certificate or alert" },
	[HOST] = { "host", F_TEXT, "server name that the client asks for (SNI)" },
	[VERSION] = { "version", F_TEXT, "highest version offered, or the one chosen" },
	[VERSIONS] = { "versions", F_TEXTS, "versions offered" },
	[ALPN] = { "alpn", F_TEXTS, "protocols offered or chosen inside (ALPN)" },
	[CIPHERS] = { "ciphers", F_UINT, "number of cipher suites offered" },
	[CIPHER] = { "cipher", F_UINT, "cipher suite chosen, as numbered by IANA" },
	[JA4] = { "ja4", F_TEXT, "fingerprint of the client's software, from what its hello offers" },
	[LEVEL] = { "level", F_TEXT, "of an alert: warning or fatal" },
	[DESCRIPTION] = { "description", F_UINT, "of an alert, as numbered by IANA" },
	[SUBJECT] = { "subject", F_TEXT, "common name of the certificate, when it is a machine's or an authority's" },
	[SUBJECT_SECRET] = { "subject_token", F_TEXT, "common name of the certificate, when it may be a person's",
			     .privacy = SECRET },
	[ORGANISATION] = { "organisation", F_TEXT, "organisation of its holder" },
	[NAMES] = { "names", F_TEXTS, "DNS names that the certificate is for" },
	[ISSUER] = { "issuer", F_TEXT, "common name of who signed it, unless it signed itself" },
	[ISSUER_ORGANISATION] = { "issuer_organisation", F_TEXT, "organisation of who signed it" },
	[SELF_SIGNED] = { "self_signed", F_BOOL, "holder and issuer are the same" },
	[AUTHORITY] = { "authority", F_BOOL, "may sign certificates itself" },
	[FROM] = { "not_before", F_TIME, "begin of its validity" },
	[UNTIL] = { "not_after", F_TIME, "end of its validity" },
	[IN_TIME] = { "in_time", F_BOOL, "the packet's time lies within its validity" },
	[SERIAL] = { "serial", F_TEXT, "serial number, as hex digits" },
	[FINGERPRINT] = { "fingerprint", F_HASH, "SHA-256 of the certificate" },
	[CHAIN] = { "chain", F_UINT, "certificates that were shown; the first is told" },
	[PORT_USE] = { "port_use", F_TEXT,
		       "\"DICOM port, encrypted\" of who serves there, \"to a DICOM port, encrypted\" of who "
		       "calls: what is inside of TLS is not seen",
		       .clue = CLUE_SYSTEM },
};
static RECORD_TYPE(tls_type, "tls", "TLS hello, certificate or alert in clear", fields);

struct way {
	bool over, greeted;                      /* nothing more to read from this end; it said hello */
	uint16_t left;                           /* bytes of the record that the last message ended within */
};

struct session {
	struct way way[2];
};

static const char *version_name(uint16_t v)
{
	switch (v) {
	case 0x0002: return "SSL 2.0";
	case 0x0300: return "SSL 3.0";
	case 0x0301: return "TLS 1.0";
	case 0x0302: return "TLS 1.1";
	case 0x0303: return "TLS 1.2";
	case 0x0304: return "TLS 1.3";
	default: return (v & 0xFF00) == 0x7F00 ? "TLS 1.3 draft" : NULL;
	}
}

/* GREASE (RFC 8701): values that are there to be ignored. */
static bool is_grease(uint16_t v)
{
	return (v & 0x0F0F) == 0x0A0A && v >> 8 == (v & 0xFF);
}

struct tls_record {
	uint8_t type;
	uint16_t version, length;
};

static bool record_head(struct rd *r, struct tls_record *out)
{
	out->type = rd_u8(r);
	out->version = rd_be16(r);
	out->length = rd_be16(r);
	return rd_ok(r) && out->type >= CHANGE_CIPHER && out->type <= HEARTBEAT && out->version >> 8 == 3 &&
		(out->version & 0xFF) <= 4 && out->length && out->length <= RECORD_MAX;
}

/* ---- recognising ---- */

static bool ssl2_fits(struct rd r, size_t *total)
{
	uint16_t length = rd_be16(&r);
	uint8_t type = rd_u8(&r);
	uint16_t version = rd_be16(&r), ciphers = rd_be16(&r), id = rd_be16(&r), challenge = rd_be16(&r);
	if (!rd_ok(&r) || !(length & SSL2_HELLO << 8) || type != CLIENT_HELLO || (version != 2 && version >> 8 != 3))
		return false;
	length &= 0x7FFF;
	*total = SSL2_HEAD + (size_t)length;
	return length >= SSL2_MIN && length <= SSL2_MAX && ciphers && ciphers % 3 == 0 && (id == 0 || id == 16) &&
		challenge >= 16 && challenge <= 32 && 9 + ciphers + id + challenge == length;
}

/* r stands behind the head of a handshake record. The hello's own head may be cut off by a tiny record. */
static struct bid bid_hello(struct rd r, const struct tls_record *rec)
{
	struct bid sure = { .score = BID_SURE };
	uint8_t type = rd_u8(&r);
	uint32_t length = rd_be24(&r);
	if (rec->length < HELLO_HEAD || !rd_ok(&r))
		return (struct bid){ .score = BID_WAIT };
	if (length < HELLO_MIN || length > HELLO_MAX)
		return (struct bid){ .score = BID_NO };
	uint16_t version = rd_be16(&r);
	if (rec->length < HELLO_HEAD + 2 || !rd_ok(&r))
		return (struct bid){ .score = BID_WAIT };
	if (version >> 8 != 3 && version >> 8 != 0x7F)
		return (struct bid){ .score = BID_NO };
	sure.side = type == CLIENT_HELLO ? SIDE_CLIENT : SIDE_SERVER;
	return sure;
}

/* Encrypted bytes have their high bit set half of the time: of 256, further than six deviations off is
 * something else. */
static bool looks_random(struct rd r)
{
	int high = 0;
	struct span s = rd_span(&r, RANDOM_SAMPLE);
	for (size_t i = 0; i < s.n; i++)
		high += s.p[i] >> 7;
	return high > 80 && high < 176;
}

/* The record is longer than what is there: large ones come in many segments. */
static struct bid bid_unfinished(struct rd r, bool chained, bool closing)
{
	if (chained || looks_random(r))
		return (struct bid){ .score = BID_LIKELY };
	return (struct bid){ .score = closing || rd_left(&r) >= RANDOM_SAMPLE ? BID_MAYBE : BID_WAIT };
}

/* In the middle of a conversation, or an end that never says hello: two records in a row, or all of one. */
static struct bid bid_records(struct rd r, bool closing)
{
	struct tls_record rec;
	int chained = 0;
	while (rd_left(&r) >= RECORD_HEAD && chained < 2) {
		if (!record_head(&r, &rec) || (rec.type == ALERT && rec.length == 1) ||
		    (rec.type == CHANGE_CIPHER && rec.length != 1))
			return (struct bid){ .score = BID_NO };
		chained++;
		if (rd_left(&r) < rec.length)
			return bid_unfinished(r, chained == 2, closing);
		rd_skip(&r, rec.length);
	}
	if (chained == 2 || (chained == 1 && rd_left(&r) == 0))
		return (struct bid){ .score = BID_LIKELY };
	return (struct bid){ .score = closing ? BID_NO : BID_WAIT };
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct tls_record rec;
	size_t total;
	if (rd_peek(&r) & SSL2_HELLO) {
		if (m->bytes.n < 11)
			return (struct bid){ .score = m->closing ? BID_NO : BID_WAIT };
		return (struct bid){ .score = ssl2_fits(r, &total) ? BID_SURE : BID_NO, .side = SIDE_CLIENT };
	}
	if (m->bytes.n < RECORD_HEAD) {
		uint8_t type = rd_u8(&r), major = rd_u8(&r);
		bool fits = type >= CHANGE_CIPHER && type <= HEARTBEAT && (!rd_ok(&r) || major == 3);
		return (struct bid){ .score = fits && !m->closing ? BID_WAIT : BID_NO };
	}
	if (!record_head(&r, &rec))
		return (struct bid){ .score = BID_NO };
	uint8_t first = rd_peek(&r);
	if (rec.type == HANDSHAKE && (first == CLIENT_HELLO || first == SERVER_HELLO)) {
		struct bid b = bid_hello(r, &rec);
		return b.score != BID_WAIT || !m->closing ? b : (struct bid){ .score = BID_MAYBE };
	}
	return bid_records(rd_of(m->bytes), m->closing);
}

/* ---- framing ---- */

struct walk {
	size_t bytes;                            /* to the message's end, maybe more than are here; 0: not to be known yet */
	uint16_t left;
	bool spoilt;                             /* no handshake message, or too large */
};

/* One handshake message: `left` bytes of a record whose head went by, then whole records. */
static struct walk message_walk(struct span s, uint16_t left)
{
	struct rd r = rd_of(s);
	struct tls_record rec;
	uint8_t head[HELLO_HEAD];
	size_t have = 0, want = HELLO_HEAD;
	for (int i = 0; i < HELLO_RECORDS; i++) {
		if (!left) {
			if (rd_left(&r) < RECORD_HEAD)
				return (struct walk){ 0 };
			if (!record_head(&r, &rec) || rec.type != HANDSHAKE)
				break;
			left = rec.length;
		}
		for (; left && have < HELLO_HEAD; left--) {
			if (!rd_left(&r))
				return (struct walk){ 0 };
			head[have++] = rd_u8(&r);
		}
		if (have == HELLO_HEAD && want == HELLO_HEAD)
			want += (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
		if (want > HELLO_MAX)
			break;
		size_t part = want - have < left ? want - have : left;
		if (have >= HELLO_HEAD && have + part == want)
			return (struct walk){ .bytes = s.n - rd_left(&r) + part, .left = (uint16_t)(left - part) };
		if (part > rd_left(&r))
			return (struct walk){ 0 };
		rd_skip(&r, part);
		have += part;
		left = 0;
	}
	return (struct walk){ .spoilt = true };
}

static struct frame frame(const struct message *m, void *state)
{
	const struct session *s = state;
	const struct way *w = &s->way[m->to_server];
	struct rd r = rd_of(m->bytes);
	struct tls_record rec;
	size_t total;
	const struct frame rest = { .need = 1, .total = BODY_OPEN };
	if (w->over)
		return rest;
	if (!w->left) {
		if (!w->greeted && rd_peek(&r) & SSL2_HELLO) {
			if (m->bytes.n < 11)
				return FRAME_WAIT(m);
			return ssl2_fits(r, &total) ? (struct frame){ .need = total, .total = BODY_OPEN } : FRAME_NONE;
		}
		if (m->bytes.n <= RECORD_HEAD)
			return FRAME_WAIT(m);
		if (!record_head(&r, &rec))
			return w->greeted ? rest : FRAME_NONE;
		if (rec.type == ALERT && rec.length == 2)
			return FRAME_WHOLE(RECORD_HEAD + 2);
		if (rec.type != HANDSHAKE || (!w->greeted && rd_peek(&r) != CLIENT_HELLO && rd_peek(&r) != SERVER_HELLO))
			return rest;
	}
	struct walk walk = message_walk(m->bytes, w->left);
	if (walk.spoilt)
		return rest;
	return walk.bytes ? FRAME_WHOLE(walk.bytes) : FRAME_WAIT(m);
}

/* ---- hellos ---- */

static void server_name(struct rd r, struct record *out)
{
	struct rd list = rd_sub(&r, rd_be16(&r));
	uint8_t type = rd_u8(&list);
	struct span name = rd_span(&list, rd_be16(&list));
	if (rd_ok(&list) && type == 0 && name.n <= NAME_MAX_DNS)
		record_text(out, HOST, name);
}

static void protocols(struct rd r, struct record *out, struct ja4 *j)
{
	struct rd list = rd_sub(&r, rd_be16(&r));
	for (int i = 0; i < LIST_MAX && rd_left(&list); i++) {
		struct span name = rd_span(&list, rd_u8(&list));
		bool grease = name.n == 2 && (name.p[0] & 0x0F) == 0x0A && name.p[0] == name.p[1];
		if (!name.n || grease)
			continue;
		record_add_text(out, ALPN, name);
		if (!j->alpn.n)
			j->alpn = name;
	}
}

/* highest: of those with a name. */
static void versions(struct rd r, struct record *out, struct ja4 *j)
{
	uint16_t highest = 0;
	struct rd list = rd_sub(&r, rd_u8(&r));
	for (int i = 0; i < LIST_MAX && rd_left(&list); i++) {
		uint16_t v = rd_be16(&list);
		if (!is_grease(v) && v > j->version)
			j->version = v;
		if (is_grease(v) || !version_name(v))
			continue;
		record_add_text(out, VERSIONS, span_str(version_name(v)));
		if (highest >> 8 != 3 || (v >> 8 == 3 && v > highest))
			highest = v;
	}
	record_str(out, VERSION, version_name(highest));
}

static void numbers(struct rd list, struct ja4_list *out)
{
	while (rd_left(&list) >= 2)
		ja4_add(out, rd_be16(&list));
}

static void extensions(struct rd r, bool client, struct record *out, struct ja4 *j)
{
	struct rd list = rd_sub(&r, rd_be16(&r));
	while (rd_left(&list)) {
		uint16_t type = rd_be16(&list);
		struct rd x = rd_sub(&list, rd_be16(&list));
		if (!rd_ok(&list))
			break;
		ja4_add(&j->extensions, type);
		if (type == EXT_SNI && client)
			server_name(x, out);
		else if (type == EXT_ALPN)
			protocols(x, out, j);
		else if (type == EXT_SIGNATURES && client)
			numbers(rd_sub(&x, rd_be16(&x)), &j->signatures);
		else if (type == EXT_VERSIONS && client)
			versions(x, out, j);
		else if (type == EXT_VERSIONS)
			record_str(out, VERSION, version_name(rd_be16(&x)));
	}
}

/* RFC 8446 §4.1.2, §4.1.3; extensions may be missing altogether. */
static bool hello(struct rd r, bool client, struct ja4_memo *memo, struct record *out)
{
	struct ja4 j UNSET;
	uint16_t version = rd_be16(&r);
	ja4_begin(&j);
	rd_skip(&r, 32);
	rd_skip(&r, rd_u8(&r));
	if (client) {
		uint16_t ciphers = rd_be16(&r);
		numbers(rd_sub(&r, ciphers), &j.ciphers);
		rd_skip(&r, rd_u8(&r));
		record_uint(out, CIPHERS, ciphers / 2);
	} else {
		record_uint(out, CIPHER, rd_be16(&r));
		rd_skip(&r, 1);
	}
	if (!rd_ok(&r))
		return false;
	record_str(out, EVENT, client ? "client-hello" : "server-hello");
	record_str(out, VERSION, version_name(version));
	if (rd_left(&r))
		extensions(r, client, out, &j);
	j.version = j.version ? j.version : version;
	if (client)
		record_text(out, JA4, ja4_text(&j, memo, out->host->arena));
	if (client && !record_has(out, VERSIONS) && version_name(version))
		record_add_text(out, VERSIONS, span_str(version_name(version)));
	return true;
}

/* The message without the heads of the records it is spread over. */
static struct span unwrap(struct span s, uint16_t left, struct arena *a)
{
	struct rd r = rd_of(s);
	struct tls_record rec = { .length = left };
	if (left ? rd_left(&r) <= left : record_head(&r, &rec) && rd_left(&r) <= rec.length)
		return rd_rest(&r);
	struct buf b = { 0 };
	for (r = rd_of(s); rd_left(&r) && (left || record_head(&r, &rec)); left = 0) {
		size_t length = left ? left : rec.length;
		buf_bytes(&b, rd_span(&r, rd_left(&r) < length ? rd_left(&r) : length));
	}
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}

static bool ssl2_hello(struct rd r, struct record *out)
{
	rd_skip(&r, 3);
	uint16_t version = rd_be16(&r);
	record_str(out, EVENT, "client-hello");
	record_str(out, VERSION, version_name(version));
	record_add_text(out, VERSIONS, SPAN_LIT("SSL 2.0"));
	if (version != 2 && version_name(version))
		record_add_text(out, VERSIONS, span_str(version_name(version)));
	record_uint(out, CIPHERS, rd_be16(&r) / 3);
	return rd_ok(&r);
}

/* ---- certificates ---- */

/* Evidence shows a TLS message whole but for what is hidden here. A message in several records was put together
 * elsewhere: then its own bytes are looked for, and if they do not stand in one piece, all of it is hidden. */
static void hide(const struct message *m, struct span secret, struct emit *e)
{
	struct record scratch UNSET;
	if (!secret.n)
		return;
	const uint8_t *at = memmem(m->bytes.p, m->bytes.n, secret.p, secret.n);
	struct span where = at ? span_cut(span_from(m->bytes, (size_t)(at - m->bytes.p)), secret.n) : m->bytes;
	emit_begin(e, &scratch, &tls_type);
	record_text(&scratch, SUBJECT_SECRET, where);
}

static bool is_one_of_names(const struct x509 *x, struct span s)
{
	for (unsigned i = 0; i < x->nnames; i++)
		if (span_eq(x->names[i], s))
			return true;
	return false;
}

/* A client may be a person: what it is called is shown only when it is a name for DNS as well. So may be who signed
 * his own certificate, and tools mark that one as an authority's without being asked. */
static void subject(const struct x509 *x, const struct message *m, struct record *out, struct emit *e)
{
	struct span name = x->subject.common;
	bool machine = m->to_server ? is_one_of_names(x, name) : is_machine_name(name) || is_one_of_names(x, name) ||
		(x->ca && !x->self_signed);
	record_text(out, machine ? SUBJECT : SUBJECT_SECRET, name);
	record_text(out, ORGANISATION, x->subject.organisation);
	if (!machine)
		hide(m, x->subject.whole, e);
	if (!machine && x->self_signed)
		hide(m, x->issuer.whole, e);
	for (unsigned i = 0; i < x->nemails; i++)
		hide(m, x->emails[i], e);
}

static void serial(struct record *out, struct span s)
{
	char text[2 * 20 + 1];                   /* RFC 5280 §4.1.2.2: at most 20 bytes */
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 2 < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x", s.p[i]);
	record_text(out, SERIAL, arena_copy(out->host->arena, span_of(text, n)));
}

static void validity(const struct x509 *x, struct record *out, struct emit *e)
{
	if (x->from)
		record_time(out, FROM, x->from);
	if (x->until)
		record_time(out, UNTIL, x->until);
	if (x->from && x->until)
		record_bool(out, IN_TIME, e->at->ts >= x->from && e->at->ts <= x->until);
}

/* RFC 5246 §7.4.2: lengths of three bytes; the holder's own certificate is the first. */
static bool certificate(struct rd r, const struct message *m, struct record *out, struct emit *e)
{
	struct rd list = rd_sub(&r, rd_be24(&r));
	struct span der = rd_span(&list, rd_be24(&list));
	struct x509 x;
	uint64_t chain = 1;
	if (!rd_ok(&r) || !rd_ok(&list) || !der.n)
		return rd_ok(&r);                /* a client without any */
	for (; rd_left(&list) && chain < CHAIN_MAX; chain++)
		rd_skip(&list, rd_be24(&list));
	record_str(out, EVENT, "certificate");
	uint8_t *hash = arena_new(out->host->arena, 32);
	if (hash) {
		keyring_sha256(der, hash);
		record_hash(out, FINGERPRINT, hash);
	}
	record_uint(out, CHAIN, chain);
	if (!x509_read(der, &x)) {
		hide(m, der, e);
		return false;
	}
	subject(&x, m, out, e);
	for (unsigned i = 0; i < x.nnames; i++)
		record_add_text(out, NAMES, x.names[i]);
	if (!x.self_signed)
		record_text(out, ISSUER, x.issuer.common);
	record_text(out, ISSUER_ORGANISATION, x.issuer.organisation);
	record_bool(out, SELF_SIGNED, x.self_signed);
	if (x.ca)
		record_bool(out, AUTHORITY, true);
	validity(&x, out, e);
	serial(out, x.serial);
	return true;
}

/* One message; false: malformed. *last: nothing more of this direction is read. */
static bool handshake(struct span s, const struct message *m, struct record *out, struct emit *e, bool *last)
{
	struct rd r = rd_of(s);
	uint8_t type = rd_u8(&r);
	struct rd body = rd_sub(&r, rd_be24(&r));
	switch (type) {
	case CLIENT_HELLO:
	case SERVER_HELLO: return hello(body, type == CLIENT_HELLO, e->memo, out);
	case SUPPLEMENT:
	case CERTIFICATE_REQUEST:
	case SERVER_KEYS:
	case CERTIFICATE_STATUS: return true;
	case CERTIFICATE:
		*last = true;
		return certificate(body, m, out, e);
	default:
		*last = true;
		return true;
	}
}

static void alert(struct rd r, struct record *out)
{
	record_str(out, EVENT, "alert");
	record_str(out, LEVEL, rd_u8(&r) == 1 ? "warning" : "fatal");
	record_uint(out, DESCRIPTION, rd_u8(&r));
}

/* Ports that IANA lists for DICOM, the two with security first. */
static bool is_dicom_port(uint16_t port)
{
	return port == 2762 || port == 2761 || port == 11112 || port == 104;
}

static void port_use(struct record *out, const struct origin *at)
{
	if (at->to_server && is_dicom_port(at->dport))
		record_str(out, PORT_USE, "to a DICOM port, encrypted");
	else if (!at->to_server && is_dicom_port(at->sport))
		record_str(out, PORT_USE, "DICOM port, encrypted");
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct session *s = state;
	struct way *w = &s->way[m->to_server];
	struct rd r = rd_of(m->bytes);
	struct record out UNSET;
	struct tls_record rec = { .type = HANDSHAKE };
	bool ok = true;
	if (w->over || (m->bytes.n < RECORD_HEAD + 2 && !w->left) || (w->greeted && m->rest)) {
		w->over = true;
		return true;
	}
	emit_begin(e, &out, &tls_type);
	if (!w->left && !w->greeted && rd_peek(&r) & SSL2_HELLO) {
		ok = ssl2_hello(r, &out);
		w->over = true;
	} else if (!w->left && !record_head(&r, &rec)) {
		return false;
	} else if (rec.type == ALERT) {
		alert(r, &out);
	} else {
		ok = handshake(unwrap(m->bytes, w->left, e->host->arena), m, &out, e, &w->over);
		w->left = message_walk(m->bytes, w->left).left;
		w->over |= m->rest || m->cut || !ok;
		w->greeted = true;
	}
	if (!record_has(&out, EVENT))
		return ok;
	port_use(&out, e->at);
	emit_record(e, &out);
	return ok;
}

static const struct record_type *const types[] = { &tls_type, NULL };

const struct decoder decoder_tls = {
	.name = "tls", .doc = "TLS and SSL hellos (RFC 8446, RFC 5246, RFC 6101)",
	.no_content = true,
	.over = OVER_TCP, .ports = { 443, 2762, 8443, 636, 993, 995, 465, 853 },
	.state_size = sizeof(struct session), .memo_size = sizeof(struct ja4_memo),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
