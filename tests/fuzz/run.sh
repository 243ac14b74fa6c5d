#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD SECONDS: every harness over its seeds (golden inputs, the lab's captures, and the captures
# beside the checkout when they are there), then SECONDS of new inputs each. Ends with the usual line.
set -u
build=$1 seconds=$2
here=$(dirname "$0")
shared=${AUSCULT_SHARED:-$here/../../../shared}
seeds=$build/seeds
mkdir -p "$seeds"
for s in $("$build/auscult" lab list 2>/dev/null | awk "/^[a-z]/ { print \$1 }"); do
	"$build/auscult" lab capture "$s" -o "$seeds/$s.pcapng" >/dev/null 2>&1
done
# What the model reads: files of the lab's images, and a few real programs when they are beside the checkout, each
# behind the byte that picks its reader (fuzz_model.c).
model=$build/seeds-model
mkdir -p "$model"
seed() { # BYTE FILE NAME
	{ printf "\\$1"; cat "$2"; } >"$model/$1-$3" 2>/dev/null
}
for name in hidden-update script-update; do
	"$build/auscult" lab firmware "$name" -o "$build/seed.img" >/dev/null 2>&1 || continue
	rm -rf "$build/seed-members"
	"$build/auscult" inspect --extract "$build/seed-members" "$build/seed.img" >/dev/null 2>&1
	find "$build/seed-members" -type f -size -64k | while read -r file; do
		for byte in 000 001 002 003; do
			seed $byte "$file" "$name-$(basename "$file")"
		done
	done
done
for file in "$here"/../specimens/scripts/*.sh "$here"/../specimens/files/languages*/*/*.php \
	"$here"/../specimens/files/languages*/usr/lib/*; do
	name=$(echo "${file#"$here"/../specimens/}" | tr / -)
	seed 003 "$file" "$name"
	seed 004 "$file" "$name"
done
# A small database, for the reader of single files and for the passes.
python3 - "$build/seed.db" 2>/dev/null <<'END' && seed 002 "$build/seed.db" database && seed 003 "$build/seed.db" database
import os, sqlite3, sys
if os.path.exists(sys.argv[1]):
    os.remove(sys.argv[1])
c = sqlite3.connect(sys.argv[1])
c.execute('pragma page_size=512')
c.execute('create table settings(key text primary key, value text) without rowid')
c.execute("insert into settings values('server', '203.0.113.5')")
c.execute('create table users(user text, password text, twice as (user || user))')
c.executemany('insert into users values(?, ?)', [('a', 'b' * n) for n in range(40)])
c.commit()
END
find "$shared/firmware" -path '*/debian-*/*' -type f -size -24k 2>/dev/null | while read -r file; do
	seed 000 "$file" "$(basename "$(dirname "$file")")-$(basename "$file")"
done
# What fuzz_text.c reads: profiles that learn wrote, advisories beside the checkout, a list.
text=$build/seeds-text
mkdir -p "$text"
"$build/auscult" learn -r "$seeds/healthy.pcapng" --all --test-key --force -o "$build/seed-profiles" >/dev/null 2>&1
for file in "$build"/seed-profiles/*.json; do
	{ printf "\\002"; cat "$file"; } >"$text/profile-$(basename "$file")" 2>/dev/null
done
for file in "$shared"/advisories/2025/*.json; do
	[ -f "$file" ] && { printf "\\003"; cat "$file"; } >"$text/csaf-$(basename "$file")"
done
printf '\004asset tag;model;"serial ""no"""\r\nA1;CMS8000;"=1+1"\r\n' >"$text/list.csv"
# What fuzz_compare.c reads: the records of two of the lab's images. The seed's maker finds the worker beside itself.
compare=$build/seeds-compare
mkdir -p "$compare"
ln -sf ../auscult-worker "$build/tests/auscult-worker"
for name in hidden-update startup-only-fix; do
	"$build/auscult" lab firmware "$name" -o "$build/seed-$name.img" >/dev/null 2>&1
done
"$build/tests/seed_compare" "$build/seed-hidden-update.img" "$build/seed-startup-only-fix.img" "$compare/two"
# A build with -Dfuzz=true has libFuzzer and its options; the harnesses of any other (driver.c) run over seeds alone.
runs=0
[ "$seconds" -eq 0 ] || runs=-1
options="-max_total_time=$seconds -runs=$runs -max_len=65536 -timeout=20 -rss_limit_mb=2048"
nm "$build/tests/fuzz_wire" | grep -q LLVMFuzzerRunDriver || options=--names
[ "$options" != --names ] || [ "$seconds" -eq 0 ] || { echo "$build was made without -Dfuzz=true" >&2; exit 64; }

one() { # NAME: that harness over its seeds
	case $1 in
	fuzz_model) from=$model ;;
	fuzz_compare) from=$compare ;;
	fuzz_text) from="$here/../golden $seeds $text" ;;
	fuzz_capture) from="$here/../golden $seeds $shared/captures $shared/hostile/packets" ;;
	*) from="$here/../golden $seeds" ;;
	esac
	dirs=$build/corpus-$1
	mkdir -p "$dirs"
	[ "$options" = --names ] || dirs="-artifact_prefix=$dirs/ $dirs"
	for d in "$here/crashes" $from; do [ -d "$d" ] && dirs="$dirs $d"; done
	# shellcheck disable=SC2086 # options, and folders of ours without blanks
	if "$build/tests/$1" $options $dirs >"$build/$1.log" 2>&1; then
		echo "ok - $1 over its seeds, then $seconds s"
	else
		echo "not ok - $1, see $build/$1.log"
		tail -n 30 "$build/$1.log"
	fi
}

# As many side by side as there are processors.
names=$(cd "$build/tests" && ls | grep -E '^fuzz_[a-z]+$')
running=0
for name in $names; do
	one "$name" >"$build/$name.said" &
	running=$((running + 1))
	[ $((running % $(nproc))) -ne 0 ] || wait
done
wait
passed=0 failed=0
for name in $names; do
	cat "$build/$name.said"
	if grep -q '^ok ' "$build/$name.said"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
