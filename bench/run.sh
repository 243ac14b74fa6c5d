#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD: measures auscult watch against a bare walk, a bare libpcap loop and whichever other sensor is
# installed, over the same large capture, in one run, turn by turn; then how cost grows. Prints docs/performance.md's
# tables as Markdown. Needs some 2.5 GB in BUILD the first time. Environment:
#   BENCH_RUNS=5     turns; the median counts. What takes longer than 8 s has one turn
#   BENCH_QUICK=1    leaves out the peers and the long capture
#   BENCH_MIX=FILE   another capture (classic pcap) instead of the lab's mix
#   BENCH_WRITE=1    puts the tables between the marks of docs/performance.md, too
set -u
build=$1
if [ "${BENCH_WRITE:-}" ]; then
	page=$(dirname "$0")/../docs/performance.md
	mkdir -p "$build/bench"
	BENCH_WRITE='' sh "$0" "$build" | tee "$build/bench/tables.md"
	grep -q '^Where the time goes' "$build/bench/tables.md" || exit 1
	awk -v tables="$build/bench/tables.md" '
		/^<!-- measured -->$/ { print; print ""; while ((getline line <tables) > 0) print line; print ""; skip = 1 }
		/^<!-- end -->$/ { skip = 0 }
		!skip' "$page" >"$build/bench/page.md" && cp "$build/bench/page.md" "$page"
	exit
fi
runs=${BENCH_RUNS:-5} quick=${BENCH_QUICK:-}
here=$(cd "$(dirname "$0")" && pwd)
source=$(dirname "$here")
dir=$(mkdir -p "$build/bench" && cd "$build/bench" && pwd) || exit 2
export LC_ALL=C

say() { echo "bench: $*" >&2; }

# The release that distributions would build: -O3, LTO; debug information costs no speed and names the profile.
[ -f "$dir/release/build.ninja" ] || { say "building a release with LTO"
	CC=gcc meson setup "$dir/release" "$source" --buildtype=release -Db_lto=true -Ddebug=true >/dev/null || exit 2; }
ninja -C "$dir/release" --quiet auscult >&2 || exit 2
auscult=$dir/release/auscult
for tool in floor_mmap floor_pcap measure repeat; do
	[ "$dir/$tool" -nt "$here/$tool.c" ] && continue
	libs=$([ $tool = floor_pcap ] && echo -lpcap)
	gcc -O2 -D_GNU_SOURCE -o "$dir/$tool" "$here/$tool.c" $libs || exit 2
done

capture() { # NAME OPTION...: a capture of the lab, made once
	file=$dir/$1.pcap
	shift
	[ -s "$file" ] && return
	say "making $(basename "$file")"
	"$auscult" lab bench "$@" -o "$file.part" >/dev/null 2>&1 && mv "$file.part" "$file"
}

if [ "${BENCH_MIX:-}" ]; then
	mix=$BENCH_MIX
else
	capture mix && mix=$dir/mix.pcap || exit 2
fi
cat "$mix" >/dev/null                            # into the page cache, for everybody

measure() { # NAME COMMAND...: a line "NAME wall cpu kib rc" in results
	name=$1
	shift
	echo "$name	$("$dir/measure" "$@" | tr ' ' '\t')" >>"$dir/results"
}

median() { # NAME COLUMN
	awk -F '\t' -v name="$1" -v column="$2" '$1 == name { print $column }' "$dir/results" | sort -n |
		awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

slow() { # NAME: has had a turn and took too long for another
	awk -F '\t' -v name="$1" '$1 == name && $2 > 8 { hit = 1 } END { exit !hit }' "$dir/results"
}

turn() { # NAME COMMAND...
	command -v "$2" >/dev/null || return 0
	slow "$1" || measure "$@"
}

peers() {
	[ "$quick" ] && return
	turn 'tcpdump -w' tcpdump -nn -r "$mix" -w /dev/null
	turn 'argus' argus -r "$mix" -w /dev/null
	turn 'ndpiReader' ndpiReader -q -i "$mix"
	mkdir -p "$dir/peer-log"
	turn 'suricata, EVE' suricata --runmode single -S /dev/null -l "$dir/peer-log" -r "$mix"
	turn 'zeek' env -C "$dir/peer-log" zeek -r "$mix"
	turn 'tshark -z io,phs' tshark -r "$mix" -q -z io,phs
}

load_before=$(cut -d' ' -f1 /proc/loadavg)
: >"$dir/results"
i=0
while [ $i -lt "$runs" ]; do
	i=$((i + 1))
	say "turn $i of $runs"
	turn 'mmap walk' "$dir/floor_mmap" "$mix"
	turn 'libpcap loop' "$dir/floor_pcap" "$mix"
	turn 'auscult watch' "$auscult" watch --no-store --test-key -r "$mix"
	peers
done
turn 'auscult watch, store' "$auscult" watch --store "$dir/store" --test-key -r "$mix"
rm -rf "$dir/store"
turn 'auscult watch, every record' "$auscult" watch --no-store --test-key --jsonl -r "$mix"

unit=$(median 'libpcap loop' 3)
packets=$("$dir/floor_pcap" "$mix" | cut -d' ' -f1)
row() { # NAME COMMAND
	wall=$(median "$1" 2) cpu=$(median "$1" 3) kib=$(median "$1" 4)
	[ "$wall" ] || return 0
	awk -v name="$1" -v command="$2" -v wall="$wall" -v cpu="$cpu" -v kib="$kib" -v unit="$unit" -v packets="$packets" '
		BEGIN {
			printf "| %s | `%s` | %.2f | %.2f | %.0f | %.2f | %.1f |\n",
				name, command, wall, cpu, kib / 1024, packets / cpu / 1e6, cpu / unit
		}'
}

processor=$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//')
echo "Machine: $processor, $(nproc) cores; load before the run $load_before, after it $(cut -d' ' -f1 /proc/loadavg);" \
	"$(date -u +%Y-%m-%d)."
echo "Capture: $packets packets, $(wc -c <"$mix") bytes. Medians of $runs turns, one where a turn takes longer than" \
	"8 s. On a busy machine the CPU column is the sound one; the ratio is of CPU seconds."
echo
echo "| what | command | wall s | CPU s | peak MiB | Mpackets per CPU s | x libpcap loop |"
echo "|---|---|---|---|---|---|---|"
row 'mmap walk' 'floor_mmap mix.pcap'
row 'libpcap loop' 'floor_pcap mix.pcap'
row 'auscult watch' 'auscult watch --no-store -r mix.pcap'
row 'auscult watch, store' 'auscult watch --store DIR -r mix.pcap'
row 'auscult watch, every record' 'auscult watch --no-store --jsonl -r mix.pcap'
row 'tcpdump -w' 'tcpdump -nn -r mix.pcap -w /dev/null'
row 'argus' 'argus -r mix.pcap -w /dev/null'
row 'ndpiReader' 'ndpiReader -q -i mix.pcap'
row 'suricata, EVE' 'suricata --runmode single -S /dev/null -r mix.pcap'
row 'zeek' 'zeek -r mix.pcap'
row 'tshark -z io,phs' 'tshark -r mix.pcap -q -z io,phs'

grown() { # WHAT COMMAND...: a row of the second table
	what=$1 n=$2
	shift 2
	set -- $("$dir/measure" "$@")
	[ "$4" -le 1 ] || say "$what: exit code $4"
	awk -v what="$what" -v wall="$1" -v cpu="$2" -v kib="$3" -v n="$n" 'BEGIN {
		printf "| %s | %d | %.2f | %.2f | %.0f | %.0f |\n", what, n, wall, cpu, kib / 1024, cpu * 1e9 / n }'
}

count() { "$dir/floor_pcap" "$1" | cut -d' ' -f1; }

echo
echo "How cost grows:"
echo
echo "| input | packets | wall s | CPU s | peak MiB | ns of CPU a packet |"
echo "|---|---|---|---|---|---|"
if [ ! "$quick" ]; then
	grown 'the mix, once, through a pipe' "$packets" \
		sh -c "'$dir/repeat' '$mix' 1 | '$auscult' watch --no-store --test-key -r -"
	grown 'ten times as long, through a pipe' $((packets * 10)) \
		sh -c "'$dir/repeat' '$mix' 10 | '$auscult' watch --no-store --test-key -r -"
fi
for flows in 10000 100000 1000000; do
	capture "flows-$flows" --flows $flows || continue
	grown "$flows conversations at once" "$(count "$dir/flows-$flows.pcap")" \
		"$auscult" watch --no-store --test-key -r "$dir/flows-$flows.pcap"
done
grown "1000000 at once, --max-flows 65536" "$(count "$dir/flows-1000000.pcap")" \
	"$auscult" watch --no-store --test-key --max-flows 65536 -r "$dir/flows-1000000.pcap"
for hosts in 400 4000 40000; do
	capture "hosts-$hosts" --hosts $hosts --bytes 200000000 --packets 300000 || continue
	grown "$hosts hosts, 200 MB" "$(count "$dir/hosts-$hosts.pcap")" \
		"$auscult" watch --no-store --test-key -r "$dir/hosts-$hosts.pcap"
done

# Logs of other sensors: what the mix gives as EVE, again and again, until it is long enough to be timed.
eve=$dir/mix.eve
if [ ! -s "$eve" ]; then
	say "making mix.eve"
	"$auscult" watch --no-store --test-key -r "$mix" --eve-out "$dir/once.eve" >/dev/null 2>&1
	: >"$eve.part"
	while [ -s "$dir/once.eve" ] && [ "$(wc -c <"$eve.part")" -lt 300000000 ]; do cat "$dir/once.eve" >>"$eve.part"; done
	mv "$eve.part" "$eve"
fi
cat "$eve" >/dev/null
set -- $("$dir/measure" "$auscult" watch --no-store --test-key --eve "$eve")
echo
awk -v bytes="$(wc -c <"$eve")" -v lines="$(wc -l <"$eve")" -v wall="$1" -v cpu="$2" -v kib="$3" 'BEGIN {
	printf "Logs: %d lines of EVE JSON, %.0f MB: %.2f s wall, %.2f s CPU, %.0f MiB; %.0f MB per CPU s. " \
		"`auscult watch --no-store --eve mix.eve`\n",
		lines, bytes / 1e6, wall, cpu, kib / 1024, bytes / 1e6 / cpu }'

command -v perf >/dev/null || { say "no perf: no profile"; exit 0; }
# Addresses are fixed, so that addr2line can name file and line; shares are of samples in the engine.
setarch -R perf record -q -F 997 -e cpu-clock -o "$dir/perf.data" \
	"$auscult" watch --no-store --test-key -r "$mix" >/dev/null 2>&1 ||
	{ say "perf may not measure here: no profile"; exit 0; }
perf script -i "$dir/perf.data" -F ip,dso 2>/dev/null | awk -v program="$auscult" '
	index($2, program) { printf "%s\n", $1; next } { print "other " $2 }' >"$dir/samples"
grep -v '^other' "$dir/samples" | sort | uniq -c | awk '{ print $2, $1 }' >"$dir/addresses"
base=$(awk '{ print substr($1, 1, 12); exit }' "$dir/addresses")
awk '{ print $1 }' "$dir/addresses" | python3 -c '
import sys
for line in sys.stdin:
    print(hex(int(line, 16) - 0x555555554000))' | addr2line -e "$auscult" >"$dir/lines"
echo
echo "Where the time goes (share of samples; the folder of the innermost inlined line):"
echo
echo "| part | % |"
echo "|---|---|"
parts() {
	paste -d' ' "$dir/addresses" "$dir/lines" | awk '{
		part = $3
		if (!match(part, /src\/[a-z]+(\/[a-z_0-9]+\.[ch])?/)) part = "other code of the program"
		else part = substr(part, RSTART + 4, RLENGTH - 4)
		print $2, part }'
	grep '^other' "$dir/samples" | sed 's/^other (\(.*\))/1 \1/; s/^other /1 /; s,/[^ ]*/,,'
}
parts | awk '
	{ n = $1; $1 = ""; part[$0] += n; all += n }
	END { for (p in part) printf "%.1f %s\n", part[p] * 100 / all, p }' | sort -rn >"$dir/shares"
head -n 24 "$dir/shares" | awk '{ v = $1; $1 = ""; print "|" $0 " | " v " |" }'
echo
echo "What each detector costs (share of the same samples, code of its own file; what is missing had no sample):"
echo
grep ' detect/' "$dir/shares" | awk '{ sum += $1; list = list (list ? ", " : "") $2 " " $1 } END {
	gsub("detect/", "", list); gsub("[.]c", "", list); printf "%s. All of them: %.1f %%.\n", list, sum }'
