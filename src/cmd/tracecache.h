/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces of programs that were executed before, by what decides them: the engine, the program's content and name,
 * the libraries it was handed. A trace names what stands in a program, fixed passwords too: entries are sealed with a
 * key of the site's (AES-128-GCM, NIST SP 800-38D), so that they can neither be read nor changed without it. An entry
 * that does not open is as good as none, and is counted. */
#pragma once

#include "base/buf.h"
#include "base/keyring.h"
#include "base/log.h"
#include "base/scope.h"

enum { TRACE_KEY_BYTES = 32, TRACE_BODY_MAX = 64 << 20 };

struct trace_cache;

/* DIR/traces is made when it is not there. engine: what tells this program's engine from another's. NULL after saying
 * why in the log. */
struct trace_cache *trace_cache_open(const char *dir, const uint8_t key[KEY_BYTES], struct span engine,
				     const struct log *log) MUST_CHECK;
void trace_cache_close(struct trace_cache *c);   /* NULL is fine */

/* The digest of auscult and its worker: whatever is built otherwise is another engine. False: they cannot be read. */
bool trace_cache_engine(uint8_t out[32]) MUST_CHECK;

/* Key of a program: its name and content, and its libraries' names and contents in order. */
struct trace_named {
	const char *name;
	struct span content;
};
void trace_cache_key(const struct trace_cache *c, const struct trace_named *files, unsigned n,
		     uint8_t out[TRACE_KEY_BYTES]);

/* Who executes a program holds it, so that processes side by side do not execute it twice. False: another one does;
 * with wait it blocks until that one is done or dead. */
bool trace_cache_hold(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], bool wait) MUST_CHECK;
void trace_cache_release(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES]);

enum trace_cached { TRACE_NONE, TRACE_HIT, TRACE_SPOILT };       /* spoilt: cut, changed, or of another site's key */
/* Appends the entry's body to out. */
enum trace_cached trace_cache_get(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES],
				  struct buf *out) MUST_CHECK;
/* 0 or negative errno: a full disk is no reason to stop. */
int trace_cache_put(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], struct span body) MUST_CHECK;
