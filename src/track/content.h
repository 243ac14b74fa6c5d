/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files on their way. Parts of one file (same conversation ends, same key) are put behind each other;
 * the first bytes say what kind of file it is, and what could be or carry a program is hashed as long
 * as it is seen in order. When a file ends, is closed or is evicted, a transfer_type record
 * (track/track.h) with the origin of its first part goes to the sink.
 *
 * stream.c calls content_open for every emit_body. Bytes of the part that were not in the message yet
 * follow through content_feed and content_gap under the handle that content_open gave. */
#pragma once

#include "decode/decoder.h"

struct content;

struct content_counts {
	uint64_t parts, bytes;                   /* parts opened; bytes of files seen */
	uint64_t files, evicted;                 /* published in all; of these: for lack of room */
	uint64_t open;                           /* files in the table now */
};

/* host and sink are borrowed for the life of the tracker. */
struct content *content_new(const struct record_host *host, const struct sink *sink);
void            content_free(struct content *c);     /* publishes nothing; takes NULL */

/* Opens one part of a file and takes in b->data. Returns the handle for the bytes that follow, or 0
 * when none follow. A handle becomes void by content_close, and harmlessly so by eviction. */
uint32_t content_open(struct content *c, const struct origin *at, const struct body *b);
/* Handle 0, or one gone by: nothing happens. */
void     content_feed(struct content *c, uint32_t handle, struct span bytes, const struct origin *at);
void     content_gap(struct content *c, uint32_t handle, uint64_t n);    /* n bytes were not captured */
/* The part ended: its length was reached (true), or the stream ended or moved on before (false). A part
 * of length BODY_OPEN ends with its stream, which is a complete end when the stream was closed in order. */
void     content_close(struct content *c, uint32_t handle, bool complete);
/* End of input: publishes everything that is still open. */
void     content_finish(struct content *c);
/* Whether the file that the last open or feed was about is machine code by its first bytes. */
bool            content_is_program(const struct content *c);
struct content_counts content_counts(const struct content *c);
