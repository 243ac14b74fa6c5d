/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What NFS versions 2, 3 (rpc_nfs.c) and 4 (rpc_nfs4.c) share (rpc_nfs_file.c). Private to those files. */
#pragma once

#include "decode/rpc.h"

enum nfs_field {
	NFS_PATH = RPC_COMMON, NFS_TO, NFS_HANDLE, NFS_OFFSET, NFS_COUNT, NFS_EOF, NFS_SIZE, NFS_OPERATIONS, NFS_SYSTEM,
	NFS_FIELDS
};

enum { NFS_NAME_MAX = 1024 };

bool nfs4_call(struct rpc *x, struct rd r, struct record *out);
bool nfs4_reply(struct rpc *x, struct rd r, struct record *out);
const char *nfs4_procedure(uint32_t procedure);

/* Puts handle and the path that it leads to into the record. */
void nfs_file_set(struct rpc *x, struct record *out, uint64_t handle);
/* The bytes of a READ reply or WRITE call: r stands at the opaque's length. Leaves the body in x. */
bool nfs_data(struct rpc *x, struct rd *r, uint64_t handle, uint64_t offset, bool to_server);
