/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls into the trace: arguments as they stand in guest memory, each stretch with where it came from. */
#include "fw/flow/libc.h"

#include <stdlib.h>

#include "record/wire.h"

enum { PIECES = 24, REPEATS = 8, CONST_MIN = 4, CHAIN_MAX = 16, CONDITIONS_MAX = 8, CODE_LINES = 4, BINARY_MAX = 64 };

struct piece {
	size_t from, to;
	enum trace_origin origin;
	uint8_t shade;
	bool offset_known;
	uint64_t offset;
};

/* ---- pieces ---- */

static enum trace_origin origin_of_shade(uint8_t shade)
{
	switch (shade) {
	case SHADE_NONE:
	case SHADE_COPIED: return ORIGIN_CONSTANT;
	case SHADE_STORED:
	case SHADE_BUILT: return ORIGIN_BUILT;
	case SHADE_LOOPED: return ORIGIN_DECODED;
	default: return ORIGIN_OUTSIDE;
	}
}

static uint64_t hash_of(struct span s)
{
	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 1099511628211u;
	return h;
}

/* Programs pass the same texts over and over, and a search through a file of a megabyte is no small thing. */
static bool in_file(const struct machine *m, struct span s, uint64_t *offset)
{
	struct span file = m->code.modules[0].elf.file;
	if (s.n < CONST_MIN || !file.n)
		return false;
	uint64_t h = hash_of(s);
	struct sighting *seen = &m->sightings[h >> 32 & (SIGHTINGS - 1)];
	if (seen->hash != h || seen->n != s.n) {
		const uint8_t *at = memmem(file.p, file.n, s.p, s.n);
		*seen = (struct sighting){ .hash = h, .n = s.n, .found = at != NULL, .offset = at ? (uint64_t)(at - file.p) : 0 };
	}
	if (seen->found)
		*offset = seen->offset;
	return seen->found;
}

/* What memory says, corrected by the file: bytes that stand in it as they are were only moved about. */
static void piece_settle(const struct machine *m, uint64_t addr, struct span s, struct piece *p)
{
	const struct module *mod = &m->code.modules[0];
	struct span bytes = span_cut(span_from(s, p->from), p->to - p->from);
	if (p->origin == ORIGIN_OUTSIDE)
		return;
	if (p->shade == SHADE_NONE && addr + p->from >= mod->base && addr + p->from - mod->base < mod->size) {
		p->offset_known = elf_offset(&mod->elf, addr + p->from - mod->bias, &p->offset);
		return;
	}
	if (in_file(m, bytes, &p->offset)) {
		p->offset_known = true;
		p->origin = ORIGIN_CONSTANT;
	} else if (p->origin == ORIGIN_DECODED && bytes.n < CONST_MIN) {
		p->origin = ORIGIN_BUILT;
	} else if (p->shade == SHADE_NONE) {
		p->origin = ORIGIN_UNKNOWN;
	}
}

static unsigned pieces_of(const struct machine *m, uint64_t addr, struct span s, struct piece *out)
{
	const uint8_t *shades = guest_shades(&m->g, addr, s.n);
	unsigned n = 0;
	for (size_t i = 0; i < s.n && n < PIECES;) {
		size_t from = s.n, to = s.n;
		uint8_t source = source_in(s, i, &from, &to);
		if (source && from == i) {
			out[n++] = (struct piece){ .from = i, .to = to, .origin = ORIGIN_OUTSIDE, .shade = source };
			i = to;
			continue;
		}
		size_t end = i + 1, stop = source ? from : s.n;
		uint8_t shade = shades ? shades[i] : SHADE_BUILT;
		while (end < stop && shades && shades[end] == shade)
			end++;
		out[n++] = (struct piece){ .from = i, .to = end, .origin = origin_of_shade(shade), .shade = shade };
		i = end;
	}
	if (n == PIECES)
		out[n - 1].to = s.n;
	for (unsigned i = 0; i < n; i++)
		piece_settle(m, addr, s, &out[i]);
	return n;
}

/* A made-up address that was printed stands for a name or a source. */
static size_t put_means(const struct machine *m, struct buf *b, struct span s)
{
	uint8_t shade;
	const char *name;
	uint32_t v = 0, dots = 0;
	size_t i = 0;
	if (!span_starts(s, SPAN_LIT("240.7")))
		return 0;
	for (uint32_t octet = 0; i <= s.n; i++) {
		uint8_t c = i < s.n ? s.p[i] : 0;
		if (c >= '0' && c <= '9' && octet < 256) {
			octet = octet * 10 + c - '0';
			continue;
		}
		v = v << 8 | (octet & 0xff);
		octet = 0;
		if (dots++ == 3 || c != '.')
			break;
	}
	if (dots != 4 || !address_means(m, v, &shade, &name))
		return 0;
	buf_printf(b, name ? "%s" : "{%s}", name ? name : source_name(m, shade));
	return i;
}

static void put_piece(const struct machine *m, struct buf *b, struct span s, const struct piece *p)
{
	if (p->origin == ORIGIN_OUTSIDE) {
		buf_printf(b, "{%s}", source_name(m, p->shade));
		return;
	}
	struct span bytes = span_cut(span_from(s, p->from), p->to - p->from);
	while (bytes.n) {
		size_t n = put_means(m, b, bytes);
		if (!n)
			buf_u8(b, bytes.p[0]);
		bytes = span_from(bytes, n ? n : 1);
	}
}

/* ---- arguments ---- */

struct writer {
	struct machine *m;
	struct record *call;
	uint32_t hash;
};

static struct record *child(struct machine *m, const struct record_type *t)
{
	struct record *r = arena_new(&m->scratch, offsetof(struct record, v) + t->nfields * sizeof(r->v[0]));
	record_begin(r, t, NULL, &m->host);
	return r;
}

static void hash_text(struct writer *w, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		w->hash = (w->hash ^ s.p[i]) * 16777619u;
}

static struct record *begin_arg(struct writer *w, struct span name)
{
	struct record *a = child(w->m, &fwarg_type);
	record_text(a, ARG_NAME, name);
	return a;
}

static void end_arg(struct writer *w, struct record *a)
{
	record_add(w->call, FWC_ARGS, a);
	hash_text(w, record_get_text(a, ARG_TEXT));
	hash_text(w, span_of(&a->v[ARG_NUMBER], record_has(a, ARG_NUMBER) ? 8 : 0));
	hash_text(w, record_has(a, ARG_PORT) ? span_of(&a->v[ARG_PORT], 8) : (struct span){ 0 });
}

static void put_origin(struct record *a, unsigned field, enum trace_origin o)
{
	record_str(a, field, origin_name(o));
}

static void put_text(struct writer *w, struct record *a, uint64_t addr, struct span s)
{
	struct machine *m = w->m;
	struct piece pieces[PIECES];
	unsigned n = pieces_of(m, addr, s, pieces);
	enum trace_origin worst = ORIGIN_UNKNOWN;
	struct buf b = { .cap = 2 * GUEST_TEXT };
	for (unsigned i = 0; i < n; i++) {
		put_piece(m, &b, s, &pieces[i]);
		worst = pieces[i].origin > worst ? pieces[i].origin : worst;
		if (pieces[i].origin == ORIGIN_OUTSIDE && !record_has(a, ARG_SOURCE))
			record_str(a, ARG_SOURCE, source_name(m, pieces[i].shade));
	}
	record_text(a, ARG_TEXT, arena_copy(&m->scratch, buf_span(&b)));
	buf_done(&b);
	if (n > 1 && worst == ORIGIN_CONSTANT)
		worst = ORIGIN_BUILT;
	put_origin(a, ARG_ORIGIN, worst);
	if (n == 1 && pieces[0].offset_known)
		record_uint(a, ARG_OFFSET, pieces[0].offset);
	for (unsigned i = 0; n > 1 && i < n; i++) {
		struct record *p = child(m, &fwpart_type);
		struct buf t = { .cap = 2 * GUEST_TEXT };
		put_piece(m, &t, s, &pieces[i]);
		record_text(p, PART_TEXT, arena_copy(&m->scratch, buf_span(&t)));
		buf_done(&t);
		put_origin(p, PART_ORIGIN, pieces[i].origin);
		if (pieces[i].offset_known)
			record_uint(p, PART_OFFSET, pieces[i].offset);
		if (pieces[i].origin == ORIGIN_OUTSIDE)
			record_str(p, PART_SOURCE, source_name(m, pieces[i].shade));
		record_add(a, ARG_PARTS, p);
	}
}

static void arg_string(struct writer *w, struct span name, uint64_t addr, struct span s)
{
	struct record *a = begin_arg(w, name);
	put_text(w, a, addr, s);
	struct span t = record_get_text(a, ARG_TEXT);
	struct addr ip;
	if (t.n && t.n < ADDR_TEXT && addr_parse((const char *)t.p, &ip))
		record_addr(a, ARG_ADDRESS, ip);
	end_arg(w, a);
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

static void arg_number(struct writer *w, struct span name, uint64_t v, bool is_signed)
{
	struct record *a = begin_arg(w, name);
	uint8_t source = source_of_number(w->m, v);
	record_int(a, ARG_NUMBER, is_signed ? (int32_t)v : (int64_t)v);
	put_origin(a, ARG_ORIGIN, source ? ORIGIN_OUTSIDE : ORIGIN_CONSTANT);
	if (source)
		record_str(a, ARG_SOURCE, source_name(w->m, source));
	end_arg(w, a);
}

static void arg_descriptor(struct writer *w, struct span name, uint64_t v)
{
	static const char *const kinds[] = { "closed", "standard", "file", "socket", "pipe", "process" };
	struct record *a = begin_arg(w, name);
	record_int(a, ARG_NUMBER, (int32_t)v);
	if (v < KERN_FDS) {
		const struct kern_fd *f = &w->m->kern->fd[v];
		const char *kind = f->kind < ARRAY_LEN(kinds) ? kinds[f->kind] : "?";
		record_str(a, ARG_TEXT, arena_printf(&w->m->scratch, "%s%s%.100s", kind, f->text[0] ? " " : "", f->text));
	}
	end_arg(w, a);
}

/* 1 constant, built …: of the bytes of an address in a structure. */
static enum trace_origin origin_of_bytes(const struct machine *m, uint64_t addr, uint64_t n)
{
	const uint8_t *shades = guest_shades(&m->g, addr, n);
	enum trace_origin worst = ORIGIN_UNKNOWN;
	for (uint64_t i = 0; shades && i < n; i++) {
		enum trace_origin o = origin_of_shade(shades[i]);
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
	return !(v4 & 0xff) || !(in_file(m, bytes, &offset) || in_file(m, span_str(addr_text(addr_v4(v4), text)), &offset));
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
		put_origin(a, ARG_ORIGIN, ORIGIN_UNKNOWN);
		return;
	}
	if (means || (shade = raw) != 0 || (shade = source_behind(m, v4)) != 0) {
		put_origin(a, ARG_ORIGIN, name ? ORIGIN_BUILT : ORIGIN_OUTSIDE);
		record_str(a, ARG_HOST, name);
		record_str(a, ARG_SOURCE, name ? NULL : source_name(m, shade));
		record_str(a, ARG_TEXT, arena_printf(&m->scratch, name ? "%s:%u" : "{%s}:%u",
						       name ? name : source_name(m, shade), port));
		return;
	}
	if (is_pointer(m, span_of(b + 4, 4), v4)) {
		put_origin(a, ARG_ORIGIN, ORIGIN_UNKNOWN);
		return;
	}
	struct addr ip = addr_v4(v4);
	char text[ADDR_TEXT];
	record_addr(a, ARG_ADDRESS, ip);
	record_str(a, ARG_TEXT, arena_printf(&m->scratch, "%s:%u", addr_text(ip, text), port));
	put_origin(a, ARG_ORIGIN, origin_of_bytes(m, p + 4, 4));
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
			return in_file(m, bytes, &offset);
	return shades && (shades[0] == SHADE_COPIED || shades[0] == SHADE_BUILT || in_file(m, bytes, &offset)
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
		put_origin(a, ARG_ORIGIN, ORIGIN_OUTSIDE);
		record_str(a, ARG_TEXT, arena_printf(&m->scratch, "{%s}", source_name(m, shade)));
		return;
	}
	if (!is_whole(m, p + 8, bytes)) {
		put_origin(a, ARG_ORIGIN, ORIGIN_UNKNOWN);
		return;
	}
	record_addr(a, ARG_ADDRESS, ip);
	record_str(a, ARG_TEXT, arena_printf(&m->scratch, "%s", addr_text(ip, text)));
	put_origin(a, ARG_ORIGIN, origin_of_bytes(m, p + 8, 16));
}

/* Only what its family says: stale bytes and paths are no addresses. */
static void arg_sockaddr(struct writer *w, struct span name, uint64_t p)
{
	struct record *a = begin_arg(w, name);
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
	end_arg(w, a);
}

static void arg_vector(struct writer *w, struct span name, uint64_t p)
{
	struct machine *m = w->m;
	unsigned size = m->cpu->wide ? 8 : 4;
	struct record *a = begin_arg(w, name);
	struct buf all = { .cap = 2 * GUEST_TEXT };
	enum trace_origin worst = ORIGIN_UNKNOWN;
	for (unsigned i = 0; i < 32; i++, p += size) {
		uint64_t s = guest_pointer(&m->g, p);
		if (!s)
			break;
		struct record *one = child(m, &fwarg_type);
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
	put_origin(a, ARG_ORIGIN, worst);
	end_arg(w, a);
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
		arg_number(w, name, v, true);
}

/* Walks "name:letter …"; the letters are explained in libc.def. */
static void put_args(struct writer *w, const struct model *model)
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
		case 'i': arg_number(w, name, v, true); break;
		case 'x': arg_number(w, name, v, false); break;
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

/* ---- the record ---- */

static void function_name(struct machine *m, uint32_t addr, struct span *out)
{
	struct function *f = code_function_at(&m->code, addr);
	const struct module *mod = code_module(&m->code, addr);
	if (f && f->name.n)
		*out = f->name;
	else
		*out = span_str(arena_printf(&m->scratch, "sub_%x", addr - (mod ? mod->bias : 0)));
}

void trace_flush(struct machine *m)
{
	struct span s = buf_span(&m->out);
	while (s.n) {
		ssize_t n = write(m->out_fd, s.p, s.n);
		if (n <= 0) {
			m->stopped = "the parent went away";
			break;
		}
		s = span_from(s, (size_t)n);
	}
	m->written += m->out.n;
	buf_reset(&m->out);
}

static void put_record(struct machine *m, const struct record *r)
{
	if (!wire_put(&m->out, &m->registry, r))
		machine_note(m, "a record did not fit the wire");
	if (m->out.n > 1 << 15)
		trace_flush(m);
}

static const char *assumed_text(struct machine *m, const struct assumed *a)
{
	const struct module *mod = code_module(&m->code, a->site);
	uint32_t bias = mod ? mod->bias : 0;
	if (a->text)
		return arena_printf(&m->scratch, "%x: %s", a->site - bias, a->text);
	if (a->call.n)
		return arena_printf(&m->scratch, "%x: goes to %x, after %.*s() = %lld", a->site - bias, a->to - bias,
				    (int)(a->call.n < 60 ? a->call.n : 60), (const char *)a->call.p, (long long)a->result);
	return arena_printf(&m->scratch, "%x: goes to %x", a->site - bias, a->to - bias);
}

static void path_write(struct machine *m, struct path *p)
{
	struct path *todo[64];
	unsigned n = 0;
	for (; p && !p->written && n < ARRAY_LEN(todo); p = p->up)
		todo[n++] = p;
	while (n) {
		p = todo[--n];
		struct record *r = child(m, &fwpath_type);
		const struct module *mod = code_module(&m->code, p->why.site);
		record_text(r, FWP_PROGRAM, m->name);
		record_uint(r, FWP_PATH, p->id);
		if (p->up) {
			record_uint(r, FWP_PARENT, p->up->id);
			record_uint(r, FWP_FORKED, p->forked);
			record_uint(r, FWP_SITE, p->why.site - (mod ? mod->bias : 0));
			record_str(r, FWP_CONDITION, assumed_text(m, &p->why));
		}
		record_text(r, FWP_ROOT, p->root);
		put_record(m, r);
		p->written = true;
	}
}

static void put_context(struct machine *m, struct record *r)
{
	const struct assumed *why[CONDITIONS_MAX];
	unsigned n = 0;
	for (const struct path *p = m->path; p && n < CONDITIONS_MAX; p = p->up)
		if (p->why.site)
			why[n++] = &p->why;
	while (n)
		record_add_text(r, FWC_CONDITIONS, span_str(assumed_text(m, why[--n])));
	const struct frame *chain[CHAIN_MAX];
	for (const struct frame *f = m->call_frame; f && n < CHAIN_MAX; f = f->up)
		chain[n++] = f;
	while (n) {
		struct span name;
		function_name(m, chain[--n]->function, &name);
		record_add_text(r, FWC_CHAIN, name);
	}
	struct span lines[CODE_LINES];
	unsigned k = code_text(&m->code, m->call_site, &m->scratch, lines, CODE_LINES);
	for (unsigned i = 0; i < k; i++)
		record_add_text(r, FWC_CODE, lines[i]);
}

static struct record *begin_call(struct machine *m, uint32_t site, struct span callee, enum trace_class class)
{
	arena_reset(&m->scratch);
	struct record *r = child(m, &fwcall_type);
	const struct module *mod = code_module(&m->code, site);
	struct span name;
	record_text(r, FWC_PROGRAM, m->name);
	function_name(m, m->call_function, &name);
	record_text(r, FWC_FUNCTION, name);
	record_uint(r, FWC_ENTRY, m->call_function - (mod ? mod->bias : 0));
	record_uint(r, FWC_SITE, site - (mod ? mod->bias : 0));
	if (mod && mod != &m->code.modules[0])
		record_text(r, FWC_MODULE, mod->name);
	record_text(r, FWC_CALLEE, callee);
	record_str(r, FWC_CLASS, call_class_name(class));
	record_uint(r, FWC_PATH, m->path->id);
	return r;
}

static void end_call(struct machine *m, struct record *r, uint32_t hash)
{
	uint32_t times = addrmap_get(&m->written_calls, hash | 1);
	m->order++;
	if (times >= REPEATS)
		return;
	addrmap_put(&m->written_calls, hash | 1, times + 1);
	record_uint(r, FWC_REPEAT, times);
	record_uint(r, FWC_ORDER, m->order);
	put_context(m, r);
	path_write(m, m->path);
	put_record(m, r);
	m->ncalls++;
}

static struct span first_name(const struct model *model)
{
	struct rd r = rd_of(span_str(model->names));
	struct span s;
	return rd_until(&r, ' ', &s) ? s : span_str(model->names);
}

/* What was compared piece by piece comes before the call that follows. */
static void call_pending(struct machine *m)
{
	uint32_t site = m->call_site, function = m->call_function;
	const struct frame *frame = m->call_frame;
	compare_flush(m);
	m->call_site = site;
	m->call_function = function;
	m->call_frame = frame;
}

void call_write(struct machine *m, const struct model *model, const char *callee, uint64_t result)
{
	struct span name = callee ? span_str(callee) : m->callee.n ? m->callee : first_name(model);
	call_pending(m);
	struct record *r = begin_call(m, m->call_site, name, model->class);
	struct writer w = { m, r, m->call_site * 2654435761u };
	hash_text(&w, name);
	put_args(&w, model);
	record_int(r, FWC_RESULT, (int32_t)result);
	end_call(m, r, w.hash);
}

static struct record *begin_compare(struct machine *m, struct writer *w, uint32_t site, uint8_t shade, const char *how)
{
	m->call_function = m->frame ? m->frame->function : 0;
	m->call_frame = m->frame;
	m->call_site = site;
	struct record *r = begin_call(m, site, span_str(how), CALL_COMPARE);
	*w = (struct writer){ m, r, site * 2654435761u };
	struct record *a = begin_arg(w, SPAN_LIT("outside"));
	record_str(a, ARG_TEXT, arena_printf(&m->scratch, "{%s}", source_name(m, shade)));
	put_origin(a, ARG_ORIGIN, ORIGIN_OUTSIDE);
	record_str(a, ARG_SOURCE, source_name(m, shade));
	end_arg(w, a);
	return r;
}

void call_compare(struct machine *m, uint32_t site, int64_t value, uint8_t shade, const char *how)
{
	struct writer w;
	struct record *r = begin_compare(m, &w, site, shade, how);
	arg_number(&w, SPAN_LIT("constant"), (uint64_t)value, false);
	end_call(m, r, w.hash);
}

void call_compare_kind(struct machine *m, uint32_t site, uint8_t shade)
{
	struct writer w;
	struct record *r = begin_compare(m, &w, site, shade, "characters");
	end_call(m, r, w.hash);
}

void call_compare_text(struct machine *m, uint32_t site, struct span text, uint8_t shade)
{
	struct writer w;
	struct record *r = begin_compare(m, &w, site, shade, "compare");
	struct record *a = begin_arg(&w, SPAN_LIT("constant"));
	uint64_t offset;
	record_text(a, ARG_TEXT, arena_copy(&m->scratch, text));
	put_origin(a, ARG_ORIGIN, ORIGIN_CONSTANT);
	if (in_file(m, text, &offset))
		record_uint(a, ARG_OFFSET, offset);
	end_arg(&w, a);
	end_call(m, r, w.hash);
}

static unsigned functions_reached(struct machine *m)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < m->code.nfunctions; i++)
		n += m->code.functions[i].reached || code_flags(&m->code, m->code.functions[i].addr) & CODE_RUN;
	return n;
}

void trace_function(struct machine *m, const struct function *f, uint32_t instructions, const char *digest)
{
	char name[24];
	uint32_t entry = f->addr - m->code.modules[0].bias;
	snprintf(name, sizeof(name), "sub_%x", entry);
	arena_reset(&m->scratch);
	struct record *r = child(m, &fwfunction_type);
	record_text(r, FWN_PROGRAM, m->name);
	record_text(r, FWN_FUNCTION, f->name.n ? f->name : span_str(name));
	record_bool(r, FWN_NAMED, f->name.n != 0);
	record_uint(r, FWN_ENTRY, entry);
	record_uint(r, FWN_INSTRUCTIONS, instructions);
	record_str(r, FWN_DIGEST, digest);
	put_record(m, r);
}

void trace_end(struct machine *m)
{
	arena_reset(&m->scratch);
	struct record *r = child(m, &fwtrace_type);
	record_text(r, FWT_PROGRAM, m->name);
	record_str(r, FWT_CPU, m->cpu ? m->cpu->name : elf_machine_name(m->code.modules[0].elf.machine));
	record_str(r, FWT_LINKED, m->code.modules[0].elf.nneeded || m->code.modules[0].elf.interp.n ? "dynamic" : "static");
	record_uint(r, FWT_FUNCTIONS, m->code.nfunctions);
	record_uint(r, FWT_FUNCTIONS_REACHED, functions_reached(m));
	record_uint(r, FWT_BLOCKS, m->code.blocks);
	record_uint(r, FWT_BLOCKS_REACHED, m->code.blocks_run);
	record_uint(r, FWT_INSTRUCTIONS, m->instructions);
	record_uint(r, FWT_PATHS, m->npaths);
	record_uint(r, FWT_CALLS, m->ncalls);
	record_str(r, FWT_STOPPED, m->stopped);
	if (m->code.unkept)
		machine_note(m, "more code than is looked into: %u blocks and instructions were left out", m->code.unkept);
	for (unsigned i = 0; i < m->nunknown; i++)
		record_add_text(r, FWT_UNKNOWN, m->unknown[i]);
	for (unsigned i = 0; i < m->nnotes; i++)
		record_add_text(r, FWT_NOTES, m->notes[i]);
	put_record(m, r);
	trace_flush(m);
}
