/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: a UNIX socket for its owner alone; what comes in chooses one of two commands and is in neither. */
#include "specimen.h"

int main(void)
{
	char word[9];
	struct sockaddr_un own = { .sun_family = AF_UNIX, .sun_path = "/run/agent.sock" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	chmod("/run/agent.sock", 0600);
	listen(s, 4);
	int c = accept(s, NULL, NULL);
	ssize_t n = c < 0 ? -1 : recv(c, word, sizeof(word) - 1, 0);
	if (n <= 0)
		return 1;
	word[n] = 0;
	return system(strcmp(word, "backup") == 0 ? "/opt/agent/backup" : "/opt/agent/state");
}
