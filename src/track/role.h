/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of track/device.c: clues, and the guess of a device's role from them. */
#pragma once

#include "track/device.h"

enum { CLUES_MAX = 24, CLUES_OF_A_KIND = 6, CLUE_TEXT = 96, DECODERS_MAX = 128 };

/* What a clue is of: enum clue, and what was seen instead of said. */
enum clue_what { WHAT_SPEAKS = 0x20, WHAT_SERVES, WHAT_SENDS_VITALS, WHAT_TAKES_VITALS, WHAT_READS_VITALS,
	WHAT_CONFIGURED };

struct clue_row {
	uint64_t key;                            /* hash of what, from and said */
	char *said;                              /* owned; at most CLUE_TEXT bytes */
	uint32_t said_bytes;
	const char *kind, *field;                /* record and field, or protocol and side; field may be NULL */
	struct addr via;                         /* the address that it was said of */
	uint64_t first_packet;
	uint32_t count;
	uint32_t peers;                          /* bit per hashed other end: how many there were, about */
	uint8_t what, role;
	bool clinical;                           /* of a protocol that carries care data */
	double confidence;
	uint64_t hints;                          /* role_hints of what and said */
};

struct evidence {
	const struct clue_row *clues;
	unsigned nclues;
	unsigned services;                       /* protocols it serves */
	unsigned outside;                        /* ends outside it speaks TLS with, about */
	bool router;
	enum device_role configured;             /* ROLE_UNKNOWN: not */
};

struct guess {
	enum device_role role;
	double confidence;
};

enum { PEERS_SEVERAL = 2 };                      /* more of them than this change no guess */

/* Which words that suggest a role stand in the text: a bit each, for role_judge, which is asked again and again. */
uint64_t role_hints(uint8_t what, const char *said);
struct guess role_judge(const struct evidence *e);
/* What speaking a protocol suggests, and how much; ROLE_UNKNOWN: nothing. */
struct guess role_of_protocol(const struct decoder *d, bool serves);
const char *clue_name(uint8_t what);
