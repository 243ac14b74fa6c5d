/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames from a file, a pipe or standard input: pcap and pcapng, plain or compressed, recognised by
 * content. One entry a format in capture.def. */
#pragma once

#include "base/rd.h"

/* One captured frame. bytes are borrowed until the next capture_batch. */
struct captured {
	struct span bytes;
	uint32_t wire;                           /* length on the wire, >= bytes.n */
	uint32_t link;                           /* LINKTYPE_ number (tcpdump.org/linktypes) */
	uint64_t ts;                             /* ns since 1970 UTC */
	uint64_t number;                         /* 1-based in this input */
	uint64_t offset;                         /* of the record in the decompressed input */
};

struct capture;

enum { CAPTURE_BATCH = 32 };

/* Takes fd. 0, or negative errno with a sentence in err: -EBADMSG is "no capture file". */
int  capture_open(int fd, struct capture **out, char err[256]) __attribute__((warn_unused_result));
void capture_free(struct capture *c);

/* Up to CAPTURE_BATCH frames that lie together in the buffer; 0 at the end or at damage. */
size_t capture_batch(struct capture *c, struct captured out[CAPTURE_BATCH]);
/* NULL when the input ended where it should; else what is wrong and at which byte. */
const char *capture_damage(const struct capture *c);
/* Bytes of the input file consumed so far (compressed ones, for progress). */
uint64_t    capture_consumed(const struct capture *c);
uint64_t    capture_offset(const struct capture *c);
const char *capture_format(const struct capture *c);
