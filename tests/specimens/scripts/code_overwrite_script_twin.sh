#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The twin: the settings say where from, and a signature stands between.
. /etc/update.conf
[ -n "$SHARE" ] || exit 0
mount -o ro,nolock -t nfs "$SHARE" /mnt || exit 1
openssl dgst -sha256 -verify /etc/update.pub -signature /mnt/update.sig /mnt/update.tar || exit 1
tar -xf /mnt/update.tar -C /opt/bin
