/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.unhardened: how many programs were built without what compilers offer against misuse. A count over the image, for
 * the talk with the maker; never an alarm. */
#include "fw/model/elf.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.unhardened",
	.title = "Programs of the firmware are built without hardening",
	.cause = "build",
	.sees = "ELF programs and libraries without a non-executable stack (NX), at fixed addresses (no PIE; programs only), "
		"without read-only relocations (RELRO) or stack canaries: counted over the whole image.",
	.why = "With hardening many faults in a program end in a restart; without it the same fault may hand the device to "
	       "whoever sends the right bytes.",
	.wrong = "Small programs may have nothing that a canary would guard, and old processors know no NX.",
	.next = { ADVICE_ASK_MAKER, NULL },
	.attack = { "T0890", NULL },
	.cwe = { "CWE-693", "CWE-121", NULL },
};

struct counts {
	uint32_t programs, executables, nx, pie, relro, canary, first;
};

static void count(struct counts *c, const struct elf *e, uint32_t index)
{
	bool program = e->type == ELF_EXEC || (e->type == ELF_DYN && e->interp.n);
	if (!c->programs++)
		c->first = index;
	c->executables += program;
	c->nx += !e->nx;
	c->pie += program && !e->pie;
	c->relro += e->dynamic && e->relro == RELRO_NONE;
	c->canary += !e->canary;
}

static void end(struct job *j)
{
	const struct scene *s = job_scene(j);
	struct counts c = { 0 };
	struct arena a;
	arena_init(&a, 64 << 20);
	for (uint32_t i = 0; i < s->nfiles; i++) {
		struct elf e;
		if (s->files[i].kind == SCENE_PROGRAM && elf_read(s->files[i].content, &a, &e) &&
		    (e.type == ELF_EXEC || e.type == ELF_DYN))
			count(&c, &e, i);
		arena_reset(&a);
	}
	arena_done(&a);
	if (!(c.nx + c.pie + c.relro + c.canary))
		return;
	struct finding *f = job_finding(j, &rule, c.first, "build");
	if (!f || !job_judge(j, f, SEV_INFO, 0.95))
		return;
	f->title =
		job_text(j,
			 "Of %u programs and libraries %u lack NX, %u RELRO and %u canaries; %u of %u programs lie at fixed "
			 "addresses",
			 c.programs, c.nx, c.relro, c.canary, c.pie, c.executables);
	struct act step = { .kind = ACT_OTHER, .name = SPAN_LIT("programs"),
			    .text = span_str(job_text(j, "%u ELF files, the first: %s", c.programs, s->files[c.first].path)) };
	const struct act *steps[] = { &step, NULL };
	job_chain(j, f, steps);
}

const struct pass pass_unhardened = { .rule = &rule, .end = end };
