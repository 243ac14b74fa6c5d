/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1.1 requests and answers (RFC 9112). */
#include "lab/talk.h"

void talk_http(struct conv *c, const char *host, const char *path, const char *type, const char *encoding,
	       struct span body)
{
	conv_text(c, CLIENT, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: lab-browser/1.0\r\nAccept: */*\r\n"
		  "Accept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n", path, host);
	AUTO_BUF b = { 0 };
	buf_printf(&b, "HTTP/1.1 200 OK\r\nServer: lab-intranet\r\nContent-Type: %s\r\n", type);
	if (encoding)
		buf_printf(&b, "Content-Encoding: %s\r\n", encoding);
	buf_printf(&b, "Content-Length: %zu\r\n\r\n", body.n);
	buf_bytes(&b, body);
	conv_send(c, SERVER, buf_span(&b));
	c->last = (struct span){ 0 };
}
