/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that people and strangers write: the first byte picks the configuration, STIX indicators, the
 * list of MAC prefixes or a MUD profile. */
#include "detect/indicator.h"
#include "fuzz.h"
#include "profile/profile.h"
#include "track/device.h"
#include "track/oui.h"
#include "track/zone.h"

static enum profile_says peer_is(void *ctx, const struct profile *p, const struct peer *peer, struct addr a)
{
	(void)ctx;
	(void)p;
	return (enum profile_says)((peer->kind + a.b[15]) % 3);
}

/* What is sound is asked and written; what was written must be sound again. */
static void profile(struct span text)
{
	struct profiles *t = profiles_new();
	struct complaints said = { 0 };
	struct buf mud = { 0 };
	const struct profile *p = profiles_read(t, text, "fuzz", &said);
	if (p) {
		struct profile_packet k = { .outgoing = text.n & 1, .peer = addr_v4(0xca720477), .peer_port = 515, .proto = 6 };
		profile_allows(p, &k, peer_is, NULL, NULL);
		profile_write(&mud, p);
		if (!profiles_read(t, buf_span(&mud), "again", &said) && !mud.full)
			abort();
	}
	buf_done(&mud);
	complaints_done(&said);
	profiles_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct span text = span_of(data + 1, size - 1);
	if (data[0] % 4 == 0) {
		const struct conf_key *tables[] = { zone_conf, device_conf, detect_conf, NULL };
		struct conf *c = NULL;
		struct buf errors = { 0 };
		if (conf_parse(text, "fuzz", tables, &c, &errors) == 0)
			conf_free(c);
		buf_done(&errors);
	} else if (data[0] % 4 == 1) {
		struct indicators *t = indicators_new();
		char err[256];
		if (indicators_read(t, text, "fuzz", err) == 0)
			indicators_addr(t, addr_v4(0xca720477), 515, 6);
		indicators_free(t);
	} else if (data[0] % 4 == 2) {
		profile(text);
	} else {
		struct oui *o = NULL;
		if (oui_parse(text, &o) == 0)
			oui_free(o);
	}
	return 0;
}
