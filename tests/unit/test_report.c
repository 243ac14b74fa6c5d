/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for people: the sentence of state, and nothing a stranger sent that a terminal would obey. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "report/layout.h"
#include "report/text.h"
#include "track/device.h"
#include "track/health.h"

#define SECOND 1000000000ull

struct stage {
	struct arena arena;
	struct record_host host;
	struct text_report *report;
	struct buf out;
};

static int set_up(void **state)
{
	struct stage *s = mem_new(sizeof(*s));
	arena_init(&s->arena, 0);
	s->host.arena = &s->arena;
	s->report = text_report_new(&(struct text_opts){ .colour = false, .utf8 = true });
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;
	text_report_free(s->report);
	arena_done(&s->arena);
	buf_done(&s->out);
	free(s);
	return 0;
}

static void add_health(struct stage *s, uint64_t packets, const char *error)
{
	static struct health h;
	struct record r;
	h = (struct health){ .first = 1700000000 * SECOND, .last = 1700000252 * SECOND, .packets = packets, .bytes = 1234567,
		.files = 1 };
	if (error)
		snprintf(h.input_error, sizeof(h.input_error), "%s", error);
	health_record(&h, &r, &s->host);
	text_report_add(s->report, &r);
}

static void add_device(struct stage *s, const char *id, const char *name)
{
	struct record r;
	record_begin(&r, &device_type, NULL, &s->host);
	record_str(&r, DEV_ID, id);
	record_str(&r, DEV_NAME, name);
	record_str(&r, DEV_ROLE, "patient monitor");
	record_add_text(&r, DEV_ADDRESSES, SPAN_LIT("10.0.0.7"));
	text_report_add(s->report, &r);
}

static void add_case(struct stage *s, const char *severity, const char *device, const char *title)
{
	struct record r, *d = arena_new(&s->arena, sizeof(*d));
	record_begin(d, &subject_type, NULL, &s->host);
	record_str(d, SUB_ID, device);
	record_str(d, SUB_NAME, device);
	record_begin(&r, &case_type, NULL, &s->host);
	record_str(&r, CASE_ID, "C-1");
	record_str(&r, CASE_SEVERITY, severity);
	record_str(&r, CASE_TITLE, title);
	record_child(&r, CASE_DEVICE, d);
	record_add_text(&r, CASE_NEXT, SPAN_LIT("Ask the ward first."));
	text_report_add(s->report, &r);
}

static const char *print(struct stage *s)
{
	buf_reset(&s->out);
	text_report_print(s->report, &s->out, true);
	buf_u8(&s->out, 0);
	return (const char *)s->out.p;
}

static void starts(const char *text, const char *head)
{
	if (strncmp(text, head, strlen(head)) != 0)
		fail_msg("begins \"%.120s\"", text);
}

static void nothing_a_terminal_would_obey_is_printed(void **state)
{
	struct stage *s = *state;
	static const char evil[] = "bed\x1b]0;owned\a\x1b[2J\r\nroot# \xC2\x9B" "31m\u202Egnp.exe\xFF\x7F";
	add_health(s, 5, evil);
	add_device(s, "D-1", evil);
	add_case(s, "critical", evil, evil);
	const char *text = print(s);
	for (const char *at = text; *at; at++)
		if (*at != '\n' && ((unsigned char)*at < 0x20 || *at == 0x7F))
			fail_msg("byte %02x is printed", (unsigned char)*at);
	assert_null(strstr(text, "\u202E"));
	assert_null(strstr(text, "\xC2\x9B"));
	assert_non_null(strstr(text, "\\x1b"));
	struct buf sentence = { 0 };
	text_report_state(s->report, &sentence);
	assert_null(memchr(sentence.p, 0x1b, sentence.n));
	buf_done(&sentence);
}

static void without_packets_nothing_is_claimed(void **state)
{
	struct stage *s = *state;
	starts(print(s), "No packet was read: nothing can be said.\n");
	add_health(s, 0, NULL);
	starts(print(s), "No packet was read: nothing can be said.\n");
}

static void a_quiet_ward_is_said_to_be_quiet(void **state)
{
	struct stage *s = *state;
	add_health(s, 100, NULL);
	add_device(s, "D-1", "bed-4");
	add_case(s, "info", "bed-4", "Something worth knowing");
	starts(print(s), "Nothing at or above low was seen in 4 min 12 s of traffic of 1 device.\n");
}

static void low_is_told_apart_from_what_needs_attention(void **state)
{
	struct stage *s = *state;
	add_health(s, 100, NULL);
	add_device(s, "D-1", "bed-4");
	add_case(s, "low", "bed-4", "A registered central station");
	starts(print(s), "Nothing above low was seen in 4 min 12 s of traffic of 1 device; low: bed-4 (low).\n");
}

static void the_gravest_stands_first_and_each_device_once(void **state)
{
	struct stage *s = *state;
	add_health(s, 100, NULL);
	add_case(s, "medium", "bed-1", "first of bed 1");
	add_case(s, "critical", "bed-2", "bed 2");
	add_case(s, "high", "bed-1", "second of bed 1");
	const char *text = print(s);
	starts(text, "2 devices need attention: bed-2 (critical), bed-1 (high). Step 1: Ask the ward first.\n");
	assert_true(strstr(text, "✖ CRITICAL  bed 2") < strstr(text, "▲ HIGH  second of bed 1"));
	assert_true(strstr(text, "▲ HIGH  second of bed 1") < strstr(text, "◆ MEDIUM  first of bed 1"));
	assert_non_null(strstr(text, "Next:     1. Ask the ward first."));
	assert_null(strstr(strstr(text, "1. Ask the ward first.") + 4, "Ask the ward first."));
}

static void a_broken_input_is_said_next(void **state)
{
	struct stage *s = *state;
	add_health(s, 100, "in.pcap: damaged at byte 77");
	assert_non_null(strstr(print(s), "\nThe input broke off, what came before is judged: in.pcap: damaged at byte 77\n"));
}

static void no_line_of_the_device_table_passes_100_columns(void **state)
{
	struct stage *s = *state;
	add_health(s, 100, NULL);
	for (int i = 0; i < 30; i++) {
		char name[120];
		snprintf(name, sizeof(name),
			 "a-very-long-host-name-that-somebody-thought-would-be-helpful-%d-\xE7\x9B\xA3\xE8\xA6\x96", i);
		add_device(s, "D-1", name);
	}
	for (const char *line = print(s); *line; line += strcspn(line, "\n") + 1) {
		struct rd r = rd_of(span_of(line, strcspn(line, "\n")));
		unsigned columns = 0;
		while (rd_left(&r))
			columns += utf8_columns(utf8_next(&r));
		assert_true(columns <= TABLE_COLUMNS);
	}
}

static void without_utf8_every_byte_is_ascii(void **state)
{
	struct stage *s = *state;
	text_report_free(s->report);
	s->report = text_report_new(&(struct text_opts){ .colour = false, .utf8 = false });
	add_health(s, 100, NULL);
	add_device(s, "D-1", "Überwachung");
	add_case(s, "critical", "Bett-ü", "Überwachung");
	for (const char *at = print(s); *at; at++)
		assert_true((unsigned char)*at < 0x7F);
}

static void colour_comes_only_when_asked_for(void **state)
{
	struct stage *s = *state;
	add_case(s, "critical", "bed-1", "title");
	assert_null(strchr(print(s), '\033'));
	text_report_free(s->report);
	s->report = text_report_new(&(struct text_opts){ .colour = true, .utf8 = true });
	add_case(s, "critical", "bed-1", "title");
	assert_non_null(strstr(print(s), "\033[1;31m✖ CRITICAL\033[0m  title"));
	assert_true(show_color("always", -1));
	assert_false(show_color("never", -1));
	assert_false(show_color("auto", -1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_a_terminal_would_obey_is_printed),
		TEST(without_packets_nothing_is_claimed),
		TEST(a_quiet_ward_is_said_to_be_quiet),
		TEST(low_is_told_apart_from_what_needs_attention),
		TEST(the_gravest_stands_first_and_each_device_once),
		TEST(a_broken_input_is_said_next),
		TEST(no_line_of_the_device_table_passes_100_columns),
		TEST(without_utf8_every_byte_is_ascii),
		TEST(colour_comes_only_when_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
