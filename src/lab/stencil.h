/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A conversation told once and then copied many times with other hosts: the two ends' MACs,
 * addresses, name and the client's ports are replaced wherever they stand, checksums kept right. */
#pragma once

#include "lab/net.h"

enum stencil_part { PART_CLIENT_MAC, PART_SERVER_MAC, PART_CLIENT_IP, PART_SERVER_IP, PART_CLIENT_NAME, STENCIL_PARTS };
enum { STENCIL_NAME = 8, STENCIL_PATCHES = 14, STENCIL_FRAME_MAX = 1600, STENCIL_PORTS = 8000 };

struct stencil_patch {
	uint16_t at;
	uint8_t part;
};

struct stencil_frame {
	uint64_t at;                             /* ns after the conversation's start */
	struct span bytes;                       /* in the tape */
	uint16_t port_at;                        /* of the client's ephemeral port; 0: none to shift */
	uint8_t proto, npatches;                 /* proto 0: not IP */
	struct stencil_patch patch[STENCIL_PATCHES];
};

struct stencil {
	struct net *net;                         /* owns the bytes */
	struct stencil_frame *frames;
	size_t n;
};

/* Who plays in a copy. */
struct stencil_cast {
	uint8_t value[STENCIL_PARTS][STENCIL_NAME];
	uint16_t port_shift;                     /* below STENCIL_PORTS */
};

/* The stand-ins a story for a stencil is told with; their name is STENCIL_NAME letters. */
struct net  *stencil_stage(uint64_t seed, struct host **client, struct host **server);
struct stencil stencil_of(struct net *n);        /* takes n, whose story is told */
void         stencil_done(struct stencil *s);
/* Host number i for the part of client or server. */
void         stencil_client(struct stencil_cast *c, uint32_t i);
void         stencil_server(struct stencil_cast *c, uint32_t i);
/* Frame i, played by c, into out (STENCIL_FRAME_MAX bytes). Returns its length. */
size_t       stencil_copy(const struct stencil *s, size_t i, const struct stencil_cast *c, uint8_t *out);
