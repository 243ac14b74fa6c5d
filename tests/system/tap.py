# SPDX-License-Identifier: GPL-2.0-or-later
"""What the system tests in Python share: results in TAP, and jsonschema where it is installed."""
import os
import sys

try:
    import jsonschema
except ImportError:                              # another interpreter may stand in front of Debian's
    if os.path.exists("/usr/bin/python3") and os.path.realpath(sys.executable) != os.path.realpath("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    jsonschema = None

count = bad = 0


def report(good, text, why="", skip=None):
    global count, bad
    count += 1
    bad += not good
    print(f"{'ok' if good else 'not ok'} {count} - {text}{' # SKIP ' + skip if skip else ''}", flush=True)
    if not good and why:
        print("# " + str(why).replace("\n", "\n# ")[:2000], flush=True)


def finish():
    print(f"1..{count}")
    sys.exit(bad != 0)
