/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which case of the store a firmware finding belongs to, for indicators that name the finding but lost the case
 * on their way through other tools. */
#pragma once

#include "detect/indicator.h"
#include "store/store.h"

enum { FORETOLD_MAX = 1024 };

/* Looks up every finding that the files name and the store knows; returns how many. */
size_t foretold_find(struct store *s, const struct span *files, size_t n, struct foretold out[FORETOLD_MAX]);
