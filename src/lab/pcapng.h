/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing pcapng (draft-ietf-opsawg-pcapng): blocks are appended to a buffer that the caller drains.
 * Little endian, nanoseconds. Comments may be NULL. */
#pragma once

#include "base/buf.h"

enum { PCAPNG_ETHERNET = 1 };

void pcapng_section(struct buf *b, const char *application, const char *comment);
void pcapng_interface(struct buf *b, uint16_t link, const char *name);   /* no snap length; numbered from 0 */
/* `bytes` is what is kept of a packet that was wire_len long. */
void pcapng_packet(struct buf *b, uint32_t interface, uint64_t time_ns, struct span bytes, uint32_t wire_len,
		   const char *comment);
