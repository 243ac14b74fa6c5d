/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.known-credential: somebody logs in with a published default or fixed credential. Credentials are tokens (keyed
 * hashes) before they get here, so the shipped list (credentials.def) is hashed with the same key at start and
 * compared so; what leaves is whose default it is, never the words. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/login.h"

static const struct rule rule = {
	.id = "net.known-credential",
	.title = "Somebody logs in with a published password",
	.cause = "remote access",
	.sees = "A user name and password, or an SNMP community, in clear, that stand in the shipped list of published "
		"default and fixed credentials, on their way to one of the site's devices; from outside, or to a medical device. It "
		"says whose default it is, where that was published, and whether it was accepted.",
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

enum { KNOWN = ARRAY_LEN(list), PAIR_MAX = 128, NOTE_UNKNOWN = 1, NOTE_KNOWN = 2 };

struct hashed {
	struct token user, password, pair;       /* pair: as HTTP Basic writes both (RFC 7617 §2) */
};

struct state {
	struct login_book book;
	struct hashed list[KNOWN];
};

struct facts {
	struct addr device, caller;
	uint16_t port;
	const char *protocol;
	const struct known *what;
	unsigned attempts;
	bool accepted, refused, community;
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
	uint32_t device = detect_server_device(d, r->at);
	if (!k || device == DEVICE_NONE)
		return;
	char text[ADDR_TEXT];
	struct finding *f = detect_finding(d, device, r->at, "%s %s %zu", l->protocol,
					   addr_text(detect_client(r->at), text), (size_t)(k - list));
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	x->device = detect_server(r->at);
	x->caller = detect_client(r->at);
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

/* ---- judging ---- */

/* A community that reads is what monitoring of printers and switches uses everywhere. */
static enum severity weigh(const struct facts *x, bool medical, bool outside)
{
	bool refused = x->refused && !x->accepted;
	if (!medical)
		return !outside || refused || x->community ? SEV_INFO : x->what->product ? SEV_MEDIUM : SEV_LOW;
	if (x->community)
		return outside ? SEV_HIGH : SEV_LOW;
	if (refused)
		return outside ? SEV_MEDIUM : SEV_LOW;
	if (outside)
		return SEV_CRITICAL;
	return x->accepted ? SEV_HIGH : SEV_MEDIUM;
}

static void judge(struct run *d, struct finding *f, const struct facts *x)
{
	bool outside = detect_is_outside(d, x->caller);
	bool medical = device_is_medical(d->devices, f->device);
	f->withdrawn = (!medical && !outside) || detect_is_outside(d, x->device);
	f->keeps_scope = true;
	f->scope = outside ? SCOPE_OUTSIDE : detect_scope(d, &f->origins[0]);
	if (!outside && f->scope == SCOPE_OUTSIDE)
		f->scope = SCOPE_SITE;
	f->severity = weigh(x, medical, outside);
	if (detect_is_registered(d, REGISTERED_SERVICE, x->device, x->caller) && f->severity > SEV_MEDIUM)
		f->severity = SEV_MEDIUM;        /* who may log in; the password stays what it is */
	f->confidence = x->accepted ? 0.97 : 0.85;
	if (medical)
		f->confidence *= 0.4 + 0.6 * device_role_confidence(d->devices, f->device);
	record_addr(f->observed, OBS_SOURCE, x->caller);
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
	f->title = detect_text(d, "%s %s %s by %s from %s%s", detect_who(d, f->device, x->device),
			       x->accepted ? "accepted" : x->refused ? "refused" : "was given", whose, x->protocol,
			       detect_where(d, x->caller, 0), detect_whither(f->scope));
}

static void finish(struct run *d)
{
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f))
		if (f->own)
			judge(d, f, f->own);
}

static const struct on on[] = { { "*secret", on_secret }, { NULL, NULL } };

const struct detector detector_known_credential = {
	.name = "net.known-credential", .rule = &rule, .on = on, .state_size = sizeof(struct state), .start = start,
	.finish = finish,
};
