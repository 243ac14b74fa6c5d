/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that open a device to whoever knows them (knock.def), and whether it answers. */
#include "decode/knock.h"

#include "base/scope.h"

enum { ANY_PORT_FROM = 7, COMMAND_HEAD = 8, COMMAND_MIN = 2, COMMANDS = 256, KNOWN_PORTS = 1024 };

#define BYTES(id, what, source, over, port, how, text) \
	{ id, what, source, KNOCK_BYTES, over, port, 0, how, { (const uint8_t *)(text), sizeof(text) - 1 } },
#define AGENT(id, what, source, text) \
	{ id, what, source, KNOCK_AGENT, OVER_TCP, 0, 0, WHOLE, { (const uint8_t *)(text), sizeof(text) - 1 } },
#define PATH(id, what, source, text) \
	{ id, what, source, KNOCK_PATH, OVER_TCP, 0, 0, HEAD, { (const uint8_t *)(text), sizeof(text) - 1 } },
#define PORTS(id, what, source, first, second) { id, what, source, KNOCK_PORTS, OVER_TCP, first, second, HEAD, { 0 } },

const struct knock knocks[] = {
#include "decode/knock.def"
	{ 0 },
};

enum { EVENT, WORD, WHAT, BYTES_SENT, FIELDS };

static const struct field fields[FIELDS] = {
	[EVENT] = { "event", F_TEXT, "word, or answer: the other end's first bytes after it" },
	[WORD] = { "word", F_TEXT, "which of the published ones" },
	[WHAT] = { "what", F_TEXT, "what it opens" },
	[BYTES_SENT] = { "bytes", F_UINT, "length of the message", "B" },
};
static RECORD_TYPE(knock_type, "knock", "A published word that opens a device, or its answer", fields);

struct state {
	uint8_t word;                            /* its place in the table + 1; 0: none yet */
	bool answered;
};

/* A head, then text to the end, maybe with a NUL. */
static bool is_command(struct span s)
{
	struct span text = span_from(s, COMMAND_HEAD);
	while (text.n && !text.p[text.n - 1])
		text.n--;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return s.n > COMMAND_HEAD && text.n >= COMMAND_MIN;
}

/* Behind the word a command's number and the length of what follows, in the byte order of whoever wrote it. */
static bool is_sized(const struct knock *k, struct span s)
{
	struct rd be = rd_of(span_from(s, k->bytes.n)), le = be;
	uint32_t big = rd_be32(&be), little = rd_le32(&le), big_size = rd_be32(&be), little_size = rd_le32(&le);
	return rd_ok(&be) &&
	       ((big < COMMANDS && big_size == rd_left(&be)) || (little < COMMANDS && little_size == rd_left(&le)));
}

static bool fits(const struct knock *k, struct span s)
{
	switch (k->how) {
	case HEAD:
	case SIZED: return span_starts(s, k->bytes);
	case WHOLE: return span_eq(s, k->bytes);
	case COMMAND: return is_command(s);
	}
	return false;
}

/* A datagram from a well-known port to a high one is somebody's answer. */
static bool is_call(const struct knock *k, const struct origin *at)
{
	return at->dport == k->port && !(k->over == OVER_UDP && at->sport < KNOWN_PORTS && at->sport);
}

static const struct knock *find(const struct message *m, const struct origin *at)
{
	for (const struct knock *k = knocks; k->id; k++) {
		bool anywhere = k->how == SIZED ? is_sized(k, m->bytes) : k->how == HEAD && k->bytes.n >= ANY_PORT_FROM;
		if (k->kind == KNOCK_BYTES && k->over == m->over && (anywhere || is_call(k, at)) && fits(k, m->bytes))
			return k;
	}
	return NULL;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	if (find(m, at))
		return (struct bid){ BID_SURE, SIDE_CLIENT };
	for (const struct knock *k = knocks; k->id && m->over == OVER_TCP && !m->closing; k++)
		if (k->kind == KNOCK_BYTES && k->over == OVER_TCP && is_call(k, at) && span_starts(k->bytes, m->bytes))
			return (struct bid){ BID_WAIT };
	return (struct bid){ BID_NO };
}

static struct frame frame(const struct message *m, void *state)
{
	(void)state;
	return m->bytes.n ? FRAME_WHOLE(m->bytes.n) : FRAME_WAIT(m);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	struct state *s = state;
	const struct knock *k = m->to_server ? find(m, e->at) : NULL;
	bool answer = !m->to_server && s->word && !s->answered;
	if (!k && !answer)
		return true;
	s->word = k ? (uint8_t)(k - knocks + 1) : s->word;
	s->answered |= answer;
	k = &knocks[s->word - 1];
	struct record out UNSET;
	emit_begin(e, &out, &knock_type);
	record_str(&out, EVENT, answer ? "answer" : "word");
	record_str(&out, WORD, k->id);
	record_str(&out, WHAT, k->what);
	record_uint(&out, BYTES_SENT, m->bytes.n + m->rest + m->lost);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &knock_type, NULL };

const struct decoder decoder_knock = {
	.name = "knock", .doc = "Published words that open a device (knock.def)",
	.over = OVER_TCP | OVER_UDP, .ports = { 32764, 7329, 53413, 9999, 39889 },
	.bid = bid, .frame = frame, .decode = decode, .types = types, .state_size = sizeof(struct state),
};
