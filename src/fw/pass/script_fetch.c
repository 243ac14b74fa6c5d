/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.script-fetch: a script, a unit or a line of cron fetches a file from another machine and runs it: by way of a
 * file, of a pipe, or of $(…). Programs are for fw.unverified-update. */
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.script-fetch",
	.title = "A script fetches a program from another machine and runs it",
	.cause = "outside party",
	.sees = "In a script, a unit of systemd or a line of cron: a file is fetched (HTTP, FTP, TFTP, rsync, scp, nc, a "
		"package by its address …) and what came is run, installed, loaded into the kernel or written to flash: the same "
		"file, a copy of it, what was unpacked from it, or the stream itself (fetch | sh, sh -c \"$(fetch)\"). It says "
		"whether the place is fixed or configured, whether something looks at the file in between, and whether "
		"cron repeats it. What is checked with a signature, or with a sum that came another way, is noted only.",
	.why = "Whoever answers at that address decides what the device runs, again each time the script runs: after the "
	       "maker has let go of the address too, and anyone on the way when the way is not encrypted.",
	.wrong = "The program that is run may check what it is given. The script may be one that nobody calls, or that a "
		 "technician starts by hand with an address of the hospital's own.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_WATCH, ADVICE_FIREWALL, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T1105", "T1059.004", "T0839", NULL },
	.cwe = { "CWE-494", "CWE-829", NULL },
};

/* How well what came is looked at before it runs. */
enum checked { CHECKED_NOT, CHECKED_SAME_PLACE, CHECKED };

struct story {
	const struct act *fetch, *check, *carry, *run;
	bool carried_first;                      /* carry stands before check */
	enum checked checked;
};

static bool is_stream(struct span s)
{
	return span_is(s, "-");
}

static bool is_absolute(struct span s)
{
	return s.n && s.p[0] == '/';
}

static struct span plain(struct span path)
{
	return span_starts(path, SPAN_LIT("./")) ? span_from(path, 2) : path;
}

/* One file by two names: the folder in which a name without one stands is not known. */
static bool same_file(struct span a, struct span b)
{
	a = plain(a);
	b = plain(b);
	if (!a.n || !b.n || is_stream(a) || is_stream(b))
		return false;
	if (span_eq(a, b) || path_under(a, b))
		return true;
	return !(is_absolute(a) && is_absolute(b)) && span_eq(path_base(a), path_base(b));
}

static bool holds(struct span s, struct span part)
{
	return part.n && s.n && memmem(s.p, s.n, part.p, part.n) != NULL;
}

/* The command's output stood in $(…), and this text is made of it. */
static bool was_captured(const struct act *fetch, struct span text)
{
	const struct span c = fetch->capture;
	return is_stream(fetch->target) && c.n && holds(text, SPAN_LIT("{$(")) && holds(text, c);
}

/* The list of sums was unpacked from what is checked. */
static bool was_inside(struct span list, const struct act *carry)
{
	return carry && carry->recursive && list.n && !is_stream(list) &&
	       (!is_absolute(list) || path_under(list, carry->target));
}

/* A sum that came from the same machine proves only that nothing was lost on the way. */
static enum checked worth_of(const struct route *r, int fetch, int check, const struct act *carry)
{
	const struct act *a = r->v[check], *from = r->v[fetch];
	bool sum = a->name.n > 3 && span_is(span_from(a->name, a->name.n - 3), "sum");
	if (sum && was_inside(a->path, carry))
		return CHECKED_SAME_PLACE;
	for (int i = 0; i < check && sum; i++) {
		const struct act *o = r->v[i];
		bool same = addr_eq(o->address, from->address) && span_eq(o->host, from->host);
		if (i != fetch && o->kind == ACT_FETCH && same && !span_eq(o->path, from->path))
			return CHECKED_SAME_PLACE;
	}
	return CHECKED;
}

/* Follows what came from fetch on, by file and by pipe, to where it is run. */
static bool follow(const struct route *r, int fetch, struct story *s)
{
	const struct act *from = r->v[fetch];
	struct span now = from->target;
	bool flows = is_stream(now);
	*s = (struct story){ .fetch = from };
	for (int i = fetch + 1; i < (int)r->n; i++) {
		const struct act *a = r->v[i];
		flows = flows && a->piped;
		if (a->kind == ACT_CHECK && !flows) {
			s->check = a;
			s->checked = worth_of(r, fetch, i, s->carry);
			s->carried_first = s->carry != NULL;
		}
		bool stream = flows && (is_stream(a->path) || (a->kind == ACT_WRITE && is_stream(a->target)));
		if ((a->kind == ACT_COPY || a->kind == ACT_WRITE) && (stream || (a->kind == ACT_COPY && same_file(a->path, now)))) {
			s->carry = a;
			now = a->kind == ACT_WRITE ? a->path : a->target;
		}
		if (a->kind != ACT_EXECUTE)
			continue;
		s->run = a;
		if (stream || same_file(a->path, now) || same_file(a->path, from->target) || was_captured(from, a->path))
			return true;
	}
	return false;
}

static enum severity weigh(const struct story *s)
{
	const struct act *a = s->fetch;
	if (s->checked == CHECKED)
		return SEV_INFO;
	if (s->checked == CHECKED_SAME_PLACE)
		return SEV_LOW;
	if (a->setting == SETTING_CONFIGURED)
		return act_is_secure(a) ? SEV_LOW : SEV_MEDIUM;
	if (act_reach(a) < REACH_NAME)
		return SEV_MEDIUM;
	return act_is_secure(a) ? SEV_MEDIUM : SEV_HIGH;
}

static const char *const ways[] = {
	[CHECKED_NOT] = "and nothing looks at it in between",
	[CHECKED_SAME_PLACE] = "checked with a sum from the same place only",
	[CHECKED] = "after it was checked",
};

static void report(struct job *j, const struct route *r, const struct story *s)
{
	const struct act *from = s->fetch;
	bool configured = from->setting == SETTING_CONFIGURED, cron = r->file->kind == SCENE_CRON;
	const char *where = configured ? "a configured host" : job_where(j, from);
	struct span what = is_stream(s->run->path) || was_captured(from, s->run->path) ? from->path : s->run->path;
	struct finding *f = job_finding(j, &rule, r->index, "%.60s %.*s", where, (int)span_cut(path_base(what), 24).n,
					(const char *)path_base(what).p);
	if (!f || !job_judge(j, f, weigh(s), from->conditional ? 0.8 : 0.85))
		return;
	const struct act *steps[5] = { from };
	unsigned n = 1;
	const struct act *between[] = { s->carried_first ? s->carry : s->check, s->carried_first ? s->check : s->carry };
	for (size_t i = 0; i < ARRAY_LEN(between); i++)
		if (between[i])
			steps[n++] = between[i];
	steps[n] = s->run;
	f->title = job_text(j, "%s%s fetches %.*s from %s%s%s%s and runs it, %s", r->file->path,
			    cron ? ", which cron starts," : "", (int)span_cut(what, 100).n, (const char *)what.p, where,
			    from->protocol ? " by " : "", from->protocol ? from->protocol : "",
			    from->unproven ? " with any certificate" : "", ways[s->checked]);
	job_observe(j, f, from);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	struct story s;
	for (uint32_t i = 0; i < r->n && r->is_script; i++) {
		const struct act *a = r->v[i];
		bool placed = act_reach(a) != REACH_NONE || a->setting == SETTING_CONFIGURED;
		if (a->kind == ACT_FETCH && placed && follow(r, (int)i, &s))
			report(j, r, &s);
	}
}

const struct pass pass_script_fetch = { .rule = &rule, .route = route };
