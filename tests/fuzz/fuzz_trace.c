/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the pipe of the firmware worker could carry if the worker were taken over: the parent's reader of traces. */
#include "fuzz.h"
#include "fw/flow/trace.h"
#include "record/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry g = { 0 };
	trace_registry(&g);
	struct arena arena;
	arena_init(&arena, 16 << 20);
	struct buf json = { .cap = 4 << 20 };
	struct rd r = rd_of(span_of(data, size));
	struct record *rec;
	while (wire_get(&r, &g, &arena, &rec) == WIRE_RECORD)
		fuzz_read_record(&json, rec);
	arena_done(&arena);
	buf_done(&json);
	return 0;
}
