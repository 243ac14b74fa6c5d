/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A function is known by the calls of interest it makes and their arguments as far as they are text, addresses or
 * ports: not by its own address, its registers or the order of its code, so that another build of the same source gives
 * the same print. The print is keyed, since arguments may be passwords. */
#include "cmd/traits.h"

#include "finding/finding.h"
#include "fw/flow/trace.h"
#include "fw/model/file.h"

enum { ARENA = 64 << 20, CALLS_LEAST = 3, LINE_MAX_BYTES = 4096, TRAIT_SLOTS = 2 * INSPECTED_TRAITS };

void traits_init(struct traits *t, const uint8_t key[KEY_BYTES])
{
	*t = (struct traits){ 0 };
	arena_init(&t->arena, ARENA);
	arena_init(&t->scratch, ARENA);
	t->host = (struct record_host){ .keyring = keyring_new(key), .arena = &t->arena };
	t->v = mem_array(INSPECTED_TRAITS, sizeof(*t->v));
	t->slots = mem_array(TRAIT_SLOTS, sizeof(*t->slots));
}

void traits_done(struct traits *t)
{
	keyring_free(t->host.keyring);
	free(t->v);
	free(t->slots);
	arena_done(&t->arena);
	arena_done(&t->scratch);
}

/* One trait as it is met: a value, or a secret in its place. */
struct met {
	const char *what;
	struct span value, where, finding;
	const struct token *secret;
};

static bool is_same(const struct record *r, const struct met *m)
{
	struct token k = record_get_token(r, TRAIT_SECRET);
	if (!span_is(record_get_text(r, TRAIT_WHAT), m->what) || (m->secret != NULL) != record_has(r, TRAIT_SECRET))
		return false;
	return m->secret ? k.len == m->secret->len && memcmp(k.hash, m->secret->hash, TOKEN_HASH) == 0 :
			   span_eq(record_get_text(r, TRAIT_VALUE), m->value);
}

/* Where it stands in the table, or would. There are twice as many slots as traits: one is free. */
static uint16_t *slot_of(struct traits *t, const struct met *m)
{
	struct span is = m->secret ? span_of(m->secret->hash, TOKEN_HASH) : m->value;
	uint32_t i = (uint32_t)hash64(keyring_hash_key(t->host.keyring), is) % TRAIT_SLOTS;
	while (t->slots[i] && !is_same(t->v[t->slots[i] - 1], m))
		i = (i + 1) % TRAIT_SLOTS;
	return &t->slots[i];
}

/* Once an image; where it was met first. */
static void add(struct traits *t, const struct met *m)
{
	if (!m->value.n && !m->secret)
		return;
	uint16_t *slot = slot_of(t, m);
	if (*slot)
		return;
	struct record *r = t->n < INSPECTED_TRAITS ? arena_new(&t->arena, sizeof(*r)) : NULL;
	if (!r) {
		t->dropped++;
		return;
	}
	record_begin(r, &trait_type, NULL, &t->host);
	record_str(r, TRAIT_WHAT, m->what);
	if (m->secret)
		record_token(r, TRAIT_SECRET, *m->secret);
	else
		record_text(r, TRAIT_VALUE, arena_copy(&t->arena, m->value));
	record_text(r, TRAIT_WHERE, arena_copy(&t->arena, m->where));
	record_text(r, TRAIT_FINDING, arena_copy(&t->arena, m->finding));
	t->v[t->n++] = r;
	*slot = (uint16_t)t->n;
}

static void hex(char *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", p[i]);
}

/* "fw.remote-mount/1a2b3c4d5e": its id has the image in it, this has not. */
static struct span likeness(struct traits *t, const struct record *r, struct span member)
{
	enum { DIGITS = 5 };
	struct span rule = record_get_text(r, FND_RULE);
	struct buf b = { 0 };
	uint8_t digest[32];
	char text[2 * DIGITS + 1];
	buf_bytes(&b, member);
	buf_text(&b, "\n");
	buf_bytes(&b, record_get_text(r, FND_KEY));
	keyring_sha256(buf_span(&b), digest);
	buf_done(&b);
	hex(text, digest, DIGITS);
	return span_str(arena_printf(&t->scratch, "%.*s/%s", (int)rule.n, (const char *)rule.p, text));
}

static void of_finding(struct traits *t, const struct record *r)
{
	const struct record *o = record_has(r, FND_OBSERVED) ? r->v[FND_OBSERVED].record : NULL;
	const struct record *d = record_has(r, FND_DEVICE) ? r->v[FND_DEVICE].record : NULL;
	struct met m = { .finding = record_get_text(r, FND_ID) };
	char text[ADDR_TEXT];
	m.what = "finding";
	m.where = d ? record_get_text(d, SUB_MEMBER) : (struct span){ 0 };
	m.value = likeness(t, r, m.where);
	add(t, &m);
	if (!o)
		return;
	m.what = "address";
	m.value = record_has(o, OBS_ADDRESS) ? span_str(addr_text(record_get_addr(o, OBS_ADDRESS), text)) : (struct span){ 0 };
	add(t, &m);
	m.what = "host";
	m.value = record_get_text(o, OBS_HOST);
	add(t, &m);
	struct token secret = record_get_token(o, OBS_SECRET);
	if (!record_has(o, OBS_SECRET))
		return;
	m.what = span_is(record_get_text(r, FND_RULE), "fw.private-key") ? "key" : "password";
	m.secret = &secret;
	add(t, &m);
}

void traits_of(struct traits *t, const struct record *r)
{
	if (r->type == &finding_type)
		of_finding(t, r);
	arena_reset(&t->scratch);
	if (r->type != &account_type || !record_has(r, ACC_PASSWORD))
		return;
	struct token secret = record_get_token(r, ACC_PASSWORD);
	struct span where = record_get_text(r, ACC_WHERE), name = record_get_text(r, ACC_NAME);
	char *text = arena_printf(&t->arena, "%.*s: %.*s", (int)where.n, (const char *)where.p, (int)name.n,
				  (const char *)name.p);
	add(t, &(struct met){ .what = "password", .secret = &secret, .where = span_str(text) });
}

/* "connect to=202.114.4.120/511": what a call does, without where it stands. */
static struct span call_line(struct traits *t, const struct record *call)
{
	struct buf b = { .cap = LINE_MAX_BYTES };
	char text[ADDR_TEXT];
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	buf_bytes(&b, record_get_text(call, FWC_CALLEE));
	for (uint32_t i = 0; i < args.n; i++) {
		const struct record *a = args.v[i];
		buf_text(&b, " ");
		buf_bytes(&b, record_get_text(a, ARG_NAME));
		buf_text(&b, "=");
		if (record_has(a, ARG_ADDRESS))
			buf_text(&b, addr_text(record_get_addr(a, ARG_ADDRESS), text));
		else
			buf_bytes(&b, record_get_text(a, ARG_TEXT));
		if (record_has(a, ARG_PORT))
			buf_printf(&b, "/%u", (unsigned)record_get_uint(a, ARG_PORT));
	}
	buf_text(&b, "\n");
	struct span line = arena_copy(&t->scratch, buf_span(&b));
	buf_done(&b);
	return line;
}

struct line {
	uint64_t entry;
	const struct record *call;
	struct span text;
};

static int by_entry(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	return x->entry != y->entry ? (x->entry < y->entry ? -1 : 1) : span_order(x->text, y->text);
}

/* lines[0..n): of one function, sorted. Too few calls say nothing of it. */
static void add_function(struct traits *t, const struct judge_file *f, const struct line *lines, uint32_t n)
{
	struct buf all = { 0 };
	unsigned different = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (i && span_eq(lines[i].text, lines[i - 1].text))
			continue;
		buf_bytes(&all, lines[i].text);
		different++;
	}
	struct token print = keyring_token(t->host.keyring, buf_span(&all));
	buf_done(&all);
	struct span name = record_get_text(lines[0].call, FWC_FUNCTION);
	char text[2 * TOKEN_HASH + 1];
	hex(text, print.hash, TOKEN_HASH);
	char *where = arena_printf(&t->scratch, "%s: %.*s", f->path, (int)name.n, (const char *)name.p);
	if (different >= CALLS_LEAST)
		add(t, &(struct met){ .what = "function", .value = span_str(text), .where = span_str(where) });
}

void traits_of_program(void *traits, const struct judge_file *f, const struct judge_trace *p)
{
	struct traits *t = traits;
	uint8_t digest[32];
	char text[65];
	keyring_sha256(f->content, digest);
	hex(text, digest, sizeof(digest));
	add(t, &(struct met){ .what = "program", .value = span_str(text), .where = span_str(f->path) });
	struct line *lines = mem_array(p->ncalls + 1u, sizeof(*lines));
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->ncalls; i++)         /* a library's functions are told of the library */
		if (!record_has(p->calls[i], FWC_MODULE))
			lines[n++] = (struct line){ record_get_uint(p->calls[i], FWC_ENTRY), p->calls[i],
						    call_line(t, p->calls[i]) };
	if (n)
		qsort(lines, n, sizeof(*lines), by_entry);
	for (uint32_t i = 0, len; i < n; i += len) {
		for (len = 1; i + len < n && lines[i + len].entry == lines[i].entry;)
			len++;
		add_function(t, f, lines + i, len);
	}
	free(lines);
	arena_reset(&t->scratch);
}
