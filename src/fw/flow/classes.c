/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of kinds of characters: <ctype.h> of whatever C library is linked in, and a program's own list of characters
 * that may pass. They are known by what stands in them: all digits are of one kind, so are the letters of either case,
 * and none of them is of the kind of what a shell takes for its own. Who asks one goes through a text. */
#include "fw/flow/machine.h"

enum { LAST = 'z', LIBRARY_FIRST = 128 };

static const char alike[][24] = {
	"0123456789", "GHIJKLMNOPQRSTUVWXYZ", "ABCDEF", "ghijklmnopqrstuvwxyz", "abcdef", ";&`$<>\"'",
};

static bool same(const uint8_t *e, unsigned width, unsigned a, unsigned b)
{
	return memcmp(e + a * width, e + b * width, width) == 0;
}

static bool is_table(const uint8_t *e, unsigned width)
{
	if (!same(e, width, '0', '9') || same(e, width, '0', ';') || same(e, width, 'M', ';') || same(e, width, 'm', ';'))
		return false;
	for (unsigned k = 0; k < ARRAY_LEN(alike); k++)
		for (unsigned i = 1; alike[k][i]; i++)
			if (!same(e, width, (uint8_t)alike[k][0], (uint8_t)alike[k][i]))
				return false;
	return true;
}

static bool classes_add(struct machine *m, uint32_t at, unsigned width)
{
	if (m->nclasses == ARRAY_LEN(m->classes))
		return false;
	m->classes[m->nclasses++] = (struct class_table){ .at = at, .width = (uint8_t)width };
	return true;
}

/* The character class tables of a module, as the file has them. */
static void classes_find(struct machine *m, const struct module *mod)
{
	const uint8_t *p = guest_bytes(&m->g, mod->base, mod->size);
	for (unsigned width = 1; p && width <= 4; width *= 2)
		for (uint32_t i = 0; (uint64_t)i + (LAST + 1) * width <= mod->size; i += width)
			if (is_table(p + i, width) && !classes_add(m, mod->base + i, width))
				return;
}

static void on_kind(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *ctx)
{
	(void)uc;
	(void)type;
	(void)size;
	(void)value;
	struct machine *m = ctx;
	for (unsigned i = 0; i < m->nclasses && !m->probe.on; i++) {
		const struct class_table *t = &m->classes[i];
		if (addr - t->at < (LAST + 1u) * t->width) {
			compare_kind(m, (uint8_t)((addr - t->at) / t->width));
			return;
		}
	}
}

bool classes_watch(struct machine *m)
{
	m->nclasses = 0;
	classes_add(m, AT_CTYPE + LIBRARY_FIRST * 2, 2);
	for (unsigned i = 0; i < m->code.nmodules; i++)
		classes_find(m, &m->code.modules[i]);
	bool ok = true;
	for (unsigned i = 0; i < m->nclasses && ok; i++) {
		uc_hook h;
		uint64_t from = m->classes[i].at, to = from + (LAST + 1u) * m->classes[i].width - 1;
		ok = uc_hook_add(m->uc, &h, UC_HOOK_MEM_READ, (void *)(uintptr_t)on_kind, m, from, to) == UC_ERR_OK;
	}
	return ok;
}
