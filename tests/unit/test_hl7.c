/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HL7 v2: a message is found whatever frames it and whatever delimiters it declares, in whatever pieces
 * it comes; and nothing of a person leaves as text. */
#include "talk.h"

#include <time.h>

#include "decode/hl7_text.h"
#include "decode/vitals.h"

#define VT "\x0B"
#define END "\x1C\r"
#define MSH "MSH|^~\\&|MON|W3|HIS|LAB|20260301||ORU^R01^ORU_R01|M1|P|2.6\r"
#define BYTES(s) span_of(s, sizeof(s) - 1)

/* Every name, number and word here starts with PLANTED, or is a date or number that must not show. */
static const char planted[] =
	VT "MSH|^~\\&|ADT|WARD3|HIS|LAB|20260301083100||ADT^A01^ADT_A01|C7|P|2.5||||||UNICODE UTF-8\r"
	"EVN|A01|20260301083000|||PLANTEDop^PLANTED\r"
	"PID|1|PLANTED2|PLANTED3^^^AUTH^MR~PLANTEDsecond^^^X|PLANTED4|PLANTEDname^ALPHA^^^|PLANTEDmother|19281118|F|PLANTEDalias||"
	"PLANTED STREET 1^^TOWN||5550101^PLANTED|5550102|||| PLANTEDacc^x|999887777|PLANTEDlic||PLANTED|PLANTEDbirth\r"
	"PD1||||PLANTEDgp\r"
	"NK1|1|PLANTEDkin^X|MTH|PLANTED home|555|556\r"
	"PV1|1|I|PLANTEDward^R1^B2||||77^PLANTEDdoc|78^PLANTED|79^PLANTED||||||||80^PLANTED||PLANTEDvisit^x\r"
	"GT1|1||PLANTEDguar||PLANTED road|555|557|||||PLANTEDssn\r"
	"IN1|1|PLAN|||||||||||||PLANTED15|PLANTEDins||19300101|PLANTED||||||||||||||||| PLANTEDpolicy\r"
	"OBR|1|PLANTEDord|PLANTEDfill|VITALS|||20260301094000|||||||||71^PLANTEDdoc\r"
	"OBX|1|TX|NOTE||PLANTED free text~PLANTED more||||||F\r"
	"OBX|2|ST|NAME^PLANTED is no name||PLANTED||||||F\r"
	"OBX|3|NM|8867-4^HR^LN|PLANTED|72|x PLANTED|||||F|||PLANTED||PLANTEDnurse\r"
	"NTE|1||PLANTED note\r"
	"DG1|1||PLANTEDdiag\r"
	"AL1|1||PLANTEDallergy\r" END;

static const char usual[] =
	VT MSH
	"PID|1||LAB0001^^^LAB^MR||TESTER^ALPHA^^^||19500101|F\r"
	"PV1|1|I|W3^B0^1\r"
	"OBR|1|||VITALS|||20260301094000\r"
	"OBX|1|NM|8867-4^HR^LN||70|/min|50-120||||F\r"
	"OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.1|96|262688^MDC_DIM_PERCENT^MDC|||||F\r"
	"OBX|3|SN|8480-6^NIBPS^LN||^118|mm[Hg]|||||F\r"
	"OBX|4|ST|NIBP^Blood pressure||120/80|mmHg|||||F|||20260301094501\r"
	"OBX|5|NM|1234^Cuff thing^L||7.5|x|||||F|||||||DEV00^MON0\r"
	"OBX|6|NA|MDC_ECG_LEAD_II||1^2^3\r" END;

static struct talk *heard(struct span s, size_t step, bool close)
{
	struct talk *t = talk_new("hl7");
	talk_bytes(t, true, s, step);
	if (close)
		talk_close(t, true);
	return t;
}

static int count_of(const char *text, const char *what)
{
	int n = 0;
	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static void expect_count(struct talk *t, const char *what, int n)
{
	if (count_of(talk_said(t), what) != n)
		fail_msg("%d times, not %d: %s in:\n%s", count_of(talk_said(t), what), n, what, talk_said(t));
}

#define MESSAGE "{\"kind\":\"hl7\""
#define VITAL_RECORD "{\"kind\":\"vitals\""

/* ---- what is not HL7 ---- */

static void letters_alone_are_not_hl7(void **state)
{
	(void)state;
	static const char *const no[] = {
		"MSH", "MSH is short for something\r\n", "MSHaaaaaaaaa\r", "MSH||||||\r", "MSH|^^~\\&|x\r", "MSH|^~\\&+#!|x\r",
		"MSH|^~\\& no end of it\r", "MSH,a,b,c,d,e,f,g,h\r", "MSH,;,b,c,d,e,f,g,h,i,j\r", "GET / HTTP/1.1\r\n\r\n",
		"\x0B\x0B\x0B", "HELP\r\n", "220 MSH ready\r\n", "",
	};
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (talk_bid("hl7", span_str(no[i]), true) >= BID_MAYBE)
			fail_msg("%s", no[i]);
}

static void every_start_is_waited_for_and_then_sure(void **state)
{
	(void)state;
	struct span s = BYTES(VT MSH);
	for (size_t n = 1; n < 10; n++)
		assert_int_equal(talk_bid("hl7", span_cut(s, n), false), BID_WAIT);
	assert_int_equal(talk_bid("hl7", s, false), BID_SURE);
	assert_int_equal(talk_bid("hl7", BYTES("\r\n " MSH), false), BID_SURE);
	assert_int_equal(talk_bid("hl7", BYTES("\xEF\xBB\xBF" MSH), false), BID_SURE);
	assert_true(talk_bid("hl7", BYTES("MSH!*#?%!A!B!C!D!E!!ADT*A01!1!P!2.3\r"), false) >= BID_LIKELY);
	assert_int_equal(talk_bid("hl7", BYTES("MSH!*#?%!A!B!"), false), BID_WAIT);
	assert_true(talk_bid("hl7", BYTES("FHS|^~\\&|A\rBHS|^~\\&|A\r" MSH), false) >= BID_LIKELY);
}

static void the_middle_of_a_conversation_is_recognised_by_its_segments(void **state)
{
	(void)state;
	assert_true(talk_bid("hl7", BYTES("00||F\rOBX|2|NM|1\rOBX|3|NM|2\r"), false) >= BID_LIKELY);
	assert_true(talk_bid("hl7", BYTES("half a line\x1C\r" VT MSH), false) >= BID_LIKELY);
	assert_int_equal(talk_bid("hl7", BYTES("one OBX| is\rnot enough OBX|\r"), false), BID_NO);
}

static void a_contec_stream_is_not_hl7(void **state)
{
	(void)state;
	assert_int_equal(talk_bid("hl7", BYTES("\x02\x00\x05\x47\x02\x00\x05\x43\x06\x00\x05\x45\x00\x00\x03\xFF"), true),
			 BID_NO);
}

/* ---- privacy ---- */

static void nothing_planted_leaves_as_text(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(planted), sizeof(planted), false);
	talk_never(t, "PLANTED");
	talk_never(t, "19281118");
	talk_never(t, "5550101");
	talk_never(t, "999887777");
	static const char *const must[] = {
		"patient_id", "patient_name", "birth_date", "sex", "address", "phone", "ssn", "account", "next_of_kin",
		"guarantor", "insurance", "physician", "bed", "department", "visit", "study", "note",
	};
	for (size_t i = 0; i < ARRAY_LEN(must); i++) {
		char key[40];
		snprintf(key, sizeof(key), "\"%s\":{\"length\":", must[i]);
		talk_expect(t, key);
	}
	talk_expect(t, "\"charset\":\"UNICODE UTF-8\"");
	talk_free(t);
}

struct blanked {
	struct { size_t at, n; } v[200];
	unsigned n;
};

static void blank(void *ctx, const struct field *f, struct span where, const struct token *k)
{
	(void)f;
	(void)k;
	struct blanked *b = ctx;
	assert_true(b->n < ARRAY_LEN(b->v));
	b->v[b->n].at = (size_t)(where.p - (const uint8_t *)planted);
	b->v[b->n++].n = where.n;
	assert_true(b->v[b->n - 1].at + where.n < sizeof(planted));
}

/* What evidence export blanks is what was told as masked: nothing planted in a place of a person stays. */
static void every_planted_place_is_told_to_the_host(void **state)
{
	(void)state;
	static const char *const of_nobody[] = {
		/* fields that the norm gives to no person */
		"NAME^PLANTED is no name||PLANTED",
		"LN|PLANTED|72|x PLANTED",
		"|PLANTED||PLANTEDnurse",
		"|PLANTED15",
		"|PLANTED|PLANTEDbirth",
	};
	struct talk *t = talk_new("hl7");
	struct blanked b = { .n = 0 };
	t->host.masked = blank;
	t->host.ctx = &b;
	struct sink sink = { talk_record, t };
	struct emit e = { .at = &t->at, .host = &t->host, .sink = &sink, .to = t };
	struct message m = { .bytes = BYTES(planted), .over = OVER_TCP, .to_server = true };
	assert_true(t->d->decode(&m, t->state, &e));
	char text[sizeof(planted)];
	memcpy(text, planted, sizeof(planted));
	for (unsigned i = 0; i < b.n; i++)
		memset(text + b.v[i].at, '#', b.v[i].n);
	for (size_t i = 0; i < ARRAY_LEN(of_nobody); i++) {
		const char *at = strstr(planted, of_nobody[i]);
		assert_non_null(at);
		memset(text + (at - planted), '#', strcspn(of_nobody[i] + 1, "|") + 1);
		if (i < 2)
			memset(text + (at - planted), '#', strlen(of_nobody[i]));
	}
	char *left = strstr(text, "PLANTED");
	if (left)
		fail_msg("not blanked: %.60s", left);
	talk_free(t);
}

static void a_null_or_empty_value_is_no_exposure(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT MSH "PID|1||\"\"^^^||^^^|| |\"\"\rNK1|1\rPV1|1|I|||||^^^^|\r" END), 1000, false);
	talk_expect(t, "\"segments\":4");
	talk_never(t, "length");
	talk_never(t, "identity_segments");
	talk_free(t);
}

static void the_first_patient_number_stays_and_its_authority_does_not_count(void **state)
{
	(void)state;
	struct keyring *k = keyring_new(keyring_test_key);
	struct talk *t = heard(BYTES(VT MSH "PID|1|OTHER|LAB0001^^^LAB^MR~SECOND|THIRD\rMRG|FOURTH\r" END), 1000, false);
	struct token id = keyring_token(k, SPAN_LIT("LAB0001"));
	char hex[2 * TOKEN_HASH + 1];
	for (size_t i = 0; i < TOKEN_HASH; i++)
		snprintf(hex + 2 * i, 3, "%02x", id.hash[i]);
	talk_expect(t, hex);
	talk_free(t);
	keyring_free(k);
}

/* ---- framing ---- */

static void pieces_of_any_size_give_the_same_records(void **state)
{
	(void)state;
	struct { struct span s; bool close; } cases[] = {
		{ BYTES(usual), false }, { BYTES(planted), false },
		{ BYTES("\r\n" MSH "PID|1||A1\r" MSH "PID|1||A2\r\n\r\nMSH|^~\\&|X\rPID|1||A3\r"), true },
		{ BYTES("FHS|^~\\&|A\rBHS|^~\\&|A\r" MSH "PID|1||A1\r" MSH "PID|1||A2\rBTS|2\rFTS|1\r"), true },
		{ BYTES(VT MSH "PID|1||A1\r" MSH "PID|1||A2\r" END VT MSH "PID|1||A3\r\x1C" VT VT VT MSH "\x1C\x1C"), false },
		{ BYTES("tail of one|\rOBX|9\r" END VT MSH "PID|1||A1\r" VT MSH "PID|1||A2\r" END "\0\0" VT "\r" MSH END), false },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct talk *whole = heard(cases[i].s, cases[i].s.n, cases[i].close);
		assert_true(whole->said.n > 100);
		assert_int_equal(whole->refused, 0);
		for (size_t step = 1; step < 100; step += step < 20 ? 1 : 34) {
			struct talk *t = heard(cases[i].s, step, cases[i].close);
			if (strcmp(talk_said(t), talk_said(whole)))
				fail_msg("case %zu in pieces of %zu:\n%s\nnot\n%s", i, step, talk_said(t), talk_said(whole));
			talk_free(t);
		}
		for (size_t at = 1; at < cases[i].s.n; at++) {
			struct talk *t = talk_new("hl7");
			talk_bytes(t, true, span_cut(cases[i].s, at), at);
			talk_bytes(t, true, span_from(cases[i].s, at), cases[i].s.n);
			if (cases[i].close)
				talk_close(t, true);
			if (strcmp(talk_said(t), talk_said(whole)))
				fail_msg("case %zu split at %zu:\n%s", i, at, talk_said(t));
			talk_free(t);
		}
		talk_free(whole);
	}
}

static void several_messages_are_told_apart_with_and_without_blocks(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT MSH "PID|1||A1\r" MSH "PID|1||A2\r" END VT MSH "PID|1||A3\r\x1C" VT VT MSH END), 4000,
			       false);
	expect_count(t, MESSAGE, 4);
	expect_count(t, "\"mllp\":true", 4);
	talk_free(t);
	t = heard(BYTES("\r\n" MSH "PID|1||A1\r" MSH "PID|1||A2\r"), 4000, false);
	expect_count(t, MESSAGE, 1);
	talk_close(t, true);
	expect_count(t, MESSAGE, 2);
	expect_count(t, "\"mllp\":false", 2);
	expect_count(t, "\"segments\":2", 2);
	talk_free(t);
	t = heard(BYTES(MSH "PID|1||A1\r\x1C\r"), 4000, false);
	expect_count(t, MESSAGE, 1);             /* an end without a start */
	talk_free(t);
}

static void segments_end_with_cr_lf_or_both(void **state)
{
	(void)state;
	static const char *const ends[] = { "\r", "\n", "\r\n" };
	char first[8192] = "";
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct buf b = { 0 };
		for (const char *c = usual; *c; c++)
			buf_text(&b, *c == '\r' && c[1] ? ends[i] : (char[]){ *c, 0 });
		struct talk *t = heard(buf_span(&b), 7, false);
		if (i == 0)
			snprintf(first, sizeof(first), "%s", talk_said(t));
		assert_string_equal(talk_said(t), first);
		talk_free(t);
		buf_done(&b);
	}
	assert_non_null(strstr(first, "\"segments\":10"));
}

static void other_delimiters_give_the_same_values(void **state)
{
	(void)state;
	static const char from[] = "|^~\\&", to[][6] = { "!*#?%", "+;$@:", "&|^~!" };
	struct talk *want = heard(BYTES(usual), sizeof(usual), false);
	for (size_t i = 0; i < ARRAY_LEN(to); i++) {
		struct buf b = { 0 };
		for (size_t n = 0; n < sizeof(usual) - 1; n++) {
			const char *at = strchr(from, usual[n]);
			buf_u8(&b, (uint8_t)(at && *at ? to[i][at - from] : usual[n]));
		}
		assert_true(talk_bid("hl7", buf_span(&b), false) >= BID_LIKELY);
		struct talk *t = heard(buf_span(&b), 13, false);
		talk_expect(t, "\"message_type\":\"ORU^R01\"");
		talk_expect(t, "\"name\":\"spo2\"");
		talk_expect(t, "\"device_id\":\"DEV00\"");
		assert_int_equal(count_of(talk_said(t), VITAL_RECORD), count_of(talk_said(want), VITAL_RECORD));
		talk_free(t);
		buf_done(&b);
	}
	talk_free(want);
}

static void fewer_delimiters_than_four_are_enough(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT "MSH|^|MON|W3|HIS|LAB|2026||ADT^A01|1|P|2.1\rPID|1||A~1^x\r" END), 4, false);
	talk_expect(t, "\"message_type\":\"ADT^A01\"");
	talk_expect(t, "\"patient_id\":{\"length\":3,");
	talk_free(t);
}

static void utf16_is_read_like_any_other(void **state)
{
	(void)state;
	for (int big = 0; big < 2; big++) {
		struct buf b = { 0 };
		buf_u8(&b, HL7_VT);
		for (const char *c = MSH "PID|1||PLANTED\r"; *c; c++)
			(big ? buf_be16 : buf_le16)(&b, (uint8_t)*c);
		buf_text(&b, END);
		buf_text(&b, usual);
		assert_true(talk_bid("hl7", buf_span(&b), false) >= BID_LIKELY);
		struct talk *t = heard(buf_span(&b), 1, false);
		talk_expect(t, "\"message_type\":\"ORU^R01\"");
		talk_expect(t, "\"charset\":\"UTF-16\"");
		talk_expect(t, "\"patient_id\":{\"length\":7,");
		expect_count(t, MESSAGE, 2);
		talk_never(t, "PLANTED");
		talk_free(t);
		buf_done(&b);
	}
}

static void latin_1_bytes_pass_and_count(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT MSH "PID|1||A1||M\xDCLLER^J\xD6RG\r" END), 3, false);
	talk_expect(t, "\"patient_name\":{\"length\":11,");
	talk_free(t);
}

static void garbage_between_messages_is_passed_over_and_counted(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT MSH END "garbage garbage garbage" VT MSH END), 5, false);
	expect_count(t, MESSAGE, 2);
	assert_true(t->malformed > 0);
	assert_int_equal(t->refused, 0);
	talk_free(t);
}

static void endless_garbage_is_given_up(void **state)
{
	(void)state;
	struct talk *t = talk_new("hl7");
	char line[1024];
	memset(line, 'x', sizeof(line));
	for (int i = 0; i < 100; i++)
		talk_bytes(t, true, span_of(line, sizeof(line)), sizeof(line));
	assert_int_equal(t->refused, 1);
	talk_free(t);
}

static void an_endless_message_is_cut_and_the_next_one_read(void **state)
{
	(void)state;
	struct talk *t = talk_new("hl7");
	char line[1025];
	memset(line, 'x', sizeof(line));
	memcpy(line, "NTE|1||", 7);
	line[1024] = '\r';
	talk_bytes(t, true, BYTES(VT MSH "PID|1||A1\r"), 88);
	for (int i = 0; i < 400; i++)
		talk_bytes(t, true, span_of(line, sizeof(line)), 1025);
	expect_count(t, MESSAGE, 1);
	talk_expect(t, "\"cut\":true");
	assert_true(t->asked <= FRAME_CAP);
	assert_true(t->way[1].n <= 64);          /* what follows is not kept */
	talk_bytes(t, true, BYTES("\x1C\r" VT MSH "PID|1||A2\r" END), 88);
	expect_count(t, MESSAGE, 2);
	expect_count(t, "\"cut\":true", 1);
	assert_int_equal(t->malformed, 0);
	talk_free(t);
}

static double seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);    /* whoever else works here takes none of it */
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

/* Only frame is timed: asked again after every byte, it must not start over. Each buffer is 16 times as
 * long as the last; what starts over takes 256 times as long. */
static void a_message_that_comes_in_bytes_is_not_scanned_again(void **state)
{
	(void)state;
	const struct decoder *d = decoder_find("hl7");
	static char text[256 * 1024];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", VT MSH);
	while (n < sizeof(text))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "OBX|1|NM|HR||70\r");
	uint64_t st[STATE_MAX / 8] = { 0 };
	double took[2];
	for (int k = 0; k < 2; k++) {
		size_t end = k ? sizeof(text) - 1 : sizeof(text) / 16;
		double start = seconds();
		for (size_t i = 1; i < end; i++) {
			struct message m = { .bytes = span_of(text, i), .seen = i - 1, .over = OVER_TCP };
			assert_true(d->frame(&m, st).total > i);
		}
		took[k] = seconds() - start;
	}
	assert_true(took[1] < 100 * took[0] + 0.05);
}

/* ---- meaning ---- */

static void the_header_is_read(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(usual), sizeof(usual), false);
	talk_expect(t, "\"message_type\":\"ORU^R01\",\"control_id\":\"M1\",\"version\":\"2.6\",\"sending_app\":\"MON\","
		       "\"sending_facility\":\"W3\",\"receiving_app\":\"HIS\",\"receiving_facility\":\"LAB\",\"mllp\":true");
	talk_expect(t, "\"segments\":10,\"observations\":5,\"waveforms\":1,\"identity_segments\":[\"PID\",\"PV1\"],"
		       "\"device_id\":\"DEV00\",\"device_namespace\":\"MON0\",\"devices\":[\"DEV00\"]");
	talk_free(t);
}

static void an_acknowledgement_is_read(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT "MSH|^~\\&|HIS|LAB|MON|W3|2026||ACK|77|P|2.3\rMSA|AE|M1|PLANTED text\r" END), 9,
			       false);
	talk_expect(t, "\"message_type\":\"ACK\"");
	talk_expect(t, "\"ack_code\":\"AE\",\"acked_id\":\"M1\"");
	talk_never(t, "PLANTED");
	talk_free(t);
}

struct vitals_seen {
	unsigned n;
	struct { char name[40], code[70], system[10], unit[40], sub_id[40], time[40]; double value; bool subject; } v[16];
};

static void kept(char *out, size_t size, const struct record *r, unsigned field)
{
	struct span s = record_get_text(r, field);
	snprintf(out, size, "%.*s", (int)s.n, (const char *)s.p);
}

static void vitals_keep(void *to, const struct record *r)
{
	struct vitals_seen *seen = to;
	if (r->type != &vitals_type || seen->n == ARRAY_LEN(seen->v))
		return;
	kept(seen->v[seen->n].name, 40, r, VITALS_NAME);
	kept(seen->v[seen->n].code, 70, r, VITALS_CODE);
	kept(seen->v[seen->n].system, 10, r, VITALS_CODE_SYSTEM);
	kept(seen->v[seen->n].unit, 40, r, VITALS_UNIT);
	kept(seen->v[seen->n].sub_id, 40, r, VITALS_SUB_ID);
	kept(seen->v[seen->n].time, 40, r, VITALS_DEVICE_TIME);
	seen->v[seen->n].subject = record_has(r, VITALS_SUBJECT);
	seen->v[seen->n++].value = record_get_real(r, VITALS_VALUE);
}

static struct vitals_seen measured(struct span s)
{
	struct talk *t = talk_new("hl7");
	struct vitals_seen seen = { 0 };
	struct sink sink = { vitals_keep, &seen };
	struct emit e = { .at = &t->at, .host = &t->host, .sink = &sink, .to = t };
	struct message m = { .bytes = s, .over = OVER_UDP, .to_server = true };
	assert_true(t->d->decode(&m, t->state, &e));
	talk_free(t);
	return seen;
}

static void vital_signs_keep_code_unit_channel_and_time(void **state)
{
	(void)state;
	struct vitals_seen s = measured(BYTES(usual));
	static const struct { const char *name, *code, *system, *unit, *sub_id, *time; double value; } want[] = {
		{ "heart_rate", "8867-4", "LOINC", "/min", "", "20260301094000", 70 },
		{ "spo2", "150456", "MDC", "%", "1.1.1.1", "20260301094000", 96 },
		{ "nibp_sys", "8480-6", "LOINC", "mm[Hg]", "", "20260301094000", 118 },
		{ "nibp_sys", "NIBP", "vendor", "mm[Hg]", "", "20260301094501", 120 },
		{ "nibp_dia", "NIBP", "vendor", "mm[Hg]", "", "20260301094501", 80 },
		{ "Cuff thing", "1234", "vendor", "x", "", "20260301094000", 7.5 },
	};
	assert_int_equal(s.n, ARRAY_LEN(want));
	for (unsigned i = 0; i < s.n; i++) {
		assert_string_equal(s.v[i].name, want[i].name);
		assert_string_equal(s.v[i].code, want[i].code);
		assert_string_equal(s.v[i].system, want[i].system);
		assert_string_equal(s.v[i].unit, want[i].unit);
		assert_string_equal(s.v[i].sub_id, want[i].sub_id);
		assert_string_equal(s.v[i].time, want[i].time);
		assert_true(s.v[i].value == want[i].value && s.v[i].subject);
	}
}

static void codes_are_found_in_either_half_and_by_label(void **state)
{
	(void)state;
	static const struct { const char *obx, *name, *system; } cases[] = {
		{ "OBX|1|NM|wbc^Wbc^Local^6690-2^Wbc^LN||7.0", "Wbc", "LOINC" },
		{ "OBX|1|NM|h1^x^L^8867-4^HR^LN||7.0", "heart_rate", "LOINC" },
		{ "OBX|1|NM|0002-4182^MDC_ECG_HEART_RATE^MDC||7.0", "heart_rate", "MDC" },
		{ "OBX|1|NM|149999^MDC_SOMETHING^MDC||7", "MDC_SOMETHING", "MDC" },
		{ "OBX||NM|101^HR|2105|60|||||", "heart_rate", "vendor" },
		{ "OBX|1|NM|SpO2%||97", "spo2", "vendor" },
		{ "OBX|1|NM|HR||72|bpm", "heart_rate", "vendor" },
		{ "OBX|1|NM|^Resp. rate||+12", "resp_rate", "vendor" },
		{ "OBX|1||ETCO2||36,5", "etco2", "vendor" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[512];
		snprintf(text, sizeof(text), "%s%s\r", MSH, cases[i].obx);
		struct vitals_seen s = measured(span_str(text));
		if (s.n != 1 || strcmp(s.v[0].name, cases[i].name) || strcmp(s.v[0].system, cases[i].system))
			fail_msg("%s gives %u %s %s", cases[i].obx, s.n, s.v[0].name, s.v[0].system);
	}
}

/* OBX-3 and OBX-6 are looked up where they were worked out before. */
static void what_was_read_before_is_for_the_same_bytes_and_delimiters_alone(void **state)
{
	(void)state;
	static const char text[] =
		VT MSH "OBX|1|NM|8867-4^HR^LN||70|kPa^K^U|||||F\r" END
		VT "MSH|#~\\&|MON|W3|HIS|LAB|20260301||ORU#R01|M2|P|2.6\rOBX|1|NM|8867-4^HR^LN||71|kPa^K^U|||||F\r" END
		VT MSH "OBX|1|NM|8867-4^HR^LN||72|kPa^K^U|||||F\rOBX|2|NM|8867-4^HR^L||73|NkPa^K^U|||||F\r"
		"OBX|3|NM|8480-6^S^LN||10|kPa^K^U|||||F\rOBX|4|NM|8480-6^S^LN||120|mmHg|||||F\rOBX|5|NM|8867-4^HR^LN||74||||||F\r" END;
	struct talk *t = heard(BYTES(text), sizeof(text), false);
	expect_count(t, VITAL_RECORD, 6);        /* none of the second message, whose component separator is another */
	expect_count(t, "\"unit\":\"kPa\"", 2);
	expect_count(t, "\"unit\":\"NkPa\"", 1);
	expect_count(t, "\"unit\":\"mm[Hg]\"", 2);
	expect_count(t, "\"code\":\"8480-6\"", 2);
	talk_free(t);
}

static void what_is_no_number_is_no_vital_sign(void **state)
{
	(void)state;
	static const char *const no[] = {
		"OBX|1|NM|8867-4||", "OBX|1|NM|8867-4||7 2", "OBX|1|NM|8867-4||.", "OBX|1|NM|8867-4||-", "OBX|1|NM|8867-4||1e9",
		"OBX|1|NM|8867-4||1234567890123456", "OBX|1|ST|8867-4||72 bpm", "OBX|1|TX|8867-4||72", "OBX|1|NM|||72",
		"OBX|1|NM|two words^ok^L||72", "OBX|1|SN|1:64^x^LN||^1^:^64x", "OBX|1|ST|1^titre^L||1/64", "OBX|1|NM|8867-4||1.2.3",
		"OBX|1|CWE|8867-4||72",
	};
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		char text[512];
		snprintf(text, sizeof(text), "%s%s\r", MSH, no[i]);
		struct vitals_seen s = measured(span_str(text));
		if (s.n)
			fail_msg("%s gives %s %g", no[i], s.v[0].name, s.v[0].value);
	}
}

static void a_device_says_who_it_is(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT MSH
		"PRT|1|AD||EQUIP^^HL70912||||||ALT9^ACME||||||(01)00643169001763(17)160712(21)SN21790\r"
		"OBX|1|ST|531970^MDC_ID_MODEL_MANUFACTURER^MDC||Acme Medical\r"
		"OBX|2|ST|531969^MDC_ID_MODEL_NUMBER^MDC||VitalView 3\r"
		"OBX|3|ST|531976^MDC_ID_PROD_SPEC_FW^MDC||1.4.2\r" END), 50, false);
	talk_expect(t, "\"device_id\":\"SN21790\"");
	talk_expect(t, "\"udi\":\"(01)00643169001763(17)160712(21)SN21790\"");
	talk_expect(t, "\"maker\":\"Acme Medical\",\"model\":\"VitalView 3\",\"firmware\":\"1.4.2\"");
	talk_expect(t, "\"devices\":[\"ALT9\",\"SN21790\"]");
	talk_free(t);
}

static void a_gateway_is_none_of_its_devices(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT MSH "OBX|1|NM|HR||7|||||||||||||A1\rOBX|1|NM|HR||7|||||||||||||A2\r" END), 50, false);
	talk_never(t, "\"device_id\"");
	talk_expect(t, "\"devices\":[\"A1\",\"A2\"]");
	talk_free(t);
	/* One after the other: each is told, the device table sees that there are two. */
	t = heard(BYTES(VT MSH "OBX|1|NM|HR||7|||||||||||||A1\r" END VT MSH "OBX|1|NM|HR||7|||||||||||||A2\r" END), 50, false);
	expect_count(t, "\"device_id\":\"A1\"", 1);
	expect_count(t, "\"device_id\":\"A2\"", 1);
	talk_free(t);
}

static void every_patient_of_a_list_counts(void **state)
{
	(void)state;
	struct talk *t = heard(BYTES(VT MSH "PID|1||A1||N1\rPV1|1||W1\rPID|2||A2||N2\rPID|3||A3||N3\r" END), 50, false);
	expect_count(t, MESSAGE, 3);
	expect_count(t, "\"message_type\":\"ORU^R01\"", 3);
	expect_count(t, "\"patient_id\"", 3);
	expect_count(t, "\"department\"", 1);
	talk_expect(t, "\"part\":3");
	talk_free(t);
}

static void a_datagram_may_hold_several_messages(void **state)
{
	(void)state;
	struct vitals_seen s = measured(
		BYTES(VT MSH "OBX|1|NM|HR||1\r" END VT MSH "OBX|1|NM|HR||2\r" END MSH "OBX|1|NM|HR||3\r"));
	assert_int_equal(s.n, 3);
}

/* ---- hostile ---- */

static void hostile_messages_stay_bounded(void **state)
{
	(void)state;
	static const char *const fill[] = { "~",
					    "|",
					    "^",
					    "&",
					    "OBX|1|NM|HR||1\r",
					    "PID|1||",
					    "PID|1||x\r",
					    "\r\n",
					    VT,
					    "MSH|",
					    "\rMSH|^~\\&",
					    "~a",
					    "OBX|1|NM|1^2^3^4^5^6||1||||||||||||x~y~z\r",
					    "\x1C",
					    ("\r" MSH) };
	for (size_t i = 0; i < ARRAY_LEN(fill); i++) {
		struct buf b = { 0 };
		buf_text(&b, VT MSH "PID|1||A1");
		while (b.n < 100000)
			buf_text(&b, fill[i]);
		struct talk *t = heard(buf_span(&b), 1460, true);
		assert_true(count_of(talk_said(t), MESSAGE) >= 1);
		talk_free(t);
		buf_done(&b);
	}
}

static void every_prefix_and_every_flipped_byte_is_survived(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(planted); n++) {
		struct talk *t = heard(span_of(planted, n), n + 1, true);
		talk_never(t, "PLANTED");
		talk_free(t);
	}
	char text[sizeof(usual)];
	for (size_t i = 0; i < sizeof(usual) - 1; i++)
		for (unsigned k = 0; k < 4; k++) {
			memcpy(text, usual, sizeof(usual));
			text[i] = (char)((const uint8_t[]){ 0, 0xFF, HL7_FS, '|' })[k];
			struct talk *t = heard(span_of(text, sizeof(text) - 1), 200, true);
			talk_free(t);
			(void)talk_bid("hl7", span_of(text, sizeof(text) - 1), true);
		}
}

static const char monitor[] =
	VT MSH
	"PID|1||LAB0001^^^LAB^MR||TESTER^ALPHA^^^||19500101|F\r"
	"OBR|1|||VITALS|||20260301094000\r"
	"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.0.0.1|68|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F|||2026030109||||MON1\r"
	"OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.0.0.2|97|262688^MDC_DIM_PERCENT^MDC|||||F|||2026030109||||MON1\r"
	"OBX|3|NM|150364^MDC_TEMP_BODY^MDC|1.0.0.6|37.1|268192^MDC_DIM_DEGC^MDC|||||F|||2026030110|||7^DOC|MON2\r"
	"OBX|4|NM|8867-4^HR^LN||70|/min|50-120||||F\r" END;

/* The same messages with and without what was worked out before: twice as it is, then changed. */
static void expect_same_without_memo(struct span first, struct span then)
{
	struct talk *with = talk_new("hl7"), *without = talk_new("hl7");
	free(without->memo);
	without->memo = NULL;
	struct span order[] = { first, first, then, first, then };
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		talk_bytes(with, true, order[i], order[i].n);
		talk_bytes(without, true, order[i], order[i].n);
	}
	talk_close(with, true);
	talk_close(without, true);
	assert_string_equal(talk_said(with), talk_said(without));
	assert_int_equal(with->malformed, without->malformed);
	talk_free(with);
	talk_free(without);
}

static void a_message_says_the_same_whatever_came_before(void **state)
{
	(void)state;
	static const char marks[] = "|^~.\r9Z -/";
	char text[sizeof(monitor)];
	for (size_t i = 0; i < sizeof(monitor) - 1; i++)
		for (size_t k = 0; k < sizeof(marks) - 1; k++) {
			memcpy(text, monitor, sizeof(monitor));
			text[i] = marks[k];
			expect_same_without_memo(BYTES(monitor), span_of(text, sizeof(text) - 1));
		}
}

static void lines_of_any_kind_behind_each_other_say_what_they_say_alone(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|68|/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|/min|||||F|||20260302||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|/min|||||F|||20260302||||MON2\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|/min|||||F|||20260302||7^NURSE||MON2\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|/min|||||F|||20260302\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|/min|||||F|||\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|/min|||||F\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|/min\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69|\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|69\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1||/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|7 1|/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|1.2.3|/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|.|/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|-5|/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|61~62|/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1|1234567890123456|/min|||||F|||20260301||||MON1\r",
		"OBX|1|NM|NIBP^Pressure|1|120/80|mmHg|||||F|||20260301||||MON1\r",
		"OBX|1|NM|NIBP^Pressure|1|120|mmHg|||||F|||20260301||||MON1\r",
		"OBX|1|TX|147842^MDC_ECG_HEART_RATE^MDC|1|68|/min|||||F|||20260301||||MON3\r",
		"OBX|1|NA|MDC_ECG_LEAD_II|1|1^2^3||||||F|||20260301||||MON3\r",
		"OBX|1|NM|531969^MDC_ID_MODEL_NUMBER^MDC|1|68||||||F|||20260301||||MON3\r",
		"OBX|1|NM|1234^Thing^L|who|68|x|||||F|||20260301\r", "OBX|1|NM|^^|1|68|x|||||F|||20260301\r",
		"OBR|1|||VITALS|||20260301094111\r", "OBR|1\r", "NTE|1||note\r", "PV1|1|I|W3^B0^1\r",
		"PID|1||LAB0002^^^LAB^MR||TESTER^BETA\r", "PRT|1||||||||||MON9^X\r", "MSH|^~\\&|A|B|C|D\r",
		"MSH|.~\\&|A|B|C|D\r", "MSH$^~\\&$A$B$C$D\r",
	};
	for (size_t a = 0; a < ARRAY_LEN(lines); a++)
		for (size_t b = 0; b < ARRAY_LEN(lines); b++) {
			struct buf first = { 0 };
			struct buf then = { 0 };
			buf_printf(&first, VT "%s%s%s%s%s" END, MSH, lines[0], lines[a], lines[b], lines[a]);
			buf_printf(&then, VT "%s%s%s%s" END, MSH, lines[b], lines[a], lines[0]);
			expect_same_without_memo(buf_span(&first), buf_span(&then));
			buf_done(&first);
			buf_done(&then);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_alone_are_not_hl7),
		cmocka_unit_test(every_start_is_waited_for_and_then_sure),
		cmocka_unit_test(the_middle_of_a_conversation_is_recognised_by_its_segments),
		cmocka_unit_test(a_contec_stream_is_not_hl7),
		cmocka_unit_test(nothing_planted_leaves_as_text),
		cmocka_unit_test(every_planted_place_is_told_to_the_host),
		cmocka_unit_test(a_null_or_empty_value_is_no_exposure),
		cmocka_unit_test(the_first_patient_number_stays_and_its_authority_does_not_count),
		cmocka_unit_test(pieces_of_any_size_give_the_same_records),
		cmocka_unit_test(several_messages_are_told_apart_with_and_without_blocks),
		cmocka_unit_test(segments_end_with_cr_lf_or_both),
		cmocka_unit_test(other_delimiters_give_the_same_values),
		cmocka_unit_test(fewer_delimiters_than_four_are_enough),
		cmocka_unit_test(utf16_is_read_like_any_other),
		cmocka_unit_test(latin_1_bytes_pass_and_count),
		cmocka_unit_test(garbage_between_messages_is_passed_over_and_counted),
		cmocka_unit_test(endless_garbage_is_given_up),
		cmocka_unit_test(an_endless_message_is_cut_and_the_next_one_read),
		cmocka_unit_test(a_message_that_comes_in_bytes_is_not_scanned_again),
		cmocka_unit_test(the_header_is_read),
		cmocka_unit_test(an_acknowledgement_is_read),
		cmocka_unit_test(vital_signs_keep_code_unit_channel_and_time),
		cmocka_unit_test(codes_are_found_in_either_half_and_by_label),
		cmocka_unit_test(what_was_read_before_is_for_the_same_bytes_and_delimiters_alone),
		cmocka_unit_test(what_is_no_number_is_no_vital_sign),
		cmocka_unit_test(a_device_says_who_it_is),
		cmocka_unit_test(a_gateway_is_none_of_its_devices),
		cmocka_unit_test(every_patient_of_a_list_counts),
		cmocka_unit_test(a_datagram_may_hold_several_messages),
		cmocka_unit_test(hostile_messages_stay_bounded),
		cmocka_unit_test(every_prefix_and_every_flipped_byte_is_survived),
		cmocka_unit_test(a_message_says_the_same_whatever_came_before),
		cmocka_unit_test(lines_of_any_kind_behind_each_other_say_what_they_say_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
