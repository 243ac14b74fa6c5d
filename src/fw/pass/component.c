/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.component: which software of others lies in the image, in which version. Said by the words that its makers
 * compiled in (model/components.def), with every place where they stand; a file's name says nothing. */
#include "fw/model/component.h"
#include "base/buf.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.component",
	.title = "The firmware contains this software",
	.cause = "components",
	.sees = "Words that the makers of a program or library compile into it, with its version: a banner, a version "
		"string, a copyright line with a number. The name of a file says nothing, and what a text file says is about others.",
	.why = "Weaknesses are published by component and version. Who knows what is inside can tell on the same day "
	       "whether a device is affected.",
	.wrong = "A maker may mend an old version without changing its number. A component may be there without words that "
		 "these rules know: the list is never complete.",
	.next = { "Keep the list: `auscult inspect --sbom FILE` writes it as CycloneDX for other programs.", NULL },
	.attack = { "T0866", "T1210", NULL },
	.cwe = { "CWE-1104", NULL },
};

enum { PLACES = 256, WORDS_SHOWN = 160, LOOK_BYTES = 1 << 30 };

struct place_seen {                              /* one component and version in one file */
	uint32_t file;
	const struct component_rule *rule;
	uint64_t offset;
	struct span words, version;
};

struct places {
	struct place_seen *v;
	uint32_t n, room;
};

static void places_add(struct places *p, uint32_t file, const struct component_hit *h)
{
	if (p->n == p->room) {
		p->room = p->room ? 2 * p->room : 64;
		p->v = mem_grow(p->v, p->room, sizeof(*p->v));
	}
	p->v[p->n++] = (struct place_seen){ file, h->rule, h->offset, h->words, h->version };
}

/* Is b inside the file a? "x.bin > 0x40 cramfs > bin/y" is inside "x.bin". */
static bool is_inside(const struct scene *s, uint32_t a, uint32_t b)
{
	size_t n = strlen(s->files[a].where);
	return strncmp(s->files[a].where, s->files[b].where, n) == 0 && strncmp(s->files[b].where + n, " > ", 3) == 0;
}

static int by_component(const void *a, const void *b)
{
	const struct place_seen *x = a, *y = b;
	int c = strcmp(x->rule->name, y->rule->name);
	if (c)
		return c;
	size_t n = x->version.n < y->version.n ? x->version.n : y->version.n;
	c = n ? memcmp(x->version.p, y->version.p, n) : 0;
	if (c || x->version.n != y->version.n)
		return c ? c : (x->version.n > y->version.n) - (x->version.n < y->version.n);
	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool is_same(const struct place_seen *a, const struct place_seen *b)
{
	return strcmp(a->rule->name, b->rule->name) == 0 && span_eq(a->version, b->version);
}

/* The words stand in a member of this file, and are nothing there: a text. `left`: bytes that may still be looked
 * at. */
static bool is_said_inside(const struct scene *s, const struct place_seen *p, uint64_t *left)
{
	for (uint32_t i = 0; i < s->nfiles; i++) {
		struct span c = s->files[i].content;
		if (i == p->file || !c.n || !is_inside(s, p->file, i))
			continue;
		if (c.n > *left)
			return true;             /* rather not told than told wrongly */
		*left -= c.n;
		if (memmem(c.p, c.n, p->words.p, p->words.n))
			return true;
	}
	return false;
}

/* The bytes of a container that is not packed hold its members' words too: those are the members'. */
static uint32_t drop_outer(const struct scene *s, struct place_seen *v, uint32_t n, uint64_t *left)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n; i++) {
		bool outer = false;
		for (uint32_t k = 0; k < n && k < PLACES && !outer; k++)
			outer = k != i && is_inside(s, v[i].file, v[k].file);
		if (!outer && !is_said_inside(s, &v[i], left))
			v[kept++] = v[i];
	}
	return kept;
}

/* CPE 2.3, formatted string: what is no letter, digit or "_.-" is quoted. */
static void cpe_part(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
			     c == '-';
		buf_printf(b, "%s%c", plain ? "" : "\\", c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
}

static void set_cpe(struct job *j, struct finding *f, const struct component_rule *r, struct span version)
{
	struct buf b = { .cap = 512 };
	bool system = strcmp(r->type, "operating-system") == 0 || strcmp(r->type, "firmware") == 0;
	if (!r->vendor || !r->product || !version.n)
		return;
	buf_printf(&b, "cpe:2.3:%c:", system ? 'o' : 'a');
	cpe_part(&b, span_str(r->vendor));
	buf_text(&b, ":");
	cpe_part(&b, span_str(r->product));
	buf_text(&b, ":");
	cpe_part(&b, version);
	buf_text(&b, ":*:*:*:*:*:*:*");
	record_str(f->observed, OBS_CPE, job_text(j, "%.*s", (int)b.n, (const char *)b.p));
	buf_done(&b);
}

static struct record *step_of(struct job *j, const struct place_seen *p)
{
	struct record *r = job_step(j, &job_scene(j)->files[p->file]);
	if (!r)
		return NULL;
	record_uint(r, STEP_OFFSET, p->offset);
	record_str(r, STEP_TEXT, job_text(j, "%.*s", (int)span_cut(p->words, WORDS_SHOWN).n, (const char *)p->words.p));
	return r;
}

static void tell(struct job *j, const struct place_seen *v, uint32_t n)
{
	const struct component_rule *r = v->rule;
	const char *version = job_text(j, "%.*s", (int)v->version.n, (const char *)v->version.p);
	struct finding *f = job_finding(j, &rule, v->file, "%s %.40s", r->name, version);
	if (!f || !job_judge(j, f, SEV_INFO, *version ? 0.9 : 0.7))
		return;
	const struct record_host *h = f->observed->host;
	struct record **steps = arena_new(h->arena, PLACES * sizeof(*steps));
	unsigned told = 0;
	for (uint32_t i = 0; steps && i < n && told < PLACES; i++)
		if ((steps[told] = step_of(j, &v[i])))
			told++;
	f->observed->set &= ~(1ull << OBS_STARTED);      /* of a component nobody asks what starts it */
	f->steps = steps;
	f->nsteps = told;
	f->count = n;
	f->origins[0].offset = v->offset;
	f->notes[0] = job_text(j, "%.*s", (int)span_cut(v->words, WORDS_SHOWN).n, (const char *)v->words.p);
	f->title = job_text(j, "%s%s%s, in %s%s", r->name, *version ? " " : "", *version ? version : " (version not told)",
			    job_scene(j)->files[v->file].path, n > 1 ? job_text(j, " and %u more", n - 1) : "");
	record_uint(f->observed, OBS_OFFSET, v->offset);
	record_str(f->observed, OBS_COMPONENT, r->name);
	record_str(f->observed, OBS_VERSION, version);
	record_str(f->observed, OBS_KIND, r->type);
	set_cpe(j, f, r, v->version);
}

static void end(struct job *j)
{
	const struct scene *s = job_scene(j);
	struct component_index *x = component_index_new();
	struct component_hit hits[COMPONENT_HITS];
	struct places p = { 0 };
	uint64_t left = LOOK_BYTES;
	for (uint32_t i = 0; i < s->nfiles; i++) {
		unsigned n = component_find(x, s->files[i].content, hits);
		for (unsigned k = 0; k < n; k++)
			places_add(&p, i, &hits[k]);
	}
	component_index_free(x);
	if (p.n)
		qsort(p.v, p.n, sizeof(*p.v), by_component);
	for (uint32_t i = 0, n; i < p.n; i += n) {
		for (n = 1; i + n < p.n && is_same(&p.v[i], &p.v[i + n]); n++)
			;
		uint32_t kept = drop_outer(s, p.v + i, n, &left);
		if (kept)
			tell(j, p.v + i, kept);
	}
	free(p.v);
}

const struct pass pass_component = { .rule = &rule, .end = end };
