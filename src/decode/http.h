/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the HTTP decoder knows of paths, for those who meet them elsewhere. */
#pragma once

#include "decode/decoder.h"

/* The path of a target ("/fhir/Patient/4711?_format=json") as it may be shown: without query, and "*" for what is a
 * patient's (behind /Patient/ and /studies/). Of the arena. */
struct span http_path_shown(struct span target, struct arena *a);
