/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models of descriptors, stdio and directories. What is read is marked with the name of where it came from. */
#include "fw/flow/libc.h"

enum { READ_BYTES = 64, LINE_BYTES = 32 };

/* ---- opening ---- */

static int open_path(struct machine *m, struct span path)
{
	char text[120];
	size_t from, to;
	uint8_t shade = source_in(path, 0, &from, &to);
	if (shade && from == 0)
		snprintf(text, sizeof(text), "{%s}", source_name(m, shade));
	else
		snprintf(text, sizeof(text), "%.*s", (int)(path.n < 119 ? path.n : 119), (const char *)path.p);
	return fd_new(m, FD_FILE, text);
}

static uint64_t stream_of(int fd)
{
	return fd < 0 ? 0 : AT_FILES + (uint64_t)fd * FILE_STEP;
}

uint64_t model_file_open(struct machine *m, const struct model *self)
{
	int fd = open_path(m, arg_text(m, self->param == 1 ? 1 : 0));
	return self->param == 3 ? stream_of(fd) : (uint64_t)(int64_t)fd;
}

uint64_t model_file_temp(struct machine *m, const struct model *self)
{
	(void)self;
	return (uint64_t)(int64_t)open_path(m, arg_text(m, 0));
}

uint64_t model_file_popen(struct machine *m, const struct model *self)
{
	(void)self;
	struct span c = arg_text(m, 0);
	char text[100];
	snprintf(text, sizeof(text), "%.*s", (int)(c.n < 99 ? c.n : 99), (const char *)c.p);
	return stream_of(fd_new(m, FD_PROCESS, text));
}

uint64_t model_file_wrap(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t fd = arg(m, 0);
	return fd < KERN_FDS ? stream_of((int)fd) : stream_of(0);
}

uint64_t model_file_number(struct machine *m, const struct model *self)
{
	(void)self;
	return fd_of_file(m, arg(m, 0));
}

uint64_t model_file_close(struct machine *m, const struct model *self)
{
	uint64_t fd = self->param ? fd_of_file(m, arg(m, 0)) : arg(m, 0);
	if (fd >= 3 && fd < KERN_FDS)
		KERN_SET(m, fd[fd].kind, FD_FREE);
	return 0;
}

uint64_t model_file_dup(struct machine *m, const struct model *self)
{
	uint64_t from = arg(m, 0), to = arg(m, 1);
	if (from >= KERN_FDS)
		return (uint64_t)-1;
	if (!self->param) {
		int fd = fd_new(m, FD_FILE, "");
		if (fd >= 0)
			KERN_SET(m, fd[fd], m->kern->fd[from]);
		return (uint64_t)(int64_t)fd;
	}
	if (to < KERN_FDS)
		KERN_SET(m, fd[to], m->kern->fd[from]);
	return to;
}

/* Streams ask how a descriptor was opened before they take it. */
uint64_t model_file_control(struct machine *m, const struct model *self)
{
	enum { GET_FLAGS = 3, READ_WRITE = 2 };
	(void)self;
	return arg(m, 1) == GET_FLAGS ? READ_WRITE : 0;
}

uint64_t model_file_pipe(struct machine *m, const struct model *self)
{
	uint64_t ends[2];
	for (unsigned i = 0; i < 2; i++)
		ends[i] = (uint64_t)(int64_t)fd_new(m, FD_PIPE, "");
	if (self->param) {                       /* MIPS pipe(2): in registers */
		reg_set(m, m->cpu->ret2, ends[1]);
		return ends[0];
	}
	for (unsigned i = 0; i < 2; i++)
		guest_put_number(&m->g, arg(m, 0) + 4 * i, ends[i], 4, SHADE_BUILT);
	return 0;
}

/* ---- reading ---- */

uint64_t model_file_read(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t fd = arg(m, 0), n = arg(m, 2);
	if (!fd_more(m, fd))
		return 0;
	n = n < READ_BYTES ? n : READ_BYTES;
	source_fill(m, arg(m, 1), n, fd_source(m, fd, "read"));
	return n;
}

/* Into the first part of the vector that is not empty: musl reads so, the last is its own buffer. */
uint64_t model_file_readv(struct machine *m, const struct model *self)
{
	(void)self;
	unsigned size = m->g.wide ? 8 : 4;
	uint64_t fd = arg(m, 0), part = arg(m, 1);
	if (arg(m, 2) > 1 && !guest_pointer(&m->g, part + size))
		part += 2 * size;
	uint64_t n = guest_pointer(&m->g, part + size);
	if (!fd_more(m, fd))
		return 0;
	n = n < READ_BYTES ? n : READ_BYTES;
	source_fill(m, guest_pointer(&m->g, part), n, fd_source(m, fd, "read"));
	return n;
}

uint64_t model_file_read_items(struct machine *m, const struct model *self)
{
	(void)self;
	bool chk = span_is(m->callee, "__fread_chk");
	uint64_t size = arg(m, chk ? 2 : 1), count = arg(m, chk ? 3 : 2), fd = fd_of_file(m, arg(m, chk ? 4 : 3));
	uint64_t n = size < 4096 && count < 4096 ? size * count : 4096;
	if (!fd_more(m, fd))
		return 0;
	source_fill(m, arg(m, 0), n < 256 ? n : 256, fd_source(m, fd, "fread"));
	return count;
}

static void put_line(struct machine *m, uint64_t to, uint64_t n, uint8_t shade)
{
	source_fill(m, to, n, shade);
	guest_write(&m->g, to + n, SPAN_LIT("\n\0"), shade);
}

uint64_t model_file_line(struct machine *m, const struct model *self)
{
	(void)self;
	bool chk = span_is(m->callee, "__fgets_chk") || span_is(m->callee, "__fgets_unlocked_chk");
	uint64_t to = arg(m, 0), size = arg(m, chk ? 2 : 1), fd = fd_of_file(m, arg(m, chk ? 3 : 2));
	if (size < 3 || !fd_more(m, fd))
		return 0;
	put_line(m, to, size - 2 < LINE_BYTES ? size - 2 : LINE_BYTES, fd_source(m, fd, "fgets"));
	return to;
}

uint64_t model_file_getline(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t fd = fd_of_file(m, arg(m, span_is(m->callee, "getline") ? 2 : 3));
	if (!fd_more(m, fd))
		return (uint64_t)-1;
	uint64_t p = heap_new(m, LINE_BYTES + 8);
	put_line(m, p, LINE_BYTES, fd_source(m, fd, "getline"));
	guest_put_pointer(&m->g, arg(m, 0), p);
	return LINE_BYTES + 1;
}

uint64_t model_file_char(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t fd = span_is(m->callee, "getchar") ? 0 : fd_of_file(m, arg(m, 0));
	fd = fd < KERN_FDS ? fd : 0;
	uint8_t reads = m->kern->fd[fd].reads;
	KERN_SET(m, fd[fd].reads, (uint8_t)(reads < 200 ? reads + 1 : reads));
	if (reads >= 40)
		return (uint64_t)-1;
	if (reads % 20 == 19)
		return '\n';
	uint64_t p = heap_marked(m, 4, fd_source(m, fd, "fgetc"));
	return guest_number(&m->g, p + reads % 4, 1);
}

uint64_t model_file_ended(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t fd = fd_of_file(m, arg(m, 0));
	return fd < KERN_FDS && m->kern->fd[fd].reads >= READS;
}

/* ---- writing ---- */

uint64_t model_file_write(struct machine *m, const struct model *self)
{
	(void)self;
	fd_wrote(m, arg(m, 0), arg(m, 1), arg(m, 2));
	return arg(m, 2);
}

uint64_t model_file_writev(struct machine *m, const struct model *self)
{
	static const struct model row = { .names = "writev", .class = CALL_WRITE, .sig = "to:d data:m" };
	(void)self;
	unsigned size = m->g.wide ? 8 : 4;
	uint64_t iov = arg(m, 1), n = arg(m, 2), total = 0;
	struct made t = { .n = 0 };
	for (uint64_t i = 0; i < n && i < 16; i++, iov += 2 * size) {
		uint64_t len = guest_pointer(&m->g, iov + size);
		made_guest(m, &t, guest_pointer(&m->g, iov), len);
		total += len;
	}
	m->made = heap_new(m, t.n + 1);
	made_put(m, &t, m->made, t.n + 1);
	fd_wrote(m, arg(m, 0), m->made, t.n);
	if (arg(m, 0) > 2)
		call_write(m, &row, NULL, total);
	else
		say(m, guest_text(&m->g, m->made, t.n));
	return total;
}

uint64_t model_file_write_items(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t n = arg(m, 1) * arg(m, 2);
	struct made t = { .n = 0 };
	made_guest(m, &t, arg(m, 0), n < GUEST_TEXT ? n : GUEST_TEXT);
	m->made = heap_new(m, t.n + 1);
	made_put(m, &t, m->made, t.n + 1);
	fd_wrote(m, fd_of_file(m, arg(m, 3)), m->made, t.n);
	return arg(m, 2);
}

uint64_t model_file_puts(struct machine *m, const struct model *self)
{
	(void)self;
	fd_wrote(m, fd_of_file(m, arg(m, 1)), arg(m, 0), arg_text(m, 0).n);
	return 1;
}

uint64_t model_file_ioctl(struct machine *m, const struct model *self)
{
	(void)m;
	(void)self;
	return 0;
}

/* A regular file of 4096 bytes: enough for what asks for the size. */
uint64_t model_file_stat(struct machine *m, const struct model *self)
{
	uint64_t to = arg(m, (unsigned)self->param);
	guest_fill(&m->g, to, 0, 96, SHADE_BUILT);
	guest_put_number(&m->g, to + (m->g.wide ? m->cpu->machine == EM_X86_64_ ? 24 : 16 : 16), 0100644, 4, SHADE_BUILT);
	guest_put_number(&m->g, to + (m->g.wide ? 48 : 44), 4096, 4, SHADE_BUILT);
	return 0;
}

/* ---- directories ---- */

uint64_t model_directory_open(struct machine *m, const struct model *self)
{
	(void)self;
	if (span_starts(m->callee, SPAN_LIT("scandir")))
		return 0;
	return stream_of(open_path(m, arg_text(m, 0)));
}

uint64_t model_directory_read(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t fd = fd_of_file(m, arg(m, 0));
	if (!fd_more(m, fd))
		return 0;
	uint64_t p = heap_new(m, 64), name = m->g.wide || span_is(m->callee, "readdir64") ? 19 : 11;
	source_fill(m, p + name, 8, fd_source(m, fd, "readdir"));
	return p;
}
