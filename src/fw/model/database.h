/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite databases of an image, read where they lie in memory: tables, columns, rows. Nothing of them is executed but
 * our own questions: no views, triggers, virtual tables or functions. */
#pragma once

#include "base/mem.h"
#include "record/record.h"

enum {
	DATABASE_BYTES = 64 << 20, DATABASE_TABLES = 256, DATABASE_COLUMNS = 64, DATABASE_ROWS = 1000000,
	DATABASE_ROWS_SHOWN = 2000, DATABASE_VALUE = 4096
};

struct database_table {
	struct span name, columns[DATABASE_COLUMNS];     /* in the arena */
	unsigned ncolumns, columns_dropped;
	uint64_t rows;                           /* as far as they could be read */
	const char *damage;                      /* NULL: whole */
};

struct database {
	struct database_table *tables;           /* in the arena, by name */
	unsigned ntables, tables_dropped;
	const char *damage;                      /* of the whole, or the first of a table; NULL: none */
};

struct database_reader {                         /* may be NULL: rows are counted, not shown */
	/* Values as UTF-8, by column, up to DATABASE_VALUE bytes; blobs and NULL are empty. DATABASE_ROWS_SHOWN of a
	 * table. */
	void (*row)(void *ctx, const struct database_table *t, const struct span *values, uint64_t number);
	void *ctx;
};

bool database_is(struct span content);
/* False: it cannot be opened; out->damage says why. */
bool database_read(struct span content, struct arena *a, const struct database_reader *to,
		   struct database *out) MUST_CHECK;
/* What the library opens on first use. Once in a process, before its sandbox. */
void database_warm_up(void);

enum table_field { TBL_WHERE, TBL_NAME, TBL_COLUMNS, TBL_COLUMNS_DROPPED, TBL_ROWS, TBL_DAMAGE };
extern const struct record_type table_type;
void table_record(const struct database_table *t, struct span where, struct record *r, const struct record_host *h);
