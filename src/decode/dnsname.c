/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names, questions and resource records of RFC 1035 4.1. */
#include "decode/dnsname.h"

enum {
	LABEL_MAX = 63, POINTER = 0xC0, POINTER_HIGH = 0x3F,
	QUESTION_MIN = 5, RECORD_MIN = 11,       /* root name, and the fixed part */
};

static bool is_hostlike(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

/* DNSNAME_TEXT holds the longest name with every byte escaped: 253 * 4 + dots. */
static void put(struct dnsname *out, char c)
{
	if (out->n < sizeof(out->text))
		out->text[out->n++] = c;
}

/* RFC 1035 5.1: dots and backslashes of a label are quoted, what cannot be printed is \DDD. */
static void label_put(struct dnsname *out, struct rd label, enum dnsname_style style)
{
	if (out->labels++)
		put(out, '.');
	while (rd_left(&label)) {
		uint8_t c = rd_u8(&label);
		out->hostlike &= is_hostlike(c);
		if (style == DNSNAME_LOWER && c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c == '.' || c == '\\')
			put(out, '\\');
		if ((c >= 0x20 && c < 0x7F) || (c >= 0x80 && style == DNSNAME_UTF8)) {
			put(out, (char)c);
			continue;
		}
		put(out, '\\');
		put(out, (char)('0' + c / 100));
		put(out, (char)('0' + c / 10 % 10));
		put(out, (char)('0' + c % 10));
	}
}

size_t dnsname_read(struct span message, size_t at, enum dnsname_style style, struct dnsname *out)
{
	out->n = out->labels = 0;
	out->hostlike = true;
	size_t used = 0, wire = 1, start = at;
	struct rd r = rd_of(span_from(message, at));
	for (int jumps = 0; jumps <= DNSNAME_JUMPS;) {
		uint8_t length = rd_u8(&r);
		if (!rd_ok(&r))
			return 0;
		if (length >= POINTER) {
			size_t target = (size_t)(length & POINTER_HIGH) << 8 | rd_u8(&r);
			if (!rd_ok(&r) || target >= start)
				return 0;
			if (!used)
				used = message.n - at - rd_left(&r);
			jumps++;
			start = target;
			r = rd_of(span_from(message, target));
			continue;
		}
		if (length == 0) {
			if (!out->labels)
				put(out, '.');
			return used ? used : message.n - at - rd_left(&r);
		}
		wire += length + 1u;
		if (length > LABEL_MAX || wire > DNSNAME_WIRE)
			return 0;
		struct rd label = rd_sub(&r, length);
		if (!rd_ok(&label))
			return 0;
		label_put(out, label, style);
	}
	return 0;
}

bool dnsmsg_begin(struct dnsmsg *d, struct span whole)
{
	d->whole = whole;
	d->r = rd_of(whole);
	d->id = rd_be16(&d->r);
	d->flags = rd_be16(&d->r);
	for (int i = 0; i < DNS_SECTIONS; i++)
		d->count[i] = rd_be16(&d->r);
	return rd_ok(&d->r);
}

bool dnsmsg_fits(const struct dnsmsg *d, size_t lost)
{
	size_t records = (size_t)d->count[DNS_ANSWER] + d->count[DNS_AUTHORITY] + d->count[DNS_ADDITIONAL];
	return DNS_HEADER + d->count[DNS_QUESTION] * (size_t)QUESTION_MIN + records * RECORD_MIN <= d->whole.n + lost;
}

static size_t offset(const struct dnsmsg *d)
{
	return d->whole.n - rd_left(&d->r);
}

/* Where a name ends does not need its text: labels up to the root or a pointer. */
static void name_skip(struct rd *r)
{
	for (;;) {
		uint8_t length = rd_u8(r);
		if (length >= POINTER) {
			rd_skip(r, 1);
			return;
		}
		if (length > LABEL_MAX)
			rd_fail(r);
		if (length == 0 || !rd_ok(r))
			return;
		rd_skip(r, length);
	}
}

bool dnsmsg_question(struct dnsmsg *d, struct dnsrr *out)
{
	*out = (struct dnsrr){ .owner = offset(d) };
	name_skip(&d->r);
	out->type = rd_be16(&d->r);
	out->class = rd_be16(&d->r);
	return rd_ok(&d->r);
}

bool dnsmsg_record(struct dnsmsg *d, struct dnsrr *out)
{
	*out = (struct dnsrr){ .owner = offset(d) };
	name_skip(&d->r);
	out->type = rd_be16(&d->r);
	out->class = rd_be16(&d->r);
	out->ttl = rd_be32(&d->r);
	uint16_t length = rd_be16(&d->r);
	out->data_at = offset(d);
	out->data = rd_span(&d->r, length);
	return rd_ok(&d->r);
}
