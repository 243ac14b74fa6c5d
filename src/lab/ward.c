/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ward's hosts and its ordinary day. */
#include "lab/ward.h"

#include <zlib.h>

enum { HTTPS = 443, DICOM = 11112, DICOM_TLS = 2762, MLLP_TLS = 2576, LPD = 515, SMB = 445, FTP = 21, SSH = 22,
	HTTP = 80 };

static const char *const bed_names[WARD_BEDS] = { "BED1", "BED2", "BED3", "BED4", "BED5", "BED6" };
static const uint8_t pc_wants[] = { 1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252 };
static const uint8_t monitor_wants[] = { 1, 3, 6, 12, 15, 28, 42 };

static struct host *numbered(struct net *n, const char *name, const char *mac_head, unsigned last)
{
	char mac[MAC_TEXT], ip[ADDR_TEXT];
	snprintf(mac, sizeof(mac), "%s:%02x", mac_head, last & 0xff);
	snprintf(ip, sizeof(ip), "10.20.30.%u", last);
	return net_host(n, name, mac, ip, 64, 0);
}

struct ward ward_of(struct net *n)
{
	static const char *const monitors[WARD_MONITORS] = { "MON-SURG-1", "MON-SURG-2", "MON-SURG-3" };
	static const char *const pcs[WARD_PCS] = { "WS-NURSE-1", "WS-NURSE-2", "WS-DOCTOR-1", "WS-DOCTOR-2" };
	struct ward w = { .net = n };
	w.router = n->router = net_host(n, "router", "00:1b:54:20:30:01", "10.20.30.1", 255, 0);
	w.dhcp = net_host(n, "dhcp", "00:50:56:20:30:02", "10.20.30.2", 64, 0);
	w.dns = net_host(n, "dns", NULL, "10.20.1.2", 64, 1);
	w.ntp = net_host(n, "ntp", NULL, "10.20.1.3", 64, 1);
	w.intranet = net_host(n, "intranet", NULL, "10.20.1.20", 64, 1);
	w.records = net_host(n, "records", NULL, "10.20.1.30", 128, 1);
	w.central = net_host(n, "central", "00:50:56:20:30:0a", "10.20.30.10", 128, 0);
	w.engine = net_host(n, "engine", "00:50:56:20:30:0b", "10.20.30.11", 64, 0);
	w.files = net_host(n, "files", "00:50:56:20:30:0c", "10.20.30.12", 128, 0);
	w.nas = net_host(n, "nas", "00:50:56:20:30:0d", "10.20.30.13", 64, 0);
	w.backup = net_host(n, "backup", "00:50:56:20:30:0e", "10.20.30.14", 64, 0);
	w.ct = net_host(n, "ct", "02:c7:00:20:30:28", "10.20.30.40", 128, 0);
	w.pacs = net_host(n, "pacs", "00:50:56:20:30:29", "10.20.30.41", 64, 0);
	w.printer = net_host(n, "PRN-WARD", "3c:d9:2b:20:30:32", "10.20.30.50", 64, 0);
	w.admin = net_host(n, "WS-ADMIN", "18:66:da:20:30:41", "10.20.30.65", 64, 0);
	for (unsigned i = 0; i < WARD_BEDS; i++)
		w.bed[i] = numbered(n, bed_names[i], "02:0c:05:20:30", 21 + i);
	for (unsigned i = 0; i < WARD_MONITORS; i++)
		w.monitor[i] = numbered(n, monitors[i], "02:0d:07:20:30", 31 + i);
	for (unsigned i = 0; i < WARD_PCS; i++) {
		w.pc[i] = numbered(n, pcs[i], "18:66:da:20:30", 61 + i);
		w.pc[i]->ttl = 128;
	}
	w.web = net_host(n, "web", NULL, "203.0.113.80", 64, 9);
	w.mail = net_host(n, "mail", NULL, "198.51.100.25", 64, 11);
	return w;
}

static struct hl7_sender sender(const char *application, const char *facility, const char *to, const char *device)
{
	return (struct hl7_sender){
		.application = application, .facility = facility, .to_application = to, .to_facility = "LABHOSPITAL",
		.device = device,
	};
}

static void vitals(struct ward *w, struct host *from, struct host *to, uint16_t port, const struct hl7_sender *s,
		   uint64_t start, uint64_t until, uint64_t every)
{
	struct net *n = w->net;
	struct readings r = readings_of(n);
	struct conv c = conv_of(n, from, to, port, start);
	conv_open(&c);
	for (unsigned i = 1; c.now < until; i++) {
		uint64_t began = c.now;
		talk_hl7_vitals(&c, s, &r, NULL);
		readings_step(n, &r);
		conv_wait(&c, began + every - c.now);
		if (i % 50 == 0)
			net_resolve(n, c.now, from, to);
	}
	conv_close(&c, CLIENT);
}

void ward_vitals(struct ward *w, struct host *monitor, const char *device, uint64_t from, uint64_t until,
		 uint64_t every)
{
	struct hl7_sender s = sender("CMS-GATEWAY", monitor->name, "CENTRAL", device);
	vitals(w, monitor, w->central, CENTRAL_PORT, &s, from, until, every);
}

static void monitors(struct ward *w)
{
	static const char *const devices[WARD_BEDS] = {
		"PM8000-0101", "PM8000-0102", "PM8000-0103", "PM8000-0104", "PM8000-0105", "PM8000-0106",
	};
	static const char *const others[WARD_MONITORS] = { "VISTALAB-2201", "VISTALAB-2202", "VISTALAB-2203" };
	struct net *n = w->net;
	for (unsigned i = 0; i < WARD_BEDS; i++)
		ward_vitals(w, w->bed[i], devices[i], n->start + net_between(n, 2 * SECOND, 30 * SECOND), n->end,
			    60 * SECOND);
	for (unsigned i = 0; i < WARD_MONITORS; i++) {
		const struct dhcp_client d = { w->monitor[i]->name, "LABMON-2.4", monitor_wants,
			sizeof(monitor_wants), w->dns->ip };
		uint64_t at = n->start + net_between(n, SECOND, 20 * SECOND);
		talk_dhcp(n, at, w->monitor[i], w->dhcp, &d);
		struct hl7_sender s = sender("SURGMON", w->monitor[i]->name, "ENGINE", others[i]);
		vitals(w, w->monitor[i], w->engine, ENGINE_PORT, &s, at + 8 * SECOND, n->end, 75 * SECOND);
	}
}

/* A TLS conversation with a short exchange each `every`. */
static void secret_link(struct ward *w, struct host *from, struct host *to, uint16_t port, const char *name,
			uint64_t every, size_t bytes)
{
	struct net *n = w->net;
	struct conv c = conv_of(n, from, to, port, n->start + net_between(n, SECOND, 40 * SECOND));
	conv_open(&c);
	talk_tls_hello(&c, name);
	while (c.now < n->end) {
		talk_tls_data(&c, CLIENT, bytes + net_below(n, 200));
		talk_tls_data(&c, SERVER, 90 + net_below(n, 40));
		conv_wait(&c, net_between(n, every / 2, every * 3 / 2));
	}
	conv_close(&c, CLIENT);
}

static void imaging(struct ward *w)
{
	struct net *n = w->net;
	const struct dicom_ends ends = { .calling = "CTLAB1", .called = "PACSLAB" };
	for (uint64_t at = n->start + 3 * MINUTE; at < n->end; at += 15 * MINUTE) {
		struct conv c = conv_of(n, w->ct, w->pacs, DICOM, at);
		conv_open(&c);
		talk_dicom_open(&c, &ends);
		talk_dicom_echo(&c);
		talk_dicom_close(&c);
		conv_close(&c, CLIENT);
	}
	for (uint64_t at = n->start + 10 * MINUTE; at < n->end; at += 25 * MINUTE) {
		struct conv c = conv_of(n, w->ct, w->pacs, DICOM_TLS, at);
		conv_open(&c);
		talk_tls_hello(&c, "pacs.lab.example");
		for (int i = 0; i < 6; i++) {
			talk_tls_data(&c, CLIENT, 9000 + net_below(n, 400));
			talk_tls_data(&c, SERVER, 160);
		}
		conv_close(&c, CLIENT);
	}
}

static void browse(struct ward *w, struct host *pc, struct host *server, const char *name, uint64_t at)
{
	struct net *n = w->net;
	at = talk_dns(n, at, pc, w->dns, name, server->ip) + 2 * MS;
	struct conv c = conv_of(n, pc, server, HTTPS, at);
	conv_open(&c);
	talk_tls_hello(&c, name);
	for (uint32_t i = 0, turns = 1 + net_below(n, 3); i < turns; i++) {
		talk_tls_data(&c, CLIENT, 300 + net_below(n, 500));
		talk_tls_data(&c, SERVER, 900 + net_below(n, 6000));
		conv_wait(&c, net_between(n, 200 * MS, 4 * SECOND));
	}
	if (net_below(n, 4) == 0)
		conv_reset(&c, CLIENT);
	else
		conv_close(&c, CLIENT);
}

/* One stored block (RFC 1951 §3.2.4, RFC 1952): the same bytes whatever zlib is installed. */
static void gzip_stored(struct buf *b, struct span s)
{
	buf_bytes(b, SPAN_LIT("\x1f\x8b\x08\0\0\0\0\0\0\x03\x01"));
	buf_le16(b, (uint16_t)s.n);
	buf_le16(b, (uint16_t)~s.n);
	buf_bytes(b, s);
	buf_le32(b, (uint32_t)crc32_z(0, s.p, s.n));
	buf_le32(b, (uint32_t)s.n);
}

static void intranet(struct ward *w, struct host *pc, uint64_t at)
{
	struct net *n = w->net;
	AUTO_BUF page = { 0 };
	buf_text(&page, "<!doctype html><title>Ward handbook</title><h1>Ward handbook</h1>\n");
	for (int i = 0; i < 30; i++)
		buf_printf(&page, "<p>Paragraph %d: wash hands, check the lines, write it down.</p>\n", i);
	AUTO_BUF packed = { 0 };
	gzip_stored(&packed, SPAN_LIT("body { font: 16px/1.4 sans-serif; margin: 2em }\nh1 { color: #135 }\n"));
	at = talk_dns(n, at, pc, w->dns, "intranet.lab.example", w->intranet->ip) + MS;
	struct conv c = conv_of(n, pc, w->intranet, HTTP, at);
	conv_open(&c);
	talk_http(&c, "intranet.lab.example", "/handbook/index.html", "text/html; charset=utf-8", NULL,
		  buf_span(&page));
	conv_wait(&c, 300 * MS);
	talk_http(&c, "intranet.lab.example", "/static/site.css", "text/css", "gzip", buf_span(&packed));
	conv_close(&c, SERVER);
}

static void print_stock_list(struct ward *w, struct host *pc, uint64_t at)
{
	AUTO_BUF list = { 0 };
	buf_text(&list, "\x1b%-12345X@PJL JOB\n@PJL ENTER LANGUAGE=PCL\n");
	for (int i = 1; i <= 60; i++)
		buf_printf(&list, "%04d  gloves, infusion lines, swabs: shelf %c%d\r\n", i * 17, 'A' + i % 6, i % 9);
	buf_text(&list, "\f\x1b%-12345X");
	struct conv c = conv_of(w->net, pc, w->printer, LPD, at);
	c.port[CLIENT] = (uint16_t)(721 + net_below(w->net, 11));    /* RFC 1179 §3.1 */
	conv_open(&c);
	talk_lpd(&c, "ward", "stock-list", "nurse", buf_span(&list));
	conv_close(&c, CLIENT);
}

static void file_work(struct ward *w, struct host *pc, uint64_t at)
{
	struct conv c = conv_of(w->net, pc, w->files, SMB, at);
	conv_open(&c);
	talk_smb(&c, 8000 + net_below(w->net, 12000), 3000);
	conv_close(&c, CLIENT);
}

/* A segment whose acknowledgement got lost comes again, byte for byte: nothing was altered. */
static void honest_repeat(struct ward *w, struct host *pc, uint64_t at)
{
	struct conv c = conv_of(w->net, pc, w->intranet, HTTP, at);
	conv_open(&c);
	struct span ask = SPAN_LIT("GET /clock HTTP/1.1\r\nHost: intranet.lab.example\r\n\r\n");
	conv_send(&c, CLIENT, ask);
	conv_repeat(&c);
	conv_text(&c, SERVER, "HTTP/1.1 204 No Content\r\nServer: lab-intranet\r\n\r\n");
	conv_close(&c, CLIENT);
}

static void workstations(struct ward *w)
{
	struct net *n = w->net;
	for (unsigned i = 0; i < WARD_PCS; i++) {
		struct host *pc = w->pc[i];
		const struct dhcp_client d = { pc->name, "MSFT 5.0", pc_wants, sizeof(pc_wants), w->dns->ip };
		uint64_t at = n->start + net_between(n, SECOND, MINUTE);
		talk_dhcp(n, at, pc, w->dhcp, &d);
		talk_nbns_register(n, at + 6 * SECOND, pc, IP4(10, 20, 30, 255), pc->name);
		file_work(w, pc, at + 20 * SECOND);
		for (at += 90 * SECOND; at + MINUTE < n->end; at += net_between(n, 3 * MINUTE, 8 * MINUTE)) {
			switch (net_below(n, 8)) {
			case 0: file_work(w, pc, at); break;
			case 1: print_stock_list(w, pc, at); break;
			case 2: intranet(w, pc, at); break;
			case 3: browse(w, pc, w->web, "www.example.org", at); break;
			case 4: browse(w, pc, w->mail, "mail.example.net", at); break;
			case 5: honest_repeat(w, pc, at); break;
			case 6: talk_dns(n, at, pc, w->dns, "wpad.lab.example", 0); break;
			default: browse(w, pc, w->records, "records.lab.example", at); break;
			}
		}
	}
}

static void clocks(struct ward *w)
{
	struct net *n = w->net;
	struct host *const all[] = { w->central, w->engine, w->ct, w->pacs, w->files, w->nas, w->monitor[0],
		w->monitor[1] };
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (uint64_t at = n->start + net_between(n, SECOND, 17 * MINUTE); at < n->end; at += 1024 * SECOND)
			talk_ntp(n, at, all[i], w->ntp);
}

/* Servers do among themselves what a monitor must not: one mounts the other's disk. */
static void servers(struct ward *w)
{
	struct net *n = w->net;
	AUTO_BUF archive = { 0 };
	net_noise(n, &archive, 30000);
	const struct nfs_file file = { "archive-0301.bin", buf_span(&archive) };
	talk_nfs(n, n->start + 25 * MINUTE, w->backup, w->nas, "/export/backup", &file, 1);
	struct conv ssh = conv_of(n, w->admin, w->engine, SSH, n->start + 12 * MINUTE);
	conv_open(&ssh);
	talk_ssh(&ssh, 30);
	conv_close(&ssh, CLIENT);
	struct conv ftp = conv_of(n, w->admin, w->nas, FTP, n->start + 33 * MINUTE);
	conv_open(&ftp);
	talk_ftp(&ftp, "price-list.csv", SPAN_LIT("item;price\ngloves;4.20\nswabs;1.10\n"));
	conv_close(&ftp, CLIENT);
	for (uint64_t at = n->start + 40 * SECOND; at < n->end; at += 30 * MINUTE)
		talk_mdns_announce(n, at, w->printer, "Ward printer", "_printer._tcp.local", "PRN-WARD.local", LPD);
}

void ward_ordinary(struct ward *w)
{
	monitors(w);
	secret_link(w, w->central, w->engine, MLLP_TLS, "engine.lab.example", 2 * MINUTE, 900);
	secret_link(w, w->engine, w->records, MLLP_TLS, "records.lab.example", 3 * MINUTE, 1500);
	imaging(w);
	workstations(w);
	clocks(w);
	servers(w);
}
