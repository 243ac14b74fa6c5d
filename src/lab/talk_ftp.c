/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FTP (RFC 959) with extended passive mode (RFC 2428). */
#include "lab/talk.h"

void talk_ftp(struct conv *c, const char *file, struct span content)
{
	uint16_t port = net_port(c->end[SERVER]);
	conv_text(c, SERVER, "220 file service ready\r\n");
	conv_text(c, CLIENT, "USER anonymous\r\n");
	conv_text(c, SERVER, "331 any password will do\r\n");
	conv_text(c, CLIENT, "PASS guest@\r\n");
	conv_text(c, SERVER, "230 logged in\r\n");
	conv_text(c, CLIENT, "TYPE I\r\n");
	conv_text(c, SERVER, "200 binary\r\n");
	conv_text(c, CLIENT, "EPSV\r\n");
	conv_text(c, SERVER, "229 Entering Extended Passive Mode (|||%u|)\r\n", (unsigned)port);
	conv_text(c, CLIENT, "RETR %s\r\n", file);
	struct conv data = conv_of(c->net, c->end[CLIENT], c->end[SERVER], port, c->now + c->rtt);
	conv_open(&data);
	c->now = data.now;
	conv_text(c, SERVER, "150 sending %s (%zu bytes)\r\n", file, content.n);
	data.now += c->rtt;
	conv_send(&data, SERVER, content);
	conv_close(&data, SERVER);
	c->now = data.now + 400 * US;
	conv_text(c, SERVER, "226 done\r\n");
	conv_text(c, CLIENT, "QUIT\r\n");
	conv_text(c, SERVER, "221 goodbye\r\n");
}
