/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shell text (POSIX.1 XCU 2, and what ash and bash add) as a list of the commands it may run, both sides of
 * every condition, with the values of variables put in where the text gives them. Nothing is run. */
#pragma once

#include "base/mem.h"
#include "base/scope.h"

enum { SHELL_COMMANDS = 16384, SHELL_WORDS = 256, SHELL_DEPTH = 8, SHELL_TEXT = 1 << 20,
       SHELL_EXPORTS = 64 };

enum shell_redirect_kind { SHELL_READ, SHELL_WRITE, SHELL_APPEND, SHELL_HERE, SHELL_DUP };

struct shell_redirect {
	enum shell_redirect_kind kind;
	unsigned fd;
	struct span to;                          /* a file; SHELL_HERE: the text itself */
};

struct shell_word {
	struct span text;                        /* what is not known stands in braces: {$NAME}, {$(command)} */
	bool open;                               /* a part is not known */
	bool replaceable;                        /* a default that something read at run time may replace */
};

struct shell_command {
	struct shell_word *words;                /* [0]: the program; assignments before it are left out */
	unsigned nwords;
	struct shell_redirect *redirects;
	unsigned nredirects;
	struct span text;                        /* the words, a blank between */
	unsigned line;                           /* from 1 */
	uint64_t offset;
	struct span function;                    /* empty: the script itself */
	struct span capture;                     /* stands in $(…): its text, as it stands in {$(…)}; else empty */
	/* under a condition; reads what the one before it writes; is read by the next */
	bool conditional, piped, streams;
};

struct shell_variable {
	struct span name;
	struct shell_word value;
	unsigned line, set;                      /* the how-manieth assignment */
	bool exported;                           /* programs that the script starts see it */
};

struct shell_script {
	struct shell_command *v;
	unsigned n;
	struct shell_variable *exported;         /* at the end, and what stands before single commands */
	unsigned nexported;
	bool cut;                                /* a limit was reached, or the text ended inside a quote */
};

/* What a script may ask of the image it lies in. */
struct shell_world {
	bool (*file)(const void *ctx, struct span path, struct span *content);
	bool (*key)(const void *ctx, struct span key, struct span *value);     /* of nvram and the like */
	/* Absolute paths that a pattern names, by name; returns how many. May be NULL. */
	unsigned (*match)(const void *ctx, struct span pattern, struct arena *a, struct span *out, unsigned most);
	const void *ctx;
};

/* The same with a world: files that are sourced, $(cat FILE), read X <FILE and $(nvram get KEY) have values, which
 * configuration may replace. */
void shell_read_in(struct span text, const struct shell_world *world, struct arena *a, struct shell_script *out);
/* Everything lies in the arena or in text. */
void shell_read(struct span text, struct arena *a, struct shell_script *out);
/* The same with $0, $1 … of a command line `sh FILE args`. */
void shell_read_args(struct span text, const struct span *args, unsigned nargs, struct arena *a,
		     struct shell_script *out);
