/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles: reading refuses with the place, matching follows the order of rules, what is learned is what was
 * seen often enough, and the detector speaks only of what a profile forbids. */
#include "fake_ward.h"
#include "profile/learn.h"

extern const struct detector detector_profile_violation;
extern const struct decoder decoder_dhcp, decoder_dns;

static const struct detector *const table[] = { &detector_profile_violation, NULL };
static const struct decoder *const from[] = { &decoder_dhcp, &decoder_dns, NULL };

#define HEAD "{\"ietf-mud:mud\":{\"mud-version\":1,\"mud-url\":\"https://maker.example/m.json\"," \
	"\"last-update\":\"2026-01-01T00:00:00Z\",\"is-supported\":true,\"extensions\":[\"auscult\"]," \
	"\"auscult:devices\":[{\"addresses\":[\"10.1.2.3\"]}]," \
	"\"from-device-policy\":{\"access-lists\":{\"access-list\":[{\"name\":\"f\"}]}}," \
	"\"to-device-policy\":{\"access-lists\":{\"access-list\":[{\"name\":\"t\"}]}}}," \
	"\"ietf-access-control-list:acls\":{\"acl\":["
#define FROM(aces) "{\"name\":\"f\",\"type\":\"ipv4-acl-type\",\"aces\":{\"ace\":[" aces "]}},"
#define TO(aces)   "{\"name\":\"t\",\"type\":\"ipv4-acl-type\",\"aces\":{\"ace\":[" aces "]}}"
#define TAIL "]}}"
#define ACE(matches, what) "{\"name\":\"x\",\"matches\":{" matches "},\"actions\":{\"forwarding\":\"" what "\"}}"
#define TCP_TO(net, port) \
	"\"ipv4\":{\"protocol\":6,\"destination-ipv4-network\":\"" net "\"}," \
	"\"tcp\":{\"ietf-mud:direction-initiated\":\"from-device\",\"destination-port\":{\"operator\":\"eq\",\"port\":" port \
	"}}"
#define NAMED(name) "\"ipv4\":{\"protocol\":6,\"ietf-acldns:dst-dnsname\":\"" name "\"}"

static const struct profile *read_text(struct profiles *t, const char *text, struct complaints *said)
{
	return profiles_read(t, span_str(text), "test.json", said);
}

static void refused(const char *text, const char *wanted)
{
	struct profiles *t = profiles_new();
	struct complaints said = { 0 };
	assert_null(read_text(t, text, &said));
	assert_int_not_equal(said.errors, 0);
	buf_u8(&said.text, 0);
	if (!strstr((const char *)said.text.p, wanted))
		fail_msg("not said: %s\nin: %s", wanted, (const char *)said.text.p);
	complaints_done(&said);
	profiles_free(t);
}

static void what_is_no_profile_is_refused_with_its_place(void **state)
{
	(void)state;
	refused("", "not JSON");
	refused("[]", "not a MUD file");
	refused("{}", "/ietf-mud:mud: is missing");
	refused("{\"ietf-mud:mud\":{\"mud-version\":1,\"mud-version\":1}}", "not JSON");
	refused("{\"ietf-mud:mud\":{\"mud-version\":2}}", "/ietf-mud:mud/mud-version: is no number from 1 to 1");
	refused(HEAD FROM("") "{\"name\":\"f\",\"aces\":{\"ace\":[]}}" TAIL, "/acl/1: the name \"f\" stands twice");
	refused(HEAD FROM("") "{\"name\":\"u\"}" TAIL,
		"/to-device-policy/access-lists/access-list/0: no access list is named \"t\"");
	refused(HEAD FROM(ACE(TCP_TO("10.0.0.0/33", "1"), "accept")) TO("") TAIL,
		"/acl/0/aces/ace/0/matches/ipv4/destination-ipv4-network");
	refused(HEAD FROM(ACE(TCP_TO("10.0.0.1/32", "70000"), "accept")) TO("") TAIL,
		"/tcp/destination-port/port: is no number");
	refused(HEAD FROM(ACE(TCP_TO("10.0.0.1/32", "1"), "perhaps")) TO("") TAIL, "none of accept, drop, reject");
	refused(HEAD FROM(ACE("\"ipv4\":{\"surprise\":1}", "accept")) TO("") TAIL, "ipv4/surprise: is no condition");
	refused(HEAD FROM(ACE("\"tcp\":{},\"udp\":{}", "accept")) TO("") TAIL, "several transports");
}

static void bombs_are_refused_before_they_are_built(void **state)
{
	(void)state;
	struct buf deep = { 0 };
	buf_fill(&deep, '[', 100000);
	buf_u8(&deep, 0);
	refused((const char *)deep.p, "nested too deeply");
	buf_reset(&deep);
	buf_text(&deep, "[0");
	for (int i = 0; i < 5 << 20; i++)
		buf_bytes(&deep, SPAN_LIT(",0"));
	buf_u8(&deep, 0);
	refused((const char *)deep.p, "too many values");
	buf_done(&deep);
}

/* ---- matching ---- */

static enum profile_says unknown_name(void *ctx, const struct profile *p, const struct peer *peer, struct addr a)
{
	(void)ctx;
	(void)p;
	(void)a;
	return peer->kind == PEER_NAME ? PROFILE_UNKNOWN : PROFILE_NO;
}

static enum profile_says ask(const struct profile *p, const char *peer, uint16_t port, bool by_device)
{
	struct profile_packet k = { .outgoing = by_device, .opened_by_device = by_device, .peer = ward_ip(peer),
				    .peer_port = by_device ? port : 40000, .own_port = by_device ? 40000 : port, .proto = 6 };
	return profile_allows(p, &k, unknown_name, NULL, NULL);
}

static void the_first_rule_that_fits_decides(void **state)
{
	(void)state;
	struct profiles *t = profiles_new();
	struct complaints said = { 0 };
	const struct profile *p = read_text(t, HEAD FROM(ACE(TCP_TO("10.9.9.9/32", "80"), "drop") ","
		ACE(TCP_TO("10.9.0.0/16", "80"), "accept")) TO("") TAIL, &said);
	assert_non_null(p);
	assert_int_equal(ask(p, "10.9.9.9", 80, true), PROFILE_NO);
	assert_int_equal(ask(p, "10.9.9.8", 80, true), PROFILE_YES);
	assert_int_equal(ask(p, "10.9.9.8", 81, true), PROFILE_NO);
	assert_int_equal(ask(p, "10.8.9.8", 80, true), PROFILE_NO);
	assert_int_equal(ask(p, "10.9.9.8", 80, false), PROFILE_NO);
	complaints_done(&said);
	profiles_free(t);
}

static void what_a_name_means_stays_open(void **state)
{
	(void)state;
	struct profiles *t = profiles_new();
	struct complaints said = { 0 };
	const struct profile *p = read_text(t, HEAD FROM(ACE(NAMED("update.maker.example"), "accept") ","
		ACE(TCP_TO("10.9.0.0/16", "80"), "accept")) TO("") TAIL, &said);
	assert_non_null(p);
	assert_int_equal(ask(p, "203.0.113.5", 443, true), PROFILE_UNKNOWN);
	assert_int_equal(ask(p, "10.9.0.1", 80, true), PROFILE_YES);
	complaints_done(&said);
	profiles_free(t);
}

static void what_is_written_reads_back_the_same(void **state)
{
	(void)state;
	struct profiles *t = profiles_new();
	struct complaints said = { 0 };
	struct buf once = { 0 }, twice = { 0 };
	const struct profile *p =
		read_text(t,
			  HEAD FROM(ACE(TCP_TO("10.9.9.9/32", "80"), "drop") "," ACE(
				  NAMED("a.example") ",\"tcp\":{\"destination-port\":{\"lower-port\":1,\"upper-port\":9}}",
				  "accept") "," ACE("\"ietf-mud:mud\":{\"local-networks\":[null]}", "accept"))
				  TO(ACE("\"ipv4\":{\"protocol\":17},\"udp\":{\"source-port\":{\"operator\":\"neq\",\"port\":7}}",
					 "accept")) TAIL,
			  &said);
	assert_non_null(p);
	profile_write(&once, p);
	p = profiles_read(t, buf_span(&once), "once", &said);
	assert_non_null(p);
	profile_write(&twice, p);
	assert_true(span_eq(buf_span(&once), buf_span(&twice)));
	assert_int_equal(p->nrules, 4);
	assert_true(p->rules[3].peer.not);
	buf_done(&once);
	buf_done(&twice);
	complaints_done(&said);
	profiles_free(t);
}

/* ---- learning ---- */

static struct learn_talk talk(bool outgoing, const char *peer, uint16_t port, uint64_t count)
{
	return (struct learn_talk){ .outgoing = outgoing, .answered = true, .peer = ward_ip(peer), .protocol = "hl7",
				    .proto = 6, .port = port, .count = count };
}

static void rare_unanswered_and_outside_is_listed_not_allowed(void **state)
{
	(void)state;
	struct arena a;
	struct profile p = { .url = "https://x.invalid/d" };
	struct learn_talk v[] = { talk(true, "10.1.2.100", 2575, 5), talk(true, "10.1.2.101", 80, 1),
				  talk(true, "202.114.4.119", 515, 900), talk(true, "10.1.2.102", 21, 50) };
	v[2].outside = true;
	v[3].answered = false;
	arena_init(&a, 1 << 20);
	profile_learn(&p, &a, v, ARRAY_LEN(v), &(struct learn_options){ .least = 3 });
	assert_int_equal(p.nrules, 2);
	assert_int_equal(p.nleft_out, 3);
	assert_int_equal(ask(&p, "10.1.2.100", 2575, true), PROFILE_YES);
	assert_int_equal(ask(&p, "202.114.4.119", 515, true), PROFILE_NO);
	assert_string_equal(p.left_out[0].why, "nobody answered");
	assert_string_equal(p.left_out[1].why, "seen only 1 time");
	assert_string_equal(p.left_out[2].why, "outside the site");
	arena_done(&a);
}

static void many_peers_of_the_site_are_one_rule(void **state)
{
	(void)state;
	struct arena a;
	struct profile p = { .url = "https://x.invalid/d" };
	struct learn_talk v[LEARN_PEERS];
	for (unsigned i = 0; i < LEARN_PEERS; i++) {
		char text[ADDR_TEXT];
		snprintf(text, sizeof(text), "10.1.2.%u", i + 1);
		v[i] = talk(false, text, 6661, 9);
	}
	arena_init(&a, 1 << 20);
	profile_learn(&p, &a, v, LEARN_PEERS, &(struct learn_options){ .least = 3 });
	assert_int_equal(p.nrules, 2);
	assert_int_equal(p.rules[0].peers[0].kind, PEER_LOCAL);
	assert_false(p.rules[0].outgoing);
	assert_int_equal(p.rules[0].own.low, 6661);
	arena_done(&a);
}

/* ---- the detector ---- */

static const char *judge(struct ward **w, const char *aces, void (*traffic)(struct ward *w))
{
	static struct profiles *t;
	struct complaints said = { 0 };
	char text[4096];
	profiles_free(t);
	t = profiles_new();
	snprintf(text, sizeof(text), "%s{\"name\":\"f\",\"type\":\"ipv4-acl-type\",\"aces\":{\"ace\":[%s]}},%s%s", HEAD, aces,
		 TO(""), TAIL);
	assert_non_null(read_text(t, text, &said));
	complaints_done(&said);
	*w = ward_with(table, from, NULL, t);
	ward_device(*w, ROLE_MONITOR, "bed-4", "10.1.2.3");
	ward_device(*w, ROLE_CENTRAL, "central", "10.1.2.100");
	traffic(*w);
	ward_said(*w);
	return ward_said(*w);                    /* judged twice: the same again */
}

static void to_central(struct ward *w)
{
	struct origin at = ward_contact_to(w, "10.1.2.3", "10.1.2.100", 2575, 6);
	ward_answered(w, at, 64);
	at = ward_contact_to(w, "10.1.2.100", "10.1.2.9", 80, 6);
	at = ward_contact_to(w, "10.1.2.3", "10.1.2.255", 67, 17);
}

static void elsewhere(struct ward *w)
{
	to_central(w);
	struct origin at = ward_contact_to(w, "10.1.2.3", "203.0.113.9", 443, 6);
	ward_answered(w, at, 50);
	ward_contact_to(w, "10.1.2.100", "10.1.2.3", 23, 6);
}

static void what_a_profile_allows_is_silent(void **state)
{
	(void)state;
	struct ward *w;
	assert_string_equal(judge(&w, ACE(TCP_TO("10.1.2.100/32", "2575"), "accept"), to_central), "");
	ward_free(w);
}

static void what_it_does_not_allow_is_told_with_direction_and_reach(void **state)
{
	(void)state;
	struct ward *w;
	const char *said = judge(&w, ACE(TCP_TO("10.1.2.100/32", "2575"), "accept"), elsewhere);
	ASSERT_SAYS(said, "\"severity\":\"high\"");
	ASSERT_SAYS(said, "called 203.0.113.9 (TCP port 443)");
	ASSERT_SAYS(said, "was called by 10.1.2.100 (TCP port 23) and did not answer");
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 2);
	ASSERT_SAYS(said, "\"count\":1");
	ward_free(w);
}

static void a_name_that_nobody_resolved_is_no_violation(void **state)
{
	(void)state;
	struct ward *w;
	const char *said =
		judge(&w, ACE(NAMED("update.maker.example"), "accept") "," ACE(TCP_TO("10.1.2.100/32", "2575"), "accept"),
		      elsewhere);
	ASSERT_SILENT(said, "203.0.113.9");
	ward_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_profile_is_refused_with_its_place),
		cmocka_unit_test(bombs_are_refused_before_they_are_built),
		cmocka_unit_test(the_first_rule_that_fits_decides),
		cmocka_unit_test(what_a_name_means_stays_open),
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(rare_unanswered_and_outside_is_listed_not_allowed),
		cmocka_unit_test(many_peers_of_the_site_are_one_rule),
		cmocka_unit_test(what_a_profile_allows_is_silent),
		cmocka_unit_test(what_it_does_not_allow_is_told_with_direction_and_reach),
		cmocka_unit_test(a_name_that_nobody_resolved_is_no_violation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
