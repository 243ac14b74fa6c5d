/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the models of libc.def share, and their declarations. A model reads its arguments with arg(), works on
 * guest memory, and returns what the caller gets. */
#pragma once

#include "fw/flow/machine.h"

/* Which arguments of a printf are what; see libc.def. */
enum { NONE = 15 };
#define FMT(buffer, size, format, list) ((buffer) | (size) << 4 | (format) << 8 | (list) << 12)

#define LATER(function, given) ((function) | (given) << 4)

/* Members of std::string: their names begin with these; size_t is j or m in them. */
#define STD_S "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE"
#define STD_K "_ZNKSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE"
/* What a member is given: a text, bytes and how many, another string, a character, begin and end, how many of which. */
enum { CXX_NOTHING, CXX_TEXT, CXX_BYTES, CXX_STRING, CXX_CHARACTER, CXX_RANGE, CXX_MANY };

#define LIBC(fn, class, sig, param, names) uint64_t model_##fn(struct machine *m, const struct model *self);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "fw/flow/libc.def"
#pragma GCC diagnostic pop
#undef LIBC

/* Text under construction, with its shades. */
struct made {
	uint8_t text[GUEST_TEXT], shade[GUEST_TEXT];
	size_t n;
	uint64_t wanted;                         /* as long as it would have been */
};
void made_byte(struct made *t, uint8_t c, uint8_t shade);
void made_guest(struct machine *m, struct made *t, uint64_t addr, uint64_t max);       /* a guest text, shades kept */
void made_put(struct machine *m, const struct made *t, uint64_t to, uint64_t size);    /* with NUL, as snprintf */
void format(struct machine *m, struct made *t, uint64_t fmt, struct va *v);

/* What is said to whoever sits there is of no interest, but for a question that a password answers: m->made. */
void say(struct machine *m, struct span text);

/* ---- fds.c ---- */
enum { READS = 3 };                              /* that give something, before the end */
int  fd_new(struct machine *m, enum fd_kind kind, const char *text);   /* -1: none left */
bool fd_is(const struct machine *m, uint64_t fd);
uint8_t fd_source(struct machine *m, uint64_t fd, const char *how);    /* shade of what is read from it */
bool fd_more(struct machine *m, uint64_t fd);    /* another read gives something: some times, then the end */
uint64_t fd_of_file(const struct machine *m, uint64_t file);
/* as the row of this name; list: its arguments */
uint64_t call_as(struct machine *m, const char *name, uint64_t list);
const char *socket_call(uint64_t nr);            /* what socketcall() of that number is; NULL: nothing */

/* ---- written.c ---- */
/* The program writes this to a descriptor: kept, in case it is run. */
void fd_wrote(struct machine *m, uint64_t fd, uint64_t from, uint64_t n);
