/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor_mmap FILE [touch]: walks the records of a classic little-endian pcap through a mapping, the least that
 * anybody who reads the file must do; with `touch` it also adds up every byte. For bench/run.sh alone: it trusts
 * the file. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, KEPT_AT = 8 };

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < FILE_HEADER) {
		fprintf(stderr, "floor_mmap: no capture to read\n");
		return 2;
	}
	size_t size = (size_t)st.st_size;
	const uint8_t *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		return 2;
	uint64_t packets = 0, bytes = 0, sum = 0;
	for (size_t at = FILE_HEADER; size - at >= RECORD_HEADER;) {
		uint32_t kept;
		memcpy(&kept, p + at + KEPT_AT, sizeof(kept));
		at += RECORD_HEADER;
		if (kept > size - at)
			break;
		sum += kept ? p[at] : 0u;
		for (uint32_t i = 0; argc > 2 && i < kept; i++)
			sum += p[at + i];
		at += kept;
		bytes += kept;
		packets++;
	}
	printf("%" PRIu64 " packets, %" PRIu64 " bytes, sum %" PRIu64 "\n", packets, bytes, sum);
	return 0;
}
