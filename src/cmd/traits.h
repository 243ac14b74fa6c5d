/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers the traits of one image from what its inspection says. */
#pragma once

#include "cmd/inspected.h"
#include "cmd/judge.h"

struct traits {
	struct arena arena, scratch;             /* scratch: of one program's calls */
	struct record_host host;
	struct record **v;                       /* trait_type */
	uint32_t n;
	uint16_t *slots;                         /* numbers of traits in v, from 1, by a hash of their values */
	uint64_t dropped;
};

void traits_init(struct traits *t, const uint8_t key[KEY_BYTES]);
void traits_done(struct traits *t);
/* Of findings and accounts; other records say nothing here. */
void traits_of(struct traits *t, const struct record *r);
/* Of a program that was executed: itself, and its functions by what they call. For struct examination's `program`. */
void traits_of_program(void *traits, const struct judge_file *f, const struct judge_trace *p);
