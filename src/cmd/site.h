/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs to the site and not to one capture: the data folder, the key, the configuration, the MAC
 * list, indicators. Every command that needs one of them gets it here. */
#pragma once

#include "base/buf.h"
#include "base/conf.h"
#include "base/keyring.h"
#include "base/log.h"
#include "track/oui.h"

enum { SITE_INDICATORS = 16 };

struct site_options {                            /* NULL or 0: the default */
	const char *store, *key, *config, *oui;
	bool test_key, no_store;
	const char *const *indicators;
	unsigned nindicators;
};

struct site {
	char dir[4096];                          /* data folder; exists once site_load succeeded, unless no_store */
	uint8_t key[KEY_BYTES];
	struct conf *conf;                       /* NULL: none */
	struct oui *oui;                         /* NULL: none */
	struct buf indicators[SITE_INDICATORS];  /* the files' bytes, not parsed */
	const char *indicator_names[SITE_INDICATORS];
	unsigned nindicators;
	struct conf_key *detector_keys;
};

/* $XDG_DATA_HOME/auscult, ~/.local/share/auscult, or /var/lib/auscult for root. */
void site_default_dir(char out[4096]);
/* Says what is wrong (all of it for the configuration) and returns false. */
bool site_load(struct site *s, const struct site_options *o, const struct log *log) __attribute__((warn_unused_result));
void site_done(struct site *s);
