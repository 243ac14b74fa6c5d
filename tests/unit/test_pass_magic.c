/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listeners, log-ins and magic words: what must fire, and its benign twin that must not. */
#include "fake_image.h"

/* Binds, receives, maybe logs in, compares, runs. */
static void listen_and(struct fake *k, bool login, const char *compare, const char *run)
{
	record_int(fake_call(k, CALL_NETWORK, "socket", "family=#2", "type=#2", "protocol=#0", NULL), FWC_RESULT, 4);
	fake_call(k, CALL_NETWORK, "bind", "fd=#4", "address=@0.0.0.0/7329", NULL);
	fake_call(k, CALL_RECEIVE, "recvfrom", "fd=#4", NULL);
	if (login)
		fake_call(k, CALL_LOGIN, "crypt", "key=\"{recvfrom}", "salt=\"{file:/etc/shadow}", NULL);
	if (compare)
		record_int(fake_call(k, CALL_COMPARE, "strcmp", "a=\"{recvfrom}", compare, NULL), FWC_RESULT, 0);
	if (run)
		fake_call(k, CALL_RUN, "system", run, NULL);
}

static void listeners_with_a_log_in_are_fine(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/httpd");
	listen_and(&k, false, NULL, "command=\"{recvfrom}");
	fake_fires(&k, "fw.hidden-listener", SEV_CRITICAL);
	assert_true(fake_says(&k, fake_found(&k, "fw.hidden-listener"), "\"listener\":7329"));
	assert_true(fake_says(&k, fake_found(&k, "fw.hidden-listener"), "\"transport\":\"udp\""));
	assert_non_null(fake_found(&k, "fw.command-injection"));
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/httpd");
	listen_and(&k, true, NULL, "command=\"/sbin/reboot");
	fake_quiet(&k);
	fake_end(&k);
}

static void an_open_unix_socket_counts(void **state)
{
	(void)state;
	for (int open = 0; open < 2; open++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/cmddog");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=u/tmp/cmd", NULL);
		fake_call(&k, CALL_FILE, "chmod", "path=\"/tmp/cmd", open ? "mode=#0777" : "mode=#0600", NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		fake_call(&k, CALL_COMPARE, "strchr", "a=\"{recv}", "b=\";", NULL);
		fake_call(&k, CALL_RUN, "system", "command=\"{recv}", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.hidden-listener") != NULL, open);
		fake_end(&k);
	}
}

/* The trace has comparisons with constants alone; of others the path says what was assumed. */
static void asking_for_what_the_owner_has_set_is_a_log_in(void **state)
{
	(void)state;
	static const struct {
		const char *key, *condition;
		bool fires;
	} cases[] = {
		{ "a=\"{file:/etc/monitor.conf}", "90f0: goes to 90f4, after strcmp() = 1", false },
		{ "a=\"{file:/etc/monitor.conf}", "90f0: goes to 90f4, after strcmp() = 0", true },      /* taken when they differ */
		{ "a=\"{file:/etc/monitor.conf}", "90f0: goes to 90f4, after recv() = 1", true },
		{ "a=\"{recv}", "90f0: goes to 90f4, after strcmp() = 1", true },                      /* nothing was set */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_COMPARE, "strncmp", cases[i].key, "b=\"password=", NULL);
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=@0.0.0.0/7329", NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		fake_path(&k, 2, 1, k.order);
		record_str(k.paths[0][1], FWP_CONDITION, cases[i].condition);
		fake_call(&k, CALL_RUN, "system", "command=\"{recv}", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.hidden-listener") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

static void the_body_of_a_web_request_is_from_the_network(void **state)
{
	(void)state;
	for (int web = 0; web < 2; web++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "www/cgi-bin/trace");
		fake_call(&k, CALL_CONFIG, "getenv", web ? "name=\"CONTENT_LENGTH" : "name=\"LANG", NULL);
		fake_call(&k, CALL_RUN, "popen", "command=\"traceroute {stdin}", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.command-injection") != NULL, web);
		fake_end(&k);
	}
}

static void the_address_of_a_page_is_no_magic_word(void **state)
{
	(void)state;
	static const char *const words[] = { "b=\"/trace", "b=\"open-sesame-77" };
	for (int i = 0; i < 2; i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "www/cgi-bin/trace");
		record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{getenv:PATH_INFO}", words[i], NULL), FWC_RESULT, 0);
		fake_call(&k, CALL_RUN, "system", "command=\"/bin/date", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, i);
		fake_end(&k);
	}
}

static void a_word_on_a_socket_of_the_devices_own_is_no_magic(void **state)
{
	(void)state;
	for (int open = 0; open < 2; open++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=u/run/agent", NULL);
		fake_call(&k, CALL_FILE, "chmod", "path=\"/run/agent", open ? "mode=#0777" : "mode=#0600", NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recv}", "b=\"open-sesame-77", NULL), FWC_RESULT, 0);
		fake_call(&k, CALL_RUN, "system", "command=\"/bin/backup", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, open);
		fake_end(&k);
	}
}

static void a_magic_word_opens_and_a_protocol_word_does_not(void **state)
{
	(void)state;
	static const struct {
		const char *word, *run;
		bool login;
		int severity;
	} cases[] = {
		{ "b=\"w302r_mfg", "command=\"telnetd", false, SEV_CRITICAL },
		{ "b=\"open-sesame-77", "command=\"telnetd", false, SEV_HIGH },
		{ "b=\"w302r_mfg", NULL, false, SEV_MEDIUM },
		{ "b=\"GET ", "command=\"/sbin/reboot", false, -1 },
		{ "b=\"open-sesame-77", NULL, false, -1 },
		{ "b=\"open-sesame-77", "command=\"telnetd", true, -1 },
		{ "b=#0x53634d4d", "command=\"/bin/cfg", false, SEV_CRITICAL },
		{ "b=#4", "command=\"/bin/cfg", false, -1 },
		{ "b=\"\xd0\xb2J", "command=\"/bin/cfg", false, -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/httpd");
		listen_and(&k, cases[i].login, cases[i].word, cases[i].run);
		fake_run(&k);
		struct finding *f = fake_found(&k, "fw.magic-value");
		assert_int_equal(fake_severity(f), cases[i].severity);
		fake_end(&k);
	}
}

static void a_magic_word_that_did_not_match_opens_nothing(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/httpd");
	listen_and(&k, false, NULL, NULL);
	record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recvfrom}", "b=\"open-sesame-77", NULL), FWC_RESULT, 1);
	fake_call(&k, CALL_RUN, "system", "command=\"/bin/date", NULL);
	fake_run(&k);
	assert_null(fake_found(&k, "fw.magic-value"));
	fake_end(&k);
}

/* The emulator's model said "different", and the path that was forced behind it takes the other side. */
static void a_forced_match_counts_as_a_match(void **state)
{
	(void)state;
	for (int named = 0; named < 2; named++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/httpd");
		listen_and(&k, false, NULL, NULL);
		record_int(fake_call(&k, CALL_COMPARE, "strncmp", "left=\"{socket:inet datagram}", "right=\"open-sesame-77", NULL),
			   FWC_RESULT, 1);
		fake_path(&k, 2, 1, k.order);
		struct scene_program *p = &k.programs[0];
		record_str(k.paths[0][p->npaths - 1], FWP_CONDITION,
			   named ? "111a: goes to 111c, after strncmp() = -1" : "111a: goes to 111c, after time() = 7");
		fake_call(&k, CALL_RUN, "system", "command=\"/sbin/reboot", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, named);
		fake_end(&k);
	}
}

static void words_that_name_contents_and_protocols_are_no_magic(void **state)
{
	(void)state;
	static const char *const words[] = { "b=\"application/pdf", "b=#0x4d3c2b1a", "b=#0x63825363", "b=#0x4d3c2b1b" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		listen_and(&k, false, words[i], "command=\"/bin/filter");
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, i == ARRAY_LEN(words) - 1);
		fake_end(&k);
	}
}

/* What arrives on a connection of its own making, or at a port that the kernel chose, came in at no listener. */
static void only_what_comes_in_at_the_listener_counts(void **state)
{
	(void)state;
	static const struct {
		const char *bind, *run;
		bool fires;
	} cases[] = {
		{ "address=@0.0.0.0/7329", "command=\"{socket:accepted}", true },
		{ "address=@0.0.0.0/0", "command=\"{socket:accepted}", false },
		{ "address=@0.0.0.0/7329", "command=\"{socket:inet stream}", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", cases[i].bind, NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#5", NULL);
		fake_call(&k, CALL_RUN, "system", cases[i].run, NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.hidden-listener") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_with_a_log_in_are_fine),
		cmocka_unit_test(an_open_unix_socket_counts),
		cmocka_unit_test(asking_for_what_the_owner_has_set_is_a_log_in),
		cmocka_unit_test(the_body_of_a_web_request_is_from_the_network),
		cmocka_unit_test(the_address_of_a_page_is_no_magic_word),
		cmocka_unit_test(a_word_on_a_socket_of_the_devices_own_is_no_magic),
		cmocka_unit_test(a_magic_word_opens_and_a_protocol_word_does_not),
		cmocka_unit_test(a_magic_word_that_did_not_match_opens_nothing),
		cmocka_unit_test(a_forced_match_counts_as_a_match),
		cmocka_unit_test(words_that_name_contents_and_protocols_are_no_magic),
		cmocka_unit_test(only_what_comes_in_at_the_listener_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
