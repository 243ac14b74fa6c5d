/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench's capture: conversations of all protocols, copied with other hosts and interleaved, several
 * hundred at any time, streamed out as classic pcap. The same options give the same bytes. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/scope.h"

enum { MIX_HOSTS_MIN = 200, MIX_HOSTS_MAX = 4000000, MIX_FLOWS_MAX = 20000000 };

struct mix {
	uint64_t seed;
	uint64_t bytes, packets;                 /* at least so many of both */
	uint64_t flows;                          /* mix_flows: so many TCP connections open at the same time */
	uint32_t hosts;
};

/* 0 or -errno. */
MUST_CHECK int mix_write(const struct mix *m, FILE *out);
/* Handshake, a request and the first answer of every flow, one step of all flows after the other. */
MUST_CHECK int mix_flows(const struct mix *m, FILE *out);
