/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of an HTTP/1 message: where it starts and ends, what it says, and what body follows. Everything borrows. */
#pragma once

#include "decode/decoder.h"

enum { HTTP_HEAD_MAX = 64 * 1024, HTTP_METHOD_MAX = 20, HTTP_LENGTH_DIGITS = 15, HTTP_PATH_KEPT = 160 };

enum http_header { HTTP_H_HOST, HTTP_H_AGENT, HTTP_H_SERVER, HTTP_H_TYPE, HTTP_H_LENGTH, HTTP_H_CODING, HTTP_H_TRANSFER,
	HTTP_H_UPGRADE, HTTP_H_AUTH, HTTP_H_PROXY_AUTH, HTTP_H_RANGE, HTTP_HEADERS };

struct http_head {
	bool is_request;
	struct span method, target;
	unsigned status;
	struct span field[HTTP_HEADERS];
};

void http_head_parse(struct span s, struct http_head *out);

/* Without the end of the line. */
struct span http_line(struct rd *r);
/* Up to the first of the stops, which is consumed; all of it when there is none. */
struct span http_word(struct span *s, const char *stops);

/* ---- where it starts and ends ---- */

enum http_start { HTTP_JUNK, HTTP_SHORT, HTTP_REQUEST, HTTP_RESPONSE };

enum http_start http_start_of(struct span s);
/* The method in front of a space; HTTP_SHORT while it may still become one. */
enum http_start http_method(struct span s, struct span *method);
/* The version that ends the first line: SIP, RTSP and others share the rest of the form. whole: the line is
 * complete. */
bool            http_is_said(struct span s, bool *whole);
/* Bytes up to and with the empty line; 0: it is not there. Looks from `from` on. */
size_t          http_head_length(struct span s, size_t from);
/* Ends of lines in front of it. */
size_t          http_blanks(struct span s);

/* ---- what body follows ---- */

struct http_pending {                            /* a request until its answer */
	uint8_t n;
	bool is_head, is_connect, authorized;
	uint8_t path[HTTP_PATH_KEPT];
};

enum http_body { HTTP_NO_BODY, HTTP_SIZED, HTTP_CHUNKED, HTTP_TO_CLOSE, HTTP_TUNNEL };

struct http_extent {
	enum http_body kind;
	uint64_t length, offset, size;           /* of this part; where it lies in the whole; of the whole or 0 */
	bool is_part;                            /* 206: of a range */
	bool packed;                             /* has a content coding */
};

/* RFC 9112 §6.3. A length that is stated next to chunks does not count. */
struct http_extent http_extent_of(const struct http_head *h, const struct http_pending *asked);
/* Content-Length (RFC 9110 §8.6): one number, or the same several times. */
bool http_stated_length(struct span s, uint64_t *out);
