/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies where in an image, from end to end: containers, what is in them, the bytes that none of them took, and the
 * partitions that the image says it has. Made of the records of an inspection; drawn as SVG, as text and as JSON. */
#pragma once

#include "report/image.h"

enum map_kind {
	MAP_OTHER, MAP_FILES, MAP_ARCHIVE, MAP_STREAM, MAP_BOOT, MAP_FLASH, MAP_SETTINGS, MAP_PARTITION, MAP_MEMBER,
	MAP_DATA, MAP_TEXT, MAP_SEALED, MAP_ERASED, MAP_ZEROS, MAP_PADDING, MAP_UNSEEN, MAP_KINDS
};

enum { MAP_NUMBER = 24, MAP_PARTS = 4096, MAP_TABLES = 4, MAP_LANES = 3, MAP_NONE = -1 };

struct map_part {
	uint64_t from, to;                       /* in the image; when not to scale: of what holds it */
	int parent;                              /* MAP_NONE: it lies in the image itself */
	unsigned depth;
	enum map_kind kind;
	struct span name, detail, damage;        /* name: format, path of a member, or what an area is */
	uint64_t members, size;                  /* size: bytes that came out of what is packed */
	bool to_scale;                           /* false: it is packed or scattered, only where it lies as a whole is known */
	char number[MAP_NUMBER];                 /* "3.1": the first in the third */
};

/* Partitions as a device tree or a command line of the image has them, when they fit what lies there. */
struct map_partition {
	struct span label;
	uint64_t from, to;                       /* in the image */
	bool read_only;
	unsigned lane;                           /* those of one lane do not overlap */
};

struct map_table {
	struct span source, where, device;
	struct map_partition *v;                 /* by place */
	size_t n;
	unsigned lanes;
};

struct flash_map {
	struct span name;
	uint64_t size, step;
	struct span entropy, fill;               /* of the strip */
	struct map_part *v;                      /* each behind what holds it, by place */
	size_t n, room, dropped;
	struct map_table tables[MAP_TABLES];
	size_t ntables;
};

/* The map of the n-th input that has a strip; false: there is none. */
bool   flash_map_build(const struct image *i, size_t n, struct flash_map *m) MUST_CHECK;
void   flash_map_done(struct flash_map *m);
const char *map_kind_word(enum map_kind k);
/* Steps of the strip between two addresses: mean entropy, and the fill when it is one throughout ('.' else). */
double flash_map_entropy(const struct flash_map *m, uint64_t from, uint64_t to, char *fill);
/* The partition of the first table in which most of the part lies; empty: none. */
struct span flash_map_partition(const struct flash_map *m, const struct map_part *p);

/* A picture of every input that has a strip, one below the other. Returns how many. */
size_t flash_map_svg(const struct image *i, struct buf *out);
/* Tables of what lies in which member, an image of several parts with its strip and its partitions before. */
void   image_map(const struct image *i, const struct layout *l, struct buf *out);
/* The value of "map" in the document. */
void   flash_map_json(const struct image *i, struct buf *out);
