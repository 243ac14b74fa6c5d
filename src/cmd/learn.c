/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult learn: a MUD profile for each device, from captures or from the store. Both give the same JSON
 * bodies of conversations, devices, findings and names, which are gathered here and turned into rules by
 * profile/learn.c. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/option.h"
#include "base/scope.h"
#include "base/utf8.h"
#include "cmd/body.h"
#include "cmd/engine.h"
#include "cmd/site.h"
#include "profile/learn.h"
#include "record/json.h"

enum {
	OPT_READ, OPT_OUTPUT, OPT_FORCE, OPT_DEVICE, OPT_ALL, OPT_LEAST, OPT_OUTSIDE, OPT_URL, OPT_SINCE, OPT_UNTIL, OPT_STORE,
	OPT_CONFIG, OPT_TEST_KEY, OPT_JSON
};

enum { TALKS_MAX = 1 << 18, ENDS_MAX = 1 << 17, HOSTS_MAX = 65536, AGAINST_MAX = 4096, NAMES_MAX = 8192 };

struct host {                                    /* a device that was seen */
	const char *id, *name, *role, *maker, *model, *version;
	struct mac mac;
	struct addr addresses[PROFILE_ADDRESSES];
	unsigned naddresses;
	bool medical;
};

struct end {                                     /* an address of a device */
	struct addr a;
	uint32_t host, next;                     /* + 1; 0: none */
};

struct talk {                                    /* conversations that differ in nothing that a profile tells */
	struct addr client, server;
	struct mac client_mac, server_mac;
	struct learn_talk t;                     /* outgoing and peer are filled for the device that is asked about */
	bool leaves;
	uint32_t next;
};

struct about {                                   /* a finding about a device and an address */
	const char *device, *id;
	struct addr a;
};

struct name {
	struct addr a;
	const char *name;
};

struct learner {
	const struct args *args;
	struct arena arena;
	struct host *hosts;
	struct end *ends;
	struct talk *talks;
	struct about *against;
	struct name *names;
	uint32_t nhosts, nends, ntalks, nagainst, nnames;
	uint32_t end_slots[ENDS_MAX], talk_slots[TALKS_MAX];
	uint64_t first, last, conversations, dropped;
	bool failed;
};

static const struct hash_key fixed = { UINT64_C(0x61757363756c7420), UINT64_C(0x6c6561726e2e2e2e) };

static const char *kept(struct learner *l, const char *text)
{
	struct span s = *text ? arena_copy(&l->arena, span_str(text)) : (struct span){ 0 };
	return s.p ? (const char *)s.p : "";
}

static struct mac mac_at(json_t *body, const char *key)
{
	struct mac m = { { 0 } };
	unsigned v[6];
	if (sscanf(body_text(body, key), "%2x:%2x:%2x:%2x:%2x:%2x", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]) == 6)
		for (int i = 0; i < 6; i++)
			m.b[i] = (uint8_t)v[i];
	return m;
}

static uint64_t number_at(json_t *body, const char *key)
{
	json_t *v = json_object_get(body, key);
	return json_is_integer(v) && json_integer_value(v) > 0 ? (uint64_t)json_integer_value(v) : 0;
}

static uint64_t time_at(json_t *body, const char *key)
{
	uint64_t ns = 0;
	return option_time(body_text(body, key), &ns) ? ns : 0;
}

/* ---- gathering ---- */

static uint32_t *end_slot(struct learner *l, struct addr a)
{
	return &l->end_slots[hash64(fixed, span_of(a.b, sizeof(a.b))) % ENDS_MAX];
}

static void take_device(struct learner *l, json_t *body)
{
	size_t i;
	json_t *v;
	if (l->nhosts == HOSTS_MAX) {
		l->dropped++;
		return;
	}
	struct host *h = &l->hosts[l->nhosts++];
	*h = (struct host){ .id = kept(l, body_text(body, "id")), .name = kept(l, body_text(body, "name")),
			    .role = kept(l, body_text(body, "role")), .maker = kept(l, body_text(body, "maker")),
			    .model = kept(l, body_text(body, "model")), .version = kept(l, body_text(body, "version")),
			    .mac = mac_at(body, "mac"), .medical = json_is_true(json_object_get(body, "medical")) };
	json_array_foreach(json_object_get(body, "addresses"), i, v) {
		struct addr a;
		if (!json_is_string(v) || !addr_parse(json_string_value(v), &a) || l->nends == ENDS_MAX)
			continue;
		if (h->naddresses < PROFILE_ADDRESSES)
			h->addresses[h->naddresses++] = a;
		uint32_t *slot = end_slot(l, a);
		l->ends[l->nends] = (struct end){ a, l->nhosts, *slot };
		*slot = ++l->nends;
	}
}

static uint8_t proto_of(const char *transport)
{
	if (strcmp(transport, "tcp") == 0)
		return 6;
	if (strcmp(transport, "udp") == 0)
		return 17;
	if (strcmp(transport, "icmp") == 0)
		return 1;
	return strcmp(transport, "icmp6") == 0 ? 58 : (uint8_t)strtoul(transport, NULL, 10);
}

static bool same_talk(const struct talk *a, const struct talk *b)
{
	return a->t.proto == b->t.proto && a->t.port == b->t.port && addr_eq(a->client, b->client) &&
	       addr_eq(a->server, b->server) && mac_eq(a->client_mac, b->client_mac) && mac_eq(a->server_mac, b->server_mac);
}

static struct talk *talk_place(struct learner *l, const struct talk *key)
{
	uint8_t bytes[36] = { key->t.proto, (uint8_t)(key->t.port >> 8), (uint8_t)key->t.port, key->client.family };
	memcpy(bytes + 4, key->client.b, 16);
	memcpy(bytes + 20, key->server.b, 16);
	uint32_t *slot = &l->talk_slots[hash64(fixed, span_of(bytes, sizeof(bytes))) % TALKS_MAX];
	for (uint32_t at = *slot; at; at = l->talks[at - 1].next)
		if (same_talk(&l->talks[at - 1], key))
			return &l->talks[at - 1];
	if (l->ntalks == TALKS_MAX) {
		l->dropped++;
		return NULL;
	}
	struct talk *t = &l->talks[l->ntalks];
	*t = *key;
	t->next = *slot;
	*slot = ++l->ntalks;
	return t;
}

static void take_flow(struct learner *l, json_t *body)
{
	struct talk key = { .client_mac = mac_at(body, "client_mac"), .server_mac = mac_at(body, "server_mac") };
	if (!addr_parse(body_text(body, "client"), &key.client) || !addr_parse(body_text(body, "server"), &key.server))
		return;
	key.t.proto = proto_of(body_text(body, "transport"));
	key.t.port = (uint16_t)number_at(body, "server_port");
	uint64_t first = time_at(body, "first"), last = time_at(body, "last");
	const char *state = body_text(body, "state");
	struct talk *t = talk_place(l, &key);
	l->conversations++;
	l->first = !l->first || (first && first < l->first) ? first : l->first;
	l->last = last > l->last ? last : l->last;
	if (!t)
		return;
	if (!t->t.count++) {
		t->t.protocol = kept(l, body_text(body, "protocol"));
		t->t.first = first;
	}
	t->t.last = last > t->t.last ? last : t->t.last;
	t->t.longest = last - first > t->t.longest && last >= first ? last - first : t->t.longest;
	t->t.answered |= strcmp(state, "unanswered") != 0 && strcmp(state, "refused") != 0;
	t->leaves |= json_is_true(json_object_get(body, "leaves_site"));
}

/* The link to a central station stays one although a finding says that it is in clear or was tampered with: only
 * destinations outside, and what fetches programs, speak against a peer. */
static bool speaks_against(json_t *body)
{
	static const char *const about_link[] = { "net.phi-cleartext", "net.rewritten-stream", "net.arp-conflict",
						  "net.profile-violation", "net.outside-destination" };
	for (size_t i = 0; i < ARRAY_LEN(about_link); i++)
		if (strcmp(body_text(body, "rule"), about_link[i]) == 0)
			return false;
	return body_severity(body) >= SEV_HIGH;
}

static void take_finding(struct learner *l, json_t *body)
{
	struct addr a;
	if (l->nagainst == AGAINST_MAX || !addr_parse(body_text(body, "observed.address"), &a) || !speaks_against(body))
		return;
	l->against[l->nagainst++] = (struct about){ kept(l, body_text(body, "device.id")), kept(l, body_text(body, "id")), a };
}

static void take_names(struct learner *l, json_t *body)
{
	size_t i;
	json_t *v;
	const char *name = body_text(body, "query");
	json_array_foreach(json_object_get(body, "addresses"), i, v) {
		struct addr a;
		if (!*name || l->nnames == NAMES_MAX || !json_is_string(v) || !addr_parse(json_string_value(v), &a))
			continue;
		bool known = false;
		for (uint32_t k = 0; k < l->nnames && !known; k++)
			known = addr_eq(l->names[k].a, a);
		if (!known)
			l->names[l->nnames++] = (struct name){ a, kept(l, name) };
	}
}

static void take_body(struct learner *l, json_t *body)
{
	static const struct {
		const char *kind;
		void (*take)(struct learner *l, json_t *body);
	} takers[] = { { "flow", take_flow }, { "device", take_device }, { "finding", take_finding }, { "dns", take_names } };
	for (size_t i = 0; i < ARRAY_LEN(takers); i++)
		if (strcmp(body_text(body, "kind"), takers[i].kind) == 0)
			takers[i].take(l, body);
}

/* ---- from where ---- */

static bool each_body(void *ctx, const char *text)
{
	json_t *body = body_parse(text);
	take_body(ctx, body);
	json_decref(body);
	return true;
}

static bool from_store(struct learner *l)
{
	static const char *const kinds[] = { "device", "flow", "finding" };
	struct store *s;
	const struct args *a = l->args;
	if (!body_store(a, args_text(a, OPT_STORE), &s))
		return false;
	bool good = true;
	for (size_t i = 0; good && i < ARRAY_LEN(kinds); i++) {
		struct query q = { .kind = kinds[i], .min_severity = -1 };
		if (i == 1) {
			q.since = args_number(a, OPT_SINCE);
			q.until = args_number(a, OPT_UNTIL);
		}
		good = store_ask(s, &q, each_body, l) == 0;
		if (!good)
			log_error(&a->log, "%s", store_error(s));
	}
	store_close(s);
	return good;
}

static void each_record(void *ctx, const struct record *r)
{
	struct buf text = { 0 };
	json_record(&text, r, NULL);
	buf_u8(&text, 0);
	if (!text.full)
		each_body(ctx, (const char *)text.p);
	buf_done(&text);
}

static bool run_engine(struct learner *l, struct engine_setup *set)
{
	const struct args *a = l->args;
	AUTO_FREE struct registry *g = mem_new(sizeof(*g));
	struct engine e;
	command_registry(g);
	int rc = engine_start(set, g, &e);
	if (rc < 0) {
		log_error(&a->log, "the decoding process could not be started: %s", strerror(-rc));
		return false;
	}
	bool good = engine_take(&e, g, each_record, l);
	rc = engine_wait(&e);
	if (rc == 2 || !good)
		log_error(&a->log, "%s", rc == 2 ? e.board->error : "the decoding process sent what it must not");
	if (rc == 3)
		log_warn(&a->log, "a capture is damaged: learned from what stands before the damage");
	engine_done(&e);
	return good && rc != 2;
}

static bool from_captures(struct learner *l)
{
	static const char *const kinds[] = { "flow", "device", "finding", "dns", NULL };
	const struct args *a = l->args;
	struct site site = { 0 };
	struct engine_input inputs[OPTION_REPEATS] = { 0 };
	struct engine_setup set = { .inputs = inputs, .kinds = kinds };
	struct site_options so = { .store = args_text(a, OPT_STORE), .config = args_text(a, OPT_CONFIG),
				   .test_key = args_flag(a, OPT_TEST_KEY), .no_store = true };
	bool good = site_load(&site, &so, &a->log);
	for (unsigned i = 0; good && i < a->v[OPT_READ].ntexts; i++) {
		const char *name = a->v[OPT_READ].texts[i];
		int fd = strcmp(name, "-") == 0 ? dup(0) : open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			log_error(&a->log, "%s: %s", name, strerror(errno));
		good = fd >= 0;
		inputs[set.ninputs] = (struct engine_input){ .fd = fd, .name = name };
		set.ninputs += good;
	}
	memcpy(set.key, site.key, KEY_BYTES);
	set.conf = site.conf;
	good = good && run_engine(l, &set);
	for (uint32_t i = 0; i < set.ninputs; i++)
		close(inputs[i].fd);
	site_done(&site);
	return good;
}

/* ---- learning ---- */

/* Whose end this is: the device with that card if one has the address, else the one with the address. */
static uint32_t host_of(struct learner *l, struct addr a, struct mac m)
{
	uint32_t found = 0;
	for (uint32_t at = *end_slot(l, a); at; at = l->ends[at - 1].next) {
		const struct end *e = &l->ends[at - 1];
		if (!addr_eq(e->a, a))
			continue;
		if (mac_eq(l->hosts[e->host - 1].mac, m))
			return e->host;
		found = e->host;
	}
	return found;
}

static const char *finding_about(const struct learner *l, const struct host *h, struct addr a)
{
	for (uint32_t i = 0; i < l->nagainst; i++)
		if (strcmp(l->against[i].device, h->id) == 0 && addr_eq(l->against[i].a, a))
			return l->against[i].id;
	return NULL;
}

static const char *name_of(const struct learner *l, struct addr a)
{
	for (uint32_t i = 0; i < l->nnames; i++)
		if (addr_eq(l->names[i].a, a))
			return l->names[i].name;
	return NULL;
}

static bool is_group(struct addr a, struct mac m)
{
	enum addr_class c = addr_class(a);
	return c == ADDR_MULTICAST || c == ADDR_BROADCAST || mac_is_group(m);
}

struct picked {
	struct learn_talk *v;
	uint32_t n;
};

/* The same peer and port may have stood behind two cards: one row. */
static void pick(struct picked *p, const struct learn_talk *t)
{
	for (uint32_t i = p->n; i-- > 0;) {
		struct learn_talk *o = &p->v[i];
		if (o->outgoing != t->outgoing || o->proto != t->proto || o->port != t->port || !addr_eq(o->peer, t->peer))
			continue;
		o->count += t->count;
		o->answered |= t->answered;
		o->longest = t->longest > o->longest ? t->longest : o->longest;
		return;
	}
	p->v[p->n++] = *t;
}

static void pick_talks(struct learner *l, uint32_t host, struct picked *p)
{
	const struct host *h = &l->hosts[host - 1];
	for (uint32_t i = 0; i < l->ntalks; i++) {
		const struct talk *k = &l->talks[i];
		bool client = host_of(l, k->client, k->client_mac) == host;
		if (!client && host_of(l, k->server, k->server_mac) != host)
			continue;
		struct learn_talk t = k->t;
		t.outgoing = client;
		t.peer = client ? k->server : k->client;
		t.group = client && is_group(t.peer, k->server_mac);
		t.outside = k->leaves && !t.group;
		t.name = name_of(l, t.peer);
		t.against = finding_about(l, h, t.peer);
		pick(p, &t);
	}
}

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

static struct profile head_of(struct learner *l, struct host *h, struct profile_device *device)
{
	const char *base = args_text(l->args, OPT_URL);
	*device = (struct profile_device){ .mac = h->mac, .naddresses = h->naddresses };
	memcpy(device->addresses, h->addresses, sizeof(device->addresses));
	const char *label = *h->name ? h->name : *h->model ? h->model : h->id;
	const char *about = arena_printf(&l->arena, "%s %.60s: learned by auscult from %llu conversations of its network",
					 strcmp(h->role, "unknown") ? h->role : "device", label,
					 (unsigned long long)l->conversations);
	return (struct profile){
		.url = arena_printf(&l->arena, "%s%s%s.json", base, base[strlen(base) - 1] == '/' ? "" : "/", h->id),
		.about = about, .maker = text_or_null(h->maker), .model = text_or_null(h->model),
		.firmware = text_or_null(h->version), .updated = l->last, .learned_from = l->first, .learned_until = l->last,
		.validity_hours = 48, .devices = device, .ndevices = h->naddresses || !mac_is_zero(h->mac),
	};
}

static bool write_file(const struct learner *l, const char *id, const struct buf *mud)
{
	const struct args *a = l->args;
	const char *dir = args_text(a, OPT_OUTPUT);
	char path[4200];
	if (!dir)
		return true;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		log_error(&a->log, "%s: %s", dir, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%.4000s/%.60s.json", dir, id);
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (args_flag(a, OPT_FORCE) ? O_TRUNC : O_EXCL);
	AUTO_CLOSE int fd = open(path, flags, 0644);
	if (fd < 0 && errno == EEXIST)
		log_error(&a->log, "%s is there already, perhaps with changes of a person: --force writes over it", path);
	else if (fd < 0 || command_write(fd, buf_span(mud)) < 0)
		log_error(&a->log, "%s: %s", path, strerror(errno));
	else
		return true;
	return false;
}

static void tell_people(struct buf *b, const struct host *h, const struct profile *p, bool utf8)
{
	show_text(b, span_str(*h->name ? h->name : h->id), utf8, 40);
	buf_printf(b, " (%s, ", h->id);
	show_text(b, span_str(h->role), utf8, 40);
	buf_printf(b, "): %u rules, %u left out\n", p->nrules, p->nleft_out);
	for (unsigned i = 0; i < p->nleft_out; i++) {
		buf_text(b, "  left out: ");
		show_text(b, span_str(p->left_out[i].what), utf8, 0);
		buf_printf(b, ": %s, %llu conversation%s\n", p->left_out[i].why, (unsigned long long)p->left_out[i].count,
			   p->left_out[i].count == 1 ? "" : "s");
	}
}

static void tell_program(struct buf *b, const struct host *h, const struct profile *p, const struct buf *mud)
{
	buf_text(b, "{\"device\":");
	json_put_str(b, h->id);
	buf_printf(b, ",\"rules\":%u,\"left_out\":[", p->nrules);
	for (unsigned i = 0; i < p->nleft_out; i++) {
		buf_text(b, i ? ",{\"what\":" : "{\"what\":");
		json_put_str(b, p->left_out[i].what);
		buf_text(b, ",\"why\":");
		json_put_str(b, p->left_out[i].why);
		buf_printf(b, ",\"count\":%llu}", (unsigned long long)p->left_out[i].count);
	}
	buf_text(b, "],\"profile\":");
	buf_bytes(b, buf_span(mud));
	buf_text(b, "}");
}

static bool is_wanted(const struct learner *l, const struct host *h)
{
	const struct args *a = l->args;
	for (unsigned i = 0; i < a->v[OPT_DEVICE].ntexts; i++) {
		const char *wanted = a->v[OPT_DEVICE].texts[i];
		char text[ADDR_TEXT];
		if (strcasecmp(wanted, h->id) == 0 || strcasecmp(wanted, h->name) == 0 ||
		    strcasecmp(wanted, mac_text(h->mac, text)) == 0)
			return true;
		for (unsigned k = 0; k < h->naddresses; k++)
			if (strcmp(wanted, addr_text(h->addresses[k], text)) == 0)
				return true;
	}
	return !a->v[OPT_DEVICE].ntexts && (h->medical || args_flag(a, OPT_ALL));
}

static void learn_host(struct learner *l, uint32_t host, struct picked *p, struct buf *out, unsigned before)
{
	struct host *h = &l->hosts[host - 1];
	struct profile_device device;
	struct profile profile = head_of(l, h, &device);
	struct learn_options o = { args_number(l->args, OPT_LEAST), args_flag(l->args, OPT_OUTSIDE) };
	struct buf mud = { 0 };
	p->n = 0;
	pick_talks(l, host, p);
	profile_learn(&profile, &l->arena, p->v, p->n, &o);
	profile_write(&mud, &profile);
	l->failed |= !write_file(l, h->id, &mud);
	if (args_flag(l->args, OPT_JSON)) {
		buf_text(out, before ? ",\n" : "");
		tell_program(out, h, &profile, &mud);
	} else {
		tell_people(out, h, &profile, show_locale_utf8());
	}
	buf_done(&mud);
}

static int learn_all(struct learner *l)
{
	const struct args *a = l->args;
	struct buf out = { 0 };
	struct picked p = { mem_array(l->ntalks + 1, sizeof(*p.v)), 0 };
	unsigned n = 0;
	bool json = args_flag(a, OPT_JSON);
	uint64_t hours = l->last > l->first ? (l->last - l->first) / UINT64_C(3600000000000) : 0;
	if (json)
		buf_printf(&out, "{\"hours\":%llu,\"conversations\":%llu,\"dropped\":%llu,\"profiles\":[",
			   (unsigned long long)hours, (unsigned long long)l->conversations, (unsigned long long)l->dropped);
	for (uint32_t i = 0; i < l->nhosts; i++)
		if (is_wanted(l, &l->hosts[i]))
			learn_host(l, i + 1, &p, &out, n++);
	if (json)
		buf_text(&out, "]}\n");
	if (!n)
		log_error(&a->log, a->v[OPT_DEVICE].ntexts ? "no such device was seen; see: auscult devices" :
							    "no medical device was seen; --all learns every device");
	if (hours < 24)
		log_warn(&a->log, "learned from %llu hours: what happens less than daily is missing; learn from at least 24",
			 (unsigned long long)hours);
	if (l->dropped)
		log_warn(&a->log, "%llu conversations or devices met a limit and were not looked at", (unsigned long long)l->dropped);
	bool written = command_write(STDOUT_FILENO, buf_span(&out)) == 0;
	free(p.v);
	buf_done(&out);
	return !n || l->failed || !written ? OUT_FAILED : l->dropped ? OUT_PARTIAL : OUT_CLEAN;
}

static int run(struct args *a)
{
	const char *url = args_text(a, OPT_URL);
	if (a->nrest)
		return command_usage(a, "\"%s\" is not understood; captures are named with -r", a->rest[0]);
	if (strncmp(url, "https://", 8) != 0 || strlen(url) < 9)
		return command_usage(a, "--url must begin with https:// (RFC 8520)");
	struct learner *l = mem_new(sizeof(*l));
	arena_init(&l->arena, 0);
	l->args = a;
	l->hosts = mem_array(HOSTS_MAX, sizeof(*l->hosts));
	l->ends = mem_array(ENDS_MAX, sizeof(*l->ends));
	l->talks = mem_array(TALKS_MAX, sizeof(*l->talks));
	l->against = mem_array(AGAINST_MAX, sizeof(*l->against));
	l->names = mem_array(NAMES_MAX, sizeof(*l->names));
	bool good = a->v[OPT_READ].ntexts ? from_captures(l) : from_store(l);
	int rc = good ? learn_all(l) : OUT_FAILED;
	arena_done(&l->arena);
	free(l->hosts);
	free(l->ends);
	free(l->talks);
	free(l->against);
	free(l->names);
	free(l);
	return rc;
}

const struct command cmd_learn = {
	.name = "learn",
	.doc = "write a MUD profile for each device from what it was seen to do",
	.synopsis = "[OPTION]... [-o DIR]",
	.about =
		"Writes what each medical device does on the network as a profile (RFC 8520): with whom, at which port, who "
		"opens. A conversation becomes a rule when it was answered and came at least --least times or lasted ten minutes. "
		"What came too rarely, was not answered, left the site or has a finding of its own is not allowed by the "
		"profile but listed, here and in the file. ICMP, IGMP and DHCP are never rules: every host needs them.\n\n"
		"A profile is a proposal: read it, with biomedical engineering, before anything is judged or cut by it.",
	.example = "auscult learn -o profiles\n  from the store that auscult watch filled\n"
		   "auscult learn -r monday.pcapng -r tuesday.pcapng --device bed-4 -o profiles\n  one device, from captures",
	OPTIONS([OPT_READ] = { "read", 'r', "FILE", OPTION_TEXTS, "learn from this capture, not from the store" },
		[OPT_OUTPUT] = { "output", 'o', "DIR", OPTION_TEXT, "write DIR/DEVICE.json; without it nothing is written" },
		[OPT_FORCE] = { "force", 0, NULL, OPTION_FLAG, "write over profiles that are there" },
		[OPT_DEVICE] = { "device", 0, "DEVICE", OPTION_TEXTS, "this device alone: id, name, address or MAC" },
		[OPT_ALL] = { "all", 0, NULL, OPTION_FLAG, "devices that are not known as medical too" },
		[OPT_LEAST] = { "least", 0, "N", OPTION_NUMBER, "so many conversations make a rule", "3" },
		[OPT_OUTSIDE] = { "outside", 0, NULL, OPTION_FLAG,
				  "allow destinations outside the site, if nothing else speaks against them" },
		[OPT_URL] = { "url", 0, "URL", OPTION_TEXT, "where the profiles' own URLs begin", "https://profiles.invalid/" },
		[OPT_SINCE] = { "since", 0, "TIME", OPTION_TIME, "from the store: conversations at or after this time" },
		[OPT_UNTIL] = { "until", 0, "TIME", OPTION_TIME, "from the store: conversations at or before this time" },
		[OPT_STORE] = OPTION_STORE,
		[OPT_CONFIG] = { "config", 'c', "FILE", OPTION_TEXT, "with captures: networks and devices of the site" },
		[OPT_TEST_KEY] = { "test-key", 0, NULL, OPTION_FLAG, "a fixed, public key: reproducible tests only" },
		[OPT_JSON] = OPTION_JSON),
	.run = run,
};
