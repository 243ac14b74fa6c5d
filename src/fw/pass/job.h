/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The findings of all passes on one scene; what passes ask of it is in pass.h. */
#pragma once

#include "fw/pass/pass.h"

struct job {
	const struct scene *scene;
	const struct record_host *host;
	struct acts acts;                        /* of the text that is read */
	struct finding **v;
	uint32_t n;
};

/* What counts, worst first, then by id: the job's own list, for the caller to free. */
struct finding **job_end(struct job *j, uint32_t *n);
