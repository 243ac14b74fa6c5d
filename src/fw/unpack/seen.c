/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys that were met: offsets, numbers of inodes, parts of hashes. */
#include "fw/unpack/unpack.h"

struct seen {
	uint64_t *v;                             /* key + 1; 0: free */
	size_t n, room;                          /* room: a power of two */
};

enum { SEEN_LEAST = 64 };

struct seen *seen_new(void)
{
	struct seen *s = mem_new(sizeof(*s));
	s->room = SEEN_LEAST;
	s->v = mem_array(s->room, sizeof(*s->v));
	return s;
}

void seen_free(struct seen *s)
{
	if (s)
		free(s->v);
	free(s);
}

/* Where the key is or would be. Fibonacci hashing; the keys are offsets, numbers of inodes and parts of hashes. */
static size_t slot_of(const uint64_t *v, size_t room, uint64_t key)
{
	size_t i = (size_t)((key * 0x9e3779b97f4a7c15ull) >> 20) & (room - 1);
	while (v[i] && v[i] != key)
		i = (i + 1) & (room - 1);
	return i;
}

static bool put(uint64_t *v, size_t room, uint64_t key)
{
	size_t i = slot_of(v, room, key);
	bool fresh = v[i] == 0;
	v[i] = key;
	return fresh;
}

bool seen_has(const struct seen *s, uint64_t key)
{
	key = key == UINT64_MAX ? key : key + 1;
	size_t i = slot_of(s->v, s->room, key);
	return s->v[i] == key;
}

bool seen_add(struct seen *s, uint64_t key)
{
	key = key == UINT64_MAX ? key : key + 1;
	if (s->n * 2 >= s->room) {
		uint64_t *bigger = mem_array(s->room * 2, sizeof(*bigger));
		for (size_t i = 0; i < s->room; i++)
			if (s->v[i])
				put(bigger, s->room * 2, s->v[i]);
		free(s->v);
		s->v = bigger;
		s->room *= 2;
	}
	bool fresh = put(s->v, s->room, key);
	s->n += fresh;
	return fresh;
}
