/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Next steps that several passes give in the same words, so that a case says each of them once. An image
 * is not a device on a patient: the first step is to find out which devices run it. */
#pragma once

#define ADVICE_WHICH_DEVICES \
	"Find out which of your devices run this firmware version, and whether any of them is on a patient. Change " \
	"nothing on a device that is in use before the ward has arranged for another one."
#define ADVICE_WATCH \
	"Let the network half look for it: `auscult inspect --predict FILE` writes what to look for, and `auscult " \
	"watch --indicators FILE` finds it."
#define ADVICE_FIREWALL \
	"Until it is mended, keep these devices on a network of their own and block the address named here in both " \
	"directions; keep the link to the ward's own central station."
#define ADVICE_ASK_MAKER \
	"Ask the maker what this is for, how it is switched off, and which version is free of it. Hand over the chain " \
	"that is printed here: it names the function and the bytes."
#define ADVICE_RECHECK \
	"Inspect the mended version too before it is installed: a version that only stops starting it still carries it."
#define ADVICE_CLOSE_PORT \
	"Until it is mended, let only the machines that need it reach the port named here."
#define ADVICE_CHANGE_SECRET \
	"Change the password or key on every device, where the device allows it; it is the same in every copy of this " \
	"firmware."
