/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two readers: files of keys and values, and banners of kernel, boot loader and BusyBox. Dates are written without
 * their zone: that stands in `said`. */
#include "fw/model/identity.h"

#include "base/ascii.h"

enum {
	TEXT_BYTES = 64 << 10, SPOKEN_BYTES = 2048, VALUE_BYTES = 128, SAID_BYTES = 240, BANNER_BYTES = 400, PATH_PARTS = 3,
	LOOK_BYTES = 4096, KEY_BYTES_MAX = 32,
};

static const char *const whats[IDENTITY_WHATS] = {
	[IDENTITY_MAKER] = "maker", [IDENTITY_MODEL] = "model", [IDENTITY_BOARD] = "board", [IDENTITY_VERSION] = "version",
	[IDENTITY_BUILD] = "build", [IDENTITY_SYSTEM] = "system", [IDENTITY_KERNEL] = "kernel",
	[IDENTITY_LOADER] = "boot loader", [IDENTITY_COMPILER] = "compiler", [IDENTITY_BUILT] = "built",
};

const char *identity_name(enum identity_what w)
{
	return whats[w];
}

struct find {
	struct span content;
	struct arena *arena;
	struct identity *out;
	unsigned n;
};

/* What makers leave in a template. */
static bool is_placeholder(struct span s)
{
	static const char *const words[] = { "OpenWrt", "Generic", "generic", "unknown", "Unknown", "none", "None", "N/A",
					     "n/a", "0", "v0", "TBD", "default" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(s, words[i]))
			return true;
	return s.n && (s.p[0] == '@' || s.p[0] == '$' || s.p[0] == '%');
}

static void add(struct find *f, enum identity_what what, struct span value, struct span said, double confidence)
{
	value = span_trim(value);
	if (!value.n || value.n > VALUE_BYTES || is_placeholder(value) || f->n == IDENTITY_MAX)
		return;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] == 0x7f)
			return;
	for (unsigned i = 0; i < f->n; i++)
		if (f->out[i].what == what && span_eq(f->out[i].value, value))
			return;
	f->out[f->n++] = (struct identity){ what, value, span_cut(said, SAID_BYTES), (uint64_t)(said.p - f->content.p),
					    confidence };
}

/* ---- dates ---- */

struct date {
	unsigned year, month, day, hour, minute, second;
	bool has_time;
};

/* Decimal digits, `least` to `most` of them. */
static bool take_number(struct rd *r, unsigned least, unsigned most, unsigned *out)
{
	unsigned v = 0, n = 0;
	for (; n < most && rd_left(r) && ascii_is_digit(rd_peek(r)); n++)
		v = v * 10 + rd_u8(r) - '0';
	*out = v;
	return n >= least;
}

static bool take_char(struct rd *r, char c)
{
	if (!rd_left(r) || rd_peek(r) != (uint8_t)c)
		return false;
	rd_skip(r, 1);
	return true;
}

static unsigned take_month(struct rd *r)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct span s = rd_span(r, 3);
	for (unsigned i = 0; s.n == 3 && i < 12; i++)
		if (memcmp(s.p, names + (size_t)3 * i, 3) == 0)
			return i + 1;
	return 0;
}

static void skip_blanks(struct rd *r)
{
	while (rd_left(r) && rd_peek(r) == ' ')
		rd_skip(r, 1);
}

static bool take_time(struct rd *r, struct date *d)
{
	struct rd at = *r;
	bool good = take_number(&at, 2, 2, &d->hour) && take_char(&at, ':') && take_number(&at, 2, 2, &d->minute);
	d->second = 0;
	if (good && take_char(&at, ':'))
		good = take_number(&at, 2, 2, &d->second);
	d->has_time = good && d->hour < 24 && d->minute < 60 && d->second < 61;
	if (d->has_time)
		*r = at;
	return d->has_time;
}

/* "2011-03-04 12:33:12", "2011-03-04T12:33" */
static bool date_of_numbers(struct rd r, struct date *d)
{
	if (!take_number(&r, 4, 4, &d->year) || !take_char(&r, '-') || !take_number(&r, 2, 2, &d->month) ||
	    !take_char(&r, '-') || !take_number(&r, 2, 2, &d->day))
		return false;
	if (take_char(&r, ' ') || take_char(&r, 'T'))
		(void)take_time(&r, d);
	return true;
}

/* "Aug 09 2012 - 15:07:45", "Mar  2 07:00:00 UTC 2026": what C and date(1) print. */
static bool date_of_words(struct rd r, struct date *d)
{
	d->month = take_month(&r);
	if (!d->month || !take_char(&r, ' '))
		return false;
	skip_blanks(&r);
	if (!take_number(&r, 1, 2, &d->day) || !take_char(&r, ' '))
		return false;
	if (take_time(&r, d)) {
		struct rd zone = r;
		skip_blanks(&zone);
		for (unsigned i = 0; i < 6 && rd_left(&zone) && !ascii_is_digit(rd_peek(&zone)) && rd_peek(&zone) != ' '; i++)
			rd_skip(&zone, 1);
		skip_blanks(&zone);
		return take_number(&zone, 4, 4, &d->year);
	}
	if (!take_number(&r, 4, 4, &d->year))
		return false;
	skip_blanks(&r);
	if (take_char(&r, '-'))
		skip_blanks(&r);
	(void)take_time(&r, d);
	return true;
}

/* The first date in s. */
static bool date_find(struct span s, struct date *out)
{
	for (size_t i = 0; i < s.n; i++) {
		struct date d = { 0 };
		struct rd r = rd_of(span_from(s, i));
		bool edge = i == 0 || !ascii_is_digit(s.p[i - 1]);
		if (!edge || !(date_of_numbers(r, &d) || date_of_words(r, &d)))
			continue;
		if (d.year < 1980 || d.year > 2100 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > 31)
			continue;
		*out = d;
		return true;
	}
	return false;
}

/* `said`: what was built, with the date in it. */
static void add_built(struct find *f, struct span dated, struct span said, double confidence)
{
	struct date d;
	if (!date_find(dated, &d))
		return;
	char text[64];
	int n = snprintf(text, sizeof(text), "%04u-%02u-%02u", d.year, d.month, d.day);
	if (d.has_time)
		snprintf(text + n, sizeof(text) - (size_t)n, " %02u:%02u:%02u", d.hour, d.minute, d.second);
	add(f, IDENTITY_BUILT, arena_copy(f->arena, span_str(text)), said, confidence);
}

/* ---- keys and values ---- */

struct keyed {
	const char *path, *key;
	enum identity_what what;
	double confidence;
};

#define KEYED(path, key, what, confidence) { path, key, what, confidence },
#define SPOKEN(key, what, confidence)
static const struct keyed keyed[] = {
#include "fw/model/identity.def"
};
#undef KEYED
#undef SPOKEN
#define KEYED(path, key, what, confidence)
#define SPOKEN(key, what, confidence) { NULL, key, what, confidence },
static const struct keyed spoken[] = {
#include "fw/model/identity.def"
};
#undef KEYED
#undef SPOKEN

/* "etc/version" is the end of "rootfs/etc/version", not of "petc/version". */
static bool ends_with(struct span path, const char *end)
{
	size_t n = strlen(end);
	return path.n >= n && memcmp(path.p + path.n - n, end, n) == 0 && (path.n == n || path.p[path.n - n - 1] == '/');
}

static struct span base_of(struct span path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return span_from(path, i);
	return path;
}

/* Lower case, only letters and digits. */
static void plain_key(struct span s, char out[KEY_BYTES_MAX])
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 1 < KEY_BYTES_MAX; i++) {
		uint8_t c = s.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || ascii_is_digit(c))
			out[n++] = (char)c;
	}
	out[n] = '\0';
}

/* A short file that calls itself after versions, not deep in the tree, and none of a package's own. */
static bool is_version_file(struct span path, struct span content)
{
	static const char *const names[] = { "version", "release", "firmware", "product", "build" };
	static const char *const foreign[] = { "usr/share/", "usr/lib/", "usr/include/", "usr/src/", "lib/", "proc/", "sys/" };
	struct span base = base_of(path);
	char plain[KEY_BYTES_MAX];
	unsigned parts = 1;
	bool named = false;
	for (size_t i = 0; i < path.n; i++)
		parts += path.p[i] == '/';
	plain_key(base, plain);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		named |= strstr(plain, names[i]) != NULL;
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		named &= !span_starts(path, span_str(foreign[i]));
	return named && parts <= PATH_PARTS && content.n <= SPOKEN_BYTES;
}

/* Quotes and a closing semicolon fall away. */
static struct span bare_value(struct span v)
{
	v = span_trim(v);
	if (v.n && v.p[v.n - 1] == ';')
		v = span_trim(span_cut(v, v.n - 1));
	if (v.n >= 2 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
		v = span_cut(span_from(v, 1), v.n - 2);
	return v;
}

static void add_value(struct find *f, const struct keyed *k, struct span value, struct span line)
{
	if (k->what == IDENTITY_BUILT)
		add_built(f, value, line, k->confidence);
	else
		add(f, k->what, value, line, k->confidence);
}

static void read_line(struct find *f, const struct member *m, struct span line, bool is_spoken)
{
	char plain[KEY_BYTES_MAX];
	size_t at = 0;
	while (at < line.n && line.p[at] != '=' && line.p[at] != ':')
		at++;
	if (at == line.n)
		return;
	struct span key = span_trim(span_cut(line, at)), value = bare_value(span_from(line, at + 1));
	for (size_t i = 0; i < ARRAY_LEN(keyed); i++)
		if (span_is(key, keyed[i].key) && ends_with(m->path, keyed[i].path))
			add_value(f, &keyed[i], value, line);
	plain_key(key, plain);
	for (size_t i = 0; is_spoken && i < ARRAY_LEN(spoken); i++)
		if (strcmp(plain, spoken[i].key) == 0)
			add_value(f, &spoken[i], value, line);
}

/* "V1.02.03 build 4", and nothing else in the file. */
static bool is_bare_version(struct span s)
{
	size_t i = s.n && (s.p[0] == 'v' || s.p[0] == 'V') ? 1 : 0;
	bool dot = false;
	if (i >= s.n || !ascii_is_digit(s.p[i]))
		return false;
	for (; i < s.n && !ascii_is_blank(s.p[i]); i++) {
		if (!ascii_is_shown(s.p[i]))
			return false;
		dot |= s.p[i] == '.';
	}
	return dot && s.n <= VALUE_BYTES / 2;
}

static bool is_keyed_file(struct span path)
{
	for (size_t i = 0; i < ARRAY_LEN(keyed); i++)
		if (ends_with(path, keyed[i].path))
			return true;
	return false;
}

static void read_text(struct find *f, const struct member *m)
{
	bool is_spoken = is_version_file(m->path, f->content), is_keyed = is_keyed_file(m->path);
	struct rd r = rd_of(span_cut(f->content, TEXT_BYTES));
	struct span line, all = span_trim(f->content);
	if (is_spoken && !is_keyed && !memchr(all.p ? all.p : (const uint8_t *)"", '\n', all.n) && is_bare_version(all)) {
		add(f, IDENTITY_VERSION, all, all, 0.6);
		return;
	}
	while ((is_spoken || is_keyed) && rd_left(&r)) {
		if (!rd_until(&r, '\n', &line))
			line = rd_rest(&r);
		if (line.n && line.p[0] != '#')
			read_line(f, m, span_trim(line), is_spoken && !is_keyed);
	}
}

/* ---- banners ---- */

static struct span printable(struct span s)
{
	size_t n = 0;
	while (n < s.n && n < BANNER_BYTES && ascii_is_shown(s.p[n]))
		n++;
	return span_cut(s, n);
}

/* "2.6.27.8-lab" */
static struct span version_at(struct span s)
{
	size_t n = 0;
	while (n < s.n && ascii_is_shown(s.p[n]) && s.p[n] != ' ' && s.p[n] != '(' && s.p[n] != ')' && s.p[n] != ',')
		n++;
	return n && ascii_is_digit(s.p[0]) ? span_cut(s, n) : (struct span){ 0 };
}

/* What stands between the parentheses that open at the first "(" of s, others within too. */
static struct span in_parentheses(struct span s, size_t *end)
{
	unsigned depth = 0;
	size_t start = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '(' && depth++ == 0)
			start = i + 1;
		if (s.p[i] == ')' && depth && --depth == 0) {
			*end = i + 1;
			return span_cut(span_from(s, start), i - start);
		}
	}
	*end = s.n;
	return (struct span){ 0 };
}

/* "Linux version V (who@where) (compiler) #1 Fri Aug 20 10:11:12 CST 2010" */
static void kernel_banner(struct find *f, struct span words, struct span version)
{
	struct span rest = span_from(words, (size_t)(version.p - words.p) + version.n);
	size_t end;
	if (!span_starts(rest, SPAN_LIT(" (")))
		return;
	add(f, IDENTITY_KERNEL, version, words, 0.95);
	(void)in_parentheses(rest, &end);
	rest = span_from(rest, end);
	struct span compiler = in_parentheses(rest, &end);
	add(f, IDENTITY_COMPILER, span_cut(compiler, VALUE_BYTES), words, 0.95);
	rest = span_from(rest, end);
	if (span_starts(rest, SPAN_LIT(" #")))
		add_built(f, rest, words, 0.95);
}

static void loader_banner(struct find *f, struct span words, struct span version)
{
	struct span named = span_cut(words, (size_t)(version.p - words.p) + version.n);
	struct span rest = span_from(words, named.n);
	if (!span_starts(rest, SPAN_LIT(" (")))
		return;
	add(f, IDENTITY_LOADER, named, words, 0.9);
	add_built(f, rest, words, 0.9);
}

static void busybox_banner(struct find *f, struct span words, struct span version)
{
	struct span rest = span_from(words, (size_t)(version.p - words.p) + version.n);
	if (span_starts(rest, SPAN_LIT(" (")))
		add_built(f, rest, words, 0.9);
}

struct banner {
	const char *head;
	void (*read)(struct find *f, struct span words, struct span version);
};

static const struct banner banners[] = {
	{ "Linux version ", kernel_banner }, { "U-Boot ", loader_banner }, { "BusyBox v", busybox_banner },
};

static void read_banners(struct find *f)
{
	for (size_t i = 0; i < ARRAY_LEN(banners); i++) {
		size_t n = strlen(banners[i].head);
		const uint8_t *p;
		for (struct span s = f->content; s.n >= n && (p = memmem(s.p, s.n, banners[i].head, n));) {
			s = span_from(s, (size_t)(p - s.p));
			struct span words = printable(s), version = version_at(span_from(words, n));
			if (version.n)
				banners[i].read(f, words, version);
			s = span_from(s, n);
		}
	}
}

static bool is_text(struct span s)
{
	return !memchr(s.p, 0, s.n < LOOK_BYTES ? s.n : LOOK_BYTES);
}

unsigned identity_find(const struct member *m, struct span content, struct arena *a, struct identity out[IDENTITY_MAX])
{
	struct find f = { .content = content, .arena = a, .out = out };
	if (!content.n)
		return 0;
	if (is_text(content)) {
		read_text(&f, m);
		return f.n;
	}
	read_banners(&f);
	return f.n;
}

static const struct field fields[] = {
	[IDY_WHAT] = { "what", F_TEXT, "maker, model, board (what it is built for), version, build, system, kernel, boot "
		       "loader, compiler or built (when)" },
	[IDY_VALUE] = { "value", F_TEXT, "as the file says it; a date without its zone" },
	[IDY_SAID] = { "said", F_TEXT, "the words in which it stands" },
	[IDY_WHERE] = { "where", F_TEXT, "the file" },
	[IDY_OFFSET] = { "offset", F_UINT, "place of the words in the file", "bytes" },
	[IDY_CONFIDENCE] = { "confidence", F_REAL, "how sure, 0 to 1" },
};
RECORD_TYPE(identity_type, "identity", "What a file of an image says of the image as a whole", fields);

void identity_record(const struct identity *i, struct span where, struct record *r, const struct record_host *h)
{
	record_begin(r, &identity_type, NULL, h);
	record_str(r, IDY_WHAT, whats[i->what]);
	record_text(r, IDY_VALUE, i->value);
	record_text(r, IDY_SAID, i->said);
	record_text(r, IDY_WHERE, where);
	record_uint(r, IDY_OFFSET, i->offset);
	record_real(r, IDY_CONFIDENCE, i->confidence);
}
