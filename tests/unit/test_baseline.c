/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What earlier runs knew, and the rules that compare with it: new, changed and lost devices. */
#include "fake_ward.h"

#include "detect/baseline.h"

extern const struct detector detector_new_device, detector_device_changed, detector_device_lost;

static const struct detector *const table[] = {
	&detector_new_device, &detector_device_changed, &detector_device_lost, NULL,
};
static const struct decoder *const from[] = { NULL };

#define NOW_S UINT64_C(1700000000)               /* fake_ward begins on 2023-11-14 at 22:13:20 */

/* Three known devices, last seen an hour before the ward begins; the MACs are those that the ward gives. */
#define MONITOR_1 \
	"{\"kind\":\"device\",\"id\":\"D-00000001\",\"name\":\"mon-1\",\"role\":\"patient monitor\",\"medical\":true," \
	"\"mac\":\"02:00:00:00:00:01\",\"addresses\":[\"10.0.0.9\",\"10.1.2.3\"],\"version\":\"2.4\",\"serial\":\"S1\"," \
	"\"first\":\"2023-11-13T08:00:00Z\",\"last\":\"2023-11-14T21:13:20.5Z\",\"clues\":[" \
	"{\"what\":\"version\",\"said\":\"2.4\",\"from\":\"hl7.firmware\"},{\"what\":\"serial\",\"said\":\"S1\"," \
	"\"from\":\"hl7.device_id\"},{\"what\":\"name\",\"said\":\"mon-1\",\"from\":\"dhcp.host\"}]}\n"
#define CENTRAL_2 \
	"{\"id\":\"D-00000002\",\"role\":\"central station\",\"medical\":true,\"mac\":\"02:00:00:00:00:02\"," \
	"\"addresses\":[\"10.1.2.5\"],\"first\":\"2023-11-13T08:00:00Z\",\"last\":\"2023-11-14T21:00:00Z\"}\n"
#define PRINTER_3 "{\"id\":\"D-00000003\",\"role\":\"printer\",\"medical\":false,\"addresses\":[\"10.1.2.50\"]," \
	"\"first\":\"2023-11-13T08:00:00Z\",\"last\":\"2023-11-14T21:00:00Z\"}\n"

static struct baseline *known(const char *lines)
{
	struct baseline *b = baseline_new();
	baseline_read(b, span_str(lines));
	return b;
}

struct saying {
	const char *what, *from, *said;
};

/* The row of device n as the table publishes it at the end: seen from ..s to ..s after the ward began. */
static void publish_row(struct ward *w, uint32_t n, uint64_t first_s, uint64_t last_s, const struct saying *clues,
			size_t nclues)
{
	struct record r, said[4];
	char id[16];
	const struct ward_device *d = &w->devices.v[n];
	record_begin(&r, &ward_known, NULL, &w->host);
	snprintf(id, sizeof(id), "D-%08x", n);
	record_str(&r, WARD_DEV_ID, id);
	record_str(&r, WARD_DEV_ROLE, role_name(d->role));
	record_bool(&r, WARD_DEV_MEDICAL, role_is_medical(d->role));
	record_mac(&r, WARD_DEV_MAC, d->mac);
	char text[ADDR_TEXT];
	record_add_text(&r, WARD_DEV_ADDRESSES, span_str(addr_text(d->addr, text)));
	record_time(&r, WARD_DEV_FIRST, (NOW_S + first_s) * 1000000000u);
	record_time(&r, WARD_DEV_LAST, (NOW_S + last_s) * 1000000000u);
	for (size_t i = 0; i < nclues; i++) {
		record_begin(&said[i], &ward_clue, NULL, &w->host);
		record_str(&said[i], WARD_CLUE_WHAT, clues[i].what);
		record_str(&said[i], WARD_CLUE_FROM, clues[i].from);
		record_str(&said[i], WARD_CLUE_SAID, clues[i].said);
		record_add(&r, WARD_DEV_CLUES, &said[i]);
	}
	detect_record(w->detect, &r);
}

static struct ward *ward(const struct baseline *b)
{
	struct ward *w = ward_after(table, from, NULL, b);
	ward_device(w, ROLE_MONITOR, "mon-1", "10.1.2.3");
	ward_device(w, ROLE_CENTRAL, "cms", "10.1.2.5");
	ward_device(w, ROLE_PRINTER, "prn", "10.1.2.50");
	return w;
}

static void everybody(struct ward *w)
{
	static const struct saying clues[] = { { "version", "hl7.firmware", "2.4" }, { "serial", "hl7.device_id", "S1" } };
	publish_row(w, 1, 10, 3600, clues, 2);
	publish_row(w, 2, 10, 3600, NULL, 0);
	publish_row(w, 3, 10, 3600, NULL, 0);
}

/* ---- reading ---- */

static void lines_that_are_no_devices_are_skipped_and_counted(void **state)
{
	(void)state;
	struct baseline *b = known("\n[1]\n{\"id\":7}\nnonsense\n{\"id\":\"\"}\n" MONITOR_1 MONITOR_1
				   "{\"id\":\"x\",\"clues\":{},"
				   "\"addresses\":[3],\"mac\":\"zz\",\"last\":\"never\"}");
	assert_int_equal(baseline_count(b), 2);
	assert_int_equal(baseline_skipped(b), 5);
	const struct baseline_device *d = baseline_find(b, SPAN_LIT("D-00000001"), NULL);
	assert_non_null(d);
	assert_int_equal(d->nsayings, 2);
	assert_true(d->mac.b[5] == 1 && d->medical);
	assert_int_equal(d->last, (NOW_S - 3600) * 1000000000u + 500000000u);
	assert_ptr_equal(baseline_by_addr(b, ward_ip("10.1.2.3")), d);
	assert_null(baseline_by_addr(b, ward_ip("10.0.0.9")));
	assert_null(baseline_find(b, SPAN_LIT("D-00000009"), NULL));
	baseline_free(b);
	baseline_free(NULL);
}

/* ---- quiet ---- */

static void without_a_baseline_nothing_is_new_changed_or_lost(void **state)
{
	(void)state;
	struct baseline *empty = known("");
	struct ward *w = ward(NULL), *v = ward(empty);
	everybody(w);
	everybody(v);
	assert_string_equal(ward_said(w), "");
	assert_string_equal(ward_said(v), "");
	ward_free(w);
	ward_free(v);
	baseline_free(empty);
}

static void the_same_devices_again_are_nothing(void **state)
{
	(void)state;
	struct baseline *b = known(MONITOR_1 CENTRAL_2 PRINTER_3);
	struct ward *w = ward(b);
	everybody(w);
	ward_quiet(w);
	baseline_free(b);
}

static void an_older_capture_read_later_is_nothing(void **state)
{
	(void)state;
	struct baseline *b = known("{\"id\":\"D-00000009\",\"last\":\"2024-01-01T00:00:00Z\",\"addresses\":[\"10.1.2.9\"],"
				   "\"medical\":true,\"role\":\"patient monitor\"}\n");
	struct ward *w = ward(b);
	everybody(w);
	ward_quiet(w);
	baseline_free(b);
}

static void another_protocol_that_words_it_otherwise_is_no_change(void **state)
{
	(void)state;
	static const struct saying clues[] = { { "version", "dicom.version", "V2_4_SP1" },
					       { "serial", "hl7.device_id", "S1" } };
	struct baseline *b = known(MONITOR_1 CENTRAL_2 PRINTER_3);
	struct ward *w = ward(b);
	publish_row(w, 1, 10, 3600, clues, 2);
	publish_row(w, 2, 10, 3600, NULL, 0);
	ASSERT_SILENT(ward_said(w), "net.device-changed");
	ward_free(w);
	baseline_free(b);
}

static void who_speaks_for_several_has_not_changed(void **state)
{
	(void)state;
	static const struct saying clues[] = {
		{ "serial", "hl7.device_id", "S7" }, { "serial", "hl7.device_id", "S8" }, { "serial", "hl7.device_id", "S9" },
	};
	struct baseline *b = known(MONITOR_1);
	struct ward *w = ward(b);
	publish_row(w, 1, 10, 3600, clues, 3);
	ASSERT_SILENT(ward_said(w), "net.device-changed");
	ward_free(w);
	baseline_free(b);
}

static void a_network_that_was_not_watched_has_lost_nobody(void **state)
{
	(void)state;
	struct baseline *b = known(MONITOR_1 CENTRAL_2 PRINTER_3);
	struct ward *w = ward(b);
	publish_row(w, 2, 10, 900, NULL, 0);     /* a quarter of an hour is not enough */
	ASSERT_SILENT(ward_said(w), "net.device-lost");
	uint32_t far = ward_device(w, ROLE_SERVER, "far", "10.9.9.9");
	publish_row(w, far, 10, 7200, NULL, 0);
	ASSERT_SILENT(ward_said(w), "net.device-lost");
	ward_free(w);
	baseline_free(b);
}

/* ---- told ---- */

static void a_new_device_is_information_and_more_when_it_acts_clinically(void **state)
{
	(void)state;
	struct baseline *b = known(MONITOR_1 CENTRAL_2 PRINTER_3);
	struct ward *w = ward(b);
	everybody(w);
	uint32_t pc = ward_device(w, ROLE_WORKSTATION, "pc", "10.1.2.60");
	publish_row(w, pc, 20, 30, NULL, 0);
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.new-device\",\"severity\":\"info\"");
	uint32_t pump = ward_device(w, ROLE_PUMP, "pump", "10.1.2.61");
	ward_contact_to(w, "10.1.2.61", "10.1.2.5", 2575, 6);
	publish_row(w, pump, 20, 30, NULL, 0);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.new-device\",\"severity\":\"low\"");
	ASSERT_SAYS(said, "pump (10.1.2.61) was not here before");
	ASSERT_SAYS(said, "\"packet\":1");
	uint32_t engine = ward_device(w, ROLE_HL7_ENGINE, "hub", "10.1.2.5");
	publish_row(w, engine, 20, 30, NULL, 0);
	said = ward_said(w);
	ASSERT_SAYS(said, "\"severity\":\"medium\"");
	ASSERT_SAYS(said, "another device had its address");
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 3);
	ward_free(w);
	baseline_free(b);
}

static void another_firmware_and_another_serial_number_are_told(void **state)
{
	(void)state;
	static const struct saying clues[] = { { "version", "hl7.firmware", "2.5-x" }, { "serial", "hl7.device_id", "S2" } };
	struct baseline *b = known(MONITOR_1 CENTRAL_2 PRINTER_3);
	struct ward *w = ward(b);
	publish_row(w, 1, 10, 3600, clues, 2);
	publish_row(w, 2, 10, 3600, NULL, 0);
	char *said = strdup(ward_said(w));
	ASSERT_SAYS(said, "another firmware version than before: 2.5-x, it was 2.4 (hl7.firmware)");
	ASSERT_SAYS(said, "another serial number than before: S2, it was S1 (hl7.device_id)");
	ASSERT_SAYS(said, "\"rule\":\"net.device-changed\",\"severity\":\"low\"");
	ASSERT_SAYS(said, "\"rule\":\"net.device-changed\",\"severity\":\"medium\"");
	assert_string_equal(said, ward_said(w));
	free(said);
	ward_free(w);
	baseline_free(b);
}

static void a_device_that_is_missed_is_told(void **state)
{
	(void)state;
	struct baseline *b = known(MONITOR_1 CENTRAL_2 PRINTER_3);
	struct ward *w = ward(b);
	publish_row(w, 3, 10, 3600, NULL, 0);
	char *said = strdup(ward_said(w));
	ASSERT_SAYS(said, "The patient monitor mon-1 (10.1.2.3) was here before and is not seen any more");
	ASSERT_SAYS(said, "\"rule\":\"net.device-lost\",\"severity\":\"info\"");
	ASSERT_SAYS(said, "The central station (10.1.2.5)");
	ASSERT_SAYS(said, "\"rule\":\"net.device-lost\",\"severity\":\"low\"");
	assert_int_equal(ward_count(said, "\"kind\":\"finding\""), 2);
	assert_string_equal(said, ward_said(w));
	free(said);
	ward_free(w);
	baseline_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_no_devices_are_skipped_and_counted),
		cmocka_unit_test(without_a_baseline_nothing_is_new_changed_or_lost),
		cmocka_unit_test(the_same_devices_again_are_nothing),
		cmocka_unit_test(an_older_capture_read_later_is_nothing),
		cmocka_unit_test(another_protocol_that_words_it_otherwise_is_no_change),
		cmocka_unit_test(who_speaks_for_several_has_not_changed),
		cmocka_unit_test(a_network_that_was_not_watched_has_lost_nobody),
		cmocka_unit_test(a_new_device_is_information_and_more_when_it_acts_clinically),
		cmocka_unit_test(another_firmware_and_another_serial_number_are_told),
		cmocka_unit_test(a_device_that_is_missed_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
