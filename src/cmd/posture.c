/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading: devices, the list, advisories, and for risk exposures and conversations. Devices that no record names
 * but the list does are added behind the others. */
#include "cmd/posture.h"

#include <string.h>

#include "base/hash.h"
#include "base/option.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "cmd/body.h"

enum { END_SLOTS = 1 << 17, CALLERS = 1 << 16 };

struct loading {
	struct posture *p;
	const struct args *args;
	uint32_t *ends;                          /* device + 1 by hashed address */
	uint8_t *callers;                        /* one bit a hashed pair of caller and device: seen before */
	bool failed;
};

static const struct hash_key fixed = { UINT64_C(0x706f737475726530), UINT64_C(0x64657669636573ff) };

static const char *kept(struct arena *a, const char *text)
{
	struct span s = text && *text ? arena_copy(a, span_str(text)) : (struct span){ 0 };
	return s.p ? (const char *)s.p : "";
}

static void take_list(struct arena *a, json_t *list, const char *out[POSTURE_TEXTS])
{
	size_t i, n = 0;
	json_t *v;
	json_array_foreach(list, i, v)
		if (json_is_string(v) && n + 1 < POSTURE_TEXTS)
			out[n++] = kept(a, json_string_value(v));
	out[n] = NULL;
}

static struct posture_device *add_device(struct posture *p)
{
	if (p->n == POSTURE_DEVICES_MAX) {
		p->dropped++;
		return NULL;
	}
	if (p->n == p->room) {
		p->room = p->room ? 2 * p->room : 64;
		p->v = mem_grow(p->v, p->room, sizeof(*p->v));
	}
	struct posture_device *d = &p->v[p->n++];
	*d = (struct posture_device){ .id = "", .name = "", .role = "", .maker = "", .model = "", .version = "", .serial = "",
				      .mac = "", .zone = "" };
	return d;
}

/* ---- devices ---- */

static uint32_t *end_slot(struct loading *l, const char *address)
{
	uint64_t h = hash64(fixed, span_str(address));
	for (uint32_t i = 0; i < END_SLOTS; i++) {
		uint32_t *slot = &l->ends[(h + i) % END_SLOTS];
		const char *const *v = *slot ? l->p->v[*slot - 1].addresses : NULL;
		for (; v && *v; v++)
			if (strcmp(*v, address) == 0)
				return slot;
		if (!*slot)
			return slot;
	}
	return NULL;
}

static bool take_device(void *ctx, const char *text)
{
	struct loading *l = ctx;
	struct arena *a = &l->p->arena;
	json_t *b = body_parse(text);
	struct posture_device *d = b ? add_device(l->p) : NULL;
	if (d) {
		d->id = kept(a, body_text(b, "id"));
		d->name = kept(a, body_text(b, "name"));
		d->role = kept(a, body_text(b, "role"));
		d->maker = kept(a, body_text(b, "maker"));
		d->model = kept(a, body_text(b, "model"));
		d->version = kept(a, body_text(b, "version"));
		d->serial = kept(a, body_text(b, "serial"));
		d->mac = kept(a, body_text(b, "mac"));
		d->zone = kept(a, body_text(b, "zone"));
		d->medical = json_is_true(json_object_get(b, "medical"));
		d->seen = true;
		take_list(a, json_object_get(b, "addresses"), d->addresses);
		take_list(a, json_object_get(b, "protocols"), d->protocols);
		if (!option_time(body_text(b, "first"), &d->first) || !option_time(body_text(b, "last"), &d->last))
			d->first = d->last = 0;
		size_t i;
		json_t *clue;
		json_array_foreach(json_object_get(b, "clues"), i, clue)
			d->facts.patient |= strcmp(body_text(clue, "what"), "sends vital signs") == 0;
	}
	json_decref(b);
	for (const char *const *v = d && l->ends ? d->addresses : NULL; v && *v; v++) {
		uint32_t *slot = end_slot(l, *v);
		if (slot && !*slot)
			*slot = l->p->n;
	}
	return true;
}

/* ---- the list ---- */

static bool take_asset(void *ctx, const char *text)
{
	struct loading *l = ctx;
	struct assets *t = &l->p->assets;
	struct asset one;
	if (t->n == ASSETS_MAX || !asset_from_body(text, &l->p->arena, &one))
		return true;
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->v = mem_grow(t->v, t->room, sizeof(*t->v));
	}
	t->v[t->n++] = one;
	return true;
}

static const char *or_from_list(struct posture_device *d, const char *seen, const char *listed)
{
	if (*seen || !*listed)
		return seen;
	d->from_list = true;
	return listed;
}

static void fill_in(struct posture_device *d)
{
	const struct asset *s = d->asset;
	d->maker = or_from_list(d, d->maker, s->v[ASSET_MAKER]);
	d->model = or_from_list(d, d->model, s->v[ASSET_MODEL]);
	d->version = or_from_list(d, d->version, s->v[ASSET_FIRMWARE]);
	d->serial = *d->serial ? d->serial : s->v[ASSET_SERIAL];
}

static void join_assets(struct posture *p)
{
	uint8_t *used = mem_array(p->assets.n + 1, 1);
	uint32_t seen = p->n;
	for (uint32_t i = 0; i < seen && p->assets.n; i++) {
		struct posture_device *d = &p->v[i];
		const struct asset_device k = { d->mac, d->serial, d->name, d->addresses };
		d->asset = assets_find(&p->assets, &k, &d->joined);
		if (!d->asset)
			continue;
		used[d->asset - p->assets.v] = 1;
		fill_in(d);
	}
	for (uint32_t i = 0; i < p->assets.n; i++) {
		struct posture_device *d = used[i] ? NULL : add_device(p);
		if (!d)
			continue;
		const struct asset *s = &p->assets.v[i];
		const char *id = arena_printf(&p->arena, "list:%s", *s->v[ASSET_TAG] ? s->v[ASSET_TAG] : s->v[ASSET_SERIAL]);
		d->id = id ? id : "";
		d->mac = s->v[ASSET_MAC];
		d->addresses[0] = *s->v[ASSET_IP] ? s->v[ASSET_IP] : NULL;
		d->asset = s;
		d->medical = true;
		fill_in(d);
	}
	free(used);
}

/* ---- advisories ---- */

static bool take_advisory(void *ctx, const char *text)
{
	struct loading *l = ctx;
	struct advisory a;
	if (advisory_from_body(text, &l->p->advisories->arena, &a))
		(void)advisories_add(l->p->advisories, &a);
	return true;
}

static void note_matches(struct posture_device *d)
{
	for (unsigned i = 0; i < d->nmatches; i++) {
		const struct match *m = &d->matches[i];
		bool sure = m->says == MATCH_AFFECTED;
		if (!sure && m->says != MATCH_MAYBE)
			continue;
		d->facts.affected |= sure;
		d->facts.maybe_affected |= !sure;
		if (m->vulnerability->cvss && m->vulnerability->score > d->facts.cvss) {
			d->facts.cvss = m->vulnerability->score;
			d->facts.cvss_version = m->vulnerability->cvss;
			d->facts.cve = m->vulnerability->cve;
		}
	}
}

static void match_all(struct posture *p)
{
	struct match *found = mem_array(POSTURE_MATCHES, sizeof(*found));
	p->matcher = matcher_new(p->advisories);
	for (uint32_t i = 0; i < p->n; i++) {
		struct posture_device *d = &p->v[i];
		struct match_subject s = { d->maker, d->model, d->version, d->protocols };
		unsigned n = matcher_ask(p->matcher, &s, found, POSTURE_MATCHES);
		p->dropped += n > POSTURE_MATCHES ? n - POSTURE_MATCHES : 0;
		n = n > POSTURE_MATCHES ? POSTURE_MATCHES : n;
		d->matches = n ? arena_new(&p->arena, n * sizeof(*d->matches)) : NULL;
		if (!d->matches)
			continue;
		memcpy(d->matches, found, n * sizeof(*found));
		d->nmatches = n;
		note_matches(d);
	}
	free(found);
}


static bool note_release(void *ctx, const char *text)
{
	uint64_t *latest = ctx;
	json_t *b = body_parse(text);
	uint64_t ns = 0;
	if (option_time(body_text(b, "released"), &ns) && ns > *latest)
		*latest = ns;
	json_decref(b);
	return true;
}

bool posture_is_older(struct store *s, const char *id, uint64_t released)
{
	uint64_t latest = 0;
	const struct query q = { .kind = "advisory", .id = id, .min_severity = -1 };
	return store_ask(s, &q, note_release, &latest) == 0 && latest > released;
}

/* ---- traffic ---- */

static struct posture_device *device_at(struct loading *l, const char *address)
{
	uint32_t *slot = *address ? end_slot(l, address) : NULL;
	return slot && *slot ? &l->p->v[*slot - 1] : NULL;
}

static bool take_exposure(void *ctx, const char *text)
{
	struct loading *l = ctx;
	json_t *b = body_parse(text);
	struct posture_device *d = device_at(l, body_text(b, "source"));
	if (d) {
		bool outside = strcmp(body_text(b, "scope"), "outside") == 0;
		d->facts.clear_outside |= outside;
		d->facts.clear_inside |= !outside;
		d->facts.patient = true;
	}
	json_decref(b);
	return true;
}

static bool is_new_caller(struct loading *l, const struct posture_device *d, const char *caller)
{
	uint64_t h = hash64(fixed, span_str(caller)) ^ (uint64_t)(d - l->p->v) * UINT64_C(0x9E3779B97F4A7C15);
	uint8_t *byte = &l->callers[(h % CALLERS) / 8], bit = (uint8_t)(1u << (h % 8));
	bool fresh = !(*byte & bit);
	*byte |= bit;
	return fresh;
}

static bool take_flow(void *ctx, const char *text)
{
	struct loading *l = ctx;
	json_t *b = body_parse(text);
	const char *state = body_text(b, "state"), *client = body_text(b, "client");
	bool answered = strcmp(state, "unanswered") != 0 && strcmp(state, "refused") != 0;
	bool leaves = json_is_true(json_object_get(b, "leaves_site"));
	struct posture_device *from = device_at(l, client), *to = device_at(l, body_text(b, "server"));
	if (from && leaves && !to) {
		from->facts.leaves = true;
		from->facts.leaves_answered |= answered;
	}
	if (to && answered) {
		char port[80];
		snprintf(port, sizeof(port), "port %lld", (long long)json_integer_value(json_object_get(b, "server_port")));
		to->facts.called_from_outside |= leaves && !from;
		to->facts.callers += is_new_caller(l, to, client);
		to->facts.services += is_new_caller(l, to, port);
	}
	json_decref(b);
	return true;
}

static void set_facts(struct posture *p)
{
	static const char *const at_patient[] = { "patient monitor", "infusion pump", "ventilator" };
	for (uint32_t i = 0; i < p->n; i++) {
		struct posture_device *d = &p->v[i];
		d->facts.role = d->role;
		d->facts.has_model = *d->model;
		d->facts.has_version = *d->version;
		for (size_t k = 0; k < ARRAY_LEN(at_patient); k++)
			d->facts.carries_patients |= strcmp(d->role, at_patient[k]) == 0;
		risk_figure(&d->facts, &d->risk);
	}
}

/* ---- all of it ---- */

static bool ask(struct loading *l, struct store *s, const char *kind, bool (*each)(void *, const char *))
{
	const struct query q = { .kind = kind, .min_severity = -1 };
	if (store_ask(s, &q, each, l) == 0)
		return true;
	log_error(&l->args->log, "%s", store_error(s));
	return false;
}

static bool load(struct loading *l, struct store *s, unsigned wants)
{
	struct posture *p = l->p;
	if (wants & POSTURE_DEVICES) {
		if (!ask(l, s, "device", take_device) || !ask(l, s, "asset", take_asset))
			return false;
		join_assets(p);
	}
	if ((wants & POSTURE_ADVISORIES) && !ask(l, s, "advisory", take_advisory))
		return false;
	if ((wants & POSTURE_ADVISORIES) && (wants & POSTURE_DEVICES))
		match_all(p);
	if (!(wants & POSTURE_TRAFFIC))
		return true;
	if (!ask(l, s, "exposure", take_exposure) || !ask(l, s, "flow", take_flow))
		return false;
	set_facts(p);
	return true;
}

struct posture *posture_load(const struct args *a, const char *dir, unsigned wants)
{
	struct store *s;
	if (!body_store(a, dir, &s))
		return NULL;
	struct posture *p = mem_new(sizeof(*p));
	struct loading l = { .p = p, .args = a };
	arena_init(&p->arena, 0);
	p->advisories = advisories_new();
	l.ends = mem_array(END_SLOTS, sizeof(*l.ends));
	l.callers = mem_array(CALLERS / 8, 1);
	bool good = load(&l, s, wants);
	store_close(s);
	free(l.ends);
	free(l.callers);
	if (good && p->dropped)
		log_warn(&a->log, "%llu devices or matches met a limit and are left out", (unsigned long long)p->dropped);
	if (good)
		return p;
	posture_free(p);
	return NULL;
}

void posture_free(struct posture *p)
{
	if (!p)
		return;
	matcher_free(p->matcher);
	advisories_free(p->advisories);
	assets_done(&p->assets);
	arena_done(&p->arena);
	free(p->v);
	free(p);
}

bool posture_is(const struct posture_device *d, const char *wanted)
{
	if (strcasecmp(d->id, wanted) == 0 || strcasecmp(d->name, wanted) == 0 || strcasecmp(d->mac, wanted) == 0)
		return true;
	for (const char *const *v = d->addresses; *v; v++)
		if (strcmp(*v, wanted) == 0)
			return true;
	return d->asset && strcasecmp(d->asset->v[ASSET_TAG], wanted) == 0;
}

void posture_label(const struct posture_device *d, struct buf *b)
{
	const char *tag = d->asset ? d->asset->v[ASSET_TAG] : "";
	const char *parts[] = { *d->name ? d->name : tag, *d->model ? d->maker : "", *d->model ? d->model : d->role,
				*d->version ? d->version : "", d->addresses[0] ? d->addresses[0] : "" };
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!*parts[i] || strcmp(parts[i], "unknown") == 0)
			continue;
		buf_printf(b, "%s%.120s", any ? ", " : "", parts[i]);
		any = true;
	}
	buf_printf(b, "%s%s%s", any ? " (" : "", d->id, any ? ")" : "");
}
