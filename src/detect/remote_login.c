/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.remote-login: somebody logs in to a medical device over the network. Credentials are seen in any protocol whose
 * decoder marks them; of encrypted ones and remote desktops the conversation itself is what shows. A finding for each
 * device, caller and protocol; whether it matters is decided at the end, when roles are known. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/fetch.h"
#include "detect/login.h"

enum want_index { FLOW_PROTOCOL_COL, FLOW_STATE_COL, FLOW_FIRST_COL, FLOW_LAST_COL, FLOW_DOWN, WANTS };

static const struct want wants[] = {
	[FLOW_PROTOCOL_COL] = { "flow", "protocol" },
	[FLOW_STATE_COL] = { "flow", "state" },
	[FLOW_FIRST_COL] = { "flow", "first" },
	[FLOW_LAST_COL] = { "flow", "last" },
	[FLOW_DOWN] = { "flow", "packets_to_client" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.remote-login",
	.title = "Somebody logs in to a medical device over the network",
	.cause = "remote access",
	.sees = "A session of telnet, FTP, SSH, VNC, RDP, rlogin, of a web page with a password or a login to a share, with a "
		"medical device as the end that is called: whether anybody was let in, or that it cannot be seen, and from how "
		"far away. Devices at the patient count from anywhere, servers among the medical devices only from outside the site.",
	.why = "Whoever is in can change settings, alarm limits and programs of a device that is on a patient, and with "
	       "telnet, FTP and plain web pages the password can be read on the way by anybody.",
	.wrong = "Biomedical engineering or the maker's service may work this way with the hospital's knowledge: enter their "
		 "addresses as [service]. Of encrypted sessions only the length tells whether anybody was let in. A login "
		 "by a form of a web page, or within TLS, is not seen.",
	.next = { "Ask biomedical engineering who works on the device from this address, now or at the time named. If nobody "
		  "does: " ADVICE_BEDSIDE,
		  ADVICE_BLOCK,
		  "If it is wanted, enter the address as [service] in the configuration; have telnet and FTP switched off, "
		  "and the password changed where the maker allows it.",
		  ADVICE_EVIDENCE, ADVICE_MAKER, NULL },
	.attack = { "T1021", "T0886", "T1133", "T1078", NULL },
	.cwe = { "CWE-306", "CWE-319", "CWE-798", NULL },
	.advisories = { "ICSMA-18-037-02", "ICSMA-17-250-02A", "ICSMA-19-255-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-18-037-02", NULL },
};

enum { OPENED = 1024, SETS = 256, WAYS = 4, LONG_NS_S = 20, LONG_PACKETS = 30, SECOND_NS = 1000000000 };

/* Who logs in where, whatever the device is: most prove to be servers among themselves and never become a finding. */
struct row {
	uint32_t device;                         /* DEVICE_NONE: free */
	struct addr own, caller;
	uint16_t port;
	const char *protocol;
	unsigned sessions, attempts;
	uint64_t touched, longest;               /* ns */
	bool accepted, refused, empty, lengthy;
	bool evident;                            /* first is a packet */
	struct origin first, judged;             /* judged.ts 0: none */
	struct finding *f;
};

/* Where a conversation to a usual port of such services began: its record at the end names no packet. */
struct opened {
	uint64_t flow;
	struct origin at;
};

struct state {
	struct login_book book;
	struct opened opened[OPENED];            /* flow % OPENED, the latest keeps it */
	struct row rows[SETS][WAYS];
};

/* Shares of imaging devices and analysers are how their images and results are fetched every day. */
static bool is_daily_work(const struct run *d, const struct row *row)
{
	enum device_role role = device_role(d->devices, row->device);
	return strcmp(row->protocol, "smb") == 0 && (role == ROLE_IMAGING || role == ROLE_ANALYSER);
}

static bool may_count(const struct run *d, const struct row *row)
{
	bool outside = detect_is_outside(d, row->caller);
	if (!device_is_medical(d->devices, row->device) || detect_is_outside(d, row->own))
		return false;
	return outside || (fetch_is_bedside(d, row->device) && !is_daily_work(d, row));
}

/* The row of these ends; else a free one, else the longest untouched that counts for nothing. NULL: all count. */
static struct row *row_of(struct run *d, const struct origin *at, const char *protocol, bool evident)
{
	struct state *s = d->state;
	struct addr caller = detect_client(at);
	uint32_t device = detect_server_device(d, at);
	struct row *set = s->rows[(device * 31u + (uint32_t)addr_to4(caller)) % SETS], *best = NULL;
	if (device == DEVICE_NONE)
		return NULL;
	for (unsigned i = 0; i < WAYS; i++) {
		struct row *row = &set[i];
		bool taken = row->device != DEVICE_NONE;
		if (taken && device_root(d->devices, row->device) == device && addr_eq(row->caller, caller) &&
		    strcmp(row->protocol, protocol) == 0)
			return row;
		bool kept = taken && (row->f || may_count(d, row));
		if (!kept && (!best || row->touched < best->touched))
			best = row;
	}
	if (!best || best->device != DEVICE_NONE)
		detect_dropped(d);
	if (best)
		*best = (struct row){ .device = device, .own = detect_server(at), .caller = caller, .protocol = protocol,
				      .port = detect_server_port(at), .evident = evident, .first = *at };
	return best;
}

static void promote(struct run *d, struct row *row)
{
	char text[ADDR_TEXT];
	if (row->device == DEVICE_NONE || row->f || !may_count(d, row))
		return;
	row->f = detect_finding(d, row->device, row->evident ? &row->first : NULL, "%s %s", row->protocol,
				addr_text(row->caller, text));
	if (row->f)
		row->f->own = row;
}

/* Seen again: the finding is told, when there is one. */
static void touch(struct run *d, struct row *row, const struct origin *at, bool evident)
{
	row->touched = at->ts;
	if (row->f)
		detect_again(d, row->f, evident ? at : NULL);
	else
		promote(d, row);
}

static void on_secret(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct login *l = NULL;
	enum login_event event = login_saw(&s->book, r, &l);
	if (event == LOGIN_NOTHING || !login_is_interactive(l->protocol))
		return;
	struct row *row = row_of(d, r->at, l->protocol, true);
	if (!row)
		return;
	row->attempts += event == LOGIN_TRIED;
	row->accepted |= l->outcome == LOGIN_ACCEPTED;
	row->refused |= l->outcome == LOGIN_REFUSED;
	row->empty |= l->outcome == LOGIN_ACCEPTED && l->empty;
	if (event == LOGIN_JUDGED)
		row->judged = *r->at;
	touch(d, row, r->at, true);
}

static bool is_usual_port(uint16_t port)
{
	switch (port) {
	case 21: case 22: case 23: case 512: case 513: case 514: case 2222: case 2323: case 3389: case 5800: case 5900:
	case 5901: case 5902: case 9527:
		return true;
	default:
		return false;
	}
}

static void on_answer(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	if (r->at && r->at->flow && is_usual_port(detect_server_port(r->at)))
		s->opened[r->at->flow % OPENED] = (struct opened){ r->at->flow, *r->at };
}

/* What is encrypted or shows no credentials: there was a session, and how long it was. */
static const char *session_name(struct span protocol, struct span state)
{
	static const char *const names[] = { "ssh", "telnet", "ftp", "vnc", "rdp", "rlogin" };
	if (span_is(state, "unanswered") || span_is(state, "refused"))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_is(protocol, names[i]))
			return names[i];
	return NULL;
}

static void on_flow(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	const char *protocol = session_name(record_get_text(r, (unsigned)d->col[FLOW_PROTOCOL_COL]),
					    record_get_text(r, (unsigned)d->col[FLOW_STATE_COL]));
	if (!r->at || !protocol)
		return;
	const struct opened *o = &s->opened[r->at->flow % OPENED];
	bool evident = o->flow == r->at->flow && o->flow;
	const struct origin *at = evident ? &o->at : r->at;
	struct row *row = row_of(d, at, protocol, evident);
	if (!row)
		return;
	uint64_t first = record_get_uint(r, (unsigned)d->col[FLOW_FIRST_COL]);
	uint64_t last = record_get_uint(r, (unsigned)d->col[FLOW_LAST_COL]);
	uint64_t lapse = last > first ? last - first : 0;
	row->sessions++;
	row->longest = lapse > row->longest ? lapse : row->longest;
	row->lengthy |= lapse >= (uint64_t)LONG_NS_S * SECOND_NS &&
			record_get_uint(r, (unsigned)d->col[FLOW_DOWN]) >= LONG_PACKETS;
	touch(d, row, at, evident);
}

/* ---- judging ---- */

static bool is_wanted(const struct run *d, const struct row *x)
{
	return detect_is_registered(d, REGISTERED_SERVICE, x->own, x->caller) || zone_is_central(d->zones, x->caller, 0);
}

static enum severity weigh(const struct row *x, bool bedside, bool outside)
{
	bool only_refused = x->refused && !x->accepted;
	if (outside && only_refused)
		return SEV_MEDIUM;
	if (outside)
		return x->accepted && bedside ? SEV_CRITICAL : x->accepted || bedside ? SEV_HIGH : SEV_MEDIUM;
	if (only_refused)
		return SEV_LOW;
	return x->accepted ? SEV_MEDIUM : SEV_LOW;
}

static const char *how_it_went(struct run *d, const struct row *x)
{
	if (x->accepted)
		return x->empty ? "; it was let in without a password" : "; it was let in";
	if (x->refused)
		return detect_text(d, "; it was refused (%u attempt%s)", x->attempts, x->attempts == 1 ? "" : "s");
	return x->lengthy ? "; the session lasted, so it was probably let in" : "; whether it was let in was not seen";
}

static void judge(struct run *d, struct finding *f)
{
	const struct row *x = f->own;
	bool outside = detect_is_outside(d, x->caller);
	bool bedside = fetch_is_bedside(d, f->device);
	f->withdrawn = !may_count(d, x) || is_wanted(d, x);
	detect_keep_scope(d, f, outside, f->nevidence ? &f->origins[0] : NULL);
	f->severity = weigh(x, bedside, outside);
	f->confidence = (x->accepted ? 0.95 : x->lengthy ? 0.8 : 0.7) *
			detect_role_weight(d, f->device);
	if (x->judged.ts)
		detect_note(f, &x->judged, login_outcome_name(x->accepted ? LOGIN_ACCEPTED : LOGIN_REFUSED));
	record_addr(f->observed, OBS_SOURCE, x->caller);
	record_addr(f->observed, OBS_ADDRESS, x->own);
	record_uint(f->observed, OBS_PORT, x->port);
	record_str(f->observed, OBS_PROTOCOL, x->protocol);
	if (x->accepted)
		detect_list(f, OBS_TRAITS, "let in");
	if (x->refused)
		detect_list(f, OBS_TRAITS, "refused");
	if (x->empty)
		detect_list(f, OBS_TRAITS, "no password");
	if (x->lengthy)
		detect_list(f, OBS_TRAITS, "long session");
	f->title = detect_text(d, "%s was logged in to by %s from %s%s%s", detect_who(d, f->device, x->own), x->protocol,
			       detect_where(d, x->caller, 0), detect_whither(f->scope), how_it_went(d, x));
	if (x->refused && !x->accepted)
		f->title = detect_text(d, "%s was tried by %s from %s%s%s", detect_who(d, f->device, x->own), x->protocol,
				       detect_where(d, x->caller, 0), detect_whither(f->scope), how_it_went(d, x));
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++)
		promote(d, &s->rows[i / WAYS][i % WAYS]);
}

static const struct on on[] = {
	{ "*secret", on_secret }, { "answer", on_answer }, { "flow", on_flow }, { NULL, NULL },
};

const struct detector detector_remote_login = {
	.name = "net.remote-login", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.finish = finish, .judge = judge,
};
