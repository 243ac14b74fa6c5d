/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link-local multicast name resolution (RFC 4795): which names are asked for on the segment, and who says that they
 * are his. The wire format is that of DNS. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/dnsname.h"

enum { PORT_LLMNR = 5355, CLASS_IN = 1, CLASS_ANY = 255, RECORDS_MAX = 16, LIST_MAX = 8, OPCODE_ZERO = 0x78E0,
	FLAG_CONFLICT = 0x0400, FLAG_TENTATIVE = 0x0100 };

enum { RESPONSE, NAME, TYPE, ADDRESSES, HOST_NAME, CONFLICT, FIELDS };

static const struct field fields[FIELDS] = {
	[RESPONSE] = { "response", F_BOOL, "an answer, not a question" },
	[NAME] = { "name", F_TEXT, "name that is asked for" },
	[TYPE] = { "type", F_UINT, "kind of record asked for, as numbered by IANA: 1 address, 28 IPv6 address, 255 any" },
	[ADDRESSES] = { "addresses", F_TEXTS, "addresses in the answer" },
	[HOST_NAME] = { "host_name", F_TEXT, "the sender's own name: it answers for it with the address it sends from",
			.clue = CLUE_NAME },
	[CONFLICT] = { "conflict", F_BOOL, "several hosts say that the name is theirs" },
};
static RECORD_TYPE(llmnr_type, "llmnr", "A link-local name question or answer", fields);

/* Content alone cannot tell it from DNS: the port must agree. RFC 4795 §2.1.1: one question, whatever it is; no
 * operation but the query. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	struct dnsmsg d;
	struct dnsrr rr;
	if (at->dport != PORT_LLMNR && at->sport != PORT_LLMNR)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	if (!dnsmsg_begin(&d, m->bytes) || d.flags & OPCODE_ZERO || d.count[DNS_QUESTION] != 1)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	enum side side = d.flags & DNS_FLAG_RESPONSE ? SIDE_SERVER : SIDE_CLIENT;
	if (!dnsmsg_question(&d, &rr))
		return (struct bid){ m->lost ? BID_MAYBE : BID_NO, side };
	return (struct bid){ rr.class == CLASS_IN || rr.class == CLASS_ANY ? BID_SURE + 5 : BID_MAYBE, side };
}

static struct addr address_of(const struct dnsrr *rr)
{
	if (rr->type == DNS_A && rr->data.n == 4)
		return addr_from4(rr->data);
	return rr->type == DNS_AAAA && rr->data.n == 16 ? addr_from6(rr->data) : (struct addr){ 0 };
}

static void answer(struct record *out, struct emit *e, const struct dnsrr *rr, struct span name)
{
	char text[ADDR_TEXT];
	struct addr a = address_of(rr);
	uint32_t n = record_has(out, ADDRESSES) ? out->v[ADDRESSES].texts.n : 0;
	if (!a.family || n >= LIST_MAX)
		return;
	record_add_text(out, ADDRESSES, span_str(addr_text(a, text)));
	if (addr_eq(a, e->at->src))
		record_text(out, HOST_NAME, name);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct dnsmsg d;
	struct dnsrr rr;
	struct dnsname name;
	if (!dnsmsg_begin(&d, m->bytes) || !dnsmsg_question(&d, &rr) || !dnsname_read(d.whole, rr.owner, DNSNAME_UTF8, &name))
		return false;
	bool response = d.flags & DNS_FLAG_RESPONSE, sound = true;
	struct record out UNSET;
	emit_begin(e, &out, &llmnr_type);
	struct span text = arena_copy(e->host->arena, dnsname_text(&name));
	record_bool(&out, RESPONSE, response);
	record_text(&out, NAME, text);
	record_uint(&out, TYPE, rr.type);
	if (d.flags & FLAG_CONFLICT)
		record_bool(&out, CONFLICT, true);
	for (unsigned i = 0; response && i < d.count[DNS_ANSWER] && i < RECORDS_MAX && sound; i++) {
		sound = dnsmsg_record(&d, &rr);
		if (sound && !(d.flags & FLAG_TENTATIVE))
			answer(&out, e, &rr, text);
	}
	emit_record(e, &out);
	return sound;
}

static const struct record_type *const types[] = { &llmnr_type, NULL };

const struct decoder decoder_llmnr = {
	.name = "llmnr", .doc = "Link-local multicast name resolution (RFC 4795)",
	.no_content = true,
	.over = OVER_UDP, .ports = { PORT_LLMNR },
	.bid = bid, .decode = decode, .types = types,
};
