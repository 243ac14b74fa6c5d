/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.magic-knock: somebody sends a published word that opens devices of some maker, or calls the port that starts a
 * shell and then the shell. Which words there are stands in decode/knock.def. */
#include "base/scope.h"
#include "decode/knock.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { EVENT, WORD, HTTP_EVENT, HTTP_PATH, HTTP_AGENT, HTTP_STATUS, WANTS };

static const struct want wants[] = {
	[EVENT] = { "knock", "event" },
	[WORD] = { "knock", "word" },
	[HTTP_EVENT] = { "http", "event" },
	[HTTP_PATH] = { "http", "path" },
	[HTTP_AGENT] = { "http", "user_agent" },
	[HTTP_STATUS] = { "http", "status" },
	[WANTS] = { NULL, NULL },
};

enum option { WITHIN };

static const struct option_num options[] = {
	[WITHIN] = { "within", "how soon the second port must answer after the first", "s", 600, 1, 86400 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.magic-knock",
	.title = "A word that is known to open devices was sent",
	.cause = "hidden entrance",
	.sees = "A message that begins with one of the published words which make a device of some maker run commands or "
		"start a shell; an HTTP request with such a name or for such a page; a port that is known to start a shell "
		"answers, and then the shell's port does, to the same caller.",
	.why = "Who is let in so needs no password and leaves no log. On a device at a patient that means reading what it "
	       "knows and changing what it shows and alarms.",
	.wrong = "A scanner of the hospital that tries known weaknesses on purpose. Another program that happens to use the "
		 "same first bytes on the same port. An answer alone does not prove that the device obeyed. Words that nobody has "
		 "published yet are not known here.",
	.next = { "Find out whose machine sent it, and whether it was agreed.", ADVICE_BEDSIDE,
		  "Look at what the device did afterwards: new ports, new destinations (net.after-pull, net.beacon).",
		  "Close the port at the switch or firewall towards this device.", ADVICE_EVIDENCE, NULL },
	.attack = { "T1205", "T1190", "T0866", NULL },
	.cwe = { "CWE-912", "CWE-798", "CWE-489", NULL },
	.references = { "https://attack.mitre.org/techniques/T1205/", NULL },
};

enum { OPENED = 256, PAIRED = 256, SECOND_NS = 1000000000, STATUS_REFUSED = 400, PROTO_TCP = 6 };

struct facts {
	const struct knock *knock;
	struct addr client, server;
	uint16_t port;
	bool answered;
	struct origin at;
};

/* The first port of a pair answered. */
struct opened {
	const struct knock *knock;
	struct addr client, server;
	uint64_t ts;
	struct origin at;
};

struct state {
	struct opened opened[OPENED];            /* by the clock: the oldest gives way */
	unsigned next;
	uint64_t paired[PAIRED / 64];            /* bit per port % PAIRED: may be one of a pair; clear: is none */
};

static void start(struct run *d)
{
	struct state *s = d->state;
	for (const struct knock *k = knocks; k->id; k++) {
		if (k->kind != KNOCK_PORTS)
			continue;
		s->paired[k->port % PAIRED / 64] |= UINT64_C(1) << k->port % 64;
		s->paired[k->then % PAIRED / 64] |= UINT64_C(1) << k->then % 64;
	}
}

static struct facts *seen(struct run *d, const struct knock *k, const struct origin *at)
{
	char text[ADDR_TEXT];
	struct addr client = detect_client(at), server = detect_server(at);
	uint32_t device = detect_server_device(d, at);
	if (device == DEVICE_NONE)
		device = device_by_addr(d->devices, server);
	struct finding *f = detect_finding(d, device, at, "%s %s", k->id, addr_text(client, text));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return NULL;
	if (!x->knock)
		x->at = *at;
	x->knock = k;
	x->client = client;
	x->server = server;
	x->port = detect_server_port(at);
	return x;
}

static struct facts *seen_before(struct run *d, const struct knock *k, const struct origin *at)
{
	char text[ADDR_TEXT];
	uint32_t device = detect_server_device(d, at);
	if (device == DEVICE_NONE)
		device = device_by_addr(d->devices, detect_server(at));
	struct finding *f = detect_find(d, device, "%s %s", k->id, addr_text(detect_client(at), text));
	return f ? f->own : NULL;
}

static void on_knock(struct run *d, const struct record *r)
{
	struct span id = record_get_text(r, (unsigned)d->col[WORD]);
	for (const struct knock *k = knocks; k->id; k++) {
		if (!span_is(id, k->id))
			continue;
		bool answer = span_is(record_get_text(r, (unsigned)d->col[EVENT]), "answer");
		struct facts *x = answer ? seen_before(d, k, r->at) : seen(d, k, r->at);
		if (x && answer)
			x->answered = true;
	}
}

static void on_http(struct run *d, const struct record *r)
{
	struct span path = record_get_text(r, (unsigned)d->col[HTTP_PATH]);
	struct span agent = record_get_text(r, (unsigned)d->col[HTTP_AGENT]);
	bool response = span_is(record_get_text(r, (unsigned)d->col[HTTP_EVENT]), "response");
	uint64_t status = record_get_uint(r, (unsigned)d->col[HTTP_STATUS]);
	for (const struct knock *k = knocks; k->id; k++) {
		bool asked = k->kind == KNOCK_PATH && span_ends(path, k->bytes);
		bool named = k->kind == KNOCK_AGENT && span_eq(agent, k->bytes);
		if (!response && (asked || named))
			seen(d, k, r->at);
		bool good = response && status && status < STATUS_REFUSED && (asked || k->kind == KNOCK_AGENT);
		struct facts *x = good ? seen_before(d, k, r->at) : NULL;
		if (x)
			x->answered = true;
	}
}

static bool is_of_pair(const struct state *s, uint16_t port)
{
	if (!(s->paired[port % PAIRED / 64] >> port % 64 & 1))
		return false;
	for (const struct knock *k = knocks; k->id; k++)
		if (k->kind == KNOCK_PORTS && (k->port == port || k->then == port))
			return true;
	return false;
}

/* A port of a pair answers. */
static void on_answer(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	const struct origin *at = r->at;
	struct addr client = detect_client(at), server = detect_server(at);
	uint16_t port = detect_server_port(at);
	if (at->proto != PROTO_TCP || !is_of_pair(s, port))
		return;
	for (unsigned i = 0; i < OPENED; i++) {
		const struct opened *o = &s->opened[i];
		bool soon = o->knock && at->ts >= o->ts && at->ts - o->ts <= (uint64_t)(d->opt[WITHIN] * SECOND_NS);
		if (!soon || o->knock->then != port || !addr_eq(o->client, client) || !addr_eq(o->server, server))
			continue;
		struct facts *x = seen(d, o->knock, at);
		if (x) {
			x->answered = true;
			x->at = o->at;
		}
	}
	for (const struct knock *k = knocks; k->id; k++)
		if (k->kind == KNOCK_PORTS && k->port == port)
			s->opened[s->next++ % OPENED] = (struct opened){ k, client, server, at->ts, *at };
}

/* ---- judging ---- */

static const char *title(struct run *d, const struct finding *f, const struct facts *x)
{
	const char *who = detect_who(d, f->device, x->server), *from = detect_where(d, x->client, 0);
	const char *outside = detect_is_outside(d, x->client) ? ", outside the site," : "";
	const char *end = x->answered ? ", and it answered" : "; it did not answer";
	if (x->knock->kind == KNOCK_PORTS)
		return detect_text(d, "%s let %s%s in on TCP port %u after it called port %u: %s", who, from, outside,
				   x->knock->then, x->knock->port, x->knock->what);
	return detect_text(d, "%s was sent a known opening word by %s%s on port %u (%s)%s", who, from, outside, x->port,
			   x->knock->what, end);
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	bool medical = f->device != DEVICE_NONE && device_is_medical(d->devices, f->device);
	bool outside = detect_is_outside(d, x->client), away = detect_is_outside(d, x->server);
	bool scanner = detect_is_registered(d, REGISTERED_SCANNER, x->server, x->client);
	bool weak = x->knock->kind == KNOCK_BYTES && (x->knock->how == COMMAND || x->knock->bytes.n <= 2);
	bool pair = x->knock->kind == KNOCK_PORTS;
	if (scanner && !x->answered)
		f->severity = SEV_INFO;
	else if (weak || (pair && x->knock->port < 1024 && !medical))
		f->severity = medical && x->answered ? SEV_MEDIUM : SEV_LOW;
	else if (x->answered)
		f->severity = medical ? SEV_CRITICAL : SEV_HIGH;
	else
		f->severity = medical || outside ? SEV_HIGH : SEV_MEDIUM;
	f->confidence = weak ? 0.4 : pair ? 0.6 : x->answered ? 0.9 : 0.8;
	f->scope = outside || away ? SCOPE_OUTSIDE : detect_scope(d, &x->at);
	f->keeps_scope = true;
	f->title = title(d, f, x);
	record_addr(f->observed, OBS_SOURCE, x->client);
	record_addr(f->observed, OBS_ADDRESS, x->server);
	record_uint(f->observed, OBS_PORT, x->port);
	record_str(f->observed, OBS_MAGIC, x->knock->id);
	record_bool(f->observed, OBS_ANSWERED, x->answered);
	detect_list(f, OBS_EXTRA, detect_text(d, "described by %s", x->knock->source));
	if (scanner)
		detect_list(f, OBS_TRAITS, "registered");
	detect_note(f, &x->at, pair ? "the port that opens answers" : "the word");
}

static const struct on on[] = { { "knock", on_knock }, { "http", on_http }, { "answer", on_answer }, { NULL, NULL } };

const struct detector detector_magic_knock = {
	.name = "net.magic-knock", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .start = start, .judge = judge,
};
