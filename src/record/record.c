/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records: setting, reading, copying. */
#include "record/record.h"

#include "base/scope.h"

void record_begin(struct record *r, const struct record_type *t, const struct origin *at, const struct record_host *h)
{
	r->type = t;
	r->at = at;
	r->host = h;
	r->set = 0;
}

static struct span trimmed(struct span s)
{
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\0'))
		s.n--;
	return s;
}

/* The one door through which a person's data or a credential could leave a decoder: closed here. */
static void set_token(struct record *r, unsigned field, struct span s)
{
	const struct field *f = &r->type->fields[field];
	struct value *v = record_slot(r, field, f->type);
	/* The token is of the first TEXT_MAX bytes; the host is told where all of them are. */
	v->token = keyring_token(r->host->keyring, span_cut(s, TEXT_MAX));
	if (r->host->masked)
		r->host->masked(r->host->ctx, f, s, &v->token);
}

static void show(const struct record *r, unsigned field, struct span s)
{
	if (r->host && r->host->shown && r->type->fields[field].privacy == PLAIN)
		r->host->shown(r->host->ctx, s);
}

void record_text_whole(struct record *r, unsigned field, struct span s)
{
	s = trimmed(s);
	if (s.n == 0)
		return;
	if (field_is_token(&r->type->fields[field])) {
		set_token(r, field, s);
		return;
	}
	s = span_cut(s, TEXT_MAX);
	record_slot(r, field, F_TEXT)->text = s;
	show(r, field, s);
}

void record_uint(struct record *r, unsigned field, uint64_t v)
{
	record_slot(r, field, F_UINT)->u = v;
}

void record_int(struct record *r, unsigned field, int64_t v)
{
	record_slot(r, field, F_INT)->i = v;
}

void record_real(struct record *r, unsigned field, double v)
{
	record_slot(r, field, F_REAL)->d = v;
}

void record_bool(struct record *r, unsigned field, bool v)
{
	record_slot(r, field, F_BOOL)->u = v;
}

void record_addr(struct record *r, unsigned field, struct addr a)
{
	if (a.family)
		record_slot(r, field, F_ADDR)->addr = a;
}

void record_mac(struct record *r, unsigned field, struct mac m)
{
	record_slot(r, field, F_MAC)->mac = m;
}

void record_time(struct record *r, unsigned field, uint64_t ns)
{
	record_slot(r, field, F_TIME)->u = ns;
}

void record_hash(struct record *r, unsigned field, const uint8_t sha256[32])
{
	record_slot(r, field, F_HASH)->hash = sha256;
}

void record_token(struct record *r, unsigned field, struct token t)
{
	assert(field_is_token(&r->type->fields[field]));
	record_slot(r, field, r->type->fields[field].type)->token = t;
}

/* Lists grow by copying at powers of two: short, and the arena is reset soon. */
static void *list_room(struct record *r, const void *old, uint32_t n, size_t size)
{
	if (n >= RECORD_LIST)
		return NULL;
	if (n && (n & (n - 1)))
		return (void *)(uintptr_t)old;
	void *p = arena_new(r->host->arena, (n ? 2 * (size_t)n : 1) * size);
	if (p && n)
		memcpy(p, old, n * size);
	return p;
}

void record_add_text(struct record *r, unsigned field, struct span s)
{
	bool had = record_has(r, field);
	struct value *v = record_slot(r, field, F_TEXTS);
	if (!had)
		v->texts = (struct texts){ 0 };
	struct span *list = list_room(r, v->texts.v, v->texts.n, sizeof(*list));
	if (!list)
		return;
	s = span_cut(trimmed(s), TEXT_MAX);
	list[v->texts.n] = arena_copy(r->host->arena, s);
	show(r, field, s);
	v->texts = (struct texts){ list, v->texts.n + 1 };
}

void record_add(struct record *r, unsigned field, struct record *child)
{
	bool had = record_has(r, field);
	struct value *v = record_slot(r, field, F_RECORDS);
	if (!had)
		v->records = (struct records){ 0 };
	struct record **list = list_room(r, v->records.v, v->records.n, sizeof(*list));
	if (!list)
		return;
	list[v->records.n] = child;
	v->records = (struct records){ list, v->records.n + 1 };
}

void record_child(struct record *r, unsigned field, struct record *child)
{
	if (child)
		record_slot(r, field, F_RECORD)->record = child;
}

uint64_t record_get_uint(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].u : 0;
}

double record_get_real(const struct record *r, unsigned field)
{
	if (!record_has(r, field))
		return 0;
	enum field_type t = r->type->fields[field].type;
	if (t == F_REAL)
		return r->v[field].d;
	return t == F_INT ? (double)r->v[field].i : (double)r->v[field].u;
}

struct addr record_get_addr(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].addr : (struct addr){ 0 };
}

struct token record_get_token(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].token : (struct token){ 0 };
}

int record_type_field(const struct record_type *t, const char *name)
{
	for (int i = 0; i < t->nfields; i++)
		if (strcmp(t->fields[i].name, name) == 0)
			return i;
	return -1;
}

static bool copy_value(struct arena *a, const struct field *f, struct value *v)
{
	if (field_is_token(f))
		return true;
	if (f->type == F_TEXT) {
		v->text = arena_copy(a, v->text);
		return v->text.p;
	}
	if (f->type == F_HASH) {
		v->hash = arena_copy(a, span_of(v->hash, 32)).p;
		return v->hash;
	}
	if (f->type == F_TEXTS) {
		struct span *list = arena_new(a, v->texts.n * sizeof(*list) + 1);
		for (uint32_t i = 0; list && i < v->texts.n; i++)
			list[i] = arena_copy(a, v->texts.v[i]);
		v->texts.v = list;
		return list;
	}
	if (f->type == F_RECORD) {
		v->record = record_copy(a, v->record);
		return v->record;
	}
	if (f->type == F_RECORDS) {
		struct record **list = arena_new(a, v->records.n * sizeof(*list) + 1);
		for (uint32_t i = 0; list && i < v->records.n; i++)
			if (!(list[i] = record_copy(a, v->records.v[i])))
				return false;
		v->records.v = list;
		return list;
	}
	return true;
}

struct record *record_copy(struct arena *a, const struct record *r)
{
	struct record *c = arena_new(a, offsetof(struct record, v) + r->type->nfields * sizeof(c->v[0]));
	if (!c)
		return NULL;
	c->type = r->type;
	c->set = r->set;
	for (unsigned i = 0; i < r->type->nfields; i++) {
		if (!record_has(r, i))
			continue;
		c->v[i] = r->v[i];
		if (!copy_value(a, &r->type->fields[i], &c->v[i]))
			return NULL;
	}
	return c;
}
