/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fw.removable-medium: what lies on a USB stick or a memory card is run, written to flash, or put over the device's own
 * files. Media are known by where they are mounted: the File System Hierarchy's /media, and the names that makers give
 * such folders; or by a mount of whatever device was plugged in. */
#include "base/ascii.h"
#include "fw/pass/advice.h"
#include "fw/pass/pass.h"

static const struct rule rule = {
	.id = "fw.removable-medium",
	.title = "The firmware runs or installs what lies on a USB stick or memory card",
	.cause = "open door",
	.sees = "In a script or a program: a file below a folder that is named for a removable medium (/media/usb, "
		"/mnt/sdcard, /tmp/mmc …), or into which a device was mounted that was just plugged in, is run, loaded into the "
		"kernel, written to flash, or unpacked over folders of programs, and nothing looks at a signature first. A sum "
		"that lies on the same medium proves nothing.",
	.why = "Whoever can reach the socket for a moment, or hands a stick to somebody of staff, decides what the device "
	       "does from then on.",
	.wrong = "The medium may be soldered in or locked inside the case. The program that is handed the file may check it. "
		 "A technician may have to start it.",
	.next = { ADVICE_WHICH_DEVICES,
		  "Close or cover the device's USB sockets and card slots, and let only media near it that you prepared yourself.",
		  ADVICE_ASK_MAKER, ADVICE_RECHECK, NULL },
	.attack = { "T0847", "T0839", NULL },
	.cwe = { "CWE-494", "CWE-345", NULL },
};

/* sda, sda1, sdb{…}, mmcblk1p1: a disk on USB, a card beside the memory that is soldered in. */
static bool is_disk_name(struct span s)
{
	bool disk = s.n >= 3 && s.p[0] == 's' && s.p[1] == 'd' && s.p[2] >= 'a' && s.p[2] <= 'z' &&
		    (s.n == 3 || !ascii_is_letter(s.p[3]));
	return disk || (span_starts(s, SPAN_LIT("mmcblk")) && s.n > 6 && s.p[6] != '0');
}

static bool is_medium_name(struct span s)
{
	static const char *const parts[] = { "usb",	 "udisk",    "sdcard", "sd_card", "sd-card",   "tfcard",   "tf_card",
					     "memcard",	 "pendrive", "thumb",  "flashdrive", "removable", "{$MDEV", "{$DEVNAME" };
	static const char *const whole[] = { "sd", "sd0", "sd1", "tf", "mmc", "mmc0", "mmc1", "card", "stick" };
	return span_has_alike_any(s, parts, ARRAY_LEN(parts)) || span_alike_any(s, whole, ARRAY_LEN(whole)) || is_disk_name(s);
}

/* A file below a folder in which media are mounted. */
static bool is_on_medium(struct span path)
{
	static const char *const roots[] = { "mnt", "media", "tmp", "var", "run", "autofs", "system", "storage" };
	enum { DEEP = 4 };
	struct rd r = rd_of(path);
	bool below = false;
	if (rd_u8(&r) != '/')
		return false;
	for (unsigned depth = 0; depth < DEEP; depth++) {
		struct span part;
		if (!rd_until(&r, '/', &part))   /* the last is the file */
			return false;
		if ((below || depth == 0) && is_medium_name(part))
			return true;
		below |= span_alike_any(part, roots, ARRAY_LEN(roots));
	}
	return false;
}

/* Where a device was mounted that the script learns only as it is plugged in. */
static bool was_plugged(const struct route *r, int i, struct span path)
{
	while (i-- > 0)
		if (r->v[i]->kind == ACT_ATTACH && path_under(path, r->v[i]->target) &&
		    (source_in(r->v[i]->path).n || is_disk_name(path_base(r->v[i]->path))))
			return true;
	return false;
}

static bool is_ours(const struct route *r, int i, struct span path)
{
	return is_on_medium(path) || (source_in(path).n && was_plugged(r, i, path));
}

static bool is_copy_over(const struct act *a)
{
	return a->kind == ACT_COPY && a->recursive && path_holds_programs(a->target);
}

/* A signature; sums and hashes come with the medium. */
static bool is_signed(const struct route *r, int i)
{
	while (i-- > 0) {
		const struct act *a = r->v[i];
		bool sum = (a->name.n > 3 && span_is(span_from(a->name, a->name.n - 3), "sum")) ||
			   (span_is(a->name, "openssl") && !span_has(a->text, "verify"));
		if (a->kind == ACT_CHECK && !sum)
			return true;
	}
	return false;
}

enum deed { RUNS, WRITES, COPIES, HANDS };

static enum deed deed_of(const struct act *a)
{
	static const char *const writers[] = {
		"flashcp", "mtd", "mtd_write", "nandwrite", "dd", "sysupgrade", "ubiupdatevol",
	};
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		if (span_is(a->name, writers[i]))
			return WRITES;
	return a->kind == ACT_COPY ? COPIES : RUNS;
}

static void report(struct job *j, const struct route *r, const struct act *from, const struct act *a,
		   struct span handed)
{
	static const char *const words[][2] = { [RUNS] = { "runs", "" }, [WRITES] = { "writes", " to its flash" },
						[COPIES] = { "copies", " over its own files" },
						[HANDS] = { "hands", " to a program that updates it" } };
	enum deed deed = handed.n ? HANDS : deed_of(a);
	struct span what = handed.n ? handed : from ? from->path : a->path;
	struct finding *f = job_finding(j, &rule, r->index, "%s", words[deed][0]);
	bool grave = (r->file->boot || !r->is_script) && deed != HANDS;  /* the program may look at what it is handed */
	if (!f || !job_judge(j, f, grave ? SEV_MEDIUM : SEV_LOW, deed == HANDS ? 0.5 : 0.7))
		return;
	const struct act *steps[] = { from ? from : a, from ? a : NULL, NULL };
	f->title = job_text(j, "%s %s what lies on a USB stick or memory card (%.*s)%s, and looks at no signature",
			    r->file->path, words[deed][0], (int)span_cut(what, 100).n, (const char *)what.p, words[deed][1]);
	job_observe(j, f, steps[0]);
	job_chain(j, f, steps);
}

/* ./update.sh, after cd FOLDER. */
static bool stands_in(const struct route *r, int i, struct span path, struct span folder)
{
	if (!path.n || path.p[0] == '/')
		return false;
	while (i-- > 0)
		if (span_is(r->v[i]->name, "cd"))
			return span_eq(r->v[i]->target, folder);
	return false;
}

/* A copy that was taken from the medium, of which this is. */
static const struct act *carried(const struct route *r, int i, struct span path)
{
	for (int k = i; k-- > 0;) {
		const struct act *c = r->v[k];
		bool same = span_eq(path, c->target) || path_under(path, c->target) || stands_in(r, i, path, c->target);
		if (c->kind == ACT_COPY && c->target.n > 1 && same && is_ours(r, k, c->path) &&
		    (span_eq(path, c->target) || span_eq(path_base(path), path_base(c->path)) || c->recursive))
			return c;
	}
	return NULL;
}

/* update /tmp/mmc/fw.bin /dev/mtd4: a file of the medium among the words of a program that is for updates, or that is
 * told where in flash to put it. */
static struct span handed_over(const struct route *r, int i)
{
	static const char *const names[] = { "update", "upgrade", "flash", "fwup" };
	const struct act *a = r->v[i];
	struct rd words = rd_of(a->text);
	struct span first = rd_piece(&words, ' '), found = { 0 };
	bool updates = span_has_alike_any(path_base(first), names, ARRAY_LEN(names)), flash = false;
	if ((a->kind != ACT_EXECUTE && a->kind != ACT_OTHER) || is_ours(r, i, a->path) || deed_of(a) == WRITES)
		return found;
	while (rd_left(&words)) {
		struct span w = rd_piece(&words, ' ');
		if (w.n && strchr("<>|&0123456789", w.p[0]))
			break;                   /* where its output goes */
		w = w.n && !memchr(w.p, '{', w.n) ? span_strip(w, ")}\"'") : w;
		flash |= span_starts(w, SPAN_LIT("/dev/mtd"));
		found = !found.n && is_ours(r, i, w) ? w : found;
	}
	return updates || flash ? found : (struct span){ 0 };
}

/* What is itself on the medium is no way onto the device. */
static bool lies_on_medium(struct job *j, const struct scene_file *f)
{
	return is_on_medium(span_str(job_text(j, "/%s", f->path)));
}

static void route(struct job *j, const struct route *r)
{
	if (lies_on_medium(j, r->file))
		return;
	for (int i = 0; i < (int)r->n; i++) {
		const struct act *a = r->v[i];
		struct span handed = r->is_script ? handed_over(r, i) : (struct span){ 0 };
		if (handed.n && !is_signed(r, i))
			report(j, r, NULL, a, handed);
		if (a->kind != ACT_EXECUTE && !is_copy_over(a))
			continue;
		bool direct = is_ours(r, i, a->path);
		const struct act *from = direct || a->kind != ACT_EXECUTE ? NULL : carried(r, i, a->path);
		if ((direct || from) && !is_signed(r, i))
			report(j, r, from, a, (struct span){ 0 });
	}
}

const struct pass pass_removable_medium = { .rule = &rule, .route = route };
