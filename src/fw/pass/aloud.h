/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces as they may be read aloud: what the passes took for a credential, and what stands behind words for one in
 * a command line, is blanked. */
#pragma once

#include "fw/pass/pass.h"

/* Changes the calls of programs[i] in place; texts lie in the host's arena. After passes_run, whose findings say where
 * credentials stand. */
void trace_hush(const struct scene *s, uint32_t i, struct finding *const *findings, uint32_t n,
		const struct record_host *host);
