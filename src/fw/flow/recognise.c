/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Library functions of static programs, known by what they do: each function is called on inputs whose results are
 * known, on the state at main(), and the model stands in for the one that gives them all. Several inputs each, one that
 * must fail among them; what a function wrote besides its result counts against it. Bounded in instructions. */
#include "fw/flow/machine.h"

enum { SHORT = 1500, LONG = 60000, ALL = 12000000, FUNCTIONS_MAX = 6000, KNOWN_MAX = 512 };
/* In the cells, behind those of data objects. TEXT2 ends in '.': as a character it is one of TEXT1. */
enum { ROOM = AT_CELLS + 0x10000, ROOM_BYTES = 0x1000, TEXT1 = ROOM + 0x100, TEXT2 = ROOM + 0x42e, TEXT3 = ROOM + 0x800 };

struct trial {
	struct machine *m;
	uc_context *base;
	size_t mark;
	const struct function *f;
	uint64_t ret;
	uint32_t spent;
};

#define GIVE(t, at, text) guest_write(&(t)->m->g, at, SPAN_LIT(text "\0"), SHADE_NONE)
#define IS(t, at, text) (memcmp(guest_bytes(&(t)->m->g, at, sizeof(text)), text, sizeof(text)) == 0)

static bool call(struct trial *t, uint32_t steps, unsigned n, const uint64_t *v)
{
	struct machine *m = t->m;
	m->probe = (struct probe){ .on = true, .max = steps, .low = ROOM, .high = ROOM + ROOM_BYTES };
	(void)uc_context_restore(m->uc, t->base);
	machine_arguments(m, n, v, AT_STUBS);
	reg_set(m, m->cpu->callee, t->f->addr);
	(void)uc_emu_start(m->uc, t->f->addr | t->f->thumb, 0xffffffff, 0, 0);
	m->probe.on = false;
	t->spent += m->probe.steps;
	t->ret = reg_get(m, m->cpu->ret);
	return m->probe.returned;
}

/* The function with two texts and a number; what it wrote before is forgotten. */
#define ASK(t, a, b, n) (guest_rollback(&(t)->m->g, (t)->mark), GIVE(t, TEXT1, a), GIVE(t, TEXT2, b), \
	call(t, SHORT, 3, (const uint64_t[]){ TEXT1, TEXT2, n }))

static int number(const struct trial *t)
{
	return (int32_t)t->ret;
}

static int asked(struct trial *t, bool returned)
{
	return returned ? number(t) : INT32_MIN;
}

/* memcmp, strncmp, strcmp and those that ignore case; the first call gave less than 0. */
static const char *comparison(struct trial *t)
{
	if (asked(t, ASK(t, "same", "same", 4)) != 0 || asked(t, ASK(t, "b", "a", 1)) <= 0
	    || asked(t, ASK(t, "", "a", 1)) >= 0)
		return NULL;
	bool folds = asked(t, ASK(t, "AB", "ab", 2)) == 0;
	bool counts = asked(t, ASK(t, "abc", "abd", 2)) == 0;
	bool ends = asked(t, ASK(t, "a\0x", "a\0y", 3)) == 0;
	if (asked(t, ASK(t, "abc", "abd", 3)) >= 0 || (!ends && (folds || !counts)))
		return NULL;
	if (!ends)
		return "memcmp";
	return folds ? counts ? "strncasecmp" : "strcasecmp" : counts ? "strncmp" : "strcmp";
}

static const char *copier(struct trial *t)
{
	if (IS(t, TEXT1, "Abc\0defghi"))
		return ASK(t, "12345", "Abc\0def", 2) && IS(t, TEXT1, "Ab345") ? "memcpy" : NULL;
	if (IS(t, TEXT1, "Abc\0\0\0\0\0\0"))
		return ASK(t, "12345", "Abcdef", 2) && IS(t, TEXT1, "Ab345") ? "strncpy" : NULL;
	if (IS(t, TEXT1, "192.0.2.7Abc"))
		return ASK(t, "12", "Abc", 1) && IS(t, TEXT1, "12Abc") ? "strcat" : IS(t, TEXT1, "12A") ? "strncat" : NULL;
	if (IS(t, TEXT1, "Abc"))
		return ASK(t, "12345", "Abc", 2) && IS(t, TEXT1, "Abc\0""5") ? "strcpy" : NULL;
	return NULL;
}

static const char *finder(struct trial *t)
{
	if (t->ret == TEXT1 + 7)
		return ASK(t, "a.b.c", "", 2) && t->ret == TEXT1 + 3 && ASK(t, "abc", "", 3) && !t->ret ? "strrchr" : NULL;
	if (!ASK(t, "abc", "", 3) || t->ret || !ASK(t, "abc.", "", 2))
		return NULL;
	return t->ret == TEXT1 + 3 ? "strchr" : t->ret ? NULL : "memchr";
}

static const char *converter(struct trial *t)
{
	bool end = guest_pointer(&t->m->g, TEXT2) == TEXT1 + 3;
	if (end)
		return asked(t, ASK(t, "1fz", "", 16)) == 31 && asked(t, ASK(t, "-5", "", 10)) == -5
			&& asked(t, ASK(t, "x", "", 10)) == 0 ? "strtol" : NULL;
	return IS(t, TEXT2, "Abc") && asked(t, ASK(t, "-5", "", 16)) == -5 && asked(t, ASK(t, "x", "", 0)) == 0 ? "atoi" : NULL;
}

static const char *text_function(struct trial *t)
{
	static const uint8_t address[4] = { 192, 0, 2, 7 };
	struct guest *g = &t->m->g;
	if (!ASK(t, "192.0.2.7", "Abc\0defghij", 10))
		return NULL;
	bool clean = t->m->probe.foreign == 0;
	uint64_t v4 = g->big ? 0xc0000207 : 0x070200c0;
	if ((uint32_t)t->ret == v4)
		return number(t) && ASK(t, "nowhere", "", 0) && (uint32_t)t->ret == UINT32_MAX ? "inet_addr" : NULL;
	if (number(t) == 1 && memcmp(guest_bytes(g, TEXT2, 4), address, 4) == 0)
		return asked(t, ASK(t, "nowhere", "", 0)) == 0 ? "inet_aton" : NULL;
	if (number(t) == 192)
		return converter(t);
	if (!clean)
		return NULL;
	if (number(t) == 9 && IS(t, TEXT2, "Abc"))
		return asked(t, ASK(t, "", "", 7)) == 0 && asked(t, ASK(t, "ab", "abc", 1)) == 2 ? "strlen" : NULL;
	if (t->ret == TEXT1)
		return copier(t);
	if (t->ret == TEXT1 + 3 || t->ret == TEXT1 + 7)
		return IS(t, TEXT1, "192.0.2.7") ? finder(t) : NULL;
	if (t->ret == 0)
		return ASK(t, "192.0.2.7", ".2", 0) && t->ret == TEXT1 + 5 && ASK(t, "abcab", "ab", 0) && t->ret == TEXT1
			&& ASK(t, "abc", "ac", 0) && !t->ret ? "strstr" : NULL;
	return number(t) < 0 && IS(t, TEXT1, "192.0.2.7") && IS(t, TEXT2, "Abc") ? comparison(t) : NULL;
}

static bool asked_pton(struct trial *t)
{
	return call(t, SHORT, 3, (const uint64_t[]){ 2, TEXT1, TEXT2 });
}

static const char *address_function(struct trial *t)
{
	static const uint8_t address[4] = { 192, 0, 2, 7 };
	guest_rollback(&t->m->g, t->mark);
	GIVE(t, TEXT1, "192.0.2.7");
	if (!asked_pton(t) || number(t) != 1 || memcmp(guest_bytes(&t->m->g, TEXT2, 4), address, 4) != 0)
		return NULL;
	GIVE(t, TEXT1, "nowhere");
	return asked_pton(t) && number(t) == 0 ? "inet_pton" : NULL;
}

static const char *printing(struct trial *t)
{
	guest_rollback(&t->m->g, t->mark);
	GIVE(t, TEXT1, "%s:%d");
	GIVE(t, TEXT3, "ab");
	if (call(t, 4 * SHORT, 5, (const uint64_t[]){ TEXT2, 64, TEXT1, TEXT3, 7 }) && number(t) == 4 && IS(t, TEXT2, "ab:7"))
		return call(t, 4 * SHORT, 5, (const uint64_t[]){ TEXT2, 3, TEXT1, TEXT3, 7 }) && number(t) == 4
			&& IS(t, TEXT2, "ab") ? "snprintf" : NULL;
	guest_rollback(&t->m->g, t->mark);
	GIVE(t, TEXT1, "%s:%d");
	GIVE(t, TEXT3, "ab");
	return call(t, 4 * SHORT, 4, (const uint64_t[]){ TEXT2, TEXT1, TEXT3, 7 }) && number(t) == 4 && IS(t, TEXT2, "ab:7")
		? "sprintf" : NULL;
}

/* The environment of a path holds one name; see entry_stack() in run.c. */
static const char *environment(struct trial *t)
{
	if (!ASK(t, "PATH", "", 0) || !t->ret || !guest_bytes(&t->m->g, t->ret, 11) || !IS(t, t->ret, "/bin:/sbin"))
		return NULL;
	return ASK(t, "PAT", "", 0) && !t->ret ? "getenv" : NULL;
}

/* getaddrinfo() of a numeric host and service (RFC 3493 section 6.1). Capacities of struct addrinfo are the CPU's. */
static const char *resolver(struct trial *t)
{
	struct guest *g = &t->m->g;
	static const uint8_t want[6] = { 0, 80, 192, 0, 2, 7 };
	unsigned size = g->wide ? 8 : 4;
	guest_rollback(g, t->mark);
	GIVE(t, TEXT1, "192.0.2.7");
	GIVE(t, TEXT2, "80");
	guest_put_number(g, TEXT3, 4 | 0x400, 4, SHADE_NONE);    /* AI_NUMERICHOST, AI_NUMERICSERV */
	guest_put_number(g, TEXT3 + 4, 2, 4, SHADE_NONE);
	guest_put_number(g, TEXT3 + 8, t->m->cpu->machine == EM_MIPS_ ? 2 : 1, 4, SHADE_NONE);
	if (!call(t, LONG, 4, (const uint64_t[]){ TEXT1, TEXT2, TEXT3, TEXT3 + 0x100 }) || number(t) != 0)
		return NULL;
	uint64_t info = guest_pointer(g, TEXT3 + 0x100);
	for (unsigned at = 16 + size; info && at <= 16 + 2 * size; at += size) {      /* BSD and glibc differ in order */
		const uint8_t *to = guest_bytes(g, guest_pointer(g, info + at), 8);
		if (to && memcmp(to + 2, want, sizeof(want)) == 0)
			return "getaddrinfo";
	}
	return NULL;
}

static const char *known_as(struct trial *t)
{
	static const char *(*const ways[])(struct trial *) = { text_function, address_function, environment, printing,
		resolver };
	for (unsigned i = 0; i < ARRAY_LEN(ways) && t->spent < ALL; i++) {
		const char *name = ways[i](t);
		if (name)
			return name;
	}
	return NULL;
}

/* The model's stub in place of the first instruction: it returns to the caller. */
static void stand_in(struct machine *m, const struct function *f, const char *name)
{
	uint64_t stub = machine_stub(m, span_str(name));
	size_t n = m->cpu->machine == EM_MIPS_ ? 8 : m->cpu->arch == UC_ARCH_X86 ? 1 : 4;
	struct span leave = f->thumb ? SPAN_LIT("\x70\x47") : span_of(m->cpu->leave, n);
	guest_write(&m->g, f->addr, leave, SHADE_NONE);
	addrmap_put(&m->block_at, f->addr, 0);   /* start-up met it as code */
	addrmap_put(&m->recognised, f->addr, (uint32_t)((stub - AT_STUBS) / STUB_STEP) + 1);
}

void machine_recognise(struct machine *m)
{
	struct trial t = { .m = m, .mark = guest_mark(&m->g) };
	struct { uint32_t function; const char *name; } known[KNOWN_MAX];
	unsigned n = 0;
	if (uc_context_alloc(m->uc, &t.base) != UC_ERR_OK)
		return;
	uc_context_save(m->uc, t.base);
	for (uint32_t i = 0; i < m->code.nfunctions && i < FUNCTIONS_MAX && n < KNOWN_MAX && t.spent < ALL; i++) {
		t.f = &m->code.functions[i];
		const char *name = t.f->module || t.f->addr == m->probe_main ? NULL : known_as(&t);
		if (!name)
			continue;
		known[n].function = i;
		known[n++].name = name;
	}
	guest_rollback(&m->g, t.mark);
	uc_context_restore(m->uc, t.base);
	uc_context_free(t.base);
	for (unsigned i = 0; i < n; i++) {
		struct function *f = &m->code.functions[known[i].function];
		stand_in(m, f, known[i].name);
		f->tried = f->reached = f->returns = true;
	}
	if (n)
		machine_note(m, "%u library functions known by what they do", n);
	(void)uc_ctl_flush_tlb(m->uc);
}

bool recognised_asks(struct machine *m, const struct block *b)
{
	static const char *const own[] = { "LD_", "LC_", "LANG", "GLIBC_", "MALLOC_", "GCONV_", "NLSPATH", "LOCPATH", "OUTPUT_CHARSET",
		"TZ", "RES_OPTIONS", "LOCALDOMAIN", "RESOLV_", "HOSTALIASES", "POSIXLY_CORRECT", "GETCONF_DIR", "LIBC_" };
	if (b->addr >= AT_STUBS || !span_is(b->stub->name, "getenv"))
		return false;
	struct span name = arg_text(m, 0);
	for (unsigned i = 0; i < ARRAY_LEN(own); i++)
		if (span_starts(name, span_str(own[i])))
			return true;
	return false;
}
