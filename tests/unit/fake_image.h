/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up image for tests of passes: files, and programs whose trace is written by hand. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "finding/case.h"
#include "fw/pass/pass.h"
#include "record/json.h"

enum { FAKE_FILES = 8, FAKE_CALLS = 256, FAKE_PATHS = 32 };

struct fake {
	struct arena arena;
	struct record_host host;
	struct scene scene;
	struct scene_file files[FAKE_FILES];
	struct scene_program programs[FAKE_FILES];
	struct record *calls[FAKE_FILES][FAKE_CALLS], *paths[FAKE_FILES][FAKE_PATHS];
	struct finding **found;
	uint32_t nfound;
	uint64_t order, path;
};

static inline void fake_begin(struct fake *k)
{
	*k = (struct fake){ 0 };
	arena_init(&k->arena, 64 << 20);
	k->host = (struct record_host){ .keyring = keyring_new(keyring_test_key), .arena = &k->arena };
	k->scene = (struct scene){ .image = "ward.bin", .files = k->files, .programs = k->programs };
}

static inline void fake_end(struct fake *k)
{
	free(k->found);
	keyring_free(k->host.keyring);
	arena_done(&k->arena);
}

static inline struct scene_file *fake_file(struct fake *k, const char *path, enum scene_kind kind, const char *content)
{
	struct scene_file *f = &k->files[k->scene.nfiles++];
	*f = (struct scene_file){ .path = path, .where = arena_printf(&k->arena, "ward.bin > 0x10000 cramfs > %s", path),
				  .kind = kind, .content = span_str(content), .mode = 0100755 };
	return f;
}

static inline void fake_path(struct fake *k, uint64_t path, uint64_t parent, uint64_t forked)
{
	struct scene_program *p = &k->programs[k->scene.nprograms - 1];
	struct record *r = arena_new(&k->arena, sizeof(*r));
	record_begin(r, &fwpath_type, NULL, &k->host);
	record_uint(r, FWP_PATH, path);
	if (parent) {
		record_uint(r, FWP_PARENT, parent);
		record_uint(r, FWP_FORKED, forked);
	}
	k->paths[k->scene.nprograms - 1][p->npaths++] = r;
	k->path = path;
}

/* A program with one path, 1. */
static inline void fake_program(struct fake *k, const char *path)
{
	(void)fake_file(k, path, SCENE_PROGRAM, "");
	struct scene_program *p = &k->programs[k->scene.nprograms];
	*p = (struct scene_program){ .file = k->scene.nfiles - 1, .calls = k->calls[k->scene.nprograms],
				     .paths = k->paths[k->scene.nprograms] };
	k->scene.nprograms++;
	fake_path(k, 1, 0, 0);
}

static inline struct record *fake_arg(struct fake *k, const char *spec)
{
	struct record *a = arena_new(&k->arena, sizeof(*a));
	record_begin(a, &fwarg_type, NULL, &k->host);
	struct rd r = rd_of(span_str(spec));
	struct span name = { 0 };
	(void)!rd_until(&r, '=', &name);
	uint8_t kind = rd_u8(&r);
	struct span value = rd_rest(&r);
	const char *z = (const char *)arena_copy(&k->arena, value).p;
	record_text(a, ARG_NAME, arena_copy(&k->arena, name));
	record_str(a, ARG_ORIGIN, "constant");
	const char *source = z ? strchr(z, '{') : NULL;
	if (source) {
		record_str(a, ARG_ORIGIN, "outside");
		record_text(a, ARG_SOURCE, span_of(source + 1, strcspn(source + 1, "}")));
	}
	if (kind == '#')
		record_int(a, ARG_NUMBER, strtoll(z, NULL, 0));
	if (kind == '"')
		record_str(a, ARG_TEXT, z);
	if (kind == 'u') {
		record_str(a, ARG_FAMILY, "unix");
		record_str(a, ARG_TEXT, z);
	}
	if (kind == '@' || kind == '~') {        /* ADDRESS/PORT; ~: from configuration */
		struct addr ip;
		char *slash = strrchr(z, '/'), host[64];
		snprintf(host, sizeof(host), "%.*s", (int)(slash - z), z);
		record_str(a, ARG_FAMILY, "inet");
		if (addr_parse(host, &ip))
			record_addr(a, ARG_ADDRESS, ip);
		else if (*host != '{')
			record_str(a, ARG_HOST, arena_printf(&k->arena, "%s", host));
		record_uint(a, ARG_PORT, strtoul(slash + 1, NULL, 10));
		if (kind == '~')
			record_str(a, ARG_ORIGIN, "outside");
	}
	if (kind == '[')
		for (struct rd list = rd_of(value); rd_left(&list);) {
			struct span w;
			if (!rd_until(&list, '|', &w))
				w = rd_rest(&list);
			record_add_text(a, ARG_LIST, w);
		}
	return a;
}

/* Arguments: name="text, name=#number, name=@address/port, name=~address/port, name=uPATH, name=[a|b|c; NULL ends. */
static inline struct record *fake_call(struct fake *k, enum trace_class class, const char *callee, ...)
{
	struct scene_program *p = &k->programs[k->scene.nprograms - 1];
	struct record *c = arena_new(&k->arena, sizeof(*c));
	va_list ap;
	record_begin(c, &fwcall_type, NULL, &k->host);
	record_str(c, FWC_FUNCTION, "sub_8000");
	record_str(c, FWC_CALLEE, callee);
	record_str(c, FWC_CLASS, call_class_name(class));
	record_uint(c, FWC_SITE, 0x8000 + 4 * p->ncalls);
	record_uint(c, FWC_PATH, k->path);
	record_uint(c, FWC_ORDER, ++k->order);
	va_start(ap, callee);
	for (const char *spec; (spec = va_arg(ap, const char *));)
		record_add(c, FWC_ARGS, fake_arg(k, spec));
	va_end(ap);
	k->calls[k->scene.nprograms - 1][p->ncalls++] = c;
	return c;
}

static inline void fake_run(struct fake *k)
{
	free(k->found);
	k->found = passes_run(&k->scene, &k->host, &k->nfound);
}

static inline struct finding *fake_found(struct fake *k, const char *rule)
{
	for (uint32_t i = 0; i < k->nfound; i++)
		if (strcmp(k->found[i]->rule->id, rule) == 0)
			return k->found[i];
	return NULL;
}

static inline int fake_severity(const struct finding *f)         /* -1: nothing was found */
{
	return f ? (int)f->severity : -1;
}

/* The finding as it is written has this text. */
static inline bool fake_says(struct fake *k, const struct finding *f, const char *text)
{
	struct record r;
	struct buf b = { 0 };
	finding_record(f, &r, &k->host, scene_file_name, &k->scene);
	json_record(&b, &r, NULL);
	buf_u8(&b, 0);
	bool is = strstr((const char *)b.p, text) != NULL;
	buf_done(&b);
	return is;
}

/* Runs; the rule fires so, with steps. */
static inline void fake_fires(struct fake *k, const char *rule, enum severity severity)
{
	fake_run(k);
	const struct finding *f = fake_found(k, rule);
	if (!f)
		fail_msg("nothing of %s", rule);
	else if (f->severity != severity || !f->nsteps)
		fail_msg("%s: %u steps: %s", severity_name(f->severity), f->nsteps, f->title);
}

/* Runs; nothing is above info. */
static inline void fake_quiet(struct fake *k)
{
	fake_run(k);
	for (uint32_t n = 0; n < k->nfound; n++)
		if (k->found[n]->severity > SEV_INFO)
			fail_msg("%s", k->found[n]->title);
}

static inline void fake_calls_home(struct fake *k, const char *to)
{
	record_int(fake_call(k, CALL_NETWORK, "socket", "family=#2", "type=#1", "protocol=#0", NULL), FWC_RESULT, 5);
	fake_call(k, CALL_NETWORK, "connect", "fd=#5", to, NULL);
}
