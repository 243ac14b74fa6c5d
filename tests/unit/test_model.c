/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of files, keys, accounts, texts, and the start-up graph, on images made of a few lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fw/model/startup.h"
#include "fw/model/strings.h"

static enum file_class class_of(const char *path, struct span content)
{
	return file_classify(&(struct member){ .path = span_str(path) }, content);
}

static void kinds_are_told_by_content_before_name(void **state)
{
	(void)state;
	static const struct {
		const char *path;
		struct span content;
		enum file_class want;
	} cases[] = {
		{ "x", { NULL, 0 }, FILE_EMPTY },
		{ "etc/inittab", { (const uint8_t *)"\x00\x01\x02\x03", 4 }, FILE_DATA },
		{ "etc/inittab", { (const uint8_t *)"::sysinit:/x\n", 13 }, FILE_INITTAB },
		{ "etc/init.d/S10x", { (const uint8_t *)"#!/bin/sh\n", 10 }, FILE_RC },
		{ "usr/bin/x", { (const uint8_t *)"#!/bin/ash\n", 11 }, FILE_SHELL },
		{ "usr/bin/x", { (const uint8_t *)"#!/usr/bin/perl\n", 16 }, FILE_SCRIPT },
		{ "www/cgi-bin/x", { (const uint8_t *)"#!/bin/sh\n", 10 }, FILE_CGI },
		{ "www/x", { (const uint8_t *)"<?php ?>\n", 9 }, FILE_PHP },
		{ "etc/passwd", { (const uint8_t *)"root::0:0:::\n", 13 }, FILE_PASSWD },
		{ "etc/x.conf", { (const uint8_t *)"a=b\n", 4 }, FILE_CONFIG },
		{ "x", { (const uint8_t *)"SQLite format 3\0", 16 }, FILE_SQLITE },
		{ "x", { (const uint8_t *)"plain words\n", 12 }, FILE_TEXT },
		{ "x", { (const uint8_t *)"\xcf\xfa\xed\xfe\7\0\0\1", 8 }, FILE_MACHO },
		{ "x.class", { (const uint8_t *)"\xca\xfe\xba\xbe\0\0\0\x34", 8 }, FILE_DATA },
		{ "x", { (const uint8_t *)"MZ no portable executable", 25 }, FILE_TEXT },
		{ "bin/x", { (const uint8_t *)"\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\x28\0", 20 }, FILE_PROGRAM },
		{ "bin/x", { (const uint8_t *)"\177ELF\1\2\1\0\0\0\0\0\0\0\0\0\0\2\0\x08", 20 }, FILE_PROGRAM },
		{ "lib/x.so", { (const uint8_t *)"\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\3\0\x28\0", 20 }, FILE_LIBRARY },
		{ "lib/x.ko", { (const uint8_t *)"\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\1\0\x28\0", 20 }, FILE_MODULE },
		{ "bin/x", { (const uint8_t *)"\177ELF", 4 }, FILE_DATA },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum file_class got = class_of(cases[i].path, cases[i].content);
		if (got != cases[i].want)
			fail_msg("case %zu: %s, not %s", i, file_class_name(got), file_class_name(cases[i].want));
	}
}

#define BODY "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODkrLw==\n"

static void a_mention_of_a_key_is_no_key(void **state)
{
	(void)state;
	struct key k[KEYS_MAX];
	assert_int_equal(key_find(SPAN_LIT("-----BEGIN RSA PRIVATE KEY-----"), k), 0);
	assert_int_equal(key_find(SPAN_LIT("-----BEGIN RSA PRIVATE KEY-----\0-----END RSA PRIVATE KEY-----\0"), k), 0);
	/* As dropbearconvert holds them: words of a program between the two marks. */
	assert_int_equal(
		key_find(
			SPAN_LIT(
				"-----BEGIN RSA PRIVATE KEY-----\0Proc-Type: 4,ENCRYPTED\0could not write the key file %s: %s\0"
				"key type is not supported by this program\0-----END RSA PRIVATE KEY-----\0"),
			k),
		0);
	assert_int_equal(key_find(SPAN_LIT("-----BEGIN PGP MESSAGE-----\n" BODY "-----END PGP MESSAGE-----\n"), k), 0);
	assert_int_equal(key_find(SPAN_LIT("0\x03\x02\x01\x00"), k), 0);
}

static void keys_are_found_anywhere(void **state)
{
	(void)state;
	struct key k[KEYS_MAX];
	static const char two[] = "junk\1\2-----BEGIN CERTIFICATE-----\n" BODY "-----END CERTIFICATE-----\n"
				  "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" BODY "-----END ENCRYPTED PRIVATE KEY-----\n";
	assert_int_equal(key_find(SPAN_LIT(two), k), 2);
	assert_string_equal(k[0].what, "certificate");
	assert_int_equal(k[0].offset, 6);
	assert_false(k[0].encrypted);
	assert_string_equal(k[1].what, "private key");
	assert_true(k[1].encrypted);
	uint8_t dropbear[128] = { 0, 0, 0, 7, 's', 's', 'h', '-', 'r', 's', 'a' };
	assert_int_equal(key_find(span_of(dropbear, sizeof(dropbear)), k), 1);
	assert_string_equal(k[0].form, "dropbear");
	/* PKCS#8: version 0, algorithm, octets. */
	uint8_t der[80] = { 0x30, 78, 2, 1, 0, 0x30, 5, 6, 3, 1, 2, 3, 4, 66 };
	assert_int_equal(key_find(span_of(der, sizeof(der)), k), 1);
	assert_string_equal(k[0].what, "private key");
	assert_int_equal(class_of("etc/x", span_of(der, sizeof(der))), FILE_KEY);
}

static void accounts_say_who_gets_in_without_a_password(void **state)
{
	(void)state;
	static const char text[] = "# comment\nroot::0:0:root:/root:/bin/sh\nbad line\r\n"
				   "admin:$1$abcdefgh$0123456789012345678901:0:0::/:/bin/sh\n"
				   "nobody:*:99:99::/:/bin/false\nx:x:5:5:::/bin/sh\n"
				   "des:abJnggxhB/yWI:1:1:::/bin/sh";
	struct rd r = rd_of(SPAN_LIT(text));
	struct account a;
	uint32_t line = 0;
	assert_true(account_next(&r, &line, &a));
	assert_true(span_is(a.name, "root"));
	assert_int_equal(a.state, ACCOUNT_OPEN);
	assert_int_equal(a.line, 2);
	assert_true(account_next(&r, &line, &a));
	assert_int_equal(a.state, ACCOUNT_HASH);
	assert_string_equal(a.scheme, "MD5");
	assert_true(account_next(&r, &line, &a));
	assert_int_equal(a.state, ACCOUNT_LOCKED);
	assert_true(account_next(&r, &line, &a));
	assert_int_equal(a.state, ACCOUNT_SHADOW);
	assert_true(account_next(&r, &line, &a));
	assert_string_equal(a.scheme, "DES");
	assert_int_equal(a.line, 7);
	assert_false(account_next(&r, &line, &a));
}

static void texts_are_found_in_four_forms(void **state)
{
	(void)state;
	static const char bytes[] = "\1\2abc\0"
				    "192.0.2.119\0\xff"
				    "caf\xc3\xa9 au lait\0\xff"
				    "w\0i\0d\0e\0!\0\xff\xff\0w\0i\0d\0e";
	struct strings s = { .s = SPAN_LIT(bytes), .least = 4 };
	struct string t;
	assert_true(strings_next(&s, &t));
	assert_true(span_is(t.bytes, "192.0.2.119"));
	assert_int_equal(t.offset, 6);
	assert_int_equal(t.form, STRING_ASCII);
	assert_true(strings_next(&s, &t));
	assert_int_equal(t.form, STRING_UTF8);
	assert_int_equal(t.characters, 12);
	assert_true(strings_next(&s, &t));
	assert_int_equal(t.form, STRING_UTF16LE);
	assert_int_equal(t.characters, 5);
	assert_true(strings_next(&s, &t));
	assert_int_equal(t.form, STRING_UTF16BE);
	assert_false(strings_next(&s, &t));
}

struct tree_file {
	const char *path, *content, *target;     /* target: a link */
};

struct model {
	struct members *m;
	struct paths *p;
	struct arena a;
	struct startup s;
};

static void model_of(struct model *o, const struct tree_file *files, size_t n)
{
	o->m = members_new(budget_for(0), -1);
	for (size_t i = 0; i < n; i++) {
		struct member head = { .path = span_str(files[i].path), .target = span_str(files[i].target),
				       .type = files[i].target ? MEMBER_SYMLINK : MEMBER_FILE };
		members_input(o->m, &head, span_str(files[i].content));
	}
	arena_init(&o->a, 1 << 20);
	o->p = paths_new(o->m);
	startup_read(o->m, o->p, &o->a, &o->s);
}

static void model_done(struct model *o)
{
	startup_done(&o->s);
	paths_free(o->p);
	arena_done(&o->a);
	members_free(o->m);
}

static uint32_t find_start(const struct model *o, const char *command)
{
	for (uint32_t i = 0; i < o->s.n; i++)
		if (span_is(o->s.v[i].command, command))
			return i;
	return NONE;
}

static void paths_follow_links_and_end_in_circles(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "bin/busybox", "x", NULL }, { "bin/sh", NULL, "busybox" }, { "sbin", NULL, "/bin" },
		{ "usr/sbin", NULL, "../sbin" },
		{ "a", NULL, "b" }, { "b", NULL, "a" }, { "out", NULL, "../../../bin/sh" },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	assert_int_equal(paths_find(o.p, (struct root){ .container = 0 }, span_str("/bin/sh")), 0);
	assert_int_equal(paths_find(o.p, (struct root){ .container = 0 }, span_str("/sbin/sh")), 0);
	assert_int_equal(paths_find(o.p, (struct root){ .container = 0 }, span_str("usr/sbin/../sbin/./busybox")), 0);
	assert_int_equal(paths_find(o.p, (struct root){ .container = 0 }, span_str("/out")), 0);
	assert_int_equal(paths_find(o.p, (struct root){ .container = 0 }, span_str("/a")), NONE);
	assert_int_equal(paths_find(o.p, (struct root){ .container = 0 }, span_str("/none")), NONE);
	assert_int_equal(paths_find(o.p, (struct root){ .container = 1 }, span_str("/bin/sh")), NONE);
	assert_int_equal(paths_program(o.p, (struct root){ .container = 0 }, span_str("busybox")), 0);
	model_done(&o);
}

static void the_start_up_graph_goes_from_inittab_through_scripts(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "etc/inittab", "# c\n::sysinit:/etc/init.d/rcS\n::respawn:-/opt/bin/monitor -q\nid:3:initdefault:\n", NULL },
		{ "etc/init.d/rcS", "#!/bin/sh\nmount -a\nfor i in /etc/init.d/S??*; do\n  [ -x $i ] && $i start\ndone\n", NULL },
		{ "etc/init.d/S20net",
		  "#!/bin/sh\n. /etc/net.conf\nif [ -n \"$IP\" ]; then ifconfig eth0 up # up\nfi\ntelnetd -l /bin/sh &\n", NULL },
		{ "etc/init.d/S10log", "#!/bin/sh\nstart-stop-daemon -S -b -x /sbin/syslogd -- -n\n", NULL },
		{ "etc/net.conf", "IP=192.0.2.1\nunknown_function x\n", NULL },
		{ "opt/bin/monitor", "\177ELF", NULL },
		{ "bin/mount", "x\1\2\3", NULL },
		{ "sbin/ifconfig", "x\1\2\3", NULL },
		{ "sbin/syslogd", "\177ELF", NULL },
		{ "usr/sbin/telnetd", "\177ELF", NULL },
		{ "bin/sh", "\177ELF", NULL },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	uint32_t rcs = find_start(&o, "/etc/init.d/rcS"), mount = find_start(&o, "mount -a"),
		 log = find_start(&o, "/etc/init.d/S10log start"), net = find_start(&o, "/etc/init.d/S20net start"),
		 up = find_start(&o, "ifconfig eth0 up"), telnet = find_start(&o, "telnetd -l /bin/sh"),
		 daemon = find_start(&o, "start-stop-daemon -S -b -x /sbin/syslogd -- -n"),
		 monitor = find_start(&o, "/opt/bin/monitor -q");
	assert_true(rcs == 0 && mount == 1 && log < net && net < telnet && telnet < monitor && monitor != NONE);
	assert_int_equal(o.s.v[mount].parent, rcs);
	assert_int_equal(o.s.v[net].parent, rcs);
	assert_int_equal(o.s.v[telnet].parent, net);
	assert_int_equal(o.s.v[telnet].program, 9);
	assert_int_equal(o.s.v[daemon].program, 8);
	assert_true(o.s.v[up].conditional);
	assert_false(o.s.v[telnet].conditional);
	assert_string_equal(o.s.v[monitor].when, "respawn");
	assert_int_equal(o.s.v[monitor].program, 5);
	assert_int_equal(find_start(&o, "unknown_function x"), NONE);
	model_done(&o);
}

static void units_tables_and_run_levels_start_things_too(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "etc/inittab",
		  "si::sysinit:/etc/init.d/rc S\nl3:3:wait:/etc/init.d/rc 3\nl5:5:wait:/etc/init.d/rc 5\nid:3:initdefault:\n", NULL },
		{ "etc/init.d/rc", "#!/bin/sh\n", NULL },
		{ "etc/rc3.d/S05a", "#!/bin/sh\n", NULL },
		{ "etc/rc5.d/S05b", "#!/bin/sh\n", NULL },
		{ "etc/systemd/system/multi-user.target.wants/m.service", NULL, "/lib/systemd/system/m.service" },
		{ "lib/systemd/system/m.service", "[Service]\nExecStartPre=-/bin/prepare\nExecStart=/opt/m --password=hunter2 -x\n",
		  NULL },
		{ "etc/crontab", "MAILTO=x\n0 3 * * * root /usr/bin/fetch http://192.0.2.7/\n", NULL },
		{ "etc/inetd.conf", "#x\ntelnet stream tcp nowait root /usr/sbin/tcpd /usr/sbin/telnetd -l /bin/sh\n", NULL },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	assert_int_not_equal(find_start(&o, "/etc/rc3.d/S05a start"), NONE);
	assert_int_equal(find_start(&o, "/etc/rc5.d/S05b start"), NONE);
	uint32_t m = find_start(&o, "/opt/m --password=*** -x"), cron = find_start(&o, "/usr/bin/fetch http://192.0.2.7/"),
		 inetd = find_start(&o, "/usr/sbin/tcpd /usr/sbin/telnetd -l /bin/sh");
	assert_true(m != NONE && cron != NONE && inetd != NONE);
	assert_string_equal(o.s.v[m].when, "systemd, multi-user.target");
	assert_string_equal(o.s.v[cron].when, "cron 0 3 * * *");
	assert_string_equal(o.s.v[inetd].when, "inetd telnet/tcp");
	model_done(&o);
}

static void what_is_plugged_in_starts_things_too(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "etc/inittab", "::sysinit:/etc/start\n", NULL },
		{ "etc/mdev.conf",
		  "# sdz 0:0 660 @/bin/none\nnull 0:0 666\nsd[a-z][0-9] 0:0 660 */etc/plug.sh add > /tmp/log\n"
		  "mmcblk[0-9]p[0-9] root:disk 660 =disk/ *(/etc/card.sh)\n",
		  NULL },
		{ "etc/udev/rules.d/90.rules",
		  "#RUN+=\"/bin/none\"\nKERNEL==\"sd*\", ACTION==\"add\", RUN+=\"/bin/sh /etc/rule.sh %k\"\n", NULL },
		{ "etc/hotplug.d/block/10-mount", "#!/bin/sh\n", NULL },
		{ "etc/plug.sh", "#!/bin/sh\n", NULL },
		{ "etc/card.sh", "#!/bin/sh\n", NULL },
		{ "etc/rule.sh", "#!/bin/sh\n", NULL },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	uint32_t plug = find_start(&o, "/etc/plug.sh add > /tmp/log"), card = find_start(&o, "/etc/card.sh)"),
		 rule = find_start(&o, "/bin/sh /etc/rule.sh %k"), whole = find_start(&o, "etc/hotplug.d/block/10-mount");
	assert_true(plug != NONE && card != NONE && rule != NONE && whole != NONE);
	assert_string_equal(o.s.v[plug].when, "hot plug sd[a-z][0-9]");
	assert_int_equal(o.s.v[plug].program, 4);
	assert_int_equal(o.s.v[card].program, 5);
	assert_int_equal(o.s.v[rule].program, 6);
	assert_int_equal(o.s.v[whole].program, 3);
	assert_int_equal(find_start(&o, "/bin/none"), NONE);
	model_done(&o);
}

static void a_tree_below_a_folder_is_read_as_one(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "x@cramfs/etc/inittab", "::sysinit:/etc/init.d/rcS\n", NULL },
		{ "x@cramfs/etc/init.d/rcS", "#!/bin/sh\n/opt/run\n/out\n", NULL },
		{ "x@cramfs/opt/run", NULL, "/bin/real" }, { "x@cramfs/bin/real", "\177ELF", NULL }, { "bin/real", "\177ELF", NULL },
		{ "x@cramfs/out", NULL, "../../bin/real" },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	struct root root = { 0, span_str("x@cramfs") };
	assert_int_equal(paths_find(o.p, root, span_str("/opt/run")), 3);
	assert_int_equal(paths_find(o.p, root, span_str("../bin/real")), 3);
	assert_int_equal(paths_find(o.p, root, span_str("/x@cramfs/opt/run")), NONE);
	uint32_t run = find_start(&o, "/opt/run"), out = find_start(&o, "/out");
	assert_true(run != NONE && out != NONE);
	assert_int_equal(o.s.v[run].program, 3);
	assert_int_equal(o.s.v[out].program, 3);  /* no link leads out of the device's "/" */
	model_done(&o);
}

static void what_only_its_place_starts_is_said_to_be_so(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "etc/inittab", "::sysinit:/etc/start\n", NULL }, { "etc/start", "#!/bin/sh\n/etc/init.d/S10a\n", NULL },
		{ "etc/init.d/S10a", "#!/bin/sh\n", NULL }, { "etc/init.d/S20b", "#!/bin/sh\n", NULL },
		{ "etc/init.d/never", "#!/bin/sh\n", NULL }, { "etc/rc6.d/S10off", "#!/bin/sh\n", NULL },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	uint32_t a = find_start(&o, "/etc/init.d/S10a"), b = find_start(&o, "/etc/init.d/S20b");
	assert_true(a != NONE && b != NONE);
	assert_string_equal(o.s.v[a].when, "boot");
	assert_string_equal(o.s.v[b].when, "by its place");
	assert_int_equal(find_start(&o, "/etc/init.d/never"), NONE);
	assert_int_equal(find_start(&o, "/etc/rc6.d/S10off"), NONE);
	model_done(&o);
}

/* What follows a script's own text is a packed file; what lies in its place may be no script at all. */
static void bytes_that_are_no_text_start_nothing(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "etc/init.d/rcS", "#!/bin/sh\n/opt/noise\n/opt/pack\n/opt/chinese\n", NULL },
		{ "opt/noise", "\xd1/a\x90 \x8e;/b/\xc1|\x1f/\x80\n/c&/d;/e\n/f\n", NULL },
		{ "opt/pack", "#!/bin/sh\n/bin/unpack $0\n\x1f\x8b\x08/x;/y|/z\n/w\n", NULL },
		{ "opt/chinese", "#!/bin/sh\n# \xc6\xf4\xb6\xaf\n/bin/unpack\n", NULL }, { "bin/unpack", "\177ELF", NULL },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	assert_int_equal(o.s.n, 6);              /* rcS, its three, and unpack twice */
	assert_int_equal(find_start(&o, "/w"), NONE);
	assert_int_equal(find_start(&o, "/f"), NONE);
	model_done(&o);
}

static void scripts_that_call_each_other_end(void **state)
{
	(void)state;
	static const struct tree_file files[] = {
		{ "etc/init.d/rcS", "#!/bin/sh\n/a\n/etc/init.d/rcS\n. /a\n", NULL },
		{ "a", "/etc/init.d/rcS\n/a\n/a | /a && /a", NULL },
	};
	struct model o;
	model_of(&o, files, ARRAY_LEN(files));
	assert_true(o.s.n > 2 && o.s.n < 20);
	model_done(&o);
}

static void passwords_in_commands_are_blanked_and_nothing_else(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "mount -o username=a,password=b //x /y", "mount -o username=a,password=*** //x /y" },
		{ "wget --http-passwd secret http://x", "wget --http-passwd *** http://x" },
		{ "cp /etc/passwd /tmp", "cp /etc/passwd /tmp" },
		{ "PASS=a telnetd", "PASS=*** telnetd" },
		{ "ls -l /tmp", "ls -l /tmp" },
	};
	struct arena a;
	arena_init(&a, 1 << 16);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal((const char *)startup_blanked(&a, span_str(cases[i][0])).p, cases[i][1]);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mention_of_a_key_is_no_key),
		cmocka_unit_test(bytes_that_are_no_text_start_nothing),
		cmocka_unit_test(scripts_that_call_each_other_end),
		cmocka_unit_test(a_tree_below_a_folder_is_read_as_one),
		cmocka_unit_test(what_only_its_place_starts_is_said_to_be_so),
		cmocka_unit_test(paths_follow_links_and_end_in_circles),
		cmocka_unit_test(kinds_are_told_by_content_before_name),
		cmocka_unit_test(keys_are_found_anywhere),
		cmocka_unit_test(accounts_say_who_gets_in_without_a_password),
		cmocka_unit_test(texts_are_found_in_four_forms),
		cmocka_unit_test(the_start_up_graph_goes_from_inittab_through_scripts),
		cmocka_unit_test(what_is_plugged_in_starts_things_too),
		cmocka_unit_test(units_tables_and_run_levels_start_things_too),
		cmocka_unit_test(passwords_in_commands_are_blanked_and_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
