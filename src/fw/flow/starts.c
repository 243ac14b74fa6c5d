/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where functions start: symbols, exception tables, pointers and prologues. */
#include "fw/flow/code.h"

static void from_symbols(struct code *c, struct module *m)
{
	for (unsigned i = 0; i < m->elf.nsymbols; i++) {
		const struct elf_symbol *s = &m->elf.symbols[i];
		if (!s->defined || (s->type != SYM_FUNC && s->type != SYM_IFUNC) || !s->value)
			continue;
		bool thumb = c->cpu->arch == UC_ARCH_ARM && s->value & 1;
		struct function *f = code_function(c, s->value + m->bias, thumb);
		if (f && !f->name.n)
			f->name = s->name;
	}
}

/* The first instruction of a function that saves its return address, by family. */
static bool is_prologue(const struct code *c, uint32_t v)
{
	switch (c->cpu->machine) {
	case EM_ARM_: return (v & 0xffff4000) == 0xe92d4000 || v == 0xe52de004;
	case EM_AARCH64_: return (v & 0xffc07fff) == 0xa9807bfd || v == 0xd503233f;
	case EM_MIPS_: return (v & 0xffff8000) == 0x27bd8000 || (v & 0xffff0000) == 0x3c1c0000;
	case EM_PPC_: return (v & 0xffff8000) == 0x94218000;
	case EM_386_: return v == 0xfb1e0ff3 || (v & 0xffffff) == 0xe58955;
	case EM_X86_64_: return v == 0xfa1e0ff3 || v == 0xe5894855;
	default: return false;
	}
}

static bool is_thumb_prologue(uint16_t v, uint16_t next)
{
	return (v & 0xff00) == 0xb500 || (v == 0xe92d && next & 0x4000);
}

/* Exception tables of ARM do not always carry the Thumb bit: the first instruction decides. */
static void from_unwind(struct code *c, uint64_t addr)
{
	bool arm = c->cpu->arch == UC_ARCH_ARM;
	if (!arm || addr & 1) {
		code_function(c, addr, arm);
		return;
	}
	if (addr % 4 == 0 && is_prologue(c, (uint32_t)guest_number(c->guest, addr, 4)))
		code_function(c, addr, false);
	else if (is_thumb_prologue((uint16_t)guest_number(c->guest, addr, 2), (uint16_t)guest_number(c->guest, addr + 2, 2)))
		code_function(c, addr, true);
}

/* MIPS sets $gp from its own address where it is entered, and nowhere else. What stands before may be a call that does
 * not come back, behind which the descent went on. */
static bool is_entry(const struct code *c, uint64_t at)
{
	return c->cpu->machine == EM_MIPS_ && guest_number(c->guest, at, 4) >> 16 == 0x3c1c
		&& guest_number(c->guest, at + 4, 4) >> 16 == 0x279c && guest_number(c->guest, at + 8, 4) == 0x0399e021;
}

static void from_prologues(struct code *c, struct module *m)
{
	bool arm = c->cpu->arch == UC_ARCH_ARM;
	unsigned step = arm ? 4 : c->cpu->align;
	for (uint32_t off = 0; off + 4 <= m->size; off += step) {
		if (m->base + off < m->text || m->base + off >= m->text_end)
			continue;
		bool open = !(m->code[off] & CODE_INSN) && is_prologue(c, (uint32_t)guest_number(c->guest, m->base + off, 4));
		if (open || is_entry(c, m->base + off)) {
			code_function(c, m->base + off, false);
			code_drain(c);
		}
	}
	for (uint32_t off = 0; c->thumb && off + 4 <= m->size; off += 2)
		if (!(m->code[off] & CODE_INSN) && m->base + off >= m->text && m->base + off < m->text_end
		    && is_thumb_prologue((uint16_t)guest_number(c->guest, m->base + off, 2),
					 (uint16_t)guest_number(c->guest, m->base + off + 2, 2))
		    && !(m->code[off & ~3u] & CODE_INSN)) {
			code_function(c, m->base + off, true);
			code_drain(c);
		}
}

static bool starts_function(const struct code *c, uint64_t addr, bool thumb)
{
	addr &= ~(uint64_t)thumb;
	if (thumb)
		return is_thumb_prologue((uint16_t)guest_number(c->guest, addr, 2), (uint16_t)guest_number(c->guest, addr + 2, 2));
	return is_prologue(c, (uint32_t)guest_number(c->guest, addr, 4));
}

/* False: the instruction before runs on into this one, so that no function starts here. Asked of PowerPC alone: data
 * stand between functions elsewhere. */
static bool follows_an_end(const struct code *c, uint64_t addr)
{
	uint32_t before = (uint32_t)guest_number(c->guest, addr - 4, 4);
	bool branch = before >> 26 == 18 || before >> 26 == 19;          /* b, bl; blr, bctr (Power ISA 2.07 Book I 2.4) */
	return c->cpu->machine != EM_PPC_ || branch || before == 0 || before == 0x60000000;
}

/* Words of the data segments that point at code nobody has looked at: callback tables. */
static void from_pointers(struct code *c, struct module *m)
{
	unsigned size = c->cpu->wide ? 8 : 4;
	for (unsigned i = 0; i < m->elf.nsegments; i++) {
		const struct elf_segment *s = &m->elf.segments[i];
		if (s->type != 1 || s->flags & 1)
			continue;
		uint64_t at = (s->addr + m->bias + size - 1) & ~(uint64_t)(size - 1);
		for (; at + size <= s->addr + m->bias + s->filesz; at += size) {
			uint64_t v = guest_pointer(c->guest, at);
			bool thumb = c->cpu->arch == UC_ARCH_ARM && v & 1;
			struct module *to = v ? code_module(c, v & ~(uint64_t)thumb) : NULL;
			if (!to || (!starts_function(c, v, thumb) && (!to->has_sections || !follows_an_end(c, v)))
			    || to->code[(v & ~(uint64_t)thumb) - to->base] & CODE_INSN
			    || !code_decode(c, v & ~(uint64_t)thumb, thumb))
				continue;
			code_function(c, v, thumb);
			code_drain(c);
		}
	}
}

void code_discover(struct code *c)
{
	for (unsigned i = 0; i < c->nmodules; i++) {
		struct module *m = &c->modules[i];
		from_symbols(c, m);
		uint64_t *starts;
		unsigned n = elf_unwind_functions(&m->elf, &c->arena, &starts);
		for (unsigned k = 0; k < n; k++) {
			from_unwind(c, starts[k] + m->bias);
		}
		code_drain(c);
	}
	for (unsigned i = 0; i < c->nmodules; i++)
		from_pointers(c, &c->modules[i]);
	for (unsigned i = 0; i < c->nmodules; i++)
		from_prologues(c, &c->modules[i]);
}
