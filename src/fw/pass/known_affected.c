/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.known-affected: a published advisory speaks of this image or of software in it. The image is known by the exact
 * version text that the advisory names, where that is long and odd enough to be no chance; software by its name and
 * version (fw.component). What is only similar is not said. */
#include "advisory/advisory.h"
#include "base/ascii.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.known-affected",
	.title = "A published advisory names this firmware, or software in it, as affected",
	.cause = "known weakness",
	.sees = "The exact version text of an affected product, of ten characters or more with letters and four digits, "
		"stands in the image's content or is a file's whole name; or a component that was found has the advisory's product "
		"name and a version that it names as affected. Shipped advisories, and those that were imported.",
	.why = "The weakness is public, and so is often the way to use it.",
	.wrong = "The maker may have mended it without a new version number. A text may stand in an image that only talks of "
		 "that version, as an updater does.",
	.next = { ADVICE_WHICH_DEVICES,
		  "Read the advisory, which `auscult advisories list` names with its address: it says what to do.",
		  ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0866", "T1210", NULL },
	.cwe = { "CWE-1395", NULL },
};

enum { PAIRS = 1 << 16, TEXTS_LEAST = 10, DIGITS_LEAST = 4, CVES_SHOWN = 12, COMPONENTS = 1024 };

struct wanted {                                  /* a product that can be looked for by its version text */
	const struct advisory *advisory;
	const struct advisory_product *product;
	const char *text;
	uint32_t next;                           /* with the same first two bytes; index + 1 */
	bool found;
};

struct search {
	struct wanted *v;
	uint32_t n, room;
	uint32_t *head;                          /* PAIRS */
};

static bool is_word(uint8_t c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The version text when it is one that no chance makes; NULL: it is not. "<=x" names x too. */
static const char *odd_text(const char *version)
{
	size_t digits = 0, letters = 0, n;
	if (strncmp(version, "<=", 2) == 0)
		version += 2;
	for (n = 0; version[n]; n++) {
		uint8_t c = (uint8_t)version[n];
		if (c <= ' ' || c >= 0x7f || strchr("<>=*|", c))
			return NULL;
		digits += ascii_is_digit(c);
		letters += is_word(c) && !ascii_is_digit(c);
	}
	bool odd = n >= TEXTS_LEAST && digits >= DIGITS_LEAST && letters >= 2 && strncmp(version, "vers:", 5) != 0;
	return odd ? version : NULL;
}

static bool is_status(const struct vulnerability *v, enum product_status status, const char *id)
{
	for (uint32_t i = 0; i < v->status[status].n; i++)
		if (span_is(v->status[status].v[i], id))
			return true;
	return false;
}

static bool is_affected(const struct advisory *a, const char *id)
{
	for (unsigned i = 0; i < a->nvulnerabilities; i++)
		if (is_status(&a->vulnerabilities[i], STATUS_AFFECTED, id))
			return true;
	return false;
}

static void want(struct search *s, const struct advisory *a, const struct advisory_product *p)
{
	const char *text = odd_text(p->version);
	if (!text || !is_affected(a, p->id))
		return;
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->v = mem_grow(s->v, s->room, sizeof(*s->v));
	}
	uint32_t *head = &s->head[(uint8_t)text[0] << 8 | (uint8_t)text[1]];
	s->v[s->n] = (struct wanted){ a, p, text, *head, false };
	*head = ++s->n;
}

/* ---- telling ---- */

static enum severity severity_of(double score, bool image)
{
	if (image)
		return score >= 7 ? SEV_HIGH : SEV_MEDIUM;
	return score >= 9 ? SEV_MEDIUM : SEV_LOW;
}

static struct record *step_of(struct job *j, uint32_t file, uint64_t offset, const char *text)
{
	struct record *r = job_step(j, &job_scene(j)->files[file]);
	if (!r)
		return NULL;
	record_uint(r, STEP_OFFSET, offset);
	record_str(r, STEP_TEXT, text);
	return r;
}

struct case_of {                                 /* what makes the advisory speak */
	const struct advisory *advisory;
	const char *product;                     /* id; NULL: every product of this name is looked at */
	const char *name, *version;
	uint32_t file;
	uint64_t offset;
	bool image;
};

static void tell(struct job *j, const struct case_of *c, const struct vulnerability *const *v, unsigned n)
{
	double score = 0;
	for (unsigned i = 0; i < n; i++)
		score = v[i]->score > score ? v[i]->score : score;
	struct finding *f = job_finding(j, &rule, c->file, "%.40s %.48s", c->advisory->id, c->version);
	if (!f || !job_judge(j, f, severity_of(score, c->image), c->image ? 0.85 : 0.6))
		return;
	const struct record_host *h = f->observed->host;
	const char *version = job_text(j, "%.200s", c->version);
	struct record **steps = arena_new(h->arena, sizeof(*steps));
	f->nsteps = steps && (steps[0] = step_of(j, c->file, c->offset, version)) ? 1 : 0;
	f->steps = steps;
	f->observed->set &= ~(1ull << OBS_STARTED);
	f->origins[0].offset = c->offset;
	f->notes[0] = version;
	record_str(f->observed, OBS_INDICATOR, job_text(j, "%.80s", c->advisory->id));
	record_str(f->observed, OBS_COMPONENT, job_text(j, "%.200s", c->name));
	record_str(f->observed, OBS_VERSION, version);
	record_uint(f->observed, OBS_OFFSET, c->offset);
	for (unsigned i = 0; i < n; i++)
		job_extra(j, f, OBS_EXTRA, job_text(j, "%.60s", v[i]->cve));
	f->title = job_text(j, "%s %.160s %s, which %.80s names as affected (%.40s%s)",
			    c->image ? "The image carries" : "It contains", c->name, version, c->advisory->id,
			    n ? v[0]->cve : "", n > 1 ? job_text(j, " and %u more", n - 1) : "");
}

/* ---- the image's own version ---- */

static void found_text(struct job *j, struct wanted *w, uint32_t file, uint64_t offset)
{
	const struct vulnerability *v[CVES_SHOWN];
	unsigned n = 0;
	w->found = true;
	for (unsigned i = 0; i < w->advisory->nvulnerabilities && n < CVES_SHOWN; i++)
		if (is_status(&w->advisory->vulnerabilities[i], STATUS_AFFECTED, w->product->id))
			v[n++] = &w->advisory->vulnerabilities[i];
	const struct case_of c = { w->advisory, w->product->id, w->product->name, w->text, file, offset, true };
	tell(j, &c, v, n);
}

/* The text stands alone: no letter or digit touches it. */
static bool stands_at(struct span s, size_t at, const char *text)
{
	size_t n = strlen(text);
	return span_starts(span_from(s, at), span_str(text)) && (at == 0 || !is_word(s.p[at - 1])) &&
	       (at + n >= s.n || !is_word(s.p[at + n]));
}

static void look_into(struct job *j, struct search *s, uint32_t file)
{
	struct span c = job_scene(j)->files[file].content;
	for (size_t at = 0; at + 1 < c.n; at++)
		for (uint32_t i = s->head[(unsigned)c.p[at] << 8 | c.p[at + 1]]; i; i = s->v[i - 1].next)
			if (!s->v[i - 1].found && stands_at(c, at, s->v[i - 1].text))
				found_text(j, &s->v[i - 1], file, at);
	struct span name = path_base(span_str(job_scene(j)->files[file].path));
	for (uint32_t i = 0; i < s->n; i++)
		if (!s->v[i].found && span_is(name, s->v[i].text))
			found_text(j, &s->v[i], file, 0);
}

/* Members first: what stands in them stands in a container that is not packed too. */
static void look_for_image(struct job *j, const struct advisories *t)
{
	struct search s = { .head = mem_array(PAIRS, sizeof(uint32_t)) };
	for (unsigned i = 0; i < t->n; i++)
		for (unsigned k = 0; k < t->v[i].nproducts; k++)
			want(&s, &t->v[i], &t->v[i].products[k]);
	for (uint32_t i = job_scene(j)->nfiles; s.n && i-- > 0;)
		look_into(j, &s, i);
	free(s.v);
	free(s.head);
}

/* ---- components ---- */

/* "OpenSSL" is OpenSSL and openssl:openssl; "OpenSSL for product X" is another. */
static bool is_named(const char *product, const struct finding *f)
{
	return span_alike(record_get_text(f->observed, OBS_COMPONENT), product);
}

static bool fits(const struct advisory *a, const struct vulnerability *v, const struct finding *f, const char *version)
{
	bool yes = false;
	for (unsigned i = 0; i < a->nproducts; i++) {
		const struct advisory_product *p = &a->products[i];
		if (!is_named(p->name, f) || version_is_all(p->version) || version_in(version, p->version) != VERSION_YES)
			continue;
		if (is_status(v, STATUS_FIXED, p->id) || is_status(v, STATUS_NOT_AFFECTED, p->id))
			return false;
		yes |= is_status(v, STATUS_AFFECTED, p->id);
	}
	return yes;
}

static void look_at_component(struct job *j, const struct advisories *t, const struct finding *f)
{
	const char *version = job_text(j, "%.*s", (int)record_get_text(f->observed, OBS_VERSION).n,
				       (const char *)record_get_text(f->observed, OBS_VERSION).p);
	const char *name = job_text(j, "%.*s", (int)record_get_text(f->observed, OBS_COMPONENT).n,
				    (const char *)record_get_text(f->observed, OBS_COMPONENT).p);
	for (unsigned i = 0; i < t->n; i++) {
		const struct vulnerability *v[CVES_SHOWN];
		unsigned n = 0;
		for (unsigned k = 0; k < t->v[i].nvulnerabilities && n < CVES_SHOWN; k++)
			if (fits(&t->v[i], &t->v[i].vulnerabilities[k], f, version))
				v[n++] = &t->v[i].vulnerabilities[k];
		const struct case_of c = { &t->v[i], NULL, name, version, f->device, f->origins[0].offset, false };
		if (n)
			tell(j, &c, v, n);
	}
}

static void look_for_components(struct job *j, const struct advisories *t)
{
	uint32_t n = 0, kept = 0;
	struct finding *const *v = job_found(j, &n);
	struct finding *components[COMPONENTS];      /* telling moves the list */
	for (uint32_t i = 0; i < n && kept < COMPONENTS; i++)
		if (strcmp(v[i]->rule->id, "fw.component") == 0 && record_has(v[i]->observed, OBS_VERSION))
			components[kept++] = v[i];
	for (uint32_t i = 0; i < kept; i++)
		look_at_component(j, t, components[i]);
}

static void end(struct job *j)
{
	const struct advisories *t = job_scene(j)->advisories;
	if (!t)
		return;
	look_for_image(j, t);
	look_for_components(j, t);
}

const struct pass pass_known_affected = { .rule = &rule, .end = end };
