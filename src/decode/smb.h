/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SMB1 and SMB2 share: the record, and what is remembered of a conversation: which file a handle means,
 * what a request asked for until its answer. */
#pragma once

#include "base/scope.h"
#include "decode/decoder.h"
#include "decode/ntlmssp.h"

enum {
	SMB_SESSION_HEADER = 4, SMB1_HEADER = 32, SMB2_HEADER = 64,
	SMB_PATH_KEPT = 120, SMB_OPEN_MAX = 10, SMB_PENDING_MAX = 10, SMB_PIPES_MAX = 4, SMB_DIALECTS_MAX = 16,
	SMB_BLOB_SEEN = 8192, SMB_PATH_SEEN = 2048, SMB_SMALL_SEEN = 512, SMB_COMPOUND_SEEN = 8192,
};

enum smb_field {
	SMB_VERSION, SMB_COMMAND, SMB_RESPONSE, SMB_STATUS, SMB_DIALECT, SMB_DIALECTS, SMB_SIGNING, SMB_AUTH, SMB_USER,
	SMB_PASSWORD, SMB_ANONYMOUS, SMB_GUEST, SMB_ACCEPTED, SMB_DOMAIN, SMB_MACHINE, SMB_SYSTEM, SMB_PATH, SMB_SHARE,
	SMB_WANTS, SMB_SIZE, SMB_FIELDS
};

extern const struct record_type smb_type;

struct smb_path {
	uint8_t n;
	char b[SMB_PATH_KEPT];
};

struct smb_open {                                /* a handle of a file, not of a pipe */
	uint64_t id;                             /* 0: free */
	uint64_t size, written;                  /* size as the server said; end of what was written */
	struct smb_path path;
};

struct smb_pending {
	uint64_t message;                        /* 0: free */
	uint64_t file, offset;                   /* of a read */
	uint16_t command;
	uint32_t tree;
	struct smb_path path;                    /* of an open, or of a share that is connected */
};

struct smb_state {
	uint32_t seen[2][8];                     /* bit n: command n went this way */
	uint32_t pipes[SMB_PIPES_MAX];           /* trees that are no file systems */
	uint8_t npipes, npending, nopen;         /* round robin */
	bool anonymous;
	struct token user;                       /* who logs in */
	struct smb_pending pending[SMB_PENDING_MAX];
	struct smb_open open[SMB_OPEN_MAX];
};
_Static_assert(sizeof(struct smb_state) <= STATE_MAX, "kept small for each conversation");

struct smb_call {                                /* one message on its way through */
	struct smb_state *s;
	const struct message *m;
	struct emit *e;
	struct span whole;                       /* from the SMB header on; of a compound one part */
	uint64_t rest;                           /* bytes of it that are not here */
	uint64_t message;                        /* number that request and answer share, never 0 */
	uint32_t status, tree;
	uint16_t command;
	bool response, unicode, old_status;      /* old_status: class and code of DOS, whatever is not 0 is a failure */
};

/* The first of its command in its direction in this conversation. */
bool smb_is_new(struct smb_state *s, bool to_server, unsigned command);
struct smb_pending *smb_pending_add(struct smb_call *c);
/* What the answer is to; NULL: it was not seen. It is forgotten by the next. */
struct smb_pending *smb_pending_take(struct smb_call *c);
struct smb_open *smb_open_find(struct smb_state *s, uint64_t id);
void smb_open_add(struct smb_call *c, uint64_t id, const struct smb_path *path, uint64_t size);
void smb_path_set(struct smb_path *out, struct span text);
struct span smb_path_span(const struct smb_path *p);
bool smb_is_pipe(const struct smb_call *c, struct span path);
void smb_pipe_add(struct smb_state *s, uint32_t tree);

/* The record of a message; command NULL: it has no name. */
void smb_begin(const struct smb_call *c, struct record *out, const char *version, const char *command);
/* A security blob, of either version. */
void smb_login(struct smb_call *c, struct record *out, struct span blob);
void smb_login_end(struct smb_call *c, struct record *out);
/* Bytes of a file at offset; declared: how many the message says. */
void smb_content(struct smb_call *c, uint64_t file, uint64_t offset, struct span data, uint64_t declared);
/* A handle is given back: what was written through it ends. */
void smb_close(struct smb_call *c, uint64_t file);

/* How many bytes of a message decode wants; the header is there. */
size_t smb1_need(struct span from_header, size_t length);
size_t smb2_need(struct span from_header, size_t length);
bool smb1_message(struct smb_call *c, struct rd r);
bool smb2_message(struct smb_call *c, struct rd r);
const char *smb2_dialect(uint16_t dialect);
