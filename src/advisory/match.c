/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Matching by words: maker and product are cut into small words without accents, company forms and words that
 * stand with every device; what is left must be shared. Words with digits tell models apart ("MX800"), words
 * without tell families ("IntelliVue"). */
#include "advisory/match.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/scope.h"
#include "base/utf8.h"

enum { WORDS = 24, FOLDED = 512, WORD = 48 };

struct words {
	unsigned nfamily, nmodel;
	uint64_t family[WORDS], model[WORDS];    /* keyed hashes of words without and with digits */
	uint64_t whole;                          /* of the text without its maker, common words and all; 0: empty */
};

struct prepared {
	const struct advisory_product *p;
	struct words maker, product;
};

struct matcher {
	const struct advisories *t;
	struct prepared *v;
	unsigned *first;                         /* of each advisory's products in v */
};

const char *match_says_name(enum match_says s)
{
	static const char *const names[] = { "not affected", "fixed", "under investigation", "may be affected", "affected" };
	return names[s];
}

/* ---- words ---- */

/* Latin letters without their accents; "\xc3\xa4" that was decoded twice is one letter again. */
static char fold(uint32_t c)
{
	static const char latin[] = "aaaaaaaceeeeiiiidnooooo ouuuuypsaaaaaaaceeeeiiiidnooooo ouuuuypy";
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if (c < 128)
		return (char)c;
	return c >= 0xC0 && c <= 0xFF ? latin[c - 0xC0] : ' ';
}

/* Small letters and digits, one blank between words; "-" and "_" within a word fall away (MN-120 is MN120). */
static void fold_text(const char *text, char out[FOLDED])
{
	struct rd r = rd_of(span_str(text));
	size_t n = 0;
	bool blank = true;
	while (rd_left(&r) && n + 2 < FOLDED) {
		uint32_t c = utf8_next(&r);
		struct rd ahead = r;
		uint32_t next = rd_left(&ahead) ? utf8_next(&ahead) : 0;
		if (c == 0xC3 && next >= 0x80 && next < 0xC0) {
			c = 0xC0 | (next & 0x3F);
			r = ahead;
		}
		char f = fold(c);
		bool is_word = (f >= 'a' && f <= 'z') || (f >= '0' && f <= '9');
		if (!is_word && (f == '-' || f == '_' || f == '\'' || f == '.') && !blank && next > ' ')
			continue;
		if (is_word)
			out[n++] = f;
		else if (!blank)
			out[n++] = ' ';
		blank = !is_word;
	}
	out[n] = '\0';
}

/* Phrases that mean the same maker. */
static void rename_maker(char text[FOLDED])
{
	static const char *const pairs[][2] = {
#define ADVISORY(i, ti, pub, ver, rel, where)
#define PRODUCT(of, i, m, nm, ver)
#define CVE(of, c, w, s, vec, which)
#define REMEDY(of, cat, what)
#define REBRAND(m, model, m2, model2, who)
#define SPEAKS(protocol, m, model, what)
#define MAKER(a, b) { a, b },
#include "advisory/facts.def"
#undef MAKER
#undef SPEAKS
#undef REBRAND
	};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		char *at = strstr(text, pairs[i][0]);
		size_t n = strlen(pairs[i][0]), m = strlen(pairs[i][1]);
		if (!at || (at > text && at[-1] != ' ') || (at[n] && at[n] != ' '))
			continue;
		memmove(at + m, at + n, strlen(at + n) + 1);
		memcpy(at, pairs[i][1], m);
	}
}

static bool is_one_of(const char *word, size_t n, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == n && memcmp(*list, word, n) == 0)
			return true;
	return false;
}

static const char *const company_words[] = {
	"inc", "ltd", "limited", "gmbh", "co", "corp", "corporation", "ag", "kg", "kgaa", "sa", "se", "oy", "llc", "bv",
	"nv", "spa", "srl", "plc", "company", "companies", "group", "holding", "medical", "health", "healthcare",
	"care", "systems", "system", "technology", "technologies", "international", "devices", "device", "instruments",
	"electronics", "and", "of", "the", "us", "usa", "diagnostics", "products", "solutions", "science", "sciences",
	"laboratories", "developments", "life", "a", NULL,
};
/* Stand with devices of every maker. */
static const char *const common_words[] = {
	"patient", "monitor", "monitors", "monitoring", "firmware", "software", "system", "systems", "device",
	"devices", "series", "model", "models", "version", "versions", "all", "and", "or", "the", "with", "for", "of",
	"on", "using", "only", "any", "medical", "health", "healthcare", "wireless", "module", "modules", "central",
	"station", "unit", "units", "server", "servers", "client", "workstation", "workstations", "viewer",
	"application", "applications", "mobile", "android", "pump", "pumps", "infusion", "syringe", "ventilator",
	"analyzer", "analyser", "manager", "management", "information", "center", "centre", "clinical", "network",
	"vital", "signs", "bedside", "windows", "microsoft", "linux", "platform", "component", "database", "control",
	"controller", "service", "services", "hub", "gateway", "reader", "machine", "recorder", "resting",
	"electrocardiograph", "ultrasound", "imaging", "anesthesia", "dicom", "pacs", "cardiology", "radiology",
	"integrated", "number", "part", "based", "product", "products", "worn", "wearable", "remote", "desktop",
	"professional", "enterprise", "edition", "hardware", "battery", "scanner", "library", "toolkit", "kit",
	"accessory", "line", "icu", "ccu", "ecg", "mri", "unknown", NULL,
};

static void add_word(struct words *w, const char *word, size_t n, const char *const *dropped)
{
	static const struct hash_key fixed = { UINT64_C(0x61647669736f7279), UINT64_C(0x776f7264732e2e2e) };
	size_t digits = 0;
	for (size_t i = 0; i < n; i++)
		digits += word[i] >= '0' && word[i] <= '9';
	uint64_t h = hash64(fixed, span_of(word, n));
	if (is_one_of(word, n, dropped))
		return;
	/* "2" or "75" tell nothing; "8000", "mx8" and "b450" do */
	bool tells = digits == n ? n >= 4 : digits ? n >= 2 : true;
	if (digits && tells && w->nmodel < WORDS)
		w->model[w->nmodel++] = h;
	else if (!digits && n >= 2 && w->nfamily < WORDS)
		w->family[w->nfamily++] = h;
}

/* "CMS 8000" is also "CMS8000": a word of letters and one of digits behind it are joined, too. */
static void words_of(const char *folded, const char *const *dropped, struct words *w)
{
	const char *before = NULL;
	size_t nbefore = 0;
	for (const char *at = folded; *at;) {
		size_t n = strcspn(at, " ");
		add_word(w, at, n, dropped);
		if (before && n && at[0] >= '0' && at[0] <= '9' && nbefore <= 5 && nbefore + n < WORD &&
		    strcspn(before, "0123456789") >= nbefore) {
			char joined[WORD];
			snprintf(joined, sizeof(joined), "%.*s%.*s", (int)nbefore, before, (int)n, at);
			add_word(w, joined, nbefore + n, dropped);
		}
		before = at;
		nbefore = n;
		at += n + (at[n] == ' ');
	}
}

static struct words maker_words(const char *maker)
{
	struct words w = { 0 };
	char folded[FOLDED];
	fold_text(maker ? maker : "", folded);
	rename_maker(folded);
	words_of(folded, company_words, &w);
	return w;
}

static unsigned shared(const uint64_t *a, unsigned n, const uint64_t *b, unsigned m)
{
	unsigned found = 0;
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < m; k++)
			if (a[i] == b[k]) {
				found++;
				break;
			}
	return found;
}

static void drop_makers(struct words *product, const struct words *maker)
{
	unsigned n = 0;
	for (unsigned i = 0; i < product->nfamily; i++) {
		bool is_maker = false;
		for (unsigned k = 0; k < maker->nfamily; k++)
			is_maker |= product->family[i] == maker->family[k];
		if (!is_maker)
			product->family[n++] = product->family[i];
	}
	product->nfamily = n;
}

/* "Orthanc server" leaves "server", which tells nothing in general and all when the maker is the same. */
static uint64_t whole_of(const char *folded, const struct words *maker)
{
	static const struct hash_key fixed = { UINT64_C(0x61647669736f7279), UINT64_C(0x77686f6c652e2e2e) };
	static const char *const none[] = { NULL };
	uint64_t h = 0;
	for (const char *at = folded; *at;) {
		size_t n = strcspn(at, " ");
		struct words one = { 0 };
		add_word(&one, at, n, none);
		bool is_maker = one.nfamily && shared(one.family, 1, maker->family, maker->nfamily);
		if (n && !is_maker)
			h = h * UINT64_C(0x9E3779B97F4A7C15) + hash64(fixed, span_of(at, n));
		at += n + (at[n] == ' ');
	}
	return h ? h : *folded ? hash64(fixed, span_str(folded)) : 0;
}

static struct words product_words(const char *product, const struct words *maker)
{
	struct words w = { 0 };
	char folded[FOLDED];
	fold_text(product ? product : "", folded);
	rename_maker(folded);
	words_of(folded, common_words, &w);
	drop_makers(&w, maker);
	w.whole = whole_of(folded, maker);
	return w;
}

/* ---- recognising ---- */

enum recognised { NOT, FAMILY, MODEL };

/* The smaller set of words must stand in the larger: "GE" in "Silex Technology and GE Healthcare". */
static bool same_maker(const struct words *a, const struct words *b)
{
	const struct words *few = a->nfamily + a->nmodel <= b->nfamily + b->nmodel ? a : b, *many = few == a ? b : a;
	if (few->nfamily + few->nmodel == 0)
		return false;
	return shared(few->family, few->nfamily, many->family, many->nfamily) == few->nfamily &&
	       shared(few->model, few->nmodel, many->model, many->nmodel) == few->nmodel;
}

/* The one that names no model is the family, and all its words must stand with the other: "IntelliVue" is the family
 * of "IntelliVue MX800"; "IntelliVue Information Center iX" is not. */
static enum recognised same_product(const struct words *a, const struct words *b)
{
	if (a->nmodel && b->nmodel)
		return shared(a->model, a->nmodel, b->model, b->nmodel) ? MODEL : NOT;
	const struct words *few = a->nfamily <= b->nfamily ? a : b;
	if (a->nmodel || b->nmodel)
		few = a->nmodel ? b : a;
	const struct words *many = few == a ? b : a;
	if (!few->nfamily || shared(few->family, few->nfamily, many->family, many->nfamily) != few->nfamily)
		return NOT;
	return a->nmodel == b->nmodel && a->nfamily == b->nfamily ? MODEL : FAMILY;
}

struct known {                                   /* a subject, or what it is sold as, or what it speaks like */
	struct words maker, product;
	const char *rule;
	bool has_maker, guessed;                 /* guessed: by its protocol alone */
};

static bool names_model(const char *models, const struct known *k)
{
	struct words w = { 0 };
	char folded[FOLDED];
	fold_text(models, folded);
	words_of(folded, common_words, &w);
	return k->product.nmodel && shared(w.model, w.nmodel, k->product.model, k->product.nmodel);
}

/* *as_model: its version text is a list of model numbers, and this model is one of them. */
static enum recognised recognise(const struct prepared *p, const struct known *k, bool *as_model)
{
	if (k->has_maker && !same_maker(&p->maker, &k->maker))
		return NOT;
	enum recognised r = same_product(&p->product, &k->product);
	if (k->has_maker && k->product.whole && p->product.whole == k->product.whole)
		r = MODEL;
	*as_model = r != MODEL && names_model(p->p->version, k);
	if (*as_model || (r != MODEL && names_model(p->p->models, k)))
		return MODEL;
	return r;
}

/* ---- judging ---- */

static bool lists(const struct texts *ids, const char *id)
{
	for (uint32_t i = 0; i < ids->n; i++)
		if (span_is(ids->v[i], id))
			return true;
	return false;
}

static const char *what_is_unknown(const struct known *k, enum recognised r, enum version_fits fits,
				   const char *version)
{
	if (k->guessed)
		return "model and version not known";
	if (r == FAMILY)
		return "exact model not known";
	if (!k->has_maker)
		return fits == VERSION_UNKNOWN && (!version || !*version) ? "maker and version not known" : "maker not known";
	if (fits != VERSION_UNKNOWN)
		return NULL;
	return version && *version ? "its version cannot be compared with the published one" : "version not known";
}

static enum match_says says_of(enum product_status status, enum version_fits fits, bool sure)
{
	if (fits == VERSION_NO)
		return MATCH_NOT_AFFECTED;
	switch (status) {
	case STATUS_AFFECTED: return fits == VERSION_YES && sure ? MATCH_AFFECTED : MATCH_MAYBE;
	case STATUS_FIXED: return fits == VERSION_YES && sure ? MATCH_FIXED : MATCH_MAYBE;
	case STATUS_NOT_AFFECTED: return fits == VERSION_YES && sure ? MATCH_NOT_AFFECTED : MATCH_MAYBE;
	case STATUS_INVESTIGATED:
	case STATUS_COUNT: break;
	}
	return MATCH_INVESTIGATED;
}

/* What was said of exactly this version outweighs what is only possible. */
static int weight(enum product_status status, enum match_says says, enum version_fits fits)
{
	if (says == MATCH_AFFECTED)
		return 6;
	if (status != STATUS_AFFECTED && fits == VERSION_YES && says != MATCH_MAYBE)
		return 5;
	if (status == STATUS_AFFECTED && says == MATCH_MAYBE)
		return 4;
	if (says == MATCH_INVESTIGATED)
		return 3;
	return says == MATCH_NOT_AFFECTED && status == STATUS_AFFECTED ? 2 : 0;
}

struct candidate {                               /* a product of one advisory that the subject may be */
	const struct prepared *p;
	const struct known *k;
	enum recognised r;
	enum version_fits fits;
};

enum { CANDIDATES = 256 };

static unsigned candidates_of(const struct matcher *m, unsigned advisory, const struct known *known, unsigned nknown,
			      const char *version, struct candidate v[CANDIDATES])
{
	unsigned n = 0;
	for (unsigned i = m->first[advisory]; i < m->first[advisory + 1]; i++)
		for (unsigned k = 0; k < nknown && n < CANDIDATES; k++) {
			const struct prepared *p = &m->v[i];
			bool as_model = false;
			enum recognised r = recognise(p, &known[k], &as_model);
			if (r == NOT)
				continue;
			bool any = as_model || !*p->p->version;
			v[n++] = (struct candidate){ p, &known[k], r,
						     any ? VERSION_YES : version_in(version ? version : "", p->p->version) };
		}
	return n;
}

static bool judge(const struct advisory *a, const struct vulnerability *v, const struct candidate *c, unsigned n,
		  const char *version, struct match *out)
{
	int best = 0;
	for (unsigned i = 0; i < n; i++)
		for (int s = 0; s < STATUS_COUNT; s++) {
			if (!lists(&v->status[s], c[i].p->p->id))
				continue;
			const struct known *k = c[i].k;
			bool sure = c[i].r == MODEL && k->has_maker && !k->guessed;
			enum match_says says = says_of((enum product_status)s, c[i].fits, sure);
			int w = weight((enum product_status)s, says, c[i].fits);
			if (w <= best)
				continue;
			best = w;
			*out = (struct match){ a, v, c[i].p->p, says, k->rule, what_is_unknown(k, c[i].r, c[i].fits, version) };
			if (says == MATCH_AFFECTED || says == MATCH_FIXED || says == MATCH_NOT_AFFECTED)
				out->unknown = NULL;
		}
	return best > 0;
}

/* ---- subjects ---- */

enum { KNOWN = 8 };

static struct known known_as(const char *maker, const char *model, const char *rule)
{
	struct known k = { .rule = rule };
	k.maker = maker_words(maker);
	k.product = product_words(model, &k.maker);
	k.has_maker = k.maker.nfamily + k.maker.nmodel > 0;
	return k;
}

static bool speaks(const struct match_subject *s, const char *protocol)
{
	for (const char *const *p = s->protocols; p && *p; p++)
		if (strcmp(*p, protocol) == 0)
			return true;
	return false;
}

/* The subject itself, what it is a re-brand of, and without a model what it speaks like. */
static unsigned all_known(const struct match_subject *s, struct known v[KNOWN])
{
	static const struct {
		const char *maker, *model, *of_maker, *of_model, *rule;
	} rebrands[] = {
#define REBRAND(m, mo, m2, mo2, who) { m, mo, m2, mo2, "re-brand: " m " " mo " is the " m2 " " mo2 " (" who ")" },
#define SPEAKS(protocol, m, model, what)
#define MAKER(a, b)
#include "advisory/facts.def"
#undef REBRAND
#undef SPEAKS
	};
	static const struct {
		const char *protocol, *maker, *model, *rule;
	} traits[] = {
#define REBRAND(m, mo, m2, mo2, who)
#define SPEAKS(p, m, mo, what) { p, m, mo, "protocol: it speaks " what },
#include "advisory/facts.def"
#undef SPEAKS
#undef REBRAND
#undef MAKER
#undef REMEDY
#undef CVE
#undef PRODUCT
#undef ADVISORY
	};
	unsigned n = 0;
	v[n] = known_as(s->maker, s->model, "maker and model");
	bool named = v[0].product.nfamily + v[0].product.nmodel > 0 || (v[0].has_maker && v[0].product.whole);
	if (!v[0].has_maker)
		v[0].rule = "model alone";
	n += named;
	for (size_t i = 0; i < ARRAY_LEN(rebrands) && named && n < KNOWN; i++) {
		struct known brand = known_as(rebrands[i].maker, rebrands[i].model, NULL);
		if (same_product(&brand.product, &v[0].product) != MODEL ||
		    (v[0].has_maker && !same_maker(&brand.maker, &v[0].maker)))
			continue;
		bool has_maker = v[0].has_maker;
		v[n] = known_as(rebrands[i].of_maker, rebrands[i].of_model, rebrands[i].rule);
		v[n].guessed = false;
		if (!has_maker)
			v[n].guessed = true;
		n++;
	}
	for (size_t i = 0; i < ARRAY_LEN(traits) && !named && n < KNOWN; i++)
		if (speaks(s, traits[i].protocol)) {
			v[n] = known_as(traits[i].maker, traits[i].model, traits[i].rule);
			v[n++].guessed = true;
		}
	return n;
}

unsigned matcher_ask(struct matcher *m, const struct match_subject *s, struct match *v, unsigned room)
{
	struct known known[KNOWN];
	struct candidate c[CANDIDATES];
	unsigned nknown = all_known(s, known), n = 0;
	for (unsigned a = 0; nknown && a < m->t->n; a++) {
		unsigned nc = candidates_of(m, a, known, nknown, s->version, c);
		for (unsigned i = 0; nc && i < m->t->v[a].nvulnerabilities; i++) {
			struct match one;
			if (judge(&m->t->v[a], &m->t->v[a].vulnerabilities[i], c, nc, s->version, &one) && n++ < room)
				v[n - 1] = one;
		}
	}
	return n;
}

struct matcher *matcher_new(const struct advisories *t)
{
	struct matcher *m = mem_new(sizeof(*m));
	unsigned n = 0;
	for (unsigned i = 0; i < t->n; i++)
		n += t->v[i].nproducts;
	m->t = t;
	m->v = mem_array(n + 1, sizeof(*m->v));
	m->first = mem_array(t->n + 1, sizeof(*m->first));
	n = 0;
	for (unsigned i = 0; i < t->n; i++) {
		m->first[i] = n;
		for (unsigned k = 0; k < t->v[i].nproducts; k++) {
			const struct advisory_product *p = &t->v[i].products[k];
			m->v[n].p = p;
			m->v[n].maker = maker_words(p->maker);
			m->v[n].product = product_words(p->name, &m->v[n].maker);
			n++;
		}
	}
	m->first[t->n] = n;
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	free(m->v);
	free(m->first);
	free(m);
}
