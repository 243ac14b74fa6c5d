/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lab's firmware images: that they are what they say, the same each time, and that the address the
 * hidden program calls stands nowhere in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "lab/firmware.h"
#include "lab/firmware_monitor.h"
#include "lab/rootfs.h"
#include "lab/scenario.h"

enum { FLASH_PART = 64 << 10, CRAMFS = 0x28cd3d45 };

static struct buf image(const char *name, uint64_t seed)
{
	struct buf b = { 0 };
	const struct firmware *f = firmware_find(name);
	assert_non_null(f);
	assert_true(firmware_write(f, seed, 0, &b));
	return b;
}

static struct buf linked(void (*make)(struct arm *a))
{
	struct buf b = { 0 };
	struct arm *a = arm_new();
	make(a);
	assert_true(arm_link(a, &b));
	arm_free(a);
	return b;
}

static bool holds(const struct buf *b, const char *text)
{
	return memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static uint32_t word(const struct buf *b, bool big, uint64_t at)
{
	struct rd r = rd_at(buf_span(b), big, at, 4);
	uint32_t v = rd_u32(&r);
	assert_true(rd_ok(&r));
	return v;
}

static void a_name_that_is_none_is_not_found(void **state)
{
	(void)state;
	assert_null(firmware_find("hidden"));
	assert_null(firmware_find(""));
}

static void a_function_too_long_for_its_literals_is_refused(void **state)
{
	(void)state;
	struct buf b = { 0 };
	struct arm *a = arm_new();
	arm_begin(a, "main", 0);
	arm_number(a, 0, 123456789);
	for (int i = 0; i < 2000; i++)
		arm_move(a, 1, 2);
	arm_end(a);
	assert_false(arm_link(a, &b));
	arm_free(a);
	buf_done(&b);
}

static void the_address_stands_nowhere_as_text(void **state)
{
	(void)state;
	struct buf b = linked(monitor_obeying);
	assert_true(holds(&b, "mount -o nolock -t nfs %d.%d.%d.%d:%s %s"));
	assert_false(holds(&b, "202.114"));
	assert_false(holds(&b, "119"));
	assert_true(holds(&b, "update_from_center"));
	buf_done(&b);
}

static void the_twin_has_neither_address_nor_remote_mount(void **state)
{
	(void)state;
	struct buf b = linked(monitor_configured);
	assert_false(holds(&b, "202.114"));
	assert_false(holds(&b, "\xca\x72\x04\x78"));
	assert_false(holds(&b, "mount"));
	assert_false(holds(&b, "ifconfig"));
	assert_true(holds(&b, "-verify"));
	buf_done(&b);
}

/* Every branch of a function ends inside the text or the linkage table. */
static void branches_lead_into_code(void **state)
{
	(void)state;
	struct buf b = linked(monitor_configured);
	uint32_t sections = word(&b, false, 32), plt = sections + 6 * 40, text = sections + 7 * 40, seen = 0;
	uint32_t low = word(&b, false, plt + 12), at = word(&b, false, text + 16), size = word(&b, false, text + 20);
	uint32_t base = word(&b, false, text + 12);
	for (uint32_t i = 0; i < size; i += 4) {
		uint32_t v = word(&b, false, at + i);
		if (v >> 24 != 0xeb)
			continue;
		uint32_t to = base + i + 8 + (uint32_t)((int32_t)(v << 8) >> 6);
		assert_in_range(to, low, base + size - 4);
		assert_int_equal(to % 4, 0);
		seen++;
	}
	assert_true(seen > 20);
	buf_done(&b);
}

static void nothing_starts_the_programs(void **state)
{
	(void)state;
	struct buf b = linked(box_program);
	assert_true(holds(&b, "/lib/ld-lab-only.so.0"));
	assert_int_equal(word(&b, false, 32), 0);        /* stripped: no section headers */
	buf_done(&b);
}

static void every_image_is_a_kernel_and_a_cramfs_whose_sums_hold(void **state)
{
	(void)state;
	for (size_t i = 0; firmwares[i].name; i++) {
		struct buf b = image(firmwares[i].name, SCENARIO_SEED);
		assert_int_equal(word(&b, true, 0), 0x27051956);
		uint32_t n = word(&b, true, 12);
		assert_int_equal(word(&b, true, 24), crc32_z(0, b.p + 64, n));
		assert_int_equal(word(&b, false, FLASH_PART), CRAMFS);
		assert_int_equal(word(&b, false, FLASH_PART + 4), b.n - FLASH_PART);
		uint32_t sum = word(&b, false, FLASH_PART + 32);
		memset(b.p + FLASH_PART + 32, 0, 4);
		assert_int_equal(sum, crc32_z(0, b.p + FLASH_PART, b.n - FLASH_PART));
		buf_done(&b);
	}
}

static void the_same_seed_gives_the_same_image_and_another_does_not(void **state)
{
	(void)state;
	struct buf b[3] = { image("hidden-update", 7), image("hidden-update", 7), image("hidden-update", 8) };
	assert_int_equal(b[0].n, b[1].n);
	assert_memory_equal(b[0].p, b[1].p, b[0].n);
	assert_true(b[0].n != b[2].n || memcmp(b[0].p, b[2].p, b[0].n) != 0);
	for (int i = 0; i < 3; i++)
		buf_done(&b[i]);
}

static void folders_are_sorted_and_padded_as_the_format_wants(void **state)
{
	(void)state;
	struct rootfs *t = rootfs_new();
	struct buf b = { 0 };
	rootfs_text(t, "b", 0644, "two");
	rootfs_text(t, "a/deep/file", 0600, "one");
	rootfs_link(t, "abcde", "b");
	cramfs_write(t, "try", &b);
	assert_int_equal(b.n % 4096, 0);
	assert_int_equal(word(&b, false, 44), 6);        /* files, the root too */
	assert_memory_equal(b.p + 76 + 12, "a\0\0\0", 4);
	assert_memory_equal(b.p + 76 + 16 + 12, "abcde\0\0\0", 8);
	assert_memory_equal(b.p + 76 + 16 + 20 + 12, "b\0\0\0", 4);
	buf_done(&b);
	rootfs_free(t);
}

static void the_fix_changes_the_start_up_and_not_the_program(void **state)
{
	(void)state;
	const struct firmware *f = firmware_find("startup-only-fix"), *before = firmware_find("hidden-update");
	assert_true(f->parts & FW_UPDATE_IN_PROGRAM);
	assert_int_equal(f->parts ^ before->parts, FW_INTERFACE_AT_BOOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_is_none_is_not_found),
		cmocka_unit_test(a_function_too_long_for_its_literals_is_refused),
		cmocka_unit_test(the_address_stands_nowhere_as_text),
		cmocka_unit_test(the_twin_has_neither_address_nor_remote_mount),
		cmocka_unit_test(branches_lead_into_code),
		cmocka_unit_test(nothing_starts_the_programs),
		cmocka_unit_test(every_image_is_a_kernel_and_a_cramfs_whose_sums_hold),
		cmocka_unit_test(the_same_seed_gives_the_same_image_and_another_does_not),
		cmocka_unit_test(folders_are_sorted_and_padded_as_the_format_wants),
		cmocka_unit_test(the_fix_changes_the_start_up_and_not_the_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
