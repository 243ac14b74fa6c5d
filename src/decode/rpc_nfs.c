/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NFS versions 2 (RFC 1094) and 3 (RFC 1813). Which file a handle means is learnt from the replies
 * that hand it out (LOOKUP, CREATE, READDIRPLUS …), so that READ and WRITE can be told by name. */
#include "decode/rpc_nfs.h"

enum {
	FH2 = 32, FH3_MAX = 64, ATTR2 = 68, ATTR3 = 84, COOKIEVERF = 8, ENTRIES = 512, TIME_SET = 2,
	V2_GETATTR = 1, V2_SETATTR, V2_ROOT, V2_LOOKUP, V2_READLINK, V2_READ, V2_WRITECACHE, V2_WRITE, V2_CREATE, V2_REMOVE,
	V2_RENAME, V2_LINK, V2_SYMLINK, V2_MKDIR, V2_RMDIR, V2_READDIR, V2_STATFS,
	V3_GETATTR = 1, V3_SETATTR, V3_LOOKUP, V3_ACCESS, V3_READLINK, V3_READ, V3_WRITE, V3_CREATE, V3_MKDIR, V3_SYMLINK,
	V3_MKNOD, V3_REMOVE, V3_RMDIR, V3_RENAME, V3_LINK, V3_READDIR, V3_READDIRPLUS, V3_FSSTAT, V3_FSINFO, V3_PATHCONF,
	V3_COMMIT,
};

static const struct field fields[NFS_FIELDS] = {
	RPC_FIELDS,
	[NFS_PATH] = { "path", F_TEXT, "file or directory, as far as its name went by; from the mounted directory on" },
	[NFS_TO] = { "to", F_TEXT, "new name of a rename, link or symbolic link" },
	[NFS_HANDLE] = { "handle", F_TEXT, "keyed hash of the file handle" },
	[NFS_OFFSET] = { "offset", F_UINT, "where in the file", "byte" },
	[NFS_COUNT] = { "count", F_UINT, "how much was asked for or came; of a directory: entries", "byte" },
	[NFS_EOF] = { "eof", F_BOOL, "the file ends here" },
	[NFS_SIZE] = { "size", F_UINT, "size of the file", "byte" },
	[NFS_OPERATIONS] = { "operations", F_TEXT, "of version 4: what the compound is made of" },
	[NFS_SYSTEM] = { "system", F_TEXT, "implementation that the client names", .clue = CLUE_SYSTEM },
};
RECORD_TYPE(nfs_type, "nfs", "Network file system, versions 2 to 4", fields);

static const char *procedure(uint32_t version, uint32_t n)
{
	static const char *const v2[] = {
		"NULL", "GETATTR", "SETATTR", "ROOT", "LOOKUP", "READLINK", "READ", "WRITECACHE", "WRITE", "CREATE", "REMOVE",
		"RENAME", "LINK", "SYMLINK", "MKDIR", "RMDIR", "READDIR", "STATFS",
	};
	static const char *const v3[] = {
		"NULL", "GETATTR", "SETATTR", "LOOKUP", "ACCESS", "READLINK", "READ", "WRITE", "CREATE", "MKDIR", "SYMLINK",
		"MKNOD", "REMOVE", "RMDIR", "RENAME", "LINK", "READDIR", "READDIRPLUS", "FSSTAT", "FSINFO", "PATHCONF", "COMMIT",
	};
	if (version == 4)
		return nfs4_procedure(n);
	if (version == 2)
		return n < ARRAY_LEN(v2) ? v2[n] : NULL;
	return n < ARRAY_LEN(v3) ? v3[n] : NULL;
}

static struct span handle_read(const struct rpc *x, struct rd *r)
{
	return x->version == 2 ? rd_span(r, FH2) : xdr_opaque(r, FH3_MAX);
}

/* ---- calls ---- */

enum shape { NOTHING, FILE_ONLY, NAME, TWO_NAMES, FILE_TO_NAME, NAME_TO_TEXT, DATA_READ, DATA_WRITE };

static enum shape shape2(uint32_t n)
{
	static const uint8_t shapes[] = {
		[V2_GETATTR] = FILE_ONLY, [V2_SETATTR] = FILE_ONLY, [V2_LOOKUP] = NAME, [V2_READLINK] = FILE_ONLY,
		[V2_READ] = DATA_READ, [V2_WRITE] = DATA_WRITE, [V2_CREATE] = NAME, [V2_REMOVE] = NAME,
		[V2_RENAME] = TWO_NAMES, [V2_LINK] = FILE_TO_NAME, [V2_SYMLINK] = NAME_TO_TEXT, [V2_MKDIR] = NAME,
		[V2_RMDIR] = NAME, [V2_READDIR] = FILE_ONLY, [V2_STATFS] = FILE_ONLY,
	};
	return n < ARRAY_LEN(shapes) ? (enum shape)shapes[n] : NOTHING;
}

static enum shape shape3(uint32_t n)
{
	static const uint8_t shapes[] = {
		[V3_GETATTR] = FILE_ONLY, [V3_SETATTR] = FILE_ONLY, [V3_LOOKUP] = NAME, [V3_ACCESS] = FILE_ONLY,
		[V3_READLINK] = FILE_ONLY, [V3_READ] = DATA_READ, [V3_WRITE] = DATA_WRITE, [V3_CREATE] = NAME,
		[V3_MKDIR] = NAME, [V3_SYMLINK] = NAME_TO_TEXT, [V3_MKNOD] = NAME, [V3_REMOVE] = NAME, [V3_RMDIR] = NAME,
		[V3_RENAME] = TWO_NAMES, [V3_LINK] = FILE_TO_NAME, [V3_READDIR] = FILE_ONLY, [V3_READDIRPLUS] = FILE_ONLY,
		[V3_FSSTAT] = FILE_ONLY, [V3_FSINFO] = FILE_ONLY, [V3_PATHCONF] = FILE_ONLY, [V3_COMMIT] = FILE_ONLY,
	};
	return n < ARRAY_LEN(shapes) ? (enum shape)shapes[n] : NOTHING;
}

static enum shape shape_of(const struct rpc *x)
{
	return x->version == 2 ? shape2(x->procedure) : shape3(x->procedure);
}

/* The path of a name in a directory; the text lies in the arena. */
static void set_name(struct rpc *x, struct record *out, unsigned field, uint64_t directory, struct span name)
{
	struct span path = rpc_path_join(x, rpc_path_find(x, directory), name);
	record_text(out, field, arena_copy(x->e->host->arena, path));
}

/* sattr3 (RFC 1813 §2.6): each value only when the flag before says so. */
static void skip_sattr3(struct rd *r)
{
	static const uint8_t sizes[] = { 4, 4, 4, 8 };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		if (xdr_bool(r))
			rd_skip(r, sizes[i]);
	for (int i = 0; i < 2; i++)
		if (rd_be32(r) == TIME_SET)
			rd_skip(r, 8);
}

static bool call_names(struct rpc *x, struct rd *r, struct record *out, enum shape shape)
{
	struct span handle = handle_read(x, r), target = { 0 };
	if (shape == FILE_TO_NAME)
		target = handle_read(x, r);
	struct span name = xdr_opaque(r, NFS_NAME_MAX), second = { 0 };
	uint64_t from = rpc_handle_hash(x, handle), to = from;
	if (shape == TWO_NAMES) {
		to = rpc_handle_hash(x, handle_read(x, r));
		second = xdr_opaque(r, NFS_NAME_MAX);
	} else if (shape == NAME_TO_TEXT) {
		if (x->version == 3)
			skip_sattr3(r);
		second = xdr_opaque(r, NFS_NAME_MAX);
	}
	if (!rd_ok(r))
		return false;
	x->call->handle = from;
	rpc_handle_set(x, out, NFS_HANDLE, from);
	if (shape == FILE_TO_NAME) {
		record_text(out, NFS_PATH, rpc_path_find(x, from));
		set_name(x, out, NFS_TO, rpc_handle_hash(x, target), name);
		return true;
	}
	set_name(x, out, NFS_PATH, from, name);
	rpc_name_keep(x, name);
	if (shape == TWO_NAMES)
		set_name(x, out, NFS_TO, to, second);
	else
		record_text(out, NFS_TO, second);
	return true;
}

static bool call_data(struct rpc *x, struct rd *r, struct record *out, enum shape shape)
{
	uint64_t handle = rpc_handle_hash(x, handle_read(x, r));
	if (x->version == 2 && shape == DATA_WRITE)
		rd_skip(r, 4);                   /* beginoffset, unused */
	uint64_t offset = x->version == 2 ? rd_be32(r) : rd_be64(r);
	uint32_t count = rd_be32(r);
	if (!rd_ok(r))
		return false;
	x->call->handle = handle;
	x->call->offset = offset;
	nfs_file_set(x, out, handle);
	record_uint(out, NFS_OFFSET, offset);
	record_uint(out, NFS_COUNT, count);
	if (shape == DATA_READ)
		return true;
	if (x->version == 3)
		rd_skip(r, 4);                   /* stable */
	bool ok = nfs_data(x, r, handle, offset, true);
	if (ok && x->version == 2)               /* totalcount is unused */
		record_uint(out, NFS_COUNT, x->body.length);
	return ok;
}

static bool call(struct rpc *x, struct rd r, struct record *out)
{
	if (x->version == 4)
		return nfs4_call(x, r, out);
	enum shape shape = shape_of(x);
	switch (shape) {
	case NOTHING:
		return true;
	case FILE_ONLY: {
		struct span handle = handle_read(x, &r);
		if (!rd_ok(&r))
			return false;
		x->call->handle = rpc_handle_hash(x, handle);
		nfs_file_set(x, out, x->call->handle);
		return true;
	}
	case NAME:
	case TWO_NAMES:
	case FILE_TO_NAME:
	case NAME_TO_TEXT:
		return call_names(x, &r, out, shape);
	case DATA_READ:
	case DATA_WRITE:
		return call_data(x, &r, out, shape);
	}
	return true;
}

/* ---- replies ---- */

/* fattr and fattr3; 0 when there is none. */
static uint64_t attributes(const struct rpc *x, struct rd *r)
{
	if (x->version == 2) {
		struct rd a = rd_sub(r, ATTR2);
		rd_skip(&a, 20);
		return rd_be32(&a);
	}
	if (!xdr_bool(r))
		return 0;
	struct rd a = rd_sub(r, ATTR3);
	rd_skip(&a, 20);
	return rd_be64(&a);
}

static void skip_wcc(struct rd *r)
{
	if (xdr_bool(r))
		rd_skip(r, 24);
	if (xdr_bool(r))
		rd_skip(r, ATTR3);
}

static bool reply_read(struct rpc *x, struct rd *r, struct record *out)
{
	uint64_t size = attributes(x, r);
	uint32_t count = 0;
	bool eof = false;
	if (x->version == 3) {
		count = rd_be32(r);
		eof = xdr_bool(r);
	}
	if (!nfs_data(x, r, x->call->handle, x->call->offset, false))
		return false;
	count = x->version == 3 ? count : (uint32_t)x->body.length;
	if (x->version == 2)
		eof = x->call->offset + count >= size;
	record_uint(out, NFS_COUNT, count);
	record_bool(out, NFS_EOF, eof);
	if (size) {
		record_uint(out, NFS_SIZE, size);
		x->body.size = size;
	}
	x->body.last = eof;
	return true;
}

/* LOOKUP, CREATE, MKDIR, SYMLINK, MKNOD: the handle of the name that was asked for. */
static bool reply_handle(struct rpc *x, struct rd *r, struct record *out)
{
	bool looked = x->version == 2 || x->procedure == V3_LOOKUP;
	struct span handle = { 0 };
	if (looked || xdr_bool(r))
		handle = handle_read(x, r);
	uint64_t size = handle.n ? attributes(x, r) : 0;
	if (!rd_ok(r))
		return false;
	struct span path = rpc_path_join(x, rpc_path_find(x, x->call->handle), x->name);
	if (!handle.n)
		return true;
	uint64_t hash = rpc_handle_hash(x, handle);
	rpc_handle_set(x, out, NFS_HANDLE, hash);
	if (size)
		record_uint(out, NFS_SIZE, size);
	if (!span_is(x->name, ".") && !span_is(x->name, ".."))
		rpc_path_keep(x, hash, path);
	return true;
}

static bool reply_readdirplus(struct rpc *x, struct rd *r, struct record *out)
{
	uint32_t n = 0;
	(void)attributes(x, r);
	rd_skip(r, COOKIEVERF);
	struct span directory = arena_copy(x->e->host->arena, rpc_path_find(x, x->call->handle));
	while (n < ENTRIES && xdr_bool(r)) {
		rd_skip(r, 8);
		struct span name = xdr_opaque(r, NFS_NAME_MAX), handle = { 0 };
		rd_skip(r, 8);
		(void)attributes(x, r);
		if (xdr_bool(r))
			handle = xdr_opaque(r, FH3_MAX);
		if (!rd_ok(r))
			break;
		n++;
		if (handle.n && !span_is(name, ".") && !span_is(name, ".."))
			rpc_path_keep(x, rpc_handle_hash(x, handle), rpc_path_join(x, directory, name));
	}
	record_uint(out, NFS_COUNT, n);
	return rd_ok(r);
}

static bool reply_ok(struct rpc *x, struct rd *r, struct record *out)
{
	uint32_t n = x->procedure;
	if (x->version == 2) {
		if (n == V2_READ)
			return reply_read(x, r, out);
		return n != V2_LOOKUP && n != V2_CREATE && n != V2_MKDIR ? true : reply_handle(x, r, out);
	}
	switch (n) {
	case V3_READ:
		return reply_read(x, r, out);
	case V3_LOOKUP:
	case V3_CREATE:
	case V3_MKDIR:
	case V3_SYMLINK:
	case V3_MKNOD:
		return reply_handle(x, r, out);
	case V3_READDIRPLUS:
		return reply_readdirplus(x, r, out);
	case V3_WRITE:
		skip_wcc(r);
		record_uint(out, NFS_COUNT, rd_be32(r));
		return rd_ok(r);
	default:
		return true;
	}
}

static bool reply(struct rpc *x, struct rd r, struct record *out)
{
	if (x->version == 4)
		return nfs4_reply(x, r, out);
	enum shape shape = shape_of(x);
	if (shape == NOTHING)
		return true;
	uint32_t status = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	record_str(out, RPC_STATUS, rpc_nfs_status(x, status));
	if (x->name.n) {
		rpc_handle_set(x, out, NFS_HANDLE, x->call->handle);
		set_name(x, out, NFS_PATH, x->call->handle, x->name);
	} else {
		nfs_file_set(x, out, x->call->handle);
	}
	if (shape == DATA_READ || shape == DATA_WRITE)
		record_uint(out, NFS_OFFSET, x->call->offset);
	return status != 0 || reply_ok(x, &r, out);
}

/* Data, texts of links and lists of names are content; names that are asked for leave as text in any case. */
static bool no_content(const struct rpc *x)
{
	static const uint8_t calls[2][2] = { { V2_WRITE, V2_SYMLINK }, { V3_WRITE, V3_SYMLINK } };
	static const uint8_t replies[2][4] = { { V2_READ, V2_READLINK, V2_READDIR, V2_READDIR },
					       { V3_READ, V3_READLINK, V3_READDIR, V3_READDIRPLUS } };
	if (x->version > 3)
		return false;
	bool v3 = x->version == 3;
	return x->is_call ? !memchr(calls[v3], (int)x->procedure, sizeof(calls[v3]))
			  : !memchr(replies[v3], (int)x->procedure, sizeof(replies[v3]));
}

const struct rpc_program rpc_nfs = {
	.number = 100003, .name = "nfs", .low = 2, .high = 4, .procedures = V3_COMMIT,
	.type = &nfs_type, .procedure = procedure, .call = call, .reply = reply, .no_content = no_content,
};
