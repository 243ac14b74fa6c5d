/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces for people: a paragraph a path, a line a call. Everything out of a program passes layout_wrap. */
#include "base/scope.h"
#include "fw/flow/trace.h"
#include "report/firmware.h"

enum { LINES = 64 };

static struct span text_of(const struct record *r, unsigned field)
{
	return record_get_text(r, field);
}

static void put_origin(struct buf *b, const struct record *a)
{
	struct span origin = text_of(a, ARG_ORIGIN), source = text_of(a, ARG_SOURCE);
	if (!origin.n)
		return;
	buf_text(b, " [");
	buf_bytes(b, origin);
	if (source.n) {
		buf_text(b, " ");
		buf_bytes(b, source);
	}
	if (record_has(a, ARG_OFFSET))
		buf_printf(b, " at 0x%llx", (unsigned long long)record_get_uint(a, ARG_OFFSET));
	buf_text(b, "]");
}

static void put_value(struct buf *b, const struct record *a)
{
	struct texts list = record_has(a, ARG_LIST) ? a->v[ARG_LIST].texts : (struct texts){ 0 };
	char text[ADDR_TEXT];
	if (record_has(a, ARG_ADDRESS)) {
		buf_text(b, addr_text(record_get_addr(a, ARG_ADDRESS), text));
		if (record_has(a, ARG_PORT))
			buf_printf(b, " port %llu", (unsigned long long)record_get_uint(a, ARG_PORT));
	} else if (record_has(a, ARG_TEXT)) {
		const char *quote = arg_is_handle(a) ? "" : "\"";
		buf_text(b, quote);
		buf_bytes(b, text_of(a, ARG_TEXT));
		buf_text(b, quote);
	} else if (list.n) {
		for (uint32_t i = 0; i < list.n; i++) {
			buf_text(b, i ? " \"" : "\"");
			buf_bytes(b, list.v[i]);
			buf_text(b, "\"");
		}
	} else if (record_has(a, ARG_NUMBER)) {
		buf_printf(b, "%lld", (long long)a->v[ARG_NUMBER].i);
	} else {
		buf_text(b, "?");
	}
	if (record_has(a, ARG_HOST)) {
		buf_text(b, " of ");
		buf_bytes(b, text_of(a, ARG_HOST));
	}
	put_origin(b, a);
}

/* Lines of the path that was printed last: a loop says the same again and again. */
struct path_lines {
	uint64_t v[LINES];
	unsigned n, again;
};

static bool is_again(struct path_lines *p, struct span line)
{
	uint64_t h = 14695981039346656037u;      /* FNV-1a */
	for (size_t i = 0; i < line.n; i++)
		h = (h ^ line.p[i]) * 1099511628211u;
	for (unsigned i = 0; i < p->n && i < LINES; i++)
		if (p->v[i] == h) {
			p->again++;
			return true;
		}
	p->v[p->n++ % LINES] = h;
	return false;
}

static void print_again(struct buf *out, struct path_lines *p)
{
	if (p->again)
		buf_printf(out, "    (%u %s again)\n", p->again, p->again == 1 ? "call" : "calls");
	*p = (struct path_lines){ 0 };
}

static void print_call(struct buf *out, const struct layout *l, const struct record *c, struct path_lines *p)
{
	struct records args = record_has(c, FWC_ARGS) ? c->v[FWC_ARGS].records : (struct records){ 0 };
	struct buf b = { 0 };
	char head[48];
	snprintf(head, sizeof(head), "0x%-8llx ", (unsigned long long)record_get_uint(c, FWC_SITE));
	buf_bytes(&b, text_of(c, FWC_FUNCTION));
	if (text_of(c, FWC_MODULE).n) {
		buf_text(&b, " of ");
		buf_bytes(&b, text_of(c, FWC_MODULE));
	}
	buf_text(&b, ": ");
	buf_bytes(&b, text_of(c, FWC_CALLEE));
	buf_text(&b, "(");
	for (uint32_t i = 0; i < args.n; i++) {
		buf_text(&b, i ? ", " : "");
		buf_bytes(&b, text_of(args.v[i], ARG_NAME));
		buf_text(&b, ": ");
		put_value(&b, args.v[i]);
	}
	buf_text(&b, ")");
	struct buf key = { 0 };
	buf_text(&key, head);
	buf_bytes(&key, buf_span(&b));
	if (!is_again(p, buf_span(&key)))
		layout_wrap(out, l, 4, head, buf_span(&b));
	buf_done(&key);
	buf_done(&b);
}

static void print_path(struct buf *out, const struct layout *l, const struct record *p)
{
	struct buf b = { 0 };
	buf_printf(&b, "path %llu", (unsigned long long)record_get_uint(p, FWP_PATH));
	if (record_has(p, FWP_PARENT))
		buf_printf(&b, ", leaves path %llu", (unsigned long long)record_get_uint(p, FWP_PARENT));
	buf_text(&b, ", entered at ");
	buf_bytes(&b, text_of(p, FWP_ROOT));
	if (text_of(p, FWP_CONDITION).n) {
		buf_text(&b, "; assumed: ");
		buf_bytes(&b, text_of(p, FWP_CONDITION));
	}
	layout_wrap(out, l, 2, "", buf_span(&b));
	buf_done(&b);
}

static void put_share(struct buf *b, const struct record *s, unsigned reached, unsigned found, const char *what)
{
	uint64_t r = record_get_uint(s, reached), n = record_get_uint(s, found);
	buf_printf(b, ", %llu of %llu %s", (unsigned long long)r, (unsigned long long)n, what);
	if (n)
		buf_printf(b, " (%llu %%)", (unsigned long long)(r * 100 / n));
}

static void print_summary(struct buf *out, const struct layout *l, const struct record *s)
{
	struct texts unknown = record_has(s, FWT_UNKNOWN) ? s->v[FWT_UNKNOWN].texts : (struct texts){ 0 };
	struct texts notes = record_has(s, FWT_NOTES) ? s->v[FWT_NOTES].texts : (struct texts){ 0 };
	struct buf b = { 0 };
	buf_bytes(&b, text_of(s, FWT_CPU));
	buf_text(&b, ", ");
	buf_bytes(&b, text_of(s, FWT_LINKED));
	put_share(&b, s, FWT_FUNCTIONS_REACHED, FWT_FUNCTIONS, "functions");
	put_share(&b, s, FWT_BLOCKS_REACHED, FWT_BLOCKS, "blocks");
	buf_printf(&b, ", %llu instructions, %llu paths; ", (unsigned long long)record_get_uint(s, FWT_INSTRUCTIONS),
		   (unsigned long long)record_get_uint(s, FWT_PATHS));
	buf_bytes(&b, text_of(s, FWT_STOPPED));
	layout_wrap(out, l, 2, "", buf_span(&b));
	buf_reset(&b);
	for (uint32_t i = 0; i < unknown.n; i++) {
		buf_text(&b, i ? ", " : "");
		buf_bytes(&b, unknown.v[i]);
	}
	if (unknown.n)
		layout_wrap(out, l, 2, "without a model: ", buf_span(&b));
	for (uint32_t i = 0; i < notes.n; i++)
		layout_wrap(out, l, 2, "note: ", notes.v[i]);
	buf_done(&b);
}

/* A path that met no call of interest is not worth a line. */
static bool has_calls(struct record *const *v, size_t i, size_t n)
{
	return i + 1 < n && v[i + 1]->type == &fwcall_type;
}

void firmware_trace(struct buf *out, const struct layout *l, const struct record *summary, struct record *const *v,
		    size_t n)
{
	struct path_lines lines = { 0 };
	layout_wrap(out, l, 0, "", text_of(summary, FWT_PROGRAM));
	print_summary(out, l, summary);
	for (size_t i = 0; i < n; i++) {
		if (v[i]->type == &fwpath_type && has_calls(v, i, n)) {
			print_again(out, &lines);
			buf_text(out, "\n");
			print_path(out, l, v[i]);
		} else if (v[i]->type == &fwcall_type) {
			print_call(out, l, v[i], &lines);
		}
	}
	print_again(out, &lines);
}
