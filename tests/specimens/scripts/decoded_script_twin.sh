#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The twin: the same filters over a message, over a sum for the log, and over the site's own list.
echo "c3RhcnRlZA==" | base64 -d | logger
NAME=$(echo ward_3_bed_2 | tr _ .)
COUNT=$((0x10 + 3))
logger "$NAME $COUNT"
while read NAME PLACE; do
	nc "$PLACE" 9100 < "/tmp/$NAME"
done <<END
trend 10.0.0.9
END
