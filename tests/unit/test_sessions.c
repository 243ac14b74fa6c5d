/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions that are only named or watched up to the login: telnet, SSH, SMB. */
#include "decode_try.h"

extern const struct decoder decoder_telnet, decoder_ssh, decoder_smb;

#define MAX_TURNS 16

struct turn {
	bool to_server;
	const char *bytes;                       /* NULL: the dialogue ends */
};

struct dialogue {
	const char *name;
	struct turn turns[MAX_TURNS];
	const char *says[6], *never[4];
};

#define ASK_LOGIN    { false, "fffb01 fffb03 fffd18 0d0a 'BusyBox' 0d0a 0d0a 'cms login: '" }
#define ASK_PASSWORD { false, "0d0a 'Password: '" }

static const struct dialogue dialogues[] = {
	{ "refused, in line mode",
	  { ASK_LOGIN, { true, "'root' 0d0a" }, ASK_PASSWORD, { true, "'secret' 0d00" }, { false,
	  "0d0a 'Login incorrect' 0d0a 'cms login: '" } },
	  { "telnet event=session options=will 1,will 3,do 24\n",
	    "telnet event=login_prompt banner=BusyBox  cms login: login_asked=true\n",
	    "telnet event=credentials user=<4> password=<6> password_empty=false attempt=1 login_asked=true\n",
	    "telnet event=refused user=<4> attempt=1 accepted=false login_asked=true\n" },
	  { "accepted=true", "root", "secret" } },
	{ "refused by asking again",
	  { ASK_LOGIN, { true, "'root' 0d0a" }, ASK_PASSWORD, { true, "'x' 0d0a" }, ASK_PASSWORD },
	  { "event=refused user=<4> attempt=1 accepted=false" }, { "accepted=true" } },
	{ "let in, letter by letter with echo and a correction",
	  { ASK_LOGIN, { true, "'ro'" }, { false, "'ro'" }, { true, "'p' 7f 'ot'" }, { false, "'p' 08 20 08 'ot'" }, { true,
	  "0d" },
	    ASK_PASSWORD, { true, "0a 'p'" }, { true, "'w' 0d0a" }, { false, "0d0a 1b'[1;31mroot@cms:~# '" }, { true,
	  "'id' 0d0a" } },
	  { "event=credentials user=<4> password=<2> password_empty=false attempt=1",
	  "event=accepted user=<4> attempt=1 accepted=true login_asked=true prompt=#\n" },
	  { "event=refused", "attempt=2" } },
	{ "let in without any login",
	  { { false, "fffb01 fffb03 0d0a 'BusyBox v1.0 built-in shell' 0d0a '# '" } },
	  { "telnet event=shell accepted=true login_asked=false prompt=#\n" }, { "banner", "credentials" } },
	{ "let in with an empty password",
	  { ASK_LOGIN, { true, "'root' 0d0a" }, ASK_PASSWORD, { true, "0d0a" }, { false, "0d0a '$ '" } },
	  { "user=<4> password_empty=true attempt=1", "event=accepted", "prompt=$" }, { "password=<" } },
	{ "a user name alone lets in",
	  { ASK_LOGIN, { true, "'guest' 0d0a" }, { false, "0d0a 'Welcome' 0d0a 'cms> '" } },
	  { "event=accepted user=<5> accepted=true login_asked=true prompt=>" }, { "credentials" } },
	{ "a terminal type and an option that is never closed",
	  { { true, "fffa 18 00 'xterm' fff0 fffa 27" }, ASK_LOGIN },
	  { "event=login_prompt banner=BusyBox  cms login: terminal=xterm" }, { "user" } },
	{ "a price list is no prompt",
	  { { false, "fffb01 'discount 5%'" }, { false, "' on all' 0d0a 'a > b' 0d0a" } }, { "event=session" },
	  { "event=shell" } },
	{ "the prompt comes in pieces",
	  { { false, "fffb01 fffb03 'log'" }, { false, "'in:'" }, { false, "20" }, { true, "'a'" }, { true, "0d0a" },
	  { false, "'Passw'" },
	    { false, "'ord:'" }, { true, "'b' 0d0a" } },
	  { "event=login_prompt", "event=credentials user=<1> password=<1>" }, { "accepted" } },
};

static void speak(struct try *t, const struct decoder *d, const struct turn *turns)
{
	uint8_t *state = mem_new(d->state_size + 1), room[1024];
	for (int i = 0; i < MAX_TURNS && turns[i].bytes; i++) {
		struct span bytes = try_bytes(turns[i].bytes, room, sizeof(room));
		assert_int_equal(try_stream(t, d, state, bytes, turns[i].to_server), bytes.n);
	}
	free(state);
}

static void each_dialogue_is_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dialogues); i++) {
		const struct dialogue *d = &dialogues[i];
		struct try *t = try_new();
		speak(t, &decoder_telnet, d->turns);
		for (size_t k = 0; k < ARRAY_LEN(d->never) && d->never[k]; k++)
			try_never_says(t, d->never[k]);
		for (size_t k = 0; k < ARRAY_LEN(d->says) && d->says[k]; k++)
			try_says(t, d->says[k]);
		try_free(t);
	}
}

static void what_is_typed_and_echoed_is_shown_for_blanking(void **state)
{
	(void)state;
	struct try *t = try_new();
	speak(t, &decoder_telnet, dialogues[2].turns);
	/* "ro" and its echo; "p", DEL, "ot" and their echo, of which BS, space, BS need no blanking; "p" and "w" */
	assert_int_equal(t->masked, 2 + 2 + 4 + 3 + 2);
	try_free(t);
}

static void every_prefix_of_a_dialogue_is_read_within_its_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dialogues); i++)
		for (int k = 0; k < MAX_TURNS && dialogues[i].turns[k].bytes; k++) {
			uint8_t room[1024];
			try_prefixes(&decoder_telnet, try_bytes(dialogues[i].turns[k].bytes, room, sizeof(room)), OVER_TCP);
		}
}

static void long_lines_and_long_names_stay_in_their_room(void **state)
{
	(void)state;
	struct try *t = try_new();
	uint8_t *memory = mem_new(decoder_telnet.state_size), text[5000];
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(text) - 7, "login: ", 7);
	try_stream(t, &decoder_telnet, memory, span_of(text, sizeof(text)), false);
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\r';
	try_stream(t, &decoder_telnet, memory, span_of(text, sizeof(text)), true);
	try_stream(t, &decoder_telnet, memory, SPAN_LIT("\r\npassword:"), false);
	try_stream(t, &decoder_telnet, memory, SPAN_LIT("\r"), true);
	try_says(t, "user=<128> password_empty=true");
	free(memory);
	try_free(t);
}

struct bidding {
	const struct decoder *decoder;
	const char *bytes;
	int score;
};

static const struct bidding bids[] = {
	{ &decoder_telnet, "ff d8 ff e0", BID_NO },             /* JPEG */
	{ &decoder_telnet, "ff fb 90 44", BID_NO },             /* MPEG audio */
	{ &decoder_telnet, "ff fb", BID_WAIT },
	{ &decoder_telnet, "ff fb 01 41 42 43", BID_MAYBE },
	{ &decoder_telnet, "ff fb 01 ff fd 18", BID_LIKELY + 20 },
	{ &decoder_telnet, "'login: '", BID_MAYBE },
	{ &decoder_telnet, "00 01 02", BID_NO },
	{ &decoder_ssh, "'SS'", BID_WAIT },
	{ &decoder_ssh, "'SSH is nice'", BID_NO },
	{ &decoder_ssh, "'SSH-2.0-OpenSSH'", BID_SURE },
	{ &decoder_ssh, "'SSH-1.99-x'", BID_SURE },
	{ &decoder_smb, "00", BID_WAIT },
	{ &decoder_smb, "00 00 00 54 fe'SMC'", BID_NO },
	{ &decoder_smb, "00 00 00 04 fe'SMB'", BID_NO },
	{ &decoder_smb, "00 00 00 54 fe'SMB'", BID_SURE },
	{ &decoder_smb, "00 00 00 54 ff'SMB'", BID_SURE },
	{ &decoder_smb, "81 00 00 44 20 'CKFD'", BID_SURE },
};

static void content_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bids); i++) {
		uint8_t room[64];
		struct origin at = { .dport = 40000 };
		struct bid b = try_bid(bids[i].decoder, try_bytes(bids[i].bytes, room, sizeof(room)), OVER_TCP, &at);
		if (b.score != bids[i].score)
			fail_msg("case %zu (%s): %d", i, bids[i].bytes, b.score);
	}
}

static void random_bytes_are_refused(void **state)
{
	(void)state;
	try_random_bytes_are_refused(&decoder_telnet, OVER_TCP);
	try_random_bytes_are_refused(&decoder_ssh, OVER_TCP);
	try_random_bytes_are_refused(&decoder_smb, OVER_TCP);
}

static void an_ssh_server_may_say_something_first(void **state)
{
	(void)state;
	struct try *t = try_new();
	uint8_t memory[1];
	struct span hello = SPAN_LIT("Authorised use only\r\nSSH-2.0-dropbear_2012.55 Debian 7\r\n\x01\x02");
	assert_int_equal(try_stream(t, &decoder_ssh, memory, span_cut(hello, 30), false), 0);
	assert_int_equal(try_stream(t, &decoder_ssh, memory, hello, false), hello.n);
	assert_int_equal(try_stream(t, &decoder_ssh, memory, SPAN_LIT("SSH-1.99-PuTTY\nxx"), true), 17);
	try_says(t, "ssh version=2.0 software=dropbear_2012.55 comment=Debian 7\nssh version=1.99 software=PuTTY\n");
	assert_int_equal(t->records, 2);
	try_prefixes(&decoder_ssh, hello, OVER_TCP);
	try_free(t);
}

#define SMB2_HEAD(command, flags) \
	"fe'SMB' 4000 0000 00000000 " command " 0000 " flags " 00000000 0000000000000000 00000000 00000000 " \
	"0000000000000000 00000000000000000000000000000000 "
#define SMB2_NEGOTIATE \
	"00000068 " SMB2_HEAD("0000", "00000000") "2400 0200 0100 0000 00000000 00000000000000000000000000000000 " \
						  "0000000000000000 0202 1103 "
#define SMB2_REPLY "00000048 " SMB2_HEAD("0000", "01000000") "4100 0300 1103 0000 "
#define SMB1_HEAD(command, flags) \
	"ff'SMB' " command " 00000000 " flags " 0000 0000 0000000000000000 0000 0000 0000 0000 0000 "
#define SMB1_NEGOTIATE "0000002e " SMB1_HEAD("72", "18") "00 0b00 02'NT LM 0.1'00"

static const struct turn smb2_turns[] = {
	{ true, "81000044 20'CKFDENECFDEFFCFGEFFCCACACACACACA'00 20'CKFDENECFDEFFCFGEFFCCACACACACACA'00" },
	{ false, "82000000" }, { true, SMB2_NEGOTIATE }, { false, SMB2_REPLY }, { true, SMB2_NEGOTIATE }, { false, NULL },
};
static const struct turn smb1_turns[] = { { true, SMB1_NEGOTIATE }, { false, NULL } };

static void smb_tells_the_first_of_each_command(void **state)
{
	(void)state;
	struct try *t = try_new();
	speak(t, &decoder_smb, smb2_turns);
	try_says(t, "smb version=session\nsmb version=session\n"
		 "smb version=SMB2 command=negotiate response=false dialects=2.0.2,3.1.1 signing_required=false\n"
		 "smb version=SMB2 command=negotiate response=true status=0 dialect=3.1.1 signing_required=true\n");
	assert_int_equal(t->records, 4);
	try_clear(t);
	speak(t, &decoder_smb, smb1_turns);
	try_says(t, "smb version=SMB1 command=negotiate response=false dialects=NT LM 0.1\n");
	assert_true(t->sound);
	try_free(t);
	for (int i = 0; smb2_turns[i].bytes; i++) {
		uint8_t room[512];
		try_prefixes(&decoder_smb, try_bytes(smb2_turns[i].bytes, room, sizeof(room)), OVER_TCP);
		try_prefixes(&decoder_smb, try_bytes(SMB1_NEGOTIATE, room, sizeof(room)), OVER_TCP);
	}
}

static void bulk_is_passed_over_unbuffered(void **state)
{
	(void)state;
	uint8_t bytes[64] = { 0x00, 0x00, 0xFF, 0xFF, 0xFE, 'S', 'M', 'B' };
	uint8_t *memory = mem_new(decoder_smb.state_size);
	struct message m = { .bytes = span_of(bytes, sizeof(bytes)), .over = OVER_TCP };
	struct try *t = try_new();
	struct frame f = decoder_smb.frame(&m, memory);
	assert_int_equal(f.total, 0xFFFF + 4);
	assert_in_range(f.need, 64, 1024);
	for (int i = 0; i < 100; i++)
		(void)decoder_smb.decode(&m, memory, &t->emit);
	bytes[4 + 12] = 9;                       /* a write: its head alone */
	f = decoder_smb.frame(&m, memory);
	assert_in_range(f.need, 64, 256);
	free(memory);
	try_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_dialogue_is_followed),
		cmocka_unit_test(what_is_typed_and_echoed_is_shown_for_blanking),
		cmocka_unit_test(every_prefix_of_a_dialogue_is_read_within_its_bounds),
		cmocka_unit_test(long_lines_and_long_names_stay_in_their_room),
		cmocka_unit_test(content_decides),
		cmocka_unit_test(random_bytes_are_refused),
		cmocka_unit_test(an_ssh_server_may_say_something_first),
		cmocka_unit_test(smb_tells_the_first_of_each_command),
		cmocka_unit_test(bulk_is_passed_over_unbuffered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
