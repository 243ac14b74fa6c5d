/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directories that are still to be read, and those that were: loops end, depth costs no stack. */
#include "fw/unpack/unpack.h"

static void add(struct tree *t, struct tree_dir d)
{
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 16;
		t->v = mem_grow(t->v, t->room, sizeof(*t->v));
	}
	t->v[t->n++] = d;
}

void tree_start(struct tree *t, struct members *m, uint64_t key, uint64_t extra)
{
	*t = (struct tree){ .m = m, .seen = seen_new() };
	seen_add(t->seen, key);
	add(t, (struct tree_dir){ .key = key, .extra = extra });
}

bool tree_next(struct tree *t, struct tree_dir *d)
{
	if (t->at == t->n || members_stopped(t->m))
		return false;
	*d = t->v[t->at++];
	return true;
}

bool tree_push(struct tree *t, const struct tree_dir *parent, uint64_t key, uint64_t extra, struct span path)
{
	if (!seen_add(t->seen, key)) {
		members_damage(t->m, "a folder is entered twice: read once");
		return false;
	}
	if (parent->depth + 1 >= TREE_DEPTH || path.n > MEMBER_PATH) {
		members_hit(t->m, BUDGET_DEPTH);
		return false;
	}
	add(t, (struct tree_dir){ key, extra, path, parent->depth + 1 });
	return true;
}

void tree_done(struct tree *t)
{
	seen_free(t->seen);
	free(t->v);
	*t = (struct tree){ 0 };
}
