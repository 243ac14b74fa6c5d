/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF32/ELF64 reader, both byte orders: System V gABI chapters 4 and 5, and the processors' supplements
 * for what is theirs (MIPS GOT tags, ARM exception index). No offset is believed before rd_at checks it. */
#include "fw/model/elf.h"

enum { PT_LOAD_ = 1, PT_DYNAMIC_ = 2, PT_INTERP_ = 3, PT_NOTE_ = 4 };
static const uint32_t pt_eh_frame = 0x6474e550, pt_stack = 0x6474e551, pt_relro = 0x6474e552, pt_exidx = 0x70000001;
enum { SHT_SYMTAB_ = 2, SHT_DYNSYM_ = 11, SHT_NOTE_ = 7 };
enum {
	DT_NEEDED_ = 1, DT_PLTRELSZ_ = 2, DT_PLTGOT_ = 3, DT_HASH_ = 4, DT_STRTAB_ = 5, DT_SYMTAB_ = 6, DT_RELA_ = 7,
	DT_RELASZ_ = 8, DT_STRSZ_ = 10, DT_INIT_ = 12, DT_FINI_ = 13, DT_SONAME_ = 14, DT_RPATH_ = 15, DT_REL_ = 17,
	DT_RELSZ_ = 18, DT_PLTREL_ = 20, DT_JMPREL_ = 23, DT_BIND_NOW_ = 24, DT_INIT_ARRAY_ = 25, DT_FINI_ARRAY_ = 26,
	DT_INIT_ARRAYSZ_ = 27, DT_FINI_ARRAYSZ_ = 28, DT_RUNPATH_ = 29, DT_FLAGS_ = 30, DT_RELRSZ_ = 35, DT_RELR_ = 36,
	DT_SMALL = 40,
	DYNAMIC_MAX = 4096,
};
static const uint64_t dt_gnu_hash = 0x6ffffef5, dt_flags_1 = 0x6ffffffb;
static const uint64_t dt_mips_local_got = 0x7000000a, dt_mips_symbols = 0x70000011, dt_mips_got_symbol = 0x70000013;

struct dynamic {
	uint64_t v[DT_SMALL];                    /* by tag */
	uint64_t gnu_hash, flags_1, mips_symbols;
	uint64_t needed[ELF_NEEDED];
	unsigned nneeded;
	bool bind_now;
};

struct parse {
	struct elf *e;
	struct arena *a;
	struct dynamic d;
};

static uint64_t word(const struct elf *e, struct rd *r)
{
	return e->wide ? rd_u64(r) : rd_u32(r);
}

static struct rd at(const struct elf *e, uint64_t off, uint64_t n)
{
	return rd_at(e->file, e->big, off, n);
}

/* As much of [off, off + n) as the file holds. */
static struct span cut(struct elf *e, uint64_t off, uint64_t n)
{
	if (off > e->file.n) {
		e->damaged = true;
		return (struct span){ e->file.p, 0 };
	}
	if (n > e->file.n - off) {
		e->damaged = true;
		n = e->file.n - off;
	}
	struct rd r = at(e, off, n);
	return rd_rest(&r);
}

static struct span string_at(struct span table, uint64_t off)
{
	struct rd r = rd_at(table, false, off, off < table.n ? table.n - off : 0);
	struct span s = { 0 };
	if (off >= table.n || !rd_until(&r, 0, &s))
		return (struct span){ table.p, 0 };
	return s;
}

bool elf_offset(const struct elf *e, uint64_t addr, uint64_t *offset)
{
	for (unsigned i = 0; i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];
		if (s->type == PT_LOAD_ && addr >= s->addr && addr - s->addr < s->filesz) {
			*offset = s->offset + (addr - s->addr);
			return true;
		}
	}
	return false;
}

struct span elf_at(const struct elf *e, uint64_t addr, uint64_t n)
{
	for (unsigned i = 0; i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];
		if (s->type != PT_LOAD_ || addr < s->addr || addr - s->addr >= s->filesz)
			continue;
		uint64_t into = addr - s->addr;
		struct rd r = at(e, s->offset + into, n < s->filesz - into ? n : s->filesz - into);
		return rd_rest(&r);
	}
	return (struct span){ e->file.p, 0 };
}

bool elf_executable(const struct elf *e, uint64_t addr)
{
	for (unsigned i = 0; i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];
		if (s->type == PT_LOAD_ && s->flags & 1 && addr >= s->addr && addr - s->addr < s->filesz)
			return true;
	}
	return false;
}

const char *elf_machine_name(uint16_t machine)
{
	switch (machine) {
	case EM_386_: return "x86";
	case EM_MIPS_: return "mips";
	case EM_PPC_: return "powerpc";
	case EM_ARM_: return "arm";
	case EM_X86_64_: return "x86-64";
	case EM_AARCH64_: return "aarch64";
	default: return "unknown";
	}
}

/* ---- headers ---- */

struct header {
	uint64_t phoff, shoff;
	uint16_t phentsize, phnum, shentsize, shnum, shstrndx;
};

static bool header(struct elf *e, struct header *h)
{
	struct rd r = rd_of(e->file);
	if (!span_starts(e->file, SPAN_LIT("\x7f" "ELF")))
		return false;
	rd_skip(&r, 4);
	uint8_t class = rd_u8(&r), data = rd_u8(&r);
	if (class < 1 || class > 2 || data < 1 || data > 2)
		return false;
	e->wide = class == 2;
	e->big = data == 2;
	rd_order(&r, e->big);
	rd_skip(&r, 10);
	e->type = rd_u16(&r);
	e->machine = rd_u16(&r);
	rd_skip(&r, 4);
	e->entry = word(e, &r);
	h->phoff = word(e, &r);
	h->shoff = word(e, &r);
	e->flags = rd_u32(&r);
	rd_skip(&r, 2);
	h->phentsize = rd_u16(&r);
	h->phnum = rd_u16(&r);
	h->shentsize = rd_u16(&r);
	h->shnum = rd_u16(&r);
	h->shstrndx = rd_u16(&r);
	return rd_ok(&r);
}

static bool segment(struct elf *e, struct rd r, struct elf_segment *s)
{
	s->type = rd_u32(&r);
	if (e->wide)
		s->flags = rd_u32(&r);
	s->offset = word(e, &r);
	s->addr = word(e, &r);
	(void)word(e, &r);
	s->filesz = word(e, &r);
	s->memsz = word(e, &r);
	if (!e->wide)
		s->flags = rd_u32(&r);
	if (!rd_ok(&r) || s->addr + s->memsz < s->addr)
		return false;
	if (s->offset > e->file.n)
		s->filesz = 0;
	else if (s->filesz > e->file.n - s->offset)
		s->filesz = e->file.n - s->offset;
	else
		return true;
	e->damaged = true;
	return true;
}

static void segments(struct parse *p, const struct header *h)
{
	struct elf *e = p->e;
	unsigned n = h->phnum < ELF_SEGMENTS ? h->phnum : ELF_SEGMENTS;
	e->damaged |= h->phnum > ELF_SEGMENTS;
	e->segments = n ? arena_new(p->a, n * sizeof(*e->segments)) : NULL;
	unsigned size = e->wide ? 56 : 32;
	if (!e->segments || h->phentsize < size)
		return;
	for (unsigned i = 0; i < n; i++) {
		struct rd r = at(e, h->phoff + (uint64_t)i * h->phentsize, size);
		if (segment(e, r, &e->segments[e->nsegments]))
			e->nsegments++;
		else
			e->damaged = true;
	}
}

static void sections(struct parse *p, const struct header *h)
{
	struct elf *e = p->e;
	unsigned size = e->wide ? 64 : 40, n = h->shnum < ELF_SECTIONS ? h->shnum : ELF_SECTIONS;
	if (n == 0 || h->shentsize < size || h->shstrndx >= n)
		return;
	struct rd all = at(e, h->shoff, (uint64_t)n * h->shentsize);
	e->sections = rd_ok(&all) ? arena_new(p->a, n * sizeof(*e->sections)) : NULL;
	if (!e->sections) {
		e->damaged = true;
		return;
	}
	uint32_t names[ELF_SECTIONS];
	for (unsigned i = 0; i < n; i++) {
		struct elf_section *s = &e->sections[i];
		struct rd r = rd_sub(&all, h->shentsize);
		names[i] = rd_u32(&r);
		s->type = rd_u32(&r);
		s->flags = word(e, &r);
		s->addr = word(e, &r);
		s->offset = word(e, &r);
		s->size = word(e, &r);
		s->link = rd_u32(&r);
		rd_skip(&r, 4);
		(void)word(e, &r);
		s->entsize = word(e, &r);
	}
	struct elf_section *t = &e->sections[h->shstrndx];
	struct span table = cut(e, t->offset, t->size);
	for (unsigned i = 0; i < n; i++)
		e->sections[i].name = string_at(table, names[i]);
	e->nsections = n;
}

/* ---- the dynamic section ---- */

static void dynamic_tag(struct parse *p, uint64_t tag, uint64_t v)
{
	struct elf *e = p->e;
	struct dynamic *d = &p->d;
	if (tag == DT_NEEDED_) {
		if (d->nneeded < ELF_NEEDED)
			d->needed[d->nneeded++] = v;
		return;
	}
	if (tag == DT_BIND_NOW_)
		d->bind_now = true;
	if (tag < DT_SMALL)
		d->v[tag] = v;
	else if (tag == dt_gnu_hash)
		d->gnu_hash = v;
	else if (tag == dt_flags_1)
		d->flags_1 = v;
	else if (tag == dt_mips_symbols)
		d->mips_symbols = v;
	else if (tag == dt_mips_local_got)
		e->mips_local_got = (uint32_t)v;
	else if (tag == dt_mips_got_symbol)
		e->mips_got_symbol = (uint32_t)v;
}

static void dynamic(struct parse *p)
{
	struct elf *e = p->e;
	for (unsigned i = 0; i < e->nsegments; i++) {
		if (e->segments[i].type != PT_DYNAMIC_)
			continue;
		struct rd r = rd_of(elf_at(e, e->segments[i].addr, e->segments[i].filesz));
		if (!rd_left(&r))
			r = at(e, e->segments[i].offset, e->segments[i].filesz);
		rd_order(&r, e->big);
		e->dynamic = true;
		for (unsigned n = 0; n < DYNAMIC_MAX && rd_left(&r); n++) {
			uint64_t tag = word(e, &r), v = word(e, &r);
			if (!rd_ok(&r) || tag == 0)
				break;
			dynamic_tag(p, tag, v);
		}
		return;
	}
}

static void dynamic_texts(struct parse *p)
{
	struct elf *e = p->e;
	const struct dynamic *d = &p->d;
	struct span strings = elf_at(e, d->v[DT_STRTAB_], d->v[DT_STRSZ_]);
	e->needed = arena_new(p->a, (d->nneeded + 1) * sizeof(*e->needed));
	for (unsigned i = 0; e->needed && i < d->nneeded; i++) {
		struct span s = string_at(strings, d->needed[i]);
		if (s.n)
			e->needed[e->nneeded++] = s;
	}
	if (d->v[DT_SONAME_])
		e->soname = string_at(strings, d->v[DT_SONAME_]);
	if (d->v[DT_RPATH_])
		e->rpath = string_at(strings, d->v[DT_RPATH_]);
	if (d->v[DT_RUNPATH_])
		e->runpath = string_at(strings, d->v[DT_RUNPATH_]);
	e->pltgot = d->v[DT_PLTGOT_];
	e->init = d->v[DT_INIT_];
	e->fini = d->v[DT_FINI_];
	e->init_array = d->v[DT_INIT_ARRAY_];
	e->init_array_bytes = d->v[DT_INIT_ARRAYSZ_];
	e->fini_array = d->v[DT_FINI_ARRAY_];
	e->fini_array_bytes = d->v[DT_FINI_ARRAYSZ_];
}

/* ---- symbols ---- */

/* DT_GNU_HASH holds no count: the highest bucket's chain ends with an odd hash. */
static uint64_t gnu_hash_count(const struct elf *e, uint64_t addr)
{
	struct rd r = rd_of(elf_at(e, addr, e->file.n));
	rd_order(&r, e->big);
	uint32_t buckets = rd_u32(&r), first = rd_u32(&r), bloom = rd_u32(&r);
	rd_skip(&r, 4);
	rd_skip(&r, (uint64_t)bloom * (e->wide ? 8 : 4));
	uint32_t top = 0;
	for (uint32_t i = 0; i < buckets && rd_left(&r); i++) {
		uint32_t b = rd_u32(&r);
		top = b > top ? b : top;
	}
	if (top < first)
		return first;
	rd_skip(&r, (uint64_t)(top - first) * 4);
	while (rd_left(&r)) {
		top++;
		if (rd_u32(&r) & 1)
			break;
	}
	return top;
}

static uint64_t dynamic_symbol_count(const struct parse *p)
{
	const struct elf *e = p->e;
	const struct dynamic *d = &p->d;
	uint64_t size = e->wide ? 24 : 16;
	if (d->mips_symbols)
		return d->mips_symbols;
	for (unsigned i = 0; i < e->nsections; i++)
		if (e->sections[i].type == SHT_DYNSYM_ && e->sections[i].addr == d->v[DT_SYMTAB_])
			return e->sections[i].size / size;
	if (d->v[DT_HASH_]) {
		struct rd r = rd_of(elf_at(e, d->v[DT_HASH_], 8));
		rd_order(&r, e->big);
		rd_skip(&r, 4);
		return rd_u32(&r);
	}
	if (d->gnu_hash)
		return gnu_hash_count(e, d->gnu_hash);
	return d->v[DT_STRTAB_] > d->v[DT_SYMTAB_] ? (d->v[DT_STRTAB_] - d->v[DT_SYMTAB_]) / size : 0;
}

static struct elf_symbol symbol(const struct elf *e, struct rd *r, struct span strings)
{
	struct elf_symbol s = { 0 };
	uint32_t name = rd_u32(r);
	uint8_t info;
	uint16_t shndx;
	if (e->wide) {
		info = rd_u8(r);
		rd_skip(r, 1);
		shndx = rd_u16(r);
		s.value = rd_u64(r);
		s.size = rd_u64(r);
	} else {
		s.value = rd_u32(r);
		s.size = rd_u32(r);
		info = rd_u8(r);
		rd_skip(r, 1);
		shndx = rd_u16(r);
	}
	s.type = info & 15;
	s.bind = info >> 4;
	s.defined = shndx != 0;
	s.name = string_at(strings, name);
	return s;
}

static const struct elf_section *symtab(const struct elf *e)
{
	for (unsigned i = 0; i < e->nsections; i++)
		if (e->sections[i].type == SHT_SYMTAB_ && e->sections[i].link < e->nsections)
			return &e->sections[i];
	return NULL;
}

static void add_symbols(struct elf *e, struct span table, struct span strings, unsigned max, bool dynamic)
{
	unsigned size = e->wide ? 24 : 16;
	struct rd r = rd_of(table);
	rd_order(&r, e->big);
	for (unsigned i = 0; i < max && rd_left(&r) >= size; i++) {
		struct elf_symbol *s = &e->symbols[e->nsymbols++];
		*s = symbol(e, &r, strings);
		s->dynamic = dynamic;
	}
}

static void symbols(struct parse *p)
{
	struct elf *e = p->e;
	const struct dynamic *d = &p->d;
	uint64_t size = e->wide ? 24 : 16, want = e->dynamic ? dynamic_symbol_count(p) : 0;
	struct span dyn = elf_at(e, d->v[DT_SYMTAB_], want < ELF_SYMBOLS ? want * size : ELF_SYMBOLS * size);
	const struct elf_section *tab = symtab(e);
	struct span rest = tab ? cut(e, tab->offset, tab->size) : (struct span){ 0 };
	uint64_t ndyn = e->dynamic ? dyn.n / size : 0, nrest = rest.n / size;
	e->damaged |= ndyn < want;
	if (nrest > ELF_SYMBOLS - ndyn) {
		nrest = ELF_SYMBOLS - ndyn;
		e->damaged = true;
	}
	e->symbols = arena_new(p->a, (size_t)(ndyn + nrest + 1) * sizeof(*e->symbols));
	if (!e->symbols)
		return;
	add_symbols(e, dyn, elf_at(e, d->v[DT_STRTAB_], d->v[DT_STRSZ_]), (unsigned)ndyn, true);
	e->ndynamic = e->nsymbols;
	if (!tab)
		return;
	const struct elf_section *strings = &e->sections[tab->link];
	add_symbols(e, rest, cut(e, strings->offset, strings->size), (unsigned)nrest, false);
}

/* ---- relocations ---- */

static void add_reloc(struct parse *p, struct elf_reloc r)
{
	if (p->e->nrelocs < ELF_RELOCS)
		p->e->relocs[p->e->nrelocs++] = r;
	else
		p->e->damaged = true;
}

static void add_relocs(struct parse *p, uint64_t addr, uint64_t bytes, bool rela, bool plt)
{
	struct elf *e = p->e;
	struct rd r = rd_of(elf_at(e, addr, bytes));
	rd_order(&r, e->big);
	e->damaged |= rd_left(&r) < bytes;
	size_t size = (e->wide ? 16u : 8u) + (rela ? (e->wide ? 8u : 4u) : 0u);
	while (rd_left(&r) >= size) {
		struct elf_reloc x = { .at = word(e, &r), .explicit_addend = rela, .plt = plt };
		uint64_t info = word(e, &r);
		x.symbol = (uint32_t)(e->wide ? info >> 32 : info >> 8);
		x.type = (uint32_t)(e->wide ? info & 0xffffffff : info & 0xff);
		if (rela)
			x.addend = e->wide ? (int64_t)rd_u64(&r) : (int32_t)rd_u32(&r);
		add_reloc(p, x);
	}
}

/* DT_RELR: addresses and bitmaps of words to relocate by the load bias (gABI, "Relative relocation table"). */
static void add_relr(struct parse *p, uint64_t addr, uint64_t bytes, uint32_t relative)
{
	struct elf *e = p->e;
	struct rd r = rd_of(elf_at(e, addr, bytes));
	rd_order(&r, e->big);
	uint64_t next = 0, size = e->wide ? 8 : 4;
	while (rd_left(&r) >= size) {
		uint64_t v = word(e, &r);
		if (!(v & 1)) {
			add_reloc(p, (struct elf_reloc){ .at = v, .type = relative });
			next = v + size;
			continue;
		}
		for (unsigned i = 1; i < size * 8; i++)
			if (v >> i & 1)
				add_reloc(p, (struct elf_reloc){ .at = next + (i - 1) * size, .type = relative });
		next += (size * 8 - 1) * size;
	}
}

static uint32_t relative_type(uint16_t machine)
{
	switch (machine) {
	case EM_ARM_: return 23;
	case EM_AARCH64_: return 1027;
	case EM_PPC_: return 22;
	default: return 8;                       /* both x86 */
	}
}

static void relocs(struct parse *p)
{
	const uint64_t *v = p->d.v;
	uint64_t bytes = v[DT_RELSZ_] + v[DT_RELASZ_] + v[DT_PLTRELSZ_] + 64 * v[DT_RELRSZ_];
	uint64_t most = bytes / 8 + 1;
	size_t n = (size_t)(most < ELF_RELOCS ? most : ELF_RELOCS);
	p->e->relocs = arena_new(p->a, (n + 1) * sizeof(*p->e->relocs));
	if (!p->e->relocs || bytes / 64 > p->e->file.n) {
		p->e->damaged |= bytes != 0;
		return;
	}
	add_relocs(p, v[DT_REL_], v[DT_RELSZ_], false, false);
	add_relocs(p, v[DT_RELA_], v[DT_RELASZ_], true, false);
	add_relocs(p, v[DT_JMPREL_], v[DT_PLTRELSZ_], v[DT_PLTREL_] == DT_RELA_, true);
	add_relr(p, v[DT_RELR_], v[DT_RELRSZ_], relative_type(p->e->machine));
}

/* ---- notes and hardening ---- */

static void note_build_id(struct elf *e, struct rd r)
{
	for (unsigned i = 0; i < 64 && rd_left(&r) >= 12; i++) {
		uint32_t namesz = rd_u32(&r), descsz = rd_u32(&r), type = rd_u32(&r);
		struct span name = rd_span(&r, ((uint64_t)namesz + 3) & ~(uint64_t)3);
		struct span desc = rd_span(&r, ((uint64_t)descsz + 3) & ~(uint64_t)3);
		if (rd_ok(&r) && type == 3 && span_starts(name, SPAN_LIT("GNU")) && descsz <= ELF_BUILD_ID)
			e->build_id = span_cut(desc, descsz);
	}
}

static void notes(struct elf *e)
{
	for (unsigned i = 0; i < e->nsegments; i++)
		if (e->segments[i].type == PT_NOTE_)
			note_build_id(e, at(e, e->segments[i].offset, e->segments[i].filesz));
	for (unsigned i = 0; i < e->nsections; i++) {
		const struct elf_section *s = &e->sections[i];
		if (s->type == SHT_NOTE_ && !e->build_id.n)
			note_build_id(e, at(e, s->offset, s->size));
		if (span_starts(s->name, SPAN_LIT(".debug_")) || span_starts(s->name, SPAN_LIT(".zdebug_")))
			e->dwarf = true;
		if (!span_is(s->name, ".comment"))
			continue;
		struct rd r = rd_of(cut(e, s->offset, s->size));
		struct span text;
		while (e->nnotes < ELF_NOTES && rd_until(&r, 0, &text))
			if (text.n)
				e->notes[e->nnotes++] = text;
	}
	e->stripped = !symtab(e);
}

static bool is_fortified(struct span name)
{
	return name.n > 6 && span_starts(name, SPAN_LIT("__")) && span_is(span_from(name, name.n - 4), "_chk");
}

static void hardening(struct parse *p)
{
	enum { FLAG_BIND_NOW = 8, FLAG_1_NOW = 1, FLAG_1_PIE = 0x08000000 };
	struct elf *e = p->e;
	const struct dynamic *d = &p->d;
	bool now = d->bind_now || d->v[DT_FLAGS_] & FLAG_BIND_NOW || d->flags_1 & FLAG_1_NOW;
	for (unsigned i = 0; i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];
		if (s->type == pt_stack)
			e->nx = !(s->flags & 1);
		if (s->type == pt_relro)
			e->relro = now ? RELRO_FULL : RELRO_PARTIAL;
		if (s->type == PT_INTERP_)
			e->interp = string_at(cut(e, s->offset, s->filesz), 0);
	}
	e->pie = e->type == ELF_DYN && (e->interp.n || d->flags_1 & FLAG_1_PIE);
	for (unsigned i = 0; i < e->nsymbols; i++) {
		struct span n = e->symbols[i].name;
		if (span_is(n, "__stack_chk_fail") || span_is(n, "__stack_chk_fail_local") || span_is(n, "__stack_chk_guard"))
			e->canary = true;
		else if (is_fortified(n))
			e->fortify = true;
	}
}

bool elf_read(struct span file, struct arena *a, struct elf *out)
{
	struct elf e = { .file = file };
	struct header h = { 0 };
	if (!header(&e, &h))
		return false;
	struct parse *p = mem_new(sizeof(*p));
	*p = (struct parse){ .e = &e, .a = a };
	segments(p, &h);
	sections(p, &h);
	dynamic(p);
	dynamic_texts(p);
	symbols(p);
	relocs(p);
	notes(&e);
	hardening(p);
	free(p);
	if (e.nsegments == 0 && e.nsections == 0)
		return false;
	*out = e;
	return true;
}

/* ---- exception tables ---- */

static unsigned exidx(const struct elf *e, const struct elf_segment *s, uint64_t *out, unsigned n)
{
	struct rd r = rd_of(elf_at(e, s->addr, s->filesz));
	rd_order(&r, e->big);
	for (uint64_t place = s->addr; n < ELF_FUNCTIONS && rd_left(&r) >= 8; place += 8) {
		int32_t rel = (int32_t)(rd_u32(&r) << 1) >> 1;   /* prel31: EHABI §6 */
		rd_skip(&r, 4);
		out[n++] = (uint32_t)(place + (uint64_t)(int64_t)rel);
	}
	return n;
}

/* LSB core, .eh_frame_hdr: only the table everybody writes (sorted, 4-byte, relative to the header). */
static unsigned eh_frame(const struct elf *e, const struct elf_segment *s, uint64_t *out, unsigned n)
{
	struct rd r = rd_of(elf_at(e, s->addr, s->filesz));
	rd_order(&r, e->big);
	uint8_t version = rd_u8(&r), frame = rd_u8(&r), count = rd_u8(&r), table = rd_u8(&r);
	if (version != 1 || (frame & 0x0f) != 0x0b || count != 0x03 || table != 0x3b)
		return n;
	rd_skip(&r, 4);
	uint32_t entries = rd_u32(&r);
	for (uint32_t i = 0; i < entries && n < ELF_FUNCTIONS && rd_left(&r) >= 8; i++) {
		out[n++] = s->addr + (uint64_t)(int64_t)(int32_t)rd_u32(&r);
		rd_skip(&r, 4);
	}
	return n;
}

unsigned elf_unwind_functions(const struct elf *e, struct arena *a, uint64_t **out)
{
	uint64_t room = 0;
	for (unsigned i = 0; i < e->nsegments; i++)
		if (e->segments[i].type == pt_exidx || e->segments[i].type == pt_eh_frame)
			room += e->segments[i].filesz / 8;
	room = room < ELF_FUNCTIONS ? room : ELF_FUNCTIONS;
	*out = arena_new(a, (size_t)(room + 1) * sizeof(**out));
	unsigned n = 0;
	for (unsigned i = 0; *out && i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];
		if (s->filesz / 8 > room - n)
			continue;
		if (s->type == pt_exidx && e->machine == EM_ARM_)
			n = exidx(e, s, *out, n);
		else if (s->type == pt_eh_frame)
			n = eh_frame(e, s, *out, n);
	}
	return n;
}
