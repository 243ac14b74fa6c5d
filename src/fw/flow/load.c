/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts a program and its libraries where they would lie, and joins them: relocations and GOTs of each psABI,
 * imports to stubs that return at once and are modelled when they are entered. */
#include "fw/flow/machine.h"

enum { R_ARM_COPY_ = 20, R_386_COPY_ = 5, R_PPC_COPY_ = 19, R_AARCH64_COPY_ = 1024, R_MIPS_COPY_ = 126 };
enum { MODULE_BYTES = 192 << 20 };

/* Exported by a library that was given; 0: by none. */
static uint64_t from_libraries(struct machine *m, const struct module *but, struct span name)
{
	for (unsigned i = 0; i < m->code.nmodules; i++) {
		const struct module *mod = &m->code.modules[i];
		if (mod == but)
			continue;
		for (unsigned k = 0; k < mod->elf.ndynamic; k++) {
			const struct elf_symbol *s = &mod->elf.symbols[k];
			if (s->defined && s->value && s->bind && span_eq(s->name, name))
				return s->value + mod->bias;
		}
	}
	return 0;
}

static bool is_weak_hook(struct span name)
{
	return span_is(name, "__gmon_start__") || span_starts(name, SPAN_LIT("_ITM_")) || span_is(name, "_Jv_RegisterClasses")
		|| span_is(name, "__deregister_frame_info") || span_is(name, "__register_frame_info");
}

/* The value of a dynamic symbol as this module sees it. */
static uint64_t resolve(struct machine *m, const struct module *mod, uint32_t index)
{
	if (index == 0 || index >= mod->elf.ndynamic)
		return 0;
	const struct elf_symbol *s = &mod->elf.symbols[index];
	if (s->defined)
		return s->value + (s->type == SYM_TLS ? 0 : mod->bias);
	if (is_weak_hook(s->name))
		return 0;
	bool data = s->type == SYM_OBJECT || machine_cell_value(s->name);
	if (!data && model_find(s->name))
		return machine_stub(m, s->name);
	uint64_t v = from_libraries(m, mod, s->name);
	if (v)
		return v;
	return data ? machine_cell(m, s->name) : machine_stub(m, s->name);
}

static bool is_copy(const struct cpu *c, uint32_t type)
{
	switch (c->machine) {
	case EM_ARM_: return type == R_ARM_COPY_;
	case EM_AARCH64_: return type == R_AARCH64_COPY_;
	case EM_PPC_: return type == R_PPC_COPY_;
	case EM_MIPS_: return type == R_MIPS_COPY_;
	default: return type == R_386_COPY_;
	}
}

static void copy_data(struct machine *m, const struct module *mod, const struct elf_reloc *r, uint64_t at)
{
	const struct elf_symbol *s = r->symbol < mod->elf.ndynamic ? &mod->elf.symbols[r->symbol] : NULL;
	uint64_t from = s ? from_libraries(m, mod, s->name) : 0;
	if (from)
		guest_copy(&m->g, at, from, s->size < GUEST_PAGE ? s->size : GUEST_PAGE);
	else if (s)
		guest_put_pointer(&m->g, at, machine_cell_value(s->name));
}

static void relocate_one(struct machine *m, const struct module *mod, const struct elf_reloc *r)
{
	const struct cpu *c = m->cpu;
	uint64_t at = r->at + mod->bias;
	unsigned size = c->wide ? 8 : 4;
	uint64_t there = guest_number(&m->g, at, size);
	uint64_t addend = r->explicit_addend ? (uint64_t)r->addend : there;
	uint64_t v;
	if (is_copy(c, r->type)) {
		copy_data(m, mod, r, at);
		return;
	}
	if (c->machine == EM_MIPS_ && r->type == c->relative) {
		bool local = r->symbol < mod->elf.mips_got_symbol;
		v = local ? there + mod->bias : there + resolve(m, mod, r->symbol);
	} else if (r->type == c->relative) {
		v = addend + mod->bias;
	} else if (r->type == c->slot || r->type == c->data) {
		v = resolve(m, mod, r->symbol) + (r->explicit_addend ? addend : 0);
	} else if (r->type == c->word) {
		v = resolve(m, mod, r->symbol) + addend;
	} else if (c->irelative && r->type == c->irelative) {
		v = machine_stub(m, SPAN_LIT("ifunc"));
	} else {
		return;                          /* thread-local storage and what no program needs to run so far */
	}
	guest_put_number(&m->g, at, v, size, SHADE_NONE);
}

/* MIPS psABI chapter 5: local entries move with the module, global ones follow the dynamic symbols. */
static void mips_got(struct machine *m, const struct module *mod)
{
	const struct elf *e = &mod->elf;
	if (!e->pltgot)
		return;
	uint64_t got = e->pltgot + mod->bias;
	for (uint32_t i = 0; i < e->mips_local_got && i < ELF_SYMBOLS; i++) {
		uint64_t v = guest_number(&m->g, got + i * 4, 4);
		if (i > 1 || (i == 1 && v != 0x80000000))
			guest_put_number(&m->g, got + i * 4, v + mod->bias, 4, SHADE_NONE);
	}
	for (uint32_t s = e->mips_got_symbol; s < e->ndynamic; s++)
		guest_put_number(&m->g, got + (uint64_t)(e->mips_local_got + s - e->mips_got_symbol) * 4,
				 resolve(m, mod, s), 4, SHADE_NONE);
}

static void relocate(struct machine *m, const struct module *mod)
{
	for (unsigned i = 0; i < mod->elf.nrelocs; i++)
		relocate_one(m, mod, &mod->elf.relocs[i]);
	if (m->cpu->machine == EM_MIPS_)
		mips_got(m, mod);
}

/* One emulator mapping for each run of pages with the same rights: text cannot be written. */
static bool expose(struct machine *m, const struct module *mod)
{
	uint64_t at = mod->base, end = (uint64_t)mod->base + mod->size;
	while (at < end) {
		uint64_t to = at;
		uint32_t prot = 0;
		for (; to < end; to += GUEST_PAGE) {
			uint32_t p = UC_PROT_READ | UC_PROT_WRITE;
			for (unsigned i = 0; i < mod->elf.nsegments; i++) {
				const struct elf_segment *s = &mod->elf.segments[i];
				uint64_t a = s->addr + mod->bias, z = a + s->memsz;
				if (s->type == 1 && s->flags & 1 && a < to + GUEST_PAGE && z > to)
					p = UC_PROT_READ | UC_PROT_EXEC | (s->flags & 2 ? UC_PROT_WRITE : 0u);
			}
			if (to != at && p != prot)
				break;
			prot = p;
		}
		if (!guest_expose(&m->g, mod->region, at, to - at, prot))
			return false;
		at = to;
	}
	return true;
}

static void widen(struct module *mod, uint64_t addr, uint64_t size)
{
	uint64_t from = addr + mod->bias, to = from + size, end = (uint64_t)mod->base + mod->size;
	if (size == 0 || from < mod->base || from >= end)
		return;
	mod->text = (uint32_t)(from < mod->text ? from : mod->text);
	to = to < end ? to : end;
	mod->text_end = (uint32_t)(to > mod->text_end ? to : mod->text_end);
}

/* Constants often share a segment with code; sections, when they are there, tell them apart. */
static void find_text(struct module *mod)
{
	enum { SHF_EXECINSTR_ = 4 };
	mod->text = UINT32_MAX;
	for (unsigned i = 0; i < mod->elf.nsections; i++)
		if (mod->elf.sections[i].flags & SHF_EXECINSTR_)
			widen(mod, mod->elf.sections[i].addr, mod->elf.sections[i].size);
	mod->has_sections = mod->text_end != 0;
	for (unsigned i = 0; i < mod->elf.nsegments && !mod->has_sections; i++)
		if (mod->elf.segments[i].type == 1 && mod->elf.segments[i].flags & 1)
			widen(mod, mod->elf.segments[i].addr, mod->elf.segments[i].filesz);
}

static bool place(struct machine *m, struct module *mod, uint32_t bias)
{
	struct elf *e = &mod->elf;
	uint64_t low = UINT64_MAX, high = 0;
	for (unsigned i = 0; i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];
		if (s->type != 1 || s->memsz == 0)
			continue;
		low = s->addr < low ? s->addr : low;
		high = s->addr + s->memsz > high ? s->addr + s->memsz : high;
	}
	if (high <= low || high - low > MODULE_BYTES || (e->type != ELF_DYN && e->type != ELF_EXEC))
		return false;
	mod->bias = e->type == ELF_DYN ? bias : 0;
	uint64_t base = (low + mod->bias) & ~(uint64_t)(GUEST_PAGE - 1);
	mod->region = guest_map(&m->g, base, high + mod->bias - base);
	if (!mod->region)
		return false;
	mod->base = mod->region->base;
	mod->size = mod->region->size;
	mod->code = mem_new(mod->size);
	for (unsigned i = 0; i < e->nsegments; i++) {
		const struct elf_segment *s = &e->segments[i];
		struct rd r = rd_at(e->file, false, s->offset, s->filesz);
		struct span bytes = rd_rest(&r);
		if (s->type == 1)
			guest_write(&m->g, s->addr + mod->bias, span_cut(bytes, s->memsz), SHADE_NONE);
	}
	find_text(mod);
	return expose(m, mod);
}

static bool map(struct machine *m, uint64_t base, uint64_t size, uint32_t prot)
{
	const struct region *r = guest_map(&m->g, base, size);
	return r && guest_expose(&m->g, r, r->base, r->size, prot);
}

/* ARM kernel user helpers (Documentation/arch/arm/kernel_user_helpers): cmpxchg, barrier, get_tls. */
static void arm_helpers(struct machine *m)
{
	static const uint32_t cmpxchg[] = { 0xe5923000, 0xe0533000, 0x05821000, 0xe2730000, 0xe12fff1e };
	static const uint32_t get_tls[] = { 0xee1d0f70, 0xe12fff1e };        /* mrc p15, 0, r0, c13, c0, 3 */
	if (!map(m, 0xffff0000, GUEST_PAGE, UC_PROT_READ | UC_PROT_EXEC))
		return;
	guest_put_number(&m->g, 0xffff0fa0, 0xe12fff1e, 4, SHADE_NONE);
	for (unsigned i = 0; i < ARRAY_LEN(cmpxchg); i++)
		guest_put_number(&m->g, 0xffff0fc0 + 4 * i, cmpxchg[i], 4, SHADE_NONE);
	for (unsigned i = 0; i < ARRAY_LEN(get_tls); i++)
		guest_put_number(&m->g, 0xffff0fe0 + 4 * i, get_tls[i], 4, SHADE_NONE);
	guest_put_number(&m->g, 0xffff0ffc, 5, 4, SHADE_NONE);
}

/* glibc on i386 finds its thread at %gs:0 and makes system calls through %gs:16. */
static void x86_entry(struct machine *m)
{
	static const unsigned tls = AT_TLS + TLS_BYTES / 2;
	if (!map(m, AT_VDSO, GUEST_PAGE, UC_PROT_READ | UC_PROT_EXEC) || !map(m, AT_GDT, GUEST_PAGE, UC_PROT_READ))
		return;
	guest_write(&m->g, AT_VDSO, SPAN_LIT("\xcd\x80\xc3"), SHADE_NONE);
	machine_segment(m, SEGMENT_STACK, 0, 0);      /* the emulator runs programs at level 0 */
	machine_segment(m, SEGMENT_THREAD, tls, 3);
	guest_put_pointer(&m->g, tls, tls);
	guest_put_pointer(&m->g, tls + 0x10, AT_VDSO);
}

static bool ground(struct machine *m)
{
	bool ok = map(m, AT_HEAP, HEAP_BYTES, UC_PROT_READ | UC_PROT_WRITE)
		&& map(m, AT_STUBS, STUB_BYTES, UC_PROT_READ | UC_PROT_EXEC)
		&& map(m, AT_KERN, KERN_BYTES, UC_PROT_READ | UC_PROT_WRITE)
		&& map(m, AT_TLS, TLS_BYTES, UC_PROT_READ | UC_PROT_WRITE)
		&& map(m, AT_STACK, STACK_BYTES, UC_PROT_READ | UC_PROT_WRITE)
		&& map(m, 0, 1 << 14, UC_PROT_READ | UC_PROT_WRITE);
	if (!ok)
		return false;
	m->kern = (const struct kern *)(const void *)guest_bytes(&m->g, AT_KERN, sizeof(*m->kern));
	KERN_SET(m, brk, AT_HEAP + 64);
	for (unsigned i = 0; i < STUBS; i++)
		guest_write(&m->g, AT_STUBS + (uint64_t)i * STUB_STEP, span_of(m->cpu->leave, 8), SHADE_NONE);
	for (unsigned i = 0; i < 3; i++)
		KERN_SET(m, fd[i].kind, FD_STD);
	if (m->cpu->machine == EM_ARM_)
		arm_helpers(m);
	if (m->cpu->machine == EM_386_)
		x86_entry(m);
	return true;
}

static bool is_modelled_library(struct span name)
{
	static const char *const heads[] = { "libc.", "libc-", "libpthread", "ld-", "ld.", "ld64", "libuClibc", "libdl.",
		"libm.", "librt.", "libresolv", "libcrypt.", "libcrypt-", "linux-vdso" };
	for (unsigned i = 0; i < ARRAY_LEN(heads); i++)
		if (span_starts(name, span_str(heads[i])))
			return true;
	return false;
}

static void add_library(struct machine *m, struct span file, struct span name, uint32_t *bias)
{
	struct module *mod = &m->code.modules[m->code.nmodules];
	if (is_modelled_library(name) || m->code.nmodules == CODE_MODULES)
		return;
	*mod = (struct module){ .name = arena_copy(&m->arena, name) };
	if (!elf_read(file, &m->arena, &mod->elf) || mod->elf.machine != m->cpu->machine || mod->elf.wide != m->cpu->wide
	    || mod->elf.big != m->cpu->big || !place(m, mod, *bias)) {
		machine_note(m, "library %.*s could not be linked in", (int)name.n, (const char *)name.p);
		free(mod->code);
		return;
	}
	*bias += (mod->size + (1u << 20)) & ~((1u << 20) - 1);
	m->code.nmodules++;
}

bool machine_load(struct machine *m, struct span program, const struct span *libraries, const struct span *names,
		  unsigned nlibraries)
{
	struct module *mod = &m->code.modules[0];
	struct elf e = mod->elf;
	uint32_t bias = AT_LIBRARIES;
	(void)program;
	m->model_of = model_find;
	if (!ground(m))
		return false;
	*mod = (struct module){ .elf = e, .name = m->name };
	if (!place(m, mod, AT_PROGRAM))
		return false;
	m->code.nmodules = 1;
	for (unsigned i = 0; i < nlibraries && bias < AT_HEAP - (64u << 20); i++)
		add_library(m, libraries[i], names[i], &bias);
	for (unsigned i = 0; i < m->code.nmodules; i++) {
		struct module *x = &m->code.modules[i];
		bool by_itself = i == 0 && x->elf.type == ELF_DYN && x->elf.entry && !x->elf.interp.n && !x->elf.nneeded;
		if (!by_itself)                  /* a static PIE moves itself */
			relocate(m, x);
	}
	guest_commit(&m->g);
	return true;
}
