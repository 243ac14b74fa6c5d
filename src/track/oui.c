/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The IEEE's MA-L list, in either shape it is published in: oui.txt ("00-22-72   (hex)\t\tNAME") and
 * oui.csv (MA-L,002272,"NAME",…). A sorted array and one pool of names. */
#include "track/oui.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/scope.h"

enum { LIST_MAX = 64 << 20, VENDORS_MAX = 1 << 18, NAME_MAX_BYTES = 80 };

struct vendor {
	uint32_t prefix, name;                   /* name: offset in the pool */
};

struct oui {
	struct vendor *v;
	size_t n, room;
	struct buf names;
};

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Six hex digits, a dash after each pair when dashed. */
static bool prefix_read(struct rd *r, bool dashed, uint32_t *out)
{
	uint32_t v = 0;
	for (int i = 0; i < 6; i++) {
		if (dashed && i && i % 2 == 0 && rd_u8(r) != '-')
			return false;
		int d = hex_digit(rd_u8(r));
		if (d < 0)
			return false;
		v = v << 4 | (uint32_t)d;
	}
	*out = v;
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
	while (s.n && is_blank(s.p[0]))
		s = span_from(s, 1);
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* "XX-XX-XX   (hex)\t\tNAME" */
static bool text_line(struct rd r, uint32_t *prefix, struct span *name)
{
	if (!prefix_read(&r, true, prefix))
		return false;
	struct span rest = trim(rd_rest(&r));
	if (!span_starts(rest, SPAN_LIT("(hex)")))
		return false;
	*name = trim(span_from(rest, 5));
	return true;
}

/* MA-L,XXXXXX,NAME or "NAME, Inc.",address */
static bool csv_line(struct rd r, uint32_t *prefix, struct span *name)
{
	if (!span_is(rd_span(&r, 5), "MA-L,") || !prefix_read(&r, false, prefix) || rd_u8(&r) != ',')
		return false;
	bool quoted = rd_peek(&r) == '"';
	if (quoted)
		rd_skip(&r, 1);
	struct rd all = r;
	if (!rd_until(&r, quoted ? '"' : ',', name))
		*name = rd_rest(&all);
	*name = trim(*name);
	return true;
}

static void vendor_add(struct oui *o, uint32_t prefix, struct span name)
{
	if (o->n == VENDORS_MAX || !name.n)
		return;
	if (o->n == o->room) {
		o->room = o->room ? o->room * 2 : 1024;
		o->v = mem_grow(o->v, o->room, sizeof(*o->v));
	}
	o->v[o->n++] = (struct vendor){ prefix, (uint32_t)o->names.n };
	buf_bytes(&o->names, span_cut(name, NAME_MAX_BYTES));
	buf_u8(&o->names, 0);
}

static int by_prefix(const void *a, const void *b)
{
	const struct vendor *x = a, *y = b;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

int oui_parse(struct span list, struct oui **out)
{
	struct oui *o = mem_new(sizeof(*o));
	struct rd r = rd_of(list);
	while (rd_left(&r)) {
		struct span line, name;
		uint32_t prefix;
		line = rd_piece(&r, '\n');
		if (text_line(rd_of(line), &prefix, &name) || csv_line(rd_of(line), &prefix, &name))
			vendor_add(o, prefix, name);
	}
	if (!o->n) {
		oui_free(o);
		return -EINVAL;
	}
	qsort(o->v, o->n, sizeof(*o->v), by_prefix);
	*out = o;
	return 0;
}

int oui_load(const char *path, struct oui **out)
{
	AUTO_FCLOSE FILE *f = fopen(path, "rbe");
	if (!f)
		return -errno;
	struct buf text = { .cap = LIST_MAX };
	uint8_t chunk[16384];
	size_t n;
	while (!text.full && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_bytes(&text, span_of(chunk, n));
	int err = ferror(f) ? -EIO : text.full ? -EFBIG : oui_parse(buf_span(&text), out);
	buf_done(&text);
	return err;
}

void oui_free(struct oui *o)
{
	if (!o)
		return;
	buf_done(&o->names);
	free(o->v);
	free(o);
}

size_t oui_count(const struct oui *o)
{
	return o ? o->n : 0;
}

const char *oui_vendor(const struct oui *o, struct mac m)
{
	if (!o || mac_is_local(m) || mac_is_group(m))
		return "";
	uint32_t prefix = (uint32_t)m.b[0] << 16 | (uint32_t)m.b[1] << 8 | m.b[2];
	size_t low = 0, high = o->n;
	while (low < high) {                     /* the first of equal prefixes */
		size_t mid = low + (high - low) / 2;
		if (o->v[mid].prefix < prefix)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == o->n || o->v[low].prefix != prefix)
		return "";
	return (const char *)o->names.p + o->v[low].name;
}
