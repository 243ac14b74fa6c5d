/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a harness over files or whole folders: what crashed once stays tested on every compiler. With
 * --mutate, each file also cut short at every 64th byte and with single bytes flipped. With
 * --names, the last line before a report is the input's. The limits of time and memory are those of run.sh. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 4 << 20, CUT_STEP = 64, MUTANTS_MAX = 400, PATH_BYTES = 4096, SECONDS_MAX = 20, MIB_MAX = 2048 };

struct tally {
	unsigned long files, runs;
	bool mutate, names;
};

static void memory_check(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	if (u.ru_maxrss <= MIB_MAX * 1024L)
		return;
	fprintf(stderr, "more than %d MiB of memory\n", MIB_MAX);
	abort();
}

/* An own buffer of the exact size, so that the sanitizer sees a read behind it. */
static void run(struct tally *t, const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		abort();
	memcpy(copy, p, n);
	alarm(SECONDS_MAX);                      /* nobody handles it: the harness dies */
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	memory_check();
	t->runs++;
}

static void mutants(struct tally *t, uint8_t *p, size_t n)
{
	size_t step = n / MUTANTS_MAX > CUT_STEP ? n / MUTANTS_MAX : CUT_STEP;
	for (size_t cut = 0; cut < n; cut += step)
		run(t, p, cut);
	for (size_t at = 0; at < n; at += step / 2 + 1) {
		uint8_t was = p[at];
		p[at] ^= (uint8_t)(1u << at % 8);
		run(t, p, n);
		p[at] = was;
	}
}

static void one_file(struct tally *t, const char *path)
{
	AUTO_FCLOSE FILE *f = fopen(path, "rb");
	if (t->names)
		printf("%s\n", path);
	uint8_t *p = mem_new(FILE_MAX);
	size_t n = f ? fread(p, 1, FILE_MAX, f) : 0;
	if (f) {
		t->files++;
		run(t, p, n);
		if (t->mutate)
			mutants(t, p, n);
	}
	free(p);
}

static void walk(struct tally *t, const char *path, int depth)
{
	struct stat st;
	if (stat(path, &st) < 0 || depth > 8)
		return;
	if (!S_ISDIR(st.st_mode)) {
		one_file(t, path);
		return;
	}
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char below[PATH_BYTES];
		snprintf(below, sizeof(below), "%s/%s", path, list[i]->d_name);
		if (list[i]->d_name[0] != '.')
			walk(t, below, depth + 1);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

int main(int argc, char **argv)
{
	struct tally t = { 0 };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--mutate") == 0)
			t.mutate = true;
		else if (strcmp(argv[i], "--names") == 0)
			t.names = setvbuf(stdout, NULL, _IOLBF, 0) == 0;
		else
			walk(&t, argv[i], 0);
	}
	printf("%lu files, %lu runs\n", t.files, t.runs);
	return 0;
}
