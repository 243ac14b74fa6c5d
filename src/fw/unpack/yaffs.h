/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAFFS keeps what a page is in the spare bytes behind it: who strips those must know where a YAFFS lies. */
#pragma once

#include "fw/unpack/unpack.h"

/* True when an object's header stands at the start of s and the spare bytes of its pages, `spare` behind each `page`,
 * say what they are. *length: how much of s is this file system. */
bool yaffs_lies_at(struct span s, uint32_t page, uint32_t spare, uint64_t *length) MUST_CHECK;
