/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-destination: an address or a name that stands in the image and reaches a network call. What is
 * only mentioned, and time servers and name servers, are nothing. */
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.fixed-destination",
	.title = "The firmware calls an address that is built in",
	.cause = "outside party",
	.sees = "A public address (the documentation ranges count as public) or a host name that stands in the image, is "
		"put together or decoded from it, and arrives at connect, sendto, a file transfer or a network program's "
		"command line. An address that is only mentioned, loopback, private addresses, name servers and time servers "
		"are left out. It says whether configuration may replace the address.",
	.why = "A device that calls an address nobody at the hospital has chosen can send patients' data there or take "
	       "orders from there. Whoever holds the address, now or after it changes hands, is at the other end; and inside "
	       "a hospital anyone can take that address.",
	.wrong = "The address may be the factory setting of a central station that the site is meant to put up itself, and "
		 "stand in the manual as such. The code may never run on this model. Configuration that is read in a way that "
		 "was not recognised may replace the address.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_WATCH, ADVICE_FIREWALL, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0885", "T1041", NULL },
	.cwe = { "CWE-912", "CWE-1188", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
};

/* A call towards port 0 goes nowhere: a structure that nobody filled. */
static bool is_sink(const struct act *a)
{
	if (a->call && !a->port && !a->given && (a->kind == ACT_CONNECT || a->kind == ACT_SEND))
		return false;
	return a->kind == ACT_CONNECT || a->kind == ACT_SEND || a->kind == ACT_FETCH || a->kind == ACT_MOUNT ||
	       (a->kind == ACT_SERVICE && a->reverse);
}

/* Ports whose fixed servers are common and carry nothing of a patient: DNS and NTP. */
static bool is_common(const struct act *a)
{
	return a->port == 53 || a->port == 853 || a->port == 123 || a->port == 37;
}

static int64_t descriptor(const struct act *a)
{
	struct records args = a->call && record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	for (uint32_t i = 0; i < args.n; i++)
		if (record_has(args.v[i], ARG_NUMBER))
			return args.v[i]->v[ARG_NUMBER].i;
	return -1;
}

/* Connecting a datagram socket sends nothing; a program that asks for such a socket's own name, and sends nothing over
 * it, wants to know which way packets would go. */
static bool asks_way(const struct route *r, int i)
{
	const struct act *a = r->v[i];
	if (a->kind != ACT_CONNECT || !r->asks_name || (a->transport && strcmp(a->transport, "udp") != 0))
		return false;
	for (int k = i + 1; k < (int)r->n; k++) {
		if (span_is(r->v[k]->name, "socket") && r->v[k]->result == a->result)
			return true;             /* the number is another socket's from here on */
		if (r->v[k]->kind == ACT_SEND && descriptor(r->v[k]) == a->result)
			return false;
	}
	return true;
}

static enum severity weigh(const struct act *a, bool sends)
{
	bool fixed = a->setting == SETTING_CONSTANT;
	if (act_reach(a) == REACH_PUBLIC)
		return fixed && (sends || a->kind == ACT_FETCH || a->kind == ACT_MOUNT) ? SEV_HIGH : SEV_MEDIUM;
	return fixed && sends ? SEV_MEDIUM : SEV_LOW;
}

static const char *how(const struct act *a)
{
	switch (a->kind) {
	case ACT_FETCH: return "fetches files from";
	case ACT_MOUNT: return "mounts a share of";
	case ACT_SEND: return "sends data to";
	case ACT_SERVICE: return "hands a shell to";
	case ACT_OTHER:
	case ACT_INTERFACE:
	case ACT_CONNECT:
	case ACT_RECEIVE:
	case ACT_RESOLVE:
	case ACT_ATTACH:
	case ACT_UNMOUNT:
	case ACT_COPY:
	case ACT_CHMOD: case ACT_EXECUTE: case ACT_CHECK: case ACT_BIND: case ACT_LISTEN: case ACT_COMPARE: case ACT_LOGIN:
	case ACT_CONFIG: case ACT_WRITE: case ACT_FORMAT: case ACT_CREDENTIAL: break;
	}
	return "calls";
}

static void judge(struct job *j, const struct route *r, int i)
{
	const struct act *a = r->v[i];
	enum reach reach = act_reach(a);
	if ((reach != REACH_PUBLIC && reach != REACH_NAME) || is_common(a) || asks_way(r, i))
		return;
	int sent = a->kind == ACT_SEND ? i : a->kind == ACT_CONNECT ? route_after(r, i, ACT_SEND) : -1;
	const char *where = job_where(j, a);
	struct finding *f = job_finding(j, &rule, r->index, "%.90s", where);
	double sure = (a->setting == SETTING_CONSTANT ? 0.85 : 0.75) + (a->address.family ? 0.05 : 0);
	if (!f || !job_judge(j, f, weigh(a, sent >= 0), sure))
		return;
	const struct act *steps[] = { a, sent > i ? r->v[sent] : NULL, NULL };
	f->title = job_text(j, "%s %s %s; the destination is %s%s%s", r->file->path, how(a), where, setting_name(a->setting),
			    a->given ? ", and given in " : "", a->given ? a->given->file->path : "");
	job_observe(j, f, a);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (is_sink(r->v[i]))
			judge(j, r, (int)i);
}

const struct pass pass_fixed_destination = { .rule = &rule, .route = route };
