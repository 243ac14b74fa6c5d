/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list's columns, as records and back, and which line of it is which device. */
#include <jansson.h>

#include "base/scope.h"
#include "inventory/inventory.h"

/* An asset has a column a field; its id names it in the store. */
enum { A_ID, A_FIRST };
static const struct field fields[] = {
	[A_ID] = { "id", F_TEXT, "asset tag, or what else names the line" },
	[A_FIRST + ASSET_TAG] = { "asset_tag", F_TEXT, "number on the device's plate" },
	[A_FIRST + ASSET_MAKER] = { "maker", F_TEXT, "maker" },
	[A_FIRST + ASSET_MODEL] = { "model", F_TEXT, "model" },
	[A_FIRST + ASSET_SERIAL] = { "serial", F_TEXT, "serial number" },
	[A_FIRST + ASSET_FIRMWARE] = { "firmware", F_TEXT, "version of its firmware or software" },
	[A_FIRST + ASSET_MAC] = { "mac", F_TEXT, "MAC address" },
	[A_FIRST + ASSET_IP] = { "ip", F_TEXT, "IP address" },
	[A_FIRST + ASSET_PORT] = { "network_port", F_TEXT, "VLAN or switch port" },
	[A_FIRST + ASSET_LOCATION] = { "location", F_TEXT, "where it stands" },
	[A_FIRST + ASSET_DEPARTMENT] = { "department", F_TEXT, "department" },
	[A_FIRST + ASSET_OWNER] = { "owner", F_TEXT, "office that answers for it" },
	[A_FIRST + ASSET_CRITICALITY] = { "criticality", F_TEXT, "how much depends on it, in the list's own words" },
	[A_FIRST + ASSET_MAINTAINED] = { "last_maintenance", F_TEXT, "when it was maintained last" },
	[A_FIRST + ASSET_NETWORK] = { "networked", F_TEXT, "whether the list takes it for networked" },
	[A_FIRST + ASSET_MDS2] = { "mds2", F_TEXT, "whether the maker's security statement (MDS2) is on file" },
};
const struct record_type asset_type = {
	.name = "asset", .doc = "A line of the biomedical department's list of devices, imported", .fields = fields,
	.nfields = ARRAY_LEN(fields), .imported = true,
};

static const struct field headings_fields[] = {
	[HEADINGS_ID] = { "id", F_TEXT, "always \"headings\": there is one" },
	[HEADINGS_LIST] = { "headings", F_TEXTS, "HEADING=COLUMN, as --map was given" },
};
const struct record_type headings_type = {
	.name = "headings", .doc = "What the headings of the biomedical list mean, for the next import",
	.fields = headings_fields,
	.nfields = ARRAY_LEN(headings_fields), .imported = true,
};

const char *asset_column_name(enum asset_column c)
{
	return fields[A_FIRST + c].name;
}

void assets_done(struct assets *t)
{
	free(t->v);
	*t = (struct assets){ 0 };
}

struct record *asset_record(const struct asset *s, const struct record_host *h)
{
	struct record *r = arena_new(h->arena, sizeof(*r));
	if (!r)
		return NULL;
	record_begin(r, &asset_type, NULL, h);
	const char *id = *s->v[ASSET_TAG] ? s->v[ASSET_TAG] : *s->v[ASSET_SERIAL] ? s->v[ASSET_SERIAL] :
			 *s->v[ASSET_MAC] ? s->v[ASSET_MAC] : s->v[ASSET_IP];
	if (*id)
		record_str(r, A_ID, id);
	else
		record_str(r, A_ID, arena_printf(h->arena, "line %llu", (unsigned long long)s->line));
	for (unsigned c = 0; c < ASSET_COLUMNS; c++)
		record_str(r, A_FIRST + c, s->v[c]);
	return r;
}

bool asset_from_body(const char *json, struct arena *a, struct asset *out)
{
	json_t *o = json_loads(json, 0, NULL);
	bool ok = json_is_object(o);
	*out = (struct asset){ 0 };
	for (unsigned c = 0; c < ASSET_COLUMNS; c++) {
		const char *text = json_string_value(json_object_get(o, fields[A_FIRST + c].name));
		struct span s = text && *text ? arena_copy(a, span_str(text)) : (struct span){ 0 };
		out->v[c] = s.p ? (const char *)s.p : "";
	}
	json_decref(o);
	return ok;
}

/* ---- joining ---- */

static char plain(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_sign(char c)
{
	return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

/* Without signs and case: "02-00-5E-10-00-01" is "02:00:5e:10:00:01", "SN 12/34" is "sn1234". At least `least` long. */
static bool same_sign_free(const char *a, const char *b, unsigned least)
{
	unsigned n = 0;
	for (;;) {
		while (*a && is_sign(*a))
			a++;
		while (*b && is_sign(*b))
			b++;
		if (!*a || !*b)
			return !*a && !*b && n >= least;
		if (plain(*a++) != plain(*b++))
			return false;
		n++;
	}
}

static bool has_address(const struct asset_device *d, const char *ip)
{
	for (const char *const *v = d->addresses; *ip && v && *v; v++)
		if (strcmp(*v, ip) == 0)
			return true;
	return false;
}

const struct asset *assets_find(const struct assets *t, const struct asset_device *d, const char **how)
{
	static const char *const ways[] = { "MAC address", "serial number", "IP address", "name" };
	for (unsigned way = 0; way < ARRAY_LEN(ways); way++)
		for (uint32_t i = 0; i < t->n; i++) {
			const struct asset *s = &t->v[i];
			/* An address alone does not make one device of two with different cards. */
			bool other_card = *s->v[ASSET_MAC] && *d->mac && !same_sign_free(s->v[ASSET_MAC], d->mac, 12);
			bool fits = way == 0 ? same_sign_free(s->v[ASSET_MAC], d->mac, 12) :
				    way == 1 ? same_sign_free(s->v[ASSET_SERIAL], d->serial, 4) :
				    way == 2 ? !other_card && has_address(d, s->v[ASSET_IP]) :
					       !other_card && same_sign_free(s->v[ASSET_TAG], d->name, 3);
			if (!fits)
				continue;
			*how = ways[way];
			return s;
		}
	return NULL;
}
