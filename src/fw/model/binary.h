/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs and libraries of an image as facts: processor, hardening, build, and which libraries of the
 * image they are linked with. */
#pragma once

#include "fw/model/elf.h"
#include "fw/model/paths.h"
#include "record/record.h"

enum { BINARIES_MAX = 20000, BINARY_NEEDED = 64, BINARY_CLOSURE = 62 };

struct binary {
	uint32_t member;
	uint16_t machine, type;
	bool wide, big, stripped, dwarf, nx, pie, canary, fortify, damaged;
	enum elf_relro relro;
	struct span interp, soname, runpath, build_id;    /* in the arena, as all texts here */
	struct span *needed;
	uint32_t *found;                         /* members, by needed; NONE: not in the image */
	unsigned nneeded;
	struct span *compilers;
	unsigned ncompilers;
};

struct binaries {
	struct binary *v;                        /* by member, rising */
	uint32_t n, room;
	bool cut;                                /* more than BINARIES_MAX */
};

/* Adds the member when its content is ELF that can be read. Members come in rising order. */
void binaries_add(struct binaries *b, uint32_t member, struct span content, struct arena *a);
/* Finds what each needs: where its own run path says, in the usual folders, then by name anywhere in the image (a
 * rootfs and the partition of the application are two file systems), always for the same processor. */
void binaries_link(struct binaries *b, const struct members *m, const struct paths *p);
/* Members of the libraries that v[i] is linked with, theirs included, nearest first; returns how many. */
unsigned binaries_closure(const struct binaries *b, uint32_t i, uint32_t out[BINARY_CLOSURE]);
void binaries_done(struct binaries *b);

enum binary_field {
	BIN_WHERE, BIN_CPU, BIN_BITS, BIN_ORDER, BIN_TYPE, BIN_LOADER, BIN_SONAME, BIN_NEEDED, BIN_LIBRARIES, BIN_MISSING,
	BIN_BUILD_ID, BIN_COMPILERS, BIN_STRIPPED, BIN_DEBUG, BIN_NX, BIN_PIE, BIN_RELRO, BIN_CANARY, BIN_FORTIFY, BIN_DAMAGED
};
extern const struct record_type binary_type;
void binary_record(const struct binaries *b, uint32_t i, const struct members *m, struct record *r,
		   const struct record_host *h);

/* For the process that hands libraries to the worker. Never printed. */
enum linked_field { LNK_PROGRAM, LNK_LIBRARY };
extern const struct record_type linked_type;
