/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB versions 2 and 3 in clear ([MS-SMB2] 2.2). */
#include "decode/smb.h"
#include "decode/utf16.h"

enum {
	FLAG_RESPONSE = 1, FLAG_ASYNC = 2, WILDCARD = 0x02FF, PARTS_MAX = 16,
	NEGOTIATE = 0, SESSION_SETUP = 1, TREE_CONNECT = 3, CREATE = 5, CLOSE = 6, READ = 8, WRITE = 9,
	WRITE_HEAD = SMB2_HEADER + 48, READ_HEAD = SMB2_HEADER + 16 + 64, CREATE_ANSWER = SMB2_HEADER + 88,
	SESSION_GUEST = 1, SESSION_NULL = 2, ACCESS_READ = 0x1, ACCESS_WRITE = 0x6, ACCESS_DELETE = 0x10000,
	GENERIC_ALL = 0x10000000, GENERIC_WRITE = 0x40000000, MAXIMUM = 0x02000000,
};
#define GENERIC_READ 0x80000000u

static const char *command_name(uint16_t command)
{
	static const char *const names[] = {
		"negotiate", "session_setup", "logoff", "tree_connect", "tree_disconnect", "create", "close", "flush", "read",
		"write", "lock", "ioctl", "cancel", "echo", "query_directory", "change_notify", "query_info", "set_info",
		"oplock_break",
	};
	return command < ARRAY_LEN(names) ? names[command] : NULL;
}

const char *smb2_dialect(uint16_t dialect)
{
	switch (dialect) {
	case 0x0202: return "2.0.2";
	case 0x0210: return "2.1";
	case WILDCARD: return "2.?";
	case 0x0300: return "3.0";
	case 0x0302: return "3.0.2";
	case 0x0311: return "3.1.1";
	default: return NULL;
	}
}

size_t smb2_need(struct span from_header, size_t length)
{
	struct rd r = rd_of(from_header);
	rd_skip(&r, 12);
	uint16_t command = rd_le16(&r);
	rd_skip(&r, 2);
	bool response = rd_le32(&r) & FLAG_RESPONSE;
	bool compound = rd_le32(&r) != 0;
	if (compound)
		return length < SMB_COMPOUND_SEEN ? length : SMB_COMPOUND_SEEN;
	switch (command) {
	case NEGOTIATE: return SMB_SMALL_SEEN;
	case SESSION_SETUP: return SMB_BLOB_SEEN;
	case TREE_CONNECT: return SMB_PATH_SEEN;
	case CREATE: return response ? CREATE_ANSWER : SMB_PATH_SEEN;
	case READ: return READ_HEAD;
	case WRITE: return WRITE_HEAD + 64;
	default: return SMB2_HEADER + 32;
	}
}

/* Bytes at an offset that counts from the header. */
static struct span at_offset(const struct smb_call *c, uint32_t offset, uint32_t length)
{
	struct rd r = rd_at(c->whole, false, offset, length);
	return rd_rest(&r);
}

/* 2.2.3 and 2.2.4. */
static void negotiate(struct smb_call *c, struct record *out, struct rd r)
{
	rd_skip(&r, 2);
	uint16_t count = c->response ? 0 : rd_le16(&r);
	bool required = rd_le16(&r) & 2;
	uint16_t dialect = c->response ? rd_le16(&r) : 0;
	if (!rd_ok(&r))
		return;
	record_bool(out, SMB_SIGNING, required);
	if (c->response)
		record_str(out, SMB_DIALECT, smb2_dialect(dialect));
	rd_skip(&r, 2 + 4 + 16 + 8);
	for (int i = 0; i < count && i < SMB_DIALECTS_MAX && rd_left(&r) >= 2; i++) {
		const char *name = smb2_dialect(rd_le16(&r));
		if (name)
			record_add_text(out, SMB_DIALECTS, span_str(name));
	}
}

/* 2.2.5 and 2.2.6. */
static void session_setup(struct smb_call *c, struct record *out, struct rd r)
{
	rd_skip(&r, 2);
	uint16_t flags = c->response ? rd_le16(&r) : 0;
	rd_skip(&r, c->response ? 0 : 1 + 1 + 4 + 4);
	uint16_t offset = rd_le16(&r), length = rd_le16(&r);
	if (!rd_ok(&r))
		return;
	smb_login(c, out, at_offset(c, offset, length));
	if (!c->response)
		return;
	smb_login_end(c, out);
	if (c->status == 0 && flags & SESSION_GUEST)
		record_bool(out, SMB_GUEST, true);
	if (c->status == 0 && flags & SESSION_NULL)
		record_bool(out, SMB_ANONYMOUS, true);
}

/* 2.2.9 and 2.2.10. */
static void tree_connect(struct smb_call *c, struct record *out, struct rd r)
{
	static const char *const kinds[] = { NULL, "disk", "pipe", "printer" };
	rd_skip(&r, 2);
	if (!c->response) {
		rd_skip(&r, 2);
		uint16_t offset = rd_le16(&r), length = rd_le16(&r);
		struct span path = rd_ok(&r) ? utf16_text(at_offset(c, offset, length), c->e->host->arena) : (struct span){ 0 };
		record_text(out, SMB_PATH, path);
		smb_path_set(&smb_pending_add(c)->path, path);
		return;
	}
	uint8_t kind = rd_u8(&r);
	struct smb_pending *p = smb_pending_take(c);
	if (p)
		record_text(out, SMB_PATH, smb_path_span(&p->path));
	if (!rd_ok(&r) || c->status || !kind || kind >= ARRAY_LEN(kinds))
		return;
	record_str(out, SMB_SHARE, kinds[kind]);
	if (kind != 1)
		smb_pipe_add(c->s, c->tree);
}

static const char *wants(uint32_t access)
{
	bool all = access & (GENERIC_ALL | MAXIMUM), read = all || access & (ACCESS_READ | GENERIC_READ);
	bool write = all || access & (ACCESS_WRITE | GENERIC_WRITE), deletes = access & ACCESS_DELETE;
	if (deletes)
		return write ? "read write delete" : read ? "read delete" : "delete";
	return write && read ? "read write" : write ? "write" : read ? "read" : NULL;
}

/* A file id has a part that lasts and one of this opening: the latter tells them apart ([MS-SMB2] 2.2.14.1). */
static uint64_t file_id(struct rd *r)
{
	uint64_t lasting = rd_le64(r), opening = rd_le64(r);
	return lasting ^ opening << 1 ^ opening >> 63;
}

/* 2.2.13 and 2.2.14. */
static void create(struct smb_call *c, struct record *out, struct rd r)
{
	rd_skip(&r, 2);
	if (!c->response) {
		rd_skip(&r, 1 + 1 + 4 + 8 + 8);
		uint32_t access = rd_le32(&r);
		rd_skip(&r, 4 * 4);
		uint16_t offset = rd_le16(&r), length = rd_le16(&r);
		if (!rd_ok(&r))
			return;
		size_t here = c->whole.n > offset ? c->whole.n - offset : 0;
		struct span path = utf16_text(at_offset(c, offset, length < here ? length : (uint32_t)here), c->e->host->arena);
		record_text(out, SMB_PATH, path);
		record_str(out, SMB_WANTS, wants(access));
		smb_path_set(&smb_pending_add(c)->path, path);
		return;
	}
	struct smb_pending *p = smb_pending_take(c);
	rd_skip(&r, 1 + 1 + 4 + 4 * 8 + 8);
	uint64_t size = rd_le64(&r);
	rd_skip(&r, 4 + 4);
	uint64_t id = file_id(&r);
	if (p)
		record_text(out, SMB_PATH, smb_path_span(&p->path));
	if (!rd_ok(&r) || c->status)
		return;
	record_uint(out, SMB_SIZE, size);
	if (p && !smb_is_pipe(&(struct smb_call){ .s = c->s, .tree = p->tree }, smb_path_span(&p->path)))
		smb_open_add(c, id, &p->path, size);
}

/* 2.2.19 and 2.2.20. */
static void reading(struct smb_call *c, struct rd r)
{
	rd_skip(&r, 2);
	if (!c->response) {
		rd_skip(&r, 1 + 1 + 4);
		uint64_t offset = rd_le64(&r), id = file_id(&r);
		if (!rd_ok(&r) || smb_is_pipe(c, (struct span){ 0 }))
			return;
		struct smb_pending *p = smb_pending_add(c);
		p->file = id;
		p->offset = offset;
		return;
	}
	struct smb_pending *p = smb_pending_take(c);
	uint8_t offset = rd_u8(&r);
	rd_skip(&r, 1);
	uint32_t length = rd_le32(&r);
	if (p && rd_ok(&r) && !c->status && offset <= c->whole.n)
		smb_content(c, p->file, p->offset, span_from(c->whole, offset), length);
}

/* 2.2.21. */
static void writing(struct smb_call *c, struct rd r)
{
	rd_skip(&r, 2);
	uint16_t data = rd_le16(&r);
	uint32_t length = rd_le32(&r);
	uint64_t offset = rd_le64(&r), id = file_id(&r);
	if (rd_ok(&r) && !c->response && data <= c->whole.n && !smb_is_pipe(c, (struct span){ 0 }))
		smb_content(c, id, offset, span_from(c->whole, data), length);
}

static void closing(struct smb_call *c, struct rd r)
{
	rd_skip(&r, 2 + 2 + 4);
	uint64_t id = file_id(&r);
	if (rd_ok(&r) && !c->response)
		smb_close(c, id);
}

/* Logins, shares and opened files are all told; of other commands the first each way. */
static void told(struct smb_call *c, struct rd r)
{
	struct record out UNSET;
	bool fresh = smb_is_new(c->s, c->m->to_server, c->command);
	bool always = c->command == SESSION_SETUP || c->command == TREE_CONNECT || (c->command == CREATE && !c->response);
	smb_begin(c, &out, "SMB2", command_name(c->command));
	switch (c->command) {
	case NEGOTIATE: negotiate(c, &out, r); break;
	case SESSION_SETUP: session_setup(c, &out, r); break;
	case TREE_CONNECT: tree_connect(c, &out, r); break;
	case CREATE: create(c, &out, r); break;
	default: break;
	}
	if (fresh || always)
		emit_record(c->e, &out);
	switch (c->command) {
	case CLOSE: closing(c, r); break;
	case READ: reading(c, r); break;
	case WRITE: writing(c, r); break;
	default: break;
	}
}

/* One part of a compound; r stands behind its signature. Returns where the next begins, 0 for none. */
static uint32_t part(struct smb_call *c, struct rd r)
{
	rd_skip(&r, 2 + 2);                      /* structure size, credit charge */
	c->status = rd_le32(&r);
	c->command = rd_le16(&r);
	rd_skip(&r, 2);
	uint32_t flags = rd_le32(&r), next = rd_le32(&r);
	c->message = rd_le64(&r) + 1;
	rd_skip(&r, 4);
	c->tree = rd_le32(&r);
	rd_skip(&r, 8 + 16);
	c->response = flags & FLAG_RESPONSE;
	if (flags & FLAG_ASYNC)                  /* an asynchronous id stands where the tree would */
		c->tree = 0;
	if (!rd_ok(&r))
		return UINT32_MAX;
	if (next && next < c->whole.n) {
		struct rd own = rd_at(c->whole, false, 0, next);
		c->whole = rd_rest(&own);
		size_t body = next > SMB2_HEADER ? next - SMB2_HEADER : 0;
		r = rd_sub(&r, body < rd_left(&r) ? body : rd_left(&r));
	}
	told(c, r);
	return next;
}

bool smb2_message(struct smb_call *c, struct rd r)
{
	struct span whole = c->whole;
	uint64_t rest = c->rest;
	for (int i = 0; i < PARTS_MAX; i++) {
		c->rest = 0;
		/* Only the last part can be longer than what is here. */
		struct rd look = rd_at(whole, false, 20, 4);
		uint32_t next = rd_le32(&look);
		if (!next || next >= whole.n)
			c->rest = rest;
		next = part(c, r);
		if (next == UINT32_MAX)
			return i > 0;
		if (next < SMB2_HEADER || next >= whole.n)
			return true;
		whole = span_from(whole, next);
		c->whole = whole;
		r = rd_of(whole);
		if (rd_be32(&r) != 0xFE534D42)
			return false;
	}
	return true;
}
