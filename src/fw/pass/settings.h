/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image itself says of the settings that its programs read: configuration files as they lie there, what
 * scripts write into them, variables that scripts export, and keys of nvram that they set. With it an address that a
 * program takes "from /etc/x.conf" has a value, and somebody who gives it. */
#pragma once

#include "fw/pass/pass.h"

struct given {                                   /* one setting */
	struct span source;                      /* as the trace names it: "file:/etc/x.conf", "getenv:X", "config:x" */
	struct span key, value;
	uint32_t file;                           /* index in the scene: where it is given */
	unsigned line;
};

enum { SETTINGS_FOUND = 4 };

/* Whether a file is one of settings, by its name. */
bool settings_stand_in(const struct scene_file *f);

struct settings;
struct settings *settings_new(const struct scene *s);
void settings_free(struct settings *s);
/* Destinations that a source may hold. keys: names that the program compares with what it reads; with none, all.
 * Returns how many. */
unsigned settings_destinations(const struct settings *s, struct span source, const struct span *keys, unsigned nkeys,
			       struct given out[SETTINGS_FOUND]);
/* What scripts may ask of it. */
struct shell_world settings_world(const struct settings *s);
/* The port that stands beside; 0: none. */
uint16_t settings_port(const struct settings *s, struct span source);
