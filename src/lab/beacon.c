/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three monitors that work as they should, and beside that call somewhere at a steady interval: outside and
 * unanswered, with jitter and missing beats; outside and answered; inside and refused. The ward's own clocks,
 * leases, vital signs and name look-ups go on around them. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { DEAD_PORT = 4443, LIVE_PORT = 8801, CLOSED_PORT = 9001 };

static struct host *monitor(struct ward *w, const char *name, const char *mac, const char *ip, const char *device)
{
	struct net *n = w->net;
	struct host *bed = net_host(n, name, mac, ip, 64, 0);
	ward_vitals(w, bed, device, n->start + net_between(n, 2 * SECOND, 30 * SECOND), n->end, 60 * SECOND);
	return bed;
}

/* Each minute, 30 % sooner or later; every fifth time it does not try. Nobody is there. */
static void unanswered(struct ward *w, struct host *bed)
{
	struct net *n = w->net;
	struct host *dead = net_host(n, "dead", NULL, "203.0.113.66", 64, 12);
	for (uint64_t at = n->start + 3 * MINUTE; at < n->end; at += net_between(n, 42 * SECOND, 78 * SECOND)) {
		if (net_below(n, 5) == 0)
			continue;
		struct conv c = conv_of(n, bed, dead, DEAD_PORT, at);
		conv_syn(&c);
		conv_wait(&c, SECOND);
		conv_syn(&c);
	}
}

static void answered(struct ward *w, struct host *bed)
{
	struct net *n = w->net;
	struct host *live = net_host(n, "live", NULL, "198.51.100.99", 64, 12);
	for (uint64_t at = n->start + 2 * MINUTE; at < n->end; at += 90 * SECOND) {
		uint16_t port = net_port(bed);
		AUTO_BUF b = { 0 };
		buf_be32(&b, 0xC0DE0001);
		net_noise(n, &b, 28);
		net_resolve(n, at, bed, live);
		net_udp(n, at, bed, port, live, LIVE_PORT, buf_span(&b));
		net_udp(n, at + 40 * MS, live, LIVE_PORT, bed, port, span_cut(buf_span(&b), 8));
	}
}

static void refused(struct ward *w, struct host *bed)
{
	struct net *n = w->net;
	struct host *other = net_host(n, "other", NULL, "10.20.1.77", 64, 1);
	for (uint64_t at = n->start + MINUTE; at < n->end; at += net_between(n, 36 * SECOND, 44 * SECOND)) {
		struct conv c = conv_of(n, bed, other, CLOSED_PORT, at);
		conv_refuse(&c);
	}
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	unanswered(&w, monitor(&w, "BED10", "02:0c:05:20:30:70", "10.20.30.110", "PM8000-0110"));
	answered(&w, monitor(&w, "BED11", "02:0c:05:20:30:71", "10.20.30.111", "PM8000-0111"));
	refused(&w, monitor(&w, "BED12", "02:0c:05:20:30:72", "10.20.30.112", "PM8000-0112"));
}

const struct scenario scenario_beacon = {
	.name = "beacon", .doc = "Three monitors call the same place at a steady interval: unanswered, answered, refused",
	.expect = "three devices: a period each, two of them to outside the site", .hours = 1, .make = make,
};
