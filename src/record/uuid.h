/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that everybody makes alike: UUIDs of version 5, RFC 9562 section 5.5. */
#pragma once

#include "base/buf.h"

enum { UUID_TEXT = 37 };

/* Of SCOs of STIX 2.1 (section 2.9); of everything else here. */
extern const uint8_t uuid_stix[16], uuid_auscult[16];

const char *uuid_named(const uint8_t space[16], struct span name, char out[UUID_TEXT]);     /* returns out */
