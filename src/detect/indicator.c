/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Indicators: the shipped list, STIX 2.1 objects read with jansson, and one hash table for all look-ups. */
#include "detect/indicator.h"

#include <errno.h>
#include <jansson.h>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/scope.h"
#include "detect/stix.h"

enum {
	INDICATORS_MAX = 1 << 20,
	INDICATORS_MEMORY = 256 << 20,
	SCRATCH = 64 << 20,
	NAME_MAX_BYTES = 255,
	URL_MAX_BYTES = 2048
};

struct bits_in_use {
	uint8_t family, bits;
	uint64_t mask[2];
};

/* What is asked for is nearly never listed: a bit that is not set says so without a key. */
enum { FILTER_ADDRS = 1 << 16, FILTER_NAMES = 1 << 12 };

struct indicators {
	struct indicator *v;
	uint32_t *chain;                         /* next indicator with the same key + 1 */
	uint64_t *hash;                          /* of its key */
	size_t n, room, indexed, skipped;
	uint32_t *slots;                         /* number of an indicator + 1 */
	size_t nslots;
	struct bits_in_use lengths[33 + 129];    /* longest first: the most specific network wins */
	size_t nlengths;
	bool kinds[UINT8_MAX + 1];               /* by the first byte of a key: there are such */
	uint64_t addrs[FILTER_ADDRS / 64], names[FILTER_NAMES / 64];
	struct arena arena, scratch;
};

/* ---- keys: one byte of what it is about, then the value in one spelling ---- */

struct key {
	uint8_t bytes[URL_MAX_BYTES + 8];
	size_t n;
};

static void key_add(struct key *k, struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) && k->n < sizeof(k->bytes))
		k->bytes[k->n++] = rd_u8(&r);
}

static void key_lower(struct key *k, struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r) && k->n < sizeof(k->bytes)) {
		uint8_t c = rd_u8(&r);
		k->bytes[k->n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
	}
}

static struct key key_new(char about)
{
	struct key k UNSET;
	k.bytes[0] = (uint8_t)about;
	k.n = 1;
	return k;
}

/* Short and built in place: it is looked up for every conversation. */
static struct span net_key(struct addr a, uint8_t bits, uint8_t out[19])
{
	unsigned keep = a.family == 4 ? 96u + bits : bits;
	out[0] = 'a';
	out[1] = a.family;
	out[2] = bits;
	for (unsigned i = 0; i < 16; i++) {
		unsigned left = keep > 8 * i ? keep - 8 * i : 0;
		out[3 + i] = (uint8_t)(left >= 8 ? a.b[i] : a.b[i] & (0xff00u >> left));
	}
	return span_of(out, 19);
}

static struct key host_key(struct span host)
{
	struct key k = key_new('n');
	while (host.n && host.p[host.n - 1] == '.')
		host.n--;
	key_lower(&k, span_cut(host, NAME_MAX_BYTES));
	return k;
}

/* Scheme and host in small letters, no user, no default port, no query, no fragment, a path at least "/". */
static struct key url_key(struct span url)
{
	struct key k = key_new('u');
	url = span_cut(url, URL_MAX_BYTES);
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] == '?' || url.p[i] == '#')
			url.n = i;
	struct rd r = rd_of(url);
	struct span scheme = { 0 };
	if (rd_until(&r, ':', &scheme) && rd_peek(&r) == '/') {
		key_lower(&k, scheme);
		key_add(&k, SPAN_LIT("://"));
		rd_skip(&r, 2);
	} else {
		r = rd_of(url);
	}
	struct span rest = rd_rest(&r);
	const uint8_t *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
	struct span host = span_cut(rest, slash ? (size_t)(slash - rest.p) : rest.n);
	struct span path = span_from(rest, host.n);
	const char *port = span_is(scheme, "https") ? ":443" : ":80";
	size_t tail = strlen(port);
	if (host.n > tail && span_is(span_from(host, host.n - tail), port))
		host.n -= tail;
	key_lower(&k, host);
	key_add(&k, path.n ? path : SPAN_LIT("/"));
	return k;
}

static struct key path_key(struct span path)
{
	struct key k = key_new('p');
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	key_add(&k, span_cut(path, URL_MAX_BYTES));
	return k;
}

static struct key hash_key_of(const uint8_t sha256[32])
{
	struct key k = key_new('h');
	key_add(&k, span_of(sha256, 32));
	return k;
}

/* The most telling part is the key; the rest is compared behind it. */
static struct key key_of(const struct indicator *i)
{
	if (i->has_sha256)
		return hash_key_of(i->sha256);
	if (i->url)
		return url_key(span_str(i->url));
	if (i->path)
		return path_key(span_str(i->path));
	if (i->host)
		return host_key(span_str(i->host));
	struct key k = key_new('o');
	if (i->net.net.family) {
		uint8_t net[19];
		k.n = 0;
		key_add(&k, net_key(i->net.net, i->net.bits, net));
	}
	return k;
}

/* ---- what a key can be told by without making it ---- */

static uint64_t addr_mark(struct addr a, const struct bits_in_use *b)
{
	uint64_t x[2];
	memcpy(x, a.b, sizeof(x));
	uint64_t mix = ((x[0] & b->mask[0]) * UINT64_C(0xff51afd7ed558ccd) + (x[1] & b->mask[1]) + b->bits) *
		       UINT64_C(0x9e3779b97f4a7c15);
	return mix >> 48;
}

static uint64_t name_mark(struct span host)
{
	while (host.n && host.p[host.n - 1] == '.')
		host.n--;
	host = span_cut(host, NAME_MAX_BYTES);
	uint64_t first = host.n ? ascii_lower(host.p[0]) : 0, last = host.n ? ascii_lower(host.p[host.n - 1]) : 0;
	return (host.n << 16 ^ first << 8 ^ last) * UINT64_C(0x9e3779b97f4a7c15) >> 52;
}

static bool is_marked(const uint64_t *filter, uint64_t mark)
{
	return filter[mark / 64] >> mark % 64 & 1;
}

/* ---- the table ---- */

static uint64_t key_hash(struct span key)
{
	static const struct hash_key fixed = { UINT64_C(0x61757363756c7421), UINT64_C(0x696e64696361746f) };
	return hash64(fixed, key);
}

static uint32_t *slot_of(const struct indicators *t, struct span key)
{
	uint64_t hash = key_hash(key);
	for (size_t i = hash & (t->nslots - 1);; i = (i + 1) & (t->nslots - 1)) {
		if (!t->slots[i])
			return &t->slots[i];
		if (t->hash[t->slots[i] - 1] != hash)
			continue;
		struct key other = key_of(&t->v[t->slots[i] - 1]);
		if (span_eq(key, span_of(other.bytes, other.n)))
			return &t->slots[i];
	}
}

static struct span key_span(const struct key *k)
{
	return span_of(k->bytes, k->n);
}

static struct bits_in_use length_of(struct prefix p)
{
	struct bits_in_use b = { .family = p.net.family, .bits = p.bits };
	uint8_t key[19], ones[16];
	memset(ones, 0xff, sizeof(ones));
	struct addr all = addr_from6(span_of(ones, sizeof(ones)));
	all.family = p.net.family;
	memcpy(b.mask, net_key(all, p.bits, key).p + 3, sizeof(b.mask));
	return b;
}

static void note_length(struct indicators *t, const struct bits_in_use *b)
{
	size_t i = 0;
	while (i < t->nlengths && t->lengths[i].bits >= b->bits) {
		if (t->lengths[i].family == b->family && t->lengths[i].bits == b->bits)
			return;
		i++;
	}
	if (t->nlengths == ARRAY_LEN(t->lengths))
		return;
	for (size_t j = t->nlengths++; j > i; j--)
		t->lengths[j] = t->lengths[j - 1];
	t->lengths[i] = *b;
}

/* Before it may be found it must be let through. */
static void note_key(struct indicators *t, const struct indicator *i, struct span key)
{
	t->kinds[key.p[0]] = true;
	if (key.p[0] == 'n') {
		uint64_t mark = name_mark(span_from(key, 1));
		t->names[mark / 64] |= UINT64_C(1) << mark % 64;
	}
	if (key.p[0] != 'a')
		return;
	struct bits_in_use b = length_of(i->net);
	uint64_t mark = addr_mark(i->net.net, &b);
	t->addrs[mark / 64] |= UINT64_C(1) << mark % 64;
	note_length(t, &b);
}

/* A prediction of our own says more than a list: it comes first among equals. */
static void link_in(struct indicators *t, uint32_t number)
{
	const struct indicator *i = &t->v[number];
	struct key k = key_of(i);
	uint32_t *at = slot_of(t, key_span(&k));
	t->hash[number] = key_hash(key_span(&k));
	while (*at && !(i->finding && !t->v[*at - 1].finding))
		at = &t->chain[*at - 1];
	t->chain[number] = *at;
	*at = number + 1;
	note_key(t, i, key_span(&k));
}

static void index_new(struct indicators *t)
{
	if (2 * t->n >= t->nslots) {
		for (t->nslots = 256; t->nslots < 4 * t->n; t->nslots *= 2)
			;
		free(t->slots);
		t->slots = mem_array(t->nslots, sizeof(*t->slots));
		for (size_t i = 0; i < t->n; i++)
			t->chain[i] = 0;
		t->indexed = 0;
	}
	for (; t->indexed < t->n; t->indexed++)
		link_in(t, (uint32_t)t->indexed);
}

static bool add(struct indicators *t, const struct indicator *i)
{
	if (t->n >= INDICATORS_MAX)
		return false;
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->v = mem_grow(t->v, t->room, sizeof(*t->v));
		t->chain = mem_grow(t->chain, t->room, sizeof(*t->chain));
		t->hash = mem_grow(t->hash, t->room, sizeof(*t->hash));
	}
	t->chain[t->n] = 0;
	t->v[t->n++] = *i;
	return true;
}

static void ship(struct indicators *t, struct indicator i, const char *net)
{
	if (!net || prefix_parse(net, &i.net))
		(void)add(t, &i);
}

struct indicators *indicators_new(void)
{
	struct indicators *t = mem_new(sizeof(*t));
	arena_init(&t->arena, INDICATORS_MEMORY);
	arena_init(&t->scratch, SCRATCH);
#define ADDRESS(i, nm, src, where)      ship(t, (struct indicator){ .id = i, .name = nm, .source = src }, where);
#define SHARE(i, nm, src, where, what) \
	ship(t, (struct indicator){ .id = i, .name = nm, .source = src, .path = what }, where);
#define DOMAIN(i, nm, src, what) \
	ship(t, (struct indicator){ .id = i, .name = nm, .source = src, .host = what }, NULL);
#include "detect/indicators.def"
#undef ADDRESS
#undef SHARE
#undef DOMAIN
	index_new(t);
	return t;
}

void indicators_free(struct indicators *t)
{
	if (!t)
		return;
	free(t->v);
	free(t->chain);
	free(t->hash);
	free(t->slots);
	arena_done(&t->arena);
	arena_done(&t->scratch);
	free(t);
}

void indicators_foretold(struct indicators *t, const struct foretold *f)
{
	const char *in_case = NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (!t->v[i].finding || t->v[i].in_case || strcmp(t->v[i].finding, f->finding) != 0)
			continue;
		in_case = in_case ? in_case : (const char *)arena_copy(&t->arena, span_str(f->in_case)).p;
		t->v[i].in_case = in_case;
	}
}

size_t indicators_count(const struct indicators *t)
{
	return t->n;
}

size_t indicators_skipped(const struct indicators *t)
{
	return t->skipped;
}

/* ---- look-up ---- */

static bool fits_traffic(const struct indicator *i, struct addr a, uint16_t port, uint8_t proto)
{
	if (i->net.net.family && a.family && !prefix_has(i->net, a))
		return false;
	if (!port && !proto)                     /* an ARP packet: nothing more to compare */
		return true;
	return (!i->port || i->port == port) && (!i->proto || i->proto == proto);
}

/* More demands met, more said. */
static int weight(const struct indicator *i)
{
	return (i->finding ? 4 : 0) + (i->port ? 2 : 0) + (i->proto ? 1 : 0);
}

static const struct indicator *best(const struct indicators *t, struct span key, struct addr a, uint16_t port,
				    uint8_t proto)
{
	const struct indicator *found = NULL;
	for (uint32_t at = *slot_of(t, key); at; at = t->chain[at - 1]) {
		const struct indicator *i = &t->v[at - 1];
		if (fits_traffic(i, a, port, proto) && (!found || weight(i) > weight(found)))
			found = i;
	}
	return found;
}

const struct indicator *indicators_addr(const struct indicators *t, struct addr a, uint16_t port, uint8_t proto)
{
	for (size_t i = 0; i < t->nlengths; i++) {
		if (t->lengths[i].family != a.family || !is_marked(t->addrs, addr_mark(a, &t->lengths[i])))
			continue;
		uint8_t net[19];
		const struct indicator *found = best(t, net_key(a, t->lengths[i].bits, net), a, port, proto);
		if (found)
			return found;
	}
	return port && t->kinds['o'] ? best(t, SPAN_LIT("o"), a, port, proto) : NULL;
}

const struct indicator *indicators_name(const struct indicators *t, struct span host)
{
	host = span_cut(host, NAME_MAX_BYTES);
	while (host.n) {
		if (is_marked(t->names, name_mark(host))) {
			struct key k = host_key(host);
			const struct indicator *found = best(t, key_span(&k), (struct addr){ 0 }, 0, 0);
			if (found)
				return found;
		}
		const uint8_t *dot = memchr(host.p, '.', host.n);
		if (!dot)
			break;
		host = span_from(host, (size_t)(dot - host.p) + 1);
	}
	return NULL;
}

const struct indicator *indicators_url(const struct indicators *t, struct span url)
{
	if (!t->kinds['u'])
		return NULL;
	struct key k = url_key(url);
	return best(t, key_span(&k), (struct addr){ 0 }, 0, 0);
}

const struct indicator *indicators_path(const struct indicators *t, struct addr a, struct span path)
{
	if (!t->kinds['p'])
		return NULL;
	struct key k = path_key(path);
	return best(t, key_span(&k), a, 0, 0);
}

const struct indicator *indicators_hash(const struct indicators *t, const uint8_t sha256[32])
{
	if (!t->kinds['h'])
		return NULL;
	struct key k = hash_key_of(sha256);
	return best(t, key_span(&k), (struct addr){ 0 }, 0, 0);
}

/* ---- STIX 2.1 ---- */

struct reading {
	struct indicators *t;
	const char *file;
	char *err;
	size_t skipped;
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s && *s ? s : NULL;
}

static const char *kept_text(struct indicators *t, const char *s)
{
	return s ? (const char *)arena_copy(&t->arena, span_cut(span_str(s), URL_MAX_BYTES)).p : NULL;
}

/* Our own predictions name the firmware finding and its case as external references and again as labels (no custom
 * objects): tools that pass indicators on keep the one or the other. */
static const char *reference_of(const json_t *object, const char *wanted)
{
	size_t i, n = strlen(wanted);
	const json_t *ref;
	json_array_foreach(json_object_get(object, "external_references"), i, ref) {
		const char *source = text_of(ref, "source_name");
		if (source && strcmp(source, wanted) == 0)
			return text_of(ref, "external_id");
	}
	json_array_foreach(json_object_get(object, "labels"), i, ref) {
		const char *label = json_string_value(ref);
		if (label && strncmp(label, wanted, n) == 0 && label[n] == ':' && label[n + 1])
			return label + n + 1;
	}
	return NULL;
}

/* nfs://host/path and the like: a share on a host. */
static void split_share(struct indicators *t, struct indicator *i)
{
	struct span url = i->url ? span_str(i->url) : (struct span){ 0 };
	if (!span_starts(url, SPAN_LIT("nfs://")))
		return;
	struct span rest = span_from(url, 6);
	const uint8_t *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
	if (!slash)
		return;
	struct span host = span_cut(rest, (size_t)(slash - rest.p));
	const char *name = (const char *)arena_copy(&t->arena, host).p;
	if (!name || !prefix_parse(name, &i->net))
		return;
	i->path = i->url + 6 + host.n;
	i->url = NULL;
}

static bool take_terms(struct reading *r, const json_t *object, const struct stix_terms *terms)
{
	struct indicators *t = r->t;
	const char *name = text_of(object, "name") ? text_of(object, "name") : text_of(object, "description");
	const char *id = kept_text(t, text_of(object, "id")), *file = kept_text(t, r->file);
	const char *finding = kept_text(t, reference_of(object, "auscult")),
		   *in_case = kept_text(t, reference_of(object, "auscult-case"));
	name = kept_text(t, name ? name : text_of(object, "id"));
	for (unsigned k = 0; k < terms->n; k++) {
		struct indicator i = terms->v[k];
		i.id = id ? id : "indicator";
		i.name = name ? name : i.id;
		i.source = file;
		i.finding = finding;
		i.in_case = in_case;
		i.host = kept_text(t, i.host);
		i.url = kept_text(t, i.url);
		i.path = kept_text(t, i.path);
		split_share(t, &i);
		if (add(t, &i))
			continue;
		snprintf(r->err, 256, "%s: more than %d indicators", r->file, INDICATORS_MAX);
		return false;
	}
	r->skipped += terms->skipped;
	return true;
}

static bool read_indicator(struct reading *r, const json_t *object)
{
	const char *pattern = text_of(object, "pattern"), *kind = text_of(object, "pattern_type");
	const char *id = text_of(object, "id");
	if (json_is_true(json_object_get(object, "revoked")) || (kind && strcmp(kind, "stix") != 0)) {
		r->skipped++;
		return true;
	}
	if (!pattern) {
		snprintf(r->err, 256, "%s: %.80s: an indicator without a pattern", r->file,
			 id ? id : "object without id");
		return false;
	}
	struct stix_terms terms;
	char why[160];
	arena_reset(&r->t->scratch);
	if (!stix_pattern(span_str(pattern), &r->t->scratch, &terms, why)) {
		snprintf(r->err, 256, "%s: %.80s: pattern, %s", r->file, id ? id : "object without id", why);
		return false;
	}
	return take_terms(r, object, &terms);
}

static bool read_object(struct reading *r, const json_t *object, size_t number)
{
	const char *type = text_of(object, "type");
	if (!type) {
		snprintf(r->err, 256, "%s: object %zu has no \"type\": not STIX 2.1", r->file, number);
		return false;
	}
	return strcmp(type, "indicator") != 0 || read_indicator(r, object);
}

static bool read_document(struct reading *r, const json_t *root)
{
	const json_t *objects = json_is_array(root) ? root : json_object_get(root, "objects");
	const char *type = text_of(root, "type");
	if (!objects && (!type || strcmp(type, "bundle") != 0))
		return read_object(r, root, 1);
	if (objects && !json_is_array(objects)) {
		snprintf(r->err, 256, "%s: \"objects\" of the bundle is not a list", r->file);
		return false;
	}
	size_t i;
	const json_t *object;
	json_array_foreach(objects, i, object)
		if (!read_object(r, object, i + 1))
			return false;
	return true;
}

enum { JSON_MAX = 64 << 20 };

int indicators_read(struct indicators *t, struct span json, const char *file, char err[256])
{
	json_error_t at;
	if (json.n > JSON_MAX) {
		snprintf(err, 256, "%s: larger than 64 MiB", file);
		return -EINVAL;
	}
	json_t *root = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &at);
	if (!root) {
		snprintf(err, 256, "%s:%d:%d: not JSON: %.150s", file, at.line, at.column, at.text);
		return -EINVAL;
	}
	struct reading r = { .t = t, .file = file, .err = err };
	size_t before = t->n;
	bool ok = read_document(&r, root);
	json_decref(root);
	if (!ok) {                               /* a file counts whole or not at all */
		t->n = before;
		return -EINVAL;
	}
	t->skipped += r.skipped;
	index_new(t);
	return 0;
}
