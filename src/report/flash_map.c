/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the records of an inspection to one list of parts by place. Members that are stored as they are keep their
 * addresses, and so does what lies in them; of what is packed or scattered only the whole has a place. */
#include "report/flash_map.h"

#include <stdio.h>
#include <stdlib.h>

#include "fw/unpack/records.h"
#include "record/json.h"

enum { MAP_DEPTH = 8, GAP_LEAST = 64 };

/* What lies in a member (containers, areas) or in a container (members), by owner and place. */
struct entry {
	uint64_t owner, at, order;
	const struct record *r;
};

struct index {
	struct entry *v;
	size_t n;
};


static int by_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void index_add(struct index *x, const struct image_kept *k, unsigned owner, unsigned at)
{
	if (k->n)
		x->v = mem_grow(x->v, x->n + k->n, sizeof(*x->v));
	for (size_t i = 0; i < k->n; i++, x->n++)
		x->v[x->n] = (struct entry){ record_get_uint(k->v[i], owner), record_get_uint(k->v[i], at), x->n, k->v[i] };
}

static void index_sort(struct index *x)
{
	if (x->n)
		qsort(x->v, x->n, sizeof(*x->v), by_place);
}

/* The entries of one owner. */
static struct index index_of(const struct index *x, uint64_t owner)
{
	size_t low = 0, high = x->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (x->v[mid].owner < owner)
			low = mid + 1;
		else
			high = mid;
	}
	struct index of = { .v = x->v + low };
	while (low + of.n < x->n && x->v[low + of.n].owner == owner)
		of.n++;
	return of;
}

/* Where bytes [0, size) stand in the image. */
struct place {
	uint64_t from, length, size;
	bool to_scale;
	unsigned depth;
};

/* Members whose content is still to be placed; no nesting costs stack. */
struct pending {
	uint64_t member;
	struct place in;
};

struct builder {
	struct flash_map *m;
	struct index inside, members;
	struct pending *v;
	size_t n, at, room;
};

static void add_later(struct builder *b, uint64_t member, struct place in)
{
	if (in.depth > MAP_DEPTH)
		return;
	if (b->n == b->room) {
		b->room = b->room ? b->room * 2 : 64;
		b->v = mem_grow(b->v, b->room, sizeof(*b->v));
	}
	b->v[b->n++] = (struct pending){ member, in };
}

static uint64_t place_at(const struct place *p, uint64_t at)
{
	if (at >= p->size)
		return p->from + p->length;
	if (p->length == p->size)
		return p->from + at;
	return p->from + (uint64_t)((double)at / (double)p->size * (double)p->length);
}

const char *map_kind_word(enum map_kind k)
{
	static const char *const words[MAP_KINDS] = {
		[MAP_OTHER] = "container", [MAP_FILES] = "file system", [MAP_ARCHIVE] = "archive", [MAP_STREAM] = "packed stream",
		[MAP_BOOT] = "boot image", [MAP_FLASH] = "partitions", [MAP_SETTINGS] = "settings",
		[MAP_PARTITION] = "partition", [MAP_MEMBER] = "file",
		[MAP_DATA] = "unknown: program or data", [MAP_TEXT] = "text", [MAP_SEALED] = "unknown: encrypted or compressed",
		[MAP_ERASED] = "erased (0xff)", [MAP_ZEROS] = "zeros", [MAP_PADDING] = "padding", [MAP_UNSEEN] = "not looked at",
	};
	return words[k];
}

static enum map_kind kind_of_container(struct span word)
{
	for (enum map_kind k = MAP_OTHER; k <= MAP_PARTITION; k++)
		if (span_is(word, map_kind_word(k)))
			return k;
	return MAP_OTHER;
}

static enum map_kind kind_of_area(struct span what)
{
	static const struct {
		const char *starts;
		enum map_kind kind;
	} t[] = {
		{ "padding 0xff", MAP_ERASED }, { "padding 0x00", MAP_ZEROS }, { "padding", MAP_PADDING }, { "text", MAP_TEXT },
		{ "encrypted", MAP_SEALED },
	};
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		if (span_starts(what, span_str(t[i].starts)))
			return t[i].kind;
	return MAP_DATA;
}

/* NULL: it takes no room, or there are too many. The parts of one parent come by place and never overlap. */
static struct map_part *part_add(struct builder *b, const struct place *in, uint64_t *done, uint64_t from, uint64_t to)
{
	struct flash_map *m = b->m;
	from = from < *done ? *done : from;
	if (from >= to)
		return NULL;
	*done = to;
	if (m->n == MAP_PARTS) {
		m->dropped++;
		return NULL;
	}
	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 64;
		m->v = mem_grow(m->v, m->room, sizeof(*m->v));
	}
	struct map_part *p = &m->v[m->n++];
	*p = (struct map_part){ .from = from, .to = to, .parent = MAP_NONE, .depth = in->depth, .to_scale = in->to_scale };
	return p;
}

static struct place place_in(const struct map_part *p, uint64_t size, bool to_scale)
{
	return (struct place){ p->from, p->to - p->from, size, p->to_scale && to_scale, p->depth + 1 };
}

static bool is_file(const struct record *member)
{
	return span_is(record_get_text(member, MEM_TYPE), "file") && record_get_uint(member, MEM_SIZE);
}

/* Stored as it is, so that addresses in it are addresses in the image; between the spare bytes of NAND as good as
 * that. */
static bool is_stored(const struct record *member, const struct map_part *container)
{
	uint64_t length = record_get_uint(member, MEM_LENGTH);
	return length && (length == record_get_uint(member, MEM_SIZE) || span_is(container->name, "nand"));
}

/* A stream, or a header with one thing behind it: the file between says nothing. */
static void add_single(struct builder *b, struct map_part *p, const struct record *member)
{
	struct place in = place_in(p, record_get_uint(member, MEM_SIZE), is_stored(member, p));
	if (is_stored(member, p)) {
		in.from += record_get_uint(member, MEM_OFFSET);
		in.length = record_get_uint(member, MEM_LENGTH);
	}
	p->size = in.size;
	if (in.from <= p->to && in.length <= p->to - in.from)
		add_later(b, record_get_uint(member, MEM_ID), in);
}

/* Volumes of UBI: their blocks are mixed, so each gets as much room as it is long. */
static void add_volumes(struct builder *b, const struct map_part *container, const struct index *members)
{
	uint64_t total = 0, sum = 0, done = container->from;
	for (size_t i = 0; i < members->n; i++)
		total += is_file(members->v[i].r) ? record_get_uint(members->v[i].r, MEM_SIZE) : 0;
	const struct place in = place_in(container, total, false);
	for (size_t i = 0; i < members->n && total; i++) {
		const struct record *r = members->v[i].r;
		uint64_t size = is_file(r) ? record_get_uint(r, MEM_SIZE) : 0;
		struct map_part *p = part_add(b, &in, &done, place_at(&in, sum), place_at(&in, sum + size));
		sum += size;
		if (!p)
			continue;
		p->kind = MAP_MEMBER;
		p->name = record_get_text(r, MEM_PATH);
		p->size = size;
		add_later(b, record_get_uint(r, MEM_ID), place_in(p, size, false));
	}
}

static void add_members(struct builder *b, const struct map_part *container, const struct index *members)
{
	const struct place in = place_in(container, container->to - container->from, true);
	uint64_t done = in.from;
	for (size_t i = 0; i < members->n; i++) {
		const struct record *r = members->v[i].r;
		uint64_t at = record_get_uint(r, MEM_OFFSET), length = record_get_uint(r, MEM_LENGTH);
		if (!is_file(r) || !length || at > in.size || length > in.size - at)
			continue;
		struct map_part *p = part_add(b, &in, &done, in.from + at, in.from + at + length);
		if (!p)
			continue;
		p->kind = MAP_MEMBER;
		p->name = record_get_text(r, MEM_PATH);
		p->damage = record_get_text(r, MEM_DAMAGE);
		p->size = record_get_uint(r, MEM_SIZE);
		add_later(b, record_get_uint(r, MEM_ID), place_in(p, p->size, is_stored(r, container)));
	}
}

static void add_inside(struct builder *b, struct map_part *container, uint64_t id)
{
	struct index members = index_of(&b->members, id);
	const struct map_part of = *container;           /* parts move when there are more */
	const struct record *file = NULL;
	size_t files = 0, placed = 0;
	for (size_t i = 0; i < members.n; i++) {
		if (!is_file(members.v[i].r))
			continue;
		files++;
		file = members.v[i].r;
		placed += record_get_uint(file, MEM_LENGTH) != 0;
	}
	if (files == 1 && of.kind == MAP_PARTITION)
		container->name = record_get_text(file, MEM_PATH);
	if (files == 1 && (of.kind == MAP_STREAM || of.kind == MAP_BOOT || of.kind == MAP_PARTITION))
		add_single(b, container, file);
	else if (of.kind == MAP_FLASH && !placed)
		add_volumes(b, &of, &members);
	else if (of.to_scale)
		add_members(b, &of, &members);
}

static void add_container(struct builder *b, const struct place *in, const struct record *r, uint64_t *done)
{
	uint64_t at = record_get_uint(r, CON_OFFSET), length = record_get_uint(r, CON_LENGTH);
	struct map_part *p = part_add(b, in, done, place_at(in, at), place_at(in, at + length));
	if (!p)
		return;
	p->kind = kind_of_container(record_get_text(r, CON_KIND));
	p->name = record_get_text(r, CON_FORMAT);
	p->detail = record_get_text(r, CON_DETAIL);
	p->damage = record_get_text(r, CON_DAMAGE);
	p->members = record_get_uint(r, CON_MEMBERS);
	p->size = in->to_scale ? 0 : length;
	if (p->depth < MAP_DEPTH)
		add_inside(b, p, record_get_uint(r, CON_ID));
}

static void add_area(struct builder *b, const struct place *in, const struct record *r, uint64_t *done)
{
	uint64_t at = record_get_uint(r, ARE_OFFSET), length = record_get_uint(r, ARE_LENGTH);
	struct span what = record_get_text(r, ARE_WHAT);
	enum map_kind kind = kind_of_area(what);
	struct map_part *p = in->to_scale || kind == MAP_SEALED ? part_add(b, in, done, place_at(in, at),
									   place_at(in, at + length)) : NULL;
	if (!p)
		return;
	p->kind = kind;
	p->size = length;
	p->name = kind >= MAP_ERASED && kind <= MAP_ZEROS ? span_str(map_kind_word(kind)) : what;
}

/* Nobody looked: a budget was reached. Fewer than GAP_LEAST bytes are not worth a word. */
static void add_gap(struct builder *b, const struct place *in, uint64_t *done, uint64_t to)
{
	struct map_part *p = in->depth == 0 && to > *done && to - *done >= GAP_LEAST ? part_add(b, in, done, *done, to) : NULL;
	if (!p)
		return;
	p->kind = MAP_UNSEEN;
	p->name = span_str(map_kind_word(MAP_UNSEEN));
}

static void add_content(struct builder *b, uint64_t member, const struct place *in)
{
	struct index inside = index_of(&b->inside, member);
	uint64_t done = in->from;
	for (size_t i = 0; i < inside.n; i++) {
		const struct record *r = inside.v[i].r;
		add_gap(b, in, &done, place_at(in, inside.v[i].at));
		if (r->type == &container_type)
			add_container(b, in, r, &done);
		else
			add_area(b, in, r, &done);
	}
	add_gap(b, in, &done, in->from + in->length);
}

/* What holds others begins no later than they do and is less deep. */
static int by_address(const void *a, const void *b)
{
	const struct map_part *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->depth > y->depth) - (x->depth < y->depth);
}

/* "3", "3.1", "3.1.2". */
static void number_all(struct flash_map *m)
{
	unsigned count[MAP_DEPTH + 3] = { 0 };
	int open[MAP_DEPTH + 3];
	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), by_address);
	for (size_t i = 0; i < m->n; i++) {
		struct map_part *p = &m->v[i];
		unsigned own = ++count[p->depth];
		count[p->depth + 1] = 0;
		open[p->depth] = (int)i;
		p->parent = p->depth ? open[p->depth - 1] : MAP_NONE;
		char before[MAP_NUMBER] = "";
		if (p->parent != MAP_NONE)
			memcpy(before, m->v[p->parent].number, sizeof(before));
		snprintf(p->number, MAP_NUMBER, "%.17s%s%u", before, before[0] ? "." : "", own);
	}
}

/* Where a member's bytes lie in the image; NULL: it is packed, or not in it. */
static const struct place *place_of(const struct builder *b, uint64_t member)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].member == member)
			return b->v[i].in.to_scale ? &b->v[i].in : NULL;
	return NULL;
}

static int by_start(const void *a, const void *b)
{
	const struct map_partition *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to < y->to) - (x->to > y->to);
}

/* Each into the first lane where it has room; past the last lane it is left out of the picture. */
static void lanes_find(struct map_table *t)
{
	uint64_t end[MAP_LANES] = { 0 };
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_start);
	for (size_t i = 0; i < t->n; i++) {
		unsigned lane = 0;
		while (lane < MAP_LANES && t->v[i].from < end[lane])
			lane++;
		t->v[i].lane = lane;
		if (lane == MAP_LANES)
			continue;
		end[lane] = t->v[i].to;
		t->lanes = lane >= t->lanes ? lane + 1 : t->lanes;
	}
}

/* Records of one table stand together. */
static void add_tables(struct builder *b, const struct image_kept *k)
{
	struct flash_map *m = b->m;
	for (size_t i = 0, n; i < k->n && m->ntables < MAP_TABLES; i += n) {
		const struct record *first = k->v[i];
		for (n = 1; i + n < k->n && record_get_uint(k->v[i + n], PAR_TABLE) == record_get_uint(first, PAR_TABLE); n++)
			;
		const struct place *in = record_has(first, PAR_MEMBER) ? place_of(b, record_get_uint(first, PAR_MEMBER)) : NULL;
		if (!in)
			continue;
		struct map_table *t = &m->tables[m->ntables++];
		*t = (struct map_table){ .source = record_get_text(first, PAR_SOURCE), .where = record_get_text(first, PAR_WHERE),
					 .device = record_get_text(first, PAR_DEVICE), .v = mem_array(n, sizeof(*t->v)) };
		for (size_t j = i; j < i + n; j++) {
			const struct record *r = k->v[j];
			uint64_t at = record_get_uint(r, PAR_OFFSET), length = record_get_uint(r, PAR_LENGTH);
			struct map_partition p = { .label = record_get_text(r, PAR_LABEL), .from = place_at(in, at),
						   .read_only = record_get_uint(r, PAR_READ_ONLY) != 0 };
			p.to = place_at(in, record_has(r, PAR_LENGTH) && length < in->size ? at + length : in->size);
			if (at < in->size && p.to > p.from)
				t->v[t->n++] = p;
		}
		lanes_find(t);
	}
}

bool flash_map_build(const struct image *i, size_t n, struct flash_map *m)
{
	const struct image_kept *strips = &i->list[IMAGE_STRIPS];
	*m = (struct flash_map){ 0 };
	if (n >= strips->n)
		return false;
	const struct record *strip = strips->v[n];
	m->name = record_get_text(strip, STR_WHERE);
	m->size = record_get_uint(strip, STR_SIZE);
	m->step = record_get_uint(strip, STR_STEP);
	m->entropy = record_get_text(strip, STR_ENTROPY);
	m->fill = record_get_text(strip, STR_FILL);
	if (!m->size || !m->step || m->entropy.n != 2 * m->fill.n)
		return false;
	struct builder b = { .m = m };
	index_add(&b.inside, &i->list[IMAGE_CONTAINERS], CON_MEMBER, CON_OFFSET);
	index_add(&b.inside, &i->list[IMAGE_AREAS], ARE_MEMBER, ARE_OFFSET);
	index_add(&b.members, &i->list[IMAGE_MEMBERS], MEM_CONTAINER, MEM_OFFSET);
	index_sort(&b.inside);
	index_sort(&b.members);
	add_later(&b, record_get_uint(strip, STR_MEMBER), (struct place){ 0, m->size, m->size, true, 0 });
	while (b.at < b.n) {
		const struct pending next = b.v[b.at++];
		add_content(&b, next.member, &next.in);
	}
	add_tables(&b, &i->list[IMAGE_PARTITIONS]);
	free(b.v);
	free(b.inside.v);
	free(b.members.v);
	number_all(m);
	return true;
}

void flash_map_done(struct flash_map *m)
{
	for (size_t t = 0; t < m->ntables; t++)
		free(m->tables[t].v);
	free(m->v);
	*m = (struct flash_map){ 0 };
}

double flash_map_entropy(const struct flash_map *m, uint64_t from, uint64_t to, char *fill)
{
	uint64_t first = from / m->step, last = to > from ? (to - 1) / m->step : first, n = 0;
	double sum = 0;
	*fill = first < m->fill.n ? (char)m->fill.p[first] : '.';
	for (uint64_t i = first; i <= last && i < m->fill.n; i++, n++) {
		sum += (double)((m->entropy.p[2 * i] - '0') * 10 + (m->entropy.p[2 * i + 1] - '0')) / 10;
		*fill = *fill == (char)m->fill.p[i] ? *fill : '.';
	}
	return n ? sum / (double)n : 0;
}

struct span flash_map_partition(const struct flash_map *m, const struct map_part *p)
{
	const struct map_partition *best = NULL;
	uint64_t middle = p->from + (p->to - p->from) / 2;
	for (size_t t = 0; t < m->ntables && !best; t++)
		for (size_t i = 0; i < m->tables[t].n; i++) {
			const struct map_partition *q = &m->tables[t].v[i];
			if (q->from <= middle && middle < q->to && (!best || q->to - q->from < best->to - best->from))
				best = q;
		}
	return best ? best->label : (struct span){ 0 };
}

static void put_part(struct buf *out, const struct flash_map *m, const struct map_part *p)
{
	struct span partition = flash_map_partition(m, p);
	buf_text(out, "{\"number\":");
	json_put_str(out, p->number);
	if (p->to_scale)
		buf_printf(out, ",\"offset\":%llu,\"length\":%llu", (unsigned long long)p->from,
			   (unsigned long long)(p->to - p->from));
	else
		buf_printf(out, ",\"unpacked\":%llu", (unsigned long long)p->size);
	buf_printf(out, ",\"depth\":%u,\"kind\":", p->depth);
	json_put_str(out, map_kind_word(p->kind));
	buf_text(out, ",\"name\":");
	json_put_text(out, p->name);
	if (p->detail.n) {
		buf_text(out, ",\"detail\":");
		json_put_text(out, p->detail);
	}
	if (p->damage.n) {
		buf_text(out, ",\"damage\":");
		json_put_text(out, p->damage);
	}
	if (partition.n) {
		buf_text(out, ",\"partition\":");
		json_put_text(out, partition);
	}
	if (p->members)
		buf_printf(out, ",\"members\":%llu", (unsigned long long)p->members);
	buf_text(out, "}");
}

void flash_map_json(const struct image *i, struct buf *out)
{
	struct flash_map m;
	buf_text(out, "[");
	for (size_t n = 0; flash_map_build(i, n, &m); n++) {
		buf_text(out, n ? ",\n  {\"image\":" : "{\"image\":");
		json_put_text(out, m.name);
		buf_printf(out, ",\"size\":%llu,\"parts\":[", (unsigned long long)m.size);
		for (size_t k = 0; k < m.n; k++) {
			buf_text(out, k ? ",\n    " : "");
			put_part(out, &m, &m.v[k]);
		}
		buf_printf(out, "],\"left_out\":%zu}", m.dropped);
		flash_map_done(&m);
	}
	buf_text(out, "]");
}
