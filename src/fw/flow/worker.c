/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult-worker: executes one program in an emulator and writes its trace. Started by fw/flow/flow.c with
 * descriptors only: 3 takes the trace, 4 is the program, 5 and on its libraries; their names are arguments. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/sandbox.h"
#include "fw/flow/libc.h"

enum { OUT_FD = 3, PROGRAM_FD = 4, LIBRARIES_MAX = CODE_MODULES - 1, FILE_MAX = 256 << 20 };

static bool read_all(int fd, struct span *out)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > FILE_MAX)
		return false;
	uint8_t *p = mem_new((size_t)st.st_size);
	size_t n = 0;
	while (n < (size_t)st.st_size) {
		ssize_t got = pread(fd, p + n, (size_t)st.st_size - n, (off_t)n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	*out = span_of(p, n);
	return n > 0;
}

static uint64_t limit(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);
	return s ? strtoull(s, NULL, 10) : otherwise;
}

static bool prepare(struct machine *m, struct span program)
{
	struct module *mod = &m->code.modules[0];
	if (!elf_read(program, &m->arena, &mod->elf)) {
		m->stopped = "no ELF program that can be read";
		return false;
	}
	struct elf elf = mod->elf;
	m->cpu = cpu_find(&elf);
	if (!m->cpu) {
		m->stopped = "no emulator for this processor";
		return false;
	}
	if (uc_open(m->cpu->arch, (uc_mode)m->cpu->mode, &m->uc) != UC_ERR_OK) {
		m->stopped = "the emulator does not start";
		return false;
	}
	if (!guest_init(&m->g, m->uc, m->cpu->big, m->cpu->wide) || !code_init(&m->code, m->cpu, &m->g)) {
		m->stopped = "the disassembler does not start";
		return false;
	}
	m->code.modules[0].elf = elf;
	return true;
}

static void work(struct machine *m, const struct span *files, const struct span *names, unsigned n)
{
	if (!prepare(m, files[0]))
		return;
	if (!machine_load(m, files[0], files + 1, names + 1, n - 1)) {
		m->stopped = "its segments cannot be laid out";
		return;
	}
	code_discover(&m->code);
	functions_tell(m);
	machine_run(m);
}

int main(int argc, char **argv)
{
	struct machine *m = mem_new(sizeof(*m));
	struct span files[LIBRARIES_MAX + 1], names[LIBRARIES_MAX + 1];
	unsigned n = 0;
	if (argc < 2) {
		fputs("auscult-worker is started by auscult inspect\n", stderr);
		return 64;
	}
	for (int i = 1; i < argc && n <= LIBRARIES_MAX; i++) {
		names[n] = span_str(argv[i]);
		if (read_all(PROGRAM_FD + i - 1, &files[n]))
			n++;
		else if (i == 1)
			return 2;
	}
	m->out_fd = OUT_FD;
	m->name = names[0];
	m->limits = (struct limits){ .program = limit("AUSCULT_INSTRUCTIONS", 40000000),
		.root = limit("AUSCULT_ROOT", 20000000),
		.path = 300000, .output = limit("AUSCULT_OUTPUT", 32 << 20) };
	m->stubs = mem_array(STUBS, sizeof(*m->stubs));
	m->sightings = mem_array(SIGHTINGS, sizeof(*m->sightings));
	m->nstubs = 1;                           /* the first returns to us */
	m->out.cap = 8 << 20;
	trace_registry(&m->registry);
	m->host = (struct record_host){ .arena = &m->scratch };
	if (sandbox_enter(SANDBOX_WORKER) < 0) {
		fputs("auscult-worker: no sandbox, no work\n", stderr);
		return 3;
	}
	work(m, files, names, n);
	trace_end(m);
	_exit(0);                                /* what runs at exit (a leak check) may need calls that are closed now */
}
