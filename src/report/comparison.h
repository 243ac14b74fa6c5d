/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two images against each other, for people. */
#pragma once

#include "report/layout.h"

/* v: records of a comparison (fw/compare/compare.h), its summary last. */
void comparison_report(struct buf *out, const struct layout *l, struct record *const *v, size_t n);
