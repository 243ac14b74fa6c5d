/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advisories out of the store. */
#include "cmd/advised.h"

struct taking {
	struct advisories *to;
	struct buf digests;
};

static bool take(void *ctx, const char *text)
{
	struct taking *t = ctx;
	struct advisory a;
	uint8_t digest[32];
	if (!advisory_from_body(text, &t->to->arena, &a))
		return true;
	(void)advisories_add(t->to, &a);
	keyring_sha256(span_str(text), digest);
	buf_bytes(&t->digests, span_of(digest, sizeof(digest)));
	return true;
}

struct advisories *advised_load(struct store *s, const struct log *log, uint8_t digest[32])
{
	const struct query q = { .kind = "advisory", .min_severity = -1 };
	struct taking t = { .to = advisories_new() };
	if (s && store_ask(s, &q, take, &t) < 0)
		log_warn(log, "advisories of the store cannot be read: only the shipped ones are looked for");
	if (digest)
		memset(digest, 0, 32);
	if (digest && t.digests.n)
		keyring_sha256(buf_span(&t.digests), digest);
	buf_done(&t.digests);
	return t.to;
}
