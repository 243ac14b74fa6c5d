/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seed_compare OLD NEW OUT: writes what fuzz_compare reads: the records of two inspections in the wire's form,
 * behind three bytes that say where the second begins. */
#include <fcntl.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/gather.h"
#include "record/wire.h"

static void put_image(struct buf *b, const struct registry *g, const struct image *i)
{
	for (unsigned k = 0; k < IMAGE_LISTS; k++)
		for (size_t n = 0; n < i->list[k].n; n++)
			(void)!wire_put(b, g, i->list[k].v[n]);
	if (i->sum)
		(void)!wire_put(b, g, i->sum);
}

int main(int argc, char **argv)
{
	struct registry g;
	struct progress quiet = { .mode = PROGRESS_NONE };
	const struct log log = { 0 };
	struct buf b = { .cap = 64 << 20 };
	size_t middle = 0;
	if (argc != 4)
		return 2;
	command_registry(&g);
	for (int i = 0; i < 3; i++)
		buf_u8(&b, 0);
	for (int k = 1; k <= 2; k++) {
		struct gathered image;
		const struct gather_order o = { .path = argv[k], .key = keyring_test_key, .registry = &g, .log = &log,
						.progress = &quiet, .executes = true };
		if (!gather(&image, &o))
			return 1;
		put_image(&b, &g, &image.image);
		middle = k == 1 ? b.n - 3 : middle;
		gathered_done(&image);
	}
	b.p[0] = (uint8_t)(middle >> 16 & 0x7f);
	b.p[1] = (uint8_t)(middle >> 8);
	b.p[2] = (uint8_t)middle;
	int fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool good = fd >= 0 && command_write(fd, buf_span(&b)) == 0;
	buf_done(&b);
	return good ? 0 : 1;
}
