/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as JSON (RFC 8259), from their field tables: same record, same bytes. Times are RFC 3339
 * UTC with nine digits, addresses, MACs and hashes text, PATIENT and SECRET fields
 * {"length":n,"hash":"32 hex"}, real numbers the shortest text that reads back as the same number.
 * Control, bidirectional and invisible characters are escaped, bytes that are no UTF-8 become U+FFFD. */
#pragma once

#include "base/buf.h"
#include "record/record.h"

struct json_opts {
	bool vitals;                             /* VITAL fields too: only on request of the user */
	const char *(*file_name)(void *ctx, uint32_t file);   /* NULL: origins are written without "file" */
	void *ctx;
};

/* {"kind":…, then "time","file","packet","src","sport","dst","dport","vlan" of the origin, then the
 * fields in table order}. Nested records carry no kind. No newline at the end. opts may be NULL. */
void json_record(struct buf *b, const struct record *r, const struct json_opts *opts);

/* The parts, for other writers of JSON. (jansson, which reads, owns the shorter names.) */
void json_put_text(struct buf *b, struct span s);    /* with the quotes */
void json_put_str(struct buf *b, const char *s);
void json_put_uint(struct buf *b, uint64_t v);
void json_put_int(struct buf *b, int64_t v);
void json_put_real(struct buf *b, double v);         /* not finite: null */
void json_put_time(struct buf *b, uint64_t ns);      /* with the quotes */
void json_put_hex(struct buf *b, struct span s);     /* with the quotes, lower case */
void json_put_token(struct buf *b, const struct token *t);

/* The names that the origin takes: no field of a published record may have one of them. */
extern const char *const json_reserved[];        /* ends with NULL */
