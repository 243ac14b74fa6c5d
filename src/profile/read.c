/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading MUD files: JSON as RFC 7951 encodes YANG, ietf-mud (RFC 8520 §7) with ietf-access-control-list and
 * ietf-packet-fields (RFC 8519), ietf-acldns (RFC 8520 §8). All that is wrong is said at once, each with its
 * place in the document. */
#include "profile/profile.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/jsondoc.h"
#include "base/option.h"
#include "base/scope.h"

enum { LISTS_MAX = 64, TEXT_LIMIT = 4096 };

struct acl {
	const char *name;
	uint8_t family;                          /* 0: Ethernet or mixed */
	const json_t *aces;
	size_t index;
	bool used;
};

struct reading {
	struct profiles *t;
	struct complaints *c;
	struct profile p;
	struct acl acls[LISTS_MAX];
	unsigned nacls;
	unsigned room;                           /* rules that p.rules has room for */
};

/* ---- saying what is wrong ---- */

static void PRINTF(4, 0) say(struct reading *r, const struct place *at, const char *before, const char *fmt,
			     va_list list)
{
	char text[512];
	if (r->c->errors + r->c->warnings > PROFILE_COMPLAINTS)
		return;
	vsnprintf(text, sizeof(text), fmt, list);
	buf_text(&r->c->text, before);
	if (at)
		place_show(&r->c->text, at);
	else
		buf_text(&r->c->text, "document");
	buf_printf(&r->c->text, ": %s\n", text);
}

static void PRINTF(3, 4) wrong(struct reading *r, const struct place *at, const char *fmt, ...)
{
	va_list list;
	va_start(list, fmt);
	r->c->errors++;
	say(r, at, "", fmt, list);
	va_end(list);
}

static void PRINTF(3, 4) warn(struct reading *r, const struct place *at, const char *fmt, ...)
{
	va_list list;
	va_start(list, fmt);
	r->c->warnings++;
	say(r, at, "warning: ", fmt, list);
	va_end(list);
}

void complaints_done(struct complaints *c)
{
	buf_done(&c->text);
}

/* ---- JSON ---- */

/* A member by its name, with or without the name of its module before it (RFC 7951 §4). */
static const json_t *member(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	const char *bare = strchr(name, ':');
	return v || !bare ? v : json_object_get(o, bare + 1);
}

static const char *kept(struct reading *r, const char *text)
{
	struct span s = arena_copy(&r->t->arena, span_cut(span_str(text), TEXT_LIMIT));
	return s.p ? (const char *)s.p : "";
}

/* A text, or NULL; says so when it is something else. */
static const char *text_at(struct reading *r, const struct place *up, const json_t *o, const char *name)
{
	const json_t *v = member(o, name);
	struct place here = { up, name, 0 };
	if (!v)
		return NULL;
	if (json_is_string(v))
		return kept(r, json_string_value(v));
	wrong(r, &here, "is no text");
	return NULL;
}

static bool number_at(struct reading *r, const struct place *up, const json_t *o, const char *name, long long least,
		      long long most, long long *out)
{
	const json_t *v = member(o, name);
	struct place here = { up, name, 0 };
	if (!v)
		return false;
	if (json_is_integer(v) && json_integer_value(v) >= least && json_integer_value(v) <= most) {
		*out = json_integer_value(v);
		return true;
	}
	wrong(r, &here, "is no number from %lld to %lld", least, most);
	return false;
}

static const json_t *object_at(struct reading *r, const struct place *up, const json_t *o, const char *name,
				bool needed)
{
	const json_t *v = member(o, name);
	struct place here = { up, name, 0 };
	if (!v && needed)
		wrong(r, &here, "is missing");
	else if (v && !json_is_object(v))
		wrong(r, &here, "is no object");
	return json_is_object(v) ? v : NULL;
}

static const json_t *list_at(struct reading *r, const struct place *up, const json_t *o, const char *name, bool needed)
{
	const json_t *v = member(o, name);
	struct place here = { up, name, 0 };
	if (!v && needed)
		wrong(r, &here, "is missing");
	else if (v && !json_is_array(v))
		wrong(r, &here, "is no list");
	return json_is_array(v) ? v : NULL;
}

/* What this reader does not know it must not pass over in silence: a condition it does not see widens a rule. */
static bool is_known(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0 || (strchr(*names, ':') && strcmp(name, strchr(*names, ':') + 1) == 0))
			return true;
	return false;
}

/* ---- conditions ---- */

static bool add_peer(struct reading *r, const struct place *at, struct profile_rule *rule, struct peer peer)
{
	if (rule->npeers == PROFILE_PEERS) {
		wrong(r, at, "more than %d conditions about the peer", PROFILE_PEERS);
		return false;
	}
	rule->peers[rule->npeers++] = peer;
	return true;
}

static void read_network(struct reading *r, const struct place *up, const json_t *o, const char *name,
			 struct profile_rule *rule, bool peers_own)
{
	struct place here = { up, name, 0 };
	const char *text = text_at(r, up, o, name);
	struct peer peer = { .kind = PEER_NET };
	if (!text)
		return;
	if (!prefix_parse(text, &peer.net) || (rule->family && peer.net.net.family != rule->family))
		wrong(r, &here, "\"%.80s\" is no IPv%u network such as %s", text, rule->family ? rule->family : 4,
		      rule->family == 6 ? "2001:db8::/32" : "192.0.2.0/24");
	else if (peers_own)
		add_peer(r, &here, rule, peer);
	else
		warn(r, &here, "the device's own address is not looked at: the profile is the device's wherever it stands");
}

static void read_name(struct reading *r, const struct place *up, const json_t *o, const char *name,
		      struct profile_rule *rule, bool peers_own)
{
	struct place here = { up, name, 0 };
	const char *text = text_at(r, up, o, name);
	if (!text)
		return;
	size_t n = strlen(text);
	if (!peers_own)
		wrong(r, &here, "names the device itself: a rule %s the device takes %s", rule->outgoing ? "from" : "to",
		      rule->outgoing ? "dst-dnsname" : "src-dnsname");
	else if (n == 0 || n > 253 || strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != n)
		wrong(r, &here, "\"%.80s\" is no host name", text);
	else
		add_peer(r, &here, rule, (struct peer){ .kind = PEER_NAME, .text = text });
}

static const char *const ip_known[] = {
	"protocol", "destination-ipv4-network", "source-ipv4-network", "destination-ipv6-network", "source-ipv6-network",
	"ietf-acldns:src-dnsname", "ietf-acldns:dst-dnsname", NULL,
};
static const char *const ip_partly[] = {
	"dscp", "ecn", "length", "ttl", "ihl", "flags", "offset", "identification", "flow-label", NULL,
};

static void note_others(struct reading *r, const struct place *at, const json_t *o, const char *const *known,
			const char *const *partly, struct profile_rule *rule)
{
	const char *name;
	const json_t *v;
	json_object_foreach((json_t *)(uintptr_t)o, name, v) {
		struct place here = { at, name, 0 };
		if (is_known(name, known))
			continue;
		rule->partly = true;
		if (is_known(name, partly))
			warn(r, &here, "is not looked at: traffic that fits the rest of the rule is neither allowed nor denied by it");
		else
			wrong(r, &here, "is no condition of RFC 8519 or RFC 8520 at this place");
	}
}

static void read_ip(struct reading *r, const struct place *up, const json_t *o, uint8_t family,
		    struct profile_rule *rule)
{
	struct place here = { up, family == 6 ? "ipv6" : "ipv4", 0 };
	long long protocol;
	if (rule->family && rule->family != family)
		wrong(r, &here, "stands in a list for IPv%u", rule->family);
	rule->family = family;
	if (number_at(r, &here, o, "protocol", 0, 255, &protocol))
		rule->protocol = (int16_t)protocol;
	const char *dst = family == 6 ? "destination-ipv6-network" : "destination-ipv4-network";
	const char *src = family == 6 ? "source-ipv6-network" : "source-ipv4-network";
	read_network(r, &here, o, dst, rule, rule->outgoing);
	read_network(r, &here, o, src, rule, !rule->outgoing);
	read_name(r, &here, o, "ietf-acldns:dst-dnsname", rule, rule->outgoing);
	read_name(r, &here, o, "ietf-acldns:src-dnsname", rule, !rule->outgoing);
	note_others(r, &here, o, ip_known, ip_partly, rule);
}

/* RFC 8519 port-range-or-operator: a range, or one port with eq, neq, gte, lte. */
static void read_ports(struct reading *r, const struct place *up, const json_t *o, const char *name, struct ports *out)
{
	struct place here = { up, name, 0 };
	const json_t *v = object_at(r, up, o, name, false);
	long long low = 0, high = 0;
	if (!v)
		return;
	out->given = true;
	if (member(v, "lower-port") || member(v, "upper-port")) {
		bool ok = number_at(r, &here, v, "lower-port", 0, UINT16_MAX, &low);
		bool upper = number_at(r, &here, v, "upper-port", 0, UINT16_MAX, &high);
		if (!ok)
			wrong(r, &here, "a range needs lower-port");
		if (upper && high < low)
			wrong(r, &here, "ends at %lld before it begins at %lld", high, low);
		out->low = (uint16_t)low;
		out->high = (uint16_t)(upper ? high : low);
		return;
	}
	const char *op = text_at(r, &here, v, "operator");
	if (!number_at(r, &here, v, "port", 0, UINT16_MAX, &low))
		wrong(r, &here, "needs a port, or lower-port and upper-port");
	out->low = out->high = (uint16_t)low;
	out->not = op && strcmp(op, "neq") == 0;
	if (op && strcmp(op, "lte") == 0)
		out->low = 0;
	else if (op && strcmp(op, "gte") == 0)
		out->high = UINT16_MAX;
	else if (op && strcmp(op, "eq") != 0 && !out->not)
		wrong(r, &here, "\"%.40s\" is none of eq, neq, gte, lte", op);
}

static void set_protocol(struct reading *r, const struct place *at, struct profile_rule *rule, int16_t protocol)
{
	if (rule->protocol >= 0 && rule->protocol != protocol)
		wrong(r, at, "contradicts protocol %d", rule->protocol);
	rule->protocol = protocol;
}

static void read_transport(struct reading *r, const struct place *up, const json_t *matches, const char *name,
			   int16_t protocol, struct profile_rule *rule)
{
	static const char *const known[] = { "source-port", "destination-port", "ietf-mud:direction-initiated", NULL };
	static const char *const partly[] = { "flags", "window-size", "urgent-pointer", "options", "sequence-number",
					      "acknowledgement-number", "data-offset", "reserved", "length", NULL };
	struct place here = { up, name, 0 };
	const json_t *o = object_at(r, up, matches, name, false);
	if (!o)
		return;
	set_protocol(r, &here, rule, protocol);
	read_ports(r, &here, o, "source-port", rule->outgoing ? &rule->own : &rule->peer);
	read_ports(r, &here, o, "destination-port", rule->outgoing ? &rule->peer : &rule->own);
	const char *by = protocol == 6 ? text_at(r, &here, o, "ietf-mud:direction-initiated") : NULL;
	if (by && strcmp(by, "from-device") == 0)
		rule->opened_by = OPENED_BY_DEVICE;
	else if (by && strcmp(by, "to-device") == 0)
		rule->opened_by = OPENED_BY_PEER;
	else if (by)
		wrong(r, &here, "direction-initiated \"%.40s\" is neither from-device nor to-device", by);
	note_others(r, &here, o, known, partly, rule);
}

static void read_icmp(struct reading *r, const struct place *up, const json_t *matches, struct profile_rule *rule)
{
	static const char *const known[] = { "type", "code", NULL };
	static const char *const partly[] = { "rest-of-header", NULL };
	struct place here = { up, "icmp", 0 };
	const json_t *o = object_at(r, up, matches, "icmp", false);
	long long v;
	if (!o)
		return;
	set_protocol(r, &here, rule, rule->family == 6 ? 58 : 1);
	if (number_at(r, &here, o, "type", 0, 255, &v))
		rule->icmp_type = (int16_t)v;
	if (number_at(r, &here, o, "code", 0, 255, &v))
		rule->icmp_code = (int16_t)v;
	note_others(r, &here, o, known, partly, rule);
}

/* YANG's empty leaf is [null] (RFC 7951 §6.9). */
static bool has_empty(struct reading *r, const struct place *up, const json_t *o, const char *name)
{
	struct place here = { up, name, 0 };
	const json_t *v = member(o, name);
	if (v && !(json_is_array(v) && json_array_size(v) == 1 && json_is_null(json_array_get(v, 0))))
		wrong(r, &here, "must be [null]");
	return v != NULL;
}

static void read_mud(struct reading *r, const struct place *up, const json_t *matches, struct profile_rule *rule)
{
	static const char *const known[] = { "manufacturer", "same-manufacturer", "model", "local-networks", "controller",
					     "my-controller", NULL };
	static const char *const none[] = { NULL };
	static const struct {
		const char *name;
		enum peer_kind kind;
	} texts[] = { { "manufacturer", PEER_MAKER }, { "model", PEER_MODEL }, { "controller", PEER_CLASS } },
	  empties[] = { { "same-manufacturer", PEER_SAME_MAKER }, { "local-networks", PEER_LOCAL },
			{ "my-controller", PEER_MINE } };
	struct place here = { up, "ietf-mud:mud", 0 };
	const json_t *o = object_at(r, up, matches, "ietf-mud:mud", false);
	if (!o)
		return;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = text_at(r, &here, o, texts[i].name);
		if (text)
			add_peer(r, &here, rule, (struct peer){ .kind = texts[i].kind, .text = text });
	}
	for (size_t i = 0; i < ARRAY_LEN(empties); i++)
		if (has_empty(r, &here, o, empties[i].name))
			add_peer(r, &here, rule, (struct peer){ .kind = empties[i].kind });
	note_others(r, &here, o, known, none, rule);
}

/* ---- entries ---- */

static void read_matches(struct reading *r, const struct place *up, const json_t *ace, struct profile_rule *rule)
{
	static const char *const known[] = { "ipv4", "ipv6", "tcp", "udp", "icmp", "ietf-mud:mud", NULL };
	static const char *const partly[] = { "eth", "egress-interface", "ingress-interface", NULL };
	struct place here = { up, "matches", 0 };
	const json_t *o = object_at(r, up, ace, "matches", false);
	if (!o) {
		warn(r, up, "has no matches: it is about every packet");
		return;
	}
	const json_t *v4 = object_at(r, &here, o, "ipv4", false), *v6 = object_at(r, &here, o, "ipv6", false);
	if (v4 && v6)
		wrong(r, &here, "asks for IPv4 and IPv6 at once");
	if (v4)
		read_ip(r, &here, v4, 4, rule);
	else if (v6)
		read_ip(r, &here, v6, 6, rule);
	if ((member(o, "tcp") != NULL) + (member(o, "udp") != NULL) + (member(o, "icmp") != NULL) > 1)
		wrong(r, &here, "asks for several transports at once");
	read_transport(r, &here, o, "tcp", 6, rule);
	read_transport(r, &here, o, "udp", 17, rule);
	read_icmp(r, &here, o, rule);
	read_mud(r, &here, o, rule);
	note_others(r, &here, o, known, partly, rule);
}

static void read_action(struct reading *r, const struct place *up, const json_t *ace, struct profile_rule *rule)
{
	struct place here = { up, "actions", 0 };
	const json_t *o = object_at(r, up, ace, "actions", true);
	const char *what = o ? text_at(r, &here, o, "forwarding") : NULL;
	if (!o)
		return;
	const char *bare = what && strchr(what, ':') ? strchr(what, ':') + 1 : what;
	rule->accept = bare && strcmp(bare, "accept") == 0;
	if (!bare)
		wrong(r, &here, "forwarding is missing");
	else if (!rule->accept && strcmp(bare, "drop") != 0 && strcmp(bare, "reject") != 0)
		wrong(r, &here, "forwarding \"%.40s\" is none of accept, drop, reject", what);
}

static struct profile_rule *new_rule(struct reading *r)
{
	if (r->p.nrules == r->room) {
		unsigned room = r->room ? 2 * r->room : 8;
		struct profile_rule *v = arena_new(&r->t->arena, room * sizeof(*v));
		if (!v)
			return NULL;
		if (r->p.nrules)
			memcpy(v, r->p.rules, r->p.nrules * sizeof(*v));
		r->p.rules = v;
		r->room = room;
	}
	return &r->p.rules[r->p.nrules++];
}

static void read_ace(struct reading *r, const struct place *at, const json_t *ace, const struct acl *acl, bool outgoing)
{
	if (!json_is_object(ace)) {
		wrong(r, at, "is no object");
		return;
	}
	struct profile_rule *rule = r->p.nrules < PROFILE_RULES ? new_rule(r) : NULL;
	if (!rule) {
		wrong(r, at, "more than %d rules", PROFILE_RULES);
		return;
	}
	const char *name = text_at(r, at, ace, "name");
	if (!name)
		wrong(r, at, "has no name");
	*rule = (struct profile_rule){ .name = name ? name : "", .outgoing = outgoing, .family = acl->family,
				       .protocol = -1, .icmp_type = -1, .icmp_code = -1 };
	read_matches(r, at, ace, rule);
	read_action(r, at, ace, rule);
	if (rule->accept && !rule->npeers && rule->protocol < 0)
		warn(r, at, "allows everything");
}

static void read_aces(struct reading *r, struct acl *acl, bool outgoing)
{
	struct place root = { NULL, "ietf-access-control-list:acls", 0 }, list = { &root, "acl", 0 },
		     one = { &list, NULL, acl->index }, aces = { &one, "aces", 0 }, in = { &aces, "ace", 0 };
	size_t i;
	const json_t *ace;
	json_array_foreach(acl->aces, i, ace) {
		struct place here = { &in, NULL, i };
		if (r->p.nrules > PROFILE_RULES || r->c->errors > PROFILE_COMPLAINTS)
			return;
		read_ace(r, &here, ace, acl, outgoing);
	}
}

static uint8_t family_of(struct reading *r, const struct place *at, const char *type)
{
	const char *bare = type && strchr(type, ':') ? strchr(type, ':') + 1 : type;
	if (bare && strcmp(bare, "ipv4-acl-type") == 0)
		return 4;
	if (bare && strcmp(bare, "ipv6-acl-type") == 0)
		return 6;
	if (!bare)
		warn(r, at, "type is missing: taken for IPv4 and IPv6");
	else
		warn(r, at, "type \"%.60s\": only conditions about IP are looked at", type);
	return 0;
}

static void read_acls(struct reading *r, const json_t *root)
{
	struct place top = { NULL, "ietf-access-control-list:acls", 0 }, list = { &top, "acl", 0 };
	const json_t *acls = object_at(r, NULL, root, "ietf-access-control-list:acls", true);
	const json_t *v = acls ? list_at(r, &top, acls, "acl", true) : NULL;
	size_t i;
	const json_t *o;
	json_array_foreach(v, i, o) {
		struct place here = { &list, NULL, i };
		const char *name = text_at(r, &here, o, "name");
		if (i >= LISTS_MAX) {
			wrong(r, &here, "more than %d access lists", LISTS_MAX);
			return;
		}
		if (!name) {
			wrong(r, &here, "has no name");
			continue;
		}
		for (unsigned k = 0; k < r->nacls; k++)
			if (strcmp(r->acls[k].name, name) == 0)
				wrong(r, &here, "the name \"%.60s\" stands twice", name);
		struct place aces_at = { &here, "aces", 0 };
		const json_t *aces = object_at(r, &here, o, "aces", true);
		r->acls[r->nacls++] = (struct acl){ .name = name, .index = i,
			.family = family_of(r, &here, text_at(r, &here, o, "type")),
			.aces = aces ? list_at(r, &aces_at, aces, "ace", true) : NULL };
	}
}

/* from-device-policy and to-device-policy name the lists, in order. */
static void read_policy(struct reading *r, const json_t *mud, const char *name, bool outgoing)
{
	struct place top = { NULL, "ietf-mud:mud", 0 }, here = { &top, name, 0 }, lists = { &here, "access-lists", 0 },
		     list = { &lists, "access-list", 0 };
	const json_t *policy = object_at(r, &top, mud, name, false);
	if (!policy) {
		warn(r, &here, "is missing: nothing is allowed %s the device", outgoing ? "from" : "to");
		return;
	}
	const json_t *o = object_at(r, &here, policy, "access-lists", true);
	const json_t *v = o ? list_at(r, &lists, o, "access-list", true) : NULL;
	size_t i;
	const json_t *entry;
	json_array_foreach(v, i, entry) {
		struct place at = { &list, NULL, i };
		const char *wanted = text_at(r, &at, entry, "name");
		struct acl *found = NULL;
		for (unsigned k = 0; wanted && k < r->nacls; k++)
			if (strcmp(r->acls[k].name, wanted) == 0)
				found = &r->acls[k];
		if (!found) {
			wrong(r, &at, "no access list is named \"%.60s\"", wanted ? wanted : "");
			continue;
		}
		if (found->used)
			wrong(r, &at, "the access list \"%.60s\" is named twice", wanted);
		else
			read_aces(r, found, outgoing);
		found->used = true;
	}
}

/* ---- the head ---- */

static uint64_t time_at(struct reading *r, const struct place *up, const json_t *o, const char *name, bool needed)
{
	struct place here = { up, name, 0 };
	const char *text = text_at(r, up, o, name);
	uint64_t ns = 0;
	if (!text && needed)
		wrong(r, &here, "is missing");
	else if (text && !option_time(text, &ns))
		wrong(r, &here, "\"%.40s\" is no date and time of RFC 3339", text);
	return ns;
}

static void read_device(struct reading *r, const struct place *at, const json_t *o)
{
	struct profile_device *d = &r->p.devices[r->p.ndevices];
	struct place list = { at, "addresses", 0 };
	const char *mac = text_at(r, at, o, "mac");
	*d = (struct profile_device){ 0 };
	unsigned v[6];
	char more;
	if (mac && sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x%c", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &more) == 6)
		for (int i = 0; i < 6; i++)
			d->mac.b[i] = (uint8_t)v[i];
	else if (mac)
		wrong(r, at, "\"%.40s\" is no MAC address such as 02:00:5e:10:00:01", mac);
	size_t i;
	const json_t *a;
	json_array_foreach(list_at(r, at, o, "addresses", false), i, a) {
		struct place here = { &list, NULL, i };
		const char *text = json_string_value(a);
		if (d->naddresses == PROFILE_ADDRESSES)
			break;
		if (text && addr_parse(text, &d->addresses[d->naddresses]))
			d->naddresses++;
		else
			wrong(r, &here, "is no address");
	}
	if (!mac && !d->naddresses)
		wrong(r, at, "needs mac or addresses");
	r->p.ndevices++;
}

static void read_devices(struct reading *r, const struct place *up, const json_t *mud)
{
	struct place list = { up, "auscult:devices", 0 };
	const json_t *v = list_at(r, up, mud, "auscult:devices", false);
	size_t n = json_array_size(v), i;
	const json_t *o;
	if (n > PROFILE_DEVICES)
		wrong(r, &list, "more than %d devices", PROFILE_DEVICES);
	r->p.devices = n ? arena_new(&r->t->arena, (n < PROFILE_DEVICES ? n : PROFILE_DEVICES) * sizeof(*r->p.devices)) : NULL;
	json_array_foreach(v, i, o) {
		struct place here = { &list, NULL, i };
		if (i < PROFILE_DEVICES && r->p.devices)
			read_device(r, &here, o);
	}
}

static void read_left_out(struct reading *r, const struct place *up, const json_t *learned)
{
	struct place list = { up, "left-out", 0 };
	const json_t *v = list_at(r, up, learned, "left-out", false);
	size_t n = json_array_size(v), i;
	const json_t *o;
	if (n > PROFILE_LEFT_OUT)
		wrong(r, &list, "more than %d entries", PROFILE_LEFT_OUT);
	n = n > PROFILE_LEFT_OUT ? PROFILE_LEFT_OUT : n;
	r->p.left_out = n ? arena_new(&r->t->arena, n * sizeof(*r->p.left_out)) : NULL;
	json_array_foreach(v, i, o) {
		struct place here = { &list, NULL, i };
		long long count = 0;
		if (i >= n || !r->p.left_out)
			break;
		const char *what = text_at(r, &here, o, "what"), *why = text_at(r, &here, o, "why");
		number_at(r, &here, o, "count", 0, INT64_MAX, &count);
		r->p.left_out[r->p.nleft_out++] = (struct profile_left_out){ what ? what : "", why ? why : "", (uint64_t)count };
	}
}

static void read_extensions(struct reading *r, const struct place *up, const json_t *mud)
{
	struct place list = { up, "extensions", 0 }, at = { up, "auscult:learned", 0 };
	size_t i;
	const json_t *o;
	bool ours = false;
	json_array_foreach(list_at(r, up, mud, "extensions", false), i, o) {
		struct place here = { &list, NULL, i };
		const char *text = json_string_value(o);
		if (text && strcmp(text, "auscult") == 0)
			ours = true;
		else
			warn(r, &here, "the extension \"%.60s\" is not known and not looked at", text ? text : "");
	}
	if (!ours)
		return;
	read_devices(r, up, mud);
	const json_t *learned = object_at(r, up, mud, "auscult:learned", false);
	if (!learned)
		return;
	r->p.learned_from = time_at(r, &at, learned, "from", false);
	r->p.learned_until = time_at(r, &at, learned, "until", false);
	read_left_out(r, &at, learned);
}

static void read_head(struct reading *r, const json_t *mud)
{
	struct place top = { NULL, "ietf-mud:mud", 0 }, url = { &top, "mud-url", 0 }, is = { &top, "is-supported", 0 };
	long long v = 0;
	if (!number_at(r, &top, mud, "mud-version", 1, 1, &v) && !member(mud, "mud-version"))
		wrong(r, &top, "mud-version is missing: 1");
	r->p.url = text_at(r, &top, mud, "mud-url");
	if (!r->p.url || strncmp(r->p.url, "https://", 8) != 0 || !profile_authority(r->p.url).n)
		wrong(r, &url, "must be an https URL (RFC 8520 section 3.4)");
	r->p.updated = time_at(r, &top, mud, "last-update", true);
	r->p.validity_hours = 48;
	if (number_at(r, &top, mud, "cache-validity", 1, 168, &v))
		r->p.validity_hours = (unsigned)v;
	const json_t *supported = member(mud, "is-supported");
	if (!json_is_boolean(supported))
		wrong(r, &is, "must be true or false");
	r->p.supported = json_is_true(supported);
	r->p.about = text_at(r, &top, mud, "systeminfo");
	r->p.maker = text_at(r, &top, mud, "mfg-name");
	r->p.model = text_at(r, &top, mud, "model-name");
	r->p.firmware = text_at(r, &top, mud, "firmware-rev");
	r->p.documentation = text_at(r, &top, mud, "documentation");
	read_extensions(r, &top, mud);
}

static void read_root(struct reading *r, const json_t *root)
{
	const json_t *mud = json_is_object(root) ? object_at(r, NULL, root, "ietf-mud:mud", true) : NULL;
	if (!json_is_object(root))
		wrong(r, NULL, "is no object: not a MUD file");
	if (!mud)
		return;
	read_head(r, mud);
	read_acls(r, root);
	read_policy(r, mud, "from-device-policy", true);
	read_policy(r, mud, "to-device-policy", false);
	struct place top = { NULL, "ietf-access-control-list:acls", 0 }, list = { &top, "acl", 0 };
	for (unsigned i = 0; i < r->nacls; i++) {
		struct place here = { &list, NULL, r->acls[i].index };
		if (!r->acls[i].used)
			warn(r, &here, "the access list \"%.60s\" is named by no policy", r->acls[i].name);
	}
}

struct profiles *profiles_new(void)
{
	struct profiles *t = mem_new(sizeof(*t));
	arena_init(&t->arena, PROFILE_MEMORY);
	return t;
}

void profiles_free(struct profiles *t)
{
	if (!t)
		return;
	arena_done(&t->arena);
	free(t->v);
	free(t);
}

const struct profile *profiles_read(struct profiles *t, struct span json, const char *file, struct complaints *c)
{
	char err[JSONDOC_ERR];
	AUTO_FREE struct reading *r = mem_new(sizeof(*r));
	r->t = t;
	r->c = c;
	unsigned before = c->errors;
	if (t->n == PROFILES_MAX) {
		wrong(r, NULL, "more than %d profiles", PROFILES_MAX);
		return NULL;
	}
	json_t *root = jsondoc_read(json, err);
	if (!root) {
		wrong(r, NULL, "%s", err);
		return NULL;
	}
	r->p.file = kept(r, file);
	read_root(r, root);
	json_decref(root);
	if (c->errors > before)
		return NULL;
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->v = mem_grow(t->v, t->room, sizeof(*t->v));
	}
	t->v[t->n] = r->p;
	return &t->v[t->n++];
}
