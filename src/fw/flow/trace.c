/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Field tables of the trace. */
#include "fw/flow/trace.h"

static const char *const origins[ORIGIN_COUNT_] = {
	[ORIGIN_UNKNOWN] = "unknown", [ORIGIN_CONSTANT] = "constant", [ORIGIN_BUILT] = "built",
	[ORIGIN_DECODED] = "decoded", [ORIGIN_OUTSIDE] = "outside",
};

static const char *const classes[CALL_COUNT_] = {
	[CALL_RUN] = "run", [CALL_NETWORK] = "network", [CALL_SEND] = "send", [CALL_RECEIVE] = "receive",
	[CALL_RESOLVE] = "resolve", [CALL_MOUNT] = "mount", [CALL_FILE] = "file", [CALL_WRITE] = "write",
	[CALL_INTERFACE] = "interface", [CALL_COMPARE] = "compare", [CALL_LOGIN] = "login",
	[CALL_PROCESS] = "process", [CALL_CONFIG] = "config", [CALL_CHECK] = "check", [CALL_QUIET] = "quiet",
};

const char *origin_name(enum trace_origin o)
{
	return origins[o];
}

const char *call_class_name(enum trace_class c)
{
	return classes[c];
}

static const struct field part_fields[PART_COUNT_] = {
	[PART_TEXT] = { "text", F_TEXT, "the bytes; outside ones as {source}" },
	[PART_ORIGIN] = { "origin", F_TEXT, "constant, built, decoded, outside, unknown" },
	[PART_OFFSET] = { "offset", F_UINT, "where they stand in the program file", "By" },
	[PART_SOURCE] = { "source", F_TEXT, "which outside source" },
};
RECORD_TYPE(fwpart_type, "fwpart", "A stretch of an argument with one origin", part_fields);

static const struct field arg_fields[ARG_COUNT_] = {
	[ARG_NAME] = { "name", F_TEXT, "what the argument is: command, to, path …" },
	[ARG_TEXT] = { "text", F_TEXT, "text as it stood in memory; outside parts as {source}" },
	[ARG_NUMBER] = { "number", F_INT, "value of a number" },
	[ARG_ADDRESS] = { "address", F_ADDR, "IP address of a sockaddr whose family is known, or that a text spells" },
	[ARG_PORT] = { "port", F_UINT, "port of a sockaddr" },
	[ARG_HOST] = { "host", F_TEXT, "name that was resolved to the address" },
	[ARG_FAMILY] = { "family", F_TEXT, "inet, inet6, unix, or a number" },
	[ARG_ORIGIN] = { "origin", F_TEXT, "constant, built, decoded, outside, unknown: of the worst part" },
	[ARG_OFFSET] = { "offset", F_UINT, "where a constant stands in the program file", "By" },
	[ARG_SOURCE] = { "source", F_TEXT, "outside source that reached it" },
	[ARG_PARTS] = { "parts", F_RECORDS, "stretches with different origins, in order", .nested = &fwpart_type },
	[ARG_LIST] = { "list", F_TEXTS, "members of an argument vector" },
};
RECORD_TYPE(fwarg_type, "fwarg", "An argument as it stood when the call was made", arg_fields);

static const struct field call_fields[FWC_COUNT_] = {
	[FWC_PROGRAM] = { "program", F_TEXT, "name of the program" },
	[FWC_FUNCTION] = { "function", F_TEXT, "function that calls: its symbol, or sub_ADDRESS" },
	[FWC_ENTRY] = { "entry", F_UINT, "address of that function" },
	[FWC_SITE] = { "site", F_UINT, "address of the call, as the file is linked" },
	[FWC_MODULE] = { "module", F_TEXT, "library that holds the function, when it is not the program" },
	[FWC_CALLEE] = { "callee", F_TEXT, "function or system call that is called" },
	[FWC_CLASS] = { "class", F_TEXT, "run, network, send, mount …" },
	[FWC_PATH] = { "path", F_UINT, "number of the path" },
	[FWC_ORDER] = { "order", F_UINT, "place on the path" },
	[FWC_ARGS] = { "args", F_RECORDS, "resolved arguments", .nested = &fwarg_type },
	[FWC_CONDITIONS] = { "conditions", F_TEXTS, "branches that were assumed to get here, the latest last" },
	[FWC_CHAIN] = { "chain", F_TEXTS, "functions from the root to the caller" },
	[FWC_RESULT] = { "result", F_INT, "value the model returned" },
	[FWC_CODE] = { "code", F_TEXTS, "disassembly up to the call" },
	[FWC_REPEAT] = { "repeat", F_UINT, "how often this call with these values was written before" },
};
const struct record_type fwcall_type = {
	.name = "fwcall", .doc = "A call of interest met while a program was executed",
	.fields = call_fields, .nfields = FWC_COUNT_, .working = true,
};

static const struct field path_fields[FWP_COUNT_] = {
	[FWP_PROGRAM] = { "program", F_TEXT, "name of the program" },
	[FWP_PATH] = { "path", F_UINT, "number of the path, from 1" },
	[FWP_PARENT] = { "parent", F_UINT, "path it left; absent for the first of a root" },
	[FWP_FORKED] = { "forked", F_UINT, "order of the last call it shares with its parent" },
	[FWP_ROOT] = { "root", F_TEXT, "function that was entered from outside" },
	[FWP_SITE] = { "site", F_UINT, "address of the branch that was forced" },
	[FWP_CONDITION] = { "condition", F_TEXT, "what was assumed there" },
};
const struct record_type fwpath_type = {
	.name = "fwpath", .doc = "A path through a program, and where it left its parent",
	.fields = path_fields, .nfields = FWP_COUNT_, .working = true,
};

static const struct field trace_fields[FWT_COUNT_] = {
	[FWT_PROGRAM] = { "program", F_TEXT, "name of the program" },
	[FWT_CPU] = { "cpu", F_TEXT, "processor family" },
	[FWT_LINKED] = { "linked", F_TEXT, "dynamic or static" },
	[FWT_FUNCTIONS] = { "functions", F_UINT, "functions found" },
	[FWT_FUNCTIONS_REACHED] = { "functions_reached", F_UINT, "functions executed" },
	[FWT_BLOCKS] = { "blocks", F_UINT, "basic blocks found" },
	[FWT_BLOCKS_REACHED] = { "blocks_reached", F_UINT, "basic blocks executed" },
	[FWT_INSTRUCTIONS] = { "instructions", F_UINT, "instructions executed" },
	[FWT_PATHS] = { "paths", F_UINT, "paths tried" },
	[FWT_CALLS] = { "calls", F_UINT, "calls written" },
	[FWT_STOPPED] = { "stopped", F_TEXT, "done, or which budget or fault ended it" },
	[FWT_UNKNOWN] = { "unknown", F_TEXTS, "imported functions without a model that were called" },
	[FWT_NOTES] = { "notes", F_TEXTS, "what could not be seen: refused libraries, odd tables …" },
};
const struct record_type fwtrace_type = {
	.name = "fwtrace", .doc = "Summary of executing one program",
	.fields = trace_fields, .nfields = FWT_COUNT_, .working = true,
};

static const struct field function_fields[FWN_COUNT_] = {
	[FWN_PROGRAM] = { "program", F_TEXT, "name of the program" },
	[FWN_FUNCTION] = { "function", F_TEXT, "its symbol, or sub_ADDRESS" },
	[FWN_NAMED] = { "named", F_BOOL, "the program says its name" },
	[FWN_ENTRY] = { "entry", F_UINT, "its address, as the file is linked" },
	[FWN_INSTRUCTIONS] = { "instructions", F_UINT, "how many it has" },
	[FWN_DIGEST] = { "digest", F_TEXT, "of its instructions with addresses left out: the same wherever it is linked to" },
};
const struct record_type fwfunction_type = {
	.name = "fwfunction", .doc = "A function of a program, by its instructions",
	.fields = function_fields, .nfields = FWN_COUNT_, .working = true,
};

const struct record_type *const trace_types[] = { &fwcall_type, &fwpath_type, &fwtrace_type, &fwfunction_type, NULL };

void trace_registry(struct registry *g)
{
	*g = (struct registry){ 0 };
	registry_add_all(g, trace_types);
	registry_ready(g);
}
