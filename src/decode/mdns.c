/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multicast DNS and DNS-SD (RFC 6762, RFC 6763): the names and services that a device announces. Of
 * instance names ("Anna's tablet._ipp._tcp.local") only the service type is kept, of TXT records the
 * keys and the few values that name maker and model. */
#include <strings.h>

#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/dnsname.h"

enum {
	PORT_MDNS = 5353, PORT_DNS = 53, RECORDS_MAX = 512, LIST_MAX = 48, KEYS_MAX = 64, CLASS_MASK = 0x7FFF,
	CLASS_IN = 1, CLASS_ANY = 255, OPCODE_RCODE = 0x780F, SRV_TARGET = 6,
};

enum { RESPONSE, QUERIES, HOST_NAME, NAMES, SERVICES, TEXT_KEYS, MODEL, MAKER, ADDRESSES, FIELDS };

static const struct field fields[FIELDS] = {
	[RESPONSE] = { "response", F_BOOL, "an announcement or answer, not a question" },
	[QUERIES] = { "queries", F_TEXTS, "service types and host names asked for" },
	[HOST_NAME] = { "host_name", F_TEXT, "name that the sender announces for its own address", .clue = CLUE_NAME },
	[NAMES] = { "names", F_TEXTS, "all host names announced" },
	[SERVICES] = { "services", F_TEXTS, "service types announced: _ipp._tcp …" },
	[TEXT_KEYS] = { "text_keys", F_TEXTS, "keys of the TXT records" },
	[MODEL] = { "model", F_TEXT, "model, from TXT ty, md, model or usb_MDL", .clue = CLUE_MODEL },
	[MAKER] = { "maker", F_TEXT, "maker, from TXT mfg, manufacturer or usb_MFG", .clue = CLUE_MAKER },
	[ADDRESSES] = { "addresses", F_TEXTS, "addresses announced" },
};
static RECORD_TYPE(mdns_type, "mdns", "A multicast DNS message", fields);

static bool is_group(struct addr a)
{
	static const struct addr group6 = { .b = { 0xFF, 0x02, [15] = 0xFB }, .family = 6 };
	return a.family == 4 ? addr_to4(a) == 0xE00000FB : addr_eq(a, group6);
}

/* Content alone cannot tell it from DNS: the port or the group must agree (RFC 6762 3, 6.7). A resolver
 * that asks from port 5353 is still a resolver. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	if ((at->dport != PORT_MDNS && at->sport != PORT_MDNS) || at->dport == PORT_DNS || at->sport == PORT_DNS)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	struct dnsmsg d;
	if (!dnsmsg_begin(&d, m->bytes) || !dnsmsg_fits(&d, m->lost) || d.flags & OPCODE_RCODE)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	struct dnsrr rr;
	bool question = d.count[DNS_QUESTION] > 0;
	if (question ? !dnsmsg_question(&d, &rr) : !dnsmsg_record(&d, &rr))
		return (struct bid){ BID_MAYBE, SIDE_UNKNOWN };
	uint16_t class = rr.class & CLASS_MASK;
	bool sound = class == CLASS_IN || class == CLASS_ANY;
	return (struct bid){ sound ? (is_group(at->dst) ? BID_SURE + 5 : BID_SURE) : BID_MAYBE, SIDE_UNKNOWN };
}

/* Repeats are common; the lists are short. */
static void list_add(struct record *out, unsigned field, struct span text)
{
	if (!text.n)
		return;
	uint32_t n = record_has(out, field) ? out->v[field].texts.n : 0;
	for (uint32_t i = 0; i < n; i++)
		if (span_eq(out->v[field].texts.v[i], text))
			return;
	if (n < LIST_MAX)
		record_add_text(out, field, text);
}

/* RFC 6763 4.1: "instance._service._proto.domain"; sub-types as "_sub" (7.1). Empty when there is none. */
static struct span service_of(struct span name)
{
	struct rd r = rd_of(name), here = r, before = { 0 };
	struct span label, service = { 0 };
	bool named = false;                      /* the label before is a service's name */
	size_t length = 0;
	while (rd_left(&r)) {
		here = r;
		label = rd_piece(&r, '.');
		if (named && (span_is(label, "_tcp") || span_is(label, "_udp")))
			service = rd_span(&before, length + 1 + label.n);
		named = label.n > 1 && label.p[0] == '_';
		before = here;
		length = label.n;
	}
	return service;
}

static struct span without_local(struct span name)
{
	static const char tail[] = ".local";
	size_t n = sizeof(tail) - 1;
	if (name.n > n && strncasecmp((const char *)span_from(name, name.n - n).p, tail, n) == 0)
		return span_cut(name, name.n - n);
	return name;
}

/* The first one that says it stands; a printer says it once for each of its services. */
static void text_value(struct record *out, struct span key, struct span value)
{
	static const struct { const char *key; unsigned field; } named[] = {
		{ "ty", MODEL }, { "md", MODEL }, { "model", MODEL }, { "usb_MDL", MODEL },
		{ "mfg", MAKER }, { "manufacturer", MAKER }, { "usb_MFG", MAKER },
	};
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (span_alike(key, named[i].key) && !record_has(out, named[i].field))
			record_text(out, named[i].field, value);
}

/* RFC 6763 6: strings "key=value", each behind its length. */
static void text_record(struct record *out, struct span data)
{
	struct rd r = rd_of(data);
	for (int i = 0; rd_left(&r) && i < KEYS_MAX; i++) {
		struct rd pair = rd_sub(&r, rd_u8(&r));
		struct span key;
		if (!rd_until(&pair, '=', &key))
			key = rd_rest(&pair);
		else
			text_value(out, key, rd_rest(&pair));
		list_add(out, TEXT_KEYS, key);
	}
}

/* A host may announce for others (sleep proxy, reflector): only its own address names it. */
static bool address_record(struct record *out, struct emit *e, const struct dnsrr *rr, struct span owner)
{
	char text[ADDR_TEXT];
	struct addr a = rr->type == DNS_A ? addr_from4(rr->data) : addr_from6(rr->data);
	if (!a.family)
		return false;
	list_add(out, ADDRESSES, span_str(addr_text(a, text)));
	list_add(out, NAMES, without_local(owner));
	if (addr_eq(a, e->at->src) && !record_has(out, HOST_NAME))
		record_text(out, HOST_NAME, arena_copy(e->host->arena, without_local(owner)));
	return true;
}

static bool announcement(struct record *out, struct emit *e, const struct dnsmsg *d, const struct dnsrr *rr)
{
	struct dnsname owner, target;
	if (!dnsname_read(d->whole, rr->owner, DNSNAME_UTF8, &owner))
		return false;
	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		return address_record(out, e, rr, dnsname_text(&owner));
	case DNS_PTR:
		if (!dnsname_read(d->whole, rr->data_at, DNSNAME_UTF8, &target))
			return false;
		list_add(out, SERVICES, service_of(dnsname_text(&target)));
		return true;
	case DNS_SRV:
		if (rr->data.n <= SRV_TARGET || !dnsname_read(d->whole, rr->data_at + SRV_TARGET, DNSNAME_UTF8, &target))
			return false;
		list_add(out, SERVICES, service_of(dnsname_text(&owner)));
		list_add(out, NAMES, without_local(dnsname_text(&target)));
		return true;
	case DNS_TXT:
		list_add(out, SERVICES, service_of(dnsname_text(&owner)));
		text_record(out, rr->data);
		return true;
	default:
		return true;
	}
}

static bool questions(struct record *out, struct dnsmsg *d)
{
	for (unsigned i = 0; i < d->count[DNS_QUESTION]; i++) {
		struct dnsname name;
		struct dnsrr q;
		if (!dnsmsg_question(d, &q))
			return false;
		if (i >= LIST_MAX)
			continue;
		if (!dnsname_read(d->whole, q.owner, DNSNAME_UTF8, &name))
			return false;
		struct span service = service_of(dnsname_text(&name));
		list_add(out, QUERIES, service.n ? service : without_local(dnsname_text(&name)));
	}
	return true;
}

/* Records of a query are known answers or a probe's claims (RFC 6762 7.1, 8.2): not yet the sender's. */
static bool announcements(struct record *out, struct emit *e, struct dnsmsg *d)
{
	unsigned n = (unsigned)d->count[DNS_ANSWER] + d->count[DNS_AUTHORITY] + d->count[DNS_ADDITIONAL];
	bool response = d->flags & DNS_FLAG_RESPONSE;
	for (unsigned i = 0; i < n && i < RECORDS_MAX; i++) {
		struct dnsrr rr;
		if (!dnsmsg_record(d, &rr) || (response && !announcement(out, e, d, &rr)))
			return false;
	}
	return true;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct dnsmsg d;
	if (!dnsmsg_begin(&d, m->bytes))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &mdns_type);
	record_bool(&out, RESPONSE, d.flags & DNS_FLAG_RESPONSE);
	bool sound = questions(&out, &d) && announcements(&out, e, &d);
	emit_record(e, &out);
	return sound;
}

static const struct record_type *const types[] = { &mdns_type, NULL };

const struct decoder decoder_mdns = {
	.name = "mdns", .doc = "Multicast DNS and DNS-SD (RFC 6762, RFC 6763)",
	.no_content = true,
	.over = OVER_UDP, .ports = { PORT_MDNS },
	.bid = bid, .decode = decode, .types = types,
};
