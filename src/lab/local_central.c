/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The documented set-up: the hospital's own server stands on the fixed address inside the segment. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { BEDS = 3 };

static void make(struct net *n)
{
	static const char *const names[BEDS] = { "BED11", "BED12", "BED13" };
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *server = net_host(n, "own-central", "00:50:56:20:30:77", "202.114.4.119", 128, 0);
	for (unsigned i = 0; i < BEDS; i++) {
		char mac[MAC_TEXT], ip[ADDR_TEXT];
		snprintf(mac, sizeof(mac), "02:0c:05:20:31:%02x", i + 1);
		snprintf(ip, sizeof(ip), "202.114.4.%u", 20 + i);
		struct host *bed = net_host(n, names[i], mac, ip, 64, 0);
		struct readings r = readings_of(n);
		struct conv c = conv_of(n, bed, server, FIXED_CENTRAL_PORT, n->start + (2 + i) * MINUTE);
		conv_open(&c);
		for (unsigned cycle = 0; c.now < n->end; cycle++) {
			talk_contec(&c, 11 + i, &r, cycle % 10 ? NULL : &planted[i]);
			readings_step(n, &r);
			conv_wait(&c, 40 * SECOND);
		}
		conv_close(&c, CLIENT);
	}
}

const struct scenario scenario_local_central = {
	.name = "local-central", .doc = "The hospital's own central station stands on 202.114.4.119 on the wire itself",
	.expect = "low at most, scope segment, never outside", .hours = 1, .make = make,
};
