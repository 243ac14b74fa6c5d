#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# damage.sh AUSCULT FUZZ_CAPTURE: captures cut short at every 64th byte and with flipped bytes. The program
# stays alive, says with 3 that a file broke off, and keeps every record from before the damage; so do the
# tracker and all decoders under --mutate of the fuzz harness, over larger captures. Speaks TAP.
set -u
auscult=$1 fuzz_capture=$2
. "$(dirname "$0")/tap.sh"
shared=${AUSCULT_SHARED:-../shared}
captures=$shared/captures/lab

records() { # FILE: what was decoded from packets, without what is told of a whole conversation or at the end (packet 0)
	"$auscult" watch -r "$1" --jsonl --no-store --test-key 2>"$work/err" >"$work/all"
	rc=$?
	grep -vE '^\{"kind":"(flow|transfer|device|health|case|finding|exposure)"|"packet":0,' "$work/all" >"$work/records"
}

# Every cut gives 3, or 0 or 1 where it falls between two packets, and the first records of the whole.
cut_short() { # NAME FILE STEP
	cp "$2" "$work/in"
	records "$work/in"
	cp "$work/records" "$work/whole"
	size=$(wc -c <"$2")
	died=0 code=0 lost=0 before=0 at=$3 cuts=0 broken=0
	while [ "$at" -lt "$size" ]; do
		head -c "$at" "$2" >"$work/in"
		records "$work/in"
		cuts=$((cuts + 1))
		case $rc in
		0 | 1) ;;
		3) broken=$((broken + 1)) ;;
		*) code=$((code + 1)); echo "# cut at $at: exit code $rc" ;;
		esac
		died "$work/err" && died=$((died + 1)) && sed 's/^/# /' "$work/err"
		n=$(wc -l <"$work/records")
		head -n "$n" "$work/whole" | cmp -s - "$work/records" || { lost=$((lost + 1)); echo "# cut at $at: other records"; }
		[ "$n" -ge "$before" ] || { lost=$((lost + 1)); echo "# cut at $at: $n records, $before before"; }
		before=$n
		at=$((at + $3))
	done
	report $((died + code)) "$1: $cuts cuts, each read to its end ($broken said to be cut)"
	[ "$lost" -eq 0 ] && [ "$broken" -gt 0 ] && [ "$before" -gt 0 ]
	report $? "$1: all that was decoded before the cut is kept"
}

"$auscult" lab capture call-home-unanswered -o "$work/small" || exit 2
size=$(wc -c <"$work/small")
cut_short "the lab's own ward" "$work/small" $((size / 40 / 64 * 64 + 64))

# What was found before the damage is still found.
"$auscult" lab capture mixed -o "$work/ward" || exit 2
head -c $(($(wc -c <"$work/ward") * 4 / 5 + 5)) "$work/ward" >"$work/in"
"$auscult" watch -r "$work/in" --jsonl --no-store --test-key >"$work/all" 2>"$work/err"
[ $? -eq 3 ] && grep -q '"kind":"finding","id":"[^"]*","rule":"net.contec-stream"' "$work/all" &&
	grep -q '"kind":"health".*"input_error":"[^"]' "$work/all"
report $? "findings from before the damage are told, and the damage is"
printf 'no capture at all' >"$work/in"
records "$work/in"
[ $rc -eq 2 ] && [ -s "$work/err" ]
report $? "what is no capture is said to be none"

if [ -d "$captures" ]; then
	for name in lpd_print_dev dhcp_udhcpc_dev dicom_worklist_dev arp_spoof_only_dev; do
		cut_short "$name" "$captures/$name.pcap" 64
	done
	"$fuzz_capture" --mutate "$captures/hl7_adt_oru_dev.pcap" "$captures/lpd_print_dev.pcap" \
		"$captures/dicom_worklist_dev.pcap" "$captures/dhcp_udhcpc_dev.pcap" >"$work/all" 2>&1
	rc=$?
	[ $rc -eq 0 ] || sed 's/^/# /' "$work/all" | tail -n 30
	report $rc "cut and flipped within the harness: $(tail -n 1 "$work/all")"
else
	skip "real captures, cut" "no captures in $shared"
fi

if [ -d "$shared/hostile/packets" ]; then
	bad=0 files=0
	for file in "$shared"/hostile/packets/*; do
		files=$((files + 1))
		timeout 20 "$auscult" watch -r "$file" --no-store --test-key >"$work/all" 2>"$work/err"
		rc=$?
		[ $rc -le 3 ] && ! died "$work/err" && continue
		bad=$((bad + 1))
		echo "# $(basename "$file"): exit code $rc"
		head -n 20 "$work/err" | sed 's/^/# /'
	done
	report $bad "$files hostile captures are read or refused, none kills the engine"
else
	skip "hostile captures" "none in $shared"
fi
finish
