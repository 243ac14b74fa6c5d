/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic expansion $((…)) (POSIX.1 XCU 2.6.4: the integer operators of C without assignment). What is not
 * known, and what a shell would refuse, has no value. */
#include "fw/pass/shell_machine.h"

enum { PARENTHESES = 16, LEVELS = 10 };

struct sum {
	struct shell *s;
	struct rd in;
	unsigned depth;
	bool replaceable;
};

static void skip_blanks(struct sum *m)
{
	while (rd_left(&m->in) && (shell_is_blank(rd_peek(&m->in)) || rd_peek(&m->in) == '\n'))
		rd_skip(&m->in, 1);
}

static bool takes(struct sum *m, const char *op)
{
	struct rd ahead = m->in;
	skip_blanks(m);
	ahead = m->in;
	if (!span_is(rd_span(&ahead, strlen(op)), op))
		return false;
	m->in = ahead;
	return true;
}

/* Decimal, 0x hexadecimal, 0 octal. */
static int64_t number(struct sum *m)
{
	unsigned base = 10;
	uint64_t v = 0;
	if (rd_peek(&m->in) == '0') {
		rd_skip(&m->in, 1);
		base = 8;
		if (rd_peek(&m->in) == 'x' || rd_peek(&m->in) == 'X') {
			rd_skip(&m->in, 1);
			base = 16;
		}
	}
	while (rd_left(&m->in)) {
		uint8_t c = rd_peek(&m->in);
		int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 99;
		if (digit >= (int)base)
			break;
		v = v * base + (unsigned)digit;
		rd_skip(&m->in, 1);
	}
	return (int64_t)v;
}

/* A variable's value is a number, or it has none here. */
static int64_t variable(struct sum *m, struct span name)
{
	const struct shell_variable *v = shell_variable_find(m->s, name);
	bool parameter = !v && name.n == 1 && name.p[0] >= '0' && name.p[0] <= '9';
	const struct shell_word *w = v ? &v->value : parameter && (unsigned)(name.p[0] - '0') < m->s->nparams ?
				     &m->s->params[name.p[0] - '0'] : NULL;
	struct sum inner = { .in = rd_of(w ? w->text : (struct span){ 0 }) };
	bool negative = rd_peek(&inner.in) == '-';
	if (negative)
		rd_skip(&inner.in, 1);
	uint64_t n = w && !w->open && rd_left(&inner.in) ? (uint64_t)number(&inner) : 0;
	if (!w || w->open || !w->text.n || rd_left(&inner.in))
		rd_fail(&m->in);
	m->replaceable |= w && w->replaceable;
	return (int64_t)(negative ? 0 - n : n);
}

static int64_t level(struct sum *m, unsigned n);

static int64_t atom(struct sum *m)
{
	skip_blanks(m);
	uint8_t c = rd_peek(&m->in);
	if (c >= '0' && c <= '9')
		return number(m);
	if (m->depth++ >= PARENTHESES || !c) {
		rd_fail(&m->in);
		return 0;
	}
	int64_t v = 0;
	if (takes(m, "(")) {
		v = level(m, 0);
		if (!takes(m, ")"))
			rd_fail(&m->in);
	} else if (takes(m, "-")) {
		v = (int64_t)(0 - (uint64_t)atom(m));
	} else if (takes(m, "~")) {
		v = ~atom(m);
	} else if (takes(m, "!")) {
		v = !atom(m);
	} else if (takes(m, "+")) {
		v = atom(m);
	} else {
		bool brace = takes(m, "${");
		struct rd start = m->in;
		size_t n = 0;
		if (!brace && rd_peek(&m->in) == '$')
			rd_skip(&start, 1);
		m->in = start;
		while (rd_left(&m->in) && shell_is_name_byte(rd_peek(&m->in), false)) {
			rd_skip(&m->in, 1);
			n++;
		}
		v = n ? variable(m, rd_span(&start, n)) : 0;
		if (!n || (brace && !takes(m, "}")))
			rd_fail(&m->in);
	}
	m->depth--;
	return v;
}

enum operation {
	OR,
	AND,
	BIT_OR,
	BIT_XOR,
	BIT_AND,
	EQUAL,
	UNEQUAL,
	LESS_EQUAL,
	MORE_EQUAL,
	LEFT,
	RIGHT,
	LESS,
	MORE,
	PLUS,
	MINUS,
	TIMES,
	DIVIDED,
	REST
};

/* From the weakest; the longer sign first where one begins another. */
static const struct {
	const char *sign;
	unsigned level;
	enum operation op;
} operators[] = {
	{ "||", 0, OR }, { "&&", 1, AND }, { "|", 2, BIT_OR }, { "^", 3, BIT_XOR }, { "&", 4, BIT_AND }, { "==", 5, EQUAL },
	{ "!=", 5, UNEQUAL }, { "<<", 7, LEFT }, { ">>", 7, RIGHT }, { "<=", 6, LESS_EQUAL }, { ">=", 6, MORE_EQUAL },
	{ "<", 6, LESS },
	{ ">", 6, MORE }, { "+", 8, PLUS }, { "-", 8, MINUS }, { "*", 9, TIMES }, { "/", 9, DIVIDED }, { "%", 9, REST },
};

static int64_t apply(struct sum *m, enum operation op, int64_t a, int64_t b)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;
	if ((op == DIVIDED || op == REST) && (b == 0 || (a == INT64_MIN && b == -1))) {
		rd_fail(&m->in);
		return 0;
	}
	switch (op) {
	case OR: return a || b;
	case AND: return a && b;
	case BIT_OR: return a | b;
	case BIT_XOR: return a ^ b;
	case BIT_AND: return a & b;
	case EQUAL: return a == b;
	case UNEQUAL: return a != b;
	case LESS_EQUAL: return a <= b;
	case MORE_EQUAL: return a >= b;
	case LESS: return a < b;
	case MORE: return a > b;
	case LEFT: return (int64_t)(x << (y & 63));
	case RIGHT: return a >> (y & 63);
	case PLUS: return (int64_t)(x + y);
	case MINUS: return (int64_t)(x - y);
	case TIMES: return (int64_t)(x * y);
	case DIVIDED: return a / b;
	case REST: return a % b;
	}
	return 0;
}

/* The sign of this level that stands here; -1: none, or a longer one of another level. */
static int sign_at(struct sum *m, unsigned n)
{
	skip_blanks(m);
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		struct rd ahead = m->in;
		if (!span_is(rd_span(&ahead, strlen(operators[i].sign)), operators[i].sign))
			continue;
		if (operators[i].level != n)
			return -1;
		m->in = ahead;
		return (int)i;
	}
	return -1;
}

static int64_t level(struct sum *m, unsigned n)
{
	if (n == LEVELS)
		return atom(m);
	int64_t v = level(m, n + 1);
	for (int i; rd_left(&m->in) && (i = sign_at(m, n)) >= 0;)
		v = apply(m, operators[i].op, v, level(m, n + 1));
	return v;
}

bool shell_number(struct shell *s, struct span text, struct shell_word *out)
{
	struct sum m = { .s = s, .in = rd_of(text) };
	int64_t v = level(&m, 0);
	skip_blanks(&m);
	if (!rd_ok(&m.in) || rd_left(&m.in))
		return false;
	*out = (struct shell_word){ .text = span_str(arena_printf(s->arena, "%lld", (long long)v)),
				    .replaceable = m.replaceable };
	return true;
}
