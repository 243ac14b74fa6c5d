/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials and what became of them, conversation by conversation. */
#include "detect/login.h"

#include "base/scope.h"

static struct login_plan plan_new(const struct record_type *t)
{
	struct login_plan p = {
		.type = t, .user = record_type_field(t, "user"), .password = record_type_field(t, "password"),
		.community = record_type_field(t, "community"), .pair = record_type_field(t, "authorization"),
		.empty = record_type_field(t, "password_empty"), .open = record_type_field(t, "no_password"),
		.anonymous = record_type_field(t, "anonymous"),
		.accepted = record_type_field(t, "accepted"),
	};
	int *const tokens[] = { &p.user, &p.password, &p.community, &p.pair };
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		if (*tokens[i] >= 0 && t->fields[*tokens[i]].privacy != SECRET)
			*tokens[i] = -1;
		if (*tokens[i] >= 0)
			p.secrets |= UINT64_C(1) << *tokens[i];
	}
	return p;
}

static const struct login_plan *plan_of(struct login_book *b, const struct record_type *t)
{
	for (unsigned i = 0; i < b->nplans; i++)
		if (b->plans[i].type == t)
			return &b->plans[i];
	unsigned i = b->nplans < LOGIN_PLANS ? b->nplans++ : LOGIN_PLANS - 1;
	b->plans[i] = plan_new(t);
	return &b->plans[i];
}

static bool has(const struct record *r, int field)
{
	return field >= 0 && record_has(r, (unsigned)field);
}

static uint64_t number(const struct record *r, int field)
{
	return field >= 0 ? record_get_uint(r, (unsigned)field) : 0;
}

static struct login *row_of(struct login_book *b, const struct record *r)
{
	struct login *l = &b->rows[r->at->flow % LOGINS];
	if (l->flow != r->at->flow)
		*l = (struct login){ .flow = r->at->flow, .protocol = r->type->name };
	return l;
}

static bool same(const struct token *a, const struct token *b)
{
	return a->len == b->len && memcmp(a->hash, b->hash, TOKEN_HASH) == 0;
}

/* FTP sends the name alone first; SNMP and HTTP repeat theirs with each message, which is one attempt. */
static enum login_event tried(struct login *l, const struct login_plan *p, const struct record *r)
{
	struct login now = *l;
	now.user = has(r, p->user) ? record_get_token(r, (unsigned)p->user) : l->user;
	now.password = has(r, p->password) ? record_get_token(r, (unsigned)p->password) : (struct token){ 0 };
	now.pair = has(r, p->pair) ? record_get_token(r, (unsigned)p->pair) : (struct token){ 0 };
	now.community = has(r, p->community) ? record_get_token(r, (unsigned)p->community) : (struct token){ 0 };
	now.empty = number(r, p->empty) != 0;
	now.anonymous = has(r, p->anonymous) ? number(r, p->anonymous) != 0 : l->anonymous;
	bool whole = now.password.len || now.pair.len || now.community.len || now.empty;
	bool again = l->tried && (now.pair.len || now.community.len) && same(&now.pair, &l->pair) &&
		     same(&now.community, &l->community);
	if (again)
		return LOGIN_NOTHING;
	now.tried = whole;
	now.outcome = LOGIN_UNKNOWN;
	now.note = 0;
	now.at = *r->at;
	now.attempts += whole;
	*l = now;
	return whole ? LOGIN_TRIED : LOGIN_NOTHING;
}

/* An agent that does not know the community stays silent (RFC 1157 §4.1), so an answer with it tells. */
static enum login_outcome outcome(const struct login_plan *p, const struct record *r)
{
	if (number(r, p->open))
		return LOGIN_ACCEPTED;
	if (has(r, p->accepted))
		return number(r, p->accepted) ? LOGIN_ACCEPTED : LOGIN_REFUSED;
	if (r->at->to_server)
		return LOGIN_UNKNOWN;
	return has(r, p->community) ? LOGIN_ACCEPTED : LOGIN_UNKNOWN;
}

enum login_event login_saw(struct login_book *b, const struct record *r, struct login **out)
{
	const struct login_plan *p = plan_of(b, r->type);
	if (!r->at || !r->at->flow || (!p->secrets && p->accepted < 0))
		return LOGIN_NOTHING;
	enum login_outcome o = outcome(p, r);
	if (o == LOGIN_UNKNOWN && (r->set & p->secrets)) {
		*out = row_of(b, r);
		return tried(*out, p, r);
	}
	if (o == LOGIN_UNKNOWN)
		return LOGIN_NOTHING;
	struct login *l = row_of(b, r);          /* also when nothing but the outcome is seen, as of challenges */
	if (l->outcome == o)
		return LOGIN_NOTHING;
	l->outcome = o;
	l->empty |= number(r, p->open) != 0;
	*out = l;
	return LOGIN_JUDGED;
}

bool login_is_interactive(const char *protocol)
{
	static const char *const ways[] = {
		"telnet", "ssh", "ftp", "rlogin", "vnc", "rdp", "http", "smb",
	};
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (strcmp(protocol, ways[i]) == 0)
			return true;
	return false;
}

const char *login_outcome_name(enum login_outcome o)
{
	switch (o) {
	case LOGIN_ACCEPTED: return "let in";
	case LOGIN_REFUSED: return "refused";
	case LOGIN_UNKNOWN: break;
	}
	return "outcome not seen";
}
