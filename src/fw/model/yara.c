/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libyara 4.2 (rules as its manual has them, "Writing YARA rules"). It keeps no bytes of what it matched here
 * (YR_CONFIG_MAX_MATCH_DATA 0), stops at the first place of strings whose number no condition asks for (fast mode: a
 * string that matches a million times costs one), and installs no signal handlers, which a sandbox forbids. */
#include "fw/model/yara.h"

#include <yara.h>

enum { NAMES = 512, SLOW = 4096, STRINGS_OF_RULE = 10000, TAGS = 32, METAS = 32, META_TEXT = 256, PATH_BYTES = 4096 };

static const struct field hit_fields[] = {
	[YAH_STRING] = { "string", F_TEXT, "identifier of the string in its rule" },
	[YAH_OFFSET] = { "offset", F_UINT, "where it stands in the member", "By" },
	[YAH_LENGTH] = { "length", F_UINT, "how long what it matched is", "By" },
};
static RECORD_TYPE(hit_type, "yara_hit", "A place at which a string of a rule matches", hit_fields);

static const struct field match_fields[] = {
	[YAM_FILE] = { "member", F_UINT, "number of the member" },
	[YAM_RULE] = { "rule", F_TEXT, "its identifier" },
	[YAM_SOURCE] = { "source", F_TEXT, "file of rules in which it stands" },
	[YAM_TAGS] = { "tags", F_TEXTS, "its tags" },
	[YAM_META] = { "meta", F_TEXTS, "what it says of itself: key = value" },
	[YAM_HITS] = { "hits", F_RECORDS, "where its strings match", .nested = &hit_type },
	[YAM_COUNT] = { "count", F_UINT, "how many such places were met" },
};
const struct record_type yara_match_type = { .name = "yara_match", .doc = "A YARA rule that matches a member",
					     .fields = match_fields, .nfields = ARRAY_LEN(match_fields), .working = true };

bool yara_prepare(void)
{
	return yr_initialize() == ERROR_SUCCESS && yr_set_configuration_uint32(YR_CONFIG_MAX_MATCH_DATA, 0) == ERROR_SUCCESS &&
	       yr_set_configuration_uint32(YR_CONFIG_MAX_STRINGS_PER_RULE, STRINGS_OF_RULE) == ERROR_SUCCESS;
}

/* ---- rules ---- */

/* Modules that would need what this process may not have, or would not give the same again. */
static const struct refused_module {
	const char *name, *why;
} refused_modules[] = {
	{ "magic", "the module magic needs a data base that this process may not open" },
	{ "cuckoo", "the module cuckoo needs the report of another program" },
	{ "time", "with the module time the same image would not give the same findings" },
};

#define MODULES_THERE "; pe, elf, hash, math, dotnet, macho and console are there: take the rule out of the file"

struct compile {
	const struct yara_source *source;
	struct arena arena;                      /* texts with a NUL behind them */
	char **texts;
	bool *included;
	uint32_t current;                        /* the file that is compiled */
	const char *names[NAMES];                /* as `include` called them, and which file that was */
	uint32_t meant[NAMES], nnames;
	char *slow[SLOW];                        /* "space\nrule" of those that are slow, each once */
	uint32_t nslow;
	bool quiet;                              /* errors are not said: another round comes */
	bool failed;
};

static void say(struct compile *c, bool is_error, const char *file, int line, const char *what)
{
	c->failed |= is_error;
	if (!c->quiet)
		c->source->say(c->source->ctx, is_error, file, line, what);
}

static const char *file_of(const struct compile *c, const char *called)
{
	for (uint32_t i = c->nnames; called && i-- > 0;)
		if (strcmp(c->names[i], called) == 0)
			return c->source->v[c->meant[i]].name;
	return called ? called : c->source->v[c->current].name;
}

/* Warnings of one rule come one behind the other. */
static void note_slow(struct compile *c, const YR_RULE *rule, const char *message)
{
	if (!rule || !strstr(message, "slow down") || c->nslow == SLOW)
		return;
	char *name = arena_printf(&c->arena, "%u\n%s", c->current, rule->identifier);
	if (name && (!c->nslow || strcmp(c->slow[c->nslow - 1], name) != 0))
		c->slow[c->nslow++] = name;
}

static void on_message(int level, const char *file, int line, const YR_RULE *rule, const char *message, void *ctx)
{
	char text[512];
	note_slow(ctx, rule, message);
	bool include = strstr(message, "failed to provide include") != NULL;
	snprintf(text, sizeof(text), "%s%s%s%s", rule ? rule->identifier : "", rule ? ": " : "", message,
		 include ? " (included files are looked for among the rules at hand: name their folder with --yara)" : "");
	say(ctx, level == YARA_ERROR_LEVEL_ERROR, file_of(ctx, file), line, text);
}

/* One more part of a path: "." and ".." are done here, not by a file system. */
static void path_add(char out[PATH_BYTES], const char *part, size_t n)
{
	size_t have = strlen(out);
	char *slash = strrchr(out, '/');
	const char *last = slash ? slash + 1 : out;
	if (n == 0 || (n == 1 && part[0] == '.'))
		return;
	if (n == 2 && memcmp(part, "..", 2) == 0 && *last && strcmp(last, "..") != 0) {
		out[slash && slash > out ? slash - out : slash ? 1 : 0] = '\0';
		return;
	}
	bool join = have && out[have - 1] != '/';
	if (have + n + 2 < PATH_BYTES)
		snprintf(out + have, PATH_BYTES - have, "%s%.*s", join ? "/" : "", (int)n, part);
}

static void path_add_all(char out[PATH_BYTES], const char *path, size_t n)
{
	for (size_t at = 0, len; at < n; at += len + 1) {
		const char *slash = memchr(path + at, '/', n - at);
		len = slash ? (size_t)(slash - path) - at : n - at;
		path_add(out, path + at, len);
	}
}

static void path_plain(char out[PATH_BYTES], const char *path)
{
	snprintf(out, PATH_BYTES, "%s", path[0] == '/' ? "/" : "");
	path_add_all(out, path, strlen(path));
}

/* An include is relative to the file in which it stands. */
static const char *on_include(const char *name, const char *from, const char *space, void *ctx)
{
	struct compile *c = ctx;
	char want[PATH_BYTES], have[PATH_BYTES];
	const char *base = file_of(c, from), *slash = strrchr(base, '/');
	(void)space;
	snprintf(want, sizeof(want), "%s", name[0] == '/' || base[0] == '/' ? "/" : "");
	if (name[0] != '/' && slash)
		path_add_all(want, base, (size_t)(slash - base));
	path_add_all(want, name, strlen(name));
	for (uint32_t i = 0; i < c->source->n && c->nnames < NAMES; i++) {
		path_plain(have, c->source->v[i].name);
		if (strcmp(want, have) != 0)
			continue;
		c->included[i] = true;
		c->names[c->nnames] = (const char *)arena_copy(&c->arena, span_str(name)).p;
		if (!c->names[c->nnames])
			return NULL;
		c->meant[c->nnames++] = i;
		return c->texts[i];
	}
	return NULL;
}

static YR_COMPILER *compiler_open(struct compile *c)
{
	static const char *const externals[] = { "filename", "filepath", "extension", "filetype", "owner" };
	YR_COMPILER *y = NULL;
	if (yr_compiler_create(&y) != ERROR_SUCCESS)
		return NULL;
	yr_compiler_set_callback(y, on_message, c);
	yr_compiler_set_include_callback(y, on_include, NULL, c);
	for (size_t i = 0; i < ARRAY_LEN(externals); i++)
		if (yr_compiler_define_string_variable(y, externals[i], "") != ERROR_SUCCESS)
			c->failed = true;
	return y;
}

/* Each file has a name space of its own, "3:path": two files may call a rule alike. Behind an error libyara's compiler
 * takes nothing more; a fresh one says the errors of the other files. */
static YR_COMPILER *compile_round(struct compile *c, const bool *skip)
{
	YR_COMPILER *y = compiler_open(c);
	c->nslow = 0;
	for (c->current = 0; y && c->current < c->source->n; c->current++) {
		char space[PATH_BYTES];
		snprintf(space, sizeof(space), "%u:%s", c->current, c->source->v[c->current].name);
		c->nnames = 0;
		if (skip[c->current] || yr_compiler_add_string(y, c->texts[c->current], space) == 0)
			continue;
		c->failed = true;
		yr_compiler_destroy(y);
		y = compiler_open(c);
	}
	return y;
}

static int line_of(const char *text, const char *module)
{
	char want[64];
	int line = 1;
	snprintf(want, sizeof(want), "\"%s\"", module);
	const char *at = strstr(text, "import") ? strstr(text, want) : NULL;
	for (const char *p = text; at && p < at; p++)
		line += *p == '\n';
	return at ? line : 0;
}

static void refuse_module(struct compile *c, const struct refused_module *m)
{
	char what[256];
	uint32_t i = 0;
	while (i + 1 < c->source->n && !line_of(c->texts[i], m->name))
		i++;
	snprintf(what, sizeof(what), "%s%s", m->why, MODULES_THERE);
	say(c, true, c->source->v[i].name, line_of(c->texts[i], m->name), what);
}

/* libyara names the modules of its rules when it begins to look through something. */
static int on_trial(YR_SCAN_CONTEXT *context, int message, void *data, void *ctx)
{
	const YR_MODULE_IMPORT *import = data;
	(void)context;
	if (message != CALLBACK_MSG_IMPORT_MODULE)
		return CALLBACK_CONTINUE;
	for (size_t i = 0; i < ARRAY_LEN(refused_modules); i++)
		if (strcmp(import->module_name, refused_modules[i].name) == 0) {
			refuse_module(ctx, &refused_modules[i]);
			return CALLBACK_ERROR;
		}
	return CALLBACK_CONTINUE;
}

static size_t on_write(const void *p, size_t size, size_t count, void *out)
{
	buf_bytes(out, span_of(p, size * count));
	return count;
}

static bool is_slow(const struct compile *c, const YR_RULE *rule)
{
	char name[PATH_BYTES];
	const char *colon = strchr(rule->ns->name, ':');
	snprintf(name, sizeof(name), "%.*s\n%s", colon ? (int)(colon - rule->ns->name) : 0, rule->ns->name, rule->identifier);
	for (uint32_t i = 0; i < c->nslow; i++)
		if (strcmp(c->slow[i], name) == 0)
			return true;
	return false;
}

/* Before the rules as libyara writes them: le32 how many are slow, le32 the index of each. */
static void put_slow(const struct compile *c, const YR_RULES *rules, struct buf *out)
{
	uint32_t n = 0;
	size_t head = out->n;
	buf_le32(out, 0);
	for (uint32_t i = 0; i < rules->num_rules; i++)
		if (is_slow(c, &rules->rules_table[i])) {
			buf_le32(out, i);
			n++;
		}
	for (unsigned i = 0; i < 4 && !out->full; i++)
		out->p[head + i] = (uint8_t)(n >> 8 * i);
}

/* Returns how many rules; 0 and said: none that can be used. */
static uint32_t finish(struct compile *c, YR_COMPILER *y, struct buf *out)
{
	YR_RULES *rules = NULL;
	YR_STREAM stream = { .user_data = out, .write = on_write };
	if (yr_compiler_get_rules(y, &rules) != ERROR_SUCCESS) {
		say(c, true, c->source->v[0].name, 0, "the rules need more memory than there is: give fewer at a time");
		return 0;
	}
	uint32_t n = rules->num_rules;
	put_slow(c, rules, out);
	if (yr_rules_scan_mem(rules, (const uint8_t *)" ", 1, SCAN_FLAGS_NO_TRYCATCH, on_trial, c, 0) == ERROR_SUCCESS &&
	    (yr_rules_save_stream(rules, &stream) != ERROR_SUCCESS || out->full))
		say(c, true, c->source->v[0].name, 0, "the compiled rules are too large: give fewer at a time");
	if (n == 0)
		say(c, true, c->source->v[0].name, 0, "there is no rule in it");
	yr_rules_destroy(rules);
	return c->failed ? 0 : n;
}

static bool take_texts(struct compile *c)
{
	if (c->texts[0])
		return true;
	const struct yara_source *s = c->source;
	for (uint32_t i = 0; i < s->n; i++) {
		struct span t = s->v[i].content;
		if (span_starts(t, SPAN_LIT("YARA")) && t.n > 4 && t.p[4] < ' ')
			say(c, true, s->v[i].name, 0, "these are compiled rules: give their text, as compiled rules are trusted blindly");
		else if (t.n && memchr(t.p, 0, t.n))
			say(c, true, s->v[i].name, 0, "this is no text");
		c->texts[i] = mem_text(t);
	}
	return !c->failed;
}

uint32_t yara_compile(const struct yara_source *s, struct buf *out)
{
	struct compile c = { .source = s, .texts = mem_array(s->n + 1u, sizeof(char *)),
			     .included = mem_array(s->n + 1u, sizeof(bool)) };
	bool *skip = mem_array(s->n + 1u, sizeof(*skip));
	uint32_t n = 0;
	arena_init(&c.arena, 16 << 20);
	YR_COMPILER *y = NULL;
	/* Two rounds: a file that another one includes is not compiled by itself too, and which those are is known only
	 * when all were. */
	for (unsigned round = 0; round < 2 && take_texts(&c); round++) {
		c.quiet = round == 0;
		if (y)
			yr_compiler_destroy(y);
		y = compile_round(&c, skip);
		memcpy(skip, c.included, s->n * sizeof(*skip));
		c.failed = c.failed && !c.quiet;
	}
	if (y && !c.failed)
		n = finish(&c, y, out);
	if (y)
		yr_compiler_destroy(y);
	for (uint32_t i = 0; i < s->n; i++)
		free(c.texts[i]);
	free(c.texts);
	free(c.included);
	free(skip);
	arena_done(&c.arena);
	return n;
}

/* ---- members ---- */

struct yara_scanner {
	YR_RULES *rules;
	YR_SCANNER *scanner;
	struct rd in;                            /* while the rules are loaded */
	struct span slow;                        /* le32 indices */
	uint32_t file;                           /* while a member is looked into */
	const struct record_host *host;
	const struct sink *to;
	bool hushed;
	bool crowded;                            /* a string matched too often for libyara to go on with it */
};

static size_t on_read(void *p, size_t size, size_t count, void *ctx)
{
	struct rd *r = ctx;
	struct span s = rd_span(r, size * count);
	if (!rd_ok(r))
		return 0;
	if (s.n)
		memcpy(p, s.p, s.n);
	return count;
}

static void add_words(struct record *r, const YR_RULE *rule)
{
	const char *tag;
	const YR_META *m;
	unsigned n = 0;
	yr_rule_tags_foreach(rule, tag)
		if (n++ < TAGS)
			record_add_text(r, YAM_TAGS, span_cut(span_str(tag), META_TEXT));
	n = 0;
	yr_rule_metas_foreach(rule, m)
	{
		char text[META_TEXT];
		if (n++ == METAS)
			break;
		if (m->type == META_TYPE_STRING)
			snprintf(text, sizeof(text), "%.80s = %s", m->identifier, m->string);
		else if (m->type == META_TYPE_BOOLEAN)
			snprintf(text, sizeof(text), "%.80s = %s", m->identifier, m->integer ? "true" : "false");
		else
			snprintf(text, sizeof(text), "%.80s = %lld", m->identifier, (long long)m->integer);
		record_add_text(r, YAM_META, span_str(text));
	}
}

struct hit {
	const char *string;
	uint64_t offset, length;
};

static bool is_before(const struct hit *a, const struct hit *b)
{
	if (a->offset != b->offset)
		return a->offset < b->offset;
	return strcmp(a->string, b->string) < 0;
}

/* Keeps the first ones in order of place. */
static unsigned keep_hit(struct hit *v, unsigned n, struct hit h)
{
	unsigned at = n;
	while (at && is_before(&h, &v[at - 1]))
		at--;
	if (at == YARA_HITS)
		return n;
	n += n < YARA_HITS;
	for (unsigned i = n - 1; i > at; i--)
		v[i] = v[i - 1];
	v[at] = h;
	return n;
}

static void add_hits(struct record *r, YR_SCAN_CONTEXT *context, const YR_RULE *rule)
{
	struct hit v[YARA_HITS];
	unsigned n = 0;
	uint64_t count = 0;
	const YR_STRING *s;
	const YR_MATCH *m;
	yr_rule_strings_foreach(rule, s)
	{
		/* The later parts of a string with a gap: the first one tells of the whole. */
		if (s->chained_to)
			continue;
		yr_string_matches_foreach(context, s, m)
		{
			count++;
			n = keep_hit(v, n, (struct hit){ s->identifier, (uint64_t)(m->base + m->offset), (uint64_t)m->match_length });
		}
	}
	for (unsigned i = 0; i < n; i++) {
		struct record *hit = arena_new(r->host->arena, sizeof(*hit));
		if (!hit)
			return;
		record_begin(hit, &hit_type, NULL, r->host);
		record_str(hit, YAH_STRING, v[i].string);
		record_uint(hit, YAH_OFFSET, v[i].offset);
		record_uint(hit, YAH_LENGTH, v[i].length);
		record_add(r, YAM_HITS, hit);
	}
	record_uint(r, YAM_COUNT, count);
}

static int on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *ctx)
{
	struct yara_scanner *y = ctx;
	const YR_RULE *rule = data;
	struct record r;
	if (message == CALLBACK_MSG_TOO_MANY_MATCHES)
		y->crowded = true;
	if (message != CALLBACK_MSG_RULE_MATCHING)
		return CALLBACK_CONTINUE;
	const char *colon = strchr(rule->ns->name, ':');
	record_begin(&r, &yara_match_type, NULL, y->host);
	record_uint(&r, YAM_FILE, y->file);
	record_str(&r, YAM_RULE, rule->identifier);
	record_str(&r, YAM_SOURCE, colon ? colon + 1 : rule->ns->name);
	add_words(&r, rule);
	add_hits(&r, context, rule);
	publish(y->to, &r);
	return CALLBACK_CONTINUE;
}

struct yara_scanner *yara_scanner_open(struct span compiled)
{
	struct yara_scanner *y = mem_new(sizeof(*y));
	YR_STREAM stream = { .user_data = &y->in, .read = on_read };
	y->in = rd_of(compiled);
	uint64_t slow = rd_le32(&y->in);
	y->slow = rd_span(&y->in, 4 * slow);
	if (yr_rules_load_stream(&stream, &y->rules) == ERROR_SUCCESS &&
	    yr_scanner_create(y->rules, &y->scanner) == ERROR_SUCCESS) {
		yr_scanner_set_callback(y->scanner, on_scan, y);
		yr_scanner_set_flags(y->scanner,
				     SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH | SCAN_FLAGS_REPORT_RULES_MATCHING);
		return y;
	}
	yara_scanner_close(y);
	return NULL;
}

void yara_scanner_close(struct yara_scanner *y)
{
	if (!y)
		return;
	if (y->scanner)
		yr_scanner_destroy(y->scanner);
	if (y->rules)
		yr_rules_destroy(y->rules);
	free(y);
}

uint32_t yara_scanner_hush_slow(struct yara_scanner *y)
{
	struct rd r = rd_of(y->slow);
	while (rd_left(&r)) {
		uint32_t i = rd_le32(&r);
		if (i < y->rules->num_rules)
			yr_rule_disable(&y->rules->rules_table[i]);
	}
	y->hushed = true;
	return (uint32_t)(y->slow.n / 4);
}

bool yara_scanner_hush_culprit(struct yara_scanner *y)
{
	YR_RULE *rule = yr_scanner_last_error_rule(y->scanner);
	if (!rule || RULE_IS_DISABLED(rule))
		return false;
	yr_rule_disable(rule);
	y->hushed = true;
	return true;
}

void yara_scanner_hush_none(struct yara_scanner *y)
{
	for (uint32_t i = 0; y->hushed && i < y->rules->num_rules; i++)
		yr_rule_enable(&y->rules->rules_table[i]);
	y->hushed = false;
}

/* A disabled rule is not judged, but libyara 4.2 goes on looking for its strings: what it does with a string that has
 * matched too often holds for one member, and stops that too. */
static void hush_strings(struct yara_scanner *y)
{
	for (uint32_t i = 0; y->hushed && i < y->rules->num_strings; i++)
		if (RULE_IS_DISABLED(&y->rules->rules_table[y->rules->strings_table[i].rule_idx]))
			yr_bitmask_set(y->scanner->strings_temp_disabled, i);
}

const char *yara_scanned_word(enum yara_scanned s)
{
	static const char *const words[] = {
		[YARA_CROWDED] = "a string matches a million times: its rule was judged without the rest",
		[YARA_NO_MEMORY] = "the rules need more memory for it than there is",
		[YARA_BRANCHES] = "a regular expression branches too often on it",
		[YARA_GAVE_UP] = "libyara gave it up",
	};
	return words[s];
}

static bool set_names(struct yara_scanner *y, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
	const struct {
		const char *name, *value;
	} v[] = { { "filepath", path }, { "filename", name }, { "extension", dot ? dot : "" } };
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (yr_scanner_define_string_variable(y->scanner, v[i].name, v[i].value) != ERROR_SUCCESS)
			return false;
	return true;
}

enum yara_scanned yara_scan(struct yara_scanner *y, uint32_t file, const char *path, struct span content,
		      const struct record_host *host, const struct sink *to)
{
	y->file = file;
	y->host = host;
	y->to = to;
	y->crowded = false;
	if (!content.n)
		return YARA_WHOLE;
	hush_strings(y);
	int rc = set_names(y, path) ? yr_scanner_scan_mem(y->scanner, content.p, content.n) : ERROR_INSUFFICIENT_MEMORY;
	switch (rc) {
	case ERROR_SUCCESS: return y->crowded ? YARA_CROWDED : YARA_WHOLE;
	case ERROR_INSUFFICIENT_MEMORY: return YARA_NO_MEMORY;
	case ERROR_TOO_MANY_RE_FIBERS: return YARA_BRANCHES;
	default: return YARA_GAVE_UP;
	}
}
