/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the part of a function that did not run may do more than compute. Somebody's own function may do what
 * strlen() does as long as nothing is connected, and send the text when something is: only its code tells them
 * apart. */
#include "fw/flow/machine.h"

enum { BLOCKS_MAX = 400, DEPTH_LAST = 12, BUDGET = 20000 };
enum { LOUD = 1, RETURNS = 2, ASKED = 4 };       /* may reach a system call; may come back; is known, or looked at */

struct walk {
	struct machine *m;
	uint32_t run;                            /* what m->probe.ran says of a block that ran */
	bool follow;                             /* into the rest of functions that were called too */
	unsigned budget;
};

struct blocks {                                  /* of one function; bit 0: Thumb */
	uint32_t at[BLOCKS_MAX];
	unsigned n, done;
};

static void block_want(struct blocks *b, uint32_t at)
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->at[i] == at)
			return;
	if (b->n < BLOCKS_MAX)
		b->at[b->n++] = at;
}

static bool starts_another(struct walk *w, uint32_t addr)
{
	return code_flags(&w->m->code, addr) & CODE_FUNCTION;
}

static uint32_t half(uint32_t insn)
{
	return ((insn & 0xffff) ^ 0x8000) - 0x8000;
}

/* MIPS, where calls go through $t9: "lw $t9, n($gp)", perhaps with "addiu $t9, $t9, n" behind it, and $gp as the
 * function begins: "lui $gp; addiu $gp; addu $gp, $gp, $t9". KEPT: from the stack, where a loop keeps what it calls. */
enum { KEPT = 1 };
static uint32_t got_entry(const struct walk *w, uint32_t function, uint32_t site)
{
	enum { BACK = 80 };                      /* the load often stands in the block before */
	const struct guest *g = &w->m->g;
	uint32_t high = (uint32_t)guest_number(g, function, 4), low = (uint32_t)guest_number(g, function + 4, 4), more = 0;
	if (w->m->cpu->machine != EM_MIPS_ || high >> 16 != 0x3c1c || low >> 16 != 0x279c)
		return 0;
	uint32_t gp = function + (high << 16) + half(low);
	for (uint32_t at = site; at > function && at > site - BACK; at -= 4) {
		uint32_t insn = (uint32_t)guest_number(g, at - 4, 4);
		if (insn >> 16 == 0x8fb9)
			return KEPT;
		if (insn >> 16 == 0x8f99)
			return (uint32_t)guest_number(g, gp + half(insn), 4) + more;
		if (insn >> 16 == 0x2739)
			more = half(insn);
	}
	return 0;
}

static struct turn block_at(const struct walk *w, uint32_t function, uint32_t addr, bool thumb)
{
	struct turn t = code_block(&w->m->code, addr, thumb);
	bool call = t.kind == TURN_CALL_REG;
	uint32_t to = call || t.kind == TURN_JUMP_REG ? got_entry(w, function, t.site) : 0;
	if (to == KEPT)
		t.kind = call ? TURN_NEXT : TURN_RETURN;
	else if (to && code_function_at(&w->m->code, to)) {
		t.target = to;
		t.kind = call ? TURN_CALL : TURN_JUMP;
	}
	return t;
}

/* Through a pointer: anything. A function that is nothing else is an entry of a table of indirect functions. */
static bool goes_anywhere(const struct turn *t, bool is_first)
{
	return t->kind == TURN_CALL_REG || (t->kind == TURN_JUMP_REG && !is_first);
}

/* A call that does not come back ends the program: what it does on the way is no matter. */
static unsigned look(struct walk *w, uint32_t function, bool thumb, bool rest, unsigned depth)
{
	struct blocks b = { .n = 1, .at = { function | thumb } };
	uint32_t known = rest ? 0 : addrmap_get(&w->m->loud, function);
	unsigned bits = 0;
	if (known || depth == DEPTH_LAST)
		return known ? known & (LOUD | RETURNS) : LOUD | RETURNS;
	if (!rest)
		addrmap_put(&w->m->loud, function, ASKED | RETURNS);     /* while it is looked at: it calls itself */
	for (; b.done < b.n && w->budget; w->budget--) {
		uint32_t addr = b.at[b.done] & ~(w->m->cpu->arch == UC_ARCH_ARM ? 1u : 0u);
		thumb = b.at[b.done++] != addr;
		bool ran = rest && addrmap_get(&w->m->probe_ran, addr) == w->run;
		struct turn t = block_at(w, function, addr, thumb);
		bool leaves = t.kind == TURN_JUMP && t.target != function && starts_another(w, t.target);
		unsigned callee = leaves || t.kind == TURN_CALL ? RETURNS : 0;
		if (callee && (!ran || w->follow))
			callee = look(w, t.target, t.thumb, ran, depth + 1);
		if ((!ran && (t.system || goes_anywhere(&t, addr == function))) || callee == (LOUD | RETURNS))
			bits |= LOUD;
		if (t.kind == TURN_RETURN || t.kind == TURN_JUMP_REG || (leaves && callee & RETURNS))
			bits |= RETURNS;
		if (t.kind == TURN_JUMP && t.target && !leaves)
			block_want(&b, t.target | t.thumb);
		if (t.next && (t.kind != TURN_CALL || callee & RETURNS) && !starts_another(w, t.next))
			block_want(&b, t.next | thumb);
	}
	if (b.n == BLOCKS_MAX || w->budget == 0)
		bits = LOUD | RETURNS;
	if (!rest)
		addrmap_put(&w->m->loud, function, ASKED | bits);
	return bits;
}

bool quiet_rest(struct machine *m, const struct function *f, uint32_t run, bool follow)
{
	struct walk w = { .m = m, .run = run, .follow = follow, .budget = BUDGET };
	return !(look(&w, f->addr, f->thumb, true, 0) & LOUD);
}
