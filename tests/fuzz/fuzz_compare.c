/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processes that take two images apart could send if they were taken over: the records of both, in the wire's
 * form, kept, compared, and written as card, bill of materials, SARIF, picture and report. The first three bytes say
 * where the second image begins; the bit above them, whether contents alone are compared. */
#include "cmd/cmd.h"
#include "fuzz.h"
#include "record/wire.h"
#include "report/card.h"
#include "report/flash_map.h"
#include "report/image.h"
#include "report/sarif.h"
#include "report/sbom.h"

static void read_image(struct image *i, const struct registry *g, struct span s)
{
	struct arena arena;
	struct rd r = rd_of(s);
	struct record *rec;
	arena_init(&arena, 16 << 20);
	image_init(i);
	while (wire_get(&r, g, &arena, &rec) == WIRE_RECORD) {
		image_take(i, rec);
		arena_reset(&arena);
	}
	arena_done(&arena);
}

static void write_all(const struct image *i, struct buf *b)
{
	const struct layout l = { 0 };
	const struct image_kept *f = &i->list[IMAGE_FINDINGS], *m = &i->list[IMAGE_MEMBERS], *c = &i->list[IMAGE_CONTAINERS];
	const struct sarif_input in = { f->v, m->v, c->v, f->n, m->n, c->n };
	buf_reset(b);
	card_write(b, i, true);
	buf_reset(b);
	sbom_write(b, f->v, f->n, m->v, m->n);
	buf_reset(b);
	sarif_write(b, &in);
	buf_reset(b);
	flash_map_svg(i, b);
	buf_reset(b);
	if (i->sum)
		image_report(i, &l, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct registry g;
	struct image old, new;
	struct buf json = { .cap = 8 << 20 };
	struct sink to = { fuzz_read_record, &json };
	if (size < 3)
		return 0;
	if (!g.n)
		command_registry(&g);
	struct span s = span_of(data + 3, size - 3);
	size_t at = ((size_t)(data[0] & 0x7f) << 16 | (size_t)data[1] << 8 | data[2]) % (s.n + 1);
	read_image(&old, &g, span_cut(s, at));
	read_image(&new, &g, span_from(s, at));
	struct compare_side sides[] = { image_side(&old, "old", 0), image_side(&new, "new", 0) };
	if (data[0] & 0x80)
		compare_contents(&sides[0], &sides[1], at, &to);
	else
		compare_images(&sides[0], &sides[1], &to);
	write_all(&new, &json);
	image_done(&old);
	image_done(&new);
	buf_done(&json);
	return 0;
}
