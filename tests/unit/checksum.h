/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums of frames that were made. */
#pragma once

#include "base/rd.h"

/* RFC 1071: a sum over a header or segment that includes its own checksum is all ones. */
static inline bool sums_to_ones(uint32_t sum, struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) >= 2)
		sum += rd_be16(&r);
	if (rd_left(&r))
		sum += (uint32_t)rd_u8(&r) << 8;
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return sum == 0xffff;
}
