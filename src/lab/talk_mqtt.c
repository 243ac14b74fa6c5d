/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MQTT 3.1.1 (OASIS §3). */
#include "lab/nest.h"
#include "lab/talk.h"

static void text(struct buf *b, const char *s)
{
	size_t at = nest_begin(b, 2);
	buf_text(b, s);
	nest_end(b, at, 2);
}

/* All packets of the lab are shorter than 128 bytes: one byte of length. */
static size_t begin(struct buf *b, uint8_t type)
{
	buf_u8(b, type);
	return nest_begin(b, 1);
}

void talk_mqtt_open(struct conv *c, const char *client, const char *user, const char *password)
{
	AUTO_BUF b = { 0 };
	size_t at = begin(&b, 0x10);
	text(&b, "MQTT");
	buf_u8(&b, 4);
	buf_u8(&b, user ? 0xC2 : 0x02);
	buf_be16(&b, 60);
	text(&b, client);
	if (user) {
		text(&b, user);
		text(&b, password);
	}
	nest_end(&b, at, 1);
	conv_send(c, CLIENT, buf_span(&b));
	conv_send(c, SERVER, SPAN_LIT("\x20\x02\0\0"));
}

void talk_mqtt_publish(struct conv *c, enum conv_side from, const char *topic, const char *value)
{
	AUTO_BUF b = { 0 };
	size_t at = begin(&b, 0x30);
	text(&b, topic);
	buf_text(&b, value);
	nest_end(&b, at, 1);
	conv_send(c, from, buf_span(&b));
}

void talk_mqtt_ping(struct conv *c)
{
	conv_send(c, CLIENT, SPAN_LIT("\xC0\0"));
	conv_send(c, SERVER, SPAN_LIT("\xD0\0"));
}
