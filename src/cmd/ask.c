/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult devices, findings, cases, flows, exposure: five questions to the store that differ in a row of
 * a table. Filters that a kind has no field for (the severity of a conversation) go by its device. */
#include "base/utf8.h"
#include "cmd/body.h"

enum { OPT_STORE, OPT_JSON, OPT_JSONL, OPT_SEVERITY, OPT_DEVICE, OPT_RULE, OPT_SINCE, OPT_UNTIL, OPT_LIMIT, OPT_COLOR };

enum { COLUMNS = 8 };

struct column {
	const char *head, *path;                 /* path in the body; two joined by "+" with a colon between */
	enum { TEXT, NUMBER, WHOLE } how;        /* WHOLE: never cut */
};

struct view {
	const char *command, *kind, *list;
	bool judged;                             /* has a severity, a title and rules of its own: a paragraph, not a row */
	struct column columns[COLUMNS];
};

static const struct view views[] = {
	{ "devices", "device", "devices", false,
	  { { "Device", "name", TEXT }, { "Role", "role", TEXT }, { "Address", "addresses", TEXT }, { "MAC", "mac", WHOLE },
	    { "Model", "model", TEXT }, { "Speaks", "protocols", TEXT }, { "Id", "id", WHOLE } } },
	{ "findings", "finding", "findings", true, { { "rule", "rule", TEXT }, { "times", "count", TEXT },
	  { "of", "device.id", TEXT }, { "last", "last", TEXT } } },
	{ "cases", "case", "cases", true, { { "cause", "cause", TEXT }, { "state", "state", TEXT },
	  { "of", "device.id", TEXT }, { "last", "last", TEXT } } },
	{ "flows", "flow", "flows", false,
	  { { "Began", "first", WHOLE }, { "From", "client", TEXT }, { "To", "server+server_port", TEXT },
	    { "Protocol", "protocol", TEXT }, { "Sent", "bytes_to_server", NUMBER }, { "Got", "bytes_to_client", NUMBER },
	    { "Key", "key", WHOLE } } },
	{ "exposure", "exposure", "exposures", false,
	  { { "From", "source", TEXT }, { "To", "address+port", TEXT }, { "Protocol", "protocol", TEXT },
	    { "Reaches", "scope", TEXT },
	    { "Fields in clear", "fields", TEXT }, { "Messages", "messages", NUMBER }, { "Patients", "patients", NUMBER },
	    { "Id", "id", WHOLE } } },
};

/* Devices that a filter leaves, by id and by address; NULL: no filter. */
struct group {
	json_t *ids, *addresses;
};

struct question {
	const struct args *args;
	const struct view *view;
	struct store *store;
	struct group named;                      /* --device */
	struct group judged;                     /* --severity, --rule, where the kind has neither */
	uint64_t left, shown;
	struct layout layout;
	struct buf out;
	struct table table;
	bool failed;
};

static void group_done(struct group *g)
{
	json_decref(g->ids);
	json_decref(g->addresses);
}

static void group_add(struct group *g, json_t *device)
{
	size_t i;
	json_t *v;
	json_object_set_new(g->ids, body_text(device, "id"), json_true());
	json_array_foreach(json_object_get(device, "addresses"), i, v)
		if (json_is_string(v))
			json_object_set_new(g->addresses, json_string_value(v), json_true());
}

static bool in_group(const struct group *g, json_t *body)
{
	static const char *const ids[] = { "id", "device", "device.id" };
	static const char *const addresses[] = { "client", "server", "source", "address", "device.address" };
	if (!g->ids)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (json_object_get(g->ids, body_text(body, ids[i])))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++)
		if (json_object_get(g->addresses, body_text(body, addresses[i])))
			return true;
	return false;
}

static bool judged_so(const struct args *a, json_t *body)
{
	const char *rule = args_text(a, OPT_RULE);
	enum severity least = SEV_INFO;
	if (a->v[OPT_SEVERITY].given)
		severity_parse(span_str(args_text(a, OPT_SEVERITY)), &least);
	if (body_severity(body) < least)
		return false;
	return !rule || strcmp(body_text(body, "rule"), rule) == 0 || body_has(json_object_get(body, "rules"), rule);
}

static bool name_device(void *ctx, const char *text)
{
	struct question *q = ctx;
	const char *wanted = args_text(q->args, OPT_DEVICE);
	json_t *d = body_parse(text);
	/* A firmware image that was inspected has an id and a name too. */
	bool is = strcasecmp(body_text(d, "id"), wanted) == 0 || strcasecmp(body_text(d, "name"), wanted) == 0 ||
		  strcasecmp(body_text(d, "mac"), wanted) == 0 || body_has(json_object_get(d, "addresses"), wanted);
	if (is)
		group_add(&q->named, d);
	json_decref(d);
	return true;
}

static bool judge_finding(void *ctx, const char *text)
{
	struct question *q = ctx;
	json_t *f = body_parse(text);
	const char *id = body_text(f, "device.id");
	if (*id && judged_so(q->args, f))
		json_object_set_new(q->judged.ids, id, json_true());
	json_decref(f);
	return true;
}

/* The addresses of the devices that findings named. */
static bool judge_device(void *ctx, const char *text)
{
	struct question *q = ctx;
	json_t *d = body_parse(text);
	if (json_object_get(q->judged.ids, body_text(d, "id")))
		group_add(&q->judged, d);
	json_decref(d);
	return true;
}

static bool ask(struct question *q, const char *kind, bool (*each)(void *, const char *))
{
	const struct query all = { .kind = kind, .min_severity = -1 };
	if (store_ask(q->store, &all, each, q) == 0)
		return true;
	log_error(&q->args->log, "%s", store_error(q->store));
	return false;
}

static bool groups(struct question *q)
{
	const struct args *a = q->args;
	if (args_text(a, OPT_DEVICE)) {
		q->named = (struct group){ json_object(), json_object() };
		if (!ask(q, "device", name_device) || !ask(q, "inspected", name_device))
			return false;
		if (!json_object_size(q->named.ids)) {
			log_error(&a->log, "the store knows no device with the id, name, address or MAC \"%s\", and no image; see: "
				  "auscult devices, auscult fleet", args_text(a, OPT_DEVICE));
			return false;
		}
	}
	if (q->view->judged || (!a->v[OPT_SEVERITY].given && !args_text(a, OPT_RULE)))
		return true;
	q->judged = (struct group){ json_object(), json_object() };
	return ask(q, "finding", judge_finding) && ask(q, "device", judge_device);
}

static void add_row(struct question *q, json_t *body)
{
	struct buf cell = { 0 };
	for (int c = 0; c < COLUMNS && q->view->columns[c].head; c++) {
		const struct column *col = &q->view->columns[c];
		char path[64];
		size_t n = strcspn(col->path, "+");
		buf_reset(&cell);
		snprintf(path, sizeof(path), "%.*s", (int)n, col->path);
		body_show(&cell, body_at(body, path));
		if (col->path[n] && body_at(body, col->path + n + 1)) {
			buf_text(&cell, strchr(body_text(body, path), ':') ? " port " : ":");
			body_show(&cell, body_at(body, col->path + n + 1));
		}
		if (strcmp(path, "role") == 0 && span_is(buf_span(&cell), "unknown"))
			buf_reset(&cell);
		q->table.right[c] = col->how == NUMBER;
		q->table.whole[c] = col->how == WHOLE;
		table_cell(&q->table, buf_span(&cell));
	}
	buf_done(&cell);
}

static void add_paragraph(struct question *q, json_t *body)
{
	struct buf head = { 0 }, line = { 0 };
	layout_severity(&head, &q->layout, body_severity(body));
	buf_text(&head, "  ");
	show_text(&head, span_str(body_text(body, "id")), q->layout.utf8, 40);
	buf_bytes(&head, span_of("  ", 3));
	layout_wrap(&q->out, &q->layout, 0, (const char *)head.p, span_str(body_text(body, "title")));
	for (int c = 0; c < COLUMNS && q->view->columns[c].head; c++) {
		json_t *v = body_at(body, q->view->columns[c].path);
		if (!v)
			continue;                /* firmware has no times */
		buf_printf(&line, "%s%s ", line.n ? ", " : "", q->view->columns[c].head);
		body_show(&line, v);
	}
	layout_wrap(&q->out, &q->layout, 4, "", buf_span(&line));
	buf_done(&head);
	buf_done(&line);
}

static bool answer(void *ctx, const char *text)
{
	struct question *q = ctx;
	json_t *body = body_parse(text);
	bool wanted = body && in_group(&q->named, body) && in_group(&q->judged, body) &&
		      (!q->view->judged || judged_so(q->args, body));
	if (wanted && args_flag(q->args, OPT_JSON))
		buf_text(&q->out, q->shown ? ",\n  " : "\n  ");
	if (wanted && (args_flag(q->args, OPT_JSON) || args_flag(q->args, OPT_JSONL)))
		buf_text(&q->out, text);
	else if (wanted && q->view->judged)
		add_paragraph(q, body);
	else if (wanted)
		add_row(q, body);
	if (wanted && args_flag(q->args, OPT_JSONL))
		buf_text(&q->out, "\n");
	json_decref(body);
	q->shown += wanted;
	if (q->out.n > 1 << 20) {
		q->failed = command_write(STDOUT_FILENO, buf_span(&q->out)) < 0;
		buf_reset(&q->out);
	}
	return !q->failed && (!wanted || !q->left || --q->left);
}

static void finish(struct question *q)
{
	if (args_flag(q->args, OPT_JSON))
		buf_text(&q->out, q->shown ? "\n]}\n" : "]}\n");
	else if (!args_flag(q->args, OPT_JSONL) && q->shown)
		table_print(&q->table, &q->out, &q->layout, 0);
	else if (!args_flag(q->args, OPT_JSONL))
		buf_printf(&q->out, "No %s.\n", q->view->list);
	if (q->shown && q->view->judged && !args_flag(q->args, OPT_JSON) && !args_flag(q->args, OPT_JSONL))
		buf_text(&q->out, "\nEverything about one of them, with its evidence: auscult show ID\n");
	if (!q->failed)
		q->failed = command_write(STDOUT_FILENO, buf_span(&q->out)) < 0;
}

static int run_question(struct question *q)
{
	const char *heads[COLUMNS];
	unsigned n = 0;
	for (; n < COLUMNS && q->view->columns[n].head; n++)
		heads[n] = q->view->columns[n].head;
	table_init(&q->table, n, heads);
	q->left = args_number(q->args, OPT_LIMIT);
	if (args_flag(q->args, OPT_JSON))
		buf_printf(&q->out, "{\"%s\":[", q->view->list);
	const struct query query = {
		.kind = q->view->kind, .min_severity = -1, .since = args_number(q->args, OPT_SINCE),
		.until = args_number(q->args, OPT_UNTIL),
	};
	bool good = groups(q);
	if (good && store_ask(q->store, &query, answer, q) < 0) {
		log_error(&q->args->log, "%s", store_error(q->store));
		good = false;
	}
	if (good)
		finish(q);
	table_done(&q->table);
	buf_done(&q->out);
	group_done(&q->named);
	group_done(&q->judged);
	return good && !q->failed ? OUT_CLEAN : OUT_FAILED;
}

static int run(struct args *a)
{
	struct question q = { .args = a, .layout = body_layout(args_text(a, OPT_COLOR)) };
	if (a->nrest)
		return command_usage(a, "\"%s\" is not understood; to see one thing: auscult show %s", a->rest[0], a->rest[0]);
	for (size_t i = 0; i < ARRAY_LEN(views); i++)
		if (strcmp(views[i].command, a->command->name) == 0)
			q.view = &views[i];
	if (!q.view || !body_store(a, args_text(a, OPT_STORE), &q.store))
		return OUT_FAILED;
	int outcome = run_question(&q);
	store_close(q.store);
	return outcome;
}

static const struct option_spec options[] = {
	[OPT_STORE] = OPTION_STORE,
	[OPT_JSON] = OPTION_JSON,
	[OPT_JSONL] = OPTION_JSONL,
	[OPT_SEVERITY] = { "severity", 0, "SEVERITY", OPTION_TEXT,
			   "only what is at least this severe (devices, flows, exposures: whose device has such a finding)", NULL,
			   "info|low|medium|high|critical" },
	[OPT_DEVICE] = { "device", 0, "DEVICE", OPTION_TEXT, "only of this device (id, name, address or MAC) or inspected "
			 "image (id or name)" },
	[OPT_RULE] = { "rule", 0, "RULE", OPTION_TEXT, "only of this rule, like net.phi-cleartext" },
	[OPT_SINCE] = { "since", 0, "TIME", OPTION_TIME, "only what was seen at or after this time (packet time, UTC)" },
	[OPT_UNTIL] = { "until", 0, "TIME", OPTION_TIME, "only what was seen at or before this time" },
	[OPT_LIMIT] = { "limit", 0, "N", OPTION_NUMBER, "at most N of them; 0: all", "0" },
	[OPT_COLOR] = OPTION_COLOR,
};

#define ABOUT "Reads the store that auscult watch fills. Times are the packets' own, in UTC."
#define QUESTION(id, text, how) \
	const struct command cmd_##id = { \
		.name = #id, .doc = text, .synopsis = "[OPTION]...", .about = ABOUT, .example = how, \
		.options = options, .noptions = ARRAY_LEN(options), .run = run, \
	}

QUESTION(devices, "the devices that were seen",
	 "auscult devices --severity high\n  devices with a finding of high or critical severity");
QUESTION(findings, "what was found",
	 "auscult findings --severity high --since 2026-03-01 --json\n  grave findings since a day, for a program");
QUESTION(cases, "findings grouped by device and cause", "auscult cases --device 10.0.4.17\n  all cases of one device");
QUESTION(flows, "conversations that were seen",
	 "auscult flows --device bed-4 --limit 20\n  the first conversations of one device");
QUESTION(exposure, "patients' data that went in clear: from whom to whom",
	 "auscult exposure --json\n  which fields of how many patients went where");
