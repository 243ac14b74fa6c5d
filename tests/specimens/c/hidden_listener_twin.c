/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: listens on the port of the settings and answers with the state; nothing that comes in is used. */
#include "specimen.h"

int main(void)
{
	char port[16], text[64];
	struct sockaddr_in own = { .sin_family = AF_INET };
	if (!setting("port=", port, sizeof(port)))
		return 2;
	own.sin_port = htons((uint16_t)atoi(port));
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&own, sizeof(own)) < 0 || listen(s, 4) < 0)
		return 1;
	int c = accept(s, NULL, NULL);
	if (c < 0 || recv(c, text, sizeof(text), 0) <= 0)
		return 1;
	return tell(c, "state ok\n");
}
