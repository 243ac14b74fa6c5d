/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Models of sockets and names. A name resolves to a made-up address that stands for it, outside text to one
 * that stands for its source. */
#include "fw/flow/libc.h"

enum { RECEIVE_BYTES = 256 };

uint64_t model_net_socket(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t family = arg(m, 0), type = arg(m, 1) & 15;
	bool mips = m->cpu->machine == EM_MIPS_;
	const char *what = family == 2 ? "inet" : family == 10 ? "inet6" : family == 1 ? "unix" : family == 17 ? "packet"
		: family == 16 ? "netlink" : "other";
	const char *kind = type == (mips ? 2u : 1u) ? "stream" : type == (mips ? 1u : 2u) ? "datagram" : "raw";
	char text[64];
	snprintf(text, sizeof(text), "%s %s", what, kind);
	int fd = fd_new(m, FD_SOCKET, text);
	return (uint64_t)(int64_t)fd;
}

uint64_t model_net_pair(struct machine *m, const struct model *self)
{
	(void)self;
	for (unsigned i = 0; i < 2; i++)
		guest_put_number(&m->g, arg(m, 3) + 4 * i, (uint64_t)(int64_t)fd_new(m, FD_PIPE, ""), 4, SHADE_BUILT);
	return 0;
}

/* i386 and old PowerPC: one system call for all; numbers of linux/net.h. */
const char *socket_call(uint64_t nr)
{
	static const char *const calls[] = { NULL, "socket", "bind", "connect", "listen", "accept", NULL, NULL,
		"socketpair", "send", "recv", "sendto", "recvfrom", NULL, "setsockopt", NULL, "sendmsg", "recvmsg", "accept4" };
	return nr < ARRAY_LEN(calls) ? calls[nr] : NULL;
}

uint64_t call_as(struct machine *m, const char *name, uint64_t list)
{
	const struct model *row = name ? m->model_of(span_str(name)) : NULL;
	if (!row)
		return 0;
	m->arg_base = list;
	m->callee = span_str(name);
	uint64_t v = row->run(m, row);
	if (row->sig)
		call_write(m, row, NULL, v);
	m->arg_base = 0;
	return v;
}

uint64_t model_net_call(struct machine *m, const struct model *self)
{
	(void)self;
	return call_as(m, socket_call(arg(m, 0)), arg(m, 1));
}

uint64_t model_net_accept(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t to = arg(m, 1);
	if (to) {
		guest_put_number(&m->g, to, 2, 2, SHADE_BUILT);
		uint32_t v4 = __builtin_bswap32(source_address(m, source_add(m, "peer of accept")));
		guest_put_number(&m->g, to + 4, m->g.big ? __builtin_bswap32(v4) : v4, 4, SHADE_BUILT);
	}
	if (!fd_more(m, arg(m, 0)))
		return (uint64_t)-1;
	return (uint64_t)(int64_t)fd_new(m, FD_SOCKET, "accepted");
}

uint64_t model_net_connect(struct machine *m, const struct model *self)
{
	(void)m;
	(void)self;
	return 0;
}

uint64_t model_net_send(struct machine *m, const struct model *self)
{
	return arg(m, (unsigned)self->param);
}

uint64_t model_net_receive(struct machine *m, const struct model *self)
{
	uint64_t fd = arg(m, 0), n = arg(m, 2);
	if (self->param && arg(m, 4))
		guest_put_number(&m->g, arg(m, 4), 2, 2, SHADE_BUILT);
	n = n < RECEIVE_BYTES ? n : RECEIVE_BYTES;
	source_fill(m, arg(m, 1), n, fd_source(m, fd, "recv"));
	return fd_more(m, fd) ? n : 0;           /* a path that goes on as if there were more has bytes of outside, too */
}

uint64_t model_net_message(struct machine *m, const struct model *self)
{
	(void)self;
	unsigned size = m->g.wide ? 8 : 4;
	uint64_t iov = guest_pointer(&m->g, arg(m, 1) + 2 * size), n = guest_pointer(&m->g, iov + size);
	if (!fd_more(m, arg(m, 0)))
		return 0;
	n = n < RECEIVE_BYTES ? n : RECEIVE_BYTES;
	source_fill(m, guest_pointer(&m->g, iov), n, fd_source(m, arg(m, 0), "recvmsg"));
	return n;
}

uint64_t model_net_name(struct machine *m, const struct model *self)
{
	(void)self;
	guest_put_number(&m->g, arg(m, 1), 2, 2, SHADE_BUILT);
	return 0;
}

uint64_t model_net_swap(struct machine *m, const struct model *self)
{
	uint32_t v = (uint32_t)arg(m, 0);
	if (self->param == 2)
		v &= 0xffff;
	if (m->g.big)
		return v;
	return self->param == 2 ? __builtin_bswap16((uint16_t)v) : __builtin_bswap32(v);
}

/* What a text means as an address, in host order: itself, its outside source, or a name's stand-in. */
static bool address_of(struct machine *m, uint64_t text, bool names, uint32_t *out)
{
	struct span s = guest_text(&m->g, text, 255);
	char copy[256] = { 0 };
	struct addr a;
	if (s.n)
		memcpy(copy, s.p, s.n);
	uint8_t shade = source_of_text(m, text);
	if (shade) {
		*out = source_address(m, shade);
		return true;
	}
	if (addr_parse(copy, &a) && a.family == 4) {
		*out = addr_to4(a);
		return true;
	}
	if (!names || !copy[0])
		return false;
	*out = name_address(m, copy);
	return true;
}

/* In memory an address is big endian; as a value in a register it is what such memory reads as. */
static uint32_t as_value(const struct machine *m, uint32_t host_order)
{
	return m->g.big ? host_order : __builtin_bswap32(host_order);
}

static void put_address(struct machine *m, uint64_t at, uint32_t v4, uint8_t shade)
{
	guest_put_number(&m->g, at, as_value(m, v4), 4, shade);
}

uint64_t model_net_parse(struct machine *m, const struct model *self)
{
	uint32_t v4 = 0;
	bool ok = address_of(m, arg(m, self->param == 2 ? 1 : 0), false, &v4);
	if (self->param == 0)                    /* INADDR_NONE would pass for the broadcast address at a sink */
		return as_value(m, ok ? v4 : name_address(m, NO_ADDRESS));
	if (self->param == 2 && arg(m, 0) == 10) {
		struct span s = arg_text(m, 1);
		char copy[64] = { 0 };
		struct addr a;
		memcpy(copy, s.p ? s.p : (const uint8_t *)"", s.n < 63 ? s.n : 63);
		if (addr_parse(copy, &a) && a.family == 6)
			guest_write(&m->g, arg(m, 2), span_of(a.b, 16), SHADE_COPIED);
		return 1;
	}
	if (ok)
		put_address(m, arg(m, (unsigned)self->param), v4, SHADE_COPIED);
	return ok;
}

uint64_t model_net_print(struct machine *m, const struct model *self)
{
	uint32_t v4 = self->param ? (uint32_t)guest_number(&m->g, arg(m, 1), 4) : (uint32_t)arg(m, 0);
	uint8_t shade;
	const char *name;
	char text[ADDR_TEXT];
	uint64_t to = self->param ? arg(m, 2) : heap_new(m, 64);
	v4 = as_value(m, v4);
	if (address_means(m, v4, &shade, &name) && shade) {
		source_fill(m, to, 12, shade);
		guest_put_number(&m->g, to + 12, 0, 1, shade);
		return to;
	}
	addr_text(addr_v4(v4), text);
	guest_write(&m->g, to, span_of(text, strlen(text) + 1), SHADE_BUILT);
	return to;
}

/* struct hostent: name, aliases, family, length, list of addresses. */
static uint64_t hostent(struct machine *m, uint64_t name)
{
	unsigned size = m->g.wide ? 8 : 4;
	uint32_t v4 = 0;
	if (!address_of(m, name, true, &v4))
		return 0;
	uint64_t h = heap_new(m, 64), list = heap_new(m, 32), a = heap_new(m, 8);
	put_address(m, a, v4, SHADE_BUILT);
	guest_put_pointer(&m->g, list, a);
	guest_put_pointer(&m->g, h, name);
	guest_put_pointer(&m->g, h + size, list + size);
	guest_put_number(&m->g, h + 2 * size, 2, 4, SHADE_BUILT);
	guest_put_number(&m->g, h + 2 * size + 4, 4, 4, SHADE_BUILT);
	guest_put_pointer(&m->g, h + 2 * size + 8, list);
	return h;
}

uint64_t model_net_host(struct machine *m, const struct model *self)
{
	(void)self;
	return hostent(m, arg(m, 0));
}

uint64_t model_net_host_r(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t h = hostent(m, arg(m, 0)), to = arg(m, 1);
	guest_copy(&m->g, to, h, 40);
	guest_put_pointer(&m->g, arg(m, 4), to);
	return 0;
}

/* struct addrinfo: flags, family, type, protocol, length, [address, name: swapped by BSD and Android], next. */
uint64_t model_net_addrinfo(struct machine *m, const struct model *self)
{
	(void)self;
	uint64_t name = arg(m, 0), service = arg(m, 1), hints = arg(m, 2), to = arg(m, 3);
	unsigned size = m->g.wide ? 8 : 4;
	uint32_t v4 = 0;
	if (name && !address_of(m, name, true, &v4))
		return 0;
	uint64_t ai = heap_new(m, 64), sa = heap_new(m, 32);
	struct span s = guest_text(&m->g, service, 16);
	uint32_t port = 0;
	uint8_t shade = service ? source_of_text(m, service) : 0;
	for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
		port = port * 10 + s.p[i] - '0';
	port = shade ? source_number(m, shade) : port;
	guest_put_number(&m->g, sa, 2, 2, SHADE_BUILT);
	guest_put_number(&m->g, sa + 2, m->g.big ? port : __builtin_bswap16((uint16_t)port), 2, SHADE_BUILT);
	put_address(m, sa + 4, v4, SHADE_COPIED);
	uint64_t type = hints ? guest_number(&m->g, hints + 8, 4) : 0;
	guest_put_number(&m->g, ai + 4, 2, 4, SHADE_BUILT);
	guest_put_number(&m->g, ai + 8, type ? type : m->cpu->machine == EM_MIPS_ ? 2 : 1, 4, SHADE_BUILT);
	guest_put_number(&m->g, ai + 16, 16, 4, SHADE_BUILT);
	guest_put_pointer(&m->g, ai + (m->g.wide ? 24 : 20), sa);
	guest_put_pointer(&m->g, ai + (m->g.wide ? 24 : 20) + size, name);
	guest_put_pointer(&m->g, to, ai);
	return 0;
}

/* struct epoll_event: what happened, and the program's own word for the descriptor; packed on x86-64 alone. */
static unsigned event_word(const struct machine *m)
{
	return m->cpu->machine == EM_X86_64_ || m->cpu->machine == EM_386_ ? 4 : 8;
}

uint64_t model_net_watch(struct machine *m, const struct model *self)
{
	enum { DELETE = 2 };
	uint64_t fd = arg(m, 2), event = arg(m, 3);
	(void)self;
	if (fd_is(m, fd) && event && arg(m, 1) != DELETE)
		KERN_SET(m, fd[fd].watched, guest_number(&m->g, event + event_word(m), 8));
	return 0;
}

/* Something came in at every descriptor that is watched. */
uint64_t model_net_events(struct machine *m, const struct model *self)
{
	enum { IN = 1 };
	uint64_t to = arg(m, 1), most = arg(m, 2), n = 0, word = event_word(m);
	(void)self;
	for (unsigned fd = KERN_FDS; fd-- > 0 && n < most;) {    /* connections, which are younger, before who accepts them */
		if (m->kern->fd[fd].kind == FD_FREE || !m->kern->fd[fd].watched)
			continue;
		guest_put_number(&m->g, to, IN, 4, SHADE_BUILT);
		guest_put_number(&m->g, to + word, m->kern->fd[fd].watched, 8, SHADE_BUILT);
		to += word + 8;
		n++;
	}
	m->order++;
	return n ? n : 1;
}

uint64_t model_net_select(struct machine *m, const struct model *self)
{
	(void)self;
	if (span_is(m->callee, "poll") || span_is(m->callee, "ppoll"))
		for (uint64_t i = 0; i < arg(m, 1) && i < 8; i++)
			guest_put_number(&m->g, arg(m, 0) + 8 * i + 6, 1, 2, SHADE_BUILT);
	m->order++;
	return 1;
}

/* struct mosquitto_message: number, topic, payload, its length. The function gets the client, the program's own word,
 * and the message. */
uint64_t model_net_callback(struct machine *m, const struct model *self)
{
	unsigned size = m->g.wide ? 8 : 4;
	uint8_t topic = source_add(m, "network:mqtt topic"), shade = source_add(m, "network:mqtt message");
	uint64_t message = heap_new(m, 64), args[3] = { arg(m, 0), 0, message };
	guest_put_pointer(&m->g, message + size, heap_marked(m, 24, topic));
	guest_put_pointer(&m->g, message + 2 * size, heap_marked(m, 48, shade));
	guest_put_number(&m->g, message + 3 * size, 48, 4, SHADE_BUILT);
	machine_later(m, arg(m, (unsigned)self->param), "a message comes in", 3, args);
	return 0;
}
