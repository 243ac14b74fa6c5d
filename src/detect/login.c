/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials and what became of them, conversation by conversation. */
#include "detect/login.h"

#include "base/scope.h"

static struct login_plan plan_new(const struct record_type *t)
{
	struct login_plan p = {
		.type = t, .user = record_type_field(t, "user"), .password = record_type_field(t, "password"),
		.community = record_type_field(t, "community"), .pair = record_type_field(t, "authorization"),
		.scheme = record_type_field(t, "auth_scheme"), .empty = record_type_field(t, "password_empty"),
		.anonymous = record_type_field(t, "anonymous"), .accepted = record_type_field(t, "accepted"),
		.code = record_type_field(t, "code"), .status = record_type_field(t, "status"),
		.command = record_type_field(t, "command"), .is_ftp = strcmp(t->name, "ftp") == 0,
		.is_http = strcmp(t->name, "http") == 0, .is_smb = strncmp(t->name, "smb", 3) == 0,
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

static bool text_is(const struct record *r, int field, const char *text)
{
	return field >= 0 && span_is(record_get_text(r, (unsigned)field), text);
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

static enum login_outcome ftp_outcome(const struct login_plan *p, const struct record *r)
{
	bool asked = text_is(r, p->command, "PASS") || text_is(r, p->command, "USER");
	switch (asked ? number(r, p->code) : 0) {
	case 230: case 232: return LOGIN_ACCEPTED;
	case 430: case 530: return LOGIN_REFUSED;
	default: return LOGIN_UNKNOWN;
	}
}

/* RFC 9110 §15: 401 and 403 refuse; what succeeds or leads on was let in. */
static enum login_outcome http_outcome(uint64_t status)
{
	if (status == 401 || status == 403 || status == 407)
		return LOGIN_REFUSED;
	return status >= 200 && status < 400 ? LOGIN_ACCEPTED : LOGIN_UNKNOWN;
}

/* An agent that does not know the community stays silent (RFC 1157 §4.1), so an answer with it tells. */
static enum login_outcome outcome(const struct login_plan *p, const struct record *r)
{
	if (has(r, p->accepted))
		return number(r, p->accepted) ? LOGIN_ACCEPTED : LOGIN_REFUSED;
	if (r->at->to_server)
		return LOGIN_UNKNOWN;
	if (p->is_ftp)
		return ftp_outcome(p, r);
	if (p->is_http && has(r, p->status))
		return http_outcome(number(r, p->status));
	if (p->is_smb && has(r, p->status) && text_is(r, p->command, "session_setup"))
		return number(r, p->status) == 0 ? LOGIN_ACCEPTED
		     : number(r, p->status) == 0xC0000016 ? LOGIN_UNKNOWN : LOGIN_REFUSED;
	return has(r, p->community) ? LOGIN_ACCEPTED : LOGIN_UNKNOWN;
}

enum login_event login_saw(struct login_book *b, const struct record *r, struct login **out)
{
	const struct login_plan *p = plan_of(b, r->type);
	if (!r->at || !r->at->flow || !p->secrets)
		return LOGIN_NOTHING;
	enum login_outcome o = outcome(p, r);
	if (o == LOGIN_UNKNOWN && (r->set & p->secrets)) {
		*out = row_of(b, r);
		return tried(*out, p, r);
	}
	struct login *l = &b->rows[r->at->flow % LOGINS];
	if (o == LOGIN_UNKNOWN || l->flow != r->at->flow || l->outcome == o ||
	    (!l->tried && !has(r, p->accepted) && !p->is_ftp))
		return LOGIN_NOTHING;
	if (p->is_http && !l->pair.len)
		return LOGIN_NOTHING;
	l->outcome = o;
	*out = l;
	return LOGIN_JUDGED;
}

bool login_is_interactive(const char *protocol)
{
	static const char *const ways[] = {
		"telnet", "ssh", "ftp", "rlogin", "rsh", "vnc", "rfb", "rdp", "http", "x11", "winrm",
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
