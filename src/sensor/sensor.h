/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs of sensors that people already have, told to the tracker as if it had seen the conversations itself: Suricata's
 * EVE JSON and Zeek's logs, tab-separated or JSON. Several logs are read side by side, the earliest line first. */
#pragma once

#include "capture/input.h"
#include "sensor/map.h"
#include "track/tracker.h"

enum { SENSOR_INPUTS = 256, SENSOR_LINE = 1 << 20 };     /* a longer line is passed over and counted */

struct sensors;

/* NULL, with a sentence in err. Tracker and health are borrowed. */
struct sensors *sensors_new(struct tracker *t, struct health *h, const struct registry *g, char err[256]);
void            sensors_free(struct sensors *s);
/* A log; file: its number for evidence. name: of a Zeek log, whose beginning names the log ("conn.log.gz") where no
 * head line does. Takes fd. */
void            sensors_add(struct sensors *s, enum sensor_kind k, int fd, const char *name, uint32_t file);
/* The earliest line of all; false when none is left. */
bool            sensors_step(struct sensors *s);
uint64_t        sensors_consumed(const struct sensors *s);       /* bytes read of all inputs */
/* The first that broke off: its number, and why; NULL: none did. */
const char     *sensors_damage(const struct sensors *s, uint32_t *file);
/* Whether records of that type come from any of the logs. */
bool            sensors_make(const struct sensors *s, const struct record_type *t);
