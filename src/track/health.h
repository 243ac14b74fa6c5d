/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sensor's own counters: what was read, what was damaged, what had no room. Adding one is a line
 * in HEALTH_COUNTERS; record, JSON, report and docs follow. Times are packet times: the same capture
 * gives the same record. */
#pragma once

#include "record/record.h"

/* name, unit, doc */
#define HEALTH_COUNTERS(X) \
	X(files, NULL, "input files read") \
	X(log_lines, NULL, "lines read from logs of other sensors") \
	X(log_lines_bad, NULL, "of these: not to be read") \
	X(packets, NULL, "packets read") \
	X(bytes, "B", "bytes on the wire, as the capture says") \
	X(bytes_read, "B", "bytes captured") \
	X(truncated, NULL, "packets captured shorter than they were (snap length)") \
	X(malformed, NULL, "packets whose headers lie") \
	X(checksum_offload, NULL, "packets with a checksum the sender's card had yet to fill in") \
	X(link_unknown, NULL, "packets of a link type that is not read") \
	X(fragments, NULL, "IP fragments") \
	X(fragments_dropped, NULL, "IP fragments given up (no room, never complete)") \
	X(fragments_overlap, NULL, "IP fragments that overlapped with other bytes") \
	X(tunnels, NULL, "packets unwrapped from a tunnel") \
	X(flows, NULL, "conversations") \
	X(flows_evicted, NULL, "conversations ended early for lack of room") \
	X(unknown_flows, NULL, "conversations with data in no protocol that is known") \
	X(unknown_text, NULL, "of these: the first bytes are text") \
	X(unknown_binary, NULL, "of these: the first bytes are binary") \
	X(unknown_encrypted, NULL, "of these: the first bytes look encrypted or compressed") \
	X(tcp_gaps, NULL, "holes in TCP streams: bytes that were never captured") \
	X(gap_bytes, "B", "bytes missing in these holes") \
	X(retransmissions, NULL, "TCP segments that came again") \
	X(overlaps, NULL, "TCP segments that overlapped in part") \
	X(streams_evicted, NULL, "TCP streams no longer put in order for lack of room") \
	X(decode_failures, NULL, "messages that do not hold to their protocol") \
	X(records, NULL, "records published") \
	X(records_dropped, NULL, "records too large to hand over") \
	X(devices, NULL, "devices") \
	X(devices_dropped, NULL, "devices left out for lack of room") \
	X(findings, NULL, "findings") \
	X(findings_dropped, NULL, "findings left out for lack of room") \
	X(notes_dropped, NULL, "what detectors had to forget, for lack of room, before they could judge it")

enum health_field {
	HEALTH_FIRST, HEALTH_LAST,
#define X(name, unit, doc) HEALTH_##name,
	HEALTH_COUNTERS(X)
#undef X
	HEALTH_LINK_TYPES, HEALTH_NOT_JUDGED, HEALTH_IN_PART, HEALTH_ZONES, HEALTH_INPUT_ERROR, HEALTH_FIELDS
};
extern const struct record_type health_type;

enum { HEALTH_TEXT = 256, HEALTH_LINKS = 8, HEALTH_RULES = 96 };

struct health {
	uint64_t first, last;                    /* ns; 0: no packet yet */
#define X(name, unit, doc) uint64_t name;
	HEALTH_COUNTERS(X)
#undef X
	const char *links[HEALTH_LINKS];         /* names of link types seen; not owned */
	const char *not_judged[HEALTH_RULES], *in_part[HEALTH_RULES];    /* from logs alone; constants, ended by NULL */
	char zones[HEALTH_TEXT];                 /* which networks count as whose, and whether that is a guess */
	char input_error[HEALTH_TEXT];           /* why and where the input broke off; empty: it did not */
};

void health_time(struct health *h, uint64_t ns);
void health_link(struct health *h, const char *name);    /* a constant; once each */
/* Borrows from h until the record is used. */
void health_record(const struct health *h, struct record *r, const struct record_host *host);
