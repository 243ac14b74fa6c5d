#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# passive.sh AUSCULT: watch opens no socket, in neither of its processes; and the engine, once it reads,
# opens nothing at all. Seen through strace. Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"
command -v strace >/dev/null || skip_all "no strace here"
# The leak check cannot run under a tracer.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
strace -f -o "$work/control" -e trace=network python3 -c 'import socket; socket.socket()' 2>/dev/null
grep -q 'socket(' "$work/control" || skip_all "strace sees nothing here"

"$auscult" lab capture mixed -o "$work/in" || exit 2
strace -f -o "$work/net" -e trace=network "$auscult" watch -r "$work/in" --store "$work/store" --test-key >"$work/out" 2>&1
rc=$?
[ $rc -eq 1 ] && grep -q 'packets' "$work/out"
report $? "watch does its work under the tracer"
calls=$(grep -cE '(socket|socketpair|connect|bind|listen|accept|sendto|sendmsg|sendmmsg)\(' "$work/net")
[ "$calls" -eq 0 ]
report $? "and makes no call of the network ($calls)"

strace -f -o "$work/open" -e trace=seccomp,openat,open,execve,clone,fork,vfork "$auscult" watch -r "$work/in" --no-store \
	--test-key >/dev/null 2>&1
engine=$(awk '/seccomp\(SECCOMP_SET_MODE_FILTER/ { print $1; exit }' "$work/open")
[ -n "$engine" ]
report $? "the engine puts on a filter"
late=$(awk -v engine="$engine" '$1 != engine { next } /SECCOMP_SET_MODE_FILTER/ { on = 1; next } on && /(open|exec|clone|fork)/' \
	"$work/open" | tee "$work/late" | wc -l)
if nm "$auscult" 2>/dev/null | grep -q __asan_init; then
	skip "behind it the engine opens and starts nothing" "a sanitizer opens files of its own"
else
	sed 's/^/# /' "$work/late" | head
	[ "$late" -eq 0 ]
	report $? "behind it the engine opens and starts nothing ($late)"
fi
finish
