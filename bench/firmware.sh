#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# firmware.sh BUILD: measures auscult inspect over the lab's 16 MB image of 100 programs and, where they are, over
# real Debian programs (AUSCULT_SHARED, default ../shared: firmware/debian-*), and what the usual tools find in the
# same image in the same run. Prints the tables of docs/performance.md as Markdown. BENCH_RUNS=3 turns.
set -u
build=$1
runs=${BENCH_RUNS:-3}
here=$(cd "$(dirname "$0")" && pwd)
shared=${AUSCULT_SHARED:-$here/../../shared}/firmware
dir=$(mkdir -p "$build/bench-firmware" && cd "$build/bench-firmware" && pwd) || exit 2
auscult=$(cd "$build" && pwd)/auscult
export LC_ALL=C

[ "$dir/measure" -nt "$here/measure.c" ] || gcc -O2 -D_GNU_SOURCE -o "$dir/measure" "$here/measure.c" || exit 2
image=$dir/hidden-update.img
"$auscult" lab firmware hidden-update --programs 100 -o "$image" || exit 2
rm -rf "$dir/members"
"$auscult" inspect --extract "$dir/members" "$image" >/dev/null 2>&1

# A line "wall cpu kib rc" a turn; the median by wall time.
median() { # COMMAND...
	i=0
	while [ $i -lt "$runs" ]; do
		"$dir/measure" "$@" 2>/dev/null
		i=$((i + 1))
	done | sort -n | awk '{ line[NR] = $0 } END { print line[int((NR + 1) / 2)] }'
}

row() { # WHAT COMMAND FOUND
	printf '| %s | `%s` | ' "$1" "$2"
	echo "$result" | awk '{ printf "%.2f | %.2f | %.0f | ", $1, $2, $3 / 1024 }'
	echo "$3 |"
}

found() { # FILE...: findings above info, and the far address among them
	"$auscult" inspect --jsonl --no-store --test-key "$@" 2>/dev/null >"$dir/out.jsonl"
	n=$(grep '"kind":"finding"' "$dir/out.jsonl" | grep -vc '"severity":"info"')
	rules=$(grep '"kind":"finding"' "$dir/out.jsonl" | grep -v '"severity":"info"' | grep -o '"rule":"[^"]*"' |
		cut -d'"' -f4 | sort -u | tr '\n' ' ')
	echo "$n above info${rules:+: $rules}"
}

lines() { # COMMAND: how many lines it prints
	sh -c "$1" 2>/dev/null | wc -l
}

echo "Machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//'), $(nproc) cores, load \
$(cut -d' ' -f1 /proc/loadavg); $(date -u +%Y-%m-%d). Medians of $runs turns."
echo "Image: $(wc -c <"$image") bytes, 100 programs and the monitor, whose far address (202.114.4.119:/pm) is put"
echo "together at run time and stands nowhere as text."
echo
echo "| what | command | wall s | CPU s | peak MiB | found |"
echo "|---|---|---|---|---|---|"
result=$(median "$auscult" inspect --no-store --test-key "$image")
[ "${result##* }" -le 1 ] || { echo "bench: auscult inspect ends with ${result##* }" >&2; exit 2; }
row "auscult inspect" "auscult inspect IMAGE" "$(found "$image")"
cat >"$dir/rule.yar" <<'Y'
rule fixed_address { strings: $a = "202.114.4.119" $b = "mount -o nolock -t nfs 202" condition: any of them }
Y
result=$(median sh -c "strings -a '$image' | grep -E '([0-9]{1,3}\.){3}[0-9]{1,3}'")
row "strings, grep: the image" "strings -a IMAGE \| grep -E ADDRESS" \
	"$(lines "strings -a '$image' | grep -F 202.114") lines with the address"
result=$(median sh -c "find '$dir/members' -type f -exec strings -a {} + | grep -E '([0-9]{1,3}\.){3}[0-9]{1,3}'")
row "strings, grep: the members, unpacked before" "find -exec strings -a {} + \| grep -E ADDRESS" \
	"$(lines "find '$dir/members' -type f -exec strings -a {} + | grep -E '([0-9]{1,3}\.){3}[0-9]{1,3}'") addresses, \
$(lines "find '$dir/members' -type f -exec strings -a {} + | grep -F 202.114") of them that one"
if command -v yara >/dev/null; then
	result=$(median yara -r "$dir/rule.yar" "$dir/members")
	row "yara: the members, unpacked before" "yara -r RULES FOLDER" \
		"$(lines "yara -r '$dir/rule.yar' '$dir/members'") files"
	result=$(median yara "$dir/rule.yar" "$image")
	row "yara: the image" "yara RULES IMAGE" "$(lines "yara '$dir/rule.yar' '$image'") files"
fi
if command -v binwalk >/dev/null; then
	result=$(median binwalk "$image")
	row "binwalk" "binwalk IMAGE" "$(binwalk "$image" 2>/dev/null | grep -c '^[0-9]') signatures, \
$(binwalk "$image" 2>/dev/null | grep -ciE 'cramfs|uimage|gzip|cpio') of them containers; opens none of itself"
fi

programs=$(find "$shared" -path '*/debian-*/*' -type f 2>/dev/null | wc -l)
[ "$programs" -gt 0 ] || { echo "bench: no real programs in $shared" >&2; exit 0; }
echo
echo "Real programs (Debian 12), one at a time:"
echo
echo "| program | bytes | wall s | CPU s | peak MiB | blocks reached / found | instructions | found |"
echo "|---|---|---|---|---|---|---|---|"
find "$shared" -path '*/debian-*/*' -type f -size +150k -printf '%s %p\n' | sort -rn | while read -r size path; do
	"$dir/measure" "$auscult" inspect --no-store --test-key "$path" >"$dir/one" 2>/dev/null
	"$auscult" inspect --jsonl --no-store --test-key "$path" 2>/dev/null | grep '"kind":"fwtrace"' >"$dir/trace"
	number() { grep -o "\"$1\":[0-9]*" "$dir/trace" | head -n 1 | cut -d: -f2; }
	awk -v name="$(echo "$path" | sed 's,.*/debian-,,; s,/.*__,: ,')" -v size="$size" -v blocks="$(number blocks)" \
		-v reached="$(number blocks_reached)" -v instructions="$(number instructions)" -v found="$(found "$path")" '{
		printf "| %s | %d | %.2f | %.2f | %.0f | %s / %s (%.0f %%) | %s | %s |\n", name, size, $1, $2, $3 / 1024, reached,
			blocks, blocks ? 100 * reached / blocks : 0, instructions, found }' "$dir/one"
done
