/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fields.def, resolved: which value of a line goes where. */
#pragma once

#include "record/registry.h"
#include "sensor/line.h"

enum sensor_kind { SENSOR_EVE, SENSOR_ZEEK };

/* What is no field of a record: the conversation's, and the request that the HTTP decoder reads again. */
enum slot {
	SLOT_NONE, SLOT_TIME, SLOT_SOURCE, SLOT_TARGET, SLOT_SOURCE_PORT, SLOT_TARGET_PORT, SLOT_TRANSPORT, SLOT_SOURCE_MAC,
	SLOT_TARGET_MAC, SLOT_CONVERSATION, SLOT_PROTOCOL, SLOT_START, SLOT_FINISH, SLOT_DURATION, SLOT_STATE,
	SLOT_PACKETS_TO_SERVER, SLOT_PACKETS_TO_CLIENT, SLOT_BYTES_TO_SERVER, SLOT_BYTES_TO_CLIENT, SLOT_WIRE_TO_SERVER,
	SLOT_WIRE_TO_CLIENT, SLOT_FLAGS_TO_CLIENT, SLOT_HOST, SLOT_TARGET_PATH, SLOT_METHOD, SLOT_AGENT,
	SLOT_LEASED, SLOT_LEASED_TO, SLOTS,
};

enum side_sent { SIDE_SENT_CLIENT, SIDE_SENT_SERVER, SIDE_SENT_SENDER };

enum how {
	HOW_VALUE,                               /* as it stands there, in the field's type */
	HOW_LOWER,
	HOW_PATH,                                /* of a URL: what may be shown of it */
	HOW_ADDRESS,                             /* only if it is one */
	HOW_PRESENT,                             /* true: it is there at all */
	HOW_CLOSED,                              /* true: it says CLOSED */
	HOW_MAGIC,                               /* libmagic's words or a media type */
	HOW_BANNER,                              /* "SSH-2.0-dropbear": without what stands in front of the program */
};

struct row {
	unsigned name;                           /* number of the path; 0: a constant */
	enum slot slot;                          /* SLOT_NONE: a field */
	enum side_sent side;
	enum how how;
	const struct record_type *type;
	unsigned field;
	const char *text;                        /* of a constant */
	uint8_t next;                            /* index + 1 of the next row of the same name */
};

enum { PLAN_ROWS = 48 };

struct plan {
	bool is_flow;                            /* it tells a whole conversation */
	bool has_records;                        /* rows that are fields */
	struct span event, kind;                 /* "dns/answer": "dns", "answer" */
	unsigned kind_name;                      /* number of the value that divides the event, 0: none */
	struct row rows[PLAN_ROWS];
	unsigned n;
	uint8_t first[LINE_NAMES];               /* by name: index + 1 of a row */
	bool is_simple;                          /* no value goes to several places */
	uint8_t slot[LINE_NAMES];                /* by name: enum slot of its only row that is no field; SLOTS: several */
};

/* The rows of a name. NULL ends. */
static inline const struct row *plan_first(const struct plan *p, unsigned name)
{
	return p->first[name] ? &p->rows[p->first[name] - 1] : NULL;
}

static inline const struct row *plan_next(const struct plan *p, const struct row *r)
{
	return r->next ? &p->rows[r->next - 1] : NULL;
}

struct map;

/* NULL, with a sentence in err, when the table names what no decoder offers. */
struct map *map_new(enum sensor_kind k, const struct registry *g, char err[256]);
void        map_free(struct map *m);
/* Every path that the table names, the time and the event among them. */
const struct names *map_names(const struct map *m);
unsigned    map_time(const struct map *m);       /* where a line says when */
unsigned    map_event(const struct map *m);      /* … and what */
/* The plan of an event and, when its kind is known, "event/kind"; NULL: nothing is known of it. */
const struct plan *map_plan(const struct map *m, struct span event, struct span kind);
/* Whether records of that type come from this sensor. */
bool        map_makes(const struct map *m, const struct record_type *t);
