/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is taken out of a text before it is read aloud, which file is listed, and whose constants are whose. */
#include "fake_image.h"

#include "base/scope.h"
#include "fw/pass/listing.h"

static void what_is_no_secret_stays(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"password: %s", "Please specify the password.", "Entering Passive Mode (", "/etc/passwd", "PASS %s", "echo $1$2$3",
		"passwd=/etc/shadow", "10:20:30", "http://192.0.2.1:8080/a@b", "any password will do", "<no password>",
		"admin:x:0:0:/:/bin/sh", "password", "pass=$PASS", "$6$", "bypass", "mailto:a@b", "PASS MODE REST QUIT",
	};
	struct arena a;
	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *why = NULL;
		struct span s = listing_aloud(span_str(texts[i]), NULL, 0, &a, &why);
		assert_string_equal((const char *)s.p, texts[i]);
		assert_null(why);
	}
	arena_done(&a);
}

static void secrets_are_taken_out_and_nothing_beside_them(void **state)
{
	(void)state;
	static const char *const texts[][2] = {
		{ "admin:$1$ab$cdefghijklmnopqrstuvw:0:0::/:/bin/sh", "admin:***:0:0::/:/bin/sh" },
		{ "$5$rounds=5000$salt$0123456789abcdef", "***" },
		{ "root:ab3DE6gh9JKLm:0:0:/:/bin/sh", "root:***:0:0:/:/bin/sh" },
		{ "ftp://upload:s3cr3t@192.0.2.1/in", "ftp://upload:***@192.0.2.1/in" },
		{ "mount -o username=a,password=b //x /y", "mount -o username=a,password=*** //x /y" },
		{ "wget --http-password abc http://x", "wget --http-password *** http://x" },
		{ "PASS letmein", "PASS ***" },
		{ "{\"wifi_psk\":\"abc def\"}", "{\"wifi_psk\":\"*** def\"}" },
		{ "<Password>abc</Password>", "<Password>***</Password>" },
		{ "option passphrase 'abc'", "option passphrase 'abc'" },  /* no sign that it is a value */
		{ "say swordfish twice: swordfish", "say *** twice: ***" },
		{ "ab", "***" }, { "cab", "cab" },
	};
	static const struct span known[] = { { (const uint8_t *)"swordfish", 9 }, { (const uint8_t *)"ab", 2 } };
	struct arena a;
	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *why = NULL;
		struct span s = listing_aloud(span_str(texts[i][0]), known, 2, &a, &why);
		assert_string_equal((const char *)s.p, texts[i][1]);
		assert_true((why != NULL) == (strcmp(texts[i][0], texts[i][1]) != 0));
	}
	arena_done(&a);
}

struct seen_texts {
	struct buf all;
	unsigned n;
};

static void see(void *to, const struct record *r)
{
	struct seen_texts *s = to;
	json_record(&s->all, r, NULL);
	buf_text(&s->all, "\n");
	s->n++;
}

static void list(struct fake *k, const char *member, unsigned least, struct seen_texts *out)
{
	const struct sink to = { see, out };
	*out = (struct seen_texts){ 0 };
	listing_publish(&k->scene, &(struct listing){ member, least }, k->found, k->nfound, &k->host, &to);
	buf_u8(&out->all, 0);
}

static void only_programs_are_listed_unless_a_member_is_named(void **state)
{
	(void)state;
	struct fake k;
	struct seen_texts t;
	fake_begin(&k);
	fake_file(&k, "etc/app.conf", SCENE_OTHER, "server=192.0.2.1\nshort\n");
	fake_file(&k, "bin/a", SCENE_PROGRAM, "\177ELF no table, but texts");
	fake_file(&k, "bin/copy", SCENE_PROGRAM, "\177ELF no table, but texts");
	list(&k, NULL, 6, &t);
	assert_int_equal(t.n, 1);
	assert_non_null(strstr((const char *)t.all.p, "\"path\":\"bin/a\""));
	buf_done(&t.all);
	list(&k, "/etc/*.conf", 6, &t);
	assert_int_equal(t.n, 1);
	assert_non_null(strstr((const char *)t.all.p, "server=192.0.2.1"));
	buf_done(&t.all);
	list(&k, "app.conf", 4, &t);
	assert_int_equal(t.n, 2);
	buf_done(&t.all);
	list(&k, "copy", 4, &t);
	assert_int_equal(t.n, 1);
	buf_done(&t.all);
	list(&k, "nothing", 4, &t);
	assert_int_equal(t.n, 0);
	buf_done(&t.all);
	fake_end(&k);
}

static void wide_texts_are_read_in_the_order_they_have(void **state)
{
	(void)state;
	static const uint8_t little[] = { 1, 2, 3, 0, 'w', 0, 'i', 0, 'd', 0, 'e', 0, 0, 0 }, big[] = {
		1, 2, 0, 'w', 0, 'i', 0, 'd', 0, 'e', 0, 0,
	};
	struct strings a = { .s = span_of(little, sizeof(little)), .least = 4 },
		       b = { .s = span_of(big, sizeof(big)), .least = 4 };
	struct string s;
	assert_true(strings_next(&a, &s));
	assert_int_equal(s.form, STRING_UTF16LE);
	assert_int_equal(s.offset, 4);
	assert_true(strings_next(&b, &s));
	assert_int_equal(s.form, STRING_UTF16BE);
	assert_int_equal(s.offset, 2);
	assert_int_equal(s.characters, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_secret_stays),
		cmocka_unit_test(secrets_are_taken_out_and_nothing_beside_them),
		cmocka_unit_test(only_programs_are_listed_unless_a_member_is_named),
		cmocka_unit_test(wide_texts_are_read_in_the_order_they_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
