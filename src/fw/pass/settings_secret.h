/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords that stand in files of settings: shell and INI lines, uci, "key value", JSON, XML with elements or
 * attributes. What only asks for one, names a file of them, or is a placeholder is none. */
#pragma once

#include "fw/pass/pass.h"

struct settings_secret {
	struct span key, value, user;            /* user: the account named shortly before; may be empty */
	unsigned line;
	bool digest;                             /* the value is a hash */
};

enum secrets_form { SECRETS_PAIRS, SECRETS_COLUMNS, SECRETS_COLONS };

struct settings_secrets {                        /* a file that is being read */
	struct rd in, here;                      /* what is left of it; and of its line, of JSON or XML */
	struct span name, user;                  /* the string before; the account that was named last */
	unsigned line, user_line;
	enum secrets_form form;
	bool wireless, comment;                  /* comment: inside one of several lines */
};

/* Whether the file is one of settings, and not one in which "password" is a word of something else. */
bool settings_secrets_in(const struct scene_file *f);
void settings_secrets_begin(struct settings_secrets *s, const struct scene_file *f);
bool settings_secrets_next(struct settings_secrets *s, struct settings_secret *out) MUST_CHECK;

/* A name that stands for a password: of a setting, of a column. */
bool secret_is_named(struct span name);
/* Digits of a digest, or a scheme of crypt(5). */
bool secret_is_digest(struct span value);
/* Too short, a switch, a reference to something else, or the place where a person shall put one. */
bool secret_is_none(struct span value);
