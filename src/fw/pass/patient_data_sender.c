/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.patient-data-sender: what is sent to a built-in destination is laid out as patients' data. */
#include "base/scope.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.patient-data-sender",
	.title = "The firmware sends patients' data to an address that is built in",
	.cause = "outside party",
	.sees = "On one path of a program: a connection or a datagram to a destination that stands in the image, "
		"and a message that is an "
		"HL7 message or names fields of a patient (name, number, birth date, doctor, admission), or is put together by "
		"a program that looks such fields up by name. A "
		"template that reaches no "
		"network call is nothing.",
	.why = "Patients' names and values leave in clear for whoever holds that address.",
	.wrong = "The address may be the factory setting of the ward's own central station, which the site is "
		 "meant to put up. Test data "
		 "of the maker may look the same.",
	.next = { ADVICE_WHICH_DEVICES, ADVICE_WATCH, ADVICE_FIREWALL,
		  "If watch finds the traffic, tell the person responsible for data protection: the time to report "
		  "a breach may be "
		  "counted from then.",
		  ADVICE_ASK_MAKER, NULL },
	.attack = { "T0882", "T1041", NULL },
	.cwe = { "CWE-359", "CWE-319", NULL },
	.advisories = { "ICSMA-25-030-01", NULL },
};

/* Lower case, without blanks and underscores. HL7 v2 segments are looked for as they stand. */
static const char *const field_words[] = {
	"patientname", "patientid",	"patientno", "patientnumber", "patnam",	    "birthdate", "dateofbirth",
	"birthday",    "bedno",		"bednumber", "admission",     "doctorname", "doctor",	 "department",
	"bloodtype",   "medicalrecord", "heartrate", "spo2",	      "nibp",	    "lastname",	 "firstname",
	"familyname",  "givenname",
};
/* Too short to be looked for within others. */
static const char *const short_words[] = { "mrn", "dob" };
static const char *const segments[] = { "MSH|", "PID|", "PV1|", "OBX|" };

static bool is_letter(struct span s, size_t i)
{
	return i < s.n && ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z');
}

static bool has_word(struct span s, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i + n <= s.n; i++)
		if (strncasecmp((const char *)s.p + i, word, n) == 0 && !is_letter(s, i + n) && (i == 0 || !is_letter(s, i - 1)))
			return true;
	return false;
}

static unsigned count_fields(struct job *j, struct finding *f, struct span text)
{
	uint8_t plain[1024];
	size_t n = 0;
	unsigned found = 0;
	for (size_t i = 0; i < text.n && n < sizeof(plain); i++) {
		uint8_t c = text.p[i];
		if (c != ' ' && c != '_' && c != '-')
			plain[n++] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
	}
	for (size_t i = 0; i < ARRAY_LEN(field_words); i++)
		if (span_has(span_of(plain, n), field_words[i])) {
			found++;
			if (f)
				job_extra(j, f, OBS_FIELDS, field_words[i]);
		}
	for (size_t i = 0; i < ARRAY_LEN(short_words); i++)
		if (has_word(text, short_words[i])) {
			found++;
			if (f)
				job_extra(j, f, OBS_FIELDS, short_words[i]);
		}
	for (size_t i = 0; i < ARRAY_LEN(segments); i++)
		if (span_has(text, segments[i])) {
			found += 2;
			if (f)
				job_extra(j, f, OBS_FIELDS, segments[i]);
		}
	return found;
}

/* The connection that a message goes out on, or the message's own destination. */
static const struct act *destination(const struct route *r, int i)
{
	const struct act *a = r->v[i];
	if (a->address.family || a->host.n)
		return a;
	int k = route_before(r, i, ACT_CONNECT);
	return k >= 0 ? r->v[k] : NULL;
}

/* A message of numbers names nothing; the keys by which the program looks up what it puts in do. */
static unsigned count_keys(struct job *j, struct finding *f)
{
	const struct acts *all = job_acts(j);
	unsigned found = 0;
	struct span seen[16] = { 0 };
	for (size_t i = 0; i < all->n && found < ARRAY_LEN(seen); i++) {
		const struct act *a = &all->v[i];
		bool again = a->kind != ACT_COMPARE || !source_is_config(a->source);
		for (unsigned k = 0; k < found && !again; k++)
			again = span_eq(seen[k], a->secret);
		if (!again && count_fields(j, f, a->secret))
			seen[found++] = a->secret;
	}
	return found;
}

/* A message that is sent in pieces: what went the same way until here, one after the other. */
static struct span message_until(struct job *j, const struct route *r, int i, const struct act *to)
{
	enum { PIECES = 12, LONG = 512 };
	struct span text = r->v[i]->path;
	unsigned n = 1;
	for (int k = i - 1; k >= 0 && n < PIECES && r->v[i]->call && destination(r, k) == to; k--)
		if (r->v[k]->kind == ACT_SEND && r->v[k]->call) {
			text = span_str(job_text(j, "%.*s %.*s", (int)span_cut(r->v[k]->path, LONG).n, (const char *)r->v[k]->path.p,
						 (int)span_cut(text, LONG).n, (const char *)text.p));
			n++;
		}
	return text;
}

static void judge(struct job *j, const struct route *r, int i)
{
	enum { LEAST = 2, LEAST_KEYS = 3 };
	const struct act *a = r->v[i], *to = destination(r, i);
	if (!to || act_reach(to) == REACH_NONE)
		return;
	struct span message = a->path;
	if (count_fields(j, NULL, message) < LEAST && count_fields(j, NULL, message))
		message = message_until(j, r, i, to);
	bool named = count_fields(j, NULL, message) >= LEAST;
	if (!named && (a->kind != ACT_SEND || !a->call || count_keys(j, NULL) < LEAST_KEYS))
		return;
	enum reach reach = act_reach(to);
	enum severity s = reach == REACH_PUBLIC ? SEV_HIGH : reach == REACH_NAME ? SEV_MEDIUM : SEV_LOW;
	if (to->setting == SETTING_DEFAULT && s > SEV_LOW)
		s--;
	const char *where = job_where(j, to);
	struct finding *f = job_finding(j, &rule, r->index, "%.90s", where);
	s = named || s < SEV_MEDIUM ? s : s - 1;
	if (!f || !job_judge(j, f, s, named ? 0.8 : 0.5))
		return;
	const struct act *steps[] = { to, to == a ? NULL : a, NULL };
	f->title = job_text(j, "%s sends messages with patients' fields to %s; the destination is %s", r->file->path, where,
			    setting_name(to->setting));
	job_observe(j, f, to);
	(void)(named ? count_fields(j, f, message) : count_keys(j, f));
	job_chain(j, f, steps);
}

static void route(struct job *j, const struct route *r)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->v[i]->kind == ACT_SEND)
			judge(j, r, (int)i);
}

const struct pass pass_patient_data_sender = { .rule = &rule, .route = route };
