/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What programs do: a reader for each row of tools.def makes acts of the words of its command. */
#pragma once

#include "fw/pass/line.h"

#define TOOL(name, reader, valued, word) void tool_##reader(struct line *l);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#include "fw/pass/tools.def"
#pragma GCC diagnostic pop
#undef TOOL
