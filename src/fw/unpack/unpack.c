/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds containers in bytes by their marks, at any offset, opens them and looks into what came out. Each
 * content is looked into once; what one container took no other may take; a queue, no recursion. */
#include "fw/unpack/unpack.h"

#include "fw/unpack/area.h"
#include "fw/unpack/partition.h"

enum { MARKS_MAX = 256, STEP_BID = 512, SURE = 50, LOOK_LEAST = 16, FIND_DEPTH = 5, FINDERS_MAX = 4 };

struct mark {
	const struct unpacker *by;
	struct span bytes;
	uint16_t at;
	int next;                                /* the next mark with this first byte, -1: none */
};

/* All marks, by their first two bytes. */
struct finder {
	struct mark marks[MARKS_MAX];
	int n, first[256];
	uint8_t pairs[65536 / 8];
};

static void finder_start(struct finder *f)
{
	*f = (struct finder){ 0 };
	memset(f->first, -1, sizeof(f->first));
	for (int u = 0; unpackers[u]; u++) {
		const struct unpacker *by = unpackers[u];
		for (int i = 0; i < UNPACKER_MAGICS && by->magics[i].n > 1 && f->n < MARKS_MAX; i++) {
			struct span bytes = span_of(by->magics[i].bytes, by->magics[i].n);
			f->marks[f->n] = (struct mark){ by, bytes, by->magics[i].at, f->first[bytes.p[0]] };
			f->first[bytes.p[0]] = f->n++;
			unsigned pair = (unsigned)bytes.p[0] << 8 | bytes.p[1];
			f->pairs[pair / 8] |= (uint8_t)(1u << pair % 8);
		}
	}
}

/* Where the next of a form without a mark lies; SIZE_MAX: nowhere. */
struct ahead {
	const struct unpacker *by;
	size_t at;
};

/* One member while it is looked through. */
struct carve {
	struct members *m;
	const struct finder *finder;
	uint32_t member, depth;
	struct span s;
	size_t cursor;                           /* behind what the last container took */
	uint32_t found;
	struct ahead ahead[FINDERS_MAX];
	unsigned nahead;
	bool full;                               /* no more candidates may be tried */
};

static bool try(struct carve *c)
{
	struct members *m = c->m;
	if (m->candidates >= m->budget.candidates) {
		members_hit(m, BUDGET_CANDIDATES);
		c->full = true;
		return false;
	}
	m->candidates++;
	return members_step(m, STEP_BID);
}

static bool container_begin(struct carve *c, const struct unpacker *by, size_t at)
{
	struct members *m = c->m;
	if (m->nc >= m->budget.containers) {
		members_hit(m, BUDGET_CONTAINERS);
		c->full = true;
		return false;
	}
	if (m->nc == m->croom) {
		m->croom *= 2;
		m->c = mem_grow(m->c, m->croom, sizeof(*m->c));
	}
	m->c[m->nc++] = (struct container){ .by = by, .member = c->member, .offset = at, .depth = c->depth, .first = m->n,
					    .detail = "" };
	m->in = c->s.n - at;
	return true;
}

/* True when the container took bytes: the search goes on behind it. */
static bool container_open(struct carve *c, const struct unpacker *by, size_t at, int score)
{
	struct members *m = c->m;
	if (!container_begin(c, by, at))
		return false;
	by->unpack(span_from(c->s, at), m);
	member_end(m);
	struct container *k = &m->c[m->nc - 1];
	if (k->length == 0 && k->nmembers)
		k->length = 1;
	if (k->length == 0) {
		if (score < SURE || !k->damage)
			m->nc--;                 /* it only looked like one */
		return false;
	}
	if (at > c->cursor)
		area_add(m, c->member, c->cursor, span_cut(span_from(c->s, c->cursor), at - c->cursor), false);
	c->cursor = at + (size_t)k->length;
	c->found++;
	return true;
}

/* The best bid of those whose mark stands at p. */
static bool hit(struct carve *c, size_t p)
{
	const struct unpacker *best = NULL;
	size_t start = 0;
	int score = 0;
	struct span here = span_from(c->s, p);
	for (int i = c->finder->first[here.p[0]]; i >= 0; i = c->finder->marks[i].next) {
		const struct mark *k = &c->finder->marks[i];
		if (p < k->at || p - k->at < c->cursor || !span_starts(here, k->bytes))
			continue;
		if (k->by->glance && !k->by->glance(span_from(c->s, p - k->at)))
			continue;
		if (!try(c))
			return false;
		int bid = k->by->bid(span_from(c->s, p - k->at));
		if (bid <= score)
			continue;
		best = k->by;
		score = bid;
		start = p - k->at;
	}
	return best && container_open(c, best, start, score);
}

/* Forms without a mark can be told at the start only. */
static bool start(struct carve *c)
{
	for (int u = 0; unpackers[u]; u++) {
		int bid = unpackers[u]->asked_at_start ? unpackers[u]->bid(c->s) : 0;
		if (bid > 0 && container_open(c, unpackers[u], 0, bid))
			return true;
	}
	return false;
}

/* Forms without a mark that may stand anywhere look ahead once, and again behind what was taken. Files of file
 * systems are not asked: what has no mark lies on flash. */
static void look_ahead(struct carve *c)
{
	for (int u = 0; unpackers[u] && c->depth <= FIND_DEPTH && c->nahead < FINDERS_MAX; u++)
		if (unpackers[u]->find)
			c->ahead[c->nahead++] = (struct ahead){ .by = unpackers[u] };
}

/* A container of such a form begins at p and was opened. */
static bool ahead_opens(struct carve *c, size_t p)
{
	for (unsigned i = 0; i < c->nahead; i++) {
		struct ahead *a = &c->ahead[i];
		if (a->at < p || p == 0) {
			a->at = SIZE_MAX;
			if (members_step(c->m, (c->s.n - p) / 4))
				(void)!a->by->find(c->s, p, &a->at);
		}
		if (a->at != p || !try(c))
			continue;
		int score = a->by->bid(span_from(c->s, p));
		if (score > 0 && container_open(c, a->by, p, score))
			return true;
	}
	return false;
}

static void carve(struct carve *c)
{
	start(c);
	look_ahead(c);
	for (size_t p = c->cursor; p + 1 < c->s.n && !c->full && !members_stopped(c->m); p++) {
		unsigned pair = (unsigned)c->s.p[p] << 8 | c->s.p[p + 1];
		if ((c->nahead && ahead_opens(c, p)) || (c->finder->pairs[pair / 8] & 1u << pair % 8 && hit(c, p)))
			p = c->cursor - 1;
	}
	if (c->cursor < c->s.n)
		area_add(c->m, c->member, c->cursor, span_from(c->s, c->cursor), !c->found && c->depth > 1);
}

/* Half of a SHA-256 is enough to know a content again. */
static uint64_t content_key(const struct member *f)
{
	struct rd r = rd_of(span_of(f->sha256, sizeof(f->sha256)));
	return rd_le64(&r);
}

static void look(struct members *m, const struct finder *f, uint32_t i)
{
	struct member file = m->v[i];            /* a copy: the array grows */
	if (file.type != MEMBER_FILE || file.size < LOOK_LEAST || !seen_add(m->known, content_key(&file)))
		return;
	struct carve c = { .m = m, .finder = f, .member = i, .depth = m->c[file.container].depth + 1 };
	if (c.depth > m->budget.depth) {
		members_hit(m, BUDGET_DEPTH);
		return;
	}
	if (!members_step(m, file.size))
		return;
	c.s = member_map(m, &file);
	partition_scan(m, i, c.s);
	carve(&c);
	member_unmap(&file, c.s);
}

/* Of a folder with many inputs the first few are drawn. */
static void strips(struct members *m)
{
	for (uint32_t i = 0; i < m->c[0].nmembers; i++) {
		struct span s = member_map(m, &m->v[i]);
		strip_add(m, i, s);
		member_unmap(&m->v[i], s);
	}
}

void unpack_all(struct members *m, void (*progress)(void *ctx, const struct members *m), void *ctx)
{
	AUTO_FREE struct finder *f = mem_new(sizeof(*f));
	finder_start(f);
	strips(m);
	uint32_t i = 0;
	/* What partitions alone explain comes last, and is looked into like all else. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (; i < m->n && !members_stopped(m); i++) {
			look(m, f, i);
			if (progress)
				progress(ctx, m);
		}
		if (pass == 0)
			partition_apply(m);
	}
}
