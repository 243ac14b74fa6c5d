/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces as they may be read aloud: what the passes took for a credential, and what stands behind words for one in
 * a command line, is blanked. */
#pragma once

#include "fw/pass/pass.h"

/* Changes the calls of programs[i] in place; texts lie in the host's arena. After passes_run, whose findings say where
 * credentials stand. */
void trace_hush(const struct scene *s, uint32_t i, struct finding *const *findings, uint32_t n,
		const struct record_host *host);

enum { SECRETS_LISTED = 256 };

/* The texts of credentials that calls of programs[i] were seen to carry, in the arena: each once, up to SECRETS_LISTED.
 * Before trace_hush, which takes them away. Returns how many. */
unsigned trace_secrets(const struct scene *s, uint32_t i, struct finding *const *findings, uint32_t n, struct arena *a,
		       struct span out[SECRETS_LISTED]);
/* The same of a script. */
unsigned script_secrets(struct span script, struct arena *a, struct span out[SECRETS_LISTED]);
