/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talk on stderr, for people or as JSON lines. The layer that knows which host or file logs, once;
 * what a stranger sent is counted in the health record and never logged a line each. Every message
 * is escaped before it reaches the terminal. */
#pragma once

#include <stdbool.h>

#include "base/scope.h"

enum log_level { LOG_QUIET, LOG_ERROR, LOG_WARN, LOG_NOTE, LOG_MORE };

struct log {                                     /* a value: copy it, hand it down */
	enum log_level level;                    /* say this and what is graver */
	bool json;
	int fd;                                  /* 2 */
};

void log_say(const struct log *l, enum log_level at, const char *fmt, ...) PRINTF(3, 4);

#define log_error(l, ...) log_say(l, LOG_ERROR, __VA_ARGS__)
#define log_warn(l, ...)  log_say(l, LOG_WARN, __VA_ARGS__)
#define log_note(l, ...)  log_say(l, LOG_NOTE, __VA_ARGS__)
#define log_more(l, ...)  log_say(l, LOG_MORE, __VA_ARGS__)
