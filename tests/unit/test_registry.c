/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every field table of the program must hold to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/cmd.h"
#include "record/json.h"

static bool is_nested(const struct registry *g, const struct record_type *t)
{
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->v[i]->nfields; k++)
			if (g->v[i]->fields[k].nested == t)
				return true;
	return false;
}

/* Only record_text makes tokens: a number or a list in such a field would leave in clear. */
static void what_is_secret_or_a_patients_is_text(void **state)
{
	const struct registry *g = *state;
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->v[i]->nfields; k++) {
			const struct field *f = &g->v[i]->fields[k];
			if (field_is_token(f) && f->type != F_TEXT)
				fail_msg("%s.%s is %s but no F_TEXT", g->v[i]->name, f->name, f->privacy == PATIENT ? "PATIENT" : "SECRET");
		}
}

static void nested_fields_say_of_which_type(void **state)
{
	const struct registry *g = *state;
	for (unsigned i = 0; i < g->n; i++)
		for (unsigned k = 0; k < g->v[i]->nfields; k++) {
			const struct field *f = &g->v[i]->fields[k];
			bool nests = f->type == F_RECORD || f->type == F_RECORDS;
			if (nests != (f->nested != NULL))
				fail_msg("%s.%s: .nested does not fit its type", g->v[i]->name, f->name);
		}
}

static void no_published_field_takes_a_name_of_the_origin(void **state)
{
	const struct registry *g = *state;
	for (unsigned i = 0; i < g->n; i++)
		for (int k = 0; json_reserved[k]; k++)
			if (!is_nested(g, g->v[i]) && record_type_field(g->v[i], json_reserved[k]) >= 0)
				fail_msg("%s.%s stands for the packet in JSON", g->v[i]->name, json_reserved[k]);
}

static void names_are_unique_lower_case_and_documented(void **state)
{
	const struct registry *g = *state;
	for (unsigned i = 0; i < g->n; i++) {
		const struct record_type *t = g->v[i];
		if (registry_find(g, t->name) != t)
			fail_msg("two types are named %s", t->name);
		assert_true(t->nfields > 0 && t->nfields <= RECORD_FIELDS && t->doc && *t->doc);
		for (unsigned k = 0; k < t->nfields; k++) {
			const char *name = t->fields[k].name;
			if (!name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name) || !*name)
				fail_msg("%s: field %u is named %s", t->name, k, name ? name : "nothing");
			if (record_type_field(t, name) != (int)k)
				fail_msg("%s.%s stands twice", t->name, name);
			if (!t->fields[k].doc || !*t->fields[k].doc)
				fail_msg("%s.%s has no doc", t->name, name);
		}
	}
}

static void every_type_is_found_again(void **state)
{
	const struct registry *g = *state;
	static const struct record_type stranger = { .name = "stranger" };
	assert_true(g->n > 10);
	for (unsigned i = 0; i < g->n; i++)
		assert_int_equal(registry_index(g, g->v[i]), i);
	assert_int_equal(registry_index(g, &stranger), -1);
	assert_null(registry_find(g, "stranger"));
}

static int set_up(void **state)
{
	struct registry *g = mem_new(sizeof(*g));
	command_registry(g);
	*state = g;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_secret_or_a_patients_is_text),
		cmocka_unit_test(nested_fields_say_of_which_type),
		cmocka_unit_test(no_published_field_takes_a_name_of_the_origin),
		cmocka_unit_test(names_are_unique_lower_case_and_documented),
		cmocka_unit_test(every_type_is_found_again),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
