/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: the host is XOR-ed bytes that a loop decodes. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static const unsigned char hidden[] = {
	'1' ^ 0x5a, '9' ^ 0x5b, '2' ^ 0x5c, '.' ^ 0x5d, '0' ^ 0x5e, '.' ^ 0x5f, '2' ^ 0x60, '.' ^ 0x61,
	'1' ^ 0x62, '1' ^ 0x63, '9' ^ 0x64, 0 ^ 0x65,
};

__attribute__((noinline)) static void reveal(char *out, const unsigned char *in, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		out[i] = (char)(in[i] ^ (0x5a + i));
}

int main(void)
{
	char text[16];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9600) };
	reveal(text, hidden, sizeof(hidden));
	to.sin_addr.s_addr = inet_addr(text);
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to));
}
