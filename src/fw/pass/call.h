/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of the trace, an fwcall record, as what it does is read from it. */
#pragma once

#include "fw/pass/act.h"

const struct record *call_arg(const struct record *call, uint32_t i);    /* NULL: it has no more */
/* By the first of these names (NULL-terminated) that an argument has. */
const struct record *call_arg_named(const struct record *call, const char *const *names);
const struct record *call_arg_text(const struct record *call, unsigned n);       /* the n-th that holds text */
/* Text of the argument with one of these names; the first text when none has. */
struct span call_text(const struct record *call, const char *const *names);
struct span call_text_named(const struct record *call, const char *name);        /* empty: none has that name */
bool call_has_number(const struct record *call, int64_t value, const char *text);        /* this number, or its name */

/* Of one argument; it may be NULL. */
struct span arg_text(const struct record *arg);
struct span arg_source(const struct record *arg);
enum setting arg_setting(const struct record *arg);

struct span call_say(struct acts *out, const struct record *call);       /* as people read it */
struct act *call_act(struct acts *out, const struct record *call, enum act_kind kind);
void call_take_address(struct act *a, const struct record *call);

/* ---- call_net.c ---- */
void call_network(struct acts *out, const struct record *call);
void call_mount(struct acts *out, const struct record *call);
void call_fstab(struct acts *out, const struct record *call, struct span line);   /* of fstab(5), which is written */
