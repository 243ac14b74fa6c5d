/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of unpackers, made from unpack.def. UNPACKER_IN(x, y): x.c also defines unpacker_y. */
#include "fw/unpack/unpack.h"

#define UNPACKER(name) extern const struct unpacker unpacker_##name;
#define UNPACKER_IN(file, name) extern const struct unpacker unpacker_##name;
#include "fw/unpack/unpack.def"
#undef UNPACKER
#undef UNPACKER_IN

const struct unpacker *const unpackers[] = {
#define UNPACKER(name) &unpacker_##name,
#define UNPACKER_IN(file, name) &unpacker_##name,
#include "fw/unpack/unpack.def"
#undef UNPACKER
#undef UNPACKER_IN
	NULL,
};
