/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programmers' text forms of memory: Intel HEX (Intel 1988, records 0 to 5) and Motorola S-records. Each range of
 * addresses that has no hole comes out as one flat member named by its address.
 *
 *   :LLAAAATT data CC         length, address, type, sum of all bytes is 0
 *   S T LL address data CC    length counts address, data and sum; address 2, 3 or 4 bytes; sum of all but T is 0xff
 */
#include "fw/unpack/unpack.h"

#include <stdlib.h>

enum { LINE_BYTES = 260, RANGES_MAX = 4096, END_FILE = 1, SEGMENT = 2, START_SEGMENT = 3, LINEAR = 4, START_LINEAR = 5,
       FLAT_CAP = 1 << 30 };

struct line {
	uint8_t bytes[LINE_BYTES];
	size_t n;
	char type;                               /* S-records: the digit */
};

struct range {
	uint64_t address, at;                    /* where its bytes stand in the flat buffer */
	uint64_t n;
	uint32_t order;
};

struct flat {
	struct buf bytes;
	struct range *v;
	uint32_t n, dropped, broken, records;
	uint64_t base, start;
	bool has_start, ended;
};

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex_byte(struct rd *r, uint8_t *out)
{
	int high = digit(rd_u8(r)), low = digit(rd_u8(r));
	if (high < 0 || low < 0 || !rd_ok(r))
		return false;
	*out = (uint8_t)(high << 4 | low);
	return true;
}

static bool hex_bytes(struct rd *r, struct line *l, size_t n)
{
	while (n-- && l->n < LINE_BYTES)
		if (!hex_byte(r, &l->bytes[l->n++]))
			return false;
	return true;
}

static uint8_t sum_of(const struct line *l)
{
	uint8_t sum = 0;
	for (size_t i = 0; i < l->n; i++)
		sum = (uint8_t)(sum + l->bytes[i]);
	return sum;
}

static bool ihex_line(struct rd *r, struct line *l)
{
	l->n = 0;
	if (rd_u8(r) != ':' || !hex_bytes(r, l, 1) || !hex_bytes(r, l, l->bytes[0] + 4u))
		return false;
	return sum_of(l) == 0 && l->bytes[3] <= START_LINEAR;
}

static bool srec_line(struct rd *r, struct line *l)
{
	l->n = 0;
	bool good = rd_u8(r) == 'S';
	l->type = (char)rd_u8(r);
	if (!good || l->type < '0' || l->type > '9' || l->type == '4' || !hex_bytes(r, l, 1) || l->bytes[0] < 3 ||
	    !hex_bytes(r, l, l->bytes[0]))
		return false;
	return sum_of(l) == 0xff;
}

static void line_end(struct rd *r)
{
	while (rd_left(r) && (rd_peek(r) == '\r' || rd_peek(r) == '\n' || rd_peek(r) == ' ' || rd_peek(r) == '\t'))
		rd_skip(r, 1);
}

static void put(struct flat *f, uint64_t address, struct span data)
{
	struct range *last = f->n ? &f->v[f->n - 1] : NULL;
	if (!data.n)
		return;
	if (!last || last->address + last->n != address) {
		if (f->n == RANGES_MAX) {
			f->dropped++;
			return;
		}
		last = &f->v[f->n];
		*last = (struct range){ .address = address, .at = f->bytes.n, .order = f->n };
		f->n++;
	}
	size_t before = f->bytes.n;
	buf_bytes(&f->bytes, data);
	last->n += f->bytes.n - before;
}

static void ihex_take(struct flat *f, const struct line *l)
{
	struct rd r = rd_of(span_of(l->bytes, l->n));
	uint8_t n = rd_u8(&r);
	uint16_t address = rd_be16(&r);
	uint8_t type = rd_u8(&r);
	struct span data = rd_span(&r, n);
	struct rd d = rd_of(data);
	if (type == SEGMENT)
		f->base = (uint64_t)rd_be16(&d) << 4;
	else if (type == LINEAR)
		f->base = (uint64_t)rd_be16(&d) << 16;
	else if (type == START_LINEAR || type == START_SEGMENT) {
		uint32_t high = rd_be16(&d), low = rd_be16(&d);
		f->start = type == START_LINEAR ? high << 16 | low : (high << 4) + low;
		f->has_start = rd_ok(&d);
	} else if (type == 0)
		put(f, f->base + address, data);
	f->ended = type == END_FILE;
}

static void srec_take(struct flat *f, const struct line *l)
{
	static const uint8_t widths[] = { 2, 2, 3, 4, 0, 2, 3, 4, 3, 2 };
	struct rd r = rd_of(span_of(l->bytes, l->n - 1));
	uint64_t address = 0;
	unsigned type = (unsigned)(l->type - '0'), width = widths[type];
	rd_skip(&r, 1);
	for (unsigned i = 0; i < width; i++)
		address = address << 8 | rd_u8(&r);
	if (!rd_ok(&r))
		return;
	if (type >= 1 && type <= 3)
		put(f, address, rd_rest(&r));
	f->ended = type >= 7;
	f->has_start |= type >= 7;
	f->start = type >= 7 ? address : f->start;
}

struct form {
	bool (*line)(struct rd *r, struct line *l);
	void (*take)(struct flat *f, const struct line *l);
	uint8_t mark;
};

static const struct form ihex = { ihex_line, ihex_take, ':' };
static const struct form srec = { srec_line, srec_take, 'S' };

/* Two whole records whose sums hold: no other text has them. */
static bool glance(const struct form *form, struct span s)
{
	struct line l;
	struct rd r = rd_of(s);
	if (!form->line(&r, &l))
		return false;
	uint8_t behind = rd_peek(&r);
	line_end(&r);
	return (behind == '\r' || behind == '\n') && form->line(&r, &l);
}

static int by_address(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Reads on past records that are damaged, as long as lines begin like one. Gives where the last whole one ended. */
static size_t read_all(const struct form *form, struct span s, struct members *m, struct flat *f)
{
	struct rd r = rd_of(s), end = r;
	struct span skipped;
	while (rd_left(&r) && rd_peek(&r) == form->mark && !f->ended && members_step(m, 16)) {
		struct line l;
		struct rd before = r;
		if (form->line(&r, &l)) {
			form->take(f, &l);
			f->records++;
			end = r;
		} else {
			r = before;
			f->broken++;
			if (!rd_until(&r, '\n', &skipped) || skipped.n > 2 * LINE_BYTES + 16)
				break;
		}
		line_end(&r);
		if (f->ended)
			end = r;
	}
	return s.n - rd_left(&end);
}

/* Ranges that touch become one; of bytes that are given twice the first record's stay. */
static void give(struct flat *f, struct members *m)
{
	struct span all = buf_span(&f->bytes);
	uint64_t end = 0;
	uint32_t overlaps = 0, ranges = 0;
	bool open = false;
	qsort(f->v, f->n, sizeof(*f->v), by_address);
	for (uint32_t i = 0; i < f->n && !members_stopped(m); i++) {
		struct range g = f->v[i];
		uint64_t twice = open && g.address < end ? end - g.address : 0;
		overlaps += twice != 0;
		if (twice >= g.n)
			continue;
		if (!open || g.address > end) {
			char name[32];
			if (open)
				member_end(m);
			snprintf(name, sizeof(name), "0x%08llx.bin", (unsigned long long)g.address);
			if (!member_begin(m, &(struct member){ .path = span_str(name), .mode = 0100644 }))
				return;
			open = true;
			ranges++;
		}
		if (!member_write(m, span_cut(span_from(all, (size_t)(g.at + twice)), (size_t)(g.n - twice))))
			return;
		end = g.address + g.n;
	}
	if (open)
		member_end(m);
	if (overlaps)
		members_damage(m, "%u records give bytes that others gave before: the first stay", overlaps);
	members_detail(m, "%u records, %u ranges", f->records, ranges);
	if (f->has_start)
		members_detail(m, "%u records, %u ranges, starts at 0x%llx", f->records, ranges, (unsigned long long)f->start);
}

static void unpack(const struct form *form, struct span s, struct members *m)
{
	struct flat f = { .bytes = { .cap = FLAT_CAP } };
	f.v = mem_array(RANGES_MAX, sizeof(*f.v));
	size_t end = read_all(form, s, m, &f);
	if (f.broken)
		members_damage(m, "%u records are damaged: left out", f.broken);
	if (f.dropped)
		members_damage(m, "more than %d ranges: %u records are left out", RANGES_MAX, f.dropped);
	if (!f.ended)
		members_damage(m, "cut: the record that ends it is missing");
	give(&f, m);
	members_extent(m, end);
	buf_done(&f.bytes);
	free(f.v);
}

static bool ihex_glance(struct span s)
{
	return glance(&ihex, s);
}

static int ihex_bid(struct span s)
{
	return ihex_glance(s) ? 80 : 0;
}

static void ihex_unpack(struct span s, struct members *m)
{
	unpack(&ihex, s, m);
}

static bool srec_glance(struct span s)
{
	return glance(&srec, s);
}

static int srec_bid(struct span s)
{
	return srec_glance(s) ? 80 : 0;
}

static void srec_unpack(struct span s, struct members *m)
{
	unpack(&srec, s, m);
}

const struct unpacker unpacker_ihex = {
	.kind = KIND_STREAM,
	.name = "ihex", .doc = "Intel HEX: each range of addresses is a member",
	.magics = { { ":0", 2, 0 }, { ":1", 2, 0 }, { ":2", 2, 0 }, { ":3", 2, 0 }, { ":4", 2, 0 }, { ":8", 2, 0 },
		    { ":F", 2, 0 }, { ":f", 2, 0 } },
	.glance = ihex_glance, .bid = ihex_bid, .unpack = ihex_unpack,
};

const struct unpacker unpacker_srec = {
	.kind = KIND_STREAM,
	.name = "srec", .doc = "Motorola S-records: each range of addresses is a member",
	.magics = { { "S0", 2, 0 }, { "S1", 2, 0 }, { "S2", 2, 0 }, { "S3", 2, 0 } },
	.glance = srec_glance, .bid = srec_bid, .unpack = srec_unpack,
};
