/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content-defined stretches: the sum that decides shifts each sample's hash out after 64 others (the "gear" hash of Xia
 * et al., FAST 2016); a stretch ends where its top bits are zero. The first one of a channel began anywhere and is not
 * told; nor are stretches that say nothing: too short, or of few different values (flat lines, sensors that are off,
 * saturation, calibration). */
#include "decode/waveform.h"

#include "base/scope.h"

enum { WARM = 64, MEAN_BITS = 9, LONGEST = 4096, SHORTEST = 64, VALUES_LEAST = 14, REST = 256 };

#define MIX_A UINT64_C(0x9e3779b97f4a7c15)
#define MIX_B UINT64_C(0xbf58476d1ce4e5b9)

static const struct field fields[] = {
	[WAVEFORM_PROTOCOL] = { "protocol", F_TEXT, "protocol that carried the curve" },
	[WAVEFORM_NAME] = { "name", F_TEXT, "short name of the curve: ecg, pleth, respiration, art …" },
	[WAVEFORM_CODE] = { "code", F_TEXT, "code as it stood on the wire" },
	[WAVEFORM_MDC] = { "mdc", F_UINT, "number of IEEE 11073-10101 for it" },
	[WAVEFORM_SUB_ID] = { "sub_id", F_TEXT, "channel or sub-id that the sender gave" },
	[WAVEFORM_SUBJECT] = { "patient_id", F_TEXT, "whose curve it is", .privacy = PATIENT },
	[WAVEFORM_DEVICE] = { "device", F_TEXT, "measuring device that the message names" },
	[WAVEFORM_BED] = { "bed", F_TEXT, "bed that the curve is reported of", .privacy = PATIENT },
	[WAVEFORM_SAMPLES] = { "samples", F_UINT, "samples of the stretch" },
	[WAVEFORM_DIGEST] = { "digest", F_TEXT, "of the stretch, with the site's key: the same samples give the same" },
};
const struct record_type waveform_type = {
	.name = "waveform", .doc = "A stretch of a curve, by its digest; the samples themselves are kept nowhere",
	.fields = fields, .nfields = ARRAY_LEN(fields), .repeats = true,
};

/* IEEE 11073-10101, partition 2; the leads of the ECG follow their first number. */
static const struct {
	uint32_t first, last;
	const char *name;
} names[] = {
	{ 131328, 131583, "ecg" }, { 150452, 150452, "pleth" }, { 150032, 150032, "art" }, { 150036, 150036, "art" },
	{ 150044, 150044, "pap" }, { 150084, 150084, "cvp" }, { 151552, 151552, "respiration" },
};

static struct span name_of(const struct waveform *of)
{
	if (of->name)
		return span_str(of->name);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (of->mdc >= names[i].first && of->mdc <= names[i].last)
			return span_str(names[i].name);
	return of->code;
}

static uint32_t add_to(uint32_t h, struct span s)
{
	struct rd r = rd_of(s);
	while (rd_left(&r))
		h = (h ^ rd_u8(&r)) * 16777619u;
	return (h ^ 0xff) * 16777619u;
}

/* Fowler, Noll, Vo: a conversation has few curves, and what two that meet would cost is a stretch that never comes. */
static uint32_t id_of(const struct waveform *of, bool to_server)
{
	uint32_t h = add_to(2166136261u + to_server, name_of(of));
	h = add_to(add_to(add_to(h, of->code), of->sub_id), of->device);
	h = add_to(h, span_of(of->subject.hash, of->subject.len ? TOKEN_HASH : 0));
	h = add_to(h, span_of(of->bed.hash, of->bed.len ? TOKEN_HASH : 0));
	return h ? h : 1;
}

/* NULL: more curves than there are places, none of which has rested. */
static struct waveform_channel *channel_of(struct waveforms *w, uint32_t id)
{
	struct waveform_channel *oldest = &w->v[0];
	w->turn++;
	for (unsigned i = 0; i < WAVEFORM_CHANNELS; i++) {
		struct waveform_channel *c = &w->v[i];
		if (c->id == id) {
			c->turn = w->turn;
			return c;
		}
		if (!c->id || (oldest->id && c->turn < oldest->turn))
			oldest = c;
	}
	if (oldest->id && w->turn - oldest->turn < REST)
		return NULL;
	*oldest = (struct waveform_channel){ .id = id, .turn = w->turn };
	return oldest;
}

/* A message that comes again right away was copied on its way, by a mirror port or as a retransmission. */
static bool is_copy(struct waveform_channel *c, uint32_t block)
{
	for (unsigned i = 0; i < WAVEFORM_BLOCKS; i++)
		if (c->blocks[i] == block)
			return true;
	memmove(c->blocks + 1, c->blocks, sizeof(c->blocks) - sizeof(c->blocks[0]));
	c->blocks[0] = block;
	return false;
}

bool waveform_begin(struct waveform_feed *f, struct emit *e, struct waveforms *w, const struct waveform *of,
		    struct span bytes)
{
	if (!bytes.n || !emit_wants(e, &waveform_type))
		return false;
	struct hash_key key = keyring_hash_key(e->host->keyring);
	*f = (struct waveform_feed){ .emit = e, .of = of, .key = key.k0 ^ MIX_A };
	f->channel = channel_of(w, id_of(of, e->at && e->at->to_server));
	if (!f->channel)
		f->channel = &f->alone;
	return !is_copy(f->channel, (uint32_t)mark64(key, bytes) | 1);
}

static void tell(struct waveform_feed *f)
{
	const struct waveform_channel *c = f->channel;
	const struct waveform *of = f->of;
	uint64_t end[2] = { c->digest, c->n };
	struct record r UNSET;
	emit_begin(f->emit, &r, &waveform_type);
	record_str(&r, WAVEFORM_PROTOCOL, of->protocol);
	record_text(&r, WAVEFORM_NAME, name_of(of));
	record_text(&r, WAVEFORM_CODE, of->code);
	if (of->mdc)
		record_uint(&r, WAVEFORM_MDC, of->mdc);
	record_text(&r, WAVEFORM_SUB_ID, of->sub_id);
	if (of->subject.len)
		record_token(&r, WAVEFORM_SUBJECT, of->subject);
	record_text(&r, WAVEFORM_DEVICE, of->device);
	if (of->bed.len)
		record_token(&r, WAVEFORM_BED, of->bed);
	record_uint(&r, WAVEFORM_SAMPLES, c->n);
	uint64_t digest = hash64(keyring_hash_key(f->emit->host->keyring), span_of(end, sizeof(end)));
	record_str(&r, WAVEFORM_DIGEST, arena_printf(f->emit->host->arena, "%016llx", (unsigned long long)digest));
	emit_record(f->emit, &r);
}

/* Behind a sample after which the sum says so, or too many: the stretch ends here. */
static void stretch_end(struct waveform_feed *f)
{
	struct waveform_channel *c = f->channel;
	/* seen == 2 * WARM + 1: a stretch has ended before, so this one began where its samples say */
	if (c->seen > 2 * WARM && c->n >= SHORTEST && __builtin_popcountll(c->values) >= VALUES_LEAST)
		tell(f);
	if (c->seen >= WARM)
		c->seen = 2 * WARM + 1;
	c->digest = c->values = c->n = 0;
}

static uint64_t sample_hash(uint64_t key, int64_t value)
{
	uint64_t z = ((uint64_t)value ^ key) * MIX_A;
	return z ^ z >> 32;
}

static bool ends_here(uint64_t roll)
{
	return !(roll >> (64 - MEAN_BITS));
}

/* The sums of a stretch while samples go in: in registers. */
struct sums {
	uint64_t roll, digest, values;
};

static inline void sums_add(struct sums *s, uint64_t z)
{
	s->roll = (s->roll << 1) + z * MIX_B;
	s->digest = ((s->digest << 23 | s->digest >> 41) ^ z) * MIX_B;
	s->values |= UINT64_C(1) << (z & 63);
}

void waveform_sample(struct waveform_feed *f, int64_t value)
{
	struct waveform_channel *c = f->channel;
	struct sums s = { c->roll, c->digest, c->values };
	sums_add(&s, sample_hash(f->key, value));
	c->roll = s.roll;
	c->digest = s.digest;
	c->values = s.values;
	c->n++;
	bool ends = ends_here(c->roll) && c->seen >= WARM;
	if (c->seen < 2 * WARM)
		c->seen++;
	if (ends || c->n >= LONGEST)
		stretch_end(f);
}

/* What each of the 256 samples of a byte adds. */
static const uint64_t *byte_hashes(struct waveform_memo *m, uint64_t key)
{
	for (int64_t v = 0; !(m->ready && m->key == key) && v < (int64_t)ARRAY_LEN(m->of); v++)
		m->of[v] = sample_hash(key, v);
	m->key = key;
	m->ready = true;
	return m->of;
}

/* As waveform_sample for each, of a channel whose samples are counted no more: only the sums go on until one of them
 * says that the stretch ends, or it is long enough. Returns what is left. */
static struct span samples_run(struct waveform_channel *c, const uint64_t *hashes, struct span samples, bool *ends)
{
	struct rd r = rd_of(span_cut(samples, LONGEST - c->n));
	size_t n = rd_left(&r);
	struct sums s = { c->roll, c->digest, c->values };
	*ends = false;
	while (!*ends && rd_left(&r)) {
		sums_add(&s, hashes[rd_u8(&r)]);
		*ends = ends_here(s.roll);
	}
	n -= rd_left(&r);
	c->roll = s.roll;
	c->digest = s.digest;
	c->values = s.values;
	c->n += (uint32_t)n;
	*ends |= c->n >= LONGEST;
	return span_from(samples, n);
}

void waveform_bytes(struct emit *e, struct waveforms *w, const struct waveform *of, struct span samples,
		    struct waveform_memo *memo)
{
	struct waveform_feed f;
	bool ends;
	if (!waveform_begin(&f, e, w, of, samples))
		return;
	const uint64_t *hashes = memo ? byte_hashes(memo, f.key) : NULL;
	while (samples.n && (!hashes || f.channel->seen < 2 * WARM)) {
		waveform_sample(&f, samples.p[0]);
		samples = span_from(samples, 1);
	}
	while (samples.n) {
		samples = samples_run(f.channel, hashes, samples, &ends);
		if (ends)
			stretch_end(&f);
	}
}

void waveform_words(struct emit *e, struct waveforms *w, const struct waveform *of, struct span samples)
{
	struct waveform_feed f;
	if (!waveform_begin(&f, e, w, of, samples))
		return;
	for (struct rd r = rd_of(samples); rd_left(&r) >= 2;)
		waveform_sample(&f, rd_be16(&r));
}
