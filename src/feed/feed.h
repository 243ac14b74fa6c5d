/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other programs are told: findings, cases and conversations in the forms that they read already. A feed is
 * one file that ends with its `feed_NAME`, and one line in feed.def. It sees the records that leave the engine: no
 * patient's data is in them, and none can be added. Times are those of the packets: the same input gives the same
 * bytes. */
#pragma once

#include "base/buf.h"
#include "finding/finding.h"
#include "record/record.h"

/* What stands between begin and end. */
struct feed_run {
	struct buf out;                          /* written to the file as it fills, see streams */
	struct buf more[2];                      /* parts that are put together at the end */
	uint64_t first, last;                    /* of the findings so far, ns; 0: none */
	uint32_t n;                              /* findings, or rows */
	uint64_t *met;                           /* what feed_met was asked: open addressing, size a power of two */
	size_t nmet, size;
};

struct feed {
	const char *name;                        /* as in --NAME-out */
	/* its file, when the option names a folder; NULL: the option names the file */
	const char *file;
	const char *doc;
	bool flows;                              /* wants conversations too */
	void (*begin)(struct feed_run *f);       /* may be NULL */
	void (*record)(struct feed_run *f, const struct record *r);
	void (*end)(struct feed_run *f);         /* may be NULL */
};

/* The table of feed.def, NULL-terminated. */
extern const struct feed *const feeds[];

/* A finding as others see one: who, whom, when. Texts are borrowed from the record. */
struct notice {
	struct span id, rule, severity, title, meaning, case_id, device, transport, protocol, host, url, path, sha256;
	uint32_t level;                          /* enum severity */
	struct addr src, dst;                    /* family 0: none */
	uint16_t port;
	struct mac mac;
	uint64_t first, last, count;
	double confidence;
};

/* False: r is no finding. */
bool notice_of(const struct record *r, struct notice *out);

/* Opens PATH and feeds it; NULL with errno when the file cannot be made. */
struct feed_file;
struct feed_file *feed_open(const struct feed *f, const char *path);
void              feed_record(struct feed_file *f, const struct record *r);
/* Ends and closes it; negative errno when not all of it could be written. */
int               feed_close(struct feed_file *f);

/* ---- for feeds ---- */

/* Whether the name was met before; add: it is from now on. Two names in 2^64 may be taken for one. */
bool feed_met(struct feed_run *f, struct span name, bool add);
void feed_put_addr(struct buf *b, struct addr a);
void feed_put_mac(struct buf *b, struct mac m);
/* "2026-01-05T08:00:00.000000" and what stands behind it: "Z", "+0000". */
void feed_put_time(struct buf *b, uint64_t ns, const char *zone);
/* Seconds with six digits: "1767600000.500000". */
void feed_put_seconds(struct buf *b, uint64_t ns);
/* The text with a backslash in front of each byte of special; control characters and line ends become blanks. */
void feed_put_escaped(struct buf *b, struct span s, const char *special);
