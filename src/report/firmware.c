/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware report: findings with their chains. Everything out of an image passes layout_wrap. */
#include "report/firmware.h"

#include "base/scope.h"

enum { SAID = 64, STEPS_SHOWN = 12 };

struct said {                                    /* advice printed so far */
	struct span v[SAID];
	unsigned n;
};

static struct texts texts_of(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].texts : (struct texts){ 0 };
}

static enum severity severity_of(const struct record *f)
{
	enum severity s = SEV_INFO;
	severity_parse(record_get_text(f, FND_SEVERITY), &s);
	return s;
}

static bool say_once(struct said *s, struct span text)
{
	for (unsigned i = 0; i < s->n; i++)
		if (span_eq(s->v[i], text))
			return false;
	if (s->n < SAID)
		s->v[s->n++] = text;
	return true;
}

static void print_title(struct buf *out, const struct layout *l, const struct record *f)
{
	struct buf head = { 0 };
	layout_severity(&head, l, severity_of(f));
	buf_text(&head, "  ");
	buf_u8(&head, 0);
	layout_wrap(out, l, 0, (const char *)head.p, record_get_text(f, FND_TITLE));
	buf_done(&head);
}

static void put_place(struct buf *b, const struct record *step)
{
	struct span function = record_get_text(step, STEP_FUNCTION);
	if (record_has(step, STEP_LINE))
		buf_printf(b, "line %llu", (unsigned long long)record_get_uint(step, STEP_LINE));
	else if (record_has(step, STEP_SITE))
		buf_printf(b, "0x%llx", (unsigned long long)record_get_uint(step, STEP_SITE));
	else if (record_has(step, STEP_OFFSET))
		buf_printf(b, "offset 0x%llx", (unsigned long long)record_get_uint(step, STEP_OFFSET));
	if (function.n)
		buf_printf(b, " in %.*s", (int)span_cut(function, 80).n, (const char *)function.p);
}

static void print_steps(struct buf *out, const struct layout *l, const struct record *f)
{
	struct records steps = record_has(f, FND_CHAIN) ? f->v[FND_CHAIN].records : (struct records){ 0 };
	for (uint32_t i = 0; i < steps.n && i < STEPS_SHOWN; i++) {
		struct buf line = { 0 }, place = { 0 };
		buf_bytes(&line, record_get_text(steps.v[i], STEP_TEXT));
		put_place(&place, steps.v[i]);
		if (place.n)
			buf_printf(&line, "   (%.*s)", (int)place.n, (const char *)place.p);
		buf_done(&place);
		layout_wrap(out, l, 2, i ? "          " : "Does:     ", buf_span(&line));
		buf_done(&line);
	}
	if (steps.n > STEPS_SHOWN)
		buf_printf(out, "            and %u more (--explain gives all)\n", steps.n - STEPS_SHOWN);
}

static struct span place_of(const struct record *f)
{
	struct records steps = record_has(f, FND_CHAIN) ? f->v[FND_CHAIN].records : (struct records){ 0 };
	struct records seen = record_has(f, FND_EVIDENCE) ? f->v[FND_EVIDENCE].records : (struct records){ 0 };
	return steps.n	? record_get_text(steps.v[0], STEP_PLACE)
	       : seen.n ? record_get_text(seen.v[0], EV_FILE)
			: (struct span){ 0 };
}

static void print_started(struct buf *out, const struct layout *l, const struct record *f, const char *head)
{
	const struct record *o = record_has(f, FND_OBSERVED) ? f->v[FND_OBSERVED].record : NULL;
	if (o && record_has(o, OBS_STARTED))
		layout_wrap(out, l, 2, head, record_get_text(o, OBS_STARTED));
}

static void print_next(struct buf *out, const struct layout *l, const struct record *f, struct said *said)
{
	struct texts next = texts_of(f, FND_NEXT);
	unsigned fresh = 0;
	char head[32];
	for (uint32_t i = 0; i < next.n; i++) {
		if (said && !say_once(said, next.v[i]))
			continue;
		snprintf(head, sizeof(head), "%s%u. ", fresh ? "          " : "Next:     ", fresh + 1);
		layout_wrap(out, l, 2, head, next.v[i]);
		fresh++;
	}
}

static bool same_step(const struct record *a, const struct record *b)
{
	return span_eq(record_get_text(a, STEP_PLACE), record_get_text(b, STEP_PLACE)) &&
	       span_eq(record_get_text(a, STEP_TEXT), record_get_text(b, STEP_TEXT)) &&
	       record_get_uint(a, STEP_LINE) == record_get_uint(b, STEP_LINE) &&
	       record_get_uint(a, STEP_SITE) == record_get_uint(b, STEP_SITE);
}

/* Two rules that speak of one chain: the same first and last of its steps. */
static bool same_chain(const struct record *a, const struct record *b)
{
	struct records x = record_has(a, FND_CHAIN) ? a->v[FND_CHAIN].records : (struct records){ 0 };
	struct records y = record_has(b, FND_CHAIN) ? b->v[FND_CHAIN].records : (struct records){ 0 };
	return x.n > 1 && y.n > 1 && same_step(x.v[0], y.v[0]) && same_step(x.v[x.n - 1], y.v[y.n - 1]);
}

/* Told with one before it, which is as grave or graver. */
static bool is_told(struct record *const *findings, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (severity_of(findings[k]) >= severity_of(findings[i]) && same_chain(findings[k], findings[i]))
			return true;
	return false;
}

static void print_also(struct buf *out, const struct layout *l, struct record *const *findings, size_t n, size_t i)
{
	for (size_t k = i + 1; k < n; k++) {
		struct buf line = { 0 };
		if (severity_of(findings[i]) < severity_of(findings[k]) || !same_chain(findings[i], findings[k]) ||
		    severity_of(findings[k]) == SEV_INFO)
			continue;
		buf_bytes(&line, record_get_text(findings[k], FND_ID));
		buf_text(&line, " of rule ");
		buf_bytes(&line, record_get_text(findings[k], FND_RULE));
		buf_text(&line, ", of the same steps");
		layout_wrap(out, l, 2, "Also:     ", buf_span(&line));
		buf_done(&line);
	}
}

static void print_finding(struct buf *out, const struct layout *l, const struct record *f, struct said *said)
{
	buf_text(out, "\n");
	print_title(out, l, f);
	layout_wrap(out, l, 2, "Where:    ", place_of(f));
	print_started(out, l, f, "Started:  ");
	print_steps(out, l, f);
	if (say_once(said, record_get_text(f, FND_MEANING)))
		layout_wrap(out, l, 2, "Why:      ", record_get_text(f, FND_MEANING));
	if (say_once(said, record_get_text(f, FND_WRONG)))
		layout_wrap(out, l, 2, "Wrong if: ", record_get_text(f, FND_WRONG));
	print_next(out, l, f, said);
	struct buf line = { 0 };
	buf_bytes(&line, record_get_text(f, FND_ID));
	buf_text(&line, " of rule ");
	buf_bytes(&line, record_get_text(f, FND_RULE));
	buf_text(&line, ", case ");
	buf_bytes(&line, record_get_text(f, FND_CASE));
	buf_printf(&line, ", confidence %.2f", record_get_real(f, FND_CONFIDENCE));
	layout_wrap(out, l, 2, "Finding:  ", buf_span(&line));
	buf_done(&line);
}

void firmware_report(struct buf *out, const struct layout *l, struct record *const *findings, size_t n)
{
	size_t count[SEV_CRITICAL + 1] = { 0 }, above = 0;
	for (size_t i = 0; i < n; i++)
		count[severity_of(findings[i])] += !is_told(findings, i);
	struct buf line = { 0 };
	for (int s = SEV_CRITICAL; s > SEV_INFO; s--) {
		if (!count[s])
			continue;
		buf_printf(&line, "%s%zu %s", above ? ", " : "", count[s], severity_name((enum severity)s));
		above += count[s];
	}
	buf_printf(&line, above == 1 ? " finding."
			  : above    ? " findings."
				     : "Nothing above info was found in what was opened and executed.");
	buf_u8(&line, 0);
	layout_tint(out, l,
		    count[SEV_CRITICAL] || count[SEV_HIGH] ? TINT_RED
		    : above				   ? TINT_YELLOW
							   : TINT_GREEN,
		    (const char *)line.p);
	buf_text(out, "\n");
	buf_done(&line);
	struct said said = { 0 };
	for (int s = SEV_CRITICAL; s > SEV_INFO; s--)
		for (size_t i = 0; i < n; i++)
			if ((int)severity_of(findings[i]) == s && !is_told(findings, i)) {
				print_finding(out, l, findings[i], &said);
				print_also(out, l, findings, n, i);
			}
	if (count[SEV_INFO])
		buf_text(out, "\nWorth knowing:\n");
	for (size_t i = 0; i < n; i++)
		if (severity_of(findings[i]) == SEV_INFO)
			layout_wrap(out, l, 2, l->utf8 ? "· " : "- ", record_get_text(findings[i], FND_TITLE));
}

static void print_list(struct buf *out, const struct layout *l, const char *head, struct texts t)
{
	char blank[24];
	snprintf(blank, sizeof(blank), "%*s", (int)strlen(head), "");
	for (uint32_t i = 0; i < t.n; i++)
		layout_wrap(out, l, 6, i ? blank : head, t.v[i]);
}

void firmware_explain(struct buf *out, const struct layout *l, const struct record *f)
{
	struct records steps = record_has(f, FND_CHAIN) ? f->v[FND_CHAIN].records : (struct records){ 0 };
	print_title(out, l, f);
	layout_wrap(out, l, 2, "Where: ", place_of(f));
	print_started(out, l, f, "Started: ");
	for (uint32_t i = 0; i < steps.n; i++) {
		const struct record *s = steps.v[i];
		struct buf line = { 0 };
		char head[16];
		snprintf(head, sizeof(head), "%u. ", i + 1);
		buf_text(out, "\n");
		layout_wrap(out, l, 2, head, record_get_text(s, STEP_TEXT));
		put_place(&line, s);
		layout_wrap(out, l, 6, "at        ", buf_span(&line));
		buf_done(&line);
		print_list(out, l, "argument  ", texts_of(s, STEP_ARGUMENTS));
		print_list(out, l, "assumed   ", texts_of(s, STEP_CONDITIONS));
		print_list(out, l, "code      ", texts_of(s, STEP_CODE));
	}
	buf_text(out, "\n");
	layout_wrap(out, l, 2, "Why:      ", record_get_text(f, FND_MEANING));
	layout_wrap(out, l, 2, "Wrong if: ", record_get_text(f, FND_WRONG));
	print_next(out, l, f, NULL);
}
