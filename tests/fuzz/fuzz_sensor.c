/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A log of another sensor: the first byte says which, the rest is the file. */
#include <sys/mman.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "fuzz.h"
#include "sensor/sensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "eve.json", "conn.log", "dns.log", "http.log", "dhcp.log", "files.log" };
	int fd = memfd_create("input", 0);
	if (fd < 0 || size < 1)
		return 0;
	struct span log = data[0] == '{' || data[0] == '#' ? span_of(data, size) : span_of(data + 1, size - 1);
	if (write(fd, log.p, log.n) != (ssize_t)log.n || lseek(fd, 0, SEEK_SET) != 0)
		return 0;
	struct registry *g = mem_new(sizeof(*g));
	command_registry(g);
	struct fuzz_world w;
	char err[256] = "";
	fuzz_world_start(&w);
	struct sensors *s = sensors_new(w.tracker, &w.health, g, err);
	if (!s)
		abort();
	unsigned which = data[0] % ARRAY_LEN(names);
	sensors_add(s, which ? SENSOR_ZEEK : SENSOR_EVE, fd, names[which], 0);
	while (sensors_step(s))
		;
	sensors_free(s);
	fuzz_world_end(&w);
	free(g);
	return 0;
}
