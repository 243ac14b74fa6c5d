/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "Where does program N listen?": portmap version 2 and rpcbind versions 3 and 4 (RFC 1833). */
#include "decode/rpc.h"

enum {
	P_SET = 1, P_UNSET, P_GETPORT, P_DUMP, P_CALLIT, P_GETVERSADDR = 9, P_INDIRECT = 10,
	SERVICES = 64, NETID_MAX = 64, ADDRESS_MAX = 128, OWNER_MAX = 256,
};

enum { ASKED = RPC_COMMON, NUMBER, ASKED_VERSION, TRANSPORT, ADDRESS, PORT, OWNER, SERVICE_LIST, FIELDS };

static const struct field fields[FIELDS] = {
	RPC_FIELDS,
	[ASKED] = { "program", F_TEXT, "name of the program that is looked for or registered" },
	[NUMBER] = { "number", F_UINT, "number of that program" },
	[ASKED_VERSION] = { "program_version", F_UINT, "version of that program" },
	[TRANSPORT] = { "transport", F_TEXT, "tcp, udp or a network id" },
	[ADDRESS] = { "address", F_ADDR, "where it listens (rpcbind)" },
	[PORT] = { "port", F_UINT, "port where it listens, 0: not registered" },
	[OWNER] = { "owner", F_TEXT, "user that registered it (rpcbind)" },
	[SERVICE_LIST] = { "services", F_TEXTS, "of a dump: program version transport port" },
};
RECORD_TYPE(portmap_type, "portmap", "Question to the port mapper, or its answer", fields);

static const char *procedure(uint32_t version, uint32_t n)
{
	static const char *const v2[] = { "NULL", "SET", "UNSET", "GETPORT", "DUMP", "CALLIT" };
	static const char *const v34[] = {
		"NULL", "SET", "UNSET", "GETADDR", "DUMP", "BCAST", "GETTIME", "UADDR2TADDR", "TADDR2UADDR",
		"GETVERSADDR", "INDIRECT", "GETADDRLIST", "GETSTAT",
	};
	if (version == 2)
		return n < ARRAY_LEN(v2) ? v2[n] : NULL;
	return n < ARRAY_LEN(v34) ? v34[n] : NULL;
}

/* A universal address (RFC 5665 §5.2.3): an address, then the port as two numbers behind dots. */
static bool universal_address(struct span s, struct addr *address, uint16_t *port)
{
	char text[ADDRESS_MAX + 1];
	if (s.n > ADDRESS_MAX)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)s.n, (const char *)s.p);
	unsigned long part[2] = { 0 };
	for (int i = 1; i >= 0; i--) {
		char *dot = strrchr(text, '.'), *end;
		if (!dot || dot[1] < '0' || dot[1] > '9')
			return false;
		part[i] = strtoul(dot + 1, &end, 10);
		if (*end || part[i] > 255)
			return false;
		*dot = '\0';
	}
	if (!addr_parse(text, address))
		return false;
	*port = (uint16_t)(part[0] << 8 | part[1]);
	return true;
}

static void set_asked(struct rpc *x, struct record *out, uint32_t number, uint32_t version)
{
	record_str(out, ASKED, x->program_name(number));
	record_uint(out, NUMBER, number);
	record_uint(out, ASKED_VERSION, version);
	x->call->handle = number;
	x->call->offset = version;
}

static void set_transport(struct rpc *x, struct record *out, uint32_t protocol)
{
	const char *name = rpc_transport(protocol);
	record_str(out, TRANSPORT, name ? name : rpc_number(x, protocol));
}

static bool call_v2(struct rpc *x, struct rd r, struct record *out)
{
	uint32_t number = rd_be32(&r), version = rd_be32(&r), protocol = rd_be32(&r), port = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	set_asked(x, out, number, version);
	if (x->procedure == P_CALLIT)            /* protocol is a procedure here */
		return true;
	x->call->count = protocol;
	set_transport(x, out, protocol);
	if (x->procedure != P_GETPORT)
		record_uint(out, PORT, port);
	return true;
}

static bool call_v34(struct rpc *x, struct rd r, struct record *out)
{
	uint32_t number = rd_be32(&r), version = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	set_asked(x, out, number, version);
	if (x->procedure == P_CALLIT || x->procedure == P_INDIRECT)
		return true;
	struct span netid = xdr_opaque(&r, NETID_MAX), address = xdr_opaque(&r, ADDRESS_MAX);
	struct span owner = xdr_opaque(&r, OWNER_MAX);
	if (!rd_ok(&r))
		return false;
	record_text(out, TRANSPORT, netid);
	rpc_name_keep(x, netid);
	record_text(out, OWNER, owner);
	struct addr a;
	uint16_t port;
	if (x->procedure <= P_UNSET && universal_address(address, &a, &port)) {
		record_addr(out, ADDRESS, a);
		record_uint(out, PORT, port);
	}
	return true;
}

static bool call(struct rpc *x, struct rd r, struct record *out)
{
	bool asks = x->procedure && (x->procedure <= P_GETPORT || x->procedure == P_CALLIT ||
		    (x->version > 2 && (x->procedure == P_GETVERSADDR || x->procedure == P_INDIRECT)));
	if (!asks)
		return true;
	return x->version == 2 ? call_v2(x, r, out) : call_v34(x, r, out);
}

static void add_service(struct rpc *x, struct record *out, uint32_t number, uint32_t version, struct span transport,
			uint32_t port)
{
	const char *name = x->program_name(number);
	char *line = arena_printf(x->e->host->arena, "%s %u %.*s %u", name ? name : rpc_number(x, number), version,
				  (int)transport.n, (const char *)transport.p, port);
	record_add_text(out, SERVICE_LIST, span_str(line));
}

/* A list in XDR: each entry is announced by a true, the end by a false. */
static bool dump(struct rpc *x, struct rd r, struct record *out)
{
	for (unsigned n = 0; n < SERVICES && xdr_bool(&r); n++) {
		uint32_t number = rd_be32(&r), version = rd_be32(&r), port;
		struct span transport;
		if (x->version == 2) {
			const char *name = rpc_transport(rd_be32(&r));
			transport = span_str(name ? name : "other");
			port = rd_be32(&r);
		} else {
			struct addr a;
			uint16_t listens = 0;
			transport = xdr_opaque(&r, NETID_MAX);
			(void)universal_address(xdr_opaque(&r, ADDRESS_MAX), &a, &listens);
			(void)xdr_opaque(&r, OWNER_MAX);
			port = listens;
		}
		if (rd_ok(&r))
			add_service(x, out, number, version, transport, port);
	}
	return rd_ok(&r);
}

static bool answer_v2(struct rpc *x, struct rd r, struct record *out)
{
	uint32_t port = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	set_transport(x, out, x->call->count);
	if (x->procedure == P_GETPORT)
		record_uint(out, PORT, port);
	else if (!port)
		record_str(out, RPC_STATUS, "refused");
	return true;
}

static bool answer_v34(struct rpc *x, struct rd r, struct record *out)
{
	record_text(out, TRANSPORT, x->name);
	if (x->procedure <= P_UNSET) {
		if (!xdr_bool(&r))
			record_str(out, RPC_STATUS, "refused");
		return rd_ok(&r);
	}
	struct span text = xdr_opaque(&r, ADDRESS_MAX);
	struct addr a = { 0 };
	uint16_t port = 0;
	if (!rd_ok(&r))
		return false;
	if (text.n && !universal_address(text, &a, &port))
		return true;                     /* another family than IP */
	if (text.n)
		record_addr(out, ADDRESS, a);
	record_uint(out, PORT, port);
	return true;
}

static bool reply(struct rpc *x, struct rd r, struct record *out)
{
	if (x->procedure == P_DUMP)
		return dump(x, r, out);
	bool asked = x->procedure && (x->procedure <= P_GETPORT || (x->version > 2 && x->procedure == P_GETVERSADDR));
	if (!asked)
		return true;
	set_asked(x, out, (uint32_t)x->call->handle, (uint32_t)x->call->offset);
	return x->version == 2 ? answer_v2(x, r, out) : answer_v34(x, r, out);
}

const struct rpc_program rpc_portmap = {
	.number = 100000, .name = "portmap", .low = 2, .high = 4, .procedures = 12, .no_content = rpc_no_content,
	.type = &portmap_type, .procedure = procedure, .call = call, .reply = reply,
};
