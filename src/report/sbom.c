/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Components are told with every place where their words stand (evidence.occurrences); the files in which they stand
 * are components of type "file" with their hashes, and depend on what is in them. */
#include "report/sbom.h"

#include <stdio.h>

#include "finding/finding.h"
#include "fw/unpack/records.h"
#include "record/json.h"
#include "record/uuid.h"
#include "report/places.h"

struct bom {
	struct record *const *findings, *const *members;
	size_t n, nmembers;
	struct buf out;
};

static const struct record *observed_of(const struct record *f)
{
	return record_has(f, FND_OBSERVED) ? f->v[FND_OBSERVED].record : NULL;
}

static bool is_component(const struct record *f)
{
	const struct record *o = observed_of(f);
	return o && span_is(record_get_text(f, FND_RULE), "fw.component") && record_has(o, OBS_COMPONENT);
}

static struct records steps_of(const struct record *f)
{
	return record_has(f, FND_CHAIN) ? f->v[FND_CHAIN].records : (struct records){ 0 };
}

static void put_hash(struct buf *b, const struct record *member)
{
	if (!record_has(member, MEM_SHA256))
		return;
	buf_text(b, ",\"hashes\":[{\"alg\":\"SHA-256\",\"content\":");
	json_put_hex(b, span_of(member->v[MEM_SHA256].hash, 32));
	buf_text(b, "}]");
}

/* Package URL, type generic: what is no unreserved character is percent-encoded. */
static void purl_part(struct buf *b, struct span s, bool small)
{
	for (struct rd r = rd_of(s); rd_left(&r);) {
		uint8_t c = rd_u8(&r);
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
			     c == '_' || c == '~';
		if (small && c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		buf_printf(b, plain ? "%c" : "%%%02X", c);
	}
}

static void put_purl(struct buf *b, struct span name, struct span version)
{
	struct buf url = { 0 };
	buf_text(&url, "pkg:generic/");
	purl_part(&url, name, true);
	if (version.n) {
		buf_text(&url, "@");
		purl_part(&url, version, false);
	}
	buf_text(b, ",\"purl\":");
	json_put_text(b, buf_span(&url));
	buf_done(&url);
}

static void put_occurrences(struct buf *b, const struct record *f)
{
	struct records steps = steps_of(f);
	for (uint32_t i = 0; i < steps.n; i++) {
		buf_text(b, i ? ",\n     {\"location\":" : ",\"occurrences\":[\n     {\"location\":");
		json_put_text(b, record_get_text(steps.v[i], STEP_PLACE));
		buf_printf(b, ",\"offset\":%llu,\"additionalContext\":",
			   (unsigned long long)record_get_uint(steps.v[i], STEP_OFFSET));
		json_put_text(b, record_get_text(steps.v[i], STEP_TEXT));
		buf_text(b, "}");
	}
	if (steps.n)
		buf_text(b, "]");
}

static void put_evidence(struct buf *b, const struct record *f, bool version)
{
	struct records steps = steps_of(f);
	buf_printf(b, ",\n   \"evidence\":{\"identity\":[{\"field\":\"%s\",\"confidence\":", version ? "version" : "name");
	json_put_real(b, record_get_real(f, FND_CONFIDENCE));
	buf_text(b, ",\"methods\":[{\"technique\":\"binary-analysis\",\"confidence\":");
	json_put_real(b, record_get_real(f, FND_CONFIDENCE));
	if (steps.n) {
		buf_text(b, ",\"value\":");
		json_put_text(b, record_get_text(steps.v[0], STEP_TEXT));
	}
	buf_text(b, "}]}]");
	put_occurrences(b, f);
	buf_text(b, "}");
}

static void put_ref(struct buf *b, const struct record *f)
{
	struct buf ref = { 0 };
	buf_text(&ref, "component:");
	buf_bytes(&ref, record_get_text(f, FND_ID));
	json_put_text(b, buf_span(&ref));
	buf_done(&ref);
}

static void put_file_ref(struct buf *b, const struct record *member)
{
	buf_printf(b, "\"file:%llu\"", (unsigned long long)record_get_uint(member, MEM_ID));
}

static void put_component(struct buf *b, const struct record *f)
{
	const struct record *o = observed_of(f);
	if (!o)
		return;
	buf_text(b, "{\"type\":");
	json_put_text(b, record_get_text(o, OBS_KIND));
	buf_text(b, ",\"bom-ref\":");
	put_ref(b, f);
	buf_text(b, ",\"name\":");
	json_put_text(b, record_get_text(o, OBS_COMPONENT));
	if (record_has(o, OBS_VERSION)) {
		buf_text(b, ",\"version\":");
		json_put_text(b, record_get_text(o, OBS_VERSION));
	}
	if (record_has(o, OBS_CPE)) {
		buf_text(b, ",\"cpe\":");
		json_put_text(b, record_get_text(o, OBS_CPE));
	}
	put_purl(b, record_get_text(o, OBS_COMPONENT), record_get_text(o, OBS_VERSION));
	put_evidence(b, f, record_has(o, OBS_VERSION));
	buf_text(b, "}");
}

/* Does a component's evidence stand in this member? */
static bool stands_in(const struct record *f, const struct record *member)
{
	struct records steps = steps_of(f);
	for (uint32_t i = 0; i < steps.n; i++)
		if (span_eq(record_get_text(steps.v[i], STEP_PLACE), record_get_text(member, MEM_WHERE)))
			return true;
	return false;
}

/* Members in which evidence of a component stands. */
static void find_holders(const struct bom *m, bool *holds)
{
	struct places p;
	places_init(&p, m->members, m->nmembers);
	for (size_t i = 0; i < m->n; i++) {
		struct records steps = is_component(m->findings[i]) ? steps_of(m->findings[i]) : (struct records){ 0 };
		for (uint32_t k = 0; k < steps.n; k++) {
			long at = places_find(&p, record_get_text(steps.v[k], STEP_PLACE));
			if (at >= 0 && span_is(record_get_text(m->members[at], MEM_TYPE), "file"))
				holds[at] = true;
		}
	}
	places_done(&p);
}

static bool is_input(const struct record *member)
{
	return record_get_uint(member, MEM_CONTAINER) == 0;
}

static void put_file(struct buf *b, const struct record *member)
{
	buf_text(b, "{\"type\":\"file\",\"bom-ref\":");
	put_file_ref(b, member);
	buf_text(b, ",\"name\":");
	json_put_text(b, record_get_text(member, MEM_WHERE));
	put_hash(b, member);
	buf_text(b, "}");
}

static size_t put_components(struct bom *m, const bool *holds)
{
	struct buf *b = &m->out;
	size_t n = 0;
	buf_text(b, ",\n\"components\":[");
	for (size_t i = 0; i < m->n; i++) {
		if (!is_component(m->findings[i]))
			continue;
		buf_text(b, n++ ? ",\n  " : "\n  ");
		put_component(b, m->findings[i]);
	}
	for (size_t i = 0, files = n; i < m->nmembers; i++) {
		if (!holds[i])
			continue;
		buf_text(b, files++ ? ",\n  " : "\n  ");
		put_file(b, m->members[i]);
	}
	buf_text(b, "]");
	return n;
}

/* The image holds all of it; a file, what stands in it. */
static void put_dependencies(struct bom *m, const bool *holds)
{
	struct buf *b = &m->out;
	buf_text(b, ",\n\"dependencies\":[\n  {\"ref\":\"image\",\"dependsOn\":[");
	size_t n = 0;
	for (size_t i = 0; i < m->n; i++) {
		if (!is_component(m->findings[i]))
			continue;
		buf_text(b, n++ ? "," : "");
		put_ref(b, m->findings[i]);
	}
	buf_text(b, "]}");
	for (size_t i = 0; i < m->nmembers; i++) {
		if (!holds[i])
			continue;
		buf_text(b, ",\n  {\"ref\":");
		put_file_ref(b, m->members[i]);
		buf_text(b, ",\"dependsOn\":[");
		n = 0;
		for (size_t k = 0; k < m->n; k++) {
			if (!is_component(m->findings[k]) || !stands_in(m->findings[k], m->members[i]))
				continue;
			buf_text(b, n++ ? "," : "");
			put_ref(b, m->findings[k]);
		}
		buf_text(b, "]}");
	}
	buf_text(b, "]");
}

static void put_metadata(struct bom *m)
{
	struct buf *b = &m->out;
	const struct record *image = NULL;
	size_t inputs = 0;
	for (size_t i = 0; i < m->nmembers; i++) {
		if (!is_input(m->members[i]) || !span_is(record_get_text(m->members[i], MEM_TYPE), "file"))
			continue;
		image = image ? image : m->members[i];
		inputs++;
	}
	buf_text(b, ",\"version\":1,\n\"metadata\":{\"tools\":{\"components\":["
		    "{\"type\":\"application\",\"name\":\"auscult\",\"version\":");
	json_put_str(b, AUSCULT_VERSION);
	buf_text(b, "}]},\"component\":{\"type\":\"firmware\",\"bom-ref\":\"image\",\"name\":");
	json_put_text(b, image && inputs == 1 ? record_get_text(image, MEM_PATH) : SPAN_LIT("files of an image"));
	if (image && inputs == 1)
		put_hash(b, image);
	buf_text(b, "}}");
}

size_t sbom_write(struct buf *out, struct record *const *findings, size_t n, struct record *const *members,
		  size_t nmembers)
{
	struct bom m = { findings, members, n, nmembers, { .cap = out->cap } };
	bool *holds = mem_array(nmembers + 1, sizeof(*holds));
	char uuid[UUID_TEXT];
	find_holders(&m, holds);
	put_metadata(&m);
	size_t components = put_components(&m, holds);
	put_dependencies(&m, holds);
	/* What rules do not know is not in it. */
	buf_text(&m.out, ",\n\"compositions\":[{\"aggregate\":\"incomplete\",\"assemblies\":[\"image\"]}]}\n");
	buf_printf(out, "{\"$schema\":\"http://cyclonedx.org/schema/bom-1.6.schema.json\",\"bomFormat\":\"CycloneDX\","
			"\"specVersion\":\"1.6\",\n\"serialNumber\":\"urn:uuid:%s\"",
		   uuid_named(uuid_auscult, buf_span(&m.out), uuid));
	buf_bytes(out, buf_span(&m.out));
	buf_done(&m.out);
	free(holds);
	return components;
}
