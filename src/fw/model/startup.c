/* SPDX-License-Identifier: GPL-2.0-or-later */
/* init(8) of BusyBox and sysvinit, OpenWrt's rc.d, systemd.unit(5), crontab(5), inetd.conf(5); shell scripts are
 * split into simple commands (POSIX XCU §2.9.1) without expanding them. */
#include "fw/model/startup.h"

#include "base/ascii.h"

enum { MATCHES = 512, ROOTS = 32, WORDS = 24, SCRIPT_MOST = 1 << 20, LINE_MOST = 4096 };

struct reader {
	const struct members *m;
	const struct paths *p;
	struct arena *a;
	struct startup *out;
	struct seen *scripts;                    /* (container, member): read once */
	struct root root;
};

struct words {
	struct span v[WORDS];
	unsigned n;
};

static bool is_in(struct span s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(s, list[i]))
			return true;
	return false;
}

static bool next_line(struct rd *r, struct span *line)
{
	if (!rd_left(r))
		return false;
	*line = rd_piece(r, '\n');
	*line = span_cut(*line, LINE_MOST);
	return true;
}

/* ---- passwords in commands ---- */

static bool names_secret(struct span key)
{
	static const char *const words[] = { "pass", "pwd", "secret", "token", "psk", "passwd" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_has_alike(key, words[i]))
			return true;
	return false;
}

struct span startup_blanked(struct arena *a, struct span s)
{
	struct buf b = { .cap = LINE_MOST * 2 };
	size_t key = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool ends_key = c == '=' || c == ' ' || c == '\t' || c == ',' || c == ':';
		buf_u8(&b, c);
		if (!ends_key)
			continue;
		bool secret = (c == '=' || c == ' ' || c == ':') && names_secret(span_cut(span_from(s, key), i - key));
		key = i + 1;
		if (!secret || i + 1 == s.n || s.p[i + 1] == '/')
			continue;                /* a path in place of a password: /etc/passwd */
		if (strchr(" \t,;&|", s.p[i + 1]))
			continue;                /* nothing in its place: a question for one */
		while (i + 1 < s.n && !strchr(" \t,;&|", s.p[i + 1]))
			i++;
		key = i + 1;
		buf_text(&b, "***");
	}
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}

/* ---- adding ---- */

static uint32_t add(struct reader *r, struct start s)
{
	struct startup *o = r->out;
	if (o->n == STARTS_MAX) {
		o->cut = true;
		return NONE;
	}
	if (o->n == o->room) {
		o->room = o->room ? o->room * 2 : 64;
		o->v = mem_grow(o->v, o->room, sizeof(*o->v));
	}
	s.container = r->root.container;
	s.command = startup_blanked(r->a, span_cut(span_trim_line(s.command), LINE_MOST));
	o->v[o->n] = s;
	return o->n++;
}

static void run_script(struct reader *r, uint32_t member, uint32_t parent);

/* One command line that is started by (by, line): its program, and what that starts if it is a script. */
static void run_command(struct reader *r, struct start s, struct span program)
{
	s.program = paths_program(r->p, r->root, program);
	s.depth = s.parent == NONE ? 0 : r->out->v[s.parent].depth + 1;
	uint32_t i = add(r, s);
	if (i != NONE && s.program != NONE && s.depth < START_DEPTH)
		run_script(r, s.program, i);
}

/* ---- shell ---- */

/* A simple command into words; quotes hold together and are cut off, a comment ends it. */
static void split(struct span s, struct words *w)
{
	*w = (struct words){ .n = 0 };
	size_t i = 0;
	while (i < s.n && w->n < WORDS) {
		while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
			i++;
		size_t start = i;
		uint8_t quote = 0;
		for (; i < s.n && (quote || (s.p[i] != ' ' && s.p[i] != '\t')); i++) {
			if (!quote && (s.p[i] == '"' || s.p[i] == '\''))
				quote = s.p[i];
			else if (quote && s.p[i] == quote)
				quote = 0;
		}
		struct span word = span_cut(span_from(s, start), i - start);
		if (!word.n || word.p[0] == '#')
			break;
		if (word.n >= 2 && (word.p[0] == '"' || word.p[0] == '\'') && word.p[word.n - 1] == word.p[0])
			word = span_cut(span_from(word, 1), word.n - 2);
		w->v[w->n++] = word;
	}
}

static void drop(struct words *w, unsigned n)
{
	n = n < w->n ? n : w->n;
	memmove(w->v, w->v + n, (w->n - n) * sizeof(w->v[0]));
	w->n -= n;
}

static bool is_assignment(struct span s)
{
	size_t i = 0;
	while (i < s.n && (s.p[i] == '_' || (s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z') ||
			   (i && s.p[i] >= '0' && s.p[i] <= '9')))
		i++;
	return i && i < s.n && s.p[i] == '=';
}

static const char *const keywords[] = { "if", "then", "else", "elif", "do", "while", "until", "!", "{", "(" };
static const char *const wrappers[] = { "time", "exec", "nohup", "nice",
				       "setsid", "busybox", "/bin/busybox", "command", "eval", "sudo", "env", "chrt", "taskset", "daemon" };
static const char *const silent[] = {
	"fi",	       "done",	   "esac",   "}",      ")",	 "case",     "for",	"in",
	"echo",	       "cd",	   "export", "set",    "unset",	 "test",     "[",	"[[",
	"read",	       "true",	   "false",  ":",      "return", "exit",     "local",	"shift",
	"trap",	       "umask",	   "ulimit", "printf", "break",	 "continue", "wait",	"function",
	"alias",       "readonly", "let",    "sleep",  "expr",	 "basename", "dirname", "log_daemon_msg",
	"log_end_msg", ";;"
};
static const char *const shells[] = { "sh", "/bin/sh", "ash", "bash", "/bin/bash", "/bin/ash" };

/* How deep in if, case and loops the lines stand. */
struct script {
	uint32_t member, parent, line;
	int nested;
	bool guarded;                            /* behind && or || in the same line */
};

static void all_matches(struct reader *r, const struct script *s, struct span pattern, const char *argument)
{
	uint32_t found[MATCHES];
	size_t n = paths_match(r->p, r->root, pattern, found, MATCHES);
	for (size_t i = 0; i < n; i++) {
		struct buf b = { .cap = LINE_MOST };
		struct span path = paths_inside(r->root, r->m->v[found[i]].path);
		buf_u8(&b, '/');
		buf_bytes(&b, path);
		struct span whole = buf_span(&b);
		buf_text(&b, argument);
		uint32_t parent = s->parent;
		run_command(r,
			    (struct start){
				    .parent = parent, .by = s->member, .line = s->line, .when = "boot", .command = buf_span(&b) },
			    whole);
		buf_done(&b);
	}
}

/* "for i in /etc/init.d/S??*": what the pattern names is started in order of name. */
static void for_loop(struct reader *r, const struct script *s, const struct words *w)
{
	for (unsigned i = 3; i < w->n; i++) {
		struct span word = w->v[i];
		bool pattern = word.n && word.p[0] == '/' && (memchr(word.p, '*', word.n) || memchr(word.p, '?', word.n));
		bool scripts = span_has(word, "rc") || span_has(word, "init");
		if (pattern && scripts)
			all_matches(r, s, word, " start");
	}
}

static void folder_of(struct reader *r, const struct script *s, struct span folder, const char *tail,
		      const char *argument)
{
	struct buf b = { .cap = MEMBER_PATH };
	buf_bytes(&b, folder);
	buf_text(&b, tail);
	all_matches(r, s, buf_span(&b), argument);
	buf_done(&b);
}

/* start-stop-daemon -S -x PROGRAM, start_service PROGRAM … */
static struct span daemon_program(const struct words *w)
{
	for (unsigned i = 1; i + 1 < w->n; i++)
		if (span_is(w->v[i], "-x") || span_is(w->v[i], "--exec") || span_is(w->v[i], "-a") || span_is(w->v[i], "--startas"))
			return w->v[i + 1];
	for (unsigned i = 1; i < w->n; i++)
		if (span_starts(w->v[i], SPAN_LIT("--exec=")))
			return span_from(w->v[i], 7);
	return w->v[0];
}

static void simple_command(struct reader *r, const struct script *s, struct span text)
{
	struct words w;
	split(text, &w);
	if (w.n > 3 && span_is(w.v[0], "for") && span_is(w.v[2], "in"))
		for_loop(r, s, &w);
	while (w.n && is_in(w.v[0], keywords, ARRAY_LEN(keywords)))
		drop(&w, 1);
	text = w.n ? span_from(text, (size_t)(w.v[0].p - text.p)) : text;
	while (w.n && (is_in(w.v[0], wrappers, ARRAY_LEN(wrappers)) || is_assignment(w.v[0])))
		drop(&w, 1);
	if (!w.n || is_in(w.v[0], silent, ARRAY_LEN(silent)) || !w.v[0].n || w.v[0].p[0] == '$' ||
	    w.v[0].p[w.v[0].n - 1] == ')')
		return;
	struct start start = { .parent = s->parent, .by = s->member, .line = s->line, .when = "boot", .command = text,
			       .conditional = s->nested > 0 || s->guarded };
	struct span program = w.v[0];
	bool sources = span_is(program, ".") || span_is(program, "source");
	if ((sources || is_in(program, shells, ARRAY_LEN(shells))) && w.n > 1 && w.v[1].p[0] != '-')
		program = w.v[1];
	else if (span_has(program, "start-stop-daemon") || span_has(program, "start_daemon"))
		program = daemon_program(&w);
	else if (span_has(program, "run-parts") && w.n > 1)
		folder_of(r, s, w.v[w.n - 1], "/*", "");
	start.program = paths_program(r->p, r->root, program);
	/* Functions of the script look like commands: only what has a path or is in the image counts. */
	if (start.program == NONE && !memchr(program.p, '/', program.n))
		return;
	run_command(r, start, program);
}

/* A line at ; & | && || outside quotes. */
static void shell_line(struct reader *r, struct script *s, struct span line)
{
	size_t start = 0;
	uint8_t quote = 0;
	s->guarded = false;
	for (size_t i = 0; i <= line.n; i++) {
		uint8_t c = i < line.n ? line.p[i] : ';';
		if (quote || c == '"' || c == '\'') {
			quote = quote == c ? 0 : quote ? quote : c;
			if (i < line.n)
				continue;
		}
		bool redirection = c == '&' && i && (line.p[i - 1] == '>' || line.p[i - 1] == '<');
		if (i < line.n && c == '#' && (i == 0 || line.p[i - 1] == ' ' || line.p[i - 1] == '\t'))
			line.n = i;
		else if (i < line.n && ((c != ';' && c != '&' && c != '|') || redirection))
			continue;
		struct span text = span_trim_line(span_cut(span_from(line, start), i - start));
		start = i + 1;
		if (!text.n)
			continue;
		struct words w;
		split(text, &w);
		s->nested += w.n && (span_is(w.v[0], "if") || span_is(w.v[0], "case"));
		s->nested -= w.n && (span_is(w.v[0], "fi") || span_is(w.v[0], "esac")) && s->nested > 0;
		simple_command(r, s, text);
		s->guarded = s->guarded || (i + 1 < line.n && (c == '&' || c == '|') && line.p[i + 1] == c);
	}
}

/* Behind a script's own text a packed file may stand, and what is no script at all may lie where one is looked for. */
static bool is_line(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == 0x7f || (s.p[i] < ' ' && !memchr("\t\r\f\v\b\033", s.p[i], 6)))
			return false;
	return true;
}

static bool is_shell(struct span s)
{
	struct rd r = rd_of(span_cut(s, 256));
	struct span first;
	if (!next_line(&r, &first) || memchr(s.p, 0, span_cut(s, 512).n))
		return false;
	bool other = span_starts(first, SPAN_LIT("#!")) && !span_has(first, "sh") && !span_has(first, "rc.common");
	return !other && !span_starts(s, SPAN_LIT("\177ELF"));
}

/* Scripts by their path in /etc count, and all that begin with #!. */
static void run_script(struct reader *r, uint32_t member, uint32_t parent)
{
	const struct member *f = &r->m->v[member];
	if (f->type != MEMBER_FILE || f->size > SCRIPT_MOST || f->size == 0 || !seen_add(r->scripts, member))
		return;
	struct span s = member_map(r->m, f), line;
	if (is_shell(s)) {
		struct script script = { .member = member, .parent = parent };
		struct rd lines = rd_of(s);
		struct buf joined = { .cap = LINE_MOST };
		while (next_line(&lines, &line) && is_line(line) && !r->out->cut) {
			script.line++;
			buf_bytes(&joined, line);
			if (line.n && line.p[line.n - 1] == '\\') {
				joined.n--;
				continue;        /* goes on in the next line */
			}
			shell_line(r, &script, buf_span(&joined));
			buf_reset(&joined);
		}
		buf_done(&joined);
	}
	member_unmap(f, s);
}

/* ---- where it begins ---- */

static struct span path_text(const char *s)
{
	return span_str(s);
}

/* Links and scripts S01 … S99 of a run level, in order of name. */
static void run_level(struct reader *r, const struct script *s, const char *level)
{
	static const char *const folders[] = { "etc/rc%s.d/S*", "etc/rc.d/rc%s.d/S*", "etc/init.d/rc%s.d/S*" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		struct buf b = { .cap = MEMBER_PATH };
		struct span head = span_str(folders[i]);
		const uint8_t *at = memmem(head.p, head.n, "%s", 2);
		buf_bytes(&b, span_cut(head, (size_t)(at - head.p)));
		buf_text(&b, level);
		buf_bytes(&b, span_from(head, (size_t)(at - head.p) + 2));
		all_matches(r, s, buf_span(&b), " start");
		buf_done(&b);
	}
}

/* id:levels:action:process, inittab(5). False: a comment, or no such line. */
static bool inittab_line(struct span line, struct span part[3], struct span *process)
{
	struct rd parts = rd_of(span_trim_line(line));
	for (int i = 0; i < 3; i++)
		if (rd_peek(&parts) == '#' || !rd_until(&parts, ':', &part[i]))
			return false;
	*process = span_trim_line(rd_rest(&parts));
	while (process->n && (process->p[0] == '-' || process->p[0] == '@'))
		*process = span_from(*process, 1);
	return true;
}

static uint8_t default_level(struct span s)
{
	struct rd lines = rd_of(s);
	struct span line, part[3], process;
	while (next_line(&lines, &line))
		if (inittab_line(line, part, &process) && span_is(part[2], "initdefault") && part[1].n)
			return part[1].p[0];
	return 0;
}

/* BusyBox leaves the levels empty. */
static bool inittab(struct reader *r)
{
	uint32_t member = paths_find(r->p, r->root, path_text("etc/inittab"));
	if (member == NONE || r->m->v[member].type != MEMBER_FILE)
		return false;
	const struct member *f = &r->m->v[member];
	struct span s = member_map(r->m, f), line, part[3], process;
	struct rd lines = rd_of(s);
	uint8_t level = default_level(s);
	for (uint32_t n = 1; next_line(&lines, &line); n++) {
		if (!inittab_line(line, part, &process) || !process.n || span_is(part[2], "initdefault"))
			continue;
		struct words w;
		split(process, &w);
		bool shell = w.n > 1 && is_in(w.v[0], shells, ARRAY_LEN(shells)) && w.v[1].p[0] != '-';
		const char *when = arena_printf(r->a, "%.*s%s%.*s", (int)span_cut(part[2], 32).n, (const char *)part[2].p,
						part[1].n ? ", run level " : "", (int)span_cut(part[1], 16).n, (const char *)part[1].p);
		uint32_t before = r->out->n;
		run_command(r, (struct start){ .parent = NONE, .by = member, .line = n, .when = when, .command = process },
			    w.n ? w.v[shell ? 1 : 0] : process);
		/* "/etc/init.d/rc 3" and "rc S" run what stands in the folder of that level. */
		bool rc = w.n == 2 && w.v[1].n == 1 && w.v[0].n >= 2 && memcmp(w.v[0].p + w.v[0].n - 2, "rc", 2) == 0;
		bool now = rc && (!level || w.v[1].p[0] == level || w.v[1].p[0] == 'S');
		if (now && before < r->out->n)
			run_level(r, &(struct script){ .member = member, .parent = before, .line = n }, (char[]){ (char)w.v[1].p[0], 0 });
	}
	member_unmap(f, s);
	return true;
}

/* What the kernel starts: the first of these that is there (init/main.c, and initramfs before it). */
static void first_program(struct reader *r)
{
	static const char *const firsts[] = { "init", "linuxrc", "sbin/init", "etc/init", "bin/init" };
	size_t i = 0;
	while (i < ARRAY_LEN(firsts) && paths_find(r->p, r->root, path_text(firsts[i])) == NONE)
		i++;
	if (i < ARRAY_LEN(firsts))
		run_command(r, (struct start){ .parent = NONE, .by = NONE, .when = "first program",
					       .command = path_text(arena_printf(r->a, "/%s", firsts[i])) }, path_text(firsts[i]));
}

/* What an init without inittab runs by convention. */
static void by_convention(struct reader *r, bool has_inittab)
{
	static const char *const scripts[] = {
		"etc/init.d/rcS", "etc/rc.sysinit", "etc/rc.d/rcS", "etc/rcS", "etc/rc", "etc/rc.local",
	};
	for (size_t i = 0; i < ARRAY_LEN(scripts) && !has_inittab; i++)
		if (paths_find(r->p, r->root, path_text(scripts[i])) != NONE)
			run_command(r, (struct start){ .parent = NONE, .by = NONE, .when = "boot", .command = path_text(scripts[i]) },
				    path_text(scripts[i]));
	/* OpenWrt's procd runs /etc/rc.d/S*. */
	if (paths_find(r->p, r->root, path_text("etc/rc.common")) != NONE)
		all_matches(r, &(struct script){ .member = NONE, .parent = NONE }, path_text("etc/rc.d/S*"), " boot");
}

/* [Service] ExecStart= and its kin of one unit. */
static void unit(struct reader *r, uint32_t member, const char *when)
{
	const struct member *f = &r->m->v[member];
	if (f->type != MEMBER_FILE || f->size > SCRIPT_MOST || !seen_add(r->scripts, member))
		return;
	struct span s = member_map(r->m, f), line, key;
	struct rd lines = rd_of(s);
	for (uint32_t n = 1; next_line(&lines, &line); n++) {
		struct rd kv = rd_of(span_trim_line(line));
		if (!span_starts(span_trim_line(line), SPAN_LIT("ExecStart")) || !rd_until(&kv, '=', &key))
			continue;
		struct span command = span_trim_line(rd_rest(&kv));
		while (command.n && strchr("-@:+!", command.p[0]))
			command = span_from(command, 1);
		struct words w;
		split(command, &w);
		if (w.n)
			run_command(r, (struct start){ .parent = NONE, .by = member, .line = n, .when = when, .command = command }, w.v[0]);
	}
	member_unmap(f, s);
}

/* Enabled units are links in the .wants folder of a target. */
static void systemd(struct reader *r)
{
	static const char *const targets[] = {
		"sysinit", "basic", "network", "multi-user", "default", "graphical", "sockets", "timers",
	};
	static const char *const folders[] = { "etc/systemd/system", "lib/systemd/system", "usr/lib/systemd/system" };
	for (size_t t = 0; t < ARRAY_LEN(targets); t++)
		for (size_t f = 0; f < ARRAY_LEN(folders); f++) {
			uint32_t found[MATCHES];
			const char *pattern = arena_printf(r->a, "%s/%s.target.wants/*", folders[f], targets[t]);
			size_t n = paths_match(r->p, r->root, span_str(pattern), found, MATCHES);
			for (size_t i = 0; i < n; i++) {
				uint32_t real = paths_find(r->p, r->root, paths_inside(r->root, r->m->v[found[i]].path));
				if (real != NONE)
					unit(r, real, arena_printf(r->a, "systemd, %s.target", targets[t]));
			}
		}
}

static void table_lines(struct reader *r, uint32_t member,
			void (*line)(struct reader *r, uint32_t member, uint32_t n, struct words *w, struct span s))
{
	const struct member *f = &r->m->v[member];
	if (f->type != MEMBER_FILE || f->size > SCRIPT_MOST)
		return;
	struct span s = member_map(r->m, f), text;
	struct rd lines = rd_of(s);
	for (uint32_t n = 1; next_line(&lines, &text); n++) {
		struct words w;
		text = span_trim_line(text);
		split(text, &w);
		if (w.n)
			line(r, member, n, &w, text);
	}
	member_unmap(f, s);
}

/* What follows the first n words. */
static struct span behind(struct span s, const struct words *w, unsigned n)
{
	return span_from(s, (size_t)(w->v[n].p - s.p));
}

/* Five times and a command; files of the system name the user before it. */
static void cron_line(struct reader *r, uint32_t member, uint32_t n, struct words *w, struct span s)
{
	bool nick = w->v[0].p[0] == '@';
	unsigned times = nick ? 1 : 5, user = span_has(r->m->v[member].path, "crontabs/") ? 0 : 1;
	if (w->n <= times + user || (!nick && !strchr("*0123456789", w->v[0].p[0])))
		return;
	struct span command = behind(s, w, times + user);
	size_t length = (size_t)(w->v[times].p - s.p);
	const char *when = arena_printf(r->a, "cron %.*s", (int)span_trim_line(span_cut(span_cut(s, length), 64)).n,
					(const char *)s.p);
	run_command(r, (struct start){ .parent = NONE, .by = member, .line = n, .when = when, .command = command },
		    w->v[times + user]);
}

/* service type protocol wait user program arguments */
static void inetd_line(struct reader *r, uint32_t member, uint32_t n, struct words *w, struct span s)
{
	if (w->n < 6)
		return;
	const char *when = arena_printf(r->a, "inetd %.*s/%.*s", (int)span_cut(w->v[0], 32).n, (const char *)w->v[0].p,
					(int)span_cut(w->v[2], 8).n, (const char *)w->v[2].p);
	bool tcpd = w->n > 6 && span_has(w->v[5], "tcpd");
	run_command(r, (struct start){ .parent = NONE, .by = member, .line = n, .when = when, .command = behind(s, w, 5) },
		    w->v[tcpd ? 6 : 5]);
}

static void tables(struct reader *r)
{
	static const char *const crons[] = { "etc/crontab", "etc/cron.d/*", "var/spool/cron/crontabs/*", "etc/crontabs/*" };
	uint32_t found[MATCHES];
	for (size_t i = 0; i < ARRAY_LEN(crons); i++) {
		size_t n = paths_match(r->p, r->root, path_text(crons[i]), found, MATCHES);
		for (size_t k = 0; k < n; k++)
			table_lines(r, found[k], cron_line);
	}
	uint32_t inetd = paths_find(r->p, r->root, path_text("etc/inetd.conf"));
	if (inetd != NONE)
		table_lines(r, inetd, inetd_line);
}

/* ---- what an event starts ---- */

/* mdev: DEVICE USER:GROUP MODE [=NAME] [@|$|*COMMAND]; a command in parentheses is one for the shell. */
static void mdev_line(struct reader *r, uint32_t member, uint32_t n, struct words *w, struct span s)
{
	unsigned i = 2;
	while (i < w->n && !memchr("@$*", w->v[i].p[0], 3))
		i++;
	if (i >= w->n || w->v[0].p[0] == '#')
		return;
	struct span command = span_from(behind(s, w, i), 1);
	while (command.n && (command.p[0] == '(' || ascii_is_blank(command.p[0])))
		command = span_from(command, 1);
	struct span program = span_cut(command, 0);
	while (program.n < command.n && !strchr(" \t);&|", command.p[program.n]))
		program.n++;
	const char *when = arena_printf(r->a, "hot plug %.*s", (int)span_cut(w->v[0], 32).n, (const char *)w->v[0].p);
	run_command(r, (struct start){ .parent = NONE, .by = member, .line = n, .when = when, .command = command }, program);
}

/* udev(7): RUN+="COMMAND". */
static void udev_line(struct reader *r, uint32_t member, uint32_t n, struct words *w, struct span s)
{
	const uint8_t *key = memmem(s.p, s.n, "RUN", 3);
	struct rd in = rd_of(key ? span_from(s, (size_t)(key - s.p)) : (struct span){ 0 });
	struct span sign, command;
	if (w->v[0].p[0] == '#' || !rd_until(&in, '"', &sign) || !rd_until(&in, '"', &command) || sign.n > 16)
		return;
	struct words c;
	split(command, &c);
	bool shell = c.n > 1 && is_in(c.v[0], shells, ARRAY_LEN(shells)) && c.v[1].p[0] != '-';
	if (c.n)
		run_command(r, (struct start){ .parent = NONE, .by = member, .line = n, .when = "hot plug", .command = command },
			    c.v[shell]);
}

static void events(struct reader *r)
{
	static const struct {
		const char *pattern;
		void (*line)(struct reader *r, uint32_t member, uint32_t n, struct words *w, struct span s);
		const char *when;                /* line is NULL: a script that is started whole */
	} known[] = {
		{ "etc/mdev.conf", mdev_line, NULL },
		{ "etc/udev/rules.d/*.rules", udev_line, NULL },
		{ "lib/udev/rules.d/*.rules", udev_line, NULL },
		{ "usr/lib/udev/rules.d/*.rules", udev_line, NULL },
		{ "etc/hotplug.d/*/*", NULL, "hot plug" },
		{ "etc/hotplug/*.agent", NULL, "hot plug" },
		{ "etc/network/if-*.d/*", NULL, "network" },
		{ "etc/ppp/ip-up", NULL, "network" },
		{ "etc/ppp/ip-up.d/*", NULL, "network" },
		{ "usr/share/udhcpc/default.script", NULL, "network" },
		{ "etc/rc.button/*", NULL, "button" },
	};
	uint32_t found[MATCHES];
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = paths_match(r->p, r->root, path_text(known[i].pattern), found, MATCHES);
		for (size_t k = 0; k < n; k++) {
			struct span path = paths_inside(r->root, r->m->v[found[k]].path);
			if (known[i].line)
				table_lines(r, found[k], known[i].line);
			else
				run_command(r, (struct start){ .parent = NONE, .by = NONE, .when = known[i].when, .command = path }, path);
		}
	}
}

/* Scripts that nothing above has started: what an init that is not in the image, or not known here, would start by
 * the place of their names. Only where nothing else starts are all of init.d taken. */
static void by_place(struct reader *r, bool alone)
{
	static const char *const patterns[] = { "etc/init.d/S[0-9]*",
						"etc/rc[2345S].d/S[0-9]*",
						"etc/rc.d/rc[2345S].d/S[0-9]*",
						"etc/rc.d/S[0-9]*",
						"etc/init.d/rcS",
						"etc/rc.d/rcS",
						"etc/rcS",
						"etc/rc.local",
						"etc/init.d/*",
						"etc/rc.d/*" };
	uint32_t found[MATCHES];
	for (size_t i = 0; i < ARRAY_LEN(patterns) - (alone ? 0 : 2); i++) {
		size_t n = paths_match(r->p, r->root, path_text(patterns[i]), found, MATCHES);
		for (size_t k = 0; k < n; k++) {
			struct span path = paths_inside(r->root, r->m->v[found[k]].path);
			uint32_t real = paths_find(r->p, r->root, path);
			if (real == NONE || seen_has(r->scripts, real))
				continue;
			struct span command = path_text(arena_printf(r->a, "/%.*s", (int)path.n, (const char *)path.p));
			run_command(r, (struct start){ .parent = NONE, .by = NONE, .when = "by its place", .command = command }, path);
		}
	}
}

static void one_root(struct reader *r)
{
	uint32_t before = r->out->n;
	first_program(r);
	bool has_inittab = inittab(r);
	by_convention(r, has_inittab);
	systemd(r);
	tables(r);
	by_place(r, before == r->out->n);
	events(r);
}

/* Folders that hold a device's tree: a folder into which an image was unpacked has one for each file system. */
static size_t find_roots(const struct members *m, uint32_t container, struct span out[ROOTS])
{
	static const char *const anchors[] = {
		"/etc/inittab", "/etc/init.d/rcS", "/sbin/init", "/linuxrc", "/etc/rc.local", "/etc/passwd",
	};
	size_t n = 0;
	const struct container *c = &m->c[container];
	for (uint32_t i = c->first; i - c->first < c->nmembers && i < m->n && n < ROOTS; i++) {
		const struct member *f = &m->v[i];
		for (size_t k = 0; k < ARRAY_LEN(anchors) && n < ROOTS; k++) {
			size_t tail = strlen(anchors[k]);
			if (span_is(f->path, anchors[k] + 1)) {
				out[0] = (struct span){ 0 };
				return 1;                /* the tree begins at the top: no others below it */
			}
			if (f->path.n <= tail || !span_is(span_from(f->path, f->path.n - tail), anchors[k]))
				continue;
			struct span folder = span_cut(f->path, f->path.n - tail);
			bool known = false;
			for (size_t j = 0; j < n; j++)
				known |= span_eq(out[j], folder);
			if (!known)
				out[n++] = folder;
		}
	}
	return n;
}

void startup_read(const struct members *m, const struct paths *p, struct arena *a, struct startup *out)
{
	struct reader r = { .m = m, .p = p, .a = a, .out = out, .scripts = seen_new() };
	struct span roots[ROOTS] = { 0 };
	*out = (struct startup){ 0 };
	for (uint32_t c = 0; c < m->nc; c++) {
		if (m->c[c].nmembers < 2)
			continue;
		size_t n = find_roots(m, c, roots);
		r.root = (struct root){ .container = c };
		if (n == 0)
			one_root(&r);
		for (size_t i = 0; i < n; i++) {
			r.root.folder = roots[i];
			one_root(&r);
		}
	}
	seen_free(r.scripts);
}

void startup_done(struct startup *s)
{
	free(s->v);
	*s = (struct startup){ 0 };
}

static const struct field start_fields[] = {
	[STA_ORDER] = { "order", F_UINT, "position in the start-up graph, from 0" },
	[STA_PARENT] = { "parent", F_UINT, "order of what starts it; unset: the system itself" },
	[STA_WHEN] = { "when", F_TEXT, "boot, respawn, a run level, a systemd target, cron, inetd, hot plug" },
	[STA_COMMAND] = { "command", F_TEXT, "as it stands in the file; passwords are blanked" },
	[STA_PROGRAM] = { "program", F_TEXT, "the way to the member that runs; unset: it is not in the image" },
	[STA_BY] = { "by", F_TEXT, "the way to the file that says so; unset: a convention of kernel and init" },
	[STA_LINE] = { "line", F_UINT, "line of that file" },
	[STA_CONDITIONAL] = { "conditional", F_BOOL, "stands in an if or case, or behind && or ||" },
	[STA_DEPTH] = { "depth", F_UINT, "how many scripts stand between it and the system" },
};
RECORD_TYPE(start_type, "start", "What an image runs when the device starts, and what starts it", start_fields);

static void where(const struct members *m, uint32_t member, struct record *r, unsigned field)
{
	struct buf b = { 0 };
	if (member == NONE)
		return;
	member_where(m, member, &b);
	record_text(r, field, arena_copy(r->host->arena, buf_span(&b)));
	buf_done(&b);
}

void start_record(const struct startup *s, uint32_t i, const struct members *m, struct record *r,
		  const struct record_host *h)
{
	const struct start *t = &s->v[i];
	record_begin(r, &start_type, NULL, h);
	record_uint(r, STA_ORDER, i);
	if (t->parent != NONE)
		record_uint(r, STA_PARENT, t->parent);
	record_str(r, STA_WHEN, t->when);
	record_text(r, STA_COMMAND, t->command);
	where(m, t->program, r, STA_PROGRAM);
	where(m, t->by, r, STA_BY);
	if (t->line)
		record_uint(r, STA_LINE, t->line);
	if (t->conditional)
		record_bool(r, STA_CONDITIONAL, true);
	record_uint(r, STA_DEPTH, t->depth);
}
