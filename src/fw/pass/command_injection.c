/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.command-injection: bytes of the network or of a web request stand in a shell's command line as they came. */
#include <ctype.h>

#include "fw/pass/advice.h"
#include "fw/pass/privileged.h"

static const struct rule rule = {
	.id = "fw.command-injection",
	.title = "What the device receives reaches a shell's command line unchecked",
	.cause = "open door",
	.sees = "system, popen or sh -c is called with a command line that holds bytes from a socket, a web "
		"request, a scan for radio networks or the label of a disk that was plugged in (or a file made of them is run), "
		"and on the path before nothing looked at these bytes (no comparison of them with allowed characters, no "
		"conversion to a number or an "
		"address). Bytes of files, arguments and settings do not count.",
	.why = "Whoever can send to the device can end the command with a character such as ; and run his own on "
	       "it.",
	.wrong = "A check that was not recognised may stand in between, or the sender may have logged in before.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CLOSE_PORT, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0866", "T1059", NULL },
	.cwe = { "CWE-78", "CWE-77", NULL },
};

/* A search for a name, or for the beginning of one, finds the parameter of a request; what follows it is as it came. */
static bool is_search(const struct act *a)
{
	static const char *const searches[] = { "strstr", "strcasestr", "strncmp", "strncasecmp", "memcmp", "memmem" };
	bool search = false;
	for (size_t i = 0; i < ARRAY_LEN(searches); i++)
		search |= span_is(a->name, searches[i]);
	for (size_t i = 0; i < a->secret.n; i++)
		search &= isalnum(a->secret.p[i]) || strchr("_-=:\" ", a->secret.p[i]);
	return search && a->secret.n > 1;
}

/* inet_pton and the like refuse what is no address; strspn goes through the characters. */
static bool is_checked(const struct route *r, int i, struct span source)
{
	for (int k = 0; k < i; k++) {
		const struct act *a = r->v[k];
		bool same = span_eq(a->source, source) || (a->host.n && span_eq(source_in(a->host), source));
		if (same && ((a->kind == ACT_COMPARE && !is_search(a)) || a->kind == ACT_RESOLVE))
			return true;
	}
	return false;
}

/* echo "$FORM_commands" > FILE; sh FILE */
static void written_and_run(struct job *j, const struct route *r, int i)
{
	const struct act *run = r->v[i];
	for (int k = i; k-- > 0;) {
		const struct act *w = r->v[k];
		if (w->kind != ACT_WRITE || !w->path.n || !span_eq(w->path, run->path) || !source_is_strangers(w->source))
			continue;
		struct finding *f = job_finding(j, &rule, r->index, "file %.*s", (int)span_cut(w->path, 60).n,
						(const char *)w->path.p);
		if (!f || !job_judge(j, f, SEV_HIGH, 0.75))
			return;
		const struct act *steps[] = { w, run, NULL };
		f->title = job_text(j, "%s writes what it receives (%.*s) into %.*s and runs it", r->file->path,
				    (int)span_cut(w->source, 60).n, (const char *)w->source.p, (int)span_cut(w->path, 100).n,
				    (const char *)w->path.p);
		job_observe(j, f, run);
		job_chain(j, f, steps);
		return;
	}
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const struct act *a = r->v[i];
		if (r->is_script && a->kind == ACT_EXECUTE)
			written_and_run(j, r, (int)i);
		if (!a->is_shell || !source_is_strangers(a->source) || is_checked(r, (int)i, a->source) ||
		    act_is_examined(j, a))
			continue;
		int bound = route_before(r, (int)i, ACT_BIND), got = route_before(r, (int)i, ACT_RECEIVE);
		struct finding *f = job_finding(j, &rule, r->index, "%llx", (unsigned long long)a->site);
		bool kept = route_assumes_login(r, (int)i);
		enum severity s = kept ? SEV_LOW : span_starts(a->source, SPAN_LIT("disk")) ? SEV_MEDIUM : SEV_HIGH;
		if (!f || !job_judge(j, f, s, kept ? 0.4 : 0.8))
			continue;
		const struct act *steps[4] = { 0 };
		unsigned n = 0;
		if (bound >= 0)
			steps[n++] = r->v[bound];
		if (got >= 0)
			steps[n++] = r->v[got];
		steps[n] = a;
		f->title = job_text(j, "%s puts what it receives (%.*s) into a shell's command line: %.*s", r->file->path,
				    (int)span_cut(a->source, 60).n, (const char *)a->source.p, (int)span_cut(a->text, 120).n,
				    (const char *)a->text.p);
		if (bound >= 0 && r->v[bound]->port)
			record_uint(f->observed, OBS_LISTENER, r->v[bound]->port);
		job_observe(j, f, a);
		job_chain(j, f, steps);
	}
}

const struct pass pass_command_injection = { .rule = &rule, .route = route };
