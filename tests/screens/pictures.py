#!/usr/bin/env python3
"""The pictures in the README are the golden screens named above them: <!-- screen: FILE, DUMP -->. With --update they
are written anew (make golden-update does that too)."""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("AAMPE_SRCDIR", "."))
PICTURE = re.compile(r"(<!-- screen: (\S+), (.+?) -->\n```text\n)(.*?)(```\n)", re.S)


def screen(file, dump):
    golden = (ROOT / "tests/screens/golden" / file).read_text(encoding="utf-8")
    parts = golden.split("=== ")
    found = [part.split("\n", 1)[1] for part in parts if part.split("\n", 1)[0] == dump]
    assert found, f"{file} has no \"{dump}\""
    return re.sub(r"\n{3,}", "\n\n", found[0])  # a page needs no empty rows


def main():
    path = ROOT / "README.md"
    was = path.read_text(encoding="utf-8")
    now = PICTURE.sub(lambda match: match[1] + screen(match[2], match[3]) + match[5], was)
    count = len(PICTURE.findall(was))
    if "--update" in sys.argv[1:]:
        if now != was:
            path.write_text(now, encoding="utf-8")
        return 0
    print(f"pictures: {count}, " + ("as the golden screens" if now == was else "not as the golden screens: make golden-update"))
    return 0 if now == was and count else 1


if __name__ == "__main__":
    sys.exit(main())
