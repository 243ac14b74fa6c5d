/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames kept in memory until all conversations are told, then written in order of time. */
#include "lab/tape.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "lab/pcapng.h"

enum { DRAIN_AT = 1 << 20 };

void tape_init(struct tape *t, size_t cap_bytes)
{
	*t = (struct tape){ .bytes.cap = cap_bytes };
}

void tape_done(struct tape *t)
{
	buf_done(&t->bytes);
	free(t->frames);
	*t = (struct tape){ 0 };
}

void tape_add(struct tape *t, uint64_t time, struct span frame)
{
	size_t at = t->bytes.n;
	buf_bytes(&t->bytes, frame);
	if (t->bytes.full || t->n == TAPE_FRAMES_MAX)
		return;
	if (t->n == t->size) {
		t->size = t->size ? t->size * 2 : 1024;
		t->frames = mem_grow(t->frames, t->size, sizeof(*t->frames));
	}
	t->frames[t->n] = (struct tape_frame){ .time = time, .at = at, .n = (uint32_t)frame.n,
		.order = (uint32_t)t->n };
	t->n++;
}

static int earlier(const void *a, const void *b)
{
	const struct tape_frame *x = a, *y = b;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

void tape_sort(struct tape *t)
{
	if (t->n)
		qsort(t->frames, t->n, sizeof(*t->frames), earlier);
}

struct span tape_bytes(const struct tape *t, size_t i)
{
	return span_of(t->bytes.p + t->frames[i].at, t->frames[i].n);
}

static int drain(struct buf *b, FILE *out)
{
	errno = 0;
	if (b->full || fwrite(b->p, 1, b->n, out) != b->n)
		return errno ? -errno : -EIO;
	buf_reset(b);
	return 0;
}

int tape_write(struct tape *t, FILE *out, const char *comment)
{
	struct buf b __attribute__((cleanup(buf_done))) = { 0 };
	if (t->bytes.full)
		return -EFBIG;
	tape_sort(t);
	pcapng_section(&b, "auscult " AUSCULT_VERSION, comment);
	pcapng_interface(&b, PCAPNG_ETHERNET, "mirror0");
	for (size_t i = 0; i < t->n; i++) {
		struct span frame = tape_bytes(t, i);
		pcapng_packet(&b, 0, t->frames[i].time, frame, (uint32_t)frame.n, NULL);
		int err = b.n >= DRAIN_AT ? drain(&b, out) : 0;
		if (err)
			return err;
	}
	return drain(&b, out);
}
