/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of each finding. Two findings of one rule are the same one when they show the same thing (destination,
 * path, command, magic word …), wherever it stands and however it is written; failing that, when the same member does
 * the same calls to another end. */
#include <stdio.h>

#include "base/keyring.h"
#include "fw/compare/compare.h"
#include "fw/flow/trace.h"
#include "fw/unpack/records.h"
#include "record/json.h"

enum { FINDINGS = 4096, CHANGES = 8, VALUE = 160, FORM = 16 };

/* Where and how well it was seen, not what was seen. */
static const unsigned circumstances[] = { OBS_MEMBER,  OBS_FUNCTION, OBS_OFFSET, OBS_STARTED,
					  OBS_SETTING, OBS_RANGE,    OBS_STEPS,	 OBS_PREDICTION };

struct seen { /* a finding, ready to be compared */
	const struct record *r, *observed;
	struct records chain;
	uint8_t what[32]; /* digest of what was observed; 0: nothing that tells one from another */
	bool has_what, has_key;
	uint32_t member; /* index in the side's members; NONE: not in it */
	uint32_t mate;	 /* index on the other side */
};

struct match {
	struct seen *v;
	uint32_t n;
};

/* ---- what a finding shows ---- */

static const struct record *observed_of(const struct record *f)
{
	static const struct record nothing = { .type = &observed_type };
	const struct record *o = record_has(f, FND_OBSERVED) ? f->v[FND_OBSERVED].record : NULL;
	return o && o->type == &observed_type ? o : &nothing;
}

static uint64_t essence_mask(void)
{
	uint64_t mask = 0;
	for (size_t i = 0; i < ARRAY_LEN(circumstances); i++)
		mask |= 1ull << circumstances[i];
	return ~mask;
}

static struct span place_of(const struct seen *s)
{
	struct records seen = record_has(s->r, FND_EVIDENCE) ? s->r->v[FND_EVIDENCE].records : (struct records){ 0 };
	return s->chain.n ? record_get_text(s->chain.v[0], STEP_PLACE)
	       : seen.n	  ? record_get_text(seen.v[0], EV_FILE)
			  : (struct span){ 0 };
}

/* Keys of some rules are the address of a call, which every build moves. */
static bool is_site(const struct seen *s, struct span key)
{
	char site[32];
	for (uint32_t i = 0; i < s->chain.n; i++) {
		snprintf(site, sizeof(site), "%llx", (unsigned long long)record_get_uint(s->chain.v[i], STEP_SITE));
		if (span_is(key, site))
			return true;
	}
	snprintf(site, sizeof(site), "%llx", (unsigned long long)record_get_uint(s->observed, OBS_OFFSET));
	return span_is(key, site);
}

struct place {
	struct span where;
	uint32_t member;
};

static int by_where(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int cmp = span_order(x->where, y->where);
	return cmp ? cmp : (x->member > y->member) - (x->member < y->member);
}

static uint32_t member_at(const struct place *v, uint32_t n, struct span where)
{
	uint32_t low = 0, high = n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct place key = { where, 0 };
		if (by_where(&v[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && span_eq(v[low].where, where) ? v[low].member : NONE;
}

static void see(struct seen *s, const struct record *f, const struct place *places, uint32_t nplaces)
{
	*s = (struct seen){ .r = f, .observed = observed_of(f), .member = NONE, .mate = NONE };
	s->chain = record_has(f, FND_CHAIN) ? f->v[FND_CHAIN].records : (struct records){ 0 };
	struct record essence = *s->observed;
	essence.set &= essence_mask();
	s->has_what = essence.set != 0;
	s->has_key = record_get_text(f, FND_KEY).n && !is_site(s, record_get_text(f, FND_KEY));
	struct buf b = { 0 };
	json_record(&b, &essence, NULL);
	keyring_sha256(buf_span(&b), s->what);
	buf_done(&b);
	s->member = member_at(places, nplaces, place_of(s));
}

static struct match match_open(const struct compare_side *side)
{
	uint32_t n = side->findings.n < FINDINGS ? side->findings.n : FINDINGS; /* the passes stop there, too */
	struct match m = { mem_array(n + 1u, sizeof(*m.v)), n };
	struct place *places = mem_array(side->members.n + 1u, sizeof(*places));
	for (uint32_t i = 0; i < side->members.n; i++)
		places[i] = (struct place){ record_get_text(side->members.v[i], MEM_WHERE), i };
	qsort(places, side->members.n, sizeof(*places), by_where);
	for (uint32_t i = 0; i < m.n; i++)
		see(&m.v[i], side->findings.v[i], places, side->members.n);
	free(places);
	return m;
}

/* ---- which is which ---- */

static bool same_calls(const struct seen *a, const struct seen *b)
{
	if (!a->chain.n || a->chain.n != b->chain.n)
		return false;
	for (uint32_t i = 0; i < a->chain.n; i++)
		if (!span_eq(record_get_text(a->chain.v[i], STEP_CALL), record_get_text(b->chain.v[i], STEP_CALL)))
			return false;
	return true;
}

static bool same_function(const struct seen *a, const struct seen *b)
{
	struct span f = record_get_text(a->observed, OBS_FUNCTION), g = record_get_text(b->observed, OBS_FUNCTION);
	return f.n && span_eq(f, g) && !span_starts(f, SPAN_LIT("sub_"));
}

/* One end of it is the same: the machine, its name, the share or the file. */
static bool same_end(const struct seen *a, const struct seen *b)
{
	static const unsigned texts[] = { OBS_HOST, OBS_URL, OBS_LISTENER, OBS_MAGIC, OBS_USER };
	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		struct span t = record_get_text(a->observed, texts[i]);
		if (t.n && span_eq(t, record_get_text(b->observed, texts[i])))
			return true;
	}
	if (!record_has(a->observed, OBS_ADDRESS) || !record_has(b->observed, OBS_ADDRESS))
		return false;
	return addr_eq(record_get_addr(a->observed, OBS_ADDRESS), record_get_addr(b->observed, OBS_ADDRESS));
}

enum { LIKE_NOTHING, LIKE_CALLS, LIKE_END, LIKE_ALL };

/* 0: two different things. */
static unsigned likeness(const struct comparison *c, const struct seen *a, const struct seen *b)
{
	if (!span_eq(record_get_text(a->r, FND_RULE), record_get_text(b->r, FND_RULE)))
		return 0;
	bool paired = a->member != NONE && c->pairs.to_new[a->member] == b->member;
	bool key = a->has_key && b->has_key && span_eq(record_get_text(a->r, FND_KEY), record_get_text(b->r, FND_KEY));
	bool what = a->has_what && b->has_what && !memcmp(a->what, b->what, sizeof(a->what));
	unsigned like = key || what				  ? LIKE_ALL
			: same_end(a, b)			  ? LIKE_END
			: same_calls(a, b) || same_function(a, b) ? LIKE_CALLS
								  : LIKE_NOTHING;
	if (like == LIKE_NOTHING || (like == LIKE_CALLS && !paired))
		return 0;
	return like * 8 + paired * 4u + (key && what) * 2u + same_function(a, b);
}

/* One round: whoever is at least that alike. Returns the best likeness below it that is left. */
static unsigned pair_level(struct match *old, struct match *new, const uint8_t *like, unsigned level)
{
	unsigned next = 0;
	for (uint32_t i = 0; i < old->n; i++) {
		for (uint32_t k = 0; k < new->n && old->v[i].mate == NONE; k++) {
			unsigned here = new->v[k].mate == NONE ? like[(size_t)i * new->n + k] : 0;
			if (here >= level) {
				old->v[i].mate = k;
				new->v[k].mate = i;
			} else if (here > next) {
				next = here;
			}
		}
	}
	return next;
}

/* The best likeness first, so that a weak one never takes what fits another well. */
static void pair_all(const struct comparison *c, struct match *old, struct match *new)
{
	uint8_t *like = mem_array((size_t)old->n * new->n + 1, 1);
	for (uint32_t i = 0; i < old->n; i++)
		for (uint32_t k = 0; k < new->n; k++)
			like[(size_t)i * new->n + k] = (uint8_t)likeness(c, &old->v[i], &new->v[k]);
	for (unsigned level = LIKE_ALL * 8 + 7; level > 0;)
		level = pair_level(old, new, like, level);
	free(like);
}

/* ---- what differs between the two ---- */

struct changes {
	struct comparison *c;
	const char *v[CHANGES];
	unsigned n;
};

static void note(struct changes *l, const char *text)
{
	if (l->n < CHANGES)
		l->v[l->n++] = text;
}

static int shown(struct span s)
{
	return (int)span_cut(s, VALUE).n;
}

/* One field as people read it: the JSON value, without quotes. */
static struct span value_of(struct comparison *c, const struct record *o, unsigned field)
{
	struct record one = *o;
	struct buf b = { 0 };
	one.set &= 1ull << field;
	json_record(&b, &one, NULL);
	struct span s = buf_span(&b), head = span_str("\"kind\":\"observed\",");
	const char *name = observed_type.fields[field].name;
	s = span_from(s, one.set ? 1 + head.n + strlen(name) + 3 : s.n);
	s = span_cut(s, s.n ? s.n - 1 : 0);
	if (s.n >= 2 && s.p[0] == '"')
		s = span_cut(span_from(s, 1), s.n - 2);
	s = arena_copy(&c->line, s);
	buf_done(&b);
	return s;
}

static void field_change(struct changes *l, const struct seen *a, const struct seen *b, unsigned field,
			 const char *name)
{
	struct span x = value_of(l->c, a->observed, field), y = value_of(l->c, b->observed, field);
	if (span_eq(x, y))
		return;
	if (field_is_token(&observed_type.fields[field]))
		note(l, compare_text(l->c, "%s is another one", name));
	else if (!x.n || !y.n)
		note(l, compare_text(l->c, "%s %s %.*s", name, x.n ? "is no longer" : "is now", shown(x.n ? x : y),
				     (const char *)(x.n ? x : y).p));
	else
		note(l, compare_text(l->c, "%s was %.*s, is %.*s", name, shown(x), (const char *)x.p, shown(y),
				     (const char *)y.p));
}

/* "command: ifconfig eth0 up (constant at 0x71f)" → "constant". */
static struct span form_of(struct span argument)
{
	size_t open = argument.n;
	while (open && argument.p[open - 1] != '(')
		open--;
	struct span form = open ? span_from(argument, open) : (struct span){ 0 };
	size_t n = 0;
	while (n < form.n && n < FORM && form.p[n] >= 'a' && form.p[n] <= 'z')
		n++;
	return span_cut(form, n);
}

static const char *form_name(struct span form)
{
	return span_is(form, "constant")  ? "text that stands in the file"
	       : span_is(form, "built")	  ? "put together when it runs"
	       : span_is(form, "decoded") ? "decoded when it runs, and nowhere in the file"
	       : span_is(form, "outside") ? "taken from outside"
					  : "of unknown origin";
}

static void form_changes(struct changes *l, const struct record *a, const struct record *b)
{
	struct texts x = record_has(a, STEP_ARGUMENTS) ? a->v[STEP_ARGUMENTS].texts : (struct texts){ 0 };
	struct texts y = record_has(b, STEP_ARGUMENTS) ? b->v[STEP_ARGUMENTS].texts : (struct texts){ 0 };
	for (uint32_t i = 0; i < x.n && i < y.n; i++) {
		struct span f = form_of(x.v[i]), g = form_of(y.v[i]), call = record_get_text(b, STEP_CALL);
		if (!f.n || !g.n || span_eq(f, g))
			continue;
		note(l, compare_text(l->c, "what %.*s is given was %s, is %s", shown(call), (const char *)call.p,
				     form_name(f), form_name(g)));
		return;
	}
}

static void chain_changes(struct changes *l, const struct seen *a, const struct seen *b)
{
	if (a->chain.n != b->chain.n)
		note(l, compare_text(l->c, "it takes %u steps, before %u", b->chain.n, a->chain.n));
	for (uint32_t i = 0; i < a->chain.n && a->chain.n == b->chain.n; i++) {
		struct span x = record_get_text(a->chain.v[i], STEP_TEXT),
			    y = record_get_text(b->chain.v[i], STEP_TEXT);
		if (span_eq(x, y))
			form_changes(l, a->chain.v[i], b->chain.v[i]);
		else
			note(l, compare_text(l->c, "step %u was %.*s, is %.*s", i + 1, shown(x), (const char *)x.p,
					     shown(y), (const char *)y.p));
	}
}

static void find_changes(struct changes *l, const struct seen *a, const struct seen *b)
{
	struct span x = record_get_text(a->r, FND_SEVERITY), y = record_get_text(b->r, FND_SEVERITY);
	if (!span_eq(x, y))
		note(l, compare_text(l->c, "severity was %.*s, is %.*s", shown(x), (const char *)x.p, shown(y),
				     (const char *)y.p));
	field_change(l, a, b, OBS_SETTING, "who decides the destination");
	field_change(l, a, b, OBS_STEPS, "what it consists of");
	for (unsigned f = 0; f < OBS_COUNT_; f++)
		if (essence_mask() >> f & 1)
			field_change(l, a, b, f, observed_type.fields[f].name);
	chain_changes(l, a, b);
}

/* ---- verdicts ---- */

static bool is_info(const struct record *f)
{
	return span_is(record_get_text(f, FND_SEVERITY), "info");
}

static bool is_started(const struct seen *s)
{
	struct span t = record_get_text(s->observed, OBS_STARTED);
	return t.n && !span_starts(t, SPAN_LIT("nothing found"));
}

static struct span path_at(const struct compare_side *s, const struct seen *f)
{
	struct span named = record_get_text(f->observed, OBS_MEMBER);
	return named.n || f->member == NONE ? named : record_get_text(s->members.v[f->member], MEM_PATH);
}

static const struct record *trace_of(const struct compare_side *s, struct span path)
{
	for (uint32_t i = 0; i < s->programs.n; i++)
		if (span_eq(record_get_text(s->programs.v[i], FWT_PROGRAM), path))
			return s->programs.v[i];
	return NULL;
}

static bool was_cut(const struct record *trace)
{
	return !span_is(record_get_text(trace, FWT_STOPPED), "done");
}

/* Blocks reached of a thousand. */
static uint64_t share(const struct record *trace)
{
	uint64_t all = record_get_uint(trace, FWT_BLOCKS);
	return all ? record_get_uint(trace, FWT_BLOCKS_REACHED) * 1000 / all : 0;
}

/* A file that is damaged now, or a program that was executed much less far than its old form: its silence proves
 * nothing. NULL: it is neither. */
static const char *file_doubt(struct comparison *c, const struct seen *f, uint32_t k)
{
	struct span path = record_get_text(c->new->members.v[k], MEM_PATH);
	const struct record *before = trace_of(c->old, path_at(c->old, f)), *now = trace_of(c->new, path);
	if (!now && c->new->members.v[k]->set & 1ull << MEM_DAMAGE)
		return compare_text(c, "%.*s is damaged in the new image", shown(path), (const char *)path.p);
	if (!before || (now && record_get_uint(now, FWT_BLOCKS) == 0 && record_get_uint(before, FWT_BLOCKS) == 0))
		return NULL;
	if (!now)
		return c->doubts.n ? (const char *)c->doubts.v[0].p : NULL; /* a copy of another is executed once */
	if (!was_cut(now) && share(now) * 2 >= share(before))
		return NULL;
	if (was_cut(now) && was_cut(before) && share(now) * 2 >= share(before))
		return NULL;
	return compare_text(c, "%.*s was executed to %llu%% only, its old form to %llu%%", shown(path),
			    (const char *)path.p, (unsigned long long)share(now) / 10,
			    (unsigned long long)share(before) / 10);
}

/* Why a file that is not in the new image proves nothing. NULL: it does. */
static const char *absence_doubt(struct comparison *c, const struct seen *f)
{
	if (c->doubts.n)
		return (const char *)c->doubts.v[0].p;
	if (f->member != NONE && !c->pairs.kept[f->member])
		return "the file system that held it is not in the new image; is that the same kind of image?";
	return NULL;
}

static void told(struct comparison *c, struct record *r, const struct seen *f, bool is_new)
{
	const struct compare_side *side = is_new ? c->new : c->old;
	record_text(r, is_new ? VER_NEW : VER_OLD, record_get_text(f->r, FND_ID));
	record_text(r, is_new ? VER_NEW_MEMBER : VER_OLD_MEMBER, path_at(side, f));
	record_text(r, is_new ? VER_NEW_STARTED : VER_OLD_STARTED, record_get_text(f->observed, OBS_STARTED));
	record_text(r, VER_RULE, record_get_text(f->r, FND_RULE));
	record_text(r, VER_SEVERITY, record_get_text(f->r, FND_SEVERITY));
	record_text(r, VER_TITLE, record_get_text(f->r, FND_TITLE));
}

static void decide(struct comparison *c, struct record *r, const struct seen *f, const char *verdict, unsigned counter,
		   const char *why)
{
	record_str(r, VER_VERDICT, verdict);
	record_bool(r, VER_GONE, counter == CMP_REMOVED);
	record_str(r, VER_WHY, why);
	c->count[counter] += !is_info(f->r);
	compare_publish(c, r);
}

static void without_mate(struct comparison *c, const struct seen *f)
{
	struct record r;
	compare_begin(c, &r, &verdict_type);
	told(c, &r, f, false);
	struct span path = path_at(c->old, f);
	uint32_t k = f->member == NONE ? NONE : c->pairs.to_new[f->member];
	const char *doubt = k != NONE ? file_doubt(c, f, k) : absence_doubt(c, f);
	if (doubt) {
		decide(c, &r, f, "not seen", CMP_NOT_SEEN, compare_text(c, "not a fix that is proven: %s", doubt));
		return;
	}
	const char *rest = k == NONE ? "is no longer in the image, and no other file does it"
				     : "is still in the image and does it no longer";
	const char *why = compare_text(c, "%.*s %s", shown(path), (const char *)path.p, rest);
	decide(c, &r, f, "removed", CMP_REMOVED, why);
}

static bool same_bytes(const struct comparison *c, uint32_t i, uint32_t k)
{
	const struct record *a = c->old->members.v[i], *b = c->new->members.v[k];
	return record_has(a, MEM_SHA256) && record_has(b, MEM_SHA256) &&
	       !memcmp(a->v[MEM_SHA256].hash, b->v[MEM_SHA256].hash, 32);
}

static void with_mate(struct comparison *c, const struct seen *a, const struct seen *b)
{
	struct record r;
	compare_begin(c, &r, &verdict_type);
	told(c, &r, a, false);
	told(c, &r, b, true);
	struct changes l = { .c = c };
	find_changes(&l, a, b);
	for (unsigned i = 0; i < l.n; i++)
		record_add_text(&r, VER_CHANGES, span_str(l.v[i]));
	struct span from = path_at(c->old, a), to = path_at(c->new, b);
	bool moved = !span_eq(from, to), known = a->member != NONE && b->member != NONE;
	if (is_started(a) && !is_started(b))
		decide(c, &r, b, "still there but no longer started", CMP_NOT_STARTED,
		       compare_text(c,
				    "%.*s still does it; nothing was found that starts it, and one line of a script or "
				    "a hand brings it back",
				    shown(to), (const char *)to.p));
	else if (l.n)
		decide(c, &r, b, "changed", CMP_CHANGED,
		       moved ? compare_text(c, "still there in another form, now in %.*s", shown(to),
					    (const char *)to.p)
			     : "still there in another form");
	else if (moved)
		decide(c, &r, b, "moved", CMP_MOVED,
		       compare_text(c, "%.*s does now what %.*s did", shown(to), (const char *)to.p, shown(from),
				    (const char *)from.p));
	else
		decide(c, &r, b, "still there", CMP_STILL,
		       known && same_bytes(c, a->member, b->member)
			       ? compare_text(c, "%.*s is the same byte for byte", shown(to), (const char *)to.p)
			       : compare_text(c, "%.*s was changed and still does it", shown(to), (const char *)to.p));
}

static void newcomer(struct comparison *c, const struct seen *f)
{
	struct record r;
	compare_begin(c, &r, &verdict_type);
	told(c, &r, f, true);
	struct span path = path_at(c->new, f);
	uint32_t i = f->member == NONE ? NONE : c->pairs.to_old[f->member];
	const char *rest = i == NONE			 ? "is not in the old image"
			   : same_bytes(c, i, f->member) ? "is the same in both images; what it works with is not"
							 : "did not do it in the old image";
	decide(c, &r, f, "new", CMP_ADDED, compare_text(c, "%.*s %s", shown(path), (const char *)path.p, rest));
}

void compare_findings(struct comparison *c)
{
	struct match old = match_open(c->old), new = match_open(c->new);
	pair_all(c, &old, &new);
	for (uint32_t i = 0; i < old.n; i++) {
		if (old.v[i].mate == NONE)
			without_mate(c, &old.v[i]);
		else
			with_mate(c, &old.v[i], &new.v[old.v[i].mate]);
	}
	for (uint32_t k = 0; k < new.n; k++)
		if (new.v[k].mate == NONE)
			newcomer(c, &new.v[k]);
	free(old.v);
	free(new.v);
}
