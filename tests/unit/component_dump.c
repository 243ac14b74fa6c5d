/* SPDX-License-Identifier: GPL-2.0-or-later */
/* component_dump FILE...: which components the content rules see in each, a line each. For tests of the rules. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fw/model/component.h"

static void dump(const struct component_index *x, const char *path)
{
	static struct component_hit hits[COMPONENT_HITS];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0;
	void *p = good ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED)
		return;
	unsigned n = component_find(x, span_of(p, (size_t)st.st_size), hits);
	for (unsigned i = 0; i < n; i++)
		printf("%s\t%s\t%.*s\t%llu\t%.*s\n", path, hits[i].rule->name, (int)hits[i].version.n,
		       (const char *)hits[i].version.p, (unsigned long long)hits[i].offset, (int)hits[i].words.n,
		       (const char *)hits[i].words.p);
	munmap(p, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	struct component_index *x = component_index_new();
	for (int i = 1; i < argc; i++)
		dump(x, argv[i]);
	component_index_free(x);
	return 0;
}
