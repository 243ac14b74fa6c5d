#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# vet.sh AUSCULT: the sheet says no-go where something grave was found, in the image or in the capture, never go where
# half of the picture is missing, and names what to ask. Images and captures are the lab's. Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"
get() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$work/out" "$1"; }

"$auscult" lab firmware healthy -o "$work/healthy.img" && "$auscult" lab firmware hidden-update -o "$work/bad.img" &&
	"$auscult" lab capture healthy -o "$work/healthy.pcapng" && "$auscult" lab capture call-home -o "$work/bad.pcapng" ||
	{ echo "Bail out! no image"; exit 2; }

"$auscult" vet --json "$work/bad.img" >"$work/out" 2>"$work/err"
[ $? -eq 1 ] && [ "$(get 'd["verdict"]')" = no-go ] && [ "$(get 'd["network"]')" = "not seen" ]
report $? "an image with a grave finding is a no-go, exit status 1"
[ "$(get '"CSUP" in [q["section"] for q in d["mds2"]] and all(q["contradicted_by"] for q in d["mds2"])')" = True ]
report $? "the section on updates is questioned, each question with its findings"
"$auscult" vet "$work/healthy.img" >"$work/text" 2>"$work/err"
[ $? -eq 0 ] && grep -q '^GO WITH CONDITIONS' "$work/text" && grep -q 'Nothing of its traffic' "$work/text" && ! grep -q 'MDS2' "$work/text"
report $? "a quiet image without a capture is not a plain go"
"$auscult" vet --json --capture "$work/bad.pcapng" "$work/healthy.img" >"$work/out" 2>"$work/err"
[ $? -eq 1 ] && [ "$(get 'd["verdict"]')" = no-go ] && [ "$(get 'all(f["half"] == "network" for f in d["findings"])')" = True ]
report $? "a quiet image whose device calls home is a no-go, by the network half"
"$auscult" vet --json --capture "$work/healthy.pcapng" "$work/healthy.img" >"$work/out" 2>"$work/err"
[ $? -eq 0 ] && [ "$(get 'd["findings"] == [] and d["verdict"] == "go" or d["verdict"] == "go with conditions"')" = True ]
report $? "a quiet image and a quiet ward are no no-go"
"$auscult" vet --capture "$work/bad.pcapng" "$work/bad.img" >"$work/text" 2>"$work/err"
[ $? -eq 1 ] && grep -q '^NO-GO' "$work/text" && grep -q 'firmware: ' "$work/text" && grep -q 'network: ' "$work/text" && [ "$(wc -l <"$work/text")" -le 60 ]
report $? "both halves stand on one page"
"$auscult" vet "$work/none.img" >"$work/text" 2>"$work/err"
[ $? -eq 2 ] && grep -q '^NO VERDICT' "$work/text" && ! grep -q '^GO' "$work/text"
report $? "an image that cannot be read gets no verdict, never a go"
head -c 3000 "$work/healthy.pcapng" >"$work/cut.pcapng"
"$auscult" vet --json --capture "$work/cut.pcapng" "$work/healthy.img" >"$work/out" 2>"$work/err"
[ $? -eq 3 ] && [ "$(get 'd["verdict"]')" = "go with conditions" ] && [ "$(get 'd["network"]')" = partial ]
report $? "a capture that breaks off is a condition"

finish
