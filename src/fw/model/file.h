/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of file a member is: by its content first, by its place in the tree where the content does not say.
 * Also the keys and accounts that stand in such files. */
#pragma once

#include "fw/unpack/unpack.h"
#include "record/record.h"

enum file_class {
	FILE_EMPTY, FILE_DATA, FILE_TEXT, FILE_PROGRAM, FILE_LIBRARY, FILE_MODULE, FILE_OBJECT, FILE_PE, FILE_MACHO,
	FILE_SHELL, FILE_SCRIPT,
	FILE_INITTAB, FILE_RC, FILE_UNIT, FILE_CRONTAB, FILE_INETD, FILE_PASSWD, FILE_SHADOW, FILE_AUTHORIZED, FILE_KEY,
	FILE_CERTIFICATE,
	FILE_KEYSTORE, FILE_CGI, FILE_PHP, FILE_LUA, FILE_PAGE, FILE_CONFIG, FILE_SQLITE, FILE_CLASSES
};

enum file_class file_classify(const struct member *f, struct span content);
const char     *file_class_name(enum file_class c);

/* A key or certificate somewhere in a file: PEM and OpenSSH blocks in any content, DER, JKS and dropbear at its
 * start. */
struct key {
	uint64_t offset, length;
	const char *what;                        /* "private key", "certificate", "public key", "key store" */
	const char *form;                        /* "PEM", "DER", "OpenSSH", "JKS", "PKCS#12", "dropbear" */
	bool encrypted;
};
enum { KEYS_MAX = 256 };
/* Up to KEYS_MAX; returns how many. */
unsigned key_find(struct span content, struct key out[KEYS_MAX]);

enum account_state { ACCOUNT_OPEN, ACCOUNT_LOCKED, ACCOUNT_HASH, ACCOUNT_SHADOW };
struct account {                                 /* a line of passwd or shadow; spans lie in the content */
	struct span name, password, home, shell;
	uint32_t uid, gid, line;
	enum account_state state;
	const char *scheme;                      /* of the hash: "DES", "MD5" … NULL: none */
	bool has_ids;                            /* passwd, not shadow */
	bool is_shadow;                          /* as many fields as shadow has */
};
/* Whether accounts stand there: etc/passwd and etc/shadow, and by their first line the copies that devices put in their
 * place (etc/defaults/shadow, etc/passwd.bak, etc_ro/passwd). What shadow(5)'s tools keep for themselves ("passwd-") is
 * none. */
bool accounts_stand_in(struct span path, struct span content);
bool accounts_are_live(struct span path);        /* the files that a log-in reads */
/* The next account of the file; false at its end. */
bool account_next(struct rd *r, uint32_t *line, struct account *out) MUST_CHECK;

enum account_field {
	ACC_WHERE,
	ACC_LINE,
	ACC_NAME,
	ACC_UID,
	ACC_GID,
	ACC_HOME,
	ACC_SHELL,
	ACC_STATE,
	ACC_SCHEME,
	ACC_PASSWORD
};
extern const struct record_type account_type;
enum key_field { KEY_WHERE, KEY_WHAT, KEY_FORM, KEY_ENCRYPTED, KEY_OFFSET, KEY_LENGTH };
extern const struct record_type key_type;

void account_record(const struct account *a, struct span where, struct record *r, const struct record_host *h);
void key_record(const struct key *k, struct span where, struct record *r, const struct record_host *h);
