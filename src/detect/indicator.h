/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Indicators: the shipped list and --indicators FILE (STIX 2.1 patterns of addresses, ports, domains,
 * URLs and file hashes). */
#pragma once

#include "record/addr.h"

struct indicator {
	const char *id;                          /* STIX id, or the name in the shipped list */
	const char *name;                        /* for people */
	const char *source;                      /* advisory or file it came from */
	struct prefix net;                       /* family 0: not about an address */
	uint16_t port;                           /* 0: any */
	uint8_t proto;                           /* 0: any */
	const char *host, *url, *path;           /* NULL: not about it */
	const char *finding, *in_case;           /* the firmware finding that foretells it, and its case; or NULL */
	bool part;                               /* the pattern wants this and something else: weaker alone */
	uint8_t sha256[32];
	bool has_sha256;
};

struct foretold {                                /* a firmware finding and its case, as the store has them */
	char finding[16], in_case[16];
};

struct indicators;

struct indicators *indicators_new(void);         /* with the shipped list */
void indicators_free(struct indicators *t);
/* Reads a STIX 2.1 bundle or object from memory (at most 64 MiB). 0, or -EINVAL with a sentence in
 * err that says where. Patterns that cannot be judged on the wire are counted, not refused. */
int indicators_read(struct indicators *t, struct span json, const char *file, char err[256])
	__attribute__((warn_unused_result));
/* Indicators that name this finding and no case join its case. */
void indicators_foretold(struct indicators *t, const struct foretold *f);
size_t indicators_count(const struct indicators *t);
size_t indicators_skipped(const struct indicators *t);
const struct indicator *indicators_addr(const struct indicators *t, struct addr a, uint16_t port, uint8_t proto);
const struct indicator *indicators_name(const struct indicators *t, struct span host);
const struct indicator *indicators_url(const struct indicators *t, struct span url);
/* Path and address together; an indicator without an address holds for any. */
const struct indicator *indicators_path(const struct indicators *t, struct addr a, struct span path);
const struct indicator *indicators_hash(const struct indicators *t, const uint8_t sha256[32]);
