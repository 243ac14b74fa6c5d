/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult show ID: everything the store has on one finding, case, device, exposure or conversation. */
#include "base/utf8.h"
#include "cmd/body.h"

enum { OPT_STORE, OPT_JSON, OPT_COLOR };
enum { DEPTH = 6, LABEL = 18 };

struct shown {
	const struct args *args;
	struct layout layout;
	struct store *store;
	struct buf out;
	const char *owner;                       /* related findings: of this device … */
	json_t *members;                         /* … or these ids */
	unsigned n;
};

static void show_value(struct shown *s, unsigned indent, const char *name, json_t *v, unsigned depth);

static void show_object(struct shown *s, unsigned indent, json_t *object, unsigned depth)
{
	const char *name;
	json_t *v;
	json_object_foreach(object, name, v)
		show_value(s, indent, name, v, depth);
}

/* A list of objects (evidence, clues) is a line each: its values, in the order of the table. */
static void show_line(struct shown *s, unsigned indent, json_t *object)
{
	const char *name;
	json_t *v;
	struct buf line = { 0 };
	json_object_foreach(object, name, v) {
		buf_printf(&line, "%s%s ", line.n ? ", " : "", name);
		body_show(&line, v);
	}
	layout_wrap(&s->out, &s->layout, indent, s->layout.utf8 ? "· " : "- ", buf_span(&line));
	buf_done(&line);
}

static void show_list(struct shown *s, unsigned indent, json_t *list)
{
	size_t i;
	json_t *v;
	json_array_foreach(list, i, v) {
		if (json_is_object(v))
			show_line(s, indent, v);
		else
			layout_wrap(&s->out, &s->layout, indent, s->layout.utf8 ? "· " : "- ", span_str(json_string_value(v)));
	}
}

static void show_value(struct shown *s, unsigned indent, const char *name, json_t *v, unsigned depth)
{
	char head[64];
	struct buf text = { 0 };
	if (depth > DEPTH)
		return;
	snprintf(head, sizeof(head), "%-*.40s ", LABEL, name);
	if (json_is_object(v) || (json_is_array(v) && json_array_size(v) > 1)) {
		layout_wrap(&s->out, &s->layout, indent, head, (struct span){ 0 });
		if (json_is_object(v))
			show_object(s, indent + 2, v, depth + 1);
		else
			show_list(s, indent + 2, v);
		return;
	}
	if (json_is_array(v) && json_is_object(json_array_get(v, 0))) {
		layout_wrap(&s->out, &s->layout, indent, head, (struct span){ 0 });
		show_list(s, indent + 2, v);
		return;
	}
	if (json_is_string(v))
		buf_bytes(&text, span_of(json_string_value(v), json_string_length(v)));
	else
		body_show(&text, v);
	layout_wrap(&s->out, &s->layout, indent, head, buf_span(&text));
	buf_done(&text);
}

static void show_body(struct shown *s, json_t *body)
{
	const char *name, *kind = body_text(body, "kind");
	json_t *v;
	if (*body_text(body, "severity")) {
		struct buf head = { 0 };
		layout_severity(&head, &s->layout, body_severity(body));
		buf_bytes(&head, span_of("  ", 3));
		layout_wrap(&s->out, &s->layout, 0, (const char *)head.p, span_str(body_text(body, "title")));
		buf_done(&head);
	} else {
		layout_tint(&s->out, &s->layout, TINT_BOLD, kind);
		buf_text(&s->out, "\n");
	}
	json_object_foreach(body, name, v)
		if (strcmp(name, "kind") != 0 && strcmp(name, "title") != 0)
			show_value(s, 2, name, v, 0);
}

static bool each_related(void *ctx, const char *text)
{
	struct shown *s = ctx;
	json_t *f = body_parse(text);
	const char *id = body_text(f, "id");
	bool is = s->members ? body_has(s->members, id) : strcmp(body_text(f, "device.id"), s->owner) == 0;
	if (is) {
		buf_text(&s->out, s->n++ ? "" : "\n");
		struct buf head = { 0 };
		layout_severity(&head, &s->layout, body_severity(f));
		buf_text(&head, "  ");
		show_text(&head, span_str(id), s->layout.utf8, 40);
		buf_bytes(&head, span_of("  ", 3));
		layout_wrap(&s->out, &s->layout, 0, (const char *)head.p, span_str(body_text(f, "title")));
		buf_done(&head);
	}
	json_decref(f);
	return true;
}

/* Under a case its findings, under a device or an image what was found in it. */
static int show_related(struct shown *s, json_t *body)
{
	const char *kind = body_text(body, "kind");
	json_t *members = json_object_get(body, "findings");
	s->n = 0;
	s->members = json_is_array(members) ? members : NULL;
	s->owner = strcmp(kind, "device") == 0 || strcmp(kind, "inspected") == 0 ? body_text(body, "id") : NULL;
	const struct query all = { .kind = "finding", .min_severity = -1, .device = s->members ? NULL : s->owner };
	return s->members || s->owner ? store_ask(s->store, &all, each_related, s) : 0;
}

struct versions {
	json_t *list;
};

static bool each_version(void *ctx, const char *text)
{
	struct versions *v = ctx;
	json_t *body = body_parse(text);
	if (body)
		json_array_append_new(v->list, body);
	return true;
}

static int find(struct shown *s, const char *id, json_t *list)
{
	struct versions v = { list };
	int bad = store_ask(s->store, &(struct query){ .kind = "finding", .id = id, .min_severity = -1, .history = true },
			    each_version, &v);
	if (!bad && json_array_size(list) == 0)
		bad = store_ask(s->store, &(struct query){ .id = id, .min_severity = -1 }, each_version, &v);
	return bad;
}

static int show_all(struct shown *s, json_t *list)
{
	json_t *latest = json_array_get(list, json_array_size(list) - 1);
	if (args_flag(s->args, OPT_JSON)) {
		char *text = json_dumps(latest, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
		buf_text(&s->out, text);
		buf_text(&s->out, "\n");
		free(text);
		return 0;
	}
	show_body(s, latest);
	if (json_array_size(list) > 1)
		buf_printf(&s->out, "\nWritten %zu times as it changed; this is the latest.\n", json_array_size(list));
	int bad = show_related(s, latest);
	bool has_packets = json_object_get(json_array_get(json_object_get(latest, "evidence"), 0), "packet");
	bool is_seen = strcmp(body_text(latest, "kind"), "case") == 0 && strcmp(body_text(latest, "state"), "predicted") != 0;
	if (has_packets || is_seen)
		buf_printf(&s->out, "\nIts packets, without patients' data: auscult export -o evidence.pcapng %s\n",
			   body_text(latest, "id"));
	return bad;
}

static int run(struct args *a)
{
	struct shown s = { .args = a, .layout = body_layout(args_text(a, OPT_COLOR)) };
	if (a->nrest != 1)
		return command_usage(a, "name one id, as auscult findings, cases or devices print it");
	if (!body_store(a, args_text(a, OPT_STORE), &s.store))
		return OUT_FAILED;
	json_t *list = json_array();
	int bad = find(&s, a->rest[0], list);
	bool none = !bad && json_array_size(list) == 0;
	if (!bad && !none)
		bad = show_all(&s, list);
	if (bad)
		log_error(&a->log, "%s", store_error(s.store));
	if (none)
		log_error(&a->log, "the store has nothing with the id %s", a->rest[0]);
	if (!bad && !none && command_write(STDOUT_FILENO, buf_span(&s.out)) < 0)
		bad = 1;
	json_decref(list);
	buf_done(&s.out);
	store_close(s.store);
	return bad || none ? OUT_FAILED : OUT_CLEAN;
}

const struct command cmd_show = {
	.name = "show",
	.doc = "everything about one finding, case, device, exposure or conversation",
	.synopsis = "[OPTION]... ID",
	.about = "Prints every value that the store has under an id, with the packets that show it (file, packet "
		 "number, offset) and, for a case or a device, the findings that belong to it.",
	.example = "auscult show F-1a2b3c4d5e\n  a finding with its evidence",
	OPTIONS([OPT_STORE] = OPTION_STORE, [OPT_JSON] = OPTION_JSON, [OPT_COLOR] = OPTION_COLOR),
	.run = run,
};
