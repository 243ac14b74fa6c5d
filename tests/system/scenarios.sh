#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# scenarios.sh AUSCULT EXPECT GOLDEN: each scenario gives exactly its expected findings, and no planted
# name leaves the program in any form of output. Speaks TAP.
set -u
auscult=$1 expect=$2 golden=$3
. "$(dirname "$0")/tap.sh"

"$auscult" lab planted >"$work/planted" || { echo "Bail out! lab planted does not run"; exit 2; }
[ "$(wc -l <"$work/planted")" -ge 40 ] || { echo "Bail out! too few planted names"; exit 2; }

for folder in "$golden"/*/; do
	name=$(basename "$folder")
	"$auscult" lab capture "$name" -o "$work/in.pcapng" || { report 1 "$name: the capture is made"; continue; }
	"$auscult" watch -r "$work/in.pcapng" --jsonl --no-store --test-key >"$work/out.jsonl" 2>"$work/err"
	rc=$?
	"$expect" "$folder/expected.json" <"$work/out.jsonl" >"$work/diff"
	ok=$?
	cat "$work/diff"
	report $ok "$name gives exactly its expected findings"
	worst=0
	grep -qE '"kind":"finding".*"severity":"(high|critical)"' "$work/out.jsonl" && worst=1
	[ $rc -eq $worst ]
	report $? "$name: the exit code says what was found ($rc)"
	"$auscult" watch -r "$work/in.pcapng" --no-store --test-key >"$work/out.txt" 2>>"$work/err"
	"$auscult" watch -r "$work/in.pcapng" --json --no-store --test-key >"$work/out.json" 2>>"$work/err"
	"$auscult" watch -r "$work/in.pcapng" --store "$work/store" --jsonl --test-key >>"$work/out.jsonl" 2>>"$work/err"
	# An output that is not there holds no name either: that proves nothing and must not pass.
	[ -s "$work/out.txt" ] && [ -s "$work/out.json" ] && [ -d "$work/store" ] && grep -q '"kind":"health"' "$work/out.jsonl" &&
		! grep -rlaFf "$work/planted" "$work/out.jsonl" "$work/out.txt" "$work/out.json" "$work/err" "$work/store"
	report $? "$name: whole output in every form and a store, with no planted name in any"
	rm -rf "$work/store"
done
[ "$tap_n" -ge 8 ] || { echo "Bail out! no scenarios in $golden"; exit 2; }
finish
