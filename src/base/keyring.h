/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The site's secret key and what is made with it: tokens that stand for a patient's or a secret
 * value (length and keyed hash), so that equal values can be counted and never read. HMAC-SHA-256
 * (RFC 2104, through libcrypto), cut to 128 bit. */
#pragma once

#include "base/hash.h"

enum { KEY_BYTES = 32, TOKEN_HASH = 16 };

struct token {
	uint32_t len;                            /* bytes of the value it stands for */
	uint8_t hash[TOKEN_HASH];
};

struct keyring;

/* Owned by the caller. The key is copied and wiped on free. */
struct keyring *keyring_new(const uint8_t key[KEY_BYTES]);
void            keyring_free(struct keyring *k);

/* The fixed key of --test-key: same input, same tokens, anywhere. */
extern const uint8_t keyring_test_key[KEY_BYTES];

/* Reads path, or creates it with mode 0600 when it is not there and create is true.
 * 0, or negative errno; -EINVAL when the file is not KEY_BYTES long, -EPERM when others may read it. */
int keyring_load(const char *path, bool create, uint8_t key[KEY_BYTES]) __attribute__((warn_unused_result));

struct token    keyring_token(struct keyring *k, struct span value);
struct hash_key keyring_hash_key(const struct keyring *k);  /* for tables: derived, not the key itself */
void            keyring_sha256(struct span s, uint8_t out[32]);
