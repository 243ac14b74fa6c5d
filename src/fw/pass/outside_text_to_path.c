/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.outside-text-to-path: bytes that a stranger chooses stand in the name of a file or are the format of a printf
 * (CVE-2022-3027: the name of a wireless network). */
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.outside-text-to-path",
	.title = "Text from outside becomes a file name or a format",
	.cause = "open door",
	.sees = "A file is opened, made, renamed or deleted by a name that holds bytes from a socket, a web request or a "
		"scan for wireless networks; or such bytes are the format of printf, fprintf, snprintf, syslog and their kin. On "
		"the path before, nothing compared these bytes with anything. Bytes of files, arguments and settings do not count.",
	.why = "With ../ in a name a stranger reads or overwrites files that were never meant; with %s or %n in a format he "
	       "reads or overwrites the program's memory. Either can stop the device, or change what it does.",
	.wrong = "A check that was not recognised may stand in between: a search for \"..\", or a folder that the program is "
		 "locked into.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CLOSE_PORT, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0866", NULL },
	.cwe = { "CWE-22", "CWE-134", "CWE-73", NULL },
	.advisories = { "ICSMA-22-244-01", NULL },
};

static bool is_checked(const struct route *r, int i, struct span source)
{
	for (int k = 0; k < i; k++) {
		const struct act *a = r->v[k];
		if ((a->kind == ACT_COMPARE || a->kind == ACT_CHECK || a->kind == ACT_LOGIN) &&
		    (!a->source.n || span_eq(a->source, source)))
			return true;
	}
	return false;
}

static bool is_file_call(const struct act *a)
{
	return a->call && span_is(record_get_text(a->call, FWC_CLASS), "file");
}

/* The argument of that name as a number; -1: it has none. */
static int64_t argument(const struct act *a, const char *name)
{
	struct records args = record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	for (uint32_t i = 0; i < args.n; i++)
		if (span_is(record_get_text(args.v[i], ARG_NAME), name) && record_has(args.v[i], ARG_NUMBER))
			return args.v[i]->v[ARG_NUMBER].i;
	return -1;
}

static bool opens_to_read(const struct act *a)
{
	struct records args = record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	if (span_starts(a->name, SPAN_LIT("fopen")) && args.n > 1)
		return span_starts(record_get_text(args.v[1], ARG_TEXT), SPAN_LIT("r"));
	if (span_starts(a->name, SPAN_LIT("open")) || span_starts(a->name, SPAN_LIT("__open")))
		return (argument(a, "flags") & 3) == 0;          /* O_RDONLY */
	return span_is(a->name, "access") || span_is(a->name, "chdir") || span_starts(a->name, SPAN_LIT("opendir")) ||
	       span_starts(a->name, SPAN_LIT("scandir"));
}

static enum severity weigh(const struct act *a, struct span source)
{
	if (a->kind == ACT_FORMAT)
		return source_is_network(source) ? SEV_HIGH : SEV_MEDIUM;
	return opens_to_read(a) ? SEV_LOW : SEV_MEDIUM;
}

static void report(struct job *j, const struct route *r, int i, struct span source)
{
	const struct act *a = r->v[i];
	struct finding *f = job_finding(j, &rule, r->index, "%llx", (unsigned long long)a->site);
	if (!f || !job_judge(j, f, weigh(a, source), 0.7))
		return;
	const struct act *steps[4] = { 0 };
	unsigned n = 0;
	int bound = route_before(r, i, ACT_BIND), got = route_before(r, i, ACT_RECEIVE);
	if (bound >= 0)
		steps[n++] = r->v[bound];
	if (got >= 0)
		steps[n++] = r->v[got];
	steps[n] = a;
	const char *what = a->kind == ACT_FORMAT ? "takes for a format"
			 : opens_to_read(a)	 ? "reads a file named by"
						 : "changes a file named by";
	f->title = job_text(j, "%s %s what it receives (%.*s): %.*s", r->file->path, what, (int)span_cut(source, 60).n,
			    (const char *)source.p, (int)span_cut(a->text, 120).n, (const char *)a->text.p);
	if (bound >= 0 && r->v[bound]->port)
		record_uint(f->observed, OBS_LISTENER, r->v[bound]->port);
	job_observe(j, f, a);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const struct act *a = r->v[i];
		struct span source = a->kind == ACT_FORMAT || is_file_call(a) ? a->source : (struct span){ 0 };
		if (source_is_strangers(source) && !is_checked(r, (int)i, source))
			report(j, r, (int)i, source);
	}
}

const struct pass pass_outside_text_to_path = { .rule = &rule, .route = route };
