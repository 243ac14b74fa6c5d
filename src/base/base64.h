/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base 64 (RFC 4648 §4), as it stands in headers: read leniently, bounded by what the caller has room for. */
#pragma once

#include "base/rd.h"

/* Bytes written to out: at most room. What is no digit of the alphabet ends it, as padding does. */
size_t base64_decode(struct span text, uint8_t *out, size_t room);
