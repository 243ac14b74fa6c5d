/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zeek's tab-separated logs, shared by its two. */
#pragma once

#include "feed/feed.h"

/* The head of a log. fields and types: separated by blanks. */
void zeek_head(struct buf *b, const char *path, const char *fields, const char *types);
void zeek_put(struct buf *b, struct span s);     /* with a tab behind it; empty: "-" */
void zeek_uid(struct buf *b, uint64_t flow);     /* a conversation's name, without a tab */
/* Takes the place of the last tab. */
void zeek_row_end(struct buf *b);
