/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buffered input with decompression. The buffer is small enough to stay in the second-level cache:
 * frames are parsed while they are warm, and the same code serves files, pipes and compressed input. */
#include "capture/input.h"

#include <errno.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "base/scope.h"

enum { BUFFER = 512 * 1024, RAW = 128 * 1024 };

enum packing { PLAIN_BYTES, GZIP, XZ, ZSTD_FRAMES };

struct input {
	int fd;
	enum packing packing;
	bool sniffed, raw_end, end;
	const char *error;
	uint8_t *buf;
	size_t size, start, stop;                /* buf[start..stop) is unread */
	uint64_t offset, consumed;
	uint8_t *raw;                            /* compressed bytes not yet fed */
	size_t raw_start, raw_stop;
	z_stream gz;
	lzma_stream xz;
	ZSTD_DStream *zstd;
	bool mid_frame;                          /* the decompressor wants more to finish */
};

struct input *input_new(int fd)
{
	struct input *in = mem_new(sizeof(*in));
	in->fd = fd;
	in->size = BUFFER;
	in->buf = mem_new(in->size);
	in->raw = mem_new(RAW);
	return in;
}

void input_free(struct input *in)
{
	if (!in)
		return;
	if (in->packing == GZIP)
		inflateEnd(&in->gz);
	if (in->packing == XZ)
		lzma_end(&in->xz);
	ZSTD_freeDStream(in->zstd);
	close(in->fd);
	free(in->buf);
	free(in->raw);
	free(in);
}

static size_t read_some(struct input *in, uint8_t *to, size_t n)
{
	ssize_t got;
	do
		got = read(in->fd, to, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		in->error = "the input could not be read";
	if (got <= 0) {
		in->raw_end = true;
		return 0;
	}
	in->consumed += (uint64_t)got;
	return (size_t)got;
}

static void raw_fill(struct input *in)
{
	if (in->raw_start < in->raw_stop || in->raw_end)
		return;
	in->raw_start = 0;
	in->raw_stop = read_some(in, in->raw, RAW);
}

static void sniff(struct input *in)
{
	in->sniffed = true;
	while (in->raw_stop < 6 && !in->raw_end)
		in->raw_stop += read_some(in, in->raw + in->raw_stop, RAW - in->raw_stop);
	struct span head = { in->raw, in->raw_stop };
	if (span_starts(head, span_of("\x1f\x8b\x08", 3))) {
		in->packing = inflateInit2(&in->gz, 15 + 16) == Z_OK ? GZIP : PLAIN_BYTES;
	} else if (span_starts(head, span_of("\xfd" "7zXZ", 6))) {
		in->xz = (lzma_stream)LZMA_STREAM_INIT;
		in->packing = lzma_stream_decoder(&in->xz, 64 << 20, LZMA_CONCATENATED) == LZMA_OK ? XZ : PLAIN_BYTES;
	} else if (span_starts(head, span_of("\x28\xb5\x2f\xfd", 4))) {
		in->zstd = ZSTD_createDStream();
		in->packing = in->zstd ? ZSTD_FRAMES : PLAIN_BYTES;
	}
}

static size_t unpack_gzip(struct input *in, uint8_t *to, size_t room)
{
	in->gz.next_in = in->raw + in->raw_start;
	in->gz.avail_in = (uInt)(in->raw_stop - in->raw_start);
	in->gz.next_out = to;
	in->gz.avail_out = (uInt)room;
	int rc = inflate(&in->gz, Z_NO_FLUSH);
	in->raw_start = in->raw_stop - in->gz.avail_in;
	in->mid_frame = rc != Z_STREAM_END;
	if (rc == Z_STREAM_END)
		inflateReset(&in->gz);           /* members may follow each other (RFC 1952 2.2) */
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		in->error = "the gzip data is damaged";
	return room - in->gz.avail_out;
}

static size_t unpack_xz(struct input *in, uint8_t *to, size_t room)
{
	in->xz.next_in = in->raw + in->raw_start;
	in->xz.avail_in = in->raw_stop - in->raw_start;
	in->xz.next_out = to;
	in->xz.avail_out = room;
	lzma_ret rc = lzma_code(&in->xz, in->raw_end ? LZMA_FINISH : LZMA_RUN);
	in->raw_start = in->raw_stop - in->xz.avail_in;
	in->mid_frame = rc != LZMA_STREAM_END;
	if (rc == LZMA_MEMLIMIT_ERROR)
		in->error = "the xz data needs more than 64 MiB to unpack";
	else if (rc != LZMA_OK && rc != LZMA_STREAM_END && rc != LZMA_BUF_ERROR)
		in->error = "the xz data is damaged";
	if (rc == LZMA_STREAM_END)
		in->raw_end = true;
	return room - in->xz.avail_out;
}

static size_t unpack_zstd(struct input *in, uint8_t *to, size_t room)
{
	ZSTD_inBuffer src = { in->raw + in->raw_start, in->raw_stop - in->raw_start, 0 };
	ZSTD_outBuffer dst = { to, room, 0 };
	size_t rc = ZSTD_decompressStream(in->zstd, &dst, &src);
	in->raw_start += src.pos;
	in->mid_frame = rc != 0;
	if (ZSTD_isError(rc))
		in->error = "the zstd data is damaged";
	return dst.pos;
}

static size_t take_raw(struct input *in, uint8_t *to, size_t room)
{
	size_t n = in->raw_stop - in->raw_start;
	n = n < room ? n : room;
	memcpy(to, in->raw + in->raw_start, n);
	in->raw_start += n;
	return n;
}

/* At least a byte more, or the end. */
static size_t produce(struct input *in, uint8_t *to, size_t room)
{
	if (in->packing == PLAIN_BYTES)
		return in->raw_start < in->raw_stop ? take_raw(in, to, room) : read_some(in, to, room);
	for (;;) {
		raw_fill(in);
		bool dry = in->raw_start == in->raw_stop;
		if (dry && (!in->mid_frame || in->packing != XZ)) {
			if (in->mid_frame)
				in->error = "the compressed data ends too early";
			return 0;
		}
		size_t n = in->packing == GZIP ? unpack_gzip(in, to, room)
			 : in->packing == XZ   ? unpack_xz(in, to, room)
					       : unpack_zstd(in, to, room);
		if (n || in->error)
			return n;
		if (dry || (in->packing == XZ && !in->mid_frame)) {
			if (in->mid_frame)
				in->error = "the compressed data ends too early";
			return 0;
		}
	}
}

static void make_room(struct input *in, size_t n)
{
	if (in->start) {
		memmove(in->buf, in->buf + in->start, in->stop - in->start);
		in->stop -= in->start;
		in->start = 0;
	}
	if (in->size >= n)
		return;
	while (in->size < n)
		in->size *= 2;
	in->buf = mem_grow(in->buf, in->size, 1);
}

struct span input_peek(struct input *in, size_t n)
{
	if (n > INPUT_PEEK_MAX)
		n = INPUT_PEEK_MAX;
	if (!in->sniffed)
		sniff(in);
	if (in->stop - in->start < n && !in->end)
		make_room(in, n);
	while (in->stop - in->start < n && !in->end) {
		size_t got = produce(in, in->buf + in->stop, in->size - in->stop);
		in->stop += got;
		in->end = got == 0 || in->error;
	}
	size_t have = in->stop - in->start;
	return (struct span){ in->buf + in->start, have < n ? have : n };
}

struct span input_ready(const struct input *in)
{
	return (struct span){ in->buf + in->start, in->stop - in->start };
}

void input_skip(struct input *in, size_t n)
{
	in->start += n;
	in->offset += n;
}

uint64_t input_offset(const struct input *in)
{
	return in->offset;
}

uint64_t input_consumed(const struct input *in)
{
	return in->consumed;
}

const char *input_error(const struct input *in)
{
	return in->error;
}
