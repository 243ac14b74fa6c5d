/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.code-overwrite: on one path or in one script, files of another machine are put over the device's own
 * programs. Counted by how many of the steps stand together, not by words. */
#include "base/scope.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.code-overwrite",
	.title = "The firmware replaces its own programs by files of another machine",
	.cause = "outside party",
	.sees = "On one path of a program, or in one script: an interface is switched on, a share is mounted or "
		"files are fetched "
		"from a host that stands in the image, they are copied over a folder of programs, made executable, "
		"run. Mount or "
		"fetch and copy or run must be there; three steps with a public address are critical. A signature "
		"or hash that "
		"is looked at in between ends it.",
	.why = "Whoever stands at that address can change what the device does, on every device at once and "
	       "without a trace: what "
	       "a monitor shows, which alarms it gives, where it sends a patient's data.",
	.wrong = "The path may need a key press or a menu that only service staff reach. A check that was not "
		 "recognised may stand "
		 "in between.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_FIREWALL, ADVICE_WATCH, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0839", "T1105", "T0857", NULL },
	.cwe = { "CWE-494", "CWE-912", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
};

enum { UP, FETCH, COPY, CHMOD, RUN, KINDS };
static const char *const names[KINDS] = { "interface up", "remote mount or fetch", "forced copy into a program folder",
					  "made executable", "run" };

/* Whether the copy takes what came from the other machine: from where it was mounted or put. */
static bool takes_from(const struct act *copy, const struct act *from)
{
	struct span target = from->target;
	if (!target.n || !copy->path.n || !text_is_known(copy->path))
		return true;
	return path_under(copy->path, target) || span_eq(path_base(copy->path), path_base(target)) ||
	       path_under(target, copy->path);
}

static void judge(struct job *j, const struct route *r, int fetch)
{
	const struct act *at[KINDS] = { [FETCH] = r->v[fetch] };
	const struct act *from = r->v[fetch];
	for (int i = 0; i < fetch; i++)
		if (r->v[i]->kind == ACT_INTERFACE && !(r->v[i]->protocol))
			at[UP] = r->v[i];
	for (int i = fetch + 1; i < (int)r->n && r->v[i]->kind != ACT_CHECK; i++) {
		const struct act *a = r->v[i];
		if (a->kind == ACT_COPY && !at[COPY] && a->recursive && path_holds_programs(a->target) && takes_from(a, from))
			at[COPY] = a;
		if (a->kind == ACT_CHMOD && at[COPY] && !at[CHMOD])
			at[CHMOD] = a;
		bool ours = at[COPY] && (path_under(a->path, at[COPY]->target) || path_holds_programs(a->path));
		if (a->kind == ACT_EXECUTE && !at[RUN] && (ours || path_under(a->path, from->target)))
			at[RUN] = a;
	}
	if (from->kind == ACT_FETCH && path_holds_programs(from->target) && !at[COPY])
		at[COPY] = from;
	if (!at[COPY])
		return;
	const struct act *steps[KINDS + 1] = { NULL };
	unsigned n = 0, listed = 0;
	for (int k = 0; k < KINDS; k++) {
		n += at[k] != NULL;
		if (at[k] && (!listed || steps[listed - 1] != at[k]))
			steps[listed++] = at[k];
	}
	steps[listed] = NULL;
	enum reach reach = act_reach(from);
	if (reach == REACH_NONE || (reach == REACH_LOCAL && n < 3))
		return;
	enum severity s = reach == REACH_PUBLIC ? (n >= 3 ? SEV_CRITICAL : SEV_HIGH)
			  : reach == REACH_NAME ? (n >= 3 ? SEV_HIGH : SEV_MEDIUM)
						: SEV_MEDIUM;
	if (from->setting == SETTING_DEFAULT && s > SEV_MEDIUM)
		s--;
	const char *where = job_where(j, from);
	struct finding *f = job_finding(j, &rule, r->index, "%.90s", where);
	if (!f || !job_judge(j, f, s, 0.7 + 0.05 * n))
		return;
	f->title = job_text(j,
			    "%s puts files of %s over its own programs in %.*s: %u of 5 steps stand on one path; "
			    "the host is %s",
			    r->file->path, where, (int)span_cut(at[COPY]->target, 100).n,
			    (const char *)at[COPY]->target.p, n, setting_name(from->setting));
	job_observe(j, f, from);
	for (int k = 0; k < KINDS; k++)
		if (at[k])
			job_extra(j, f, OBS_STEPS, names[k]);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->kind == ACT_MOUNT || r->v[i]->kind == ACT_FETCH)
			judge(j, r, (int)i);
}

const struct pass pass_code_overwrite = { .rule = &rule, .route = route };
