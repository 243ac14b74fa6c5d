/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where records go: to zones and devices as far as their type says something to them, and on to the
 * tracker's sink. What a decoder turns into a token is told to the table of learnt identifiers and to
 * the evidence export on the way. */
#include "track/parts.h"

static void on_masked(void *ctx, const struct field *f, struct span where, const struct token *token)
{
	struct tracker *t = ctx;
	if (f->privacy == PATIENT)
		learnt_add(t->learnt, f, where, token);
	reveal_mark(t, where, SHOWN_PERSONAL);
}

static void on_shown(void *ctx, struct span where)
{
	reveal_mark(ctx, where, SHOWN_PLAIN);
}

static const struct route *route_find(struct tracker *t, const struct record_type *type)
{
	size_t i = (size_t)(((uintptr_t)type >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32) % ROUTES;
	for (size_t tries = 0; tries < ROUTES - 1 && t->routes[i].type; tries++, i = (i + 1) % ROUTES)
		if (t->routes[i].type == type)
			return &t->routes[i];
	t->routes[i] = (struct route){
		.type = type, .zones = zones_want(type), .devices = devices_plan(t->devices, type),
		.out = t->set.wants ? (uint8_t)t->set.wants(t->set.ctx, type) : (uint8_t)WAY_BOTH,
	};
	return &t->routes[i];
}

static const struct route *route_of(struct tracker *t, const struct record_type *type)
{
	if (!t->route || t->route->type != type)
		t->route = route_find(t, type);
	return t->route;
}

static uint16_t told_flag(const struct origin *at)
{
	return at->to_server ? FLOW_TOLD_SERVER : FLOW_TOLD_CLIENT;
}

static bool goes_out(const struct route *route, const struct origin *at)
{
	return route->out & (at && at->to_server ? WAY_TO_SERVER : WAY_TO_CLIENT);
}

void tracker_publish(struct tracker *t, const struct record *r)
{
	const struct route *route = route_of(t, r->type);
	t->health->records++;
	if (route->zones)
		zones_record(t->zones, r);
	if (route->devices)
		devices_record(t->devices, route->devices, r);
	if (goes_out(route, r->at))
		publish(t->set.sink, r);
	if (r->type == t->asked)
		t->flow->flags |= told_flag(r->at);
}

/* Of vital signs the device table learns that they are sent, from the first: of the others of a message it would
 * learn nothing. */
static void tracker_publish_all(struct tracker *t, const struct record *r, size_t n)
{
	const struct route *route = route_of(t, r->type);
	for (size_t i = 0; !r->type->repeats && i < n; i++)
		tracker_publish(t, &r[i]);
	if (!r->type->repeats || !n)
		return;
	t->health->records += n;
	for (size_t i = 0; route->zones && i < n; i++)
		zones_record(t->zones, &r[i]);
	if (route->devices)
		devices_record(t->devices, route->devices, r);
	if (goes_out(route, r->at))
		publish_many(t->set.sink, r, n);
	if (r->type == t->asked)
		t->flow->flags |= told_flag(r->at);
}

/* A type that nobody but the device table listens to is told once a conversation and direction. */
bool tracker_wants(struct emit *e, const struct record_type *type)
{
	struct tracker *t = e->to;
	if (goes_out(route_of(t, type), e->at))
		return true;
	t->asked = type;
	return !(t->flow->flags & told_flag(e->at));
}

static void on_record(void *to, const struct record *r)
{
	tracker_publish(to, r);
}

static void on_records(void *to, const struct record *r, size_t n)
{
	tracker_publish_all(to, r, n);
}

void publish_start(struct tracker *t)
{
	t->host = (struct record_host){ .keyring = t->set.keyring, .arena = &t->arena, .masked = on_masked, .ctx = t };
	if (t->set.shown)
		t->host.shown = on_shown;
	t->sink = (struct sink){ on_record, t, on_records };
}
