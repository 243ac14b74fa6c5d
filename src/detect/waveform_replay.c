/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A living body gives no stretch twice: noise alone sees to that. Told is a row of stretches that another row equals,
 * one for one and in the same pace, minutes apart, each of which the first telling held only once. Quiet are copies on
 * their way (right behind the first), queues that are emptied (faster than they were filled), gateways that hand on,
 * and whatever goes round and round: a demonstration or a simulator is back at its own beginning when it ends. */
#include "detect/waveform_replay.h"

#include "base/scope.h"

enum { TELLING = 6, TURNS = 64, ROUND = 4, ADDRESS = 1, BED, DEVICE, SUBJECT };
#define SECOND_NS  UINT64_C(1000000000)
#define LASTS_NS   (10 * SECOND_NS)              /* a row takes at least as long */
#define OWN_NS     (20 * SECOND_NS)              /* and is as far from what it repeats of its own sender */
#define OTHERS_NS  (60 * SECOND_NS)              /* or of another: a gateway is quicker */

struct facts {
	struct addr from, to, other;
	const char *names[4];                    /* of curves */
	unsigned nnames, curves;                 /* curves: those that do not loop */
	uint32_t stretches;
	double lasts, lag;                       /* s */
	bool by_other;
};

/* ---- whose curve ---- */

static uint64_t add_to(struct hash_key k, uint64_t h, struct span s)
{
	struct hash_key mixed = { k.k0 ^ h, k.k1 };
	return hash64(mixed, s);
}

/* Of the subject, told as well as the message does, and which of its curves. */
static uint64_t key_of(struct run *d, const struct record *r)
{
	struct hash_key k = keyring_hash_key(detect_host(d)->keyring);
	struct token patient = record_get_token(r, WAVEFORM_SUBJECT), bed = record_get_token(r, WAVEFORM_BED);
	struct span device = record_get_text(r, WAVEFORM_DEVICE);
	const struct addr *to = &r->at->dst, *from = &r->at->src;
	uint64_t h;
	if (patient.len)
		h = add_to(k, SUBJECT, span_of(patient.hash, TOKEN_HASH));
	else if (device.n)
		h = add_to(k, DEVICE, device);
	else if (bed.len)
		h = add_to(k, add_to(k, BED, span_of(bed.hash, TOKEN_HASH)), span_of(to->b, sizeof(to->b)));
	else
		h = add_to(k, ADDRESS, span_of(from->b, sizeof(from->b)));
	h = add_to(k, h, record_get_text(r, WAVEFORM_NAME));
	h = add_to(k, h, record_get_text(r, WAVEFORM_SUB_ID));
	return h ? h : 1;
}

static bool is_same_device(const struct run *d, uint32_t a, uint32_t b)
{
	return a != DEVICE_NONE && b != DEVICE_NONE && device_root(d->devices, a) == device_root(d->devices, b);
}

static bool is_same_sender(const struct run *d, const struct curve *x, const struct curve *y)
{
	bool may_be = x->device == DEVICE_NONE || y->device == DEVICE_NONE || mac_eq(x->card, y->card);
	return is_same_device(d, x->device, y->device) || (may_be && addr_eq(x->from, y->from));
}

/* It is given this curve itself. */
static bool hands_on(const struct run *d, const struct curve *set, const struct curve *x)
{
	for (unsigned i = 0; i < CURVE_WAYS; i++) {
		const struct curve *z = &set[i];
		if (z != x && z->key == x->key && !is_same_sender(d, x, z) &&
		    (addr_eq(z->to, x->from) || is_same_device(d, device_by_addr(d->devices, z->to), x->device)))
			return true;
	}
	return false;
}

static struct curve *curve_of(struct run *d, struct curves *s, const struct record *r)
{
	uint64_t key = key_of(d, r);
	struct curve *set = s->v[key % CURVE_SETS], *best = set;
	struct mac card = r->at->smac;
	for (unsigned i = 0; i < CURVE_WAYS; i++) {
		struct curve *x = &set[i];
		if (x->key == key && addr_eq(x->from, r->at->src) && addr_eq(x->to, r->at->dst) &&
		    (mac_eq(x->card, card) || mac_is_zero(x->card)))
			return x;
		if (!x->key || (best->key && x->last < best->last))
			best = x;
	}
	if (best->key && best->last + OTHERS_NS > r->at->ts)
		detect_dropped(d);               /* it was not over yet */
	memset(best, 0, offsetof(struct curve, past));
	best->key = key;
	best->serial = ++s->serial;
	best->device = device_sender(d->devices, r->at);
	best->card = !zone_is_router(d->zones, card) ? card : (struct mac){ { 0 } };
	best->from = r->at->src;
	best->to = r->at->dst;
	return best;
}

/* ---- the same again ---- */

static struct curve_past *past_at(struct curve *x, uint32_t i)
{
	return &x->past[i % CURVE_PAST];
}

static uint32_t past_from(const struct curve *x)
{
	return x->n > CURVE_PAST ? x->n - CURVE_PAST : 0;
}

/* How often y told this stretch, and where last, at least apart_ns ago (number + 1; 0: not). */
static uint32_t times_told(struct curve *y, uint32_t digest, uint64_t before, uint32_t *last)
{
	uint32_t n = 0, next = y->bucket[digest % CURVE_BUCKETS], from = past_from(y);
	*last = 0;
	for (unsigned turns = 0; next > from && turns < TURNS; turns++) {
		const struct curve_past *p = past_at(y, next - 1);
		if (p->digest == digest) {
			n++;
			if (!*last && p->ts <= before)
				*last = next;
		}
		next = p->older;
	}
	return n;
}

static void add_name(struct run *d, struct facts *k, struct span name)
{
	for (unsigned i = 0; i < k->nnames; i++)
		if (span_is(name, k->names[i]))
			return;
	if (k->nnames < ARRAY_LEN(k->names))
		k->names[k->nnames++] = detect_text(d, "%.*s", (int)span_cut(name, 32).n, (const char *)name.p);
}

static void tell(struct run *d, const struct curve *x, struct curve *y, struct curve_run *r, const struct record *rec)
{
	char from[ADDR_TEXT], other[ADDR_TEXT];
	struct finding *f = detect_finding(d, x->device, rec->at, "curve %s %s", addr_text(x->from, from),
					   addr_text(y->from, other));
	struct facts *k = f ? detect_own(d, f, sizeof(*k)) : NULL;
	if (!k)
		return;
	k->curves += !r->finding;
	r->finding = f;
	r->told = true;
	add_name(d, k, record_get_text(rec, WAVEFORM_NAME));
	if (r->n < k->stretches)
		return;
	k->from = x->from;
	k->to = x->to;
	k->other = y->from;
	k->by_other = x != y;
	k->stretches = r->n;
	k->lasts = (double)(rec->at->ts - r->begun) / 1e9;
	k->lag = (double)(rec->at->ts - past_at(y, r->end)->ts) / 1e9;
}

static void take_back(struct run *d, struct curve_run *r)
{
	struct facts *k = r->finding ? detect_own(d, r->finding, sizeof(*k)) : NULL;
	if (k && k->curves)
		k->curves--;
	r->finding = NULL;
	r->told = false;
}

/* It is past the place where it began to repeat itself, and goes on: a loop. What was told of it is taken back,
 * and what was told of others that gave the same: another device of this maker in its demonstration. */
static void end_loop(struct run *d, struct curve *set, struct curve *x)
{
	unsigned own = (unsigned)(x - set);
	x->looping = true;
	for (unsigned i = 0; i < CURVE_WAYS; i++) {
		take_back(d, &x->runs[i]);
		if (set[i].key == x->key && set[i].runs[own].of == x->serial)
			take_back(d, &set[i].runs[own]);
	}
}

/* What was told in the pace in which it comes now. */
static bool is_same_pace(struct curve *y, const struct curve_run *r, uint64_t ts)
{
	uint32_t begin = r->end + 1 - r->n;
	if (begin < past_from(y))
		return true;                     /* was judged while it was kept */
	uint64_t now = ts - r->begun, then = past_at(y, r->end)->ts - past_at(y, begin)->ts;
	return now / 2 <= then && then / 2 <= now && now >= LASTS_NS;
}

static void extend(struct run *d, struct curve *set, struct curve *x, struct curve *y, uint32_t digest,
		   const struct record *rec)
{
	struct curve_run *r = &x->runs[y - set];
	uint64_t ts = rec->at->ts, apart = x == y ? OWN_NS : OTHERS_NS;
	uint32_t last, told = times_told(y, digest, ts > apart ? ts - apart : 0, &last), next = r->end + 1;
	bool goes_on = r->of == y->serial && r->n && next < y->n && next >= past_from(y) &&
		       past_at(y, next)->digest == digest && past_at(y, next)->ts + apart <= ts;
	if (!goes_on && !last) {
		r->n = 0;
		return;
	}
	struct finding *before = r->of == y->serial ? r->finding : NULL;
	if (!goes_on)
		*r = (struct curve_run){ .of = y->serial, .begun = ts, .distance = x->n - (last - 1), .finding = before };
	r->end = goes_on ? next : last - 1;
	r->n++;
	r->telling += told == 1;
	if (x == y && r->n >= r->distance + ROUND)
		end_loop(d, set, x);
	else if (!x->looping && !y->looping && (r->told || (r->telling >= TELLING && is_same_pace(y, r, ts))))
		tell(d, x, y, r, rec);
}

static void look(struct run *d, struct curves *s, struct curve *x, uint32_t digest, const struct record *rec)
{
	struct curve *set = s->v[x->key % CURVE_SETS];
	bool handed = hands_on(d, set, x);
	for (unsigned w = 0; w < CURVE_WAYS; w++) {
		struct curve *y = &set[w];
		bool other = y->key == x->key && y != x && !handed && !is_same_sender(d, x, y) && !hands_on(d, set, y);
		if (y == x || other)
			extend(d, set, x, y, digest, rec);
	}
}

void waveform_replay_take(struct run *d, struct curves *s, const struct record *r)
{
	if (!r->at || !r->at->src.family)
		return;
	struct hash_key key = keyring_hash_key(detect_host(d)->keyring);
	uint32_t digest = (uint32_t)hash64(key, record_get_text(r, WAVEFORM_DIGEST));
	struct curve *x = curve_of(d, s, r);
	look(d, s, x, digest, r);
	uint32_t *bucket = &x->bucket[digest % CURVE_BUCKETS];
	*past_at(x, x->n++) = (struct curve_past){ r->at->ts, digest, *bucket };
	*bucket = x->n;
	x->last = r->at->ts;
}

/* ---- judging ---- */

bool waveform_replay_judge(struct run *d, struct finding *f)
{
	if (strncmp(f->key, "curve ", 6) != 0)
		return false;
	const struct facts *k = f->own;
	f->withdrawn = !k->curves;
	f->severity = SEV_HIGH;
	f->confidence = k->by_other ? 0.95 : 0.8;
	record_addr(f->observed, OBS_SOURCE, k->from);
	record_addr(f->observed, OBS_ADDRESS, k->to);
	record_uint(f->observed, OBS_MESSAGES, k->stretches);
	record_real(f->observed, OBS_PERIOD, k->lag);
	detect_list(f, OBS_TRAITS, "same curve again");
	detect_list(f, OBS_TRAITS, k->by_other ? "of another sender" : "of its own");
	const char *names = "";
	for (unsigned i = 0; i < k->nnames; i++) {
		detect_list(f, OBS_TRAITS, k->names[i]);
		names = detect_text(d, "%s%s%s", names, i ? ", " : "", k->names[i]);
	}
	f->title = detect_text(d, "%s sent %.0f seconds of a curve (%s), sample by sample as%s %.0f seconds before",
			       detect_who(d, f->device, k->from), k->lasts, names,
			       k->by_other ? detect_text(d, " %s had sent it", detect_where(d, k->other, 0)) : "", k->lag);
	return true;
}
