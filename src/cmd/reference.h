/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference, made from the tables: records, configuration, man page, completion. */
#pragma once

#include "cmd/cmd.h"

void        reference_type(struct buf *b, const struct field *f);    /* "text", "list of evidence", "number (B)" … */
const char *reference_class(const struct field *f);                  /* "plain", "patient" … */

void reference_records(struct buf *b, const struct command *const *all);           /* Markdown: docs/records.md */
void reference_config(struct buf *b, const struct command *const *all);            /* Markdown: docs/configuration.md */
void reference_man(struct buf *b, const struct command *const *all);               /* man(7) source of auscult(1) */
void reference_bash(struct buf *b, const struct command *const *all);              /* a completion for bash */
