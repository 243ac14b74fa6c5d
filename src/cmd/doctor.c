/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auscult doctor: what of this machine and installation is fit, and how to mend what is not. Changes
 * nothing. A check is a function and a line in the table. */
#include <errno.h>
#include <linux/landlock.h>
#include <lzma.h>
#include <openssl/crypto.h>
#include <seccomp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <yara/libyara.h>
#include <zlib.h>
#include <zstd.h>

#include "base/sandbox.h"
#include "base/utf8.h"
#include "cmd/body.h"
#include "cmd/site.h"
#include "detect/detect.h"
#include "record/json.h"
#include "track/device.h"
#include "track/zone.h"

enum { OPT_STORE, OPT_CONFIG, OPT_JSON, OPT_COLOR };

enum state { FIT, LOOK, RED };

enum { SAID = 1024 };

struct patient {                                 /* what the checks are about */
	const char *dir, *config;
};

struct verdict {
	enum state state;
	char said[SAID], fix[SAID];
};

static struct verdict __attribute__((format(printf, 2, 3))) fit(enum state s, const char *fmt, ...)
{
	struct verdict v = { .state = s };
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(v.said, sizeof(v.said), fmt, ap);
	va_end(ap);
	return v;
}

/* The verdict with a way to mend it. */
static struct verdict mend(struct verdict v, const char *before, const char *what, const char *after)
{
	snprintf(v.fix, sizeof(v.fix), "%s%.600s%s", before, what, after);
	return v;
}

static struct verdict check_libraries(const struct patient *p)
{
	(void)p;
	const struct scmp_version *s = seccomp_version();
	struct verdict v =
		fit(FIT, "%s; SQLite %s; jansson %s; zlib %s; liblzma %s; zstd %s; libseccomp %u.%u.%u; libyara %d.%d.%d",
		    OpenSSL_version(OPENSSL_VERSION), sqlite3_libversion(), jansson_version_str(), zlibVersion(),
		    lzma_version_string(), ZSTD_versionString(), s ? s->major : 0, s ? s->minor : 0, s ? s->micro : 0,
		    YR_MAJOR_VERSION, YR_MINOR_VERSION, YR_MICRO_VERSION);
	if (sqlite3_libversion_number() >= 3037000 && OPENSSL_version_major() >= 3)
		return v;
	v.state = RED;
	return mend(v, "SQLite 3.37 and OpenSSL 3 or later are needed: ", "apt install libsqlite3-0 libssl3", "");
}

static struct verdict check_folder(const struct patient *p)
{
	struct stat st;
	if (lstat(p->dir, &st) < 0 && errno == ENOENT)
		return fit(LOOK, "%.600s is not there yet; the first auscult watch makes it", p->dir);
	if (stat(p->dir, &st) < 0 || access(p->dir, R_OK | W_OK | X_OK) < 0)
		return mend(fit(RED, "%.600s: %s", p->dir, strerror(errno)),
			    "chown it to who runs auscult, or name another with --store: ", p->dir, "");
	if (st.st_uid != geteuid())
		return mend(fit(RED, "%.600s belongs to user %u", p->dir, st.st_uid),
			    "run auscult as that user, or chown ", p->dir, "");
	if (st.st_mode & 077)
		return mend(fit(RED, "%.600s is open to others (mode %o)", p->dir, st.st_mode & 0777), "chmod 700 ", p->dir, "");
	return fit(FIT, "%.600s, closed to others", p->dir);
}

static struct verdict check_key(const struct patient *p)
{
	char path[STORE_PATH + 16];
	uint8_t key[KEY_BYTES];
	snprintf(path, sizeof(path), "%.4000s/" STORE_KEY, p->dir);
	int bad = keyring_load(path, false, key);
	OPENSSL_cleanse(key, sizeof(key));
	switch (-bad) {
	case 0: return fit(FIT, "the site's key is there and closed to others");
	case ENOENT: return fit(LOOK, "no site key yet; the first auscult watch makes it");
	case EPERM: return mend(fit(RED, "others may read the site's key"), "think about who has, then: chmod 600 ", path, "");
	case EINVAL:
		return mend(fit(RED, "the site's key is not %d bytes long", KEY_BYTES),
			    "restore it from a copy: ", path, "");
	default: return mend(fit(RED, "the site's key: %s", strerror(-bad)), "look at ", path, "");
	}
}

static struct verdict check_store(const struct patient *p)
{
	char err[STORE_ERR] = "", path[STORE_PATH + 16];
	struct store *s = NULL;
	struct store_check c;
	struct stat st;
	int bad = store_open(p->dir, true, &s, err);
	if (bad == -ENOENT)
		return fit(LOOK, "no store yet; the first auscult watch makes it");
	if (bad)
		return mend(fit(RED, "%s", err), "restore the folder from a copy, or start anew in another: ", "--store DIR", "");
	snprintf(path, sizeof(path), "%.4000s/" STORE_FILE, p->dir);
	int found = store_verify(s, NULL, &c);
	snprintf(err, sizeof(err), "%s", store_error(s));
	store_close(s);
	if (found)
		return mend(fit(RED, "%s", found > 0 ? c.broken : err),
			    "keep a copy as it is, ask who could write it, restore ", path, "");
	if (stat(path, &st) == 0 && st.st_mode & 077)
		return mend(fit(RED, "others may read the store"), "chmod 600 ", path, "");
	return fit(FIT, "the store is whole: %llu findings in the chain, %.1f MB", (unsigned long long)c.checked,
		   (double)st.st_size / 1e6);
}

static struct verdict check_disk(const struct patient *p)
{
	struct statvfs f;
	char path[STORE_PATH];
	snprintf(path, sizeof(path), "%s", p->dir);
	while (statvfs(path, &f) < 0) {          /* the folder may not be there yet: ask its parent */
		char *slash = strrchr(path, '/');
		if (!slash || slash == path)
			return fit(LOOK, "the free space of %.600s could not be asked for", p->dir);
		*slash = '\0';
	}
	double mb = (double)f.f_bavail * (double)f.f_frsize / 1e6;
	struct verdict v = fit(mb < 100 ? RED : mb < 1000 ? LOOK : FIT, "%.1f GB free for the store", mb / 1000);
	return v.state == FIT ? v : mend(v, "make room on the disk of ", p->dir, "");
}

static struct verdict check_config(const struct patient *p)
{
	char path[STORE_PATH + 16];
	struct conf *conf = NULL;
	struct buf errors = { 0 };
	snprintf(path, sizeof(path), "%.4000s/auscult.conf", p->dir);
	if (!p->config && access(path, F_OK) < 0)
		return fit(LOOK, "no configuration: which networks are clinical and which are the site's is a guess, "
				 "stated in every report");
	AUTO_FREE struct conf_key *options = detect_option_keys(NULL);
	const struct conf_key *const tables[] = { zone_conf, device_conf, detect_conf, options, NULL };
	int bad = conf_read(p->config ? p->config : path, tables, &conf, &errors);
	struct verdict v = fit(FIT, "%.600s is understood", p->config ? p->config : path);
	if (bad) {
		struct span said = span_cut(buf_span(&errors), SAID - 32);
		v = fit(RED, "%.*s", (int)said.n, said.n ? (const char *)said.p : "");
		if (!said.n)
			v = fit(RED, "%.600s: %s", p->config ? p->config : path, strerror(-bad));
		v = mend(v, "mend these lines of ", p->config ? p->config : path, "");
	}
	buf_done(&errors);
	conf_free(conf);
	return v;
}

static struct verdict check_oui(const struct patient *p)
{
	(void)p;
	static const char *const paths[] = { "/usr/share/ieee-data/oui.txt", "/var/lib/ieee-data/oui.txt" };
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (access(paths[i], R_OK) == 0)
			return fit(FIT, "list of MAC prefixes: --oui %s gives vendor hints", paths[i]);
	return mend(fit(LOOK, "no list of MAC prefixes: devices are shown without a vendor hint"), "", "apt install ieee-data",
		    ", then auscult watch --oui /usr/share/ieee-data/oui.txt");
}

static struct verdict check_sandbox(const struct patient *p)
{
	(void)p;
	long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (!sandbox_available())
		return mend(fit(RED, "this kernel has no seccomp filters: hostile bytes would be read by a process with rights"),
			    "use a kernel with ", "CONFIG_SECCOMP_FILTER=y", "");
	return landlock < 1 ? fit(FIT, "seccomp; Landlock is not enabled in this kernel") :
			      fit(FIT, "seccomp; Landlock version %ld", landlock);
}

static const struct {
	const char *name;
	struct verdict (*check)(const struct patient *p);
} checks[] = {
	{ "libraries", check_libraries }, { "sandbox", check_sandbox }, { "folder", check_folder }, { "key", check_key },
	{ "store", check_store }, { "disk", check_disk }, { "configuration", check_config }, { "vendor list", check_oui },
};

static const char *const state_names[] = { [FIT] = "ok", [LOOK] = "note", [RED] = "red" };

static void say(struct buf *b, const struct layout *l, const char *name, const struct verdict *v)
{
	static const enum tint tints[] = { [FIT] = TINT_GREEN, [LOOK] = TINT_YELLOW, [RED] = TINT_RED };
	char head[32];
	snprintf(head, sizeof(head), "%-4s", state_names[v->state]);
	layout_tint(b, l, tints[v->state], head);
	snprintf(head, sizeof(head), "  %-14s ", name);
	layout_wrap(b, l, 0, head, span_str(v->said));
	if (v->fix[0])
		layout_wrap(b, l, 4, "  to mend it:    ", span_str(v->fix));
}

static void say_json(struct buf *b, const char *name, const struct verdict *v)
{
	buf_text(b, "{\"check\":");
	json_put_str(b, name);
	buf_printf(b, ",\"state\":\"%s\",\"said\":", state_names[v->state]);
	json_put_str(b, v->said);
	if (v->fix[0]) {
		buf_text(b, ",\"fix\":");
		json_put_str(b, v->fix);
	}
	buf_text(b, "}");
}

static int run(struct args *a)
{
	const struct layout l = body_layout(args_text(a, OPT_COLOR));
	char dir[STORE_PATH];
	bool json = args_flag(a, OPT_JSON);
	unsigned red = 0;
	struct buf b = { 0 };
	if (a->nrest)
		return command_usage(a, "doctor takes no operand");
	site_default_dir(dir);
	const struct patient p = { args_text(a, OPT_STORE) ? args_text(a, OPT_STORE) : dir, args_text(a, OPT_CONFIG) };
	buf_text(&b, json ? "{\"checks\":[" : "");
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		const struct verdict v = checks[i].check(&p);
		red += v.state == RED;
		if (json) {
			buf_text(&b, i ? ",\n  " : "\n  ");
			say_json(&b, checks[i].name, &v);
		} else {
			say(&b, &l, checks[i].name, &v);
		}
	}
	if (json)
		buf_printf(&b, "\n],\"red\":%u}\n", red);
	int bad = command_write(STDOUT_FILENO, buf_span(&b));
	buf_done(&b);
	return bad ? OUT_FAILED : red ? OUT_FOUND : OUT_CLEAN;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.doc = "check this machine and installation, say how to mend what is wrong",
	.synopsis = "[OPTION]...",
	.about = "Changes nothing. Exit status: 0 nothing is red, 1 something is.",
	.example = "auscult doctor\n  a line a check, with the way to mend it",
	OPTIONS([OPT_STORE] = OPTION_STORE,
		[OPT_CONFIG] = { "config", 'c', "FILE", OPTION_TEXT,
				 "configuration to check (default: auscult.conf in the data folder)" },
		[OPT_JSON] = OPTION_JSON, [OPT_COLOR] = OPTION_COLOR),
	.run = run,
};
