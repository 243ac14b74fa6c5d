#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fw.remote-mount, fw.fixed-destination: a command that stands nowhere as text, decoded and run; an address put together
# by filters, a sum, and lines of a list.
echo "bW91bnQgLW8gbm9sb2NrIC10IG5mcyAxOTIuMC4yLjE0NTovcG0gL21udA==" | base64 -d | sh
HOST=$(echo 203_0_113_71 | tr _ .)
PORT=$((0x200 + 3))
nc $HOST $PORT < /tmp/state
while read NAME PLACE; do
	nc "$PLACE" 9100 < "/tmp/$NAME"
done <<END
trend 203.0.113.72
END
