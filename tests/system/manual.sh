#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# manual.sh AUSCULT SOURCE: what is generated from the tables is so: the references in docs/, man page, completion,
# and every command and option that the documentation shows exists. Speaks TAP.
set -u
auscult=$1 source=$2
. "$(dirname "$0")/tap.sh"

for page in records config:configuration; do
	file=docs/${page#*:}.md
	"$auscult" manual "${page%:*}" >"$work/page" || exit 2
	diff "$source/$file" "$work/page" >"$work/diff"
	rc=$?
	head -n 20 "$work/diff" | sed 's/^/# /'
	report $rc "$file is what the tables give (ninja -C build docs)"
done

"$auscult" manual bash >"$work/completion"
bash -n "$work/completion" && "$auscult" --help | awk '/^  [a-z]/ { print $1 }' >"$work/commands" && [ -s "$work/commands" ]
report $? "the completion is bash"
missing=0
while read -r c; do
	grep -qw -- "$c" "$work/completion" || { echo "# no completion of $c"; missing=$((missing + 1)); }
done <"$work/commands"
report $missing "it knows every command"

"$auscult" manual man >"$work/auscult.1"
if command -v groff >/dev/null; then
	groff -man -Tutf8 -ww -z "$work/auscult.1" 2>"$work/err" && [ ! -s "$work/err" ]
	report $? "the man page is clean troff"
else
	skip "the man page is clean troff" "no groff here"
fi

# Lines of the documentation that run the program: "auscult COMMAND … --option …", also behind a pipe.
cat "$source/README.md" "$source/CONTRIBUTING.md" "$source"/docs/*.md "$source"/docs/design/*.md 2>/dev/null |
	grep -oE '\bauscult [a-z]+[^|`]*' | grep -E ' --?[a-z]' | sort -u >"$work/shown"
[ -s "$work/shown" ]
report $? "the documentation shows commands ($(wc -l <"$work/shown") with options)"
while read -r line; do
	command=$(echo "$line" | cut -d' ' -f2)
	grep -qx -- "$command" "$work/commands" || { echo "# no such command: $line"; continue; }
	[ -s "$work/help-$command" ] || "$auscult" "$command" --help >"$work/help-$command"
	for option in $(echo "$line" | grep -oE ' --[a-z][a-z-]*'); do
		grep -qE -- "$option( |$)" "$work/help-$command" || echo "# $command has no $option: $line"
	done
done <"$work/shown" >"$work/wrong"
cat "$work/wrong"
[ ! -s "$work/wrong" ]
report $? "every command and option that it shows exists"
finish
