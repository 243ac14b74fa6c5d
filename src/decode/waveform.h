/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Curves (ECG, pleth, pressure …) in one form, whatever protocol carried them. A record tells of a stretch of
 * samples by a keyed digest; no sample leaves. Where a stretch ends is decided by the samples themselves (a
 * rolling hash over the latest 64 of them), so that the same curve gives the same stretches however it was cut
 * into messages. */
#pragma once

#include "decode/decoder.h"

enum waveform_field {
	WAVEFORM_PROTOCOL, WAVEFORM_NAME, WAVEFORM_CODE, WAVEFORM_MDC, WAVEFORM_SUB_ID, WAVEFORM_SUBJECT, WAVEFORM_DEVICE,
	WAVEFORM_BED, WAVEFORM_SAMPLES, WAVEFORM_DIGEST, WAVEFORM_FIELDS
};
extern const struct record_type waveform_type;

/* What a decoder remembers of the curves of a conversation: part of its state, zeroed. */
enum { WAVEFORM_CHANNELS = 8, WAVEFORM_BLOCKS = 4 };

struct waveform_channel {
	uint64_t roll, digest, values;           /* of the stretch that goes on; values: a bit for each, hashed */
	uint32_t id, turn;                       /* id 0: free */
	uint32_t n, seen;                        /* samples of it; of the channel, as far as it matters */
	uint32_t blocks[WAVEFORM_BLOCKS];        /* the latest messages, hashed: which come twice were copied on their way */
};

struct waveforms {
	uint32_t turn;
	struct waveform_channel v[WAVEFORM_CHANNELS];
};

/* Whose curve it is. name NULL: of the number, else the code. device, subject, bed as in struct vital. */
struct waveform {
	const char *protocol, *name;
	uint32_t mdc;                            /* IEEE 11073-10101, 0: none */
	struct span code, sub_id, device;
	struct token subject, bed;
};

/* The samples of one message and curve. */
struct waveform_feed {
	struct emit *emit;
	const struct waveform *of;
	struct waveform_channel *channel, alone;
	uint64_t key;
};

/* bytes: where the samples stand, in whatever form. False: nobody listens, or the same message came already. */
bool waveform_begin(struct waveform_feed *f, struct emit *e, struct waveforms *w, const struct waveform *of,
		    struct span bytes) MUST_CHECK;
void waveform_sample(struct waveform_feed *f, int64_t value);

/* What each sample of a byte adds to the sums: a decoder of many such has it as its emit.memo, or within that. */
struct waveform_memo {
	uint64_t key, of[256];
	bool ready;
};

/* All in one: samples of 8 bits (memo may be NULL), or of 16 in network order. */
void waveform_bytes(struct emit *e, struct waveforms *w, const struct waveform *of, struct span samples,
		    struct waveform_memo *memo);
void waveform_words(struct emit *e, struct waveforms *w, const struct waveform *of, struct span samples);
