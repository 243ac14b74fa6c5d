/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The biomedical department's list of devices: read from CSV as their systems write it, kept in the store, joined
 * with what was seen on the network, written back; and a figure of risk with everything that it is made of. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"
#include "record/record.h"

enum asset_column {
	ASSET_TAG, ASSET_MAKER, ASSET_MODEL, ASSET_SERIAL, ASSET_FIRMWARE, ASSET_MAC, ASSET_IP, ASSET_PORT, ASSET_LOCATION,
	ASSET_DEPARTMENT, ASSET_OWNER, ASSET_CRITICALITY, ASSET_MAINTAINED, ASSET_NETWORK, ASSET_MDS2, ASSET_COLUMNS
};

enum {
	ASSETS_MAX = 65536, CSV_COLUMNS = 256, CSV_CELL = 2048, CSV_LINE_NOTES = 50, ASSET_MAPS = 32,
};

struct asset {
	const char *v[ASSET_COLUMNS];            /* never NULL */
	uint64_t line;                           /* in the file */
};

struct assets {
	struct asset *v;
	uint32_t n, room;
};

/* "asset_tag", "maker" …: as --map, JSON and the CSV that is written name it. */
const char *asset_column_name(enum asset_column c);

struct asset_map {                               /* a heading of the file and the column that it is */
	const char *heading, *column;
};

/* Reads CSV (RFC 4180; comma, semicolon or tab; UTF-8, else Latin-1) whose first line holds headings. Texts
 * go to the arena. 0, or -EINVAL with a sentence in err; notes (lines) say what was left out or guessed. */
int  assets_read(struct span csv, const struct asset_map *maps, unsigned nmaps, struct arena *a, struct assets *out,
		 struct buf *notes, char err[240]) __attribute__((warn_unused_result));
void assets_done(struct assets *t);

extern const struct record_type asset_type;
extern const struct record_type headings_type;   /* what --map said, for the next import */
enum headings_field { HEADINGS_ID, HEADINGS_LIST };
struct record *asset_record(const struct asset *s, const struct record_host *host);
bool asset_from_body(const char *json, struct arena *a, struct asset *out) __attribute__((warn_unused_result));

/* One cell, with a comma before it unless it is the first: quoted where RFC 4180 wants it, and a text that a
 * spreadsheet would run as a formula gets an apostrophe before it. */
void csv_cell(struct buf *b, bool first, const char *text);
void csv_end(struct buf *b);

/* ---- joining ---- */

struct asset_device {                            /* what was seen; texts never NULL */
	const char *mac, *serial, *name;
	const char *const *addresses;            /* ends with NULL */
};

/* The asset of that device: by MAC, serial number, address, or its name as asset tag. *how says by which. NULL. */
const struct asset *assets_find(const struct assets *t, const struct asset_device *d, const char **how);

/* ---- risk ---- */

enum addend_kind {
	ADD_EXPOSURE, ADD_REACHABILITY, ADD_LEAVES, ADD_PATIENT, ADD_AFFECTED, ADD_ROLE, ADD_FIRMWARE, ADDENDS
};

struct risk_facts {                              /* of one device */
	bool clear_inside, clear_outside;        /* patients' data in clear; and it left the site */
	bool called_from_outside;                /* answered */
	unsigned services;                       /* ports at which it answered */
	unsigned callers;                        /* hosts that opened a conversation with it and were answered */
	bool leaves, leaves_answered;            /* calls outside the site */
	bool patient;                            /* vital signs or patients' data were seen: somebody is attached */
	bool carries_patients;                   /* its role is at the patient */
	bool affected, maybe_affected;
	double cvss;                             /* the highest published score of those; 0: none */
	const char *cve, *cvss_version;          /* of that score */
	const char *role;                        /* as device records name it */
	bool has_model, has_version;
};

struct addend {
	unsigned points, most;
	char why[160];
};

struct risk {
	unsigned figure;                         /* 0 .. 100: the sum */
	struct addend v[ADDENDS];
};

const char *addend_name(enum addend_kind k);
void risk_figure(const struct risk_facts *f, struct risk *out);
