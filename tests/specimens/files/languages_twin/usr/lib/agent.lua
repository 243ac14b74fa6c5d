#!/usr/bin/lua
-- SPDX-License-Identifier: GPL-2.0-or-later
-- The twin with the same calls: the address is a setting, and 203.0.113.94 only a word.
local socket = require("socket")
local uci = require("uci").cursor()
local host, port = uci:get("agent", "main", "host"), uci:get("agent", "main", "port")
local c = socket.tcp()
if host and c:connect(host, port) then
	local p = io.popen("cat /proc/loadavg")
	c:send(p:read("*a"))
	p:close()
end
