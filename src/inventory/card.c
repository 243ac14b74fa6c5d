/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading cards, and comparing words with them. */
#include "inventory/card.h"

#include <errno.h>
#include <stdio.h>

#include "advisory/advisory.h"
#include "base/ascii.h"
#include "base/jsondoc.h"
#include "base/scope.h"

enum { TEXT = 160, PLAIN_LEAST = 4 };

struct cards *cards_new(void)
{
	struct cards *t = mem_new(sizeof(*t));
	arena_init(&t->arena, CARDS_MEMORY);
	return t;
}

void cards_free(struct cards *t)
{
	if (!t)
		return;
	arena_done(&t->arena);
	free(t);
}

/* ---- reading ---- */

static const char *kept(struct cards *t, json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	const char *copy = text ? (const char *)arena_copy(&t->arena, span_cut(span_str(text), TEXT)).p : NULL;
	return copy ? copy : "";
}

static void *room_for(struct cards *t, json_t *list, unsigned cap, size_t size, unsigned *n)
{
	size_t have = json_array_size(list);
	*n = have < cap ? (unsigned)have : cap;
	void *v = *n ? arena_new(&t->arena, *n * size) : NULL;
	*n = v ? *n : 0;
	return v;
}

static void read_lists(struct cards *t, struct card *c, json_t *root)
{
	json_t *facts = json_object_get(root, "facts"), *parts = json_object_get(root, "software"),
	       *sayings = json_object_get(root, "says");
	c->facts = room_for(t, facts, CARD_FACTS, sizeof(*c->facts), &c->nfacts);
	for (unsigned i = 0; i < c->nfacts; i++) {
		json_t *o = json_array_get(facts, i);
		c->facts[i] = (struct card_fact){ kept(t, o, "what"), kept(t, o, "value"),
						  json_number_value(json_object_get(o, "confidence")) };
	}
	c->parts = room_for(t, parts, CARD_PARTS, sizeof(*c->parts), &c->nparts);
	for (unsigned i = 0; i < c->nparts; i++) {
		json_t *o = json_array_get(parts, i);
		c->parts[i] = (struct card_part){ kept(t, o, "name"), kept(t, o, "version") };
	}
	c->sayings = room_for(t, sayings, CARD_SAYINGS, sizeof(*c->sayings), &c->nsayings);
	for (unsigned i = 0; i < c->nsayings; i++) {
		json_t *o = json_array_get(sayings, i);
		c->sayings[i] = (struct card_saying){ kept(t, o, "what"), kept(t, o, "from"), kept(t, o, "said") };
	}
}

static int refuse(char err[CARD_ERR], const char *file, const char *why)
{
	snprintf(err, CARD_ERR, "%.120s: %.100s", file, why);
	return -EINVAL;
}

int cards_read(struct cards *t, struct span json, const char *file, const char *device, char err[CARD_ERR])
{
	char why[JSONDOC_ERR] = "";
	if (t->n == CARDS_MAX)
		return refuse(err, file, "too many cards");
	json_t *root = jsondoc_read(json, why);
	if (!root)
		return refuse(err, file, why);
	const char *kind = json_string_value(json_object_get(root, "kind"));
	json_int_t form = json_integer_value(json_object_get(root, "form"));
	bool is_card = kind && strcmp(kind, "card") == 0;
	if (!is_card || form != 1) {
		json_decref(root);
		return refuse(err, file, is_card ? "a card of another form" :
						   "no identity card; auscult inspect --card FILE writes one");
	}
	struct card *c = &t->v[t->n++];
	json_t *image = json_object_get(root, "image");
	*c = (struct card){ .id = kept(t, image, "id"), .name = kept(t, image, "name") };
	c->file = (const char *)arena_copy(&t->arena, span_str(file)).p;
	c->device = device ? (const char *)arena_copy(&t->arena, span_str(device)).p : NULL;
	read_lists(t, c, root);
	json_decref(root);
	return 0;
}

/* ---- words ---- */

/* "Contec Medical Systems Co., Ltd." → "contecmedicalsystemscoltd" */
static size_t plain(struct span s, char out[TEXT])
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 1 < TEXT; i++)
		if (ascii_is_digit(s.p[i]) || ascii_is_letter(s.p[i]))
			out[n++] = (char)ascii_lower(s.p[i]);
	out[n] = '\0';
	return n;
}

/* One names the other, maybe with more words behind. */
static bool is_same_name(struct span a, struct span b)
{
	char x[TEXT], y[TEXT];
	size_t n = plain(a, x), m = plain(b, y), least = n < m ? n : m;
	return n && m && (n == m ? memcmp(x, y, n) == 0 : least >= PLAIN_LEAST && memcmp(x, y, least) == 0);
}

/* The version at the start of s: it begins with a digit. */
static struct span version_at(struct span s)
{
	size_t n = 0;
	while (n < s.n && (ascii_is_digit(s.p[n]) || ascii_is_letter(s.p[n]) || memchr(".+~-_", s.p[n], 5)))
		n++;
	while (n && !ascii_is_digit(s.p[n - 1]) && !ascii_is_letter(s.p[n - 1]))
		n--;
	return n && ascii_is_digit(s.p[0]) ? span_cut(s, n) : (struct span){ 0 };
}

/* What stands between a product and its version: "/", "_", " ", "-", "v". */
static struct span behind(struct span s)
{
	while (s.n && memchr(" /_-", s.p[0], 4))
		s = span_from(s, 1);
	if (s.n > 1 && (s.p[0] == 'v' || s.p[0] == 'V') && ascii_is_digit(s.p[1]))
		s = span_from(s, 1);
	return s;
}

/* "Linux mon-3 2.6.27.8 #1 ...": as uname prints it, the machine's name before the release. */
static struct span behind_uname(struct span whole, struct span rest)
{
	if (whole.p + strlen("Linux") != rest.p || !rest.n || rest.p[0] != ' ')
		return rest;
	struct span word = span_from(rest, 1);
	if (word.n && ascii_is_digit(word.p[0]))
		return rest;
	while (word.n && word.p[0] != ' ')
		word = span_from(word, 1);
	return word;
}

/* A word begins at i. "Linux" is the kernel's name only where a list of names begins another: in "GNU/Linux 9" and
 * "Debian Linux 9" it is a distribution's. */
static bool is_edge(struct span s, size_t i, bool is_linux)
{
	if (i == 0)
		return true;
	uint8_t before = s.p[i - 1];
	if (!is_linux)
		return !ascii_is_letter(before) && !ascii_is_digit(before) && before != '/';
	return memchr(":(;,", before, 4) || (i > 1 && before == ' ' && memchr(";,", s.p[i - 2], 2));
}

/* The version that the words give the product; empty: they do not name it, or no version. */
static struct span version_of(struct span words, const char *product)
{
	size_t n = strlen(product);
	bool is_linux = strcmp(product, "Linux") == 0;
	for (size_t i = 0; n && i + n <= words.n; i++) {
		if (!is_edge(words, i, is_linux) || strncasecmp((const char *)words.p + i, product, n) != 0)
			continue;
		struct span rest = span_from(words, i + n);
		if (is_linux)
			rest = behind_uname(words, rest);
		struct span version = version_at(behind(rest));
		if (version.n)
			return version;
	}
	return (struct span){ 0 };
}

/* How software is called on the wire, where its name on the card is not it. */
static const struct {
	const char *part, *wire;
} called[] = {
	{ "Linux kernel", "Linux" }, { "BusyBox", "udhcp" }, { "BusyBox", "udhcpc" }, { "DCMTK", "OFFIS_DCMTK" },
	{ "DCMTK", "1.2.276.0.7230010.3.0." }, { "libupnp", "Portable SDK for UPnP devices" },
	{ "libupnp", "Intel SDK for UPnP devices" }, { "Net-SNMP", "NET-SNMP" }, { "mini_httpd", "mini_httpd" },
};

/* ---- versions ---- */

static void text_of(struct span s, char out[TEXT])
{
	snprintf(out, TEXT, "%.*s", (int)(s.n < TEXT ? s.n : TEXT - 1), (const char *)s.p);
}

/* "362" is "3.6.2" with its dots left out: implementation version names are short. */
static bool is_undotted(const char *a, const char *b)
{
	bool dotted = strchr(b, '.') && !strchr(a, '.') && strlen(a) >= 3;
	for (; dotted && *b; b++) {
		if (*b == '.')
			continue;
		if (*a++ != *b)
			return false;
	}
	return dotted && !*a;
}

/* One is the other with less of it: "2.6" of "2.6.27.8". */
static bool is_head(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), least = n < m ? n : m;
	const char *rest = n < m ? b : a;
	return least && strncasecmp(a, b, least) == 0 && n != m && !ascii_is_digit(rest[least]);
}

enum kind { END, DIGIT, LETTER, MARK };

static enum kind kind_of(char c)
{
	return !c ? END : ascii_is_digit(c) ? DIGIT : ascii_is_letter(c) ? LETTER : MARK;
}

/* Behind the run of digits or letters, or behind the mark. */
static const char *run_end(const char *p)
{
	enum kind k = kind_of(*p++);
	while ((k == DIGIT || k == LETTER) && kind_of(*p) == k)
		p++;
	return p;
}

/* "1.2.3" and "1.10.0" count alike; "1.2.3" and "A.01" do not. */
static bool is_counted_alike(const char *a, const char *b)
{
	for (; *a && *b; a = run_end(a), b = run_end(b))
		if (kind_of(*a) != kind_of(*b) || (kind_of(*a) == MARK && *a != *b))
			return false;
	return !*a && !*b;
}

static enum card_says compare_versions(struct span said, const char *card)
{
	char text[TEXT];
	text_of(said, text);
	if (strcasecmp(text, card) == 0 || is_undotted(text, card) || is_undotted(card, text))
		return CARD_EQUAL;
	if (is_head(text, card))
		return CARD_UNTOLD;
	switch (version_in(text, card)) {
	case VERSION_YES: return CARD_EQUAL;
	case VERSION_NO: return CARD_OTHER;
	case VERSION_UNKNOWN: break;
	}
	return CARD_UNTOLD;
}

/* ---- comparing ---- */

const char *card_says_name(enum card_says s)
{
	static const char *const names[] = { [CARD_EQUAL] = "equal", [CARD_UNTOLD] = "cannot be told",
					     [CARD_LOOSE] = "differs, maybe counted otherwise", [CARD_OTHER] = "differs" };
	return names[s];
}

struct answers {
	struct card_answer *v;
	unsigned n;
};

/* An image may hold two kernels: equal to one of them is equal. */
static void answer(struct answers *t, struct card_answer a)
{
	for (unsigned i = 0; i < t->n; i++)
		if (strcmp(t->v[i].about, a.about) == 0) {
			if (a.says < t->v[i].says)
				t->v[i] = a;
			return;
		}
	if (t->n < CARD_ANSWERS)
		t->v[t->n++] = a;
}

static void compare_part(struct answers *t, const struct card_part *p, const char *wire, struct span said,
			 struct arena *a)
{
	struct span version = version_of(said, wire);
	if (version.n)
		answer(t, (struct card_answer){ *p->version ? compare_versions(version, p->version) : CARD_UNTOLD, p->name,
						arena_copy(a, version), p->version });
}

static void compare_software(struct answers *t, const struct card *c, struct span said, struct arena *a)
{
	for (unsigned i = 0; i < c->nparts; i++) {
		const struct card_part *p = &c->parts[i];
		bool has_own = false;
		for (size_t k = 0; k < ARRAY_LEN(called); k++)
			if (strcmp(called[k].part, p->name) == 0) {
				compare_part(t, p, called[k].wire, said, a);
				has_own |= strcmp(p->name, "Linux kernel") == 0;
			}
		if (!has_own)
			compare_part(t, p, p->name, said, a);
	}
}

/* Maker, model, version of the whole: files of an image may speak of the board or the platform, so that a difference
 * alone decides nothing. */
static void compare_facts(struct answers *t, const struct card *c, struct span what, struct span said)
{
	bool version = span_is(what, "version");
	for (unsigned i = 0; i < c->nfacts; i++) {
		const struct card_fact *f = &c->facts[i];
		if (!span_is(what, f->what) || !*f->value)
			continue;
		enum card_says says = CARD_LOOSE;
		char text[TEXT];
		text_of(said, text);
		if (!version && is_same_name(said, span_str(f->value)))
			says = CARD_EQUAL;
		else if (version)
			says = compare_versions(said, f->value);
		if (says == CARD_OTHER)
			says = is_counted_alike(text, f->value) ? CARD_LOOSE : CARD_UNTOLD;
		answer(t, (struct card_answer){ says, f->what, said, f->value });
	}
}

/* The same field of the same protocol said it then: nothing is nearer. */
static void compare_sayings(struct answers *t, const struct card *c, struct span what, struct span from,
			    struct span said)
{
	for (unsigned i = 0; i < c->nsayings; i++) {
		const struct card_saying *s = &c->sayings[i];
		if (!span_is(what, s->what) || !span_is(from, s->from))
			continue;
		bool equal = span_eq(said, span_str(s->said));
		answer(t, (struct card_answer){ equal ? CARD_EQUAL : CARD_OTHER, s->from, said, s->said });
	}
}

static bool is_any(struct span what, const char *const *list)
{
	for (; *list; list++)
		if (span_is(what, *list))
			return true;
	return false;
}

unsigned card_compare(const struct card *c, struct span what, struct span from, struct span said, struct arena *a,
		      struct card_answer out[CARD_ANSWERS])
{
	static const char *const software[] = { "system", NULL }, *const whole[] = { "maker", "model", "version", NULL },
			  *const lasting[] = { "system", "maker", "model", "version", NULL };
	struct answers t = { .v = out };
	if (is_any(what, lasting))
		compare_sayings(&t, c, what, from, said);
	if (is_any(what, software))
		compare_software(&t, c, said, a);
	if (is_any(what, whole) && !t.n)
		compare_facts(&t, c, what, said);
	return t.n;
}

bool card_has_model(const struct card *c, struct span model)
{
	for (unsigned i = 0; i < c->nfacts; i++)
		if (strcmp(c->facts[i].what, "model") == 0 && is_same_name(model, span_str(c->facts[i].value)))
			return true;
	for (unsigned i = 0; i < c->nsayings; i++)
		if (strcmp(c->sayings[i].what, "model") == 0 && is_same_name(model, span_str(c->sayings[i].said)))
			return true;
	return false;
}
