/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NTP version 4, client and server (RFC 5905 §7.3). */
#include "lab/talk.h"

enum { NTP = 123 };

static void stamp(struct buf *b, uint64_t unix_ns)
{
	buf_be32(b, (uint32_t)(unix_ns / SECOND + UINT64_C(2208988800)));
	buf_be32(b, (uint32_t)(((unix_ns % SECOND) << 32) / SECOND));
}

void talk_ntp(struct net *n, uint64_t at, struct host *client, struct host *server)
{
	uint64_t sent = at, heard = at + 1700 * US;
	AUTO_BUF b = { 0 };
	buf_be32(&b, 0x23000AEC);                        /* version 4, client; poll 2^10 s */
	buf_fill(&b, 0, 36);
	stamp(&b, sent);
	net_resolve(n, at, client, server);
	net_udp(n, at, client, NTP, server, NTP, buf_span(&b));
	AUTO_BUF r = { 0 };
	buf_be32(&r, 0x24020AEC);                        /* version 4, server, stratum 2 */
	buf_be32(&r, 0x00000A3D);
	buf_be32(&r, 0x00000F2C);
	buf_be32(&r, server->ip ^ 0x00000100);
	stamp(&r, heard - 512 * SECOND);
	stamp(&r, sent);
	stamp(&r, heard);
	stamp(&r, heard + 30 * US);
	net_udp(n, at + 3400 * US, server, NTP, client, NTP, buf_span(&r));
}
