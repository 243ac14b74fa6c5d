/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult inventory: the biomedical department's list, both ways. The file is parsed by a process without rights,
 * which hands over a record a line; the list in the store is replaced as a whole. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "cmd/body.h"
#include "cmd/document.h"
#include "cmd/engine.h"
#include "cmd/posture.h"
#include "cmd/site.h"
#include "record/json.h"
#include "record/wire.h"

enum { OPT_STORE, OPT_JSON, OPT_OUTPUT, OPT_MAP, OPT_BOM, OPT_ALL, OPT_COLOR };

enum { HEADING = 200 };

/* ---- import ---- */

struct order {                                   /* of the process that reads */
	int fd;
	const char *name;
	const struct asset_map *maps;
	unsigned nmaps;
	const struct registry *registry;
};

struct import {
	const struct args *args;
	struct store *store;
	struct buf notes;
	unsigned kept, remarks;
	bool failed, refused;
};

static bool hand_over(struct buf *out, const struct order *o, const struct record *r, int fd)
{
	if (!r || !wire_put(out, o->registry, r))
		return false;
	bool ok = out->n < 65536 || command_write(fd, buf_span(out)) == 0;
	if (out->n >= 65536)
		buf_reset(out);
	return ok;
}

/* why: NULL for a remark that stops nothing. */
static bool hand_note(struct buf *out, const struct order *o, const char *why, struct span remark, int fd)
{
	struct arena a;
	struct record r;
	arena_init(&a, 1 << 16);
	const struct record_host host = { .arena = &a };
	record_begin(&r, &refused_type, NULL, &host);
	record_text(&r, REFUSED_FILE, remark);
	record_str(&r, REFUSED_WHY, why);
	bool ok = hand_over(out, o, &r, fd);
	arena_done(&a);
	return ok;
}

static bool hand_all(struct buf *out, const struct order *o, const struct assets *list, const struct buf *notes, int fd)
{
	struct rd r = rd_of(buf_span(notes));
	struct span line;
	bool ok = true;
	while (ok && rd_until(&r, '\n', &line))
		ok = hand_note(out, o, NULL, line, fd);
	for (uint32_t i = 0; ok && i < list->n; i++) {
		struct arena a;
		arena_init(&a, 1 << 16);
		const struct record_host host = { .arena = &a };
		ok = hand_over(out, o, asset_record(&list->v[i], &host), fd);
		arena_done(&a);
	}
	return ok;
}

static int read_job(void *ctx, struct engine_board *board, int out_fd)
{
	const struct order *o = ctx;
	struct buf bytes = { 0 }, notes = { 0 }, out = { 0 };
	struct arena a;
	struct assets list = { 0 };
	char err[240] = "";
	arena_init(&a, 512 << 20);
	int rc = document_read(o->fd, &bytes);
	if (rc < 0)
		snprintf(err, sizeof(err), "%s", rc == -EFBIG ? "larger than 64 MiB" : strerror(-rc));
	else
		rc = assets_read(buf_span(&bytes), o->maps, o->nmaps, &a, &list, &notes, err);
	bool ok = rc < 0 ? hand_note(&out, o, err, span_str(o->name), out_fd) : hand_all(&out, o, &list, &notes, out_fd);
	ok = ok && command_write(out_fd, buf_span(&out)) == 0;
	if (!ok)
		snprintf(board->error, sizeof(board->error), "a line is too large to be kept");
	assets_done(&list);
	arena_done(&a);
	buf_done(&bytes);
	buf_done(&notes);
	buf_done(&out);
	return ok ? 0 : 2;
}

static void take(void *ctx, const struct record *r)
{
	struct import *m = ctx;
	if (r->type == &refused_type) {
		struct span name = record_get_text(r, REFUSED_FILE), why = record_get_text(r, REFUSED_WHY);
		bool remark = !record_has(r, REFUSED_WHY);
		m->refused |= !remark;
		m->remarks += remark;
		if (!remark)
			log_error(&m->args->log, "%.*s: %.*s", (int)name.n, (const char *)name.p, (int)why.n, (const char *)why.p);
		else if (!args_flag(m->args, OPT_JSON))
			log_warn(&m->args->log, "%.*s", (int)name.n, (const char *)name.p);
		return;
	}
	if (r->type != &asset_type || m->failed)
		return;
	m->failed = store_put(m->store, r) < 0;
	if (m->failed)
		log_error(&m->args->log, "%s", store_error(m->store));
	m->kept++;
}

struct mapping {                                 /* --map of this time, or of the last time that it was given */
	struct asset_map v[ASSET_MAPS];
	char text[ASSET_MAPS][HEADING];
	unsigned n;
};

/* "Heading=column". */
static bool add_map(struct mapping *m, const char *given)
{
	const char *sign = strrchr(given, '=');
	if (m->n == ASSET_MAPS || !sign || sign == given || strlen(given) >= HEADING)
		return false;
	char *text = m->text[m->n];
	memcpy(text, given, strlen(given) + 1);
	text[sign - given] = '\0';
	m->v[m->n++] = (struct asset_map){ text, text + (sign - given) + 1 };
	return true;
}

static bool remembered(void *ctx, const char *body)
{
	size_t i;
	json_t *o = body_parse(body), *v;
	json_array_foreach(json_object_get(o, "headings"), i, v)
		if (json_is_string(v))
			(void)add_map(ctx, json_string_value(v));
	json_decref(o);
	return true;
}

static bool remember(struct store *s, const struct args *a)
{
	struct arena arena;
	struct record r;
	arena_init(&arena, 1 << 16);
	const struct record_host host = { .arena = &arena };
	record_begin(&r, &headings_type, NULL, &host);
	record_str(&r, HEADINGS_ID, "headings");
	for (unsigned i = 0; i < a->v[OPT_MAP].ntexts; i++)
		record_add_text(&r, HEADINGS_LIST, span_str(a->v[OPT_MAP].texts[i]));
	bool ok = !a->v[OPT_MAP].ntexts || store_put(s, &r) == 0;
	arena_done(&arena);
	return ok;
}

static bool run_order(struct import *m, struct order *o)
{
	AUTO_FREE struct registry *g = mem_new(sizeof(*g));
	struct engine e;
	command_registry(g);
	o->registry = g;
	int rc = engine_spawn(read_job, o, &e);
	if (rc < 0) {
		log_error(&m->args->log, "the reading process could not be started: %s", strerror(-rc));
		return false;
	}
	bool good = engine_take(&e, g, take, m);
	rc = engine_wait(&e);
	if (rc || !good)
		log_error(&m->args->log, "%s", rc ? e.board->error : "the reading process sent what it must not");
	engine_done(&e);
	return rc == 0 && good && !m->refused && !m->failed;
}

static int import(struct args *a)
{
	struct import m = { .args = a };
	struct mapping map = { .n = 0 };
	char dir[STORE_PATH], err[STORE_ERR] = "";
	struct order o = { .name = a->rest[1], .maps = map.v };
	for (unsigned i = 0; i < a->v[OPT_MAP].ntexts; i++)
		if (!add_map(&map, a->v[OPT_MAP].texts[i]))
			return command_usage(a, "--map takes HEADING=COLUMN, such as --map \"Inv. Nr.=asset_tag\"");
	AUTO_CLOSE int fd = strcmp(o.name, "-") == 0 ? dup(0) : open(o.name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_error(&a->log, "%s: %s", o.name, strerror(errno));
		return OUT_FAILED;
	}
	o.fd = fd;
	site_default_dir(dir);
	bool good = store_open(args_text(a, OPT_STORE) ? args_text(a, OPT_STORE) : dir, false, &m.store, err) == 0 &&
		    store_begin(m.store, o.name, NULL) == 0 && store_forget(m.store, &asset_type) == 0;
	if (!good)
		log_error(&a->log, "%s", err[0] ? err : "the store could not be written");
	const struct query last = { .kind = "headings", .min_severity = -1 };
	if (good && !map.n)
		good = store_ask(m.store, &last, remembered, &map) == 0;
	o.nmaps = map.n;
	good = good && run_order(&m, &o) && remember(m.store, a);
	if (good && store_commit(m.store) < 0) {
		log_error(&a->log, "%s", store_error(m.store));
		good = false;
	}
	char out[160];
	int n = args_flag(a, OPT_JSON) ? snprintf(out, sizeof(out), "{\"kept\":%u,\"remarks\":%u}\n", m.kept, m.remarks) :
					 snprintf(out, sizeof(out), "%u lines kept, in the place of the list before; %u remarks\n",
						  m.kept, m.remarks);
	if (good)
		good = command_write(STDOUT_FILENO, span_of(out, (size_t)n)) == 0;
	store_close(m.store);
	buf_done(&m.notes);
	return good ? OUT_CLEAN : OUT_FAILED;
}

/* ---- export ---- */

/* What was seen beside what is listed: the list's columns first, so that the file can be imported again. */
static void put_line(struct buf *b, const struct posture_device *d)
{
	const char *seen[ASSET_COLUMNS] = {
		[ASSET_MAKER] = d->maker, [ASSET_MODEL] = d->model, [ASSET_SERIAL] = d->serial, [ASSET_FIRMWARE] = d->version,
		[ASSET_MAC] = d->mac, [ASSET_IP] = d->addresses[0], [ASSET_NETWORK] = d->seen ? "yes" : NULL,
	};
	for (unsigned c = 0; c < ASSET_COLUMNS; c++) {
		const char *listed = d->asset ? d->asset->v[c] : "";
		csv_cell(b, c == 0, *listed ? listed : seen[c] ? seen[c] : "");
	}
	const char *state = d->seen && d->asset ? "listed and seen" : d->seen ? "seen, not listed" : "listed, never seen";
	csv_cell(b, false, d->id);
	csv_cell(b, false, d->role);
	csv_cell(b, false, state);
	csv_end(b);
}

static int write_out(const struct args *a, const struct buf *b)
{
	const char *path = args_text(a, OPT_OUTPUT);
	bool to_stdout = !path || strcmp(path, "-") == 0;
	AUTO_CLOSE int fd = to_stdout ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd >= 0 && command_write(fd, buf_span(b)) == 0)
		return OUT_CLEAN;
	log_error(&a->log, "%s: %s", to_stdout ? "standard output" : path, strerror(errno));
	return OUT_FAILED;
}

static int export(struct args *a)
{
	struct posture *p = posture_load(a, args_text(a, OPT_STORE), POSTURE_DEVICES);
	struct buf b = { 0 };
	if (!p)
		return OUT_FAILED;
	if (args_flag(a, OPT_BOM))
		buf_text(&b, "\xef\xbb\xbf");
	for (unsigned c = 0; c < ASSET_COLUMNS; c++)
		csv_cell(&b, c == 0, asset_column_name((enum asset_column)c));
	csv_cell(&b, false, "auscult_id");
	csv_cell(&b, false, "role");
	csv_cell(&b, false, "state");
	csv_end(&b);
	for (uint32_t i = 0; i < p->n; i++)
		if (p->v[i].medical || p->v[i].asset || args_flag(a, OPT_ALL))
			put_line(&b, &p->v[i]);
	int rc = write_out(a, &b);
	buf_done(&b);
	posture_free(p);
	return rc;
}

/* ---- difference ---- */

struct difference {
	const struct args *args;
	struct buf out;
	struct layout layout;
	bool json;
	unsigned listed, unlisted, differ, agree;
};

/* The list and the wire name the same thing differently: signs and case do not count. */
static bool disagree(const char *a, const char *b)
{
	if (!*a || !*b)
		return false;
	for (;; a++, b++) {
		while (*a && strchr(" -_./:", *a))
			a++;
		while (*b && strchr(" -_./:", *b))
			b++;
		char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a, y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
		if (x != y)
			return true;
		if (!x)
			return false;
	}
}

static void tell(struct difference *f, const char *kind, const struct posture_device *d, const char *what)
{
	struct buf line = { 0 };
	posture_label(d, &line);
	if (f->json) {
		buf_printf(&f->out, "%s{\"difference\":\"%s\",\"device\":", f->out.n > 16 ? ",\n " : "\n ", kind);
		json_put_str(&f->out, d->id);
		buf_text(&f->out, ",\"asset_tag\":");
		json_put_str(&f->out, d->asset ? d->asset->v[ASSET_TAG] : "");
		buf_text(&f->out, ",\"name\":");
		json_put_text(&f->out, buf_span(&line));
		buf_text(&f->out, ",\"what\":");
		json_put_str(&f->out, what);
		buf_text(&f->out, "}");
	} else {
		if (*what)
			buf_printf(&line, ": %s", what);
		char head[40];
		snprintf(head, sizeof(head), "%-20s", kind);
		layout_wrap(&f->out, &f->layout, 0, head, buf_span(&line));
	}
	buf_done(&line);
}

static void compare_fields(struct difference *f, const struct posture_device *d)
{
	struct buf what = { 0 };
	const struct {
		const char *name, *seen, *listed;
	} pairs[] = { { "maker", d->maker, d->asset->v[ASSET_MAKER] }, { "model", d->model, d->asset->v[ASSET_MODEL] },
		      { "serial number", d->serial, d->asset->v[ASSET_SERIAL] }, { "firmware", d->version,
			d->asset->v[ASSET_FIRMWARE] },
		      { "MAC", d->mac, d->asset->v[ASSET_MAC] },
		      { "address", d->addresses[0] ? d->addresses[0] : "", d->asset->v[ASSET_IP] } };
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (disagree(pairs[i].seen, pairs[i].listed))
			buf_printf(&what, "%s%s is \"%.80s\" in the list and \"%.80s\" on the network", what.n ? "; " : "", pairs[i].name,
				   pairs[i].listed, pairs[i].seen);
	if (strncasecmp(d->asset->v[ASSET_NETWORK], "no", 2) == 0)
		buf_printf(&what, "%sthe list says that it has no network", what.n ? "; " : "");
	buf_u8(&what, 0);
	if (what.n > 1) {
		f->differ++;
		tell(f, "differs", d, (const char *)what.p);
	} else {
		f->agree++;
	}
	buf_done(&what);
}

static int diff(struct args *a)
{
	struct posture *p = posture_load(a, args_text(a, OPT_STORE), POSTURE_DEVICES);
	struct difference f = { .args = a, .layout = body_layout(args_text(a, OPT_COLOR)), .json = args_flag(a, OPT_JSON) };
	if (!p)
		return OUT_FAILED;
	if (!p->assets.n)
		log_warn(&a->log, "the store has no list yet: auscult inventory import FILE");
	buf_text(&f.out, f.json ? "{\"differences\":[" : "");
	for (uint32_t i = 0; i < p->n; i++) {
		const struct posture_device *d = &p->v[i];
		if (!d->seen) {
			f.listed++;
			tell(&f, "listed, never seen", d, "");
		} else if (d->asset) {
			compare_fields(&f, d);
		} else if (d->medical || args_flag(a, OPT_ALL)) {
			f.unlisted++;
			tell(&f, "seen, not listed", d, "");
		}
	}
	if (f.json)
		buf_printf(&f.out, "],\n\"listed_never_seen\":%u,\"seen_not_listed\":%u,\"differ\":%u,\"agree\":%u}\n", f.listed,
			f.unlisted,
			   f.differ, f.agree);
	else
		buf_printf(&f.out, "\n%u listed and never seen, %u seen and not listed, %u differ, %u agree.\n", f.listed, f.unlisted,
			   f.differ, f.agree);
	int bad = command_write(STDOUT_FILENO, buf_span(&f.out));
	buf_done(&f.out);
	posture_free(p);
	return bad ? OUT_FAILED : f.listed || f.unlisted || f.differ ? OUT_FOUND : OUT_CLEAN;
}

static int run(struct args *a)
{
	const char *what = a->nrest ? a->rest[0] : "";
	if (strcmp(what, "import") == 0 && a->nrest == 2)
		return import(a);
	if (strcmp(what, "export") == 0 && a->nrest == 1)
		return export(a);
	if (strcmp(what, "diff") == 0 && a->nrest == 1)
		return diff(a);
	return command_usage(a, "say what to do: import FILE, export or diff");
}

const struct command cmd_inventory = {
	.name = "inventory",
	.doc = "the biomedical department's list of devices: in, out, and where it and the network disagree",
	.synopsis = "[OPTION]... import FILE.csv | export | diff",
	.about =
		"import reads CSV whose first line holds headings (asset tag, manufacturer, model, serial number, firmware, MAC, IP, "
		"location, department and so on; --map names others, and is remembered for the next time) in the place of the list "
		"before. export writes the list with what the "
		"network showed in its empty cells; cells that a spreadsheet would run as a formula get an apostrophe. diff says "
		"what is listed and was never seen, what was seen and is not listed, and where both name a device differently.\n\n"
		"A device is joined with its line by MAC, then serial number, then address, then its name as asset tag.\n\n"
		"Exit status of diff: 0 both agree, 1 they do not.",
	.example = "auscult inventory import --map \"Inv. Nr.=asset_tag\" cmms.csv\n  take over a list\n"
		   "auscult inventory diff\n  where the list and the network disagree",
	OPTIONS([OPT_STORE] = OPTION_STORE, [OPT_JSON] = OPTION_JSON,
		[OPT_OUTPUT] = { "output", 'o', "FILE", OPTION_TEXT, "export: write it there; - is standard output", "-" },
		[OPT_MAP] = { "map", 0, "HEADING=COLUMN", OPTION_TEXTS,
			      "import: what a heading means: asset_tag, maker, model, serial, firmware, mac, ip, network_port, location, "
			      "department, owner, criticality, last_maintenance, networked or mds2" },
		[OPT_BOM] = { "bom", 0, NULL, OPTION_FLAG, "export: begin with a byte order mark, as some spreadsheets want" },
		[OPT_ALL] = { "all", 0, NULL, OPTION_FLAG, "export, diff: devices that are not medical, too" },
		[OPT_COLOR] = OPTION_COLOR),
	.run = run,
};
