/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts are gathered from the records of one inspection: what files say (identity), how binaries were built, what
 * device trees and the heads of containers name, which components stand where. */
#include "report/card.h"

#include <stdio.h>

#include "base/scope.h"
#include "fw/model/binary.h"
#include "fw/model/file.h"
#include "fw/model/identity.h"
#include "fw/unpack/records.h"
#include "record/json.h"

enum { FACTS_MAX = 512, SHOWN_OF_A_KIND = 4 };

struct fact {
	const char *what;
	struct span value, said, where;
	uint64_t offset;
	double confidence;
	uint32_t places;                         /* where it was read, the first one included */
	bool has_offset;
};

struct facts {
	struct fact *v;
	uint32_t n, dropped;
	struct arena arena;
};

static void add(struct facts *t, const struct fact *f)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if (strcmp(t->v[i].what, f->what) != 0 || !span_eq(t->v[i].value, f->value))
			continue;
		t->v[i].places++;
		if (f->confidence > t->v[i].confidence)
			t->v[i].confidence = f->confidence;
		return;
	}
	if (!f->value.n)
		return;
	if (t->n == FACTS_MAX) {
		t->dropped++;
		return;
	}
	t->v[t->n] = *f;
	t->v[t->n++].places = 1;
}

/* "2026-03-02 07:00:00" */
static struct span date_text(struct facts *t, uint64_t ns)
{
	struct buf b = { 0 };
	json_put_time(&b, ns);
	struct span s = buf_span(&b), out = { 0 };
	if (s.n > 20)
		out = span_str(arena_printf(&t->arena, "%.10s %.8s", (const char *)s.p + 1, (const char *)s.p + 12));
	buf_done(&b);
	return out;
}

static void from_files(struct facts *t, const struct image *i)
{
	const struct image_kept *k = &i->list[IMAGE_IDENTITY];
	for (size_t n = 0; n < k->n; n++) {
		const struct record *r = k->v[n];
		for (unsigned w = 0; w < IDENTITY_WHATS; w++)
			if (span_is(record_get_text(r, IDY_WHAT), identity_name(w)))
				add(t, &(struct fact){ .what = identity_name(w), .value = record_get_text(r, IDY_VALUE),
						       .said = record_get_text(r, IDY_SAID), .where = record_get_text(r, IDY_WHERE),
						       .offset = record_get_uint(r, IDY_OFFSET), .has_offset = true,
						       .confidence = record_get_real(r, IDY_CONFIDENCE) });
	}
}

/* Formats whose head names a product, a board or a version. */
static bool names_product(struct span format)
{
	static const char *const formats[] = { "uimage", "tplink", "linksys", "chk", "seama", "bootimg" };
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (span_is(format, formats[i]))
			return true;
	return false;
}

static void from_containers(struct facts *t, const struct image *i)
{
	const struct image_kept *k = &i->list[IMAGE_CONTAINERS];
	for (size_t n = 0; n < k->n; n++) {
		const struct record *r = k->v[n];
		if (names_product(record_get_text(r, CON_FORMAT)))
			add(t, &(struct fact){ .what = "head", .value = record_get_text(r, CON_DETAIL),
					       .said = record_get_text(r, CON_FORMAT), .where = record_get_text(r, CON_WHERE),
					       .confidence = 0.9 });
	}
}

static void from_trees(struct facts *t, const struct image *i)
{
	const struct image_kept *k = &i->list[IMAGE_TREES];
	for (size_t n = 0; n < k->n; n++) {
		const struct record *r = k->v[n];
		struct texts compatible = record_has(r, DTB_COMPATIBLE) ? r->v[DTB_COMPATIBLE].texts : (struct texts){ 0 };
		struct fact f = { .what = identity_name(IDENTITY_BOARD), .said = SPAN_LIT("device tree"),
				  .where = record_get_text(r, DTB_WHERE), .offset = record_get_uint(r, DTB_OFFSET), .confidence = 0.9 };
		f.value = record_get_text(r, DTB_MODEL);
		add(t, &f);
		f.value = compatible.n ? compatible.v[0] : (struct span){ 0 };
		add(t, &f);
	}
}

static const struct record *container_of(const struct image *i, const struct record *member)
{
	const struct image_kept *k = &i->list[IMAGE_CONTAINERS];
	uint64_t id = record_get_uint(member, MEM_CONTAINER);
	return id && id <= k->n ? k->v[id - 1] : NULL;   /* they are told in the order of their numbers */
}

/* The time in a boot image's head, and the latest of all files: before that nobody built it. */
static void from_times(struct facts *t, const struct image *i)
{
	const uint64_t year_2000 = 946684800000000000u;
	const struct image_kept *k = &i->list[IMAGE_MEMBERS];
	const struct record *latest = NULL;
	uint32_t dated = 0;
	for (size_t n = 0; n < k->n; n++) {
		const struct record *r = k->v[n], *c = container_of(i, r);
		uint64_t ts = record_get_uint(r, MEM_MODIFIED);
		if (!c || ts < year_2000)        /* devices without a clock begin in 1970 */
			continue;
		if (span_is(record_get_text(c, CON_FORMAT), "uimage"))
			add(t, &(struct fact){ .what = "built", .value = date_text(t, ts), .said = SPAN_LIT("time in the uImage head"),
					       .where = record_get_text(c, CON_WHERE), .confidence = 0.9 });
		dated++;
		if (!latest || ts > record_get_uint(latest, MEM_MODIFIED))
			latest = r;
	}
	if (latest)
		add(t, &(struct fact){ .what = "newest file", .value = date_text(t, record_get_uint(latest, MEM_MODIFIED)),
				       .said = span_str(arena_printf(&t->arena, "of %u with a time", dated)),
				       .where = record_get_text(latest, MEM_WHERE), .confidence = 0.7 });
}

/* "of 12 programs and libraries 9" */
static void count_binaries(struct facts *t, size_t of)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (!t->v[i].said.n)
			t->v[i].said = span_str(arena_printf(&t->arena, "%u of %zu programs and libraries", t->v[i].places, of));
}

static struct span last_part(struct span path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return span_from(path, i);
	return path;
}

static void from_binaries(struct facts *t, const struct image *i)
{
	const struct image_kept *k = &i->list[IMAGE_BINARIES];
	for (size_t n = 0; n < k->n; n++) {
		const struct record *r = k->v[n];
		struct span cpu = record_get_text(r, BIN_CPU), order = record_get_text(r, BIN_ORDER);
		struct fact f = { .what = "processor", .where = record_get_text(r, BIN_WHERE), .confidence = 0.95 };
		f.value = span_str(arena_printf(&t->arena, "%.*s, %u bits, %.*s-endian", (int)cpu.n, (const char *)cpu.p,
						(unsigned)record_get_uint(r, BIN_BITS), (int)order.n, (const char *)order.p));
		add(t, &f);
		struct texts compilers = record_has(r, BIN_COMPILERS) ? r->v[BIN_COMPILERS].texts : (struct texts){ 0 };
		f.what = identity_name(IDENTITY_COMPILER);
		for (uint32_t c = 0; c < compilers.n; c++) {
			f.value = compilers.v[c];
			add(t, &f);
		}
		f.what = "loader";               /* of programs: names the C library's kind */
		f.value = last_part(record_get_text(r, BIN_LOADER));
		add(t, &f);
	}
	count_binaries(t, k->n);
}

static const struct record *part_of(const struct record *finding)
{
	const struct record *o = record_has(finding, FND_OBSERVED) ? finding->v[FND_OBSERVED].record : NULL;
	bool is = o && span_is(record_get_text(finding, FND_RULE), "fw.component") && record_has(o, OBS_COMPONENT);
	return is ? o : NULL;
}

static const struct record *first_step(const struct record *finding)
{
	struct records steps = record_has(finding, FND_CHAIN) ? finding->v[FND_CHAIN].records : (struct records){ 0 };
	return steps.n ? steps.v[0] : NULL;
}

static void from_components(struct facts *t, const struct image *i)
{
	static const char *const libraries[] = { "glibc", "uClibc", "musl", "dietlibc", "Bionic" };
	const struct image_kept *k = &i->list[IMAGE_FINDINGS];
	for (size_t n = 0; n < k->n; n++) {
		const struct record *o = part_of(k->v[n]), *step = first_step(k->v[n]);
		for (size_t c = 0; o && step && c < ARRAY_LEN(libraries); c++) {
			struct span version = record_get_text(o, OBS_VERSION);
			if (!span_is(record_get_text(o, OBS_COMPONENT), libraries[c]))
				continue;
			char *text = arena_printf(&t->arena, "%s%s%.*s", libraries[c], version.n ? " " : "", (int)version.n,
						  (const char *)version.p);
			add(t, &(struct fact){ .what = "C library", .value = span_str(text), .said = record_get_text(step, STEP_TEXT),
					       .where = record_get_text(step, STEP_PLACE), .has_offset = true,
					       .offset = record_get_uint(step, STEP_OFFSET),
					       .confidence = record_get_real(k->v[n], FND_CONFIDENCE) });
		}
	}
}

static void facts_gather(struct facts *t, const struct image *i)
{
	*t = (struct facts){ .v = mem_array(FACTS_MAX, sizeof(*t->v)) };
	arena_init(&t->arena, IMAGE_CAP);
	from_files(t, i);
	from_containers(t, i);
	from_trees(t, i);
	from_times(t, i);
	from_binaries(t, i);
	from_components(t, i);
}

static void facts_done(struct facts *t)
{
	free(t->v);
	arena_done(&t->arena);
}

/* ---- for programs ---- */

static void put_field(struct buf *b, const char *name, struct span value)
{
	if (!value.n)
		return;
	buf_printf(b, ",\"%s\":", name);
	json_put_text(b, value);
}

static void put_place(struct buf *b, struct span where, bool has_offset, uint64_t offset, struct span said,
		      double confidence)
{
	put_field(b, "said", said);
	put_field(b, "where", where);
	if (has_offset)
		buf_printf(b, ",\"offset\":%llu", (unsigned long long)offset);
	buf_text(b, ",\"confidence\":");
	json_put_real(b, confidence);
}

static void put_facts(struct buf *b, const struct facts *t)
{
	buf_text(b, ",\n\"facts\":[");
	for (uint32_t i = 0; i < t->n; i++) {
		const struct fact *f = &t->v[i];
		buf_printf(b, "%s\n  {\"what\":\"%s\",\"value\":", i ? "," : "", f->what);
		json_put_text(b, f->value);
		put_place(b, f->where, f->has_offset, f->offset, f->said, f->confidence);
		if (f->places > 1)
			buf_printf(b, ",\"places\":%u", f->places);
		buf_text(b, "}");
	}
	buf_text(b, "]");
	if (t->dropped)
		buf_printf(b, ",\"facts_dropped\":%u", t->dropped);
}

static void put_software(struct buf *b, const struct image *i)
{
	const struct image_kept *k = &i->list[IMAGE_FINDINGS];
	const char *comma = "";
	buf_text(b, ",\n\"software\":[");
	for (size_t n = 0; n < k->n; n++) {
		const struct record *o = part_of(k->v[n]), *step = first_step(k->v[n]);
		if (!o)
			continue;
		buf_printf(b, "%s\n  {\"name\":", comma);
		json_put_text(b, record_get_text(o, OBS_COMPONENT));
		put_field(b, "version", record_get_text(o, OBS_VERSION));
		put_field(b, "cpe", record_get_text(o, OBS_CPE));
		put_place(b, step ? record_get_text(step, STEP_PLACE) : (struct span){ 0 }, step != NULL,
			  step ? record_get_uint(step, STEP_OFFSET) : 0,
			  step ? record_get_text(step, STEP_TEXT) : (struct span){ 0 }, record_get_real(k->v[n], FND_CONFIDENCE));
		buf_text(b, "}");
		comma = ",";
	}
	buf_text(b, "]");
}

/* What runs, or decides what runs. */
static bool is_told(const struct record *member)
{
	static const enum file_class classes[] = { FILE_PROGRAM, FILE_LIBRARY, FILE_MODULE, FILE_SHELL, FILE_SCRIPT,
						   FILE_INITTAB, FILE_RC, FILE_UNIT, FILE_CRONTAB, FILE_INETD, FILE_CGI, FILE_PHP, FILE_LUA };
	struct span class = record_get_text(member, MEM_CLASS);
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (span_is(class, file_class_name(classes[i])))
			return true;
	return false;
}

static void put_members(struct buf *b, const struct image *i)
{
	const struct image_kept *k = &i->list[IMAGE_MEMBERS];
	const char *comma = "";
	buf_text(b, ",\n\"members\":[");
	for (size_t n = 0; n < k->n; n++) {
		const struct record *r = k->v[n];
		if (!is_told(r) || !record_has(r, MEM_SHA256))
			continue;
		buf_printf(b, "%s\n  {\"path\":", comma);
		json_put_text(b, record_get_text(r, MEM_PATH));
		put_field(b, "where", record_get_text(r, MEM_WHERE));
		put_field(b, "class", record_get_text(r, MEM_CLASS));
		put_field(b, "mode", record_get_text(r, MEM_MODE));
		buf_printf(b, ",\"size\":%llu,\"sha256\":", (unsigned long long)record_get_uint(r, MEM_SIZE));
		json_put_hex(b, span_of(r->v[MEM_SHA256].hash, 32));
		buf_text(b, "}");
		comma = ",";
	}
	buf_text(b, "]");
}

static void identity_of(const struct image *i, uint8_t sha256[32], char id[IMAGE_ID_TEXT])
{
	const struct image_kept *k = &i->list[IMAGE_MEMBERS];
	struct input_digest d = { 0 };
	for (size_t n = 0; n < k->n; n++)
		input_digest_add(&d, k->v[n]);
	input_digest_end(&d, sha256);
	input_digest_done(&d);
	image_id(sha256, id);
}

static void put_image(struct buf *b, const struct image *i)
{
	uint8_t sha256[32];
	char id[IMAGE_ID_TEXT];
	const struct image_kept *k = &i->list[IMAGE_MEMBERS];
	identity_of(i, sha256, id);
	buf_printf(b, ",\n\"image\":{\"id\":\"%s\",\"name\":", id);
	json_put_text(b, k->n ? record_get_text(k->v[0], MEM_PATH) : (struct span){ 0 });
	if (i->sum)
		buf_printf(b, ",\"size\":%llu", (unsigned long long)record_get_uint(i->sum, INS_INPUT_BYTES));
	buf_text(b, ",\"sha256\":");
	json_put_hex(b, span_of(sha256, sizeof(sha256)));
	buf_text(b, "}");
}

size_t card_write(struct buf *out, const struct image *i, bool members)
{
	struct facts t;
	facts_gather(&t, i);
	buf_printf(out, "{\"kind\":\"card\",\"form\":%d,\"program\":\"auscult %s\"", CARD_FORM, AUSCULT_VERSION);
	put_image(out, i);
	put_facts(out, &t);
	put_software(out, i);
	if (members)
		put_members(out, i);
	buf_text(out, "}\n");
	size_t n = t.n;
	facts_done(&t);
	return n;
}

/* ---- for people ---- */

static void show(struct buf *out, const struct layout *l, const struct facts *t, const char *what)
{
	struct buf line = { 0 };
	char head[24];
	unsigned n = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct fact *f = &t->v[i];
		if (strcmp(f->what, what) != 0)
			continue;
		if (++n > SHOWN_OF_A_KIND)
			continue;
		buf_text(&line, n > 1 ? "; " : "");
		buf_bytes(&line, f->value);
		buf_text(&line, " (");
		buf_bytes(&line, f->where);
		if (f->places > 1)
			buf_printf(&line, " and %u more", f->places - 1);
		buf_text(&line, ")");
	}
	if (n > SHOWN_OF_A_KIND)
		buf_printf(&line, "; %u more", n - SHOWN_OF_A_KIND);
	snprintf(head, sizeof(head), "%-13s ", what);
	if (n)
		layout_wrap(out, l, 2, head, buf_span(&line));
	buf_done(&line);
}

void card_report(struct buf *out, const struct layout *l, const struct image *i)
{
	static const char *const order[] = { "maker", "model", "version", "build", "system", "kernel", "boot loader", "board",
					     "head", "built", "newest file", "processor", "C library", "loader", "compiler" };
	uint8_t sha256[32];
	char id[IMAGE_ID_TEXT];
	struct facts t;
	struct buf line = { 0 };
	facts_gather(&t, i);
	identity_of(i, sha256, id);
	buf_printf(&line, "%s, SHA-256 ", id);
	for (unsigned k = 0; k < sizeof(sha256); k++)
		buf_printf(&line, "%02x", sha256[k]);
	buf_text(out, "\nWhat the image says of itself (auscult inspect --card FILE keeps it):\n");
	layout_wrap(out, l, 2, "image         ", buf_span(&line));
	for (size_t k = 0; k < ARRAY_LEN(order); k++)
		show(out, l, &t, order[k]);
	facts_done(&t);
	buf_done(&line);
}
