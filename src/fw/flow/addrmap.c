/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses to indices. */
#include "fw/flow/addrmap.h"

#include "base/mem.h"

#include <stdlib.h>

static uint32_t slot_of(const struct addrmap *m, uint32_t key)
{
	uint32_t i = (key * 2654435761u) & (m->size - 1);
	while (m->value[i] && m->key[i] != key)
		i = (i + 1) & (m->size - 1);
	return i;
}

uint32_t addrmap_get(const struct addrmap *m, uint32_t key)
{
	return m->size ? m->value[slot_of(m, key)] : 0;
}

void addrmap_put(struct addrmap *m, uint32_t key, uint32_t value)
{
	if (m->n * 2 >= m->size) {
		struct addrmap old = *m;
		m->size = old.size ? old.size * 2 : 1024;
		m->key = mem_array(m->size, sizeof(*m->key));
		m->value = mem_array(m->size, sizeof(*m->value));
		for (uint32_t i = 0; i < old.size; i++) {
			if (!old.value[i])
				continue;
			uint32_t at = slot_of(m, old.key[i]);
			m->key[at] = old.key[i];
			m->value[at] = old.value[i];
		}
		free(old.key);
		free(old.value);
	}
	uint32_t at = slot_of(m, key);
	m->n += m->value[at] == 0;
	m->key[at] = key;
	m->value[at] = value;
}
