/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scoped clean-up and the few macros everything uses. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK   __attribute__((warn_unused_result))
/* For large locals that are filled before they are read, on paths where clearing them shows in a profile. */
#define UNSET        __attribute__((uninitialized))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

static inline void scope_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void scope_free(void *p)
{
	free(*(void **)p);
}

static inline void scope_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define AUTO_CLOSE  __attribute__((cleanup(scope_close)))
#define AUTO_FREE   __attribute__((cleanup(scope_free)))
#define AUTO_FCLOSE __attribute__((cleanup(scope_fclose)))
