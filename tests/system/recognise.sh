#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Library functions of static programs are known by what they do, and functions that do nearly the same are not.
# recognise.sh RECOGNISE_DUMP SOURCES COMPILER. Speaks TAP.
set -u
dump=$1 sources=$2 cc=$3
. "$(dirname "$0")/tap.sh"
command -v "$cc" >/dev/null || skip_all "$cc is not installed"

# What every C library here has to give, on every processor.
names="strlen strcpy strncpy strchr strrchr strcmp strncmp strcasecmp strncasecmp memcpy memset memchr strcspn strspn
strtol snprintf vsnprintf getenv inet_addr inet_aton getaddrinfo system popen setuid malloc calloc
realloc free"

hows=-O2
case $cc in mipsel*) hows="-O2 -Os" ;; esac
for how in $hows; do
	if ! $cc $how -w -fno-builtin -fno-tree-loop-distribute-patterns -static -o "$work/plain" "$sources/alike.c" 2>/dev/null
	then
		skip "$cc $how" "no static library"
		continue
	fi
	"$dump" "$work/plain" >"$work/out"
	missing=
	for name in $names; do
		grep -q "^$name " "$work/out" || missing="$missing $name"
	done
	[ -z "$missing" ]
	report $? "$cc $how: the library is known${missing:+ but for$missing}"
	wrong=$(grep ' own_' "$work/out" | tr '\n' ' ')
	[ -z "$wrong" ]
	report $? "$cc $how: nothing alike is taken for the library${wrong:+ but $wrong}"
	grep -q '^strcpy same_copy$' "$work/out"
	report $? "$cc $how: one's own that does the same is known"
done
case $cc in
cc | arm-linux-gnueabi-gcc)
	$cc -O1 -w -fno-builtin -fno-optimize-sibling-calls -fno-stack-protector -fno-pie -no-pie -nostdlib -static \
		-o "$work/small" "$sources/small.c" && "$dump" "$work/small" | grep -q '^getenv getenv$'
	report $? "$cc: main() is found when nobody names it"
	;;
esac
finish
