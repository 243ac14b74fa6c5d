/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A monitor that may reach nothing but the site's name server carries data out in the names it asks for, and data in
 * in the texts of the answers. Beside it what looks alike and is ordinary: a virus scanner that asks by hash, a block
 * list, a content network's long names, the keys of mail. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { TUNNELLED = 90, SCANNED = 140, LISTED = 90, FETCHED = 80, MAILS = 40, NAME_CAP = 256 };

/* n characters of an alphabet, a dot after each 50. */
static void encoded(struct net *n, struct buf *b, const char *alphabet, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i && i % 50 == 0)
			buf_u8(b, '.');
		buf_u8(b, (uint8_t)alphabet[net_below(n, (uint32_t)strlen(alphabet))]);
	}
}

static void tunnel(struct ward *w, struct host *bed)
{
	struct net *n = w->net;
	uint64_t at = n->start + 5 * MINUTE;
	for (unsigned i = 0; i < TUNNELLED; i++, at += net_between(n, 4 * SECOND, 50 * SECOND)) {
		AUTO_BUF name = { 0 };
		AUTO_BUF text = { 0 };
		encoded(n, &name, "abcdefghijklmnopqrstuvwxyz234567", 60 + net_below(n, 60));
		buf_printf(&name, ".t.far.example");
		buf_u8(&name, 0);
		encoded(n, &text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 40 + net_below(n, 120));
		talk_dns_text(n, at, bed, w->dns, (const char *)name.p, buf_span(&text));
	}
}

static void scanner(struct ward *w, struct host *pc)
{
	struct net *n = w->net;
	for (unsigned i = 0; i < SCANNED; i++) {
		AUTO_BUF name = { 0 };
		encoded(n, &name, "0123456789abcdef", 40);
		buf_text(&name, ".hash.scanner.example");
		buf_u8(&name, 0);
		talk_dns(n, n->start + MINUTE + i * 20 * SECOND, pc, w->dns, (const char *)name.p,
			 i % 4 ? IP4(127, 0, 0, 2) : 0);
	}
}

static void lists_and_mail(struct ward *w)
{
	struct net *n = w->net;
	char name[NAME_CAP];
	for (unsigned i = 0; i < LISTED; i++) {
		snprintf(name, sizeof(name), "%u.%u.%u.%u.zen.list.example", net_below(n, 256), net_below(n, 256),
			 net_below(n, 256), net_below(n, 256));
		talk_dns(n, n->start + MINUTE + i * 31 * SECOND, w->admin, w->dns, name, i % 5 ? 0 : IP4(127, 0, 0, 4));
	}
	for (unsigned i = 0; i < MAILS; i++) {
		snprintf(name, sizeof(name), "selector%u._domainkey.sender%u.example", i % 2, i % 13);
		talk_dns_text(n, n->start + 2 * MINUTE + i * 70 * SECOND, w->admin, w->dns, name,
			      SPAN_LIT("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="));
	}
}

static void content_network(struct ward *w, struct host *pc)
{
	struct net *n = w->net;
	char name[NAME_CAP];
	for (unsigned i = 0; i < FETCHED; i++) {
		snprintf(name, sizeof(name), "d%u3a8f0c1e9b7745e2a6d4c8.edge-assets-eu-central.cdn.example", i % 6);
		talk_dns(n, n->start + 3 * MINUTE + i * 33 * SECOND, pc, w->dns, name, IP4(203, 0, 113, 90));
	}
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *bed = net_host(n, "BED17", "02:0c:05:20:30:79", "10.20.30.117", 64, 0);
	ward_vitals(&w, bed, "PM8000-0117", n->start + 7 * SECOND, n->end, 60 * SECOND);
	tunnel(&w, bed);
	scanner(&w, w.pc[0]);
	lists_and_mail(&w);
	content_network(&w, w.pc[1]);
}

const struct scenario scenario_dns_tunnel = {
	.name = "dns-tunnel", .doc = "A monitor carries data in the names and texts of DNS; look-ups by hash go on beside it",
	.expect = "one device: data in names of one zone", .hours = 1, .make = make,
};
