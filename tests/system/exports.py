# SPDX-License-Identifier: GPL-2.0-or-later
"""exports.py AUSCULT: what `inspect` writes for other programs (--sbom, --sarif) holds to the norms, says what lies in the
image and nothing else, and is the same each time. The schemas below are written from the norms, as far as we use them:
CycloneDX 1.6 (ECMA-424), SARIF 2.1.0 (OASIS). Speaks TAP."""
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile

from tap import finish, jsonschema, report

auscult = os.path.abspath(sys.argv[1])


def closed(required, properties):
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def items(of, least=0):
    return {"type": "array", "minItems": least, "items": of}


TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
HASHES = items(closed(["alg", "content"], {"alg": {"const": "SHA-256"}, "content": SHA256}), 1)
CONFIDENCE = {"type": "number", "minimum": 0, "maximum": 1}
METHOD = closed(["technique", "confidence"], {"technique": {"const": "binary-analysis"}, "confidence": CONFIDENCE, "value": {"type": "string"}})
EVIDENCE = closed(["identity", "occurrences"], {
    "identity": items(closed(["field"], {"field": {"enum": ["name", "version"]}, "confidence": CONFIDENCE, "methods": items(METHOD, 1)}), 1),
    "occurrences": items(closed(["location", "offset"], {"location": TEXT, "offset": COUNT, "additionalContext": TEXT}), 1)})
COMPONENT = closed(["type", "name"], {
    "type": {"enum": ["application", "library", "operating-system", "firmware", "file"]}, "bom-ref": TEXT, "name": TEXT, "version": TEXT,
    "cpe": {"type": "string", "pattern": r"^cpe:2\.3:[ao](:(([a-zA-Z0-9_.-]|\\.)+|\*)){10}$"},
    "purl": {"type": "string", "pattern": r"^pkg:generic/[a-z0-9.~_%A-F-]+(@[A-Za-z0-9.~_%-]+)?$"}, "hashes": HASHES, "evidence": EVIDENCE})
CYCLONEDX = closed(["bomFormat", "specVersion", "serialNumber", "version", "metadata", "components"], {
    "$schema": {"const": "http://cyclonedx.org/schema/bom-1.6.schema.json"}, "bomFormat": {"const": "CycloneDX"},
    "specVersion": {"const": "1.6"}, "version": {"const": 1},
    "serialNumber": {"pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
    "metadata": closed(["tools", "component"], {"tools": closed(["components"], {"components": items(COMPONENT, 1)}), "component": COMPONENT}),
    "components": items(COMPONENT),
    "dependencies": items(closed(["ref"], {"ref": TEXT, "dependsOn": {"type": "array", "uniqueItems": True, "items": TEXT}})),
    "compositions": items(closed(["aggregate"], {"aggregate": {"const": "incomplete"}, "assemblies": items(TEXT)}))})

MESSAGE = closed(["text"], {"text": TEXT})
URI = {"type": "string", "pattern": "^([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$"}
PHYSICAL = closed(["artifactLocation"], {
    "artifactLocation": closed(["uri"], {"uri": URI, "index": COUNT}),
    "region": {"anyOf": [closed(["byteOffset", "byteLength"], {"byteOffset": COUNT, "byteLength": COUNT}),
                         closed(["startLine"], {"startLine": {"type": "integer", "minimum": 1}})]},
    "address": closed(["absoluteAddress"], {"absoluteAddress": COUNT})})
LOCATION = closed(["physicalLocation"], {"physicalLocation": PHYSICAL, "message": MESSAGE,
                                         "logicalLocations": items(closed(["name"], {"name": TEXT, "kind": TEXT}))})
SARIF = closed(["version", "runs"], {"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": items(closed(["tool", "results"], {
    "tool": closed(["driver"], {"driver": closed(["name"], {"name": {"const": "auscult"}, "version": TEXT,
                                                            "rules": items(closed(["id"], {"id": TEXT, "fullDescription": MESSAGE}))})}),
    "artifacts": items(closed(["location"], {"location": closed(["uri"], {"uri": URI}), "description": MESSAGE, "parentIndex": COUNT,
                                             "offset": COUNT, "length": COUNT, "hashes": closed(["sha-256"], {"sha-256": SHA256}),
                                             "roles": items({"enum": ["analysisTarget", "resultFile"]}, 1)})),
    "results": items(closed(["message", "ruleId"], {
        "ruleId": TEXT, "ruleIndex": COUNT, "level": {"enum": ["none", "note", "warning", "error"]}, "message": MESSAGE,
        "locations": items(LOCATION, 1), "partialFingerprints": closed([], {"auscultFinding/v1": TEXT}),
        "codeFlows": items(closed(["threadFlows"], {"threadFlows": items(closed(["locations"], {
            "locations": items(closed(["location"], {"location": LOCATION}), 1)}), 1)})),
        "properties": {"type": "object"}}))}), 1)})


def inspect(path, folder, *options):
    sbom, sarif = os.path.join(folder, "out.cdx.json"), os.path.join(folder, "out.sarif")
    run = subprocess.run([auscult, "inspect", "--no-store", "--test-key", "--progress", "none", "--sbom", sbom, "--sarif", sarif, *options,
                          path], capture_output=True, check=False)
    if run.returncode not in (0, 1, 3):
        return run, b"", b""
    with open(sbom, "rb") as a, open(sarif, "rb") as b:
        return run, a.read(), b.read()


def holds(text, schema, what):
    try:
        document = json.loads(text)
        if jsonschema:
            jsonschema.validate(document, schema)
        report(True, what, skip=None if jsonschema else "python3-jsonschema is not installed")
        return document
    except Exception as e:                       # whatever is wrong is the answer
        report(False, what, e)
        return None


def elf(*texts):
    """A file that looks like a program and holds these texts."""
    return b"\x7fELF\x01\x01\x01" + b"\0" * 64 + b"\0".join(t.encode() for t in texts) + b"\0" * 16


def check_made(folder):
    files = {"sbin/dnsmasq": elf("dnsmasq-2.45"), "lib/libz.so.1": elf(" inflate 1.2.3 Copyright 1995-2005 Mark Adler "),
             "bin/tool %x \u00e9": elf("dropbear is not here", "SSH-2.0-dropbear_0.52"),
             "bin/user": elf("OpenSSL 1.0.1e 11 Feb 2013"),      # only built with it
             "lib/libssl-9.9.9.so": elf("nothing"),              # a name says nothing
             "doc/README": b"contains BusyBox v1.2.3 (2009) and dnsmasq-2.90\n"}
    image = os.path.join(folder, "image.tar")
    with tarfile.open(image, "w") as t:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            t.addfile(info, io.BytesIO(content))
    run, sbom, sarif = inspect(image, folder)
    bom = holds(sbom, CYCLONEDX, "a made image: the bill of materials holds to CycloneDX 1.6")
    log = holds(sarif, SARIF, "a made image: the log holds to SARIF 2.1.0")
    if not bom or not log:
        print("# " + run.stderr.decode()[:400])
        return
    software = {(c["name"], c.get("version")): c for c in bom["components"] if c["type"] != "file"}
    report(set(software) == {("dnsmasq", "2.45"), ("zlib", "1.2.3"), ("Dropbear", "0.52")}, "what is in it, and nothing else", set(software))
    with open(image, "rb") as f:
        report(bom["metadata"]["component"]["hashes"][0]["content"] == hashlib.sha256(f.read()).hexdigest(), "the image's own hash")
    wrong = []
    for c in software.values():
        for o in c["evidence"]["occurrences"]:
            content = files[o["location"].split(" > ")[-1]]
            if not content[o["offset"]:].startswith(o["additionalContext"].encode()):
                wrong.append(o)
    report(not wrong, "each occurrence names the member and the place of the words in it", wrong)
    hashes = {h["content"] for c in bom["components"] if c["type"] == "file" for h in c["hashes"]}
    named = {hashlib.sha256(files[n]).hexdigest() for n in ("sbin/dnsmasq", "lib/libz.so.1", "bin/tool %x \u00e9")}
    report(hashes == named, "the files in which they stand, by SHA-256", hashes ^ named)
    refs = [c["bom-ref"] for c in bom["components"]] + ["image"]
    told = [d["ref"] for d in bom["dependencies"]] + [r for d in bom["dependencies"] for r in d.get("dependsOn", [])]
    report(len(refs) == len(set(refs)) and set(told) <= set(refs), "references are unique, and lead somewhere")
    check_log(log, files)
    again = inspect(image, folder)
    report(again[1:] == (sbom, sarif), "the same image gives the same bytes")


def check_log(log, files):
    run = log["runs"][0]
    artifacts, wrong = run["artifacts"], []
    for i, a in enumerate(artifacts):
        if a.get("parentIndex", -1) >= i:
            wrong.append(a)
        name = a["description"]["text"].split(" > ")[-1]
        if name in files and a["hashes"]["sha-256"] != hashlib.sha256(files[name]).hexdigest():
            wrong.append(a)
    report(not wrong and any("parentIndex" in a for a in artifacts), "artifacts are nested, parents first, with their hashes", wrong)
    wrong = []
    for r in run["results"]:
        if run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] != r["ruleId"]:
            wrong.append(r)
        for place in r["locations"]:
            index = place["physicalLocation"]["artifactLocation"].get("index", 0)
            if index >= len(artifacts) or r["ruleId"] == "fw.component" and "byteOffset" not in place["physicalLocation"]["region"]:
                wrong.append(r)
    report(not wrong and len(run["results"]) >= 3, "results name their rule, their artifact and their bytes", wrong)


def check_lab(folder):
    image = os.path.join(folder, "update.img")
    subprocess.run([auscult, "lab", "firmware", "hidden-update", "-o", image], check=True, capture_output=True)
    _, sbom, sarif = inspect(image, folder, "--jsonl")
    bom = holds(sbom, CYCLONEDX, "the lab's monitor: CycloneDX 1.6, with --jsonl too")
    log = holds(sarif, SARIF, "the lab's monitor: SARIF 2.1.0")
    if not bom or not log:
        return
    report(("Linux kernel", "2.6.27.8") in {(c["name"], c.get("version")) for c in bom["components"]}, "the packed kernel's version is read")
    depth = max(len(a["description"]["text"].split(" > ")) for a in log["runs"][0]["artifacts"])
    flows = [r for r in log["runs"][0]["results"] if "codeFlows" in r]
    report(depth >= 4 and flows, "artifacts nest as deep as the image, chains are flows")
    run = subprocess.run([auscult, "inspect", "--list", "--sbom", os.path.join(folder, "x"), image], capture_output=True, check=False)
    report(run.returncode not in (0, 1, 3) and b"--sbom" in run.stderr and not os.path.exists(os.path.join(folder, "x")), "with --list there are no components: said, not written empty", run.stderr)


with tempfile.TemporaryDirectory() as scratch:
    check_made(scratch)
    check_lab(scratch)
finish()
