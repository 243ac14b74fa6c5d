/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The images: which files each scenario holds, and how they are put together. */
#include "lab/firmware.h"

#include <stdio.h>

#include "lab/firmware_monitor.h"
#include "lab/rootfs.h"
#include "lab/scenario.h"

enum { FLASH_PART = 64 << 10, KERNEL_GRAIN = 24 << 10, PICTURE = 116 << 10, IMAGE_CAP = 256 << 20 };

const struct firmware firmwares[] = {
	{ "healthy", "server and switches from a settings file, updates verified by signature",
	  "nothing above info", 0 },
	{ "hidden-update", "the monitor's program mounts 202.114.4.119:/pm, copies over its own programs and runs them",
	  "critical: remote mount and code overwrite, with the address put together from numbers",
	  FW_UPDATE_IN_PROGRAM | FW_INTERFACE_AT_BOOT },
	{ "script-update", "a start-up script does the same; the program is the healthy one",
	  "critical: remote mount and code overwrite in the script", FW_UPDATE_IN_SCRIPT | FW_INTERFACE_AT_BOOT },
	{ "startup-only-fix", "hidden-update, \"fixed\" by taking the network out of the start-up script",
	  "critical as before: the program is unchanged", FW_UPDATE_IN_PROGRAM },
	{ "not-started-fix", "hidden-update, \"fixed\" by taking the monitor's line out of inittab",
	  "critical as before; --against hidden-update: still there but no longer started",
	  FW_UPDATE_IN_PROGRAM | FW_INTERFACE_AT_BOOT | FW_NOT_STARTED },
	{ "renamed-update", "hidden-update with its program built anew under another name in another folder",
	  "critical; --against hidden-update: moved or changed, nothing removed, nothing new",
	  FW_UPDATE_IN_PROGRAM | FW_INTERFACE_AT_BOOT | FW_RENAMED },
	{ "text-update", "hidden-update with the command that mounts as text in the program",
	  "critical", FW_UPDATE_IN_PROGRAM | FW_INTERFACE_AT_BOOT | FW_AS_TEXT },
	{ "encoded-update", "text-update with that text masked in the file and decoded when it is needed",
	  "critical; --against text-update: changed, nothing removed, nothing new",
	  FW_UPDATE_IN_PROGRAM | FW_INTERFACE_AT_BOOT | FW_ENCODED },
	{ .name = NULL },
};

const struct firmware *firmware_find(const char *name)
{
	for (size_t i = 0; firmwares[i].name; i++)
		if (!strcmp(firmwares[i].name, name))
			return &firmwares[i];
	return NULL;
}

static void program(struct rootfs *t, const char *path, void (*make)(struct arm *a))
{
	struct arm *a = arm_new();
	struct buf *out = rootfs_file(t, path, 0755);
	make(a);
	if (!arm_link(a, out))
		out->full = true;
	arm_free(a);
}

static void start_up(struct rootfs *t, unsigned parts)
{
	struct buf *table = rootfs_file(t, "etc/inittab", 0644);
	buf_text(table, "::sysinit:/etc/init.d/rcS\n");
	if (!(parts & FW_NOT_STARTED))
		buf_printf(table, "::respawn:%s\n", parts & FW_RENAMED ? "/opt/app/patientui" : "/opt/bin/monitor");
	buf_text(table, "::ctrlaltdel:/sbin/reboot\n");
	struct buf *rc = rootfs_file(t, "etc/init.d/rcS", 0755);
	buf_text(rc, "#!/bin/sh\n# Synthetic: made by `auscult lab firmware`; no maker's code.\n"
		     "mount -t proc proc /proc\nmount -t ramfs ramfs /tmp\nifconfig lo 127.0.0.1\n");
	buf_text(rc, parts & FW_INTERFACE_AT_BOOT ? "ifconfig eth0 up\n"
		 : parts ? "" : ". /etc/network.conf\n[ \"$NETWORK\" = yes ] && ifconfig eth0 \"$ADDRESS\"\n");
	if (!(parts & FW_UPDATE_IN_SCRIPT))
		return;
	buf_text(rc, "/etc/init.d/netupdate.sh &\n");
	rootfs_text(t, "etc/init.d/netupdate.sh", 0755,
		    "#!/bin/sh\n# Synthetic: made by `auscult lab firmware`; no maker's code.\nCENTER=202.114.4\n"
		    "SHARE=$CENTER.119:/pm\nifconfig eth0 up\nmount -o nolock -t nfs $SHARE /mnt || exit 0\n"
		    "cp -rf /mnt/* /opt/bin\numount /mnt\nchmod +x /opt/bin/monitor\nexec /opt/bin/monitor\n");
}

static void settings(struct rootfs *t)
{
	rootfs_text(t, "etc/passwd", 0644, "root:x:0:0:root:/:/bin/false\nmonitor:x:100:100::/:/bin/false\n");
	rootfs_text(t, "etc/shadow", 0600, "root:!:14000::::::\nmonitor:!:14000::::::\n");
	rootfs_text(t, "etc/group", 0644, "root:x:0:\nmonitor:x:100:\n");
	rootfs_text(t, "etc/hosts", 0644, "127.0.0.1 localhost\n");
	rootfs_text(t, "etc/issue", 0644, "Synthetic firmware of the auscult lab. Not a product, not for a device.\n");
	rootfs_text(t, "etc/version", 0644, "PM8000 2.6.27-lab\n");
	rootfs_text(t, "etc/network.conf", 0644, "NETWORK=no\nADDRESS=10.20.30.40\nNETMASK=255.255.255.0\n");
	rootfs_text(t, "etc/monitor.conf", 0644, "# the hospital's own central station\nserver=10.20.30.5\nport=6000\n");
	rootfs_text(t, "etc/ntp.conf", 0644, "server 0.pool.ntp.org\n");
}

static void boxes(struct rootfs *t)
{
	static const char *const links[] = {
		"bin/ash", "bin/cat", "bin/chmod", "bin/cp", "bin/ls", "bin/mount", "bin/sh", "bin/umount",
		"sbin/ifconfig", "sbin/init", "sbin/reboot", "usr/bin/wget",
	};
	static const char *const folders[] = { "dev", "mnt", "opt/data", "proc", "tmp", "var" };
	program(t, "bin/busybox", box_program);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		rootfs_link(t, links[i], "/bin/busybox");
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		rootfs_folder(t, folders[i]);
}

/* Bytes of no meaning that look neither compressed nor like text. */
static void grain(struct net *dice, struct buf *out, size_t bytes)
{
	for (; bytes >= 4; bytes -= 4)
		buf_le32(out, (uint32_t)net_random(dice) & 0x030f1f3f);
}

/* What stands for a kernel: its version line, bytes of no meaning, an initramfs. Nothing in it is code. */
static void kernel(struct net *dice, struct buf *out)
{
	AUTO_BUF bytes = { 0 };
	AUTO_BUF packed = { 0 };
	struct rootfs *initramfs = rootfs_new();
	static const char line[] = "Linux version 2.6.27.8 (lab@auscult) (gcc version 4.1.2) #1 PREEMPT Mon Mar 2 07:00:00 "
				   "UTC 2026\n";
	rootfs_text(initramfs, "init", 0755,
		    "#!/bin/sh\nmount -t cramfs /dev/mtdblock2 /root\nexec switch_root /root /sbin/init\n");
	rootfs_folder(initramfs, "root");
	grain(dice, &bytes, KERNEL_GRAIN / 2);
	buf_bytes(&bytes, span_of(line, sizeof(line)));
	grain(dice, &bytes, KERNEL_GRAIN / 2);
	buf_fill(&bytes, 0, (4 - bytes.n % 4) % 4);
	cpio_write(initramfs, &bytes);
	gzip_write(buf_span(&bytes), &packed);
	const struct uimage head = { .name = "Linux-2.6.27.8-lab", .load = 0x80008000, .entry = 0x80008000,
				     .time = (uint32_t)(SCENARIO_START / SECOND), .os = 5, .cpu = 2, .type = 2,
				     .compression = 1 };
	uimage_write(&head, buf_span(&packed), out);
	out->full |= packed.full;
	rootfs_free(initramfs);
}

static void fillers(struct rootfs *t, struct net *dice, unsigned programs)
{
	for (unsigned i = 0; i < programs; i++) {
		char path[32];
		snprintf(path, sizeof(path), "opt/data/picture%03u", i);
		net_noise(dice, rootfs_file(t, path, 0644), PICTURE);    /* as incompressible as pictures are */
		snprintf(path, sizeof(path), "opt/lib/part%03u", i);
		struct arm *a = arm_new();
		struct buf *out = rootfs_file(t, path, 0755);
		filler_program(a, dice);
		if (!arm_link(a, out))
			out->full = true;
		arm_free(a);
	}
}

static void monitor(struct rootfs *t, unsigned parts)
{
	program(t, parts & FW_RENAMED ? "opt/app/patientui" : "opt/bin/monitor",
		parts & FW_RENAMED	       ? monitor_renamed
		: parts & FW_AS_TEXT	       ? monitor_as_text
		: parts & FW_ENCODED	       ? monitor_encoded
		: parts & FW_UPDATE_IN_PROGRAM ? monitor_obeying
					       : monitor_configured);
}

static bool is_whole(const struct rootfs *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->v[i].content.full)
			return false;
	return true;
}

bool firmware_write(const struct firmware *f, uint64_t seed, unsigned programs, struct buf *out)
{
	struct net *dice = net_new(seed, SCENARIO_START, 0, 1);
	struct rootfs *t = rootfs_new();
	out->cap = IMAGE_CAP;
	kernel(dice, out);
	buf_fill(out, 0xff, (FLASH_PART - out->n % FLASH_PART) % FLASH_PART);
	start_up(t, f->parts);
	settings(t);
	boxes(t);
	monitor(t, f->parts);
	fillers(t, dice, programs);
	cramfs_write(t, "lab firmware", out);
	bool ok = is_whole(t) && !out->full;
	rootfs_free(t);
	net_free(dice);
	return ok;
}
