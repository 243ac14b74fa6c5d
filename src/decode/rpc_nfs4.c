/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NFS version 4.0 (RFC 7530, XDR in RFC 7531) and 4.1, 4.2 (RFC 8881, RFC 7862): a compound is a list
 * of operations on a current file handle. Operations have no length of their own, so the walk ends at
 * the first that is not understood; what was seen before stands. */
#include "decode/rpc_nfs.h"

enum op {
	OP_ACCESS = 3, OP_CLOSE, OP_COMMIT, OP_CREATE, OP_DELEGPURGE, OP_DELEGRETURN, OP_GETATTR, OP_GETFH, OP_LINK, OP_LOCK,
	OP_LOCKT, OP_LOCKU, OP_LOOKUP, OP_LOOKUPP, OP_NVERIFY, OP_OPEN, OP_OPENATTR, OP_OPEN_CONFIRM, OP_OPEN_DOWNGRADE,
	OP_PUTFH, OP_PUTPUBFH, OP_PUTROOTFH, OP_READ, OP_READDIR, OP_READLINK, OP_REMOVE, OP_RENAME, OP_RENEW, OP_RESTOREFH,
	OP_SAVEFH, OP_SECINFO, OP_SETATTR, OP_SETCLIENTID, OP_SETCLIENTID_CONFIRM, OP_VERIFY, OP_WRITE,
	OP_RELEASE_LOCKOWNER, OP_BACKCHANNEL_CTL, OP_BIND_CONN_TO_SESSION, OP_EXCHANGE_ID, OP_CREATE_SESSION,
	OP_DESTROY_SESSION, OP_FREE_STATEID, OP_GET_DIR_DELEGATION, OP_GETDEVICEINFO, OP_GETDEVICELIST, OP_LAYOUTCOMMIT,
	OP_LAYOUTGET, OP_LAYOUTRETURN, OP_SECINFO_NO_NAME, OP_SEQUENCE, OP_SET_SSV, OP_TEST_STATEID, OP_WANT_DELEGATION,
	OP_DESTROY_CLIENTID, OP_RECLAIM_COMPLETE,
};

enum {
	STATEID = 16, SESSION = 16, VERIFIER = 8, CHANGE_INFO = 20, FH4_MAX = 128, TAG_MAX = 1024, OPAQUE_MAX = 1024,
	BITMAP_MAX = 8, ATTR_MAX = 16384, OPERATIONS = 64, OPS_TEXT = 256,
	NF4BLK = 3, NF4CHR = 4, NF4LNK = 5,
};

/* name; how much it tells of what the compound is for (0: housekeeping); bytes of its arguments and
 * of its results when these are all there is (VAR: read by hand; STOP: not understood). */
enum { VAR = 0xfe, STOP = 0xff };

struct op_shape {
	const char *name;
	uint8_t rank, args, results;
};

static const struct op_shape ops[] = {
	[OP_ACCESS] = { "ACCESS", 1, 4, 8 },
	[OP_CLOSE] = { "CLOSE", 3, 4 + STATEID, STATEID },
	[OP_COMMIT] = { "COMMIT", 3, 12, VERIFIER },
	[OP_CREATE] = { "CREATE", 6, VAR, VAR },
	[OP_DELEGPURGE] = { "DELEGPURGE", 1, 8, 0 },
	[OP_DELEGRETURN] = { "DELEGRETURN", 1, STATEID, 0 },
	[OP_GETATTR] = { "GETATTR", 1, VAR, VAR },
	[OP_GETFH] = { "GETFH", 0, 0, VAR },
	[OP_LINK] = { "LINK", 6, VAR, CHANGE_INFO },
	[OP_LOCK] = { "LOCK", 4, STOP, STOP },
	[OP_LOCKT] = { "LOCKT", 4, STOP, STOP },
	[OP_LOCKU] = { "LOCKU", 4, 4 + 4 + STATEID + 16, STATEID },
	[OP_LOOKUP] = { "LOOKUP", 4, VAR, 0 },
	[OP_LOOKUPP] = { "LOOKUPP", 2, 0, 0 },
	[OP_NVERIFY] = { "NVERIFY", 1, VAR, 0 },
	[OP_OPEN] = { "OPEN", 5, VAR, VAR },
	[OP_OPENATTR] = { "OPENATTR", 2, 4, 0 },
	[OP_OPEN_CONFIRM] = { "OPEN_CONFIRM", 2, STATEID + 4, STATEID },
	[OP_OPEN_DOWNGRADE] = { "OPEN_DOWNGRADE", 2, STATEID + 12, STATEID },
	[OP_PUTFH] = { "PUTFH", 0, VAR, 0 },
	[OP_PUTPUBFH] = { "PUTPUBFH", 0, 0, 0 },
	[OP_PUTROOTFH] = { "PUTROOTFH", 2, 0, 0 },
	[OP_READ] = { "READ", 7, VAR, VAR },
	[OP_READDIR] = { "READDIR", 5, VAR, STOP },
	[OP_READLINK] = { "READLINK", 4, 0, VAR },
	[OP_REMOVE] = { "REMOVE", 6, VAR, CHANGE_INFO },
	[OP_RENAME] = { "RENAME", 6, VAR, 2 * CHANGE_INFO },
	[OP_RENEW] = { "RENEW", 1, 8, 0 },
	[OP_RESTOREFH] = { "RESTOREFH", 0, 0, 0 },
	[OP_SAVEFH] = { "SAVEFH", 0, 0, 0 },
	[OP_SECINFO] = { "SECINFO", 2, VAR, STOP },
	[OP_SETATTR] = { "SETATTR", 4, VAR, VAR },
	[OP_SETCLIENTID] = { "SETCLIENTID", 3, VAR, 8 + VERIFIER },
	[OP_SETCLIENTID_CONFIRM] = { "SETCLIENTID_CONFIRM", 2, 8 + VERIFIER, 0 },
	[OP_VERIFY] = { "VERIFY", 1, VAR, 0 },
	[OP_WRITE] = { "WRITE", 7, VAR, 8 + VERIFIER },
	[OP_RELEASE_LOCKOWNER] = { "RELEASE_LOCKOWNER", 1, STOP, 0 },
	[OP_BACKCHANNEL_CTL] = { "BACKCHANNEL_CTL", 1, STOP, 0 },
	[OP_BIND_CONN_TO_SESSION] = { "BIND_CONN_TO_SESSION", 2, SESSION + 8, SESSION + 8 },
	[OP_EXCHANGE_ID] = { "EXCHANGE_ID", 3, VAR, STOP },
	[OP_CREATE_SESSION] = { "CREATE_SESSION", 3, STOP, STOP },
	[OP_DESTROY_SESSION] = { "DESTROY_SESSION", 3, SESSION, 0 },
	[OP_FREE_STATEID] = { "FREE_STATEID", 1, STATEID, 0 },
	[OP_GET_DIR_DELEGATION] = { "GET_DIR_DELEGATION", 1, STOP, STOP },
	[OP_GETDEVICEINFO] = { "GETDEVICEINFO", 1, STOP, STOP },
	[OP_GETDEVICELIST] = { "GETDEVICELIST", 1, STOP, STOP },
	[OP_LAYOUTCOMMIT] = { "LAYOUTCOMMIT", 1, STOP, STOP },
	[OP_LAYOUTGET] = { "LAYOUTGET", 1, STOP, STOP },
	[OP_LAYOUTRETURN] = { "LAYOUTRETURN", 1, STOP, STOP },
	[OP_SECINFO_NO_NAME] = { "SECINFO_NO_NAME", 2, 4, STOP },
	[OP_SEQUENCE] = { "SEQUENCE", 0, SESSION + 16, SESSION + 20 },
	[OP_SET_SSV] = { "SET_SSV", 1, STOP, STOP },
	[OP_TEST_STATEID] = { "TEST_STATEID", 1, STOP, STOP },
	[OP_WANT_DELEGATION] = { "WANT_DELEGATION", 1, STOP, STOP },
	[OP_DESTROY_CLIENTID] = { "DESTROY_CLIENTID", 3, 8, 0 },
	[OP_RECLAIM_COMPLETE] = { "RECLAIM_COMPLETE", 1, 4, 0 },
};

static const struct op_shape *op_shape(uint32_t op)
{
	return op < ARRAY_LEN(ops) && ops[op].name ? &ops[op] : NULL;
}

const char *nfs4_procedure(uint32_t procedure)
{
	return procedure == 0 ? "NULL" : procedure == 1 ? "COMPOUND" : op_shape(procedure) ? ops[procedure].name : NULL;
}

/* Where the walk stands: the current file, and the best of what it did. */
struct walk {
	struct rpc *x;
	struct record *out;
	uint64_t handle;                         /* of the current file, 0: a name that has none yet */
	uint8_t path[PATH_TEXT];
	size_t path_n;
	uint8_t rank;
	struct span system;
	char text[OPS_TEXT];
	size_t text_n;
};

static struct span walk_path(const struct walk *w)
{
	return span_of(w->path, w->path_n);
}

static void walk_to(struct walk *w, uint64_t handle, struct span path)
{
	w->handle = handle;
	w->path_n = path.n < PATH_TEXT ? path.n : PATH_TEXT;
	if (w->path_n)
		memmove(w->path, path.p, w->path_n);
}

static void walk_down(struct walk *w, struct span name)
{
	walk_to(w, 0, rpc_path_join(w->x, walk_path(w), name));
}

/* The operation that tells most names the compound. */
static void walk_tell(struct walk *w, const struct op_shape *s)
{
	if (w->text_n + strlen(s->name) + 2 < OPS_TEXT)
		w->text_n += (size_t)snprintf(w->text + w->text_n, OPS_TEXT - w->text_n, "%s%s", w->text_n ? " " : "", s->name);
	if (w->rank && s->rank <= w->rank)
		return;
	w->rank = s->rank;
	record_str(w->out, RPC_PROCEDURE, s->name);
}

static void skip_bitmap(struct rd *r)
{
	uint32_t n = rd_be32(r);
	if (n > BITMAP_MAX)
		rd_fail(r);
	rd_skip(r, (uint64_t)n * 4);
}

static void skip_fattr(struct rd *r)
{
	skip_bitmap(r);
	(void)xdr_opaque(r, ATTR_MAX);
}

/* ---- arguments ---- */

/* RFC 8881 §18.16: share, owner, how to create, and what names the file. */
static struct span args_open(struct rd *r)
{
	enum { CREATE = 1, UNCHECKED = 0, GUARDED = 1, EXCLUSIVE = 2, EXCLUSIVE_1 = 3 };
	enum { CLAIM_NULL = 0, CLAIM_PREVIOUS = 1, CLAIM_CUR = 2, CLAIM_PREV = 3, CLAIM_FH = 4, CLAIM_CUR_FH = 5,
		CLAIM_PREV_FH = 6 };
	rd_skip(r, 12 + 8);
	(void)xdr_opaque(r, OPAQUE_MAX);
	if (rd_be32(r) == CREATE) {
		uint32_t mode = rd_be32(r);
		if (mode == EXCLUSIVE || mode == EXCLUSIVE_1)
			rd_skip(r, VERIFIER);
		if (mode == UNCHECKED || mode == GUARDED || mode == EXCLUSIVE_1)
			skip_fattr(r);
		else if (mode != EXCLUSIVE)
			rd_fail(r);
	}
	uint32_t claim = rd_be32(r);
	switch (claim) {
	case CLAIM_PREVIOUS:
		rd_skip(r, 4);
		break;
	case CLAIM_CUR:
	case CLAIM_CUR_FH:
		rd_skip(r, STATEID);
		break;
	default:
		if (claim > CLAIM_PREV_FH)
			rd_fail(r);
		break;
	}
	bool named = claim == CLAIM_NULL || claim == CLAIM_CUR || claim == CLAIM_PREV;
	return named ? xdr_opaque(r, NFS_NAME_MAX) : (struct span){ 0 };
}

static void args_create(struct walk *w, struct rd *r)
{
	uint32_t type = rd_be32(r);
	struct span target = { 0 };
	if (type == NF4LNK)
		target = xdr_opaque(r, NFS_NAME_MAX);
	else if (type == NF4BLK || type == NF4CHR)
		rd_skip(r, 8);
	struct span name = xdr_opaque(r, NFS_NAME_MAX);
	skip_fattr(r);
	if (!rd_ok(r))
		return;
	record_text(w->out, NFS_TO, target);
	walk_down(w, name);
}

/* RFC 8881 §18.35: whoever it is may say which implementation it is. */
static void args_exchange_id(struct walk *w, struct rd *r)
{
	rd_skip(r, VERIFIER);
	(void)xdr_opaque(r, OPAQUE_MAX);
	rd_skip(r, 4);
	if (rd_be32(r) != 0)                     /* SP4_NONE */
		rd_fail(r);
	if (!xdr_bool(r))
		return;
	(void)xdr_opaque(r, OPAQUE_MAX);
	struct span name = xdr_opaque(r, OPAQUE_MAX);
	rd_skip(r, 12);
	if (rd_ok(r))
		w->system = name;
}

static void args_setclientid(struct rd *r)
{
	rd_skip(r, VERIFIER);
	(void)xdr_opaque(r, OPAQUE_MAX);
	rd_skip(r, 4);
	(void)xdr_opaque(r, OPAQUE_MAX);
	(void)xdr_opaque(r, OPAQUE_MAX);
	rd_skip(r, 4);
}

static void remember(struct walk *w, uint64_t offset)
{
	w->x->call->handle = w->handle;
	w->x->call->offset = offset;
	record_uint(w->out, NFS_OFFSET, offset);
}

static void args_read(struct walk *w, struct rd *r)
{
	rd_skip(r, STATEID);
	uint64_t offset = rd_be64(r);
	uint32_t count = rd_be32(r);
	if (!rd_ok(r))
		return;
	remember(w, offset);
	record_uint(w->out, NFS_COUNT, count);
}

static void args_write(struct walk *w, struct rd *r)
{
	rd_skip(r, STATEID);
	uint64_t offset = rd_be64(r);
	rd_skip(r, 4);
	if (!rd_ok(r))
		return;
	remember(w, offset);
	if (!nfs_data(w->x, r, w->handle, offset, true)) {
		rd_fail(r);
		return;
	}
	record_uint(w->out, NFS_COUNT, w->x->body.length);
	if (w->x->m->rest)
		rd_fail(r);                      /* what follows lies behind the data */
}

static void args_rename(struct walk *w, struct rd *r)
{
	struct span from = xdr_opaque(r, NFS_NAME_MAX), to = xdr_opaque(r, NFS_NAME_MAX);
	if (!rd_ok(r))
		return;
	walk_down(w, from);
	record_text(w->out, NFS_TO, to);
}

static void args_by_hand(struct walk *w, uint32_t op, struct rd *r)
{
	struct span s;
	switch (op) {
	case OP_PUTFH:
		s = xdr_opaque(r, FH4_MAX);
		if (rd_ok(r)) {
			uint64_t hash = rpc_handle_hash(w->x, s);
			walk_to(w, hash, rpc_path_find(w->x, hash));
		}
		break;
	case OP_LOOKUP:
	case OP_REMOVE:
	case OP_LINK:
	case OP_SECINFO:
		s = xdr_opaque(r, NFS_NAME_MAX);
		if (rd_ok(r))
			walk_down(w, s);
		break;
	case OP_OPEN:
		s = args_open(r);
		if (rd_ok(r) && s.n)
			walk_down(w, s);
		break;
	case OP_CREATE:
		args_create(w, r);
		break;
	case OP_READ:
		args_read(w, r);
		break;
	case OP_WRITE:
		args_write(w, r);
		break;
	case OP_RENAME:
		args_rename(w, r);
		break;
	case OP_GETATTR:
		skip_bitmap(r);
		break;
	case OP_READDIR:
		rd_skip(r, 8 + VERIFIER + 8);
		skip_bitmap(r);
		break;
	case OP_SETATTR:
		rd_skip(r, STATEID);
		skip_fattr(r);
		break;
	case OP_VERIFY:
	case OP_NVERIFY:
		skip_fattr(r);
		break;
	case OP_SETCLIENTID:
		args_setclientid(r);
		break;
	case OP_EXCHANGE_ID:
		args_exchange_id(w, r);
		break;
	default:
		rd_fail(r);
		break;
	}
}

static void walk_move(struct walk *w, uint32_t op)
{
	if (op == OP_PUTROOTFH || op == OP_PUTPUBFH)
		walk_to(w, 0, SPAN_LIT("/"));
	else if (op == OP_GETFH && w->path_n)
		rpc_name_keep(w->x, walk_path(w));       /* the reply says which handle that is */
	else if (op == OP_LOOKUPP || op == OP_RESTOREFH)
		walk_to(w, 0, (struct span){ 0 });
}

bool nfs4_call(struct rpc *x, struct rd r, struct record *out)
{
	if (x->procedure != 1)
		return true;
	struct walk w = { .x = x, .out = out };
	(void)xdr_opaque(&r, TAG_MAX);
	rd_skip(&r, 4);
	uint32_t n = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	struct span path = { 0 };                /* of the operation that tells most */
	uint64_t handle = 0;
	for (uint32_t i = 0; i < n && i < OPERATIONS && rd_ok(&r); i++) {
		uint32_t op = rd_be32(&r);
		const struct op_shape *s = op_shape(op);
		if (!rd_ok(&r) || !s)
			break;
		uint8_t rank = w.rank;
		walk_tell(&w, s);
		if (s->args == STOP)
			break;
		if (s->args == VAR)
			args_by_hand(&w, op, &r);
		else
			rd_skip(&r, s->args);
		walk_move(&w, op);
		if (w.rank != rank || !handle)
			handle = w.handle;
		if ((w.rank != rank || !path.n) && w.path_n)
			path = arena_copy(x->e->host->arena, walk_path(&w));
	}
	rpc_handle_set(x, out, NFS_HANDLE, handle);
	record_text(out, NFS_PATH, path);
	record_text(out, NFS_SYSTEM, w.system);
	record_text(out, NFS_OPERATIONS, arena_copy(x->e->host->arena, span_of(w.text, w.text_n)));
	if (!x->name.n && path.n && !x->call->handle)
		x->call->handle = handle;
	return true;
}

/* ---- results ---- */

static void skip_ace(struct rd *r)
{
	rd_skip(r, 12);
	(void)xdr_opaque(r, OPAQUE_MAX);
}

/* RFC 8881 §18.16.2: a delegation may come along. */
static void results_open(struct rd *r)
{
	enum { NONE = 0, READ = 1, WRITE = 2, NONE_EXT = 3, CONTENTION = 1, RESOURCE = 2 };
	rd_skip(r, STATEID + CHANGE_INFO + 4);
	skip_bitmap(r);
	uint32_t type = rd_be32(r), why;
	switch (type) {
	case NONE:
		return;
	case READ:
	case WRITE:
		rd_skip(r, STATEID + 4 + (type == WRITE ? 12 : 0));
		skip_ace(r);
		return;
	case NONE_EXT:
		why = rd_be32(r);
		if (why == CONTENTION || why == RESOURCE)
			rd_skip(r, 4);
		return;
	default:
		rd_fail(r);
		return;
	}
}

static void results_read(struct walk *w, struct rd *r)
{
	bool eof = xdr_bool(r);
	if (!nfs_data(w->x, r, w->x->call->handle, w->x->call->offset, false)) {
		rd_fail(r);
		return;
	}
	w->x->body.last = eof;
	record_uint(w->out, NFS_OFFSET, w->x->call->offset);
	record_uint(w->out, NFS_COUNT, w->x->body.length);
	record_bool(w->out, NFS_EOF, eof);
	if (w->x->m->rest)
		rd_fail(r);                      /* what follows lies behind the data */
}

static void results_getfh(struct walk *w, struct rd *r)
{
	struct span s = xdr_opaque(r, FH4_MAX);
	if (!rd_ok(r))
		return;
	w->handle = rpc_handle_hash(w->x, s);
	rpc_path_keep(w->x, w->handle, w->x->name);
}

static void results_by_hand(struct walk *w, uint32_t op, struct rd *r)
{
	switch (op) {
	case OP_GETFH:
		results_getfh(w, r);
		break;
	case OP_READ:
		results_read(w, r);
		break;
	case OP_OPEN:
		results_open(r);
		break;
	case OP_CREATE:
		rd_skip(r, CHANGE_INFO);
		skip_bitmap(r);
		break;
	case OP_SETATTR:
		skip_bitmap(r);
		break;
	case OP_GETATTR:
		skip_fattr(r);
		break;
	case OP_READLINK:
		(void)xdr_opaque(r, NFS_NAME_MAX);
		break;
	default:
		rd_fail(r);
		break;
	}
}

bool nfs4_reply(struct rpc *x, struct rd r, struct record *out)
{
	if (x->procedure != 1)
		return true;
	struct walk w = { .x = x, .out = out, .handle = x->call->handle };
	uint32_t status = rd_be32(&r);
	(void)xdr_opaque(&r, TAG_MAX);
	uint32_t n = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	record_str(out, RPC_STATUS, rpc_nfs_status(x, status));
	for (uint32_t i = 0; i < n && i < OPERATIONS && rd_ok(&r); i++) {
		uint32_t op = rd_be32(&r), failed = rd_be32(&r);
		const struct op_shape *s = op_shape(op);
		if (!rd_ok(&r) || !s)
			break;
		walk_tell(&w, s);
		if (failed || s->results == STOP)
			break;
		if (s->results == VAR)
			results_by_hand(&w, op, &r);
		else
			rd_skip(&r, s->results);
	}
	rpc_handle_set(x, out, NFS_HANDLE, w.handle);
	struct span path = rpc_path_find(x, w.handle);
	record_text(out, NFS_PATH, path.n ? path : x->name);
	record_text(out, NFS_OPERATIONS, arena_copy(x->e->host->arena, span_of(w.text, w.text_n)));
	return true;
}
