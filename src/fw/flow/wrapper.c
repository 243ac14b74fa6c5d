/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions of a static program that only hand a system call to the kernel, known by the one call they make: what is
 * forced inside (errors, threads that may be cancelled) is no path of the program. */
#include "fw/flow/trial.h"

enum { FIRST = 0x101, ANSWER = 0x155, AT_CWD = -100, EACCES_ = 13 };

/* The call that the kernel sees may be another, with zeros behind what it was given, or relative to a folder. */
static const struct wrapper {
	const char *name, *call;
	uint8_t given, zeros;
	bool folder;
} wrappers[] = {
	{ "connect", "connect", 3, 0, false }, { "bind", "bind", 3, 0, false }, { "listen", "listen", 2, 0, false },
	{ "socket", "socket", 3, 0, false }, { "setsockopt", "setsockopt", 5, 0, false },
	{ "accept", "accept", 3, 0, false }, { "accept", "accept4", 3, 1, false },
	{ "sendto", "sendto", 6, 0, false }, { "send", "send", 4, 0, false }, { "send", "sendto", 4, 2, false },
	{ "recvfrom", "recvfrom", 6, 0, false }, { "recv", "recv", 4, 0, false }, { "recv", "recvfrom", 4, 2, false },
	{ "sendmsg", "sendmsg", 3, 0, false }, { "recvmsg", "recvmsg", 3, 0, false },
	{ "read", "read", 3, 0, false }, { "write", "write", 3, 0, false }, { "close", "close", 1, 0, false },
	{ "open", "open", 3, 0, false }, { "open", "openat", 2, 0, true }, { "openat", "openat", 3, 0, false },
	{ "mount", "mount", 5, 0, false }, { "unlink", "unlink", 1, 0, false }, { "unlink", "unlinkat", 1, 1, true },
	{ "setuid", "setuid", 1, 0, false }, { "setgid", "setgid", 1, 0, false },
	{ "chmod", "chmod", 2, 0, false }, { "chmod", "fchmodat", 2, 0, true },
};

static bool is_call(const struct asked *a, const struct wrapper *w)
{
	unsigned from = w->folder;
	if (strcmp(a->call, w->call) != 0 || (w->folder && (int32_t)a->given[0] != AT_CWD))
		return false;
	for (unsigned i = 0; i < w->given; i++)
		if ((uint32_t)a->given[from + i] != FIRST + i)
			return false;
	for (unsigned i = 0; i < w->zeros; i++)
		if (a->given[from + w->given + i])
			return false;
	return true;
}

static bool asks(struct trial *t, uint64_t answer)
{
	static const uint64_t given[] = { FIRST, FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 4, FIRST + 5 };
	trial_begin(t);
	t->m->asked.answers = true;
	t->m->asked.answer = answer;
	return trial_call(t, SHORT, sizeof(given) / sizeof(given[0]), given) && t->m->asked.calls == 1;
}

const char *wrapper_function(struct trial *t)
{
	if (!asks(t, ANSWER) || (uint32_t)t->ret != ANSWER)
		return NULL;
	const char *name = NULL;
	for (unsigned i = 0; i < ARRAY_LEN(wrappers) && !name; i++)
		if (is_call(&t->m->asked, &wrappers[i]))
			name = wrappers[i].name;
	return name && asks(t, (uint64_t)-EACCES_) && (int32_t)t->ret == -1 ? name : NULL;
}
