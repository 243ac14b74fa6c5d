/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mindray Patient Data Share: HL7 2.3.1 by the maker's rules; see decode/mindray.c. The monitor is the server. */
#include "lab/talk.h"

enum { BEACON = 4600 };

static void block(struct conv *c, enum conv_side from, struct buf *text)
{
	AUTO_BUF b = { 0 };
	buf_u8(&b, 0x0B);
	buf_bytes(&b, buf_span(text));
	buf_bytes(&b, SPAN_LIT("\x1c\r"));
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}

static void header(struct buf *b, const char *type, unsigned number)
{
	buf_printf(b, "MSH|^~\\&|||||||%s|%u|P|2.3.1|\r", type, number);
}

static void place(struct buf *b, const struct host *monitor, uint16_t port)
{
	buf_printf(b, "PV1||I|^^LAB&1&%u&%u&&1|||||||||||||||A|||\r", (unsigned)monitor->ip, port);
}

void talk_mindray_announce(struct net *n, uint64_t at, struct host *monitor, uint32_t broadcast)
{
	struct host all = net_group(broadcast);
	AUTO_BUF text = { 0 };
	buf_u8(&text, 0x0B);
	header(&text, "ADT^A01", 101);
	place(&text, monitor, MINDRAY_PORT);
	buf_bytes(&text, SPAN_LIT("\x1c\r"));
	net_udp(n, at, monitor, BEACON, &all, BEACON, buf_span(&text));
}

void talk_mindray_open(struct conv *c, const struct planted *who)
{
	AUTO_BUF b = { 0 };
	header(&b, "QRY^R02", 1203);
	buf_text(&b, "QRD|20260302070000|R|I|Q895211|||||RES\rQRF|MON||||0&0^1^1^1^\r");
	block(c, CLIENT, &b);
	buf_reset(&b);
	header(&b, "ORU^R01", 103);
	if (who)
		buf_printf(&b, "PID|||%s||%s^%s||%s|%s|\r", who->id, who->family, who->given, who->birth, who->sex);
	place(&b, c->end[SERVER], MINDRAY_PORT);
	buf_text(&b, "OBR||||Mindray Monitor|||0|\rOBX||NM|52^||172.0||||||F\rOBX||NM|51^||74.0||||||F\r");
	block(c, SERVER, &b);
}

void talk_mindray_values(struct conv *c, const struct readings *r)
{
	AUTO_BUF b = { 0 };
	header(&b, "ORU^R01", 204);
	buf_printf(&b, "OBX||NM|101^HR|2101|%d||||||F\rOBX||NM|105^ST-I|2101|-100.00||||||F\rOBX||NM|160^SpO2|2201|%d||||||F\r"
		   "OBX||NM|151^RR|2102|%d||||||F\rOBX||NM|200^T1|2301|%d.%d||||||F\r", r->heart, r->spo2, r->breaths,
		   r->temperature_tenths / 10, r->temperature_tenths % 10);
	block(c, SERVER, &b);
	buf_reset(&b);
	header(&b, "ORU^R01", 503);
	buf_printf(&b, "OBX||NM|170^Sys|2105|%d||||||F||APERIODIC|\rOBX||NM|171^Dia|2105|%d||||||F||APERIODIC|\r", r->systolic,
		   r->diastolic);
	block(c, SERVER, &b);
	buf_reset(&b);
	header(&b, "ORU^R01", 106);
	block(c, CLIENT, &b);
	block(c, SERVER, &b);
}
