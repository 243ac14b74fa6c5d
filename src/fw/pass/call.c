/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of the trace: its arguments by place and by name, and the act it makes. */
#include "fw/pass/call.h"

#include "base/buf.h"

const struct record *call_arg(const struct record *call, uint32_t i)
{
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	return i < args.n ? args.v[i] : NULL;
}

const struct record *call_arg_named(const struct record *call, const char *const *names)
{
	for (; *names; names++)
		for (uint32_t i = 0; call_arg(call, i); i++)
			if (span_is(record_get_text(call_arg(call, i), ARG_NAME), *names))
				return call_arg(call, i);
	return NULL;
}

/* The n-th argument that holds text. */
const struct record *call_arg_text(const struct record *call, unsigned n)
{
	for (uint32_t i = 0; call_arg(call, i); i++)
		if (record_has(call_arg(call, i), ARG_TEXT) && n-- == 0)
			return call_arg(call, i);
	return NULL;
}

struct span arg_text(const struct record *arg)
{
	return arg ? record_get_text(arg, ARG_TEXT) : (struct span){ 0 };
}

/* Text of the argument with one of these names; the first text when none has. */
struct span call_text(const struct record *call, const char *const *names)
{
	const struct record *a = call_arg_named(call, names);
	return arg_text(a ? a : call_arg_text(call, 0));
}

struct span call_text_named(const struct record *call, const char *name)
{
	return arg_text(call_arg_named(call, (const char *const[]){ name, NULL }));
}

static const struct record *call_arg_address(const struct record *call)
{
	for (uint32_t i = 0; call_arg(call, i); i++)
		if (record_has(call_arg(call, i), ARG_ADDRESS) || record_has(call_arg(call, i), ARG_FAMILY))
			return call_arg(call, i);
	return NULL;
}

bool call_has_number(const struct record *call, int64_t value, const char *text)
{
	for (uint32_t i = 0; call_arg(call, i); i++) {
		const struct record *a = call_arg(call, i);
		if ((record_has(a, ARG_NUMBER) && a->v[ARG_NUMBER].i == value) || span_has(arg_text(a), text))
			return true;
	}
	return false;
}

struct span arg_source(const struct record *arg)
{
	struct span s = arg ? record_get_text(arg, ARG_SOURCE) : (struct span){ 0 };
	return s.n || !arg ? s : source_in(arg_text(arg));
}

enum setting arg_setting(const struct record *arg)
{
	struct span o = arg ? record_get_text(arg, ARG_ORIGIN) : (struct span){ 0 };
	if (span_is(o, "outside"))
		return SETTING_CONFIGURED;
	return span_is(o, "unknown") || !o.n ? SETTING_UNKNOWN : SETTING_CONSTANT;
}

/* ---- saying a call ---- */

static void say_arg(struct buf *b, const struct record *a)
{
	char text[ADDR_TEXT];
	if (record_has(a, ARG_ADDRESS)) {
		addr_text(record_get_addr(a, ARG_ADDRESS), text);
		buf_printf(b, record_has(a, ARG_PORT) ? "%s port %u" : "%s", text, (unsigned)record_get_uint(a, ARG_PORT));
		return;
	}
	if (record_has(a, ARG_LIST)) {
		for (uint32_t i = 0; i < a->v[ARG_LIST].texts.n && i < 16; i++) {
			buf_text(b, i ? " " : "[");
			buf_bytes(b, span_cut(a->v[ARG_LIST].texts.v[i], 256));
		}
		buf_text(b, "]");
		return;
	}
	if (record_has(a, ARG_TEXT)) {
		const char *quote = arg_is_handle(a) ? "" : "\"";
		buf_text(b, quote);
		buf_bytes(b, span_cut(arg_text(a), 512));
		buf_text(b, quote);
		return;
	}
	if (record_has(a, ARG_NUMBER))
		buf_printf(b, "%lld", (long long)a->v[ARG_NUMBER].i);
	else
		buf_text(b, "?");
}

struct span call_say(struct acts *out, const struct record *call)
{
	struct buf b = { .cap = 2048 };
	buf_bytes(&b, record_get_text(call, FWC_CALLEE));
	buf_text(&b, "(");
	const struct record *arg;
	for (uint32_t i = 0; (arg = call_arg(call, i)); i++) {
		buf_text(&b, i ? ", " : "");
		say_arg(&b, arg);
	}
	buf_text(&b, ")");
	struct span s = arena_copy(out->arena, buf_span(&b));
	buf_done(&b);
	return s;
}

struct act *call_act(struct acts *out, const struct record *call, enum act_kind kind)
{
	struct act *a = act_new(out, kind);
	a->call = call;
	a->name = record_get_text(call, FWC_CALLEE);
	a->site = record_get_uint(call, FWC_SITE);
	a->function = record_get_text(call, FWC_FUNCTION);
	a->text = call_say(out, call);
	return a;
}

void call_take_address(struct act *a, const struct record *call)
{
	const struct record *arg = call_arg_address(call);
	if (!arg)
		return;
	a->address = record_get_addr(arg, ARG_ADDRESS);
	a->port = (uint16_t)record_get_uint(arg, ARG_PORT);
	a->host = !a->address.family || addr_class(a->address) != ADDR_PUBLIC ? record_get_text(arg, ARG_HOST)
									      : (struct span){ 0 };
	if (record_has(arg, ARG_HOST))
		a->host = record_get_text(arg, ARG_HOST);
	if (a->host.n && !source_in(a->host).n && !act_is_host(a->host)) {
		a->host = (struct span){ 0 };    /* digits that are no address: put together from what nothing was read into */
		a->address = (struct addr){ 0 };
		return;
	}
	a->setting = arg_setting(arg);
	a->source = arg_source(arg);
	if (span_is(record_get_text(arg, ARG_FAMILY), "unix")) {
		a->path = arg_text(arg);
		a->transport = "unix";
	}
	/* The address is known and something has a source: the port, whose number stands for it. */
	a->port_given = a->address.family && a->setting == SETTING_CONSTANT && a->source.n;
	if (record_has(arg, ARG_HOST) && source_in(a->host).n)
		a->setting = SETTING_CONFIGURED;
	else if (record_has(arg, ARG_HOST))
		a->setting = SETTING_CONSTANT;   /* the address is the model's answer to a constant name */
}
