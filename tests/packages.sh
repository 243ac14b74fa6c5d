#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# packages.sh PACKAGE...: installs the Debian packages that are missing, or says in one line which they are.
set -u
missing=
for p in "$@"; do
	dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	# Not Debian: pkg-config and the compiler will say what they miss.
	echo "auscult: not a Debian system; the build needs what Debian calls:$missing" >&2
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "auscult: missing packages; run: sudo apt-get install$missing" >&2
	exit 1
fi
echo "auscult: installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq $missing >/dev/null 2>&1 && exit 0
apt-get update -qq && apt-get install -y -qq $missing >/dev/null
