/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One file an entry, DIR/traces/ab/REST: a head with magic, nonce, length and tag, then the sealed body. Written beside
 * and renamed, so that a kill leaves the old entry or none. Locks are byte ranges of DIR/traces/lock: they end with
 * the process. */
#include "cmd/tracecache.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/mem.h"

enum { NONCE = 12, TAG = 16, HEAD = 8 + NONCE + 8 + TAG, NAME = 4400, READ_STEP = 1 << 16, ENGINE_MAX = 512 << 20 };

#define MAGIC "AUSTRC1\n"

struct trace_cache {
	char dir[4200];
	struct keyring *keyring;
	uint8_t engine[32];
	int lock, owner;                         /* locks belong to an open file, which a fork would share */
};

bool trace_cache_engine(uint8_t out[32])
{
	static const char *const names[] = { "", "-worker" };
	uint8_t both[64];
	char self[4096], path[4200];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n <= 0)
		return false;
	self[n] = 0;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		char *slash = strrchr(self, '/');
		snprintf(path, sizeof(path), "%.*s/auscult%s", (int)(slash ? slash - self : 0), self, names[i]);
		if (i && access(path, R_OK) < 0)
			snprintf(path, sizeof(path), "%s", AUSCULT_WORKER_PATH);
		AUTO_CLOSE int fd = open(i ? path : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
		struct buf b = { .cap = ENGINE_MAX };
		ssize_t got = fd < 0 ? -1 : 1;
		while (got > 0) {
			uint8_t *room = buf_room(&b, READ_STEP);
			got = room ? read(fd, room, READ_STEP) : -1;
			b.n -= room ? READ_STEP - (got > 0 ? (size_t)got : 0) : 0;
		}
		keyring_sha256(buf_span(&b), both + 32 * i);
		buf_done(&b);
		if (got < 0)
			return false;
	}
	keyring_sha256(span_of(both, sizeof(both)), out);
	return true;
}

static int open_lock(struct trace_cache *c)
{
	char path[NAME];
	snprintf(path, sizeof(path), "%s/lock", c->dir);
	c->owner = (int)getpid();
	return c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

struct trace_cache *trace_cache_open(const char *dir, const uint8_t key[KEY_BYTES], struct span engine,
				     const struct log *log)
{
	struct trace_cache *c = mem_new(sizeof(*c));
	snprintf(c->dir, sizeof(c->dir), "%s/traces", dir);
	c->keyring = keyring_new(key);
	keyring_sha256(engine, c->engine);
	c->lock = -1;
	if ((mkdir(c->dir, 0700) == 0 || errno == EEXIST) && open_lock(c) >= 0)
		return c;
	log_error(log, "the cache of traces, %s: %s", c->dir, strerror(errno));
	trace_cache_close(c);
	return NULL;
}

void trace_cache_close(struct trace_cache *c)
{
	if (!c)
		return;
	keyring_free(c->keyring);
	if (c->lock >= 0)
		close(c->lock);
	free(c);
}

/* Hashes of hashes, so that no content can be shifted into a name. */
void trace_cache_key(const struct trace_cache *c, const struct trace_named *files, unsigned n,
		     uint8_t out[TRACE_KEY_BYTES])
{
	struct buf b = { 0 };
	uint8_t digest[32];
	buf_bytes(&b, span_of(c->engine, sizeof(c->engine)));
	for (unsigned i = 0; i < n; i++) {
		keyring_sha256(span_str(files[i].name), digest);
		buf_bytes(&b, span_of(digest, sizeof(digest)));
		keyring_sha256(files[i].content, digest);
		buf_bytes(&b, span_of(digest, sizeof(digest)));
	}
	keyring_sha256(buf_span(&b), out);
	buf_done(&b);
}

static bool lock_range(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], short type, int how)
{
	struct rd r = rd_of(span_of(key, TRACE_KEY_BYTES));
	struct flock f = { .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(rd_be64(&r) >> 2), .l_len = 1 };
	int rc;
	if (c->owner != (int)getpid()) {
		close(c->lock);
		(void)open_lock(c);
	}
	while ((rc = fcntl(c->lock, how, &f)) < 0 && errno == EINTR)
		continue;
	return rc == 0;
}

bool trace_cache_hold(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], bool wait)
{
	if (lock_range(c, key, F_WRLCK, wait ? F_OFD_SETLKW : F_OFD_SETLK))
		return true;
	/* A file system without locks costs double work, not the run. */
	return wait || (errno != EAGAIN && errno != EACCES);
}

void trace_cache_release(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES])
{
	(void)lock_range(c, key, F_UNLCK, F_OFD_SETLK);
}

/* The entry's file; its folder is made when `make`. */
static void entry_path(const struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], bool make, char out[NAME])
{
	int n = snprintf(out, NAME, "%s/%02x", c->dir, key[0]);
	if (make)
		(void)mkdir(out, 0700);
	n += snprintf(out + n, NAME - (size_t)n, "/");
	for (unsigned i = 1; i < TRACE_KEY_BYTES; i++)
		n += snprintf(out + n, NAME - (size_t)n, "%02x", key[i]);
}

static struct token seal_key(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES])
{
	struct buf b = { 0 };
	buf_text(&b, "auscult trace entry");
	buf_bytes(&b, span_of(key, TRACE_KEY_BYTES));
	struct token t = keyring_token(c->keyring, buf_span(&b));
	buf_done(&b);
	return t;
}

_Static_assert((int)TOKEN_HASH == 16, "a key of AES-128");

/* AES-128-GCM over the body; the entry's key is authenticated too, so that entries cannot be exchanged. */
static bool seal(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], bool lock, const uint8_t nonce[NONCE],
		 uint8_t tag[TAG], struct span in, uint8_t *out)
{
	struct token k = seal_key(c, key);
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	int n = 0, end = 0, size = (int)in.n;    /* at most TRACE_BODY_MAX */
	bool good = x && EVP_CipherInit_ex(x, EVP_aes_128_gcm(), NULL, k.hash, nonce, lock) == 1 &&
		    EVP_CipherUpdate(x, NULL, &n, key, TRACE_KEY_BYTES) == 1 && EVP_CipherUpdate(x, out, &n, in.p, size) == 1 &&
		    (lock || EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1) &&
		    EVP_CipherFinal_ex(x, out + n, &end) == 1 &&
		    (!lock || EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1);
	EVP_CIPHER_CTX_free(x);
	return good;
}

/* All of a file, at most a head and a body. False: unreadable or longer. */
static bool read_entry(int fd, struct buf *b)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > HEAD + TRACE_BODY_MAX)
		return false;
	b->cap = HEAD + TRACE_BODY_MAX + READ_STEP;
	for (;;) {
		uint8_t *room = buf_room(b, READ_STEP);
		ssize_t n = room ? read(fd, room, READ_STEP) : -1;
		b->n -= room ? READ_STEP - (n > 0 ? (size_t)n : 0) : 0;
		if (n <= 0)
			return n == 0;
	}
}

enum trace_cached trace_cache_get(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], struct buf *out)
{
	char path[NAME];
	uint8_t tag[TAG];
	struct buf file = { 0 };
	entry_path(c, key, false, path);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return TRACE_NONE;
	bool good = read_entry(fd, &file);
	struct rd r = rd_of(buf_span(&file));
	good = good && span_is(rd_span(&r, 8), MAGIC);
	struct span nonce = rd_span(&r, NONCE);
	uint64_t size = rd_le64(&r);
	struct span sealed = rd_span(&r, TAG);
	good = good && rd_ok(&r) && size && size == rd_left(&r) && size <= TRACE_BODY_MAX;
	if (good)
		memcpy(tag, sealed.p, TAG);
	struct span body = rd_span(&r, good ? size : 0);
	size_t before = out->n;
	uint8_t *room = good ? buf_room(out, (size_t)size) : NULL;
	good = room && seal(c, key, false, nonce.p, tag, body, room);
	if (!good)
		out->n = before;
	buf_done(&file);
	return good ? TRACE_HIT : TRACE_SPOILT;
}

static int write_entry(const char *path, const char *fresh, struct span s)
{
	AUTO_CLOSE int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		s = span_from(s, (size_t)n);
	}
	return rename(fresh, path) < 0 ? -errno : 0;
}

int trace_cache_put(struct trace_cache *c, const uint8_t key[TRACE_KEY_BYTES], struct span body)
{
	char path[NAME], fresh[NAME + 32];
	uint8_t nonce[NONCE], tag[TAG] = { 0 };
	struct buf sealed = { 0 }, file = { .cap = HEAD + TRACE_BODY_MAX };
	if (!body.n || body.n > TRACE_BODY_MAX)
		return -EFBIG;
	if (getrandom(nonce, NONCE, 0) != NONCE)
		return -EIO;
	int rc = seal(c, key, true, nonce, tag, body, buf_room(&sealed, body.n)) ? 0 : -EIO;
	buf_text(&file, MAGIC);
	buf_bytes(&file, span_of(nonce, NONCE));
	buf_le64(&file, body.n);
	buf_bytes(&file, span_of(tag, TAG));
	buf_bytes(&file, buf_span(&sealed));
	entry_path(c, key, true, path);
	snprintf(fresh, sizeof(fresh), "%s.%d", path, (int)getpid());
	(void)unlink(fresh);                     /* of one that was killed and had our number */
	if (rc == 0)
		rc = write_entry(path, fresh, buf_span(&file));
	if (rc < 0)
		(void)unlink(fresh);
	buf_done(&sealed);
	buf_done(&file);
	return rc;
}
