/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor_pcap FILE: reads a capture with libpcap and does nothing with it, the yardstick of docs/performance.md. */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	char err[PCAP_ERRBUF_SIZE] = "";
	pcap_t *in = argc > 1 ? pcap_open_offline(argv[1], err) : NULL;
	if (!in) {
		fprintf(stderr, "floor_pcap: %s\n", err[0] ? err : "no capture to read");
		return 2;
	}
	uint64_t packets = 0, bytes = 0;
	struct pcap_pkthdr *head;
	const u_char *data;
	while (pcap_next_ex(in, &head, &data) == 1) {
		packets++;
		bytes += head->caplen;
	}
	pcap_close(in);
	printf("%" PRIu64 " packets, %" PRIu64 " bytes\n", packets, bytes);
	return 0;
}
