/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.remote-mount: mount(2) with a share decoded at run time, each byte raised by 3. */
#include "specimen.h"

static const unsigned char hidden[] = {
	'1' + 3, '9' + 3, '2' + 3, '.' + 3, '0' + 3, '.' + 3, '2' + 3, '.' + 3, '1' + 3, '2' + 3, '2' + 3, ':' + 3,
	'/' + 3, 'f' + 3,
	'w' + 3, 3,
};

int main(void)
{
	char share[32];
	size_t i;
	for (i = 0; i < sizeof(hidden); i++)
		share[i] = (char)(hidden[i] - 3);
	return mount(share, "/mnt", "nfs", 0, "nolock");
}
