/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SunRPC: marks and fragments, calls and their replies, port mapper, mount, NFS v2 to v4, locks. */
#include "decode_try.h"
#include "decode/rpc.h"

extern const struct decoder decoder_rpc;

enum { PORTMAP = 100000, NFS = 100003, MOUNT = 100005, NLM = 100021, NSM = 100024, XID = 0x1234 };

struct talk {
	struct try *t;
	struct rpc_state *state;
	struct buf b;
};

static int begin(void **out)
{
	struct talk *k = mem_new(sizeof(*k));
	k->t = try_new();
	k->state = mem_new(sizeof(*k->state));
	*out = k;
	return 0;
}

static int end(void **out)
{
	struct talk *k = *out;
	buf_done(&k->b);
	try_free(k->t);
	free(k->state);
	free(k);
	return 0;
}

static void opaque(struct buf *b, const void *p, size_t n)
{
	buf_be32(b, (uint32_t)n);
	buf_bytes(b, span_of(p, n));
	buf_fill(b, 0, (4 - n % 4) % 4);
}

static void text(struct buf *b, const char *s)
{
	opaque(b, s, strlen(s));
}

static struct buf *call(struct talk *k, uint32_t xid, uint32_t program, uint32_t version, uint32_t procedure)
{
	struct buf *b = &k->b;
	buf_reset(b);
	const uint32_t head[] = { xid, 0, 2, program, version, procedure, 1 /* AUTH_SYS */, 32, 7 };
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		buf_be32(b, head[i]);
	text(b, "monitor3");
	buf_be32(b, 0);
	buf_be32(b, 1000);
	buf_be32(b, 0);
	buf_fill(b, 0, 4 + 8);                   /* one more group, verifier */
	return b;
}

static struct buf *reply(struct talk *k, uint32_t xid)
{
	buf_reset(&k->b);
	buf_be32(&k->b, xid);
	buf_be32(&k->b, 1);
	buf_fill(&k->b, 0, 16);
	return &k->b;
}

/* Sends what was built over TCP, in fragments of at most `size` bytes, all of it there at once. */
static void send_in(struct talk *k, bool to_server, size_t size)
{
	struct buf wire = { 0 };
	struct span left = buf_span(&k->b);
	while (left.n) {
		struct span part = span_cut(left, size);
		left = span_from(left, part.n);
		buf_be32(&wire, (uint32_t)part.n | (left.n ? 0 : 0x80000000u));
		buf_bytes(&wire, part);
	}
	buf_reset(&k->t->lines);
	assert_int_equal(try_stream(k->t, &decoder_rpc, k->state, buf_span(&wire), to_server), wire.n);
	buf_done(&wire);
}

static void send_whole(struct talk *k, bool to_server)
{
	send_in(k, to_server, SIZE_MAX);
}

static void put_getport(struct buf *b, uint32_t program, uint32_t version, uint32_t protocol)
{
	buf_be32(b, program);
	buf_be32(b, version);
	buf_be32(b, protocol);
	buf_be32(b, 0);
}

/* ---- what must not work ---- */

static void other_bytes_are_refused(void **state)
{
	(void)state;
	try_random_bytes_are_refused(&decoder_rpc, OVER_TCP);
	try_random_bytes_are_refused(&decoder_rpc, OVER_UDP);
	static const char *const others[] = { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "220 mail ESMTP ready, go ahead now\r\n" };
	struct origin at = { .sport = 40000, .dport = 2049 };
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_int_equal(try_bid(&decoder_rpc, span_str(others[i]), OVER_TCP, &at).score, BID_NO);
	uint8_t zeros[64] = { 0 };
	assert_int_equal(try_bid(&decoder_rpc, span_of(zeros, sizeof(zeros)), OVER_UDP, &at).score, BID_NO);
}

static void a_reply_alone_on_udp_is_no_proof(void **state)
{
	struct talk *k = *state;
	struct origin at = { .sport = 40000, .dport = 40001 };
	buf_be32(reply(k, XID), 2049);
	assert_int_equal(try_bid(&decoder_rpc, buf_span(&k->b), OVER_UDP, &at).score, BID_MAYBE);
}

static void credentials_longer_than_allowed_are_malformed(void **state)
{
	struct talk *k = *state;
	call(k, XID, MOUNT, 3, 1);
	k->b.p[30] = 0x40;                       /* credential length 0x4020 */
	send_whole(k, true);
	assert_false(k->t->sound);
	assert_int_equal(k->t->records, 0);
	struct origin at = { 0 };
	assert_int_equal(try_bid(&decoder_rpc, buf_span(&k->b), OVER_UDP, &at).score, BID_NO);
}

static void arguments_that_lie_leave_the_head(void **state)
{
	struct talk *k = *state;
	buf_be32(call(k, XID, MOUNT, 3, 1), 5000);   /* a path of 5000 bytes that is not there */
	send_whole(k, true);
	assert_false(k->t->sound);
	try_says(k->t, "procedure=MNT");
	try_never_says(k->t, "path=");
}

static void a_reply_without_its_call_names_no_program(void **state)
{
	struct talk *k = *state;
	buf_be32(reply(k, XID), 2049);
	send_whole(k, false);
	try_says(k->t, "rpc message=reply xid=4660 status=ok\n");
}

static void a_reply_from_the_caller_itself_is_not_paired(void **state)
{
	struct talk *k = *state;
	put_getport(call(k, XID, PORTMAP, 2, 3), NFS, 3, 6);
	send_whole(k, true);
	buf_be32(reply(k, XID), 2049);
	send_whole(k, true);
	try_never_says(k->t, "port=2049");
}

static void every_prefix_is_survived(void **state)
{
	struct talk *k = *state;
	struct buf wire = { 0 };
	text(call(k, XID, MOUNT, 3, 1), "/pm");
	buf_be32(&wire, (uint32_t)k->b.n | 0x80000000u);
	buf_bytes(&wire, buf_span(&k->b));
	try_prefixes(&decoder_rpc, buf_span(&wire), OVER_TCP);
	try_prefixes(&decoder_rpc, buf_span(&k->b), OVER_UDP);
	buf_done(&wire);
}

/* ---- what must ---- */

static void a_call_is_known_on_any_port(void **state)
{
	struct talk *k = *state;
	struct origin at = { .sport = 40000, .dport = 40001 };
	text(call(k, XID, MOUNT, 3, 1), "/pm");
	struct bid b = try_bid(&decoder_rpc, buf_span(&k->b), OVER_UDP, &at);
	assert_int_equal(b.score, BID_SURE);
	assert_int_equal(b.side, SIDE_CLIENT);
}

static void port_mapper_answers_are_paired(void **state)
{
	struct talk *k = *state;
	put_getport(call(k, XID, PORTMAP, 2, 3), NFS, 3, 6);
	send_whole(k, true);
	try_says(k->t, "portmap message=call xid=4660 version=2 procedure=GETPORT machine=monitor3 uid=0 gid=1000 "
		       "program=nfs number=100003 program_version=3 transport=tcp\n");
	buf_be32(reply(k, XID), 2049);
	send_whole(k, false);
	try_says(k->t, "procedure=GETPORT status=ok program=nfs number=100003 program_version=3 transport=tcp port=2049\n");
	assert_true(k->t->sound);
}

static void universal_addresses_are_read(void **state)
{
	struct talk *k = *state;
	struct buf *b = call(k, XID, PORTMAP, 4, 3);
	buf_be32(b, MOUNT);
	buf_be32(b, 3);
	text(b, "tcp6");
	text(b, "");
	text(b, "");
	send_whole(k, true);
	text(reply(k, XID), "2001:db8::7.78.80");
	send_whole(k, false);
	try_says(k->t, "procedure=GETADDR status=ok program=mountd number=100005 program_version=3 transport=tcp6 "
		       "address=2001:db8::7 port=20048\n");
	send_whole(k, true);
	text(reply(k, XID), "2001:db8::7.78.300");
	send_whole(k, false);
	try_never_says(k->t, "port=");
}

static void a_mount_towards_silence_is_told(void **state)
{
	struct talk *k = *state;
	text(call(k, XID, MOUNT, 3, 1), "/pm");
	send_whole(k, true);
	assert_int_equal(k->t->records, 1);
	try_says(k->t, "mount message=call xid=4660 version=3 procedure=MNT machine=monitor3 uid=0 gid=1000 path=/pm\n");
}

static void a_refused_mount_says_why(void **state)
{
	struct talk *k = *state;
	text(call(k, XID, MOUNT, 3, 1), "/pm");
	send_whole(k, true);
	buf_be32(reply(k, XID), 13);
	send_whole(k, false);
	try_says(k->t, "procedure=MNT status=ACCES path=/pm\n");
}

static void fragments_and_messages_in_one_segment_are_joined(void **state)
{
	struct talk *k = *state;
	text(call(k, XID, MOUNT, 3, 1), "/export/firmware");
	send_in(k, true, 7);
	assert_true(k->t->sound);
	try_says(k->t, "procedure=MNT machine=monitor3 uid=0 gid=1000 path=/export/firmware\n");
	assert_int_equal(k->t->records, 1);
}

static void file_handle(struct buf *b, uint8_t which)
{
	uint8_t handle[16] = { 1, 2, which };
	opaque(b, handle, sizeof(handle));
}

static void attributes3(struct buf *b, uint64_t size)
{
	buf_be32(b, 1);
	buf_fill(b, 0, 20);
	buf_be64(b, size);
	buf_fill(b, 0, 56);
}

static void look_up(struct talk *k, uint8_t directory, const char *name, uint8_t found)
{
	struct buf *b = call(k, XID, NFS, 3, 3);
	file_handle(b, directory);
	text(b, name);
	send_whole(k, true);
	b = reply(k, XID);
	buf_be32(b, 0);
	file_handle(b, found);
	attributes3(b, 9);
	buf_be32(b, 0);
	send_whole(k, false);
}

static void read_file(struct talk *k, uint8_t file, size_t length, uint64_t size)
{
	struct buf *b = call(k, XID, NFS, 3, 6);
	file_handle(b, file);
	buf_be64(b, 0);
	buf_be32(b, 65536);
	send_whole(k, true);
	b = reply(k, XID);
	buf_be32(b, 0);
	attributes3(b, size);
	buf_be32(b, (uint32_t)length);
	buf_be32(b, 1);
	buf_be32(b, (uint32_t)length);
	buf_fill(b, 'x', length);
	buf_fill(b, 0, (4 - length % 4) % 4);
}

static void reads_are_told_by_the_names_looked_up(void **state)
{
	struct talk *k = *state;
	look_up(k, 1, "opt", 2);
	look_up(k, 2, "monitor", 3);
	try_says(k->t, "procedure=LOOKUP status=ok path=opt/monitor");
	read_file(k, 3, 9, 9);
	send_whole(k, false);
	try_says(k->t, "path=opt/monitor");
	try_says(k->t, "offset=0 count=9 eof=true size=9\nbody nfs 9\n");
	assert_true(k->t->sound);
}

static void bulk_is_not_waited_for(void **state)
{
	struct talk *k = *state;
	look_up(k, 1, "bulk", 2);
	read_file(k, 2, 60000, 60000);
	send_whole(k, false);
	try_says(k->t, "path=bulk");
	try_says(k->t, "count=60000 eof=true size=60000\nbody nfs 39");   /* the first 4096 bytes of the message */
	assert_true(k->t->sound);
}

static void a_read_in_large_fragments_keeps_its_place(void **state)
{
	struct talk *k = *state;
	look_up(k, 1, "bulk", 2);
	read_file(k, 2, 200000, 200000);
	send_in(k, false, 70000);
	assert_int_equal(k->t->records, 4);
	try_says(k->t, "count=200000");
	look_up(k, 1, "next", 4);
	try_says(k->t, "path=next");
	assert_true(k->t->sound);
}

static void version_2_has_fixed_handles(void **state)
{
	struct talk *k = *state;
	struct buf *b = call(k, XID, NFS, 2, 4);
	buf_fill(b, 7, 32);
	text(b, "run.sh");
	send_whole(k, true);
	b = reply(k, XID);
	buf_be32(b, 0);
	buf_fill(b, 8, 32);
	buf_fill(b, 0, 68);
	send_whole(k, false);
	b = call(k, XID + 1, NFS, 2, 8);
	buf_fill(b, 8, 32);
	buf_be32(b, 0);
	buf_be32(b, 8192);
	buf_be32(b, 0);
	text(b, "#!/bin/sh\n");
	send_whole(k, true);
	try_says(k->t, "procedure=WRITE");
	try_says(k->t, "path=run.sh");
	try_says(k->t, "offset=8192 count=10\nbody nfs 10\n");
	assert_true(k->t->sound);
}

static void compounds_are_walked(void **state)
{
	struct talk *k = *state;
	struct buf *b = call(k, XID, NFS, 4, 1);
	text(b, "tag");
	buf_be32(b, 0);
	buf_be32(b, 4);
	buf_be32(b, 24);                         /* PUTROOTFH */
	buf_be32(b, 15);                         /* LOOKUP */
	text(b, "pm");
	buf_be32(b, 15);
	text(b, "monitor");
	buf_be32(b, 10);                         /* GETFH */
	send_whole(k, true);
	try_says(k->t, "procedure=LOOKUP");
	try_says(k->t, "path=/pm operations=PUTROOTFH LOOKUP LOOKUP GETFH\n");
	b = reply(k, XID);
	buf_be32(b, 0);
	text(b, "tag");
	buf_be32(b, 4);
	for (int i = 0; i < 4; i++) {
		buf_be32(b, (uint32_t[]){ 24, 15, 15, 10 }[i]);
		buf_be32(b, 0);
	}
	file_handle(b, 9);
	send_whole(k, false);
	try_says(k->t, "path=/pm/monitor");
	b = call(k, XID + 1, NFS, 4, 1);
	text(b, "");
	buf_be32(b, 0);
	buf_be32(b, 2);
	buf_be32(b, 22);                         /* PUTFH */
	file_handle(b, 9);
	buf_be32(b, 25);                         /* READ */
	buf_fill(b, 0, 16);
	buf_be64(b, 512);
	buf_be32(b, 4096);
	send_whole(k, true);
	b = reply(k, XID + 1);
	buf_be32(b, 0);
	text(b, "");
	buf_be32(b, 2);
	buf_be32(b, 22);
	buf_be32(b, 0);
	buf_be32(b, 25);
	buf_be32(b, 0);
	buf_be32(b, 1);
	text(b, "0123456789");
	send_whole(k, false);
	try_says(k->t, "procedure=READ status=ok path=/pm/monitor");
	try_says(k->t, "offset=512 count=10 eof=true operations=PUTFH READ\nbody nfs 10\n");
	assert_true(k->t->sound);
}

static void a_compound_stops_at_what_is_not_understood(void **state)
{
	struct talk *k = *state;
	struct buf *b = call(k, XID, NFS, 4, 1);
	text(b, "");
	buf_be32(b, 1);
	buf_be32(b, 3);
	buf_be32(b, 24);
	buf_be32(b, 9999);
	buf_be32(b, 15);
	text(b, "never");
	send_whole(k, true);
	try_says(k->t, "operations=PUTROOTFH\n");
	try_never_says(k->t, "never");
}

static void locks_are_told(void **state)
{
	struct talk *k = *state;
	struct buf *b = call(k, XID, NLM, 4, 2);
	text(b, "cook");
	buf_be32(b, 0);
	buf_be32(b, 1);
	text(b, "ward-pc");
	file_handle(b, 1);
	send_whole(k, true);
	try_says(
		k->t,
		"nlm message=call xid=4660 version=4 procedure=LOCK machine=monitor3 uid=0 gid=1000 program=nlm caller=ward-pc");
	try_says(k->t, "exclusive=true");
	text(call(k, XID, NSM, 1, 2), "server");
	send_whole(k, true);
	try_says(k->t, "procedure=MON machine=monitor3 uid=0 gid=1000 program=nsm monitored=server\n");
}

static void many_outstanding_calls_keep_their_own_replies(void **state)
{
	struct talk *k = *state;
	for (uint32_t i = 0; i < RPC_CALLS; i++) {
		put_getport(call(k, XID + i, PORTMAP, 2, 3), NFS, i + 1, 17);
		send_whole(k, true);
	}
	for (uint32_t i = RPC_CALLS; i-- > 0;) {
		char want[64];
		buf_be32(reply(k, XID + i), 1);
		send_whole(k, false);
		snprintf(want, sizeof(want), "program_version=%u transport=udp port=1\n", i + 1);
		try_says(k->t, want);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(other_bytes_are_refused), CASE(a_reply_alone_on_udp_is_no_proof),
		CASE(credentials_longer_than_allowed_are_malformed), CASE(arguments_that_lie_leave_the_head),
		CASE(a_reply_without_its_call_names_no_program), CASE(a_reply_from_the_caller_itself_is_not_paired),
		CASE(every_prefix_is_survived), CASE(a_call_is_known_on_any_port), CASE(port_mapper_answers_are_paired),
		CASE(universal_addresses_are_read), CASE(a_mount_towards_silence_is_told), CASE(a_refused_mount_says_why),
		CASE(fragments_and_messages_in_one_segment_are_joined), CASE(reads_are_told_by_the_names_looked_up),
		CASE(bulk_is_not_waited_for), CASE(a_read_in_large_fragments_keeps_its_place),
		CASE(version_2_has_fixed_handles), CASE(compounds_are_walked),
		CASE(a_compound_stops_at_what_is_not_understood), CASE(locks_are_told),
		CASE(many_outstanding_calls_keep_their_own_replies),
	};
	return cmocka_run_group_tests_name("rpc", cases, NULL, NULL);
}
