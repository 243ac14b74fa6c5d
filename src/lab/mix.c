/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mix follows what a hospital's core mirror carries by bytes: images first, then vital signs, web
 * and files; about 530 bytes a packet and 20 packets a conversation. */
#include "lab/mix.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "lab/scenario.h"
#include "lab/stencil.h"
#include "lab/talk.h"

enum {
	SLOTS = 800, KINDS_MAX = 24, VARIANTS_MAX = 3, DRAIN_AT = 1 << 20, SNAP = 65535, ETHERNET = 1,
	FLOW_STEPS = 5, FLOWS_A_HOST = 64,
};

static struct conv opened(struct net *n, struct host *a, struct host *b, uint16_t port)
{
	struct conv c = conv_of(n, a, b, port, n->start);
	conv_open(&c);
	return c;
}

static const struct hl7_sender device = {
	.application = "MONITOR", .facility = "LABHOST0", .to_application = "ENGINE", .to_facility = "LAB",
	.device = "LABHOST0",
};

static void hl7_session(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	struct readings r = readings_of(n);
	struct conv c = opened(n, a, b, 2575);
	talk_hl7_admit(&c, &device, &planted[variant]);
	for (int i = 0; i < 42; i++) {
		talk_hl7_vitals(&c, &device, &r, i % 4 ? NULL : &planted[variant]);
		readings_step(n, &r);
		conv_wait(&c, 300 * MS);
	}
	conv_close(&c, CLIENT);
}

static void hl7_single(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	struct conv c = opened(n, a, b, 6661);
	talk_hl7_admit(&c, &device, &planted[variant + 3]);
	conv_close(&c, CLIENT);
}

static void dicom(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	static const struct dicom_ends ends = { .calling = "LABHOST0", .called = "PACSLAB" };
	struct conv c = opened(n, a, b, 11112);
	talk_dicom_open(&c, &ends);
	talk_dicom_echo(&c);
	for (unsigned i = 0; i < 70; i++)
		talk_dicom_store(&c, &planted[variant], i);
	talk_dicom_close(&c);
	conv_close(&c, CLIENT);
}

static void contec(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	struct readings r = readings_of(n);
	struct conv c = opened(n, a, b, 515);
	for (unsigned i = 0; i < 60; i++) {
		talk_contec(&c, 1 + variant, &r, i % 10 ? NULL : &planted[variant]);
		readings_step(n, &r);
		conv_wait(&c, SECOND);
	}
	conv_close(&c, CLIENT);
}

static void dns(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	static const char *const names[VARIANTS_MAX] = { "www.example.org", "records.lab.example", "wpad.lab.example" };
	talk_dns(n, n->start, a, b, names[variant], variant == 2 ? 0 : IP4(192, 0, 2, 7));
}

static void tls(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	static const char *const names[VARIANTS_MAX] = { "www.example.org", "records.lab.example", "mail.example.net" };
	struct conv c = opened(n, a, b, 443);
	talk_tls_hello(&c, names[variant]);
	for (unsigned i = 0; i < 2; i++) {
		talk_tls_data(&c, CLIENT, 400);
		talk_tls_data(&c, SERVER, 2600 + variant * 1500);
		conv_wait(&c, 900 * MS);
	}
	conv_close(&c, CLIENT);
}

static void http(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	AUTO_BUF page = { 0 };
	for (unsigned i = 0; i < 40 + 40 * variant; i++)
		buf_printf(&page, "<p>Paragraph %u: wash hands, check the lines, write it down.</p>\n", i);
	struct conv c = opened(n, a, b, 80);
	talk_http(&c, "intranet.lab.example", "/handbook/index.html", "text/html", NULL, buf_span(&page));
	conv_close(&c, SERVER);
}

static void smb(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	struct conv c = opened(n, a, b, 445);
	talk_smb(&c, 330000 + 20000 * variant, 65000);
	conv_close(&c, CLIENT);
}

static void nfs(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	AUTO_BUF content = { 0 };
	net_noise(n, &content, 300000 + 20000 * variant);
	const struct nfs_file file = { "archive.bin", buf_span(&content) };
	talk_nfs(n, n->start, a, b, "/export/archive", &file, 1);
}

static void lpd(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	AUTO_BUF list = { 0 };
	for (unsigned i = 0; i < 20 + 20 * variant; i++)
		buf_printf(&list, "%04u  gloves, infusion lines, swabs\r\n", i * 17);
	struct conv c = opened(n, a, b, 515);
	talk_lpd(&c, "ward", "stock-list", "nurse", buf_span(&list));
	conv_close(&c, CLIENT);
}

static void dhcp(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	static const uint8_t wants[] = { 1, 3, 6, 12, 15, 28, 42 };
	const struct dhcp_client c = { "LABHOST0", variant ? "MSFT 5.0" : "LABMON-2.4", wants, sizeof(wants), b->ip };
	talk_dhcp(n, n->start, a, b, &c);
}

static void ftp(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	AUTO_BUF content = { 0 };
	net_noise(n, &content, 300000 + 10000 * variant);
	struct conv c = opened(n, a, b, 21);
	talk_ftp(&c, "bulk.bin", buf_span(&content));
	conv_close(&c, CLIENT);
}

static void ntp(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	(void)variant;
	talk_ntp(n, n->start, a, b);
}

static void ssh(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	struct conv c = opened(n, a, b, 22);
	talk_ssh(&c, 20 + 20 * variant);
	conv_close(&c, CLIENT);
}

static void nbns(struct net *n, struct host *a, struct host *b, unsigned variant)
{
	(void)b;
	(void)variant;
	talk_nbns_register(n, n->start, a, UINT32_MAX, "LABHOST0");
}

struct kind {
	void (*tell)(struct net *n, struct host *a, struct host *b, unsigned variant);
	uint32_t weight;                         /* of 130 thousand conversations */
	uint16_t servers;
};

static const struct kind kinds[] = {
	{ hl7_session, 5000, 6 }, { hl7_single, 8000, 4 }, { dicom, 640, 8 }, { contec, 1500, 4 }, { dns, 45000, 4 },
	{ tls, 26000, 40 }, { http, 10000, 10 }, { smb, 300, 6 }, { nfs, 330, 4 }, { lpd, 6000, 20 }, { dhcp, 4000, 2 },
	{ ftp, 150, 3 }, { ntp, 20000, 2 }, { ssh, 500, 20 }, { nbns, 2000, 1 },
};
enum { KINDS = ARRAY_LEN(kinds) };

struct slot {
	uint64_t began, due;
	const struct stencil *stencil;
	size_t next;
	struct stencil_cast cast;
};

struct mixer {
	struct net *dice;
	struct stencil stencil[KINDS][VARIANTS_MAX];
	struct slot slot[SLOTS];
	uint16_t heap[SLOTS];                    /* slots, the one due first on top */
	struct buf out;
	FILE *file;
	uint64_t bytes, packets, told;
	uint32_t clients, weights;
};

static void pcap_head(struct buf *b)
{
	buf_le32(b, 0xa1b2c3d4);
	buf_le16(b, 2);
	buf_le16(b, 4);
	buf_le64(b, 0);
	buf_le32(b, SNAP);
	buf_le32(b, ETHERNET);
}

static int drain(struct mixer *x, size_t at)
{
	if (x->out.n < at)
		return 0;
	errno = 0;
	if (fwrite(x->out.p, 1, x->out.n, x->file) != x->out.n)
		return errno ? -errno : -EIO;
	buf_reset(&x->out);
	return 0;
}

static int put(struct mixer *x, uint64_t time, const struct stencil *s, size_t i, const struct stencil_cast *cast)
{
	size_t n = s->frames[i].bytes.n;
	buf_le32(&x->out, (uint32_t)(time / SECOND));
	buf_le32(&x->out, (uint32_t)(time % SECOND / US));
	buf_le32(&x->out, (uint32_t)n);
	buf_le32(&x->out, (uint32_t)n);
	uint8_t *room = buf_room(&x->out, n);
	if (!room)
		return -EIO;
	stencil_copy(s, i, cast, room);
	x->bytes += n;
	x->packets++;
	return drain(x, DRAIN_AT);
}

static struct mixer *mixer_new(const struct mix *m, FILE *out)
{
	struct mixer *x = mem_new(sizeof(*x));
	x->dice = net_new(m->seed, SCENARIO_START, 0, 1);
	x->file = out;
	pcap_head(&x->out);
	return x;
}

static void mixer_free(struct mixer *x)
{
	for (size_t k = 0; k < KINDS; k++)
		for (size_t v = 0; v < VARIANTS_MAX; v++)
			stencil_done(&x->stencil[k][v]);
	buf_done(&x->out);
	net_free(x->dice);
	free(x);
}

static void tell_all(struct mixer *x, const struct mix *m)
{
	uint32_t servers = 0;
	for (size_t k = 0; k < KINDS; k++) {
		servers += kinds[k].servers;
		x->weights += kinds[k].weight;
		for (unsigned v = 0; v < VARIANTS_MAX; v++) {
			struct host *a, *b;
			struct net *n = stencil_stage(m->seed + k * VARIANTS_MAX + v, &a, &b);
			kinds[k].tell(n, a, b, v);
			x->stencil[k][v] = stencil_of(n);
		}
	}
	x->clients = m->hosts - servers;
}

static size_t pick_kind(struct mixer *x)
{
	uint32_t roll = net_below(x->dice, x->weights);
	size_t k = 0;
	while (roll >= kinds[k].weight)
		roll -= kinds[k++].weight;
	return k;
}

/* Servers stand behind the clients in the numbering, those of one kind together. */
static uint32_t pick_server(struct mixer *x, size_t kind)
{
	uint32_t first = x->clients;
	for (size_t k = 0; k < kind; k++)
		first += kinds[k].servers;
	return first + net_below(x->dice, kinds[kind].servers);
}

static void begin(struct mixer *x, struct slot *s, uint64_t at)
{
	size_t k = pick_kind(x);
	*s = (struct slot){ .began = at, .due = at, .stencil = &x->stencil[k][net_below(x->dice, VARIANTS_MAX)] };
	stencil_client(&s->cast, net_below(x->dice, x->clients));
	stencil_server(&s->cast, pick_server(x, k));
	s->cast.port_shift = (uint16_t)(x->told++ % STENCIL_PORTS);
}

static void sink(struct mixer *x, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= SLOTS)
			return;
		if (child + 1 < SLOTS && x->slot[x->heap[child + 1]].due < x->slot[x->heap[child]].due)
			child++;
		if (x->slot[x->heap[at]].due <= x->slot[x->heap[child]].due)
			return;
		uint16_t swap = x->heap[at];
		x->heap[at] = x->heap[child];
		x->heap[child] = swap;
		at = child;
	}
}

/* One frame of the slot that is due, which then waits for its next or begins anew. */
static int step(struct mixer *x)
{
	struct slot *s = &x->slot[x->heap[0]];
	int err = put(x, s->due, s->stencil, s->next, &s->cast);
	if (err)
		return err;
	if (++s->next < s->stencil->n)
		s->due = s->began + s->stencil->frames[s->next].at;
	else
		begin(x, s, s->due + net_between(x->dice, MS, 400 * MS));
	sink(x, 0);
	return 0;
}

int mix_write(const struct mix *m, FILE *out)
{
	struct mixer *x = mixer_new(m, out);
	int err = 0;
	tell_all(x, m);
	for (uint16_t i = 0; i < SLOTS; i++) {
		begin(x, &x->slot[i], x->dice->start + net_between(x->dice, 0, 4 * SECOND));
		x->heap[i] = i;
	}
	for (size_t i = SLOTS / 2; i-- > 0;)
		sink(x, i);
	while (!err && (x->bytes < m->bytes || x->packets < m->packets))
		err = step(x);
	if (!err)
		err = drain(x, 1);
	mixer_free(x);
	return err;
}

int mix_flows(const struct mix *m, FILE *out)
{
	struct mixer *x = mixer_new(m, out);
	struct host *a, *b;
	struct net *n = stencil_stage(m->seed, &a, &b);
	struct stencil *s = &x->stencil[0][0];
	uint64_t time = x->dice->start;
	int err = 0;
	http(n, a, b, 0);
	*s = stencil_of(n);
	for (size_t i = 0; i < FLOW_STEPS && i < s->n; i++)
		for (uint64_t flow = 0; !err && flow < m->flows; flow++) {
			struct stencil_cast cast = { .port_shift = (uint16_t)(flow % FLOWS_A_HOST) };
			stencil_client(&cast, 64 + (uint32_t)(flow / FLOWS_A_HOST));
			stencil_server(&cast, (uint32_t)(flow % 64));
			err = put(x, time, s, i, &cast);
			time += 5 * US;
		}
	if (!err)
		err = drain(x, 1);
	mixer_free(x);
	return err;
}
