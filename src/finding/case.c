/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases: grouping by subject and cause, and a story in plain sentences made of what the findings say. */
#include "finding/case.h"

#include "base/buf.h"
#include "base/scope.h"

enum { STORY_FINDINGS = 4, STORY_CAP = 3500, STORY_TITLE = 600, NEXT_MAX = 10, LISTED_MAX = 64 };

/* Of a firmware image each file has cases of its own. */
static void put_subject(struct buf *b, const struct finding *f)
{
	char address[ADDR_TEXT];
	if (!f->subject)
		return;
	struct span id = record_get_text(f->subject, SUB_ID), member = record_get_text(f->subject, SUB_MEMBER);
	buf_bytes(b, span_cut(id, 40));
	if (id.n && member.n)
		buf_text(b, "\n");
	buf_bytes(b, span_cut(member, 100));
	if (!id.n && !member.n)
		buf_text(b, addr_text(record_get_addr(f->subject, SUB_ADDRESS), address));
}

void case_id(const struct finding *f, char out[CASE_ID_TEXT])
{
	struct buf text = { 0 };
	const char *known = f->predicted_case ? f->predicted_case : f->in_case;  /* foretold: it joins the firmware's case */
	if (known[0]) {
		snprintf(out, CASE_ID_TEXT, "%s", known);
		return;
	}
	put_subject(&text, f);
	buf_printf(&text, "\n%s", f->rule->cause);
	uint8_t hash[32];
	keyring_sha256(buf_span(&text), hash);
	buf_done(&text);
	snprintf(out, CASE_ID_TEXT, "C-%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3]);
}

/* ---- grouping ---- */

struct keyed {
	struct finding *f;
	enum severity worst;                     /* of its case */
	uint64_t first;                          /* of its case */
	char id[CASE_ID_TEXT];
};

static int by_id(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	return strcmp(x->id, y->id);
}

static int by_case(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;
	if (x->worst != y->worst)
		return (int)y->worst - (int)x->worst;
	if (x->first != y->first)
		return x->first > y->first ? 1 : -1;
	int c = strcmp(x->id, y->id);
	if (c == 0)
		c = (x->f->first > y->f->first) - (x->f->first < y->f->first);
	if (c == 0)
		c = strcmp(x->f->rule->id, y->f->rule->id);
	return c ? c : strcmp(x->f->key, y->f->key);
}

void cases_sort(struct finding **v, size_t n)
{
	if (n == 0)
		return;
	struct keyed *k = mem_array(n, sizeof(*k));
	for (size_t i = 0; i < n; i++) {
		k[i] = (struct keyed){ .f = v[i] };
		case_id(v[i], k[i].id);
	}
	qsort(k, n, sizeof(*k), by_id);
	for (size_t i = 0, end; i < n; i = end) {
		enum severity worst = SEV_INFO;
		uint64_t first = UINT64_MAX;
		for (end = i; end < n && strcmp(k[end].id, k[i].id) == 0; end++) {
			worst = k[end].f->severity > worst ? k[end].f->severity : worst;
			first = k[end].f->first < first ? k[end].f->first : first;
		}
		for (size_t j = i; j < end; j++) {
			k[j].worst = worst;
			k[j].first = first;
		}
	}
	qsort(k, n, sizeof(*k), by_case);
	for (size_t i = 0; i < n; i++)
		v[i] = k[i].f;
	free(k);
}

size_t case_length(struct finding *const *v, size_t n)
{
	char id[CASE_ID_TEXT], other[CASE_ID_TEXT];
	case_id(v[0], id);
	size_t len = 1;
	for (; len < n; len++) {
		case_id(v[len], other);
		if (strcmp(id, other) != 0)
			break;
	}
	return len;
}

/* ---- the story ---- */

struct moment {
	unsigned year, month, day, hour, minute, second;
};

/* By hand: the C library looks for the machine's time zone first, which the sandbox forbids. Days are
 * counted from 1 March of year 0, so that the leap day ends a year. */
static struct moment moment_of(uint64_t ns)
{
	enum { DAYS_TO_1970 = 719468, DAYS_400_YEARS = 146097 };
	uint64_t s = ns / 1000000000u, day = s / 86400 + DAYS_TO_1970;
	unsigned of_era = (unsigned)(day % DAYS_400_YEARS);
	unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * of_year + 2) / 153, of_day = (unsigned)(s % 86400);
	return (struct moment){
		(unsigned)(day / DAYS_400_YEARS) * 400 + year_of_era + (month > 9), month < 10 ? month + 3 : month - 9,
		of_year - (153 * month + 2) / 5 + 1, of_day / 3600, of_day / 60 % 60, of_day % 60,
	};
}

static bool same_day(struct moment a, struct moment b)
{
	return a.year == b.year && a.month == b.month && a.day == b.day;
}

static void say_date(struct buf *b, struct moment t)
{
	buf_printf(b, "%04u-%02u-%02u", t.year, t.month, t.day);
}

static void say_clock(struct buf *b, struct moment t)
{
	buf_printf(b, "%02u:%02u:%02u", t.hour, t.minute, t.second);
}

static const char *title_of(const struct finding *f)
{
	return f->title ? f->title : f->rule->title;
}

/* "Patient monitor mon-3 (10.1.2.3) ": who did it, up to the verb. */
static struct span who_of(const char *title)
{
	const char *end = strstr(title, ") ");
	return span_of(title, end ? (size_t)(end - title) + 2 : 0);
}

/* When, after what was told before: the date only when it is another. */
static void say_when(struct buf *b, const struct finding *f, const struct finding *before)
{
	struct moment t = moment_of(f->first), last = moment_of(before ? before->first : 0);
	if (!before || !same_day(t, last)) {
		buf_text(b, "On ");
		say_date(b, t);
		buf_text(b, " at ");
		say_clock(b, t);
		buf_text(b, " UTC");
	} else if (t.hour == last.hour && t.minute == last.minute && t.second == last.second) {
		buf_text(b, "At the same time");
	} else {
		buf_text(b, "At ");
		say_clock(b, t);
	}
}

static void say_often(struct buf *b, const struct finding *f)
{
	struct moment last = moment_of(f->last);
	if (f->count < 2 || f->last == f->first)
		return;
	buf_printf(b, " (%llu times, the last ", (unsigned long long)f->count);
	if (!same_day(last, moment_of(f->first))) {
		buf_text(b, "on ");
		say_date(b, last);
		buf_text(b, " ");
	}
	buf_text(b, "at ");
	say_clock(b, last);
	buf_text(b, ")");
}

static void say_finding(struct buf *b, const struct finding *f, const struct finding *before)
{
	struct span title = span_str(title_of(f)), who = before ? who_of(title_of(before)) : (struct span){ 0 };
	while (title.n && title.p[title.n - 1] == '.')
		title.n--;
	if (!f->predicted)
		say_when(b, f, before);
	if (who.n && span_starts(title, who)) {
		buf_text(b, f->predicted ? "It " : " it ");
		title = span_from(title, who.n);
	} else {
		buf_text(b, f->predicted ? "" : ": ");
	}
	buf_bytes(b, span_cut(title, STORY_TITLE));
	say_often(b, f);
	buf_text(b, ". ");
}

static bool is_told(const struct finding *const *told, size_t n, const struct finding *f, bool rule)
{
	for (size_t i = 0; i < n; i++)
		if (told[i] == f || (rule && told[i]->rule == f->rule))
			return true;
	return false;
}

/* Findings that say the most, in order of time: the worst first, and of these one of each rule first. */
static size_t pick(struct finding *const *v, size_t n, const struct finding *out[STORY_FINDINGS])
{
	size_t count = 0;
	for (int s = SEV_CRITICAL; s >= SEV_INFO; s--)
		for (int again = 0; again < 2; again++)
			for (size_t i = 0; i < n && count < STORY_FINDINGS; i++)
				if ((int)v[i]->severity == s && !is_told(out, count, v[i], !again))
					out[count++] = v[i];
	for (size_t i = 1; i < count; i++)
		for (size_t j = i; j && out[j]->first < out[j - 1]->first; j--) {
			const struct finding *t = out[j];
			out[j] = out[j - 1];
			out[j - 1] = t;
		}
	return count;
}

static void say_fields(struct buf *b, struct finding *const *v, size_t n)
{
	struct span seen[LISTED_MAX];
	size_t count = 0;
	uint64_t patients = 0;
	for (size_t i = 0; i < n; i++) {
		const struct record *o = v[i]->observed;
		if (!o || !record_has(o, OBS_FIELDS))
			continue;
		uint64_t p = record_get_uint(o, OBS_PATIENTS);
		patients = p > patients ? p : patients;
		for (uint32_t k = 0; k < o->v[OBS_FIELDS].texts.n && count < LISTED_MAX; k++) {
			struct span t = o->v[OBS_FIELDS].texts.v[k];
			size_t j = 0;
			while (j < count && !span_eq(seen[j], t))
				j++;
			if (j == count)
				seen[count++] = t;
		}
	}
	if (!count)
		return;
	buf_text(b, "Readable by anybody on the way: ");
	for (size_t i = 0; i < count; i++) {
		buf_text(b, i ? ", " : "");
		buf_bytes(b, seen[i]);
	}
	if (patients)
		buf_printf(b, ", of at least %llu patient%s", (unsigned long long)patients, patients == 1 ? "" : "s");
	buf_text(b, ". ");
}

static void say_reach(struct buf *b, struct finding *const *v, size_t n, enum scope farthest)
{
	bool known = false, answered = false;
	for (size_t i = 0; i < n; i++)
		if (v[i]->observed && record_has(v[i]->observed, OBS_ANSWERED)) {
			known = true;
			answered |= record_get_uint(v[i]->observed, OBS_ANSWERED) != 0;
		}
	if (known)
		buf_text(b, answered ? "The other end answered. " : "Nobody answered. ");
	switch (farthest) {
	case SCOPE_OUTSIDE: buf_text(b, "Traffic was sent outside the site."); break;
	case SCOPE_SITE: buf_text(b, "The traffic stayed inside the site."); break;
	case SCOPE_SEGMENT: buf_text(b, "The traffic stayed on the device's own network segment."); break;
	case SCOPE_NONE: buf_text(b, "Nothing left the device's own network segment."); break;
	}
}

static enum scope farthest_of(struct finding *const *v, size_t n)
{
	enum scope s = SCOPE_NONE;
	for (size_t i = 0; i < n; i++)
		s = v[i]->scope > s ? v[i]->scope : s;
	return s;
}

static struct span story(struct finding *const *v, size_t n, struct arena *a)
{
	struct buf b = { .cap = STORY_CAP };
	const struct finding *told[STORY_FINDINGS] = { 0 };
	size_t count = pick(v, n, told);
	bool seen = false;
	for (size_t i = 0; i < n; i++)
		seen |= !v[i]->predicted;
	for (size_t i = 0; i < count; i++)
		say_finding(&b, told[i], i ? told[i - 1] : NULL);
	if (n > count)
		buf_printf(&b, "%zu more finding%s of the same device and cause %s listed with the case. ", n - count,
			   n - count == 1 ? "" : "s", n - count == 1 ? "is" : "are");
	say_fields(&b, v, n);
	for (size_t i = 0; i < n; i++)
		if (v[i]->predicted_as) {
			buf_printf(&b, "It was foretold from the device's firmware (finding %s). ", v[i]->predicted_as);
			break;
		}
	if (seen)
		say_reach(&b, v, n, farthest_of(v, n));
	else
		buf_text(&b, "This was predicted from the firmware and has not been seen on the network.");
	struct span s = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return s;
}

/* ---- the record ---- */

static void add_once(struct record *r, unsigned field, const char *text, uint32_t max)
{
	struct texts have = record_has(r, field) ? r->v[field].texts : (struct texts){ 0 };
	for (uint32_t i = 0; i < have.n; i++)
		if (span_is(have.v[i], text))
			return;
	if (have.n < max)
		record_add_text(r, field, span_str(text));
}

/* The worst finding's steps first; the same step is said once. */
static void add_next(struct finding *const *v, size_t n, struct record *r)
{
	for (int s = SEV_CRITICAL; s >= SEV_INFO; s--)
		for (size_t i = 0; i < n; i++) {
			const char *const *next = v[i]->next ? v[i]->next : v[i]->rule->next;
			for (; (int)v[i]->severity == s && *next; next++)
				add_once(r, CASE_NEXT, *next, NEXT_MAX);
		}
}

static int state_rank(const char *state)
{
	static const char *const order[] = { "predicted", "observed", "contained", "proven" };
	for (int i = 0; i < (int)ARRAY_LEN(order); i++)
		if (strcmp(order[i], state) == 0)
			return i;
	return -1;
}

void case_record(struct finding *const *v, size_t n, struct record *r, const struct record_host *host)
{
	const struct finding *worst = v[0];
	const char *state = finding_state(v[0]);
	uint64_t first = v[0]->first, last = v[0]->last;
	char id[CASE_ID_TEXT], fid[16];
	case_id(v[0], id);
	record_begin(r, &case_type, NULL, host);
	for (size_t i = 0; i < n; i++) {
		if (v[i]->severity > worst->severity ||
		    (v[i]->severity == worst->severity && v[i]->confidence > worst->confidence))
			worst = v[i];
		state = state_rank(finding_state(v[i])) > state_rank(state) ? finding_state(v[i]) : state;
		first = v[i]->first < first ? v[i]->first : first;
		last = v[i]->last > last ? v[i]->last : last;
		finding_id(v[i], fid);
		record_add_text(r, CASE_FINDINGS, span_str(fid));
		add_once(r, CASE_RULES, v[i]->rule->id, LISTED_MAX);
		if (v[i]->predicted_as)
			add_once(r, CASE_FINDINGS, v[i]->predicted_as, RECORD_LIST);
	}
	record_text(r, CASE_ID, arena_copy(host->arena, span_str(id)));
	record_str(r, CASE_CAUSE, worst->rule->cause);
	record_str(r, CASE_SEVERITY, severity_name(worst->severity));
	record_str(r, CASE_STATE, state);
	record_str(r, CASE_TITLE, title_of(worst));
	record_text(r, CASE_STORY, story(v, n, host->arena));
	record_child(r, CASE_DEVICE, worst->subject);
	if (first) {
		record_time(r, CASE_FIRST, first);
		record_time(r, CASE_LAST, last);
	}
	record_str(r, CASE_SCOPE, scope_name(farthest_of(v, n)));
	add_next(v, n, r);
}
