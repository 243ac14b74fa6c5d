/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.rewritten-stream: a stretch of a TCP stream came twice with different bytes. What it weighs: whether
 * another card sent the second copy, whether a receiver would take it, and what differs: a vital sign or a
 * field of a patient in a clinical protocol, or bytes that nobody can name. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { FIRST_MAC, SECOND_MAC, BYTES, PROTOCOL, VALUES, FIELDS, CHECKSUM_OK, WANTS };

static const struct want wants[] = {
	[FIRST_MAC] = { "rewrite", "first_mac" },
	[SECOND_MAC] = { "rewrite", "second_mac" },
	[BYTES] = { "rewrite", "bytes" },
	[PROTOCOL] = { "rewrite", "protocol" },
	[VALUES] = { "rewrite", "values" },
	[FIELDS] = { "rewrite", "fields" },
	[CHECKSUM_OK] = { "rewrite", "checksum_ok" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.rewritten-stream",
	.title = "The same stretch of a conversation was seen twice with different content",
	.cause = "altered on the way",
	.sees = "Two copies of the same bytes of a TCP stream that differ, and which decoded values differ between "
		"them: for vital signs from what to what. Whether both copies came from the same network card, and "
		"whether the second one has a right checksum.",
	.why = "Whoever looks at the central station may see other values than the patient has: an alarm that should "
	       "sound may not. The device itself still shows what it measures.",
	.wrong = "A device that builds a message anew when it sends it again (a defect, from the same card). A "
		 "proxy or firewall that rewrites on purpose, seen on both its sides. A capture that joins two "
		 "networks with equal addresses.",
	.next = { "Look at the patient and at the device itself, not at the central station: the values named here "
		  "differ. Have somebody stay within hearing of the device's own alarms until this is cleared.",
		  "Find the machine with the second MAC address on the switch and take its port down; leave the "
		  "device and the central station connected.",
		  ADVICE_EVIDENCE,
		  "Send these values over a protected connection (TLS, or a tunnel to the central station).", NULL },
	.attack = { "T0830", "T0832", "T1557", "T1565.002", NULL },
	.cwe = { "CWE-924", "CWE-319", NULL },
	.references = { "https://attack.mitre.org/techniques/T0830/", "RFC 9293 section 3.8", NULL },
};

static const char *const next_plain[] = {
	"Find out whether a proxy, firewall or another box on the way changes this traffic on purpose.",
	ADVICE_EVIDENCE,
	NULL,
};

enum { CHANGES = 32, NAME_KEPT = 31, UNIT_KEPT = 31, FIELD_KEPT = 31, FIELDS_KEPT = 8 };

struct change {
	char name[NAME_KEPT + 1], unit[UNIT_KEPT + 1];
	double from, to;
};

struct facts {
	struct addr from, to;
	uint16_t port;
	struct mac first, second;
	const struct decoder *decoder;           /* NULL: nobody knows what it speaks */
	struct change changes[CHANGES];
	char fields[FIELDS_KEPT][FIELD_KEPT + 1];
	unsigned nchanges, told, nfields;
	uint64_t count, bytes;
	bool sends;                              /* the finding is about who sent it, else about who got it */
	uint32_t good, other_card;               /* second copies that a receiver takes; that another card sent */
	bool vital, patient;                     /* changed in a copy that a receiver takes */
};

static void keep(char *out, size_t room, struct span s)
{
	s = span_cut(s, room - 1);
	if (s.n)
		memcpy(out, s.p, s.n);
	out[s.n] = '\0';
}

static bool is_same(double a, double b)
{
	return !(a < b) && !(a > b);
}

static void add_change(struct facts *x, const struct record *v)
{
	struct change c = { .from = record_get_real(v, CHG_FROM), .to = record_get_real(v, CHG_TO) };
	keep(c.name, sizeof(c.name), record_get_text(v, CHG_NAME));
	keep(c.unit, sizeof(c.unit), record_get_text(v, CHG_UNIT));
	for (unsigned i = 0; i < x->nchanges; i++)
		if (strcmp(x->changes[i].name, c.name) == 0 && is_same(x->changes[i].from, c.from) &&
		    is_same(x->changes[i].to, c.to))
			return;
	if (x->nchanges < CHANGES)
		x->changes[x->nchanges++] = c;
}

static void add_field(struct facts *x, struct span name)
{
	for (unsigned i = 0; i < x->nfields; i++)
		if (span_is(name, x->fields[i]))
			return;
	if (x->nfields < FIELDS_KEPT)
		keep(x->fields[x->nfields++], FIELD_KEPT + 1, name);
}

/* A field that holds a person's data, by the tables of who decoded it. */
static bool is_patient_field(const struct decoder *d, struct span name)
{
	for (size_t i = 0; d && d->types && d->types[i]; i++)
		for (unsigned k = 0; k < d->types[i]->nfields; k++)
			if (d->types[i]->fields[k].privacy == PATIENT && span_is(name, d->types[i]->fields[k].name))
				return true;
	return false;
}

static const struct decoder *decoder_named(struct span name)
{
	for (size_t i = 0; decoders[i] && name.n; i++)
		if (span_is(name, decoders[i]->name))
			return decoders[i];
	return NULL;
}

static void add_copy(struct run *d, const struct record *r, struct facts *x)
{
	bool good = record_get_uint(r, (unsigned)d->col[CHECKSUM_OK]) != 0;
	struct mac first = r->v[d->col[FIRST_MAC]].mac, second = r->v[d->col[SECOND_MAC]].mac;
	x->count++;
	x->good += good;
	x->bytes += record_get_uint(r, (unsigned)d->col[BYTES]);
	bool other = record_has(r, (unsigned)d->col[FIRST_MAC]) && record_has(r, (unsigned)d->col[SECOND_MAC]) &&
		     !mac_eq(first, second);
	if (other && !x->other_card) {           /* the first that shows two cards names them */
		x->first = first;
		x->second = second;
	} else if (!other && !x->other_card) {
		x->first = x->second = second;
	}
	x->other_card += other;
	if (record_has(r, (unsigned)d->col[VALUES])) {
		const struct records *v = &r->v[d->col[VALUES]].records;
		for (uint32_t i = 0; i < v->n; i++)
			add_change(x, v->v[i]);
		x->vital |= good && v->n;
	}
	if (record_has(r, (unsigned)d->col[FIELDS])) {
		const struct texts *t = &r->v[d->col[FIELDS]].texts;
		for (uint32_t i = 0; i < t->n; i++) {
			add_field(x, t->v[i]);
			x->patient |= good && is_patient_field(x->decoder, t->v[i]);
		}
	}
}

/* Who has that address: by the cards of the two copies first, since the table of addresses follows whoever
 * claimed it last, and that may be the one in between. */
static uint32_t holder(const struct run *d, struct addr a, struct mac first, struct mac second)
{
	uint32_t one = detect_by_card(d, first), two = detect_by_card(d, second);
	if (one && addr_eq(device_addr(d->devices, one), a))
		return one;
	return two && addr_eq(device_addr(d->devices, two), a) ? two : device_by_addr(d->devices, a);
}

static void on_rewrite(struct run *d, const struct record *r)
{
	const struct origin *at = r->at;
	struct span protocol = record_get_text(r, (unsigned)d->col[PROTOCOL]);
	struct mac first = r->v[d->col[FIRST_MAC]].mac, second = r->v[d->col[SECOND_MAC]].mac;
	uint32_t sender = holder(d, at->src, first, second);
	bool ours = sender != DEVICE_NONE;       /* else it is about who received it */
	uint32_t device = ours ? sender : detect_receiver(d, at);
	char a[ADDR_TEXT], b[ADDR_TEXT], speaks[16];
	addr_text(ours ? at->src : at->dst, a);
	addr_text(ours ? at->dst : at->src, b);
	keep(speaks, sizeof(speaks), protocol);
	struct finding *f = detect_finding(d, device, at, "%s %s %s", device == DEVICE_NONE ? a : "", b, speaks);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	if (!x->count) {
		x->from = at->src;
		x->sends = ours || device == DEVICE_NONE;
		x->to = at->dst;
		x->port = detect_server_port(at);
		x->decoder = decoder_named(protocol);
	}
	add_copy(d, r, x);
}

/* ---- judging ---- */

static bool is_clinical(const struct facts *x)
{
	return x->decoder && x->decoder->clinical;
}

static void weigh(struct finding *f, const struct facts *x)
{
	bool named = x->vital || x->patient, other = x->other_card > 0;
	if (!x->good)
		f->severity = SEV_INFO;          /* a receiver drops it */
	else if (is_clinical(x) && named)
		f->severity = other ? SEV_CRITICAL : SEV_MEDIUM;
	else if (other)
		f->severity = is_clinical(x) ? SEV_HIGH : SEV_MEDIUM;
	else
		f->severity = SEV_LOW;
	f->confidence = named ? 0.85 : x->bytes > x->count ? 0.7 : 0.5;
	f->confidence += x->other_card >= 3 && x->other_card == x->good ? 0.1 : 0;
	f->confidence *= (other ? 1 : 0.6) * (x->good ? 1 : 0.5);
}

static void add_values(struct run *d, struct finding *f, struct facts *x)
{
	const struct record_host *host = detect_host(d);
	for (; x->told < x->nchanges; x->told++) {
		const struct change *c = &x->changes[x->told];
		size_t size = offsetof(struct record, v) + changed_type.nfields * sizeof(struct value);
		struct record *v = arena_new(host->arena, size);
		if (!v)
			return;
		record_begin(v, &changed_type, NULL, host);
		record_str(v, CHG_NAME, c->name);
		record_str(v, CHG_UNIT, c->unit);
		record_real(v, CHG_FROM, c->from);
		record_real(v, CHG_TO, c->to);
		record_add(f->observed, OBS_VALUES, v);
	}
}

static const char *changed_text(struct run *d, const struct facts *x)
{
	if (x->nchanges) {
		const struct change *c = &x->changes[x->nchanges - 1];
		return detect_text(d, "%s %g became %g%s", c->name, c->from, c->to,
				   x->nchanges > 1 ? ", among others" : "");
	}
	if (x->nfields)
		return detect_text(d, "%s differs%s", x->fields[0], x->nfields > 1 ? ", among others" : "");
	return detect_text(d, "%llu byte%s of it differ%s", (unsigned long long)x->bytes, x->bytes == 1 ? "" : "s",
			   x->bytes == 1 ? "s" : "");
}

static void judge(struct run *d, struct finding *f)
{
	struct facts *x = f->own;
	bool other = x->other_card > 0;
	const char *who = detect_who(d, f->device, x->sends ? x->from : x->to);
	weigh(f, x);
	f->next = is_clinical(x) ? NULL : next_plain;
	f->meaning = is_clinical(x) ? NULL : "Somebody on the way may change what these two say to each other; or one "
					     "of them sends the same stretch again with other bytes, which is a "
					     "defect.";
	record_str(f->observed, OBS_PROTOCOL, x->decoder ? x->decoder->name : NULL);
	record_addr(f->observed, OBS_SOURCE, x->from);
	record_addr(f->observed, OBS_ADDRESS, x->to);
	record_uint(f->observed, OBS_PORT, x->port);
	record_uint(f->observed, OBS_BYTES, x->bytes);
	record_mac(f->observed, OBS_MAC, x->second);
	record_mac(f->observed, OBS_OTHER_MAC, x->first);
	detect_list(f, OBS_TRAITS, other ? "another card" : "same card");
	detect_list(f, OBS_TRAITS, x->good ? "would be accepted" : "bad checksum");
	for (unsigned i = 0; i < x->nfields; i++)
		detect_list(f, OBS_EXTRA, x->fields[i]);
	add_values(d, f, x);
	f->title = detect_text(d, "%s: what it %s %s was seen twice with different content, the second time from %s: "
				  "%s%s",
			       who, x->sends ? "sent to" : "got from", detect_where(d, x->sends ? x->to : x->from, 0),
			       other ? "another network card" : "the same network card", changed_text(d, x),
			       x->good ? "" : "; its checksum is wrong, so that a receiver drops it");
}

static const struct on on[] = { { "rewrite", on_rewrite }, { NULL, NULL } };

const struct detector detector_rewritten_stream = {
	.name = "net.rewritten-stream", .rule = &rule, .on = on, .wants = wants, .judge = judge,
};
