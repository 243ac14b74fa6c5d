/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One harness for the whole table of unpackers: the first byte picks one, or all of them as inspect runs them; the
 * rest is what it reads. */
#include <stdlib.h>

#include "fuzz.h"
#include "fw/unpack/area.h"
#include "fw/unpack/extract.h"
#include "fw/unpack/records.h"
#include "report/flash_map.h"

static struct budget small(void)
{
	struct budget b = budget_for(0);
	b.bytes = 8 << 20;
	b.members = 2000;
	b.containers = 200;
	b.depth = 4;
	b.candidates = 500;
	b.steps = 64 << 20;
	b.holes = 1 << 20;
	b.ratio_after = 1 << 20;
	return b;
}

/* Every record of what came out is written: a text that points astray is read here. */
static void read_records(const struct members *m, struct fuzz_world *w, struct arena *arena)
{
	struct record_host host = { .keyring = w->keyring, .arena = arena };
	struct record r;
	struct image image;
	struct buf map = { 0 };
	image_init(&image);
	for (uint32_t i = 1; i < m->nc; i++) {
		container_record(m, i, &r, &host);
		image_take(&image, &r);
		fuzz_read_record(&w->json, &r);
	}
	for (uint32_t i = 0; i < m->nareas; i++) {
		area_record(m, i, &r, &host);
		image_take(&image, &r);
		fuzz_read_record(&w->json, &r);
	}
	for (uint32_t i = 0; i < m->nstrips; i++) {
		strip_record(m, i, &r, &host);
		image_take(&image, &r);
		fuzz_read_record(&w->json, &r);
	}
	for (uint32_t i = 0; i < m->ntrees; i++) {
		device_tree_record(m, i, &r, &host);
		fuzz_read_record(&w->json, &r);
	}
	for (uint32_t i = 0; i < m->npartitions; i++) {
		partition_record(m, i, &r, &host);
		image_take(&image, &r);
		fuzz_read_record(&w->json, &r);
	}
	for (uint32_t i = 0; i < m->n; i++) {
		member_record(m, i, "data", &r, &host);
		image_take(&image, &r);
		fuzz_read_record(&w->json, &r);
		struct buf name = { .cap = 1 << 16 };
		extract_clean(m->v[i].path, &name);
		(void)!extract_safe_target(m->v[i].target, 3, 1, &name);
		buf_done(&name);
		arena_reset(arena);
	}
	flash_map_svg(&image, &map);
	buf_done(&map);
	image_done(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;
	while (unpackers[n])
		n++;
	if (size < 1)
		return 0;
	/* An own copy, so that a read past the end is seen. */
	uint8_t *copy = mem_new(size);
	memcpy(copy, data + 1, size - 1);
	struct span s = span_of(copy, size - 1);
	struct fuzz_world w = { .keyring = keyring_new(keyring_test_key), .json = { .cap = 1 << 20 } };
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct members *m = members_new(small(), -1);
	size_t pick = data[0] % (n + 1);
	if (pick < n) {
		unpackers[pick]->bid(s);
		m->in = s.n;
		unpackers[pick]->unpack(s, m);
		member_end(m);
	} else {
		members_input(m, &(struct member){ .path = SPAN_LIT("input") }, s);
		unpack_all(m, NULL, NULL);
	}
	read_records(m, &w, &arena);
	members_free(m);
	arena_done(&arena);
	buf_done(&w.json);
	keyring_free(w.keyring);
	free(copy);
	return 0;
}
