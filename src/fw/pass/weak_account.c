/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.weak-account: accounts of the image that others can use: no password, one that stands in a short list of words,
 * one that is the same in every device, or a second account with all rights. Words are hashed here as the device
 * would (crypt(5)); what was found is never printed. */
#include <crypt.h>

#include "base/scope.h"
#include "fw/model/file.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.weak-account",
	.title = "An account of the firmware has no password, a fixed one, or one that anyone tries first",
	.cause = "open door",
	.sees = "An account of /etc/passwd or /etc/shadow, or of a copy of them that a device may put in their place "
		"(etc/defaults/shadow, etc/passwd.bak; one step less grave where the image has passwords in /etc too), that may "
		"log in, with an empty password field, with a hash that one "
		"of about a hundred common words, the account's own name or a published default gives (a few words only where the "
		"scheme makes each costly), with any other fixed hash (less grave), or with user number 0 beside root.",
	.why = "Every copy of this firmware has the same accounts: whoever reads one image can log in to every device that "
	       "offers any log-in, at the console or on the network.",
	.wrong = "No log-in service may be reachable, or the passwords may be set anew when the device is first started "
		 "(fw.remote-shell says what is started).",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CHANGE_SECRET, ADVICE_CLOSE_PORT, ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0812", "T0859", NULL },
	.cwe = { "CWE-521", "CWE-258", "CWE-1393", NULL },
};

static const char *const words[] = {
#define WORD(text) text,
#include "fw/pass/words.def"
#undef WORD
};

static const char *const published[] = {
#define CREDENTIAL(user, password, product, reference) password,
#define GENERIC(user, password) password,
#include "finding/credentials.def"
#undef CREDENTIAL
#undef GENERIC
};

enum { TRIES_ANY = 400, TRIES_SHA = 60, TRIES_YESCRYPT = 10, ACCOUNTS = 64, HASH_MAX = 256, BUDGET = 3000,
       FILE_MOST = 1 << 18 };

/* Guesses worth making: some schemes take milliseconds for each, by design. cost: of one, in parts of BUDGET, which is
 * what a whole file may cost. */
static size_t tries_of(struct span hash, unsigned *cost)
{
	static const struct {
		const char *head;
		size_t tries;
		unsigned cost;
	} v[] = { { "$y$", TRIES_YESCRYPT, 60 },
		  { "$gy$", TRIES_YESCRYPT, 60 },
		  { "$5$", TRIES_SHA, 10 },
		  { "$6$", TRIES_SHA, 10 },
		  { "$3$", TRIES_SHA, 1 } };
	*cost = 1;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (span_starts(hash, span_str(v[i].head))) {
			*cost = v[i].cost;
			return v[i].tries;
		}
	return TRIES_ANY;
}

/* A scheme that the image states with more rounds than usual is not tried: one guess may take minutes. */
static bool is_endless(struct span hash)
{
	return span_has(hash, "rounds=") || span_starts(hash, SPAN_LIT("$2")) || span_starts(hash, SPAN_LIT("$7$"));
}

static bool gives(struct crypt_data *work, const char *word, const char *hash)
{
	const char *made = crypt_rn(word, hash, work, (int)sizeof(*work));   /* crypt_r fails under sanitizers of gcc 12 */
	return made && strcmp(made, hash) == 0;
}

/* Whether one of the words gives it. */
static bool guess(struct span name, struct span hash, long *budget)
{
	char text[HASH_MAX], own[40];
	if (hash.n >= sizeof(text) || is_endless(hash))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)hash.n, (const char *)hash.p);
	snprintf(own, sizeof(own), "%.*s", (int)span_cut(name, 39).n, (const char *)name.p);
	struct crypt_data *work = mem_new(sizeof(*work));
	unsigned cost;
	size_t left = tries_of(hash, &cost), tried = 2;
	bool found = gives(work, own, text) || gives(work, "", text);
	for (size_t i = 0; !found && tried < left && *budget > 0 && i < ARRAY_LEN(words); i++, tried++, *budget -= cost)
		found = gives(work, words[i], text);
	for (size_t i = 0; !found && tried < left && *budget > 0 && i < ARRAY_LEN(published); i++, tried++, *budget -= cost)
		found = gives(work, published[i], text);
	free(work);
	return found;
}

static bool may_log_in(const struct account *a)
{
	return !a->shell.n || !(span_has(a->shell, "nologin") || span_has(a->shell, "/false") || span_has(a->shell, "/sync"));
}

static bool is_root(const struct account *a)
{
	return a->has_ids ? a->uid == 0 : span_is(a->name, "root");
}

struct book {                                    /* a file of accounts that is being judged */
	struct job *j;
	uint32_t index;
	long budget;
	bool spare;                              /* a copy, and the image has other passwords where a log-in looks */
	bool has_root;
};

static void tell(const struct book *b, const struct account *a, const char *what, enum severity s, const char *trait)
{
	struct job *j = b->j;
	const struct scene_file *file = &job_scene(j)->files[b->index];
	struct finding *f = job_finding(j, &rule, b->index, "%.*s %s", (int)span_cut(a->name, 40).n, (const char *)a->name.p,
					trait);
	if (!f || !job_judge(j, f, b->spare ? s - 1 : s, b->spare ? 0.7 : 0.9))
		return;
	f->title = job_text(j, "%s: the account %.*s %s%s", file->path, (int)span_cut(a->name, 40).n, (const char *)a->name.p,
			    what, accounts_are_live(span_str(file->path)) ? "" : ", once this copy is put in place");
	record_text(f->observed, OBS_USER, span_cut(a->name, 64));
	if (a->state == ACCOUNT_HASH)            /* kept as a token: the same hash in two images is the same password */
		record_text(f->observed, OBS_SECRET, a->password);
	job_extra(j, f, OBS_TRAITS, trait);
	if (a->scheme)
		job_extra(j, f, OBS_TRAITS, job_text(j, "%s hash", a->scheme));
	struct act step = { .kind = ACT_CREDENTIAL, .name = SPAN_LIT("account"), .line = a->line, .blanked = true,
			    .text = span_str(job_text(j, "%.*s:***", (int)span_cut(a->name, 40).n, (const char *)a->name.p)) };
	const struct act *steps[] = { &step, NULL };
	job_chain(j, f, steps);
}

static void judge(struct book *b, const struct account *a)
{
	bool root = is_root(a), zero = a->has_ids && a->uid == 0;
	if (zero && b->has_root && !span_is(a->name, "root") && a->state != ACCOUNT_LOCKED && may_log_in(a))
		tell(b, a, "has all rights (user number 0) beside root", SEV_MEDIUM, "second account with user number 0");
	if (!may_log_in(a))
		return;
	if (a->state == ACCOUNT_OPEN)
		tell(b, a, "needs no password", root ? SEV_HIGH : SEV_MEDIUM, "empty password");
	if (a->state != ACCOUNT_HASH)
		return;
	if (guess(a->name, a->password, &b->budget))
		tell(b, a, "has a password that stands in every list of common ones", root ? SEV_HIGH : SEV_MEDIUM,
		     "guessable password");
	else
		tell(b, a, "has a password that is the same in every device", root ? SEV_MEDIUM : SEV_LOW, "fixed password");
}

static bool read_account(struct rd *r, uint32_t *line, unsigned *n, struct account *a)
{
	return (*n)++ < ACCOUNTS && account_next(r, line, a);
}

static bool has_root(struct span content)
{
	struct rd r = rd_of(content);
	struct account a;
	uint32_t line = 0;
	for (unsigned n = 0; read_account(&r, &line, &n, &a);)
		if (span_is(a.name, "root"))
			return true;
	return false;
}

/* Whether the files that a log-in reads say of anybody how to get in. */
static bool has_live_passwords(const struct scene *s)
{
	for (uint32_t i = 0; i < s->nfiles; i++) {
		struct rd r = rd_of(span_cut(s->files[i].content, FILE_MOST));
		struct account a;
		uint32_t line = 0;
		bool live = s->files[i].kind == SCENE_ACCOUNTS && accounts_are_live(span_str(s->files[i].path));
		for (unsigned n = 0; live && read_account(&r, &line, &n, &a);)
			if (a.state == ACCOUNT_OPEN || a.state == ACCOUNT_HASH)
				return true;
	}
	return false;
}

static void file(struct job *j, const struct scene_file *f, uint32_t index)
{
	if (f->kind != SCENE_ACCOUNTS)
		return;
	struct span content = span_cut(f->content, FILE_MOST);
	struct book b = { .j = j, .index = index, .budget = BUDGET, .has_root = has_root(content),
			  .spare = !accounts_are_live(span_str(f->path)) && has_live_passwords(job_scene(j)) };
	struct rd r = rd_of(content);
	struct account a;
	uint32_t line = 0;
	for (unsigned n = 0; read_account(&r, &line, &n, &a);)
		judge(&b, &a);
}

const struct pass pass_weak_account = { .rule = &rule, .file = file };
