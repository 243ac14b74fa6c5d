/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers, arguments by calling convention, outside sources and the marks they leave in bytes. */
#include "fw/flow/machine.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

/* A mark is four letters, repeated: "Zq" and the source's number in base 16 as two letters A to P. */
enum { MARK = 4 };
/* Addresses that stand for something: 240.77.0.n an outside source, 240.78.0.n a host name (RFC 1112 class E). */
static const uint32_t source_net = 0xf04d0000, name_net = 0xf04e0000;
/* Numbers that stand for an outside source: they pass for ports and small sizes. */
enum { NUMBER_BASE = 0x5a00 };

uint64_t reg_get(const struct machine *m, int reg)
{
	uint64_t v = 0;
	if (reg)
		(void)uc_reg_read(m->uc, reg, &v);
	return m->cpu->wide ? v : (uint32_t)v;
}

void reg_set(struct machine *m, int reg, uint64_t v)
{
	if (reg)
		(void)uc_reg_write(m->uc, reg, &v);
}

uint64_t arg(const struct machine *m, unsigned i)
{
	const struct cpu *c = m->cpu;
	unsigned size = c->wide ? 8 : 4;
	if (m->arg_base)
		return guest_pointer(&m->g, m->arg_base + (uint64_t)i * size);
	if (m->syscall) {
		if (i < CPU_SYS_ARGS && c->sys_args[i])
			return reg_get(m, c->sys_args[i]);
		/* MIPS o32: the fifth and later stand on the stack. */
		return c->machine == EM_MIPS_ ? guest_pointer(&m->g, reg_get(m, c->sp) + (uint64_t)i * 4) : 0;
	}
	if (i < c->nargs)
		return reg_get(m, c->args[i]);
	return guest_pointer(&m->g, reg_get(m, c->sp) + c->stack_args + (uint64_t)(i - c->nargs) * size);
}

int64_t arg_int(const struct machine *m, unsigned i)
{
	return (int32_t)arg(m, i);
}

struct span arg_text(const struct machine *m, unsigned i)
{
	return guest_text(&m->g, arg(m, i), GUEST_TEXT);
}

char *text_of(struct machine *m, struct span s)
{
	return (char *)(uintptr_t)arena_copy(&m->root_arena, s).p;
}

/* ---- variable arguments ---- */

struct va va_call(const struct machine *m, unsigned named)
{
	const struct cpu *c = m->cpu;
	return (struct va){ .shape = c->va, .next = named, .at = reg_get(m, c->sp) + c->stack_args };
}

struct va va_list_at(const struct machine *m, uint64_t list)
{
	const struct guest *g = &m->g;
	struct va v = { .shape = m->cpu->va, .list = true, .at = list };
	switch (v.shape) {
	case VA_POINTER:
	case VA_POINTER_PACKED:
		break;
	case VA_X86_64:
		v.gp = (int64_t)guest_number(g, list, 4);
		v.fp = (int64_t)guest_number(g, list + 4, 4);
		v.at = guest_number(g, list + 8, 8);
		v.gp_top = v.fp_top = guest_number(g, list + 16, 8);
		break;
	case VA_AARCH64:
		v.at = guest_number(g, list, 8);
		v.gp_top = guest_number(g, list + 8, 8);
		v.fp_top = guest_number(g, list + 16, 8);
		v.gp = (int32_t)guest_number(g, list + 24, 4);
		v.fp = (int32_t)guest_number(g, list + 28, 4);
		break;
	case VA_PPC:
		v.gp = (int64_t)guest_number(g, list, 1);
		v.fp = (int64_t)guest_number(g, list + 1, 1);
		v.at = guest_number(g, list + 4, 4);
		v.gp_top = guest_number(g, list + 8, 4);
		v.fp_top = v.gp_top + 32;
		break;
	}
	return v;
}

static uint64_t va_memory(const struct machine *m, struct va *v, unsigned size, bool aligned)
{
	if (aligned)
		v->at = (v->at + size - 1) & ~(uint64_t)(size - 1);
	uint64_t x = guest_number(&m->g, v->at, size);
	v->at += size;
	return x;
}

/* The save area a va_list points to. */
static bool va_saved(const struct machine *m, struct va *v, uint64_t *x)
{
	if (v->shape == VA_X86_64 && v->gp < 48) {
		*x = guest_number(&m->g, v->gp_top + (uint64_t)v->gp, 8);
		v->gp += 8;
		return true;
	}
	if (v->shape == VA_AARCH64 && v->gp < 0) {
		*x = guest_number(&m->g, v->gp_top + (uint64_t)v->gp, 8);
		v->gp += 8;
		return true;
	}
	if (v->shape == VA_PPC && v->gp < 8) {
		*x = guest_number(&m->g, v->gp_top + (uint64_t)v->gp * 4, 4);
		v->gp++;
		return true;
	}
	return false;
}

uint64_t va_word(const struct machine *m, struct va *v)
{
	const struct cpu *c = m->cpu;
	unsigned size = c->wide ? 8 : 4;
	uint64_t x = 0;
	if (v->list)
		return va_saved(m, v, &x) ? x : va_memory(m, v, size, false);
	if (v->next < c->nargs)
		return reg_get(m, c->args[v->next++]);
	if (c->nargs == 0 && v->next) {          /* x86: step over the named ones */
		v->at += (uint64_t)v->next * size;
		v->next = 0;
	}
	return va_memory(m, v, size, false);
}

uint64_t va_wide(const struct machine *m, struct va *v)
{
	const struct cpu *c = m->cpu;
	if (c->wide)
		return va_word(m, v);
	bool pairs = v->shape != VA_POINTER_PACKED;
	if (v->list && v->shape == VA_POINTER)
		return va_memory(m, v, 8, true);
	if (v->list && v->shape == VA_PPC)
		v->gp += v->gp & 1;
	else if (!v->list && pairs && v->next < c->nargs)
		v->next += v->next & 1;
	else if (!v->list && pairs)
		v->at = (v->at + 7) & ~(uint64_t)7;
	uint64_t a = va_word(m, v), b = va_word(m, v);
	return m->g.big ? a << 32 | b : b << 32 | a;
}

static double real_of(uint64_t bits)
{
	double d;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

double va_real(const struct machine *m, struct va *v)
{
	uint64_t bits[2] = { 0 };
	if (v->shape == VA_POINTER || v->shape == VA_POINTER_PACKED)
		return real_of(va_wide(m, v));
	if (v->list) {
		int64_t step = v->shape == VA_PPC ? 8 : 16, end = v->shape == VA_AARCH64 ? 0 : v->shape == VA_PPC ? 8 : 176;
		if (v->fp >= end)
			return real_of(va_memory(m, v, 8, true));
		uint64_t at = v->fp_top + (uint64_t)(v->shape == VA_PPC ? v->fp * 8 : v->fp);
		v->fp += v->shape == VA_PPC ? 1 : step;
		return real_of(guest_number(&m->g, at, 8));
	}
	if (v->next_real >= 8)
		return real_of(va_memory(m, v, 8, true));
	int first = v->shape == VA_X86_64 ? UC_X86_REG_XMM0 : v->shape == VA_AARCH64 ? UC_ARM64_REG_D0 : UC_PPC_REG_FPR1;
	(void)uc_reg_read(m->uc, first + (int)v->next_real++, bits);
	return real_of(bits[0]);
}

/* ---- outside sources ---- */

uint8_t source_add(struct machine *m, const char *fmt, ...)
{
	char text[160];
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		text[0] = 0;
	for (unsigned i = 0; i < m->nsources; i++)
		if (strcmp(m->sources[i], text) == 0)
			return (uint8_t)(SHADE_SOURCE + i);
	if (m->nsources == SOURCE_MAX) {
		m->sources[SOURCE_MAX] = "one of many";
		return SHADE_SOURCE + SOURCE_MAX;
	}
	m->sources[m->nsources] = (const char *)arena_copy(&m->arena, span_str(text)).p;
	return (uint8_t)(SHADE_SOURCE + m->nsources++);
}

const char *source_name(const struct machine *m, uint8_t shade)
{
	const char *s = shade >= SHADE_SOURCE ? m->sources[shade - SHADE_SOURCE] : NULL;
	return s ? s : "outside";
}

static uint8_t mark_letter(uint8_t shade, uint64_t i)
{
	uint8_t id = (uint8_t)(shade - SHADE_SOURCE);
	switch (i % MARK) {
	case 0: return 'Z';
	case 1: return 'q';
	case 2: return (uint8_t)('A' + (id >> 4));
	default: return (uint8_t)('A' + (id & 15));
	}
}

/* Constants of the program. The kernel would refuse to receive there: the pointer is what a structure that nobody
 * filled holds by chance, and the program's own texts would be outside ones from then on. */
static bool is_read_only(const struct machine *m, uint64_t addr)
{
	for (unsigned i = 0; i < m->code.nmodules; i++) {
		const struct module *mod = &m->code.modules[i];
		bool inside = addr - mod->base < mod->size, writable = false;
		for (unsigned k = 0; inside && k < mod->elf.nsegments; k++) {
			const struct elf_segment *s = &mod->elf.segments[k];
			writable |= s->type == 1 && s->flags & 2 && addr - mod->bias - s->addr < s->memsz;
		}
		if (inside)
			return !writable;
	}
	return false;
}

void source_fill(struct machine *m, uint64_t addr, uint64_t n, uint8_t shade)
{
	uint8_t b[4096];
	if (is_read_only(m, addr))
		return;
	n = n < sizeof(b) ? n : sizeof(b);
	for (uint64_t i = 0; i < n; i++)
		b[i] = mark_letter(shade, i);
	guest_write(&m->g, addr, span_of(b, n), shade);
}

static bool same_letter(uint8_t a, uint8_t b)
{
	return tolower(a) == tolower(b);
}

uint8_t source_in(struct span s, size_t i, size_t *from, size_t *to)
{
	for (size_t k = i; k + MARK <= s.n && k < i + MARK; k++) {
		int hi = toupper(s.p[k + 2]) - 'A', lo = toupper(s.p[k + 3]) - 'A';
		if (!same_letter(s.p[k], 'Z') || !same_letter(s.p[k + 1], 'q') || hi < 0 || hi > 14 || lo < 0 || lo > 15)
			continue;
		uint8_t shade = (uint8_t)(SHADE_SOURCE + (hi << 4 | lo));
		size_t a = k, b = k + MARK;
		while (a > i && same_letter(s.p[a - 1], mark_letter(shade, MARK * 64 + a - 1 - k)))
			a--;
		while (b < s.n && same_letter(s.p[b], mark_letter(shade, b - k)))
			b++;
		*from = a;
		*to = b;
		return shade;
	}
	return 0;
}

uint8_t source_at(const struct machine *m, uint64_t addr)
{
	enum { AROUND = 3 };
	const uint8_t *shade = guest_shades(&m->g, addr, 1);
	if (!shade || *shade >= SHADE_SOURCE)
		return shade ? *shade : 0;
	/* Moved about by code, the bytes are still marks. */
	const uint8_t *p = guest_bytes(&m->g, addr - AROUND, 2 * AROUND + 1);
	size_t from = 0, to = 0;
	uint8_t source = p ? source_in(span_of(p, 2 * AROUND + 1), 0, &from, &to) : 0;
	return source && from <= AROUND && to > AROUND ? source : 0;
}

uint8_t source_of_text(const struct machine *m, uint64_t addr)
{
	struct span s = guest_text(&m->g, addr, 256);
	size_t from, to;
	for (size_t i = 0; i + MARK <= s.n; i++) {
		uint8_t shade = source_in(s, i, &from, &to);
		if (shade)
			return shade;
	}
	return 0;
}

uint32_t source_number(struct machine *m, uint8_t shade)
{
	if (shade < SHADE_SOURCE)
		return 0;
	m->numbered[shade - SHADE_SOURCE] = true;
	return NUMBER_BASE | (uint32_t)(shade - SHADE_SOURCE);
}

uint8_t source_of_number(const struct machine *m, uint64_t v)
{
	uint32_t w = (uint32_t)v, low = w & 0xffff, swapped = (low << 8 | low >> 8) & 0xffff;
	if (w >> 16 == 0 && (low & 0xff00) == NUMBER_BASE && (low & 0xff) < SHADE_SOURCES && m->numbered[low & 0xff])
		return (uint8_t)(SHADE_SOURCE + (low & 0xff));
	if (w >> 16 == 0 && (swapped & 0xff00) == NUMBER_BASE && (swapped & 0xff) < SHADE_SOURCES
	    && m->numbered[swapped & 0xff])
		return (uint8_t)(SHADE_SOURCE + (swapped & 0xff));
	uint8_t b[MARK * 2];
	for (unsigned k = 0; k < 2; k++) {       /* four marked bytes read as a word, in either order */
		for (unsigned i = 0; i < MARK; i++)
			b[i] = b[i + MARK] = (uint8_t)(w >> 8 * (k ? 3 - i : i));
		size_t from, to;
		uint8_t shade = source_in(span_of(b, MARK * 2 - 1), 0, &from, &to);
		if (shade && m->sources[shade - SHADE_SOURCE])
			return shade;
	}
	return 0;
}

static uint8_t nibbles(uint8_t c)
{
	return (uint8_t)(c << 4 | c >> 4);
}

/* Four octets that a program made of four marked bytes, in either order, by one and the same sum, XOR or exchange of
 * nibbles each. */
static bool is_made_of(const uint8_t *b, uint8_t shade)
{
	for (unsigned k = 0; k < 2 * MARK; k++) {
		uint8_t a[MARK];
		bool same_xor = true, same_sum = true, same_nibbles = true;
		for (unsigned i = 0; i < MARK; i++)
			a[i] = mark_letter(shade, k < MARK ? k + i : 3 * MARK + k - i);
		for (unsigned i = 0; i < MARK; i++) {
			same_xor &= (a[i] ^ b[i]) == (a[0] ^ b[0]);
			same_sum &= (uint8_t)(b[i] - a[i]) == (uint8_t)(b[0] - a[0]);
			same_nibbles &= nibbles(a[i]) == b[i];
		}
		if (same_xor || same_sum || same_nibbles)
			return true;
	}
	return false;
}

uint8_t source_behind(const struct machine *m, uint32_t v)
{
	const uint8_t b[MARK] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };
	for (unsigned i = 0; i < m->nsources; i++) {
		bool number = m->numbered[i] && b[0] == i && b[1] == i && b[2] == i && b[3] == i;
		if (number || is_made_of(b, (uint8_t)(SHADE_SOURCE + i)))
			return (uint8_t)(SHADE_SOURCE + i);
	}
	return 0;
}

uint32_t source_address(struct machine *m, uint8_t shade)
{
	(void)m;
	return source_net | (uint32_t)(shade - SHADE_SOURCE);
}

uint32_t name_address(struct machine *m, const char *name)
{
	for (unsigned i = 0; i < m->nresolved; i++)
		if (strcmp(m->resolved[i], name) == 0)
			return name_net | i;
	if (m->nresolved == ARRAY_LEN(m->resolved))
		return name_net | 255;
	m->resolved[m->nresolved] = (const char *)arena_copy(&m->arena, span_str(name)).p;
	return name_net | m->nresolved++;
}

bool address_means(const struct machine *m, uint32_t v4, uint8_t *shade, const char **name)
{
	uint32_t i = v4 & 0xff;
	*shade = 0;
	*name = NULL;
	if (v4 >> 8 == source_net >> 8 && i < SHADE_SOURCES && m->sources[i])
		*shade = (uint8_t)(SHADE_SOURCE + i);
	else if (v4 >> 8 == name_net >> 8 && i < m->nresolved)
		*name = m->resolved[i];
	return *shade || *name;
}

/* ---- the guest's heap ---- */

uint64_t heap_new(struct machine *m, uint64_t n)
{
	n = (n + 31) & ~(uint64_t)15;
	uint32_t at = m->kern->brk;
	if (n > HEAP_BYTES / 2 || at - AT_HEAP + n > HEAP_BYTES)
		return 0;
	KERN_SET(m, brk, at + (uint32_t)n);
	return at;
}

uint64_t heap_marked(struct machine *m, uint64_t n, uint8_t shade)
{
	uint64_t p = heap_new(m, n + 1);
	source_fill(m, p, n, shade);
	return p;
}

uint64_t heap_text(struct machine *m, struct span s)
{
	uint64_t p = heap_new(m, s.n + 1);
	guest_write(&m->g, p, s, SHADE_BUILT);
	return p;
}

void machine_note(struct machine *m, const char *fmt, ...)
{
	char text[200];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0 && m->nnotes < ARRAY_LEN(m->notes))
		m->notes[m->nnotes++] = arena_copy(&m->arena, span_str(text));
}

/* ---- the path ---- */

bool machine_is_thumb(const struct machine *m)
{
	return m->cpu->arch == UC_ARCH_ARM && reg_get(m, UC_ARM_REG_CPSR) & 0x20;
}

const struct turn *block_turn(const struct machine *m, uint32_t block)
{
	uint32_t t = block ? m->blocks[block - 1].turn : 0;
	return t ? &m->code.turns[t - 1] : NULL;
}

void machine_stop_path(struct machine *m)
{
	m->stopping = true;
	uc_emu_stop(m->uc);
}

void machine_ended(struct machine *m)
{
	for (const struct frame *f = m->frame; f; f = f->up) {
		struct function *fn = code_function_at(&m->code, f->function);
		if (fn)
			fn->ends = true;
	}
	m->ended = true;
	machine_stop_path(m);
}
