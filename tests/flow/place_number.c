/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: a switch over a byte gives an address; compilers make a table of numbers of it. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned chosen(int c)
{
	switch (c) {
	case '0': return 0xc0000229;
	case '1': return 0xc000022a;
	case '2': return 0xc000022b;
	case '3': return 0xcb00712c;
	case '4': return 0xcb00712d;
	default: return 0;
	}
}

int main(void)
{
	char in[8];
	if (read(0, in, sizeof(in)) <= 0)
		return 1;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(5140) };
	to.sin_addr.s_addr = htonl(chosen(in[0]));
	if (!to.sin_addr.s_addr)
		return 2;
	int s = socket(AF_INET, SOCK_STREAM, 0);
	return connect(s, (struct sockaddr *)&to, sizeof(to));
}
