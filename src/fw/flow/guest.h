/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulated program's memory: regions of our own bytes that the emulator maps, a shade per byte that
 * says where it came from, and a log of what was overwritten. Rolling the log back is the snapshot: paths
 * are explored depth first, so a state to come back to is a position in the log. All of it lies below 4 GB. */
#pragma once

#include <unicorn/unicorn.h>

#include "base/buf.h"
#include "base/scope.h"

enum { GUEST_REGIONS = 512, GUEST_PAGE = 4096, GUEST_TEXT = 2048, GUEST_LOG = 192 << 20 };

/* What a byte is; from SHADE_SOURCE on, the outside source with that number less SHADE_SOURCE. */
enum {
	SHADE_NONE,                              /* as the file or zero memory has it */
	SHADE_STORED,                            /* stored by the program's code */
	SHADE_LOOPED,                            /* stored by code that runs round and round */
	SHADE_COPIED,                            /* by a library call from bytes that stand in the file */
	SHADE_BUILT,                             /* by a library call: numbers in text, tables */
	SHADE_SOURCE = 16, SHADE_SOURCES = 240,
};

struct region {
	uint32_t base, size;
	uint8_t *host, *shade;
};

struct guest {
	uc_engine *uc;
	bool big, wide;
	struct region regions[GUEST_REGIONS];    /* [0] is never used */
	unsigned nregions;
	uint16_t *page;                          /* page number → region, 0: none */
	uint8_t *log;
	size_t log_used, log_size;
	bool log_full;
};

bool guest_init(struct guest *g, uc_engine *uc, bool big, bool wide) MUST_CHECK;
void guest_done(struct guest *g);
/* Whole pages, zeroed. NULL: overlaps, too many, or outside 4 GB. Mapped into the emulator by guest_expose. */
struct region *guest_map(struct guest *g, uint64_t base, uint64_t size);
bool guest_expose(struct guest *g, const struct region *r, uint64_t base, uint64_t size, uint32_t prot);

void guest_unmap_last(struct guest *g);          /* the region mapped last; the log must not lead to it any more */

/* n bytes at addr, all in one region; NULL otherwise. Borrowed, for reading. */
const uint8_t *guest_bytes(const struct guest *g, uint64_t addr, uint64_t n);
const uint8_t *guest_shades(const struct guest *g, uint64_t addr, uint64_t n);
uint64_t guest_room(const struct guest *g, uint64_t addr);      /* bytes from addr to the end of its region */
struct span guest_text(const struct guest *g, uint64_t addr, uint64_t max);  /* up to NUL, max, or the region's end */
uint64_t guest_number(const struct guest *g, uint64_t addr, unsigned bytes); /* 0 where nothing is mapped */
static inline uint64_t guest_pointer(const struct guest *g, uint64_t addr)
{
	return guest_number(g, addr, g->wide ? 8 : 4);
}

/* Writing; each is logged. Quietly cut at the end of the region. */
void guest_write(struct guest *g, uint64_t addr, struct span s, uint8_t shade);
void guest_put_number(struct guest *g, uint64_t addr, uint64_t v, unsigned bytes, uint8_t shade);
static inline void guest_put_pointer(struct guest *g, uint64_t addr, uint64_t v)
{
	guest_put_number(g, addr, v, g->wide ? 8 : 4, SHADE_BUILT);
}
void guest_fill(struct guest *g, uint64_t addr, uint8_t byte, uint64_t n, uint8_t shade);
void guest_copy(struct guest *g, uint64_t to, uint64_t from, uint64_t n);    /* shades go with the bytes */
/* The emulator is about to store n bytes: keep the old ones, shade the new. */
void guest_stored(struct guest *g, uint64_t addr, uint64_t n, uint8_t shade);

size_t guest_mark(const struct guest *g);
void   guest_rollback(struct guest *g, size_t mark);
/* The last store before a mark: where, how many bytes; returns the mark before it. There must be one. */
size_t guest_store_before(const struct guest *g, size_t mark, uint64_t *addr, uint64_t *n);
void   guest_commit(struct guest *g);            /* what stands becomes the ground */
