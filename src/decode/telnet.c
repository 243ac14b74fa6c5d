/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telnet (RFC 854, RFC 855; terminal type RFC 1091): options, and the login dialogue: what was asked,
 * what was typed (as tokens), whether it was let in. There are no messages, so each stretch of bytes is
 * one and the state carries over. The session behind the login is not kept. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	PORT_TELNET = 23, OPENING = 64, LINE = 128, TYPED = 128, TERMINAL = 24, SUBOPTION_MAX = 1024, WATCHED_BYTES = 1 << 20,
	OPTIONS_TOLD = 24, OPTION_LAST = 49,
	SE = 240, SB = 250, WILL = 251, DONT = 254, IAC = 255,
	OPT_TERMINAL = 24, TERMINAL_IS = 0,
	BACKSPACE = 8, KILL_LINE = 21, ESCAPE = 27, DELETE = 127,
};

enum {
	EVENT, OPTIONS, BANNER, TERMINAL_TYPE, USER, PASSWORD, PASSWORD_EMPTY, ATTEMPT, ACCEPTED, LOGIN_ASKED, PROMPT,
	FIELDS
};

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT,
		    "session, login_prompt, password_prompt, credentials, accepted, refused, shell (no login)" },
	[OPTIONS] = { "options", F_TEXTS, "options negotiated in the first bytes: do 24, will 1 …" },
	[BANNER] = { "banner", F_TEXT, "first 64 characters before the login prompt", .clue = CLUE_SYSTEM },
	[TERMINAL_TYPE] = { "terminal", F_TEXT, "type of terminal that the client names" },
	[USER] = { "user", F_TEXT, "user name typed", .privacy = SECRET },
	[PASSWORD] = { "password", F_TEXT, "password typed", .privacy = SECRET },
	[PASSWORD_EMPTY] = { "password_empty", F_BOOL, "nothing was typed as password" },
	[ATTEMPT] = { "attempt", F_UINT, "how many passwords were typed so far" },
	[ACCEPTED] = { "accepted", F_BOOL, "let in: a command prompt came instead of a refusal" },
	[LOGIN_ASKED] = { "login_asked", F_BOOL, "user name or password were asked for" },
	[PROMPT] = { "prompt", F_TEXT, "last character of the command prompt: # of a superuser, $, > or %" },
};
static RECORD_TYPE(telnet_type, "telnet", "A step of a telnet session's login", fields);

enum where { IN_DATA, IN_IAC, IN_OPTION, IN_SUBOPTION, IN_SUBOPTION_IAC };

enum stage { NOTHING_ASKED, USER_ASKED, USER_TYPED, PASSWORD_ASKED, PASSWORD_TYPED, REFUSED, LET_IN };

struct end {                                     /* one direction's place in the grammar */
	enum where where;
	uint8_t command;
	uint16_t nsub;
	uint8_t sub[TERMINAL + 2];
	bool cr, escaped, bracket;               /* behind a CR; within a terminal's escape sequence */
	uint32_t bytes;
};

struct state {
	struct end end[2];
	enum stage stage;
	bool told_session, negotiated, asked;
	uint8_t nline, ntyped, nopening, attempts, nterminal;
	uint8_t line[LINE];                      /* the server's unfinished line, escapes taken out */
	uint8_t typed[TYPED];
	uint8_t opening[OPENING];                /* the server's first text */
	uint8_t terminal[TERMINAL];
	struct token user;
};

struct chunk {                                   /* one call of decode */
	struct state *state;
	struct end *end;
	struct emit *emit;
	struct span bytes;
	struct record *session;                  /* gathers options; NULL once the session was told */
	size_t run, nrun;                        /* stretch of typed or echoed bytes not yet masked */
	bool to_server;
};

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	int negotiations = 0;
	uint8_t first = rd_peek(&r);
	if (first != IAC) {
		bool text = (first >= ' ' && first < DELETE) || first == '\r' || first == '\n' || first == ESCAPE;
		return (struct bid){ text ? BID_MAYBE : BID_NO, SIDE_UNKNOWN };
	}
	while (rd_left(&r) >= 3 && rd_peek(&r) == IAC && negotiations < 2) {
		rd_skip(&r, 1);
		uint8_t command = rd_u8(&r), option = rd_u8(&r);
		if (command < SB || command == IAC || option > OPTION_LAST)
			return (struct bid){ BID_NO, SIDE_UNKNOWN };
		if (command == SB)
			break;
		negotiations++;
	}
	if (negotiations >= 2)
		return (struct bid){ BID_LIKELY + 20, SIDE_UNKNOWN };
	bool more = !m->closing && rd_left(&r) < 3 && rd_peek(&r) == (rd_left(&r) ? IAC : 0);
	return (struct bid){ more && m->bytes.n < 6 ? BID_WAIT : BID_MAYBE, SIDE_UNKNOWN };
}

static struct frame frame(const struct message *m, void *memory)
{
	const struct state *state = memory;
	if (m->bytes.n == 0)
		return FRAME_WAIT(m);
	bool enough = state->end[m->to_server].bytes > WATCHED_BYTES;
	return (struct frame){ m->bytes.n, enough ? BODY_OPEN : m->bytes.n };
}

/* ---- records ---- */

static void tell(struct chunk *c, const char *event, enum stage next, struct span prompt)
{
	struct state *s = c->state;
	struct record out UNSET;
	emit_begin(c->emit, &out, &telnet_type);
	record_str(&out, EVENT, event);
	record_bool(&out, LOGIN_ASKED, s->asked);
	record_text(&out, TERMINAL_TYPE, span_of(s->terminal, s->nterminal));
	record_text(&out, PROMPT, prompt);
	if (next == USER_ASKED && s->negotiated)
		record_text(&out, BANNER, span_of(s->opening, s->nopening));
	if (s->user.len && (next == PASSWORD_TYPED || next == LET_IN || next == REFUSED))
		record_token(&out, USER, s->user);
	if (next == PASSWORD_TYPED) {
		record_bool(&out, PASSWORD_EMPTY, s->ntyped == 0);
		if (s->ntyped)
			record_token(&out, PASSWORD, keyring_token(c->emit->host->keyring, span_of(s->typed, s->ntyped)));
	}
	if (s->attempts)
		record_uint(&out, ATTEMPT, s->attempts);
	if (next == LET_IN || next == REFUSED)
		record_bool(&out, ACCEPTED, next == LET_IN);
	emit_record(c->emit, &out);
	s->stage = next;
}

/* The bytes of a user name or password lie scattered over packets: each stretch is shown to the host as
 * it passes, so that exported evidence has them blanked; the token is made of the whole, later. */
static void run_mask(struct chunk *c)
{
	struct record scratch UNSET;
	if (!c->nrun)
		return;
	emit_begin(c->emit, &scratch, &telnet_type);
	record_text(&scratch, PASSWORD, span_cut(span_from(c->bytes, c->run), c->nrun));
	c->nrun = 0;
}

static void run_add(struct chunk *c, size_t at)
{
	if (c->nrun && c->run + c->nrun != at)
		run_mask(c);
	if (!c->nrun)
		c->run = at;
	c->nrun++;
}

/* ---- the client ---- */

static void line_typed(struct chunk *c)
{
	struct state *s = c->state;
	if (s->stage == USER_ASKED) {
		s->user = s->ntyped ? keyring_token(c->emit->host->keyring, span_of(s->typed, s->ntyped)) : (struct token){ 0 };
		s->stage = USER_TYPED;
	} else {
		if (s->attempts < UINT8_MAX)
			s->attempts++;
		tell(c, "credentials", PASSWORD_TYPED, (struct span){ 0 });
	}
	explicit_bzero(s->typed, sizeof(s->typed));
	s->ntyped = 0;
	s->nline = 0;
}

static void client_byte(struct chunk *c, uint8_t b, size_t at)
{
	struct state *s = c->state;
	bool after_cr = c->end->cr;
	c->end->cr = b == '\r';
	if (s->stage != USER_ASKED && s->stage != PASSWORD_ASKED)
		return;
	if (b == '\r' || b == '\n' || b == 0) {
		if (!after_cr || b == '\r')
			line_typed(c);
		return;
	}
	run_add(c, at);
	bool erases = b == BACKSPACE || b == DELETE;
	if (erases && s->ntyped)
		s->ntyped--;
	else if (b == KILL_LINE)
		s->ntyped = 0;
	else if (b >= ' ' && !erases && s->ntyped < TYPED)
		s->typed[s->ntyped++] = b;
}

/* ---- the server ---- */

static bool ends_with_one(struct span text, const char *const *words)
{
	for (; *words; words++)
		if (text.n >= strlen(*words) && span_alike_at(text, text.n - strlen(*words), *words))
			return true;
	return false;
}

static bool is_refusal(struct span text)
{
	static const char *const words[] = { "incorrect", "invalid", "denied", "fail", "wrong", "bad password", NULL };
	for (const char *const *w = words; *w; w++)
		if (span_has_alike(text, *w))
			return true;
	return false;
}

static void line_ended(struct chunk *c)
{
	struct state *s = c->state;
	bool judging = s->stage == USER_TYPED || s->stage == PASSWORD_TYPED;
	if (judging && is_refusal(span_of(s->line, s->nline)))
		tell(c, "refused", REFUSED, (struct span){ 0 });
	s->nline = 0;
}

/* Terminal escape sequences (ECMA-48 5.4) colour prompts; they are no text. */
static bool in_escape(struct end *end, uint8_t b)
{
	if (!end->escaped) {
		end->escaped = b == ESCAPE;
		end->bracket = false;
		return end->escaped;
	}
	if (!end->bracket && b == '[')
		end->bracket = true;
	else if (!end->bracket || (b >= 0x40 && b <= 0x7E) || b < ' ')
		end->escaped = false;
	return true;
}

static void opening_add(struct state *s, const struct end *end, uint8_t b)
{
	bool newline = b == '\n' && s->nopening;
	if (s->stage != NOTHING_ASKED || s->nopening == OPENING || end->escaped || b == DELETE || (b < ' ' && !newline))
		return;
	s->opening[s->nopening++] = newline ? ' ' : b;
}

static void server_byte(struct chunk *c, uint8_t b, size_t at)
{
	struct state *s = c->state;
	if (b == '\n') {
		run_mask(c);
		line_ended(c);
	}
	opening_add(s, c->end, b);
	if (in_escape(c->end, b) || b < ' ') {
		if (b == BACKSPACE && s->nline)
			s->nline--;
		return;
	}
	if (s->stage == USER_ASKED || s->stage == PASSWORD_ASKED)
		run_add(c, at);                  /* the echo of what is typed */
	if (s->nline == LINE) {                  /* only the end of a line matters */
		memmove(s->line, s->line + LINE / 2, LINE / 2);
		s->nline = LINE / 2;
	}
	s->line[s->nline++] = b;
}

/* What the server waits for, at the end of what it sent. */
static void prompt_judge(struct chunk *c)
{
	static const char *const user[] = {
		"login:", "username:", "user name:", "user:", "login id:", "userid:", "login name:", NULL
	};
	static const char *const password[] = { "password:", "passwd:", "passcode:", "pass:", "pin:", "pass phrase:", NULL };
	struct state *s = c->state;
	struct span whole = span_of(s->line, s->nline), text = span_chop(whole, " ");
	if (!text.n || s->stage == LET_IN)
		return;
	bool asks_user = ends_with_one(text, user), asks_password = ends_with_one(text, password);
	if (asks_user || asks_password) {
		if (s->stage == PASSWORD_TYPED || (s->stage == USER_TYPED && asks_user))
			tell(c, "refused", REFUSED, (struct span){ 0 });
		bool first = !s->asked;
		s->asked = true;
		if (asks_user && s->stage != USER_ASKED)
			tell(c, "login_prompt", USER_ASKED, (struct span){ 0 });
		else if (asks_password && first)
			tell(c, "password_prompt", PASSWORD_ASKED, (struct span){ 0 });
		else
			s->stage = asks_user ? USER_ASKED : PASSWORD_ASKED;
		return;
	}
	struct span last = span_from(text, text.n - 1);
	if (!strchr("#$>%", last.p[0]))
		return;
	if (s->stage == PASSWORD_TYPED || s->stage == USER_TYPED)
		tell(c, "accepted", LET_IN, last);
	else if (s->stage == NOTHING_ASKED && (whole.n > text.n || text.n == 1))
		tell(c, "shell", LET_IN, last);
}

/* ---- both ---- */

static void option_told(struct chunk *c, uint8_t command, uint8_t option)
{
	static const char *const verbs[] = { "will", "wont", "do", "dont" };
	if (!c->session || (record_has(c->session, OPTIONS) && c->session->v[OPTIONS].texts.n >= OPTIONS_TOLD))
		return;
	char *text = arena_printf(c->emit->host->arena, "%s %u", verbs[command - WILL], option);
	if (text)
		record_add_text(c->session, OPTIONS, span_str(text));
}

static void suboption_byte(struct chunk *c, uint8_t b)
{
	struct end *end = c->end;
	if (end->nsub < sizeof(end->sub))
		end->sub[end->nsub] = b;
	if (++end->nsub > SUBOPTION_MAX)         /* never closed: go on with the text */
		end->where = IN_DATA;
}

static void suboption_done(struct chunk *c)
{
	struct end *end = c->end;
	struct rd r = rd_of(span_of(end->sub, end->nsub < sizeof(end->sub) ? end->nsub : sizeof(end->sub)));
	if (rd_u8(&r) != OPT_TERMINAL || rd_u8(&r) != TERMINAL_IS || !c->to_server)
		return;
	struct span name = rd_rest(&r);
	memcpy(c->state->terminal, name.p, name.n);
	c->state->nterminal = (uint8_t)name.n;
}

static void grammar(struct chunk *c, uint8_t b, size_t at)
{
	struct end *end = c->end;
	switch (end->where) {
	case IN_DATA:
		if (b == IAC)
			end->where = IN_IAC;
		else if (c->to_server)
			client_byte(c, b, at);
		else
			server_byte(c, b, at);
		return;
	case IN_IAC:
		end->command = b;
		end->nsub = 0;
		end->where = b == SB ? IN_SUBOPTION : b >= WILL && b <= DONT ? IN_OPTION : IN_DATA;
		return;
	case IN_OPTION:
		c->state->negotiated = true;
		option_told(c, end->command, b);
		end->where = IN_DATA;
		return;
	case IN_SUBOPTION:
		if (b == IAC)
			end->where = IN_SUBOPTION_IAC;
		else
			suboption_byte(c, b);
		return;
	case IN_SUBOPTION_IAC:
		end->where = b == SE ? IN_DATA : IN_SUBOPTION;
		if (b == SE)
			suboption_done(c);
		else
			suboption_byte(c, b);
		return;
	}
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *s = memory;
	struct record session UNSET;
	struct chunk c = {
		.state = s, .end = &s->end[m->to_server], .emit = e, .bytes = m->bytes, .to_server = m->to_server,
	};
	if (!s->told_session) {
		emit_begin(e, &session, &telnet_type);
		record_str(&session, EVENT, "session");
		c.session = &session;
	}
	struct rd r = rd_of(m->bytes);
	while (rd_left(&r)) {
		size_t at = m->bytes.n - rd_left(&r);
		grammar(&c, rd_u8(&r), at);
	}
	run_mask(&c);
	c.end->bytes += (uint32_t)(m->bytes.n < WATCHED_BYTES ? m->bytes.n : WATCHED_BYTES);
	if (c.session)
		emit_record(e, &session);
	s->told_session = true;
	if (!m->to_server)
		prompt_judge(&c);
	return true;
}

static const struct record_type *const types[] = { &telnet_type, NULL };

const struct decoder decoder_telnet = {
	.name = "telnet", .doc = "Telnet: negotiation and login (RFC 854)",
	.over = OVER_TCP, .ports = { PORT_TELNET, 2323, 9527 }, .state_size = sizeof(struct state),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
