/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an outsider must not be able to start without logging in. */
#pragma once

#include "fw/pass/pass.h"

/* A shell or a program is started, a log-in service is opened, a device file, flash or the configuration is
 * written, or accounts are changed. */
bool act_is_privileged(const struct act *a);
/* Whether someone logs in before i: account, password or certificate is asked for. */
bool route_has_login(const struct route *r, int i);
/* Whether i is reached where the program's own state was assumed to be another, in a program that logs people in: that
 * somebody has logged in is kept in such a state. */
bool route_assumes_login(const struct route *r, int i);
bool act_is_unix(const struct act *bind);
/* Whether others than the program's own can reach what is bound there: neither loopback, nor a UNIX socket that is not
 * opened to all. */
bool route_is_reached(const struct route *r, const struct act *bind);
/* The nearest receiving act before i, or the first bind: -1 when the route takes nothing from the network. */
int  route_input(const struct route *r, int i);
/* Whether the function that runs it, or one that it calls, goes through the characters of what it runs. */
bool act_is_examined(struct job *j, const struct act *run);
/* Whether a function that checks a signature on some path is called between these two acts, and returns. */
bool route_calls_check(struct job *j, const struct route *r, int from, int run);
