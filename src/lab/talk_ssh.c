/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SSH (RFC 4253): banners, key exchange lists in clear, then packets of noise. */
#include "lab/nest.h"
#include "lab/talk.h"

enum { KEXINIT = 20, KEX_LISTS = 10 };

static void packet(struct conv *c, enum conv_side from)
{
	static const char *const lists[KEX_LISTS] = {
		"curve25519-sha256,ecdh-sha2-nistp256", "ssh-ed25519,rsa-sha2-512", "aes128-gcm@openssh.com,aes128-ctr",
		"aes128-gcm@openssh.com,aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", "",
	};
	AUTO_BUF payload = { 0 };
	buf_u8(&payload, KEXINIT);
	net_noise(c->net, &payload, 16);
	for (size_t i = 0; i < KEX_LISTS; i++) {
		size_t at = nest_begin(&payload, 4);
		buf_text(&payload, lists[i]);
		nest_end(&payload, at, 4);
	}
	buf_fill(&payload, 0, 5);
	uint8_t pad = (uint8_t)(8 - (payload.n + 5) % 8 + (payload.n % 8 == 3 ? 8 : 0));
	if (pad < 4)
		pad = (uint8_t)(pad + 8);
	AUTO_BUF b = { 0 };
	buf_be32(&b, (uint32_t)(payload.n + pad + 1));
	buf_u8(&b, pad);
	buf_bytes(&b, buf_span(&payload));
	buf_fill(&b, 0, pad);
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}

void talk_ssh(struct conv *c, unsigned keys)
{
	conv_text(c, SERVER, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
	conv_text(c, CLIENT, "SSH-2.0-OpenSSH_9.2p1\r\n");
	packet(c, SERVER);
	packet(c, CLIENT);
	for (unsigned i = 0; i < keys; i++) {
		conv_noise(c, CLIENT, 36);
		conv_noise(c, SERVER, i % 8 == 7 ? 420 : 36);
		conv_wait(c, net_between(c->net, 90 * MS, 700 * MS));
	}
}
