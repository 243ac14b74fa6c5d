/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of logs: times, numbers, addresses; and setting a record's field from text by the field's type. */
#pragma once

#include "sensor/map.h"

/* The minute of the latest time, as it was written: the times of a log are near each other. */
struct minute {
	char text[17];                           /* "2021-06-05T12:00:" */
	uint8_t zone_bytes;
	uint64_t zone;                           /* "+0200", span_last8() of it */
	uint64_t seconds;                        /* 0: none */
};

/* "2021-06-05T12:00:00.123456+0200" (RFC 3339, and without the colon), or seconds since 1970 "1622887200.123456".
 * 0: neither. m may be NULL. */
uint64_t value_time(struct minute *m, struct span s);
uint64_t value_seconds(struct span s);           /* "12.5" as ns */
bool     value_uint(struct span s, uint64_t *out);
uint64_t value_hex(struct span s);
struct addr value_addr(struct span s);           /* family 0: none */
struct mac  value_mac(struct span s);            /* zero: none */

/* Text is borrowed or of the arena; what does not fit the field's type is left out. */
void value_set(struct record *r, const struct row *row, struct span text, struct arena *a);
