/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An ELF file as data (System V gABI; psABIs of ARM, AArch64, MIPS, x86, PowerPC). Works from program
 * headers and the dynamic section alone; section headers are used when they are there and sane.
 * Everything borrows from the file or lies in the arena. Tables that lie are cut, and `damaged` is set. */
#pragma once

#include "base/mem.h"
#include "base/scope.h"

enum {
	ELF_SEGMENTS = 128, ELF_SECTIONS = 4096, ELF_NEEDED = 256, ELF_SYMBOLS = 1 << 18, ELF_RELOCS = 1 << 19,
	ELF_NOTES = 16, ELF_BUILD_ID = 64, ELF_FUNCTIONS = 1 << 17,
};

enum elf_machine { EM_386_ = 3, EM_MIPS_ = 8, EM_PPC_ = 20, EM_ARM_ = 40, EM_X86_64_ = 62, EM_AARCH64_ = 183 };
enum elf_type { ELF_EXEC = 2, ELF_DYN = 3 };
enum elf_relro { RELRO_NONE, RELRO_PARTIAL, RELRO_FULL };
enum elf_symbol_type { SYM_NONE, SYM_OBJECT, SYM_FUNC, SYM_SECTION, SYM_FILE, SYM_COMMON, SYM_TLS, SYM_IFUNC = 10 };

struct elf_segment {
	uint32_t type, flags;                    /* flags: 1 execute, 2 write, 4 read */
	uint64_t offset, addr, filesz, memsz;    /* filesz is cut to what the file holds */
};

struct elf_section {
	struct span name;
	uint32_t type;
	uint64_t flags, addr, offset, size, entsize;
	uint32_t link;
};

struct elf_symbol {
	struct span name;
	uint64_t value, size;
	uint8_t type, bind;                      /* elf_symbol_type; 0 local, 1 global, 2 weak */
	bool defined, dynamic;
};

struct elf_reloc {
	uint64_t at;
	int64_t addend;
	uint32_t type, symbol;                   /* index into dynamic symbols */
	bool explicit_addend, plt;               /* RELA; of DT_JMPREL */
};

struct elf {
	struct span file;
	bool wide, big;                          /* ELF64, big endian */
	uint16_t machine, type;                  /* e_machine, e_type as they stand */
	uint32_t flags;
	uint64_t entry;
	struct elf_segment *segments;
	unsigned nsegments;
	struct elf_section *sections;
	unsigned nsections;                      /* 0: no usable section headers */
	struct elf_symbol *symbols;              /* dynamic ones first, indices as relocations name them */
	unsigned nsymbols, ndynamic;
	struct elf_reloc *relocs;
	unsigned nrelocs;
	struct span interp, soname, rpath, runpath;
	struct span *needed;
	unsigned nneeded;
	uint64_t pltgot, init, fini, init_array, init_array_bytes, fini_array, fini_array_bytes;
	uint32_t mips_local_got, mips_got_symbol;/* DT_MIPS_LOCAL_GOTNO, DT_MIPS_GOTSYM */
	struct span build_id;
	struct span notes[ELF_NOTES];            /* .comment: which compilers */
	unsigned nnotes;
	bool dynamic, stripped, dwarf;           /* has a dynamic section; no .symtab; .debug_* is there */
	bool nx, pie, canary, fortify;
	enum elf_relro relro;
	bool damaged;                            /* a table was cut or refused */
};

/* False: no ELF, or nothing of it can be used. */
bool elf_read(struct span file, struct arena *a, struct elf *out) MUST_CHECK;
const char *elf_machine_name(uint16_t machine);  /* "arm", "aarch64" …; "unknown" */

/* Where an address lies in the file; false when no segment's file part holds it. */
bool elf_offset(const struct elf *e, uint64_t addr, uint64_t *offset);
/* Up to n bytes at an address, as far as its segment's file part goes. */
struct span elf_at(const struct elf *e, uint64_t addr, uint64_t n);
bool elf_executable(const struct elf *e, uint64_t addr);  /* in a segment with execute permission */

/* Function starts that exception tables name (PT_GNU_EH_FRAME, PT_ARM_EXIDX), in the arena. */
unsigned elf_unwind_functions(const struct elf *e, struct arena *a, uint64_t **out);
