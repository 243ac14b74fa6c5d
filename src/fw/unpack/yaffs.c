/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAFFS1 and YAFFS2 (yaffs2 yaffs_guts.h, yaffs_packedtags2.h): a log of pages, each the header of an object or a
 * piece of a file. What a page is stands in the spare bytes behind it, at a place that depends on the controller;
 * in the page itself ("inband"); or nowhere, when a dump left the spare bytes out. The form is told by trying: the
 * one in which most pages make sense counts.
 *
 *   header: type 4, parent 4, 0xffff 2, name 256, 0 2, mode 4, uid 4, gid 4, times 12, size 4, same as 4, target 160,
 *           device 4, 0 32, size high 4
 *   tags 2: number of the block 4, object 4, chunk 4 (0: header), bytes 4; chunk's top bit: header with more in it
 *   tags 1: 20 bits chunk, 2 serial, 10 bytes, 18 object, 12 ecc, 2; in the bytes 0-3, 6, 7, 11, 12 of the spare
 */
#include "fw/unpack/yaffs.h"

enum {
	HEADER = 512, NAME_AT = 10, NAME_ROOM = 256, MODE_AT = 268, TAGS = 16, SPARE_MOST = 1280, LOOK = 64, ROOT = 1,
	LOST = 2, UNLINKED = 3, DELETED = 4, FIRST_OBJECT = 257, FILE_TYPE = 1, LINK_TYPE = 2, FOLDER_TYPE = 3, HARD_TYPE = 4,
	OTHER_TYPE = 5, OBJECT_MOST = 1 << 18, GAP_MOST = 4 << 20, NODES_MAX = 1 << 22, CHECKPOINT = 0x21, NONSENSE_RUN = 64,
};
static const uint32_t EXTRA = 0x80000000, EXTRA_OBJECT = 0x0fffffff, ORDER_MOST = 0xefffff00;

struct shape {
	uint32_t page, spare, tags;              /* bytes; where in the spare the tags stand */
	bool big, first, stripped;               /* first: YAFFS1; stripped: no tags at all */
};

struct tags {
	uint32_t order, object, chunk, bytes;
	bool erased, ignored;
};

struct note {                                    /* a page and what it is */
	uint32_t object, chunk, bytes;
	uint64_t order;
	uint64_t at;
};

struct object {
	uint32_t id, parent, type, mode, uid, gid, mtime, same, device;
	uint64_t size, at, order;
	struct span name, target;
	bool visited;
};

struct yaffs {
	struct members *m;
	struct span image;
	struct shape shape;
	struct note *v;
	size_t n, room;
	struct object *objects;
	size_t nobjects, objects_room;
	uint64_t end;
	uint32_t nonsense;
};

static struct span name_of(struct span s, uint64_t at)
{
	struct rd r = rd_at(s, false, at + NAME_AT, NAME_ROOM);
	struct span room = rd_rest(&r);
	const uint8_t *end = room.n ? memchr(room.p, 0, room.n) : NULL;
	return end ? span_cut(room, (size_t)(end - room.p)) : (struct span){ 0 };
}

/* Does the page begin as an object's header does? */
static bool header_holds(struct span s, bool big, uint64_t at)
{
	struct rd r = rd_at(s, big, at, HEADER);
	uint32_t type = rd_u32(&r), parent = rd_u32(&r);
	uint16_t sum = rd_u16(&r);
	rd_skip(&r, MODE_AT - NAME_AT);
	uint32_t mode = rd_u32(&r);
	enum member_type t;
	struct span name = name_of(s, at);
	if (!rd_ok(&r) || type < FILE_TYPE || type > OTHER_TYPE || parent == 0 || parent > OBJECT_MOST ||
	    (sum != 0xffff && sum != 0))
		return false;
	if (!name.p || (name.n == 0 && type != FOLDER_TYPE))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < ' ')
			return false;
	/* Its kind is told twice. */
	static const enum member_type kinds[] = { [FILE_TYPE] = MEMBER_FILE, [LINK_TYPE] = MEMBER_SYMLINK,
						  [FOLDER_TYPE] = MEMBER_DIR };
	if (type == HARD_TYPE)
		return true;
	return mode <= 0177777 && member_type_of(mode, &t) && (type == OTHER_TYPE || t == kinds[type]);
}

static struct tags tags_first(struct rd r)
{
	uint32_t low = rd_le32(&r);
	uint8_t state = rd_u8(&r);
	rd_skip(&r, 1);
	uint32_t high = rd_le16(&r);
	rd_skip(&r, 3);
	high |= (uint32_t)rd_le16(&r) << 16;
	return (struct tags){ .object = high & 0x3ffff, .chunk = low & 0xfffff, .bytes = low >> 22, .order = 1,
			      .erased = low == UINT32_MAX && high == UINT32_MAX, .ignored = state != 0xff };
}

static struct tags tags_at(struct span s, const struct shape *h, uint64_t at)
{
	struct rd r = rd_at(s, h->big, at + h->page + h->tags, TAGS);
	struct tags t = { 0 };
	if (h->first)
		return tags_first(r);
	t.order = rd_u32(&r);
	t.object = rd_u32(&r);
	t.chunk = rd_u32(&r);
	t.bytes = rd_u32(&r);
	t.erased = t.order == UINT32_MAX && t.object == UINT32_MAX;
	t.ignored = t.order == CHECKPOINT;
	/* More of the header in the tags: the object's kind over its number, the parent's number for a chunk. */
	bool is_extra = t.chunk & EXTRA && (t.chunk & EXTRA_OBJECT) < OBJECT_MOST && t.object >> 28 >= FILE_TYPE &&
			t.object >> 28 <= OTHER_TYPE;
	if (is_extra && !t.erased) {
		t.object &= EXTRA_OBJECT;
		t.chunk = t.bytes = 0;
	}
	return t;
}

static bool tags_hold(struct span s, const struct shape *h, uint64_t at, const struct tags *t)
{
	if (t->ignored)
		return true;
	if (t->order == 0 || t->order > ORDER_MOST || t->object == 0 || t->object >= OBJECT_MOST)
		return false;
	if (t->chunk == 0)
		return header_holds(s, h->big, at);
	return t->chunk < 1u << 24 && t->bytes <= h->page && t->bytes;
}

static bool page_is(struct span s, uint64_t at, uint32_t page, uint8_t byte)
{
	struct rd r = rd_at(s, false, at, page);
	struct span p = rd_rest(&r);
	return p.n && p.p[0] == byte && memcmp(p.p, p.p + 1, p.n - 1) == 0;
}

/* How many of the first pages make sense; 0 when the first does not, or more than few do not. */
static unsigned shape_score(struct span s, const struct shape *h)
{
	unsigned good = 0, wrong = 0;
	uint64_t at = 0;
	for (unsigned i = 0; i < LOOK && at + h->page + h->spare <= s.n; i++, at += h->page + h->spare) {
		struct tags t = tags_at(s, h, at);
		if (t.erased && i)
			continue;
		if (!tags_hold(s, h, at, &t) || (i == 0 && (t.chunk != 0 || t.ignored)))
			wrong++;
		else
			good++;
		if (wrong && (i == 0 || wrong > 2))
			return 0;
	}
	return wrong * 8 > good ? 0 : good * 2 - wrong;
}

/* Without tags: each header is followed by as many pages as its file needs, and then by the next header. */
static unsigned stripped_score(struct span s, const struct shape *h)
{
	unsigned good = 0;
	uint64_t at = 0;
	while (good < LOOK && at + HEADER <= s.n) {
		if (!header_holds(s, h->big, at))
			return page_is(s, at, h->page, 0xff) ? good : 0;
		struct rd r = rd_at(s, h->big, at, HEADER);
		uint32_t type = rd_u32(&r);
		rd_skip(&r, 292 - 4);
		uint64_t size = type == FILE_TYPE ? rd_u32(&r) : 0;
		at += h->page + (size + h->page - 1) / h->page * h->page;
		good++;
	}
	return good;
}

static void shape_try(struct span s, const struct shape *h, struct shape *best, unsigned *most)
{
	unsigned score = h->stripped ? stripped_score(s, h) : shape_score(s, h);
	if (score <= *most)
		return;
	*most = score;
	*best = *h;
}

/* Each place in the spare bytes where tags may stand. */
static void spare_try(struct span s, struct shape h, struct shape *best, unsigned *most)
{
	uint32_t last = h.spare - TAGS < 64 ? h.spare - TAGS : 64;
	for (h.tags = 0; h.tags <= last; h.tags++)
		shape_try(s, &h, best, most);
	h.tags = 0;
	h.first = true;
	if (h.page == 512 && h.spare == 16 && !h.big)
		shape_try(s, &h, best, most);
}

static bool shape_find(struct span s, struct shape *best)
{
	static const uint32_t pages[] = { 512, 1024, 2048, 4096, 8192, 16384 };
	static const uint32_t spares[] = { 16, 32, 64, 112, 128, 218, 224, 232, 256, 436, 448, 512, 640, 744, 1280 };
	bool big = s.n && s.p[0] == 0;
	unsigned most = 0;
	*best = (struct shape){ 0 };
	if (!header_holds(s, big, 0))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		for (size_t k = 0; k < ARRAY_LEN(spares); k++)
			if (spares[k] * 32 >= pages[i] / 2 && spares[k] <= pages[i] / 8)
				spare_try(s, (struct shape){ .page = pages[i], .spare = spares[k], .big = big }, best, &most);
		shape_try(s, &(struct shape){ .page = pages[i] - TAGS, .spare = TAGS, .big = big }, best, &most);
	}
	for (size_t i = 0, tagged = most; i < ARRAY_LEN(pages) && !tagged; i++)
		shape_try(s, &(struct shape){ .page = pages[i], .big = big, .stripped = true }, best, &most);
	return most != 0;
}

static int bid(struct span s)
{
	struct shape h;
	return shape_find(s, &h) ? h.stripped ? 60 : 90 : 0;
}

static void note_add(struct yaffs *y, struct note n)
{
	if (y->n >= NODES_MAX) {
		y->nonsense++;
		return;
	}
	if (y->n == y->room) {
		y->room = y->room ? y->room * 2 : 256;
		y->v = mem_grow(y->v, y->room, sizeof(*y->v));
	}
	y->v[y->n++] = n;
}

/* Page by page, up to a long run of such as make no sense or are erased. */
static void scan(struct yaffs *y)
{
	const struct shape *h = &y->shape;
	uint32_t stride = h->page + h->spare, run = 0;
	for (uint64_t at = 0; at + stride <= y->image.n && at - y->end <= GAP_MOST && members_step(y->m, 64); at += stride) {
		struct tags t = tags_at(y->image, h, at);
		if (t.erased)
			continue;
		if (!tags_hold(y->image, h, at, &t)) {
			if (++run > NONSENSE_RUN)
				break;
			continue;
		}
		y->nonsense += run;
		run = 0;
		y->end = at + stride;
		if (!t.ignored)
			note_add(y, (struct note){ t.object, t.chunk, t.bytes, (uint64_t)t.order << 32 | at / stride, at });
	}
}

/* Objects get their numbers as the tools that make images give them: one behind the other, from 257. */
static void scan_stripped(struct yaffs *y)
{
	uint32_t page = y->shape.page, next = FIRST_OBJECT;
	uint64_t at = 0;
	while (at + HEADER <= y->image.n && header_holds(y->image, y->shape.big, at) && members_step(y->m, page)) {
		struct rd r = rd_at(y->image, y->shape.big, at, HEADER);
		uint32_t type = rd_u32(&r);
		rd_skip(&r, 292 - 4);
		uint64_t size = type == FILE_TYPE ? rd_u32(&r) : 0;
		uint32_t object = name_of(y->image, at).n ? next++ : ROOT;
		note_add(y, (struct note){ object, 0, 0, 0, at });
		at += page;
		for (uint32_t chunk = 1; size && at < y->image.n && members_step(y->m, 64); chunk++, at += page) {
			uint32_t bytes = size < page ? (uint32_t)size : page;
			note_add(y, (struct note){ object, chunk, bytes, 0, at });
			size -= bytes;
		}
		y->end = at < y->image.n ? at : y->image.n;
	}
}

/* By object and chunk, the newest first. */
static int by_object(const void *a, const void *b)
{
	const struct note *x = a, *y = b;
	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	if (x->chunk != y->chunk)
		return x->chunk < y->chunk ? -1 : 1;
	return (x->order < y->order) - (x->order > y->order);
}

static int by_parent(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static struct span text_at(struct rd *r, size_t room)
{
	struct span s = rd_span(r, room);
	const uint8_t *end = s.n ? memchr(s.p, 0, s.n) : NULL;
	return end ? span_cut(s, (size_t)(end - s.p)) : (struct span){ 0 };
}

static void object_read(struct yaffs *y, const struct note *n)
{
	struct rd r = rd_at(y->image, y->shape.big, n->at, HEADER);
	struct object o = { .id = n->object, .at = n->at, .order = n->order, .name = name_of(y->image, n->at) };
	o.type = rd_u32(&r);
	o.parent = rd_u32(&r);
	rd_skip(&r, MODE_AT - 8);
	o.mode = rd_u32(&r);
	o.uid = rd_u32(&r);
	o.gid = rd_u32(&r);
	rd_skip(&r, 4);
	o.mtime = rd_u32(&r);
	rd_skip(&r, 4);
	uint32_t size = rd_u32(&r);
	o.same = rd_u32(&r);
	o.target = text_at(&r, 160);
	o.device = rd_u32(&r);
	rd_skip(&r, 32);
	uint32_t high = rd_u32(&r);
	o.size = size == UINT32_MAX ? 0 : high == UINT32_MAX ? size : (uint64_t)high << 32 | size;
	if (y->nobjects == y->objects_room) {
		y->objects_room = y->objects_room ? y->objects_room * 2 : 64;
		y->objects = mem_grow(y->objects, y->objects_room, sizeof(*y->objects));
	}
	y->objects[y->nobjects++] = o;
}

static struct note *notes_of(const struct yaffs *y, uint32_t object, size_t *n)
{
	size_t low = 0, high = y->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (y->v[mid].object < object)
			low = mid + 1;
		else
			high = mid;
	}
	for (*n = 0; low + *n < y->n && y->v[low + *n].object == object;)
		++*n;
	return *n ? y->v + low : NULL;
}

/* The header says how long the file was when it was written; pieces that are newer may make it longer. */
static uint64_t file_size(const struct yaffs *y, const struct object *o, const struct note *v, size_t n)
{
	uint64_t size = o->size;
	for (size_t i = 0; i < n; i++) {
		uint64_t end = v[i].chunk ? (uint64_t)(v[i].chunk - 1) * y->shape.page + v[i].bytes : 0;
		size = v[i].order > o->order && end > size ? end : size;
	}
	return size;
}

static void put_file(struct yaffs *y, struct member *head, const struct object *o)
{
	size_t n;
	const struct note *v = notes_of(y, o->id, &n);
	uint64_t size = file_size(y, o, v, n), done = 0;
	head->offset = o->at;
	if (!member_begin(y->m, head))
		return;
	bool good = true, whole = true;
	for (size_t i = 0; i < n && good && done < size; i++) {
		uint64_t at = (uint64_t)(v[i].chunk - 1) * y->shape.page;
		if (!v[i].chunk || (i && v[i].chunk == v[i - 1].chunk) || at >= size)
			continue;
		if (at > done) {
			good = member_hole(y->m, at - done);
			done = at;
			whole = false;
		}
		struct rd r = rd_at(y->image, false, v[i].at, v[i].bytes);
		struct span body = span_cut(rd_rest(&r), (size_t)(size - at));
		good = good && member_write(y->m, body);
		done += body.n;
	}
	if (good && done < size) {
		whole = false;
		(void)!member_hole(y->m, size - done);
	}
	if (!whole)
		member_damaged(y->m, "parts are missing: zeros stand in their place");
	member_end(y->m);
}

static bool add_object(struct yaffs *y, struct tree *t, const struct tree_dir *dir, struct object *o)
{
	static const enum member_type types[] = { [FILE_TYPE] = MEMBER_FILE, [LINK_TYPE] = MEMBER_SYMLINK,
						  [FOLDER_TYPE] = MEMBER_DIR,
						  [HARD_TYPE] = MEMBER_FILE, [OTHER_TYPE] = MEMBER_FIFO };
	o->visited = true;
	struct member head = { .path = member_join(y->m, dir->path, o->name), .type = types[o->type], .mode = o->mode,
			       .uid = o->uid,
			       .gid = o->gid, .mtime = o->mtime };
	if (o->type == OTHER_TYPE && !member_type_of(o->mode, &head.type))
		head.damage = "of no known type";
	if (head.type == MEMBER_CHAR || head.type == MEMBER_BLOCK) {
		head.major = o->device >> 8 & 0xfff;
		head.minor = (o->device & 0xff) | (o->device >> 12 & 0xfff00);
	}
	if (o->type == LINK_TYPE)
		head.target = o->target;
	struct object same = *o;
	for (size_t i = 0; o->type == HARD_TYPE && i < y->nobjects && members_step(y->m, 1); i++)
		if (y->objects[i].id == o->same && y->objects[i].type == FILE_TYPE)
			same = y->objects[i];
	if (same.type == FILE_TYPE) {
		head.mode = same.mode;
		put_file(y, &head, &same);
		return !members_stopped(y->m);
	}
	if (o->type == HARD_TYPE)
		head.damage = "what it is a link to is missing";
	if (!member_add(y->m, &head, (struct span){ 0 }))
		return false;
	if (o->type == FOLDER_TYPE)
		tree_push(t, dir, o->id, 0, head.path);
	return true;
}

static void read_dir(struct yaffs *y, struct tree *t, const struct tree_dir *dir)
{
	size_t low = 0, high = y->nobjects;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (y->objects[mid].parent < dir->key)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < y->nobjects && y->objects[low].parent == dir->key; low++)
		if (y->objects[low].id != ROOT && !y->objects[low].visited && !add_object(y, t, dir, &y->objects[low]))
			return;
}

static void read_tree(struct yaffs *y)
{
	struct tree t;
	struct tree_dir d;
	for (size_t i = 0; i < y->n; i++)
		if (y->v[i].chunk == 0 && (i == 0 || y->v[i - 1].object != y->v[i].object))
			object_read(y, &y->v[i]);
	if (y->nobjects)
		qsort(y->objects, y->nobjects, sizeof(*y->objects), by_parent);
	tree_start(&t, y->m, ROOT, 0);
	while (tree_next(&t, &d))
		read_dir(y, &t, &d);
	/* Folders whose header is gone, or was never here: what lay in them is kept under their number. */
	for (size_t i = 0; i < y->nobjects && !members_stopped(y->m); i++) {
		const struct object *o = &y->objects[i];
		if (o->visited || o->id <= DELETED || o->parent == UNLINKED || o->parent == DELETED)
			continue;
		char name[32];
		snprintf(name, sizeof(name), o->parent == LOST ? "lost+found" : "folder-%u", o->parent);
		if (o->parent != LOST)
			members_damage(y->m, "folders are missing: their files stand under numbers");
		struct tree_dir lost = { .key = o->parent, .path = arena_copy(&y->m->arena, span_str(name)) };
		read_dir(y, &t, &lost);
		while (tree_next(&t, &d))
			read_dir(y, &t, &d);
	}
	tree_done(&t);
}

static void unpack(struct span s, struct members *m)
{
	struct yaffs y = { .m = m, .image = s };
	const struct shape *h = &y.shape;
	if (!shape_find(s, &y.shape))
		return;
	if (h->stripped)
		scan_stripped(&y);
	else
		scan(&y);
	if (y.n)
		qsort(y.v, y.n, sizeof(*y.v), by_object);
	read_tree(&y);
	if (y.nonsense)
		members_damage(m, "%u pages make no sense: left out", y.nonsense);
	bool inband = h->spare == TAGS && (h->page + TAGS) % 512 == 0;
	members_detail(m, "YAFFS%s, %s-endian, pages of %u, %s, %zu objects", h->first ? "1" : "2", h->big ? "big" : "little",
		       h->page + (inband ? TAGS : 0), h->stripped ? "spare bytes missing" : inband ? "tags inband" :
		       "with spare bytes", y.nobjects);
	members_extent(m, y.end);
	free(y.v);
	free(y.objects);
}

bool yaffs_lies_at(struct span s, uint32_t page, uint32_t spare, uint64_t *length)
{
	struct shape h;
	bool big = s.n && s.p[0] == 0;
	if (!header_holds(s, big, 0) || !shape_find(s, &h) || h.stripped || h.page != page || h.spare != spare)
		return false;
	uint64_t at = 0, end = 0;
	for (; at + page + spare <= s.n && at - end <= GAP_MOST; at += page + spare) {
		struct tags t = tags_at(s, &h, at);
		if (!t.erased && tags_hold(s, &h, at, &t))
			end = at + page + spare;
	}
	*length = end;
	return true;
}

const struct unpacker unpacker_yaffs = {
	.kind = KIND_FILES,
	.name = "yaffs",
	.doc = "YAFFS1 and YAFFS2, both byte orders, pages of 512 to 16384, tags in spare bytes, inband or missing",
	/* The first object lies in the root, whose number is 1. */
	.magics = { { "\1\0\0\0\1\0\0\0\xff\xff", 10, 0 }, { "\2\0\0\0\1\0\0\0\xff\xff", 10, 0 },
		    { "\3\0\0\0\1\0\0\0\xff\xff", 10, 0 }, { "\5\0\0\0\1\0\0\0\xff\xff", 10, 0 },
		    { "\0\0\0\1\0\0\0\1\xff\xff", 10, 0 }, { "\0\0\0\2\0\0\0\1\xff\xff", 10, 0 },
		    { "\0\0\0\3\0\0\0\1\xff\xff", 10, 0 }, { "\0\0\0\5\0\0\0\1\xff\xff", 10, 0 } },
	.bid = bid, .unpack = unpack,
};
