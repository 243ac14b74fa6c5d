/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.yara-match: rules that the user gave (inspect --yara) match files of the image. What the matcher found stands in
 * the scene; here it becomes one finding a rule, with every place. */
#include "base/ascii.h"
#include "fw/model/yara.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

#include <strings.h>

static const struct rule rule = {
	.id = "fw.yara-match",
	.title = "A YARA rule that was given matches a file of the firmware",
	.cause = "signatures",
	.sees = "A rule of the files named with `inspect --yara` holds for a file of the image, or for the bytes of a "
		"container that no file in it explains. Each place names file, offset, the string's identifier and its length; the "
		"bytes themselves are not shown. The severity is what the rule's own metadata say (severity as a word; score from "
		"40 on is low, from 60 medium, from 80 high), else info.",
	.why = "Somebody has written down what these bytes look like in a family of malicious software, a leaked key or a "
	       "vulnerable component; the device may carry it.",
	.wrong = "A rule is as good as its author: short strings match by chance, and rules written for office computers meet "
		 "libraries that every device has. What the rule claims is its author's word, not what auscult has seen the "
		 "firmware do.",
	.next = { "Read the rule: what does it look for, and how rare is that?",
		  "Look at the places named here (`auscult inspect --extract DIR` writes the files), and ask who wrote the rule "
		  "whether it is known to match such firmware by mistake.",
		  ADVICE_WHICH_DEVICES, ADVICE_ASK_MAKER, NULL },
	.attack = { "T0862", NULL },
	.cwe = { "CWE-506", "CWE-1395", NULL },
	.references = { "YARA 4.2, Writing YARA rules", NULL },
};

enum { PLACES = 256, SCORE_LOW = 40, SCORE_MEDIUM = 60, SCORE_HIGH = 80 };

struct seen {
	const struct record *r;
	uint32_t file, order;                    /* order: as it came */
	bool outer;                              /* the rule holds for a file inside this one too */
};

static struct span name_of(const struct seen *s)
{
	return record_get_text(s->r, YAM_RULE);
}

static int by_rule(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int c = span_order(name_of(x), name_of(y));
	c = c ? c : span_order(record_get_text(x->r, YAM_SOURCE), record_get_text(y->r, YAM_SOURCE));
	if (c)
		return c;
	return x->file != y->file ? (x->file > y->file) - (x->file < y->file) : (x->order > y->order) - (x->order < y->order);
}

static bool is_same_rule(const struct seen *a, const struct seen *b)
{
	return span_eq(name_of(a), name_of(b)) &&
	       span_eq(record_get_text(a->r, YAM_SOURCE), record_get_text(b->r, YAM_SOURCE));
}

/* ---- what the rule says of itself ---- */

static struct texts texts_of(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].texts : (struct texts){ 0 };
}

/* The value of "key = value", keys in any case; empty: it does not say. */
static struct span meta_of(const struct record *r, const char *key)
{
	struct texts t = texts_of(r, YAM_META);
	size_t n = strlen(key);
	for (uint32_t i = 0; i < t.n; i++)
		if (t.v[i].n > n + 3 && strncasecmp((const char *)t.v[i].p, key, n) == 0 && memcmp(t.v[i].p + n, " = ", 3) == 0)
			return span_from(t.v[i], n + 3);
	return (struct span){ 0 };
}

static enum severity weigh(const struct record *r)
{
	static const struct {
		const char *word;
		enum severity is;
	} words[] = { { "info", SEV_INFO }, { "informational", SEV_INFO }, { "low", SEV_LOW }, { "medium", SEV_MEDIUM },
		      { "moderate", SEV_MEDIUM }, { "high", SEV_HIGH }, { "critical", SEV_CRITICAL } };
	struct span said = meta_of(r, "severity");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_alike(said, words[i].word))
			return words[i].is;
	uint64_t score = 0;
	struct rd digits = rd_of(span_cut(meta_of(r, "score"), 3));
	while (rd_left(&digits) && rd_peek(&digits) >= '0' && rd_peek(&digits) <= '9')
		score = score * 10 + (uint64_t)(rd_u8(&digits) - '0');
	return score >= SCORE_HIGH ? SEV_HIGH : score >= SCORE_MEDIUM ? SEV_MEDIUM : score >= SCORE_LOW ? SEV_LOW : SEV_INFO;
}

/* ---- places ---- */

/* Is b inside the file a? "x.bin > 0x40 cramfs > bin/y" is inside "x.bin". */
static bool is_inside(const struct scene *s, uint32_t a, uint32_t b)
{
	size_t n = strlen(s->files[a].where);
	return strncmp(s->files[a].where, s->files[b].where, n) == 0 && strncmp(s->files[b].where + n, " > ", 3) == 0;
}

/* The bytes of a container that is not packed match for its members: those are told. Files come before what lies in
 * them, so that only the nearest later ones have to be asked. */
static uint32_t drop_outer(const struct scene *s, struct seen *v, uint32_t n)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n && k < PLACES && !v[i].outer; k++)
			v[i].outer = k != i && is_inside(s, v[i].file, v[k].file);
	for (uint32_t i = 0; i < n; i++)
		if (!v[i].outer)
			v[kept++] = v[i];
	return kept;
}

/* The file of which the place begins with this one's. */
static const struct scene_file *input_of(const struct scene *s, const struct scene_file *f)
{
	for (uint32_t i = 0; i < s->nfiles; i++) {
		size_t n = strlen(s->files[i].where);
		if (strncmp(s->files[i].where, f->where, n) == 0 && strncmp(f->where + n, " > ", 3) == 0)
			return &s->files[i];     /* inputs come first */
	}
	return NULL;
}

/* Where in the image these bytes lie, seen with our own eyes. */
static void set_image_offset(const struct scene *s, const struct scene_file *f, const struct record *hit,
			     struct record *step)
{
	uint64_t offset = record_get_uint(hit, YAH_OFFSET), length = record_get_uint(hit, YAH_LENGTH);
	const struct scene_file *input = f->image == SCENE_SCATTERED ? NULL : input_of(s, f);
	if (!input || f->image > input->content.n || offset > f->content.n || length > f->content.n - offset)
		return;
	struct span there = span_cut(span_from(span_from(input->content, (size_t)f->image), (size_t)offset), (size_t)length);
	if (length && span_eq(there, span_cut(span_from(f->content, (size_t)offset), (size_t)length)))
		record_uint(step, STEP_IMAGE, f->image + offset);
}

static struct record *step_of(struct job *j, const struct seen *s, const struct record *hit)
{
	const struct scene_file *file = &job_scene(j)->files[s->file];
	struct record *r = job_step(j, file);
	if (!r)
		return NULL;
	if (!hit) {
		record_str(r, STEP_TEXT, job_text(j, "the condition holds for %.400s as a whole", file->path));
		return r;
	}
	struct span id = record_get_text(hit, YAH_STRING);
	uint64_t length = record_get_uint(hit, YAH_LENGTH);
	record_uint(r, STEP_OFFSET, record_get_uint(hit, YAH_OFFSET));
	record_uint(r, STEP_LENGTH, length);
	record_text(r, STEP_STRING, id);
	set_image_offset(job_scene(j), file, hit, r);
	record_str(r, STEP_TEXT, job_text(j, "%.*s, %llu byte%s, in %.400s", (int)span_cut(id, 128).n, (const char *)id.p,
					  (unsigned long long)length, length == 1 ? "" : "s", file->path));
	return r;
}

static unsigned add_steps(struct job *j, const struct seen *s, struct record **steps,
			  unsigned n)
{
	struct records hits = record_has(s->r, YAM_HITS) ? s->r->v[YAM_HITS].records : (struct records){ 0 };
	for (uint32_t i = 0; i < (hits.n ? hits.n : 1) && n < PLACES; i++) {
		steps[n] = step_of(j, s, i < hits.n ? hits.v[i] : NULL);
		n += steps[n] != NULL;
	}
	return n;
}

/* ---- the finding ---- */

static struct finding *open_finding(struct job *j, const struct seen *s)
{
	uint8_t digest[32];
	struct span source = path_base(record_get_text(s->r, YAM_SOURCE));
	const char *name = job_text(j, "%.*s %.*s", (int)span_cut(name_of(s), 200).n, (const char *)name_of(s).p,
				    (int)span_cut(source, 200).n, (const char *)source.p);
	keyring_sha256(span_str(name), digest);
	return job_finding(j, &rule, s->file, "%.60s %02x%02x%02x%02x", name, digest[0], digest[1], digest[2], digest[3]);
}

static void copy_texts(struct record *to, unsigned field, struct texts t)
{
	for (uint32_t i = 0; i < t.n; i++)
		record_add_text(to, field, t.v[i]);
}

static void tell(struct job *j, const struct seen *v, uint32_t n)
{
	struct finding *f = open_finding(j, v);
	if (!f || !job_judge(j, f, weigh(v->r), 0.6))
		return;
	const struct record_host *h = f->observed->host;
	struct record **steps = arena_new(h->arena, PLACES * sizeof(*steps));
	unsigned told = 0;
	struct span name = span_cut(name_of(v), 200), source = path_base(record_get_text(v->r, YAM_SOURCE));
	for (uint32_t i = 0; steps && i < n; i++)
		told = add_steps(j, &v[i], steps, told);
	f->steps = steps;
	f->nsteps = told;
	f->count = n;
	f->title = job_text(j, "The YARA rule %.*s matches %.400s%s", (int)name.n, (const char *)name.p,
			    job_scene(j)->files[v->file].path, n > 1 ? job_text(j, " and %u more", n - 1) : "");
	if (told && record_has(steps[0], STEP_OFFSET)) {
		f->origins[0].offset = record_get_uint(steps[0], STEP_OFFSET);
		record_uint(f->observed, OBS_OFFSET, f->origins[0].offset);
	}
	if (told)
		f->notes[0] = job_text(j, "%.*s", (int)record_get_text(steps[0], STEP_TEXT).n,
				       (const char *)record_get_text(steps[0], STEP_TEXT).p);
	record_str(f->observed, OBS_SIGNATURE, job_text(j, "%.*s", (int)name.n, (const char *)name.p));
	record_str(f->observed, OBS_RULES, job_text(j, "%.*s", (int)span_cut(source, 255).n, (const char *)source.p));
	copy_texts(f->observed, OBS_TRAITS, texts_of(v->r, YAM_TAGS));
	copy_texts(f->observed, OBS_METADATA, texts_of(v->r, YAM_META));
}

static void end(struct job *j)
{
	const struct scene *s = job_scene(j);
	struct seen *v = mem_array(s->nmatches + 1u, sizeof(*v));
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->nmatches; i++) {
		uint64_t file = record_get_uint(s->matches[i], YAM_FILE);
		if (file < s->nfiles && record_has(s->matches[i], YAM_RULE))
			v[n++] = (struct seen){ .r = s->matches[i], .file = (uint32_t)file, .order = i };
	}
	qsort(v, n, sizeof(*v), by_rule);
	for (uint32_t i = 0, len; i < n; i += len) {
		for (len = 1; i + len < n && is_same_rule(&v[i], &v[i + len]); len++)
			;
		uint32_t kept = drop_outer(s, v + i, len);
		if (kept)
			tell(j, v + i, kept);
	}
	free(v);
}

const struct pass pass_yara_match = { .rule = &rule, .end = end };
