/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpio: "newc" and "crc" (SVR4; Linux initramfs, Documentation/driver-api/early-userspace/buffer-format.rst),
 * "odc" (POSIX.1-1988 §10.1.2) and the old binary form in both byte orders. */
#include "fw/unpack/unpack.h"

enum { NEWC, ODC, BINARY, NAME_MAX_BYTES = 4096, PENDING_MAX = 4096 };

struct entry {
	uint64_t ino, mode, uid, gid, nlink, mtime, major, minor, size, namesize, check;
	struct span name, data;
	size_t at;                               /* of the data in the archive */
	bool last;
};

/* newc: links of one file come first and empty, the last one carries the bytes. */
struct pending {
	uint64_t ino;
	struct span name;                        /* lies in the archive */
};

struct cpio {
	struct members *m;
	struct span s;
	int form;
	bool checked;                            /* "crc": the sum of the bytes */
	bool big;
	struct pending pending[PENDING_MAX];
	uint32_t npending;
	uint32_t bad_sums;
};

static uint64_t digits(struct rd *r, size_t n, unsigned base)
{
	struct span s = rd_span(r, n);
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned c = s.p[i], d = c - '0' < 10 ? c - '0' : (c | 32) - 'a' < 6 ? (c | 32) - 'a' + 10 : 99;
		if (d >= base)
			rd_fail(r);
		v = v * base + d;
	}
	return rd_ok(r) ? v : 0;
}

static void head_newc(struct rd *r, struct entry *e)
{
	rd_skip(r, 6);
	e->ino = digits(r, 8, 16);
	e->mode = digits(r, 8, 16);
	e->uid = digits(r, 8, 16);
	e->gid = digits(r, 8, 16);
	e->nlink = digits(r, 8, 16);
	e->mtime = digits(r, 8, 16);
	e->size = digits(r, 8, 16);
	rd_skip(r, 16);
	e->major = digits(r, 8, 16);
	e->minor = digits(r, 8, 16);
	e->namesize = digits(r, 8, 16);
	e->check = digits(r, 8, 16);
}

static void head_odc(struct rd *r, struct entry *e)
{
	rd_skip(r, 12);
	e->ino = digits(r, 6, 8);
	e->mode = digits(r, 6, 8);
	e->uid = digits(r, 6, 8);
	e->gid = digits(r, 6, 8);
	e->nlink = digits(r, 6, 8);
	uint64_t rdev = digits(r, 6, 8);
	e->major = rdev >> 8;
	e->minor = rdev & 0xff;
	e->mtime = digits(r, 11, 8);
	e->namesize = digits(r, 6, 8);
	e->size = digits(r, 11, 8);
}

/* 32-bit numbers stand with the high half first, whatever the order within the halves. */
static uint64_t halves(struct rd *r)
{
	uint64_t high = rd_u16(r);
	return high << 16 | rd_u16(r);
}

static void head_binary(struct rd *r, struct entry *e)
{
	rd_skip(r, 4);
	e->ino = rd_u16(r);
	e->mode = rd_u16(r);
	e->uid = rd_u16(r);
	e->gid = rd_u16(r);
	e->nlink = rd_u16(r);
	uint16_t rdev = rd_u16(r);
	e->major = rdev >> 8;
	e->minor = rdev & 0xff;
	e->mtime = halves(r);
	e->namesize = rd_u16(r);
	e->size = halves(r);
}

static void align(struct cpio *c, struct rd *r)
{
	static const size_t to[] = { [NEWC] = 4, [ODC] = 1, [BINARY] = 2 };
	size_t over = (c->s.n - rd_left(r)) % to[c->form];
	if (over)
		rd_skip(r, to[c->form] - over < rd_left(r) ? to[c->form] - over : rd_left(r));
}

static bool form_of(struct cpio *c, struct rd r)
{
	struct span head = rd_span(&r, 6);
	c->checked = span_is(head, "070702");
	if (c->checked || span_is(head, "070701"))
		c->form = NEWC;
	else if (span_is(head, "070707"))
		c->form = ODC;
	else if (span_starts(head, SPAN_LIT("\xc7\x71")) || span_starts(head, SPAN_LIT("\x71\xc7")))
		c->form = BINARY;
	else
		return false;
	c->big = head.p[0] == 0x71;
	return true;
}

/* The entry at the front of r. False: none. Content that is cut short is given as far as it goes. */
static bool entry_read(struct cpio *c, struct rd *r, struct entry *e)
{
	static void (*const heads[])(struct rd *r, struct entry *e) = { head_newc, head_odc, head_binary };
	struct cpio form = *c;
	*e = (struct entry){ 0 };
	if (!form_of(&form, *r) || form.form != c->form)
		return false;
	rd_order(r, c->big);
	heads[c->form](r, e);
	if (!rd_ok(r) || e->namesize == 0 || e->namesize > NAME_MAX_BYTES)
		return false;
	e->name = rd_span(r, e->namesize);
	while (e->name.n && e->name.p[e->name.n - 1] == 0)
		e->name.n--;
	align(c, r);
	e->at = c->s.n - rd_left(r);
	e->last = span_is(e->name, "TRAILER!!!");
	if (!rd_ok(r) || e->last)
		return rd_ok(r);
	e->data = rd_span(r, e->size < rd_left(r) ? e->size : rd_left(r));
	if (e->data.n == e->size)
		align(c, r);
	return true;
}

static int bid(struct span s)
{
	AUTO_FREE struct cpio *c = mem_new(sizeof(*c));
	struct rd r = rd_of(s);
	struct entry e;
	enum member_type t;
	c->s = s;
	if (!form_of(c, r) || !entry_read(c, &r, &e))
		return 0;
	if (!e.last && (!member_type_of((uint32_t)e.mode, &t) || memchr(e.name.p, 0, e.name.n)))
		return 0;
	/* Two bytes of mark need more proof: a second entry, or the end. */
	return c->form != BINARY ? 90 : e.nlink && entry_read(c, &r, &e) ? 70 : 0;
}

static void add_links(struct cpio *c, const struct entry *e, struct member head)
{
	uint32_t kept = 0;
	head.type = MEMBER_HARDLINK;
	head.target = e->name;
	head.offset = head.length = 0;
	for (uint32_t i = 0; i < c->npending; i++) {
		struct pending p = c->pending[i];
		if (p.ino != e->ino) {
			c->pending[kept++] = p;
			continue;
		}
		head.path = p.name;
		(void)!member_add(c->m, &head, (struct span){ 0 });
	}
	c->npending = kept;
}

/* Of files only: what GNU cpio writes for links is no sum. */
static bool sum_holds(struct span data, uint64_t check)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < data.n; i++)
		sum += data.p[i];
	return sum == check;
}

static bool add(struct cpio *c, const struct entry *e)
{
	struct member head = { .path = e->name, .mode = (uint32_t)e->mode, .uid = (uint32_t)e->uid, .gid = (uint32_t)e->gid,
			       .mtime = e->mtime, .major = (uint32_t)e->major, .minor = (uint32_t)e->minor };
	if (!member_type_of(head.mode, &head.type)) {
		members_damage(c->m, "an entry has no known type");
		return true;
	}
	if (head.type == MEMBER_FILE && c->form == NEWC && e->nlink > 1 && e->size == 0 && c->npending < PENDING_MAX) {
		c->pending[c->npending++] = (struct pending){ e->ino, e->name };
		return true;
	}
	if (head.type == MEMBER_SYMLINK)
		head.target = e->data;
	struct span content = head.type == MEMBER_FILE ? e->data : (struct span){ 0 };
	head.offset = e->at;
	head.length = e->data.n;
	if (e->data.n < e->size)
		head.damage = "cut: the archive ends early";
	else if (c->checked && head.type == MEMBER_FILE && !sum_holds(e->data, e->check)) {
		head.damage = "its checksum does not hold";
		c->bad_sums++;
	}
	bool good = member_add(c->m, &head, content);
	if (good && content.n && c->npending)
		add_links(c, e, head);
	return good;
}

/* Links whose bytes never came are files of no length. */
static void add_rest(struct cpio *c)
{
	for (uint32_t i = 0; i < c->npending; i++) {
		struct member head = { .path = c->pending[i].name, .mode = 0100644 };
		(void)!member_add(c->m, &head, (struct span){ 0 });
	}
}

static void unpack(struct span s, struct members *m)
{
	static const char *const forms[] = { "newc", "odc", "binary" };
	AUTO_FREE struct cpio *c = mem_new(sizeof(*c));
	c->m = m;
	c->s = s;
	struct rd r = rd_of(s), before = r;
	struct entry e = { 0 };
	if (!form_of(c, r))
		return;
	while (entry_read(c, &r, &e) && !e.last && add(c, &e))
		before = r;
	if (e.last)
		before = r;
	else if (!members_stopped(m))
		members_damage(m, "the archive has no end: cut, or damaged behind the last member");
	add_rest(c);
	if (c->bad_sums)
		members_damage(m, "the checksums of %u members do not hold", c->bad_sums);
	members_detail(m, "%s%s", c->checked ? "crc" : forms[c->form],
		       c->form == BINARY ? c->big ? ", big-endian" : ", little-endian" : "");
	members_extent(m, s.n - rd_left(&before));
}

const struct unpacker unpacker_cpio = {
	.kind = KIND_ARCHIVE,
	.name = "cpio", .doc = "cpio: newc, crc, odc and binary",
	.magics = { { "070701", 6, 0 }, { "070702", 6, 0 }, { "070707", 6, 0 }, { "\xc7\x71", 2, 0 }, { "\x71\xc7", 2, 0 } },
	.bid = bid, .unpack = unpack,
};
