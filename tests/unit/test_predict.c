/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What firmware foretells, written as STIX and read again by the network half; and the case that both share. */
#include "fake_image.h"

#include "base/scope.h"
#include "detect/indicator.h"
#include "report/firmware.h"

enum { RECORDS = 32 };

struct told {
	struct fake k;
	struct record *v[RECORDS];
	size_t n;
	struct buf stix;
	struct indicators *indicators;
	size_t written;
};

static void tell(struct told *t)
{
	char err[256] = "", id[CASE_ID_TEXT];
	fake_run(&t->k);
	for (uint32_t i = 0; i < t->k.nfound && t->n < RECORDS; i++) {
		struct record *r = arena_new(&t->k.arena, sizeof(*r));
		finding_record(t->k.found[i], r, &t->k.host, scene_file_name, &t->k.scene);
		case_id(t->k.found[i], id);
		record_text(r, FND_CASE, arena_copy(&t->k.arena, span_str(id)));
		t->v[t->n++] = r;
	}
	t->written = firmware_predict(&t->stix, t->v, t->n, 1767225600);
	t->indicators = indicators_new();
	if (indicators_read(t->indicators, buf_span(&t->stix), "p.stix", err))
		fail_msg("%s", err);
}

static void forget(struct told *t)
{
	indicators_free(t->indicators);
	buf_done(&t->stix);
	fake_end(&t->k);
}

static struct addr address(const char *text)
{
	struct addr a = { 0 };
	(void)addr_parse(text, &a);
	return a;
}

static void nothing_found_foretells_nothing(void **state)
{
	(void)state;
	struct told t = { 0 };
	fake_begin(&t.k);
	(void)fake_file(&t.k, "etc/rcS", SCENE_SCRIPT, "mount -t nfs 192.168.1.2:/x /mnt; dropbear");
	tell(&t);
	assert_int_equal(t.written, 0);
	forget(&t);
}

static void a_mount_is_found_again_with_its_finding_and_case(void **state)
{
	(void)state;
	struct told t = { 0 };
	fake_begin(&t.k);
	(void)fake_file(&t.k, "etc/rcS", SCENE_SCRIPT, "mount -o nolock -t nfs 203.0.113.5:/it's /mnt");
	t.k.files[0].content = span_str("mount -o nolock -t nfs \"203.0.113.5:/it's\" /mnt");
	tell(&t);
	assert_true(t.written >= 2);
	const struct indicator *i = indicators_path(t.indicators, address("203.0.113.5"), SPAN_LIT("/it's"));
	assert_non_null(i);
	assert_true(strncmp(i->finding, "F-", 2) == 0);
	assert_true(strncmp(i->in_case, "C-", 2) == 0);
	assert_null(indicators_path(t.indicators, address("203.0.113.6"), SPAN_LIT("/it's")));
	assert_non_null(indicators_addr(t.indicators, address("203.0.113.5"), 0, 0));
	assert_null(indicators_addr(t.indicators, address("203.0.113.6"), 0, 0));
	forget(&t);
}

static void an_address_a_name_and_a_listener(void **state)
{
	(void)state;
	struct told t = { 0 };
	fake_begin(&t.k);
	fake_program(&t.k, "bin/monitor");
	fake_call(&t.k, CALL_NETWORK, "connect", "fd=#5", "to=@203.0.113.5/515", NULL);
	fake_call(&t.k, CALL_NETWORK, "connect", "fd=#6", "to=@cloud.example.org/8883", NULL);
	fake_call(&t.k, CALL_SEND, "send", "fd=#6", "data=\"x", NULL);
	fake_call(&t.k, CALL_NETWORK, "bind", "fd=#4", "address=@0.0.0.0/7329", NULL);
	fake_call(&t.k, CALL_RECEIVE, "recvfrom", "fd=#4", NULL);
	record_int(fake_call(&t.k, CALL_COMPARE, "strcmp", "a=\"{recvfrom}", "b=\"w302r_mfg", NULL), FWC_RESULT, 0);
	fake_call(&t.k, CALL_RUN, "system", "command=\"telnetd", NULL);
	tell(&t);
	assert_non_null(indicators_addr(t.indicators, address("203.0.113.5"), 515, 6));
	assert_non_null(indicators_name(t.indicators, SPAN_LIT("cloud.example.org")));
	const struct indicator *port = indicators_addr(t.indicators, address("10.0.0.9"), 7329, 6);
	assert_non_null(port);
	assert_non_null(port->finding);
	assert_null(indicators_addr(t.indicators, address("10.0.0.9"), 23, 6));       /* telnet is everybody's */
	buf_u8(&t.stix, 0);
	assert_non_null(strstr((const char *)t.stix.p, "payload_bin = 'dzMwMnJfbWZn'"));
	forget(&t);
}

static void the_same_findings_give_the_same_bytes(void **state)
{
	(void)state;
	struct told a = { 0 }, b = { 0 };
	fake_begin(&a.k);
	fake_begin(&b.k);
	(void)fake_file(&a.k, "x", SCENE_SCRIPT, "wget http://203.0.113.5/x");
	(void)fake_file(&b.k, "x", SCENE_SCRIPT, "wget http://203.0.113.5/x");
	tell(&a);
	tell(&b);
	assert_true(span_eq(buf_span(&a.stix), buf_span(&b.stix)));
	forget(&a);
	forget(&b);
}

static void what_was_foretold_joins_its_case_as_observed(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	(void)fake_file(&k, "x", SCENE_SCRIPT, "wget http://203.0.113.5/x");
	fake_run(&k);
	struct finding *f = k.found[0], seen = *f;
	char foretold[CASE_ID_TEXT], id[CASE_ID_TEXT];
	case_id(f, foretold);
	seen.predicted = false;
	seen.subject = arena_new(&k.arena, sizeof(*seen.subject));
	record_begin(seen.subject, &subject_type, NULL, &k.host);
	record_str(seen.subject, SUB_ID, "mac:02:00:00:00:00:01");
	case_id(&seen, id);
	assert_string_not_equal(id, foretold);
	seen.predicted_as = "F-0123456789";
	seen.predicted_case = foretold;
	case_id(&seen, id);
	assert_string_equal(id, foretold);
	struct finding *both[] = { f, &seen };
	struct record r;
	cases_sort(both, 2);
	assert_int_equal(case_length(both, 2), 2);
	case_record(both, 2, &r, &k.host);
	assert_true(span_is(record_get_text(&r, CASE_STATE), "observed"));
	assert_int_equal(r.v[CASE_FINDINGS].texts.n, 3);
	fake_end(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_found_foretells_nothing),
		cmocka_unit_test(a_mount_is_found_again_with_its_finding_and_case),
		cmocka_unit_test(an_address_a_name_and_a_listener),
		cmocka_unit_test(the_same_findings_give_the_same_bytes),
		cmocka_unit_test(what_was_foretold_joins_its_case_as_observed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
