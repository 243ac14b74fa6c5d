/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The members of an image by path, as the device would look them up: within one container, through its links. */
#pragma once

#include "fw/unpack/unpack.h"

struct paths;

/* A tree: a container, and the folder in it that is the device's "/" (without slashes at its ends; mostly empty). */
struct root {
	uint32_t container;
	struct span folder;
};

struct paths *paths_new(const struct members *m);
void          paths_free(struct paths *p);
/* The member at an absolute path of a tree, links followed; NONE: there is none. No ".." and no link leads out. */
uint32_t      paths_find(const struct paths *p, struct root root, struct span path);
/* A program by name: as it is when it has a slash, else through the usual folders. */
uint32_t      paths_program(const struct paths *p, struct root root, struct span name);
/* Members whose path matches a shell pattern, in order of name; up to `most`, returns how many. */
size_t        paths_match(const struct paths *p, struct root root, struct span pattern, uint32_t *out, size_t most);
/* A member's path as the device sees it; empty when it lies outside the tree. */
struct span   paths_inside(struct root root, struct span path);
