/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records to bytes and, with suspicion, back. */
#include "record/wire.h"

#include <errno.h>

enum { HAS_ORIGIN = 1 };

struct writer {
	struct buf *b;
	const struct registry *g;
	bool bad;
};

static void put_addr(struct buf *b, struct addr a)
{
	buf_u8(b, a.family);
	if (a.family)
		buf_bytes(b, span_of(a.b, sizeof(a.b)));
}

static void put_origin(struct buf *b, const struct origin *o)
{
	buf_le64(b, o->ts);
	buf_le64(b, o->packet);
	buf_le64(b, o->offset);
	buf_le32(b, o->file);
	buf_le64(b, o->flow);
	put_addr(b, o->src);
	put_addr(b, o->dst);
	buf_le16(b, o->sport);
	buf_le16(b, o->dport);
	buf_u8(b, o->proto);
	buf_le16(b, o->vlan);
	buf_bytes(b, span_of(o->smac.b, 6));
	buf_bytes(b, span_of(o->dmac.b, 6));
	buf_u8(b, o->to_server);
}

static void put_text(struct buf *b, struct span s)
{
	s = span_cut(s, TEXT_MAX);
	buf_le32(b, (uint32_t)s.n);
	buf_bytes(b, s);
}

static void put_record(struct writer *w, const struct record *r, unsigned depth);

static void put_value(struct writer *w, const struct field *f, const struct value *v, unsigned depth)
{
	struct buf *b = w->b;
	uint64_t bits;
	switch (f->type) {
	case F_TEXT: put_text(b, v->text); return;
	case F_UINT:
	case F_TIME: buf_le64(b, v->u); return;
	case F_INT: buf_le64(b, (uint64_t)v->i); return;
	case F_REAL:
		memcpy(&bits, &v->d, sizeof(bits));
		buf_le64(b, bits);
		return;
	case F_BOOL: buf_u8(b, v->u != 0); return;
	case F_ADDR: put_addr(b, v->addr); return;
	case F_MAC: buf_bytes(b, span_of(v->mac.b, 6)); return;
	case F_HASH: buf_bytes(b, span_of(v->hash, 32)); return;
	case F_RECORD: put_record(w, v->record, depth + 1); return;
	case F_TEXTS:
		buf_le32(b, v->texts.n);
		for (uint32_t i = 0; i < v->texts.n; i++)
			put_text(b, v->texts.v[i]);
		return;
	case F_RECORDS: break;
	}
	buf_le32(b, v->records.n);
	for (uint32_t i = 0; i < v->records.n; i++)
		put_record(w, v->records.v[i], depth + 1);
}

static void put_record(struct writer *w, const struct record *r, unsigned depth)
{
	int type = registry_index(w->g, r->type);
	if (type < 0 || depth > WIRE_DEPTH)
		w->bad = true;
	if (w->bad)
		return;
	const struct origin *at = depth ? NULL : r->at;
	buf_u8(w->b, WIRE_VERSION);
	buf_u8(w->b, at ? HAS_ORIGIN : 0);
	buf_le16(w->b, (uint16_t)type);
	if (at)
		put_origin(w->b, at);
	buf_le64(w->b, r->set);
	for (uint64_t set = r->set; set; set &= set - 1) {
		unsigned i = (unsigned)__builtin_ctzll(set);
		const struct field *f = &r->type->fields[i];
		if (!field_is_token(f)) {
			put_value(w, f, &r->v[i], depth);
			continue;
		}
		buf_le32(w->b, r->v[i].token.len);
		buf_bytes(w->b, span_of(r->v[i].token.hash, TOKEN_HASH));
	}
}

bool wire_put(struct buf *b, const struct registry *g, const struct record *r)
{
	size_t start = b->n;
	struct writer w = { b, g, b->full };
	buf_le32(b, 0);
	put_record(&w, r, 0);
	size_t n = b->n - start - 4;
	if (w.bad || b->full || n > WIRE_MAX) {
		b->n = start;
		return false;
	}
	for (unsigned i = 0; i < 4; i++)
		b->p[start + i] = (uint8_t)(n >> 8 * i);
	return true;
}

/* ---- reading: every failure is rd_fail, asked once at the end ---- */

struct reader {
	struct rd r;
	const struct registry *g;
	struct arena *a;
};

static void *room(struct reader *w, size_t n)
{
	void *p = arena_new(w->a, n);
	if (!p)
		rd_fail(&w->r);
	return p;
}

static struct addr get_addr(struct rd *r)
{
	uint8_t family = rd_u8(r);
	if (family == 0)
		return (struct addr){ 0 };
	struct addr a = addr_from6(rd_span(r, 16));
	if (a.family != family || (family != 4 && family != 6))
		rd_fail(r);
	return a;
}

static bool get_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);
	if (v > 1)
		rd_fail(r);
	return v == 1;
}

static struct origin *get_origin(struct reader *w)
{
	struct origin *o = room(w, sizeof(*o));
	if (!o)
		return NULL;
	struct rd *r = &w->r;
	o->ts = rd_le64(r);
	o->packet = rd_le64(r);
	o->offset = rd_le64(r);
	o->file = rd_le32(r);
	o->flow = rd_le64(r);
	o->src = get_addr(r);
	o->dst = get_addr(r);
	o->sport = rd_le16(r);
	o->dport = rd_le16(r);
	o->proto = rd_u8(r);
	o->vlan = rd_le16(r);
	o->smac = mac_from(rd_span(r, 6));
	o->dmac = mac_from(rd_span(r, 6));
	o->to_server = get_bool(r);
	return o;
}

static struct span get_text(struct reader *w)
{
	uint32_t n = rd_le32(&w->r);
	if (n > TEXT_MAX)
		rd_fail(&w->r);
	struct span s = arena_copy(w->a, rd_span(&w->r, n));
	if (!s.p)
		rd_fail(&w->r);
	return s;
}

/* A count that the bytes left can bear: each element takes `least` bytes. */
static uint32_t get_count(struct reader *w, size_t least)
{
	uint32_t n = rd_le32(&w->r);
	if (n > RECORD_LIST || n > rd_left(&w->r) / least) {
		rd_fail(&w->r);
		return 0;
	}
	return n;
}

static struct texts get_texts(struct reader *w)
{
	uint32_t n = get_count(w, 4);
	struct span *list = room(w, (n + 1) * sizeof(*list));
	for (uint32_t i = 0; list && i < n && rd_ok(&w->r); i++)
		list[i] = get_text(w);
	return (struct texts){ list, n };
}

static struct record *get_record(struct reader *w, unsigned depth);

static struct records get_records(struct reader *w, unsigned depth)
{
	uint32_t n = get_count(w, 12);
	struct record **list = room(w, (n + 1) * sizeof(*list));
	for (uint32_t i = 0; list && i < n && rd_ok(&w->r); i++)
		list[i] = get_record(w, depth);
	return (struct records){ list, n };
}

static void get_value(struct reader *w, const struct field *f, struct value *v, unsigned depth)
{
	struct rd *r = &w->r;
	uint64_t bits;
	switch (f->type) {
	case F_TEXT: v->text = get_text(w); return;
	case F_UINT:
	case F_TIME: v->u = rd_le64(r); return;
	case F_INT: v->i = (int64_t)rd_le64(r); return;
	case F_REAL:
		bits = rd_le64(r);
		memcpy(&v->d, &bits, sizeof(bits));
		return;
	case F_BOOL: v->u = get_bool(r); return;
	case F_ADDR: v->addr = get_addr(r); return;
	case F_MAC: v->mac = mac_from(rd_span(r, 6)); return;
	case F_HASH:
		v->hash = arena_copy(w->a, rd_span(r, 32)).p;
		if (!v->hash)
			rd_fail(r);
		return;
	case F_TEXTS: v->texts = get_texts(w); return;
	case F_RECORD: v->record = get_record(w, depth + 1); return;
	case F_RECORDS: v->records = get_records(w, depth + 1); return;
	}
}

static bool get_head(struct reader *w, unsigned depth, const struct record_type **type, const struct origin **at)
{
	uint8_t version = rd_u8(&w->r), flags = rd_u8(&w->r);
	uint16_t index = rd_le16(&w->r);
	if (version != WIRE_VERSION || flags > (depth ? 0 : HAS_ORIGIN) || index >= w->g->n || depth > WIRE_DEPTH) {
		rd_fail(&w->r);
		return false;
	}
	*type = w->g->v[index];
	if (flags & HAS_ORIGIN)
		*at = get_origin(w);
	return rd_ok(&w->r);
}

static struct record *get_record(struct reader *w, unsigned depth)
{
	const struct record_type *type = NULL;
	const struct origin *at = NULL;
	if (!get_head(w, depth, &type, &at))
		return NULL;
	uint64_t set = rd_le64(&w->r);
	if (type->nfields < 64 && set >> type->nfields)
		rd_fail(&w->r);
	struct record *out = room(w, offsetof(struct record, v) + type->nfields * sizeof(out->v[0]));
	if (!out || !rd_ok(&w->r))
		return NULL;
	out->type = type;
	out->at = at;
	out->set = set;
	for (; set && rd_ok(&w->r); set &= set - 1) {
		unsigned i = (unsigned)__builtin_ctzll(set);
		if (!field_is_token(&type->fields[i])) {
			get_value(w, &type->fields[i], &out->v[i], depth);
			continue;
		}
		out->v[i].token.len = rd_le32(&w->r);
		struct rd hash = rd_sub(&w->r, TOKEN_HASH);
		for (unsigned k = 0; k < TOKEN_HASH; k++)
			out->v[i].token.hash[k] = rd_u8(&hash);
	}
	return rd_ok(&w->r) ? out : NULL;
}

enum wire_got wire_get(struct rd *in, const struct registry *g, struct arena *a, struct record **out)
{
	struct rd ahead = *in;
	uint32_t n = rd_le32(&ahead);
	if (!rd_ok(&ahead))
		return WIRE_MORE;
	if (n > WIRE_MAX)
		return WIRE_BAD;
	if (n > rd_left(&ahead))
		return WIRE_MORE;
	struct reader w = { rd_sub(&ahead, n), g, a };
	struct record *r = get_record(&w, 0);
	if (!r || !rd_ok(&w.r) || rd_left(&w.r))
		return WIRE_BAD;
	*in = ahead;
	*out = r;
	return WIRE_RECORD;
}

/* ---- a pipe of them ---- */

enum { PIPE_READ = 256 * 1024, PIPE_ARENA = 64 << 20 };

void wire_pipe_open(struct wire_pipe *p, int fd, const struct registry *g)
{
	*p = (struct wire_pipe){ .fd = fd, .registry = g };
	arena_init(&p->arena, PIPE_ARENA);
}

bool wire_pipe_read(struct wire_pipe *p, void (*each)(void *ctx, const struct record *r), void *ctx)
{
	uint8_t *room = buf_room(&p->in, PIPE_READ);
	ssize_t n = room ? read(p->fd, room, PIPE_READ) : 0;
	if (room)
		p->in.n -= PIPE_READ - (n > 0 ? (size_t)n : 0);
	p->ended = n == 0 || (n < 0 && errno != EINTR);
	struct rd r = rd_of(buf_span(&p->in));
	struct record *rec;
	enum wire_got got;
	while ((got = wire_get(&r, p->registry, &p->arena, &rec)) == WIRE_RECORD) {
		each(ctx, rec);
		arena_reset(&p->arena);
	}
	p->bad = got == WIRE_BAD;
	size_t left = rd_left(&r);
	if (left)
		memmove(p->in.p, p->in.p + (p->in.n - left), left);
	p->in.n = left;
	return !p->ended && !p->bad;
}

bool wire_pipe_close(struct wire_pipe *p)
{
	buf_done(&p->in);
	arena_done(&p->arena);
	return !p->bad;
}
