/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of members for people: a heading a member, a line a text, what refers to it below. */
#include "base/scope.h"
#include "base/utf8.h"
#include "fw/model/strings.h"
#include "report/image.h"

static struct span text_of(const struct record *r, unsigned field)
{
	return record_get_text(r, field);
}

static void print_use(struct buf *out, const struct layout *l, const struct record *u)
{
	struct buf b = { 0 };
	struct span function = text_of(u, USE_FUNCTION), callee = text_of(u, USE_CALLEE), argument = text_of(u, USE_ARGUMENT);
	buf_printf(&b, "0x%llx ", (unsigned long long)record_get_uint(u, USE_SITE));
	if (function.n) {
		buf_text(&b, "in ");
		buf_bytes(&b, function);
	} else {
		buf_text(&b, span_is(text_of(u, USE_BY), "table") ? "in a table" : "in code");
	}
	if (callee.n) {
		buf_text(&b, ": ");
		buf_bytes(&b, callee);
		buf_text(&b, "()");
	}
	if (argument.n) {
		buf_text(&b, ", ");
		buf_bytes(&b, argument);
	}
	layout_wrap(out, l, 6, "<- ", buf_span(&b));
	buf_done(&b);
}

static void print_string(struct buf *out, const struct layout *l, const struct record *r)
{
	struct span section = text_of(r, TXT_SECTION), encoding = text_of(r, TXT_ENCODING);
	struct records uses = record_has(r, TXT_USES) ? r->v[TXT_USES].records : (struct records){ 0 };
	buf_printf(out, "  0x%06llx ", (unsigned long long)record_get_uint(r, TXT_OFFSET));
	if (record_has(r, TXT_ADDRESS))
		buf_printf(out, "0x%08llx ", (unsigned long long)record_get_uint(r, TXT_ADDRESS));
	show_text(out, section, l->utf8, 16);
	buf_text(out, section.n ? "  " : " ");
	show_text(out, text_of(r, TXT_TEXT), l->utf8, 0);
	if (!span_is(encoding, "ASCII")) {
		buf_text(out, "  (");
		buf_bytes(out, encoding);
		buf_text(out, ")");
	}
	if (text_of(r, TXT_WITHHELD).n) {
		buf_text(out, "  (withheld: ");
		buf_bytes(out, text_of(r, TXT_WITHHELD));
		buf_text(out, ")");
	}
	buf_text(out, "\n");
	for (uint32_t i = 0; i < uses.n; i++)
		print_use(out, l, uses.v[i]);
	if (record_has(r, TXT_USES_DROPPED))
		buf_printf(out, "      and %llu more\n", (unsigned long long)record_get_uint(r, TXT_USES_DROPPED));
}

void image_strings(const struct image *image, const struct layout *l, struct buf *out)
{
	struct record *const *v = image->list[IMAGE_STRINGS].v;
	out->cap = IMAGE_CAP;
	for (size_t i = 0; i < image->list[IMAGE_STRINGS].n; i++) {
		if (i == 0 || !span_eq(text_of(v[i], TXT_WHERE), text_of(v[i - 1], TXT_WHERE))) {
			buf_text(out, i ? "\n" : "");
			layout_wrap(out, l, 0, "", text_of(v[i], TXT_WHERE));
		}
		print_string(out, l, v[i]);
	}
}
