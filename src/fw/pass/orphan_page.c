/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.orphan-page: pages and CGI programs that a web server offers, and requests that a program answers, whose names
 * stand in no other page, script or text of the image. */
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"
#include "fw/pass/privileged.h"

enum {
	NAMES = 2048, NAME_MOST = 64, REPORTED = 64, TABLE = 8192, PROBES = 64, READ_MOST = 8 << 20,
	STEMS_MOST = 256 << 20,
};

static const struct rule rule = {
	.id = "fw.orphan-page",
	.title = "A page or a command of the device's web server stands in no menu",
	.cause = "open door",
	.sees = "A page or a CGI program below a folder of the web server, whose name stands in no other file of the image, "
		"while others are linked; or a path that a program compares requests with and that no page names. Start pages and "
		"error pages are left out. It is noted; low when it is a program, medium when that program runs commands or opens "
		"a service.",
	.why = "What no menu shows is not in the manual, is not tested, and is not missed when it is closed. Test pages of "
	       "developers and doors for service lie in such places, often without the log-in of the others.",
	.wrong = "A menu may be put together from parts of names, or come from the maker's own software on another machine. "
		 "A page may be left over and harmless.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_CLOSE_PORT,
		  "Ask the maker what the page does, whether it asks for a log-in, and why nothing leads to it.", ADVICE_RECHECK,
		  NULL },
	.attack = { "T0866", NULL },
	.cwe = { "CWE-912", "CWE-425", NULL },
};

struct name {                                    /* what somebody should mention */
	struct span base, text;
	uint32_t file;                           /* of the page, or of the program that knows the request */
	const struct record *call;               /* a request: where it is compared; NULL: a file */
	bool program, mentioned;
};

struct web {
	struct name v[NAMES];
	uint16_t table[TABLE];                   /* open addressing: index + 1 */
	uint32_t n, pages, linked;
	size_t searched;                         /* bytes, for stems */
};

static uint32_t hash_of(struct span s)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 16777619u;
	return h;
}

static bool is_tail(struct span base, const char *tail)
{
	size_t n = strlen(tail);
	return base.n > n && span_is(span_from(base, base.n - n), tail);
}

static bool is_any_tail(struct span base, const char *const *tails)
{
	for (; *tails; tails++)
		if (is_tail(base, *tails))
			return true;
	return false;
}

/* The server's folders by their usual names; manuals are documents themselves. */
static bool is_served(struct span path)
{
	static const char *const roots[] = { "www/",	     "htdocs/",	  "webroot/",	"wwwroot/", "web/",
					     "webs/",	     "webpages/", "webui/",	"html/",    "httpd/",
					     "public_html/", "cgi-bin/",  "home/httpd/" };
	static const char *const manuals[] = {
		"/doc/", "/docs/", "/manual/", "/man/", "/help/", "/examples/", "/javascript/",
	};
	for (size_t i = 0; i < ARRAY_LEN(manuals); i++)
		if (memmem(path.p, path.n, manuals[i], strlen(manuals[i])))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		const uint8_t *at = memmem(path.p, path.n, roots[i], strlen(roots[i]));
		if (at && (at == path.p || at[-1] == '/'))
			return true;
	}
	return false;
}

/* Nobody needs to link these. */
static bool is_entry(struct span base)
{
	static const char *const starts[] = {
		"index.", "default.", "home.", "main.", "start.", "40", "50", "error", "robots",
	};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (span_starts(base, span_str(starts[i])))
			return true;
	return false;
}

static const char *const page_tails[] = { ".html", ".htm", ".shtml", ".xhtml", NULL };
static const char *const program_tails[] = { ".cgi", ".php", ".asp", ".aspx", ".jsp", ".fcgi", NULL };

static bool is_word_byte(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool is_plain_name(struct span s)
{
	size_t n = 0;
	while (n < s.n && is_word_byte(s.p[n]))
		n++;
	return s.n >= 3 && s.n <= NAME_MOST && n == s.n;
}

/* The next of that name; NULL: no more. probe counts from 0; names that somebody made collide are few. */
static struct name *name_next(struct web *w, struct span base, uint32_t *probe)
{
	uint32_t hash = hash_of(base);
	for (; *probe < PROBES; ++*probe) {
		uint16_t k = w->table[(hash + *probe) % TABLE];
		if (!k)
			return NULL;
		if (span_eq(w->v[k - 1].base, base)) {
			++*probe;
			return &w->v[k - 1];
		}
	}
	return NULL;
}

static void name_add(struct web *w, struct name n)
{
	if (w->n == NAMES || !is_plain_name(n.base))
		return;
	uint32_t hash = hash_of(n.base), probe = 0;
	while (probe < PROBES && w->table[(hash + probe) % TABLE])
		probe++;
	if (probe == PROBES)
		return;
	w->v[w->n++] = n;
	w->table[(hash + probe) % TABLE] = (uint16_t)w->n;
}

static void pages_add(struct web *w, const struct scene *s)
{
	for (uint32_t i = 0; i < s->nfiles; i++) {
		struct span path = span_str(s->files[i].path), base = path_base(path);
		bool program = is_any_tail(base, program_tails) || span_starts(path, SPAN_LIT("cgi-bin/")) ||
			       memmem(path.p, path.n, "/cgi-bin/", 9);
		if (is_served(path) && (program || is_any_tail(base, page_tails)) && !is_entry(base) && s->files[i].content.n)
			name_add(w, (struct name){ .base = base, .text = path, .file = i, .program = program });
	}
	w->pages = w->n;
}

/* A path with which a program compares what a request holds. */
static struct span request_of(const struct record *call)
{
	struct records args = record_has(call, FWC_ARGS) ? call->v[FWC_ARGS].records : (struct records){ 0 };
	struct span constant = { 0 };
	bool asked = false;
	for (uint32_t i = 0; i < args.n && i < 2; i++) {
		struct span source = record_get_text(args.v[i], ARG_SOURCE), text = record_get_text(args.v[i], ARG_TEXT);
		asked |= source_is_network(source);
		if (!source.n && text.n > 3 && text.p[0] == '/')
			constant = text;
	}
	return asked ? constant : (struct span){ 0 };
}

static void requests_add(struct web *w, const struct scene *s)
{
	for (uint32_t i = 0; i < s->nprograms; i++)
		for (uint32_t k = 0; k < s->programs[i].ncalls; k++) {
			const struct record *call = s->programs[i].calls[k];
			struct span path = span_is(record_get_text(call, FWC_CLASS), "compare") ? request_of(call) : (struct span){ 0 };
			struct span base = path_base(path);
			uint32_t at = 0;
			if (path.n && !is_entry(base) && !name_next(w, base, &at))
				name_add(w, (struct name){ .base = base, .text = path, .file = s->programs[i].file, .call = call });
		}
}

static void mention(struct web *w, struct span word, uint32_t by, bool is_program)
{
	uint32_t at = 0;
	for (struct name *n; (n = name_next(w, word, &at));)
		if (n->file != by && !(n->call && is_program))
			n->mentioned = true;
}

/* Every word of a file; a name without its tail counts where it stands between quotes: scripts put the tail on. */
static void read_words(struct web *w, struct span s, uint32_t by, bool is_program)
{
	size_t from = 0;
	s = span_cut(s, READ_MOST);
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && is_word_byte(s.p[i]))
			continue;
		struct span word = span_from(span_cut(s, i), from);
		from = i + 1;
		while (word.n && word.p[word.n - 1] == '.')
			word.n--;
		if (word.n >= 3 && word.n <= NAME_MOST)
			mention(w, word, by, is_program);
	}
}

static bool stem_is_quoted(struct web *w, const struct scene *s, const struct name *n)
{
	const uint8_t *dot = memrchr(n->base.p, '.', n->base.n);
	struct span stem = span_cut(n->base, dot ? (size_t)(dot - n->base.p) : n->base.n);
	for (uint32_t i = 0; i < s->nfiles; i++) {
		struct span path = span_str(s->files[i].path), left = span_cut(s->files[i].content, 1 << 18);
		if (i == n->file || !is_served(path) || s->files[i].kind == SCENE_PROGRAM)
			continue;
		w->searched += left.n;
		if (w->searched > STEMS_MOST)
			return true;             /* not looked for: nothing is said */
		for (const uint8_t *at; left.n && (at = memmem(left.p, left.n, stem.p, stem.n));) {
			size_t where = (size_t)(at - left.p), end = where + stem.n;
			bool before = where && (left.p[where - 1] == '"' || left.p[where - 1] == '\'' || left.p[where - 1] == '/');
			if (before && end < left.n && (left.p[end] == '"' || left.p[end] == '\''))
				return true;
			left = span_from(left, where + 1);
		}
	}
	return false;
}

/* Whether what nobody mentions runs commands. */
static bool runs_commands(struct job *j, const struct scene_file *f, uint32_t index)
{
	static const char *const calls[] = { "system(", "shell_exec(", "passthru(", "popen(", "proc_open(", "eval(", "exec(" };
	const struct scene *s = job_scene(j);
	for (uint32_t i = 0; i < s->nprograms; i++)
		for (uint32_t k = 0; s->programs[i].file == index && k < s->programs[i].ncalls; k++)
			if (span_is(record_get_text(s->programs[i].calls[k], FWC_CLASS), "run"))
				return true;
	struct span text = span_cut(f->content, 1 << 18);
	for (size_t i = 0; i < ARRAY_LEN(calls) && f->kind == SCENE_OTHER; i++)
		if (memmem(text.p, text.n, calls[i], strlen(calls[i])))
			return true;
	if (f->kind != SCENE_SCRIPT)
		return false;
	struct acts *acts = job_acts(j);
	acts->n = 0;
	acts_of_shell(acts, text, NULL);
	for (size_t i = 0; i < acts->n; i++)
		if (act_is_privileged(&acts->v[i]) || acts->v[i].kind == ACT_COPY)
			return true;
	return false;
}

static void report(struct job *j, const struct name *n)
{
	const struct scene_file *file = &job_scene(j)->files[n->file];
	bool runs = !n->call && n->program && runs_commands(j, file, n->file);
	enum severity severity = n->call || !n->program ? (n->call ? SEV_LOW : SEV_INFO) : runs ? SEV_MEDIUM : SEV_LOW;
	struct finding *f = job_finding(j, &rule, n->file, "%.*s", (int)span_cut(n->text, 90).n, (const char *)n->text.p);
	if (!f || !job_judge(j, f, severity, 0.6))
		return;
	struct act step = { .kind = ACT_OTHER, .name = n->call ? record_get_text(n->call, FWC_CALLEE) : SPAN_LIT("file"),
			    .text = n->text, .call = n->call, .site = n->call ? record_get_uint(n->call, FWC_SITE) : 0 };
	const struct act *steps[] = { &step, NULL };
	if (n->call)
		f->title = job_text(j, "%s answers requests for %.*s, which no page of the image names", file->path,
				    (int)span_cut(n->text, 100).n, (const char *)n->text.p);
	else
		f->title = job_text(j, "%s is offered by the web server and named by nothing else in the image%s", file->path,
				    runs ? "; it runs commands" : "");
	job_observe(j, f, &step);
	record_text(f->observed, OBS_PATH, n->text);
	job_chain(j, f, steps);
}

static void end(struct job *j)
{
	const struct scene *s = job_scene(j);
	struct web *w = mem_new(sizeof(*w));
	pages_add(w, s);
	if (w->pages)
		requests_add(w, s);
	for (uint32_t i = 0; i < s->nfiles && w->n; i++)
		read_words(w, s->files[i].content, i, s->files[i].kind == SCENE_PROGRAM);
	for (uint32_t i = 0; i < w->n; i++)
		w->linked += w->v[i].mentioned && !w->v[i].call;
	/* Where nothing is linked there is no menu that a page could be missing from. */
	for (uint32_t i = 0, told = 0; i < w->n && w->linked && told < REPORTED; i++)
		if (!w->v[i].mentioned && !stem_is_quoted(w, s, &w->v[i])) {
			report(j, &w->v[i]);
			told++;
		}
	free(w);
}

const struct pass pass_orphan_page = { .rule = &rule, .end = end };
