/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Versions as advisories write them: a list of conditions with "|" between, of vers URIs or plain. A lower bound
 * followed by an upper one is an interval; else each condition stands alone. What is no version ("with wireless
 * option", dates) is not guessed at: the answer is UNKNOWN. */
#include <stdio.h>

#include "advisory/advisory.h"
#include "base/ascii.h"
#include "base/scope.h"

enum { CONDITIONS = 64, TEXT = 200 };

enum op { OP_EQ, OP_LT, OP_LE, OP_GT, OP_GE };

struct condition {
	enum op op;
	char version[TEXT];                      /* "": no version that could be compared */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* ---- comparing two ---- */

enum order { LESS = -1, SAME = 0, MORE = 1, NEITHER = 2 };

/* The next run of digits or letters; separators fall away. NULL at the end. */
static const char *next_run(const char **at, size_t *n)
{
	while (**at && !ascii_is_digit(**at) && !ascii_is_letter(**at))
		++*at;
	const char *start = *at;
	bool digits = ascii_is_digit(*start);
	while (**at && (digits ? ascii_is_digit(**at) : ascii_is_letter(**at)))
		++*at;
	*n = (size_t)(*at - start);
	return *n ? start : NULL;
}

static enum order compare_digits(const char *a, size_t n, const char *b, size_t m)
{
	while (n > 1 && *a == '0') {
		a++;
		n--;
	}
	while (m > 1 && *b == '0') {
		b++;
		m--;
	}
	if (n != m)
		return n < m ? LESS : MORE;
	int c = memcmp(a, b, n);
	return c < 0 ? LESS : c > 0 ? MORE : SAME;
}

/* Letters that differ order revisions of one or two letters (A < B, AA < AB) and nothing else. */
static enum order compare_letters(const char *a, size_t n, const char *b, size_t m)
{
	size_t i = 0;
	while (i < n && i < m && lower(a[i]) == lower(b[i]))
		i++;
	if (i == n && n == m)
		return SAME;
	/* OpenSSL counts on behind 1.0.2z with 1.0.2za. */
	if (n + m == 3 && lower(n > m ? a[0] : b[0]) == 'z')
		return n < m ? LESS : MORE;
	if (n > 2 || m > 2 || n != m)
		return NEITHER;
	return lower(a[i]) < lower(b[i]) ? LESS : MORE;
}

static bool is_wild(const char *run, size_t n)
{
	return n == 1 && lower(*run) == 'x';
}

static bool is_zeros(const char *rest)
{
	size_t n;
	for (const char *run; (run = next_run(&rest, &n));)
		for (size_t i = 0; i < n; i++)
			if (run[i] != '0')
				return false;
	return true;
}

/* "1.0-rc1" comes before "1.0", "1.0p1" and "1.0-r3" behind it. */
static bool is_before_release(const char *run, size_t n)
{
	static const char *const words[] = { "rc", "alpha", "beta", "pre", "preview", "dev" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == n && strncasecmp(run, words[i], n) == 0)
			return true;
	return false;
}

/* b may end in x: "5.x" is the same as any 5.something. */
static enum order compare(const char *a, const char *b)
{
	for (;;) {
		size_t n, m;
		const char *rest_a = a, *rest_b = b;
		const char *x = next_run(&a, &n), *y = next_run(&b, &m);
		if (y && is_wild(y, m) && rest_b[0] != lower('v'))
			return SAME;
		if ((!x && y && is_before_release(y, m)) || (x && !y && is_before_release(x, n)))
			return x ? LESS : MORE;
		if (!x || !y)
			return is_zeros(x ? rest_a : rest_b) ? SAME : x ? MORE : LESS;
		if (ascii_is_digit(*x) != ascii_is_digit(*y))
			return is_before_release(x, n) ? LESS : is_before_release(y, m) ? MORE : NEITHER;
		enum order o = ascii_is_digit(*x) ? compare_digits(x, n, y, m) : compare_letters(x, n, y, m);
		if (o != SAME)
			return o;
	}
}

/* ---- reading conditions ---- */

static bool starts(const char *text, const char *head)
{
	return strncasecmp(text, head, strlen(head)) == 0;
}

static void trim(char *text)
{
	size_t n = strlen(text), lead = strspn(text, " \t");
	while (n > lead && strchr(" \t,;", text[n - 1]))
		n--;
	memmove(text, text + lead, n - lead);
	text[n - lead] = '\0';
}

/* "(end-of-life 2011)" says nothing about the number; "0.74(0.75)" is part of it. */
static void drop_remarks(char *text)
{
	char *open = strstr(text, " (");
	if (open)
		*open = '\0';
}

static bool cut_tail(char *text, const char *tail)
{
	size_t n = strlen(text), m = strlen(tail);
	if (n <= m || strcasecmp(text + n - m, tail) != 0)
		return false;
	text[n - m] = '\0';
	trim(text);
	return true;
}

/* One word with a digit, or a revision of one or two letters. */
static bool is_version(const char *text)
{
	size_t letters = 0, digits = 0;
	for (const char *p = text; *p; p++) {
		if (*p == ' ' || *p == '\t')
			return false;
		letters += ascii_is_letter(*p);
		digits += ascii_is_digit(*p);
	}
	unsigned month, day, year;
	if (sscanf(text, "%u/%u/%u", &month, &day, &year) == 3 && month <= 12 && day <= 31 && year > 1990)
		return false;
	return digits > 0 || (letters > 0 && letters <= 2);
}

static void drop_prefix(char *text)
{
	static const char *const words[] = { "version ", "versions ", "firmware ", "software ", "release ", "rev ", "build " };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (starts(text, words[i]))
			memmove(text, text + strlen(words[i]), strlen(text + strlen(words[i])) + 1);
	if (lower(text[0]) == 'v' && ascii_is_digit(text[1]))
		memmove(text, text + 1, strlen(text));
}

static struct condition read_condition(const char *said, size_t n)
{
	static const struct {
		const char *text;
		enum op op;
	} heads[] = { { "<=", OP_LE }, { ">=", OP_GE }, { "<", OP_LT }, { ">", OP_GT }, { "==", OP_EQ }, { "=", OP_EQ },
		      { "prior to ", OP_LT }, { "before ", OP_LT }, { "up to ", OP_LE }, { "all versions prior to ", OP_LT } },
	  tails[] = { { "and prior", OP_LE }, { "and below", OP_LE }, { "and earlier", OP_LE }, { "or earlier", OP_LE },
		      { "or prior", OP_LE }, { "and older", OP_LE }, { "and later", OP_GE }, { "and newer", OP_GE },
		      { "or newer", OP_GE }, { "or later", OP_GE } };
	struct condition c = { OP_EQ, "" };
	char text[TEXT];
	snprintf(text, sizeof(text), "%.*s", (int)(n < TEXT ? n : TEXT - 1), said);
	trim(text);
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		size_t len = strlen(heads[i].text);
		if (!starts(text, heads[i].text))
			continue;
		c.op = heads[i].op;
		memmove(text, text + len, strlen(text + len) + 1);
		trim(text);
		break;
	}
	drop_remarks(text);
	while (strstr(text, "  "))
		memmove(strstr(text, "  "), strstr(text, "  ") + 1, strlen(strstr(text, "  ")));
	for (size_t i = 0; i < ARRAY_LEN(tails); i++)
		if (cut_tail(text, tails[i].text))
			c.op = tails[i].op;
	drop_prefix(text);
	trim(text);
	if (is_version(text))
		memcpy(c.version, text, sizeof(text));
	return c;
}

/* vers:SCHEME/CONDITIONS (the VERS notation): what stands behind the slash. */
static const char *without_scheme(const char *said)
{
	if (!starts(said, "vers:"))
		return said;
	const char *slash = strchr(said, '/');
	return slash ? slash + 1 : said;
}

bool version_is_all(const char *said)
{
	said = without_scheme(said) + strspn(without_scheme(said), " ");
	return strcmp(said, "*") == 0 || strcasecmp(said, "all") == 0 || strcasecmp(said, "all versions") == 0;
}

static enum version_fits fits_one(const char *version, const struct condition *c)
{
	if (!c->version[0])
		return VERSION_UNKNOWN;
	enum order o = compare(version, c->version);
	bool yes = false;
	if (o == NEITHER)
		return VERSION_UNKNOWN;
	switch (c->op) {
	case OP_EQ: yes = o == SAME; break;
	case OP_LT: yes = o == LESS; break;
	case OP_LE: yes = o != MORE; break;
	case OP_GT: yes = o == MORE; break;
	case OP_GE: yes = o != LESS; break;
	}
	return yes ? VERSION_YES : VERSION_NO;
}

static enum version_fits both(enum version_fits a, enum version_fits b)
{
	if (a == VERSION_NO || b == VERSION_NO)
		return VERSION_NO;
	return a == VERSION_UNKNOWN || b == VERSION_UNKNOWN ? VERSION_UNKNOWN : VERSION_YES;
}

static bool is_lower_bound(const struct condition *c)
{
	return c->op == OP_GT || c->op == OP_GE;
}

static bool is_upper_bound(const struct condition *c)
{
	return c->op == OP_LT || c->op == OP_LE;
}

enum version_fits version_in(const char *version, const char *said)
{
	struct condition v[CONDITIONS];
	unsigned n = 0;
	char own[TEXT];
	if (version_is_all(said))
		return VERSION_YES;
	for (const char *at = without_scheme(said); n < CONDITIONS; at++) {
		size_t len = strcspn(at, "|");
		v[n++] = read_condition(at, len);
		at += len;
		if (!*at)
			break;
	}
	snprintf(own, sizeof(own), "%.190s", version);
	trim(own);
	drop_remarks(own);
	drop_prefix(own);
	if (!is_version(own))
		return VERSION_UNKNOWN;
	enum version_fits any = VERSION_NO;
	for (unsigned i = 0; i < n; i++) {
		enum version_fits one = fits_one(own, &v[i]);
		if (is_lower_bound(&v[i]) && i + 1 < n && is_upper_bound(&v[i + 1])) {
			one = both(one, fits_one(own, &v[i + 1]));
			i++;
		}
		if (one == VERSION_YES)
			return VERSION_YES;
		if (one == VERSION_UNKNOWN)
			any = VERSION_UNKNOWN;
	}
	return any;
}
