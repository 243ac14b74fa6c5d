/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of an HTTP message. Of a target the path is kept and the names of parameters, never their values; what
 * stands behind /Patient/ (FHIR) and /studies/ (DICOMweb) is a patient's data and leaves as such. */
#include <strings.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/buf.h"
#include "decode/http_record.h"

enum {
	PARAMETERS_MAX = 32, CREDENTIALS_MAX = 512, VALUE_MAX = 256,
	NOT_MODIFIED = 304, UNAUTHORIZED = 401, FORBIDDEN = 403, PROXY_UNAUTHORIZED = 407,
};

enum {
	EVENT, METHOD, HOST, PATH, PARAMETERS, STATUS, USER_AGENT, SERVER, CONTENT_TYPE, CONTENT_LENGTH, CONTENT_CODING,
	UPGRADE,
	AUTH_SCHEME, AUTHORIZATION, USER, PASSWORD, ACCEPTED, PATIENT_ID, STUDY
};

static const struct field fields[] = {
	[EVENT] = { "event", F_TEXT, "request or response" },
	[METHOD] = { "method", F_TEXT, "GET, POST …" },
	[HOST] = { "host", F_TEXT, "who is asked" },
	[PATH] = { "path", F_TEXT, "path without parameters; of a response: that was asked for" },
	[PARAMETERS] = { "parameters", F_TEXTS, "names of the query's parameters" },
	[STATUS] = { "status", F_UINT, "status code of a response" },
	[USER_AGENT] = { "user_agent", F_TEXT, "what the client calls itself", .clue = CLUE_SYSTEM },
	[SERVER] = { "server", F_TEXT, "what the server calls itself", .clue = CLUE_SYSTEM },
	[CONTENT_TYPE] = { "content_type", F_TEXT, "media type of the body" },
	[CONTENT_LENGTH] = { "content_length", F_UINT, "as stated", "byte" },
	[CONTENT_CODING] = { "content_coding", F_TEXT, "how the body is packed for transport" },
	[UPGRADE] = { "upgrade", F_TEXT, "protocol that the conversation goes over to" },
	[AUTH_SCHEME] = { "auth_scheme", F_TEXT, "Basic, Bearer …" },
	[AUTHORIZATION] = { "authorization", F_TEXT, "credentials sent in clear", .privacy = SECRET },
	[USER] = { "user", F_TEXT, "user name of Basic or Digest", .privacy = SECRET },
	[PASSWORD] = { "password", F_TEXT, "password of Basic, readable by anyone on the way", .privacy = SECRET },
	[ACCEPTED] = { "accepted", F_BOOL, "of a response to a request with credentials: whether they were taken; absent when "
		       "that cannot be told from it" },
	[PATIENT_ID] = { "patient_id", F_TEXT, "id of a FHIR Patient in the path", .privacy = PATIENT },
	[STUDY] = { "study", F_TEXT, "DICOMweb study in the path", .privacy = PATIENT },
};
RECORD_TYPE(http_type, "http", "HTTP request or response", fields);

static void short_text(struct record *out, unsigned field, struct span s)
{
	record_text(out, field, span_cut(span_trim(s), VALUE_MAX));
}

/* "type/subtype": what else may stand there (names, boundaries) is not kept. */
static struct span media_type(struct span s)
{
	return span_trim(http_word(&s, ";, "));
}

/* RFC 7617 §2: user, colon, password. The copies hold the secret until the arena's next message. */
static void basic(struct span value, struct record *out)
{
	uint8_t *plain = arena_new(out->host->arena, CREDENTIALS_MAX);
	if (!plain)
		return;
	struct span whole = span_of(plain, base64_decode(value, plain, CREDENTIALS_MAX)), user;
	struct rd r = rd_of(whole);
	if (!rd_until(&r, ':', &user))
		return;
	record_text(out, USER, user);
	record_text(out, PASSWORD, rd_rest(&r));
}

/* RFC 7616 §3.4: the user name stands in clear unless it is hashed, the password never. */
static void digest(struct span value, struct record *out)
{
	static const char key[] = "username=\"";
	const uint8_t *at = memmem(value.p, value.n, key, sizeof(key) - 1);
	struct span name;
	struct rd r = rd_of(at ? span_from(value, (size_t)(at - value.p) + sizeof(key) - 1) : (struct span){ 0 });
	if (rd_until(&r, '"', &name))
		record_text(out, USER, name);
}

static void credentials(struct span value, struct record *out)
{
	struct span scheme = http_word(&value, " \t");
	if (value.n == 0) {                      /* no scheme: all of it is the secret */
		record_text(out, AUTHORIZATION, scheme);
		return;
	}
	short_text(out, AUTH_SCHEME, span_cut(scheme, HTTP_METHOD_MAX));
	record_text(out, AUTHORIZATION, span_trim(value));
	if (span_alike(scheme, "basic"))
		basic(span_trim(value), out);
	else if (span_alike(scheme, "digest"))
		digest(value, out);
}

/* RFC 9112 §3.2.2: a proxy is given scheme and authority too, perhaps with a password in it. */
static struct span authority(struct span target, struct record *out)
{
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t n = strlen(schemes[i]);
		if (target.n <= n || strncasecmp((const char *)target.p, schemes[i], n) != 0)
			continue;
		struct span rest = span_from(target, n), end = rest;
		struct span host = http_word(&end, "/?#"), user = { 0 };
		struct span path = span_from(rest, host.n);
		for (struct span h = host; memchr(h.p, '@', h.n); host = h)
			user = http_word(&h, "@");
		if (user.n)
			record_text(out, AUTHORIZATION, user);
		short_text(out, HOST, host);
		return path.n ? path : SPAN_LIT("/");
	}
	return target;
}

static void parameters(struct span query, struct record *out)
{
	for (int i = 0; query.n && i < PARAMETERS_MAX; i++) {
		struct span pair = http_word(&query, "&;");
		bool named = memchr(pair.p, '=', pair.n);
		struct span name = http_word(&pair, "=");
		if (named && name.n)             /* without "=" it is a value */
			record_add_text(out, PARAMETERS, span_cut(name, HTTP_METHOD_MAX * 2));
	}
}

/* Which field holds what stands behind a segment of this name, or -1. */
static int segment_holds(struct span segment)
{
	if (span_alike(segment, "Patient") || span_alike(segment, "patients"))
		return PATIENT_ID;
	return span_alike(segment, "studies") ? STUDY : -1;
}

/* Pieces of what leaves as text, put together elsewhere: evidence export shows them where they stand. */
static void stays(const struct record *out, struct span s)
{
	if (out && out->host->shown)
		out->host->shown(out->host->ctx, s);
}

/* Path parameters (";jsessionid=…") and what is a patient's is left out: a segment "*" stands for it. */
static struct span path_clean(struct span path, struct record *out, struct arena *arena)
{
	struct buf b = { .cap = TEXT_MAX };
	int holds = -1;
	for (struct span rest = span_cut(path, TEXT_MAX - 1); rest.n;) {
		bool more = memchr(rest.p, '/', rest.n);
		struct span segment = http_word(&rest, "/"), whole = segment;
		segment = http_word(&whole, ";");
		if (holds >= 0 && segment.n && segment.p[0] != '_' && segment.p[0] != '$') {
			if (out)
				record_text(out, (unsigned)holds, segment);
			segment = SPAN_LIT("*");
		} else {
			stays(out, segment);
		}
		holds = segment_holds(segment);
		buf_bytes(&b, segment);
		if (more)
			buf_u8(&b, '/');
	}
	struct span clean = arena_copy(arena, buf_span(&b));
	buf_done(&b);
	return clean;
}

struct span http_path_shown(struct span target, struct arena *a)
{
	return path_clean(http_word(&target, "?#"), NULL, a);
}

struct span http_request(const struct http_head *h, struct record *out)
{
	record_str(out, EVENT, "request");
	short_text(out, METHOD, h->method);
	struct span target = h->target;
	if (span_is(h->method, "CONNECT")) {
		short_text(out, HOST, target);
		return (struct span){ 0 };
	}
	target = authority(target, out);
	if (!record_has(out, HOST))
		short_text(out, HOST, h->field[HTTP_H_HOST]);
	struct span path = http_word(&target, "?#");
	parameters(http_word(&target, "#"), out);
	path = path_clean(path, out, out->host->arena);
	record_text(out, PATH, path);
	short_text(out, USER_AGENT, h->field[HTTP_H_AGENT]);
	struct span auth = h->field[HTTP_H_AUTH].n ? h->field[HTTP_H_AUTH] : h->field[HTTP_H_PROXY_AUTH];
	if (auth.n)
		credentials(auth, out);
	return path;
}

void http_response(const struct http_head *h, const struct http_pending *asked, struct record *out)
{
	record_str(out, EVENT, "response");
	record_uint(out, STATUS, h->status);
	record_text(out, PATH, span_of(asked->path, asked->n));
	/* Redirections, missing pages and broken servers answer before anybody looks at the words. */
	bool accepted = h->status / 100 == 2 || h->status == NOT_MODIFIED;
	bool refused = h->status == UNAUTHORIZED || h->status == FORBIDDEN || h->status == PROXY_UNAUTHORIZED;
	if (asked->authorized && (accepted || refused))
		record_bool(out, ACCEPTED, accepted);
	short_text(out, SERVER, h->field[HTTP_H_SERVER]);
}

void http_about_body(const struct http_head *h, struct record *out)
{
	uint64_t length;
	record_text(out, CONTENT_TYPE, span_cut(media_type(h->field[HTTP_H_TYPE]), VALUE_MAX));
	short_text(out, CONTENT_CODING, h->field[HTTP_H_CODING]);
	short_text(out, UPGRADE, h->field[HTTP_H_UPGRADE]);
	if (http_stated_length(h->field[HTTP_H_LENGTH], &length))
		record_uint(out, CONTENT_LENGTH, length);
}
