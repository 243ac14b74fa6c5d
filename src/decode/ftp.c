/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FTP control connections (RFC 959, 2428 for EPSV and EPRT, 4217 for TLS): lines of commands one way,
 * numbered replies the other. Who will connect where for which file is told to ftp_data.c. Arguments
 * other than paths, and the text of replies, stay here: they may hold anything. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum { LINE_MAX_BYTES = 4096, PATH_KEPT = 200, COMMAND_MAX = 4, READY = 220, SYSTEM = 215, FILE_STATUS = 213,
	TLS_GO = 234, TLS_OLD = 334, LET_IN = 230, TLS_STATE = 64, REFUSED = 530, REFUSED_OTHER = 430 };

enum {
	MESSAGE, COMMAND, CODE, PATH, USER, PASSWORD, ANONYMOUS, ACCEPTED, TLS, BANNER, SERVER_SYSTEM, ADDRESS, PORT, FIELDS
};

static const struct field fields[FIELDS] = {
	[MESSAGE] = { "message", F_TEXT, "command or reply" },
	[COMMAND] = { "command", F_TEXT, "command, or the one that is answered" },
	[CODE] = { "code", F_UINT, "number of the reply" },
	[PATH] = { "path", F_TEXT, "file or directory" },
	[USER] = { "user", F_TEXT, "user name; beside a password the one it goes with", .privacy = SECRET },
	[PASSWORD] = { "password", F_TEXT, "password, readable by anyone on the way", .privacy = SECRET },
	[ANONYMOUS] = { "anonymous", F_BOOL, "user name that stands for anybody" },
	[ACCEPTED] = { "accepted", F_BOOL, "of the answer to a user name or password: let in, or refused" },
	[TLS] = { "tls", F_BOOL, "asks for, or begins, encryption" },
	[BANNER] = { "banner", F_TEXT, "greeting of the server", .clue = CLUE_SYSTEM },
	[SERVER_SYSTEM] = { "system", F_TEXT, "operating system, as the server says", .clue = CLUE_SYSTEM },
	[ADDRESS] = { "address", F_ADDR, "where the data connection will go" },
	[PORT] = { "port", F_UINT, "port of the data connection" },
};
static RECORD_TYPE(ftp_type, "ftp", "FTP command or reply", fields);

extern const struct decoder decoder_tls;

struct place {
	struct addr end;
	uint16_t port;
};

struct text {
	uint16_t n;
	uint8_t b[PATH_KEPT];
};

struct state {
	bool opaque, greeted, anonymous;
	bool long_line[2];                       /* by direction: the rest of a line that was too long follows */
	uint16_t multi;                          /* reply of several lines goes on until this number and a space */
	char command[COMMAND_MAX + 1];           /* the last that was sent */
	struct text argument, directory;
	struct place places[2];                  /* next data connection, as said and as seen */
	struct text what;                        /* tag: kind of transfer and path */
	struct token user;                       /* who logs in; len 0: nobody yet */
	bool encrypted[2];                       /* by direction: TLS has begun */
	uint64_t tls[TLS_STATE / 8];             /* of decoder_tls */
};

/* ---- texts ---- */

static void text_set(struct text *t, struct span s)
{
	s = span_cut(s, PATH_KEPT);
	t->n = (uint16_t)s.n;
	if (s.n)
		memmove(t->b, s.p, s.n);
}

static struct span text_span(const struct text *t)
{
	return span_of(t->b, t->n);
}

static void text_add(struct text *t, struct span s)
{
	s = span_cut(s, (size_t)(PATH_KEPT - t->n));
	if (s.n)
		memcpy(t->b + t->n, s.p, s.n);
	t->n = (uint16_t)(t->n + s.n);
}

/* An absolute path as it is; anything else behind the directory. */
static void path_of(const struct text *directory, struct span name, struct text *out)
{
	text_set(out, (struct span){ 0 });
	if (name.n == 0 || name.p[0] != '/') {
		text_add(out, text_span(directory));
		if (out->n && name.n && out->b[out->n - 1] != '/')
			text_add(out, SPAN_LIT("/"));
	}
	text_add(out, name);
}

static void path_up(struct text *t)
{
	while (t->n > 1 && t->b[--t->n] != '/')
		;
	t->n = t->n ? t->n : 1;
}

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
}

/* Digits up to max; false when there is none. */
static bool number(struct rd *r, uint32_t max, uint32_t *out)
{
	uint32_t v = 0;
	bool any = false;
	while (ascii_is_digit(rd_peek(r)) && v <= max) {
		v = v * 10 + rd_u8(r) - '0';
		any = true;
	}
	*out = v;
	return any && v <= max;
}

static struct span digits_of(struct rd r)
{
	struct span s = rd_rest(&r);
	size_t n = 0;
	while (n < s.n && ascii_is_digit(s.p[n]))
		n++;
	return span_cut(s, n);
}

static struct span line_of(struct span s)
{
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

/* ---- data connections ---- */

/* h1,h2,h3,h4,p1,p2 (RFC 959 §4.1.2). */
static bool place_old(struct rd *r, struct place *out)
{
	uint32_t v[6];
	for (int i = 0; i < 6; i++) {
		if (i && rd_u8(r) != ',')
			return false;
		if (!number(r, 255, &v[i]))
			return false;
	}
	out->end = addr_v4(v[0] << 24 | v[1] << 16 | v[2] << 8 | v[3]);
	out->port = (uint16_t)(v[4] << 8 | v[5]);
	return out->port != 0;
}

/* |family|address|port| with any mark for | (RFC 2428 §2, §3); the first two may be empty. */
static bool place_new(struct rd *r, struct place *out)
{
	uint8_t mark = rd_u8(r);
	struct span family, address, port;
	if (!rd_until(r, mark, &family) || !rd_until(r, mark, &address) || !rd_until(r, mark, &port))
		return false;
	char text[ADDR_TEXT];
	snprintf(text, sizeof(text), "%.*s", (int)(address.n < ADDR_TEXT ? address.n : 0), (const char *)address.p);
	struct rd digits = rd_of(port);
	uint32_t v;
	if (!number(&digits, UINT16_MAX, &v) || rd_left(&digits) || v == 0)
		return false;
	out->end = (struct addr){ 0 };
	out->port = (uint16_t)v;
	return address.n == 0 || addr_parse(text, &out->end);
}

static void expect_data(const struct state *s, struct emit *e)
{
	for (size_t i = 0; i < ARRAY_LEN(s->places); i++)
		if (s->places[i].end.family)
			emit_expect(e, (struct expect){
				.end = s->places[i].end, .port = s->places[i].port, .over = OVER_TCP, .decoder = "ftp-data",
				.tag = text_span(&s->what),
			});
}

/* Behind address translation the place that is said is not the one that is used: expect both. */
static void place_set(struct state *s, struct place said, struct record *out, struct emit *e)
{
	bool anywhere = said.end.family == 4 && addr_to4(said.end) == 0;
	if (!said.end.family || anywhere)
		said.end = e->at->src;
	s->places[0] = said;
	s->places[1] = (struct place){ e->at->src, said.port };
	if (addr_eq(said.end, e->at->src))
		s->places[1].end = (struct addr){ 0 };
	text_set(&s->what, SPAN_LIT("?"));
	record_addr(out, ADDRESS, said.end);
	record_uint(out, PORT, said.port);
	expect_data(s, e);
}

/* ---- commands ---- */

enum use { USE_NONE, USE_PATH, USE_DOWN, USE_UP, USE_LIST };

static enum use use_of(const char *command)
{
	static const struct {
		const char *command;
		enum use use;
	} uses[] = {
		{ "RETR", USE_DOWN }, { "STOR", USE_UP }, { "STOU", USE_UP }, { "APPE", USE_UP }, { "LIST", USE_LIST },
		{ "NLST", USE_LIST }, { "MLSD", USE_LIST }, { "MLST", USE_PATH }, { "DELE", USE_PATH }, { "RNFR", USE_PATH },
		{ "RNTO", USE_PATH }, { "CWD", USE_PATH }, { "XCWD", USE_PATH }, { "MKD", USE_PATH }, { "XMKD", USE_PATH },
		{ "RMD", USE_PATH }, { "XRMD", USE_PATH }, { "SIZE", USE_PATH }, { "MDTM", USE_PATH },
	};
	for (size_t i = 0; i < ARRAY_LEN(uses); i++)
		if (strcmp(uses[i].command, command) == 0)
			return uses[i].use;
	return USE_NONE;
}

static void transfer(struct state *s, enum use use, struct span path, struct emit *e)
{
	text_set(&s->what, use == USE_DOWN ? SPAN_LIT("d") : use == USE_UP ? SPAN_LIT("u") : SPAN_LIT("l"));
	text_add(&s->what, path);
	expect_data(s, e);
}

static bool is_anyone(struct span user)
{
	return (user.n == 9 && span_has_alike(user, "ANONYMOUS")) || (user.n == 3 && span_has_alike(user, "FTP"));
}

/* `ls -la dir`: switches are no path. */
static struct span without_switches(struct span s)
{
	struct rd r = rd_of(s);
	while (rd_peek(&r) == '-') {
		struct span word;
		if (!rd_until(&r, ' ', &word))
			return (struct span){ 0 };
	}
	return rd_rest(&r);
}

static void command_told(struct state *s, struct span argument, struct record *out, struct emit *e)
{
	enum use use = use_of(s->command);
	struct place place;
	struct rd r = rd_of(argument);
	if (use != USE_NONE) {
		struct text path;
		path_of(&s->directory, use == USE_LIST ? without_switches(argument) : argument, &path);
		record_text(out, PATH, arena_copy(e->host->arena, text_span(&path)));
		if (use != USE_PATH)
			transfer(s, use, text_span(&path), e);
	} else if (strcmp(s->command, "USER") == 0) {
		s->anonymous = is_anyone(argument);
		record_text(out, USER, argument);
		s->user = record_get_token(out, USER);
		record_bool(out, ANONYMOUS, s->anonymous);
	} else if (strcmp(s->command, "PASS") == 0) {
		record_text(out, PASSWORD, argument);
		if (s->user.len)
			record_token(out, USER, s->user);
		record_bool(out, ANONYMOUS, s->anonymous);
	} else if (strcmp(s->command, "AUTH") == 0) {
		record_bool(out, TLS, true);
	} else if (strcmp(s->command, "PORT") == 0 && place_old(&r, &place)) {
		place_set(s, place, out, e);
	} else if (strcmp(s->command, "EPRT") == 0 && place_new(&r, &place)) {
		place_set(s, place, out, e);
	}
}

/* Three or four letters, then nothing or a blank. Telnet marks may stand before ABOR (RFC 959 §4.1.3). */
static bool command_word(struct rd *r, char out[COMMAND_MAX + 1])
{
	size_t n = 0;
	while (rd_peek(r) >= 0xf0)
		rd_skip(r, 1);
	while (rd_left(r) && rd_peek(r) != ' ') {
		uint8_t c = upper(rd_u8(r));
		if (c < 'A' || c > 'Z' || n == COMMAND_MAX)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	rd_skip(r, rd_left(r) ? 1 : 0);
	return n >= 3;
}

/* What evidence export may show of a command beside its name: where a client goes and what it asks for. Names of what
 * it sends may be a patient's: of those the shape. */
static void argument_shown(const char *word, struct span argument, struct emit *e)
{
	static const char *const plain[] = {
		"RETR", "CWD", "XCWD", "LIST", "NLST", "SIZE", "MDTM", "REST", "TYPE", "MODE", "STRU", "PORT", "EPRT", "EPSV", "ALLO",
	};
	static const char *const sent[] = { "STOR", "STOU", "APPE" };
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (strcmp(word, plain[i]) == 0)
			emit_shown(e, argument);
	for (size_t i = 0; i < ARRAY_LEN(sent); i++)
		for (size_t k = 0; strcmp(word, sent[i]) == 0 && k < argument.n; k++)
			if (argument.p[k] == '/')
				emit_shown(e, span_cut(span_from(argument, k), 1));
}

static bool command(struct state *s, struct span line, struct emit *e)
{
	char word[COMMAND_MAX + 1];
	struct rd r = rd_of(line);
	if (line.n == 0)
		return true;
	if (!command_word(&r, word))
		return false;
	struct span argument = rd_rest(&r);
	memcpy(s->command, word, sizeof(word));
	text_set(&s->argument, strcmp(word, "PASS") != 0 ? argument : (struct span){ 0 });
	struct record out UNSET;
	emit_begin(e, &out, &ftp_type);
	record_str(&out, MESSAGE, "command");
	record_str(&out, COMMAND, word);
	emit_shown(e, span_cut(line, line.n - argument.n));
	if (e->host->shown)
		argument_shown(word, argument, e);
	command_told(s, argument, &out, e);
	emit_record(e, &out);
	return true;
}

/* ---- replies ---- */

static void went_to(struct state *s, struct span text)
{
	if (strcmp(s->command, "CDUP") == 0 || span_is(text_span(&s->argument), "..")) {
		path_up(&s->directory);
	} else if (strcmp(s->command, "CWD") == 0 || strcmp(s->command, "XCWD") == 0) {
		struct text path;
		path_of(&s->directory, text_span(&s->argument), &path);
		s->directory = path;
	} else if (strcmp(s->command, "PWD") == 0 || strcmp(s->command, "XPWD") == 0) {
		struct rd r = rd_of(text);
		struct span before, path;
		if (rd_until(&r, '"', &before) && rd_until(&r, '"', &path))
			text_set(&s->directory, path);
	}
}

/* RFC 959 §5.4: 230 lets in, also without a password; 530 refuses, as 430 does with many servers. */
static void judged(const struct state *s, uint32_t code, struct record *out)
{
	if (strcmp(s->command, "USER") != 0 && strcmp(s->command, "PASS") != 0)
		return;
	if (code == LET_IN || code == REFUSED || code == REFUSED_OTHER)
		record_bool(out, ACCEPTED, code == LET_IN);
	if (record_has(out, ACCEPTED) && s->user.len)
		record_token(out, USER, s->user);
}

static void reply_told(struct state *s, uint32_t code, struct span text, struct record *out, struct emit *e)
{
	struct place place;
	struct span before;
	struct rd r = rd_of(text);
	switch (code) {
	case READY:
		if (!s->greeted)
			record_text(out, BANNER, text);
		s->greeted = true;
		break;
	case SYSTEM:
		record_text(out, SERVER_SYSTEM, text);
		break;
	case TLS_GO:
	case TLS_OLD:
		s->opaque = strcmp(s->command, "AUTH") == 0;
		record_bool(out, TLS, s->opaque);
		break;
	case 227:
		while (rd_left(&r) && !ascii_is_digit(rd_peek(&r)))
			rd_skip(&r, 1);
		if (place_old(&r, &place))
			place_set(s, place, out, e);
		break;
	case 229:
		if (rd_until(&r, '(', &before) && place_new(&r, &place))
			place_set(s, place, out, e);
		break;
	case 250:
	case 257:
		went_to(s, text);
		break;
	default:
		break;
	}
}

static bool reply(struct state *s, struct span line, struct emit *e)
{
	struct rd r = rd_of(line);
	uint32_t code;
	bool numbered = number(&r, 999, &code) && line.n >= 3 && code >= 100 && rd_left(&r) == line.n - 3;
	if (s->multi) {
		if (numbered && code == s->multi && rd_peek(&r) != '-')
			s->multi = 0;
		return true;
	}
	if (!numbered)
		return line.n == 0;
	if (rd_peek(&r) == '-')
		s->multi = (uint16_t)code;
	rd_skip(&r, rd_left(&r) && (rd_peek(&r) == ' ' || rd_peek(&r) == '-') ? 1 : 0);
	struct record out UNSET;
	emit_begin(e, &out, &ftp_type);
	record_str(&out, MESSAGE, "reply");
	if (s->greeted)
		record_str(&out, COMMAND, s->command);
	record_uint(&out, CODE, code);
	emit_shown(e, span_cut(line, line.n - rd_left(&r)));
	if (code == FILE_STATUS)                 /* a size or a time: digits alone */
		emit_shown(e, digits_of(r));
	judged(s, code, &out);
	reply_told(s, code, rd_rest(&r), &out, e);
	emit_record(e, &out);
	return true;
}

/* ---- lines ---- */

static bool is_tls(struct span s)
{
	return span_starts(s, SPAN_LIT("\x16\x03")) || span_starts(s, SPAN_LIT("\x80"));
}

/* RFC 4217 §4.2: behind the answer to AUTH everything is TLS, and read as that is. */
static bool is_inner(const struct state *s, const struct message *m)
{
	return s->opaque && decoder_tls.state_size <= sizeof(s->tls) && (s->encrypted[m->to_server] || is_tls(m->bytes));
}

static struct frame frame(const struct message *m, void *state)
{
	struct state *s = state;
	if (is_inner(s, m))
		return decoder_tls.frame(m, s->tls);
	if (s->opaque && m->bytes.n < 2)
		return FRAME_WAIT(m);
	if (s->opaque || is_tls(m->bytes))
		return (struct frame){ 1, BODY_OPEN };
	struct rd r = rd_of(m->bytes);
	struct span line;
	rd_skip(&r, m->seen < m->bytes.n ? m->seen : m->bytes.n);
	if (rd_until(&r, '\n', &line))
		return FRAME_WHOLE(m->bytes.n - rd_left(&r));
	return m->bytes.n >= LINE_MAX_BYTES ? FRAME_WHOLE(m->bytes.n) : FRAME_WAIT(m);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct state *s = state;
	if (is_inner(s, m)) {
		s->encrypted[m->to_server] = true;
		return decoder_tls.decode(m, s->tls, e);
	}
	if (m->rest || s->opaque) {
		s->opaque = true;
		return true;
	}
	bool goes_on = s->long_line[m->to_server];
	s->long_line[m->to_server] = m->bytes.n && m->bytes.p[m->bytes.n - 1] != '\n' && !m->cut;
	if (goes_on)
		return true;
	struct span line = span_cut(line_of(m->bytes), LINE_MAX_BYTES);
	return m->to_server ? command(s, line, e) : reply(s, line, e);
}

/* ---- whose bytes are these ---- */

/* Greeting of a server: mail servers greet with 220 too. All its lines count. */
static struct bid bid_greeting(struct span s, bool closing)
{
	if (span_has_alike(s, "SMTP"))
		return (struct bid){ BID_NO };
	if (span_has_alike(s, "FTP"))
		return (struct bid){ BID_SURE, SIDE_SERVER };
	struct rd r = rd_of(s);
	struct span line;
	while (rd_until(&r, '\n', &line))
		if (span_starts(line, SPAN_LIT("220 ")))
			return (struct bid){ BID_MAYBE, SIDE_SERVER };
	return (struct bid){ closing || s.n > LINE_MAX_BYTES ? BID_MAYBE : BID_WAIT, SIDE_SERVER };
}

/* Replies that only FTP has, for conversations whose start was missed. */
static bool is_own_reply(struct span line)
{
	static const struct {
		const char *code, *word;
	} own[] = {
		{ "227 ", "PASSIVE" }, { "229 ", "PASSIVE" }, { "226 ", "TRANSFER" }, { "150 ", "DATA CONNECTION" },
		{ "234 ", "TLS" },
	};
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (span_starts(line, span_str(own[i].code)) && span_has_alike(line, own[i].word))
			return true;
	return false;
}

/* RFC 959 §4.2, any: a server that is full or broken does not say 220, and the start may have been missed. */
static bool is_reply(struct span line)
{
	struct rd r = rd_of(line);
	uint8_t first = rd_u8(&r), second = rd_u8(&r), third = rd_u8(&r), space = rd_u8(&r);
	return first >= '1' && first <= '5' && second >= '0' && second <= '5' && third >= '0' && third <= '9' &&
	       (space == ' ' || space == '-');
}

static struct bid bid_command(struct span line)
{
	char word[COMMAND_MAX + 1];
	struct rd r = rd_of(line);
	if (!command_word(&r, word))
		return (struct bid){ BID_NO };
	struct span argument = rd_rest(&r);
	struct rd a = rd_of(argument);
	struct place place;
	bool sure = (strcmp(word, "USER") == 0 && is_anyone(argument)) ||
		    (strcmp(word, "AUTH") == 0 && (span_is(argument, "TLS") || span_is(argument, "SSL"))) ||
		    (strcmp(word, "PORT") == 0 && place_old(&a, &place)) || (strcmp(word, "EPRT") == 0 && place_new(&a, &place)) ||
		    ((strcmp(word, "PASV") == 0 || strcmp(word, "EPSV") == 0) && argument.n == 0) ||
		    (strcmp(word, "TYPE") == 0 && (span_is(argument, "A") || span_is(argument, "I")));
	if (sure)
		return (struct bid){ BID_LIKELY, SIDE_CLIENT };
	bool may = use_of(word) != USE_NONE || strcmp(word, "USER") == 0;
	return (struct bid){ may ? BID_MAYBE : BID_NO, SIDE_CLIENT };
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes);
	struct span line;
	if (span_starts(m->bytes, SPAN_LIT("220 ")) || span_starts(m->bytes, SPAN_LIT("220-")))
		return bid_greeting(m->bytes, m->closing);
	if (!rd_until(&r, '\n', &line))
		return (struct bid){ BID_NO };
	line = line_of(line);
	if (is_own_reply(line))
		return (struct bid){ BID_LIKELY, SIDE_SERVER };
	if (is_reply(line))
		return (struct bid){ BID_MAYBE, SIDE_SERVER };
	return bid_command(line);
}

static const struct record_type *const types[] = { &ftp_type, NULL };

const struct decoder decoder_ftp = {
	.name = "ftp", .doc = "FTP control connection (RFC 959)", .over = OVER_TCP, .ports = { 21, 2121 },
	.state_size = sizeof(struct state), .bid = bid, .frame = frame, .decode = decode, .types = types,
};
