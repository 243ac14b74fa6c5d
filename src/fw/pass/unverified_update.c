/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.unverified-update: what came from another machine is run or written to flash, and nothing on the way
 * looks at a signature, a hash or a certificate. */
#include "fw/pass/advice.h"
#include "fw/pass/privileged.h"

static const struct rule rule = {
	.id = "fw.unverified-update",
	.title = "The firmware runs what it fetched without checking it",
	.cause = "outside party",
	.sees = "On one path or in one script: a file is fetched (HTTP, FTP, TFTP, NFS, SMB …), and the same file, "
		"a copy of it, or "
		"something from the folder it was put into is run or written to flash, with no call or command in "
		"between that "
		"checks a signature, a hash or a certificate.",
	.why = "Anyone on the way, or anyone who takes the server's address, can put his own program onto the "
	       "device while it is on "
	       "a patient.",
	.wrong = "The check may stand inside the program that is run, or inside a library that was not recognised. "
		 "A fetch over TLS with a "
		 "checked certificate protects the way but not the file.",
	.next = { ADVICE_WHICH_DEVICES,
		  "Update these devices only from a medium that you have checked yourself, not over the network.",
		  ADVICE_WATCH, ADVICE_FIREWALL, ADVICE_ASK_MAKER, NULL },
	.attack = { "T0839", "T1195", "T1105", NULL },
	.cwe = { "CWE-494", "CWE-345", NULL },
	.advisories = { "ICSMA-22-244-01", NULL },
};

static bool same_file(struct span a, struct span b)
{
	if (!a.n || !b.n)
		return false;
	return span_eq(a, b) || span_eq(path_base(a), path_base(b)) || path_under(a, b);
}

static enum severity weigh(const struct act *from)
{
	if (from->setting == SETTING_CONFIGURED)
		return act_is_secure(from) ? SEV_LOW : SEV_MEDIUM;
	enum reach reach = act_reach(from);
	enum severity s = reach >= REACH_NAME ? SEV_HIGH : SEV_MEDIUM;
	return act_is_secure(from) ? SEV_MEDIUM : s;
}

/* "-" is what flows through a pipe: it has no name but the one it was fetched by. */
static struct span name_of(const struct act *from, const struct act *run)
{
	return span_is(run->path, "-") ? from->path : run->path;
}

static void report(struct job *j, const struct route *r, const struct act *from, const struct act *copy,
		   const struct act *run)
{
	const char *where = from->setting == SETTING_CONFIGURED ? "a configured host" : job_where(j, from);
	struct span what = name_of(from, run);
	struct finding *f = job_finding(j, &rule, r->index, "%.60s %.*s", where, (int)span_cut(path_base(what), 24).n,
					(const char *)path_base(what).p);
	if (!f || !job_judge(j, f, weigh(from), 0.8))
		return;
	const struct act *steps[] = { from, copy ? copy : run, copy ? run : NULL, NULL };
	f->title = job_text(j, "%s runs %.*s, which came from %s%s%s%s, and nothing checks it in between", r->file->path,
			    (int)span_cut(what, 100).n, (const char *)what.p, where, from->protocol ? " by " : "",
			    from->protocol ? from->protocol : "", from->unproven ? " with any certificate" : "");
	job_observe(j, f, from);
	job_chain(j, f, steps);
}

/* From fetch on: what is it that came from there, and is it run? */
static void judge(struct job *j, const struct route *r, int fetch, const struct act *from)
{
	const struct act *copy = NULL;
	if (act_reach(from) == REACH_NONE && from->setting != SETTING_CONFIGURED)
		return;
	for (int i = fetch + 1; i < (int)r->n; i++) {
		const struct act *a = r->v[i];
		if (a->kind == ACT_CHECK)
			return;
		if (a->kind == ACT_COPY && same_file(a->path, from->target))
			copy = a;
		bool ours = same_file(a->path, from->target) || (copy && same_file(a->path, copy->target));
		ours &= !span_is(a->path, "-") || a->piped;
		if (a->kind == ACT_EXECUTE && ours) {
			if (!route_calls_check(j, r, fetch, i))
				report(j, r, from, copy, a);
			return;
		}
	}
}

/* A program that fetches by itself: what its own connection gives is written into a file. */
static void own_fetch(struct job *j, const struct route *r, int i)
{
	const struct act *a = r->v[i];
	int out = route_before(r, i, ACT_CONNECT), in = route_before(r, i, ACT_BIND);
	if (out < 0 || in > out || !a->path.n || !source_is_network(a->source) || span_has(a->source, "accept"))
		return;
	struct act from = *r->v[out];
	from.target = a->path;
	judge(j, r, i, &from);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->v[i]->kind == ACT_MOUNT || r->v[i]->kind == ACT_FETCH)
			judge(j, r, (int)i, r->v[i]);
		if (r->v[i]->kind == ACT_WRITE && r->v[i]->call)
			own_fetch(j, r, (int)i);
	}
}

const struct pass pass_unverified_update = { .rule = &rule, .route = route };
