/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which software of others lies in a file, and in which version: by words that its makers compiled in, never by the
 * file's name. The rules stand in components.def, a line each. */
#pragma once

#include "base/rd.h"
#include "base/scope.h"

/* A pattern is text with: %v a version (a digit, then letters, digits and "._+~-"), %n a version of digits, dots and
 * one letter behind, %d digits, %* up to 80 printable bytes, %^ the start and %$ the end of a text (a byte that
 * cannot be printed stands there), %% a per cent sign. The first %v or %n is the version; there may be none. */
struct component_rule {
	const char *name, *type;                 /* type: a component type of CycloneDX */
	const char *vendor, *product;            /* as CPE names them; NULL: not known */
	const char *pattern;
	const char *with;                        /* stands somewhere in the same file too; "soname:X": the name the library
						    gives itself starts so; NULL: nothing more is asked */
};

struct component_hit {
	const struct component_rule *rule;
	uint64_t offset;                         /* of the words in the file */
	struct span words, version;              /* version may be empty */
};

enum { COMPONENT_HITS = 256 };

struct component_index;
struct component_index *component_index_new(void) MUST_CHECK;
void component_index_free(struct component_index *x);
/* Each component and version once, where it stands first; up to COMPONENT_HITS, returns how many. Text files hold
 * no component: what they say is about others. */
unsigned component_find(const struct component_index *x, struct span content, struct component_hit out[COMPONENT_HITS]);

extern const struct component_rule component_rules[];
extern const unsigned component_nrules;
