/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Library functions of static programs, known by what they do: on the state at main() each function is called on
 * inputs, and so is the model of each name it might have. The model stands in for the function that does the same
 * on all of them, in its result and in every byte of memory but the stack. Bounded in instructions. */
#include "fw/flow/trial.h"

enum { EACH = 12000000, ALL = 40000000, FUNCTIONS_MAX = 6000, KNOWN_MAX = 512 };
/* What the inputs are for, and with it how they are handed over. */
enum group {
	TEXTS = 1, CONVERT = 2, ADDRESS = 4, COUNTED = 8, FAMILY = 16, PRINT = 32, PRINT_N = 64, CHECK = 128, CHECK_N = 256,
	LISTED = 512, LISTED_N = 1024,
};

/* a, b texts, n number, w "ab", l a va_list of "ab" and 7, f AF_INET, 1, 7, s 64: a size */
static const struct way {
	unsigned groups, steps;
	const char *arguments;
} ways[] = {
	{ TEXTS | CONVERT | ADDRESS, SHORT, "abn" }, { COUNTED, SHORT, "ann" }, { FAMILY, SHORT, "fab" },
	{ PRINT, 4 * SHORT, "baw7" }, { PRINT_N, 4 * SHORT, "bnaw7" }, { CHECK, 4 * SHORT, "b1saw7" },
	{ CHECK_N, 4 * SHORT, "bn1saw7" }, { LISTED, 4 * SHORT, "bal" }, { LISTED_N, 4 * SHORT, "bnal" },
};

enum result { WORD, INT, SIGN, IN_ADDR, NOTHING };

static const struct candidate {
	const char *name;
	uint16_t groups;
	uint8_t result;
} candidates[] = {
	{ "strlen", TEXTS | COUNTED, WORD }, { "strnlen", COUNTED, WORD },
	{ "strcpy", TEXTS, WORD }, { "stpcpy", TEXTS, WORD }, { "strncpy", TEXTS, WORD }, { "strlcpy", TEXTS, WORD },
	{ "strcat", TEXTS, WORD }, { "strncat", TEXTS, WORD }, { "strlcat", TEXTS, WORD },
	{ "memcpy", TEXTS, WORD }, { "mempcpy", TEXTS, WORD }, { "memset", COUNTED, WORD }, { "bzero", COUNTED, NOTHING },
	{ "strchr", TEXTS, WORD }, { "strchrnul", TEXTS, WORD }, { "strrchr", TEXTS, WORD }, { "memchr", TEXTS, WORD },
	{ "strstr", TEXTS, WORD }, { "strspn", TEXTS, WORD }, { "strcspn", TEXTS, WORD },
	{ "strcmp", TEXTS, SIGN }, { "strcasecmp", TEXTS, SIGN }, { "strncmp", TEXTS, SIGN },
	{ "strncasecmp", TEXTS, SIGN }, { "memcmp", TEXTS, SIGN },
	{ "strtol", CONVERT, WORD }, { "atoi", CONVERT, INT },
	{ "inet_addr", ADDRESS, IN_ADDR }, { "inet_aton", ADDRESS, INT }, { "inet_pton", FAMILY, INT },
	{ "snprintf", PRINT_N, INT }, { "sprintf", PRINT, INT },
	{ "__snprintf_chk", CHECK_N, INT }, { "__sprintf_chk", CHECK, INT },
	{ "vsnprintf", LISTED_N, INT }, { "vsprintf", LISTED, INT },
};

/* The texts with what stands behind their end; a stands off bytes from where texts stand, so that words and ends
 * of words are met in all ways. */
struct row {
	uint16_t groups, number;
	uint8_t off, na, nb;
	const char *a, *b;
};
#define ROW(groups, off, a, b, number) { groups, number, off, sizeof(a "\0") - 1, sizeof(b "\0") - 1, a "\0", b "\0" }

static const struct row rows[] = {
	ROW(TEXTS | CONVERT | ADDRESS, 0, "192.0.2.7", "Abc\0defghij", 10),
	ROW(FAMILY, 0, "192.0.2.7", "Abc", 0),
	ROW(COUNTED, 0, "192.0.2.7", "", 4),
	ROW(PRINT | PRINT_N, 0, "%s:%d", "Abc", 64),
	ROW(CHECK | CHECK_N, 0, "%s:%d", "Abc", 64),
	ROW(LISTED | LISTED_N, 0, "%s:%d", "Abc", 64),
	/* Who is still there may take longer. A bit of everything, and little of it. */
	ROW(TEXTS, 0, "", "", 7),
	ROW(TEXTS, 0, "b", "a", 1),
	ROW(TEXTS, 0, "", "a", 1),
	ROW(TEXTS, 0, "a", "", 1),
	ROW(TEXTS, 0, "abc", "abd", 3),
	ROW(TEXTS, 0, "abc", "abd", 2),
	ROW(TEXTS, 0, "abc", "xyz", 0),
	ROW(TEXTS, 0, "AB", "ab", 2),
	ROW(TEXTS, 0, "a[", "A{", 2),
	ROW(TEXTS, 0, "a\0x", "a\0y", 3),
	ROW(TEXTS, 0, "\x80", "\x7f", 1),
	ROW(TEXTS, 0, "abc", "abcdef", 4),
	ROW(TEXTS, 0, "abcdef", "abc", 4),
	ROW(TEXTS, 0, "12345", "Abc\0def", 2),
	ROW(TEXTS, 0, "12345", "Abc\0def", 3),
	ROW(TEXTS, 0, "12345", "Abcdef", 2),
	ROW(TEXTS, 0, "12", "Abc", 1),
	ROW(TEXTS, 0, "a0b0c", "", 2),
	ROW(TEXTS, 0, "abc", "", 3),
	ROW(TEXTS, 0, "abc0", "", 3),
	ROW(TEXTS, 0, "abc0", "", 4),
	ROW(TEXTS, 0, "192.0.2.7", ".2", 0),
	ROW(TEXTS, 0, "abcab", "ab", 0),
	ROW(TEXTS, 0, "abc", "ac", 0),
	ROW(TEXTS, 0, "abABab", "BA", 0),
	ROW(TEXTS, 0, "hello world", "olleh", 9),
	/* Longer than a word, or four, from any place of one. */
	ROW(TEXTS, 1, "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyZ", 26),
	ROW(TEXTS, 3, "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyZ", 25),
	ROW(TEXTS, 2, "0123456789abcdef0123456789abcdef:0123.456789.abcdef", "0123456789abcdef0123456789abcdef", 32),
	ROW(TEXTS, 0, "0123456789abcdefg", "0123456789abcdeF\xff", 17),
	ROW(TEXTS, 1, "x", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef012", 64),
	ROW(TEXTS, 0, "the quick brown fox jumps over the lazy dog and the quick brown cat", "the quick brown cat", 20),
	ROW(TEXTS, 0, "the quick brown fox jumps over the lazy dog and the quick brown cat",
	    "jumps over the lazy dog and the quick", 20),
	ROW(TEXTS, 0, "the quick brown fox jumps over the lazy dog and the quick brown cat",
	    "jumps over the lazy dog and the quick browN", 20),
	ROW(TEXTS, 3, "x0123456789abcdef0123456789abcdefx0123456789abcdef0123456789abcdef0123",
	    "0123456789abcdef0123456789abcdef0", 20),
	ROW(CONVERT | ADDRESS, 0, "nowhere", "", 10),
	ROW(CONVERT | ADDRESS, 0, "-5", "", 10),
	ROW(CONVERT | ADDRESS, 0, "1fz", "", 16),
	ROW(CONVERT | ADDRESS, 1, "", "", 10),
	ROW(CONVERT, 0, " 42 ", "", 10),
	ROW(CONVERT, 0, "0x1F", "", 0),
	ROW(CONVERT, 0, "+17", "", 8),
	ROW(ADDRESS, 1, "255.255.255.254", "Abc", 0),
	ROW(ADDRESS, 0, "256.0.0.10", "Abc", 0),         /* musl has written what was right so far */
	ROW(ADDRESS, 0, "1.2.3.4.5", "Abc", 0),
	ROW(FAMILY, 0, "nowhere", "Abc", 0),
	ROW(FAMILY, 3, "198.51.100.99", "Abc", 0),
	ROW(FAMILY, 0, "10.0.0.256", "Abc", 0),
	ROW(COUNTED, 0, "192.0.2.7", "", 0),
	ROW(COUNTED, 1, "192.0.2.7", "", 33),
	ROW(COUNTED, 2, "", "", 5),
	ROW(PRINT_N | CHECK_N | LISTED_N, 0, "%s:%d", "Abc", 3),
	ROW(PRINT_N | CHECK_N | LISTED_N, 0, "%s:%d", "Abc", 0),
	ROW(PRINT | PRINT_N | CHECK | CHECK_N | LISTED | LISTED_N, 1, "<%-4s|%03d%%", "Abc", 40),
};

enum { FIRST_ROWS = 6 };

/* EINVAL or ERANGE in a word that was zero: errno, which C libraries set for what is no number, or do not (POSIX
 * strtol: "may fail"). The models have none. */
static bool is_errno(const struct trial *t, uint32_t at, uint8_t byte)
{
	enum { EINVAL_ = 22, ERANGE_ = 34 };
	return t->converts && (byte == EINVAL_ || byte == ERANGE_) && guest_number(&t->m->g, at & ~3u, 4) == 0;
}

/* A number for the bytes that are not what they were when the input was ready; memory is rolled back. */
static bool effect(struct trial *t, uint64_t *out)
{
	struct guest *g = &t->m->g;
	unsigned n = 0;
	uint64_t addr, bytes, sum = 0;
	bool all = true;
	for (size_t mark = guest_mark(g); mark > t->ready;) {
		mark = guest_store_before(g, mark, &addr, &bytes);
		for (uint64_t i = 0; i < bytes && addr - AT_STACK >= STACK_BYTES && all; i++) {
			all = n < CHANGED_MAX;
			if (all) {
				t->changed[n].at = (uint32_t)(addr + i);
				t->changed[n++].byte = *guest_bytes(g, addr + i, 1);
			}
		}
	}
	guest_rollback(g, t->ready);
	for (unsigned i = 0; i < n; i++) {       /* a byte that was stored twice differs once */
		if (*guest_bytes(g, t->changed[i].at, 1) == t->changed[i].byte
		    || is_errno(t, t->changed[i].at, t->changed[i].byte))
			continue;
		guest_put_number(g, t->changed[i].at, t->changed[i].byte, 1, SHADE_NONE);
		uint64_t x = ((uint64_t)t->changed[i].at << 8 | t->changed[i].byte) * 0x9e3779b97f4a7c15;
		sum += (x ^ x >> 29) * 0xbf58476d1ce4e5b9;
	}
	guest_rollback(g, t->ready);
	*out = sum;
	return all;
}

/* The head of a va_list whose register areas are used up; where it is a mere pointer, that. On the stack: what
 * becomes of it when it was used is nobody's business (ISO C17 7.16). */
static uint64_t list_put(struct machine *m, uint64_t words)
{
	struct guest *g = &m->g;
	unsigned size = g->wide ? 8 : 4;
	switch (m->cpu->va) {
	case VA_POINTER:
	case VA_POINTER_PACKED:
		break;
	case VA_X86_64:
		guest_put_number(g, LIST, 48, 4, SHADE_NONE);
		guest_put_number(g, LIST + 4, 176, 4, SHADE_NONE);
		guest_put_pointer(g, LIST + 8, words);
		return LIST;
	case VA_AARCH64:
		guest_put_pointer(g, LIST, words);
		return LIST;
	case VA_PPC:
		guest_put_number(g, LIST, 0x08080000, 4, SHADE_NONE);
		guest_put_pointer(g, LIST + size, words);
		return LIST;
	}
	return words;
}

/* Lays out the input of a row; returns how many arguments hand it over. */
static unsigned layout(struct trial *t, const struct row *r, const char *letters, uint64_t v[ARGUMENTS_MAX])
{
	struct guest *g = &t->m->g;
	uint64_t words = LIST + 64;
	unsigned size = g->wide ? 8 : 4, n = 0;
	trial_begin(t);
	guest_write(g, TEXT1 + r->off, span_of(r->a, r->na), SHADE_NONE);
	guest_write(g, TEXT2, span_of(r->b, r->nb), SHADE_NONE);
	guest_write(g, TEXT3, SPAN_LIT("ab\0"), SHADE_NONE);
	guest_put_pointer(g, words, TEXT3);
	guest_put_number(g, words + size, 7, size, SHADE_NONE);
	uint64_t list = list_put(t->m, words);
	t->ready = guest_mark(g);
	for (; letters[n]; n++) {
		switch (letters[n]) {
		case 'a': v[n] = TEXT1 + r->off; break;
		case 'b': v[n] = TEXT2; break;
		case 'w': v[n] = TEXT3; break;
		case 'n': v[n] = r->number; break;
		case 'l': v[n] = list; break;
		case 'f': v[n] = 2; break;
		case 's': v[n] = 64; break;
		default: v[n] = (uint64_t)(letters[n] - '0'); break;
		}
	}
	return n;
}

static int sign(uint64_t v)
{
	return ((int32_t)v > 0) - ((int32_t)v < 0);
}

static bool same_result(const struct machine *m, uint8_t kind, uint64_t function, uint64_t model)
{
	uint8_t shade;
	const char *name;
	uint32_t v4 = m->g.big ? (uint32_t)model : __builtin_bswap32((uint32_t)model);
	switch (kind) {
	case WORD:
		return m->cpu->wide ? function == model : (uint32_t)function == (uint32_t)model;
	case SIGN:
		return sign(function) == sign(model);
	case IN_ADDR:                            /* the model has an address for what is none */
		return (uint32_t)function == (address_means(m, v4, &shade, &name) ? UINT32_MAX : (uint32_t)model);
	case NOTHING:
		return true;
	default:
		return (uint32_t)function == (uint32_t)model;
	}
}

/* The model of a name on the input that is laid out, against what the function did with it. */
static bool model_agrees(struct trial *t, const struct candidate *c, unsigned n, const uint64_t *v)
{
	struct machine *m = t->m;
	const struct model *model = model_find(span_str(c->name));
	uint64_t instructions = m->instructions, changes;
	trial_arguments(t, n, v);
	m->callee = span_str(c->name);
	uint64_t ret = model->run(m, model);
	m->instructions = instructions;
	return effect(t, &changes) && changes == t->effect && same_result(m, c->result, t->ret, ret);
}

/* Takes out of `left`, a bit a candidate, those that do otherwise with a row. */
static uint64_t row_try(struct trial *t, const struct row *r, const struct way *w, uint64_t left)
{
	uint64_t v[ARGUMENTS_MAX], asked = 0;
	for (unsigned i = 0; i < ARRAY_LEN(candidates); i++)
		if (candidates[i].groups & r->groups & w->groups)
			asked |= 1ull << i;
	if (!(asked & left))
		return left;
	unsigned n = layout(t, r, w->arguments, v);
	t->converts = r->groups & (CONVERT | ADDRESS);
	unsigned steps = r < rows + FIRST_ROWS ? w->steps : 4 * SHORT;
	if (!trial_call(t, steps, n, v) || !effect(t, &t->effect))
		return left & ~asked;
	for (unsigned i = 0; i < ARRAY_LEN(candidates); i++)
		if (asked & left & 1ull << i && !model_agrees(t, &candidates[i], n, v))
			left &= ~(1ull << i);
	return left;
}

static const char *table_function(struct trial *t)
{
	uint64_t left = (1ull << ARRAY_LEN(candidates)) - 1;
	for (unsigned r = 0; r < ARRAY_LEN(rows); r++)
		for (unsigned w = 0; w < ARRAY_LEN(ways) && left; w++)
			left = row_try(t, &rows[r], &ways[w], left);
	for (unsigned i = 0; i < ARRAY_LEN(candidates); i++)
		if (left & 1ull << i)     /* what prints goes through pointers everywhere */
			return quiet_rest(t->m, t->f, trial_run(t), candidates[i].groups < CONVERT) ? candidates[i].name : NULL;
	return NULL;
}

/* The environment of a path holds one name; see entry_stack() in run.c. */
static const char *environment(struct trial *t)
{
	struct guest *g = &t->m->g;
	trial_begin(t);
	guest_write(g, TEXT1, SPAN_LIT("PATH\0"), SHADE_NONE);
	if (!trial_call(t, SHORT, 1, (const uint64_t[]){ TEXT1 }) || !t->ret
	    || !span_is(guest_text(g, t->ret, 64), "/bin:/sbin"))
		return NULL;
	guest_write(g, TEXT1, SPAN_LIT("PAT\0"), SHADE_NONE);
	return trial_call(t, SHORT, 1, (const uint64_t[]){ TEXT1 }) && !t->ret && quiet_rest(t->m, t->f, trial_run(t), true)
		     ? "getenv"
		     : NULL;
}

enum { EAI_NONAME_ = -2 };
/* getaddrinfo() of nothing, and of a numeric host and service (RFC 3493 section 6.1). Capacities of struct
 * addrinfo are the CPU's. */
static const char *resolver(struct trial *t)
{
	struct guest *g = &t->m->g;
	static const uint8_t want[6] = { 0, 80, 192, 0, 2, 7 };
	unsigned size = g->wide ? 8 : 4;
	trial_begin(t);
	if (!trial_call(t, SHORT, 4, (const uint64_t[]){ 0, 0, 0, TEXT3 }) || (int32_t)t->ret != EAI_NONAME_)
		return NULL;
	trial_begin(t);
	guest_write(g, TEXT1, SPAN_LIT("192.0.2.7\0"), SHADE_NONE);
	guest_write(g, TEXT2, SPAN_LIT("80\0"), SHADE_NONE);
	guest_put_number(g, TEXT3, 4 | 0x400, 4, SHADE_NONE);    /* AI_NUMERICHOST, AI_NUMERICSERV */
	guest_put_number(g, TEXT3 + 4, 2, 4, SHADE_NONE);
	guest_put_number(g, TEXT3 + 8, t->m->cpu->machine == EM_MIPS_ ? 2 : 1, 4, SHADE_NONE);
	if (!trial_call(t, LONG, 4, (const uint64_t[]){ TEXT1, TEXT2, TEXT3, TEXT3 + 0x100 }) || (uint32_t)t->ret != 0)
		return NULL;
	uint64_t info = guest_pointer(g, TEXT3 + 0x100);
	for (unsigned at = 16 + size; info && at <= 16 + 2 * size; at += size) {      /* BSD and glibc differ in order */
		const uint8_t *to = guest_bytes(g, guest_pointer(g, info + at), 8);
		if (to && memcmp(to + 2, want, sizeof(want)) == 0)
			return "getaddrinfo";
	}
	return NULL;
}

/* Cheap ones of all functions first, so that the instructions last; then rounds of those that need a stream. */
static const char *(*const tries[])(struct trial *) = { wrapper_function, table_function, environment, resolver,
	stream_opener, heap_giver };

struct known {
	uint32_t function;
	const char *name;
};

struct knowledge {
	struct known v[KNOWN_MAX];
	unsigned n;
};

static bool is_known(const struct knowledge *k, uint32_t function)
{
	for (unsigned i = 0; i < k->n; i++)
		if (k->v[i].function == function)
			return true;
	return false;
}

static void try_all(struct trial *t, struct knowledge *k, const char *(*way)(struct trial *))
{
	struct machine *m = t->m;
	uint32_t most = t->spent + EACH < ALL ? t->spent + EACH : ALL;
	for (uint32_t i = 0; i < m->code.nfunctions && i < FUNCTIONS_MAX && k->n < KNOWN_MAX && t->spent < most; i++) {
		t->f = &m->code.functions[i];
		bool no = t->f->module || t->f->tried || t->f->addr == m->probe_main || is_known(k, i);
		const char *name = no ? NULL : way(t);
		if (name)
			k->v[k->n++] = (struct known){ i, name };
	}
}

/* The model's stub in place of the first instruction: it returns to the caller. */
static void stand_in(struct machine *m, const struct function *f, const char *name)
{
	uint64_t stub = machine_stub(m, span_str(name));
	size_t n = m->cpu->machine == EM_MIPS_ ? 8 : m->cpu->arch == UC_ARCH_X86 ? 1 : 4;
	struct span leave = f->thumb ? SPAN_LIT("\x70\x47") : span_of(m->cpu->leave, n);
	guest_write(&m->g, f->addr, leave, SHADE_NONE);
	/* What was translated when it was tried. To flush all of it touches the emulator's whole buffer, a gigabyte. */
	(void)uc_ctl_remove_cache(m->uc, (uint64_t)f->addr, (uint64_t)f->addr + leave.n);
	addrmap_put(&m->block_at, f->addr, 0);   /* start-up met it as code */
	addrmap_put(&m->recognised, f->addr, (uint32_t)((stub - AT_STUBS) / STUB_STEP) + 1);
}

void machine_recognise(struct machine *m)
{
	size_t mark = guest_mark(&m->g);
	struct trial t = { .m = m, .mark = mark };
	struct knowledge k = { .n = 0 };
	if (uc_context_alloc(m->uc, &t.base) != UC_ERR_OK)
		return;
	uc_context_save(m->uc, t.base);
	for (unsigned i = 0; i < ARRAY_LEN(tries); i++)
		try_all(&t, &k, tries[i]);
	for (unsigned i = 0; heap_begin(&t, i); i++)
		try_all(&t, &k, heap_function);
	if (t.tools.ntakers)
		try_all(&t, &k, heap_taker);
	unsigned rounds = stream_begin(&t) ? STREAM_ROUNDS : 0;
	for (t.round = 0; t.round < rounds; t.round++)
		try_all(&t, &k, stream_function);
	guest_rollback(&m->g, mark);
	uc_context_restore(m->uc, t.base);
	uc_context_free(t.base);
	for (unsigned i = 0; i < k.n; i++) {
		struct function *f = &m->code.functions[k.v[i].function];
		if (!heap_is_whole(&t, k.v[i].name))
			continue;
		stand_in(m, f, k.v[i].name);
		f->tried = f->reached = f->returns = true;
	}
	if (k.n)
		machine_note(m, "%u library functions known by what they do", k.n);
}

bool recognised_asks(struct machine *m, const struct block *b)
{
	static const char *const own[] = { "LD_",	  "LC_",	 "LANG",    "GLIBC_",	      "MALLOC_",
					   "GCONV_",	  "NLSPATH",	 "LOCPATH", "OUTPUT_CHARSET", "TZ",
					   "RES_OPTIONS", "LOCALDOMAIN", "RESOLV_", "HOSTALIASES",    "POSIXLY_CORRECT",
					   "GETCONF_DIR", "LIBC_" };
	if (b->addr >= AT_STUBS || !span_is(b->stub->name, "getenv"))
		return false;
	struct span name = arg_text(m, 0);
	for (unsigned i = 0; i < ARRAY_LEN(own); i++)
		if (span_starts(name, span_str(own[i])))
			return true;
	return false;
}
