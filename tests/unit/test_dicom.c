/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DICOM: what is in a message is told, what is cut is not, and a patient's data never leaves as text. */
#include "talk.h"

#define BYTES(s) span_of(s, sizeof(s) - 1)

enum { IMPLICIT, LITTLE, BIG };

static const char *const syntax_uid[] = { "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2" };

/* ---- making messages ---- */

static void pad(struct buf *b, const char *text, size_t n)
{
	buf_text(b, text);
	buf_fill(b, ' ', n - strlen(text));
}

static void item(struct buf *b, uint8_t type, struct span s)
{
	buf_u8(b, type);
	buf_u8(b, 0);
	buf_be16(b, (uint16_t)s.n);
	buf_bytes(b, s);
}

static void pdu(struct buf *b, uint8_t type, struct buf *body)
{
	buf_u8(b, type);
	buf_u8(b, 0);
	buf_be32(b, (uint32_t)body->n);
	buf_bytes(b, buf_span(body));
	buf_done(body);
}

static void context(struct buf *b, bool request, uint8_t id, const char *service, const char *syntax)
{
	struct buf c = { 0 };
	buf_bytes(&c, span_of((uint8_t[]){ id, 0, 0, 0 }, 4));
	if (request)
		item(&c, 0x30, span_str(service));
	item(&c, 0x40, span_str(syntax));
	item(b, request ? 0x20 : 0x21, buf_span(&c));
	buf_done(&c);
}

static void associate(struct buf *out, bool request, const char *service, const char *syntax)
{
	struct buf b = { 0 }, user = { 0 };
	buf_be16(&b, 1);
	buf_be16(&b, 0);
	pad(&b, "ARCHIVE", 16);
	pad(&b, "CTROOM1", 16);
	buf_fill(&b, 0, 32);
	item(&b, 0x10, BYTES("1.2.840.10008.3.1.1.1"));
	context(&b, request, 1, "1.2.840.10008.1.1", syntax_uid[0]);
	context(&b, request, 3, service, syntax);
	item(&user, 0x51, BYTES("\0\0\x40\0"));
	item(&user, 0x52, BYTES("1.2.276.0.7230010.3.0.3.6.7"));
	item(&user, 0x55, BYTES("OFFIS_DCMTK_367"));
	if (request)
		item(&user, 0x58, BYTES("\x02\x00\x00\x05reiss\x00\x06secret"));
	item(&b, 0x50, buf_span(&user));
	buf_done(&user);
	pdu(out, request ? 1 : 2, &b);
}

static void element(struct buf *b, int syntax, uint32_t tag, const char *vr, struct span v)
{
	void (*u16)(struct buf *, uint16_t) = syntax == BIG ? buf_be16 : buf_le16;
	void (*u32)(struct buf *, uint32_t) = syntax == BIG ? buf_be32 : buf_le32;
	u16(b, (uint16_t)(tag >> 16));
	u16(b, (uint16_t)tag);
	if (syntax == IMPLICIT || tag >> 16 == 0xFFFE) {
		u32(b, (uint32_t)v.n);
	} else {
		buf_text(b, vr);
		if (strstr("OB OW SQ UN UT", vr)) {
			u16(b, 0);
			u32(b, (uint32_t)v.n);
		} else {
			u16(b, (uint16_t)v.n);
		}
	}
	buf_bytes(b, v);
}

static void undefined(struct buf *b, int syntax, uint32_t tag, const char *vr)
{
	element(b, syntax, tag, vr, span_of("", 0));
	memset(b->p + b->n - 4, 0xFF, 4);
}

static void pdv(struct buf *b, uint8_t context_id, uint8_t flags, struct buf *body)
{
	buf_be32(b, (uint32_t)body->n + 2);
	buf_u8(b, context_id);
	buf_u8(b, flags);
	buf_bytes(b, buf_span(body));
	buf_done(body);
}

static void number(struct buf *b, uint16_t tag, uint16_t v)
{
	element(b, IMPLICIT, tag, "US", span_of((uint8_t[]){ (uint8_t)v, (uint8_t)(v >> 8) }, 2));
}

static void command_pdv(struct buf *out, uint16_t code, const char *sop, const char *originator)
{
	struct buf b = { 0 };
	element(&b, IMPLICIT, 0, "UL", BYTES("\x40\0\0\0"));
	element(&b, IMPLICIT, 0x0002, "UI", span_str(sop));
	number(&b, 0x0100, code);
	number(&b, code & 0x8000 ? 0x0120 : 0x0110, 7);
	number(&b, 0x0800, 1);
	if (code & 0x8000)
		number(&b, 0x0900, 0xFF00);
	if (originator)
		element(&b, IMPLICIT, 0x1030, "AE", span_str(originator));
	pdv(out, 3, 3, &b);
}

static void command(struct buf *out, uint16_t code, const char *sop, const char *originator)
{
	struct buf b = { 0 };
	command_pdv(&b, code, sop, originator);
	pdu(out, 4, &b);
}

static void image(struct buf *b, int x, const char *station)
{
	element(b, x, 0x00080016, "UI", BYTES("1.2.840.10008.5.1.4.1.1.2\0"));
	element(b, x, 0x00080050, "SH", BYTES("ACC4711 "));
	element(b, x, 0x00080060, "CS", BYTES("CT"));
	element(b, x, 0x00080070, "LO", BYTES("Acme "));
	element(b, x, 0x00080090, "PN", BYTES("Quack^Ref "));
	element(b, x, 0x00081010, "SH", span_str(station));
	element(b, x, 0x00081050, "PN", BYTES("Knife^Mac "));
	element(b, x, 0x00081090, "LO", BYTES("Scan9000"));
	undefined(b, x, 0x00081140, "SQ");
	undefined(b, x, 0xFFFEE000, "");
	element(b, x, 0x00081150, "UI", BYTES("1.2.3.4 "));
	element(b, x, 0x00100010, "PN", BYTES("Nested^Nobody "));
	element(b, x, 0xFFFEE00D, "", span_of("", 0));
	element(b, x, 0xFFFEE0DD, "", span_of("", 0));
	element(b, x, 0x00100010, "PN", BYTES("Doe^Jane"));
	element(b, x, 0x00100020, "LO", BYTES("LAB0001 "));
	element(b, x, 0x00100030, "DA", BYTES("19700101"));
	element(b, x, 0x00100040, "CS", BYTES("F "));
	element(b, x, 0x00101040, "LO", span_of("", 0));
	element(b, x, 0x00181000, "LO", BYTES("SN77"));
	element(b, x, 0x00181020, "LO", BYTES("v3.1"));
	element(b, x, 0x0020000D, "UI", BYTES("1.2.3.4.5.6 "));
}

static void data(struct buf *out, uint8_t flags, struct buf *body)
{
	struct buf b = { 0 };
	pdv(&b, 3, flags, body);
	pdu(out, 4, &b);
}

#define CT_STORE "1.2.840.10008.5.1.4.1.1.2"

static void expect_token(struct talk *t, const char *name, const char *value)
{
	char text[80];
	struct token k = keyring_token(t->host.keyring, span_str(value));
	struct buf b = { 0 };
	buf_printf(&b, "\"%s\":", name);
	json_put_token(&b, &k);
	snprintf(text, sizeof(text), "%.*s", (int)b.n, (const char *)b.p);
	buf_done(&b);
	talk_expect(t, text);
}

static struct talk *store(int x, const char *station, const char *originator, size_t step)
{
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, down = { 0 }, set = { 0 };
	associate(&up, true, CT_STORE, syntax_uid[x]);
	talk_bytes(t, true, buf_span(&up), step);
	associate(&down, false, CT_STORE, syntax_uid[x]);
	talk_bytes(t, false, buf_span(&down), step);
	buf_reset(&up);
	command(&up, 0x0001, CT_STORE, originator);
	image(&set, x, station);
	data(&up, 2, &set);
	talk_bytes(t, true, buf_span(&up), step);
	buf_done(&up);
	buf_done(&down);
	return t;
}

/* ---- what must not happen ---- */

static void what_is_no_dicom_gets_no_bid(void **state)
{
	(void)state;
	assert_int_equal(talk_bid("dicom", BYTES("GET / HTTP/1.1\r\n\r\n"), false), BID_NO);
	assert_int_equal(talk_bid("dicom", BYTES("\x05\x01\x00"), true), BID_NO);                           /* SOCKS */
	assert_int_equal(talk_bid("dicom", BYTES("\x04\x00\x00\x00\x00\x10\x00\x00\x00\x0d\x01\x00zzzz"), true), BID_NO);
	assert_int_equal(talk_bid("dicom", BYTES("\x04\x00\x00\x00\x00\x10\x00\x00\x00\x0c\x02\x00zzzz"), true), BID_NO);
	assert_int_equal(talk_bid("dicom", BYTES("\x04\x00\x00\x00\x00\x10\x00\x00\x00\x0c\x01\x04zzzz"), true), BID_NO);
	assert_int_equal(talk_bid("dicom",
				  BYTES("\x01\x00\x00\x00\x00\x20"
					"abcdefghabcdefghabcdefghabcdefgh"),
				  true),
			 BID_NO);
	assert_int_equal(talk_bid("dicom", span_of((uint8_t[256]){ 1 }, 256), true), BID_NO);
}

static void no_patient_data_leaves_as_text(void **state)
{
	(void)state;
	struct talk *t = store(LITTLE, "CTROOM1 ", NULL, 100);
	static const char *const planted[] = {
		"Doe", "Jane", "LAB0001", "19700101", "ACC4711", "Quack", "Knife", "1.2.3.4", "Nobody", "reiss", "secret",
	};
	for (size_t i = 0; i < ARRAY_LEN(planted); i++)
		talk_never(t, planted[i]);
	talk_free(t);
}

static void an_element_cut_by_the_end_of_the_head_is_not_told(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, set = { 0 };
	static const char long_text[8100] = { 'x' };
	command(&up, 0x0001, CT_STORE, NULL);
	element(&set, LITTLE, 0x00080060, "CS", BYTES("CT"));
	element(&set, LITTLE, 0x00090001, "UN", span_of(long_text, sizeof(long_text)));
	element(&set, LITTLE, 0x00100010, "PN",
		BYTES("Doe^Jane^of^a^name^that^reaches^beyond^what^is^looked^at^here^and^now^^^^ "));
	data(&up, 2, &set);
	talk_bytes(t, true, buf_span(&up), 1000);
	talk_expect(t, "\"modality\":\"CT\"");
	talk_never(t, "patient_name");
	assert_int_equal(t->malformed, 0);
	buf_done(&up);
	talk_free(t);
}

static void queries_for_anything_expose_nobody(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, set = { 0 };
	command(&up, 0x0020, "1.2.840.10008.5.1.4.1.2.2.1", NULL);
	element(&set, IMPLICIT, 0x00080052, "CS", BYTES("STUDY "));
	element(&set, IMPLICIT, 0x00100010, "PN", BYTES("*^*?"));
	element(&set, IMPLICIT, 0x00100020, "LO", span_of("", 0));
	data(&up, 2, &set);
	talk_bytes(t, true, buf_span(&up), 33);
	talk_expect(t, "\"command\":\"C-FIND-RQ\"");
	talk_expect(t, "\"event\":\"data\"");
	talk_never(t, "patient_");
	buf_done(&up);
	talk_free(t);
}

static void equipment_is_the_sender_only_when_it_says_so_itself(void **state)
{
	(void)state;
	struct talk *t = store(LITTLE, "OTHERCT ", NULL, 1000);
	talk_expect(t, "\"equipment_model\":\"Scan9000\"");
	talk_never(t, "\"model\":");
	talk_never(t, "\"version\":");
	talk_free(t);
	t = store(LITTLE, "CTROOM1 ", "VIEWER", 1000);
	talk_expect(t, "\"move_originator\":\"VIEWER\"");
	talk_never(t, "\"model\":");
	talk_expect(t, "\"command\":\"C-STORE-RQ\",\"message_id\":7");
	talk_free(t);
}

static void bytes_of_a_picture_are_no_data_set(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, pixels = { 0 };
	for (uint16_t v = 8; v < 4000; v++)
		buf_le16(&pixels, v);
	data(&up, 0, &pixels);
	image(&pixels, LITTLE, "CTROOM1 ");      /* a later fragment that only looks like a start */
	data(&up, 0, &pixels);
	talk_bytes(t, true, buf_span(&up), 4096);
	assert_int_equal(t->decoded, 2);
	assert_string_equal(talk_said(t), "");
	buf_done(&up);
	talk_free(t);
}

static void endless_nesting_ends(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, set = { 0 };
	command(&up, 0x0001, CT_STORE, NULL);
	element(&set, LITTLE, 0x00080060, "CS", BYTES("CT"));
	for (int i = 0; i < 200; i++) {
		undefined(&set, LITTLE, 0x00081140, "SQ");
		undefined(&set, LITTLE, 0xFFFEE000, "");
	}
	element(&set, LITTLE, 0x00100010, "PN", BYTES("Doe^Jane"));
	data(&up, 2, &set);
	talk_bytes(t, true, buf_span(&up), 77);
	talk_expect(t, "\"modality\":\"CT\"");
	talk_never(t, "patient_name");
	assert_int_equal(t->malformed, 1);
	buf_done(&up);
	talk_free(t);
}

static void deflated_data_is_not_opened(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, set = { 0 };
	associate(&up, true, CT_STORE, "1.2.840.10008.1.2.1.99");
	command(&up, 0x0001, CT_STORE, NULL);
	image(&set, LITTLE, "CTROOM1 ");
	data(&up, 2, &set);
	talk_bytes(t, true, buf_span(&up), 500);
	talk_never(t, "\"event\":\"data\"");
	buf_done(&up);
	talk_free(t);
}

/* ---- what must ---- */

static void both_ends_of_an_association_are_told(void **state)
{
	(void)state;
	static const size_t steps[] = { 1, 17, 1 << 16 };
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct talk *t = store(IMPLICIT, "X ", NULL, steps[i]);
		talk_expect(t, "\"event\":\"associate-rq\",\"calling\":\"CTROOM1\",\"called\":\"ARCHIVE\"");
		talk_expect(t, "\"event\":\"associate-ac\",\"accepting\":\"ARCHIVE\"");
		talk_expect(t, "\"contexts\":2,\"abstract_syntaxes\":[\"1.2.840.10008.1.1\",\"" CT_STORE "\"]");
		talk_expect(t, "\"transfer_syntaxes\":[\"1.2.840.10008.1.2\"]");
		talk_expect(t, "\"implementation\":\"1.2.276.0.7230010.3.0.3.6.7\",\"implementation_version\":\"OFFIS_DCMTK_367\"");
		talk_expect(t, "\"max_pdu\":16384");
		expect_token(t, "user", "reiss");
		expect_token(t, "password", "secret");
		assert_int_equal(t->malformed + t->refused, 0);
		talk_free(t);
	}
}

static void a_proposal_says_what_its_ends_are(void **state)
{
	(void)state;
	static const struct {
		const char *service, *role, *answer;
	} cases[] = {
		{ CT_STORE, "\"role\":\"imaging\"", "\"role\":\"PACS\"" },
		{ "1.2.840.10008.5.1.4.31", "\"role\":\"imaging\"", "\"role\":\"server\"" },
		{ "1.2.840.10008.5.1.4.1.2.2.1", NULL, "\"role\":\"PACS\"" },
		{ "1.2.840.10008.1.1", NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct talk *t = talk_new("dicom");
		struct buf up = { 0 }, down = { 0 };
		associate(&up, true, cases[i].service, syntax_uid[0]);
		associate(&down, false, cases[i].service, syntax_uid[0]);
		talk_bytes(t, true, buf_span(&up), 100);
		cases[i].role ? talk_expect(t, cases[i].role) : talk_never(t, "role");
		buf_reset(&t->said);
		talk_bytes(t, false, buf_span(&down), 100);
		cases[i].answer ? talk_expect(t, cases[i].answer) : talk_never(t, "role");
		buf_done(&up);
		buf_done(&down);
		talk_free(t);
	}
}

static void a_patient_is_found_in_every_encoding(void **state)
{
	(void)state;
	for (int x = IMPLICIT; x <= BIG; x++) {
		struct talk *t = store(x, "ctroom1 ", NULL, 61);
		talk_expect(
			t,
			"\"event\":\"command\",\"command\":\"C-STORE-RQ\",\"role\":\"imaging\",\"peer_role\":\"PACS\",\"message_id\":7");
		expect_token(t, "patient_name", "Doe^Jane");
		expect_token(t, "patient_id", "LAB0001");
		expect_token(t, "birth_date", "19700101");
		expect_token(t, "physician", "Quack^Ref");
		expect_token(t, "study", "1.2.3.4.5.6");
		talk_never(t, "\"address\"");
		talk_expect(t, "\"maker\":\"Acme\",\"model\":\"Scan9000\",\"version\":\"v3.1\",\"serial\":\"SN77\"");
		assert_int_equal(t->malformed + t->refused, 0);
		talk_free(t);
	}
}

static void a_conversation_is_picked_up_in_the_middle(void **state)
{
	(void)state;
	for (int x = IMPLICIT; x <= BIG; x++) {
		struct talk *t = talk_new("dicom");
		struct buf up = { 0 }, set = { 0 };
		image(&set, x, "CTROOM1 ");
		data(&up, 2, &set);
		assert_true(talk_bid("dicom", buf_span(&up), false) >= BID_LIKELY);
		command(&up, 0x8020, "1.2.840.10008.5.1.4.31", NULL);
		assert_int_equal(talk_bid("dicom", buf_span(&up), false), BID_SURE);
		talk_bytes(t, false, buf_span(&up), 1460);
		expect_token(t, "patient_id", "LAB0001");
		talk_expect(t, "\"command\":\"C-FIND-RSP\",\"role\":\"server\",\"peer_role\":\"imaging\"");
		talk_expect(t, "\"status\":65280");
		buf_done(&up);
		talk_free(t);
	}
}

/* A database's query (CQL 3): 04 00 and two numbers, which read as a PDU with a PDV that ends somewhere within it. */
static void one_head_within_a_pdu_is_nothing_to_go_by(void **state)
{
	(void)state;
	static const uint8_t query[] = { 4, 0, 0, 2, 0x0B, 0, 0, 0, 0x31, 0, 3, 0, 0x0F, 'T', 'O',
		'P', 'O', 'L', 'O', 'G', 'Y' };
	assert_int_equal(talk_bid("dicom", span_of(query, sizeof(query)), true), BID_NO);
	assert_true(talk_bid("dicom", span_of(query, sizeof(query)), false) < BID_LIKELY);
}

/* Three PDVs in one PDU: their heads chain. */
static void heads_that_chain_are_likely(void **state)
{
	(void)state;
	static const uint8_t pdu[] = { 4, 0, 0, 0, 0, 24, 0, 0, 0, 4, 3, 0, 'a', 'b', 0, 0, 0, 4, 3, 0, 'c', 'd',
		0, 0, 0, 4, 3, 2, 'e', 'f' };
	assert_int_equal(talk_bid("dicom", span_of(pdu, sizeof(pdu)), true), BID_LIKELY);
	assert_int_equal(talk_bid("dicom", span_of(pdu, 16), false), BID_WAIT);
}

static void pictures_cost_their_head_only(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, set = { 0 };
	command(&up, 0x0001, CT_STORE, NULL);
	image(&set, LITTLE, "CTROOM1 ");
	undefined(&set, LITTLE, 0x7FE00010, "OB");
	buf_fill(&set, 0x55, 100000);
	data(&up, 0, &set);
	talk_bytes(t, true, buf_span(&up), 1460);
	assert_int_equal(t->asked, 8192);
	expect_token(t, "patient_id", "LAB0001");
	t->asked = 0;
	buf_reset(&up);
	for (int i = 0; i < 4; i++) {
		buf_fill(&set, 0x55, 100000);
		data(&up, i == 3 ? 2 : 0, &set);
	}
	talk_bytes(t, true, buf_span(&up), 1460);
	assert_int_equal(t->asked, 12);
	buf_reset(&up);
	command(&up, 0x0030, "1.2.840.10008.1.1", NULL);
	talk_bytes(t, true, buf_span(&up), 1460);
	talk_expect(t, "\"command\":\"C-ECHO-RQ\"");
	assert_int_equal(t->malformed + t->refused, 0);
	buf_done(&up);
	talk_free(t);
}

static void command_and_data_in_one_pdu_are_both_read(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, set = { 0 }, both = { 0 };
	image(&set, LITTLE, "CTROOM1 ");
	command_pdv(&both, 0x0001, CT_STORE, NULL);
	pdv(&both, 3, 2, &set);
	pdu(&up, 4, &both);
	assert_int_equal(talk_bid("dicom", buf_span(&up), false), BID_SURE);
	talk_bytes(t, true, buf_span(&up), 1460);
	expect_token(t, "patient_name", "Doe^Jane");
	buf_done(&up);
	talk_free(t);
}

static void a_lying_length_is_malformed_not_believed(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	struct buf up = { 0 }, set = { 0 };
	command(&up, 0x0001, CT_STORE, NULL);
	element(&set, LITTLE, 0x00080060, "CS", BYTES("CT"));
	buf_le16(&set, 0x0010);
	buf_le16(&set, 0x0010);
	buf_text(&set, "PN");
	buf_le16(&set, 500);
	buf_text(&set, "Doe^Jane");
	data(&up, 2, &set);
	talk_bytes(t, true, buf_span(&up), 1460);
	talk_never(t, "patient_name");
	assert_int_equal(t->malformed, 1);
	buf_done(&up);
	talk_free(t);
}

static void refusals_and_ends_are_told(void **state)
{
	(void)state;
	struct talk *t = talk_new("dicom");
	talk_bytes(t, false, BYTES("\x03\0\0\0\0\x04\0\x01\x01\x07"), 1);
	talk_bytes(t, true, BYTES("\x05\0\0\0\0\x04\0\0\0\0"), 1);
	talk_bytes(t, false, BYTES("\x06\0\0\0\0\x04\0\0\0\0\x07\0\0\0\0\x04\0\0\x02\x06"), 3);
	talk_expect(t, "\"event\":\"associate-rj\",\"result\":\"permanent\",\"source\":1,\"reason\":7");
	talk_expect(t, "\"event\":\"release-rq\"");
	talk_expect(t, "\"event\":\"release-rp\"");
	talk_expect(t, "\"event\":\"abort\",\"source\":2,\"reason\":6");
	talk_free(t);
}

/* Every cut and every changed byte of a whole exchange: the sanitizers judge. */
static void damage_does_no_harm(void **state)
{
	(void)state;
	struct buf up = { 0 }, set = { 0 };
	associate(&up, true, CT_STORE, syntax_uid[LITTLE]);
	command(&up, 0x0001, CT_STORE, NULL);
	image(&set, LITTLE, "CTROOM1 ");
	data(&up, 2, &set);
	struct talk *t = talk_new("dicom");
	for (size_t i = 0; i < up.n; i++)
		for (unsigned flip = 0; flip < 3; flip++) {
			uint8_t was = up.p[i];
			up.p[i] = flip ? (uint8_t)(was ^ (flip == 1 ? 0xFF : 0x01)) : was;
			memset(t->state, 0, sizeof(t->state));
			t->way[1].n = t->way[1].skip = t->way[1].seen = 0;
			t->way[1].closed = false;
			buf_reset(&t->said);
			talk_bytes(t, true, flip ? buf_span(&up) : span_cut(buf_span(&up), i), 4096);
			talk_close(t, true);
			talk_never(t, "Jane");
			up.p[i] = was;
		}
	buf_done(&up);
	talk_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_dicom_gets_no_bid),
		cmocka_unit_test(no_patient_data_leaves_as_text),
		cmocka_unit_test(an_element_cut_by_the_end_of_the_head_is_not_told),
		cmocka_unit_test(queries_for_anything_expose_nobody),
		cmocka_unit_test(equipment_is_the_sender_only_when_it_says_so_itself),
		cmocka_unit_test(bytes_of_a_picture_are_no_data_set),
		cmocka_unit_test(endless_nesting_ends),
		cmocka_unit_test(deflated_data_is_not_opened),
		cmocka_unit_test(both_ends_of_an_association_are_told),
		cmocka_unit_test(a_proposal_says_what_its_ends_are),
		cmocka_unit_test(a_patient_is_found_in_every_encoding),
		cmocka_unit_test(a_conversation_is_picked_up_in_the_middle),
		cmocka_unit_test(one_head_within_a_pdu_is_nothing_to_go_by),
		cmocka_unit_test(heads_that_chain_are_likely),
		cmocka_unit_test(pictures_cost_their_head_only),
		cmocka_unit_test(command_and_data_in_one_pdu_are_both_read),
		cmocka_unit_test(a_lying_length_is_malformed_not_believed),
		cmocka_unit_test(refusals_and_ends_are_told),
		cmocka_unit_test(damage_does_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
