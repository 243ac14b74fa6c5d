/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps what unpackers hand over: names in an arena, content in memory up to a cap and then in a spool,
 * every byte charged to a budget whose end has a clear word. */
#include "fw/unpack/unpack.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <sys/mman.h>

enum { SPILL_AT = 4 << 20, WRITER_LEAST = 4096, NAMES_CAP = 512 << 20, WORD_MAX = 512, STEP_MEMBER = 256 };

struct writer {
	struct member head;
	uint8_t *p;                              /* content so far, while it is in memory */
	size_t n, room;
	bool open, spooled;
	uint64_t holes;
	EVP_MD_CTX *sha;
};

static const char *const words[BUDGET_KINDS] = {
	[BUDGET_BYTES] = "more content than the budget allows: what follows was left packed",
	[BUDGET_MEMBERS] = "more members than the budget allows: the rest was left out",
	[BUDGET_CONTAINERS] = "more containers than the budget allows: the rest was not opened",
	[BUDGET_DEPTH] = "nested deeper than the budget allows: what lies deeper was not opened",
	[BUDGET_RATIO] = "swells more than 1,000 times: stopped there, as a decompression bomb does so",
	[BUDGET_STEPS] = "more work than the budget allows: the rest was not looked at",
	[BUDGET_CANDIDATES] = "more places look like containers than the budget allows: the rest was not tried",
	[BUDGET_HOLES] = "a sparse file is longer than the budget allows: cut in its holes",
};

const char *budget_word(enum budget_kind k)
{
	return words[k];
}

/* reliability.md B.3: the ledger over the whole analysis. */
struct budget budget_for(uint64_t input_bytes)
{
	uint64_t bytes = input_bytes > (uint64_t)40 << 20 ? (uint64_t)4 << 30 : ((uint64_t)64 << 20) + 100 * input_bytes;
	return (struct budget){
		.bytes = bytes, .members = 200000, .containers = 20000, .depth = 16, .ratio = 1000,
		.ratio_after = 16 << 20, .steps = ((uint64_t)1 << 30) + 100 * input_bytes, .candidates = 10000,
		.holes = 16 << 20, .memory = 64 << 20,
	};
}

struct members *members_new(struct budget b, int spool)
{
	struct members *m = mem_new(sizeof(*m));
	*m = (struct members){ .budget = b, .spool = spool };
	arena_init(&m->arena, NAMES_CAP);
	m->writer = mem_new(sizeof(*m->writer));
	m->writer->sha = EVP_MD_CTX_new();
	m->known = seen_new();
	m->c = mem_array(1, sizeof(*m->c));
	m->croom = m->nc = 1;
	m->c[0] = (struct container){ .member = NONE, .detail = "" };
	return m;
}

void members_free(struct members *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n; i++)
		if (!m->v[i].borrowed)
			free((void *)(uintptr_t)m->v[i].memory);
	EVP_MD_CTX_free(m->writer->sha);
	free(m->writer->p);
	free(m->writer);
	seen_free(m->known);
	arena_done(&m->arena);
	free(m->v);
	free(m->c);
	free(m->areas);
	free(m->strips);
	free(m->trees);
	free(m->tables);
	free(m->partitions);
	free(m);
}

static struct container *now(struct members *m)
{
	return &m->c[m->nc - 1];
}

void members_hit(struct members *m, enum budget_kind k)
{
	m->hits[k]++;
}

bool members_stopped(const struct members *m)
{
	return m->bytes >= m->budget.bytes || m->n >= m->budget.members || m->steps >= m->budget.steps;
}

bool members_step(struct members *m, uint64_t n)
{
	m->steps = n > UINT64_MAX - m->steps ? UINT64_MAX : m->steps + n;
	if (m->steps < m->budget.steps)
		return true;
	members_hit(m, BUDGET_STEPS);
	return false;
}

bool members_ratio(struct members *m, uint64_t in, uint64_t out)
{
	if (out <= m->budget.ratio_after || out / m->budget.ratio <= in)
		return true;
	members_hit(m, BUDGET_RATIO);
	return false;
}

void members_extent(struct members *m, uint64_t n)
{
	now(m)->length = n < m->in ? n : m->in;
}

static PRINTF(2, 0) const char *word(struct members *m, const char *fmt, va_list ap)
{
	char text[WORD_MAX];
	vsnprintf(text, sizeof(text), fmt, ap);
	struct span s = arena_copy(&m->arena, span_str(text));
	return s.n ? (const char *)s.p : "";
}

void members_detail(struct members *m, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	now(m)->detail = word(m, fmt, ap);
	va_end(ap);
}

void members_damage(struct members *m, const char *fmt, ...)
{
	const char *before = now(m)->damage;
	va_list ap;
	if (before && strlen(before) > WORD_MAX / 2)
		return;
	va_start(ap, fmt);
	const char *more = word(m, fmt, ap);
	va_end(ap);
	if (!before)
		now(m)->damage = more;
	else if (!strstr(before, more))
		now(m)->damage = arena_printf(&m->arena, "%s; %s", before, more);
}

bool member_type_of(uint32_t mode, enum member_type *t)
{
	static const struct {
		uint32_t bits;
		enum member_type t;
	} types[] = {
		{ 0100000, MEMBER_FILE }, { 0040000, MEMBER_DIR }, { 0120000, MEMBER_SYMLINK }, { 0020000, MEMBER_CHAR },
		{ 0060000, MEMBER_BLOCK }, { 0010000, MEMBER_FIFO }, { 0140000, MEMBER_SOCKET },
	};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if ((mode & 0170000) != types[i].bits)
			continue;
		*t = types[i].t;
		return true;
	}
	return false;
}

const char *member_type_name(enum member_type t)
{
	static const char *const names[] = { "file", "folder", "symbolic link", "hard link", "character device",
					     "block device", "fifo", "socket" };
	return names[t];
}

const char *container_kind_name(enum container_kind k)
{
	static const char *const names[KINDS] = {
		[KIND_OTHER] = "container", [KIND_FILES] = "file system", [KIND_ARCHIVE] = "archive", [KIND_STREAM] = "packed stream",
		[KIND_BOOT] = "boot image", [KIND_FLASH] = "partitions", [KIND_SETTINGS] = "settings",
		[KIND_PARTITION] = "partition",
	};
	return names[k];
}

struct span member_join(struct members *m, struct span dir, struct span name)
{
	size_t n = dir.n + (dir.n ? 1 : 0) + name.n;
	uint8_t *p = arena_new(&m->arena, n + 1);
	if (!p)
		return (struct span){ 0 };
	struct buf b = { .p = p, .size = n + 1, .cap = n + 1 };
	buf_bytes(&b, dir);
	if (dir.n)
		buf_u8(&b, '/');
	for (size_t i = 0; i < name.n; i++)
		buf_u8(&b, name.p[i] == '/' || name.p[i] == 0 ? '_' : name.p[i]);
	return buf_span(&b);
}

/* Leading "/", "./" and trailing "/" say nothing; the rest stays as it was, for evidence. */
static struct span trimmed(struct span s)
{
	for (;;) {
		size_t cut = s.n >= 2 && s.p[0] == '.' && s.p[1] == '/' ? 2 : s.n && s.p[0] == '/' ? 1 : 0;
		if (!cut)
			break;
		s = span_from(s, cut);
	}
	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	return span_cut(s, MEMBER_PATH);
}

bool member_begin(struct members *m, const struct member *head)
{
	struct writer *w = m->writer;
	if (m->n >= m->budget.members) {
		members_hit(m, BUDGET_MEMBERS);
		return false;
	}
	if (!members_step(m, STEP_MEMBER))
		return false;
	w->head = *head;
	w->head.path = arena_copy(&m->arena, trimmed(head->path));
	w->head.target = arena_copy(&m->arena, span_cut(head->target, MEMBER_PATH));
	w->head.container = m->nc - 1;
	w->head.memory = NULL;
	w->head.size = 0;
	w->n = 0;
	w->spooled = false;
	w->holes = 0;
	w->open = true;
	EVP_DigestInit_ex(w->sha, EVP_sha256(), NULL);
	return true;
}

static bool spool_put(struct members *m, struct span s)
{
	while (s.n) {
		ssize_t n = write(m->spool, s.p, s.n);
		if (n <= 0)
			return false;
		m->spool_used += (uint64_t)n;
		s = span_from(s, (size_t)n);
	}
	return true;
}

/* Where the next byte goes: memory while the member and all of them are small, else the spool. */
static bool keep(struct members *m, struct span s)
{
	struct writer *w = m->writer;
	bool spill = m->spool >= 0 && (w->n + s.n > SPILL_AT || m->memory + w->n + s.n > m->budget.memory);
	if (spill && !w->spooled) {
		w->spooled = true;
		w->head.spool_at = m->spool_used;
		if (!spool_put(m, span_of(w->p, w->n)))
			return false;
		w->n = 0;
	}
	if (w->spooled)
		return spool_put(m, s);
	if (w->room - w->n < s.n) {
		size_t room = w->room ? w->room : WRITER_LEAST;
		while (room - w->n < s.n)
			room *= 2;
		w->p = mem_grow(w->p, room, 1);
		w->room = room;
	}
	memcpy(w->p + w->n, s.p, s.n);
	w->n += s.n;
	return true;
}

bool member_write(struct members *m, struct span s)
{
	struct writer *w = m->writer;
	struct container *c = now(m);
	if (!w->open)
		return false;
	if (s.n == 0)
		return true;
	uint64_t left = m->budget.bytes > m->bytes ? m->budget.bytes - m->bytes : 0;
	bool whole = s.n <= left;
	s = span_cut(s, (size_t)(left < s.n ? left : s.n));
	if (!members_step(m, s.n) || !members_ratio(m, m->in, c->bytes + s.n)) {
		member_damaged(m, "cut: a budget was reached");
		return false;
	}
	if (s.n && !keep(m, s)) {
		member_damaged(m, "cut: the spool is full");
		return false;
	}
	EVP_DigestUpdate(w->sha, s.p, s.n);
	w->head.size += s.n;
	m->bytes += s.n;
	c->bytes += s.n;
	if (!whole) {
		members_hit(m, BUDGET_BYTES);
		member_damaged(m, "cut: a budget was reached");
	}
	return whole;
}

bool member_hole(struct members *m, uint64_t n)
{
	static const uint8_t zeros[65536];
	struct writer *w = m->writer;
	while (n) {
		size_t part = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);
		if (w->holes + part > m->budget.holes) {
			members_hit(m, BUDGET_HOLES);
			member_damaged(m, "cut: longer in its holes than the budget allows");
			return false;
		}
		if (!member_write(m, span_of(zeros, part)))
			return false;
		w->holes += part;
		n -= part;
	}
	return true;
}

void member_damaged(struct members *m, const char *why)
{
	if (m->writer->open && !m->writer->head.damage)
		m->writer->head.damage = why;
}

static struct member *next_slot(struct members *m)
{
	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 64;
		m->v = mem_grow(m->v, m->room, sizeof(*m->v));
	}
	return &m->v[m->n++];
}

void member_end(struct members *m)
{
	struct writer *w = m->writer;
	if (!w->open)
		return;
	w->open = false;
	EVP_DigestFinal_ex(w->sha, w->head.sha256, NULL);
	if (!w->spooled) {
		/* The buffer is kept for the next member; what is kept of this one is as long as it is. */
		uint8_t *p = mem_new(w->n + 1);
		if (w->n)
			memcpy(p, w->p, w->n);
		w->head.memory = p;
		m->memory += w->n;
	}
	*next_slot(m) = w->head;
	if (now(m)->nmembers++ == 0)
		now(m)->first = m->n - 1;
}

bool member_add(struct members *m, const struct member *head, struct span content)
{
	if (!member_begin(m, head))
		return false;
	bool good = member_write(m, content);
	member_end(m);
	return good;
}

void members_input(struct members *m, const struct member *head, struct span content)
{
	struct member *f = next_slot(m);
	*f = *head;
	f->path = arena_copy(&m->arena, head->path);
	f->target = arena_copy(&m->arena, head->target);
	f->container = 0;
	f->memory = content.p;
	f->size = f->length = content.n;
	f->offset = 0;
	f->borrowed = true;
	m->c[0].nmembers++;
	unsigned len = 0;
	if (f->type == MEMBER_FILE)
		EVP_Digest(content.n ? (const void *)content.p : "", content.n, f->sha256, &len, EVP_sha256(), NULL);
}

enum { PAGE = 4096 };

struct span member_map(const struct members *m, const struct member *f)
{
	if (f->type != MEMBER_FILE || f->size == 0)
		return (struct span){ 0 };
	if (f->memory)
		return span_of(f->memory, (size_t)f->size);
	uint64_t lead = f->spool_at % PAGE;
	void *p = mmap(NULL, (size_t)(f->size + lead), PROT_READ, MAP_SHARED, m->spool, (off_t)(f->spool_at - lead));
	return p != MAP_FAILED ? span_of((uint8_t *)p + lead, (size_t)f->size) : (struct span){ 0 };
}

void member_unmap(const struct member *f, struct span s)
{
	uint64_t lead = f->spool_at % PAGE;
	if (s.n && !f->memory)
		munmap((void *)((uintptr_t)s.p - lead), (size_t)(f->size + lead));
}

void container_where(const struct members *m, uint32_t container, struct buf *b)
{
	const struct container *c = &m->c[container];
	if (c->member != NONE)
		member_where(m, c->member, b);
	if (c->by)
		buf_printf(b, " > 0x%llx %s", (unsigned long long)c->offset, c->by->name);
}

/* A container lies in a member with a lower index than its own members have, so this ends. */
void member_where(const struct members *m, uint32_t member, struct buf *b)
{
	if (member == NONE)
		return;
	const struct member *f = &m->v[member];
	container_where(m, f->container, b);
	if (f->container)
		buf_text(b, " > ");
	buf_bytes(b, f->path);
}
