#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh BUILD: runs every test of a build and ends with "N passed, N failed, N skipped". Tests speak TAP;
# one that dies without a word counts as failed.
set -u
build=$1
meson test -C "$build" --print-errorlogs --no-rebuild --timeout-multiplier 4 >"$build/test-output.txt" 2>&1
rc=$?
log=$build/meson-logs/testlog.txt
skipped=$(( $(grep -c '^ok .*# SKIP' "$log") + $(grep -c '^1\.\.0 # SKIP' "$log") ))
passed=$(( $(grep -c '^ok ' "$log") - $(grep -c '^ok .*# SKIP' "$log") ))
known=$(grep -c '^not ok .*# TODO' "$log")
failed=$(( $(grep -c '^not ok ' "$log") - known ))
if [ $rc -ne 0 ]; then
	sed -n '/Summary of Failures/,$!p' "$build/test-output.txt" | tail -n 120
	grep -E 'FAIL|ERROR|TIMEOUT' "$build/test-output.txt"
	[ "$failed" -eq 0 ] && failed=1
fi
grep -E '^(ok .*|1\.\.0 )# SKIP' "$log" | sed -E 's/^(ok [0-9]* *-* *|1\.\.0 # SKIP )/skipped: /' | sort | uniq -c | sort -rn | head -n 20
[ "$known" -eq 0 ] || grep '^not ok .*# TODO' "$log" | sed 's/^not ok [0-9]* *-* */known to be missed: /'
echo "$passed passed, $failed failed, $skipped skipped"
exit $rc
