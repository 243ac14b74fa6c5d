/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARP and RARP share one packet format and one record; they differ in Ethernet type only. */
#pragma once

#include "decode/decoder.h"

extern const struct record_type arp_type;

bool arp_decode(const struct message *m, void *state, struct emit *e);
