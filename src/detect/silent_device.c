/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.silent-device-speaks: a device that the administrator entered with `network = disabled` (its update took the
 * network away, or it is not to be used there) sends something, be it a single frame. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/detector.h"

enum want_index { ARP_GRATUITOUS, ARP_PROBE, DHCP_OPERATION, WANTS };

static const struct want wants[] = {
	[ARP_GRATUITOUS] = { "arp", "gratuitous" },
	[ARP_PROBE] = { "arp", "probe" },
	[DHCP_OPERATION] = { "dhcp", "operation" },
	[WANTS] = { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.silent-device-speaks",
	.title = "A device that is not to be on the network sends",
	.cause = "silent device",
	.sees = "Any ARP, DHCP or first packet of a conversation, sent or answered, of a device that the configuration enters "
		"with network = disabled: for instance a monitor whose update took its network away. With how far it went.",
	.why = "Somebody relies on this device being off the network: it was left in use although it leaked or obeyed "
	       "outsiders there. If it sends, the update is not on it, was undone, or does not do what it promised.",
	.wrong = "The entry may be out of date, its address may have gone to another device (enter the MAC instead), or the "
		 "device is on a work bench. Frames of another kind than named under what it sees are not noticed.",
	.next = { "Go and look whether this is the device that is meant: compare MAC and serial number.", ADVICE_BEDSIDE,
		  "Take its cable out or switch its wireless off at the access point; do not rely on its own menu.",
		  "Have biomedical engineering check which firmware runs on it.", ADVICE_EVIDENCE, NULL },
	.attack = { "T0885", "T1200", NULL },
	.cwe = { "CWE-912", "CWE-923", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
	.references = { "https://www.cisa.gov/news-events/ics-medical-advisories/icsma-25-030-01", NULL },
};

struct facts {
	struct addr own, peer;                   /* peer: the farthest it spoke with; family 0: none */
	uint16_t port;
	bool arp, announced, dhcp, spoke, answered;
	enum scope scope;
};

static struct facts *facts_of(struct run *d, const struct origin *at, struct finding **out)
{
	uint32_t device = at ? detect_sender(d, at) : DEVICE_NONE;
	if (device == DEVICE_NONE || !device_is_disabled(d->devices, device))
		return NULL;
	struct finding *f = detect_finding(d, device, at, "speaks");
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	*out = f;
	return x;
}

/* The farthest counts; the scope is asked for again when it is judged. */
static void spoke(struct run *d, const struct origin *at, bool answers)
{
	struct finding *f;
	struct facts *x = facts_of(d, at, &f);
	if (!x)
		return;
	enum scope s = detect_scope(d, at);
	x->spoke = true;
	x->answered |= answers;
	if (!x->peer.family || s > x->scope) {
		x->own = at->src;
		x->peer = at->dst;
		x->port = answers ? at->sport : at->dport;
		x->scope = s;
	}
}

static void on_contact(struct run *d, const struct record *r)
{
	spoke(d, r->at, false);
}

static void on_answer(struct run *d, const struct record *r)
{
	spoke(d, r->at, true);
}

static void on_arp(struct run *d, const struct record *r)
{
	struct finding *f;
	struct facts *x = facts_of(d, r->at, &f);
	if (!x)
		return;
	x->arp = true;
	x->announced |= record_get_uint(r, (unsigned)d->col[ARP_GRATUITOUS]) ||
			record_get_uint(r, (unsigned)d->col[ARP_PROBE]);
}

static void on_dhcp(struct run *d, const struct record *r)
{
	struct finding *f;
	bool asks = span_is(record_get_text(r, (unsigned)d->col[DHCP_OPERATION]), "request");
	struct facts *x = asks ? facts_of(d, r->at, &f) : NULL;
	if (x)
		x->dhcp = true;
}

static bool reached_somebody(const struct facts *x)
{
	enum addr_class c = addr_class(x->peer);
	return x->spoke && c != ADDR_MULTICAST && c != ADDR_BROADCAST && c != ADDR_NONE;
}

static const char *what_it_did(struct run *d, const struct facts *x)
{
	if (x->answered && reached_somebody(x))
		return detect_text(d, "answered %s on port %u", detect_where(d, x->peer, 0), x->port);
	if (reached_somebody(x))
		return detect_text(d, "called %s", detect_where(d, x->peer, x->port));
	return x->dhcp ? "asked for an address by DHCP" : x->spoke ? "sent to everybody on its segment" : "sent ARP";
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	bool outside = x->peer.family && detect_is_outside(d, x->peer);
	f->withdrawn = !device_is_disabled(d->devices, f->device);
	f->keeps_scope = true;
	f->scope = outside ? SCOPE_OUTSIDE : x->spoke && x->scope < SCOPE_OUTSIDE ? x->scope : SCOPE_SEGMENT;
	f->severity = outside ? SEV_CRITICAL : reached_somebody(x) ? SEV_HIGH : SEV_MEDIUM;
	f->confidence = 0.95;
	if (x->peer.family) {
		record_addr(f->observed, OBS_SOURCE, x->own);
		record_addr(f->observed, OBS_ADDRESS, x->peer);
		record_uint(f->observed, OBS_PORT, x->port);
	}
	if (!mac_is_zero(device_mac(d->devices, f->device)))
		record_mac(f->observed, OBS_MAC, device_mac(d->devices, f->device));
	const struct { bool is; const char *text; } traits[] = {
		{ x->arp, "ARP" }, { x->announced, "announced itself" }, { x->dhcp, "DHCP" }, { x->spoke, "conversation" },
		{ x->answered, "answers" },
	};
	for (size_t i = 0; i < ARRAY_LEN(traits); i++)
		if (traits[i].is)
			detect_list(f, OBS_TRAITS, traits[i].text);
	f->title = detect_text(d, "%s is not to be on the network, and %s%s",
			       detect_who(d, f->device, (struct addr){ 0 }), what_it_did(d, x), detect_whither(f->scope));
}

static const struct on on[] = {
	{ "contact", on_contact }, { "answer", on_answer }, { "arp", on_arp }, { "dhcp", on_dhcp }, { NULL, NULL },
};

const struct detector detector_silent_device = {
	.name = "net.silent-device-speaks", .rule = &rule, .on = on, .wants = wants, .judge = judge,
};
