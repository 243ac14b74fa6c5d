/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Components by content: what must not match first, then versions as they stand in binaries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "fw/model/component.h"

struct found {
	unsigned n;
	struct component_hit v[COMPONENT_HITS];
};

/* A file with these texts, a NUL between them. */
static struct found look_raw(const char *head, size_t n, const char *const *texts)
{
	static struct buf b;
	buf_reset(&b);
	buf_bytes(&b, span_of(head, n));
	for (; *texts; texts++) {
		buf_text(&b, *texts);
		buf_u8(&b, 0);
	}
	struct found f = { 0 };
	struct component_index *x = component_index_new();
	f.n = component_find(x, buf_span(&b), f.v);
	component_index_free(x);
	return f;
}

static struct found look(const char *const *texts)
{
	return look_raw("\0\1\2\3", 4, texts);
}

#define LOOK(...) look((const char *const[]){ __VA_ARGS__, NULL })

static void assert_is(const struct found *f, unsigned i, const char *name, const char *version)
{
	char text[80];
	assert_true(i < f->n);
	assert_string_equal(f->v[i].rule->name, name);
	snprintf(text, sizeof(text), "%.*s", (int)f->v[i].version.n, (const char *)f->v[i].version.p);
	assert_string_equal(text, version);
}

static void text_files_hold_no_component(void **state)
{
	(void)state;
	struct component_hit v[COMPONENT_HITS];
	struct component_index *x = component_index_new();
	assert_int_equal(component_find(x, SPAN_LIT("Changes: now with BusyBox v1.20.2 (2012) and dnsmasq-2.90\n"), v), 0);
	assert_int_equal(component_find(x, (struct span){ 0 }, v), 0);
	component_index_free(x);
}

static void words_without_a_version_or_beside_others_do_not_match(void **state)
{
	(void)state;
	assert_int_equal(LOOK("BusyBox v%s (%s)").n, 0);
	assert_int_equal(LOOK("use OpenSSH_9.2p1 or later").n, 0);
	assert_int_equal(LOOK("OpenSSH_2.*,OpenSSH_3.0*").n, 0);
	assert_int_equal(LOOK("dnsmasq-%s").n, 0);
	assert_int_equal(LOOK("1.2.13").n, 0);
}

static void what_a_program_was_built_with_is_not_in_it(void **state)
{
	(void)state;
	/* The header's version is compiled into whoever checks it; the library itself says where its folder is. */
	assert_int_equal(LOOK("OpenSSL 1.0.2g  1 Mar 2016").n, 0);
	struct found f = LOOK("OpenSSL 1.0.2g  1 Mar 2016", "OPENSSLDIR: \"/etc/ssl\"");
	assert_int_equal(f.n, 1);
	assert_is(&f, 0, "OpenSSL", "1.0.2g");
}

static void versions_are_read_as_they_stand(void **state)
{
	(void)state;
	static const struct {
		const char *text, *name, *version;
	} cases[] = {
		{ "BusyBox v1.20.2 (2013-06-04 16:12:55 CST)", "BusyBox", "1.20.2" },
		{ "Linux version 2.6.27.8-svn1 (root@build) (gcc)", "Linux kernel", "2.6.27.8-svn1" },
		{ "vermagic=3.10.14-svn7 SMP preempt mod_unload ARMv7 ", "Linux kernel", "3.10.14-svn7" },
		{ "U-Boot 2010.06-rc1 (Aug 12 2013 - 10:11:12)", "U-Boot", "2010.06-rc1" },
		{ "SSH-2.0-dropbear_2014.65", "Dropbear", "2014.65" },
		{ "OpenSSH_9.2p1 Debian-2+deb12u6", "OpenSSH", "9.2p1" },
		{ "GNU C Library (Debian GLIBC 2.36-9+deb12u4) stable release version 2.36.", "glibc", "2.36" },
		{ "GNU C Library stable release version 2.11.1, by Roland McGrath et al.", "glibc", "2.11.1" },
		{ " inflate 1.2.11 Copyright 1995-2017 Mark Adler ", "zlib", "1.2.11" },
		{ "$dcmtk: storescu v3.6.0 2011-01-06 $", "DCMTK", "3.6.0" },
		{ "wpa_supplicant v0.7.3", "wpa_supplicant", "0.7.3" },
		{ "This is the QtCore library version 4.7.4", "Qt", "4.7.4" },
		{ "MD5 part of OpenSSL 0.9.8e 23 Feb 2007", "OpenSSL", "0.9.8e" },
		{ "6b  27-Mar-1998", "libjpeg", "6b" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct found f = LOOK(cases[i].text);
		assert_int_equal(f.n, 1);
		assert_is(&f, 0, cases[i].name, cases[i].version);
	}
}

static void of_two_bare_numbers_none_is_the_version(void **state)
{
	(void)state;
	struct found f = LOOK("SQLite format 3", "3.7.17");
	assert_is(&f, 0, "SQLite", "3.7.17");
	f = LOOK("SQLite format 3", "3.7.17", "3.11.2");
	assert_int_equal(f.n, 1);
	assert_is(&f, 0, "SQLite", "");
}

static void cut_files_end_a_match(void **state)
{
	(void)state;
	static const char whole[] = "\0\0\0\0BusyBox v1.20.2 (2013)";
	struct component_index *x = component_index_new();
	struct component_hit v[COMPONENT_HITS];
	for (size_t n = 0; n < sizeof(whole); n++) {
		uint8_t *copy = malloc(n + 1);           /* of just that size: a read behind it is seen by the sanitizer */
		memcpy(copy, whole, n);
		assert_true(component_find(x, span_of(copy, n), v) <= 1);
		free(copy);
	}
	component_index_free(x);
}

static void there_are_rules_enough_and_each_can_be_tried(void **state)
{
	(void)state;
	unsigned names = 0;
	for (unsigned i = 0; i < component_nrules; i++) {
		const char *p = component_rules[i].pattern;
		p += p[0] == '%' && p[1] == '^' ? 2 : 0;
		assert_true(strlen(p) >= 2 && p[0] != '%' && p[1] != '%');
		bool met = false;
		for (unsigned k = 0; k < i && !met; k++)
			met = strcmp(component_rules[k].name, component_rules[i].name) == 0;
		names += !met;
	}
	assert_true(names >= 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_files_hold_no_component),
		cmocka_unit_test(words_without_a_version_or_beside_others_do_not_match),
		cmocka_unit_test(what_a_program_was_built_with_is_not_in_it),
		cmocka_unit_test(versions_are_read_as_they_stand),
		cmocka_unit_test(of_two_bare_numbers_none_is_the_version),
		cmocka_unit_test(cut_files_end_a_match),
		cmocka_unit_test(there_are_rules_enough_and_each_can_be_tried),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
