/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult fleet: what the inspected images of the store have in common. */
#include "base/utf8.h"
#include "cmd/body.h"
#include "record/json.h"

enum { OPT_STORE, OPT_JSON, OPT_LEAST, OPT_ALL, OPT_COLOR };
enum { SHOWN = 40 };

static const char *const kinds[] = { "finding", "address", "host", "password", "key", "program", "function", NULL };

struct fleet {
	const struct args *args;
	const char *what, *value;                /* NULL: any */
	json_t *shared;                          /* "what value" → list of { image, name, where } */
	json_t *images;                          /* summaries */
	uint64_t dropped;
	bool any;                                /* image in the store */
};

static const char *value_of(json_t *trait)
{
	const char *value = body_text(trait, "value");
	return *value ? value : body_text(trait, "secret.hash");
}

static void add_trait(struct fleet *f, json_t *body, json_t *trait)
{
	const char *what = body_text(trait, "what"), *value = value_of(trait);
	struct buf key = { 0 };
	if (!*value || (f->what && strcmp(what, f->what) != 0) || (f->value && strcasecmp(value, f->value) != 0))
		return;
	buf_printf(&key, "%s %s", what, value);
	buf_u8(&key, 0);
	json_t *list = json_object_get(f->shared, (const char *)key.p);
	if (!list)
		json_object_set_new(f->shared, (const char *)key.p, list = json_array());
	buf_done(&key);
	json_t *o = json_object();
	json_object_set(o, "image", json_object_get(body, "id"));
	json_object_set(o, "name", json_object_get(body, "name"));
	json_object_set(o, "where", json_object_get(trait, "where"));
	if (json_object_get(trait, "finding"))
		json_object_set(o, "finding", json_object_get(trait, "finding"));
	json_array_append_new(list, o);
}

/* Surely without that value: the text need not be read. Values that JSON writes otherwise are looked for by reading. */
static bool is_without(const struct fleet *f, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/_-";
	bool plain = f->value && f->value[strspn(f->value, letters)] == '\0';
	return plain && !args_flag(f->args, OPT_JSON) && !strcasestr(text, f->value) && !strstr(text, "\"dropped\"");
}

static bool each_image(void *ctx, const char *text)
{
	struct fleet *f = ctx;
	f->any = true;
	if (is_without(f, text))
		return true;
	json_t *body = body_parse(text), *trait;
	size_t i;
	if (!body)
		return true;
	json_array_foreach(json_object_get(body, "traits"), i, trait)
		add_trait(f, body, trait);
	f->dropped += (uint64_t)json_integer_value(json_object_get(body, "dropped"));
	json_object_del(body, "traits");
	json_array_append_new(f->images, body);
	return true;
}

struct group {
	const char *key;
	json_t *list;
};

/* What most images have first; then by name. */
static int by_spread(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	size_t nx = json_array_size(x->list), ny = json_array_size(y->list);
	return nx != ny ? (nx < ny) - (nx > ny) : strcmp(x->key, y->key);
}

/* Groups of at least `least` images. The caller frees. */
static struct group *groups_of(struct fleet *f, size_t least, size_t *n)
{
	struct group *v = mem_array(json_object_size(f->shared) + 1, sizeof(*v));
	const char *key;
	json_t *list;
	*n = 0;
	json_object_foreach(f->shared, key, list)
		if (json_array_size(list) >= least)
			v[(*n)++] = (struct group){ key, list };
	if (*n)
		qsort(v, *n, sizeof(*v), by_spread);
	return v;
}

static void dump(struct buf *out, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15));
	buf_text(out, text ? text : "null");
	free(text);
}

static void print_json(struct fleet *f, const struct group *v, size_t n, struct buf *out)
{
	out->cap = 1 << 30;
	buf_text(out, "{\"auscult\":\"" AUSCULT_VERSION "\",\"images\":");
	dump(out, f->images);
	buf_text(out, ",\n\"shared\":[");
	for (size_t i = 0; i < n; i++) {
		size_t head = strcspn(v[i].key, " ");
		buf_text(out, i ? ",\n  {\"what\":" : "\n  {\"what\":");
		json_put_text(out, span_of(v[i].key, head));
		buf_text(out, ",\"value\":");
		json_put_text(out, span_str(v[i].key + head + 1));
		buf_printf(out, ",\"count\":%zu,\"images\":", json_array_size(v[i].list));
		dump(out, v[i].list);
		buf_text(out, "}");
	}
	buf_text(out, "]}\n");
}

static void print_images(const struct fleet *f, const struct layout *l, struct buf *out)
{
	static const char *const heads[] = { "IMAGE", "SEVERITY", "FINDINGS", "PROGRAMS", "STATE", "NAME" };
	struct table t;
	json_t *o;
	size_t i;
	table_init(&t, 6, heads);
	t.right[2] = t.right[3] = t.whole[0] = true;
	json_array_foreach(f->images, i, o) {
		table_text(&t, body_text(o, "id"));
		table_text(&t, body_text(o, "severity"));
		table_number(&t, (uint64_t)json_integer_value(json_object_get(o, "findings")));
		table_number(&t, (uint64_t)json_integer_value(json_object_get(o, "programs")));
		table_text(&t, body_text(o, "state"));
		table_text(&t, body_text(o, "name"));
	}
	table_print(&t, out, l, 0);
	table_done(&t);
}

static void print_group(const struct group *g, bool all, const struct layout *l, struct buf *out)
{
	json_t *o;
	size_t i, n = json_array_size(g->list);
	struct buf b = { 0 };
	buf_text(&b, g->key);
	buf_text(&b, ": ");
	layout_count(&b, n, "image", "images");
	layout_wrap(out, l, 0, "", buf_span(&b));
	json_array_foreach(g->list, i, o) {
		if (!all && i == 3 && n > 4) {
			buf_printf(out, "  and %zu more\n", n - i);
			break;
		}
		buf_reset(&b);
		buf_printf(&b, "%s  %s  in %s", body_text(o, "image"), body_text(o, "name"), body_text(o, "where"));
		if (*body_text(o, "finding"))
			buf_printf(&b, "  (%s)", body_text(o, "finding"));
		layout_wrap(out, l, 2, "", buf_span(&b));
	}
	buf_done(&b);
}

static void print_people(const struct fleet *f, const struct group *v, size_t n, struct buf *out)
{
	struct layout l = body_layout(args_text(f->args, OPT_COLOR));
	bool all = args_flag(f->args, OPT_ALL) || f->value;
	out->cap = 1 << 30;
	if (!f->what && !f->value)
		print_images(f, &l, out);
	buf_text(out, !f->what && n ? "\nIn several of them:\n" : "");
	for (size_t i = 0; i < n && (all || i < SHOWN); i++)
		print_group(&v[i], all, &l, out);
	if (!all && n > SHOWN)
		buf_printf(out, "%zu more (--all)\n", n - SHOWN);
	if (!n)
		buf_text(out, f->value ? "No inspected image has it.\n" : "Nothing of the kind is in several images.\n");
	if (f->dropped)
		buf_printf(out, "%llu traits past the cap of an image are not compared.\n", (unsigned long long)f->dropped);
}

static int ask(struct fleet *f, struct store *store)
{
	const struct query all = { .kind = "inspected", .min_severity = -1 };
	int bad = store_ask(store, &all, each_image, f);
	size_t n = 0;
	struct buf out = { 0 };
	if (bad) {
		log_error(&f->args->log, "%s", store_error(store));
		return OUT_FAILED;
	}
	struct group *v = groups_of(f, f->value ? 1 : args_number(f->args, OPT_LEAST), &n);
	if (!f->any)
		log_note(&f->args->log, "no image has been inspected into this store: auscult inspect --jobs 2 FOLDER");
	if (args_flag(f->args, OPT_JSON))
		print_json(f, v, n, &out);
	else
		print_people(f, v, n, &out);
	bad = command_write(1, buf_span(&out));
	buf_done(&out);
	free(v);
	return bad ? OUT_FAILED : OUT_CLEAN;
}

static bool is_kind(const char *what)
{
	for (size_t i = 0; kinds[i]; i++)
		if (strcmp(kinds[i], what) == 0)
			return true;
	return false;
}

static int run(struct args *a)
{
	struct fleet f = { .args = a, .what = a->nrest ? a->rest[0] : NULL, .value = a->nrest > 1 ? a->rest[1] : NULL };
	struct store *store;
	if (a->nrest > 2)
		return command_usage(a, "name a kind and one value: auscult fleet address 192.0.2.1");
	if (f.what && !is_kind(f.what)) {
		const char *near = option_nearest(f.what, kinds);
		return command_usage(a, "\"%s\" is none of finding, address, host, password, key, program, function%s%s%s", f.what,
				     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	}
	if (!body_store(a, args_text(a, OPT_STORE), &store))
		return OUT_FAILED;
	f.shared = json_object();
	f.images = json_array();
	int rc = ask(&f, store);
	json_decref(f.shared);
	json_decref(f.images);
	store_close(store);
	return rc;
}

const struct command cmd_fleet = {
	.name = "fleet",
	.doc = "what inspected firmware images have in common",
	.synopsis = "[OPTION]... [finding|address|host|password|key|program|function [VALUE]]",
	.about =
		"Asks the store about all images that `auscult inspect --jobs` has put there; no image is opened. Without a kind: "
		"the images, and what several of them have. With a kind: what is in several images, most spread first. With a "
		"value too: the images that have it, and in which file.\n\n"
		"Passwords and keys are named by a hash with the site's own key: the same hash is the same password, and nobody "
		"can read it from that. Functions are named by a hash of the calls they make and what they pass, so that the same "
		"function is found in another build at another address.",
	.example = "auscult inspect --jobs 2 firmware/; auscult fleet\n  what these images share\n"
		   "auscult fleet address 192.0.2.1\n  which images call that address\n"
		   "auscult fleet --json key\n  keys that several images have, for programs",
	OPTIONS([OPT_STORE] = OPTION_STORE, [OPT_JSON] = OPTION_JSON,
		[OPT_LEAST] = { "least", 0, "N", OPTION_NUMBER, "in so many images at least", "2" },
		[OPT_ALL] = { "all", 0, NULL, OPTION_FLAG, "every value and every image of it" },
		[OPT_COLOR] = OPTION_COLOR),
	.run = run,
};
