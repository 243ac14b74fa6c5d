/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.device-lost: a clinical device that earlier runs kept is not seen any more, although its network was watched. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/census.h"

static const struct want wants[] = { CENSUS_WANT, [CENSUS_WANTS] = { NULL, NULL } };

enum option { SILENT, RECENT };

static const struct option_num options[] = {
	[SILENT] = { "silent", "how long its network must have been watched without it", "s", 1800, 60, 604800 },
	[RECENT] = { "recent", "how long ago it may have been seen last to be missed now", "d", 14, 1, 3650 },
	{ 0 },
};

static const struct rule rule = {
	.id = "net.device-lost",
	.title = "A clinical device is silent",
	.cause = "lost device",
	.sees = "A medical device of the store that was seen within the last days and from which nothing came in this run, "
		"while another known device of its network was seen for long enough.",
	.why = "A central station, engine or archive that is silent is missed by all that send to it. A monitor that is "
	       "silent may be stored, or its alarms reach nobody any more.",
	.wrong = "Devices are switched off, stored, moved to another ward or sent to repair every day; a capture of another "
		 "segment cannot show them. Therefore it is information for devices at the bed.",
	.next = { "If the device is in use, look whether the central station still shows it.",
		  "If it was moved or retired, nothing is to be done: it is forgotten after some days.", NULL },
	.attack = { "T0814", "T0826", "T1499", NULL },
	.cwe = { "CWE-223", NULL },
	.references = { "NIST SP 1800-24", NULL },
};

enum { SECOND_NS = 1000000000, DAY_S = 86400 };

struct presence {
	uint64_t first, last;                    /* in this run; 0: not seen */
};

struct state {
	uint64_t start, end;                     /* of this run, by what its devices sent */
	struct presence seen[BASELINE_DEVICES];
};

static void on_device(struct run *d, const struct record *r)
{
	struct state *s = d->state;
	struct census c;
	size_t i;
	if (!census_read(d, r, &c))
		return;
	s->start = !s->start || c.first < s->start ? c.first : s->start;
	s->end = c.last > s->end ? c.last : s->end;
	if (baseline_find(detect_baseline(d), c.id, &i))
		s->seen[i] = (struct presence){ c.first, c.last };
	const struct baseline_device *had = baseline_by_addr(detect_baseline(d), c.addr);
	if (had && baseline_find(detect_baseline(d), span_str(had->id), &i) && !s->seen[i].last &&
	    (mac_is_zero(had->mac) || mac_is_zero(c.mac)))
		s->seen[i] = (struct presence){ c.first, c.last };       /* the same one, seen from nearer or from farther away */
}

static bool was_watched(const struct run *d, const struct baseline_device *lost)
{
	const struct state *s = d->state;
	const struct baseline *b = detect_baseline(d);
	uint64_t enough = (uint64_t)(d->opt[SILENT] * SECOND_NS);
	for (size_t i = 0; i < baseline_count(b); i++)
		if (s->seen[i].last && s->seen[i].last - s->seen[i].first >= enough &&
		    addr_is_neighbour(lost->addr, baseline_at(b, i)->addr))
			return true;
	return false;
}

static bool is_missed(const struct run *d, size_t i)
{
	const struct state *s = d->state;
	const struct baseline_device *had = baseline_at(detect_baseline(d), i);
	uint64_t recent = (uint64_t)(d->opt[RECENT] * DAY_S) * SECOND_NS;
	return had->medical && had->addr.family && !s->seen[i].last && had->last < s->start &&
	       s->start - had->last <= recent && was_watched(d, had);
}

static void tell(struct run *d, const struct baseline_device *had)
{
	const struct state *s = d->state;
	struct finding *f = detect_find(d, DEVICE_NONE, "%s", had->id);
	if (!f)
		f = detect_finding(d, DEVICE_NONE, NULL, "%s", had->id);
	if (!f)
		return;
	enum device_role role = role_find(had->role);
	bool server = role == ROLE_CENTRAL || role == ROLE_PACS || role == ROLE_HL7_ENGINE;
	char text[ADDR_TEXT];
	f->first = had->last;
	f->last = s->end;
	f->keeps_scope = true;
	f->scope = SCOPE_NONE;
	f->severity = server ? SEV_LOW : SEV_INFO;
	f->confidence = 0.7;
	record_addr(f->observed, OBS_SOURCE, had->addr);
	if (!mac_is_zero(had->mac))
		record_mac(f->observed, OBS_MAC, had->mac);
	detect_list(f, OBS_EXTRA, had->id);
	f->title = detect_text(d, "The %s %s%s(%s) was here before and is not seen any more",
			       *had->role ? had->role : "device", had->name, *had->name ? " " : "", addr_text(had->addr, text));
}

static void finish(struct run *d)
{
	for (size_t i = 0; i < baseline_count(detect_baseline(d)); i++)
		if (is_missed(d, i))
			tell(d, baseline_at(detect_baseline(d), i));
}

static const struct on on[] = { { "device", on_device }, { NULL, NULL } };

const struct detector detector_device_lost = {
	.name = "net.device-lost", .rule = &rule, .on = on, .wants = wants, .options = options,
	.state_size = sizeof(struct state), .finish = finish,
};
