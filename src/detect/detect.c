/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine that runs detectors: start, dispatch, publication. */
#include "detect/detect.h"

#include "base/scope.h"
#include "decode/vitals.h"
#include "decode/waveform.h"
#include "detect/machine.h"
#include "finding/case.h"

/* ---- start: every name is resolved, or the program does not start ---- */

enum { TYPES_MAX = 512 };

struct types {
	const struct record_type *v[TYPES_MAX];
	size_t n;
};

static void types_add(struct types *t, const struct record_type *type)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i] == type)
			return;
	if (t->n < TYPES_MAX)
		t->v[t->n++] = type;
}

static void types_all(struct types *t, const struct detect_setup *s)
{
	for (const struct decoder *const *d = s->decoders; *d; d++)
		for (size_t i = 0; (*d)->types && (*d)->types[i]; i++)
			types_add(t, (*d)->types[i]);
	for (size_t i = 0; s->types && s->types[i]; i++)
		types_add(t, s->types[i]);
	types_add(t, &vitals_type);              /* of many decoders, in the table of none */
	types_add(t, &waveform_type);
}

static const struct record_type *type_named(const struct types *t, const char *name, const char *who, char err[256])
{
	const struct record_type *found = NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->v[i]->name, name) != 0)
			continue;
		if (found) {
			snprintf(err, 256, "detector %s wants records of kind '%s', which two offer", who, name);
			return NULL;
		}
		found = t->v[i];
	}
	if (!found)
		snprintf(err, 256, "detector %s wants records of kind '%s', which nobody offers", who, name);
	return found;
}

static bool resolve_wants(struct seat *seat, const struct types *t, char err[256])
{
	const struct detector *det = seat->detector;
	size_t n = 0;
	while (det->wants && det->wants[n].record)
		n++;
	int *col = mem_array(n + 1, sizeof(*col));
	seat->run.col = col;
	for (size_t i = 0; i < n; i++) {
		const struct want *w = &det->wants[i];
		const struct record_type *type = type_named(t, w->record, det->name, err);
		if (!type)
			return false;
		col[i] = record_type_field(type, w->field);
		if (col[i] >= 0)
			continue;
		snprintf(err, 256, "detector %s wants field '%s' of records '%s', which have none of that name",
			 det->name, w->field, w->record);
		return false;
	}
	return true;
}

static bool resolve_options(struct seat *seat, const struct conf *conf, char err[256])
{
	const struct conf_section *section = conf_find(conf, "detector", seat->detector->name);
	const struct option_num *options = seat->detector->options;
	size_t n = 0;
	while (options && options[n].key)
		n++;
	double *opt = mem_array(n + 1, sizeof(*opt));
	seat->run.opt = opt;
	for (size_t i = 0; i < n; i++) {
		opt[i] = conf_num(section, options[i].key, options[i].fallback);
		if (opt[i] >= options[i].min && opt[i] <= options[i].max)
			continue;
		snprintf(err, 256, "[detector %s] %s = %g: must be between %g and %g%s%s", seat->detector->name,
			 options[i].key, opt[i], options[i].min, options[i].max, options[i].unit ? " " : "",
			 options[i].unit ? options[i].unit : "");
		return false;
	}
	return true;
}

static bool holds(const struct record_type *t, enum privacy privacy)
{
	for (unsigned i = 0; i < t->nfields; i++)
		if (t->fields[i].privacy == privacy)
			return true;
	return false;
}

/* "*patient" and "*secret" stand for all kinds with such fields. */
static bool is_class(const struct on *on, enum privacy *out)
{
	*out = strcmp(on->record, "*patient") == 0 ? PATIENT : SECRET;
	return *out == PATIENT || strcmp(on->record, "*secret") == 0;
}

static bool wants_type(const struct on *on, const struct record_type *t)
{
	enum privacy privacy;
	return is_class(on, &privacy) ? holds(t, privacy) && !t->repeats : strcmp(on->record, t->name) == 0;
}

static struct listener *listener_slot(const struct detect *m, const struct record_type *t)
{
	size_t i = (size_t)(((uintptr_t)t >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
	for (;; i++) {
		struct listener *l = &m->listeners[i & (m->nlisteners - 1)];
		if (!l->type || l->type == t)
			return l;
	}
}

static bool check_kinds(const struct detect *m, const struct types *t, char err[256])
{
	enum privacy privacy;
	for (size_t s = 0; s < m->nseats; s++)
		for (const struct on *on = m->seats[s].detector->on; on && on->record; on++)
			if (!is_class(on, &privacy) &&
			    !type_named(t, on->record, m->seats[s].detector->name, err))
				return false;
	return true;
}

static unsigned ways_of(const struct on *on)
{
	return on->when & WHEN_TO_CLIENT ? WAY_TO_CLIENT : on->when & WHEN_TO_SERVER ? WAY_TO_SERVER : WAY_BOTH;
}

/* For whatever may hold of a record of the type, the handlers that it goes to: most ask for something. */
static void pick(struct detect *m, struct listener *l)
{
	m->picked = mem_grow(m->picked, m->npicked + (l->n + 1) * LISTENER_HOLDS, sizeof(*m->picked));
	for (unsigned holds = 0; holds < LISTENER_HOLDS; holds++) {
		l->of[holds] = m->npicked;
		for (uint32_t i = l->first; i < l->first + l->n; i++)
			if (!(m->handlers[i].when & ~(holds | WHEN_FOUND)))
				m->picked[m->npicked++] = m->handlers[i];
		m->picked[m->npicked++] = (struct handler){ 0 };
	}
}

/* For each type the handlers that want it, behind each other: dispatch is one look-up and a loop. */
static void listen(struct detect *m, const struct types *t)
{
	size_t total = 0;
	enum privacy privacy;
	for (size_t s = 0; s < m->nseats; s++)
		for (const struct on *on = m->seats[s].detector->on; on && on->record; on++)
			total += is_class(on, &privacy) ? t->n : 1;
	m->handlers = mem_array(total + 1, sizeof(*m->handlers));
	for (m->nlisteners = 16; m->nlisteners < 4 * t->n; m->nlisteners *= 2)
		;
	m->listeners = mem_array(m->nlisteners, sizeof(*m->listeners));
	uint32_t at = 0;
	for (size_t i = 0; i < t->n; i++) {
		struct listener l = { .type = t->v[i], .first = at };
		for (size_t s = 0; s < m->nseats; s++)
			for (const struct on *on = m->seats[s].detector->on; on && on->record; on++)
				if (wants_type(on, t->v[i])) {
					m->handlers[at++] = (struct handler){ &m->seats[s], on->call, on->when };
					l.ways |= ways_of(on);
					l.when |= on->when;
				}
		l.n = at - l.first;
		if (!l.n)
			continue;
		pick(m, &l);
		*listener_slot(m, l.type) = l;
	}
}

static bool is_prefix(const char *text)
{
	struct prefix p;
	return prefix_parse(text, &p);
}

enum { ALLOWED_MAX = 1024, PORT_MAX = 65535 };

#define REGISTERED_KEYS(section, text) \
	{ section, "*", "address", CONF_TEXT, text, .fits = is_prefix, \
	  .expected = "an address or a network such as 10.1.5.0/24", .repeat = true }, \
	{ section, "*", "device", CONF_TEXT, "of which devices; without it of any", .fits = is_prefix, \
	  .expected = "an address or a network such as 10.1.2.0/24" }

const struct conf_key detect_conf[] = {
	{ "allow", "*", "to", CONF_TEXT, "addresses outside the site that may be reached", .fits = is_prefix,
	  .expected = "an address or a network such as 192.0.2.0/24", .repeat = true },
	{ "allow", "*", "device", CONF_TEXT, "who may reach them; without it any device", .fits = is_prefix,
	  .expected = "an address or a network such as 10.1.2.0/24" },
	{ "allow", "*", "port", CONF_NUM, "port that may be reached; 0 is any", "0", .min = 0, .max = PORT_MAX },
	REGISTERED_KEYS("reader", "who may ask medical devices and archives for values and images; once one is entered, "
			"every other reader inside the site is told"),
	REGISTERED_KEYS("service", "who may log in to medical devices: biomedical engineering, the maker's service"),
	REGISTERED_KEYS("update", "who may give medical devices their updates, even in clear"),
	REGISTERED_KEYS("scanner", "who may probe medical devices: the hospital's own inventory scanner"),
	{ 0 },
};

static void read_allowed(struct detect *m)
{
	m->allowed = mem_array(ALLOWED_MAX, sizeof(*m->allowed));
	const char *to;
	for (const struct conf_section *s = NULL; (s = conf_each(m->set.conf, "allow", s));)
		for (unsigned i = 0; (to = conf_item(s, "to", i)) && m->nallowed < ALLOWED_MAX; i++) {
			struct allowed *a = &m->allowed[m->nallowed];
			*a = (struct allowed){ .port = (uint16_t)conf_num(s, "port", 0) };
			const char *device = conf_text(s, "device", NULL);
			if (prefix_parse(to, &a->to) && (!device || prefix_parse(device, &a->device)))
				m->nallowed++;
		}
}

struct conf_key *detect_option_keys(const struct detector *const *table)
{
	table = table ? table : detectors;
	size_t n = 0;
	for (size_t i = 0; table[i]; i++)
		for (const struct option_num *o = table[i]->options; o && o->key; o++)
			n++;
	struct conf_key *keys = mem_array(n + 1, sizeof(*keys));
	n = 0;
	for (size_t i = 0; table[i]; i++)
		for (const struct option_num *o = table[i]->options; o && o->key; o++)
			keys[n++] = (struct conf_key){ "detector", table[i]->name, o->key, CONF_NUM, o->doc,
						       .min = o->min, .max = o->max };
	return keys;
}

static void take_seats(struct detect *m)
{
	const struct detector *const *table = m->set.detectors;
	while (table[m->nseats])
		m->nseats++;
	m->seats = mem_array(m->nseats + 1, sizeof(*m->seats));
	for (size_t i = 0; i < m->nseats; i++) {
		struct seat *s = &m->seats[i];
		s->detector = table[i];
		s->run = (struct run){ .state = mem_new(table[i]->state_size + 1), .host = m, .self = table[i], .key = m->key,
				       .devices = m->set.devices, .zones = m->set.zones };
	}
}

static bool resolve(struct detect *m, char err[256])
{
	struct types t = { .n = 0 };
	types_all(&t, &m->set);
	if (!check_kinds(m, &t, err))
		return false;
	for (size_t i = 0; i < m->nseats; i++)
		if (!resolve_wants(&m->seats[i], &t, err) || !resolve_options(&m->seats[i], m->set.conf, err))
			return false;
	listen(m, &t);
	return true;
}

struct detect *detect_new(const struct detect_setup *s, char err[256])
{
	struct detect *m = mem_new(sizeof(*m));
	m->set = *s;
	m->set.detectors = s->detectors ? s->detectors : detectors;
	m->set.decoders = s->decoders ? s->decoders : decoders;
	m->key = keyring_hash_key(s->keyring);
	m->guesses = !zone_configured(s->zones);
	arena_init(&m->arena, DETECT_MEMORY);
	arena_init(&m->kept, DETECT_MEMORY);
	arena_init(&m->page, DETECT_MEMORY);
	arena_init(&m->line, DETECT_MEMORY);
	m->host = (struct record_host){ .keyring = s->keyring, .arena = &m->arena };
	m->findings = mem_array(DETECT_FINDINGS, sizeof(struct finding *));
	m->slots = mem_array(DETECT_SLOTS, sizeof(*m->slots));
	m->quotas = mem_array(QUOTA_SLOTS, sizeof(*m->quotas));
	m->texts = mem_array(TEXT_SLOTS, sizeof(char *));
	m->records = mem_array(DETECT_RECORDS, sizeof(struct record *));
	take_seats(m);
	read_allowed(m);
	registered_read(m);
	if (!resolve(m, err)) {
		detect_free(m);
		return NULL;
	}
	for (size_t i = 0; i < m->nseats; i++)
		if (m->seats[i].detector->start)
			m->seats[i].detector->start(&m->seats[i].run);
	return m;
}

void detect_free(struct detect *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nseats; i++) {
		free(d->seats[i].run.state);
		free((void *)(uintptr_t)d->seats[i].run.col);
		free((void *)(uintptr_t)d->seats[i].run.opt);
	}
	free(d->seats);
	free(d->listeners);
	free(d->handlers);
	free(d->picked);
	free(d->findings);
	free(d->slots);
	free(d->quotas);
	free(d->texts);
	free(d->allowed);
	free(d->registered);
	free(d->records);
	arena_done(&d->arena);
	arena_done(&d->kept);
	arena_done(&d->page);
	arena_done(&d->line);
	free(d);
}

/* ---- at work ---- */

unsigned detect_wants(const struct detect *d, const struct record_type *t)
{
	return listener_slot(d, t)->ways;
}

void detect_starved(const struct detect *d, bool (*made)(void *ctx, const struct record_type *t), void *ctx,
		    const char *none[], const char *some[], size_t n)
{
	size_t nnone = 0, nsome = 0;
	for (size_t i = 0; i < d->nseats; i++) {
		bool fed = false, lacks = false;
		for (uint32_t k = 0; k < d->nlisteners; k++) {
			const struct listener *l = &d->listeners[k];
			for (uint32_t h = 0; l->type && h < l->n; h++)
				if (d->handlers[l->first + h].seat == &d->seats[i]) {
					bool comes = made(ctx, l->type);
					fed |= comes;
					lacks |= !comes;
				}
		}
		if (!fed && nnone + 1 < n)
			none[nnone++] = d->seats[i].detector->rule->id;
		else if (fed && lacks && nsome + 1 < n)
			some[nsome++] = d->seats[i].detector->rule->id;
	}
}

enum { PROTO_TCP = 6, PROTO_UDP = 17 };

/* What holds of a record, of what its handlers ask for. */
static unsigned holds_of(const struct detect *d, const struct listener *l, const struct origin *at)
{
	unsigned holds = 0;
	if (!at || !l->when)
		return holds;
	const struct run *any = &d->seats[0].run;
	holds |= at->to_server ? WHEN_TO_SERVER : WHEN_TO_CLIENT;
	holds |= at->proto == PROTO_TCP || at->proto == PROTO_UDP ? WHEN_PORTS : 0;
	bool inside = d->guesses && addr_is_private4(at->src) && addr_is_private4(at->dst);      /* most are */
	if (l->when & WHEN_ACROSS && !inside && detect_is_outside(any, at->src) != detect_is_outside(any, at->dst))
		holds |= WHEN_ACROSS;
	return holds;
}

/* Who the latest record's ends were holds for this one's too, or the other way round. An address that is nobody's (no
 * station's, or of no device) is looked up again: a sender may be known by its card. */
static void ends_take(struct detect *d, const struct origin *at)
{
	struct ends *e = &d->ends;
	uint64_t changes = device_changes(d->set.devices);
	e->at = at;
	e->has_source = e->has_target = false;
	if (!at)
		return;
	if (e->changes == changes && addr_eq(at->src, e->src) && addr_eq(at->dst, e->dst)) {
		e->has_sender &= mac_eq(at->smac, e->smac);
	} else if (e->changes == changes && addr_eq(at->src, e->dst) && addr_eq(at->dst, e->src)) {
		uint32_t sender = e->sender;
		bool has_sender = e->has_sender && sender != DEVICE_NONE && addr_is_private4(e->src);
		e->has_sender = e->has_receiver && e->receiver != DEVICE_NONE;
		e->sender = e->receiver;
		e->has_receiver = has_sender;
		e->receiver = sender;
	} else {
		e->has_sender = e->has_receiver = false;
	}
	e->changes = changes;
	e->src = at->src;
	e->dst = at->dst;
	e->smac = at->smac;
}

void detect_records(struct detect *d, const struct record *r, size_t n)
{
	if (r->at && r->at->ts > d->now)
		d->now = r->at->ts;
	const struct listener *l = listener_slot(d, r->type);
	if (!l->n)
		return;
	ends_take(d, r->at);
	unsigned holds = holds_of(d, l, r->at);
	for (size_t i = 0; i < n; i++)
		for (const struct handler *h = &d->picked[l->of[holds]]; h->call; h++) {
			if (h->when & WHEN_FOUND && !h->seat->head)
				continue;
			h->seat->run.now = d->now;
			h->call(&h->seat->run, &r[i]);
		}
	d->ends.at = NULL;
}

void detect_record(struct detect *d, const struct record *r)
{
	detect_records(d, r, 1);
}

void detect_tick(struct detect *d, uint64_t now)
{
	if (now > d->now)
		d->now = now;
	for (size_t i = 0; i < d->nseats; i++) {
		d->seats[i].run.now = d->now;
		if (d->seats[i].detector->tick)
			d->seats[i].detector->tick(&d->seats[i].run);
	}
}

/* More is known now than when it was opened: a reply to ARP may have shown that the address stands
 * on the wire. */
static void ask_scope_again(const struct run *d, struct finding *f)
{
	if (f->keeps_scope || !f->nevidence)
		return;
	f->scope = SCOPE_NONE;
	for (unsigned i = 0; i < f->nevidence; i++) {
		enum scope s = detect_scope(d, &f->origins[i]);
		f->scope = s > f->scope ? s : f->scope;
	}
}

void detect_finish(struct detect *d)
{
	d->nrecords = 0;                         /* detectors publish theirs anew */
	arena_reset(&d->kept);
	for (size_t i = 0; i < d->nseats; i++) {
		struct seat *s = &d->seats[i];
		s->run.now = d->now;
		for (struct finding *f = s->head; f; f = f->chain)
			ask_scope_again(&s->run, f);
		if (s->detector->finish)
			s->detector->finish(&s->run);
		for (struct finding *f = s->detector->judge ? s->head : NULL; f; f = f->chain)
			if (f->own)
				s->detector->judge(&s->run, f);
	}
}

/* ---- publication ---- */

static struct record *subject_of(struct detect *d, const struct finding *f)
{
	const struct devices *t = d->set.devices;
	struct record *r = arena_new(&d->page, offsetof(struct record, v) + subject_type.nfields * sizeof(r->v[0]));
	if (!r)
		return NULL;
	record_begin(r, &subject_type, NULL, &d->host);
	if (f->device == DEVICE_NONE) {
		record_addr(r, SUB_ADDRESS, record_get_addr(f->observed, OBS_SOURCE));
		return r;
	}
	record_text(r, SUB_ID, arena_copy(&d->page, span_str(device_stable_id(t, f->device))));
	record_text(r, SUB_NAME, arena_copy(&d->page, span_str(device_name(t, f->device))));
	if (device_role(t, f->device) != ROLE_UNKNOWN)
		record_str(r, SUB_ROLE, role_name(device_role(t, f->device)));
	record_addr(r, SUB_ADDRESS, device_addr(t, f->device));
	if (!mac_is_zero(device_mac(t, f->device)))
		record_mac(r, SUB_MAC, device_mac(t, f->device));
	record_text(r, SUB_MODEL, arena_copy(&d->page, span_str(device_model(t, f->device))));
	return r;
}

/* What is published is a copy: devices may have turned out to be one, and their findings too. */
static struct finding *published_copy(struct detect *d, const struct finding *f)
{
	struct finding *c = arena_new(&d->page, sizeof(*c));
	if (!c)
		return NULL;
	*c = *f;
	if (c->device != DEVICE_NONE)
		c->device = device_root(d->set.devices, c->device);
	c->subject = subject_of(d, c);
	return c;
}

static int by_subject(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	int c = strcmp(x->rule->id, y->rule->id);
	if (c == 0)
		c = (x->device > y->device) - (x->device < y->device);
	if (c == 0)
		c = strcmp(x->key, y->key);
	if (c == 0)
		c = (int)y->severity - (int)x->severity;
	return c ? c : (x->first > y->first) - (x->first < y->first);
}

static void fold(struct finding *into, const struct finding *f)
{
	into->first = f->first < into->first ? f->first : into->first;
	into->last = f->last > into->last ? f->last : into->last;
	into->count += f->count;
	into->scope = f->scope > into->scope ? f->scope : into->scope;
	for (unsigned i = 0; i < f->nevidence && into->nevidence < FINDING_EVIDENCE; i++)
		detect_evidence(into, &f->origins[i]);
}

static size_t fold_merged(struct finding **v, size_t n)
{
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), by_subject);
	size_t kept = 1;
	for (size_t i = 1; i < n; i++) {
		struct finding *last = v[kept - 1];
		if (last->rule == v[i]->rule && last->device == v[i]->device && last->device != DEVICE_NONE &&
		    strcmp(last->key, v[i]->key) == 0)
			fold(last, v[i]);
		else
			v[kept++] = v[i];
	}
	return kept;
}

static size_t gather(struct detect *d, struct finding **v)
{
	size_t n = 0;
	d->counts.withdrawn = 0;
	for (uint32_t i = 0; i < d->nfindings; i++) {
		if (d->findings[i]->withdrawn) {
			d->counts.withdrawn++;
			continue;
		}
		struct finding *f = published_copy(d, d->findings[i]);
		if (f)
			v[n++] = f;
		else
			d->counts.overflow++;
	}
	return fold_merged(v, n);
}

static int by_weight(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	if (x->severity != y->severity)
		return (int)y->severity - (int)x->severity;
	if (x->first != y->first)
		return x->first > y->first ? 1 : -1;
	return strcmp(x->id, y->id);
}

/* When one finding of a device and a cause was foretold, the whole story joins the firmware's case. */
static void join_foretold(struct finding **v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!v[i]->predicted_case || v[i]->device == DEVICE_NONE)
			continue;
		for (size_t k = 0; k < n; k++)
			if (v[k]->device == v[i]->device && !v[k]->predicted_case && strcmp(v[k]->rule->cause, v[i]->rule->cause) == 0)
				v[k]->predicted_case = v[i]->predicted_case;
	}
}

/* Sorting and cases ask for both again and again. */
static void name_findings(struct finding **v, size_t n)
{
	char id[CASE_ID_TEXT];
	for (size_t i = 0; i < n; i++) {
		finding_id(v[i], v[i]->id);
		case_id(v[i], id);
		snprintf(v[i]->in_case, sizeof(v[i]->in_case), "%s", id);
	}
}

static void publish_findings(struct detect *d, struct finding **v, size_t n, const struct sink *out)
{
	struct record_host host = { .keyring = d->set.keyring, .arena = &d->line };
	qsort(v, n, sizeof(*v), by_weight);
	for (size_t i = 0; i < n; i++) {
		struct record r;
		char id[CASE_ID_TEXT];
		arena_reset(&d->line);
		finding_record(v[i], &r, &host, d->set.file_name, d->set.ctx);
		case_id(v[i], id);
		record_str(&r, FND_CASE, id);
		publish(out, &r);
	}
}

static void publish_cases(struct detect *d, struct finding **v, size_t n, const struct sink *out)
{
	struct record_host host = { .keyring = d->set.keyring, .arena = &d->line };
	cases_sort(v, n);
	for (size_t i = 0, len; i < n; i += len) {
		struct record r;
		len = case_length(v + i, n - i);
		arena_reset(&d->line);
		case_record(v + i, len, &r, &host);
		publish(out, &r);
	}
}

void detect_publish_all(struct detect *d, const struct sink *out)
{
	arena_reset(&d->page);
	for (uint32_t i = 0; i < d->nrecords; i++)
		publish(out, d->records[i]);
	struct finding **v = mem_array(d->nfindings + 1, sizeof(*v));
	size_t n = gather(d, v);
	join_foretold(v, n);
	name_findings(v, n);
	publish_findings(d, v, n, out);
	publish_cases(d, v, n, out);
	free(v);
	d->counts.findings = n;
}

struct detect_counts detect_counts(const struct detect *d)
{
	struct detect_counts c = d->counts;
	c.memory = d->arena.used + d->kept.used;
	return c;
}
