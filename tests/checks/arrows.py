#!/usr/bin/env python3
"""Reads the include lines of src/ and ui/ and fails on an arrow between rooms that the design does not draw.

Arrows are not inherited: a room includes what its line names, and itself.
"""
import os
import pathlib
import re
import sys

ENGINE = "base model config ipc net databricks columnar storage store catalog access conform sync setup watch"
ALLOWED = {
    "base": "",
    "model": "base",
    "config": "base model",
    "ipc": "base",
    "net": "base",
    "databricks": "base model net",
    "columnar": "base model",
    "storage": "base model net",
    "store": "base model",
    "catalog": "base model databricks store",
    "access": "base model databricks",
    "conform": "base model databricks",
    "sync": "base model net databricks columnar storage store",
    "setup": "base model config databricks storage store access watch",
    "watch": "base model config net databricks storage store",
    "engine": ENGINE,
    "sandbox": "base",
    "ui/term": "base",
    "ui/draw": "base ui/term",
    "ui/view": "base model config ipc",
    "ui/screen": "base model ui/view ui/draw",
    "ui/cli": "base model config ui/view",
    "ui/app": "base model config ipc ui/term ui/draw ui/view ui/screen ui/cli",
}
# Libraries that only some rooms may see: pattern of the header -> test on the room.
LIBRARIES = [
    (re.compile(r"^(n?curses|ncursesw/)"), lambda room: room == "ui/term", "only ui/term includes curses"),
    (re.compile(r"^(curl/|sqlite3|openssl/)"), lambda room: not room.startswith("ui/"),
     "nothing in ui/ includes libcurl, SQLite or OpenSSL"),
    (re.compile(r"^microhttpd"), lambda room: room == "sandbox", "libmicrohttpd belongs to the sandbox"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path):
    parts = path.split("/")
    if parts[0] == "ui":
        return "/".join(parts[:2]) if len(parts) > 2 else "?"
    return parts[0] if len(parts) > 1 else "?"


def check_file(root, path, problems):
    relative = path.relative_to(root).as_posix()
    room = room_of(relative[4:] if relative.startswith("src/") else relative)
    if room not in ALLOWED:
        problems.append(f"{relative}: room '{room}' is not in the table of {sys.argv[0]}")
        return
    allowed = set(ALLOWED[room].split()) | {room}
    own = relative[4:-2] + ".h" if relative.startswith("src/") else relative[:-2] + ".h"
    first = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        kind, header = match.groups()
        first = first or header
        where = f"{relative}:{number}"
        for pattern, test, text in LIBRARIES:
            if kind == "<" and pattern.match(header) and not test(room):
                problems.append(f"{where}: <{header}>: {text}")
        if kind == "<" or header == "config.h":
            continue
        target = room_of(header)
        if target not in allowed:
            problems.append(f'{where}: "{header}": {room} may include only {" ".join(sorted(allowed))}')
        elif target != room and re.search("private|internal", pathlib.PurePosixPath(header).name):
            problems.append(f'{where}: "{header}": a private header stays in its room')
    if path.suffix == ".c" and path.with_suffix(".h").exists() and first != own:
        problems.append(f'{relative}: its own header "{own}" comes first, not "{first}"')


def main():
    root = pathlib.Path(os.environ.get("AAMPE_SRCDIR", "."))
    files = [f for top in ("src", "ui") for f in sorted((root / top).rglob("*")) if f.suffix in (".c", ".h", ".def")]
    problems = []
    if not files:
        problems.append(f"no sources below '{root}'")
    for path in files:
        check_file(root, path, problems)
    print("\n".join(problems))
    print(f"arrows: {len(files)} files, {len(problems)} wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
