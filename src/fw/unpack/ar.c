/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ar archives (deb(5), and what linkers make static libraries of): GNU's and BSD's long names. Debian packages and ipk
 * of newer makers are such; what lies in them is opened by its own content.
 *
 *   "!<arch>\n", then for each: name 16, time 12, uid 6, gid 6, mode 8 (octal), size 10, "`\n"; on even borders
 */
#include "base/ascii.h"
#include "fw/unpack/unpack.h"

enum { MARK = 8, HEADER = 60, NAME_FIELD = 16 };

struct entry {
	struct span name;
	uint64_t time, uid, gid, mode, size;
};

/* Digits up to the blanks behind them. False: something else stands there. */
static bool number(struct span s, unsigned base, uint64_t *out)
{
	uint64_t v = 0;
	struct rd r = rd_of(s);
	while (rd_left(&r) && rd_peek(&r) != ' ') {
		unsigned digit = (unsigned)rd_u8(&r) - '0';
		if (digit >= base)
			return false;
		v = v * base + digit;            /* 12 digits at most: no overflow */
	}
	while (rd_left(&r))
		if (rd_u8(&r) != ' ')
			return false;
	*out = v;
	return true;
}

static bool entry_read(struct rd *r, struct entry *e)
{
	e->name = span_chop(rd_span(r, NAME_FIELD), " ");
	bool good = number(rd_span(r, 12), 10, &e->time) && number(rd_span(r, 6), 10, &e->uid) &&
		    number(rd_span(r, 6), 10, &e->gid) && number(rd_span(r, 8), 8, &e->mode) && number(rd_span(r, 10), 10, &e->size);
	return good && span_is(rd_span(r, 2), "`\n") && e->name.n;
}

static int bid(struct span s)
{
	struct entry e;
	struct rd r = rd_at(s, false, MARK, HEADER);
	return rd_ok(&r) && entry_read(&r, &e) ? 90 : 0;
}

/* "/123": at 123 in the table "//"; "name/": GNU; "#1/20": BSD, the name stands before the content. */
static struct span long_name(struct span name, struct span table, struct span *content)
{
	uint64_t n;
	struct span found;
	if (span_starts(name, SPAN_LIT("#1/")) && number(span_from(name, 3), 10, &n) && n <= content->n) {
		struct rd r = rd_of(span_cut(*content, (size_t)n));
		*content = span_from(*content, (size_t)n);
		return rd_until(&r, 0, &found) ? found : rd_rest(&r);
	}
	if (name.n > 1 && name.p[0] == '/' && number(span_from(name, 1), 10, &n) && n < table.n) {
		struct rd r = rd_of(span_from(table, (size_t)n));
		found = rd_until(&r, '\n', &found) ? found : (struct span){ 0 };
		return found.n > 1 && found.p[found.n - 1] == '/' ? span_cut(found, found.n - 1) : found;
	}
	return name.n > 1 && name.p[name.n - 1] == '/' ? span_cut(name, name.n - 1) : name;
}

static bool is_index(struct span name)
{
	return span_is(name, "/") || span_is(name, "/SYM64/") || span_starts(name, SPAN_LIT("__.SYMDEF"));
}

static bool add(struct members *m, struct span s, const struct entry *e, struct span content, struct span table)
{
	bool cut = content.n < e->size;
	struct member head = { .mode = (uint32_t)(e->mode & 07777) | 0100000, .uid = (uint32_t)e->uid, .gid = (uint32_t)e->gid,
			       .mtime = e->time, .damage = cut ? "cut: the archive ends early" : NULL };
	head.path = long_name(e->name, table, &content);
	if (is_index(head.path))
		return true;
	if (!head.path.n)
		head.path = SPAN_LIT("unnamed");
	head.offset = content.n ? (uint64_t)(content.p - s.p) : 0;
	head.length = content.n;
	if (cut)
		members_damage(m, "cut: its last member is not whole");
	return member_add(m, &head, content);
}

static void unpack(struct span s, struct members *m)
{
	struct rd r = rd_of(s), before;
	struct span table = { 0 };
	unsigned n = 0;
	bool is_package = false;
	rd_skip(&r, MARK);
	for (before = r; rd_left(&r) >= HEADER && members_step(m, HEADER); before = r) {
		struct entry e;
		if (!entry_read(&r, &e))
			break;
		struct span content = rd_span(&r, e.size < rd_left(&r) ? e.size : rd_left(&r));
		is_package |= n++ == 0 && span_starts(e.name, SPAN_LIT("debian-binary"));
		if (span_is(e.name, "//"))
			table = content;
		else if (!add(m, s, &e, content, table))
			break;
		if (content.n % 2 && rd_left(&r))
			rd_skip(&r, 1);
	}
	members_detail(m, "%s", is_package ? "a Debian package or ipk" : "archive");
	members_extent(m, s.n - rd_left(&before));
}

const struct unpacker unpacker_ar = {
	.kind = KIND_ARCHIVE,
	.name = "ar", .doc = "ar: archives, static libraries, Debian packages, ipk", .magics = { { "!<arch>\n", 8, 0 } },
	.bid = bid, .unpack = unpack,
};
