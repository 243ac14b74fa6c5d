/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The families: AAPCS (ARM IHI 0042, 0055), MIPS o32, System V i386, x86-64, PowerPC 32; system call numbers
 * as in the Linux headers of each. */
#include "fw/flow/cpu.h"

/* ARM EABI; OABI adds 0x900000, which cpu_syscall_name takes off. */
static const struct cpu_syscall arm_calls[] = {
	{ 1, "_exit" }, { 2, "fork" }, { 3, "read" }, { 4, "write" }, { 5, "open" }, { 6, "close" },
	{ 9, "link" }, { 10, "unlink" }, { 11, "execve" }, { 12, "chdir" }, { 13, "time" }, { 14, "mknod" },
	{ 15, "chmod" }, { 19, "lseek" }, { 20, "getpid" }, { 21, "mount" }, { 23, "setuid" }, { 33, "access" },
	{ 36, "sync" }, { 37, "kill" }, { 38, "rename" }, { 39, "mkdir" }, { 40, "rmdir" }, { 41, "dup" },
	{ 42, "pipe" }, { 45, "sys_brk" }, { 46, "setgid" }, { 52, "umount2" }, { 54, "ioctl" },
	{ 55, "fcntl" }, { 63, "dup2" }, { 64, "getppid" }, { 66, "setsid" }, { 83, "symlink" },
	{ 88, "reboot" }, { 90, "sys_mmap_old" }, { 91, "munmap" }, { 114, "sys_wait4" }, { 120, "sys_clone" },
	{ 122, "uname" }, { 125, "mprotect" }, { 140, "sys_llseek" }, { 142, "select" }, { 145, "readv" },
	{ 146, "writev" }, { 162, "nanosleep" }, { 168, "poll" }, { 175, "sigprocmask" }, { 190, "vfork" },
	{ 192, "sys_mmap" }, { 195, "stat" }, { 196, "stat" }, { 197, "fstat" }, { 213, "setuid" },
	{ 214, "setgid" }, { 221, "fcntl" }, { 248, "_exit" }, { 250, "epoll_create" }, { 251, "epoll_ctl" },
	{ 252, "epoll_wait" }, { 263, "clock_gettime" }, { 281, "socket" }, { 282, "bind" }, { 283, "connect" },
	{ 284, "listen" }, { 285, "accept" }, { 289, "send" }, { 290, "sendto" }, { 291, "recv" },
	{ 292, "recvfrom" }, { 294, "setsockopt" }, { 296, "sendmsg" }, { 297, "recvmsg" }, { 322, "openat" },
	{ 328, "unlinkat" }, { 333, "fchmodat" }, { 335, "pselect" }, { 336, "ppoll" }, { 346, "epoll_pwait" },
	{ 357, "epoll_create1" }, { 358, "dup3" }, { 359, "pipe" }, { 366, "accept4" }, { 384, "getrandom" },
	{ 387, "execveat" }, { 397, "statx" }, { 413, "pselect" }, { 414, "ppoll" }, { 0xf002, "neutral_zero" },
	{ 0xf005, "sys_set_tls" }, { 0, NULL },
};

static const struct cpu_syscall aarch64_calls[] = {
	{ 20, "epoll_create1" }, { 21, "epoll_ctl" }, { 22, "epoll_pwait" }, { 23, "dup" }, { 24, "dup3" },
	{ 25, "fcntl" }, { 29, "ioctl" }, { 34, "mkdirat" }, { 35, "unlinkat" }, { 36, "symlinkat" },
	{ 39, "umount2" }, { 40, "mount" }, { 48, "faccessat" }, { 49, "chdir" }, { 52, "fchmod" },
	{ 53, "fchmodat" }, { 56, "openat" }, { 57, "close" }, { 59, "pipe" }, { 62, "lseek" }, { 63, "read" },
	{ 64, "write" }, { 65, "readv" }, { 66, "writev" }, { 72, "pselect" }, { 73, "ppoll" },
	{ 79, "fstatat" }, { 80, "fstat" }, { 81, "sync" }, { 93, "_exit" }, { 94, "_exit" },
	{ 101, "nanosleep" }, { 113, "clock_gettime" }, { 129, "kill" }, { 135, "sigprocmask" },
	{ 142, "reboot" }, { 144, "setgid" }, { 146, "setuid" }, { 157, "setsid" }, { 160, "uname" },
	{ 172, "getpid" }, { 173, "getppid" }, { 198, "socket" }, { 200, "bind" }, { 201, "listen" },
	{ 202, "accept" }, { 203, "connect" }, { 206, "sendto" }, { 207, "recvfrom" }, { 208, "setsockopt" },
	{ 211, "sendmsg" }, { 212, "recvmsg" }, { 214, "sys_brk" }, { 215, "munmap" }, { 220, "sys_clone" },
	{ 221, "execve" }, { 222, "sys_mmap" }, { 226, "mprotect" }, { 242, "accept4" }, { 260, "sys_wait4" },
	{ 276, "renameat2" }, { 278, "getrandom" }, { 281, "execveat" }, { 291, "statx" }, { 0, NULL },
};

/* o32: the kernel's numbers begin at 4000. */
static const struct cpu_syscall mips_calls[] = {
	{ 4001, "_exit" }, { 4002, "fork" }, { 4003, "read" }, { 4004, "write" }, { 4005, "open" },
	{ 4006, "close" }, { 4010, "unlink" }, { 4011, "execve" }, { 4012, "chdir" }, { 4013, "time" },
	{ 4014, "mknod" }, { 4015, "chmod" }, { 4019, "lseek" }, { 4020, "getpid" }, { 4021, "mount" },
	{ 4023, "setuid" }, { 4033, "access" }, { 4036, "sync" }, { 4037, "kill" }, { 4038, "rename" },
	{ 4039, "mkdir" }, { 4041, "dup" }, { 4042, "sys_pipe" }, { 4045, "sys_brk" }, { 4046, "setgid" },
	{ 4052, "umount2" }, { 4054, "ioctl" }, { 4055, "fcntl" }, { 4063, "dup2" }, { 4064, "getppid" },
	{ 4066, "setsid" }, { 4083, "symlink" }, { 4088, "reboot" }, { 4090, "sys_mmap" }, { 4091, "munmap" },
	{ 4114, "sys_wait4" }, { 4120, "sys_clone" }, { 4122, "uname" }, { 4125, "mprotect" },
	{ 4140, "sys_llseek" }, { 4142, "select" }, { 4145, "readv" }, { 4146, "writev" },
	{ 4166, "nanosleep" }, { 4168, "accept" }, { 4169, "bind" }, { 4170, "connect" }, { 4174, "listen" },
	{ 4175, "recv" }, { 4176, "recvfrom" }, { 4177, "recvmsg" }, { 4178, "send" }, { 4179, "sendmsg" },
	{ 4180, "sendto" }, { 4181, "setsockopt" }, { 4183, "socket" }, { 4188, "poll" },
	{ 4195, "sigprocmask" }, { 4210, "sys_mmap" }, { 4213, "stat" }, { 4215, "fstat" }, { 4220, "fcntl" },
	{ 4246, "_exit" }, { 4248, "epoll_create" }, { 4249, "epoll_ctl" }, { 4250, "epoll_wait" },
	{ 4263, "clock_gettime" }, { 4283, "sys_set_tls" }, { 4288, "openat" }, { 4301, "pselect" },
	{ 4302, "ppoll" }, { 4313, "epoll_pwait" }, { 4326, "epoll_create1" }, { 4328, "pipe" },
	{ 4353, "getrandom" }, { 4366, "statx" }, { 4413, "pselect" }, { 4414, "ppoll" }, { 0, NULL },
};

static const struct cpu_syscall x86_calls[] = {
	{ 1, "_exit" }, { 2, "fork" }, { 3, "read" }, { 4, "write" }, { 5, "open" }, { 6, "close" },
	{ 10, "unlink" }, { 11, "execve" }, { 12, "chdir" }, { 13, "time" }, { 15, "chmod" }, { 19, "lseek" },
	{ 20, "getpid" }, { 21, "mount" }, { 23, "setuid" }, { 33, "access" }, { 36, "sync" }, { 37, "kill" },
	{ 38, "rename" }, { 39, "mkdir" }, { 41, "dup" }, { 42, "pipe" }, { 45, "sys_brk" }, { 52, "umount2" },
	{ 54, "ioctl" }, { 55, "fcntl" }, { 63, "dup2" }, { 64, "getppid" }, { 66, "setsid" },
	{ 83, "symlink" }, { 88, "reboot" }, { 90, "sys_mmap_old" }, { 91, "munmap" }, { 102, "socketcall" },
	{ 114, "sys_wait4" }, { 120, "sys_clone" }, { 122, "uname" }, { 125, "mprotect" },
	{ 140, "sys_llseek" }, { 142, "select" }, { 145, "readv" }, { 146, "writev" }, { 162, "nanosleep" },
	{ 168, "poll" }, { 175, "sigprocmask" }, { 190, "vfork" }, { 192, "sys_mmap" }, { 195, "stat" },
	{ 197, "fstat" }, { 213, "setuid" }, { 214, "setgid" }, { 221, "fcntl" },
	{ 243, "sys_set_thread_area" }, { 252, "_exit" }, { 254, "epoll_create" }, { 255, "epoll_ctl" },
	{ 256, "epoll_wait" }, { 295, "openat" }, { 308, "pselect" }, { 309, "ppoll" }, { 319, "epoll_pwait" },
	{ 329, "epoll_create1" }, { 331, "pipe" }, { 355, "getrandom" }, { 359, "socket" }, { 361, "bind" },
	{ 362, "connect" }, { 363, "listen" }, { 364, "accept4" }, { 366, "setsockopt" }, { 369, "sendto" },
	{ 370, "sendmsg" }, { 371, "recvfrom" }, { 372, "recvmsg" }, { 383, "statx" }, { 413, "pselect" },
	{ 414, "ppoll" }, { 0, NULL },
};

static const struct cpu_syscall x86_64_calls[] = {
	{ 0, "read" }, { 1, "write" }, { 2, "open" }, { 3, "close" }, { 4, "stat" }, { 5, "fstat" },
	{ 7, "poll" }, { 8, "lseek" }, { 9, "sys_mmap" }, { 10, "mprotect" }, { 11, "munmap" },
	{ 12, "sys_brk" }, { 14, "sigprocmask" }, { 16, "ioctl" }, { 19, "readv" }, { 20, "writev" },
	{ 21, "access" }, { 22, "pipe" }, { 23, "select" }, { 32, "dup" }, { 33, "dup2" }, { 35, "nanosleep" },
	{ 39, "getpid" }, { 41, "socket" }, { 42, "connect" }, { 43, "accept" }, { 44, "sendto" },
	{ 45, "recvfrom" }, { 46, "sendmsg" }, { 47, "recvmsg" }, { 49, "bind" }, { 50, "listen" },
	{ 54, "setsockopt" }, { 56, "sys_clone" }, { 57, "fork" }, { 58, "vfork" }, { 59, "execve" },
	{ 60, "_exit" }, { 61, "sys_wait4" }, { 62, "kill" }, { 63, "uname" }, { 72, "fcntl" }, { 80, "chdir" },
	{ 82, "rename" }, { 83, "mkdir" }, { 87, "unlink" }, { 88, "symlink" }, { 90, "chmod" },
	{ 105, "setuid" }, { 106, "setgid" }, { 110, "getppid" }, { 112, "setsid" }, { 158, "sys_arch_prctl" },
	{ 162, "sync" }, { 165, "mount" }, { 166, "umount2" }, { 169, "reboot" }, { 201, "time" },
	{ 213, "epoll_create" }, { 228, "clock_gettime" }, { 231, "_exit" }, { 232, "epoll_wait" },
	{ 233, "epoll_ctl" }, { 257, "openat" }, { 262, "fstatat" }, { 270, "pselect" }, { 271, "ppoll" },
	{ 281, "epoll_pwait" }, { 288, "accept4" }, { 291, "epoll_create1" }, { 293, "pipe" },
	{ 318, "getrandom" }, { 332, "statx" }, { 0, NULL },
};

static const struct cpu_syscall ppc_calls[] = {
	{ 1, "_exit" }, { 2, "fork" }, { 3, "read" }, { 4, "write" }, { 5, "open" }, { 6, "close" },
	{ 10, "unlink" }, { 11, "execve" }, { 12, "chdir" }, { 13, "time" }, { 15, "chmod" }, { 19, "lseek" },
	{ 20, "getpid" }, { 21, "mount" }, { 23, "setuid" }, { 33, "access" }, { 38, "rename" },
	{ 39, "mkdir" }, { 41, "dup" }, { 42, "pipe" }, { 45, "sys_brk" }, { 46, "setgid" }, { 52, "umount2" },
	{ 54, "ioctl" }, { 55, "fcntl" }, { 63, "dup2" }, { 64, "getppid" }, { 66, "setsid" },
	{ 83, "symlink" }, { 88, "reboot" }, { 90, "sys_mmap" }, { 91, "munmap" }, { 102, "socketcall" },
	{ 114, "sys_wait4" }, { 120, "sys_clone" }, { 122, "uname" }, { 125, "mprotect" },
	{ 140, "sys_llseek" }, { 142, "select" }, { 145, "readv" }, { 146, "writev" }, { 162, "nanosleep" },
	{ 167, "poll" }, { 174, "sigprocmask" }, { 189, "vfork" }, { 192, "sys_mmap" }, { 195, "stat" },
	{ 197, "fstat" }, { 204, "fcntl" }, { 234, "_exit" }, { 236, "epoll_create" }, { 237, "epoll_ctl" },
	{ 238, "epoll_wait" }, { 246, "clock_gettime" }, { 280, "pselect" }, { 281, "ppoll" },
	{ 286, "openat" }, { 303, "epoll_pwait" }, { 315, "epoll_create1" }, { 317, "pipe" }, { 326, "socket" },
	{ 327, "bind" }, { 328, "connect" }, { 329, "listen" }, { 330, "accept" }, { 334, "send" },
	{ 335, "sendto" }, { 336, "recv" }, { 337, "recvfrom" }, { 339, "setsockopt" }, { 341, "sendmsg" },
	{ 342, "recvmsg" }, { 359, "getrandom" }, { 383, "statx" }, { 413, "pselect" }, { 414, "ppoll" },
	{ 0, NULL },
};

#define MIPS_ROW(nm, is_big, endian, cs_endian, ...) { \
	.name = nm, .machine = EM_MIPS_, .big = is_big, .arch = UC_ARCH_MIPS, \
	.mode = UC_MODE_MIPS32 | (unsigned)(endian), .cs_arch = CS_ARCH_MIPS, \
	.cs_mode = CS_MODE_MIPS32 | (unsigned)(cs_endian), \
	.pc = UC_MIPS_REG_PC, .sp = UC_MIPS_REG_SP, .lr = UC_MIPS_REG_RA, .ret = UC_MIPS_REG_V0, \
	.ret2 = UC_MIPS_REG_V1, .gp = UC_MIPS_REG_GP, .callee = UC_MIPS_REG_T9, \
	.args = { UC_MIPS_REG_A0, UC_MIPS_REG_A1, UC_MIPS_REG_A2, UC_MIPS_REG_A3 }, .nargs = 4, .stack_args = 16, \
	.va = VA_POINTER, .sys_nr = UC_MIPS_REG_V0, \
	.sys_args = { UC_MIPS_REG_A0, UC_MIPS_REG_A1, UC_MIPS_REG_A2, UC_MIPS_REG_A3, 0, 0 }, \
	.sys_ret = UC_MIPS_REG_V0, .sys_error = UC_MIPS_REG_A3, .calls = mips_calls, .leave = __VA_ARGS__, .align = 4, \
	.relative = 3, .slot = 127, .data = 3, .word = 3 }

static const struct cpu cpus[] = {
	{
		.name = "arm", .machine = EM_ARM_, .arch = UC_ARCH_ARM, .mode = UC_MODE_ARM, .cs_arch = CS_ARCH_ARM,
		.cs_mode = CS_MODE_ARM, .pc = UC_ARM_REG_PC, .sp = UC_ARM_REG_SP, .lr = UC_ARM_REG_LR,
		.ret = UC_ARM_REG_R0, .ret2 = UC_ARM_REG_R1,
		.args = { UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3 }, .nargs = 4, .va = VA_POINTER,
		.sys_nr = UC_ARM_REG_R7, .sys_args = { UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3,
		UC_ARM_REG_R4, UC_ARM_REG_R5 }, .sys_ret = UC_ARM_REG_R0, .calls = arm_calls,
		.leave = { 0x1e, 0xff, 0x2f, 0xe1 }, .align = 2,
		.relative = 23, .slot = 22, .data = 21, .word = 2, .irelative = 160,
	}, {
		.name = "aarch64", .machine = EM_AARCH64_, .wide = true, .arch = UC_ARCH_ARM64, .mode = UC_MODE_ARM,
		.cs_arch = CS_ARCH_ARM64, .cs_mode = CS_MODE_ARM, .pc = UC_ARM64_REG_PC, .sp = UC_ARM64_REG_SP,
		.lr = UC_ARM64_REG_LR, .ret = UC_ARM64_REG_X0, .ret2 = UC_ARM64_REG_X1,
		.args = { UC_ARM64_REG_X0, UC_ARM64_REG_X1, UC_ARM64_REG_X2, UC_ARM64_REG_X3, UC_ARM64_REG_X4,
		UC_ARM64_REG_X5, UC_ARM64_REG_X6, UC_ARM64_REG_X7 }, .nargs = 8, .va = VA_AARCH64,
		.sys_nr = UC_ARM64_REG_X8, .sys_args = { UC_ARM64_REG_X0, UC_ARM64_REG_X1, UC_ARM64_REG_X2,
		UC_ARM64_REG_X3, UC_ARM64_REG_X4, UC_ARM64_REG_X5 }, .sys_ret = UC_ARM64_REG_X0, .calls = aarch64_calls,
		.leave = { 0xc0, 0x03, 0x5f, 0xd6 }, .align = 4,
		.relative = 1027, .slot = 1026, .data = 1025, .word = 257, .irelative = 1032,
	}, {
		.name = "x86", .machine = EM_386_, .arch = UC_ARCH_X86, .mode = UC_MODE_32, .cs_arch = CS_ARCH_X86,
		.cs_mode = CS_MODE_32, .pc = UC_X86_REG_EIP, .sp = UC_X86_REG_ESP, .ret = UC_X86_REG_EAX,
		.ret2 = UC_X86_REG_EDX, .stack_args = 4, .va = VA_POINTER_PACKED, .sys_nr = UC_X86_REG_EAX,
		.sys_args = { UC_X86_REG_EBX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_ESI, UC_X86_REG_EDI,
		UC_X86_REG_EBP }, .sys_ret = UC_X86_REG_EAX, .calls = x86_calls, .leave = { 0xc3 }, .align = 1,
		.relative = 8, .slot = 7, .data = 6, .word = 1, .irelative = 42,
	}, {
		.name = "x86-64", .machine = EM_X86_64_, .wide = true, .arch = UC_ARCH_X86, .mode = UC_MODE_64,
		.cs_arch = CS_ARCH_X86, .cs_mode = CS_MODE_64, .pc = UC_X86_REG_RIP, .sp = UC_X86_REG_RSP,
		.ret = UC_X86_REG_RAX, .ret2 = UC_X86_REG_RDX,
		.args = { UC_X86_REG_RDI, UC_X86_REG_RSI, UC_X86_REG_RDX, UC_X86_REG_RCX, UC_X86_REG_R8,
		UC_X86_REG_R9 }, .nargs = 6, .stack_args = 8, .va = VA_X86_64, .sys_nr = UC_X86_REG_RAX,
		.sys_args = { UC_X86_REG_RDI, UC_X86_REG_RSI, UC_X86_REG_RDX, UC_X86_REG_R10, UC_X86_REG_R8,
		UC_X86_REG_R9 }, .sys_ret = UC_X86_REG_RAX, .calls = x86_64_calls, .leave = { 0xc3 }, .align = 1,
		.relative = 8, .slot = 7, .data = 6, .word = 1, .irelative = 37,
	}, {
		.name = "powerpc", .machine = EM_PPC_, .big = true, .arch = UC_ARCH_PPC,
		.mode = UC_MODE_PPC32 | UC_MODE_BIG_ENDIAN, .cs_arch = CS_ARCH_PPC,
		.cs_mode = CS_MODE_32 | (unsigned)CS_MODE_BIG_ENDIAN, .pc = UC_PPC_REG_PC, .sp = UC_PPC_REG_1,
		.lr = UC_PPC_REG_LR, .ret = UC_PPC_REG_3, .ret2 = UC_PPC_REG_4,
		.args = { UC_PPC_REG_3, UC_PPC_REG_4, UC_PPC_REG_5, UC_PPC_REG_6, UC_PPC_REG_7, UC_PPC_REG_8,
		UC_PPC_REG_9, UC_PPC_REG_10 }, .nargs = 8, .stack_args = 8, .va = VA_PPC, .sys_nr = UC_PPC_REG_0,
		.sys_args = { UC_PPC_REG_3, UC_PPC_REG_4, UC_PPC_REG_5, UC_PPC_REG_6, UC_PPC_REG_7, UC_PPC_REG_8 },
		.sys_ret = UC_PPC_REG_3, .calls = ppc_calls, .leave = { 0x4e, 0x80, 0x00, 0x20 }, .align = 4,
		.relative = 22, .slot = 21, .data = 20, .word = 1, .irelative = 248,
	},
	MIPS_ROW("mipsel", false, UC_MODE_LITTLE_ENDIAN, CS_MODE_LITTLE_ENDIAN, { 0x08, 0x00, 0xe0, 0x03, 0, 0, 0, 0 }),
	MIPS_ROW("mips", true, UC_MODE_BIG_ENDIAN, CS_MODE_BIG_ENDIAN, { 0x03, 0xe0, 0x00, 0x08, 0, 0, 0, 0 }),
};

const struct cpu *cpu_find(const struct elf *e)
{
	for (size_t i = 0; i < ARRAY_LEN(cpus); i++)
		if (cpus[i].machine == e->machine && cpus[i].wide == e->wide && cpus[i].big == e->big)
			return &cpus[i];
	return NULL;
}

/* Unicorn took its numbers from Capstone, but for PowerPC. */
int cpu_register(const struct cpu *c, unsigned r)
{
	if (c->arch != UC_ARCH_PPC)
		return (int)r;
	return r >= PPC_REG_R0 && r <= PPC_REG_R31 ? (int)(r - PPC_REG_R0) + UC_PPC_REG_0 : UC_PPC_REG_INVALID;
}

int cpu_general(const struct cpu *c, unsigned i)
{
	static const int x86[] = { UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RSI,
				   UC_X86_REG_RDI, UC_X86_REG_RBP, UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10,
				   UC_X86_REG_R11, UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15 };
	static const int i386[] = { UC_X86_REG_EAX, UC_X86_REG_EBX, UC_X86_REG_ECX, UC_X86_REG_EDX,
				    UC_X86_REG_ESI, UC_X86_REG_EDI, UC_X86_REG_EBP };
	switch (c->machine) {
	case EM_386_: return i < ARRAY_LEN(i386) ? i386[i] : 0;
	case EM_X86_64_: return i < ARRAY_LEN(x86) ? x86[i] : 0;
	case EM_ARM_: return i < 13 ? UC_ARM_REG_R0 + (int)i : 0;
	case EM_AARCH64_: return i < 29 ? UC_ARM64_REG_X0 + (int)i : 0;
	case EM_MIPS_: return i < 32 ? UC_MIPS_REG_0 + (int)i : 0;
	case EM_PPC_: return i < 32 ? UC_PPC_REG_0 + (int)i : 0;
	default: return 0;
	}
}

const char *cpu_syscall_name(const struct cpu *c, uint64_t nr)
{
	if (c->arch == UC_ARCH_ARM && nr >= 0x900000 && nr < 0x900400)
		nr -= 0x900000;
	if (c->arch == UC_ARCH_ARM && nr >= 0xf0000)
		nr = 0xf000 | (nr & 0xfff);      /* set_tls and its kin */
	for (const struct cpu_syscall *s = c->calls; s->name; s++)
		if (s->nr == nr)
			return s->name;
	return NULL;
}

static void set(uc_engine *uc, int reg, uint64_t v)
{
	(void)uc_reg_write(uc, reg, &v);
}

void cpu_prepare(const struct cpu *c, uc_engine *uc)
{
	uint64_t v = 0;
	switch (c->machine) {
	case EM_ARM_:
		set(uc, UC_ARM_REG_C1_C0_2, 0xf << 20);
		set(uc, UC_ARM_REG_FPEXC, 0x40000000);
		break;
	case EM_AARCH64_:
		set(uc, UC_ARM64_REG_CPACR_EL1, 3 << 20);
		break;
	case EM_PPC_:
		if (uc_reg_read(uc, UC_PPC_REG_MSR, &v) == UC_ERR_OK)
			set(uc, UC_PPC_REG_MSR, v | 0x2000);
		break;
	case EM_MIPS_:
		if (uc_reg_read(uc, UC_MIPS_REG_CP0_STATUS, &v) == UC_ERR_OK)
			set(uc, UC_MIPS_REG_CP0_STATUS, v | 1 << 29);
		break;
	default:
		break;
	}
}
