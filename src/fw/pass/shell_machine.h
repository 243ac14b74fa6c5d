/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the shell's reader share: tokens (shell_token.c), variables (shell_state.c), values of words
 * (shell_expand.c), what filters and sums make of values (shell_filter.c, shell_number.c), commands and loops
 * (shell_simple.c, shell_loop.c), and the walk through them (shell.c). Nobody else. */
#pragma once

#include "base/buf.h"
#include "fw/pass/shell.h"

enum { TOKENS = 1 << 16, VARIABLES = 256, FUNCTIONS = 128, LOOP_TURNS = 8, PARAMETERS = 16, FIELD = 4096, NESTING = 4,
       STEPS = 1 << 18, AHEAD = 16, CAPTURE = 80, SOURCED_MOST = 4 << 20 };

enum token_kind { TOKEN_WORD, TOKEN_OP, TOKEN_LINE };

struct piece {                                   /* a token */
	enum token_kind kind;
	struct span raw;                         /* with its quotes */
	struct span here;                        /* << : the text */
	bool here_quoted, first;                 /* first: where a command or a reserved word may stand */
	unsigned line, fd;
	uint64_t offset;
};

struct function {
	struct span name;
	unsigned from, to;
};

struct shell {
	void (*walk)(struct shell *s, unsigned from, unsigned to);      /* tokens, as commands: shell.c */
	struct span text;
	struct rd in;
	unsigned line;
	struct arena *arena;
	struct shell_script *out;
	unsigned room;
	struct piece *v;
	unsigned n, troom;
	unsigned pending[8], npending;           /* here-documents whose text follows the line */
	struct shell_variable vars[VARIABLES];
	unsigned nvars, serial;
	size_t taken;                            /* bytes of other texts that were read */
	struct function functions[FUNCTIONS];
	unsigned nfunctions;
	struct shell_word params[PARAMETERS];    /* $0 … */
	unsigned nparams;
	unsigned depth, nesting, conditions;
	struct span function, capture;
	const struct shell_world *world;
	unsigned own;                            /* tokens of the script itself; behind them those of files it sources */
	struct piece place;                      /* the last of its own that was walked */
	bool muted;                              /* a sourced file: what it sets counts, what it does is told there */
	unsigned steps;
	bool alternative;                        /* behind && or || */
	bool piped;
};

struct field {
	struct buf text;
	struct shell_word word;
	bool any;                                /* a quoted empty text is a word too */
};

struct fields {
	struct shell *s;
	struct field now;
	struct shell_word *out;
	unsigned n, max;
	bool split;                              /* unquoted blanks of values part words */
};

/* shell_token.c */
void shell_tokens(struct shell *s);                     /* of s->in, behind those that are there */
struct piece *shell_token_new(struct shell *s, enum token_kind kind, size_t from);   /* NULL: too many */
void shell_skip_to(struct rd *in, uint8_t close, unsigned depth);
struct span shell_between(struct span text, size_t from, size_t to);
bool shell_is_blank(uint8_t c);
bool shell_is_name_byte(uint8_t c, bool first);
bool token_word_is(const struct piece *t, const char *text);
bool token_op_is(const struct piece *t, const char *text);
bool token_opens(const struct piece *t);                /* a reserved word behind which a command begins */
bool token_is_redirect(const struct piece *t);

/* shell_state.c */
struct shell_variable *shell_variable_find(struct shell *s, struct span name);
void shell_variable_set(struct shell *s, struct span name, struct shell_word value);
/* Text inside text, $(...). Its commands come before the one that uses their output. */
void shell_run_text(struct shell *s, struct span text, unsigned line);

/* shell_expand.c */
struct shell_word shell_expand_one(struct shell *s, struct span raw);
void shell_expand_into(struct fields *f, struct span raw, bool quoted);
void shell_field_end(struct fields *f);

/* shell_number.c: $((text)); false: it has no value here. */
bool shell_number(struct shell *s, struct span text, struct shell_word *out) MUST_CHECK;

/* shell_filter.c: what a pipeline prints; false: not known. */
bool shell_output(struct shell *s, const struct shell_command *v, unsigned n, struct shell_word *out) MUST_CHECK;

/* shell_simple.c: from a command's first token to the operator that ends it. */
unsigned shell_simple(struct shell *s, unsigned i, unsigned to);
void shell_export_add(struct shell *s, const struct shell_variable *v);
/* How many commands the pipeline has that ends with the last one. */
unsigned shell_pipeline_length(const struct shell *s);

/* shell_loop.c: i stands behind "for", "while"; returns where it goes on. 0: another loop, or one that reads what is
 * not known. */
unsigned shell_loop_over(struct shell *s, unsigned i, unsigned to);
unsigned shell_loop_reading(struct shell *s, unsigned i, unsigned to);
/* The token with `close` that ends what begins before i; `to` when there is none. */
unsigned shell_matching(struct shell *s, unsigned i, unsigned to, const char *open, const char *close);
