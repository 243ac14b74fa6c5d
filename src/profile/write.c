/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing MUD files (RFC 8520 §9 shows one). One access list a direction and IP version, as RFC 8519's types want;
 * a rule for both versions stands in both. */
#include "base/hash.h"
#include "base/scope.h"
#include "profile/profile.h"
#include "record/json.h"

struct writing {
	struct buf *b;
	const struct profile *p;
	char list[2][2][32];                     /* [outgoing][IPv6]: name of the access list */
};

static void put_key(struct buf *b, const char *before, const char *key)
{
	buf_text(b, before);
	json_put_str(b, key);
	buf_text(b, ": ");
}

static void put_member(struct buf *b, const char *before, const char *key, const char *text)
{
	if (!text)
		return;
	put_key(b, before, key);
	json_put_str(b, text);
}

static bool in_list(const struct profile_rule *r, bool outgoing, bool v6)
{
	return r->outgoing == outgoing && (!r->family || (r->family == 6) == v6);
}

static bool has_list(const struct profile *p, bool outgoing, bool v6)
{
	for (unsigned i = 0; i < p->nrules; i++)
		if (in_list(&p->rules[i], outgoing, v6))
			return true;
	return false;
}

static void put_ports(struct buf *b, const char *before, const char *key, const struct ports *p)
{
	put_key(b, before, key);
	if (p->not || p->low == p->high)
		buf_printf(b, "{\"operator\": \"%s\", \"port\": %u}", p->not ? "neq" : "eq", p->low);
	else
		buf_printf(b, "{\"lower-port\": %u, \"upper-port\": %u}", p->low, p->high);
}

/* prefix_parse's mirror: the address with its length. */
static void put_net(struct buf *b, struct prefix p)
{
	char text[ADDR_TEXT];
	buf_printf(b, "\"%s/%u\"", addr_text(p.net, text), p.bits);
}

static void put_ip(struct buf *b, const struct profile_rule *r, bool v6)
{
	const char *side = r->outgoing ? "destination" : "source";
	char key[48];
	const char *comma = "";
	buf_printf(b, "\"%s\": {", v6 ? "ipv6" : "ipv4");
	if (r->protocol >= 0) {
		buf_printf(b, "\"protocol\": %d", r->protocol);
		comma = ", ";
	}
	for (unsigned i = 0; i < r->npeers; i++) {
		if (r->peers[i].kind == PEER_NAME) {
			put_member(b, comma, r->outgoing ? "ietf-acldns:dst-dnsname" : "ietf-acldns:src-dnsname", r->peers[i].text);
		} else if (r->peers[i].kind == PEER_NET) {
			snprintf(key, sizeof(key), "%s-%s-network", side, v6 ? "ipv6" : "ipv4");
			put_key(b, comma, key);
			put_net(b, r->peers[i].net);
		} else {
			continue;
		}
		comma = ", ";
	}
	buf_text(b, "}");
}

static void put_transport(struct buf *b, const struct profile_rule *r)
{
	const struct ports *source = r->outgoing ? &r->own : &r->peer, *destination = r->outgoing ? &r->peer : &r->own;
	const char *comma = "";
	bool by = r->protocol == 6 && r->opened_by != OPENED_EITHER;
	if ((r->protocol != 6 && r->protocol != 17) || (!source->given && !destination->given && !by))
		return;
	buf_printf(b, ", \"%s\": {", r->protocol == 6 ? "tcp" : "udp");
	if (by) {
		put_member(b, "", "ietf-mud:direction-initiated",
			   r->opened_by == OPENED_BY_DEVICE ? "from-device" : "to-device");
		comma = ", ";
	}
	if (source->given) {
		put_ports(b, comma, "source-port", source);
		comma = ", ";
	}
	if (destination->given)
		put_ports(b, comma, "destination-port", destination);
	buf_text(b, "}");
}

static void put_icmp(struct buf *b, const struct profile_rule *r)
{
	if (r->icmp_type < 0 && r->icmp_code < 0)
		return;
	buf_text(b, ", \"icmp\": {");
	if (r->icmp_type >= 0)
		buf_printf(b, "\"type\": %d%s", r->icmp_type, r->icmp_code >= 0 ? ", " : "");
	if (r->icmp_code >= 0)
		buf_printf(b, "\"code\": %d", r->icmp_code);
	buf_text(b, "}");
}

static void put_mud_peers(struct buf *b, const struct profile_rule *r)
{
	static const char *const keys[] = { [PEER_LOCAL] = "local-networks", [PEER_CLASS] = "controller",
					    [PEER_MINE] = "my-controller", [PEER_SAME_MAKER] = "same-manufacturer",
					    [PEER_MAKER] = "manufacturer", [PEER_MODEL] = "model" };
	bool open = false;
	for (unsigned i = 0; i < r->npeers; i++) {
		const struct peer *p = &r->peers[i];
		if (p->kind == PEER_NET || p->kind == PEER_NAME)
			continue;
		put_key(b, open ? ", " : ", \"ietf-mud:mud\": {", keys[p->kind]);
		open = true;
		if (p->text)
			json_put_str(b, p->text);
		else
			buf_text(b, "[null]");
	}
	buf_text(b, open ? "}" : "");
}

static void put_ace(struct buf *b, const struct profile_rule *r, bool v6)
{
	buf_text(b, "\n          {\"name\": ");
	json_put_str(b, r->name);
	buf_text(b, ", \"matches\": {");
	put_ip(b, r, v6);
	put_transport(b, r);
	put_icmp(b, r);
	put_mud_peers(b, r);
	buf_printf(b, "}, \"actions\": {\"forwarding\": \"%s\"}}", r->accept ? "accept" : "drop");
}

static void put_acls(struct writing *w)
{
	const char *comma = "";
	buf_text(w->b, "  \"ietf-access-control-list:acls\": {\n    \"acl\": [");
	for (unsigned k = 0; k < 4; k++) {
		bool outgoing = k < 2, v6 = k & 1;
		if (!has_list(w->p, outgoing, v6))
			continue;
		buf_printf(w->b, "%s\n      {\"name\": \"%s\", \"type\": \"ipv%d-acl-type\", \"aces\": {\"ace\": [", comma,
			   w->list[outgoing][v6], v6 ? 6 : 4);
		comma = "";
		for (unsigned i = 0; i < w->p->nrules; i++) {
			if (!in_list(&w->p->rules[i], outgoing, v6))
				continue;
			buf_text(w->b, comma);
			put_ace(w->b, &w->p->rules[i], v6);
			comma = ",";
		}
		buf_text(w->b, "]}}");
		comma = ",";
	}
	buf_text(w->b, "]\n  }\n");
}

static void put_policy(struct writing *w, bool outgoing)
{
	const char *comma = "";
	buf_printf(w->b, ",\n    \"%s-device-policy\": {\"access-lists\": {\"access-list\": [", outgoing ? "from" : "to");
	for (int v6 = 0; v6 < 2; v6++) {
		if (!has_list(w->p, outgoing, v6))
			continue;
		buf_printf(w->b, "%s{\"name\": \"%s\"}", comma, w->list[outgoing][v6]);
		comma = ", ";
	}
	buf_text(w->b, "]}}");
}

static void put_device(struct buf *b, const struct profile_device *d)
{
	char text[ADDR_TEXT];
	buf_text(b, "{");
	if (!mac_is_zero(d->mac))
		buf_printf(b, "\"mac\": \"%s\"%s", mac_text(d->mac, text), d->naddresses ? ", " : "");
	for (unsigned i = 0; i < d->naddresses; i++)
		buf_printf(b, "%s\"%s\"", i ? ", " : "\"addresses\": [", addr_text(d->addresses[i], text));
	buf_text(b, d->naddresses ? "]}" : "}");
}

static void put_learned(struct buf *b, const struct profile *p)
{
	buf_text(b, ",\n    \"auscult:learned\": {\"from\": ");
	json_put_time(b, p->learned_from);
	buf_text(b, ", \"until\": ");
	json_put_time(b, p->learned_until);
	buf_text(b, ", \"left-out\": [");
	for (unsigned i = 0; i < p->nleft_out; i++) {
		put_member(b, i ? ",\n      {" : "\n      {", "what", p->left_out[i].what);
		put_member(b, ", ", "why", p->left_out[i].why);
		buf_printf(b, ", \"count\": %llu}", (unsigned long long)p->left_out[i].count);
	}
	buf_text(b, "]}");
}

static void put_extension(struct buf *b, const struct profile *p)
{
	if (!p->ndevices && !p->learned_until)
		return;
	buf_text(b, ",\n    \"extensions\": [\"auscult\"]");
	for (unsigned i = 0; i < p->ndevices; i++) {
		buf_text(b, i ? ", " : ",\n    \"auscult:devices\": [");
		put_device(b, &p->devices[i]);
	}
	buf_text(b, p->ndevices ? "]" : "");
	if (p->learned_until)
		put_learned(b, p);
}

void profile_write(struct buf *b, const struct profile *p)
{
	static const struct hash_key fixed = { UINT64_C(0x61757363756c742d), UINT64_C(0x6d75642d6e616d65) };
	struct writing w = { b, p, { { { 0 } } } };
	uint32_t number = (uint32_t)hash64(fixed, span_str(p->url ? p->url : ""));
	for (int out = 0; out < 2; out++)
		for (int v6 = 0; v6 < 2; v6++)
			snprintf(w.list[out][v6], sizeof(w.list[out][v6]), "mud-%08x-v%d%s", number, v6 ? 6 : 4, out ? "fr" : "to");
	buf_text(b, "{\n  \"ietf-mud:mud\": {\n    \"mud-version\": 1");
	put_member(b, ",\n    ", "mud-url", p->url);
	buf_text(b, ",\n    \"last-update\": ");
	json_put_time(b, p->updated);
	buf_printf(b, ",\n    \"cache-validity\": %u,\n    \"is-supported\": %s", p->validity_hours,
		   p->supported ? "true" : "false");
	put_member(b, ",\n    ", "systeminfo", p->about);
	put_member(b, ",\n    ", "mfg-name", p->maker);
	put_member(b, ",\n    ", "model-name", p->model);
	put_member(b, ",\n    ", "firmware-rev", p->firmware);
	put_member(b, ",\n    ", "documentation", p->documentation);
	put_extension(b, p);
	put_policy(&w, true);
	put_policy(&w, false);
	buf_text(b, "\n  },\n");
	put_acls(&w);
	buf_text(b, "}\n");
}
