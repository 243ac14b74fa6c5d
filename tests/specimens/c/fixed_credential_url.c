/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-credential: user and password in a URL. */
#include "specimen.h"

int main(void)
{
	return system("wget -q ftp://svc:specimen7731@198.51.100.9/conf/site.conf -O /tmp/site.conf");
}
