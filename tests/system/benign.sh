#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# benign.sh AUSCULT: ordinary programs of a distribution (AUSCULT_SHARED, default ../shared: firmware/debian-*) give
# nothing above info, and no wrong version. What of them is true and above info stands below, with why. Speaks TAP.
set -u
auscult=$1
shared=${AUSCULT_SHARED:-../shared}/firmware
here=$(dirname "$0")
. "$here/tap.sh"
[ -d "$shared" ] && ls -d "$shared"/debian-*/ >/dev/null 2>&1 || skip_all "no programs in $shared"

# program rule: true of it, so it may be said. Empty today.
true_of() {
	case "$1 $2" in
	*) return 1 ;;
	esac
}

for folder in "$shared"/debian-*/; do
	group=$(basename "$folder")
	# A folder at once: the workers then run side by side, and libraries that lie there are used.
	"$auscult" inspect --jsonl --no-store --test-key --sbom "$work/$group.cdx.json" "$folder" >"$work/out.jsonl" 2>"$work/err"
	rc=$?
	grep '"kind":"fwtrace"' "$work/out.jsonl" | grep -o '"program":"[^"]*"' | cut -d'"' -f4 | sort -u >"$work/programs"
	grep '"kind":"finding"' "$work/out.jsonl" | grep -v '"severity":"info"' >"$work/findings"
	while read -r program; do
		wrong=$(grep -F "\"member\":\"$program\"" "$work/findings" | grep -o '"rule":"[^"]*"' | cut -d'"' -f4 | sort -u | while read -r rule; do
			true_of "$program" "$rule" || printf '%s ' "$rule"
		done)
		[ -z "$wrong" ]
		report $? "$group: $program${wrong:+: $wrong}"
	done <"$work/programs"
	files=$(find "$folder" -type f | wc -l) programs=$(wc -l <"$work/programs")
	[ $rc -eq 0 ] && [ "$programs" -eq "$files" ]
	report $? "$group: $programs of $files programs are executed, exit status $rc"
	[ $rc -eq 0 ] || sed 's/^/# /' "$work/err" | head -n 5
done
python3 "$here/versions.py" "$shared/MANIFEST.tsv" "$work"/*.cdx.json >"$work/out"
report $? "no program has a wrong version, 40 or more the right one"
sed 's/^/# /' "$work/out" | head -n 20
finish
