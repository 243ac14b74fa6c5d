#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# inspect.sh AUSCULT SPECIMENS: every mode of inspect says what it is meant to, for people and for programs, names no
# credential, and keeps what it found when the image is damaged. Images are the lab's. Speaks TAP.
set -u
auscult=$1 specimens=$2
. "$(dirname "$0")/tap.sh"
inspect() { "$auscult" inspect --no-store --test-key "$@"; }
is_json() { python3 -c 'import json, sys; json.load(sys.stdin)'; }
are_json() { python3 -c 'import json, sys; [json.loads(l) for l in sys.stdin]'; }

image=$work/monitor.img
"$auscult" lab firmware hidden-update -o "$image" || { echo "Bail out! no image"; exit 2; }
inspect --jsonl "$image" >"$work/all.jsonl" 2>"$work/err"
[ $? -eq 1 ] && are_json <"$work/all.jsonl"
report $? "--jsonl: a JSON object a line, exit status 1 for what is high"
id=$(grep '"kind":"finding"' "$work/all.jsonl" | grep '"rule":"fw.code-overwrite"' | grep -o '"id":"F-[0-9a-f]*"' | cut -d'"' -f4)
for mode in --list "--explain $id" --trace "--extract $work/out"; do
	# shellcheck disable=SC2086 # a mode may have a value
	inspect --json $mode "$image" 2>"$work/err" | is_json
	report $? "--json with ${mode%% *} is one JSON document"
	rm -rf "$work/out"
	# shellcheck disable=SC2086
	inspect --jsonl $mode "$image" 2>"$work/err" | are_json
	report $? "--jsonl with ${mode%% *} is a JSON object a line"
	rm -rf "$work/out"
done

# What programs are.
grep '"kind":"binary"' "$work/all.jsonl" | grep '"where":"[^"]*opt/bin/monitor"' | grep '"cpu":"arm"' | grep '"pie":false' |
	grep -q '"missing":\["libc.so.0"\]'
report $? "a program's processor, hardening and libraries are told"
inspect "$image" 2>/dev/null | grep -q '^Built: 2 programs and libraries: .*fixed address'
report $? "and summed up for people"

# Started by what: the same graph for the list and for findings.
grep '"kind":"finding"' "$work/all.jsonl" | grep -q '"started":"respawn: etc/inittab line 2"'
report $? "a finding says which line starts its program"
inspect --extract "$work/out" "$image" >"$work/text" 2>&1
rm "$work"/out/*cramfs/etc/inittab
inspect --jsonl "$work/out" 2>"$work/err" | grep '"kind":"finding"' | grep -q '"started":"nothing found that starts it"'
report $? "without that line it says that nothing was found"

# The trace, for people.
inspect --trace "$image" >"$work/trace" 2>"$work/rate"
grep -q 'connect(.*to: 202.114.4.120 port 511' "$work/trace" && grep -q 'mount -o nolock -t nfs 202.114.4.119:/pm' "$work/trace" &&
	grep -q 'path 1, entered at main' "$work/trace" && grep -q '[0-9]* of [0-9]* blocks' "$work/trace"
report $? "--trace shows paths, calls with resolved arguments, and coverage"
grep -q 'instructions in [0-9]* ms' "$work/rate"
report $? "and says its rate beside it"
inspect --trace "$image" 2>/dev/null | cmp -s - "$work/trace"
report $? "the same trace the second time"
inspect --trace --member opt/bin/monitor "$image" >"$work/one" 2>/dev/null
inspect --jsonl --trace --member nothing "$image" >"$work/none" 2>/dev/null
grep -q '^opt/bin/monitor' "$work/one" && ! grep -q '^bin/busybox' "$work/one" && grep -q '^bin/busybox' "$work/trace" &&
	grep -q '"kind":"finding"' "$work/none" && ! grep -q '"kind":"fwcall"' "$work/none"
report $? "--member narrows a trace to the programs that match"
inspect --jsonl --trace "$image" 2>/dev/null | grep -q '"kind":"fwcall"' && ! grep -q '"kind":"fwcall"' "$work/all.jsonl"
report $? "calls are records when they are asked for, and only then"

# A damaged container: exit status 3, what was found stays. The trouble is at the image's end, behind the programs.
size=$(wc -c <"$image")
cp "$image" "$work/damaged.img"
"$auscult" lab firmware healthy -o "$work/other.img"
{ head -c "$size" "$image"; tail -c +65537 "$work/other.img" | head -c 2000; } >"$work/damaged.img"
inspect --jsonl "$work/damaged.img" >"$work/damaged.jsonl" 2>"$work/err"
rc=$?
[ $rc -eq 3 ] && grep '"kind":"finding"' "$work/damaged.jsonl" | grep -q '"rule":"fw.code-overwrite"'
report $? "a damaged container gives exit status 3 and keeps the findings of the others ($rc)"
"$auscult" inspect --store "$work/store" --test-key "$work/damaged.img" >/dev/null 2>&1
"$auscult" findings --store "$work/store" --jsonl 2>/dev/null | grep -q '"rule":"fw.code-overwrite"' && "$auscult" verify --store "$work/store" >/dev/null 2>&1
report $? "and they are in the store, whose chain holds"

inspect --progress json "$image" >/dev/null 2>"$work/progress"
[ $? -eq 1 ] && grep -v '^auscult:' "$work/progress" | are_json
report $? "--progress json writes nothing but JSON beside the messages"

# No credential is read aloud, in whatever mode.
if command -v gcc >/dev/null; then
	for name in fixed_credential fixed_credential_url; do
		gcc -w -g0 -fno-ident -Os -s -Wl,--dynamic-linker=/lib/ld-specimen-only.so -o "$work/$name" "$specimens/c/$name.c" || continue
		chmod 644 "$work/$name"
		inspect --jsonl "$work/$name" >"$work/$name.jsonl" 2>/dev/null
		{ inspect --trace --jsonl "$work/$name"; inspect --trace "$work/$name"; inspect "$work/$name"
		inspect --strings --min-length 3 "$work/$name"; inspect --strings --jsonl "$work/$name"
		for f in $(grep '"kind":"finding"' "$work/$name.jsonl" | grep -o '"id":"F-[0-9a-f]*"' | cut -d'"' -f4); do
			inspect --explain "$f" "$work/$name"
		done; } >"$work/aloud" 2>&1
		if [ $name = fixed_credential_url ]; then
			grep -q '"secret":{"length"' "$work/$name.jsonl"
			report $? "$name: the finding keeps length and keyed hash"
		fi
		! grep -qE 'specimen-?7731' "$work/aloud"
		report $? "$name: no mode names the credential"
		grep -qE 'wget|strcmp' "$work/aloud"
		report $? "$name: and what is done with it is still told"
	done
fi
finish
