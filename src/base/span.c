/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Borrowed bytes: what is not worth being inlined. */
#include "base/rd.h"

int span_order(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}
