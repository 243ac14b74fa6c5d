/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-mount: a share of a machine that is named in the image is mounted. */
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.remote-mount",
	.title = "The firmware mounts a share of a machine that is built in",
	.cause = "outside party",
	.sees = "mount (the call, or the program in a command line or a script) of an NFS or SMB share whose host "
		"stands in the "
		"image. Public addresses, documentation ranges included, and host names count in scripts and "
		"programs; a private "
		"address counts only in a program, and low.",
	.why = "Files of that machine become the device's own files. Without a log-in and without encryption, "
	       "whoever holds or "
	       "takes the address decides what the device reads, and often what it runs.",
	.wrong = "A site may have put up that share itself. A rescue or factory script may carry it and never run "
		 "at a hospital.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_WATCH, ADVICE_FIREWALL, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0885", "T1105", NULL },
	.cwe = { "CWE-912", "CWE-494", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
};

static void judge(struct job *j, const struct route *r, const struct act *a)
{
	enum reach reach = act_reach(a);
	if (reach == REACH_NONE || (reach == REACH_LOCAL && r->is_script))
		return;
	enum severity s = reach == REACH_PUBLIC ? SEV_HIGH : reach == REACH_NAME ? SEV_MEDIUM : SEV_LOW;
	if (a->setting == SETTING_DEFAULT && s > SEV_LOW)
		s--;
	const char *where = job_where(j, a);
	struct finding *f = job_finding(j, &rule, r->index, "%.60s %.*s", where, (int)span_cut(a->path, 24).n,
					(const char *)a->path.p);
	if (!f || !job_judge(j, f, s, 0.9))
		return;
	const struct act *steps[] = { a, NULL };
	f->title = job_text(j, "%s mounts %.*s of %s by %s; the host is %s", r->file->path, (int)span_cut(a->path, 200).n,
			    (const char *)a->path.p, where, a->protocol, setting_name(a->setting));
	job_observe(j, f, a);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->kind == ACT_MOUNT)
			judge(j, r, r->v[i]);
}

const struct pass pass_remote_mount = { .rule = &rule, .route = route };
