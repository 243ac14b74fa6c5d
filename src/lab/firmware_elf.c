/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ELF file around assembled code: System V gABI chapters 4 and 5, ELF for the ARM Architecture
 * (IHI 0044). One read-execute and one read-write segment, lazy linkage table. */
#include <elf.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/scope.h"
#include "lab/arm.h"

enum part {
	INTERP, HASH, DYNSYM, DYNSTR, RELPLT, PLT, TEXT, RODATA, DYNAMIC, GOT, DATA, SYMTAB, STRTAB, NAMES, PARTS
};
enum {
	SEGMENTS = 5, HEADERS = 52 + SEGMENTS * 32, BASE = 0x8000, PAGE = 0x8000, PLT_HEAD = 20, PLT_ENTRY = 12,
	GOT_HEAD = 3, SECTION_HEADER = 40, SYMBOL = 16, DYNAMIC_MAX = 20, FLAGS = EF_ARM_EABI_VER5,
};

static const struct {
	const char *name;
	uint32_t type, flags, align, entry;
	enum part link;                          /* PARTS: none */
} section[PARTS] = {
	[INTERP] = { ".interp", SHT_PROGBITS, SHF_ALLOC, 1, 0, PARTS },
	[HASH] = { ".hash", SHT_HASH, SHF_ALLOC, 4, 4, DYNSYM },
	[DYNSYM] = { ".dynsym", SHT_DYNSYM, SHF_ALLOC, 4, SYMBOL, DYNSTR },
	[DYNSTR] = { ".dynstr", SHT_STRTAB, SHF_ALLOC, 1, 0, PARTS },
	[RELPLT] = { ".rel.plt", SHT_REL, SHF_ALLOC, 4, 8, DYNSYM },
	[PLT] = { ".plt", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 4, 4, PARTS },
	[TEXT] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 4, 0, PARTS },
	[RODATA] = { ".rodata", SHT_PROGBITS, SHF_ALLOC, 4, 0, PARTS },
	[DYNAMIC] = { ".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, 4, 8, DYNSTR },
	[GOT] = { ".got", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 4, 4, PARTS },
	[DATA] = { ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 4, 0, PARTS },
	[SYMTAB] = { ".symtab", SHT_SYMTAB, 0, 4, SYMBOL, STRTAB },
	[STRTAB] = { ".strtab", SHT_STRTAB, 0, 1, 0, PARTS },
	[NAMES] = { ".shstrtab", SHT_STRTAB, 0, 1, 0, PARTS },
};

struct link {
	struct arm *a;
	struct buf part[PARTS];
	uint32_t at[PARTS], address[PARTS], end; /* end: of the file's parts */
	uint32_t imports;
};

/* A loader that exists nowhere: no kernel starts these programs. */
static const char interpreter[] = "/lib/ld-lab-only.so.0";

/* A text in a string table; its offset. */
static uint32_t name(struct buf *table, const char *text)
{
	if (!table->n)
		buf_u8(table, 0);
	uint32_t at = (uint32_t)table->n;
	buf_bytes(table, span_of(text, strlen(text) + 1));
	return at;
}

static void symbol(struct buf *out, uint32_t name_at, uint32_t value, uint32_t size, uint16_t place)
{
	buf_le32(out, name_at);
	buf_le32(out, value);
	buf_le32(out, size);
	buf_u8(out, name_at ? ELF32_ST_INFO(STB_GLOBAL, STT_FUNC) : 0);
	buf_u8(out, STV_DEFAULT);
	buf_le16(out, place);
}

static void import_symbols(struct link *l)
{
	symbol(&l->part[DYNSYM], 0, 0, 0, SHN_UNDEF);
	for (uint32_t i = 0; i < l->a->nfunctions; i++) {
		if (l->a->function[i].is_defined)
			continue;
		l->a->function[i].slot = l->imports++;
		symbol(&l->part[DYNSYM], name(&l->part[DYNSTR], l->a->function[i].name), 0, 0, SHN_UNDEF);
	}
	/* One bucket and a chain through all of them: short, and as valid as any. */
	struct buf *hash = &l->part[HASH];
	buf_le32(hash, 1);
	buf_le32(hash, l->imports + 1);
	buf_le32(hash, l->imports ? 1 : 0);
	buf_le32(hash, 0);
	for (uint32_t i = 1; i <= l->imports; i++)
		buf_le32(hash, i < l->imports ? i + 1 : 0);
}

/* What does not depend on addresses, and room for what does. */
static void prepare(struct link *l)
{
	buf_bytes(&l->part[INTERP], span_of(interpreter, sizeof(interpreter)));
	import_symbols(l);
	buf_fill(&l->part[RELPLT], 0, 8 * l->imports);
	buf_fill(&l->part[PLT], 0, PLT_HEAD + PLT_ENTRY * l->imports);
	buf_fill(&l->part[DYNAMIC], 0, 8 * DYNAMIC_MAX);
	buf_fill(&l->part[GOT], 0, 4 * (GOT_HEAD + l->imports));
	buf_bytes(&l->part[TEXT], buf_span(&l->a->code));
	buf_bytes(&l->part[RODATA], buf_span(&l->a->rodata));
	buf_bytes(&l->part[DATA], buf_span(&l->a->data));
	for (int i = 0; i < PARTS; i++)
		name(&l->part[NAMES], section[i].name);
}

static void place(struct link *l)
{
	uint32_t at = HEADERS, shift = BASE;
	for (int i = 0; i < PARTS; i++) {
		at = (at + section[i].align - 1) / section[i].align * section[i].align;
		if (i == DYNAMIC)
			shift = BASE + PAGE;     /* the same offset in the next pages: mapped twice, as usual */
		l->at[i] = at;
		l->address[i] = section[i].flags & SHF_ALLOC ? at + shift : 0;
		at += (uint32_t)l->part[i].n;
	}
	l->end = (at + 3) / 4 * 4;
}

static uint32_t function_address(const struct link *l, uint32_t index)
{
	const struct arm_function *f = &l->a->function[index];
	return f->is_defined ? l->address[TEXT] + f->at : l->address[PLT] + PLT_HEAD + PLT_ENTRY * f->slot;
}

static uint32_t fixed(const struct link *l, const struct arm_fixup *f, uint32_t word)
{
	switch (f->section) {
	case ARM_CODE:
		return function_address(l, f->target);
	case ARM_RODATA:
		return l->address[RODATA] + f->target;
	case ARM_DATA:
		return l->address[DATA] + f->target;
	case ARM_PLAIN:
		break;
	}
	uint32_t distance = function_address(l, f->target) - (l->address[TEXT] + f->at) - 8;
	return (word & 0xff000000) | (distance / 4 & 0xffffff);
}

static void fix(struct link *l)
{
	struct buf out = { .cap = l->part[TEXT].cap };
	struct rd r = rd_of(buf_span(&l->part[TEXT]));
	/* The fixups of a function's literals come after its branches: not in order of place. */
	uint32_t *of = mem_array(l->part[TEXT].n / 4 + 1, sizeof(*of));
	for (uint32_t i = 0; i < l->a->nfixups; i++)
		of[l->a->fixup[i].at / 4] = i + 1;
	for (uint32_t at = 0; rd_left(&r); at += 4) {
		uint32_t word = rd_le32(&r);
		buf_le32(&out, of[at / 4] ? fixed(l, &l->a->fixup[of[at / 4] - 1], word) : word);
	}
	free(of);
	buf_done(&l->part[TEXT]);
	l->part[TEXT] = out;
}

/* The lazy linkage table that binutils makes: an entry adds up the address of its slot. */
static void linkage(struct link *l)
{
	struct buf *plt = &l->part[PLT], *got = &l->part[GOT], *rel = &l->part[RELPLT];
	buf_reset(plt);
	buf_reset(got);
	buf_reset(rel);
	buf_le32(plt, 0xe52de004);                       /* push {lr} */
	buf_le32(plt, 0xe59fe004);                       /* ldr lr, [pc, #4] */
	buf_le32(plt, 0xe08fe00e);                       /* add lr, pc, lr */
	buf_le32(plt, 0xe5bef008);                       /* ldr pc, [lr, #8]! */
	buf_le32(plt, l->address[GOT] - (l->address[PLT] + 16));
	buf_le32(got, l->address[DYNAMIC]);
	buf_le32(got, 0);
	buf_le32(got, 0);
	for (uint32_t i = 0; i < l->imports; i++) {
		uint32_t slot = l->address[GOT] + 4 * (GOT_HEAD + i);
		uint32_t distance = slot - (l->address[PLT] + PLT_HEAD + PLT_ENTRY * i) - 8;
		buf_le32(plt, 0xe28fc600 | (distance >> 20 & 0xff));     /* add ip, pc, #… */
		buf_le32(plt, 0xe28cca00 | (distance >> 12 & 0xff));     /* add ip, ip, #… */
		buf_le32(plt, 0xe5bcf000 | (distance & 0xfff));          /* ldr pc, [ip, #…]! */
		buf_le32(got, l->address[PLT]);
		buf_le32(rel, slot);
		buf_le32(rel, ELF32_R_INFO(i + 1, R_ARM_JUMP_SLOT));
	}
}

static void tag(struct link *l, uint32_t what, uint32_t value)
{
	buf_le32(&l->part[DYNAMIC], what);
	buf_le32(&l->part[DYNAMIC], value);
}

/* needed: where the names of the libraries stand in .dynstr. */
static void dynamic(struct link *l, const uint32_t needed[ARM_LIBRARIES])
{
	size_t room = l->part[DYNAMIC].n;
	buf_reset(&l->part[DYNAMIC]);
	for (int i = 0; i < ARM_LIBRARIES && l->a->library[i]; i++)
		tag(l, DT_NEEDED, needed[i]);
	tag(l, DT_HASH, l->address[HASH]);
	tag(l, DT_STRTAB, l->address[DYNSTR]);
	tag(l, DT_SYMTAB, l->address[DYNSYM]);
	tag(l, DT_STRSZ, (uint32_t)l->part[DYNSTR].n);
	tag(l, DT_SYMENT, SYMBOL);
	tag(l, DT_DEBUG, 0);
	tag(l, DT_PLTGOT, l->address[GOT]);
	tag(l, DT_PLTRELSZ, 8 * l->imports);
	tag(l, DT_PLTREL, DT_REL);
	tag(l, DT_JMPREL, l->address[RELPLT]);
	buf_fill(&l->part[DYNAMIC], 0, room - l->part[DYNAMIC].n);      /* DT_NULL */
}

static void own_symbols(struct link *l)
{
	symbol(&l->part[SYMTAB], 0, 0, 0, SHN_UNDEF);
	for (uint32_t i = 0; i < l->a->nfunctions; i++) {
		const struct arm_function *f = &l->a->function[i];
		if (f->is_defined)
			symbol(&l->part[SYMTAB], name(&l->part[STRTAB], f->name), f->at, f->size, TEXT + 1);
	}
}

/* Values were offsets in the code, as the table had to have its size before there were addresses. */
static void own_symbols_place(struct link *l)
{
	buf_reset(&l->part[SYMTAB]);
	buf_reset(&l->part[STRTAB]);
	for (uint32_t i = 0; i < l->a->nfunctions; i++)
		if (l->a->function[i].is_defined)
			l->a->function[i].at += l->address[TEXT];
	own_symbols(l);
}

static void segment(struct buf *out, uint32_t type, uint32_t at, uint32_t address, uint32_t size, uint32_t flags,
		    uint32_t align)
{
	buf_le32(out, type);
	buf_le32(out, at);
	buf_le32(out, address);
	buf_le32(out, address);
	buf_le32(out, size);
	buf_le32(out, size);
	buf_le32(out, flags);
	buf_le32(out, align);
}

static void headers(const struct link *l, uint32_t entry, struct buf *out)
{
	bool with_sections = l->a->keeps_symbols;
	buf_bytes(out, SPAN_LIT("\177ELF\1\1\1"));
	buf_fill(out, 0, 9);
	buf_le16(out, ET_EXEC);
	buf_le16(out, EM_ARM);
	buf_le32(out, EV_CURRENT);
	buf_le32(out, entry);
	buf_le32(out, 52);
	buf_le32(out, with_sections ? l->end : 0);
	buf_le32(out, FLAGS);
	buf_le16(out, 52);
	buf_le16(out, 32);
	buf_le16(out, SEGMENTS);
	buf_le16(out, SECTION_HEADER);
	buf_le16(out, with_sections ? PARTS + 1 : 0);
	buf_le16(out, with_sections ? NAMES + 1 : 0);
	segment(out, PT_PHDR, 52, BASE + 52, SEGMENTS * 32, PF_R, 4);
	segment(out, PT_INTERP, l->at[INTERP], l->address[INTERP], (uint32_t)l->part[INTERP].n, PF_R, 1);
	segment(out, PT_LOAD, 0, BASE, l->at[RODATA] + (uint32_t)l->part[RODATA].n, PF_R | PF_X, PAGE);
	segment(out, PT_LOAD, l->at[DYNAMIC], l->address[DYNAMIC],
		l->at[DATA] + (uint32_t)l->part[DATA].n - l->at[DYNAMIC], PF_R | PF_W, PAGE);
	segment(out, PT_DYNAMIC, l->at[DYNAMIC], l->address[DYNAMIC], (uint32_t)l->part[DYNAMIC].n, PF_R | PF_W, 4);
}

static void section_headers(const struct link *l, struct buf *out)
{
	uint32_t name_at = 1;
	buf_fill(out, 0, SECTION_HEADER);
	for (int i = 0; i < PARTS; i++) {
		bool is_symbols = section[i].type == SHT_DYNSYM || section[i].type == SHT_SYMTAB;
		buf_le32(out, name_at);
		buf_le32(out, section[i].type);
		buf_le32(out, section[i].flags);
		buf_le32(out, l->address[i]);
		buf_le32(out, l->at[i]);
		buf_le32(out, (uint32_t)l->part[i].n);
		buf_le32(out, section[i].link == PARTS ? 0 : (uint32_t)section[i].link + 1);
		buf_le32(out, is_symbols ? 1 : i == RELPLT ? PLT + 1 : 0);
		buf_le32(out, section[i].align);
		buf_le32(out, section[i].entry);
		name_at += (uint32_t)strlen(section[i].name) + 1;
	}
}

static void write_out(const struct link *l, uint32_t entry, struct buf *out)
{
	struct buf file = { .cap = BUF_CAP };
	int last = l->a->keeps_symbols ? NAMES : DATA;
	headers(l, entry, &file);
	for (int i = 0; i <= last; i++) {
		buf_fill(&file, 0, l->at[i] - file.n);
		buf_bytes(&file, buf_span(&l->part[i]));
	}
	if (l->a->keeps_symbols) {
		buf_fill(&file, 0, l->end - file.n);
		section_headers(l, &file);
	}
	buf_bytes(out, buf_span(&file));
	out->full |= file.full;
	buf_done(&file);
}

bool arm_link(struct arm *a, struct buf *out)
{
	struct link l = { .a = a };
	uint32_t needed[ARM_LIBRARIES] = { 0 };
	arm_entry(a);
	uint32_t start = a->nfunctions;
	while (start && strcmp(a->function[start - 1].name, "_start") != 0)
		start--;
	for (int i = 0; i < ARM_LIBRARIES && a->library[i]; i++)
		needed[i] = name(&l.part[DYNSTR], a->library[i]);
	prepare(&l);
	own_symbols(&l);
	place(&l);
	bool ok = start && !a->full && !a->code.full && !a->rodata.full && !a->data.full;
	if (ok) {
		fix(&l);
		linkage(&l);
		dynamic(&l, needed);
		uint32_t entry = function_address(&l, start - 1);
		own_symbols_place(&l);
		write_out(&l, entry, out);
	}
	for (int i = 0; i < PARTS; i++)
		buf_done(&l.part[i]);
	return ok && !out->full;
}
