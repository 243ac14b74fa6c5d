/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zip (PKWARE APPNOTE 6.3.9): by its central directory, zip64 too; without one, by the local headers.
 * Members that share bytes are a bomb's way: each byte is given once. */
#include <zlib.h>

#include "fw/unpack/codec.h"

enum {
	LOCAL = 30, CENTRAL = 46, END = 22, END64_LOCATOR = 20, END64 = 56, EXTRA_ZIP64 = 1, ENCRYPTED = 1, LATER = 8,
	UNIX = 3, DARWIN = 19, STORED = 0, DEFLATED = 8, BZIP2 = 12, LZMA = 14, ZSTD = 93, XZ = 95, DOS_DIRECTORY = 0x10,
	ENTRIES_MAX = 1 << 20,
};

struct entry {
	uint16_t made_by, flags, method;
	uint32_t time, crc, attributes;
	uint64_t packed, size, local;
	struct span name;
};

static int bid(struct span s)
{
	struct rd r = rd_at(s, false, 4, LOCAL - 4);
	uint16_t version = rd_le16(&r);
	rd_skip(&r, 2);
	uint16_t method = rd_le16(&r);
	rd_skip(&r, 16);
	uint16_t name = rd_le16(&r);
	return rd_ok(&r) && (version & 0xff) <= 63 && method <= 99 && name > 0 && (size_t)LOCAL + name <= s.n ? 85 : 0;
}

/* MS-DOS time, in the maker's own zone: taken as UTC. Days from civil (H. Hinnant). */
static uint64_t dos_time(uint32_t t)
{
	int64_t year = 1980 + (t >> 25), month = t >> 21 & 15, day = t >> 16 & 31;
	if (month < 1 || month > 12 || day < 1)
		return 0;
	int64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
	return (uint64_t)days * 86400 + (t >> 11 & 31) * 3600ull + (t >> 5 & 63) * 60ull + (t & 31) * 2ull;
}

static void wide(struct rd extra, struct entry *e)
{
	while (rd_left(&extra) >= 4) {
		uint16_t id = rd_le16(&extra);
		struct rd x = rd_sub(&extra, rd_le16(&extra));
		if (id != EXTRA_ZIP64)
			continue;
		if (e->size == UINT32_MAX)
			e->size = rd_le64(&x);
		if (e->packed == UINT32_MAX)
			e->packed = rd_le64(&x);
		if (e->local == UINT32_MAX)
			e->local = rd_le64(&x);
	}
}

/* What the directory and the header in front of the content say in the same order. */
static void both_read(struct rd *r, struct entry *e)
{
	e->flags = rd_le16(r);
	e->method = rd_le16(r);
	e->time = rd_le32(r);
	e->crc = rd_le32(r);
	e->packed = rd_le32(r);
	e->size = rd_le32(r);
}

static bool central_read(struct rd *r, struct entry *e)
{
	uint32_t mark = rd_le32(r);
	e->made_by = rd_le16(r);
	rd_skip(r, 2);
	both_read(r, e);
	uint16_t name = rd_le16(r), extra = rd_le16(r), comment = rd_le16(r);
	rd_skip(r, 4);
	e->attributes = rd_le32(r);
	e->local = rd_le32(r);
	e->name = rd_span(r, name);
	wide(rd_sub(r, extra), e);
	rd_skip(r, comment);
	return rd_ok(r) && mark == 0x02014b50;
}

static bool local_read(struct rd *r, struct entry *e)
{
	uint32_t mark = rd_le32(r);
	rd_skip(r, 2);
	both_read(r, e);
	uint16_t name = rd_le16(r), extra = rd_le16(r);
	e->name = rd_span(r, name);
	wide(rd_sub(r, extra), e);
	return rd_ok(r) && mark == 0x04034b50;
}

static enum codec codec_of(uint16_t method)
{
	switch (method) {
	case DEFLATED: return CODEC_DEFLATE;
	case BZIP2: return CODEC_BZIP2;
	case LZMA: return CODEC_LZMA;
	case ZSTD: return CODEC_ZSTD;
	case XZ: return CODEC_XZ;
	default: return CODECS;
	}
}

/* LZMA in zip: version 2, length of properties 2, properties 5; the old .lzma form wants a length behind them. */
static bool lzma_alone(const struct entry *e, struct span packed, struct buf *alone)
{
	struct rd r = rd_of(packed);
	rd_skip(&r, 2);
	uint16_t n = rd_le16(&r);
	struct span props = rd_span(&r, n), rest = rd_rest(&r);
	buf_bytes(alone, props);
	buf_le64(alone, e->flags & 2 ? UINT64_MAX : e->size);
	buf_bytes(alone, rest);
	return n == 5 && rd_ok(&r);
}

static bool unpack_data(struct members *m, const struct entry *e, struct span packed, struct codec_result *got)
{
	enum codec c = codec_of(e->method);
	struct buf alone = { .cap = packed.n + 32 };
	if (e->method == STORED) {
		*got = (struct codec_result){ CODEC_WHOLE, packed.n, packed.n };
		return member_write(m, packed);
	}
	bool good = c != CODECS && (c != CODEC_LZMA || lzma_alone(e, packed, &alone));
	if (good && c == CODEC_LZMA)
		got->end = codec_member(c, buf_span(&alone), m).end;
	else if (good)
		*got = codec_member(c, packed, m);
	else
		member_damaged(m, c == CODECS ? "packed in a way that is not read" : "cut: the packed data is damaged");
	buf_done(&alone);
	return good && got->end == CODEC_WHOLE;
}

static bool keep(void *to, struct span out, uint64_t used)
{
	struct buf *b = to;
	(void)used;
	buf_bytes(b, out);
	return !b->full;
}

/* A symbolic link's target is its content, and may be packed like any other. */
static struct span target_of(const struct entry *e, struct span packed, struct buf *b)
{
	enum codec c = codec_of(e->method);
	struct codec_taker to = { keep, b };
	struct buf alone = { .cap = packed.n + 32 };
	if (e->method == STORED)
		return packed;
	bool good = c != CODECS && (c != CODEC_LZMA || lzma_alone(e, packed, &alone));
	if (good)
		good = codec_stream(c, c == CODEC_LZMA ? buf_span(&alone) : packed, &to).end == CODEC_WHOLE;
	buf_done(&alone);
	return good ? buf_span(b) : (struct span){ 0 };
}

static struct member head_of(const struct entry *e)
{
	uint32_t mode = e->attributes >> 16;
	struct member head = { .path = e->name, .mode = 0100644, .mtime = dos_time(e->time) };
	bool is_unix = e->made_by >> 8 == UNIX || e->made_by >> 8 == DARWIN;
	if (is_unix && member_type_of(mode, &head.type))
		head.mode = mode;
	else if (e->name.n && (e->name.p[e->name.n - 1] == '/' || e->name.p[e->name.n - 1] == '\\'))
		head.type = MEMBER_DIR;
	else if (!is_unix && e->attributes & DOS_DIRECTORY && !e->size)
		head.type = MEMBER_DIR;          /* its name may lack the slash */
	return head;
}

/* data: from the member's first packed byte on. taken: how much was packed, for entries that say so later. */
static bool add(struct members *m, struct span s, const struct entry *e, size_t at, uint64_t packed_size,
		uint64_t *taken)
{
	struct member head = head_of(e);
	struct span packed = span_cut(span_from(s, at), (size_t)(packed_size < s.n ? packed_size : s.n));
	struct codec_result got = { .used = packed.n };
	*taken = packed.n;
	head.offset = at;
	head.length = packed.n;
	if (head.type == MEMBER_SYMLINK) {
		struct buf b = { .cap = MEMBER_PATH };
		head.target = !(e->flags & ENCRYPTED) ? target_of(e, packed, &b) : (struct span){ 0 };
		head.damage = head.target.n ? NULL : "its target could not be unpacked";
		bool more = member_add(m, &head, (struct span){ 0 });
		buf_done(&b);
		return more;
	}
	if (head.type != MEMBER_FILE)
		return member_add(m, &head, (struct span){ 0 });
	if (!member_begin(m, &head))
		return false;
	bool good = !(e->flags & ENCRYPTED);
	if (!good)
		member_damaged(m, "encrypted, could not open");
	else
		good = unpack_data(m, e, packed, &got);
	*taken = e->method == STORED ? packed.n : got.used;
	if (good && packed.n < packed_size && packed_size != UINT64_MAX)
		member_damaged(m, "cut: the archive ends early");
	member_end(m);
	struct member *f = &m->v[m->n - 1];
	struct span content = f->memory ? span_of(f->memory, (size_t)f->size) : (struct span){ 0 };
	if (good && content.n && !f->damage && e->crc && crc32(0, content.p, (uInt)content.n) != e->crc)
		f->damage = "its checksum does not hold";
	f->length = *taken;
	return !members_stopped(m);
}

struct directory {
	struct rd r;
	uint64_t entries, base;                  /* base: what stands before the archive's own start */
	size_t end;                              /* behind the end record */
};

static void end64(struct span s, size_t at, uint64_t *size, uint64_t *offset, uint64_t *entries)
{
	struct rd r = at >= END64_LOCATOR ? rd_at(s, false, at - END64_LOCATOR, END64_LOCATOR) : (struct rd){ .bad = true };
	uint32_t mark = rd_le32(&r);
	rd_skip(&r, 4);
	uint64_t where = rd_le64(&r);
	if (!rd_ok(&r) || mark != 0x07064b50)
		return;
	r = rd_at(s, false, where, END64);
	mark = rd_le32(&r);
	rd_skip(&r, 28);
	uint64_t n = rd_le64(&r), length = rd_le64(&r), start = rd_le64(&r);
	if (!rd_ok(&r) || mark != 0x06064b50)
		return;
	*entries = n;
	*size = length;
	*offset = start;
}

/* The first end record whose directory lies right before it. */
static bool find_directory(struct span s, struct directory *d)
{
	size_t at = 0;
	while (at + END <= s.n) {
		const uint8_t *p = memmem(s.p + at, s.n - at, "PK\5\6", 4);
		if (!p)
			return false;
		at = (size_t)(p - s.p);
		struct rd r = rd_at(s, false, at, END);
		rd_skip(&r, 10);
		uint64_t entries = rd_le16(&r), size = rd_le32(&r), offset = rd_le32(&r);
		uint16_t comment = rd_le16(&r);
		end64(s, at, &size, &offset, &entries);
		if (rd_ok(&r) && entries && offset <= at && size <= at - offset) {
			*d = (struct directory){ rd_at(s, false, offset, size), entries, 0, at + END };
			d->end += comment <= s.n - d->end ? comment : 0;
			struct rd first = d->r;
			if (rd_le32(&first) == 0x02014b50)
				return true;
		}
		at += 4;
	}
	return false;
}

static int by_local(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->local > y->local) - (x->local < y->local);
}

static void by_directory(struct span s, struct members *m, const struct directory *d)
{
	size_t most = rd_left(&d->r) / CENTRAL;
	most = d->entries < most ? (size_t)d->entries : most;
	most = most < ENTRIES_MAX ? most : ENTRIES_MAX;
	struct entry *v = mem_array(most + 1, sizeof(*v));
	struct rd r = d->r;
	size_t n = 0, overlaps = 0;
	while (n < most && central_read(&r, &v[n]))
		n++;
	if (n < d->entries)
		members_damage(m, "its directory names %zu of %llu members", n, (unsigned long long)d->entries);
	qsort(v, n, sizeof(*v), by_local);
	uint64_t free_from = 0;
	for (size_t i = 0; i < n && members_step(m, CENTRAL); i++) {
		struct entry local;
		struct rd l = rd_of(s);
		rd_skip(&l, v[i].local);
		if (!local_read(&l, &local)) {
			members_damage(m, "local headers are missing: their members are not read");
			continue;
		}
		size_t at = s.n - rd_left(&l);
		if (v[i].local < free_from) {
			overlaps++;
			continue;
		}
		uint64_t taken;
		if (!add(m, s, &v[i], at, v[i].packed, &taken))
			break;
		free_from = at + v[i].packed;
	}
	if (overlaps)
		members_damage(m, "%zu members share the bytes of others: not read twice", overlaps);
	free(v);
}

/* Without a directory: header by header. Lengths that follow the data are known only after unpacking it. */
static size_t by_headers(struct span s, struct members *m)
{
	struct rd r = rd_of(s), before = r;
	struct entry e = { 0 };
	while (rd_left(&r) >= LOCAL && local_read(&r, &e) && members_step(m, LOCAL)) {
		size_t at = s.n - rd_left(&r);
		uint64_t taken = 0;
		bool later = e.flags & LATER && e.packed == 0;
		if ((later && e.method == STORED) || !add(m, s, &e, at, later ? UINT64_MAX : e.packed, &taken))
			break;
		rd_skip(&r, taken < rd_left(&r) ? taken : rd_left(&r));
		if (later) {
			struct rd d = r;
			rd_skip(&r, rd_le32(&d) == 0x08074b50 ? 16 : 12);
		}
		before = r;
		e = (struct entry){ 0 };
	}
	return s.n - rd_left(&before);
}

static void unpack(struct span s, struct members *m)
{
	struct directory d;
	if (find_directory(s, &d)) {
		by_directory(s, m, &d);
		members_extent(m, d.end);
		return;
	}
	members_damage(m, "its directory is missing or damaged: read header by header");
	members_extent(m, by_headers(s, m));
}

const struct unpacker unpacker_zip = {
	.kind = KIND_ARCHIVE,
	.name = "zip", .doc = "zip: stored, deflate, bzip2, lzma, xz, zstd; zip64", .magics = { { "PK\3\4", 4, 0 } },
	.bid = bid, .unpack = unpack,
};
