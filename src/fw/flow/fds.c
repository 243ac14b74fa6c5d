/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of the program that runs: what they are, how often they were read. */
#include "fw/flow/libc.h"

int fd_new(struct machine *m, enum fd_kind kind, const char *text)
{
	for (int i = 3; i < KERN_FDS; i++) {
		if (m->kern->fd[i].kind != FD_FREE)
			continue;
		struct kern_fd f = { .kind = (uint8_t)kind };
		snprintf(f.text, sizeof(f.text), "%s", text);
		KERN_SET(m, fd[i], f);
		return i;
	}
	return -1;
}

/* A stream of ours, or one of a static program whose library keeps the descriptor where streams.c found it. */
uint64_t fd_of_file(const struct machine *m, uint64_t file)
{
	uint64_t i = (file - AT_FILES) / FILE_STEP;
	return i >= KERN_FDS && m->stream_fd_at ? guest_number(&m->g, file + m->stream_fd_at, 4) : i;
}

bool fd_is(const struct machine *m, uint64_t fd)
{
	return fd < KERN_FDS && m->kern->fd[fd].kind != FD_FREE;
}

uint8_t fd_source(struct machine *m, uint64_t fd, const char *how)
{
	static const char *const kinds[] = { "descriptor", "stdin", "file", "socket", "pipe", "command" };
	if (!fd_is(m, fd))
		return source_add(m, "%s", how);
	const struct kern_fd *f = &m->kern->fd[fd];
	return source_add(m, f->text[0] ? "%s:%.100s" : "%s", kinds[f->kind], f->text);
}

bool fd_more(struct machine *m, uint64_t fd)
{
	uint64_t i = fd < KERN_FDS ? fd : 0;
	uint8_t reads = m->kern->fd[i].reads;
	KERN_SET(m, fd[i].reads, (uint8_t)(reads < 200 ? reads + 1 : reads));
	return reads < READS;
}
