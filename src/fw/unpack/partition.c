/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of partitions in words. A kernel's command line (Linux drivers/mtd/parsers/cmdlinepart.c,
 * block/cmdline-parser.c):
 *
 *   mtdparts=ID:SIZE[@OFFSET][(NAME)][ro][lk],…[;ID:…]       SIZE: a number with k, m or g, or "-": what is left
 *
 * Which member a table tells of shows when its partitions begin where containers do. */
#include "fw/unpack/partition.h"

#include "fw/unpack/area.h"

enum {
	TABLES_MAX = 64, TREES_MAX = 64, PARTITIONS_MAX = 1024, LIST_MOST = 64, DEFS_MOST = 8, NAME_MOST = 64,
	LINE_MOST = 4096, HITS_MOST = 64, PARTITION_LEAST = 64, DETAIL_MOST = 100,
};

#define GROW(v, n, room) \
	((n) == (room) ? ((room) = (room) ? (room) * 2 : 16, (v) = mem_grow((v), (room), sizeof(*(v)))) : (v))

int partition_table(struct members *m, const struct partition_table *t)
{
	if (m->ntables == TABLES_MAX) {
		m->untold++;
		return -1;
	}
	GROW(m->tables, m->ntables, m->tables_room);
	m->tables[m->ntables] = *t;
	m->tables[m->ntables].tells_of = NONE;
	m->tables[m->ntables].device = arena_copy(&m->arena, t->device);
	return (int)m->ntables++;
}

void partition_add(struct members *m, const struct partition *p)
{
	if (m->npartitions == PARTITIONS_MAX) {
		m->untold++;
		return;
	}
	GROW(m->partitions, m->npartitions, m->partitions_room);
	m->partitions[m->npartitions] = *p;
	m->partitions[m->npartitions++].label = arena_copy(&m->arena, span_cut(p->label, NAME_MOST));
}

void device_tree_add(struct members *m, const struct device_tree *t)
{
	if (m->ntrees == TREES_MAX) {
		m->untold++;
		return;
	}
	GROW(m->trees, m->ntrees, m->trees_room);
	struct device_tree *to = &m->trees[m->ntrees++];
	*to = *t;
	to->model = arena_copy(&m->arena, span_cut(t->model, LINE_MOST));
	to->compatible = arena_copy(&m->arena, span_cut(t->compatible, LINE_MOST));
	to->bootargs = arena_copy(&m->arena, span_cut(t->bootargs, LINE_MOST));
}

/* ---- command lines ---- */

/* As the kernel's memparse reads it. False: no number, or none that fits. */
static bool number(struct rd *r, uint64_t *out)
{
	uint64_t v = 0;
	unsigned digits = 0, base = 10, shift = 0;
	if (rd_left(r) > 2 && r->p[0] == '0' && (r->p[1] | 0x20) == 'x') {
		rd_skip(r, 2);
		base = 16;
	}
	for (; rd_left(r); digits++) {
		uint8_t c = rd_peek(r), low = c | 0x20;
		unsigned d = c >= '0' && c <= '9' ? c - (unsigned)'0' : base == 16 && low >= 'a' && low <= 'f' ? low - 'a' + 10u : 99;
		if (d >= base || v > UINT64_MAX / 32)
			break;
		v = v * base + d;
		rd_skip(r, 1);
	}
	switch (rd_peek(r) | 0x20) {
	case 'g': shift = 30; break;
	case 'm': shift = 20; break;
	case 'k': shift = 10; break;
	default: break;
	}
	if (shift)
		rd_skip(r, 1);
	if (!digits || v > UINT64_MAX >> (shift + 1))
		return false;
	*out = v << shift;
	return true;
}

static bool is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f || s.p[i] == '<' || s.p[i] == '$')
			return false;
	return s.n != 0;
}

static bool skip_if(struct rd *r, const char *word)
{
	if (!span_starts(span_of(r->p, rd_left(r)), span_str(word)))
		return false;
	rd_skip(r, strlen(word));
	return true;
}

/* One partition; `next` is where it begins when it does not say. */
static bool one_partition(struct rd *r, uint64_t *next, struct partition *p)
{
	*p = (struct partition){ .offset = *next, .length = UINT64_MAX };
	if (!skip_if(r, "-") && (!number(r, &p->length) || p->length == 0))
		return false;
	if (skip_if(r, "@") && !number(r, &p->offset))
		return false;
	if (skip_if(r, "(") && (!rd_until(r, ')', &p->label) || !is_plain(p->label) || p->label.n > NAME_MOST))
		return false;
	p->read_only = skip_if(r, "ro");
	skip_if(r, "lk");
	skip_if(r, "slc");
	*next = p->length < UINT64_MAX - p->offset ? p->offset + p->length : UINT64_MAX;
	return true;
}

/* "ID:PARTITION,PARTITION…": how many, 0 when it is none. */
static unsigned one_device(struct rd *r, struct span *id, struct partition v[LIST_MOST])
{
	uint64_t next = 0;
	unsigned n = 0;
	struct rd start = *r;
	/* An id may have colons itself; the last one before a size counts. */
	size_t colon = 0, named = 0;
	for (size_t i = 0; rd_left(&start) && i < NAME_MOST; i++) {
		uint8_t c = rd_u8(&start);
		if (c == ':' && (rd_peek(&start) == '-' || (rd_peek(&start) >= '0' && rd_peek(&start) <= '9')))
			colon = i;
		if (c <= 0x20 || c >= 0x7f || c == '(' || c == ',' || c == '=' || c == '$' || c == '<')
			break;
	}
	*id = rd_span(r, colon);
	if (!colon || !skip_if(r, ":"))
		return 0;
	while (n < LIST_MOST) {
		if (!one_partition(r, &next, &v[n]))
			return 0;
		named += v[n++].label.n != 0;
		if (next == UINT64_MAX || !skip_if(r, ","))
			break;
	}
	return named ? n : 0;
}

/* The same line stands in an image more than once. Out of steps, it counts as known. */
static bool is_known(struct members *m, struct span id, const struct partition *v, unsigned n)
{
	for (uint32_t t = 0; t < m->ntables; t++) {
		unsigned same = 0, all = 0;
		if (!span_eq(m->tables[t].device, id))
			continue;
		if (!members_step(m, m->npartitions))
			return true;
		for (uint32_t i = 0; i < m->npartitions; i++) {
			const struct partition *p = &m->partitions[i];
			if (p->table != t)
				continue;
			same += all < n && p->offset == v[all].offset && p->length == v[all].length && span_eq(p->label, v[all].label);
			all++;
		}
		if (all == n && same == n)
			return true;
	}
	return false;
}

/* The text behind "mtdparts=". */
static void read_line(struct members *m, uint32_t member, uint64_t offset, struct span s)
{
	struct rd r = rd_of(span_cut(s, LINE_MOST));
	struct partition v[LIST_MOST];
	for (unsigned devices = 0; devices < DEFS_MOST; devices++) {
		struct span id;
		unsigned n = one_device(&r, &id, v);
		if (!n)
			return;
		if (!is_known(m, id, v, n)) {
			int t = partition_table(m, &(struct partition_table){ .source = "command line", .device = id, .member = member,
									      .offset = offset });
			for (unsigned i = 0; t >= 0 && i < n; i++) {
				v[i].table = (uint32_t)t;
				partition_add(m, &v[i]);
			}
		}
		if (!skip_if(&r, ";"))
			return;
	}
}

void partition_scan(struct members *m, uint32_t member, struct span content)
{
	static const char *const words[] = { "mtdparts=", "blkdevparts=" };
	for (size_t w = 0; w < ARRAY_LEN(words); w++) {
		size_t n = strlen(words[w]), at = 0;
		for (unsigned hits = 0; hits < HITS_MOST && at < content.n; hits++) {
			struct span left = span_from(content, at);
			const uint8_t *p = memmem(left.p, left.n, words[w], n);
			if (!p)
				break;
			at += (size_t)(p - left.p) + n;
			read_line(m, member, at - n, span_from(content, at));
		}
	}
}

/* ---- which bytes a table tells of ---- */

static uint64_t end_of(const struct partition *p, uint64_t size)
{
	return p->offset > size || p->length > size - p->offset ? size : p->offset + p->length;
}

/* Partitions begin where something begins, or the last of them ends where the member ends. When two begin so, the
 * others may lie behind the end: part of the flash was read. */
static bool table_fits(const struct members *m, uint32_t table, uint32_t member)
{
	uint64_t size = m->v[member].size, last = 0;
	unsigned n = 0, hits = 0, outside = 0;
	for (uint32_t i = 0; i < m->npartitions; i++) {
		const struct partition *p = &m->partitions[i];
		if (p->table != table)
			continue;
		outside += p->offset >= size || (p->length != UINT64_MAX && p->length > size - p->offset);
		n++;
		last = end_of(p, size) > last && p->length != UINT64_MAX ? end_of(p, size) : last;
		for (uint32_t c = 1; c < m->nc && p->offset; c++)
			hits += m->c[c].member == member && m->c[c].offset == p->offset && m->c[c].length;
	}
	return n && (hits > 1 || (!outside && (hits || (n > 1 && last == size))));
}

/* The outermost of the members in which the table itself lies. */
static uint32_t told_member(const struct members *m, uint32_t table)
{
	uint32_t fits = NONE;
	for (uint32_t at = m->tables[table].member; at != NONE; at = m->c[m->v[at].container].member)
		if (table_fits(m, table, at))
			fits = at;
	return fits;
}

/* ---- members for what has a name and nothing else ---- */

static const struct unpacker told = { .name = "partition", .doc = "a partition in which nothing was found",
				      .kind = KIND_PARTITION };

/* Bytes of the partition that nobody explains: 0 when a container lies in it. *what: how most of them look. */
static uint64_t unexplained(const struct members *m, uint32_t member, uint64_t from, uint64_t to, const char **what)
{
	uint64_t n = 0, most = 0;
	for (uint32_t c = 1; c < m->nc; c++)
		if (m->c[c].member == member && m->c[c].length && m->c[c].offset < to && m->c[c].offset + m->c[c].length > from)
			return 0;
	for (uint32_t i = 0; i < m->nareas; i++) {
		const struct area *a = &m->areas[i];
		if (a->member != member || a->offset >= to || a->offset + a->length <= from || strncmp(a->what, "padding", 7) == 0)
			continue;
		uint64_t first = a->offset > from ? a->offset : from, last = a->offset + a->length < to ? a->offset + a->length : to;
		n += last - first;
		if (last - first <= most)
			continue;
		most = last - first;
		*what = a->what;
	}
	return n;
}

/* Areas of the member in [from, to) go; what stands out of it on either side stays. */
static void areas_cut(struct members *m, uint32_t member, uint64_t from, uint64_t to, struct span content)
{
	uint32_t n = m->nareas, kept = 0;
	struct area *old = mem_array(n + 1, sizeof(*old));
	for (uint32_t i = 0; i < n; i++)
		old[i] = m->areas[i];
	for (uint32_t i = 0; i < n; i++)
		if (old[i].member != member || old[i].offset >= to || old[i].offset + old[i].length <= from)
			m->areas[kept++] = old[i];
	m->nareas = kept;
	for (uint32_t i = 0; i < n; i++) {
		struct area a = old[i];
		if (a.member != member || a.offset >= to || a.offset + a.length <= from)
			continue;
		if (a.offset < from)
			area_add(m, member, a.offset, span_cut(span_from(content, (size_t)a.offset), (size_t)(from - a.offset)), false);
		if (a.offset + a.length > to)
			area_add(m, member, to, span_cut(span_from(content, (size_t)to), (size_t)(a.offset + a.length - to)), false);
	}
	free(old);
}

static bool carve_one(struct members *m, const struct partition *p, uint32_t member, struct span content)
{
	uint64_t from = p->offset, to = end_of(p, content.n);
	struct member head = { .path = p->label.n ? p->label : SPAN_LIT("partition"), .mode = 0100644, .length = to - from };
	struct span body = span_cut(span_from(content, (size_t)from), (size_t)(to - from));
	const char *what = "";
	if (unexplained(m, member, from, to, &what) < PARTITION_LEAST || m->nc >= m->budget.containers)
		return true;
	if (m->nc == m->croom) {
		m->croom *= 2;
		m->c = mem_grow(m->c, m->croom, sizeof(*m->c));
	}
	m->c[m->nc++] = (struct container){ .by = &told, .member = member, .offset = from, .length = to - from, .first = m->n,
					    .detail = "",
					    .depth = m->c[m->v[member].container].depth + 1 };
	m->in = body.n;
	struct span label = span_cut(p->label, DETAIL_MOST);
	members_detail(m, "%s; \"%.*s\" by the %s%s", what, (int)label.n, (const char *)label.p, m->tables[p->table].source,
		       p->read_only ? ", read-only" : "");
	if (!member_add(m, &head, body))
		return false;
	areas_cut(m, member, from, to, content);
	return true;
}

void partition_apply(struct members *m)
{
	for (uint32_t t = 0; t < m->ntables; t++)
		m->tables[t].tells_of = told_member(m, t);
	for (uint32_t i = 0; i < m->npartitions && !members_stopped(m); i++) {
		const struct partition *p = &m->partitions[i];
		uint32_t member = m->tables[p->table].tells_of;
		if (member == NONE)
			continue;
		struct member file = m->v[member];       /* a copy: the array grows */
		struct span content = member_map(m, &file);
		bool more = content.n != 0 && carve_one(m, p, member, content);
		member_unmap(&file, content);
		if (!more)
			return;
	}
}
