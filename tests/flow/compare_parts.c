/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is received is compared piece by piece, by instructions and not by a function. Never executed natively. */
#include <stdlib.h>
#include <sys/socket.h>

int main(void)
{
	char text[64] = "";
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	if (recv(s, text, sizeof(text), 0) < 16)
		return 1;
	if (text[0] == 'o' && text[1] == 'p' && text[2] == 'e' && text[3] == 'n' && text[4] == '-' && text[5] == 's'
	    && text[6] == 'e' && text[7] == 's' && text[8] == 'a' && text[9] == 'm' && text[10] == 'e' && text[11] == '-'
	    && text[12] == '7' && text[13] == '7' && text[14] == 0)
		return system("/sbin/telnetd");
	return 0;
}
