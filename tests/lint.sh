#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lint.sh BUILD: what a compiler's warnings do not see. First the house rules by text (banned calls, SPDX lines,
# long lines, folders that include against the order), then cppcheck, then over each source all warnings of gcc
# and clang, gcc -fanalyzer and clang-tidy. A source whose preprocessed text was asked before is not asked again:
# the first time takes about half an hour of CPU (440 sources, 4 s each), a change to one of them seconds. No tool
# gets more than LINT_SECONDS of CPU for one source (300): one that does not end by then is a report of its own.
# Known false reports stand in tests/lint.known, each with its reason; one that is reported no more fails too.
# Exits with 1 on any report. LINT_QUICK=1: the house rules alone, seconds instead of many minutes.
set -u
build=${1:-}
[ "${LINT_FILE:-}" ] || [ -f "$build/build.ninja" ] || { echo "usage: lint.sh BUILD (a folder that meson made)" >&2; exit 64; }
cd "$(dirname "$0")/.." || exit 2
export LC_ALL=C.UTF-8
limited() { # FILE COMMAND...: what it says; that it did not end in time is said as a report
	file=$1
	shift
	(ulimit -t "${LINT_SECONDS:-300}"; "$@" 2>&1)
	[ $? -lt 128 ] || echo "$file:0:0: error: ${1##*/} did not end in time [lint-time]"
}

analyse() { # FILE: what compilers and analysers say of it, remembered while its preprocessed text stays
	# -fPIC as the build: what can be replaced is not inlined, and then not taken for what it cannot be.
	flags="-fPIC -std=gnu17 -D_GNU_SOURCE -DAUSCULT_VERSION=\"0\" -DAUSCULT_WORKER_PATH=\"\" -Isrc -I$build/src"
	warn="-Wall -Wextra -Wpedantic $(grep -oE "'-W[a-km-z][^']*'" meson.build | tr -d "'" | tr '\n' ' ')"
	clangs="-Wcomma|-Wconditional-uninitialized"
	key=$({ gcc $flags -E -P "$1" 2>/dev/null; cat .clang-tidy; echo "$flags $warn"; } | sha256sum | cut -c1-32)
	[ -f "$build/lint/$key" ] && cat "$build/lint/$key" && return
	{
		# of what it finds in no line it does not name the file; a part of it that is stopped stops all of it
		limited "$1" gcc $flags $(echo "$warn" | sed -E "s/$clangs//g") -O2 -fanalyzer -c -o /dev/null "$1" |
			sed -E "s|^(cc1\|gcc): (fatal )?|$1:0:0: |"
		if command -v clang-14 >/dev/null; then
			limited "$1" clang-14 $flags $warn -Wno-unknown-warning-option -fsyntax-only "$1"
		fi
		limited "$1" clang-tidy --quiet "$1" -- $flags | sed "s|$PWD/||"
	} | grep -E '(warning|error): ' | sed -E 's/^([^:]+):([0-9]+):[0-9]+: (warning|error): (.*)/\1:\2: \4/' |
		sort -u >"$build/lint/$key.new"
	cat "$build/lint/$key.new"
	if grep -qF '[lint-time]' "$build/lint/$key.new"; then
		rm "$build/lint/$key.new"        # another time it may end
	else
		mv "$build/lint/$key.new" "$build/lint/$key"
	fi
}

if [ "${LINT_FILE:-}" ]; then                    # called from below, once a source
	analyse "$LINT_FILE"
	exit 0
fi

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir -p "$build/lint"
list() { # what is in the repository, or would be, and is there
	git ls-files --cached --others --exclude-standard "$@" 2>/dev/null | while read -r f; do [ -f "$f" ] && echo "$f"; done
}

complain() { # TEXT, with the places on standard input
	cat >"$work/places"
	[ -s "$work/places" ] || return 0
	touch "$work/bad"                        # a pipe's end is a process of its own: no variable
	echo "lint: $1"
	sed 's/^/  /' "$work/places"
}

list | grep -vE '^(COPYING|tests/specimens/files/.*|tests/golden/sensor/.*|.*\.(json|pcap|pcapng|bin|png|gz|svg))$' |
while read -r f; do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-or-later' || echo "$f"
done | complain "no SPDX line at the top"

# Bytes in a test read better in one line than in pieces.
list '*.c' '*.h' '*.sh' '*.def' '*.build' Makefile | xargs grep -nE '^.{121,}' /dev/null | grep -v '^tests/.*"' |
	cut -c1-100 | complain "longer than 120 characters"
list '*.c' '*.h' '*.def' '*.build' | xargs grep -nE '[ 	]+$' /dev/null | complain "blanks at the end of a line"

# Text in quotes may name them; specimens are programs that do what must be found.
list '*.c' '*.h' | grep -vE '^tests/(specimens|flow|recognise)/' | while read -r f; do
	sed -E 's/"([^"\\]|\\.)*"/""/g; s,/\*.*(\*/|$),,; s,^ \*( .*)?$,,' "$f" |
		grep -nE '(^|[^a-zA-Z0-9_>.])(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|system|popen|alloca)[ ]*\(' |
		sed "s|^|$f:|"
done | complain "calls that do not appear here"
list '*.c' '*.h' | xargs grep -nE '^[[:space:]]*(//|#if 0)' /dev/null | complain "code or text commented out"
list | grep -vE '\.(pcap|pcapng|bin|json)$|^tests/unit/|^tests/lint.sh$' |
	xargs grep -nE '(^|[^a-z.])/(work|home/[a-z]+|root|Users)/' /dev/null | complain "a path of somebody's machine"

# Who may include whom: folder, then the folders it may look into. cmd/ sees everything.
cat >"$work/order" <<'EOF'
base base
record base record
capture base capture
decode base record decode
track base record decode track
finding base record finding
profile base record profile
advisory base record finding advisory
inventory base record advisory inventory
sensor base record capture decode track sensor
feed base record track finding feed
detect base record decode track finding profile inventory detect
store base record finding store
report base record finding store fw/unpack fw/model fw/flow fw/compare report
lab base record lab
isolate base record track finding isolate
mesh base record finding mesh
serve base record finding store report serve
fw/unpack base record fw/unpack
fw/model base record fw/unpack fw/model
fw/flow base record fw/unpack fw/model fw/flow
fw/pass base record finding advisory fw/unpack fw/model fw/flow fw/pass
fw/compare base record finding fw/unpack fw/model fw/flow fw/compare
EOF
list 'src/*.c' 'src/*.h' | while read -r f; do
	folder=$(dirname "$f")
	folder=${folder#src/}
	[ "$folder" = cmd ] || [ "$folder" = src ] && continue
	allowed=$(grep "^$folder " "$work/order")
	[ "$allowed" ] || { echo "$f: src/$folder has no place in the order of tests/lint.sh"; continue; }
	sed -nE 's/^#include "([^"]+\/[^"]+)".*/\1/p' "$f" | while read -r name; do
		case " $allowed " in
		*" $(dirname "$name") "*) ;;
		*) echo "$f: $name" ;;
		esac
	done
done | complain "a folder includes against the order (base, record, decode, track, detect ...)"

finish() {
	[ -e "$work/bad" ] && exit 1
	echo "lint: clean"
	exit 0
}
[ "${LINT_QUICK:-}" ] && finish

if command -v cppcheck >/dev/null; then
	# Macros with parameters stand in a header: given by -D they keep this cppcheck from reading any other such macro.
	cppcheck --quiet --enable=warning,portability,performance --inline-suppr --std=c11 --suppress=missingIncludeSystem \
		-D_GNU_SOURCE --include=tests/cppcheck.h -Isrc -j"$(nproc)" \
		--template='{file}:{line}: {message} [{id}]' src 2>&1 | grep -E '^src.*\[' >>"$work/reports"
else
	echo "lint: cppcheck is not installed, not run"
fi
command -v clang-tidy >/dev/null || echo "lint: clang-tidy is not installed, not run"
here=$PWD/tests/lint.sh
case $build in /*) ;; *) build=$PWD/$build ;; esac
list 'src/*.c' | xargs -P "$(nproc)" -I '{}' env LINT_FILE='{}' sh "$here" "$build" >>"$work/reports"

# Known: file, checker, reason; a tab between.
grep -v '^#' tests/lint.known | cut -f1,2 | sort -u >"$work/known"
sed -E 's/^([^:]+):[0-9]+: .*\[([^]]+)\]$/\1	\2/' "$work/reports" | sort -u >"$work/said"
while read -r line; do
	pair=$(echo "$line" | sed -E 's/^([^:]+):[0-9]+: .*\[([^]]+)\]$/\1	\2/')
	grep -qxF "$pair" "$work/known" || echo "$line"
done <"$work/reports" | sort -u | complain "reported by an analyser"
comm -23 "$work/known" "$work/said" | complain "in tests/lint.known, but reported no more"
finish
