/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of an image by path, as the device would look them up: within one container, through its links. */
#pragma once

#include "fw/unpack/unpack.h"

struct paths;

struct paths *paths_new(const struct members *m);
void          paths_free(struct paths *p);
/* The member at an absolute path of a container's tree, links followed; NONE: there is none. */
uint32_t      paths_find(const struct paths *p, uint32_t container, struct span path);
/* A program by name: as it is when it has a slash, else through the usual folders. */
uint32_t      paths_program(const struct paths *p, uint32_t container, struct span name);
/* Members whose path matches a shell pattern, in order of name; up to `most`, returns how many. */
size_t        paths_match(const struct paths *p, uint32_t container, struct span pattern, uint32_t *out, size_t most);
