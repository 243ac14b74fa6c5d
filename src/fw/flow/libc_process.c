/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models of processes, threads, signals and start-up. What is called later is a path of its own, with the
 * state and the argument it was given. */
#include "fw/flow/libc.h"

enum { ARGV_MAX = 24 };

uint64_t model_process_exec(struct machine *m, const struct model *self)
{
	(void)self;
	machine_executed(m);
	return (uint64_t)-1;                     /* so that what follows a failure is seen too */
}

uint64_t model_process_exec_list(struct machine *m, const struct model *self)
{
	(void)self;
	unsigned size = m->g.wide ? 8 : 4;
	uint64_t list = heap_new(m, (ARGV_MAX + 1) * size);
	struct va v = va_call(m, 1);
	for (unsigned i = 0; i < ARGV_MAX; i++) {
		uint64_t p = va_word(m, &v);
		guest_put_pointer(&m->g, list + (uint64_t)i * size, p);
		if (!p)
			break;
	}
	m->made = list;
	return (uint64_t)-1;
}

/* The child's side; a library function's other side is a branch like any other. */
uint64_t model_process_fork(struct machine *m, const struct model *self)
{
	(void)self;
	machine_forked(m);
	return 0;
}

uint64_t model_process_spawn(struct machine *m, const struct model *self)
{
	(void)self;
	guest_put_number(&m->g, arg(m, 0), 4712, 4, SHADE_BUILT);
	return 0;
}

/* clone(flags, stack, …): the child's side first, on its own stack. */
uint64_t model_process_clone(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t stack = arg(m, 1);
	machine_forked(m);
	if (stack)
		reg_set(m, m->cpu->sp, stack);
	return 0;
}

/* Where the data of the thread lies: ARM and MIPS set_tls(where), x86-64 arch_prctl(ARCH_SET_FS, where). */
uint64_t model_process_tls(struct machine *m, const struct model *self)
{
	enum { ARCH_SET_FS_ = 0x1002 };
	if (m->cpu->machine == EM_ARM_)
		reg_set(m, UC_ARM_REG_C13_C0_3, arg(m, 0));
	else if (m->cpu->machine == EM_MIPS_)
		reg_set(m, UC_MIPS_REG_CP0_USERLOCAL, arg(m, 0));
	else if (m->cpu->machine == EM_X86_64_ && self->param && arg(m, 0) == ARCH_SET_FS_)
		reg_set(m, UC_X86_REG_FS_BASE, arg(m, 1));
	return 0;
}

/* i386 set_thread_area(struct user_desc *): the entry that the kernel chose, and where the segment begins. */
uint64_t model_process_segment(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t area = arg(m, 0);
	guest_put_number(&m->g, area, SEGMENT_THREAD, 4, SHADE_BUILT);
	machine_segment(m, SEGMENT_THREAD, (uint32_t)guest_number(&m->g, area + 4, 4), 3);
	return 0;
}

uint64_t model_process_wait(struct machine *m, const struct model *self)
{
	uint64_t to = arg(m, (unsigned)self->param);
	if (to)
		guest_put_number(&m->g, to, 0, 4, SHADE_BUILT);
	return 4712;
}

uint64_t model_process_exit(struct machine *m, const struct model *self)
{
	(void)self;
	machine_ended(m);
	return 0;
}

/* glibc, uClibc and musl: main, argc, argv; PowerPC glibc: argc, argv, …, and a table with main in it. */
uint64_t model_process_start(struct machine *m, const struct model *self)
{
	uint64_t main = arg(m, self->param == 1 ? 2 : 0);
	uint64_t args[3] = { arg(m, 1), arg(m, 2), 0 };
	if (m->cpu->machine == EM_PPC_) {
		uint64_t stack = arg(m, 6);      /* as the kernel left it: the count, then the arguments */
		main = guest_pointer(&m->g, arg(m, 5) + 4);
		args[0] = arg(m, 1) ? arg(m, 0) : guest_pointer(&m->g, stack);
		args[1] = arg(m, 1) ? arg(m, 1) : stack + 4;
		args[2] = arg(m, 2);
	}
	if (self->param == 1) {
		args[0] = guest_pointer(&m->g, arg(m, 0));
		args[1] = arg(m, 0) + (m->g.wide ? 8 : 4);
	}
	bool thumb = m->cpu->arch == UC_ARCH_ARM && main & 1;
	struct function *f = code_function(&m->code, main, thumb);
	if (f && !f->name.n)
		f->name = SPAN_LIT("main");
	guest_put_pointer(&m->g, AT_CELLS + 0x8000, args[1] + 5 * (m->g.wide ? 8u : 4u));
	machine_enter(m, main, 3, args);
	return 0;
}

uint64_t model_process_signal(struct machine *m, const struct model *self)
{
	uint64_t handler = self->param ? guest_pointer(&m->g, arg(m, 1)) : arg(m, 1);
	if (self->param && m->cpu->machine == EM_MIPS_)
		handler = guest_pointer(&m->g, arg(m, 1) + 4);   /* flags come first */
	machine_later(m, handler, "a signal arrives", 1, &(uint64_t){ arg(m, 0) });
	return 0;
}

/* Event loops: what is registered is called, sooner or later, with what it was registered with. */
uint64_t model_process_later(struct machine *m, const struct model *self)
{
	unsigned function = (unsigned)self->param & 15, given = (unsigned)self->param >> 4;
	machine_later(m, arg(m, function), "an event comes", 1, &(uint64_t){ arg(m, given) });
	return 4096;
}

/* struct sigevent: value, signal, SIGEV_THREAD, then the function. */
uint64_t model_process_timer(struct machine *m, const struct model *self)
{
	enum { SIGEV_THREAD_ = 2 };
	(void)self;
	uint64_t event = arg(m, 1), value = guest_pointer(&m->g, event);
	unsigned size = m->g.wide ? 8 : 4;
	if (m->cpu->machine == EM_PPC_)          /* hands a union over by where it lies */
		value = event;
	if (event && guest_number(&m->g, event + size + 4, 4) == SIGEV_THREAD_)
		machine_later(m, guest_pointer(&m->g, event + size + 8), "a timer runs out", 1, &value);
	return 0;
}

/* syscall(number, …): as a static program's own. */
uint64_t model_process_syscall(struct machine *m, const struct model *self)
{
	(void)self;
	unsigned size = m->g.wide ? 8 : 4;
	uint64_t list = heap_new(m, CPU_SYS_ARGS * size);
	for (unsigned i = 0; i < CPU_SYS_ARGS; i++)
		guest_put_pointer(&m->g, list + (uint64_t)i * size, arg(m, i + 1));
	return call_as(m, cpu_syscall_name(m->cpu, arg(m, 0)), list);
}

/* The child's side, as fork(); the parent holds the other end of the child's terminal. */
uint64_t model_process_pty(struct machine *m, const struct model *self)
{
	guest_put_number(&m->g, arg(m, 0), (uint64_t)(int64_t)fd_new(m, FD_PIPE, ""), 4, SHADE_BUILT);
	return model_process_fork(m, self);
}

/* A function of a library that is asked for by its name: one of the image's own, or what stands for an import. */
uint64_t model_process_symbol(struct machine *m, const struct model *self)
{
	(void)self;
	struct span name = arg_text(m, 1);
	uint64_t own = name.n ? machine_symbol(m, text_of(m, name)) : 0;
	if (own || !name.n || source_of_text(m, arg(m, 1)))
		return own;
	return machine_stub(m, (struct span){ arena_copy(&m->arena, name).p, name.n });
}

uint64_t model_process_thread(struct machine *m, const struct model *self)
{
	machine_later(m, arg(m, (unsigned)self->param), "a thread starts", 1, &(uint64_t){ arg(m, 3) });
	return 0;
}

uint64_t model_process_atexit(struct machine *m, const struct model *self)
{
	(void)self;
	bool eabi = span_is(m->callee, "__aeabi_atexit");
	uint64_t given = arg(m, eabi ? 0 : 1);
	machine_later(m, arg(m, eabi ? 1 : 0), "the program ends", 1, &given);
	return 0;
}

uint64_t model_process_sort(struct machine *m, const struct model *self)
{
	uint64_t base = arg(m, self->param == 4 ? 1 : 0), key = self->param == 4 ? arg(m, 0) : base;
	enum { ELEMENTS = 12 };
	machine_later(m, arg(m, (unsigned)self->param), "elements are compared", 2, (uint64_t[]){ key, base });
	for (uint64_t i = 1; self->param == 4 && i < arg(m, 2) && i < ELEMENTS; i++)     /* any of them may be the one */
		machine_otherwise(m, base + i * arg(m, 3), "another element is found");
	return self->param == 4 ? base : 0;
}
