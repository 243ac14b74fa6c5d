/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files say of their image: texts that only talk of versions, templates, then each form that is read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "fw/model/identity.h"

struct said {
	unsigned n;
	struct identity v[IDENTITY_MAX];
	struct arena arena;
};

static void look(struct said *s, const char *path, struct span content)
{
	arena_init(&s->arena, 1 << 20);
	s->n = identity_find(&(struct member){ .path = span_str(path) }, content, &s->arena, s->v);
}

/* "maker=A; model=B" */
static void assert_says(const char *path, struct span content, const char *expected)
{
	struct said s;
	struct buf b = { 0 };
	look(&s, path, content);
	for (unsigned i = 0; i < s.n; i++)
		buf_printf(&b, "%s%s=%.*s", i ? "; " : "", identity_name(s.v[i].what), (int)s.v[i].value.n,
			   (const char *)s.v[i].value.p);
	buf_u8(&b, 0);
	assert_string_equal((const char *)b.p, expected);
	for (unsigned i = 0; i < s.n; i++) {
		assert_true(s.v[i].offset < content.n);
		assert_ptr_equal(s.v[i].said.p, content.p + s.v[i].offset);
	}
	buf_done(&b);
	arena_done(&s.arena);
}

static void what_only_talks_of_versions_says_nothing(void **state)
{
	(void)state;
	assert_says("usr/share/doc/curl/version", SPAN_LIT("7.88.1\n"), "");
	assert_says("etc/hostname", SPAN_LIT("version=1.2.3\n"), "");
	assert_says("etc/version", SPAN_LIT("see the manual\n"), "");
	assert_says("etc/version", SPAN_LIT(""), "");
	assert_says("a/b/c/d/version", SPAN_LIT("1.2.3\n"), "");
	assert_says("bin/app", SPAN_LIT("\0Linux version %s (%s@%s)\0U-Boot %s\0BusyBox vfoo ("), "");
	assert_says("bin/app", SPAN_LIT("\0needs Linux version 2.6 or later\0"), "");
	assert_says("var/log/messages",
		    SPAN_LIT("Linux version 2.6.27.8 (a@b) (gcc version 4.1.2) #1 Mon Mar 2 07:00:00 UTC 2026\n"), "");
}

static void templates_are_no_maker(void **state)
{
	(void)state;
	assert_says("etc/device_info",
		    SPAN_LIT("DEVICE_MANUFACTURER='OpenWrt'\nDEVICE_PRODUCT='Generic'\nDEVICE_REVISION='v0'\n"), "");
	assert_says("etc/os-release", SPAN_LIT("IMAGE_VERSION=@VERSION@\n"), "");
}

static void known_files_name_maker_model_and_version(void **state)
{
	(void)state;
	assert_says("etc/os-release",
		    SPAN_LIT("NAME=Yocto\nPRETTY_NAME=\"Ward OS 3.1 (dunfell)\"\nBUILD_ID='r7'\n# c\nIMAGE_VERSION=2.4"),
		    "system=Ward OS 3.1 (dunfell); build=r7; version=2.4");
	assert_says("rootfs/etc/device_info", SPAN_LIT("DEVICE_MANUFACTURER='Acme Medical'\nDEVICE_PRODUCT='M-8000'\n"),
		    "maker=Acme Medical; model=M-8000");
	assert_says("system/build.prop", SPAN_LIT("ro.product.model=CX-5\nro.build.date=Fri Aug 20 10:11:12 CST 2010\n"),
		    "model=CX-5; built=2010-08-20 10:11:12");
}

static void a_version_file_is_read_whatever_its_keys_look_like(void **state)
{
	(void)state;
	assert_says("etc/version", SPAN_LIT("V1.02.03\n"), "version=V1.02.03");
	assert_says("opt/app/version.txt", SPAN_LIT("Firmware Version: 2.1.0\r\nModel = M-8000\r\nBuild-Date: 2012-03-04\r\n"),
		    "version=2.1.0; model=M-8000; built=2012-03-04");
	assert_says("product.info", SPAN_LIT("password=secret\nvendor=Acme\n"), "maker=Acme");
}

static void banners_name_kernel_compiler_and_dates(void **state)
{
	(void)state;
	assert_says(
		"vmlinux",
		SPAN_LIT(
			"\1\0Linux version 2.6.27.8 (lab@host) (gcc version 4.1.2) #1 PREEMPT Mon Mar 2 07:00:00 UTC 2026\n\0"),
		"kernel=2.6.27.8; compiler=gcc version 4.1.2; built=2026-03-02 07:00:00");
	assert_says("Image",
		    SPAN_LIT("\0Linux version 5.10.0-oe (oe@host) (arm-gcc (GCC) 11.3.0, GNU ld (GNU Binutils) 2.38) #1 SMP "
			     "Thu Jan  5 01:02:03 UTC 2023\n"),
		    "kernel=5.10.0-oe; compiler=arm-gcc (GCC) 11.3.0, GNU ld (GNU Binutils) 2.38; built=2023-01-05 01:02:03");
	assert_says("u-boot.bin", SPAN_LIT("\0U-Boot 2010.06 (Aug 09 2012 - 15:07:45)\0"),
		    "boot loader=U-Boot 2010.06; built=2012-08-09 15:07:45");
	assert_says("bin/busybox", SPAN_LIT("\177ELF\0BusyBox v1.13.2 (2011-03-04 12:33:12 CST)\0"),
		    "built=2011-03-04 12:33:12");
}

static void dates_that_are_none_are_left_out(void **state)
{
	(void)state;
	assert_says("bin/busybox", SPAN_LIT("\0BusyBox v1.13.2 (2011-13-04 12:33:12)\0"), "");
	assert_says("bin/busybox", SPAN_LIT("\0BusyBox v1.13.2 (Debian 1:1.30.1-4)\0"), "");
	assert_says("bin/busybox", SPAN_LIT("\0BusyBox v1.13.2 (20110304)\0"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_only_talks_of_versions_says_nothing),
		cmocka_unit_test(templates_are_no_maker),
		cmocka_unit_test(known_files_name_maker_model_and_version),
		cmocka_unit_test(a_version_file_is_read_whatever_its_keys_look_like),
		cmocka_unit_test(banners_name_kernel_compiler_and_dates),
		cmocka_unit_test(dates_that_are_none_are_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
