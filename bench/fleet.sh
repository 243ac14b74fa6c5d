#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fleet.sh BUILD: measures auscult inspect --jobs over many images that share members: 1, 10, 100 … FLEET_IMAGES
# (default 1000) of them, into a fresh store each, and what a further image costs whose programs are known. The images
# are tar archives of the lab's four scenarios with FLEET_PROGRAMS (20) further programs, a file of their own each,
# and in every tenth one program that no other has. Prints the table of docs/performance.md as Markdown. FLEET_JOBS=2.
set -u
build=$1
most=${FLEET_IMAGES:-1000} programs=${FLEET_PROGRAMS:-20} jobs=${FLEET_JOBS:-2}
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mkdir -p "$build/bench-fleet" && cd "$build/bench-fleet" && pwd) || exit 2
auscult=$(cd "$build" && pwd)/auscult
export LC_ALL=C

[ "$dir/measure" -nt "$here/measure.c" ] || gcc -O2 -D_GNU_SOURCE -o "$dir/measure" "$here/measure.c" || exit 2
rm -rf "$dir/trees" "$dir/images" "$dir/store" "$dir/one"
mkdir -p "$dir/trees" "$dir/images" "$dir/one"
k=0
for name in hidden-update healthy script-update startup-only-fix; do
	"$auscult" lab firmware $name --programs "$programs" -o "$dir/base.img" || exit 2
	"$auscult" inspect --extract "$dir/trees/$k" "$dir/base.img" >/dev/null 2>&1
	k=$((k + 1))
done

image() { # NUMBER FILE
	tree=$(find "$dir/trees/$(($1 % 4))" -maxdepth 1 -name '*cramfs')
	echo "build $1" >"$tree/etc/build"
	rm -f "$tree/opt/lib/own"
	if [ $(($1 % 10)) -eq 9 ]; then
		"$auscult" lab firmware healthy --programs 1 --seed $((90000 + $1)) -o "$dir/own.img"
		rm -rf "$dir/own"
		"$auscult" inspect --extract "$dir/own" "$dir/own.img" >/dev/null 2>&1
		cp "$(find "$dir/own" -name part000 | head -n 1)" "$tree/opt/lib/own"
	fi
	tar -C "$tree" --sort=name --mtime=@0 -cf "$2" .
}

echo "Machine: $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2- | sed 's/^ *//'), $(nproc) cores, load \
$(cut -d' ' -f1 /proc/loadavg); $(date -u +%Y-%m-%d). --jobs $jobs, $((programs + 2)) programs an image."
echo
echo "| images | wall s | CPU s | CPU s an image | peak MiB of one process | programs |"
echo "|---|---|---|---|---|---|"
made=0
for n in 1 10 100 300 1000 3000 10000; do
	[ $n -le "$most" ] || break
	while [ $made -lt $n ]; do
		image $made "$dir/images/$(printf %05d $made).tar"
		made=$((made + 1))
	done
	rm -rf "$dir/store"
	"$dir/measure" sh -c "exec '$auscult' inspect --jobs $jobs --store '$dir/store' --test-key '$dir/images' \
		2>'$dir/err'" >"$dir/out"
	tail -n 1 "$dir/out" | awk -v n=$n -v p="$(sed -n 's/.*programs: //p' "$dir/err")" \
		'{ printf "| %d | %.2f | %.2f | %.3f | %.0f | %s |\n", n, $1, $2, $2 / n, $3 / 1024, p }'
done
image 77777 "$dir/one/further.tar"
first=$("$dir/measure" "$auscult" inspect --jobs 1 --store "$dir/store-new" --test-key "$dir/one" 2>/dev/null |
	tail -n 1)
known=$("$dir/measure" "$auscult" inspect --jobs 1 --store "$dir/store" --test-key "$dir/one" 2>/dev/null | tail -n 1)
rm -rf "$dir/store-new"
echo
echo "$first" "$known" | awk '{
	printf "One image into an empty store: %.2f s of CPU. The same image behind all of these: %.2f s, %.1f %%.\n",
	$2, $6, 100 * $6 / $2 }'
