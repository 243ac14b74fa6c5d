/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flattened device trees and, with a node /images in them, U-Boot's FIT images (flat image tree): the images come out,
 * their hashes are checked, signatures are counted. */
#include <openssl/evp.h>
#include <zlib.h>

#include "fw/unpack/devicetree.h"

enum { IMAGES_MAX = 256, HASHES_MAX = 4 };

struct hash {
	struct span algo, value;
};

struct image {
	struct span name, description, type, arch, compression, data;
	uint64_t data_offset, data_position, data_size;
	bool has_offset, has_position;
	struct hash hashes[HASHES_MAX];
	unsigned nhashes, nsignatures;
};

struct fit {
	struct members *m;
	struct span s;
	uint32_t size;
	struct span model, compatible, description;
	struct image *images;
	unsigned nimages;
	unsigned config_signatures;
	bool has_images;
};

static int bid(struct span s)
{
	struct devicetree t;
	return devicetree_open(s, &t) ? 90 : 0;
}

static uint64_t cell(struct span s)
{
	struct rd r = rd_of(s);
	return dt_cells(&r, s.n == 8 ? 2 : 1);
}

static void image_property(struct image *i, struct span name, struct span value)
{
	if (span_is(name, "data"))
		i->data = value;
	else if (span_is(name, "description"))
		i->description = dt_text(value);
	else if (span_is(name, "type"))
		i->type = dt_text(value);
	else if (span_is(name, "arch"))
		i->arch = dt_text(value);
	else if (span_is(name, "compression"))
		i->compression = dt_text(value);
	bool offset = span_is(name, "data-offset"), position = span_is(name, "data-position");
	i->has_offset |= offset;
	i->has_position |= position;
	i->data_offset = offset ? cell(value) : i->data_offset;
	i->data_position = position ? cell(value) : i->data_position;
	i->data_size = span_is(name, "data-size") ? cell(value) : i->data_size;
}

static void hash_property(struct image *i, struct span node, struct span name, struct span value)
{
	bool is_hash = span_starts(node, SPAN_LIT("hash"));
	if (!is_hash || i->nhashes == 0)
		return;
	struct hash *h = &i->hashes[i->nhashes - 1];
	if (span_is(name, "algo"))
		h->algo = dt_text(value);
	else if (span_is(name, "value"))
		h->value = value;
}

/* What a property means by where it stands. */
static void property(void *ctx, const struct dt_path *t, struct span name, struct span value)
{
	struct fit *f = ctx;
	if (t->depth == 1) {
		f->model = span_is(name, "model") ? dt_text(value) : f->model;
		f->compatible = span_is(name, "compatible") ? dt_text(value) : f->compatible;
		f->description = span_is(name, "description") ? dt_text(value) : f->description;
	}
	bool in_images = t->depth >= 3 && span_is(t->names[1], "images") && f->nimages;
	if (in_images && t->depth == 3)
		image_property(&f->images[f->nimages - 1], name, value);
	if (in_images && t->depth == 4)
		hash_property(&f->images[f->nimages - 1], t->names[3], name, value);
}

static void node(void *ctx, const struct dt_path *t)
{
	struct fit *f = ctx;
	struct span name = t->names[t->depth - 1];
	bool in_images = t->depth >= 3 && span_is(t->names[1], "images");
	f->has_images |= t->depth == 2 && span_is(name, "images");
	if (t->depth == 3 && in_images && f->nimages < IMAGES_MAX)
		f->images[f->nimages++].name = name;
	struct image *i = in_images && f->nimages ? &f->images[f->nimages - 1] : NULL;
	if (t->depth == 4 && i && span_starts(name, SPAN_LIT("hash")) && i->nhashes < HASHES_MAX)
		i->nhashes++;
	if (t->depth == 4 && i && span_starts(name, SPAN_LIT("signature")))
		i->nsignatures++;
	f->config_signatures += t->depth == 4 && span_is(t->names[1], "configurations") &&
		span_starts(name, SPAN_LIT("signature"));
}

static const char *hash_verdict(const struct hash *h, struct span data)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct rd r = rd_of(h->value);
	if (span_is(h->algo, "crc32"))
		return h->value.n == 4 && crc32(0, data.p, (uInt)data.n) == rd_be32(&r) ? NULL : "its crc32 does not hold";
	const EVP_MD *md = span_is(h->algo, "sha256") ? EVP_sha256() : span_is(h->algo, "sha1") ? EVP_sha1() : NULL;
	if (!md || !EVP_Digest(data.n ? (const void *)data.p : "", data.n, digest, &n, md, NULL))
		return NULL;
	return span_eq(h->value, span_of(digest, n)) ? NULL : "its hash does not hold";
}

static bool add_image(struct fit *f, const struct image *i)
{
	struct member head = { .path = i->name, .mode = 0100644 };
	struct span data = i->data;
	/* External data: behind the tree, on a border of four (data-offset), or anywhere (data-position). */
	if (i->has_offset || i->has_position) {
		uint64_t at = i->has_position ? i->data_position : ((uint64_t)f->size + 3) / 4 * 4 + i->data_offset;
		struct rd r = rd_at(f->s, true, at, i->data_size);
		data = rd_rest(&r);
		head.damage = rd_ok(&r) ? NULL : "its bytes lie outside the image";
	}
	head.offset = data.n ? (uint64_t)(data.p - f->s.p) : 0;
	head.length = data.n;
	for (unsigned h = 0; h < i->nhashes && !head.damage && members_step(f->m, data.n); h++)
		head.damage = hash_verdict(&i->hashes[h], data);
	if (head.damage)
		members_damage(f->m, "%.*s: %s", (int)span_cut(i->name, 64).n, (const char *)i->name.p, head.damage);
	return member_add(f->m, &head, data);
}

static uint64_t extent(const struct fit *f)
{
	uint64_t end = f->size;
	for (unsigned i = 0; i < f->nimages; i++) {
		const struct image *g = &f->images[i];
		uint64_t at = g->has_position ? g->data_position : ((uint64_t)f->size + 3) / 4 * 4 + g->data_offset;
		bool external = (g->has_offset || g->has_position) && at <= f->s.n && g->data_size <= f->s.n - at;
		end = external && at + g->data_size > end ? at + g->data_size : end;
	}
	return end;
}

static void unpack(struct span s, struct members *m)
{
	struct fit f = { .m = m, .s = s };
	struct devicetree t;
	const struct dt_visit v = { node, property, NULL, &f };
	if (!devicetree_open(s, &t))
		return;
	f.size = t.size;
	f.images = mem_array(IMAGES_MAX, sizeof(*f.images));
	if (!devicetree_walk(&t, m, &v))
		members_damage(m, "the tree is damaged or nested beyond reason: read as far as it goes");
	if (f.size > s.n)
		members_damage(m, "cut: %zu of %u bytes are here", s.n, f.size);
	unsigned signatures = f.config_signatures;
	for (unsigned i = 0; i < f.nimages; i++)
		signatures += f.images[i].nsignatures;
	for (unsigned i = 0; i < f.nimages && add_image(&f, &f.images[i]); i++)
		;
	struct span name = f.has_images ? f.description : f.model.n ? f.model : f.compatible;
	name = span_cut(name, 100);
	if (!f.has_images)
		devicetree_note(m, &t);
	if (f.has_images)
		members_detail(m, "FIT \"%.*s\", %u images, %u signatures", (int)name.n, (const char *)name.p, f.nimages, signatures);
	else
		members_detail(m, "device tree%s%.*s", name.n ? " of " : "", (int)name.n, (const char *)name.p);
	members_extent(m, extent(&f));
	free(f.images);
}

const struct unpacker unpacker_fit = {
	.kind = KIND_BOOT,
	.name = "fit", .doc = "U-Boot FIT images and flattened device trees", .magics = { { "\xd0\x0d\xfe\xed", 4, 0 } },
	.bid = bid, .unpack = unpack,
};
