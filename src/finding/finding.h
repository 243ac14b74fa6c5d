/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one type both halves speak. A finding states observables: what was seen and where, why it
 * matters for care, how sure, what would make it wrong, what to do next. Never intent. */
#pragma once

#include "record/record.h"

enum severity { SEV_INFO, SEV_LOW, SEV_MEDIUM, SEV_HIGH, SEV_CRITICAL };

/* How far the traffic went: nowhere (unanswered on the wire), its own segment, another network of
 * the site, or out of the building. */
enum scope { SCOPE_NONE, SCOPE_SEGMENT, SCOPE_SITE, SCOPE_OUTSIDE };

const char *severity_name(enum severity s);
bool        severity_parse(struct span text, enum severity *out); /* false: *out stays as it was */
const char *scope_name(enum scope s);

/* What does not change between findings of one kind; `auscult explain` prints it. Lists end with NULL. */
struct rule {
	const char *id;                          /* fixed: others rely on it */
	const char *title;
	const char *cause;                       /* findings of one device and one cause are one case */
	const char *sees;                        /* what exactly makes it fire */
	const char *why;                         /* why it matters for care */
	const char *wrong;                       /* what would make it wrong */
	const char *next[6];                     /* next steps, most urgent first */
	const char *attack[5];                   /* MITRE ATT&CK technique ids (data set 18.1) */
	const char *cwe[5];
	const char *advisories[4];
	const char *references[6];
};

/* What was found, as separate values that programs can use. */
enum observed_field {
	OBS_ADDRESS, OBS_PORT, OBS_TRANSPORT, OBS_PROTOCOL, OBS_HOST, OBS_URL, OBS_PATH, OBS_COMMAND,
	OBS_SOURCE, OBS_MAC, OBS_OTHER_MAC, OBS_SHA256, OBS_CONTENT, OBS_BYTES, OBS_FIELDS, OBS_MESSAGES,
	OBS_PATIENTS, OBS_TRAITS, OBS_ANSWERED, OBS_VALUES, OBS_INDICATOR, OBS_PERIOD, OBS_LISTENER,
	OBS_MEMBER, OBS_FUNCTION, OBS_OFFSET, OBS_EXTRA, OBS_SETTING, OBS_RANGE, OBS_MAGIC, OBS_USER, OBS_SECRET,
	OBS_STEPS, OBS_PREDICTION, OBS_STARTED, OBS_COMPONENT, OBS_VERSION, OBS_CPE, OBS_KIND, OBS_SIGNATURE, OBS_RULES,
	OBS_METADATA, OBS_COUNT_
};
extern const struct record_type observed_type;

/* One value that was changed on its way (OBS_VALUES). */
enum changed_field { CHG_NAME, CHG_UNIT, CHG_FROM, CHG_TO };
extern const struct record_type changed_type;

enum evidence_field { EV_FILE, EV_PACKET, EV_OFFSET, EV_TIME, EV_NOTE };
extern const struct record_type evidence_type;

/* One step of a chain inside a firmware image, in the order it is taken. */
enum step_field {
	STEP_MEMBER, STEP_PLACE, STEP_FUNCTION, STEP_SITE, STEP_LINE, STEP_OFFSET, STEP_CALL, STEP_TEXT, STEP_ARGUMENTS,
	STEP_CONDITIONS, STEP_CODE, STEP_STRING, STEP_LENGTH, STEP_IMAGE
};
extern const struct record_type step_type;

enum finding_field {
	FND_ID, FND_RULE, FND_SEVERITY, FND_CONFIDENCE, FND_TITLE, FND_STATE, FND_DEVICE, FND_FIRST, FND_LAST,
	FND_COUNT, FND_SCOPE, FND_OBSERVED, FND_EVIDENCE, FND_MEANING, FND_WRONG, FND_NEXT, FND_ATTACK,
	FND_CWE, FND_ADVISORIES, FND_KEY, FND_CASE, FND_CHAIN
};
extern const struct record_type finding_type;

enum subject_field { SUB_ID, SUB_NAME, SUB_ROLE, SUB_ADDRESS, SUB_MAC, SUB_MODEL, SUB_MEMBER };
extern const struct record_type subject_type;   /* finding.device */

enum case_field {
	CASE_ID, CASE_CAUSE, CASE_SEVERITY, CASE_STATE, CASE_TITLE, CASE_STORY, CASE_DEVICE, CASE_FIRST, CASE_LAST,
	CASE_FINDINGS, CASE_RULES, CASE_SCOPE, CASE_NEXT
};
extern const struct record_type case_type;

enum exposure_field {
	EXP_ID, EXP_DEVICE, EXP_SOURCE, EXP_ADDRESS, EXP_PORT, EXP_PROTOCOL, EXP_SCOPE, EXP_FIELDS, EXP_MESSAGES,
	EXP_PATIENTS, EXP_PATIENTS_AT_LEAST, EXP_FIRST, EXP_LAST, EXP_BYTES
};
extern const struct record_type exposure_type;

enum { FINDING_EVIDENCE = 8, FINDING_KEY = 96 };

/* A finding while it is being gathered. Texts are copied into the owner's arena by the functions
 * below; numbers may be set at any time until it is published. */
struct finding {
	const struct rule *rule;
	char key[FINDING_KEY];                   /* with rule and subject: the same finding again */
	enum severity severity;
	double confidence;                       /* 0..1 */
	enum scope scope;
	const char *title;                       /* one sentence with the device and what it did */
	const char *meaning;                     /* NULL: rule->why */
	const char *const *next;                 /* ends with NULL; NULL: rule->next */
	struct record *subject;                  /* subject_type */
	struct record *observed;                 /* observed_type; set its fields at will */
	uint64_t first, last, count;
	struct origin origins[FINDING_EVIDENCE]; /* evidence: where it was seen, in order of time */
	const char *notes[FINDING_EVIDENCE];     /* what that packet shows; NULL: nothing to add */
	unsigned nevidence;
	bool predicted;                          /* firmware half: not yet seen on the wire */
	bool withdrawn;                          /* later facts made it untrue: not published */
	bool keeps_scope;                        /* its detector knows the scope: not asked for again at finish */
	uint32_t device;                         /* index of the subject in its table, for grouping */
	const char *state;                       /* NULL: "observed" or "predicted" */
	void *own;                               /* the detector's notes, see detect_own */
	struct record *const *steps;             /* step_type: how it is done inside an image */
	unsigned nsteps;
	const char *predicted_as, *predicted_case;       /* the firmware finding and its case that foretold this one */
	struct finding *chain;                   /* the next finding of the same rule */
	char id[16], in_case[12];                /* finding_id() and case_id(), when worked out already; "" */
};

/* "observed" …, never NULL. */
const char *finding_state(const struct finding *f);

/* Stable: same rule, subject and key give the same id on every run. "F-" and 10 hex digits. */
void finding_id(const struct finding *f, char out[16]);
/* Fills r from f. `file_name` names the input with that index. */
void finding_record(const struct finding *f, struct record *r, const struct record_host *host,
		    const char *(*file_name)(void *ctx, uint32_t file), void *ctx);
