/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BACnet/IP, building control (ASHRAE 135: annex J for the link, clauses 6, 20 and 21 for network, application and
 * services): who asks for devices, what they say they are, who reads, writes or restarts them.
 *
 *   u8 0x81   u8 function   be16 length (of all)   [forwarded: 6 bytes]   u8 1   u8 control   [addresses]   APDU */
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	PORT_BACNET = 47808, LINK = 0x81, FUNCTION_LAST = 0x0B, FORWARDED = 0x04, DISTRIBUTE = 0x09, UNICAST = 0x0A,
	BROADCAST = 0x0B, CONTROL_NETWORK = 0x80, CONTROL_TO = 0x20, CONTROL_FROM = 0x08, CONTROL_UNUSED = 0x50,
	CONFIRMED = 0, UNCONFIRMED, SIMPLE_ACK, COMPLEX_ACK, SEGMENT_ACK, ERROR, REJECT, ABORT,
	I_AM = 0, I_HAVE = 1, WHO_HAS = 7, WHO_IS = 8, READ = 12, READ_MULTIPLE = 14, WRITE = 15, WRITE_MULTIPLE = 16,
	COMMUNICATION = 17, REINITIALIZE = 20, OBJECT_DEVICE = 8, SEGMENTED = 0x08,
	TAG_UNSIGNED = 2, TAG_TEXT = 7, TAG_OBJECT = 12, ELEMENTS_MAX = 256, OPENING = 6, CLOSING = 7, TEXT_KEPT = 128,
};

enum {
	MESSAGE, SERVICE, DEVICE, VENDOR, OBJECT, PROPERTY, MAKER, MODEL, FIRMWARE, SOFTWARE, NAME, SERIAL, PASSWORD, FIELDS
};

static const struct field fields[FIELDS] = {
	[MESSAGE] = { "message", F_TEXT, "request, ack, error, reject, abort, announcement, link or network" },
	[SERVICE] = { "service", F_TEXT, "who_is, i_am, read_property, write_property, reinitialize_device … or a number" },
	[DEVICE] = { "device", F_UINT, "number of the device that says it is there" },
	[VENDOR] = { "vendor", F_UINT, "its maker, as numbered by ASHRAE" },
	[OBJECT] = { "object", F_TEXT, "object that is read or written: type and number" },
	[PROPERTY] = { "property", F_UINT, "its property, as numbered by the norm: 77 name, 85 present value" },
	[MAKER] = { "maker", F_TEXT, "vendor-name, as the device says", .clue = CLUE_MAKER },
	[MODEL] = { "model", F_TEXT, "model-name, as the device says", .clue = CLUE_MODEL },
	[FIRMWARE] = { "firmware", F_TEXT, "firmware-revision, as the device says", .clue = CLUE_VERSION },
	[SOFTWARE] = { "software", F_TEXT, "application-software-version, as the device says" },
	[NAME] = { "name", F_TEXT, "object-name of the device, as it says", .clue = CLUE_NAME },
	[SERIAL] = { "serial", F_TEXT, "serial-number, as the device says", .clue = CLUE_SERIAL },
	[PASSWORD] = { "password", F_TEXT, "password that a restart or silencing is asked with", .privacy = SECRET },
};
static RECORD_TYPE(bacnet_type, "bacnet", "A BACnet message", fields);

/* Past link and network layer; false: no application message, or malformed (r bad). */
static bool application(struct rd *r, uint8_t *function)
{
	size_t all = rd_left(r);
	uint8_t link = rd_u8(r);
	*function = rd_u8(r);
	uint16_t length = rd_be16(r);
	if (link != LINK || *function > FUNCTION_LAST || length < 4 || length > all)
		rd_fail(r);
	if (*function != FORWARDED && *function != DISTRIBUTE && *function != UNICAST && *function != BROADCAST)
		return false;
	rd_skip(r, *function == FORWARDED ? 6 : 0);
	uint8_t version = rd_u8(r), control = rd_u8(r);
	if (version != 1 || control & CONTROL_UNUSED)
		rd_fail(r);
	for (unsigned way = CONTROL_TO; way >= CONTROL_FROM; way >>= 2)
		if (control & way) {
			rd_skip(r, 2);
			rd_skip(r, rd_u8(r));
		}
	rd_skip(r, control & CONTROL_TO ? 1 : 0);
	return rd_ok(r) && !(control & CONTROL_NETWORK);
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	struct rd r = rd_of(m->bytes);
	uint8_t function;
	struct rd head = r;
	rd_skip(&head, 2);
	bool whole = rd_be16(&head) == m->bytes.n + m->lost;
	bool app = application(&r, &function);
	bool near = at->dport == PORT_BACNET || at->sport == PORT_BACNET;
	if (!rd_ok(&r) || !whole)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	return (struct bid){ app && (rd_peek(&r) >> 4) <= ABORT ? BID_SURE : near ? BID_LIKELY : BID_MAYBE, SIDE_UNKNOWN };
}

/* ---- tags (clause 20.2) ---- */

struct tag {
	uint8_t number, mark;                    /* mark: OPENING, CLOSING or 0 */
	bool context;
	struct rd body;
};

static struct tag tag_next(struct rd *r)
{
	uint8_t first = rd_u8(r), low = first & 7;
	struct tag t = { .number = first >> 4, .context = first & 8 };
	if (t.number == 15)
		t.number = rd_u8(r);
	if (t.context && low >= OPENING) {
		t.mark = low;
		return t;
	}
	uint32_t length = low;
	if (!t.context && t.number == 1)
		length = 0;                      /* a boolean stands in the tag itself */
	else if (low == 5)
		length = rd_u8(r);
	if (low == 5 && length == 254)
		length = rd_be16(r);
	else if (low == 5 && length == 255)
		length = rd_be32(r);
	t.body = rd_sub(r, length);
	return t;
}

static uint32_t number_of(struct rd r)
{
	uint32_t v = 0;
	while (rd_left(&r))
		v = v << 8 | rd_u8(&r);
	return v;
}

/* Character sets: 0 is UTF-8; others are left alone. */
static struct span text_of(struct rd r)
{
	return rd_u8(&r) == 0 ? span_cut(rd_rest(&r), TEXT_KEPT) : (struct span){ 0 };
}

static void object_told(struct record *out, uint32_t id)
{
	char *text = arena_printf(out->host->arena, "%u:%u", id >> 22, id & 0x3FFFFF);
	if (!record_has(out, OBJECT))
		record_str(out, OBJECT, text);
}

static int field_of(uint32_t property)
{
	switch (property) {
	case 12: return SOFTWARE;
	case 44: return FIRMWARE;
	case 70: return MODEL;
	case 77: return NAME;
	case 121: return MAKER;
	case 372: return SERIAL;
	default: return -1;
	}
}

/* Of the answers of clauses 15.5 and 15.7 the texts of the device object. Tags 0 and 1, or 2 within 1, name object
 * and property; what stands between the marks 3, or 4, is the value. */
static void properties(struct record *out, struct rd r, bool multiple, bool answer)
{
	uint32_t object = 0, property = 0;
	const uint8_t property_tag = multiple ? 2 : 1, value_mark = multiple ? 4 : 3;
	bool value = false;
	for (int i = 0; rd_left(&r) && i < ELEMENTS_MAX; i++) {
		struct tag t = tag_next(&r);
		if (!rd_ok(&r))
			return;
		if (t.mark) {
			value = t.mark == OPENING && t.number == value_mark;
			continue;
		}
		bool names = t.context && !value;
		if (names && t.number == 0 && rd_left(&t.body) == 4) {
			object = number_of(t.body);
			object_told(out, object);
		} else if (names && t.number == property_tag) {
			property = number_of(t.body);
			if (!record_has(out, PROPERTY))
				record_uint(out, PROPERTY, property);
		} else if (answer && value && !t.context && t.number == TAG_TEXT && object >> 22 == OBJECT_DEVICE) {
			int field = field_of(property);
			if (field >= 0 && !record_has(out, (unsigned)field))
				record_text(out, (unsigned)field, text_of(t.body));
		}
	}
}

static void i_am(struct record *out, struct rd r)
{
	struct tag id = tag_next(&r);
	(void)tag_next(&r);                      /* largest message */
	(void)tag_next(&r);                      /* segmentation */
	struct tag vendor = tag_next(&r);
	if (!rd_ok(&r) || id.number != TAG_OBJECT || vendor.number != TAG_UNSIGNED)
		return;
	record_uint(out, DEVICE, number_of(id.body) & 0x3FFFFF);
	record_uint(out, VENDOR, number_of(vendor.body));
}

/* Clauses 16.1 and 16.4: a restart or silencing may need a password, which stands in clear. */
static void command(struct record *out, struct rd r)
{
	for (int i = 0; rd_left(&r) && i < 4; i++) {
		struct tag t = tag_next(&r);
		if (rd_ok(&r) && t.context && !t.mark && t.number >= 1 && rd_left(&t.body) > 1 && rd_peek(&t.body) == 0)
			record_text(out, PASSWORD, text_of(t.body));
	}
}

static const char *confirmed_name(uint8_t service)
{
	static const char *const names[] = {
		"acknowledge_alarm", "cov_notification", "event_notification", "alarm_summary", "enrollment_summary",
		"subscribe_cov", "atomic_read_file", "atomic_write_file", "add_list_element", "remove_list_element",
		"create_object", "delete_object", "read_property", "read_property_conditional", "read_property_multiple",
		"write_property", "write_property_multiple", "device_communication_control", "private_transfer", "text_message",
		"reinitialize_device", "vt_open", "vt_close", "vt_data", "authenticate", "request_key", "read_range",
		"life_safety_operation", "subscribe_cov_property", "event_information",
	};
	return service < ARRAY_LEN(names) ? names[service] : NULL;
}

static const char *unconfirmed_name(uint8_t service)
{
	static const char *const names[] = {
		"i_am", "i_have", "cov_notification", "event_notification", "private_transfer", "text_message",
		"time_synchronization", "who_has", "who_is", "utc_time_synchronization", "write_group",
	};
	return service < ARRAY_LEN(names) ? names[service] : NULL;
}

static void service(struct record *out, const char *name, uint8_t number)
{
	record_str(out, SERVICE, name ? name : arena_printf(out->host->arena, "%u", number));
}

static void confirmed(struct record *out, struct rd r, uint8_t first)
{
	rd_skip(&r, 2 + (first & SEGMENTED ? 2 : 0));        /* sizes, invoke id, sequence, window */
	uint8_t choice = rd_u8(&r);
	service(out, confirmed_name(choice), choice);
	if (choice == COMMUNICATION || choice == REINITIALIZE)
		command(out, r);
	else if (choice == READ || choice == WRITE || choice == READ_MULTIPLE || choice == WRITE_MULTIPLE)
		properties(out, r, choice == READ_MULTIPLE || choice == WRITE_MULTIPLE, false);
}

static void acknowledged(struct record *out, struct rd r, uint8_t first)
{
	rd_skip(&r, 1 + (first & SEGMENTED ? 2 : 0));
	uint8_t choice = rd_u8(&r);
	service(out, confirmed_name(choice), choice);
	if (choice == READ || choice == READ_MULTIPLE)
		properties(out, r, choice == READ_MULTIPLE, true);
}

static void message(struct record *out, struct rd r)
{
	static const char *const names[] = {
		"request", "announcement", "ack", "ack", "ack", "error", "reject", "abort",
	};
	uint8_t first = rd_u8(&r), type = first >> 4, choice;
	record_str(out, MESSAGE, type <= ABORT ? names[type] : "other");
	switch (type) {
	case CONFIRMED: confirmed(out, r, first); break;
	case COMPLEX_ACK: acknowledged(out, r, first); break;
	case UNCONFIRMED:
		choice = rd_u8(&r);
		service(out, unconfirmed_name(choice), choice);
		if (choice == I_AM)
			i_am(out, r);
		break;
	case SIMPLE_ACK:
	case ERROR:
		rd_skip(&r, 1);
		choice = rd_u8(&r);
		service(out, confirmed_name(choice), choice);
		break;
	default: break;
	}
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	uint8_t function;
	bool app = application(&r, &function);
	if (!rd_ok(&r))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &bacnet_type);
	if (app)
		message(&out, r);
	else
		record_str(&out, MESSAGE, function == FORWARDED || function >= DISTRIBUTE ? "network" : "link");
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &bacnet_type, NULL };

const struct decoder decoder_bacnet = {
	.name = "bacnet", .doc = "BACnet/IP, building control (ASHRAE 135)", .over = OVER_UDP, .ports = { PORT_BACNET },
	.bid = bid, .decode = decode, .types = types,
};
