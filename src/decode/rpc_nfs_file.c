/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of whatever version of NFS: which file is meant, and the bytes of it that are read or written. */
#include "decode/rpc_nfs.h"

void nfs_file_set(struct rpc *x, struct record *out, uint64_t handle)
{
	rpc_handle_set(x, out, NFS_HANDLE, handle);
	record_text(out, NFS_PATH, rpc_path_find(x, handle));
}

bool nfs_data(struct rpc *x, struct rd *r, uint64_t handle, uint64_t offset, bool to_server)
{
	uint32_t length = rd_be32(r);
	if (!rd_ok(r))
		return false;
	size_t here = length < rd_left(r) ? length : rd_left(r);
	struct span data = rd_span(r, here);
	if (here < length) {
		if (!rpc_is_partial(x))
			return false;
		/* Only so much of the file follows in this message; further fragments are passed over. */
		if (x->s->continues[x->m->to_server] && length - here > x->m->rest)
			length = (uint32_t)(here + x->m->rest);
	} else {
		rd_skip(r, (4 - length % 4) % 4 < rd_left(r) ? (4 - length % 4) % 4 : rd_left(r));
	}
	if (x->call)
		x->call->handle = handle;
	x->has_body = handle != 0;
	x->body = (struct body){
		.via = "nfs", .path = rpc_path_find(x, handle), .data = data, .offset = offset, .length = length,
		.to_server = to_server,
	};
	if (x->call)
		x->body.key = span_of(&x->call->handle, sizeof(x->call->handle));
	return true;
}
