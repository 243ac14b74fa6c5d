# SPDX-License-Identifier: GPL-2.0-or-later
"""yara.py AUSCULT: `inspect --yara`: places and severities are right, bytes of the image are never shown, what a container
only repeats is told once, errors stop before anything is inspected, --jobs knows which rules were used. Speaks TAP."""
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

from tap import finish, report

auscult = os.path.abspath(sys.argv[1])
SECRET = b"Patient DOE^JANE 19700101"
MARK = b"\x00MARK-7\x00"


def inspect(*more):
    return subprocess.run([auscult, "inspect", "--test-key", "--progress", "none", *more], capture_output=True, check=False)


def findings(out):
    rows = [json.loads(line) for line in out.decode().splitlines()]
    return {r["observed"]["signature"]: r for r in rows if r["kind"] == "finding" and r["rule"] == "fw.yara-match"}


def make(folder):
    files = {"bin/tool": b"\x7fXYZ" + b"." * 40 + MARK + SECRET, "etc/note": b"nothing of interest", "lib/a": MARK + b"a", "lib/b": b"b" + MARK}
    image = os.path.join(folder, "image.tar")
    with tarfile.open(image, "w") as t:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            t.addfile(info, io.BytesIO(content))
    with open(image, "ab") as f:                 # behind the archive: in no member
        f.write(b"\xff" * 4096 + b"between the files" + b"\xff" * 4096)
    rules = os.path.join(folder, "rules")
    os.makedirs(rules)
    with open(os.path.join(rules, "first.yar"), "w") as f:
        f.write('include "more/second.yar"\n'
                'rule marked : one { meta: severity = "High" note = "\x1b[31m" strings: $m = { 00 4d 41 52 4b 2d 37 00 } condition: $m }\n'
                'rule person { meta: score = 45 strings: $p = /DOE\\^[A-Z]+/ condition: $p }\n'
                'rule only_tool { condition: filename == "tool" and filepath contains "bin/" }\n'
                'rule absent { meta: severity = "critical" strings: $a = "stands nowhere" condition: $a }\n')
    os.makedirs(os.path.join(rules, "more"))
    with open(os.path.join(rules, "more", "second.yar"), "w") as f:
        f.write('rule gap { strings: $g = "between the files" condition: $g }\n')
    return image, rules, files


def check_places(image, rules, files):
    run = inspect("--no-store", "--jsonl", "--yara", rules, image)
    got = findings(run.stdout)
    report(run.returncode == 1 and set(got) == {"marked", "person", "only_tool", "gap"}, "the rules that hold, and no other", (run.returncode, set(got), run.stderr))
    if len(got) != 4:
        return
    wrong = []
    for name, text in (("marked", MARK), ("person", b"DOE^JANE")):
        for step in got[name]["chain"]:
            if files[step["member"]][step["offset"]:step["offset"] + step["length"]] != text or " > " not in step["place"]:
                wrong.append(step)
    report(not wrong, "member, offset and length of each match are right", wrong)
    with open(image, "rb") as f:
        whole = f.read()
    wrong = [s for n, t in (("marked", MARK), ("person", b"DOE^JANE")) for s in got[n]["chain"] if whole[s["image_offset"]:s["image_offset"] + len(t)] != t]
    report(not wrong, "so is the place in the image of what an archive holds unpacked", wrong)
    report([s["member"] for s in got["marked"]["chain"]] == ["bin/tool", "lib/a", "lib/b"], "every file, and not the archive that repeats them", got["marked"]["chain"])
    report({n: got[n]["severity"] for n in got} == {"marked": "high", "person": "low", "only_tool": "info", "gap": "info"}, "the severity is what the rule says, else info")
    with open(image, "rb") as f:
        at = f.read().index(b"between the files")
    step = got["gap"]["chain"][0]
    report((step["member"], step["offset"], step["length"]) == ("image.tar", at, 17), "bytes that lie in no file are found in the image itself", step)
    report("offset" not in got["only_tool"]["chain"][0], "a rule without strings has no place inside the file")
    again = inspect("--no-store", "--jsonl", "--yara", rules, image)
    report(again.stdout == run.stdout, "the same image and rules give the same bytes")
    for how in ((), ("--json",), ("--jsonl",), ("--explain", got["person"]["id"]), ("--sarif", image + ".sarif")):
        run = inspect("--no-store", "--yara", rules, *how, image)
        seen = run.stdout + run.stderr
        if how and how[0] == "--sarif":
            with open(how[1], "rb") as f:
                seen += f.read()
        shown = [w for w in (b"JANE", b"MARK-7", b"19700101", b"\x1b[31m") if w in seen]
        report(not shown and b"YARA rule" in seen, "no byte of a match is shown" + (" with " + how[0] if how else ""), seen[-300:])
    with open(image + ".sarif", encoding="utf-8") as f:
        results = [r for r in json.load(f)["runs"][0]["results"] if r["ruleId"] == "fw.yara-match"]
    regions = [p["physicalLocation"].get("region") for r in results for p in r["locations"] if "marked" in r["message"]["text"]]
    report(regions == [{"byteOffset": 44, "byteLength": 8}, {"byteOffset": 0, "byteLength": 8}, {"byteOffset": 1, "byteLength": 8}], "SARIF names the bytes", regions)


def check_errors(image, folder):
    bad_rules = os.path.join(folder, "bad.yar")
    with open(bad_rules, "w") as f:
        f.write("rule a {\n condition: $x }\n")
    run = inspect("--no-store", "--jsonl", "--yara", bad_rules, image)
    report(run.returncode == 2 and not run.stdout and (bad_rules + ":2: ").encode() in run.stderr, "an error names file and line, and nothing is inspected", run.stderr)
    run = inspect("--no-store", "--list", "--yara", bad_rules, image)
    report(run.returncode == 64 and b"--yara" in run.stderr, "with --list there is nothing to look into", run.stderr)


def check_jobs(image, rules, folder):
    store, images = os.path.join(folder, "store"), os.path.join(folder, "images")
    os.makedirs(images)
    os.rename(image, os.path.join(images, "image.tar"))
    runs = [inspect("--store", store, "--jobs", "1", "--jsonl", *more, images)
            for more in ((), (), ("--yara", rules), ("--yara", rules), ("--yara", os.path.join(rules, "more")))]
    rows = [[json.loads(line) for line in r.stdout.decode().splitlines()] for r in runs]
    told = [r[0]["severity"] if r else "" for r in rows]
    done = [b"done before" in r.stderr for r in runs]
    report(told == ["info", "info", "high", "high", "info"], "with --jobs the rules count", (told, [r.stderr for r in runs]))
    report(done == [False, True, False, True, False], "what was done with other rules is done again, with the same it is not", done)


with tempfile.TemporaryDirectory() as work:
    made = make(work)
    check_places(*made)
    check_errors(made[0], work)
    check_jobs(made[0], made[1], work)
finish()
