#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD SECONDS: every harness over its seeds (golden inputs, the lab's captures, and the captures
# beside the checkout when they are there), then SECONDS of new inputs each. Ends with the usual line.
set -u
build=$1 seconds=$2
here=$(dirname "$0")
shared=${AUSCULT_SHARED:-$here/../../../shared}
seeds=$build/seeds
mkdir -p "$seeds"
for s in $("$build/auscult" lab list 2>/dev/null | awk "/^[a-z]/ { print \$1 }"); do
	"$build/auscult" lab capture "$s" -o "$seeds/$s.pcapng" >/dev/null 2>&1
done
passed=0 failed=0
for harness in "$build"/tests/fuzz_*; do
	[ -x "$harness" ] || continue
	case $harness in *.p) continue ;; esac
	name=$(basename "$harness")
	work=$build/corpus-$name
	mkdir -p "$work"
	set -- "$here/../golden" "$here/crashes" "$seeds"
	[ -d "$shared/captures" ] && [ "$name" = fuzz_capture ] && set -- "$@" "$shared/captures" "$shared/hostile/packets"
	dirs=
	for d in "$@"; do [ -d "$d" ] && dirs="$dirs $d"; done
	if "$harness" -max_total_time="$seconds" -runs=$([ "$seconds" -eq 0 ] && echo 0 || echo -1) -max_len=65536 -timeout=20 \
		-rss_limit_mb=2048 -artifact_prefix="$work/" "$work" $dirs >"$build/$name.log" 2>&1; then
		passed=$((passed + 1))
		echo "ok - $name over its seeds, then $seconds s"
	else
		failed=$((failed + 1))
		echo "not ok - $name, see $build/$name.log"
		tail -n 30 "$build/$name.log"
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
