/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult risk: which device first? One figure each, with every addend. */
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "cmd/body.h"
#include "cmd/posture.h"
#include "inventory/inventory.h"
#include "record/json.h"

enum { OPT_STORE, OPT_JSON, OPT_CSV, OPT_SORT, OPT_DEVICE, OPT_WHY, OPT_LIMIT, OPT_ALL, OPT_FAIL_AT, OPT_COLOR };

#define SORTS "risk|exposure|reachability|leaves|patient|affected|role|firmware|cvss|name"

struct row {
	const struct posture_device *d;
	double key;                              /* higher first */
	uint32_t at;                             /* place before sorting: equal keys keep it */
};

static double key_of(const struct posture_device *d, const char *sort)
{
	static const char *const names[ADDENDS] = { "exposure", "reachability", "leaves", "patient", "affected", "role",
		"firmware" };
	for (unsigned k = 0; k < ADDENDS; k++)
		if (strcmp(sort, names[k]) == 0)
			return d->risk.v[k].points * 1000.0 + d->risk.figure;
	if (strcmp(sort, "cvss") == 0)
		return d->facts.cvss * 1000 + d->risk.figure;
	return d->risk.figure;
}

/* What people look for it by. */
static const char *name_of(const struct posture_device *d)
{
	const char *const names[] = { d->name, d->asset ? d->asset->v[ASSET_TAG] : "",
				      d->addresses[0] ? d->addresses[0] : "", d->mac };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (*names[i])
			return names[i];
	return d->id;
}

static int by_key(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? 1 : -1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = strcasecmp(name_of(x->d), name_of(y->d));
	return c ? c : x->at < y->at ? -1 : x->at > y->at;
}

static void put_json(struct buf *b, const struct posture_device *d, bool first)
{
	buf_text(b, first ? "\n {\"device\":" : ",\n {\"device\":");
	json_put_str(b, d->id);
	buf_text(b, ",\"name\":");
	json_put_str(b, name_of(d));
	buf_text(b, ",\"asset_tag\":");
	json_put_str(b, d->asset ? d->asset->v[ASSET_TAG] : "");
	buf_text(b, ",\"role\":");
	json_put_str(b, d->role);
	buf_printf(b, ",\"seen\":%s,\"risk\":%u,\"addends\":[", d->seen ? "true" : "false", d->risk.figure);
	for (unsigned k = 0; k < ADDENDS; k++) {
		const struct addend *a = &d->risk.v[k];
		buf_printf(b, "%s{\"name\":\"%s\",\"points\":%u,\"most\":%u,\"why\":", k ? "," : "", addend_name((enum addend_kind)k),
			   a->points, a->most);
		json_put_str(b, a->why);
		buf_text(b, "}");
	}
	buf_text(b, "]");
	if (d->facts.cve) {
		buf_text(b, ",\"published\":{\"cve\":");
		json_put_str(b, d->facts.cve);
		buf_text(b, ",\"cvss\":");
		json_put_str(b, d->facts.cvss_version);
		buf_text(b, ",\"score\":");
		json_put_real(b, d->facts.cvss);
		buf_text(b, "}");
	}
	buf_text(b, "}");
}

static void put_csv_head(struct buf *b)
{
	static const char *const heads[] = { "risk", "device", "asset_tag", "maker", "model", "firmware",
					     "serial", "mac", "ip", "location", "department", "role" };
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		csv_cell(b, i == 0, heads[i]);
	for (unsigned k = 0; k < ADDENDS; k++)
		csv_cell(b, false, addend_name((enum addend_kind)k));
	csv_cell(b, false, "highest published CVE");
	csv_cell(b, false, "its CVSS as published");
	csv_cell(b, false, "why");
	csv_end(b);
}

static void put_csv(struct buf *b, const struct posture_device *d)
{
	char text[64];
	const char *tag = d->asset ? d->asset->v[ASSET_TAG] : "", *place = d->asset ? d->asset->v[ASSET_LOCATION] : "",
		   *department = d->asset ? d->asset->v[ASSET_DEPARTMENT] : "";
	const char *address = d->addresses[0] ? d->addresses[0] : "";
	const char *cells[] = { d->id, tag, d->maker, d->model, d->version, d->serial, d->mac, address,
				place, department, d->role };
	snprintf(text, sizeof(text), "%u", d->risk.figure);
	csv_cell(b, true, text);
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		csv_cell(b, false, cells[i]);
	struct buf why = { 0 };
	for (unsigned k = 0; k < ADDENDS; k++) {
		snprintf(text, sizeof(text), "%u", d->risk.v[k].points);
		csv_cell(b, false, text);
		if (d->risk.v[k].points)
			buf_printf(&why, "%s%s", why.n ? "; " : "", d->risk.v[k].why);
	}
	buf_u8(&why, 0);
	csv_cell(b, false, d->facts.cve ? d->facts.cve : "");
	snprintf(text, sizeof(text), "%.1f (%.10s)", d->facts.cvss, d->facts.cve ? d->facts.cvss_version : "");
	csv_cell(b, false, d->facts.cve ? text : "");
	csv_cell(b, false, (const char *)why.p);
	csv_end(b);
	buf_done(&why);
}

static void put_row(struct table *t, const struct posture_device *d)
{
	char text[64];
	table_number(t, d->risk.figure);
	table_text(t, name_of(d));
	table_text(t, *d->model ? d->model : strcmp(d->role, "unknown") ? d->role : "");
	for (unsigned k = 0; k < ADDENDS; k++)
		table_number(t, d->risk.v[k].points);
	snprintf(text, sizeof(text), "%.1f", d->facts.cvss);
	table_text(t, d->facts.cve ? text : "");
	table_text(t, d->id);
}

static void put_why(struct buf *b, const struct layout *l, const struct posture_device *d)
{
	struct buf label = { 0 };
	char head[64];
	posture_label(d, &label);
	snprintf(head, sizeof(head), "%3u  ", d->risk.figure);
	layout_wrap(b, l, 0, head, buf_span(&label));
	for (unsigned k = 0; k < ADDENDS; k++) {
		const struct addend *a = &d->risk.v[k];
		snprintf(head, sizeof(head), "%2u of %2u  %-17s ", a->points, a->most, addend_name((enum addend_kind)k));
		layout_wrap(b, l, 5, head, span_str(a->why));
	}
	buf_done(&label);
}

static uint32_t pick(const struct args *a, const struct posture *p, struct row *rows)
{
	const char *sort = args_text(a, OPT_SORT), *wanted = args_text(a, OPT_DEVICE);
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct posture_device *d = &p->v[i];
		if (wanted ? posture_is(d, wanted) : d->medical || d->asset || args_flag(a, OPT_ALL)) {
			rows[n] = (struct row){ d, key_of(d, sort), i };
			n++;
		}
	}
	qsort(rows, n, sizeof(*rows), strcmp(sort, "name") == 0 ? by_name : by_key);
	uint64_t limit = args_number(a, OPT_LIMIT);
	return limit && limit < n ? (uint32_t)limit : n;
}

static void print(const struct args *a, const struct row *rows, uint32_t n, struct buf *out)
{
	static const char *const heads[] = { "Risk", "Device", "What", "Expos", "Reach", "Leave", "Pati", "Aff", "Role",
		"Firm",
					     "CVSS", "Id" };
	const struct layout l = body_layout(args_text(a, OPT_COLOR));
	bool json = args_flag(a, OPT_JSON), csv = args_flag(a, OPT_CSV);
	bool why = args_flag(a, OPT_WHY) || args_text(a, OPT_DEVICE);
	struct table t;
	table_init(&t, ARRAY_LEN(heads), heads);
	t.right[0] = t.whole[ARRAY_LEN(heads) - 1] = true;
	for (unsigned c = 3; c < 11; c++)
		t.right[c] = true;
	if (json)
		buf_text(out, "{\"devices\":[");
	else if (csv)
		put_csv_head(out);
	for (uint32_t i = 0; i < n; i++) {
		const struct posture_device *d = rows[i].d;
		if (json)
			put_json(out, d, i == 0);
		else if (csv)
			put_csv(out, d);
		else if (why)
			put_why(out, &l, d);
		else
			put_row(&t, d);
	}
	if (json)
		buf_text(out, "]}\n");
	else if (!csv && !why)
		table_print(&t, out, &l, 0);
	if (!json && !csv && !why)
		buf_text(out, n ? "\nThe figure is the sum of the seven addends beside it; CVSS is quoted as published. Why: "
			"auscult risk --why\n" :
				  "No devices.\n");
	table_done(&t);
}

static int run(struct args *a)
{
	if (a->nrest)
		return command_usage(a, "\"%s\" is not understood; one device: auscult risk --device %s", a->rest[0], a->rest[0]);
	struct posture *p = posture_load(a, args_text(a, OPT_STORE), POSTURE_ADVISORIES | POSTURE_DEVICES | POSTURE_TRAFFIC);
	if (!p)
		return OUT_FAILED;
	struct row *rows = mem_array(p->n + 1, sizeof(*rows));
	struct buf out = { 0 };
	uint32_t n = pick(a, p, rows);
	print(a, rows, n, &out);
	bool found = false;
	for (uint32_t i = 0; i < n; i++)
		found |= a->v[OPT_FAIL_AT].given && rows[i].d->risk.figure >= args_number(a, OPT_FAIL_AT);
	int bad = command_write(STDOUT_FILENO, buf_span(&out));
	if (!n && args_text(a, OPT_DEVICE)) {
		log_error(&a->log, "no device is called \"%s\"; see: auscult devices", args_text(a, OPT_DEVICE));
		bad = 1;
	}
	buf_done(&out);
	free(rows);
	posture_free(p);
	return bad ? OUT_FAILED : found ? OUT_FOUND : OUT_CLEAN;
}

const struct command cmd_risk = {
	.name = "risk",
	.doc = "which device first: a figure for each, with everything that it is made of",
	.synopsis = "[OPTION]...",
	.about =
		"Adds up, for each medical device of the store and each line of the imported list: exposure of "
		"patients' data (20), who reaches it (15), whether it calls outside (15), whether a patient is "
		"attached (15), whether advisories speak of it (20), its role (10), whether its firmware is known (5). "
		"Every addend stands beside the figure, with its reason. It is an order to work in, no measure of "
		"danger; CVSS scores are quoted as published and not computed anew.",
	.example = "auscult risk --sort affected\n  the table, sorted by what advisories say\n"
		   "auscult risk --device bed-4\n  every addend of one device, with its reason",
	OPTIONS([OPT_STORE] = OPTION_STORE, [OPT_JSON] = OPTION_JSON,
		[OPT_CSV] = { "csv", 0, NULL, OPTION_FLAG, "the table as CSV" },
		[OPT_SORT] = { "sort", 0, "COLUMN", OPTION_TEXT, "what comes first", "risk", SORTS },
		[OPT_DEVICE] = { "device", 0, "DEVICE", OPTION_TEXT, "this device alone: id, name, address, MAC or asset tag" },
		[OPT_WHY] = { "why", 0, NULL, OPTION_FLAG, "every addend with its reason" },
		[OPT_LIMIT] = { "limit", 0, "N", OPTION_NUMBER, "at most N of them; 0: all", "0" },
		[OPT_ALL] = { "all", 0, NULL, OPTION_FLAG, "devices that are not medical, too" },
		[OPT_FAIL_AT] = { "fail-at", 0, "N", OPTION_NUMBER, "exit with 1 when a figure is at least N" },
		[OPT_COLOR] = OPTION_COLOR),
	.run = run,
};
