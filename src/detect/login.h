/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logins of any protocol whose decoder marks credentials as SECRET: fields are known by the shared names `user`,
 * `password`, `community`, `authorization`, outcomes by `accepted` and `no_password`; never by protocol. */
#pragma once

#include "detect/detector.h"

enum login_outcome { LOGIN_UNKNOWN, LOGIN_REFUSED, LOGIN_ACCEPTED };

struct login {                                   /* what one conversation has shown; the latest attempt */
	uint64_t flow;                           /* 0: free */
	const char *protocol;
	struct origin at;                        /* of the credentials */
	struct token user, password, pair, community;   /* len 0: not told */
	bool empty, anonymous;                   /* nothing was typed as password; a user name that is anybody's */
	bool tried;                              /* credentials are complete */
	unsigned attempts;
	enum login_outcome outcome;
	uint32_t note;                           /* the caller's own; 0 after each new attempt */
};

enum { LOGINS = 256, LOGIN_PLANS = 64 };

struct login_plan {                              /* where a kind of record keeps what is asked for; -1: nowhere */
	const struct record_type *type;
	uint64_t secrets;
	int user, password, community, pair, empty, open, anonymous, accepted;
};

struct login_book {                              /* part of a detector's state; zeroed at start */
	struct login_plan plans[LOGIN_PLANS];
	unsigned nplans;
	struct login rows[LOGINS];               /* flow % LOGINS, the latest keeps it */
};

enum login_event { LOGIN_NOTHING, LOGIN_TRIED, LOGIN_JUDGED };

/* A record of a kind that has SECRET fields. *out is the conversation's row when something is said of a login. */
enum login_event login_saw(struct login_book *b, const struct record *r, struct login **out);
/* People or files go in by it: telnet, FTP, remote desktops, web pages … not what machines ask each other. */
bool login_is_interactive(const char *protocol);
/* "let in", "refused", "outcome not seen" */
const char *login_outcome_name(enum login_outcome o);
