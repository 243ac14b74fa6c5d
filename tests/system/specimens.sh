#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# specimens.sh AUSCULT EXPECT SPECIMENS: what `inspect` says of every specimen program, script and image
# (tests/specimens/README.md). Speaks TAP. SPECIMENS_SET=all takes every variant.
set -u
auscult=$1 expect=$2 specimens=$3
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0
n=0

say() { # OK TEXT
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		bad=1
	fi
}

if ! "$auscult" explain fw.remote-mount >/dev/null 2>&1 || ! "$auscult" inspect --help | grep -q -e --explain; then
	echo "ok - specimens # SKIP inspect finds nothing in firmware yet"
	echo "1..1"
	exit 0
fi
sh "$specimens/build.sh" "$work/built" "${SPECIMENS_SET:-quick}" >"$work/built.txt" 2>"$work/err"
say $? "the specimens are built: $(cat "$work/built.txt")"
sed 's/^/# /' "$work/err"
mkdir -p "$work/built"
for folder in "$work/built/programs"/*/; do
	variant=$(basename "$folder")
	names=$(cd "$folder" && echo *)
	case $variant in library-*) names="$(cd "$folder" && echo vendor_library*) libvendor_host.so.1" ;; esac
	case $variant in accounts_* | cron_* | graph_* | languages* | pages_*) names=$(cd "$folder/.." && find "$variant" -type f | sort) ;; esac
	"$auscult" inspect --jsonl --no-store --test-key "$folder" >"$work/out.jsonl" 2>"$work/err"
	rc=$?
	[ $rc -le 1 ]
	say $? "$variant: inspect runs to its end ($rc)"
	sed 's/^/# /' "$work/err" | head -n 5
	# shellcheck disable=SC2086 # names without blanks
	"$expect" "$specimens/expected.tsv" "$variant" $names <"$work/out.jsonl" || bad=1
	n=$((n + $(echo "$names" | wc -w)))
done
for variant in arm64-O2 armel-Os mips-O2 mipsel-Os ppc-O2 x86_64-O2; do
	[ -d "$work/built/programs/$variant" ] && continue
	n=$((n + 1))
	echo "ok - $variant # SKIP its compiler is not installed"
done
for image in "$work/built/images"/root.*; do
	[ -f "$image" ] || continue
	format=${image##*/root.}
	"$auscult" inspect --jsonl --no-store --test-key "$image" >"$work/out.jsonl" 2>"$work/err"
	names=code_overwrite_script.sh
	[ ! -e "$work/built/root/opt/bin/code_overwrite" ] || names="$names code_overwrite"
	# shellcheck disable=SC2086
	"$expect" "$specimens/expected.tsv" "image.$format" $names <"$work/out.jsonl" || bad=1
	n=$((n + $(echo "$names" | wc -w)))
done
[ "$n" -ge 6 ] || { echo "Bail out! nothing was built"; exit 2; }
echo "1..$n"
exit $bad
