/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitors of two more makers that are asked for their values, and two analysers that tell theirs, on a quiet
 * morning and without any identity: none of that is a finding. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { MONITORS = 2, LIS_PORT = 9100, POCT_PORT = 3001, SAMPLES = 4 };

static struct host *numbered(struct net *n, const char *name, unsigned last)
{
	char mac[MAC_TEXT], ip[ADDR_TEXT];
	snprintf(mac, sizeof(mac), "02:0e:09:20:30:%02x", last);
	snprintf(ip, sizeof(ip), "10.20.30.%u", last);
	return net_host(n, name, mac, ip, 64, 0);
}

static void intellivue(struct ward *w, struct host *monitor, uint64_t at)
{
	struct net *n = w->net;
	struct readings r = readings_of(n);
	for (uint64_t t = n->start + 3 * SECOND; t < at; t += 10 * SECOND)
		talk_intellivue_indicate(n, t, monitor, UINT32_MAX, "M8099A");
	struct intellivue_link l = talk_intellivue_link(n, w->central, monitor, at);
	talk_intellivue_open(&l, "M8099A");
	for (; l.now + 30 * SECOND < n->end; l.now += 30 * SECOND) {
		net_resolve(n, l.now, w->central, monitor);
		talk_intellivue_poll(&l, &r);
		talk_intellivue_waves(&l, &r);
		readings_step(n, &r);
	}
	talk_intellivue_close(&l);
}

static void mindray(struct ward *w, struct host *monitor, uint64_t at)
{
	struct net *n = w->net;
	struct readings r = readings_of(n);
	for (uint64_t t = n->start + SECOND; t < n->end; t += 10 * SECOND)
		talk_mindray_announce(n, t, monitor, IP4(10, 20, 30, 255));
	struct conv c = conv_of(n, w->central, monitor, MINDRAY_PORT, at);
	conv_open(&c);
	talk_mindray_open(&c, NULL);
	while (c.now + 30 * SECOND < n->end) {
		talk_mindray_values(&c, &r);
		readings_step(n, &r);
		conv_wait(&c, 30 * SECOND);
	}
	conv_close(&c, CLIENT);
}

static void analysers(struct ward *w)
{
	struct net *n = w->net;
	struct host *haematology = numbered(n, "LAB-ANALYSER", 0x51), *glucose = numbered(n, "POC-GLUCOSE", 0x52);
	struct conv lab = conv_of(n, haematology, w->engine, LIS_PORT, n->start + 5 * MINUTE);
	conv_open(&lab);
	for (unsigned i = 0; i < SAMPLES; i++) {
		talk_lis_results(&lab, "LABCELL-7", 100 + i, NULL);
		conv_wait(&lab, 9 * MINUTE);
	}
	conv_close(&lab, CLIENT);
	struct conv c = conv_of(n, glucose, w->engine, POCT_PORT, n->start + 11 * MINUTE);
	conv_open(&c);
	talk_poct_hello(&c, "GLUCO 7", "SN0042");
	for (unsigned i = 0; i < SAMPLES; i++) {
		talk_poct_result(&c, 3 + 2 * i, NULL);
		conv_wait(&c, 8 * MINUTE);
	}
	conv_close(&c, CLIENT);
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	static const char *const names[2 * MONITORS] = { "MON-ICU-1", "MON-ICU-2", "MON-STEP-1", "MON-STEP-2" };
	for (unsigned i = 0; i < MONITORS; i++) {
		intellivue(&w, numbered(n, names[i], 0x53 + i), n->start + (40 + 3 * i) * SECOND);
		mindray(&w, numbered(n, names[MONITORS + i], 0x57 + i), n->start + (60 + 3 * i) * SECOND);
	}
	analysers(&w);
}

const struct scenario scenario_bedside = {
	.name = "bedside", .doc = "A quiet morning with monitors of other makers and with laboratory analysers",
	.expect = "nothing", .hours = 1, .make = make,
};
