# SPDX-License-Identifier: GPL-2.0-or-later
"""The smallest makers of images for which Debian has no tool: YAFFS1 and YAFFS2 in all their forms, squashfs 2 and 3 with
zlib and LZMA, and what a programmer reads from raw NAND. From the formats' facts; each returns bytes."""
import lzma
import os
import random
import stat
import struct
import zlib


def walk(top):
    """(path, parent path) of everything below top, folders first."""
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(folders + files):
            yield os.path.join(folder, name), folder


def yaffs(top, page=2048, spare=64, big=False, tags=0, inband=False, stripped=False, first=False, history=False):
    """history: an older version of each file and a deleted one stand in the log as well."""
    e = ">" if big else "<"
    chunk = page - 16 if inband else page
    out, ids, serial = [], {top: 1}, 0x1000

    def put(data, obj, number, size):
        if first:
            low = number & 0xfffff | (size & 0x3ff) << 22
            raw = struct.pack("<IHH", low, obj & 0xffff, obj >> 16 & 3)
            oob = raw[:4] + b"\xff\xff" + raw[4:6] + b"\xff\xff\xff" + raw[6:8] + b"\xff\xff\xff"
        else:
            oob = b"\xff" * tags + struct.pack(e + "IIII", serial + len(out) // 64, obj, number, size)
        if inband:
            out.append(data.ljust(chunk, b"\xff") + oob)
        elif stripped:
            out.append(data.ljust(page, b"\xff"))
        else:
            out.append(data.ljust(page, b"\xff") + oob.ljust(spare, b"\xff"))

    def header(path, parent, obj, size=None):
        st = os.lstat(path)
        kind = 3 if stat.S_ISDIR(st.st_mode) else 2 if stat.S_ISLNK(st.st_mode) else 1
        target = os.readlink(path).encode() if kind == 2 else b""
        size = st.st_size if size is None else size
        head = struct.pack(e + "IIH", kind, parent, 0xffff) + os.path.basename(path).encode().ljust(258, b"\0")
        head += struct.pack(e + "IIIIII", st.st_mode, 0, 0, 0, int(st.st_mtime), 0)
        head += struct.pack(e + "Ii", size if kind == 1 else 0xffffffff, -1) + target.ljust(160, b"\0")
        head += struct.pack(e + "I", 0).ljust(36, b"\0") + struct.pack(e + "IIII", 0xffffffff, 0xffffffff, 0, 0)
        put(head.ljust(512, b"\xff"), obj, 0, 0xffff if not first else 512)

    def body(data, obj):
        for i in range(0, len(data), chunk):
            put(data[i:i + chunk], obj, i // chunk + 1, len(data[i:i + chunk]))

    for path, parent in walk(top):
        obj = ids[path] = 257 + len(ids) - 1
        if history and os.path.isfile(path) and not os.path.islink(path):
            header(path, ids[parent], obj, 3000)
            body(b"an older version\n" * 200, obj)
        header(path, ids[parent], obj)
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as f:
                body(f.read(), obj)
    if history:
        header(os.path.join(top, "etc/passwd"), ids[top], 5000)
        body(b"deleted\n" * 400, 5000)
        header(os.path.join(top, "etc/passwd"), 4, 5000)
    return b"".join(out)


def packer(how):
    """A function that packs a block as squashfs 2 and 3 had it packed; lzma: 13, 5 or 0 bytes of header."""
    if how == "zlib":
        return lambda data: zlib.compress(data, 9)
    header, lc, lp, pb = how
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": lc, "lp": lp, "pb": pb}]
    props = bytes([lc + 9 * (lp + 5 * pb)]) + struct.pack("<I", 1 << 20)

    def pack(data):
        raw = lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
        return (props + struct.pack("<q", len(data)))[:header] + raw
    return pack


def squashfs(top, version=3, big=False, how="zlib", mark=None, block=65536):
    e = ">" if big else "<"
    pack = packer(how)
    image = bytearray(119 if version == 3 else 63)
    tables = {"inode": bytearray(), "dir": bytearray(), "fragment": bytearray()}

    def bits(width, *fields):
        value, at = 0, 0
        for v, n in fields:
            value |= v << (width - at - n if big else at)
            at += n
        return value.to_bytes(width // 8, "big" if big else "little")

    def num(n, v):
        return v.to_bytes(n, "big" if big else "little")

    def data(raw, flag):
        packed = pack(raw)
        return (packed, len(packed)) if len(packed) < len(raw) else (raw, len(raw) | flag)

    def finish(table):
        """The table in blocks of 8 KiB, and where each begins."""
        out, starts = bytearray(), []
        for i in range(0, len(table), 8192):
            starts.append(len(out))
            body, size = data(bytes(table[i:i + 8192]), 0x8000)
            out += num(2, size) + body
        return out, starts

    # References hold the place of a packed block, which is known only when all is packed: so blocks are kept unpacked
    # in the order of depth, and packed as soon as 8 KiB of them are full.
    class Stream:
        def __init__(self):
            self.out, self.open = bytearray(), bytearray()

        def put(self, raw):
            ref = (len(self.out), len(self.open))
            self.open += raw
            while len(self.open) >= 8192:
                body, size = data(bytes(self.open[:8192]), 0x8000)
                self.out += num(2, size) + body
                del self.open[:8192]
            return ref

        def done(self):
            if self.open:
                body, size = data(bytes(self.open), 0x8000)
                self.out += num(2, size) + body
            return self.out

    inodes, dirs = Stream(), Stream()
    tails, counter = bytearray(), [0]

    def head(kind, st):
        raw = bits(32, (kind, 4), (st.st_mode & 0o7777, 12), (0, 8), (255, 8))
        return raw + (num(4, int(st.st_mtime)) + num(4, counter[0]) if version == 3 else b"")

    fragments = []

    def put(path):
        st = os.lstat(path)
        counter[0] += 1
        three = version == 3
        if stat.S_ISLNK(st.st_mode):
            target = os.readlink(path).encode()
            return 3, inodes.put(head(3, st) + (num(4, 1) if three else b"") + num(2, len(target)) + target)
        if stat.S_ISREG(st.st_mode):
            with open(path, "rb") as f:
                body = f.read()
            start, sizes = len(image), b""
            whole = len(body) // block * block
            for i in range(0, whole, block):
                raw = body[i:i + block]
                packed, size = (b"", 0) if not raw.strip(b"\0") else data(raw, 1 << 24)
                image.extend(packed)
                sizes += num(4, size)
            tail = body[whole:]
            fragment, offset = (0xffffffff, 0) if not tail else (len(fragments), 0)
            if tail:
                packed, size = data(tail, 1 << 24)
                fragments.append((len(image), size))
                image.extend(packed)
            return 2, inodes.put(head(2, st) + (b"" if three else num(4, int(st.st_mtime))) + num(8 if three else 4, start) +
                                 num(4, fragment) + num(4, offset) + num(4, len(body)) + sizes)
        entries = [(name.encode(), *put(os.path.join(path, name))) for name in sorted(os.listdir(path))]
        listing = b""
        for name, kind, (at, offset) in entries:
            listing += num(1, 0) + (num(4, at) + num(4, counter[0]) if three else num(3, at))
            listing += bits(16, (offset, 13), (kind, 3)) + num(1, len(name) - 1) + (num(2, 0) if three else b"") + name
        at, offset = dirs.put(listing)
        both = bits(32, (len(listing) + (3 if three else 0), 19), (offset, 13))
        raw = head(1, st) + (num(4, 2) if three else b"") + both
        raw += num(4, at) + num(4, 0) if three else num(4, int(st.st_mtime)) + num(3, at)
        return 1, inodes.put(raw)

    _, root = put(top)
    at = {}
    for name, body in (("inode", inodes.done()), ("dir", dirs.done())):
        at[name] = len(image)
        image.extend(body)
    table, starts = finish(b"".join(struct.pack(e + ("QII" if version == 3 else "II"), *(f + (0,) if version == 3 else f)) for f in fragments))
    blocks = len(image)
    image.extend(table)
    at["fragment"] = len(image)
    for s in starts:
        image.extend(num(8 if version == 3 else 4, blocks + s))
    at["uid"] = len(image)
    image.extend(num(4, 0))
    size = len(image)
    two = [0] * 5 if version == 3 else [size, at["uid"], at["uid"] + 4, at["inode"], at["dir"]]
    head_bytes = (mark or (b"sqsh" if big else b"hsqs")) + struct.pack(e + "I5IHHHHBBBI", counter[0], *two, version, 0 if version == 2 else 1,
                                                                      0 if version == 3 and block > 65535 else block & 0xffff, block.bit_length() - 1, 0, 1, 0, 1)
    head_bytes += struct.pack(e + "QIII", root[0] << 16 | root[1], block, len(fragments), 0 if version == 3 else at["fragment"])
    if version == 3:
        head_bytes += struct.pack(e + "7Q", size, at["uid"], at["uid"] + 4, at["inode"], at["dir"], at["fragment"], 0xffffffffffffffff)
    image[:len(head_bytes)] = head_bytes
    return bytes(image) + b"\0" * (-len(image) % 4096)


def hamming(step):
    """The 22 bits of parity over 256 bytes, 24 over 512, as Linux keeps them in three; written from the definition."""
    def parity(keep):
        return sum(bin(b).count("1") for b in (step[i] for i in range(len(step)) if keep(i))) & 1

    def column(mask):
        return sum(bin(b & mask).count("1") for b in step) & 1
    lines = 0
    for k in range(9 if len(step) == 512 else 8):
        lines |= parity(lambda i, k=k: not i >> k & 1) << 2 * k | parity(lambda i, k=k: i >> k & 1) << 2 * k + 1
    bits = sum(column(mask) << i for i, mask in enumerate((0x55, 0xaa, 0x33, 0xcc, 0x0f, 0xf0)))
    last = ~(lines >> 16) & 3 if len(step) == 512 else 3
    return bytes([~lines & 255, ~(lines >> 8) & 255, (~bits << 2 | last) & 255])


def nand(image, page=2048, spare=64, ecc=None, at=None, flips=0, step=256, before=0, behind=0):
    """The image as a programmer reads it; ecc: None (spare bytes empty), "hamming" over `step` bytes, or "unknown" (bytes that
    no one knows). before, behind: bytes of something else around it."""
    rng, out = random.Random(7), []
    image = image + b"\xff" * (-len(image) % (page * 16))
    for i in range(0, len(image), page):
        body = bytearray(image[i:i + page])
        oob = bytearray(b"\xff" * spare)
        if body.strip(b"\xff"):
            if ecc == "hamming":
                codes = b"".join(hamming(body[k:k + step]) for k in range(0, page, step))
                oob[at:at + len(codes)] = codes
            elif ecc == "unknown":
                oob[spare // 2:] = bytes(rng.randrange(256) for _ in range(spare - spare // 2))
            if flips and ecc == "hamming":
                body[rng.randrange(page)] ^= 1 << rng.randrange(8)
        out.append(bytes(body) + bytes(oob))
    around = [bytes(rng.randrange(256) for _ in range(n)) for n in (before, behind)]
    return around[0] + b"".join(out) + around[1]


def nand_squashfs(top, **options):
    """A squashfs of ours in NAND."""
    return nand(squashfs(top), **options)


def nand_yaffs(top, page=2048, spare=64):
    """A YAFFS in the middle of a dump: it must keep its spare bytes."""
    loader = nand(bytes(random.Random(3).randrange(256) for _ in range(page * 32)), page, spare)
    return loader + yaffs(top, page=page, spare=spare, tags=2)
