/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The detectors around fetching (mounts, pulled programs, what comes before and after) on a ward made by
 * hand: the quiet hospital first. */
#include "fake_ward.h"

#include "decode/rpc.h"

extern const struct detector detector_remote_mount, detector_code_pull, detector_interface_forced, detector_after_pull;
extern const struct decoder decoder_rpc, decoder_arp, decoder_icmp6, decoder_dhcp, decoder_ftp;

static const struct detector *const table[] = {
	&detector_remote_mount, &detector_code_pull, &detector_interface_forced, &detector_after_pull, NULL,
};
static const struct decoder *const from[] = {
	&decoder_rpc, &decoder_arp, &decoder_icmp6, &decoder_dhcp, &decoder_ftp, NULL,
};

#define MONITOR "10.1.2.3"
#define SERVER  "10.1.2.200"
#define OTHER   "10.1.2.201"
#define FACTORY "202.114.4.119"
#define FAR     "203.0.113.9"

enum { NFS = 2049, MOUNTD = 20048, PORTMAP = 111, UDP = 17, TCP = 6 };

static struct ward *ward(const char *conf)
{
	struct ward *w = ward_new(table, from, conf);
	w->router = ward_mac(60000);
	return w;
}

static struct ward *ward_of_monitor(void)
{
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	return w;
}

static void later(struct ward *w, uint64_t seconds)
{
	w->ts += seconds * 1000000000u;
}

static void put(struct record *r, const char *field, const char *text)
{
	int i = record_type_field(r->type, field);
	assert_true(i >= 0);
	record_str(r, (unsigned)i, text);
}

static void put_uint(struct record *r, const char *field, uint64_t v)
{
	int i = record_type_field(r->type, field);
	assert_true(i >= 0);
	record_uint(r, (unsigned)i, v);
}

/* ---- one exchange, answered or not ---- */

struct call {
	const struct record_type *type;
	const char *procedure, *path, *status;   /* status NULL: nobody answers */
	uint16_t port;
	uint8_t proto;
	uint64_t number, version, count;         /* 0: not said */
};

static void said(struct ward *w, const struct origin *at, const struct call *c, bool reply)
{
	struct record r;
	record_begin(&r, c->type, at, &w->host);
	put(&r, "message", reply ? "reply" : "call");
	put(&r, "procedure", c->procedure);
	put_uint(&r, "version", c->version ? c->version : 3);
	if (c->path)
		put(&r, "path", c->path);
	if (c->number)
		put_uint(&r, "number", c->number);
	if (reply)
		put(&r, "status", c->status);
	if (reply && c->count)
		put_uint(&r, "count", c->count);
	ward_publish(w, &r);
}

static struct origin exchange(struct ward *w, const char *a, const char *b, struct call c)
{
	struct origin at = ward_packet(w, a, b, c.port, c.proto);
	said(w, &at, &c, false);
	if (c.status) {
		struct origin back = ward_back(w, at);
		said(w, &back, &c, true);
	}
	return at;
}

static void portmap(struct ward *w, const char *a, const char *b, const char *status)
{
	exchange(w, a, b, (struct call){ .type = &portmap_type, .procedure = "GETPORT", .number = 100005,
					 .status = status, .port = PORTMAP, .proto = UDP, .version = 2 });
}

static void mount(struct ward *w, const char *a, const char *b, const char *path, const char *status)
{
	exchange(w, a, b, (struct call){ .type = &mount_type, .procedure = "MNT", .path = path, .status = status,
					 .port = MOUNTD, .proto = UDP });
}

static void nfs_read(struct ward *w, const char *a, const char *b, uint64_t bytes, uint64_t version)
{
	exchange(w, a, b, (struct call){ .type = &nfs_type, .procedure = "READ", .path = "monitor", .status = "ok",
					 .port = NFS, .proto = TCP, .count = bytes, .version = version });
}

static void lock(struct ward *w, const char *a, const char *b)
{
	exchange(w, a, b, (struct call){ .type = &nlm_type, .procedure = "LOCK", .status = "ok", .port = 4045,
					 .proto = TCP });
}

struct file {
	const char *from, *to, *via, *path, *class;
	uint16_t port;
	bool code, upload, hashed;
};

static void file_at(struct ward *w, const struct file *f, const struct origin *at)
{
	static const uint8_t sha256[32] = { 0xab, 0xcd };
	struct record r;
	record_begin(&r, &ward_transfer, at, &w->host);
	put(&r, "via", f->via);
	put(&r, "path", f->path);
	put(&r, "class", f->class);
	record_bool(&r, WARD_FILE_CODE, f->code);
	record_bool(&r, WARD_FILE_TO_SERVER, f->upload);
	record_bool(&r, WARD_FILE_WHOLE, f->hashed);
	put_uint(&r, "bytes", 4096);
	if (f->hashed)
		record_hash(&r, WARD_FILE_SHA256, sha256);
	ward_publish(w, &r);
}

/* The file travels from `from` to `to`; whoever stores it is the client unless it is an upload. */
static void file(struct ward *w, struct file f)
{
	struct origin at = ward_packet(w, f.upload ? f.from : f.to, f.upload ? f.to : f.from, f.port, TCP);
	struct origin back = f.upload ? at : ward_back(w, at);
	file_at(w, &f, &back);
}

static struct file program(const char *source, const char *target, const char *via)
{
	return (struct file){ .from = source, .to = target, .via = via, .path = "monitor", .class = "ELF program (ARM)",
			      .port = NFS, .code = true, .hashed = true };
}

/* Somebody connects to a port, which answers. */
static struct origin listens(struct ward *w, const char *caller, const char *device, uint16_t port)
{
	struct origin at = ward_contact_to(w, caller, device, port, TCP);
	ward_answered(w, at, 64);
	return at;
}

/* ---- quiet ---- */

static void nfs_between_servers_and_workstations_is_silent(void **state)
{
	(void)state;
	static const enum device_role roles[] = {
		ROLE_SERVER, ROLE_WORKSTATION, ROLE_UNKNOWN, ROLE_PACS, ROLE_HL7_ENGINE,
	};
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_SERVER, "nas", SERVER);
	for (unsigned i = 0; i < ARRAY_LEN(roles); i++) {
		char a[32];
		snprintf(a, sizeof(a), "10.1.2.%u", 10 + i);
		ward_device(w, roles[i], "h", a);
		portmap(w, a, SERVER, "ok");
		mount(w, a, SERVER, "/export", "ok");
		nfs_read(w, a, SERVER, 8192, 3);
		later(w, 60);
		listens(w, OTHER, a, 22);
	}
	ward_quiet(w);
}

static void ordinary_downloads_are_silent(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_WORKSTATION, "pc", "10.1.2.50");
	ward_device(w, ROLE_UNKNOWN, NULL, "10.1.2.51");
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	ward_device(w, ROLE_SERVER, "srv", SERVER);
	file(w, program(FAR, "10.1.2.50", "http"));              /* browsing */
	file(w, program(FAR, "10.1.2.51", "http"));
	file(w, program(SERVER, "10.1.2.51", "tftp"));           /* a telephone that boots */
	struct file log = program(MONITOR, FAR, "ftp");          /* what the monitor sends is no pull */
	log.upload = true;
	file(w, log);
	struct file page = program(FAR, MONITOR, "http");        /* no program */
	page.code = false;
	file(w, page);
	ward_quiet(w);
}

static void an_allowed_server_is_silent(void **state)
{
	(void)state;
	struct ward *w = ward("[allow service]\nto = 203.0.113.9\n");
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	mount(w, MONITOR, FAR, "/update", "ok");
	nfs_read(w, MONITOR, FAR, 8192, 3);
	file(w, program(FAR, MONITOR, "nfs"));
	later(w, 20);
	listens(w, SERVER, MONITOR, 8080);
	ward_quiet(w);
}

static void a_device_that_was_talking_all_along_was_not_forced(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	ward_device(w, ROLE_CENTRAL, "cms", SERVER);
	struct origin at = ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
	uint64_t begun = at.ts;
	later(w, 3600);
	ward_arp(w, &decoder_arp, ward_mac(m), MONITOR, MONITOR, 1);
	mount(w, MONITOR, FAR, "/pm", "ok");
	ASSERT_SAYS(ward_said(w), "net.interface-forced");       /* as far as is known now */
	struct record r;
	record_begin(&r, &ward_flow, &at, &w->host);
	record_time(&r, WARD_FLOW_FIRST, begun);
	record_time(&r, WARD_FLOW_LAST, w->ts);
	record_uint(&r, WARD_FLOW_UP, 900);
	ward_publish(w, &r);
	const char *text = ward_said(w);
	ASSERT_SILENT(text, "net.interface-forced");
	ASSERT_SAYS(text, "net.remote-mount");
	ward_free(w);
}

static void a_device_at_the_start_of_the_capture_is_not_new(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	w->devices.v[m].first = w->ts;
	ward_arp(w, &decoder_arp, ward_mac(m), MONITOR, MONITOR, 1);
	mount(w, MONITOR, FAR, "/pm", "ok");
	ASSERT_SILENT(ward_said(w), "net.interface-forced");
	ward_free(w);
}

static void a_port_that_answered_before_is_not_new(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	listens(w, SERVER, MONITOR, 22);
	mount(w, MONITOR, FAR, "/pm", "ok");
	later(w, 20);
	listens(w, FAR, MONITOR, 22);
	later(w, 3600);
	listens(w, SERVER, MONITOR, 8080);                       /* new, but long after */
	ASSERT_SILENT(ward_said(w), "net.after-pull");
	ward_free(w);
}

static void a_data_connection_that_the_device_asked_for_is_no_listener(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	file(w, program(FAR, MONITOR, "ftp"));
	struct origin at = ward_contact_to(w, MONITOR, FAR, 21, TCP);
	struct record r;
	record_begin(&r, decoder_ftp.types[0], &at, &w->host);
	put(&r, "command", "PORT");
	put_uint(&r, "port", 40123);
	record_addr(&r, (unsigned)record_type_field(r.type, "address"), ward_ip(MONITOR));
	ward_publish(w, &r);
	listens(w, FAR, MONITOR, 40123);
	ASSERT_SILENT(ward_said(w), "net.after-pull");
	ward_free(w);
}

/* A hospital whose own network has public addresses. */
static void a_neighbour_that_does_not_answer_is_inside_as_one_that_does(void **state)
{
	(void)state;
	static const char station[] = "203.0.113.20", nas[] = "203.0.113.30";
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_UNKNOWN, NULL, station);
	ward_device(w, ROLE_SERVER, "nas", nas);
	ward_contact_to(w, station, nas, MOUNTD, UDP);           /* unrouted, within its network: it is on the wire */
	mount(w, station, nas, "/export", NULL);
	ward_quiet(w);

	w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", station);
	ward_device(w, ROLE_SERVER, "nas", nas);
	ward_contact_to(w, station, nas, MOUNTD, UDP);
	mount(w, station, nas, "/export", NULL);
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "\"rule\":\"net.remote-mount\",\"severity\":\"low\"");
	ASSERT_SILENT(text, "\"scope\":\"outside\"");
	ward_free(w);
}

/* ---- what must be seen ---- */

static void a_neighbours_number_behind_a_router_is_outside(void **state)
{
	(void)state;
	static const char station[] = "203.0.113.20";
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_MONITOR, "mon-3", station);
	zone_saw_router(w->zones, w->router);
	zone_saw_claim(w->zones, ward_ip(station), ward_mac(1), w->ts);
	mount(w, station, "203.0.113.30", "/export", NULL);
	ASSERT_SAYS(ward_said(w), "\"rule\":\"net.remote-mount\",\"severity\":\"high\"");
	ward_free(w);
}

static void a_mount_from_outside_is_one_finding_with_all_that_belongs_to_it(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	portmap(w, MONITOR, FACTORY, "ok");
	mount(w, MONITOR, FACTORY, "/pm", "ok");
	nfs_read(w, MONITOR, FACTORY, 8192, 3);
	nfs_read(w, MONITOR, FACTORY, 51, 3);
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.remote-mount\""), 1);
	ASSERT_SAYS(text, "\"rule\":\"net.remote-mount\",\"severity\":\"critical\"");
	ASSERT_SAYS(text, "Patient monitor mon-3 (10.1.2.3) mounted /pm of 202.114.4.119, outside the site, and read "
			  "8243 bytes");
	ASSERT_SAYS(text, "\"path\":\"/pm\"");
	ASSERT_SAYS(text, "\"traits\":[\"portmap\",\"nolock\",\"answered\"]");
	ASSERT_SAYS(text, "\"bytes\":8243");
	ASSERT_SAYS(text, "the server gives the directory");
	assert_string_equal(ward_said(w), text);                 /* judging again gives the same */
	ward_free(w);
}

static void locks_take_the_trait_back(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	mount(w, MONITOR, FAR, "/pm", "ok");
	ASSERT_SAYS(ward_said(w), "nolock");
	lock(w, MONITOR, FAR);
	const char *text = ward_said(w);
	ASSERT_SILENT(text, "\"nolock\"");
	ASSERT_SAYS(text, "\"answered\"");
	ward_free(w);
}

static void version_4_has_locks_of_its_own(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_PUMP, "pump", MONITOR);
	nfs_read(w, MONITOR, FAR, 100, 4);
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "net.remote-mount");
	ASSERT_SILENT(text, "\"nolock\"");
	ward_free(w);
}

static void an_unanswered_or_refused_mount_is_an_attempt(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	mount(w, MONITOR, FACTORY, "/pm", NULL);
	mount(w, MONITOR, FAR, "/pm", "ACCES");
	portmap(w, MONITOR, "203.0.113.10", NULL);
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.remote-mount\",\"severity\":\"high\""), 3);
	ASSERT_SAYS(text, "tried to mount /pm of 202.114.4.119, outside the site; nobody answered");
	ASSERT_SAYS(text, "it was refused");
	ASSERT_SAYS(text, "asked 203.0.113.10, outside the site for its file service; nobody answered");
	ASSERT_SILENT(text, "\"nolock\"");
	ward_free(w);
}

static void inside_only_devices_at_the_patient_count(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	ward_device(w, ROLE_UNKNOWN, NULL, OTHER);
	ward_device(w, ROLE_SERVER, "nas", SERVER);
	mount(w, MONITOR, OTHER, "/x", "ok");
	mount(w, MONITOR, SERVER, "/y", "ok");
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.remote-mount\",\"severity\":\"medium\""), 1);
	assert_int_equal(ward_count(text, "\"rule\":\"net.remote-mount\",\"severity\":\"low\""), 1);
	ASSERT_SILENT(text, "\"scope\":\"outside\"");
	ward_free(w);
}

static void a_device_becomes_medical_later_and_what_it_fetched_counts(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_UNKNOWN, "mon-3", MONITOR);
	ward_device(w, ROLE_UNKNOWN, NULL, OTHER);
	mount(w, MONITOR, OTHER, "/x", "ok");
	file(w, program(OTHER, MONITOR, "nfs"));
	later(w, 10);
	listens(w, OTHER, MONITOR, 4444);
	assert_string_equal(ward_said(w), "");
	w->devices.v[m].role = ROLE_MONITOR;
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "\"rule\":\"net.remote-mount\",\"severity\":\"medium\"");
	ASSERT_SAYS(text, "\"rule\":\"net.code-pull\",\"severity\":\"medium\"");
	ASSERT_SAYS(text, "\"rule\":\"net.after-pull\",\"severity\":\"low\"");
	ASSERT_SAYS(text, "the server gives the directory");
	w->devices.v[m].role = ROLE_WORKSTATION;
	ward_quiet(w);
}

static void an_unknown_device_counts_when_it_fetches_from_outside(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_UNKNOWN, NULL, OTHER);
	mount(w, OTHER, FAR, "/x", "ok");
	file(w, program(FAR, OTHER, "tftp"));
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "\"rule\":\"net.remote-mount\",\"severity\":\"high\"");
	ASSERT_SAYS(text, "\"rule\":\"net.code-pull\",\"severity\":\"high\"");
	ward_free(w);
}

static void a_published_share_counts_wherever_it_stands(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t c = ward_device(w, ROLE_SERVER, "srv", FACTORY);
	ward_device(w, ROLE_UNKNOWN, NULL, OTHER);
	ward_arp(w, &decoder_arp, ward_mac(c), FACTORY, OTHER, 2);
	mount(w, OTHER, FACTORY, "/other", "ok");
	assert_string_equal(ward_said(w), "");
	mount(w, OTHER, FACTORY, "/pm", "ok");
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "\"rule\":\"net.remote-mount\",\"severity\":\"medium\"");
	ASSERT_SAYS(text, "\"indicator\":\"share that");
	ASSERT_SAYS(text, "mounted /pm of 202.114.4.119");
	ASSERT_SAYS(text, "\"extra\":[\"/other\"]");
	ASSERT_SILENT(text, "\"scope\":\"outside\"");
	ward_free(w);
}

static void a_pulled_program_says_what_it_is(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	file(w, program(FAR, MONITOR, "nfs"));
	file(w, program(FAR, MONITOR, "nfs"));
	struct file archive = program(FAR, MONITOR, "http");
	archive.class = "zip archive";
	archive.hashed = false;
	file(w, archive);
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.code-pull\""), 2);
	ASSERT_SAYS(text, "fetched monitor (ELF program (ARM), 4096 bytes) from 203.0.113.9 by nfs, outside the site");
	ASSERT_SAYS(text, "\"sha256\":\"abcd0000");
	ASSERT_SAYS(text, "\"count\":2");
	ASSERT_SAYS(text, "\"rule\":\"net.code-pull\",\"severity\":\"critical\"");
	ASSERT_SAYS(text, "\"rule\":\"net.code-pull\",\"severity\":\"high\"");
	ASSERT_SAYS(text, "\"traits\":[\"in part\"]");
	ward_free(w);
}

static void what_an_update_server_of_the_house_gives_is_for_information(void **state)
{
	(void)state;
	struct ward *w = ward("[update biomed]\naddress = " OTHER "\n");
	ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	file(w, program(OTHER, MONITOR, "http"));
	file(w, program(SERVER, MONITOR, "http"));
	const char *said = ward_said(w);
	ASSERT_SAYS(said, "\"rule\":\"net.code-pull\",\"severity\":\"info\"");
	ASSERT_SAYS(said, "\"rule\":\"net.code-pull\",\"severity\":\"medium\"");
	ward_free(w);
}

static void what_is_put_onto_a_device_is_told_as_such(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_PUMP, "pump", MONITOR);
	ward_device(w, ROLE_WORKSTATION, "pc", OTHER);
	struct file f = program(OTHER, MONITOR, "ftp");
	f.upload = true;
	file(w, f);
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "was given monitor");
	ASSERT_SAYS(text, "pushed to it");
	ASSERT_SILENT(text, "net.interface-forced");
	ward_free(w);
}

static void a_device_that_comes_back_and_mounts_was_forced(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
	later(w, 1800);
	ward_arp(w, &decoder_arp, ward_mac(m), MONITOR, MONITOR, 1);
	mount(w, MONITOR, FACTORY, "/pm", "ok");
	nfs_read(w, MONITOR, FACTORY, 8192, 3);
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.interface-forced\""), 1);
	ASSERT_SAYS(text, "\"rule\":\"net.interface-forced\",\"severity\":\"high\",\"confidence\":0.6");
	ASSERT_SAYS(text, "had sent nothing for 30 minutes, came back, and 1 second later mounted a directory of");
	ASSERT_SAYS(text, "the device shows itself");
	ward_free(w);
}

/* A DHCP message is a conversation's first packet before it is read. */
static void a_device_that_comes_back_by_dhcp_and_mounts_was_forced(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
	later(w, 1800);
	struct origin at = ward_contact_to(w, MONITOR, "255.255.255.255", 67, UDP);
	uint8_t discover[244] = { 1, 1, 6, [236] = 0x63, 0x82, 0x53, 0x63, 53, 1, 1, 255 };
	ward_message(w, &decoder_dhcp, &at, span_of(discover, sizeof(discover)));
	mount(w, MONITOR, FACTORY, "/pm", "ok");
	ASSERT_SAYS(ward_said(w), "had sent nothing for 30 minutes, came back, and 1 second later mounted a directory of");
	ward_free(w);
}

static void a_device_that_asks_whether_its_ipv6_address_is_free_comes_back(void **state)
{
	(void)state;
	for (unsigned probe = 0; probe < 2; probe++) {
		struct ward *w = ward(NULL);
		ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
		ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
		later(w, 1800);
		struct origin at = ward_packet(w, MONITOR, SERVER, 0, 58);
		at.src = ward_ip(probe ? "::" : "fe80::7");
		at.dst = ward_ip("ff02::1:ff00:3");
		at.proto = 58;
		uint8_t asks[24] = { 135, [8] = 0xfd, [23] = 3 };
		ward_message(w, &decoder_icmp6, &at, span_of(asks, sizeof(asks)));
		mount(w, MONITOR, FACTORY, "/pm", "ok");
		assert_int_equal(ward_count(ward_said(w), "net.interface-forced") > 0, probe);
		ward_free(w);
	}
}

static void a_device_that_only_speaks_again_and_mounts_was_not_forced(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
	later(w, 1800);
	ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
	mount(w, MONITOR, FACTORY, "/pm", "ok");
	ASSERT_SILENT(ward_said(w), "net.interface-forced");
	ward_free(w);
}

static void coming_back_and_mounting_long_after_is_two_things(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
	later(w, 1800);
	ward_arp(w, &decoder_arp, ward_mac(m), MONITOR, MONITOR, 1);
	later(w, 40);
	mount(w, MONITOR, FACTORY, "/pm", "ok");
	ASSERT_SILENT(ward_said(w), "net.interface-forced");
	ward_free(w);
}

static void a_device_never_seen_before_that_mounts_at_once_is_less_sure(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	ward_device(w, ROLE_SERVER, "srv", SERVER);
	ward_contact_to(w, SERVER, OTHER, 80, TCP);
	later(w, 300);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	w->devices.v[m].first = w->ts;
	ward_arp(w, &decoder_arp, ward_mac(m), MONITOR, MONITOR, 1);
	mount(w, MONITOR, FACTORY, "/pm", "ok");
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "appeared on the network and 1 second later mounted a directory of");
	ASSERT_SAYS(text, "\"confidence\":0.45");
	ward_free(w);
}

static void a_device_whose_network_is_disabled_needs_no_silence(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	uint32_t m = ward_device(w, ROLE_MONITOR, "mon-3", MONITOR);
	w->devices.v[m].disabled = true;
	mount(w, MONITOR, SERVER, "/pm", "ok");
	const char *text = ward_said(w);
	ASSERT_SAYS(text, "\"rule\":\"net.interface-forced\",\"severity\":\"medium\",\"confidence\":0.9");
	ASSERT_SAYS(text, "whose network is disabled");
	ward_free(w);
}

static void a_new_port_that_somebody_outside_uses_is_critical(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	ward_contact_to(w, MONITOR, SERVER, 2575, TCP);
	later(w, 1200);
	mount(w, MONITOR, FACTORY, "/pm", "ok");
	later(w, 69);
	listens(w, SERVER, MONITOR, 4444);                       /* first somebody inside, then one outside */
	struct origin at = listens(w, FAR, MONITOR, 4444);
	struct record r;
	record_begin(&r, &ward_flow, &at, &w->host);
	put(&r, "class", "text");
	put_uint(&r, "packets_to_server", 12);
	put_uint(&r, "packets_to_client", 12);
	put_uint(&r, "bytes_to_server", 60);
	put_uint(&r, "bytes_to_client", 400);
	ward_publish(w, &r);
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.after-pull\""), 1);
	ASSERT_SAYS(text, "\"rule\":\"net.after-pull\",\"severity\":\"critical\",\"confidence\":0.9");
	ASSERT_SAYS(text, "\"listener\":4444");
	ASSERT_SAYS(text, "\"scope\":\"outside\"");
	ASSERT_SAYS(text, "answers on TCP port 4444, never seen before, 70 seconds after it fetched files from "
			  "202.114.4.119");
	ASSERT_SAYS(text, "203.0.113.9 connected from outside the site");
	ASSERT_SAYS(text, "interactive");
	ward_free(w);
}

static void a_new_destination_after_a_pull_counts_and_the_server_itself_does_not(void **state)
{
	(void)state;
	struct ward *w = ward_of_monitor();
	ward_contact_to(w, MONITOR, "198.51.100.7", 443, TCP);
	later(w, 60);
	file(w, program(FACTORY, MONITOR, "tftp"));
	later(w, 30);
	ward_contact_to(w, MONITOR, FACTORY, 515, TCP);
	ward_contact_to(w, MONITOR, "198.51.100.7", 443, TCP);
	ward_contact_to(w, MONITOR, "198.51.100.1", 123, UDP);
	ward_contact_to(w, MONITOR, FAR, 4444, TCP);
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.after-pull\""), 1);
	ASSERT_SAYS(text, "tried to reach 203.0.113.9, a new destination outside the site");
	ward_free(w);
}

/* ---- bounds ---- */

static void a_flood_of_mounts_and_files_stays_bounded(void **state)
{
	(void)state;
	struct ward *w = ward(NULL);
	for (unsigned i = 0; i < 1500; i++) {
		char a[32], path[64];
		snprintf(a, sizeof(a), "10.2.%u.%u", i / 250, i % 250 + 1);
		ward_device(w, ROLE_UNKNOWN, NULL, a);
		snprintf(path, sizeof(path), "/export/%u", i);
		mount(w, a, SERVER, path, "ok");
		struct file f = program(SERVER, a, "nfs");
		f.path = path;
		file(w, f);
	}
	assert_string_equal(ward_said(w), "");
	ward_device(w, ROLE_MONITOR, "mon", MONITOR);
	for (unsigned i = 0; i < 200; i++) {
		char path[64];
		snprintf(path, sizeof(path), "/pm/%u", i);
		struct file f = program(FAR, MONITOR, "nfs");
		f.path = path;
		file(w, f);
		mount(w, MONITOR, FAR, path, "ok");
	}
	const char *text = ward_said(w);
	assert_int_equal(ward_count(text, "\"rule\":\"net.code-pull\""), DETECT_PER_DEVICE);
	assert_int_equal(ward_count(text, "\"rule\":\"net.remote-mount\""), 1);
	assert_true(detect_counts(w->detect).memory < DETECT_MEMORY);
	ward_free(w);
}

static void every_word_of_the_rules_is_about_observables(void **state)
{
	(void)state;
	for (size_t i = 0; table[i]; i++) {
		const struct rule *r = table[i]->rule;
		assert_string_equal(r->id, table[i]->name);
		assert_true(strlen(r->sees) > 40 && strlen(r->why) > 40 && strlen(r->wrong) > 40 && r->next[0]);
		const char *const texts[] = { r->title, r->sees, r->why, r->wrong, r->next[1] };
		for (size_t k = 0; k < ARRAY_LEN(texts); k++) {
			ASSERT_SILENT(texts[k], "backdoor");
			ASSERT_SILENT(texts[k], "China");
			ASSERT_SILENT(texts[k], "attack");
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nfs_between_servers_and_workstations_is_silent),
		cmocka_unit_test(ordinary_downloads_are_silent),
		cmocka_unit_test(an_allowed_server_is_silent),
		cmocka_unit_test(a_device_that_was_talking_all_along_was_not_forced),
		cmocka_unit_test(a_device_at_the_start_of_the_capture_is_not_new),
		cmocka_unit_test(a_port_that_answered_before_is_not_new),
		cmocka_unit_test(a_data_connection_that_the_device_asked_for_is_no_listener),
		cmocka_unit_test(a_neighbour_that_does_not_answer_is_inside_as_one_that_does),
		cmocka_unit_test(a_neighbours_number_behind_a_router_is_outside),
		cmocka_unit_test(a_mount_from_outside_is_one_finding_with_all_that_belongs_to_it),
		cmocka_unit_test(locks_take_the_trait_back),
		cmocka_unit_test(version_4_has_locks_of_its_own),
		cmocka_unit_test(an_unanswered_or_refused_mount_is_an_attempt),
		cmocka_unit_test(inside_only_devices_at_the_patient_count),
		cmocka_unit_test(a_device_becomes_medical_later_and_what_it_fetched_counts),
		cmocka_unit_test(an_unknown_device_counts_when_it_fetches_from_outside),
		cmocka_unit_test(a_published_share_counts_wherever_it_stands),
		cmocka_unit_test(a_pulled_program_says_what_it_is),
		cmocka_unit_test(what_an_update_server_of_the_house_gives_is_for_information),
		cmocka_unit_test(what_is_put_onto_a_device_is_told_as_such),
		cmocka_unit_test(a_device_that_comes_back_and_mounts_was_forced),
		cmocka_unit_test(a_device_that_comes_back_by_dhcp_and_mounts_was_forced),
		cmocka_unit_test(a_device_that_asks_whether_its_ipv6_address_is_free_comes_back),
		cmocka_unit_test(a_device_that_only_speaks_again_and_mounts_was_not_forced),
		cmocka_unit_test(coming_back_and_mounting_long_after_is_two_things),
		cmocka_unit_test(a_device_never_seen_before_that_mounts_at_once_is_less_sure),
		cmocka_unit_test(a_device_whose_network_is_disabled_needs_no_silence),
		cmocka_unit_test(a_new_port_that_somebody_outside_uses_is_critical),
		cmocka_unit_test(a_new_destination_after_a_pull_counts_and_the_server_itself_does_not),
		cmocka_unit_test(a_flood_of_mounts_and_files_stays_bounded),
		cmocka_unit_test(every_word_of_the_rules_is_about_observables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
