/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody in another network of the site logs in to a monitor by telnet and FTP with the published credential of
 * another product: first refused, then let in. The administrator's own logins to servers go on beside it. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { TELNET = 23, FTP = 21 };

static void telnet_try(struct conv *c, const char *user, const char *password, bool let_in)
{
	conv_text(c, SERVER, "monitor login: ");
	conv_wait(c, net_between(c->net, SECOND, 3 * SECOND));
	for (const char *p = user; *p; p++) {            /* a key at a time, each echoed */
		conv_text(c, CLIENT, "%c", *p);
		conv_text(c, SERVER, "%c", *p);
	}
	conv_text(c, CLIENT, "\r\n");
	conv_text(c, SERVER, "\r\nPassword: ");
	conv_wait(c, net_between(c->net, SECOND, 3 * SECOND));
	conv_text(c, CLIENT, "%s\r\n", password);
	conv_text(c, SERVER, let_in ? "\r\n\r\nservice shell\r\n# " : "\r\nLogin incorrect\r\n");
}

static void by_telnet(struct net *n, struct host *from, struct host *bed, uint64_t at)
{
	static const char *const typed[] = { "cat /etc/version\r\n", "ls /opt/monitor\r\n", "exit\r\n" };
	static const char *const shown[] = { "PM8000 2.4\r\n# ", "alarm.cfg bin lib\r\n# ", "logout\r\n" };
	struct conv c = conv_of(n, from, bed, TELNET, at);
	conv_open(&c);
	conv_send(&c, SERVER, SPAN_LIT("\xff\xfd\x18\xff\xfd\x20\xff\xfb\x01\xff\xfb\x03"));
	conv_send(&c, CLIENT, SPAN_LIT("\xff\xfc\x18\xff\xfc\x20\xff\xfd\x01\xff\xfd\x03"));
	telnet_try(&c, "root", "guess-1", false);
	telnet_try(&c, "insite", "2getin", true);
	for (size_t i = 0; i < ARRAY_LEN(typed); i++) {
		conv_wait(&c, net_between(n, 3 * SECOND, 9 * SECOND));
		conv_text(&c, CLIENT, "%s", typed[i]);
		conv_text(&c, SERVER, "%s%s", typed[i], shown[i]);
	}
	conv_close(&c, SERVER);
}

static void by_ftp(struct net *n, struct host *from, struct host *bed, uint64_t at)
{
	struct conv c = conv_of(n, from, bed, FTP, at);
	conv_open(&c);
	conv_text(&c, SERVER, "220 monitor FTP server ready\r\n");
	conv_text(&c, CLIENT, "USER insite\r\n");
	conv_text(&c, SERVER, "331 Password required\r\n");
	conv_text(&c, CLIENT, "PASS 2getin\r\n");
	conv_text(&c, SERVER, "230 User logged in\r\n");
	conv_text(&c, CLIENT, "PWD\r\n");
	conv_text(&c, SERVER, "257 \"/opt/monitor\" is current directory\r\n");
	conv_text(&c, CLIENT, "QUIT\r\n");
	conv_text(&c, SERVER, "221 Goodbye\r\n");
	conv_close(&c, SERVER);
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *stranger = net_host(n, "stranger", NULL, "10.20.1.77", 64, 1);
	by_telnet(n, stranger, w.bed[3], n->start + 21 * MINUTE);
	by_ftp(n, stranger, w.bed[3], n->start + 24 * MINUTE);
	struct conv own = conv_of(n, w.admin, w.nas, TELNET, n->start + 30 * MINUTE);    /* a server's own business */
	conv_open(&own);
	telnet_try(&own, "admin", "labor-7-Tuer", true);
	conv_close(&own, CLIENT);
}

const struct scenario scenario_default_login = {
	.name = "default-login", .doc = "A login to a monitor by telnet and FTP with a published credential",
	.expect = "one device: logged in to from another network of the site; the credential's product is named", .hours = 1,
	.make = make,
};
