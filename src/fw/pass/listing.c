/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts come from fw/model/strings.h, references from its refer.h, calls from the trace. In code only what something
 * refers to is a text; symbol tables and debugging sections, which no program reads, are left out. */
#include "fw/pass/listing.h"


#include "base/scope.h"
#include "base/utf8.h"
#include "fw/flow/trace.h"
#include "fw/model/elf.h"
#include "fw/model/file.h"
#include "fw/model/refer.h"
#include "fw/pass/aloud.h"
#include "fw/pass/scene.h"

enum {
	TEXTS_FILE = 1 << 18,
	USES_FILE = 1 << 18,
	SECTIONS_LOOKED = 256,
	ARENA_FILE = 256 << 20,
	SHORT_SECRET = 4,
	SHF_ALLOC_ = 2,
	SHF_EXECINSTR_ = 4,
	SHT_PROGBITS_ = 1,
	SHT_STRTAB_ = 3,
	SHT_NOBITS_ = 8,
	HASH_LEAST = 20,
	DES_HASH = 13
};

/* ---- what may be said ---- */

static bool is_of(uint8_t c, const char *more)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr(more, c));
}

static size_t run_of(struct span s, const char *more)
{
	size_t n = 0;
	while (n < s.n && is_of(s.p[n], more))
		n++;
	return n;
}

/* $6$salt$hash (crypt(5)): a scheme of a few letters, and two more parts; the run up to anything else. */
static size_t hash_at(struct span s, bool starts_word)
{
	size_t scheme = s.n && s.p[0] == '$' ? run_of(span_from(s, 1), "") : 0, n = run_of(s, "$./,=");
	if (!starts_word || !scheme || scheme > 4 || n < HASH_LEAST || s.p[1 + scheme] != '$')
		return 0;
	return memchr(s.p + 2 + scheme, '$', n - 2 - scheme) ? n : 0;
}

/* name:hash: of passwd(5), with a hash of DES. */
static size_t des_at(struct span s, bool behind_colon)
{
	return behind_colon && run_of(s, "./") == DES_HASH && s.n > DES_HASH && s.p[DES_HASH] == ':' ? DES_HASH : 0;
}

/* scheme://user:PASSWORD@host (RFC 3986 3.2.1); s begins behind the colon. */
static size_t userinfo_at(struct span before, struct span s)
{
	size_t user = 0, n = 0;
	while (user < before.n && !strchr("/@ :", before.p[before.n - 1 - user]))
		user++;
	bool is_url = user && before.n >= user + 3 && span_starts(span_from(before, before.n - user - 3), SPAN_LIT("://"));
	while (is_url && n < s.n && s.p[n] > ' ' && !strchr("@/\"'", s.p[n]))
		n++;
	return n && n < s.n && s.p[n] == '@' && s.p[0] != '%' ? n : 0;
}

/* A word for a secret at the front of s; its length. */
static size_t word_at(struct span s)
{
	static const char *const words[] = { "password", "passwd", "passphrase", "passwort", "pwd", "secret", "psk", "pass" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (s.n > strlen(words[i]) && strncasecmp((const char *)s.p, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

/* The word stands in an option, --http-password x, or is the command of RFC 959 with its one argument. */
static bool is_before_blank(struct span text, size_t at, size_t n)
{
	size_t start = at;
	while (start && text.p[start - 1] > ' ')
		start--;
	struct span rest = span_from(text, at + n);
	return text.p[start] == '-' || (at == 0 && n == 4 && rest.n > 1 && !memchr(rest.p + 1, ' ', rest.n - 1));
}

/* "password": "x", <psk>x</psk>, admin_pwd = x, --password x: how far from `at` the value begins; 0: no such thing. */
static size_t value_after(struct span text, size_t at, size_t *length)
{
	struct span s = span_from(text, at);
	size_t n = word_at(s), value, end;
	if (!n)
		return 0;
	for (value = n; value < s.n && strchr("\"' ", s.p[value]); value++)
		;
	if (value < s.n && strchr(":=>", s.p[value]))
		value++;
	else if (value == n || s.p[n] != ' ' || !is_before_blank(text, at, n))
		return 0;
	while (value < s.n && strchr("\"' \t", s.p[value]))
		value++;
	for (end = value; end < s.n && !strchr("\"'<,;& \t", s.p[end]); end++)
		;
	if (end == value || strchr("%$/*{", s.p[value]))
		return 0;                        /* a form to be filled in, a path, a variable */
	*length = end - value;
	return value;
}

static size_t known_at(struct span s, const struct span *secrets, unsigned n, bool whole)
{
	for (unsigned i = 0; i < n; i++)
		if ((whole && span_eq(s, secrets[i])) || (secrets[i].n >= SHORT_SECRET && span_starts(s, secrets[i])))
			return secrets[i].n;
	return 0;
}

static size_t secret_at(struct span text, size_t at, const struct span *secrets, unsigned nsecrets, const char **why)
{
	struct span s = span_from(text, at), before = span_cut(text, at);
	bool behind_colon = at && text.p[at - 1] == ':';
	size_t n = known_at(s, secrets, nsecrets, at == 0);
	if (n) {
		*why = "a credential";
		return n;
	}
	n = hash_at(s, !at || !is_of(text.p[at - 1], "./"));
	n = n ? n : des_at(s, behind_colon);
	if (n) {
		*why = "the hash of a password";
		return n;
	}
	n = behind_colon ? userinfo_at(span_cut(before, at - 1), s) : 0;
	*why = n ? "a password" : *why;
	return n;
}

struct span listing_aloud(struct span text, const struct span *secrets, unsigned nsecrets, struct arena *a,
			  const char **why)
{
	struct buf b = { .cap = 2 * TEXT_MAX };
	for (size_t i = 0; i < text.n;) {
		size_t n = secret_at(text, i, secrets, nsecrets, why), at = n ? 0 : value_after(text, i, &n);
		if (at)
			*why = "a password";
		buf_bytes(&b, span_cut(span_from(text, i), at));
		if (n)
			buf_text(&b, "***");
		else
			buf_u8(&b, text.p[i]);
		i += at + (n ? n : 1);
	}
	struct span blanked = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return blanked;
}

/* A segment about a patient (HL7 v2 chapter 3.4) with values in it, not the form of one. */
static bool is_about_patient(struct span text)
{
	static const char *const segments[] = { "PID|", "NK1|", "GT1|", "IN1|" };
	for (size_t i = 0; i < ARRAY_LEN(segments); i++)
		if (span_has(text, segments[i]) && !memchr(text.p, '%', text.n))
			return true;
	return false;
}

/* ---- one file ---- */

struct entry {
	struct string s;
	uint64_t address;
	struct span section;
	bool addressed, code, withheld;
};

struct usage {
	uint32_t entry;
	uint64_t site;
	struct span function, callee, argument;
	bool table;
};

struct page {                                    /* what is known of one file */
	const struct scene *scene;
	const struct scene_file *file;
	const struct scene_program *program;     /* NULL: not executed */
	struct elf elf;
	bool is_elf;
	struct entry *v;
	uint32_t n, room;
	struct usage *uses;
	uint32_t nuses, uses_room;
	struct span secrets[SECRETS_LISTED];
	unsigned nsecrets;
	struct key keys[KEYS_MAX];
	unsigned nkeys;
	struct arena arena;
};

static const struct elf_section *section_at(const struct elf *e, uint64_t offset)
{
	for (unsigned i = 0; i < e->nsections && i < SECTIONS_LOOKED; i++) {
		const struct elf_section *s = &e->sections[i];
		if (s->type != SHT_NOBITS_ && s->size && offset >= s->offset && offset - s->offset < s->size)
			return s;
	}
	return NULL;
}

static const struct elf_segment *segment_at(const struct elf *e, uint64_t offset)
{
	for (unsigned i = 0; i < e->nsegments; i++) {
		const struct elf_segment *g = &e->segments[i];
		if (g->type == 1 && offset >= g->offset && offset - g->offset < g->filesz)
			return g;
	}
	return NULL;
}

/* False: in a part of the file that no program reads. */
static bool place(struct page *p, struct entry *t)
{
	static const char *const rights[] = { "---", "--x", "-w-", "-wx", "r--", "r-x", "rw-", "rwx" };
	if (!p->is_elf)
		return true;
	const struct elf_section *s = section_at(&p->elf, t->s.offset);
	const struct elf_segment *g = segment_at(&p->elf, t->s.offset);
	if (p->elf.nsections && (!s || (!(s->flags & SHF_ALLOC_) && !span_is(s->name, ".comment"))))
		return false;
	if (s && s->type != SHT_PROGBITS_ && s->type != SHT_STRTAB_)
		return false;                    /* tables of numbers */
	t->section = s ? s->name : g ? span_str(rights[g->flags & 7]) : (struct span){ 0 };
	t->code = s && s->flags & SHF_EXECINSTR_;
	uint64_t end = t->s.offset + t->s.bytes.n;
	if (t->code && (end >= p->file->content.n || p->file->content.p[end] != 0))
		return false;                    /* instructions that happen to be letters */
	t->addressed = g != NULL && (!s || s->flags & SHF_ALLOC_);
	t->address = g ? g->addr + (t->s.offset - g->offset) : 0;
	return true;
}

static void read_texts(struct page *p, unsigned least)
{
	struct strings in = { .s = p->file->content, .least = least };
	struct entry t = { 0 };
	while (p->n < TEXTS_FILE && strings_next(&in, &t.s)) {
		struct entry one = { .s = t.s };
		if (!place(p, &one))
			continue;
		if (p->n == p->room) {
			p->room = p->room ? 2 * p->room : 256;
			p->v = mem_grow(p->v, p->room, sizeof(*p->v));
		}
		p->v[p->n++] = one;
	}
}

static void add_use(struct page *p, struct usage u)
{
	if (p->nuses == USES_FILE)
		return;
	if (p->nuses == p->uses_room) {
		p->uses_room = p->uses_room ? 2 * p->uses_room : 256;
		p->uses = mem_grow(p->uses, p->uses_room, sizeof(*p->uses));
	}
	p->uses[p->nuses++] = u;
}

/* ---- what refers to it ---- */

static uint32_t entry_at(const struct page *p, uint64_t offset)
{
	uint32_t low = 0, high = p->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (p->v[mid].s.offset <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low && offset - p->v[low - 1].s.offset < p->v[low - 1].s.bytes.n ? low - 1 : NONE;
}

static void note_argument(struct page *p, const struct record *call, const struct record *arg, uint64_t offset)
{
	uint32_t entry = entry_at(p, offset);
	if (entry == NONE)
		return;
	add_use(p, (struct usage){ .entry = entry, .site = record_get_uint(call, FWC_SITE),
				   .function = record_get_text(call, FWC_FUNCTION), .callee = record_get_text(call, FWC_CALLEE),
				   .argument = record_get_text(arg, ARG_NAME) });
}

static void read_call(struct page *p, const struct record *call)
{
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	if (record_has(call, FWC_MODULE))        /* its offsets are those of a library */
		return;
	for (uint32_t i = 0; i < args.n; i++) {
		const struct record *arg = args.v[i];
		struct records parts = record_has(arg, ARG_PARTS) ? arg->v[ARG_PARTS].records : (struct records){ 0 };
		if (record_has(arg, ARG_OFFSET))
			note_argument(p, call, arg, record_get_uint(arg, ARG_OFFSET));
		for (uint32_t k = 0; k < parts.n; k++)
			if (record_has(parts.v[k], PART_OFFSET))
				note_argument(p, call, arg, record_get_uint(parts.v[k], PART_OFFSET));
	}
}

struct function {
	uint64_t entry, end;                     /* end 0: up to the next */
	struct span name;
};

static int by_entry(const void *a, const void *b)
{
	const struct function *x = a, *y = b;
	return (x->entry > y->entry) - (x->entry < y->entry);
}

/* As executing found them, else as the symbols say. */
static struct function *functions_of(const struct page *p, uint32_t *n)
{
	uint32_t most = p->program && p->program->nfunctions ? p->program->nfunctions : p->elf.nsymbols;
	struct function *v = mem_array(most + 1u, sizeof(*v));
	*n = 0;
	for (uint32_t i = 0; p->program && i < p->program->nfunctions; i++)
		v[(*n)++] = (struct function){ record_get_uint(p->program->functions[i], FWN_ENTRY), 0,
					       record_get_text(p->program->functions[i], FWN_FUNCTION) };
	for (unsigned i = 0; !(p->program && p->program->nfunctions) && i < p->elf.nsymbols; i++) {
		const struct elf_symbol *y = &p->elf.symbols[i];
		uint64_t thumb = p->elf.machine == EM_ARM_ ? y->value & 1 : 0;
		if (y->defined && y->type == SYM_FUNC && y->name.n)
			v[(*n)++] = (struct function){ y->value - thumb, y->value + y->size, y->name };
	}
	if (*n)
		qsort(v, *n, sizeof(*v), by_entry);
	return v;
}

static struct span function_at(const struct function *v, uint32_t n, uint64_t addr)
{
	uint32_t low = 0, high = n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (v[mid].entry <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && (!v[low - 1].end || addr < v[low - 1].end) ? v[low - 1].name : (struct span){ 0 };
}

static int by_address(const void *a, const void *b)
{
	const struct target *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static void read_references(struct page *p)
{
	struct target *targets = mem_array(p->n + 1u, sizeof(*targets));
	struct references found;
	uint32_t n = 0, nfunctions;
	struct function *functions = functions_of(p, &nfunctions);
	for (uint32_t i = 0; i < p->n; i++)
		if (p->v[i].addressed)
			targets[n++] = (struct target){ p->v[i].address, p->v[i].s.bytes.n };
	if (n)
		qsort(targets, n, sizeof(*targets), by_address);
	references_find(&p->elf, targets, n, &found);
	for (uint32_t i = 0; i < found.n; i++) {
		const struct reference *r = &found.v[i];
		uint64_t offset;
		uint32_t entry = elf_offset(&p->elf, targets[r->target].at, &offset) ? entry_at(p, offset) : NONE;
		if (entry != NONE)
			add_use(p, (struct usage){ .entry = entry, .site = r->from, .table = !r->code,
						   .function = r->code ? function_at(functions, nfunctions, r->from) : (struct span){ 0 } });
	}
	references_done(&found);
	free(functions);
	free(targets);
}

static int compare_spans(struct span a, struct span b)
{
	int c = a.n && b.n ? memcmp(a.p, b.p, a.n < b.n ? a.n : b.n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Calls before code before tables. */
static int by_use(const void *a, const void *b)
{
	const struct usage *x = a, *y = b;
	if (x->entry != y->entry)
		return x->entry < y->entry ? -1 : 1;
	if (!x->callee.n != !y->callee.n)
		return x->callee.n ? -1 : 1;
	if (x->table != y->table)
		return x->table - y->table;
	if (x->site != y->site)
		return x->site < y->site ? -1 : 1;
	int c = compare_spans(x->callee, y->callee);
	return c ? c : compare_spans(x->argument, y->argument);
}

/* What a call says need not be said again by the instruction that fetches the address for it. */
static bool is_told(const struct usage *v, uint32_t n, const struct usage *u)
{
	for (uint32_t i = 0; i < n; i++)
		if ((v[i].site == u->site && span_eq(v[i].callee, u->callee) && span_eq(v[i].argument, u->argument)) ||
		    (!u->callee.n && !u->table && v[i].callee.n && u->function.n && span_eq(v[i].function, u->function)))
			return true;
	return false;
}

static uint32_t distinct_uses(const struct usage *v, uint32_t n, struct usage out[LISTING_USES], uint32_t *dropped)
{
	uint32_t kept = 0;
	*dropped = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (is_told(out, kept, &v[i]))
			continue;
		if (kept == LISTING_USES)
			++*dropped;
		else
			out[kept++] = v[i];
	}
	return kept;
}

/* ---- saying it ---- */

static struct span as_utf8(const struct string *s, struct arena *a)
{
	struct buf b = { .cap = TEXT_MAX };
	bool big = s->form == STRING_UTF16BE;
	if (s->form == STRING_ASCII || s->form == STRING_UTF8)
		return s->bytes;
	struct rd r = rd_of(s->bytes);
	while (rd_left(&r) >= 2)
		utf8_put(&b, big ? rd_be16(&r) : rd_le16(&r));
	struct span out = arena_copy(a, buf_span(&b));
	buf_done(&b);
	return out;
}

/* Up to n bytes, without half a character at the end. */
static struct span cut_utf8(struct span s, size_t n)
{
	if (s.n <= n)
		return s;
	while (n && (s.p[n] & 0xc0) == 0x80)
		n--;
	return span_cut(s, n);
}

static bool is_in_key(const struct page *p, const struct string *s)
{
	for (unsigned i = 0; i < p->nkeys; i++)
		if (strcmp(p->keys[i].what, "private key") == 0 && s->offset < p->keys[i].offset + p->keys[i].length &&
		    s->offset + s->bytes.n > p->keys[i].offset)
			return true;
	return false;
}

static void put_text(const struct page *p, const struct entry *t, struct record *r, const struct record_host *host)
{
	const char *why = NULL;
	struct span text = span_cut(as_utf8(&t->s, host->arena), TEXT_MAX);
	if (is_in_key(p, &t->s))
		why = "a private key";
	else if (is_about_patient(text))
		why = "what may be about a patient";
	text = why ? SPAN_LIT("***") : listing_aloud(text, p->secrets, p->nsecrets, host->arena, &why);
	record_text(r, TXT_TEXT, cut_utf8(text, LISTING_TEXT));
	record_str(r, TXT_WITHHELD, why);
}

static void put_use(const struct usage *u, struct record *r, const struct record_host *host)
{
	struct record *use = arena_new(host->arena, sizeof(*use));
	if (!use)
		return;
	record_begin(use, &use_type, NULL, host);
	record_str(use, USE_BY, u->callee.n ? "call" : u->table ? "table" : "code");
	record_text(use, USE_FUNCTION, u->function);
	record_uint(use, USE_SITE, u->site);
	record_text(use, USE_CALLEE, u->callee);
	record_text(use, USE_ARGUMENT, u->argument);
	record_add(r, TXT_USES, use);
}

static void put_entry(const struct page *p, const struct entry *t, const struct usage *v, uint32_t n,
		      const struct record_host *host, const struct sink *to)
{
	struct usage uses[LISTING_USES];
	uint32_t dropped, kept = distinct_uses(v, n, uses, &dropped);
	struct record r;
	record_begin(&r, &string_type, NULL, host);
	record_str(&r, TXT_WHERE, p->file->where);
	record_str(&r, TXT_PATH, p->file->path);
	record_uint(&r, TXT_OFFSET, t->s.offset);
	if (t->addressed)
		record_uint(&r, TXT_ADDRESS, t->address);
	record_text(&r, TXT_SECTION, t->section);
	record_str(&r, TXT_ENCODING, string_form_name(t->s.form));
	record_uint(&r, TXT_CHARACTERS, t->s.characters);
	put_text(p, t, &r, host);
	for (uint32_t i = 0; i < kept; i++)
		put_use(&uses[i], &r, host);
	if (dropped)
		record_uint(&r, TXT_USES_DROPPED, dropped);
	publish(to, &r);
}

static void publish_page(struct page *p, const struct record_host *host, const struct sink *to)
{
	if (p->nuses)
		qsort(p->uses, p->nuses, sizeof(*p->uses), by_use);
	for (uint32_t i = 0, at = 0; i < p->n; i++) {
		uint32_t n = 0;
		while (at + n < p->nuses && p->uses[at + n].entry == i)
			n++;
		if (n || !p->v[i].code)
			put_entry(p, &p->v[i], n ? &p->uses[at] : NULL, n, host, to);
		at += n;
	}
}

/* The trace of this file, or of a copy of it, which alone was executed. */
static const struct scene_program *program_of(const struct scene *s, const struct scene_file *f)
{
	for (uint32_t i = 0; i < s->nprograms; i++)
		if (s->programs[i].file < s->nfiles && span_eq(s->files[s->programs[i].file].content, f->content))
			return &s->programs[i];
	return NULL;
}

static void list_file(const struct scene *s, const struct scene_file *f, unsigned least,
		      struct finding *const *findings, uint32_t nfindings, const struct record_host *host,
		      const struct sink *to)
{
	struct page *p = mem_new(sizeof(*p));
	*p = (struct page){ .scene = s, .file = f, .program = f->kind == SCENE_PROGRAM ? program_of(s, f) : NULL };
	arena_init(&p->arena, ARENA_FILE);
	p->is_elf = elf_read(f->content, &p->arena, &p->elf);
	p->nkeys = key_find(f->content, p->keys);
	if (p->program)
		p->nsecrets = trace_secrets(s, (uint32_t)(p->program - s->programs), findings, nfindings, &p->arena, p->secrets);
	else if (f->kind == SCENE_SCRIPT)
		p->nsecrets = script_secrets(f->content, &p->arena, p->secrets);
	read_texts(p, least);
	for (uint32_t i = 0; p->program && i < p->program->ncalls; i++)
		read_call(p, p->program->calls[i]);
	if (p->is_elf)
		read_references(p);
	publish_page(p, host, to);
	free(p->v);
	free(p->uses);
	arena_done(&p->arena);
	free(p);
}

/* ---- which files ---- */

static bool is_code(struct span content)
{
	return span_starts(content, SPAN_LIT("\177ELF")) || span_starts(content, SPAN_LIT("MZ")) ||
	       span_starts(content, SPAN_LIT("\xcf\xfa\xed\xfe")) || span_starts(content, SPAN_LIT("\xce\xfa\xed\xfe"));
}

static bool is_copy(const struct scene *s, uint32_t file)
{
	for (uint32_t i = 0; i < file; i++)
		if (span_eq(s->files[i].content, s->files[file].content))
			return true;
	return false;
}

void listing_publish(const struct scene *s, const struct listing *l, struct finding *const *findings, uint32_t n,
		     const struct record_host *host, const struct sink *to)
{
	for (uint32_t i = 0; i < s->nfiles; i++)
		if (l->member ? scene_file_matches(&s->files[i], l->member) : is_code(s->files[i].content) && !is_copy(s, i))
			list_file(s, &s->files[i], l->least ? l->least : LISTING_LEAST, findings, n, host, to);
}
