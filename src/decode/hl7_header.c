/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSH of an HL7 message (HL7 v2.9 §2.14.9). A sender's header is the same but for time and number all day: the latest
 * one is remembered, and one like it is not taken apart again. */
#include "base/scope.h"
#include "decode/hl7_parse.h"

enum { HEADER_FRONT = 4, HEADER_KIND = 5 };

/* In front of MSH-7 the first HEADER_FRONT, then up to MSH-10, then behind it. */
static const uint8_t header_fields[HL7_HEADER_FIELDS] = {
	HL7_SENDING_APP, HL7_SENDING_FACILITY, HL7_RECEIVING_APP, HL7_RECEIVING_FACILITY,
	HL7_MESSAGE_TYPE, HL7_VERSION, HL7_CHARSET,
};

static struct span header_piece(unsigned field, struct span front, struct span kind, struct span rest)
{
	return field < HEADER_FRONT ? front : field < HEADER_KIND ? kind : rest;
}

static void header_take(struct hl7_parse *p, const struct span *f)
{
	/* MSH-1 is the separator itself: MSH-n is f[n - 1]. */
	const struct hl7_delims *d = &p->d;
	struct span first = hl7_first(f[8], d->component), second = hl7_part(f[8], d->component, 2);
	struct span type = hl7_plain(hl7_value(first, d), HL7_LABEL_MAX, "_");
	struct span trigger = hl7_plain(hl7_value(second, d), HL7_LABEL_MAX, "_");
	if (!type.n || !trigger.n) {
		record_text(&p->out, HL7_MESSAGE_TYPE, type);
	} else if (d->component == '^' && type.n == first.n && trigger.n == second.n) {
		record_text(&p->out, HL7_MESSAGE_TYPE, span_cut(f[8], first.n + 1 + second.n));
	} else {
		const char *both = arena_printf(p->emit->host->arena, "%.*s^%.*s", (int)type.n, (const char *)type.p,
		                                (int)trigger.n, (const char *)trigger.p);
		record_str(&p->out, HL7_MESSAGE_TYPE, both);
	}
	record_text(&p->out, HL7_SENDING_APP, hl7_named(p, f[2]));
	record_text(&p->out, HL7_SENDING_FACILITY, hl7_named(p, f[3]));
	record_text(&p->out, HL7_RECEIVING_APP, hl7_named(p, f[4]));
	record_text(&p->out, HL7_RECEIVING_FACILITY, hl7_named(p, f[5]));
	record_text(&p->out, HL7_CONTROL_ID, span_cut(hl7_value(f[9], d), HL7_ID_MAX));
	record_text(&p->out, HL7_VERSION, hl7_plain(hl7_value(hl7_first(f[11], d->component), d), HL7_LABEL_MAX, "."));
	record_text(&p->out, HL7_CHARSET, hl7_plain(hl7_value(hl7_first(f[17], d->repetition), d), HL7_LABEL_MAX, " ._/-"));
}

/* f: what header_take was given. */
static void header_keep(struct hl7_parse *p, struct span line, const struct span *f)
{
	struct hl7_header *h = &p->way->header;
	h->nfront = 0;
	if (p->emit->host->shown || !f[10].p || f[7].n)
		return;
	struct span front = span_cut(line, (size_t)(f[6].p - line.p));
	struct span kind = span_cut(span_from(line, (size_t)(f[7].p - line.p)), (size_t)(f[9].p - f[7].p));
	struct span rest = span_from(line, (size_t)(f[10].p - line.p));
	if (front.n + kind.n + rest.n > HL7_HEADER_TEXT)
		return;
	for (unsigned i = 0; i < HL7_HEADER_FIELDS; i++) {
		struct span text = record_get_text(&p->out, header_fields[i]);
		struct span piece = header_piece(i, front, kind, rest);
		uintptr_t at = (uintptr_t)text.p - (uintptr_t)piece.p;
		if (text.n && at >= piece.n)
			return;                  /* it was put together of two */
		h->at[i] = text.n ? (uint8_t)at : 0;
		h->n[i] = (uint8_t)text.n;
	}
	memcpy(h->said, front.p, front.n);
	memcpy(h->said + front.n, kind.p, kind.n);
	memcpy(h->said + front.n + kind.n, rest.p, rest.n);
	h->nfront = (uint8_t)front.n;
	h->nkind = (uint8_t)kind.n;
	h->nrest = (uint8_t)rest.n;
}

/* The header as the latest one but for time and number. False, and nothing was set: it is another. */
static bool header_again(struct hl7_parse *p, struct span line)
{
	const struct hl7_header *h = &p->way->header;
	struct span time, id, said = span_of(h->said, HL7_HEADER_TEXT);
	struct rd r = rd_of(line);
	struct span front = rd_span(&r, h->nfront);
	if (p->emit->host->shown || !front.n || !span_eq(front, span_cut(said, front.n)) ||
	    !rd_until(&r, p->d.field, &time))
		return false;
	struct span kind = rd_span(&r, h->nkind);
	if (!rd_ok(&r) || !span_eq(kind, span_cut(span_from(said, front.n), kind.n)) || !rd_until(&r, p->d.field, &id))
		return false;
	struct span rest = rd_rest(&r);
	if (!span_eq(rest, span_cut(span_from(said, front.n + kind.n), h->nrest)))
		return false;
	for (unsigned i = 0; i < HL7_HEADER_FIELDS; i++)
		if (h->n[i])                     /* as record_text left it: nothing is to be trimmed */
			record_slot(&p->out, header_fields[i], F_TEXT)->text =
				span_cut(span_from(header_piece(i, front, kind, rest), h->at[i]), h->n[i]);
	record_text(&p->out, HL7_CONTROL_ID, span_cut(hl7_value(id, &p->d), HL7_ID_MAX));
	return true;
}

void hl7_header_read(struct hl7_parse *p, struct span line)
{
	struct span f[18] UNSET;
	if (header_again(p, line))
		return;
	hl7_split(line, p->d.field, f, ARRAY_LEN(f));
	header_take(p, f);
	header_keep(p, line, f);
}
