/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions as digests of their instructions, without what a linker decides: an address becomes "A", with the
 * text it leads to; halves of addresses that are put together become "H" and "L". The same source
 * built by the same compiler gives the same digest wherever it lands. */
#include <ctype.h>
#include <stdio.h>

#include "base/hash.h"
#include "fw/flow/machine.h"

enum {
	LEAST = 5,
	MOST = 20000,
	TEXT_LEAST = 4,
	TEXT_MOST = 96,
	TOLD = 50000,
	POOL = 256
}; /* LEAST: stubs of a linkage table are shorter */

/* A function while it is described. */
struct text {
	struct machine *m;
	struct buf b;
	uint64_t at;
	bool thumb;
	uint64_t pool[POOL]; /* words that its instructions load: they stand behind it, and are no code */
	unsigned npool;
};

static bool in_module(const struct module *m, uint64_t v)
{
	return v >= m->base && v < (uint64_t)m->base + m->size;
}

/* An address of the program: what it leads to, as far as that does not move. */
static void put_address(struct machine *m, struct buf *b, uint64_t v)
{
	struct span text = guest_text(&m->g, v, TEXT_MOST);
	size_t n = 0;
	while (n < text.n && isprint(text.p[n]))
		n++;
	bool is_code = code_function_at(&m->code, v) || code_flags(&m->code, v) & CODE_INSN;
	/* Not the names of functions: one build may be stripped and the other not. */
	buf_text(b, "A");
	if (!is_code && n == text.n && n >= TEXT_LEAST)
		buf_bytes(b, text);
}

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* The upper half of an address, which another instruction completes. */
static bool is_upper(const char *name)
{
	static const char *const names[] = { "lui", "lis", "adrp", "movw", "movt", "oris", "addis" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Families that build addresses from halves: an offset from what is neither stack, frame nor zero may be the lower one.
 */
static bool is_lower(const struct machine *m, const char *operands)
{
	static const char *const fixed[] = { "$sp", "$fp", "$zero", "sp", "x29", "wzr", "xzr", "r1)", "r1," };
	uc_arch arch = m->cpu->arch;
	if (arch != UC_ARCH_MIPS && arch != UC_ARCH_PPC && arch != UC_ARCH_ARM64)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		if (has(operands, fixed[i]))
			return false;
	return true;
}

/* The word that a pc-relative load of ARM takes. */
static bool put_literal(struct text *t, int64_t offset)
{
	uint64_t from = t->thumb ? ((t->at + 4) & ~3ull) + (uint64_t)offset : t->at + 8 + (uint64_t)offset;
	const struct module *mod = &t->m->code.modules[0];
	if (!in_module(mod, from))
		return false;
	if (t->npool < POOL)
		t->pool[t->npool++] = from;
	uint64_t v = guest_number(&t->m->g, from, 4);
	if (in_module(mod, v))
		put_address(t->m, &t->b, v);
	else
		buf_printf(&t->b, "=%llx", (unsigned long long)v);
	return true;
}

static void put_number(struct text *t, int64_t v)
{
	const cs_insn *i = t->m->code.insn;
	const struct module *mod = &t->m->code.modules[0];
	if (t->m->cpu->arch == UC_ARCH_ARM && has(i->op_str, "[pc, #") && put_literal(t, v))
		return;
	if (has(i->op_str, "[rip"))
		v += (int64_t)(t->at + i->size);
	if (in_module(mod, (uint64_t)v))
		put_address(t->m, &t->b, (uint64_t)v);
	else if (is_upper(i->mnemonic))
		buf_text(&t->b, "H");
	else if (is_lower(t->m, i->op_str))
		buf_text(&t->b, "L");
	else
		buf_printf(&t->b, "%llx", (unsigned long long)v);
}

static void put_instruction(struct text *t)
{
	const cs_insn *i = t->m->code.insn;
	buf_text(&t->b, i->mnemonic);
	buf_u8(&t->b, ' ');
	for (const char *p = i->op_str; *p;) {
		bool starts = p == i->op_str || !(isalnum((unsigned char)p[-1]) || p[-1] == '_');
		bool minus = *p == '-' && isdigit((unsigned char)p[1]);
		if (!starts || !(minus || isdigit((unsigned char)*p))) {
			buf_u8(&t->b, (uint8_t)*p++);
			continue;
		}
		char *end;
		uint64_t v = strtoull(p + minus, &end, 0);
		bool below = minus || (p - i->op_str >= 2 && p[-1] == ' ' && p[-2] == '-');
		put_number(t, below ? -(int64_t)v : (int64_t)v);
		p = end;
	}
	buf_u8(&t->b, '\n');
}

static bool is_literal(const struct text *t)
{
	for (unsigned i = 0; i < t->npool; i++)
		if (t->pool[i] == t->at)
			return true;
	return false;
}

/* Returns how many instructions. */
static uint32_t describe(struct text *t, uint64_t end)
{
	const struct module *mod = &t->m->code.modules[0];
	uint32_t n = 0;
	while (t->at < end && n < MOST) {
		uint8_t flags = mod->code[t->at - mod->base];
		t->thumb = flags & CODE_THUMB;
		if (!(flags & CODE_INSN) || is_literal(t) || !code_decode(&t->m->code, t->at, t->thumb)) {
			t->at++; /* data between the code */
			continue;
		}
		put_instruction(t);
		t->at += t->m->code.insn->size;
		n++;
	}
	return n;
}

static bool in_text(const struct module *m, uint32_t addr)
{
	return in_module(m, addr) && addr >= m->text && addr < m->text_end;
}

static int by_address(const void *a, const void *b)
{
	const struct function *const *x = a, *const *y = b;
	return ((*x)->addr > (*y)->addr) - ((*x)->addr < (*y)->addr);
}

static void tell(struct machine *m, const struct function *f, uint64_t end)
{
	static const struct hash_key key = { 0x61757363756c7420,
					     0x66756e6374696f6e }; /* fixed: two runs are compared */
	struct text t = { .m = m, .at = f->addr };
	uint64_t hash[2];
	char digest[40];
	uint32_t n = describe(&t, end);
	hash128(key, buf_span(&t.b), hash);
	snprintf(digest, sizeof(digest), "%016llx%016llx", (unsigned long long)hash[0], (unsigned long long)hash[1]);
	if (n >= LEAST)
		trace_function(m, f, n, digest);
	buf_done(&t.b);
}

void functions_tell(struct machine *m)
{
	const struct module *mod = &m->code.modules[0];
	const struct function **v = mem_array(m->code.nfunctions + 1u, sizeof(*v));
	uint32_t n = 0;
	for (uint32_t i = 0; i < m->code.nfunctions; i++)
		if (m->code.functions[i].module == 0 && in_text(mod, m->code.functions[i].addr))
			v[n++] = &m->code.functions[i];
	qsort(v, n, sizeof(struct function *), by_address);
	for (uint32_t i = 0; i < n && i < TOLD; i++)
		tell(m, v[i], i + 1 < n ? v[i + 1]->addr : mod->text_end);
	free(v);
}
