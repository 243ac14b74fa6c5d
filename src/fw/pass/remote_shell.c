/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-shell: a log-in service is started at boot or on a condition, a shell without a log-in is handed to
 * the network. A program that lies in the image and is started by nothing is not reported. */
#include "fw/pass/advice.h"
#include "fw/pass/privileged.h"
#include "fw/pass/table_line.h"

static const struct rule rule = {
	.id = "fw.remote-shell",
	.title = "The firmware starts a remote log-in or hands a shell to the network",
	.cause = "open door",
	.sees = "A start-up script, inittab, inetd.conf or a program starts telnetd, an SSH, FTP, TFTP, rlogin, "
		"VNC, adb or gdb server, "
		"or ties a shell to a socket (nc -e, socat EXEC, /dev/tcp, dup2 and exec), or opens a tunnel by which the other end "
		"comes in (ssh -R). A shell as telnetd's log-in program is "
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
	if (a->reverse)                          /* a tunnel back: no log-in of the site's own stands before it */
		return SEV_HIGH;
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
	static const char *const events[][2] = { { "hot plug", "when a device is plugged in" },
						 { "network", "when a network comes up" },
						 { "button", "when a button is pressed" },
						 { "cron", "from cron" } };
	if (!r->is_script)
		return a->conditional || record_has(a->call, FWC_CONDITIONS) ? "on a condition in its code" : "from its code";
	for (size_t i = 0; r->file->boot && r->file->started && i < ARRAY_LEN(events); i++)
		if (span_starts(span_str(r->file->started), span_str(events[i][0])))
			return events[i][1];
	return r->file->boot ? (a->conditional ? "at start-up, on a condition" : "at start-up") : "from a script";
}

/* A program that starts itself anew is not what starts it; copies are often kept under longer names. */
static bool is_itself(const struct route *r, struct span name)
{
	struct span own = path_base(span_str(r->file->path)), base = path_base(name);
	if (r->is_script || !base.n || own.n < base.n || !span_eq(span_from(own, own.n - base.n), base))
		return false;
	uint8_t before = own.n > base.n ? own.p[own.n - base.n - 1] : '/';
	return !(before >= 'a' && before <= 'z') && !(before >= 'A' && before <= 'Z') && !(before >= '0' && before <= '9');
}

/* adbd waits at the USB socket, and on the network where service.adb.tcp.port or its kin says so. */
static bool adb_on_network(const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (span_has(r->v[i]->text, "adb.tcp.port") || span_has(r->v[i]->text, "ADB_TCP"))
			return true;
	return false;
}

static void judge(struct job *j, const struct route *r, const struct act *a)
{
	enum severity s = weigh(a, !r->is_script);
	if (r->is_script && !r->file->boot && s > SEV_LOW && s < SEV_CRITICAL)
		s--;
	if (source_in(a->name).n || is_itself(r, a->name))
		return;
	if (a->protocol && strcmp(a->protocol, "adb") == 0 && !adb_on_network(r))
		s = s > SEV_MEDIUM ? SEV_MEDIUM : s;
	struct finding *f = job_finding(j, &rule, r->index, "%.*s %u", (int)span_cut(a->name, 40).n,
					(const char *)a->name.p, a->port);
	if (!f || !job_judge(j, f, s, r->is_script && r->file->boot ? 0.9 : 0.75))
		return;
	const struct act *steps[] = { a, NULL };
	const char *what = is_shell(a->login)
				   ? (a->reverse ? "hands a shell to" : "offers a shell without a log-in by")
			   : a->reverse ? "opens a way back in for"
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

/* dup2(a socket, 0) before i: what the program that is run at i reads comes from there. Or a terminal was made for it,
 * by a program that has a connection. */
static bool reads_socket(const struct route *r, uint32_t i)
{
	while (i-- > 0) {
		const struct record *call = r->v[i]->call;
		struct records a = call && record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
		if (call && span_is(r->v[i]->name, "forkpty"))
			return true;
		if (a.n > 1 && span_starts(r->v[i]->name, SPAN_LIT("dup")) && record_has(a.v[1], ARG_NUMBER) &&
		    a.v[1]->v[ARG_NUMBER].i == 0)
			return span_starts(record_get_text(a.v[0], ARG_TEXT), SPAN_LIT("socket inet")) ||
			       span_starts(record_get_text(a.v[0], ARG_TEXT), SPAN_LIT("socket accepted"));
	}
	return false;
}

/* A bare shell takes the place of a program whose input is a socket. */
static void tied(struct job *j, const struct route *r, uint32_t i)
{
	int bound = route_before(r, (int)i, ACT_BIND), out = route_before(r, (int)i, ACT_CONNECT);
	const struct act *way = bound > out ? r->v[bound] : out >= 0 ? r->v[out] : NULL;
	if (!way || !is_shell(r->v[i]->name) || !reads_socket(r, i) || route_has_login(r, (int)i))
		return;
	if (way->kind == ACT_BIND && !route_is_reached(r, way))
		return;
	struct act a = *way;
	a.kind = ACT_SERVICE;
	a.login = r->v[i]->name;
	a.reverse = way->kind == ACT_CONNECT;
	judge(j, r, &a);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		const struct act *a = r->v[i];
		if (a->kind == ACT_SERVICE)
			judge(j, r, a);
		else if (a->kind == ACT_OTHER && a->call && span_is(record_get_text(a->call, FWC_CLASS), "run"))
			tied(j, r, i);
	}
}

/* inetd hands a connection to a shell itself. */
static void bare_shell(struct job *j, const struct route *r, struct span line, unsigned number)
{
	struct span service = table_field(line, 0), program = table_field(line, 5);
	if (!is_shell(program) || line.p[0] == '#')
		return;
	struct act a = { .kind = ACT_SERVICE, .name = SPAN_LIT("inetd"), .text = line, .login = program, .line = number,
			 .transport = span_is(table_field(line, 1), "dgram") ? "udp" : "tcp" };
	for (size_t i = 0; i < service.n && service.p[i] >= '0' && service.p[i] <= '9'; i++)
		a.port = (uint16_t)(a.port * 10 + (service.p[i] - '0'));
	judge(j, r, &a);
}

static void file(struct job *j, const struct scene_file *f, uint32_t index)
{
	struct scene_file started = *f;
	const struct route r = { .file = &started, .index = index, .is_script = true };
	if (f->kind != SCENE_INETD)
		return;
	started.boot = true;
	struct rd lines = rd_of(span_cut(f->content, 1 << 18));
	for (unsigned number = 1; rd_left(&lines); number++)
		bare_shell(j, &r, rd_piece(&lines, '\n'), number);
}

const struct pass pass_remote_shell = { .rule = &rule, .route = route, .file = file };
