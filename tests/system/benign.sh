#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# benign.sh AUSCULT: ordinary programs of a distribution (AUSCULT_SHARED, default ../shared: firmware/debian-*) give
# nothing above info. What of them is true and above info stands below, with why. Speaks TAP.
set -u
auscult=$1
shared=${AUSCULT_SHARED:-../shared}/firmware
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0
n=0

# program rule: true of it, so it may be said. Empty today.
true_of() {
	case "$1 $2" in
	*) return 1 ;;
	esac
}

for folder in "$shared"/debian-*/; do
	[ -d "$folder" ] || { echo "ok 1 - benign programs # SKIP none in $shared"; echo "1..1"; exit 0; }
	# A folder at once: the workers then run side by side, and libraries that lie there are used.
	"$auscult" inspect --jsonl --no-store --test-key "$folder" >"$work/out.jsonl" 2>"$work/err"
	rc=$?
	grep '"kind":"fwtrace"' "$work/out.jsonl" | grep -o '"program":"[^"]*"' | cut -d'"' -f4 | sort -u >"$work/programs"
	grep '"kind":"finding"' "$work/out.jsonl" | grep -v '"severity":"info"' >"$work/findings"
	while read -r program; do
		n=$((n + 1))
		wrong=$(grep -F "\"member\":\"$program\"" "$work/findings" | grep -o '"rule":"[^"]*"' | cut -d'"' -f4 | sort -u | while read -r rule; do
			true_of "$program" "$rule" || printf '%s ' "$rule"
		done)
		[ -z "$wrong" ] && echo "ok $n - $(basename "$folder"): $program" && continue
		echo "not ok $n - $(basename "$folder"): $program: $wrong"
		bad=1
	done <"$work/programs"
	n=$((n + 1))
	files=$(find "$folder" -type f | wc -l)
	if [ $rc -eq 0 ] && [ "$(wc -l <"$work/programs")" -eq "$files" ]; then
		echo "ok $n - $(basename "$folder"): all $files programs are executed, exit status 0"
	else
		echo "not ok $n - $(basename "$folder"): $(wc -l <"$work/programs") of $files programs, exit status $rc"
		sed 's/^/# /' "$work/err" | head -n 5
		bad=1
	fi
done
echo "1..$n"
exit $bad
