/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS over UDP and TCP (RFC 1035; EDNS RFC 6891, update RFC 2136), and LLMNR, which is DNS on another
 * port (RFC 4795). Texts of TXT records are counted, not kept. What was readable of a malformed
 * message is published before it is called malformed. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/dnsname.h"

enum {
	PORT_DNS = 53, PORT_LLMNR = 5355, TCP_LENGTH = 2, LIST_MAX = 32, RECORDS_MAX = 4096,
	OPCODE_QUERY = 0, OPCODE_INVERSE = 1, OPCODE_UPDATE = 5, OPCODE_STATEFUL = 6,
	CLASS_IN = 1, CLASS_CHAOS = 3, CLASS_NONE = 254, CLASS_ANY = 255, RCODE = 0x0F,
};

enum {
	VARIANT, ID, RESPONSE, OPCODE, RCODE_TEXT, QUERY, TYPE, QUESTIONS, ANSWERS, ADDRESSES, NAMES, TEXTS, TEXT_BYTES, TTL,
	AUTHORITATIVE, TRUNCATED, FIELDS
};

static const struct field fields[FIELDS] = {
	[VARIANT] = { "variant", F_TEXT, "dns or llmnr" },
	[ID] = { "id", F_UINT, "number that query and response share" },
	[RESPONSE] = { "response", F_BOOL, "an answer, not a question" },
	[OPCODE] = { "opcode", F_TEXT, "query, inverse_query, status, notify, update, stateful or a number" },
	[RCODE_TEXT] = { "rcode", F_TEXT, "outcome of a response: NOERROR, NXDOMAIN …" },
	[QUERY] = { "query", F_TEXT, "first name asked for (zone of an update), lower case, escaped as in a zone file" },
	[TYPE] = { "type", F_TEXT, "record type asked for: A, AAAA, PTR … or TYPEn" },
	[QUESTIONS] = { "questions", F_UINT, "number of questions" },
	[ANSWERS] = { "answers", F_UINT, "number of answers" },
	[ADDRESSES] = { "addresses", F_TEXTS, "addresses of A and AAAA answers" },
	[NAMES] = { "names", F_TEXTS, "names in CNAME, DNAME, PTR, NS, MX and SRV answers" },
	[TEXTS] = { "texts", F_UINT, "number of TXT answers" },
	[TEXT_BYTES] = { "text_bytes", F_UINT, "length of all TXT answers", "bytes" },
	[TTL] = { "ttl", F_UINT, "shortest time an answer may be kept", "s" },
	[AUTHORITATIVE] = { "authoritative", F_BOOL, "the responder owns the zone" },
	[TRUNCATED] = { "truncated", F_BOOL, "the responder left something out" },
};
static RECORD_TYPE(dns_type, "dns", "A DNS or LLMNR message", fields);

static const char *const type_names[] = {
	[1] = "A", [2] = "NS", [3] = "MD", [4] = "MF", [5] = "CNAME", [6] = "SOA", [7] = "MB", [8] = "MG", [9] = "MR",
	[10] = "NULL", [11] = "WKS", [12] = "PTR", [13] = "HINFO", [14] = "MINFO", [15] = "MX", [16] = "TXT", [17] = "RP",
	[18] = "AFSDB", [24] = "SIG", [25] = "KEY", [28] = "AAAA", [29] = "LOC", [33] = "SRV", [35] = "NAPTR", [36] = "KX",
	[37] = "CERT", [39] = "DNAME", [41] = "OPT", [42] = "APL", [43] = "DS", [44] = "SSHFP", [45] = "IPSECKEY",
	[46] = "RRSIG", [47] = "NSEC", [48] = "DNSKEY", [49] = "DHCID", [50] = "NSEC3", [51] = "NSEC3PARAM", [52] = "TLSA",
	[53] = "SMIMEA", [55] = "HIP", [59] = "CDS", [60] = "CDNSKEY", [61] = "OPENPGPKEY", [62] = "CSYNC", [63] = "ZONEMD",
	[64] = "SVCB", [65] = "HTTPS", [99] = "SPF", [249] = "TKEY", [250] = "TSIG", [251] = "IXFR", [252] = "AXFR",
	[253] = "MAILB", [254] = "MAILA", [255] = "ANY", [256] = "URI", [257] = "CAA",
};

static const char *type_name(uint16_t type)
{
	return type < ARRAY_LEN(type_names) ? type_names[type] : NULL;
}

static const char *opcode_name(unsigned opcode)
{
	static const char *const names[] = { "query", "inverse_query", "status", NULL, "notify", "update", "stateful" };
	return opcode < ARRAY_LEN(names) ? names[opcode] : NULL;
}

static const char *rcode_name(unsigned rcode)
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
		"NOTZONE", "DSOTYPENI", [16] = "BADVERS", "BADKEY", "BADTIME", "BADMODE", "BADNAME", "BADALG", "BADTRUNC",
		"BADCOOKIE",
	};
	return rcode < ARRAY_LEN(names) ? names[rcode] : NULL;
}

/* A name for a number that has none. */
static const char *numbered(struct emit *e, const char *name, const char *prefix, unsigned n)
{
	return name ? name : arena_printf(e->host->arena, "%s%u", prefix, n);
}

/* Enough on DNS's own port: counts that fit the bytes, or one question that can be read. What lies
 * beyond that is a malformed message, not another protocol. */
static bool port_convinces(struct dnsmsg d, const struct origin *at, size_t lost)
{
	struct dnsrr q;
	if (at->sport != PORT_DNS && at->dport != PORT_DNS && at->sport != PORT_LLMNR && at->dport != PORT_LLMNR)
		return false;
	return dnsmsg_fits(&d, lost) || (d.count[DNS_QUESTION] == 1 && dnsmsg_question(&d, &q));
}

/* Proof off the port: one question with a name that a host could have, of a known type and class, in
 * a message whose flags and counts agree. More than fifty bits of a random start would have to fit. */
static bool question_proves(struct dnsmsg *d)
{
	struct dnsname name;
	struct dnsrr q;
	bool response = d->flags & DNS_FLAG_RESPONSE;
	if (d->count[DNS_QUESTION] != 1 || d->flags & DNS_FLAG_ZERO)
		return false;
	if (!response && (d->flags & RCODE || (d->count[DNS_ANSWER] && dnsmsg_opcode(d) == OPCODE_QUERY)))
		return false;
	if (!dnsmsg_question(d, &q) || !type_name(q.type))
		return false;
	if (q.class != CLASS_IN && q.class != CLASS_CHAOS && q.class != CLASS_NONE && q.class != CLASS_ANY)
		return false;
	return dnsname_read(d->whole, q.owner, DNSNAME_LOWER, &name) && name.hostlike;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	struct span bytes = m->bytes;
	bool more = false;
	if (m->over == OVER_TCP) {
		struct rd r = rd_of(bytes);
		uint16_t length = rd_be16(&r);
		bytes = span_cut(span_from(bytes, TCP_LENGTH), length);
		more = bytes.n < length && !m->closing;
		if (length < DNS_HEADER)
			return (struct bid){ .score = rd_ok(&r) || m->closing ? BID_NO : BID_WAIT };
	}
	struct dnsmsg d;
	if (!dnsmsg_begin(&d, bytes))
		return (struct bid){ .score = more ? BID_WAIT : BID_NO };
	size_t lost = more ? UINT16_MAX : m->lost;
	bool near = port_convinces(d, at, lost);
	if (!near && !(opcode_name(dnsmsg_opcode(&d)) && dnsmsg_fits(&d, lost)))
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	enum side side = d.flags & DNS_FLAG_RESPONSE ? SIDE_SERVER : SIDE_CLIENT;
	if (question_proves(&d))
		return (struct bid){ BID_LIKELY + 20, side };
	if (more && d.count[DNS_QUESTION] == 1 && bytes.n < DNS_HEADER + DNSNAME_WIRE + 4)
		return (struct bid){ BID_WAIT, side };
	return (struct bid){ near ? BID_MAYBE : BID_NO, near ? side : SIDE_UNKNOWN };
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	uint16_t length = rd_be16(&r);
	if (!rd_ok(&r))
		return FRAME_WAIT(m);
	return length < DNS_HEADER ? FRAME_NONE : FRAME_WHOLE((size_t)length + TCP_LENGTH);
}

struct answers {                                 /* what is gathered over all answers of a message */
	unsigned addresses, names, texts;
	size_t text_bytes;
	uint32_t ttl;
	unsigned rcode_high;                     /* EDNS: RFC 6891 6.1.3 */
};

static void address(struct record *out, struct answers *a, const struct dnsrr *rr)
{
	char text[ADDR_TEXT];
	bool v6 = rr->type == DNS_AAAA;
	if (rr->data.n != (v6 ? 16u : 4u) || a->addresses++ >= LIST_MAX)
		return;
	record_add_text(out, ADDRESSES, span_str(addr_text(v6 ? addr_from6(rr->data) : addr_from4(rr->data), text)));
}

static bool target(struct record *out, struct answers *a, const struct dnsmsg *d, const struct dnsrr *rr)
{
	struct dnsname name;
	size_t skip = rr->type == DNS_SRV ? 6 : rr->type == DNS_MX ? 2 : 0;
	if (rr->data.n <= skip)
		return rr->data.n == 0;                  /* empty data stands in updates (RFC 2136 2.4) */
	size_t used = dnsname_read(d->whole, rr->data_at + skip, DNSNAME_LOWER, &name);
	if (!used || used > rr->data.n - skip)
		return false;
	if (a->names++ < LIST_MAX)
		record_add_text(out, NAMES, dnsname_text(&name));
	return true;
}

static bool answer(struct record *out, struct answers *a, const struct dnsmsg *d, const struct dnsrr *rr)
{
	a->ttl = rr->ttl < a->ttl ? rr->ttl : a->ttl;
	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		address(out, a, rr);
		return true;
	case DNS_CNAME:
	case DNS_DNAME:
	case DNS_PTR:
	case DNS_NS:
	case DNS_MX:
	case DNS_SRV:
		return target(out, a, d, rr);
	case DNS_TXT:
		a->texts++;
		a->text_bytes += rr->data.n;
		return true;
	default:
		return true;
	}
}

static bool questions(struct record *out, struct emit *e, struct dnsmsg *d)
{
	struct dnsrr q;
	for (unsigned i = 0; i < d->count[DNS_QUESTION]; i++) {
		if (!dnsmsg_question(d, &q))
			return false;
		if (i > 0)
			continue;
		struct dnsname name;
		record_str(out, TYPE, numbered(e, type_name(q.type), "TYPE", q.type));
		if (!dnsname_read(d->whole, q.owner, DNSNAME_LOWER, &name))
			return false;
		record_text(out, QUERY, arena_copy(e->host->arena, dnsname_text(&name)));
	}
	return true;
}

static bool records(struct record *out, struct dnsmsg *d, struct answers *a)
{
	unsigned budget = RECORDS_MAX;
	for (enum dns_section s = DNS_ANSWER; s < DNS_SECTIONS; s++) {
		for (unsigned i = 0; i < d->count[s] && budget; i++, budget--) {
			struct dnsrr rr;
			if (!dnsmsg_record(d, &rr))
				return false;
			if (s == DNS_ANSWER && !answer(out, a, d, &rr))
				return false;
			if (rr.type == DNS_OPT)
				a->rcode_high = rr.ttl >> 24 << 4;
		}
	}
	return true;
}

static void summary(struct record *out, struct emit *e, const struct dnsmsg *d, const struct answers *a)
{
	unsigned rcode = a->rcode_high | (d->flags & RCODE);
	if (d->flags & DNS_FLAG_RESPONSE) {
		record_str(out, RCODE_TEXT, numbered(e, rcode_name(rcode), "RCODE", rcode));
		record_bool(out, AUTHORITATIVE, d->flags & DNS_FLAG_AUTHORITATIVE);
		record_bool(out, TRUNCATED, d->flags & DNS_FLAG_TRUNCATED);
		record_uint(out, ANSWERS, d->count[DNS_ANSWER]);
	}
	if (a->ttl != UINT32_MAX)
		record_uint(out, TTL, a->ttl);
	if (a->texts) {
		record_uint(out, TEXTS, a->texts);
		record_uint(out, TEXT_BYTES, a->text_bytes);
	}
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct dnsmsg d;
	if (!dnsmsg_begin(&d, m->over == OVER_TCP ? span_from(m->bytes, TCP_LENGTH) : m->bytes))
		return false;
	bool llmnr = e->at->sport == PORT_LLMNR || e->at->dport == PORT_LLMNR;
	unsigned opcode = dnsmsg_opcode(&d);
	struct record out UNSET;
	emit_begin(e, &out, &dns_type);
	record_str(&out, VARIANT, llmnr ? "llmnr" : "dns");
	record_uint(&out, ID, d.id);
	record_bool(&out, RESPONSE, d.flags & DNS_FLAG_RESPONSE);
	record_str(&out, OPCODE, numbered(e, opcode_name(opcode), "", opcode));
	record_uint(&out, QUESTIONS, d.count[DNS_QUESTION]);
	struct answers a = { .ttl = UINT32_MAX };
	bool sound = questions(&out, e, &d) && records(&out, &d, &a);
	summary(&out, e, &d, &a);
	emit_record(e, &out);
	return sound;
}

static const struct record_type *const types[] = { &dns_type, NULL };

const struct decoder decoder_dns = {
	.name = "dns", .doc = "Domain Name System (RFC 1035) and LLMNR (RFC 4795)",
	.no_content = true,
	.over = OVER_UDP | OVER_TCP, .ports = { PORT_DNS, PORT_LLMNR },
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
