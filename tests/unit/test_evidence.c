/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd/evidence.c and cmd/vouched.c: what of a payload leaves, and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/capture.h"
#include "cmd/evidence.h"
#include "cmd/vouched.h"
#include "lab/pcapng.h"

enum {
	FRAMES_MAX = 32, TCP_ = 6, UDP_ = 17, ICMP_ = 1, CLIENT_PORT = 40000, SERVER_PORT = 2575, SECOND_NS = 1000000000,
};

/* ---- places ---- */

static const struct hash_key key = { 1, 2 };

static void show(const struct vouched *v, uint64_t stream, uint32_t at, const char *text, const char *expected)
{
	uint8_t bytes[64];
	size_t n = strlen(text);
	memcpy(bytes, text, n);
	vouched_apply(v, stream, at, bytes, n, 'X');
	assert_memory_equal(bytes, expected, n);
}

static void what_nobody_vouched_for_is_overwritten(void **state)
{
	(void)state;
	struct vouched *v = vouched_new(key, 1 << 20);
	show(v, 1, 0, "anything", "XXXXXXXX");
	vouched_add(v, 1, 4, SPAN_LIT("shown"), NULL);
	show(v, 1, 0, "not shown", "XXXXshown");
	show(v, 1, 0, "not shawn", "XXXXXXXXX");     /* another byte at the place: none of it */
	show(v, 1, 4, "shown!", "shownX");
	show(v, 2, 4, "shown!", "XXXXXX");
	vouched_free(v);
}

static void a_personal_byte_is_not_shown_whoever_vouches_for_it(void **state)
{
	(void)state;
	struct vouched *v = vouched_new(key, 1 << 20);
	const uint8_t marks[] = { VOUCH_PLAIN, VOUCH_PERSONAL, VOUCH_PERSONAL | VOUCH_PLAIN, 0, VOUCH_PLAIN };
	vouched_add(v, 1, 0, SPAN_LIT("abcde"), marks);
	show(v, 1, 0, "abcde", "aXXXe");
	vouched_add(v, 1, 0, SPAN_LIT("abcde"), NULL);
	show(v, 1, 0, "abcde", "aXXde");
	vouched_free(v);
}

static void a_place_that_held_two_things_shows_neither(void **state)
{
	(void)state;
	struct vouched *v = vouched_new(key, 1 << 20);
	vouched_add(v, 1, 0, SPAN_LIT("abc"), NULL);
	vouched_add(v, 1, 0, SPAN_LIT("aXc"), NULL);
	show(v, 1, 0, "abc", "aXc");
	show(v, 1, 0, "adc", "aXc");
	vouched_free(v);
}

static void sequence_numbers_wrap(void **state)
{
	(void)state;
	struct vouched *v = vouched_new(key, 1 << 20);
	vouched_add(v, 1, UINT32_MAX - 2, SPAN_LIT("wrapped"), NULL);
	show(v, 1, UINT32_MAX - 2, "wrapped", "wrapped");
	show(v, 1, 0, "pped", "pped");
	vouched_free(v);
}

static void what_has_no_room_is_overwritten(void **state)
{
	(void)state;
	struct vouched *v = vouched_new(key, 5000);
	for (uint32_t i = 0; i < 100; i++)
		vouched_add(v, 1, i * 4096, SPAN_LIT("abc"), NULL);
	assert_true(vouched_dropped(v) > 80);
	show(v, 1, 0, "abc", "abc");
	show(v, 1, 99 * 4096, "abc", "XXX");
	vouched_free(v);
}

/* ---- packets ---- */

struct scene {
	struct buf in, out, frame;
	uint64_t offsets[FRAMES_MAX];
	unsigned n;
	uint32_t seq[2];                         /* next, of the client and of the server */
	uint16_t vlan;
	size_t padding;
	struct evidence_counts counts;
	struct engine_board board;
	struct captured got[FRAMES_MAX];
	uint8_t *kept[FRAMES_MAX];
	unsigned ngot;
};

static void scene_start(struct scene *s)
{
	*s = (struct scene){ .seq = { 1000, 2000 } };
	pcapng_section(&s->in, "test", NULL);
	pcapng_interface(&s->in, PCAPNG_ETHERNET, "test");
}

static void scene_end(struct scene *s)
{
	for (unsigned i = 0; i < s->ngot; i++)
		free(s->kept[i]);
	buf_done(&s->in);
	buf_done(&s->out);
	buf_done(&s->frame);
}

static void ip_frame(struct scene *s, bool to_server, uint8_t proto, uint16_t id, uint16_t fragment, struct span l4)
{
	struct buf *f = &s->frame;
	buf_reset(f);
	for (int i = 0; i < 2; i++) {
		buf_bytes(f, SPAN_LIT("\x02\0\0\0\0"));
		buf_u8(f, (uint8_t)(1 + (i == 0) * to_server + (i == 1) * !to_server));
	}
	if (s->vlan) {
		buf_be16(f, 0x8100);
		buf_be16(f, s->vlan);
	}
	buf_be16(f, 0x0800);
	buf_be16(f, 0x4500);
	buf_be16(f, (uint16_t)(20 + l4.n));
	buf_be16(f, id);
	buf_be16(f, fragment);
	buf_u8(f, 64);
	buf_u8(f, proto);
	buf_be16(f, 0);
	buf_be32(f, to_server ? 0x0A000001 : 0x0A000002);
	buf_be32(f, to_server ? 0x0A000002 : 0x0A000001);
	buf_bytes(f, l4);
	for (size_t i = 0; i < s->padding; i++)
		buf_u8(f, 'P');
	s->offsets[s->n] = s->in.n;
	s->n++;
	pcapng_packet(&s->in, 0, SECOND_NS * (uint64_t)s->n, buf_span(f), (uint32_t)f->n, NULL);
}

static void segment_at(struct scene *s, bool to_server, uint32_t seq, uint8_t flags, struct span data)
{
	struct buf l4 = { 0 };
	buf_be16(&l4, to_server ? CLIENT_PORT : SERVER_PORT);
	buf_be16(&l4, to_server ? SERVER_PORT : CLIENT_PORT);
	buf_be32(&l4, seq);
	buf_be32(&l4, s->seq[to_server]);
	buf_u8(&l4, 0x50);
	buf_u8(&l4, flags);
	buf_be16(&l4, 8192);
	buf_be16(&l4, 0xABCD);                   /* any checksum: nobody looks */
	buf_be16(&l4, 0);
	buf_bytes(&l4, data);
	ip_frame(s, to_server, TCP_, (uint16_t)s->n, 0, buf_span(&l4));
	buf_done(&l4);
}

static void segment(struct scene *s, bool to_server, uint8_t flags, struct span data)
{
	uint32_t *seq = &s->seq[!to_server];
	segment_at(s, to_server, *seq, flags, data);
	*seq += (uint32_t)data.n + (flags & 2 ? 1 : 0);
}

static void handshake(struct scene *s)
{
	segment(s, true, 2, (struct span){ 0 });
	segment(s, false, 0x12, (struct span){ 0 });
}

static void datagram(struct scene *s, struct span data)
{
	struct buf l4 = { 0 };
	buf_be16(&l4, CLIENT_PORT);
	buf_be16(&l4, SERVER_PORT);
	buf_be16(&l4, (uint16_t)(8 + data.n));
	buf_be16(&l4, 0);
	buf_bytes(&l4, data);
	ip_frame(s, true, UDP_, (uint16_t)s->n, 0, buf_span(&l4));
	buf_done(&l4);
}

static int file_of(struct span bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.p, bytes.n), bytes.n);
	return fd;
}

static void read_back(struct scene *s, int fd)
{
	struct capture *c = NULL;
	struct captured frames[CAPTURE_BATCH];
	char err[256] = "";
	uint8_t bytes[4096];
	lseek(fd, 0, SEEK_SET);
	for (ssize_t n; (n = read(fd, bytes, sizeof(bytes))) > 0;)
		buf_bytes(&s->out, span_of(bytes, (size_t)n));
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(capture_open(fd, &c, err), 0);
	for (size_t n; (n = capture_batch(c, frames)) > 0;)
		for (size_t i = 0; i < n; i++) {
			struct captured *got = &s->got[s->ngot];
			*got = frames[i];
			s->kept[s->ngot] = malloc(got->bytes.n);
			memcpy(s->kept[s->ngot], got->bytes.p, got->bytes.n);
			got->bytes.p = s->kept[s->ngot++];
		}
	assert_null(capture_damage(c));
	capture_free(c);
}

/* Exports with packet `number` as evidence, seen `late` ns after what is stored. */
static int export_late(struct scene *s, unsigned number, uint64_t late)
{
	static const struct evidence_finding findings[] = { { "F-0123456789", "net.test", "high" } };
	const struct evidence_packet packet = {
		.packet = number, .offset = s->offsets[number - 1], .ts = SECOND_NS * (uint64_t)number + late, .note = "why",
	};
	int in = file_of(buf_span(&s->in)), out = memfd_create("out", MFD_CLOEXEC);
	const struct evidence_input input = { .name = "test.pcapng", .fd = { in, dup(in), dup(in) } };
	struct evidence_setup set = {
		.inputs = &input, .ninputs = 1, .findings = findings, .nfindings = 1, .packets = &packet, .npackets = 1,
		.about = "test", .packets_max = 1000, .counts = &s->counts,
	};
	int rc = evidence_run(&set, &s->board, out);
	if (rc == 0)
		read_back(s, out);
	else
		close(out);
	return rc;
}

static void export(struct scene *s, unsigned number)
{
	assert_int_equal(export_late(s, number, 0), 0);
}

/* The payload of the i-th frame that came out, behind `head` bytes. */
static void assert_payload(const struct scene *s, unsigned i, size_t head, const char *expected)
{
	size_t n = strlen(expected);
	assert_true(i < s->ngot && s->got[i].bytes.n >= head + n);
	if (memcmp(s->got[i].bytes.p + head, expected, n) != 0)
		fail_msg("frame %u: \"%.*s\" instead of \"%s\"", i, (int)n, (const char *)s->got[i].bytes.p + head, expected);
}

static void assert_nowhere(const struct scene *s, const char *text)
{
	assert_null(memmem(s->out.p, s->out.n, text, strlen(text)));
}

enum { TCP_HEADS = 14 + 20 + 20, UDP_HEADS = 14 + 20 + 8 };

static void of_a_message_the_skeleton_and_plain_fields_stay(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	handshake(&s);
	segment(&s, true, 0x18, SPAN_LIT("\x0BMSH|^~\\&|APP|SITE|||20260101||ADT^A01|17|P|2.5\rPID|1||4711^^^A||DOE^JOAN\r"
					 "ZZZ|DOE\rNTE|1||any text\r\x1C\r"));
	export(&s, 3);
	assert_int_equal(s.ngot, 3);
	assert_payload(&s, 2, TCP_HEADS, "\x0BMSH|^~\\&|APP|SITE|||XXXXXXXX||ADT^A01|17|X|2.5\rPID|X||XXXX^^^X||XXXXXXXX\r"
					 "XXXXXXX\rNTE|X||XXXXXXXX\r\x1C\r");
	assert_int_equal(s.got[2].ts, 3 * (uint64_t)SECOND_NS);
	assert_non_null(memmem(s.out.p, s.out.n, "net.test F-0123456789 high, evidence; why; packet 3 of test.pcapng; ", 64));
	assert_non_null(memmem(s.out.p, s.out.n, "high, same conversation; packet 1 of ", 37));
	scene_end(&s);
}

static void a_name_that_is_cut_by_segments_is_overwritten_in_both(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	s.vlan = 30;
	handshake(&s);
	segment(&s, true, 0x18, SPAN_LIT("\x0BMSH|^~\\&|APP|SITE|||1||ADT^A01|17|P|2.5\rPID|1||4711||DOEMA"));
	segment(&s, true, 0x18, SPAN_LIT("NN^JOANNA\r\x1C\r"));
	export(&s, 3);
	assert_payload(&s, 2, 4 + TCP_HEADS, "\x0BMSH|^~\\&|APP|SITE|||X||ADT^A01|17|X|2.5\rPID|X||XXXX||XXXXX");
	assert_payload(&s, 3, 4 + TCP_HEADS, "XXXXXXXXX\r\x1C\r");
	scene_end(&s);
}

#define HEAD_ "\x0BMSH|^~\\&|APP|SITE|||1||ADT^A01|17|P|2.5\r"

static void another_copy_of_a_stretch_shows_nothing_but_the_same_bytes(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	handshake(&s);
	uint32_t seq = s.seq[0];
	segment(&s, true, 0x18, SPAN_LIT(HEAD_ "PID|1||4711||DOE\r\x1C\r"));
	segment_at(&s, true, seq, 0x18, SPAN_LIT("\x0BMSH|^~\\&|DOE^JOANNA||||||||"));
	segment_at(&s, true, seq, 0x18, SPAN_LIT("\x0BMSH|^~\\&|APP|"));
	export(&s, 3);
	assert_int_equal(s.ngot, 5);
	assert_payload(&s, 3, TCP_HEADS, "XXXXXXXXXXXXXXXXXXXXXXXXXXXX");
	assert_payload(&s, 4, TCP_HEADS, "\x0BMSH|^~\\&|APP|");
	scene_end(&s);
}

static void a_learnt_name_is_overwritten_in_plain_fields_too(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	handshake(&s);
	segment(&s, true, 0x18, SPAN_LIT("\x0BMSH|^~\\&|APP|JOANNA|||1||ADT^A01|17|P|2.5\r"
					 "PID|1||4711||DOEMANN^JOANNA\r\x1C\r"));
	export(&s, 3);
	assert_payload(&s, 2, TCP_HEADS, "\x0BMSH|^~\\&|APP|XXXXXX|||");
	assert_nowhere(&s, "JOANNA");
	scene_end(&s);
}

static void an_unknown_stream_shows_nothing(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	handshake(&s);
	segment(&s, true, 0x18, SPAN_LIT("Dear colleague, Mrs Doe came to us"));
	export(&s, 3);
	assert_payload(&s, 2, TCP_HEADS, "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX");
	assert_int_equal(s.counts.overwritten, 34);
	assert_int_equal(s.counts.conversations, 1);
	scene_end(&s);
}

static void padding_is_zeroed(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	s.padding = 6;
	handshake(&s);
	export(&s, 1);
	assert_memory_equal(s.got[0].bytes.p + TCP_HEADS, "\0\0\0\0\0\0", 6);
	assert_memory_equal(s.got[0].bytes.p + TCP_HEADS - 4, "\xAB\xCD", 2);   /* the checksum stands */
	scene_end(&s);
}

static void fragments_show_their_head_alone(void **state)
{
	(void)state;
	struct scene s;
	struct buf l4 = { 0 };
	scene_start(&s);
	datagram(&s, SPAN_LIT(HEAD_ "PID|1||4711||DOE\r"));
	buf_be16(&l4, CLIENT_PORT);
	buf_be16(&l4, SERVER_PORT);
	buf_be16(&l4, 32);
	buf_be16(&l4, 0);
	buf_bytes(&l4, SPAN_LIT("JOANNA JOANNA JOANNA DOE"));
	ip_frame(&s, true, UDP_, 99, 0x2000, span_cut(buf_span(&l4), 16));
	ip_frame(&s, true, UDP_, 99, 2, span_from(buf_span(&l4), 16));
	export(&s, 1);
	assert_int_equal(s.ngot, 3);
	assert_payload(&s, 0, UDP_HEADS, "\x0BMSH|^~\\&|APP|SITE|||X||ADT^A01|17|X|2.5\rPID|X||XXXX||XXX\r");
	assert_memory_equal(s.got[1].bytes.p + 34, l4.p, 8);
	assert_payload(&s, 1, UDP_HEADS, "XXXXXXXX");
	assert_payload(&s, 2, 34, "XXXXXXXXXXXXXXXX");
	buf_done(&l4);
	scene_end(&s);
}

static void what_an_error_quotes_is_overwritten(void **state)
{
	(void)state;
	struct scene s;
	struct buf l4 = { 0 };
	scene_start(&s);
	buf_bytes(&l4, SPAN_LIT("\x03\x03\0\0\0\0\0\0"));
	buf_bytes(&l4, SPAN_LIT("\x45\0\0\x3c\0\1\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2"));
	buf_bytes(&l4, SPAN_LIT("\x9c\x40\x0a\x0f\0\x28\0\0" "DOE^JOANNA"));
	ip_frame(&s, false, ICMP_, 1, 0, buf_span(&l4));
	export(&s, 1);
	assert_memory_equal(s.got[0].bytes.p + 34, l4.p, 36);
	assert_payload(&s, 0, 34 + 36, "XXXXXXXXXX");
	buf_done(&l4);
	scene_end(&s);
}

static void other_conversations_stay_out(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	handshake(&s);
	segment(&s, true, 0x18, SPAN_LIT(HEAD_ "PID|1||4711||DOE\r\x1C\r"));
	datagram(&s, SPAN_LIT("another"));
	segment(&s, true, 0x11, (struct span){ 0 });
	segment(&s, false, 0x11, (struct span){ 0 });
	s.seq[0] = 900000;                       /* the same ports again: not this conversation */
	handshake(&s);
	segment(&s, true, 0x18, SPAN_LIT(HEAD_ "PID|1||4712||ROE\r\x1C\r"));
	export(&s, 3);
	assert_int_equal(s.ngot, 5);
	scene_end(&s);
}

static void another_capture_is_refused(void **state)
{
	(void)state;
	struct scene s;
	scene_start(&s);
	handshake(&s);
	assert_int_equal(export_late(&s, 2, 1), 2);
	assert_non_null(strstr(s.board.error, "another capture"));
	assert_non_null(strstr(s.board.error, "test.pcapng"));
	s.n = 3;
	s.offsets[2] = s.in.n;
	assert_int_equal(export_late(&s, 3, 0), 2);
	assert_non_null(strstr(s.board.error, "ends before its packet 3"));
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nobody_vouched_for_is_overwritten),
		cmocka_unit_test(a_personal_byte_is_not_shown_whoever_vouches_for_it),
		cmocka_unit_test(a_place_that_held_two_things_shows_neither),
		cmocka_unit_test(sequence_numbers_wrap),
		cmocka_unit_test(what_has_no_room_is_overwritten),
		cmocka_unit_test(another_capture_is_refused),
		cmocka_unit_test(an_unknown_stream_shows_nothing),
		cmocka_unit_test(another_copy_of_a_stretch_shows_nothing_but_the_same_bytes),
		cmocka_unit_test(a_name_that_is_cut_by_segments_is_overwritten_in_both),
		cmocka_unit_test(a_learnt_name_is_overwritten_in_plain_fields_too),
		cmocka_unit_test(what_an_error_quotes_is_overwritten),
		cmocka_unit_test(fragments_show_their_head_alone),
		cmocka_unit_test(padding_is_zeroed),
		cmocka_unit_test(other_conversations_stay_out),
		cmocka_unit_test(of_a_message_the_skeleton_and_plain_fields_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
