/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crontab(5), systemd.service(5), inittab(5) of sysvinit and BusyBox, inetd.conf(5), udev(7), mdev.conf: the command in
 * a line. */
#include "fw/pass/table_line.h"

#include "base/ascii.h"
#include "base/scope.h"

static struct span rest_of(struct rd *r)
{
	while (rd_left(r) && (rd_peek(r) == ' ' || rd_peek(r) == '\t'))
		rd_skip(r, 1);
	return rd_rest(r);
}

/* Five fields or @when, in the system's tables a user too; a setting of the environment is none. */
static struct span cron_command(const char *path, struct span line)
{
	bool users = strstr(path, "crontabs/") != NULL;
	struct rd r = rd_of(line);
	uint8_t c = rd_peek(&r);
	if (!(c == '@' || c == '*' || (c >= '0' && c <= '9')))
		return (struct span){ 0 };
	for (int i = (c == '@' ? 1 : 5) + !users; i > 0; i--)
		(void)rd_word(&r, " \t");
	return rest_of(&r);
}

/* ExecStart= and its kin, with the signs before the program. */
static struct span unit_command(struct span line)
{
	struct rd r = rd_of(line);
	struct span key;
	if (!span_starts(line, SPAN_LIT("Exec")) || !rd_until(&r, '=', &key) || span_starts(key, SPAN_LIT("ExecStop")))
		return (struct span){ 0 };
	while (rd_left(&r) && strchr("-@:+! ", rd_peek(&r)))
		rd_skip(&r, 1);
	return rd_rest(&r);
}

/* ID:LEVELS:ACTION:COMMAND; "-" before a log-in shell. What is off, or run when the device stops, starts nothing. */
static struct span inittab_command(struct span line)
{
	static const char *const idle[] = { "off", "initdefault", "shutdown", "ctrlaltdel" };
	struct rd r = rd_of(line);
	struct span field = { 0 };
	for (int i = 0; i < 3; i++)
		if (!rd_until(&r, ':', &field))
			return (struct span){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(idle); i++)
		if (span_is(field, idle[i]))
			return (struct span){ 0 };
	if (rd_peek(&r) == '-')
		rd_skip(&r, 1);
	return rd_rest(&r);
}

/* NAME TYPE PROTOCOL FLAGS USER PROGRAM ARGUMENTS, the first of which is the program's name again. */
static struct span inetd_command(struct span line)
{
	struct rd r = rd_of(line);
	struct span program = { 0 };
	for (int i = 0; i < 6; i++)
		program = rd_word(&r, " \t");
	struct span arguments = rest_of(&r);
	return arguments.n ? arguments : program;
}

/* udev(7): RUN+="COMMAND" and its kin, where \" stands for a quotation mark; the first of a line. */
static struct span udev_command(struct span line)
{
	static const char *const keys[] = { "RUN", "PROGRAM", "IMPORT{program}" };
	struct rd r = rd_of(line);
	struct span part;
	while (rd_left(&r)) {
		part = rd_piece(&r, '"');        /* KEY=, or what stands behind it */
		size_t n = part.n;
		while (n && strchr("+:= \t", part.p[n - 1]))
			n--;
		struct span key = span_cut(part, n), value = rd_piece(&r, '"');
		for (size_t i = 0; i < ARRAY_LEN(keys); i++)
			if (key.n >= strlen(keys[i]) && span_starts(span_from(key, key.n - strlen(keys[i])), span_str(keys[i])))
				return value;
	}
	return (struct span){ 0 };
}

/* BusyBox's mdev: DEVICE USER:GROUP MODE [=NAME] [@|$|*COMMAND]. */
static struct span mdev_command(struct span line)
{
	struct rd r = rd_of(line);
	(void)rd_word(&r, " \t");
	(void)rd_word(&r, " \t");
	for (struct span rest = rest_of(&r); rest.n;) {
		struct rd in = rd_of(rest);
		struct span word = rd_word(&in, " \t");
		if (memchr("@$*", word.p[0], 3))
			return span_from(rest, 1);
		rest = rest_of(&in);
	}
	return (struct span){ 0 };
}

struct span table_field(struct span line, unsigned field)
{
	struct rd r = rd_of(line);
	struct span word = rd_word(&r, " \t");
	while (field-- > 0)
		word = rd_word(&r, " \t");
	return word;
}

bool table_is(enum scene_kind kind)
{
	return kind == SCENE_CRON || kind == SCENE_UNIT || kind == SCENE_INITTAB || kind == SCENE_INETD ||
	       kind == SCENE_HOTPLUG;
}

struct span table_command(const struct scene_file *f, struct span line)
{
	if (line.n && (line.p[0] == '#' || line.p[0] == ';'))
		return (struct span){ 0 };
	if (f->kind == SCENE_CRON)
		return cron_command(f->path, line);
	if (f->kind == SCENE_UNIT)
		return unit_command(line);
	if (f->kind == SCENE_HOTPLUG)
		return span_has(span_str(f->path), "mdev.conf") ? mdev_command(line) : udev_command(line);
	return f->kind == SCENE_INITTAB ? inittab_command(line) : inetd_command(line);
}
