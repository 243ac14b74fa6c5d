/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts of a device as they lie in its image: passwd(5), shadow(5), crypt(5). */
#include "fw/model/file.h"

enum { LINE_MOST = 4096, HEAD = 4096, SHADOW_FIELDS = 8 };

static const char *scheme_of(struct span p)
{
	static const struct {
		const char *head, *name;
	} schemes[] = { { "$1$", "MD5" },     { "$2", "bcrypt" },    { "$5$", "SHA-256" },
			{ "$6$", "SHA-512" }, { "$y$", "yescrypt" }, { "$gy$", "gost-yescrypt" },
			{ "$7$", "scrypt" },  { "$md5", "SunMD5" },  { "_", "BSDi DES" } };
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (span_starts(p, span_str(schemes[i].head)))
			return schemes[i].name;
	return p.n == 13 ? "DES" : "unknown";
}

static enum account_state state_of(struct span p, bool passwd)
{
	if (p.n == 0)
		return ACCOUNT_OPEN;
	if (passwd && span_is(p, "x"))
		return ACCOUNT_SHADOW;
	return p.p[0] == '*' || p.p[0] == '!' || p.n < 13 ? ACCOUNT_LOCKED : ACCOUNT_HASH;
}

static bool number_of(struct span s, uint32_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || v > UINT32_MAX)
			return false;
		v = v * 10 + s.p[i] - '0';
	}
	*out = (uint32_t)v;
	return s.n > 0 && v <= UINT32_MAX;
}

bool account_next(struct rd *r, uint32_t *line, struct account *out)
{
	while (rd_left(r)) {
		struct span text, part[9] = { { 0 } };
		text = rd_piece(r, '\n');
		++*line;
		if (text.n && text.p[text.n - 1] == '\r')
			text.n--;
		unsigned n = 0;
		struct rd parts = rd_of(text);
		while (n < 8 && rd_until(&parts, ':', &part[n]))
			n++;
		part[n++] = rd_rest(&parts);
		if (n < 2 || !part[0].n || part[0].p[0] == '#' || text.n > LINE_MOST)
			continue;
		struct account a = { .name = part[0], .password = part[1], .line = *line };
		a.has_ids = n == 7 && number_of(part[2], &a.uid) && number_of(part[3], &a.gid);
		a.is_shadow = n >= SHADOW_FIELDS;
		a.home = a.has_ids ? part[5] : (struct span){ 0 };
		a.shell = a.has_ids ? part[6] : (struct span){ 0 };
		a.state = state_of(part[1], a.has_ids);
		a.scheme = a.state == ACCOUNT_HASH ? scheme_of(part[1]) : NULL;
		*out = a;
		return true;
	}
	return false;
}

/* ---- which files ---- */

static struct span base_of(struct span path)
{
	const uint8_t *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	return slash ? span_from(path, (size_t)(slash - path.p) + 1) : path;
}

static bool ends(struct span path, const char *tail)
{
	size_t n = strlen(tail);
	return path.n >= n && span_is(span_from(path, path.n - n), tail) && (path.n == n || path.p[path.n - n - 1] == '/');
}

bool accounts_are_live(struct span path)
{
	return ends(path, "etc/passwd") || ends(path, "etc/shadow");
}

/* "passwd", "shadow.bak", "passwd_default". */
static bool is_copy_name(struct span base)
{
	struct span rest = span_from(base, 6);
	return (span_starts(base, SPAN_LIT("passwd")) || span_starts(base, SPAN_LIT("shadow"))) &&
	       (!rest.n || rest.p[0] == '.' || rest.p[0] == '_');
}

bool accounts_stand_in(struct span path, struct span content)
{
	if (accounts_are_live(path))
		return true;
	struct rd r = rd_of(span_cut(content, HEAD));
	struct account a;
	uint32_t line = 0;
	return is_copy_name(base_of(path)) && account_next(&r, &line, &a) && (a.has_ids || a.is_shadow);
}

/* ---- records ---- */

static const struct field account_fields[] = {
	[ACC_WHERE] = { "where", F_TEXT, "the file in which it stands" },
	[ACC_LINE] = { "line", F_UINT, "line of that file" },
	[ACC_NAME] = { "name", F_TEXT, "name of the account" },
	[ACC_UID] = { "uid", F_UINT, "its number; 0 may do everything" },
	[ACC_GID] = { "gid", F_UINT, "number of its group" },
	[ACC_HOME] = { "home", F_TEXT, "its folder" },
	[ACC_SHELL] = { "shell", F_TEXT, "the program it gets" },
	[ACC_STATE] = { "state", F_TEXT, "open (no password asked), locked, hash, or shadow (its password stands there)" },
	[ACC_SCHEME] = { "scheme", F_TEXT, "how the password is hashed" },
	[ACC_PASSWORD] = { "password", F_TEXT, "the hash as stored", NULL, SECRET },
};
RECORD_TYPE(account_type, "account", "An account of a device, from passwd or shadow in its firmware", account_fields);

void account_record(const struct account *a, struct span where, struct record *r, const struct record_host *h)
{
	static const char *const states[] = { "open", "locked", "hash", "shadow" };
	record_begin(r, &account_type, NULL, h);
	record_text(r, ACC_WHERE, where);
	record_uint(r, ACC_LINE, a->line);
	record_text(r, ACC_NAME, a->name);
	if (a->has_ids) {
		record_uint(r, ACC_UID, a->uid);
		record_uint(r, ACC_GID, a->gid);
	}
	record_text(r, ACC_HOME, a->home);
	record_text(r, ACC_SHELL, a->shell);
	record_str(r, ACC_STATE, states[a->state]);
	record_str(r, ACC_SCHEME, a->scheme);
	if (a->state == ACCOUNT_HASH)
		record_text(r, ACC_PASSWORD, a->password);
}
