/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What evidence export may show of the head of an HTTP message. */
#include "base/ascii.h"
#include "decode/http_record.h"

static bool is_common(struct span name)
{
	static const char *const names[] = {
		"host", "user-agent", "server", "content-type", "content-length", "content-encoding", "transfer-encoding", "upgrade",
		"authorization", "proxy-authorization", "content-range", "connection", "accept", "accept-encoding",
		"accept-language", "accept-ranges", "cache-control", "cookie", "set-cookie", "date", "etag", "expect", "expires",
		"if-modified-since", "if-none-match", "keep-alive", "last-modified", "location", "origin", "pragma", "range",
		"referer", "soapaction", "te", "trailer", "vary", "via", "www-authenticate", "x-forwarded-for",
	};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_alike(name, names[i]))
			return true;
	return false;
}

/* How long a body is, and how it is sent. */
static bool is_measure(struct span name, struct span value)
{
	uint64_t n;
	if (span_alike(name, "content-length"))
		return span_decimal(value, HTTP_LENGTH_DIGITS, &n);
	return span_alike(name, "transfer-encoding") && span_alike(value, "chunked");
}

/* What stands around the target: marks of a query and of a path, and the version. */
static void line_shown(struct emit *e, struct span line)
{
	struct span rest = line, word = { 0 };
	for (struct span s = http_word(&rest, " "); s.n || rest.n; s = http_word(&rest, " "))
		word = s;
	if (span_starts(word, SPAN_LIT("HTTP/")) && word.n == 8)
		emit_shown(e, word);
	for (size_t i = 0; i < line.n; i++)
		if (ascii_among(line.p[i], " /?&="))
			emit_shown(e, span_cut(span_from(line, i), 1));
}

void http_head_shown(struct emit *e, const struct http_head *h, struct span bytes)
{
	struct rd r = rd_of(bytes);
	struct span line = http_line(&r), rest = line;
	struct span version = http_word(&rest, " "), status = http_word(&rest, " ");
	if (h->is_request) {
		line_shown(e, span_trim(line));
	} else if (version.n == 8 && status.n == 3) {
		emit_shown(e, version);
		emit_shown(e, span_trim(status));
	}
	while (rd_left(&r)) {
		struct span value = http_line(&r), name = http_word(&value, ":");
		if (!is_common(name))
			continue;
		emit_shown(e, name);
		if (is_measure(name, span_trim(value)))
			emit_shown(e, span_trim(value));
	}
}
