/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: the address is an integer constant. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
	struct sockaddr_in to;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	memset(&to, 0, sizeof(to));
	to.sin_family = AF_INET;
	to.sin_port = htons(515);
	to.sin_addr.s_addr = htonl(0xc0000277);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return 1;
	send(fd, "hello", 5, 0);
	close(fd);
	return 0;
}
