/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands, made from cmd.def. */
#include "cmd/cmd.h"

#define CMD(name) extern const struct command cmd_##name;
#define CMD_IN(file, name) extern const struct command cmd_##name;
#include "cmd/cmd.def"
#undef CMD
#undef CMD_IN

const struct command *const commands[] = {
#define CMD(name) &cmd_##name,
#define CMD_IN(file, name) &cmd_##name,
#include "cmd/cmd.def"
#undef CMD
#undef CMD_IN
	NULL,
};
