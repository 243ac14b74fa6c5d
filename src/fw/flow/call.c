/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call that was answered, into the trace. */
#include "fw/flow/call.h"

static struct span first_name(const struct model *model)
{
	struct rd r = rd_of(span_str(model->names));
	struct span s;
	return rd_until(&r, ' ', &s) ? s : span_str(model->names);
}

/* What was compared piece by piece comes before the call that follows. */
static void call_pending(struct machine *m)
{
	uint32_t site = m->call_site, function = m->call_function;
	const struct frame *frame = m->call_frame;
	compare_flush(m);
	m->call_site = site;
	m->call_function = function;
	m->call_frame = frame;
}

void call_write(struct machine *m, const struct model *model, const char *callee, uint64_t result)
{
	struct span name = callee ? span_str(callee) : m->callee.n ? m->callee : first_name(model);
	call_pending(m);
	struct record *r = call_begin(m, m->call_site, name, model->class);
	struct writer w = { m, r, m->call_site * 2654435761u };
	writer_hash(&w, name);
	call_put_args(&w, model);
	record_int(r, FWC_RESULT, (int32_t)result);
	call_end(m, r, w.hash);
}
