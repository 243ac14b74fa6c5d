/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as bytes between the sandboxed engine and its parent. The engine has read what strangers
 * sent, so the parent takes its bytes as hostile: every type, field, length and depth is checked
 * against the same field tables, and a message that does not fit is refused whole.
 *
 *   le32  bytes that follow (<= WIRE_MAX)     u8 version   u8 flags (1: origin)   le16 type index
 *   [origin]   le64 set fields   their values in table order
 */
#pragma once

#include "base/buf.h"
#include "base/scope.h"
#include "record/registry.h"

enum { WIRE_VERSION = 1, WIRE_MAX = 4 << 20, WIRE_DEPTH = 8 };

/* Appends one framed record. False, and nothing appended, when a type in it (nested ones too) is not
 * registered, it is too deep or too long, or the buffer is full. */
bool wire_put(struct buf *b, const struct registry *g, const struct record *r) MUST_CHECK;

enum wire_got {
	WIRE_RECORD,                             /* *out is set; everything in the arena, nothing borrowed from in */
	WIRE_MORE,                               /* the message is not whole yet; nothing consumed */
	WIRE_BAD,                                /* refused; end the peer */
};

/* The record at the front of `in`. Its host is NULL; tokens stay tokens. */
enum wire_got wire_get(struct rd *in, const struct registry *g, struct arena *a, struct record **out) MUST_CHECK;

/* The parent's end of a pipe that records come from: what is not a whole record yet. */
struct wire_pipe {
	int fd;                                  /* not owned */
	const struct registry *registry;
	struct buf in;
	struct arena arena;                      /* of one record */
	bool ended, bad;                         /* no more will come; the peer sent what none sends */
};

void wire_pipe_open(struct wire_pipe *p, int fd, const struct registry *g);
/* Reads once, which may wait, and hands on each record that is whole; it lives until each() returns. False: ended or
 * bad. */
bool wire_pipe_read(struct wire_pipe *p, void (*each)(void *ctx, const struct record *r), void *ctx);
/* Returns whether all that came was sound. */
bool wire_pipe_close(struct wire_pipe *p);
