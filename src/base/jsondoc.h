/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON documents that strangers wrote, read whole by jansson within bounds: size, depth and number of values
 * are looked at before anything is built. Places in a document are kept as a chain on the stack and become
 * text, as a JSON pointer (RFC 6901), only when something is wrong there. */
#pragma once

#include <jansson.h>

#include "base/buf.h"

enum { JSONDOC_BYTES = 64 << 20, JSONDOC_DEPTH = 64, JSONDOC_VALUES = 4 << 20, JSONDOC_ERR = 200 };

/* NULL with a sentence in err: where, and what is wrong. Bad UTF-8, keys that stand twice and U+0000 are refused. */
json_t *jsondoc_read(struct span text, char err[JSONDOC_ERR]) __attribute__((warn_unused_result));

struct place {
	const struct place *up;                  /* NULL: the document itself */
	const char *key;                         /* NULL: an element of a list */
	size_t index;
};

void place_show(struct buf *b, const struct place *p);   /* "/document/tracking/id" */
