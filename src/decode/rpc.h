/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs that speak SunRPC share: rpc.c reads framing, headers and credentials and pairs replies with calls,
 * rpc_state.c remembers these; a program (rpc_portmap.c, rpc_mount.c, rpc_nfs.c …) reads arguments and results in XDR
 * (RFC 4506). Private to those files. */
#pragma once

#include "base/scope.h"
#include "decode/decoder.h"

/* The fields that every RPC record begins with. */
enum { RPC_MESSAGE, RPC_XID, RPC_VERSION, RPC_PROCEDURE, RPC_STATUS, RPC_MACHINE, RPC_UID, RPC_GID, RPC_COMMON };

#define RPC_FIELDS \
	[RPC_MESSAGE] = { "message", F_TEXT, "call or reply; a reply repeats what its call asked for" }, \
	[RPC_XID] = { "xid", F_UINT, "number that a call and its reply share" }, \
	[RPC_VERSION] = { "version", F_UINT, "version of the program" }, \
	[RPC_PROCEDURE] = { "procedure", F_TEXT, "what was asked for" }, \
	[RPC_STATUS] = { "status", F_TEXT, "of a reply: ok, or why not" }, \
	[RPC_MACHINE] = { "machine", F_TEXT, "host name in the caller's credentials", .clue = CLUE_NAME }, \
	[RPC_UID] = { "uid", F_UINT, "user that the caller says it acts for" }, \
	[RPC_GID] = { "gid", F_UINT, "group that the caller says it acts for" }

enum {
	RPC_CALLS = 48, RPC_NAMES = 8, RPC_PATHS = 31, NAME_KEPT = 42, PATH_KEPT = 54, PATH_TEXT = 512,
	HANDLE_MAX = 128, NAME_MAX_XDR = 1024,
};

/* A call that waits for its reply. */
struct rpc_call {
	uint64_t handle, offset;                 /* nfs: which file, where. portmap: program and version asked for */
	uint32_t xid, program, count;            /* portmap: count is the transport */
	uint8_t version, procedure;
	bool used : 1, to_server : 1, sealed : 1;   /* sealed: arguments and results are encrypted or wrapped */
};

struct rpc_name {
	uint32_t xid;
	uint8_t n;
	uint8_t text[NAME_KEPT];
};

/* Where a file handle leads. touched: second chance before it is forgotten. */
struct rpc_path {
	uint64_t handle;
	uint8_t n;
	bool touched;
	uint8_t text[PATH_KEPT];
};

struct rpc_state {
	uint8_t next_call, next_name, next_path;
	bool continues[2];                       /* by direction: fragments of a message already told follow */
	struct rpc_call calls[RPC_CALLS];
	struct rpc_name names[RPC_NAMES];
	struct rpc_path paths[RPC_PATHS];
};

_Static_assert(sizeof(struct rpc_state) <= STATE_MAX, "the state of a conversation is bounded");

struct rpc_program;

/* One message while it is read. */
struct rpc {
	const struct message *m;
	struct rpc_state *s;
	struct emit *e;
	const char *(*program_name)(uint32_t number);    /* NULL when unknown */
	struct span whole;                       /* without record marks */
	const struct rpc_program *p;             /* NULL: nobody knows it */
	uint32_t xid, program, version, procedure;
	bool is_call;
	struct rpc_call *call;                   /* of a call: fresh, to be filled in; of a reply: its call, or NULL */
	struct span name;                        /* of a reply: what rpc_name_keep kept */
	bool has_body;
	struct body body;                        /* sent on behind the record */
	uint8_t path[PATH_TEXT];                 /* room for rpc_path_join */
};

struct rpc_program {
	uint32_t number;
	const char *name;
	uint8_t low, high, procedures;           /* versions; highest procedure number of any */
	const struct record_type *type;          /* NULL: rpc_type */
	const char *(*procedure)(uint32_t version, uint32_t procedure);
	/* Reads what is behind the header into out. False: malformed. Only called with r in clear. */
	bool (*call)(struct rpc *x, struct rd r, struct record *out);
	bool (*reply)(struct rpc *x, struct rd r, struct record *out);
	/* Arguments or results of this message name machines, files and numbers alone: evidence export shows
	 * them. NULL: none do. */
	bool (*no_content)(const struct rpc *x);
};

extern const struct record_type portmap_type, mount_type, nfs_type, nlm_type;
extern const struct rpc_program rpc_portmap, rpc_mount, rpc_nfs, rpc_nlm, rpc_nsm;

/* The text's first max bytes at most are accepted (RFC 4506 §4.10, §4.11); padding may be cut off. */
static inline struct span xdr_opaque(struct rd *r, uint32_t max)
{
	uint32_t n = rd_be32(r);
	if (n > max)
		rd_fail(r);
	struct span s = rd_span(r, n);
	size_t pad = (4 - n % 4) % 4;
	rd_skip(r, pad < rd_left(r) ? pad : rd_left(r));
	return s;
}

static inline bool xdr_bool(struct rd *r)
{
	return rd_be32(r) != 0;
}

/* Bytes of the message behind the ones that are here are no mistake of the sender. */
static inline bool rpc_is_partial(const struct rpc *x)
{
	return x->m->rest || x->m->lost || x->m->cut || x->s->continues[x->m->to_server];
}

static inline bool rpc_no_content(const struct rpc *x)      /* of programs all of whose messages have none */
{
	return x != NULL;
}

/* In the packet's arena. */
static inline const char *rpc_number(struct rpc *x, uint32_t n)
{
	return arena_printf(x->e->host->arena, "%u", n);
}

static inline const char *rpc_transport(uint32_t protocol)
{
	return protocol == 6 ? "tcp" : protocol == 17 ? "udp" : NULL;
}

/* NFS and mount status (RFC 1813 §2.6, RFC 8881 §15.1), "ok" for 0. */
const char *rpc_nfs_status(struct rpc *x, uint32_t status);

/* A repeated call takes its old place; otherwise the oldest goes. */
struct rpc_call *rpc_call_new(struct rpc *x);
struct rpc_call *rpc_call_find(struct rpc *x);              /* of a reply; NULL: it was not seen */
struct span rpc_name_of(const struct rpc_state *s, uint32_t xid);
void        rpc_name_drop(struct rpc_state *s, uint32_t xid);
/* Keeps a short name with the call until its reply. */
void        rpc_name_keep(struct rpc *x, struct span name);
uint64_t    rpc_handle_hash(const struct rpc *x, struct span handle);
void        rpc_handle_set(struct rpc *x, struct record *out, unsigned field, uint64_t hash);
struct span rpc_path_find(struct rpc *x, uint64_t handle);  /* empty: unknown */
void        rpc_path_keep(struct rpc *x, uint64_t handle, struct span path);
/* directory/name in x->path; its tail when it is too long. Either may be empty. */
struct span rpc_path_join(struct rpc *x, struct span directory, struct span name);
