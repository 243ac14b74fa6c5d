#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# privacy.sh AUSCULT: no patient leaves. The invented patients of the lab and those of the real captures
# are looked for, as text and as UTF-16, in every form of output: report, JSON, records with vital signs, the
# store's files, every question to the store, what is said on errors, exported evidence. The same search must
# find each of them in the captures themselves, else it proves nothing. Speaks TAP.
set -u
auscult=$1
. "$(dirname "$0")/tap.sh"
shared=${AUSCULT_SHARED:-../shared}

# Files of all of FOLDER that hold a line of NAMES.
holders() { # NAMES FOLDER
	grep -rlaiFf "$1" "$2"
	find "$2" -type f | while read -r f; do
		tr -d '\000' <"$f" | grep -qaiFf "$1" && echo "$f without its zero bytes"
	done
}

ask() { # FOLDER: all questions to the store of it
	for question in devices findings cases flows exposure; do
		for form in --json --jsonl --color=never; do
			"$auscult" $question --store "$1/store" $form >"$1/$question$form" 2>>"$1/err"
		done
	done
	"$auscult" devices --store "$1/store" --device nobody >"$1/none" 2>>"$1/err"
	for id in $(grep -ohE '"id":"[A-Z]-[0-9a-f]+"' "$1/findings--json" "$1/cases--json" "$1/devices--json" "$1/exposure--json" |
		cut -d'"' -f4 | sort -u); do
		"$auscult" show --store "$1/store" "$id" >>"$1/show" 2>>"$1/err"
		"$auscult" show --store "$1/store" --json "$id" >>"$1/show.json" 2>>"$1/err"
	done
	"$auscult" verify --store "$1/store" >"$1/verify" 2>>"$1/err"
}

# Evidence is packets: those of each case, with the patient's bytes overwritten.
evidence() { # FOLDER CAPTURE
	"$auscult" export --help >/dev/null 2>&1 || return 0
	for id in $(grep -ohE '"id":"C-[0-9a-f]+"' "$1/cases--json" | cut -d'"' -f4 | sort -u); do
		"$auscult" export -o "$1/evidence-$id.pcapng" --store "$1/store" "$id" >>"$1/export" 2>>"$1/err"
	done
}

tell() { # FOLDER CAPTURE
	mkdir -p "$1"
	"$auscult" watch -r "$2" --store "$1/store" --test-key --color=always --progress=json --eve-out "$1/eve" \
		--zeek-out "$1/zeek" --stix-out "$1/stix" --misp-out "$1/misp" --syslog-out "$1/syslog" --cef-out "$1/cef" \
		>"$1/text" 2>"$1/err"
	"$auscult" watch -r "$2" --json --vitals --no-store --test-key >"$1/json" 2>>"$1/err"
	"$auscult" watch -r "$2" --jsonl --vitals --no-store --test-key >"$1/jsonl" 2>>"$1/err"
	head -c $(($(wc -c <"$2") * 2 / 3 + 7)) "$2" >"$work/cut"
	"$auscult" watch -r "$work/cut" --store "$1/cut-store" --test-key >"$1/cut-text" 2>>"$1/err"
	"$auscult" watch -r "$work/cut" --jsonl --no-store --test-key >"$1/cut-jsonl" 2>>"$1/err"
	ask "$1"
	evidence "$1" "$2"
}

# Nobody of NAMES in what is told of CAPTURE, which names at least LEAST of them itself.
looked_for() { # WHAT CAPTURE NAMES LEAST
	rm -rf "$work/told" "$work/source"
	tell "$work/told" "$2"
	mkdir "$work/source"
	cp "$2" "$work/source/capture"
	there=0
	while read -r name; do
		grep -qaiF -- "$name" "$work/source/capture" && there=$((there + 1))
	done <"$3"
	[ "$there" -ge "$4" ] && [ -n "$(holders "$3" "$work/source")" ]
	report $? "$1: the capture itself names $there patients' data, and the search finds them"
	whole=0
	for f in text json jsonl cut-text cut-jsonl devices--json flows--jsonl findings--color=never; do
		[ -s "$work/told/$f" ] || { echo "# nothing in $f"; whole=1; }
	done
	grep -q '"kind":"health"' "$work/told/jsonl" || whole=1
	[ -s "$work/told/store/auscult.db" ] || [ -n "$(find "$work/told/store" -name '*.db' -size +0)" ] || whole=1
	report $whole "$1: every form of output is there"
	holders "$3" "$work/told" >"$work/leaks"
	sed "s|^$work/told/|# named in |" "$work/leaks"
	[ ! -s "$work/leaks" ]
	report $? "$1: nobody is named in any of them"
}

"$auscult" lab planted >"$work/planted" && [ "$(wc -l <"$work/planted")" -ge 40 ] || exit 2
for scenario in mixed phi-outside local-central; do
	"$auscult" lab capture "$scenario" -o "$work/ward" || exit 2
	looked_for "$scenario" "$work/ward" "$work/planted" 7
done

# That a leak would be seen: the report of a ward with one name written into it.
"$auscult" lab capture mixed -o "$work/ward" || exit 2
tell "$work/leaky" "$work/ward"
[ -z "$(holders "$work/planted" "$work/leaky")" ] && printf 'bed 3: Zebedee\n' >>"$work/leaky/text" &&
	[ -n "$(holders "$work/planted" "$work/leaky")" ]
report $? "one name in the report would fail this test"
printf 'Q\000u\000i\000l\000l\000' >"$work/leaky/err" && : >"$work/leaky/text"
[ -n "$(holders "$work/planted" "$work/leaky")" ]
report $? "one in UTF-16 among the errors too"

# The same patients under another key give other tokens, and no plain hash of a name is a token.
head -c 32 /dev/urandom >"$work/key" && chmod 600 "$work/key"
tokens() { grep -oE '"hash":"[0-9a-f]+"' | cut -d'"' -f4 | sort -u; }
"$auscult" watch -r "$work/ward" --jsonl --no-store --test-key 2>/dev/null | tokens >"$work/ours"
"$auscult" watch -r "$work/ward" --jsonl --no-store --key "$work/key" 2>/dev/null | tokens >"$work/theirs"
[ -s "$work/ours" ] && [ -s "$work/theirs" ] && [ -z "$(comm -12 "$work/ours" "$work/theirs")" ]
report $? "another site's key gives other tokens ($(wc -l <"$work/ours"))"
while read -r name; do
	for sum in md5sum sha1sum sha256sum b2sum; do printf %s "$name" | $sum | cut -c1-32; done
done <"$work/planted" >"$work/plain"
! grep -qFf "$work/plain" "$work/ours"
report $? "no token is a hash that somebody without the key could compute"

if [ -d "$shared/captures" ]; then
	cat >"$work/names" <<-EOF
		TESTER
		TEST STREET
		TESTVILLE
		LAB000
		19500101
		19620315
		MOUSE
		MINNIE
		MICKEY
		19281118
		19240101
		Lake Buena
		ohtoodles
		DONALD
	EOF
	for file in lab/hl7_adt_oru_dev lab/lpd_print_dev lab/dicom_echo_store_dev hl7/virtalabs__HL7-ADT \
		hl7/virtalabs__HL7-ORU; do
		looked_for "$file" "$shared/captures/$file.pcap" "$work/names" 1
	done
else
	skip "the patients of real captures" "no captures in $shared"
fi
finish
