/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of a call as they stand in guest memory, by the letters of its model. */
#include "fw/flow/call.h"
#include "fw/flow/libc.h"

struct record *writer_record(struct machine *m, const struct record_type *t)
{
	struct record *r = arena_new(&m->scratch, offsetof(struct record, v) + t->nfields * sizeof(r->v[0]));
	record_begin(r, t, NULL, &m->host);
	return r;
}

void writer_hash(struct writer *w, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		w->hash = (w->hash ^ s.p[i]) * 16777619u;
}

struct record *writer_arg(struct writer *w, struct span name)
{
	struct record *a = writer_record(w->m, &fwarg_type);
	record_text(a, ARG_NAME, name);
	return a;
}

void writer_end(struct writer *w, struct record *a)
{
	record_add(w->call, FWC_ARGS, a);
	writer_hash(w, record_get_text(a, ARG_TEXT));
	writer_hash(w, span_of(&a->v[ARG_NUMBER], record_has(a, ARG_NUMBER) ? 8 : 0));
	writer_hash(w, record_has(a, ARG_PORT) ? span_of(&a->v[ARG_PORT], 8) : (struct span){ 0 });
}

void call_put_origin(struct record *a, unsigned field, enum trace_origin o)
{
	record_str(a, field, origin_name(o));
}

static void put_text(struct writer *w, struct record *a, uint64_t addr, struct span s)
{
	struct machine *m = w->m;
	struct piece pieces[PIECES];
	unsigned n = call_pieces(m, addr, s, pieces);
	enum trace_origin worst = ORIGIN_UNKNOWN;
	struct buf b = { .cap = 2 * GUEST_TEXT };
	for (unsigned i = 0; i < n; i++) {
		call_put_piece(m, &b, s, &pieces[i]);
		worst = pieces[i].origin > worst ? pieces[i].origin : worst;
		if (pieces[i].origin == ORIGIN_OUTSIDE && !record_has(a, ARG_SOURCE))
			record_str(a, ARG_SOURCE, source_name(m, pieces[i].shade));
	}
	record_text(a, ARG_TEXT, arena_copy(&m->scratch, buf_span(&b)));
	buf_done(&b);
	if (n > 1 && worst == ORIGIN_CONSTANT)
		worst = ORIGIN_BUILT;
	call_put_origin(a, ARG_ORIGIN, worst);
	if (n == 1 && pieces[0].offset_known)
		record_uint(a, ARG_OFFSET, pieces[0].offset);
	for (unsigned i = 0; n > 1 && i < n; i++) {
		struct record *p = writer_record(m, &fwpart_type);
		struct buf t = { .cap = 2 * GUEST_TEXT };
		call_put_piece(m, &t, s, &pieces[i]);
		record_text(p, PART_TEXT, arena_copy(&m->scratch, buf_span(&t)));
		buf_done(&t);
		call_put_origin(p, PART_ORIGIN, pieces[i].origin);
		if (pieces[i].offset_known)
			record_uint(p, PART_OFFSET, pieces[i].offset);
		if (pieces[i].origin == ORIGIN_OUTSIDE)
			record_str(p, PART_SOURCE, source_name(m, pieces[i].shade));
		record_add(a, ARG_PARTS, p);
	}
}

static void arg_string(struct writer *w, struct span name, uint64_t addr, struct span s)
{
	struct record *a = writer_arg(w, name);
	put_text(w, a, addr, s);
	struct span t = record_get_text(a, ARG_TEXT);
	struct addr ip;
	if (t.n && t.n < ADDR_TEXT && addr_parse((const char *)t.p, &ip))
		record_addr(a, ARG_ADDRESS, ip);
	writer_end(w, a);
}

/* Bytes that are no text end at their first zero: what stands behind it may come from outside all the same. */
static void arg_sources(struct writer *w, uint64_t addr, uint64_t n)
{
	enum { LOOK = 1024 };
	struct records args = w->call->v[FWC_ARGS].records;
	struct record *a = args.n ? args.v[args.n - 1] : NULL;
	const uint8_t *shades = guest_shades(&w->m->g, addr, n < LOOK ? n : LOOK);
	for (uint64_t i = 0; a && shades && !record_has(a, ARG_SOURCE) && i < n && i < LOOK; i++) {
		uint8_t shade = source_at(w->m, addr + i);
		if (shade)
			record_str(a, ARG_SOURCE, source_name(w->m, shade));
	}
}

void writer_number(struct writer *w, struct span name, uint64_t v, bool is_signed)
{
	struct record *a = writer_arg(w, name);
	uint8_t source = source_of_number(w->m, v);
	record_int(a, ARG_NUMBER, is_signed ? (int32_t)v : (int64_t)v);
	call_put_origin(a, ARG_ORIGIN, source ? ORIGIN_OUTSIDE : ORIGIN_CONSTANT);
	if (source)
		record_str(a, ARG_SOURCE, source_name(w->m, source));
	writer_end(w, a);
}

static void arg_descriptor(struct writer *w, struct span name, uint64_t v)
{
	static const char *const kinds[] = { "closed", "standard", "file", "socket", "pipe", "process" };
	struct record *a = writer_arg(w, name);
	record_int(a, ARG_NUMBER, (int32_t)v);
	if (v < KERN_FDS) {
		const struct kern_fd *f = &w->m->kern->fd[v];
		const char *kind = f->kind < ARRAY_LEN(kinds) ? kinds[f->kind] : "?";
		record_str(a, ARG_TEXT, arena_printf(&w->m->scratch, "%s%s%.100s", kind, f->text[0] ? " " : "", f->text));
	}
	writer_end(w, a);
}

/* 1 constant, built …: of the bytes of an address in a structure. */
static enum trace_origin origin_of_bytes(const struct machine *m, uint64_t addr, uint64_t n)
{
	const uint8_t *shades = guest_shades(&m->g, addr, n);
	enum trace_origin worst = ORIGIN_UNKNOWN;
	for (uint64_t i = 0; shades && i < n; i++) {
		enum trace_origin o = call_shade_origin(shades[i]);
		worst = o > worst ? o : worst;
	}
	return worst == ORIGIN_BUILT ? ORIGIN_CONSTANT : worst;
}

/* Four bytes that are the address of something in memory: a pointer that lies where nobody put an address. One that
 * stands in the file so, as bytes or as text, is meant, unless it is no host's (.0), as addresses of programs below
 * 16 MB are, which stand in the file too. */
static bool is_pointer(const struct machine *m, struct span bytes, uint32_t v4)
{
	char text[ADDR_TEXT];
	uint64_t offset, at = m->g.big ? v4 : __builtin_bswap32(v4);
	if (!v4 || !guest_bytes(&m->g, at, 1))
		return false;
	return !(v4 & 0xff) ||
	       !(call_in_file(m, bytes, &offset) || call_in_file(m, span_str(addr_text(addr_v4(v4), text)), &offset));
}

static void put_inet(struct writer *w, struct record *a, uint64_t p)
{
	struct machine *m = w->m;
	const uint8_t *b = guest_bytes(&m->g, p, 8);
	if (!b)
		return;
	struct rd r = rd_of(span_of(b, 8));
	rd_skip(&r, 2);
	uint16_t port = rd_be16(&r);
	uint32_t v4 = rd_be32(&r);
	uint8_t shade, marked = source_at(m, p + 2), raw = source_of_number(m, v4);
	uint8_t from_port = marked ? marked : source_of_number(m, port);
	const char *name;
	record_str(a, ARG_FAMILY, "inet");
	record_uint(a, ARG_PORT, port);
	bool means = address_means(m, v4, &shade, &name);
	if (name && strcmp(name, NO_ADDRESS) == 0) {
		call_put_origin(a, ARG_ORIGIN, ORIGIN_UNKNOWN);
		return;
	}
	if (means || (shade = raw) != 0 || (shade = source_behind(m, v4)) != 0) {
		call_put_origin(a, ARG_ORIGIN, name ? ORIGIN_BUILT : ORIGIN_OUTSIDE);
		record_str(a, ARG_HOST, name);
		record_str(a, ARG_SOURCE, name ? NULL : source_name(m, shade));
		record_str(a, ARG_TEXT, arena_printf(&m->scratch, name ? "%s:%u" : "{%s}:%u",
						       name ? name : source_name(m, shade), port));
		return;
	}
	if (is_pointer(m, span_of(b + 4, 4), v4)) {
		call_put_origin(a, ARG_ORIGIN, ORIGIN_UNKNOWN);
		return;
	}
	struct addr ip = addr_v4(v4);
	char text[ADDR_TEXT];
	record_addr(a, ARG_ADDRESS, ip);
	record_str(a, ARG_TEXT, arena_printf(&m->scratch, "%s:%u", addr_text(ip, text), port));
	call_put_origin(a, ARG_ORIGIN, origin_of_bytes(m, p + 4, 4));
	if (from_port)
		record_str(a, ARG_SOURCE, source_name(m, from_port));
	uint64_t offset;
	if (elf_offset(&m->code.modules[0].elf, p - m->code.modules[0].bias, &offset))
		record_uint(a, ARG_OFFSET, offset);
}

/* Sixteen bytes that are an address as a whole: from the file, or put there by one call or one loop. What single
 * stores left in a structure is as likely a rest of something else. */
static bool is_whole(const struct machine *m, uint64_t addr, struct span bytes)
{
	const uint8_t *shades = guest_shades(&m->g, addr, bytes.n);
	uint64_t offset;
	for (size_t i = 0; shades && i < bytes.n; i++)
		if (shades[i] != shades[0])
			return call_in_file(m, bytes, &offset);
	return shades && (shades[0] == SHADE_COPIED || shades[0] == SHADE_BUILT || call_in_file(m, bytes, &offset)
			  || (shades[0] == SHADE_NONE && addr - m->code.modules[0].base < m->code.modules[0].size));
}

static void put_inet6(struct writer *w, struct record *a, uint64_t p)
{
	struct machine *m = w->m;
	const uint8_t *b = guest_bytes(&m->g, p, 28);
	if (!b)
		return;
	struct rd r = rd_of(span_of(b, 28));
	rd_skip(&r, 2);
	uint8_t shade = source_at(m, p + 8), from_port = source_at(m, p + 2);
	record_str(a, ARG_FAMILY, "inet6");
	record_uint(a, ARG_PORT, rd_be16(&r));
	rd_skip(&r, 4);
	struct span bytes = rd_span(&r, 16);
	struct addr ip = addr_from6(bytes);
	char text[ADDR_TEXT];
	if (shade || from_port)
		record_str(a, ARG_SOURCE, source_name(m, shade ? shade : from_port));
	if (shade) {
		call_put_origin(a, ARG_ORIGIN, ORIGIN_OUTSIDE);
		record_str(a, ARG_TEXT, arena_printf(&m->scratch, "{%s}", source_name(m, shade)));
		return;
	}
	if (!is_whole(m, p + 8, bytes)) {
		call_put_origin(a, ARG_ORIGIN, ORIGIN_UNKNOWN);
		return;
	}
	record_addr(a, ARG_ADDRESS, ip);
	record_str(a, ARG_TEXT, arena_printf(&m->scratch, "%s", addr_text(ip, text)));
	call_put_origin(a, ARG_ORIGIN, origin_of_bytes(m, p + 8, 16));
}

/* Only what its family says: stale bytes and paths are no addresses. */
static void arg_sockaddr(struct writer *w, struct span name, uint64_t p)
{
	struct record *a = writer_arg(w, name);
	uint64_t family = guest_number(&w->m->g, p, 2);
	if (family == 2) {
		put_inet(w, a, p);
	} else if (family == 10) {
		put_inet6(w, a, p);
	} else if (family == 1) {
		record_str(a, ARG_FAMILY, "unix");
		struct span s = guest_text(&w->m->g, p + 2, 108);
		bool hidden = s.n == 0;
		put_text(w, a, p + 2 + hidden, guest_text(&w->m->g, p + 2 + hidden, 107));
	} else {
		record_str(a, ARG_FAMILY, arena_printf(&w->m->scratch, "%u", (unsigned)family));
	}
	writer_end(w, a);
}

static void arg_vector(struct writer *w, struct span name, uint64_t p)
{
	struct machine *m = w->m;
	unsigned size = m->cpu->wide ? 8 : 4;
	struct record *a = writer_arg(w, name);
	struct buf all = { .cap = 2 * GUEST_TEXT };
	enum trace_origin worst = ORIGIN_UNKNOWN;
	for (unsigned i = 0; i < 32; i++, p += size) {
		uint64_t s = guest_pointer(&m->g, p);
		if (!s)
			break;
		struct record *one = writer_record(m, &fwarg_type);
		put_text(w, one, s, guest_text(&m->g, s, GUEST_TEXT));
		struct span t = record_get_text(one, ARG_TEXT);
		record_add_text(a, ARG_LIST, t);
		buf_text(&all, i ? " " : "");
		buf_bytes(&all, t);
		for (unsigned o = 0; o < ORIGIN_COUNT_; o++)
			if (span_is(record_get_text(one, ARG_ORIGIN), origin_name((enum trace_origin)o)) && o > worst)
				worst = (enum trace_origin)o;
		if (record_has(one, ARG_SOURCE) && !record_has(a, ARG_SOURCE))
			record_text(a, ARG_SOURCE, record_get_text(one, ARG_SOURCE));
	}
	record_text(a, ARG_TEXT, arena_copy(&m->scratch, buf_span(&all)));
	buf_done(&all);
	call_put_origin(a, ARG_ORIGIN, worst);
	writer_end(w, a);
}

/* struct msghdr: name, iov; POSIX sendmsg. */
static void arg_message(struct writer *w, uint64_t p)
{
	const struct guest *g = &w->m->g;
	unsigned size = w->m->cpu->wide ? 8 : 4;
	uint64_t name = guest_pointer(g, p), iov = guest_pointer(g, p + 2 * size);
	if (name)
		arg_sockaddr(w, SPAN_LIT("to"), name);
	uint64_t base = guest_pointer(g, iov), len = guest_pointer(g, iov + size);
	arg_string(w, SPAN_LIT("data"), base, guest_text(g, base, len < BINARY_MAX * 4 ? len : BINARY_MAX * 4));
}

static void put_script(struct writer *w)
{
	const struct kern *k = w->m->kern;
	struct buf said = { .cap = 1 << 16 };
	const struct record *call = w->call;
	for (uint32_t i = 0; record_has(call, FWC_ARGS) && i < call->v[FWC_ARGS].records.n; i++) {
		buf_bytes(&said, record_get_text(call->v[FWC_ARGS].records.v[i], ARG_TEXT));
		buf_u8(&said, ' ');
	}
	for (unsigned i = 0; i < KERN_FILES; i++) {
		const struct kern_file *f = &k->file[i];
		size_t n = strnlen(f->path, sizeof(f->path));
		if (n > 1 && f->n && said.n && memmem(said.p, said.n, f->path, n))
			arg_string(w, SPAN_LIT("script"), AT_KERN + offsetof(struct kern, file) + i * sizeof(*f)
				   + offsetof(struct kern_file, text), span_of(f->text, f->n < KERN_TEXT ? f->n : KERN_TEXT));
	}
	buf_done(&said);
}

/* The value of an option of libcurl: numbers below 10000, pointers and texts below 20000; 10001 is a FILE. */
static void arg_option(struct writer *w, struct span name, uint64_t option, uint64_t v)
{
	enum { POINTERS = 10000, WRITE_DATA = 10001, FUNCTIONS = 20000 };
	if (option == WRITE_DATA)
		arg_descriptor(w, name, fd_of_file(w->m, v));
	else if (option >= POINTERS && option < FUNCTIONS)
		arg_string(w, name, v, guest_text(&w->m->g, v, GUEST_TEXT));
	else
		writer_number(w, name, v, true);
}

/* Walks "name:letter …"; the letters are explained in libc.def. */
void call_put_args(struct writer *w, const struct model *model)
{
	struct machine *m = w->m;
	struct rd r = rd_of(span_str(model->sig));
	unsigned i = 0;
	while (rd_left(&r)) {
		struct span name, kind;
		if (!rd_until(&r, ':', &name))
			break;
		kind = rd_piece(&r, ' ');
		uint64_t v = arg(m, i);
		switch (kind.n ? kind.p[0] : 0) {
		case 's': arg_string(w, name, v, guest_text(&m->g, v, GUEST_TEXT)); break;
		case 'i': writer_number(w, name, v, true); break;
		case 'x': writer_number(w, name, v, false); break;
		case 'd': arg_descriptor(w, name, v); break;
		case 'F': arg_descriptor(w, name, fd_of_file(m, v)); break;
		case 'a': arg_sockaddr(w, name, v); i++; break;
		case 'v': arg_vector(w, name, v); break;
		case 'b': {
			uint64_t n = arg(m, ++i);
			arg_string(w, name, v, guest_text(&m->g, v, n < BINARY_MAX * 4 ? n : BINARY_MAX * 4));
			arg_sources(w, v, n);
			break;
		}
		case 'm': arg_string(w, name, m->made, guest_text(&m->g, m->made, GUEST_TEXT)); i--; break;
		case 'V': arg_vector(w, name, m->made); i--; break;
		case 'M': arg_message(w, v); break;
		case 'o': arg_option(w, name, arg(m, i - 1), v); break;
		default: break;                  /* '-': not written */
		}
		i++;
	}
	if (model->class == CALL_RUN)
		put_script(w);
}
