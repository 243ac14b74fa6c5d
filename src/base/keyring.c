/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens by HMAC-SHA-256, with a small cache: a monitor repeats the same patient ten times a second. */
#include "base/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/scope.h"

enum { CACHE = 8192 };                           /* slots; 40 bytes each */

struct cached {
	uint64_t mark[2];                        /* keyed hash of the value: the cache holds no plain text */
	struct token token;
};

struct keyring {
	uint8_t key[KEY_BYTES];
	struct hash_key table;
	struct cached cache[CACHE];
};

const uint8_t keyring_test_key[KEY_BYTES] = "auscult test key, never a site's";

struct keyring *keyring_new(const uint8_t key[KEY_BYTES])
{
	struct keyring *k = mem_new(sizeof(*k));
	memcpy(k->key, key, KEY_BYTES);
	struct token t = keyring_token(k, SPAN_LIT("auscult table key"));
	struct rd r = rd_of(span_of(t.hash, TOKEN_HASH));
	k->table.k0 = rd_le64(&r);
	k->table.k1 = rd_le64(&r);
	memset(k->cache, 0, sizeof(k->cache));
	return k;
}

void keyring_free(struct keyring *k)
{
	if (!k)
		return;
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

static int key_create(const char *path, uint8_t key[KEY_BYTES])
{
	uint8_t fresh[KEY_BYTES];
	if (getrandom(fresh, sizeof(fresh), 0) != (ssize_t)sizeof(fresh))
		return -EIO;
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, fresh, sizeof(fresh)) != (ssize_t)sizeof(fresh) || fsync(fd) < 0)
		return -EIO;
	memcpy(key, fresh, KEY_BYTES);
	return 0;
}

int keyring_load(const char *path, bool create, uint8_t key[KEY_BYTES])
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT && create ? key_create(path, key) : -errno;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_mode & 077)
		return -EPERM;
	uint8_t got[KEY_BYTES + 1];
	if (read(fd, got, sizeof(got)) != KEY_BYTES)
		return -EINVAL;
	memcpy(key, got, KEY_BYTES);
	return 0;
}

struct token keyring_token(struct keyring *k, struct span value)
{
	uint64_t mark[2];
	hash128(k->table, value, mark);
	struct cached *c = &k->cache[mark[0] % CACHE];
	if (c->mark[0] == mark[0] && c->mark[1] == mark[1] && c->token.len == value.n && value.n)
		return c->token;
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct token t = { .len = (uint32_t)value.n };
	if (HMAC(EVP_sha256(), k->key, KEY_BYTES, value.n ? value.p : k->key, value.n, mac, &n))
		memcpy(t.hash, mac, TOKEN_HASH);
	*c = (struct cached){ { mark[0], mark[1] }, t };
	return t;
}

struct hash_key keyring_hash_key(const struct keyring *k)
{
	return k->table;
}

void keyring_sha256(struct span s, uint8_t out[32])
{
	unsigned n = 0;
	EVP_Digest(s.n ? s.p : out, s.n, out, &n, EVP_sha256(), NULL);
}
