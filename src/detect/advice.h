/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Next steps that several rules give in the same words, so that a case says each of them once. They
 * follow the published safety communications: a monitor on a patient is never just unplugged. */
#pragma once

#define ADVICE_BEDSIDE \
	"Ask the ward first whether the device is on a patient. Keep its own alarms on and somebody within hearing " \
	"before anything changes on its network; do not just unplug it."
#define ADVICE_BLOCK \
	"Block the address named here at the router or firewall, in both directions. Keep the device's link to the " \
	"ward's own central station."
#define ADVICE_REPLACE \
	"If the patient depends on remote monitoring, move the patient to another monitor. If not, the device can " \
	"work alone: network cable out, wireless off, its own alarms on."
#define ADVICE_EVIDENCE \
	"Keep this capture and the output of `auscult export` for the case: whoever reports or repairs needs " \
	"the packets."
#define ADVICE_REPORT \
	"Tell the person responsible for data protection: the time to report a breach may be counted from today."
#define ADVICE_MAKER \
	"Ask the maker or the supplier for the firmware version that is free of it, and have biomedical engineering " \
	"install it, not the ward."
#define ADVICE_REGISTER \
	"If this is wanted, enter the address in the configuration ([central] or [allow]) so that it is not " \
	"reported again."
#define ADVICE_RENUMBER \
	"Give the central station and its monitors addresses of the site's own private range, and keep them on a " \
	"network segment of their own."
