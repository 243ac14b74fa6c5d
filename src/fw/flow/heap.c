/* SPDX-License-Identifier: GPL-2.0-or-later */
/* malloc() and its kin of a static program, known by what they do: rooms that lie apart, and one that is given back is
 * given out again. A model in their place gives every room once: what one held before is in no other. */
#include "fw/flow/trial.h"

enum { LITTLE = 40, MUCH = 5000, ROUNDS = 64, PATTERN = 0x5a };

static bool is_room(const struct trial *t, uint64_t p, uint64_t n)
{
	return p - AT_HEAP < HEAP_BYTES && p % 8 == 0 && guest_bytes(&t->m->g, p, n);
}

static bool are_apart(uint64_t a, uint64_t n, uint64_t b, uint64_t k)
{
	return a + n <= b || b + k <= a;
}

/* Something outside the stack was stored since; room: into it (zeros do not count), or where it lies. */
static bool has_stored(const struct trial *t, size_t since, uint64_t room, uint64_t n)
{
	const struct guest *g = &t->m->g;
	uint64_t addr, bytes;
	for (size_t mark = guest_mark(g); mark > since;) {
		mark = guest_store_before(g, mark, &addr, &bytes);
		if (addr - AT_STACK < STACK_BYTES)
			continue;
		bool into = !are_apart(addr, bytes, room, n) && bytes <= 8 && guest_number(g, addr, (unsigned)bytes);
		if (!room || into || (bytes >= 4 && guest_number(g, addr, (unsigned)(bytes < 8 ? bytes : 8)) == room))
			return true;
	}
	return false;
}

/* Four rooms, the third large, the second and the last looked at: who keeps where one is, or writes into it, does more.
 * Rooms that follow each other without a gap are sbrk()'s, whole pages are mmap()'s. */
static bool gives(struct trial *t, const uint64_t little[2], const uint64_t much[2])
{
	uint64_t at[4], n[4] = { LITTLE, LITTLE, MUCH, LITTLE };
	trial_begin(t);
	for (unsigned i = 0; i < 4; i++) {
		size_t mark = guest_mark(&t->m->g);
		if (!trial_call(t, 4 * SHORT, 2, i == 2 ? much : little) || !is_room(t, t->ret, n[i]))
			return false;
		at[i] = t->ret;
		if (i % 2 && has_stored(t, mark, at[i], n[i]))
			return false;
		for (unsigned k = 0; k < i; k++)
			if (!are_apart(at[k], n[k], at[i], n[i]))
				return false;
	}
	return !t->m->asked.others && at[1] - at[0] != LITTLE && (at[1] - at[0]) % GUEST_PAGE;
}

const char *heap_giver(struct trial *t)
{
	if (!gives(t, (const uint64_t[]){ LITTLE, 0 }, (const uint64_t[]){ MUCH, 0 }))
		return gives(t, (const uint64_t[]){ 5, LITTLE / 5 }, (const uint64_t[]){ 5, MUCH / 5 }) ? "calloc" : NULL;
	if (t->tools.ngivers < GIVERS)
		t->tools.givers[t->tools.ngivers++] = t->f;
	return "malloc";
}

static uint64_t room(struct trial *t)
{
	const struct function *f = t->f;
	t->f = t->tools.room;
	uint64_t p = trial_call(t, 4 * SHORT, 1, (const uint64_t[]){ LITTLE }) ? t->ret : 0;
	t->f = f;
	return p;
}

bool heap_begin(struct trial *t, unsigned giver)
{
	if (t->tools.ntakers || giver >= t->tools.ngivers)
		return false;
	t->tools.room = t->tools.givers[giver];
	trial_begin(t);
	t->tools.filled = room(t);
	if (!t->tools.filled || !room(t))
		return false;
	guest_fill(&t->m->g, t->tools.filled, PATTERN, LITTLE, SHADE_NONE);
	t->mark = guest_mark(&t->m->g);
	return true;
}

static bool widens(struct trial *t)
{
	if (!gives(t, (const uint64_t[]){ 0, LITTLE }, (const uint64_t[]){ 0, MUCH }))
		return false;
	trial_begin(t);
	if (!trial_call(t, 4 * SHORT, 2, (const uint64_t[]){ t->tools.filled, MUCH }) || !is_room(t, t->ret, MUCH))
		return false;
	uint64_t wide = t->ret;
	const uint8_t *b = guest_bytes(&t->m->g, wide, LITTLE);
	for (unsigned i = 0; i < LITTLE; i++)
		if (b[i] != PATTERN)
			return false;
	return are_apart(room(t), LITTLE, wide, MUCH);
}

static bool takes(struct trial *t)
{
	uint64_t p = t->tools.filled;
	trial_begin(t);
	if (!trial_call(t, SHORT, 1, (const uint64_t[]){ p }) || t->m->asked.others || !has_stored(t, t->mark, 0, 0))
		return false;
	for (unsigned i = 0; i < ROUNDS; i++) {  /* musl's goes round */
		uint64_t q = room(t);
		if (q == p || !q)
			return q != 0;
	}
	return false;
}

const char *heap_function(struct trial *t)
{
	if (widens(t))
		return "realloc";
	if (t->tools.ntakers < TAKERS && takes(t))
		t->tools.takers[t->tools.ntakers++] = t->f;
	return NULL;
}

/* Who comes to another one that takes rooms is no more than a way there, and may do something else on it. */
const char *heap_taker(struct trial *t)
{
	bool is = false, further = false;
	trial_begin(t);
	for (unsigned i = 0; i < t->tools.ntakers; i++)
		is |= t->tools.takers[i] == t->f;
	if (!is || !trial_call(t, SHORT, 1, (const uint64_t[]){ t->tools.filled }))
		return NULL;
	for (unsigned i = 0; i < t->tools.ntakers; i++)
		further |= t->tools.takers[i] != t->f && addrmap_get(&t->m->probe_ran, t->tools.takers[i]->addr) == trial_run(t);
	return further ? NULL : "free";
}

bool heap_is_whole(const struct trial *t, const char *name)
{
	bool gives = strcmp(name, "malloc") == 0 || strcmp(name, "calloc") == 0 || strcmp(name, "realloc") == 0;
	return t->tools.ntakers || !gives;
}
