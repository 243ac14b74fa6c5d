/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of ELF members and their libraries; ld.so(8) for where these are looked for, except that an image may
 * keep them in any folder: start-up scripts set LD_LIBRARY_PATH. */
#include "fw/model/binary.h"

enum { ELF_ARENA = 64 << 20, HINT_MOST = 256 };

struct named {                                   /* a name under which a library may be asked for */
	struct span name;
	uint32_t member;
};

struct linker {
	struct binaries *b;
	const struct members *m;
	const struct paths *p;
	struct named *names;                     /* by name, then by member */
	uint32_t n, room;
};

static struct span base_of(struct span path)
{
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	return slash ? span_from(path, (size_t)(slash + 1 - path.p)) : path;
}

static struct span *copy_list(struct arena *a, const struct span *v, unsigned n)
{
	struct span *out = n ? arena_new(a, n * sizeof(*out)) : NULL;
	for (unsigned i = 0; out && i < n; i++)
		out[i] = arena_copy(a, span_cut(v[i], HINT_MOST));
	return out;
}

void binaries_add(struct binaries *b, uint32_t member, struct span content, struct arena *a)
{
	struct arena own;
	struct elf e;
	if (!span_starts(content, SPAN_LIT("\177ELF")))
		return;
	if (b->n == BINARIES_MAX) {
		b->cut = true;
		return;
	}
	arena_init(&own, ELF_ARENA);
	if (elf_read(content, &own, &e)) {
		if (b->n == b->room) {
			b->room = b->room ? 2 * b->room : 64;
			b->v = mem_grow(b->v, b->room, sizeof(*b->v));
		}
		unsigned needed = e.nneeded < BINARY_NEEDED ? e.nneeded : BINARY_NEEDED;
		struct binary x = {
			.member = member, .machine = e.machine, .type = e.type, .wide = e.wide, .big = e.big, .stripped = e.stripped,
			.dwarf = e.dwarf, .nx = e.nx, .pie = e.pie, .canary = e.canary, .fortify = e.fortify, .relro = e.relro,
			.damaged = e.damaged || needed < e.nneeded, .interp = arena_copy(a, span_cut(e.interp, HINT_MOST)),
			.soname = arena_copy(a, span_cut(e.soname, HINT_MOST)),
			.runpath = arena_copy(a, span_cut(e.runpath.n ? e.runpath : e.rpath, HINT_MOST)),
			.build_id = arena_copy(a, e.build_id), .needed = copy_list(a, e.needed, needed),
			.found = needed ? arena_new(a, needed * sizeof(uint32_t)) : NULL, .compilers = copy_list(a, e.notes, e.nnotes) };
		x.nneeded = x.needed && x.found ? needed : 0;
		x.ncompilers = x.compilers ? e.nnotes : 0;
		b->v[b->n++] = x;
	}
	arena_done(&own);
}

static struct binary *binary_of(const struct binaries *b, uint32_t member)
{
	uint32_t low = 0, high = b->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		low = b->v[mid].member < member ? mid + 1 : low;
		high = b->v[mid].member < member ? high : mid;
	}
	return low < b->n && b->v[low].member == member ? &b->v[low] : NULL;
}

/* ---- by name ---- */

static int by_name(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
	int c = n ? memcmp(a->name.p, b->name.p, n) : 0;
	if (c == 0)
		c = (a->name.n > b->name.n) - (a->name.n < b->name.n);
	return c ? c : (a->member > b->member) - (a->member < b->member);
}

static void name_add(struct linker *l, struct span name, uint32_t member)
{
	if (!name.n)
		return;
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 256;
		l->names = mem_grow(l->names, l->room, sizeof(*l->names));
	}
	l->names[l->n++] = (struct named){ name, member };
}

/* A library answers to its file's name, to its soname, and to the names of links to it. */
static void names_gather(struct linker *l)
{
	for (uint32_t i = 0; i < l->b->n; i++) {
		const struct binary *x = &l->b->v[i];
		if (x->type != ELF_DYN)
			continue;
		name_add(l, base_of(l->m->v[x->member].path), x->member);
		name_add(l, x->soname, x->member);
	}
	for (uint32_t i = 0; i < l->m->n; i++) {
		const struct member *f = &l->m->v[i];
		bool is_link = f->type == MEMBER_SYMLINK || f->type == MEMBER_HARDLINK;
		if (!is_link || !memmem(f->path.p, f->path.n, ".so", 3))
			continue;
		uint32_t real = paths_find(l->p, (struct root){ .container = f->container }, f->path);
		if (real != NONE && binary_of(l->b, real))
			name_add(l, base_of(f->path), real);
	}
	if (l->n)
		qsort(l->names, l->n, sizeof(*l->names), by_name);
}

static bool fits(const struct linker *l, const struct binary *x, uint32_t member)
{
	const struct binary *y = member == NONE ? NULL : binary_of(l->b, member);
	return y && y != x && y->type == ELF_DYN && y->machine == x->machine && y->wide == x->wide && y->big == x->big;
}

/* Its own file system before others. */
static uint32_t anywhere(const struct linker *l, const struct binary *x, struct span name)
{
	const struct named key = { name, 0 };
	uint32_t low = 0, high = l->n, found = NONE, here = l->m->v[x->member].container;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		bool before = by_name(&l->names[mid], &key) < 0;
		low = before ? mid + 1 : low;
		high = before ? high : mid;
	}
	for (; low < l->n && span_eq(l->names[low].name, name); low++) {
		uint32_t member = l->names[low].member;
		if (!fits(l, x, member))
			continue;
		if (l->m->v[member].container == here)
			return member;
		found = found == NONE ? member : found;
	}
	return found;
}

/* ---- by folder ---- */

static uint32_t in_folder(const struct linker *l, const struct binary *x, struct span folder, struct span name)
{
	struct span origin = span_cut(l->m->v[x->member].path, l->m->v[x->member].path.n - base_of(l->m->v[x->member].path).n);
	static const char *const marks[] = { "$ORIGIN", "${ORIGIN}" };
	struct buf b = { .cap = MEMBER_PATH };
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (span_starts(folder, span_str(marks[i]))) {
			buf_bytes(&b, origin);
			folder = span_from(folder, strlen(marks[i]));
			break;
		}
	buf_bytes(&b, folder);
	buf_text(&b, "/");
	buf_bytes(&b, name);
	uint32_t found = paths_find(l->p, (struct root){ .container = l->m->v[x->member].container }, buf_span(&b));
	buf_done(&b);
	return fits(l, x, found) ? found : NONE;
}

static uint32_t find(const struct linker *l, const struct binary *x, struct span name)
{
	static const char *const folders[] = { "lib", "usr/lib", "lib64", "usr/lib64", "lib32", "usr/lib32", "usr/local/lib" };
	if (memchr(name.p, '/', name.n)) {
		uint32_t found = paths_find(l->p, (struct root){ .container = l->m->v[x->member].container }, name);
		return fits(l, x, found) ? found : NONE;
	}
	struct rd run = rd_of(x->runpath);
	uint32_t found = NONE;
	while (found == NONE && rd_left(&run)) {
		struct span folder = rd_piece(&run, ':');
		found = in_folder(l, x, folder, name);
	}
	for (size_t i = 0; found == NONE && i < ARRAY_LEN(folders); i++)
		found = in_folder(l, x, span_str(folders[i]), name);
	return found == NONE ? anywhere(l, x, name) : found;
}

void binaries_link(struct binaries *b, const struct members *m, const struct paths *p)
{
	struct linker l = { .b = b, .m = m, .p = p };
	names_gather(&l);
	for (uint32_t i = 0; i < b->n; i++)
		for (unsigned k = 0; k < b->v[i].nneeded; k++)
			b->v[i].found[k] = b->v[i].needed[k].n ? find(&l, &b->v[i], b->v[i].needed[k]) : NONE;
	free(l.names);
}

unsigned binaries_closure(const struct binaries *b, uint32_t i, uint32_t out[BINARY_CLOSURE])
{
	const struct binary *x = &b->v[i];
	unsigned n = 0, at = 0;
	do {
		for (unsigned k = 0; x && k < x->nneeded && n < BINARY_CLOSURE; k++) {
			bool is_new = x->found[k] != NONE && x->found[k] != b->v[i].member;
			for (unsigned j = 0; j < n && is_new; j++)
				is_new = out[j] != x->found[k];
			if (is_new)
				out[n++] = x->found[k];
		}
		x = at < n ? binary_of(b, out[at]) : NULL;
	} while (at++ < n);
	return n;
}

void binaries_done(struct binaries *b)
{
	free(b->v);
	*b = (struct binaries){ 0 };
}

/* ---- records ---- */

static const struct field binary_fields[] = {
	[BIN_WHERE] = { "where", F_TEXT, "the way to it: input, then offset and format, then member, and so on" },
	[BIN_CPU] = { "cpu", F_TEXT, "processor: arm, aarch64, mips, i386, x86-64, powerpc …" },
	[BIN_BITS] = { "bits", F_UINT, "32 or 64" },
	[BIN_ORDER] = { "order", F_TEXT, "big or little: the order of its bytes" },
	[BIN_TYPE] = { "type", F_TEXT, "program, shared object, object file or core" },
	[BIN_LOADER] = { "loader", F_TEXT, "the loader it asks for; unset: none" },
	[BIN_SONAME] = { "soname", F_TEXT, "the name a library gives itself" },
	[BIN_NEEDED] = { "needed", F_TEXTS, "libraries it asks for" },
	[BIN_LIBRARIES] = { "libraries", F_TEXTS, "the way to those of them that are in the image" },
	[BIN_MISSING] = { "missing", F_TEXTS, "those that are not" },
	[BIN_BUILD_ID] = { "build_id", F_TEXT, "build id, in hexadecimal" },
	[BIN_COMPILERS] = { "compilers", F_TEXTS, "what its compilers noted in it" },
	[BIN_STRIPPED] = { "stripped", F_BOOL, "holds no table of its own symbols" },
	[BIN_DEBUG] = { "debug", F_BOOL, "holds debugging information (DWARF)" },
	[BIN_NX] = { "nx", F_BOOL, "asks for a stack that is not executable" },
	[BIN_PIE] = { "pie", F_BOOL, "can be loaded at any address" },
	[BIN_RELRO] = { "relro", F_TEXT, "none, partial or full: tables of addresses that become read-only" },
	[BIN_CANARY] = { "canary", F_BOOL, "functions check their stack" },
	[BIN_FORTIFY] = { "fortify", F_BOOL, "calls checked variants of library functions" },
	[BIN_DAMAGED] = { "damaged", F_BOOL, "a table of it lies or was cut" },
};
RECORD_TYPE(binary_type, "binary", "A program or library inside an image: how it was built, and what it is linked with",
	    binary_fields);

static const struct field linked_fields[] = {
	[LNK_PROGRAM] = { "program", F_UINT, "number of a member" },
	[LNK_LIBRARY] = { "library", F_UINT, "number of the member of a library that it loads" },
};
const struct record_type linked_type = {
	.name = "linked", .doc = "Which library of an image a program loads", .fields = linked_fields,
	.nfields = ARRAY_LEN(linked_fields), .working = true };

static struct span where(const struct members *m, uint32_t member, struct arena *a)
{
	struct buf b = { 0 };
	member_where(m, member, &b);
	struct span s = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return s;
}

static void build_record(const struct binary *x, struct record *r, const struct record_host *h)
{
	static const char *const relro[] = { [RELRO_NONE] = "none", [RELRO_PARTIAL] = "partial", [RELRO_FULL] = "full" };
	struct buf id = { 0 };
	for (size_t i = 0; i < x->build_id.n; i++)
		buf_printf(&id, "%02x", x->build_id.p[i]);
	record_text(r, BIN_BUILD_ID, arena_copy(h->arena, buf_span(&id)));
	buf_done(&id);
	for (unsigned i = 0; i < x->ncompilers; i++)
		record_add_text(r, BIN_COMPILERS, x->compilers[i]);
	record_bool(r, BIN_STRIPPED, x->stripped);
	record_bool(r, BIN_DEBUG, x->dwarf);
	if (x->type != ELF_EXEC && x->type != ELF_DYN)
		return;                          /* the rest is the linker's work */
	record_bool(r, BIN_NX, x->nx);
	record_bool(r, BIN_PIE, x->pie);
	record_str(r, BIN_RELRO, relro[x->relro]);
	record_bool(r, BIN_CANARY, x->canary);
	record_bool(r, BIN_FORTIFY, x->fortify);
}

void binary_record(const struct binaries *b, uint32_t i, const struct members *m, struct record *r,
		   const struct record_host *h)
{
	static const char *const types[] = { NULL, "object file", "program", "shared object", "core" };
	const struct binary *x = &b->v[i];
	record_begin(r, &binary_type, NULL, h);
	record_text(r, BIN_WHERE, where(m, x->member, h->arena));
	record_str(r, BIN_CPU, elf_machine_name(x->machine));
	record_uint(r, BIN_BITS, x->wide ? 64 : 32);
	record_str(r, BIN_ORDER, x->big ? "big" : "little");
	const char *type = x->type < ARRAY_LEN(types) ? types[x->type] : NULL;
	record_str(r, BIN_TYPE, x->type == ELF_DYN && x->interp.n ? "program" : type);
	record_text(r, BIN_LOADER, x->interp);
	record_text(r, BIN_SONAME, x->soname);
	for (unsigned k = 0; k < x->nneeded; k++) {
		record_add_text(r, BIN_NEEDED, x->needed[k]);
		if (x->found[k] == NONE)
			record_add_text(r, BIN_MISSING, x->needed[k]);
		else
			record_add_text(r, BIN_LIBRARIES, where(m, x->found[k], h->arena));
	}
	build_record(x, r, h);
	if (x->damaged)
		record_bool(r, BIN_DAMAGED, true);
}
