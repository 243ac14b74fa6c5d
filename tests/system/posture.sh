#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# posture.sh AUSCULT: profiles are learned, checked and judged by; the founding case is matched without an import; VEX
# has what CSAF wants; the real advisories beside the checkout all import. Speaks TAP.
set -u
auscult=$1
shared=${AUSCULT_SHARED:-../shared}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
n=0
bad=0

report() { # OK TEXT
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		bad=1
	fi
}

"$auscult" lab capture healthy -o "$work/healthy.pcapng" && "$auscult" lab capture mixed -o "$work/mixed.pcapng"
"$auscult" watch --store "$work/store" --test-key -r "$work/mixed.pcapng" >/dev/null 2>"$work/err"

# ---- profiles
"$auscult" learn -r "$work/healthy.pcapng" --test-key --all --least 1 -o "$work/profiles" >"$work/learned" 2>>"$work/err"
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
	n=$((n + 1))
	echo "ok $n - real advisories # SKIP no $shared/advisories"
fi
"$auscult" verify --store "$work/store" >/dev/null 2>>"$work/err"
report $? "the store's chain holds"
[ $bad -eq 0 ] || sed 's/^/# /' "$work/err" | head -n 20
echo "1..$n"
exit $bad
