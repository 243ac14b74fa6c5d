/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB, to name it and its dialect: NetBIOS session framing (RFC 1002 4.3), SMB1 ([MS-CIFS] 2.2.3),
 * SMB2/3 ([MS-SMB2] 2.2). The first of each command is told, bulk is passed over. */
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	PORT_SMB = 445, PORT_SESSION = 139, SESSION_HEADER = 4, HEAD_SEEN = 512, MESSAGES_TOLD = 16, DIALECTS_MAX = 16,
	SESSION_MESSAGE = 0x00, SESSION_REQUEST = 0x81, SESSION_KEEPALIVE = 0x85,
	REQUEST_LENGTH = 68, NAME_ENCODED = 32,
	COMMAND1_NEGOTIATE = 0x72, COMMAND2_NEGOTIATE = 0, SMB1_RESPONSE = 0x80, SMB2_RESPONSE = 0x01,
	DIALECT_WILDCARD = 0x02FF,
};

enum { VERSION, COMMAND, RESPONSE, STATUS, DIALECT, DIALECTS, SIGNING, FIELDS };

static const struct field fields[FIELDS] = {
	[VERSION] = { "version", F_TEXT, "SMB1, SMB2 (also 3), encrypted, compressed, or session (NetBIOS)" },
	[COMMAND] = { "command", F_TEXT, "negotiate, session_setup, tree_connect, create, read, write … or a number" },
	[RESPONSE] = { "response", F_BOOL, "from the server" },
	[STATUS] = { "status", F_UINT, "outcome of a response, 0 is well" },
	[DIALECT] = { "dialect", F_TEXT, "dialect that the server chose: 2.0.2 to 3.1.1" },
	[DIALECTS] = { "dialects", F_TEXTS, "dialects that the client offers" },
	[SIGNING] = { "signing_required", F_BOOL, "messages must be signed" },
};
static RECORD_TYPE(smb_type, "smb", "One of the first messages of an SMB connection", fields);

struct state {
	unsigned told;
	uint32_t seen[2][8];                     /* bit n: command n went this way */
};

enum kind { KIND_NONE, KIND_SMB1, KIND_SMB2, KIND_ENCRYPTED, KIND_COMPRESSED };

static enum kind kind_of(struct rd *r)
{
	uint8_t first = rd_u8(r);
	if (rd_be24(r) != 0x534D42)              /* "SMB" */
		return KIND_NONE;
	switch (first) {
	case 0xFF: return KIND_SMB1;
	case 0xFE: return KIND_SMB2;
	case 0xFD: return KIND_ENCRYPTED;
	case 0xFC: return KIND_COMPRESSED;
	default: return KIND_NONE;
	}
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	if (type != SESSION_MESSAGE && type != SESSION_REQUEST)
		return (struct bid){ m->bytes.n || m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	uint32_t length = rd_be24(&r);
	if (m->bytes.n < SESSION_HEADER + 4)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	if (type == SESSION_REQUEST)
		return (struct bid){ length == REQUEST_LENGTH && rd_u8(&r) == NAME_ENCODED ? BID_SURE : BID_NO, SIDE_CLIENT };
	return (struct bid){ length >= 32 && kind_of(&r) ? BID_SURE : BID_NO, SIDE_UNKNOWN };
}

static struct frame frame(const struct message *m, void *memory)
{
	const struct state *state = memory;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	uint32_t length = rd_be24(&r);
	if (!rd_ok(&r))
		return FRAME_WAIT(m);
	if (type != SESSION_MESSAGE && (type < SESSION_REQUEST || type > SESSION_KEEPALIVE || length > REQUEST_LENGTH))
		return FRAME_NONE;
	uint32_t head = state->told < MESSAGES_TOLD ? HEAD_SEEN : 4;
	return (struct frame){ SESSION_HEADER + (size_t)(length < head ? length : head), SESSION_HEADER + (uint64_t)length };
}

static const char *command1_name(uint8_t command)
{
	switch (command) {
	case 0x04: return "close";
	case 0x25: return "transaction";
	case 0x2D: return "open";
	case 0x2E: return "read";
	case 0x2F: return "write";
	case 0x32: return "transaction2";
	case COMMAND1_NEGOTIATE: return "negotiate";
	case 0x73: return "session_setup";
	case 0x74: return "logoff";
	case 0x75: return "tree_connect";
	case 0xA2: return "create";
	default: return NULL;
	}
}

static const char *command2_name(uint16_t command)
{
	static const char *const names[] = {
		"negotiate", "session_setup", "logoff", "tree_connect", "tree_disconnect", "create", "close", "flush", "read",
		"write", "lock", "ioctl", "cancel", "echo", "query_directory", "change_notify", "query_info", "set_info",
		"oplock_break",
	};
	return command < ARRAY_LEN(names) ? names[command] : NULL;
}

static const char *dialect_name(uint16_t dialect)
{
	switch (dialect) {
	case 0x0202: return "2.0.2";
	case 0x0210: return "2.1";
	case DIALECT_WILDCARD: return "2.?";
	case 0x0300: return "3.0";
	case 0x0302: return "3.0.2";
	case 0x0311: return "3.1.1";
	default: return NULL;
	}
}

/* [MS-CIFS] 2.2.4.52: word count, byte count, then each dialect behind a 2 and ended by a NUL. */
static void negotiate1(struct record *out, struct rd r)
{
	struct span text;
	rd_skip(&r, 2u * rd_u8(&r));
	struct rd list = rd_sub(&r, rd_le16(&r));
	for (int i = 0; i < DIALECTS_MAX && rd_u8(&list) == 2 && rd_until(&list, 0, &text); i++)
		record_add_text(out, DIALECTS, text);
}

/* [MS-SMB2] 2.2.3 and 2.2.4. */
static void negotiate2(struct record *out, struct rd r, bool response)
{
	rd_skip(&r, 2);
	uint16_t count = response ? 0 : rd_le16(&r);
	bool required = rd_le16(&r) & 2;
	uint16_t dialect = response ? rd_le16(&r) : 0;
	if (!rd_ok(&r))
		return;
	record_bool(out, SIGNING, required);
	if (response)
		record_str(out, DIALECT, dialect_name(dialect));
	rd_skip(&r, 2 + 4 + 16 + 8);
	for (int i = 0; i < count && i < DIALECTS_MAX && rd_left(&r) >= 2; i++) {
		const char *name = dialect_name(rd_le16(&r));
		if (name)
			record_add_text(out, DIALECTS, span_str(name));
	}
}

enum { SEEN_OPAQUE = 0xFF };                     /* no command of SMB1 or SMB2 */

static bool is_new(struct state *state, bool to_server, unsigned command)
{
	uint32_t bit = (uint32_t)1 << (command & 31), *seen = &state->seen[to_server][command >> 5 & 7];
	bool fresh = !(*seen & bit);
	*seen |= bit;
	return fresh;
}

static bool message1(struct rd r, struct state *state, const struct message *m, struct emit *e)
{
	uint8_t command = rd_u8(&r);
	uint32_t status = rd_le32(&r);
	bool response = rd_u8(&r) & SMB1_RESPONSE;
	rd_skip(&r, 32 - 4 - 1 - 4 - 1);
	if (!rd_ok(&r) || !is_new(state, m->to_server, command))
		return rd_ok(&r);
	struct record out UNSET;
	emit_begin(e, &out, &smb_type);
	record_str(&out, VERSION, "SMB1");
	const char *name = command1_name(command);
	record_str(&out, COMMAND, name ? name : arena_printf(e->host->arena, "0x%02X", command));
	record_bool(&out, RESPONSE, response);
	if (response)
		record_uint(&out, STATUS, status);
	if (command == COMMAND1_NEGOTIATE && !response)
		negotiate1(&out, r);
	emit_record(e, &out);
	return true;
}

static bool message2(struct rd r, struct state *state, const struct message *m, struct emit *e)
{
	rd_skip(&r, 2 + 2);                      /* structure size, credit charge */
	uint32_t status = rd_le32(&r);
	uint16_t command = rd_le16(&r);
	rd_skip(&r, 2);
	bool response = rd_le32(&r) & SMB2_RESPONSE;
	rd_skip(&r, 64 - 4 - 16);
	if (!rd_ok(&r) || !is_new(state, m->to_server, command))
		return rd_ok(&r);
	struct record out UNSET;
	emit_begin(e, &out, &smb_type);
	record_str(&out, VERSION, "SMB2");
	const char *name = command2_name(command);
	record_str(&out, COMMAND, name ? name : arena_printf(e->host->arena, "0x%02X", command));
	record_bool(&out, RESPONSE, response);
	if (response)
		record_uint(&out, STATUS, status);
	if (command == COMMAND2_NEGOTIATE)
		negotiate2(&out, r, response);
	emit_record(e, &out);
	return true;
}

static void opaque(const char *version, struct state *state, const struct message *m, struct emit *e)
{
	if (!is_new(state, m->to_server, SEEN_OPAQUE))
		return;
	struct record out UNSET;
	emit_begin(e, &out, &smb_type);
	record_str(&out, VERSION, version);
	emit_record(e, &out);
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *state = memory;
	if (state->told >= MESSAGES_TOLD)
		return true;
	struct rd r = rd_of(m->bytes);
	uint8_t type = rd_u8(&r);
	rd_skip(&r, 3);
	if (type == SESSION_KEEPALIVE)
		return rd_ok(&r);
	state->told++;
	if (type != SESSION_MESSAGE) {
		opaque("session", state, m, e);
		return rd_ok(&r);
	}
	switch (kind_of(&r)) {
	case KIND_SMB1: return message1(r, state, m, e);
	case KIND_SMB2: return message2(r, state, m, e);
	case KIND_ENCRYPTED:
		opaque("encrypted", state, m, e);
		return true;
	case KIND_COMPRESSED:
		opaque("compressed", state, m, e);
		return true;
	case KIND_NONE: break;
	}
	return false;
}

static const struct record_type *const types[] = { &smb_type, NULL };

const struct decoder decoder_smb = {
	.name = "smb", .doc = "Server Message Block, versions 1 to 3, first messages ([MS-CIFS], [MS-SMB2])",
	.over = OVER_TCP, .ports = { PORT_SMB, PORT_SESSION }, .state_size = sizeof(struct state),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
