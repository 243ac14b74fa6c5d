/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each library's streaming loop, in the same shape: feed all, take 64 KiB at a time, stop when nothing moves. */
#include "fw/unpack/codec.h"

#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { PIECE = 64 * 1024, TRY_IN = 4096, TRY_OUT = 256, TRY_OUT_LZMA = 4096, LZMA_CUT_LEAST = 256, XZ_MEMORY = 96 << 20,
       ZSTD_WINDOW_LOG = 26, FEED_MAX = 1 << 30 };

struct flow {                                    /* one stream on its way */
	struct span in;
	const struct codec_taker *t;
	uint64_t made;
	uint8_t out[PIECE];
};

static bool give(struct flow *f, size_t n, uint64_t used)
{
	f->made += n;
	return n == 0 || f->t->take(f->t->to, span_of(f->out, n), used);
}

static struct codec_result result(const struct flow *f, enum codec_end end, uint64_t used)
{
	return (struct codec_result){ end, used, f->made };
}

static struct codec_result run_zlib(struct flow *f, int window)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)f->in.p, .avail_in = (uInt)span_cut(f->in, FEED_MAX).n };
	if (inflateInit2(&z, window) != Z_OK)
		return result(f, CODEC_BAD, 0);
	enum codec_end end = CODEC_STOPPED;
	int rc = Z_OK;
	do {
		z.next_out = f->out;
		z.avail_out = PIECE;
		rc = inflate(&z, Z_NO_FLUSH);
		if (!give(f, PIECE - z.avail_out, z.total_in))
			goto out;
	} while (rc == Z_OK);
	end = rc == Z_STREAM_END ? CODEC_WHOLE : rc == Z_BUF_ERROR ? CODEC_CUT : CODEC_BAD;
out:;
	uint64_t used = z.total_in;
	inflateEnd(&z);
	return result(f, end, used);
}

static struct codec_result run_bzip2(struct flow *f)
{
	unsigned feed = (unsigned)span_cut(f->in, FEED_MAX).n;
	bz_stream z = { .next_in = (char *)(uintptr_t)f->in.p, .avail_in = feed };
	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return result(f, CODEC_BAD, 0);
	enum codec_end end = CODEC_STOPPED;
	for (;;) {
		z.next_out = (char *)f->out;
		z.avail_out = PIECE;
		int rc = BZ2_bzDecompress(&z);
		size_t made = PIECE - z.avail_out;
		if (!give(f, made, feed - z.avail_in))
			break;
		if (rc == BZ_OK && (made || z.avail_in))
			continue;
		end = rc == BZ_STREAM_END ? CODEC_WHOLE : rc == BZ_OK ? CODEC_CUT : CODEC_BAD;
		break;
	}
	uint64_t used = feed - z.avail_in;
	BZ2_bzDecompressEnd(&z);
	return result(f, end, used);
}

/* With a decoder that is set up; ends it. */
static struct codec_result feed_lzma(struct flow *f, lzma_stream *z)
{
	z->next_in = f->in.p;
	z->avail_in = f->in.n;
	enum codec_end end = CODEC_STOPPED;
	for (;;) {
		z->next_out = f->out;
		z->avail_out = PIECE;
		lzma_ret rc = lzma_code(z, LZMA_RUN);
		size_t made = PIECE - z->avail_out;
		if (!give(f, made, z->total_in))
			break;
		if (rc == LZMA_OK && (made || z->avail_in))
			continue;
		if (rc == LZMA_STREAM_END)
			end = CODEC_WHOLE;
		else if (rc == LZMA_OK || rc == LZMA_BUF_ERROR)
			end = CODEC_CUT;
		else
			end = rc == LZMA_MEMLIMIT_ERROR ? CODEC_LARGE : CODEC_BAD;
		break;
	}
	uint64_t used = z->total_in;
	lzma_end(z);
	return result(f, end, used);
}

static struct codec_result run_lzma(struct flow *f, bool alone)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret rc = alone ? lzma_alone_decoder(&z, XZ_MEMORY) : lzma_stream_decoder(&z, XZ_MEMORY, 0);
	return rc == LZMA_OK ? feed_lzma(f, &z) : result(f, CODEC_BAD, 0);
}

struct codec_result codec_raw(const struct codec_raw *chain, unsigned n, struct span in, const struct codec_taker *t)
{
	lzma_filter filters[CODEC_RAW_MOST + 1] = { [0] = { .id = LZMA_VLI_UNKNOWN } };
	lzma_stream z = LZMA_STREAM_INIT;
	AUTO_FREE struct flow *f = mem_new(sizeof(*f));
	unsigned ready = 0;
	*f = (struct flow){ .in = in, .t = t };
	while (ready < n && ready < CODEC_RAW_MOST) {
		filters[ready].id = chain[ready].filter;
		if (lzma_properties_decode(&filters[ready], NULL, chain[ready].props.p, chain[ready].props.n) != LZMA_OK)
			break;
		if (chain[ready].filter == LZMA_FILTER_LZMA1EXT) {
			lzma_options_lzma *o = filters[ready].options;
			o->ext_flags = LZMA_LZMA1EXT_ALLOW_EOPM;
			lzma_set_ext_size(*o, chain[ready].size);
		}
		ready++;
	}
	filters[ready].id = LZMA_VLI_UNKNOWN;
	uint64_t wants = ready == n ? lzma_raw_decoder_memusage(filters) : UINT64_MAX;
	bool large = wants != UINT64_MAX && wants > XZ_MEMORY;
	bool good = wants <= XZ_MEMORY && lzma_raw_decoder(&z, filters) == LZMA_OK;
	struct codec_result r = good ? feed_lzma(f, &z) : result(f, large ? CODEC_LARGE : CODEC_BAD, 0);
	if (!good)
		lzma_end(&z);
	for (unsigned i = 0; i < ready; i++)
		free(filters[i].options);
	return r;
}

static struct codec_result run_zstd(struct flow *f)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	if (!z)
		return result(f, CODEC_BAD, 0);
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	ZSTD_inBuffer in = { f->in.p, f->in.n, 0 };
	enum codec_end end = CODEC_STOPPED;
	for (;;) {
		ZSTD_outBuffer out = { f->out, PIECE, 0 };
		size_t rc = ZSTD_decompressStream(z, &out, &in);
		if (!ZSTD_isError(rc) && !give(f, out.pos, in.pos))
			break;
		if (!ZSTD_isError(rc) && rc != 0 && (out.pos || in.pos < in.size))
			continue;
		if (ZSTD_isError(rc))
			end = ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge ? CODEC_LARGE : CODEC_BAD;
		else
			end = rc == 0 ? CODEC_WHOLE : CODEC_CUT;
		break;
	}
	ZSTD_freeDStream(z);
	return result(f, end, in.pos);
}

static struct codec_result run_lz4(struct flow *f)
{
	LZ4F_dctx *z = NULL;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&z, LZ4F_VERSION)))
		return result(f, CODEC_BAD, 0);
	enum codec_end end = CODEC_STOPPED;
	struct span left = f->in;
	for (;;) {
		size_t made = PIECE, took = left.n;
		size_t rc = LZ4F_decompress(z, f->out, &made, left.p, &took, NULL);
		bool good = !LZ4F_isError(rc);
		left = span_from(left, good ? took : 0);
		if (good && !give(f, made, f->in.n - left.n))
			break;
		if (good && rc != 0 && (made || (took && left.n)))
			continue;
		end = !good ? CODEC_BAD : rc == 0 ? CODEC_WHOLE : CODEC_CUT;
		break;
	}
	LZ4F_freeDecompressionContext(z);
	return result(f, end, f->in.n - left.n);
}

struct codec_result codec_stream(enum codec c, struct span in, const struct codec_taker *t)
{
	AUTO_FREE struct flow *f = mem_new(sizeof(*f));
	f->in = in;
	f->t = t;
	switch (c) {
	case CODEC_ZLIB:
		return run_zlib(f, 15);
	case CODEC_DEFLATE:
		return run_zlib(f, -15);
	case CODEC_BZIP2:
		return run_bzip2(f);
	case CODEC_XZ:
		return run_lzma(f, false);
	case CODEC_LZMA:
		return run_lzma(f, true);
	case CODEC_ZSTD:
		return run_zstd(f);
	case CODEC_LZ4:
		return run_lz4(f);
	case CODEC_LZO:
	case CODECS:
		break;
	}
	return result(f, CODEC_BAD, 0);
}

struct room {
	uint8_t *p;
	size_t n, left;
};

static bool into_room(void *to, struct span out, uint64_t used)
{
	struct room *r = to;
	(void)used;
	if (out.n > r->left)
		return false;
	memcpy(r->p + r->n, out.p, out.n);
	r->n += out.n;
	r->left -= out.n;
	return true;
}

ptrdiff_t codec_block(enum codec c, struct span in, uint8_t *out, size_t room)
{
	if (in.n > FEED_MAX || room > FEED_MAX || in.n == 0)
		return -1;
	if (c == CODEC_LZ4) {
		int n = LZ4_decompress_safe((const char *)in.p, (char *)out, (int)in.n, (int)room);
		return n < 0 ? -1 : n;
	}
	if (c == CODEC_LZO) {
		lzo_uint made = room;
		int rc = lzo1x_decompress_safe(in.p, in.n, out, &made, NULL);
		return rc == LZO_E_OK || rc == LZO_E_INPUT_NOT_CONSUMED ? (ptrdiff_t)made : -1;
	}
	if (c == CODEC_ZSTD) {
		size_t n = ZSTD_decompress(out, room, in.p, in.n);
		return ZSTD_isError(n) ? -1 : (ptrdiff_t)n;
	}
	struct room r = { out, 0, room };
	struct codec_result got = codec_stream(c, in, &(struct codec_taker){ into_room, &r });
	return got.end == CODEC_WHOLE ? (ptrdiff_t)r.n : -1;
}

static bool into_member(void *to, struct span out, uint64_t used)
{
	struct members *m = to;
	if (members_ratio(m, used, m->c[m->nc - 1].bytes + out.n))
		return member_write(m, out);
	member_damaged(m, "cut: it swells more than 1,000 times, as a decompression bomb does");
	return false;
}

struct codec_result codec_member(enum codec c, struct span in, struct members *m)
{
	struct codec_result r = codec_stream(c, in, &(struct codec_taker){ into_member, m });
	if (r.end == CODEC_CUT)
		member_damaged(m, "cut: the packed data ends early");
	if (r.end == CODEC_BAD)
		member_damaged(m, "cut: the packed data is damaged");
	if (r.end == CODEC_LARGE)
		member_damaged(m, "cut: unpacking it takes more memory than is allowed");
	return r;
}

static bool lz4_headed(struct span in)
{
	LZ4F_dctx *z = NULL;
	LZ4F_frameInfo_t info;
	size_t n = in.n;
	if (LZ4F_isError(LZ4F_createDecompressionContext(&z, LZ4F_VERSION)))
		return false;
	bool good = !LZ4F_isError(LZ4F_getFrameInfo(z, &info, in.p, &n));
	LZ4F_freeDecompressionContext(z);
	return good;
}

bool codec_headed(enum codec c, struct span in)
{
	lzma_stream_flags flags;
	if (c == CODEC_XZ)
		return in.n >= LZMA_STREAM_HEADER_SIZE && lzma_stream_header_decode(&flags, in.p) == LZMA_OK;
	return c == CODEC_LZ4 && lz4_headed(span_cut(in, LZ4F_HEADER_SIZE_MAX));
}

struct tried {
	size_t made, want;
};

static bool enough(void *to, struct span out, uint64_t used)
{
	struct tried *t = to;
	(void)used;
	t->made += out.n;
	return t->made < t->want;
}

/* LZMA has neither mark nor check sum: a few bytes of a program can give hundreds before they make no sense, and so few
 * that the file ends before they do are seen by chance. */
bool codec_try(enum codec c, struct span in)
{
	struct tried t = { .want = c == CODEC_LZMA ? TRY_OUT_LZMA : TRY_OUT };
	struct codec_result r = codec_stream(c, span_cut(in, TRY_IN), &(struct codec_taker){ enough, &t });
	if (c == CODEC_LZMA && r.end == CODEC_CUT && in.n < LZMA_CUT_LEAST)
		return false;
	if (r.end == CODEC_LARGE)                /* by its header: only where a mark stands in front of it */
		return c != CODEC_LZMA;
	/* bzip2 and zstd give nothing before a whole block has been read. */
	return r.end == CODEC_WHOLE || r.end == CODEC_STOPPED || (r.end == CODEC_CUT && (t.made || in.n > TRY_IN));
}
