/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specimen, never run natively: what is received goes to a constant by mistake, and the kernel refuses. The command
 * that is run afterwards is the constant. */
#include <stdlib.h>
#include <sys/socket.h>

static const char command[] = "cp -r /mnt/bin /opt";

int main(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char *volatile where = (char *)command;
	(void)!recv(fd, where, sizeof(command) - 1, 0);
	return system(where);
}
