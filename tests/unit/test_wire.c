/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records over the wire between processes: what was written is read back, what is bent is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/json.h"
#include "record/wire.h"

enum { TEXT, NAME, REAL, LIST, CHILD, CHILDREN, YES, ADDR, SUM, MAC, COUNT };

static const struct field fields[COUNT] = {
	[TEXT] = { "text", F_TEXT, "" },
	[NAME] = { "patient_name", F_TEXT, "", .privacy = PATIENT },
	[REAL] = { "real", F_REAL, "" },
	[LIST] = { "list", F_TEXTS, "" },
	[CHILD] = { "child", F_RECORD, "" },
	[CHILDREN] = { "children", F_RECORDS, "" },
	[YES] = { "yes", F_BOOL, "" },
	[ADDR] = { "addr", F_ADDR, "" },
	[SUM] = { "sum", F_HASH, "" },
	[MAC] = { "mac", F_MAC, "" },
};
static RECORD_TYPE(type, "test", "", fields);
static RECORD_TYPE(other, "other", "", fields);

struct stage {
	struct registry types;
	struct arena arena;
	struct keyring *keys;
	struct record_host host;
	struct origin at;
};

static int set_up(void **state)
{
	struct stage *s = mem_new(sizeof(*s));
	registry_add(&s->types, &type);
	registry_ready(&s->types);
	arena_init(&s->arena, 0);
	s->keys = keyring_new(keyring_test_key);
	s->host = (struct record_host){ .keyring = s->keys, .arena = &s->arena };
	s->at = (struct origin){ .ts = 5, .packet = 6, .offset = 7, .file = 8, .flow = 9, .src = addr_v4(0x01020304),
				 .sport = 10, .dport = 11, .proto = 17, .vlan = 13, .to_server = true };
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = *state;
	arena_done(&s->arena);
	keyring_free(s->keys);
	free(s);
	return 0;
}

static void fill(struct stage *s, struct record *r, struct record *child)
{
	static const uint8_t sum[32] = { 1, 2, 3 };
	record_begin(child, &type, &s->at, &s->host);
	record_str(child, TEXT, "child");
	record_begin(r, &type, &s->at, &s->host);
	record_str(r, TEXT, "some text");
	record_str(r, NAME, "Doe^Jane");
	record_real(r, REAL, 36.6);
	record_add_text(r, LIST, SPAN_LIT("a"));
	record_add_text(r, LIST, SPAN_LIT("bb"));
	record_child(r, CHILD, child);
	record_add(r, CHILDREN, child);
	record_add(r, CHILDREN, child);
	record_bool(r, YES, true);
	record_addr(r, ADDR, addr_from6(SPAN_LIT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1")));
	record_hash(r, SUM, sum);
	record_mac(r, MAC, mac_from(SPAN_LIT("\1\2\3\4\5\6")));
}

static void a_record_survives_the_round_trip(void **state)
{
	struct stage *s = *state;
	struct record r, child, *back;
	fill(s, &r, &child);
	struct buf wire = { 0 }, before = { 0 }, after = { 0 };
	assert_true(wire_put(&wire, &s->types, &r));
	assert_true(wire_put(&wire, &s->types, &child));
	struct rd in = rd_of(buf_span(&wire));
	assert_int_equal(wire_get(&in, &s->types, &s->arena, &back), WIRE_RECORD);
	json_record(&before, &r, NULL);
	json_record(&after, back, NULL);
	assert_true(span_eq(buf_span(&before), buf_span(&after)));
	assert_int_equal(back->at->offset, 7);
	assert_int_equal(back->at->flow, 9);
	assert_int_equal(back->at->proto, 17);
	assert_true(back->at->to_server);
	assert_int_equal(wire_get(&in, &s->types, &s->arena, &back), WIRE_RECORD);
	assert_int_equal(wire_get(&in, &s->types, &s->arena, &back), WIRE_MORE);
	buf_done(&wire);
	buf_done(&before);
	buf_done(&after);
}

static void a_name_never_crosses(void **state)
{
	struct stage *s = *state;
	struct record r, child;
	fill(s, &r, &child);
	struct buf wire = { 0 };
	assert_true(wire_put(&wire, &s->types, &r));
	assert_null(memmem(wire.p, wire.n, "Doe", 3));
	buf_done(&wire);
}

static void what_is_not_registered_or_too_deep_is_not_written(void **state)
{
	struct stage *s = *state;
	struct buf wire = { 0 };
	struct record r, chain[WIRE_DEPTH + 2];
	record_begin(&r, &other, NULL, &s->host);
	assert_false(wire_put(&wire, &s->types, &r));
	record_begin(&chain[0], &type, NULL, &s->host);
	record_child(&chain[0], CHILD, &r);
	assert_false(wire_put(&wire, &s->types, &chain[0]));
	for (unsigned i = 0; i < WIRE_DEPTH + 2; i++) {
		record_begin(&chain[i], &type, NULL, &s->host);
		if (i)
			record_child(&chain[i], CHILD, &chain[i - 1]);
	}
	assert_false(wire_put(&wire, &s->types, &chain[WIRE_DEPTH + 1]));
	assert_int_equal(wire.n, 0);
	assert_true(wire_put(&wire, &s->types, &chain[WIRE_DEPTH]));
	buf_done(&wire);
}

/* Offsets are those of the head that wire.h draws, without origin: length 0, version 4, flags 5, type 6, set 8. */
static void bent_bytes_are_refused(void **state)
{
	struct stage *s = *state;
	static const struct {
		size_t at;
		uint8_t byte;
		const char *why;
	} t[] = {
		{ 3, 0x7F, "length past the cap" }, { 0, 1, "length shorter than the fields" }, { 4, 9, "unknown version" },
		{ 5, 2, "unknown flag" }, { 6, 1, "unknown type" }, { 7, 1, "unknown type" }, { 15, 0x80, "unknown field" },
		{ 16 + 3, 1, "text longer than the cap" }, { 16, 5, "text longer than the message" },
	};
	struct record r, *out;
	record_begin(&r, &type, NULL, &s->host);
	record_str(&r, TEXT, "ab");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf wire = { 0 };
		assert_true(wire_put(&wire, &s->types, &r));
		wire.p[t[i].at] = t[i].byte;
		struct rd in = rd_of(buf_span(&wire));
		if (wire_get(&in, &s->types, &s->arena, &out) != WIRE_BAD)
			fail_msg("%s was taken", t[i].why);
		assert_int_equal(rd_left(&in), wire.n);
		buf_done(&wire);
	}
}

static void a_huge_count_allocates_nothing(void **state)
{
	struct stage *s = *state;
	struct record r, *out;
	record_begin(&r, &type, NULL, &s->host);
	record_add_text(&r, LIST, SPAN_LIT("x"));
	struct buf wire = { 0 };
	assert_true(wire_put(&wire, &s->types, &r));
	wire.p[16] = 0xFF;                       /* list count, cap and what is left both say no */
	wire.p[17] = 0x0F;
	struct rd in = rd_of(buf_span(&wire));
	arena_reset(&s->arena);
	assert_int_equal(wire_get(&in, &s->types, &s->arena, &out), WIRE_BAD);
	assert_true(s->arena.used < 4096);
	buf_done(&wire);
}

/* Every byte of a whole message bent in several ways, and every cut: no crash, no read past the end
 * (the sanitizers watch), and what is taken can be written as JSON. */
static void no_damage_does_harm(void **state)
{
	struct stage *s = *state;
	struct record r, child, *out;
	fill(s, &r, &child);
	struct buf wire = { 0 }, json = { 0 };
	assert_true(wire_put(&wire, &s->types, &r));
	static const uint8_t flips[] = { 0x01, 0x80, 0xFF, 0x7F };
	unsigned refused = 0;
	for (size_t at = 0; at < wire.n; at++)
		for (size_t k = 0; k < sizeof(flips); k++) {
			struct arena arena;
			arena_init(&arena, 1 << 20);
			uint8_t *copy = mem_new(wire.n);
			memcpy(copy, wire.p, wire.n);
			copy[at] ^= flips[k];
			struct rd in = rd_of(span_of(copy, wire.n));
			enum wire_got got = wire_get(&in, &s->types, &arena, &out);
			refused += got == WIRE_BAD;
			buf_reset(&json);
			if (got == WIRE_RECORD)
				json_record(&json, out, NULL);
			free(copy);
			arena_done(&arena);
		}
	assert_true(refused > 100);
	for (size_t n = 0; n < wire.n; n++) {
		struct rd in = rd_of(span_of(wire.p, n));
		assert_int_equal(wire_get(&in, &s->types, &s->arena, &out), WIRE_MORE);
	}
	buf_done(&wire);
	buf_done(&json);
}

static void a_full_arena_refuses(void **state)
{
	struct stage *s = *state;
	struct record r, child, *out;
	fill(s, &r, &child);
	struct buf wire = { 0 };
	assert_true(wire_put(&wire, &s->types, &r));
	for (size_t cap = 16; cap < 2000; cap += 16) {
		struct arena arena;
		arena_init(&arena, cap);
		struct rd in = rd_of(buf_span(&wire));
		enum wire_got got = wire_get(&in, &s->types, &arena, &out);
		assert_true(got == WIRE_BAD || got == WIRE_RECORD);
		arena_done(&arena);
	}
	buf_done(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_registered_or_too_deep_is_not_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bent_bytes_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_huge_count_allocates_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_damage_does_harm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_arena_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_never_crosses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_record_survives_the_round_trip, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
