/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the lab's hosts say to each other, one file a protocol. Those over TCP are handed an open
 * conversation and leave it open unless they say otherwise; those over UDP are handed the ends and
 * the time. Nothing here reads anything. */
#pragma once

#include "lab/conv.h"
#include "lab/planted.h"
#include "lab/readings.h"

/* DNS question and one A answer; answer 0: no such name. Returns when the answer came. */
uint64_t talk_dns(struct net *n, uint64_t at, struct host *client, struct host *server, const char *name,
		  uint32_t answer);
/* The same for a TXT record of at most 255 bytes. */
uint64_t talk_dns_text(struct net *n, uint64_t at, struct host *client, struct host *server, const char *name,
		       struct span answer);
void     talk_mdns_announce(struct net *n, uint64_t at, struct host *h, const char *instance, const char *service,
			    const char *host_name, uint16_t port);
void     talk_nbns_register(struct net *n, uint64_t at, struct host *h, uint32_t broadcast, const char *name);
/* Asked of the segment; owner NULL: nobody answers, and it is asked once more. */
void     talk_llmnr(struct net *n, uint64_t at, struct host *asks, const char *name, struct host *owner);
void     talk_ntp(struct net *n, uint64_t at, struct host *client, struct host *server);

struct dhcp_client {
	const char *host_name, *vendor_class;
	const uint8_t *wants;                    /* parameter request list */
	size_t nwants;
	uint32_t dns;                            /* what the server tells it */
};
/* Discover to ack; the client has its address from then on. */
void talk_dhcp(struct net *n, uint64_t at, struct host *h, struct host *server, const struct dhcp_client *c);
void talk_dhcp_renew(struct net *n, uint64_t at, struct host *h, struct host *server, const struct dhcp_client *c);

void talk_tls_hello(struct conv *c, const char *sni);        /* hellos and what looks like the rest of a handshake */
void talk_tls_data(struct conv *c, enum conv_side from, size_t bytes);
/* One request with its answer; encoding may be NULL. */
void talk_http(struct conv *c, const char *host, const char *path, const char *type, const char *encoding,
	       struct span body);
void talk_ssh(struct conv *c, unsigned keys);
void talk_smb(struct conv *c, size_t bytes_down, size_t bytes_up);
/* Logs in anonymously on the open control conversation and fetches a file over one of its own. */
void talk_ftp(struct conv *control, const char *file, struct span content);
void talk_lpd(struct conv *c, const char *queue, const char *job, const char *user, struct span data);

struct hl7_sender {
	const char *application, *facility;      /* MSH-3, MSH-4: never a person */
	const char *to_application, *to_facility;
	const char *device;                      /* OBX-18 */
};
/* One MLLP message and its acknowledgement. `who` NULL: no identity at all. */
void talk_hl7_vitals(struct conv *c, const struct hl7_sender *s, const struct readings *r, const struct planted *who);
/* One curve of the same device: samples as text (OBX of type NA). */
void talk_hl7_curve(struct conv *c, const struct hl7_sender *s, const uint8_t *samples, size_t n);
void talk_hl7_admit(struct conv *c, const struct hl7_sender *s, const struct planted *who);

struct dicom_ends {
	const char *calling, *called;
};
void talk_dicom_open(struct conv *c, const struct dicom_ends *e);
void talk_dicom_echo(struct conv *c);
void talk_dicom_store(struct conv *c, const struct planted *who, unsigned instance);
void talk_dicom_close(struct conv *c);

/* One update cycle of the central-station stream: bed, perhaps the patient record, values, end. */
void talk_contec(struct conv *c, unsigned bed, const struct readings *r, const struct planted *who);

/* Philips: the monitor says what it is (name: its model) to all; a reader associates and polls it. `who` is told when
 * asked for only. */
struct intellivue_link {
	struct net *net;
	struct host *reader, *monitor;
	uint16_t port, invoke;
	uint64_t now;
};
void talk_intellivue_indicate(struct net *n, uint64_t at, struct host *monitor, uint32_t broadcast, const char *name);
struct intellivue_link talk_intellivue_link(struct net *n, struct host *reader, struct host *monitor, uint64_t at);
void talk_intellivue_open(struct intellivue_link *l, const char *name);
void talk_intellivue_poll(struct intellivue_link *l, const struct readings *now);
/* A second of ECG and pleth. */
void talk_intellivue_waves(struct intellivue_link *l, const struct readings *now);
void talk_intellivue_patient(struct intellivue_link *l, const struct planted *who);
void talk_intellivue_close(struct intellivue_link *l);

/* Mindray: the monitor announces itself; on the conversation that a reader opened it answers his query with the
 * patient (`who` NULL: nobody is entered) and then tells values. */
enum { MINDRAY_PORT = 4601 };
void talk_mindray_announce(struct net *n, uint64_t at, struct host *monitor, uint32_t broadcast);
void talk_mindray_open(struct conv *c, const struct planted *who);
void talk_mindray_values(struct conv *c, const struct readings *r);

/* Analysers, each a client of the laboratory's system; `who` NULL: a sample number alone. */
void talk_lis_results(struct conv *c, const char *analyser, unsigned sample, const struct planted *who);
void talk_poct_hello(struct conv *c, const char *model, const char *serial);
void talk_poct_result(struct conv *c, unsigned number, const struct planted *who);

struct nfs_file {
	const char *name;
	struct span content;
};
/* portmap over UDP, MNT over UDP, NFSv3 over TCP: each file looked up and read whole. No lock manager
 * (`nolock`). Returns when the last byte was read. */
uint64_t talk_nfs(struct net *n, uint64_t at, struct host *client, struct host *server, const char *path,
		  const struct nfs_file *files, size_t nfiles);

/* sysDescr and sysName, asked and answered; descr as the agent says. */
void talk_snmp_poll(struct net *n, uint64_t at, struct host *manager, struct host *agent, const char *community,
		    const char *descr);
void talk_snmp_trap(struct net *n, uint64_t at, struct host *agent, struct host *manager, const char *community);
void talk_bacnet_search(struct net *n, uint64_t at, struct host *asks, uint32_t broadcast, struct host *device,
			uint32_t number);
void talk_bacnet_read(struct net *n, uint64_t at, struct host *asks, struct host *device, uint32_t number,
		      const char *model);
/* priority: facility * 8 + severity. */
void talk_syslog(struct net *n, uint64_t at, struct host *from, struct host *to, unsigned priority, const char *app,
		 const char *message, bool new_format);
void talk_sip_register(struct net *n, uint64_t at, struct host *phone, struct host *pbx, unsigned number);
/* Call, voice both ways for so long, end. */
void talk_sip_call(struct net *n, uint64_t at, struct host *phone, struct host *pbx, unsigned number, unsigned seconds);
/* user NULL: without credentials. Topic and value together below 120 bytes. */
void talk_mqtt_open(struct conv *c, const char *client, const char *user, const char *password);
void talk_mqtt_publish(struct conv *c, enum conv_side from, const char *topic, const char *value);
void talk_mqtt_ping(struct conv *c);
