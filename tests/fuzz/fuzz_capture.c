/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole capture file: every format of capture.def, every link type, fragments, streams, decoders. */
#include <sys/mman.h>
#include <unistd.h>

#include "capture/capture.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("input", 0);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		return 0;
	struct capture *c;
	char err[256];
	if (capture_open(fd, &c, err) < 0)
		return 0;
	struct fuzz_world w;
	fuzz_world_start(&w);
	struct captured frames[CAPTURE_BATCH];
	size_t n;
	while ((n = capture_batch(c, frames)) > 0) {
		struct packet p[CAPTURE_BATCH];
		for (size_t i = 0; i < n; i++) {
			p[i] = (struct packet){ .at = { .ts = frames[i].ts, .packet = frames[i].number } };
			packet_parse(&p[i], frames[i].bytes, frames[i].wire, frames[i].link);
		}
		tracker_packets(w.tracker, p, n);
	}
	capture_free(c);
	fuzz_world_end(&w);
	return 0;
}
