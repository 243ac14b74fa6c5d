/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of an inspection for tools that read SARIF 2.1.0 (OASIS). Artifacts are nested as the image is: each file
 * names the container in which it lies, and where its bytes start there. */
#pragma once

#include "base/buf.h"
#include "record/record.h"

struct sarif_input {
	struct record *const *findings, *const *members, *const *containers;
	size_t n, nmembers, ncontainers;
};

/* Returns how many results were written. */
size_t sarif_write(struct buf *out, const struct sarif_input *in);
