/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The environment of U-Boot (env/common.c, tools/env): a CRC-32 of all that follows, in the byte order of the
 * processor; a counter of one byte when there are two copies; then NAME=VALUE, each with a NUL behind it, an empty
 * one at the end, and the rest of its room. Nothing marks it and nothing says how long its room is: names and the
 * sum do. */
#include <zlib.h>

#include "fw/unpack/unpack.h"

enum { CRC = 4, ALIGNED = 256, NAME_MOST = 64, SIZE_LEAST = 512, SIZE_STEP = 256, SIZE_MOST = 512 * 1024,
       VARIABLES_LEAST = 2, TRIES_MOST = 256 };

struct environment {
	size_t data;                             /* where the variables begin: 4, or 5 behind a counter */
	size_t end;                              /* behind the last variable */
	size_t size;                             /* all of its room */
	unsigned variables;
	bool big;
};

static bool is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	       c == '-' || c == '#' || c == ':' || c == '@' || c == ',';
}

/* A few bytes tell most places off. */
static bool glance(struct span s, size_t data)
{
	for (size_t i = data; i < data + NAME_MOST && i < s.n; i++) {
		if (s.p[i] == '=')
			return i > data;
		if (!is_name(s.p[i]))
			return false;
	}
	return false;
}

/* NAME=VALUE one behind the other, as far as they go. A value may have lines, but the first in lines is a text file. */
static bool variables(struct span s, struct environment *e)
{
	struct rd r = rd_of(span_from(s, e->data));
	struct span line;
	e->variables = 0;
	while (rd_left(&r) && rd_peek(&r) != 0) {
		if (!rd_until(&r, 0, &line) || !glance(line, 0) || (!e->variables && memchr(line.p, '\n', line.n)))
			return false;
		e->variables++;
	}
	e->end = s.n - rd_left(&r);
	return e->variables >= VARIABLES_LEAST && rd_left(&r);
}

/* The first size at which the sum holds: rooms are whole pages of some kind. What stands behind the last variable
 * may be left over from longer days. */
static bool size_find(struct span s, struct environment *e)
{
	struct rd r = rd_of(s);
	uint32_t little = rd_le32(&r);
	size_t done = e->data, at = (e->end + SIZE_STEP) / SIZE_STEP * SIZE_STEP;
	uLong sum = crc32(0, NULL, 0);
	for (at = at < SIZE_LEAST ? SIZE_LEAST : at; at <= s.n && at <= SIZE_MOST; at += SIZE_STEP) {
		struct span more = span_cut(span_from(s, done), at - done);
		sum = crc32(sum, more.p, (uInt)more.n);
		done = at;
		if ((uint32_t)sum != little && (uint32_t)sum != __builtin_bswap32(little))
			continue;
		e->big = (uint32_t)sum != little;
		e->size = at;
		return true;
	}
	return false;
}

/* *tried: places whose sum had to be made. */
static bool environment_read(struct span s, struct environment *e, unsigned *tried)
{
	for (size_t data = CRC; data <= CRC + 1; data++) {
		*e = (struct environment){ .data = data };
		if (!glance(s, data) || !variables(span_cut(s, SIZE_MOST), e))
			continue;
		++*tried;
		if (size_find(s, e))
			return true;
	}
	return false;
}

static bool find(struct span s, size_t from, size_t *at)
{
	struct environment e;
	unsigned tried = 0;
	for (size_t p = (from + ALIGNED - 1) / ALIGNED * ALIGNED; p < s.n && tried < TRIES_MOST; p += ALIGNED) {
		if (!environment_read(span_from(s, p), &e, &tried))
			continue;
		*at = p;
		return true;
	}
	return false;
}

static int bid(struct span s)
{
	struct environment e;
	unsigned tried = 0;
	return environment_read(s, &e, &tried) ? 90 : 0;
}

/* As fw_printenv prints it, a variable a line. */
static void unpack(struct span s, struct members *m)
{
	struct environment e;
	unsigned tried = 0;
	if (!environment_read(s, &e, &tried))
		return;
	struct span all = span_cut(span_from(s, e.data), e.end - e.data);
	struct rd r = rd_of(all);
	struct span line;
	if (!member_begin(m, &(struct member){ .path = SPAN_LIT("environment"), .mode = 0100644, .offset = e.data,
					       .length = all.n }))
		return;
	while (rd_until(&r, 0, &line) && member_write(m, line) && member_write(m, SPAN_LIT("\n")))
		;
	member_end(m);
	members_detail(m, "%s-endian sum holds, room for %zu bytes, %u variables%s", e.big ? "big" : "little", e.size,
		       e.variables, e.data == CRC ? "" : ", one of two copies");
	members_extent(m, e.size);
}

const struct unpacker unpacker_ubootenv = {
	.kind = KIND_SETTINGS,
	.name = "uboot-env", .doc = "U-Boot's environment, told by its sum", .bid = bid, .find = find, .unpack = unpack,
};
