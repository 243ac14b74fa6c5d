/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A box that nobody knows: no maker's number in its MAC, no host name, a protocol of its own. It tries an address
 * outside again and again, which never answers, and what it sends to a box in the next network holds numbers of the
 * ward's patients, which their admissions showed before. */
#include "lab/nest.h"
#include "lab/scenario.h"
#include "lab/ward.h"

enum { COLLECTOR_PORT = 7788, DEAD_PORT = 5443, ADMISSIONS = 6, REPORTS = 8, MARK = 0x5AA57E01 };

/* Inside the house, in clear: an ordinary interface of a small hospital. */
static void admissions(struct ward *w)
{
	static const struct hl7_sender s = {
		.application = "PATADM", .facility = "LABHOSPITAL", .to_application = "ENGINE", .to_facility = "LABHOSPITAL",
		.device = "",
	};
	struct net *n = w->net;
	struct host *office = net_host(n, "office", NULL, "10.20.1.31", 128, 1);
	struct conv c = conv_of(n, office, w->engine, ENGINE_PORT, n->start + 2 * MINUTE);
	conv_open(&c);
	for (int i = 0; i < ADMISSIONS; i++) {
		talk_hl7_admit(&c, &s, &planted[i]);
		conv_wait(&c, 90 * SECOND);
	}
	conv_close(&c, CLIENT);
}

/* Magic, kind, length, a counter, then fields of a byte each for number and length. */
static void report(struct conv *c, unsigned serial, const struct planted *who)
{
	struct net *n = c->net;
	AUTO_BUF b = { 0 };
	buf_be32(&b, MARK);
	buf_be16(&b, 0x0102);
	size_t length = nest_begin(&b, 2);
	buf_be32(&b, serial);
	net_noise(n, &b, 24);
	buf_u8(&b, 0x11);
	buf_u8(&b, (uint8_t)strlen(who->id));
	buf_text(&b, who->id);
	buf_u8(&b, 0x12);
	buf_u8(&b, 32);
	net_noise(n, &b, 32);
	nest_end(&b, length, 2);
	conv_send(c, CLIENT, buf_span(&b));
	conv_send(c, SERVER, SPAN_LIT("\x5a\xa5\x7e\x02\x00\x00"));
}

static void reports(struct ward *w, struct host *box)
{
	struct net *n = w->net;
	struct host *collector = net_host(n, "collector", NULL, "10.20.1.88", 64, 1);
	uint64_t at = n->start + 15 * MINUTE;
	for (unsigned i = 0; i < REPORTS; i++, at += net_between(n, MINUTE, 9 * MINUTE)) {
		struct conv c = conv_of(n, box, collector, COLLECTOR_PORT, at);
		conv_open(&c);
		report(&c, i, &planted[i % ADMISSIONS]);
		conv_close(&c, CLIENT);
	}
}

static void tries(struct ward *w, struct host *box)
{
	struct net *n = w->net;
	struct host *dead = net_host(n, "dead", NULL, "203.0.113.200", 64, 13);
	for (uint64_t at = n->start + MINUTE; at < n->end; at += net_between(n, 108 * SECOND, 132 * SECOND)) {
		struct conv c = conv_of(n, box, dead, DEAD_PORT, at);
		for (unsigned i = 0; i < 3; i++) {
			conv_syn(&c);
			conv_wait(&c, SECOND << i);
		}
	}
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *box = net_host(n, "box", "0a:5e:31:20:30:80", "10.20.30.128", 64, 0);
	admissions(&w);
	tries(&w, box);
	reports(&w, box);
}

const struct scenario scenario_unknown_device = {
	.name = "unknown-device",
	.doc = "A device of no known maker: a protocol of its own with patients' numbers in it, a dead address outside",
	.expect = "one device, by what it does alone: a steady call outside, and patients' numbers in a stream nobody reads",
	.hours = 1, .make = make,
};
