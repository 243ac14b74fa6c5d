/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executes programs and prints their traces: trace-dump WORKER PROGRAM [LIBRARY...]; a line a record. */
#include <fcntl.h>
#include <stdio.h>

#include "fw/flow/flow.h"
#include "record/json.h"

static void show(void *to, const struct record *r)
{
	struct buf b = { .cap = 1 << 20 };
	(void)to;
	json_record(&b, r, NULL);
	printf("%.*s\n", (int)b.n, (const char *)b.p);
	buf_done(&b);
}

int main(int argc, char **argv)
{
	struct flow_file libraries[32];
	unsigned n = 0;
	if (argc < 3)
		return 64;
	for (int i = 3; i < argc && n < ARRAY_LEN(libraries); i++)
		libraries[n++] = (struct flow_file){ open(argv[i], O_RDONLY | O_CLOEXEC), argv[i] };
	struct flow_file program = { open(argv[2], O_RDONLY | O_CLOEXEC), argv[2] };
	struct flow_limits limits = { 0 };
	struct flow_run *r;
	if (program.fd < 0 || flow_start(&r, argv[1], program, libraries, n, &limits) < 0)
		return 2;
	struct sink to = { show, NULL };
	while (flow_read(r, &to) == FLOW_RUNNING)
		continue;
	fprintf(stderr, "%s: %llu ms\n", argv[2], (unsigned long long)flow_milliseconds(r));
	flow_free(r);
	return 0;
}
