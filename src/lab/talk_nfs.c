/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An NFS version 3 client as `mount -o nolock -t nfs` starts it: portmap GETPORT (RFC 1833), mountd
 * MNT (RFC 1813 §5), then FSINFO, LOOKUP and READ over TCP (RFC 1813 §3), SunRPC by RFC 5531. */
#include <string.h>

#include "lab/nest.h"
#include "lab/talk.h"

enum {
	PORTMAP = 111, MOUNTD = 20048, NFS = 2049, UDP = 17, TCP = 6,
	PROG_PORTMAP = 100000, PROG_NFS = 100003, PROG_MOUNT = 100005,
	GETPORT = 3, MNT = 1, UMNT = 3, NFS_LOOKUP = 3, NFS_READ = 6, NFS_FSINFO = 19,
	AUTH_NONE = 0, AUTH_UNIX = 1, HANDLE = 28, READ_SIZE = 8192, TYPE_FILE = 1, TYPE_FOLDER = 2,
	LAST_FRAGMENT = 0x80,
};

struct nfs {
	struct net *net;
	struct host *client, *server;
	uint64_t now;
	uint32_t xid;
	uint16_t port;                           /* of the client's UDP calls: a reserved one */
};

static void opaque(struct buf *b, struct span s)
{
	buf_be32(b, (uint32_t)s.n);
	buf_bytes(b, s);
	buf_fill(b, 0, (4 - s.n % 4) % 4);
}

static void call(struct buf *b, uint32_t xid, uint32_t program, uint32_t version, uint32_t procedure, bool unix_auth)
{
	buf_be32(b, xid);
	buf_be32(b, 0);
	buf_be32(b, 2);
	buf_be32(b, program);
	buf_be32(b, version);
	buf_be32(b, procedure);
	buf_be32(b, unix_auth ? AUTH_UNIX : AUTH_NONE);
	size_t at = nest_begin(b, 4);
	if (unix_auth) {
		buf_be32(b, xid ^ 0x5a5a);               /* stamp */
		opaque(b, SPAN_LIT("monitor"));
		buf_be32(b, 0);                          /* uid, gid: root */
		buf_be32(b, 0);
		buf_be32(b, 0);
	}
	nest_end(b, at, 4);
	buf_be64(b, 0);                                  /* no verifier */
}

static void reply(struct buf *b, uint32_t xid)
{
	buf_be32(b, xid);
	buf_be32(b, 1);
	buf_fill(b, 0, 16);                              /* accepted, no verifier, success */
}

static void over_udp(struct nfs *s, uint16_t port, struct span question, struct span answer)
{
	net_resolve(s->net, s->now, s->client, s->server);
	net_udp(s->net, s->now, s->client, s->port, s->server, port, question);
	s->now += 2 * MS;
	net_udp(s->net, s->now, s->server, port, s->client, s->port, answer);
	s->now += 900 * US;
}

static void getport(struct nfs *s, uint32_t program, uint32_t protocol, uint16_t port)
{
	AUTO_BUF q = { 0 };
	AUTO_BUF a = { 0 };
	call(&q, ++s->xid, PROG_PORTMAP, 2, GETPORT, false);
	buf_be32(&q, program);
	buf_be32(&q, 3);
	buf_be32(&q, protocol);
	buf_be32(&q, 0);
	reply(&a, s->xid);
	buf_be32(&a, port);
	over_udp(s, PORTMAP, buf_span(&q), buf_span(&a));
}

/* Handles are the server's secret; ours say which file they stand for. */
static void handle(struct buf *b, uint32_t file)
{
	buf_be32(b, HANDLE);
	buf_be32(b, 0x01000701);
	buf_be32(b, file);
	buf_fill(b, 0x5e, HANDLE - 8);
}

static void mount_call(struct nfs *s, uint32_t procedure, const char *path)
{
	AUTO_BUF q = { 0 };
	AUTO_BUF a = { 0 };
	call(&q, ++s->xid, PROG_MOUNT, 3, procedure, true);
	opaque(&q, span_str(path));
	reply(&a, s->xid);
	if (procedure == MNT) {
		buf_be32(&a, 0);
		handle(&a, 2);
		buf_be32(&a, 1);
		buf_be32(&a, AUTH_UNIX);
	}
	over_udp(s, MOUNTD, buf_span(&q), buf_span(&a));
}

static void over_tcp(struct conv *c, enum conv_side from, const struct buf *message)
{
	AUTO_BUF b = { 0 };
	buf_be32(&b, (uint32_t)LAST_FRAGMENT << 24 | (uint32_t)message->n);
	buf_bytes(&b, buf_span(message));
	conv_send(c, from, buf_span(&b));
	c->last = (struct span){ 0 };
}

static void attributes(struct buf *b, uint32_t type, uint32_t id, size_t size)
{
	buf_be32(b, 1);                                  /* they follow */
	buf_be32(b, type);
	buf_be32(b, 0755);
	buf_be32(b, 1);
	buf_be64(b, 0);                                  /* owner, group */
	buf_be64(b, size);
	buf_be64(b, (size + 4095) / 4096 * 4096);
	buf_be64(b, 0);
	buf_be64(b, 0x701);
	buf_be64(b, id);
	for (int i = 0; i < 3; i++) {
		buf_be32(b, 1700000000);
		buf_be32(b, 0);
	}
}

static void fsinfo(struct nfs *s, struct conv *c)
{
	AUTO_BUF q = { 0 };
	AUTO_BUF a = { 0 };
	call(&q, ++s->xid, PROG_NFS, 3, NFS_FSINFO, true);
	handle(&q, 2);
	over_tcp(c, CLIENT, &q);
	reply(&a, s->xid);
	buf_be32(&a, 0);
	attributes(&a, TYPE_FOLDER, 2, 4096);
	for (int i = 0; i < 2; i++) {                    /* read, then write: most, preferred, multiple */
		buf_be32(&a, 65536);
		buf_be32(&a, READ_SIZE);
		buf_be32(&a, 4096);
	}
	buf_be32(&a, READ_SIZE);
	buf_be64(&a, INT64_MAX);
	buf_be32(&a, 0);
	buf_be32(&a, 1);
	buf_be32(&a, 0x1b);
	over_tcp(c, SERVER, &a);
}

static void lookup(struct nfs *s, struct conv *c, const struct nfs_file *f, uint32_t id)
{
	AUTO_BUF q = { 0 };
	AUTO_BUF a = { 0 };
	call(&q, ++s->xid, PROG_NFS, 3, NFS_LOOKUP, true);
	handle(&q, 2);
	opaque(&q, span_str(f->name));
	over_tcp(c, CLIENT, &q);
	reply(&a, s->xid);
	buf_be32(&a, 0);
	handle(&a, id);
	attributes(&a, TYPE_FILE, id, f->content.n);
	attributes(&a, TYPE_FOLDER, 2, 4096);
	over_tcp(c, SERVER, &a);
}

static void read_whole(struct nfs *s, struct conv *c, const struct nfs_file *f, uint32_t id)
{
	for (size_t at = 0; at < f->content.n; at += READ_SIZE) {
		struct span piece = span_cut(span_from(f->content, at), READ_SIZE);
		AUTO_BUF q = { 0 };
		AUTO_BUF a = { 0 };
		call(&q, ++s->xid, PROG_NFS, 3, NFS_READ, true);
		handle(&q, id);
		buf_be64(&q, at);
		buf_be32(&q, READ_SIZE);
		over_tcp(c, CLIENT, &q);
		reply(&a, s->xid);
		buf_be32(&a, 0);
		attributes(&a, TYPE_FILE, id, f->content.n);
		buf_be32(&a, (uint32_t)piece.n);
		buf_be32(&a, at + piece.n == f->content.n);
		opaque(&a, piece);
		over_tcp(c, SERVER, &a);
	}
}

uint64_t talk_nfs(struct net *n, uint64_t at, struct host *client, struct host *server, const char *path,
		  const struct nfs_file *files, size_t nfiles)
{
	struct nfs s = {
		.net = n, .client = client, .server = server, .now = at, .xid = (uint32_t)net_random(n),
		.port = (uint16_t)(700 + net_below(n, 300)),
	};
	getport(&s, PROG_NFS, TCP, NFS);
	getport(&s, PROG_MOUNT, UDP, MOUNTD);
	mount_call(&s, MNT, path);
	struct conv c = conv_of(n, client, server, NFS, s.now);
	c.port[CLIENT] = s.port;
	conv_open(&c);
	fsinfo(&s, &c);
	for (uint32_t i = 0; i < nfiles; i++) {
		lookup(&s, &c, &files[i], 10 + i);
		read_whole(&s, &c, &files[i], 10 + i);
	}
	s.now = c.now + 400 * MS;
	c.now = s.now + 20 * MS;
	mount_call(&s, UMNT, path);
	conv_close(&c, CLIENT);
	return c.now;
}
