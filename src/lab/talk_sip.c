/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A telephone registers and calls (RFC 3261, RFC 4566), and the voice (RFC 3550, PCMA of RFC 3551). */
#include "lab/talk.h"

enum { SIP = 5060, VOICE_BYTES = 160, VOICE_EVERY = 20, PCMA = 8 };

static void text(struct net *n, uint64_t at, struct host *from, const struct host *to, const char *head,
		 const char *method, unsigned number, const char *body)
{
	AUTO_BUF b = { 0 };
	buf_printf(&b, "%s\r\nVia: SIP/2.0/UDP pbx.lan;branch=z9hG4bK%u\r\nFrom: <sip:%u@pbx.lan>;tag=7\r\n"
		   "To: <sip:%u@pbx.lan>\r\nCall-ID: %u@pbx.lan\r\nCSeq: 1 %s\r\nContent-Length: %zu\r\n\r\n%s",
		   head, number, number, number + 1, number, method,
		   strlen(body), body);
	net_udp(n, at, from, SIP, to, SIP, buf_span(&b));
}

void talk_sip_register(struct net *n, uint64_t at, struct host *phone, struct host *pbx, unsigned number)
{
	net_resolve(n, at, phone, pbx);
	text(n, at, phone, pbx, "REGISTER sip:pbx.lan SIP/2.0", "REGISTER", number, "");
	text(n, at + net_between(n, 3 * MS, 20 * MS), pbx, phone, "SIP/2.0 200 OK", "REGISTER", number, "");
}

static void voice(struct net *n, uint64_t at, struct host *from, const struct host *to, uint16_t ports[2],
		  unsigned packets)
{
	uint32_t source = (uint32_t)net_random(n) | 1, stamp = (uint32_t)net_random(n) | 1;
	uint16_t sequence = (uint16_t)net_random(n);
	for (unsigned i = 0; i < packets; i++) {
		AUTO_BUF b = { 0 };
		buf_u8(&b, 0x80);
		buf_u8(&b, i ? PCMA : PCMA | 0x80);
		buf_be16(&b, sequence++);
		buf_be32(&b, stamp + i * VOICE_BYTES);
		buf_be32(&b, source);
		net_noise(n, &b, VOICE_BYTES);
		net_udp(n, at + (uint64_t)i * VOICE_EVERY * MS, from, ports[0], to, ports[1], buf_span(&b));
	}
}

void talk_sip_call(struct net *n, uint64_t at, struct host *phone, struct host *pbx, unsigned number, unsigned seconds)
{
	char ip[ADDR_TEXT], offer[160];
	uint16_t ports[2] = { (uint16_t)(16384 + 2 * net_below(n, 4000)), (uint16_t)(24576 + 2 * net_below(n, 2000)) };
	const struct host *ends[2] = { phone, pbx };
	net_resolve(n, at, phone, pbx);
	for (int i = 0; i < 2; i++) {
		snprintf(offer, sizeof(offer), "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %u RTP/AVP 8\r\n",
			 addr_text(addr_v4(ends[i]->ip), ip), ip, ports[i]);
		if (i == 0)
			text(n, at, phone, pbx, "INVITE sip:2@pbx.lan SIP/2.0", "INVITE", number, offer);
		else
			text(n, at + 2 * SECOND, pbx, phone, "SIP/2.0 200 OK", "INVITE", number, offer);
	}
	text(n, at + 2 * SECOND + 9 * MS, phone, pbx, "ACK sip:2@pbx.lan SIP/2.0", "ACK", number, "");
	unsigned packets = seconds * 1000 / VOICE_EVERY;
	voice(n, at + 2 * SECOND + 20 * MS, phone, pbx, ports, packets);
	voice(n, at + 2 * SECOND + 27 * MS, pbx, phone, (uint16_t[]){ ports[1], ports[0] }, packets);
	at += (3 + (uint64_t)seconds) * SECOND;
	text(n, at, phone, pbx, "BYE sip:2@pbx.lan SIP/2.0", "BYE", number, "");
	text(n, at + 6 * MS, pbx, phone, "SIP/2.0 200 OK", "BYE", number, "");
}
