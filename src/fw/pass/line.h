/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command of a shell text that is being read: its words as the program in front of them takes them. */
#pragma once

#include "fw/pass/act.h"

#define STREAM SPAN_LIT("-")                     /* what flows through a pipe */

struct line;

struct tool {                                    /* a row of tools.def */
	const char *name;
	void (*read)(struct line *l);
	const char *valued;                      /* letters of options that take a value */
	const char *word;                        /* what `read` needs to know: protocol and the like */
};

struct line {
	struct acts *out;
	const struct shell_command *c;
	const struct record *call;
	const struct tool *tool;                 /* NULL: it is not listed */
	const struct shell_word *w;              /* its words, without what only wraps it */
	unsigned n, depth;
	struct span text;
	size_t first;                            /* its first act */
};

struct act *line_act(struct line *l, enum act_kind kind);
/* An act whose other end is `where`; ACT_OTHER when that is no place. */
struct act *line_act_to(struct line *l, enum act_kind kind, const char *transport, const char *protocol,
			struct span where);
void line_execute(struct line *l, struct span path);             /* nothing, where path is empty */
void line_credential(struct line *l, struct span user, struct span secret);
void line_account(struct line *l, struct span pair, uint8_t mark);       /* user, mark, secret */
bool line_destination(const struct line *l, struct act *a, struct span s);
/* scheme://user:secret@host:port/path; without a scheme the one given. The list of acts may move. */
bool line_url(struct line *l, struct act *a, struct span u, const char *scheme);

bool is_option(struct span w);
unsigned line_operand_at(const struct line *l, unsigned k);      /* index of the k-th operand; 0: there is none */
struct span line_operand(const struct line *l, unsigned k);
struct span line_operand_last(const struct line *l);
bool line_has(const struct line *l, const char *letters);         /* any of them, as -a or in -abc */
bool line_has_word(const struct line *l, const char *word);
/* Value of -x VALUE, -xVALUE, --name VALUE or --name=VALUE. */
struct span line_option(const struct line *l, char letter, const char *name);
struct span line_redirected(const struct line *l);               /* where its output goes; empty: nowhere */

size_t text_find(struct span s, const char *part);               /* SIZE_MAX: it is not there */
bool text_port(struct span s, uint16_t *out);
bool text_is_captured(struct span text);         /* what a command in $(...) printed stands in it */
bool path_is_shell(struct span path);
