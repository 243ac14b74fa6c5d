/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks on NFS v2 and v3 files: the lock manager, versions 1 to 4, and the status monitor, version 1
 * (Open Group X/Open XNFS C702, chapters 10 to 12). That a client which mounts and reads never speaks
 * them is itself worth knowing. */
#include "decode/rpc.h"

enum {
	L_TEST = 1, L_LOCK, L_CANCEL, L_UNLOCK, L_GRANTED, L_ASYNC = 5, L_TEST_RES = 11, L_GRANTED_RES = 15,
	L_SHARE = 20, L_UNSHARE, L_NM_LOCK, L_FREE_ALL,
	S_STAT = 1, S_MON, S_UNMON, S_UNMON_ALL, S_SIMU_CRASH, S_NOTIFY,
	COOKIE_MAX = 1024, OWNER_MAX = 1024, FH_MAX = 64,
};

enum { PROGRAM = RPC_COMMON, CALLER, HANDLE, EXCLUSIVE, MONITORED, FIELDS };

static const struct field fields[FIELDS] = {
	RPC_FIELDS,
	[PROGRAM] = { "program", F_TEXT, "nlm (locks) or nsm (who has restarted)" },
	[CALLER] = { "caller", F_TEXT, "host that wants the lock" },
	[HANDLE] = { "handle", F_TEXT, "keyed hash of the handle of the locked file" },
	[EXCLUSIVE] = { "exclusive", F_BOOL, "lock that nobody shares" },
	[MONITORED] = { "monitored", F_TEXT, "host that is watched or has restarted" },
};
RECORD_TYPE(nlm_type, "nlm", "Lock manager or status monitor of NFS", fields);

static const char *nlm_procedure(uint32_t version, uint32_t n)
{
	static const char *const names[] = {
		"NULL", "TEST", "LOCK", "CANCEL", "UNLOCK", "GRANTED", "TEST_MSG", "LOCK_MSG", "CANCEL_MSG", "UNLOCK_MSG",
		"GRANTED_MSG", "TEST_RES", "LOCK_RES", "CANCEL_RES", "UNLOCK_RES", "GRANTED_RES", NULL, NULL, NULL, NULL,
		"SHARE", "UNSHARE", "NM_LOCK", "FREE_ALL",
	};
	(void)version;
	return n < ARRAY_LEN(names) ? names[n] : NULL;
}

static const char *nsm_procedure(uint32_t version, uint32_t n)
{
	static const char *const names[] = { "NULL", "STAT", "MON", "UNMON", "UNMON_ALL", "SIMU_CRASH", "NOTIFY" };
	(void)version;
	return n < ARRAY_LEN(names) ? names[n] : NULL;
}

static void set_lock(struct rpc *x, struct record *out, struct span caller, struct span handle)
{
	record_text(out, CALLER, caller);
	if (!handle.n)
		return;
	x->call->handle = rpc_handle_hash(x, handle);
	rpc_handle_set(x, out, HANDLE, x->call->handle);
}

static bool nlm_call(struct rpc *x, struct rd r, struct record *out)
{
	uint32_t n = x->procedure > L_GRANTED && x->procedure < L_TEST_RES ? x->procedure - L_ASYNC : x->procedure;
	record_str(out, PROGRAM, "nlm");
	if (n == 0 || (n >= L_TEST_RES && n <= L_GRANTED_RES) || n > L_FREE_ALL)
		return true;
	if (n == L_FREE_ALL) {
		struct span name = xdr_opaque(&r, NAME_MAX_XDR);
		if (rd_ok(&r))
			record_text(out, CALLER, name);
		return rd_ok(&r);
	}
	(void)xdr_opaque(&r, COOKIE_MAX);
	if (n == L_LOCK || n == L_CANCEL || n == L_NM_LOCK)
		rd_skip(&r, 4);                  /* block */
	bool exclusive = false, tells = n == L_LOCK || n == L_NM_LOCK || n == L_CANCEL || n == L_TEST || n == L_GRANTED;
	if (tells)
		exclusive = xdr_bool(&r);
	struct span caller = xdr_opaque(&r, NAME_MAX_XDR), handle = xdr_opaque(&r, FH_MAX);
	if (!rd_ok(&r))
		return false;
	if (tells)
		record_bool(out, EXCLUSIVE, exclusive);
	set_lock(x, out, caller, handle);
	return true;
}

static const char *nlm_status(struct rpc *x, uint32_t status)
{
	static const char *const names[] = {
		"ok", "DENIED", "NOLOCKS", "BLOCKED", "GRACE", "DEADLCK", "ROFS", "STALE_FH", "FBIG", "FAILED",
	};
	return status < ARRAY_LEN(names) ? names[status] : rpc_number(x, status);
}

static bool nlm_reply(struct rpc *x, struct rd r, struct record *out)
{
	record_str(out, PROGRAM, "nlm");
	rpc_handle_set(x, out, HANDLE, x->call->handle);
	bool has_status = (x->procedure >= L_TEST && x->procedure <= L_GRANTED) ||
			  (x->procedure >= L_SHARE && x->procedure <= L_NM_LOCK);
	if (!has_status)
		return true;
	(void)xdr_opaque(&r, COOKIE_MAX);
	uint32_t status = rd_be32(&r);
	if (rd_ok(&r))
		record_str(out, RPC_STATUS, nlm_status(x, status));
	return rd_ok(&r);
}

static bool nsm_call(struct rpc *x, struct rd r, struct record *out)
{
	record_str(out, PROGRAM, "nsm");
	if (x->procedure != S_STAT && x->procedure != S_MON && x->procedure != S_UNMON && x->procedure != S_NOTIFY)
		return true;
	struct span name = xdr_opaque(&r, NAME_MAX_XDR);
	if (rd_ok(&r))
		record_text(out, MONITORED, name);
	return rd_ok(&r);
}

static bool nsm_reply(struct rpc *x, struct rd r, struct record *out)
{
	record_str(out, PROGRAM, "nsm");
	if (x->procedure != S_STAT && x->procedure != S_MON)
		return true;
	uint32_t status = rd_be32(&r);
	if (rd_ok(&r) && status)
		record_str(out, RPC_STATUS, "FAILED");
	return rd_ok(&r);
}

const struct rpc_program rpc_nlm = {
	.number = 100021, .name = "nlockmgr", .low = 1, .high = 4, .procedures = L_FREE_ALL,
	.type = &nlm_type, .procedure = nlm_procedure, .call = nlm_call, .reply = nlm_reply,
};

const struct rpc_program rpc_nsm = {
	.number = 100024, .name = "status", .low = 1, .high = 1, .procedures = S_NOTIFY,
	.type = &nlm_type, .procedure = nsm_procedure, .call = nsm_call, .reply = nsm_reply,
};
