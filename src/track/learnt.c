/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of patients' identifiers in a fixed table, direct-mapped: a later one takes the slot. */
#include "track/learnt.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/scope.h"
#include "track/track.h"

enum { ID_MIN = 6, ID_DIGITS = 3, WORD_MIN = 4, WORD_MAX = 40, NEAR = 48, LATELY = 512, LATELY_WORDS = 6 };

static const struct field learnt_fields[] = {
	[LEARNT_FIELD] = { "field", F_TEXT, "which identity field the identifier was learnt from" },
	[LEARNT_TOKEN] = { "patient", F_TEXT, "the identifier", .privacy = PATIENT },
};
RECORD_TYPE(learnt_type, "learnt",
	    "A patient's identifier, learnt from a decoded stream, in a stream that nobody decodes", learnt_fields);

struct word {
	uint64_t mark;                           /* keyed hash of the word; 0: empty */
	struct token token;                      /* of the whole value */
	const char *field;
	bool alone;                              /* enough by itself */
};

/* A value's words, so that one that comes with every message is not cut and hashed each time. */
struct lately {
	struct token token;                      /* of the value; len 0: free */
	const char *field;
	unsigned n;
	uint64_t marks[LATELY_WORDS];
};

struct learnt {
	struct hash_key key;
	uint32_t used;
	struct lately lately[LATELY];
	struct word words[LEARNT_SLOTS];
};

struct learnt *learnt_new(struct hash_key key)
{
	struct learnt *l = mem_new(sizeof(*l));
	l->key = (struct hash_key){ key.k1, key.k0 };
	return l;
}

void learnt_free(struct learnt *l)
{
	free(l);
}

bool learnt_any(const struct learnt *l)
{
	return l->used;
}

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

/* The next run of letters and digits; empty at the end. */
static struct span next_word(struct rd *r)
{
	while (rd_left(r) && !is_word(rd_peek(r)))
		rd_skip(r, 1);
	struct span rest = { r->p, rd_left(r) };
	size_t n = 0;
	while (rd_left(r) && is_word(rd_peek(r))) {
		rd_skip(r, 1);
		n++;
	}
	return span_cut(rest, n);
}

static uint64_t mark_of(const struct learnt *l, struct span word)
{
	uint8_t lower[WORD_MAX];
	struct rd r = rd_of(span_cut(word, WORD_MAX));
	size_t n = 0;
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		lower[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
	}
	uint64_t h = hash64(l->key, span_of(lower, n));
	return h ? h : 1;
}

static bool is_number(struct span word)
{
	unsigned digits = 0;
	for (size_t i = 0; i < word.n; i++)
		digits += word.p[i] >= '0' && word.p[i] <= '9';
	return word.n >= ID_MIN && digits >= ID_DIGITS;
}

static void remember(struct learnt *l, uint64_t mark, const struct field *f, const struct token *t, bool alone)
{
	struct word *w = &l->words[mark % LEARNT_SLOTS];
	l->used += w->mark == 0;
	*w = (struct word){ .mark = mark, .token = *t, .field = f->name, .alone = alone };
}

static struct lately *lately_slot(struct learnt *l, const struct token *t)
{
	struct rd r = rd_of(span_of(t->hash, TOKEN_HASH));
	return &l->lately[rd_le64(&r) % LATELY];
}

static bool is_lately(const struct lately *m, const struct field *f, const struct token *t)
{
	return m->token.len && m->token.len == t->len && m->field == f->name &&
	       memcmp(m->token.hash, t->hash, TOKEN_HASH) == 0;
}

static void cut_words(struct learnt *l, const struct field *f, struct span value, const struct token *t, bool is_id)
{
	struct lately m = { .token = *t, .field = f->name };
	struct rd r = rd_of(span_cut(value, 256));
	for (struct span w = next_word(&r); w.n; w = next_word(&r)) {
		if (is_id ? !is_number(w) : w.n < WORD_MIN || w.n > WORD_MAX)
			continue;
		uint64_t mark = mark_of(l, w);
		if (m.n < LATELY_WORDS)
			m.marks[m.n] = mark;
		m.n++;
		remember(l, mark, f, t, is_id);
	}
	if (m.n <= LATELY_WORDS)
		*lately_slot(l, t) = m;
}

void learnt_add(struct learnt *l, const struct field *f, struct span value, const struct token *t)
{
	if (f->name[0] != 'p')                   /* asked for every token: most are of other fields */
		return;
	bool is_id = strcmp(f->name, "patient_id") == 0, is_name = strcmp(f->name, "patient_name") == 0;
	if (!is_id && !is_name)
		return;
	const struct lately *m = lately_slot(l, t);
	if (!is_lately(m, f, t)) {
		cut_words(l, f, value, t, is_id);
		return;
	}
	for (unsigned i = 0; i < m->n; i++)
		remember(l, m->marks[i], f, t, is_id);
}

static const struct word *look_up(const struct learnt *l, struct span word)
{
	uint64_t mark = mark_of(l, word);
	const struct word *w = &l->words[mark % LEARNT_SLOTS];
	return w->mark == mark ? w : NULL;
}

bool learnt_word(const struct learnt *l, struct span bytes, struct span *where)
{
	struct rd r = rd_of(bytes);
	for (struct span w = next_word(&r); w.n; w = next_word(&r))
		if (w.n >= WORD_MIN && look_up(l, w)) {
			*where = w;
			return true;
		}
	return false;
}

bool learnt_find(const struct learnt *l, struct span bytes, struct token *t, const char **field, struct span *where)
{
	struct rd r = rd_of(bytes);
	const struct word *half = NULL;
	struct span half_at = { 0 };
	for (struct span w = next_word(&r); w.n; w = next_word(&r)) {
		const struct word *hit = w.n >= WORD_MIN && w.n <= WORD_MAX ? look_up(l, w) : NULL;
		if (!hit)
			continue;
		bool pair = half && half != hit && memcmp(&half->token, &hit->token, sizeof(hit->token)) == 0 &&
			    (size_t)(w.p - half_at.p) <= NEAR;
		if (hit->alone || pair) {
			*t = hit->token;
			*field = hit->field;
			*where = pair ? span_of(half_at.p, (size_t)(w.p - half_at.p) + w.n) : w;
			return true;
		}
		half = hit;
		half_at = w;
	}
	return false;
}
