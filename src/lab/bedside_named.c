/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor and an analyser that tell whose values they are, in clear: the monitor to a reader outside, the analyser
 * to a laboratory service outside. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { LIS_PORT = 9100, POCT_PORT = 3001 };

static void monitor_read(struct ward *w, struct host *reader)
{
	struct net *n = w->net;
	struct host *monitor = net_host(n, "MON-ICU-1", "02:0e:09:20:30:53", "10.20.30.83", 64, 0);
	struct readings r = readings_of(n);
	struct intellivue_link l = talk_intellivue_link(n, reader, monitor, n->start + 2 * MINUTE);
	talk_intellivue_open(&l, "M8099A");
	talk_intellivue_patient(&l, &planted[0]);
	for (int i = 0; i < 40; i++, l.now += MINUTE) {
		talk_intellivue_poll(&l, &r);
		readings_step(n, &r);
	}
	talk_intellivue_close(&l);
}

static void share_read(struct ward *w, struct host *reader)
{
	struct net *n = w->net;
	struct host *monitor = net_host(n, "MON-STEP-1", "02:0e:09:20:30:57", "10.20.30.87", 64, 0);
	struct readings r = readings_of(n);
	struct conv c = conv_of(n, reader, monitor, MINDRAY_PORT, n->start + 4 * MINUTE);
	conv_open(&c);
	talk_mindray_open(&c, &planted[1]);
	for (int i = 0; i < 40; i++) {
		talk_mindray_values(&c, &r);
		readings_step(n, &r);
		conv_wait(&c, MINUTE);
	}
	conv_close(&c, CLIENT);
}

static void results_sent(struct ward *w, struct host *service)
{
	struct net *n = w->net;
	struct host *lab = net_host(n, "LAB-ANALYSER", "02:0e:09:20:30:51", "10.20.30.81", 64, 0);
	struct host *glucose = net_host(n, "POC-GLUCOSE", "02:0e:09:20:30:52", "10.20.30.82", 64, 0);
	struct conv c = conv_of(n, lab, service, LIS_PORT, n->start + 5 * MINUTE);
	conv_open(&c);
	talk_lis_results(&c, "LABCELL-7", 100, &planted[2]);
	talk_lis_results(&c, "LABCELL-7", 101, &planted[3]);
	conv_close(&c, CLIENT);
	c = conv_of(n, glucose, service, POCT_PORT, n->start + 9 * MINUTE);
	conv_open(&c);
	talk_poct_hello(&c, "GLUCO 7", "SN0042");
	talk_poct_result(&c, 3, &planted[4]);
	conv_close(&c, CLIENT);
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *outside = net_host(n, "cloud-lab", NULL, "198.51.100.77", 64, 10);
	monitor_read(&w, outside);
	share_read(&w, outside);
	results_sent(&w, outside);
}

const struct scenario scenario_bedside_named = {
	.name = "bedside-named", .doc = "Monitors are read from outside and analysers send outside; patients are named",
	.expect = "four devices expose five patients outside", .hours = 1, .make = make,
};
