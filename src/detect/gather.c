/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What detectors call: findings by key, their evidence and texts, and questions about addresses. */
#include "detect/machine.h"

#include <stdarg.h>
#include <strings.h>

#include "base/scope.h"

static struct seat *seat_of(const struct run *d)
{
	return (struct seat *)(uintptr_t)((const char *)d - offsetof(struct seat, run));
}

/* The slot where the finding stands, or the free one where it belongs. */
static uint32_t *finding_slot(struct detect *m, const struct rule *rule, uint32_t device, const char *key)
{
	struct hash_key salt = { m->key.k0 ^ device, m->key.k1 ^ (uintptr_t)rule };
	uint64_t h = hash64(salt, span_str(key));
	for (size_t i = h % DETECT_SLOTS;; i = (i + 1) % DETECT_SLOTS) {
		if (!m->slots[i])
			return &m->slots[i];
		const struct finding *f = m->findings[m->slots[i] - 1];
		if (f->rule == rule && f->device == device && strcmp(f->key, key) == 0)
			return &m->slots[i];
	}
}

static bool quota_take(struct detect *m, uint32_t seat, uint32_t device)
{
	uint32_t pair[2] = { seat, device };
	uint64_t h = hash64(m->key, span_of(pair, sizeof(pair)));
	struct quota *q = &m->quotas[h % QUOTA_SLOTS];
	while (q->n && (q->seat != seat || q->device != device))
		q = q + 1 < m->quotas + QUOTA_SLOTS ? q + 1 : m->quotas;
	if (device != DEVICE_NONE && q->n >= DETECT_PER_DEVICE)
		return false;
	*q = (struct quota){ seat, device, q->n + 1 };
	return true;
}

static const char *transport_name(uint8_t proto)
{
	switch (proto) {
	case 0: return NULL;
	case 1: return "icmp";
	case 2: return "igmp";
	case 6: return "tcp";
	case 17: return "udp";
	case 47: return "gre";
	case 50: return "esp";
	case 58: return "icmpv6";
	case 132: return "sctp";
	default: return "other";
	}
}

static void describe(struct run *d, struct finding *f, const struct origin *at)
{
	record_addr(f->observed, OBS_SOURCE, detect_client(at));
	record_addr(f->observed, OBS_ADDRESS, detect_server(at));
	if (detect_server_port(at))
		record_uint(f->observed, OBS_PORT, detect_server_port(at));
	record_str(f->observed, OBS_TRANSPORT, transport_name(at->proto));
	f->scope = detect_scope(d, at);
}

/* Only the head of a record that its type needs. */
static struct record *observed_new(struct detect *m)
{
	struct record *r = arena_new(&m->arena, offsetof(struct record, v) + OBS_COUNT_ * sizeof(r->v[0]));
	if (r)
		record_begin(r, &observed_type, NULL, &m->host);
	return r;
}

static struct finding *finding_open(struct run *d, uint32_t *slot, uint32_t device, const char *key)
{
	struct detect *m = d->host;
	struct seat *seat = seat_of(d);
	if (m->nfindings >= DETECT_FINDINGS || seat->n >= DETECT_PER_RULE ||
	    !quota_take(m, (uint32_t)(seat - m->seats), device)) {
		m->counts.overflow++;
		return NULL;
	}
	struct finding *f = arena_new(&m->arena, sizeof(*f));
	struct record *observed = f ? observed_new(m) : NULL;
	if (!observed) {
		m->counts.overflow++;
		return NULL;
	}
	*f = (struct finding){ .rule = d->self->rule, .severity = SEV_MEDIUM, .confidence = 0.5, .device = device,
			       .observed = observed, .first = d->now, .last = d->now };
	snprintf(f->key, sizeof(f->key), "%s", key);
	m->findings[m->nfindings++] = f;
	*slot = m->nfindings;
	*(seat->tail ? &seat->tail->chain : &seat->head) = f;
	seat->tail = f;
	seat->n++;
	seat->devices[device % SEAT_DEVICES / 64] |= UINT64_C(1) << device % 64;
	return f;
}

void detect_again(const struct run *d, struct finding *f, const struct origin *at)
{
	uint64_t ts = at ? at->ts : d->now;
	f->first = ts < f->first ? ts : f->first;
	f->last = ts > f->last ? ts : f->last;
	f->count++;
	if (at)
		detect_evidence(f, at);
}

/* Found by its key, or opened: `again` adds the packet to one that was there. */
static __attribute__((format(printf, 5, 0))) struct finding *
finding_get(struct run *d, uint32_t device, const struct origin *at, bool again, const char *fmt, va_list ap)
{
	char key[FINDING_KEY];
	vsnprintf(key, sizeof(key), fmt, ap);
	if (device != DEVICE_NONE)
		device = device_root(d->devices, device);
	uint32_t *slot = finding_slot(d->host, d->self->rule, device, key);
	bool fresh = !*slot;
	struct finding *f = fresh ? finding_open(d, slot, device, key) : d->host->findings[*slot - 1];
	if (!f)
		return NULL;
	if (fresh)
		f->first = f->last = at ? at->ts : d->now;
	if (fresh && at)
		describe(d, f, at);
	if (fresh || again)
		detect_again(d, f, at);
	return f;
}

struct finding *detect_finding(struct run *d, uint32_t device, const struct origin *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct finding *f = finding_get(d, device, at, true, fmt, ap);
	va_end(ap);
	return f;
}

struct finding *detect_open(struct run *d, uint32_t device, const struct origin *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct finding *f = finding_get(d, device, at, false, fmt, ap);
	va_end(ap);
	return f;
}

bool detect_may_have(const struct run *d, uint32_t device)
{
	const struct seat *s = seat_of(d);
	if (!s->head)
		return false;
	if (device != DEVICE_NONE)
		device = device_root(d->devices, device);
	return s->devices[device % SEAT_DEVICES / 64] >> device % 64 & 1;
}

double detect_role_weight(const struct run *d, uint32_t device)
{
	return 0.4 + 0.6 * device_role_confidence(d->devices, device);
}

struct finding *detect_find(struct run *d, uint32_t device, const char *fmt, ...)
{
	if (!detect_may_have(d, device))
		return NULL;                     /* no key to write and look up: asked for every conversation */
	if (device != DEVICE_NONE)
		device = device_root(d->devices, device);
	char key[FINDING_KEY];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	uint32_t *slot = finding_slot(d->host, d->self->rule, device, key);
	return *slot ? d->host->findings[*slot - 1] : NULL;
}

struct finding *detect_next(struct run *d, const struct finding *f)
{
	return f ? f->chain : seat_of(d)->head;
}

void *detect_own(struct run *d, struct finding *f, size_t size)
{
	if (!f->own)
		f->own = arena_new(&d->host->arena, size);
	return f->own;
}

/* The first packets show how it began, the last place is kept for the latest. */
void detect_evidence(struct finding *f, const struct origin *at)
{
	for (unsigned i = 0; i < f->nevidence; i++)
		if (f->origins[i].packet == at->packet && f->origins[i].file == at->file)
			return;
	unsigned i = f->nevidence < FINDING_EVIDENCE ? f->nevidence++ : FINDING_EVIDENCE - 1;
	f->origins[i] = *at;
	f->notes[i] = NULL;
}

void detect_note(struct finding *f, const struct origin *at, const char *note)
{
	detect_evidence(f, at);
	for (unsigned i = 0; i < f->nevidence; i++)
		if (f->origins[i].packet == at->packet && f->origins[i].file == at->file)
			f->notes[i] = note;
}

void detect_list(struct finding *f, enum observed_field field, const char *text)
{
	struct texts have = record_has(f->observed, field) ? f->observed->v[field].texts : (struct texts){ 0 };
	for (uint32_t i = 0; i < have.n; i++)
		if (span_is(have.v[i], text))
			return;
	if (have.n < 64)
		record_add_text(f->observed, field, span_str(text));
}

/* Judging again makes the same texts again: each is kept once. */
static const char *text_kept(struct detect *m, const char *text)
{
	size_t i = hash64(m->key, span_str(text)) % TEXT_SLOTS;
	for (; m->texts[i]; i = (i + 1) % TEXT_SLOTS)
		if (strcmp(m->texts[i], text) == 0)
			return m->texts[i];
	const char *copy = (const char *)arena_copy(&m->arena, span_str(text)).p;
	if (!copy || m->ntexts >= TEXT_SLOTS / 4 * 3) {
		m->counts.overflow += !copy;
		return copy ? copy : "";
	}
	m->ntexts++;
	m->texts[i] = copy;
	return copy;
}

const char *detect_text(struct run *d, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return n < 0 ? "" : text_kept(d->host, text);
}

/* ---- where traffic went ---- */

static enum scope reach(const struct zones *z, struct addr a)
{
	if (zone_on_link(z, a))
		return SCOPE_SEGMENT;
	switch (zone_of(z, a)) {
	case ZONE_OUTSIDE: return SCOPE_OUTSIDE;
	case ZONE_CLINICAL:
	case ZONE_SITE: return SCOPE_SITE;
	case ZONE_UNKNOWN: break;
	}
	return addr_is_global(a) ? SCOPE_OUTSIDE : SCOPE_SITE;
}

static bool stays_on_link(const struct origin *at)
{
	enum addr_class c = addr_class(at->dst);
	return mac_is_group(at->dmac) || c == ADDR_MULTICAST || c == ADDR_BROADCAST || c == ADDR_LINK_LOCAL ||
	       c == ADDR_LOOPBACK || c == ADDR_NONE;
}

enum scope detect_scope(const struct run *d, const struct origin *at)
{
	if (!at->dst.family || stays_on_link(at))
		return SCOPE_SEGMENT;
	enum scope there = reach(d->zones, at->dst);
	enum scope here = at->src.family ? reach(d->zones, at->src) : SCOPE_SEGMENT;
	return there > here ? there : here;
}

void detect_keep_scope(const struct run *d, struct finding *f, bool outside, const struct origin *at)
{
	enum scope s = outside ? SCOPE_OUTSIDE : at ? detect_scope(d, at) : SCOPE_SITE;
	f->scope = !outside && s == SCOPE_OUTSIDE ? SCOPE_SITE : s;
	f->keeps_scope = true;
}

static bool is_outside(const struct run *d, struct addr a)
{
	if (zone_of(d->zones, a) != ZONE_OUTSIDE)        /* most are not */
		return false;
	enum addr_class c = addr_class(a);
	return c != ADDR_NONE && c != ADDR_MULTICAST && c != ADDR_BROADCAST && c != ADDR_LINK_LOCAL && c != ADDR_LOOPBACK;
}

bool detect_is_outside(const struct run *d, struct addr a)
{
	struct ends *e = &d->host->ends;
	if (d->host->guesses && addr_is_private4(a))     /* zone_of() says so of most */
		return false;
	if (e->at && addr_eq(a, e->at->dst)) {
		if (!e->has_target)
			e->target_outside = is_outside(d, a);
		e->has_target = true;
		return e->target_outside;
	}
	if (!e->at || !addr_eq(a, e->at->src))
		return is_outside(d, a);
	if (!e->has_source)
		e->source_outside = is_outside(d, a);
	e->has_source = true;
	return e->source_outside;
}

uint32_t detect_sender(const struct run *d, const struct origin *at)
{
	struct ends *e = &d->host->ends;
	if (at != e->at)
		return device_sender(d->devices, at);
	if (!e->has_sender)
		e->sender = device_sender(d->devices, at);
	e->has_sender = true;
	return e->sender;
}

uint32_t detect_receiver(const struct run *d, const struct origin *at)
{
	struct ends *e = &d->host->ends;
	if (at != e->at)
		return device_receiver(d->devices, at);
	if (!e->has_receiver)
		e->receiver = device_receiver(d->devices, at);
	e->has_receiver = true;
	return e->receiver;
}

struct addr detect_client(const struct origin *at)
{
	return at->to_server ? at->src : at->dst;
}

struct addr detect_server(const struct origin *at)
{
	return at->to_server ? at->dst : at->src;
}

uint16_t detect_server_port(const struct origin *at)
{
	return at->to_server ? at->dport : at->sport;
}

uint32_t detect_client_device(const struct run *d, const struct origin *at)
{
	return at->to_server ? detect_sender(d, at) : detect_receiver(d, at);
}

uint32_t detect_server_device(const struct run *d, const struct origin *at)
{
	return at->to_server ? detect_receiver(d, at) : detect_sender(d, at);
}

uint32_t detect_by_card(const struct run *d, struct mac m)
{
	uint32_t id = mac_is_zero(m) ? DEVICE_NONE : device_sender(d->devices, &(struct origin){ .smac = m });
	return id != DEVICE_NONE && mac_eq(device_mac(d->devices, id), m) ? id : DEVICE_NONE;
}

/* ---- texts for people ---- */

const char *detect_who(struct run *d, uint32_t device, struct addr fallback)
{
	char where[ADDR_TEXT];
	if (device == DEVICE_NONE)
		return fallback.family ? detect_text(d, "A host (%s)", addr_text(fallback, where)) : "A host";
	enum device_role role = device_role(d->devices, device);
	const char *word = role == ROLE_UNKNOWN ? "device" : role_name(role);
	const char *name = device_name(d->devices, device);
	if (!*name)
		name = device_model(d->devices, device);
	struct addr a = fallback.family ? fallback : device_addr(d->devices, device);
	addr_text(a, where);
	if (!a.family)
		mac_text(device_mac(d->devices, device), where);
	const char *last = strrchr(word, ' ');
	if (strcasecmp(last ? last + 1 : word, name) == 0)      /* not "Patient monitor monitor" */
		name = "";
	char first = word[0] >= 'a' && word[0] <= 'z' ? (char)(word[0] - 'a' + 'A') : word[0];
	return detect_text(d, "%c%s %.128s%s(%s)", first, word + 1, name, *name ? " " : "", where);
}

const char *detect_where(struct run *d, struct addr a, uint16_t port)
{
	char text[ADDR_TEXT];
	addr_text(a, text);
	if (!port)
		return detect_text(d, "%s", text);
	return detect_text(d, a.family == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

const char *detect_whither(enum scope s)
{
	switch (s) {
	case SCOPE_OUTSIDE: return ", outside the site";
	case SCOPE_SITE: return ", in another network of the site";
	case SCOPE_SEGMENT: return ", on its own network segment";
	case SCOPE_NONE: break;
	}
	return "";
}

/* ---- the configuration and the indicators ---- */

void detect_foretold(struct finding *f, const struct indicator *i)
{
	if (!i || !i->finding)
		return;
	f->predicted_as = i->finding;
	f->predicted_case = i->in_case;
	record_str(f->observed, OBS_PREDICTION, i->finding);
}

bool detect_is_allowed(const struct run *d, struct addr device, struct addr to, uint16_t port)
{
	for (size_t i = 0; i < d->host->nallowed; i++) {
		const struct allowed *a = &d->host->allowed[i];
		bool from_it = !a->device.net.family || prefix_has(a->device, device);
		if (from_it && prefix_has(a->to, to) && (!a->port || a->port == port))
			return true;
	}
	return false;
}

const struct indicator *detect_indicator_addr(const struct run *d, struct addr a, uint16_t port, uint8_t proto)
{
	return indicators_addr(d->host->set.indicators, a, port, proto);
}

const struct indicator *detect_indicator_name(const struct run *d, struct span host)
{
	return indicators_name(d->host->set.indicators, host);
}

const struct indicator *detect_indicator_url(const struct run *d, struct span url)
{
	return indicators_url(d->host->set.indicators, url);
}

const struct indicator *detect_indicator_hash(const struct run *d, const uint8_t sha256[32])
{
	return indicators_hash(d->host->set.indicators, sha256);
}

const struct indicator *detect_indicator_path(const struct run *d, struct addr a, struct span path)
{
	return indicators_path(d->host->set.indicators, a, path);
}

/* ---- records of a detector's own ---- */

void detect_dropped(struct run *d)
{
	d->host->counts.dropped++;
}

void detect_publish(struct run *d, const struct record *r)
{
	struct detect *m = d->host;
	struct record *c = m->nrecords < DETECT_RECORDS ? record_copy(&m->kept, r) : NULL;
	if (c)
		m->records[m->nrecords++] = c;
	else
		m->counts.overflow++;
}

const struct record_host *detect_host(struct run *d)
{
	return &d->host->host;
}

const struct cards *detect_cards(const struct run *d)
{
	return d->host->set.cards;
}

const struct profiles *detect_profiles(const struct run *d)
{
	return d->host->set.profiles;
}
