/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who goes through a text from outside, character by character, and asks of what kind each is: of a table, by both ends
 * of a range, or by a list of characters.
 * Tables are known by what stands in them, <ctype.h> of whatever C library is linked in and a program's own: all digits
 * are of one kind, so are the letters of either case, and none of them is of the kind of what a shell takes for
 * its own. */
#include "fw/flow/look.h"

#include "base/ascii.h"

#include <ctype.h>

enum { LAST = 'z', LIBRARY_FIRST = 128 };
/* What was asked for. Who asks for letters of one case alone makes them those of the other. */
enum kinds { DIGITS = 1, UPPER = 2, LOWER = 4, ANY = 8, LISTED = 16 };

static const char alike[][24] = {
	"0123456789", "GHIJKLMNOPQRSTUVWXYZ", "ABCDEF", "ghijklmnopqrstuvwxyz", "abcdef", ";&`$<>\"'",
};

static bool same(const uint8_t *e, unsigned width, unsigned a, unsigned b)
{
	return memcmp(e + a * width, e + b * width, width) == 0;
}

static bool is_table(const uint8_t *e, unsigned width)
{
	if (!same(e, width, '0', '9') || same(e, width, '0', ';') || same(e, width, 'M', ';') || same(e, width, 'm', ';'))
		return false;
	for (unsigned k = 0; k < ARRAY_LEN(alike); k++)
		for (unsigned i = 1; alike[k][i]; i++)
			if (!same(e, width, (uint8_t)alike[k][0], (uint8_t)alike[k][i]))
				return false;
	return true;
}

/* Where in memory the character may have been loaded from: a register, or a word near the top of the stack, points
 * to it or to one of its neighbours. Marks repeat, so there may be several such places. */
static unsigned characters_at(const struct machine *m, uint8_t c, uint32_t found[GONE_MAYBE])
{
	enum { STACK_LOOKED = 256 };
	unsigned size = m->cpu->wide ? 8 : 4, n = 0;
	uint64_t sp = reg_get(m, m->cpu->sp);
	for (unsigned i = 0; i < CPU_GENERAL + STACK_LOOKED / size; i++) {
		uint64_t v = i >= CPU_GENERAL ? guest_pointer(&m->g, sp + (uint64_t)(i - CPU_GENERAL) * size)
					  : cpu_general(m->cpu, i) ? reg_get(m, cpu_general(m->cpu, i)) : 0;
		for (int k = 0; v > 0x1000 && k < 3 && n < GONE_MAYBE; k++) {
			uint64_t at = v + (k == 0 ? 0 : k == 1 ? -1ull : 1ull);
			const uint8_t *b = guest_bytes(&m->g, at, 1);
			if (b && *b == c && source_at(m, at))
				found[n++] = (uint32_t)at;
		}
	}
	return n;
}

/* The place that follows one of those of the character before; or else the first. 0: there is none. */
static uint32_t character_at(struct machine *m, uint8_t c)
{
	struct gone *w = &m->gone;
	uint32_t found[GONE_MAYBE] = { 0 }, at = 0;
	unsigned n = characters_at(m, c, found);
	for (unsigned i = 0; i < n && !at; i++)
		for (unsigned k = 0; k < w->nmaybe && !at; k++)
			at = found[i] == w->maybe[k] + 1 ? found[i] : 0;
	if (at && w->n)
		w->at = at - 1;
	w->nmaybe = (uint8_t)n;
	memcpy(w->maybe, found, sizeof(found));
	return at ? at : n ? found[0] : 0;
}

static bool is_enough(uint8_t kinds)
{
	return kinds & (DIGITS | ANY) || (kinds & (UPPER | LOWER)) == (UPPER | LOWER);
}

/* What this function has asked of this source, on whatever path. */
static struct asks *asks_of(struct machine *m, uint8_t shade)
{
	uint32_t function = m->frame ? m->frame->function : 0;
	for (unsigned i = 0; i < m->nasks; i++)
		if (m->asks[i].function == function && m->asks[i].shade == shade)
			return &m->asks[i];
	if (m->nasks == ARRAY_LEN(m->asks))
		return NULL;
	m->asks[m->nasks] = (struct asks){ .function = function, .shade = shade };
	return &m->asks[m->nasks++];
}

static void tell(struct machine *m, uint32_t site, uint8_t shade)
{
	m->gone.told = true;
	call_compare_kind(m, site, shade);
}

/* What stands behind an escape is asked for to be decoded. */
static bool is_escaped(struct gone *w, uint32_t at)
{
	if (at == w->escape)
		w->escaped = 0;
	if (w->n == 0 && at == w->at)
		return true;
	if (w->escaped == 0)
		return false;
	w->escaped--;
	w->at = at;
	return true;
}

/* The block that runs leads back to itself. */
static bool goes_round(struct machine *m)
{
	enum { BLOCKS = 32 };
	uint32_t found[BLOCKS];
	unsigned n = 0;
	if (!m->prev)
		return false;
	const struct block *b = &m->blocks[m->prev - 1];
	found[n++] = b->addr;
	for (unsigned i = 0; i < n; i++) {
		struct turn t = code_block(&m->code, found[i], b->thumb);
		uint32_t next[] = { t.kind == TURN_JUMP || t.conditional ? t.target : 0, t.next };
		for (unsigned k = 0; k < ARRAY_LEN(next); k++) {
			unsigned known = 0;
			while (known < n && found[known] != next[k])
				known++;
			if (next[k] && next[k] == b->addr)
				return true;
			if (next[k] && known == n && n < BLOCKS)
				found[n++] = next[k];
		}
	}
	return false;
}

/* One after the other: the text is gone through, as who lets only some characters pass does. Blanks at its ends are
 * asked for by everybody. */
static void kind_asked(struct machine *m, uint32_t site, uint32_t at, uint8_t kinds)
{
	enum { ENOUGH = 2 };
	struct gone *w = &m->gone;
	uint8_t shade = source_at(m, at);
	if (w->told || !shade || is_escaped(w, at))
		return;
	struct asks *asks = asks_of(m, shade);
	if (!asks)
		return;
	bool again = at == w->at && shade == w->shade, next = at == w->at + 1 && shade == w->shade;
	w->n = again ? w->n : next ? (uint8_t)(w->n + 1) : 1;
	w->at = at;
	w->shade = shade;
	asks->kinds |= kinds;
	if ((is_enough(asks->kinds) && (w->n >= ENOUGH || goes_round(m))) || kinds & LISTED)
		tell(m, site, shade);
}

static void character_asked(struct machine *m, uint8_t c, uint8_t kinds)
{
	uint32_t at = m->starting || m->gone.told ? 0 : character_at(m, c);
	if (at)
		kind_asked(m, m->frame ? m->blocks[m->prev ? m->prev - 1 : 0].addr : 0, at, kinds);
}

void kind_of_character(struct machine *m, uint8_t c)
{
	character_asked(m, c, ANY);
}

/* Characters that a shell takes for its own; who asks for two of them, and not only for those that part the words of a
 * request, wants none of them. */
static const char shells[] = "|`$;&<>()'\"\n";

static uint16_t shell_bit(uint8_t c)
{
	const char *hit = c ? strchr(shells, c) : NULL;
	if (!hit)
		return 0;
	return (uint16_t)(1u << (hit - shells));
}

static bool is_shell_list(uint16_t bits)
{
	enum { STRONG = 7 };
	return bits & STRONG && bits & (bits - 1);
}

/* Of all that may pass, or of what may not. */
static bool is_list(struct span list)
{
	enum { MANY = 10, CHARACTERS = 128 };
	uint16_t bits = 0;
	size_t letters = 0;
	if (list.n > CHARACTERS)         /* a text that is searched, not a list */
		return false;
	for (size_t i = 0; i < list.n; i++) {
		bits |= shell_bit(list.p[i]);
		letters += isalnum(list.p[i]) != 0;
	}
	return letters >= MANY || is_shell_list(bits);
}

void kind_listed(struct machine *m, uint64_t text, struct span list)
{
	uint8_t shade = source_of_text(m, text);
	if (shade && !m->gone.told && is_list(list))
		tell(m, m->call_site, shade);
}

void kind_in_list(struct machine *m, struct span list, uint8_t c)
{
	if (is_list(list))
		character_asked(m, c, LISTED);
}

void kind_searched(struct machine *m, uint64_t text, uint8_t c)
{
	struct gone *w = &m->gone;
	uint8_t shade = shell_bit(c) ? source_of_text(m, text) : 0;
	if (!shade || w->told)
		return;
	w->searched = (shade == w->search_shade ? w->searched : 0) | shell_bit(c);
	w->search_shade = shade;
	if (is_shell_list(w->searched))
		tell(m, m->call_site, shade);
}

/* From one character to another: all digits, or letters, and perhaps neighbours that part words; nothing of a
 * shell's. */
static uint8_t range_of(uint8_t from, uint8_t end)
{
	static const struct {
		char least, first, last, most;   /* most: where the end is asked for as `less` */
		uint8_t kind;
	} ranges[] = { { '*', '0', '9', ';', DIGITS }, { '?', 'A', 'F', '`', UPPER }, { 'a', 'a', 'f', '{', LOWER } };
	for (unsigned i = 0; i < ARRAY_LEN(ranges); i++)
		if (from >= ranges[i].least && from <= ranges[i].first && end >= ranges[i].last && end <= ranges[i].most)
			return ranges[i].kind;
	return 0;
}

/* One end of the digits, or of letters: as `<=` and as `<` have them. */
static uint8_t bound_of(uint8_t c, bool neighbours)
{
	static const struct {
		uint8_t first, last;
		uint8_t kind;
	} ranges[] = {
		{ '0', '9', DIGITS }, { 'A', 'Z', UPPER }, { 'a', 'z', LOWER }, { 'A', 'F', UPPER }, { 'a', 'f', LOWER }
	};
	for (unsigned i = 0; i < ARRAY_LEN(ranges); i++)
		if (c == ranges[i].first || c == ranges[i].last
		    || (neighbours && (c == ranges[i].first - 1 || c == ranges[i].last + 1)))
			return ranges[i].kind;
	return 0;
}

/* Whether the branch that ends the block goes by this compare, and asks whether both are equal. */
static bool is_equality(struct machine *m, uint32_t site)
{
	const struct turn *t = block_turn(m, m->prev);
	return t && t->conditional && t->compare == site && t->equal;
}

static uint8_t kinds_of(struct machine *m, uint32_t site, const struct seen *x, uint8_t end, bool orders)
{
	uint8_t from = (uint8_t)-x->more;
	if (from)
		return is_shell_list(shell_bit(from) | shell_bit(end)) ? LISTED : range_of(from, end);
	if (!orders && is_equality(m, site))
		return 0;
	return bound_of(end, orders);
}

void kind_compared(struct look *l, uint32_t site, const struct seen *x, uint64_t with, bool orders)
{
	enum { DECODED = 2 };                    /* characters of %XX */
	struct machine *m = l->m;
	uint8_t c = (uint8_t)(x->v - x->more), end = (uint8_t)(with - x->more);
	uint8_t kinds = kinds_of(m, site, x, end, orders);
	kinds |= x->folded && kinds & (UPPER | LOWER) ? UPPER | LOWER : 0;
	uint16_t bit = x->more ? 0 : shell_bit(end);
	if (m->starting || m->gone.told || m->probe.on || x->mask || (!kinds && !bit && end != '%'))
		return;
	uint32_t at = x->from[0] && source_at(m, x->from[0]) && !x->from[1] ? x->from[0] : character_at(m, c);
	if (!at && x->folded)
		at = character_at(m, isupper(c) ? (uint8_t)tolower(c) : (uint8_t)toupper(c));
	if (!at)
		return;
	if (end == '%' && m->gone.n == 0) {
		m->gone.escape = at;
		m->gone.escaped = DECODED;
	}
	m->gone.listed = (at == m->gone.listed_at ? m->gone.listed : 0) | bit;
	m->gone.listed_at = at;
	if (is_shell_list(m->gone.listed))
		kinds = LISTED;
	if (kinds)
		kind_asked(m, site, at, kinds);
}

static bool classes_add(struct machine *m, uint32_t at, unsigned width)
{
	if (m->nclasses == ARRAY_LEN(m->classes))
		return false;
	m->classes[m->nclasses++] = (struct class_table){ .at = at, .width = (uint8_t)width };
	return true;
}

/* Tables among n bytes that a module has from its file; a hostile one may claim hundreds of megabytes of zeros
 * behind. */
static bool classes_find(struct machine *m, uint32_t at, uint64_t n)
{
	const uint8_t *p = guest_bytes(&m->g, at, n);
	for (unsigned width = 1; p && width <= 4; width *= 2)
		for (uint64_t i = -at & (width - 1); i + (LAST + 1) * width <= n; i += width)
			if (is_table(p + i, width) && !classes_add(m, at + (uint32_t)i, width))
				return false;
	return true;
}

static void classes_of(struct machine *m, const struct module *mod)
{
	for (unsigned i = 0; i < mod->elf.nsegments; i++) {
		const struct elf_segment *s = &mod->elf.segments[i];
		uint64_t n = s->filesz < s->memsz ? s->filesz : s->memsz;
		n = n < mod->elf.file.n ? n : mod->elf.file.n;
		if (s->type == 1 && !classes_find(m, (uint32_t)(s->addr + mod->bias), n))
			return;
	}
}

/* The constants among the operands of an instruction as it is written: "w0, #0xd, 0x400654". */
static unsigned constants_of(const cs_insn *i, uint64_t v[4])
{
	unsigned n = 0;
	for (struct rd r = rd_of(span_str(i->op_str)); rd_left(&r) && n < 4;) {
		struct span word = span_strip(rd_piece(&r, ','), " #");
		char *end, text[24];
		if (word.n == 0 || word.n >= sizeof(text) || word.p[0] < '0' || word.p[0] > '9')
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)word.n, (const char *)word.p);
		v[n] = strtoull(text, &end, 0);
		n += *end == 0;
	}
	return n;
}

/* The bits of a word that an instruction keeps or tests; 0: it does no such thing. */
static uint64_t bits_tested(const cs_insn *i, bool thumb)
{
	enum { TOP = 31 };
	uint64_t v[4] = { 0 };
	unsigned n = constants_of(i, v);
	const char *name = i->mnemonic;
	bool ands = strncmp(name, "and", 3) == 0 || strncmp(name, "test", 4) == 0 || strncmp(name, "tst", 3) == 0;
	bool field = strcmp(name, "ubfx") == 0 || strcmp(name, "ext") == 0;
	if (ands && n >= 1)
		return v[n - 1];
	if (strncmp(name, "tb", 2) == 0 && n == 2 && v[0] <= TOP)        /* AArch64: bit, target */
		return (uint64_t)1 << v[0];
	if (field && n == 2 && v[0] <= TOP && v[1] == 1)
		return (uint64_t)1 << v[0];
	if (thumb && strncmp(name, "lsl", 3) == 0 && n == 1 && v[0] >= TOP / 2 && v[0] <= TOP)
		return (uint64_t)1 << (TOP - v[0]);                      /* into the sign */
	if (strncmp(name, "rlwinm", 6) == 0 && n == 3 && v[0] <= TOP && v[1] == v[2] && v[1] <= TOP)
		return (uint64_t)1 << ((TOP - v[1] + 32 - v[0]) & TOP);
	return 0;
}

/* What the block that reads the table at addr asks: of which bits of the entry. All: it is not seen, or no part
 * is meant. */
static uint64_t bits_asked(struct machine *m, const struct block *b, unsigned into)
{
	enum { BEHIND = 4 };                     /* a branch by a bit may be a block of its own */
	unsigned shift = 0;
	for (uint64_t at = b->addr; at < b->end + BEHIND && code_decode(&m->code, at, b->thumb); at += m->code.insn->size) {
		const cs_insn *i = m->code.insn;
		uint64_t bits = bits_tested(i, b->thumb), by[4];
		if (bits && bits != UINT8_MAX)   /* that makes a character of an int */
			return bits << (shift + (m->g.big ? 0 : 8 * into));
		bool loads = strpbrk(i->op_str, "[("),
		     right = strncmp(i->mnemonic, "lsr", 3) == 0 || strncmp(i->mnemonic, "srl", 3) == 0;
		if (loads || (right && constants_of(i, by) == 1))
			shift = loads || by[0] > 15 ? 0 : (unsigned)by[0];
	}
	return UINT64_MAX;
}

/* Whether what is asked for tells letters or digits from what a shell takes for its own: blanks, and all that can be
 * printed, do not. */
static bool parts_them(const struct machine *m, const struct class_table *t, uint64_t bits)
{
	bool shell = guest_number(&m->g, t->at + ';' * (uint64_t)t->width, t->width) & bits;
	for (unsigned k = 0; k + 1 < ARRAY_LEN(alike); k++) {
		uint64_t v = guest_number(&m->g, t->at + (uint64_t)(uint8_t)alike[k][0] * t->width, t->width);
		if (bits == UINT64_MAX || ((v & bits) != 0) != shell)
			return true;
	}
	return false;
}

static void table_asked(struct machine *m, const struct class_table *t, uint64_t addr)
{
	enum { PARTS = 1, PARTS_NOT };
	struct block *b = m->prev ? &m->blocks[m->prev - 1] : NULL;
	if (b && !b->asks)
		b->asks = parts_them(m, t, bits_asked(m, b, (unsigned)((addr - t->at) % t->width))) ? PARTS : PARTS_NOT;
	if (!b || b->asks == PARTS)
		kind_of_character(m, (uint8_t)((addr - t->at) / t->width));
}

static void on_kind(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value, void *ctx)
{
	(void)uc;
	(void)type;
	(void)size;
	(void)value;
	struct machine *m = ctx;
	for (unsigned i = 0; i < m->nclasses && !m->probe.on; i++) {
		const struct class_table *t = &m->classes[i];
		if (addr - t->at < (LAST + 1u) * t->width) {
			table_asked(m, t, addr);
			return;
		}
	}
}

bool classes_watch(struct machine *m)
{
	m->nclasses = 0;
	classes_add(m, AT_CTYPE + LIBRARY_FIRST * 2, 2);
	for (unsigned i = 0; i < m->code.nmodules; i++)
		classes_of(m, &m->code.modules[i]);
	bool ok = true;
	for (unsigned i = 0; i < m->nclasses && ok; i++) {
		uc_hook h;
		uint64_t from = m->classes[i].at, to = from + (LAST + 1u) * m->classes[i].width - 1;
		ok = uc_hook_add(m->uc, &h, UC_HOOK_MEM_READ, (void *)(uintptr_t)on_kind, m, from, to) == UC_ERR_OK;
	}
	return ok;
}
