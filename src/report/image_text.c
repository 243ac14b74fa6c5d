/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An inspection for people: what lies where, what starts, who may log in, what could not be opened. */
#include "base/utf8.h"
#include "fw/flow/trace.h"
#include "fw/model/binary.h"
#include "fw/model/database.h"
#include "fw/model/startup.h"
#include "fw/unpack/records.h"
#include "report/card.h"
#include "report/firmware.h"
#include "report/flash_map.h"
#include "report/image.h"

enum { ROWS_MAX = 60, STARTS_SHOWN = 120, TROUBLE_MAX = 40 };

static void cell_text(struct table *t, struct buf *b)
{
	table_cell(t, buf_span(b));
	buf_reset(b);
}

static struct span text_of(const struct record *r, unsigned field)
{
	return record_get_text(r, field);
}

static void print_counts(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *containers = &image->list[IMAGE_CONTAINERS], *members = &image->list[IMAGE_MEMBERS];
	static const char *const types[] = { "file", "folder", "symbolic link", "hard link", "character device",
					     "block device", "fifo", "socket" };
	static const char *const many[] = { "files", "folders", "symbolic links", "hard links", "character devices",
					    "block devices", "fifos", "sockets" };
	uint64_t n[ARRAY_LEN(types)] = { 0 }, set_id = 0;
	for (size_t i = 0; i < members->n; i++) {
		const struct record *r = members->v[i];
		for (size_t k = 0; record_get_uint(r, MEM_CONTAINER) && k < ARRAY_LEN(types); k++)
			n[k] += span_is(text_of(r, MEM_TYPE), types[k]);
		set_id += record_get_uint(r, MEM_SET_ID);
	}
	struct buf b = { 0 };
	layout_count(&b, containers->n, "container", "containers");
	for (size_t k = 0; k < ARRAY_LEN(types); k++) {
		if (!n[k])
			continue;
		buf_text(&b, ", ");
		layout_count(&b, n[k], types[k], many[k]);
	}
	buf_text(&b, ", ");
	layout_bytes(&b, record_get_uint(image->sum, INS_BYTES));
	if (set_id) {
		buf_text(&b, ", ");
		layout_count(&b, set_id, "file set-id", "files set-id");
	}
	buf_text(out, "\n");
	layout_wrap(out, l, 0, "Found: ", buf_span(&b));
	buf_done(&b);
}

/* Kinds of files by number, the rare ones last. */
static void print_classes(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *members = &image->list[IMAGE_MEMBERS];
	struct buf b = { 0 };
	for (enum file_class c = FILE_PROGRAM; c < FILE_CLASSES; c++) {
		uint64_t n = 0;
		for (size_t i = 0; i < members->n; i++)
			n += span_is(text_of(members->v[i], MEM_CLASS), file_class_name(c));
		if (n)
			buf_printf(&b, "%s%s: %llu", b.n ? ", " : "", file_class_name(c), (unsigned long long)n);
	}
	if (b.n)
		layout_wrap(out, l, 0, "Files: ", buf_span(&b));
	buf_done(&b);
}

static void count_missing(struct buf *b, uint64_t n, const char *what)
{
	if (n)
		buf_printf(b, "%s%llu %s", b->n ? ", " : "", (unsigned long long)n, what);
}

/* How programs and libraries were built, in one sentence; --jsonl has each of them. */
static void print_binaries(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *binaries = &image->list[IMAGE_BINARIES];
	uint64_t linked = 0, nx = 0, pie = 0, canary = 0, debug = 0, missing = 0;
	struct buf b = { 0 }, head = { 0 };
	for (size_t i = 0; i < binaries->n; i++) {
		const struct record *r = binaries->v[i];
		bool loads = record_has(r, BIN_NX);      /* kernel modules and objects are loaded by others */
		linked += loads;
		nx += loads && !record_get_uint(r, BIN_NX);
		pie += span_is(text_of(r, BIN_TYPE), "program") && !record_get_uint(r, BIN_PIE);
		canary += loads && !record_get_uint(r, BIN_CANARY);
		debug += record_get_uint(r, BIN_DEBUG) != 0;
		missing += record_has(r, BIN_MISSING);
	}
	count_missing(&b, nx, "with an executable stack");
	count_missing(&b, pie, "at a fixed address");
	count_missing(&b, canary, "without stack checks");
	count_missing(&b, debug, "with debugging information");
	count_missing(&b, missing, "that need libraries that are not in the image");
	layout_count(&head, linked, "program or library", "programs and libraries");
	buf_text(&head, b.n ? ": " : ": hardened");
	buf_bytes(&head, buf_span(&b));
	if (linked)
		layout_wrap(out, l, 0, "Built: ", buf_span(&head));
	buf_done(&b);
	buf_done(&head);
}

static void print_starts(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *starts = &image->list[IMAGE_STARTS];
	if (starts->n)
		buf_text(out, "\nStarted with the device, in this order (? on a condition):\n");
	for (size_t i = 0; i < starts->n && i < STARTS_SHOWN; i++) {
		const struct record *r = starts->v[i];
		unsigned depth = (unsigned)record_get_uint(r, STA_DEPTH);
		struct buf b = { 0 };
		buf_bytes(&b, text_of(r, STA_COMMAND));
		buf_printf(&b, "%s", record_get_uint(r, STA_CONDITIONAL) ? " ?" : "");
		if (depth == 0) {
			buf_text(&b, "  (");
			buf_bytes(&b, text_of(r, STA_WHEN));
			buf_text(&b, ")");
		}
		layout_wrap(out, l, 2 + 2 * depth, "", buf_span(&b));
		buf_done(&b);
	}
	if (starts->n > STARTS_SHOWN)
		buf_printf(out, "  and %zu more (--jsonl gives all)\n", starts->n - STARTS_SHOWN);
}

static void print_accounts(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *accounts = &image->list[IMAGE_ACCOUNTS];
	static const char *const heads[] = { "ACCOUNT", "UID", "PASSWORD", "SHELL", "WHERE" };
	struct table t;
	struct buf b = { 0 };
	table_init(&t, 5, heads);
	for (size_t i = 0; i < accounts->n && i < ROWS_MAX; i++) {
		const struct record *r = accounts->v[i];
		struct span state = text_of(r, ACC_STATE);
		if (span_is(state, "locked") || span_is(state, "shadow"))
			continue;
		table_cell(&t, text_of(r, ACC_NAME));
		if (r->set & 1ull << ACC_UID)
			table_number(&t, record_get_uint(r, ACC_UID));
		else
			table_text(&t, "");
		buf_bytes(&b, span_is(state, "open") ? SPAN_LIT("none: open") : state);
		if (text_of(r, ACC_SCHEME).n)
			buf_text(&b, ", ");
		buf_bytes(&b, text_of(r, ACC_SCHEME));
		cell_text(&t, &b);
		table_cell(&t, text_of(r, ACC_SHELL));
		table_cell(&t, text_of(r, ACC_WHERE));
	}
	buf_done(&b);
	if (t.n > t.columns) {
		buf_text(out, "\nAccounts that are not locked:\n");
		table_print(&t, out, l, 2);
	}
	table_done(&t);
}

static void print_keys(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *keys = &image->list[IMAGE_KEYS];
	size_t n = 0;
	for (size_t i = 0; i < keys->n && n < TROUBLE_MAX; i++) {
		const struct record *r = keys->v[i];
		if (!span_is(text_of(r, KEY_WHAT), "private key"))
			continue;
		struct buf b = { 0 };
		if (++n == 1)
			buf_text(out, "\nPrivate keys that everybody with this image has:\n");
		buf_bytes(&b, text_of(r, KEY_FORM));
		buf_printf(&b, "%s at 0x%llx of ", record_get_uint(r, KEY_ENCRYPTED) ? ", encrypted," : "",
			   (unsigned long long)record_get_uint(r, KEY_OFFSET));
		buf_bytes(&b, text_of(r, KEY_WHERE));
		layout_wrap(out, l, 2, "", buf_span(&b));
		buf_done(&b);
	}
}

/* A line a table; what stands in them is nobody's business here. */
static void print_tables(const struct image *image, const struct layout *l, struct buf *out)
{
	static const char *const heads[] = { "TABLE", "ROWS", "COLUMNS", "DATABASE" };
	const struct image_kept *tables = &image->list[IMAGE_TABLES];
	struct table t;
	struct buf b = { 0 };
	table_init(&t, 4, heads);
	t.right[1] = true;
	for (size_t i = 0; i < tables->n && i < ROWS_MAX; i++) {
		const struct record *r = tables->v[i];
		struct texts columns = record_has(r, TBL_COLUMNS) ? r->v[TBL_COLUMNS].texts : (struct texts){ 0 };
		if (!record_has(r, TBL_NAME))
			continue;
		table_cell(&t, text_of(r, TBL_NAME));
		table_number(&t, record_get_uint(r, TBL_ROWS));
		for (uint32_t k = 0; k < columns.n; k++) {
			buf_text(&b, k ? ", " : "");
			buf_bytes(&b, columns.v[k]);
		}
		cell_text(&t, &b);
		table_cell(&t, text_of(r, TBL_WHERE));
	}
	buf_done(&b);
	if (t.n > t.columns) {
		buf_text(out, "\nTables of databases:\n");
		table_print(&t, out, l, 2);
	}
	table_done(&t);
	if (tables->n > ROWS_MAX)
		buf_printf(out, "  and %zu more (--jsonl gives all)\n", tables->n - ROWS_MAX);
}

static void trouble(const struct layout *l, struct buf *out, size_t *n, struct span where, const char *between,
		    struct span what)
{
	struct buf b = { 0 };
	if (++*n == 1)
		buf_text(out, "\nNot opened, or not whole:\n");
	if (*n > TROUBLE_MAX)
		return;
	buf_bytes(&b, where);
	buf_text(&b, between);
	buf_bytes(&b, what);
	layout_wrap(out, l, 2, "", buf_span(&b));
	buf_done(&b);
}

static void print_trouble(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *containers = &image->list[IMAGE_CONTAINERS], *areas = &image->list[IMAGE_AREAS],
		*members = &image->list[IMAGE_MEMBERS], *tables = &image->list[IMAGE_TABLES];
	size_t n = 0;
	for (size_t i = 0; i < containers->n; i++)
		if (text_of(containers->v[i], CON_DAMAGE).n)
			trouble(l, out, &n, text_of(containers->v[i], CON_WHERE), ": ", text_of(containers->v[i], CON_DAMAGE));
	for (size_t i = 0; i < members->n; i++)
		if (text_of(members->v[i], MEM_DAMAGE).n)
			trouble(l, out, &n, text_of(members->v[i], MEM_WHERE), ": ", text_of(members->v[i], MEM_DAMAGE));
	for (size_t i = 0; i < tables->n; i++)
		if (!record_has(tables->v[i], TBL_NAME) && text_of(tables->v[i], TBL_DAMAGE).n)
			trouble(l, out, &n, text_of(tables->v[i], TBL_WHERE), ": ", text_of(tables->v[i], TBL_DAMAGE));
	for (size_t i = 0; i < areas->n; i++) {
		const struct record *r = areas->v[i];
		if (!span_starts(text_of(r, ARE_WHAT), SPAN_LIT("encrypted")))
			continue;
		char place[128];
		snprintf(place, sizeof(place), " at 0x%llx, %llu bytes, %.2f bits a byte: ",
			 (unsigned long long)record_get_uint(r, ARE_OFFSET), (unsigned long long)record_get_uint(r, ARE_LENGTH),
			 record_get_real(r, ARE_ENTROPY));
		trouble(l, out, &n, text_of(r, ARE_WHERE), place, text_of(r, ARE_WHAT));
		if (n <= TROUBLE_MAX)
			layout_wrap(out, l, 4, "entropy, part by part: ", text_of(r, ARE_MAP));
	}
	if (n > TROUBLE_MAX)
		buf_printf(out, "  and %zu more (--jsonl gives all)\n", n - TROUBLE_MAX);
}

static void print_budgets(const struct image *image, const struct layout *l, struct buf *out)
{
	struct texts t = image->sum->set & 1ull << INS_BUDGETS ? image->sum->v[INS_BUDGETS].texts : (struct texts){ 0 };
	for (uint32_t i = 0; i < t.n; i++) {
		if (i == 0)
			buf_text(out, "\nBudgets reached:\n");
		layout_wrap(out, l, 2, "", t.v[i]);
	}
}

/* A line a member, whole: not a table, whose widest column would be cut. */
void image_list(const struct image *image, const struct layout *l, struct buf *out)
{
	const struct image_kept *members = &image->list[IMAGE_MEMBERS];
	out->cap = IMAGE_CAP;
	for (size_t i = 0; i < members->n; i++) {
		const struct record *r = members->v[i];
		struct span type = text_of(r, MEM_TYPE), mode = text_of(r, MEM_MODE);
		char owner[32];
		snprintf(owner, sizeof(owner), "%u:%u", (unsigned)record_get_uint(r, MEM_UID), (unsigned)record_get_uint(r, MEM_GID));
		buf_printf(out, "%-16.*s %.*s %-11s %10llu  ", (int)type.n, (const char *)type.p, (int)mode.n,
			   (const char *)mode.p, owner, (unsigned long long)record_get_uint(r, MEM_SIZE));
		show_text(out, text_of(r, MEM_WHERE), l->utf8, 0);
		if (text_of(r, MEM_TARGET).n)
			buf_text(out, " -> ");
		show_text(out, text_of(r, MEM_TARGET), l->utf8, 0);
		buf_text(out, "\n");
	}
}

/* The records of one program stand together, in the order of the programs. */
void image_traces(const struct image *image, const struct layout *l, bool all, struct buf *out)
{
	const struct image_kept *programs = &image->list[IMAGE_PROGRAMS], *traces = &image->list[IMAGE_TRACES];
	size_t told = 0;
	out->cap = IMAGE_CAP;
	for (size_t i = 0, at = 0; i < programs->n; i++) {
		struct span program = record_get_text(programs->v[i], FWT_PROGRAM);
		size_t n = 0;
		for (; at + n < traces->n; n++) {
			/* Calls and paths have it at the same place. */
			_Static_assert((int)FWC_PROGRAM == (int)FWP_PROGRAM, "one field for both");
			if (!span_eq(record_get_text(traces->v[at + n], FWC_PROGRAM), program))
				break;
		}
		if (n || all) {
			buf_text(out, told++ ? "\n" : "");
			firmware_trace(out, l, programs->v[i], traces->v + at, n);
		}
		at += n;
	}
	if (!told)
		buf_text(out, all ? "No program was executed.\n" : "No program of that name made a call of interest.\n");
}

void image_report(const struct image *image, const struct layout *l, struct buf *out)
{
	card_report(out, l, image);
	image_map(image, l, out);
	print_counts(image, l, out);
	print_classes(image, l, out);
	print_binaries(image, l, out);
	print_starts(image, l, out);
	print_accounts(image, l, out);
	print_keys(image, l, out);
	print_tables(image, l, out);
	print_trouble(image, l, out);
	print_budgets(image, l, out);
}
