/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS 1.3 as seen from outside (RFC 8446 §4.1): real hellos, then records of noise. */
#include "lab/nest.h"
#include "lab/talk.h"

enum {
	HANDSHAKE = 22, CHANGE_CIPHER = 20, APPLICATION = 23, CLIENT_HELLO = 1, SERVER_HELLO = 2,
	TLS12 = 0x0303, TLS13 = 0x0304,
	EXT_SNI = 0, EXT_GROUPS = 10, EXT_SIGNATURES = 13, EXT_ALPN = 16, EXT_VERSIONS = 43, EXT_KEY_SHARE = 51,
	X25519 = 0x001d, AES_128_GCM_SHA256 = 0x1301, RECORD_MAX = 16384,
};

static size_t extension(struct buf *b, uint16_t type)
{
	buf_be16(b, type);
	return nest_begin(b, 2);
}

static void sni(struct buf *b, const char *name)
{
	size_t ext = extension(b, EXT_SNI), list = nest_begin(b, 2);
	buf_u8(b, 0);
	size_t host = nest_begin(b, 2);
	buf_text(b, name);
	nest_end(b, host, 2);
	nest_end(b, list, 2);
	nest_end(b, ext, 2);
}

static void list16(struct buf *b, uint16_t type, const uint16_t *v, size_t n)
{
	size_t ext = extension(b, type), list = nest_begin(b, 2);
	for (size_t i = 0; i < n; i++)
		buf_be16(b, v[i]);
	nest_end(b, list, 2);
	nest_end(b, ext, 2);
}

static void key_share(struct net *n, struct buf *b, bool client)
{
	size_t ext = extension(b, EXT_KEY_SHARE), list = client ? nest_begin(b, 2) : 0;
	buf_be16(b, X25519);
	buf_be16(b, 32);
	net_noise(n, b, 32);
	if (client)
		nest_end(b, list, 2);
	nest_end(b, ext, 2);
}

static void client_extensions(struct net *n, struct buf *b, const char *name)
{
	sni(b, name);
	list16(b, EXT_GROUPS, (const uint16_t[]){ X25519, 0x0017, 0x0018 }, 3);
	list16(b, EXT_SIGNATURES, (const uint16_t[]){ 0x0403, 0x0804, 0x0401, 0x0503, 0x0805 }, 5);
	size_t ext = extension(b, EXT_ALPN), list = nest_begin(b, 2);
	buf_u8(b, 8);
	buf_text(b, "http/1.1");
	nest_end(b, list, 2);
	nest_end(b, ext, 2);
	ext = extension(b, EXT_VERSIONS);
	buf_u8(b, 4);
	buf_be16(b, TLS13);
	buf_be16(b, TLS12);
	nest_end(b, ext, 2);
	key_share(n, b, true);
}

static void server_extensions(struct net *n, struct buf *b)
{
	size_t ext = extension(b, EXT_VERSIONS);
	buf_be16(b, TLS13);
	nest_end(b, ext, 2);
	key_share(n, b, false);
}

static void hello(struct conv *c, struct buf *b, struct span session, const char *name)
{
	static const uint16_t ciphers[] = { AES_128_GCM_SHA256, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030 };
	bool client = name != NULL;
	buf_u8(b, HANDSHAKE);
	buf_be16(b, client ? 0x0301 : TLS12);
	size_t record = nest_begin(b, 2);
	buf_u8(b, client ? CLIENT_HELLO : SERVER_HELLO);
	size_t body = nest_begin(b, 3);
	buf_be16(b, TLS12);
	net_noise(c->net, b, 32);
	buf_u8(b, (uint8_t)session.n);
	buf_bytes(b, session);
	if (client)
		buf_be16(b, sizeof(ciphers));
	for (size_t i = 0; i < (client ? ARRAY_LEN(ciphers) : 1); i++)
		buf_be16(b, ciphers[i]);
	if (client)
		buf_u8(b, 1);
	buf_u8(b, 0);                                    /* no compression */
	size_t extensions = nest_begin(b, 2);
	if (client)
		client_extensions(c->net, b, name);
	else
		server_extensions(c->net, b);
	nest_end(b, extensions, 2);
	nest_end(b, body, 3);
	nest_end(b, record, 2);
}

static void change_cipher(struct buf *b)
{
	buf_u8(b, CHANGE_CIPHER);
	buf_be16(b, TLS12);
	buf_be16(b, 1);
	buf_u8(b, 1);
}

static void opaque(struct net *n, struct buf *b, size_t bytes)
{
	buf_u8(b, APPLICATION);
	buf_be16(b, TLS12);
	buf_be16(b, (uint16_t)bytes);
	net_noise(n, b, bytes);
}

void talk_tls_hello(struct conv *c, const char *name)
{
	AUTO_BUF session = { 0 };
	net_noise(c->net, &session, 32);
	AUTO_BUF b = { 0 };
	hello(c, &b, buf_span(&session), name);
	conv_send(c, CLIENT, buf_span(&b));
	buf_reset(&b);
	hello(c, &b, buf_span(&session), NULL);
	change_cipher(&b);
	opaque(c->net, &b, 2300 + net_below(c->net, 900));    /* certificate and the rest, already encrypted */
	conv_send(c, SERVER, buf_span(&b));
	buf_reset(&b);
	change_cipher(&b);
	opaque(c->net, &b, 53);
	conv_send(c, CLIENT, buf_span(&b));
	c->last = (struct span){ 0 };
}

void talk_tls_data(struct conv *c, enum conv_side from, size_t bytes)
{
	AUTO_BUF b = { 0 };
	while (bytes) {
		size_t n = bytes < RECORD_MAX ? bytes : RECORD_MAX;
		opaque(c->net, &b, n + 17);              /* content type and tag */
		bytes -= n;
	}
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}
