#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# strings.sh AUSCULT: inspect --strings finds each text of a program with its encoding, says what refers to it whatever
# the processor, and keeps secrets. Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"
inspect() { "$auscult" inspect --no-store --test-key --progress none "$@"; }

# Texts that a call gets, that code fetches without a call, that stand in a table, that nothing names, and in UTF-16.
cat >"$work/texts.c" <<'END'
#include <stdlib.h>
#include <string.h>
const char unused[] = "nobody-refers-to-me";
const unsigned short wide[] = { 'w', 'i', 'd', 'e', '-', 't', 'e', 'x', 't', 0 };
static const char *const table[] = { "row-of-a-table-1", "row-of-a-table-2" };
volatile const char *where;
volatile int which;
int main(void)
{
	where = (const char *)wide;
	if (which > 40)
		where = which > 41 ? "fetched-by-code" : table[which & 1];
	return system("/bin/logger handed-to-a-call") + unused[which & 7];
}
END
cat >"$work/judge.py" <<'END'
import json, sys
texts = {r['text']: r for r in map(json.loads, sys.stdin) if r['kind'] == 'string'}
def uses(text, by): return [u for u in texts[text].get('uses', []) if u['by'] == by]
call = uses('/bin/logger handed-to-a-call', 'call')
assert call and call[0]['callee'] == 'system' and call[0]['argument'] == 'command', call
assert uses('fetched-by-code', 'code'), texts['fetched-by-code']
assert uses('row-of-a-table-1', 'table') and uses('row-of-a-table-2', 'table')
assert texts['nobody-refers-to-me']['encoding'] == 'ASCII'
assert texts['wide-text']['encoding'].startswith('UTF-16') and uses('wide-text', 'code'), texts['wide-text']
assert all('address' in r and r['section'] for r in texts.values() if r['text'].startswith('row-of'))
END
for build in 'cc -O2 -s' 'cc -O2 -s -no-pie' 'i686-linux-gnu-gcc -O2 -s' 'arm-linux-gnueabi-gcc -Os -s' \
	'arm-linux-gnueabi-gcc -Os -s -no-pie' 'arm-linux-gnueabihf-gcc -O2 -mthumb -s' 'aarch64-linux-gnu-gcc -O2 -s' \
	'mips-linux-gnu-gcc -O2 -s' 'mipsel-linux-gnu-gcc -Os -s -no-pie' 'powerpc-linux-gnu-gcc -O2 -s -no-pie'; do
	if ! command -v "${build%% *}" >/dev/null; then
		skip "$build" "not installed"
		continue
	fi
	# shellcheck disable=SC2086 # words
	$build -w -o "$work/texts" "$work/texts.c" && inspect --strings --jsonl "$work/texts" 2>/dev/null |
		python3 "$work/judge.py" 2>"$work/err"
	report $? "$build: texts, their encodings, and what refers to them"
	sed 's/^/# /' "$work/err"
done

# What is not to be read aloud, in programs and in other members; what only looks like it stays.
mkdir -p "$work/tree/etc"
printf 'root:$6$abcdefgh$0123456789012345678901234567890123456789:0:0:/:/bin/sh\n' >"$work/tree/etc/shadow"
printf 'old:ab3DE6gh9JKLm:0:0:/:/bin/sh\n' >"$work/tree/etc/passwd"
cat >"$work/tree/etc/app.conf" <<'END'
{ "server": "192.0.2.10", "password": "hidden-1", "psk" : "hidden-2" }
url=http://svc:hidden-3@192.0.2.10/data
<wifi><passphrase>hidden-4</passphrase></wifi>
printf "password=%s", password
PID|1||hidden-5^^^||Doe^hidden-6
END
{ echo '-----BEGIN RSA PRIVATE KEY-----'; echo hidden7hidden7hidden7hidden7hidden7hidden7hidden7hidden7; echo '-----END RSA PRIVATE KEY-----'; } >"$work/tree/etc/key.pem"
inspect --strings --member 'etc/*' "$work/tree" >"$work/aloud" 2>/dev/null
inspect --strings --member 'etc/*' --json "$work/tree" >>"$work/aloud" 2>/dev/null
! grep -qE 'hidden|abcdefgh|01234567|ab3DE6gh9JKLm' "$work/aloud"
report $? "hashes, keys, passwords and patients' data are withheld"
grep -q '192.0.2.10' "$work/aloud" && grep -q 'password=%s' "$work/aloud" && grep -q 'withheld: the hash of a password' "$work/aloud" &&
	grep -q 'withheld: a private key' "$work/aloud"
report $? "the rest of their lines stays, and what was withheld is said"
inspect --strings --member 'etc/app.conf' --min-length 40 "$work/tree" >"$work/long" 2>/dev/null
grep -q etc/app.conf "$work/long" && ! grep -qE 'etc/(passwd|shadow)|passphrase.*wifi.*x' "$work/long" && ! grep -q 'printf' "$work/long"
report $? "--member and --min-length choose"
inspect --strings "$work/tree" 2>/dev/null | grep -q etc/
[ $? -eq 1 ]
report $? "without --member only programs are listed"
inspect --member x "$work/tree" >/dev/null 2>&1
[ $? -eq 64 ]
report $? "--member alone is not understood"
finish
