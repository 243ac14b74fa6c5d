/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A record is blanked field by field: text, members of a list, and the parts a text was put together from. */
#include "fw/pass/aloud.h"

#include "base/buf.h"
#include "fw/model/startup.h"

enum { SECRETS = 32, LEAST = 2 };

struct hush {
	struct arena *arena;
	struct span secret[SECRETS];
	unsigned n;
	bool whole;                              /* a finding says that this very call holds a credential, not which part */
};

static size_t secret_at(const struct hush *h, struct span rest)
{
	for (unsigned i = 0; i < h->n; i++)
		if (span_starts(rest, h->secret[i]))
			return h->secret[i].n;
	return 0;
}

static struct span quiet(const struct hush *h, struct span text)
{
	struct buf b = { .cap = 2 * TEXT_MAX };
	if (h->whole)
		return SPAN_LIT("***");
	for (size_t i = 0; i < text.n;) {
		size_t n = secret_at(h, span_from(text, i));
		if (n)
			buf_text(&b, "***");
		else
			buf_u8(&b, text.p[i]);
		i += n ? n : 1;
	}
	struct span s = startup_blanked(h->arena, buf_span(&b));
	buf_done(&b);
	return s;
}

static void quiet_list(const struct hush *h, struct record *arg)
{
	struct texts t = record_has(arg, ARG_LIST) ? arg->v[ARG_LIST].texts : (struct texts){ 0 };
	struct span *v = t.n ? arena_new(h->arena, t.n * sizeof(*v)) : NULL;
	for (uint32_t i = 0; v && i < t.n; i++)
		v[i] = quiet(h, t.v[i]);
	if (t.n)
		arg->v[ARG_LIST].texts = (struct texts){ v, v ? t.n : 0 };
}

static void quiet_arg(const struct hush *h, struct record *arg)
{
	struct records parts = record_has(arg, ARG_PARTS) ? arg->v[ARG_PARTS].records : (struct records){ 0 };
	bool outside = span_is(record_get_text(arg, ARG_ORIGIN), "outside");
	if (h->whole && outside && !parts.n)
		return;                          /* "{recv}": what came in, not what it is compared with */
	if (record_has(arg, ARG_TEXT))
		record_text(arg, ARG_TEXT, quiet(h, record_get_text(arg, ARG_TEXT)));
	quiet_list(h, arg);
	for (uint32_t i = 0; i < parts.n; i++)
		if (record_has(parts.v[i], PART_TEXT))
			record_text(parts.v[i], PART_TEXT, quiet(h, record_get_text(parts.v[i], PART_TEXT)));
}

static void quiet_call(struct hush *h, struct acts *acts, const struct record *call)
{
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	acts->n = 0;
	acts_of_call(acts, call);
	for (size_t i = 0; i < acts->n && h->n < SECRETS; i++)
		if (acts->v[i].kind == ACT_CREDENTIAL && acts->v[i].secret.n >= LEAST)
			h->secret[h->n++] = acts->v[i].secret;
	h->whole = h->whole && !h->n;            /* known to the letter: the rest may stay */
	for (uint32_t i = 0; i < args.n; i++)
		quiet_arg(h, args.v[i]);
}

static bool holds_credential(const struct record *call, uint32_t file, struct finding *const *findings, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (findings[i]->device == file && strcmp(findings[i]->rule->id, "fw.fixed-credential") == 0 &&
		    findings[i]->origins[0].offset == record_get_uint(call, FWC_SITE))
			return true;
	return false;
}

void trace_hush(const struct scene *s, uint32_t i, struct finding *const *findings, uint32_t n,
		const struct record_host *host)
{
	struct arena own;
	struct acts acts = { .arena = &own };
	const struct scene_program *p = &s->programs[i];
	arena_init(&own, 64 << 20);
	for (uint32_t k = 0; k < p->ncalls; k++) {
		struct hush h = { .arena = host->arena, .whole = holds_credential(p->calls[k], p->file, findings, n) };
		quiet_call(&h, &acts, p->calls[k]);
		arena_reset(&own);
	}
	free(acts.v);
	arena_done(&own);
}

/* ---- the secrets themselves, for what else shows the bytes of a file ---- */

struct secrets {
	struct arena *arena;
	struct span *v;
	unsigned n;
};

static void add_secret(struct secrets *s, struct span text)
{
	if (text.n < LEAST || s->n == SECRETS_LISTED)
		return;
	for (unsigned i = 0; i < s->n; i++)
		if (span_eq(s->v[i], text))
			return;
	struct span copy = arena_copy(s->arena, text);
	if (copy.n)
		s->v[s->n++] = copy;
}

static unsigned add_acts(struct secrets *s, const struct acts *acts)
{
	unsigned before = s->n;
	for (size_t i = 0; i < acts->n; i++)
		if (acts->v[i].kind == ACT_CREDENTIAL)
			add_secret(s, acts->v[i].secret);
	return s->n - before;
}

/* Which argument holds it is not known: all that did not come from outside. */
static void add_arguments(struct secrets *s, const struct record *call)
{
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	for (uint32_t i = 0; i < args.n; i++) {
		struct records parts = record_has(args.v[i], ARG_PARTS) ? args.v[i]->v[ARG_PARTS].records : (struct records){ 0 };
		if (!span_is(record_get_text(args.v[i], ARG_ORIGIN), "outside"))
			add_secret(s, record_get_text(args.v[i], ARG_TEXT));
		for (uint32_t k = 0; k < parts.n; k++)
			if (!span_is(record_get_text(parts.v[k], PART_ORIGIN), "outside"))
				add_secret(s, record_get_text(parts.v[k], PART_TEXT));
	}
}

unsigned trace_secrets(const struct scene *s, uint32_t i, struct finding *const *findings, uint32_t n, struct arena *a,
		       struct span out[SECRETS_LISTED])
{
	struct arena own;
	struct acts acts = { .arena = &own };
	struct secrets found = { .arena = a, .v = out };
	const struct scene_program *p = &s->programs[i];
	arena_init(&own, 64 << 20);
	for (uint32_t k = 0; k < p->ncalls && found.n < SECRETS_LISTED; k++) {
		acts.n = 0;
		acts_of_call(&acts, p->calls[k]);
		if (!add_acts(&found, &acts) && holds_credential(p->calls[k], p->file, findings, n))
			add_arguments(&found, p->calls[k]);
		arena_reset(&own);
	}
	free(acts.v);
	arena_done(&own);
	return found.n;
}

unsigned script_secrets(struct span script, struct arena *a, struct span out[SECRETS_LISTED])
{
	struct arena own;
	struct acts acts = { .arena = &own };
	struct secrets found = { .arena = a, .v = out };
	arena_init(&own, 64 << 20);
	acts_of_shell(&acts, script, NULL);
	(void)add_acts(&found, &acts);
	free(acts.v);
	arena_done(&own);
	return found.n;
}
