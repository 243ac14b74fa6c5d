/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes wrong on the ward, for the scenarios to tell alone or together. */
#include <string.h>

#include "lab/ward.h"

enum { LISTENER = 4444, PROGRAM_BYTES = 49152, ATTACK_EVERY_S = 10, FALSE_SPO2_TENS = '9', FALSE_SPO2_ONES = '8' };

static const struct hl7_sender fixed_sender = {
	.application = "MONITOR", .facility = "", .to_application = "CMS", .to_facility = "", .device = "BED7",
};

/* A monitor in factory mode that was given a gateway: patient stream and HL7 leave the house. The
 * far end accepts and, as the real one, never says a byte on the stream. HL7 there carries no name. */
void ward_call_home(struct ward *w, uint64_t from)
{
	struct net *n = w->net;
	struct host *bed = net_host(n, "BED7", "02:0c:05:20:30:1b", "10.20.30.27", 64, 0);
	struct host *stream = net_host(n, "far-stream", NULL, "202.114.4.119", 64, 14);
	struct host *hl7 = net_host(n, "far-hl7", NULL, "202.114.4.120", 64, 14);
	struct readings r = readings_of(n);
	struct conv c = conv_of(n, bed, stream, FIXED_CENTRAL_PORT, n->start + from);
	conv_open(&c);
	for (unsigned cycle = 0; c.now < n->end; cycle++) {
		talk_contec(&c, 7, &r, cycle % 5 ? NULL : &planted[0]);
		readings_step(n, &r);
		conv_wait(&c, 20 * SECOND);
	}
	conv_close(&c, CLIENT);
	struct conv h = conv_of(n, bed, hl7, FIXED_HL7_PORT, n->start + from + 4 * SECOND);
	conv_open(&h);
	while (h.now < n->end) {
		talk_hl7_vitals(&h, &fixed_sender, &r, NULL);
		readings_step(n, &r);
		conv_wait(&h, 60 * SECOND);
	}
	conv_close(&h, CLIENT);
}

/* A header that names a 32-bit little-endian ARM program, with noise behind it: nothing that runs. The
 * same bytes whatever the seed, so that their hash can be expected. */
static void inert_program(struct net *n, struct buf *b)
{
	uint64_t kept = n->rng;
	buf_bytes(b, SPAN_LIT("\x7f" "ELF\x01\x01\x01\0\0\0\0\0\0\0\0\0"));
	buf_le16(b, 2);
	buf_le16(b, 40);                                 /* EM_ARM */
	buf_le32(b, 1);
	buf_le32(b, 0x8054);
	buf_le32(b, 52);
	buf_le32(b, 0);
	buf_le32(b, 0x05000000);
	buf_le16(b, 52);
	buf_le16(b, 32);
	buf_le16(b, 1);
	buf_fill(b, 0, 6);
	buf_le32(b, 1);                                  /* PT_LOAD of the whole file */
	buf_le32(b, 0);
	buf_le32(b, 0x8000);
	buf_le32(b, 0x8000);
	buf_le32(b, PROGRAM_BYTES);
	buf_le32(b, PROGRAM_BYTES);
	buf_le32(b, 5);
	buf_le32(b, 0x8000);
	n->rng = PROGRAM_BYTES;
	net_noise(n, b, PROGRAM_BYTES - b->n);
	n->rng = kept;
}

static void outsider_at_work(struct net *n, struct host *bed, struct host *outsider, uint64_t at)
{
	static const char *const typed[] = { "id\n", "uname -a\n", "ls /opt\n", "exit\n" };
	static const char *const shown[] = {
		"uid=0 gid=0\n# ", "Linux monitor 2.6.27 armv5tejl\n# ", "bin etc monitor\n# ", "bye\n",
	};
	struct conv c = conv_of(n, outsider, bed, LISTENER, at);
	conv_open(&c);
	conv_text(&c, SERVER, "# ");
	for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
		conv_wait(&c, net_between(n, SECOND, 4 * SECOND));
		conv_text(&c, CLIENT, "%s", typed[i]);
		conv_text(&c, SERVER, "%s", shown[i]);
	}
	conv_close(&c, SERVER);
}

/* A monitor sends vital signs until its network is switched off, is silent, and then comes back by
 * itself to mount the far share, read a program from it, and be reachable on a port it never had. */
void ward_remote_update(struct ward *w, uint64_t quiet_from, uint64_t update_at)
{
	struct net *n = w->net;
	struct host *bed = net_host(n, "BED8", "02:0c:05:20:30:1c", "10.20.30.28", 64, 0);
	struct host *share = net_host(n, "far-share", NULL, "202.114.4.119", 64, 14);
	struct host *outsider = net_host(n, "outsider", NULL, "203.0.113.66", 64, 12);
	ward_vitals(w, bed, "PM8000-0108", n->start + 12 * SECOND, n->start + quiet_from, 30 * SECOND);
	uint64_t at = n->start + update_at;
	net_arp_ask(n, at, bed, bed->ip, bed->ip);       /* the interface is up: announced (RFC 5227 §2.3) */
	AUTO_BUF program = { 0 };
	inert_program(n, &program);
	const struct nfs_file files[] = {
		{ "monitor", buf_span(&program) },
		{ "update.sh", SPAN_LIT("#!/bin/sh\n# lab specimen, does nothing\necho update\n") },
	};
	at = talk_nfs(n, at + 1200 * MS, bed, share, "/pm", files, ARRAY_LEN(files));
	outsider_at_work(n, bed, outsider, at + 70 * SECOND);
}

/* In the OBX of oxygen saturation two digits become two others: 98 %, whatever was measured. */
static void show_false_spo2(void *ctx, enum conv_side from, uint8_t *payload, size_t n)
{
	static const char mark[] = "MDC_PULS_OXIM_SAT_O2^MDC|1.0.0.2|";
	(void)ctx;
	uint8_t *at = from == CLIENT ? memmem(payload, n, mark, sizeof(mark) - 1) : NULL;
	if (!at || (size_t)(at - payload) + sizeof(mark) + 1 > n)
		return;
	at[sizeof(mark) - 1] = FALSE_SPO2_TENS;
	at[sizeof(mark)] = FALSE_SPO2_ONES;
}

static void poison(struct ward *w, const struct host *attacker, const struct host *bed, uint64_t from, uint64_t until)
{
	struct net *n = w->net;
	const struct host *central = w->central;
	for (uint64_t at = from; at < until; at += ATTACK_EVERY_S * SECOND) {
		net_arp_reply(n, at, attacker->mac, central->ip, bed->mac, bed->ip);
		net_arp_reply(n, at + MS, attacker->mac, bed->ip, central->mac, central->ip);
	}
	/* Tidies up behind itself, as the usual tools do. */
	for (uint64_t i = 0; i < 3; i++) {
		net_arp_reply(n, until + i * SECOND, central->mac, central->ip, bed->mac, bed->ip);
		net_arp_reply(n, until + i * SECOND + MS, bed->mac, bed->ip, central->mac, central->ip);
	}
}

/* The patient's oxygen falls while the central station is shown 98 %. */
void ward_tamper(struct ward *w, uint64_t from, uint64_t until)
{
	struct net *n = w->net;
	struct host *bed = net_host(n, "BED9", "02:0c:05:20:30:1d", "10.20.30.29", 64, 0);
	struct host *attacker = net_host(n, "attacker", "b8:27:eb:20:30:42", "10.20.30.66", 64, 0);
	struct hl7_sender s = {
		.application = "CMS-GATEWAY", .facility = bed->name, .to_application = "CENTRAL",
		.to_facility = "LABHOSPITAL", .device = "PM8000-0109",
	};
	uint64_t begin = n->start + from, end = n->start + until;
	struct readings r = readings_of(n);
	struct conv c = conv_of(n, bed, w->central, CENTRAL_PORT, n->start + 9 * SECOND);
	conv_open(&c);
	net_resolve(n, c.now, attacker, w->central);     /* how it learns who is where */
	net_resolve(n, c.now + 5 * MS, attacker, bed);
	c.alter = show_false_spo2;
	while (c.now < n->end) {
		bool attacked = c.now >= begin && c.now < end;
		c.middle = attacked ? attacker : NULL;
		readings_step(n, &r);
		if (attacked)
			r.spo2 = 90 - (int)((c.now - begin) * 6 / (end - begin));
		talk_hl7_vitals(&c, &s, &r, NULL);
		conv_wait(&c, 40 * SECOND);
	}
	conv_close(&c, CLIENT);
	poison(w, attacker, bed, begin - SECOND, end);
}
