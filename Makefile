# SPDX-License-Identifier: GPL-2.0-or-later
# A façade over Meson, so that two commands are enough on a fresh Debian:
#   make demo    installs what is missing, builds, shows the main job on a sample
#   make test    installs what is missing, builds, runs every test
# `make` alone builds a release; see the other targets below.

BUILD   ?= build
CC      ?= gcc
SETUP   ?= --buildtype=debugoptimized -Db_lto=true -Db_lto_threads=2
PREFIX  ?= /usr/local
PROGRAM  = $(BUILD)/auscult

# What the build needs, and what tests and lint need on top.
PACKAGES = build-essential meson ninja-build pkg-config libssl-dev libsqlite3-dev libjansson-dev libseccomp-dev \
           libcrypt-dev zlib1g-dev liblzma-dev libzstd-dev liblz4-dev liblzo2-dev libbz2-dev libyara-dev \
           libunicorn-dev libcapstone-dev
TEST_PACKAGES = squashfs-tools mtd-utils genromfs e2fsprogs util-linux-extra cpio zip lz4 lzop bzip2 strace groff-base \
                libcmocka-dev libpcap-dev python3 python3-jsonschema xz-utils zstd clang-14 libclang-rt-14-dev \
                dosfstools mtools fdisk gdisk mkbootimg android-sdk-libsparse-utils binutils genisoimage p7zip-full \
                rpm musl-tools
LINT_PACKAGES = clang-tidy cppcheck

.PHONY: all demo test lint fuzz bench bench-firmware install clean deps

all: deps $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet auscult auscult-worker auscult.1 auscult.bash

# Asks apt once; later calls see the stamp and touch nothing.
deps: .deps-ok
.deps-ok:
	@sh tests/packages.sh $(PACKAGES) && touch $@
.deps-test-ok: .deps-ok
	@sh tests/packages.sh $(TEST_PACKAGES) && touch $@
.deps-lint-ok: .deps-ok
	@sh tests/packages.sh $(LINT_PACKAGES) && touch $@

$(BUILD)/build.ninja: | deps
	@CC=$(CC) meson setup $(BUILD) $(SETUP) --prefix=$(PREFIX) >/dev/null

demo: all
	@$(PROGRAM) lab capture mixed -o $(BUILD)/mixed.pcapng
	@echo '$$ auscult watch -r $(BUILD)/mixed.pcapng --no-store --test-key'
	@$(PROGRAM) watch -r $(BUILD)/mixed.pcapng --no-store --test-key; test $$? -le 1
	@$(PROGRAM) lab firmware hidden-update -o $(BUILD)/monitor.img
	@echo
	@echo '$$ auscult inspect $(BUILD)/monitor.img'
	@$(PROGRAM) inspect $(BUILD)/monitor.img --no-store --test-key; test $$? -le 1

test: .deps-test-ok all
	@ninja -C $(BUILD) --quiet
	@sh tests/run.sh $(BUILD)

lint: .deps-lint-ok all
	@sh tests/lint.sh $(BUILD)

# Minutes a harness: make fuzz MINUTES=10
MINUTES ?= 1
fuzz: .deps-test-ok
	@CC=clang-14 meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null 2>&1 || true
	@ninja -C build-fuzz --quiet harnesses
	@sh tests/fuzz/run.sh build-fuzz $$(( $(MINUTES) * 60 ))

bench: .deps-test-ok all
	@sh bench/run.sh $(BUILD)

# The firmware half alone: minutes, not an hour.
bench-firmware: .deps-test-ok all
	@sh bench/firmware.sh $(BUILD)

install: all
	@meson install -C $(BUILD) --quiet --no-rebuild

clean:
	@rm -rf build build-* .deps-ok .deps-test-ok .deps-lint-ok
