#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fleet.sh AUSCULT: many images in one run: a line each, programs executed once, spoilt entries of the cache executed
# again, workers that die, a run that is killed. Images are the lab's. Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"
fleet() { "$auscult" inspect --jobs 2 --store "$work/store" --test-key "$@" "$work/images"; }
said() { # PROGRAMS-EXECUTED KNOWN: what the last line on stderr must say
	grep -q "programs: $1 executed, $2 known" "$work/err"
}

mkdir -p "$work/images/old"
for name in hidden-update healthy script-update startup-only-fix; do
	"$auscult" lab firmware $name --programs 2 -o "$work/images/$name.img" || { echo "Bail out! no image"; exit 2; }
done
cp "$work/images/healthy.img" "$work/images/old/healthy-copy.img"
echo 'no image at all' >"$work/images/readme.txt"

fleet >"$work/first" 2>"$work/err"
[ $? -eq 1 ] && [ "$(wc -l <"$work/first")" -eq 6 ] && grep -q 'CRITICAL.* hidden-update.img$' "$work/first" &&
	grep -q 'INFO.* 0 findings.* healthy.img$' "$work/first"
report $? "a line an image, exit status 1 for what is high"
grep -q 'old/healthy-copy.img  (the same as healthy.img)' "$work/first"
report $? "the same content twice is inspected once"
executed=$(sed -n 's/.*programs: \([0-9]*\) executed.*/\1/p' "$work/err")
all=$(sed 's/.*findings, *\([0-9]*\) program.*/\1/' "$work/first" | awk '{ s += $1 } END { print s }')
[ "$executed" -gt 0 ] && [ "$executed" -lt "$all" ]
report $? "programs that several images have are executed once ($executed of $all)"
"$auscult" inspect --no-store --test-key --jsonl "$work/images/hidden-update.img" 2>/dev/null | grep '"kind":"finding"' |
	grep -o '"id":"F-[0-9a-f]*"' | sort >"$work/alone"
"$auscult" findings --store "$work/store" --jsonl 2>/dev/null | grep -o '"id":"F-[0-9a-f]*"' | sort >"$work/stored"
[ -s "$work/alone" ] && [ -z "$(comm -23 "$work/alone" "$work/stored")" ]
report $? "the store has every finding that inspecting one image alone gives"
image=$("$auscult" fleet --store "$work/store" | sed -n 's/^\(I-[0-9a-f]*\) .*hidden-update.img$/\1/p')
"$auscult" findings --store "$work/store" --device "$image" --jsonl | grep -o '"id":"F-[0-9a-f]*"' | sort | cmp -s - "$work/alone"
report $? "findings --device IMAGE: those of that image, and no others"
"$auscult" findings --store "$work/store" --jsonl | python3 -c 'import collections, json, sys
seen = collections.Counter()
for f in map(json.loads, sys.stdin):
    assert f["device"]["id"].startswith("I-"), f["device"]
    seen[f["rule"], f["device"]["member"], f["key"] if "key" in f else ""] += 1
sys.exit(max(seen.values()) < 2)'
report $? "the same finding in two images is two findings, and each names its image"

fleet >"$work/second" 2>"$work/err"
said 0 0 && [ "$(grep -c 'done before' "$work/second")" -eq 5 ]
report $? "what is done is not done again"
fleet --again >"$work/third" 2>"$work/err"
said 0 '[0-9]*' &&
	cmp -s "$work/first" "$work/third"
report $? "--again does all, with the traces of before, and says the same"
fleet --again --json 2>/dev/null | python3 -c 'import json, sys; d = json.load(sys.stdin); sys.exit(len(d["images"]) != 6)'
report $? "--json is one document"
fleet --jsonl 2>/dev/null | python3 -c 'import json, sys; [json.loads(l) for l in sys.stdin]'
report $? "--jsonl is an object a line, from the store when the image was done before"

# Files of each image, and advisories that came since.
"$auscult" inspect --jobs 2 --store "$work/store" --test-key --sbom "$work/written" --sarif "$work/written" --card "$work/written" \
	"$work/images" >/dev/null 2>"$work/err"
"$auscult" inspect --no-store --test-key --sbom "$work/one.cdx" --sarif "$work/one.sarif" --card "$work/one.card" "$work/images/healthy.img" \
	>/dev/null 2>&1
[ "$(find "$work/written" -type f | wc -l)" -eq 18 ] && cmp -s "$work/one.cdx" "$work/written/healthy.img.cdx.json" &&
	cmp -s "$work/one.sarif" "$work/written/healthy.img.sarif" && cmp -s "$work/one.card" "$work/written/healthy.img.card.json" &&
	[ -s "$work/written/old/healthy-copy.img.card.json" ] && grep -q 'programs: 0 executed' "$work/err"
report $? "--sbom, --sarif and --card write a file an image, the same as for one alone; nothing is executed again for them"
cat >"$work/advisory.json" <<'END'
{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","title":"BusyBox",
 "publisher":{"category":"coordinator","name":"T","namespace":"https://example.org"},
 "tracking":{"id":"TEST-1","version":"1","status":"final","initial_release_date":"2026-01-01T00:00:00Z",
  "current_release_date":"2026-01-01T00:00:00Z","revision_history":[{"date":"2026-01-01T00:00:00Z","number":"1","summary":"x"}]}},
 "product_tree":{"branches":[{"category":"vendor","name":"BusyBox","branches":[{"category":"product_name","name":"BusyBox",
  "branches":[{"category":"product_version","name":"1.13.2","product":{"name":"BusyBox 1.13.2","product_id":"P1"}}]}]}]},
 "vulnerabilities":[{"cve":"CVE-2026-0001","product_status":{"known_affected":["P1"]}}]}
END
cp -r "$work/store" "$work/store6"
affected() { "$auscult" findings --store "$work/store6" --rule fw.known-affected --jsonl | grep -c CVE-2026-0001; }
before=$(affected)
"$auscult" advisories import --store "$work/store6" "$work/advisory.json" >/dev/null 2>&1
"$auscult" inspect --jobs 2 --store "$work/store6" --test-key "$work/images" >/dev/null 2>"$work/err"
[ "$before" -eq 0 ] && [ "$(affected)" -eq 4 ] && said 0 '[0-9]*'
report $? "an advisory that was imported since is looked for in all images again; nothing is executed again for it"

# Questions about the fleet.
ask() { "$auscult" fleet --store "$work/store" "$@" 2>"$work/err"; }
ask address 202.114.4.119 >"$work/out"
[ "$(grep -c '\.img in ' "$work/out")" -eq 3 ] && ! grep -q 'healthy' "$work/out"
report $? "fleet address: the three images that have it, and not the healthy one"
ask address 203.0.113.254 | grep -q 'No inspected image has it'
report $? "an address that none has is in none"
ask --json program | python3 -c 'import json, sys
d = json.load(sys.stdin)
sys.exit(not (len(d["images"]) == 5 and any(s["count"] == 4 for s in d["shared"]) and all(s["what"] == "program" for s in d["shared"])))'
report $? "fleet --json program: programs that all four images have"
one=$(ask --json function | python3 -c 'import json, sys; print(json.load(sys.stdin)["shared"][0]["value"])')
ask function "$one" | grep -q 'opt/bin/monitor: '
report $? "fleet function: the function is named in each image that has it"
ask adress >/dev/null
[ $? -eq 64 ] && grep -q 'did you mean address' "$work/err"
report $? "a kind that is none is corrected"

# A password hash that two images share, and one that only one of them has.
mkdir -p "$work/pw/a/etc" "$work/pw/b/etc" "$work/images2"
# shellcheck disable=SC2016 # a hash
printf 'root:$1$abcdefgh$0123456789abcdefghijkl:10933:0:99999:7:::\n' | tee "$work/pw/a/etc/shadow" >"$work/pw/b/etc/shadow"
# shellcheck disable=SC2016
printf 'tech:$1$hgfedcba$lkjihgfedcba9876543210:10933:0:99999:7:::\n' >>"$work/pw/b/etc/shadow"
for i in a b; do tar -C "$work/pw/$i" -cf "$work/images2/$i.tar" etc; done
"$auscult" inspect --jobs 2 --store "$work/store5" --test-key "$work/images2" >/dev/null 2>&1
"$auscult" fleet --store "$work/store5" --json password >"$work/out"
python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))["shared"]
sys.exit(not (len(s) == 1 and s[0]["count"] == 2 and "abcdefgh" not in json.dumps(s)))' "$work/out" && ! grep -aq 'abcdefgh' "$work/store5/auscult.db"
report $? "fleet password: equal hashes are found, and no hash is shown or kept"

# The cache: changed, cut, swapped and foreign entries.
entries() { find "$work/store/traces" -type f ! -name lock; }
one=$(entries | head -n 1)
two=$(entries | sed -n 2p)
size=$(wc -c <"$one")
printf 'x' | dd of="$one" bs=1 seek=$((size - 5)) conv=notrunc 2>/dev/null
head -c 60 "$two" >"$work/cut" && cat "$work/cut" >"$two"
fleet --again >"$work/fourth" 2>"$work/err"
said 2 '[0-9]*' && grep -q 'does not open' "$work/err" && grep -q '2 cached traces did not open' "$work/err" &&
	cmp -s "$work/first" "$work/fourth"
report $? "a changed and a cut entry are said, executed again, and change no verdict"
fleet --again >/dev/null 2>"$work/err"
said 0 '[0-9]*'
report $? "and are whole afterwards"
cp "$one" "$two"
fleet --again >"$work/fifth" 2>"$work/err"
said 1 '[0-9]*' && cmp -s "$work/first" "$work/fifth"
report $? "an entry put in the place of another does not open"
head -c 32 /dev/urandom >"$work/key" && chmod 600 "$work/key"
"$auscult" inspect --jobs 1 --store "$work/store" --key "$work/key" --again "$work/images/healthy.img" >"$work/out" 2>"$work/err"
grep -q 'did not open' "$work/err" && grep -q 'INFO' "$work/out"
report $? "entries of another key are not believed"
! grep -aq '202.114.4.119' "$one" "$two"
report $? "no entry can be read without the key"

# Workers that die: on each of a hundred programs.
mkdir "$work/bin" "$work/many"
cp "$auscult" "$work/bin/auscult"
printf '#!/bin/sh\nkill -SEGV $$\n' >"$work/bin/auscult-worker"
chmod +x "$work/bin/auscult-worker"
"$auscult" lab firmware hidden-update --programs 100 -o "$work/many/many.img"
"$work/bin/auscult" inspect --jobs 2 --store "$work/store2" --test-key "$work/many" >"$work/out" 2>"$work/err"
grep -q '102 broke off' "$work/err" && grep -q '102 programs' "$work/out" && [ -z "$(find "$work/store2/traces" -type f ! -name lock)" ]
report $? "a worker that dies on each of 102 programs: the image is judged without, nothing of it is remembered"

# Killed in mid-run: what was done stays, the store is whole, the rest is done the next time.
mkdir "$work/fleet"
for seed in 1 2 3 4 5 6; do
	"$auscult" lab firmware hidden-update --programs 4 --seed $seed -o "$work/fleet/$seed.img"
done
"$auscult" inspect --jobs 1 --store "$work/store3" --test-key "$work/fleet" >"$work/out" 2>/dev/null &
pid=$!
tries=0
while [ "$(wc -l <"$work/out")" -lt 2 ] && [ $tries -lt 600 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
kill -KILL $pid
wait $pid 2>/dev/null
done_before=$(wc -l <"$work/out")
"$auscult" verify --store "$work/store3" >/dev/null
report $? "a store whose run was killed is whole"
"$auscult" inspect --jobs 1 --store "$work/store3" --test-key "$work/fleet" >"$work/out2" 2>"$work/err"
again=$(grep -c 'done before' "$work/out2")
[ "$done_before" -ge 2 ] && [ "$done_before" -lt 6 ] && [ "$again" -ge "$done_before" ] && [ "$(wc -l <"$work/out2")" -eq 6 ]
report $? "the next run does only what was not done ($done_before before the kill, $again taken over)"
"$auscult" inspect --jobs 1 --store "$work/store4" --test-key "$work/fleet" 2>/dev/null >"$work/out4"
sed 's/  (done before)//' "$work/out2" | cmp -s - "$work/out4"
report $? "and says what a run without a kill says"

finish
