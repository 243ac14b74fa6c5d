/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program writes to files and to shells: kept, in case it is run. */
#include "fw/flow/libc.h"

static uint8_t file_slot(struct machine *m, const char *path)
{
	uint8_t free_slot = 0;
	for (unsigned i = 0; i < KERN_FILES; i++) {
		if (strncmp(m->kern->file[i].path, path, sizeof(m->kern->file[i].path) - 1) == 0)
			return (uint8_t)(i + 1);
		if (!free_slot && !m->kern->file[i].path[0])
			free_slot = (uint8_t)(i + 1);
	}
	return free_slot;
}

static bool is_shell(const char *command)
{
	static const char *const shells[] = { "sh", "ash", "bash", "sh -s", "/bin/sh", "/bin/ash", "/bin/bash", "/bin/sh -s" };
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(command, shells[i]) == 0)
			return true;
	return false;
}

/* A shell that was started with popen() runs each line as it comes. */
static void run_lines(struct machine *m, unsigned i)
{
	static const struct model row = { .names = "popen", .class = CALL_RUN, .sig = "command:m" };
	uint64_t was = m->made, n = m->kern->file[i].n;
	uint64_t text = AT_KERN + offsetof(struct kern, file) + i * sizeof(struct kern_file)
		      + offsetof(struct kern_file, text);
	m->made = heap_new(m, n + 1);
	guest_copy(&m->g, m->made, text, n);
	guest_put_number(&m->g, m->made + n, 0, 1, SHADE_COPIED);
	KERN_SET(m, file[i].n, 0);
	call_write(m, &row, "popen", 0);
	m->made = was;
}

void fd_wrote(struct machine *m, uint64_t fd, uint64_t from, uint64_t n)
{
	bool shell = fd_is(m, fd) && m->kern->fd[fd].kind == FD_PROCESS && is_shell(m->kern->fd[fd].text);
	if (!fd_is(m, fd) || (m->kern->fd[fd].kind != FD_FILE && !shell))
		return;
	const struct kern_fd *f = &m->kern->fd[fd];
	if (!f->file) {
		uint8_t slot = file_slot(m, f->text);
		if (!slot)
			return;
		KERN_SET(m, fd[fd].file, slot);
		guest_write(&m->g, AT_KERN + offsetof(struct kern, file[slot - 1].path), span_of(f->text, sizeof(f->text)),
			    SHADE_NONE);
	}
	unsigned i = f->file - 1u;
	uint32_t have = m->kern->file[i].n;
	n = n < KERN_TEXT - 1 - have ? n : KERN_TEXT - 1 - have;
	guest_copy(&m->g, AT_KERN + offsetof(struct kern, file) + i * sizeof(struct kern_file)
		   + offsetof(struct kern_file, text) + have, from, n);
	KERN_SET(m, file[i].n, have + (uint32_t)n);
	if (shell && n && guest_number(&m->g, from + n - 1, 1) == '\n')
		run_lines(m, i);
}
