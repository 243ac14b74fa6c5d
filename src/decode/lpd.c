/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line printer daemon protocol (RFC 1179). The client sends a command line, the server answers one
 * octet, zero for yes; after "receive a printer job" come subcommands, each file behind its line:
 *
 *   01 LF abort     02 count SP name LF control file     03 count SP name LF data file
 *   then count bytes and one zero octet
 *
 * What comes next depends on what came before, so the conversation's state says what is expected. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	LPD_PORT = 515, QUEUE_MAX = 128, LINE_MAX_BYTES = 1024, CONTROL_MAX = 16 * 1024, COUNT_DIGITS = 15,
	NAME_MAX_BYTES = 131 /* RFC 1179 §7.2 */,
	CMD_PRINT = 1, CMD_RECEIVE, CMD_STATE, CMD_STATE_LONG, CMD_REMOVE, SUB_ABORT = 1, SUB_CONTROL, SUB_DATA,
};

enum { COMMAND, QUEUE, FILE_NAME, SIZE, HOST, USER, JOB_NOTE, COPIES, REPLY, FIELDS };

static const struct field fields[FIELDS] = {
	[COMMAND] = { "command", F_TEXT, "what the client asks: receive job, control file, data file, abort, print waiting, "
		"queue state, queue state long, remove jobs; control for a control file's content; reply for a refusal" },
	[QUEUE] = { "queue", F_TEXT, "printer queue" },
	[FILE_NAME] = { "file_name", F_TEXT, "name of the control or data file, as cfA001host" },
	[SIZE] = { "size", F_UINT, "announced size of the file", .unit = "bytes" },
	[HOST] = { "host", F_TEXT, "host that prints (H)", .clue = CLUE_NAME },
	[USER] = { "user", F_TEXT, "login name of who prints (P, L, M), or whose jobs are meant", .privacy = SECRET },
	[JOB_NOTE] = { "note", F_TEXT, "job, title or document name (J, T, N): may name a patient", .privacy = PATIENT },
	[COPIES] = { "prints", F_UINT, "files that the control file tells to print" },
	[REPLY] = { "reply", F_UINT, "the server's answer when it refuses, not zero" },
};
static RECORD_TYPE(lpd_type, "lpd", "Printing by the line printer daemon protocol", fields);

enum expecting { A_COMMAND = 0, A_SUBCOMMAND, CONTROL_BYTES, DATA_BYTES, FILE_END };

struct state {
	uint8_t next;                            /* enum expecting, from the client */
	bool listing;                            /* the server answers with text until it closes */
	uint8_t name_n, name[NAME_MAX_BYTES];    /* of the file whose bytes come next */
	uint64_t count;                          /* its size; 0: until the close */
};

static bool is_graph(uint8_t c)
{
	return c > ' ' && c != 0x7F;
}

/* RFC 1179 §5: operands are separated by white space; a queue name holds none. */
static bool is_name(struct span s, size_t max)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_graph(s.p[i]))
			return false;
	return s.n > 0 && s.n <= max;
}

/* The next operand of a command line. */
static struct span word(struct rd *r)
{
	while (rd_left(r) && (rd_peek(r) == ' ' || rd_peek(r) == '\t'))
		rd_skip(r, 1);
	struct rd ahead = *r;
	size_t n = 0;
	while (rd_left(&ahead) && is_graph(rd_peek(&ahead))) {
		rd_skip(&ahead, 1);
		n++;
	}
	return rd_span(r, n);
}

struct line {
	uint8_t code;
	struct span first, rest;                 /* first operand; what follows it */
	size_t size;                             /* with its LF; 0: not all there */
};

/* RFC 1179 §5, §6: the first operand follows the code at once; only an abort has none. */
static bool text_fits(struct span s, size_t max)
{
	if (s.n > max || (s.n && !is_graph(s.p[0])))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_graph(s.p[i]) && s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r')
			return false;
	return true;
}

/* False: no command line starts here. */
static bool line_read(struct span s, size_t max, struct line *out)
{
	struct rd r = rd_of(s);
	struct span text;
	*out = (struct line){ .code = rd_u8(&r) };
	if (out->code < CMD_PRINT || out->code > CMD_REMOVE)
		return false;
	if (!rd_until(&r, '\n', &text))
		return text_fits(rd_rest(&r), max);
	if (!text_fits(text, max))
		return false;
	out->size = s.n - rd_left(&r);
	struct rd t = rd_of(text);
	out->first = word(&t);
	out->rest = rd_rest(&t);
	return true;
}

/* RFC 1179 §6.2, §6.3: cfA or dfA, a number, the host. Only such a name is shown. */
static bool file_read(const struct line *l, uint64_t *count, struct span *name)
{
	struct rd r = rd_of(l->rest);
	*name = word(&r);
	return (l->code == SUB_CONTROL || l->code == SUB_DATA) && span_decimal(l->first, COUNT_DIGITS, count) &&
	       is_name(*name, NAME_MAX_BYTES) && name->n > 2 && name->p[1] == 'f' &&
	       (name->p[0] == 'c' || name->p[0] == 'd');
}

/* A daemon command is a few bytes of text: never sure by itself. With the subcommand behind it, it is. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	struct line l, sub;
	if (m->bytes.n == 0 || !line_read(m->bytes, QUEUE_MAX, &l))
		return (struct bid){ BID_NO };
	bool usual = at->sport == LPD_PORT || at->dport == LPD_PORT;
	if (l.size == 0)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_CLIENT };
	if (!is_name(l.first, QUEUE_MAX))
		return (struct bid){ BID_NO };
	struct span behind = span_from(m->bytes, l.size);
	if (l.code <= CMD_RECEIVE && l.rest.n > 1)
		return (struct bid){ BID_NO };   /* one operand only; a stray CR or blank is forgiven */
	uint64_t count;
	struct span name;
	if (l.code == CMD_RECEIVE && behind.n) {
		if (!line_read(behind, LINE_MAX_BYTES, &sub))
			return (struct bid){ BID_NO };
		if (sub.size && file_read(&sub, &count, &name))
			return (struct bid){ BID_SURE, SIDE_CLIENT };
	}
	if (l.code != CMD_RECEIVE && behind.n)
		return (struct bid){ BID_NO };   /* these commands are all that the client says */
	if (usual || m->closing)
		return (struct bid){ BID_MAYBE, SIDE_CLIENT };
	return (struct bid){ BID_WAIT, SIDE_CLIENT };
}

static struct frame line_frame(const struct message *m)
{
	struct line l;
	if (!line_read(m->bytes, LINE_MAX_BYTES, &l))
		return FRAME_NONE;
	if (l.size)
		return FRAME_WHOLE(l.size);
	return m->closing ? FRAME_NONE : FRAME_WAIT(m);
}

static struct frame frame(const struct message *m, void *state)
{
	const struct state *st = state;
	if (!m->to_server)
		return st->listing ? (struct frame){ 1, BODY_OPEN } : FRAME_WHOLE(1);
	size_t see;
	switch ((enum expecting)st->next) {
	case CONTROL_BYTES:
		see = st->count < CONTROL_MAX ? (size_t)st->count : CONTROL_MAX;
		if (m->closing && see > m->bytes.n)
			see = m->bytes.n;
		return (struct frame){ see, st->count };
	case DATA_BYTES:
		return (struct frame){ 1, st->count ? st->count : BODY_OPEN };
	case FILE_END:
		return m->bytes.p[0] == 0 ? FRAME_WHOLE(1) : line_frame(m);
	case A_COMMAND:
	case A_SUBCOMMAND:
	default:
		return line_frame(m);
	}
}

/* What evidence export may show of a statement: which it is, and the name that the protocol gives to a file. */
static void line_shown(struct emit *e, struct span line, struct span said)
{
	bool letter = line.n && ((line.p[0] >= 'A' && line.p[0] <= 'Z') || (line.p[0] >= 'a' && line.p[0] <= 'z'));
	if (letter)
		emit_shown(e, span_cut(line, 1));
	bool file = span_starts(said, SPAN_LIT("dfA")) || span_starts(said, SPAN_LIT("cfA"));
	if (letter && file && is_name(said, NAME_MAX_BYTES))
		emit_shown(e, said);
}

/* RFC 1179 §7: one line a statement, its first letter says what it is. */
static void control_read(struct span text, struct record *out, struct emit *e)
{
	struct rd r = rd_of(text);
	uint64_t prints = 0;
	while (rd_left(&r)) {
		struct span line = rd_piece(&r, '\n');
		struct rd t = rd_of(line);
		uint8_t c = rd_u8(&t);
		struct span said = rd_rest(&t);
		line_shown(e, line, said);
		if (c == 'H' && is_name(said, NAME_MAX_BYTES))
			record_text(out, HOST, said);
		else if (c == 'P' || c == 'L' || c == 'M')
			record_text(out, USER, said);
		else if (c == 'J' || c == 'T' || c == 'N')
			record_text(out, JOB_NOTE, said);
		prints += c >= 'a' && c <= 'z';  /* §7.17 to 7.27: print a file, in this format */
	}
	record_uint(out, COPIES, prints);
}

/* A file's bytes: the control file is read, the data file goes on as a body. */
static void content_read(const struct message *m, struct state *st, struct emit *e)
{
	if (st->next == CONTROL_BYTES) {
		struct record out UNSET;
		emit_begin(e, &out, &lpd_type);
		record_str(&out, COMMAND, "control");
		control_read(m->bytes, &out, e);
		emit_record(e, &out);
	} else {
		struct span name = span_of(st->name, st->name_n);
		emit_body(e, (struct body){
			.via = "lpd", .path = name, .key = name, .data = m->bytes, .length = st->count ? st->count : BODY_OPEN,
			.size = st->count, .last = true, .to_server = true,
		});
	}
	st->next = FILE_END;
}

static bool file_begin(const struct line *l, struct state *st, struct emit *e)
{
	uint64_t count;
	struct span name;
	if (!file_read(l, &count, &name))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &lpd_type);
	record_str(&out, COMMAND, l->code == SUB_CONTROL ? "control file" : "data file");
	record_text(&out, FILE_NAME, name);
	record_uint(&out, SIZE, count);
	emit_shown(e, l->first);
	emit_record(e, &out);
	st->count = count;
	st->name_n = (uint8_t)name.n;
	for (size_t i = 0; i < name.n; i++)
		st->name[i] = name.p[i];
	/* A data file of size zero is printed as it comes, until the close; a control file is just empty. */
	st->next = l->code == SUB_DATA ? DATA_BYTES : count ? CONTROL_BYTES : FILE_END;
	return true;
}

static bool command_read(const struct line *l, struct state *st, struct emit *e)
{
	static const char *const names[] = {
		[CMD_PRINT] = "print waiting", [CMD_RECEIVE] = "receive job", [CMD_STATE] = "queue state",
		[CMD_STATE_LONG] = "queue state long", [CMD_REMOVE] = "remove jobs",
	};
	if (!is_name(l->first, QUEUE_MAX))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &lpd_type);
	record_str(&out, COMMAND, names[l->code]);
	record_text(&out, QUEUE, l->first);
	struct rd r = rd_of(l->rest);
	for (struct span s = word(&r); s.n; s = word(&r))
		record_text(&out, USER, s);      /* agent, users, job numbers: all of them tokens */
	emit_record(e, &out);
	st->next = l->code == CMD_RECEIVE ? A_SUBCOMMAND : A_COMMAND;
	st->listing = l->code >= CMD_STATE;
	return true;
}

static bool server_said(const struct message *m, struct state *st, struct emit *e)
{
	struct rd r = rd_of(m->bytes);
	uint8_t reply = rd_u8(&r);
	if (!st->listing)
		emit_shown(e, span_cut(m->bytes, 1));
	if (st->listing || reply == 0)
		return rd_ok(&r);
	/* Refused before its first byte came: the file does not follow its line. */
	if (st->next == CONTROL_BYTES || st->next == DATA_BYTES)
		st->next = A_SUBCOMMAND;
	struct record out UNSET;
	emit_begin(e, &out, &lpd_type);
	record_str(&out, COMMAND, "reply");
	record_uint(&out, REPLY, reply);
	emit_record(e, &out);
	return true;
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct state *st = state;
	if (!m->to_server)
		return server_said(m, st, e);
	if (st->next == CONTROL_BYTES || st->next == DATA_BYTES) {
		content_read(m, st, e);
		return true;
	}
	struct line l;
	if (st->next == FILE_END) {
		st->next = A_SUBCOMMAND;
		if (m->bytes.n && m->bytes.p[0] == 0)
			return true;
	}
	if (!line_read(m->bytes, LINE_MAX_BYTES, &l) || l.size == 0)
		return false;
	emit_shown(e, span_cut(m->bytes, 1));    /* the command's code */
	if (st->next == A_COMMAND)
		return command_read(&l, st, e);
	if (l.code == SUB_ABORT && !l.first.n) {
		struct record out UNSET;
		emit_begin(e, &out, &lpd_type);
		record_str(&out, COMMAND, "abort");
		emit_record(e, &out);
		return true;
	}
	/* Behind a job some clients start the next one without a new conversation. */
	return file_begin(&l, st, e) || command_read(&l, st, e);
}

static const struct record_type *const types[] = { &lpd_type, NULL };

const struct decoder decoder_lpd = {
	.name = "lpd", .doc = "line printer daemon protocol (RFC 1179)",
	.over = OVER_TCP, .ports = { LPD_PORT }, .server_is = "printer", .state_size = sizeof(struct state),
	.bid = bid, .frame = frame, .decode = decode, .types = types,
};
