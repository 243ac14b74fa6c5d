/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for people. Everything a stranger may have said passes show_text on its way out. Devices
 * and health are read by the names of their fields: report/ stands beside track/, not above it. */
#include "report/text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "base/utf8.h"
#include "record/json.h"
#include "report/advice.h"

enum { KEPT = 65536, NAMED = 4, LISTED = 40 };

struct list {
	struct record **v;
	unsigned n, dropped;
};

enum { CASES, FINDINGS, EXPOSURES, DEVICES, LISTS };
static const char *const kinds[LISTS] = { "case", "finding", "exposure", "device" };

struct text_report {
	struct layout layout;
	struct arena arena;
	struct list lists[LISTS];
	struct record *health;
	struct advice advice;                    /* said once, it holds for every case */
};

struct text_report *text_report_new(const struct text_opts *o)
{
	struct text_report *t = mem_new(sizeof(*t));
	t->layout = (struct layout){ .colour = o->colour, .utf8 = o->utf8 };
	arena_init(&t->arena, 512 << 20);
	return t;
}

void text_report_free(struct text_report *t)
{
	if (!t)
		return;
	for (int i = 0; i < LISTS; i++)
		free(t->lists[i].v);
	arena_done(&t->arena);
	free(t);
}

static void list_add(struct text_report *t, struct list *l, const struct record *r)
{
	struct record *copy = l->n < KEPT ? record_copy(&t->arena, r) : NULL;
	if (!copy) {
		l->dropped++;
		return;
	}
	if ((l->n & (l->n - 1)) == 0)
		l->v = mem_grow(l->v, l->n ? 2 * (size_t)l->n : 1, sizeof(struct record *));
	l->v[l->n++] = copy;
}

void text_report_add(struct text_report *t, const struct record *r)
{
	for (int i = 0; i < LISTS; i++)
		if (strcmp(r->type->name, kinds[i]) == 0)
			list_add(t, &t->lists[i], r);
	if (strcmp(r->type->name, "health") == 0)
		t->health = record_copy(&t->arena, r);
}

/* ---- fields by name; a kind without the field has it empty ---- */

static const struct value *value_of(const struct record *r, const char *name, enum field_type type)
{
	int i = r ? record_type_field(r->type, name) : -1;
	bool fits = i >= 0 && record_has(r, (unsigned)i) && r->type->fields[i].type == type;
	return fits && !field_is_token(&r->type->fields[i]) ? &r->v[i] : NULL;
}

static struct span text_of(const struct record *r, const char *name)
{
	const struct value *v = value_of(r, name, F_TEXT);
	return v ? v->text : (struct span){ 0 };
}

static uint64_t number_of(const struct record *r, const char *name)
{
	const struct value *v = value_of(r, name, F_UINT);
	return v ? v->u : 0;
}

static uint64_t time_of(const struct record *r, const char *name)
{
	const struct value *v = value_of(r, name, F_TIME);
	return v ? v->u : 0;
}

static struct texts texts_of(const struct record *r, const char *name)
{
	const struct value *v = value_of(r, name, F_TEXTS);
	return v ? v->texts : (struct texts){ 0 };
}

static const struct record *child_of(const struct record *r, const char *name)
{
	const struct value *v = value_of(r, name, F_RECORD);
	return v ? v->record : NULL;
}

static enum severity severity_of(const struct record *r)
{
	enum severity v = SEV_INFO;
	severity_parse(text_of(r, "severity"), &v);
	return v;
}

static void put_addr(struct buf *b, struct addr a)
{
	char text[ADDR_TEXT];
	buf_text(b, addr_text(a, text));
}

static void put_joined(struct buf *b, struct texts t)
{
	for (uint32_t i = 0; i < t.n; i++) {
		if (i)
			buf_text(b, ", ");
		buf_bytes(b, t.v[i]);
	}
}

/* A device as people speak of it: its name, else its model, else role and address. */
static void put_device(struct buf *b, const struct record *d)
{
	static const char *const names[] = { "name", "model" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_of(d, names[i]).n) {
			buf_bytes(b, text_of(d, names[i]));
			return;
		}
	struct span role = text_of(d, "role");
	const struct value *a = value_of(d, "address", F_ADDR), *m = value_of(d, "mac", F_MAC);
	struct texts all = texts_of(d, "addresses");
	char mac[MAC_TEXT];
	buf_bytes(b, role.n && !span_is(role, "unknown") ? role : SPAN_LIT("device"));
	buf_text(b, " ");
	if (a)
		put_addr(b, a->addr);
	else if (all.n)
		buf_bytes(b, all.v[0]);
	else if (m)
		buf_text(b, mac_text(m->mac, mac));
	else
		buf_bytes(b, text_of(d, "id"));
}

/* The same with its address, where a name stands before it. */
static void put_device_at(struct buf *b, const struct record *d)
{
	const struct value *a = value_of(d, "address", F_ADDR);
	put_device(b, d);
	if (a && (text_of(d, "name").n || text_of(d, "model").n)) {
		buf_text(b, " at ");
		put_addr(b, a->addr);
	}
}

/* ---- the sentence of state ---- */

struct concern {                                 /* a device and the gravest of its cases */
	const struct record *device;
	struct span id;
	enum severity worst;
};

static unsigned concerns(const struct text_report *t, enum severity least, struct concern **out)
{
	const struct list *l = &t->lists[CASES];
	struct concern *v = mem_array(l->n + 1, sizeof(*v));
	unsigned n = 0;
	for (unsigned i = 0; i < l->n; i++) {
		const struct record *d = child_of(l->v[i], "device");
		enum severity s = severity_of(l->v[i]);
		struct span id = text_of(d, "id");
		unsigned k = 0;
		if (s < least)
			continue;
		while (k < n && !span_eq(v[k].id, id))
			k++;
		if (k == n)
			v[n++] = (struct concern){ d, id, s };
		else if (s > v[k].worst)
			v[k].worst = s;
	}
	for (unsigned i = 1; i < n; i++)         /* few: gravest first, else as they came */
		for (unsigned k = i; k && v[k].worst > v[k - 1].worst; k--) {
			struct concern swap = v[k];
			v[k] = v[k - 1];
			v[k - 1] = swap;
		}
	*out = v;
	return n;
}

static void put_names(struct buf *b, const struct concern *v, unsigned n)
{
	for (unsigned i = 0; i < n && i < NAMED; i++) {
		buf_text(b, i ? ", " : ": ");
		put_device_at(b, v[i].device);
		buf_printf(b, " (%s)", severity_name(v[i].worst));
	}
	if (n > NAMED)
		buf_printf(b, " and %u more", n - NAMED);
	buf_text(b, ".");
}

static void put_span(const struct text_report *t, struct buf *b)
{
	uint64_t first = time_of(t->health, "first"), last = time_of(t->health, "last");
	layout_duration(b, last > first ? last - first : 0);
	buf_text(b, " of traffic of ");
	layout_count(b, t->lists[DEVICES].n, "device", "devices");
}

/* Raw: names in it are as they were sent. */
static enum severity state_sentence(const struct text_report *t, struct buf *b)
{
	struct concern *v;
	unsigned n = concerns(t, SEV_MEDIUM, &v);
	enum severity worst = n ? v[0].worst : SEV_INFO;
	if (n) {
		layout_count(b, n, "device needs attention", "devices need attention");
		put_names(b, v, n);
		free(v);
		return worst;
	}
	free(v);
	n = concerns(t, SEV_LOW, &v);
	if (!t->health || !number_of(t->health, "packets")) {
		buf_text(b, "No packet was read: nothing can be said.");
	} else if (n) {
		worst = SEV_LOW;
		buf_text(b, "Nothing above low was seen in ");
		put_span(t, b);
		buf_text(b, "; low");
		put_names(b, v, n);
	} else {
		buf_text(b, "Nothing at or above low was seen in ");
		put_span(t, b);
		buf_text(b, ".");
	}
	free(v);
	return worst;
}

void text_report_state(struct text_report *t, struct buf *out)
{
	struct buf raw = { 0 };
	state_sentence(t, &raw);
	show_text(out, buf_span(&raw), true, 0);
	buf_done(&raw);
}

static void print_state(const struct text_report *t, struct buf *out, bool complete)
{
	struct buf raw = { 0 }, shown = { 0 };
	enum severity worst = state_sentence(t, &raw);
	const struct list *cases = &t->lists[CASES];
	for (unsigned i = 0; i < cases->n && worst >= SEV_MEDIUM; i++)
		if (severity_of(cases->v[i]) == worst) {
			advice_first(&raw, texts_of(cases->v[i], "next"));
			break;
		}
	layout_wrap(&shown, &t->layout, 0, "", buf_span(&raw));
	shown.n -= shown.n ? 1 : 0;              /* the line's end stays out of the colour */
	buf_u8(&shown, 0);
	layout_tint(out, &t->layout, worst >= SEV_HIGH ? TINT_RED : worst >= SEV_MEDIUM ? TINT_YELLOW : TINT_GREEN,
		    (const char *)shown.p);
	buf_text(out, "\n");
	struct span error = text_of(t->health, "input_error");
	if (error.n || !complete)
		layout_wrap(out, &t->layout, 0, error.n ? "The input broke off, what came before is judged: " :
			    "The input could not be read to its end; what came before is judged.", error);
	buf_done(&raw);
	buf_done(&shown);
}

static void heading(const struct text_report *t, struct buf *out, const char *text)
{
	buf_text(out, "\n");
	layout_tint(out, &t->layout, TINT_BOLD, text);
	buf_text(out, "\n");
}

/* ---- cases ---- */

/* The gravest finding of a case: its meaning is the case's why. */
static const struct record *worst_finding(const struct text_report *t, const struct record *c)
{
	const struct list *l = &t->lists[FINDINGS];
	struct texts ids = texts_of(c, "findings");
	const struct record *worst = NULL;
	for (unsigned i = 0; i < l->n; i++)
		for (uint32_t k = 0; k < ids.n; k++)
			if (span_eq(text_of(l->v[i], "id"), ids.v[k]) && (!worst || severity_of(l->v[i]) > severity_of(worst)))
				worst = l->v[i];
	return worst;
}

static void print_title(const struct text_report *t, struct buf *out, const struct record *c)
{
	struct buf head = { 0 };
	layout_severity(&head, &t->layout, severity_of(c));
	buf_text(&head, "  ");
	buf_u8(&head, 0);
	layout_wrap(out, &t->layout, 0, (const char *)head.p, text_of(c, "title"));
	buf_done(&head);
}

static void print_case(struct text_report *t, struct buf *out, const struct record *c)
{
	const struct record *f = worst_finding(t, c);
	struct buf line = { 0 };
	buf_text(out, "\n");
	print_title(t, out, c);
	if (text_of(c, "story").n && !span_eq(text_of(c, "story"), text_of(c, "title")))
		layout_wrap(out, &t->layout, 2, "", text_of(c, "story"));
	advice_paragraph(&t->advice, out, &t->layout, "Why:      ", text_of(f, "meaning"), text_of(c, "id"));
	advice_paragraph(&t->advice, out, &t->layout, "Wrong if: ", text_of(f, "wrong"), text_of(c, "id"));
	advice_steps(&t->advice, out, &t->layout, texts_of(c, "next"));
	buf_text(&line, "case ");
	buf_bytes(&line, text_of(c, "id"));
	buf_text(&line, ", findings ");
	put_joined(&line, texts_of(c, "findings"));
	buf_text(&line, " (");
	put_joined(&line, texts_of(c, "rules"));
	buf_text(&line, ")");
	layout_wrap(out, &t->layout, 2, "Seen:     ", buf_span(&line));
	buf_done(&line);
}

static void print_cases(struct text_report *t, struct buf *out)
{
	const struct list *l = &t->lists[CASES];
	unsigned left = 0, notes = 0;
	for (int s = SEV_CRITICAL; s > SEV_INFO; s--)
		for (unsigned i = 0, n = 0; i < l->n; i++) {
			if ((int)severity_of(l->v[i]) != s)
				continue;
			if (n++ < LISTED)
				print_case(t, out, l->v[i]);
			else
				left++;
		}
	for (unsigned i = 0; i < l->n; i++)
		notes += severity_of(l->v[i]) == SEV_INFO;
	if (left)
		buf_printf(out, "\n%u more cases: auscult cases\n", left);
	if (notes) {
		heading(t, out, "Worth knowing");
		for (unsigned i = 0, n = 0; i < l->n; i++)
			if (severity_of(l->v[i]) == SEV_INFO && n++ < LISTED)
				layout_wrap(out, &t->layout, 2, t->layout.utf8 ? "· " : "- ", text_of(l->v[i], "title"));
	}
}

/* ---- tables ---- */

static void cell_addr(struct table *t, struct addr a, uint64_t port)
{
	struct buf b = { 0 };
	put_addr(&b, a);
	if (port)
		buf_printf(&b, a.family == 6 ? " port %llu" : ":%llu", (unsigned long long)port);
	table_cell(t, buf_span(&b));
	buf_done(&b);
}

static struct addr addr_of(const struct record *r, const char *name)
{
	const struct value *v = value_of(r, name, F_ADDR);
	return v ? v->addr : (struct addr){ 0 };
}

static void cell_joined(struct table *t, struct texts list)
{
	struct buf b = { 0 };
	put_joined(&b, list);
	table_cell(t, buf_span(&b));
	buf_done(&b);
}

static void print_exposures(const struct text_report *t, struct buf *out)
{
	static const char *const heads[] = { "From", "To", "Protocol", "Reaches", "Fields in clear", "Messages", "Patients" };
	const struct list *l = &t->lists[EXPOSURES];
	struct table table;
	if (!l->n)
		return;
	heading(t, out, "Patients' data in clear");
	table_init(&table, ARRAY_LEN(heads), heads);
	for (unsigned i = 0; i < l->n && i < LISTED; i++) {
		const struct record *r = l->v[i];
		const struct value *least = value_of(r, "patients_at_least", F_BOOL);
		char patients[32];
		cell_addr(&table, addr_of(r, "source"), 0);
		cell_addr(&table, addr_of(r, "address"), number_of(r, "port"));
		table_cell(&table, text_of(r, "protocol"));
		table_cell(&table, text_of(r, "scope"));
		cell_joined(&table, texts_of(r, "fields"));
		table_number(&table, number_of(r, "messages"));
		snprintf(patients, sizeof(patients), "%s%llu", least && least->u ? ">=" : "",
			 (unsigned long long)number_of(r, "patients"));
		table_text(&table, patients);
	}
	table_print(&table, out, &t->layout, 2);
	table_done(&table);
	if (l->n > LISTED)
		buf_printf(out, "  and %u more: auscult exposure\n", l->n - LISTED);
}

static void device_row(struct table *table, const struct record *r)
{
	struct texts addresses = texts_of(r, "addresses");
	const struct value *mac = value_of(r, "mac", F_MAC);
	struct buf b = { 0 };
	char text[MAC_TEXT];
	table_cell(table, text_of(r, text_of(r, "name").n ? "name" : "id"));
	table_cell(table, !span_is(text_of(r, "role"), "unknown") ? text_of(r, "role") : (struct span){ 0 });
	buf_bytes(&b, addresses.n ? addresses.v[0] : (struct span){ 0 });
	if (addresses.n > 1)
		buf_printf(&b, " +%u", addresses.n - 1);
	table_cell(table, buf_span(&b));
	table_text(table, mac ? mac_text(mac->mac, text) : "");
	buf_reset(&b);
	buf_bytes(&b, text_of(r, "maker"));
	if (text_of(r, "model").n) {
		buf_text(&b, b.n ? " " : "");
		buf_bytes(&b, text_of(r, "model"));
	}
	table_cell(table, buf_span(&b));
	cell_joined(table, texts_of(r, "protocols"));
	buf_done(&b);
}

static bool is_medical(const struct record *r)
{
	const struct value *v = value_of(r, "medical", F_BOOL);
	return v && v->u;
}

static void print_devices(const struct text_report *t, struct buf *out)
{
	static const char *const heads[] = { "Device", "Role", "Address", "MAC", "Make, model", "Speaks" };
	const struct list *l = &t->lists[DEVICES];
	struct table table;
	if (!l->n)
		return;
	heading(t, out, "Devices");
	table_init(&table, ARRAY_LEN(heads), heads);
	unsigned shown = 0;
	for (int medical = 1; medical >= 0; medical--)
		for (unsigned i = 0; i < l->n; i++)
			if (is_medical(l->v[i]) == (medical == 1) && shown < LISTED) {
				device_row(&table, l->v[i]);
				shown++;
			}
	table_print(&table, out, &t->layout, 2);
	table_done(&table);
	if (l->n > shown)
		buf_printf(out, "  and %u more: auscult devices\n", l->n - shown);
}

/* ---- how well the sensor saw ---- */

/* What the two sentences say already. */
static const char *const told[] = { "files", "packets", "bytes", "flows", "devices", "findings", "records",
	"log_lines", "unknown_flows", "unknown_text", "unknown_binary", "unknown_encrypted", "tcp_gaps", "gap_bytes", NULL };

static bool is_told(const char *name)
{
	for (int i = 0; told[i]; i++)
		if (strcmp(told[i], name) == 0)
			return true;
	return false;
}

/* To the second, without the quotes and the fraction of JSON's form. */
static void put_time(struct buf *b, uint64_t ns)
{
	struct buf text = { 0 };
	json_put_time(&text, ns);
	buf_bytes(b, span_cut(span_from(buf_span(&text), 1), 19));
	buf_text(b, "Z");
	buf_done(&text);
}

static void print_read(const struct text_report *t, struct buf *out)
{
	const struct record *h = t->health;
	struct buf b = { 0 };
	uint64_t first = time_of(h, "first"), last = time_of(h, "last");
	if (number_of(h, "packets") || !number_of(h, "log_lines")) {
		layout_count(&b, number_of(h, "packets"), "packet", "packets");
		buf_text(&b, ", ");
		layout_bytes(&b, number_of(h, "bytes"));
	}
	if (number_of(h, "log_lines")) {
		buf_text(&b, b.n ? " and " : "");
		layout_count(&b, number_of(h, "log_lines"), "line", "lines");
		buf_text(&b, " of another sensor's logs");
	}
	buf_text(&b, " in ");
	layout_count(&b, number_of(h, "files"), "file", "files");
	if (texts_of(h, "link_types").n) {
		buf_text(&b, " (");
		put_joined(&b, texts_of(h, "link_types"));
		buf_text(&b, ")");
	}
	if (first) {
		buf_text(&b, ", ");
		layout_duration(&b, last - first);
		buf_text(&b, " from ");
		put_time(&b, first);
		buf_text(&b, " to ");
		put_time(&b, last);
	}
	layout_wrap(out, &t->layout, 2, "Read:      ", buf_span(&b));
	buf_done(&b);
}

static void print_unknown(const struct text_report *t, struct buf *out)
{
	const struct record *h = t->health;
	struct buf b = { 0 };
	layout_count(&b, number_of(h, "flows"), "conversation", "conversations");
	buf_printf(&b, ", %llu in no protocol that is known (%llu text, %llu binary, %llu encrypted or packed)",
		   (unsigned long long)number_of(h, "unknown_flows"), (unsigned long long)number_of(h, "unknown_text"),
		   (unsigned long long)number_of(h, "unknown_binary"), (unsigned long long)number_of(h, "unknown_encrypted"));
	layout_wrap(out, &t->layout, 2, "Saw:       ", buf_span(&b));
	buf_reset(&b);
	if (number_of(h, "tcp_gaps")) {
		layout_count(&b, number_of(h, "tcp_gaps"), "hole", "holes");
		buf_text(&b, " in TCP streams, ");
		layout_bytes(&b, number_of(h, "gap_bytes"));
		buf_text(&b, " were never captured");
		layout_wrap(out, &t->layout, 2, "Gaps:      ", buf_span(&b));
	}
	buf_done(&b);
}

/* What logs without packets cannot tell. */
static void print_starved(const struct text_report *t, struct buf *out)
{
	struct buf b = { 0 };
	struct texts none = texts_of(t->health, "not_judged"), some = texts_of(t->health, "judged_in_part");
	if (none.n) {
		put_joined(&b, none);
		layout_wrap(out, &t->layout, 2, "Not judged without packets: ", buf_span(&b));
		buf_reset(&b);
	}
	if (some.n) {
		put_joined(&b, some);
		layout_wrap(out, &t->layout, 2, "Judged in part: ", buf_span(&b));
	}
	buf_done(&b);
}

static void print_health(const struct text_report *t, struct buf *out)
{
	const struct record *h = t->health;
	if (!h)
		return;
	heading(t, out, "Sensor");
	print_read(t, out);
	print_unknown(t, out);
	print_starved(t, out);
	for (unsigned i = 0; i < h->type->nfields; i++) {
		const struct field *f = &h->type->fields[i];
		char head[40];
		if (f->type != F_UINT || !record_has(h, i) || !h->v[i].u || is_told(f->name))
			continue;
		if (f->unit)
			continue;
		snprintf(head, sizeof(head), "%-10llu ", (unsigned long long)h->v[i].u);
		layout_wrap(out, &t->layout, 2, head, span_str(f->doc));
	}
	if (text_of(h, "zones").n)
		layout_wrap(out, &t->layout, 2, "Networks:  ", text_of(h, "zones"));
}

void text_report_print(struct text_report *t, struct buf *out, bool complete)
{
	t->advice = (struct advice){ 0 };
	print_state(t, out, complete);
	print_cases(t, out);
	print_exposures(t, out);
	print_devices(t, out);
	print_health(t, out);
	unsigned dropped = 0;
	for (int i = 0; i < LISTS; i++)
		dropped += t->lists[i].dropped;
	if (dropped)
		buf_printf(out, "\n%u records found no room in this report; ask the store.\n", dropped);
}
