/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the records of one inspection, a list a kind, and writes them as one document. */
#include "report/image.h"

#include "base/scope.h"
#include "finding/case.h"
#include "fw/flow/trace.h"
#include "fw/model/binary.h"
#include "fw/model/database.h"
#include "fw/model/identity.h"
#include "fw/model/startup.h"
#include "fw/model/strings.h"
#include "fw/unpack/records.h"
#include "record/json.h"
#include "report/card.h"
#include "report/flash_map.h"

struct kind {
	const struct record_type *type;
	enum image_list list;
};

static const struct kind kinds[] = {
	{ &container_type, IMAGE_CONTAINERS }, { &area_type, IMAGE_AREAS }, { &member_type, IMAGE_MEMBERS },
	{ &binary_type, IMAGE_BINARIES }, { &start_type, IMAGE_STARTS }, { &account_type, IMAGE_ACCOUNTS },
	{ &key_type, IMAGE_KEYS }, { &identity_type, IMAGE_IDENTITY }, { &fwtrace_type, IMAGE_PROGRAMS },
	{ &fwfunction_type, IMAGE_FUNCTIONS },
	{ &fwpath_type, IMAGE_TRACES }, { &fwcall_type, IMAGE_TRACES }, { &finding_type, IMAGE_FINDINGS },
	{ &case_type, IMAGE_CASES },
	{ &strip_type, IMAGE_STRIPS }, { &device_tree_type, IMAGE_TREES }, { &partition_type, IMAGE_PARTITIONS },
	{ &string_type, IMAGE_STRINGS }, { &table_type, IMAGE_TABLES },
};

/* In the order of the document. Functions are for comparing alone. */
static const char *const names[IMAGE_LISTS] = {
	[IMAGE_CONTAINERS] = "containers", [IMAGE_AREAS] = "areas", [IMAGE_MEMBERS] = "members", [IMAGE_BINARIES] = "binaries",
	[IMAGE_STARTS] = "starts", [IMAGE_ACCOUNTS] = "accounts", [IMAGE_KEYS] = "keys", [IMAGE_IDENTITY] = "identity",
	[IMAGE_PROGRAMS] = "programs", [IMAGE_TRACES] = "trace", [IMAGE_FINDINGS] = "findings", [IMAGE_CASES] = "cases",
	[IMAGE_STRIPS] = "strips", [IMAGE_TREES] = "device_trees", [IMAGE_PARTITIONS] = "partitions",
	[IMAGE_STRINGS] = "strings", [IMAGE_TABLES] = "tables",
};

void image_init(struct image *i)
{
	*i = (struct image){ 0 };
	arena_init(&i->arena, IMAGE_CAP);
}

void image_done(struct image *i)
{
	for (unsigned k = 0; k < IMAGE_LISTS; k++)
		free(i->list[k].v);
	arena_done(&i->arena);
}

static void keep(struct image *i, struct image_kept *k, const struct record *r)
{
	if (k->n == k->room) {
		k->room = k->room ? k->room * 2 : 256;
		k->v = mem_grow(k->v, k->room, sizeof(struct record *));
	}
	struct record *copy = record_copy(&i->arena, r);
	if (copy)
		k->v[k->n++] = copy;
	i->full |= !copy;
}

void image_take(struct image *i, const struct record *r)
{
	if (r->type == &inspection_type)
		i->sum = record_copy(&i->arena, r);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		if (r->type == kinds[k].type)
			keep(i, &i->list[kinds[k].list], r);
}

const struct record *image_finding(const struct image *i, const char *id)
{
	const struct image_kept *k = &i->list[IMAGE_FINDINGS];
	for (size_t n = 0; n < k->n; n++)
		if (span_is(record_get_text(k->v[n], FND_ID), id))
			return k->v[n];
	return NULL;
}

static struct compare_list side_list(const struct image *i, enum image_list k)
{
	return (struct compare_list){ i->list[k].v, (uint32_t)i->list[k].n };
}

struct compare_side image_side(const struct image *i, const char *name, uint32_t not_run)
{
	return (struct compare_side){
		.name = name, .sum = i->sum, .not_run = not_run, .containers = side_list(i, IMAGE_CONTAINERS),
		.areas = side_list(i, IMAGE_AREAS), .members = side_list(i, IMAGE_MEMBERS),
		.binaries = side_list(i, IMAGE_BINARIES), .starts = side_list(i, IMAGE_STARTS),
		.programs = side_list(i, IMAGE_PROGRAMS), .functions = side_list(i, IMAGE_FUNCTIONS),
		.findings = side_list(i, IMAGE_FINDINGS), .identities = side_list(i, IMAGE_IDENTITY) };
}

static void put_list(struct buf *doc, const char *name, const struct image_kept *k)
{
	buf_printf(doc, ",\n\"%s\":[", name);
	for (size_t i = 0; i < k->n; i++) {
		if (i)
			buf_text(doc, ",\n  ");
		json_record(doc, k->v[i], NULL);
	}
	buf_text(doc, "]");
}

void image_document(const struct image *i, bool complete, bool traces, struct buf *out)
{
	out->cap = IMAGE_CAP;
	buf_text(out, "{\"auscult\":");
	json_put_str(out, AUSCULT_VERSION);
	buf_text(out, complete ? ",\"complete\":true" : ",\"complete\":false");
	for (unsigned k = 0; k < IMAGE_LISTS; k++)
		if (names[k] && (k != IMAGE_TRACES || traces))
			put_list(out, names[k], &i->list[k]);
	buf_text(out, ",\n\"map\":");
	flash_map_json(i, out);
	buf_text(out, ",\n\"card\":");
	card_write(out, i, false);
	buf_text(out, ",\"inspection\":");
	json_record(out, i->sum, NULL);
	buf_text(out, "}\n");
}
