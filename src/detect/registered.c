/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may do what a stranger may not, by the configuration: `[reader NAME]`, `[service NAME]`, `[update NAME]`. */
#include "base/scope.h"
#include "detect/machine.h"

enum { REGISTERED_MAX = 4096 };

static const char *const sections[REGISTERED_KINDS] = {
	[REGISTERED_READER] = "reader", [REGISTERED_SERVICE] = "service", [REGISTERED_UPDATE] = "update",
	[REGISTERED_SCANNER] = "scanner",
};

void registered_read(struct detect *m)
{
	m->registered = mem_array(REGISTERED_MAX, sizeof(*m->registered));
	for (enum registered_kind k = 0; k < REGISTERED_KINDS; k++)
		for (const struct conf_section *s = NULL; (s = conf_each(m->set.conf, sections[k], s));) {
			const char *who, *device = conf_text(s, "device", NULL);
			for (unsigned i = 0; (who = conf_item(s, "address", i)) && m->nregistered < REGISTERED_MAX; i++) {
				struct registered *a = &m->registered[m->nregistered];
				*a = (struct registered){ .kind = k };
				if (prefix_parse(who, &a->who) && (!device || prefix_parse(device, &a->device)))
					m->nregistered++;
			}
		}
}

bool detect_is_registered(const struct run *d, enum registered_kind kind, struct addr device, struct addr who)
{
	for (size_t i = 0; i < d->host->nregistered; i++) {
		const struct registered *a = &d->host->registered[i];
		bool of_it = !a->device.net.family || prefix_has(a->device, device);
		if (a->kind == kind && of_it && prefix_has(a->who, who))
			return true;
	}
	return false;
}

const struct baseline *detect_baseline(const struct run *d)
{
	return d->host->set.baseline;
}

bool detect_has_registered(const struct run *d, enum registered_kind kind)
{
	for (size_t i = 0; i < d->host->nregistered; i++)
		if (d->host->registered[i].kind == kind)
			return true;
	return false;
}
