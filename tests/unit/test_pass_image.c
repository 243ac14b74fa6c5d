/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What passes know of the image around a file: what starts it, what loads it, what it is a version of. */
#include "fake_image.h"

#include "advisory/advisory.h"
#include "base/scope.h"
#include "fw/model/startup.h"
#include "fw/pass/scene.h"

static struct record *fake_start(struct fake *k, const char *program, const char *by, int parent, bool conditional)
{
	struct record *r = arena_new(&k->arena, sizeof(*r));
	record_begin(r, &start_type, NULL, &k->host);
	record_str(r, STA_WHEN, "sysinit");
	record_str(r, STA_PROGRAM, program);
	record_str(r, STA_BY, by);
	record_uint(r, STA_LINE, 3);
	if (parent >= 0)
		record_uint(r, STA_PARENT, (uint64_t)parent);
	if (conditional)
		record_bool(r, STA_CONDITIONAL, true);
	return r;
}

static void a_file_is_said_to_be_started_by_what_or_by_nothing_found(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	(void)fake_file(&k, "etc/rcS", SCENE_SCRIPT, "");
	fake_program(&k, "bin/a");
	static const char *const others[] = { "bin/b", "lib/l.so", "bin/never" };
	for (unsigned i = 0; i < ARRAY_LEN(others); i++)
		(void)fake_file(&k, others[i], SCENE_PROGRAM, "");
	struct record *const starts[] = {
		fake_start(&k, k.files[0].where, "ward.bin > 0x10000 cramfs > etc/inittab", -1, false),
		fake_start(&k, k.files[1].where, k.files[0].where, 0, true),
		fake_start(&k, "ward.bin > 0x10000 cramfs > bin/absent", k.files[0].where, 7000, true)
	};
	scene_find_boot(k.files, 5, (const struct record *const *)starts, ARRAY_LEN(starts), &k.arena);
	fake_call(&k, CALL_RUN, "system", "command=\"cp /bin/never /tmp; exec /bin/b -q", NULL);
	const struct scene_link links[] = { { 1, 3 }, { 4, 2 }, { 900, 3 } };
	scene_spread_boot(k.files, 5, k.programs, 1, links, ARRAY_LEN(links), &k.arena);
	assert_string_equal(k.files[0].started, "sysinit: etc/inittab line 3");
	assert_string_equal(k.files[1].started, "sysinit: etc/inittab line 3, etc/rcS line 3, on a condition");
	assert_string_equal(k.files[2].started, "started by bin/a");
	assert_string_equal(k.files[3].started, "loaded by bin/a");
	assert_string_equal(k.files[4].started, "nothing found that starts it");
	assert_false(k.files[4].boot);
	fake_end(&k);
}

static void a_library_that_acts_by_itself_is_told_once(void **state)
{
	(void)state;
	static const char to[] = "to=@203.0.113.5/515";
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "lib/libv.so.1");
	fake_call(&k, CALL_NETWORK, "connect", to, NULL);
	for (unsigned i = 0; i < 2; i++) {
		fake_program(&k, i ? "bin/b" : "bin/a");
		fake_call(&k, CALL_NETWORK, "connect", to, NULL);
		record_str(k.calls[i + 1][0], FWC_MODULE, "libv.so.1");
	}
	/* bin/c loads it too, but calls by itself. */
	fake_program(&k, "bin/c");
	fake_call(&k, CALL_NETWORK, "connect", to, NULL);
	static const struct scene_link links[] = { { 1, 0 }, { 2, 0 }, { 3, 0 } };
	k.scene.links = links;
	k.scene.nlinks = ARRAY_LEN(links);
	fake_run(&k);
	unsigned n = 0;
	for (uint32_t i = 0; i < k.nfound; i++) {
		if (strcmp(k.found[i]->rule->id, "fw.fixed-destination") != 0)
			continue;
		assert_true(k.found[i]->device == 0 || k.found[i]->device == 3);
		n++;
	}
	assert_int_equal(n, 2);
	fake_end(&k);
}

static void an_advisory_speaks_of_exact_words_only(void **state)
{
	(void)state;
	static const char *const quiet[] = { "CMS7.820.120.01/0.93(0.96)", "xCMS7.820.120.01/0.93(0.95)", "CMS8000",
					     "vers:all/*", "<=2.4" };
	struct advisories *shipped = advisories_new();
	struct fake k;
	for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
		fake_begin(&k);
		k.scene.advisories = shipped;
		fake_file(&k, "etc/version", SCENE_OTHER, quiet[i]);
		fake_run(&k);
		assert_null(fake_found(&k, "fw.known-affected"));
		fake_end(&k);
	}
	fake_begin(&k);
	k.scene.advisories = shipped;
	fake_file(&k, "etc/version", SCENE_OTHER, "ver=CMS7.820.120.01/0.93(0.95)\n");
	fake_run(&k);
	const struct finding *f = fake_found(&k, "fw.known-affected");
	assert_true(f && f->severity == SEV_HIGH);
	assert_true(f && record_get_uint(f->observed, OBS_OFFSET) == 4);
	fake_end(&k);
	advisories_free(shipped);
}

static void an_advisory_speaks_of_a_component_in_an_affected_version(void **state)
{
	(void)state;
	static struct advisory_product products[] = { { "P1", "BusyBox", "BusyBox", "<1.20.0", "", true },
						      { "P2", "Other", "BusyBox toolkit", "<9", "", true } };
	static const struct span affected[] = { { (const uint8_t *)"P1", 2 }, { (const uint8_t *)"P2", 2 } };
	static struct vulnerability weak = { .cve = "CVE-2011-0001",
					     .score = 9.8,
					     .status[STATUS_AFFECTED] = { affected, 2 } };
	static struct advisory one = { .id = "A-1",
				       .title = "t",
				       .products = products,
				       .nproducts = 2,
				       .vulnerabilities = &weak,
				       .nvulnerabilities = 1 };
	const struct advisories all = { .v = &one, .n = 1 };
	static const char *const versions[] = { "\177ELF BusyBox v1.20.2 (2012)", "\177ELF BusyBox v1.13.2 (2009)" };
	for (unsigned i = 0; i < 2; i++) {
		struct fake k;
		fake_begin(&k);
		fake_file(&k, "bin/busybox", SCENE_OTHER, versions[i]);
		k.scene.advisories = &all;
		fake_run(&k);
		assert_non_null(fake_found(&k, "fw.component"));
		const struct finding *f = fake_found(&k, "fw.known-affected");
		assert_true((f != NULL) == (i == 1));
		assert_true(!f || f->severity == SEV_MEDIUM);
		fake_end(&k);
	}
}

static void shares_of_fstab_are_mounted(void **state)
{
	(void)state;
	static const struct {
		const char *text, *rule;
		int severity;
	} cases[] = {
		{ "# 203.0.113.5:/pm /mnt nfs defaults 0 0\nproc /proc proc defaults 0 0\n/dev/sda1 / ext4 rw 0 1\n10.0.0.1:/a /a "
			"nfs ro 0 0\n",
		  "fw.remote-mount", -1 },
		{ "203.0.113.5:/pm\t/mnt nfs defaults,nolock 0 0\n", "fw.remote-mount", SEV_HIGH },
		{ "//files.example.org/x /mnt cifs username=u,password=hunter22 0 0\n", "fw.fixed-credential", SEV_MEDIUM },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		assert_int_equal(scene_kind_of(SPAN_LIT("etc/fstab"), span_str(cases[i].text)), SCENE_SCRIPT);
		(void)fake_file(&k, "etc/fstab", SCENE_SCRIPT, cases[i].text);
		fake_run(&k);
		const struct finding *f = fake_found(&k, cases[i].rule);
		assert_int_equal(f ? (int)f->severity : -1, cases[i].severity);
		fake_end(&k);
	}
}

static void services_of_android_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *title;                /* NULL: no remote shell */
		unsigned line;
	} cases[] = {
		{ "on boot\n    start adbd\n# service x /system/bin/telnetd\n", NULL, 0 },
		{ "service console /system/bin/sh\n    class core\n    user telnetd\n", NULL, 0 },
		{ "on boot\n    ifup lo\nservice t /system/bin/busybox telnetd -l /system/bin/sh\n    class main\n",
		  "offers a shell without a log-in by telnetd on port 23, at start-up", 3 },
		{ "service t /sbin/adbd\n    class core\n    disabled\n", "starts adbd, at start-up, on a condition", 1 },
		{ "on boot\n    exec - root root -- /system/bin/telnetd -p 99\n", "starts telnetd on port 99, at start-up", 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		assert_int_equal(scene_kind_of(SPAN_LIT("init.rc"), span_str(cases[i].text)), SCENE_SCRIPT);
		struct scene_file *f = fake_file(&k, "init.rc", SCENE_SCRIPT, cases[i].text);
		scene_find_boot(f, 1, NULL, 0, &k.arena);
		fake_run(&k);
		const struct finding *found = fake_found(&k, "fw.remote-shell");
		if (cases[i].title ? !found || !strstr(found->title, cases[i].title) : found != NULL)
			fail_msg("number %zu: %s", i, found ? found->title : "nothing");
		fake_end(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_of_fstab_are_mounted),
		cmocka_unit_test(services_of_android_are_read),
		cmocka_unit_test(an_advisory_speaks_of_exact_words_only),
		cmocka_unit_test(an_advisory_speaks_of_a_component_in_an_affected_version),
		cmocka_unit_test(a_file_is_said_to_be_started_by_what_or_by_nothing_found),
		cmocka_unit_test(a_library_that_acts_by_itself_is_told_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
