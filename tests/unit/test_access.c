/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets at medical devices: logins, published credentials, plain updates, readers, devices that are to be silent.
 * Real decoders read what is said; the quiet hospital comes first. */
#include "fake_ward.h"

extern const struct detector detector_remote_login, detector_known_credential;
extern const struct decoder decoder_telnet, decoder_ftp, decoder_http;

static const struct detector *const table[] = { &detector_remote_login, &detector_known_credential, NULL };
static const struct decoder *const from[] = { &decoder_telnet, &decoder_ftp, &decoder_http, NULL };

#define MONITOR "10.1.2.3"
#define SERVER  "10.1.2.200"
#define PC      "10.1.9.9"
#define FAR     "203.0.113.9"

enum { TCP = 6, TELNET = 23, FTP = 21, SSH = 22, HTTP = 80, VNC = 5900 };

/* ---- a conversation through its decoder ---- */

struct session {
	struct ward *w;
	const struct decoder *dec;
	struct origin at;
	uint64_t state[STATE_MAX / 8];
};

static void no_body(struct emit *e, const struct body *b)
{
	(void)e;
	(void)b;
}

static void no_expect(struct emit *e, const struct expect *x)
{
	(void)e;
	(void)x;
}

static struct session session(struct ward *w, const struct decoder *dec, const char *client, const char *server, uint16_t port)
{
	struct origin at = ward_contact_to(w, client, server, port, TCP);
	ward_answered(w, at, 64);
	return (struct session){ .w = w, .dec = dec, .at = at };
}

static void say(struct session *s, bool to_server, const char *text)
{
	struct ward *w = s->w;
	struct origin at = s->at;
	if (!to_server)
		at = ward_back(w, at);
	at.ts = w->ts += 1000000;
	at.packet = ++w->packet;
	struct sink sink = { ward_decoded, w };
	struct emit e = { .at = &at, .host = &w->host, .sink = &sink, .body = no_body, .expect = no_expect };
	struct message m = { .bytes = span_str(text), .to_server = to_server, .over = OVER_TCP };
	assert_true(s->dec->decode(&m, s->state, &e));
	arena_reset(&w->arena);
}

static void telnet(struct ward *w, const char *client, const char *server, const char *user, const char *password, bool let_in)
{
	struct session s = session(w, &decoder_telnet, client, server, TELNET);
	say(&s, false, "\xff\xfd\x18\xff\xfd\x20login: ");
	say(&s, true, user);
	say(&s, true, "\r\n");
	say(&s, false, "Password: ");
	say(&s, true, password);
	say(&s, true, "\r\n");
	say(&s, false, let_in ? "\r\n# " : "\r\nLogin incorrect\r\nlogin: ");
}

static void ftp(struct ward *w, const char *client, const char *server, const char *user, const char *password, bool let_in)
{
	char line[128];
	struct session s = session(w, &decoder_ftp, client, server, FTP);
	say(&s, false, "220 FTP ready\r\n");
	snprintf(line, sizeof(line), "USER %s\r\n", user);
	say(&s, true, line);
	say(&s, false, "331 password\r\n");
	snprintf(line, sizeof(line), "PASS %s\r\n", password);
	say(&s, true, line);
	say(&s, false, let_in ? "230 in\r\n" : "530 no\r\n");
}

static void basic(struct ward *w, const char *client, const char *server, const char *coded, const char *answer)
{
	char text[256];
	struct session s = session(w, &decoder_http, client, server, HTTP);
	snprintf(text, sizeof(text), "GET /service HTTP/1.1\r\nHost: m\r\nAuthorization: Basic %s\r\n\r\n", coded);
	say(&s, true, text);
	snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n", answer);
	say(&s, false, text);
}

static struct ward *ward(const char *conf)
{
	struct ward *w = ward_new(table, from, conf);
	w->router = ward_mac(60000);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	ward_device(w, ROLE_SERVER, "srv", SERVER);
	return w;
}

/* ---- logins ---- */

static void logins_between_servers_are_nobodys_business(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	telnet(w, PC, SERVER, "anna", "Sommer-2024", true);
	telnet(w, PC, SERVER, "root", "root", true);
	ftp(w, MONITOR, SERVER, "anonymous", "mon@", true);
	ward_ended(w, session(w, &decoder_telnet, PC, SERVER, SSH).at, "ssh", "closed", 9000, 9000);
	assert_string_equal(ward_said(w), "");
	ward_free(w);
}

static void what_a_monitor_itself_opens_is_no_login_to_it(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ftp(w, MONITOR, SERVER, "root", "root", true);
	ward_ended(w, session(w, &decoder_telnet, MONITOR, SERVER, SSH).at, "ssh", "closed", 9000, 9000);
	ward_ended(w, session(w, &decoder_telnet, PC, MONITOR, VNC).at, "vnc", "refused", 0, 0);
	assert_string_equal(ward_said(w), "");
	ward_free(w);
}

static void a_registered_service_station_may_log_in(void **state)
{
	(void)state;
	struct ward *w = ward("[service biomed]\naddress = 10.1.9.0/24\ndevice = 10.1.2.0/24\n");
	telnet(w, PC, MONITOR, "anna", "Sommer-2024", true);
	ASSERT_SILENT(ward_said(w), "net.remote-login");
	telnet(w, "10.1.8.1", MONITOR, "anna", "Sommer-2024", true);
	ASSERT_SAYS(ward_said(w), "net.remote-login");
	ward_free(w);
}

static void a_login_by_telnet_is_told_with_its_outcome_and_distance(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	telnet(w, PC, MONITOR, "anna", "Sommer-2024", false);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.remote-login\",\"severity\":\"low\"");
	ASSERT_SAYS(said, "it was refused (1 attempt)");
	telnet(w, PC, MONITOR, "anna", "Sommer-2025", true);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "it was let in");
	ASSERT_SILENT(said, "net.known-credential");
	telnet(w, FAR, MONITOR, "anna", "Sommer-2025", true);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"critical\"");
	ASSERT_SAYS(said, "outside the site");
	ASSERT_SILENT(said, "anna");
	ASSERT_SILENT(said, "Sommer");
	ward_free(w);
}

static void a_desktop_session_without_any_credentials_is_told_by_its_conversation(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	struct session s = session(w, &decoder_telnet, FAR, MONITOR, VNC);
	ward_ended(w, s.at, "vnc", "closed", 4000, 90000);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "by vnc from 203.0.113.9, outside the site; whether it was let in was not seen");
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "\"packet\":");
	ward_free(w);
}

static void a_role_that_shows_later_still_counts(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t id = ward_device(w, ROLE_UNKNOWN, "new", "10.1.2.77");
	telnet(w, PC, "10.1.2.77", "anna", "Sommer-2024", true);
	ASSERT_SILENT(ward_said(w), "net.remote-login");
	w->devices.v[id].role = ROLE_PUMP;
	ASSERT_SAYS(ward_said(w), "infusion pump");
	ward_free(w);
}

/* ---- published credentials ---- */

static void passwords_of_ones_own_are_not_known(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	telnet(w, PC, MONITOR, "root", "Xy7!kkp", true);
	ftp(w, PC, MONITOR, "anonymous", "ftp", true);
	basic(w, PC, MONITOR, "YW5uYTpTb21tZXItMjAyNA==", "200 OK");
	ASSERT_SILENT(ward_said(w), "net.known-credential");
	ward_free(w);
}

static void the_user_must_fit_the_password(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	telnet(w, PC, MONITOR, "xruser", "2getin", true);
	ASSERT_SILENT(ward_said(w), "net.known-credential");
	ward_free(w);
}

static void a_published_pair_names_its_product_and_never_itself(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	telnet(w, PC, MONITOR, "insite", "2getin", true);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-credential\",\"severity\":\"high\"");
	ASSERT_SAYS(said, "GE Discovery NM 750b");
	ASSERT_SAYS(said, "CVE-2013-7404");
	ASSERT_SILENT(said, "insite");
	ASSERT_SILENT(said, "2getin");
	ward_free(w);
}

static void the_same_pair_is_known_by_ftp_and_by_a_web_page(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ftp(w, PC, MONITOR, "insite", "2getin", false);
	ASSERT_SAYS(ward_said(w), "refused a published credential of GE Discovery NM 750b");
	basic(w, PC, MONITOR, "aW5zaXRlOjJnZXRpbg==", "200 OK");
	ASSERT_SAYS(ward_said(w), "let in a published credential of GE Discovery NM 750b, XR656 by http");
	basic(w, PC, MONITOR, "YWRtaW46YWRtaW4=", "401 No");
	ASSERT_SAYS(ward_said(w), "refused a credential that is anybody's first guess by http");
	ward_free(w);
}

static void an_empty_password_of_root_is_known(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	telnet(w, FAR, MONITOR, "root", "", true);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-credential\",\"severity\":\"critical\"");
	ASSERT_SAYS(said, "it was let in without a password");
	ward_free(w);
}

static void from_outside_into_any_device_counts(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	telnet(w, FAR, SERVER, "root", "xc3511", true);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-credential\",\"severity\":\"medium\"");
	ASSERT_SILENT(said, "net.remote-login");
	ward_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_between_servers_are_nobodys_business),
		cmocka_unit_test(what_a_monitor_itself_opens_is_no_login_to_it),
		cmocka_unit_test(a_registered_service_station_may_log_in),
		cmocka_unit_test(a_login_by_telnet_is_told_with_its_outcome_and_distance),
		cmocka_unit_test(a_desktop_session_without_any_credentials_is_told_by_its_conversation),
		cmocka_unit_test(a_role_that_shows_later_still_counts),
		cmocka_unit_test(passwords_of_ones_own_are_not_known),
		cmocka_unit_test(the_user_must_fit_the_password),
		cmocka_unit_test(a_published_pair_names_its_product_and_never_itself),
		cmocka_unit_test(the_same_pair_is_known_by_ftp_and_by_a_web_page),
		cmocka_unit_test(an_empty_password_of_root_is_known),
		cmocka_unit_test(from_outside_into_any_device_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
