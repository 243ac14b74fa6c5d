/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: a pointer lies where the address goes, because a resolver that the emulator does not
 * know filled nothing in. There is no address to be told. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(515) };
	char *found = malloc(96);
	memset(found, 0, 96);
	memcpy(&to.sin_addr, &found, sizeof(to.sin_addr));
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to));
}
