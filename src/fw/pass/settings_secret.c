/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords in files of settings, a line at a time. pppd(8) for chap-secrets and pap-secrets; BusyBox httpd's own file
 * and Apache's htpasswd are columns too. */
#include "fw/pass/settings_secret.h"

#include "base/ascii.h"
#include "fw/pass/settings.h"

enum { LEAST = 3, MOST = 128, NEAR = 4, KEY_MOST = 64 };

/* ---- words ---- */

bool secret_is_named(struct span name)
{
	static const char *const words[] = { "password", "passwd",   "passphrase", "passcode",	"pwd",	   "secret",  "bindpw",
					     "psk",	 "userpass", "passhash",   "pass_hash", "pincode", "pin_code" };
	/* What is said about a password, or asks for one. */
	static const char *const beside[] = {
		"expir",   "age",    "length", "date",	 "time",  "count",  "policy", "min",	 "max",	   "changed", "require",
		"enable",  "hint",   "quest",  "retr",	 "attempt", "file", "path",   "type",	 "prompt", "label",   "title",
		"field",   "input",  "encrypt", "scheme", "auth",  "save",  "show",   "visible", "reset",  "forgot",  "text",
		"error",   "mode",   "program", "chat",	  "sync",  "command", "format", "strength", "hidden", "backend", "confirm",
		"again",   "method", "store",  "provider", "wrong", "invalid", "incorrect", "regex", "class", "url", "size", "cache",
	};
	static const char *const whole[] = { "pass", "pin" };
	return span_alike_any(name, whole, ARRAY_LEN(whole)) ||
	       (span_has_alike_any(name, words, ARRAY_LEN(words)) && !span_has_alike_any(name, beside, ARRAY_LEN(beside)));
}

bool secret_is_digest(struct span s)
{
	size_t n = 0;
	while (n < s.n && ascii_hex(s.p[n]) >= 0)
		n++;
	bool crypted = s.n > 10 && s.p[0] == '$' && strchr("1256ya", s.p[1]);
	return crypted || (n == s.n && (n == 32 || n == 40 || n == 64 || n == 128));
}

static bool is_one_letter(struct span s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] == s.p[0])
		n++;
	return n == s.n && s.n && !ascii_is_digit(s.p[0]);
}

bool secret_is_none(struct span value)
{
	static const char *const none[] = { "true",	"false",    "null",    "none",	"nil",	   "yes",    "off",	 "enabled",
					    "disabled", "ask",	    "prompt",  "auto",	"default", "string", "text",	 "plain",
					    "required", "optional", "md5",     "sha1",	"sha256",  "files",  "interactive" };
	static const char *const heads[] = { "your", "enter", "insert", "example", "xxx", "todo", "replace", "put_" };
	bool reference = value.n && strchr("/$%<{@&~[(", value.p[0]) && !secret_is_digest(value);
	if (value.n < LEAST || value.n > MOST || reference || is_one_letter(value) ||
	    span_alike_any(value, none, ARRAY_LEN(none)))
		return true;
	for (size_t i = 0; i < value.n; i++)
		if (!ascii_is_shown(value.p[i]) || value.p[i] == ' ')
			return true;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (span_has_alike(span_cut(value, strlen(heads[i])), heads[i]))
			return true;
	return span_has(value, "${") || span_has(value, "{{") || span_has(value, "%s");
}

/* ---- files ---- */

static struct span base_of(const struct scene_file *f)
{
	return path_base(span_str(f->path));
}

static bool is_columns(struct span base)
{
	return span_is(base, "chap-secrets") || span_is(base, "pap-secrets");
}

static bool is_colons(struct span base)
{
	return span_is(base, "httpd.conf") || span_has(base, "htpasswd");
}

bool settings_secrets_in(const struct scene_file *f)
{
	static const char *const others[] = { "nsswitch.conf", "pam.d/",  "pam.conf", "login.defs", "sudoers",
					      "/doc/",	       "lang",	  "locale",   "i18n",	    "transl",
					      "l10n",	       "strings", "schema",   "example",    "message",
					      "debconf",       "swagger", "openapi",  "sample",	    "etc/services",
					      "-available/",   "readme" };
	struct span path = span_str(f->path);
	return !span_has_alike_any(path, others, ARRAY_LEN(others)) &&
	       (settings_stand_in(f) || (f->kind == SCENE_OTHER && is_colons(base_of(f))));
}

void settings_secrets_begin(struct settings_secrets *s, const struct scene_file *f)
{
	struct span base = base_of(f);
	*s = (struct settings_secrets){
		.in = rd_of(f->content),
		.form = is_columns(base) ? SECRETS_COLUMNS
		      : is_colons(base)	 ? SECRETS_COLONS
					 : SECRETS_PAIRS,
		.wireless = span_has_alike(base, "wireless"),
	};
}

/* ---- lines ---- */

static struct span word_next(struct rd *r)
{
	struct span w = { 0 };
	while (rd_left(r) && ascii_is_blank(rd_peek(r)))
		rd_skip(r, 1);
	if (rd_left(r) && (rd_peek(r) == '"' || rd_peek(r) == '\'')) {
		uint8_t quote = rd_u8(r);
		return rd_until(r, quote, &w) ? w : rd_rest(r);
	}
	return rd_word(r, " \t");
}

static struct span unquoted(struct span s)
{
	s = span_strip(s, " \t\r;,");
	bool quoted = s.n > 1 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0];
	return quoted ? span_cut(span_from(s, 1), s.n - 2) : s;
}

/* key=value, key: value, "key value", uci's "option key 'value'". */
static bool plain_pair(struct span line, struct span *key, struct span *value)
{
	size_t n = 0;
	while (n < line.n && line.p[n] != '=' && line.p[n] != ':')
		n++;
	if (n < line.n) {
		size_t from = span_starts(line, SPAN_LIT("export ")) ? 7 : 0;
		*key = span_strip(span_from(span_cut(line, n), from), " \t\"'");
		*value = unquoted(span_strip(span_from(line, n + 1), ">= \t"));
		return true;
	}
	struct rd r = rd_of(line);
	*key = word_next(&r);
	if (span_is(*key, "option") || span_is(*key, "set"))
		*key = word_next(&r);
	*value = word_next(&r);
	return rd_left(&r) == 0 || span_strip(rd_rest(&r), " \t\r;").n == 0;
}

/* The next "…" of JSON or XML with the name it has: that before it, or the string before it and a colon. */
static bool quoted_pair(struct settings_secrets *s, struct span *key, struct span *value)
{
	struct span before, text;
	while (rd_until(&s->here, '"', &before) && rd_until(&s->here, '"', &text)) {
		static const char *const names[] = { "name", "key", "id", "n" }, *const values[] = { "val", "value", "v", "text" };
		struct span mark = span_strip(before, " \t");
		bool equals = mark.n && mark.p[mark.n - 1] == '=';
		size_t from = mark.n;
		while (from && !ascii_is_blank(mark.p[from - 1]))
			from--;
		struct span own = equals ? span_strip(span_from(mark, from), "=") : (struct span){ 0 };
		bool after = span_is(mark, ":") || span_alike_any(own, values, ARRAY_LEN(values));
		*key = after && s->name.n ? s->name : own;
		*value = text;
		s->name = equals && !span_alike_any(own, names, ARRAY_LEN(names)) ? s->name : text;
		if (key->n)
			return true;
	}
	return false;
}

/* <key>value</key> */
static bool element_pair(struct span line, struct span *key, struct span *value)
{
	struct rd r = rd_of(line);
	struct span tag;
	if (rd_u8(&r) != '<' || !rd_until(&r, '>', &tag) || !rd_until(&r, '<', value) || memchr(tag.p, '=', tag.n))
		return false;
	*key = tag;
	return rd_peek(&r) == '/';
}

static bool line_next(struct settings_secrets *s, struct span *line)
{
	while (rd_left(&s->in)) {
		*line = span_strip(rd_piece(&s->in, '\n'), " \t\r");
		s->line++;
		s->name = (struct span){ 0 };
		bool xml = span_has(*line, "<!--"), c = span_starts(*line, SPAN_LIT("/*")), inside = s->comment || xml || c;
		s->comment = inside && !span_has(*line, "-->") && !span_has(*line, "*/");
		if (!inside && line->n && !strchr("#;", line->p[0]) && !span_starts(*line, SPAN_LIT("//")) &&
		    !span_starts(*line, SPAN_LIT("--")))
			return true;
	}
	return false;
}

static bool columns_pair(const struct settings_secrets *s, struct span line, struct settings_secret *out)
{
	struct span first, second;
	struct rd r = rd_of(line);
	if (s->form == SECRETS_COLUMNS) {
		out->user = word_next(&r);
		(void)word_next(&r);
		out->value = word_next(&r);
	} else {
		bool path = line.p[0] == '/';
		if ((path && !rd_until(&r, ':', &second)) || !rd_until(&r, ':', &first))
			return false;
		out->user = first;
		out->value = rd_rest(&r);
	}
	out->key = SPAN_LIT("password");
	return out->user.n > 0;
}

/* Password=Password: what a person is shown. */
static bool is_label(struct span key, struct span value)
{
	size_t n = 0;
	while (n < key.n && n < value.n && ascii_lower(key.p[n]) == ascii_lower(value.p[n]))
		n++;
	return n == key.n && n == value.n && !span_eq(key, value);
}

static bool is_name(struct span key)
{
	for (size_t i = 0; i < key.n; i++)
		if (!ascii_is_letter(key.p[i]) && !ascii_is_digit(key.p[i]) && !strchr("_-.:", key.p[i]))
			return false;
	return key.n && key.n <= KEY_MOST;
}

static bool is_secret(const struct settings_secrets *s, const struct settings_secret *o)
{
	bool named = secret_is_named(o->key) || (s->wireless && span_is(o->key, "key"));
	return named && is_name(o->key) && !secret_is_none(o->value) && !is_label(o->key, o->value);
}

static bool told(struct settings_secrets *s, struct settings_secret *o)
{
	static const char *const users[] = { "user", "login", "account", "identity" };
	if (!is_secret(s, o)) {
		if (o->key.n && span_has_alike_any(o->key, users, ARRAY_LEN(users)) && !secret_is_none(o->value)) {
			s->user = o->value;
			s->user_line = s->line;
		}
		return false;
	}
	if (!o->user.n && s->line - s->user_line < NEAR)
		o->user = s->user;
	o->line = s->line;
	o->digest = secret_is_digest(o->value);
	return true;
}

bool settings_secrets_next(struct settings_secrets *s, struct settings_secret *out)
{
	struct span line;
	for (;;) {
		*out = (struct settings_secret){ 0 };
		while (quoted_pair(s, &out->key, &out->value))
			if (told(s, out))
				return true;
		if (!line_next(s, &line))
			return false;
		bool marked = strchr("<{[\"", line.p[0]);
		s->here = marked && s->form == SECRETS_PAIRS ? rd_of(line) : (struct rd){ 0 };
		bool pair = s->form != SECRETS_PAIRS ? columns_pair(s, line, out)
			    : marked		     ? element_pair(line, &out->key, &out->value)
						     : plain_pair(line, &out->key, &out->value);
		if (pair && told(s, out))
			return true;
	}
}
