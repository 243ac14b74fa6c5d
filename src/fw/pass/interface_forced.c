/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.interface-forced: a network interface is switched on, or routes are set, whatever the user has set. */
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.interface-forced",
	.title = "The firmware switches a network interface on without asking its configuration",
	.cause = "outside party",
	.sees = "A program sets an interface up, or adds a route, with an interface name that stands in the image, "
		"and reads no "
		"configuration before on the same path. In start-up scripts this is how interfaces are set up, so "
		"there it counts "
		"only together with a mount or a transfer from a built-in public host behind it.",
	.why = "A user who has switched the network off relies on it being off. A device that switches it on again "
	       "reaches out "
	       "although everybody believes it cannot.",
	.wrong = "The program may be the one that sets the network up at start, and configuration may be read in a "
		 "way that was not "
		 "recognised.",
	.next = { ADVICE_WHICH_DEVICES,
		  "Pull the network cable and switch wireless off where the device must be cut off: the setting in "
		  "its "
		  "menu is not enough.",
		  ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0836", NULL },
	.cwe = { "CWE-912", "CWE-693", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
};

/* "eth0", "wlan0.1", "br-lan": what the kernel would take (dev_valid_name), beginning with a letter. */
static bool is_interface(struct span name)
{
	enum { IFNAMSIZ_ = 16 };
	enum { DIGITS = 5 };
	size_t digits = 0;
	bool good = name.n > 1 && name.n < IFNAMSIZ_ && ((name.p[0] | 32) >= 'a' && (name.p[0] | 32) <= 'z');
	for (size_t i = 0; good && i < name.n; i++)
		good = name.p[i] > ' ' && name.p[i] < 0x7f && name.p[i] != '/' && name.p[i] != '{' && name.p[i] != '%';
	while (digits < name.n && name.p[name.n - 1 - digits] >= '0' && name.p[name.n - 1 - digits] <= '9')
		digits++;
	if (digits > DIGITS)                     /* no count of interfaces: a number that nobody set */
		return false;
	return good && name.p[name.n - 1] != '.' && name.p[name.n - 1] != '-';   /* a rest is to follow: "mon." */
}

static bool reads_config(const struct route *r, int until)
{
	for (int i = 0; i < until; i++)
		if (r->v[i]->kind == ACT_CONFIG || (r->v[i]->kind == ACT_COMPARE && source_is_config(r->v[i]->source)))
			return true;
	return false;
}

static int reaches_out(const struct route *r, int from)
{
	for (int i = from + 1; i < (int)r->n; i++) {
		const struct act *a = r->v[i];
		bool takes = a->kind == ACT_MOUNT || a->kind == ACT_FETCH || (a->kind == ACT_CONNECT && !r->is_script);
		if (takes && act_reach(a) >= REACH_NAME)
			return i;
	}
	return -1;
}

static void judge(struct job *j, const struct route *r, int i)
{
	const struct act *a = r->v[i];
	int out = reaches_out(r, i);
	if (a->setting == SETTING_CONFIGURED || a->source.n || (r->is_script && out < 0) || reads_config(r, i))
		return;
	if (a->protocol && out < 0)              /* a route alone is everyday business */
		return;
	if (!a->protocol && !is_interface(a->path))
		return;
	enum severity s = out < 0 ? SEV_LOW : SEV_HIGH;
	struct finding *f = job_finding(j, &rule, r->index, "%s %.*s", a->protocol ? a->protocol : "up",
					(int)span_cut(a->path, 32).n, (const char *)a->path.p);
	if (!f || !job_judge(j, f, s, out < 0 ? 0.5 : 0.8))
		return;
	const struct act *steps[] = { a, out < 0 ? NULL : r->v[out], NULL };
	const char *what = a->protocol ? "sets a network route" : "switches a network interface on";
	f->title = out < 0 ? job_text(j, "%s %s (%.*s) without reading configuration", r->file->path, what,
				      (int)span_cut(a->path, 32).n, (const char *)a->path.p)
			   : job_text(j, "%s %s (%.*s) without reading configuration, then reaches %s", r->file->path, what,
				      (int)span_cut(a->path, 32).n, (const char *)a->path.p, job_where(j, r->v[out]));
	job_observe(j, f, out < 0 ? a : r->v[out]);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->kind == ACT_INTERFACE)
			judge(j, r, (int)i);
}

const struct pass pass_interface_forced = { .rule = &rule, .route = route };
