/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.packet-silence: a datagram that nobody knows reaches a medical device from a host that never sent it such before,
 * and from then on the device says nothing, alone or with others. When a device speaks is told by conversations that
 * begin, are answered or go on, and by clinical messages; how long it is used to be quiet comes from the same. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index {
	FLOW_PROTOCOL_COL, FLOW_FIRST_COL, FLOW_STATE_COL, PACKETS_UP, PACKETS_DOWN, LAST_UP, LAST_DOWN, WANTS
};

static const struct want wants[] = {
	[FLOW_PROTOCOL_COL] = { "flow", "protocol" },
	[FLOW_FIRST_COL] = { "flow", "first" },
	[FLOW_STATE_COL] = { "flow", "state" },
	[PACKETS_UP] = { "flow", "packets_to_server" },
	[PACKETS_DOWN] = { "flow", "packets_to_client" },
	[LAST_UP] = { "flow", "last_to_server" },
	[LAST_DOWN] = { "flow", "last_to_client" },
	[WANTS] = { NULL, NULL },
};

enum option { SILENT, TIMES };

static const struct option_num options[] = {
	[SILENT] = { "silent", "how long the device must say nothing at least", "s", 30, 5, 86400 },
	[TIMES] = { "times", "and how often as long as it was ever quiet before", NULL, 3, 2, 100 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.packet-silence",
	.title = "A medical device falls silent after a datagram that nobody knows",
	.cause = "device failure",
	.sees = "A UDP datagram in no known protocol, to the device or to everybody on its segment, from a host that is "
		"no central station and did not send the like before; the device, which spoke regularly until then, "
		"says nothing for at least 30 seconds and three times as long as it ever paused, while others go on.",
	.why = "A monitor that stopped shows no alarm at the central station, and maybe none at the bedside. Some monitors "
	       "are known to stop at a single datagram, all of a ward at once when it is a broadcast, until somebody switches "
	       "them off and on.",
	.wrong = "The device was switched off or unplugged at that very moment; several at once make that unlikely. A switch "
		 "or a cable failed. A datagram in a known protocol, one that its sender repeats all day, and a device that "
		 "speaks less than every five minutes are not judged.",
	.next = { "Go to the bedside now: is the monitor working, do its alarms sound? Switch it off and on if it does not.",
		  "Find the host that sent the datagram and take it off the network, after asking whose it is.",
		  ADVICE_REPLACE, ADVICE_EVIDENCE, NULL },
	.attack = { "T1499.004", "T0814", "T0816", NULL },
	.cwe = { "CWE-400", "CWE-787", NULL },
	.advisories = { "ICSMA-22-244-01", "ICSMA-25-030-01", "ICSMA-25-296-01", NULL },
	.references = { "https://attack.mitre.org/techniques/T0814/", NULL },
};

enum {
	SETS = 256, WAYS = 4, GAPS = 16, SPOKEN = 6, ODD_SETS = 64, ODD_WAYS = 4, PORTS = 4, SECOND_NS = 1000000000,
	PROTO_UDP = 17, WINDOW_S = 60, DARK_S = 60, SAME_S = 2, GAP_MAX_S = 300, OTHERS_ALIVE = 3, HABIT = 2, MS_NS = 1000000,
	PAUSE_MS = 800, STREAM = 60, STREAM_S = 300,
};

/* Datagrams of one host to one address, in bouts a minute apart. */
struct odd {
	struct addr from, to;                    /* family 0: free */
	bool group, is_new;                      /* is_new: of the present bout, a port that it had not called before */
	uint16_t vlan, ports[PORTS];
	unsigned nports, bouts;                  /* bouts before this one on these ports */
	uint64_t first, last;                    /* of the present bout */
	uint64_t flow;
	struct origin at;
};

struct silence {
	uint64_t since, until;                   /* until 0: still silent; since 0: none */
	struct odd cause;
};

struct row {
	uint32_t device;                         /* DEVICE_NONE: free */
	uint64_t last, count;                    /* spoke; how often */
	uint64_t others, dark;                   /* the state's clock and dark at that time */
	uint32_t gaps[GAPS];                     /* ms between: the latest */
	unsigned ngaps;
	bool streams;                            /* it sent all along in a conversation that nobody closed */
};

struct state {
	uint64_t clock, latest;                  /* how often anybody spoke, and when last */
	uint64_t dark;                           /* ns in which nobody did: the capture stood still */
	struct row rows[SETS][WAYS];
	struct odd odd[ODD_SETS][ODD_WAYS];
};

struct facts {
	struct silence silence;
	bool across;                             /* it spoke meanwhile, as shown later */
};

/* ---- odd datagrams ---- */

static bool is_group(const struct origin *at)
{
	enum addr_class c = addr_class(at->dst);
	return mac_is_group(at->dmac) || c == ADDR_MULTICAST || c == ADDR_BROADCAST;
}

static uint64_t hash_of(const struct run *d, struct addr a)
{
	return hash64(d->key, span_of(a.b, sizeof(a.b)));
}

static struct odd *odd_set(struct run *d, uint64_t from, uint64_t to)
{
	return ((struct state *)d->state)->odd[(from + 3 * to) % ODD_SETS];
}

static struct odd *odd_of(struct run *d, const struct origin *at)
{
	struct odd *set = odd_set(d, hash_of(d, at->src), hash_of(d, at->dst)), *odd = &set[0];
	for (unsigned i = 0; i < ODD_WAYS; i++) {
		if (set[i].from.family && addr_eq(set[i].from, at->src) && addr_eq(set[i].to, at->dst))
			return &set[i];
		odd = set[i].last < odd->last ? &set[i] : odd;
	}
	if (odd->from.family && odd->is_new && at->ts - odd->last < (uint64_t)GAP_MAX_S * SECOND_NS)
		detect_dropped(d);
	*odd = (struct odd){ .from = at->src, .to = at->dst };
	return odd;
}

static bool has_port(const struct odd *o, uint16_t port)
{
	for (unsigned i = 0; i < o->nports; i++)
		if (o->ports[i] == port)
			return true;
	return false;
}

static void note_datagram(struct run *d, const struct origin *at)
{
	struct odd *o = odd_of(d, at);
	bool same_bout = o->last && at->ts <= o->last + (uint64_t)WINDOW_S * SECOND_NS;
	bool fresh = !has_port(o, at->dport), habit = !o->is_new || at->ts > o->first + (uint64_t)WINDOW_S * SECOND_NS;
	if (!same_bout || (fresh && habit)) {
		bool lasted = o->last > o->first + (uint64_t)WINDOW_S * SECOND_NS;
		o->bouts = fresh ? 0 : o->bouts + (lasted ? HABIT : 1);
		o->first = at->ts;
		o->at = *at;
		o->flow = at->flow;
		o->is_new = fresh || o->bouts < HABIT;
	}
	if (fresh && o->nports < PORTS)
		o->ports[o->nports++] = at->dport;
	o->group = is_group(at);
	o->vlan = at->vlan;
	o->last = at->ts;
}

static bool is_suspect(const struct run *d, const struct origin *at)
{
	if (at->proto != PROTO_UDP || !at->to_server || zone_is_central(d->zones, at->src, 0))
		return false;
	uint32_t from = detect_sender(d, at);
	return from == DEVICE_NONE || device_role(d->devices, from) != ROLE_CENTRAL;
}

/* What could have silenced the device that spoke last then: the first odd bout that reached it. Of one that went on
 * for minutes while the device spoke, no datagram was its last. */
static const struct odd *cause_of(const struct run *d, uint32_t device, uint64_t last, uint64_t gap)
{
	const struct state *s = d->state;
	const struct odd *best = NULL;
	struct addr own = device_addr(d->devices, device);
	for (unsigned i = 0; i < ODD_SETS * ODD_WAYS; i++) {
		const struct odd *o = &s->odd[i / ODD_WAYS][i % ODD_WAYS];
		bool reaches = o->from.family && o->is_new && (o->group || addr_eq(o->to, own)) && !addr_eq(o->from, own);
		bool after = reaches && o->last + (uint64_t)SAME_S * SECOND_NS >= last &&
			     o->first + (uint64_t)WINDOW_S * SECOND_NS >= last &&
			     o->first <= last + gap + gap / 2 + (uint64_t)SAME_S * SECOND_NS;
		bool nearer = after && (!best || (best->group && !o->group) ||
					(best->group == o->group && o->first < best->first));
		best = nearer ? o : best;
	}
	return best;
}

/* ---- who speaks ---- */

static struct row *row_find(const struct run *d, uint32_t device)
{
	struct row *set = ((struct state *)d->state)->rows[device % SETS];
	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].device == device)
			return &set[i];
	return NULL;
}

static struct row *row_of(struct run *d, uint32_t device)
{
	struct row *row = row_find(d, device), *set = ((struct state *)d->state)->rows[device % SETS];
	if (row)
		return row;
	row = &set[0];
	for (unsigned i = 1; i < WAYS; i++)
		row = set[i].last < row->last ? &set[i] : row;
	if (row->device != DEVICE_NONE && row->count >= SPOKEN)
		detect_dropped(d);
	*row = (struct row){ .device = device };
	return row;
}

/* The longest it paused of late, ns; 0: too little is known. What a device says as it starts is no rhythm yet. */
static uint64_t gap_of(const struct row *row)
{
	uint32_t ms = 0;
	if (row->ngaps < SPOKEN && row->count < STREAM && !row->streams)
		return 0;
	for (unsigned i = 0; i < GAPS && i < row->ngaps; i++)
		ms = row->gaps[i] > ms ? row->gaps[i] : ms;
	if (row->streams && ms < AGAIN_NS / MS_NS)
		ms = AGAIN_NS / MS_NS;           /* a longer pause would have been told */
	return ms > GAP_MAX_S * 1000u ? 0 : (uint64_t)(ms ? ms : PAUSE_MS) * MS_NS;
}

static void silent(struct run *d, const struct row *row, uint64_t until, uint64_t now)
{
	const struct state *s = d->state;
	uint64_t gap = gap_of(row), least = (uint64_t)(d->opt[SILENT] * SECOND_NS);
	uint64_t pauses = (uint64_t)((double)gap * d->opt[TIMES]);
	least = pauses > least ? pauses : least;
	least += s->dark - row->dark;
	if (!gap || now < row->last + least || s->clock < row->others + OTHERS_ALIVE || s->latest < row->last + least)
		return;
	const struct odd *o = cause_of(d, row->device, row->last, gap);
	if (!o || now < o->first + least)
		return;
	char text[ADDR_TEXT];
	addr_text(o->from, text);
	struct finding *f = detect_open(d, row->device, &o->at, "%s", text);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (x && (!x->silence.since || x->across || x->silence.since == row->last))
		*x = (struct facts){ .silence = { row->last, until, *o } };
}

static void spoke(struct run *d, uint32_t device, uint64_t ts)
{
	struct state *s = d->state;
	if (device == DEVICE_NONE)
		return;
	s->clock++;
	if (s->latest && ts > s->latest + (uint64_t)DARK_S * SECOND_NS)
		s->dark += ts - s->latest;
	s->latest = ts > s->latest ? ts : s->latest;
	struct row *row = row_of(d, device);
	if (row->last && ts > row->last) {
		silent(d, row, ts, ts);
		uint64_t ms = (ts - row->last) / MS_NS;
		if (ms >= PAUSE_MS)
			row->gaps[row->ngaps++ % GAPS] = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
	}
	row->last = ts > row->last ? ts : row->last;
	row->others = s->clock;
	row->dark = s->dark;
	row->count++;
}

static void on_packet(struct run *d, const struct record *r)
{
	if (!r->at)
		return;
	if (is_suspect(d, r->at))
		note_datagram(d, r->at);
	spoke(d, detect_sender(d, r->at), r->at->ts);
}

static void on_message(struct run *d, const struct record *r)
{
	if (r->at)
		spoke(d, detect_sender(d, r->at), r->at->ts);
}

/* What a monitor says every second is told by no record, if it is encrypted: only how much, and until when. */
static void streamed(struct run *d, uint32_t device, const struct record *r, uint64_t last, uint64_t packets)
{
	uint64_t first = record_get_uint(r, (unsigned)d->col[FLOW_FIRST_COL]), took = last > first ? last - first : 0;
	bool closed = span_is(record_get_text(r, (unsigned)d->col[FLOW_STATE_COL]), "closed");
	if (device == DEVICE_NONE || closed || packets < STREAM || took < (uint64_t)STREAM_S * SECOND_NS ||
	    took / packets > AGAIN_NS)
		return;
	struct row *row = row_of(d, device);
	row->streams = true;
	row->last = last > row->last ? last : row->last;
}

/* It spoke all the while in a conversation that tells nothing before it ends. */
static void contradict(struct run *d, uint32_t device, uint64_t first, uint64_t last)
{
	struct row *row = device == DEVICE_NONE || !last ? NULL : row_find(d, device);
	if (row && last > row->last)
		row->last = last;
	for (struct finding *f = row ? detect_next(d, NULL) : NULL; f; f = detect_next(d, f)) {
		struct facts *x = f->own;
		if (!x || f->device != device || first > x->silence.since)
			continue;
		bool within = last > x->silence.cause.first + (uint64_t)SAME_S * SECOND_NS &&
			      (!x->silence.until || last + MS_NS < x->silence.until);
		x->across |= within || (x->silence.until && last > x->silence.until);
	}
}

static void on_flow(struct run *d, const struct record *r)
{
	uint64_t first = record_get_uint(r, (unsigned)d->col[FLOW_FIRST_COL]);
	if (!r->at)
		return;
	/* A conversation that is read: no riddle. What was taken for its first sign may be in a finding already. */
	bool known = record_get_text(r, (unsigned)d->col[FLOW_PROTOCOL_COL]).n > 0;
	bool udp = r->at->proto == PROTO_UDP;
	uint64_t src = known && udp ? hash_of(d, r->at->src) : 0, dst = known && udp ? hash_of(d, r->at->dst) : 0;
	for (unsigned turn = 0; known && udp && turn < 2; turn++) {      /* who is who may have become clear later */
		struct odd *set = turn ? odd_set(d, src, dst) : odd_set(d, dst, src);
		for (unsigned i = 0; i < ODD_WAYS; i++)
			if (set[i].flow == r->at->flow)
				set[i].is_new = false;
	}
	for (struct finding *f = known && udp ? detect_next(d, NULL) : NULL; f; f = detect_next(d, f)) {
		struct facts *x = f->own;
		if (x && x->silence.cause.flow == r->at->flow)
			x->across = true;
	}
	uint32_t client = detect_client_device(d, r->at), server = detect_server_device(d, r->at);
	uint64_t up = record_get_uint(r, (unsigned)d->col[LAST_UP]), down = record_get_uint(r, (unsigned)d->col[LAST_DOWN]);
	contradict(d, client, first, up);
	contradict(d, server, first, down);
	streamed(d, client, r, up, record_get_uint(r, (unsigned)d->col[PACKETS_UP]));
	streamed(d, server, r, down, record_get_uint(r, (unsigned)d->col[PACKETS_DOWN]));
}

/* ---- judging ---- */

static bool holds(const struct run *d, const struct finding *f)
{
	const struct facts *x = f->own;
	return x && x->silence.since && !x->across && device_is_medical(d->devices, f->device);
}

/* Other devices that the same datagrams silenced. */
static unsigned company(struct run *d, const struct finding *f)
{
	const struct facts *x = f->own;
	unsigned n = 0;
	for (struct finding *o = detect_next(d, NULL); o; o = detect_next(d, o)) {
		const struct facts *y = o->own;
		uint64_t a = x->silence.cause.first, b = y ? y->silence.cause.first : 0;
		bool same = o != f && holds(d, o) && addr_eq(y->silence.cause.from, x->silence.cause.from);
		n += same && (a > b ? a - b : b - a) <= (uint64_t)WINDOW_S * SECOND_NS;
	}
	return n;
}

static const char *lapse(struct run *d, uint64_t ns)
{
	uint64_t s = ns / SECOND_NS;
	return s < 120 ? detect_text(d, "%llu seconds", (unsigned long long)s)
		       : detect_text(d, "%llu minutes", (unsigned long long)(s / 60));
}

static const char *title(struct run *d, const struct finding *f, unsigned others)
{
	const struct silence *s = &((const struct facts *)f->own)->silence;
	const char *who = detect_who(d, f->device, (struct addr){ 0 }), *from = detect_where(d, s->cause.from, 0);
	const char *how = s->cause.group ? "a datagram to everybody" : "a datagram";
	const char *with = others ? detect_text(d, ", and %u other%s with it", others, others == 1 ? "" : "s") : "";
	const char *end = s->until ? detect_text(d, "; it came back after %s", lapse(d, s->until - s->since))
				   : "; it did not come back";
	return detect_text(d, "%s fell silent after %s from %s to UDP port %u%s%s", who, how, from, s->cause.at.dport, with,
			   end);
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	f->withdrawn = !holds(d, f);
	if (f->withdrawn)
		return;
	const struct silence *s = &x->silence;
	unsigned others = company(d, f);
	f->severity = others || !s->cause.group ? SEV_HIGH : SEV_MEDIUM;
	f->confidence = 0.5 + (others ? 0.25 : 0) + (others > 2 ? 0.1 : 0) + (s->cause.group ? 0 : 0.1);
	f->scope = detect_is_outside(d, s->cause.from) ? SCOPE_OUTSIDE : detect_scope(d, &s->cause.at);
	f->keeps_scope = true;
	f->first = s->cause.first;
	f->last = s->until ? s->until : d->now > s->since ? d->now : s->since;
	f->title = title(d, f, others);
	record_addr(f->observed, OBS_SOURCE, s->cause.from);
	record_addr(f->observed, OBS_ADDRESS, device_addr(d->devices, f->device));
	record_uint(f->observed, OBS_PORT, s->cause.at.dport);
	record_str(f->observed, OBS_TRANSPORT, "udp");
	record_mac(f->observed, OBS_MAC, s->cause.at.smac);
	if (s->until)
		record_real(f->observed, OBS_PERIOD, (double)(s->until - s->since) / SECOND_NS);
	detect_list(f, OBS_TRAITS, s->cause.group ? "to everybody" : "to the device");
	detect_list(f, OBS_TRAITS, s->until ? "came back" : "still silent");
	if (others)
		detect_list(f, OBS_TRAITS, "several at once");
	detect_note(f, &s->cause.at, "the datagram");
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++)
		if (s->rows[i / WAYS][i % WAYS].device != DEVICE_NONE)
			silent(d, &s->rows[i / WAYS][i % WAYS], 0, d->now);
}

static const struct on on[] = {
	{ "contact", on_packet }, { "answer", on_packet }, { "again", on_packet }, { "*patient", on_message },
	{ "arp", on_message }, { "flow", on_flow }, { NULL, NULL },
};

const struct detector detector_packet_silence = {
	.name = "net.packet-silence", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .finish = finish, .judge = judge,
};
