/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.debug-left: what developers use and a product does not need: debuggers, programs with symbols and line tables,
 * core dumps, test accounts. */
#include "fw/model/elf.h"
#include "fw/model/file.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.debug-left",
	.title = "The firmware still holds tools and traces of its development",
	.cause = "left over",
	.sees = "A debugger or tracer among the programs (gdbserver, gdb, strace, tcpdump …), programs with debug information "
		"(DWARF), properties that open Android's adb, core dumps that are written to a file or piped to a program, test "
		"accounts that may log in. Counted over the whole image.",
	.why = "Debuggers give whoever gets in all of the device's memory, patients' data included; core dumps keep it on the "
	       "device's storage.",
	.wrong = "Service versions of a firmware carry them on purpose. That they lie in the image does not say that anything "
		 "starts them.",
	.next = { ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0886", NULL },
	.cwe = { "CWE-489", "CWE-215", NULL },
};

static bool is_tool(struct span base)
{
	static const char *const tools[] = { "gdbserver", "gdb",	 "strace", "ltrace",  "tcpdump", "valgrind", "perf",
					     "adbd",	  "lldb-server", "jtagd",  "openocd", "memtool", "devmem" };
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (span_is(base, tools[i]))
			return true;
	return false;
}

static bool is_test_account(struct span name)
{
	static const char *const names[] = {
		"test", "tester", "testuser", "debug", "develop", "developer", "dev", "demo", "guest",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_is(name, names[i]))
			return true;
	return false;
}

static struct finding *left_open(struct job *j, uint32_t index, const char *key, enum severity s, const char *trait)
{
	struct finding *f = job_finding(j, &rule, index, "%s", key);
	if (!f || !job_judge(j, f, s, 0.9))
		return NULL;
	job_extra(j, f, OBS_TRAITS, trait);
	return f;
}

static void point_at(struct job *j, struct finding *f, struct span name, const char *text, unsigned line)
{
	struct act step = { .kind = ACT_OTHER, .name = name, .text = span_str(text), .line = line };
	const struct act *steps[] = { &step, NULL };
	job_chain(j, f, steps);
}

static void program(struct job *j, const struct scene_file *file, uint32_t index)
{
	struct span base = path_base(span_str(file->path));
	if (!is_tool(base))
		return;
	struct finding *f = left_open(j, index, "tool", file->boot ? SEV_MEDIUM : SEV_LOW, "debugging tool");
	if (!f)
		return;
	f->title = job_text(j, "%s, a tool of developers, lies in the image%s", file->path,
			    file->boot ? " and is started" : "");
	point_at(j, f, SPAN_LIT("file"), file->path, 0);
}

/* kernel.core_pattern in sysctl.conf, or written by a script. */
static void core_pattern(struct job *j, const struct scene_file *file, uint32_t index)
{
	struct rd r = rd_of(span_cut(file->content, 1 << 18));
	struct span line;
	for (unsigned n = 1; rd_left(&r); n++) {
		line = rd_piece(&r, '\n');
		if (!span_has(line, "core_pattern") || (line.n && line.p[0] == '#') || span_has(line, "/dev/null"))
			continue;
		struct finding *f = left_open(j, index, "core", SEV_LOW, "core dumps");
		if (!f)
			return;
		f->title = job_text(j, "%s keeps the memory of programs that crash", file->path);
		point_at(j, f, SPAN_LIT("core_pattern"),
			 job_text(j, "%.*s", (int)span_cut(line, 120).n, (const char *)line.p), n);
		return;
	}
}

/* build.prop, default.prop: what makes adb a shell for everybody. */
static void properties(struct job *j, const struct scene_file *file, uint32_t index)
{
	static const char *const open[] = { "ro.secure=0", "ro.adb.secure=0", "ro.debuggable=1", "service.adb.root=1" };
	struct rd r = rd_of(span_cut(file->content, 1 << 18));
	for (unsigned n = 1; rd_left(&r); n++) {
		struct span line = rd_piece(&r, '\n');
		while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
			line.n--;
		for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
			struct finding *f = span_is(line, open[i]) ? left_open(j, index, "property", SEV_MEDIUM, "Android for developers")
								   : NULL;
			if (!f)
				continue;
			f->title = job_text(j, "%s sets %s: whoever reaches adb gets more than a product gives", file->path, open[i]);
			point_at(j, f, SPAN_LIT("property"), open[i], n);
			return;
		}
	}
}

static void accounts(struct job *j, const struct scene_file *file, uint32_t index)
{
	struct rd r = rd_of(span_cut(file->content, 1 << 18));
	struct account a;
	uint32_t line = 0;
	while (account_next(&r, &line, &a)) {
		bool usable = a.state == ACCOUNT_OPEN || a.state == ACCOUNT_HASH;
		if (!usable || !is_test_account(a.name))
			continue;
		struct span name = span_cut(a.name, 40);
		struct finding *f = left_open(j, index, job_text(j, "account %.*s", (int)name.n, (const char *)name.p), SEV_LOW,
					      "test account");
		if (!f)
			continue;
		f->title = job_text(j, "%s: the test account %.*s may log in", file->path, (int)span_cut(a.name, 40).n,
				    (const char *)a.name.p);
		record_text(f->observed, OBS_USER, span_cut(a.name, 64));
		point_at(j, f, SPAN_LIT("account"),
			 job_text(j, "%.*s:***", (int)span_cut(a.name, 40).n, (const char *)a.name.p), line);
	}
}

static void file(struct job *j, const struct scene_file *f, uint32_t index)
{
	if (f->kind == SCENE_PROGRAM)
		program(j, f, index);
	else if (f->kind == SCENE_ACCOUNTS)
		accounts(j, f, index);
	else if (span_is(path_base(span_str(f->path)), "build.prop") || span_is(path_base(span_str(f->path)), "default.prop"))
		properties(j, f, index);
	else if (f->kind == SCENE_SCRIPT || span_has(span_str(f->path), "sysctl"))
		core_pattern(j, f, index);
}

/* Programs with line tables, one finding for the whole image: that of the first. */
static void end(struct job *j)
{
	const struct scene *s = job_scene(j);
	struct arena a;
	uint32_t first = UINT32_MAX, n = 0, programs = 0;
	arena_init(&a, 64 << 20);
	for (uint32_t i = 0; i < s->nfiles; i++) {
		struct elf e;
		if (s->files[i].kind != SCENE_PROGRAM || !elf_read(s->files[i].content, &a, &e) ||
		    (e.type != ELF_EXEC && e.type != ELF_DYN)) {
			arena_reset(&a);
			continue;
		}
		programs++;
		n += e.dwarf;
		if (e.dwarf && first == UINT32_MAX)
			first = i;
		arena_reset(&a);
	}
	arena_done(&a);
	struct finding *f = n ? left_open(j, first, "dwarf", SEV_INFO, "debug information") : NULL;
	if (!f)
		return;
	f->title = job_text(j, "%u of %u programs and libraries carry debug information, %s first", n, programs,
			    s->files[first].path);
	point_at(j, f, SPAN_LIT("sections"), ".debug_info", 0);
}

const struct pass pass_debug_left = { .rule = &rule, .file = file, .end = end };
