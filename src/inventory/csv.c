/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSV as spreadsheets and maintenance systems write it: RFC 4180 with a byte order mark, semicolons or tabs, line
 * ends of any kind, Latin-1. What looks like a formula is text here, and stays text for who opens what is written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "inventory/inventory.h"

/* What headings say, folded to small letters and digits. The first that fits wins. */
static const struct {
	enum asset_column column;
	const char *heading;
} headings[] = {
	{ ASSET_TAG, "assettag" }, { ASSET_TAG, "asset" }, { ASSET_TAG, "assetnumber" }, { ASSET_TAG, "assetno" },
	{ ASSET_TAG, "assetid" }, { ASSET_TAG, "tag" }, { ASSET_TAG, "tagnumber" }, { ASSET_TAG, "inventorynumber" },
	{ ASSET_TAG, "equipmentid" }, { ASSET_TAG, "equipmentnumber" }, { ASSET_TAG, "controlnumber" },
	{ ASSET_TAG, "cmmsid" },
	{ ASSET_MAKER, "maker" }, { ASSET_MAKER, "manufacturer" }, { ASSET_MAKER, "vendor" }, { ASSET_MAKER, "make" },
	{ ASSET_MAKER, "manufacturername" }, { ASSET_MAKER, "brand" },
	{ ASSET_MODEL, "model" }, { ASSET_MODEL, "modelnumber" }, { ASSET_MODEL, "modelname" },
	{ ASSET_MODEL, "modelno" }, { ASSET_MODEL, "devicemodel" }, { ASSET_MODEL, "product" },
	{ ASSET_SERIAL, "serial" }, { ASSET_SERIAL, "serialnumber" }, { ASSET_SERIAL, "serialno" },
	{ ASSET_SERIAL, "sn" },
	{ ASSET_FIRMWARE, "firmware" }, { ASSET_FIRMWARE, "firmwareversion" }, { ASSET_FIRMWARE, "softwareversion" },
	{ ASSET_FIRMWARE, "software" }, { ASSET_FIRMWARE, "version" }, { ASSET_FIRMWARE, "swversion" },
	{ ASSET_MAC, "mac" }, { ASSET_MAC, "macaddress" }, { ASSET_MAC, "ethernetaddress" },
	{ ASSET_MAC, "hardwareaddress" },
	{ ASSET_IP, "ip" }, { ASSET_IP, "ipaddress" }, { ASSET_IP, "ipv4" }, { ASSET_IP, "ipv4address" },
	{ ASSET_IP, "address" },
	{ ASSET_PORT, "networkport" }, { ASSET_PORT, "vlan" }, { ASSET_PORT, "switchport" },
	{ ASSET_PORT, "vlanswitchport" }, { ASSET_PORT, "port" },
	{ ASSET_LOCATION, "location" }, { ASSET_LOCATION, "room" }, { ASSET_LOCATION, "site" },
	{ ASSET_LOCATION, "building" },
	{ ASSET_DEPARTMENT, "department" }, { ASSET_DEPARTMENT, "ward" }, { ASSET_DEPARTMENT, "unit" },
	{ ASSET_DEPARTMENT, "costcenter" }, { ASSET_DEPARTMENT, "dept" },
	{ ASSET_OWNER, "owner" }, { ASSET_OWNER, "owneroffice" }, { ASSET_OWNER, "responsible" },
	{ ASSET_CRITICALITY, "criticality" }, { ASSET_CRITICALITY, "riskclass" }, { ASSET_CRITICALITY, "priority" },
	{ ASSET_MAINTAINED, "lastmaintenance" }, { ASSET_MAINTAINED, "lastpm" }, { ASSET_MAINTAINED, "lastservice" },
	{ ASSET_NETWORK, "networked" }, { ASSET_NETWORK, "network" }, { ASSET_NETWORK, "connected" },
	{ ASSET_MDS2, "mds2" }, { ASSET_MDS2, "mds2onfile" },
};

struct reading {
	struct rd in;
	uint64_t line;
	uint8_t comma;
	bool latin1;
	struct arena *a;
	struct assets *out;
	struct buf *notes, cell;
	unsigned nnotes;
	char *err;
	int columns[CSV_COLUMNS];                /* of each cell of a line: enum asset_column, -1: none */
	unsigned ncolumns;
};

static void note(struct reading *r, const char *what)
{
	if (r->nnotes++ < CSV_LINE_NOTES)
		buf_printf(r->notes, "line %llu: %s\n", (unsigned long long)r->line, what);
}

/* The commonest of the three in the first line, outside quotes. */
static uint8_t guess_comma(struct span csv)
{
	static const uint8_t signs[] = { ',', ';', '\t' };
	unsigned n[ARRAY_LEN(signs)] = { 0 }, best = 0;
	bool quoted = false;
	struct rd r = rd_of(csv);
	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		quoted ^= c == '"';
		if (!quoted && (c == '\n' || c == '\r'))
			break;
		for (unsigned i = 0; i < ARRAY_LEN(signs); i++)
			n[i] += !quoted && c == signs[i];
	}
	for (unsigned i = 1; i < ARRAY_LEN(signs); i++)
		best = n[i] > n[best] ? i : best;
	return signs[best];
}

static bool is_utf8(struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r)) {
		size_t before = rd_left(&r);
		if (utf8_next(&r) == UTF8_BAD && before - rd_left(&r) < 3)
			return false;
	}
	return true;
}

static void put(struct reading *r, uint8_t c)
{
	if (r->latin1 && c >= 0x80)
		utf8_put(&r->cell, c);
	else
		buf_u8(&r->cell, c);
}

static void line_end(struct reading *r, uint8_t c)
{
	r->line++;
	if (c == '\r' && rd_peek(&r->in) == '\n')
		rd_skip(&r->in, 1);
}

/* A quoted cell, behind its first quote. False: the file ends in it. */
static bool quoted_cell(struct reading *r)
{
	while (rd_left(&r->in)) {
		uint8_t c = rd_u8(&r->in);
		if (c != '"') {
			r->line += c == '\n';
			put(r, c);
			continue;
		}
		if (rd_peek(&r->in) != '"' || !rd_left(&r->in))
			return true;
		rd_skip(&r->in, 1);
		put(r, '"');
	}
	return false;
}

enum cell_end { CELL_MORE, CELL_LINE, CELL_BAD };

/* One cell into r->cell, and what ended it. */
static enum cell_end next_cell(struct reading *r)
{
	uint64_t began = r->line;
	buf_reset(&r->cell);
	while (rd_left(&r->in) && rd_peek(&r->in) == ' ' && r->comma != ' ')
		rd_skip(&r->in, 1);
	if (rd_left(&r->in) && rd_peek(&r->in) == '"') {
		rd_skip(&r->in, 1);
		if (!quoted_cell(r)) {
			snprintf(r->err, 240, "line %llu: a quote is opened and never closed", (unsigned long long)began);
			return CELL_BAD;
		}
	}
	while (rd_left(&r->in)) {
		uint8_t c = rd_u8(&r->in);
		if (c == r->comma)
			return CELL_MORE;
		if (c == '\n' || c == '\r') {
			line_end(r, c);
			return CELL_LINE;
		}
		put(r, c);
	}
	return CELL_LINE;
}

/* Trimmed; without the apostrophe that keeps a spreadsheet from running it; control characters as blanks. */
static const char *take_text(struct reading *r)
{
	struct span s = buf_span(&r->cell);
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = span_from(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	if (s.n > CSV_CELL) {
		note(r, "a cell is cut to 2048 bytes");
		s.n = CSV_CELL;
	}
	if (s.n > 1 && s.p[0] == '\'' && strchr("=+-@\t\r", s.p[1]) && s.p[1])
		s = span_from(s, 1);
	uint8_t *copy = arena_new(r->a, s.n + 1);
	for (size_t i = 0; copy && i < s.n; i++)
		copy[i] = s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i];
	return copy ? (const char *)copy : "";
}

static void fold_heading(const char *text, char out[64])
{
	size_t n = 0;
	for (; *text && n < 63; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	out[n] = '\0';
}

static int column_named(const char *name)
{
	for (int c = 0; c < ASSET_COLUMNS; c++)
		if (strcasecmp(asset_column_name((enum asset_column)c), name) == 0)
			return c;
	return -1;
}

static int column_of(const char *heading, const struct asset_map *maps, unsigned nmaps)
{
	char folded[64];
	for (unsigned i = 0; i < nmaps; i++)
		if (strcasecmp(maps[i].heading, heading) == 0)
			return column_named(maps[i].column);
	fold_heading(heading, folded);
	for (size_t i = 0; i < ARRAY_LEN(headings); i++)
		if (strcmp(headings[i].heading, folded) == 0)
			return (int)headings[i].column;
	return -1;
}

static bool read_headings(struct reading *r, const struct asset_map *maps, unsigned nmaps)
{
	unsigned known = 0;
	bool taken[ASSET_COLUMNS] = { false };
	for (enum cell_end end = CELL_MORE; end == CELL_MORE;) {
		end = next_cell(r);
		if (end == CELL_BAD)
			return false;
		if (r->ncolumns == CSV_COLUMNS) {
			snprintf(r->err, 240, "more than %d columns", CSV_COLUMNS);
			return false;
		}
		const char *text = take_text(r);
		int c = column_of(text, maps, nmaps);
		if (c >= 0 && taken[c])
			c = -1;
		if (c >= 0)
			taken[c] = true;
		else if (*text && r->nnotes++ < CSV_LINE_NOTES)
			buf_printf(r->notes, "the column \"%.80s\" is not taken; --map \"%.80s=COLUMN\" says what it is\n", text, text);
		known += c >= 0;
		r->columns[r->ncolumns++] = c;
	}
	if (known < 2)
		snprintf(r->err, 240, "the first line holds fewer than two known headings, such as asset tag, manufacturer, model, "
				      "serial number, MAC");
	return known >= 2;
}

static bool add_asset(struct reading *r, const struct asset *s)
{
	struct assets *t = r->out;
	if (t->n == ASSETS_MAX) {
		snprintf(r->err, 240, "more than %d lines", ASSETS_MAX);
		return false;
	}
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->v = mem_grow(t->v, t->room, sizeof(*t->v));
	}
	t->v[t->n++] = *s;
	return true;
}

static bool read_line(struct reading *r)
{
	struct asset s = { .line = r->line };
	bool any = false;
	unsigned i = 0;
	for (unsigned c = 0; c < ASSET_COLUMNS; c++)
		s.v[c] = "";
	for (enum cell_end end = CELL_MORE; end == CELL_MORE; i++) {
		end = next_cell(r);
		if (end == CELL_BAD)
			return false;
		if (i >= r->ncolumns || r->columns[i] < 0)
			continue;
		const char *text = take_text(r);
		any |= *text != '\0';
		s.v[r->columns[i]] = text;
	}
	if (!any)
		return true;
	if (i > r->ncolumns)
		note(r, "has more cells than the first line has headings: the rest is left out");
	if (!*s.v[ASSET_TAG] && !*s.v[ASSET_SERIAL] && !*s.v[ASSET_MAC] && !*s.v[ASSET_IP])
		note(r, "names neither asset tag, serial number, MAC nor address");
	return add_asset(r, &s);
}

int assets_read(struct span csv, const struct asset_map *maps, unsigned nmaps, struct arena *a, struct assets *out,
		struct buf *notes, char err[240])
{
	if (span_starts(csv, SPAN_LIT("\xef\xbb\xbf")))
		csv = span_from(csv, 3);
	struct reading r = { .in = rd_of(csv), .line = 1, .comma = guess_comma(csv), .a = a, .out = out, .notes = notes,
		.err = err };
	r.cell.cap = 1 << 20;
	r.latin1 = !is_utf8(csv);
	*err = '\0';
	for (unsigned i = 0; i < nmaps; i++)
		if (column_named(maps[i].column) < 0)
			snprintf(err, 240, "there is no column \"%.60s\"", maps[i].column);
	if (csv.n && memchr(csv.p, 0, csv.n))
		snprintf(err, 240, "it holds zero bytes: no CSV, or UTF-16; save it as UTF-8");
	if (!*err && r.latin1)
		note(&r, "the file is no UTF-8: read as Latin-1");
	bool ok = !*err && read_headings(&r, maps, nmaps);
	while (ok && rd_left(&r.in))
		ok = read_line(&r);
	buf_done(&r.cell);
	if (r.nnotes > CSV_LINE_NOTES)
		buf_printf(notes, "%u more remarks are left out\n", r.nnotes - CSV_LINE_NOTES);
	return ok ? 0 : -EINVAL;
}

/* ---- writing ---- */

/* A spreadsheet runs what begins with one of these; an apostrophe makes it a text (CWE-1236). */
static bool is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text);
}

void csv_cell(struct buf *b, bool first, const char *text)
{
	bool quotes = strpbrk(text, ",;\"\r\n\t'") || is_formula(text) || *text == ' ';
	buf_text(b, first ? "" : ",");
	if (quotes)
		buf_text(b, "\"");
	if (is_formula(text))
		buf_text(b, "'");
	for (; *text; text++) {
		if (*text == '"')
			buf_text(b, "\"");
		buf_u8(b, (uint8_t)*text < ' ' && *text != '\n' && *text != '\t' ? ' ' : (uint8_t)*text);
	}
	if (quotes)
		buf_text(b, "\"");
}

void csv_end(struct buf *b)
{
	buf_text(b, "\r\n");
}
