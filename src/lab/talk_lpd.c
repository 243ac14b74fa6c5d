/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A print job by the line printer daemon protocol (RFC 1179 §5, §6). */
#include "lab/talk.h"

enum { RECEIVE_JOB = 2, RECEIVE_CONTROL = 2, RECEIVE_DATA = 3 };

static void accepted(struct conv *c)
{
	conv_send(c, SERVER, SPAN_LIT("\0"));
}

void talk_lpd(struct conv *c, const char *queue, const char *job, const char *user, struct span data)
{
	unsigned number = net_below(c->net, 1000);
	const char *host = c->end[CLIENT]->name;
	AUTO_BUF control = { 0 };
	buf_printf(&control, "H%s\nP%s\nJ%s\nldfA%03u%s\nUdfA%03u%s\nN%s\n", host, user, job, number, host,
		   number, host, job);
	conv_text(c, CLIENT, "%c%s\n", RECEIVE_JOB, queue);
	accepted(c);
	conv_text(c, CLIENT, "%c%zu cfA%03u%s\n", RECEIVE_CONTROL, control.n, number, host);
	accepted(c);
	buf_u8(&control, 0);
	conv_send(c, CLIENT, buf_span(&control));
	accepted(c);
	conv_text(c, CLIENT, "%c%zu dfA%03u%s\n", RECEIVE_DATA, data.n, number, host);
	accepted(c);
	AUTO_BUF file = { 0 };
	buf_bytes(&file, data);
	buf_u8(&file, 0);
	conv_send(c, CLIENT, buf_span(&file));
	accepted(c);
	c->last = (struct span){ 0 };
}
