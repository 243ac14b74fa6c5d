/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP fragments put together within fixed bounds. Where two fragments overlap the bytes that came
 * first stand (as Linux and the BSDs do for equal or later starts); differing overlaps are reported. */
#pragma once

#include "decode/packet.h"
#include "track/health.h"

enum { FRAG_DATAGRAMS = 1024, FRAG_BYTES = 4 << 20, FRAG_SECONDS = 30 };

struct frags;

struct frags *frags_new(struct hash_key key, struct health *h);
void          frags_free(struct frags *t);

/* Adds one fragment. True: whole is the datagram's payload, borrowed until the next call. */
bool frags_add(struct frags *t, const struct packet *p, struct span *whole);
