/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of models, and those that need no file of their own. */
#include "fw/flow/libc.h"

#include <ctype.h>

static const struct model models[] = {
#define LIBC(fn, cls, sg, prm, nm) { .names = nm, .run = model_##fn, .class = cls, .sig = sg, .param = prm },
#include "fw/flow/libc.def"
#undef LIBC
};

static uint64_t unknown(struct machine *m, const struct model *self)
{
	return model_outside(m, self);
}

static const struct model unknown_model = { .names = "unknown", .run = unknown, .class = CALL_QUIET };
const struct model *const model_unknown = &unknown_model;

const struct model *model_find(struct span name)
{
	if (name.n == 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(models); i++) {
		struct rd r = rd_of(span_str(models[i].names));
		while (rd_left(&r)) {
			struct span s = rd_piece(&r, ' ');
			if (span_eq(s, name))
				return &models[i];
		}
	}
	return NULL;
}

uint64_t model_neutral(struct machine *m, const struct model *self)
{
	(void)m;
	return (uint64_t)(int64_t)self->param;
}

enum { NAMED_RESULTS = SOURCE_MAX / 2 };         /* the rest of the names is for files, settings and sockets */

/* Something we know nothing of gave it: a valid pointer, and no small number, to marked bytes. */
uint64_t model_outside(struct machine *m, const struct model *self)
{
	(void)self;
	struct span name = m->nsources < NAMED_RESULTS ? span_cut(m->callee, 64) : SPAN_LIT("a function");
	uint8_t shade = source_add(m, "result of %.*s", (int)name.n, (const char *)name.p);
	return heap_marked(m, 96, shade);
}

/* ---- memory ---- */

uint64_t model_heap_alloc(struct machine *m, const struct model *self)
{
	uint64_t n = arg(m, self->param == 2 ? 1 : 0);
	if (self->param == 1)
		n *= (uint32_t)arg(m, 1);
	return heap_new(m, n < 1 << 20 ? n : 1 << 20);
}

uint64_t model_heap_realloc(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t old = arg(m, 0), n = arg(m, 1);
	uint64_t p = heap_new(m, n < 1 << 20 ? n : 1 << 20);
	if (old && p)
		guest_copy(&m->g, p, old, n < 1 << 16 ? n : 1 << 16);
	return p;
}

uint64_t model_heap_map(struct machine *m, const struct model *self)
{
	uint64_t n = self->param ? guest_pointer(&m->g, arg(m, 0) + (m->g.wide ? 8 : 4)) : arg(m, 1);
	uint64_t at = (m->kern->brk + GUEST_PAGE - 1) & ~(uint32_t)(GUEST_PAGE - 1);
	if (n > HEAP_BYTES / 4 || at - AT_HEAP + n > HEAP_BYTES)
		return (uint64_t)-12;
	KERN_SET(m, brk, (uint32_t)(at + n));
	return at;
}

uint64_t model_heap_break(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t want = arg(m, 0);
	if (want >= m->kern->brk && want < AT_HEAP + HEAP_BYTES / 2)
		KERN_SET(m, brk, (uint32_t)want);
	return m->kern->brk;
}

/* ---- time and chance: fixed, so that the same program gives the same trace ---- */

enum { SOME_TIME = 1764000000 };                 /* 24 November 2025 */

uint64_t model_time_now(struct machine *m, const struct model *self)
{
	uint64_t p = arg(m, self->param == 2 ? 1 : 0), now = SOME_TIME + m->kern->random % 100000;
	KERN_SET(m, random, m->kern->random + 1);
	unsigned size = m->g.wide ? 8 : 4;
	if (p)
		guest_put_number(&m->g, p, now, size, SHADE_BUILT);
	if (p && self->param)
		guest_put_number(&m->g, p + size, 0, size, SHADE_BUILT);
	return self->param ? 0 : now;
}

uint64_t model_time_parts(struct machine *m, const struct model *self)
{
	static const uint32_t parts[] = { 0, 0, 16, 24, 10, 125, 1, 327, 0 };
	(void)self;
	uint64_t p = heap_new(m, 64);
	for (unsigned i = 0; i < ARRAY_LEN(parts); i++)
		guest_put_number(&m->g, p + 4 * i, parts[i], 4, SHADE_BUILT);
	return p;
}

uint64_t model_time_text(struct machine *m, const struct model *self)
{
	(void)self;
	bool to = span_is(m->callee, "strftime");
	uint64_t p = to ? arg(m, 0) : heap_new(m, 32);
	guest_write(&m->g, p, SPAN_LIT("2025-11-24\0"), SHADE_BUILT);
	return to ? 10 : p;
}

uint64_t model_chance(struct machine *m, const struct model *self)
{
	(void)self;
	KERN_SET(m, random, m->kern->random * 1103515245 + 12345);
	return m->kern->random >> 16 & 0x7fff;
}

uint64_t model_error_cell(struct machine *m, const struct model *self)
{
	(void)m;
	(void)self;
	return AT_CELLS + 0x9000;
}

uint64_t model_tls_address(struct machine *m, const struct model *self)
{
	(void)self;
	return AT_TLS + TLS_BYTES / 2 + (span_is(m->callee, "__aeabi_read_tp") ? 0 : 0x100);
}

uint64_t model_divide(struct machine *m, const struct model *self)
{
	uint32_t a = (uint32_t)arg(m, 0), b = (uint32_t)arg(m, 1);
	bool is_signed = self->param == 0 || self->param == 2;
	if (b == 0)
		return 0;
	uint32_t q = is_signed && b != UINT32_MAX ? (uint32_t)((int32_t)a / (int32_t)b) : a / b;
	uint32_t rest = a - q * b;
	if (self->param >= 2)
		reg_set(m, m->cpu->ret2, rest);
	return span_starts(m->callee, SPAN_LIT("__mod")) || span_starts(m->callee, SPAN_LIT("__umod")) ? rest : q;
}

/* ---- environment, configuration, options, accounts ---- */

uint64_t model_config_get(struct machine *m, const struct model *self)
{
	struct span key = arg_text(m, (unsigned)self->param);
	bool env = span_is(m->callee, "getenv") || span_is(m->callee, "secure_getenv");
	uint8_t shade = source_add(m, "%s:%.*s", env ? "getenv" : "config",
				   (int)(key.n < 80 ? key.n : 80), (const char *)key.p);
	if (!span_has(m->callee, "safe") && !span_has(m->callee, "default"))
		machine_otherwise(m, 0, "it is not set");
	return heap_marked(m, 16, shade);
}

/* struct cJSON: next, previous, child, type, text, numbers; a text, or a number, as the program likes. */
uint64_t model_config_item(struct machine *m, const struct model *self)
{
	enum { CJSON_STRING = 16 };
	unsigned size = m->g.wide ? 8 : 4;
	uint64_t value = model_config_get(m, self), item = heap_new(m, 80);
	guest_put_number(&m->g, item + 3 * size, CJSON_STRING, 4, SHADE_BUILT);
	guest_put_pointer(&m->g, item + 4 * size, value);
	guest_put_number(&m->g, item + 5 * size, source_number(m, source_of_text(m, value)), 4, SHADE_BUILT);
	return item;
}

uint64_t model_config_copy(struct machine *m, const struct model *self)
{
	struct span key = arg_text(m, 0);
	uint8_t shade = source_add(m, "config:%.*s", (int)(key.n < 80 ? key.n : 80), (const char *)key.p);
	(void)self;
	source_fill(m, arg(m, 1), 16, shade);
	guest_put_number(&m->g, arg(m, 1) + 16, 0, 1, shade);
	return self->param ? 0 : 16;
}

/* Those that print what there is and end the program are left to the other side of a branch: nothing is seen
 * behind them. */
uint64_t model_option_next(struct machine *m, const struct model *self)
{
	(void)self;
	struct span letters = arg_text(m, 2);
	uint32_t at = m->kern->spare;
	if (at == 0)
		machine_otherwise(m, (uint64_t)-1, "no option is given");
	while (at < letters.n && strchr(":+-h?V", letters.p[at]))
		at++;
	KERN_SET(m, spare, at + 1);
	if (at >= letters.n || at > 64)
		return (uint64_t)-1;
	/* copied, ld.so(8) */
	uint64_t own = machine_symbol(m, "optarg"), cell = own ? own : machine_cell(m, SPAN_LIT("optarg"));
	guest_put_pointer(&m->g, cell, heap_marked(m, 12, source_add(m, "option -%c", letters.p[at])));
	return letters.p[at];
}

/* struct passwd and struct spwd begin with name and password. */
uint64_t model_account(struct machine *m, const struct model *self)
{
	unsigned size = m->g.wide ? 8 : 4;
	uint8_t shade = source_add(m, self->param ? "file:/etc/shadow" : "file:/etc/passwd");
	uint64_t p = heap_new(m, 80);
	for (unsigned i = 0; i < 2; i++)
		guest_put_pointer(&m->g, p + i * size, heap_marked(m, 16, shade));
	for (unsigned i = 2; i < 5; i++)
		guest_put_pointer(&m->g, p + 8 + i * size, heap_marked(m, 12, shade));
	return p;
}
