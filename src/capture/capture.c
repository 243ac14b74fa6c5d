/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens an input, finds its format and hands out frames in batches. */
#include "capture/capture.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/scope.h"
#include "capture/format.h"
#include "capture/input.h"

#define CAPTURE(name) extern const struct capture_format capture_##name;
#include "capture/capture.def"
#undef CAPTURE

static const struct capture_format *const formats[] = {
#define CAPTURE(name) &capture_##name,
#include "capture/capture.def"
#undef CAPTURE
};

enum { HEAD = 28 };

struct capture {
	struct input *in;
	const struct capture_format *format;
	struct walk walk;
	uint64_t number;
	size_t batched;                          /* bytes handed out and not yet skipped */
	bool done;
	char damage[160];
};

int capture_open(int fd, struct capture **out, char err[256])
{
	struct capture *c = mem_new(sizeof(*c));
	c->in = input_new(fd);
	struct span head = input_peek(c->in, HEAD);
	size_t skip = 0;
	for (size_t i = 0; i < ARRAY_LEN(formats) && !skip; i++) {
		c->walk = (struct walk){ 0 };
		skip = formats[i]->open(head, &c->walk);
		c->format = formats[i];
	}
	if (!skip) {
		const char *why = input_error(c->in);
		snprintf(err, 256, "%s", why ? why : head.n == 0 ? "the input is empty"
			: "this is no pcap or pcapng file (nor one packed with gzip, xz or zstd)");
		capture_free(c);
		return -EBADMSG;
	}
	input_skip(c->in, skip == SIZE_MAX ? 0 : skip);
	*out = c;
	return 0;
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	input_free(c->in);
	free(c->walk.ifaces);
	free(c);
}

static void stop(struct capture *c, const char *why)
{
	c->done = true;
	if (why)
		snprintf(c->damage, sizeof(c->damage), "%s, at byte %llu behind packet %llu", why,
			 (unsigned long long)(input_offset(c->in)), (unsigned long long)c->number);
}

/* Too little for the next record: read on. False at the end. */
static bool read_on(struct capture *c, uint64_t need)
{
	size_t had = input_ready(c->in).n;
	if (need <= INPUT_PEEK_MAX && input_peek(c->in, (size_t)need).n >= need)
		return true;
	const char *why = input_error(c->in);
	stop(c, why ? why : had ? "the file ends in the middle of a record" : NULL);
	return false;
}

size_t capture_batch(struct capture *c, struct captured out[CAPTURE_BATCH])
{
	input_skip(c->in, c->batched);
	c->batched = 0;
	size_t n = 0;
	while (n < CAPTURE_BATCH && !c->done) {
		struct stepped s = c->format->next(&c->walk, span_from(input_ready(c->in), c->batched), &out[n]);
		if (s.step == STEP_MORE || s.step == STEP_DAMAGED) {
			if (n)
				break;           /* give what is there; look again next time */
			input_skip(c->in, c->batched);
			c->batched = 0;
			if (s.step == STEP_DAMAGED)
				stop(c, s.why);
			else
				read_on(c, s.size);
			continue;
		}
		if (s.step == STEP_FRAME) {
			out[n].offset = input_offset(c->in) + c->batched;
			out[n].number = ++c->number;
			n++;
		}
		c->batched += (size_t)s.size;
	}
	return n;
}

const char *capture_damage(const struct capture *c)
{
	return c->damage[0] ? c->damage : NULL;
}

uint64_t capture_consumed(const struct capture *c)
{
	return input_consumed(c->in);
}

uint64_t capture_offset(const struct capture *c)
{
	return input_offset(c->in);
}

const char *capture_format(const struct capture *c)
{
	return c->format->name;
}
