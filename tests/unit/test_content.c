/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files on their way: order, holes, re-reads, kinds, hashes, eviction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/scope.h"
#include "track/content.h"
#include "track/filetype.h"
#include "track/track.h"

struct seen {
	unsigned patients, devices;               /* of records of HL7 */
	unsigned n;
	bool whole, hashed;
	uint64_t bytes;
	char class[FILETYPE_NAME], path[64];
	uint8_t sha256[32];
};

struct fixture {
	struct record_host host;
	struct arena arena;
	struct sink sink;
	struct seen seen;
	struct content *content;
	struct origin at;
};

static void text_of(char *out, size_t size, struct span s)
{
	snprintf(out, size, "%.*s", (int)s.n, (const char *)s.p);
}

static void catch(void *to, const struct record *r)
{
	struct seen *s = to;
	if (strcmp(r->type->name, "hl7") == 0) {
		s->patients += record_has(r, (unsigned)record_type_field(r->type, "patient_id"));
		s->devices += record_has(r, (unsigned)record_type_field(r->type, "device_id"));
		return;
	}
	assert_ptr_equal(r->type, &transfer_type);
	s->n++;
	s->whole = record_get_uint(r, TRANSFER_WHOLE);
	s->hashed = record_has(r, TRANSFER_SHA256);
	s->bytes = record_get_uint(r, TRANSFER_BYTES);
	text_of(s->class, sizeof(s->class), record_get_text(r, TRANSFER_CLASS));
	text_of(s->path, sizeof(s->path), record_get_text(r, TRANSFER_PATH));
	if (s->hashed)
		memcpy(s->sha256, r->v[TRANSFER_SHA256].hash, 32);
}

static int begin(void **state)
{
	struct fixture *f = mem_new(sizeof(*f));
	arena_init(&f->arena, 1 << 20);
	f->host = (struct record_host){ .keyring = keyring_new(keyring_test_key), .arena = &f->arena };
	f->sink = (struct sink){ catch, &f->seen };
	f->content = content_new(&f->host, &f->sink);
	f->at = (struct origin){
		.src = addr_v4(0x0a000001), .dst = addr_v4(0x0a000002), .sport = 2049, .dport = 800, .proto = 6,
	};
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	content_free(f->content);
	keyring_free(f->host.keyring);
	arena_done(&f->arena);
	free(f);
	return 0;
}

enum { SCRIPT = 4000 };

/* A script of SCRIPT bytes, each line telling its own place. */
static struct span script(void)
{
	static char text[SCRIPT + 16];
	size_t n = (size_t)snprintf(text, sizeof(text), "#!/bin/sh\n");
	while (n < SCRIPT)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "echo %04zu\n", n);
	return span_of(text, SCRIPT);
}

static struct body part(struct span whole, uint64_t offset, size_t n, bool last)
{
	return (struct body){
		.via = "nfs", .path = SPAN_LIT("update.sh"), .key = SPAN_LIT("handle"), .offset = offset, .length = n, .last = last,
		.data = span_cut(span_from(whole, (size_t)offset), n),
	};
}

static void assert_hash_of(const struct seen *s, struct span whole)
{
	uint8_t want[32];
	keyring_sha256(whole, want);
	assert_true(s->hashed);
	assert_memory_equal(s->sha256, want, 32);
}

static void a_missing_part_is_not_whole_and_not_hashed(void **state)
{
	struct fixture *f = *state;
	struct body a = part(script(), 0, 1000, false), b = part(script(), 2000, 2000, true);
	content_open(f->content, &f->at, &a);
	content_open(f->content, &f->at, &b);
	assert_int_equal(f->seen.n, 0);          /* it may still come */
	content_finish(f->content);
	assert_int_equal(f->seen.n, 1);
	assert_false(f->seen.whole);
	assert_false(f->seen.hashed);
	assert_int_equal(f->seen.bytes, 3000);
	assert_string_equal(f->seen.class, "script");
}

static void a_gap_in_what_follows_breaks_the_file(void **state)
{
	struct fixture *f = *state;
	struct body b = part(script(), 0, SCRIPT, true);
	b.data = span_cut(b.data, 1000);
	uint32_t h = content_open(f->content, &f->at, &b);
	assert_int_not_equal(h, 0);
	content_gap(f->content, h, 500);
	content_feed(f->content, h, span_from(script(), 1500), &f->at);
	assert_int_equal(f->seen.n, 1);
	assert_false(f->seen.whole);
	assert_false(f->seen.hashed);
	content_feed(f->content, h, SPAN_LIT("behind the end"), &f->at);
	assert_int_equal(f->seen.n, 1);
}

static void a_start_in_the_middle_has_no_kind(void **state)
{
	struct fixture *f = *state;
	struct body b = part(script(), 1000, 3000, true);
	content_open(f->content, &f->at, &b);
	content_finish(f->content);
	assert_string_equal(f->seen.class, "unknown: start not seen");
	assert_false(f->seen.whole);
}

/* gzip of "#!/bin/sh\necho hello\n", its time zero. */
static const uint8_t packed_script[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x53, 0x56, 0xd4, 0x4f, 0xca, 0xcc, 0xd3, 0x2f, 0xce, 0xe0,
	0x4a, 0x4d, 0xce, 0xc8, 0x57, 0xc8, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 0x02, 0x00, 0x79, 0xd4, 0x3f, 0x17, 0x15, 0x00, 0x00,
	0x00,
};

static void what_is_packed_for_transport_is_what_it_unpacks_to(void **state)
{
	struct fixture *f = *state;
	struct body b = {
		.via = "http",
		.key = SPAN_LIT("1"),
		.data = span_of(packed_script, sizeof(packed_script)),
		.length = sizeof(packed_script),
		.last = true,
	};
	content_open(f->content, &f->at, &b);
	assert_string_equal(f->seen.class, "gzip archive");
	assert_true(f->seen.hashed);
	b.packed = true;
	content_open(f->content, &f->at, &b);
	assert_string_equal(f->seen.class, "script");
	assert_false(f->seen.hashed);
	b.data = SPAN_LIT("\x1f\x8b and no more");
	b.length = b.data.n;
	content_open(f->content, &f->at, &b);
	assert_string_equal(f->seen.class, "compressed for transport");
}

static void a_cut_stream_is_not_whole(void **state)
{
	struct fixture *f = *state;
	struct body b = part(script(), 0, SCRIPT, true);
	b.data = span_cut(b.data, 700);
	content_close(f->content, content_open(f->content, &f->at, &b), true);
	assert_int_equal(f->seen.n, 1);
	assert_false(f->seen.whole);
	assert_false(f->seen.hashed);
}

static void the_end_of_input_publishes_what_is_open(void **state)
{
	struct fixture *f = *state;
	struct body b = part(script(), 0, 700, false);
	content_open(f->content, &f->at, &b);
	assert_int_equal(f->seen.n, 0);
	content_finish(f->content);
	assert_int_equal(f->seen.n, 1);
	assert_false(f->seen.whole);
	assert_int_equal(content_counts(f->content).open, 0);
}

static void a_full_table_lets_the_oldest_go(void **state)
{
	struct fixture *f = *state;
	for (uint32_t i = 0; i < 1030; i++) {
		struct body b = part(script(), 0, 600, false);
		b.key = span_of(&i, sizeof(i));
		content_open(f->content, &f->at, &b);
	}
	assert_int_equal(content_counts(f->content).evicted, 6);
	assert_int_equal(content_counts(f->content).open, 1024);
	assert_int_equal(f->seen.n, 6);
	uint32_t first = 0;
	struct body b = part(script(), 600, SCRIPT - 600, true);
	b.key = span_of(&first, sizeof(first));
	content_open(f->content, &f->at, &b);
	assert_false(f->seen.whole);
}

static void a_handle_gone_by_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct body b = part(script(), 0, SCRIPT, true);
	b.data.n = 0;
	uint32_t old = content_open(f->content, &f->at, &b);
	content_close(f->content, old, false);
	uint32_t fresh = content_open(f->content, &f->at, &b);
	assert_int_not_equal(old, fresh);
	content_feed(f->content, old, SPAN_LIT("not a script"), &f->at);
	content_feed(f->content, fresh, script(), &f->at);
	assert_int_equal(f->seen.n, 2);
	assert_hash_of(&f->seen, script());
}

static void parts_in_order_are_hashed_whole(void **state)
{
	struct fixture *f = *state;
	for (size_t at = 0; at < SCRIPT; at += 400) {
		struct body b = part(script(), at, 400, at + 400 == SCRIPT);
		assert_int_equal(content_open(f->content, &f->at, &b), 0);
	}
	assert_int_equal(f->seen.n, 1);
	assert_true(f->seen.whole);
	assert_int_equal(f->seen.bytes, SCRIPT);
	assert_string_equal(f->seen.path, "update.sh");
	assert_hash_of(&f->seen, script());
}

static void too_much_before_its_turn_breaks_the_file(void **state)
{
	struct fixture *f = *state;
	size_t n = 5 << 20;
	uint8_t *big = mem_new(n);
	memcpy(big, "#!/bin/sh\n", 10);
	struct body a = part(span_of(big, n), 0, 1000, false), b = part(span_of(big, n), 2000, n - 2000, false);
	struct body c = part(span_of(big, n), 1000, 1000, false);
	a.size = b.size = c.size = n;
	content_open(f->content, &f->at, &a);
	content_open(f->content, &f->at, &b);
	assert_int_equal(f->seen.n, 1);
	assert_false(f->seen.whole);
	assert_int_equal(f->seen.bytes, n - 1000);
	content_open(f->content, &f->at, &c);
	content_finish(f->content);
	assert_false(f->seen.whole);
	free(big);
}

static void an_offset_behind_every_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct body a = part(script(), 0, 1000, false);
	a.offset = UINT64_MAX - 10;
	assert_int_equal(content_open(f->content, &f->at, &a), 0);
	assert_int_equal(content_counts(f->content).open, 0);
}

/* The last part first, then all kinds of overlaps, at last the start. */
static void parts_out_of_turn_wait_for_the_missing_ones(void **state)
{
	struct fixture *f = *state;
	static const struct {
		size_t at, n;
	} parts[] = {
		{ 3000, 1000 }, { 1500, 200 }, { 600, 300 }, { 1600, 400 }, { 1400, 900 }, { 500, 2600 }, { 400, 50 }, { 0, 450 },
		{ 430, 100 },
	};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		assert_int_equal(f->seen.n, 0);
		struct body b = part(script(), parts[i].at, parts[i].n, parts[i].at + parts[i].n == SCRIPT);
		content_open(f->content, &f->at, &b);
	}
	assert_int_equal(f->seen.n, 1);
	assert_true(f->seen.whole);
	assert_int_equal(f->seen.bytes, SCRIPT);
	assert_hash_of(&f->seen, script());
}

static void bytes_that_follow_out_of_turn_wait_too(void **state)
{
	struct fixture *f = *state;
	struct body late = part(script(), 2000, SCRIPT - 2000, true), early = part(script(), 0, 2000, false);
	late.data = span_cut(late.data, 100);
	uint32_t h = content_open(f->content, &f->at, &late);
	for (size_t at = 2100; at < SCRIPT; at += 100)
		content_feed(f->content, h, span_cut(span_from(script(), at), 100), &f->at);
	content_open(f->content, &f->at, &early);
	assert_int_equal(f->seen.n, 1);
	assert_hash_of(&f->seen, script());
}

static void a_known_size_ends_the_file(void **state)
{
	struct fixture *f = *state;
	struct body b = part(script(), 0, SCRIPT, false);
	b.size = SCRIPT;
	content_open(f->content, &f->at, &b);
	assert_int_equal(f->seen.n, 1);
	assert_hash_of(&f->seen, script());
	/* And the question for more behind the end makes no file of nothing. */
	struct body eof = part(script(), SCRIPT, 0, true);
	content_open(f->content, &f->at, &eof);
	content_finish(f->content);
	assert_int_equal(f->seen.n, 1);
}

static void reading_a_stretch_again_is_tolerated(void **state)
{
	struct fixture *f = *state;
	struct body a = part(script(), 0, 1000, false), b = part(script(), 500, 1500, false);
	struct body last = part(script(), 2000, SCRIPT - 2000, true);
	content_open(f->content, &f->at, &a);
	content_open(f->content, &f->at, &a);
	content_open(f->content, &f->at, &b);
	content_open(f->content, &f->at, &last);
	assert_true(f->seen.whole);
	assert_int_equal(f->seen.bytes, SCRIPT);
	assert_hash_of(&f->seen, script());
}

static void a_body_until_close_ends_with_its_stream(void **state)
{
	struct fixture *f = *state;
	struct body b = part(script(), 0, 100, true);
	b.length = BODY_OPEN;
	uint32_t h = content_open(f->content, &f->at, &b);
	for (size_t at = 100; at < SCRIPT; at += 100)
		content_feed(f->content, h, span_cut(span_from(script(), at), 100), &f->at);
	assert_int_equal(f->seen.n, 0);
	content_close(f->content, h, true);
	assert_true(f->seen.whole);
	assert_hash_of(&f->seen, script());
}

static void bulk_is_counted_and_not_hashed(void **state)
{
	struct fixture *f = *state;
	static uint8_t noise[8192];
	uint32_t x = 1;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
	struct body b = part(span_of(noise, sizeof(noise)), 0, sizeof(noise), true);
	content_open(f->content, &f->at, &b);
	assert_string_equal(f->seen.class, "compressed or encrypted");
	assert_true(f->seen.whole);
	assert_false(f->seen.hashed);
}

static void both_ends_name_the_same_file(void **state)
{
	struct fixture *f = *state;
	struct origin back = f->at;
	back.src = f->at.dst;
	back.dst = f->at.src;
	back.sport = f->at.dport;
	back.dport = f->at.sport;
	struct body a = part(script(), 0, 1000, false), b = part(script(), 1000, SCRIPT - 1000, true);
	content_open(f->content, &f->at, &a);
	content_open(f->content, &back, &b);
	assert_int_equal(f->seen.n, 1);
	assert_true(f->seen.whole);
}

#define KIND(head, name, code) { (const uint8_t *)(head), sizeof(head) - 1, name, code }

static const struct {
	const uint8_t *head;
	size_t n;
	const char *name;
	bool code;
} kinds[] = {
	KIND("", "empty", false),
	KIND("S1 is no S-record\n", "text", false),
	KIND(":10010000214601360121470136007EFE09D2190141\n", "text", false),   /* wrong checksum */
	KIND("MZ", "text", false),
	KIND("\x85\x19\x77\x77\0\0\0\0", "binary", false),
	KIND("\x7f" "ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\x28\0", "ELF program (ARM)", true),
	KIND("\x7f" "ELF\1\2\1\0\0\0\0\0\0\0\0\0\0\3\0\x8", "ELF program (MIPS)", true),
	KIND("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\4\0\x3e\0", "core dump (x86-64)", false),
	KIND("\x7f" "ELF", "ELF program (cut short)", true),
	KIND("#!/bin/sh\n", "script", true),
	KIND("\x45\x3d\xcd\x28\0\0\0\0", "cramfs file system", true),
	KIND("\x85\x19\x03\x20\0\0\0\0", "JFFS2 file system", true),
	KIND("\x19\x85\xe0\x01\0\0\0\0", "JFFS2 file system", true),
	KIND("\xca\xfe\xba\xbe\0\0\0\x34", "Java program", true),
	KIND("\xca\xfe\xba\xbe\0\0\0\2", "Mach-O program", true),
	KIND("BZh91AY&SY", "bzip2 archive", true),
	KIND(":10010000214601360121470136007EFE09D2190140\n", "Intel HEX firmware", true),
	KIND("S1137AF00A0A0D0000000000000000000000000061\n", "S-record firmware", true),
	KIND("%PDF-1.4", "PDF", false),
	KIND("Gr\xc3\xbc\xc3\x9f" "e aus dem Labor, heute\n", "text", false),
	KIND("a\0b\1c", "binary", false),
};

/* What a browser or curl sends to a device's update page. */
static void a_program_within_a_form_is_one(void **state)
{
	(void)state;
	static const char form[] = "--x7\r\nContent-Disposition: form-data; name=\"go\"\r\n\r\nyes\r\n--x7\r\n"
		"content-disposition: form-data; name=\"f\"; filename=\"a\"\r\nContent-Type: text/plain\r\n\r\nhsqs\5\0\0\0";
	struct filetype t = filetype_of(span_of(form, sizeof(form) - 1));
	assert_string_equal(t.name, "squashfs file system");
	assert_true(t.code && t.wrapped);
	for (size_t n = 0; n < sizeof(form) - 9; n++)
		assert_false(filetype_of(span_of(form, n)).code);
	static const char letter[] = "--x7\r\nContent-Type: text/plain\r\n\r\nDear all\r\n--x7--\r\n";
	assert_string_equal(filetype_of(span_of(letter, sizeof(letter) - 1)).name, "text");
}

/* Who passes the file on is not the device that measured. */
static void the_patient_of_a_file_of_hl7_is_told_once_and_not_its_device(void **state)
{
	struct fixture *f = *state;
	static const char file[] = "FHS|^~\\&|A|B\rMSH|^~\\&|A|B|C|D|20260303||ORU^R01|7|P|2.6\rPID|1||4711\r"
		"OBX|1|NM|8867-4^HR^LN||72||||||||||||||PM-7^^080019FFFE000001^EUI-64\r";
	struct body b = part(span_of(file, sizeof(file) - 1), 0, sizeof(file) - 1, true);
	content_open(f->content, &f->at, &b);
	b.key = SPAN_LIT("other");
	b.told = true;
	content_open(f->content, &f->at, &b);
	content_finish(f->content);
	assert_int_equal(f->seen.n, 2);
	assert_string_equal(f->seen.class, "HL7 message");
	assert_int_equal(f->seen.patients, 1);
	assert_int_equal(f->seen.devices, 0);
}

static void kinds_are_told_by_their_first_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct filetype t = filetype_of(span_of(kinds[i].head, kinds[i].n));
		assert_string_equal(t.name, kinds[i].name);
		assert_int_equal(t.code, kinds[i].code);
	}
	uint8_t head[FILETYPE_HEAD] = "member";
	memcpy(head + 257, "ustar", 5);
	assert_string_equal(filetype_of(span_of(head, sizeof(head))).name, "tar archive");
	assert_string_equal(filetype_of(span_of(head, 261)).name, "binary");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_missing_part_is_not_whole_and_not_hashed), CASE(a_gap_in_what_follows_breaks_the_file),
		CASE(a_start_in_the_middle_has_no_kind), CASE(a_cut_stream_is_not_whole),
		CASE(the_end_of_input_publishes_what_is_open), CASE(a_full_table_lets_the_oldest_go),
		CASE(a_handle_gone_by_changes_nothing), CASE(parts_in_order_are_hashed_whole),
		CASE(too_much_before_its_turn_breaks_the_file), CASE(an_offset_behind_every_file_is_refused),
		CASE(parts_out_of_turn_wait_for_the_missing_ones), CASE(bytes_that_follow_out_of_turn_wait_too),
		CASE(a_known_size_ends_the_file), CASE(reading_a_stretch_again_is_tolerated),
		CASE(a_body_until_close_ends_with_its_stream), CASE(bulk_is_counted_and_not_hashed),
		CASE(what_is_packed_for_transport_is_what_it_unpacks_to), CASE(both_ends_name_the_same_file),
		cmocka_unit_test(kinds_are_told_by_their_first_bytes),
		cmocka_unit_test(a_program_within_a_form_is_one),
		CASE(the_patient_of_a_file_of_hl7_is_told_once_and_not_its_device),
	};
	return cmocka_run_group_tests_name("content", cases, NULL, NULL);
}
