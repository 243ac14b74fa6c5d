/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What inspect writes of a whole image for others: bill of materials, SARIF, picture, card. A file each; of many images
 * a folder each, with a file an image. */
#pragma once

#include "base/log.h"
#include "report/image.h"

enum export_kind { EXPORT_SBOM, EXPORT_SARIF, EXPORT_MAP, EXPORT_CARD, EXPORT_KINDS };

struct exports {
	const char *path[EXPORT_KINDS];          /* NULL: not asked for */
};

bool exports_wanted(const struct exports *e);
/* Into the paths; with a name into PATH/NAME.SUFFIX: folders in NAME are made, and a kill leaves the old file or none.
 * False after saying in the log what could not be written. */
bool exports_write(const struct exports *e, const struct image *i, struct span name, const struct log *log) MUST_CHECK;
/* All of them are there. */
bool exports_written(const struct exports *e, struct span name);
