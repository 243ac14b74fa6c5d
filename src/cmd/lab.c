/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `auscult lab`: synthetic captures of a ward, the names planted in them, and the bench's mix. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/scope.h"
#include "cmd/cmd.h"
#include "lab/firmware.h"
#include "lab/mix.h"
#include "lab/planted.h"
#include "lab/scenario.h"

enum { OUTPUT, SEED, HOURS, BYTES, PACKETS, HOSTS, FLOWS, PROGRAMS };

static int print(const struct buf *b)
{
	return command_write(STDOUT_FILENO, buf_span(b)) ? OUT_FAILED : OUT_CLEAN;
}

static int list(struct args *a)
{
	struct buf b __attribute__((cleanup(buf_done))) = { 0 };
	(void)a;
	for (size_t i = 0; scenarios[i]; i++)
		buf_printf(&b, "%-22s  %s\n%-22s  watch should say: %s\n", scenarios[i]->name, scenarios[i]->doc, "",
			   scenarios[i]->expect);
	for (size_t i = 0; firmwares[i].name; i++)
		buf_printf(&b, "firmware %-16s  %s\n%-25s  inspect should say: %s\n", firmwares[i].name, firmwares[i].doc,
			   "", firmwares[i].expect);
	return print(&b);
}

/* Every text of a planted person, a line each: none of them may appear in what the program writes. */
static int people(struct args *a)
{
	struct buf b __attribute__((cleanup(buf_done))) = { 0 };
	(void)a;
	for (size_t i = 0; i < PLANTED; i++) {
		const struct planted *p = &planted[i];
		buf_printf(&b, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n", p->family, p->given, p->id, p->birth, p->street,
			   p->phone, p->doctor);
		if (i == 0 || strcmp(p->department, planted[i - 1].department) != 0)
			buf_printf(&b, "%s\n", p->department);
	}
	return print(&b);
}

static int failed(struct args *a, const char *what, int err)
{
	log_error(&a->log, "%s: %s", what, strerror(-err));
	return OUT_FAILED;
}

/* Standard output for "-". NULL: errno says why. */
static FILE *output(const char *path)
{
	return strcmp(path, "-") ? fopen(path, "wb") : fdopen(dup(STDOUT_FILENO), "wb");
}

static int write_to(struct args *a, int (*make)(struct args *a, FILE *out))
{
	const char *path = args_text(a, OUTPUT);
	if (!path)
		return command_usage(a, "say where to write it: -o FILE, or -o - for standard output");
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO))
		return command_usage(a, "this is not for a terminal: use -o FILE or a pipe");
	FILE *out = output(path);
	if (!out)
		return failed(a, path, -errno);
	int err = make(a, out);
	if (fclose(out) && !err)
		err = -errno;
	return err ? failed(a, path, err) : OUT_CLEAN;
}

static int make_scenario(struct args *a, FILE *out)
{
	return scenario_write(scenario_find(a->rest[1]), args_number(a, SEED), (double)args_number(a, HOURS), out);
}

static int capture(struct args *a)
{
	const char *names[64] = { NULL };
	for (size_t i = 0; i < ARRAY_LEN(names) - 1 && scenarios[i]; i++)
		names[i] = scenarios[i]->name;
	if (a->nrest != 2)
		return command_usage(a, "name one scenario; `auscult lab list` shows them");
	if (scenario_find(a->rest[1]))
		return write_to(a, make_scenario);
	const char *near = option_nearest(a->rest[1], names);
	return command_usage(a, "there is no scenario \"%s\"%s%s%s", a->rest[1], near ? "; did you mean \"" : "",
			     near ? near : "",
			     near ? "\"?" : "");
}

static int make_mix(struct args *a, FILE *out)
{
	struct mix m = {
		.seed = args_number(a, SEED), .bytes = args_number(a, BYTES), .packets = args_number(a, PACKETS),
		.hosts = (uint32_t)args_number(a, HOSTS), .flows = args_number(a, FLOWS),
	};
	return m.flows ? mix_flows(&m, out) : mix_write(&m, out);
}

static int bench(struct args *a)
{
	uint64_t hosts = args_number(a, HOSTS);
	if (a->nrest != 1)
		return command_usage(a, "bench takes options only");
	if (hosts < MIX_HOSTS_MIN || hosts > MIX_HOSTS_MAX)
		return command_usage(a, "--hosts must be between %d and %d", MIX_HOSTS_MIN, MIX_HOSTS_MAX);
	if (args_number(a, FLOWS) > MIX_FLOWS_MAX)
		return command_usage(a, "--flows must be at most %d", MIX_FLOWS_MAX);
	return write_to(a, make_mix);
}

static int make_firmware(struct args *a, FILE *out)
{
	struct buf image __attribute__((cleanup(buf_done))) = { 0 };
	if (!firmware_write(firmware_find(a->rest[1]), args_number(a, SEED), (unsigned)args_number(a, PROGRAMS), &image))
		return -EFBIG;
	return fwrite(image.p, 1, image.n, out) == image.n ? 0 : -errno;
}

static int firmware(struct args *a)
{
	const char *names[16] = { NULL };
	for (size_t i = 0; i < ARRAY_LEN(names) - 1 && firmwares[i].name; i++)
		names[i] = firmwares[i].name;
	if (a->nrest != 2)
		return command_usage(a, "name one image; `auscult lab list` shows them");
	if (args_number(a, PROGRAMS) > FIRMWARE_PROGRAMS_MAX)
		return command_usage(a, "--programs must be at most %d", FIRMWARE_PROGRAMS_MAX);
	if (firmware_find(a->rest[1]))
		return write_to(a, make_firmware);
	const char *near = option_nearest(a->rest[1], names);
	return command_usage(a, "there is no image \"%s\"%s%s%s", a->rest[1], near ? "; did you mean \"" : "",
			     near ? near : "", near ? "\"?" : "");
}

static int run(struct args *a)
{
	static const struct {
		const char *name;
		int (*run)(struct args *a);
	} verbs[] = { { "list", list }, { "capture", capture }, { "firmware", firmware }, { "planted", people },
		      { "bench", bench } };
	for (size_t i = 0; a->nrest && i < ARRAY_LEN(verbs); i++)
		if (!strcmp(a->rest[0], verbs[i].name))
			return verbs[i].run(a);
	return command_usage(a, "say what the lab shall do: list, capture, firmware, planted or bench");
}

const struct command cmd_lab = {
	.name = "lab", .doc = "make synthetic captures of a ward and firmware images, for trying out, tests and measuring",
	.synopsis = "list | planted | capture [OPTION]... -o FILE SCENARIO | firmware [OPTION]... -o FILE SCENARIO | "
		    "bench [OPTION]... -o FILE",
	.about = "Everything the lab writes is synthetic: no real device, no real patient. Its patients' names are "
		 "invented and listed by `auscult lab planted`. The same scenario and seed give the same bytes.\n\n"
		 "`firmware` writes an image of a monitor that never was: a kernel's header, a cramfs, scripts and "
		 "ARM programs that the lab assembles; nothing in it can be started.\n\n"
		 "`bench` writes a large mix of conversations of all protocols in the classic pcap format, for "
		 "measuring.",
	.example = "auscult lab capture mixed -o ward.pcapng\n  write the ward with three monitors in trouble\n"
		   "auscult lab capture healthy -o - | auscult watch -r -\n  a quiet ward: nothing is found\n"
		   "auscult lab firmware hidden-update -o monitor.img && auscult inspect monitor.img\n"
		   "  an image whose program mounts a far share and runs what it finds there",
	OPTIONS({ "output", 'o', "FILE", OPTION_TEXT, "write it there; - is standard output" },
		{ "seed", 0, "N", OPTION_NUMBER, "start of the random generator", "8000" },
		{ "hours", 0, "H", OPTION_NUMBER, "packet time of a scenario; at least what its story needs", "1" },
		{ "bytes", 0, "N", OPTION_NUMBER, "bench: at least this many bytes of packets", "1600000000" },
		{ "packets", 0, "N", OPTION_NUMBER, "bench: at least this many packets", "3000000" },
		{ "hosts", 0, "N", OPTION_NUMBER, "bench: so many hosts talk", "4000" },
		{ "flows", 0, "N", OPTION_NUMBER,
		"bench: instead of the mix, so many TCP connections open at the same time", "0" },
		{ "programs", 0, "N", OPTION_NUMBER, "firmware: so many further programs, for measuring", "0" }),
	.run = run,
};
