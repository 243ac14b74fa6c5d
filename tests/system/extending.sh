#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# extending.sh AUSCULT SOURCE BUILD: the decoder and the detector that docs/extending.md shows are taken from the
# page, linked into the program with one more line in each table, and run. Speaks TAP.
set -u
auscult=$1 source=$2 build=$3
. "$(dirname "$0")/tap.sh"
nm "$auscult" 2>/dev/null | grep -q '__asan_init' && skip_all "linked anew without sanitizers: not on top of such a build"
nm "$build/src/libauscult-core.a" >/dev/null 2>&1 || skip_all "no library to link with"
nm "$build/src/libauscult-core.a" 2>/dev/null | grep -q ' T decoder_find' || skip_all "a library of another kind (LTO)"

# "// file: NAME" at the top of a block of C says where it belongs.
awk -v work="$work" '
	/^```c$/ { getline; if ($0 ~ /^\/\/ file: /) { out = work "/" substr($0, 10); system("mkdir -p $(dirname " out ")"); next } }
	/^```$/ { out = "" }
	out { print >out }' "$source/docs/extending.md"
find "$work" -name '*.c' | grep -c . >"$work/count"
[ "$(cat "$work/count")" -eq 3 ]
report $? "the page holds three files"

for table in decode:decoder:espa detect:detector:plain_login; do
	folder=${table%%:*} name=${table##*:}
	{ cat "$source/src/$folder/$folder.def"; echo "$(echo "$table" | cut -d: -f2 | tr a-z A-Z)($name)"; } >"$work/src/$folder/$folder.def"
done
flags="-std=gnu17 -D_GNU_SOURCE -DAUSCULT_VERSION=\"docs\" -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
	-Wno-missing-field-initializers -Werror -iquote $work/src -iquote $source/src -iquote $source/tests/unit"
libs=$(ninja -C "$build" -t commands auscult | tail -n 1 | tr ' ' '\n' | grep -E '^(-l[a-z]|/.*\.(so|a)$)')
bad=0
for file in src/decode/espa src/detect/plain_login; do
	cc $flags -c "$work/$file.c" -o "$work/$(basename $file).o" 2>"$work/err" || { bad=1; sed 's/^/# /' "$work/err"; }
done
report $bad "decoder and detector compile without a warning"
cc $flags -c "$source/src/decode/table.c" -o "$work/decoders.o" && cc $flags -c "$source/src/detect/table.c" -o "$work/detectors.o"
objects="$work/espa.o $work/plain_login.o $work/decoders.o $work/detectors.o"
cc $flags "$source/src/main.c" $objects "$build/src/libauscult-core.a" $libs -lm -o "$work/auscult" 2>"$work/err"
rc=$?
sed 's/^/# /' "$work/err" | head -n 20
report $rc "with a line in each table they are in the program"

"$work/auscult" explain espa >"$work/out" 2>&1 && grep -q 'ESPA 4.4.4' "$work/out" && grep -q 'note *length, hash *patient' "$work/out"
report $? "explain knows the decoder's record"
"$work/auscult" explain net.plain-login >"$work/out" 2>&1 && grep -q 'T1040' "$work/out"
report $? "and the detector's rule"
"$work/auscult" lab capture healthy -o "$work/ward" && "$work/auscult" watch -r "$work/ward" --no-store --test-key >"$work/out" 2>&1
report $? "a quiet ward stays quiet"

# A telnet login to 10.0.0.9, who the configuration says is a monitor.
python3 - "$work/telnet" <<'EOF'
import struct, sys
out = open(sys.argv[1], "wb")
out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
seq = [1000, 5000]
def send(side, text, flags=0x18):
    tcp = struct.pack(">HHIIBBHHH", *((40000, 23), (23, 40000))[side], seq[side], seq[1 - side], 0x50, flags, 8192, 0, 0) + text
    ends = (bytes([10, 0, 0, 5]), bytes([10, 0, 0, 9]))
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + ends[side] + ends[1 - side] + tcp
    out.write(struct.pack("<IIII", 1700000000 + sum(seq) % 1000, 0, len(ip), len(ip)) + ip)
    seq[side] = seq[side] + len(text) + (flags & 2) // 2
send(0, b"", 2); send(1, b"", 18); send(0, b"", 16)
send(1, b"\xff\xfd\x18\xff\xfb\x01bed9 login: "); send(0, b"\xff\xfb\x18root\r\n"); send(1, b"Password: ")
send(0, b"pw9x\r\n"); send(1, b"\r\nBusyBox v1.1\r\n# ")
EOF
printf '[device bed9]\naddress = 10.0.0.9\nrole = patient monitor\n' >"$work/conf"
"$work/auscult" watch -c "$work/conf" -r "$work/telnet" --no-store --test-key >"$work/out" 2>&1
grep -q 'bed9 .*let somebody in by telnet' "$work/out" && ! grep -q pw9x "$work/out"
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$work/out" | head -n 30
report $rc "a login to a monitor is found"

cc $flags -Wno-unused-function "$work/tests/unit/test_espa.c" $objects "$build/src/libauscult-core.a" $libs -lcmocka -lm \
	-o "$work/test_espa" 2>"$work/err" && "$work/test_espa" >"$work/out" 2>&1
rc=$?
[ $rc -eq 0 ] || sed 's/^/# /' "$work/err" "$work/out" | head -n 20
report $rc "its test passes"
finish
