/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.known-credential: somebody logs in with a published default or fixed credential. Credentials are tokens (keyed
 * hashes) before they get here, so the shipped list (credentials.def) is hashed with the same key at start and
 * compared so; what leaves is whose default it is, never the words. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/login.h"

enum want_index { SNMP_MESSAGE, SNMP_COMMUNITY, SNMP_REQUEST, SNMP_ERROR, WANTS };

static const struct want wants[] = {
	[SNMP_MESSAGE] = { "snmp", "message" },
	[SNMP_COMMUNITY] = { "snmp", "community" },
	[SNMP_REQUEST] = { "snmp", "request_id" },
	[SNMP_ERROR] = { "snmp", "error" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.known-credential",
	.title = "Somebody logs in with a published password",
	.cause = "remote access",
	.sees = "A user name and password, or an SNMP community, in clear, that stand in the shipped list of published "
		"default and fixed credentials, on their way to one of the site's devices; from outside, or to a medical device. It "
		"says whose default it is, where that was published, and whether it was accepted. A community is told once a "
		"device, whoever asks; that it reads is for information inside the site, that it changes settings is not.",
	.why = "What was published is tried by everybody, first of all by programs that scan for it. Fixed credentials of "
	       "medical devices are the same on every unit and often cannot be changed by the hospital.",
	.wrong = "The same words may be the default of another product than the one named. A refused attempt shows who tries, "
		 "not that the device has the credential. Logins within TLS or SSH, by web forms, and challenges (VNC, NTLM, "
		 "HTTP Digest) show no words to compare.",
	.next = { "Ask biomedical engineering who logs in from this address; if nobody does, treat the device as open to "
		  "whoever that is. " ADVICE_BEDSIDE,
		  "Change the password where the maker allows it; where it is fixed, let only named addresses reach the "
		  "service, at the switch or firewall.",
		  ADVICE_EVIDENCE, ADVICE_MAKER, NULL },
	.attack = { "T1078", "T1110", "T0812", "T0859", NULL },
	.cwe = { "CWE-798", "CWE-1392", "CWE-1188", NULL },
	.advisories = { "ICSMA-18-037-02", "ICSMA-17-250-02A", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-18-037-02", NULL },
};

struct known {
	const char *user, *password;             /* user NULL: any */
	const char *product, *reference;         /* product NULL: anybody's first guess */
};

static const struct known list[] = {
#define CREDENTIAL(user, password, product, reference) { user, password, product, reference },
#define GENERIC(user, password) { user, password, NULL, NULL },
#include "finding/credentials.def"
#undef CREDENTIAL
#undef GENERIC
};

enum { KNOWN = ARRAY_LEN(list), PAIR_MAX = 128, NOTE_UNKNOWN = 1, NOTE_KNOWN = 2, CALLERS = 8 };

struct hashed {
	struct token user, password, pair;       /* pair: as HTTP Basic writes both (RFC 7617 §2) */
};

struct state {
	struct login_book book;
	struct hashed list[KNOWN];
};

struct facts {
	struct addr device, callers[CALLERS];    /* several for a community alone */
	unsigned ncallers;
	uint16_t port;
	const char *protocol;
	const struct known *what;
	unsigned attempts;
	bool accepted, refused, community;
	bool wrote, changed;                     /* by the community: a change was asked for; it was made */
	uint64_t set_flow, set_request;          /* the latest that was asked for */
};

/* RFC 4648 §4 */
static struct span base64(struct span s, char *out, size_t room)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;
	struct rd r = rd_of(s);
	while (rd_left(&r) && n + 4 <= room) {
		size_t have = rd_left(&r) < 3 ? rd_left(&r) : 3;
		uint32_t v = (uint32_t)rd_u8(&r) << 16;
		v |= have > 1 ? (uint32_t)rd_u8(&r) << 8 : 0;
		v |= have > 2 ? rd_u8(&r) : 0;
		for (unsigned i = 0; i < 4; i++)
			out[n++] = i <= have ? digits[v >> (18 - 6 * i) & 63] : '=';
	}
	return span_of(out, n);
}

static void start(struct run *d)
{
	struct state *s = d->state;
	struct keyring *k = detect_host(d)->keyring;
	for (size_t i = 0; i < KNOWN; i++) {
		const struct known *c = &list[i];
		char plain[PAIR_MAX], coded[2 * PAIR_MAX];
		s->list[i].password = *c->password ? keyring_token(k, span_str(c->password)) : (struct token){ 0 };
		if (!c->user)
			continue;
		s->list[i].user = keyring_token(k, span_str(c->user));
		snprintf(plain, sizeof(plain), "%s:%s", c->user, c->password);
		s->list[i].pair = keyring_token(k, base64(span_str(plain), coded, sizeof(coded)));
	}
}

static bool same(const struct token *a, const struct token *b)
{
	return a->len == b->len && memcmp(a->hash, b->hash, TOKEN_HASH) == 0;
}

static bool matches(const struct hashed *h, const struct known *k, const struct login *l)
{
	if (l->pair.len)
		return k->user && same(&l->pair, &h->pair);
	if (l->community.len)
		return !k->user && same(&l->community, &h->password);
	if (!k->user || !same(&l->user, &h->user))
		return false;
	return l->empty ? !h->password.len : l->password.len && same(&l->password, &h->password);
}

static const struct known *find(const struct state *s, const struct login *l)
{
	if (l->anonymous)
		return NULL;                     /* meant for anybody */
	for (size_t i = 0; i < KNOWN; i++)
		if (matches(&s->list[i], &list[i], l))
			return &list[i];
	return NULL;
}

static void add_caller(struct facts *x, struct addr a)
{
	for (unsigned i = 0; i < x->ncallers; i++)
		if (addr_eq(x->callers[i], a))
			return;
	if (x->ncallers < CALLERS)
		x->callers[x->ncallers++] = a;
}

/* What machines ask a device by its community every minute is one finding, whoever asks. */
static struct finding *finding_of(struct run *d, const struct login *l, const struct known *k, const struct origin *at)
{
	char text[ADDR_TEXT];
	uint32_t device = detect_server_device(d, at);
	const char *who = l->community.len ? "community" : addr_text(detect_client(at), text);
	return device == DEVICE_NONE ? NULL : detect_finding(d, device, at, "%s %s %zu", l->protocol, who, (size_t)(k - list));
}

/* Words of the list are asked for once an attempt; what came of it follows in later records. */
static void on_secret(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct login *l = NULL;
	enum login_event event = login_saw(&s->book, r, &l);
	if (event == LOGIN_NOTHING || (event == LOGIN_JUDGED && l->note == NOTE_UNKNOWN))
		return;
	const struct known *k = find(s, l);
	l->note = k ? NOTE_KNOWN : NOTE_UNKNOWN;
	struct finding *f = k ? finding_of(d, l, k, r->at) : NULL;
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	x->device = detect_server(r->at);
	add_caller(x, detect_client(r->at));
	x->port = detect_server_port(r->at);
	x->protocol = l->protocol;
	x->what = k;
	x->community = l->community.len > 0;
	x->attempts += event == LOGIN_TRIED;
	x->accepted |= l->outcome == LOGIN_ACCEPTED;
	x->refused |= l->outcome == LOGIN_REFUSED;
	if (event == LOGIN_JUDGED)
		detect_note(f, r->at, login_outcome_name(l->outcome));
}

/* Who reads may also change: a set request (RFC 3416 4.2.5), and the response that it was done. */
static void on_snmp(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct span message = record_get_text(r, (unsigned)d->col[SNMP_MESSAGE]);
	bool set = span_is(message, "set"), response = span_is(message, "response");
	if (!r->at || !r->at->flow || (!set && !response))
		return;
	const struct login *l = &s->book.rows[r->at->flow % LOGINS];
	struct token community = record_get_token(r, (unsigned)d->col[SNMP_COMMUNITY]);
	bool known = l->flow == r->at->flow && l->note == NOTE_KNOWN && same(&community, &l->community);
	const struct known *k = known ? find(s, l) : NULL;
	uint32_t device = detect_server_device(d, r->at);
	struct finding *f = k ? detect_find(d, device, "%s community %zu", l->protocol, (size_t)(k - list)) : NULL;
	struct facts *x = f ? f->own : NULL;
	uint64_t request = record_get_uint(r, (unsigned)d->col[SNMP_REQUEST]);
	if (!x)
		return;
	if (set) {
		x->wrote = true;
		x->set_flow = r->at->flow;
		x->set_request = request;
		detect_note(f, r->at, "a change is asked for");
	} else if (x->set_flow == r->at->flow && x->set_request == request && record_has(r, (unsigned)d->col[SNMP_ERROR]) &&
		   !record_get_uint(r, (unsigned)d->col[SNMP_ERROR])) {
		x->changed = true;
		detect_note(f, r->at, "the change is made");
	}
}

/* ---- judging ---- */

/* A community that reads is what a site's own monitoring uses everywhere; one that writes lets anybody change
 * settings. */
static enum severity weigh_community(const struct facts *x, bool medical, bool outside)
{
	if (!medical)
		return outside && x->changed ? SEV_MEDIUM : SEV_INFO;
	if (outside)
		return x->changed ? SEV_CRITICAL : SEV_HIGH;
	return x->changed ? SEV_HIGH : x->wrote ? SEV_MEDIUM : SEV_INFO;
}

static enum severity weigh(const struct facts *x, bool medical, bool outside)
{
	bool refused = x->refused && !x->accepted;
	if (x->community)
		return weigh_community(x, medical, outside);
	if (!medical)
		return !outside || refused ? SEV_INFO : x->what->product ? SEV_MEDIUM : SEV_LOW;
	if (refused)
		return outside ? SEV_MEDIUM : SEV_LOW;
	if (outside)
		return SEV_CRITICAL;
	return x->accepted ? SEV_HIGH : SEV_MEDIUM;
}

/* The one that counts: from outside, else the first. */
static struct addr caller_of(const struct run *d, const struct facts *x)
{
	for (unsigned i = 0; i < x->ncallers; i++)
		if (detect_is_outside(d, x->callers[i]))
			return x->callers[i];
	return x->callers[0];
}

static const char *what_became(const struct facts *x)
{
	if (x->wrote)
		return x->changed ? "was changed with" : "was asked for changes with";
	return x->accepted ? "accepted" : x->refused ? "refused" : "was given";
}

static void list_callers(struct run *d, struct finding *f, const struct facts *x)
{
	for (unsigned i = 0; i < x->ncallers && x->ncallers > 1; i++)
		detect_list(f, OBS_EXTRA, detect_text(d, "asked by %s", detect_where(d, x->callers[i], 0)));
	if (x->wrote)
		detect_list(f, OBS_TRAITS, x->changed ? "change made" : "change asked for");
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	struct addr caller = caller_of(d, x);
	bool outside = detect_is_outside(d, caller);
	bool medical = device_is_medical(d->devices, f->device);
	f->withdrawn = (!medical && !outside) || detect_is_outside(d, x->device);
	detect_keep_scope(d, f, outside, &f->origins[0]);
	f->severity = weigh(x, medical, outside);
	if (detect_is_registered(d, REGISTERED_SERVICE, x->device, caller) && f->severity > SEV_MEDIUM)
		f->severity = SEV_MEDIUM;        /* who may log in; the password stays what it is */
	f->confidence = x->accepted ? 0.97 : 0.85;
	if (medical)
		f->confidence *= detect_role_weight(d, f->device);
	record_addr(f->observed, OBS_SOURCE, caller);
	list_callers(d, f, x);
	record_addr(f->observed, OBS_ADDRESS, x->device);
	record_uint(f->observed, OBS_PORT, x->port);
	record_str(f->observed, OBS_PROTOCOL, x->protocol);
	detect_list(f, OBS_TRAITS, x->accepted ? "let in" : x->refused ? "refused" : "outcome not seen");
	const char *whose = "a credential that is anybody's first guess";
	if (x->community)
		whose = "an SNMP community that is the factory default of most products";
	if (x->what->product) {
		whose = detect_text(d, "a published credential of %s", x->what->product);
		record_str(f->observed, OBS_INDICATOR, detect_text(d, "%s (%s)", x->what->product, x->what->reference));
	}
	const char *s = x->ncallers > 2 ? "s" : "";
	const char *others = x->ncallers > 1 ? detect_text(d, " and %u other%s", x->ncallers - 1, s) : "";
	f->title = detect_text(d, "%s %s %s by %s from %s%s%s", detect_who(d, f->device, x->device), what_became(x), whose,
			       x->protocol, detect_where(d, caller, 0), others, detect_whither(f->scope));
}

/* In this order: what a community is, then what is done with it. */
static const struct on on[] = { { "*secret", on_secret }, { "snmp", on_snmp, .when = WHEN_FOUND }, { NULL, NULL } };

const struct detector detector_known_credential = {
	.name = "net.known-credential", .rule = &rule, .on = on, .wants = wants,
	.state_size = sizeof(struct state), .start = start, .judge = judge,
};
