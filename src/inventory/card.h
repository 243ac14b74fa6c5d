/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identity cards of firmware (auscult inspect --card) read back, and what a device says of itself held against one.
 * Only like is compared with like: a product's version with the version that the same product has on the card. */
#pragma once

#include "base/buf.h"
#include "base/mem.h"

enum { CARDS_MAX = 1024, CARD_FACTS = 1024, CARD_PARTS = 4096, CARD_SAYINGS = 256, CARDS_MEMORY = 64 << 20,
       CARD_ERR = 240 };

struct card_fact {
	const char *what, *value;
	double confidence;
};

struct card_part {                               /* software in the image */
	const char *name, *version;              /* version: "" when the image does not say it */
};

struct card_saying {                             /* what a device with this firmware said when it was vetted */
	const char *what, *from, *said;
};

struct card {
	const char *file, *id, *name;            /* of the card; of the image */
	const char *device;                      /* whose it is: address, MAC, name or id; NULL: whoever says its model */
	struct card_fact *facts;
	struct card_part *parts;
	struct card_saying *sayings;
	unsigned nfacts, nparts, nsayings;
};

struct cards {
	struct card v[CARDS_MAX];
	unsigned n;
	struct arena arena;
};

struct cards *cards_new(void);
void cards_free(struct cards *t);                /* NULL is fine */
/* 0, or -EINVAL with a sentence in err. device may be NULL. */
int  cards_read(struct cards *t, struct span json, const char *file, const char *device, char err[CARD_ERR])
	__attribute__((warn_unused_result));

enum card_says {
	CARD_EQUAL,
	CARD_UNTOLD,                             /* of the same kind, but the two do not decide it */
	CARD_LOOSE,                              /* differs, in numbers that may be counted otherwise */
	CARD_OTHER,                              /* differs: not what the card is of */
};
const char *card_says_name(enum card_says s);    /* "equal", "cannot be told" … */

struct card_answer {
	enum card_says says;
	const char *about;                       /* "Dropbear", "maker" …; the card's */
	struct span said;                        /* the version or word of the device */
	const char *card;                        /* that of the card; the nearest when it has several */
};

enum { CARD_ANSWERS = 16 };
/* One clue of a device: what kind ("system", "version" …), in which field of which protocol, its words. Returns how
 * many things the card has to compare with. */
unsigned card_compare(const struct card *c, struct span what, struct span from, struct span said, struct arena *a,
		      struct card_answer out[CARD_ANSWERS]);
/* The card names this model: it is of such a device. */
bool     card_has_model(const struct card *c, struct span model);
