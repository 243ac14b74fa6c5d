#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Library functions of static programs are known by what they do, and functions that do nearly the same are not.
# recognise.sh RECOGNISE_DUMP SOURCES. Speaks TAP.
dump=$1 sources=$2
dir=$(mktemp -d "${TMPDIR:-.}/recognise.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
n=0 failed=0
say() { n=$((n + 1)); echo "$1 $n - $2"; [ "$1" = ok ] || failed=1; }

# What every C library here has to give, on every processor.
names="strlen strcpy strncpy strchr strrchr strcmp strncmp strcasecmp strncasecmp memcpy memset memchr strcspn strspn
strtol snprintf vsnprintf getenv inet_addr inet_aton"

for cc in arm-linux-gnueabi-gcc aarch64-linux-gnu-gcc mips-linux-gnu-gcc mipsel-linux-gnu-gcc powerpc-linux-gnu-gcc \
	i686-linux-gnu-gcc cc; do
	for how in -O2 -Os; do
		case $cc$how in mipsel*-Os) ;; *-Os) continue ;; esac
		if ! $cc $how -w -fno-builtin -fno-tree-loop-distribute-patterns -static -o "$dir/plain" "$sources/alike.c" 2>/dev/null
		then
			n=$((n + 1))
			echo "ok $n - $cc # SKIP not installed"
			continue
		fi
		"$dump" "$dir/plain" >"$dir/out"
		missing=
		for name in $names; do
			grep -q "^$name " "$dir/out" || missing="$missing $name"
		done
		if [ -z "$missing" ]; then say ok "$cc $how: the library is known"; else say "not ok" "$cc $how: not known:$missing"; fi
		wrong=$(grep ' own_' "$dir/out" | tr '\n' ' ')
		if [ -z "$wrong" ]; then say ok "$cc $how: nothing alike is taken"; else say "not ok" "$cc $how: taken for the library: $wrong"; fi
		if grep -q '^strcpy same_copy$' "$dir/out"; then say ok "$cc $how: one's own that does the same is known"
		else say "not ok" "$cc $how: one's own that does the same is not known"; fi
	done
done
echo "1..$n"
exit $failed
