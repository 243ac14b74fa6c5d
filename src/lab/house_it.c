/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ward on a quiet morning, and the house's IT around it: management polls the printer and servers, building
 * control looks for its devices, nurses telephone, servers write logs, a gateway publishes where things are. None of
 * it is of concern, whatever it looks like: regular polls, broadcasts, text in clear. */
#include "lab/scenario.h"
#include "lab/ward.h"

enum { MQTT = 1883, POLL_EVERY = 300, PHONES = 3, FIRST_NUMBER = 4711, AIR_HANDLER = 2748, LOG_CRON = 78,
	LOG_AUTH = 38 };

static void management(struct ward *w, struct host *manager)
{
	struct net *n = w->net;
	struct host *const polled[] = { w->printer, w->nas, w->files };
	static const char *const systems[] = { "LaserPrinter 4500 FW 2.81", "Linux nas 5.10.0", "Windows Server 2019" };
	for (uint64_t at = n->start + 11 * SECOND; at < n->end; at += POLL_EVERY * SECOND)
		for (size_t i = 0; i < ARRAY_LEN(polled); i++)
			talk_snmp_poll(n, at + i * SECOND, manager, polled[i], "house-ro", systems[i]);
	talk_snmp_trap(n, n->start + 17 * MINUTE, w->printer, manager, "house-ro");
}

static void building(struct net *n, struct host *control, struct host *device)
{
	for (uint64_t at = n->start + 40 * SECOND; at < n->end; at += 10 * MINUTE)
		talk_bacnet_search(n, at, control, IP4(10, 20, 30, 255), device, AIR_HANDLER);
	talk_bacnet_read(n, n->start + MINUTE, control, device, AIR_HANDLER, "AHU-9000");
}

static void telephones(struct net *n, struct host *pbx)
{
	for (unsigned i = 0; i < PHONES; i++) {
		char name[16], mac[MAC_TEXT], ip[ADDR_TEXT];
		snprintf(name, sizeof(name), "PHONE-%u", i + 1);
		snprintf(mac, sizeof(mac), "00:04:f2:20:30:%02x", 0x70 + i);
		snprintf(ip, sizeof(ip), "10.20.30.%u", 112 + i);
		struct host *phone = net_host(n, name, mac, ip, 64, 0);
		for (uint64_t at = n->start + (5 + i) * SECOND; at < n->end; at += 20 * MINUTE)
			talk_sip_register(n, at, phone, pbx, FIRST_NUMBER + i);
		talk_sip_call(n, n->start + (12 + 9 * i) * MINUTE, phone, pbx, FIRST_NUMBER + i, 6 + net_below(n, 8));
	}
}

static void logs(struct ward *w, struct host *collector)
{
	struct net *n = w->net;
	for (uint64_t at = n->start + 3 * SECOND; at < n->end; at += net_between(n, 20 * SECOND, 200 * SECOND)) {
		talk_syslog(n, at, w->nas, collector, LOG_CRON, "CRON", "(root) CMD (run-parts /etc/cron.hourly)", false);
		talk_syslog(n, at + 4 * SECOND, w->backup, collector, LOG_AUTH, "sshd", "Accepted publickey for backup", true);
	}
}

static void things(struct net *n, struct host *gateway, struct host *broker)
{
	struct conv c = conv_of(n, gateway, broker, MQTT, n->start + 9 * SECOND);
	conv_open(&c);
	talk_mqtt_open(&c, "asset-gateway-2", "gateway", "Kessel-41-Blau");
	for (unsigned i = 0; c.now + MINUTE < n->end; i++) {
		char value[48];
		snprintf(value, sizeof(value), "{\"room\":%u,\"rssi\":-%u}", 100 + net_below(n, 20), 40 + net_below(n, 40));
		talk_mqtt_publish(&c, CLIENT, i % 2 ? "assets/bed-77/place" : "assets/chair-12/place", value);
		conv_wait(&c, net_between(n, 20 * SECOND, 50 * SECOND));
		talk_mqtt_ping(&c);
	}
	conv_close(&c, CLIENT);
}

static void make(struct net *n)
{
	struct ward w = ward_of(n);
	ward_ordinary(&w);
	struct host *manager = net_host(n, "manager", NULL, "10.20.1.60", 64, 1);
	struct host *control = net_host(n, "building", "00:60:2d:20:30:5a", "10.20.30.90", 64, 0);
	struct host *air = net_host(n, "air", "00:60:2d:20:30:5b", "10.20.30.91", 64, 0);
	struct host *gateway = net_host(n, "gateway", "00:50:56:20:30:5c", "10.20.30.92", 64, 0);
	management(&w, manager);
	building(n, control, air);
	telephones(n, net_host(n, "pbx", NULL, "10.20.1.61", 64, 1));
	logs(&w, net_host(n, "logs", NULL, "10.20.1.62", 64, 1));
	things(n, gateway, net_host(n, "broker", NULL, "10.20.1.63", 64, 1));
	for (unsigned i = 0; i < WARD_PCS; i++)
		talk_llmnr(n, n->start + (7 + 4 * i) * MINUTE, w.pc[i], "WS-NURSE-1", i ? w.pc[0] : NULL);
}

const struct scenario scenario_house_it = {
	.name = "house-it", .doc = "A quiet ward amid the house's IT: management, building control, telephones, logs, things",
	.expect = "nothing", .hours = 1, .make = make,
};
