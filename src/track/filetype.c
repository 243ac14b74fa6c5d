/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File kinds by their first bytes: marks at fixed places first, then the few formats that want a
 * closer look, at last what the bytes look like (text, compressed or encrypted, other). */
#include "track/filetype.h"

#include <math.h>

#include "base/ascii.h"
#include "base/scope.h"

struct mark {
	uint16_t at;
	uint8_t n;
	bool code;
	const char *bytes;
	const char *name;
};

#define MARK(at, text, code, name) { at, sizeof(text) - 1, code, text, name }

static const struct mark marks[] = {
	MARK(0, "#!", true, "script"),
	MARK(0, "@echo off", true, "script"),
	MARK(0, "<?php", true, "script"),
	MARK(0, "\x45\x3d\xcd\x28", true, "cramfs file system"),
	MARK(0, "\x28\xcd\x3d\x45", true, "cramfs file system (big endian)"),
	MARK(0, "hsqs", true, "squashfs file system"),
	MARK(0, "sqsh", true, "squashfs file system (big endian)"),
	MARK(0, "-rom1fs-", true, "romfs file system"),
	MARK(0, "UBI#", true, "UBI file system"),
	MARK(0, "\x31\x18\x10\x06", true, "UBIFS file system"),
	MARK(0, "\x27\x05\x19\x56", true, "uImage firmware"),
	MARK(0, "\xd0\x0d\xfe\xed", true, "device tree or FIT firmware"),
	MARK(0, "ANDROID!", true, "boot image firmware"),
	MARK(0, "HDR0", true, "TRX firmware"),
	MARK(0, "\xfe\xed\xfa\xce", true, "Mach-O program"),
	MARK(0, "\xfe\xed\xfa\xcf", true, "Mach-O program"),
	MARK(0, "\xce\xfa\xed\xfe", true, "Mach-O program"),
	MARK(0, "\xcf\xfa\xed\xfe", true, "Mach-O program"),
	MARK(0, "dex\n03", true, "Android program"),
	MARK(0, "\0asm\x01\0\0\0", true, "WebAssembly program"),
	MARK(0, "\x1f\x8b\x08", true, "gzip archive"),
	MARK(0, "\x1f\x9d", true, "compress archive"),
	MARK(4, "1AY&SY", true, "bzip2 archive"),
	MARK(0, "\xfd" "7zXZ\0", true, "xz archive"),
	MARK(0, "\x28\xb5\x2f\xfd", true, "zstd archive"),
	MARK(0, "\x04\x22\x4d\x18", true, "lz4 archive"),
	MARK(0, "\x02\x21\x4c\x18", true, "lz4 archive"),
	MARK(0, "\x89LZO\0", true, "lzop archive"),
	MARK(0, "\x5d\0\0", true, "lzma archive"),
	MARK(0, "PK\x03\x04", true, "zip archive"),
	MARK(0, "PK\x05\x06", true, "zip archive (empty)"),
	MARK(0, "7z\xbc\xaf\x27\x1c", true, "7z archive"),
	MARK(0, "Rar!\x1a\x07", true, "rar archive"),
	MARK(257, "ustar", true, "tar archive"),
	MARK(0, "070701", true, "cpio archive"),
	MARK(0, "070702", true, "cpio archive"),
	MARK(0, "070707", true, "cpio archive"),
	MARK(0, "!<arch>\n", true, "ar archive or Debian package"),
	MARK(0, "\xed\xab\xee\xdb", true, "RPM package"),
	MARK(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", false, "Office document"),
	MARK(0, "%PDF-", false, "PDF"),
	MARK(0, "%!PS", false, "PostScript"),
	MARK(0, "\x1b%-12345X", false, "print job"),
	MARK(0, "\x89PNG\r\n\x1a\n", false, "image (PNG)"),
	MARK(0, "\xff\xd8\xff", false, "image (JPEG)"),
	MARK(0, "GIF8", false, "image (GIF)"),
	MARK(0, "II*\0", false, "image (TIFF)"),
	MARK(0, "MM\0*", false, "image (TIFF)"),
	MARK(128, "DICM", false, "DICOM file"),
	MARK(0, "SQLite format 3", false, "SQLite database"),
	MARK(0, "MSH|", false, "HL7 message"),
	MARK(0, "FHS|", false, "HL7 message"),
	MARK(0, "BHS|", false, "HL7 message"),
	MARK(0, "\x0bMSH|", false, "HL7 message"),
};

static void name_set(struct filetype *t, const char *name, bool code)
{
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->code = code;
}

static bool by_mark(struct span head, struct filetype *t)
{
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		const struct mark *m = &marks[i];
		struct span there = span_from(head, m->at);
		if (!there.n || there.p[0] != (uint8_t)m->bytes[0] || !span_starts(there, span_of(m->bytes, m->n)))
			continue;
		name_set(t, m->name, m->code);
		return true;
	}
	return false;
}

/* e_machine of the System V ABI; the ones that run in devices. */
static const char *elf_machine(uint16_t m)
{
	switch (m) {
	case 2: case 18: case 43: return "SPARC";
	case 3: return "x86";
	case 4: return "68000";
	case 8: case 10: return "MIPS";
	case 20: return "PowerPC";
	case 21: return "PowerPC64";
	case 40: return "ARM";
	case 42: return "SuperH";
	case 50: return "IA-64";
	case 62: return "x86-64";
	case 83: return "AVR";
	case 93: case 94: return "Xtensa";
	case 106: return "Blackfin";
	case 113: return "Nios II";
	case 183: return "AArch64";
	case 189: return "MicroBlaze";
	case 243: return "RISC-V";
	default: return "other machine";
	}
}

/* ELF header: e_type at 16, e_machine at 18, in the order that byte 5 says. */
static bool is_elf(struct span head, struct filetype *t)
{
	if (!span_starts(head, SPAN_LIT("\x7f" "ELF")))
		return false;
	struct rd r = rd_of(span_from(head, 5));
	rd_order(&r, rd_u8(&r) == 2);
	rd_skip(&r, 10);
	uint16_t type = rd_u16(&r), machine = rd_u16(&r);
	const char *what = type == 1 ? "ELF object" : type == 4 ? "core dump" : "ELF program";
	snprintf(t->name, sizeof(t->name), "%s (%s)", what, rd_ok(&r) ? elf_machine(machine) : "cut short");
	t->code = type != 4;
	t->program = rd_ok(&r) && type >= 1 && type <= 3;
	return true;
}

/* MZ alone is DOS; e_lfanew at 60 points to "PE\0\0", which may lie behind what we keep. */
static bool is_pe(struct span head, struct filetype *t)
{
	if (!span_starts(head, SPAN_LIT("MZ")) || head.n < 64)
		return false;
	struct rd r = rd_at(head, false, 60, 4);
	uint32_t at = rd_le32(&r);
	if (span_starts(span_from(head, at), SPAN_LIT("PE\0\0")))
		t->program = true;
	name_set(t, t->program ? "PE program" : "DOS or PE program", true);
	return true;
}

/* Java and fat Mach-O share the mark; Java's version 45 and above stands where Mach-O counts members. */
static bool is_java(struct span head, struct filetype *t)
{
	struct rd r = rd_of(head);
	if (rd_be32(&r) != 0xcafebabe)
		return false;
	name_set(t, rd_be32(&r) >= 45 ? "Java program" : "Mach-O program", true);
	return true;
}

/* JFFS2 node: magic 0x1985 in either order, then a node type of fs/jffs2's closed list. */
static bool is_jffs2(struct span head, struct filetype *t)
{
	static const uint16_t types[] = { 0xe001, 0xe002, 0x2003, 0x2004, 0x2006, 0xe008, 0xe009 };
	struct rd r = rd_of(head);
	rd_order(&r, rd_peek(&r) == 0x19);
	uint16_t magic = rd_u16(&r), type = rd_u16(&r);
	for (size_t i = 0; rd_ok(&r) && magic == 0x1985 && i < ARRAY_LEN(types); i++)
		if (types[i] == type) {
			name_set(t, "JFFS2 file system", true);
			return true;
		}
	return false;
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One line of hex digits whose bytes add up to `sum`: that is how Intel HEX (0) and Motorola
 * S-records (255) close each line. skip: the line's leading mark. */
static bool hex_line(struct span head, size_t skip, uint8_t sum)
{
	uint8_t total = 0;
	size_t n = skip;
	for (; n + 1 < head.n; n += 2) {
		int high = hex_value(head.p[n]), low = hex_value(head.p[n + 1]);
		if (high < 0 || low < 0)
			break;
		total = (uint8_t)(total + high * 16 + low);
	}
	bool ends = n < head.n && (head.p[n] == '\r' || head.p[n] == '\n');
	return ends && n >= skip + 8 && total == sum;
}

static bool is_hex(struct span head, struct filetype *t)
{
	if (span_starts(head, SPAN_LIT(":")) && hex_line(head, 1, 0))
		name_set(t, "Intel HEX firmware", true);
	else if (span_starts(head, SPAN_LIT("S")) && head.n > 2 && hex_line(head, 2, 0xff))
		name_set(t, "S-record firmware", true);
	else
		return false;
	return true;
}

/* Old binary cpio: 070707 octal as a 16-bit number. A short mark, so it is asked late. */
static bool is_old_cpio(struct span head, struct filetype *t)
{
	if (head.n < 26 || (!span_starts(head, SPAN_LIT("\xc7\x71")) && !span_starts(head, SPAN_LIT("\x71\xc7"))))
		return false;
	name_set(t, "cpio archive", true);
	return true;
}

/* Text in ASCII, Latin-1 or UTF-8: no control bytes but layout, ESC and form feed. */
static bool is_text(struct span head)
{
	size_t high = 0;
	for (size_t i = 0; i < head.n; i++) {
		uint8_t c = head.p[i];
		if ((c < 0x20 && !(c >= 8 && c <= 13) && c != 0x1b) || c == 0x7f)
			return false;
		high += c >= 0x80;
	}
	return high <= head.n / 3;
}

/* Shannon entropy, bits a byte. 512 random bytes have 7.5 to 7.7; programs and tables below 7. */
static double entropy(struct span s)
{
	unsigned count[256] = { 0 };
	for (size_t i = 0; i < s.n; i++)
		count[s.p[i]]++;
	double bits = 0;
	for (int i = 0; i < 256; i++)
		if (count[i]) {
			double p = (double)count[i] / (double)s.n;
			bits -= p * log2(p);
		}
	return bits;
}

static struct filetype bare_type(struct span head)
{
	enum { ENOUGH = 256 };
	struct filetype t = { 0 };
	if (head.n == 0)
		name_set(&t, "empty", false);
	else if (is_elf(head, &t) || is_pe(head, &t) || is_java(head, &t) || is_jffs2(head, &t) || by_mark(head, &t) ||
		 is_hex(head, &t) || is_old_cpio(head, &t))
		return t;
	else if (is_text(head))
		name_set(&t, "text", false);
	else if (head.n >= ENOUGH && entropy(head) > (head.n == FILETYPE_HEAD ? 7.4 : 6.9))
		name_set(&t, "compressed or encrypted", false);
	else
		name_set(&t, "binary", false);
	return t;
}

/* A page's form with a file in it (RFC 7578): the first of its parts that is code, as far as the head shows them. */
static bool is_form(struct span head, struct filetype *t)
{
	struct rd r = rd_of(head);
	struct span mark, part;
	if (!span_starts(head, SPAN_LIT("--")) || !rd_until(&r, '\n', &mark) || mark.n < 4 || mark.n > 80)
		return false;
	for (struct span s = rd_rest(&r); span_alike_at(s, 0, "Content-"); s = part) {
		const uint8_t *end = memmem(s.p, s.n, "\r\n\r\n", 4);
		if (!end)
			return false;
		part = span_from(s, (size_t)(end - s.p) + 4);
		const uint8_t *next = memmem(part.p, part.n, mark.p, mark.n - 1);
		*t = bare_type(next ? span_cut(part, (size_t)(next - part.p)) : part);
		if (t->code || !next)
			break;
		part = span_from(part, (size_t)(next - part.p) + mark.n + 1);
	}
	t->wrapped = t->code;
	return t->code;
}

struct filetype filetype_of(struct span head)
{
	struct filetype t = { 0 };
	head = span_cut(head, FILETYPE_HEAD);
	return is_form(head, &t) ? t : bare_type(head);
}
