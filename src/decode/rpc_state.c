/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a conversation of SunRPC remembers: calls that wait, their names, and where file handles lead. */
#include "decode/rpc.h"

#include <inttypes.h>

void rpc_name_keep(struct rpc *x, struct span name)
{
	emit_shown(x->e, name);                  /* it leaves as text with the reply */
	struct rpc_name *n = &x->s->names[x->s->next_name];
	x->s->next_name = (uint8_t)((x->s->next_name + 1) % RPC_NAMES);
	name = span_from(name, name.n > NAME_KEPT ? name.n - NAME_KEPT : 0);
	n->xid = x->xid;
	n->n = (uint8_t)name.n;
	if (name.n)
		memcpy(n->text, name.p, name.n);
}

struct span rpc_name_of(const struct rpc_state *s, uint32_t xid)
{
	for (unsigned i = 0; i < RPC_NAMES; i++)
		if (s->names[i].xid == xid && s->names[i].n)
			return span_of(s->names[i].text, s->names[i].n);
	return (struct span){ 0 };
}

/* Numbers are used again, by another call: its name must not be taken for this one's. */
void rpc_name_drop(struct rpc_state *s, uint32_t xid)
{
	for (unsigned i = 0; i < RPC_NAMES; i++)
		if (s->names[i].xid == xid)
			s->names[i].n = 0;
}

uint64_t rpc_handle_hash(const struct rpc *x, struct span handle)
{
	return hash64(keyring_hash_key(x->e->host->keyring), handle);
}

void rpc_handle_set(struct rpc *x, struct record *out, unsigned field, uint64_t hash)
{
	if (hash)
		record_str(out, field, arena_printf(x->e->host->arena, "%016" PRIx64, hash));
}

struct span rpc_path_find(struct rpc *x, uint64_t handle)
{
	for (unsigned i = 0; handle && i < RPC_PATHS; i++) {
		struct rpc_path *p = &x->s->paths[i];
		if (p->handle != handle)
			continue;
		p->touched = true;
		return span_of(p->text, p->n);
	}
	return (struct span){ 0 };
}

/* The slot of this handle, or the next that nobody asked for since the hand passed it. */
static struct rpc_path *path_slot(struct rpc_state *s, uint64_t handle)
{
	for (unsigned i = 0; i < RPC_PATHS; i++)
		if (s->paths[i].handle == handle)
			return &s->paths[i];
	for (unsigned i = 0; i <= RPC_PATHS; i++) {
		struct rpc_path *p = &s->paths[s->next_path];
		s->next_path = (uint8_t)((s->next_path + 1) % RPC_PATHS);
		if (!p->touched || i == RPC_PATHS)
			return p;
		p->touched = false;
	}
	return &s->paths[0];
}

void rpc_path_keep(struct rpc *x, uint64_t handle, struct span path)
{
	if (!handle || !path.n)
		return;
	struct rpc_path *p = path_slot(x->s, handle);
	path = span_from(path, path.n > PATH_KEPT ? path.n - PATH_KEPT : 0);
	p->handle = handle;
	p->n = (uint8_t)path.n;
	p->touched = false;
	memmove(p->text, path.p, path.n);
}

struct span rpc_path_join(struct rpc *x, struct span directory, struct span name)
{
	size_t n = 0;
	name = span_from(name, name.n > PATH_TEXT - PATH_KEPT - 1 ? name.n - (PATH_TEXT - PATH_KEPT - 1) : 0);
	directory = span_from(directory, directory.n > PATH_KEPT ? directory.n - PATH_KEPT : 0);
	if (directory.n) {
		memmove(x->path, directory.p, directory.n);
		n = directory.n;
		if (name.n && x->path[n - 1] != '/')
			x->path[n++] = '/';
	}
	if (name.n)
		memmove(x->path + n, name.p, name.n);
	return span_of(x->path, n + name.n);
}

struct rpc_call *rpc_call_new(struct rpc *x)
{
	struct rpc_state *s = x->s;
	struct rpc_call *c = NULL;
	rpc_name_drop(s, x->xid);
	for (unsigned i = 0; i < RPC_CALLS && !c; i++)
		if (s->calls[i].used && s->calls[i].xid == x->xid && s->calls[i].to_server == x->m->to_server)
			c = &s->calls[i];
	if (!c) {
		c = &s->calls[s->next_call];
		s->next_call = (uint8_t)((s->next_call + 1) % RPC_CALLS);
	}
	*c = (struct rpc_call){
		.xid = x->xid, .program = x->program, .version = (uint8_t)x->version, .procedure = (uint8_t)x->procedure,
		.used = x->version <= UINT8_MAX && x->procedure <= UINT8_MAX, .to_server = x->m->to_server,
	};
	return c;
}

struct rpc_call *rpc_call_find(struct rpc *x)
{
	for (unsigned i = 0; i < RPC_CALLS; i++) {
		struct rpc_call *c = &x->s->calls[i];
		if (c->used && c->xid == x->xid && c->to_server != x->m->to_server)
			return c;
	}
	return NULL;
}
