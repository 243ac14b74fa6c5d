#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# The twin with the same calls: the pair is a setting, and the command is no other's.
import configparser, os, socket
settings = configparser.ConfigParser()
settings.read("/etc/agent.ini")
SERVER = (settings["agent"]["host"], int(settings["agent"]["port"]))
s = socket.create_connection(SERVER, timeout=10)
print("not 198.51.100.95")
os.system("uptime > /tmp/{}".format("x"))
