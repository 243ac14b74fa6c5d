/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address Resolution Protocol (RFC 826), probes and announcements (RFC 5227). The bytes begin at the
 * ARP header; what follows the target address is Ethernet padding. */
#include "decode/arp.h"

#include "base/scope.h"

enum { ETHERTYPE_ARP = 0x0806, ETHERTYPE_IPV4 = 0x0800, ARP_REQUEST = 1, MAC_BYTES = 6, IPV4_BYTES = 4 };

enum { OPERATION, SENDER_MAC, SENDER_ADDR, TARGET_MAC, TARGET_ADDR, GRATUITOUS, PROBE, FIELDS };

static const struct field fields[FIELDS] = {
	[OPERATION] = { "operation", F_TEXT, "request, reply, the same behind rarp_ or inarp_, or other" },
	[SENDER_MAC] = { "sender_mac", F_MAC, "MAC that the sender claims (may differ from the frame's source)" },
	[SENDER_ADDR] = { "sender_addr", F_ADDR, "address that the sender claims; 0.0.0.0 in a probe" },
	[TARGET_MAC] = { "target_mac", F_MAC, "MAC asked for or answered; zero in most requests" },
	[TARGET_ADDR] = { "target_addr", F_ADDR, "address asked for" },
	[GRATUITOUS] = { "gratuitous", F_BOOL, "announces the sender's own address (sender and target address are one)" },
	[PROBE] = { "probe", F_BOOL, "asks whether an address is free before taking it (RFC 5227)" },
};
RECORD_TYPE(arp_type, "arp", "An ARP or RARP packet for IPv4", fields);

static const char *operation_name(uint16_t operation)
{
	static const char *const names[] = {
		[1] = "request", [2] = "reply", [3] = "rarp_request", [4] = "rarp_reply", [8] = "inarp_request", [9] = "inarp_reply",
	};
	const char *name = operation < ARRAY_LEN(names) ? names[operation] : NULL;
	return name ? name : "other";
}

bool arp_decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	rd_skip(&r, 2);                          /* hardware: Ethernet, 802, FireWire …; the address length decides */
	uint16_t protocol = rd_be16(&r);
	uint8_t mac_bytes = rd_u8(&r), addr_bytes = rd_u8(&r);
	uint16_t operation = rd_be16(&r);
	if (!rd_ok(&r))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &arp_type);
	record_str(&out, OPERATION, operation_name(operation));
	if (protocol != ETHERTYPE_IPV4 || mac_bytes != MAC_BYTES || addr_bytes != IPV4_BYTES) {
		rd_skip(&r, 2u * (mac_bytes + addr_bytes));
		if (rd_ok(&r))
			emit_record(e, &out);
		return rd_ok(&r);
	}
	struct mac sender_mac = mac_from(rd_span(&r, MAC_BYTES));
	uint32_t sender = rd_be32(&r);
	struct mac target_mac = mac_from(rd_span(&r, MAC_BYTES));
	uint32_t target = rd_be32(&r);
	if (!rd_ok(&r))
		return false;
	record_mac(&out, SENDER_MAC, sender_mac);
	record_addr(&out, SENDER_ADDR, addr_v4(sender));
	record_mac(&out, TARGET_MAC, target_mac);
	record_addr(&out, TARGET_ADDR, addr_v4(target));
	record_bool(&out, GRATUITOUS, sender && sender == target);
	record_bool(&out, PROBE, !sender && target && operation == ARP_REQUEST);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &arp_type, NULL };

const struct decoder decoder_arp = {
	.name = "arp", .doc = "Address Resolution Protocol (RFC 826, RFC 5227)",
	.over = OVER_LINK, .ethertype = ETHERTYPE_ARP, .decode = arp_decode, .types = types,
};
