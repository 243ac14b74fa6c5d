/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YARA rules: what is refused, what does not match, what a bad rule or a bad member may cost, and what is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/matcher.h"
#include "record/json.h"

enum { PATH = 512, LARGE = 2 << 20 };

struct bed {
	char dir[64], log[128], rules[128];
	int log_fd;
	struct registry registry;
	struct matcher_rules loaded;
	struct buf told;                         /* records as JSON, a line each */
	uint32_t n;
	char said[8192];
};

static int set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	snprintf(b->dir, sizeof(b->dir), "yara-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->rules, sizeof(b->rules), "%s/rules", b->dir);
	assert_int_equal(mkdir(b->rules, 0700), 0);
	snprintf(b->log, sizeof(b->log), "%s/log", b->dir);
	b->log_fd = open(b->log, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	assert_true(b->log_fd >= 0);
	command_registry(&b->registry);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bed *b = *state;
	char command[PATH + 64];
	matcher_unload(&b->loaded);
	buf_done(&b->told);
	close(b->log_fd);
	for (const char *const *f = (const char *const[]){ "a.yar", "b.yar", "sub/c.yar", "note.txt", NULL }; *f; f++) {
		snprintf(command, sizeof(command), "%s/%s", b->rules, *f);
		(void)unlink(command);
	}
	snprintf(command, sizeof(command), "%s/sub", b->rules);
	(void)rmdir(command);
	(void)rmdir(b->rules);
	(void)unlink(b->log);
	(void)rmdir(b->dir);
	free(b);
	return 0;
}

static void write_rules(struct bed *b, const char *name, const char *text)
{
	char path[PATH + 64];
	snprintf(path, sizeof(path), "%s/sub", b->rules);
	(void)mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s", b->rules, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static bool load(struct bed *b)
{
	const struct log log = { .level = LOG_NOTE, .fd = b->log_fd };
	const char *paths[] = { b->rules };
	matcher_unload(&b->loaded);
	assert_int_equal(ftruncate(b->log_fd, 0), 0);
	bool good = matcher_load(&b->loaded, paths, 1, &log);
	ssize_t n = pread(b->log_fd, b->said, sizeof(b->said) - 1, 0);
	b->said[n > 0 ? n : 0] = '\0';
	return good;
}

static void take(void *to, const struct record *r)
{
	struct bed *b = to;
	b->n++;
	json_record(&b->told, r, NULL);
	buf_text(&b->told, "\n");
}

static struct matcher_sum match(struct bed *b, const struct judge_file *files, uint32_t n, uint64_t member_ms)
{
	const struct log log = { .level = LOG_NOTE, .fd = b->log_fd };
	struct progress quiet = { .mode = PROGRESS_NONE };
	const struct sink to = { take, b };
	struct matcher_sum sum;
	const struct matcher_order o = { .rules = &b->loaded, .limits = { .member_ms = member_ms }, .files = files, .n = n,
					 .registry = &b->registry, .log = &log, .progress = &quiet, .to = &to };
	buf_reset(&b->told);
	b->n = 0;
	assert_int_equal(ftruncate(b->log_fd, 0), 0);
	assert_true(matcher_run(&o, &sum));
	buf_u8(&b->told, 0);
	ssize_t got = pread(b->log_fd, b->said, sizeof(b->said) - 1, 0);
	b->said[got > 0 ? got : 0] = '\0';
	return sum;
}

static bool tells(const struct bed *b, const char *text)
{
	return strstr((const char *)b->told.p, text) != NULL;
}

static bool says(const struct bed *b, const char *text)
{
	return strstr(b->said, text) != NULL;
}

static struct judge_file file(const char *path, struct span content)
{
	return (struct judge_file){ .path = path, .where = path, .content = content };
}

static void errors_name_file_and_line_of_every_file(void **state)
{
	struct bed *b = *state;
	write_rules(b, "a.yar", "rule fine { condition: true }\nrule broken {\n condition: $nowhere }\n");
	write_rules(b, "b.yar", "rule other {\n\n strings: $a = /(/ condition: $a }\n");
	assert_false(load(b));
	assert_true(says(b, "rules/a.yar:3: broken: undefined string"));
	assert_true(says(b, "rules/b.yar:3: other: invalid regular expression"));
	assert_true(says(b, "nothing was inspected"));
}

static void modules_that_cannot_be_had_are_refused_with_a_word(void **state)
{
	static const char *const refused[] = { "magic", "cuckoo", "time" };
	struct bed *b = *state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		char text[128];
		snprintf(text, sizeof(text), "\nimport \"%s\"\nrule r { condition: true }\n", refused[i]);
		write_rules(b, "a.yar", text);
		assert_false(load(b));
		assert_true(says(b, "rules/a.yar:2: "));
		assert_true(says(b, "pe, elf, hash, math, dotnet, macho and console are there"));
	}
	write_rules(b, "a.yar",
		    "import \"pe\" import \"elf\" import \"hash\" import \"math\" import \"dotnet\" import \"macho\" "
		    "import \"console\"\nrule r { condition: hash.md5(0, filesize) == \"0cc175b9c0f1b6a831c399e269772661\" "
		    "and math.entropy(0, filesize) < 1.0 and not pe.is_pe and console.log(\"a\") }\n");
	assert_true(load(b));
	const struct judge_file v[] = { file("a", SPAN_LIT("a")), file("b", SPAN_LIT("b")) };
	match(b, v, 2, 0);
	assert_int_equal(b->n, 1);
	assert_true(tells(b, "\"member\":0"));
}

static void what_is_no_rule_is_refused(void **state)
{
	struct bed *b = *state;
	write_rules(b, "note.txt", "rule r { condition: true }");
	assert_false(load(b));
	assert_true(says(b, "no file of rules in it"));
	write_rules(b, "a.yar", "// nothing\n");
	assert_false(load(b));
	assert_true(says(b, "there is no rule in it"));
	write_rules(b, "a.yar", "YARA\x01 compiled");
	assert_false(load(b));
	assert_true(says(b, "compiled rules"));
}

static void an_include_stays_among_the_rules_at_hand(void **state)
{
	struct bed *b = *state;
	write_rules(b, "a.yar", "include \"/etc/hostname\"\n");
	assert_false(load(b));
	assert_true(says(b, "rules/a.yar:1: callback failed to provide include resource: /etc/hostname"));
	write_rules(b, "a.yar", "include \"sub/../../rules/./sub/c.yar\"\nrule uses { condition: inner }\n");
	write_rules(b, "sub/c.yar", "include \"../b.yar\"\nrule inner { condition: innermost }\n");
	write_rules(b, "b.yar", "rule innermost { strings: $a = \"needle\" condition: $a }\n");
	assert_true(load(b));
	assert_int_equal(b->loaded.n, 3);
	const struct judge_file v[] = { file("hay", SPAN_LIT("a needle in it")) };
	match(b, v, 1, 0);
	assert_int_equal(b->n, 3);               /* each once, though the folder holds the included files too */
}

static void what_a_rule_does_not_hold_for_is_not_told(void **state)
{
	struct bed *b = *state;
	write_rules(b, "a.yar", "rule word { strings: $a = \"mount\" fullword condition: $a }\n"
				"private rule hidden { condition: true }\nrule named { condition: filename == \"inittab\" }\n");
	assert_true(load(b));
	const struct judge_file v[] = { file("bin/amounts", SPAN_LIT("amounts")), file("empty", (struct span){ 0 }) };
	match(b, v, 2, 0);
	assert_int_equal(b->n, 0);
	const struct judge_file w[] = { file("etc/inittab", SPAN_LIT("::respawn")) };
	match(b, w, 1, 0);
	assert_int_equal(b->n, 1);
	assert_true(tells(b, "\"rule\":\"named\""));
}

static void places_are_told_and_bytes_are_not(void **state)
{
	struct bed *b = *state;
	write_rules(b, "a.yar", "rule r : one two { meta: author = \"somebody\" score = 70 strings: $a = \"SECRET-17\" "
				"$b = { 00 ff } condition: #a > 1 and $b }\n");
	assert_true(load(b));
	const struct judge_file v[] = { file("bin/x", SPAN_LIT("....SECRET-17\0\xff..SECRET-17")) };
	match(b, v, 1, 0);
	assert_int_equal(b->n, 1);
	assert_true(tells(b, "{\"string\":\"$a\",\"offset\":4,\"length\":9},{\"string\":\"$b\",\"offset\":13,\"length\":2},"
			     "{\"string\":\"$a\",\"offset\":17,\"length\":9}"));
	assert_true(tells(b, "\"tags\":[\"one\",\"two\"],\"meta\":[\"author = somebody\",\"score = 70\"]"));
	assert_false(tells(b, "SECRET"));
}

static void a_million_matches_are_bounded(void **state)
{
	struct bed *b = *state;
	write_rules(b, "a.yar", "rule crowd { strings: $a = \"aa\" condition: #a > 3 }\n"
				"rule other { strings: $b = \"needle\" condition: $b }\n");
	assert_true(load(b));
	uint8_t *large = malloc(LARGE);
	memset(large, 'a', LARGE);
	memcpy(large + LARGE - 6, "needle", 6);
	const struct judge_file v[] = { file("large", span_of(large, LARGE)), file("next", SPAN_LIT("needle")) };
	struct matcher_sum sum = match(b, v, 2, 0);
	assert_int_equal(sum.unmatched, 1);
	assert_true(says(b, "large: not looked through with the rules to the end: a string matches a million times"));
	assert_true(tells(b, "\"member\":0,\"rule\":\"other\""));
	assert_true(tells(b, "\"member\":1,\"rule\":\"other\""));
	assert_true(b->told.n < 8192);
	free(large);
}

/* Each place is tried with thousands of ways to go on. */
static void a_rule_that_explodes_costs_itself_and_no_other(void **state)
{
	struct bed *b = *state;
	write_rules(b, "a.yar", "rule slow { strings: $a = /a.{0,2000}b.{0,2000}c.{0,2000}d/s condition: $a or true }\n"
				"rule other { strings: $b = \"needle\" condition: $b }\n");
	assert_true(load(b));
	assert_true(says(b, "rules/a.yar:1: slow: string \"$a\" may slow down scanning"));
	uint8_t *large = malloc(LARGE / 2);
	memset(large, 'a', LARGE / 2);
	memcpy(large + 100, "needle", 6);
	const struct judge_file v[] = { file("before", SPAN_LIT("needle")), file("large", span_of(large, LARGE / 2)),
					file("after", SPAN_LIT("needle")) };
	struct matcher_sum sum = match(b, v, 3, 400);
	assert_int_equal(sum.unmatched, 1);
	assert_true(says(b, "large: not looked through with the rules to the end: they took too long, so 1 of them"));
	for (unsigned i = 0; i < 3; i++) {
		char want[64];
		snprintf(want, sizeof(want), "\"member\":%u,\"rule\":\"other\"", i);
		assert_true(tells(b, want));
	}
	assert_false(tells(b, "\"member\":1,\"rule\":\"slow\""));
	assert_true(tells(b, "\"member\":2,\"rule\":\"slow\""));
	free(large);
}

static void the_same_gives_the_same_and_other_rules_another_digest(void **state)
{
	struct bed *b = *state;
	uint8_t digest[32];
	struct buf first = { 0 };
	write_rules(b, "b.yar", "rule z { strings: $a = \"x\" $b = \"y\" condition: any of them }\n");
	write_rules(b, "a.yar", "rule z { strings: $a = /[xy]+/ condition: #a > 0 }\nrule y { condition: true }\n");
	assert_true(load(b));
	memcpy(digest, b->loaded.digest, 32);
	const struct judge_file v[] = { file("1", SPAN_LIT("xyxy")), file("2", SPAN_LIT("..y")) };
	match(b, v, 2, 0);
	buf_bytes(&first, buf_span(&b->told));
	assert_int_equal(b->n, 6);
	assert_true(load(b));
	match(b, v, 2, 0);
	assert_true(span_eq(buf_span(&first), buf_span(&b->told)));
	assert_memory_equal(digest, b->loaded.digest, 32);
	write_rules(b, "b.yar", "rule z { strings: $a = \"x\" $b = \"z\" condition: any of them }\n");
	assert_true(load(b));
	assert_memory_not_equal(digest, b->loaded.digest, 32);
	buf_done(&first);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(errors_name_file_and_line_of_every_file), CASE(modules_that_cannot_be_had_are_refused_with_a_word),
		CASE(what_is_no_rule_is_refused), CASE(an_include_stays_among_the_rules_at_hand),
		CASE(what_a_rule_does_not_hold_for_is_not_told), CASE(places_are_told_and_bytes_are_not),
		CASE(a_million_matches_are_bounded), CASE(a_rule_that_explodes_costs_itself_and_no_other),
		CASE(the_same_gives_the_same_and_other_rules_another_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
