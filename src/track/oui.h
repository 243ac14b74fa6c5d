/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who bought a MAC prefix (IEEE MA-L list, oui.txt or oui.csv). A hint for people: never evidence of
 * a maker or a role, for clinical devices carry the numbers of whoever made their network chip. */
#pragma once

#include "record/addr.h"

struct oui;

/* Reads the list from memory or a file. 0 and *out owned by the caller; negative errno, -EINVAL: no
 * line of it could be read. */
int  oui_load(const char *path, struct oui **out) __attribute__((warn_unused_result));
int  oui_parse(struct span list, struct oui **out) __attribute__((warn_unused_result));
void oui_free(struct oui *o);
size_t oui_count(const struct oui *o);
/* "" when unknown, locally administered, or o is NULL. */
const char *oui_vendor(const struct oui *o, struct mac m);
