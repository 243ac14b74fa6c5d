#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# against.sh AUSCULT: pairs of the lab's images get the right verdict from inspect --against: removed, start-up only
# (the founding case), no longer started, renamed, re-encoded, new; and what could not be read is never "removed".
# Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"

for name in healthy hidden-update script-update startup-only-fix not-started-fix renamed-update \
	text-update encoded-update; do
	"$auscult" lab firmware "$name" -o "$work/$name.img" || exit 2
done

compare() { # OLD NEW: rc, $work/out
	"$auscult" inspect --jsonl --test-key --no-store --against "$work/$1.img" "$work/$2.img" >"$work/out" 2>"$work/err"
	rc=$?
}

# RESULT EXIT; then FIELD MIN MAX ... of the summary
is() {
	result=$1 exit=$2 good=0
	shift 2
	[ "$rc" -eq "$exit" ] || good=1
	grep -q "\"kind\":\"comparison\".*\"result\":\"$result\"" "$work/out" || good=1
	while [ $# -ge 3 ]; do
		count=$(sed -n "s/.*\"kind\":\"comparison\".*\"$1\":\\([0-9]*\\).*/\\1/p" "$work/out")
		[ -n "$count" ] && [ "$count" -ge "$2" ] && [ "$count" -le "$3" ] || good=1
		shift 3
	done
	[ $good -eq 0 ] || grep '"kind":"comparison"' "$work/out" | sed "s/^/# exit $rc: /"
	return $good
}

verdict() { # RULE VERDICT: of each finding of the rule
	grep '"kind":"verdict"' "$work/out" | grep "\"rule\":\"$1\"" >"$work/of"
	[ -s "$work/of" ] && ! grep -v -q "\"verdict\":\"$2\"" "$work/of"
}

compare hidden-update healthy
is fixed 0 removed 6 99 still 0 0 not_started 0 0 moved 0 0 changed 0 0 added 0 0 not_seen 0 0
report $? "removed: the repaired program is fixed"
verdict fw.code-overwrite removed
report $? "removed: so says the verdict of the overwriting"

compare hidden-update startup-only-fix
is "not fixed" 1 removed 0 0 still 6 99 added 0 0 starts 1 1 functions 0 0
report $? "start-up only: taking the network out of the start-up script is not a fix"
verdict fw.remote-mount "still there"
report $? "start-up only: the mount is still there"
grep -q '"kind":"start_change","change":"removed".*ifconfig eth0 up' "$work/out"
report $? "start-up only: the line that went is named"
"$auscult" inspect --test-key --no-store --against "$work/hidden-update.img" "$work/startup-only-fix.img" 2>/dev/null | head -1 |
	grep -q "^Not fixed: .*start-up"
report $? "start-up only: the page begins with it"

compare hidden-update not-started-fix
is "not fixed" 1 removed 0 0 still 0 0 not_started 6 99 added 0 0
report $? "not started: a program that nothing starts any more is not a fix"
verdict fw.code-overwrite "still there but no longer started"
report $? "not started: so says the verdict"

compare not-started-fix hidden-update
is "not fixed" 1 removed 0 0 still 0 99 added 0 0
report $? "not started: the other way round nothing is new"

compare hidden-update renamed-update
is "not fixed" 1 removed 0 0 added 0 0 moved 3 99
report $? "renamed: a program built anew under another name loses no finding and gains none"
verdict fw.remote-mount moved
report $? "renamed: the mount moved"
grep -q '"kind":"member_change","changes":\["renamed","content"\],"path":"opt/app/patientui","from":"opt/bin/monitor"' "$work/out"
report $? "renamed: the program is known by the functions it kept"

compare text-update encoded-update
is "not fixed" 1 removed 0 0 added 0 0 changed 3 99
report $? "re-encoded: an address that is masked in the file is not removed"
grep -q '"kind":"function_change","change":"changed".*"function":"update_from_center"' "$work/out" &&
	[ "$(grep -c '"kind":"function_change"' "$work/out")" -eq 1 ]
report $? "re-encoded: one function differs, though all behind it moved"
verdict fw.remote-mount changed
report $? "re-encoded: the mount is there in another form"
grep -q '"rule":"fw.remote-mount".*decoded when it runs' "$work/out"
report $? "re-encoded: and the form is named"

compare hidden-update text-update
is "not fixed" 1 removed 0 0 added 0 0
report $? "re-encoded: nor does it come and go when it becomes text"

compare hidden-update script-update
verdict fw.remote-mount moved
report $? "moved: from the program to a script"

compare healthy hidden-update
is worse 1 added 6 99 removed 0 0
report $? "new: what the old image did not do is new"
verdict fw.code-overwrite new
report $? "new: so says the verdict"

compare healthy healthy
is "nothing to fix" 0 added 0 0 still 0 0 members_added 0 0 members_removed 0 0 members_changed 0 0
report $? "the same: nothing differs from itself"

mkdir "$work/a" "$work/b"
cp "$work/hidden-update.img" "$work/a/firmware-1.img"
cp "$work/hidden-update.img" "$work/b/firmware-2.img"
"$auscult" inspect --jsonl --test-key --no-store --against "$work/a/firmware-1.img" "$work/b/firmware-2.img" >"$work/out" 2>"$work/err"
rc=$?
is "not fixed" 1 removed 0 0 moved 0 0 changed 0 0 added 0 0 members_changed 0 0
report $? "the same: the file's own name is no difference"

for bytes in 66000 40000 100; do
	head -c $bytes "$work/hidden-update.img" >"$work/cut.img"
	compare hidden-update cut
	[ $rc -ge 2 ] && [ $rc -le 3 ] && ! grep -q '"verdict":"removed"' "$work/out"
	report $? "cut at $bytes bytes: what cannot be read is not called removed ($rc)"
done
: >"$work/empty.img"
compare hidden-update empty
! grep -q '"result":"fixed"' "$work/out"
report $? "an empty image is no fix ($rc)"
compare hidden-update missing
[ $rc -eq 2 ]
report $? "an image that is not there cannot be compared"
"$auscult" inspect --no-store --against "$work/healthy.img" >/dev/null 2>&1
[ $? -eq 64 ]
report $? "one image alone cannot be compared"

same() { # A B: rc, $work/out
	"$auscult" inspect --jsonl --no-store --test-key --same "$work/$1.img" "$work/$2.img" >"$work/out" 2>"$work/err"
	rc=$?
}

cp "$work/healthy.img" "$work/copy.img"
(cat "$work/healthy.img"; echo padding) >"$work/padded.img"
same healthy copy
is "the same bytes" 0 members_changed 0 0
report $? "--same: a copy is the same"
same healthy padded
is "the same content" 0 members_added 0 0 members_removed 0 0
report $? "--same: padding is no other firmware"
same healthy hidden-update
is "not the same" 1
report $? "--same: another firmware is not the same"
grep -q 'they part at byte [0-9]*, in healthy.img > 0x10000 cramfs' "$work/out"
report $? "--same: and it says where they part"
same healthy cut
! grep -q '"result":"the same' "$work/out"
report $? "--same: a piece of it is not the same"
"$auscult" inspect --no-store --test-key --extract "$work/tree" "$work/hidden-update.img" >/dev/null 2>&1
"$auscult" inspect --jsonl --no-store --test-key --same "$work/tree" "$work/tree" >"$work/out" 2>"$work/err"
rc=$?
is "the same content" 0
report $? "--same: folders are compared by their members"

compare hidden-update renamed-update
cp "$work/out" "$work/first"
compare hidden-update renamed-update
cmp -s "$work/out" "$work/first"
report $? "the same words the second time"
mkdir -p "$work/a/etc" "$work/b/etc"
printf 'Firmware Version: 2.4.1\nVendor=Acme\n' >"$work/a/etc/fw_version"
printf 'Firmware Version: 2.4.2\nVendor=Acme\n' >"$work/b/etc/fw_version"
for i in a b; do tar -C "$work/$i" -cf "$work/$i.tar" etc; done
"$auscult" inspect --same "$work/a.tar" "$work/b.tar" >"$work/out" 2>&1
"$auscult" inspect --no-store --test-key --against "$work/a.tar" "$work/b.tar" --jsonl >"$work/lines" 2>&1
grep -q 'version: 2.4.1, now 2.4.2' "$work/out" && ! grep -q 'maker' "$work/out" &&
	grep -q '"kind":"identity_change","what":"version","old":\["2.4.1"\],"new":\["2.4.2"\]' "$work/lines"
report $? "what two images say of themselves is compared: another version, and not the same maker"
"$auscult" inspect --same "$work/a.tar" "$work/a.tar" | grep -q 'says of itself'
[ $? -eq 1 ]
report $? "of one image twice nothing of it is said"

finish
