/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sweep over executable segments that remembers, register by register, the last constant an instruction put there
 * (Arm ARM DDI 0487 C4 and DDI 0406 A5/A6, MIPS32 vol. II, Power ISA book I, Intel SDM vol. 2 ch. 2); a family a
 * function. What a sum or a load gives counts when it is an address that is looked for; few numbers are by chance. */
#include "fw/model/refer.h"

enum { REGISTERS = 32, FORGET = 48, MIPS_GP = 28, PPC_GOT = 30, MIPS_GP_OFFSET = 0x7ff0 };

struct sweep {
	const struct elf *e;
	const struct target *targets;
	uint32_t n;
	struct references *out;
	uint64_t reg[REGISTERS], seen[REGISTERS], step;  /* value, and at which step it came */
	uint64_t link;                           /* where the last call to the next instruction came back to */
};

static uint64_t as_address(const struct sweep *s, uint64_t v)
{
	return s->e->wide ? v : v & UINT32_MAX;
}

static void add(struct sweep *s, uint32_t target, uint64_t from, bool code)
{
	struct references *r = s->out;
	if (r->n == REFERENCES_MAX) {
		r->cut = true;
		return;
	}
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 256;
		r->v = mem_grow(r->v, r->room, sizeof(*r->v));
	}
	r->v[r->n++] = (struct reference){ target, code, from };
}

/* exact: a number that is not surely an address must name the start. */
static void offer(struct sweep *s, uint64_t to, uint64_t from, bool code, bool exact)
{
	uint32_t low = 0, high = s->n;
	to = as_address(s, to);
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (s->targets[mid].at <= to)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || to - s->targets[low - 1].at >= (exact ? 1 : s->targets[low - 1].n))
		return;
	add(s, low - 1, from, code);
}

static void keep(struct sweep *s, uint32_t reg, uint64_t v)
{
	s->reg[reg % REGISTERS] = v;
	s->seen[reg % REGISTERS] = s->step;
}

static bool knows(const struct sweep *s, uint32_t reg)
{
	uint64_t seen = s->seen[reg % REGISTERS];
	return seen && s->step - seen < FORGET;
}

static void keep_and_offer(struct sweep *s, uint32_t reg, uint64_t v, uint64_t pc)
{
	keep(s, reg, v);
	offer(s, v, pc, true, false);
}

static int64_t sign(uint64_t v, unsigned bits)
{
	uint64_t top = 1ull << (bits - 1);
	return (int64_t)((v & (2 * top - 1)) ^ top) - (int64_t)top;
}

static bool word_at(const struct elf *e, uint64_t addr, unsigned bytes, uint64_t *v)
{
	struct rd r = rd_of(elf_at(e, addr, bytes));
	rd_order(&r, e->big);
	*v = bytes == 8 ? rd_u64(&r) : rd_u32(&r);
	return rd_ok(&r);
}

/* ---- a family an instruction ---- */

static void step_aarch64(struct sweep *s, uint64_t pc, uint32_t i)
{
	uint32_t rd = i & 31, rn = i >> 5 & 31;
	uint64_t page = (uint64_t)sign((uint64_t)(i >> 5 & 0x7ffff) << 2 | (i >> 29 & 3), 21), v;
	if ((i & 0x9f000000) == 0x90000000)                                             /* adrp */
		keep(s, rd, (pc & ~0xfffull) + (page << 12));
	else if ((i & 0x9f000000) == 0x10000000)                                        /* adr */
		keep_and_offer(s, rd, pc + page, pc);
	else if ((i & 0xff800000) == 0x91000000 && knows(s, rn))                        /* add, immediate */
		keep_and_offer(s, rd, s->reg[rn] + ((uint64_t)(i >> 10 & 0xfff) << (i >> 22 & 1 ? 12 : 0)), pc);
	else if ((i & 0xff000000) == 0x58000000 &&                                      /* ldr, literal */
		 word_at(s->e, pc + (uint64_t)sign(i >> 5 & 0x7ffff, 19) * 4, 8, &v))
		keep_and_offer(s, rd, v, pc);
}

static void step_mips(struct sweep *s, uint64_t pc, uint32_t i)
{
	uint32_t op = i >> 26, rs = i >> 21 & 31, rt = i >> 16 & 31;
	uint64_t imm = (uint64_t)sign(i & 0xffff, 16), v;
	if (op == 0x0f)                                                                 /* lui */
		keep(s, rt, (uint64_t)(i & 0xffff) << 16);
	else if (op == 0x09 && knows(s, rs))                                            /* addiu */
		keep_and_offer(s, rt, s->reg[rs] + imm, pc);
	else if (op == 0x0d && knows(s, rs))                                            /* ori */
		keep_and_offer(s, rt, s->reg[rs] | (i & 0xffff), pc);
	else if (op == 0x23 && rs == MIPS_GP && s->e->pltgot &&                         /* lw from the GOT */
		 word_at(s->e, as_address(s, s->e->pltgot + MIPS_GP_OFFSET + imm), 4, &v))
		keep_and_offer(s, rt, v, pc);
}

/* Position-independent code finds where it is by a call to the next instruction, and loads addresses from .got2. */
static void step_ppc(struct sweep *s, uint64_t pc, uint32_t i)
{
	uint32_t op = i >> 26, rt = i >> 21 & 31, ra = i >> 16 & 31;
	uint64_t imm = (uint64_t)sign(i & 0xffff, 16), v;
	bool base = ra && (knows(s, ra) || (ra == PPC_GOT && s->seen[PPC_GOT]));
	if (i == 0x429f0005)                                                            /* bcl 20,31,.+4 */
		s->link = pc + 4;
	else if ((i & 0xfc1fffff) == 0x7c0802a6)                                        /* mflr */
		keep(s, rt, s->link);
	else if (op == 15 && (ra == 0 || base))                                         /* lis, addis */
		keep(s, rt, (ra ? s->reg[ra] : 0) + (imm << 16));
	else if (op == 14 && base)                                                      /* addi */
		keep_and_offer(s, rt, s->reg[ra] + imm, pc);
	else if (op == 24 && knows(s, rt))                                              /* ori: from rt to ra */
		keep_and_offer(s, ra, s->reg[rt] | (i & 0xffff), pc);
	else if (op == 32 && base && word_at(s->e, as_address(s, s->reg[ra] + imm), 4, &v))     /* lwz */
		keep_and_offer(s, rt, v, pc);
}

/* A word beside the code: an address, or how far it lies from the GOT or from an instruction to come. */
static void arm_literal(struct sweep *s, uint32_t rd, uint64_t at, uint64_t pc)
{
	uint64_t v;
	if (!word_at(s->e, as_address(s, at), 4, &v))
		return;
	keep_and_offer(s, rd, v, pc);
	if (s->e->pltgot)
		offer(s, v + s->e->pltgot, pc, true, false);
}

static void move_half(struct sweep *s, uint32_t rd, uint64_t half, bool top, uint64_t pc)
{
	if (!top)
		keep(s, rd, half);
	else if (knows(s, rd))
		keep_and_offer(s, rd, (s->reg[rd] & 0xffff) | half << 16, pc);
}

static void step_arm(struct sweep *s, uint64_t pc, uint32_t i)
{
	uint32_t rd = i >> 12 & 15, rn = i >> 16 & 15, rm = i & 15, turn = 2 * (i >> 8 & 15);
	uint64_t imm = turn ? ((i & 0xff) >> turn | (uint64_t)(i & 0xff) << (32 - turn)) & UINT32_MAX : (i & 0xff);
	if ((i & 0x0f7f0000) == 0x051f0000)                                             /* ldr, literal */
		arm_literal(s, rd, i >> 23 & 1 ? pc + 8 + (i & 0xfff) : pc + 8 - (i & 0xfff), pc);
	else if ((i & 0x0fff0ff0) == 0x008f0000 && knows(s, rm))                        /* add rd, pc, rm */
		keep_and_offer(s, rd, pc + 8 + s->reg[rm], pc);
	else if ((i & 0x0ff00fff) == 0x0080000f && knows(s, rn))                        /* add rd, rn, pc */
		keep_and_offer(s, rd, pc + 8 + s->reg[rn], pc);
	else if ((i & 0x0fff0000) == 0x028f0000 || (i & 0x0fff0000) == 0x024f0000)      /* adr */
		keep_and_offer(s, rd, pc + 8 + (i >> 23 & 1 ? imm : 0 - imm), pc);
	else if ((i & 0x0fb00000) == 0x03000000)                                        /* movw, movt */
		move_half(s, rd, (i >> 4 & 0xf000) | (i & 0xfff), i >> 22 & 1, pc);
}

static void step_thumb(struct sweep *s, uint64_t pc, uint32_t i)
{
	uint32_t low = i & 0xffff, high = i >> 16;       /* the first half word stands in the low half */
	uint64_t near = (pc + 4) & ~3ull;
	uint32_t rd = (low & 7) | (low >> 4 & 8);
	if ((low & 0xf800) == 0x4800)                                                   /* ldr, literal */
		arm_literal(s, low >> 8 & 7, near + (low & 0xff) * 4, pc);
	else if ((low & 0xf800) == 0xa000)                                              /* adr */
		keep_and_offer(s, low >> 8 & 7, near + (low & 0xff) * 4, pc);
	else if ((low & 0xff78) == 0x4478 && knows(s, rd))                              /* add rd, pc */
		keep_and_offer(s, rd, pc + 4 + s->reg[rd], pc);
	else if ((low & 0xff7f) == 0xf85f)                                              /* ldr.w, literal */
		arm_literal(s, high >> 12, low >> 7 & 1 ? near + (high & 0xfff) : near - (high & 0xfff), pc);
	else if ((low & 0xfb70) == 0xf240 && !(high >> 15))                             /* movw, movt */
		move_half(s, high >> 8 & 15, (low & 15) << 12 | (low >> 10 & 1) << 11 | (high >> 12 & 7) << 8 | (high & 0xff),
			  low >> 7 & 1, pc);
}

/* Lengths are not decoded: every byte may be the first of an address, or of lea with an address relative to it. */
static void step_x86(struct sweep *s, uint64_t pc, uint32_t i)
{
	uint64_t behind;
	bool lea = (i & 0xff) == 0x8d, wide = s->e->machine == EM_X86_64_;
	offer(s, i, pc, true, true);
	if (!lea || !word_at(s->e, pc + 2, 4, &behind))
		return;
	if (wide && (i >> 8 & 0xc7) == 0x05)
		offer(s, pc + 6 + (uint64_t)sign(behind, 32), pc, true, false);
	else if (!wide && (i >> 8 & 0xc0) == 0x80 && s->e->pltgot)
		offer(s, s->e->pltgot + behind, pc, true, true);
}

static const struct family {
	uint16_t machine;
	unsigned stride;
	void (*step)(struct sweep *s, uint64_t pc, uint32_t i);
} families[] = {
	{ EM_AARCH64_, 4, step_aarch64 }, { EM_MIPS_, 4, step_mips }, { EM_PPC_, 4, step_ppc }, { EM_ARM_, 4, step_arm },
	{ EM_ARM_, 2, step_thumb }, { EM_386_, 1, step_x86 }, { EM_X86_64_, 1, step_x86 },
};

static void sweep_code(struct sweep *s, const struct family *f, struct span code, uint64_t addr)
{
	memset(s->seen, 0, sizeof(s->seen));
	s->step = 0;
	for (size_t at = 0; at + 4 <= code.n; at += f->stride) {
		struct rd r = rd_of(span_cut(span_from(code, at), 4));
		rd_order(&r, s->e->big);
		s->step++;
		f->step(s, addr + at, rd_u32(&r));
	}
}

static void sweep_words(struct sweep *s, struct span data, uint64_t addr)
{
	unsigned bytes = s->e->wide ? 8 : 4;
	size_t skew = (size_t)(addr % bytes);
	for (size_t at = skew ? bytes - skew : 0; at + bytes <= data.n; at += bytes) {
		struct rd r = rd_of(span_cut(span_from(data, at), bytes));
		rd_order(&r, s->e->big);
		offer(s, bytes == 8 ? rd_u64(&r) : rd_u32(&r), addr + at, false, true);
	}
}

static void sweep_segment(struct sweep *s, const struct elf_segment *g)
{
	enum { PT_LOAD_ = 1, EXECUTE = 1 };
	struct span bytes = span_cut(span_from(s->e->file, (size_t)g->offset), (size_t)g->filesz);
	if (g->type != PT_LOAD_)
		return;
	for (size_t i = 0; g->flags & EXECUTE && i < ARRAY_LEN(families); i++)
		if (families[i].machine == s->e->machine)
			sweep_code(s, &families[i], bytes, g->addr);
	/* In segments with code, words are constants beside it, which the sweep has seen used. */
	if (!(g->flags & EXECUTE))
		sweep_words(s, bytes, g->addr);
}

/* RELA: what the loader will write stands here and not in the word. */
static void sweep_relocations(struct sweep *s)
{
	for (unsigned i = 0; i < s->e->nrelocs; i++) {
		const struct elf_reloc *r = &s->e->relocs[i];
		const struct elf_symbol *y = r->symbol && r->symbol < s->e->ndynamic ? &s->e->symbols[r->symbol] : NULL;
		if (r->explicit_addend && !r->plt && (!y || y->defined))
			offer(s, (uint64_t)r->addend + (y ? y->value : 0), r->at, false, true);
	}
}

static int by_target(const void *a, const void *b)
{
	const struct reference *x = a, *y = b;
	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return x->from != y->from ? (x->from < y->from ? -1 : 1) : y->code - x->code;
}

void references_find(const struct elf *e, const struct target *targets, uint32_t n, struct references *out)
{
	struct sweep s = { .e = e, .targets = targets, .n = n, .out = out };
	uint32_t kept = 0;
	*out = (struct references){ 0 };
	for (unsigned i = 0; n && i < e->nsegments; i++)
		sweep_segment(&s, &e->segments[i]);
	if (n)
		sweep_relocations(&s);
	if (!out->n)
		return;
	qsort(out->v, out->n, sizeof(*out->v), by_target);
	for (uint32_t i = 0; i < out->n; i++)
		if (!kept || out->v[kept - 1].target != out->v[i].target || out->v[kept - 1].from != out->v[i].from)
			out->v[kept++] = out->v[i];
	out->n = kept;
}

void references_done(struct references *r)
{
	free(r->v);
	*r = (struct references){ 0 };
}
