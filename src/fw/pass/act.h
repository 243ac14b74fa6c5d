/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program or a script does, one deed at a time, whether it is a library call of the trace or a command
 * of a shell text: passes judge acts and never parse. A command line that reaches system() gives the acts of
 * its commands. */
#pragma once

#include "fw/flow/trace.h"
#include "fw/pass/shell.h"

enum act_kind {
	ACT_OTHER,
	ACT_INTERFACE,                           /* an interface is switched on, or routes are set; path: which */
	ACT_CONNECT, ACT_SEND, ACT_RECEIVE, ACT_RESOLVE,
	ACT_MOUNT,                               /* of a share on another machine; path: export, target: where to */
	ACT_ATTACH,                              /* a device of its own is mounted; path: which, target: where to */
	ACT_UNMOUNT,
	ACT_FETCH,                               /* a file from another machine; path: its URL path, target: where to */
	ACT_COPY,                                /* path: from, target: to */
	ACT_CHMOD,                               /* path; made executable, or open to all */
	ACT_EXECUTE,                             /* path: a file is run; flash writers too */
	ACT_CHECK,                               /* signature, hash or certificate is looked at */
	ACT_BIND,                                /* port, or path of a UNIX socket */
	ACT_LISTEN,
	ACT_COMPARE,                             /* outside bytes (source) meet a constant: secret */
	ACT_LOGIN,
	ACT_CONFIG,                              /* configuration is read */
	ACT_WRITE,                               /* path: a file; text: what */
	ACT_SERVICE,                             /* telnetd and its kind are started */
	ACT_FORMAT,                              /* outside bytes (source) are the format of a printf */
	ACT_CREDENTIAL,                          /* a fixed password or key is used: user, secret */
};

/* Who decides a value. */
enum setting {
	SETTING_UNKNOWN,
	SETTING_CONSTANT,                        /* stands in the image and nothing replaces it */
	SETTING_DEFAULT,                         /* stands in the image; configuration may replace it */
	SETTING_CONFIGURED,                      /* comes from configuration or another outside source only */
};
const char *setting_name(enum setting s);        /* "constant only" … */

struct scene_file;

struct act {
	enum act_kind kind;
	const struct record *call;               /* the fwcall; NULL: of a script */
	struct span name;                        /* callee or program */
	struct span text;                        /* as people read it; credentials blanked */
	struct addr address;
	struct span host;                        /* name, where no address is known */
	uint16_t port;
	bool unproven;                           /* over TLS, and nobody looks at the certificate */
	bool port_given;                         /* by settings or from outside: no number to tell */
	const char *transport, *protocol;        /* NULL: not known */
	enum setting setting;                    /* of the address or the name */
	struct span path, target, user, secret;
	struct span source;                      /* outside source that reached it */
	struct span login;                       /* ACT_SERVICE: the program behind the connection */
	struct span capture;                     /* of a command in $(…): its text, by which {$(…)} is known again */
	bool piped;                              /* reads what the act before it writes; path or target "-": the stream */
	bool recursive, forced, open_to_all, reverse, equal, conditional, check_only;
	bool is_shell;                           /* source reached a shell's command line */
	unsigned line;                           /* of a script */
	uint64_t offset, site;
	struct span function;
	int64_t result;                          /* network calls: the descriptor */
	const struct scene_file *file;           /* where it stands, when not in the route's file */
	const struct act *given;                 /* what gives the destination: a line of a settings file or of a script */
	bool assumed;                            /* no deed: a state of the program was assumed, in one that logs people in */
	bool blanked;                            /* text is all that may be shown of it */
};

enum { ACTS = 1 << 17, ACT_NEST = 4 };

struct acts {
	struct act *v;
	size_t n, room;
	struct arena *arena;
	const struct shell_world *world;         /* what scripts may ask; may be NULL */
	bool cut, mips, big;                     /* of the program's processor */
	bool is_static;                          /* the program */
};

/* Appends what a shell text does. base: offset of the text in its file; call may be NULL. */
void acts_of_shell(struct acts *out, struct span text, const struct record *call);
/* Appends what one call of the trace does; at least one act. */
void acts_of_call(struct acts *out, const struct record *call);
/* One command, already split. */
void acts_of_command(struct acts *out, const struct shell_command *c, const struct record *call, unsigned depth);

struct act *act_new(struct acts *out, enum act_kind kind);   /* never NULL; past the cap the last one again */
/* "host", "host:port", "[::1]:port", "user@host": address or name, and port. False: neither. */
bool act_destination(struct act *a, struct span text);
bool act_is_host(struct span s);                  /* a name that could stand in DNS and is no number */
/* How a destination stands to the building: addresses of the documentation ranges count as public. */
enum reach { REACH_NONE, REACH_LOCAL, REACH_NAME, REACH_PUBLIC };
enum reach act_reach(const struct act *a);
/* Whether bytes of the network or of a web request are meant by a source's name. */
bool source_is_network(struct span source);
bool source_is_local(struct span source);        /* a socket on the device itself: AF_UNIX, netlink */
bool source_is_reply(struct span source);        /* of a connection that the program itself made */
bool source_is_config(struct span source);
/* What a stranger chooses: bytes of the network, names of wireless networks and Bluetooth devices nearby. */
bool source_is_strangers(struct span source);    /* radio or network */
/* The first {source} inside text; empty when there is none. */
struct span source_in(struct span text);
bool text_is_known(struct span text);            /* no part of it is open */
bool act_is_secure(const struct act *a);         /* what it fetches cannot be changed on the way */
const char *act_share_protocol(struct span type);        /* of a remote file system's name; NULL: it is none */
struct span path_base(struct span path);
bool path_under(struct span path, struct span folder);
bool path_holds_programs(struct span path);      /* a folder of the device's own programs and settings, or the root */
