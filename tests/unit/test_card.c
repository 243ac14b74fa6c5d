/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device says beside the card of a firmware: what is not of one kind is not compared, then equal and
 * different. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "inventory/card.h"

#define CARD \
	"{\"kind\":\"card\",\"form\":1,\"image\":{\"id\":\"I-1\",\"name\":\"m.img\"},\"facts\":[" \
	"{\"what\":\"maker\",\"value\":\"Acme Medical\",\"confidence\":0.7},{\"what\":\"model\",\"value\":\"M-8000\",\"confidence\":0.7}," \
	"{\"what\":\"version\",\"value\":\"2.4.1\",\"confidence\":0.7}],\"software\":[" \
	"{\"name\":\"Linux kernel\",\"version\":\"2.6.27.8\"},{\"name\":\"BusyBox\",\"version\":\"1.13.2\"}," \
	"{\"name\":\"Dropbear\",\"version\":\"0.52\"},{\"name\":\"DCMTK\",\"version\":\"3.6.2\"},{\"name\":\"lighttpd\",\"version\":\"1.4.20\"}," \
	"{\"name\":\"Boa\"},{\"name\":\"libupnp\",\"version\":\"1.6.6\"}]," \
	"\"says\":[{\"what\":\"version\",\"from\":\"hl7.firmware\",\"said\":\"SW 7.1\"}]}"

static struct cards *read_card(void)
{
	char err[CARD_ERR] = "";
	struct cards *t = cards_new();
	assert_int_equal(cards_read(t, SPAN_LIT(CARD), "m.json", "10.0.0.5", err), 0);
	assert_int_equal(t->n, 1);
	return t;
}

/* "Dropbear 2012.55/0.52 differs; ..." */
static void assert_answers(const char *what, const char *from, const char *said, const char *expected)
{
	struct cards *t = read_card();
	struct card_answer v[CARD_ANSWERS];
	struct arena a;
	struct buf b = { 0 };
	arena_init(&a, 1 << 16);
	unsigned n = card_compare(&t->v[0], span_str(what), span_str(from), span_str(said), &a, v);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&b, "%s%s %.*s/%s %s", i ? "; " : "", v[i].about, (int)v[i].said.n, (const char *)v[i].said.p, v[i].card,
			   card_says_name(v[i].says));
	buf_u8(&b, 0);
	assert_string_equal((const char *)b.p, expected);
	buf_done(&b);
	arena_done(&a);
	cards_free(t);
}

static void what_is_no_card_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "[]", "{}", "{\"kind\":\"finding\"}", "{\"kind\":\"card\",\"form\":2}", "{\"kind\":\"card\""
	};
	struct cards *t = cards_new();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char err[CARD_ERR] = "";
		assert_int_not_equal(cards_read(t, span_str(bad[i]), "x.json", NULL, err), 0);
		assert_non_null(strstr(err, "x.json"));
	}
	assert_int_equal(t->n, 0);
	cards_free(t);
}

static void lists_of_other_things_are_no_harm(void **state)
{
	(void)state;
	struct cards *t = cards_new();
	struct card_answer v[CARD_ANSWERS];
	struct arena a;
	char err[CARD_ERR] = "";
	arena_init(&a, 1 << 16);
	assert_int_equal(
		cards_read(t,
			   SPAN_LIT("{\"kind\":\"card\",\"form\":1,\"facts\":[1,null,{\"what\":5}],\"software\":{\"a\":1},"
				    "\"says\":[[]]}"),
			   "x", NULL, err),
		0);
	assert_int_equal(card_compare(&t->v[0], SPAN_LIT("system"), SPAN_LIT("x"), SPAN_LIT("Boa/0.94"), &a, v), 0);
	arena_done(&a);
	cards_free(t);
}

static void what_is_not_of_one_kind_is_not_compared(void **state)
{
	(void)state;
	assert_answers("system", "http.server", "Apache/2.2.15 (CentOS)", "");
	assert_answers("system", "http.server", "nginx", "");
	assert_answers("name", "dhcp.hostname", "dropbear 9.9", "");
	assert_answers("application", "hl7.sending_app", "BusyBox 9.9", "");
	assert_answers("serial", "x", "2.4.0", "");
	assert_answers("system", "http.user_agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/3.6", "");
	assert_answers("system", "snmp.system", "Debian GNU/Linux 9", "");
	assert_answers("system", "snmp.system", "Debian Linux 9", "");
	assert_answers("system", "x", "mydropbear_2012.55", "");
}

static void the_same_version_is_equal(void **state)
{
	(void)state;
	assert_answers("system", "dhcp.vendor_class", "udhcp 1.13.2", "BusyBox 1.13.2/1.13.2 equal");
	assert_answers("system", "ssh.software", "dropbear_0.52", "Dropbear 0.52/0.52 equal");
	assert_answers("system", "dicom.implementation_version", "OFFIS_DCMTK_362", "DCMTK 362/3.6.2 equal");
	assert_answers("system", "dicom.implementation", "1.2.276.0.7230010.3.0.3.6.2", "DCMTK 3.6.2/3.6.2 equal");
	assert_answers("system", "snmp.system", "Linux mon-3 2.6.27.8 #1 PREEMPT Mon Mar 2 armv5",
		       "Linux kernel 2.6.27.8/2.6.27.8 equal");
	assert_answers("system", "ssdp.server", "Linux/2.6.27.8, UPnP/1.0, Portable SDK for UPnP devices/1.6.6",
		       "Linux kernel 2.6.27.8/2.6.27.8 equal; libupnp 1.6.6/1.6.6 equal");
}

static void another_version_differs(void **state)
{
	(void)state;
	assert_answers("system", "ssh.software", "dropbear_2012.55", "Dropbear 2012.55/0.52 differs");
	assert_answers("system", "dhcp.vendor_class", "dhcpcd-5.5.6:Linux-2.6.31:armv5tejl:x",
		       "Linux kernel 2.6.31/2.6.27.8 differs");
	assert_answers("system", "dhcp.vendor_class", "udhcp 1.1.2", "BusyBox 1.1.2/1.13.2 differs");
	assert_answers("system", "http.server", "lighttpd/1.4.39", "lighttpd 1.4.39/1.4.20 differs");
}

static void less_of_a_version_decides_nothing(void **state)
{
	(void)state;
	assert_answers("system", "ssdp.server", "Linux/2.6 UPnP/1.0 x", "Linux kernel 2.6/2.6.27.8 cannot be told");
	assert_answers("system", "http.server", "Boa/0.94.14rc21", "Boa 0.94.14rc21/ cannot be told");
}

static void versions_of_the_whole_may_be_counted_otherwise(void **state)
{
	(void)state;
	assert_answers("version", "poct1a.firmware", "V2.4.1", "version V2.4.1/2.4.1 equal");
	assert_answers("version", "poct1a.firmware", "2.5.0", "version 2.5.0/2.4.1 differs, maybe counted otherwise");
	assert_answers("version", "poct1a.firmware", "A.01", "version A.01/2.4.1 cannot be told");
	assert_answers("model", "mdns.model", "m8000", "model m8000/M-8000 equal");
	assert_answers("maker", "mdns.maker", "ACME Medical Systems Ltd.",
		       "maker ACME Medical Systems Ltd./Acme Medical equal");
	assert_answers("maker", "mdns.maker", "Other", "maker Other/Acme Medical differs, maybe counted otherwise");
}

static void the_same_field_said_when_it_was_vetted_is_nearest(void **state)
{
	(void)state;
	assert_answers("version", "hl7.firmware", "SW 7.1", "hl7.firmware SW 7.1/SW 7.1 equal");
	assert_answers("version", "hl7.firmware", "SW 7.2", "hl7.firmware SW 7.2/SW 7.1 differs");
}

static void a_card_is_of_its_model_alone(void **state)
{
	(void)state;
	struct cards *t = read_card();
	assert_true(card_has_model(&t->v[0], SPAN_LIT("M8000")));
	assert_false(card_has_model(&t->v[0], SPAN_LIT("M9000")));
	assert_false(card_has_model(&t->v[0], (struct span){ 0 }));
	assert_string_equal(t->v[0].device, "10.0.0.5");
	cards_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_card_is_refused),
		cmocka_unit_test(lists_of_other_things_are_no_harm),
		cmocka_unit_test(what_is_not_of_one_kind_is_not_compared),
		cmocka_unit_test(the_same_version_is_equal),
		cmocka_unit_test(another_version_differs),
		cmocka_unit_test(less_of_a_version_decides_nothing),
		cmocka_unit_test(versions_of_the_whole_may_be_counted_otherwise),
		cmocka_unit_test(the_same_field_said_when_it_was_vetted_is_nearest),
		cmocka_unit_test(a_card_is_of_its_model_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
