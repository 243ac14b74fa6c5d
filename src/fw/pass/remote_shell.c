/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-shell: a log-in service is started at boot or on a condition, a shell without a log-in is handed to
 * the network. A program that lies in the image and is started by nothing is not reported. */
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.remote-shell",
	.title = "The firmware starts a remote log-in or hands a shell to the network",
	.cause = "open door",
	.sees = "A start-up script, inittab, inetd.conf or a program starts telnetd, an SSH, FTP, TFTP, rlogin, "
		"VNC, adb or gdb server, "
		"or ties a shell to a socket (nc -e, socat EXEC, /dev/tcp). A shell as telnetd's log-in program is "
		"critical. SSH "
		"with a log-in of its own is info.",
	.why = "Telnet and FTP send passwords in clear; a shell without a log-in gives the whole device to anyone "
	       "on its network.",
	.wrong = "The script may never be run on this model, or only in the factory. The service may be bound to a "
		 "service port that "
		 "cannot be reached from the hospital's network.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CLOSE_PORT, ADVICE_WATCH, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0886", "T1021", NULL },
	.cwe = { "CWE-912", "CWE-306", "CWE-319", NULL },
};

static bool is_shell(struct span login)
{
	struct span b = path_base(login);
	return span_is(b, "sh") || span_is(b, "ash") || span_is(b, "bash") || span_is(b, "dash");
}

static enum severity weigh(const struct act *a, bool from_program)
{
	const char *p = a->protocol ? a->protocol : "";
	if (is_shell(a->login))
		return SEV_CRITICAL;
	if (strcmp(p, "ssh") == 0)
		return from_program ? SEV_LOW : SEV_INFO;
	if (strcmp(p, "inetd") == 0)             /* its table is judged, not the program */
		return SEV_INFO;
	if (strcmp(p, "gdb") == 0 || strcmp(p, "adb") == 0)
		return SEV_HIGH;
	return strcmp(p, "telnet") == 0 || strcmp(p, "rlogin") == 0 ? SEV_HIGH : SEV_MEDIUM;
}

static const char *when(const struct route *r, const struct act *a)
{
	if (!r->is_script)
		return a->conditional || record_has(a->call, FWC_CONDITIONS) ? "on a condition in its code" : "from its code";
	return r->file->boot ? (a->conditional ? "at start-up, on a condition" : "at start-up") : "from a script";
}

static void judge(struct job *j, const struct route *r, const struct act *a)
{
	enum severity s = weigh(a, !r->is_script);
	if (r->is_script && !r->file->boot && s > SEV_LOW && s < SEV_CRITICAL)
		s--;
	if (source_in(a->name).n)
		return;
	struct finding *f = job_finding(j, &rule, r->index, "%.*s %u", (int)span_cut(a->name, 40).n,
					(const char *)a->name.p, a->port);
	if (!f || !job_judge(j, f, s, r->is_script && r->file->boot ? 0.9 : 0.75))
		return;
	const struct act *steps[] = { a, NULL };
	const char *what = is_shell(a->login)
				   ? (a->reverse ? "hands a shell to" : "offers a shell without a log-in by")
				   : "starts";
	f->title = a->reverse ? job_text(j, "%s %s %s, %s", r->file->path, what,
					 act_reach(a) ? job_where(j, a) : "another machine", when(r, a))
			      : job_text(j, "%s %s %.*s%s, %s", r->file->path, what, (int)span_cut(a->name, 60).n,
					 (const char *)a->name.p,
					 a->port ? job_text(j, " on port %u", a->port) : "", when(r, a));
	job_observe(j, f, a);
	if (a->port && !a->reverse)
		record_uint(f->observed, OBS_LISTENER, a->port);
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->kind == ACT_SERVICE)
			judge(j, r, r->v[i]);
}

static struct span word(struct rd *r)
{
	while (rd_left(r) && (rd_peek(r) == ' ' || rd_peek(r) == '\t'))
		rd_skip(r, 1);
	struct rd ahead = *r;
	size_t n = 0;
	while (rd_left(&ahead) && rd_peek(&ahead) != ' ' && rd_peek(&ahead) != '\t') {
		rd_skip(&ahead, 1);
		n++;
	}
	return rd_span(r, n);
}

/* The command of one line: inittab ID:LEVELS:ACTION:COMMAND; inetd.conf NAME TYPE PROTO FLAGS USER PROGRAM ARGS. */
static struct span command_of(struct span line, enum scene_kind kind)
{
	struct rd r = rd_of(line);
	struct span field = { 0 };
	if (kind == SCENE_INITTAB) {
		for (int i = 0; i < 3; i++)
			if (!rd_until(&r, ':', &field))
				return (struct span){ 0 };
		field = rd_rest(&r);
		return field.n && field.p[0] == '-' ? span_from(field, 1) : field;
	}
	for (int i = 0; i < 6; i++)
		field = word(&r);
	struct span program = field, args = rd_rest(&r);
	return args.n ? args : program;
}

/* inetd hands a connection to a shell itself. */
static void bare_shell(struct acts *acts, struct span line)
{
	struct rd r = rd_of(line);
	struct span service = word(&r), type = word(&r), field = { 0 };
	for (int i = 0; i < 4; i++)
		field = word(&r);
	if (!is_shell(field))
		return;
	struct act *a = act_new(acts, ACT_SERVICE);
	a->name = SPAN_LIT("inetd");
	a->text = line;
	a->login = field;
	a->transport = span_is(type, "dgram") ? "udp" : "tcp";
	for (size_t i = 0; i < service.n && service.p[i] >= '0' && service.p[i] <= '9'; i++)
		a->port = (uint16_t)(a->port * 10 + (service.p[i] - '0'));
}

static void file(struct job *j, const struct scene_file *f, uint32_t index)
{
	if (f->kind != SCENE_INITTAB && f->kind != SCENE_INETD)
		return;
	struct scene_file started = *f;
	started.boot = true;
	struct rd r = rd_of(span_cut(f->content, 1 << 18));
	struct span line;
	for (unsigned number = 1; rd_left(&r); number++) {
		line = rd_piece(&r, '\n');
		struct span c = line.n && line.p[0] != '#' ? command_of(line, f->kind) : (struct span){ 0 };
		struct acts *acts = job_acts(j);
		acts->n = 0;
		if (f->kind == SCENE_INETD && c.n)
			bare_shell(acts, line);
		acts_of_shell(acts, c, NULL);
		for (size_t i = 0; i < acts->n; i++) {
			acts->v[i].line = number;
			struct route one = { .file = &started, .index = index, .is_script = true };
			if (acts->v[i].kind == ACT_SERVICE)
				judge(j, &one, &acts->v[i]);
		}
	}
}

const struct pass pass_remote_shell = { .rule = &rule, .route = route, .file = file };
