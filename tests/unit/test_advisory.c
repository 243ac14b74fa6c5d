/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advisories: versions as publishers write them, files that are none, and matching that never says more than was
 * published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "advisory/vex.h"
#include "base/scope.h"
#include "record/json.h"

static void versions_fit_as_published(void **state)
{
	static const struct {
		const char *version, *said;
		enum version_fits fits;
	} cases[] = {
		{ "2.3", "vers:all/*", VERSION_YES }, { "", "vers:all/*", VERSION_YES }, { "", "<2.0", VERSION_UNKNOWN },
		{ "1.9", "<2.0", VERSION_YES }, { "2.0", "<2.0", VERSION_NO }, { "2.0", "<= 2.0", VERSION_YES },
		{ "2.0.1", "<=2.0", VERSION_NO }, { "2.0.0", "<=2.0", VERSION_YES }, { "10.1", "<9.9", VERSION_NO },
		{ "1.2.3", ">= 1.0.0  | <= 1.3.1", VERSION_YES }, { "1.4", ">= 1.0.0  | <= 1.3.1", VERSION_NO },
		{ "0.9", ">= 1.0.0 | <= 1.3.1", VERSION_NO }, { "5.0", "4.0|5.0", VERSION_YES }, { "4.5", "4.0|5.0", VERSION_NO },
		{ "5.7.2", "5.x.x", VERSION_YES }, { "6.0", "5.x", VERSION_NO }, { "11.4", "<= 11.x", VERSION_YES },
		{ "v2.4", "2.4 and prior", VERSION_YES }, { "2.5", "2.4 and prior", VERSION_NO },
		{ "1.1", "prior to 1.2", VERSION_YES },
		{ "2.4A", "<= 2.6A", VERSION_YES }, { "2.6B", "<= 2.6A", VERSION_NO }, { "B.02", "<= B.12", VERSION_YES },
		{ "K", "<= K", VERSION_YES }, { "L", "<= K", VERSION_NO }, { "2.01", "<= 2.01 (end-of-life Nov 2017)", VERSION_YES },
		{ "1.0", "with wireless option (shipped between 2016-August 2018)", VERSION_UNKNOWN },
		{ "1.0", "<8/30/2024", VERSION_UNKNOWN }, { "1.0", "distributed  < april 1, 2018", VERSION_UNKNOWN },
		{ "2.0.6", "smart3250-2.6.27-wlan2.1.7.cramfs", VERSION_UNKNOWN },
		{ "smart3250-2.6.27-wlan2.1.7.cramfs", "<=smart3250-2.6.27-wlan2.1.7.cramfs", VERSION_YES },
		{ "CMS7.820.075.08/0.74(0.75)", "CMS7.820.075.08/0.74(0.75)", VERSION_YES },
		{ "1.5", "vers:generic/>=1.0|<2.0", VERSION_YES }, { "2.0", "vers:generic/>=1.0|<2.0", VERSION_NO },
		{ "1.0.2g", "<1.0.2k", VERSION_YES }, { "1.0.2za", "<1.0.2k", VERSION_NO }, { "1.0.2y", "<=1.0.2za", VERSION_YES },
		{ "1.0.2g", "<=1.0.2", VERSION_NO }, { "8.0p1", "<8.1", VERSION_YES }, { "2010.06-rc1", "<2010.06", VERSION_YES },
		{ "2010.06", "<=2010.06-rc1", VERSION_NO }, { "2.0-rc2", "<2.0.1", VERSION_YES },
		{ "2.0-beta1", ">=2.0.0", VERSION_NO },
		{ "3.0", "", VERSION_UNKNOWN }, { "3.0", "|||", VERSION_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (version_in(cases[i].version, cases[i].said) != cases[i].fits)
			fail_msg("\"%s\" in \"%s\" is %d", cases[i].version, cases[i].said, version_in(cases[i].version, cases[i].said));
}

static void what_is_no_csaf_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "not JSON" }, { "[]", "not CSAF" }, { "{}", "/document is missing" },
		{ "{\"document\":{\"csaf_version\":\"1.2\"}}", "reads CSAF 2.0" },
		{ "{\"document\":{\"csaf_version\":\"2.0\"}}", "/document/tracking/id" },
		{ "{\"document\":{\"csaf_version\":\"2.0\",\"csaf_version\":\"2.0\"}}", "not JSON" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a;
		struct advisory v;
		char err[ADVISORY_ERR] = "";
		arena_init(&a, ADVISORY_MEMORY);
		assert_int_not_equal(csaf_read(span_str(cases[i].text), &a, &v, err), 0);
		if (!strstr(err, cases[i].why))
			fail_msg("\"%s\" is refused with \"%s\"", cases[i].text, err);
		arena_done(&a);
	}
}

#define DOC(tree, list) \
	"{\"document\":{\"csaf_version\":\"2.0\",\"title\":\"t\",\"publisher\":{\"name\":\"p\"},\"tracking\":{" \
	"\"id\":\"X-1\",\"version\":\"1\",\"status\":\"final\",\"current_release_date\":\"2025-01-01T00:00:00Z\"}}," \
	"\"product_tree\":{\"branches\":[" tree "]},\"vulnerabilities\":[" list "]}"
#define PRODUCT(maker, name, category, version, id) \
	"{\"category\":\"vendor\",\"name\":\"" maker "\",\"branches\":[" \
	"{\"category\":\"product_name\",\"name\":\"" name "\",\"branches\":[{\"category\":\"" category \
	"\",\"name\":\"" version "\",\"product\":{\"name\":\"x\",\"product_id\":\"" id "\"}}]}]}"

static void deep_branches_and_lost_ids_are_told(void **state)
{
	(void)state;
	struct arena a;
	struct advisory v;
	char err[ADVISORY_ERR] = "";
	struct buf deep = { 0 };
	arena_init(&a, ADVISORY_MEMORY);
	buf_text(&deep,
		 "{\"document\":{\"csaf_version\":\"2.0\",\"tracking\":{\"id\":\"X\"}},\"product_tree\":{\"branches\":[");
	for (int i = 0; i < 100; i++)
		buf_text(&deep, "{\"branches\":[");
	assert_int_not_equal(csaf_read(buf_span(&deep), &a, &v, err), 0);
	assert_non_null(strstr(err, "nested too deeply"));
	buf_done(&deep);
	assert_int_equal(csaf_read(span_str(DOC(PRODUCT("M", "N", "product_version", "1", "P1"),
		"{\"cve\":\"CVE-2020-1\",\"product_status\":{\"known_affected\":[\"P1\",\"P9\"]}}")), &a, &v, err), 0);
	assert_int_equal(v.nproducts, 1);
	bool told = false;
	for (unsigned i = 0; i < v.ntroubles; i++)
		told |= strstr(v.troubles[i], "P9") != NULL;
	assert_true(told);
	arena_done(&a);
}

/* ---- matching ---- */

static const struct match *ask(const struct advisories *t, struct match_subject s, const char *cve, unsigned *n)
{
	static struct match found[512];
	struct matcher *m = matcher_new(t);
	*n = matcher_ask(m, &s, found, ARRAY_LEN(found));
	matcher_free(m);
	for (unsigned i = 0; i < *n; i++)
		if (strcmp(found[i].vulnerability->cve, cve) == 0)
			return &found[i];
	return NULL;
}

static void the_founding_case_is_known_without_import(void **state)
{
	(void)state;
	struct advisories *t = advisories_new();
	unsigned n;
	const struct match *m = ask(t, (struct match_subject){ "Contec Medical Systems Co., Ltd.", "CMS8000", "", NULL },
				    "CVE-2025-0626", &n);
	assert_non_null(m);
	assert_int_equal(m->says, MATCH_AFFECTED);           /* all versions are */
	assert_int_equal(n, 9);
	m = ask(t, (struct match_subject){ "Contec", "CMS 8000", "", NULL }, "CVE-2024-12248", &n);
	assert_int_equal(m->says, MATCH_MAYBE);              /* three versions alone are named */
	assert_string_equal(m->unknown, "version not known");
	m = ask(t, (struct match_subject){ "Contec", "CMS8000", "smart3250-2.6.27-wlan2.1.7.cramfs", NULL }, "CVE-2024-12248",
		&n);
	assert_int_equal(m->says, MATCH_AFFECTED);
	advisories_free(t);
}

static void the_rebrand_is_the_same_device(void **state)
{
	(void)state;
	struct advisories *t = advisories_new();
	unsigned n;
	const struct match *m = ask(t, (struct match_subject){ "Epsimed", "MN-120", "", NULL }, "CVE-2025-0683", &n);
	assert_non_null(m);
	assert_int_equal(m->says, MATCH_AFFECTED);
	assert_non_null(strstr(m->rule, "re-brand: Epsimed MN-120"));
	assert_non_null(ask(t, (struct match_subject){ "EPSIMED", "MN120 Patient Monitor", "", NULL }, "CVE-2025-0683", &n));
	assert_null(ask(t, (struct match_subject){ "Siemens", "MN-120", "", NULL }, "CVE-2025-0683", &n));
	advisories_free(t);
}

static void a_protocol_alone_is_only_a_maybe(void **state)
{
	(void)state;
	static const char *const speaks[] = { "ntp", "contec", NULL }, *const other[] = { "hl7", NULL };
	struct advisories *t = advisories_new();
	unsigned n;
	const struct match *m = ask(t, (struct match_subject){ NULL, NULL, NULL, speaks }, "CVE-2025-0626", &n);
	assert_non_null(m);
	assert_int_equal(m->says, MATCH_MAYBE);
	assert_string_equal(m->unknown, "model and version not known");
	assert_null(ask(t, (struct match_subject){ NULL, NULL, NULL, other }, "CVE-2025-0626", &n));
	assert_null(ask(t, (struct match_subject){ "Mindray", "uMEC12", NULL, speaks }, "CVE-2025-0626", &n));
	advisories_free(t);
}

static struct advisories *with(const char *text)
{
	struct advisories *t = advisories_new();
	struct advisory a;
	char err[ADVISORY_ERR] = "";
	if (csaf_read(span_str(text), &t->arena, &a, err) < 0)
		fail_msg("%s", err);
	assert_true(advisories_add(t, &a));
	return t;
}

#define ONE_CVE "{\"cve\":\"CVE-2020-1\",\"product_status\":{\"known_affected\":[\"P1\"],\"fixed\":[\"P2\"]}}"

static void makers_write_themselves_in_many_ways(void **state)
{
	(void)state;
	static const char *const makers[] = { "GE", "GE Healthcare", "GE HealthCare Technologies Inc.",
					      "General Electric (GE)" };
	struct advisories *t = with(
		DOC(PRODUCT("General Electric (GE)", "CARESCAPE B450", "product_version_range", "<2.0", "P1"), ONE_CVE));
	unsigned n;
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		assert_non_null(ask(t, (struct match_subject){ makers[i], "CARESCAPE B450", "1.0", NULL }, "CVE-2020-1", &n));
	assert_null(ask(t, (struct match_subject){ "Gelson", "B450", "1.0", NULL }, "CVE-2020-1", &n));
	assert_null(ask(t, (struct match_subject){ "GE", "CARESCAPE B650", "1.0", NULL }, "CVE-2020-1", &n));
	assert_int_equal(ask(t, (struct match_subject){ "GE", "B450", "1.0", NULL }, "CVE-2020-1", &n)->says, MATCH_AFFECTED);
	assert_int_equal(ask(t, (struct match_subject){ "GE", "B450", "2.0", NULL }, "CVE-2020-1", &n)->says,
			 MATCH_NOT_AFFECTED);
	assert_int_equal(ask(t, (struct match_subject){ NULL, "B450", "1.0", NULL }, "CVE-2020-1", &n)->says, MATCH_MAYBE);
	assert_int_equal(ask(t, (struct match_subject){ "GE", "CARESCAPE", "1.0", NULL }, "CVE-2020-1", &n)->says,
			 MATCH_MAYBE);
	assert_null(ask(t, (struct match_subject){ "GE", "Patient Monitor", "1.0", NULL }, "CVE-2020-1", &n));
	advisories_free(t);
	t = with(
		DOC(PRODUCT("Innokas Yht\xc3\x83\xc2\xa4m\xc3\x83\xc2\xa4 Oy", "VC150", "product_version_range", "<2.0", "P1"),
		    ONE_CVE));
	assert_non_null(
		ask(t, (struct match_subject){ "Innokas Yht\xc3\xa4m\xc3\xa4 Oy", "VC-150", "1.0", NULL }, "CVE-2020-1", &n));
	advisories_free(t);
}

static void a_product_beside_the_family_is_another_one(void **state)
{
	(void)state;
	struct advisories *t = with(
		DOC(PRODUCT("Philips", "IntelliVue Information Center iX", "product_version", "vers:all/*", "P1"), ONE_CVE));
	unsigned n;
	assert_null(ask(t, (struct match_subject){ "Philips", "IntelliVue MX800", "B.02", NULL }, "CVE-2020-1", &n));
	advisories_free(t);
	t = with(DOC(PRODUCT("Philips", "IntelliVue patient monitors", "product_version", "vers:all/*", "P1"), ONE_CVE));
	assert_int_equal(ask(t, (struct match_subject){ "Philips", "IntelliVue MX800", "B.02", NULL }, "CVE-2020-1", &n)->says,
			 MATCH_MAYBE);
	advisories_free(t);
}

static void common_words_tell_something_with_the_maker(void **state)
{
	(void)state;
	struct advisories *t = with(
		DOC(PRODUCT("Orthanc", "Orthanc server", "product_version_range", "<1.5.8", "P1"), ONE_CVE));
	unsigned n;
	assert_int_equal(ask(t, (struct match_subject){ "Orthanc", "Orthanc Server", "1.5", NULL }, "CVE-2020-1", &n)->says,
			 MATCH_AFFECTED);
	assert_null(ask(t, (struct match_subject){ "Acme", "Server", "1.5", NULL }, "CVE-2020-1", &n));
	assert_null(ask(t, (struct match_subject){ NULL, "server", "1.5", NULL }, "CVE-2020-1", &n));
	assert_null(ask(t, (struct match_subject){ "Orthanc", "Viewer", "1.5", NULL }, "CVE-2020-1", &n));
	advisories_free(t);
}

static void a_fix_and_model_numbers_in_the_version_count(void **state)
{
	(void)state;
	struct advisories *t = with(DOC(PRODUCT("Acme", "Flow 7", "product_version_range", "<3.0", "P1") ","
		PRODUCT("Acme", "Flow 7", "product_version", "3.1", "P2"), ONE_CVE));
	unsigned n;
	assert_int_equal(ask(t, (struct match_subject){ "Acme", "Flow 7", "3.1", NULL }, "CVE-2020-1", &n)->says, MATCH_FIXED);
	assert_int_equal(ask(t, (struct match_subject){ "Acme", "Flow 7", "2.9", NULL }, "CVE-2020-1", &n)->says,
			 MATCH_AFFECTED);
	advisories_free(t);
	t = with(DOC(PRODUCT("Medtronic", "MiniMed pump", "product_version", "MMT-1711 | MMT-1712", "P1"), ONE_CVE));
	assert_int_equal(ask(t, (struct match_subject){ "Medtronic", "MMT-1712", "", NULL }, "CVE-2020-1", &n)->says,
			 MATCH_AFFECTED);
	assert_null(ask(t, (struct match_subject){ "Medtronic", "MMT-1999", "", NULL }, "CVE-2020-1", &n));
	advisories_free(t);
}

static void an_older_version_does_not_replace_a_later_one(void **state)
{
	(void)state;
	struct advisories *t = advisories_new();
	struct advisory old = *advisories_find(t, "icsma-25-030-01");
	old.released--;
	assert_false(advisories_add(t, &old));
	old.released += 2;
	assert_true(advisories_add(t, &old));
	assert_int_equal(t->n, 2);
	advisories_free(t);
}

static void a_record_and_its_body_say_the_same(void **state)
{
	(void)state;
	struct advisories *t = advisories_new();
	struct arena a;
	struct advisory back;
	struct buf once = { 0 }, twice = { 0 };
	arena_init(&a, 0);
	const struct record_host host = { .arena = &a };
	json_record(&once, advisory_record(&t->v[0], &host), NULL);
	buf_u8(&once, 0);
	assert_true(advisory_from_body((const char *)once.p, &a, &back));
	json_record(&twice, advisory_record(&back, &host), NULL);
	buf_u8(&twice, 0);
	assert_string_equal((const char *)once.p, (const char *)twice.p);
	buf_done(&once);
	buf_done(&twice);
	arena_done(&a);
	advisories_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_fit_as_published),
		cmocka_unit_test(what_is_no_csaf_is_refused),
		cmocka_unit_test(deep_branches_and_lost_ids_are_told),
		cmocka_unit_test(the_founding_case_is_known_without_import),
		cmocka_unit_test(the_rebrand_is_the_same_device),
		cmocka_unit_test(a_protocol_alone_is_only_a_maybe),
		cmocka_unit_test(makers_write_themselves_in_many_ways),
		cmocka_unit_test(a_product_beside_the_family_is_another_one),
		cmocka_unit_test(common_words_tell_something_with_the_maker),
		cmocka_unit_test(a_fix_and_model_numbers_in_the_version_count),
		cmocka_unit_test(an_older_version_does_not_replace_a_later_one),
		cmocka_unit_test(a_record_and_its_body_say_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
