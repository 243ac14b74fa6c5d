/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets at medical devices: logins, published credentials, plain updates, readers, devices that are to be silent.
 * Real decoders read what is said; the quiet hospital comes first. */
#include "fake_ward.h"

#include "decode/vitals.h"

extern const struct detector detector_remote_login, detector_known_credential, detector_silent_device,
	detector_unregistered_reader, detector_plain_update;
extern const struct decoder decoder_telnet, decoder_ftp, decoder_http, decoder_arp, decoder_dhcp, decoder_hl7,
	decoder_dicom, decoder_rpc, decoder_snmp, decoder_vnc, decoder_mindray, decoder_intellivue;

static const struct detector *const table[] = {
	&detector_remote_login, &detector_known_credential, &detector_silent_device, &detector_unregistered_reader,
	&detector_plain_update, NULL,
};
static const struct decoder *const from[] = {
	&decoder_telnet, &decoder_ftp, &decoder_http, &decoder_arp, &decoder_dhcp, &decoder_hl7, &decoder_dicom, &decoder_rpc,
	&decoder_snmp, &decoder_vnc, &decoder_mindray, &decoder_intellivue, NULL,
};

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

static struct session session(struct ward *w, const struct decoder *dec, const char *client, const char *server,
			      uint16_t port)
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

static void telnet(struct ward *w, const char *client, const char *server, const char *user, const char *password,
		   bool let_in)
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

static void ftp(struct ward *w, const char *client, const char *server, const char *user, const char *password,
		bool let_in)
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
	ward_quiet(w);
}

static void what_a_monitor_itself_opens_is_no_login_to_it(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ftp(w, MONITOR, SERVER, "root", "root", true);
	ward_ended(w, session(w, &decoder_telnet, MONITOR, SERVER, SSH).at, "ssh", "closed", 9000, 9000);
	ward_ended(w, session(w, &decoder_telnet, PC, MONITOR, VNC).at, "vnc", "refused", 0, 0);
	ward_quiet(w);
}

static void a_registered_service_station_may_log_in(void **state)
{
	(void)state;
	struct ward *w = ward("[service biomed]\naddress = 10.1.9.0/24\ndevice = 10.1.2.0/24\n");
	telnet(w, PC, MONITOR, "anna", "Sommer-2024", true);
	ASSERT_SILENT(ward_said(w), "net.remote-login");
	telnet(w, PC, MONITOR, "insite", "2getin", true);
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.known-credential\",\"severity\":\"medium\"");
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

static void event(struct ward *w, const struct record_type *t, struct origin at, const char *what, const char *flag)
{
	struct record r;
	record_begin(&r, t, &at, &w->host);
	record_str(&r, (unsigned)record_type_field(t, "event"), what);
	if (flag)
		record_bool(&r, (unsigned)record_type_field(t, flag), true);
	ward_publish(w, &r);
}

static void a_desktop_that_lets_anybody_in_is_told_so(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	struct origin at = ward_contact_to(w, PC, MONITOR, VNC, TCP);
	event(w, decoder_vnc.types[0], ward_back(w, at), "security", "no_password");
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "by vnc from 10.1.9.9");
	ASSERT_SAYS(said, "it was let in without a password");
	ward_free(w);
	w = ward(NULL);
	at = ward_contact_to(w, PC, SERVER, VNC, TCP);
	event(w, decoder_vnc.types[0], ward_back(w, at), "security", "no_password");
	ward_quiet(w);
}

static void bytes(struct session *s, bool to_server, struct span b)
{
	struct ward *w = s->w;
	struct origin at = to_server ? s->at : ward_back(w, s->at);
	at.ts = w->ts += 1000000;
	at.packet = ++w->packet;
	struct sink sink = { ward_decoded, w };
	struct emit e = { .at = &at, .host = &w->host, .sink = &sink, .body = no_body, .expect = no_expect };
	struct message m = { .bytes = b, .to_server = to_server, .over = at.proto == TCP ? OVER_TCP : OVER_UDP };
	assert_true(s->dec->decode(&m, s->state, &e));
	arena_reset(&w->arena);
}

/* RFC 6143 7.1 and 7.3: versions, one way offered and chosen, the result, both ends begin. */
static void screen(struct ward *w, uint8_t type, bool let_in)
{
	const uint8_t offered[] = { 1, type }, result[] = { 0, 0, 0, !let_in };
	struct session s = session(w, &decoder_vnc, PC, MONITOR, VNC);
	bytes(&s, false, SPAN_LIT("RFB 003.008\n"));
	bytes(&s, true, SPAN_LIT("RFB 003.008\n"));
	bytes(&s, false, span_of(offered, 2));
	bytes(&s, true, span_of(&type, 1));
	if (type == 2) {
		bytes(&s, false, SPAN_LIT("0123456789abcdef"));
		bytes(&s, true, SPAN_LIT("fedcba9876543210"));
	}
	bytes(&s, false, span_of(result, 4));
}

static void a_screen_without_a_password_is_told_from_its_very_bytes(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	screen(w, 2, false);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "by vnc from 10.1.9.9");
	ASSERT_SAYS(said, "it was refused");
	ASSERT_SILENT(said, "let in without a password");
	ward_free(w);
	w = ward(NULL);
	screen(w, 1, true);
	ASSERT_SAYS(ward_said(w), "by vnc from 10.1.9.9, in another network of the site; it was let in without a password");
	ward_free(w);
}

/* ---- communities ---- */

enum { UDP = 17, SNMP = 161, GET = 0xa0, RESPONSE = 0xa2, SET = 0xa3 };

/* RFC 1157 4.1: version 1, a community, a request with one object. */
static void snmp(struct session *s, bool to_server, uint8_t pdu, const char *community, uint8_t request, uint8_t error)
{
	struct buf b = { 0 };
	size_t n = strlen(community);
	static const uint8_t object[] = { 0x30, 12, 0x30, 10, 6, 6, 0x2b, 6, 1, 2, 1, 1, 5, 0 };
	buf_u8(&b, 0x30);
	buf_u8(&b, (uint8_t)(3 + 2 + n + 2 + 9 + sizeof(object)));
	buf_bytes(&b, SPAN_LIT("\x02\x01\x00\x04"));
	buf_u8(&b, (uint8_t)n);
	buf_text(&b, community);
	buf_u8(&b, pdu);
	buf_u8(&b, 9 + sizeof(object));
	const uint8_t head[] = { 2, 1, request, 2, 1, error, 2, 1, 0 };
	buf_bytes(&b, span_of(head, sizeof(head)));
	buf_bytes(&b, span_of(object, sizeof(object)));
	bytes(s, to_server, buf_span(&b));
	buf_done(&b);
}

static struct session agent(struct ward *w, const char *client, const char *server)
{
	struct session s = { .w = w, .dec = &decoder_snmp, .at = ward_contact_to(w, client, server, SNMP, UDP) };
	ward_answered(w, s.at, 64);
	return s;
}

static void reads(struct ward *w, const char *client, const char *server, const char *community)
{
	struct session s = agent(w, client, server);
	for (uint8_t i = 1; i < 4; i++) {
		snmp(&s, true, GET, community, i, 0);
		snmp(&s, false, RESPONSE, community, i, 0);
	}
}

static void a_community_of_its_own_and_a_printer_that_is_read_are_nobodys_business(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_PRINTER, "lp", "10.1.2.80");
	for (int i = 0; i < 5; i++) {
		reads(w, PC, "10.1.2.80", "public");
		reads(w, SERVER, MONITOR, "ward-7-of-its-own");
	}
	ward_quiet(w);
}

static void a_monitor_that_all_read_by_the_factorys_community_is_one_word_of_information(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (int i = 0; i < 20; i++) {
		reads(w, PC, MONITOR, "public");
		reads(w, SERVER, MONITOR, "public");
		reads(w, "10.1.9.10", MONITOR, "public");
	}
	const char *said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SAYS(said, "\"rule\":\"net.known-credential\",\"severity\":\"info\"");
	ASSERT_SAYS(
		said,
		"accepted an SNMP community that is the factory default of most products by snmp from 10.1.9.9 and 2 others");
	ASSERT_SAYS(said, "asked by 10.1.2.200");
	reads(w, FAR, MONITOR, "public");
	said = ward_said(w);
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "from 203.0.113.9 and 3 others, outside the site");
	ward_free(w);
}

static void a_change_by_the_factorys_community_is_told_when_it_is_asked_for_and_when_it_is_made(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	struct session s = agent(w, PC, MONITOR);
	snmp(&s, true, SET, "ward-7-of-its-own", 1, 0);
	snmp(&s, false, RESPONSE, "ward-7-of-its-own", 1, 0);
	assert_string_equal(ward_said(w), "");
	s = agent(w, PC, MONITOR);
	snmp(&s, true, SET, "private", 7, 0);
	snmp(&s, false, RESPONSE, "private", 7, 4);              /* readOnly */
	snmp(&s, false, RESPONSE, "private", 6, 0);              /* to something else */
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.known-credential\",\"severity\":\"medium\"");
	ASSERT_SAYS(said, "was asked for changes with an SNMP community");
	snmp(&s, true, SET, "private", 8, 0);
	snmp(&s, false, RESPONSE, "private", 8, 0);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "was changed with an SNMP community");
	ASSERT_SILENT(said, "private");
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
	ASSERT_SAYS(ward_said(w), "accepted a published credential of GE Discovery NM 750b, XR656 by http");
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

/* ---- devices that are to be silent ---- */

static void a_device_that_may_speak_does(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_contact_to(w, MONITOR, SERVER, 6661, TCP);
	ward_arp(w, &decoder_arp, ward_mac(1), MONITOR, SERVER, 1);
	ASSERT_SILENT(ward_said(w), "net.silent-device-speaks");
	ward_free(w);
}

static void what_others_send_to_a_silent_device_is_not_its_doing(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	w->devices.v[1].disabled = true;
	ward_contact_to(w, SERVER, MONITOR, 80, TCP);
	ward_arp(w, &decoder_arp, ward_mac(2), SERVER, MONITOR, 1);
	ASSERT_SILENT(ward_said(w), "net.silent-device-speaks");
	ward_free(w);
}

static void one_frame_of_a_silent_device_is_told_and_more_weighs_more(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	w->devices.v[1].disabled = true;
	ward_arp(w, &decoder_arp, ward_mac(1), MONITOR, SERVER, 1);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.silent-device-speaks\",\"severity\":\"medium\"");
	ASSERT_SAYS(said, "is not to be on the network, and sent ARP");
	struct origin at = ward_contact_to(w, SERVER, MONITOR, 80, TCP);
	ward_answered(w, at, 64);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "answered 10.1.2.200 on port 80");
	ward_contact_to(w, MONITOR, FAR, 443, TCP);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"critical\"");
	ASSERT_SAYS(said, "outside the site");
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ward_free(w);
}

/* ---- readers ---- */

static struct origin vital(struct ward *w, struct origin at, bool to_server)
{
	struct record r;
	struct origin o = to_server ? at : ward_back(w, at);
	record_begin(&r, &vitals_type, &o, &w->host);
	record_str(&r, VITALS_PROTOCOL, "hl7");
	record_str(&r, VITALS_NAME, "heart_rate");
	record_real(&r, VITALS_VALUE, 72);
	ward_publish(w, &r);
	return o;
}

static void associate(struct ward *w, const char *client, const char *server, const char *uid)
{
	struct record r;
	struct origin at = ward_contact_to(w, client, server, 11112, TCP);
	const struct record_type *t = decoder_dicom.types[0];
	record_begin(&r, t, &at, &w->host);
	record_str(&r, (unsigned)record_type_field(t, "event"), "associate-rq");
	record_add_text(&r, (unsigned)record_type_field(t, "abstract_syntaxes"), span_str(uid));
	ward_publish(w, &r);
}

#define FIND     "1.2.840.10008.5.1.4.1.2.2.1"
#define WORKLIST "1.2.840.10008.5.1.4.31"
#define VERIFY   "1.2.840.10008.1.1"

static void a_monitor_that_sends_its_values_has_no_reader(void **state)
{
	(void)state;
	struct ward *w = ward("[reader hub]\naddress = 10.1.2.250\n");
	vital(w, ward_contact_to(w, MONITOR, SERVER, 6661, TCP), true);
	vital(w, ward_contact_to(w, MONITOR, FAR, 6661, TCP), true);
	ASSERT_SILENT(ward_said(w), "net.unregistered-reader");
	ward_free(w);
}

static void who_called_must_have_been_seen(void **state)
{
	(void)state;
	struct ward *w = ward("[reader hub]\naddress = 10.1.2.250\n");
	vital(w, ward_packet(w, SERVER, MONITOR, 6661, TCP), false);
	ASSERT_SILENT(ward_said(w), "net.unregistered-reader");
	ward_free(w);
}

static void without_a_list_a_reader_inside_is_information(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	vital(w, ward_contact_to(w, SERVER, MONITOR, 4601, TCP), false);
	associate(w, PC, MONITOR, VERIFY);
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.unregistered-reader\",\"severity\":\"info\"");
	ward_free(w);
}

static void a_reader_that_is_entered_reads_and_another_is_told(void **state)
{
	(void)state;
	struct ward *w = ward("[reader hub]\naddress = 10.1.2.200\n[central]\naddress = 10.1.2.201\n");
	vital(w, ward_contact_to(w, SERVER, MONITOR, 4601, TCP), false);
	vital(w, ward_contact_to(w, "10.1.2.201", MONITOR, 4601, TCP), false);
	ASSERT_SILENT(ward_said(w), "net.unregistered-reader");
	struct origin at = ward_contact_to(w, PC, MONITOR, 4601, TCP);
	vital(w, at, false);
	vital(w, at, false);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.unregistered-reader\",\"severity\":\"medium\"");
	ASSERT_SAYS(said, "gave measured values to 10.1.9.9 by hl7");
	ASSERT_SAYS(said, "\"messages\":2");
	vital(w, ward_contact_to(w, FAR, MONITOR, 4601, TCP), false);
	ASSERT_SAYS(ward_said(w), "\"severity\":\"critical\"");
	ward_free(w);
}

static void who_asks_a_monitor_by_its_makers_protocol_is_told_once(void **state)
{
	(void)state;
	struct ward *w = ward("[reader hub]\naddress = 10.1.2.200\n");
	event(w, decoder_mindray.types[0], ward_contact_to(w, SERVER, MONITOR, 4601, TCP), "query", NULL);
	event(w, decoder_mindray.types[0], ward_contact_to(w, MONITOR, PC, 4601, TCP), "query", NULL);
	ASSERT_SILENT(ward_said(w), "net.unregistered-reader");
	struct origin at = ward_contact_to(w, PC, MONITOR, 24105, 17);
	event(w, decoder_intellivue.types[0], at, "associate-request", NULL);
	ASSERT_SAYS(ward_said(w), "was sent queries by 10.1.9.9 by intellivue");
	vital(w, at, false);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "gave measured values to 10.1.9.9");
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 1);
	ward_free(w);
}

static void questions_to_an_archive_count_once_readers_are_entered(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_PACS, "pacs", "10.1.2.40");
	associate(w, PC, "10.1.2.40", FIND);
	associate(w, PC, "10.1.2.40", WORKLIST);
	ASSERT_SILENT(ward_said(w), "net.unregistered-reader");
	associate(w, FAR, "10.1.2.40", FIND);
	ASSERT_SAYS(ward_said(w), "\"severity\":\"high\"");
	ward_free(w);
	w = ward("[reader viewers]\naddress = 10.1.7.0/24\n");
	ward_device(w, ROLE_PACS, "pacs", "10.1.2.40");
	ward_device(w, ROLE_IMAGING, "ct", "10.1.2.41");
	associate(w, "10.1.7.3", "10.1.2.40", FIND);
	associate(w, "10.1.2.41", "10.1.2.40", WORKLIST);
	associate(w, PC, "10.1.2.40", VERIFY);
	ASSERT_SILENT(ward_said(w), "net.unregistered-reader");
	associate(w, PC, "10.1.2.40", FIND);
	ASSERT_SAYS(ward_said(w), "was asked for patients and images by 10.1.9.9");
	ward_free(w);
}

/* ---- updates ---- */

static void get(struct ward *w, const char *client, const char *server, const char *what, const char *path)
{
	char text[256];
	struct session s = session(w, &decoder_http, client, server, HTTP);
	snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: updates.example\r\nContent-Length: 0\r\n\r\n", what, path);
	say(&s, true, text);
}

static void came(struct ward *w, const char *from_server, const char *to, bool code)
{
	struct record r;
	struct origin at = ward_back(w, ward_packet(w, to, from_server, HTTP, TCP));
	record_begin(&r, &ward_transfer, &at, &w->host);
	record_str(&r, WARD_FILE_VIA, "http");
	record_str(&r, WARD_FILE_PATH, "/pkg/monitor.bin");
	record_str(&r, WARD_FILE_CLASS, "ELF program");
	record_bool(&r, WARD_FILE_CODE, code);
	record_uint(&r, WARD_FILE_BYTES, 4096);
	ward_publish(w, &r);
}

static void pages_and_other_peoples_updates_are_no_finding(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	get(w, SERVER, FAR, "GET", "/msdownload/update/v3/a.cab");
	get(w, MONITOR, FAR, "GET", "/index.html");
	get(w, MONITOR, FAR, "GET", "/js/update.js");
	get(w, MONITOR, FAR, "GET", "/vitals/lastupdated");
	get(w, MONITOR, SERVER, "POST", "/results/forward");
	came(w, FAR, MONITOR, false);
	ASSERT_SILENT(ward_said(w), "net.plain-update");
	ward_free(w);
}

static void a_registered_update_server_is_wanted(void **state)
{
	(void)state;
	struct ward *w = ward("[update biomed]\naddress = 10.1.2.200\n");
	get(w, MONITOR, SERVER, "GET", "/firmware/pm8000.bin");
	came(w, SERVER, MONITOR, true);
	ASSERT_SILENT(ward_said(w), "net.plain-update");
	ward_free(w);
}

static void asking_is_told_and_getting_weighs_more(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	get(w, MONITOR, FAR, "GET", "/pm8000/firmware/latest.txt");
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.plain-update\",\"severity\":\"medium\"");
	ASSERT_SAYS(said, "asked for updates by plain HTTP at 203.0.113.9 (/pm8000/firmware/latest.txt), outside the site");
	came(w, FAR, MONITOR, true);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "\"content\":\"ELF program\"");
	get(w, PC, MONITOR, "POST", "/cgi-bin/fwupgrade");
	ASSERT_SAYS(ward_said(w), "was given an update by plain HTTP by 10.1.9.9");
	ward_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_between_servers_are_nobodys_business),
		cmocka_unit_test(what_a_monitor_itself_opens_is_no_login_to_it),
		cmocka_unit_test(a_registered_service_station_may_log_in),
		cmocka_unit_test(a_screen_without_a_password_is_told_from_its_very_bytes),
		cmocka_unit_test(a_community_of_its_own_and_a_printer_that_is_read_are_nobodys_business),
		cmocka_unit_test(a_monitor_that_all_read_by_the_factorys_community_is_one_word_of_information),
		cmocka_unit_test(a_change_by_the_factorys_community_is_told_when_it_is_asked_for_and_when_it_is_made),
		cmocka_unit_test(a_login_by_telnet_is_told_with_its_outcome_and_distance),
		cmocka_unit_test(a_desktop_session_without_any_credentials_is_told_by_its_conversation),
		cmocka_unit_test(a_desktop_that_lets_anybody_in_is_told_so),
		cmocka_unit_test(who_asks_a_monitor_by_its_makers_protocol_is_told_once),
		cmocka_unit_test(a_role_that_shows_later_still_counts),
		cmocka_unit_test(passwords_of_ones_own_are_not_known),
		cmocka_unit_test(the_user_must_fit_the_password),
		cmocka_unit_test(a_published_pair_names_its_product_and_never_itself),
		cmocka_unit_test(the_same_pair_is_known_by_ftp_and_by_a_web_page),
		cmocka_unit_test(an_empty_password_of_root_is_known),
		cmocka_unit_test(from_outside_into_any_device_counts),
		cmocka_unit_test(a_device_that_may_speak_does),
		cmocka_unit_test(what_others_send_to_a_silent_device_is_not_its_doing),
		cmocka_unit_test(one_frame_of_a_silent_device_is_told_and_more_weighs_more),
		cmocka_unit_test(a_monitor_that_sends_its_values_has_no_reader),
		cmocka_unit_test(who_called_must_have_been_seen),
		cmocka_unit_test(without_a_list_a_reader_inside_is_information),
		cmocka_unit_test(a_reader_that_is_entered_reads_and_another_is_told),
		cmocka_unit_test(questions_to_an_archive_count_once_readers_are_entered),
		cmocka_unit_test(pages_and_other_peoples_updates_are_no_finding),
		cmocka_unit_test(a_registered_update_server_is_wanted),
		cmocka_unit_test(asking_is_told_and_getting_weighs_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
