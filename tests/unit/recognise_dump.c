/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which functions of a static program are known by what they do: recognise-dump PROGRAM; a line "name symbol" each,
 * and at the end what was spent. Links what the worker links, without its sandbox. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fw/flow/machine.h"

enum { BLOCKS_NOBODY_WANTS = 1 };                /* bytes of output: paths end with the first record */

static bool machine_ready(struct machine *m, struct span program)
{
	struct module *mod = &m->code.modules[0];
	struct elf elf;
	if (!elf_read(program, &m->arena, &elf) || !(m->cpu = cpu_find(&elf)))
		return false;
	if (uc_open(m->cpu->arch, (uc_mode)m->cpu->mode, &m->uc) != UC_ERR_OK
	    || !guest_init(&m->g, m->uc, m->cpu->big, m->cpu->wide) || !code_init(&m->code, m->cpu, &m->g))
		return false;
	mod->elf = elf;
	return machine_load(m, program, NULL, NULL, 0);
}

static bool read_all(const char *path, struct span *out)
{
	enum { FILE_MAX = 16 << 20 };
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	uint8_t *p = mem_new(FILE_MAX);
	*out = span_of(p, fread(p, 1, FILE_MAX, f));
	fclose(f);
	return out->n > 0;
}

static void show(const struct machine *m)
{
	for (uint32_t i = 0; i < m->code.nfunctions; i++) {
		const struct function *f = &m->code.functions[i];
		uint32_t stub = addrmap_get(&m->recognised, f->addr);
		if (stub)
			printf("%.*s %.*s\n", (int)m->stubs[stub - 1].name.n, (const char *)m->stubs[stub - 1].name.p,
			       (int)f->name.n, (const char *)f->name.p);
	}
}

int main(int argc, char **argv)
{
	struct machine *m = mem_new(sizeof(*m));
	struct span program;
	if (argc != 2 || !read_all(argv[1], &program))
		return 64;
	m->name = span_str(argv[1]);
	m->out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	m->limits = (struct limits){ .program = 40000000, .root = 20000000, .path = 300000, .output = BLOCKS_NOBODY_WANTS };
	m->stubs = mem_array(STUBS, sizeof(*m->stubs));
	m->sightings = mem_array(SIGHTINGS, sizeof(*m->sightings));
	m->nstubs = 1;
	m->out.cap = 8 << 20;
	trace_registry(&m->registry);
	m->host = (struct record_host){ .arena = &m->scratch };
	if (!machine_ready(m, program))
		return 2;
	code_discover(&m->code);
	machine_run(m);
	show(m);
	fflush(stdout);
	_exit(0);                                /* as the worker ends: the machine goes with its process */
}
