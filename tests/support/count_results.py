#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Adds up test results: Meson's testlog.json files and JUnit files of pytest.

Prints what failed and, last, `N passed, N failed, N skipped`. Exits with 1
when something failed or nothing passed.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree

CHECKS = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", re.M)
FAILURE = re.compile(r"^\S+:\d+:[FE]:.*$", re.M)


def count_meson(path):
    """Single GstCheck cases where a program tells them, else programs."""
    passed = failed = skipped = 0
    with open(path, encoding="utf-8") as log:
        for line in log:
            test = json.loads(line)
            output = test.get("stdout") or ""
            match = CHECKS.search(output)
            bad = 0
            if match:
                checks, failures, errors = map(int, match.groups())
                bad = failures + errors
                passed += checks - bad
            elif test["result"] == "OK":
                passed += 1
            elif test["result"] == "SKIP":
                skipped += 1
            if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
                failed += max(bad, 1)
                print(f"FAILED {test['name']}: {test['result']}")
                for text in FAILURE.findall(output):
                    print("   ", text)
    return passed, failed, skipped


def count_junit(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        problems = case.findall("failure") + case.findall("error")
        if problems:
            failed += 1
            print(f"FAILED {case.get('classname')}.{case.get('name')}")
            for problem in problems:
                print("   ", problem.get("message", "")[:400])
        elif case.find("skipped") is not None:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main(paths):
    total = [0, 0, 0]
    for path in paths:
        count = count_junit if path.endswith(".xml") else count_meson
        try:
            result = count(path)
        except (OSError, ValueError, ElementTree.ParseError) as error:
            print(f"FAILED no results in {path}: {error}")
            result = (0, 1, 0)
        total = [a + b for a, b in zip(total, result)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 0 if total[1] == 0 and total[0] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
