/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Field tables of what unpacking found, and how they are filled. */
#include "fw/unpack/records.h"

enum { COMPATIBLE_MOST = 16 };

static const struct field container_fields[] = {
	[CON_ID] = { "id", F_UINT, "number of the container in this inspection" },
	[CON_FORMAT] = { "format", F_TEXT, "name of the unpacker" },
	[CON_WHERE] = { "where", F_TEXT, "the way to it: input, then offset and format, then member, and so on" },
	[CON_MEMBER] = { "member", F_UINT, "number of the member in which it lies" },
	[CON_OFFSET] = { "offset", F_UINT, "where it starts in that member", "bytes" },
	[CON_LENGTH] = { "length", F_UINT, "how much of it the container takes; 0: it could not be read", "bytes" },
	[CON_DEPTH] = { "depth", F_UINT, "containers it stands in, itself included" },
	[CON_DETAIL] = { "detail", F_TEXT, "byte order, version, compression, names: whatever the format says" },
	[CON_MEMBERS] = { "members", F_UINT, "members read from it" },
	[CON_BYTES] = { "bytes", F_UINT, "content of those members", "bytes" },
	[CON_DAMAGE] = { "damage", F_TEXT, "what is missing or wrong; unset: whole" },
	[CON_KIND] = { "class", F_TEXT, "file system, archive, packed stream, boot image, partitions or settings" },
};
RECORD_TYPE(container_type, "container", "A file system, archive or packed stream that was recognised by its content",
	    container_fields);

static const struct field member_fields[] = {
	[MEM_ID] = { "id", F_UINT, "number of the member in this inspection" },
	[MEM_CONTAINER] = { "container", F_UINT, "number of the container it comes from; 0: the input itself" },
	[MEM_PATH] = { "path", F_TEXT, "its name in the container, as stored" },
	[MEM_WHERE] = { "where", F_TEXT, "the way to it: input, then offset and format, then member, and so on" },
	[MEM_TYPE] = { "type", F_TEXT, "file, folder, symbolic link, hard link, device, fifo or socket" },
	[MEM_CLASS] = { "class", F_TEXT, "what the content is: program, script, accounts, certificate …" },
	[MEM_MODE] = { "mode", F_TEXT, "permissions as stored, octal" },
	[MEM_UID] = { "uid", F_UINT, "owner" },
	[MEM_GID] = { "gid", F_UINT, "group" },
	[MEM_SET_ID] = { "set_id", F_BOOL, "runs with the rights of its owner or group" },
	[MEM_MODIFIED] = { "modified", F_TIME, "time of last change as stored" },
	[MEM_SIZE] = { "size", F_UINT, "content", "bytes" },
	[MEM_SHA256] = { "sha256", F_HASH, "of the content" },
	[MEM_TARGET] = { "target", F_TEXT, "of links, as stored" },
	[MEM_DEVICE] = { "device", F_TEXT, "major:minor" },
	[MEM_OFFSET] = { "offset", F_UINT, "where its bytes start in the container", "bytes" },
	[MEM_LENGTH] = { "length", F_UINT, "how many bytes of the container it takes; unset: scattered", "bytes" },
	[MEM_DAMAGE] = { "damage", F_TEXT, "what is missing or wrong; unset: whole" },
};
RECORD_TYPE(member_type, "member", "A file, folder, link or device inside an image, and where its bytes lie",
	    member_fields);

static const struct field area_fields[] = {
	[ARE_MEMBER] = { "member", F_UINT, "number of the member in which it lies" },
	[ARE_WHERE] = { "where", F_TEXT, "the way to that member" },
	[ARE_OFFSET] = { "offset", F_UINT, "where it starts in that member", "bytes" },
	[ARE_LENGTH] = { "length", F_UINT, "how long it is", "bytes" },
	[ARE_WHAT] = { "what", F_TEXT, "padding, text, program or data, or encrypted or compressed" },
	[ARE_ENTROPY] = { "entropy", F_REAL, "Shannon entropy; 8 is pure chance", "bits per byte" },
	[ARE_MAP] = { "map", F_TEXT, "entropy of up to 32 parts of equal length, a digit each" },
};
RECORD_TYPE(area_type, "area", "Bytes that no unpacker took", area_fields);

static const struct field strip_fields[] = {
	[STR_MEMBER] = { "member", F_UINT, "number of the member, an input" },
	[STR_WHERE] = { "where", F_TEXT, "its name" },
	[STR_SIZE] = { "size", F_UINT, "how long it is", "bytes" },
	[STR_STEP] = { "step", F_UINT, "length of each step but the last", "bytes" },
	[STR_ENTROPY] = { "entropy", F_TEXT, "Shannon entropy step by step, two digits each: tenths of a bit per byte" },
	[STR_FILL] = { "fill", F_TEXT, "a letter a step: f erased (0xff), 0 zeros, = another byte throughout, . mixed" },
};
RECORD_TYPE(strip_type, "strip", "The entropy of an input from end to end", strip_fields);

static const struct field device_tree_fields[] = {
	[DTB_WHERE] = { "where", F_TEXT, "the way to the member in which the tree lies" },
	[DTB_MEMBER] = { "member", F_UINT, "its number" },
	[DTB_OFFSET] = { "offset", F_UINT, "where the tree starts in it", "bytes" },
	[DTB_MODEL] = { "model", F_TEXT, "the machine, as its maker calls it" },
	[DTB_COMPATIBLE] = { "compatible", F_TEXTS, "boards and chips it is one of, the nearest first" },
	[DTB_BOOTARGS] = { "bootargs", F_TEXT, "the kernel's command line; foreign arguments without their values" },
	[DTB_MEMORY] = { "memory", F_TEXT, "banks of memory" },
	[DTB_PARTITIONS] = { "partitions", F_UINT, "partitions of flash it names" },
};
RECORD_TYPE(device_tree_type, "device_tree", "What a device tree says of the machine it is for", device_tree_fields);

static const struct field partition_fields[] = {
	[PAR_TABLE] = { "table", F_UINT, "number of the table in this inspection" },
	[PAR_SOURCE] = { "source", F_TEXT, "device tree or command line" },
	[PAR_WHERE] = { "where", F_TEXT, "the way to the member in which the table stands" },
	[PAR_AT] = { "at", F_UINT, "where it stands in it", "bytes" },
	[PAR_DEVICE] = { "device", F_TEXT, "the flash, as a command line names it" },
	[PAR_LABEL] = { "label", F_TEXT, "its name" },
	[PAR_OFFSET] = { "offset", F_UINT, "where it begins", "bytes" },
	[PAR_LENGTH] = { "length", F_UINT, "how long it is; unset: all that is left", "bytes" },
	[PAR_READ_ONLY] = { "read_only", F_BOOL, "the system must not write it" },
	[PAR_MEMBER] = { "member", F_UINT, "number of the member in which it lies; unset: it fits nothing that is here" },
};
RECORD_TYPE(partition_type, "partition", "A partition of flash, as a device tree or a kernel's command line names it",
	    partition_fields);

static const struct field inspection_fields[] = {
	[INS_INPUTS] = { "inputs", F_UINT, "files that were given" },
	[INS_INPUT_BYTES] = { "input_bytes", F_UINT, "how long they are together", "bytes" },
	[INS_CONTAINERS] = { "containers", F_UINT, "containers that were opened" },
	[INS_MEMBERS] = { "members", F_UINT, "members found, of all kinds, inputs included" },
	[INS_FILES] = { "files", F_UINT, "of these, files" },
	[INS_BYTES] = { "bytes", F_UINT, "content taken out", "bytes" },
	[INS_CANDIDATES] = { "candidates", F_UINT, "places that looked like the start of a container" },
	[INS_STEPS] = { "steps", F_UINT, "work done: bytes looked at, read and made", "bytes" },
	[INS_BUDGETS] = { "budgets", F_TEXTS, "budgets that were reached; unset: none, so everything was looked at" },
	[INS_UNTOLD] = { "untold", F_UINT, "words of files on the image as a whole, past the cap" },
};
RECORD_TYPE(inspection_type, "inspection", "The sum of an inspection", inspection_fields);

static const struct field extract_fields[] = {
	[EXT_PATH] = { "path", F_TEXT, "folder of the container and path in it" },
	[EXT_ROOT] = { "root", F_UINT, "length of the container's folder in it", "bytes" },
	[EXT_TYPE] = { "type", F_UINT, "enum member_type" },
	[EXT_MODE] = { "mode", F_UINT, "permissions as stored" },
	[EXT_TARGET] = { "target", F_TEXT, "of links" },
	[EXT_AT] = { "at", F_UINT, "where its bytes start in the spool", "bytes" },
	[EXT_SIZE] = { "size", F_UINT, "how many", "bytes" },
	[EXT_WHERE] = { "where", F_TEXT, "the member's place, for people" },
	[EXT_MEMBER] = { "member", F_UINT, "number of the member in this inspection" },
	[EXT_IMAGE] = { "image", F_UINT, "where its bytes start in the input, if they lie there unchanged", "bytes" },
};
const struct record_type extract_type = { .name = "extract", .doc = "Where the bytes of a member wait to be written",
					  .fields = extract_fields, .nfields = ARRAY_LEN(extract_fields), .working = true };

static void where(const struct members *m, uint32_t i, void (*put)(const struct members *m, uint32_t i, struct buf *b),
		  struct record *r, unsigned field)
{
	struct buf b = { 0 };
	put(m, i, &b);
	record_text(r, field, arena_copy(r->host->arena, buf_span(&b)));
	buf_done(&b);
}

void container_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h)
{
	const struct container *c = &m->c[i];
	record_begin(r, &container_type, NULL, h);
	record_uint(r, CON_ID, i);
	record_str(r, CON_FORMAT, c->by->name);
	where(m, i, container_where, r, CON_WHERE);
	record_uint(r, CON_MEMBER, c->member);
	record_uint(r, CON_OFFSET, c->offset);
	record_uint(r, CON_LENGTH, c->length);
	record_uint(r, CON_DEPTH, c->depth);
	record_str(r, CON_DETAIL, c->detail);
	record_uint(r, CON_MEMBERS, c->nmembers);
	record_uint(r, CON_BYTES, c->bytes);
	record_str(r, CON_DAMAGE, c->damage);
	record_str(r, CON_KIND, container_kind_name(c->by->kind));
}

static void owner(const struct member *f, struct record *r)
{
	struct arena *a = r->host->arena;
	record_str(r, MEM_MODE, arena_printf(a, "%04o", f->mode & 07777));
	record_uint(r, MEM_UID, f->uid);
	record_uint(r, MEM_GID, f->gid);
	if (f->mode & 06000 && f->type == MEMBER_FILE)
		record_bool(r, MEM_SET_ID, true);
	if (f->mtime && f->mtime < UINT32_MAX * 4ull)
		record_time(r, MEM_MODIFIED, f->mtime * 1000000000ull);
	if (f->type == MEMBER_CHAR || f->type == MEMBER_BLOCK)
		record_str(r, MEM_DEVICE, arena_printf(a, "%u:%u", f->major, f->minor));
}

void member_record(const struct members *m, uint32_t i, const char *class, struct record *r,
		   const struct record_host *h)
{
	const struct member *f = &m->v[i];
	record_begin(r, &member_type, NULL, h);
	record_uint(r, MEM_ID, i);
	record_uint(r, MEM_CONTAINER, f->container);
	record_text(r, MEM_PATH, f->path);
	where(m, i, member_where, r, MEM_WHERE);
	record_str(r, MEM_TYPE, member_type_name(f->type));
	record_str(r, MEM_CLASS, class);
	owner(f, r);
	if (f->type == MEMBER_FILE) {
		record_uint(r, MEM_SIZE, f->size);
		record_hash(r, MEM_SHA256, f->sha256);
		record_uint(r, MEM_OFFSET, f->offset);
		if (f->length)
			record_uint(r, MEM_LENGTH, f->length);
	}
	record_text(r, MEM_TARGET, f->target);
	record_str(r, MEM_DAMAGE, f->damage);
}

void area_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h)
{
	const struct area *a = &m->areas[i];
	record_begin(r, &area_type, NULL, h);
	record_uint(r, ARE_MEMBER, a->member);
	where(m, a->member, member_where, r, ARE_WHERE);
	record_uint(r, ARE_OFFSET, a->offset);
	record_uint(r, ARE_LENGTH, a->length);
	record_str(r, ARE_WHAT, a->what);
	record_real(r, ARE_ENTROPY, (double)(uint64_t)(a->entropy * 1000 + 0.5) / 1000);
	record_str(r, ARE_MAP, a->map);
}

void strip_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h)
{
	const struct strip *t = &m->strips[i];
	record_begin(r, &strip_type, NULL, h);
	record_uint(r, STR_MEMBER, t->member);
	where(m, t->member, member_where, r, STR_WHERE);
	record_uint(r, STR_SIZE, m->v[t->member].size);
	record_uint(r, STR_STEP, t->step);
	record_str(r, STR_ENTROPY, t->entropy);
	record_str(r, STR_FILL, t->fill);
}

/* Arguments whose values say how a machine starts; others may hold anything. */
static bool is_kernels(struct span name)
{
	static const char *const known[] = {
		"console", "root", "rootfstype", "rootflags", "rootwait", "rootdelay", "init", "rdinit", "mem", "memmap", "mtdparts",
		"blkdevparts", "ubi.mtd", "ubi.block", "noinitrd", "initrd", "earlycon", "earlyprintk", "loglevel", "maxcpus",
		"nr_cpus", "panic", "ip", "nfsroot", "androidboot.hardware", "cma", "vmalloc", "coherent_pool", "board", "machtype",
		"mtdids",
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (span_is(name, known[i]))
			return true;
	return false;
}

static void put_arguments(struct buf *b, struct span line)
{
	struct rd r = rd_of(line);
	while (rd_left(&r)) {
		struct span word, name;
		if (!rd_until(&r, ' ', &word))
			word = rd_rest(&r);
		struct rd w = rd_of(word);
		if (!word.n)
			continue;
		if (b->n)
			buf_u8(b, ' ');
		if (!rd_until(&w, '=', &name) || is_kernels(name)) {
			buf_bytes(b, word);
			continue;
		}
		buf_bytes(b, name);
		buf_text(b, "=…");
	}
}

void device_tree_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h)
{
	const struct device_tree *t = &m->trees[i];
	struct buf b = { 0 };
	struct rd list = rd_of(t->compatible);
	struct span one;
	record_begin(r, &device_tree_type, NULL, h);
	where(m, t->member, member_where, r, DTB_WHERE);
	record_uint(r, DTB_MEMBER, t->member);
	record_uint(r, DTB_OFFSET, t->offset);
	record_text(r, DTB_MODEL, t->model);
	for (unsigned n = 0; n < COMPATIBLE_MOST && rd_until(&list, 0, &one); n++)
		record_add_text(r, DTB_COMPATIBLE, one);
	put_arguments(&b, t->bootargs);
	record_text(r, DTB_BOOTARGS, arena_copy(h->arena, buf_span(&b)));
	record_text(r, DTB_MEMORY, t->memory);
	record_uint(r, DTB_PARTITIONS, t->partitions);
	buf_done(&b);
}

void partition_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h)
{
	const struct partition *p = &m->partitions[i];
	const struct partition_table *t = &m->tables[p->table];
	record_begin(r, &partition_type, NULL, h);
	record_uint(r, PAR_TABLE, p->table);
	record_str(r, PAR_SOURCE, t->source);
	where(m, t->member, member_where, r, PAR_WHERE);
	record_uint(r, PAR_AT, t->offset);
	record_text(r, PAR_DEVICE, t->device);
	record_text(r, PAR_LABEL, p->label);
	record_uint(r, PAR_OFFSET, p->offset);
	if (p->length != UINT64_MAX)
		record_uint(r, PAR_LENGTH, p->length);
	if (p->read_only)
		record_bool(r, PAR_READ_ONLY, true);
	if (t->tells_of != NONE)
		record_uint(r, PAR_MEMBER, t->tells_of);
}

void inspection_record(const struct members *m, struct record *r, const struct record_host *h)
{
	uint64_t files = 0, input = 0;
	for (uint32_t i = 0; i < m->n; i++) {
		files += m->v[i].type == MEMBER_FILE;
		input += m->v[i].container == 0 ? m->v[i].size : 0;
	}
	record_begin(r, &inspection_type, NULL, h);
	record_uint(r, INS_INPUTS, m->c[0].nmembers);
	record_uint(r, INS_INPUT_BYTES, input);
	record_uint(r, INS_CONTAINERS, m->nc - 1);
	record_uint(r, INS_MEMBERS, m->n);
	record_uint(r, INS_FILES, files);
	record_uint(r, INS_BYTES, m->bytes);
	record_uint(r, INS_CANDIDATES, m->candidates);
	record_uint(r, INS_STEPS, m->steps);
	for (enum budget_kind k = 0; k < BUDGET_KINDS; k++)
		if (m->hits[k])
			record_add_text(r, INS_BUDGETS, span_str(budget_word(k)));
}

/* "image.bin@0x40-cramfs/boot/kernel@0x0-gzip": a folder beside the file that holds the container. */
static void folder(const struct members *m, uint32_t container, struct buf *b)
{
	const struct container *c = &m->c[container];
	if (c->member == NONE)
		return;
	const struct member *f = &m->v[c->member];
	folder(m, f->container, b);
	if (b->n)
		buf_u8(b, '/');
	buf_bytes(b, f->path);
	buf_printf(b, "@0x%llx-%s", (unsigned long long)c->offset, c->by->name);
}

/* Stored as it is in containers that are stored as they are. Only as good as the unpackers' word: who relies on it
 * compares the bytes. */
static bool image_offset(const struct members *m, uint32_t i, uint64_t *out)
{
	uint64_t at = 0;
	while (m->v[i].container) {
		const struct member *f = &m->v[i];
		const struct container *c = &m->c[f->container];
		if (!f->length || f->length != f->size || c->member == NONE)
			return false;
		at += c->offset + f->offset;
		i = c->member;
	}
	*out = at;
	return true;
}

void extract_record(const struct members *m, uint32_t i, struct record *r, const struct record_host *h)
{
	const struct member *f = &m->v[i];
	struct buf b = { 0 };
	folder(m, f->container, &b);
	record_begin(r, &extract_type, NULL, h);
	record_uint(r, EXT_ROOT, b.n);
	buf_u8(&b, '/');
	buf_bytes(&b, f->path);
	record_text(r, EXT_PATH, arena_copy(h->arena, buf_span(&b)));
	record_uint(r, EXT_TYPE, f->type);
	record_uint(r, EXT_MODE, f->mode);
	record_text(r, EXT_TARGET, f->target);
	record_uint(r, EXT_AT, f->spool_at);
	record_uint(r, EXT_SIZE, f->size);
	where(m, i, member_where, r, EXT_WHERE);
	record_uint(r, EXT_MEMBER, i);
	uint64_t image;
	if (image_offset(m, i, &image))
		record_uint(r, EXT_IMAGE, image);
	buf_done(&b);
}

void input_digest_add(struct input_digest *d, const struct record *r)
{
	char head[24];
	if (record_get_uint(r, MEM_CONTAINER))
		return;
	d->n++;
	if (record_has(r, MEM_SHA256))
		memcpy(d->only, r->v[MEM_SHA256].hash, sizeof(d->only));
	else
		keyring_sha256(record_get_text(r, MEM_TARGET), d->only);
	snprintf(head, sizeof(head), "%zu ", record_get_text(r, MEM_PATH).n);    /* no path can pass for another entry */
	buf_text(&d->lines, head);
	buf_bytes(&d->lines, record_get_text(r, MEM_PATH));
	buf_bytes(&d->lines, record_get_text(r, MEM_TYPE));
	buf_bytes(&d->lines, span_of(d->only, sizeof(d->only)));
}

void input_digest_end(const struct input_digest *d, uint8_t out[32])
{
	if (d->n == 1)
		memcpy(out, d->only, sizeof(d->only));
	else
		keyring_sha256(buf_span(&d->lines), out);
}

void input_digest_done(struct input_digest *d)
{
	buf_done(&d->lines);
}

void image_id(const uint8_t sha256[32], char out[IMAGE_ID_TEXT])
{
	int n = snprintf(out, IMAGE_ID_TEXT, "I-");
	for (unsigned i = 0; i < 8; i++)
		n += snprintf(out + n, IMAGE_ID_TEXT - (size_t)n, "%02x", sha256[i]);
}
