/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An image that a test has put together, opened by every unpacker. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fw/unpack/extract.h"

static inline struct members *opened_with(struct span image, struct budget b)
{
	struct members *m = members_new(b, -1);
	members_input(m, &(struct member){ .path = SPAN_LIT("image") }, image);
	unpack_all(m, NULL, NULL);
	return m;
}

static inline struct members *opened_span(struct span image)
{
	return opened_with(image, budget_for(image.n));
}

static inline struct members *opened(const struct buf *image)
{
	return opened_span(buf_span(image));
}

/* NULL: it is not there; find() fails then. */
static inline const struct member *seek(const struct members *m, const char *path)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[i].container && span_is(m->v[i].path, path))
			return &m->v[i];
	return NULL;
}

static inline const struct member *find(const struct members *m, const char *path)
{
	static const struct member none;
	const struct member *f = seek(m, path);
	if (!f)
		fail_msg("%s is missing", path);
	return f ? f : &none;
}

static inline void holds(const struct members *m, const char *path, struct span content)
{
	const struct member *f = find(m, path);
	struct span got = member_map(m, f);
	if (!span_eq(got, content))
		fail_msg("%s: %zu bytes, not the %zu that went in", path, got.n, content.n);
	member_unmap(f, got);
}

static inline void is_format(const struct members *m, uint32_t container, const char *name, uint64_t offset)
{
	assert_true(container < m->nc);
	assert_string_equal(m->c[container].by->name, name);
	assert_int_equal(m->c[container].offset, offset);
}

static inline void put_at(struct buf *b, size_t at, struct span s)
{
	memcpy(b->p + at, s.p, s.n);
}

static inline void newc(struct buf *b, const char *name, unsigned ino, unsigned mode, unsigned nlink, struct span data)
{
	buf_printf(b, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", ino, mode, 1u, 2u, nlink, 3u, data.n, 0u,
		   0u, 4u, 5u, strlen(name) + 1, 0u);
	buf_bytes(b, span_of(name, strlen(name) + 1));
	while (b->n % 4)
		buf_u8(b, 0);
	buf_bytes(b, data);
	while (b->n % 4)
		buf_u8(b, 0);
}
