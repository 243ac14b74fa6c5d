/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device records of the store, read again. Names in them came from strangers: every text and number meets a cap. */
#include "detect/baseline.h"

#include <jansson.h>

#include "base/hash.h"
#include "base/option.h"
#include "base/scope.h"

enum { SLOTS = 4 * BASELINE_DEVICES, LINE_CAP = 1 << 20 };

struct baseline {
	struct baseline_device **v;
	uint32_t *by_id, *by_addr;               /* SLOTS: number + 1, 0 is free */
	size_t n, skipped;
	uint64_t last;
	struct arena arena;
};

struct baseline *baseline_new(void)
{
	struct baseline *b = mem_new(sizeof(*b));
	b->v = mem_array(BASELINE_DEVICES, sizeof(struct baseline_device *));
	b->by_id = mem_array(SLOTS, sizeof(uint32_t));
	b->by_addr = mem_array(SLOTS, sizeof(uint32_t));
	arena_init(&b->arena, BASELINE_MEMORY);
	return b;
}

void baseline_free(struct baseline *b)
{
	if (!b)
		return;
	free(b->v);
	free(b->by_id);
	free(b->by_addr);
	arena_done(&b->arena);
	free(b);
}

static const char *text_of(struct baseline *b, json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	const char *kept = s && *s ? (const char *)arena_copy(&b->arena, span_cut(span_str(s), BASELINE_TEXT)).p : NULL;
	return kept ? kept : "";
}

static uint64_t time_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	uint64_t ns = 0;
	return s && option_time(s, &ns) ? ns : 0;
}

static bool is_identity(const char *what)
{
	static const char *const kinds[] = { "maker", "model", "version", "serial" };
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i], what) == 0)
			return true;
	return false;
}

static void read_sayings(struct baseline *b, struct baseline_device *d, json_t *clues)
{
	size_t i;
	json_t *clue;
	json_array_foreach(clues, i, clue) {
		const char *what = json_string_value(json_object_get(clue, "what"));
		if (!what || !is_identity(what))
			continue;
		d->many |= d->nsayings == BASELINE_SAYINGS;
		if (d->nsayings < BASELINE_SAYINGS)
			d->sayings[d->nsayings++] = (struct baseline_saying){
				text_of(b, clue, "what"), text_of(b, clue, "from"), text_of(b, clue, "said") };
	}
}

static uint64_t hash_of(struct span s)
{
	return hash64((struct hash_key){ 0x62617365, 0x6c696e65 }, s);
}

static void index_put(uint32_t *slots, uint64_t h, size_t number)
{
	while (slots[h % SLOTS])
		h++;
	slots[h % SLOTS] = (uint32_t)number + 1;
}

static bool parse_mac(const char *text, struct mac *out)
{
	unsigned v[6];
	char behind;
	if (strlen(text) != MAC_TEXT - 1 ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &behind) != 6)
		return false;
	for (unsigned i = 0; i < 6; i++)
		out->b[i] = (uint8_t)v[i];
	return true;
}

static bool read_device(struct baseline *b, json_t *object)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	size_t n = id ? strlen(id) : 0;
	if (n == 0 || n > BASELINE_TEXT || b->n == BASELINE_DEVICES || baseline_find(b, span_str(id), NULL))
		return false;
	struct baseline_device *d = arena_new(&b->arena, sizeof(*d));
	if (!d)
		return false;
	*d = (struct baseline_device){
		.id = text_of(b, object, "id"), .name = text_of(b, object, "name"), .role = text_of(b, object, "role"),
		.maker = text_of(b, object, "maker"), .model = text_of(b, object, "model"),
		.version = text_of(b, object, "version"), .serial = text_of(b, object, "serial"),
		.medical = json_is_true(json_object_get(object, "medical")), .first = time_of(object, "first"),
		.last = time_of(object, "last"),
	};
	if (!*d->id)
		return false;                    /* no memory left for its texts */
	(void)parse_mac(text_of(b, object, "mac"), &d->mac);
	json_t *addresses = json_object_get(object, "addresses");
	size_t last = json_array_size(addresses);
	const char *latest = last ? json_string_value(json_array_get(addresses, last - 1)) : NULL;
	if (latest && !addr_parse(latest, &d->addr))
		d->addr = (struct addr){ 0 };
	read_sayings(b, d, json_object_get(object, "clues"));
	b->last = d->last > b->last ? d->last : b->last;
	index_put(b->by_id, hash_of(span_str(d->id)), b->n);
	if (d->addr.family)
		index_put(b->by_addr, hash_of(span_of(d->addr.b, sizeof(d->addr.b))), b->n);
	b->v[b->n++] = d;
	return true;
}

void baseline_read(struct baseline *b, struct span lines)
{
	struct rd r = rd_of(lines);
	while (rd_left(&r)) {
		struct span line = rd_piece(&r, '\n');
		if (!line.n)
			continue;
		json_error_t at;
		json_t *object = line.n <= LINE_CAP ? json_loadb((const char *)line.p, line.n, 0, &at) : NULL;
		b->skipped += !json_is_object(object) || !read_device(b, object);
		json_decref(object);
	}
}

size_t baseline_count(const struct baseline *b)
{
	return b ? b->n : 0;
}

size_t baseline_skipped(const struct baseline *b)
{
	return b ? b->skipped : 0;
}

uint64_t baseline_last(const struct baseline *b)
{
	return b ? b->last : 0;
}

const struct baseline_device *baseline_at(const struct baseline *b, size_t i)
{
	return b->v[i];
}

const struct baseline_device *baseline_find(const struct baseline *b, struct span id, size_t *i)
{
	for (uint64_t h = hash_of(id); b && b->by_id[h % SLOTS]; h++) {
		size_t k = b->by_id[h % SLOTS] - 1;
		if (!span_is(id, b->v[k]->id))
			continue;
		if (i)
			*i = k;
		return b->v[k];
	}
	return NULL;
}

const struct baseline_device *baseline_by_addr(const struct baseline *b, struct addr a)
{
	const struct baseline_device *best = NULL;
	if (!b || !a.family)
		return NULL;
	for (uint64_t h = hash_of(span_of(a.b, sizeof(a.b))); b->by_addr[h % SLOTS]; h++) {
		const struct baseline_device *d = b->v[b->by_addr[h % SLOTS] - 1];
		if (addr_eq(d->addr, a) && (!best || d->last > best->last))
			best = d;
	}
	return best;
}
