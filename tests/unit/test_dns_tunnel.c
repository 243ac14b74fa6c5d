/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data in names, on a ward made by hand and through the real decoder: what ordinary services ask for first. */
#include "fake_ward.h"

extern const struct detector detector_dns_tunnel;
extern const struct decoder decoder_dns;

static const struct detector *const table[] = { &detector_dns_tunnel, NULL };
static const struct decoder *const from[] = { &decoder_dns, NULL };

#define MONITOR "10.1.2.3"
#define SERVER  "10.9.9.8"

enum { TYPE_A = 1, TYPE_NULL = 10, TYPE_PTR = 12, TYPE_TXT = 16, NOT_THERE = 3 };

struct reply {
	uint16_t type;                           /* 0: no answer, NXDOMAIN */
	uint32_t address;
	size_t text;                             /* bytes of TXT */
};

static struct ward *ward(const char *conf)
{
	struct ward *w = ward_new(table, from, conf);
	w->router = ward_mac(60000);
	ward_device(w, ROLE_MONITOR, "bed-3", MONITOR);
	return w;
}

static void put_name(struct buf *b, const char *dotted)
{
	while (*dotted) {
		size_t n = strcspn(dotted, ".");
		buf_u8(b, (uint8_t)n);
		buf_bytes(b, span_of(dotted, n));
		dotted += n + (dotted[n] == '.');
	}
	buf_u8(b, 0);
}

static void say(struct ward *w, const char *client, const char *name, uint16_t type, const struct reply *r)
{
	struct origin at = ward_packet(w, client, SERVER, 53, 17);
	struct buf b = { 0 };
	buf_be16(&b, 7);
	buf_be16(&b, r ? r->type ? 0x8180 : 0x8180 | NOT_THERE : 0x0100);
	buf_be16(&b, 1);
	buf_be16(&b, r && r->type);
	buf_be32(&b, 0);
	put_name(&b, name);
	buf_be16(&b, type);
	buf_be16(&b, 1);
	if (r && r->type) {
		size_t text = r->type == TYPE_TXT ? r->text : 0;
		buf_be16(&b, 0xC00C);
		buf_be16(&b, r->type);
		buf_be16(&b, 1);
		buf_be32(&b, 60);
		buf_be16(&b, (uint16_t)(r->type == TYPE_A ? 4 : text + 1));
		if (r->type == TYPE_A)
			buf_be32(&b, r->address);
		else
			buf_u8(&b, (uint8_t)text);
		buf_fill(&b, 'k', text);
	}
	at = r ? ward_back(w, at) : at;
	ward_message(w, &decoder_dns, &at, buf_span(&b));
	buf_done(&b);
}

static void ask(struct ward *w, const char *name, uint16_t type, struct reply r)
{
	say(w, MONITOR, name, type, NULL);
	say(w, MONITOR, name, type, &r);
}

static uint64_t dice(uint64_t *s)
{
	*s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *s >> 33;
}

/* n characters of an alphabet, in labels of 50, then the zone. */
static const char *encoded(char out[256], uint64_t *seed, const char *alphabet, size_t n, const char *zone)
{
	size_t k = 0, many = strlen(alphabet);
	for (size_t i = 0; i < n; i++) {
		if (i && i % 50 == 0)
			out[k++] = '.';
		out[k++] = alphabet[dice(seed) % many];
	}
	snprintf(out + k, 256 - k, ".%s", zone);
	return out;
}

#define HEX    "0123456789abcdef"
#define BASE32 "abcdefghijklmnopqrstuvwxyz234567"

static void said_nothing(struct ward *w)
{
	ASSERT_SILENT(ward_said(w), "\"rule\"");
	ward_free(w);
}

static void names_of_content_networks_are_ordinary(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	for (unsigned i = 0; i < 300; i++) {
		uint64_t seed = i % 15;          /* few names, again and again */
		ask(w, encoded(name, &seed, BASE32, 40, "cdn.example.net"), TYPE_A, (struct reply){ TYPE_A, 0xCB007150, 0 });
	}
	said_nothing(w);
}

static void many_hosts_of_one_zone_are_ordinary(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "edge-%u-frankfurt.video.example.net", i);
		ask(w, name, TYPE_A, (struct reply){ TYPE_A, 0xCB007150, 0 });
	}
	said_nothing(w);
}

static void a_virus_scanner_that_asks_by_hash_is_ordinary(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	uint64_t seed = 5;
	for (unsigned i = 0; i < 300; i++)
		ask(w, encoded(name, &seed, HEX, 40, "avqs.mcafee.com"), TYPE_A, (struct reply){ TYPE_A, 0x7F000002, 0 });
	for (unsigned i = 0; i < 300; i++)               /* one that nobody knows: yes or no is all that comes back */
		ask(w, encoded(name, &seed, HEX, 40, "lookup.example.org"), TYPE_A,
		    i % 3 ? (struct reply){ 0 } : (struct reply){ TYPE_A, 0x7F000008, 0 });
	said_nothing(w);
}

static void block_lists_and_reverse_names_are_ordinary(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	uint64_t seed = 9;
	for (unsigned i = 0; i < 400; i++) {
		unsigned a = dice(&seed) % 256, b = dice(&seed) % 256, c = dice(&seed) % 256;
		snprintf(name, sizeof(name), "%u.%u.%u.10.zen.example.org", a, b, c);
		ask(w, name, TYPE_A, (struct reply){ 0 });
		snprintf(name, sizeof(name), "%u.%u.%u.10.in-addr.arpa", a, b, c);
		ask(w, name, TYPE_PTR, (struct reply){ 0 });
	}
	said_nothing(w);
}

static void keys_of_mail_are_ordinary(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "selector%u._domainkey.sender%u.example", i % 2, i % 60);
		ask(w, name, TYPE_TXT, (struct reply){ TYPE_TXT, 0, 250 });
	}
	said_nothing(w);
}

static void a_resolver_that_asks_for_others_is_ordinary(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	uint64_t seed = 2;
	ward_device(w, ROLE_UNKNOWN, "", SERVER);
	say(w, MONITOR, "www.example.org", TYPE_A, NULL);
	say(w, MONITOR, "www.example.org", TYPE_A, &(struct reply){ TYPE_A, 0xCB007150, 0 });
	for (unsigned i = 0; i < 100; i++)
		say(w, SERVER, encoded(name, &seed, BASE32, 60, "t.example.net"), TYPE_TXT, NULL);
	said_nothing(w);
}

static void a_few_long_names_are_ordinary(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	uint64_t seed = 1;
	for (unsigned i = 0; i < 12; i++)
		ask(w, encoded(name, &seed, BASE32, 60, "t.example.net"), TYPE_A, (struct reply){ TYPE_A, 0xCB007150, 0 });
	said_nothing(w);
}

static void data_in_names_is_found_in_any_alphabet(void **state)
{
	(void)state;
	const char *const alphabets[] = { HEX, BASE32, "abcdefghijklmnopqrstuvwxyz0123456789-_" };
	for (size_t i = 0; i < ARRAY_LEN(alphabets); i++) {
		struct ward *w = ward(NULL);
		char name[256];
		uint64_t seed = 77;
		for (unsigned k = 0; k < 40; k++)
			ask(w, encoded(name, &seed, alphabets[i], 44, "x.example.co.uk"), TYPE_TXT,
			    (struct reply){ TYPE_TXT, 0, 60 });
		const char *said = ward_said(w);
		ASSERT_SAYS(said, "\"severity\":\"high\"");
		ASSERT_SAYS(said, "\"host\":\"example.co.uk\"");
		assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
		ward_free(w);
	}
}

static void data_that_only_leaves_is_found(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	uint64_t seed = 3;
	for (unsigned i = 0; i < 40; i++)
		ask(w, encoded(name, &seed, BASE32, 150, "example.net"), TYPE_A, (struct reply){ 0 });
	ASSERT_SAYS(ward_said(w), "152 characters each");
	ward_free(w);
}

static void data_in_texts_is_found(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "%u.f.example.net", i);
		ask(w, name, TYPE_TXT, (struct reply){ TYPE_TXT, 0, 200 });
	}
	ASSERT_SAYS(ward_said(w), "bytes of text by the zone example.net");
	ward_free(w);
}

static void types_that_no_service_uses_are_found(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	char name[256];
	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "pa%u.example.net", i);
		say(w, MONITOR, name, TYPE_NULL, NULL);
	}
	ASSERT_SAYS(ward_said(w), "unused record type");
	ward_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_content_networks_are_ordinary),
		cmocka_unit_test(many_hosts_of_one_zone_are_ordinary),
		cmocka_unit_test(a_virus_scanner_that_asks_by_hash_is_ordinary),
		cmocka_unit_test(block_lists_and_reverse_names_are_ordinary),
		cmocka_unit_test(keys_of_mail_are_ordinary),
		cmocka_unit_test(a_resolver_that_asks_for_others_is_ordinary),
		cmocka_unit_test(a_few_long_names_are_ordinary),
		cmocka_unit_test(data_in_names_is_found_in_any_alphabet),
		cmocka_unit_test(data_that_only_leaves_is_found),
		cmocka_unit_test(data_in_texts_is_found),
		cmocka_unit_test(types_that_no_service_uses_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
