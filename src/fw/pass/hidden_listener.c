/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.hidden-listener: a socket whose input reaches a shell, a device file or the configuration, and nobody
 * logs in on the way; and UNIX sockets that anyone on the device may use. */
#include "fw/pass/advice.h"
#include "fw/pass/privileged.h"

static const struct rule rule = {
	.id = "fw.hidden-listener",
	.title = "The firmware takes commands from a socket without a log-in",
	.cause = "open door",
	.sees = "A program binds a port (or a UNIX socket), receives, and bytes that it received reach a shell's "
		"command line, a "
		"program that is run, a file of the configuration or device memory, with no log-in and no "
		"signature check before, "
		"on one path. Also a UNIX socket with mode 0777 whose input is run.",
	.why = "Anyone who reaches the port can change or stop the device, from any computer on its network, "
	       "without leaving a trace.",
	.wrong = "A filter in front of the port, or a log-in that was not recognised as one, may stand in the way. "
		 "The program may never be "
		 "started on this model.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CLOSE_PORT, ADVICE_WATCH, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0866", "T0807", "T1205", NULL },
	.cwe = { "CWE-306", "CWE-912", "CWE-732", NULL },
};

static const char *place(struct job *j, const struct act *bind, bool is_unix)
{
	if (is_unix)
		return job_text(j, "the UNIX socket %.*s", (int)span_cut(bind->path, 100).n, (const char *)bind->path.p);
	return job_text(j, "%s port %u", bind->transport && strcmp(bind->transport, "udp") == 0 ? "UDP" : "TCP", bind->port);
}

static bool comes_in(const struct act *bind, struct span source)
{
	return !source_is_reply(source) && (source_is_network(source) || (act_is_unix(bind) && source_is_local(source)));
}

static bool is_examined_before(const struct route *r, int i)
{
	for (int k = 0; k < i; k++)
		if (r->v[k]->kind == ACT_COMPARE && span_is(r->v[k]->name, "characters") &&
		    span_eq(r->v[k]->source, r->v[i]->source))
			return true;
	return false;
}

static void judge(struct job *j, const struct route *r, int i)
{
	const struct act *a = r->v[i];
	int bound = route_before(r, i, ACT_BIND), got = route_before(r, i, ACT_RECEIVE);
	if (bound < 0 || !comes_in(r->v[bound], a->source) || !act_is_privileged(a) || route_has_login(r, i))
		return;
	const struct act *bind = r->v[bound];
	bool is_unix = act_is_unix(bind);
	if (!route_is_reached(r, bind) || act_is_examined(j, a) || is_examined_before(r, i))
		return;
	const char *where = place(j, bind, is_unix);
	struct finding *f = job_finding(j, &rule, r->index, "%.90s", where);
	bool shell = a->is_shell || a->kind == ACT_EXECUTE;
	bool kept = route_assumes_login(r, i);
	enum severity s = kept ? SEV_LOW : is_unix ? SEV_MEDIUM : shell ? SEV_CRITICAL : SEV_HIGH;
	if (!f || !job_judge(j, f, s, kept ? 0.4 : 0.85))
		return;
	const struct act *steps[] = { bind, got >= 0 ? r->v[got] : a, got >= 0 ? a : NULL, NULL };
	f->title = job_text(j, "%s runs or writes what it receives on %s, without a log-in%s", r->file->path, where,
			    is_unix ? "; every user of the device may write to it" : "");
	job_observe(j, f, bind);
	if (bind->port)
		record_uint(f->observed, OBS_LISTENER, bind->port);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->source.n)
			judge(j, r, (int)i);
}

const struct pass pass_hidden_listener = { .rule = &rule, .route = route };
