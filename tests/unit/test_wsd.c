/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WS-Discovery and the traits of IEEE 11073 SDC: negatives first. */
#include "decode_try.h"

#define BYTES(s) span_of(s, sizeof(s) - 1)
#define OASIS "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01"
#define DRAFT "http://schemas.xmlsoap.org/ws/2005/04/discovery"
#define SOAP(ns, body) "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" \
	"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" " \
	"xmlns:wsd=\"" ns "\" xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>" \
	"<a:MessageID>urn:uuid:1</a:MessageID>" \
	"<a:To>urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01</a:To></s:Header><s:Body>" body "</s:Body></s:Envelope>"
#define EPR "<a:EndpointReference><a:Address>urn:uuid:9f-01</a:Address></a:EndpointReference>"
#define MEDICAL SOAP(OASIS, "<wsd:Hello>" EPR "<wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types><wsd:Scopes>" \
	"sdc.mds.pkp:1.2.840.10004.20701.1.1 sdc.ctxt.loc:/sdc.ctxt.loc.detail/LABHOSP%2F%2F%2FPLANTEDcu%2F%2FPLANTEDb" \
	"?fac=LABHOSP&amp;bldng=B1&amp;poc=PLANTEDcu&amp;rm=PLANTEDr&amp;bed=PLANTED%20b " \
	"sdc.ctxt.pat:/http:%2F%2Fx/PLANTEDpat " \
	"sdc.ctxt.opr:/PLANTEDop sdc.ctxt.wfl:/PLANTEDwork sdc.cdc.type:///69985</wsd:Scopes>" \
	"<wsd:XAddrs>https://10.0.0.9:6464/9f?x=1</wsd:XAddrs><wsd:MetadataVersion>3</wsd:MetadataVersion></wsd:Hello>")

static const struct decoder *wsd(void)
{
	return decoder_find("wsd");
}

static struct try *told(struct span s)
{
	struct try *t = try_new();
	(void)try_datagram(t, wsd(), s, OVER_UDP);
	return t;
}

static void other_datagrams_are_refused(void **state)
{
	(void)state;
	struct origin at = { .dport = 3702 };
	try_random_bytes_are_refused(wsd(), OVER_UDP);
	assert_int_equal(try_bid(wsd(), BYTES("<a>http://example.org</a>"), OVER_UDP, &at).score, BID_NO);
	assert_int_equal(try_bid(wsd(), BYTES("NOTIFY * HTTP/1.1\r\n"), OVER_UDP, &at).score, BID_NO);
	assert_int_equal(try_bid(wsd(), BYTES(MEDICAL), OVER_UDP, &at).score, BID_SURE);
}

static void a_medical_device_is_known_and_its_place_is_not_told(void **state)
{
	(void)state;
	struct try *t = told(BYTES(MEDICAL));
	assert_true(t->sound);
	try_says(t, "event=Hello dialect=1.1 endpoint=urn:uuid:9f-01 types=Device,MedicalDevice "
		    "scopes=sdc.mds.pkp:1.2.840.10004.20701.1.1,sdc.cdc.type:///69985 addresses=https://10.0.0.9:6464/9f "
		    "metadata_version=3 system=IEEE 11073 SDC sdc_provider=true role=infusion pump facility=LABHOSP bed=<9> "
		    "department=<9> patient_id=");
	try_says(t, "physician=<");
	try_never_says(t, "PLANTED");
	try_free(t);
}

static void a_search_claims_nothing_of_the_searcher(void **state)
{
	(void)state;
	struct try *t = told(BYTES(SOAP(OASIS, "<wsd:Probe><wsd:Types>mdpws:MedicalDevice</wsd:Types></wsd:Probe>")));
	try_says(t, "event=Probe dialect=1.1 types=MedicalDevice\n");
	try_free(t);
	t = told(BYTES(SOAP(DRAFT, "<wsd:Probe/>")));
	try_says(t, "event=Probe dialect=2005/04\n");
	try_free(t);
}

static void cameras_and_printers_keep_their_roles(void **state)
{
	(void)state;
	struct try *t = told(BYTES(SOAP(DRAFT, "<wsd:ProbeMatches><wsd:ProbeMatch>" EPR
		"<wsd:Types>dn:NetworkVideoTransmitter</wsd:Types>"
		"<wsd:Scopes>onvif://www.onvif.org/hardware/CAM-7 onvif://www.onvif.org/name/Door%20cam "
		"onvif://www.onvif.org/location/PLANTEDroom</wsd:Scopes></wsd:ProbeMatch></wsd:ProbeMatches>")));
	try_says(t, "event=ProbeMatches dialect=2005/04 endpoint=urn:uuid:9f-01");
	try_says(t, "role=camera model=CAM-7 device_name=Door cam");
	try_never_says(t, "PLANTED");
	try_never_says(t, "SDC");
	try_free(t);
	t = told(BYTES(SOAP(DRAFT, "<wsd:Hello>" EPR "<wsd:Types>wsdp:Device wprt:PrintDeviceType</wsd:Types></wsd:Hello>")));
	try_says(t, "role=printer");
	try_free(t);
}

static void damage_is_survived(void **state)
{
	(void)state;
	static const char whole[] = MEDICAL;
	char bytes[sizeof(whole)];
	memcpy(bytes, whole, sizeof(whole));
	try_prefixes(wsd(), BYTES(MEDICAL), OVER_UDP);
	struct try *t = told(BYTES(SOAP(OASIS, "<x/>")));
	assert_false(t->sound);
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		bytes[i] ^= 0x13;
		(void)try_datagram(t, wsd(), span_of(bytes, sizeof(whole) - 1), OVER_UDP);
		try_clear(t);
		bytes[i] ^= 0x13;
	}
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_datagrams_are_refused),
		cmocka_unit_test(a_medical_device_is_known_and_its_place_is_not_told),
		cmocka_unit_test(a_search_claims_nothing_of_the_searcher),
		cmocka_unit_test(cameras_and_printers_keep_their_roles),
		cmocka_unit_test(damage_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
