/* SPDX-License-Identifier: GPL-2.0-or-later */
/* X.509 certificates, as much as tells who holds them (RFC 5280 §4.1, §4.2.1.6, §4.2.1.9). */
#include "decode/x509.h"

#include "decode/ber.h"

enum {
	PARTS_MAX = 32, EXTENSIONS_MAX = 64, YEAR_FIRST = 1970, YEAR_LAST = 2550, VERSION_TAG = BER_CONTEXT,
	EXTENSIONS_TAG = BER_CONTEXT + 3, SAN_EMAIL = 0x81, SAN_DNS = 0x82, SAN_ADDRESS = 0x87,
};

static bool is_text(uint8_t tag)
{
	return tag == BER_UTF8 || tag == BER_PRINTABLE || tag == BER_IA5 || tag == BER_T61;
}

/* A sequence of sets of pairs; the first of each kind counts. */
static bool name(struct ber b, struct x509_name *out, struct x509 *x)
{
	static const uint8_t common[] = { 0x55, 4, 3 }, organisation[] = { 0x55, 4, 10 },
		email[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 1 };
	out->whole = b.whole;
	if (b.tag != BER_SEQUENCE)
		return false;
	for (int i = 0; rd_left(&b.body) && i < PARTS_MAX; i++) {
		struct rd set = ber_take(&b.body, BER_SET), pair = ber_take(&set, BER_SEQUENCE);
		struct rd kind = ber_take(&pair, BER_OID);
		struct ber value = ber_next(&pair);
		if (!rd_ok(&pair))
			return false;
		struct span text = rd_rest(&value.body);
		if (!is_text(value.tag))
			continue;
		if (ber_oid_is(kind, span_of(common, sizeof(common))) && !out->common.n)
			out->common = text;
		else if (ber_oid_is(kind, span_of(organisation, sizeof(organisation))) && !out->organisation.n)
			out->organisation = text;
		else if (ber_oid_is(kind, span_of(email, sizeof(email))) && x->nemails < X509_EMAILS)
			x->emails[x->nemails++] = text;
	}
	return rd_ok(&b.body);
}

static unsigned digits(struct rd *r, int n)
{
	unsigned v = 0;
	while (n--) {
		uint8_t c = rd_u8(r);
		if (c < '0' || c > '9')
			rd_fail(r);
		v = v * 10 + (unsigned)(c - '0');
	}
	return v;
}

/* Days since 1970 of a day in the Gregorian calendar: years are counted from March, so that the leap day is last. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
	unsigned y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
	return (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* §4.1.2.5: of two digits for the year 50 and above mean the last century. */
static uint64_t moment(struct ber b)
{
	struct rd r = b.body;
	unsigned year;
	if (b.tag == BER_UTC_TIME) {
		year = digits(&r, 2);
		year += year >= 50 ? 1900 : 2000;
	} else {
		year = digits(&r, 4);
	}
	unsigned month = digits(&r, 2), day = digits(&r, 2), hour = digits(&r, 2), minute = digits(&r, 2);
	unsigned second = rd_peek(&r) >= '0' && rd_peek(&r) <= '9' ? digits(&r, 2) : 0;
	bool fits = rd_ok(&r) && (b.tag == BER_UTC_TIME || b.tag == BER_TIME) && year >= YEAR_FIRST && year <= YEAR_LAST &&
		month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60 && second < 61;
	if (!fits)
		return 0;
	return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60000000000u + second * UINT64_C(1000000000);
}

static void alternatives(struct rd octets, struct x509 *x)
{
	struct rd r = ber_take(&octets, BER_SEQUENCE);
	for (int i = 0; rd_left(&r) && i < EXTENSIONS_MAX; i++) {
		struct ber b = ber_next(&r);
		struct span text = rd_rest(&b.body);
		if (b.tag == SAN_DNS && x->nnames < X509_NAMES)
			x->names[x->nnames++] = text;
		else if (b.tag == SAN_EMAIL && x->nemails < X509_EMAILS)
			x->emails[x->nemails++] = text;
		x->addresses += b.tag == SAN_ADDRESS;
	}
}

static void extensions(struct rd box, struct x509 *x)
{
	static const uint8_t alternative[] = { 0x55, 0x1D, 0x11 }, constraints[] = { 0x55, 0x1D, 0x13 };
	struct rd list = ber_take(&box, BER_SEQUENCE);
	for (int i = 0; rd_left(&list) && i < EXTENSIONS_MAX; i++) {
		struct rd one = ber_take(&list, BER_SEQUENCE);
		struct rd kind = ber_take(&one, BER_OID);
		struct ber value = ber_next(&one);
		if (value.tag == BER_BOOLEAN)
			value = ber_next(&one);
		if (!rd_ok(&one) || value.tag != BER_OCTETS)
			return;
		if (ber_oid_is(kind, span_of(alternative, sizeof(alternative)))) {
			alternatives(value.body, x);
		} else if (ber_oid_is(kind, span_of(constraints, sizeof(constraints)))) {
			struct rd box_of = ber_take(&value.body, BER_SEQUENCE);
			struct ber ca = ber_next(&box_of);
			x->ca = ca.tag == BER_BOOLEAN && rd_u8(&ca.body);
		}
	}
}

bool x509_read(struct span der, struct x509 *out)
{
	*out = (struct x509){ 0 };
	struct rd r = rd_of(der);
	struct rd certificate = ber_take(&r, BER_SEQUENCE), t = ber_take(&certificate, BER_SEQUENCE);
	struct ber b = ber_next(&t);
	if (b.tag == VERSION_TAG)
		b = ber_next(&t);
	if (b.tag != BER_INTEGER || !rd_ok(&t))
		return false;
	out->serial = rd_rest(&b.body);
	(void)ber_next(&t);                      /* signature algorithm */
	if (!name(ber_next(&t), &out->issuer, out))
		return false;
	struct rd validity = ber_take(&t, BER_SEQUENCE);
	out->from = moment(ber_next(&validity));
	out->until = moment(ber_next(&validity));
	if (!name(ber_next(&t), &out->subject, out) || !rd_ok(&t))
		return false;
	out->self_signed = span_eq(out->issuer.whole, out->subject.whole);
	(void)ber_next(&t);                      /* key */
	while (rd_left(&t)) {
		b = ber_next(&t);
		if (b.tag == EXTENSIONS_TAG)
			extensions(b.body, out);
	}
	return true;
}
