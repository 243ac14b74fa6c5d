/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of one device and one cause are one case with one story. */
#pragma once

#include "finding/finding.h"

enum { CASE_ID_TEXT = 12 };

/* Stable: the same subject and cause give the same id on every run. "C-" and 8 hex digits. */
void case_id(const struct finding *f, char out[CASE_ID_TEXT]);
/* Groups v in place, case by case: the worst case first, in a case by time. Every finding has its subject, or none. */
void cases_sort(struct finding **v, size_t n);
/* How many findings at the start of v (sorted by cases_sort) are one case. n > 0. */
size_t case_length(struct finding *const *v, size_t n);
/* Fills r from the findings of one case; texts go to the host's arena. */
void case_record(struct finding *const *v, size_t n, struct record *r, const struct record_host *host);
