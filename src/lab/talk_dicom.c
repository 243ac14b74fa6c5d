/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DICOM upper layer (PS3.8 §9.3), C-ECHO and C-STORE (PS3.7 §9.3) of a small CT image, implicit VR
 * little endian (PS3.5 §A.1). */
#include <string.h>

#include "lab/nest.h"
#include "lab/talk.h"

#define UID_APPLICATION "1.2.840.10008.3.1.1.1"
#define UID_IMPLICIT    "1.2.840.10008.1.2"
#define UID_ECHO        "1.2.840.10008.1.1"
#define UID_CT          "1.2.840.10008.5.1.4.1.1.2"
#define UID_LAB         "1.2.826.0.1.3680043.10.777"      /* the lab's own invented root */

enum {
	ASSOCIATE_RQ = 1, ASSOCIATE_AC = 2, P_DATA = 4, RELEASE_RQ = 5, RELEASE_RP = 6,
	ITEM_APPLICATION = 0x10, ITEM_CONTEXT_RQ = 0x20, ITEM_CONTEXT_AC = 0x21, ITEM_ABSTRACT = 0x30,
	ITEM_TRANSFER = 0x40,
	ITEM_USER = 0x50, ITEM_MAX_LENGTH = 0x51, ITEM_CLASS = 0x52, ITEM_VERSION = 0x55,
	CONTEXT_ECHO = 1, CONTEXT_CT = 3, MAX_PDU = 16384,
	C_STORE = 0x0001, C_ECHO = 0x0030, ANSWER = 0x8000, NO_DATA = 0x0101, WITH_DATA = 0x0001,
	PDV_COMMAND = 1, PDV_LAST = 2, IMAGE_SIDE = 64,
};

static size_t item(struct buf *b, uint8_t type)
{
	buf_u8(b, type);
	buf_u8(b, 0);
	return nest_begin(b, 2);
}

static void text_item(struct buf *b, uint8_t type, const char *text)
{
	size_t at = item(b, type);
	buf_text(b, text);
	nest_end(b, at, 2);
}

static void padded(struct buf *b, const char *text, size_t width)
{
	struct span s = span_cut(span_str(text), width);
	buf_bytes(b, s);
	buf_fill(b, ' ', width - s.n);
}

static void context(struct buf *b, bool request, uint8_t id, const char *abstract)
{
	size_t at = item(b, request ? ITEM_CONTEXT_RQ : ITEM_CONTEXT_AC);
	buf_u8(b, id);
	buf_fill(b, 0, 3);                               /* for the answer: accepted */
	if (request)
		text_item(b, ITEM_ABSTRACT, abstract);
	text_item(b, ITEM_TRANSFER, UID_IMPLICIT);
	nest_end(b, at, 2);
}

static void associate(struct conv *c, bool request, const struct dicom_ends *e)
{
	AUTO_BUF b = { 0 };
	buf_u8(&b, request ? ASSOCIATE_RQ : ASSOCIATE_AC);
	buf_u8(&b, 0);
	size_t at = nest_begin(&b, 4);
	buf_be16(&b, 1);
	buf_be16(&b, 0);
	padded(&b, e->called, 16);
	padded(&b, e->calling, 16);
	buf_fill(&b, 0, 32);
	text_item(&b, ITEM_APPLICATION, UID_APPLICATION);
	context(&b, request, CONTEXT_ECHO, UID_ECHO);
	context(&b, request, CONTEXT_CT, UID_CT);
	size_t user = item(&b, ITEM_USER), length = item(&b, ITEM_MAX_LENGTH);
	buf_be32(&b, MAX_PDU);
	nest_end(&b, length, 2);
	text_item(&b, ITEM_CLASS, request ? UID_LAB ".1" : UID_LAB ".2");
	text_item(&b, ITEM_VERSION, request ? "LABCT_3_1" : "LABPACS_2_4");
	nest_end(&b, user, 2);
	nest_end(&b, at, 4);
	conv_send(c, request ? CLIENT : SERVER, buf_span(&b));
	c->last = (struct span){ 0 };
}

void talk_dicom_open(struct conv *c, const struct dicom_ends *e)
{
	associate(c, true, e);
	associate(c, false, e);
}

static void release(struct conv *c, enum conv_side from, uint8_t type)
{
	const uint8_t pdu[10] = { type, 0, 0, 0, 0, 4 };
	conv_send(c, from, span_of(pdu, sizeof(pdu)));
	c->last = (struct span){ 0 };
}

void talk_dicom_close(struct conv *c)
{
	release(c, CLIENT, RELEASE_RQ);
	release(c, SERVER, RELEASE_RP);
}

static void tag(struct buf *b, uint16_t group, uint16_t element, uint32_t length)
{
	buf_le16(b, group);
	buf_le16(b, element);
	buf_le32(b, length);
}

static void us(struct buf *b, uint16_t group, uint16_t element, uint16_t v)
{
	tag(b, group, element, 2);
	buf_le16(b, v);
}

/* PS3.5 §6.2: values have even length; UIDs are padded with NUL, other text with a space. */
static void padded_text(struct buf *b, uint16_t group, uint16_t element, const char *s, uint8_t pad)
{
	size_t n = strlen(s);
	tag(b, group, element, (uint32_t)(n + n % 2));
	buf_text(b, s);
	buf_fill(b, pad, n % 2);
}

static void text(struct buf *b, uint16_t group, uint16_t element, const char *s)
{
	padded_text(b, group, element, s, ' ');
}

static void uid(struct buf *b, uint16_t group, uint16_t element, const char *s)
{
	padded_text(b, group, element, s, 0);
}

/* P-DATA-TF units of at most MAX_PDU, one value each. */
static void data_units(struct conv *c, enum conv_side from, uint8_t context_id, uint8_t kind, struct span s)
{
	AUTO_BUF b = { 0 };
	while (s.n) {
		struct span piece = span_cut(s, MAX_PDU - 6);
		s = span_from(s, piece.n);
		buf_u8(&b, P_DATA);
		buf_u8(&b, 0);
		size_t pdu = nest_begin(&b, 4), value = nest_begin(&b, 4);
		buf_u8(&b, context_id);
		buf_u8(&b, kind | (s.n ? 0 : PDV_LAST));
		buf_bytes(&b, piece);
		nest_end(&b, value, 4);
		nest_end(&b, pdu, 4);
	}
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}

struct command {
	const char *class, *instance;            /* instance NULL: an echo */
	uint16_t what, id;
};

static void command(struct conv *c, const struct command *k, uint8_t context_id, bool answer)
{
	AUTO_BUF set = { 0 };
	uid(&set, 0x0000, 0x0002, k->class);
	us(&set, 0x0000, 0x0100, k->what | (answer ? ANSWER : 0));
	us(&set, 0x0000, answer ? 0x0120 : 0x0110, k->id);
	if (k->instance && !answer)
		us(&set, 0x0000, 0x0700, 0);             /* priority: medium */
	us(&set, 0x0000, 0x0800, k->instance && !answer ? WITH_DATA : NO_DATA);
	if (answer)
		us(&set, 0x0000, 0x0900, 0);             /* status: success */
	if (k->instance)
		uid(&set, 0x0000, 0x1000, k->instance);
	AUTO_BUF b = { 0 };
	tag(&b, 0x0000, 0x0000, 4);
	buf_le32(&b, (uint32_t)set.n);
	buf_bytes(&b, buf_span(&set));
	data_units(c, answer ? SERVER : CLIENT, context_id, PDV_COMMAND, buf_span(&b));
}

void talk_dicom_echo(struct conv *c)
{
	const struct command k = { .class = UID_ECHO, .what = C_ECHO, .id = 1 };
	command(c, &k, CONTEXT_ECHO, false);
	command(c, &k, CONTEXT_ECHO, true);
}

static void pixels(struct buf *b)
{
	us(b, 0x0028, 0x0002, 1);
	text(b, 0x0028, 0x0004, "MONOCHROME2");
	us(b, 0x0028, 0x0010, IMAGE_SIDE);
	us(b, 0x0028, 0x0011, IMAGE_SIDE);
	us(b, 0x0028, 0x0100, 16);
	us(b, 0x0028, 0x0101, 12);
	us(b, 0x0028, 0x0102, 11);
	us(b, 0x0028, 0x0103, 0);
	tag(b, 0x7FE0, 0x0010, IMAGE_SIDE * IMAGE_SIDE * 2);
	for (int y = 0; y < IMAGE_SIDE; y++)
		for (int x = 0; x < IMAGE_SIDE; x++)
			buf_le16(b, (uint16_t)(((x - 32) * (x - 32) + (y - 32) * (y - 32)) & 0xFFF));
}

static void image(struct buf *b, const struct planted *who, const char *instance, unsigned number)
{
	char name[64], decimal[12];
	snprintf(name, sizeof(name), "%s^%s", who->family, who->given);
	snprintf(decimal, sizeof(decimal), "%u", number);
	uid(b, 0x0008, 0x0016, UID_CT);
	uid(b, 0x0008, 0x0018, instance);
	text(b, 0x0008, 0x0020, "20260302");
	text(b, 0x0008, 0x0060, "CT");
	text(b, 0x0008, 0x0070, "Lab Imaging");
	text(b, 0x0008, 0x0090, who->doctor);
	text(b, 0x0008, 0x1010, "CTLAB1");
	text(b, 0x0008, 0x1090, "Synthetic 16");
	text(b, 0x0010, 0x0010, name);
	text(b, 0x0010, 0x0020, who->id);
	text(b, 0x0010, 0x0030, who->birth);
	text(b, 0x0010, 0x0040, who->sex);
	text(b, 0x0018, 0x1020, "LAB 3.1");
	uid(b, 0x0020, 0x000D, UID_LAB ".7.1");
	uid(b, 0x0020, 0x000E, UID_LAB ".7.1.1");
	text(b, 0x0020, 0x0013, decimal);
	pixels(b);
}

void talk_dicom_store(struct conv *c, const struct planted *who, unsigned number)
{
	char instance[64];
	snprintf(instance, sizeof(instance), UID_LAB ".7.1.1.%u", number + 1);
	const struct command k = { .class = UID_CT, .instance = instance, .what = C_STORE,
		.id = (uint16_t)(number + 2) };
	command(c, &k, CONTEXT_CT, false);
	AUTO_BUF b = { 0 };
	image(&b, who, instance, number + 1);
	data_units(c, CLIENT, CONTEXT_CT, 0, buf_span(&b));
	command(c, &k, CONTEXT_CT, true);
}
