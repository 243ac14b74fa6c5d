# SPDX-License-Identifier: GPL-2.0-or-later
# baseline.py AUSCULT: runs over captures of several days with one store. The first run says nothing of new or lost
# devices, the next ones say exactly what joined and what is missed, and an old capture read late says nothing. Speaks TAP.
import json, os, struct, subprocess, sys, tempfile

auscult = sys.argv[1]
DAY = 86400 * 10**9
CENSUS = ("net.new-device", "net.device-changed", "net.device-lost")
tests = failed = 0


def report(ok, text):
    global tests, failed
    tests += 1
    failed += not ok
    print(("ok" if ok else "not ok"), tests, "-", text)


def capture(name, days):
    """The scenario's capture, as many days later: timestamps of enhanced packet blocks (pcapng section 4.3) are in ns."""
    path = os.path.join(work, name + str(days) + ".pcapng")
    subprocess.run([auscult, "lab", "capture", name, "-o", path], check=True)
    data = bytearray(open(path, "rb").read())
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:
            high, low = struct.unpack_from("<II", data, at + 12)
            time = (high << 32 | low) + days * DAY
            struct.pack_into("<II", data, at + 12, time >> 32, time & 0xFFFFFFFF)
        at += length
    open(path, "wb").write(data)
    return path


def watch(path, store=True):
    where = ["--store", os.path.join(work, "store")] if store else ["--no-store"]
    out = subprocess.run([auscult, "watch", "-r", path, "--jsonl", "--test-key"] + where, stdout=subprocess.PIPE)
    records = [json.loads(line) for line in out.stdout.splitlines()]
    report(any(r["kind"] == "health" for r in records), "the run over %s is whole" % os.path.basename(path))
    return [r for r in records if r["kind"] == "finding" and r["rule"] in CENSUS]


def addresses(findings, rule):
    return sorted(f["observed"]["source"] for f in findings if f["rule"] == rule)


with tempfile.TemporaryDirectory() as work:
    quiet = capture("healthy", 0)
    report(not watch(quiet), "a first run knows nothing to compare with")
    report(not watch(quiet), "the same capture again shows nobody new, changed or lost")
    later = capture("replayed-vitals", 1)
    report(not watch(later, store=False), "without a store nothing is new")
    found = watch(later)
    joined = ["10.20.30.30", "10.20.30.36", "10.20.30.37", "10.20.30.67"]
    report(addresses(found, "net.new-device") == joined, "exactly the four devices that joined are new")
    report(all(f["severity"] == "low" and f.get("evidence") for f in found if f["rule"] == "net.new-device"),
           "they act clinically, and their first packets are named")
    report(len(found) == len(joined), "nobody changed and nobody is missed")
    found = watch(capture("healthy", 2))
    report(addresses(found, "net.device-lost") == joined, "a day later exactly these four are missed")
    report(all(f["severity"] == "info" for f in found) and len(found) == 4, "as information, and nothing else is said")
    report(not watch(later), "an older capture that is read late says nothing")

print("1..%d" % tests)
sys.exit(failed > 0)
