/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry of capture.def offers. A format walks what is buffered; when that is too short it
 * says how many bytes it needs at its start. */
#pragma once

#include "capture/capture.h"

enum { LINK_TYPES_MAX = 1024 };

struct walk {                                    /* where a format stands; its fields are its own */
	bool big;
	uint32_t link;                           /* pcap */
	uint64_t unit_ns;                        /* pcap: 1 or 1000 */
	uint32_t extra;                          /* pcap: bytes behind the record header (modified format) */
	struct iface *ifaces;                    /* pcapng, owned */
	uint32_t nifaces;
	uint32_t snaplen;
};

enum step { STEP_FRAME, STEP_SKIP, STEP_MORE, STEP_DAMAGED };

/* What one record at the start of the bytes is: its length in size; STEP_MORE: how many bytes it needs
 * in size; STEP_DAMAGED: what is wrong in why. */
struct stepped {
	enum step step;
	uint64_t size;
	const char *why;
};

struct capture_format {
	const char *name;
	/* Bytes of file header that start a walk, 0: not this format. head has at least 24 bytes or all there are. */
	size_t (*open)(struct span head, struct walk *w);
	struct stepped (*next)(struct walk *w, struct span have, struct captured *out);
};

enum { RECORD_MAX = 8 << 20 };                   /* a record longer than this is damage, not a frame */
