/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.hidden-listener: a UNIX socket open to all, whose input names what is run. */
#include "specimen.h"

int main(void)
{
	char word[9], line[64];
	struct sockaddr_un own = { .sun_family = AF_UNIX, .sun_path = "/tmp/agent.sock" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0)
		return 1;
	chmod("/tmp/agent.sock", 0777);
	listen(s, 4);
	int c = accept(s, NULL, NULL);
	ssize_t n = c < 0 ? -1 : recv(c, word, sizeof(word) - 1, 0);
	if (n <= 0)
		return 1;
	word[n] = 0;
	snprintf(line, sizeof(line), "/opt/agent/%s", word);
	return system(line);
}
