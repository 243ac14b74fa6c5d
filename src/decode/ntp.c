/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network Time Protocol, versions 1 to 4 (RFC 5905 7.3) and the heads of control messages (RFC 9327). */
#include "base/scope.h"
#include "decode/decoder.h"

enum {
	PORT_NTP = 123, LENGTH_MIN = 48, CONTROL_MIN = 12, STRATUM_MAX = 16, STRATUM_CLOCK = 1,
	MODE_CLIENT = 3, MODE_SERVER = 4, MODE_BROADCAST = 5, MODE_CONTROL = 6, MODE_PRIVATE = 7,
	CLOCK_AGREES_S = 86400,
};

#define NTP_TO_UNIX 2208988800u                  /* seconds from 1900 to 1970 */
#define NS          1000000000u

enum { VERSION, MODE, STRATUM, LEAP, REFERENCE, REFERENCE_ADDR, TRANSMIT, OFFSET, FIELDS };

static const struct field fields[FIELDS] = {
	[VERSION] = { "version", F_UINT, "version of the protocol" },
	[MODE] = { "mode", F_TEXT, "active, passive, client, server, broadcast, control or private" },
	[STRATUM] = { "stratum", F_UINT, "steps from a clock; 0: unknown or a refusal" },
	[LEAP] = { "leap", F_UINT, "leap second announced; 3: the sender's clock is not set" },
	[REFERENCE] = { "reference", F_TEXT, "clock of a stratum 1 server, or the reason of a refusal" },
	[REFERENCE_ADDR] = { "reference_addr", F_ADDR, "server that the sender follows (IPv4)" },
	[TRANSMIT] = { "transmit_time", F_TIME, "the sender's time (servers)" },
	[OFFSET] = { "offset", F_REAL, "the sender's time less the packet's (servers)", "s" },
};
static RECORD_TYPE(ntp_type, "ntp", "An NTP message", fields);

static const char *const modes[] = { NULL, "active", "passive", "client", "server", "broadcast", "control", "private" };

/* Seconds between two clocks, right across the roll-over of 2036 (RFC 5905 6). */
static int32_t seconds_apart(uint32_t ntp, uint64_t unix_ns)
{
	return (int32_t)(ntp - (uint32_t)(unix_ns / NS + NTP_TO_UNIX));
}

/* A request is almost nothing but zeros, so only its port can vouch for it. A server's time that
 * agrees with the packet's, on top of sane fields, is proof on any port. */
static struct bid bid(const struct message *m, const struct origin *at)
{
	struct rd r = rd_of(m->bytes);
	uint8_t head = rd_u8(&r), stratum = rd_u8(&r), poll = rd_u8(&r);
	unsigned mode = head & 7, version = head >> 3 & 7;
	size_t length = m->bytes.n + m->lost;
	if (mode == 0 || version == 0 || version > 4)
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	if (mode >= MODE_CONTROL)
		return (struct bid){ length >= CONTROL_MIN ? BID_MAYBE : BID_NO, SIDE_UNKNOWN };
	if (length < LENGTH_MIN || length % 4 || stratum > STRATUM_MAX || (poll > 17 && poll < 0xF0))
		return (struct bid){ BID_NO, SIDE_UNKNOWN };
	rd_skip(&r, LENGTH_MIN - 3 - 8);
	uint32_t transmit = rd_be32(&r);
	enum side side = mode == MODE_CLIENT ? SIDE_CLIENT : mode == MODE_SERVER ? SIDE_SERVER : SIDE_UNKNOWN;
	int32_t apart = seconds_apart(transmit, at->ts);
	bool agrees = rd_ok(&r) && stratum && stratum < STRATUM_MAX && apart > -CLOCK_AGREES_S && apart < CLOCK_AGREES_S;
	if (agrees && (mode == MODE_SERVER || mode == MODE_BROADCAST))
		return (struct bid){ BID_LIKELY + 5, side };
	return (struct bid){ BID_MAYBE, side };
}

static bool is_printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] && (s.p[i] < 0x20 || s.p[i] > 0x7E))
			return false;
	return s.n > 0;
}

/* RFC 5905 figure 12: four letters at stratum 0 and 1, else the IPv4 address of the server, or a hash. */
static void reference(struct record *out, struct span id, unsigned stratum)
{
	if (stratum <= STRATUM_CLOCK) {
		if (is_printable(id))
			record_text(out, REFERENCE, id);
		return;
	}
	struct addr a = addr_from4(id);
	if (addr_to4(a))
		record_addr(out, REFERENCE_ADDR, a);
}

static void server_clock(struct record *out, uint64_t ts, uint32_t seconds, uint32_t fraction)
{
	int32_t apart = seconds_apart(seconds, ts);
	int64_t whole = (int64_t)(ts / NS) + apart;
	uint64_t ns = (uint64_t)fraction * NS >> 32;
	if (whole < 0)
		return;
	record_time(out, TRANSMIT, (uint64_t)whole * NS + ns);
	record_real(out, OFFSET, apart + ((double)ns - (double)(ts % NS)) / NS);
}

static bool decode(const struct message *m, void *state, struct emit *e)
{
	(void)state;
	struct rd r = rd_of(m->bytes);
	uint8_t head = rd_u8(&r), stratum = rd_u8(&r);
	unsigned mode = head & 7, version = head >> 3 & 7;
	struct record out UNSET;
	emit_begin(e, &out, &ntp_type);
	record_uint(&out, VERSION, version);
	record_str(&out, MODE, modes[mode]);
	if (mode >= MODE_CONTROL) {
		rd_skip(&r, CONTROL_MIN - 2);
		if (rd_ok(&r))
			emit_record(e, &out);
		return rd_ok(&r);
	}
	rd_skip(&r, 2 + 4 + 4);                  /* poll, precision, root delay and dispersion */
	struct span id = rd_span(&r, 4);
	rd_skip(&r, 8 + 8 + 8);                  /* reference, origin and receive time */
	uint32_t seconds = rd_be32(&r), fraction = rd_be32(&r);
	if (!rd_ok(&r) || !mode)
		return false;
	record_uint(&out, STRATUM, stratum);
	record_uint(&out, LEAP, head >> 6);
	reference(&out, id, stratum);
	if (seconds && (mode == MODE_SERVER || mode == MODE_BROADCAST))
		server_clock(&out, e->at->ts, seconds, fraction);
	emit_record(e, &out);
	return true;
}

static const struct record_type *const types[] = { &ntp_type, NULL };

const struct decoder decoder_ntp = {
	.name = "ntp", .doc = "Network Time Protocol (RFC 5905)",
	.no_content = true,
	.over = OVER_UDP, .ports = { PORT_NTP },
	.bid = bid, .decode = decode, .types = types,
};
