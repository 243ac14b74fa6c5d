/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables whose lines hold commands: cron, systemd units, inittab, inetd.conf, rules of udev and mdev. */
#pragma once

#include "fw/pass/pass.h"

/* The command of one line; empty: it has none. */
struct span table_command(const struct scene_file *f, struct span line);
/* Whether a file is such a table. */
bool        table_is(enum scene_kind kind);
/* inetd.conf: the field at that place, from 0. */
struct span table_field(struct span line, unsigned field);
