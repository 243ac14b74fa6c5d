/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report for people: fed with records as they come, printed once. One sentence of state first, then
 * cases with what, why and next, exposures, devices, and how well the sensor saw. */
#pragma once

#include "base/buf.h"
#include "finding/finding.h"

struct text_report;

struct text_opts {
	bool colour, utf8;
};

struct text_report *text_report_new(const struct text_opts *o);
void text_report_free(struct text_report *t);
/* Keeps a copy of findings, cases, devices, exposures and health; others are ignored. */
void text_report_add(struct text_report *t, const struct record *r);
/* complete: false when the engine ended early. */
void text_report_print(struct text_report *t, struct buf *out, bool complete);
/* The sentence of state alone (also for --json). */
void text_report_state(struct text_report *t, struct buf *out);
