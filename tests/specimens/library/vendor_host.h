/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libvendor_host gives. */
#pragma once

#include "../c/specimen.h"

void vendor_host(char out[16]);
unsigned short vendor_port(void);
int vendor_setting(char *out, unsigned size);
