/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of the trace as acts, by their class. Commands are read in command.c. */
#include "fw/pass/call.h"

static const char *const path_names[] = { "path", "from", "template", NULL };
static const char *const run_names[] = { "command", "path", NULL };
static const char *const host_names[] = { "name", "text", NULL };
static const char *const sent_names[] = { "data", "text", "message", NULL };

/* The first source of the text that is a stranger's. */
static struct span stranger_in(struct span text)
{
	while (text.n) {
		struct span source = source_in(text);
		if (!source.n || source_is_strangers(source))
			return source;
		text = span_from(text, (size_t)(source.p - text.p) + source.n);
	}
	return (struct span){ 0 };
}

static bool is_shell_name(struct span path)
{
	static const char *const shells[] = { "sh", "ash", "bash", "dash", "ksh", "zsh", "mksh", "hush" };
	struct span base = path_base(path);
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (span_is(base, shells[i]))
			return true;
	return false;
}

/* The words of exec's argument vector, however the trace gives it. */
static unsigned exec_words(const struct record *call, struct shell_word *w, unsigned max)
{
	unsigned n = 0;
	for (uint32_t i = 0; call_arg(call, i); i++) {
		const struct record *a = call_arg(call, i);
		if (!record_has(a, ARG_LIST))
			continue;
		for (uint32_t k = 0; k < a->v[ARG_LIST].texts.n && n < max; k++)
			w[n++].text = a->v[ARG_LIST].texts.v[k];
		return n;
	}
	for (unsigned i = 1; call_arg_text(call, i) && n < max; i++)   /* execl: path, then the words */
		w[n++].text = arg_text(call_arg_text(call, i));
	return n;
}

static void mark_shell(struct acts *out, size_t from, const struct record *call, struct span text)
{
	if (out->n == from)
		call_act(out, call, ACT_OTHER);
	struct act *a = &out->v[from];
	a->is_shell = true;
	if (source_in(text).n)                   /* the one that matters most names it */
		a->source = stranger_in(text).n ? stranger_in(text) : source_in(text);
}

/* A file that the program wrote before, and runs now: its text is in the trace. */
static void of_written(struct acts *out, const struct record *call)
{
	for (uint32_t i = 0; call_arg(call, i); i++) {
		struct span text = arg_text(call_arg(call, i));
		const uint8_t *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
		if (span_is(record_get_text(call_arg(call, i), ARG_NAME), "script") && span_starts(text, SPAN_LIT("#!")) && end &&
		    span_has(span_cut(text, (size_t)(end - text.p)), "sh"))
			acts_of_shell(out, text, call);
	}
}

static void of_run(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	bool exec = span_starts(callee, SPAN_LIT("exec")) || span_has(callee, "spawn");
	struct span text = call_text(call, run_names);
	size_t from = out->n;
	struct shell_word words[64] = { { { 0 }, false, false } };
	if (span_starts(callee, SPAN_LIT("dl"))) {
		struct act *a = call_act(out, call, text.n && text.p[0] == '/' ? ACT_EXECUTE : ACT_OTHER);
		a->path = text;
		a->source = stranger_in(text);
		return;
	}
	if (exec) {
		struct span path = text;
		unsigned n = exec_words(call, words, ARRAY_LEN(words));
		if (!(n > 2 && is_shell_name(path.n ? path : words[0].text) && span_is(words[1].text, "-c"))) {
			if (n && path.n && path_base(path).n)
				words[0].text = path;
			struct shell_command c = { .words = words, .nwords = n ? n : 1, .text = call_say(out, call) };
			if (!n)
				words[0].text = path;
			acts_of_command(out, &c, call, 0);
			/* Which program it is comes from outside; what it is told is no command. */
			if (out->n > from && !out->v[from].source.n)
				out->v[from].source = stranger_in(words[0].text);
			of_written(out, call);
			return;
		}
		text = words[2].text;
	}
	acts_of_shell(out, text, call);
	mark_shell(out, from, call, text);
	of_written(out, call);
}

/* A settings file is opened for reading. */
static bool reads_settings(const struct record *call, struct span path)
{
	static const char *const tails[] = { ".conf", ".cfg", ".ini", ".config", ".xml", ".json", ".cnf" };
	static const char *const modes[] = { "mode", "flags", NULL };
	const struct record *mode = call_arg_named(call, modes);
	struct span how = arg_text(mode);
	bool reads = how.n ? how.p[0] == 'r' : mode && record_has(mode, ARG_NUMBER) && (mode->v[ARG_NUMBER].i & 3) == 0;
	bool known = path_under(path, SPAN_LIT("/etc"));
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		known |= path.n > strlen(tails[i]) && span_is(span_from(path, path.n - strlen(tails[i])), tails[i]);
	return reads && known;
}

static void of_file(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	struct act *a = call_act(out, call, ACT_OTHER);
	a->path = call_text(call, path_names);
	a->source = stranger_in(a->path);
	if (span_starts(callee, SPAN_LIT("fopen")) || span_starts(callee, SPAN_LIT("open")))
		a->kind = reads_settings(call, a->path) ? ACT_CONFIG : ACT_OTHER;
	if (span_has(callee, "rename") || span_has(callee, "link")) {
		a->kind = span_has(callee, "rename") ? ACT_COPY : ACT_OTHER;
		a->target = arg_text(call_arg_named(call, (const char *const[]){ "to", NULL }));
		a->source = a->source.n ? a->source : stranger_in(a->target);
		return;
	}
	if (!span_has(callee, "chmod"))
		return;
	for (uint32_t i = 0; call_arg(call, i); i++) {
		const struct record *m = call_arg(call, i);
		if (!record_has(m, ARG_NUMBER) || (i == 0 && !span_is(callee, "chmod")))
			continue;
		int64_t mode = m->v[ARG_NUMBER].i;
		a->kind = mode & 0111 ? ACT_CHMOD : ACT_OTHER;
		a->open_to_all = (mode & 0777) == 0777 || (mode & 0777) == 0666;
	}
}

static void of_interface(struct acts *out, const struct record *call)
{
	enum { SIOCADDRT = 0x890b, SIOCSIFFLAGS = 0x8914, SIOCSIFADDR = 0x8916 };
	bool flags = call_has_number(call, SIOCSIFFLAGS, "SIOCSIFFLAGS");
	bool route = call_has_number(call, SIOCADDRT, "SIOCADDRT");
	struct act *a = call_act(out, call, flags || route ? ACT_INTERFACE : ACT_OTHER);
	for (unsigned i = 0; call_arg_text(call, i); i++) {
		struct span t = arg_text(call_arg_text(call, i));
		bool descriptor = record_has(call_arg_text(call, i), ARG_NUMBER);  /* its text says what it is: "standard" */
		if (descriptor || span_starts(t, SPAN_LIT("SIOC")))
			continue;
		a->path = t;
		a->source = arg_source(call_arg_text(call, i));
		a->setting = arg_setting(call_arg_text(call, i));
	}
	if (a->kind == ACT_INTERFACE && route)
		a->protocol = "route";
}

/* A compiler compares short texts as whole numbers: four or eight printable bytes are a text again. */
static struct span constant_text(struct acts *out, uint64_t v)
{
	unsigned n = v >> 32 && v >> 32 != UINT32_MAX ? 8 : 4;
	char text[9] = "";
	bool printable = true;
	for (unsigned i = 0; i < n; i++) {
		uint8_t c = (uint8_t)(v >> 8 * (out->big ? n - 1 - i : i));
		text[i] = (char)c;
		printable &= c > ' ' && c < 0x7f;
	}
	const char *s = printable ? arena_printf(out->arena, "%s", text)
				  : arena_printf(out->arena, "0x%0*llx", (int)n * 2, (unsigned long long)(n == 8 ? v : v & UINT32_MAX));
	return span_str(s);
}

/* One side from outside, the other a constant. */
static void of_compare(struct acts *out, const struct record *call)
{
	struct act *a = call_act(out, call, ACT_COMPARE);
	for (uint32_t i = 0; call_arg(call, i) && i < 3; i++) {
		const struct record *v = call_arg(call, i);
		bool outside = arg_setting(v) == SETTING_CONFIGURED;
		if (outside && !a->source.n)
			a->source = arg_source(v);
		else if (!outside && record_has(v, ARG_TEXT) && !a->secret.n)
			a->secret = arg_text(v);
		else if (!outside && record_has(v, ARG_NUMBER) && !a->secret.n && !span_is(record_get_text(v, ARG_NAME), "length") &&
			 !span_is(record_get_text(v, ARG_NAME), "n")) {
			a->secret = constant_text(out, (uint64_t)v->v[ARG_NUMBER].i);
		}
	}
	a->equal = !record_has(call, FWC_RESULT) || call->v[FWC_RESULT].i == 0;
}

static bool is_flash(struct span path)
{
	static const char *const devices[] = { "/dev/mtd", "/dev/ubi", "/dev/mmcblk", "/dev/nand" };
	for (size_t i = 0; i < ARRAY_LEN(devices); i++)
		if (span_starts(path, span_str(devices[i])))
			return true;
	return false;
}

/* What is written says what else is done: a file is copied, flash is written, a share will be mounted. */
static void of_content(struct acts *out, const struct record *call, struct span path, struct span text,
		       struct span source)
{
	struct span from = span_starts(source, SPAN_LIT("file:/")) ? span_from(source, 5) : (struct span){ 0 };
	if (from.n && !span_eq(from, path)) {
		struct act *a = call_act(out, call, ACT_COPY);
		a->path = from;
		a->target = path;
		a->recursive = true;
	}
	if (is_flash(path))
		call_act(out, call, ACT_EXECUTE)->path = from.n ? from : path;
	if (span_is(path, "/etc/fstab"))
		call_fstab(out, call, text);
}

/* What a descriptor is stands in its text: "socket", "file /etc/x". */
static void of_write(struct acts *out, const struct record *call)
{
	static const char *const where[] = { "to", NULL };
	static const char *const formats[] = { "format", NULL };
	const struct record *format = call_arg_named(call, formats);
	if (format) {
		call_act(out, call, ACT_FORMAT)->source = arg_source(format);
		return;
	}
	struct act *a = call_act(out, call, ACT_WRITE);
	const struct record *what = call_arg_named(call, sent_names);
	struct span to = arg_text(call_arg_named(call, where));
	a->source = arg_source(what);
	if (span_starts(to, SPAN_LIT("socket"))) {
		a->kind = ACT_SEND;
		a->path = arg_text(what);
	} else if (span_starts(to, SPAN_LIT("file "))) {
		a->path = span_from(to, 5);
		of_content(out, call, a->path, arg_text(what), a->source);
	}
}

/* Android's init starts a service when ctl.start is set to its name; adbd listens on the port that a property names. */
static void of_property(struct acts *out, const struct record *call, struct span name, struct span value)
{
	bool starts = span_is(name, "ctl.start") || span_is(name, "ctl.restart");
	uint32_t port = 0;
	for (size_t i = 0; span_has(name, "adb.tcp.port") && i < value.n && i < 5; i++)
		port = value.p[i] >= '0' && value.p[i] <= '9' ? port * 10 + value.p[i] - '0' : 0;
	struct shell_word words[] = { { .text = starts ? value : SPAN_LIT("adbd") } };
	struct shell_command c = { .words = words, .nwords = 1, .text = call_say(out, call) };
	size_t from = out->n;
	if (!starts && !port)
		return;
	acts_of_command(out, &c, call, 0);
	if (port && out->n > from)
		out->v[from].port = (uint16_t)port;
}

/* Settings that stay, unlike those of the environment, are the configuration. */
static void of_setting(struct acts *out, const struct record *call)
{
	struct span callee = record_get_text(call, FWC_CALLEE);
	const struct record *value = call_arg_named(call, (const char *const[]){ "value", NULL });
	bool lasts = value && !span_starts(callee, SPAN_LIT("putenv")) && !span_has(callee, "setenv");
	size_t at = out->n;
	struct act *a = call_act(out, call, lasts ? ACT_WRITE : ACT_CONFIG);
	struct span name = arg_text(call_arg_text(call, 0));
	a->path = name;
	if (!lasts)
		return;
	if (span_is(callee, "property_set"))
		of_property(out, call, name, arg_text(value));
	a = &out->v[at];
	a->path = span_str(arena_printf(out->arena, "setting:%.*s", (int)span_cut(name, 100).n, (const char *)name.p));
	a->source = arg_source(value).n ? arg_source(value) : source_in(name);
}

static void of_class(struct acts *out, const struct record *call, enum trace_class c)
{
	struct act *a;
	switch (c) {
	case CALL_RUN: of_run(out, call); return;
	case CALL_NETWORK: call_network(out, call); return;
	case CALL_MOUNT: call_mount(out, call); return;
	case CALL_FILE: of_file(out, call); return;
	case CALL_INTERFACE: of_interface(out, call); return;
	case CALL_COMPARE: of_compare(out, call); return;
	case CALL_SEND:
		a = call_act(out, call, ACT_SEND);
		call_take_address(a, call);
		if (span_has(a->name, "sendto") || span_has(a->name, "sendmsg"))
			a->transport = a->address.family ? "udp" : NULL;
		a->path = call_text(call, sent_names);          /* what is sent */
		return;
	case CALL_RECEIVE: call_act(out, call, ACT_RECEIVE); return;
	case CALL_RESOLVE:
		a = call_act(out, call, ACT_RESOLVE);
		a->host = call_text(call, host_names);
		a->source = source_in(a->host);
		return;
	case CALL_WRITE: of_write(out, call); return;
	case CALL_LOGIN: call_act(out, call, ACT_LOGIN); return;
	case CALL_CONFIG: of_setting(out, call); return;
	case CALL_CHECK: call_act(out, call, ACT_CHECK); return;
	case CALL_PROCESS:
	case CALL_QUIET:
	case CALL_COUNT_: break;
	}
	call_act(out, call, ACT_OTHER);
}

void acts_of_call(struct acts *out, const struct record *call)
{
	struct span name = record_get_text(call, FWC_CLASS);
	enum trace_class c = CALL_RUN;
	while (c < CALL_COUNT_ && !span_is(name, call_class_name(c)))
		c++;
	of_class(out, call, c);
}
