#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# posture.sh AUSCULT: profiles are learned, checked and judged by; the founding case is matched without an import; VEX
# has what CSAF wants; the real advisories beside the checkout all import. Speaks TAP.
set -u
auscult=$1
shared=${AUSCULT_SHARED:-../shared}
. "$(dirname "$0")/tap.sh"

"$auscult" lab capture healthy -o "$work/healthy.pcapng" && "$auscult" lab capture mixed -o "$work/mixed.pcapng"
"$auscult" watch --store "$work/store" --test-key -r "$work/mixed.pcapng" >/dev/null 2>"$work/err"

# ---- profiles
"$auscult" learn -r "$work/healthy.pcapng" --test-key --all --least 1 --outside -o "$work/profiles" >"$work/learned" 2>>"$work/err"
[ -n "$(ls "$work/profiles")" ] && "$auscult" profile check "$work/profiles" >>"$work/err"
report $? "what learn writes is a sound profile"
"$auscult" watch --no-store --test-key --profile "$work/profiles" --jsonl -r "$work/healthy.pcapng" 2>>"$work/err" |
	grep -c '"rule":"net.profile-violation"' >"$work/count"
[ "$(cat "$work/count")" = 0 ]
report $? "the ward that was learned from violates nothing"
"$auscult" watch --no-store --test-key --profile "$work/profiles" --jsonl -r "$work/mixed.pcapng" 2>>"$work/err" |
	grep '"rule":"net.profile-violation"' >"$work/violations"
[ -s "$work/violations" ]
report $? "another ward with strangers in it does"
"$auscult" learn --store "$work/store" -o "$work/stored" >"$work/learned" 2>>"$work/err"
grep -q 'left out: calls 202.114.4.119' "$work/learned" && ! grep -q '202\.114\.4\.119/' "$work"/stored/*.json
report $? "a destination outside is listed with its reason and made no rule"
"$auscult" learn --store "$work/store" -o "$work/stored" >/dev/null 2>&1
[ $? -eq 2 ]
report $? "profiles that are there are not written over"
printf '{"ietf-mud:mud":{"mud-version":1}}' >"$work/bad.json"
"$auscult" profile check "$work/bad.json" >"$work/said" 2>&1
[ $? -eq 1 ] && grep -q '/ietf-mud:mud/mud-url' "$work/said"
report $? "a bad profile is told with its place, exit 1"
"$auscult" watch --no-store --test-key --profile "$work/bad.json" -r "$work/healthy.pcapng" >/dev/null 2>"$work/said"
[ $? -eq 2 ] && grep -q 'bad.json: /ietf-mud:mud' "$work/said"
report $? "watch refuses to run with it"

# ---- advisories
"$auscult" advisories match --store "$work/store" --json --vex "$work/vex.json" >"$work/match.json" 2>>"$work/err"
python3 - "$work" <<'P'
import json, sys
m = json.load(open(sys.argv[1] + '/match.json'))
assert len(m['devices']) == 1, len(m['devices'])
says = {x['cve']: x for x in m['devices'][0]['matches']}
assert says['CVE-2025-0626']['says'] == 'may be affected' and 'protocol' in says['CVE-2025-0626']['rule']
assert says['CVE-2025-0626']['unknown'] and says['CVE-2024-12248']['score'] == 9.8
P
report $? "a monitor that speaks the stream may be affected: said by which rule, and what is unknown"
python3 - "$work" <<'P'
import json, sys
d = json.load(open(sys.argv[1] + '/vex.json'))
doc = d['document']
for k in ('category', 'csaf_version', 'publisher', 'title', 'tracking'):
    assert doc[k], k
assert doc['category'] == 'csaf_vex' and doc['csaf_version'] == '2.0'
assert all(doc['publisher'][k] for k in ('category', 'name', 'namespace'))
for k in ('current_release_date', 'id', 'initial_release_date', 'revision_history', 'status', 'version'):
    assert doc['tracking'][k], k
ids = [p['product_id'] for p in d['product_tree']['full_product_names']]
assert len(ids) == len(set(ids)) and ids
cves = [v.get('cve') for v in d['vulnerabilities']]
assert len(cves) == len(set(cves)) and cves == sorted(cves)
for v in d['vulnerabilities']:
    assert v['notes'] and ('cve' in v or 'ids' in v)
    status = v['product_status']
    named = [p for s in status.values() for p in s]
    assert named and len(named) == len(set(named)) and set(named) <= set(ids)
    affected, unaffected = set(status.get('known_affected', [])), set(status.get('known_not_affected', []))
    assert affected <= {p for r in v.get('remediations', []) for p in r['product_ids']}
    assert unaffected <= {p for t in v.get('threats', []) for p in t['product_ids']}
P
report $? "VEX has what the profile of CSAF 2.0 wants"
printf '[[[' >"$work/broken.json"
"$auscult" advisories import --store "$work/store" "$work/broken.json" >/dev/null 2>"$work/said"
[ $? -eq 3 ] && grep -q 'broken.json: .*not JSON' "$work/said"
report $? "a file that is no advisory is refused by name, exit 3"

if [ -d "$shared/advisories" ]; then
	files=$(find "$shared/advisories" -name '*.json' | wc -l)
	"$auscult" advisories import --store "$work/store" --json "$shared/advisories" >"$work/import.json" 2>>"$work/err"
	python3 -c "
import json, sys
d = json.load(open('$work/import.json'))
assert d['read'] == d['kept'] == $files and d['refused'] == 0, d"
	report $? "all $files real advisories import"
	"$auscult" advisories match --store "$work/store" --json >"$work/real.json" 2>>"$work/err"
	cmp -s "$work/real.json" "$work/match.json" || python3 - "$work" <<'P'
import json, sys
a, b = (json.load(open(sys.argv[1] + n)) for n in ('/match.json', '/real.json'))
def said(m): return sorted((x['device'], y['cve'], y['says']) for x in m['devices'] for y in x['matches'])
assert said(a) == said(b), (said(a), said(b))
P
	report $? "the founding case is matched the same by the shipped facts and by the real files"
else
	skip "real advisories" "no $shared/advisories"
fi
# ---- inventory and risk
cat >"$work/list.csv" <<'C'
Inv. Nr.;Manufacturer;Model;Serial Number;MAC;IP;Ward;Software version
A-1;Contec;CMS8000;;02-0C-05-20-30-1B;;ICU;
A-2;Epsimed;MN-120;X99;02:00:00:00:00:99;10.9.9.9;"=cmd|' /C calc'!A0";
C
"$auscult" inventory import --store "$work/store" --map "Inv. Nr.=asset_tag" "$work/list.csv" >/dev/null 2>>"$work/err"
report $? "a list with headings of its own imports"
"$auscult" inventory import --store "$work/store" --json "$work/list.csv" 2>>"$work/err" | grep -q '"kept":2,"remarks":0'
report $? "what headings mean is remembered"
printf 'asset tag,maker\n"a,b\n' >"$work/broken.csv"
"$auscult" inventory import --store "$work/store" "$work/broken.csv" >/dev/null 2>"$work/said"
[ $? -eq 2 ] && grep -q 'line 2: a quote is opened' "$work/said"
report $? "a broken list is refused with its line, and the list before stays"
"$auscult" inventory diff --store "$work/store" --json >"$work/diff.json" 2>>"$work/err"
[ $? -eq 1 ] && python3 - "$work" <<'P'
import json, sys
d = json.load(open(sys.argv[1] + '/diff.json'))
kinds = {(x['difference'], x['asset_tag']) for x in d['differences']}
assert ('listed, never seen', 'A-2') in kinds and ('seen, not listed', '') in kinds, kinds
assert d['listed_never_seen'] == 1 and d['agree'] == 1 and d['seen_not_listed'] > 3, d
P
report $? "diff says what is listed and never seen, and what is seen and not listed"
"$auscult" inventory export --store "$work/store" --bom -o "$work/out.csv" 2>>"$work/err"
python3 - "$work" <<'P'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1] + '/out.csv', encoding='utf-8-sig', newline='')))
assert {r['asset_tag'] for r in rows} >= {'A-1', 'A-2'}
assert not any(c[:1] in '=+-@\t\r' for r in rows for c in r.values() if c)
assert next(r for r in rows if r['asset_tag'] == 'A-1')['ip'] == '10.20.30.27'
P
report $? "what is exported runs no formula and has what the network showed"
"$auscult" inventory import --store "$work/store" "$work/out.csv" >/dev/null 2>>"$work/err" &&
	"$auscult" inventory export --store "$work/store" --bom -o "$work/again.csv" 2>>"$work/err" &&
	"$auscult" inventory import --store "$work/store" "$work/again.csv" >/dev/null 2>>"$work/err" &&
	"$auscult" inventory export --store "$work/store" --bom 2>>"$work/err" | cmp -s - "$work/again.csv"
report $? "out and in again gives the same list"
"$auscult" risk --store "$work/store" --json >"$work/risk.json" 2>>"$work/err"
python3 - "$work" <<'P'
import json, sys
d = json.load(open(sys.argv[1] + '/risk.json'))['devices']
for x in d:
    assert x['risk'] == sum(a['points'] for a in x['addends']) <= 100 and len(x['addends']) == 7
    assert all(a['why'] and a['points'] <= a['most'] for a in x['addends'])
assert [x['risk'] for x in d] == sorted((x['risk'] for x in d), reverse=True)
assert d[0]['asset_tag'] == 'A-1' and d[0]['published']['score'] == 9.8, d[0]
P
report $? "risk is the sum of seven addends with their reasons, and quotes CVSS"
"$auscult" verify --store "$work/store" >/dev/null 2>>"$work/err"
report $? "the store's chain holds"
[ $tap_bad -eq 0 ] || sed 's/^/# /' "$work/err" | head -n 20
finish
