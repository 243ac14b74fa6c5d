/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings as lines "key = value" in the forms that configuration files have: shell and INI, uci, "key value",
 * JSON and XML with an element a line. */
#include "fw/pass/settings.h"

#include <fnmatch.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "fw/model/database.h"
#include "fw/pass/shell_page.h"

/* "result of sqlite3_column_text": which database was opened the trace does not say. */
#define DATABASE_SOURCE "sqlite3_column"

enum { GIVEN = 8192, TEXT_FILE = 64 << 10, SETTINGS_ARENA = 64 << 20, PATH_MOST = 200 };
enum { SCRIPTS_WORK = 512 << 20 };               /* as in pass.c: what is left here is left, and counted, there too */

struct settings {
	struct given *v;
	unsigned n, room;
	struct arena arena;
	const struct scene *scene;
};

static bool is_in(uint8_t c, const char *set)
{
	return c && strchr(set, c);
}

static void give(struct settings *s, struct given g)
{
	if (s->n == GIVEN || !g.value.n || g.value.n > 253 || !text_is_known(g.value))
		return;
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->v = mem_grow(s->v, s->room, sizeof(*s->v));
	}
	s->v[s->n++] = g;
}

static struct span source_named(struct settings *s, const char *kind, struct span name)
{
	return span_str(arena_printf(&s->arena, "%s:%.*s", kind, (int)span_cut(name, PATH_MOST).n, (const char *)name.p));
}

/* A host, an address, with or without a port, and nothing else. */
static bool is_destination(struct span value)
{
	struct act a = { 0 };
	return value.n && !memchr(value.p, '/', value.n) && act_destination(&a, value) && a.setting != SETTING_CONFIGURED &&
	       (a.address.family || (a.host.n && memchr(a.host.p, '.', a.host.n)));
}

/* Splits a line; false: a comment, or nothing. */
static bool line_split(struct span line, struct span *key, struct span *value)
{
	static const char *const words[] = { "export ", "option ", "list ", "set ", "setenv " };
	line = span_strip(line, " \t\r<{,");
	if (!line.n || line.p[0] == '#' || line.p[0] == ';' || span_starts(line, SPAN_LIT("//")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_starts(line, span_str(words[i])))
			line = span_strip(span_from(line, strlen(words[i])), " \t");
	*key = (struct span){ 0 };
	*value = line;
	if (is_destination(line))
		return true;
	size_t n = 0;
	while (n < line.n && !is_in(line.p[n], "=: \t>"))
		n++;
	*key = span_strip(span_cut(line, n), "\"' \t");
	*value = span_strip(span_from(line, n), " \t=:>\"'");
	for (n = 0; n < value->n && !is_in(value->p[n], "\"'<,; \t\r"); n++)
		;
	*value = span_cut(*value, n);
	return true;
}

static void give_lines(struct settings *s, struct span source, struct span text, uint32_t file, unsigned line,
		       bool counted)
{
	struct rd r = rd_of(span_cut(text, TEXT_FILE));
	for (struct span one, key, value; rd_left(&r); line += counted) {
		one = rd_piece(&r, '\n');
		if (line_split(one, &key, &value))
			give(s, (struct given){ source, arena_copy(&s->arena, key), arena_copy(&s->arena, value), file, line });
	}
}

/* ---- what lies in the image ---- */

bool settings_stand_in(const struct scene_file *f)
{
	static const char *const tails[] = {
		".conf", ".cfg", ".ini", ".config", ".xml", ".json", ".cnf", ".txt", ".env", ".prop",
	};
	struct span path = span_str(f->path);
	bool known = span_starts(path, SPAN_LIT("etc/")) || span_has_alike(path, "/etc/") || span_has_alike(path, "config") ||
		     span_has_alike(path, "conf/");
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		known |= path.n > strlen(tails[i]) && span_is(span_from(path, path.n - strlen(tails[i])), tails[i]);
	return known && f->kind == SCENE_OTHER && f->content.n && f->content.n <= TEXT_FILE &&
	       !memchr(f->content.p, 0, f->content.n);
}

static void read_file(struct settings *s, const struct scene_file *f, uint32_t index)
{
	struct span path = span_str(f->path);
	give_lines(s, source_named(s, "file", span_str(arena_printf(&s->arena, "/%s", f->path))), f->content, index, 1, true);
	if (span_has_alike(path, "nvram") || span_has_alike(path, "default") || span_has_alike(path, "factory"))
		give_lines(s, SPAN_LIT("config:"), f->content, index, 1, true);
}

/* ---- what databases hold ---- */

struct book {                                    /* a database that is being read */
	struct settings *s;
	uint32_t file;
};

static int column_like(const struct database_table *t, const char *const *names, size_t n)
{
	for (unsigned i = 0; i < t->ncolumns; i++)
		for (size_t k = 0; k < n; k++)
			if (t->columns[i].n == strlen(names[k]) && span_has_alike(t->columns[i], names[k]))
				return (int)i;
	return -1;
}

static bool is_settings_table(struct span name)
{
	static const char *const parts[] = { "config", "setting", "param", "option", "system",	"network", "server",	"host",
					     "prefer", "propert", "nvram", "remote", "central", "gateway", "connection" };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (span_has_alike(name, parts[i]))
			return true;
	return false;
}

static void give_value(struct book *b, struct span table, struct span key, struct span value)
{
	const char *name = arena_printf(&b->s->arena, "%.*s.%.*s", (int)span_cut(table, PATH_MOST).n, (const char *)table.p,
					(int)span_cut(key, PATH_MOST).n, (const char *)key.p);
	if (is_destination(value) || span_has_alike(key, "port"))
		give(b->s, (struct given){ SPAN_LIT(DATABASE_SOURCE), span_str(name), arena_copy(&b->s->arena, value), b->file, 0 });
}

/* A pair of columns for key and value, or a table of settings with a column for each. */
static void read_row(void *ctx, const struct database_table *t, const struct span *values, uint64_t row)
{
	(void)row;
	static const char *const keys[] = { "key", "name", "param", "parameter", "item", "setting", "option", "property" };
	static const char *const rest[] = { "value", "val", "data", "content" };
	int key = column_like(t, keys, ARRAY_LEN(keys)), value = column_like(t, rest, ARRAY_LEN(rest));
	if (key >= 0 && value >= 0) {
		give_value(ctx, t->name, values[key], values[value]);
		return;
	}
	for (unsigned i = 0; is_settings_table(t->name) && i < t->ncolumns; i++)
		give_value(ctx, t->name, t->columns[i], values[i]);
}

static void read_database(struct settings *s, uint32_t index, struct arena *scratch)
{
	struct database d;
	struct book b = { s, index };
	const struct database_reader to = { read_row, &b };
	(void)!database_read(s->scene->files[index].content, scratch, &to, &d);
}

/* ---- what scripts give ---- */

struct reading {
	struct settings *s;
	uint32_t file;
	const struct shell_command *c;
};

static struct span words_from(struct reading *r, const struct shell_command *c, unsigned from)
{
	struct buf b = { .cap = TEXT_FILE };
	for (unsigned i = from; i < c->nwords; i++) {
		struct span w = c->words[i].text;
		if (i == from && w.n == 2 && w.p[0] == '-')
			continue;
		for (size_t k = 0; k < w.n; k++) {
			bool newline = w.p[k] == '\\' && k + 1 < w.n && w.p[k + 1] == 'n';
			buf_u8(&b, newline ? '\n' : w.p[k]);
			k += newline;
		}
		buf_u8(&b, ' ');
	}
	struct span out = arena_copy(&r->s->arena, buf_span(&b));
	buf_done(&b);
	return out;
}

static void write_to(struct reading *r, struct span path, struct span text)
{
	if (path.n && path.p[0] == '/' && text_is_known(path))
		give_lines(r->s, source_named(r->s, "file", path), text, r->file, r->c->line, false);
}

static void key_to(struct reading *r, struct span key, struct span value)
{
	give(r->s, (struct given){ SPAN_LIT("config:"), arena_copy(&r->s->arena, span_strip(key, " ")),
				   arena_copy(&r->s->arena, span_strip(value, " '\"")), r->file, r->c->line });
}

/* sed -i 's/^server=.*' + '/server=203.0.113.5/': what is put in is a line. */
static void read_sed(struct reading *r)
{
	bool in_place = false;
	const struct shell_command *c = r->c;
	struct span path = c->words[c->nwords - 1].text;
	for (unsigned i = 1; i + 1 < c->nwords; i++) {
		struct span w = c->words[i].text, part;
		in_place |= span_starts(w, SPAN_LIT("-i"));
		if (w.n < 4 || w.p[0] != 's' || !in_place)
			continue;
		struct rd in = rd_of(span_from(w, 2));
		if (rd_until(&in, w.p[1], &part) && rd_until(&in, w.p[1], &part))
			write_to(r, path, part);
	}
}

/* nvram set k=v, nvram_set k v, fw_setenv k v, uci set a.b.k=v, setprop k v */
static void read_set(struct reading *r)
{
	static const char *const pairs[] = { "nvram_set", "fw_setenv", "setprop" };
	const struct shell_command *c = r->c;
	struct span name = path_base(c->words[0].text);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (span_is(name, pairs[i]) && c->nwords > 2)
			key_to(r, c->words[1].text, c->words[2].text);
	bool sets = (span_is(name, "nvram") || span_is(name, "uci")) && c->nwords > 2 && span_is(c->words[1].text, "set");
	struct span w = sets ? c->words[2].text : (struct span){ 0 };
	const uint8_t *mark = w.n ? memchr(w.p, '=', w.n) : NULL;
	if (!mark)
		return;
	struct span key = span_cut(w, (size_t)(mark - w.p));
	const uint8_t *dot = span_is(name, "uci") ? memrchr(key.p, '.', key.n) : NULL;
	key_to(r, dot ? span_from(key, (size_t)(dot - key.p) + 1) : key, span_from(w, (size_t)(mark - w.p) + 1));
}

static void read_write(struct reading *r, const struct shell_command *before)
{
	const struct shell_command *c = r->c;
	struct span name = path_base(c->words[0].text), to = { 0 }, here = { 0 };
	for (unsigned i = 0; i < c->nredirects; i++) {
		bool out = c->redirects[i].kind == SHELL_WRITE || c->redirects[i].kind == SHELL_APPEND;
		if (out && c->redirects[i].fd == 1)
			to = c->redirects[i].to;
		if (c->redirects[i].kind == SHELL_HERE)
			here = c->redirects[i].to;
	}
	bool tee = span_is(name, "tee") && c->nwords > 1;
	if (span_is(name, "echo") || span_is(name, "printf"))
		write_to(r, to, words_from(r, c, 1));
	else if (here.n && (span_is(name, "cat") || tee))
		write_to(r, tee ? c->words[c->nwords - 1].text : to, here);
	else if (tee && c->piped && before && before->nwords && span_is(path_base(before->words[0].text), "echo"))
		write_to(r, c->words[c->nwords - 1].text, words_from(r, before, 1));
}

static void read_script(struct settings *s, const struct scene_file *f, uint32_t index, struct arena *scratch)
{
	struct shell_script script;
	shell_read(shell_of(span_str(f->path), f->content, scratch), scratch, &script);
	for (unsigned i = 0; i < script.n; i++) {
		struct reading r = { s, index, &script.v[i] };
		if (!r.c->nwords)
			continue;
		read_write(&r, i ? &script.v[i - 1] : NULL);
		read_set(&r);
		if (span_is(path_base(r.c->words[0].text), "sed") && r.c->nwords > 3)
			read_sed(&r);
	}
	for (unsigned i = 0; i < script.nexported; i++) {
		const struct shell_variable *v = &script.exported[i];
		give(s, (struct given){ source_named(s, "getenv", v->name), arena_copy(&s->arena, v->name),
					arena_copy(&s->arena, v->value.text), index, v->line });
	}
}

struct settings *settings_new(const struct scene *scene)
{
	struct settings *s = mem_new(sizeof(*s));
	struct arena scratch;
	uint64_t work = 0;
	s->scene = scene;
	arena_init(&s->arena, SETTINGS_ARENA);
	arena_init(&scratch, 256 << 20);
	for (uint32_t i = 0; i < scene->nfiles; i++) {
		if (settings_stand_in(&scene->files[i]))
			read_file(s, &scene->files[i], i);
		if (scene->files[i].kind == SCENE_SCRIPT && work < SCRIPTS_WORK) {
			read_script(s, &scene->files[i], i, &scratch);
			work += span_cut(scene->files[i].content, SHELL_TEXT).n + scratch.used;
		}
		if (database_is(scene->files[i].content))
			read_database(s, i, &scratch);
		arena_reset(&scratch);
	}
	arena_done(&scratch);
	return s;
}

void settings_free(struct settings *s)
{
	arena_done(&s->arena);
	free(s->v);
	free(s);
}

/* ---- questions ---- */

/* Keys of nvram stand in the source: config:KEY. */
static bool is_of(const struct given *g, struct span source)
{
	if (span_is(g->source, "config:"))
		return span_starts(source, g->source) && span_eq(g->key, span_from(source, g->source.n));
	if (span_is(g->source, DATABASE_SOURCE))
		return span_has(source, DATABASE_SOURCE);
	return span_eq(g->source, source);
}

static bool is_asked_for(struct span key, const struct span *keys, unsigned nkeys)
{
	for (unsigned i = 0; i < nkeys; i++)
		if (key.n && span_eq(span_strip(keys[i], " \t=:\"<>[]"), key))
			return true;
	return false;
}

/* The device's own address and the servers of every network say nothing of whom it calls. */
static bool is_own_network(struct span key)
{
	static const char *const parts[] = { "mask", "dns", "nameserver", "ntp", "broadcast", "gateway", "time", "version" };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (span_has_alike(key, parts[i]))
			return true;
	return false;
}

/* Names stand for many things; an address is one. */
static bool leads_away(const struct given *g)
{
	static const char *const parts[] = {
		"server", "host", "url", "addr", "remote", "peer", "dest", "central", "upload", "report",
	};
	struct act a = { 0 };
	if ((act_destination(&a, g->value) && a.address.family) || !g->key.n || span_starts(g->source, SPAN_LIT("getenv:")) ||
	    span_is(g->source, "config:"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (span_has_alike(g->key, parts[i]) && !span_has_alike(g->key, "hostname"))
			return true;
	return false;
}

unsigned settings_destinations(const struct settings *s, struct span source, const struct span *keys, unsigned nkeys,
			       struct given out[SETTINGS_FOUND])
{
	unsigned n = 0;
	bool asked = false;
	for (unsigned i = 0; i < s->n && n < SETTINGS_FOUND; i++) {
		const struct given *g = &s->v[i];
		if (!is_of(g, source) || !is_destination(g->value))
			continue;
		bool named = is_asked_for(g->key, keys, nkeys);
		if ((asked && !named) || (!named && (is_own_network(g->key) || !leads_away(g))))
			continue;
		n = named && !asked ? 0 : n;     /* what the program asks for by name stands before what just lies there */
		asked |= named;
		out[n++] = *g;
	}
	return n;
}

static bool world_file(const void *ctx, struct span path, struct span *content)
{
	const struct settings *s = ctx;
	struct span inside = path.n && path.p[0] == '/' ? span_from(path, 1) : (struct span){ 0 };
	for (uint32_t i = 0; i < s->scene->nfiles && inside.n; i++) {
		const struct scene_file *f = &s->scene->files[i];
		if (!span_is(inside, f->path) || f->kind == SCENE_PROGRAM || !f->content.n || memchr(f->content.p, 0, f->content.n))
			continue;
		*content = f->content;
		return f->content.n > 0;
	}
	return false;
}

static bool world_key(const void *ctx, struct span key, struct span *value)
{
	const struct settings *s = ctx;
	for (unsigned i = 0; i < s->n; i++)
		if (span_is(s->v[i].source, "config:") && span_eq(s->v[i].key, key)) {
			*value = s->v[i].value;
			return true;
		}
	return false;
}

/* Few stars: matching takes time by their number. */
static bool is_simple_pattern(struct span pattern)
{
	enum { STARS = 3 };
	unsigned stars = 0;
	for (size_t i = 0; i < pattern.n; i++)
		stars += pattern.p[i] == '*';
	return stars <= STARS && pattern.n < PATH_MOST && !memchr(pattern.p, 0, pattern.n);
}

static unsigned world_match(const void *ctx, struct span pattern, struct arena *a, struct span *out, unsigned most)
{
	const struct settings *s = ctx;
	unsigned n = 0;
	const char *form = is_simple_pattern(pattern) ? (const char *)arena_copy(a, pattern).p : NULL;
	for (uint32_t i = 0; form && i < s->scene->nfiles; i++) {
		const char *path = arena_printf(a, "/%s", s->scene->files[i].path);
		if (!path || fnmatch(form, path, FNM_PATHNAME | FNM_PERIOD | FNM_NOESCAPE) != 0)
			continue;
		unsigned at = n < most ? n++ : most;
		for (; at > 0 && strcmp((const char *)out[at - 1].p, path) > 0; at--)
			if (at < most)
				out[at] = out[at - 1];
		if (at < most)
			out[at] = span_str(path);
	}
	return n;
}

struct shell_world settings_world(const struct settings *s)
{
	return (struct shell_world){ .file = world_file, .key = world_key, .match = world_match, .ctx = s };
}

uint16_t settings_port(const struct settings *s, struct span source)
{
	for (unsigned i = 0; i < s->n; i++) {
		const struct given *g = &s->v[i];
		uint32_t port = 0;
		for (size_t k = 0; k < g->value.n && port <= UINT16_MAX; k++)
			port = g->value.p[k] >= '0' && g->value.p[k] <= '9' ? port * 10 + (g->value.p[k] - '0') : UINT32_MAX / 16;
		bool same = span_eq(g->source, source) || (span_is(g->source, DATABASE_SOURCE) && is_of(g, source));
		if (same && span_has_alike(g->key, "port") && port && port <= UINT16_MAX)
			return (uint16_t)port;
	}
	return 0;
}
