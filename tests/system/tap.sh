# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the shell tests: TAP lines, one scratch folder, sane sanitizer options.
# shellcheck shell=sh
tap_n=0
tap_bad=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' INT TERM

report() { # STATUS TEXT: "ok" when STATUS is 0
	tap_n=$((tap_n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tap_n - $2"
		return
	fi
	echo "not ok $tap_n - $2"
	tap_bad=1
}

skip() { # TEXT WHY: one test that cannot run here
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() { # WHY: nothing of this file can run here
	echo "1..0 # SKIP $1"
	exit 0
}

finish() {
	echo "1..$tap_n"
	exit $tap_bad
}

# True when a program wrote what only a sanitizer or a killed engine writes.
died() { # FILE...
	grep -aqE 'AddressSanitizer|LeakSanitizer|runtime error:|was ended by signal|ended with status' "$@"
}
