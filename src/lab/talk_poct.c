/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A point-of-care analyser says who it is and tells a result: POCT1-A2; see decode/poct1a.c. */
#include "lab/talk.h"

static void message(struct conv *c, enum conv_side from, const char *kind, unsigned number, const char *body)
{
	AUTO_BUF b = { 0 };
	buf_printf(&b, "<%s><HDR><HDR.control_id V=\"%u\"/><HDR.version_id V=\"POCT1\"/>"
		   "<HDR.creation_dttm V=\"2026-03-02T07:00:00+00:00\"/></HDR>%s</%s>\r\n", kind, number, body, kind);
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}

static void acknowledged(struct conv *c, const char *kind, unsigned number, const char *body)
{
	char ack[120];
	message(c, CLIENT, kind, number, body);
	snprintf(ack, sizeof(ack), "<ACK><ACK.type_cd V=\"AA\"/><ACK.ack_control_id V=\"%u\"/></ACK>", number);
	message(c, SERVER, "ACK.R01", number, ack);
}

void talk_poct_hello(struct conv *c, const char *model, const char *serial)
{
	char body[320];
	snprintf(body, sizeof(body), "<DEV><DEV.device_id V=\"LAB-%s\"/><DEV.vendor_id V=\"LABMAKER\"/>"
		 "<DEV.model_id V=\"%s\"/><DEV.serial_id V=\"%s\"/><DEV.sw_version V=\"3.1\"/></DEV>", serial, model, serial);
	acknowledged(c, "HEL.R01", 1, body);
	acknowledged(c, "DST.R01", 2, "<DST><DST.new_observations_qty V=\"1\"/></DST>");
}

void talk_poct_result(struct conv *c, unsigned number, const struct planted *who)
{
	char person[160] = "", body[640];
	unsigned v = 45 + net_below(c->net, 30);
	if (who)
		snprintf(person, sizeof(person), "<PT.patient_id V=\"%s\"/><PT.name V=\"%s %s\"/>", who->id, who->given, who->family);
	snprintf(body, sizeof(body), "<SVC><SVC.role_cd V=\"OBS\"/>"
		 "<SVC.observation_dttm V=\"2026-03-02T07:00:00+00:00\"/><PT>%s<OBS>"
		 "<OBS.observation_id V=\"2341-6\" DN=\"Glu\" SN=\"LN\"/>"
		 "<OBS.value V=\"%u.%u\" U=\"mmol/L\"/></OBS></PT></SVC>", person, v / 10, v % 10);
	acknowledged(c, "OBS.R01", number, body);
	acknowledged(c, "EOT.R01", number + 1, "<EOT><EOT.topic_cd V=\"OBS\"/></EOT>");
}
