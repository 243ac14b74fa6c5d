#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# card.sh AUSCULT: an image's identity card holds what stands in the image, at the place it names; a device that says
# the same or another thing of itself is held against it, and nobody else is. Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"

# An image of our own: a kernel with its banner, BusyBox, a version file, a device description.
mkdir -p "$work/tree/boot" "$work/tree/bin" "$work/tree/etc/init.d"
printf 'kernel\0Linux version 2.6.27.8 (a@b) (gcc version 4.3.2) #1 Fri Aug 20 10:11:12 CST 2010\n\0' >"$work/tree/boot/vmlinux"
printf '\177ELF\0\0BusyBox v1.13.2 (2011-03-04 12:33:12 CST)\0SSH-2.0-dropbear_0.52\0' >"$work/tree/bin/busybox"
printf 'Firmware Version: 2.4.1\nModel=M-8000\npassword=hunter22\n' >"$work/tree/etc/fw_version"
printf '#!/bin/sh\necho up\n' >"$work/tree/etc/init.d/rcS"
tar -C "$work/tree" --sort=name --mtime=@1300000000 --owner=0 --group=0 -cf "$work/m.img" .
"$auscult" inspect --no-store --test-key --card "$work/card.json" "$work/m.img" >"$work/out" 2>"$work/err"
"$auscult" inspect --no-store --test-key --card "$work/again.json" "$work/m.img" >/dev/null 2>&1
[ -s "$work/card.json" ] && cmp -s "$work/card.json" "$work/again.json"
report $? "the same image gives the same card, byte for byte"
cat >"$work/check.py" <<'END'
import hashlib, json, sys
card, image, tree = json.load(open(sys.argv[1])), open(sys.argv[2], 'rb').read(), sys.argv[3]
facts = {(f['what'], f['value']): f for f in card['facts']}
assert card['kind'] == 'card' and card['form'] == 1 and card['image']['sha256'] == hashlib.sha256(image).hexdigest()
for want in (('kernel', '2.6.27.8'), ('compiler', 'gcc version 4.3.2'), ('built', '2010-08-20 10:11:12'),
             ('model', 'M-8000'),
             ('built', '2011-03-04 12:33:12'), ('version', '2.4.1'), ('newest file', '2011-03-13 07:06:40')):
    assert want in facts, want
for f in card['facts'] + card['software']:
    assert 0 < f['confidence'] <= 1 and f['where'], f
    if 'offset' in f:
        path = f['where'].split(' > ')[-1]
        data = open(tree + '/' + path, 'rb').read()
        assert data[f['offset']:].startswith(f['said'].encode()), f
assert {(s['name'], s.get('version')) for s in card['software']} >= {('BusyBox', '1.13.2'), ('Dropbear', '0.52'),
    ('Linux kernel', '2.6.27.8')}
for m in card['members']:
    assert m['sha256'] == hashlib.sha256(open(tree + '/' + m['path'], 'rb').read()).hexdigest(), m
assert 'etc/init.d/rcS' in {m['path'] for m in card['members']}
assert 'hunter22' not in json.dumps(card)
END
python3 "$work/check.py" "$work/card.json" "$work/m.img" "$work/tree" 2>"$work/why"
report $? "each fact stands where the card says, hashes are the members', no password is on it ($(tail -n 1 "$work/why"))"
grep -q 'kernel *2.6.27.8 (' "$work/out" && grep -q 'version *2.4.1 (' "$work/out" && ! grep -q hunter22 "$work/out"
report $? "people read it in the report"
"$auscult" inspect --no-store --test-key --card "$work/x.json" --list "$work/m.img" >/dev/null 2>&1
[ $? -eq 64 ] && [ ! -e "$work/x.json" ]
report $? "--card with --list is refused"

# A device as another sensor wrote it down: 10.0.0.5, and its neighbour that runs something else.
event() { # NUMBER FROM TO PORT SOFTWARE
	printf '{"timestamp":"2026-03-02T07:00:0%d.000000+0000","flow_id":%d,"event_type":"ssh","src_ip":"%s","src_port":5000%d,"dest_ip":"%s","dest_port":%d,"proto":"TCP","ssh":{"client":{"proto_version":"2.0","software_version":"OpenSSH_9.2p1"},"server":{"proto_version":"2.0","software_version":"%s"}}}\n' \
		"$1" "$1" "$2" "$1" "$3" "$4" "$5"
}
{ event 1 10.0.0.9 10.0.0.5 22 dropbear_0.52; event 2 10.0.0.9 10.0.0.6 22 dropbear_2012.55; } >"$work/same.eve"
{ event 1 10.0.0.9 10.0.0.5 22 dropbear_2012.55; event 2 10.0.0.9 10.0.0.6 22 dropbear_0.52; } >"$work/other.eve"
{ event 1 10.0.0.9 10.0.0.5 22 mystery; event 2 10.0.0.9 10.0.0.6 22 dropbear_0.52; } >"$work/none.eve"
held() { # EVE [OPTION]...
	eve=$1
	shift
	"$auscult" watch --no-store --test-key --jsonl "$@" --eve "$work/$eve.eve" 2>"$work/err" | grep '"rule":"net.firmware-card"' >"$work/found"
	wc -l <"$work/found"
}
[ "$(held same --card 10.0.0.5="$work/card.json")" -eq 1 ] && grep -q '"severity":"info"' "$work/found" && grep -q '"content":"equal"' "$work/found" &&
	grep -q '"source":"10.0.0.5"' "$work/found"
report $? "the same version is said to be equal, of that device alone"
[ "$(held other --card 10.0.0.5="$work/card.json")" -eq 1 ] && grep -q '"severity":"low"' "$work/found" && grep -q '"content":"differs"' "$work/found" &&
	grep -q '2012.55' "$work/found" && grep -q '0.52' "$work/found"
report $? "another version is: not the firmware of that card"
[ "$(held none --card 10.0.0.5="$work/card.json")" -eq 1 ] && grep -q '"severity":"info"' "$work/found" && grep -q '"content":"cannot be told"' "$work/found"
report $? "a device that names nothing of it cannot be told"
[ "$(held other --card "$work/card.json")" -eq 0 ] && [ "$(held other --card 10.0.0.77="$work/card.json")" -eq 0 ] && [ "$(held other)" -eq 0 ]
report $? "without a model, of another device, or without a card nothing is said"
mkdir "$work/cards" && cp "$work/card.json" "$work/cards/a.json"
[ "$(held same --card 10.0.0.5="$work/cards" --card 10.0.0.6="$work/card.json")" -eq 2 ]
report $? "cards may be many, and a folder"
echo '{"kind":"finding"}' >"$work/bad.json"
"$auscult" watch --no-store --test-key --card "$work/bad.json" --eve "$work/same.eve" >/dev/null 2>"$work/err"
[ $? -eq 2 ] && grep -q 'no identity card' "$work/err"
report $? "what is no card is refused with a sentence"

# Vetted with a capture: the device's own words go with the card.
"$auscult" lab capture healthy -o "$work/healthy.pcapng"
"$auscult" vet --json --capture "$work/healthy.pcapng" --card "$work/vetted.json" "$work/m.img" >"$work/out" 2>"$work/err"
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); s = json.load(open(sys.argv[2])); sys.exit(not (d["card"]["image"] == s["image"] and "identity" in d))' \
	"$work/out" "$work/vetted.json"
report $? "vet writes the card too"

finish
