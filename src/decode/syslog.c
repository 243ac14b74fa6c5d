/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Syslog as it is (RFC 3164) and as it should be (RFC 5424), in datagrams or over TCP (RFC 6587, counted or by
 * lines): which machine's which program says something, and how grave. The message itself may hold anything and
 * stays here; so does the program's process number. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/machine_name.h"

enum {
	PORT_SYSLOG = 514, PRIORITY_MAX = 191, PRIORITY_DIGITS = 3, APP_MAX = 48, HOST_MAX = 255, LINE_MAX_BYTES = 8192,
	COUNT_DIGITS = 5, STAMP_BYTES = 15, SEEN_HEAD = 512,
};

enum { FORMAT, FACILITY, SEVERITY, HOST_NAME, HOST, APP, MESSAGE_ID, BYTES, FIELDS };

static const struct field fields[FIELDS] = {
	[FORMAT] = { "format", F_TEXT, "3164, 5424, or bare (no time, no host)" },
	[FACILITY] = { "facility", F_TEXT, "kern, user, daemon, auth, local0 …" },
	[SEVERITY] = { "severity", F_TEXT, "emergency, alert, critical, error, warning, notice, info, debug" },
	[HOST_NAME] = { "host_name", F_TEXT, "the machine that says it, as long as the sender names one alone",
			.clue = CLUE_NAME },
	[HOST] = { "host", F_TEXT, "the machine that says it, when the sender passes on what others say" },
	[APP] = { "app", F_TEXT, "program that says it" },
	[MESSAGE_ID] = { "message_id", F_TEXT, "kind of message, as the program names it (RFC 5424)" },
	[BYTES] = { "bytes", F_UINT, "size of the message, which is not kept", "byte" },
};
static RECORD_TYPE(syslog_type, "syslog", "A log message on its way", fields);

struct state {
	uint32_t host;                           /* hash of the first that was named; 0: none */
	bool relays;
};

static const char *facility_name(unsigned n)
{
	static const char *const names[] = {
		"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
		"audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
	};
	return n < ARRAY_LEN(names) ? names[n] : NULL;
}

static const char *severity_name(unsigned n)
{
	static const char *const names[] = {
		"emergency", "alert", "critical", "error", "warning", "notice", "info", "debug",
	};
	return names[n & 7];
}

/* "<34>", no leading zeros but of 0 itself. */
static bool priority(struct rd *r, unsigned *out)
{
	unsigned v = 0, n = 0;
	if (rd_u8(r) != '<')
		return false;
	uint8_t first = rd_peek(r);
	for (; ascii_is_digit(rd_peek(r)) && n < PRIORITY_DIGITS; n++)
		v = v * 10 + rd_u8(r) - '0';
	*out = v;
	return rd_u8(r) == '>' && rd_ok(r) && n && v <= PRIORITY_MAX && (first != '0' || n == 1);
}

/* "Oct 11 22:14:15", the day with a blank or a zero. */
static bool is_stamp(struct rd r)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct span s = rd_span(&r, STAMP_BYTES);
	if (s.n < STAMP_BYTES)
		return false;
	bool month = false;
	for (size_t i = 0; i + 3 < sizeof(months); i += 3)
		month |= memcmp(s.p, months + i, 3) == 0;
	return month && s.p[3] == ' ' && (s.p[4] == ' ' || ascii_is_digit(s.p[4])) && ascii_is_digit(s.p[5]) &&
		s.p[6] == ' ' && ascii_is_digit(s.p[7]) && s.p[9] == ':' && s.p[12] == ':' && ascii_is_digit(s.p[14]);
}

/* "1 2003-10-11T22:14:15.003Z " or "1 - ". */
static bool is_new_format(struct rd r)
{
	struct span when;
	if (rd_u8(&r) != '1' || rd_u8(&r) != ' ' || !rd_until(&r, ' ', &when))
		return false;
	bool time = when.n >= 19 && when.n <= 40 && ascii_is_digit(when.p[0]) && when.p[4] == '-' && when.p[10] == 'T';
	return time || span_is(when, "-");
}

/* Octet counting: "123 <34>1 …". */
static bool counted(struct rd *r, size_t *length)
{
	*length = 0;
	for (int i = 0; ascii_is_digit(rd_peek(r)) && i < COUNT_DIGITS; i++)
		*length = *length * 10 + rd_u8(r) - '0';
	return *length && rd_u8(r) == ' ' && rd_peek(r) == '<';
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	struct rd r = rd_of(m->bytes), head = r;
	size_t length;
	unsigned value;
	if (m->over == OVER_TCP && counted(&head, &length))
		r = head;
	if (!priority(&r, &value)) {
		bool wait = m->over == OVER_TCP && !m->closing && m->bytes.n < 5 && (!m->bytes.n || rd_peek(&head) == '<');
		return (struct bid){ wait ? BID_WAIT : BID_NO, SIDE_CLIENT };
	}
	if (is_stamp(r) || is_new_format(r))
		return (struct bid){ BID_SURE, SIDE_CLIENT };
	if (m->over == OVER_TCP && !m->closing && rd_left(&r) < STAMP_BYTES)
		return (struct bid){ BID_WAIT, SIDE_CLIENT };
	return (struct bid){ BID_MAYBE, SIDE_CLIENT };
}

static struct frame frame(const struct message *m, void *memory)
{
	(void)memory;
	struct rd r = rd_of(m->bytes), head = r;
	size_t length;
	struct span line;
	if (!m->to_server)
		return (struct frame){ 1, BODY_OPEN };
	if (ascii_is_digit(rd_peek(&r))) {
		bool has = counted(&head, &length);
		if (!has)
			return rd_left(&head) ? FRAME_NONE : FRAME_WAIT(m);
		size_t start = m->bytes.n - rd_left(&head), seen = length < SEEN_HEAD ? length : SEEN_HEAD;
		return (struct frame){ start + seen, start + (uint64_t)length };
	}
	rd_skip(&r, m->seen < m->bytes.n ? m->seen : m->bytes.n);
	if (rd_until(&r, '\n', &line))
		return FRAME_WHOLE(m->bytes.n - rd_left(&r));
	return m->bytes.n >= LINE_MAX_BYTES ? FRAME_WHOLE(m->bytes.n) : FRAME_WAIT(m);
}

/* FNV-1a: only to tell whether one sender names several machines. */
static uint32_t hash_of(struct span s)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 16777619u;
	return h ? h : 1;
}

static void host(struct state *s, struct span name, struct record *out)
{
	if (!is_machine_name(name) || span_is(name, "-") || name.n > HOST_MAX)
		return;
	uint32_t h = hash_of(name);
	s->relays |= s->host && s->host != h;
	s->host = s->host ? s->host : h;
	record_text(out, s->relays ? HOST : HOST_NAME, name);
}

static void app(struct span name, struct record *out)
{
	if (is_machine_name(name) && name.n <= APP_MAX && !span_is(name, "-"))
		record_text(out, APP, name);
}

/* "su[230]: text" or "su: text" (RFC 3164 §4.1.3). Without the colon it is no tag but the message. */
static void tag(struct rd r, struct record *out)
{
	struct rd start = r;
	size_t n = 0;
	while (rd_left(&r) && n <= APP_MAX && !strchr(":[ ", rd_peek(&r)) && rd_peek(&r)) {
		rd_skip(&r, 1);
		n++;
	}
	if (rd_peek(&r) == ':' || rd_peek(&r) == '[')
		app(rd_span(&start, n), out);
}

static void new_format(struct state *s, struct rd r, struct record *out)
{
	rd_skip(&r, 2);
	(void)rd_piece(&r, ' ');                          /* time */
	host(s, rd_piece(&r, ' '), out);
	app(rd_piece(&r, ' '), out);
	(void)rd_piece(&r, ' ');                          /* process */
	struct span id = rd_piece(&r, ' ');
	if (is_machine_name(id) && id.n <= APP_MAX && !span_is(id, "-"))
		record_text(out, MESSAGE_ID, id);
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *s = memory;
	struct rd r = rd_of(m->bytes), head = r;
	size_t length;
	unsigned value;
	if (m->over == OVER_TCP && (m->rest == BODY_OPEN || !m->to_server))
		return true;
	if (ascii_is_digit(rd_peek(&r)) && counted(&head, &length))
		r = head;
	if (!priority(&r, &value))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &syslog_type);
	record_str(&out, FACILITY, facility_name(value / 8));
	record_str(&out, SEVERITY, severity_name(value));
	record_uint(&out, BYTES, m->bytes.n + m->rest + m->lost);
	if (is_new_format(r)) {
		record_str(&out, FORMAT, "5424");
		new_format(s, r, &out);
	} else if (is_stamp(r)) {
		record_str(&out, FORMAT, "3164");
		rd_skip(&r, STAMP_BYTES + 1);
		host(s, rd_piece(&r, ' '), &out);
		tag(r, &out);
	} else {
		record_str(&out, FORMAT, "bare");
		tag(r, &out);
	}
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &syslog_type, NULL };

const struct decoder decoder_syslog = {
	.name = "syslog", .doc = "Syslog (RFC 3164, RFC 5424, RFC 6587)", .over = OVER_UDP | OVER_TCP,
	.ports = { PORT_SYSLOG, 601, 1514 },
	.state_size = sizeof(struct state), .bid = bid, .frame = frame, .decode = decode, .types = types,
};
