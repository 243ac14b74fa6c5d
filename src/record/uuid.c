/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UUIDs of version 5: SHA-1 of a name space and a name. */
#include "record/uuid.h"

#include <openssl/evp.h>
#include <stdio.h>

const uint8_t uuid_stix[16] = {
	0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c, 0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7,
};
/* Version 5 of "auscult" in the URL name space of RFC 9562. */
const uint8_t uuid_auscult[16] = {
	0x2e, 0x23, 0x2c, 0x08, 0x79, 0xe3, 0x54, 0xae, 0x99, 0x78, 0x4e, 0xcb, 0x4f, 0x80, 0x7e, 0xcf,
};

const char *uuid_named(const uint8_t space[16], struct span name, char out[UUID_TEXT])
{
	uint8_t h[EVP_MAX_MD_SIZE] = { 0 };
	struct buf b = { 0 };
	buf_bytes(&b, span_of(space, 16));
	buf_bytes(&b, name);
	EVP_Digest(b.p, b.n, h, NULL, EVP_sha1(), NULL);
	buf_done(&b);
	h[6] = (uint8_t)((h[6] & 0x0f) | 0x50);
	h[8] = (uint8_t)((h[8] & 0x3f) | 0x80);
	size_t at = 0;
	for (int i = 0; i < 16; i++)
		at += (size_t)snprintf(out + at, UUID_TEXT - at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", h[i]);
	return out;
}
