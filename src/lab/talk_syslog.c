/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Syslog in datagrams, old (RFC 3164) or new (RFC 5424) format. */
#include <time.h>

#include "lab/talk.h"

enum { SYSLOG = 514 };

void talk_syslog(struct net *n, uint64_t at, struct host *from, struct host *to, unsigned priority, const char *app,
		 const char *message, bool new_format)
{
	char when[40];
	time_t seconds = (time_t)(at / SECOND);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(when, sizeof(when), new_format ? "%Y-%m-%dT%H:%M:%SZ" : "%b %e %H:%M:%S", &tm);
	AUTO_BUF b = { 0 };
	if (new_format)
		buf_printf(&b, "<%u>1 %s %s %s %u - - %s", priority, when, from->name, app, net_below(n, 30000) + 1, message);
	else
		buf_printf(&b, "<%u>%s %s %s[%u]: %s", priority, when, from->name, app, net_below(n, 30000) + 1, message);
	net_resolve(n, at, from, to);
	net_udp(n, at, from, SYSLOG, to, SYSLOG, buf_span(&b));
}
