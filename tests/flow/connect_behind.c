/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: three functions that only a table names, and of which those about the middle one end
 * with a fault in a delay slot, on processors that have one. The middle one is executed as if they had not been. */
#include <arpa/inet.h>
#include <sys/socket.h>

#ifdef __mips__
#define FAULT __asm__ volatile(".set push\n.set noreorder\nb 1f\nlw $2, 1($0)\n1:\n.set pop" ::: "$2", "memory")
#else
#define FAULT (void)0
#endif

static int before(void)
{
	FAULT;
	return 1;
}

static int call(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(515) };
	to.sin_addr.s_addr = inet_addr("192.0.2.119");
	return connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&to, sizeof(to));
}

static int after(void)
{
	FAULT;
	return 2;
}

int (*volatile handlers[])(void) = { before, call, after };

int main(void)
{
	return 0;
}
