/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies that come back from the store, for the commands that show them. */
#pragma once

#include <jansson.h>

#include "base/buf.h"
#include "cmd/cmd.h"
#include "report/layout.h"
#include "store/store.h"

/* Opens the store of --store (NULL: the default) to ask it. False after saying why not. */
bool body_store(const struct args *a, const char *dir, struct store **out) MUST_CHECK;

json_t *body_parse(const char *text);            /* NULL: no JSON object; json_decref is the caller's */
/* "device.name" of a body; NULL when it is not there. Borrowed. */
json_t *body_at(json_t *body, const char *path);
const char *body_text(json_t *body, const char *path);   /* "" when it is no text */
/* Text, number, list ("a, b") or time (to the second, UTC) as it stands in a table. */
void body_show(struct buf *b, json_t *value);
bool body_has(json_t *list, const char *text);   /* an array of texts with that text; case does not count */
enum severity body_severity(json_t *body);
struct layout body_layout(const char *color);
