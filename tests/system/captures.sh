#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# captures.sh AUSCULT: over every real capture beside the checkout (AUSCULT_SHARED, ../shared) watch names
# the protocols that another dissector named (MANIFEST.tsv), leaves with 3 exactly where a file is damaged, and
# finds nothing above info. What differs stands in captures.known with its reason; a line there that no
# longer holds fails too. Speaks TAP, a test for each folder of captures.
set -u
auscult=$1
here=$(dirname "$0")
. "$here/tap.sh"
shared=${AUSCULT_SHARED:-../shared}
manifest=$shared/captures/MANIFEST.tsv
[ -r "$manifest" ] || skip_all "no captures in $shared"

# Theirs → ours: a record of one of these kinds, or a conversation of that name.
cat >"$work/names" <<'EOF'
arp	arp
icmp	icmp
icmpv6	icmp6 nd
dns	dns
llmnr	llmnr
mdns	mdns
dhcp	dhcp
nbns	nbns
nbdgm	nbns
ssdp	ssdp
ntp	ntp
http	http
tls	tls
ssh	ssh
ftp	ftp
tftp	tftp
telnet	telnet
smb	smb
snmp	snmp
mqtt	mqtt
vnc	vnc
rdp	rdp
bacapp	bacnet
dhcpv6	dhcpv6
syslog	syslog
sip	sip
rlogin	rlogin
smb2	smb
portmap	portmap rpc
mount	mount rpc
nfs	nfs rpc
lpd	lpd
hl7	hl7
dicom	dicom
EOF

# One line a capture: file, exit code, the names that were given, then rule/severity of each finding.
tail -n +2 "$manifest" | cut -f1 | while read -r file; do
	"$auscult" watch -r "$shared/captures/$file" --jsonl --no-store --test-key >"$work/out" 2>"$work/err"
	rc=$?
	died "$work/err" && rc=died
	awk -v file="$file" -v rc=$rc '
		function value(key,   at, text) {
			at = index($0, "\"" key "\":\"")
			text = at ? substr($0, at + length(key) + 4) : ""
			return substr(text, 1, index(text, "\"") - 1)
		}
		{ kind = value("kind") }
		kind == "flow" { names[value("protocol")] = 1; next }
		kind == "finding" { found[value("rule") "/" value("severity")] = 1; next }
		{ names[kind] = 1 }
		END {
			line = file "\t" rc "\t"
			for (n in names) line = line n " "
			line = line "\t"
			for (f in found) line = line f " "
			print line
		}' "$work/out"
done >"$work/seen"

# Compares, and says a line for each folder: its name, how many captures, what is wrong in how many.
awk -F '\t' -v names="$work/names" -v known="$here/captures.known" -v seen="$work/seen" '
	function known_here(key) {
		if (!(key in reason)) return 0
		used[key] = 1
		return 1
	}
	function wrong(text) {
		if (known_here(file "\t" text)) return
		print "# " file ": " text
		bad[folder]++
	}
	BEGIN {
		while ((getline <names) > 0) ours[$1] = $2
		while ((getline <known) > 0)
			if ($0 != "" && $0 !~ /^#/) reason[$1 "\t" $2] = $3
		while ((getline <seen) > 0) {
			rc[$1] = $2
			given[$1] = " " $3
			findings[$1] = $4
		}
	}
	FNR == 1 { next }
	{
		file = $1
		folder = $1
		sub("/.*", "", folder)
		count[folder]++
		if (!(file in rc)) { wrong("was not read"); next }
		want = $14 ~ /cut short/ ? 3 : 0
		if (rc[file] != want) wrong("exit code " rc[file] ", expected " want)
		n = split($12, theirs, ",")
		for (i = 1; i <= n; i++) {
			split(theirs[i], part, ":")
			if (!(part[1] in ours)) continue
			hit = 0
			m = split(ours[part[1]], one, " ")
			for (k = 1; k <= m; k++) hit += index(given[file], " " one[k] " ") > 0
			if (!hit) wrong("no " part[1])
		}
		n = split(findings[file], f, " ")
		for (i = 1; i <= n; i++)
			if (f[i] !~ /\/info$/) wrong(f[i])
	}
	END {
		for (key in reason)
			if (!(key in used)) {
				split(key, part, "\t")
				print "# captures.known says of " part[1] ": " part[2] "; that is not so"
				stale++
			}
		for (folder in count) print bad[folder] + 0 " " folder ": " count[folder] " captures"
		print stale + 0 " every known difference is still one"
	}' "$manifest" >"$work/judged"

grep '^#' "$work/judged"
grep -v '^#' "$work/judged" | sort -k2 >"$work/lines"
while read -r bad text; do
	report "$bad" "$text"
done <"$work/lines"
finish
