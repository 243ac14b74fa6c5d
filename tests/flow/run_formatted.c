/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: the program's own system() with a format; text passes through what sscanf() takes
 * apart, and into a file. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) int run(const char *format, ...)
{
	char line[160];
	va_list v;
	va_start(v, format);
	vsprintf(line, format, v);
	va_end(v);
	return system(line);
}

int main(void)
{
	char all[64], host[20], dir[20];
	unsigned char last;
	snprintf(all, sizeof(all), "nfs:%d.%d.%d.%d|/x,%d", 192, 0, 2, 120, 9);
	if (sscanf(all, "nfs:%19[0-9.]|%19[^,],%hhu", host, dir, &last) != 3)
		return 1;
	FILE *f = fopen("/etc/motd", "a");
	if (f) {
		fprintf(f, "from %s\n", host);
		fclose(f);
	}
	return run("mount -t nfs %s:%s/%u /mnt", host, dir, last);
}
