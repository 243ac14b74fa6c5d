/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SARIF 2.1.0: section 3.24 (artifacts, parentIndex), 3.27 (results), 3.30 (regions; byteOffset and byteLength), 3.19
 * (rules). Only artifacts that a result names are told, and those in which they lie. */
#include "report/sarif.h"

#include <stdio.h>

#include "finding/finding.h"
#include "fw/unpack/records.h"
#include "record/json.h"
#include "report/places.h"

enum { ABSENT = -1, NEST_MAX = 64, RULES_MAX = 64 };


struct paper {
	const struct sarif_input *in;
	struct places places;
	struct buf *out;
	size_t *artifact;                        /* by member: 0 not told, else number + 1 */
	size_t *order;                           /* members in the order in which they are told */
	size_t nartifacts;
	struct span rules[RULES_MAX];
	size_t nrules;
};

static struct records list_of(const struct record *r, unsigned field)
{
	return record_has(r, field) ? r->v[field].records : (struct records){ 0 };
}

/* Records come in the order of their ids, which have no gaps but for what was dropped. */
static long by_id(struct record *const *v, size_t n, unsigned field, uint64_t id)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (record_get_uint(v[mid], field) < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && record_get_uint(v[low], field) == id ? (long)low : ABSENT;
}

/* NULL for the input. */
static const struct record *container_of(const struct paper *p, size_t member)
{
	uint64_t id = record_get_uint(p->in->members[member], MEM_CONTAINER);
	long c = id ? by_id(p->in->containers, p->in->ncontainers, CON_ID, id) : ABSENT;
	return c < 0 ? NULL : p->in->containers[c];
}

/* The member in which this one's container lies; ABSENT for the input. */
static long parent_of(const struct paper *p, size_t member)
{
	const struct record *c = container_of(p, member);
	return c ? by_id(p->in->members, p->in->nmembers, MEM_ID, record_get_uint(c, CON_MEMBER)) : ABSENT;
}

/* Parents come first, so that an index points back. */
static void add_artifact(struct paper *p, long member)
{
	long line[NEST_MAX] = { 0 };
	unsigned n = 0;
	for (; member >= 0 && n < NEST_MAX && !p->artifact[member]; member = parent_of(p, (size_t)member))
		line[n++] = member;
	while (n-- > 0) {
		p->order[p->nartifacts] = (size_t)line[n];
		p->artifact[line[n]] = ++p->nartifacts;
	}
}

/* Where a finding's evidence stands: its steps, or what the evidence names. */
static struct span place_of(const struct record *f, uint32_t i, const struct record **step)
{
	struct records steps = list_of(f, FND_CHAIN), seen = list_of(f, FND_EVIDENCE);
	*step = i < steps.n ? steps.v[i] : NULL;
	if (*step)
		return record_get_text(*step, STEP_PLACE);
	return steps.n == 0 && i < seen.n ? record_get_text(seen.v[i], EV_FILE) : (struct span){ 0 };
}

static void collect(struct paper *p)
{
	for (size_t i = 0; i < p->in->n; i++) {
		const struct record *f = p->in->findings[i], *step;
		struct span rule = record_get_text(f, FND_RULE), place;
		size_t k = 0;
		for (uint32_t s = 0; (place = place_of(f, s, &step)).n; s++)
			add_artifact(p, places_find(&p->places, place));
		while (k < p->nrules && !span_eq(p->rules[k], rule))
			k++;
		if (k == p->nrules && k < RULES_MAX)
			p->rules[p->nrules++] = rule;
	}
}

/* ---- writing ---- */

static const char *level_of(struct span severity)
{
	return span_is(severity, "critical") || span_is(severity, "high") ? "error"
	       : span_is(severity, "medium")				  ? "warning"
									  : "note";
}

/* RFC 3986, relative: what is no unreserved character nor "/" is percent-encoded. No ".." is in it. */
static void put_uri(struct buf *b, struct span path)
{
	bool dots = false;
	buf_text(b, "\"");
	while (path.n && path.p[0] == '/')
		path = span_from(path, 1);
	for (struct rd r = rd_of(path); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c == '.' && !(dots && c == '.')) || c == '-' || c == '_' || c == '~' || c == '/';
		dots = c == '.';
		buf_printf(b, plain ? "%c" : "%%%02X", c);
	}
	buf_text(b, "\"");
}

/* A nested artifact's URI is relative to its parent: the path in the container. */
static void put_artifact(struct paper *p, size_t i)
{
	const struct record *m = p->in->members[p->order[i]];
	long parent = parent_of(p, p->order[i]);
	struct buf *b = p->out;
	buf_text(b, i ? ",\n   {\"location\":{\"uri\":" : "\n   {\"location\":{\"uri\":");
	put_uri(b, record_get_text(m, MEM_PATH));
	buf_text(b, "},\"description\":{\"text\":");
	json_put_text(b, record_get_text(m, MEM_WHERE));
	buf_text(b, "}");
	const struct record *c = container_of(p, p->order[i]);
	if (parent >= 0)
		buf_printf(b, ",\"parentIndex\":%zu", p->artifact[parent] - 1);
	unsigned long long offset = c ? record_get_uint(c, CON_OFFSET) + record_get_uint(m, MEM_OFFSET) : 0;
	if (parent >= 0 && c && record_has(m, MEM_LENGTH))
		buf_printf(b, ",\"offset\":%llu", offset);
	buf_printf(b, ",\"length\":%llu,\"roles\":[\"%s\"]", (unsigned long long)record_get_uint(m, MEM_SIZE),
		   parent < 0 ? "analysisTarget" : "resultFile");
	if (record_has(m, MEM_SHA256)) {
		buf_text(b, ",\"hashes\":{\"sha-256\":");
		json_put_hex(b, span_of(m->v[MEM_SHA256].hash, 32));
		buf_text(b, "}");
	}
	buf_text(b, "}");
}

static void put_message(struct buf *b, const char *key, struct span text)
{
	buf_printf(b, ",\"%s\":{\"text\":", key);
	json_put_text(b, text);
	buf_text(b, "}");
}

static void put_rules(struct paper *p)
{
	struct buf *b = p->out;
	buf_text(b, "\"rules\":[");
	for (size_t i = 0; i < p->nrules; i++) {
		const struct record *f = NULL;
		for (size_t k = 0; k < p->in->n && !f; k++)
			if (span_eq(record_get_text(p->in->findings[k], FND_RULE), p->rules[i]))
				f = p->in->findings[k];
		buf_text(b, i ? ",\n    {\"id\":" : "\n    {\"id\":");
		json_put_text(b, p->rules[i]);
		if (f && record_get_text(f, FND_MEANING).n)
			put_message(b, "fullDescription", record_get_text(f, FND_MEANING));
		buf_text(b, "}");
	}
	buf_text(b, "]");
}

static size_t rule_index(const struct paper *p, struct span rule)
{
	size_t i = 0;
	while (i < p->nrules && !span_eq(p->rules[i], rule))
		i++;
	return i;
}

/* Bytes of a file, or a line of a script. An address of a program is no offset in its file: it is told apart. */
static void put_region(struct paper *p, const struct record *f, const struct record *step, bool first)
{
	struct records seen = list_of(f, FND_EVIDENCE);
	struct buf *b = p->out;
	struct span words = step ? record_get_text(step, STEP_TEXT) : (struct span){ 0 };
	if (step && record_has(step, STEP_LINE))
		buf_printf(b, ",\"region\":{\"startLine\":%llu}", (unsigned long long)record_get_uint(step, STEP_LINE));
	else if (step && record_has(step, STEP_OFFSET))
		buf_printf(b, ",\"region\":{\"byteOffset\":%llu,\"byteLength\":%zu}",
			   (unsigned long long)record_get_uint(step, STEP_OFFSET),
			   record_has(step, STEP_LENGTH) ? (size_t)record_get_uint(step, STEP_LENGTH) : words.n);
	else if (!step && first && seen.n && record_has(seen.v[0], EV_OFFSET))
		buf_printf(b, ",\"region\":{\"byteOffset\":%llu,\"byteLength\":0}",
			   (unsigned long long)record_get_uint(seen.v[0], EV_OFFSET));
	if (step && record_has(step, STEP_SITE))
		buf_printf(b, ",\"address\":{\"absoluteAddress\":%llu}", (unsigned long long)record_get_uint(step, STEP_SITE));
}

static void put_location(struct paper *p, const struct record *f, uint32_t i, bool more)
{
	const struct record *step;
	struct span place = place_of(f, i, &step);
	long member = places_find(&p->places, place);
	struct buf *b = p->out;
	buf_text(b, more ? ",\n     {\"physicalLocation\":{\"artifactLocation\":{\"uri\":"
			 : "\n     {\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
	put_uri(b, member >= 0 ? record_get_text(p->in->members[member], MEM_PATH) : place);
	if (member >= 0)
		buf_printf(b, ",\"index\":%zu", p->artifact[member] - 1);
	buf_text(b, "}");
	put_region(p, f, step, i == 0);
	buf_text(b, "}");
	if (step && record_get_text(step, STEP_FUNCTION).n) {
		buf_text(b, ",\"logicalLocations\":[{\"kind\":\"function\",\"name\":");
		json_put_text(b, record_get_text(step, STEP_FUNCTION));
		buf_text(b, "}]");
	}
	if (step && record_get_text(step, STEP_TEXT).n)
		put_message(b, "message", record_get_text(step, STEP_TEXT));
	buf_text(b, "}");
}

static uint32_t places_of(const struct record *f)
{
	const struct record *step;
	uint32_t n = 0;
	while (place_of(f, n, &step).n)
		n++;
	return n;
}

/* The first place is where it is; the steps that follow are how it is done. */
static void put_places(struct paper *p, const struct record *f)
{
	uint32_t n = places_of(f);
	struct span rule = record_get_text(f, FND_RULE);
	bool many = span_is(rule, "fw.component") || span_is(rule, "fw.yara-match");
	buf_text(p->out, ",\"locations\":[");
	for (uint32_t i = 0; i < n && (i == 0 || many); i++)
		put_location(p, f, i, i > 0);
	buf_text(p->out, "]");
	if (n < 2 || many)
		return;
	buf_text(p->out, ",\"codeFlows\":[{\"threadFlows\":[{\"locations\":[");
	for (uint32_t i = 0; i < n; i++) {
		buf_text(p->out, i ? ",{\"location\":" : "{\"location\":");
		put_location(p, f, i, false);
		buf_text(p->out, "}");
	}
	buf_text(p->out, "]}]}]");
}

static void put_result(struct paper *p, const struct record *f, bool more)
{
	struct buf *b = p->out;
	struct span rule = record_get_text(f, FND_RULE);
	size_t index = rule_index(p, rule);
	buf_text(b, more ? ",\n   {\"ruleId\":" : "\n   {\"ruleId\":");
	json_put_text(b, rule);
	if (index < p->nrules)
		buf_printf(b, ",\"ruleIndex\":%zu", index);
	buf_printf(b, ",\"level\":\"%s\"", level_of(record_get_text(f, FND_SEVERITY)));
	put_message(b, "message", record_get_text(f, FND_TITLE));
	put_places(p, f);
	buf_text(b, ",\"partialFingerprints\":{\"auscultFinding/v1\":");
	json_put_text(b, record_get_text(f, FND_ID));
	buf_text(b, "},\"properties\":{\"severity\":");
	json_put_text(b, record_get_text(f, FND_SEVERITY));
	buf_text(b, ",\"confidence\":");
	json_put_real(b, record_get_real(f, FND_CONFIDENCE));
	buf_text(b, "}}");
}

size_t sarif_write(struct buf *out, const struct sarif_input *in)
{
	struct paper p = { .in = in, .out = out, .artifact = mem_array(in->nmembers + 1, sizeof(size_t)),
			   .order = mem_array(in->nmembers + 1, sizeof(size_t)) };
	places_init(&p.places, in->members, in->nmembers);
	collect(&p);
	buf_text(out, "{\"$schema\":"
		      "\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json\","
		      "\"version\":\"2.1.0\",\"runs\":[{\n \"tool\":{\"driver\":{\"name\":\"auscult\",\"version\":");
	json_put_str(out, AUSCULT_VERSION);
	buf_text(out, ",");
	put_rules(&p);
	buf_text(out, "}},\n \"artifacts\":[");
	for (size_t i = 0; i < p.nartifacts; i++)
		put_artifact(&p, i);
	buf_text(out, "],\n \"results\":[");
	for (size_t i = 0; i < in->n; i++)
		put_result(&p, in->findings[i], i > 0);
	buf_text(out, "]}]}\n");
	places_done(&p.places);
	free(p.artifact);
	free(p.order);
	return in->n;
}
