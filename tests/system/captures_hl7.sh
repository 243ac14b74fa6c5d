#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# captures_hl7.sh AUSCULT: what stands in real captures of HL7 and LPD is read, and no patient in them
# is named. Speaks TAP; skipped where the captures are not (AUSCULT_SHARED, ../shared).
set -u
auscult=$1
shared=${AUSCULT_SHARED:-../shared}
[ -d "$shared/captures/hl7" ] || { echo "1..0 # SKIP no captures in $shared"; exit 0; }
. "$(dirname "$0")/tap.sh"
out=$work/out

is() { # COUNT PATTERN: so many records hold it
	got=$(grep -c "$2" "$out")
	[ "$got" -eq "$1" ]
	report $? "$capture: $1 times $2 (found $got)"
}

heard() {
	capture=$1
	"$auscult" watch -r "$shared/captures/$1" --jsonl --no-store --test-key >"$out" 2>/dev/null
	is 1 '"kind":"health".*"decode_failures":0'
	! grep -aqE 'TESTER|MOUSE|DUCK|TESTVILLE|LAB000[0-9]|MICKEY|135769|"12345|19281118|19500101|407.939' "$out"
	report $? "$1: no patient is named"
}

heard hl7/virtalabs__HL7-ADT.pcap
is 1 '"dport":6661,"message_type":"ADT^A01","control_id":"934576120110613083617".*"patient_name".*"next_of_kin"'
is 1 '"message_type":"ACK".*"ack_code":"AA","acked_id":"934576120110613083617"'

# One message over two segments.
heard hl7/virtalabs__HL7-ORU.pcap
is 1 '"message_type":"ORU^R01".*"segments":19,"observations":14.*"physician"'
is 14 '"kind":"vitals"'
is 11 '"kind":"vitals".*"code_system":"LOINC"'

# 43 messages and as many answers (MANIFEST.tsv).
heard lab/hl7_adt_oru_dev.pcap
is 86 '"kind":"hl7".*"mllp":true'
is 3 '"message_type":"ADT^A01"'
is 40 '"message_type":"ORU^R01"'
is 43 '"ack_code":"AA"'
is 40 '"name":"spo2","code":"59408-5"'

heard lab/lpd_print_dev.pcap
is 3 '"command":"receive job","queue":"lab"'
is 3 '"command":"control","host":"vm","user":{"length":4,'
is 3 '"command":"data file".*"size":44'
is 3 '"kind":"transfer".*"via":"lpd".*"bytes":44.*"whole":true'
is 1 '"command":"queue state"'
is 4 '"kind":"flow".*"protocol":"lpd"'
finish
