/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ISO 9660 (ECMA-119), with the names and rights of Rock Ridge (SUSP 1.12, RRIP 1.12) where they are, else Joliet's
 * (UCS-2), else its own. Files in several extents are joined; folders that were moved away are read where they lie.
 *
 *   directory record: length 1, extended 1, extent 8, size 8, time 7, flags 1, unit 1, gap 1, volume 4, name length 1,
 *   name, a pad to even, system use. Numbers of 8 bytes stand in both orders: little first.
 */
#include "fw/unpack/unpack.h"

enum {
	SECTOR = 2048, FIRST = 16, DESCRIPTORS_MAX = 32, PRIMARY = 1, SUPPLEMENT = 2, TERMINATOR = 255, RECORD = 33,
	ROOT_AT = 156, ROOT_SIZE = 34, IS_DIR = 2, MORE = 0x80, NAME_MOST = 512, CONTINUED_MAX = 16, DIR_MOST = 64 << 20,
	LATER_MAX = 4096, MARK_AT = FIRST * SECTOR + 1,
};

struct entry {
	uint32_t extent, size;
	uint64_t mtime;
	uint8_t flags;
	struct span name, use;                   /* as stored; system use */
};

struct iso {
	struct members *m;
	struct span s;
	uint32_t block;
	uint64_t blocks;
	bool joliet, rock;
	uint8_t skip;                            /* SUSP: bytes before the fields */
	uint32_t files;
	struct tree_dir *later;                  /* folders that were moved away from where they belong */
	uint32_t nlater;
};

/* What Rock Ridge says of one entry. */
struct rock {
	struct buf name, target;
	uint32_t mode, uid, gid;
	uint64_t device;
	uint32_t child;                          /* where a folder lies that belongs here */
	bool has_mode, has_child, is_moved, link_open;
};

static uint64_t days(int64_t y, int64_t month, int64_t day)
{
	y -= month <= 2;
	int64_t era = y / 400, of_era = y - era * 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return (uint64_t)(era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468);
}

/* ECMA-119 §9.1.5: years since 1900, month, day, hour, minute, second, quarters of an hour from Greenwich. */
static uint64_t time_of(struct span s)
{
	struct rd r = rd_of(s);
	int64_t year = 1900 + rd_u8(&r), month = rd_u8(&r), day = rd_u8(&r), hour = rd_u8(&r), minute = rd_u8(&r),
		       second = rd_u8(&r);
	int64_t zone = (rd_u8(&r) ^ 0x80) - 0x80; /* signed */
	if (!rd_ok(&r) || year < 1970 || month < 1 || month > 12 || day < 1)
		return 0;
	int64_t t = (int64_t)days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone * 900;
	return t > 0 ? (uint64_t)t : 0;
}

static bool entry_read(struct rd r, struct entry *e)
{
	rd_skip(&r, 1);
	e->extent = rd_le32(&r);
	rd_skip(&r, 4);
	e->size = rd_le32(&r);
	rd_skip(&r, 4);
	e->mtime = time_of(rd_span(&r, 7));
	e->flags = rd_u8(&r);
	rd_skip(&r, 6);
	uint8_t n = rd_u8(&r);
	e->name = rd_span(&r, n);
	if (n % 2 == 0 && rd_left(&r))
		rd_skip(&r, 1);
	bool good = rd_ok(&r);
	e->use = rd_rest(&r);
	return good && n > 0;
}

/* A number in both orders, which must agree. */
static bool both32(struct rd *r, uint32_t *v)
{
	*v = rd_le32(r);
	return rd_be32(r) == *v;
}

static bool both16(struct rd *r, uint16_t *v)
{
	*v = rd_le16(r);
	return rd_be16(r) == *v;
}

struct volume {
	uint8_t type;
	uint32_t blocks;
	uint16_t block;
	struct span name, escapes, root;
};

static bool volume_read(struct span s, unsigned i, struct volume *v)
{
	struct rd r = rd_at(s, false, (uint64_t)(FIRST + i) * SECTOR, SECTOR);
	struct span all = span_of(r.p, rd_left(&r));
	v->type = rd_u8(&r);
	if (!span_is(rd_span(&r, 5), "CD001") || v->type == TERMINATOR)
		return false;
	rd_skip(&r, 34);
	v->name = rd_span(&r, 32);
	rd_skip(&r, 8);
	bool good = both32(&r, &v->blocks);
	v->escapes = rd_span(&r, 32);
	rd_skip(&r, 8);
	good = both16(&r, &v->block) && good;
	v->root = span_cut(span_from(all, ROOT_AT), ROOT_SIZE);
	if (v->type != PRIMARY && v->type != SUPPLEMENT)
		return rd_ok(&r);                /* boot records have nothing of this */
	return rd_ok(&r) && good && (v->block == 512 || v->block == 1024 || v->block == SECTOR) && v->blocks > FIRST;
}

static bool is_joliet(const struct volume *v)
{
	return v->type == SUPPLEMENT && (span_starts(v->escapes, SPAN_LIT("%/@")) ||
					 span_starts(v->escapes, SPAN_LIT("%/C")) || span_starts(v->escapes, SPAN_LIT("%/E")));
}

static int bid(struct span s)
{
	struct volume v;
	return s.n > MARK_AT && volume_read(s, 0, &v) ? 90 : 0;
}

static struct span at_block(const struct iso *f, uint32_t block, uint64_t n)
{
	uint64_t at = (uint64_t)block * f->block;
	return at < f->s.n ? span_cut(span_from(f->s, (size_t)at), n < f->s.n ? (size_t)n : f->s.n) : (struct span){ 0 };
}

/* SL: flags 1, then components: flags 1, length 1, text. */
static void rock_link(struct rock *k, struct rd r)
{
	rd_skip(&r, 1);
	while (rd_left(&r) >= 2) {
		uint8_t flags = rd_u8(&r);
		struct span part = rd_span(&r, rd_u8(&r));
		if (flags & 8) {
			buf_text(&k->target, "/");
			k->link_open = true;
			continue;
		}
		if (k->target.n && !k->link_open)
			buf_text(&k->target, "/");
		if (flags & 2)
			buf_text(&k->target, ".");
		else if (flags & 4)
			buf_text(&k->target, "..");
		else
			buf_bytes(&k->target, part);
		k->link_open = flags & 1;        /* the next one goes on with this name */
	}
}

static void rock_field(struct rock *k, uint16_t mark, struct rd r)
{
	switch (mark) {
	case 'N' << 8 | 'M':
		if (!(rd_u8(&r) & 6) && k->name.n < NAME_MOST)
			buf_bytes(&k->name, rd_rest(&r));
		break;
	case 'P' << 8 | 'X':
		k->mode = rd_le32(&r);
		rd_skip(&r, 12);
		k->uid = rd_le32(&r);
		rd_skip(&r, 4);
		k->gid = rd_le32(&r);
		k->has_mode = rd_ok(&r);
		break;
	case 'P' << 8 | 'N':
		k->device = (uint64_t)rd_le32(&r) << 32;
		rd_skip(&r, 4);
		k->device |= rd_le32(&r);
		break;
	case 'S' << 8 | 'L':
		if (k->target.n < MEMBER_PATH)
			rock_link(k, r);
		break;
	case 'R' << 8 | 'E':                     /* deeper than eight: a folder that was moved away */
		k->is_moved = true;
		break;
	case 'C' << 8 | 'L':                     /* and the place where it belongs */
		k->child = rd_le32(&r);
		k->has_child = rd_ok(&r);
		break;
	default:
		break;
	}
}

/* The fields of an entry, and where they are continued. */
static void rock_read(const struct iso *f, struct span use, struct rock *k)
{
	for (unsigned i = 0; i < CONTINUED_MAX && use.n >= 4; i++) {
		struct rd r = rd_of(use);
		use = (struct span){ 0 };
		while (rd_left(&r) >= 4) {
			uint16_t mark = rd_be16(&r);
			uint8_t n = rd_u8(&r);
			rd_skip(&r, 1);
			struct rd field = rd_sub(&r, n < 4 ? UINT64_MAX : n - 4u);
			if (!rd_ok(&field) || mark == ('S' << 8 | 'T'))
				break;
			if (mark != ('C' << 8 | 'E')) {
				rock_field(k, mark, field);
				continue;
			}
			uint32_t block = rd_le32(&field);
			rd_skip(&field, 4);
			uint32_t offset = rd_le32(&field);
			rd_skip(&field, 4);
			uint32_t length = rd_le32(&field);
			struct rd there = rd_of(at_block(f, block, (uint64_t)offset + length));
			rd_skip(&there, offset);
			use = rd_rest(&there);
		}
	}
}

/* Names of Joliet are UCS-2, big-endian; what is no letter of the plain plane is written as it is encoded. */
static void wide_name(struct span s, struct buf *out)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) >= 2) {
		uint32_t c = rd_be16(&r);
		if (c >= 0xd800 && c < 0xdc00) {
			struct rd low = r;
			uint32_t d = rd_be16(&low);
			if (d >= 0xdc00 && d < 0xe000) {
				c = 0x10000 + ((c & 0x3ff) << 10) + (d & 0x3ff);
				r = low;
			}
		}
		if (c < 0x80) {
			buf_u8(out, (uint8_t)c);
			continue;
		}
		unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
		buf_u8(out, (uint8_t)((more == 1 ? 0xc0 : more == 2 ? 0xe0 : 0xf0) | c >> 6 * more));
		while (more--)
			buf_u8(out, (uint8_t)(0x80 | (c >> 6 * more & 0x3f)));
	}
}

/* ";1", and the dot of a name without an end, say nothing. */
static struct span plain_name(struct span name)
{
	struct span found;
	struct rd r = rd_of(name);
	if (rd_until(&r, ';', &found))
		name = found;
	return name.n > 1 && name.p[name.n - 1] == '.' ? span_cut(name, name.n - 1) : name;
}

static void name_of(const struct iso *f, const struct entry *e, const struct rock *k, struct buf *out)
{
	struct buf wide = { 0 };
	if (f->rock && k->name.n)
		buf_bytes(out, buf_span(&k->name));
	else if (f->joliet) {
		wide_name(e->name, &wide);
		buf_bytes(out, plain_name(buf_span(&wide)));
	} else
		buf_bytes(out, plain_name(e->name));
	buf_done(&wide);
}

/* The content of a file whose first extent is e; r stands behind it and moves over the others. */
static bool give(struct iso *f, const struct member *head, struct entry *e, struct rd *r)
{
	struct span first = at_block(f, e->extent, e->size);
	bool cut = first.n < e->size, more = e->flags & MORE;
	if (!more) {
		struct member h = *head;
		h.offset = (uint64_t)e->extent * f->block;
		h.length = first.n;
		h.damage = cut ? "cut: the image ends early" : NULL;
		if (cut)
			members_damage(f->m, "cut: some files end outside the image");
		return member_add(f->m, &h, first);
	}
	if (!member_begin(f->m, head))
		return false;
	bool good = member_write(f->m, first);
	while (good && more && rd_left(r) && rd_peek(r)) {
		struct rd one = rd_sub(r, rd_peek(r));
		rd_skip(&one, 1);
		if (!entry_read(one, e))
			break;
		first = at_block(f, e->extent, e->size);
		cut |= first.n < e->size;
		more = e->flags & MORE;
		good = member_write(f->m, first);
	}
	if (cut || more)
		member_damaged(f->m, "cut: the image ends early");
	member_end(f->m);
	return good;
}

/* The place of a folder that was moved away: its length stands in its own first entry. */
static void take_child(const struct iso *f, uint32_t child, struct entry *e)
{
	struct rd r = rd_of(at_block(f, child, SECTOR));
	struct entry self;
	struct rd one = rd_sub(&r, rd_peek(&r));
	rd_skip(&one, 1);
	if (!rd_ok(&one) || !entry_read(one, &self) || !(self.flags & IS_DIR))
		return;
	e->extent = child;
	e->size = self.size;
	e->flags = IS_DIR;
}

/* Folders that were moved wait: the place where they belong is read deeper down. */
static void go_into(struct iso *f, struct tree *t, const struct tree_dir *dir, const struct entry *e, bool is_moved,
		    struct span path)
{
	if (is_moved && f->nlater < LATER_MAX)
		f->later[f->nlater++] = (struct tree_dir){ e->extent, e->size, path, dir->depth };
	else
		(void)!tree_push(t, dir, e->extent, e->size, path);
}

static bool add(struct iso *f, struct tree *t, const struct tree_dir *dir, struct entry *e, struct rd *r)
{
	struct rock k = { 0 };
	struct buf name = { 0 };
	if (f->rock)
		rock_read(f, span_from(e->use, f->skip), &k);
	if (k.has_child)
		take_child(f, k.child, e);
	name_of(f, e, &k, &name);
	struct member head = { .path = member_join(f->m, dir->path, buf_span(&name)),
			       .mode = e->flags & IS_DIR ? 040755 : 0100644, .mtime = e->mtime,
			       .uid = k.uid, .gid = k.gid };
	bool good = true;
	if (k.has_mode && member_type_of(k.mode, &head.type))
		head.mode = k.mode;
	/* What the record itself says decides between file and folder. */
	if ((head.type == MEMBER_DIR) != !!(e->flags & IS_DIR))
		head.type = e->flags & IS_DIR ? MEMBER_DIR : MEMBER_FILE;
	if (head.type == MEMBER_FILE) {
		f->files++;
		good = give(f, &head, e, r);
	} else if (!(k.is_moved && head.type == MEMBER_DIR)) {
		head.target = head.type == MEMBER_SYMLINK ? buf_span(&k.target) : (struct span){ 0 };
		head.major = (uint32_t)(k.device >> 32 ? k.device >> 32 : k.device >> 8 & 0xff);
		head.minor = (uint32_t)(k.device >> 32 ? k.device & UINT32_MAX : k.device & 0xff);
		good = member_add(f->m, &head, (struct span){ 0 });
	}
	if (good && head.type == MEMBER_DIR)
		go_into(f, t, dir, e, k.is_moved, head.path);
	buf_done(&name);
	buf_done(&k.name);
	buf_done(&k.target);
	return good;
}

static void read_dir(struct iso *f, struct tree *t, const struct tree_dir *dir)
{
	struct span all = at_block(f, (uint32_t)dir->key, dir->extra < DIR_MOST ? dir->extra : DIR_MOST);
	if (all.n < dir->extra)
		members_damage(f->m, "cut: some folders end outside the image");
	for (struct rd r = rd_of(all); rd_left(&r) && members_step(f->m, RECORD);) {
		struct entry e;
		uint8_t n = rd_peek(&r);
		if (n == 0) {                    /* records do not cross sectors: on to the next */
			size_t over = (all.n - rd_left(&r)) % SECTOR;
			rd_skip(&r, SECTOR - over < rd_left(&r) ? SECTOR - over : rd_left(&r));
			continue;
		}
		struct rd one = rd_sub(&r, n);
		rd_skip(&one, 1);
		if (!entry_read(one, &e)) {
			members_damage(f->m, "an entry is damaged: those behind it are not read");
			return;
		}
		bool is_dot = e.name.n == 1 && e.name.p[0] <= 1;
		if (!is_dot && !add(f, t, dir, &e, &r))
			return;
	}
}

/* SP in the root's own first entry: be ef, bytes to skip. */
static void look_for_rock(struct iso *f, const struct entry *root)
{
	struct rd r = rd_of(at_block(f, root->extent, root->size));
	struct entry self;
	struct rd one = rd_sub(&r, rd_peek(&r));
	rd_skip(&one, 1);
	if (!rd_ok(&one) || !entry_read(one, &self))
		return;
	r = rd_of(self.use);
	if (span_is(rd_span(&r, 2), "SP") && rd_be16(&r) == 0x0701 && rd_be16(&r) == 0xbeef) {
		f->rock = true;
		f->skip = rd_u8(&r);
	}
}

/* All folders; at the end those that were moved and belong nowhere, where they lie. */
static void read_tree(struct iso *f, const struct entry *root)
{
	struct tree t;
	struct tree_dir d;
	f->later = mem_array(LATER_MAX, sizeof(*f->later));
	tree_start(&t, f->m, root->extent, root->size);
	for (uint32_t i = 0; i <= f->nlater; i++) {
		while (tree_next(&t, &d))
			read_dir(f, &t, &d);
		if (i < f->nlater && !seen_has(t.seen, f->later[i].key))
			(void)!tree_push(&t, &f->later[i], f->later[i].key, f->later[i].extra, f->later[i].path);
	}
	tree_done(&t);
	free(f->later);
}

static void unpack(struct span s, struct members *m)
{
	struct volume v, primary = { 0 }, joliet = { 0 };
	struct iso f = { .m = m, .s = s };
	bool boots = false;
	for (unsigned i = 0; i < DESCRIPTORS_MAX && volume_read(s, i, &v); i++) {
		boots |= v.type == 0;
		if (v.type == PRIMARY && !primary.blocks)
			primary = v;
		else if (is_joliet(&v) && !joliet.blocks)
			joliet = v;
	}
	struct entry root;
	struct rd r = rd_of(primary.root);
	rd_skip(&r, 1);
	if (!primary.blocks || !entry_read(r, &root))
		return;
	f.block = primary.block;
	f.blocks = primary.blocks;
	look_for_rock(&f, &root);
	r = rd_of(joliet.root);
	rd_skip(&r, 1);
	f.joliet = !f.rock && joliet.blocks && entry_read(r, &root);
	read_tree(&f, &root);
	uint64_t size = f.blocks * f.block;
	if (size > s.n)
		members_damage(m, "cut: %zu of %llu bytes are here", s.n, (unsigned long long)size);
	struct span name = primary.name;
	while (name.n && name.p[name.n - 1] == ' ')
		name.n--;
	members_detail(m, "volume \"%.*s\", names of %s%s, %u files%s", (int)name.n, name.n ? (const char *)name.p : "",
		       f.rock ? "Rock Ridge" : f.joliet ? "Joliet" : "ISO 9660", joliet.blocks && f.rock ? " (Joliet too)" : "",
		       f.files, boots ? ", can be started" : "");
	members_extent(m, size);
}

const struct unpacker unpacker_iso = {
	.kind = KIND_FILES,
	/* Asked at the start too: boot code in the first 16 sectors must not be taken for the whole. */
	.name = "iso9660", .doc = "ISO 9660 with Rock Ridge and Joliet", .magics = { { "CD001\1", 6, MARK_AT } },
	.asked_at_start = true,
	.bid = bid, .unpack = unpack,
};
