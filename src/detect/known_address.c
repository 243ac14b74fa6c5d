/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.known-address: any frame towards an address, a name or a file of the indicators, ARP included.
 * What it weighs: whether the address stands on the wire here (then it is the site's own server), whether
 * the frame could leave, and whether anybody answered. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index {
	ARP_OPERATION,
	ARP_SENDER,
	ARP_TARGET,
	DNS_QUERY,
	DNS_RESPONSE,
	HTTP_HOST,
	HTTP_PATH,
	HTTP_EVENT,
	TLS_HOST,
	FILE_PATH,
	FILE_SHA256,
	FILE_TO_SERVER,
	WANTS
};

static const struct want wants[] = {
	[ARP_OPERATION] = { "arp", "operation" },
	[ARP_SENDER] = { "arp", "sender_addr" },
	[ARP_TARGET] = { "arp", "target_addr" },
	[DNS_QUERY] = { "dns", "query" },
	[DNS_RESPONSE] = { "dns", "response" },
	[HTTP_HOST] = { "http", "host" },
	[HTTP_PATH] = { "http", "path" },
	[HTTP_EVENT] = { "http", "event" },
	[TLS_HOST] = { "tls", "host" },
	[FILE_PATH] = { "transfer", "path" },
	[FILE_SHA256] = { "transfer", "sha256" },
	[FILE_TO_SERVER] = { "transfer", "to_server" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.known-address",
	.title = "A device tried to reach an address that was published as harmful",
	.cause = "outside party",
	.sees = "Any frame towards an address of the indicators (shipped list and --indicators): an ARP request, a "
		"first packet of a conversation answered or not; the same from such an address to a device here. "
		"Also a listed name asked for by DNS, HTTP or TLS, a listed URL, and a listed file that travelled.",
	.why = "Devices that were published with this address send patients' data to it, or fetch programs from it "
	       "and run them, without anybody at the hospital having set that up. Whoever holds the address can "
	       "read the data and may change what the device does while it is on a patient.",
	.wrong = "The address is also the factory setting for the central station of several makers, and stands in "
		 "their manuals: a hospital may have put its own server there. A scan or an audit of your own looks "
		 "the same.",
	.next = { ADVICE_BEDSIDE, ADVICE_BLOCK, ADVICE_REPLACE, ADVICE_MAKER, ADVICE_EVIDENCE, NULL },
	.attack = { "T0882", "T0885", "T1041", NULL },
	.cwe = { "CWE-912", "CWE-359", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-25-030-01", NULL },
};

static const char *const next_local[] = {
	"Check that the machine at this address is the hospital's own central station and that nobody else can take "
	"the address.",
	ADVICE_RENUMBER,
	ADVICE_REGISTER,
	NULL,
};

enum { PORTS = 8 };

enum kind { BY_ADDRESS, BY_NAME, BY_FILE };

struct facts {
	enum kind kind;
	const char *what;                        /* the name, URL or file, for the title */
	bool used;                               /* a name: spoken to, not only asked for by DNS */
	struct addr addr;
	struct addr source;                      /* the device's address at that time */
	uint16_t ports[PORTS];
	uint8_t protos[PORTS];
	unsigned nports;
	const struct indicator *indicator;
	bool packets;                            /* more than ARP */
	bool answered;
	bool inbound;                            /* the address opened the conversation */
};

static bool is_exact(const struct indicator *i)
{
	return i->net.net.family && i->net.bits == (i->net.net.family == 4 ? 32 : 128);
}

static struct facts *open_finding(struct run *d, uint32_t device, const struct origin *at, struct addr addr,
				  const struct indicator *i, struct finding **out)
{
	char text[ADDR_TEXT];
	addr_text(addr, text);
	struct finding *f = detect_finding(d, device, at, "%s", text);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return NULL;
	if (!x->indicator || (!is_exact(x->indicator) && is_exact(i)) || (i->finding && !x->indicator->finding))
		x->indicator = i;
	x->addr = addr;
	record_addr(f->observed, OBS_ADDRESS, addr);
	*out = f;
	return x;
}

static void add_port(struct facts *x, uint16_t port, uint8_t proto)
{
	for (unsigned i = 0; i < x->nports; i++)
		if (x->ports[i] == port && x->protos[i] == proto)
			return;
	if (x->nports == PORTS)
		return;
	x->protos[x->nports] = proto;
	x->ports[x->nports++] = port;
}

static void on_contact(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	uint16_t port = detect_server_port(at);
	struct addr server = detect_server(at), client = detect_client(at);
	const struct indicator *to = detect_indicator_addr(d, server, port, at->proto);
	const struct indicator *from = to ? NULL : detect_indicator_addr(d, client, port, at->proto);
	if (!to && (!from || !is_exact(from)))   /* a device that itself has a factory address calls nobody by that */
		return;
	uint32_t device = to ? detect_client_device(d, at) : detect_server_device(d, at);
	struct finding *f;
	struct facts *x = open_finding(d, device, at, to ? server : client, to ? to : from, &f);
	if (!x)
		return;
	x->packets = true;
	x->inbound |= !to;
	x->source = to ? client : server;
	add_port(x, port, at->proto);
}

static void on_answer(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	char text[ADDR_TEXT];
	struct addr server = detect_server(at), client = detect_client(at);
	bool to = detect_indicator_addr(d, server, detect_server_port(at), at->proto);
	uint32_t device = to ? detect_client_device(d, at) : detect_server_device(d, at);
	if (!detect_may_have(d, device))
		return;
	struct finding *f = detect_find(d, device, "%s", addr_text(to ? server : client, text));
	if (!f || !f->own)
		return;
	((struct facts *)f->own)->answered = true;
	detect_evidence(f, at);
}

static void on_arp(struct run *d, const struct record *r)
{
	struct addr target = record_get_addr(r, (unsigned)d->col[ARP_TARGET]);
	struct addr sender = record_get_addr(r, (unsigned)d->col[ARP_SENDER]);
	const struct indicator *i = target.family ? detect_indicator_addr(d, target, 0, 0) : NULL;
	bool reply = span_is(record_get_text(r, (unsigned)d->col[ARP_OPERATION]), "reply");
	if (!i || reply || addr_eq(target, sender))
		return;
	struct finding *f;
	struct facts *x = open_finding(d, detect_sender(d, r->at), r->at, target, i, &f);
	if (!x)
		return;
	if (addr_class(sender) != ADDR_NONE) {
		x->source = sender;
		record_addr(f->observed, OBS_SOURCE, sender);
	}
	if (!x->packets)
		record_str(f->observed, OBS_TRANSPORT, "arp");
	record_mac(f->observed, OBS_MAC, r->at->smac);
}

/* ---- names, URLs and files ---- */

static struct facts *open_named(struct run *d, uint32_t device, const struct origin *at, enum kind kind,
				const char *what, const struct indicator *i, struct finding **out)
{
	struct finding *f = detect_finding(d, device, at, "%.80s", what);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return NULL;
	x->kind = kind;
	x->what = what;
	x->indicator = x->indicator ? x->indicator : i;
	x->source = detect_client(at);
	*out = f;
	return x;
}

static void name_used(struct run *d, const struct origin *at, struct span host, const char *protocol, bool used)
{
	const struct indicator *i = host.n ? detect_indicator_name(d, host) : NULL;
	struct finding *f;
	if (!i)
		return;
	const char *what = detect_text(d, "%.*s", (int)span_cut(host, 255).n, (const char *)host.p);
	struct facts *x = open_named(d, detect_client_device(d, at), at, BY_NAME, what, i, &f);
	if (!x)
		return;
	x->used |= used;
	record_str(f->observed, OBS_HOST, what);
	record_str(f->observed, OBS_PROTOCOL, protocol);
}

static void on_dns(struct run *d, const struct record *r)
{
	if (!record_get_uint(r, (unsigned)d->col[DNS_RESPONSE]))
		name_used(d, r->at, record_get_text(r, (unsigned)d->col[DNS_QUERY]), "dns", false);
}

static void on_tls(struct run *d, const struct record *r)
{
	name_used(d, r->at, record_get_text(r, (unsigned)d->col[TLS_HOST]), "tls", true);
}

static struct span without_port(struct span host)
{
	const uint8_t *colon = host.n ? memchr(host.p, ':', host.n) : NULL;
	return colon ? span_cut(host, (size_t)(colon - host.p)) : host;
}

static void on_http(struct run *d, const struct record *r)
{
	struct span host = record_get_text(r, (unsigned)d->col[HTTP_HOST]),
		    path = record_get_text(r, (unsigned)d->col[HTTP_PATH]);
	char url[1024];
	if (!host.n || !span_is(record_get_text(r, (unsigned)d->col[HTTP_EVENT]), "request"))
		return;
	name_used(d, r->at, without_port(host), "http", true);
	int n = snprintf(url, sizeof(url), "http://%.*s%.*s", (int)span_cut(host, 255).n, (const char *)host.p,
			 (int)span_cut(path, 700).n, (const char *)path.p);
	const struct indicator *i = detect_indicator_url(d, span_of(url, (size_t)n));
	struct finding *f = NULL;
	struct facts *x =
		i ? open_named(d, detect_client_device(d, r->at), r->at, BY_NAME, detect_text(d, "%s", url), i, &f)
		  : NULL;
	if (!x)
		return;
	x->used = true;
	record_str(f->observed, OBS_URL, x->what);
	record_str(f->observed, OBS_PROTOCOL, "http");
}

static void on_transfer(struct run *d, const struct record *r)
{
	unsigned col = (unsigned)d->col[FILE_SHA256];
	const struct indicator *i = record_has(r, col) && r->at ? detect_indicator_hash(d, r->v[col].hash) : NULL;
	if (!i)
		return;
	bool to_server = record_get_uint(r, (unsigned)d->col[FILE_TO_SERVER]);
	struct span path = record_get_text(r, (unsigned)d->col[FILE_PATH]);
	const char *what = path.n ? detect_text(d, "%.*s", (int)span_cut(path, 255).n, (const char *)path.p)
				  : "a file without a name";
	struct finding *f = NULL;
	struct facts *x = open_named(d, to_server ? detect_server_device(d, r->at) : detect_client_device(d, r->at),
				     r->at, BY_FILE, what, i, &f);
	if (!x)
		return;
	x->source = to_server ? detect_server(r->at) : x->source;
	record_str(f->observed, OBS_PATH, path.n ? what : NULL);
	struct span hash = arena_copy(detect_host(d)->arena, span_of(r->v[col].hash, 32));
	if (hash.n)
		record_hash(f->observed, OBS_SHA256, hash.p);
}

/* ---- judging ---- */

static const char *transport(uint8_t proto)
{
	return proto == 6 ? "TCP" : proto == 17 ? "UDP" : "IP";
}

static void list_ports(struct run *d, struct finding *f, const struct facts *x)
{
	if (!x->nports)
		return;
	if (x->ports[0])
		record_uint(f->observed, OBS_PORT, x->ports[0]);
	record_str(f->observed, OBS_TRANSPORT, x->protos[0] == 6 ? "tcp" : x->protos[0] == 17 ? "udp" : "other");
	for (unsigned i = 0; i < x->nports; i++)
		detect_list(f, OBS_EXTRA, detect_text(d, "%s port %u", transport(x->protos[i]), x->ports[i]));
}

static void judge_local(struct run *d, struct finding *f, const struct facts *x, const char *who, const char *where)
{
	f->severity = SEV_LOW;
	f->confidence = 0.9;
	f->scope = zone_on_link(d->zones, x->addr) ? SCOPE_SEGMENT : SCOPE_SITE;
	f->next = next_local;
	f->title = detect_text(d, "%s %s the site's own server at the published factory address %s%s", who,
			       x->inbound ? "is called by" : "uses", where, detect_whither(f->scope));
	f->meaning =
		"An own server on the published address: an unsafe design, not a leak. The server stands inside, "
		"and the data stays with the hospital; but any machine that takes this address instead gets the "
		"patients' data, and may be able to change the device.";
}

/* One step down, never below low. */
static enum severity less(enum severity s)
{
	return s > SEV_LOW ? (enum severity)(s - 1) : s;
}

static void judge_remote(struct run *d, struct finding *f, const struct facts *x, const char *who, const char *where)
{
	enum device_role role = f->device == DEVICE_NONE ? ROLE_UNKNOWN : device_role(d->devices, f->device);
	f->severity = x->answered ? SEV_CRITICAL : SEV_HIGH;
	f->confidence = x->answered ? 0.95 : x->packets ? 0.9 : 0.8;
	if (!x->packets) {
		bool claimed = !mac_is_zero(zone_mac_of(d->zones, x->addr));
		f->scope = claimed ? SCOPE_SEGMENT : SCOPE_NONE;
		f->title = detect_text(d, "%s asked the network for the published address %s, and %s", who, where,
				       claimed ? "a router answered for it" : "nobody answered");
		f->meaning = "The device looks for this address by itself. Nothing has left so far; on another "
			     "network, or once somebody answers, it would send what it sends there: patients' data, "
			     "or a request for programs that it then runs.";
	} else {
		f->scope = SCOPE_OUTSIDE;
		f->title = detect_text(d, "%s %s the published address %s, outside the site%s", who,
				       x->inbound    ? "was called by"
				       : x->answered ? "exchanged data with"
						     : "tried to reach",
				       where, x->answered ? "" : "; nobody answered");
	}
	if (!is_exact(x->indicator) && !x->indicator->port) {
		f->severity = less(f->severity);
		f->confidence *= 0.7;
	}
	if (x->indicator->part)
		f->confidence *= 0.6;
	if (role != ROLE_UNKNOWN && !device_is_medical(d->devices, f->device))
		f->severity = less(f->severity);
}

static void judge_named(struct run *d, struct finding *f, const struct facts *x)
{
	bool medical = f->device != DEVICE_NONE && device_is_medical(d->devices, f->device);
	const char *who = detect_who(d, f->device, x->source);
	f->severity = x->used || x->kind == BY_FILE ? SEV_HIGH : SEV_MEDIUM;
	f->severity += medical ? 1 : 0;
	f->confidence = (x->used || x->kind == BY_FILE ? 0.95 : 0.8) * (x->indicator->part ? 0.6 : 1);
	f->title = x->kind == BY_FILE ? detect_text(d, "%s was given a published file, %s", who, x->what) :
		   detect_text(d, "%s %s the published name %s%s", who, x->used ? "talked to" : "asked for", x->what,
			       x->used ? detect_whither(f->scope) : "");
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	if (!x->indicator)
		return;
	record_str(f->observed, OBS_INDICATOR, detect_text(d, "%s (%s)", x->indicator->name, x->indicator->source));
	detect_foretold(f, x->indicator);
	if (x->kind != BY_ADDRESS) {
		judge_named(d, f, x);
		return;
	}
	const char *who = detect_who(d, f->device, x->source);
	const char *where = detect_where(d, x->addr, x->nports == 1 ? x->ports[0] : 0);
	bool local = zone_on_link(d->zones, x->addr) || zone_is_central(d->zones, x->addr, 0) ||
		     zone_of(d->zones, x->addr) == ZONE_SITE || zone_of(d->zones, x->addr) == ZONE_CLINICAL;
	f->keeps_scope = true;
	f->next = NULL;
	f->meaning = NULL;
	list_ports(d, f, x);
	if (local)
		judge_local(d, f, x, who, where);
	else
		judge_remote(d, f, x, who, where);
	record_bool(f->observed, OBS_ANSWERED, x->answered || (local && zone_on_link(d->zones, x->addr)));
	if (x->inbound)
		detect_list(f, OBS_TRAITS, "inbound");
	if (!x->packets)
		detect_list(f, OBS_TRAITS, "arp only");
}

static const struct on on[] = {
	{ "contact", on_contact }, { "answer", on_answer, .when = WHEN_FOUND }, { "arp", on_arp }, { "dns", on_dns },
	{ "http", on_http }, { "tls", on_tls }, { "transfer", on_transfer }, { NULL, NULL },
};

const struct detector detector_known_address = {
	.name = "net.known-address", .rule = &rule, .on = on, .wants = wants, .judge = judge,
};
