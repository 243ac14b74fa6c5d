/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flattened device trees (Devicetree Specification 0.4 §5; partitions: Linux Documentation/devicetree/bindings/mtd/
 * partitions/fixed-partitions.yaml, and the older form in which they stand in the flash node itself). */
#include "fw/unpack/devicetree.h"

#include "fw/unpack/partition.h"

enum { BEGIN = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9, CELL = 4, CELLS_MOST = 4, STEP_TOKEN = 16,
       MEMORY_MOST = 8 };

bool devicetree_open(struct span s, struct devicetree *t)
{
	struct rd r = rd_of(s);
	rd_skip(&r, 4);
	uint32_t size = rd_be32(&r), at = rd_be32(&r), strings_at = rd_be32(&r);
	rd_skip(&r, 4);
	uint32_t version = rd_be32(&r), compatible = rd_be32(&r);
	rd_skip(&r, 4);
	uint32_t nstrings = rd_be32(&r), n = rd_be32(&r);
	struct rd strings = rd_at(s, true, strings_at, nstrings), structure = rd_at(s, true, at, n);
	if (!rd_ok(&r) || !rd_ok(&strings) || !rd_ok(&structure) || version < 17 || compatible > 17 || at % 4 ||
	    size < DT_HEADER || n < 16)
		return false;
	*t = (struct devicetree){ .structure = structure, .strings = rd_rest(&strings), .size = size };
	struct rd first = t->structure;
	return rd_be32(&first) == BEGIN;
}

struct span dt_text(struct span value)
{
	struct rd r = rd_of(value);
	struct span t = value;
	rd_until(&r, 0, &t);
	return t;
}

uint64_t dt_cells(struct rd *r, unsigned n)
{
	uint64_t v = 0;
	for (; n; n--)
		v = v << 32 | rd_be32(r);
	return v;
}

static void align(struct rd *r, struct span whole)
{
	size_t over = (whole.n - rd_left(r)) % 4;
	if (over)
		rd_skip(r, 4 - over);
}

bool devicetree_walk(const struct devicetree *t, struct members *m, const struct dt_visit *v)
{
	struct rd r = t->structure;
	struct span whole = span_of(r.p, rd_left(&r));
	struct dt_path at = { .depth = 0 };
	while (rd_left(&r) >= 4 && members_step(m, STEP_TOKEN)) {
		uint32_t token = rd_be32(&r);
		struct span name, value;
		if (token == BEGIN) {
			if (!rd_until(&r, 0, &name) || at.depth == DT_DEPTH)
				return false;
			align(&r, whole);
			at.names[at.depth++] = name;
			v->begin(v->ctx, &at);
		} else if (token == END_NODE) {
			if (at.depth == 0)
				return false;
			if (v->end)
				v->end(v->ctx, &at);
			at.depth--;
		} else if (token == PROP) {
			uint32_t n = rd_be32(&r), name_at = rd_be32(&r);
			value = rd_span(&r, n);
			align(&r, whole);
			if (at.depth && rd_ok(&r))
				v->property(v->ctx, &at, dt_text(span_from(t->strings, name_at)), value);
		} else if (token == END) {
			return rd_ok(&r) && at.depth == 0;
		} else if (token != NOP) {
			return false;
		}
	}
	return false;
}

/* ---- what the tree says ---- */

struct node {
	unsigned address_cells, size_cells;      /* of its children */
	bool holds_partitions;                   /* compatible with fixed-partitions */
	bool is_partition, read_only;
	struct span label, reg;
	uint64_t base;                           /* of partitions in this partition */
	int table;                               /* of its children; -1: none so far */
};

struct note {
	struct members *m;
	struct device_tree tree;
	struct node nodes[DT_DEPTH];
	struct buf memory;
	unsigned banks;
};

static bool has_text(struct span list, const char *text)
{
	struct rd r = rd_of(list);
	struct span one;
	while (rd_until(&r, 0, &one))
		if (span_is(one, text))
			return true;
	return false;
}

static void note_begin(void *ctx, const struct dt_path *at)
{
	struct note *n = ctx;
	struct node *node = &n->nodes[at->depth - 1];
	struct span name = at->names[at->depth - 1];
	/* Without a word, §2.3.5: two cells for an address and one for a size. */
	*node = (struct node){ .address_cells = 2, .size_cells = 1, .table = -1, .label = name };
	if (at->depth < 2)
		return;
	const struct node *parent = node - 1;
	node->base = parent->base;
	node->is_partition = parent->holds_partitions || span_starts(name, SPAN_LIT("partition@"));
}

static void note_root(struct note *n, struct span name, struct span value)
{
	if (span_is(name, "model"))
		n->tree.model = dt_text(value);
	else if (span_is(name, "compatible"))
		n->tree.compatible = value;
}

static void note_property(void *ctx, const struct dt_path *at, struct span name, struct span value)
{
	struct note *n = ctx;
	struct node *node = &n->nodes[at->depth - 1];
	struct rd r = rd_of(value);
	if (at->depth == 1)
		note_root(n, name, value);
	if (at->depth == 2 && span_is(at->names[1], "chosen") && span_is(name, "bootargs"))
		n->tree.bootargs = dt_text(value);
	if (span_is(name, "#address-cells") && value.n == CELL)
		node->address_cells = rd_be32(&r) % (CELLS_MOST + 1);
	else if (span_is(name, "#size-cells") && value.n == CELL)
		node->size_cells = rd_be32(&r) % (CELLS_MOST + 1);
	else if (span_is(name, "compatible"))
		node->holds_partitions = has_text(value, "fixed-partitions");
	else if (span_is(name, "label") && value.n > 1)
		node->label = dt_text(value);
	else if (span_is(name, "read-only"))
		node->read_only = true;
	else if (span_is(name, "reg"))
		node->reg = value;
	if (node->is_partition && span_is(name, "reg"))
		node->base = (node - 1)->base + dt_cells(&r, (node - 1)->address_cells);
}

static void put_size(struct buf *b, uint64_t n)
{
	bool mebi = n >= 1 << 20 && n % (1 << 20) == 0, kibi = n % 1024 == 0;
	buf_printf(b, mebi ? "%llu MiB" : kibi ? "%llu KiB" : "%llu bytes",
		   (unsigned long long)(mebi ? n >> 20 : kibi ? n >> 10 : n));
}

/* §3.4: memory may lie in several banks. */
static void note_memory(struct note *n, const struct node *root, const struct node *memory)
{
	struct rd r = rd_of(memory->reg);
	size_t width = CELL * (root->address_cells + root->size_cells);
	while (width && root->size_cells && rd_left(&r) >= width && n->banks < MEMORY_MOST) {
		uint64_t base = dt_cells(&r, root->address_cells), size = dt_cells(&r, root->size_cells);
		if (size == 0)
			continue;                /* the boot loader fills it in */
		buf_text(&n->memory, n->banks++ ? ", " : "");
		put_size(&n->memory, size);
		buf_printf(&n->memory, " at 0x%llx", (unsigned long long)base);
	}
}

static void note_partition(struct note *n, struct node *parent, struct node *node)
{
	struct rd r = rd_of(node->reg);
	uint64_t offset = dt_cells(&r, parent->address_cells), length = dt_cells(&r, parent->size_cells);
	if (!rd_ok(&r) || !node->reg.n || !parent->size_cells || length == 0)
		return;
	if (parent->table < 0)
		parent->table = partition_table(n->m, &(struct partition_table){ .source = "device tree", .member = n->tree.member,
										 .offset = n->tree.offset });
	if (parent->table < 0)
		return;
	partition_add(n->m, &(struct partition){ (uint32_t)parent->table, node->label, parent->base + offset, length,
						 node->read_only });
	n->tree.partitions++;
}

static void note_end(void *ctx, const struct dt_path *at)
{
	struct note *n = ctx;
	struct node *node = &n->nodes[at->depth - 1];
	if (at->depth < 2)
		return;
	if (node->is_partition)
		note_partition(n, node - 1, node);
	struct span name = at->names[at->depth - 1];
	if (at->depth == 2 && (span_is(name, "memory") || span_starts(name, SPAN_LIT("memory@"))))
		note_memory(n, &n->nodes[0], node);
}

void devicetree_note(struct members *m, const struct devicetree *t)
{
	AUTO_FREE struct note *n = mem_new(sizeof(*n));
	const struct dt_visit v = { note_begin, note_property, note_end, n };
	const struct container *c = &m->c[m->nc - 1];
	*n = (struct note){ .m = m, .tree = { .member = c->member, .offset = c->offset } };
	(void)!devicetree_walk(t, m, &v);
	n->tree.memory = arena_copy(&m->arena, buf_span(&n->memory));
	device_tree_add(m, &n->tree);
	buf_done(&n->memory);
}
