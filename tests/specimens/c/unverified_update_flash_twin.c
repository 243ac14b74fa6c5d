/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The benign twin: a host of the settings, a signature, and a function that checks it, which may return before. */
#include "specimen.h"

static __attribute__((noinline)) int is_good(const char *path)
{
	unsigned char sign[64];
	FILE *f = fopen(path, "rb"), *s = fopen("/tmp/rootfs.sig", "rb");
	if (!f || !s)
		return 0;
	size_t k = fread(sign, 1, sizeof(sign), s);
	fclose(f);
	fclose(s);
	if (k != sizeof(sign))
		return 0;
	return system("openssl dgst -sha256 -verify /etc/maker.pem -signature /tmp/rootfs.sig /tmp/rootfs.img") == 0;
}

int main(void)
{
	char host[64], command[160], b[512];
	ssize_t n;
	if (!setting("update=", host, sizeof(host)))
		return 1;
	snprintf(command, sizeof(command), "ftpget %s /tmp/rootfs.img rootfs.img", host);
	if (system(command) || !is_good("/tmp/rootfs.img"))
		return 1;
	int in = open("/tmp/rootfs.img", O_RDONLY), out = open("/dev/mtd3", O_RDWR);
	while (in >= 0 && out >= 0 && (n = read(in, b, sizeof(b))) > 0)
		write(out, b, (size_t)n);
	return 0;
}
