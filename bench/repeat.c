/* SPDX-License-Identifier: GPL-2.0-or-later */
/* repeat FILE TIMES: writes a classic little-endian pcap to standard output so many times over, each time later by
 * its own length: one long capture that needs no room on disk. For bench/run.sh alone: it trusts the file. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, KEPT_AT = 8, OUT_BUFFER = 1 << 20 };

static uint32_t number(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

/* Seconds between the first record and the last, and one more. */
static uint32_t span_seconds(const uint8_t *p, size_t size)
{
	uint32_t first = number(p + FILE_HEADER), last = first;
	for (size_t at = FILE_HEADER; size - at >= RECORD_HEADER; at += RECORD_HEADER + number(p + at + KEPT_AT))
		last = number(p + at) > last ? number(p + at) : last;
	return last - first + 1;
}

static int write_shifted(const uint8_t *p, size_t size, uint32_t shift)
{
	for (size_t at = FILE_HEADER; size - at >= RECORD_HEADER;) {
		uint8_t head[RECORD_HEADER];
		uint32_t kept = number(p + at + KEPT_AT), sec = number(p + at) + shift;
		memcpy(head, p + at, RECORD_HEADER);
		memcpy(head, &sec, sizeof(sec));
		at += RECORD_HEADER;
		if (fwrite(head, RECORD_HEADER, 1, stdout) != 1 || (kept && fwrite(p + at, kept, 1, stdout) != 1))
			return -1;
		at += kept;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[1], O_RDONLY) : -1;
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < FILE_HEADER + RECORD_HEADER) {
		fprintf(stderr, "repeat: no capture to read\n");
		return 2;
	}
	size_t size = (size_t)st.st_size;
	const uint8_t *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return 2;
	setvbuf(stdout, NULL, _IOFBF, OUT_BUFFER);
	uint32_t step = span_seconds(p, size), times = (uint32_t)strtoul(argv[2], NULL, 10);
	if (fwrite(p, FILE_HEADER, 1, stdout) != 1)
		return 1;
	for (uint32_t i = 0; i < times; i++)
		if (write_shifted(p, size, i * step) < 0)
			return 1;
	return fflush(stdout) == 0 ? 0 : 1;
}
