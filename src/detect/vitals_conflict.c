/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.vitals-conflict: measured values that cannot all be true. Two senders report one patient, device or bed and
 * contradict each other; several values leap at once, faster than bodies do; a stretch of earlier values comes again.
 * It works on vitals records and knows no protocol. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/vitals_conflict.h"
#include "detect/waveform_replay.h"

static const struct want wants[] = {
	[WANT_NAME] = { "vitals", "name" },
	[WANT_VALUE] = { "vitals", "value" },
	[WANT_SUBJECT] = { "vitals", "patient_id" },
	[WANT_CHANNEL] = { "vitals", "sub_id" },
	[WANT_TIME] = { "vitals", "device_time" },
	[WANT_DEVICE] = { "vitals", "device" },
	[WANT_BED] = { "vitals", "bed" },
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

#define BUCKET_NS (60 * UINT64_C(1000000000))

struct state {
	struct conflict_state streams;
	struct curves curves;
};

static bool is_sort(const struct sort *s, struct span name)
{
	return name.n && name.n == s->n && memcmp(name.p, s->name, name.n) == 0;
}

static const struct sort *sort_of(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(sorts); i++)
		if (is_sort(&sorts[i], name))
			return &sorts[i];
	return NULL;
}

/* ---- gathering ---- */

static void tick_close(struct run *d, struct conflict_stream *x)
{
	if (!x->tick_ts)
		return;
	x->changes += x->n == 0 || conflict_said(x, x->n - 1)->hash != x->tick_hash;
	uint32_t *bucket = &x->bucket[x->tick_hash % CONFLICT_BUCKETS];
	x->said[x->n++ % CONFLICT_HISTORY] = (struct said){ x->tick_hash, x->tick_ts, x->changes, x->tick_time, *bucket };
	*bucket = x->n;
	conflict_compare(d, x);
	conflict_leaps(d, x);
	conflict_replay(d, x);
	x->tick_ts = 0;
	x->tick_hash = 0;
	for (unsigned k = x->unused; k < CONFLICT_PARAMS; k++)
		x->params[k].in_tick = false;
}

static struct param *param_of(struct conflict_stream *x, const struct sort *sort, uint32_t id)
{
	for (unsigned i = x->unused; i < CONFLICT_PARAMS; i++)
		if (x->params[i].sort == sort && x->params[i].id == id)
			return &x->params[i];
	struct param *best = &x->params[x->unused ? x->unused - 1 : 0];
	for (unsigned i = 1; !x->unused && i < CONFLICT_PARAMS; i++)
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
	p->oldest = p->oldest + 1 < CONFLICT_LATEST ? (uint8_t)(p->oldest + 1) : 0;
	p->n = p->n < CONFLICT_LATEST ? (uint8_t)(p->n + 1) : p->n;
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
	return m->next >= m->stream->unused && p->id == id && is_sort(p->sort, name) ? p : NULL;
}

static void on_vitals(struct run *d, const struct record *r)
{
	struct conflict_state *s = d->state;
	struct recent *m = &s->recent;
	if (!r->at || !r->at->src.family)
		return;
	bool again = conflict_is_recent(d, m, r);
	struct span name = record_get_text(r, (unsigned)d->col[WANT_NAME]);
	uint32_t id = channel_of(record_get_text(r, (unsigned)d->col[WANT_CHANNEL]));
	struct param *p = again ? param_next(m, name, id) : NULL;
	const struct sort *sort = p ? p->sort : sort_of(name);
	double v = record_get_real(r, (unsigned)d->col[WANT_VALUE]);
	if (!sort || !(v >= sort->low && v <= sort->high))
		return;
	struct conflict_stream *x = again ? m->stream : conflict_stream_of(d, r);
	p = p ? p : param_of(x, sort, id);
	m->next = p > &x->params[x->unused] ? (unsigned)(p - x->params) - 1 : CONFLICT_PARAMS - 1;
	if (x->tick_ts && (p->in_tick || r->at->ts > x->tick_ts + CONFLICT_TICK_NS))
		tick_close(d, x);
	if (!x->tick_ts) {
		struct span time = record_get_text(r, (unsigned)d->col[WANT_TIME]);
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

static const char *title_of(struct run *d, const struct finding *f, const struct conflict_facts *k)
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

static void judge(struct run *d, struct finding *f, const struct conflict_facts *k)
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
	struct conflict_state *s = d->state;
	for (unsigned i = 0; i < CONFLICT_SETS * CONFLICT_WAYS; i++)
		if (s->sets[i / CONFLICT_WAYS].key[i % CONFLICT_WAYS])
			tick_close(d, &s->sets[i / CONFLICT_WAYS].way[i % CONFLICT_WAYS]);
	for (struct finding *f = detect_next(d, NULL); f; f = detect_next(d, f))
		if (f->own && !waveform_replay_judge(d, f))
			judge(d, f, f->own);
}

static const struct on on[] = { { "vitals", on_vitals }, { "waveform", on_waveform }, { NULL, NULL } };

const struct detector detector_vitals_conflict = {
	.name = "net.vitals-conflict", .rule = &rule, .on = on, .wants = wants, .state_size = sizeof(struct state),
	.start = conflict_start, .finish = finish,
};
