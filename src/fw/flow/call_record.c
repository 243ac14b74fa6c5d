/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written to the trace: calls with the path and the chain that led there, compares, functions, the end. */
#include "fw/flow/call.h"

#include "record/wire.h"

enum { REPEATS = 8, CHAIN_MAX = 16, CONDITIONS_MAX = 8, CODE_LINES = 4 };

static void function_name(struct machine *m, uint32_t addr, struct span *out)
{
	struct function *f = code_function_at(&m->code, addr);
	const struct module *mod = code_module(&m->code, addr);
	if (f && f->name.n)
		*out = f->name;
	else
		*out = span_str(arena_printf(&m->scratch, "sub_%x", addr - (mod ? mod->bias : 0)));
}

void trace_flush(struct machine *m)
{
	struct span s = buf_span(&m->out);
	while (s.n) {
		ssize_t n = write(m->out_fd, s.p, s.n);
		if (n <= 0) {
			m->stopped = "the parent went away";
			break;
		}
		s = span_from(s, (size_t)n);
	}
	m->written += m->out.n;
	buf_reset(&m->out);
}

static void put_record(struct machine *m, const struct record *r)
{
	if (!wire_put(&m->out, &m->registry, r))
		machine_note(m, "a record did not fit the wire");
	if (m->out.n > 1 << 15)
		trace_flush(m);
}

static const char *assumed_text(struct machine *m, const struct assumed *a)
{
	const struct module *mod = code_module(&m->code, a->site);
	uint32_t bias = mod ? mod->bias : 0;
	if (a->text)
		return arena_printf(&m->scratch, "%x: %s", a->site - bias, a->text);
	if (a->call.n)
		return arena_printf(&m->scratch, "%x: goes to %x, after %.*s() = %lld", a->site - bias, a->to - bias,
				    (int)(a->call.n < 60 ? a->call.n : 60), (const char *)a->call.p, (long long)a->result);
	return arena_printf(&m->scratch, "%x: goes to %x", a->site - bias, a->to - bias);
}

static void path_write(struct machine *m, struct path *p)
{
	struct path *todo[64];
	unsigned n = 0;
	for (; p && !p->written && n < ARRAY_LEN(todo); p = p->up)
		todo[n++] = p;
	while (n) {
		p = todo[--n];
		struct record *r = writer_record(m, &fwpath_type);
		const struct module *mod = code_module(&m->code, p->why.site);
		record_text(r, FWP_PROGRAM, m->name);
		record_uint(r, FWP_PATH, p->id);
		if (p->up) {
			record_uint(r, FWP_PARENT, p->up->id);
			record_uint(r, FWP_FORKED, p->forked);
			record_uint(r, FWP_SITE, p->why.site - (mod ? mod->bias : 0));
			record_str(r, FWP_CONDITION, assumed_text(m, &p->why));
		}
		record_text(r, FWP_ROOT, p->root);
		put_record(m, r);
		p->written = true;
	}
}

static void put_context(struct machine *m, struct record *r)
{
	const struct assumed *why[CONDITIONS_MAX];
	unsigned n = 0;
	for (const struct path *p = m->path; p && n < CONDITIONS_MAX; p = p->up)
		if (p->why.site)
			why[n++] = &p->why;
	while (n)
		record_add_text(r, FWC_CONDITIONS, span_str(assumed_text(m, why[--n])));
	const struct frame *chain[CHAIN_MAX];
	for (const struct frame *f = m->call_frame; f && n < CHAIN_MAX; f = f->up)
		chain[n++] = f;
	while (n) {
		struct span name;
		function_name(m, chain[--n]->function, &name);
		record_add_text(r, FWC_CHAIN, name);
	}
	struct span lines[CODE_LINES];
	unsigned k = code_text(&m->code, m->call_site, &m->scratch, lines, CODE_LINES);
	for (unsigned i = 0; i < k; i++)
		record_add_text(r, FWC_CODE, lines[i]);
}

struct record *call_begin(struct machine *m, uint32_t site, struct span callee, enum trace_class class)
{
	arena_reset(&m->scratch);
	struct record *r = writer_record(m, &fwcall_type);
	const struct module *mod = code_module(&m->code, site);
	struct span name;
	record_text(r, FWC_PROGRAM, m->name);
	function_name(m, m->call_function, &name);
	record_text(r, FWC_FUNCTION, name);
	record_uint(r, FWC_ENTRY, m->call_function - (mod ? mod->bias : 0));
	record_uint(r, FWC_SITE, site - (mod ? mod->bias : 0));
	if (mod && mod != &m->code.modules[0])
		record_text(r, FWC_MODULE, mod->name);
	record_text(r, FWC_CALLEE, callee);
	record_str(r, FWC_CLASS, call_class_name(class));
	record_uint(r, FWC_PATH, m->path->id);
	return r;
}

void call_end(struct machine *m, struct record *r, uint32_t hash)
{
	uint32_t times = addrmap_get(&m->written_calls, hash | 1);
	m->order++;
	if (times >= REPEATS)
		return;
	addrmap_put(&m->written_calls, hash | 1, times + 1);
	record_uint(r, FWC_REPEAT, times);
	record_uint(r, FWC_ORDER, m->order);
	put_context(m, r);
	path_write(m, m->path);
	put_record(m, r);
	m->ncalls++;
}

static struct record *begin_compare(struct machine *m, struct writer *w, uint32_t site, uint8_t shade, const char *how)
{
	m->call_function = m->frame ? m->frame->function : 0;
	m->call_frame = m->frame;
	m->call_site = site;
	struct record *r = call_begin(m, site, span_str(how), CALL_COMPARE);
	*w = (struct writer){ m, r, site * 2654435761u };
	struct record *a = writer_arg(w, SPAN_LIT("outside"));
	record_str(a, ARG_TEXT, arena_printf(&m->scratch, "{%s}", source_name(m, shade)));
	call_put_origin(a, ARG_ORIGIN, ORIGIN_OUTSIDE);
	record_str(a, ARG_SOURCE, source_name(m, shade));
	writer_end(w, a);
	return r;
}

void call_compare(struct machine *m, uint32_t site, int64_t value, uint8_t shade, const char *how)
{
	struct writer w;
	struct record *r = begin_compare(m, &w, site, shade, how);
	writer_number(&w, SPAN_LIT("constant"), (uint64_t)value, false);
	call_end(m, r, w.hash);
}

void call_compare_kind(struct machine *m, uint32_t site, uint8_t shade)
{
	struct writer w;
	struct record *r = begin_compare(m, &w, site, shade, "characters");
	call_end(m, r, w.hash);
}

void call_compare_text(struct machine *m, uint32_t site, struct span text, uint8_t shade)
{
	struct writer w;
	struct record *r = begin_compare(m, &w, site, shade, "compare");
	struct record *a = writer_arg(&w, SPAN_LIT("constant"));
	uint64_t offset;
	record_text(a, ARG_TEXT, arena_copy(&m->scratch, text));
	call_put_origin(a, ARG_ORIGIN, ORIGIN_CONSTANT);
	if (call_in_file(m, text, &offset))
		record_uint(a, ARG_OFFSET, offset);
	writer_end(&w, a);
	call_end(m, r, w.hash);
}

static unsigned functions_reached(struct machine *m)
{
	unsigned n = 0;
	for (uint32_t i = 0; i < m->code.nfunctions; i++)
		n += m->code.functions[i].reached || code_flags(&m->code, m->code.functions[i].addr) & CODE_RUN;
	return n;
}

void trace_function(struct machine *m, const struct function *f, uint32_t instructions, const char *digest)
{
	char name[24];
	uint32_t entry = f->addr - m->code.modules[0].bias;
	snprintf(name, sizeof(name), "sub_%x", entry);
	arena_reset(&m->scratch);
	struct record *r = writer_record(m, &fwfunction_type);
	record_text(r, FWN_PROGRAM, m->name);
	record_text(r, FWN_FUNCTION, f->name.n ? f->name : span_str(name));
	record_bool(r, FWN_NAMED, f->name.n != 0);
	record_uint(r, FWN_ENTRY, entry);
	record_uint(r, FWN_INSTRUCTIONS, instructions);
	record_str(r, FWN_DIGEST, digest);
	put_record(m, r);
}

void trace_end(struct machine *m)
{
	arena_reset(&m->scratch);
	struct record *r = writer_record(m, &fwtrace_type);
	record_text(r, FWT_PROGRAM, m->name);
	record_str(r, FWT_CPU, m->cpu ? m->cpu->name : elf_machine_name(m->code.modules[0].elf.machine));
	record_str(r, FWT_LINKED, m->code.modules[0].elf.nneeded || m->code.modules[0].elf.interp.n ? "dynamic" : "static");
	record_uint(r, FWT_FUNCTIONS, m->code.nfunctions);
	record_uint(r, FWT_FUNCTIONS_REACHED, functions_reached(m));
	record_uint(r, FWT_BLOCKS, m->code.blocks);
	record_uint(r, FWT_BLOCKS_REACHED, m->code.blocks_run);
	record_uint(r, FWT_INSTRUCTIONS, m->instructions);
	record_uint(r, FWT_PATHS, m->npaths);
	record_uint(r, FWT_CALLS, m->ncalls);
	record_str(r, FWT_STOPPED, m->stopped);
	if (m->code.unkept)
		machine_note(m, "more code than is looked into: %u blocks and instructions were left out", m->code.unkept);
	for (unsigned i = 0; i < m->nunknown; i++)
		record_add_text(r, FWT_UNKNOWN, m->unknown[i]);
	for (unsigned i = 0; i < m->nnotes; i++)
		record_add_text(r, FWT_NOTES, m->notes[i]);
	put_record(m, r);
	trace_flush(m);
}
