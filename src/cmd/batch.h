/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many images in one run: auscult inspect --jobs N DIR. A process an image, one writer of the store. */
#pragma once

#include "cmd/cmd.h"
#include "cmd/exports.h"
#include "cmd/matcher.h"
#include "cmd/site.h"
#include "finding/finding.h"

enum { BATCH_JOBS = 64 };

struct batch {
	const struct args *args;                 /* operands: folders of images, and images */
	unsigned jobs;
	bool again, json, jsonl;
	const char *color, *progress;
	struct site_options site;
	const struct matcher_rules *rules;       /* NULL: none */
	enum severity fail_on;
	struct exports exports;                  /* folders, with a file an image */
};

int batch_run(const struct batch *b);            /* enum outcome */
