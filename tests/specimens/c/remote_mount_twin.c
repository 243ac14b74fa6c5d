/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the share from the settings. */
#include "specimen.h"

int main(void)
{
	char share[96];
	if (!setting("share=", share, sizeof(share)))
		return 2;
	return mount(share, "/mnt", "nfs", 0, "nolock");
}
