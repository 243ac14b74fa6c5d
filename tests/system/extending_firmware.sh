#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# extending_firmware.sh AUSCULT SOURCE BUILD: the unpacker and the pass that docs/extending-firmware.md shows are taken
# from the page, linked into the program with one more line in each table, and run. Speaks TAP.
set -u
auscult=$1 source=$2 build=$3
. "$(dirname "$0")/tap.sh"
nm "$auscult" 2>/dev/null | grep -q '__asan_init' && skip_all "linked anew without sanitizers: not on top of such a build"
nm "$build/src/libauscult-core.a" 2>/dev/null | grep -q ' T passes_run' || skip_all "no library to link with, or one of another kind (LTO)"

awk -v work="$work" '
	/^```c$/ { getline; if ($0 ~ /^\/\/ file: /) { out = work "/" substr($0, 10); system("mkdir -p $(dirname " out ")"); next } }
	/^```$/ { out = "" }
	out { print >out }' "$source/docs/extending-firmware.md"
[ "$(find "$work" -name '*.c' | grep -c .)" -eq 2 ]
report $? "the page holds two files"
{ cat "$source/src/fw/unpack/unpack.def"; echo "UNPACKER(uf2)"; } >"$work/src/fw/unpack/unpack.def"
{ cat "$source/src/fw/pass/pass.def"; echo "PASS(open_program)"; } >"$work/src/fw/pass/pass.def"
flags="-std=gnu17 -D_GNU_SOURCE -DAUSCULT_VERSION=\"docs\" -O1 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
	-Wno-missing-field-initializers -Werror -iquote $work/src -iquote $source/src"
libs=$(ninja -C "$build" -t commands auscult | tail -n 1 | tr ' ' '\n' | grep -E '^(-l[a-z]|/.*\.(so|a)$)')
bad=0 objects=
for file in "$work/src/fw/unpack/uf2" "$work/src/fw/pass/open_program" "$source/src/fw/unpack/table" "$source/src/fw/pass/pass"; do
	object=$work/$(basename "$file").o
	objects="$objects $object"
	# shellcheck disable=SC2086 # flags are many
	cc $flags -c "$file.c" -o "$object" 2>"$work/err" || { bad=1; sed 's/^/# /' "$work/err" | head -n 20; }
done
report $bad "unpacker and pass compile without a warning"
# shellcheck disable=SC2086
cc $flags "$source/src/main.c" $objects "$build/src/libauscult-core.a" $libs -lm -o "$work/auscult" 2>"$work/err"
rc=$?
sed 's/^/# /' "$work/err" | head -n 20
report $rc "with a line in each table they are in the program"

mkdir -p "$work/tree/etc/init.d"
printf '#!/bin/sh\nchmod 777 /opt/bin/monitor\nchmod 644 /opt/bin/other\nchmod 777 /tmp/x\n' >"$work/tree/etc/init.d/S50open"
tar -C "$work/tree" -cf "$work/part" .
size=$(wc -c <"$work/part")
python3 - "$work" "$size" <<'P'
import struct, sys
work, size = sys.argv[1], int(sys.argv[2])
part = open(work + '/part', 'rb').read()
pieces = [part[i:i + 256] for i in range(0, size, 256)]
blocks = b''.join(struct.pack('<8I', 0x0a324655, 0x9e5d5157, 0, 0x10000000 + 256 * i, len(p), i, len(pieces), size)
                  + p.ljust(476, b'\0') + struct.pack('<I', 0x0ab16f30) for i, p in enumerate(pieces))
open(work + '/board.uf2', 'wb').write(b'\xff' * 100 + blocks)
open(work + '/cut.uf2', 'wb').write(blocks[:len(blocks) // 2])
P
"$work/auscult" inspect --jsonl --no-store --test-key "$work/board.uf2" >"$work/out" 2>"$work/err"
grep '"kind":"container"' "$work/out" | grep '"format":"uf2"' | grep -q '"offset":100'
report $? "the container is found at its offset"
grep '"kind":"finding"' "$work/out" | grep '"rule":"fw.open-program"' | grep '"path":"/opt/bin/monitor"\|/opt/bin/monitor writable' |
	grep -q '"place":"board.uf2 > 0x64 uf2 > image > 0x0 tar > '
report $? "the script in it gives the finding, with its place"
[ "$(grep -c '"rule":"fw.open-program"' "$work/out")" -ge 1 ] && ! grep '"rule":"fw.open-program"' "$work/out" | grep -q '/opt/bin/other\|/tmp/x'
report $? "and what is no open program does not"
"$work/auscult" inspect --jsonl --list "$work/cut.uf2" 2>/dev/null | grep '"format":"uf2"' | grep -q '"damage":"cut'
report $? "a cut one says so"
"$work/auscult" explain fw.open-program | grep -q 'CWE-732'
report $? "auscult explain knows the rule"
finish
