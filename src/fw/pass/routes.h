/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program does, path by path: a path of the emulator starts where it left its parent. */
#pragma once

#include "fw/pass/pass.h"
#include "fw/pass/settings.h"

struct lane {                                    /* one path of a program and its own acts */
	uint64_t path, parent, forked;
	struct span condition;                   /* what was assumed where it left */
	uint64_t site;
	size_t first, n;
};

struct routes {                                  /* of the program that is read */
	const struct scene *scene;
	const struct settings *settings;
	struct acts *acts;
	const struct scene_program *program;
	struct lane *lanes;
	uint32_t nlanes;
	const struct act **v;                    /* the route that is made: PASS_ROUTE */
	bool *equal;
	bool logs_in;                            /* it asks for an account or for the owner's word somewhere */
	bool asks_name;
};

void routes_begin(struct routes *w, const struct scene_program *p);
void routes_end(struct routes *w);
bool lane_matters(const struct routes *w, const struct lane *l);
struct route route_of(struct routes *w, const struct lane *leaf);        /* until the next one */

/* ---- lanes.c ---- */
void lanes_begin(struct routes *w);              /* acts and lanes of its program */
struct lane *lane_find(const struct routes *w, uint64_t path);           /* NULL: none */
