#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# predict.sh AUSCULT: what the firmware predicts is looked for on the wire, and a hit joins both halves in one
# case. The image and the capture are the lab's. Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"

if ! "$auscult" inspect --help | grep -q -e --predict; then
	skip_all "inspect predicts nothing yet"
fi
"$auscult" lab firmware hidden-update -o "$work/monitor.img" && "$auscult" lab capture remote-update -o "$work/ward.pcapng"
report $? "the lab makes an image and a capture"
"$auscult" inspect --store "$work/store" --test-key --predict "$work/predicted.json" --jsonl "$work/monitor.img" \
	>"$work/inspect.jsonl" 2>"$work/err"
[ $? -eq 1 ] && [ -s "$work/predicted.json" ]
report $? "the image gives findings and predictions"
python3 - "$work" <<'P'
import json, sys
work = sys.argv[1]
bundle = json.load(open(work + '/predicted.json'))
assert bundle['type'] == 'bundle', bundle['type']
made = [o for o in bundle['objects'] if o['type'] == 'indicator']
assert made and all(o['pattern_type'] == 'stix' for o in made)
patterns = ' '.join(o['pattern'] for o in made)
for wanted in ('202.114.4.119', '202.114.4.120', '511', '/pm'):
    assert wanted in patterns, wanted + ' in ' + patterns
ids = [json.loads(l)['id'] for l in open(work + '/inspect.jsonl') if '"kind":"finding"' in l]
text = json.dumps(bundle)
assert any(i in text for i in ids), 'no finding is named'
P
report $? "they are STIX indicators of address, port and export, and name their finding"
"$auscult" watch --store "$work/store" --test-key --indicators "$work/predicted.json" --jsonl -r "$work/ward.pcapng" \
	>"$work/watch.jsonl" 2>>"$work/err"
[ $? -eq 1 ] && grep -q '"kind":"finding".*"rule":"net\.' "$work/watch.jsonl"
report $? "the capture shows findings"
"$auscult" cases --store "$work/store" --jsonl >"$work/cases.jsonl" 2>>"$work/err"
grep '"kind":"case"' "$work/cases.jsonl" | grep '"fw\.remote-mount"' | grep '"net\.' | grep -q '"state":"observed"'
report $? "one case holds both halves and is observed"
# Tools between the two halves drop what they do not know: labels alone must do, and so must the finding's id when
# the store knows its case. With neither, the network's own case stands, and still names the finding.
for left in labels finding; do
	rm -rf "$work/other"
	"$auscult" inspect --store "$work/other" --test-key "$work/monitor.img" >"$work/inspect.txt" 2>>"$work/err"
	python3 - "$work" $left <<'P'
import json, sys
work, left = sys.argv[1:]
bundle = json.load(open(work + '/predicted.json'))
for o in bundle['objects']:
    if left == 'labels':
        del o['external_references']
    else:
        del o['labels']
        o['external_references'] = [r for r in o['external_references'] if r['source_name'] == 'auscult']
json.dump(bundle, open(work + '/passed-on.json', 'w'))
P
	"$auscult" watch --store "$work/other" --test-key --indicators "$work/passed-on.json" -r "$work/ward.pcapng" \
		>"$work/watch.txt" 2>>"$work/err"
	"$auscult" cases --store "$work/other" --jsonl 2>>"$work/err" | grep '"fw\.remote-mount"' | grep '"net\.' |
		grep -q '"state":"observed"'
	report $? "one case holds both halves when only the $left came through"
done
"$auscult" verify --store "$work/store" >/dev/null 2>>"$work/err"
report $? "the store's chain holds over both"
sed 's/^/# /' "$work/err" | head -n 20
finish
