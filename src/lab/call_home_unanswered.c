/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The factory setting: the monitor numbers itself in the fixed server's own network, so it only ever
 * asks who has the address, and nobody answers. */
#include "lab/scenario.h"
#include "lab/ward.h"

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *bed = net_host(n, "BED7", "02:0c:05:20:30:1b", "202.114.4.20", 64, 0);
	for (uint64_t at = n->start + 2 * MINUTE; at < n->end; at += 60 * SECOND)
		for (uint64_t i = 0; i < 3; i++) {
			net_arp_ask(n, at + i * SECOND, bed, bed->ip, FIXED_CENTRAL);
			net_arp_ask(n, at + i * SECOND + 20 * SECOND, bed, bed->ip, FIXED_HL7);
		}
}

const struct scenario scenario_call_home_unanswered = {
	.name = "call-home-unanswered",
	.doc = "A monitor numbered 202.114.4.20 asks for the fixed addresses by ARP, unanswered",
	.expect = "one device: a published address and a foreign prefix asked for, nothing left the wire",
	.hours = 1, .make = make,
};
