/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two devices of unknown role send identified patients outside in clear: admissions by HL7, images by DICOM. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { OUTSIDE_HL7 = 6661, OUTSIDE_DICOM = 11112, ADMISSIONS = 12, IMAGES = 2 };

static void admissions(struct net *n)
{
	static const struct hl7_sender s = {
		.application = "RELAY", .facility = "SITE", .to_application = "CLOUD", .to_facility = "VENDOR",
		.device = "",
	};
	struct host *relay = net_host(n, "relay", "02:77:10:20:30:47", "10.20.30.71", 64, 0);
	struct host *cloud = net_host(n, "cloud-hl7", NULL, "198.51.100.20", 64, 10);
	struct conv c = conv_of(n, relay, cloud, OUTSIDE_HL7, n->start + 6 * MINUTE);
	conv_open(&c);
	for (int i = 0; i < ADMISSIONS; i++) {
		talk_hl7_admit(&c, &s, &planted[i % 4]);
		conv_wait(&c, 2 * MINUTE);
	}
	conv_close(&c, CLIENT);
}

static void images(struct net *n)
{
	static const struct dicom_ends ends = { .calling = "EXPORT1", .called = "TELERAD" };
	struct host *export = net_host(n, "export", "02:77:11:20:30:48", "10.20.30.72", 64, 0);
	struct host *cloud = net_host(n, "cloud-dicom", NULL, "203.0.113.40", 64, 10);
	for (unsigned patient = 3; patient < 6; patient++) {
		struct conv c = conv_of(n, export, cloud, OUTSIDE_DICOM, n->start + (patient * 6 + 1) * MINUTE);
		conv_open(&c);
		talk_dicom_open(&c, &ends);
		for (unsigned i = 0; i < IMAGES; i++)
			talk_dicom_store(&c, &planted[patient], patient * IMAGES + i);
		talk_dicom_close(&c);
		conv_close(&c, CLIENT);
	}
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	admissions(n);
	images(n);
}

const struct scenario scenario_phi_outside = {
	.name = "phi-outside", .doc = "HL7 admissions and DICOM images with patients' identity go outside in clear",
	.expect = "two devices: four and three distinct patients exposed outside", .hours = 1, .make = make,
};
