#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""versions.py MANIFEST BOM...: what bills of materials (GROUP.cdx.json) of real programs say of their versions, held
against the packages that they come from; many programs do not tell theirs at all. Exits with 1 on a wrong version."""
import json
import os
import re
import sys


def upstream(version):
    return re.split(r"[-+~]", re.sub(r"^\d+%3a", "", version))[0]


def is_same(version, package):
    return version == package or version.startswith(package) or package.startswith(version + ".")


with open(sys.argv[1], encoding="utf-8") as f:
    rows = [line.split("\t") for line in f]
packages = [(row[0], re.search(r"Debian \d+ ([^_ ]+)_([^_]+)_", row[3])) for row in rows]
known = {name: upstream(m.group(2)) for name, m in packages if m}
right, wrong, told = set(), [], set()
for path in sys.argv[2:]:
    group = os.path.basename(path).removesuffix(".cdx.json")
    with open(path, encoding="utf-8") as f:
        components = json.load(f)["components"]
    for c in components:
        for o in c.get("evidence", {}).get("occurrences", []):
            name = group + "/" + os.path.basename(o["location"])
            if c.get("version") is None or name not in known:
                continue
            told.add(name)
            if is_same(c["version"], known[name]):
                right.add(name)
            else:
                wrong.append((name, known[name], c["name"], c["version"]))
print(f"of {len(known)} real programs: {len(right)} with the right version, {len(known) - len(told)} without words of their "
      f"version, {len(wrong)} components with another version")
for line in wrong:
    print(*line)
sys.exit(bool(wrong) or len(right) < 40)
