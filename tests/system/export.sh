#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# export.sh AUSCULT GOLDEN: the packets of every case of every scenario leave without one planted name, in raw
# bytes or put together, readable by others and the same each time. Speaks TAP.
set -u
auscult=$1 golden=$2
. "$(dirname "$0")/tap.sh"

export_of() { # ARGUMENT...: into out.pcapng
	"$auscult" export --store "$work/store" -o "$work/out.pcapng" "$@" 2>"$work/err"
}

ids() { # WHAT LETTER: from the store
	"$auscult" "$1" --store "$work/store" --json | grep -o "\"id\":\"$2-[0-9a-f]*\"" | cut -d'"' -f4 | sort -u
}

"$auscult" lab planted >"$work/planted" || { echo "Bail out! lab planted does not run"; exit 2; }
[ "$(wc -l <"$work/planted")" -ge 40 ] || { echo "Bail out! too few planted names"; exit 2; }
while read -r name; do
	printf '%s' "$name" | od -An -v -tx1 | tr -d ' \n'
	echo
done <"$work/planted" >"$work/planted.hex"
have_tshark=false
command -v tshark >/dev/null 2>&1 && have_tshark=true

# Payloads of each stream and direction behind each other, in hexadecimal.
payloads() {
	tshark -n -r "$1" -T fields -e ip.src -e tcp.stream -e udp.stream -e tcp.payload -e udp.payload 2>/dev/null |
		awk -F '\t' '{ all[$1 " " $2 " " $3] = all[$1 " " $2 " " $3] $4 $5 } END { for (k in all) print all[k] }' | tr -d ':'
}

one_case() { # SCENARIO CASE
	export_of "$2"
	report $? "$1: $2 is exported"
	! grep -qaFf "$work/planted" "$work/out.pcapng" && [ -s "$work/out.pcapng" ]
	report $? "$1: $2 holds no planted name"
	cp "$work/out.pcapng" "$work/first.pcapng"
	export_of "$2" && cmp -s "$work/out.pcapng" "$work/first.pcapng"
	report $? "$1: $2 is the same when it is exported again"
	if ! $have_tshark; then
		skip "$1: $2 put together" "no tshark"
		skip "$1: $2 is read by others" "no tshark"
		return
	fi
	payloads "$work/out.pcapng" >"$work/payloads"
	! grep -qFf "$work/planted.hex" "$work/payloads"
	report $? "$1: $2 holds no planted name when its streams are put together"
	tshark -n -r "$work/out.pcapng" -T fields -e frame.comment 2>"$work/tshark" >"$work/comments"
	lines=$(wc -l <"$work/comments")
	[ "$lines" -gt 0 ] && [ "$(grep -c '^net\.[a-z-]* F-[0-9a-f]* [a-z]*, \(evidence\|same\).*; packet [0-9]* of ' "$work/comments")" -eq "$lines" ] &&
		grep -q ', evidence' "$work/comments" &&
		[ -z "$(tshark -n -r "$work/out.pcapng" -Y '_ws.malformed && !(frame.comment contains "bytes overwritten")' 2>/dev/null)" ]
	report $? "$1: $2 is read by others, a comment on each of $lines packets, malformed nowhere but where bytes are overwritten"
}

cases=0
for folder in "$golden"/*/; do
	name=$(basename "$folder")
	rm -rf "$work/store"
	"$auscult" lab capture "$name" -o "$work/in.pcapng" || { report 1 "$name: the capture is made"; continue; }
	"$auscult" watch -r "$work/in.pcapng" --store "$work/store" --test-key >/dev/null 2>&1
	for id in $(ids cases C); do
		one_case "$name" "$id"
		cases=$((cases + 1))
	done
done
[ "$cases" -ge 5 ] || { echo "Bail out! too few cases in $golden"; exit 2; }

# What is written over was there before, or the above proves nothing.
"$auscult" lab capture phi-outside -o "$work/in.pcapng"
rm -rf "$work/store"
"$auscult" watch -r "$work/in.pcapng" --store "$work/store" --test-key >/dev/null 2>&1
grep -qaF ZEBEDEE "$work/in.pcapng"
report $? "the capture itself holds a planted name"
for finding in $(ids findings F); do
	export_of "$finding" && grep -qaF 'MSH|' "$work/out.pcapng" && break
done
grep -qaF 'MSH|^~\&|' "$work/out.pcapng" && grep -qaF '|XXXX' "$work/out.pcapng"
report $? "a finding alone is exported, with the skeleton of its messages"
size=$(wc -c <"$work/out.pcapng")
export_of --evidence-only "$finding" && [ "$(wc -c <"$work/out.pcapng")" -lt "$size" ] && ! grep -qa 'same conversation' "$work/out.pcapng"
report $? "--evidence-only leaves the rest of the conversation out"
export_of --packets 10 "$finding" && [ "$(grep -ao 'packet [0-9]* of ' "$work/out.pcapng" | wc -l)" -eq 10 ] && grep -q 'left out' "$work/err"
report $? "--packets bounds the export, and it is said"
export_of --no-checksums "$finding" && ! grep -qaFf "$work/planted" "$work/out.pcapng"
report $? "--no-checksums is taken"

"$auscult" lab capture phi-outside --seed 2 -o "$work/other.pcapng"
export_of --read "$work/other.pcapng" "$finding"
[ $? -eq 2 ] && grep -q 'another capture' "$work/err" && [ ! -e "$work/out.pcapng" ]
report $? "another capture is refused, and nothing is left behind"
export_of "$finding"
cp "$work/out.pcapng" "$work/first.pcapng"
gzip -c "$work/in.pcapng" >"$work/moved.gz"
mv "$work/in.pcapng" "$work/kept.pcapng"
export_of "$finding"
[ $? -eq 2 ] && grep -q -- '--read' "$work/err"
report $? "a capture that was moved is missed, with what to do"
export_of --read "$work/moved.gz" "$finding" && [ "$(grep -ao 'packet [0-9]* of ' "$work/out.pcapng" | wc -l)" -eq \
	"$(grep -ao 'packet [0-9]* of ' "$work/first.pcapng" | wc -l)" ]
report $? "it is exported from where it is now, packed or not"
before=$(cksum <"$work/kept.pcapng")
"$auscult" export --store "$work/store" --read "$work/kept.pcapng" -o "$work/kept.pcapng" "$finding" 2>"$work/err"
[ $? -eq 2 ] && [ "$(cksum <"$work/kept.pcapng")" = "$before" ]
report $? "a capture is not written over with its own export"
"$auscult" export --store "$work/store" --read "$work/kept.pcapng" -o - "$finding" 2>/dev/null | grep -qa 'MSH|'
report $? "standard output takes it"
export_of C-ffffffff
[ $? -eq 2 ] && grep -q 'no case and no finding' "$work/err"
report $? "an id that is not there is said"
finish
