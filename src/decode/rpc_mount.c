/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mount protocol, versions 1 to 3 (RFC 1094 appendix A, RFC 1813 appendix I), and the status
 * numbers that it shares with NFS. */
#include "decode/rpc.h"

enum { M_MNT = 1, M_DUMP, M_UMNT, M_UMNTALL, M_EXPORT, M_EXPORTALL, M_PATHCONF, FH1 = 32, FH3_MAX = 64, LIST = 64 };

enum { PATH = RPC_COMMON, HANDLE, EXPORTS, FIELDS };

static const struct field fields[FIELDS] = {
	RPC_FIELDS,
	[PATH] = { "path", F_TEXT, "exported directory that is mounted or given up" },
	[HANDLE] = { "handle", F_TEXT, "keyed hash of the file handle that the mount gave" },
	[EXPORTS] = { "exports", F_TEXTS, "of EXPORT and DUMP: directories, and who mounts them" },
};
RECORD_TYPE(mount_type, "mount", "Mount of a network file system", fields);

static const char *procedure(uint32_t version, uint32_t n)
{
	static const char *const names[] = { "NULL", "MNT", "DUMP", "UMNT", "UMNTALL", "EXPORT", "EXPORTALL", "PATHCONF" };
	return n < (version == 3 ? 6 : ARRAY_LEN(names)) ? names[n] : NULL;
}

struct status_name {
	uint32_t number;
	const char *name;
};

static const struct status_name statuses[] = {
	{ 0, "ok" }, { 1, "PERM" }, { 2, "NOENT" }, { 5, "IO" }, { 6, "NXIO" }, { 13, "ACCES" }, { 17, "EXIST" },
	{ 18, "XDEV" }, { 19, "NODEV" }, { 20, "NOTDIR" }, { 21, "ISDIR" }, { 22, "INVAL" }, { 27, "FBIG" },
	{ 28, "NOSPC" }, { 30, "ROFS" }, { 31, "MLINK" }, { 63, "NAMETOOLONG" }, { 66, "NOTEMPTY" }, { 69, "DQUOT" },
	{ 70, "STALE" }, { 71, "REMOTE" }, { 10001, "BADHANDLE" }, { 10002, "NOT_SYNC" }, { 10003, "BAD_COOKIE" },
	{ 10004, "NOTSUPP" }, { 10005, "TOOSMALL" }, { 10006, "SERVERFAULT" }, { 10007, "BADTYPE" }, { 10008, "DELAY" },
	{ 10009, "SAME" }, { 10010, "DENIED" }, { 10011, "EXPIRED" }, { 10012, "LOCKED" }, { 10013, "GRACE" },
	{ 10014, "FHEXPIRED" }, { 10015, "SHARE_DENIED" }, { 10016, "WRONGSEC" }, { 10017, "CLID_INUSE" },
	{ 10018, "RESOURCE" }, { 10019, "MOVED" }, { 10020, "NOFILEHANDLE" }, { 10021, "MINOR_VERS_MISMATCH" },
	{ 10022, "STALE_CLIENTID" }, { 10023, "STALE_STATEID" }, { 10024, "OLD_STATEID" }, { 10025, "BAD_STATEID" },
	{ 10036, "BADXDR" }, { 10044, "OP_ILLEGAL" }, { 10052, "BADSESSION" }, { 10053, "BADSLOT" },
};

const char *rpc_nfs_status(struct rpc *x, uint32_t status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i].number == status)
			return statuses[i].name;
	return rpc_number(x, status);
}

static bool call(struct rpc *x, struct rd r, struct record *out)
{
	if (x->procedure != M_MNT && x->procedure != M_UMNT)
		return true;
	struct span path = xdr_opaque(&r, NAME_MAX_XDR);
	if (!rd_ok(&r))
		return false;
	record_text(out, PATH, path);
	rpc_name_keep(x, path);
	return true;
}

static bool mounted(struct rpc *x, struct rd r, struct record *out)
{
	uint32_t status = rd_be32(&r);
	struct span handle = { 0 };
	if (status == 0)
		handle = x->version == 3 ? xdr_opaque(&r, FH3_MAX) : rd_span(&r, FH1);
	if (!rd_ok(&r))
		return false;
	record_str(out, RPC_STATUS, rpc_nfs_status(x, status));
	record_text(out, PATH, x->name);
	if (!handle.n)
		return true;
	uint64_t hash = rpc_handle_hash(x, handle);
	rpc_handle_set(x, out, HANDLE, hash);
	rpc_path_keep(x, hash, x->name);
	return true;
}

static void add(struct rpc *x, struct record *out, struct span directory, struct span who)
{
	record_add_text(out, EXPORTS, span_str(arena_printf(x->e->host->arena, "%.*s %.*s",
		(int)directory.n, (const char *)directory.p, (int)who.n, (const char *)who.p)));
}

/* mountlist: who mounts what. */
static bool dump(struct rpc *x, struct rd r, struct record *out)
{
	for (unsigned n = 0; n < LIST && xdr_bool(&r); n++) {
		struct span who = xdr_opaque(&r, NAME_MAX_XDR), directory = xdr_opaque(&r, NAME_MAX_XDR);
		if (rd_ok(&r))
			add(x, out, directory, who);
	}
	return rd_ok(&r);
}

/* exports: directories, each with the list of those that may mount it; the first of them is told. */
static bool exports(struct rpc *x, struct rd r, struct record *out)
{
	for (unsigned n = 0; n < LIST && xdr_bool(&r); n++) {
		struct span directory = xdr_opaque(&r, NAME_MAX_XDR), who = { 0 };
		while (rd_left(&r) && xdr_bool(&r)) {
			struct span group = xdr_opaque(&r, NAME_MAX_XDR);
			who = who.n ? who : group;
		}
		if (rd_ok(&r))
			add(x, out, directory, who);
	}
	return rd_ok(&r);
}

static bool reply(struct rpc *x, struct rd r, struct record *out)
{
	switch (x->procedure) {
	case M_MNT:
		return mounted(x, r, out);
	case M_DUMP:
		return dump(x, r, out);
	case M_EXPORT:
	case M_EXPORTALL:
		return exports(x, r, out);
	default:
		record_text(out, PATH, x->name);
		return true;
	}
}

const struct rpc_program rpc_mount = {
	.number = 100005, .name = "mountd", .low = 1, .high = 3, .procedures = 7, .no_content = rpc_no_content,
	.type = &mount_type, .procedure = procedure, .call = call, .reply = reply,
};
