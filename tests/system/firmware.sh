#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# firmware.sh AUSCULT EXPECT GOLDEN: each firmware image of the lab gives exactly its expected findings, the same
# ones each time, and nothing is written beside it. Speaks TAP.
set -u
auscult=$1 expect=$2 golden=$3
. "$(dirname "$0")/tap.sh"

has_rules=0
"$auscult" explain fw.remote-mount >/dev/null 2>&1 && "$auscult" inspect --help | grep -q -e --explain && has_rules=1
for folder in "$golden"/*/; do
	name=$(basename "$folder")
	mkdir "$work/$name"
	"$auscult" lab firmware "$name" -o "$work/$name/in.img"
	report $? "$name: the image is made"
	"$auscult" lab firmware "$name" -o - | cmp -s - "$work/$name/in.img"
	report $? "$name: the same bytes the second time"
	if [ $has_rules -eq 0 ]; then
		skip "$name" "inspect finds nothing in firmware yet"
		continue
	fi
	"$auscult" inspect --jsonl --no-store --test-key "$work/$name/in.img" >"$work/out.jsonl" 2>"$work/err"
	rc=$?
	"$expect" "$folder/expected.json" <"$work/out.jsonl"
	report $? "$name gives exactly its expected findings"
	worst=0
	grep -qE '"kind":"finding".*"severity":"(high|critical)"' "$work/out.jsonl" && worst=1
	[ $rc -eq $worst ]
	report $? "$name: the exit code says what was found ($rc)"
	"$auscult" inspect --jsonl --no-store --test-key "$work/$name/in.img" 2>/dev/null | cmp -s - "$work/out.jsonl"
	report $? "$name: the same words the second time"
	[ "$(ls "$work/$name")" = in.img ]
	report $? "$name: nothing is written beside the image"
done
[ "$tap_n" -ge 6 ] || { echo "Bail out! no images in $golden"; exit 2; }
finish
