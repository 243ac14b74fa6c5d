/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware report: findings with their chains. Everything out of an image passes layout_wrap. */
#include "report/firmware.h"

#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "report/advice.h"

enum { STEPS_SHOWN = 12, NAMED = 4 };

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

static void print_finding(struct buf *out, const struct layout *l, const struct record *f, struct advice *advice)
{
	buf_text(out, "\n");
	print_title(out, l, f);
	layout_wrap(out, l, 2, "Where:    ", place_of(f));
	print_started(out, l, f, "Started:  ");
	print_steps(out, l, f);
	advice_paragraph(advice, out, l, "Why:      ", record_get_text(f, FND_MEANING), record_get_text(f, FND_ID));
	advice_paragraph(advice, out, l, "Wrong if: ", record_get_text(f, FND_WRONG), record_get_text(f, FND_ID));
	advice_steps(advice, out, l, texts_of(f, FND_NEXT));
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

/* The file of a finding: the last link of its place, "image > container > file". */
static struct span file_of(const struct record *f)
{
	struct span place = place_of(f);
	for (size_t i = place.n; i > 3; i--)
		if (memcmp(place.p + i - 3, " > ", 3) == 0)
			return (struct span){ place.p + i, place.n - i };
	return place;
}

struct concern {                                 /* a file and the gravest of its findings */
	struct span file;
	enum severity worst;
};

/* Gravest first, else in the order of the findings. Returns how many; the first NAMED of them are in v. */
static size_t concerns(struct record *const *findings, size_t n, struct concern v[NAMED])
{
	size_t files = 0;
	struct span *seen = mem_array(n + 1, sizeof(*seen));
	for (int s = SEV_CRITICAL; s > SEV_INFO; s--)
		for (size_t i = 0; i < n; i++) {
			struct span file = file_of(findings[i]);
			size_t k = 0;
			if ((int)severity_of(findings[i]) != s)
				continue;
			while (k < files && !span_eq(seen[k], file))
				k++;
			if (k < files)
				continue;
			if (files < NAMED)
				v[files] = (struct concern){ file, (enum severity)s };
			seen[files++] = file;
		}
	free(seen);
	return files;
}

/* "2 files need attention: a (critical), b (high). 1 critical, 3 high findings. Step 1: …" Returns the gravest. */
static enum severity state_sentence(struct buf *line, struct record *const *findings, size_t n)
{
	struct concern v[NAMED];
	size_t count[SEV_CRITICAL + 1] = { 0 }, above = 0, files = concerns(findings, n, v);
	if (!files) {
		buf_text(line, "Nothing above info was found in what was opened and executed.");
		return SEV_INFO;
	}
	layout_count(line, files, "file needs attention", "files need attention");
	for (size_t i = 0; i < files && i < NAMED; i++) {
		buf_text(line, i ? ", " : ": ");
		buf_bytes(line, v[i].file);
		buf_printf(line, " (%s)", severity_name(v[i].worst));
	}
	if (files > NAMED)
		buf_printf(line, " and %zu more", files - NAMED);
	buf_text(line, ". ");
	for (size_t i = 0; i < n; i++)
		count[severity_of(findings[i])] += !is_told(findings, i);
	for (int s = SEV_CRITICAL; s > SEV_INFO; s--) {
		if (!count[s])
			continue;
		buf_printf(line, "%s%zu %s", above ? ", " : "", count[s], severity_name((enum severity)s));
		above += count[s];
	}
	buf_text(line, above == 1 ? " finding." : " findings.");
	for (size_t i = 0; i < n; i++)
		if (severity_of(findings[i]) == v[0].worst && !is_told(findings, i)) {
			advice_first(line, texts_of(findings[i], FND_NEXT));
			break;
		}
	return v[0].worst;
}

static void print_state(struct buf *out, const struct layout *l, struct record *const *findings, size_t n)
{
	struct buf raw = { 0 }, shown = { 0 };
	enum severity worst = state_sentence(&raw, findings, n);
	layout_wrap(&shown, l, 0, "", buf_span(&raw));
	shown.n -= shown.n ? 1 : 0;              /* the line's end stays out of the colour */
	buf_u8(&shown, 0);
	layout_tint(out, l, worst >= SEV_HIGH ? TINT_RED : worst > SEV_INFO ? TINT_YELLOW : TINT_GREEN,
		    (const char *)shown.p);
	buf_text(out, "\n");
	buf_done(&raw);
	buf_done(&shown);
}

void firmware_report(struct buf *out, const struct layout *l, struct record *const *findings, size_t n)
{
	struct advice advice = { 0 };
	size_t notes = 0;
	print_state(out, l, findings, n);
	for (int s = SEV_CRITICAL; s > SEV_INFO; s--)
		for (size_t i = 0; i < n; i++)
			if ((int)severity_of(findings[i]) == s && !is_told(findings, i)) {
				print_finding(out, l, findings[i], &advice);
				print_also(out, l, findings, n, i);
			}
	for (size_t i = 0; i < n; i++) {
		if (severity_of(findings[i]) != SEV_INFO)
			continue;
		buf_text(out, notes++ ? "" : "\nWorth knowing:\n");
		layout_wrap(out, l, 2, l->utf8 ? "· " : "- ", record_get_text(findings[i], FND_TITLE));
	}
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
	struct advice advice = { 0 };
	advice_paragraph(&advice, out, l, "Why:      ", record_get_text(f, FND_MEANING), record_get_text(f, FND_ID));
	advice_paragraph(&advice, out, l, "Wrong if: ", record_get_text(f, FND_WRONG), record_get_text(f, FND_ID));
	advice_steps(&advice, out, l, texts_of(f, FND_NEXT));
}
