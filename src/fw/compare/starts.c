/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one image starts and the other does not. Lines that moved within a script are no difference. */
#include "base/keyring.h"
#include "fw/compare/compare.h"
#include "fw/model/startup.h"

enum { DIGEST = 32 };

struct line {
	uint8_t digest[DIGEST];
	uint32_t index;
	bool conditional;
};

/* "ward.bin > 0x10000 cramfs > etc/inittab" → "etc/inittab". */
static struct span file_of(struct span where)
{
	for (size_t i = where.n; i >= 3; i--)
		if (span_is(span_of(where.p + i - 3, 3), " > "))
			return span_from(where, i);
	return where;
}

static void lines_make(const struct compare_list *l, struct line *out)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const struct record *r = l->v[i];
		struct buf b = { 0 };
		buf_bytes(&b, record_get_text(r, STA_WHEN));
		buf_text(&b, "\n");
		buf_bytes(&b, record_get_text(r, STA_COMMAND));
		buf_text(&b, "\n");
		buf_bytes(&b, file_of(record_get_text(r, STA_PROGRAM)));
		buf_text(&b, "\n");
		buf_bytes(&b, file_of(record_get_text(r, STA_BY)));
		keyring_sha256(buf_span(&b), out[i].digest);
		buf_done(&b);
		out[i].index = i;
		out[i].conditional = record_get_uint(r, STA_CONDITIONAL);
	}
}

static int by_digest(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int cmp = memcmp(x->digest, y->digest, DIGEST);
	return cmp ? cmp : (x->index > y->index) - (x->index < y->index);
}

static void say(struct comparison *c, const struct record *start, const char *change)
{
	struct record r;
	compare_begin(c, &r, &start_change_type);
	record_str(&r, SCH_CHANGE, change);
	record_text(&r, SCH_WHEN, record_get_text(start, STA_WHEN));
	record_text(&r, SCH_COMMAND, record_get_text(start, STA_COMMAND));
	record_text(&r, SCH_PROGRAM, record_get_text(start, STA_PROGRAM));
	record_text(&r, SCH_BY, record_get_text(start, STA_BY));
	if (record_has(start, STA_LINE))
		record_uint(&r, SCH_LINE, record_get_uint(start, STA_LINE));
	record_bool(&r, SCH_CONDITIONAL, record_get_uint(start, STA_CONDITIONAL));
	c->count[CMP_STARTS]++;
	compare_publish(c, &r);
}

/* What became of each line: 0 alone, 1 the same, 2 other condition. */
static void match(const struct line *old, uint32_t nold, const struct line *new, uint32_t nnew, uint8_t *of_old,
		  uint8_t *of_new)
{
	for (uint32_t i = 0, k = 0; i < nold && k < nnew;) {
		int cmp = memcmp(old[i].digest, new[k].digest, DIGEST);
		if (cmp == 0) {
			of_old[old[i].index] = 1;
			of_new[new[k].index] = old[i].conditional == new[k].conditional ? 1 : 2;
		}
		i += cmp <= 0;
		k += cmp >= 0;
	}
}

void compare_starts(struct comparison *c)
{
	const struct compare_list *a = &c->old->starts, *b = &c->new->starts;
	struct line *old = mem_array(a->n + 1u, sizeof(*old)), *new = mem_array(b->n + 1u, sizeof(*new));
	uint8_t *of_old = mem_array(a->n + 1u, 1), *of_new = mem_array(b->n + 1u, 1);
	lines_make(a, old);
	lines_make(b, new);
	qsort(old, a->n, sizeof(*old), by_digest);
	qsort(new, b->n, sizeof(*new), by_digest);
	match(old, a->n, new, b->n, of_old, of_new);
	for (uint32_t i = 0; i < a->n; i++)
		if (!of_old[i])
			say(c, a->v[i], "removed");
	for (uint32_t k = 0; k < b->n; k++) {
		bool conditional = record_get_uint(b->v[k], STA_CONDITIONAL);
		if (of_new[k] != 1)
			say(c, b->v[k],
			    !of_new[k]	  ? "added"
			    : conditional ? "now with a condition"
					  : "now without a condition");
	}
	free(old);
	free(new);
	free(of_old);
	free(of_new);
}
