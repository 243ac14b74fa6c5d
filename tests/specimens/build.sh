#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# build.sh FOLDER [quick|all]: compiles the specimens for every CPU whose compiler is installed and packs some
# of them with the file-system tools that are installed. FOLDER gets programs/VARIANT/NAME and images/NAME.FORMAT.
# Nothing it makes does anything here: each ends before main() on a real machine (c/specimen.h), dynamic programs
# name a loader that exists nowhere, and none is marked executable.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
set=${2:-quick}
jobs=${JOBS:-2}
mkdir -p "$out/programs" "$out/images"
common="-w -g0 -fno-ident -ffile-prefix-map=$here=."
loader=-Wl,--dynamic-linker=/lib/ld-specimen-only.so

one() { # VARIANT COMPILER FLAGS...: prints the commands
	variant=$1 compiler=$2
	shift 2
	command -v "$compiler" >/dev/null || return 0
	mkdir -p "$out/programs/$variant"
	for source in "$here"/c/${only:-*}.c; do
		name=$(basename "$source" .c)
		echo "$compiler $common $* -o '$out/programs/$variant/$name' '$source' && chmod 644 '$out/programs/$variant/$name'"
	done
}

# A library and the programs that are linked with it; what they compute together is in neither of them alone.
with_library() { # VARIANT COMPILER FLAGS...
	variant=$1 compiler=$2
	shift 2
	command -v "$compiler" >/dev/null || return 0
	folder=$out/programs/$variant
	mkdir -p "$folder/lib"
	lib=$folder/lib/libvendor_host.so.1
	programs=
	for source in "$here"/library/vendor_library*.c; do
		name=$(basename "$source" .c)
		programs="$programs && $compiler $common $* $loader -o '$folder/$name' '$source' '$lib' && chmod 644 '$folder/$name'"
	done
	echo "$compiler $common $* -shared -fPIC -Wl,-soname,libvendor_host.so.1 -o '$lib' '$here/library/vendor_host.c'\
$programs && chmod 644 '$lib'"
}

plan() {
	with_library library-armel arm-linux-gnueabi-gcc -Os -s
	with_library library-mipsel mipsel-linux-gnu-gcc -O2 -s
	with_library library-x86_64 gcc -O2 -s
	one armel-Os arm-linux-gnueabi-gcc -Os -s $loader
	one arm64-O2 aarch64-linux-gnu-gcc -O2 -s $loader
	one mips-O2 mips-linux-gnu-gcc -O2 -s $loader
	one mipsel-Os mipsel-linux-gnu-gcc -Os -s $loader
	one ppc-O2 powerpc-linux-gnu-gcc -O2 -s $loader
	one x86_64-O2 gcc -O2 -s $loader
	for only in fixed_destination_integer remote_mount_parts code_overwrite code_overwrite_twin fixed_destination_twin \
		fixed_destination_default command_injection_name command_injection_name_twin; do
		one armel-static arm-linux-gnueabi-gcc -Os -s -static
	done
	# A default that configuration may replace, and its twin: streams of static programs.
	for only in fixed_destination_default fixed_destination_twin; do
		one arm64-static-small aarch64-linux-gnu-gcc -Os -s -static
		one i386-static-small i686-linux-gnu-gcc -Os -s -static
		one ppc-static-small powerpc-linux-gnu-gcc -Os -s -static
	done
	# What start-up leaves on the stack is no user name and no password.
	for only in fixed_credential_url_twin hidden_listener_login_twin; do
		one arm64-static-small aarch64-linux-gnu-gcc -Os -s -static
	done
	# Another C library: system() and popen() by way of posix_spawn(), prompts by writev(), names it looks up itself.
	for only in fixed_credential fixed_credential_twin fixed_destination_host fixed_destination_host_twin ntp_twin \
		command_injection_name command_injection_name_twin command_injection_pointer outside_path_radio; do
		one x86_64-musl musl-gcc -Os -s -static
	done
	only=
	[ "$set" = all ] || return 0
	with_library library-arm64 aarch64-linux-gnu-gcc -O2 -s
	with_library library-armhf arm-linux-gnueabihf-gcc -Os -mthumb -s
	with_library library-mips mips-linux-gnu-gcc -Os -s
	with_library library-ppc powerpc-linux-gnu-gcc -O2 -s
	with_library library-i386 i686-linux-gnu-gcc -O2 -s
	one armel-plain arm-linux-gnueabi-gcc -O0 -g $loader
	one armel-O2 arm-linux-gnueabi-gcc -O2 -s $loader
	one armel-exec arm-linux-gnueabi-gcc -O2 -s -no-pie $loader
	one armhf-thumb arm-linux-gnueabihf-gcc -Os -mthumb -s $loader
	one arm64-Os aarch64-linux-gnu-gcc -Os -s $loader
	one mips-Os mips-linux-gnu-gcc -Os -s $loader
	one mipsel-exec mipsel-linux-gnu-gcc -O2 -no-pie -s $loader
	one ppc-Os powerpc-linux-gnu-gcc -Os -s $loader
	one i386-O2 i686-linux-gnu-gcc -O2 -s $loader
	one armel-static-O2 arm-linux-gnueabi-gcc -O2 -s -static
	one arm64-static aarch64-linux-gnu-gcc -Os -s -static
	one mipsel-static mipsel-linux-gnu-gcc -Os -s -static
	one mips-static mips-linux-gnu-gcc -O2 -s -static
}

only=
plan >"$out/plan"
# A line a program; xargs runs as many as there are jobs.
tr '\n' '\0' <"$out/plan" | xargs -0 -r -P "$jobs" -I '{}' sh -c '{}'
mkdir -p "$out/programs/scripts"
cp "$here"/scripts/*.sh "$out/programs/scripts/"
cp -R "$here"/files/* "$out/programs/"

# A program that reads its server from a file, and a script that writes the file.
for graph in graph_given graph_twin; do
	[ -e "$out/programs/armel-Os/fixed_destination_twin" ] || continue
	mkdir -p "$out/programs/$graph/bin"
	cp "$out/programs/armel-Os/fixed_destination_twin" "$out/programs/$graph/bin/monitor"
done

# A root file system with the chain in a script and, where there is a compiler, in a program.
root=$out/root
rm -rf "$root"
mkdir -p "$root/etc/init.d" "$root/opt/bin"
cp "$here/scripts/code_overwrite_script.sh" "$root/etc/init.d/"
printf '::sysinit:/etc/init.d/code_overwrite_script.sh\n' >"$root/etc/inittab"
[ ! -e "$out/programs/armel-Os/code_overwrite" ] || cp "$out/programs/armel-Os/code_overwrite" "$root/opt/bin/"
find "$root" -exec touch -d @0 {} +

pack() { # TOOL FORMAT COMMAND: when the tool is there
	command -v "$1" >/dev/null || PATH=$PATH:/usr/sbin command -v "$1" >/dev/null || return 0
	rm -f "$out/images/root.$2"
	(PATH=$PATH:/usr/sbin && eval "$3") >/dev/null 2>&1 || echo "build.sh: $1 failed" >&2
}
image=$out/images/root
for comp in gzip xz lzo lz4 zstd; do
	pack mksquashfs "$comp.squashfs" "mksquashfs '$root' '$image.$comp.squashfs' -comp $comp -noappend -all-root -quiet"
done
pack mkfs.cramfs cramfs "mkfs.cramfs '$root' '$image.cramfs'"
pack mkfs.cramfs be.cramfs "mkfs.cramfs -N big '$root' '$image.be.cramfs'"
pack mkfs.jffs2 jffs2 "mkfs.jffs2 -l -e 65536 -r '$root' -o '$image.jffs2'"
pack mkfs.jffs2 be.jffs2 "mkfs.jffs2 -b -e 65536 -r '$root' -o '$image.be.jffs2'"
pack genromfs romfs "genromfs -d '$root' -f '$image.romfs'"
pack mke2fs ext2 "mke2fs -q -t ext2 -d '$root' '$image.ext2' 512"
pack mke2fs ext4 "mke2fs -q -t ext4 -d '$root' '$image.ext4' 2048"
pack tar tar "tar -C '$root' --sort=name --owner=0 --group=0 -cf '$image.tar' ."
pack gzip tar.gz "gzip -9nc '$image.tar' >'$image.tar.gz'"
pack xz tar.xz "xz -9c '$image.tar' >'$image.tar.xz'"
pack zstd tar.zst "zstd -qf '$image.tar' -o '$image.tar.zst'"
pack cpio cpio "(cd '$root' && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >'$image.cpio'"
pack zip zip "(cd '$root' && zip -qr - .) >'$image.zip'"
pack mkimage uimage "mkimage -A arm -O linux -T ramdisk -C none -n specimen -d '$image.cpio' '$image.uimage'"
echo "$(wc -l <"$out/plan") programs, $(find "$out/images" -type f | wc -l) images"
