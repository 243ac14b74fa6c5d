/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two hundred devices of ten kinds through a day and a night, with what an ordinary hospital has: monitors of four
 * makers' protocols, pumps, analysers, imaging, printers, workstations that sleep at night, leases that are renewed,
 * devices that are switched off and moved, links that drop and come back. None of it is a finding. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum {
	KIND = 20, KINDS = 10, NAME = 16, HTTPS = 443, LIS_PORT = 9100, POCT_PORT = 3001, DICOM = 11112,
	DICOM_TLS = 2762, SMB = 445, LPD = 515,
};

#define STEP (5 * MINUTE)

struct day {
	struct net *net;
	struct ward w;
	struct host *pumps, *update, *antivirus; /* servers: pumps', workstations', and one outside */
	char names[KINDS * KIND][NAME];          /* of the devices, while the day is told */
	unsigned nnames;
};

/* A device is up from `from` until `until`; between the two it may have been moved. */
struct turn {
	struct host *host;
	unsigned i;
	uint64_t from, until;
};

struct kind {
	const char *name, *mac, *vendor;         /* vendor class in DHCP; NULL: fixed address */
	unsigned net;                            /* 10.20.x.0/24 */
	uint8_t ttl;
	bool rests;                              /* off in the night, or between two patients */
	void (*turn)(struct day *d, const struct turn *t);
};

static const uint8_t wants[] = { 1, 3, 6, 12, 15, 28, 42 };

/* ---- what each kind does ---- */

static void hl7_monitor(struct day *d, const struct turn *t)
{
	char device[24];
	snprintf(device, sizeof(device), "PM9000-%04u", 300 + t->i);
	for (uint64_t at = t->from; at + 4 * HOUR < t->until; at += 6 * HOUR + net_between(d->net, MINUTE, STEP))
		ward_vitals(&d->w, t->host, device, at, at + 6 * HOUR < t->until ? at + 6 * HOUR : t->until, STEP);
}

static void intellivue(struct day *d, const struct turn *t)
{
	struct net *n = d->net;
	struct readings r = readings_of(n);
	uint64_t at = t->from + MINUTE;
	for (uint64_t x = t->from; x < at; x += 10 * SECOND)
		talk_intellivue_indicate(n, x, t->host, UINT32_MAX, "M8102A");
	struct intellivue_link l = talk_intellivue_link(n, d->w.central, t->host, at);
	talk_intellivue_open(&l, "M8102A");
	for (; l.now + STEP < t->until; l.now += STEP) {
		net_resolve(n, l.now, d->w.central, t->host);
		talk_intellivue_poll(&l, &r);
		talk_intellivue_waves(&l, &r);
		readings_step(n, &r);
	}
	talk_intellivue_close(&l);
}

static void mindray(struct day *d, const struct turn *t)
{
	struct net *n = d->net;
	struct readings r = readings_of(n);
	for (uint64_t at = t->from; at < t->until; at += STEP)
		talk_mindray_announce(n, at, t->host, IP4(10, 20, 33, 255));
	struct conv c = conv_of(n, d->w.central, t->host, MINDRAY_PORT, t->from + 20 * SECOND);
	conv_open(&c);
	talk_mindray_open(&c, NULL);
	while (c.now + STEP < t->until) {
		talk_mindray_values(&c, &r);
		readings_step(n, &r);
		conv_wait(&c, STEP);
	}
	conv_close(&c, CLIENT);
}

/* Keeps a TLS link to its server; now and then the link drops and is opened anew. */
static void pump(struct day *d, const struct turn *t)
{
	struct net *n = d->net;
	for (uint64_t at = t->from; at + HOUR < t->until;) {
		at = talk_dns(n, at, t->host, d->w.dns, "pumps.lab.example", d->pumps->ip) + 5 * MS;
		struct conv c = conv_of(n, t->host, d->pumps, HTTPS, at);
		uint64_t until = at + net_between(n, 3 * HOUR, 7 * HOUR);
		conv_open(&c);
		talk_tls_hello(&c, "pumps.lab.example");
		while (c.now < until && c.now + 10 * MINUTE < t->until) {
			talk_tls_data(&c, CLIENT, 200 + net_below(n, 120));
			talk_tls_data(&c, SERVER, 80);
			conv_wait(&c, 10 * MINUTE);
		}
		conv_reset(&c, SERVER);
		at = c.now + net_between(n, SECOND, 2 * MINUTE);
	}
}

static void analyser(struct day *d, const struct turn *t)
{
	struct conv c = conv_of(d->net, t->host, d->w.engine, LIS_PORT, t->from + MINUTE);
	conv_open(&c);
	for (unsigned i = 0; c.now + HOUR < t->until; i++) {
		talk_lis_results(&c, "LABCELL-7", 1000 * t->i + i, NULL);
		conv_wait(&c, net_between(d->net, 10 * MINUTE, HOUR));
	}
	conv_close(&c, CLIENT);
}

static void glucose(struct day *d, const struct turn *t)
{
	for (uint64_t at = t->from; at + HOUR < t->until; at += net_between(d->net, HOUR, 3 * HOUR)) {
		struct conv c = conv_of(d->net, t->host, d->w.engine, POCT_PORT, at);
		conv_open(&c);
		talk_poct_hello(&c, "GLUCO 7", t->host->name);
		talk_poct_result(&c, 100 * t->i + net_below(d->net, 90), NULL);
		conv_close(&c, CLIENT);
	}
}

static void imaging(struct day *d, const struct turn *t)
{
	const struct dicom_ends ends = { .calling = t->host->name, .called = "PACSLAB" };
	for (uint64_t at = t->from; at + HOUR < t->until; at += net_between(d->net, 30 * MINUTE, 2 * HOUR)) {
		struct conv echo = conv_of(d->net, t->host, d->w.pacs, DICOM, at);
		conv_open(&echo);
		talk_dicom_open(&echo, &ends);
		talk_dicom_echo(&echo);
		talk_dicom_close(&echo);
		conv_close(&echo, CLIENT);
		struct conv c = conv_of(d->net, t->host, d->w.pacs, DICOM_TLS, at + MINUTE);
		conv_open(&c);
		talk_tls_hello(&c, "pacs.lab.example");
		for (int i = 0; i < 4; i++) {
			talk_tls_data(&c, CLIENT, 9000 + net_below(d->net, 400));
			talk_tls_data(&c, SERVER, 160);
		}
		conv_close(&c, CLIENT);
	}
}

static void printer(struct day *d, const struct turn *t)
{
	char host[40];
	snprintf(host, sizeof(host), "%s.local", t->host->name);
	for (uint64_t at = t->from; at < t->until; at += 30 * MINUTE)
		talk_mdns_announce(d->net, at, t->host, t->host->name, "_printer._tcp.local", host, LPD);
}

static void fetch(struct day *d, struct host *pc, struct host *server, const char *name, uint64_t at, size_t bytes)
{
	struct net *n = d->net;
	at = talk_dns(n, at, pc, d->w.dns, name, server->ip) + 2 * MS;
	struct conv c = conv_of(n, pc, server, HTTPS, at);
	conv_open(&c);
	talk_tls_hello(&c, name);
	talk_tls_data(&c, CLIENT, 300 + net_below(n, 500));
	talk_tls_data(&c, SERVER, bytes);
	conv_close(&c, CLIENT);
}

static void print_list(struct day *d, struct host *pc, struct host *printer, uint64_t at)
{
	AUTO_BUF list = { 0 };
	for (int i = 1; i <= 40; i++)
		buf_printf(&list, "%04d  gloves, infusion lines, swabs: shelf %c%d\r\n", i * 17, 'A' + i % 6, i % 9);
	struct conv c = conv_of(d->net, pc, printer, LPD, at);
	c.port[CLIENT] = (uint16_t)(721 + net_below(d->net, 11));    /* RFC 1179 section 3.1 */
	conv_open(&c);
	talk_lpd(&c, "ward", "stock-list", "nurse", buf_span(&list));
	conv_close(&c, CLIENT);
}

/* Looks for updates each hour on the hour, as such programs do; the rest is chance. */
static void workstation(struct day *d, const struct turn *t)
{
	struct net *n = d->net;
	for (uint64_t at = t->from + MINUTE; at + MINUTE < t->until; at += HOUR)
		fetch(d, t->host, d->antivirus, "signatures.example.net", at + net_between(n, 0, 20 * SECOND), 3000);
	for (uint64_t at = t->from + 2 * MINUTE; at + MINUTE < t->until; at += net_between(n, 4 * MINUTE, 30 * MINUTE)) {
		struct conv c;
		switch (net_below(n, 6)) {
		case 0:
			c = conv_of(n, t->host, d->w.files, SMB, at);
			conv_open(&c);
			talk_smb(&c, 5000 + net_below(n, 9000), 2000);
			conv_close(&c, CLIENT);
			break;
		case 1: print_list(d, t->host, d->w.printer, at); break;
		case 2: fetch(d, t->host, d->w.web, "www.example.org", at, 4000 + net_below(n, 9000)); break;
		case 3: talk_dns(n, at, t->host, d->w.dns, "wpad.lab.example", 0); break;
		default: fetch(d, t->host, d->w.records, "records.lab.example", at, 2000 + net_below(n, 4000)); break;
		}
	}
}

/* Servers fetch their updates in the night. */
static void server(struct day *d, const struct turn *t)
{
	uint64_t night = d->net->start + 18 * HOUR + net_between(d->net, 0, 4 * HOUR);
	fetch(d, t->host, d->update, "update.lab.example", night, 60000);
}

static const struct kind kinds[KINDS] = {
	{ "MON-A", "02:0c:05:31", NULL, 31, 64, false, hl7_monitor },
	{ "MON-B", "02:0e:09:32", "LABMON-3.1", 32, 64, true, intellivue },
	{ "MON-C", "02:0f:0a:33", "LABMON-2.4", 33, 64, true, mindray },
	{ "PUMP", "02:10:0b:34", "LABPUMP", 34, 64, true, pump },
	{ "LAB", "02:11:0c:35", NULL, 35, 128, false, analyser },
	{ "GLUCO", "02:12:0d:36", "LABGLUCO", 36, 64, true, glucose },
	{ "CT", "02:13:0e:37", NULL, 37, 128, false, imaging },
	{ "PRN", "3c:d9:2b:38", "LABPRINT", 38, 64, false, printer },
	{ "WS", "18:66:da:39", "MSFT 5.0", 39, 128, true, workstation },
	{ "SRV", "00:50:56:3a", NULL, 40, 64, false, server },
};

/* ---- the day ---- */

static struct host *device(struct day *d, const struct kind *k, unsigned i)
{
	char mac[MAC_TEXT], ip[ADDR_TEXT];
	snprintf(mac, sizeof(mac), "%s:%02x:%02x", k->mac, i / 16, 0x10 + i);
	snprintf(ip, sizeof(ip), "10.20.%u.%u", k->net, 20 + i);
	char *name = d->names[d->nnames++];
	snprintf(name, NAME, "%s-%02u", k->name, i + 1);
	return net_host(d->net, name, mac, ip, k->ttl, 0);
}

/* Half a lease before its end a device asks for it again, RFC 2131 section 4.4.5. */
static void leases(struct day *d, const struct kind *k, const struct turn *t)
{
	const struct dhcp_client c = { t->host->name, k->vendor, wants, sizeof(wants), d->w.dns->ip };
	if (!k->vendor)
		return;
	talk_dhcp(d->net, t->from - 20 * SECOND, t->host, d->w.dhcp, &c);
	for (uint64_t at = t->from + 4 * HOUR; at < t->until; at += 4 * HOUR + net_between(d->net, 0, 30 * SECOND))
		talk_dhcp_renew(d->net, at, t->host, d->w.dhcp, &c);
}

static void clock_polls(struct day *d, const struct turn *t)
{
	for (uint64_t at = t->from + net_between(d->net, SECOND, 17 * MINUTE); at < t->until; at += 1024 * SECOND)
		talk_ntp(d->net, at, t->host, d->w.ntp);
}

static void live(struct day *d, const struct kind *k, struct host *h, unsigned i)
{
	struct net *n = d->net;
	struct turn t = { h, i, n->start + net_between(n, MINUTE, 20 * MINUTE), n->end };
	uint64_t off = k->rests ? n->start + net_between(n, 6 * HOUR, 11 * HOUR) : n->end;
	t.until = off;
	leases(d, k, &t);
	clock_polls(d, &t);
	k->turn(d, &t);
	if (!k->rests || i % 3 == 0)             /* some stay off until the next day */
		return;
	t.from = off + net_between(n, HOUR, 4 * HOUR);
	t.until = n->end;
	leases(d, k, &t);
	clock_polls(d, &t);
	k->turn(d, &t);
}

static void make(struct net *n)
{
	struct day d = { .net = n, .w = ward_of(n) };
	d.pumps = net_host(n, "pumps", NULL, "10.20.1.40", 64, 1);
	d.update = net_host(n, "update", NULL, "10.20.1.41", 64, 1);
	d.antivirus = net_host(n, "antivirus", NULL, "198.51.100.77", 64, 12);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (unsigned i = 0; i < KIND; i++)
			live(&d, &kinds[k], device(&d, &kinds[k], i), i);
}

const struct scenario scenario_healthy_large = {
	.name = "healthy-large", .doc = "Two hundred devices of ten kinds through a day and a night, all well",
	.expect = "nothing", .hours = 24, .make = make,
};
