/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of members. Content: System V gABI for ELF, PE and Mach-O marks, RFC 7468 for PEM, X.690 for DER,
 * inittab(5), crontab(5), inetd.conf(5), systemd.unit(5). */
#include "fw/model/file.h"

#include <fnmatch.h>

enum { HEAD = 4096, DER_LEAST = 64 };

static const char *const names[FILE_CLASSES] = {
	[FILE_EMPTY] = "empty", [FILE_DATA] = "data", [FILE_TEXT] = "text", [FILE_PROGRAM] = "program",
	[FILE_LIBRARY] = "library",
	[FILE_MODULE] = "kernel module", [FILE_OBJECT] = "object file", [FILE_PE] = "PE program",
	[FILE_MACHO] = "Mach-O program",
	[FILE_SHELL] = "shell script", [FILE_SCRIPT] = "script", [FILE_INITTAB] = "inittab", [FILE_RC] = "start-up script",
	[FILE_UNIT] = "systemd unit", [FILE_CRONTAB] = "crontab", [FILE_INETD] = "inetd configuration",
	[FILE_PASSWD] = "accounts",
	[FILE_SHADOW] = "passwords", [FILE_AUTHORIZED] = "authorized keys", [FILE_KEY] = "private key",
	[FILE_CERTIFICATE] = "certificate",
	[FILE_KEYSTORE] = "key store", [FILE_CGI] = "CGI program", [FILE_PHP] = "PHP page", [FILE_LUA] = "Lua script",
	[FILE_PAGE] = "web page",
	[FILE_CONFIG] = "configuration", [FILE_SQLITE] = "SQLite database",
};

const char *file_class_name(enum file_class c)
{
	return names[c];
}

static enum file_class elf_class(const struct member *f, struct span s)
{
	struct rd r = rd_at(s, false, 4, 14);
	uint8_t wide = rd_u8(&r);
	rd_order(&r, rd_u8(&r) == 2);
	rd_skip(&r, 10);
	uint16_t type = rd_u16(&r);
	if (!rd_ok(&r) || wide < 1 || wide > 2)
		return FILE_DATA;
	bool is_module = f->path.n > 3 && memcmp(f->path.p + f->path.n - 3, ".ko", 3) == 0;
	if (type == 1)
		return is_module ? FILE_MODULE : FILE_OBJECT;
	/* Position independent programs are shared objects too: those that name a loader are programs. */
	bool named = span_has(f->path, ".so");
	bool loads = span_has(span_cut(s, HEAD), "/ld-") || span_has(span_cut(s, HEAD), "/linker") ||
		     span_has(span_cut(s, HEAD), "/ld.so");
	return type == 3 && (named || !loads) ? FILE_LIBRARY : type == 2 || type == 3 ? FILE_PROGRAM : FILE_DATA;
}

static bool is_pe(struct span s)
{
	struct rd r = rd_at(s, false, 0x3c, 4);
	struct rd pe = rd_at(s, false, rd_le32(&r), 4);
	return span_starts(s, SPAN_LIT("MZ")) && rd_le32(&pe) == 0x4550;
}

static bool is_macho(struct span s)
{
	struct rd r = rd_of(s);
	uint32_t magic = rd_be32(&r);
	/* 0xcafebabe is Java's too: there a version stands where the number of parts is. */
	return magic == 0xfeedface || magic == 0xfeedfacf || magic == 0xcefaedfe || magic == 0xcffaedfe ||
	       (magic == 0xcafebabe && rd_be32(&r) < 20);
}

static enum file_class interpreter(struct span s)
{
	struct rd r = rd_of(s);
	struct span line;
	if (!rd_until(&r, '\n', &line))
		line = span_cut(s, 128);
	static const struct {
		const char *name;
		enum file_class c;
	} known[] = { { "php", FILE_PHP },    { "lua", FILE_LUA },   { "sh", FILE_SHELL },
		      { "bash", FILE_SHELL }, { "ash", FILE_SHELL }, { "haserl", FILE_CGI } };
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_has(line, known[i].name))
			return known[i].c;
	return FILE_SCRIPT;
}

static bool is_text(struct span s)
{
	s = span_cut(s, HEAD);
	size_t odd = 0;
	for (size_t i = 0; i < s.n; i++)
		odd += (s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t') || s.p[i] == 0x7f;
	return odd * 100 <= s.n;
}

/* Places that say what a text is. Paths count from the root of the file system. */
static const struct {
	const char *pattern;
	enum file_class c;
} places[] = {
	{ "*etc/inittab", FILE_INITTAB }, { "*etc/passwd", FILE_PASSWD }, { "*etc/shadow", FILE_SHADOW },
	{ "*authorized_keys*", FILE_AUTHORIZED }, { "*etc/crontab", FILE_CRONTAB }, { "*etc/cron.d/*", FILE_CRONTAB },
	{ "*cron/crontabs/*", FILE_CRONTAB }, { "*crontabs/root", FILE_CRONTAB }, { "*etc/inetd.conf", FILE_INETD },
	{ "*etc/xinetd.d/*", FILE_INETD }, { "*etc/xinetd.conf", FILE_INETD }, { "*systemd/*.service", FILE_UNIT },
	{ "*systemd/*.socket", FILE_UNIT }, { "*systemd/*.timer", FILE_UNIT }, { "*systemd/*.mount", FILE_UNIT },
	{ "*etc/init.d/*", FILE_RC }, { "*etc/rc.d/*", FILE_RC }, { "*etc/rc?.d/*", FILE_RC }, { "*etc/rcS*", FILE_RC },
	{ "*etc/rc.local", FILE_RC }, { "*etc/rc.sysinit", FILE_RC }, { "*.php", FILE_PHP }, { "*.lua", FILE_LUA },
	{ "*.cgi", FILE_CGI },
	{ "*cgi-bin/*", FILE_CGI }, { "*.htm", FILE_PAGE }, { "*.html", FILE_PAGE }, { "*.asp", FILE_PAGE },
	{ "*.js", FILE_PAGE },
	{ "*.sh", FILE_SHELL }, { "*.conf", FILE_CONFIG }, { "*.cfg", FILE_CONFIG }, { "*.ini", FILE_CONFIG },
	{ "*.json", FILE_CONFIG },
	{ "*.xml", FILE_CONFIG }, { "*.yaml", FILE_CONFIG }, { "*.yml", FILE_CONFIG }, { "*etc/config/*", FILE_CONFIG },
};

static enum file_class by_place(struct span path, enum file_class otherwise)
{
	/* Paths end with a zero (unpack.h). */
	for (size_t i = 0; path.n && i < ARRAY_LEN(places); i++)
		if (fnmatch(places[i].pattern, (const char *)path.p, 0) == 0)
			return places[i].c;
	return otherwise;
}

static enum file_class by_key(struct span s)
{
	struct key k[KEYS_MAX];
	unsigned n = key_find(span_cut(s, HEAD * 4), k);
	if (!n || k[0].offset > HEAD)
		return FILE_DATA;
	for (unsigned i = 0; i < n; i++)
		if (strcmp(k[i].what, "private key") == 0)
			return FILE_KEY;
	return strcmp(k[0].what, "key store") == 0   ? FILE_KEYSTORE
	     : strcmp(k[0].what, "certificate") == 0 ? FILE_CERTIFICATE
						     : FILE_DATA;
}

enum file_class file_classify(const struct member *f, struct span s)
{
	if (s.n == 0)
		return FILE_EMPTY;
	if (span_starts(s, SPAN_LIT("\177ELF")))
		return elf_class(f, s);
	if (is_pe(s))
		return FILE_PE;
	if (is_macho(s))
		return FILE_MACHO;
	if (span_starts(s, SPAN_LIT("SQLite format 3\0")))
		return FILE_SQLITE;
	if (span_starts(s, SPAN_LIT("\x1bLua")))
		return FILE_LUA;
	bool text = is_text(s);
	enum file_class key = by_key(s);
	if (key != FILE_DATA && (!text || by_place(f->path, FILE_TEXT) == FILE_TEXT || key == FILE_KEY))
		return key;
	if (!text)
		return FILE_DATA;
	if (span_starts(s, SPAN_LIT("#!"))) {
		enum file_class place = by_place(f->path, FILE_TEXT), by = interpreter(s);
		return place == FILE_RC || place == FILE_CGI ? place : by;
	}
	if (span_starts(s, SPAN_LIT("<?php")))
		return FILE_PHP;
	if (accounts_stand_in(f->path, s))
		return span_has(f->path, "shadow") ? FILE_SHADOW : FILE_PASSWD;
	return by_place(f->path, FILE_TEXT);
}

/* ---- keys ---- */

static bool add_key(struct key *out, unsigned *n, struct key k)
{
	if (*n == KEYS_MAX)
		return false;
	out[(*n)++] = k;
	return true;
}

/* Nearly all of a block is base64 in lines; between two words of a program stands anything else. */
static bool is_base64(struct span s)
{
	size_t odd = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("+/=\r\n :,-", c);
		if (c == 0 || c >= 0x80)
			return false;
		odd += !fits;
	}
	return odd * 20 <= s.n;
}

/* -----BEGIN label-----: RFC 7468 §2; a block without its end, or without base64, is a mention, not a key. */
static void pem_find(struct span s, struct key *out, unsigned *n)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	size_t at = 0;
	while (at < s.n) {
		const uint8_t *p = memmem(s.p + at, s.n - at, begin, sizeof(begin) - 1);
		if (!p)
			return;
		size_t start = (size_t)(p - s.p);
		struct span block = span_cut(span_from(s, start), 64 * 1024), label;
		struct rd r = rd_of(span_from(block, sizeof(begin) - 1));
		const uint8_t *e = memmem(block.p, block.n, end, sizeof(end) - 1);
		at = start + sizeof(begin);
		if (!e || !rd_until(&r, '-', &label) || label.n > 40)
			continue;
		size_t length = (size_t)(e - block.p) + sizeof(end) - 1 + label.n + 5;
		bool body = length >= sizeof(begin) + sizeof(end) + 2 * label.n + DER_LEAST;
		if (!body ||
		    !is_base64(span_cut(span_from(block, sizeof(begin) + label.n), (size_t)(e - block.p) - sizeof(begin) - label.n)))
			continue;
		bool private = span_has(label, "PRIVATE KEY");
		const char *what = private			  ? "private key"
				 : span_has(label, "CERTIFICATE") ? "certificate"
				 : span_has(label, "PUBLIC KEY")  ? "public key"
								  : NULL;
		if (what && !add_key(out, n, (struct key){ start, length, what, span_has(label, "OPENSSH") ? "OpenSSH" : "PEM",
				     span_has(label, "ENCRYPTED") || (private && span_has(span_cut(block, length), "ENCRYPTED")) }))
			return;
		at = start + length;
	}
}

/* Tag and length; the content as a reader. False: not this tag, or it does not fit. */
static bool der_enter(struct rd *r, uint8_t tag, struct rd *in)
{
	if (rd_u8(r) != tag)
		return false;
	uint32_t n = rd_u8(r);
	if (n & 0x80) {
		unsigned more = n & 0x7f;
		if (more < 1 || more > 3)
			return false;
		for (n = 0; more; more--)
			n = n << 8 | rd_u8(r);
	}
	*in = rd_sub(r, n);
	return rd_ok(r);
}

/* A certificate is a sequence of a sequence, an algorithm and a bit string; keys begin with a version. */
static void der_find(struct span s, struct key *out, unsigned *n)
{
	struct rd r = rd_of(s), whole, first, second;
	if (s.n < DER_LEAST || !der_enter(&r, 0x30, &whole))
		return;
	size_t length = s.n - rd_left(&r);
	struct rd at = whole;
	if (der_enter(&at, 0x02, &first)) {
		uint8_t version = rd_u8(&first), tag = rd_peek(&at);
		bool short_version = rd_ok(&first) && rd_left(&first) == 0;
		struct rd oid = at, inner;
		bool algorithm = der_enter(&oid, 0x30, &inner) && rd_peek(&inner) == 0x06;
		if (short_version && version == 3 && algorithm)
			add_key(out, n, (struct key){ 0, length, "key store", "PKCS#12", true });
		else if (short_version && ((version == 0 && (algorithm || tag == 0x02)) || (version == 1 && tag == 0x04)))
			add_key(out, n, (struct key){ 0, length, "private key", "DER", false });
		return;
	}
	at = whole;
	struct rd algorithm;
	if (der_enter(&at, 0x30, &first) && der_enter(&at, 0x30, &algorithm) && der_enter(&at, 0x03, &second) &&
	    rd_left(&first) > DER_LEAST)
		add_key(out, n, (struct key){ 0, length, "certificate", "DER", false });
}

/* dropbear keeps private keys as SSH strings and numbers without any envelope. */
static bool is_dropbear(struct span s)
{
	static const char *const kinds[] = {
		"ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	};
	struct rd r = rd_of(s);
	struct span kind = rd_span(&r, rd_be32(&r));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (span_is(kind, kinds[i]))
			return s.n > DER_LEAST && s.n < 16384;
	return false;
}

unsigned key_find(struct span s, struct key out[KEYS_MAX])
{
	unsigned n = 0;
	struct rd r = rd_of(s);
	uint32_t magic = rd_be32(&r), version = rd_be32(&r);
	if ((magic == 0xfeedfeed || magic == 0xcececece) && (version == 1 || version == 2))
		add_key(out, &n, (struct key){ 0, s.n, "key store", magic == 0xfeedfeed ? "JKS" : "JCEKS", true });
	else if (is_dropbear(s))
		add_key(out, &n, (struct key){ 0, s.n, "private key", "dropbear", false });
	else
		der_find(s, out, &n);
	pem_find(s, out, &n);
	return n;
}

/* ---- records ---- */

static const struct field key_fields[] = {
	[KEY_WHERE] = { "where", F_TEXT, "the file in which it stands" },
	[KEY_WHAT] = { "what", F_TEXT, "private key, public key, certificate or key store" },
	[KEY_FORM] = { "form", F_TEXT, "PEM, DER, OpenSSH, dropbear, JKS, PKCS#12" },
	[KEY_ENCRYPTED] = { "encrypted", F_BOOL, "asks for a password" },
	[KEY_OFFSET] = { "offset", F_UINT, "where it starts in the file", "bytes" },
	[KEY_LENGTH] = { "length", F_UINT, "how long it is", "bytes" },
};
RECORD_TYPE(key_type, "key", "A key or certificate inside an image; the key itself is never shown", key_fields);

void key_record(const struct key *k, struct span where, struct record *r, const struct record_host *h)
{
	record_begin(r, &key_type, NULL, h);
	record_text(r, KEY_WHERE, where);
	record_str(r, KEY_WHAT, k->what);
	record_str(r, KEY_FORM, k->form);
	record_bool(r, KEY_ENCRYPTED, k->encrypted);
	record_uint(r, KEY_OFFSET, k->offset);
	record_uint(r, KEY_LENGTH, k->length);
}
