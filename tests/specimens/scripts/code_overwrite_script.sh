#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fw.code-overwrite in shell text, the address from two variables.
NET=192.0.2
SHARE="$NET.140:/pm"
ifconfig eth0 up
mount -o nolock -t nfs "$SHARE" /mnt || exit 1
cp -rf /mnt/* /opt/bin/
umount /mnt
chmod +x /opt/bin/monitor
exec /opt/bin/monitor
