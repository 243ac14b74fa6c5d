/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An analyser tells its results: LIS1-A2 frames, one record each, every one acknowledged; see decode/lis.c. */
#include "lab/talk.h"

enum { STX = 0x02, ETX = 0x03 };

static void frame(struct conv *c, unsigned number, const char *record)
{
	AUTO_BUF b = { 0 };
	buf_printf(&b, "%c%u%s\r%c", STX, number % 8, record, ETX);
	unsigned sum = 0;
	for (size_t i = 1; i < b.n; i++)
		sum += b.p[i];
	buf_printf(&b, "%02X\r\n", sum % 256);
	conv_send(c, CLIENT, buf_span(&b));
	conv_send(c, SERVER, SPAN_LIT("\x06"));
	c->last = (struct span){ 0 };
}

void talk_lis_results(struct conv *c, const char *analyser, unsigned sample, const struct planted *who)
{
	static const struct { const char *code, *unit; unsigned low, spread; } tests[] = {
		{ "GLU", "mmol/L", 42, 30 }, { "K", "mmol/L", 36, 12 }, { "WBC", "10*9/L", 45, 50 },
	};
	char line[200];
	unsigned k = 1;
	conv_send(c, CLIENT, SPAN_LIT("\x05"));
	conv_send(c, SERVER, SPAN_LIT("\x06"));
	snprintf(line, sizeof(line), "H|\\^&|||%s^2.1|||||LABHOST||P|LIS2-A2|20260302070000", analyser);
	frame(c, k++, line);
	snprintf(line, sizeof(line), "P|1||%s||%s%s%s||%s|%s", who ? who->id : "", who ? who->family : "", who ? "^" : "",
		 who ? who->given : "", who ? who->birth : "", who ? who->sex : "");
	frame(c, k++, who ? line : "P|1");
	snprintf(line, sizeof(line), "O|1|S%04u||^^^GLU\\^^^K\\^^^WBC|R", sample);
	frame(c, k++, line);
	for (unsigned i = 0; i < ARRAY_LEN(tests); i++) {
		unsigned v = tests[i].low + net_below(c->net, tests[i].spread);
		snprintf(line, sizeof(line), "R|%u|^^^%s|%u.%u|%s||N||F||||20260302070000", i + 1, tests[i].code, v / 10, v % 10,
			 tests[i].unit);
		frame(c, k++, line);
	}
	frame(c, k, "L|1|N");
	conv_send(c, CLIENT, SPAN_LIT("\x04"));
	c->last = (struct span){ 0 };
}
