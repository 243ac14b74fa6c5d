/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What both versions of SMB share: the record, what a conversation remembers, logins, content. Who logs in leaves as a
 * token; content goes to the content tracker. */
#include "base/ascii.h"
#include "decode/smb.h"

enum { UNKNOWN_FILE_MIN = 512, PENDING_STATUS = 0x103 };
static const uint32_t more_needed = 0xC0000016, failed = 0xC0000000;   /* [MS-ERREF] 2.3 */

static const struct field fields[SMB_FIELDS] = {
	[SMB_VERSION] = { "version", F_TEXT, "SMB1, SMB2 (also 3), encrypted, compressed, or session (NetBIOS)" },
	[SMB_COMMAND] = { "command", F_TEXT, "negotiate, session_setup, tree_connect, create, read, write … or a number" },
	[SMB_RESPONSE] = { "response", F_BOOL, "from the server" },
	[SMB_STATUS] = { "status", F_UINT, "outcome of a response, 0 is well" },
	[SMB_DIALECT] = { "dialect", F_TEXT, "dialect that the server chose: 2.0.2 to 3.1.1" },
	[SMB_DIALECTS] = { "dialects", F_TEXTS, "dialects that the client offers" },
	[SMB_SIGNING] = { "signing_required", F_BOOL, "messages must be signed" },
	[SMB_AUTH] = { "auth", F_TEXT, "how the client proves itself: ntlm, kerberos, hash or clear" },
	[SMB_USER] = { "user", F_TEXT, "user name", .privacy = SECRET },
	[SMB_PASSWORD] = { "password", F_TEXT, "password of SMB1 in clear, readable by anyone on the way", .privacy = SECRET },
	[SMB_ANONYMOUS] = { "anonymous", F_BOOL, "logs in as nobody" },
	[SMB_GUEST] = { "guest", F_BOOL, "let in as a guest, whatever the name" },
	[SMB_ACCEPTED] = { "accepted", F_BOOL, "of the answer to a login: let in, or refused" },
	[SMB_DOMAIN] = { "domain", F_TEXT, "domain or workgroup" },
	[SMB_MACHINE] = { "host_name", F_TEXT, "the sender's own computer name", .clue = CLUE_NAME },
	[SMB_SYSTEM] = { "system", F_TEXT, "the sender's operating system, as it says", .clue = CLUE_SYSTEM },
	[SMB_PATH] = { "path", F_TEXT, "share that is connected, or file that is opened" },
	[SMB_SHARE] = { "share", F_TEXT, "kind of the share: disk, pipe, printer" },
	[SMB_WANTS] = { "wants", F_TEXT, "of an open: read, write, delete, or several" },
	[SMB_SIZE] = { "size", F_UINT, "size of the file that was opened", "byte" },
};
RECORD_TYPE(smb_type, "smb", "A message of SMB: logins, shares, opened files; of other commands the first", fields);

/* ---- what is remembered ---- */

bool smb_is_new(struct smb_state *s, bool to_server, unsigned command)
{
	uint32_t bit = (uint32_t)1 << (command & 31), *seen = &s->seen[to_server][command >> 5 & 7];
	bool fresh = !(*seen & bit);
	*seen |= bit;
	return fresh;
}

struct smb_pending *smb_pending_add(struct smb_call *c)
{
	struct smb_state *s = c->s;
	struct smb_pending *p = &s->pending[s->npending];
	s->npending = (uint8_t)((s->npending + 1) % SMB_PENDING_MAX);
	*p = (struct smb_pending){ .message = c->message, .command = c->command, .tree = c->tree };
	return p;
}

struct smb_pending *smb_pending_take(struct smb_call *c)
{
	for (int i = 0; i < SMB_PENDING_MAX; i++) {
		struct smb_pending *p = &c->s->pending[i];
		if (p->message != c->message || p->command != c->command)
			continue;
		if (c->status != PENDING_STATUS)
			p->message = 0;
		return p;
	}
	return NULL;
}

struct smb_open *smb_open_find(struct smb_state *s, uint64_t id)
{
	for (int i = 0; id && i < SMB_OPEN_MAX; i++)
		if (s->open[i].id == id)
			return &s->open[i];
	return NULL;
}

void smb_open_add(struct smb_call *c, uint64_t id, const struct smb_path *path, uint64_t size)
{
	struct smb_state *s = c->s;
	if (!id)
		return;
	struct smb_open *o = smb_open_find(s, id);
	if (!o) {
		o = &s->open[s->nopen];
		s->nopen = (uint8_t)((s->nopen + 1) % SMB_OPEN_MAX);
	}
	*o = (struct smb_open){ .id = id, .size = size, .path = *path };
}

void smb_path_set(struct smb_path *out, struct span text)
{
	text = span_cut(text, SMB_PATH_KEPT);
	out->n = (uint8_t)text.n;
	if (text.n)
		memcpy(out->b, text.p, text.n);
}

struct span smb_path_span(const struct smb_path *p)
{
	return span_of(p->b, p->n);
}

void smb_pipe_add(struct smb_state *s, uint32_t tree)
{
	s->pipes[s->npipes] = tree;
	s->npipes = (uint8_t)((s->npipes + 1) % SMB_PIPES_MAX);
}

/* Pipes carry calls of procedures, no files. When the share was connected before the capture began, their usual
 * names tell. */
bool smb_is_pipe(const struct smb_call *c, struct span path)
{
	static const char *const names[] = {
		"srvsvc", "wkssvc", "samr", "lsarpc", "netlogon", "svcctl", "atsvc", "spoolss", "winreg", "epmapper", "browser",
		"eventlog", "ntsvcs", "lsass", "trkwks", "initshutdown", "MsFteWds", "netdfs",
	};
	for (int i = 0; i < SMB_PIPES_MAX; i++)
		if (c->s->pipes[i] && c->s->pipes[i] == c->tree)
			return true;
	while (path.n && path.p[0] == '\\')
		path = span_from(path, 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_alike(path, names[i]))
			return true;
	return false;
}

/* ---- a message ---- */

void smb_begin(const struct smb_call *c, struct record *out, const char *version, const char *command)
{
	emit_begin(c->e, out, &smb_type);
	record_str(out, SMB_VERSION, version);
	record_str(out, SMB_COMMAND, command ? command : arena_printf(c->e->host->arena, "0x%02X", c->command));
	record_bool(out, SMB_RESPONSE, c->response);
	if (c->response)
		record_uint(out, SMB_STATUS, c->status);
}

/* ---- logins ---- */

void smb_login(struct smb_call *c, struct record *out, struct span blob)
{
	static const uint8_t kerberos[] = { 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02 };
	struct ntlm n = ntlm_find(blob, c->e->host->arena);
	if (n.kind != NTLM_NONE)
		record_str(out, SMB_AUTH, "ntlm");
	else if (blob.n && memmem(blob.p, blob.n, kerberos, sizeof(kerberos)))
		record_str(out, SMB_AUTH, "kerberos");
	record_text(out, SMB_MACHINE, n.machine);
	record_text(out, SMB_SYSTEM, n.system);
	if (n.kind != NTLM_AUTHENTICATE)
		return;
	record_text(out, SMB_DOMAIN, n.domain);
	record_text(out, SMB_USER, n.user);
	c->s->user = record_get_token(out, SMB_USER);
	c->s->anonymous = !n.user.n;
	record_bool(out, SMB_ANONYMOUS, c->s->anonymous);
}

void smb_login_end(struct smb_call *c, struct record *out)
{
	if (c->status == more_needed || c->status == PENDING_STATUS)
		return;
	record_bool(out, SMB_ACCEPTED, c->old_status ? c->status == 0 : c->status < failed);
	if (c->s->user.len)
		record_token(out, SMB_USER, c->s->user);
	if (c->s->anonymous)
		record_bool(out, SMB_ANONYMOUS, true);
}

/* ---- content ---- */

void smb_content(struct smb_call *c, uint64_t file, uint64_t offset, struct span data, uint64_t declared)
{
	struct smb_open *o = smb_open_find(c->s, file);
	uint8_t key[9] = { c->m->to_server };
	uint64_t length = data.n + c->rest;
	length = declared < length ? declared : length;
	/* Of a handle whose opening was not seen: a pipe's messages begin with a version of DCE RPC (C706 12.6.3). */
	bool call = span_starts(data, SPAN_LIT("\x05\x00")) && length < 65536;
	if (!length || (!o && (call || length < UNKNOWN_FILE_MIN)))
		return;
	for (int i = 0; i < 8; i++)
		key[i + 1] = (uint8_t)(file >> 8 * i);
	if (o && c->m->to_server && offset + length > o->written)
		o->written = offset + length;
	uint64_t size = o && !c->m->to_server ? o->size : 0;
	emit_body(c->e, (struct body){
		.via = "smb", .path = o ? smb_path_span(&o->path) : (struct span){ 0 }, .key = span_of(key, sizeof(key)),
		.data = span_cut(data, (size_t)(length < data.n ? length : data.n)), .offset = offset, .length = length,
		.size = size, .last = size && offset + length >= size, .to_server = c->m->to_server,
	});
}

void smb_close(struct smb_call *c, uint64_t file)
{
	struct smb_open *o = smb_open_find(c->s, file);
	uint8_t key[9] = { true };
	if (!o)
		return;
	for (int i = 0; i < 8; i++)
		key[i + 1] = (uint8_t)(file >> 8 * i);
	if (o->written)
		emit_body(c->e, (struct body){ .via = "smb", .path = smb_path_span(&o->path), .key = span_of(key, sizeof(key)),
			.offset = o->written, .size = o->written, .last = true, .to_server = true });
	o->id = 0;
}
