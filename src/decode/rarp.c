/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reverse ARP (RFC 903): the packet of ARP under another Ethernet type; gives arp records. */
#include "decode/arp.h"

enum { ETHERTYPE_RARP = 0x8035 };

static const struct record_type *const types[] = { NULL };

const struct decoder decoder_rarp = {
	.name = "rarp", .doc = "Reverse ARP (RFC 903); gives arp records",
	.over = OVER_LINK, .ethertype = ETHERTYPE_RARP, .decode = arp_decode, .types = types,
};
