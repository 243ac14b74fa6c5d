/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies in memory beside the modules: stubs of functions and data of libraries that are not there, segments. And
 * where a symbol is. */
#include "fw/flow/machine.h"

static uint32_t name_key(struct span s)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 16777619u;
	return h;
}

uint64_t machine_stub(struct machine *m, struct span name)
{
	uint32_t i = addrmap_get(&m->stub_by_name, name_key(name));
	if (!i) {
		if (m->nstubs == STUBS)
			return AT_STUBS;
		m->stubs[m->nstubs] = (struct stub){ .name = name, .model = m->model_of(name) };
		i = ++m->nstubs;
		addrmap_put(&m->stub_by_name, name_key(name), i);
	}
	return AT_STUBS + (uint64_t)(i - 1) * STUB_STEP;
}

uint64_t machine_cell_value(struct span name)
{
	static const char *const files[] = { "stdin", "stdout", "stderr" };
	for (unsigned i = 0; i < ARRAY_LEN(files); i++)
		if (span_is(name, files[i]) || (name.n > 2 && span_is(span_from(name, 2), files[i])))
			return AT_FILES + i * FILE_STEP;
	if (span_is(name, "optind"))
		return 1;
	if (span_is(name, "__stack_chk_guard"))
		return 0x5afe00;
	return span_is(name, "environ") || span_is(name, "__environ") ? AT_CELLS + 0x8000 : 0;
}

uint64_t machine_cell(struct machine *m, struct span name)
{
	unsigned i = 0;
	while (i < m->ncells && !span_eq(m->cells[i], name))
		i++;
	if (i == ARRAY_LEN(m->cells))
		return AT_CELLS;
	uint64_t at = AT_CELLS + (uint64_t)i * CELL_STEP;
	if (i == m->ncells) {
		m->cells[m->ncells++] = name;
		guest_put_pointer(&m->g, at, machine_cell_value(name));
	}
	return at;
}

uint64_t machine_symbol(struct machine *m, const char *name)
{
	for (unsigned i = 0; i < m->code.nmodules; i++) {
		const struct module *mod = &m->code.modules[i];
		for (unsigned k = 0; k < mod->elf.nsymbols; k++) {
			const struct elf_symbol *s = &mod->elf.symbols[k];
			if (s->defined && s->value && s->bind && span_is(s->name, name))
				return s->value + mod->bias;
		}
	}
	return 0;
}

/* A descriptor of data of all four gigabytes (Intel SDM volume 3, section 3.4.5) at a privilege level; accessed, or the
 * processor would write to it. */
void machine_segment(struct machine *m, unsigned entry, uint32_t base, uint8_t level)
{
	uint8_t b[8] = { 0xff, 0xff, (uint8_t)base, (uint8_t)(base >> 8), (uint8_t)(base >> 16),
		(uint8_t)(0x93 | level << 5), 0xcf, (uint8_t)(base >> 24) };
	guest_write(&m->g, AT_GDT + entry * sizeof(b), span_of(b, sizeof(b)), SHADE_NONE);
}
