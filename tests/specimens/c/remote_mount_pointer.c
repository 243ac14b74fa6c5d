/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-mount: a deed of a table of functions. */
#include "specimen.h"

static int attach(int which)
{
	(void)which;
	return mount("192.0.2.123:/a", "/mnt", "nfs", 0, "nolock");
}

static int detach(int which)
{
	(void)which;
	return umount("/mnt");
}

static int (*const deeds[])(int) = { detach, attach };

int main(int argc, char **argv)
{
	(void)argv;
	return deeds[argc & 1](argc >> 1);
}
