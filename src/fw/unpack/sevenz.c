/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 7z (7-Zip's DOC/7zFormat.txt): stored, LZMA, LZMA2, deflate and bzip2, with the filters for programs of one kind of
 * processor and delta. What is packed otherwise (BCJ2, PPMd) or encrypted keeps its names, and says so.
 *
 *   "7z" bc af 27 1c, version 2, crc of the 20 behind 4, offset 8, size 8 and crc 4 of the header at the end
 */
#include <zlib.h>

#include "fw/unpack/codec.h"

enum {
	START = 32, FOLDERS_MAX = 1 << 16, FILES_MAX = 1 << 18, CODERS_MAX = 4, HEADER_MOST = 64 << 20, NESTED_MAX = 4,
	STREAMS_MOST = 1 << 18,
};

enum property {
	P_END = 0, P_HEADER = 1, P_ARCHIVE = 2, P_ADDITIONAL = 3, P_MAIN = 4, P_FILES = 5, P_PACK = 6, P_UNPACK = 7,
	P_SUBSTREAMS = 8, P_SIZE = 9, P_CRC = 10, P_FOLDER = 11, P_CODERS_SIZES = 12, P_NUM_STREAMS = 13, P_EMPTY_STREAM = 14,
	P_EMPTY_FILE = 15, P_ANTI = 16, P_NAMES = 17, P_MTIME = 20, P_ATTRIBUTES = 21, P_ENCODED = 23,
};

enum packer { COPY, LZMA1, LZMA2, DEFLATE, BZIP2, FILTER, AES, OTHER };

struct coder {
	enum packer packer;
	uint64_t filter;                         /* liblzma's number */
	uint64_t in, out;
	struct span props;
	uint64_t size;                           /* of what comes out */
};

struct folder {
	struct coder c[CODERS_MAX];
	unsigned n, first;                       /* first: the coder that gives the content */
	uint32_t packs;                          /* packed streams it takes */
	uint32_t streams;                        /* files in it */
	uint32_t crc;
	bool has_crc, simple;                    /* simple: coders in one line */
	unsigned chain[CODERS_MAX];              /* from the packed bytes to the content */
};

struct streams {
	uint64_t at;                             /* of the packed bytes, from the container's start */
	uint64_t *packed;
	uint32_t npacked;
	struct folder *f;
	uint32_t nf;
	uint64_t *sizes;                         /* of the files in the folders, one behind the other */
	uint32_t *crcs;
	bool *has_crc;
	uint32_t nsizes;
};

struct file {
	struct span name;                        /* UTF-16, little-endian */
	uint64_t mtime;
	uint32_t attributes;
	bool empty, is_file, has_attributes;
};

static const struct {
	uint64_t id;
	enum packer packer;
	uint64_t filter;
} packers[] = {
	{ 0x00, COPY, 0 }, { 0x21, LZMA2, 0x21 }, { 0x030101, LZMA1, 0x4000000000000002 }, { 0x040108, DEFLATE, 0 },
	{ 0x040202, BZIP2, 0 }, { 0x03, FILTER, 0x03 }, { 0x04, FILTER, 0x04 }, { 0x05, FILTER, 0x05 },
	{ 0x06, FILTER, 0x06 }, { 0x07, FILTER, 0x07 }, { 0x08, FILTER, 0x08 }, { 0x09, FILTER, 0x09 },
	{ 0x0a, FILTER, 0x0a }, { 0x03030103, FILTER, 0x04 }, { 0x03030205, FILTER, 0x05 }, { 0x03030401, FILTER, 0x06 },
	{ 0x03030501, FILTER, 0x07 }, { 0x03030701, FILTER, 0x08 }, { 0x03030805, FILTER, 0x09 }, { 0x06f10701, AES, 0 },
};

/* As many leading one bits in the first byte as bytes follow; what is left of it is the highest part. */
static uint64_t number(struct rd *r)
{
	uint8_t first = rd_u8(r), mask = 0x80;
	uint64_t v = 0;
	for (unsigned i = 0; i < 8; i++, mask >>= 1) {
		if (!(first & mask))
			return v | (uint64_t)(first & (mask - 1)) << 8 * i;
		v |= (uint64_t)rd_u8(r) << 8 * i;
	}
	return v;
}

/* A number that counts things, each of which takes some of what is left or is bounded. */
static uint32_t count(struct rd *r, uint32_t most)
{
	uint64_t n = number(r);
	if (n > most)
		rd_fail(r);
	return n > most ? 0 : (uint32_t)n;
}

static void bits(struct rd *r, bool *v, uint32_t n)
{
	uint8_t have = 0, mask = 0;
	for (uint32_t i = 0; i < n && rd_ok(r); i++, mask >>= 1) {
		if (!mask) {
			have = rd_u8(r);
			mask = 0x80;
		}
		v[i] = have & mask;
	}
}

static void all_or_bits(struct rd *r, bool *v, uint32_t n)
{
	if (rd_u8(r) == 0) {
		bits(r, v, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		v[i] = true;
}

static void digests(struct rd *r, bool *has, uint32_t *crc, uint32_t n)
{
	all_or_bits(r, has, n);
	for (uint32_t i = 0; i < n && rd_ok(r); i++)
		if (has[i])
			crc[i] = rd_le32(r);
}

static void coder_read(struct rd *r, struct coder *c)
{
	uint8_t flags = rd_u8(r);
	struct rd id = rd_sub(r, flags & 15);
	uint64_t v = 0;
	*c = (struct coder){ .packer = OTHER, .in = 1, .out = 1 };
	while (rd_left(&id))
		v = v << 8 | rd_u8(&id);
	if (flags & 0x10) {
		c->in = number(r);
		c->out = number(r);
	}
	if (flags & 0x20)
		c->props = rd_span(r, number(r));
	for (size_t i = 0; i < ARRAY_LEN(packers); i++) {
		if (packers[i].id != v)
			continue;
		c->packer = packers[i].packer;
		c->filter = packers[i].filter;
	}
	if (flags & 0x80 || c->in > 32 || c->out > 32)
		rd_fail(r);
}

/* A line of coders with one stream in and one out; anything else is not opened. */
static void line_up(struct folder *f, const uint32_t *from, const uint32_t *to, unsigned pairs)
{
	unsigned at = f->first;
	for (unsigned i = 0; i < f->n; i++) {
		f->chain[f->n - 1 - i] = at;
		unsigned next = CODERS_MAX;
		for (unsigned k = 0; k < pairs; k++)
			if (from[k] == at)
				next = to[k];
		if (i + 1 < f->n && next >= f->n)
			return;
		at = next;
	}
	f->simple = true;
}

static void folder_read(struct rd *r, struct folder *f)
{
	uint32_t n = count(r, CODERS_MAX), from[CODERS_MAX * 32] = { 0 }, to[CODERS_MAX * 32] = { 0 };
	uint64_t in = 0, out = 0;
	bool line = true;
	for (f->n = 0; f->n < n && rd_ok(r); f->n++) {
		coder_read(r, &f->c[f->n]);
		in += f->c[f->n].in;
		out += f->c[f->n].out;
		line &= f->c[f->n].in == 1 && f->c[f->n].out == 1;
	}
	if (!rd_ok(r) || n == 0 || out == 0 || in + 1 < out) {
		rd_fail(r);
		return;
	}
	unsigned pairs = (unsigned)(out - 1);
	bool bound[CODERS_MAX * 32] = { false };
	for (unsigned i = 0; i < pairs; i++) {
		from[i] = count(r, (uint32_t)in);
		to[i] = count(r, (uint32_t)out);
		if (to[i] < ARRAY_LEN(bound))
			bound[to[i]] = true;
	}
	f->packs = (uint32_t)(in - pairs);
	for (uint32_t i = 0; f->packs > 1 && i < f->packs; i++)
		(void)number(r);
	for (f->first = 0; f->first < out - 1 && bound[f->first];)
		f->first++;
	if (line && f->packs == 1)
		line_up(f, from, to, pairs);
}

static void pack_read(struct rd *r, struct streams *s)
{
	s->at = START + number(r);
	s->npacked = count(r, STREAMS_MOST);
	s->packed = mem_array(s->npacked + 1u, sizeof(*s->packed));
	for (uint8_t id = rd_u8(r); id != P_END && rd_ok(r); id = rd_u8(r)) {
		if (id == P_SIZE) {
			for (uint32_t i = 0; i < s->npacked && rd_ok(r); i++)
				s->packed[i] = number(r);
			continue;
		}
		bool *has = mem_array(s->npacked + 1u, sizeof(*has));
		uint32_t *crc = mem_array(s->npacked + 1u, sizeof(*crc));
		if (id == P_CRC)
			digests(r, has, crc, s->npacked);
		else
			rd_fail(r);
		free(has);
		free(crc);
	}
}

static void unpack_read(struct rd *r, struct streams *s)
{
	if (rd_u8(r) != P_FOLDER) {
		rd_fail(r);
		return;
	}
	s->nf = count(r, FOLDERS_MAX);
	s->f = mem_array(s->nf + 1u, sizeof(*s->f));
	if (rd_u8(r) != 0)                       /* folders that stand elsewhere: nobody writes them */
		rd_fail(r);
	for (uint32_t i = 0; i < s->nf && rd_ok(r); i++) {
		folder_read(r, &s->f[i]);
		s->f[i].streams = 1;
	}
	if (rd_u8(r) != P_CODERS_SIZES)
		rd_fail(r);
	for (uint32_t i = 0; i < s->nf && rd_ok(r); i++)
		for (unsigned c = 0; c < s->f[i].n; c++)
			for (uint64_t k = 0; k < s->f[i].c[c].out; k++)
				s->f[i].c[c].size = number(r);
	uint8_t id = rd_u8(r);
	if (id == P_CRC) {
		bool *has = mem_array(s->nf + 1u, sizeof(*has));
		uint32_t *crc = mem_array(s->nf + 1u, sizeof(*crc));
		digests(r, has, crc, s->nf);
		for (uint32_t i = 0; i < s->nf; i++) {
			s->f[i].has_crc = has[i];
			s->f[i].crc = crc[i];
		}
		free(has);
		free(crc);
		id = rd_u8(r);
	}
	if (id != P_END)
		rd_fail(r);
}

static uint64_t folder_size(const struct folder *f)
{
	return f->first < f->n ? f->c[f->first].size : 0;
}

/* Sizes of the files of each folder; the last one's is what the others leave. */
static uint8_t sizes_read(struct rd *r, struct streams *s, uint8_t id)
{
	uint32_t k = 0;
	bool written = id == P_SIZE;
	for (uint32_t i = 0; i < s->nf && rd_ok(r); i++) {
		uint64_t left = folder_size(&s->f[i]);
		for (uint32_t j = 0; j < s->f[i].streams && rd_ok(r); j++, k++) {
			bool last = j + 1 == s->f[i].streams;
			s->sizes[k] = last ? left : written ? number(r) : 0;
			if (s->sizes[k] > left)
				rd_fail(r);
			left -= rd_ok(r) ? s->sizes[k] : 0;
			s->has_crc[k] = s->f[i].streams == 1 && s->f[i].has_crc;
			s->crcs[k] = s->f[i].crc;
		}
	}
	return written ? rd_u8(r) : id;
}

/* Sums of those files whose folder does not say them. */
static void sums_read(struct rd *r, struct streams *s)
{
	uint32_t n = 0, k = 0;
	for (uint32_t i = 0; i < s->nsizes; i++)
		n += !s->has_crc[i];
	bool *has = mem_array(n + 1u, sizeof(*has));
	uint32_t *crc = mem_array(n + 1u, sizeof(*crc));
	digests(r, has, crc, n);
	for (uint32_t i = 0; i < s->nsizes; i++) {
		if (s->has_crc[i])
			continue;
		s->has_crc[i] = has[k];
		s->crcs[i] = crc[k++];
	}
	free(has);
	free(crc);
}

static bool streams_room(struct rd *r, struct streams *s)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < s->nf; i++)
		n += s->f[i].streams;
	if (n > FILES_MAX)
		rd_fail(r);
	s->nsizes = n > FILES_MAX ? 0 : (uint32_t)n;
	s->sizes = mem_array(s->nsizes + 1u, sizeof(*s->sizes));
	s->crcs = mem_array(s->nsizes + 1u, sizeof(*s->crcs));
	s->has_crc = mem_array(s->nsizes + 1u, sizeof(*s->has_crc));
	return rd_ok(r);
}

static void substreams_read(struct rd *r, struct streams *s, bool written)
{
	uint8_t id = written ? rd_u8(r) : P_END;
	if (id == P_NUM_STREAMS) {
		for (uint32_t i = 0; i < s->nf && rd_ok(r); i++)
			s->f[i].streams = count(r, FILES_MAX);
		id = rd_u8(r);
	}
	if (!streams_room(r, s))
		return;
	id = sizes_read(r, s, id);
	if (id == P_CRC) {
		sums_read(r, s);
		id = rd_u8(r);
	}
	if (id != P_END)
		rd_fail(r);
}

static void streams_read(struct rd *r, struct streams *s)
{
	uint8_t id = rd_u8(r);
	if (id == P_PACK) {
		pack_read(r, s);
		id = rd_u8(r);
	}
	if (id == P_UNPACK) {
		unpack_read(r, s);
		id = rd_u8(r);
	}
	bool has_sub = id == P_SUBSTREAMS;
	if (rd_ok(r))
		substreams_read(r, s, has_sub);
	if (has_sub)
		id = rd_u8(r);
	if (id != P_END)
		rd_fail(r);
}

static void streams_done(struct streams *s)
{
	free(s->packed);
	free(s->f);
	free(s->sizes);
	free(s->crcs);
	free(s->has_crc);
	*s = (struct streams){ 0 };
}

/* One folder's content, with taker t. Only lines of what liblzma does, or one other packer. */
static struct codec_result folder_run(const struct folder *f, struct span in, const struct codec_taker *t)
{
	struct codec_result bad = { .end = CODEC_BAD };
	struct codec_raw chain[CODEC_RAW_MOST];
	const struct coder *packer = &f->c[f->chain[0]];
	uint64_t size = folder_size(f);
	if (f->n == 1 && packer->packer == COPY) {
		bool good = t->take(t->to, span_cut(in, (size_t)(size < in.n ? size : in.n)), in.n);
		return (struct codec_result){ !good ? CODEC_STOPPED : in.n < size ? CODEC_CUT : CODEC_WHOLE, in.n, in.n };
	}
	if (f->n == 1 && (packer->packer == DEFLATE || packer->packer == BZIP2))
		return codec_stream(packer->packer == DEFLATE ? CODEC_DEFLATE : CODEC_BZIP2, in, t);
	if (packer->packer != LZMA1 && packer->packer != LZMA2)
		return bad;
	for (unsigned i = 0; i < f->n; i++) {
		const struct coder *c = &f->c[f->chain[f->n - 1 - i]];
		if (i + 1 < f->n && c->packer != FILTER)
			return bad;
		chain[i] = (struct codec_raw){ c->filter, c->props, c->size };
	}
	return codec_raw(chain, f->n, in, t);
}

/* Why it stays packed; NULL: it can be opened. */
static const char *closed(const struct folder *f)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->c[i].packer == AES)
			return "encrypted, could not open";
	bool readable = f->simple && f->c[f->chain[0]].packer < FILTER &&
			(f->n == 1 || f->c[f->chain[0]].packer == LZMA1 || f->c[f->chain[0]].packer == LZMA2);
	for (unsigned i = 1; i < f->n; i++)
		readable &= f->c[f->chain[i]].packer == FILTER;
	return readable ? NULL : "packed in a way that is not read";
}

static struct span packed_of(struct span s, const struct streams *t, uint32_t folder, uint64_t *at)
{
	uint32_t k = 0;
	*at = t->at;
	for (uint32_t i = 0; i < folder; i++)
		k += t->f[i].packs;
	for (uint32_t i = 0; i < k && i < t->npacked; i++)
		*at = t->packed[i] > UINT64_MAX - *at ? UINT64_MAX : *at + t->packed[i];
	uint64_t n = k < t->npacked ? t->packed[k] : 0;
	return *at < s.n ? span_cut(span_from(s, (size_t)*at), n < s.n ? (size_t)n : s.n) : (struct span){ 0 };
}

static bool into_buf(void *to, struct span out, uint64_t used)
{
	struct buf *b = to;
	(void)used;
	buf_bytes(b, out);
	return !b->full;
}

/* The header itself is packed more often than not. */
static bool header_unpack(struct span s, struct rd *r, struct buf *b, struct members *m)
{
	struct streams t = { 0 };
	uint64_t at;
	streams_read(r, &t);
	bool good = rd_ok(r) && t.nf == 1 && !closed(&t.f[0]) && folder_size(&t.f[0]) <= HEADER_MOST;
	if (rd_ok(r) && t.nf == 1 && closed(&t.f[0]))
		members_damage(m, "its list of files is %s", closed(&t.f[0]));
	if (good) {
		struct codec_result got = folder_run(&t.f[0], packed_of(s, &t, 0, &at), &(struct codec_taker){ into_buf, b });
		size_t want = (size_t)folder_size(&t.f[0]);
		good = got.end != CODEC_BAD && got.end != CODEC_LARGE && b->n >= want;
		b->n = b->n < want ? b->n : want;
		good = good && (!t.f[0].has_crc || crc32(0, b->p, (uInt)b->n) == t.f[0].crc) && members_step(m, b->n);
	}
	streams_done(&t);
	return good;
}

static void names_read(struct rd r, struct file *v, uint32_t n)
{
	for (uint32_t i = 0; i < n && rd_left(&r) >= 2; i++) {
		struct span all = span_of(r.p, rd_left(&r));
		size_t length = 0;
		while (rd_left(&r) >= 2 && rd_le16(&r) != 0)
			length += 2;
		v[i].name = span_cut(all, length);
	}
}

/* 100 ns since 1601. */
static uint64_t unix_time(uint64_t t)
{
	return t / 10000000 > 11644473600 ? t / 10000000 - 11644473600 : 0;
}

static void times_read(struct rd r, struct file *v, uint32_t n)
{
	bool *has = mem_array(n + 1u, sizeof(*has));
	all_or_bits(&r, has, n);
	if (rd_u8(&r) == 0)
		for (uint32_t i = 0; i < n && rd_ok(&r); i++)
			v[i].mtime = has[i] ? unix_time(rd_le64(&r)) : 0;
	free(has);
}

static void attributes_read(struct rd r, struct file *v, uint32_t n)
{
	bool *has = mem_array(n + 1u, sizeof(*has));
	all_or_bits(&r, has, n);
	if (rd_u8(&r) == 0)
		for (uint32_t i = 0; i < n && rd_ok(&r); i++) {
			v[i].attributes = has[i] ? rd_le32(&r) : 0;
			v[i].has_attributes = has[i];
		}
	free(has);
}

/* P_EMPTY_FILE speaks of those entries only that have no content. */
static void empties_read(struct rd r, struct file *v, uint32_t n)
{
	bool *is_file = mem_array(n + 1u, sizeof(*is_file));
	uint32_t empties = 0, k = 0;
	for (uint32_t i = 0; i < n; i++)
		empties += v[i].empty;
	bits(&r, is_file, empties);
	for (uint32_t i = 0; i < n; i++)
		if (v[i].empty)
			v[i].is_file = is_file[k++];
	free(is_file);
}

static struct file *files_read(struct rd *r, uint32_t *n)
{
	*n = count(r, FILES_MAX);
	if (*n > rd_left(r))                     /* each has a name of two bytes at least */
		*n = 0;
	struct file *v = mem_array(*n + 1u, sizeof(*v));
	for (uint64_t id = number(r); id != P_END && rd_ok(r); id = number(r)) {
		struct rd field = rd_sub(r, number(r));
		if (id == P_EMPTY_STREAM) {
			bool *empty = mem_array(*n + 1u, sizeof(*empty));
			bits(&field, empty, *n);
			for (uint32_t i = 0; i < *n; i++)
				v[i].empty = empty[i];
			free(empty);
		} else if (id == P_EMPTY_FILE) {
			empties_read(field, v, *n);
		} else if (id == P_NAMES && rd_u8(&field) == 0) {
			names_read(field, v, *n);
		} else if (id == P_MTIME) {
			times_read(field, v, *n);
		} else if (id == P_ATTRIBUTES) {
			attributes_read(field, v, *n);
		}
	}
	return v;
}

static void name_write(struct span name, struct buf *out)
{
	struct rd r = rd_of(name);
	while (rd_left(&r) >= 2) {
		uint32_t c = rd_le16(&r);
		if (c >= 0xd800 && c < 0xdc00)
			c = 0x10000 + ((c & 0x3ff) << 10) + (rd_le16(&r) & 0x3ff);
		unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
		static const uint8_t leads[] = { 0, 0xc0, 0xe0, 0xf0 };
		buf_u8(out, (uint8_t)(leads[more] | c >> 6 * more));
		while (more--)
			buf_u8(out, (uint8_t)(0x80 | (c >> 6 * more & 0x3f)));
	}
}

/* p7zip keeps st_mode in the upper half of the attributes when bit 15 is set. */
static struct member head_of(const struct file *f, struct buf *name)
{
	struct member h = { .mode = 0100644, .mtime = f->mtime };
	name_write(f->name, name);
	h.path = name->n ? buf_span(name) : SPAN_LIT("content");
	uint32_t mode = f->attributes >> 16;
	if (f->has_attributes && f->attributes & 0x8000 && member_type_of(mode, &h.type))
		h.mode = mode;
	else if ((f->has_attributes && f->attributes & 0x10) || (f->empty && !f->is_file))
		h.type = MEMBER_DIR;
	return h;
}

/* Cuts a folder's content into its files while it comes. */
struct cutter {
	struct members *m;
	const struct streams *t;
	const struct file *v;
	/* file: the next; stream: the one that is written; end: behind the folder's */
	uint32_t n, file, stream, end;
	uint64_t left;
	uLong crc;
	bool open, is_link;
	struct buf link;
	struct member head;
};

static void file_end(struct cutter *c)
{
	struct span link = buf_span(&c->link);
	bool sum = !c->t->has_crc[c->stream] || c->left || c->t->crcs[c->stream] == (uint32_t)c->crc;
	if (c->is_link) {
		c->head.target = link;
		(void)!member_add(c->m, &c->head, (struct span){ 0 });
	} else if (c->open) {
		if (!sum)
			member_damaged(c->m, "its checksum does not hold");
		member_end(c->m);
	}
	c->open = false;
	c->stream++;
}

static bool file_begin(struct cutter *c)
{
	struct buf name = { 0 };
	while (c->file < c->n && c->v[c->file].empty)
		c->file++;
	static const struct file nameless;
	c->head = head_of(c->file < c->n ? &c->v[c->file] : &nameless, &name);
	c->head.path = arena_copy(&c->m->arena, c->head.path);
	c->file++;
	buf_done(&name);
	buf_reset(&c->link);
	c->left = c->t->sizes[c->stream];
	c->crc = crc32(0, NULL, 0);
	c->is_link = c->head.type == MEMBER_SYMLINK;
	if (c->head.type == MEMBER_DIR)
		c->head.type = MEMBER_FILE;
	c->open = c->is_link || member_begin(c->m, &c->head);
	return c->open;
}

static bool take(void *to, struct span out, uint64_t used)
{
	struct cutter *c = to;
	if (!members_ratio(c->m, used, c->m->c[c->m->nc - 1].bytes + out.n)) {
		if (c->open && !c->is_link)
			member_damaged(c->m, "cut: it swells more than 1,000 times, as a decompression bomb does");
		return false;
	}
	while (c->stream < c->end) {
		if (!c->open && !file_begin(c))
			return false;
		struct span now = span_cut(out, (size_t)(c->left < out.n ? c->left : out.n));
		if (now.n == 0 && c->left)
			return true;
		c->crc = crc32(c->crc, now.p, (uInt)now.n);
		c->left -= now.n;
		out = span_from(out, now.n);
		if (c->is_link && c->link.n + now.n <= MEMBER_PATH)
			buf_bytes(&c->link, now);
		else if (!c->is_link && !member_write(c->m, now))
			return false;
		if (c->left == 0)
			file_end(c);
	}
	return false;                            /* all are here: what follows belongs to none */
}

static bool folder_unpack(struct cutter *c, struct span s, uint32_t i)
{
	const struct folder *f = &c->t->f[i];
	const char *why = closed(f);
	uint64_t at;
	struct span packed = packed_of(s, c->t, i, &at);
	c->end = c->stream + f->streams < c->t->nsizes ? c->stream + f->streams : c->t->nsizes;
	if (!why && f->streams) {
		struct codec_result got = folder_run(f, packed, &(struct codec_taker){ take, c });
		why = got.end == CODEC_LARGE ? "cut: unpacking it takes more memory than is allowed"
		      : got.end == CODEC_BAD ? "cut: the packed data is damaged" : "cut: the packed data ends early";
	}
	/* What did not come out keeps its name. */
	while (c->stream < c->end && !members_stopped(c->m) && members_step(c->m, START)) {
		members_damage(c->m, "%s", why);
		if (!c->open && !file_begin(c))
			return false;
		if (!c->is_link)
			member_damaged(c->m, why);
		c->left = 1;                     /* no checksum of what is not here */
		file_end(c);
	}
	return c->stream >= c->end;
}

static void archive_read(struct span s, struct rd *r, struct members *m)
{
	struct streams t = { 0 };
	uint64_t id = number(r);
	if (id == P_MAIN) {
		streams_read(r, &t);
		id = number(r);
	}
	uint32_t n = 0;
	struct file *v = id == P_FILES && rd_ok(r) ? files_read(r, &n) : NULL;
	if (!v || !rd_ok(r))
		members_damage(m, "its list of files is damaged");
	struct cutter c = { .m = m, .t = &t, .v = v, .n = n };
	for (uint32_t i = 0; v && t.sizes && i < t.nf && folder_unpack(&c, s, i); i++)
		;
	for (uint32_t i = 0; i < n && !members_stopped(m); i++) {
		struct buf name = { 0 };
		struct member h = head_of(&v[i], &name);
		bool good = !v[i].empty || member_add(m, &h, (struct span){ 0 });
		buf_done(&name);
		if (!good)
			break;
	}
	members_detail(m, "%u entries in %u packed streams", n, t.nf);
	buf_done(&c.link);
	free(v);
	streams_done(&t);
}

struct start {
	uint64_t at, size;
	uint32_t crc;
};

static bool start_read(struct span s, struct start *t)
{
	struct rd r = rd_at(s, false, 6, START - 6);
	uint8_t major = rd_u8(&r);
	rd_skip(&r, 1);
	uint32_t sum = rd_le32(&r);
	struct rd summed = r;
	struct span fixed = rd_rest(&summed);
	t->at = rd_le64(&r);
	t->size = rd_le64(&r);
	t->crc = rd_le32(&r);
	return rd_ok(&r) && major == 0 && crc32(0, fixed.p, (uInt)fixed.n) == sum && t->at < UINT64_MAX / 4 &&
	       t->size < UINT64_MAX / 4;
}

static int bid(struct span s)
{
	struct start t;
	return start_read(s, &t) ? 95 : 0;
}

static void unpack(struct span s, struct members *m)
{
	struct start t;
	struct buf packed[NESTED_MAX] = { 0 };
	if (!start_read(s, &t))
		return;
	struct rd r = rd_at(s, false, START + t.at, t.size);
	struct span header = span_of(r.p, rd_left(&r));
	if (!rd_ok(&r) || crc32(0, header.p, (uInt)header.n) != t.crc) {
		members_damage(m, "cut: its header at the end is missing or damaged");
		return;
	}
	uint64_t id = number(&r);
	for (unsigned i = 0; i < NESTED_MAX && id == P_ENCODED; i++) {
		packed[i].cap = HEADER_MOST;
		if (!header_unpack(s, &r, &packed[i], m))
			break;
		r = rd_of(buf_span(&packed[i]));
		id = number(&r);
	}
	if (id == P_HEADER)
		archive_read(s, &r, m);
	else if (t.size)
		members_damage(m, "its list of files cannot be read");
	for (unsigned i = 0; i < NESTED_MAX; i++)
		buf_done(&packed[i]);
	members_extent(m, START + t.at + t.size);
}

const struct unpacker unpacker_7z = {
	.kind = KIND_ARCHIVE,
	.name = "7z", .doc = "7z: stored, LZMA, LZMA2, deflate, bzip2, with filters",
	.magics = { { "7z\xbc\xaf\x27\x1c", 6, 0 } },
	.bid = bid, .unpack = unpack,
};
