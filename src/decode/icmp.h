/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ICMP and ICMPv6 have in common: the icmp record, and the packet that an error quotes. */
#pragma once

#include "decode/decoder.h"

enum icmp_field {
	ICMP_FAMILY, ICMP_TYPE, ICMP_CODE, ICMP_NAME, ICMP_IDENTIFIER, ICMP_SEQUENCE, ICMP_BYTES, ICMP_GATEWAY, ICMP_MTU,
	ICMP_INNER_SOURCE, ICMP_INNER_DESTINATION, ICMP_INNER_PROTOCOL, ICMP_INNER_SOURCE_PORT, ICMP_INNER_PORT, ICMP_DATA,
	ICMP_CHANGED, ICMP_ALTERED
};
extern const struct record_type icmp_type;

/* The packet an error message quotes, as far as it was quoted; either family, by its version. */
void icmp_inner(struct record *out, struct rd r);
/* What echoes of one conversation carried before: hashes, never bytes. The state of both decoders. */
enum { ICMP_ECHOES = 16 };
struct icmp_echoes {
	struct {
		uint32_t name;                   /* identifier and sequence number of a request */
		bool is_set;
		uint64_t hash;
	} asked[ICMP_ECHOES];
	uint32_t next;
	uint64_t tail[2];                        /* of the latest request, of the latest reply; 0: none */
};

/* Identifier, sequence number, length and kind of the data of an echo; whether it is what was sent before. */
void icmp_echo(struct record *out, struct rd r, bool is_reply, struct icmp_echoes *state);
/* Shows the head, and of a quoted packet the addresses and ports: what else is quoted or echoed may be anybody's. */
void icmp_show(struct emit *e, const struct record *out, struct span message);
