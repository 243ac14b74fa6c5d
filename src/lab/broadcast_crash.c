/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One datagram to everybody, and three monitors of a kind say nothing more; two are switched off and on later. The
 * sender does the like to one monitor of another kind. What is in the datagrams is chance: nothing that is known to do
 * harm. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { MONITORS = 3, ODD_PORT = 40961 };

/* Vital signs until it stops, as from a device whose power fails: no goodbye. */
static void until_it_stops(struct ward *w, struct host *bed, const char *device, uint64_t from, uint64_t until)
{
	struct net *n = w->net;
	struct hl7_sender s = {
		.application = "CMS-GATEWAY", .facility = bed->name, .to_application = "CENTRAL",
		.to_facility = "LABHOSPITAL", .device = device,
	};
	struct readings r = readings_of(n);
	struct conv c = conv_of(n, bed, w->central, CENTRAL_PORT, from);
	conv_open(&c);
	for (;;) {
		talk_hl7_vitals(&c, &s, &r, NULL);
		readings_step(n, &r);
		if (c.now + 20 * SECOND >= until)
			break;
		conv_wait(&c, 20 * SECOND);
	}
}

static void odd_datagram(struct ward *w, struct host *from, const struct host *to, uint64_t at)
{
	AUTO_BUF b = { 0 };
	buf_be32(&b, 0x00000190);
	net_noise(w->net, &b, 396);
	net_udp(w->net, at, from, 51000, to, ODD_PORT, buf_span(&b));
}

static void make(struct net *n)
{
	static const char *const names[MONITORS] = { "BED13", "BED14", "BED15" };
	static const char *const devices[MONITORS] = { "PM8000-0113", "PM8000-0114", "PM8000-0115" };
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *sender = net_host(n, "sender", "b8:27:eb:20:30:43", "10.20.30.67", 64, 0);
	struct host all = net_group(IP4(255, 255, 255, 255));
	uint64_t crash = n->start + 20 * MINUTE, second = n->start + 40 * MINUTE;
	for (unsigned i = 0; i < MONITORS; i++) {
		char mac[MAC_TEXT], ip[ADDR_TEXT];
		snprintf(mac, sizeof(mac), "02:0c:05:20:30:%02x", 0x75 + i);
		snprintf(ip, sizeof(ip), "10.20.30.%u", 113 + i);
		struct host *bed = net_host(n, names[i], mac, ip, 64, 0);
		until_it_stops(&w, bed, devices[i], n->start + (3 + 5 * i) * SECOND, crash);
		if (i)
			ward_vitals(&w, bed, devices[i], crash + (6 + i) * MINUTE, n->end, 20 * SECOND);
	}
	struct host *other = net_host(n, "BED16", "02:0d:07:20:30:78", "10.20.30.116", 64, 0);
	until_it_stops(&w, other, "VISTALAB-2216", n->start + 12 * SECOND, second);
	odd_datagram(&w, sender, &all, crash);
	net_resolve(n, second, sender, other);
	odd_datagram(&w, sender, other, second + 5 * MS);
}

const struct scenario scenario_broadcast_crash = {
	.name = "broadcast-crash",
	.doc = "Three monitors fall silent after one broadcast datagram, another after one to it alone",
	.expect = "four monitors: silent since a datagram that nobody knows", .hours = 1, .make = make,
};
