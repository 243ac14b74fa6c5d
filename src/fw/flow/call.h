/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts that write a call share: stretches of its texts, its arguments, its record. Nobody else. */
#pragma once

#include "fw/flow/machine.h"

enum { PIECES = 24, BINARY_MAX = 64 };

struct piece {
	size_t from, to;
	enum trace_origin origin;
	uint8_t shade;
	bool offset_known;
	uint64_t offset;
};

struct writer {
	struct machine *m;
	struct record *call;
	uint32_t hash;
};

/* ---- call_piece.c ---- */
enum trace_origin call_shade_origin(uint8_t shade);
bool call_in_file(const struct machine *m, struct span s, uint64_t *offset);
unsigned call_pieces(const struct machine *m, uint64_t addr, struct span s, struct piece *out);
void call_put_piece(const struct machine *m, struct buf *b, struct span s, const struct piece *p);

/* ---- call_args.c ---- */
struct record *writer_record(struct machine *m, const struct record_type *t);    /* until the next call */
void writer_hash(struct writer *w, struct span s);
struct record *writer_arg(struct writer *w, struct span name);   /* an argument begins */
void writer_end(struct writer *w, struct record *a);
void writer_number(struct writer *w, struct span name, uint64_t v, bool wide);
void call_put_origin(struct record *a, unsigned field, enum trace_origin o);
void call_put_args(struct writer *w, const struct model *model);

/* ---- call_record.c ---- */
struct record *call_begin(struct machine *m, uint32_t site, struct span callee, enum trace_class class);
/* hash: of the call's site and values; the same again is written a few times only. */
void call_end(struct machine *m, struct record *r, uint32_t hash);
