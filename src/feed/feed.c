/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of feeds, and what feeds share: see feed.h. */
#include "feed/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/scope.h"

enum { FLUSH = 256 * 1024, MODE = 0640, CAP = 1 << 30 };

struct feed_file {
	const struct feed *feed;
	struct feed_run run;
	int fd, error;
};

static struct span text(const struct record *r, unsigned field)
{
	return r ? record_get_text(r, field) : (struct span){ 0 };
}

static struct span hash(const struct record *r)
{
	return r && record_has(r, OBS_SHA256) ? span_of(r->v[OBS_SHA256].hash, 32) : (struct span){ 0 };
}

bool notice_of(const struct record *r, struct notice *out)
{
	if (r->type != &finding_type)
		return false;
	const struct record *o = record_has(r, FND_OBSERVED) ? r->v[FND_OBSERVED].record : NULL;
	const struct record *d = record_has(r, FND_DEVICE) ? r->v[FND_DEVICE].record : NULL;
	*out = (struct notice){
		.id = text(r, FND_ID), .rule = text(r, FND_RULE), .severity = text(r, FND_SEVERITY),
		.title = text(r, FND_TITLE), .meaning = text(r, FND_MEANING), .case_id = text(r, FND_CASE),
		.device = text(d, SUB_NAME), .transport = text(o, OBS_TRANSPORT), .protocol = text(o, OBS_PROTOCOL),
		.host = text(o, OBS_HOST), .url = text(o, OBS_URL), .path = text(o, OBS_PATH), .sha256 = hash(o),
		.first = record_get_uint(r, FND_FIRST), .last = record_get_uint(r, FND_LAST),
		.count = record_get_uint(r, FND_COUNT), .confidence = record_get_real(r, FND_CONFIDENCE),
	};
	while (out->level < SEV_CRITICAL && !span_is(out->severity, severity_name((enum severity)out->level)))
		out->level++;
	if (!out->device.n)
		out->device = text(d, SUB_ID);
	if (o) {
		out->src = record_get_addr(o, OBS_SOURCE);
		out->dst = record_get_addr(o, OBS_ADDRESS);
		out->port = (uint16_t)record_get_uint(o, OBS_PORT);
		if (record_has(o, OBS_MAC))
			out->mac = o->v[OBS_MAC].mac;
	}
	if (!out->src.family && d)
		out->src = record_get_addr(d, SUB_ADDRESS);
	return true;
}

/* ---- files ---- */

static void flush(struct feed_file *f)
{
	struct span left = buf_span(&f->run.out);
	while (left.n && !f->error) {
		ssize_t n = write(f->fd, left.p, left.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			f->error = n < 0 ? -errno : -EIO;
		left = span_from(left, n > 0 ? (size_t)n : 0);
	}
	buf_reset(&f->run.out);
}

struct feed_file *feed_open(const struct feed *feed, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (fd < 0)
		return NULL;
	struct feed_file *f = mem_new(sizeof(*f));
	f->feed = feed;
	f->fd = fd;
	for (size_t i = 0; i < ARRAY_LEN(f->run.more); i++)
		f->run.more[i].cap = CAP;
	if (feed->begin)
		feed->begin(&f->run);
	return f;
}

static void note_time(struct feed_run *f, const struct record *r)
{
	struct notice n;
	if (!notice_of(r, &n))
		return;
	if (!f->first || n.first < f->first)
		f->first = n.first;
	f->last = n.last > f->last ? n.last : f->last;
}

void feed_record(struct feed_file *f, const struct record *r)
{
	note_time(&f->run, r);
	f->feed->record(&f->run, r);
	if (f->run.out.n >= FLUSH)
		flush(f);
}

int feed_close(struct feed_file *f)
{
	if (!f)
		return 0;
	bool full = false;
	if (f->feed->end)
		f->feed->end(&f->run);
	for (size_t i = 0; i < ARRAY_LEN(f->run.more); i++) {
		full |= f->run.more[i].full;
		buf_done(&f->run.more[i]);
	}
	flush(f);
	if (close(f->fd) < 0 && !f->error)
		f->error = -errno;
	int rc = f->error ? f->error : full || f->run.out.full ? -EFBIG : 0;
	buf_done(&f->run.out);
	free(f->run.met);
	free(f);
	return rc;
}

/* ---- for feeds ---- */

static uint64_t *met_slot(const struct feed_run *f, uint64_t h)
{
	size_t i = h & (f->size - 1);
	while (f->met[i] && f->met[i] != h)
		i = (i + 1) & (f->size - 1);
	return &f->met[i];
}

static void met_grow(struct feed_run *f)
{
	struct feed_run old = *f;
	f->size = f->size ? 2 * f->size : 256;
	f->met = mem_array(f->size, sizeof(*f->met));
	for (size_t i = 0; i < old.size; i++)
		if (old.met[i])
			*met_slot(f, old.met[i]) = old.met[i];
	free(old.met);
}

bool feed_met(struct feed_run *f, struct span name, bool add)
{
	uint64_t h = hash64((struct hash_key){ 0 }, name) | 1;
	if (2 * f->nmet >= f->size)
		met_grow(f);
	uint64_t *slot = met_slot(f, h);
	bool there = *slot == h;
	if (add && !there) {
		*slot = h;
		f->nmet++;
	}
	return there;
}

void feed_put_addr(struct buf *b, struct addr a)
{
	char t[ADDR_TEXT];
	buf_text(b, addr_text(a, t));
}

void feed_put_mac(struct buf *b, struct mac m)
{
	char t[MAC_TEXT];
	buf_text(b, mac_text(m, t));
}

void feed_put_time(struct buf *b, uint64_t ns, const char *zone)
{
	time_t s = (time_t)(ns / 1000000000u);
	struct tm tm;
	gmtime_r(&s, &tm);
	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%06u%s", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		   tm.tm_min, tm.tm_sec, (unsigned)(ns % 1000000000u / 1000u), zone);
}

void feed_put_seconds(struct buf *b, uint64_t ns)
{
	buf_printf(b, "%llu.%06u", (unsigned long long)(ns / 1000000000u), (unsigned)(ns % 1000000000u / 1000u));
}

void feed_put_escaped(struct buf *b, struct span s, const char *special)
{
	for (struct rd r = rd_of(s); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		if (c < ' ' || c == 127)
			c = ' ';
		if (strchr(special, c))
			buf_u8(b, '\\');
		buf_u8(b, c);
	}
}
