/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One program being executed: processor, memory, code, models of the C library, paths. Only the worker
 * includes this. What a model changes besides memory lies in guest memory too (struct kern), so that a
 * path that is rolled back takes its descriptors, files and heap with it. */
#pragma once

#include "fw/flow/code.h"
#include "fw/flow/trace.h"

enum layout {
	AT_PROGRAM = 0x10000000, AT_LIBRARIES = 0x20000000, AT_HEAP = 0x60000000, AT_STUBS = 0x70000000,
	AT_VDSO = AT_STUBS + (2 << 20), AT_GDT = AT_VDSO + 0x1000,       /* 32-bit x86 */
	AT_KERN = 0x71000000, AT_FILES = 0x71010000, AT_CELLS = 0x71020000,
	AT_CTYPE = AT_CELLS + 0xa000, AT_TLS = 0x72000000, AT_STACK = 0x7e000000,
	HEAP_BYTES = 16 << 20, STUB_BYTES = 1 << 20, STUB_STEP = 16, KERN_BYTES = 1 << 18, CELL_STEP = 64,
	TLS_BYTES = 1 << 16, STACK_BYTES = 1 << 20, FILE_STEP = 256,
	STACK_TOP = AT_STACK + STACK_BYTES - 0x8000,
};

enum { STUBS = STUB_BYTES / STUB_STEP, KERN_FDS = 48, KERN_FILES = 8, KERN_TEXT = 1920, SOURCE_MAX = 239 };

enum fd_kind { FD_FREE, FD_STD, FD_FILE, FD_SOCKET, FD_PIPE, FD_PROCESS };

struct kern_fd {
	uint8_t kind, source, reads, family, type, protocol, file, spare;  /* file: 1 + index of kern_file, 0: none */
	char text[120];                          /* path, command, or whom a socket is connected to */
	uint64_t watched;                        /* what epoll_ctl() said to give back for it; 0: nothing */
};

struct kern_file {                               /* what the program wrote: a script that is run later */
	uint32_t n;
	char path[124];
	char text[KERN_TEXT];
};

struct kern {
	uint32_t brk, token, random, spare;
	struct kern_fd fd[KERN_FDS];
	struct kern_file file[KERN_FILES];
};

struct machine;

/* A row of libc.def. */
struct model {
	const char *names;                       /* separated by spaces; the first is how it is written */
	uint64_t (*run)(struct machine *m, const struct model *self);    /* returns what the caller gets */
	enum trace_class class;
	const char *sig;                         /* "name:letter …" of the arguments to write; NULL: none */
	int32_t param;                           /* the function's own use */
};

struct stub {
	struct span name;
	const struct model *model;               /* NULL: unknown */
	bool called;
};

struct frame {                                   /* shadow call stack, shared between paths */
	const struct frame *up;
	uint32_t function, site, back;           /* entry; the call; the address it returns to */
	uint32_t key;                            /* of the arguments, when the function is hot */
	uint32_t depth;
};

struct assumed {                                 /* why a path goes where it goes; put into words when written */
	uint32_t site, to;
	const char *text;                        /* NULL: a branch that goes to `to` */
	struct span call;                        /* the call just before it, and what it returned */
	int64_t result;
};

struct path {
	struct path *up;
	uint32_t id, forked;
	struct assumed why;                      /* site 0: the first path of a root */
	struct span root;
	bool written;
};

struct spread {                                  /* outside bytes that were compared piece by piece so far */
	uint32_t next, site, block;              /* where they go on; the first compare; block of the last */
	int64_t value;                           /* of the first piece, as the program sees it */
	uint8_t n, pieces, shade, width;         /* n 0: nothing */
	uint8_t text[64];
};

enum { GONE_MAYBE = 6 };
struct gone {                                    /* outside bytes whose kind is asked for, one after the other */
	uint32_t at, maybe[GONE_MAYBE];          /* the last; all places where it may have stood */
	uint32_t escape;                         /* this one was compared with % before anything else */
	uint32_t listed_at;                      /* this one was compared with these characters of a shell's */
	uint16_t listed, searched;               /* searched: a text of search_shade was, for these */
	uint8_t shade, n, nmaybe, search_shade, escaped; /* escaped: that many that come now stand behind an escape */
	bool told;
};

/* kinds of characters that a function asks for, of bytes of a source */
struct asks {
	uint32_t function;
	uint8_t shade, kinds;
};

enum { CARRIED = 4, CARRIED_HERE = 0x7fffffff };   /* the second: the block before a path that was taken up again */
struct carried {                                 /* registers that hold loaded bytes where a block ends */
	uint32_t block;                          /* the one that ended; 0: none */
	struct { int16_t reg; bool folded; uint64_t value, more; uint32_t from[8]; } regs[CARRIED];
	unsigned n;
};

struct state {                                   /* to come back to */
	size_t mark;
	uc_context *context;
	uint32_t pc, goal;                       /* where to start; the block that is wanted, often the same */
	uint32_t passed;                         /* the function whose call is passed over; 0: none */
	bool thumb, forced, used;                /* forced: go even where it was before; used: never go */
	bool parent;                             /* the other side of a fork: goes on when the child is done */
	const struct frame *frame;
	struct path *path;                       /* that it leaves */
	uint32_t order;
	struct assumed why;
	struct spread spread;
	struct carried carried;
	struct gone gone;
	int reg[4];
	uint64_t value[4];
	unsigned nregs;
	uint32_t branch;                         /* the block whose other side this is; 0: it is none */
	uint32_t place;                          /* key of the place of a table that is taken; 0: none */
	uint32_t at, bytes;                      /* value[0] goes there as well */
};

struct block {
	uint32_t addr, end, ninsn, turn;         /* turn: index + 1; 0: not known */
	uint32_t run, visits, calls, rounds;     /* on this run of the emulator: visits; how many of them came after a call */
	const struct stub *stub;
	uint16_t compares, peeked;               /* compares in it; how often they were looked at */
	bool thumb, places;                      /* places: it loads from a place that it makes of a scaled number */
	uint8_t placed;                          /* how often that was looked at */
	uint8_t asks;                            /* what it asks a table of kinds of characters for: classes.c */
};

struct sighting {                                /* whether bytes stand in the file, remembered by their hash */
	uint64_t hash, offset;
	size_t n;
	bool found;
};
enum { SIGHTINGS = 4096 };

struct class_table {                             /* of kinds of characters; at: where that of character 0 stands */
	uint32_t at;
	uint8_t width;                           /* bytes a character */
};

struct probe {                                   /* a function that is tried: recognise.c */
	bool on, returned;
	uint32_t steps, max, run;                /* instructions; what probe_ran says of blocks that ran */
};

struct asked {                                   /* what a function that is tried asked of the kernel: trial.c */
	char path[32];                           /* of the file, the program, or the local socket named last */
	uint64_t flags, argv;
	unsigned opened, closed;
	unsigned joined;                         /* ends of pipes in place of standard input or output */
	uint64_t descriptor;                     /* closed last */
	bool refuses, parent;                    /* opening fails; a fork returns as the parent */
	bool runs;                               /* a program was to be run, which ends the call */
	struct span content;                     /* of the file that is read, up to `at` by now */
	uint64_t at;
	char wrote[64];
	size_t nwrote;
	bool answers;                            /* every call gets `answer`; the last one and how many they were */
	uint64_t answer, given[CPU_SYS_ARGS];
	const char *call;
	unsigned calls, others;                  /* others: for anything but memory */
};

struct limits {
	uint64_t program, root;                  /* instructions */
	uint64_t first, path;                    /* of the first path of a root; of every other */
	uint64_t output;                         /* bytes */
};

enum { LEAVES_MAX = 40 };                        /* loops that are left on one path while nothing new is reached */

struct machine {
	uc_engine *uc;
	const struct cpu *cpu;
	struct guest g;
	struct code code;
	const struct kern *kern;
	struct arena arena, root_arena, scratch;
	struct span name;
	struct limits limits;

	struct stub *stubs;
	unsigned nstubs;
	struct addrmap stub_by_name;             /* by hash of the name */
	struct span cells[256];                  /* data objects of libraries that are not there */
	unsigned ncells;
	struct class_table classes[8];
	unsigned nclasses;
	struct asks asks[64];
	unsigned nasks;
	const char *sources[SHADE_SOURCES];      /* what the outside bytes are */
	unsigned nsources;
	bool numbered[SHADE_SOURCES];            /* a number was made from this source */
	const char *resolved[256];               /* host names behind made-up addresses */
	unsigned nresolved;

	struct block *blocks;
	uint32_t nblocks, blocks_room;
	struct addrmap block_at;
	struct state *states;
	uint32_t nstates, states_room, states_base;       /* those above the last were kept by the path that runs */
	uc_context **spare;
	uint32_t nspare, spare_room;
	struct addrmap again;                    /* (block, arguments) pairs that were forced */

	struct probe probe;
	struct addrmap probe_ran, loud;          /* block → the function that was tried; see quiet.c */
	struct asked asked;
	uint32_t probe_main;                     /* main(), as the start-up of a static program names it */
	bool starting, at_main;                  /* a path that is run for the state at main(), and not told; it came there */
	uc_context *fresh;                       /* the processor before anything ran */
	uc_context *ground;                      /* registers at main() of a static program, whose memory is the ground */
	uint32_t stream_fd_at;                   /* in a FILE of a static program: its descriptor; 0: not known */
	struct addrmap recognised;               /* functions that a model stands in for → stub + 1 */

	/* the path that runs */
	struct path *path;
	const struct frame *frame;
	uint32_t prev, before, branch;           /* block index + 1; branch: the one whose other side the path began with */
	uint32_t order, npaths, nruns, since_new, leaves, tail, natural_tail, nroots;
	uint32_t redirect;                       /* go on here: a loop was ended */
	struct assumed redirect_why;             /* at this branch */
	bool redirect_thumb, stopping, ended, from_stub, natural, exploring;
	uint64_t instructions, path_end, root_end;
	uint32_t faults, nagain, nplaces, nfar;
	uint64_t far[128];                       /* pages mapped above 4 GB for this root */
	size_t root_mark;
	struct span last_call;                   /* for conditions */
	int64_t last_result;
	uint32_t last_key;                       /* of what it was asked for: a destination, a name; 0: neither */
	uint32_t last_call_at;                   /* block counter */
	struct spread spread;
	struct spread unspread;                  /* the same on the other side of the branch that was met last */
	struct carried carried;
	struct gone gone;
	struct { int reg; uint64_t was, is; } equal;     /* the outside register of the last compare, and its constant */
	uint32_t compared_at, compared_block;    /* block counter; the block that compares */
	uint32_t compared;                       /* key of what outside bytes were compared with last; 0: nothing */
	uint32_t ticks;
	uint32_t root_entry;

	/* the call that is modelled */
	struct span callee;
	uint32_t call_site, call_function;
	const struct frame *call_frame;
	bool syscall;
	/* model_find(): the table names all models, and one of them looks another up */
	const struct model *(*model_of)(struct span name);
	uint64_t arg_base;                       /* socketcall: arguments stand there */
	uint64_t result;
	uint64_t made;                           /* text or vector a model put together for the trace */

	/* trace */
	struct registry registry;
	struct record_host host;
	struct buf out;
	int out_fd;
	uint64_t written;
	uint32_t ncalls;
	struct sighting *sightings;
	struct addrmap written_calls;            /* hash of site and values → times */
	const char *stopped;
	struct span unknown[64], notes[128];
	unsigned nunknown, nnotes;
};

/* ---- machine.c: registers, arguments, sources ---- */
uint64_t reg_get(const struct machine *m, int reg);
void     reg_set(struct machine *m, int reg, uint64_t v);
uint64_t arg(const struct machine *m, unsigned i);               /* of the call that is modelled, as unsigned */
int64_t  arg_int(const struct machine *m, unsigned i);           /* as int */
struct span arg_text(const struct machine *m, unsigned i);
uint8_t  source_add(struct machine *m, const char *fmt, ...) PRINTF(2, 3);      /* its shade */
const char *source_name(const struct machine *m, uint8_t shade);
void     source_fill(struct machine *m, uint64_t addr, uint64_t n, uint8_t shade);  /* n marked bytes, no NUL */
/* The source whose marks begin at or around s[i]; 0: none. *from and *to: the marked stretch. */
uint8_t  source_in(struct span s, size_t i, size_t *from, size_t *to);
uint8_t  source_at(const struct machine *m, uint64_t addr);       /* of this byte; 0: it is none */
uint8_t  source_of_text(const struct machine *m, uint64_t addr);      /* marks anywhere in it; 0: none */
uint32_t source_number(struct machine *m, uint8_t shade);        /* a small number that stands for it */
uint8_t  source_of_number(const struct machine *m, uint64_t v);  /* 0: it is no outside number */
/* What four octets were made of, when a program changed each of them in the same way; 0: nothing from outside. */
uint8_t  source_behind(const struct machine *m, uint32_t v);
uint32_t source_address(struct machine *m, uint8_t shade);       /* an IPv4 address in host order */
#define NO_ADDRESS "?"                          /* the name of what was no address */
uint32_t name_address(struct machine *m, const char *name);
/* What an address in host order stands for: a source (its shade) or a name; false: itself. */
bool     address_means(const struct machine *m, uint32_t v4, uint8_t *shade, const char **name);
uint64_t heap_new(struct machine *m, uint64_t n);
uint64_t heap_marked(struct machine *m, uint64_t n, uint8_t shade);   /* n marked bytes and a NUL */
uint64_t heap_text(struct machine *m, struct span s);
void     machine_note(struct machine *m, const char *fmt, ...) PRINTF(2, 3);
char    *text_of(struct machine *m, struct span s);              /* NUL-terminated in the root's arena */

#define KERN_SET(m, field, v) do { \
	__typeof__((m)->kern->field) kern_v_ = (v); \
	guest_write(&(m)->g, AT_KERN + offsetof(struct kern, field), span_of(&kern_v_, sizeof(kern_v_)), SHADE_NONE); \
} while (0)

/* ---- arguments of variable count ---- */
struct va {
	enum va_shape shape;
	bool list;                               /* a va_list in memory, else the registers of this call */
	unsigned next, next_real;                /* slots used */
	uint64_t at;                             /* of the list, or of what lies on the stack */
	uint64_t gp_top, fp_top;                 /* AArch64, x86-64, PowerPC: save areas */
	int64_t gp, fp;                          /* offsets into them */
};
struct va va_call(const struct machine *m, unsigned named);
struct va va_list_at(const struct machine *m, uint64_t list);
uint64_t  va_word(const struct machine *m, struct va *v);        /* int, long, pointer */
uint64_t  va_wide(const struct machine *m, struct va *v);        /* long long */
double    va_real(const struct machine *m, struct va *v);

/* ---- load.c ---- */
bool machine_load(struct machine *m, struct span program, const struct span *libraries, const struct span *names,
		  unsigned nlibraries) MUST_CHECK;

/* ---- cells.c ---- */
uint64_t machine_stub(struct machine *m, struct span name);      /* address that stands for an import */
uint64_t machine_cell(struct machine *m, struct span name);      /* address of a data object that no module has */
uint64_t machine_cell_value(struct span name);   /* of data that programs take from the C library by name; 0: other */
uint64_t machine_symbol(struct machine *m, const char *name);    /* defined in a module; 0: none */
/* 32-bit x86: the entries of the GDT. A segment begins at base from when it is loaded the next time. */
enum { SEGMENT_STACK = 5, SEGMENT_THREAD };
void machine_segment(struct machine *m, unsigned entry, uint32_t base, uint8_t level);

/* ---- machine.c: the path that runs ---- */
void machine_stop_path(struct machine *m);
void machine_ended(struct machine *m);           /* the program ends here, and so do the functions that led here */
bool machine_is_thumb(const struct machine *m);  /* the processor, now */
const struct turn *block_turn(const struct machine *m, uint32_t block);
/* A key of `again`, from what makes it another. */
static inline uint32_t key_mix(uint32_t a, uint32_t b)
{
	return (a ^ b) * 2654435761u ^ a >> 15;
}

/* ---- state.c: what is run later ---- */
void machine_otherwise(struct machine *m, uint64_t result, const char *why);   /* this call, with another result */
/* The system call that runs made a child, which runs first; then the path goes on as its parent. */
void machine_forked(struct machine *m);
void machine_executed(struct machine *m);        /* a child became another program: the parent goes on */
/* Later, from the state as it is now: call this function with up to three arguments. */
void machine_later(struct machine *m, uint64_t function, const char *why, unsigned nargs, const uint64_t *args);

/* ---- frames.c ---- */
/* Now, in place of what runs: the path goes on in this function. */
void machine_enter(struct machine *m, uint64_t function, unsigned nargs, const uint64_t *args);
/* A call of up to the registers' and stack's arguments that returns to `back`. */
void machine_arguments(struct machine *m, unsigned n, const uint64_t *v, uint64_t back);

/* ---- run.c ---- */
void machine_run(struct machine *m);

/* ---- trial.c: the kernel that a function sees while it is tried; its answer, -errno when it refuses ---- */
uint64_t trial_kernel(struct machine *m, const char *name);

/* ---- recognise.c: on the state at main(); rolled back to the mark of the root ---- */
void machine_recognise(struct machine *m);
/* The C library of a static program asks the environment for something of its own: not set, and nothing to tell. */
bool recognised_asks(struct machine *m, const struct block *b);

/* ---- quiet.c ---- */
/* No block of a function that did not run (probe_ran), nor what it calls, can lead to a system call. follow: nor such
 * blocks of the functions that it called. */
bool quiet_rest(struct machine *m, const struct function *f, uint32_t run, bool follow);

/* ---- classes.c ---- */
bool classes_watch(struct machine *m) MUST_CHECK;        /* modules are in place: who asks such a table is seen */
void kind_of_character(struct machine *m, uint8_t c);    /* what kind of character c is is asked for */
void kind_listed(struct machine *m, uint64_t text, struct span list);    /* all of the text: which are in the list */
void kind_in_list(struct machine *m, struct span list, uint8_t c);       /* whether c is in the list */
void kind_searched(struct machine *m, uint64_t text, uint8_t c);         /* c is looked for in the text */

/* ---- look_block.c: what a block does to values ---- */
void look_prepare(struct machine *m, struct block *b);           /* whether there is something in it to look at */
void look_block(struct machine *m, uint32_t block);              /* before the block runs */

/* ---- compare.c: outside bytes compared by instructions ---- */
/* The block that compared ends: on this path the pieces so far are equal, or they are not. */
void compare_branch(struct machine *m, const struct turn *t, bool taken);
struct spread compare_other(const struct machine *m, const struct turn *t, bool taken);    /* on the other side */
void compare_flush(struct machine *m);           /* what was put together so far is written */

/* ---- call.c ---- */
/* to the trace */
void call_write(struct machine *m, const struct model *model, const char *callee, uint64_t result);

/* ---- call_record.c ---- */
void call_compare(struct machine *m, uint32_t site, int64_t value, uint8_t shade, const char *how);
void call_compare_text(struct machine *m, uint32_t site, struct span text, uint8_t shade);
void call_compare_kind(struct machine *m, uint32_t site, uint8_t shade);         /* each character is looked at */
void trace_end(struct machine *m);
void trace_function(struct machine *m, const struct function *f, uint32_t instructions, const char *digest);
void functions_tell(struct machine *m);  /* a fwfunction record for each function of the program itself */
void trace_flush(struct machine *m);

/* ---- libc.c: the table ---- */
extern const struct model *const model_unknown;
const struct model *model_find(struct span name);                /* NULL: none */
