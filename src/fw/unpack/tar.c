/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tar: ustar and pax (POSIX.1-2017 pax, "ustar Interchange Format"), GNU long names and old sparse files,
 * and the form of version 7, which has no mark and is known by its checksum at the start of a member. */
#include "fw/unpack/unpack.h"

enum {
	BLOCK = 512, NAME = 100, LONG_MAX_BYTES = 1 << 20, LINK_AT = 157, MAGIC_AT = 257, DEV_AT = 329, PREFIX_AT = 345,
	SPARSE_AT = 386, SPARSE_HEAD = 4, SPARSE_MORE = 21, SPARSE_MAX = 65536,
};

struct header {
	struct span name, link, prefix;
	uint64_t mode, uid, gid, size, mtime, major, minor;
	uint8_t type;
	bool ustar, gnu;
};

/* What extension headers said for the next member (x, L, K) or for all that follow (g). */
struct extra {
	struct span path, link;
	uint64_t size, mtime;
	bool has_size, has_mtime;
};

struct tar {
	struct members *m;
	struct span s;
	struct extra next, all;
	uint32_t count;
};

/* Octal text, or from 0x80 on a binary number (GNU). Larger than any file: the largest number. */
static uint64_t number(struct span f)
{
	uint64_t v = 0;
	size_t i = 0;
	if (f.n && f.p[0] & 0x80) {
		for (i = 1; i < f.n; i++)
			v = v >> 56 ? UINT64_MAX >> 1 : v << 8 | f.p[i];
		return f.p[0] & 0x40 ? 0 : v;
	}
	while (i < f.n && f.p[i] == ' ')
		i++;
	for (; i < f.n && f.p[i] >= '0' && f.p[i] <= '7'; i++)
		v = v << 3 | (f.p[i] - '0');
	return v;
}

static struct span text(struct span f)
{
	const uint8_t *end = f.n ? memchr(f.p, 0, f.n) : NULL;
	return end ? span_cut(f, (size_t)(end - f.p)) : f;
}

/* The sum of all bytes, those of the checksum itself as blanks; some made it of signed bytes. */
static bool sum_holds(struct span block)
{
	uint64_t stored = number(span_cut(span_from(block, 148), 8));
	int64_t plain = 0, is_signed = 0;
	for (size_t i = 0; i < block.n; i++) {
		uint8_t c = i >= 148 && i < 156 ? ' ' : block.p[i];
		plain += c;
		is_signed += (int8_t)c;
	}
	return block.n == BLOCK && stored && ((int64_t)stored == plain || (int64_t)stored == is_signed);
}

static bool header_read(struct span block, struct header *h)
{
	if (!sum_holds(block))
		return false;
	struct rd r = rd_of(block);
	h->name = text(rd_span(&r, NAME));
	h->mode = number(rd_span(&r, 8));
	h->uid = number(rd_span(&r, 8));
	h->gid = number(rd_span(&r, 8));
	h->size = number(rd_span(&r, 12));
	h->mtime = number(rd_span(&r, 12));
	rd_skip(&r, 8);
	h->type = rd_u8(&r);
	h->link = text(rd_span(&r, NAME));
	struct span magic = rd_span(&r, 8);
	h->ustar = span_starts(magic, SPAN_LIT("ustar"));
	h->gnu = h->ustar && magic.p[5] == ' ';
	rd_skip(&r, 64);
	h->major = number(rd_span(&r, 8));
	h->minor = number(rd_span(&r, 8));
	h->prefix = h->ustar && !h->gnu ? text(rd_span(&r, 155)) : (struct span){ 0 };
	return rd_ok(&r);
}

static int bid(struct span s)
{
	struct header h;
	return header_read(span_cut(s, BLOCK), &h) && (h.name.n || h.ustar) ? h.ustar ? 90 : 60 : 0;
}

/* "27 path=etc/passwd\n": the length counts itself. */
static void pax_read(struct span s, struct extra *x)
{
	struct rd r = rd_of(s);
	while (rd_left(&r)) {
		struct rd record = r;
		uint64_t n = 0;
		while (rd_peek(&record) >= '0' && rd_peek(&record) <= '9' && n < LONG_MAX_BYTES)
			n = n * 10 + rd_u8(&record) - '0';
		size_t head = rd_left(&r) - rd_left(&record) + 1;
		struct span whole = rd_span(&r, n), key;
		if (!rd_ok(&r) || n < head + 2)
			return;
		struct rd kv = rd_of(span_from(span_cut(whole, whole.n - 1), head));
		if (!rd_until(&kv, '=', &key))
			return;
		struct span value = rd_rest(&kv);
		if (span_is(key, "path") || span_is(key, "GNU.sparse.name"))
			x->path = value;
		else if (span_is(key, "linkpath"))
			x->link = value;
		bool is_size = span_is(key, "size"), is_time = span_is(key, "mtime");
		uint64_t v = 0;
		for (size_t i = 0; i < value.n && value.p[i] >= '0' && value.p[i] <= '9' && v < UINT64_MAX / 20; i++)
			v = v * 10 + value.p[i] - '0';
		x->size = is_size ? v : x->size;
		x->has_size = x->has_size || is_size;
		x->mtime = is_time ? v : x->mtime;
		x->has_mtime = x->has_mtime || is_time;
	}
}

static struct span or_else(struct span a, struct span b, struct span c)
{
	return a.n ? a : b.n ? b : c;
}

static struct member head_of(struct tar *t, const struct header *h)
{
	struct span name = h->prefix.n ? member_join(t->m, h->prefix, (struct span){ 0 }) : h->name;
	if (h->prefix.n) {
		struct buf b = { .cap = MEMBER_PATH };
		buf_bytes(&b, name);
		buf_bytes(&b, h->name);
		name = arena_copy(&t->m->arena, buf_span(&b));
		buf_done(&b);
	}
	return (struct member){
		.path = or_else(t->next.path, t->all.path, name), .target = or_else(t->next.link, t->all.link, h->link),
		.mode = (uint32_t)h->mode & 07777, .uid = (uint32_t)h->uid, .gid = (uint32_t)h->gid, .major = (uint32_t)h->major,
		.minor = (uint32_t)h->minor, .mtime = t->next.has_mtime ? t->next.mtime : t->all.has_mtime ? t->all.mtime : h->mtime,
	};
}

static enum member_type type_of(const struct header *h, struct span path)
{
	switch (h->type) {
	case '1':
		return MEMBER_HARDLINK;
	case '2':
		return MEMBER_SYMLINK;
	case '3':
		return MEMBER_CHAR;
	case '4':
		return MEMBER_BLOCK;
	case '5':
		return MEMBER_DIR;
	case '6':
		return MEMBER_FIFO;
	default:                                 /* in version 7 a trailing slash makes a folder */
		return path.n && path.p[path.n - 1] == '/' ? MEMBER_DIR : MEMBER_FILE;
	}
}

/* Old GNU sparse files: pairs of offset and length in the header and in blocks behind it. */
static bool sparse_pairs(struct rd *pairs, unsigned n, struct rd *data, uint64_t *at, struct members *m)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t offset = number(rd_span(pairs, 12)), length = number(rd_span(pairs, 12));
		if (length == 0)
			continue;
		if (offset < *at || !member_hole(m, offset - *at))
			return false;
		struct span part = rd_span(data, length < rd_left(data) ? length : rd_left(data));
		if (!member_write(m, part) || part.n < length)
			return false;
		*at = offset + length;
	}
	return true;
}

static void add_sparse(struct tar *t, const struct member *head, struct span block, struct rd *r, uint64_t size)
{
	uint64_t real = number(span_cut(span_from(block, 483), 12)), at = 0;
	struct rd more = *r;
	unsigned blocks = 0;
	for (bool extended = block.p[482] != 0; extended && blocks < SPARSE_MAX; blocks++) {
		struct span b = rd_span(&more, BLOCK);
		extended = b.n && b.p[504] != 0;
	}
	struct rd pairs = rd_of(span_from(block, SPARSE_AT)), lists = *r;
	rd_skip(r, (uint64_t)blocks * BLOCK);
	struct rd data = rd_sub(r, size < rd_left(r) ? size : rd_left(r));
	if (!member_begin(t->m, head))
		return;
	bool good = sparse_pairs(&pairs, SPARSE_HEAD, &data, &at, t->m);
	while (good && blocks--) {
		struct rd list = rd_sub(&lists, BLOCK);
		good = sparse_pairs(&list, SPARSE_MORE, &data, &at, t->m);
	}
	if (!good || (real > at && !member_hole(t->m, real - at)))
		member_damaged(t->m, "cut: its list of parts is damaged");
	member_end(t->m);
}

static bool add(struct tar *t, const struct header *h, struct span block, struct rd *r)
{
	struct member head = head_of(t, h);
	uint64_t size = t->next.has_size ? t->next.size : t->all.has_size ? t->all.size : h->size;
	head.type = type_of(h, head.path);
	head.offset = t->s.n - rd_left(r);
	if (h->type == 'S' && h->gnu) {
		add_sparse(t, &head, block, r, size);
		return !members_stopped(t->m);
	}
	bool has_data = head.type == MEMBER_FILE;
	if (head.type == MEMBER_DIR && h->type != '5')   /* GNU's 'D': the folder's names stand behind it */
		rd_skip(r, size < rd_left(r) ? size : rd_left(r));
	if (!has_data)
		return member_add(t->m, &head, (struct span){ 0 });
	struct span content = rd_span(r, size < rd_left(r) ? size : rd_left(r));
	head.length = content.n;
	if (content.n < size)
		head.damage = "cut: the archive ends early";
	return member_add(t->m, &head, content);
}

/* Headers about the next member: their data is read here, not kept. False: it was a member's own header. */
static bool about_next(struct tar *t, const struct header *h, struct rd *r)
{
	if (!strchr("xgLKAX", h->type) || !h->type)      /* A, X: Solaris' access list, and its name for x */
		return false;
	struct span data = rd_span(r, h->size < rd_left(r) ? h->size : rd_left(r));
	if (data.n < h->size || data.n > LONG_MAX_BYTES) {
		members_damage(t->m, "a name or extension header is longer than the archive or than 1 MiB: not read");
		return true;
	}
	if (h->type == 'A')
		return true;
	if (h->type == 'x' || h->type == 'X')
		pax_read(data, &t->next);
	else if (h->type == 'g')
		pax_read(data, &t->all);
	else if (h->type == 'L')
		t->next.path = text(data);
	else
		t->next.link = text(data);
	return true;
}

static bool is_zero(struct span block)
{
	for (size_t i = 0; i < block.n; i++)
		if (block.p[i])
			return false;
	return block.n == BLOCK;
}

static void unpack(struct span s, struct members *m)
{
	struct tar t = { .m = m, .s = s };
	struct rd r = rd_of(s), before = r;
	bool ended = false, going = true;
	while (going && rd_left(&r) >= BLOCK && members_step(m, BLOCK)) {
		struct span block = rd_span(&r, BLOCK);
		struct header h;
		ended = is_zero(block);
		if (ended || !header_read(block, &h))
			break;
		if (!about_next(&t, &h, &r)) {
			going = add(&t, &h, block, &r);
			t.next = (struct extra){ 0 };
			t.count++;
		}
		size_t over = (s.n - rd_left(&r)) % BLOCK;
		if (over)
			rd_skip(&r, BLOCK - over < rd_left(&r) ? BLOCK - over : rd_left(&r));
		before = r;
	}
	/* The end: two zero blocks, then up to a record of them. */
	while (ended && rd_left(&before) >= BLOCK && is_zero(span_of(before.p, BLOCK)))
		rd_skip(&before, BLOCK);
	if (!ended && going && rd_left(&r))
		members_damage(m, "a header's checksum does not hold: what lies behind it is not read");
	members_extent(m, t.count ? s.n - rd_left(&before) : 0);
}

const struct unpacker unpacker_tar = {
	.kind = KIND_ARCHIVE,
	.name = "tar", .doc = "tar: version 7, ustar, GNU and pax", .magics = { { "ustar", 5, MAGIC_AT } },
	.asked_at_start = true, .bid = bid, .unpack = unpack,
};
