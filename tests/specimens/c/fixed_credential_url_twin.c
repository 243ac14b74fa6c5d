/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: the same command with user and password of the settings. */
#include "specimen.h"

int main(void)
{
	char user[32], word[32], server[64], line[240];
	if (!setting("user=", user, sizeof(user)) || !setting("word=", word, sizeof(word)) ||
	    !setting("server=", server, sizeof(server)))
		return 2;
	snprintf(line, sizeof(line), "wget -q ftp://%s:%s@%s/conf/site.conf -O /tmp/site.conf", user, word, server);
	return system(line);
}
