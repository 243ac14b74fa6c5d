/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a comparison says of made-up records: when a finding counts as removed, and what odd records may not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fw/compare/compare.h"
#include "fw/flow/trace.h"
#include "fw/unpack/records.h"

enum { ROWS = 16 };

struct image {
	struct compare_side side;
	struct record *members[ROWS], *containers[ROWS], *programs[ROWS], *findings[ROWS];
};

struct bench {
	struct arena arena;
	struct record_host host;
	struct image old, new;
	struct record *said[64];
	unsigned n;
};

static struct record *row(struct bench *b, const struct record_type *t, struct record **v, struct compare_list *l)
{
	struct record *r = arena_new(&b->arena, sizeof(*r));
	record_begin(r, t, NULL, &b->host);
	v[l->n++] = r;
	l->v = v;
	return r;
}

static void take(void *to, const struct record *r)
{
	struct bench *b = to;
	assert_true(b->n < ARRAY_LEN(b->said));
	b->said[b->n++] = record_copy(&b->arena, r);
}

static void begin(struct bench *b)
{
	*b = (struct bench){ 0 };
	arena_init(&b->arena, 0);
	b->host.arena = &b->arena;
	struct image *both[] = { &b->old, &b->new };
	for (unsigned i = 0; i < 2; i++) {
		struct compare_side *s = &both[i]->side;
		s->name = i ? "new.img" : "old.img";
		struct record *sum = arena_new(&b->arena, sizeof(*sum));
		record_begin(sum, &inspection_type, NULL, &b->host);
		s->sum = sum;
		struct record *c = row(b, &container_type, both[i]->containers, &s->containers);
		record_uint(c, CON_ID, 1);
		record_str(c, CON_FORMAT, "cramfs");
		record_uint(c, CON_MEMBERS, 5);
		struct record *m = row(b, &member_type, both[i]->members, &s->members);
		record_str(m, MEM_PATH, s->name);
		record_str(m, MEM_WHERE, s->name);
	}
}

static void member(struct bench *b, struct image *i, const char *path)
{
	struct compare_list *l = &i->side.members;
	struct record *m = row(b, &member_type, i->members, l);
	record_uint(m, MEM_ID, l->n - 1);
	record_uint(m, MEM_CONTAINER, 1);
	record_str(m, MEM_PATH, path);
	record_str(m, MEM_WHERE, path);
	record_str(m, MEM_CLASS, "program");
}

static void trace(struct bench *b, struct image *i, const char *path, unsigned reached, const char *stopped)
{
	struct record *t = row(b, &fwtrace_type, i->programs, &i->side.programs);
	record_str(t, FWT_PROGRAM, path);
	record_uint(t, FWT_BLOCKS, 100);
	record_uint(t, FWT_BLOCKS_REACHED, reached);
	record_str(t, FWT_STOPPED, stopped);
}

struct wanted {
	const char *rule, *key, *path, *host, *function;
	unsigned site;
};

static void finding(struct bench *b, struct image *i, struct wanted w)
{
	struct record *f = row(b, &finding_type, i->findings, &i->side.findings);
	struct record *o = arena_new(&b->arena, sizeof(*o)), *s = arena_new(&b->arena, sizeof(*s));
	record_begin(o, &observed_type, NULL, &b->host);
	record_begin(s, &step_type, NULL, &b->host);
	record_str(o, OBS_MEMBER, w.path);
	record_str(o, OBS_HOST, w.host);
	record_str(o, OBS_FUNCTION, w.function);
	record_uint(o, OBS_OFFSET, w.site);
	record_str(s, STEP_PLACE, w.path);
	record_str(s, STEP_CALL, "system");
	record_uint(s, STEP_SITE, w.site);
	record_str(f, FND_RULE, w.rule);
	record_str(f, FND_SEVERITY, "high");
	record_str(f, FND_KEY, w.key);
	record_child(f, FND_OBSERVED, o);
	record_add(f, FND_CHAIN, s);
}

static void compare(struct bench *b)
{
	struct sink to = { take, b };
	compare_images(&b->old.side, &b->new.side, &to);
}

static const struct record *verdict(const struct bench *b, unsigned nth)
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->said[i]->type == &verdict_type && nth-- == 0)
			return b->said[i];
	return NULL;
}

static bool says(const struct record *v, const char *word)
{
	return v && span_is(record_get_text(v, VER_VERDICT), word);
}

/* Both images hold bin/a. */
static void begin_with_program(struct bench *b)
{
	begin(b);
	member(b, &b->old, "bin/a");
	member(b, &b->new, "bin/a");
}

static void silence_of_a_program_that_was_hardly_executed_is_no_fix(void **state)
{
	(void)state;
	struct bench b;
	begin_with_program(&b);
	trace(&b, &b.old, "bin/a", 80, "done");
	trace(&b, &b.new, "bin/a", 10, "instruction budget of the program");
	finding(&b, &b.old, (struct wanted){ "fw.x", "k", "bin/a", "h.example", "f", 16 });
	compare(&b);
	assert_true(says(verdict(&b, 0), "not seen"));
	assert_false(record_get_uint(verdict(&b, 0), VER_GONE));
	assert_true(span_is(record_get_text(b.said[b.n - 1], CMP_RESULT), "not known"));
	arena_done(&b.arena);
}

static void the_same_program_executed_as_far_is_one(void **state)
{
	(void)state;
	struct bench b;
	begin_with_program(&b);
	trace(&b, &b.old, "bin/a", 80, "done");
	trace(&b, &b.new, "bin/a", 75, "done");
	finding(&b, &b.old, (struct wanted){ "fw.x", "k", "bin/a", "h.example", "f", 16 });
	compare(&b);
	assert_true(says(verdict(&b, 0), "removed"));
	assert_true(span_is(record_get_text(b.said[b.n - 1], CMP_RESULT), "fixed"));
	arena_done(&b.arena);
}

static void two_rules_are_two_things(void **state)
{
	(void)state;
	struct bench b;
	begin_with_program(&b);
	finding(&b, &b.old, (struct wanted){ "fw.x", "k", "bin/a", "h.example", "f", 16 });
	finding(&b, &b.new, (struct wanted){ "fw.y", "k", "bin/a", "h.example", "f", 16 });
	compare(&b);
	assert_true(says(verdict(&b, 0), "removed"));
	assert_true(says(verdict(&b, 1), "new"));
	arena_done(&b.arena);
}

/* The key of some rules is the place of a call: the same number for another call is chance, another for the same none.
 */
static void keys_that_are_places_do_not_count(void **state)
{
	(void)state;
	struct bench b;
	begin_with_program(&b);
	finding(&b, &b.old, (struct wanted){ "fw.x", "8010", "bin/a", "one.example", "f", 0x8010 });
	finding(&b, &b.new, (struct wanted){ "fw.x", "8010", "bin/a", "two.example", "g", 0x8010 });
	finding(&b, &b.new, (struct wanted){ "fw.x", "9000", "bin/a", "one.example", "f", 0x9000 });
	compare(&b);
	assert_true(says(verdict(&b, 0), "still there"));
	assert_true(says(verdict(&b, 1), "new"));
	assert_true(record_has(b.said[b.n - 1], CMP_STILL) && record_get_uint(b.said[b.n - 1], CMP_STILL) == 1);
	arena_done(&b.arena);
}

static void another_end_of_the_same_calls_is_a_change(void **state)
{
	(void)state;
	struct bench b;
	begin_with_program(&b);
	finding(&b, &b.old, (struct wanted){ "fw.x", "one", "bin/a", "one.example", "f", 16 });
	finding(&b, &b.new, (struct wanted){ "fw.x", "two", "bin/a", "two.example", "f", 32 });
	compare(&b);
	assert_true(says(verdict(&b, 0), "changed"));
	const struct record *v = verdict(&b, 0);
	assert_true(v && span_is(v->v[VER_CHANGES].texts.v[0], "host was one.example, is two.example"));
	assert_null(verdict(&b, 1));
	arena_done(&b.arena);
}

static void records_that_point_nowhere_or_in_circles_end(void **state)
{
	(void)state;
	struct bench b;
	begin(&b);
	record_uint(b.old.containers[0], CON_MEMBER, 1); /* lies in its own member */
	record_uint(b.new.containers[0], CON_ID, UINT64_MAX);
	record_uint(b.new.containers[0], CON_MEMBER, UINT64_MAX);
	member(&b, &b.old, "bin/a");
	member(&b, &b.new, "bin/b");
	record_uint(b.new.members[1], MEM_ID, UINT64_MAX);
	record_uint(b.new.members[1], MEM_CONTAINER, UINT32_MAX);
	finding(&b, &b.old, (struct wanted){ "fw.x", "k", "nowhere", "h.example", "f", 16 });
	compare(&b);
	assert_true(b.said[b.n - 1]->type == &comparison_type);
	assert_int_equal(record_get_uint(b.said[b.n - 1], CMP_MEMBERS_ADDED), 1);
	arena_done(&b.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_of_a_program_that_was_hardly_executed_is_no_fix),
		cmocka_unit_test(the_same_program_executed_as_far_is_one),
		cmocka_unit_test(two_rules_are_two_things),
		cmocka_unit_test(keys_that_are_places_do_not_count),
		cmocka_unit_test(another_end_of_the_same_calls_is_a_change),
		cmocka_unit_test(records_that_point_nowhere_or_in_circles_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
