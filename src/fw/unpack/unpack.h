/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Container → members, recursively. An unpacker reads one format through base/rd.h and hands over what
 * it finds with member_begin / member_write / member_end; recursion, carving, budgets, hashes and the
 * place of every member belong to the caller. UNPACKER(x) in unpack.def: x.c ends with unpacker_x. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"
#include "base/scope.h"

enum member_type {
	MEMBER_FILE, MEMBER_DIR, MEMBER_SYMLINK, MEMBER_HARDLINK, MEMBER_CHAR, MEMBER_BLOCK, MEMBER_FIFO, MEMBER_SOCKET,
};

#define NONE UINT32_MAX                          /* no member, no container */

enum { MEMBER_PATH = 1024, TREE_DEPTH = 64 };

struct member {
	struct span path;                        /* in its container, without leading "/" or "./"; a NUL stands behind it */
	struct span target;                      /* of links; a NUL stands behind it */
	enum member_type type;
	uint32_t mode, uid, gid;                 /* mode: as stored, set-id bits and all */
	uint32_t major, minor;                   /* devices */
	uint64_t mtime;                          /* seconds since 1970; 0: not known */
	uint64_t size;                           /* bytes of content that are here */
	uint64_t offset, length;                 /* its bytes in the container; length 0: scattered */
	uint8_t sha256[32];                      /* files: of the content that is here */
	uint32_t container;                      /* index */
	const char *damage;                      /* NULL: whole; else a clear word */
	const uint8_t *memory;                   /* the content, or NULL: it stands in the spool at spool_at */
	uint64_t spool_at;
	bool borrowed;                           /* memory belongs to someone else (the input) */
};

struct container {
	const struct unpacker *by;               /* NULL: container 0, the input as it was given */
	uint32_t member;                         /* the member in which it lies; NONE for container 0 */
	uint64_t offset, length;                 /* in that member */
	uint32_t depth;
	uint32_t first, nmembers;                /* its members stand one behind the other */
	uint64_t bytes;                          /* of content taken out of it */
	const char *detail;                      /* "little-endian, 12 files", never NULL */
	const char *damage;                      /* NULL: whole */
};

/* Bytes that no unpacker took. */
struct area {
	uint32_t member;
	uint64_t offset, length;
	double entropy;                          /* bits a byte, of the whole area */
	const char *what;                        /* "padding 0xff", "encrypted or compressed, could not open", … */
	const char *map;                         /* entropy block by block: '0' none … '8' full */
};

/* The entropy of an input from end to end, in steps of equal length. */
struct strip {
	uint32_t member;
	uint64_t step;                           /* bytes of each but the last */
	const char *entropy;                     /* two digits a step: tenths of a bit a byte */
	const char *fill;                        /* one a step: 'f' erased (0xff), '0' zeros, '=' another byte, '.' mixed */
};

/* What a device tree says of the machine it is for. */
struct device_tree {
	uint32_t member;
	uint64_t offset;                         /* in that member */
	struct span model, compatible;           /* compatible: texts, each with a NUL behind it */
	struct span bootargs, memory;
	uint32_t partitions;
};

/* A table of partitions in words: in a device tree or on a kernel's command line. */
struct partition_table {
	const char *source;
	struct span device;                      /* as the command line names it; may be empty */
	uint32_t member;                         /* where the table stands … */
	uint64_t offset;
	uint32_t tells_of;                       /* … and in which member its partitions lie; NONE: in none that is here */
};

struct partition {
	uint32_t table;
	struct span label;
	uint64_t offset, length;                 /* length UINT64_MAX: all that is left */
	bool read_only;
};

enum budget_kind {
	BUDGET_BYTES, BUDGET_MEMBERS, BUDGET_CONTAINERS, BUDGET_DEPTH, BUDGET_RATIO, BUDGET_STEPS, BUDGET_CANDIDATES,
	BUDGET_HOLES, BUDGET_KINDS
};

struct budget {
	uint64_t bytes;                          /* content of all members together */
	uint32_t members, containers, depth;
	uint32_t ratio;                          /* bytes out for a byte in, of one stream or container … */
	uint64_t ratio_after;                    /* … counted once so much came out */
	uint64_t steps;                          /* bytes looked at, read or made */
	uint32_t candidates;                     /* places that look like the start of a container */
	uint64_t holes;                          /* zeros of sparse files, one member */
	uint64_t memory;                         /* content kept in memory; past it the spool */
};

struct budget budget_for(uint64_t input_bytes);
const char *budget_word(enum budget_kind k);     /* a sentence */

struct members {
	struct budget budget;
	uint64_t hits[BUDGET_KINDS];             /* how often each was reached */
	struct member *v;
	uint32_t n, room;
	struct container *c;
	uint32_t nc, croom;
	struct area *areas;
	uint32_t nareas, aroom;
	struct strip *strips;
	uint32_t nstrips;
	struct device_tree *trees;
	uint32_t ntrees, trees_room;
	struct partition_table *tables;
	uint32_t ntables, tables_room;
	struct partition *partitions;
	uint32_t npartitions, partitions_room;
	uint32_t untold;                         /* trees, tables and partitions past their caps */
	uint64_t bytes, steps, candidates, memory;
	struct arena arena;                      /* names and words */
	int spool;                               /* descriptor that takes what memory does not; -1: none */
	uint64_t spool_used;
	struct writer *writer;                   /* the member that is being written */
	uint64_t in;                             /* bytes of the container that is being read */
	struct seen *known;                      /* contents that were looked into */
};

struct magic {
	const char *bytes;
	uint8_t n;
	uint16_t at;                             /* from the start of the container */
};

enum { UNPACKER_MAGICS = 8 };

enum container_kind {
	KIND_OTHER, KIND_FILES, KIND_ARCHIVE, KIND_STREAM, KIND_BOOT, KIND_FLASH, KIND_SETTINGS, KIND_PARTITION, KINDS
};

struct unpacker {
	const char *name, *doc;
	enum container_kind kind;
	struct magic magics[UNPACKER_MAGICS];    /* any of them */
	bool asked_at_start;                     /* by its bid alone, whatever stands there */
	/* For weak marks, may be NULL. False: surely not mine, told by a few bytes; such a place is no candidate. */
	bool (*glance)(struct span s);
	/* For forms without a mark, else NULL: the next place at or behind `from` where one surely lies. */
	bool (*find)(struct span s, size_t from, size_t *at);
	/* 0: not mine, 100: sure. Reads headers only, and the first kilobytes of a stream. */
	int  (*bid)(struct span s);
	/* s goes on to the end of what holds the container; members_extent() says how much of it was its. */
	void (*unpack)(struct span s, struct members *m);
};

extern const struct unpacker *const unpackers[];         /* NULL-terminated, from unpack.def */

/* For the caller. spool: an empty memfd or file, or -1. */
struct members *members_new(struct budget b, int spool) MUST_CHECK;
void            members_free(struct members *m);
/* The input: a file whose bytes stay where they are until members_free. Before unpack_all. */
void            members_input(struct members *m, const struct member *head, struct span content);
/* Opens everything in the inputs, and everything in that. progress may be NULL. */
void            unpack_all(struct members *m, void (*progress)(void *ctx, const struct members *m), void *ctx);
/* Content of a file member; unmapped again by member_unmap. Empty for what is no file. */
struct span     member_map(const struct members *m, const struct member *f) MUST_CHECK;
void            member_unmap(const struct member *f, struct span s);
/* "ward.bin > 0x10000 cramfs > bin/monitor", for people and for evidence. */
void            member_where(const struct members *m, uint32_t member, struct buf *b);
void            container_where(const struct members *m, uint32_t container, struct buf *b);
const char     *member_type_name(enum member_type t);
const char     *container_kind_name(enum container_kind k);

/* For unpackers. False: a budget was reached, stop. */
bool member_begin(struct members *m, const struct member *head) MUST_CHECK;     /* path and target are copied */
bool member_write(struct members *m, struct span s) MUST_CHECK;
bool member_hole(struct members *m, uint64_t n) MUST_CHECK;                     /* n zeros that are not stored */
void member_damaged(struct members *m, const char *why);        /* the first word stays; borrowed for good */
void member_end(struct members *m);
bool member_add(struct members *m, const struct member *head, struct span content) MUST_CHECK;  /* all three */

void members_extent(struct members *m, uint64_t n);
void members_detail(struct members *m, const char *fmt, ...) PRINTF(2, 3);
void members_damage(struct members *m, const char *fmt, ...) PRINTF(2,
								    3);      /* several are joined, the same is said once */
bool members_step(struct members *m, uint64_t n) MUST_CHECK;                    /* false: no steps left */
void members_hit(struct members *m, enum budget_kind k);
bool members_stopped(const struct members *m);   /* a budget of the whole job is used up */
/* What is left of the ratio for a stream that took `in` bytes and gave `out`. */
bool members_ratio(struct members *m, uint64_t in, uint64_t out) MUST_CHECK;

/* st_mode's type bits, as every Unix file system stores them. False: no such type. */
bool member_type_of(uint32_t mode, enum member_type *t) MUST_CHECK;
/* dir "/" name in the arena; slashes and NULs inside name become '_', "." and ".." are kept for the cleaner. */
struct span member_join(struct members *m, struct span dir, struct span name);

/* 64-bit keys that were met before: directories, inodes, contents. */
struct seen;
struct seen *seen_new(void);
void         seen_free(struct seen *s);
bool         seen_add(struct seen *s, uint64_t key);     /* false: it was there */
bool         seen_has(const struct seen *s, uint64_t key);

/* Directories still to be read, so that no depth of nesting costs stack. */
struct tree_dir {
	uint64_t key, extra;                     /* whatever finds the directory */
	struct span path;
	uint32_t depth;
};
struct tree {
	struct members *m;
	struct tree_dir *v;
	size_t n, at, room;
	struct seen *seen;
};
void tree_start(struct tree *t, struct members *m, uint64_t key, uint64_t extra);
bool tree_next(struct tree *t, struct tree_dir *d) MUST_CHECK;
/* Not again for a key that was there, nor below TREE_DEPTH: false, and the container is called damaged. */
bool tree_push(struct tree *t, const struct tree_dir *parent, uint64_t key, uint64_t extra, struct span path);
void tree_done(struct tree *t);
