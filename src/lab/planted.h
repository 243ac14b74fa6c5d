/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The patients of the lab: invented, unmistakable, and the same everywhere, so that a test can look
 * for them in all that the program writes. `auscult lab planted` prints every text. */
#pragma once

#include <stddef.h>

struct planted {
	const char *family, *given, *id, *birth, *sex, *street, *phone, *doctor, *department;
};

/* birth: YYYYMMDD */
static const struct planted planted[] = {
	{ "ZEBEDEE", "QUILL", "PLANTED0001", "19310719", "M",
	  "1 Periwinkle Causeway", "555-0100-771", "DRVOXOLIAN", "WARDGOSSAMER" },
	{ "XANTHIPPE", "MOTTLEBERRY", "PLANTED0002", "19440229", "F",
	  "22 Thistledown Mews", "555-0100-772", "DRQUAGMIRE", "WARDGOSSAMER" },
	{ "OBADIAH", "FLUMMERFELT", "PLANTED0003", "19520831", "M",
	  "303 Bramblewick Steps", "555-0100-773", "DRVOXOLIAN", "WARDGOSSAMER" },
	{ "PHILOMELA", "SNODGRASSE", "PLANTED0004", "19671105", "F",
	  "4 Hobgoblin Reach", "555-0100-774", "DRQUAGMIRE", "WARDPELLUCID" },
	{ "THADDEUS", "WIMPLEGATE", "PLANTED0005", "19780412", "M",
	  "55 Mizzlecombe Vale", "555-0100-775", "DRVOXOLIAN", "WARDPELLUCID" },
	{ "EUPHEMIA", "CRINKLEROOT", "PLANTED0006", "19890623", "F",
	  "6 Larkspindle Row", "555-0100-776", "DRQUAGMIRE", "WARDPELLUCID" },
};
enum { PLANTED = sizeof(planted) / sizeof(planted[0]) };
