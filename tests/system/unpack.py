#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""unpack.py AUSCULT: images made by Debian's own tools come out as they went in; real images agree with what is
known of them; hostile ones end in time and memory, and write nothing outside. Speaks TAP; what is not
installed or not there (AUSCULT_SHARED, ../shared) is skipped."""
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree
import zlib

import flash_images
from tap import finish, report

AUSCULT = os.path.abspath(sys.argv[1])
SHARED = os.path.abspath(os.environ.get("AUSCULT_SHARED", "../shared"))
SECONDS, MEBIBYTES = 10, 256


def sanitized():
    with open(AUSCULT, "rb") as f:
        return b"__asan_init" in f.read()


def tree(top):
    """path → (kind, content hash or target) of all that lies below top."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, top)
            if os.path.islink(path):
                found[key] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                found[key] = ("folder", "")
            else:
                with open(path, "rb") as f:
                    found[key] = ("file", hashlib.sha256(f.read()).hexdigest())
    return found


def make_tree(top):
    random.seed(3250)
    for d in ("bin", "etc/init.d", "opt/deep/er/and/deeper", "empty"):
        os.makedirs(os.path.join(top, d))
    text = ("mount -o nolock -t nfs 192.0.2.119:/pm /mnt\n" * 3000).encode()
    files = {
        "bin/monitor": bytes(random.randrange(256) for _ in range(70000)) + text,
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
        "etc/init.d/rcS": b"#!/bin/sh\n/bin/monitor &\n",
        "etc/nothing": b"",
        "etc/app.conf": text[:100],          # inline data of ext4 that goes on behind the inode's 60 bytes
        "opt/deep/er/and/deeper/file name with spaces": text[:4096],
        "opt/block": text[:8192],
        "opt/block-and-one": text[:4097],
        "opt/zeros": b"\0" * 300000 + b"end",
        "opt/caf\u00e9": b"utf-8 name\n",
    }
    for name, content in files.items():
        with open(os.path.join(top, name), "wb") as f:
            f.write(content)
    os.chmod(os.path.join(top, "bin/monitor"), 0o4755)
    os.symlink("monitor", os.path.join(top, "bin/watchdog"))
    os.symlink("../etc/passwd", os.path.join(top, "bin/accounts"))


# What FAT cannot hold; a volume of its own, filled by mtools.
LINKS = ("bin/watchdog", "bin/accounts")
FAT = "mkfs.vfat %s >/dev/null && mcopy -s -i {o} bin etc opt empty ::"
BOOT = ("kernel", "dtb", "cmdline")

# name, program, how (cwd: the tree, {o}: the image), what this format cannot hold
RECIPES = [
    ("cramfs, little-endian", "mkfs.cramfs", "mkfs.cramfs -N little . {o}", ()),
    ("cramfs, big-endian", "mkfs.cramfs", "mkfs.cramfs -N big . {o}", ()),
    ("cramfs, with holes", "mkfs.cramfs", "mkfs.cramfs -z -N little . {o}", ()),
    ("cramfs, shifted by 512", "mkfs.cramfs", "mkfs.cramfs -p -N little . {o}", ()),
    ("squashfs, gzip", "mksquashfs", "mksquashfs . {o} -comp gzip -quiet -no-progress", ()),
    ("squashfs, lzma", "mksquashfs", "mksquashfs . {o} -comp lzma -quiet -no-progress", ()),
    ("squashfs, xz", "mksquashfs", "mksquashfs . {o} -comp xz -quiet -no-progress", ()),
    ("squashfs, lzo", "mksquashfs", "mksquashfs . {o} -comp lzo -quiet -no-progress", ()),
    ("squashfs, lz4", "mksquashfs", "mksquashfs . {o} -comp lz4 -quiet -no-progress", ()),
    ("squashfs, zstd", "mksquashfs", "mksquashfs . {o} -comp zstd -quiet -no-progress", ()),
    ("squashfs, small blocks, no fragments", "mksquashfs", "mksquashfs . {o} -b 4096 -no-fragments -quiet -no-progress", ()),
    ("squashfs, nothing packed", "mksquashfs", "mksquashfs . {o} -noI -noD -noF -quiet -no-progress", ()),
    ("JFFS2, little-endian, zlib", "mkfs.jffs2", "mkfs.jffs2 -l -r . -o {o}", ()),
    ("JFFS2, big-endian, zlib", "mkfs.jffs2", "mkfs.jffs2 -b -r . -o {o} -e 64KiB", ()),
    ("JFFS2, lzo", "mkfs.jffs2", "mkfs.jffs2 -l -r . -o {o} -X lzo -x zlib -x rtime", ()),
    ("JFFS2, rtime", "mkfs.jffs2", "mkfs.jffs2 -l -r . -o {o} -X rtime -x zlib -x lzo", ()),
    ("JFFS2, nothing packed", "mkfs.jffs2", "mkfs.jffs2 -l -r . -o {o} -m none", ()),
    ("romfs", "genromfs", "genromfs -d . -f {o}", ()),
    ("ext2", "mke2fs", "mke2fs -q -t ext2 -d . {o} 4M", ("lost+found",)),
    ("ext3, blocks of 4096", "mke2fs", "mke2fs -q -t ext3 -b 4096 -d . {o} 16M", ("lost+found",)),
    ("ext4", "mke2fs", "mke2fs -q -t ext4 -d . {o} 8M", ("lost+found",)),
    ("ext4, clusters of small blocks", "mke2fs", "mke2fs -q -t ext4 -O bigalloc -b 1024 -C 4096 -d . {o} 8M", ("lost+found",)),
    ("ext4, inline data", "mke2fs", "mke2fs -q -t ext4 -O inline_data,64bit -I 256 -d . {o} 8M", ("lost+found",)),
    ("FAT12", "mcopy", FAT % "-F 12 -C {o} 2048", LINKS),
    ("FAT16, clusters of 2 KiB", "mcopy", FAT % "-F 16 -s 4 -C {o} 32768", LINKS),
    ("FAT32", "mcopy", FAT % "-F 32 -s 1 -C {o} 40960", LINKS),
    ("FAT16 in an MBR", "sfdisk", (FAT % "-F 16 -C {o}.part 16384").replace("-i {o}", "-i {o}.part") +
     " && head -c 1M /dev/zero > {o} && cat {o}.part >> {o} && rm {o}.part && echo start=2048,type=6 | sfdisk -q {o}", LINKS),
    ("ext4 in an extended MBR", "sfdisk", "mke2fs -q -t ext4 -d . {o}.part 8M && head -c 2M /dev/zero > {o} && cat {o}.part >> {o} && "
     "rm {o}.part && printf 'start=2048,type=5\\nstart=4096,type=83\\n' | sfdisk -q {o}", ("lost+found",)),
    ("ext4 in a GPT", "sgdisk", "mke2fs -q -t ext4 -d . {o}.part 8M && head -c 1M /dev/zero > {o} && cat {o}.part >> {o} && "
     "rm {o}.part && head -c 1M /dev/zero >> {o} && sgdisk -n 1:2048:18431 -c 1:rootfs {o}", ("lost+found",)),
    ("UBIFS, lzo", "mkfs.ubifs", "mkfs.ubifs -r . -m 2048 -e 126976 -c 100 -x lzo -o {o}", ()),
    ("UBIFS, zlib, small pages", "mkfs.ubifs", "mkfs.ubifs -r . -m 512 -e 15872 -c 300 -x zlib -o {o}", ()),
    ("UBIFS, zstd", "mkfs.ubifs", "mkfs.ubifs -r . -m 2048 -e 126976 -c 100 -x zstd -o {o}", ()),
    ("UBIFS, nothing packed", "mkfs.ubifs", "mkfs.ubifs -r . -m 4096 -e 253952 -c 100 -x none -o {o}", ()),
    ("UBIFS in UBI", "ubinize", "mkfs.ubifs -r . -m 2048 -e 126976 -c 100 -o {o}.fs && "
     "printf '[a]\\nmode=ubi\\nimage={o}.fs\\nvol_id=0\\nvol_type=dynamic\\nvol_name=rootfs\\nvol_flags=autoresize\\n' > {o}.ini && "
     "ubinize -o {o} -m 2048 -p 128KiB {o}.ini; rm {o}.fs {o}.ini", ()),
    ("squashfs in a static volume of UBI, small pages", "ubinize", "mksquashfs . {o}.fs -quiet -no-progress && "
     "printf '[a]\\nmode=ubi\\nimage={o}.fs\\nvol_id=3\\nvol_type=static\\nvol_name=rootfs\\n' > {o}.ini && "
     "ubinize -o {o} -m 512 -p 16KiB {o}.ini; rm {o}.fs {o}.ini", ()),
    ("ext4 in an Android sparse image", "img2simg", "mke2fs -q -t ext4 -d . {o}.part 8M && img2simg {o}.part {o}; rm {o}.part", ("lost+found",)),
] + [
    (f"Android boot image, version {v}", "mkbootimg", "head -c 5000 /dev/urandom > {o}.kernel && find . -mindepth 1 | cpio -o -H newc --quiet > {o}.cpio && "
     f"mkbootimg --header_version {v} --kernel {{o}}.kernel --ramdisk {{o}}.cpio --dtb {{o}}.kernel --cmdline console=ttyS0 -o {{o}}; rm {{o}}.kernel {{o}}.cpio", BOOT)
    for v in range(4)
] + [
    ("7z", "7z", "7z a -snl {o}.7z . >/dev/null && mv {o}.7z {o}", ()),
    ("ISO 9660, Rock Ridge", "genisoimage", "genisoimage -quiet -R -J -o {o} . 2>/dev/null", ()),
    ("cpio, newc", "cpio", "find . -mindepth 1 | cpio -o -H newc --quiet > {o}", ()),
    ("cpio, crc", "cpio", "find . -mindepth 1 | cpio -o -H crc --quiet > {o}", ()),
    ("cpio, odc", "cpio", "find . -mindepth 1 | cpio -o -H odc --quiet > {o}", ()),
    ("cpio, binary", "cpio", "find . -mindepth 1 | cpio -o -H bin --quiet > {o}", ()),
    ("tar, GNU", "tar", "tar --format=gnu --mode=+r -cf {o} *", ()),
    ("tar, GNU, sparse", "tar", "fallocate -d opt/zeros; tar --format=gnu -S -cf {o} *", ()),
    ("tar, pax", "tar", "tar --format=pax -cf {o} *", ()),
    ("tar, ustar", "tar", "tar --format=ustar -cf {o} *", ()),
    ("tar, version 7", "tar", "tar --format=v7 -cf {o} *", ()),
    ("zip", "zip", "zip -q -y -r {o}.zip . && mv {o}.zip {o}", ()),
    ("zip, stored", "zip", "zip -q -0 -y -r {o}.zip . && mv {o}.zip {o}", ()),
    ("zip, bzip2", "zip", "zip -q -Z bzip2 -y -r {o}.zip . && mv {o}.zip {o}", ()),
]

# A cpio archive in each of these; the image's own name is no part of what comes out.
PACKERS = [
    ("gzip", "gzip -c"), ("bzip2", "bzip2 -c"), ("xz", "xz -c"), ("lzma", "xz --format=lzma -c"), ("zstd", "zstd -q -c"),
    ("lz4", "lz4 -q -c"), ("lz4 as the kernel has it", "lz4 -q -l -c"), ("lzop", "lzop -c"),
]


def inspect(*args):
    return subprocess.run([AUSCULT, "inspect", "--no-store", "--test-key", *args], capture_output=True, timeout=120)


def extracted(image, work):
    out = os.path.join(work, "out")
    shutil.rmtree(out, ignore_errors=True)
    run = inspect("--extract", out, image)
    tops = sorted(os.listdir(out)) if os.path.isdir(out) else []
    return run, [os.path.join(out, t) for t in tops]


def same(image, source, work, ignored=()):
    """The tree of the image's first container, or of the last in a chain of packed streams, is the source."""
    run, tops = extracted(image, work)
    found = {}
    while len(tops) == 1:
        found = tree(tops[0])
        below = [os.path.join(tops[0], d) for d in os.listdir(tops[0]) if "@0x" in d]
        if not below:
            break
        tops = below
    want = tree(source)
    for name in ignored:
        found.pop(name, None)
        want.pop(name, None)
    set_id = any(os.lstat(os.path.join(f, n)).st_mode & 0o6000 for t in tops for f, _, names in os.walk(t) for n in names)
    why = "" if found == want else f" (differs: {sorted(set(found.items()) ^ set(want.items()))[:3]} {run.stderr[-200:]!r})"
    return run.returncode == 0 and found == want and not set_id, why


def made_here(work):
    source = os.path.join(work, "tree")
    os.mkdir(source)
    make_tree(source)
    image = os.path.join(work, "image")
    for name, program, how, ignored in RECIPES:
        path = "/usr/sbin:/sbin:" + os.environ["PATH"]
        if not shutil.which(program, path=path):
            report(True, name, skip=f"{program} is not installed")
            continue
        if os.path.exists(image):
            os.remove(image)
        made = subprocess.run(how.format(o=image), shell=True, cwd=source, capture_output=True, env={**os.environ, "PATH": path})
        if made.returncode or not os.path.exists(image):
            report(True, name, skip="the tool does not make it: " + made.stderr.decode(errors="replace").strip().splitlines()[-1:].__str__())
            continue
        good, why = same(image, source, work, ignored)
        report(good, f"{name}: comes out as it went in{why}")
        carved(image, name, work)
    packed(source, image, work)


def carved(image, name, work):
    """The same behind 4 KiB + 4 of other bytes and before more: found at its offset."""
    with open(image, "rb") as f:
        body = f.read()
    if name == "tar, version 7":         # has no mark: known at the start only
        return
    whole = os.path.join(work, "carved")
    with open(whole, "wb") as f:
        f.write(b"\xff" * 4100 + body + b"\xff" * 70000)
    run = inspect("--jsonl", whole)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    top = [r for r in rows if r["kind"] == "container" and r["depth"] == 1]
    report(len(top) == 1 and top[0]["offset"] == 4100 and sum(r["members"] for r in rows if r["kind"] == "container") > 5 and 4100 + len(body) - 4096 <= top[0]["offset"] + top[0]["length"] <= 4100 + len(body) + 70000,
           f"{name}: found at its offset among other bytes" + ("" if len(top) == 1 else f" ({[(r['format'], r['offset'], r['length']) for r in top]})"))


def packed(source, image, work):
    archive = os.path.join(work, "archive")
    if not shutil.which("cpio"):
        report(True, "packed streams", skip="cpio is not installed")
        return
    subprocess.run(f"find . -mindepth 1 | cpio -o -H newc --quiet > {archive}", shell=True, cwd=source, check=True)
    for name, how in PACKERS:
        if not shutil.which(how.split()[0]):
            report(True, name, skip=f"{how.split()[0]} is not installed")
            continue
        subprocess.run(f"{how} < {archive} > {image}", shell=True, check=True)
        good, why = same(image, source, work)
        report(good, f"{name}: a packed archive comes out as it went in{why}")


DEB = ("mkdir -p {o}.d/DEBIAN && cp -a bin etc opt empty {o}.d/ && chmod 0755 {o}.d/DEBIAN && printf 'Package: x\\nVersion: 1\\nArchitecture: all\\n"
       "Maintainer: a <a@b.example>\\nDescription: x\\n' > {o}.d/DEBIAN/control && dpkg-deb -Z%s -b {o}.d {o} && rm -r {o}.d")
RPM = ("printf '%%s\\n' 'Name: x' 'Version: 1.2' 'Release: 3' 'Summary: x' 'License: x' 'BuildArch: noarch' %%description x %%install 'mkdir -p $RPM_BUILD_ROOT/opt' "
       "\"cp -a $PWD/. \\$RPM_BUILD_ROOT/opt\" %%files /opt > {o}.spec && HOME={o}.d rpmbuild -bb --quiet --define '_binary_payload %s' "
       "--define '__os_install_post /bin/true' --define '_topdir {o}.d' {o}.spec && mv {o}.d/RPMS/noarch/*.rpm {o} && rm -r {o}.d {o}.spec")
ISO = "genisoimage -quiet -V UPDATE %s -o {o} . 2>/dev/null"
SEVEN = "7z a -snl %s {o}.7z . >/dev/null && mv {o}.7z {o}"
FLAT = "cp bin/monitor {o}.flat && objcopy -I binary -O %s --change-addresses 0x8000000 {o}.flat {o} && rm {o}.flat"

# name, program, how, the formats that must open, the files that must come out (None: all of the tree)
PACKS = [
    ("deb, xz", "dpkg-deb", DEB % "xz", ["ar", "xz", "tar"], None),
    ("deb, gzip", "dpkg-deb", DEB % "gzip", ["ar", "gzip", "tar"], None),
    ("deb, zstd", "dpkg-deb", DEB % "zstd", ["ar", "zstd", "tar"], None),
    ("ar, long names", "ar", "cp opt/block {o}.a-name-that-is-longer-than-sixteen && ar rc {o}.a {o}.a-name-that-is-longer-than-sixteen bin/monitor opt/block && "
     "mv {o}.a {o}; rm {o}.a-name*", ["ar"], ["bin/monitor", "opt/block"]),
    ("Intel HEX", "objcopy", FLAT % "ihex", ["ihex"], ["bin/monitor"]),
    ("S-records", "objcopy", FLAT % "srec", ["srec"], ["bin/monitor"]),
    ("apk: gzip of a tar without end, then of one with", "tar", "(tar -b 1 -cf - bin | head -c -1024 | gzip -n; tar -cf - etc opt empty | gzip -n) > {o}", ["gzip", "tar"], None),
    ("rpm, gzip", "rpmbuild", RPM % "w6.gzdio", ["rpm", "gzip", "cpio"], None),
    ("rpm, xz", "rpmbuild", RPM % "w2.xzdio", ["rpm", "xz", "cpio"], None),
    ("rpm, zstd", "rpmbuild", RPM % "w3.zstdio", ["rpm", "zstd", "cpio"], None),
    ("7z, LZMA2", "7z", SEVEN % "", ["7z"], None),
    ("7z, LZMA, each on its own", "7z", SEVEN % "-m0=LZMA -ms=off", ["7z"], None),
    ("7z, stored", "7z", SEVEN % "-mx=0", ["7z"], None),
    ("7z, deflate", "7z", SEVEN % "-m0=Deflate", ["7z"], None),
    ("7z, bzip2", "7z", SEVEN % "-m0=BZip2", ["7z"], None),
    ("7z, filter for ARM", "7z", SEVEN % "-m0=ARM -m1=LZMA2", ["7z"], None),
    ("7z, filter for x86, delta", "7z", SEVEN % "-m0=BCJ -m1=Delta:4 -m2=LZMA", ["7z"], None),
    ("ISO 9660, plain", "genisoimage", ISO % "-l", ["iso9660"], None),
    ("ISO 9660, Joliet", "genisoimage", ISO % "-J -joliet-long", ["iso9660"], None),
    ("ISO 9660, folders deeper than eight", "genisoimage", "mkdir -p {o}.d/1/2/3/4/5/6/7 && cp -a . {o}.d/1/2/3/4/5/6/7 && genisoimage -quiet -R -o {o} {o}.d 2>/dev/null; "
     "rm -r {o}.d", ["iso9660"], None),
]


def summed(body):
    """Netgear's sum."""
    low = high = 0
    for c in body:
        low = (low + c) & 0xffffffff
        high = (high + low) & 0xffffffff
    fold = lambda v: ((((v & 0xffff) + (v >> 16)) >> 16) + (v & 0xffff) + (v >> 16)) & 0xffff
    return fold(high) << 16 | fold(low)


def trx(*parts, version=1):
    head = 28 if version == 1 else 32
    offsets, body = [], b""
    for p in parts:
        offsets.append(head + len(body))
        body += p + b"\0" * (-len(p) % 4)
    offsets += [0] * ((head - 16) // 4 - len(offsets))
    rest = struct.pack("<HH", 0, version) + struct.pack(f"<{len(offsets)}I", *offsets) + body
    return b"HDR0" + struct.pack("<II", 12 + len(rest), zlib.crc32(rest) ^ 0xffffffff) + rest


def headers(kernel, rootfs):
    """What makers put before two parts: name, image, format, words that must be said of it."""
    yield "TRX 1", trx(kernel, rootfs), "trx", "version 1, checksum holds"
    yield "TRX 2", trx(kernel, rootfs, version=2), "trx", "version 2, checksum holds"
    yield ("Linksys", b"W54G" + b"\0" * 4 + bytes([7, 11, 30, 4, 20, 6]) + b"U2ND" + b"\0" * 14 + trx(kernel, rootfs), "linksys", "version 4.20.6 of 2007-11-30")
    board = b"U12H072T00_NETGEAR"
    chk = lambda own: b"*#$^" + struct.pack(">I8xIIIIII", 40 + len(board), summed(kernel), summed(rootfs), len(kernel), len(rootfs),
                                            summed(kernel + rootfs), own) + board
    yield "Netgear CHK", chk(summed(chk(0))) + kernel + rootfs, "chk", "checksum holds"
    seal = b"signature=wrgn49\0dev=/dev/mtdblock/2\0type=firmware\0".ljust(52, b"\0")
    both = kernel + rootfs
    yield ("seama", struct.pack(">IHHI", 0x5ea3a417, 0, len(seal), 0) + seal + struct.pack(">IHHI", 0x5ea3a417, 0, len(seal), len(both)) +
           hashlib.md5(both).digest() + seal + both, "seama", "signature=wrgn49")
    at = 512 + len(kernel)
    yield ("TP-Link", (b"\1\0\0\0" + b"TP-LINK Technologies".ljust(24, b"\0") + b"ver. 1.0".ljust(36, b"\0") + struct.pack(">III16xI16xIII", 0x08410008, 1, 0, 0, 0, 0x80060000, 0x80060000) +
           struct.pack(">IIIIIII", at + len(rootfs), 512, len(kernel), at, len(rootfs), 0, 0)).ljust(512, b"\0") + kernel + rootfs, "tplink", "hardware 0x08410008")
    settings = b"CONFIG_NET=y\n# CONFIG_MODULES is not set\n" * 200
    yield "IKCONFIG", b"\x7fELF" + b"\x13\x37\x7e" * 333 + b"IKCFG_ST" + gzip.compress(settings, mtime=0) + b"IKCFG_ED" + rootfs, "ikconfig", "Linux kernel"


def made_headers(work):
    image = os.path.join(work, "headers")
    with open(image, "wb") as f:
        f.write(b"SHRS" + struct.pack(">II", 1000, 1008) + b"\1" * (0x6dc - 12) + bytes(range(256)) * 4)
    rows, got = formats(image)
    said = [r.get("damage", "") for r in rows if r["kind"] == "container"]
    report(got == ["shrs"] and "encrypted by its maker" in said[0], f"SHRS: named as encrypted {said}")
    with open(os.path.join(work, "tree/bin/monitor"), "rb") as f:
        kernel = gzip.compress(f.read()[:50000], mtime=0)
    inside = io.BytesIO()
    with tarfile.open(fileobj=inside, mode="w") as t:
        t.add(os.path.join(work, "tree/etc"), "etc")
    rootfs = inside.getvalue()
    with open(os.path.join(work, "tree/etc/passwd"), "rb") as f:
        accounts = hashlib.sha256(f.read()).hexdigest()
    for name, body, kind, words_ in headers(kernel, rootfs):
        with open(image, "wb") as f:
            f.write(b"\xff" * 4096 + body + b"\xff" * 70000)
        rows, got = formats(image)
        top = [r for r in rows if r["kind"] == "container" and r["depth"] == 1 and r["format"] == kind]
        good = len(top) == 1 and not top[0].get("damage") and words_ in top[0]["detail"] and {"gzip", "tar", kind} >= set(got) - {"linksys", "trx"}
        good = good and any(r["kind"] == "member" and r.get("sha256") == accounts for r in rows)
        at = 4096 + (1003 if kind == "ikconfig" else 0)
        report(good and top[0]["offset"] == at, f"{name}: found at its offset, sums hold, its parts open" + ("" if good else f" ({got}, {top})"))
        with open(image, "wb") as f:
            f.write(body)
        bent(image, name)


def contents(image):
    """Hashes of all files that came out, the formats, and damage that was named."""
    rows, got = formats(image)
    files = {r["sha256"] for r in rows if r["kind"] == "member" and r["type"] == "file" and r["container"]}
    return files, set(got), [r["damage"] for r in rows if r.get("damage")]


def packs(work):
    """Packages and texts of programmers: every file is in what came out, none is damaged; cut and bent ones end well."""
    source, image = os.path.join(work, "tree"), os.path.join(work, "pack")
    path = "/usr/sbin:/sbin:" + os.environ["PATH"]
    for name, program, how, opened, only in PACKS:
        if not shutil.which(program, path=path):
            report(True, name, skip=f"{program} is not installed")
            continue
        made = subprocess.run(how.format(o=image), shell=True, cwd=source, capture_output=True, env={**os.environ, "PATH": path})
        if made.returncode or not os.path.exists(image):
            report(True, name, skip="the tool does not make it: " + made.stderr.decode(errors="replace").strip()[-200:])
            continue
        want = {v[1] for k, v in tree(source).items() if v[0] == "file" and (only is None or k in only)}
        got, names, damage = contents(image)
        report(want <= got and set(opened) <= names and not damage,
               f"{name}: {len(want)} files come out as they went in" + ("" if want <= got else f" ({len(want - got)} missing, {names}, {damage})"))
        bent(image, name)
        os.remove(image)


def bent(image, name):
    """Cut in the middle and with flipped bits: an answer, never a crash."""
    with open(image, "rb") as f:
        body = f.read()
    random.seed(len(body))
    wrong = []
    for turn in range(6):
        other = bytearray(body if turn else body[:len(body) // 2])
        for _ in range(turn * turn):
            at = random.randrange(len(other) if turn % 2 else min(len(other), 4096))
            other[at] ^= 1 << random.randrange(8)
        with open(image, "wb") as f:
            f.write(other)
        run = inspect("--list", image)
        if run.returncode not in (0, 3):
            wrong.append((turn, run.returncode, run.stderr[-100:]))
    report(not wrong, f"{name}: cut and bent ones end well {wrong or ''}")


# What no tool of Debian makes: name, maker, its options.
GENERATED = [
    (f"YAFFS2, pages of {page}, {'big' if big else 'little'}-endian, {how}", flash_images.yaffs, {"page": page, "spare": page // 32, "big": big, **more})
    for page in (512, 1024, 2048, 4096) for big in (False, True)
    for how, more in (("tags at 0", {}), ("tags at 2 and a history", {"tags": 2 if page > 512 else 0, "history": True}),
                      ("tags inband", {"inband": True}), ("no spare bytes", {"stripped": True}))
    if not (page == 512 and how == "tags inband")
] + [("YAFFS1", flash_images.yaffs, {"page": 512, "spare": 16, "first": True})] + [
    (f"squashfs {version}, {'big' if big else 'little'}-endian, {name}", flash_images.squashfs, {"version": version, "big": big, "how": how, "mark": mark})
    for version in (2, 3) for big in (False, True)
    for name, how, mark in (("zlib", "zlib", None), ("LZMA, 13 bytes of header", (13, 3, 0, 2), None), ("LZMA, 5 bytes of header", (5, 0, 2, 2), b"shsq"),
                            ("LZMA, no header", (0, 3, 0, 2), b"qshs" if big else b"shsq"), ("LZMA, no header, odd numbers", (0, 1, 2, 0), b"sqlz"))
] + [
    ("NAND, empty spare bytes", flash_images.nand_squashfs, {}),
    ("NAND, small pages", flash_images.nand_squashfs, {"page": 512, "spare": 16, "ecc": "unknown"}),
    ("NAND, Hamming code and flipped bits", flash_images.nand_squashfs, {"ecc": "hamming", "at": 40, "flips": 1}),
    ("NAND, pages of 4096 with 128, Hamming code and flipped bits", flash_images.nand_squashfs,
     {"page": 4096, "spare": 128, "ecc": "hamming", "at": 80, "flips": 1}),
    ("NAND, pages of 4096 with 224, unknown code", flash_images.nand_squashfs, {"page": 4096, "spare": 224, "ecc": "unknown"}),
    ("NAND among other bytes, Hamming code and flipped bits", flash_images.nand_squashfs,
     {"ecc": "hamming", "at": 40, "flips": 1, "before": 1000, "behind": 30000}),
    ("NAND behind other bytes, Hamming code over 512 and flipped bits", flash_images.nand_squashfs,
     {"ecc": "hamming", "at": 52, "flips": 1, "step": 512, "before": 4096}),
    ("NAND behind other bytes, small pages, unknown code", flash_images.nand_squashfs, {"page": 512, "spare": 16, "ecc": "unknown", "before": 2000}),
    ("YAFFS2 behind a boot loader in NAND", flash_images.nand_yaffs, {}),
    ("NAND, pages of 8192 with 640, unknown code", flash_images.nand_squashfs, {"page": 8192, "spare": 640, "ecc": "unknown"}),
]


def generated(work):
    source = os.path.join(work, "tree")
    image = os.path.join(work, "image")
    for name, maker, options in GENERATED:
        body = maker(source, **options)
        with open(image, "wb") as f:
            f.write(body)
        good, why = same(image, source, work)
        report(good, f"{name}: comes out as it went in{why}")
        if name.endswith(("inband", "history", "zlib", "no header", "flipped bits", "YAFFS1")):
            damaged(image, name)
    # A sparse image of 40 bytes that stands for 4 GiB of zeros.
    with open(image, "wb") as f:
        f.write(struct.pack("<IHHHHIIII", 0xed26ff3a, 1, 0, 28, 12, 4096, 1 << 20, 1, 0) + struct.pack("<HHII", 0xcac3, 0, 1 << 20, 12))
    run = inspect(image)
    report(run.returncode in (0, 3) and b"swells" in run.stdout, "a sparse image that stands for gigabytes of zeros is answered with \"swells\"")


def damaged(image, name):
    """Flips and a cut: an answer, no crash."""
    with open(image, "rb") as f:
        body = bytearray(f.read())
    random.seed(len(body))
    for _ in range(60):
        body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    with open(image, "wb") as f:
        f.write(body[:len(body) * 2 // 3])
    run = inspect("--jsonl", image)
    report(run.returncode in (0, 3), f"{name}: flipped bits and a cut are answered")


def formats(image):
    run = inspect("--jsonl", image)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return rows, [r["format"] for r in rows if r["kind"] == "container"]


# What the sources of the real images say of them (MANIFEST.tsv): formats in order, number of files that come out.
REAL = {
    "bang-cpio-test-crc.cpio": (["cpio"], 1), "bang-cpio-test-new.cpio": (["cpio"], 1), "bang-cpio-test-old-bin.cpio": (["cpio"], 1),
    "bang-ext2-test.ext2": (["ext"], 1), "bang-jffs2-test-big.jffs2": (["jffs2"], 1), "bang-jffs2-test-little.jffs2": (["jffs2"], 1),
    "bang-lzop-test.lzo": (["lzop"], 1), "bang-squashfs-test-add-random-data.sqsh": (["squashfs"], 1),
    "bang-squashfs-test.sqsh": (["squashfs"], 1), "binwalk-cramfs.bin": (["cramfs"], 1), "binwalk-gzip.bin": (["gzip"], 1),
    "binwalk-romfs.bin": (["romfs"], 1), "binwalk-squashfs.bin": (["squashfs"], 1), "fact-generic_fs-romfs.img": (["romfs"], 3),
    "fact-jffs2-jffs2_le.img": (["jffs2"], 3), "fact-patool-test.cpio": (["cpio"], 3), "fact-patool-test.tar.bz2": (["bzip2", "tar"], 4),
    "fact-sevenz-cramfs.img": (["cramfs"], 3), "fact-sevenz-ext2.img.xz": (["xz", "ext"], 4), "fact-test-test.zip": (["zip"], 3),
    "fact-uboot-fit.itb": (["fit", "gzip", "fit", "gzip", "squashfs"], 6), "fact-patool-test.lz4": (["lz4"], 1),
    "fact-sevenz-test.xz": (["xz"], 1), "fact-generic_fs-minix.img.xz": (["xz"], 1), "fact-sevenz-fat.img.xz": (["xz", "fat"], 4),
    "fact-sevenz-ntfs.img.xz": (["xz"], 1), "fact-trx-trx.img": (["trx", "zip"], 4),
    "fact-sevenz-test.iso": (["iso9660"], 3), "fact-sevenz-test.7z": (["7z"], 3), "fact-test-test.7z": (["7z"], 3), "binwalk-7z.bin": (["7z"], 1),
    # A VxWorks router: 187 LZMA streams side by side, with the properties its maker chose.
    "binwalk-mbr.bin": (["mbr"], 1), "binwalk-yaffs2.bin": (["yaffs"], 13), "fact-yaffs-yaffs2_le.img": (["yaffs"], 3), "fact-ubi-ubi.img": (["ubi", "ubifs"], 4), "fact-android_simg-simg.img": (["android-sparse", "ext"], 4),
    "fact-tpl-wr.fw": (["lzma"] * 187, 187),
}
# The three files of every generic container of one source, and the one file of another.
THREE = {"testfile1", "testfile2", "test file 3_.txt"}


def real():
    folder = os.path.join(SHARED, "firmware/containers")
    if not os.path.isdir(folder):
        report(True, "real images", skip=f"none in {SHARED}")
        return
    by_name = {}
    for name, (want, files) in REAL.items():
        rows, got = formats(os.path.join(folder, name))
        found = [r for r in rows if r["kind"] == "member" and r["type"] == "file" and r["container"]]
        said = [", ".join(f) if len(f) < 9 else f"{len(f)} of {', '.join(sorted(set(f)))}" for f in (want, got)]
        report(got == want and len(found) == files, f"{name}: {said[0]}, {files} files (found {said[1]}, {len(found)})")
        for r in found:
            by_name.setdefault((name.split("-")[0], os.path.basename(r["path"])), set()).add(r["sha256"])
    for short in THREE:
        report(len(by_name.get(("fact", short), ())) == 1, f"{short} is the same in all containers of one source")
    report(len(by_name.get(("bang", "test.sgi"), ())) == 1, "the file of another source is the same in all its containers")
    nested = sorted(n for n in os.listdir(os.path.join(SHARED, "firmware/sbom")) if n.endswith(".tar.gz"))
    whole = [n for n in nested if formats(os.path.join(SHARED, "firmware/sbom", n))[1][:2] == ["gzip", "tar"]]
    report(len(whole) == len(nested), f"{len(whole)} of {len(nested)} packages open as gzip and tar")


def snapshot(top, but):
    found = {}
    for folder, folders, files in os.walk(top):
        folders[:] = [d for d in folders if os.path.join(folder, d) != but]
        for name in folders + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            found[path] = (st.st_mode, st.st_size, st.st_mtime_ns, st.st_ino)
    return found


def escapes(out):
    """Entries that are neither file, folder nor link inside; links that lead out; set-id bits."""
    top = os.path.realpath(out)
    wrong = []
    for folder, folders, files in os.walk(out):
        for name in folders + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            if os.path.islink(path):
                target = os.path.realpath(path)
                if target != top and not target.startswith(top + "/"):
                    wrong.append(path)
            elif not (os.path.isdir(path) or os.path.isfile(path)) or st.st_mode & 0o6022:
                wrong.append(path)
    return wrong


def hostile(work):
    folder = os.path.join(SHARED, "hostile/firmware")
    if not os.path.isdir(folder):
        report(True, "hostile images", skip=f"none in {SHARED}")
        return
    arena = os.path.join(work, "arena")
    out = os.path.join(arena, "a/b/c/out")
    os.makedirs(os.path.dirname(out))
    for d in ("a", "a/b", "a/b/c"):
        with open(os.path.join(arena, d, "bystander"), "w") as f:
            f.write("must not change")
    slow, fat, dead, wrong, outside = [], [], [], [], []
    limit = SECONDS * (6 if sanitized() else 1)
    names = sorted(os.listdir(folder))
    for name in names:
        shutil.rmtree(out, ignore_errors=True)
        os.mkdir(out)                    # else its parent changes, as it must
        before = snapshot(arena, out)
        start = time.monotonic()
        child = subprocess.Popen([AUSCULT, "inspect", "--extract", out, os.path.join(folder, name)],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=os.path.dirname(out))
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if time.monotonic() - start > limit:
            slow.append(name)
        if usage.ru_maxrss > MEBIBYTES * 1024 and not sanitized():
            fat.append((name, usage.ru_maxrss))
        if child.returncode not in (0, 3):
            dead.append((name, child.returncode))
        wrong += escapes(out)
        if snapshot(arena, out) != before:
            outside.append(name)
    report(not dead, f"{len(names)} hostile images: none ends the inspection {dead or ''}")
    report(not slow, f"each within {limit} s {slow or ''}")
    report(not fat, f"each within {MEBIBYTES} MiB {fat or ''}")
    report(not wrong, f"no link out, no device, no set-id, nothing that others may write {wrong[:5] or ''}")
    report(not outside, f"nothing outside the folder is touched {outside[:5] or ''}")


def words(work):
    """Each budget that is reached and each thing that cannot be opened has its word."""
    folder = os.path.join(SHARED, "hostile/firmware")
    if os.path.isdir(folder):
        for name, word in (("crafted_bomb.gz", "swells"), ("crafted_bomb.xz", "swells"), ("crafted_nested_gzip.gz", "nested deeper"),
                           ("crafted_zip_overlapping_entries.zip", "share the bytes"), ("crafted_high_entropy.bin", "encrypted or compressed"),
                           ("crafted_jffs2_isize_huge.jffs2", "far longer than its data")):
            text = b" ".join(inspect(os.path.join(folder, name)).stdout.split()).decode()
            report(word in text, f"{name} is answered with \"{word}\"")
    full = os.path.join(work, "full")
    os.mkdir(full)
    open(os.path.join(full, "mine"), "w").close()
    image = os.path.join(work, "image")
    run = inspect("--extract", full, image)
    report(run.returncode == 2 and b"not empty" in run.stderr and os.listdir(full) == ["mine"], "a folder that is not empty is left alone")
    run = inspect(os.path.join(work, "absent"))
    report(run.returncode == 2 and b"No such file" in run.stderr, "an image that is not there is named")


def orphan_gpt(work):
    """A disk whose first table was written over is read by its second, at an offset too."""
    if not shutil.which("sgdisk", path="/usr/sbin:/sbin:" + os.environ["PATH"]):
        report(True, "GPT of which the second table is left", skip="sgdisk is not installed")
        return
    disk = os.path.join(work, "disk")
    rng = random.Random(11)
    content = bytes(rng.randrange(256) for _ in range(40000))
    with open(disk, "wb") as f:
        f.write(bytes(1 << 20) + b"some bytes" + content + bytes((2 << 20) - len(content) - 10))
    subprocess.run(["sgdisk", "-n", "1:2048:4095", "-c", "1:factory", disk], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "PATH": "/usr/sbin:/sbin:" + os.environ["PATH"]})
    with open(disk, "rb") as f:
        whole = f.read()
    for before in (0, 3000):
        with open(disk, "wb") as f:
            f.write(bytes(rng.randrange(256) for _ in range(before)) + bytes(34 * 512) + whole[34 * 512:])
        rows = [json.loads(line) for line in inspect("--list", "--jsonl", disk).stdout.splitlines()]
        table = [r for r in rows if r["kind"] == "container" and r["format"] == "gpt"]
        part = [r for r in rows if r["kind"] == "member" and r["path"] == "partition-1-factory"]
        good = len(table) == 1 and table[0]["offset"] == before and "first table is gone" in table[0].get("damage", "")
        good = good and len(part) == 1 and part[0]["sha256"] == hashlib.sha256(whole[1 << 20:2 << 20]).hexdigest()
        report(good, f"GPT of which the second table is left, behind {before} bytes: its partition comes out")


def tables(work):
    """Tables of records whose length divides a page's have columns too, and are no NAND."""
    rng = random.Random(3)
    image = os.path.join(work, "tables")
    with open(image, "wb") as f:
        for a, b, n in ((20, 8, 30000), (20, 24, 20000), (50, 10, 20000), (1, 11, 40000)):
            f.write(b"".join(rng.randbytes(a) + b"\xff\xff\xff\xff" + rng.randbytes(b) for _ in range(n)))
        f.write(b"\0\xff\xff\xff" * 500000)
    start = time.monotonic()
    rows = [json.loads(line) for line in inspect("--list", "--jsonl", image).stdout.splitlines()]
    took = time.monotonic() - start
    found = [r["format"] for r in rows if r["kind"] == "container" and r["format"] == "nand"]
    report(rows and not found and took < SECONDS, f"tables of records are no NAND {found} {took:.1f} s")


def bands(svg):
    """(x, y, width) of every band of a map."""
    space = "{http://www.w3.org/2000/svg}"
    found = []
    for g in svg.iter(space + "g"):
        for r in g.findall(space + "rect"):
            found.append((float(r.get("x")), float(r.get("y")), float(r.get("width"))))
    return found


def maps(work):
    """--map: well-formed, the same again, nothing over anything else, no word from outside; the same in --json."""
    names = ["image", "disk"] + [os.path.join(SHARED, "firmware/containers", n) for n in ("fact-tpl-wr.fw", "fact-ubi-ubi.img", "fact-uboot-fit.itb")]
    folder = os.path.join(SHARED, "hostile/firmware")
    names += [os.path.join(folder, n) for n in sorted(os.listdir(folder))[::25]] if os.path.isdir(folder) else []
    dump = os.path.join(work, "image")
    rng = random.Random(5)
    variables = b"bootargs=mtdparts=flash:64k(boot&\"loader),32k(env),-(rest)\0bootdelay=1\0\0".ljust(32764, b"\0")
    with open(dump, "wb") as f:
        f.write(bytes(rng.randrange(256) for _ in range(20000)).ljust(65536, b"\xff") + struct.pack("<I", zlib.crc32(variables)) + variables +
                gzip.compress(b"x" * 4000, mtime=0).ljust(65536, b"\xff"))
    for name in names:
        name = os.path.join(work, name)
        if not os.path.exists(name):
            report(True, f"map of {os.path.basename(name)}", skip="not here")
            continue
        texts = []
        for i in range(2):
            out = os.path.join(work, f"map{i}.svg")
            run = inspect("--list", "--map", out, name)
            with open(out, "rb") as f:
                texts.append(f.read())
        rows = {}
        for x, y, width in bands(xml.etree.ElementTree.fromstring(texts[0])):
            rows.setdefault(y, []).append((x, x + width))
        apart = all(a[1] <= b[0] + 0.02 for r in rows.values() for a, b in zip(sorted(r), sorted(r)[1:]))
        plain = not any(w in texts[0] for w in (b"<script", b"<image", b"href", b"@import", b"url(http"))
        report(run.returncode in (0, 3) and texts[0] == texts[1] and apart and plain and len(texts[0]) < 1 << 20,
               f"map of {os.path.basename(name)}: well-formed, the same again, bands apart")
    document = json.loads(inspect("--list", "--json", dump).stdout)
    parts = {(p["name"], p["offset"], p.get("partition")) for p in document["map"][0]["parts"] if p["depth"] == 0}
    report({("boot&\"loader", 0, "boot&\"loader"), ("uboot-env", 65536, "env"), ("gzip", 98304, "rest")} <= parts, f"the map in --json: {len(parts)} parts by place")
    text = inspect(dump).stdout.decode()
    report("Entropy from end to end" in text and "Partitions by the command line" in text, "the map in the report: strip and partitions")


def main():
    with tempfile.TemporaryDirectory() as work:
        made_here(work)
        packs(work)
        made_headers(work)
        generated(work)
        real()
        hostile(work)
        words(work)
        orphan_gpt(work)
        tables(work)
        maps(work)
    finish()


main()
