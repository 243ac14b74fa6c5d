/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resolves fields.def once at the start. */
#include "sensor/map.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"

struct entry {
	enum sensor_kind sensor;
	const char *event, *path;
	enum slot slot;
	enum side_sent side;
	const char *record, *field;
	enum how how;
	const char *text;
};

static const struct entry entries[] = {
#define END(s, e, p, sl) { .sensor = SENSOR_##s, .event = e, .path = p, .slot = SLOT_##sl },
#define SAYS(s, e, p, sd, r, f, h) \
	{ .sensor = SENSOR_##s, .event = e, .path = p, .side = SIDE_SENT_##sd, .record = r, .field = f, .how = HOW_##h },
#define MEANS(s, e, sd, r, f, t) \
	{ .sensor = SENSOR_##s, .event = e, .side = SIDE_SENT_##sd, .record = r, .field = f, .text = t },
#include "sensor/fields.def"
};

struct divided {
	enum sensor_kind sensor;
	const char *event, *path;
};

static const struct divided divided[] = {
#define KIND(s, e, p) { SENSOR_##s, e, p },
#include "sensor/fields.def"
};

enum { PLANS = 48 };

struct map {
	struct plan plans[PLANS];
	unsigned n;
};

static bool is_every(const char *event)
{
	return strcmp(event, "*") == 0;
}

/* "dns" is a part of what "dns/answer" means. */
static bool covers(const char *wide, struct span event)
{
	struct span w = span_str(wide), behind = span_from(event, w.n);
	return is_every(wide) || (span_starts(event, w) && (!behind.n || behind.p[0] == '/'));
}

static bool resolve(const struct entry *e, const struct registry *g, struct row *out, char err[256])
{
	*out = (struct row){ .key = e->path ? line_key(span_str(e->path)) : 0, .slot = e->slot, .side = e->side,
			     .how = e->how, .text = e->text };
	if (e->slot != SLOT_NONE)
		return true;
	out->type = registry_find(g, e->record);
	int field = out->type ? record_type_field(out->type, e->field) : -1;
	if (field < 0) {
		snprintf(err, 256, "the table of sensors names %s.%s, which no decoder offers", e->record, e->field);
		return false;
	}
	out->field = (unsigned)field;
	return true;
}

static bool plan_make(struct plan *p, enum sensor_kind k, const struct registry *g, char err[256])
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		const struct entry *e = &entries[i];
		if (e->sensor != k || !covers(e->event, p->event))
			continue;
		if (p->n == PLAN_ROWS) {
			snprintf(err, 256, "too many lines for the event %s in the table of sensors", e->event);
			return false;
		}
		struct row *row = &p->rows[p->n++];
		if (!resolve(e, g, row, err))
			return false;
		if (!row->key)
			continue;
		row->next = p->bucket[row->key % PLAN_BUCKETS];
		p->bucket[row->key % PLAN_BUCKETS] = (uint8_t)p->n;
	}
	for (size_t i = 0; i < ARRAY_LEN(divided); i++)
		if (divided[i].sensor == k && span_is(p->event, divided[i].event))
			p->kind = line_key(span_str(divided[i].path));
	return true;
}

static bool is_planned(const struct map *m, const char *event)
{
	for (unsigned i = 0; i < m->n; i++)
		if (span_is(m->plans[i].event, event))
			return true;
	return false;
}

struct map *map_new(enum sensor_kind k, const struct registry *g, char err[256])
{
	struct map *m = mem_new(sizeof(*m));
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		const struct entry *e = &entries[i];
		if (e->sensor != k || is_every(e->event) || is_planned(m, e->event))
			continue;
		if (m->n == PLANS) {
			snprintf(err, 256, "too many events in the table of sensors");
			map_free(m);
			return NULL;
		}
		m->plans[m->n].event = span_str(e->event);
		m->plans[m->n].is_flow = strcmp(e->event, k == SENSOR_EVE ? "flow" : "conn") == 0;
		if (!plan_make(&m->plans[m->n++], k, g, err)) {
			map_free(m);
			return NULL;
		}
	}
	return m;
}

void map_free(struct map *m)
{
	free(m);
}

const struct plan *map_plan(const struct map *m, struct span event, struct span kind)
{
	const struct plan *found = NULL;
	for (unsigned i = 0; i < m->n; i++) {
		const struct plan *p = &m->plans[i];
		if (!span_starts(p->event, event))
			continue;
		struct span behind = span_from(p->event, event.n);
		if (!behind.n)
			found = p;
		else if (kind.n && behind.p[0] == '/' && span_eq(span_from(behind, 1), kind))
			return p;
	}
	return found;
}

bool map_makes(const struct map *m, const struct record_type *t)
{
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < m->plans[i].n; k++)
			if (m->plans[i].rows[k].type == t)
				return true;
	return false;
}
