/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Simple Service Discovery Protocol (UPnP Device Architecture 2.0, chapter 1): HTTP-like heads in
 * datagrams. */
#include "base/ascii.h"
#include "base/scope.h"
#include "decode/decoder.h"

enum { PORT_SSDP = 1900, LINES_MAX = 64 };

enum { KIND, TARGET, USN, SYSTEM, LOCATION, STATE, MAX_AGE, FIELDS };

static const struct field fields[FIELDS] = {
	[KIND] = { "type", F_TEXT, "search, notify or response" },
	[TARGET] = { "target", F_TEXT, "device or service type asked for or announced" },
	[USN] = { "usn", F_TEXT, "unique name of the announced service" },
	[SYSTEM] = { "server", F_TEXT, "system and product of the sender", .clue = CLUE_SYSTEM },
	[LOCATION] = { "location", F_TEXT, "where its description lies, without a query string" },
	[STATE] = { "state", F_TEXT, "ssdp:alive, ssdp:byebye or ssdp:update" },
	[MAX_AGE] = { "max_age", F_UINT, "how long the announcement holds", "s" },
};
static RECORD_TYPE(ssdp_type, "ssdp", "An SSDP search, announcement or answer", fields);

struct start {
	struct span line;
	const char *kind;
};

static const struct start starts[] = {
	{ { (const uint8_t *)"M-SEARCH * HTTP/1.", 18 }, "search" },
	{ { (const uint8_t *)"NOTIFY * HTTP/1.", 16 }, "notify" },
	{ { (const uint8_t *)"HTTP/1.1 200", 12 }, "response" },
};

static const char *kind_of(struct span bytes)
{
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (span_starts(bytes, starts[i].line))
			return starts[i].kind;
	return NULL;
}

static struct bid bid(const struct message *m, const struct origin *at)
{
	(void)at;
	return (struct bid){ kind_of(m->bytes) ? BID_SURE : BID_NO, SIDE_UNKNOWN };
}

static struct span without_query(struct span url)
{
	struct rd r = rd_of(url);
	struct span head;
	return rd_until(&r, '?', &head) ? head : url;
}

static void max_age(struct record *out, struct span value)
{
	struct rd r = rd_of(value);
	struct span key;
	if (!rd_until(&r, '=', &key) || !span_alike(span_trim_line(key), "max-age"))
		return;
	uint64_t seconds = 0;
	struct rd digits = rd_of(span_trim_line(rd_rest(&r)));
	for (int i = 0; i < 9 && rd_peek(&digits) >= '0' && rd_peek(&digits) <= '9'; i++)
		seconds = seconds * 10 + (uint64_t)(rd_u8(&digits) - '0');
	record_uint(out, MAX_AGE, seconds);
}

static void header(struct record *out, struct span name, struct span value)
{
	if (span_alike(name, "ST") || span_alike(name, "NT"))
		record_text(out, TARGET, value);
	else if (span_alike(name, "SERVER") || span_alike(name, "USER-AGENT"))
		record_text(out, SYSTEM, value);
	else if (span_alike(name, "USN"))
		record_text(out, USN, value);
	else if (span_alike(name, "LOCATION"))
		record_text(out, LOCATION, without_query(value));
	else if (span_alike(name, "NTS"))
		record_text(out, STATE, value);
	else if (span_alike(name, "CACHE-CONTROL"))
		max_age(out, value);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	const char *kind = kind_of(m->bytes);
	struct rd r = rd_of(m->bytes);
	struct span line, name;
	if (!kind || !rd_until(&r, '\n', &line))
		return false;
	struct record out UNSET;
	emit_begin(e, &out, &ssdp_type);
	record_str(&out, KIND, kind);
	for (int i = 0; rd_left(&r) && i < LINES_MAX; i++) {
		line = rd_piece(&r, '\n');
		struct rd parts = rd_of(line);
		if (rd_until(&parts, ':', &name))
			header(&out, span_trim_line(name), span_trim_line(rd_rest(&parts)));
	}
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &ssdp_type, NULL };

const struct decoder decoder_ssdp = {
	.name = "ssdp", .doc = "Simple Service Discovery Protocol (UPnP Device Architecture 2.0)",
	.no_content = true,
	.over = OVER_UDP, .ports = { PORT_SSDP },
	.bid = bid, .decode = decode, .types = types,
};
