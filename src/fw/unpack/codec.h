/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed streams and blocks: one call over zlib, libbz2, liblzma, libzstd, liblz4 and liblzo2.
 * The libraries run inside the sandboxed process only. */
#pragma once

#include "fw/unpack/unpack.h"

enum codec { CODEC_ZLIB, CODEC_DEFLATE, CODEC_BZIP2, CODEC_XZ, CODEC_LZMA, CODEC_ZSTD, CODEC_LZ4, CODEC_LZO, CODECS };

enum codec_end {
	CODEC_WHOLE,                             /* the stream ended by itself */
	CODEC_CUT,                               /* the input ended first */
	CODEC_BAD,
	CODEC_LARGE,                             /* it wants more memory than it is given: not unpacked */
	CODEC_STOPPED,                           /* the taker wanted no more */
};

struct codec_result {
	enum codec_end end;
	uint64_t used, made;
};

/* A stream in pieces; take returns false to stop. used so far is given for ratios. */
struct codec_taker {
	bool (*take)(void *to, struct span out, uint64_t used);
	void *to;
};

struct codec_result codec_stream(enum codec c, struct span in, const struct codec_taker *t) MUST_CHECK;
/* Filters and a packer without any frame, as archives that keep their own headers have them (7z): the packer last. */
struct codec_raw {
	uint64_t filter;                         /* liblzma's number */
	struct span props;                       /* as liblzma encodes them */
	uint64_t size;                           /* of what LZMA gives: filters hold bytes back until they know the end */
};
enum { CODEC_RAW_MOST = 4 };
struct codec_result codec_raw(const struct codec_raw *chain, unsigned n, struct span in,
			      const struct codec_taker *t) MUST_CHECK;
/* One block into the caller's room: bytes made, or -1. LZ4 and LZO are raw blocks here. */
ptrdiff_t codec_block(enum codec c, struct span in, uint8_t *out, size_t room) MUST_CHECK;
/* A stream into the open member: budgets, and the word of what went wrong, included. */
struct codec_result codec_member(enum codec c, struct span in, struct members *m) MUST_CHECK;
/* True when the stream's own head stands there whole, as its check sum says: what is damaged lies behind it. */
bool codec_headed(enum codec c, struct span in) MUST_CHECK;
/* True when the first bytes of the stream come out well; reads little. */
bool codec_try(enum codec c, struct span in) MUST_CHECK;
