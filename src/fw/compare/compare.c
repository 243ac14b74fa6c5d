/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the parts of a comparison together and says it in one sentence. */
#include "fw/compare/compare.h"

#include <stdio.h>

#include "fw/unpack/records.h"

enum { LINE = 32 << 20, DOUBTS = 8 };

/* ---- what could hide in the new image ---- */

static uint64_t encrypted(const struct compare_side *s)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < s->areas.n; i++)
		if (span_starts(record_get_text(s->areas.v[i], ARE_WHAT), SPAN_LIT("encrypted")))
			n += record_get_uint(s->areas.v[i], ARE_LENGTH);
	return n;
}

static uint64_t damaged(const struct compare_side *s)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < s->containers.n; i++)
		n += record_get_text(s->containers.v[i], CON_DAMAGE).n != 0;
	for (uint32_t i = 0; i < s->members.n; i++)
		n += record_get_text(s->members.v[i], MEM_DAMAGE).n != 0;
	return n;
}

/* Only what is worse in the new one than in the old: what was not opened in either hid it before, too. */
static void find_doubts(struct comparison *c, struct span v[DOUBTS])
{
	uint64_t closed = encrypted(c->new), broken = damaged(c->new);
	uint32_t n = 0;
	if (!c->new->sum)
		v[n++] = SPAN_LIT("the new image could not be inspected to its end");
	else if (record_has(c->new->sum, INS_BUDGETS))
		v[n++] = SPAN_LIT("a budget was reached while the new image was taken apart");
	if (closed > encrypted(c->old))
		v[n++] = SPAN_LIT("more of the new image is encrypted or packed in an unknown way");
	if (broken > damaged(c->old))
		v[n++] = SPAN_LIT("more of the new image is damaged");
	if (c->new->not_run > c->old->not_run)
		v[n++] = SPAN_LIT("more programs of the new image were not executed");
	c->doubts = (struct texts){ v, n };
}

/* ---- the sentence ---- */

static uint64_t there(const struct comparison *c)
{
	return c->count[CMP_STILL] + c->count[CMP_NOT_STARTED] + c->count[CMP_MOVED] + c->count[CMP_CHANGED];
}

static const char *result_of(const struct comparison *c)
{
	uint64_t left = there(c), gone = c->count[CMP_REMOVED];
	if (left)
		return gone ? "partly fixed" : "not fixed";
	if (c->count[CMP_NOT_SEEN] || (gone && c->doubts.n))
		return "not known";
	if (c->count[CMP_ADDED])
		return gone ? "fixed, but something is new" : "worse";
	return gone ? "fixed" : "nothing to fix";
}

static void append(char *text, size_t size, uint64_t n, const char *what)
{
	size_t used = strlen(text);
	if (n)
		snprintf(text + used, size - used, "%s%llu %s", used ? ", " : "", (unsigned long long)n, what);
}

static const char *sentence(struct comparison *c, const char *result)
{
	char text[512] = "";
	append(text, sizeof(text), c->count[CMP_STILL], "still there");
	append(text, sizeof(text), c->count[CMP_NOT_STARTED], "still there but no longer started");
	append(text, sizeof(text), c->count[CMP_MOVED], "moved");
	append(text, sizeof(text), c->count[CMP_CHANGED], "still there in another form");
	append(text, sizeof(text), c->count[CMP_REMOVED], "removed");
	append(text, sizeof(text), c->count[CMP_NOT_SEEN], "not seen, which proves nothing here");
	append(text, sizeof(text), c->count[CMP_ADDED], "new");
	uint64_t all = there(c) + c->count[CMP_REMOVED] + c->count[CMP_NOT_SEEN];
	if (!text[0])
		return "Neither image shows anything above info.";
	if (!all)
		return compare_text(c, "Worse: %s, and the old image showed nothing above info.", text);
	const char *more = !c->programs && c->count[CMP_STARTS] && there(c)
				   ? " What is changed is the start-up; programs and libraries are the same."
				   : "";
	return compare_text(c, "%c%s: of %llu %s of the old image: %s.%s", result[0] - 'a' + 'A', result + 1,
			    (unsigned long long)all, all == 1 ? "finding" : "findings", text, more);
}

static void conclude(struct comparison *c)
{
	struct record r;
	compare_begin(c, &r, &comparison_type);
	const char *result = result_of(c);
	record_str(&r, CMP_OLD, c->old->name);
	record_str(&r, CMP_NEW, c->new->name);
	record_str(&r, CMP_RESULT, result);
	record_str(&r, CMP_SENTENCE, sentence(c, result));
	for (unsigned f = CMP_REMOVED; f <= CMP_FUNCTIONS; f++)
		record_uint(&r, f, c->count[f]);
	for (uint32_t i = 0; i < c->doubts.n; i++)
		record_add_text(&r, CMP_DOUBTS, c->doubts.v[i]);
	if (c->count[CMP_DROPPED])
		record_uint(&r, CMP_DROPPED, c->count[CMP_DROPPED]);
	compare_publish(c, &r);
}

/* ---- the same firmware? ---- */

/* What lies at that byte of the input, as far as it was recognised. */
static struct span container_at(const struct compare_side *s, uint64_t at)
{
	for (uint32_t i = 0; i < s->containers.n; i++) {
		const struct record *c = s->containers.v[i];
		uint64_t from = record_get_uint(c, CON_OFFSET), n = record_get_uint(c, CON_LENGTH);
		if (record_get_uint(c, CON_DEPTH) == 1 && at >= from && at - from < n)
			return record_get_text(c, CON_WHERE);
	}
	return SPAN_LIT("no container that was recognised");
}

static const char *sameness(struct comparison *c, uint64_t apart, const char **result)
{
	bool same = apart == COMPARE_EQUAL, whole = c->old->sum && c->new->sum;
	struct span where = container_at(c->old, apart);
	*result = same ? "the same bytes" : !whole ? "not known" : c->differing ? "not the same" : "the same content";
	if (same)
		return "The same: both have the same bytes.";
	if (apart == COMPARE_FOLDERS)
		return c->differing ? "Not the same: members differ."
		       : whole	    ? "The same content: every member is the same in both."
				    : "Not known.";
	if (!c->differing)
		return compare_text(c,
				    "%s: every member is the same in both; they differ from byte %llu on, in how they "
				    "are packed (%.*s).",
				    whole ? "The same content" : "Not known", (unsigned long long)apart, (int)where.n,
				    (const char *)where.p);
	return compare_text(c, "Not the same: they part at byte %llu, in %.*s.", (unsigned long long)apart,
			    (int)where.n, (const char *)where.p);
}

void compare_contents(const struct compare_side *a, const struct compare_side *b, uint64_t apart, const struct sink *to)
{
	struct comparison c = { .old = a, .new = b, .to = to };
	struct record r;
	const char *result;
	arena_init(&c.line, LINE);
	c.host.arena = &c.line;
	pairing_make(&c);
	compare_identities(&c);
	compare_members(&c);
	compare_starts(&c);
	compare_begin(&c, &r, &comparison_type);
	const char *text = sameness(&c, apart, &result);
	record_str(&r, CMP_OLD, a->name);
	record_str(&r, CMP_NEW, b->name);
	record_str(&r, CMP_RESULT, result);
	record_str(&r, CMP_SENTENCE, text);
	for (unsigned f = CMP_MEMBERS_SAME; f <= CMP_STARTS; f++)
		record_uint(&r, f, c.count[f]);
	if (c.count[CMP_DROPPED])
		record_uint(&r, CMP_DROPPED, c.count[CMP_DROPPED]);
	compare_publish(&c, &r);
	pairing_done(&c.pairs);
	arena_done(&c.line);
}

void compare_images(const struct compare_side *old, const struct compare_side *new, const struct sink *to)
{
	struct comparison c = { .old = old, .new = new, .to = to };
	struct span doubts[DOUBTS];
	arena_init(&c.line, LINE);
	c.host.arena = &c.line;
	find_doubts(&c, doubts);
	pairing_make(&c);
	compare_identities(&c);
	compare_members(&c);
	compare_functions(&c);
	compare_starts(&c);
	compare_findings(&c);
	conclude(&c);
	pairing_done(&c.pairs);
	arena_done(&c.line);
}
