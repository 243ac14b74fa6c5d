/* SPDX-License-Identifier: GPL-2.0-or-later */
/* net.firmware-card: what a device says of itself beside the identity card of a firmware image (watch --card). Equal,
 * different, or not to be told: each is said, because somebody asked. Without a card nothing is looked at. */
#include "base/scope.h"
#include "detect/advice.h"
#include "detect/census.h"
#include "inventory/card.h"

enum { CLUES = CENSUS_WANTS, MODEL };

static const struct want wants[] = {
	CENSUS_WANT, [CLUES] = { "device", "clues" }, [MODEL] = { "device", "model" }, { NULL, NULL },
};

static const struct rule rule = {
	.id = "net.firmware-card",
	.title = "A device beside the card of a firmware",
	.cause = "firmware identity",
	.sees = "What a device says of itself (DHCP, HTTP, UPnP, SSH, SNMP, DICOM, HL7 …) names the same software, maker, "
		"model or version as an identity card that was handed in, or another. Only like is compared with like.",
	.why = "Firmware that was taken apart and vetted says nothing about a device that runs another one.",
	.wrong = "A device may be told to name another version than it runs, and a maker may mend software without "
		 "changing its number. A maker may count the firmware as a whole otherwise on the network than in its "
		 "files: such a difference is `info` alone.",
	.next = { "Where they differ, ask biomedical engineering which firmware is installed, and have that one inspected: "
		  "auscult inspect, auscult vet.",
		  ADVICE_EVIDENCE, NULL },
	.attack = { "T0857", NULL },
	.cwe = { "CWE-494", NULL },
};

enum { LINES = 24, WORD = 96, ABOUT = 48 };

struct line {
	enum card_says says;
	char about[ABOUT], said[WORD], card[WORD], from[ABOUT];
};

struct facts {
	char image[WORD];
	struct addr addr;
	unsigned n;
	struct line v[LINES];
};

static void keep(char *out, size_t room, struct span s)
{
	snprintf(out, room, "%.*s", (int)(s.n < room ? s.n : room - 1), (const char *)s.p);
}

/* A device may have two of a kind; one that is equal makes the kind equal. */
static void note(struct facts *x, const struct card_answer *a, struct span from)
{
	unsigned i = 0;
	while (i < x->n && strcmp(x->v[i].about, a->about) != 0)
		i++;
	if (i == LINES || (i < x->n && x->v[i].says <= a->says))
		return;
	x->n += i == x->n;
	x->v[i].says = a->says;
	keep(x->v[i].about, ABOUT, span_str(a->about));
	keep(x->v[i].said, WORD, a->said);
	keep(x->v[i].card, WORD, span_str(a->card));
	keep(x->v[i].from, ABOUT, from);
}

static void compare(struct run *d, const struct record *r, const struct card *c, struct facts *x)
{
	struct card_answer answers[CARD_ANSWERS];
	unsigned col = (unsigned)d->col[CLUES];
	for (uint32_t i = 0; record_has(r, col) && i < r->v[col].records.n; i++) {
		const struct record *clue = r->v[col].records.v[i];
		struct span from = record_get_text(clue, CLUE_FROM);
		struct arena words;
		arena_init(&words, 1 << 16);
		unsigned n = card_compare(c, record_get_text(clue, CLUE_WHAT), from, record_get_text(clue, CLUE_SAID), &words,
					  answers);
		for (unsigned k = 0; k < n; k++)
			note(x, &answers[k], from);
		arena_done(&words);
	}
}

/* By any of its addresses, its MAC, its name or id. */
static bool is_named(struct run *d, const struct record *r, const struct census *c, const char *device)
{
	unsigned col = (unsigned)d->col[CENSUS_ADDRESSES];
	struct texts t = record_has(r, col) ? r->v[col].texts : (struct texts){ 0 };
	char mac[MAC_TEXT];
	for (uint32_t i = 0; i < t.n; i++)
		if (span_is(t.v[i], device))
			return true;
	if (strcasecmp(mac_text(c->mac, mac), device) == 0)
		return true;
	return span_is(c->id, device) || span_is(record_get_text(r, (unsigned)d->col[CENSUS_NAME]), device);
}

static bool is_of(struct run *d, const struct record *r, const struct census *c, const struct card *card)
{
	struct span model = record_get_text(r, (unsigned)d->col[MODEL]);
	if (!card->device)
		return model.n && card_has_model(card, model);
	return strcmp(card->device, "*") == 0 ? c->medical : is_named(d, r, c, card->device);
}

static void hold_against(struct run *d, const struct record *r, const struct census *c, const struct card *card)
{
	struct facts fresh = { .addr = c->addr };
	compare(d, r, card, &fresh);
	if (!fresh.n && card->device && strcmp(card->device, "*") == 0)
		return;
	struct finding *f = detect_open(d, c->device, NULL, "%s", card->id);
	struct facts *x = f ? detect_own(d, f, sizeof(*x)) : NULL;
	if (!x)
		return;
	*x = fresh;
	snprintf(x->image, sizeof(x->image), "%.60s (%.30s)", card->name, card->id);
	f->first = c->first;
	f->last = c->last;
}

static void on_device(struct run *d, const struct record *r)
{
	const struct cards *t = detect_cards(d);
	struct census c;
	if (!t || !census_of(d, r, &c) || c.device == DEVICE_NONE)
		return;
	for (unsigned i = 0; i < t->n; i++)
		if (is_of(d, r, &c, &t->v[i]))
			hold_against(d, r, &c, &t->v[i]);
}

/* The line that decides: the worst. NULL: there is none. */
static const struct line *decisive(const struct facts *x)
{
	static const unsigned weight[] = { [CARD_UNTOLD] = 0, [CARD_EQUAL] = 1, [CARD_LOOSE] = 2, [CARD_OTHER] = 3 };
	const struct line *worst = NULL;
	for (unsigned i = 0; i < x->n; i++)
		if (!worst || weight[x->v[i].says] > weight[worst->says])
			worst = &x->v[i];
	return worst;
}

static const char *title(struct run *d, const struct finding *f, const struct facts *x, const struct line *l)
{
	const char *who = detect_who(d, f->device, x->addr);
	if (!l || l->says == CARD_UNTOLD)
		return detect_text(d, "%s says nothing that tells whether it runs the firmware of the card of %s", who, x->image);
	if (l->says == CARD_EQUAL)
		return detect_text(d, "%s says what the card of %s says: %s %s (%s)", who, x->image, l->about, l->said, l->from);
	if (l->says == CARD_LOOSE)
		return detect_text(d, "%s names %s %s (%s), the card of %s names %s: maybe counted otherwise", who, l->about, l->said,
				   l->from, x->image, l->card);
	return detect_text(d, "%s says %s %s (%s), the card of %s says %s: not the firmware of that card", who, l->about,
			   l->said, l->from, x->image, l->card);
}

static void judge(struct run *d, struct finding *f)
{
	const struct facts *x = f->own;
	static const double sure[] = { [CARD_EQUAL] = 0.7, [CARD_UNTOLD] = 0.3, [CARD_LOOSE] = 0.4, [CARD_OTHER] = 0.8 };
	const struct line *l = decisive(x);
	enum card_says says = l ? l->says : CARD_UNTOLD;
	f->keeps_scope = true;
	f->scope = SCOPE_SEGMENT;
	f->severity = says == CARD_OTHER ? SEV_LOW : SEV_INFO;
	f->confidence = sure[says];
	record_addr(f->observed, OBS_SOURCE, x->addr);
	record_str(f->observed, OBS_CONTENT, card_says_name(says));
	if (l) {
		record_str(f->observed, OBS_PROTOCOL, l->from);
		record_str(f->observed, OBS_COMPONENT, l->about);
		record_str(f->observed, OBS_VERSION, l->said);
	}
	for (unsigned i = 0; i < x->n; i++) {
		const struct line *t = &x->v[i];
		detect_list(f, OBS_EXTRA, detect_text(d, "%s: says %s (%s), the card %s: %s", t->about, t->said, t->from,
						      *t->card ? t->card : "no version", card_says_name(t->says)));
	}
	f->title = title(d, f, x, l);
}

static const struct on on[] = { { "device", on_device }, { NULL, NULL } };

const struct detector detector_firmware_card = {
	.name = "net.firmware-card", .rule = &rule, .on = on, .wants = wants, .judge = judge,
};
