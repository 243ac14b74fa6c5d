/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that show a case, written anew as pcapng with what may not leave overwritten. Runs without
 * rights, in its own process: the bytes are a stranger's. docs/design/export.md says what is shown. */
#pragma once

#include "cmd/engine.h"

enum { EVIDENCE_FINDINGS = 256, EVIDENCE_FILL = 'X', EVIDENCE_READINGS = 3 };

struct evidence_input {                          /* a regular file */
	const char *name;                        /* as the user gave it */
	int fd[EVIDENCE_READINGS];               /* may share their offset: one after the other is read, from 0, and closed */
};

struct evidence_finding {
	const char *id, *rule, *severity;
};

/* A packet that a finding rests on, as the store has it. */
struct evidence_packet {
	uint32_t file, finding;
	uint64_t packet, offset, ts;
	const char *note;                        /* what it shows; may be empty */
};

/* Shared with the parent; what stands here when the process has ended is the outcome. */
struct evidence_counts {
	uint64_t written, left_out;              /* packets */
	uint64_t conversations;
	uint64_t overwritten;                    /* bytes */
};

struct evidence_setup {
	const struct evidence_input *inputs;
	uint32_t ninputs;
	const struct evidence_finding *findings;
	uint32_t nfindings;                      /* <= EVIDENCE_FINDINGS */
	const struct evidence_packet *packets;   /* by file, packet, finding */
	uint32_t npackets;                       /* > 0 */
	const char *about;                       /* what was exported, for the section's comment */
	uint64_t packets_max;                    /* those of `packets` are written in any case */
	bool only;                               /* nothing but `packets` */
	bool no_checksums;                       /* zero the transport checksum of what was overwritten */
	uint8_t key[KEY_BYTES];
	struct evidence_counts *counts;
};

/* An engine_job; ctx: struct evidence_setup. */
int evidence_run(void *ctx, struct engine_board *board, int out_fd);
