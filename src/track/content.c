/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files on their way: a fixed table of files, least recently touched goes first. A file that is
 * nothing but bulk costs a few additions a packet; only what is or carries a program is hashed. */
#include "track/content.h"

#include <openssl/evp.h>
#include <zlib.h>

#include "base/scope.h"
#include "track/filetype.h"
#include "track/track.h"

static const struct field transfer_fields[] = {
	[TRANSFER_VIA] = { "via", F_TEXT, "protocol that carried it" },
	[TRANSFER_PATH] = { "path", F_TEXT, "name as it was asked for" },
	[TRANSFER_CLASS] = { "class", F_TEXT, "kind of file, by its first bytes" },
	[TRANSFER_CODE] = { "code", F_BOOL, "is or may carry a program: program, script, archive, file system, firmware" },
	[TRANSFER_BYTES] = { "bytes", F_UINT, "bytes of it that were seen", "byte" },
	[TRANSFER_SIZE] = { "size", F_UINT, "its size, as far as someone said", "byte" },
	[TRANSFER_WHOLE] = { "whole", F_BOOL, "seen in order from first to last byte" },
	[TRANSFER_SHA256] = { "sha256", F_HASH, "of the file; only of code that was seen whole" },
	[TRANSFER_TO_SERVER] = { "to_server", F_BOOL, "travelled towards the end that serves" },
};
RECORD_TYPE(transfer_type, "transfer", "File that travelled", transfer_fields);

/* Bytes that came before their turn: clients read ahead, and servers answer out of turn. */
enum { AHEAD_FILE = 2 << 20, AHEAD_UNKNOWN = 256 << 10, AHEAD_ALL = 8 << 20, AHEAD_PIECES = 64 };

enum { FILES = 1024, BUCKETS = 2048, PATH_KEPT = 255, VIA_KEPT = 15, NONE = 0xffff };

_Static_assert((FILES & (FILES - 1)) == 0, "handles are generation * FILES + index");

/* A part that is being fed: where its next byte belongs. */
struct part {
	bool open, last, until_close;
	uint64_t at, left;
};

struct ahead {
	struct ahead *next;                      /* by place, never touching or overlapping */
	uint64_t at;
	uint32_t n, size;
	uint8_t bytes[];
};

struct file {
	uint64_t id[2];
	uint16_t chain, older, newer;            /* same bucket; order of use */
	bool used, hashing, known, broken, to_server, packed, told;
	uint32_t generation;                     /* of the handle: parts opened in this slot */
	uint16_t head_n, path_n;
	uint64_t next;                           /* offset behind the last byte seen in order */
	uint64_t bytes, size;
	struct part part;
	struct ahead *ahead;
	uint32_t ahead_n, pieces;                /* bytes and pieces in it */
	struct filetype type;
	EVP_MD_CTX *md;
	struct origin at;
	char via[VIA_KEPT + 1];
	uint8_t path[PATH_KEPT], head[FILETYPE_HEAD];
};

struct content {
	const struct record_host *host;
	const struct sink *sink;
	struct hash_key key;
	const EVP_MD *sha256;
	const struct decoder *hl7;
	struct content_counts counts;
	bool is_program;                         /* the file of the last open or feed */
	uint64_t ahead;                          /* bytes, of all files */
	uint16_t free, oldest, newest;
	uint16_t bucket[BUCKETS];
	struct file files[FILES];
};

static struct ahead *ahead_first(struct content *c, struct file *f)
{
	struct ahead *a = f->ahead;
	f->ahead = a->next;
	f->ahead_n -= a->n;
	f->pieces--;
	c->ahead -= a->n;
	return a;
}

struct content *content_new(const struct record_host *host, const struct sink *sink)
{
	struct content *c = mem_new(sizeof(*c));
	c->host = host;
	c->sink = sink;
	c->key = keyring_hash_key(host->keyring);
	c->sha256 = EVP_sha256();
	c->hl7 = decoder_find("hl7");
	c->oldest = c->newest = NONE;
	memset(c->bucket, 0xff, sizeof(c->bucket));
	for (unsigned i = 0; i < FILES; i++)
		c->files[i].chain = (uint16_t)(i + 1 < FILES ? i + 1 : NONE);
	return c;
}

void content_free(struct content *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < FILES; i++) {
		while (c->files[i].ahead)
			free(ahead_first(c, &c->files[i]));
		EVP_MD_CTX_free(c->files[i].md);
	}
	free(c);
}

struct content_counts content_counts(const struct content *c)
{
	return c->counts;
}

static uint16_t index_of(const struct content *c, const struct file *f)
{
	return (uint16_t)(f - c->files);
}

static uint16_t *bucket_of(struct content *c, const uint64_t id[2])
{
	return &c->bucket[id[0] % BUCKETS];
}

static void use_unlink(struct content *c, struct file *f)
{
	*(f->older == NONE ? &c->oldest : &c->files[f->older].newer) = f->newer;
	*(f->newer == NONE ? &c->newest : &c->files[f->newer].older) = f->older;
}

static void use_newest(struct content *c, struct file *f)
{
	f->older = c->newest;
	f->newer = NONE;
	uint16_t i = index_of(c, f);
	*(c->newest == NONE ? &c->oldest : &c->files[c->newest].newer) = i;
	c->newest = i;
}

static void use_touch(struct content *c, struct file *f)
{
	if (c->newest == index_of(c, f))
		return;
	use_unlink(c, f);
	use_newest(c, f);
}

/* ---- what a file is, and its hash ---- */

static void hash_feed(struct file *f, struct span s)
{
	if (f->hashing && EVP_DigestUpdate(f->md, s.p, s.n) != 1)
		f->hashing = false;
}

/* A file that is compressed for transport only is of the kind of what its head unpacks to: a web page is
 * no archive. At most one head's length comes out. There is no hash: it would be of the packed bytes, which
 * are nobody's file. */
static struct filetype packed_type(struct span head)
{
	struct filetype type = { .name = "compressed for transport" };
	uint8_t out[FILETYPE_HEAD];
	z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)head.p,
		       .avail_in = (uInt)head.n,
		       .next_out = out,
		       .avail_out = sizeof(out) };
	if (inflateInit2(&z, 15 + 32) != Z_OK)   /* zlib or gzip, by its head */
		return type;
	inflate(&z, Z_SYNC_FLUSH);
	size_t n = sizeof(out) - z.avail_out;
	inflateEnd(&z);
	return n ? filetype_of(span_of(out, n)) : type;
}

/* ---- patients in files ---- */

/* Who the patient is, not what was measured and by which device: whoever passes a file on is none. */
static void pass_message(void *to, const struct record *r)
{
	const struct content *c = to;
	struct record person = *r;
	if (strcmp(r->type->name, c->hl7->name) != 0)
		return;
	for (unsigned i = 0; i < r->type->nfields; i++)
		if (r->type->fields[i].clue)
			person.set &= ~(UINT64_C(1) << i);
	publish(c->sink, &person);
}

/* A file of HL7 on its way names its first patient in its head. */
static void read_message(struct content *c, const struct file *f)
{
	uint64_t state[STATE_MAX / sizeof(uint64_t)] = { 0 };
	struct sink sink = { pass_message, c };
	struct emit e = { .at = &f->at, .host = c->host, .sink = &sink, .expect = emit_no_expect,
			  .body = emit_no_body, .to = c };
	struct message m = {
		.bytes = span_of(f->head, f->head_n), .closing = true, .cut = f->head_n == FILETYPE_HEAD, .over = OVER_TCP,
		.to_server = f->to_server,
	};
	if (c->hl7 && c->hl7->state_size <= sizeof(state))
		c->hl7->decode(&m, state, &e);
}

/* The head is complete, or will never be: name the kind, and start to hash what matters. */
static void classify(struct content *c, struct file *f)
{
	if (f->known)
		return;
	f->known = true;
	if (f->broken && f->head_n == 0) {
		snprintf(f->type.name, sizeof(f->type.name), "unknown: start not seen");
		return;
	}
	struct span head = span_of(f->head, f->head_n);
	f->type = f->packed ? packed_type(head) : filetype_of(head);
	if (!f->packed && !f->told && strcmp(f->type.name, "HL7 message") == 0)
		read_message(c, f);
	if (!f->type.code || f->broken || f->packed || f->type.wrapped)
		return;
	if (!f->md)
		f->md = EVP_MD_CTX_new();
	f->hashing = f->md && EVP_DigestInit_ex(f->md, c->sha256, NULL) == 1;
	hash_feed(f, span_of(f->head, f->head_n));
}

/* ---- bytes before their turn ---- */

/* One piece more, or some bytes behind an old one. *at: the piece they follow, or where a new one goes. */
static void ahead_add(struct content *c, struct file *f, struct ahead **at, bool follows, uint64_t offset,
		      struct span s)
{
	struct ahead *a = follows ? *at : NULL;
	size_t want = (a ? a->n : 0) + s.n;
	if (!a || want > a->size) {
		size_t size = want < 4096 ? 4096 : want + want / 2;
		struct ahead *grown = mem_grow(a, sizeof(*a) + size, 1);
		if (!a)
			*grown = (struct ahead){ .next = *at, .at = offset };
		f->pieces += !a;
		a = *at = grown;
		a->size = (uint32_t)size;
	}
	memcpy(a->bytes + a->n, s.p, s.n);
	a->n += (uint32_t)s.n;
	f->ahead_n += (uint32_t)s.n;
	c->ahead += s.n;
}

/* Keeps what is new of these bytes. False: no room, or not worth it. */
static bool ahead_keep(struct content *c, struct file *f, uint64_t offset, struct span s)
{
	if (f->broken || f->packed || (f->known && !f->hashing))
		return false;
	size_t cap = f->known ? AHEAD_FILE : AHEAD_UNKNOWN;
	struct ahead **at = &f->ahead;
	while (s.n) {
		if (f->ahead_n + s.n > cap || c->ahead + s.n > AHEAD_ALL || f->pieces >= AHEAD_PIECES)
			return false;
		while (*at && (*at)->at + (*at)->n < offset)
			at = &(*at)->next;
		bool follows = *at && (*at)->at <= offset;
		if (follows) {
			uint64_t again = (*at)->at + (*at)->n - offset;
			offset += again;
			s = span_from(s, again < s.n ? (size_t)again : s.n);
		}
		const struct ahead *behind = follows ? (*at)->next : *at;
		uint64_t room = behind ? behind->at - offset : UINT64_MAX;
		struct span part = span_cut(s, room < s.n ? (size_t)room : s.n);
		if (part.n)
			ahead_add(c, f, at, follows, offset, part);
		offset += part.n;
		s = span_from(s, part.n);
		if (s.n)
			at = &(*at)->next;       /* the rest meets the piece behind */
	}
	return true;
}

/* A hole: what was hashed so far says nothing any more, and nothing is kept for later. */
static void broke(struct content *c, struct file *f)
{
	f->broken = true;
	f->hashing = false;
	classify(c, f);
	while (f->ahead) {
		struct ahead *a = ahead_first(c, f);
		f->next = a->at + a->n;
		f->bytes += a->n;
		c->counts.bytes += a->n;
		free(a);
	}
}

/* Bytes that belong at the offset f->next. */
static void take_in_order(struct content *c, struct file *f, struct span s)
{
	f->next += s.n;
	f->bytes += s.n;
	c->counts.bytes += s.n;
	if (!f->known) {
		struct span head = span_cut(s, (size_t)(FILETYPE_HEAD - f->head_n));
		memcpy(f->head + f->head_n, head.p, head.n);
		f->head_n = (uint16_t)(f->head_n + head.n);
		s = span_from(s, head.n);
		if (f->head_n == FILETYPE_HEAD)
			classify(c, f);
	}
	if (s.n)
		hash_feed(f, s);
}

/* Bytes at any offset: too early they wait, or break the file if they cannot; what was seen before is
 * passed over. */
static void take(struct content *c, struct file *f, uint64_t offset, struct span s)
{
	if (s.n == 0)
		return;
	if (offset > f->next) {
		if (ahead_keep(c, f, offset, s))
			return;
		broke(c, f);
		f->next = offset;
	}
	uint64_t again = f->next - offset;
	if (again < s.n)
		take_in_order(c, f, span_from(s, (size_t)again));
	while (f->ahead && f->ahead->at <= f->next) {
		struct ahead *a = ahead_first(c, f);
		again = f->next - a->at;
		if (again < a->n)
			take_in_order(c, f, span_from(span_of(a->bytes, a->n), (size_t)again));
		free(a);
	}
	if (f->ahead && f->known && !f->hashing)
		broke(c, f);                     /* not worth waiting for */
}

/* ---- the table ---- */

static void publish_file(struct content *c, struct file *f, bool ended)
{
	uint8_t sha256[EVP_MAX_MD_SIZE];
	struct record r;
	if (f->ahead)
		broke(c, f);
	classify(c, f);
	bool whole = ended && !f->broken && (f->size == 0 || f->size == f->next);
	record_begin(&r, &transfer_type, &f->at, c->host);
	record_str(&r, TRANSFER_VIA, f->via);
	record_text(&r, TRANSFER_PATH, span_of(f->path, f->path_n));
	record_str(&r, TRANSFER_CLASS, f->type.name);
	record_bool(&r, TRANSFER_CODE, f->type.code);
	record_uint(&r, TRANSFER_BYTES, f->bytes);
	if (f->size || whole)
		record_uint(&r, TRANSFER_SIZE, f->size ? f->size : f->next);
	record_bool(&r, TRANSFER_WHOLE, whole);
	if (whole && f->hashing && EVP_DigestFinal_ex(f->md, sha256, NULL) == 1)
		record_hash(&r, TRANSFER_SHA256, sha256);
	record_bool(&r, TRANSFER_TO_SERVER, f->to_server);
	c->counts.files++;
	publish(c->sink, &r);
}

/* Publishes and gives the slot back. */
static void file_end(struct content *c, struct file *f, bool ended)
{
	publish_file(c, f, ended);
	uint16_t i = index_of(c, f), *at = bucket_of(c, f->id);
	while (*at != i)
		at = &c->files[*at].chain;
	*at = f->chain;
	use_unlink(c, f);
	f->used = false;
	f->part.open = false;
	f->chain = c->free;
	c->free = i;
	c->counts.open--;
}

static struct file *file_find(struct content *c, const uint64_t id[2])
{
	for (uint16_t i = *bucket_of(c, id); i != NONE; i = c->files[i].chain)
		if (c->files[i].id[0] == id[0] && c->files[i].id[1] == id[1])
			return &c->files[i];
	return NULL;
}

static struct file *file_new(struct content *c, const uint64_t id[2], const struct origin *at, const struct body *b)
{
	if (c->free == NONE) {
		c->counts.evicted++;
		file_end(c, &c->files[c->oldest], false);
	}
	struct file *f = &c->files[c->free];
	uint16_t *bucket = bucket_of(c, id), i = c->free;
	struct span path = span_cut(b->path, PATH_KEPT);
	EVP_MD_CTX *md = f->md;
	c->free = f->chain;
	*f = (struct file){
		.id = { id[0], id[1] }, .chain = *bucket, .used = true, .generation = f->generation, .md = md, .at = *at,
		.to_server = b->to_server, .packed = b->packed, .told = b->told, .path_n = (uint16_t)path.n,
	};
	snprintf(f->via, sizeof(f->via), "%s", b->via ? b->via : "");
	if (path.n)
		memcpy(f->path, path.p, path.n);
	*bucket = i;
	use_newest(c, f);
	c->counts.open++;
	return f;
}

/* What makes two parts parts of one file. Hashed whole, so it is zeroed before it is filled. */
struct identity {
	struct addr ends[2];
	uint16_t ports[2];
	uint8_t proto, to_server;
	uint64_t via[2], key[2];
};

static void identify(const struct content *c, const struct origin *at, const struct body *b, uint64_t id[2])
{
	struct identity who;
	memset(&who, 0, sizeof(who));
	int order = memcmp(at->src.b, at->dst.b, sizeof(at->src.b));
	int source = order > 0 || (order == 0 && at->sport > at->dport);
	who.ends[source] = at->src;
	who.ends[!source] = at->dst;
	who.ports[source] = at->sport;
	who.ports[!source] = at->dport;
	who.proto = at->proto;
	who.to_server = b->to_server;
	hash128(c->key, span_str(b->via), who.via);
	hash128(c->key, b->key.n ? b->key : b->path, who.key);
	hash128(c->key, span_of(&who, sizeof(who)), id);
}

/* ---- parts ---- */

static struct file *handle_file(struct content *c, uint32_t handle)
{
	struct file *f = &c->files[handle % FILES];
	return handle && f->used && f->part.open && f->generation == handle / FILES ? f : NULL;
}

static uint32_t handle_new(const struct content *c, struct file *f)
{
	f->generation = f->generation % (UINT32_MAX / FILES - 1) + 1;
	return f->generation * FILES + index_of(c, f);
}

/* Ends the part, and the file when this was its end: said so, or as many bytes as it has. */
static void part_end(struct content *c, struct file *f, bool complete)
{
	struct part *p = &f->part;
	p->open = false;
	if (!complete && (p->until_close || p->left > f->next - p->at || p->at > f->next))
		broke(c, f);
	if (p->last && complete)
		f->size = p->at;
	if (p->last ? !f->ahead || f->broken : f->size && f->next >= f->size)
		file_end(c, f, complete);
}

static void part_advance(struct content *c, struct file *f, uint64_t n)
{
	struct part *p = &f->part;
	p->at += n;
	if (p->until_close)
		return;
	p->left -= n < p->left ? n : p->left;
	if (p->left == 0)
		part_end(c, f, true);
}

/* The file's slot is not used again before the next call, even if it has ended. */
static void note_kind(struct content *c, const struct file *f)
{
	c->is_program = f->known && !f->packed && f->type.program;
}

bool content_is_program(const struct content *c)
{
	return c->is_program;
}

uint32_t content_open(struct content *c, const struct origin *at, const struct body *b)
{
	uint64_t id[2];
	c->is_program = false;
	if (b->offset > INT64_MAX)
		return 0;                        /* no file is that long */
	identify(c, at, b, id);
	struct file *f = file_find(c, id);
	/* Asking once more behind the end of a file that is already told is no new file. */
	if (!f && b->length == 0 && b->offset)
		return 0;
	if (!f)
		f = file_new(c, id, at, b);
	else
		use_touch(c, f);
	c->counts.parts++;
	if (f->part.open)
		broke(c, f);                     /* the part before never ended */
	if (b->size)
		f->size = b->size;
	f->part = (struct part){
		.open = true, .last = b->last, .until_close = b->length == BODY_OPEN, .at = b->offset, .left = b->length,
	};
	uint32_t handle = handle_new(c, f);
	struct span data = span_cut(b->data, b->length < SIZE_MAX ? (size_t)b->length : SIZE_MAX);
	take(c, f, b->offset, data);
	part_advance(c, f, data.n);
	note_kind(c, f);
	return handle_file(c, handle) ? handle : 0;
}

void content_feed(struct content *c, uint32_t handle, struct span bytes, const struct origin *at)
{
	(void)at;
	struct file *f = handle_file(c, handle);
	c->is_program = false;
	if (!f)
		return;
	use_touch(c, f);
	if (!f->part.until_close)
		bytes = span_cut(bytes, f->part.left < SIZE_MAX ? (size_t)f->part.left : SIZE_MAX);
	take(c, f, f->part.at, bytes);
	part_advance(c, f, bytes.n);
	note_kind(c, f);
}

void content_gap(struct content *c, uint32_t handle, uint64_t n)
{
	struct file *f = handle_file(c, handle);
	if (!f || n == 0)
		return;
	if (f->part.at + n > f->next)
		broke(c, f);
	part_advance(c, f, n);
}

void content_close(struct content *c, uint32_t handle, bool complete)
{
	struct file *f = handle_file(c, handle);
	if (f)
		part_end(c, f, complete && f->part.until_close);
}

void content_finish(struct content *c)
{
	while (c->oldest != NONE)
		file_end(c, &c->files[c->oldest], false);
}
