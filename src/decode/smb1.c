/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMB version 1, also called CIFS ([MS-CIFS] 2.2, its extensions [MS-SMB] 2.2). Every message: a count of words, the
 * words, a count of bytes, the bytes; "AndX" commands say where in the same message the next one stands. */
#include "decode/smb.h"
#include "decode/utf16.h"

enum {
	FLAG_RESPONSE = 0x80, FLAG2_UNICODE = 0x8000, FLAG2_STATUS = 0x4000, CHAIN_MAX = 6, NO_COMMAND = 0xFF,
	CLOSE = 0x04, OPEN = 0x2D, READ = 0x2E, WRITE = 0x2F, NEGOTIATE = 0x72, SESSION_SETUP = 0x73, TREE_CONNECT = 0x75,
	CREATE = 0xA2, WORDS_SECURE = 12, WORDS_PLAIN = 13, HASH_LENGTH = 24, ACTION_GUEST = 1,
	ACCESS_READ = 0x1, ACCESS_WRITE = 0x6, ACCESS_DELETE = 0x10000, READ_HEAD = SMB1_HEADER + 96, ACCESS_MODE = 7,
};

static const char *command_name(uint16_t command)
{
	switch (command) {
	case CLOSE: return "close";
	case 0x06: return "delete";
	case 0x07: return "rename";
	case 0x25: return "transaction";
	case OPEN: return "open";
	case READ: return "read";
	case WRITE: return "write";
	case 0x32: return "transaction2";
	case 0x71: return "tree_disconnect";
	case NEGOTIATE: return "negotiate";
	case SESSION_SETUP: return "session_setup";
	case 0x74: return "logoff";
	case TREE_CONNECT: return "tree_connect";
	case CREATE: return "create";
	default: return NULL;
	}
}

size_t smb1_need(struct span from_header, size_t length)
{
	struct rd r = rd_of(from_header);
	rd_skip(&r, 4);
	switch (rd_u8(&r)) {
	case NEGOTIATE: return SMB_SMALL_SEEN;
	case SESSION_SETUP: return SMB_BLOB_SEEN;
	case TREE_CONNECT:
	case OPEN:
	case CREATE: return SMB_PATH_SEEN;
	case READ:
	case WRITE: return READ_HEAD;
	default: return length < SMB_SMALL_SEEN / 4 ? length : SMB_SMALL_SEEN / 4;
	}
}

/* ---- one command of a message ---- */

struct command {
	struct rd words, bytes;
	uint8_t nwords;
	uint8_t next;                            /* NO_COMMAND: the last */
	uint16_t next_at;                        /* from the header */
};

static bool is_andx(uint8_t command)
{
	return command == OPEN || command == READ || command == WRITE || command == SESSION_SETUP || command == 0x74 ||
		command == TREE_CONNECT || command == CREATE;
}

static bool command_read(struct rd *r, uint8_t code, struct command *out)
{
	*out = (struct command){ .nwords = rd_u8(r), .next = NO_COMMAND };
	out->words = rd_sub(r, 2u * out->nwords);
	uint16_t bytes = rd_le16(r);
	if (!rd_ok(r))
		return false;
	out->bytes = rd_sub(r, bytes < rd_left(r) ? bytes : rd_left(r));
	if (is_andx(code) && out->nwords >= 2) {
		out->next = rd_u8(&out->words);
		rd_skip(&out->words, 1);
		out->next_at = rd_le16(&out->words);
	}
	return true;
}

/* A text up to its NUL. */
static struct span text(const struct smb_call *c, struct rd *r, bool unicode)
{
	if (!unicode)
		return rd_piece(r, 0);
	struct rd start = *r;
	size_t n = 0;
	while (rd_left(r) >= 2 && rd_le16(r) != 0)
		n += 2;
	return utf16_text(rd_span(&start, n), c->e->host->arena);
}

/* UTF-16 begins at an even distance from the header. */
static void align(const struct smb_call *c, struct rd *r)
{
	struct rd copy = *r;
	size_t at = (size_t)(rd_span(&copy, 0).p - c->whole.p);
	if (c->unicode && rd_left(r) && at % 2 != 0)
		rd_skip(r, 1);
}

static void path_told(struct smb_call *c, struct record *out, struct span path)
{
	record_text(out, SMB_PATH, path);
	smb_path_set(&smb_pending_add(c)->path, path);
}

/* [MS-CIFS] 2.2.4.52: each dialect behind a 2 and ended by a NUL. */
static void negotiate(struct smb_call *c, struct record *out, struct command *x)
{
	struct span name;
	for (int i = 0; !c->response && i < SMB_DIALECTS_MAX && rd_u8(&x->bytes) == 2 && rd_until(&x->bytes, 0, &name); i++)
		record_add_text(out, SMB_DIALECTS, name);
}

static void systems(struct smb_call *c, struct record *out, struct rd *r)
{
	align(c, r);
	struct span native = text(c, r, c->unicode);
	record_text(out, SMB_SYSTEM, native);
}

/* [MS-CIFS] 2.2.4.53: two passwords, account, domain, system. A response to a challenge has 24 bytes; less than
 * that is the password itself, or nothing. */
static void login_plain(struct smb_call *c, struct record *out, struct command *x)
{
	struct rd *w = &x->words, *r = &x->bytes;
	rd_skip(w, 2 + 2 + 2 + 4);
	uint16_t ansi = rd_le16(w), wide = rd_le16(w);
	struct span first = rd_span(r, ansi), second = rd_span(r, wide);
	if (!rd_ok(w) || !rd_ok(r))
		return;
	bool hashed = ansi >= HASH_LENGTH || wide >= HASH_LENGTH;
	record_str(out, SMB_AUTH, hashed ? "hash" : ansi > 1 || wide > 2 ? "clear" : NULL);
	if (!hashed && ansi > 1)
		record_text(out, SMB_PASSWORD, first);
	else if (!hashed && wide > 2)
		record_text(out, SMB_PASSWORD, utf16_text(second, c->e->host->arena));
	align(c, r);
	struct span user = text(c, r, c->unicode), domain = text(c, r, c->unicode);
	record_text(out, SMB_USER, user);
	record_text(out, SMB_DOMAIN, domain);
	c->s->user = record_get_token(out, SMB_USER);
	c->s->anonymous = !user.n;
	record_bool(out, SMB_ANONYMOUS, c->s->anonymous);
	systems(c, out, r);
}

static void session_setup(struct smb_call *c, struct record *out, struct command *x)
{
	struct rd *w = &x->words;
	if (!c->response && x->nwords == WORDS_PLAIN) {
		login_plain(c, out, x);
		return;
	}
	if (!c->response && x->nwords == WORDS_SECURE) {
		rd_skip(w, 2 + 2 + 2 + 4);
		smb_login(c, out, rd_span(&x->bytes, rd_le16(w)));
		systems(c, out, &x->bytes);
		return;
	}
	if (!c->response)
		return;
	uint16_t action = rd_le16(w), blob = x->nwords >= 4 ? rd_le16(w) : 0;
	if (rd_ok(w) && blob)
		smb_login(c, out, rd_span(&x->bytes, blob));
	if (rd_ok(w) && x->nwords)
		systems(c, out, &x->bytes);
	smb_login_end(c, out);
	if (!c->status && action & ACTION_GUEST)
		record_bool(out, SMB_GUEST, true);
}

/* [MS-CIFS] 2.2.4.55. */
static void tree_connect(struct smb_call *c, struct record *out, struct command *x)
{
	struct rd *w = &x->words, *r = &x->bytes;
	if (!c->response) {
		rd_skip(w, 2);
		struct span password = rd_span(r, rd_le16(w));
		if (!rd_ok(w) || !rd_ok(r))
			return;
		if (password.n > 1 && password.n < HASH_LENGTH)      /* of a share, in clear */
			record_text(out, SMB_PASSWORD, password);
		align(c, r);
		path_told(c, out, text(c, r, c->unicode));
		return;
	}
	struct smb_pending *p = smb_pending_take(c);
	struct span service = text(c, r, false);
	if (p)
		record_text(out, SMB_PATH, smb_path_span(&p->path));
	if (c->status)
		return;
	record_str(out, SMB_SHARE, span_is(service, "A:") ? "disk" : span_is(service, "IPC") ? "pipe" :
		span_is(service, "LPT1:") ? "printer" : NULL);
	if (service.n && !span_is(service, "A:"))
		smb_pipe_add(c->s, c->tree);
}

/* [MS-CIFS] 2.2.4.64, 2.2.4.41: of a response the handle, and the size after `before` bytes of words. */
static void opened(struct smb_call *c, struct record *out, struct rd *w, size_t before_id, size_t before_size,
		   bool wide)
{
	struct smb_pending *p = smb_pending_take(c);
	rd_skip(w, before_id);
	uint64_t id = rd_le16(w);
	rd_skip(w, before_size);
	uint64_t size = wide ? rd_le64(w) : rd_le32(w);
	if (p)
		record_text(out, SMB_PATH, smb_path_span(&p->path));
	if (!rd_ok(w) || c->status)
		return;
	record_uint(out, SMB_SIZE, size);
	if (p && !smb_is_pipe(c, smb_path_span(&p->path)))
		smb_open_add(c, id, &p->path, size);
}

static void create(struct smb_call *c, struct record *out, struct command *x)
{
	struct rd *w = &x->words;
	if (c->response) {
		opened(c, out, w, 1, 4 + 32 + 4 + 8, true);
		return;
	}
	rd_skip(w, 1 + 2 + 4 + 4);
	uint32_t access = rd_le32(w);
	if (!rd_ok(w))
		return;
	record_str(out, SMB_WANTS, access & ACCESS_DELETE ? "delete" : access & ACCESS_WRITE ? "write" :
		access & ACCESS_READ ? "read" : NULL);
	align(c, &x->bytes);
	path_told(c, out, text(c, &x->bytes, c->unicode));
}

static void open_andx(struct smb_call *c, struct record *out, struct command *x)
{
	struct rd *w = &x->words;
	if (c->response) {
		opened(c, out, w, 0, 2 + 4, false);
		return;
	}
	rd_skip(w, 2);
	uint16_t mode = rd_le16(w) & ACCESS_MODE;
	if (!rd_ok(w))
		return;
	record_str(out, SMB_WANTS, mode == 1 ? "write" : mode == 2 ? "read write" : "read");
	align(c, &x->bytes);
	path_told(c, out, text(c, &x->bytes, c->unicode));
}

/* Bytes of a file lie at an offset from the header, whatever the count of bytes says ([MS-SMB] 2.2.4.2, 2.2.4.3). */
static void content(struct smb_call *c, uint64_t file, uint64_t offset, uint16_t at, uint32_t length)
{
	if (at >= SMB1_HEADER && at <= c->whole.n)
		smb_content(c, file, offset, span_from(c->whole, at), length);
}

static void reading(struct smb_call *c, struct command *x)
{
	struct rd *w = &x->words;
	if (!c->response) {
		uint64_t file = rd_le16(w), offset = rd_le32(w);
		rd_skip(w, 2 + 2 + 4 + 2);
		if (!rd_ok(w) || smb_is_pipe(c, (struct span){ 0 }))
			return;
		if (x->nwords >= 12)
			offset |= (uint64_t)rd_le32(w) << 32;
		struct smb_pending *p = smb_pending_add(c);
		p->file = file;
		p->offset = offset;
		return;
	}
	struct smb_pending *p = smb_pending_take(c);
	rd_skip(w, 2 + 2 + 2);
	uint32_t length = rd_le16(w);
	uint16_t at = rd_le16(w);
	length |= (uint32_t)rd_le16(w) << 16;
	if (p && rd_ok(w) && !c->status)
		content(c, p->file, p->offset, at, length);
}

static void writing(struct smb_call *c, struct command *x)
{
	struct rd *w = &x->words;
	uint64_t file = rd_le16(w), offset = rd_le32(w);
	rd_skip(w, 4 + 2 + 2);
	uint32_t high = rd_le16(w), length = rd_le16(w);
	uint16_t at = rd_le16(w);
	if (c->response || !rd_ok(w) || smb_is_pipe(c, (struct span){ 0 }))
		return;
	if (x->nwords >= 14)
		offset |= (uint64_t)rd_le32(w) << 32;
	content(c, file, offset, at, high << 16 | length);
}

static bool is_always_told(const struct smb_call *c)
{
	return c->command == SESSION_SETUP || c->command == TREE_CONNECT ||
		(!c->response && (c->command == CREATE || c->command == OPEN));
}

static void told(struct smb_call *c, struct command *x)
{
	struct record out UNSET;
	bool fresh = smb_is_new(c->s, c->m->to_server, c->command);
	smb_begin(c, &out, "SMB1", command_name(c->command));
	switch (c->command) {
	case NEGOTIATE: negotiate(c, &out, x); break;
	case SESSION_SETUP: session_setup(c, &out, x); break;
	case TREE_CONNECT: tree_connect(c, &out, x); break;
	case CREATE: create(c, &out, x); break;
	case OPEN: open_andx(c, &out, x); break;
	default: break;
	}
	if (fresh || is_always_told(c))
		emit_record(c->e, &out);
	switch (c->command) {
	case READ: reading(c, x); break;
	case WRITE: writing(c, x); break;
	case CLOSE:
		if (!c->response)
			smb_close(c, rd_le16(&x->words));
		break;
	default: break;
	}
}

bool smb1_message(struct smb_call *c, struct rd r)
{
	uint8_t code = rd_u8(&r);
	c->status = rd_le32(&r);
	c->response = rd_u8(&r) & FLAG_RESPONSE;
	uint16_t flags = rd_le16(&r);
	c->unicode = flags & FLAG2_UNICODE;
	c->old_status = !(flags & FLAG2_STATUS);
	rd_skip(&r, 2 + 8 + 2);
	c->tree = rd_le16(&r);
	rd_skip(&r, 2 + 2);
	c->message = (uint64_t)rd_le16(&r) + 1;
	if (!rd_ok(&r))
		return false;
	for (int i = 0; i < CHAIN_MAX && code != NO_COMMAND; i++) {
		struct command x;
		c->command = code;
		if (!command_read(&r, code, &x)) {
			if (i == 0)
				told(c, &(struct command){ .next = NO_COMMAND });
			return i > 0;
		}
		told(c, &x);
		size_t here = c->whole.n - rd_left(&r);
		if (x.next == NO_COMMAND || x.next_at < here || x.next_at >= c->whole.n)
			return true;
		r = rd_of(span_from(c->whole, x.next_at));
		code = x.next;
	}
	return true;
}
