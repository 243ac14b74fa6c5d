/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list: CSV of many kinds and of bad intent, which line is which device, and the figure of risk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/scope.h"
#include "inventory/inventory.h"

struct got {
	struct arena arena;
	struct assets list;
	struct buf notes;
	char err[240];
	int rc;
};

static struct got read_csv(struct span text)
{
	struct got g = { 0 };
	arena_init(&g.arena, 64 << 20);
	g.rc = assets_read(text, NULL, 0, &g.arena, &g.list, &g.notes, g.err);
	buf_u8(&g.notes, 0);
	return g;
}

static void done(struct got *g)
{
	assets_done(&g->list);
	arena_done(&g->arena);
	buf_done(&g->notes);
}

static void what_is_no_list_is_refused(void **state)
{
	static const struct {
		struct span text;
		const char *why;
	} cases[] = {
		{ { 0 }, "known headings" },
		{ { (const uint8_t *)"a,b\n1,2\n", 8 }, "known headings" },
		{ { (const uint8_t *)"serial,mac\n\"x", 13 }, "line 2: a quote is opened" },
		{ { (const uint8_t *)"s\0e\0r\0", 6 }, "UTF-16" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct got g = read_csv(cases[i].text);
		assert_int_not_equal(g.rc, 0);
		if (!strstr(g.err, cases[i].why))
			fail_msg("case %zu: %s", i, g.err);
		done(&g);
	}
}

static void absurd_lists_meet_limits(void **state)
{
	(void)state;
	struct buf b = { 0 };
	for (int i = 0; i < 100000; i++)
		buf_text(&b, "serial,");
	struct got g = read_csv(buf_span(&b));
	assert_non_null(strstr(g.err, "more than 256 columns"));
	done(&g);
	buf_reset(&b);
	buf_text(&b, "serial,mac\n");
	for (int i = 0; i < 70000; i++)
		buf_text(&b, "1,2\n");
	g = read_csv(buf_span(&b));
	assert_non_null(strstr(g.err, "more than 65536 lines"));
	done(&g);
	buf_reset(&b);
	buf_text(&b, "serial,mac\n\"");
	buf_fill(&b, 'x', 8 << 20);
	buf_text(&b, "\",1\n");
	g = read_csv(buf_span(&b));
	assert_int_equal(g.rc, 0);
	assert_int_equal(strlen(g.list.v[0].v[ASSET_SERIAL]), CSV_CELL);
	done(&g);
	buf_done(&b);
}

static void lists_of_many_programs_are_read(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"Asset Tag,Manufacturer,Serial No.\r\nA1,Contec,S1\r\n",
		("\xef\xbb\xbf" "Asset Tag;Manufacturer;Serial No.\nA1;Contec;S1"),
		"Asset Tag\tManufacturer\tSerial No.\rA1\tContec\tS1\r",
		"\"Asset Tag\",\"Manufacturer\",\"Serial No.\"\n\"A1\",\"Contec\",\"S1\"\n\n,,\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct got g = read_csv(span_str(texts[i]));
		assert_int_equal(g.rc, 0);
		assert_int_equal(g.list.n, 1);
		assert_string_equal(g.list.v[0].v[ASSET_TAG], "A1");
		assert_string_equal(g.list.v[0].v[ASSET_MAKER], "Contec");
		assert_string_equal(g.list.v[0].v[ASSET_SERIAL], "S1");
		done(&g);
	}
	struct got g = read_csv(span_str("serial,maker\n1,Dr\xe4ger\n2,\"a \"\"b\"\", c\"\n"));
	assert_string_equal(g.list.v[0].v[ASSET_MAKER], "Dr\xc3\xa4ger");
	assert_string_equal(g.list.v[1].v[ASSET_MAKER], "a \"b\", c");
	assert_non_null(strstr((const char *)g.notes.p, "Latin-1"));
	done(&g);
}

static void a_formula_is_text_both_ways(void **state)
{
	(void)state;
	static const char *const cells[] = { "=1+1", "+1", "-2", "@SUM(A1)", "'quoted", "plain", "a,b", "a \"b\"" };
	struct buf b = { 0 };
	csv_cell(&b, true, "serial");
	csv_cell(&b, false, "model");
	csv_end(&b);
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		csv_cell(&b, true, cells[i]);
		csv_cell(&b, false, "x");
		csv_end(&b);
	}
	const char *text = (const char *)b.p;
	assert_null(memmem(text, b.n, "\n=", 2));
	assert_null(memmem(text, b.n, "\n\"=", 3));
	assert_non_null(memmem(text, b.n, "\n\"'=1+1\"", 8));
	struct got g = read_csv(buf_span(&b));
	assert_int_equal(g.list.n, ARRAY_LEN(cells));
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		assert_string_equal(g.list.v[i].v[ASSET_SERIAL], cells[i]);
	done(&g);
	buf_done(&b);
}

static void a_device_is_its_line_by_card_then_serial_then_address(void **state)
{
	(void)state;
	struct got g = read_csv(span_str("asset,serial,mac,ip\nA1,S-1001,02-00-5E-00-00-01,10.0.0.1\nA2,S-1002,,10.0.0.2\n"
					 "A3,,02:00:5e:00:00:03,10.0.0.3\n,,,\n"));
	static const char *const at1[] = { "10.0.0.1", NULL }, *const at2[] = { "10.0.0.2", NULL }, *const at3[] = {
		"10.0.0.3", NULL,
	};
	const char *how = "";
	struct asset_device d = { "02:00:5e:00:00:01", "", "", at2 };
	assert_ptr_equal(assets_find(&g.list, &d, &how), &g.list.v[0]);
	assert_string_equal(how, "MAC address");
	d = (struct asset_device){ "02:00:5e:00:00:77", "s1002", "", at1 };
	assert_ptr_equal(assets_find(&g.list, &d, &how), &g.list.v[1]);
	d = (struct asset_device){ "02:00:5e:00:00:77", "", "", at2 };
	assert_ptr_equal(assets_find(&g.list, &d, &how), &g.list.v[1]);
	d = (struct asset_device){ "02:00:5e:00:00:77", "", "", at3 };       /* another card at the listed address */
	assert_null(assets_find(&g.list, &d, &how));
	d = (struct asset_device){ "", "", "", (const char *const[]){ NULL } };
	assert_null(assets_find(&g.list, &d, &how));
	done(&g);
}

static void the_figure_is_the_sum_of_what_it_shows(void **state)
{
	(void)state;
	struct risk r;
	risk_figure(&(struct risk_facts){ .role = "workstation", .has_model = true, .has_version = true }, &r);
	assert_int_equal(r.figure, 0);
	risk_figure(&(struct risk_facts){ .clear_outside = true,
					  .called_from_outside = true,
					  .leaves = true,
					  .leaves_answered = true,
					  .patient = true,
					  .carries_patients = true,
					  .affected = true,
					  .cvss = 9.8,
					  .cve = "CVE-1",
					  .cvss_version = "3.1",
					  .role = "ventilator" },
		    &r);
	assert_int_equal(r.figure, 100);
	unsigned sum = 0, most = 0;
	for (unsigned k = 0; k < ADDENDS; k++) {
		sum += r.v[k].points;
		most += r.v[k].most;
		assert_int_not_equal(r.v[k].why[0], 0);
	}
	assert_int_equal(sum, r.figure);
	assert_int_equal(most, 100);
	assert_non_null(strstr(r.v[ADD_AFFECTED].why, "CVSS 3.1 9.8"));
	unsigned sure = r.v[ADD_AFFECTED].points;
	risk_figure(&(struct risk_facts){ .maybe_affected = true, .cvss = 9.8, .cve = "CVE-1", .cvss_version = "3.1" }, &r);
	assert_true(r.v[ADD_AFFECTED].points < sure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(absurd_lists_meet_limits),
		cmocka_unit_test(lists_of_many_programs_are_read),
		cmocka_unit_test(a_formula_is_text_both_ways),
		cmocka_unit_test(a_device_is_its_line_by_card_then_serial_then_address),
		cmocka_unit_test(the_figure_is_the_sum_of_what_it_shows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
