#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fw.remote-shell: a shell without a login.
/usr/sbin/telnetd -p 2324 -l /bin/sh
