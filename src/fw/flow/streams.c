/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a static program's C library does with files and programs, known by what it does: opens and reads a file of two
 * lines, writes one, asks for a shell. Streams are tried on two that its own fopen() opened. */
#include "fw/flow/trial.h"

enum { FD_IN = 21, FD_OUT = 22, STREAM_BYTES = 512, NOT_A_POINTER = 0x4000 };

#define GIVE(t, at, text) guest_write(&(t)->m->g, at, SPAN_LIT(text "\0"), SHADE_NONE)
#define IS(t, at, text) is_at(t, at, SPAN_LIT(text "\0"))
#define VALUES(...) sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), (const uint64_t[]){ __VA_ARGS__ }
#define CALL(t, steps, ...) trial_call(t, steps, VALUES(__VA_ARGS__))
#define WITH(t, other, ...) with(t, other, VALUES(__VA_ARGS__))

static int number(const struct trial *t)
{
	return (int32_t)t->ret;
}

static bool is_at(const struct trial *t, uint64_t at, struct span want)
{
	const uint8_t *p = guest_bytes(&t->m->g, at, want.n);
	return p && memcmp(p, want.p, want.n) == 0;
}

static bool wrote(const struct trial *t, struct span want)
{
	const struct asked *a = &t->m->asked;
	return a->nwrote >= want.n && memcmp(a->wrote + a->nwrote - want.n, want.p, want.n) == 0;
}

/* Another function, in the middle of this one's trial. */
static bool with(struct trial *t, const struct function *other, unsigned n, const uint64_t *v)
{
	const struct function *f = t->f;
	t->f = other;
	bool ok = other && trial_call(t, MIDDLE, n, v);
	t->f = f;
	return ok;
}


static bool opens(struct trial *t, uint64_t access)
{
	const struct asked *a = &t->m->asked;
	return CALL(t, MIDDLE, TEXT1, TEXT2) && t->ret > NOT_A_POINTER && guest_bytes(&t->m->g, t->ret, 4) && a->opened == 1
		&& strcmp(a->path, PROBE_FILE) == 0 && (a->flags & 3) == access;
}

static bool is_opener(struct trial *t)
{
	trial_begin(t);
	GIVE(t, TEXT1, PROBE_FILE);
	GIVE(t, TEXT2, "r");
	if (!opens(t, 0))
		return false;
	trial_begin(t);
	GIVE(t, TEXT1, PROBE_FILE);
	GIVE(t, TEXT2, "w");
	if (!opens(t, 1))
		return false;
	t->m->asked.refuses = true;
	return CALL(t, MIDDLE, TEXT1, TEXT2) && t->ret == 0;
}

/* A program's own function that formats its command has another one run. */
#define RUN_ME "run 9%% of me"

static bool asks_shell(struct trial *t, bool mode)
{
	const struct asked *a = &t->m->asked;
	const struct guest *g = &t->m->g;
	unsigned size = g->wide ? 8 : 4;
	trial_begin(t);
	GIVE(t, TEXT1, RUN_ME);
	GIVE(t, TEXT2, "r");
	(void)CALL(t, MIDDLE, TEXT1, mode ? TEXT2 : 0, 0);
	return a->runs && a->joined == mode && strcmp(a->path, "/bin/sh") == 0 && IS(t, guest_pointer(g, a->argv + size), "-c")
		&& IS(t, guest_pointer(g, a->argv + 2 * size), RUN_ME);
}

/* What popen() gives to the parent. */
static bool gives_stream(struct trial *t)
{
	trial_begin(t);
	t->m->asked.parent = true;
	GIVE(t, TEXT1, RUN_ME);
	GIVE(t, TEXT2, "r");
	return CALL(t, MIDDLE, TEXT1, TEXT2) && t->ret > NOT_A_POINTER && guest_bytes(&t->m->g, t->ret, 4);
}

const char *stream_opener(struct trial *t)
{
	if (is_opener(t)) {
		t->tools.open = t->tools.open ? t->tools.open : t->f;
		return "fopen";
	}
	if (asks_shell(t, false))
		return "system";
	if (!asks_shell(t, true) || !gives_stream(t))
		return NULL;
	t->tools.run = t->tools.run ? t->tools.run : t->f;
	return "popen";
}

static uint64_t opened(struct trial *t, const struct function *by)
{
	return WITH(t, by, TEXT1, TEXT2) && t->ret > NOT_A_POINTER ? t->ret : 0;
}

bool stream_begin(struct trial *t)
{
	struct guest *g = &t->m->g;
	const struct function *by = t->tools.open ? t->tools.open : t->tools.run;
	trial_begin(t);
	t->m->asked.parent = true;
	GIVE(t, TEXT1, PROBE_FILE);
	GIVE(t, TEXT2, "r");
	t->tools.in = by ? opened(t, by) : 0;
	GIVE(t, TEXT2, "w");
	t->tools.out = t->tools.in ? opened(t, by) : 0;
	t->mark = guest_mark(g);
	for (uint32_t i = 4; t->tools.out && i < STREAM_BYTES && !t->m->stream_fd_at; i += 4) {
		uint64_t fd = guest_number(g, t->tools.out + i, 4);      /* pipes of popen() have come in between */
		if (guest_number(g, t->tools.in + i, 4) != FD_IN || fd < FD_OUT || fd >= FD_IN + t->m->asked.opened)
			continue;
		t->m->stream_fd_at = i;
		t->tools.out_fd = (int)fd;
	}
	return t->tools.out != 0;
}

/* ---- reading ---- */

static const char *line_reader(struct trial *t)
{
	trial_begin(t);
	if (CALL(t, SHORT, TEXT2, 64, t->tools.in) && t->ret == TEXT2 && IS(t, TEXT2, "Abc\n"))
		return CALL(t, SHORT, TEXT2, 64, t->tools.in) && IS(t, TEXT2, "de\n") && CALL(t, SHORT, TEXT2, 64, t->tools.in)
			&& t->ret == 0 ? "fgets" : NULL;
	unsigned size = t->m->g.wide ? 8 : 4;
	uint64_t line = TEXT3, room = TEXT3 + size;
	for (unsigned by = 0; by < 2; by++) {    /* getline(), and getdelim() with its mark in between */
		trial_begin(t);
		guest_fill(&t->m->g, line, 0, 2 * size, SHADE_NONE);
		bool ok = by ? CALL(t, MIDDLE, line, room, '\n', t->tools.in) : CALL(t, MIDDLE, line, room, t->tools.in);
		if (ok && number(t) == 4 && IS(t, guest_pointer(&t->m->g, line), "Abc\n"))
			return by ? "getdelim" : "getline";
	}
	return NULL;
}

static const char *item_reader(struct trial *t)
{
	trial_begin(t);
	guest_fill(&t->m->g, TEXT2, 0, 64, SHADE_NONE);
	if (!CALL(t, SHORT, TEXT2, 1, 4, t->tools.in) || number(t) != 4 || !IS(t, TEXT2, "Abc\n"))
		return NULL;
	return CALL(t, SHORT, TEXT2, 1, 60, t->tools.in) && number(t) == 3 && IS(t, TEXT2, "de\n\n") ? "fread" : NULL;
}

static const char *character_reader(struct trial *t)
{
	static const char all[] = "Abc\nde\n";
	trial_begin(t);
	for (unsigned i = 0; i + 1 < sizeof(all); i++)
		if (!CALL(t, SHORT, t->tools.in) || number(t) != all[i])
			return NULL;
	return CALL(t, SHORT, t->tools.in) && number(t) == -1 ? "fgetc" : NULL;
}

static const char *scanner(struct trial *t)
{
	trial_begin(t);
	GIVE(t, TEXT1, "%3s %s");
	if (CALL(t, MIDDLE, t->tools.in, TEXT1, TEXT2, TEXT3) && number(t) == 2 && IS(t, TEXT2, "Abc") && IS(t, TEXT3, "de"))
		return "fscanf";
	trial_begin(t);
	GIVE(t, TEXT1, "7 ab");
	GIVE(t, TEXT3, "%d %s");
	return CALL(t, MIDDLE, TEXT1, TEXT3, TEXT3 + 0x100, TEXT2) && number(t) == 2 && IS(t, TEXT2, "ab")
		&& guest_number(&t->m->g, TEXT3 + 0x100, 4) == 7 ? "sscanf" : NULL;
}

/* ---- where it stands ---- */

static const char *asker(struct trial *t)
{
	trial_begin(t);
	bool number_of = CALL(t, SHORT, t->tools.in) && number(t) == FD_IN && CALL(t, SHORT, t->tools.out) &&
			 number(t) == t->tools.out_fd && CALL(t, SHORT, t->tools.in) && number(t) == FD_IN;
	if (number_of)
		return t->m->asked.opened ? NULL : "fileno";
	trial_begin(t);
	for (unsigned i = 0; i < 3; i++)         /* the end was met, not only come to */
		if (!CALL(t, SHORT, t->tools.in) || number(t) || !WITH(t, t->tools.get, TEXT2, 64, t->tools.in))
			return NULL;
	return CALL(t, SHORT, t->tools.in) && number(t) > 0 && number(t) < 0x100 && CALL(t, SHORT, t->tools.out) && !number(t)
		     ? "feof"
		     : NULL;
}

static bool comes_to(struct trial *t, uint64_t place, struct span line)
{
	return CALL(t, MIDDLE, t->tools.in, place, 0) && number(t) == 0 && WITH(t, t->tools.get, TEXT2, 64, t->tools.in) &&
	       is_at(t, TEXT2, line);
}

static const char *seeker(struct trial *t)
{
	trial_begin(t);
	if (!t->tools.get || !comes_to(t, 4, SPAN_LIT("de\n\0")) || !comes_to(t, 0, SPAN_LIT("Abc\n\0")))
		return NULL;
	return comes_to(t, 5, SPAN_LIT("e\n\0")) ? "fseek" : NULL;
}

static const char *closer(struct trial *t)
{
	const struct asked *a = &t->m->asked;
	trial_begin(t);
	if (!CALL(t, MIDDLE, t->tools.in) || number(t) != 0 || a->closed != 1 || a->descriptor != FD_IN)
		return NULL;
	return CALL(t, MIDDLE, t->tools.out) && number(t) == 0 && a->closed == 2 && a->descriptor > FD_IN ? "fclose" : NULL;
}

/* ---- writing: what the stream holds comes out when it is closed ---- */

static bool puts_out(struct trial *t, bool called, struct span want)
{
	return called && !t->m->asked.nwrote && WITH(t, t->tools.close, t->tools.out) && t->m->asked.nwrote == want.n &&
	       wrote(t, want);
}

static const char *writer(struct trial *t)
{
	trial_begin(t);
	GIVE(t, TEXT1, "hello");
	bool ok = CALL(t, SHORT, TEXT1, t->tools.out) && number(t) >= 0;
	if (puts_out(t, ok, SPAN_LIT("hello")))
		return "fputs";
	trial_begin(t);
	GIVE(t, TEXT1, "hello");
	ok = CALL(t, SHORT, TEXT1, 1, 5, t->tools.out) && number(t) == 5;
	if (puts_out(t, ok, SPAN_LIT("hello")))
		return "fwrite";
	trial_begin(t);
	ok = CALL(t, SHORT, 'x', t->tools.out) && number(t) == 'x';
	return puts_out(t, ok, SPAN_LIT("x")) ? "fputc" : NULL;
}

static const char *flusher(struct trial *t)
{
	trial_begin(t);
	GIVE(t, TEXT1, "hello");
	if (!WITH(t, t->tools.put, TEXT1, t->tools.out) || t->m->asked.nwrote || !CALL(t, SHORT, t->tools.out) || number(t)
	    || !wrote(t, SPAN_LIT("hello")) || t->m->asked.closed)
		return NULL;
	bool all = WITH(t, t->tools.put, TEXT1, t->tools.out) && CALL(t, SHORT, 0) && number(t) == 0;
	return all && wrote(t, SPAN_LIT("hellohello")) ? "fflush" : NULL;
}

static const char *stream_printer(struct trial *t)
{
	for (unsigned checked = 0; checked < 2; checked++) {     /* fprintf(), and the one with a flag for _FORTIFY_SOURCE */
		trial_begin(t);
		GIVE(t, TEXT1, "%s:%d");
		GIVE(t, TEXT3, "ab");
		bool ok = checked ? CALL(t, MIDDLE, t->tools.out, 1, TEXT1, TEXT3, 7)
				  : CALL(t, MIDDLE, t->tools.out, TEXT1, TEXT3, 7);
		if (puts_out(t, ok && number(t) == 4, SPAN_LIT("ab:7")))
			return checked ? "__fprintf_chk" : "fprintf";
	}
	return NULL;
}

/* To standard output, which a flush of everything writes. */
static const char *printer(struct trial *t)
{
	if (!t->tools.flush)
		return NULL;
	trial_begin(t);
	GIVE(t, TEXT1, "%s:%d");
	GIVE(t, TEXT3, "ab");
	bool ok = CALL(t, MIDDLE, TEXT1, TEXT3, 7) && number(t) == 4 && WITH(t, t->tools.flush, 0);
	if (ok && wrote(t, SPAN_LIT("ab:7")))
		return "printf";
	trial_begin(t);
	GIVE(t, TEXT1, "hello");
	return CALL(t, SHORT, TEXT1) && number(t) >= 0 && WITH(t, t->tools.flush, 0) && wrote(t, SPAN_LIT("hello\n")) ? "puts"
														      : NULL;
}

static const char *logger(struct trial *t)
{
	trial_begin(t);
	GIVE(t, TEXT1, "%s:%d");
	GIVE(t, TEXT3, "ab");
	return CALL(t, MIDDLE, 6, TEXT1, TEXT3, 7) && strcmp(t->m->asked.path, "/dev/log") == 0
		&& memmem(t->m->asked.wrote, t->m->asked.nwrote, "ab:7", 4) ? "syslog" : NULL;
}

static void keep_tool(const struct function **tool, const struct trial *t, bool is)
{
	*tool = is && !*tool ? t->f : *tool;
}

const char *stream_function(struct trial *t)
{
	static const char *(*const ways[STREAM_ROUNDS][6])(struct trial *) = {
		{ line_reader, item_reader, character_reader, closer, scanner, logger },
		{ asker, seeker, writer, stream_printer }, { flusher }, { printer },
	};
	const char *name = NULL;
	for (unsigned i = 0; i < ARRAY_LEN(ways[0]) && ways[t->round][i] && !name; i++)
		name = ways[t->round][i](t);
	/* What closes a socket of its own closes as many descriptors as fclose() does. */
	if (!name || (t->m->asked.opened && strcmp(name, "syslog") != 0))
		return NULL;
	keep_tool(&t->tools.get, t, strcmp(name, "fgets") == 0);
	/* Of several, the one that does most: those that it calls close the descriptor, but do not write what is held. */
	if (strcmp(name, "fclose") == 0 && t->m->probe.steps > t->tools.close_steps) {
		t->tools.close = t->f;
		t->tools.close_steps = t->m->probe.steps;
	}
	keep_tool(&t->tools.put, t, strcmp(name, "fputs") == 0);
	keep_tool(&t->tools.flush, t, strcmp(name, "fflush") == 0);
	return name;
}
