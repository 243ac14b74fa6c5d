/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords, accounts and keys that lie in an image: what must fire, and its benign twin that must not. */
#include "fake_image.h"

#include "fw/pass/scene.h"

static void a_password_is_found_and_not_shown(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/menu");
	fake_call(&k, CALL_SEND, "send", "fd=#4", "data=\"Password: ", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recv}", "b=\"swordfish9", NULL);
	fake_fires(&k, "fw.fixed-credential", SEV_HIGH);
	assert_false(fake_says(&k, fake_found(&k, "fw.fixed-credential"), "swordfish9"));
	fake_end(&k);

	fake_begin(&k);                          /* nobody was asked for a password: a word among others */
	fake_program(&k, "bin/menu");
	fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recv}", "b=\"swordfish9", NULL);
	fake_run(&k);
	assert_null(fake_found(&k, "fw.fixed-credential"));
	fake_end(&k);
}

static void a_password_that_nobody_could_type_is_none(void **state)
{
	(void)state;
	static const char *const values[] = { "value=\"@\5", "value=\"hunter22" };
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/imap-send");
		fake_call(&k, CALL_NETWORK, "curl_easy_setopt", "option=#10174", values[i], NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.fixed-credential") != NULL, i);
		fake_end(&k);
	}
}

static void passwords_in_files_of_settings(void **state)
{
	(void)state;
	static const struct {
		const char *path, *text, *title;         /* NULL: nothing of it */
	} cases[] = {
		/* what only speaks of a password */
		{ "etc/nsswitch.conf", "passwd: files systemd\npasswd: compat\n", NULL },
		{ "etc/pam.d/login", "password required pam_unix.so\n", NULL },
		{ "etc/ssh/sshd_config", "PasswordAuthentication yes\nPermitRootLogin prohibit-password\n", NULL },
		{ "etc/samba/smb.conf", "unix password sync = yes\npasswd program = /usr/bin/passwd %u\npasswd chat = *new*\n",
		  NULL },
		{ "etc/app.conf",
		  "#password = hunter22\n; password=hunter22\n// password: hunter22\npassword=\npassword_file /etc/x\n", NULL },
		{ "etc/app.conf",
		  "password=$PASS\npassword = ${X}\npassword: <password>\npassword=YOUR_PASSWORD\npassword=xxxxxxxx\n", NULL },
		{ "etc/app.conf", "password = the word that you were given\npassword_min_length = 1234\nshow_password = 1234\n",
		  NULL },
		{ "srv/web/lang/de.json", "{\"password\": \"Passwort\"}\n", NULL },
		{ "etc/services", "kpasswd 464/tcp\n", NULL },
		{ "etc/app.json", "/**\n * For the token:\n\"Pin\" : \"hunter22\"\n **/\n", NULL },
		{ "etc/app.cfg.lua", "-- password = \"hunter22\"\nSET PASSWORD FOR 'a'@'b' = 'hunter22'\n", NULL },
		{ "etc/radius/sites-available/x", "secret = hunter22\n", NULL },
		{ "etc/labels.ini", "Password=password\n", NULL },
		{ "etc/api.json", "{ \"password\": { \"type\": \"string\" } }\n", NULL },
		{ "etc/users.xml", "<!-- <user name=\"a\"\n password=\"hunter22\"/>\n-->\n", NULL },
		{ "etc/ppp/chap-secrets", "# client server secret\n", NULL },
		/* what is one */
		{ "etc/app.conf", "password=hunter22\n", "in clear: password" },
		{ "etc/app.conf", "export SMTP_PASSWORD=hunter22\n", "in clear: SMTP_PASSWORD" },
		{ "etc/cwmp.conf", "[cwmp]\nacs_username=cwmp\nacs_password=hunter22\ncpe_password = 'hunter23'\n",
		  "2 passwords in clear" },
		{ "etc/wpa_supplicant.conf", "network={\n\tssid=\"x\"\n\tpsk=\"hunter22\"\n}\n", "in clear: psk" },
		{ "etc/config/wireless", "config wifi-iface\n\toption key 'hunter22'\n", "in clear: key" },
		{ "etc/mosquitto/bridge.conf", "remote_username a\nremote_password hunter22\n", "in clear: remote_password" },
		{ "etc/app.json", "{ \"user\": \"a\", \"password\": \"hunter22\" }\n", "in clear: password" },
		{ "etc/db_default_cfg.xml", "<DM name=\"Pass\" val=\"hunter22\"/>\n<DM name=\"Port\" val=\"8080\"/>\n",
		  "in clear: Pass" },
		{ "etc/tree.xml", "<User Name=\"a\" Password=\"hunter22\"/>\n", "in clear: Password" },
		{ "etc/tree.xml", "<Password>hunter22</Password>\n", "in clear: Password" },
		{ "etc/app.yaml", "mqtt:\n  password: hunter22\n", "in clear: password" },
		{ "etc/ppp/chap-secrets", "# client server secret\nunit * \"hunter22\" *\n", "in clear: password" },
		{ "etc/httpd.conf", "A:*\n/cgi-bin:admin:hunter22\n", "in clear: password" },
		{ "etc/httpd.conf", "/cgi-bin:admin:$1$abcdefgh$0123456789012345678901\n", "hashed: password" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		(void)fake_file(&k, cases[i].path, scene_kind_of(span_str(cases[i].path), span_str(cases[i].text)), cases[i].text);
		fake_run(&k);
		const struct finding *f = fake_found(&k, "fw.fixed-credential");
		if (cases[i].title ? !f || !strstr(f->title, cases[i].title) : f != NULL)
			fail_msg("%s: %s: %s", cases[i].path, f ? f->title : "nothing", cases[i].text);
		assert_false(f && fake_says(&k, f, "hunter"));
		fake_end(&k);
	}
}

static void a_copy_of_accounts_beside_live_ones_weighs_less(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	(void)fake_file(&k, "etc/passwd", SCENE_ACCOUNTS, "root:abJnggxhB/yWI:0:0:root:/:/bin/sh\n");
	(void)fake_file(&k, "usr/share/factory/passwd", SCENE_ACCOUNTS, "svc:x:0:0::/:/bin/sh\nroot::0:0:root:/:/bin/sh\n");
	fake_run(&k);
	unsigned copies = 0;
	for (uint32_t i = 0; i < k.nfound; i++)
		if (strstr(k.found[i]->title, "once this copy is put in place")) {
			copies++;
			assert_int_equal(k.found[i]->severity, strstr(k.found[i]->title, "svc") ? SEV_LOW : SEV_MEDIUM);
		}
	assert_int_equal(copies, 2);
	fake_end(&k);
}

#define BODY "MIIBQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\n"

static void accounts_and_keys(void **state)
{
	(void)state;
	static const struct {
		const char *path, *text;
		enum scene_kind kind;
		int severity;
		const char *rule, *trait;
	} cases[] = {
		{ "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:*:99:99::/:/bin/false\n", SCENE_ACCOUNTS, -1,
		  "fw.weak-account", "" },
		{ "etc/passwd", "root::0:0:root:/root:/bin/sh\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "empty password" },
		{ "etc/passwd", "svc::5:5::/:/bin/sh\n", SCENE_ACCOUNTS, SEV_MEDIUM, "fw.weak-account", "empty password" },
		{ "etc/passwd", "svc::5:5::/:/usr/sbin/nologin\n", SCENE_ACCOUNTS, -1, "fw.weak-account", "" },
		{ "etc/passwd", "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n", SCENE_ACCOUNTS, SEV_MEDIUM, "fw.weak-account",
		  "second account with user number 0" },
		/* who is called something else but has number 0 alone is root */
		{ "etc/passwd", "admin:x:0:0::/:/bin/sh\n", SCENE_ACCOUNTS, -1, "fw.weak-account", "" },
		/* copies that a start-up script puts in place */
		{ "etc/defaults/shadow", "root::10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account",
		  "empty password" },
		{ "etc/passwd.bak", "admin::0:0:root:/:/bin/sh\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "empty password" },
		{ "etc_ro/passwd", "root::0:0:root:/:/bin/sh\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "empty password" },
		{ "etc/shadow-", "root::10933:0:99999:7:::\n", SCENE_OTHER, -1, "fw.weak-account", "" },
		{ "etc/pam.d/passwd", "@include common-password\npassword required pam_unix.so\n", SCENE_OTHER, -1, "fw.weak-account",
		  "" },
		{ "srv/web/passwd.txt", "user:pass\n", SCENE_OTHER, -1, "fw.weak-account", "" },
		{ "etc/shadow", "root:$1$abcdefgh$0123456789012345678901:10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_MEDIUM,
		  "fw.weak-account", "fixed password" },
		{ "etc/shadow",
		  "root:$6$abcdefgh$9ehA1XIe9sCJhvBeN5h.RC6LqfRSSWtoz7EQ8yIGIjMhjV.YuAGz92H/3NCOenRyWVHeI7yYtjYttPHAVf97S0:10933:0:99999:7:::\n",
		  SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "guessable password" },
		{ "etc/shadow", "svc:$1$abcdefgh$MY664lZ4/dfiHNpYW23//.:10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_MEDIUM,
		  "fw.weak-account", "guessable password" },
		{ "etc/shadow", "svc:$1$abcdefgh$jVzdEBf0V6boUsqBR981U.:10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_LOW,
		  "fw.weak-account", "fixed password" },
		{ "etc/shadow", "root:$6$rounds=999999999$abcdefgh$x:1:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_MEDIUM, "fw.weak-account",
		  "fixed password" },
		{ "etc/shadow", "root:*:10933:0:99999:7:::\ndaemon:!:1::::::\n", SCENE_ACCOUNTS, -1, "fw.weak-account", "" },
		{ "etc/ssl/key.pem", "-----BEGIN RSA PRIVATE KEY-----\n" BODY BODY "-----END RSA PRIVATE KEY-----\n", SCENE_KEYS,
		  SEV_MEDIUM, "fw.private-key", "" },
		{ "etc/ssl/ca.pem", "-----BEGIN CERTIFICATE-----\n" BODY BODY "-----END CERTIFICATE-----\n", SCENE_KEYS, -1,
		  "fw.private-key", "" },
		{ "default.prop", "ro.secure=0\n", SCENE_OTHER, SEV_MEDIUM, "fw.debug-left", "Android for developers" },
		{ "default.prop", "ro.secure=1\n#ro.debuggable=1\nro.adb.secure=1\n", SCENE_OTHER, -1, "fw.debug-left", "" },
		{ "root/.ssh/authorized_keys", "ssh-rsa AAAA x\n", SCENE_KEYS, SEV_MEDIUM, "fw.fixed-credential", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		assert_int_equal(scene_kind_of(span_str(cases[i].path), span_str(cases[i].text)), cases[i].kind);
		(void)fake_file(&k, cases[i].path, cases[i].kind, cases[i].text);
		fake_run(&k);
		struct finding *f = fake_found(&k, cases[i].rule);
		if (fake_severity(f) != cases[i].severity)
			fail_msg("number %zu", i);
		if (f && cases[i].trait[0])
			assert_true(span_is(f->observed->v[OBS_TRAITS].texts.v[0], cases[i].trait));
		fake_end(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_found_and_not_shown),
		cmocka_unit_test(a_password_that_nobody_could_type_is_none),
		cmocka_unit_test(accounts_and_keys),
		cmocka_unit_test(passwords_in_files_of_settings),
		cmocka_unit_test(a_copy_of_accounts_beside_live_ones_weighs_less),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
