/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that people and strangers write: the first byte picks the configuration, STIX indicators or the
 * list of MAC prefixes. */
#include "detect/indicator.h"
#include "fuzz.h"
#include "track/device.h"
#include "track/oui.h"
#include "track/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct span text = span_of(data + 1, size - 1);
	if (data[0] % 3 == 0) {
		const struct conf_key *tables[] = { zone_conf, device_conf, detect_conf, NULL };
		struct conf *c = NULL;
		struct buf errors = { 0 };
		if (conf_parse(text, "fuzz", tables, &c, &errors) == 0)
			conf_free(c);
		buf_done(&errors);
	} else if (data[0] % 3 == 1) {
		struct indicators *t = indicators_new();
		char err[256];
		if (indicators_read(t, text, "fuzz", err) == 0)
			indicators_addr(t, addr_v4(0xca720477), 515, 6);
		indicators_free(t);
	} else {
		struct oui *o = NULL;
		if (oui_parse(text, &o) == 0)
			oui_free(o);
	}
	return 0;
}
