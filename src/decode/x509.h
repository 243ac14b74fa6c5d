/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a certificate says of its holder and issuer (X.509, RFC 5280), for those who show it. Nothing is verified.
 * Read by our own bounded reader: no library is handed what strangers send. All spans lie in the bytes given. */
#pragma once

#include "base/rd.h"

enum { X509_NAMES = 16, X509_EMAILS = 4 };

struct x509_name {
	struct span whole, common, organisation;
};

struct x509 {
	struct x509_name issuer, subject;
	struct span serial;
	struct span names[X509_NAMES];           /* DNS names it is for */
	struct span emails[X509_EMAILS];         /* of people */
	unsigned nnames, nemails, addresses;
	uint64_t from, until;                    /* ns since 1970; 0: not stated, or outside of 1970 to 2550 */
	bool ca, self_signed;
};

bool x509_read(struct span der, struct x509 *out);
