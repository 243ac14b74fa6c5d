/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-mount: the command line as it stands. */
#include "specimen.h"

int main(void)
{
	return system("mount -o nolock -t nfs 192.0.2.119:/pm /mnt");
}
