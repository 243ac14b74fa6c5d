/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.vitals-conflict: measured values that cannot all be true. Two senders report one patient, device or bed and
 * contradict each other; several values leap at once, faster than bodies do; a stretch of earlier values comes again.
 * It works on vitals records and knows no protocol. A stream is who reports whom to whom; streams of one subject stand
 * in one set, so that they are compared with each other and nothing else. */
#include "base/scope.h"
#include "decode/vitals.h"
#include "detect/advice.h"
#include "detect/detector.h"
#include "detect/waveform_replay.h"

enum want_index { NAME, VALUE, SUBJECT, CHANNEL, TIME, DEVICE, BED, WANTS };

/* What tells a stream's subject; part of its key, so that a bed is no patient. */
enum subject { OF_PATIENT = 1, OF_DEVICE, OF_BED, OF_ADDRESS };

static const struct want wants[] = {
	[NAME] = { "vitals", "name" },
	[VALUE] = { "vitals", "value" },
	[SUBJECT] = { "vitals", "patient_id" },
	[CHANNEL] = { "vitals", "sub_id" },
	[TIME] = { "vitals", "device_time" },
	[DEVICE] = { "vitals", "device" },
	[BED] = { "vitals", "bed" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.vitals-conflict",
	.title = "Measured values that cannot all be true",
	.cause = "tampering",
	.sees = "Vital signs of one patient, measuring device or bed from two senders at the same time that contradict each "
		"other again and again; at least three kinds of values (or the temperature and another) that leap between "
		"two messages and stay there, faster than a body can; a stretch of at least twelve messages whose values, "
		"with all their changes, came before in the same pace, from the same sender or from another; ten seconds or "
		"more of a curve (ECG, pleth, pressure …) that came before sample by sample, in the same pace.",
	.why = "The central station or the record shows somebody else's or old values while the patient may be getting worse. "
	       "Alarms judge what is shown.",
	.wrong = "A demonstration mode or a patient simulator that is started while the device is watched repeats itself and "
		 "leaps; one that ran from the beginning is recognised by that and left out. A patient id that is given to "
		 "two patients, or a bed that is entered twice. A gateway that changes values as it forwards them is not told "
		 "when it was seen to receive them. A curve that goes round and round is taken for a demonstration, whoever "
		 "sends it; one that was scaled, filtered or resampled is not recognised, nor are old values that were changed "
		 "a little or are sent as another patient's; values in units other than usual are not compared.",
	.next = { "Look at the patient and at the device at the bed now, and compare with what the central station shows.",
		  "Trust the device at the bed, not the central station, until this is explained; tell the ward.",
		  "Ask biomedical engineering whether a demonstration or simulator was running; if not, find the sender named "
		  "here and take it off the network.", ADVICE_EVIDENCE, NULL },
	.attack = { "T0856", "T0832", "T0831", "T1565.002", NULL },
	.cwe = { "CWE-345", "CWE-294", "CWE-290", NULL },
	.references = { "doi:10.1007/s11416-023-00479-w", NULL },
};

/* ---- what is known of each value ---- */

enum { GROUP_HEART = 1, GROUP_OXYGEN = 2, GROUP_BREATH = 4, GROUP_WARMTH = 8, GROUP_CUFF = 16, GROUP_ARTERY = 32 };

/* near: two sensors on one body may differ by this. leap, and leap_s a second of pause: more than a body does. */
struct sort {
	const char *name;
	size_t n;                                /* bytes of the name */
	unsigned group;
	double near, leap, leap_s, low, high;    /* outside low..high: lead off, artefact, or another unit */
};

#define SORT(name) name, sizeof(name) - 1

static const struct sort sorts[] = {
	{ SORT("heart_rate"), GROUP_HEART, 20, 40, 1, 5, 350 },
	{ SORT("pulse_rate"), GROUP_HEART, 20, 40, 1, 5, 350 },
	{ SORT("spo2"), GROUP_OXYGEN, 6, 12, 0.5, 20, 100 },
	{ SORT("resp_rate"), GROUP_BREATH, 10, 15, 0.2, 2, 150 },
	{ SORT("etco2"), GROUP_BREATH, 12, 20, 0.3, 3, 120 },
	{ SORT("temperature"), GROUP_WARMTH, 1.2, 1.5, 0.01, 20, 45 },
	{ SORT("nibp_sys"), GROUP_CUFF, 30, 50, 0.5, 30, 300 },
	{ SORT("nibp_dia"), GROUP_CUFF, 25, 40, 0.5, 15, 250 },
	{ SORT("nibp_mean"), GROUP_CUFF, 25, 40, 0.5, 20, 270 },
	{ SORT("art_sys"), GROUP_ARTERY, 30, 60, 1, 30, 300 },
	{ SORT("art_dia"), GROUP_ARTERY, 25, 50, 1, 15, 250 },
	{ SORT("art_mean"), GROUP_ARTERY, 25, 50, 1, 20, 270 },
};

/* Numbers that systems write when they know none. */
static const char *const nobody[] = {
	"0", "00", "000", "0000", "00000", "000000", "1", "9999", "99999", "999999", "1234", "12345", "123456", "UNKNOWN",
	"Unknown", "unknown", "NONE", "None", "DEFAULT", "Default", "TEST", "Test", "test", "DEMO", "Demo", "demo", "NA",
	"N/A", "NULL", "ANONYMOUS", "ANON", "PATIENT", "-",
};

enum {
	SETS = 128, WAYS = 8, PARAMS = 12, HISTORY = 512, BUCKETS = 256, RUNS = 64, LATEST = 6, BEFORE = 3,
	RUN_MIN = 12, RUN_STEP = 4, RUN_BITS = 64, RUN_CHANGES = 8, RUN_DISTINCT = 8, RUN_LOOK = 96,
	ALIVE = 12, LOOP_START = 2,
	WEARERS = 256, NOBODY_MAX = 9, BAD_MIN = 4, BOTH_MIN = 3, LEAPS_MIN = 3,
};
#define TICK_NS   UINT64_C(200000000)            /* values of one message, or of packets right behind each other */
#define BUCKET_NS (60 * UINT64_C(1000000000))
#define FRESH_NS  (120 * UINT64_C(1000000000))
#define APART_NS  (60 * UINT64_C(1000000000))    /* another's values again, not on their way through a gateway */

struct point {
	double v;
	uint64_t ts;
};

/* What each value looks at lies in front, in 64 bytes; of the points it writes one. */
struct param {
	const struct sort *sort;                 /* NULL: free */
	uint32_t id;                             /* of name and channel */
	uint8_t n, oldest;                       /* points that there are; place of the oldest, the next to go */
	bool in_tick;
	uint64_t last, bucket;                   /* bucket: minute of low[0], high[0]; [1] is the one before */
	double low[2], high[2];
	struct point latest[LATEST];             /* a ring: point_at */
};

struct versus {                                  /* with the stream in that way of the set */
	uint64_t serial;
	uint32_t good, bad, since;               /* messages; since: ticks of the other at the first bad one */
};

/* One message. 28 bytes, not 32: there are half a million of them. */
struct __attribute__((packed, aligned(4))) said {
	uint64_t hash, ts;
	uint32_t changes, time;                  /* changes up to this one; the device's own time, hashed: 0 none */
	uint32_t older;                          /* the message before it in its bucket: number + 1, 0 none */
};

struct stretch {                                 /* the latest n messages equal those of the other until end */
	uint32_t end, n;
};

struct runs {
	uint64_t of;                             /* serial of the other */
	uint32_t n;
	struct stretch v[RUNS];
};

struct stream {
	uint64_t key, serial;                    /* key: of the subject; its set's, too */
	uint32_t device;
	uint32_t unused;                         /* of params, in front */
	struct addr from, to;
	struct mac card;                         /* of the sender; zero: behind a router, any */
	const char *same;                        /* "patient", "device", "bed" or "address" */
	uint64_t first, last;
	bool looping;                            /* it repeated itself from its beginning: a demonstration */
	/* the message that is being gathered */
	struct origin at;
	uint64_t tick_hash, tick_ts;             /* tick_ts 0: none */
	uint32_t tick_time;
	uint32_t n, changes;                     /* messages gathered in all; the latest HISTORY are kept */
	uint32_t bucket[BUCKETS];                /* the latest message with such a hash: number + 1 */
	struct finding *replay;                  /* of the run that goes on; NULL: none */
	struct versus versus[WAYS];
	/* what follows is not cleared when the place is given to another */
	struct param params[PARAMS];
	struct runs runs[WAYS];                  /* with the stream in that way of the set */
	struct said said[HISTORY];
};

/* The keys lie together: most ways are passed over without a look at their streams, which are far apart. */
struct set {
	uint64_t key[WAYS];                      /* of the stream; 0: free */
	struct stream way[WAYS];
};

struct wearer {                                  /* whose values a device was last said to measure */
	uint64_t device, patient, ts;            /* their keys; device 0: free; patient 0: of several at once */
};

struct state {
	struct hash_key key;
	struct token nobody[ARRAY_LEN(nobody)];
	uint64_t serial;
	struct recent {                          /* values come in bunches: who the last was of */
		struct stream *stream;
		uint64_t packet, flow;
		uint32_t file;
		struct token subject;
		struct span device;              /* borrowed: compared only within the same packet */
		bool to_server;
		unsigned next;                   /* place in params of the kind that came behind the last one */
	} recent;
	struct wearer wearers[WEARERS];
	struct set sets[SETS];
	struct curves curves;
};

enum kind { KIND_TWO, KIND_LEAP, KIND_REPLAY };

struct facts {
	enum kind kind;
	struct addr from, to, other;
	const char *same;
	uint32_t messages;
	double lag;                              /* s */
	bool by_other, old_times;
};

static void start(struct run *d)
{
	struct state *s = d->state;
	struct keyring *k = detect_host(d)->keyring;
	s->key = keyring_hash_key(k);
	for (size_t i = 0; i < ARRAY_LEN(nobody); i++)
		s->nobody[i] = keyring_token(k, span_str(nobody[i]));
}

static const struct sort *sort_of(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(sorts); i++)
		if (name.n == sorts[i].n && memcmp(name.p, sorts[i].name, name.n) == 0)
			return &sorts[i];
	return NULL;
}

/* ---- who is it about ---- */

static bool is_somebody(const struct state *s, const struct token *t)
{
	for (size_t i = 0; t->len <= NOBODY_MAX && i < ARRAY_LEN(nobody); i++)
		if (s->nobody[i].len == t->len && memcmp(s->nobody[i].hash, t->hash, TOKEN_HASH) == 0)
			return false;
	return t->len > 0;
}

static uint64_t key_of_bytes(const struct state *s, enum subject kind, struct span bytes)
{
	struct hash_key k = { s->key.k0 ^ (uint64_t)kind, s->key.k1 };
	uint64_t h = hash64(k, bytes);
	return h ? h : 1;
}

static void wearer_note(struct state *s, uint64_t device, uint64_t patient, uint64_t ts)
{
	struct wearer *w = &s->wearers[device % WEARERS];
	bool several = w->device == device && w->patient != patient && ts < w->ts + FRESH_NS;
	*w = (struct wearer){ device, several ? 0 : patient, ts };
}

/* Whoever leaves the patient out, but names the device, speaks of the same. */
static uint64_t wearer_of(const struct state *s, uint64_t device, uint64_t ts)
{
	const struct wearer *w = &s->wearers[device % WEARERS];
	return w->device == device && w->patient && ts < w->ts + FRESH_NS ? w->patient : device;
}

static uint64_t subject_of(const struct run *d, const struct record *r, const char **same)
{
	struct state *s = d->state;
	struct token patient = record_get_token(r, (unsigned)d->col[SUBJECT]);
	struct token bed = record_get_token(r, (unsigned)d->col[BED]);
	struct span device = record_get_text(r, (unsigned)d->col[DEVICE]);
	uint64_t worn = device.n ? key_of_bytes(s, OF_DEVICE, device) : 0;
	*same = "patient";
	if (is_somebody(s, &patient)) {
		uint64_t key = key_of_bytes(s, OF_PATIENT, span_of(patient.hash, TOKEN_HASH));
		if (worn)
			wearer_note(s, worn, key, r->at->ts);
		return key;
	}
	*same = "device";
	if (worn)
		return wearer_of(s, worn, r->at->ts);
	*same = "bed";
	if (is_somebody(s, &bed))
		return key_of_bytes(s, OF_BED, span_of(bed.hash, TOKEN_HASH));
	*same = "address";
	return key_of_bytes(s, OF_ADDRESS, span_of(r->at->src.b, sizeof(r->at->src.b)));
}

static struct set *set_of(struct run *d, uint64_t key)
{
	return &((struct state *)d->state)->sets[key % SETS];
}

static bool is_same_device(const struct run *d, uint32_t a, uint32_t b)
{
	return a != DEVICE_NONE && b != DEVICE_NONE && device_root(d->devices, a) == device_root(d->devices, b);
}

static bool is_same_sender(const struct run *d, const struct stream *x, const struct stream *y)
{
	if (!addr_eq(x->from, y->from))
		return is_same_device(d, x->device, y->device);
	/* Another card with its address may be somebody who says to be it. */
	return mac_is_zero(x->card) || mac_is_zero(y->card) || mac_eq(x->card, y->card);
}

/* It is given values of this subject itself: a central station or engine that hands them on, however long the chain. */
static bool hands_on(struct run *d, const struct stream *x)
{
	const struct set *set = set_of(d, x->key);
	for (unsigned i = 0; i < WAYS; i++) {
		const struct stream *z = &set->way[i];
		if (z != x && set->key[i] == x->key && !is_same_sender(d, x, z) &&
		    (addr_eq(z->to, x->from) || is_same_device(d, device_by_addr(d->devices, z->to), x->device)))
			return true;
	}
	return false;
}

/* Two of one subject that are at odds when they contradict each other. */
static bool are_rivals(struct run *d, const struct stream *x, const struct stream *y)
{
	return y != x && !is_same_sender(d, x, y) && !hands_on(d, x) && !hands_on(d, y);
}

/* For a new stream: the last free one, else the one that was silent longest. */
static unsigned place_of(const struct set *set)
{
	unsigned best = 0;
	for (unsigned i = 0; i < WAYS; i++)
		if (!set->key[i] || (set->key[best] && set->way[i].last < set->way[best].last))
			best = i;
	return best;
}

static struct stream *stream_find(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	const char *same;
	uint64_t key = subject_of(d, r, &same);
	struct set *set = set_of(d, key);
	struct mac card = r->at->smac;
	for (unsigned i = 0; i < WAYS; i++) {
		struct stream *x = &set->way[i];
		if (set->key[i] == key && addr_eq(x->from, r->at->src) && addr_eq(x->to, r->at->dst) &&
		    (mac_eq(x->card, card) || mac_is_zero(x->card)))
			return x;
	}
	unsigned place = place_of(set);
	struct stream *best = &set->way[place];
	if (set->key[place] && best->last + FRESH_NS > r->at->ts)
		detect_dropped(d);               /* it was not over yet */
	memset(best, 0, offsetof(struct stream, params));
	best->unused = PARAMS;
	best->key = set->key[place] = key;
	best->serial = ++s->serial;
	best->device = device_sender(d->devices, r->at);
	best->card = zone_is_router(d->zones, card) ? (struct mac){ { 0 } } : card;
	best->from = r->at->src;
	best->to = r->at->dst;
	best->same = same;
	best->first = r->at->ts;
	return best;
}

/* Whether the value is of the same message and subject as the one before it. */
static bool is_recent(const struct run *d, const struct recent *m, const struct record *r)
{
	static const struct token none;
	unsigned subject = (unsigned)d->col[SUBJECT];
	const struct token *t = record_has(r, subject) ? &r->v[subject].token : &none;
	struct span device = record_get_text(r, (unsigned)d->col[DEVICE]);
	const struct origin *at = r->at;
	if (!m->stream || at->packet != m->packet || at->flow != m->flow || at->file != m->file ||
	    at->to_server != m->to_server || !at->flow || t->len != m->subject.len ||
	    memcmp(t->hash, m->subject.hash, TOKEN_HASH) != 0)
		return false;
	return (device.p == m->device.p && device.n == m->device.n) || span_eq(device, m->device);
}

/* The values of a message are about to be compared with what is kept of their kinds: all asked of memory at once. */
static void stream_fetch(const struct stream *x)
{
	for (unsigned i = x->unused; i < PARAMS; i++) {
		const struct param *p = &x->params[i];
		__builtin_prefetch(p, 1);
		__builtin_prefetch(&p->latest[LATEST - 1], 1);
	}
	__builtin_prefetch(&x->said[x->n % HISTORY], 1);
}

static struct stream *stream_of(struct run *d, const struct record *r)
{
	struct recent *m = &((struct state *)d->state)->recent;
	const struct origin *at = r->at;
	*m = (struct recent){ .stream = stream_find(d, r), .packet = at->packet, .flow = at->flow, .file = at->file,
			      .subject = record_get_token(r, (unsigned)d->col[SUBJECT]),
			      .device = record_get_text(r, (unsigned)d->col[DEVICE]), .to_server = at->to_server,
			      .next = PARAMS - 1 };
	stream_fetch(m->stream);
	return m->stream;
}

static struct facts *facts_of(struct run *d, const struct stream *x, enum kind kind, struct addr other,
			       struct finding **out)
{
	static const char *const words[] = { [KIND_TWO] = "two", [KIND_LEAP] = "leap", [KIND_REPLAY] = "again" };
	char from[ADDR_TEXT], to[ADDR_TEXT];
	struct finding *f = detect_finding(d, x->device, &x->at, "%s %s %s", words[kind], addr_text(x->from, from),
					   addr_text(other, to));
	struct facts *y = f ? detect_own(d, f, sizeof(*y)) : NULL;
	*out = f;
	if (!y)
		return NULL;
	y->kind = kind;
	y->from = x->from;
	y->to = x->to;
	y->other = other;
	y->same = x->same;
	return y;
}

/* ---- two senders ---- */

/* What the other said of late, about a minute or two of it: a gateway may hold values back as long. */
static bool lately(const struct param *p, uint64_t now, double *low, double *high)
{
	if (now > p->last + FRESH_NS)
		return false;
	bool two = p->low[1] <= p->high[1];
	*low = two && p->low[1] < p->low[0] ? p->low[1] : p->low[0];
	*high = two && p->high[1] > p->high[0] ? p->high[1] : p->high[0];
	return true;
}

/* The i-th of the latest points, the last of LATEST is the latest; before there are so many, the first are zero. */
static const struct point *point_at(const struct param *p, unsigned i)
{
	unsigned k = p->oldest + i;
	return &p->latest[k < LATEST ? k : k - LATEST];
}

static void compare(const struct stream *x, const struct stream *y, unsigned *good, unsigned *bad)
{
	for (unsigned i = x->unused; i < PARAMS; i++) {
		const struct param *p = &x->params[i];
		for (unsigned k = y->unused; p->in_tick && k < PARAMS; k++) {
			double low, high, v = point_at(p, LATEST - 1)->v;
			if (y->params[k].sort != p->sort || !lately(&y->params[k], x->tick_ts, &low, &high))
				continue;
			bool near = v >= low - p->sort->near && v <= high + p->sort->near;
			*good += near;
			*bad += !near;
		}
	}
}

/* The one that came later is measured by the one that was there. */
static void compare_senders(struct run *d, struct stream *x)
{
	const struct set *set = set_of(d, x->key);
	for (unsigned w = 0; w < WAYS; w++) {
		const struct stream *y = &set->way[w];
		struct versus *v = &x->versus[w];
		if (set->key[w] != x->key || x->serial <= y->serial || !are_rivals(d, x, y))
			continue;
		if (v->serial != y->serial)
			*v = (struct versus){ .serial = y->serial };
		unsigned good = 0, bad = 0;
		compare(x, y, &good, &bad);
		if (!bad) {
			v->good += good > 0;
			continue;
		}
		if (!v->bad++)
			v->since = y->n;
		if (v->bad < BAD_MIN || v->bad <= v->good || y->n - v->since < BOTH_MIN)
			continue;
		struct finding *f;
		struct facts *k = facts_of(d, x, KIND_TWO, y->from, &f);
		if (k)
			k->messages = v->bad > k->messages ? v->bad : k->messages;
	}
}

/* ---- leaps ---- */

static void spread(const struct param *p, unsigned from, unsigned until, double *low, double *high, double *mean)
{
	*low = *high = point_at(p, from)->v;
	*mean = 0;
	for (unsigned i = from; i < until; i++) {
		double v = point_at(p, i)->v;
		*low = v < *low ? v : *low;
		*high = v > *high ? v : *high;
		*mean += v / (until - from);
	}
}

/* Steady, a leap, steady again: what an artefact is not. No pause in which a sensor or a patient could be changed. */
static bool has_leapt(const struct param *p)
{
	const struct point *first = point_at(p, 0), *last = point_at(p, BEFORE - 1), *then = point_at(p, BEFORE);
	double low[2], high[2], mean[2], step = then->v - last->v;
	if (p->n < LATEST || (step < 0 ? -step : step) < p->sort->leap - p->sort->near)
		return false;
	spread(p, 0, BEFORE, &low[0], &high[0], &mean[0]);
	spread(p, BEFORE, LATEST, &low[1], &high[1], &mean[1]);
	uint64_t usual = (last->ts - first->ts) / (BEFORE - 1), pause = then->ts - last->ts;
	if (pause > 2 * usual + TICK_NS || pause > FRESH_NS)
		return false;
	double by = mean[1] > mean[0] ? mean[1] - mean[0] : mean[0] - mean[1];
	return by > p->sort->leap + p->sort->leap_s * (double)pause / 1e9 && high[0] - low[0] <= p->sort->near / 2 &&
	       high[1] - low[1] <= p->sort->near / 2;
}

/* A simulator's values stand still until its setting is changed. */
static bool was_alive(const struct stream *x)
{
	for (unsigned i = x->unused; i < PARAMS; i++) {
		const struct param *p = &x->params[i];
		double v[3] = { point_at(p, 0)->v, point_at(p, 1)->v, point_at(p, 2)->v };
		if (p->n == LATEST && (v[0] < v[1] || v[0] > v[1] || v[1] < v[2] || v[1] > v[2]))
			return true;
	}
	return false;
}

static void look_for_leaps(struct run *d, const struct stream *x)
{
	unsigned groups = 0;
	uint64_t when = 0;
	for (unsigned i = x->unused; i < PARAMS; i++) {
		const struct param *p = &x->params[i];
		if (!p->in_tick || !has_leapt(p) || (when && point_at(p, BEFORE)->ts != when))
			continue;
		when = point_at(p, BEFORE)->ts;
		groups |= p->sort->group;
	}
	unsigned n = (unsigned)__builtin_popcount(groups);
	if ((n < LEAPS_MIN && !(n == LEAPS_MIN - 1 && groups & GROUP_WARMTH)) || x->looping || !was_alive(x))
		return;
	struct finding *f;
	struct facts *k = facts_of(d, x, KIND_LEAP, x->to, &f);
	if (k)
		k->messages = n > k->messages ? n : k->messages;
}

/* ---- the same again ---- */

static const struct said *said_at(const struct stream *x, uint32_t i)
{
	return &x->said[i % HISTORY];
}

/* The first message that is still kept. */
static uint32_t said_from(const struct stream *x)
{
	return x->n > HISTORY ? x->n - HISTORY : 0;
}

static unsigned log2_floor(uint32_t v)
{
	return v ? 31u - (unsigned)__builtin_clz(v) : 0;
}

/* How little likely it is that the latest `run` messages of x equal earlier ones of y by chance: those that differ from
 * the one before, each by how rare it is in y. */
static bool is_telling(const struct stream *x, const struct stream *y, unsigned run)
{
	unsigned look = run < RUN_LOOK ? run : RUN_LOOK, bits = 0, distinct = 0;
	uint32_t kept = y->n < HISTORY ? y->n : HISTORY;
	if (run % RUN_STEP)
		return false;                    /* asked again with the next messages */
	for (unsigned i = 0; i < look; i++) {
		bool again = false;
		for (unsigned k = 0; k < i && !again; k++)
			again = said_at(x, x->n - 1 - k)->hash == said_at(x, x->n - 1 - i)->hash;
		distinct += !again;
	}
	for (unsigned i = 0; distinct >= RUN_DISTINCT && i < look && bits < RUN_BITS; i++) {
		uint64_t h = said_at(x, x->n - 1 - i)->hash;
		uint32_t count = 0;
		if (i + 1 < look && said_at(x, x->n - 2 - i)->hash == h)
			continue;
		for (uint32_t k = 0; k < kept; k++)
			count += y->said[k].hash == h;
		bits += log2_floor(count ? kept / count : kept);
	}
	return bits >= RUN_BITS;
}

/* The stretch took about as long as it did then: what a queue is emptied of after an outage comes in a hurry. */
static bool is_same_pace(const struct stream *x, const struct stream *y, uint32_t end, unsigned run)
{
	uint64_t now = said_at(x, x->n - 1)->ts - said_at(x, x->n - run)->ts;
	uint64_t then = said_at(y, end)->ts - said_at(y, end + 1 - run)->ts;
	return now / 2 <= then && then / 2 <= now && now > TICK_NS;
}

static unsigned old_times(const struct stream *x, const struct stream *y, uint32_t end, unsigned run)
{
	unsigned n = 0;
	for (unsigned i = 0; i < run; i++) {
		uint32_t t = said_at(x, x->n - 1 - i)->time;
		n += t && t == said_at(y, end - i)->time;
	}
	return n;
}

/* end: number of the message of y that the latest of x equals, run: for how many this has been so. */
static void judge_run(struct run *d, struct stream *x, const struct stream *y, uint32_t end, unsigned run)
{
	bool by_other = y != x;
	uint32_t begin = end + 1 - run;
	if (begin < said_from(y))
		run = end + 1 - said_from(y);    /* the rest is not kept any more */
	if (x->changes - said_at(x, x->n - run)->changes < RUN_CHANGES || x->looping)
		return;
	if (!by_other && begin <= LOOP_START) {
		x->looping = is_telling(x, y, run);
		return;
	}
	uint64_t apart = said_at(x, x->n - 1)->ts - said_at(y, end)->ts;
	if ((by_other ? apart < APART_NS : begin < ALIVE) || !is_same_pace(x, y, end, run))
		return;
	if (!x->replay && !is_telling(x, y, run))
		return;
	struct finding *f;
	struct facts *k = facts_of(d, x, KIND_REPLAY, x->to, &f);
	if (!k)
		return;
	x->replay = f;
	if (run < k->messages)
		return;
	k->messages = run;
	k->lag = (double)apart / 1e9;
	k->by_other = by_other;
	k->old_times = 2 * old_times(x, y, end, run) > run;
	k->other = y->from;
}

/* The stretches of y that go on with the message that x just gathered, and those that begin with it. */
static void extend_runs(struct stream *x, const struct stream *y, struct runs *r)
{
	uint64_t h = said_at(x, x->n - 1)->hash, marks[HISTORY / 64] = { 0 };
	uint32_t from = said_from(y), until = x != y ? y->n : x->n > RUN_MIN ? x->n - RUN_MIN : 0, n = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		uint32_t end = r->v[i].end + 1;
		if (end < from || end >= until || said_at(y, end)->hash != h)
			continue;
		r->v[n++] = (struct stretch){ end, r->v[i].n + 1 };
		marks[end % HISTORY / 64] |= UINT64_C(1) << (end % 64);
	}
	uint32_t next = y->bucket[h % BUCKETS];
	for (unsigned turns = 0; next > from && turns < HISTORY && n < RUNS; turns++) {
		uint32_t i = next - 1;
		next = said_at(y, i)->older;
		bool marked = marks[i % HISTORY / 64] >> (i % 64) & 1;
		if (i < until && !marked && said_at(y, i)->hash == h)
			r->v[n++] = (struct stretch){ i, 1 };
	}
	r->n = n;
}

/* The longest, and of these the latest. */
static struct stretch longest_of(const struct runs *r)
{
	struct stretch best = { 0, 0 };
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i].n > best.n || (r->v[i].n == best.n && r->v[i].end > best.end))
			best = r->v[i];
	return best;
}

static void look_for_replay(struct run *d, struct stream *x)
{
	const struct set *set = set_of(d, x->key);
	struct stretch longest = { 0, 0 };
	unsigned whose = 0;
	for (unsigned w = 0; w < WAYS; w++) {
		const struct stream *y = &set->way[w];
		if (y != x && (set->key[w] != x->key || !are_rivals(d, x, y)))
			continue;
		struct runs *r = &x->runs[w];
		if (r->of != y->serial) {
			r->of = y->serial;
			r->n = 0;
		}
		extend_runs(x, y, r);
		struct stretch best = longest_of(r);
		if (best.n > longest.n) {
			longest = best;
			whose = w;
		}
	}
	if (longest.n < RUN_MIN)
		x->replay = NULL;
	else
		judge_run(d, x, &set->way[whose], longest.end, longest.n);
}

/* ---- gathering ---- */

static void tick_close(struct run *d, struct stream *x)
{
	if (!x->tick_ts)
		return;
	x->changes += x->n == 0 || said_at(x, x->n - 1)->hash != x->tick_hash;
	uint32_t *bucket = &x->bucket[x->tick_hash % BUCKETS];
	x->said[x->n++ % HISTORY] = (struct said){ x->tick_hash, x->tick_ts, x->changes, x->tick_time, *bucket };
	*bucket = x->n;
	compare_senders(d, x);
	look_for_leaps(d, x);
	look_for_replay(d, x);
	x->tick_ts = 0;
	x->tick_hash = 0;
	for (unsigned k = x->unused; k < PARAMS; k++)
		x->params[k].in_tick = false;
}

static struct param *param_of(struct stream *x, const struct sort *sort, uint32_t id)
{
	for (unsigned i = x->unused; i < PARAMS; i++)
		if (x->params[i].sort == sort && x->params[i].id == id)
			return &x->params[i];
	struct param *best = &x->params[x->unused ? x->unused - 1 : 0];
	for (unsigned i = 1; !x->unused && i < PARAMS; i++)
		if (x->params[i].last < best->last)
			best = &x->params[i];
	x->unused -= x->unused > 0;
	*best = (struct param){ .sort = sort, .id = id, .low = { 1, 1 }, .high = { 0, 0 } };
	return best;
}

static void param_add(struct param *p, double v, uint64_t ts)
{
	uint64_t bucket = ts / BUCKET_NS;
	if (bucket != p->bucket || p->n == 0) {
		bool next = p->n && bucket == p->bucket + 1;
		p->low[1] = next ? p->low[0] : 1;
		p->high[1] = next ? p->high[0] : 0;
		p->low[0] = p->high[0] = v;
		p->bucket = bucket;
	}
	p->low[0] = v < p->low[0] ? v : p->low[0];
	p->high[0] = v > p->high[0] ? v : p->high[0];
	p->latest[p->oldest] = (struct point){ v, ts };
	p->oldest = p->oldest + 1 < LATEST ? (uint8_t)(p->oldest + 1) : 0;
	p->n = p->n < LATEST ? (uint8_t)(p->n + 1) : p->n;
	p->last = ts;
	p->in_tick = true;
}

/* Not keyed: channels are few, and whose they are is known. */
static uint32_t channel_of(struct span s)
{
	uint64_t h = s.n;
	struct rd r = rd_of(s);
	while (rd_left(&r) > 8)
		h = (h ^ rd_le64(&r)) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ span_last8(s)) * UINT64_C(0x9e3779b97f4a7c15);
	return s.n ? (uint32_t)(h >> 32) : 0;
}

/* Of one value, keyed; added up they do not depend on the order of values in the message (mixer of splitmix64). */
static uint64_t mixed(uint64_t key, double v)
{
	uint64_t z;
	memcpy(&z, &v, sizeof(z));
	z = (z ^ key) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27 ^ key >> 3) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The kind of value that came behind the last one before, in the same message: most come in the same order. */
static struct param *param_next(const struct recent *m, struct span name, uint32_t id)
{
	struct param *p = &m->stream->params[m->next];
	bool fits = m->next >= m->stream->unused && p->id == id && name.n == p->sort->n &&
		    memcmp(name.p, p->sort->name, name.n) == 0;
	return fits ? p : NULL;
}

static void on_vitals(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct recent *m = &s->recent;
	if (!r->at || !r->at->src.family)
		return;
	bool again = is_recent(d, m, r);
	struct span name = record_get_text(r, (unsigned)d->col[NAME]);
	uint32_t id = channel_of(record_get_text(r, (unsigned)d->col[CHANNEL]));
	struct param *p = again ? param_next(m, name, id) : NULL;
	const struct sort *sort = p ? p->sort : sort_of(name);
	double v = record_get_real(r, (unsigned)d->col[VALUE]);
	if (!sort || !(v >= sort->low && v <= sort->high))
		return;
	struct stream *x = again ? m->stream : stream_of(d, r);
	p = p ? p : param_of(x, sort, id);
	m->next = p > &x->params[x->unused] ? (unsigned)(p - x->params) - 1 : PARAMS - 1;
	if (x->tick_ts && (p->in_tick || r->at->ts > x->tick_ts + TICK_NS))
		tick_close(d, x);
	if (!x->tick_ts) {
		struct span time = record_get_text(r, (unsigned)d->col[TIME]);
		x->tick_ts = r->at->ts ? r->at->ts : 1;
		x->at = *r->at;
		x->tick_time = time.n ? (uint32_t)hash64(s->key, time) | 1 : 0;
	}
	param_add(p, v, x->tick_ts);
	x->last = r->at->ts;
	x->tick_hash += mixed(s->key.k0 ^ (uint64_t)id << 8 ^ (uint64_t)(sort - sorts), v);
}

static void on_waveform(struct run *d, const struct record *r)
{
	waveform_replay_take(d, &((struct state *)d->state)->curves, r);
}

/* ---- judging ---- */

static const char *title_of(struct run *d, const struct finding *f, const struct facts *k)
{
	const char *who = detect_who(d, f->device, k->from);
	switch (k->kind) {
	case KIND_TWO:
		return detect_text(d, "%s and %s report different values of the same %s at the same time (%u messages)", who,
				   detect_where(d, k->other, 0), k->same, k->messages);
	case KIND_LEAP:
		return detect_text(d, "%s sent %u kinds of values that leapt together, faster than a body does", who, k->messages);
	case KIND_REPLAY:
		break;
	}
	const char *whose = k->by_other ? detect_text(d, " that %s had sent", detect_where(d, k->other, 0)) : "";
	return detect_text(d, "%s sent %u messages in a row with the very values%s %.0f minutes before%s", who, k->messages,
			   whose, k->lag / 60, k->old_times ? ", and their old times" : "");
}

static void judge(struct run *d, struct finding *f, const struct facts *k)
{
	static const char *const traits[] = {
		[KIND_TWO] = "two senders", [KIND_LEAP] = "leap", [KIND_REPLAY] = "same values again",
	};
	f->severity = k->kind == KIND_LEAP ? SEV_MEDIUM : SEV_HIGH;
	f->confidence = k->kind == KIND_LEAP ? 0.6 : k->kind == KIND_TWO ? 0.8 : k->by_other || k->old_times ? 0.95 : 0.8;
	record_addr(f->observed, OBS_SOURCE, k->from);
	record_addr(f->observed, OBS_ADDRESS, k->kind == KIND_TWO ? k->other : k->to);
	record_uint(f->observed, OBS_MESSAGES, k->messages);
	detect_list(f, OBS_TRAITS, traits[k->kind]);
	if (k->kind == KIND_TWO)
		detect_list(f, OBS_TRAITS, detect_text(d, "same %s", k->same));
	if (k->kind == KIND_REPLAY) {
		record_real(f->observed, OBS_PERIOD, k->lag);
		detect_list(f, OBS_TRAITS, k->by_other ? "of another sender" : "of its own");
		if (k->old_times)
			detect_list(f, OBS_TRAITS, "old times");
	}
	f->title = title_of(d, f, k);
}

static void finish(struct run *d)
{
	struct state *s = d->state;
	for (unsigned i = 0; i < SETS * WAYS; i++)
		if (s->sets[i / WAYS].key[i % WAYS])
			tick_close(d, &s->sets[i / WAYS].way[i % WAYS]);
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f))
		if (f->own && !waveform_replay_judge(d, f))
			judge(d, f, f->own);
}

static const struct on on[] = { { "vitals", on_vitals }, { "waveform", on_waveform }, { NULL, NULL } };

const struct detector detector_vitals_conflict = {
	.name = "net.vitals-conflict", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.start = start, .finish = finish,
};
