/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NTLM messages ([MS-NLMP] 2.2.1) wherever they stand within a security blob: who logs in, from which machine,
 * and how a server calls itself. Texts are UTF-8 in the arena. */
#pragma once

#include "base/mem.h"

enum ntlm_kind { NTLM_NONE, NTLM_NEGOTIATE, NTLM_CHALLENGE, NTLM_AUTHENTICATE };

struct ntlm {
	enum ntlm_kind kind;
	struct span user, domain;                /* of authenticate; both empty: anonymous */
	struct span machine;                     /* the client's workstation, or the server's computer name */
	struct span system;                      /* "Windows 10.0.19041"; empty when it is not stated */
};

struct ntlm ntlm_find(struct span blob, struct arena *a);
