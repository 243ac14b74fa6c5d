#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# sensor.sh AUSCULT GOLDEN: logs of other sensors give what packets would, as far as they can. Speaks TAP.
set -u
auscult=$(realpath "$1") golden=$(realpath "$2")
. "$(dirname "$0")/tap.sh"
cp -r "$golden" "$work/in"
cd "$work" || exit 2

look() { # OUT OPTION...: every record, and the report
	out=$1
	shift
	"$auscult" watch "$@" --no-store --test-key --jsonl >"$out.jsonl" 2>"$out.err"
	rc=$?
	"$auscult" watch "$@" --no-store --test-key --color=never >"$out.txt" 2>>"$out.err"
}

has() { # FILE FIXED-TEXT...: all in one line of the file
	file=$1
	shift
	cp "$file" lines
	for text in "$@"; do grep -F -e "$text" lines >fewer; mv fewer lines; done
	[ -s lines ]
}

for kind in eve zeek zeek-json; do
	case $kind in eve) set -- --eve in/eve.json ;; *) set -- --zeek in/$kind ;; esac
	look "$kind" "$@"
	[ "$rc" -eq 1 ]; report $? "$kind: runs to its end and finds something ($rc)"
	has $kind.jsonl '"kind":"finding"' '"rule":"net.known-address"' '202.114.4.119' '"severity":"critical"'
	report $? "$kind: the known address is seen"
	has $kind.jsonl '"kind":"dhcp"' '"host_name":"mon-7"'
	report $? "$kind: DHCP names the device"
	has $kind.jsonl '"kind":"dns"' '"query":"update.example.org"'
	report $? "$kind: the name asked for"
	has $kind.jsonl '"kind":"flow"' '"server_port":515' '"state":"unanswered"'
	report $? "$kind: an unanswered attempt stays one"
	has $kind.jsonl '"kind":"http"' '"path":"/fhir/Patient/*"' '"patient_id":{"length":10'
	report $? "$kind: a patient in a path is a token"
	! grep -q PLANTED $kind.jsonl $kind.txt $kind.err
	report $? "$kind: no patient's data in any output"
	has $kind.txt 'Not judged without packets' 'net.rewritten-stream'
	report $? "$kind: what cannot be judged is said"
	"$auscult" watch "$@" --no-store --test-key --jsonl 2>/dev/null | cmp -s - $kind.jsonl
	report $? "$kind: the same again"
done

# The two forms of Zeek say the same, but for the names of files and lines.
for kind in zeek zeek-json; do
	sed -E 's/"(file|packet|first_packet|offset)":("[^"]*"|[0-9]+),?//g; s/"evidence":\[[^]]*\]//' $kind.jsonl >$kind.same
done
cmp -s zeek.same zeek-json.same
report $? "tab-separated and JSON logs give the same records"

# Damage: cut anywhere, and bytes turned round; an end, never a crash, and what came before is kept.
size=$(wc -c <in/eve.json) at=1 bad=0
while [ $at -lt "$size" ]; do
	head -c $at in/eve.json >cut.json
	{ head -c $at in/eve.json; printf '"\\{'; tail -c +$((at + 4)) in/eve.json; } >flip.json
	for f in cut flip; do
		"$auscult" watch --eve $f.json --no-store --test-key >out 2>err
		[ $? -le 3 ] && ! died out err || bad=1
	done
	at=$((at + 173))
done
report $bad "damaged lines are passed over"
has eve.jsonl '"kind":"health"' '"log_lines_bad":0'
report $? "whole lines are not called bad"
gzip -k in/eve.json && "$auscult" watch --eve in/eve.json.gz --no-store --test-key >out 2>err
[ $? -eq 1 ] && grep -q 202.114.4.119 out
report $? "a packed log is read"
mkdir empty
"$auscult" watch --zeek empty --no-store --test-key >out 2>err
[ $? -eq 2 ] && grep -q 'no Zeek logs' err
report $? "a folder without logs is named"
finish
