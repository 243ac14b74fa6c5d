/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings: field tables of what leaves, stable ids, and the record of a finding. */
#include "finding/finding.h"

#include "base/scope.h"

static const char *const severities[] = {
	[SEV_INFO] = "info", [SEV_LOW] = "low",           [SEV_MEDIUM] = "medium",
	[SEV_HIGH] = "high", [SEV_CRITICAL] = "critical",
};

static const char *const scopes[] = {
	[SCOPE_NONE] = "none", [SCOPE_SEGMENT] = "segment", [SCOPE_SITE] = "site", [SCOPE_OUTSIDE] = "outside",
};

const char *severity_name(enum severity s)
{
	return severities[s];
}

bool severity_parse(struct span text, enum severity *out)
{
	for (size_t i = 0; i < ARRAY_LEN(severities); i++)
		if (span_is(text, severities[i])) {
			*out = (enum severity)i;
			return true;
		}
	return false;
}

const char *scope_name(enum scope s)
{
	return scopes[s];
}

/* The two values are the finding itself, say nothing of who the patient is, and without them nobody
 * could judge the harm: PLAIN on purpose, unlike the vitals records they come from. */
static const struct field changed_fields[] = {
	[CHG_NAME] = { "name", F_TEXT, "what was measured: heart_rate, spo2 …" },
	[CHG_UNIT] = { "unit", F_TEXT, "unit of both values" },
	[CHG_FROM] = { "from", F_REAL, "value as it was sent first" },
	[CHG_TO] = { "to", F_REAL, "value that came in its place" },
};
RECORD_TYPE(changed_type, "changed", "A measured value that was changed on its way", changed_fields);

static const struct field observed_fields[OBS_COUNT_] = {
	[OBS_ADDRESS] = { "address", F_ADDR, "address of the other end" },
	[OBS_PORT] = { "port", F_UINT, "port of the end that was called" },
	[OBS_TRANSPORT] = { "transport", F_TEXT, "tcp, udp, icmp, arp …" },
	[OBS_PROTOCOL] = { "protocol", F_TEXT, "protocol by content" },
	[OBS_HOST] = { "host", F_TEXT, "host name that was asked for" },
	[OBS_URL] = { "url", F_TEXT, "URL without its query" },
	[OBS_PATH] = { "path", F_TEXT, "file, share or export" },
	[OBS_COMMAND] = { "command", F_TEXT, "command line or request" },
	[OBS_SOURCE] = { "source", F_ADDR, "address of the end that called" },
	[OBS_MAC] = { "mac", F_MAC, "MAC address that acted" },
	[OBS_OTHER_MAC] = { "other_mac", F_MAC, "MAC address of the other end, or the one in conflict" },
	[OBS_SHA256] = { "sha256", F_HASH, "SHA-256 of a file that was seen whole" },
	[OBS_CONTENT] = { "content", F_TEXT, "kind of bytes: ELF program, script, archive …" },
	[OBS_BYTES] = { "bytes", F_UINT, "bytes that travelled", "By" },
	[OBS_FIELDS] = { "fields", F_TEXTS, "identity fields that stood in clear; never their values" },
	[OBS_MESSAGES] = { "messages", F_UINT, "messages of the protocol" },
	[OBS_PATIENTS] = { "patients", F_UINT, "distinct patients, counted by keyed hash" },
	[OBS_TRAITS] = { "traits", F_TEXTS, "what marks it: one-way, inbound, nolock …" },
	[OBS_ANSWERED] = { "answered", F_BOOL, "the other end answered" },
	[OBS_VALUES] = { "values", F_RECORDS, "measured values that were changed", .nested = &changed_type },
	[OBS_INDICATOR] = { "indicator", F_TEXT, "published indicator that matches" },
	[OBS_PERIOD] = { "period", F_REAL, "time between repetitions", "s" },
	[OBS_LISTENER] = { "listener", F_UINT, "port that began to listen" },
	[OBS_MEMBER] = { "member", F_TEXT, "file inside a firmware image" },
	[OBS_FUNCTION] = { "function", F_TEXT, "function inside a program" },
	[OBS_OFFSET] = { "offset", F_UINT, "place in the file", "By" },
	[OBS_EXTRA] = { "extra", F_TEXTS, "further values of the same kind: more ports, addresses, names" },
	[OBS_SETTING] = { "setting", F_TEXT,
			  "who decides it: constant only, default that configuration may replace, from "
			  "configuration only" },
	[OBS_RANGE] = { "range", F_TEXT, "what the registries say of the address: public, documentation, private …" },
	[OBS_MAGIC] = { "magic", F_TEXT, "constant that outside input is compared with" },
	[OBS_USER] = { "user", F_TEXT, "account of a fixed credential" },
	[OBS_SECRET] = { "secret", F_TEXT, "the fixed credential itself", .privacy = SECRET },
	[OBS_STEPS] = { "steps", F_TEXTS, "steps of the chain that stand together" },
	[OBS_PREDICTION] = { "prediction", F_TEXT, "firmware finding that foretold it" },
	[OBS_STARTED] = { "started", F_TEXT,
			  "what starts the file inside a firmware image, or that nothing was found; unset: not known" },
	[OBS_COMPONENT] = { "component", F_TEXT, "software of others inside a firmware image" },
	[OBS_VERSION] = { "version", F_TEXT, "its version, as it stands in the bytes" },
	[OBS_CPE] = { "cpe", F_TEXT, "its CPE 2.3 name" },
	[OBS_KIND] = { "kind", F_TEXT, "what kind of component: application, library, operating-system, firmware" },
	[OBS_SIGNATURE] = { "signature", F_TEXT, "rule of somebody else's (YARA) that matches" },
	[OBS_RULES] = { "rules", F_TEXT, "file in which that rule stands" },
	[OBS_METADATA] = { "metadata", F_TEXTS, "what that rule says of itself: key = value" },
};
RECORD_TYPE(observed_type, "observed", "What was found, as separate values", observed_fields);

static const struct field evidence_fields[] = {
	[EV_FILE] = { "file", F_TEXT, "capture or image" },
	[EV_PACKET] = { "packet", F_UINT, "packet number in the file, from 1" },
	[EV_OFFSET] = { "offset", F_UINT, "where its record starts in the decompressed file", "By" },
	[EV_TIME] = { "time", F_TIME, "when it was seen" },
	[EV_NOTE] = { "note", F_TEXT, "what it shows" },
};
RECORD_TYPE(evidence_type, "evidence", "Where something was seen", evidence_fields);

static const struct field step_fields[] = {
	[STEP_MEMBER] = { "member", F_TEXT, "file inside the image" },
	[STEP_PLACE] = { "place", F_TEXT, "image, container and offset that hold it" },
	[STEP_FUNCTION] = { "function", F_TEXT, "function of the program or the script" },
	[STEP_SITE] = { "site", F_UINT, "address of the call, as the file is linked" },
	[STEP_LINE] = { "line", F_UINT, "line of the script" },
	[STEP_OFFSET] = { "offset", F_UINT, "place in the file", "By" },
	[STEP_CALL] = { "call", F_TEXT, "function, system call or command" },
	[STEP_TEXT] = { "text", F_TEXT, "the call with its resolved arguments; outside parts as {source}" },
	[STEP_ARGUMENTS] = { "arguments", F_TEXTS, "where each argument came from" },
	[STEP_CONDITIONS] = { "conditions", F_TEXTS, "branches that were assumed to get here" },
	[STEP_CODE] = { "code", F_TEXTS, "instructions up to the call" },
	[STEP_STRING] = { "string", F_TEXT, "identifier of the string of a YARA rule that matches there" },
	[STEP_LENGTH] = { "length", F_UINT, "how many bytes it matches", "By" },
	[STEP_IMAGE] = { "image_offset", F_UINT, "where these bytes lie in the image, if they lie there unchanged", "By" },
};
RECORD_TYPE(step_type, "step", "A step of a chain inside a firmware image", step_fields);

static const struct field subject_fields[] = {
	[SUB_ID] = { "id", F_TEXT, "stable id of the device, or of the firmware image by its content" },
	[SUB_NAME] = { "name", F_TEXT, "name it gives itself" },
	[SUB_ROLE] = { "role", F_TEXT, "what it seems to be" },
	[SUB_ADDRESS] = { "address", F_ADDR, "its latest address" },
	[SUB_MAC] = { "mac", F_MAC, "its MAC address" },
	[SUB_MODEL] = { "model", F_TEXT, "model, where something says so" },
	[SUB_MEMBER] = { "member", F_TEXT, "file inside a firmware image" },
};
RECORD_TYPE(subject_type, "subject", "Whom a finding is about", subject_fields);

static const struct field finding_fields[] = {
	[FND_ID] = { "id", F_TEXT, "stable id: same rule, subject and key give the same" },
	[FND_RULE] = { "rule", F_TEXT, "rule that found it; see auscult explain" },
	[FND_SEVERITY] = { "severity", F_TEXT, "info, low, medium, high or critical" },
	[FND_CONFIDENCE] = { "confidence", F_REAL, "how sure, 0 to 1" },
	[FND_TITLE] = { "title", F_TEXT, "one sentence: who did what" },
	[FND_STATE] = { "state", F_TEXT, "predicted, observed, contained or proven" },
	[FND_DEVICE] = { "device", F_RECORD, "whom it is about", .nested = &subject_type },
	[FND_FIRST] = { "first", F_TIME, "seen first" },
	[FND_LAST] = { "last", F_TIME, "seen last" },
	[FND_COUNT] = { "count", F_UINT, "how often" },
	[FND_SCOPE] = { "scope", F_TEXT, "how far it went: none, segment, site or outside" },
	[FND_OBSERVED] = { "observed", F_RECORD, "what was found, as separate values", .nested = &observed_type },
	[FND_EVIDENCE] = { "evidence", F_RECORDS, "packets or places that show it", .nested = &evidence_type },
	[FND_MEANING] = { "meaning", F_TEXT, "what it means for care" },
	[FND_WRONG] = { "wrong", F_TEXT, "what would make it wrong" },
	[FND_NEXT] = { "next", F_TEXTS, "what to do, most urgent first" },
	[FND_ATTACK] = { "attack", F_TEXTS, "MITRE ATT&CK techniques (data set 18.1)" },
	[FND_CWE] = { "cwe", F_TEXTS, "kinds of weakness (CWE)" },
	[FND_ADVISORIES] = { "advisories", F_TEXTS, "published advisories that speak of it" },
	[FND_KEY] = { "key", F_TEXT, "what tells it from other findings of this rule and device" },
	[FND_CASE] = { "case", F_TEXT, "case it belongs to" },
	[FND_CHAIN] = { "chain", F_RECORDS, "firmware: the calls or commands in order", .nested = &step_type },
};
RECORD_TYPE(finding_type, "finding", "Something seen that puts patients, their data or their care at risk",
	    finding_fields);

static const struct field case_fields[] = {
	[CASE_ID] = { "id", F_TEXT, "stable id" },
	[CASE_CAUSE] = { "cause", F_TEXT, "what its findings have in common" },
	[CASE_SEVERITY] = { "severity", F_TEXT, "that of its worst finding" },
	[CASE_STATE] = { "state", F_TEXT, "predicted, observed, contained or proven" },
	[CASE_TITLE] = { "title", F_TEXT, "its worst finding in one sentence" },
	[CASE_STORY] = { "story", F_TEXT, "what happened, in order of time" },
	[CASE_DEVICE] = { "device", F_RECORD, "whom it is about", .nested = &subject_type },
	[CASE_FIRST] = { "first", F_TIME, "seen first" },
	[CASE_LAST] = { "last", F_TIME, "seen last" },
	[CASE_FINDINGS] = { "findings", F_TEXTS, "ids of its findings" },
	[CASE_RULES] = { "rules", F_TEXTS, "rules that found them" },
	[CASE_SCOPE] = { "scope", F_TEXT, "how far it went: none, segment, site or outside" },
	[CASE_NEXT] = { "next", F_TEXTS, "what to do, most urgent first" },
};
RECORD_TYPE(case_type, "case", "Findings of one device and one cause", case_fields);

static const struct field exposure_fields[] = {
	[EXP_ID] = { "id", F_TEXT, "stable id" },
	[EXP_DEVICE] = { "device", F_TEXT, "stable id of the device that sent" },
	[EXP_SOURCE] = { "source", F_ADDR, "address that sent" },
	[EXP_ADDRESS] = { "address", F_ADDR, "address that was sent to" },
	[EXP_PORT] = { "port", F_UINT, "port that was sent to" },
	[EXP_PROTOCOL] = { "protocol", F_TEXT, "protocol by content" },
	[EXP_SCOPE] = { "scope", F_TEXT, "how far it went: none, segment, site or outside" },
	[EXP_FIELDS] = { "fields", F_TEXTS, "identity fields that stood in clear; never their values" },
	[EXP_MESSAGES] = { "messages", F_UINT, "messages that carried them" },
	[EXP_PATIENTS] = { "patients", F_UINT, "distinct patients, counted by keyed hash" },
	[EXP_PATIENTS_AT_LEAST] = { "patients_at_least", F_BOOL, "there may be more than could be counted" },
	[EXP_FIRST] = { "first", F_TIME, "seen first" },
	[EXP_LAST] = { "last", F_TIME, "seen last" },
	[EXP_BYTES] = { "bytes", F_UINT, "bytes of those messages", "By" },
};
RECORD_TYPE(exposure_type, "exposure", "Which identity fields went in clear from whom to whom", exposure_fields);

const char *finding_state(const struct finding *f)
{
	if (f->state)
		return f->state;
	return f->predicted ? "predicted" : "observed";
}

void finding_id(const struct finding *f, char out[16])
{
	char text[FINDING_KEY + 192];
	if (f->id[0]) {
		snprintf(out, 16, "%s", f->id);
		return;
	}
	struct span subject = f->subject ? record_get_text(f->subject, SUB_ID) : (struct span){ 0 };
	struct span member = f->subject ? record_get_text(f->subject, SUB_MEMBER) : (struct span){ 0 };
	int n = snprintf(text, sizeof(text), "%s\n%.*s\n%.*s\n%s", f->rule->id, (int)span_cut(subject, 40).n, subject.p,
			 (int)span_cut(member, 80).n, member.p, f->key);
	uint8_t hash[32];
	keyring_sha256(span_of(text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1), hash);
	snprintf(out, 16, "F-%02x%02x%02x%02x%02x", hash[0], hash[1], hash[2], hash[3], hash[4]);
}

static void add_texts(struct record *r, unsigned field, const char *const *list)
{
	for (; *list; list++)
		record_add_text(r, field, span_str(*list));
}

static void add_evidence(struct record *r, const struct origin *at, const char *note, const char *file)
{
	struct record *e = arena_new(r->host->arena, sizeof(*e));
	if (!e)
		return;
	record_begin(e, &evidence_type, NULL, r->host);
	record_str(e, EV_FILE, file);
	if (at->packet)
		record_uint(e, EV_PACKET, at->packet);
	record_uint(e, EV_OFFSET, at->offset);
	if (at->ts)
		record_time(e, EV_TIME, at->ts);
	record_str(e, EV_NOTE, note);
	record_add(r, FND_EVIDENCE, e);
}

void finding_record(const struct finding *f, struct record *r, const struct record_host *host,
		    const char *(*file_name)(void *ctx, uint32_t file), void *ctx)
{
	const struct rule *rule = f->rule;
	char id[16];
	finding_id(f, id);
	record_begin(r, &finding_type, NULL, host);
	record_text(r, FND_ID, arena_copy(host->arena, span_str(id)));
	record_str(r, FND_RULE, rule->id);
	record_str(r, FND_SEVERITY, severity_name(f->severity));
	record_real(r, FND_CONFIDENCE,
		    (double)(int)(f->confidence * 100 + 0.5) / 100); /* more digits would claim too much */
	record_str(r, FND_TITLE, f->title ? f->title : rule->title);
	record_str(r, FND_STATE, finding_state(f));
	record_child(r, FND_DEVICE, f->subject);
	if (f->first) {                          /* firmware has no clock */
		record_time(r, FND_FIRST, f->first);
		record_time(r, FND_LAST, f->last);
	}
	record_uint(r, FND_COUNT, f->count);
	record_str(r, FND_SCOPE, scope_name(f->scope));
	record_child(r, FND_OBSERVED, f->observed);
	for (unsigned i = 0; i < f->nevidence; i++)
		add_evidence(r, &f->origins[i], f->notes[i], file_name ? file_name(ctx, f->origins[i].file) : NULL);
	record_str(r, FND_MEANING, f->meaning ? f->meaning : rule->why);
	record_str(r, FND_WRONG, rule->wrong);
	add_texts(r, FND_NEXT, f->next ? f->next : rule->next);
	add_texts(r, FND_ATTACK, rule->attack);
	add_texts(r, FND_CWE, rule->cwe);
	add_texts(r, FND_ADVISORIES, rule->advisories);
	record_str(r, FND_KEY, f->key);
	for (unsigned i = 0; i < f->nsteps; i++)
		record_add(r, FND_CHAIN, f->steps[i]);
}
