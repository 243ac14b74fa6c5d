/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What executing one program gave: calls of interest in path order, the paths they stand on, and a
 * summary. Passes are written against these records; they cross from the worker as record/wire.h.
 *
 * How to read a path: its own calls are those with its number, by `order`; before them come those of
 * its parent with order <= `forked`, and so on up. A call that is met again with the same values is
 * written again (a few times), so that a chain is whole on the path where it stands. */
#pragma once

#include "record/registry.h"

/* Where bytes of an argument came from; the worst part names the whole argument. */
enum trace_origin {
	ORIGIN_UNKNOWN,                          /* memory nobody wrote, a pointer that leads nowhere */
	ORIGIN_CONSTANT,                         /* stands in the program file: `offset` */
	ORIGIN_BUILT,                            /* put together by code or by a library call from constants */
	ORIGIN_DECODED,                          /* written by a loop and nowhere in the file as it stands */
	ORIGIN_OUTSIDE,                          /* from `source`: recv, getenv:NAME, file:/etc/x, argv … */
	ORIGIN_COUNT_
};
const char *origin_name(enum trace_origin o);    /* "unknown", "constant", "built", "decoded", "outside" */

/* What a callee is for; the class of a row of libc.def. */
enum trace_class {
	CALL_RUN,                                /* system, popen, exec*, posix_spawn */
	CALL_NETWORK,                            /* socket, bind, listen, accept, connect, setsockopt */
	CALL_SEND, CALL_RECEIVE,
	CALL_RESOLVE,                            /* gethostbyname, getaddrinfo, inet_addr … */
	CALL_MOUNT,                              /* mount, umount */
	CALL_FILE,                               /* open, fopen, unlink, rename, chmod, symlink … */
	CALL_WRITE,                              /* write, fprintf, fputs … to a file or a device */
	CALL_INTERFACE,                          /* ioctl on a socket: SIOCSIFFLAGS, SIOCADDRT … */
	CALL_COMPARE,                            /* outside bytes meet a constant */
	CALL_LOGIN,                              /* crypt, getspnam, pam_authenticate, setuid … */
	CALL_PROCESS,                            /* fork, thread, signal handler, daemon, kill, reboot */
	CALL_CONFIG,                             /* getenv, nvram_get, uci … */
	CALL_CHECK,                              /* a signature, hash or certificate is looked at */
	CALL_QUIET,                              /* modelled, never recorded */
	CALL_COUNT_
};
const char *call_class_name(enum trace_class c);

enum {                                           /* fwpart: a stretch of an argument with one origin */
	PART_TEXT, PART_ORIGIN, PART_OFFSET, PART_SOURCE, PART_COUNT_
};
enum {                                           /* fwarg */
	ARG_NAME, ARG_TEXT, ARG_NUMBER, ARG_ADDRESS, ARG_PORT, ARG_HOST, ARG_FAMILY,
	ARG_ORIGIN, ARG_OFFSET, ARG_SOURCE, ARG_PARTS, ARG_LIST, ARG_COUNT_
};
enum {                                           /* fwcall */
	FWC_PROGRAM, FWC_FUNCTION, FWC_ENTRY, FWC_SITE, FWC_MODULE, FWC_CALLEE, FWC_CLASS, FWC_PATH, FWC_ORDER, FWC_ARGS,
	FWC_CONDITIONS, FWC_CHAIN, FWC_RESULT, FWC_CODE, FWC_REPEAT, FWC_COUNT_
};
enum {                                           /* fwpath: written before the first call on it */
	FWP_PROGRAM, FWP_PATH, FWP_PARENT, FWP_FORKED, FWP_ROOT, FWP_SITE, FWP_CONDITION, FWP_COUNT_
};
enum {                                           /* fwtrace: the last record of a program */
	FWT_PROGRAM, FWT_CPU, FWT_LINKED, FWT_FUNCTIONS, FWT_FUNCTIONS_REACHED, FWT_BLOCKS, FWT_BLOCKS_REACHED,
	FWT_INSTRUCTIONS, FWT_PATHS, FWT_CALLS, FWT_STOPPED, FWT_UNKNOWN, FWT_NOTES, FWT_COUNT_
};

enum {                                           /* fwfunction: before the program is executed */
	FWN_PROGRAM, FWN_FUNCTION, FWN_NAMED, FWN_ENTRY, FWN_INSTRUCTIONS, FWN_DIGEST, FWN_COUNT_
};

extern const struct record_type fwpart_type, fwarg_type, fwcall_type, fwpath_type, fwtrace_type, fwfunction_type;
extern const struct record_type *const trace_types[];     /* NULL-terminated; nested ones follow by registry_add */

/* A descriptor: its number and, as text, what it is ("socket inet stream"): words of ours, not the program's. */
static inline bool arg_is_handle(const struct record *arg)
{
	return record_has(arg, ARG_NUMBER) && record_has(arg, ARG_TEXT);
}

/* The types both ends of the worker's pipe know, in one order. */
void trace_registry(struct registry *g);
