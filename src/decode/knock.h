/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The published openings of knock.def as a table: the decoder looks for bytes, detectors for the rest. */
#pragma once

#include "decode/decoder.h"

enum knock_kind { KNOCK_BYTES, KNOCK_AGENT, KNOCK_PATH, KNOCK_PORTS };
enum knock_how { HEAD, WHOLE, COMMAND, SIZED };

struct knock {
	const char *id, *what, *source;
	enum knock_kind kind;
	enum over over;
	uint16_t port, then;
	enum knock_how how;
	struct span bytes;
};

extern const struct knock knocks[];              /* ends with id NULL */
