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
	struct names names;
	unsigned time, event;
	struct plan plans[PLANS];
	unsigned n;
};

/* Where a line says when and what. */
static const char *const time_path[] = { [SENSOR_EVE] = "timestamp", [SENSOR_ZEEK] = "ts" };
static const char *const event_path[] = { [SENSOR_EVE] = "event_type", [SENSOR_ZEEK] = "_path" };

static bool is_every(const char *event)
{
	return strcmp(event, "*") == 0;
}

static struct span event_of(const char *text)
{
	struct span s = span_str(text);
	return span_cut(s, strcspn(text, "/"));
}

/* "dns" is a part of what "dns/answer" means. */
static bool covers(const char *wide, const struct plan *p)
{
	struct span event = event_of(wide), kind = span_from(span_str(wide), event.n + 1);
	return is_every(wide) || (span_eq(event, p->event) && (!kind.n || span_eq(kind, p->kind)));
}

/* A path's number, 0 with a sentence in err. */
static unsigned number(struct map *m, const char *path, char err[256])
{
	unsigned n = names_add(&m->names, span_str(path));
	if (!n)
		snprintf(err, 256, "too many paths in the table of sensors: no room for %s", path);
	return n;
}

static bool resolve(const struct entry *e, const struct registry *g, struct row *out, char err[256])
{
	*out = (struct row){ .slot = e->slot, .side = e->side, .how = e->how, .text = e->text };
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

static bool plan_row(struct map *m, struct plan *p, const struct entry *e, const struct registry *g, char err[256])
{
	if (p->n == PLAN_ROWS) {
		snprintf(err, 256, "too many lines for the event %s in the table of sensors", e->event);
		return false;
	}
	struct row *row = &p->rows[p->n++];
	if (!resolve(e, g, row, err))
		return false;
	p->has_records |= row->slot == SLOT_NONE;
	if (!e->path)
		return true;
	row->name = number(m, e->path, err);
	row->next = p->first[row->name];
	p->first[row->name] = (uint8_t)p->n;
	if (row->slot)
		p->slot[row->name] = p->slot[row->name] ? SLOTS : (uint8_t)row->slot;
	return row->name > 0;
}

static bool plan_make(struct map *m, struct plan *p, enum sensor_kind k, const struct registry *g, char err[256])
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		if (entries[i].sensor == k && covers(entries[i].event, p) && !plan_row(m, p, &entries[i], g, err))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(divided); i++)
		if (divided[i].sensor == k && !p->kind.n && span_is(p->event, divided[i].event) &&
		    !(p->kind_name = number(m, divided[i].path, err)))
			return false;
	p->is_simple = !memchr(p->slot, SLOTS, sizeof(p->slot));
	return true;
}

static const struct plan *plan_find(const struct map *m, struct span event, struct span kind)
{
	for (unsigned i = 0; i < m->n; i++)
		if (span_eq(m->plans[i].event, event) && span_eq(m->plans[i].kind, kind))
			return &m->plans[i];
	return NULL;
}

static bool plans_make(struct map *m, enum sensor_kind k, const struct registry *g, char err[256])
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		const struct entry *e = &entries[i];
		struct span event = event_of(e->event), kind = span_from(span_str(e->event), event.n + 1);
		if (e->sensor != k || is_every(e->event) || plan_find(m, event, kind))
			continue;
		if (m->n == PLANS) {
			snprintf(err, 256, "too many events in the table of sensors");
			return false;
		}
		struct plan *p = &m->plans[m->n++];
		p->event = event;
		p->kind = kind;
		p->is_flow = span_is(event, k == SENSOR_EVE ? "flow" : "conn");
		if (!plan_make(m, p, k, g, err))
			return false;
	}
	return true;
}

struct map *map_new(enum sensor_kind k, const struct registry *g, char err[256])
{
	struct map *m = mem_new(sizeof(*m));
	m->time = number(m, time_path[k], err);
	m->event = number(m, event_path[k], err);
	if (m->time && m->event && plans_make(m, k, g, err))
		return m;
	map_free(m);
	return NULL;
}

void map_free(struct map *m)
{
	free(m);
}

const struct names *map_names(const struct map *m)
{
	return &m->names;
}

unsigned map_time(const struct map *m)
{
	return m->time;
}

unsigned map_event(const struct map *m)
{
	return m->event;
}

const struct plan *map_plan(const struct map *m, struct span event, struct span kind)
{
	const struct plan *p = kind.n ? plan_find(m, event, kind) : NULL;
	return p ? p : plan_find(m, event, (struct span){ 0 });
}

bool map_makes(const struct map *m, const struct record_type *t)
{
	for (unsigned i = 0; i < m->n; i++)
		for (unsigned k = 0; k < m->plans[i].n; k++)
			if (m->plans[i].rows[k].type == t)
				return true;
	return false;
}
