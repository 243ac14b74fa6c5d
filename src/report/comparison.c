/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page of a comparison: the sentence, a verdict for each finding, then what lies behind them. */
#include "report/comparison.h"

#include "fw/compare/compare.h"

enum { SHOWN = 40 };

static struct span text_of(const struct record *r, unsigned field)
{
	return record_get_text(r, field);
}

static enum severity severity_of(const struct record *v)
{
	enum severity s = SEV_INFO;
	severity_parse(text_of(v, VER_SEVERITY), &s);
	return s;
}

static struct texts texts_of(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].texts : (struct texts){ 0 };
}

/* ---- verdicts ---- */

/* Capitals, so that nobody reads a list of findings for a list of repairs. */
static const char *verdict_word(struct span verdict)
{
	static const struct {
		const char *verdict, *word;
	} words[] = {
		{ "removed", "REMOVED" },   { "still there", "STILL THERE" },
		{ "moved", "MOVED" },	    { "still there but no longer started", "STILL THERE, NO LONGER STARTED" },
		{ "changed", "CHANGED" },   { "new", "NEW" },
		{ "not seen", "NOT SEEN" },
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(verdict, words[i].verdict))
			return words[i].word;
	return "UNKNOWN";
}

static bool is_gone(const struct record *v)
{
	return record_get_uint(v, VER_GONE);
}

static void print_verdict(struct buf *out, const struct layout *l, const struct record *v)
{
	struct buf head = { 0 }, id = { 0 };
	struct texts changes = texts_of(v, VER_CHANGES);
	buf_text(out, "\n");
	layout_tint(out, l, is_gone(v) ? TINT_GREEN : TINT_RED, verdict_word(text_of(v, VER_VERDICT)));
	if (!is_gone(v) && !span_is(text_of(v, VER_VERDICT), "new") && !span_is(text_of(v, VER_VERDICT), "not seen"))
		buf_text(out, ": not fixed");
	buf_text(out, "\n");
	layout_severity(&head, l, severity_of(v));
	buf_text(&head, "  ");
	buf_u8(&head, 0);
	layout_wrap(out, l, 2, (const char *)head.p, text_of(v, VER_TITLE));
	layout_wrap(out, l, 4, "Because:  ", text_of(v, VER_WHY));
	for (uint32_t i = 0; i < changes.n; i++)
		layout_wrap(out, l, 4, i ? "          " : "Changed:  ", changes.v[i]);
	if (text_of(v, VER_OLD_STARTED).n)
		layout_wrap(out, l, 4, "Started:  before: ", text_of(v, VER_OLD_STARTED));
	if (text_of(v, VER_NEW_STARTED).n)
		layout_wrap(out, l, 4, text_of(v, VER_OLD_STARTED).n ? "          now:    " : "Started:  now:    ",
			    text_of(v, VER_NEW_STARTED));
	if (text_of(v, VER_OLD).n)
		buf_printf(&id, "%.*s in the old image", (int)text_of(v, VER_OLD).n,
			   (const char *)text_of(v, VER_OLD).p);
	if (text_of(v, VER_NEW).n)
		buf_printf(&id, "%s%.*s in the new one", id.n ? ", " : "", (int)text_of(v, VER_NEW).n,
			   (const char *)text_of(v, VER_NEW).p);
	buf_text(&id, ", rule ");
	buf_bytes(&id, text_of(v, VER_RULE));
	layout_wrap(out, l, 4, "Finding:  ", buf_span(&id));
	buf_done(&head);
	buf_done(&id);
}

/* What is not fixed first, the worst of it first; what is gone last. */
static void print_verdicts(struct buf *out, const struct layout *l, struct record *const *v, size_t n)
{
	for (int gone = 0; gone <= 1; gone++)
		for (int s = SEV_CRITICAL; s > SEV_INFO; s--)
			for (size_t i = 0; i < n; i++)
				if (v[i]->type == &verdict_type && (int)severity_of(v[i]) == s && is_gone(v[i]) == gone)
					print_verdict(out, l, v[i]);
	bool headed = false;
	for (size_t i = 0; i < n; i++) {
		if (v[i]->type != &verdict_type || severity_of(v[i]) != SEV_INFO ||
		    span_is(text_of(v[i], VER_VERDICT), "still there"))
			continue;
		struct buf line = { 0 };
		if (!headed)
			buf_text(out, "\nWorth knowing:\n");
		headed = true;
		buf_bytes(&line, text_of(v[i], VER_VERDICT));
		buf_text(&line, ": ");
		buf_bytes(&line, text_of(v[i], VER_TITLE));
		layout_wrap(out, l, 2, l->utf8 ? "· " : "- ", buf_span(&line));
		buf_done(&line);
	}
}

/* ---- what lies behind them ---- */

static void put_texts(struct buf *b, struct texts t)
{
	for (uint32_t i = 0; i < t.n; i++) {
		buf_text(b, i ? ", " : "");
		buf_bytes(b, t.v[i]);
	}
}

static void member_line(struct buf *b, const struct record *r)
{
	buf_bytes(b, text_of(r, MCH_PATH));
	buf_text(b, ": ");
	put_texts(b, texts_of(r, MCH_CHANGES));
	if (text_of(r, MCH_FROM).n) {
		buf_text(b, " (was ");
		buf_bytes(b, text_of(r, MCH_FROM));
		buf_text(b, ")");
	}
	if (text_of(r, MCH_OLD_MODE).n && text_of(r, MCH_NEW_MODE).n)
		buf_printf(b, ", %.*s to %.*s", (int)text_of(r, MCH_OLD_MODE).n,
			   (const char *)text_of(r, MCH_OLD_MODE).p, (int)text_of(r, MCH_NEW_MODE).n,
			   (const char *)text_of(r, MCH_NEW_MODE).p);
}

static void identity_line(struct buf *b, const struct record *r)
{
	struct texts old = texts_of(r, ICH_OLD), new = texts_of(r, ICH_NEW);
	buf_bytes(b, text_of(r, ICH_WHAT));
	buf_text(b, ": ");
	put_texts(b, old);
	buf_text(b, !new.n ? ", no longer said" : old.n ? ", now " : "now ");
	put_texts(b, new);
}

static void start_line(struct buf *b, const struct record *r)
{
	buf_bytes(b, text_of(r, SCH_CHANGE));
	buf_text(b, ": ");
	buf_bytes(b, text_of(r, SCH_COMMAND));
	buf_text(b, "  (");
	buf_bytes(b, text_of(r, SCH_WHEN));
	buf_text(b, ")");
}

static void function_line(struct buf *b, const struct record *r)
{
	buf_bytes(b, text_of(r, FCH_PROGRAM));
	buf_text(b, ": ");
	buf_bytes(b, text_of(r, FCH_FUNCTION));
	buf_text(b, " ");
	buf_bytes(b, text_of(r, FCH_CHANGE));
	if (record_has(r, FCH_OLD_INSTRUCTIONS) && record_has(r, FCH_NEW_INSTRUCTIONS))
		buf_printf(b, ", %llu instructions, before %llu",
			   (unsigned long long)record_get_uint(r, FCH_NEW_INSTRUCTIONS),
			   (unsigned long long)record_get_uint(r, FCH_OLD_INSTRUCTIONS));
}

static void print_kind(struct buf *out, const struct layout *l, struct record *const *v, size_t n,
		       const struct record_type *type, const char *head,
		       void (*line)(struct buf *b, const struct record *r))
{
	size_t shown = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i]->type != type || (type == &member_change_type && record_get_uint(v[i], MCH_HOLDS)))
			continue;
		if (shown++ == 0)
			buf_printf(out, "\n%s:\n", head);
		if (shown > SHOWN)
			continue;
		struct buf b = { 0 };
		line(&b, v[i]);
		layout_wrap(out, l, 2, "", buf_span(&b));
		buf_done(&b);
	}
	if (shown > SHOWN)
		buf_printf(out, "  and %zu more (--jsonl gives all)\n", shown - SHOWN);
}

void comparison_report(struct buf *out, const struct layout *l, struct record *const *v, size_t n)
{
	const struct record *sum = n && v[n - 1]->type == &comparison_type ? v[n - 1] : NULL;
	if (!sum)
		return;
	struct texts doubts = texts_of(sum, CMP_DOUBTS);
	struct span result = text_of(sum, CMP_RESULT);
	bool good = span_is(result, "fixed") || span_is(result, "nothing to fix") ||
		    span_starts(result, SPAN_LIT("the same"));
	struct buf b = { 0 };
	buf_bytes(&b, text_of(sum, CMP_SENTENCE));
	buf_u8(&b, 0);
	layout_tint(out, l, good ? TINT_GREEN : TINT_RED, (const char *)b.p);
	buf_text(out, "\n");
	buf_done(&b);
	for (uint32_t i = 0; i < doubts.n; i++)
		layout_wrap(out, l, 0, "But: ", doubts.v[i]);
	print_verdicts(out, l, v, n);
	print_kind(out, l, v, n, &identity_change_type, "What it says of itself", identity_line);
	print_kind(out, l, v, n, &start_change_type, "What is started", start_line);
	print_kind(out, l, v, n, &function_change_type, "Functions", function_line);
	print_kind(out, l, v, n, &member_change_type, "Members", member_line);
	struct buf line = { 0 };
	buf_printf(&line, "%llu members are the same in both, %llu were added, %llu removed, %llu changed.",
		   (unsigned long long)record_get_uint(sum, CMP_MEMBERS_SAME),
		   (unsigned long long)record_get_uint(sum, CMP_MEMBERS_ADDED),
		   (unsigned long long)record_get_uint(sum, CMP_MEMBERS_REMOVED),
		   (unsigned long long)record_get_uint(sum, CMP_MEMBERS_CHANGED));
	buf_text(out, "\n");
	layout_wrap(out, l, 0, "", buf_span(&line));
	buf_done(&line);
}
