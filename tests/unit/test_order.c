/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP segments out of order through the whole tracker: what came early is compared with what covers it; and data that
 * the first packet carries. */
#include "decode_try.h"

#include "lab/conv.h"
#include "track/tracker.h"

static const char early[] = "MSH|^~\\&|A|B|C|D|20260303||ORU^R01|1|P|2.4\rPID|1||4711\rOBX|1|NM|8867-4^HR^LN||71\r";

struct wire {
	struct net *net;
	struct conv talk;
	uint32_t base;                           /* sequence number of the first byte */
	bool early_data;                         /* the first frame becomes a SYN that carries what it carries */
};

enum { WHOLE = sizeof(early) - 1, SEQUENCE_AT = 14 + 20 + 4, FLAGS_AT = 14 + 20 + 13, SYN_FLAG = 2 };

static void make_syn(uint8_t *frame)
{
	struct rd r = rd_of(span_of(frame + SEQUENCE_AT, 4));
	uint32_t before = rd_be32(&r) - 1;
	for (int i = 0; i < 4; i++)
		frame[SEQUENCE_AT + i] = (uint8_t)(before >> (24 - 8 * i));
	frame[FLAGS_AT] = SYN_FLAG;
}

static struct wire wire_new(bool open)
{
	struct wire w = { .net = net_new(7, SECOND, HOUR, 1 << 20) };
	w.net->router = net_host(w.net, "router", "02:00:00:00:00:01", "10.1.2.1", 64, 0);
	struct host *monitor = net_host(w.net, "monitor", "02:00:00:00:00:02", "10.1.2.3", 64, 0);
	struct host *engine = net_host(w.net, "engine", "02:00:00:00:00:03", "10.1.2.4", 64, 0);
	w.talk = conv_of(w.net, monitor, engine, 2575, SECOND);
	if (open)
		conv_open(&w.talk);
	w.base = w.talk.seq[CLIENT];
	return w;
}

static void piece(struct wire *w, size_t from, const char *text, size_t n)
{
	w->talk.seq[CLIENT] = w->base + (uint32_t)from;
	conv_send(&w->talk, CLIENT, span_of(text + from, n));
	conv_wait(&w->talk, SECOND / 100);
}

static void read_wire(struct wire *w, struct try *t)
{
	struct health health = { 0 };
	struct tracker *tracker = tracker_new(&(struct tracker_setup){
		.keyring = t->host.keyring, .sink = &t->sink, .health = &health });
	tape_sort(&w->net->tape);
	for (size_t i = 0; i < w->net->tape.n; i++) {
		struct span frame = tape_bytes(&w->net->tape, i);
		/* A ring that is written again: nothing may point into a frame that is past. */
		AUTO_FREE uint8_t *bytes = mem_new(frame.n);
		memcpy(bytes, frame.p, frame.n);
		if (w->early_data && i == 0)
			make_syn(bytes);
		struct packet p = { .at = { .ts = w->net->tape.frames[i].time, .packet = i + 1 } };
		packet_parse(&p, span_of(bytes, frame.n), (uint32_t)frame.n, 1);
		tracker_packets(tracker, &p, 1);
	}
	tracker_finish(tracker);
	tracker_free(tracker);
	net_free(w->net);
}

/* Pieces of `early` in the order in which they are sent; changed: the measured value is another. */
struct part {
	size_t from, n;
	bool changed;
};

static struct try *read_parts(const struct part *parts)
{
	struct wire w = wire_new(true);
	struct try *t = try_new();
	char other[sizeof(early)];
	memcpy(other, early, sizeof(early));
	other[WHOLE - 3] = '4';
	for (const struct part *p = parts; p->n; p++)
		piece(&w, p->from, p->changed ? other : early, p->n);
	read_wire(&w, t);
	return t;
}
#define READ_PARTS(...) read_parts((const struct part[]){ __VA_ARGS__, { 0 } })

static void early_segments_that_agree_are_quiet(void **state)
{
	(void)state;
	struct try *t = READ_PARTS({ WHOLE - 20, 20, false }, { WHOLE - 20, 20, false }, { 0, WHOLE, false });
	try_never_says(t, "rewrite ");
	try_says(t, "name=heart_rate");
	try_free(t);
}

static void an_early_segment_that_what_covers_it_contradicts_is_told(void **state)
{
	(void)state;
	struct try *t = READ_PARTS({ WHOLE - 20, 20, false }, { 0, WHOLE, true });
	try_says(t, "length=20 bytes=1 protocol=hl7 checksum_ok=true");
	try_free(t);
}

static void two_early_segments_that_contradict_each_other_are_told(void **state)
{
	(void)state;
	struct try *t = READ_PARTS({ WHOLE - 20, 20, false }, { WHOLE - 20, 20, true }, { 0, WHOLE - 20, false });
	try_says(t, "length=20 bytes=1 protocol=hl7 values=? checksum_ok=true");
	try_free(t);
}

/* RFC 7413; a server that does not take it gets it again, which is no second message. */
static void data_in_the_first_packet_is_read_once(void **state)
{
	(void)state;
	for (int again = 0; again < 2; again++) {
		struct wire w = wire_new(false);
		struct try *t = try_new();
		w.early_data = true;
		for (int i = 0; i <= again; i++)
			piece(&w, 0, early, strlen(early));
		read_wire(&w, t);
		try_says(t, "name=heart_rate");
		try_says(t, "hl7 ");
		const char *first = strstr((const char *)t->lines.p, "name=heart_rate");
		assert_null(strstr(first + 1, "name=heart_rate"));
		try_never_says(t, "rewrite ");
		try_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(early_segments_that_agree_are_quiet),
		cmocka_unit_test(an_early_segment_that_what_covers_it_contradicts_is_told),
		cmocka_unit_test(two_early_segments_that_contradict_each_other_are_told),
		cmocka_unit_test(data_in_the_first_packet_is_read_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
