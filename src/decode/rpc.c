/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SunRPC version 2 (RFC 5531) over UDP and, with record marks (§11), over TCP. Calls tell program,
 * version and procedure; replies tell nothing but the xid, so calls are remembered until then. Every
 * call gives a record when it is seen, answered or not, and every reply one that repeats its call. */
#include "decode/rpc.h"

#include "base/buf.h"

enum {
	CALL = 0, REPLY = 1, RPC_VERSION_2 = 2, ACCEPTED = 0, DENIED = 1,
	AUTH_NONE = 0, AUTH_SYS = 1, AUTH_SHORT = 2, AUTH_DH = 3, RPCSEC_GSS = 6, AUTH_TLS = 7,
	AUTH_MAX = 400,                          /* §8.2 */
	GSS_SERVICE_NONE = 1,
	MACHINE_MAX = 255, GIDS_MAX = 16,
	MARK = 4, HEAD_MIN = 12,
	WHOLE = 8192, WANT = 4096,               /* messages up to WHOLE are read whole, of longer ones the head */
	JOIN = 64 * 1024, FRAGMENTS = 256, MESSAGE_MAX = 64 << 20,
};

static const uint32_t mark_last = UINT32_C(1) << 31;

enum { PROGRAM = RPC_COMMON, NUMBER, FIELDS };

static const struct field fields[FIELDS] = {
	RPC_FIELDS,
	[PROGRAM] = { "program", F_TEXT, "name of the program that was called" },
	[NUMBER] = { "number", F_UINT, "number of the program" },
};
static RECORD_TYPE(rpc_type, "rpc", "SunRPC call or reply of a program that is not read further", fields);

#define ONLY_NAMED(number, name, low, high, procedures) { number, name, low, high, procedures, NULL, NULL, NULL, NULL }

/* Programs that are met on networks and not read further (IANA rpc-program-numbers). */
static const struct rpc_program others[] = {
	ONLY_NAMED(100001, "rstatd", 1, 5, 3),
	ONLY_NAMED(100002, "rusersd", 1, 3, 3),
	ONLY_NAMED(100004, "ypserv", 1, 2, 11),
	ONLY_NAMED(100007, "ypbind", 1, 3, 2),
	ONLY_NAMED(100008, "walld", 1, 1, 2),
	ONLY_NAMED(100009, "yppasswdd", 1, 1, 1),
	ONLY_NAMED(100011, "rquotad", 1, 2, 4),
	ONLY_NAMED(100012, "sprayd", 1, 1, 3),
	ONLY_NAMED(100017, "rexd", 1, 1, 3),
	ONLY_NAMED(100026, "bootparam", 1, 1, 2),
	ONLY_NAMED(100068, "cmsd", 2, 5, 30),
	ONLY_NAMED(100083, "ttdbserver", 1, 1, 40),
	ONLY_NAMED(100227, "nfs_acl", 2, 3, 5),
	ONLY_NAMED(100232, "sadmind", 10, 10, 8),
	ONLY_NAMED(150001, "pcnfsd", 1, 2, 16),
	ONLY_NAMED(300019, "amd", 1, 1, 8),
	ONLY_NAMED(390113, "nsrexec", 1, 1, 32),
	ONLY_NAMED(395183, "vxi11_core", 1, 1, 27),
	ONLY_NAMED(395184, "vxi11_async", 1, 1, 1),
	ONLY_NAMED(395185, "vxi11_intr", 1, 1, 30),
	ONLY_NAMED(0x40000000, "nfs_callback", 1, 4, 1),
};

static const struct rpc_program *const programs[] = { &rpc_portmap, &rpc_mount, &rpc_nfs, &rpc_nlm, &rpc_nsm };

static const struct rpc_program *program_find(uint32_t number)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (programs[i]->number == number)
			return programs[i];
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].number == number)
			return &others[i];
	return NULL;
}

static const char *program_name(uint32_t number)
{
	const struct rpc_program *p = program_find(number);
	return p ? p->name : NULL;
}

/* ---- headers ---- */

static bool flavor_known(uint32_t flavor)
{
	return flavor <= AUTH_DH || flavor == RPCSEC_GSS || flavor == AUTH_TLS;
}

struct credentials {
	struct span machine;
	uint32_t uid, gid;
	bool is_sys, sealed;
};

/* §8.2 and appendix A; RFC 2203 §5: GSS procedures other than data, and wrapped data, are sealed. */
static struct credentials credentials(struct rd *r)
{
	struct credentials c = { 0 };
	uint32_t flavor = rd_be32(r);
	struct span body = xdr_opaque(r, AUTH_MAX);
	struct rd b = rd_of(body);
	if (flavor == AUTH_SYS) {
		rd_skip(&b, 4);
		c.machine = xdr_opaque(&b, MACHINE_MAX);
		c.uid = rd_be32(&b);
		c.gid = rd_be32(&b);
		c.is_sys = rd_ok(&b);
	} else if (flavor == RPCSEC_GSS) {
		rd_skip(&b, 4);
		uint32_t procedure = rd_be32(&b);
		rd_skip(&b, 4);
		c.sealed = procedure != 0 || rd_be32(&b) != GSS_SERVICE_NONE;
	}
	rd_skip(r, 4);                           /* verifier */
	(void)xdr_opaque(r, AUTH_MAX);
	return c;
}

static const char *procedure_name(struct rpc *x)
{
	const char *name = x->p && x->p->procedure ? x->p->procedure(x->version, x->procedure) : NULL;
	if (!name && x->procedure == 0)
		return "NULL";
	return name ? name : rpc_number(x, x->procedure);
}

static void record_head(struct rpc *x, struct record *out)
{
	const struct record_type *t = x->p && x->p->type ? x->p->type : &rpc_type;
	emit_begin(x->e, out, t);
	record_str(out, RPC_MESSAGE, x->is_call ? "call" : "reply");
	record_uint(out, RPC_XID, x->xid);
	if (x->program) {
		record_uint(out, RPC_VERSION, x->version);
		record_str(out, RPC_PROCEDURE, procedure_name(x));
	}
	if (t != &rpc_type || !x->program)
		return;
	record_str(out, PROGRAM, x->p ? x->p->name : NULL);
	record_uint(out, NUMBER, x->program);
}

static bool version_read(const struct rpc *x)
{
	return x->p && x->version >= x->p->low && x->version <= x->p->high;
}

/* The record as far as it could be read: with what the program says, or without if that was no good. */
static bool told(struct rpc *x, struct record *full, const struct record *head, bool good)
{
	bool use = good || rpc_is_partial(x);
	emit_record(x->e, use ? full : head);
	if (x->has_body && use) {
		if (x->body.data.n)              /* up to the data */
			emit_shown(x->e, span_cut(x->whole, (size_t)(x->body.data.p - x->whole.p)));
		emit_body(x->e, x->body);
	}
	return use;
}

/* What r has not reached yet are arguments or results. */
static void show(const struct rpc *x, const struct rd *r)
{
	size_t n = x->whole.n - rd_left(r);
	bool all = version_read(x) && x->p->no_content && x->p->no_content(x);
	emit_shown(x->e, all ? x->whole : span_cut(x->whole, n));
	if (x->m->over == OVER_TCP)
		emit_shown(x->e, span_cut(x->m->bytes, MARK));
}

static bool read_call(struct rpc *x, struct rd r)
{
	uint32_t version = rd_be32(&r);
	x->program = rd_be32(&r);
	x->version = rd_be32(&r);
	x->procedure = rd_be32(&r);
	struct credentials c = credentials(&r);
	if (version != RPC_VERSION_2 || !rd_ok(&r))
		return false;
	x->p = program_find(x->program);
	x->call = rpc_call_new(x);
	x->call->sealed = c.sealed;
	show(x, &r);
	struct record head, full;
	record_head(x, &head);
	if (c.is_sys) {
		record_text(&head, RPC_MACHINE, c.machine);
		record_uint(&head, RPC_UID, c.uid);
		record_uint(&head, RPC_GID, c.gid);
	}
	full = head;
	bool good = !version_read(x) || !x->p->call || c.sealed || x->p->call(x, r, &full);
	return told(x, &full, &head, good);
}

/* §9: why a call was not carried out. NULL: it was. */
static const char *refused(struct rd *r)
{
	static const char *const accept[] = {
		NULL, "program unavailable", "program version mismatch", "procedure unavailable", "garbage arguments",
		"system error",
	};
	uint32_t reply = rd_be32(r);
	if (reply == DENIED)
		return rd_be32(r) ? "authentication refused" : "RPC version mismatch";
	if (reply != ACCEPTED)
		rd_fail(r);
	rd_skip(r, 4);
	(void)xdr_opaque(r, AUTH_MAX);
	uint32_t stat = rd_be32(r);
	if (stat >= ARRAY_LEN(accept))
		rd_fail(r);
	return rd_ok(r) ? accept[stat] : "unreadable";
}

static bool read_reply(struct rpc *x, struct rd r)
{
	const char *why = refused(&r);
	if (!rd_ok(&r))
		return false;
	x->call = rpc_call_find(x);
	if (x->call) {
		x->program = x->call->program;
		x->version = x->call->version;
		x->procedure = x->call->procedure;
		x->p = program_find(x->program);
		x->name = rpc_name_of(x->s, x->xid);
	}
	show(x, &r);
	struct record head, full;
	record_head(x, &head);
	record_str(&head, RPC_STATUS, why ? why : "ok");
	full = head;
	bool sealed = x->call && x->call->sealed;
	bool good = why || sealed || !version_read(x) || !x->p->reply || x->p->reply(x, r, &full);
	bool ok = told(x, &full, &head, good);
	if (x->call) {
		x->call->used = false;
		rpc_name_drop(x->s, x->xid);
	}
	return ok;
}

static bool read_message(struct rpc *x, struct span whole)
{
	struct rd r = rd_of(whole);
	x->whole = whole;
	x->xid = rd_be32(&r);
	uint32_t type = rd_be32(&r);
	x->is_call = type == CALL;
	if (!rd_ok(&r) || type > REPLY)
		return false;
	return x->is_call ? read_call(x, r) : read_reply(x, r);
}

/* ---- record marks ---- */

/* Puts the payloads behind each other. One fragment, as nearly always, needs no copy. more: the last
 * fragment that is here is not the message's last. */
static struct span join(struct span bytes, struct buf *room, bool *more)
{
	struct rd r = rd_of(bytes);
	struct span part = { 0 };
	for (unsigned n = 0; rd_left(&r) >= MARK && n < FRAGMENTS; n++) {
		uint32_t mark = rd_be32(&r), length = mark & ~mark_last;
		part = rd_span(&r, length < rd_left(&r) ? length : rd_left(&r));
		*more = !(mark & mark_last);
		if (n == 0 && !*more)
			return part;
		buf_bytes(room, part);
		if (!*more)
			break;
	}
	return buf_span(room);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct rpc x = { .m = m, .s = state, .e = e, .program_name = program_name };
	if (m->over != OVER_TCP)
		return read_message(&x, m->bytes);
	bool *continues = &x.s->continues[m->to_server];
	struct rd r = rd_of(m->bytes);
	if (*continues) {                        /* the rest of a message that was told when it began */
		*continues = !(rd_be32(&r) & mark_last);
		return true;
	}
	struct buf room = { .cap = FRAME_CAP };
	struct span whole = join(m->bytes, &room, continues);
	bool ok = read_message(&x, whole);
	buf_done(&room);
	return ok;
}

/* Could these be the first bytes of a message? What is not there yet is given the benefit. */
static bool head_fits(struct rd r)
{
	size_t n = rd_left(&r);
	rd_skip(&r, 4);
	uint32_t type = rd_be32(&r), third = rd_be32(&r);
	if (n >= 8 && type > REPLY)
		return false;
	return n < HEAD_MIN || (type == CALL ? third == RPC_VERSION_2 : third <= DENIED);
}

static struct frame frame(const struct message *m, void *state)
{
	const struct rpc_state *s = state;
	struct rd r = rd_of(m->bytes);
	uint64_t start = 0;
	for (unsigned n = 0; n < FRAGMENTS; n++) {
		uint32_t mark = rd_be32(&r), length = mark & ~mark_last;
		if (!rd_ok(&r))
			return FRAME_WHOLE((size_t)start + MARK);   /* wait for the next mark */
		bool last = mark & mark_last;
		if (s->continues[m->to_server])
			return (struct frame){ MARK, MARK + (uint64_t)length };
		if (length > MESSAGE_MAX || (n == 0 && last && length < HEAD_MIN))
			return FRAME_NONE;
		struct rd part = r;
		part = rd_sub(&part, length < rd_left(&r) ? length : rd_left(&r));
		if (n == 0 && !head_fits(part))
			return FRAME_NONE;
		uint64_t end = start + MARK + length;
		if (last || end > JOIN)
			return (struct frame){ (size_t)start + MARK + (length <= WHOLE ? length : WANT), end };
		rd_skip(&r, rd_left(&part));
		if (rd_left(&r) == 0 && end >= m->bytes.n)
			return FRAME_WHOLE((size_t)end + MARK);
		start = end;
	}
	return FRAME_NONE;
}

/* ---- whose bytes are these ---- */

static struct bid bid_call(struct rd r, const struct message *m)
{
	uint32_t rpcvers = rd_be32(&r), number = rd_be32(&r), version = rd_be32(&r), procedure = rd_be32(&r);
	uint32_t flavor = rd_be32(&r), length = rd_be32(&r);
	if (!rd_ok(&r))
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	const struct rpc_program *p = program_find(number);
	if (rpcvers != RPC_VERSION_2 || !flavor_known(flavor) || length > AUTH_MAX)
		return (struct bid){ BID_NO };
	enum side side = number >= 0x40000000 && number < 0x60000000 ? SIDE_UNKNOWN : SIDE_CLIENT;   /* callbacks */
	if (p && version <= p->high + 2u && procedure <= p->procedures)
		return (struct bid){ BID_SURE, side };
	bool plausible = (number >= 100000 && number < 400000) || (number >= 0x20000000 && number < 0x60000000);
	return (struct bid){ plausible && version <= 64 && procedure < 256 ? BID_LIKELY : BID_NO, side };
}

/* A reply alone is mostly zeros: likely only where the record mark agrees with it. */
static struct bid bid_reply(struct rd r, const struct message *m, uint32_t length)
{
	uint32_t stat = rd_be32(&r), flavor = rd_be32(&r), verifier = rd_be32(&r);
	if (!rd_ok(&r))
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	if (stat == DENIED)                      /* flavor is the reason here */
		return (struct bid){ flavor <= 1 && length <= 20 ? BID_MAYBE : BID_NO, SIDE_SERVER };
	if (stat != ACCEPTED || !flavor_known(flavor) || verifier > AUTH_MAX || (flavor == AUTH_NONE && verifier))
		return (struct bid){ BID_NO };
	rd_skip(&r, verifier);
	uint32_t accept = rd_be32(&r);
	if (!rd_ok(&r) || accept > 5 || length % 4)
		return (struct bid){ BID_NO };
	bool fits = m->over == OVER_TCP && length >= 24 && (rd_left(&r) == 0 || length + MARK >= m->bytes.n);
	return (struct bid){ fits ? BID_LIKELY : BID_MAYBE, SIDE_SERVER };
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	uint32_t length = (uint32_t)m->bytes.n;
	if (m->over == OVER_TCP) {
		length = rd_be32(&r) & ~mark_last;
		if (!rd_ok(&r))
			return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
		if (length < HEAD_MIN || length > MESSAGE_MAX)
			return (struct bid){ BID_NO };
	}
	if (!head_fits(r))
		return (struct bid){ BID_NO };
	uint32_t xid = rd_be32(&r), type = rd_be32(&r);
	if (!rd_ok(&r))
		return (struct bid){ m->closing || m->over == OVER_UDP ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	if (type == REPLY && xid == 0)
		return (struct bid){ BID_NO };
	struct bid b = type == CALL ? bid_call(r, m) : bid_reply(r, m, length);
	if (b.score == BID_WAIT && m->over == OVER_UDP)
		b.score = BID_NO;
	return b;
}

static const struct record_type *const types[] = {
	&rpc_type, &portmap_type, &mount_type, &nfs_type, &nlm_type, NULL,
};

const struct decoder decoder_rpc = {
	.name = "rpc", .doc = "SunRPC (RFC 5531): portmap and rpcbind, mount, NFS v2 to v4, NLM, NSM",
	.over = OVER_TCP | OVER_UDP, .ports = { 111, 2049, 20048, 635, 4045, 1110 }, .state_size = sizeof(struct rpc_state),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
