/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What persists while packets pass: conversations, streams put in order, devices, who stands behind
 * which MAC, which networks are whose, files on their way. Everything keyed by what a stranger sends
 * has a fixed capacity, an eviction rule and a counter in struct health. */
#pragma once

#include "decode/decoder.h"

/* Which way a message travels. What belongs to no conversation travels to the client. */
enum travel { WAY_TO_SERVER = 1, WAY_TO_CLIENT = 2, WAY_BOTH = 3 };

/* ---- records that track/ itself publishes, for detectors and output alike ---- */

/* First packet of a conversation; origin has the ends. */
enum contact_field { CONTACT_TRANSPORT, CONTACT_KIND };
extern const struct record_type contact_type;

/* The other end answered for the first time (SYN-ACK, data, ICMP not counted). */
enum answer_field { ANSWER_TRANSPORT, ANSWER_TTL };
extern const struct record_type answer_type;

/* An end speaks again in a conversation after AGAIN_NS of silence: with data, or with a new SYN from the same
 * port. Keep-alive probes and repeats of what was sent before do not count. */
enum again_field { AGAIN_TRANSPORT, AGAIN_PROTOCOL, AGAIN_BYTES };
extern const struct record_type again_type;
#define AGAIN_NS UINT64_C(4000000000)

/* A conversation, at its end, its eviction or the end of input. */
enum flow_field {
	FLOW_ID, FLOW_TRANSPORT, FLOW_CLIENT, FLOW_CLIENT_PORT, FLOW_SERVER, FLOW_SERVER_PORT, FLOW_PROTOCOL,
	FLOW_CLASS, FLOW_STATE, FLOW_SCOPE, FLOW_FIRST, FLOW_LAST, FLOW_PACKETS_TO_SERVER, FLOW_PACKETS_TO_CLIENT,
	FLOW_BYTES_TO_SERVER, FLOW_BYTES_TO_CLIENT, FLOW_GAPS, FLOW_CLIENT_MAC, FLOW_SERVER_MAC, FLOW_MESSAGES,
	FLOW_LAST_TO_SERVER, FLOW_LAST_TO_CLIENT
};
extern const struct record_type flow_type;

/* A stretch of a stream that came twice with different bytes. */
enum rewrite_field {
	REWRITE_FIRST_MAC, REWRITE_SECOND_MAC, REWRITE_SEQUENCE, REWRITE_LENGTH, REWRITE_BYTES, REWRITE_PROTOCOL,
	REWRITE_VALUES, REWRITE_TOKENS, REWRITE_CHECKSUM_OK
};
extern const struct record_type rewrite_type;   /* REWRITE_VALUES: changed_type of finding.h's shape */

/* A file that travelled. class: "ELF program", "script", "archive" …; code: could be a program or carry one. */
enum transfer_field {
	TRANSFER_VIA, TRANSFER_PATH, TRANSFER_CLASS, TRANSFER_CODE, TRANSFER_BYTES, TRANSFER_SIZE, TRANSFER_WHOLE,
	TRANSFER_SHA256, TRANSFER_TO_SERVER
};
extern const struct record_type transfer_type;

/* A learnt identifier of a patient turned up in a stream nobody decodes. */
enum learnt_field { LEARNT_FIELD, LEARNT_TOKEN };
extern const struct record_type learnt_type;
