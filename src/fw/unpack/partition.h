/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Partitions that stand in no table on the flash itself: device trees and kernels' command lines name them. */
#pragma once

#include "fw/unpack/unpack.h"

/* Its number, or -1: there are too many. */
int  partition_table(struct members *m, const struct partition_table *t) MUST_CHECK;
void partition_add(struct members *m, const struct partition *p);
void device_tree_add(struct members *m, const struct device_tree *t);

/* mtdparts= and blkdevparts= anywhere in a content. */
void partition_scan(struct members *m, uint32_t member, struct span content);
/* When everything was opened: which table tells of which member, and a container with one member for each partition in
 * which nothing was found. */
void partition_apply(struct members *m);
