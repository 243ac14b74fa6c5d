/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The remote commands of BSD: rlogin (RFC 1282), rsh and rexec. The first bytes of the client name the user, for
 * rexec with his password, and the command; who is trusted is let in without any. The session is not read. */
#include "base/scope.h"
#include "decode/decoder.h"

enum { PORT_EXEC = 512, PORT_LOGIN = 513, PORT_SHELL = 514, TEXT_LIMIT = 64, COMMAND_LIMIT = 4096, PORT_DIGITS = 5 };

enum { SERVICE, LOCAL_USER, USER, PASSWORD, PASSWORD_EMPTY, TERMINAL, COMMAND, ACCEPTED, FIELDS };

static const struct field fields[FIELDS] = {
	[SERVICE] = { "service", F_TEXT, "login, shell or exec" },
	[LOCAL_USER] = { "client_user", F_TEXT, "user name on the client's machine", .privacy = SECRET },
	[USER] = { "user", F_TEXT, "user name asked for", .privacy = SECRET },
	[PASSWORD] = { "password", F_TEXT, "password, readable by anyone on the way", .privacy = SECRET },
	[PASSWORD_EMPTY] = { "password_empty", F_BOOL, "of exec: nothing was sent as password" },
	[TERMINAL] = { "terminal", F_TEXT, "type and speed of the terminal" },
	[COMMAND] = { "command", F_TEXT, "first word of the command" },
	[ACCEPTED] = { "accepted", F_BOOL, "of the answer to shell and exec: let in, or refused" },
};
static RECORD_TYPE(rlogin_type, "rlogin", "Opening of a remote login or command", fields);

struct state {
	bool over[2], judged;
};

struct opening {
	const char *service;                     /* NULL: none */
	struct span first, second, third;
	size_t bytes;                            /* 0: goes on */
};

static bool is_text(struct span s, size_t most)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n <= most;
}

static bool is_port(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n <= PORT_DIGITS;
}

/* NUL client NUL user NUL "vt100/9600" NUL, or port NUL user NUL user-or-password NUL command NUL. */
static bool opening_read(struct span s, uint16_t port, struct opening *out)
{
	struct rd r = rd_of(s);
	struct span head;
	*out = (struct opening){ 0 };
	if (!rd_until(&r, 0, &head))
		return is_port(s);
	if (!is_port(head))
		return false;
	bool login = head.n == 0 && port != PORT_EXEC && port != PORT_SHELL;
	struct span *parts[] = { &out->first, &out->second, &out->third };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t most = i == 2 && !login ? COMMAND_LIMIT : TEXT_LIMIT;
		if (!rd_until(&r, 0, parts[i])) {
			struct rd rest = r;
			return is_text(rd_rest(&rest), most);
		}
		if (!is_text(*parts[i], most))
			return false;
	}
	out->bytes = s.n - rd_left(&r);
	out->service = login ? "login" : port == PORT_EXEC ? "exec" : "shell";
	return true;
}

/* "vt100/9600": letters, a slash, a speed. */
static bool is_terminal(struct span s)
{
	struct rd r = rd_of(s);
	struct span name;
	return rd_until(&r, '/', &name) && name.n && rd_left(&r) >= 2 && is_port(rd_rest(&r));
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	struct opening o;
	struct rd r = rd_of(m->bytes);
	bool shell = at->dport == PORT_EXEC || at->dport == PORT_SHELL;
	if (!m->bytes.n)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_CLIENT };
	if (!opening_read(m->bytes, at->dport, &o)) {
		bool odd = at->dport == PORT_LOGIN && rd_peek(&r) == 0;   /* names without an end: still that, and malformed */
		return (struct bid){ odd ? BID_MAYBE : BID_NO, SIDE_CLIENT };
	}
	if (!o.service)
		return (struct bid){ (rd_peek(&r) == 0 || shell) && !m->closing ? BID_WAIT : BID_NO, SIDE_CLIENT };
	if (span_is(span_str(o.service), "login"))
		return (struct bid){ o.second.n && is_terminal(o.third) ? BID_SURE : BID_NO, SIDE_CLIENT };
	return (struct bid){ shell && o.first.n && o.third.n ? BID_MAYBE : BID_NO, SIDE_CLIENT };
}

static struct frame frame(const struct message *m, void *memory)
{
	const struct state *s = memory;
	struct opening o;
	if (s->over[m->to_server])
		return (struct frame){ 1, BODY_OPEN };
	if (!m->to_server)
		return FRAME_WHOLE(1);
	struct rd r = rd_of(m->bytes);
	if (!opening_read(m->bytes, rd_peek(&r) ? PORT_SHELL : 0, &o))
		return FRAME_NONE;
	return o.bytes ? FRAME_WHOLE(o.bytes) : FRAME_WAIT(m);
}

static void answer(struct state *s, struct rd r, struct emit *e)
{
	struct record out UNSET;
	s->over[0] = true;
	if (!s->judged)
		return;
	emit_begin(e, &out, &rlogin_type);
	record_bool(&out, ACCEPTED, rd_u8(&r) == 0);
	emit_record(e, &out);
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *s = memory;
	struct opening o;
	if (!m->to_server) {
		answer(s, rd_of(m->bytes), e);
		return true;
	}
	if (s->over[1] || m->rest)
		return true;
	s->over[1] = true;
	if (!opening_read(m->bytes, e->at->dport, &o) || !o.service)
		return false;
	bool login = span_is(span_str(o.service), "login"), exec = span_is(span_str(o.service), "exec");
	struct record out UNSET;
	emit_begin(e, &out, &rlogin_type);
	record_str(&out, SERVICE, o.service);
	record_text(&out, exec ? USER : LOCAL_USER, o.first);
	record_text(&out, exec ? PASSWORD : USER, o.second);
	if (exec)
		record_bool(&out, PASSWORD_EMPTY, !o.second.n);
	struct rd command = rd_of(o.third);
	struct span word;
	if (login)
		record_text(&out, TERMINAL, o.third);
	else
		record_text(&out, COMMAND, span_cut(rd_until(&command, ' ', &word) ? word : o.third, TEXT_LIMIT));
	s->judged = !login;
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &rlogin_type, NULL };

const struct decoder decoder_rlogin = {
	.name = "rlogin", .doc = "Remote login, shell and execution of BSD (RFC 1282)", .over = OVER_TCP,
	.ports = { PORT_LOGIN, PORT_SHELL, PORT_EXEC },
	.state_size = sizeof(struct state), .bid = bid, .frame = frame, .decode = decode, .types = types,
};
