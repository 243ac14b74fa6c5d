/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the captures three times: which conversations the evidence lies in; what of them may be shown,
 * with the whole tracker at work; and then their packets, to be written. */
#include "cmd/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include "base/mem.h"
#include "base/scope.h"
#include "capture/capture.h"
#include "cmd/vouched.h"
#include "lab/pcapng.h"
#include "track/learnt.h"
#include "track/tracker.h"

enum {
	TALKS_MAX = 4 * EVIDENCE_FINDINGS * 8, TALK_SLOTS = 1 << 15, RUNS_MAX = 1 << 16, INTERFACES = 1024,
	VOUCHED_BYTES = 96 << 20, OUT_FLUSH = 64 * 1024, ARP_HEAD = 8, ETHERNET_HEAD = 14, LINK_ETHERNET = 1,
	PROTO_ICMP_ = 1, PROTO_TCP_ = 6, PROTO_UDP_ = 17, PROTO_ICMP6_ = 58,
};

/* A set of findings, by index. */
struct set {
	uint64_t bits[EVIDENCE_FINDINGS / 64];
};

/* One conversation between the ends of a talk: it may be opened again, and again. */
struct run {
	uint64_t flow;                           /* the tracker's number */
	uint64_t first, last;                    /* places of its packets, see place_of */
	struct set findings;                     /* whose evidence lies in it */
};

enum talk_kind { TALK_FLOW, TALK_FRAGMENTS, TALK_LINK };

/* Two ends that talk. Fragments and ARP have no ports: all that passes between the ends belongs together. */
struct talk {
	enum talk_kind kind;
	struct addr end[2];                      /* in the order of flow_hash: the lower first */
	uint16_t port[2];
	uint8_t proto;
	struct run *runs;
	uint32_t nruns, size, cursor;
	struct set findings;                     /* of those without ports */
};

struct evidence {
	const struct evidence_setup *set;
	struct engine_board *board;
	int out_fd;
	bool broken_pipe, damaged;
	struct buf out, frame, comment;
	struct hash_key key;
	struct talk *talks;
	uint32_t ntalks, nruns, cursor;          /* cursor: the next of set->packets */
	uint32_t reading;
	uint32_t *slots;                         /* talk + 1 */
	struct vouched *vouched;
	struct tracker *tracker;
	uint64_t extra;                          /* packets that may still be written beside the evidence */
	struct {
		uint32_t file, link;
	} interfaces[INTERFACES];
	uint32_t ninterfaces;
};

/* What is done with a batch of frames; false ends it all: board->error says why. */
typedef bool on_batch(struct evidence *e, const struct captured *f, struct packet *p, size_t n);

static bool fail(struct evidence *e, const char *fmt, ...) PRINTF(2, 3);
static bool fail(struct evidence *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->board->error, sizeof(e->board->error), fmt, ap);
	va_end(ap);
	return false;
}

static uint64_t place_of(const struct packet *p)
{
	return (uint64_t)p->at.file << 48 | p->at.packet;
}

static void set_add(struct set *s, uint32_t finding)
{
	s->bits[finding / 64] |= UINT64_C(1) << (finding % 64);
}

static bool set_has(const struct set *s, uint32_t finding)
{
	return s->bits[finding / 64] >> (finding % 64) & 1;
}

static bool set_any(const struct set *s)
{
	for (size_t i = 0; i < ARRAY_LEN(s->bits); i++)
		if (s->bits[i])
			return true;
	return false;
}

/* ---- conversations ---- */

/* RFC 826: of Ethernet and IPv4, sender and target stand behind the MACs. */
static void arp_ends(const struct packet *p, struct talk *out)
{
	struct rd r = rd_of(p->payload);
	rd_skip(&r, ARP_HEAD + 6);
	struct span sender = rd_span(&r, 4);
	rd_skip(&r, 6);
	struct span target = rd_span(&r, 4);
	if (!rd_ok(&r))
		return;
	out->end[0] = addr_from4(sender);
	out->end[1] = addr_from4(target);
}

static bool talk_ends(const struct packet *p, struct talk *out)
{
	*out = (struct talk){ .kind = TALK_FLOW, .end = { p->at.src, p->at.dst }, .port = { p->at.sport, p->at.dport },
			      .proto = p->at.proto };
	if (p->kind == PACKET_LINK) {
		out->kind = TALK_LINK;
		arp_ends(p, out);
	} else if (p->kind == PACKET_FRAGMENT) {
		out->kind = TALK_FRAGMENTS;
		out->port[0] = out->port[1] = 0;
	} else if (p->kind != PACKET_TCP && p->kind != PACKET_UDP && p->kind != PACKET_IP) {
		return false;
	}
	int order = memcmp(out->end[0].b, out->end[1].b, sizeof(out->end[0].b));
	if (order > 0 || (order == 0 && out->port[0] > out->port[1])) {
		struct addr a = out->end[0];
		uint16_t port = out->port[0];
		out->end[0] = out->end[1];
		out->end[1] = a;
		out->port[0] = out->port[1];
		out->port[1] = port;
	}
	return out->end[0].family != 0;
}

static bool is_same(const struct talk *a, const struct talk *b)
{
	return a->kind == b->kind && a->proto == b->proto && a->port[0] == b->port[0] && a->port[1] == b->port[1] &&
	       addr_eq(a->end[0], b->end[0]) && addr_eq(a->end[1], b->end[1]);
}

static uint32_t *talk_slot(const struct evidence *e, const struct talk *t)
{
	struct {
		struct addr end[2];
		uint16_t port[2];
		uint32_t kind, proto;
	} k;
	memset(&k, 0, sizeof(k));
	memcpy(k.end, t->end, sizeof(k.end));
	memcpy(k.port, t->port, sizeof(k.port));
	k.kind = t->kind;
	k.proto = t->proto;
	size_t i = hash64(e->key, span_of(&k, sizeof(k))) % TALK_SLOTS;
	while (e->slots[i] && !is_same(&e->talks[e->slots[i] - 1], t))
		i = (i + 1) % TALK_SLOTS;
	return &e->slots[i];
}

static struct talk *talk_made(struct evidence *e, const struct talk *like)
{
	uint32_t *slot = talk_slot(e, like);
	if (!*slot && e->ntalks < TALKS_MAX) {
		e->talks[e->ntalks++] = *like;
		*slot = e->ntalks;
	}
	return *slot ? &e->talks[*slot - 1] : NULL;
}

static struct talk *talk_find(const struct evidence *e, const struct packet *p)
{
	struct talk like;
	uint32_t at = talk_ends(p, &like) ? *talk_slot(e, &like) : 0;
	return at ? &e->talks[at - 1] : NULL;
}

/* The next evidence is this packet. */
static const struct evidence_packet *next_is(const struct evidence *e, const struct packet *p)
{
	const struct evidence_packet *w = &e->set->packets[e->cursor];
	return e->cursor < e->set->npackets && w->file == p->at.file && w->packet == p->at.packet ? w : NULL;
}

/* ---- first reading: which conversations ---- */

static bool is_as_stored(struct evidence *e, const struct evidence_packet *w, const struct packet *p)
{
	if (w->offset == p->at.offset && w->ts == p->at.ts)
		return true;
	return fail(e, "%s: its packet %" PRIu64 " is not the one that finding %s speaks of (another place or time): this is "
		    "another capture, or it was changed; --read FILE names the right one", e->set->inputs[w->file].name,
		    w->packet, e->set->findings[w->finding].id);
}

/* The conversation of an evidence packet, and the fragments between its two ends. */
static void talk_wanted(struct evidence *e, const struct packet *p, uint32_t finding)
{
	struct talk like, *t;
	if (!talk_ends(p, &like))
		return;
	t = talk_made(e, &like);
	if (t && t->kind != TALK_FLOW)
		set_add(&t->findings, finding);
	if (like.kind != TALK_FLOW)
		return;
	like.kind = TALK_FRAGMENTS;
	like.port[0] = like.port[1] = 0;
	t = talk_made(e, &like);
	if (t)
		set_add(&t->findings, finding);
}

static bool find_batch(struct evidence *e, const struct captured *f, struct packet *p, size_t n)
{
	(void)f;
	const struct evidence_packet *w;
	for (size_t i = 0; i < n; i++)
		for (; (w = next_is(e, &p[i])); e->cursor++) {
			if (!is_as_stored(e, w, &p[i]))
				return false;
			talk_wanted(e, &p[i], w->finding);
		}
	return true;
}

/* ---- second reading: what may be shown ---- */

/* Bit 63 tells the packets of datagrams from the directions of streams. */
static uint64_t datagram_name(const struct packet *p)
{
	return UINT64_C(1) << 63 | place_of(p);
}

static uint64_t stream_name(uint64_t flow, bool second)
{
	return flow << 1 | second;
}

static bool is_second(const struct talk *t, struct addr from, uint16_t port)
{
	return !addr_eq(t->end[0], from) || t->port[0] != port;
}

static void on_shown(void *ctx, const struct shown *s)
{
	_Static_assert((int)VOUCH_PLAIN == (int)SHOWN_PLAIN && (int)VOUCH_PERSONAL == (int)SHOWN_PERSONAL, "the same marks");
	struct evidence *e = ctx;
	const struct packet p = { .at = *s->at, .kind = s->is_stream ? PACKET_TCP : PACKET_UDP };
	const struct talk *t = talk_find(e, &p);
	if (t && s->is_stream)
		vouched_add(e->vouched, stream_name(s->at->flow, is_second(t, s->from, s->port)), s->seq, s->bytes, s->marks);
	else if (t)
		vouched_add(e->vouched, datagram_name(&p), 0, s->bytes, s->marks);
}

static void on_record(void *to, const struct record *r)
{
	(void)to;
	(void)r;
}

/* The run that the packet continues or begins; when there are too many, the last one takes it in. */
static struct run *run_of(struct evidence *e, struct talk *t, uint64_t flow, uint64_t place)
{
	struct run *last = t->nruns ? &t->runs[t->nruns - 1] : NULL;
	if (!last || (last->flow != flow && e->nruns < RUNS_MAX)) {
		if (t->nruns == t->size) {
			t->size = t->size ? 2 * t->size : 4;
			t->runs = mem_grow(t->runs, t->size, sizeof(*t->runs));
		}
		last = &t->runs[t->nruns++];
		*last = (struct run){ .flow = flow, .first = place };
		e->nruns++;
	}
	last->last = place;
	return last;
}

static bool learn_batch(struct evidence *e, const struct captured *f, struct packet *p, size_t n)
{
	(void)f;
	struct talk *talks[CAPTURE_BATCH];
	for (size_t i = 0; i < n; i++)
		talks[i] = talk_find(e, &p[i]);
	tracker_packets(e->tracker, p, n);
	for (size_t i = 0; i < n; i++) {
		struct run *r = NULL;
		if (talks[i] && talks[i]->kind == TALK_FLOW)
			r = run_of(e, talks[i], p[i].at.flow, place_of(&p[i]));
		for (const struct evidence_packet *w; (w = next_is(e, &p[i])); e->cursor++)
			if (r)
				set_add(&r->findings, w->finding);
	}
	return true;
}

/* ---- third reading: write ---- */

static void flush(struct evidence *e)
{
	struct span left = buf_span(&e->out);
	while (left.n && !e->broken_pipe) {
		ssize_t n = write(e->out_fd, left.p, left.n);
		if (n < 0 && errno == EINTR)
			continue;
		e->broken_pipe = n <= 0;
		left = span_from(left, n > 0 ? (size_t)n : 0);
	}
	buf_reset(&e->out);
}

static const struct run *run_at(struct talk *t, uint64_t place)
{
	while (t->cursor < t->nruns && t->runs[t->cursor].last < place)
		t->cursor++;
	const struct run *r = t->cursor < t->nruns ? &t->runs[t->cursor] : NULL;
	return r && r->first <= place ? r : NULL;
}

/* What a first fragment holds of its transport header; the rest of fragments is never shown. */
static size_t fragment_head(const struct packet *p)
{
	if (p->frag_at)
		return 0;
	switch (p->at.proto) {
	case PROTO_TCP_: return 20;
	case PROTO_ICMP_:
	case PROTO_ICMP6_:
	case PROTO_UDP_: return 8;
	default: return 0;
	}
}

static size_t arp_length(const struct packet *p)
{
	struct rd r = rd_of(p->payload);
	rd_skip(&r, 4);
	uint8_t hardware = rd_u8(&r), protocol = rd_u8(&r);
	return rd_ok(&r) ? ARP_HEAD + 2u * hardware + 2u * protocol : 0;
}

static size_t overwrite(uint8_t *bytes, size_t from, size_t to, uint8_t fill)
{
	if (from < to)
		memset(bytes + from, fill, to - from);
	return from < to ? to - from : 0;
}

/* A patient's word in what is left: in a file's name, in a name that was looked up. */
static size_t overwrite_learnt(const struct evidence *e, uint8_t *bytes, size_t n)
{
	struct span left = span_of(bytes, n), word;
	size_t changed = 0;
	while (learnt_word(tracker_learnt(e->tracker), left, &word)) {
		size_t at = (size_t)(word.p - bytes);
		changed += overwrite(bytes, at, at + word.n, EVIDENCE_FILL);
		left = span_of(bytes + at + word.n, n - at - word.n);
	}
	return changed;
}

/* The payload at bytes[from, to). */
static size_t overwrite_payload(struct evidence *e, const struct packet *p, const struct talk *t, const struct run *r,
				uint8_t *bytes, size_t from, size_t to)
{
	bool is_data = p->kind != PACKET_TCP || !(p->flags & (TCP_SYN | TCP_RST));
	uint64_t name = datagram_name(p);
	if (p->kind == PACKET_TCP && r)
		name = stream_name(r->flow, is_second(t, p->at.src, p->at.sport));
	if (!is_data || (p->kind == PACKET_TCP && !r))
		return overwrite(bytes, from, to, EVIDENCE_FILL);
	uint32_t at = p->kind == PACKET_TCP ? p->seq : 0;
	size_t n = vouched_apply(e->vouched, name, at, bytes + from, to - from, EVIDENCE_FILL);
	return n + overwrite_learnt(e, bytes + from, to - from);
}

static void zero_checksum(const struct packet *p, struct span frame, uint8_t *bytes)
{
	size_t at = (size_t)(p->transport.p - frame.p) + (p->kind == PACKET_TCP ? 16 : 6);
	if (p->transport.n >= 20 || (p->kind == PACKET_UDP && p->transport.n >= 8))
		bytes[at] = bytes[at + 1] = 0;
}

/* The copy of the frame in e->frame loses what may not leave. Returns how many bytes that were. Headers
 * stay; what stands behind a packet in its frame is padding, and may be what lay in a card's memory. */
static size_t frame_overwrite(struct evidence *e, const struct captured *f, const struct packet *p,
			      const struct talk *t, const struct run *r)
{
	uint8_t *bytes = e->frame.p;
	size_t n = f->bytes.n, from = (size_t)(p->payload.p - f->bytes.p), to = from + p->payload.n, changed = 0;
	switch (p->kind) {
	case PACKET_LINK:
		to = arp_length(p) < p->payload.n ? from + arp_length(p) : to;
		break;
	case PACKET_FRAGMENT:
		changed = overwrite(bytes, from + fragment_head(p), to, EVIDENCE_FILL);
		break;
	case PACKET_TCP:
	case PACKET_UDP:
	case PACKET_IP:
		changed = overwrite_payload(e, p, t, r, bytes, from, to);
		if (changed && e->set->no_checksums && p->kind != PACKET_IP)
			zero_checksum(p, f->bytes, bytes);
		break;
	case PACKET_OTHER:
	case PACKET_TRUNCATED:
	case PACKET_MALFORMED:
	case PACKET_UNKNOWN_LINK:
	case PACKET_KINDS:
		to = f->link == LINK_ETHERNET && n > ETHERNET_HEAD ? ETHERNET_HEAD : 0;
		changed = overwrite(bytes, to, n, EVIDENCE_FILL);
		to = n;
		break;
	}
	return changed + overwrite(bytes, to, n, 0);
}

/* "evidence: RULE ID SEVERITY (NOTE)", then the other findings whose evidence lies in the conversation. */
static void put_findings(struct evidence *e, const struct set *mine, const struct set *around)
{
	const struct evidence_setup *s = e->set;
	for (uint32_t i = 0; i < s->nfindings; i++) {
		if (!set_has(mine, i) && !set_has(around, i))
			continue;
		const struct evidence_finding *f = &s->findings[i];
		buf_printf(&e->comment, "%s%s %s %s, %s", e->comment.n ? "; " : "", f->rule, f->id, f->severity,
			   set_has(mine, i) ? "evidence" : "same conversation");
	}
}

static void write_packet(struct evidence *e, const struct captured *f, const struct packet *p, size_t changed)
{
	uint32_t i = 0;
	while (i < e->ninterfaces && (e->interfaces[i].file != p->at.file || e->interfaces[i].link != f->link))
		i++;
	if (i == INTERFACES) {
		e->set->counts->left_out++;
		return;
	}
	if (i == e->ninterfaces) {
		e->interfaces[e->ninterfaces].file = p->at.file;
		e->interfaces[e->ninterfaces++].link = f->link;
		pcapng_interface(&e->out, (uint16_t)f->link, e->set->inputs[p->at.file].name);
	}
	buf_printf(&e->comment, "; packet %" PRIu64 " of %s", p->at.packet, e->set->inputs[p->at.file].name);
	if (changed)
		buf_printf(&e->comment, "; %zu bytes overwritten", changed);
	buf_u8(&e->comment, 0);
	pcapng_packet(&e->out, i, f->ts, buf_span(&e->frame), f->wire, (const char *)e->comment.p);
	e->set->counts->written++;
	e->set->counts->overwritten += changed;
	if (e->out.n >= OUT_FLUSH)
		flush(e);
}

static void write_frame(struct evidence *e, const struct captured *f, const struct packet *p)
{
	struct talk *t = talk_find(e, p);
	const struct run *r = t && t->kind == TALK_FLOW ? run_at(t, place_of(p)) : NULL;
	struct set mine = { 0 }, around = r ? r->findings : t ? t->findings : (struct set){ 0 };
	const char *note = NULL;
	for (const struct evidence_packet *w; (w = next_is(e, p)); e->cursor++) {
		set_add(&mine, w->finding);
		note = note ? note : w->note;
	}
	bool is_evidence = set_any(&mine);
	if (!is_evidence && (e->set->only || !set_any(&around)))
		return;
	if (!is_evidence && e->extra == 0) {
		e->set->counts->left_out++;
		return;
	}
	e->extra -= !is_evidence;
	buf_reset(&e->frame);
	buf_bytes(&e->frame, f->bytes);
	buf_reset(&e->comment);
	size_t changed = frame_overwrite(e, f, p, t, r);
	put_findings(e, &mine, &around);
	if (note && *note)
		buf_printf(&e->comment, "; %s", note);
	write_packet(e, f, p, changed);
}

static bool write_batch(struct evidence *e, const struct captured *f, struct packet *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_frame(e, &f[i], &p[i]);
	return !e->broken_pipe || fail(e, "the export could not be written");
}

static void write_head(struct evidence *e)
{
	buf_printf(&e->comment, "%s. Bytes that may hold a patient's data, a credential or a measured value are overwritten "
		   "with '%c' (padding with zeros), lengths are as captured. Of payloads only what auscult's decoders vouch for "
		   "is shown. %s",
		   e->set->about, EVIDENCE_FILL, e->set->no_checksums
		   ? "Transport checksums of packets that were overwritten are zero."
		   : "Checksums are as captured: they do not match where bytes are overwritten.");
	buf_u8(&e->comment, 0);
	pcapng_section(&e->out, "auscult " AUSCULT_VERSION, (const char *)e->comment.p);
}

/* ---- all three ---- */

static bool read_input(struct evidence *e, uint32_t file, on_batch *each)
{
	const struct evidence_input *in = &e->set->inputs[file];
	char err[256] = "";
	struct capture *c = NULL;
	int fd = in->fd[e->reading];
	if (lseek(fd, 0, SEEK_SET) < 0 || capture_open(fd, &c, err) < 0)
		return fail(e, "%s: %s", in->name, *err ? err : strerror(errno));
	struct captured frames[CAPTURE_BATCH];
	bool good = true;
	for (size_t n; good && (n = capture_batch(c, frames)) > 0;) {
		struct packet packets[CAPTURE_BATCH] UNSET;
		for (size_t i = 0; i < n; i++) {
			packets[i] = (struct packet){ .at = { .ts = frames[i].ts, .packet = frames[i].number,
							      .offset = frames[i].offset, .file = file } };
			packet_parse(&packets[i], frames[i].bytes, frames[i].wire, frames[i].link);
		}
		good = each(e, frames, packets, n);
	}
	e->damaged |= capture_damage(c) != NULL;
	capture_free(c);
	return good;
}

static bool read_all(struct evidence *e, on_batch *each)
{
	const struct evidence_packet *w = e->set->packets;
	e->cursor = 0;
	for (uint32_t i = 0; i < e->set->ninputs; i++) {
		if (!read_input(e, i, each))
			return false;
		if (e->cursor < e->set->npackets && w[e->cursor].file == i)
			return fail(e, "%s ends before its packet %" PRIu64 ", which finding %s speaks of: this is another capture, "
				    "or it was changed; --read FILE names the right one", e->set->inputs[i].name,
				    w[e->cursor].packet, e->set->findings[w[e->cursor].finding].id);
	}
	e->reading++;
	return true;
}

static bool learn(struct evidence *e, struct keyring *keyring, struct health *health)
{
	const struct sink sink = { on_record, e };
	e->vouched = vouched_new(e->key, VOUCHED_BYTES);
	e->tracker = tracker_new(&(struct tracker_setup){ .keyring = keyring, .sink = &sink, .health = health,
							  .shown = on_shown, .ctx = e });
	bool good = read_all(e, learn_batch);
	tracker_finish(e->tracker);              /* what is still open has bytes to show, too */
	return good;
}

static uint64_t distinct(const struct evidence_setup *s)
{
	uint64_t n = 0;
	for (uint32_t i = 0; i < s->npackets; i++)
		n += i == 0 || s->packets[i].packet != s->packets[i - 1].packet || s->packets[i].file != s->packets[i - 1].file;
	return n;
}

static void count_talks(struct evidence *e)
{
	for (uint32_t i = 0; i < e->ntalks; i++) {
		e->set->counts->conversations += e->talks[i].kind == TALK_LINK;
		for (uint32_t k = 0; k < e->talks[i].nruns; k++)
			e->set->counts->conversations += set_any(&e->talks[i].runs[k].findings);
	}
}

static void done(struct evidence *e)
{
	for (uint32_t i = 0; i < e->ntalks; i++)
		free(e->talks[i].runs);
	free(e->talks);
	free(e->slots);
	tracker_free(e->tracker);
	vouched_free(e->vouched);
	buf_done(&e->out);
	buf_done(&e->frame);
	buf_done(&e->comment);
}

int evidence_run(void *ctx, struct engine_board *board, int out_fd)
{
	const struct evidence_setup *s = ctx;
	struct evidence e = { .set = s, .board = board, .out_fd = out_fd };
	struct keyring *keyring = keyring_new(s->key);
	struct health health = { 0 };
	uint64_t evidence = distinct(s);
	e.key = keyring_hash_key(keyring);
	e.talks = mem_array(TALKS_MAX, sizeof(*e.talks));
	e.slots = mem_array(TALK_SLOTS, sizeof(*e.slots));
	e.extra = s->packets_max > evidence ? s->packets_max - evidence : 0;
	bool good = read_all(&e, find_batch) && learn(&e, keyring, &health);
	if (good) {
		count_talks(&e);
		write_head(&e);
		good = read_all(&e, write_batch);
		flush(&e);
	}
	done(&e);
	keyring_free(keyring);
	return !good ? 2 : e.damaged ? 3 : 0;
}
