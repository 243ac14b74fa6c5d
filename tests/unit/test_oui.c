/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC prefixes: both shapes of the IEEE's list, and what must not get a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/scope.h"
#include "track/oui.h"

static const char text_list[] =
	"OUI/MA-L                                                    Organization\r\n"
	"company_id                                                  Organization\r\n"
	"\r\n"
	"00-22-72   (hex)\t\tFirst Example Corp.\r\n"
	"002272     (base 16)\t\tFirst Example Corp.\r\n"
	"\t\t\t\t1 Street\r\n"
	"FC-D2-B6   (hex)\t\tSecond, Example\r\n"
	"00-22-72   (hex)\t\tA later owner\r\n";

static const char csv_list[] =
	"Registry,Assignment,Organization Name,Organization Address\n"
	"MA-L,002272,\"First, Example \",\"1 Street\"\n"
	"MA-M,0022721,Not a whole prefix,x\n"
	"MA-L,fcd2b6,Second,y\n"
	"MA-L,FCD2,Cut";

static struct mac mac_of(uint64_t v)
{
	struct mac m = { 0 };
	for (int i = 0; i < 6; i++)
		m.b[i] = (uint8_t)(v >> (40 - 8 * i));
	return m;
}

static void what_is_no_list_is_refused(void **state)
{
	(void)state;
	struct oui *o = NULL;
	assert_int_equal(oui_parse(span_of("", 0), &o), -EINVAL);
	assert_int_equal(oui_parse(SPAN_LIT("00-22-72 hex Name\n\xff\xfe\0\n"), &o), -EINVAL);
	assert_int_equal(oui_load("/nonexistent/oui.txt", &o), -ENOENT);
	assert_null(o);
}

static void local_group_and_unknown_macs_have_no_vendor(void **state)
{
	(void)state;
	struct oui *o = NULL;
	assert_int_equal(oui_parse(SPAN_LIT("02-00-00   (hex)\t\tNobody\n01-00-5E   (hex)\t\tGroup\n"), &o), 0);
	assert_string_equal(oui_vendor(o, mac_of(0x020000000001)), "");
	assert_string_equal(oui_vendor(o, mac_of(0x01005e000001)), "");
	assert_string_equal(oui_vendor(o, mac_of(0x001122334455)), "");
	assert_string_equal(oui_vendor(NULL, mac_of(0x001122334455)), "");
	oui_free(o);
}

static void the_text_list_is_read_and_the_first_of_equal_prefixes_counts(void **state)
{
	(void)state;
	struct oui *o = NULL;
	assert_int_equal(oui_parse(SPAN_LIT(text_list), &o), 0);
	assert_int_equal(oui_count(o), 3);
	assert_string_equal(oui_vendor(o, mac_of(0x002272aabbcc)), "First Example Corp.");
	assert_string_equal(oui_vendor(o, mac_of(0xfcd2b6000000)), "Second, Example");
	oui_free(o);
}

static void the_csv_list_is_read_with_quotes(void **state)
{
	(void)state;
	struct oui *o = NULL;
	assert_int_equal(oui_parse(SPAN_LIT(csv_list), &o), 0);
	assert_int_equal(oui_count(o), 2);
	assert_string_equal(oui_vendor(o, mac_of(0x002272aabbcc)), "First, Example");
	assert_string_equal(oui_vendor(o, mac_of(0xfcd2b6000000)), "Second");
	oui_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(local_group_and_unknown_macs_have_no_vendor),
		cmocka_unit_test(the_text_list_is_read_and_the_first_of_equal_prefixes_counts),
		cmocka_unit_test(the_csv_list_is_read_with_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
