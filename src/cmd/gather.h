/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One image, inspected and examined, with everything its inspection published kept in memory: what `inspect` prints,
 * for those who put two images side by side. The image is read by the same processes without rights. */
#pragma once

#include "cmd/examine.h"
#include "report/image.h"

struct gathered {
	struct image image;
	struct material material;
	uint32_t not_run;
	bool examined; /* programs were executed and judged */
	bool partial;  /* damaged, cut by a budget, or not all of it could be read */
};

struct gather_order {
	const char *path;
	const uint8_t *key; /* KEY_BYTES of the site */
	const struct registry *registry;
	const struct log *log;
	struct progress *progress;
	struct trace_cache *cache; /* programs executed before; may be NULL */
	const struct matcher_rules *rules; /* to look for; may be NULL */
	bool executes;		   /* not only unpack */
};

/* False after saying why in the log; what was read before is kept. */
bool gather(struct gathered *g, const struct gather_order *o) MUST_CHECK;
void gathered_done(struct gathered *g);
struct compare_side gathered_side(const struct gathered *g, const char *name);
