/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of UTF-16: little-endian as Windows protocols and some certificates carry them, or whole messages. */
#pragma once

#include "base/mem.h"

/* As UTF-8 in the arena, up to the first NUL. Halves of surrogate pairs that stand alone become U+FFFD. */
struct span utf16_text(struct span s, struct arena *a);
/* All of it, in either byte order. */
struct span utf16_all(struct span s, bool big, struct arena *a);
