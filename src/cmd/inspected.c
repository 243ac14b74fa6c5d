/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Field tables of inspected images. */
#include "cmd/inspected.h"

static const struct field trait_fields[] = {
	[TRAIT_WHAT] = { "what", F_TEXT, "finding, address, host, password, key, program or function" },
	[TRAIT_VALUE] = { "value", F_TEXT, "finding: its rule and a digest of file and key; program: SHA-256; function: keyed "
			  "hash of the calls it makes" },
	[TRAIT_SECRET] = { "secret", F_TEXT, "the password as stored, or the key", NULL, SECRET },
	[TRAIT_WHERE] = { "where", F_TEXT, "file of the image, and function" },
	[TRAIT_FINDING] = { "finding", F_TEXT, "id of the finding that it is, or that says so" },
};
RECORD_TYPE(trait_type, "trait", "Something that images can have in common", trait_fields);

static const struct field inspected_fields[] = {
	[INSP_ID] = { "id", F_TEXT, "stable id: the same content gives the same" },
	[INSP_NAME] = { "name", F_TEXT, "name of the file when it was inspected last" },
	[INSP_SHA256] = { "sha256", F_HASH, "of the image" },
	[INSP_SIZE] = { "size", F_UINT, "of the image", "bytes" },
	[INSP_SEVERITY] = { "severity", F_TEXT, "of its gravest finding; info when there is none" },
	[INSP_FINDINGS] = { "findings", F_UINT, "findings above info" },
	[INSP_MEMBERS] = { "members", F_UINT, "files, folders and links in it" },
	[INSP_PROGRAMS] = { "programs", F_UINT, "programs and libraries that were executed, copies counted once" },
	[INSP_STATE] = { "state", F_TEXT, "whole; partial (damaged, or a budget was reached); not finished" },
	[INSP_ENGINE] = { "engine", F_TEXT, "which build of auscult inspected it, with which imported advisories" },
	[INSP_TRAITS] = { "traits", F_RECORDS, "what other images may have too", .nested = &trait_type },
	[INSP_DROPPED] = { "dropped", F_UINT, "traits past the cap" },
};
const struct record_type inspected_type = {
	.name = "inspected", .doc = "A firmware image of a fleet, as a whole",
	.fields = inspected_fields, .nfields = ARRAY_LEN(inspected_fields), .imported = true,
};
