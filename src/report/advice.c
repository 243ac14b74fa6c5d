/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice that is said once. */
#include "report/advice.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/scope.h"

enum { INDENT = 2 };

static const char FIRST[] = "Next:     ", MORE[] = "          ";

/* Its index, or n. */
static unsigned advice_at(const struct advice *a, struct span text)
{
	unsigned i = 0;
	while (i < a->n && !span_eq(a->said[i].text, text))
		i++;
	return i;
}

static void advice_keep(struct advice *a, struct span text, struct span under, unsigned step)
{
	if (a->n == ADVICE_KEPT)
		return;
	a->said[a->n].text = text;
	a->said[a->n].under = under;
	a->said[a->n++].step = step;
}

void advice_paragraph(struct advice *a, struct buf *out, const struct layout *l, const char *head, struct span text,
		      struct span under)
{
	unsigned i = advice_at(a, text);
	if (!text.n)
		return;
	if (i == a->n) {
		advice_keep(a, text, under, 0);
		layout_wrap(out, l, INDENT, head, text);
		return;
	}
	struct buf line = { 0 };
	buf_text(&line, "as for ");
	buf_bytes(&line, a->said[i].under);
	layout_wrap(out, l, INDENT, head, buf_span(&line));
	buf_done(&line);
}

/* "1, 4 to 6 and 9", in ascending order as they were given. */
static void put_numbers(struct buf *b, const unsigned *v, unsigned n)
{
	for (unsigned i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && v[end] == v[end - 1] + 1;)
			end++;
		end = end - i < 3 ? i + 1 : end;         /* "1, 2" is no range */
		buf_printf(b, "%s%u", i == 0 ? "" : end == n ? " and " : ", ", v[i]);
		if (end - i > 1)
			buf_printf(b, " to %u", v[end - 1]);
	}
}

static int by_number(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return (x > y) - (x < y);
}

static void print_again(struct buf *out, const struct layout *l, const char *head, const char *before,
			unsigned *again, unsigned n, const char *after)
{
	struct buf line = { 0 };
	qsort(again, n, sizeof(again[0]), by_number);
	buf_printf(&line, "%s%s ", before, n == 1 ? "step" : "steps");
	put_numbers(&line, again, n);
	buf_printf(&line, " above%s", after);
	layout_wrap(out, l, INDENT, head, buf_span(&line));
	buf_done(&line);
}

/* Most urgent first: who begins with a step that stood before is sent there first. */
void advice_first(struct buf *line, struct texts next)
{
	if (!next.n)
		return;
	struct span sentence = next.v[0];
	for (size_t i = 0; i + 1 < sentence.n; i++)
		if (sentence.p[i] == '.' && sentence.p[i + 1] == ' ')
			sentence.n = i + 1;
	buf_text(line, " Step 1: ");
	buf_bytes(line, sentence);
}

void advice_steps(struct advice *a, struct buf *out, const struct layout *l, struct texts next)
{
	unsigned again[ADVICE_KEPT], nagain = 0, nfresh = 0, had = a->n;
	struct span *fresh = mem_array(next.n + 1, sizeof(*fresh));
	bool urgent = next.n && advice_at(a, next.v[0]) < had;
	char head[32];
	for (uint32_t i = 0; i < next.n; i++) {
		unsigned at = advice_at(a, next.v[i]);
		if (at < had && nagain < ADVICE_KEPT)
			again[nagain++] = a->said[at].step;
		else
			fresh[nfresh++] = next.v[i];
	}
	if (urgent)
		print_again(out, l, FIRST, "", again, nagain, nfresh ? ", then" : "");
	for (uint32_t i = 0; i < nfresh; i++) {
		snprintf(head, sizeof(head), "%s%u. ", i || urgent ? MORE : FIRST, ++a->steps);
		layout_wrap(out, l, INDENT, head, fresh[i]);
		advice_keep(a, fresh[i], (struct span){ 0 }, a->steps);
	}
	if (nagain && !urgent)
		print_again(out, l, MORE, "and ", again, nagain, "");
	free(fresh);
}
