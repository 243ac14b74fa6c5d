/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message, one write: lines of two processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <time.h>

#include "base/utf8.h"

enum { MESSAGE_MAX = 4096 };

static const char *const names[] = {
	[LOG_QUIET] = "quiet", [LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_NOTE] = "note", [LOG_MORE] = "detail",
};

/* Backslash and quote on top of what show_text escapes, for the JSON form: its escapes are ASCII. */
static void json_quoted(struct buf *b, struct span s)
{
	struct rd r = rd_of(s);
	buf_u8(b, '"');
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		if (c == '"' || c == '\\')
			buf_u8(b, '\\');
		buf_u8(b, c);
	}
	buf_u8(b, '"');
}

void log_say(const struct log *l, enum log_level at, const char *fmt, ...)
{
	if (at > l->level)
		return;
	char text[MESSAGE_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	struct buf shown = { 0 }, line = { 0 };
	show_text(&shown, span_str(text), l->json || show_locale_utf8(), 0);
	if (l->json) {
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		buf_printf(&line, "{\"time\":%lld.%03ld,\"level\":\"%s\",\"message\":", (long long)now.tv_sec,
			   now.tv_nsec / 1000000, names[at]);
		json_quoted(&line, buf_span(&shown));
		buf_text(&line, "}\n");
	} else {
		buf_text(&line, at == LOG_WARN ? "auscult: warning: " : "auscult: ");
		buf_bytes(&line, buf_span(&shown));
		buf_text(&line, "\n");
	}
	if (write(l->fd, line.p, line.n) < 0) {
		/* Nobody listens; there is no one left to tell. */
	}
	buf_done(&shown);
	buf_done(&line);
}
