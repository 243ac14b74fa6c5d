/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What evidence export may show of web, file and print conversations: methods, the shape of paths, states and sizes,
 * and nothing of whom they are about. Each message stands beside what is left of it. */
#include "talk.h"

enum { MESSAGE_MAX_TEXT = 1024 };

struct window {
	const uint8_t *from;
	size_t n;
	uint8_t shown[MESSAGE_MAX_TEXT];         /* 1: may be; 2: may not, whatever else is said */
};

static void mark(struct window *w, struct span s, uint8_t how)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t at = (size_t)((uintptr_t)(s.p + i) - (uintptr_t)w->from);
		if ((uintptr_t)(s.p + i) >= (uintptr_t)w->from && at < w->n && w->shown[at] < how)
			w->shown[at] = how;
	}
}

static void on_shown(void *ctx, struct span where)
{
	mark(ctx, where, 1);
}

static void on_masked(void *ctx, const struct field *f, struct span where, const struct token *t)
{
	(void)f, (void)t;
	mark(ctx, where, 2);
}

static void ignore_body(struct emit *e, const struct body *b)
{
	(void)e, (void)b;
}

static void ignore_expect(struct emit *e, const struct expect *x)
{
	(void)e, (void)x;
}

struct turn {
	bool up;
	const char *said, *left;
};

/* Whole messages through the decoder, as the tracker hands them over. */
static void talks(const char *name, const struct turn *turns, size_t n)
{
	struct talk *t = talk_new(name);
	struct window w;
	struct record_host host = t->host;
	host.shown = on_shown;
	host.masked = on_masked;
	host.ctx = &w;
	for (size_t i = 0; i < n; i++) {
		char left[MESSAGE_MAX_TEXT + 1];
		struct span s = span_str(turns[i].said);
		w = (struct window){ .from = s.p, .n = s.n ? s.n : 1 };
		s.n = w.n;                       /* an empty text is the byte 0 */
		struct sink sink = { talk_record, t };
		struct emit e = { .at = &t->at, .host = &host, .sink = &sink, .body = ignore_body, .expect = ignore_expect, .to = t };
		struct message m = { .bytes = s, .to_server = turns[i].up, .over = OVER_TCP };
		t->d->decode(&m, t->state, &e);
		arena_reset(&t->arena);
		for (size_t k = 0; k < s.n; k++)
			left[k] = w.shown[k] != 1 ? 'X' : s.p[k] < ' ' ? '.' : (char)s.p[k];
		left[s.n] = '\0';
		assert_string_equal(left, turns[i].left);
	}
	talk_free(t);
}

static void of_a_web_page_the_method_the_path_and_the_sizes_stay(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ true, "POST /v2/Patient/ROE77/report.cgi?name=ROE&bed=4 HTTP/1.1\r\nHost: srv\r\nX-ROE: 1\r\nCookie: ROE\r\n"
			"Content-Length: 22\r\n\r\n",
		  "POST /v2/Patient/XXXXX/report.cgi?name=XXX&bed=X HTTP/1.1XXHostXXsrvXXXXXXXXXXXXCookieXXXXXXXContent-LengthXX22XXXX" },
		{ false, "HTTP/1.1 201 for ROE\r\ncontent-length: 7\r\nEtag: ROE\r\n\r\n",
		  "HTTP/1.1X201XXXXXXXXXXcontent-lengthXX7XXEtagXXXXXXXXX" },
		{ true, "GET /fw/a.bin HTTP/1.1\r\nAuthorization: Basic cm9lOnJvZQ==\r\nContent-Length: ROE\r\n\r\n",
		  "GET /fw/a.bin HTTP/1.1XXAuthorizationXXBasicXXXXXXXXXXXXXXXContent-LengthXXXXXXXXX" },
	};
	talks("http", turns, ARRAY_LEN(turns));
}

static void of_a_file_transfer_commands_states_and_what_is_fetched_stay(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ false, "220 ftpd\r\n", "220 ftpdXX" },
		{ true, "USER roe\r\n", "USER XXXXX" },
		{ false, "331 hello roe\r\n", "331 XXXXXXXXXXX" },
		{ true, "PASS roe\r\n", "PASS XXXXX" },
		{ false, "230-welcome roe\r\n", "230-XXXXXXXXXXXXX" },
		{ false, "230 roe\r\n", "XXXXXXXXX" },
		{ true, "CWD /pub\r\n", "CWD /pubXX" },
		{ true, "SIZE fw.bin\r\n", "SIZE fw.binXX" },
		{ false, "213 1234 roe\r\n", "213 1234XXXXXX" },
		{ true, "STOR /in/roe.hl7\r\n", "STOR /XX/XXXXXXXXX" },
		{ true, "SITE roe\r\n", "SITE XXXXX" },
		{ true, "roe\x01 x\r\n", "XXXXXXXX" },
	};
	talks("ftp", turns, ARRAY_LEN(turns));
}

static void of_a_print_job_commands_sizes_and_files_stay(void **state)
{
	(void)state;
	static const struct turn turns[] = {
		{ true, "\x02lp\n", ".lpX" },
		{ false, "", "." },
		{ true,
		  "\x02"
		  "48 cfA001mon\n",
		  ".48XcfA001monX" },
		{ false, "", "." },
		{ true, "Hmon\nProe\nJroe report\nldfA001mon\nUdfA001mon\nNroe.ps\n",
		  "HmonXPXXXXJXXXXXXXXXXXldfA001monXUdfA001monXNXXXXXXX" },
		{ true, "", "X" },
		{ true,
		  "\x03"
		  "9 dfA001mon\n",
		  ".9XdfA001monX" },
		{ true, "roe, roe!", "XXXXXXXXX" },
	};
	talks("lpd", turns, ARRAY_LEN(turns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_web_page_the_method_the_path_and_the_sizes_stay),
		cmocka_unit_test(of_a_file_transfer_commands_states_and_what_is_fetched_stay),
		cmocka_unit_test(of_a_print_job_commands_sizes_and_files_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
