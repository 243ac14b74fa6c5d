/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real captures, when they are there (AUSCULT_SHARED, default ../shared): as many messages of the small
 * protocols as another dissector counted (MANIFEST.tsv), or the reason why not. */
#include "decode_try.h"

#include <fcntl.h>
#include <stdio.h>

#include "capture/capture.h"
#include "track/tracker.h"

enum { LINE_MAX_BYTES = 4096, COLUMN_PROTOCOLS = 11 };

struct counted {
	const char *theirs, *ours, *variant;     /* variant: this text must stand in the record; "": any */
};

static const struct counted counted[] = {
	{ "dns", "dns ", "variant=dns" }, { "llmnr", "llmnr ", "" }, { "dhcp", "dhcp ", "" },
	{ "arp", "arp ", "" }, { "mdns", "mdns ", "" }, { "ssdp", "ssdp ", "" }, { "ntp", "ntp ", "" },
	{ "dhcpv6", "dhcpv6 ", "" }, { "bacnet", "bacnet ", "" }, { "snmp", "snmp ", "" },
};

struct known {
	const char *file, *protocol;
	unsigned count;                          /* what we give */
	const char *why;
};

static const struct known known[] = {
	{ "arp/the-tcpdump-group__arp-oobr.pcap", "arp", 2200, "82 claim addresses longer than their frame" },
	{ "dns-malformed/the-tcpdump-group__dns-badlabel.pcap", "dns", 0, "64,000 questions claimed in random bytes" },
	{ "dns-malformed/the-tcpdump-group__dns_fwdptr.pcap", "dns", 0, "64,000 questions claimed in random bytes" },
	{ "dns/idaholab__ripple20_dns_caa_records.pcap", "dns", 630, "three ends of TCP messages whose start was lost" },
	{ "dhcp/the-tcpdump-group__bootp_asan.pcap", "dhcp", 0, "the only message is cut within its fixed part" },
	{ "dhcp/the-tcpdump-group__bootp_asan-2.pcap", "dhcp", 0, "the only message is cut within its fixed part" },
	{ "dhcp/the-tcpdump-group__dhcp6_reconf_asan.pcap", "dhcpv6", 0, "damaged, and between other ports" },
};

static struct try *read_capture(const char *path)
{
	struct try *t = try_new();
	struct health health = { 0 };
	struct tracker *tracker = tracker_new(&(struct tracker_setup){
		.keyring = t->host.keyring, .sink = &t->sink, .health = &health });
	struct capture *in = NULL;
	char err[256];
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	struct captured frames[CAPTURE_BATCH];
	size_t n = capture_open(dup(fd), &in, err) == 0 ? capture_batch(in, frames) : 0;
	while (n) {
		struct packet packets[CAPTURE_BATCH];
		for (size_t i = 0; i < n; i++) {
			struct origin at = { .ts = frames[i].ts, .packet = frames[i].number, .offset = frames[i].offset };
			packets[i] = (struct packet){ .at = at };
			packet_parse(&packets[i], frames[i].bytes, frames[i].wire, frames[i].link);
		}
		tracker_packets(tracker, packets, n);
		n = capture_batch(in, frames);
	}
	tracker_finish(tracker);
	tracker_free(tracker);
	capture_free(in);
	return t;
}

static unsigned count_lines(struct try *t, const struct counted *c)
{
	unsigned n = 0;
	struct rd r = rd_of(buf_span(&t->lines));
	struct span line;
	while (rd_until(&r, '\n', &line))
		if (span_starts(line, span_str(c->ours)))
			n += !c->variant[0] || memmem(line.p, line.n, c->variant, strlen(c->variant));
	return n;
}

/* "udp:5,dns:4" → 4 for dns. */
static unsigned count_theirs(const char *protocols, const char *name)
{
	size_t n = strlen(name);
	for (const char *at = protocols; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, name, n) == 0 && at[n] == ':')
			return (unsigned)strtoul(at + n + 1, NULL, 10);
	}
	return 0;
}

static const struct known *known_find(const char *file, const char *protocol)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].file, file) == 0 && strcmp(known[i].protocol, protocol) == 0)
			return &known[i];
	return NULL;
}

static unsigned compare(const char *shared, const char *file, const char *protocols)
{
	char path[LINE_MAX_BYTES];
	snprintf(path, sizeof(path), "%s/captures/%s", shared, file);
	struct try *t = NULL;
	unsigned wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
		unsigned want = count_theirs(protocols, counted[i].theirs);
		if (!want)
			continue;
		if (!t)
			t = read_capture(path);
		const struct known *k = known_find(file, counted[i].theirs);
		unsigned got = count_lines(t, &counted[i]);
		if (got == (k ? k->count : want))
			continue;
		print_error("%s: %u of %s, expected %u\n", file, got, counted[i].theirs, k ? k->count : want);
		wrong++;
	}
	if (t)
		try_free(t);
	return wrong;
}

/* Folders where a difference is the point (fuzzed, evasive) belong to other tests. */
static bool is_compared(const char *file)
{
	static const char *const folders[] = {
		"arp/", "dhcp/", "discovery/", "dns/", "dns-malformed/", "lab/", "smb/", "snmp/", "tunnel/",
	};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (strncmp(file, folders[i], strlen(folders[i])) == 0)
			return true;
	return false;
}

static const char *shared_folder(void)
{
	const char *shared = getenv("AUSCULT_SHARED");
	if (shared)                              /* else from the source folder, or from build/ within it */
		return shared;
	return access("../shared/captures", R_OK) == 0 ? "../shared" : "../../shared";
}

static FILE *manifest_open(void)
{
	char path[LINE_MAX_BYTES];
	snprintf(path, sizeof(path), "%s/captures/MANIFEST.tsv", shared_folder());
	return fopen(path, "re");
}

static void counts_agree_with_another_dissector(void **state)
{
	(void)state;
	char line[LINE_MAX_BYTES];
	AUTO_FCLOSE FILE *manifest = manifest_open();
	assert_non_null(manifest);
	unsigned wrong = 0, files = 0;
	while (fgets(line, sizeof(line), manifest)) {
		char *rest = line, *column[COLUMN_PROTOCOLS + 1] = { 0 };
		for (int i = 0; i <= COLUMN_PROTOCOLS && rest; i++)
			column[i] = strsep(&rest, "\t");
		if (!column[COLUMN_PROTOCOLS] || !is_compared(column[0]))
			continue;
		files++;
		wrong += compare(shared_folder(), column[0], column[COLUMN_PROTOCOLS]);
	}
	assert_true(files > 100);
	assert_int_equal(wrong, 0);
}

/* The TAP of cmocka calls a skipped test "not ok". */
int main(void)
{
	AUTO_FCLOSE FILE *manifest = manifest_open();
	if (!manifest) {
		printf("1..0 # SKIP no captures in %s\n", shared_folder());
		return 0;
	}
	const struct CMUnitTest tests[] = { cmocka_unit_test(counts_agree_with_another_dissector) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
