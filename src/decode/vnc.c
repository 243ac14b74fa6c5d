/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remote framebuffer, the protocol of VNC (RFC 6143 §7.1 to §7.3): versions, how the viewer proves itself, whether
 * it is let in, and to what. Screens and keys behind that pass unread. */
#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/machine_name.h"

enum {
	VERSION_BYTES = 12, TYPES_TOLD = 16, TYPE_NONE = 1, TYPE_VNC = 2, CHALLENGE = 16, INIT_BYTES = 24, NAME_MAX_TEXT = 256,
	PORT_FIRST = 5900, MINOR_CHOICE = 7, MINOR_RESULT = 8, MINOR_REAL_MAX = 8, REASON_MAX = 4096,
};

enum { EVENT, VERSION, OFFERED, SECURITY, OPEN, ACCEPTED, WIDTH, HEIGHT, DESKTOP, DESKTOP_SECRET, FIELDS };

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "version, security (what the server asks), choice, result, desktop" },
	[VERSION] = { "version", F_TEXT, "version that this end names: 003.008" },
	[OFFERED] = { "offered", F_TEXTS, "ways to prove itself that the server takes" },
	[SECURITY] = { "security", F_TEXT, "the way that is used: none, vnc (a password of eight letters), or another" },
	[OPEN] = { "no_password", F_BOOL, "anybody is let in" },
	[ACCEPTED] = { "accepted", F_BOOL, "the viewer is let in" },
	[WIDTH] = { "width", F_UINT, "of the screen", "pixel" },
	[HEIGHT] = { "height", F_UINT, "of the screen", "pixel" },
	[DESKTOP] = { "desktop", F_TEXT, "name of the desktop, when it reads as a machine's", .clue = CLUE_NAME },
	[DESKTOP_SECRET] = { "desktop_token", F_TEXT, "name of the desktop, when it may hold a person's", .privacy = SECRET },
};
static RECORD_TYPE(vnc_type, "vnc", "A step of a remote screen's opening", fields);

/* What an end sends next. */
enum stage { HIS_VERSION, HIS_SECURITY, HIS_CHALLENGE, HIS_PROOF, HIS_RESULT, HIS_INIT, NOTHING_MORE };

struct state {
	uint8_t stage[2];                        /* enum stage; [1]: of the viewer */
	uint8_t minor, type;
	bool chosen;
};

/* "RFB 003.008\n" */
static bool version_fits(struct span s)
{
	static const char shape[VERSION_BYTES + 1] = "RFB 000.000\n";
	for (size_t i = 0; i < s.n && i < VERSION_BYTES; i++)
		if (shape[i] == '0' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != (uint8_t)shape[i])
			return false;
	return true;
}

static bool is_usual(uint16_t port)
{
	return port >= PORT_FIRST && port < PORT_FIRST + 100;
}

/* Both ends send the same; the server does so first (§7.1.1). */
static struct bid bid(const struct message *m, const struct origin *at)
{
	if (!version_fits(m->bytes))
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	if (m->bytes.n < VERSION_BYTES)
		return (struct bid){ m->closing ? BID_NO : BID_WAIT, SIDE_UNKNOWN };
	return (struct bid){ BID_SURE, is_usual(at->dport) && !is_usual(at->sport) ? SIDE_CLIENT : SIDE_SERVER };
}

static const char *type_name(uint8_t type, struct arena *a)
{
	switch (type) {
	case TYPE_NONE: return "none";
	case TYPE_VNC: return "vnc";
	case 5:
	case 6: return "ra2";
	case 16: return "tight";
	case 18: return "tls";
	case 19: return "vencrypt";
	case 20: return "sasl";
	case 30: return "apple";
	default: return arena_printf(a, "%u", type);
	}
}

/* How long what an end sends at this stage is; 0: more bytes are needed to know; SIZE_MAX: nothing that is read. */
static size_t length_of(const struct state *s, bool viewer, struct rd r)
{
	switch ((enum stage)s->stage[viewer]) {
	case HIS_VERSION: return VERSION_BYTES;
	case HIS_SECURITY:
		if (viewer)
			return s->minor >= MINOR_CHOICE ? 1 : SIZE_MAX;
		if (s->minor < MINOR_CHOICE)
			return 4;
		return rd_left(&r) ? 1 + (size_t)rd_peek(&r) : 0;
	case HIS_CHALLENGE: return CHALLENGE;
	case HIS_PROOF: return CHALLENGE;
	case HIS_RESULT: return 4;
	case HIS_INIT:
		if (viewer)
			return 1;
		rd_skip(&r, INIT_BYTES - 4);
		size_t name = rd_be32(&r);
		return !rd_ok(&r) ? 0 : name > NAME_MAX_TEXT ? SIZE_MAX : INIT_BYTES + name;
	case NOTHING_MORE: break;
	}
	return SIZE_MAX;
}

static struct frame frame(const struct message *m, void *memory)
{
	const struct state *s = memory;
	bool viewer = m->to_server;
	if (s->stage[viewer] == HIS_VERSION && !version_fits(m->bytes))
		return FRAME_NONE;
	size_t n = length_of(s, viewer, rd_of(m->bytes));
	if (n == SIZE_MAX)
		return (struct frame){ 1, BODY_OPEN };
	return n && n <= m->bytes.n ? FRAME_WHOLE(n) : FRAME_WAIT(m);
}

/* The server's next step is known once the way is. */
static void type_set(struct state *s, uint8_t type)
{
	s->type = type;
	s->chosen = true;
	if (type == TYPE_VNC) {
		s->stage[0] = HIS_CHALLENGE;
		s->stage[1] = HIS_PROOF;
	} else if (type == TYPE_NONE) {
		s->stage[0] = s->minor >= MINOR_RESULT ? HIS_RESULT : HIS_INIT;
		s->stage[1] = HIS_INIT;
	} else {
		s->stage[0] = s->stage[1] = NOTHING_MORE;
	}
}

static void version(struct state *s, bool viewer, struct rd r, struct record *out)
{
	struct span text = rd_span(&r, VERSION_BYTES - 1);
	struct rd digits = rd_of(span_from(text, 8));
	unsigned minor = 0;
	while (rd_left(&digits))
		minor = minor * 10 + rd_u8(&digits) - '0';
	/* §7.1.1: unknown versions count as 3.3; Apple's 3.889 and RealVNC's 4 and 5 behave as 3.8. */
	bool old = span_starts(span_from(text, 4), SPAN_LIT("003")) && minor < MINOR_CHOICE;
	s->minor = old ? 3 : (uint8_t)(minor < MINOR_REAL_MAX ? minor : MINOR_REAL_MAX);
	if (!old && s->minor < MINOR_CHOICE)
		s->minor = MINOR_REAL_MAX;
	s->stage[viewer] = HIS_SECURITY;
	record_str(out, EVENT, "version");
	record_text(out, VERSION, span_from(text, 4));
}

static void security(struct state *s, struct rd r, struct record *out)
{
	struct arena *a = out->host->arena;
	record_str(out, EVENT, "security");
	if (s->minor < MINOR_CHOICE) {           /* 3.3: the server decides */
		uint32_t type = rd_be32(&r);
		type_set(s, (uint8_t)(type < 256 ? type : 0));
		record_str(out, SECURITY, type ? type_name(s->type, a) : "refused");
		record_bool(out, OPEN, type == TYPE_NONE);
		return;
	}
	uint8_t count = rd_u8(&r);
	bool open = false;
	for (int i = 0; i < count && i < TYPES_TOLD && rd_left(&r); i++) {
		uint8_t type = rd_u8(&r);
		const char *name = type_name(type, a);
		open |= type == TYPE_NONE;
		if (name)
			record_add_text(out, OFFERED, span_str(name));
	}
	record_bool(out, OPEN, open);
	s->stage[0] = count ? HIS_CHALLENGE : NOTHING_MORE;
}

static void result(struct state *s, struct rd r, struct record *out)
{
	bool in = rd_be32(&r) == 0;
	s->stage[0] = in ? HIS_INIT : NOTHING_MORE;
	record_str(out, EVENT, "result");
	record_str(out, SECURITY, type_name(s->type, out->host->arena));
	record_bool(out, OPEN, s->type == TYPE_NONE);
	record_bool(out, ACCEPTED, in);
}

static void desktop(struct state *s, struct rd r, struct record *out)
{
	record_str(out, EVENT, "desktop");
	record_str(out, SECURITY, type_name(s->type, out->host->arena));
	record_bool(out, OPEN, s->type == TYPE_NONE);
	record_bool(out, ACCEPTED, true);
	record_uint(out, WIDTH, rd_be16(&r));
	record_uint(out, HEIGHT, rd_be16(&r));
	rd_skip(&r, 16 + 4);
	struct span name = rd_rest(&r);
	record_text(out, is_machine_name(name) ? DESKTOP : DESKTOP_SECRET, name);
	s->stage[0] = NOTHING_MORE;
}

static void from_viewer(struct state *s, struct rd r, struct record *out)
{
	switch ((enum stage)s->stage[1]) {
	case HIS_VERSION: version(s, true, r, out); break;
	case HIS_SECURITY:
		type_set(s, rd_u8(&r));
		record_str(out, EVENT, "choice");
		record_str(out, SECURITY, type_name(s->type, out->host->arena));
		record_bool(out, OPEN, s->type == TYPE_NONE);
		break;
	case HIS_PROOF: s->stage[1] = HIS_INIT; break;
	case HIS_INIT:
	case HIS_CHALLENGE:
	case HIS_RESULT:
	case NOTHING_MORE: s->stage[1] = NOTHING_MORE; break;
	}
}

static void from_server(struct state *s, struct rd r, struct record *out)
{
	switch ((enum stage)s->stage[0]) {
	case HIS_VERSION: version(s, false, r, out); break;
	case HIS_SECURITY: security(s, r, out); break;
	case HIS_CHALLENGE: s->stage[0] = HIS_RESULT; break;
	case HIS_RESULT: result(s, r, out); break;
	case HIS_INIT: desktop(s, r, out); break;
	case HIS_PROOF:
	case NOTHING_MORE: s->stage[0] = NOTHING_MORE; break;
	}
}

static bool decode(const struct message *m, void *memory, struct emit *e)
{
	struct state *s = memory;
	struct rd r = rd_of(m->bytes);
	if (m->rest) {
		s->stage[m->to_server] = NOTHING_MORE;
		return true;
	}
	struct record out UNSET;
	emit_begin(e, &out, &vnc_type);
	if (m->to_server)
		from_viewer(s, r, &out);
	else
		from_server(s, r, &out);
	if (record_has(&out, EVENT))
		emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &vnc_type, NULL };

const struct decoder decoder_vnc = {
	.name = "vnc", .doc = "Remote framebuffer, VNC (RFC 6143)", .over = OVER_TCP, .ports = { 5900, 5901, 5902, 5800 },
	.state_size = sizeof(struct state), .bid = bid, .frame = frame, .decode = decode, .types = types,
};
