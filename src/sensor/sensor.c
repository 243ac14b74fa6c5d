/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads logs side by side and tells the tracker what they say: see sensor.h. */
#include "sensor/sensor.h"

#include "base/scope.h"
#include "sensor/value.h"
#include "track/told.h"

enum { SEEN = 1 << 16, MAKING = 4, TEXT_KEPT = 2048, TCP = 6, UDP = 17, SPOKEN = 64, SPOKEN_TEXT = 32 };

/* TCP flags, RFC 9293 section 3.1 */
enum { FLAG_SYN = 2, FLAG_RST = 4 };

/* What a frame carries in front of its payload, at least: Ethernet, IPv4, TCP with time stamps or UDP. */
enum { HEAD_TCP = 66, HEAD_UDP = 42 };

/* What a line says of its conversation. */
struct facts {
	struct span v[SLOTS];                    /* as it stands there; borrowed */
	struct told told;
	uint64_t key;                            /* of the conversation by its sensor's number, 0: it has none */
	bool turned;                             /* the line's source is the server */
};

/* A line that was read and not told yet. */
struct entry {
	struct line line;                        /* borrows from the input */
	uint64_t number, offset, ts;
	const struct plan *plan;                 /* what is known of its kind; NULL: nothing */
	struct facts facts;
	bool ready;                              /* plan and facts are made */
};

/* Lines that are read ahead: those that lie in the input's buffer already. What their ends need is asked of memory in
 * as many steps as a line is told after it was read. */
enum { AHEAD = 3, ENTRIES = 4 };

struct log {
	struct input *in;                        /* NULL: it has ended */
	enum sensor_kind kind;
	uint32_t file;
	char path[32];                           /* Zeek: which log */
	struct columns columns;
	struct shapes shapes;
	struct entry entries[ENTRIES];           /* a ring: the next one to be told is the first */
	unsigned first, n;
	uint64_t number, ts;                     /* of the latest that was read */
};

/* Conversations that were told of, by their sensor's own number; a later one of the same row takes it over. */
struct seen {
	uint64_t key;
	uint64_t id;
	bool answered, speaks, over;
};

/* What a sensor's word for a protocol means: there are few, and each line says one. */
struct spoken {
	char theirs[SPOKEN_TEXT];                /* "": free */
	const struct decoder *ours;
};

struct sensors {
	struct tracker *tracker;
	struct health *health;
	struct map *maps[2];
	const struct decoder *http;
	struct log *logs[SENSOR_INPUTS];
	unsigned n;
	struct seen *seen;
	uint64_t next_id, consumed;
	struct arena arena;                      /* of one line */
	struct hash_key key;
	struct minute minute;
	struct spoken spoken[SPOKEN];
	char damage[128];
	uint32_t damaged;
};

struct making {
	const struct record_type *type;
	enum side_sent side;
	struct record r;
	struct origin at;
};

struct sensors *sensors_new(struct tracker *t, struct health *h, const struct registry *g, char err[256])
{
	struct sensors *s = mem_new(sizeof(*s));
	s->tracker = t;
	s->health = h;
	s->key = keyring_hash_key(tracker_host(t)->keyring);
	s->http = decoder_find("http");
	s->seen = mem_array(SEEN, sizeof(*s->seen));
	arena_init(&s->arena, 4 * SENSOR_LINE);
	for (int k = SENSOR_EVE; k <= SENSOR_ZEEK; k++)
		if (!(s->maps[k] = map_new((enum sensor_kind)k, g, err))) {
			sensors_free(s);
			return NULL;
		}
	return s;
}

static void log_end(struct sensors *s, struct log *l)
{
	const char *why = input_error(l->in);
	if (why && !s->damage[0]) {
		snprintf(s->damage, sizeof(s->damage), "%s", why);
		s->damaged = l->file;
	}
	s->consumed += input_consumed(l->in);
	input_free(l->in);
	l->in = NULL;
}

void sensors_free(struct sensors *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		if (s->logs[i]->in)
			input_free(s->logs[i]->in);
		free(s->logs[i]);
	}
	map_free(s->maps[0]);
	map_free(s->maps[1]);
	arena_done(&s->arena);
	free(s->seen);
	free(s);
}

/* ---- lines ---- */

/* The next line without its end; n: with it. False at the end. A line beyond the cap is empty. */
static bool line_next(struct log *l, struct span *out, size_t *n)
{
	enum { STEP = 1 << 16 };
	struct span have = input_ready(l->in);
	for (size_t from = 0;;) {
		const uint8_t *end = have.n > from ? memchr(have.p + from, '\n', have.n - from) : NULL;
		if (end) {
			*n = (size_t)(end - have.p) + 1;
			*out = span_cut(have, *n - 1);
			break;
		}
		from = have.n;
		if (from >= SENSOR_LINE) {       /* give it up in pieces, each of them empty */
			*n = from;
			*out = (struct span){ 0 };
			break;
		}
		have = input_peek(l->in, from + STEP);
		if (have.n == from) {            /* the last line may have no end */
			*n = from;
			*out = have;
			return from > 0;
		}
	}
	return true;
}

static struct entry *entry_at(struct log *l, unsigned i)
{
	return &l->entries[(l->first + i) % ENTRIES];
}

static struct span text_of(const struct line *l, unsigned name)
{
	const struct line_value *v = line_value(l, name);
	return v ? v->text : (struct span){ 0 };
}

static bool parse(struct sensors *s, struct log *l, struct span text, struct line *out)
{
	bool is_tsv = l->kind == SENSOR_ZEEK && text.n && text.p[0] != '{';
	if (is_tsv)
		return line_tsv(&l->columns, text, out);
	return line_json(map_names(s->maps[l->kind]), &l->shapes, text, out);
}

/* The line that was parsed into e is the latest of the log, n bytes with its end. Its bytes stay where they are until
 * more of the input is asked for. */
static void entry_add(struct sensors *s, struct log *l, struct entry *e, size_t n)
{
	uint64_t ts = value_time(&s->minute, text_of(&e->line, map_time(s->maps[l->kind])));
	e->number = ++l->number;
	e->offset = input_offset(l->in);
	e->ts = l->ts = ts ? ts : l->ts;         /* a line without one comes with the one before it */
	e->ready = false;
	input_skip(l->in, n);
	l->n++;
}

/* ---- what a line says ---- */

static const struct plan *plan_of(const struct sensors *s, const struct log *l, const struct line *line)
{
	const struct map *m = s->maps[l->kind];
	struct span event = text_of(line, map_event(m));
	if (!event.n && l->kind == SENSOR_ZEEK)
		event = span_str(l->columns.path[0] ? l->columns.path : l->path);
	const struct plan *p = map_plan(m, event, (struct span){ 0 });
	const struct line_value *kind = p && p->kind_name ? line_value(line, p->kind_name) : NULL;
	return kind ? map_plan(m, event, kind->text) : p;
}

/* A value that goes to several places. */
static void gather_rows(struct facts *f, const struct plan *p, const struct line_value *v, struct span text)
{
	for (const struct row *r = plan_first(p, v->name); r; r = plan_next(p, r))
		if (r->slot && !f->v[r->slot].n)
			f->v[r->slot] = text;
}

/* Without an arena nothing can be unescaped: false, when something would have to be. */
static bool gather(struct facts *f, const struct plan *p, const struct line *l, struct arena *a)
{
	const struct line_value *end = l->v + l->n;
	if (l->plain && p->is_simple) {          /* most; SLOT_NONE takes what nobody reads */
		for (const struct line_value *v = l->v; v < end; v++)
			if (!f->v[p->slot[v->name]].n)
				f->v[p->slot[v->name]] = v->text;
		return true;
	}
	for (const struct line_value *v = l->v; v < end; v++) {
		unsigned slot = v->kind == LINE_NULL ? SLOT_NONE : p->slot[v->name];
		if (!slot || (slot < SLOTS && f->v[slot].n))
			continue;
		if (v->escaped && !a)
			return false;
		struct span text = line_text(l, v, a);
		if (slot == SLOTS)
			gather_rows(f, p, v, text);
		else
			f->v[slot] = text;
	}
	return true;
}

/* Which conversation it is of, when the line says so. Its row is asked for early: reading the rest takes as long. */
static void name(const struct sensors *s, struct facts *f, const struct log *l)
{
	struct span id = f->v[SLOT_CONVERSATION];
	if (!id.n)
		return;
	f->key = hash64(s->key, id) ^ ((uint64_t)l->kind + 1);
	__builtin_prefetch(&s->seen[f->key % SEEN], 1);
}

static uint64_t number(struct span s)
{
	uint64_t u = 0;
	value_uint(s, &u);
	return u;
}

static const struct {
	const char *says, *transport;
	uint8_t proto;
} transports[] = {
	{ "TCP", "tcp", TCP }, { "UDP", "udp", UDP }, { "tcp", "tcp", TCP }, { "udp", "udp", UDP }, { "icmp", "ip-1", 1 },
	{ "ICMP", "ip-1", 1 }, { "IPv6-ICMP", "ip-58", 58 }, { "SCTP", "ip-132", 132 },
};

static void ends(struct facts *f, const struct log *l, const struct entry *e)
{
	struct told *t = &f->told;
	t->at = (struct origin){
		.ts = e->ts, .packet = e->number, .offset = e->offset, .file = l->file, .to_server = true,
		.src = value_addr(f->v[SLOT_SOURCE]), .dst = value_addr(f->v[SLOT_TARGET]),
		.sport = (uint16_t)number(f->v[SLOT_SOURCE_PORT]), .dport = (uint16_t)number(f->v[SLOT_TARGET_PORT]),
		.smac = value_mac(f->v[SLOT_SOURCE_MAC]), .dmac = value_mac(f->v[SLOT_TARGET_MAC]),
	};
	t->transport = "";
	for (size_t i = 0; i < ARRAY_LEN(transports) && !t->at.proto; i++)
		if (span_is(f->v[SLOT_TRANSPORT], transports[i].says)) {
			t->transport = transports[i].transport;
			t->at.proto = transports[i].proto;
		}
}

/* a may be NULL: then only if nothing has to be unescaped. */
static void make_ready(struct sensors *s, const struct log *l, struct entry *e, struct arena *a)
{
	e->plan = plan_of(s, l, &e->line);
	e->facts = (struct facts){ 0 };
	if (e->plan && !gather(&e->facts, e->plan, &e->line, a))
		return;
	e->ready = true;
	if (!e->plan)
		return;
	name(s, &e->facts, l);
	ends(&e->facts, l, e);
}

/* ---- reading on ---- */

/* The next line that may say something. False: none. */
static bool log_fill(struct sensors *s, struct log *l)
{
	struct span text;
	size_t n;
	struct entry *e = entry_at(l, 0);
	while (line_next(l, &text, &n)) {
		bool is_head = l->kind == SENSOR_ZEEK && text.n && text.p[0] == '#';
		if (is_head)
			columns_head(&l->columns, map_names(s->maps[l->kind]), text);
		if (!is_head && text.n && parse(s, l, text, &e->line)) {
			entry_add(s, l, e, n);
			return true;
		}
		l->number++;
		s->health->log_lines_bad += !is_head && n > 1;
		input_skip(l->in, n);
	}
	log_end(s, l);
	return false;
}

/* One line more that lies in the buffer. Whatever is not simply a good line waits until it is the next. */
static bool log_ahead(struct sensors *s, struct log *l)
{
	struct rd r = rd_of(input_ready(l->in));
	size_t all = rd_left(&r);
	struct span text;
	struct entry *e = entry_at(l, l->n);
	if (!rd_until(&r, '\n', &text) || !text.n || text.n >= SENSOR_LINE || text.p[0] == '#' ||
	    !parse(s, l, text, &e->line))
		return false;
	entry_add(s, l, e, all - rd_left(&r));
	return true;
}

static void log_next(struct sensors *s, struct log *l)
{
	if (!l->n && !log_fill(s, l))
		return;
	while (l->n <= AHEAD && log_ahead(s, l))
		make_ready(s, l, entry_at(l, l->n - 1), NULL);
	for (unsigned i = 1; i < l->n; i++) {
		const struct entry *e = entry_at(l, i);
		if (e->ready && e->plan)
			told_soon(s->tracker, &e->facts.told.at, AHEAD - i);
	}
}

void sensors_add(struct sensors *s, enum sensor_kind k, int fd, const char *name, uint32_t file)
{
	if (s->n == SENSOR_INPUTS) {
		close(fd);
		return;
	}
	struct log *l = mem_new(sizeof(*l));
	const char *base = strrchr(name, '/');
	l->in = input_new(fd);
	l->kind = k;
	l->file = file;
	l->shapes.fixed = map_event(s->maps[k]);
	columns_reset(&l->columns);
	snprintf(l->path, sizeof(l->path), "%s", base ? base + 1 : name);
	l->path[strcspn(l->path, ".")] = '\0';
	s->logs[s->n++] = l;
	s->health->files++;
	log_next(s, l);
}

/* ---- what it speaks, and how it went ---- */

/* Names that differ from our decoders'. */
static const struct {
	const char *theirs, *ours;
} aliases[] = { { "ssl", "tls" }, { "ftp-data", "ftp_data" }, { "dce_rpc", "smb" }, { "krb_tcp", "" } };

static const struct decoder *decoder_called(const char *theirs)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(theirs, aliases[i].theirs) == 0)
			return decoder_find(aliases[i].ours);
	return decoder_find(theirs);
}

static const struct decoder *spoken(struct sensors *s, struct span theirs)
{
	struct rd r = rd_of(theirs);
	struct span first;
	if (!theirs.n)
		return NULL;
	if (!rd_until(&r, ',', &first))          /* Zeek: "ssl,http" */
		first = theirs;
	first = span_cut(first, SPOKEN_TEXT - 1);
	if (!first.n || memchr(first.p, 0, first.n))
		return NULL;
	struct spoken *m = &s->spoken[(first.p[0] + 7u * first.p[first.n - 1] + 13u * first.n) % SPOKEN];
	if (span_is(first, m->theirs))
		return m->ours;
	snprintf(m->theirs, sizeof(m->theirs), "%.*s", (int)first.n, (const char *)first.p);
	m->ours = decoder_called(m->theirs);
	return m->ours;
}

static struct origin turn(const struct origin *at)
{
	struct origin o = *at;
	o.src = at->dst;
	o.dst = at->src;
	o.sport = at->dport;
	o.dport = at->sport;
	o.smac = at->dmac;
	o.dmac = at->smac;
	return o;
}

static bool has_port(const struct decoder *d, uint16_t port)
{
	for (int i = 0; i < 8 && d->ports[i]; i++)
		if (d->ports[i] == port)
			return true;
	return false;
}

/* A line about a message may name its sender first: the end on the protocol's port serves. */
static void find_server(struct facts *f, bool is_flow)
{
	const struct decoder *d = f->told.decoder;
	if (is_flow || !d || !has_port(d, f->told.at.sport) || has_port(d, f->told.at.dport))
		return;
	f->told.at = turn(&f->told.at);
	f->turned = true;
}

static uint64_t payload(struct span wire, uint64_t packets, uint8_t proto)
{
	uint64_t all = number(wire), heads = packets * (proto == TCP ? HEAD_TCP : HEAD_UDP);
	return all > heads ? all - heads : 0;
}

/* Zeek's conn_state in our words; NULL is no answer. */
static const char *zeek_state(struct span s, bool *answered)
{
	static const struct {
		const char *says, *state;
		bool answered;
	} v[] = {
		{ "S0", "unanswered", false }, { "REJ", "refused", false }, { "RSTOS0", "unanswered", false },
		{ "SH", "unanswered", false }, { "S1", "open", true }, { "S2", "open", true }, { "S3", "open", true },
		{ "SF", "closed", true }, { "RSTO", "reset", true }, { "RSTR", "reset", true }, { "RSTRH", "reset", true },
		{ "SHR", "open", true },
	};
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (span_is(s, v[i].says)) {
			*answered = v[i].answered;
			return v[i].state;
		}
	return *answered ? "open" : "unanswered";
}

static const char *eve_state(const struct facts *f, bool *answered)
{
	uint64_t flags = value_hex(f->v[SLOT_FLAGS_TO_CLIENT]);
	if (f->told.at.proto == TCP && flags & FLAG_RST && !(flags & FLAG_SYN)) {
		*answered = false;
		return "refused";
	}
	if (!*answered)
		return "unanswered";
	if (flags & FLAG_RST)
		return "reset";
	return span_is(f->v[SLOT_STATE], "closed") ? "closed" : "open";
}

static void amounts(struct sensors *s, struct facts *f, enum sensor_kind k, bool *answered)
{
	struct told *t = &f->told;
	t->packets[0] = number(f->v[SLOT_PACKETS_TO_SERVER]);
	t->packets[1] = number(f->v[SLOT_PACKETS_TO_CLIENT]);
	t->bytes[0] = number(f->v[SLOT_BYTES_TO_SERVER]) + payload(f->v[SLOT_WIRE_TO_SERVER], t->packets[0], t->at.proto);
	t->bytes[1] = number(f->v[SLOT_BYTES_TO_CLIENT]) + payload(f->v[SLOT_WIRE_TO_CLIENT], t->packets[1], t->at.proto);
	*answered = t->packets[1] > 0 || t->bytes[1] > 0;
	t->state = k == SENSOR_ZEEK ? zeek_state(f->v[SLOT_STATE], answered) : eve_state(f, answered);
	uint64_t start = value_time(&s->minute, f->v[SLOT_START]);
	uint64_t end = value_time(&s->minute, f->v[SLOT_FINISH]);
	t->last = end ? end : t->at.ts + value_seconds(f->v[SLOT_DURATION]);
	if (start)
		t->at.ts = start;
}

/* ---- telling ---- */

static struct seen *seen_of(struct sensors *s, const struct facts *f, bool is_flow, bool *fresh)
{
	uint64_t key = f->key ? f->key : hash64(s->key, span_of(&f->told.at.src, sizeof(f->told.at.src))) ^
					 hash64(s->key, span_of(&f->told.at.dst, sizeof(f->told.at.dst)));
	struct seen *e = &s->seen[key % SEEN];
	*fresh = !e->id || e->key != key || (e->over && is_flow);
	if (*fresh)
		*e = (struct seen){ .key = key, .id = ++s->next_id };
	return e;
}

static void tell_conversation(struct sensors *s, struct facts *f, const struct log *l, bool is_flow)
{
	bool fresh, answered = false;
	struct seen *e = seen_of(s, f, is_flow, &fresh);
	if (is_flow)
		amounts(s, f, l->kind, &answered);
	f->told.at.flow = e->id;
	if (fresh)
		told_contact(s->tracker, &f->told);
	if (answered && !e->answered) {
		told_answer(s->tracker, &f->told);
		e->answered = true;
	}
	if (f->told.decoder && !e->speaks) {
		told_speaks(s->tracker, &f->told);
		e->speaks = true;
	}
	if (is_flow) {
		told_flow(s->tracker, &f->told);
		e->over = true;          /* its messages may stand in other logs and come later */
	}
}

static void put_clean(struct buf *b, struct span s)
{
	for (struct rd r = rd_of(span_cut(s, TEXT_KEPT)); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		buf_u8(b, c > ' ' && c != 127 ? c : '_');
	}
}

/* The request as it must have stood on the wire: what is a patient's in it, the decoder knows. */
static void tell_request(struct sensors *s, const struct facts *f)
{
	struct buf b = { .cap = 4 * TEXT_KEPT };
	put_clean(&b, f->v[SLOT_METHOD].n ? f->v[SLOT_METHOD] : SPAN_LIT("GET"));
	buf_text(&b, " ");
	put_clean(&b, f->v[SLOT_TARGET_PATH].n ? f->v[SLOT_TARGET_PATH] : SPAN_LIT("/"));
	buf_text(&b, " HTTP/1.1\r\nHost: ");
	put_clean(&b, f->v[SLOT_HOST]);
	if (f->v[SLOT_AGENT].n) {
		buf_text(&b, "\r\nUser-Agent: ");
		struct span agent = span_cut(f->v[SLOT_AGENT], TEXT_KEPT);
		for (struct rd r = rd_of(agent); rd_left(&r);) {
			uint8_t c = rd_u8(&r);
			buf_u8(&b, c >= ' ' && c != 127 ? c : '_');
		}
	}
	buf_text(&b, "\r\n\r\n");
	told_message(s->tracker, s->http, &f->told.at, buf_span(&b));
	buf_done(&b);
}

static struct origin sent_by(const struct facts *f, enum side_sent side)
{
	struct origin at = f->told.at, back = turn(&at);
	back.to_server = false;
	switch (side) {
	case SIDE_SENT_CLIENT: return at;
	case SIDE_SENT_SERVER: return back;
	case SIDE_SENT_SENDER: break;
	}
	return f->turned ? back : at;
}

static struct record *making_of(struct making m[MAKING], unsigned *n, const struct row *row, const struct facts *f,
				const struct record_host *h)
{
	for (unsigned i = 0; i < *n; i++)
		if (m[i].type == row->type && m[i].side == row->side)
			return &m[i].r;
	if (*n == MAKING)
		return NULL;
	struct making *new = &m[(*n)++];
	new->type = row->type;
	new->side = row->side;
	new->at = sent_by(f, row->side);
	record_begin(&new->r, row->type, &new->at, h);
	return &new->r;
}

static void tell_records(struct sensors *s, const struct facts *f, const struct plan *p, const struct line *l)
{
	struct making m[MAKING] UNSET;
	unsigned n = 0;
	struct record_host host = *tracker_host(s->tracker);
	host.arena = &s->arena;
	for (unsigned i = 0; i < l->n; i++)
		for (const struct row *row = plan_first(p, l->v[i].name); row; row = plan_next(p, row)) {
			if (row->slot || l->v[i].kind == LINE_NULL)
				continue;
			struct record *r = making_of(m, &n, row, f, &host);
			if (r)
				value_set(r, row, line_text(l, &l->v[i], &s->arena), &s->arena);
		}
	for (unsigned k = 0; n && k < p->n; k++) /* constants complete what values began */
		if (!p->rows[k].name && !p->rows[k].slot) {
			struct record *r = making_of(m, &n, &p->rows[k], f, &host);
			if (r)
				value_set(r, &p->rows[k], span_str(p->rows[k].text), &s->arena);
		}
	for (unsigned i = 0; i < n; i++)
		told_record(s->tracker, &m[i].r);
}

/* A lease says whose card stands behind an address: many logs hold no other word of it. */
static void tell_lease(struct sensors *s, const struct facts *f)
{
	if (!f->v[SLOT_LEASED].n)
		return;
	struct addr leased = value_addr(f->v[SLOT_LEASED]);
	struct mac to = value_mac(f->v[SLOT_LEASED_TO]);
	if (leased.family && !mac_is_zero(to))
		told_lease(s->tracker, &f->told.at, leased, to);
}

static void tell(struct sensors *s, const struct log *l, struct entry *e)
{
	struct facts *f = &e->facts;
	s->health->log_lines++;
	health_time(s->health, e->ts);
	if (!e->ready)
		make_ready(s, l, e, &s->arena);
	const struct plan *p = e->plan;
	if (!p)
		return;                          /* statistics, alerts by signature: nothing of ours */
	if (!f->told.at.src.family || !f->told.at.dst.family || !e->ts)
		return;
	f->told.decoder = spoken(s, p->is_flow || f->v[SLOT_PROTOCOL].n ? f->v[SLOT_PROTOCOL] : p->event);
	find_server(f, p->is_flow);
	if (f->told.transport[0])
		tell_conversation(s, f, l, p->is_flow);
	if (f->v[SLOT_HOST].n || f->v[SLOT_TARGET_PATH].n)
		tell_request(s, f);
	tell_lease(s, f);
	if (p->has_records)
		tell_records(s, f, p, &e->line);
}

bool sensors_step(struct sensors *s)
{
	struct log *first = NULL;
	for (unsigned i = 0; i < s->n; i++)
		if (s->logs[i]->n && (!first || entry_at(s->logs[i], 0)->ts < entry_at(first, 0)->ts))
			first = s->logs[i];
	if (!first)
		return false;
	tell(s, first, entry_at(first, 0));
	arena_reset(&s->arena);
	first->first++;
	first->n--;
	log_next(s, first);
	return true;
}

uint64_t sensors_consumed(const struct sensors *s)
{
	uint64_t n = s->consumed;
	for (unsigned i = 0; i < s->n; i++)
		n += s->logs[i]->in ? input_consumed(s->logs[i]->in) : 0;
	return n;
}

const char *sensors_damage(const struct sensors *s, uint32_t *file)
{
	*file = s->damaged;
	return s->damage[0] ? s->damage : NULL;
}

bool sensors_make(const struct sensors *s, const struct record_type *t)
{
	for (const struct record_type *const *h = s->http->types; *h; h++)
		if (*h == t)
			return true;
	for (unsigned i = 0; i < s->n; i++)
		if (map_makes(s->maps[s->logs[i]->kind], t))
			return true;
	return t == &contact_type || t == &answer_type || t == &flow_type || t == &device_type;
}
