/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of other sensors' logs: see value.h. */
#include "sensor/value.h"

#include "base/scope.h"
#include "decode/http.h"
#include "track/track.h"

#define NS UINT64_C(1000000000)

bool value_uint(struct span s, uint64_t *out)
{
	uint64_t v = 0;
	if (!s.n || s.n > 19)
		return false;
	for (struct rd r = rd_of(s); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*out = v;
	return true;
}

/* Digits, at most max; those there are. */
static inline uint64_t digits(struct rd *r, unsigned max, unsigned *got)
{
	uint64_t v = 0;
	for (*got = 0; *got < max; ++*got) {
		uint8_t digit = (uint8_t)(rd_peek(r) - '0');     /* at the end rd_peek is 0, which is none */
		if (digit > 9)
			break;
		v = v * 10 + digit;
		rd_skip(r, 1);
	}
	return v;
}

/* Not zero: one of the six lower bytes is no digit. */
static inline uint64_t six_other(uint64_t word)
{
	uint64_t v = word & UINT64_C(0xffffffffffff);
	return ((v & UINT64_C(0xf0f0f0f0f0f0)) ^ UINT64_C(0x303030303030)) |
	       (((v & UINT64_C(0x0f0f0f0f0f0f)) + UINT64_C(0x060606060606)) & UINT64_C(0xf0f0f0f0f0f0));
}

/* Six digits, the first of them the lowest byte: two, then all of them at a time. */
static inline uint64_t six_number(uint64_t word)
{
	uint64_t v = word & UINT64_C(0x0f0f0f0f0f0f), two = v * 10 + (v >> 8);
	return (two & 0xff) * 10000 + (two >> 16 & 0xff) * 100 + (two >> 32 & 0xff);
}

/* ".123456" as ns. */
static uint64_t fraction(struct rd *r)
{
	struct rd ahead = *r;
	uint64_t word = rd_left(r) >= 8 ? rd_le64(&ahead) : 0;
	if ((word & 0xff) == '.' && !six_other(word >> 8) && (uint8_t)((word >> 56) - '0') > 9) {
		rd_skip(r, 7);                   /* microseconds: what most sensors write */
		return six_number(word >> 8) * 1000;
	}
	static const uint32_t scale[] = { 1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1 };
	unsigned got, rest;
	if (rd_peek(r) != '.' && rd_peek(r) != ',')
		return 0;
	rd_skip(r, 1);
	uint64_t v = digits(r, 9, &got) * scale[got];
	if (got == 9)
		digits(r, 18, &rest);
	return v;
}

uint64_t value_seconds(struct span s)
{
	struct rd r = rd_of(s);
	unsigned got;
	uint64_t v = digits(&r, 10, &got);
	return got ? v * NS + fraction(&r) : 0;
}

/* Days since 1970 of a date of the Gregorian calendar, years 1970 to 9999. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = month > 2 ? year : year - 1;
	int64_t leaps = y / 4 - y / 100 + y / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400);
	return (year - 1970) * 365 + leaps + before[month - 1] + day - 1;
}

static bool part(struct rd *r, unsigned n, uint8_t behind, int64_t *out)
{
	unsigned got;
	*out = (int64_t)digits(r, n, &got);
	if (got != n)
		return false;
	if (behind && rd_u8(r) != behind)
		return false;
	return true;
}

/* "Z", "+02:00", "+0200" in seconds. */
static int64_t zone(struct rd *r)
{
	uint8_t sign = rd_peek(r);
	if (sign != '+' && sign != '-')
		return 0;
	rd_skip(r, 1);
	int64_t h, m = 0;
	if (!part(r, 2, 0, &h))
		return 0;
	if (rd_peek(r) == ':')
		rd_skip(r, 1);
	if (!part(r, 2, 0, &m))
		m = 0;
	return (sign == '-' ? -1 : 1) * (h * 3600 + m * 60);
}

/* In the minute of the one before, its zone written the same way. */
static bool time_near(const struct minute *m, struct span s, uint64_t *out)
{
	struct rd r = rd_of(s), head, known = rd_of(span_of(m->text, sizeof(m->text)));
	if (!m->seconds || !rd_fixed(&r, sizeof(m->text) + 2, &head))
		return false;
	uint64_t other = rd_le64(&head) ^ rd_le64(&known);
	other |= rd_le64(&head) ^ rd_le64(&known);
	other |= rd_u8(&head) ^ rd_u8(&known);
	unsigned ten = (unsigned)rd_u8(&head) - '0', one = (unsigned)rd_u8(&head) - '0';
	if (other || ten > 9 || one > 9)
		return false;
	uint64_t ns = fraction(&r);
	*out = (m->seconds + ten * 10 + one) * NS + ns;
	return rd_left(&r) == m->zone_bytes && span_last8(rd_rest(&r)) == m->zone;
}

static void time_keep(struct minute *m, struct span s, struct span zone, int64_t seconds)
{
	if (s.n < sizeof(m->text) || zone.n > 6 || seconds <= 0)
		return;
	memcpy(m->text, s.p, sizeof(m->text));
	m->zone = span_last8(zone);
	m->zone_bytes = (uint8_t)zone.n;
	m->seconds = (uint64_t)seconds;
}

/* A date of another minute. What is rare stands by itself, so that the usual way needs no frame for it. */
__attribute__((noinline)) static uint64_t time_far(struct minute *m, struct span s)
{
	struct rd r = rd_of(s);
	int64_t y, mo, d, h, mi, sec;
	if (!part(&r, 4, '-', &y) || !part(&r, 2, '-', &mo) || !part(&r, 2, 0, &d))
		return 0;
	rd_skip(&r, 1);                          /* "T", or a blank */
	if (!part(&r, 2, ':', &h) || !part(&r, 2, ':', &mi) || !part(&r, 2, 0, &sec))
		return 0;
	if (y < 1970 || y > 2500 || mo < 1 || mo > 12 || d < 1 || d > 31)
		return 0;
	uint64_t ns = fraction(&r);
	struct span behind = span_of(r.p, rd_left(&r));
	int64_t minute = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 - zone(&r), at = minute + sec;
	if (m)
		time_keep(m, s, behind, minute);
	return at > 0 ? (uint64_t)at * NS + ns : 0;
}

uint64_t value_time(struct minute *m, struct span s)
{
	uint64_t near UNSET;
	if (s.n < 5 || s.p[4] != '-')
		return value_seconds(s);
	return m && time_near(m, s, &near) ? near : time_far(m, s);
}

/* More than 15: it is none. */
static inline unsigned hex_digit(uint8_t c)
{
	static const uint8_t more[256] = {       /* by one than it means; 0: nothing */
		['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['A'] = 11, 12, 13, 14, 15, 16, ['a'] = 11, 12, 13, 14, 15, 16,
	};
	return more[c] - 1u;
}

uint64_t value_hex(struct span s)
{
	uint64_t v = 0;
	for (struct rd r = rd_of(span_cut(s, 16)); rd_left(&r);) {
		unsigned d = hex_digit(rd_u8(&r));
		if (d > 15)
			return 0;
		v = v << 4 | d;
	}
	return v;
}

/* Hex digits two a byte; stop: between bytes, 0: nothing. */
static inline bool bytes(struct span s, uint8_t stop, uint8_t *to, size_t n)
{
	struct rd r = rd_of(s);
	for (size_t i = 0; i < n; i++) {
		if (i && stop && rd_u8(&r) != stop)
			return false;
		unsigned high = hex_digit(rd_u8(&r)), low = hex_digit(rd_u8(&r));
		if ((high | low) > 15)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return rd_ok(&r) && !rd_left(&r);
}

/* Four numbers and three dots: what most of a log's addresses are. */
static bool quad(struct span s, struct addr *out)
{
	uint32_t v = 0;
	unsigned got;
	struct rd r = rd_of(s);
	for (int i = 0; i < 4; i++) {
		if (i && rd_u8(&r) != '.')
			return false;
		uint64_t n = digits(&r, 3, &got);
		if (!got || n > 255)
			return false;
		v = v << 8 | (uint32_t)n;
	}
	*out = addr_v4(v);
	return !rd_left(&r);
}

__attribute__((noinline)) static struct addr addr_other(struct span s)
{
	char text[ADDR_TEXT];
	struct addr a = { 0 };
	if (s.n && s.n < sizeof(text)) {
		snprintf(text, sizeof(text), "%.*s", (int)s.n, (const char *)s.p);
		if (!addr_parse(text, &a))
			a = (struct addr){ 0 };
	}
	return a;
}

struct addr value_addr(struct span s)
{
	struct addr a UNSET;
	return quad(s, &a) ? a : addr_other(s);
}

struct mac value_mac(struct span s)
{
	struct rd whole = rd_of(s), r;
	struct mac m = { 0 };
	unsigned bad = 0;
	if (s.n != MAC_TEXT - 1 || !rd_fixed(&whole, MAC_TEXT - 1, &r))
		return (struct mac){ 0 };
	for (unsigned i = 0; i < sizeof(m.b); i++) {
		unsigned high = hex_digit(rd_u8(&r)), low = hex_digit(rd_u8(&r));
		m.b[i] = (uint8_t)(high << 4 | low);
		bad |= high | low | (i < 5 && rd_u8(&r) != ':' ? 16 : 0);
	}
	return bad <= 15 ? m : (struct mac){ 0 };
}

/* ---- fields ---- */

/* What libmagic or a media type says, in the words of track/filetype.h. */
static const struct {
	const char *says, *class;
	bool code;
} kinds[] = {
	{ "ELF ", "ELF program", true }, { "x-executable", "ELF program", true }, { "x-sharedlib", "ELF program", true },
	{ "x-elf", "ELF program", true }, { "PE32", "Windows program", true }, { "x-dosexec", "Windows program", true },
	{ "shell script", "script", true }, { "x-shellscript", "script", true }, { "x-perl", "script", true },
	{ "x-python", "script", true }, { "Python script", "script", true }, { "gzip", "gzip archive", true },
	{ "tar archive", "tar archive", true }, { "x-tar", "tar archive", true }, { "Zip archive", "zip archive", true },
	{ "application/zip", "zip archive", true }, { "XZ compressed", "xz archive", true },
	{ "x-xz", "xz archive", true }, { "bzip2", "bzip2 archive", true }, { "7-zip", "7z archive", true },
	{ "x-7z", "7z archive", true }, { "cpio archive", "cpio archive", true }, { "x-cpio", "cpio archive", true },
	{ "u-boot", "U-Boot image", true }, { "Squashfs", "squashfs file system", true },
	{ "JFFS2", "JFFS2 file system", true }, { "cramfs", "cramfs file system", true },
	{ "java-archive", "Java archive", true }, { "x-debian-package", "Debian package", true },
};

static void set_kind(struct record *r, const struct row *row, struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (span_has(text, kinds[i].says)) {
			record_str(r, row->field, kinds[i].class);
			record_bool(r, TRANSFER_CODE, kinds[i].code);
			return;
		}
	record_text(r, row->field, span_cut(text, 48));
}

static struct span lower(struct span s, struct arena *a)
{
	uint8_t *to = arena_new(a, s.n + 1);
	for (size_t i = 0; to && i < s.n; i++)
		to[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i];
	return span_of(to, to ? s.n : 0);
}

static void set_typed(struct record *r, unsigned field, struct span text, struct arena *a)
{
	uint8_t hash[32];
	uint64_t u;
	switch (r->type->fields[field].type) {
	case F_TEXT: record_text(r, field, arena_copy(a, span_cut(text, TEXT_MAX))); break;
	case F_TEXTS: record_add_text(r, field, span_cut(text, TEXT_MAX)); break;
	case F_BOOL: record_bool(r, field, span_is(text, "true") || span_is(text, "T")); break;
	case F_ADDR: record_addr(r, field, value_addr(text)); break;
	case F_MAC: record_mac(r, field, value_mac(text)); break;
	case F_TIME: record_time(r, field, value_time(NULL, text)); break;
	case F_UINT:
		if (value_uint(text, &u))
			record_uint(r, field, u);
		break;
	case F_HASH:
		if (bytes(text, 0, hash, sizeof(hash)))
			record_hash(r, field, arena_copy(a, span_of(hash, sizeof(hash))).p);
		break;
	case F_INT: case F_REAL: case F_RECORD: case F_RECORDS: break;
	}
}

static struct span program(struct span banner)
{
	if (!span_starts(banner, SPAN_LIT("SSH-")))
		return banner;
	struct rd r = rd_of(span_from(banner, 4));
	struct span version;
	return rd_until(&r, '-', &version) ? rd_rest(&r) : banner;
}

void value_set(struct record *r, const struct row *row, struct span text, struct arena *a)
{
	switch (row->how) {
	case HOW_VALUE: set_typed(r, row->field, text, a); break;
	case HOW_LOWER: set_typed(r, row->field, lower(text, a), a); break;
	case HOW_PATH: set_typed(r, row->field, http_path_shown(text, a), a); break;
	case HOW_ADDRESS:
		if (value_addr(text).family)
			set_typed(r, row->field, text, a);
		break;
	case HOW_PRESENT: record_bool(r, row->field, true); break;
	case HOW_CLOSED: record_bool(r, row->field, span_is(text, "CLOSED")); break;
	case HOW_MAGIC: set_kind(r, row, text); break;
	case HOW_BANNER: set_typed(r, row->field, program(text), a); break;
	}
}
