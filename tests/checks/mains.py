#!/usr/bin/env python3
"""Every test written in Python runs itself: the suite starts it as a program, and one that only defines functions would pass
without having done anything."""
import os
import pathlib
import re
import sys

MAIN = re.compile(r'^if __name__ == "__main__":\n    (sys\.exit\(|unittest\.main\()', re.MULTILINE)


def main():
    root = pathlib.Path(os.environ.get("AAMPE_SRCDIR", "."))
    tests = sorted(root.glob("tests/*/test_*.py"))
    silent = [test for test in tests if not MAIN.search(test.read_text(encoding="utf-8"))]
    for test in silent:
        print(f"{test.relative_to(root)}: does not run itself: sys.exit(pytest.main(...)) is missing at its end")
    print(f"mains: {len(tests)} tests, {len(silent)} of them silent")
    return 1 if silent or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
