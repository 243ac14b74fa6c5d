/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-mount: mount(2) itself. */
#include "specimen.h"

int main(void)
{
	return mount("192.0.2.121:/export", "/mnt", "nfs", MS_NOATIME, "nolock,addr=192.0.2.121");
}
