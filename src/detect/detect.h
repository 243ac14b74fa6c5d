/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that runs detectors: resolves at start which records and fields each wants, hands out
 * records by kind, keeps the findings within caps, publishes them in a fixed order with their cases. */
#pragma once

#include "detect/detector.h"

enum {
	DETECT_FINDINGS = 4096,                  /* all rules together */
	DETECT_PER_RULE = 1024,                  /* so that a flood for one rule does not hide the others */
	DETECT_PER_DEVICE = 32,                  /* of one rule on one device */
	DETECT_RECORDS = 4096,                   /* published by detectors themselves */
	DETECT_MEMORY = 24 << 20,                /* bytes of findings and texts */
};

/* `[allow NAME]`: destinations outside the site that are wanted. */
extern const struct conf_key detect_conf[];
/* `[detector NAME]`: the options of every detector of the table (NULL: those of detect.def) as keys of
 * the configuration. The caller frees it, after the conf that was read with it. */
struct conf_key *detect_option_keys(const struct detector *const *table);

struct baseline;

struct detect_setup {                            /* everything is borrowed until detect_free */
	const struct detector *const *detectors; /* NULL: those of detect.def */
	const struct decoder *const *decoders;   /* NULL: those of decode.def */
	const struct record_type *const *types;  /* kinds that no decoder offers; ends with NULL; may be NULL */
	const struct devices *devices;
	const struct zones *zones;
	const struct indicators *indicators;
	const struct baseline *baseline;         /* what earlier runs knew; may be NULL */
	const struct profiles *profiles;         /* what devices may do; may be NULL */
	const struct cards *cards;               /* of firmware; may be NULL */
	struct keyring *keyring;
	const struct conf *conf;                 /* may be NULL */
	const char *(*file_name)(void *ctx, uint32_t file);      /* may be NULL */
	void *ctx;                                               /* of file_name */
};

struct detect_counts {
	uint64_t findings;                       /* published the last time */
	uint64_t withdrawn;                      /* later facts made them untrue */
	uint64_t overflow;                       /* findings and records that met a cap */
	uint64_t dropped;                        /* rows that detectors forgot before they could judge them */
	size_t memory;                           /* bytes in use */
};

/* NULL, with a sentence in err, when a detector wants a record or field that nobody offers or an
 * option is out of its range. */
struct detect *detect_new(const struct detect_setup *s, char err[256]) __attribute__((warn_unused_result));
void detect_free(struct detect *d);

/* Whether any detector listens to records of that type, and which way they must travel: enum travel, or-ed. */
unsigned detect_wants(const struct detect *d, const struct record_type *t);
/* Rules that get none of the records they want when only those come that made() says, and those that get only some.
 * Both lists hold n, are zeroed before, and are of constants. */
void detect_starved(const struct detect *d, bool (*made)(void *ctx, const struct record_type *t), void *ctx,
		    const char *none[], const char *some[], size_t n);
void detect_record(struct detect *d, const struct record *r);
/* n of one type and message, n > 0. */
void detect_records(struct detect *d, const struct record *r, size_t n);
/* Once a second of packet time, and whenever time has jumped. */
void detect_tick(struct detect *d, uint64_t now);
/* Lets every detector judge what it gathered. Live: before each detect_publish_all. */
void detect_finish(struct detect *d);
/* Publishes what detectors published themselves, findings (worst first, then by time, then by id) and cases. */
void detect_publish_all(struct detect *d, const struct sink *out);
struct detect_counts detect_counts(const struct detect *d);
