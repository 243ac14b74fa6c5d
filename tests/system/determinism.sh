#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# determinism.sh AUSCULT: the same capture gives the same bytes, whatever the packing of the file, the time
# zone, the language, the day, and whether it comes from a file or a pipe. Speaks TAP.
set -u
auscult=$(realpath "$1")
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 2
for form in plain again gzip xz zstd tokyo; do mkdir "$form"; done
"$auscult" lab capture mixed -o plain/in || exit 2
cp plain/in again/in
cp plain/in tokyo/in

# Each run in its own folder under the same name: file names are part of the output.
listen() { # FOLDER OPTION...
	folder=$1
	shift
	(cd "$folder" && "$auscult" watch -r in --no-store --test-key "$@" 2>../err)
}

same() { # STATUS-FREE: two files with at least a line each
	[ -s "$1" ] && cmp "$1" "$2" >/dev/null
}

for form in --jsonl --json --color=never; do
	listen plain $form >"first$form"
	listen again $form >"second$form"
	same "first$form" "second$form"
	report $? "the same capture gives the same bytes ($form)"
	TZ=Asia/Tokyo LANG=C listen tokyo $form >"tokyo$form"
	TZ=America/Lima LANG=C listen plain $form >"lima$form"
	same "tokyo$form" "lima$form"
	report $? "in any time zone ($form)"
done

for tool in gzip xz zstd; do
	command -v $tool >/dev/null || { skip "packed with $tool" "no $tool here"; continue; }
	$tool -q -c plain/in >$tool/in
	listen $tool --jsonl >packed
	same first--jsonl packed
	report $? "packed with $tool it is the same capture"
done

"$auscult" watch -r - --jsonl --no-store --test-key <plain/in 2>err | sed 's/"file":"standard input"/"file":"in"/g' >piped
same first--jsonl piped
report $? "through a pipe it is the same capture"

"$auscult" lab capture mixed -o other || exit 2
cmp -s plain/in other
report $? "the lab writes the same bytes again"
"$auscult" lab capture mixed --seed 7 -o other || exit 2
! cmp -s plain/in other
report $? "and others from another seed"
finish
