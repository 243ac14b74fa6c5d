/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an inspection says of containers, members and the bytes between them. */
#pragma once

#include "fw/unpack/unpack.h"
#include "record/record.h"

enum container_field {
	CON_ID, CON_FORMAT, CON_WHERE, CON_MEMBER, CON_OFFSET, CON_LENGTH, CON_DEPTH, CON_DETAIL, CON_MEMBERS, CON_BYTES,
	CON_DAMAGE, CON_KIND
};
extern const struct record_type container_type;

enum member_field {
	MEM_ID, MEM_CONTAINER, MEM_PATH, MEM_WHERE, MEM_TYPE, MEM_CLASS, MEM_MODE, MEM_UID, MEM_GID, MEM_SET_ID, MEM_MODIFIED,
	MEM_SIZE, MEM_SHA256, MEM_TARGET, MEM_DEVICE, MEM_OFFSET, MEM_LENGTH, MEM_DAMAGE
};
extern const struct record_type member_type;

enum area_field { ARE_MEMBER, ARE_WHERE, ARE_OFFSET, ARE_LENGTH, ARE_WHAT, ARE_ENTROPY, ARE_MAP };
extern const struct record_type area_type;

enum strip_field { STR_MEMBER, STR_WHERE, STR_SIZE, STR_STEP, STR_ENTROPY, STR_FILL };
extern const struct record_type strip_type;

enum device_tree_field { DTB_WHERE, DTB_MEMBER, DTB_OFFSET, DTB_MODEL, DTB_COMPATIBLE, DTB_BOOTARGS, DTB_MEMORY,
			 DTB_PARTITIONS };
extern const struct record_type device_tree_type;

enum partition_field { PAR_TABLE, PAR_SOURCE, PAR_WHERE, PAR_AT, PAR_DEVICE, PAR_LABEL, PAR_OFFSET, PAR_LENGTH,
		       PAR_READ_ONLY, PAR_MEMBER };
extern const struct record_type partition_type;

enum inspection_field {
	INS_INPUTS, INS_INPUT_BYTES, INS_CONTAINERS, INS_MEMBERS, INS_FILES, INS_BYTES, INS_CANDIDATES, INS_STEPS,
	INS_BUDGETS, INS_UNTOLD
};
extern const struct record_type inspection_type;

/* For the process that writes files: where a member's bytes stand in the spool. Never printed. */
enum extract_field { EXT_PATH, EXT_ROOT, EXT_TYPE, EXT_MODE, EXT_TARGET, EXT_AT, EXT_SIZE, EXT_WHERE, EXT_MEMBER,
		     EXT_IMAGE };
extern const struct record_type extract_type;

/* Which image it is: fed with all member records, it takes those of what was given. */
struct input_digest {
	struct buf lines;
	uint32_t n;
	uint8_t only[32];                        /* SHA-256 of the latest */
};
void input_digest_add(struct input_digest *d, const struct record *member);
/* SHA-256 of the file that was given; of a folder, or of several: of names, links and contents. */
void input_digest_end(const struct input_digest *d, uint8_t out[32]);
void input_digest_done(struct input_digest *d);

/* "I-" and 16 hex digits of that digest. */
enum { IMAGE_ID_TEXT = 20 };
void image_id(const uint8_t sha256[32], char out[IMAGE_ID_TEXT]);

/* The arena of h takes the texts. */
void container_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h);
void member_record(const struct members *m, uint32_t i, const char *class, struct record *r,
		   const struct record_host *h);
void area_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h);
void strip_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h);
void device_tree_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h);
void partition_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h);
void inspection_record(const struct members *m, struct record *r, const struct record_host *h);
void extract_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h);
