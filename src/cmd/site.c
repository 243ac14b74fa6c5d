/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The site's own files. They are the administrator's, so this process reads them; indicators are a
 * stranger's and are only carried to the engine. */
#include "cmd/site.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/scope.h"
#include "detect/detect.h"
#include "track/device.h"
#include "track/zone.h"

enum { INDICATOR_FILE_MAX = 64 << 20, READ_STEP = 1 << 16 };

void site_default_dir(char out[4096])
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	if (xdg && xdg[0] == '/')
		snprintf(out, 4096, "%s/auscult", xdg);
	else if (geteuid() == 0 || !home)
		snprintf(out, 4096, "/var/lib/auscult");
	else
		snprintf(out, 4096, "%s/.local/share/auscult", home);
}

/* mkdir -p with 0700 for what is made. */
static bool make_dir(const char *dir)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s", dir);
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static const char *key_trouble(int err)
{
	switch (-err) {
	case EPERM: return "others may read it: chmod 600 it, and think about who has";
	case EINVAL: return "it is not 32 bytes long";
	default: return strerror(-err);
	}
}

static bool load_key(struct site *s, const struct site_options *o, const struct log *log)
{
	if (o->test_key) {
		memcpy(s->key, keyring_test_key, KEY_BYTES);
		return true;
	}
	char path[4200];
	snprintf(path, sizeof(path), "%s/site.key", s->dir);
	int rc = keyring_load(o->key ? o->key : path, o->key == NULL, s->key);
	if (rc == 0)
		return true;
	if (o->no_store && !o->key && rc != -EPERM && rc != -EINVAL) {
		log_warn(log, "%s: %s; hashes of this run cannot be compared with those of others", path, key_trouble(rc));
		return getrandom(s->key, KEY_BYTES, 0) == KEY_BYTES;
	}
	log_error(log, "the key %s: %s", o->key ? o->key : path, key_trouble(rc));
	return false;
}

static bool load_conf(struct site *s, const struct site_options *o, const struct log *log)
{
	s->detector_keys = detect_option_keys(NULL);
	const struct conf_key *tables[] = { zone_conf, device_conf, detect_conf, s->detector_keys, NULL };
	char fallback[4200];
	snprintf(fallback, sizeof(fallback), "%s/auscult.conf", s->dir);
	const char *path = o->config;
	if (!path && !o->test_key && access(fallback, R_OK) == 0)
		path = fallback;
	if (!path)
		return true;
	struct buf errors = { 0 };
	int rc = conf_read(path, tables, &s->conf, &errors);
	if (rc < 0) {
		struct rd r = rd_of(buf_span(&errors));
		struct span line;
		while (rd_until(&r, '\n', &line))
			log_error(log, "%.*s", (int)line.n, (const char *)line.p);
		if (!errors.n)
			log_error(log, "%s: %s", path, strerror(-rc));
	}
	buf_done(&errors);
	return rc == 0;
}

static bool read_file(struct buf *b, const char *path, const struct log *log)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	b->cap = INDICATOR_FILE_MAX;
	ssize_t n = fd < 0 ? -1 : 1;
	while (n > 0) {
		uint8_t *room = buf_room(b, READ_STEP);
		if (!room) {
			log_error(log, "%s is larger than 64 MiB", path);
			return false;
		}
		n = read(fd, room, READ_STEP);
		b->n -= READ_STEP - (n > 0 ? (size_t)n : 0);
	}
	if (n < 0)
		log_error(log, "%s: %s", path, strerror(errno));
	return n == 0;
}

static bool load_indicators(struct site *s, const struct site_options *o, const struct log *log)
{
	if (o->nindicators > SITE_INDICATORS) {
		log_error(log, "at most %d --indicators files", SITE_INDICATORS);
		return false;
	}
	for (unsigned i = 0; i < o->nindicators; i++) {
		s->nindicators = i + 1;
		s->indicator_names[i] = o->indicators[i];
		if (!read_file(&s->indicators[i], o->indicators[i], log))
			return false;
	}
	return true;
}

static bool load_oui(struct site *s, const struct site_options *o, const struct log *log)
{
	int rc = o->oui ? oui_load(o->oui, &s->oui) : 0;
	if (rc < 0)
		log_error(log, "%s: %s", o->oui, rc == -EINVAL ? "no line of it is an IEEE MAC prefix" : strerror(-rc));
	return rc == 0;
}

bool site_load(struct site *s, const struct site_options *o, const struct log *log)
{
	if (o->store)
		snprintf(s->dir, sizeof(s->dir), "%s", o->store);
	else
		site_default_dir(s->dir);
	bool needs_dir = !o->no_store || (!o->key && !o->test_key);
	if (needs_dir && !make_dir(s->dir) && !o->no_store) {
		log_error(log, "the data folder %s: %s (--store DIR names another)", s->dir, strerror(errno));
		return false;
	}
	return load_key(s, o, log) && load_conf(s, o, log) && load_indicators(s, o, log) && load_oui(s, o, log);
}

void site_done(struct site *s)
{
	OPENSSL_cleanse(s->key, sizeof(s->key));
	conf_free(s->conf);
	oui_free(s->oui);
	free(s->detector_keys);
	for (unsigned i = 0; i < SITE_INDICATORS; i++)
		buf_done(&s->indicators[i]);
}
