# SPDX-License-Identifier: GPL-2.0-or-later
"""feeds.py AUSCULT: what is written for other programs holds to their formats, and reading it back as another sensor's
log finds the same strangers. The schemas below are written from the norms, as far as we use them. Speaks TAP."""
import json
import os
import re
import subprocess
import sys
import tempfile

from tap import finish, jsonschema, report

auscult = os.path.abspath(sys.argv[1])


UUID = "[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3,9})?Z$"


def ident(kind):
    return {"type": "string", "pattern": f"^{kind}--{UUID}$"}


def sdo(kind, required, more):
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {
        "required": ["type", "spec_version", "id", "created", "modified"] + required,
        "additionalProperties": False,
        "properties": dict({"type": {}, "spec_version": {}, "id": ident(kind), "created": {"pattern": TIME}, "modified": {"pattern": TIME},
                            "labels": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                            "confidence": {"type": "integer", "minimum": 0, "maximum": 100},
                            "external_references": {"type": "array", "minItems": 1, "items": {
                                "required": ["source_name"], "properties": {"source_name": {"type": "string"}}}},
                            "object_refs": {"type": "array", "minItems": 1, "items": {"pattern": f"--{UUID}$"}}}, **more)}}


def sco(kind, required, more):
    return {"if": {"properties": {"type": {"const": kind}}}, "then": {
        "required": ["type", "id"] + required, "additionalProperties": False,
        "properties": dict({"type": {}, "spec_version": {}, "id": ident(kind)}, **more)}}


TEXT = {"type": "string", "minLength": 1}
# STIX 2.1: sections 3 (bundle: 8), 4.13 note, 4.14 observed-data, 4.16 report, 6 observables
STIX = {
    "required": ["type", "id"], "additionalProperties": False,
    "properties": {"type": {"const": "bundle"}, "id": ident("bundle"), "objects": {"type": "array", "minItems": 1, "items": {
        "required": ["type", "id"],
        "properties": {"spec_version": {"const": "2.1"}, "type": {"enum": [
            "ipv4-addr", "ipv6-addr", "domain-name", "url", "file", "network-traffic", "observed-data", "note", "report"]}},
        "allOf": [
            sco("ipv4-addr", ["value"], {"value": {"pattern": r"^\d+(\.\d+){3}$"}}),
            sco("ipv6-addr", ["value"], {"value": {"pattern": "^[0-9a-f:.]+$"}}),
            sco("domain-name", ["value"], {"value": TEXT}), sco("url", ["value"], {"value": TEXT}),
            sco("file", ["hashes"], {"hashes": {"properties": {"SHA-256": {"pattern": "^[0-9a-f]{64}$"}}}}),
            sco("network-traffic", ["protocols"], {
                "protocols": {"type": "array", "minItems": 1, "items": {"pattern": "^[a-z0-9_-]+$"}},
                "src_ref": {"pattern": "^ipv[46]-addr--"}, "dst_ref": {"pattern": "^ipv[46]-addr--"},
                "dst_port": {"type": "integer", "minimum": 0, "maximum": 65535}}),
            sdo("observed-data", ["first_observed", "last_observed", "number_observed", "object_refs"], {
                "first_observed": {"pattern": TIME}, "last_observed": {"pattern": TIME},
                "number_observed": {"type": "integer", "minimum": 1, "maximum": 999999999}}),
            sdo("note", ["content", "object_refs"], {"abstract": TEXT, "content": TEXT}),
            sdo("report", ["name", "published", "object_refs"], {
                "name": TEXT, "description": TEXT, "published": {"pattern": TIME}, "report_types": {"type": "array", "minItems": 1}}),
        ]}}},
}
# MISP core format, sections 2.2 to 2.4
MISP = {"required": ["Event"], "properties": {"Event": {
    "required": ["uuid", "info", "date", "threat_level_id", "analysis", "distribution", "published", "timestamp", "Orgc", "Attribute"],
    "properties": {
        "uuid": {"pattern": f"^{UUID}$"}, "date": {"pattern": r"^\d{4}-\d\d-\d\d$"}, "threat_level_id": {"enum": ["1", "2", "3", "4"]},
        "analysis": {"enum": ["0", "1", "2"]}, "distribution": {"enum": ["0", "1", "2", "3", "4"]}, "published": {"type": "boolean"},
        "timestamp": {"pattern": r"^\d+$"}, "Orgc": {"required": ["name", "uuid"]},
        "Attribute": {"type": "array", "items": {
            "required": ["uuid", "type", "category", "value", "to_ids", "distribution", "timestamp", "comment"],
            "properties": {"uuid": {"pattern": f"^{UUID}$"}, "to_ids": {"type": "boolean"}, "value": TEXT, "timestamp": {"pattern": r"^\d+$"},
                           "type": {"enum": ["ip-dst", "ip-dst|port", "ip-src", "hostname", "url", "sha256", "text"]},
                           "category": {"enum": ["Network activity", "Payload delivery", "Other"]}}}}}}}}
STAMP = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d{4}$"
PORT = {"type": "integer", "minimum": 0, "maximum": 65535}
COUNT = {"type": "integer", "minimum": 0}
# Suricata 7: EVE JSON, event types alert and flow
EVE = {"required": ["timestamp", "event_type"],
       "properties": {"timestamp": {"pattern": STAMP}, "event_type": {"enum": ["alert", "flow"]}, "src_ip": TEXT, "dest_ip": TEXT,
                      "src_port": PORT, "dest_port": PORT, "proto": {"enum": ["TCP", "UDP", "ICMP", "IPv6-ICMP", "SCTP"]}},
       "allOf": [
           {"if": {"properties": {"event_type": {"const": "alert"}}}, "then": {"required": ["alert"], "properties": {"alert": {
               "required": ["action", "gid", "signature_id", "rev", "signature", "category", "severity"],
               "properties": {"action": {"enum": ["allowed", "blocked"]}, "signature_id": {"minimum": 1000000, "maximum": 1999999},
                              "severity": {"enum": [1, 2, 3]}, "metadata": {"additionalProperties": {
                                  "type": "array", "items": {"type": "string"}}}}}}}},
           {"if": {"properties": {"event_type": {"const": "flow"}}}, "then": {
               "required": ["flow_id", "src_ip", "dest_ip", "flow"], "properties": {"flow": {
                   "required": ["pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "start", "end", "age", "state",
                                "reason", "alerted"],
                   "properties": {"pkts_toserver": COUNT, "start": {"pattern": STAMP}, "end": {"pattern": STAMP},
                                  "state": {"enum": ["new", "established", "closed", "bypassed"]}}}}}},
       ]}


def check(document, schema, text):
    if not jsonschema:
        report(True, text, skip="no jsonschema module here")
        return
    errors = [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(document)]
    report(not errors, text, "\n".join(errors[:5]))


def watch(folder, *options):
    return subprocess.run([auscult, "watch", "--no-store", "--test-key", *options], cwd=folder, capture_output=True, text=True)


def outputs(folder, source):
    return watch(folder, *source, "--eve-out", "eve", "--zeek-out", "zeek", "--stix-out", "stix", "--misp-out", "misp",
                 "--syslog-out", "syslog", "--cef-out", "cef", "--json")


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return f.read()


def check_stix(text):
    document = json.loads(text)
    check(document, STIX, "the STIX bundle holds to its schema")
    ids = [o["id"] for o in document["objects"]]
    report(len(ids) == len(set(ids)), "no STIX object twice")
    refs = re.findall(r'"([a-z0-9-]+--[0-9a-f-]{36})"', text)
    report(set(refs) - {document["id"]} <= set(ids), "every reference in the bundle points into it")
    kinds = {o["type"] for o in document["objects"]}
    report({"observed-data", "note", "report", "network-traffic", "ipv4-addr"} <= kinds, "findings, what they mean, and cases", kinds)
    known = [o for o in document["objects"] if o.get("value") == "202.114.4.119"]
    report(bool(known) and known[0]["id"] == "ipv4-addr--da39f21f-5401-5015-a069-4d73a2ec24f5",
           "an address has the id that everybody gives it")


def check_lines(folder, findings):
    header = r"^CEF:0\|auscult\|auscult\|[^|]+\|[a-z]+\.[a-z-]+\|(?:[^|\\]|\\.)+\|(?:[0-9]|10)\|"
    extension = r"(?:[a-zA-Z0-9]+=(?:[^=\\\n]|\\.)*(?: |$))+$"
    lines = read(folder, "cef").splitlines()
    report(len(lines) == findings and all(re.match(header + extension, x) for x in lines), "each finding is a CEF line",
           [x for x in lines if not re.match(header + extension, x)][:1])
    grammar = (r"^<\d{1,3}>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z \S+ \S{1,48} \S+ [!-~]{1,32} "
               r'\[[!-~]{1,32}( [!-~]{1,32}="(?:[^"\\\]]|\\.)*")+\] \ufeff.+$')
    lines = read(folder, "syslog").splitlines()
    report(len(lines) == findings and all(re.match(grammar, x) for x in lines), "each finding is a syslog line of RFC 5424",
           [x for x in lines if not re.match(grammar, x)][:1])
    events = [json.loads(x) for x in read(folder, "eve").splitlines()]
    check(events, {"type": "array", "items": EVE}, "every EVE line holds to its schema")
    report(sum(e["event_type"] == "alert" for e in events) == findings, "each finding is an EVE alert")
    pairs = {(e["alert"]["signature_id"], e["alert"]["category"]) for e in events if e["event_type"] == "alert"}
    report(len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs), "a signature id for each rule, and no other's")


def check_zeek(folder, findings):
    for name in "conn.log", "notice.log":
        lines = read(folder, "zeek/" + name).splitlines()
        head = {x.split("\t")[0]: x.split("\t")[1:] for x in lines if x.startswith("#")}
        rows = [x.split("\t") for x in lines if not x.startswith("#")]
        report(len(head["#fields"]) == len(head["#types"]) and rows and all(len(r) == len(head["#fields"]) for r in rows),
               f"{name}: every row has every column")
        report(all(c for r in rows for c in r), f"{name}: no column is empty")
        if name == "notice.log":
            report(len(rows) == findings, "each finding is a notice")


def strangers(out):
    found = set()
    for f in json.loads(out)["findings"]:
        if f["rule"] in ("net.outside-destination", "net.known-address"):
            found.add((f["rule"], f["observed"].get("source"), f["observed"].get("address")))
    return found


with tempfile.TemporaryDirectory() as work:
    for name in "first", "second":
        os.mkdir(os.path.join(work, name))
        subprocess.run([auscult, "lab", "capture", "mixed", "-o", os.path.join(work, name, "in")], check=True)
    first, second = os.path.join(work, "first"), os.path.join(work, "second")
    seen = outputs(first, ["-r", "in"])
    outputs(second, ["-r", "in"])
    findings = len(json.loads(seen.stdout)["findings"])
    report(seen.returncode == 1 and findings > 5, "the capture has findings", seen.stderr)
    same = all(read(first, n) == read(second, n) for n in ("eve", "zeek/conn.log", "zeek/notice.log", "stix", "misp", "syslog", "cef"))
    report(same, "the same capture gives the same bytes in every form")
    check_stix(read(first, "stix"))
    event = json.loads(read(first, "misp"))
    check(event, MISP, "the MISP event holds to its schema")
    inside = [a for a in event["Event"]["Attribute"] if a["to_ids"] and re.match(r"^(10\.|192\.168\.)", a["value"])]
    report(not inside, "no address of the site is for detection elsewhere", inside)
    check_lines(first, findings)
    check_zeek(first, findings)
    # That a device sends vital signs stands in no log: the site's list of devices says what it is.
    with open(os.path.join(first, "site.conf"), "w", encoding="utf-8") as f:
        f.write("[device bed8]\nmac = 02:0c:05:20:30:1c\nrole = patient monitor\n")
    for source in (["--eve", "eve"], ["--zeek", "zeek"]):
        back = watch(first, *source, "--json", "--config", "site.conf")
        lost = strangers(seen.stdout) - strangers(back.stdout)
        report(back.returncode in (0, 1) and not lost, f"{source[0]}: read back, the same strangers are found", lost or back.stderr)
    quiet = os.path.join(work, "quiet")
    os.mkdir(quiet)
    subprocess.run([auscult, "lab", "capture", "healthy", "-o", os.path.join(quiet, "in")], check=True)
    outputs(quiet, ["-r", "in"])
    report("objects" not in json.loads(read(quiet, "stix")), "a healthy ward makes an empty bundle")
    report(not json.loads(read(quiet, "misp"))["Event"]["Attribute"], "and an event without attributes")
    bad_place = watch(first, "-r", "in", "--cef-out", "/nowhere/at/all")
    report(bad_place.returncode == 2 and "/nowhere/at/all" in bad_place.stderr, "a file that cannot be made is named")

finish()
