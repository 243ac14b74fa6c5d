/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of a function that is tried, and the kernel it sees: memory, one file to read, files to write, a child that
 * runs first. Everything else is refused (ENOSYS). */
#include "fw/flow/libc.h"
#include "fw/flow/trial.h"

enum { FIRST_FD = 21, CHILD = 4712, ENOENT_ = 2, EBADF_ = 9, ENOTTY_ = 25, ENOSYS_ = 38 };

uint32_t trial_run(const struct trial *t)
{
	return (uint32_t)(t->f - t->m->code.functions) + 1;
}

void trial_begin(struct trial *t)
{
	guest_rollback(&t->m->g, t->mark);
	t->m->asked = (struct asked){ .content = SPAN_LIT("Abc\nde\n") };
}

void trial_arguments(struct trial *t, unsigned n, const uint64_t *v)
{
	struct machine *m = t->m;
	uint64_t all[ARGUMENTS_MAX] = { 0 };     /* a stale pointer is none of this call's */
	for (unsigned i = 0; i < n && i < ARGUMENTS_MAX; i++)
		all[i] = v[i];
	(void)uc_context_restore(m->uc, t->base);
	machine_arguments(m, ARGUMENTS_MAX, all, AT_STUBS);
	reg_set(m, m->cpu->callee, t->f->addr);
}

bool trial_call(struct trial *t, uint32_t steps, unsigned n, const uint64_t *v)
{
	struct machine *m = t->m;
	m->probe = (struct probe){ .on = true, .max = steps, .run = trial_run(t) };
	trial_arguments(t, n, v);
	(void)uc_emu_start(m->uc, t->f->addr | t->f->thumb, 0xffffffff, 0, 0);
	m->probe.on = false;
	t->spent += m->probe.steps;
	t->ret = reg_get(m, m->cpu->ret);
	return m->probe.returned;
}

static void keep_path(struct machine *m, uint64_t addr)
{
	struct span s = guest_text(&m->g, addr, sizeof(m->asked.path));
	snprintf(m->asked.path, sizeof(m->asked.path), "%.*s", (int)s.n, (const char *)s.p);
}

static uint64_t open_path(struct machine *m, unsigned path)
{
	struct asked *a = &m->asked;
	keep_path(m, arg(m, path));
	a->flags = arg(m, path + 1);
	return a->refuses || strcmp(a->path, PROBE_FILE) != 0 ? (uint64_t)-ENOENT_ : FIRST_FD + a->opened++;
}

static uint64_t kernel_open(struct machine *m)
{
	return open_path(m, 0);
}

static uint64_t kernel_openat(struct machine *m)
{
	return open_path(m, 1);
}

static uint64_t get(struct machine *m, uint64_t to, uint64_t n)
{
	struct asked *a = &m->asked;
	struct span left = span_cut(span_from(a->content, a->at), n);
	guest_write(&m->g, to, left, SHADE_NONE);
	a->at += left.n;
	return left.n;
}

static uint64_t put(struct machine *m, uint64_t from, uint64_t n)
{
	struct asked *a = &m->asked;
	size_t room = sizeof(a->wrote) - a->nwrote, k = n < room ? n : room;
	const uint8_t *p = guest_bytes(&m->g, from, k);
	for (size_t i = 0; p && i < k; i++)
		a->wrote[a->nwrote++] = (char)p[i];
	return n;
}

/* The same for each of a vector's first few parts. */
static uint64_t vector(struct machine *m, uint64_t (*move)(struct machine *, uint64_t, uint64_t))
{
	unsigned size = m->g.wide ? 8 : 4;
	uint64_t done = 0;
	for (uint64_t i = 0; i < arg(m, 2) && i < 8; i++) {
		uint64_t at = arg(m, 1) + 2 * i * size;
		done += move(m, guest_pointer(&m->g, at), guest_pointer(&m->g, at + size));
	}
	return done;
}

static uint64_t kernel_read(struct machine *m)
{
	return arg(m, 0) == FIRST_FD ? get(m, arg(m, 1), arg(m, 2)) : (uint64_t)-EBADF_;
}

static uint64_t kernel_readv(struct machine *m)
{
	return arg(m, 0) == FIRST_FD ? vector(m, get) : (uint64_t)-EBADF_;
}

static uint64_t kernel_write(struct machine *m)
{
	return arg(m, 0) < KERN_FDS ? put(m, arg(m, 1), arg(m, 2)) : (uint64_t)-EBADF_;
}

static uint64_t kernel_writev(struct machine *m)
{
	return arg(m, 0) < KERN_FDS ? vector(m, put) : (uint64_t)-EBADF_;
}

static uint64_t sought(struct asked *a, int64_t offset, uint64_t whence)
{
	a->at = (uint64_t)offset + (whence == 1 ? a->at : whence == 2 ? a->content.n : 0);
	return a->at;
}

static uint64_t kernel_lseek(struct machine *m)
{
	return sought(&m->asked, arg_int(m, 1), arg(m, 2));
}

/* _llseek(fd, high, low, result, whence) */
static uint64_t kernel_llseek(struct machine *m)
{
	guest_put_number(&m->g, arg(m, 3), sought(&m->asked, arg_int(m, 2), arg(m, 4)), 8, SHADE_NONE);
	return 0;
}

static uint64_t kernel_pipe(struct machine *m)
{
	for (unsigned i = 0; i < 2; i++)
		guest_put_number(&m->g, arg(m, 0) + 4 * i, FIRST_FD + m->asked.opened++, 4, SHADE_NONE);
	return 0;
}

/* MIPS pipe(2) hands both over in registers. */
static uint64_t kernel_pipe_pair(struct machine *m)
{
	reg_set(m, m->cpu->ret2, FIRST_FD + m->asked.opened + 1);
	m->asked.opened += 2;
	return FIRST_FD + m->asked.opened - 2;
}

static uint64_t kernel_run(struct machine *m)
{
	keep_path(m, arg(m, 0));
	m->asked.argv = arg(m, 1);
	m->asked.runs = true;
	uc_emu_stop(m->uc);
	return 0;
}

static uint64_t kernel_close(struct machine *m)
{
	m->asked.closed++;
	m->asked.descriptor = arg(m, 0);
	return 0;
}

static uint64_t kernel_socket(struct machine *m)
{
	return FIRST_FD + m->asked.opened++;
}

static uint64_t kernel_connect(struct machine *m)
{
	keep_path(m, arg(m, 1) + 2);
	return 0;
}

static uint64_t kernel_fork(struct machine *m)
{
	return m->asked.parent ? CHILD : 0;
}

static uint64_t kernel_wait(struct machine *m)
{
	if (arg(m, 1))
		guest_put_number(&m->g, arg(m, 1), 0, 4, SHADE_NONE);
	return CHILD;
}

static uint64_t kernel_clone(struct machine *m)
{
	uint64_t stack = arg(m, 1);
	if (m->asked.parent)
		return CHILD;
	if (stack)
		reg_set(m, m->cpu->sp, stack);
	return 0;
}

static uint64_t kernel_dup(struct machine *m)
{
	m->asked.joined += arg(m, 0) >= FIRST_FD && arg(m, 1) <= 1;
	return arg(m, 1);
}

static uint64_t kernel_fcntl(struct machine *m)
{
	enum { GET_FLAGS = 3, READ_WRITE = 2 };
	return arg(m, 1) == GET_FLAGS ? READ_WRITE : 0;
}

static uint64_t kernel_agrees(struct machine *m)
{
	(void)m;
	return 0;
}

static uint64_t kernel_no_terminal(struct machine *m)
{
	(void)m;
	return (uint64_t)-ENOTTY_;
}

static const struct { const char *name; uint64_t (*run)(struct machine *m); } calls[] = {
	{ "open", kernel_open }, { "openat", kernel_openat }, { "read", kernel_read }, { "readv", kernel_readv },
	{ "write", kernel_write }, { "writev", kernel_writev }, { "close", kernel_close }, { "lseek", kernel_lseek },
	{ "sys_llseek", kernel_llseek }, { "pipe", kernel_pipe }, { "sys_pipe", kernel_pipe_pair }, { "execve", kernel_run },
	{ "sys_clone", kernel_clone }, { "dup2", kernel_dup }, { "dup3", kernel_dup }, { "fork", kernel_fork },
	{ "vfork", kernel_fork }, { "fcntl", kernel_fcntl },
	{ "sys_wait4", kernel_wait },
	{ "munmap", kernel_agrees }, { "mprotect", kernel_agrees },
	{ "ioctl", kernel_no_terminal }, { "socket", kernel_socket }, { "connect", kernel_connect },
	{ "send", kernel_write }, { "sendto", kernel_write },
};

static uint64_t kernel_watch(struct machine *m, const char *name)
{
	struct asked *a = &m->asked;
	if (name && strcmp(name, "sigprocmask") == 0)    /* nobody is to interrupt it: musl's setuid() */
		return 0;
	a->calls++;
	a->call = name ? name : "";
	for (unsigned i = 0; i < CPU_SYS_ARGS; i++)
		a->given[i] = arg(m, i);
	return a->answer;
}

uint64_t trial_kernel(struct machine *m, const char *name)
{
	if (name && strcmp(name, "socketcall") == 0) {
		name = socket_call(arg(m, 0));
		m->arg_base = arg(m, 1);
	}
	if (m->asked.answers)
		return kernel_watch(m, name);
	m->asked.others += !name || (strncmp(name, "sys_brk", 7) != 0 && strncmp(name, "sys_mmap", 8) != 0 &&
				     strcmp(name, "munmap") != 0 && strcmp(name, "mprotect") != 0 &&
				     strcmp(name, "madvise") != 0);
	if (!name)
		return (uint64_t)-ENOSYS_;
	for (unsigned i = 0; i < ARRAY_LEN(calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].run(m);
	const struct model *model = model_find(span_str(name));
	bool memory = model && (strncmp(name, "sys_brk", 7) == 0 || strncmp(name, "sys_mmap", 8) == 0);
	return memory ? model->run(m, model) : (uint64_t)-ENOSYS_;
}
