/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory. The only file that computes with host pointers into it; every access is cut to a region. */
#include "fw/flow/guest.h"

#include <stdlib.h>

#include "base/mem.h"

enum { PAGES = 1 << 20 };

struct entry {                                   /* stands behind the old bytes and the old shades */
	uint32_t addr, n;
};

bool guest_init(struct guest *g, uc_engine *uc, bool big, bool wide)
{
	*g = (struct guest){ .uc = uc, .big = big, .wide = wide, .nregions = 1 };
	g->page = mem_array(PAGES, sizeof(*g->page));
	return true;
}

void guest_done(struct guest *g)
{
	for (unsigned i = 1; i < g->nregions; i++) {
		free(g->regions[i].host);
		free(g->regions[i].shade);
	}
	free(g->page);
	free(g->log);
	*g = (struct guest){ 0 };
}

static const struct region *region_of(const struct guest *g, uint64_t addr)
{
	if (addr >> 32)
		return NULL;
	uint16_t i = g->page[addr / GUEST_PAGE];
	return i ? &g->regions[i] : NULL;
}

struct region *guest_map(struct guest *g, uint64_t base, uint64_t size)
{
	uint64_t first = base / GUEST_PAGE, end = (base + size + GUEST_PAGE - 1) / GUEST_PAGE;
	if (g->nregions == GUEST_REGIONS || end > PAGES || end <= first)
		return NULL;
	for (uint64_t i = first; i < end; i++)
		if (g->page[i])
			return NULL;
	struct region *r = &g->regions[g->nregions];
	uint64_t bytes = (end - first) * GUEST_PAGE;
	void *host = NULL;
	if (posix_memalign(&host, GUEST_PAGE, bytes) != 0)
		return NULL;
	memset(host, 0, bytes);
	*r = (struct region){ (uint32_t)(first * GUEST_PAGE), (uint32_t)bytes, host, mem_new(bytes) };
	for (uint64_t i = first; i < end; i++)
		g->page[i] = (uint16_t)g->nregions;
	g->nregions++;
	return r;
}

void guest_unmap_last(struct guest *g)
{
	struct region *r = &g->regions[--g->nregions];
	uc_mem_unmap(g->uc, r->base, r->size);
	memset(&g->page[r->base / GUEST_PAGE], 0, r->size / GUEST_PAGE * sizeof(*g->page));
	free(r->host);
	free(r->shade);
}

bool guest_expose(struct guest *g, const struct region *r, uint64_t base, uint64_t size, uint32_t prot)
{
	if (base < r->base || base - r->base > r->size || size > r->size - (base - r->base))
		return false;
	return uc_mem_map_ptr(g->uc, base, size, prot, r->host + (base - r->base)) == UC_ERR_OK;
}

uint64_t guest_room(const struct guest *g, uint64_t addr)
{
	const struct region *r = region_of(g, addr);
	return r ? r->size - (addr - r->base) : 0;
}

const uint8_t *guest_bytes(const struct guest *g, uint64_t addr, uint64_t n)
{
	const struct region *r = region_of(g, addr);
	if (!r || n > r->size - (addr - r->base))
		return NULL;
	return r->host + (addr - r->base);
}

const uint8_t *guest_shades(const struct guest *g, uint64_t addr, uint64_t n)
{
	const struct region *r = region_of(g, addr);
	if (!r || n > r->size - (addr - r->base))
		return NULL;
	return r->shade + (addr - r->base);
}

struct span guest_text(const struct guest *g, uint64_t addr, uint64_t max)
{
	uint64_t room = guest_room(g, addr);
	room = room < max ? room : max;
	const uint8_t *p = room ? guest_bytes(g, addr, room) : NULL;
	if (!p)
		return (struct span){ 0 };
	const uint8_t *end = memchr(p, 0, room);
	return span_of(p, end ? (size_t)(end - p) : room);
}

uint64_t guest_number(const struct guest *g, uint64_t addr, unsigned bytes)
{
	const uint8_t *p = guest_bytes(g, addr, bytes);
	uint64_t v = 0;
	for (unsigned i = 0; p && i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * (g->big ? bytes - 1 - i : i);
	return v;
}

void guest_stored(struct guest *g, uint64_t addr, uint64_t n, uint8_t shade)
{
	const struct region *r = region_of(g, addr);
	if (!r)
		return;
	uint64_t into = addr - r->base;
	n = n < r->size - into ? n : r->size - into;
	size_t need = 2 * n + sizeof(struct entry);
	if (g->log_size - g->log_used < need) {
		size_t want = g->log_size ? 2 * g->log_size : 1 << 16;
		while (want - g->log_used < need)
			want *= 2;
		if (want > GUEST_LOG)
			g->log_full = true;      /* the path ends; this one write is still kept */
		g->log = mem_grow(g->log, want, 1);
		g->log_size = want;
	}
	uint8_t *at = g->log + g->log_used;
	struct entry e = { (uint32_t)addr, (uint32_t)n };
	memcpy(at, r->host + into, n);
	memcpy(at + n, r->shade + into, n);
	memcpy(at + 2 * n, &e, sizeof(e));
	memset(r->shade + into, shade, n);
	g->log_used += need;
}

void guest_write(struct guest *g, uint64_t addr, struct span s, uint8_t shade)
{
	uint64_t room = guest_room(g, addr);
	const struct region *r = region_of(g, addr);
	s = span_cut(s, room);
	if (!r || s.n == 0)
		return;
	guest_stored(g, addr, s.n, shade);
	memcpy(r->host + (addr - r->base), s.p, s.n);
}

void guest_put_number(struct guest *g, uint64_t addr, uint64_t v, unsigned bytes, uint8_t shade)
{
	uint8_t b[8];
	for (unsigned i = 0; i < bytes; i++)
		b[i] = (uint8_t)(v >> 8 * (g->big ? bytes - 1 - i : i));
	guest_write(g, addr, span_of(b, bytes), shade);
}

void guest_fill(struct guest *g, uint64_t addr, uint8_t byte, uint64_t n, uint8_t shade)
{
	const struct region *r = region_of(g, addr);
	uint64_t room = guest_room(g, addr);
	n = n < room ? n : room;
	if (!r || n == 0)
		return;
	guest_stored(g, addr, n, shade);
	memset(r->host + (addr - r->base), byte, n);
}

void guest_copy(struct guest *g, uint64_t to, uint64_t from, uint64_t n)
{
	uint64_t room = guest_room(g, to), have = guest_room(g, from);
	n = n < room ? n : room;
	n = n < have ? n : have;
	const struct region *a = region_of(g, to), *b = region_of(g, from);
	if (!a || !b || n == 0)
		return;
	guest_stored(g, to, n, SHADE_BUILT);
	memmove(a->host + (to - a->base), b->host + (from - b->base), n);
	uint8_t *shade = a->shade + (to - a->base);
	memmove(shade, b->shade + (from - b->base), n);
	for (uint64_t i = 0; i < n; i++)
		if (shade[i] == SHADE_NONE)
			shade[i] = SHADE_COPIED;
}

size_t guest_mark(const struct guest *g)
{
	return g->log_used;
}

size_t guest_store_before(const struct guest *g, size_t mark, uint64_t *addr, uint64_t *n)
{
	struct entry e;
	memcpy(&e, g->log + mark - sizeof(e), sizeof(e));
	*addr = e.addr;
	*n = e.n;
	return mark - sizeof(e) - 2 * (size_t)e.n;
}

void guest_rollback(struct guest *g, size_t mark)
{
	while (g->log_used > mark) {
		struct entry e;
		memcpy(&e, g->log + g->log_used - sizeof(e), sizeof(e));
		g->log_used -= sizeof(e) + 2 * (size_t)e.n;
		const struct region *r = region_of(g, e.addr);
		const uint8_t *old = g->log + g->log_used;
		if (!r)
			continue;
		memcpy(r->host + (e.addr - r->base), old, e.n);
		memcpy(r->shade + (e.addr - r->base), old + e.n, e.n);
	}
	g->log_full = false;
}

void guest_commit(struct guest *g)
{
	g->log_used = 0;
	g->log_full = false;
}
