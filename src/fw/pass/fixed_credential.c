/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.fixed-credential: a password, a hash or a key that is the same in every copy of the image. The value itself
 * leaves as length and keyed hash only. */
#include <ctype.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/scope.h"
#include "fw/model/database.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"
#include "fw/pass/settings_secret.h"

static const struct rule rule = {
	.id = "fw.fixed-credential",
	.title = "The firmware carries a password or key that is the same in every device",
	.cause = "open door",
	.sees = "A constant that input is compared with after a password was asked for or hashed; a constant "
		"password in a command line, "
		"a URL or a log-in message that is sent; authorized_keys among the files; a row of a database of "
		"the image, or a line of a file of settings, with a password in it that is no placeholder. Accounts are "
		"fw.weak-account's, private keys fw.private-key's. The value is never shown.",
	.why = "One device taken apart gives the password of all of them. It cannot be taken back when a member of "
	       "staff leaves.",
	.wrong = "The device may make its users set another password at first use, or write a key of its own at "
		 "first start over the one in "
		 "the image.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CHANGE_SECRET, ADVICE_CLOSE_PORT, ADVICE_ASK_MAKER, ADVICE_RECHECK,
		  NULL },
	.attack = { "T0812", "T0891", "T1078", NULL },
	.cwe = { "CWE-798", "CWE-259", "CWE-321", NULL },
};

enum { LEAST_SECRET = 3 };

static struct finding *report(struct job *j, uint32_t index, const char *key, enum severity s, double sure,
			      struct span user, struct span secret)
{
	struct finding *f = job_finding(j, &rule, index, "%.90s", key);
	if (!f || !job_judge(j, f, s, sure))
		return NULL;
	if (user.n)
		record_str(f->observed, OBS_USER, job_text(j, "%.*s", (int)span_cut(user, 64).n, (const char *)user.p));
	if (secret.n)
		record_text(f->observed, OBS_SECRET, secret);
	return f;
}

/* Of a constant, as a library does that tests itself. */
static bool hashes_constant(const struct act *a)
{
	struct records args = a->call && record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	for (uint32_t i = 0; i < args.n; i++)
		if (span_is(record_get_text(args.v[i], ARG_NAME), "key"))
			return span_is(record_get_text(args.v[i], ARG_ORIGIN), "constant");
	return false;
}

/* The same call compared with another word before: a table of commands is gone through. */
static bool is_one_of_many(const struct route *r, int i)
{
	const struct act *a = r->v[i];
	for (int k = 0; k < i; k++)
		if (a->call && r->v[k]->call && r->v[k]->site == a->site && r->v[k]->kind == ACT_COMPARE &&
		    !span_eq(r->v[k]->secret, a->secret))
			return true;
	return false;
}

/* A password was asked for: it was the last thing said before, or a hash or getpass stands before. */
static bool asked_for(const struct route *r, int i)
{
	static const char *const prompts[] = { "assword", "asswd", "PASS", "ogin:", "PIN", "passcode" };
	static const char *const logins[] = { "crypt", "crypt_r", "getpass", "getspnam", "getspnam_r" };
	bool said = false, fresh = is_one_of_many(r, i);        /* fresh: what is compared came in since then */
	for (int k = i - 1; k >= 0; k--) {
		const struct act *a = r->v[k];
		fresh |= a->kind == ACT_RECEIVE;
		for (size_t n = 0; !fresh && a->kind == ACT_LOGIN && n < ARRAY_LEN(logins); n++)
			if (span_is(a->name, logins[n]) && !hashes_constant(a))
				return true;
		if (said || (a->kind != ACT_SEND && a->kind != ACT_WRITE))
			continue;
		said = true;
		for (size_t p = 0; p < ARRAY_LEN(prompts); p++)
			if (span_has(a->text, prompts[p]))
				return true;
	}
	return false;
}

/* Equality of the whole, not a search in it. */
static bool is_equality(const struct act *a)
{
	return span_is(a->name, "compare") || (span_has(a->name, "cmp") && !span_has(a->name, "strstr"));
}

/* Somebody typed or sent it; what stands in files and settings, or what a server answers, is no input of a person. */
static bool is_input(struct span source)
{
	return (source_is_network(source) && !source_is_reply(source)) || span_starts(source, SPAN_LIT("stdin")) ||
	       span_starts(source, SPAN_LIT("getpass")) || span_starts(source, SPAN_LIT("file:/dev/tty"));
}

static bool is_hash(struct span s)
{
	return s.n > 10 && s.p[0] == '$' &&
	       (s.p[1] == '1' || s.p[1] == '5' || s.p[1] == '6' || s.p[1] == 'y' || s.p[1] == '2');
}

/* A number that was printed, as the cookie of a session is: it is another every time. */
static bool is_printed_number(const struct act *a)
{
	struct records args = a->call && record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	bool built = false;
	for (uint32_t i = 0; i < args.n; i++)
		built |= span_eq(record_get_text(args.v[i], ARG_TEXT), a->secret) &&
			 span_is(record_get_text(args.v[i], ARG_ORIGIN), "built");
	for (size_t i = 0; i < a->secret.n; i++)
		built &= isxdigit(a->secret.p[i]) != 0;
	return built;
}

static void compared(struct job *j, const struct route *r, int i)
{
	const struct act *a = r->v[i];
	bool hash = is_hash(a->secret);
	if (a->secret.n < LEAST_SECRET || span_starts(a->secret, SPAN_LIT("0x")) || !is_equality(a) ||
	    is_printed_number(a))
		return;
	bool asked = asked_for(r, i);
	if (hash ? !asked && !is_input(a->source) : !asked || !is_input(a->source))
		return;                          /* crypt() that tests itself compares with hashes, too */
	struct act shown = *a;
	shown.text = span_str(job_text(j, "%.*s({%.*s}, \"***\")", (int)span_cut(a->name, 40).n, (const char *)a->name.p,
				       (int)span_cut(a->source, 60).n, (const char *)a->source.p));
	shown.blanked = true;
	struct finding *f = report(j, r->index, job_text(j, "compare %llx", (unsigned long long)a->site),
				   source_is_network(a->source) ? SEV_HIGH : SEV_MEDIUM, 0.8, (struct span){ 0 }, a->secret);
	if (!f)
		return;
	const struct act *steps[] = { &shown, NULL };
	f->title = job_text(j, "%s compares a password that is typed or received with a constant of %zu characters",
			    r->file->path, a->secret.n);
	job_chain(j, f, steps);
}

static void used(struct job *j, const struct route *r, const struct act *a)
{
	const char *where = a->address.family || a->host.n ? job_where(j, a) : "";
	struct finding *f = report(j, r->index, job_text(j, "%.*s %.*s", (int)span_cut(a->name, 30).n, (const char *)a->name.p,
					       (int)span_cut(a->user, 40).n, (const char *)a->user.p),
				   SEV_MEDIUM, 0.85, a->user, a->secret);
	if (!f)
		return;
	const struct act *steps[] = { a, NULL };
	f->title = job_text(j, "%s uses a fixed password with %.*s%s%s", r->file->path, (int)span_cut(a->name, 40).n,
			    (const char *)a->name.p, *where ? " for " : "", where);
	job_observe(j, f, a);
	job_chain(j, f, steps);
}

static bool overlap(struct span part, struct span secret)
{
	enum { LEAST_PART = 4 };
	bool inside = part.n >= LEAST_PART && part.n <= secret.n && memmem(secret.p, secret.n, part.p, part.n);
	return inside || span_starts(part, secret);
}

/* Base64 that was made at run time may be of settings: only what stands in the file as it is sent counts. */
static bool is_made(const struct act *a, struct span secret)
{
	struct records args = a->call && record_has(a->call, FWC_ARGS) ? a->call->v[FWC_ARGS].records : (struct records){ 0 };
	for (uint32_t i = 0; i < args.n; i++) {
		const struct record *arg = args.v[i];
		struct records parts = record_has(arg, ARG_PARTS) ? arg->v[ARG_PARTS].records : (struct records){ 0 };
		if (span_is(record_get_text(arg, ARG_ORIGIN), "decoded"))
			return true;
		for (uint32_t k = 0; k < parts.n; k++)
			if (!span_is(record_get_text(parts.v[k], PART_ORIGIN), "constant") &&
			    overlap(record_get_text(parts.v[k], PART_TEXT), secret))
				return true;
	}
	return false;
}

/* The user that was named on the way, and not that of anonymous FTP (RFC 1635), where PASS is followed by a
 * greeting. */
static struct span user_named(const struct route *r)
{
	static const char *const anonymous[] = { "anonymous", "ftp\r", "\r" };
	struct span user = { 0 };
	for (uint32_t i = 0; i < r->n; i++) {
		if (!span_starts(r->v[i]->path, SPAN_LIT("USER ")))
			continue;
		user = span_from(r->v[i]->path, 5);
		for (size_t k = 0; k < ARRAY_LEN(anonymous); k++)
			if (span_starts(user, span_str(anonymous[k])))
				return (struct span){ 0 };
	}
	size_t n = 0;
	while (n < user.n && user.p[n] > ' ')
		n++;
	return span_cut(user, n);
}

/* user:password behind Base64 that was made at run time (RFC 7617 2). What the program had from outside would show the
 * marks of its source, "Zq" and two letters more. Empty: it is none, or not all of it is constant. */
static struct span basic_account(struct job *j, struct span text)
{
	uint8_t out[128];
	size_t n = 0;
	while (n < text.n && text.p[n] > ' ')
		n++;
	struct span plain = span_of(out, base64_decode(span_cut(text, n), out, sizeof(out)));
	if (!span_is_shown(plain) || !memchr(out, ':', plain.n) || span_has(plain, "Zq"))
		return (struct span){ 0 };
	return span_str(job_text(j, "%.*s", (int)plain.n, (const char *)plain.p));
}

/* PASS secret (RFC 959), Authorization: Basic … (RFC 7617) in what is sent. */
static void sent(struct job *j, const struct route *r, const struct act *a)
{
	static const char *const marks[] = { "PASS ", "Authorization: Basic " };
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		size_t n = strlen(marks[i]), at = 0;
		while (at + n < a->path.n && memcmp(a->path.p + at, marks[i], n) != 0)
			at++;
		struct span rest = at + n < a->path.n ? span_from(a->path, at + n) : (struct span){ 0 };
		size_t len = 0, blanks = 0;
		while (len < rest.n && rest.p[len] >= ' ')
			blanks += rest.p[len++] == ' ';
		if (blanks > 1)                  /* six words: a one-time password (RFC 2289) */
			continue;
		struct span secret = span_cut(rest, len), user = !i ? user_named(r) : (struct span){ 0 };
		bool constant = i == 0 ? user.n != 0 : !is_made(a, secret);
		struct span account = i && !constant ? basic_account(j, secret) : (struct span){ 0 };
		const uint8_t *colon = account.n ? memchr(account.p, ':', account.n) : NULL;
		if (colon) {
			user = span_cut(account, (size_t)(colon - account.p));
			secret = span_from(account, user.n + 1);
		}
		/* An address as password is the habit of anonymous FTP (RFC 1635). */
		if (secret.n < LEAST_SECRET || source_in(secret).n || secret.p[0] == '%' ||
		    (memchr(secret.p, '@', secret.n) && !colon) || (!constant && !colon))
			continue;
		struct act shown = *a;
		shown.text = span_str(job_text(j, "%.*s(\"%s***\")", (int)span_cut(a->name, 40).n,
					       (const char *)a->name.p, marks[i]));
		shown.blanked = true;
		struct finding *f = report(j, r->index, job_text(j, "send %s", marks[i]), SEV_MEDIUM, 0.85,
					   user, secret);
		if (!f)
			continue;
		const struct act *steps[] = { &shown, NULL };
		f->title = job_text(j, "%s logs in with a fixed password of %zu characters", r->file->path, secret.n);
		job_chain(j, f, steps);
	}
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->v[i]->kind == ACT_COMPARE && r->v[i]->secret.n && r->v[i]->source.n)
			compared(j, r, (int)i);
		if (r->v[i]->kind == ACT_CREDENTIAL)
			used(j, r, r->v[i]);
		if (r->v[i]->kind == ACT_SEND)
			sent(j, r, r->v[i]);
	}
}

/* ---- files ---- */

/* Private keys are fw.private-key's, accounts fw.weak-account's. */
static void keys(struct job *j, const struct scene_file *f, uint32_t index)
{
	if (!span_has(span_str(f->path), "authorized_keys") || !span_has(span_cut(f->content, 65536), "ssh-"))
		return;
	struct finding *found = report(j, index, "authorized key", SEV_MEDIUM, 0.8, (struct span){ 0 }, (struct span){ 0 });
	if (found)
		found->title = job_text(j, "%s lets the holder of a fixed key log in", f->path);
}

/* ---- settings ---- */

enum { SETTINGS_TOLD = 8 };

static struct act line_of(struct job *j, const struct settings_secret *o)
{
	return (struct act){ .kind = ACT_CREDENTIAL, .name = SPAN_LIT("setting"), .line = o->line, .blanked = true,
			     .text = span_str(job_text(j, "%.*s = ***", (int)span_cut(o->key, 60).n, (const char *)o->key.p)) };
}

/* One finding a file: its lines are the steps. */
static void settings(struct job *j, const struct scene_file *f, uint32_t index)
{
	const struct act *steps[SETTINGS_TOLD + 1] = { NULL };
	struct act lines[SETTINGS_TOLD];
	struct settings_secrets s;
	struct settings_secret first = { 0 }, o;
	unsigned n = 0, digests = 0;
	for (settings_secrets_begin(&s, f); settings_secrets_next(&s, &o); n++) {
		first = n ? first : o;
		digests += o.digest;
		if (n < SETTINGS_TOLD) {
			lines[n] = line_of(j, &o);
			steps[n] = &lines[n];
		}
	}
	bool hashed = digests == n;
	struct finding *found = n ? report(j, index, "settings", hashed ? SEV_LOW : SEV_MEDIUM, hashed ? 0.6 : 0.7, first.user,
					   first.value)
				  : NULL;
	if (!found)
		return;
	found->title = n > 1 ? job_text(j, "%s holds %u passwords%s", f->path, n, hashed ? ", hashed" : " in clear")
			     : job_text(j, "%s holds a password%s: %.*s", f->path, hashed ? ", hashed" : " in clear",
					(int)span_cut(first.key, 60).n, (const char *)first.key.p);
	job_extra(j, found, OBS_TRAITS, "line of a settings file");
	job_chain(j, found, steps);
}

/* ---- databases ---- */

struct ledger {
	struct job *j;
	const struct scene_file *file;
	uint32_t index;
	unsigned told;
};

static bool is_named(struct span name, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_has_alike(name, words[i]))
			return true;
	return false;
}

static struct span user_of(const struct database_table *t, const struct span *values)
{
	static const char *const words[] = { "user", "login", "account", "name" };
	for (size_t w = 0; w < ARRAY_LEN(words); w++)
		for (unsigned i = 0; i < t->ncolumns; i++)
			if (values[i].n && is_named(t->columns[i], &words[w], 1) && !secret_is_named(t->columns[i]))
				return values[i];
	return (struct span){ 0 };
}

static void hold(struct ledger *l, const struct database_table *t, struct span column, struct span user,
		 struct span secret, uint64_t row)
{
	enum { TOLD = 16 };
	bool digest = secret_is_digest(secret);
	if (secret_is_none(secret) || l->told++ >= TOLD)
		return;
	struct finding *f = report(l->j, l->index,
				   job_text(l->j, "row %.*s.%.*s %llu", (int)span_cut(t->name, 30).n, (const char *)t->name.p,
					    (int)span_cut(column, 30).n, (const char *)column.p, (unsigned long long)row),
				   digest ? SEV_LOW : SEV_MEDIUM, digest ? 0.6 : 0.75, user, secret);
	if (!f)
		return;
	f->title = job_text(l->j, "%s holds a password%s in its table %.*s", l->file->path, digest ? ", hashed," : " in clear",
			    (int)span_cut(t->name, 40).n, (const char *)t->name.p);
	job_extra(l->j, f, OBS_TRAITS, "row of a database");
	struct act step = { .kind = ACT_CREDENTIAL, .name = SPAN_LIT("row"), .blanked = true,
			    .text = span_str(job_text(l->j, "row %llu: %.*s.%.*s = ***", (unsigned long long)row,
						      (int)span_cut(t->name, 40).n, (const char *)t->name.p,
						      (int)span_cut(column, 40).n, (const char *)column.p)) };
	const struct act *steps[] = { &step, NULL };
	job_chain(l->j, f, steps);
}

/* A column for passwords, or a row whose key is the word for one. */
static void see_row(void *ctx, const struct database_table *t, const struct span *values, uint64_t row)
{
	static const char *const keys[] = { "key", "name", "param", "item", "setting", "option", "property" };
	static const char *const rest[] = { "value", "val", "data", "content" };
	int key = -1, value = -1;
	for (unsigned i = 0; i < t->ncolumns; i++) {
		if (secret_is_named(t->columns[i]))
			hold(ctx, t, t->columns[i], user_of(t, values), values[i], row);
		key = key < 0 && is_named(t->columns[i], keys, ARRAY_LEN(keys)) ? (int)i : key;
		value = value < 0 && is_named(t->columns[i], rest, ARRAY_LEN(rest)) ? (int)i : value;
	}
	if (key >= 0 && value >= 0 && key != value && secret_is_named(values[key]))
		hold(ctx, t, values[key], (struct span){ 0 }, values[value], row);
}

static void database(struct job *j, const struct scene_file *f, uint32_t index)
{
	struct arena own;
	struct database d;
	struct ledger l = { .j = j, .file = f, .index = index };
	const struct database_reader to = { see_row, &l };
	arena_init(&own, 16 << 20);
	(void)!database_read(f->content, &own, &to, &d);
	arena_done(&own);
}

static void file(struct job *j, const struct scene_file *f, uint32_t index)
{
	if (database_is(f->content))
		database(j, f, index);
	if (settings_secrets_in(f))
		settings(j, f, index);
	if (f->kind == SCENE_KEYS)
		keys(j, f, index);
}

const struct pass pass_fixed_credential = { .rule = &rule, .route = route, .file = file };
