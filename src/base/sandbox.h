/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process gives up before it reads what strangers sent. One table: role → system calls and
 * limits. Descriptors are opened before; nothing can be opened after. */
#pragma once

#include <stdbool.h>

enum sandbox_role {
	SANDBOX_ENGINE,                             /* decode, track, detect: reads and writes open descriptors */
	SANDBOX_UNPACK,                             /* takes images apart: the same, over mapped files */
	SANDBOX_WORKER,                             /* one firmware job: no files, no network, an emulator that makes code */
	SANDBOX_ROLES
};

/* No new privileges, no core dump, no ptrace, memory limit, then seccomp: a call that is not on the
 * role's list ends the process. 0 or negative errno; the caller must not go on without it. */
int  sandbox_enter(enum sandbox_role role) __attribute__((warn_unused_result));
/* No core dumps and no ptrace: for every process that sees a person's data. */
void sandbox_no_dumps(void);
/* True when this kernel has seccomp filters. */
bool sandbox_available(void);
