/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which member of the old image is which of the new one: by its place in the tree of containers, then by its
 * content, then, for programs, by the functions they have in common. */
#include "base/keyring.h"
#include "fw/compare/compare.h"
#include "fw/flow/trace.h"
#include "fw/model/file.h"
#include "fw/unpack/records.h"

enum { DIGEST = 32, ALIKE_MAX = 256 };

struct spot { /* what a member is looked up by */
	uint8_t digest[DIGEST];
	uint32_t member; /* index in its side's list */
};

struct lookup { /* of one side, while its spots are made */
	const struct compare_side *side;
	uint8_t (*place)[DIGEST];	 /* of members, by index */
	const struct record **container; /* by number */
	uint32_t ncontainers;
	uint32_t *nth;	 /* containers of one format in one member: which, in order of place */
	uint32_t *by_id; /* index of a member by its number */
	uint32_t nids;
};

static uint64_t highest(const struct compare_list *l, unsigned field)
{
	uint64_t most = 0;
	for (uint32_t i = 0; i < l->n; i++) {
		uint64_t id = record_get_uint(l->v[i], field);
		most = id > most && id < UINT32_MAX / 2 ? id : most;
	}
	return most;
}

/* Containers come by their number, which is the order in which they were met. A cap keeps odd numbers from taking room.
 */
static uint32_t rows(const struct compare_list *l, unsigned field)
{
	uint64_t most = highest(l, field) + 1, cap = 4ull * l->n + 4096;
	return (uint32_t)(most < cap ? most : cap);
}

static int by_member(const void *a, const void *b)
{
	const struct record *x = *(const struct record *const *)a, *y = *(const struct record *const *)b;
	static const unsigned fields[] = { CON_MEMBER, CON_OFFSET, CON_ID };
	int cmp = 0;
	for (unsigned i = 0; i < ARRAY_LEN(fields) && !cmp; i++) {
		uint64_t p = record_get_uint(x, fields[i]), q = record_get_uint(y, fields[i]);
		cmp = (p > q) - (p < q);
	}
	return cmp;
}

static void count_formats(struct lookup *t, const struct compare_list *l)
{
	struct record **v = mem_array(l->n + 1u, sizeof(*v));
	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	qsort(v, l->n, sizeof(*v), by_member);
	for (uint32_t i = 0, first = 0; i < l->n; i++) {
		uint64_t id = record_get_uint(v[i], CON_ID);
		if (record_get_uint(v[i], CON_MEMBER) != record_get_uint(v[first], CON_MEMBER))
			first = i;
		uint32_t nth = 0, from = i > 64 && first < i - 64 ? i - 64 : first;
		for (uint32_t k = from; k < i; k++)
			nth += span_eq(record_get_text(v[k], CON_FORMAT), record_get_text(v[i], CON_FORMAT));
		if (id < t->ncontainers)
			t->nth[id] = nth;
	}
	free(v);
}

static void lookup_open(struct lookup *t, const struct compare_side *s)
{
	*t = (struct lookup){ .side = s,
			      .ncontainers = rows(&s->containers, CON_ID),
			      .nids = rows(&s->members, MEM_ID) };
	t->place = mem_array(s->members.n + 1u, sizeof(*t->place));
	t->container = mem_array(t->ncontainers, sizeof(*t->container));
	t->nth = mem_array(t->ncontainers, sizeof(*t->nth));
	t->by_id = mem_array(t->nids, sizeof(*t->by_id));
	memset(t->by_id, 0xff, t->nids * sizeof(*t->by_id));
	for (uint32_t i = 0; i < s->containers.n; i++) {
		uint64_t id = record_get_uint(s->containers.v[i], CON_ID);
		if (id < t->ncontainers)
			t->container[id] = s->containers.v[i];
	}
	for (uint32_t i = 0; i < s->members.n; i++) {
		uint64_t id = record_get_uint(s->members.v[i], MEM_ID);
		if (id < t->nids)
			t->by_id[id] = i;
	}
	count_formats(t, &s->containers);
}

static void lookup_done(struct lookup *t)
{
	free(t->place);
	free(t->container);
	free(t->nth);
	free(t->by_id);
}

/* The input's own name says nothing: what stands below a folder that was given does. */
static struct span input_path(const struct compare_side *s, struct span path)
{
	const char *slash = strrchr(s->name, '/');
	struct span names[] = { span_str(s->name), span_str(slash ? slash + 1 : s->name) };
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].n && span_starts(path, names[i]))
			return span_from(path, names[i].n);
	return path;
}

/* A digest of the way to it: formats, which of a format, paths; no offsets, no name of the image, and no name of what
 * stands alone in its container (boot images carry version numbers there). */
static void place_of(struct lookup *t, uint32_t i)
{
	const struct record *m = t->side->members.v[i];
	uint64_t id = record_get_uint(m, MEM_CONTAINER);
	const struct record *c = id < t->ncontainers ? t->container[id] : NULL;
	struct span path = record_get_text(m, MEM_PATH);
	struct buf b = { 0 };
	if (c) {
		uint64_t in = record_get_uint(c, CON_MEMBER);
		uint32_t holder = in < t->nids ? t->by_id[in] : NONE;
		if (holder < i) /* held by what came before it: always so, and no endless way */
			buf_bytes(&b, span_of(t->place[holder], DIGEST));
		buf_bytes(&b, record_get_text(c, CON_FORMAT));
		buf_printf(&b, "#%u:", t->nth[id]);
		if (record_get_uint(c, CON_MEMBERS) != 1)
			buf_bytes(&b, path);
	} else {
		buf_text(&b, ":");
		buf_bytes(&b, input_path(t->side, path));
	}
	keyring_sha256(buf_span(&b), t->place[i]);
	buf_done(&b);
}

static int by_digest(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;
	int cmp = memcmp(x->digest, y->digest, DIGEST);
	return cmp ? cmp : (x->member > y->member) - (x->member < y->member);
}

/* Joins what has the same digest, in order; what is left over stays unpaired. */
static void join(struct pairing *p, struct spot *old, uint32_t nold, struct spot *new, uint32_t nnew, bool same)
{
	if (nold)
		qsort(old, nold, sizeof(*old), by_digest);
	if (nnew)
		qsort(new, nnew, sizeof(*new), by_digest);
	for (uint32_t i = 0, k = 0; i < nold && k < nnew;) {
		int cmp = memcmp(old[i].digest, new[k].digest, DIGEST);
		if (cmp == 0) {
			p->to_new[old[i].member] = new[k].member;
			p->to_old[new[k].member] = old[i].member;
			p->same[old[i].member] = same;
		}
		i += cmp <= 0;
		k += cmp >= 0;
	}
}

static uint32_t place_spots(const struct compare_side *s, struct spot *out)
{
	struct lookup t;
	lookup_open(&t, s);
	for (uint32_t i = 0; i < s->members.n; i++) {
		place_of(&t, i);
		memcpy(out[i].digest, t.place[i], DIGEST);
		out[i].member = i;
	}
	lookup_done(&t);
	return s->members.n;
}

/* The same path in a file system of another kind: what stands alone in its container, or in none, has no path of its
 * own. */
static uint32_t path_spots(const struct compare_side *s, const uint32_t *pair, struct spot *out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->members.n; i++) {
		const struct record *m = s->members.v[i];
		struct span path = record_get_text(m, MEM_PATH);
		if (pair[i] != NONE || !record_get_uint(m, MEM_CONTAINER) || !path.n || !memchr(path.p, '/', path.n))
			continue;
		keyring_sha256(path, out[n].digest);
		out[n++].member = i;
	}
	return n;
}

/* Files with content that have no counterpart yet. */
static uint32_t content_spots(const struct compare_side *s, const uint32_t *pair, struct spot *out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->members.n; i++) {
		const struct record *m = s->members.v[i];
		if (pair[i] != NONE || !record_has(m, MEM_SHA256) || !record_get_uint(m, MEM_SIZE))
			continue;
		memcpy(out[n].digest, m->v[MEM_SHA256].hash, DIGEST);
		out[n++].member = i;
	}
	return n;
}

/* ---- programs that were renamed and built anew ---- */

static bool is_code(const struct record *m)
{
	struct span class = record_get_text(m, MEM_CLASS);
	return span_is(class, file_class_name(FILE_PROGRAM)) || span_is(class, file_class_name(FILE_LIBRARY)) ||
	       span_is(class, file_class_name(FILE_SHELL)) || span_is(class, file_class_name(FILE_SCRIPT)) ||
	       span_is(class, file_class_name(FILE_RC));
}

static struct span base_of(struct span path)
{
	size_t i = path.n;
	while (i && path.p[i - 1] != '/')
		i--;
	return span_from(path, i);
}

static struct span stem_of(struct span path)
{
	struct span base = base_of(path);
	for (size_t i = 1; i < base.n; i++)
		if (base.p[i] == '.' || base.p[i] == '-')
			return span_cut(base, i);
	return base;
}

/* The same name up to its version in another folder, and the same class. */
static bool is_namesake(const struct record *a, const struct record *b)
{
	return span_eq(record_get_text(a, MEM_CLASS), record_get_text(b, MEM_CLASS)) &&
	       span_eq(stem_of(record_get_text(a, MEM_PATH)), stem_of(record_get_text(b, MEM_PATH)));
}

static void pair_namesakes(struct comparison *c)
{
	struct pairing *p = &c->pairs;
	uint32_t tried = 0;
	for (uint32_t i = 0; i < c->old->members.n && tried < ALIKE_MAX; i++) {
		const struct record *m = c->old->members.v[i];
		if (p->to_new[i] != NONE || !is_code(m))
			continue;
		tried++;
		for (uint32_t k = 0; k < c->new->members.n; k++) {
			if (p->to_old[k] != NONE || !is_namesake(m, c->new->members.v[k]))
				continue;
			p->to_new[i] = k;
			p->to_old[k] = i;
			break;
		}
	}
}

static bool *holders(const struct compare_side *s)
{
	bool *v = mem_array(s->members.n + 1u, sizeof(*v));
	uint32_t n = rows(&s->members, MEM_ID);
	bool *ids = mem_array(n, sizeof(*ids));
	for (uint32_t i = 0; i < s->containers.n; i++) {
		uint64_t id = record_get_uint(s->containers.v[i], CON_MEMBER);
		if (id < n)
			ids[id] = true;
	}
	for (uint32_t i = 0; i < s->members.n; i++) {
		uint64_t id = record_get_uint(s->members.v[i], MEM_ID);
		v[i] = id < n && ids[id];
	}
	free(ids);
	return v;
}

/* By member of OLD: whether the container it lies in is in NEW at all, as far as its members tell. */
static bool *kept_trees(const struct comparison *c)
{
	const struct compare_list *l = &c->old->members;
	bool *v = mem_array(l->n + 1u, sizeof(*v));
	uint32_t n = rows(l, MEM_CONTAINER);
	bool *containers = mem_array(n, sizeof(*containers));
	for (uint32_t i = 0; i < l->n; i++) {
		uint64_t id = record_get_uint(l->v[i], MEM_CONTAINER);
		if (id < n && c->pairs.to_new[i] != NONE)
			containers[id] = true;
	}
	for (uint32_t i = 0; i < l->n; i++) {
		uint64_t id = record_get_uint(l->v[i], MEM_CONTAINER);
		v[i] = id < n && containers[id];
	}
	free(containers);
	return v;
}

void pairing_make(struct comparison *c)
{
	struct pairing *p = &c->pairs;
	uint32_t nold = c->old->members.n, nnew = c->new->members.n;
	struct spot *old = mem_array(nold + 1u, sizeof(*old)), *new = mem_array(nnew + 1u, sizeof(*new));
	p->to_new = mem_array(nold + 1u, sizeof(*p->to_new));
	p->to_old = mem_array(nnew + 1u, sizeof(*p->to_old));
	p->same = mem_array(nold + 1u, sizeof(*p->same));
	memset(p->to_new, 0xff, nold * sizeof(*p->to_new));
	memset(p->to_old, 0xff, nnew * sizeof(*p->to_old));
	p->old_holds = holders(c->old);
	p->new_holds = holders(c->new);
	join(p, old, place_spots(c->old, old), new, place_spots(c->new, new), true);
	join(p, old, path_spots(c->old, p->to_new, old), new, path_spots(c->new, p->to_old, new), true);
	join(p, old, content_spots(c->old, p->to_new, old), new, content_spots(c->new, p->to_old, new), false);
	pair_namesakes(c);
	compare_alike(c);
	p->kept = kept_trees(c);
	free(old);
	free(new);
}

void pairing_done(struct pairing *p)
{
	free(p->to_new);
	free(p->to_old);
	free(p->same);
	free(p->kept);
	free(p->old_holds);
	free(p->new_holds);
}

/* ---- what differs ---- */

static bool differs(const struct record *a, const struct record *b, unsigned field)
{
	return !span_eq(record_get_text(a, field), record_get_text(b, field));
}

static bool has_other_content(const struct record *a, const struct record *b)
{
	if (!record_has(a, MEM_SHA256) || !record_has(b, MEM_SHA256))
		return record_has(a, MEM_SHA256) != record_has(b, MEM_SHA256);
	return memcmp(a->v[MEM_SHA256].hash, b->v[MEM_SHA256].hash, DIGEST) != 0;
}

static void describe(struct record *r, const struct record *m)
{
	record_text(r, MCH_PATH, record_get_text(m, MEM_PATH));
	record_text(r, MCH_TYPE, record_get_text(m, MEM_TYPE));
	record_text(r, MCH_CLASS, record_get_text(m, MEM_CLASS));
	record_text(r, MCH_WHERE, record_get_text(m, MEM_WHERE));
}

static bool is_binary(const struct record *m)
{
	struct span class = record_get_text(m, MEM_CLASS);
	return span_is(class, file_class_name(FILE_PROGRAM)) || span_is(class, file_class_name(FILE_LIBRARY)) ||
	       span_is(class, file_class_name(FILE_MODULE));
}

static void one_side(struct comparison *c, const struct record *m, bool is_new, bool holds)
{
	struct record r;
	compare_begin(c, &r, &member_change_type);
	record_add_text(&r, MCH_CHANGES, is_new ? SPAN_LIT("added") : SPAN_LIT("removed"));
	describe(&r, m);
	if (record_has(m, MEM_SIZE))
		record_uint(&r, is_new ? MCH_NEW_SIZE : MCH_OLD_SIZE, record_get_uint(m, MEM_SIZE));
	if (record_has(m, MEM_SHA256))
		record_hash(&r, is_new ? MCH_NEW_SHA256 : MCH_OLD_SHA256, m->v[MEM_SHA256].hash);
	record_text(&r, is_new ? MCH_NEW_MODE : MCH_OLD_MODE, record_get_text(m, MEM_MODE));
	record_text(&r, is_new ? MCH_NEW_TARGET : MCH_OLD_TARGET, record_get_text(m, MEM_TARGET));
	if (holds)
		record_bool(&r, MCH_HOLDS, true);
	c->programs += is_binary(m);
	c->differing += !holds;
	c->count[is_new ? CMP_MEMBERS_ADDED : CMP_MEMBERS_REMOVED]++;
	compare_publish(c, &r);
}

static void content_change(struct record *r, const struct record *a, const struct record *b)
{
	record_add_text(r, MCH_CHANGES, SPAN_LIT("content"));
	record_uint(r, MCH_OLD_SIZE, record_get_uint(a, MEM_SIZE));
	record_uint(r, MCH_NEW_SIZE, record_get_uint(b, MEM_SIZE));
	if (record_has(a, MEM_SHA256))
		record_hash(r, MCH_OLD_SHA256, a->v[MEM_SHA256].hash);
	if (record_has(b, MEM_SHA256))
		record_hash(r, MCH_NEW_SHA256, b->v[MEM_SHA256].hash);
}

static void pair_change(struct record *r, const struct record *a, const struct record *b, unsigned field, unsigned old,
			unsigned new, struct span what)
{
	if (!differs(a, b, field))
		return;
	record_add_text(r, MCH_CHANGES, what);
	record_text(r, old, record_get_text(a, field));
	record_text(r, new, record_get_text(b, field));
}

static void both(struct comparison *c, uint32_t i, uint32_t k)
{
	const struct record *a = c->old->members.v[i], *b = c->new->members.v[k];
	bool is_input = !record_get_uint(a, MEM_CONTAINER) && !record_get_uint(b, MEM_CONTAINER);
	struct record r;
	compare_begin(c, &r, &member_change_type);
	if (!c->pairs.same[i]) {
		record_add_text(&r, MCH_CHANGES, SPAN_LIT("renamed"));
		record_text(&r, MCH_FROM, record_get_text(a, MEM_PATH));
	}
	if (differs(a, b, MEM_TYPE))
		record_add_text(&r, MCH_CHANGES, SPAN_LIT("type"));
	if (has_other_content(a, b))
		content_change(&r, a, b);
	/* What the input file may itself is the matter of whoever saved it. */
	if (!is_input) {
		pair_change(&r, a, b, MEM_MODE, MCH_OLD_MODE, MCH_NEW_MODE, SPAN_LIT("permission"));
		if (record_get_uint(a, MEM_UID) != record_get_uint(b, MEM_UID) ||
		    record_get_uint(a, MEM_GID) != record_get_uint(b, MEM_GID))
			record_add_text(&r, MCH_CHANGES, SPAN_LIT("owner"));
	}
	pair_change(&r, a, b, MEM_TARGET, MCH_OLD_TARGET, MCH_NEW_TARGET, SPAN_LIT("link"));
	if (!record_has(&r, MCH_CHANGES)) {
		c->count[CMP_MEMBERS_SAME]++;
		return;
	}
	describe(&r, b);
	bool holds = c->pairs.old_holds[i] || c->pairs.new_holds[k];
	c->programs += is_binary(a) || is_binary(b);
	c->differing += !holds;
	if (holds)
		record_bool(&r, MCH_HOLDS, true);
	c->count[CMP_MEMBERS_CHANGED]++;
	compare_publish(c, &r);
}

void compare_members(struct comparison *c)
{
	for (uint32_t i = 0; i < c->old->members.n; i++) {
		if (c->pairs.to_new[i] == NONE)
			one_side(c, c->old->members.v[i], false, c->pairs.old_holds[i]);
		else
			both(c, i, c->pairs.to_new[i]);
	}
	for (uint32_t k = 0; k < c->new->members.n; k++)
		if (c->pairs.to_old[k] == NONE)
			one_side(c, c->new->members.v[k], true, c->pairs.new_holds[k]);
}
