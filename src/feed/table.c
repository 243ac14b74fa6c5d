/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of feeds, made from feed.def. */
#include "feed/feed.h"

#define FEED(name) extern const struct feed feed_##name;
#include "feed/feed.def"
#undef FEED

const struct feed *const feeds[] = {
#define FEED(name) &feed_##name,
#include "feed/feed.def"
#undef FEED
	NULL,
};
