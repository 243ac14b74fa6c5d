/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of an HTTP message. */
#pragma once

#include "decode/http.h"
#include "decode/http_head.h"

extern const struct record_type http_type;

/* Returns the path as it may be shown. */
struct span http_request(const struct http_head *h, struct record *out);
void        http_response(const struct http_head *h, const struct http_pending *asked, struct record *out);
void        http_about_body(const struct http_head *h, struct record *out);

/* Evidence export may show the protocol's own words of a head, and its numbers; other names and values may be
 * anybody's. */
void http_head_shown(struct emit *e, const struct http_head *h, struct span bytes);
