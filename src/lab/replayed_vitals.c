/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host on the segment sends the central station a monitor's values and curve of half an hour ago, with new times,
 * while the patient gets worse and the monitor goes on saying so. Beside it what only looks alike: a central
 * station that hands values on, and a simulator on the work bench that repeats itself. */
#include "base/mem.h"
#include "base/scope.h"
#include "lab/scenario.h"
#include "lab/ward.h"

enum { RATE = 50, CURVE = 20 * RATE, PHASE = 137,
       STEP_S = 20, STEPS = 180, RECORDED_FROM = 15, REPLAY_AT = 105, REPLAYED = 60, WORSE_AT = 100, LOOP = 24 };

static struct hl7_sender sender_of(const struct host *h, const char *device)
{
	return (struct hl7_sender){
		.application = "CMS-GATEWAY", .facility = h->name, .to_application = "CENTRAL", .to_facility = "LABHOSPITAL",
		.device = device,
	};
}

static void worsen(struct readings *r, int step)
{
	r->heart = 96 + step / 2 + r->heart % 3;
	r->spo2 = 91 - step / 6;
	r->breaths = 22 + step / 10;
}

struct said {
	struct readings values[STEPS];
	uint8_t curve[STEPS * CURVE];
};

/* The curve of one step. */
static void sense(uint8_t *out, const struct readings *r, uint64_t now)
{
	for (unsigned i = 0; i < CURVE; i++)
		out[i] = readings_curve(r, CURVE_ECG, 0, now + i * SECOND / RATE);
}

/* Its own values and curve, kept for the host that sends them again. */
static void patient(struct ward *w, struct host *bed, struct said *said)
{
	struct net *n = w->net;
	struct readings r = readings_of(n);
	const struct hl7_sender s = sender_of(bed, "PM8000-0110");
	struct conv c = conv_of(n, bed, w->central, CENTRAL_PORT, n->start + 5 * SECOND);
	conv_open(&c);
	for (int i = 0; i < STEPS; i++) {
		uint64_t began = c.now;
		struct readings *now = &said->values[i];
		*now = r;
		if (i >= WORSE_AT)
			worsen(now, i - WORSE_AT);
		sense(said->curve + i * CURVE, now, began);
		talk_hl7_vitals(&c, &s, now, NULL);
		talk_hl7_curve(&c, &s, said->curve + i * CURVE, CURVE);
		readings_step(n, &r);
		conv_wait(&c, began + STEP_S * SECOND - c.now);
	}
	conv_close(&c, CLIENT);
}

/* The curve from another sample on than the monitor cut it. */
static void replay(struct ward *w, const struct said *said)
{
	struct net *n = w->net;
	struct host *liar = net_host(n, "liar", "b8:27:eb:20:30:43", "10.20.30.67", 64, 0);
	const struct hl7_sender s = sender_of(liar, "PM8000-0110");
	struct conv c = conv_of(n, liar, w->central, CENTRAL_PORT, n->start + (REPLAY_AT * STEP_S + 11) * SECOND);
	conv_open(&c);
	for (int i = 0; i < REPLAYED; i++) {
		uint64_t began = c.now;
		talk_hl7_vitals(&c, &s, &said->values[RECORDED_FROM + i], NULL);
		talk_hl7_curve(&c, &s, said->curve + (RECORDED_FROM + i) * CURVE + PHASE, CURVE);
		conv_wait(&c, began + STEP_S * SECOND - c.now);
	}
	conv_close(&c, CLIENT);
}

/* What the central station is told it tells the engine, half a minute later. */
static void handed_on(struct ward *w)
{
	struct net *n = w->net;
	struct host *bed = net_host(n, "BED11", "02:0c:05:20:30:24", "10.20.30.36", 64, 0);
	struct readings r = readings_of(n);
	struct hl7_sender s = sender_of(bed, "PM8000-0111"), on = s;
	on.application = "CMS";
	struct conv c = conv_of(n, bed, w->central, CENTRAL_PORT, n->start + 12 * SECOND);
	struct conv e = conv_of(n, w->central, w->engine, ENGINE_PORT, n->start + 42 * SECOND);
	conv_open(&c);
	conv_open(&e);
	while (c.now + MINUTE < n->end) {
		uint64_t began = c.now;
		talk_hl7_vitals(&c, &s, &r, NULL);
		talk_hl7_vitals(&e, &on, &r, NULL);
		readings_step(n, &r);
		conv_wait(&c, began + STEP_S * SECOND - c.now);
		conv_wait(&e, c.now + 30 * SECOND - e.now);
	}
	conv_close(&c, CLIENT);
	conv_close(&e, CLIENT);
}

static void simulator(struct ward *w)
{
	struct net *n = w->net;
	struct host *bench = net_host(n, "BENCH", "02:0c:05:20:30:25", "10.20.30.37", 64, 0);
	struct readings loop[LOOP];
	loop[0] = readings_of(n);
	for (int i = 1; i < LOOP; i++) {
		loop[i] = loop[i - 1];
		readings_step(n, &loop[i]);
	}
	const struct hl7_sender s = sender_of(bench, "PM8000-0199");
	struct conv c = conv_of(n, bench, w->central, CENTRAL_PORT, n->start + 17 * SECOND);
	conv_open(&c);
	for (int i = 0; c.now + MINUTE < n->end; i++) {
		talk_hl7_vitals(&c, &s, &loop[i % LOOP], NULL);
		conv_wait(&c, STEP_S * SECOND);
	}
	conv_close(&c, CLIENT);
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	struct said *said = mem_new(sizeof(*said));
	ward_ordinary(&w);
	patient(&w, net_host(n, "BED10", "02:0c:05:20:30:1e", "10.20.30.30", 64, 0), said);
	replay(&w, said);
	free(said);
	handed_on(&w);
	simulator(&w);
}

const struct scenario scenario_replayed_vitals = {
	.name = "replayed-vitals",
	.doc = "A host shows the central station a monitor's old values and curve while the patient gets worse",
	.expect = "one device: values and curve of half an hour before again, and at odds with the monitor that goes on",
	.hours = 1.02,
	.make = make,
};
